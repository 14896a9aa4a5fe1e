//! Options of TCP (`IPPROTO_TCP`) about how a connection opens.

use std::io;
use std::time::Duration;

use super::{LiveOn, Setting, SocketOption};
use crate::error::Refusal;
use crate::kind::{Listening, Stream};
use crate::sys::{self, SocketRef, System, Unit, option_numbers};

/// Accepting a connection when its first data is there (`TCP_DEFER_ACCEPT`).
///
/// `accept` does not return for a client that connects and is silent. The client sees an open
/// connection at once; when the time is over the connection is accepted all the same, or given up,
/// depending on the system.
///
/// # Values
///
/// Whole seconds, or `None` to accept at once. **Linux counts retransmissions**: reading gives the
/// time rounded up to 1, 3, 7, 15, 31 seconds and so on.
///
/// # Platform notes
///
/// Default: `None`. Linux and Android have it; the other systems do not. An accepted stream does
/// not inherit it.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for zero, which the system takes for `None`,
/// for a fraction of a second, and above 2 147 483 647.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, option::DeferAccept};
/// use std::io::ErrorKind;
/// use std::time::Duration;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// match listener.set_option(DeferAccept(Some(Duration::from_secs(3)))) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: tcp(7), "TCP_DEFER_ACCEPT".
#[doc(alias = "TCP_DEFER_ACCEPT")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeferAccept(pub Option<Duration>);

impl SocketOption<Stream> for DeferAccept {}
impl LiveOn<Listening> for DeferAccept {}
impl Setting for DeferAccept {
    const NAME: &'static str = "TCP_DEFER_ACCEPT";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        match self.0 {
            Some(Duration::ZERO) => Err(Refusal::ZeroDefer.into()),
            time => sys::set_time(
                socket,
                option_numbers::TCP_DEFER_ACCEPT,
                Unit::Seconds,
                time.unwrap_or(Duration::ZERO),
            ),
        }
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let time = sys::get_time(socket, option_numbers::TCP_DEFER_ACCEPT, Unit::Seconds)?;
        Ok(Self((!time.is_zero()).then_some(time)))
    }
}

/// Taking data from the first packet of a client that was here before (`TCP_FASTOPEN`).
///
/// Such a client saves a round trip: its data comes with the SYN, and is answered before the
/// handshake ends. The data may arrive twice, so it suits requests that may be repeated.
///
/// # Values
///
/// How many connections may wait with data in a handshake that is not finished; 0 for none. Linux
/// caps it at the backlog's own limit, `net.core.somaxconn`. On FreeBSD, Windows and Apple's
/// systems any number above 0 means "on", and reading gives 1.
///
/// # Platform notes
///
/// Default: 0. Linux, Android, FreeBSD, Windows 10 and Apple's systems have it; the others do not.
/// On Linux `net.ipv4.tcp_fastopen` must allow servers (2), and on FreeBSD
/// `net.inet.tcp.fastopen.server_enable` must be 1. FreeBSD and Apple's systems take the option on
/// a listening socket only: there [`listen`](crate::tcp::BoundStream::listen) sets what the builder
/// recorded, and a socket that connects never has it. An accepted stream does not inherit it.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) above 2 147 483 647.
/// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) on FreeBSD, while the administrator
/// has it switched off, as it is by default.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, option::FastOpen};
/// use std::io::ErrorKind;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// match listener.set_option(FastOpen(16)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 7413; tcp(7), "TCP_FASTOPEN".
#[doc(alias = "TCP_FASTOPEN")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FastOpen(pub u32);

impl SocketOption<Stream> for FastOpen {}
impl LiveOn<Listening> for FastOpen {}
impl Setting for FastOpen {
    const NAME: &'static str = "TCP_FASTOPEN";

    const AT_LISTEN: bool = System::HERE.opens_fast_after_listen();

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_u32(socket, option_numbers::TCP_FASTOPEN, System::HERE.fast_open(self.0))
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let value = sys::get_u32(socket, option_numbers::TCP_FASTOPEN)?;
        Ok(Self(System::HERE.fast_open_queue(value)))
    }
}

/// Sending the first data with the packet that opens the connection (`TCP_FASTOPEN_CONNECT`).
///
/// With a cookie from an earlier connection, **`connect` returns before anything was sent**; the
/// first write goes with the SYN, and a refused connection is an error of that write. Without a
/// cookie `connect` does what it always does, and asks for one. In a race between the addresses of
/// a [host](crate::connect::HappyEyeballs) one with a cookie wins at once, even if nobody is there
/// any more.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off. Linux and Android have it; the other systems do not. `net.ipv4.tcp_fastopen` must
/// allow clients (1), as it does unless changed.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option, or does not
/// allow it to clients.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, TcpListener, option::FastOpenConnect};
/// use std::io::{ErrorKind, Write};
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// match Builder::stream().with(FastOpenConnect(true)).connect(listener.local_addr()?) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     stream => stream?.write_all(b"the first data")?,
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: RFC 7413; tcp(7), "TCP_FASTOPEN_CONNECT".
#[doc(alias = "TCP_FASTOPEN_CONNECT")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FastOpenConnect(pub bool);

impl SocketOption<Stream> for FastOpenConnect {}
impl Setting for FastOpenConnect {
    const NAME: &'static str = "TCP_FASTOPEN_CONNECT";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::TCP_FASTOPEN_CONNECT, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::TCP_FASTOPEN_CONNECT).map(Self)
    }
}
