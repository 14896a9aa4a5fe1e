//! Taking over a descriptor, checked; and handing sockets to std.

use std::fmt;
use std::io;

use super::{ConnectedUdpSocket, TcpListener, TcpStream, UdpSocket};
use crate::error::{Error, Op};
use crate::mode::Mode;
use crate::sys::{self, Owned, State};

/// A descriptor is not the socket that it was taken for; it gives the descriptor back.
///
/// It converts into [`Error`] and into [`io::Error`].
///
/// # What is checked
///
/// The family is `AF_INET6`, the type fits, the protocol is TCP, Multipath TCP or UDP (where the
/// system tells), the socket listens, is connected, or neither, as the
/// target type says, and the mode fits: as `V6Only` it passes if the kernel says `IPV6_V6ONLY = 1`
/// or if neither of its addresses is a wildcard or an IPv4 address, as `DualStack` if
/// `IPV6_V6ONLY = 0` or if its local address is a specific one; `AnyMode` takes what the kernel
/// says. (Linux reads 1 on a socket that is bound to a specific IPv6 address, whatever was set.)
/// Older kernels do not report it for a Multipath TCP socket: there the addresses decide.
///
/// # What is set
///
/// A descriptor that passes is made like those that this crate opens: close-on-exec (on Windows, not
/// inheritable), so that programs that are started later do not keep its port; without `SIGPIPE`;
/// and on Windows without `SIO_UDP_CONNRESET` and `SIO_UDP_NETRESET`. To hand it on to a program,
/// clear the flag again. One that is refused is left as it was.
///
/// # Examples
///
/// ```
/// # #[cfg(unix)] {
/// use inet6::{TcpListener, UdpSocket};
/// use std::os::fd::OwnedFd;
///
/// // As from a service manager that hands over its sockets.
/// let descriptor = OwnedFd::from(TcpListener::bind("[::1]:0")?);
/// let listener: TcpListener = descriptor.try_into()?;
///
/// let refused = UdpSocket::<inet6::V6Only>::try_from(OwnedFd::from(listener)).unwrap_err();
/// assert_eq!(refused.to_string(), "cannot adopt the descriptor: it is not a datagram socket");
/// let descriptor = refused.into_descriptor();
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AdoptError {
    descriptor: Owned,
    reason: Reason,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("it is not an IPv6 socket")]
    Family,
    #[error("it is not a stream socket")]
    NotStream,
    #[error("it is not a datagram socket")]
    NotDatagram,
    #[error("its protocol is neither TCP nor UDP")]
    Protocol,
    #[error("it does not listen")]
    NotListening,
    #[error("it listens")]
    Listening,
    #[error("it is not connected")]
    NotConnected,
    #[error("it is connected")]
    Connected,
    #[error(
        "it puts datagrams together (UDP_GRO), and short buffers would lose what they cannot hold"
    )]
    Coalescing,
    #[error("it may have IPv4 peers, and an IPv6-only socket is wanted")]
    NotV6Only,
    #[error("it is restricted to IPv6, and a dual-stack socket is wanted")]
    NotDualStack,
    #[error("this system does not report whether it is restricted to IPv6")]
    UnknownMode,
    #[error("{0}")]
    System(#[source] io::Error),
}

impl AdoptError {
    /// Returns the descriptor, as it was.
    ///
    /// # Examples
    ///
    /// See [`AdoptError`].
    #[must_use]
    pub fn into_descriptor(self) -> Owned {
        self.descriptor
    }
}

impl fmt::Debug for AdoptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for AdoptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot adopt the descriptor: {}", self.reason)
    }
}

impl std::error::Error for AdoptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::System(error) => Some(error),
            _ => None,
        }
    }
}

impl From<AdoptError> for io::Error {
    fn from(error: AdoptError) -> Self {
        match error.reason {
            Reason::System(error) => error,
            reason => Self::new(io::ErrorKind::InvalidInput, reason),
        }
    }
}

impl From<AdoptError> for Error {
    fn from(error: AdoptError) -> Self {
        Self::new(Op::Adopt, None, None, error.into())
    }
}

/// What a socket type expects of a descriptor.
#[derive(Clone, Copy)]
enum Expected {
    Listener,
    Stream,
    Datagram,
    ConnectedDatagram,
}

fn check<M: Mode>(descriptor: &Owned, expected: Expected) -> Result<M, Reason> {
    use Expected::*;

    let fd = sys::borrow(descriptor);
    let state = sys::state(fd).map_err(Reason::System)?.ok_or(Reason::Family)?;
    let connected = state.peer.is_some();
    match expected {
        Listener | Stream if !state.stream => return Err(Reason::NotStream),
        Datagram | ConnectedDatagram if !state.datagram => return Err(Reason::NotDatagram),
        _ if state.foreign_protocol => return Err(Reason::Protocol),
        Listener if !state.listening => return Err(Reason::NotListening),
        Stream if state.listening => return Err(Reason::Listening),
        Stream | ConnectedDatagram if !connected => return Err(Reason::NotConnected),
        Datagram if connected => return Err(Reason::Connected),
        Datagram | ConnectedDatagram if state.coalescing => return Err(Reason::Coalescing),
        _ => {}
    }
    let mode = mode(&state)?;
    sys::prepare(fd).map_err(Reason::System)?;
    Ok(mode)
}

fn mode<M: Mode>(state: &State) -> Result<M, Reason> {
    let of = |v6_only| M::of(v6_only, &state.local, state.peer.as_ref());
    match state.v6_only {
        Some(true) => of(true).ok_or(Reason::NotDualStack),
        Some(false) => of(false).ok_or(Reason::NotV6Only),
        // It passes if its addresses alone decide.
        None => of(true).filter(|mode| of(false) == Some(*mode)).ok_or(Reason::UnknownMode),
    }
}

/// Adoption of a descriptor or a std socket, and the way back.
macro_rules! adopt {
    ($name:ident, $expected:expr $(, $std:ty)?) => {
        impl<M: Mode> TryFrom<Owned> for $name<M> {
            type Error = AdoptError;

            /// Takes over a descriptor, if it is such a socket.
            fn try_from(fd: Owned) -> Result<Self, AdoptError> {
                match check(&fd, $expected) {
                    Ok(mode) => Ok(Self::new(fd, mode)),
                    Err(reason) => Err(AdoptError { descriptor: fd, reason }),
                }
            }
        }

        $(
        impl<M: Mode> TryFrom<$std> for $name<M> {
            type Error = AdoptError;

            /// Takes over a socket of std, if it is an IPv6 one of this mode.
            fn try_from(socket: $std) -> Result<Self, AdoptError> {
                Owned::from(socket).try_into()
            }
        }

        /// Moves the socket out. From then on addresses are shown as the kernel writes them: std shows
        /// an IPv4 peer of a dual-stack socket as `::ffff:192.0.2.1`, and so do the types of tokio and
        /// mio that are made from std's. Convert such addresses with [`IpAddr::to_canonical`].
        ///
        /// [`IpAddr::to_canonical`]: std::net::IpAddr::to_canonical
        impl<M: Mode> From<$name<M>> for $std {
            fn from(socket: $name<M>) -> Self {
                Owned::from(socket).into()
            }
        }
        )?
    };
}

adopt!(TcpListener, Expected::Listener, std::net::TcpListener);
adopt!(TcpStream, Expected::Stream, std::net::TcpStream);
adopt!(UdpSocket, Expected::Datagram, std::net::UdpSocket);
adopt!(ConnectedUdpSocket, Expected::ConnectedDatagram, std::net::UdpSocket);
