//! Sockets that accept connections.

use std::io;
use std::thread;
use std::time::Duration;

use super::TcpStream;
use super::handle::handle;
use super::readiness::readable;
use crate::kind::{Listening, Stream};
use crate::mode::{FromWire, Mode, V6Only};
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
/// [`incoming`](Self::incoming) does all that; [`AcceptFailure`] tells them apart for a loop of
/// your own.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, TcpStream};
/// use std::io::{Read, Write};
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let mut client = TcpStream::connect(listener.local_addr()?)?;
/// let (mut stream, peer) = listener.accept()?;
/// assert_eq!(peer, client.local_addr()?);
///
/// stream.write_all(b"Hello, client!")?;
/// drop(stream);
/// let mut text = String::new();
/// client.read_to_string(&mut text)?;
/// assert_eq!(text, "Hello, client!");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TcpListener<M: Mode = V6Only> {
    pub(super) fd: Owned,
    pub(super) mode: M,
}

handle!(TcpListener {}, Stream, role Listening);
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
    /// The [table above](TcpListener#which-errors-of-accept-matter). Signals do not interrupt it, and
    /// prolong a [`ReadTimeout`](crate::option::ReadTimeout) by about its length at most. A peer that is
    /// gone already is no error here on Linux; the stream then fails.
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

    /// The connections as they come, without an end.
    ///
    /// The iterator survives what a server meets: it passes over connections that ended before
    /// they were accepted, and while the process or the system has no descriptors or memory left
    /// it waits, from 5 milliseconds up to a second, and tries again. Where more than 128 are lost
    /// in a row, as if something refused them all and left them in the queue, it pauses for 10
    /// milliseconds after each further one. What it yields as an error is the listener's: on a
    /// nonblocking listener [`WouldBlock`](io::ErrorKind::WouldBlock), otherwise a reason to stop.
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
    ///     assert_eq!(stream.peer_addr()?, client.local_addr()?);
    ///     break;
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn incoming(&self) -> Incoming<'_, M> {
        Incoming { listener: self }
    }
}

/// The connections of a listener, as [`TcpListener::incoming`] gives them.
///
/// # Examples
///
/// See [`TcpListener::incoming`].
#[derive(Debug)]
pub struct Incoming<'a, M: Mode = V6Only> {
    listener: &'a TcpListener<M>,
}

/// As many as the queue holds, by default, of the systems where `accept` tells of a peer that is gone
/// (`kern.ipc.somaxconn` of the BSDs and of macOS).
const LOST_IN_A_ROW: u32 = 128;

impl<M: Mode> Iterator for Incoming<'_, M> {
    type Item = io::Result<TcpStream<M>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut pause = Duration::from_millis(5);
        let mut lost = 0_u32;
        loop {
            let error = match self.listener.accept() {
                Ok((stream, _)) => return Some(Ok(stream)),
                Err(error) => error,
            };
            match AcceptFailure::of(&error) {
                AcceptFailure::Peer => {
                    log::trace!("accept: {error}; going on");
                    lost = lost.saturating_add(1);
                    // A peer that is gone leaves the queue. What refuses connections before they
                    // are taken from it, such as a BPF program, would keep this spinning.
                    if lost > LOST_IN_A_ROW {
                        thread::sleep(Duration::from_millis(10));
                    }
                }
                AcceptFailure::Exhausted => {
                    if pause == Duration::from_millis(5) {
                        log::debug!("accept: {error}; waiting until there is room");
                    }
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
                AcceptFailure::Fatal => return Some(Err(error)),
            }
        }
    }
}

impl<M: Mode> std::iter::FusedIterator for Incoming<'_, M> {}

/// What an error of `accept` means for the loop around it.
///
/// # Examples
///
/// ```no_run
/// // no_run: the loop has no end.
/// use inet6::{AcceptFailure, TcpListener};
///
/// # fn serve(_: inet6::TcpStream) {}
/// let listener = TcpListener::bind("[::1]:0")?;
/// loop {
///     match listener.accept() {
///         Ok((stream, _)) => serve(stream),
///         Err(error) => match AcceptFailure::of(&error) {
///             AcceptFailure::Peer => continue,
///             AcceptFailure::Exhausted => std::thread::sleep(std::time::Duration::from_millis(50)),
///             _ => return Err(error),
///         },
///     }
/// }
/// # #[allow(unreachable_code)]
/// # Ok::<(), std::io::Error>(())
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
    /// use inet6::AcceptFailure;
    ///
    /// let error = std::io::ErrorKind::ConnectionAborted.into();
    /// assert_eq!(AcceptFailure::of(&error), AcceptFailure::Peer);
    /// ```
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        if sys::errors::is_exhausted(error) {
            Self::Exhausted
        } else if sys::errors::is_peer_failure(error) {
            Self::Peer
        } else {
            Self::Fatal
        }
    }
}
