//! Sockets that accept connections.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::TcpStream;
use crate::kind::{Listening, Stream};
use crate::mode::{DualStack, FromWire, Mode};
use crate::socket::adopt::adopt;
use crate::socket::common::common_methods;
use crate::socket::readiness::readable;
use crate::sys::{self, Owned};

/// A stream socket that listens for connections.
///
/// [`TcpListener::bind`] opens one as std does; a [`Builder`](crate::Builder) opens one in another
/// mode or with options.
///
/// # Which errors of `accept` matter
///
/// | error | whose | what to do |
/// | --- | --- | --- |
/// | `ECONNABORTED`, `ECONNRESET`, `EPROTO`, `EPERM` (a firewall), `ENETDOWN`, `EHOSTUNREACH` … | the peer's: its connection ended before it was accepted | go on |
/// | `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM` | the process's or the system's: no descriptor or memory is left | wait, then go on: the connection stays in the queue, and trying at once spins |
/// | `WouldBlock` | nobody's: the listener is nonblocking or has a [`ReadTimeout`](crate::option::ReadTimeout) (not on Windows), and nothing waits | wait, then go on |
/// | any other | the listener's | stop |
///
/// [`next_connection`](Self::next_connection) does all that; [`AcceptFailure`] sorts them for a
/// loop of your own.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, TcpStream};
/// use std::io::{Read, Write};
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let mut client = TcpStream::connect(listener.local_addr()?)?;
/// let (mut stream, peer) = listener.next_connection()?;
/// assert_eq!(peer, client.local_addr()?);
///
/// stream.write_all(b"Hello, client!")?;
/// drop(stream);
/// let mut text = String::new();
/// client.read_to_string(&mut text)?;
/// assert_eq!(text, "Hello, client!");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TcpListener<M: Mode = DualStack> {
    pub(super) fd: Owned,
    pub(super) mode: M,
}

common_methods!(TcpListener {}, Stream, role Listening);
adopt!(TcpListener, Listener, std::net::TcpListener);
readable!(TcpListener);

impl<M: Mode> TcpListener<M> {
    pub(crate) fn new(fd: Owned, mode: M) -> Self {
        Self { fd, mode }
    }

    /// Takes the next connection, and the address of its peer.
    ///
    /// The stream blocks, whether the listener does or not. One system call on every system that
    /// has `accept4`.
    ///
    /// # Errors
    ///
    /// The [table above](TcpListener#which-errors-of-accept-matter). Signals do not interrupt it,
    /// and prolong a [`ReadTimeout`](crate::option::ReadTimeout) by about its length at most. A
    /// peer that is gone already is no error here on Linux; the stream then fails.
    ///
    /// # Examples
    ///
    /// See [`TcpListener`].
    #[inline(always)]
    pub fn accept(&self) -> io::Result<(TcpStream<M>, M::Address)> {
        self.accept_as(false)
    }

    /// As [`accept`](Self::accept), and the stream is nonblocking from the start.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    /// use std::io::ErrorKind;
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let client = TcpStream::connect(listener.local_addr()?)?;
    /// let (stream, _) = listener.accept_nonblocking()?;
    /// assert_eq!(stream.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "accept4")]
    #[inline]
    pub fn accept_nonblocking(&self) -> io::Result<(TcpStream<M>, M::Address)> {
        self.accept_as(true)
    }

    #[inline(always)]
    fn accept_as(&self, nonblocking: bool) -> io::Result<(TcpStream<M>, M::Address)> {
        let (fd, peer) = sys::accept(sys::borrow(&self.fd), nonblocking)?;
        Ok((TcpStream::new(fd, self.mode), M::Address::from_wire(peer)))
    }

