//! How an option reaches the kernel.

use std::fmt;
use std::io;

use crate::sys::Target;

/// How an option is written to and read from the kernel.
pub trait Setting: Clone + fmt::Debug + Send + Sync + 'static {
    /// The C name, for errors.
    const NAME: &'static str;

    /// When the final verb of a builder applies it: lower first, equals in the order given.
    const RANK: Rank = Rank::Any;

    fn apply(&self, socket: Target<'_>) -> io::Result<()>;

    fn read(socket: Target<'_>) -> io::Result<Self>;
}

/// The order of application; a later one may depend on an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Who shares the address.
    Reuse,
    /// Which device.
    Device,
    Any,
    /// What another option changes along the way.
    Late,
}
