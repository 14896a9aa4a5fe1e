//! Options of every socket (`SOL_SOCKET`).

use std::io;
use std::time::Duration;

use super::{LiveOn, Rank, Setting, SocketOption};
use crate::kind::{Connected, Datagram, Datagrams, Listening, Stream};
use crate::sys::{self, Target, names};

/// Rebinding the address of a server that just ended, and never taking it from a live one
/// (`SO_REUSEADDR`).
///
/// A listener that closes leaves connections in `TIME_WAIT` for a minute or more. With `true` the
/// next listener may bind the address all the same; with `false` binding fails with
/// [`AddrInUse`](std::io::ErrorKind::AddrInUse) until they are gone.
///
/// # Values
///
/// On or off. [`TcpListener::bind`](crate::TcpListener::bind) switches it on, and a
/// [`Builder`](crate::Builder) leaves it to you.
///
/// # Platform notes
///
/// The default is off everywhere. On Windows the C option of this name lets a program *take* the port of another one, and
/// rebinding needs no option: there, `true` sets nothing, and reading gives the last value's
/// effect, which is always `true`.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::ReuseAddress};
///
/// let listener = Builder::stream().with(ReuseAddress(true)).bind("[::1]:0")?.listen(16)?;
/// let ReuseAddress(on) = listener.option()?;
/// assert!(on);
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: socket(7), tcp(7); Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE".
#[doc(alias = "SO_REUSEADDR")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReuseAddress(pub bool);

impl SocketOption<Stream> for ReuseAddress {}
impl Setting for ReuseAddress {
    const NAME: &'static str = "SO_REUSEADDR";
    const RANK: Rank = Rank::Reuse;

    fn apply(&self, socket: Target<'_>) -> io::Result<()> {
        sys::set_bool(socket, names::SO_REUSEADDR, self.0)
    }

    fn read(socket: Target<'_>) -> io::Result<Self> {
        sys::get_bool(socket, names::SO_REUSEADDR).map(Self)
    }
}

/// How long a receive may wait (`SO_RCVTIMEO`).
///
/// A blocking `recv` or `read` that waited that long without a byte fails with
/// [`WouldBlock`](std::io::ErrorKind::WouldBlock), on Windows with
/// [`TimedOut`](std::io::ErrorKind::TimedOut).
///
/// # Values
///
/// A duration, or `None` to wait for ever, which is the default everywhere. Zero is refused.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::ReadTimeout};
/// use std::time::Duration;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(ReadTimeout(Some(Duration::from_millis(10))))?;
/// assert!(socket.recv_from(&mut [0; 16]).is_err());
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: socket(7).
#[doc(alias = "SO_RCVTIMEO")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReadTimeout(pub Option<Duration>);

impl SocketOption<Stream> for ReadTimeout {}
impl SocketOption<Datagram> for ReadTimeout {}
impl LiveOn<Listening> for ReadTimeout {}
impl LiveOn<Connected> for ReadTimeout {}
impl LiveOn<Datagrams> for ReadTimeout {}
impl Setting for ReadTimeout {
    const NAME: &'static str = "SO_RCVTIMEO";

    fn apply(&self, socket: Target<'_>) -> io::Result<()> {
        sys::set_read_timeout(socket.fd, self.0)
    }

    fn read(socket: Target<'_>) -> io::Result<Self> {
        sys::read_timeout(socket.fd).map(Self)
    }
}

/// How long a send may wait (`SO_SNDTIMEO`).
///
/// A blocking `send` or `write` that waited that long for room fails with
/// [`WouldBlock`](std::io::ErrorKind::WouldBlock), on Windows with
/// [`TimedOut`](std::io::ErrorKind::TimedOut).
///
/// # Values
///
/// A duration, or `None` to wait for ever, which is the default everywhere. Zero is refused.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::WriteTimeout};
/// use std::time::Duration;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(WriteTimeout(Some(Duration::from_secs(1))))?;
/// assert_eq!(socket.write_timeout()?, Some(Duration::from_secs(1)));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: socket(7).
#[doc(alias = "SO_SNDTIMEO")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WriteTimeout(pub Option<Duration>);

impl SocketOption<Stream> for WriteTimeout {}
impl SocketOption<Datagram> for WriteTimeout {}
impl LiveOn<Listening> for WriteTimeout {}
impl LiveOn<Connected> for WriteTimeout {}
impl LiveOn<Datagrams> for WriteTimeout {}
impl Setting for WriteTimeout {
    const NAME: &'static str = "SO_SNDTIMEO";

    fn apply(&self, socket: Target<'_>) -> io::Result<()> {
        sys::set_write_timeout(socket.fd, self.0)
    }

    fn read(socket: Target<'_>) -> io::Result<Self> {
        sys::write_timeout(socket.fd).map(Self)
    }
}
