//! Sockets that a guard can hold by a reference, an `Arc` or an `Rc`.

use crate::sys::SocketRef;

/// Lends the socket to a guard. It seals the public traits of the guards.
pub trait AsSocketRef {
    #[doc(hidden)]
    fn as_socket_ref(&self) -> SocketRef<'_>;
}