    /// Accepts the next connection, and survives the errors that a server must survive.
    ///
    /// A connection that ended before it was accepted is skipped, if the system reports it at all:
    /// Linux hands it out, and the stream then fails. `peer` is known in any case, whereas
    /// [`peer_addr`](TcpStream::peer_addr) of such a stream fails.
    ///
    /// While no descriptor or memory is left, the call pauses, from 5 milliseconds up to a second,
    /// and tries again. If more than 128 connections are lost in a row, as if something refused
    /// them all and left them in the queue, it pauses for 10 milliseconds after each further one.
    ///
    /// It does not pause on a nonblocking listener, nor longer than a
    /// [`ReadTimeout`](crate::option::ReadTimeout): the error is returned instead.
    ///
    /// The stream blocks, as that of [`accept`](Self::accept). If nothing fails, this is the one
    /// system call of `accept`.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the listener is nonblocking and no connection
    /// is queued, or if its read timeout expires. An error for which [`AcceptFailure::of`] returns
    /// [`Exhausted`](AcceptFailure::Exhausted) or [`Peer`](AcceptFailure::Peer) if a pause was due
    /// and not allowed: pause, then call again. Every other error is a reason to stop.
    ///
    /// # Platform notes
    ///
    /// Windows does not say whether a listener is nonblocking. There, this call pauses on any, and
    /// [`next_connection_nonblocking`](Self::next_connection_nonblocking) on none.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let client = TcpStream::connect(listener.local_addr()?)?;
    /// loop {
    ///     let (stream, peer) = listener.next_connection()?;
    ///     println!("{peer}: {stream:?}");
    /// #   assert_eq!(peer, client.local_addr()?);
    /// #   break;
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline(always)]
    pub fn next_connection(&self) -> io::Result<(TcpStream<M>, M::Address)> {
        self.next_as(false)
    }

    /// Like [`next_connection`](Self::next_connection), but the stream is nonblocking from the
    /// start.
    ///
    /// # Errors
    ///
    /// Those of [`next_connection`](Self::next_connection).
    ///
    /// # Examples
    ///
    /// See [`AcceptFailure`].
    #[inline]
    pub fn next_connection_nonblocking(&self) -> io::Result<(TcpStream<M>, M::Address)> {
        self.next_as(true)
    }

    #[inline(always)]
    fn next_as(&self, nonblocking: bool) -> io::Result<(TcpStream<M>, M::Address)> {
        self.accept_as(nonblocking).or_else(|error| self.next_after(error, nonblocking))
    }

    #[cold]
    #[inline(never)]
    fn next_after(
        &self,
        mut error: io::Error,
        nonblocking: bool,
    ) -> io::Result<(TcpStream<M>, M::Address)> {
        let mut pauses = Pauses::default();
        let mut until_room = SHORTEST_PAUSE;
        let mut lost = 0_u32;
        loop {
            let class = AcceptFailure::of(&error);
            let pause = match class {
                AcceptFailure::Fatal => return Err(error),
                AcceptFailure::Exhausted => until_room,
                AcceptFailure::Peer if lost < LOST_IN_A_ROW => Duration::ZERO,
                // A peer that is gone leaves the queue. What refuses connections before they are
                // taken from it, such as a BPF program, would keep this spinning.
                AcceptFailure::Peer => Duration::from_millis(10),
            };
            if !pauses.allow(pause, || self.longest_pause(nonblocking))? {
                return Err(error);
            }
            match class {
                AcceptFailure::Exhausted => {
                    if until_room == SHORTEST_PAUSE {
                        log::debug!("accept: {error}; waiting until there is room");
                    }
                    until_room = (until_room * 2).min(Duration::from_secs(1));
                }
                _ => {
                    log::trace!("accept: {error}; going on");
                    lost = lost.saturating_add(1);
                }
            }
            pauses.sleep(pause);
            match self.accept_as(nonblocking) {
                Err(next) => error = next,
                accepted => return accepted,
            }
        }
    }

    /// How long `next_connection` may pause altogether, `None` for as long as it takes.
    fn longest_pause(&self, nonblocking: bool) -> io::Result<Option<Duration>> {
        let fd = sys::borrow(&self.fd);
        // If the system does not say: a caller that wants a nonblocking stream has an event loop.
        if sys::is_nonblocking(fd)?.unwrap_or(nonblocking) {
            return Ok(Some(Duration::ZERO));
        }
        sys::read_timeout(fd)
    }

    /// Returns an iterator over the connections as they come, which has no end.
    ///
    /// Each item is the stream of [`next_connection`](Self::next_connection), without the address
    /// of the peer. This is the method of std, and survives what that does not. To know who a
    /// connection came from, call `next_connection` in a loop: if a connection is reset before it
    /// is looked at, [`peer_addr`](TcpStream::peer_addr) fails, and `?` on it would end a server.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let client = TcpStream::connect(listener.local_addr()?)?;
    /// for stream in listener.incoming() {
    ///     let stream = stream?;
    ///     println!("{stream:?}");
    /// #   break;
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn incoming(&self) -> Incoming<'_, M> {
        Incoming { listener: self }
    }
}

