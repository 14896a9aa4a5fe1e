//! Sockets that a guard can hold by a reference, an `Arc` or an `Rc`.

use crate::sys::Target;

/// Lends the socket to a guard. It seals the public traits of the guards.
pub trait AsTarget {
    fn as_target(&self) -> Target<'_>;
}
