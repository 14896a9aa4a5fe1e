//! Options of every socket (`SOL_SOCKET`): buffers, times, and how a stream ends.

use std::io;
use std::time::Duration;

use super::{LiveOn, Setting, SocketOption};
use crate::kind::{Connected, Datagram, Datagrams, Listening, Stream};
use crate::sys::{self, SocketRef, option_numbers};

/// How many bytes may wait to be sent (`SO_SNDBUF`).
///
/// For a stream it limits what is sent and not yet acknowledged, and so the speed over a long way;
/// for datagrams it limits what waits for the interface, and the size of one datagram. When it is
/// full, sending waits or gives [`WouldBlock`](std::io::ErrorKind::WouldBlock).
///
/// # Values
///
/// Bytes. Linux and Android **double the value** to pay for bookkeeping, and reading gives the
/// doubled one; they raise it to a least value, and cap it silently at `net.core.wmem_max`.
///
/// # Platform notes
///
/// Default: on Linux and Android 16 384 for a stream and 212 992 for datagrams unless the
/// administrator changed it; otherwise what the system decides. Setting it switches off the tuning
/// that most systems do for streams. The BSDs and Apple's systems refuse what is larger than
/// `kern.ipc.maxsockbuf`.
///
/// # Errors
///
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) above 2 147 483 647. An error of the system
/// for too large a value on the BSDs and on Apple's systems.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::SendBufferSize};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(SendBufferSize(65_536))?;
/// let SendBufferSize(bytes) = socket.option()?;
/// assert!(bytes >= 65_536); // 131 072 on Linux
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: socket(7).
#[doc(alias = "SO_SNDBUF")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SendBufferSize(pub u32);

impl SocketOption<Stream> for SendBufferSize {}
impl SocketOption<Datagram> for SendBufferSize {}
impl LiveOn<Listening> for SendBufferSize {}
impl LiveOn<Connected> for SendBufferSize {}
impl LiveOn<Datagrams> for SendBufferSize {}
impl Setting for SendBufferSize {
    const NAME: &'static str = "SO_SNDBUF";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_u32(socket, option_numbers::SO_SNDBUF, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_u32(socket, option_numbers::SO_SNDBUF).map(Self)
    }
}

/// How many bytes may wait to be received (`SO_RCVBUF`).
///
/// For a stream it limits the window that the peer may fill, and must be set before the connection
/// for a window above 64 KiB; for datagrams it is what a burst may bring while the program is busy:
/// what does not fit is dropped without a word.
///
/// # Values
///
/// Bytes. Linux and Android **double the value** to pay for bookkeeping, and reading gives the
/// doubled one; they raise it to a least value, and cap it silently at `net.core.rmem_max`.
///
/// # Platform notes
///
/// Default: on Linux and Android 131 072 for a stream and 212 992 for datagrams unless the
/// administrator changed it; otherwise what the system decides. Setting it switches off the tuning
/// that most systems do for streams. The BSDs and Apple's systems refuse what is larger than
/// `kern.ipc.maxsockbuf`.
///
/// # Errors
///
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) above 2 147 483 647. An error of the system
/// for too large a value on the BSDs and on Apple's systems.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::RecvBufferSize};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(RecvBufferSize(65_536))?;
/// let RecvBufferSize(bytes) = socket.option()?;
/// assert!(bytes >= 65_536); // 131 072 on Linux
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: socket(7).
#[doc(alias = "SO_RCVBUF")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecvBufferSize(pub u32);

impl SocketOption<Stream> for RecvBufferSize {}
impl SocketOption<Datagram> for RecvBufferSize {}
impl LiveOn<Listening> for RecvBufferSize {}
impl LiveOn<Connected> for RecvBufferSize {}
impl LiveOn<Datagrams> for RecvBufferSize {}
impl Setting for RecvBufferSize {
    const NAME: &'static str = "SO_RCVBUF";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_u32(socket, option_numbers::SO_RCVBUF, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_u32(socket, option_numbers::SO_RCVBUF).map(Self)
    }
}

/// Asking a silent peer whether it is still there (`SO_KEEPALIVE`).
///
/// After two hours without a packet ([`KeepAliveIdle`](super::KeepAliveIdle)) TCP sends empty
/// probes; when several stay unanswered the connection fails with
/// [`TimedOut`](std::io::ErrorKind::TimedOut). Without it a connection whose peer lost power stays
/// open for ever if nothing is sent.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off everywhere. On Linux and Android an accepted stream inherits the value from its
/// listener.
///
/// # Errors
///
/// None of its own.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::KeepAlive};
///
/// let listener = Builder::stream().with(KeepAlive(true)).bind("[::1]:0")?.listen(16)?;
/// assert_eq!(listener.option::<KeepAlive>()?, KeepAlive(true));
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 9293, section 3.8.4; RFC 1122, section 4.2.3.6; socket(7).
#[doc(alias = "SO_KEEPALIVE")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeepAlive(pub bool);

