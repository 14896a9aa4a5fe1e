//! Why a socket is still in the state in which it was: [`StateError`].

use std::fmt;
use std::io;

use crate::error::Error;

/// A socket did not become what it was to become; it gives the socket back.
///
/// What consumes a datagram socket to change its state gives this: `connect`, `guard`, `coalesce`. With the socket its port and its groups would be lost. It converts into [`Error`] and
/// into [`io::Error`].
///
/// # Examples
///
/// ```
/// use inet6::{StateError, UdpSocket};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// let failed: StateError<UdpSocket> = socket.connect("fe80::1").unwrap_err();
/// assert!(failed.error().to_string().contains("fe80::1"));
/// let socket = failed.into_socket(); // as good as before
/// socket.send_to(b"x", socket.local_addr()?)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct StateError<S> {
    socket: S,
    error: Error,
}

impl<S> StateError<S> {
    pub(crate) fn new(socket: S, error: Error) -> Self {
        Self { socket, error }
    }

    /// Why it failed.
    ///
    /// # Examples
    ///
    /// See [`StateError`].
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns the socket in the state that it had before, with its peer if it had one.
    ///
    /// # Examples
    ///
    /// See [`StateError`].
    #[must_use]
    pub fn into_socket(self) -> S {
        self.socket
    }
}

impl<S> fmt::Debug for StateError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl<S> fmt::Display for StateError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<S> std::error::Error for StateError<S> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl<S> From<StateError<S>> for Error {
    fn from(failed: StateError<S>) -> Self {
        failed.error
    }
}

impl<S> From<StateError<S>> for io::Error {
    fn from(failed: StateError<S>) -> Self {
        failed.error.into()
    }
}