/// The iterator over the connections of a listener that [`TcpListener::incoming`] returns.
///
/// # Examples
///
/// See [`TcpListener::incoming`].
#[derive(Debug)]
pub struct Incoming<'a, M: Mode = DualStack> {
    listener: &'a TcpListener<M>,
}

impl<M: Mode> Iterator for Incoming<'_, M> {
    type Item = io::Result<TcpStream<M>>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.listener.next_connection().map(|(stream, _)| stream))
    }
}

impl<M: Mode> std::iter::FusedIterator for Incoming<'_, M> {}

/// The first one while no descriptor or memory is left.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// The default length of the queue on the systems whose `accept` reports a peer that is gone
/// (`kern.ipc.somaxconn` of the BSDs and of macOS).
const LOST_IN_A_ROW: u32 = 128;

/// The pauses of one call.
#[derive(Debug, Default)]
struct Pauses {
    /// When the last one must end, known from the first one on; `Some(None)` is never.
    end: Option<Option<Instant>>,
}

impl Pauses {
    /// Whether there may be a pause, given how long all of them may take.
    fn allow(
        &mut self,
        pause: Duration,
        longest: impl FnOnce() -> io::Result<Option<Duration>>,
    ) -> io::Result<bool> {
        if pause.is_zero() {
            return Ok(true);
        }
        if self.end.is_none() {
            self.end = Some(longest()?.and_then(sys::deadline));
        }
        Ok(self.left().is_none_or(|left| !left.is_zero()))
    }

    fn sleep(&self, pause: Duration) {
        thread::sleep(self.left().map_or(pause, |left| left.min(pause)));
    }

    fn left(&self) -> Option<Duration> {
        let end = self.end.flatten()?;
        Some(end.saturating_duration_since(Instant::now()))
    }
}

/// What an error of `accept` means for the loop around it.
///
/// # Examples
///
/// In an event loop, when the listener is readable:
///
/// ```
/// use inet6::{Builder, TcpListener, TcpStream, tcp::AcceptFailure};
/// use std::io::{self, ErrorKind};
///
/// /// Accepts what is queued; `false` if the rest must be tried again a little later.
/// fn accept_all(listener: &TcpListener, streams: &mut Vec<TcpStream>) -> io::Result<bool> {
///     loop {
///         match listener.next_connection_nonblocking() {
///             Ok((stream, _)) => streams.push(stream),
///             Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
///             Err(error) => match AcceptFailure::of(&error) {
///                 AcceptFailure::Peer | AcceptFailure::Exhausted => return Ok(false),
///                 _ => return Err(error),
///             },
///         }
///     }
/// }
///
/// let listener = Builder::stream().nonblocking().bind("[::1]:0")?.listen(128)?;
/// let client = TcpStream::connect(listener.local_addr()?)?;
/// # listener.wait_readable(None)?;
/// let mut streams = Vec::new();
/// assert!(accept_all(&listener, &mut streams)?);
/// assert_eq!(streams[0].peer_addr()?, client.local_addr()?);
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AcceptFailure {
    /// One connection is lost, and the listener is as good as before.
    Peer,
    /// No descriptor or memory is left; the connection waits in the queue.
    Exhausted,
    /// The listener cannot go on; or, of kind `WouldBlock`, nothing waits on one that is
    /// nonblocking or, but on Windows, has a read timeout.
    Fatal,
}

impl AcceptFailure {
    /// What this error of `accept` means.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::tcp::AcceptFailure;
    ///
    /// let error = std::io::ErrorKind::ConnectionAborted.into();
    /// assert_eq!(AcceptFailure::of(&error), AcceptFailure::Peer);
    /// ```
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        if sys::errno::is_exhausted(error) {
            Self::Exhausted
        } else if sys::errno::is_peer_failure(error) {
            Self::Peer
        } else {
            Self::Fatal
        }
    }
}
