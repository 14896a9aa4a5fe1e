//! Taking over a descriptor, checked; and handing sockets to std.

use std::io;

use crate::error::{Error, Op, Reason};
use crate::mode::Mode;
use crate::sys::{self, Owned, SocketState};

/// What a socket type expects of a descriptor.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    Listener,
    Stream,
    Datagram,
    ConnectedDatagram,
}

pub(crate) fn check<M: Mode>(descriptor: &Owned, expected: Expected) -> Result<M, Error> {
    use Expected::*;

    let fd = sys::borrow(descriptor);
    let state = sys::state(fd).map_err(failed)?.ok_or_else(|| refused(Reason::NotIpv6))?;
    let connected = state.peer.is_some();
    match expected {
        Listener | Stream if !state.stream => return Err(refused(Reason::NotStream)),
        Datagram | ConnectedDatagram if !state.datagram => {
            return Err(refused(Reason::NotDatagram));
        }
        _ if state.foreign_protocol => return Err(refused(Reason::ForeignProtocol)),
        Listener if !state.listening => return Err(refused(Reason::NotListening)),
        Stream if state.listening => return Err(refused(Reason::Listening)),
        Stream | ConnectedDatagram if !connected => return Err(refused(Reason::NotConnected)),
        Datagram if connected => return Err(refused(Reason::Connected)),
        Datagram | ConnectedDatagram if state.coalescing => {
            return Err(refused(Reason::Coalescing));
        }
        _ => {}
    }
    let mode = mode(&state)?;
    sys::prepare(fd).map_err(failed)?;
    Ok(mode)
}

fn mode<M: Mode>(state: &SocketState) -> Result<M, Error> {
    let of = |v6_only| M::of(v6_only, &state.local, state.peer.as_ref());
    match state.v6_only {
        Some(true) => of(true).ok_or_else(|| refused(Reason::NotDualStack)),
        Some(false) => of(false).ok_or_else(|| refused(Reason::NotV6Only)),
        // It passes if its addresses alone decide.
        None => of(true)
            .filter(|mode| of(false) == Some(*mode))
            .ok_or_else(|| refused(Reason::UnknownMode)),
    }
}

fn refused(reason: Reason) -> Error {
    Error::refused(Op::Adopt, None, reason, io::ErrorKind::InvalidInput)
}

fn failed(error: io::Error) -> Error {
    Error::new(Op::Adopt, None, None, error)
}

/// Adoption of a descriptor or a std socket, and the way back.
macro_rules! adopt {
    ($name:ident, $expected:ident $(, $std:ty)?) => {
        impl<M: $crate::mode::Mode> TryFrom<$crate::sys::Owned> for $name<M> {
            type Error = $crate::error::Returned<$crate::sys::Owned>;

            /// Takes over a descriptor, if it is such a socket.
            fn try_from(fd: $crate::sys::Owned) -> Result<Self, Self::Error> {
                match $crate::socket::adopt::check(&fd, $crate::socket::adopt::Expected::$expected) {
                    Ok(mode) => Ok(Self::new(fd, mode)),
                    Err(error) => Err($crate::error::Returned::new(fd, error)),
                }
            }
        }

        $(
        impl<M: $crate::mode::Mode> TryFrom<$std> for $name<M> {
            type Error = $crate::error::Returned<$crate::sys::Owned>;

            /// Takes over a socket of std, if it is an IPv6 one of this mode.
            fn try_from(socket: $std) -> Result<Self, Self::Error> {
                $crate::sys::Owned::from(socket).try_into()
            }
        }

        /// Moves the socket out. From then on addresses are shown as the kernel writes them: std
        /// shows an IPv4 peer of a dual-stack socket as `::ffff:192.0.2.1`, and so do the types of
        /// tokio and mio that are made from std's. Convert such addresses with
        /// [`IpAddr::to_canonical`].
        ///
        /// [`IpAddr::to_canonical`]: std::net::IpAddr::to_canonical
        impl<M: $crate::mode::Mode> From<$name<M>> for $std {
            fn from(socket: $name<M>) -> Self {
                $crate::sys::Owned::from(socket).into()
            }
        }
        )?
    };
}
pub(crate) use adopt;
