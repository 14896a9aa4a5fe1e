//! How an option reaches the kernel.

use std::any::{Any, TypeId};
use std::fmt;
use std::io;
use std::panic::RefUnwindSafe;
use std::sync::Arc;

use crate::error::{Error, Op};
use crate::sys::{self, SocketRef};

/// How an option is written to and read from the kernel.
pub trait Setting: Clone + fmt::Debug + Send + Sync + RefUnwindSafe + 'static {
    /// The C name, for errors.
    const NAME: &'static str;

    /// When the final verb of a builder applies it: lower first, equals in the order given.
    const RANK: Rank = Rank::Any;

    /// Whether the kernel takes it only when the socket listens, so that `listen` applies it.
    const AT_LISTEN: bool = false;

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()>;

    fn read(socket: SocketRef<'_>) -> io::Result<Self>;
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

/// An option of any type, as a builder records it.
pub(crate) trait Recorded: fmt::Debug + Send + Sync + RefUnwindSafe {
    fn option_type(&self) -> TypeId;
    fn rank(&self) -> Rank;
    fn at_listen(&self) -> bool;
    fn apply(&self, socket: SocketRef<'_>) -> Result<(), Error>;
}

impl<O: Setting> Recorded for O {
    fn option_type(&self) -> TypeId {
        self.type_id()
    }

    fn rank(&self) -> Rank {
        O::RANK
    }

    fn at_listen(&self) -> bool {
        O::AT_LISTEN
    }

    fn apply(&self, socket: SocketRef<'_>) -> Result<(), Error> {
        Setting::apply(self, socket)
            .map_err(|error| sys::errno::option(Op::Set(O::NAME), error))?;
        log::trace!("set {} as {self:?}", O::NAME);
        Ok(())
    }
}

/// The options of a builder.
pub(crate) type Options = Vec<Arc<dyn Recorded>>;
