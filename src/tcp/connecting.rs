//! A connection under way.

use std::fmt;
use std::io;
use std::net::SocketAddrV6;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use super::TcpStream;
use crate::error::Error;
use crate::mode::{AnyMode, DualStack, FromWire, Mode, V6Only};
use crate::socket::common::descriptor;
use crate::socket::connect::explain;
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
pub struct Connecting<M: Mode = DualStack> {
    fd: Owned,
    mode: M,
    peer: SocketAddrV6,
    /// What the stream will be; the socket is nonblocking meanwhile.
    nonblocking: bool,
    /// `connect` returned 0, which proves the connection.
    made: bool,
    /// The error of the last report that was taken from the error queue, or 0. The pending error
    /// may be gone with it.
    reported: AtomicI32,
}

descriptor!(Connecting);

impl<M: Mode> Connecting<M> {
    pub(crate) fn new(
        fd: Owned,
        mode: M,
        peer: SocketAddrV6,
        nonblocking: bool,
        made: bool,
    ) -> Self {
        Self { fd, mode, peer, nonblocking, made, reported: AtomicI32::new(0) }
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
        if self.made {
            return Ok(true);
        }
        sys::wait_one(sys::borrow(&self.fd), Readiness::Connected, timeout)
    }

    /// The stream, or why there is none.
    ///
    /// Waits if the connection is still under way. The stream blocks, unless the builder said
    /// [`nonblocking`](crate::Builder::nonblocking).
    ///
    /// A stream that is returned was connected: the system reported a peer, or `connect` succeeded
    /// at once.
    ///
    /// # Errors
    ///
    /// Like [`Builder::connect`](crate::Builder::connect), and
    /// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) if the connection failed and the
    /// system no longer has the reason.
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

    /// Remembers the error of a report that was taken from the error queue.
    pub(crate) fn remember(&self, error: &io::Error) {
        if let Some(errno) = error.raw_os_error() {
            self.reported.store(errno, Ordering::Relaxed);
        }
    }

    /// Returns the stream, the connection itself while it is not decided, or why it failed.
    pub(crate) fn try_finish(self) -> Result<Result<TcpStream<M>, Self>, Error> {
        let proven = self.made
            || match sys::is_connected(sys::borrow(&self.fd), self.reported()) {
                Ok(connected) => connected,
                Err(error) => return Err(self.explain(error)),
            };
        if proven { self.into_stream().map(Ok) } else { Ok(Err(self)) }
    }

    pub(super) fn finish_by(self, deadline: Option<Instant>) -> Result<TcpStream<M>, Error> {
        if !self.made {
            sys::finish_connect(sys::borrow(&self.fd), self.reported(), deadline)
                .map_err(|error| self.explain(error))?;
        }
        self.into_stream()
    }

    /// Hands out the stream of a connection that is proven.
    fn into_stream(self) -> Result<TcpStream<M>, Error> {
        if !self.nonblocking {
            sys::set_nonblocking(sys::borrow(&self.fd), false)
                .map_err(|error| self.explain(error))?;
        }
        Ok(TcpStream::new(self.fd, self.mode))
    }

    fn reported(&self) -> i32 {
        self.reported.load(Ordering::Relaxed)
    }

    fn explain(&self, error: io::Error) -> Error {
        explain(sys::borrow(&self.fd), self.mode, self.peer, error)
    }
}

/// A socket whose mode is known becomes one whose mode is a value.
impl From<Connecting<V6Only>> for Connecting<AnyMode> {
    fn from(connecting: Connecting<V6Only>) -> Self {
        let Connecting { fd, mode, peer, nonblocking, made, reported } = connecting;
        Self { fd, mode: mode.into(), peer, nonblocking, made, reported }
    }
}

/// A socket whose mode is known becomes one whose mode is a value.
impl From<Connecting<DualStack>> for Connecting<AnyMode> {
    fn from(connecting: Connecting<DualStack>) -> Self {
        let Connecting { fd, mode, peer, nonblocking, made, reported } = connecting;
        Self { fd, mode: mode.into(), peer, nonblocking, made, reported }
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