impl SocketOption<Stream> for KeepAlive {}
impl LiveOn<Listening> for KeepAlive {}
impl LiveOn<Connected> for KeepAlive {}
impl Setting for KeepAlive {
    const NAME: &'static str = "SO_KEEPALIVE";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::SO_KEEPALIVE, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::SO_KEEPALIVE).map(Self)
    }
}

/// What closing does with data that is not sent yet (`SO_LINGER`).
///
/// With `None` closing returns at once and the system goes on sending. With a time, closing waits
/// until everything is acknowledged, at most that long. With [`Duration::ZERO`] the connection is
/// reset: the peer gets [`ConnectionReset`](std::io::ErrorKind::ConnectionReset), unsent data is
/// lost, and no `TIME_WAIT` remains.
///
/// # Values
///
/// Whole seconds, or `None`. Waiting does not happen on a nonblocking socket on every system.
///
/// # Platform notes
///
/// Default: `None` everywhere. At most 65 535 seconds on Windows. On Linux and Android an accepted
/// stream inherits the value from its listener.
///
/// # Errors
///
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for a fraction of a second, which would round
/// to a reset, and for more seconds than the system counts.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::Linger};
/// use std::time::Duration;
///
/// let listener = Builder::stream().with(Linger(Some(Duration::from_secs(3)))).bind("[::1]:0")?.listen(16)?;
/// assert_eq!(listener.option::<Linger>()?, Linger(Some(Duration::from_secs(3))));
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: socket(7); close(2).
#[doc(alias = "SO_LINGER")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Linger(pub Option<Duration>);

impl SocketOption<Stream> for Linger {}
impl LiveOn<Listening> for Linger {}
impl LiveOn<Connected> for Linger {}
impl Setting for Linger {
    const NAME: &'static str = "SO_LINGER";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_linger(socket, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::linger(socket).map(Self)
    }
}

/// Urgent data arrives among the other data (`SO_OOBINLINE`).
///
/// TCP has one byte at a time that may overtake; without this option only `recv_out_of_band` gives
/// it. New protocols should not use urgent data (RFC 6093). Nothing changes on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off everywhere. On Linux and Android an accepted stream inherits the value from its
/// listener.
///
/// # Errors
///
/// None of its own.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::OutOfBandInline};
///
/// let listener = Builder::stream().with(OutOfBandInline(true)).bind("[::1]:0")?.listen(16)?;
/// assert_eq!(listener.option::<OutOfBandInline>()?, OutOfBandInline(true));
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 6093; socket(7), tcp(7).
#[doc(alias = "SO_OOBINLINE")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OutOfBandInline(pub bool);

impl SocketOption<Stream> for OutOfBandInline {}
impl LiveOn<Listening> for OutOfBandInline {}
impl LiveOn<Connected> for OutOfBandInline {}
impl Setting for OutOfBandInline {
    const NAME: &'static str = "SO_OOBINLINE";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::SO_OOBINLINE, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::SO_OOBINLINE).map(Self)
    }
}

/// How long a receive may wait (`SO_RCVTIMEO`).
///
/// A blocking `recv` or `read` that waited that long without a byte fails with
/// [`WouldBlock`](std::io::ErrorKind::WouldBlock), on every system. On a listener it is `accept`
/// that waits. Nothing changes on the wire.
///
/// [`TimedOut`](std::io::ErrorKind::TimedOut) is something else: the peer of a stream no longer
/// answers, and the connection is over.
///
/// # Values
///
/// A duration, or `None` to wait for ever. What the clock of the system rounds down to nothing
/// becomes the least it knows.
///
/// # Platform notes
///
/// Default: `None` everywhere. Milliseconds on Windows, microseconds elsewhere; Linux rounds up to
/// the next tick, of 1 to 10 ms. On Linux and Android an accepted stream inherits the value from
/// its listener.
///
/// Windows has one number, `WSAETIMEDOUT`, for this and for a dead connection; on a socket that has
/// the timeout it is taken for the timeout, so a nonblocking stream had better have none. Microsoft
/// calls a stream indeterminate after a timeout, to be closed. `accept` knows of no timeout there.
/// [`wait_readable`](crate::TcpListener::wait_readable) has none of this, on any system.
///
/// # Errors
///
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for zero.
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

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_read_timeout(socket.fd, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::read_timeout(socket.fd).map(Self)
    }
}

/// How long a send may wait (`SO_SNDTIMEO`).
///
/// A blocking `send` or `write` that waited that long for room fails with
/// [`WouldBlock`](std::io::ErrorKind::WouldBlock), on every system. Nothing changes on the wire.
///
/// Connecting takes as long as it takes;
/// [`connect_timeout`](crate::Builder::connect_timeout) bounds it.
///
/// # Values
///
/// A duration, or `None` to wait for ever. What the clock of the system rounds down to nothing
/// becomes the least it knows.
///
/// # Platform notes
///
/// Default: `None` everywhere. Units and rounding as for [`ReadTimeout`], and on Windows the
/// number, which leaves open there how much of the data went out (Microsoft). On Linux and Android
/// an accepted stream inherits the value from its listener.
///
/// # Errors
///
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for zero.
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

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_write_timeout(socket.fd, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::write_timeout(socket.fd).map(Self)
    }
}
