//! An error that returns what the operation consumed: [`Returned`].

use std::fmt;
use std::io;

use super::{Error, Op};

/// An operation failed and returns the socket or the descriptor that it consumed.
///
/// `connect`, `guard` and `coalesce` of a datagram socket consume the socket, and `TryFrom`
/// consumes a descriptor or a socket of std. If they fail, [`into_inner`](Self::into_inner) returns
/// it unchanged: with a socket its port and its groups would be lost. The error converts into
/// [`Error`](crate::Error) and into [`io::Error`].
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, error::Returned};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// let failed: Returned<UdpSocket> = socket.connect("fe80::1").unwrap_err();
/// assert!(failed.error().to_string().contains("fe80::1"));
/// let socket = failed.into_inner(); // as good as before
/// socket.send_to(b"x", socket.local_addr()?)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Adopting a descriptor
///
/// `TryFrom` checks that the family is `AF_INET6`, that the type fits, that the protocol is TCP,
/// Multipath TCP or UDP (where the system tells), the socket listens, is connected, or neither, as
/// the target type says, and the mode fits: as `V6Only` it passes if the kernel says `IPV6_V6ONLY =
/// 1` or if neither of its addresses is a wildcard or an IPv4 address, as `DualStack` if
/// `IPV6_V6ONLY = 0` or if its local address is a specific one; `AnyMode` takes what the kernel
/// says. (Linux reads 1 on a socket that is bound to a specific IPv6 address, whatever was set.)
/// Older kernels do not report it for a Multipath TCP socket: there the addresses decide.
///
/// # What is set
///
/// A descriptor that passes is made like those that this crate opens: close-on-exec (on Windows,
/// not inheritable), so that programs that are started later do not keep its port; without
/// `SIGPIPE`; and on Windows without `SIO_UDP_CONNRESET` and `SIO_UDP_NETRESET`. To hand it on to a
/// program, clear the flag again. One that is refused is left as it was.
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
/// let descriptor: OwnedFd = refused.into_inner();
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Returned<T> {
    inner: T,
    error: Error,
}

impl<T> Returned<T> {
    pub(crate) fn new(inner: T, error: Error) -> Self {
        Self { inner, error }
    }

    /// Returns the reason of the failure.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns the socket or the descriptor in the state that it had before.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T> fmt::Debug for Returned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl<T> fmt::Display for Returned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> std::error::Error for Returned<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl<T> From<Returned<T>> for Error {
    fn from(failed: Returned<T>) -> Self {
        failed.error
    }
}

impl<T> From<Returned<T>> for io::Error {
    fn from(failed: Returned<T>) -> Self {
        match failed.error.op() {
            Op::Adopt => failed.error.into_system(),
            _ => failed.error.into(),
        }
    }
}
