//! A connection under way.

use std::fmt;
use std::io;
use std::net::SocketAddrV6;
use std::time::{Duration, Instant};

use super::TcpStream;
use super::bound::explain;
use super::handle::descriptor;
use crate::error::Error;
use crate::mode::{AnyMode, DualStack, FromWire, Mode, V6Only};
use crate::sys::{self, Owned, Readiness};

/// A stream socket whose connection is under way.
///
/// [`Builder::start_connect`](crate::Builder::start_connect) makes it. It is writable when the
/// connection is there or has failed, which `poll`, an event loop or [`wait`](Self::wait) tells;
/// then [`finish`](Self::finish) gives the stream or the error. Dropping it gives up.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, TcpListener};
/// use std::time::Duration;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let connecting = Builder::stream().start_connect(listener.local_addr()?)?;
/// // … other work …
/// if connecting.wait(Some(Duration::from_secs(5)))? {
///     let stream = connecting.finish()?;
///     assert_eq!(stream.peer_addr()?, listener.local_addr()?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Connecting<M: Mode = V6Only> {
    fd: Owned,
    mode: M,
    peer: SocketAddrV6,
    /// What the stream will be; the socket is nonblocking meanwhile.
    nonblocking: bool,
}

descriptor!(Connecting);

impl<M: Mode> Connecting<M> {
    pub(crate) fn new(fd: Owned, mode: M, peer: SocketAddrV6, nonblocking: bool) -> Self {
        Self { fd, mode, peer, nonblocking }
    }

    /// The peer that is connected to.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, TcpListener};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let connecting = Builder::stream().start_connect(listener.local_addr()?)?;
    /// assert_eq!(connecting.peer(), listener.local_addr()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn peer(&self) -> M::Address {
        M::Address::from_wire(self.peer)
    }

    /// Waits until the connection is there or has failed; `false` when `timeout` has passed.
    ///
    /// `None` waits as long as it takes. Signals do not end or prolong the wait.
    ///
    /// # Errors
    ///
    /// Those of poll(2), which are rare; a failed connection is told by [`finish`](Self::finish).
    ///
    /// # Examples
    ///
    /// See [`Connecting`].
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<bool> {
        sys::wait_one(sys::borrow(&self.fd), Readiness::Connected, timeout)
    }

    /// The stream, or why there is none.
    ///
    /// Waits where the connection is still under way. The stream blocks, unless the builder said
    /// [`nonblocking`](crate::Builder::nonblocking).
    ///
    /// # Errors
    ///
    /// As [`Builder::connect`](crate::Builder::connect).
    ///
    /// # Examples
    ///
    /// See [`Connecting`].
    pub fn finish(self) -> Result<TcpStream<M>, Error> {
        self.finish_by(None)
    }

    pub(crate) fn descriptor(&self) -> sys::Borrowed<'_> {
        sys::borrow(&self.fd)
    }

    pub(super) fn finish_by(self, deadline: Option<Instant>) -> Result<TcpStream<M>, Error> {
        let socket = sys::borrow(&self.fd);
        let result = sys::finish_connect(socket, deadline);
        let result = match self.nonblocking {
            false => result.and_then(|()| sys::set_nonblocking(socket, false)),
            true => result,
        };
        match result {
            Ok(()) => Ok(TcpStream::new(self.fd, self.mode)),
            Err(error) => Err(explain(socket, self.mode, self.peer, error)),
        }
    }
}

/// A socket whose mode is known becomes one whose mode is a value.
impl From<Connecting<V6Only>> for Connecting<AnyMode> {
    fn from(connecting: Connecting<V6Only>) -> Self {
        let Connecting { fd, mode, peer, nonblocking } = connecting;
        Self { fd, mode: mode.into(), peer, nonblocking }
    }
}

/// A socket whose mode is known becomes one whose mode is a value.
impl From<Connecting<DualStack>> for Connecting<AnyMode> {
    fn from(connecting: Connecting<DualStack>) -> Self {
        let Connecting { fd, mode, peer, nonblocking } = connecting;
        Self { fd, mode: mode.into(), peer, nonblocking }
    }
}

impl<M: Mode> fmt::Debug for Connecting<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connecting")
            .field("mode", &self.mode)
            .field("peer", &self.peer())
            .field("fd", &self.fd)
            .finish()
    }
}
