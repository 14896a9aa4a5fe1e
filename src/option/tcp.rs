//! Options of TCP (`IPPROTO_TCP`).

use std::io;
use std::time::Duration;

use super::{LiveOn, Setting, SocketOption};
use crate::error::Refusal;
use crate::kind::{Connected, Listening, Stream};
use crate::sys::{self, SocketRef, Unit, option_numbers};

/// Sending small segments at once instead of collecting them (Nagle's algorithm off)
/// (`TCP_NODELAY`).
///
/// With `false` a small segment waits while an earlier one is unacknowledged; a request and reply
/// protocol that writes twice a message then waits for the peer's delayed acknowledgement, 40 ms
/// and more.
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
/// use inet6::{Builder, option::NoDelay};
///
/// let listener = Builder::stream().with(NoDelay(true)).bind("[::1]:0")?.listen(16)?;
/// assert_eq!(listener.option::<NoDelay>()?, NoDelay(true));
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 9293, section 3.7.4; tcp(7).
#[doc(alias = "TCP_NODELAY")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NoDelay(pub bool);

impl SocketOption<Stream> for NoDelay {}
impl LiveOn<Listening> for NoDelay {}
impl LiveOn<Connected> for NoDelay {}
impl Setting for NoDelay {
    const NAME: &'static str = "TCP_NODELAY";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::TCP_NODELAY, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::TCP_NODELAY).map(Self)
    }
}

/// Holding back segments that are not full (`TCP_CORK`).
///
/// While it is on, only full segments leave; switching it off sends the rest. A header and a body
/// that are written apart leave together. [`cork`](crate::TcpStream::cork) sets it for a while.
///
/// # Values
///
/// On or off. Linux lets a held segment go after 200 ms at the latest.
///
/// # Platform notes
///
/// Default: off everywhere. Linux, Android, illumos and Solaris have it; on FreeBSD, DragonFly,
/// OpenBSD and Apple's systems it is `TCP_NOPUSH`. Windows and NetBSD do not have it. On Apple's
/// systems switching it off sends nothing by itself: the rest leaves with the next send.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, TcpStream, option::Cork};
/// use std::io::{ErrorKind, Write};
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let mut stream = TcpStream::connect(listener.local_addr()?)?;
/// match stream.set_option(Cork(true)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => {
///         result?;
///         stream.write_all(b"header, ")?;
///         stream.write_all(b"body")?;
///         stream.set_option(Cork(false))?; // one segment
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: tcp(7), "TCP_CORK"; tcp(4) of FreeBSD, "TCP_NOPUSH".
#[doc(alias = "TCP_CORK")]
#[doc(alias = "TCP_NOPUSH")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cork(pub bool);

impl SocketOption<Stream> for Cork {}
impl LiveOn<Connected> for Cork {}
impl Setting for Cork {
    const NAME: &'static str = "TCP_CORK";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::TCP_CORK, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::TCP_CORK).map(Self)
    }
}

/// Acknowledging at once instead of waiting for an answer to ride on (`TCP_QUICKACK`).
///
/// The peer learns sooner that its data arrived, at the price of more packets. **It does not
/// last**: the system goes back to its own judgement with the traffic, so set it again after each
/// receive that matters.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: on, at the start of a connection. Linux and Android have it; the other systems do not.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, TcpStream, option::QuickAck};
/// use std::io::ErrorKind;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let stream = TcpStream::connect(listener.local_addr()?)?;
/// match stream.set_option(QuickAck(true)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: RFC 9293, section 3.8.6.3; tcp(7), "TCP_QUICKACK".
#[doc(alias = "TCP_QUICKACK")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QuickAck(pub bool);

impl SocketOption<Stream> for QuickAck {}
impl LiveOn<Connected> for QuickAck {}
impl Setting for QuickAck {
    const NAME: &'static str = "TCP_QUICKACK";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::TCP_QUICKACK, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::TCP_QUICKACK).map(Self)
    }
}

/// A value of keep-alive: some systems refuse zero, the others take it for their default.
fn not_zero<T: Default + PartialEq>(value: T) -> io::Result<T> {
    if value == T::default() { Err(Refusal::Zero.into()) } else { Ok(value) }
}

/// How long a connection may be silent before it is probed (`TCP_KEEPIDLE`).
///
/// It counts once [`KeepAlive`](super::KeepAlive) is on.
///
/// # Values
///
/// Whole seconds: 1 to 32 767 on Linux.
///
/// # Platform notes
///
/// Default: two hours everywhere. Linux, Android, FreeBSD, DragonFly, NetBSD, illumos, Solaris,
/// Windows 10 and Apple's systems have it; OpenBSD does not. Apple calls it `TCP_KEEPALIVE`.
/// DragonFly before 5.8 takes the number of seconds for milliseconds. On Linux and Android an
/// accepted stream inherits the value from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for zero, for a fraction of a second and for
/// more than the system takes.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, option::KeepAliveIdle};
/// use std::io::ErrorKind;
/// use std::time::Duration;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// match listener.set_option(KeepAliveIdle(Duration::from_secs(60))) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 9293, section 3.8.4; tcp(7).
#[doc(alias = "TCP_KEEPIDLE")]
#[doc(alias = "TCP_KEEPALIVE")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeepAliveIdle(pub Duration);

impl SocketOption<Stream> for KeepAliveIdle {}
impl LiveOn<Listening> for KeepAliveIdle {}
impl LiveOn<Connected> for KeepAliveIdle {}
impl Setting for KeepAliveIdle {
    const NAME: &'static str = "TCP_KEEPIDLE";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_time(socket, option_numbers::TCP_KEEPIDLE, Unit::Seconds, not_zero(self.0)?)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_time(socket, option_numbers::TCP_KEEPIDLE, Unit::Seconds).map(Self)
    }
}

/// How long to wait for the answer to a probe before the next one (`TCP_KEEPINTVL`).
///
/// It counts once [`KeepAlive`](super::KeepAlive) is on.
///
/// # Values
///
/// Whole seconds: 1 to 32 767 on Linux.
///
/// # Platform notes
///
/// Default: 75 seconds, on Windows one second. Linux, Android, FreeBSD, DragonFly, NetBSD, illumos,
/// Solaris, Windows 10 and Apple's systems have it; OpenBSD does not. DragonFly before 5.8 takes
/// the number of seconds for milliseconds. On Linux and Android an accepted stream inherits the
/// value from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for zero, for a fraction of a second and for
/// more than the system takes.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, option::KeepAliveInterval};
/// use std::io::ErrorKind;
/// use std::time::Duration;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// match listener.set_option(KeepAliveInterval(Duration::from_secs(10))) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 9293, section 3.8.4; tcp(7).
#[doc(alias = "TCP_KEEPINTVL")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeepAliveInterval(pub Duration);

impl SocketOption<Stream> for KeepAliveInterval {}
impl LiveOn<Listening> for KeepAliveInterval {}
impl LiveOn<Connected> for KeepAliveInterval {}
impl Setting for KeepAliveInterval {
    const NAME: &'static str = "TCP_KEEPINTVL";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_time(socket, option_numbers::TCP_KEEPINTVL, Unit::Seconds, not_zero(self.0)?)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_time(socket, option_numbers::TCP_KEEPINTVL, Unit::Seconds).map(Self)
    }
}

/// How many probes may stay unanswered before the connection fails (`TCP_KEEPCNT`).
///
/// It counts once [`KeepAlive`](super::KeepAlive) is on.
///
/// # Values
///
/// Probes: 1 to 127 on Linux, at most 255 on Windows.
///
/// # Platform notes
///
/// Default: 9 on Linux and Android, 8 on most others, 10 on Windows. Linux, Android, FreeBSD,
/// DragonFly, NetBSD, illumos, Solaris, Windows 10 and Apple's systems have it; OpenBSD does not.
/// On Linux and Android an accepted stream inherits the value from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for zero and for more than the system takes.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, option::KeepAliveCount};
/// use std::io::ErrorKind;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// match listener.set_option(KeepAliveCount(3)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 9293, section 3.8.4; tcp(7).
#[doc(alias = "TCP_KEEPCNT")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeepAliveCount(pub u32);

impl SocketOption<Stream> for KeepAliveCount {}
impl LiveOn<Listening> for KeepAliveCount {}
impl LiveOn<Connected> for KeepAliveCount {}
impl Setting for KeepAliveCount {
    const NAME: &'static str = "TCP_KEEPCNT";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_u32(socket, option_numbers::TCP_KEEPCNT, not_zero(self.0)?)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_u32(socket, option_numbers::TCP_KEEPCNT).map(Self)
    }
}

/// How long sent data may stay unacknowledged before the connection fails (`TCP_USER_TIMEOUT`).
///
/// After that time the connection fails with [`TimedOut`](std::io::ErrorKind::TimedOut), instead of
/// after some 15 minutes of retransmitting. It also ends the probes of
/// [`KeepAlive`](super::KeepAlive), whatever their count.
///
/// # Values
///
/// Whole milliseconds, or `None` for the system's own rule.
///
/// # Platform notes
///
/// Default: `None`. Linux and Android have it; the other systems do not. On Linux and Android an
/// accepted stream inherits the value from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for zero, which the system takes for `None`,
/// for a fraction of a millisecond, and above 2 147 483 647.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, option::UserTimeout};
/// use std::io::ErrorKind;
/// use std::time::Duration;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// match listener.set_option(UserTimeout(Some(Duration::from_secs(20)))) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 5482; tcp(7), "TCP_USER_TIMEOUT".
#[doc(alias = "TCP_USER_TIMEOUT")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserTimeout(pub Option<Duration>);

impl SocketOption<Stream> for UserTimeout {}
impl LiveOn<Listening> for UserTimeout {}
impl LiveOn<Connected> for UserTimeout {}
impl Setting for UserTimeout {
    const NAME: &'static str = "TCP_USER_TIMEOUT";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        match self.0 {
            Some(Duration::ZERO) => Err(Refusal::ZeroUserTimeout.into()),
            time => sys::set_time(
                socket,
                option_numbers::TCP_USER_TIMEOUT,
                Unit::Milliseconds,
                time.unwrap_or(Duration::ZERO),
            ),
        }
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let time = sys::get_time(socket, option_numbers::TCP_USER_TIMEOUT, Unit::Milliseconds)?;
        Ok(Self((!time.is_zero()).then_some(time)))
    }
}

/// The largest segment that the peer may send, and that is sent (`TCP_MAXSEG`).
///
/// It is announced when the connection opens, and makes segments smaller than the path would allow.
/// It is of use where "packet too big" messages are lost.
///
/// # Values
///
/// Bytes of data: 88 to 32 767 on Linux, where 0 takes the limit away. Reading gives the size in
/// force on a connection, which is smaller by the TCP options (12 bytes for timestamps).
///
/// # Platform notes
///
/// Default: from the interface; an unconnected socket reads 536 on Linux. Every system has it, and
/// what may be set differs: the BSDs let a value be lowered only, and Windows takes it before the
/// connection. On Linux and Android an accepted stream inherits the value from its listener.
///
/// # Errors
///
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for what the system does not take.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::MaxSegment};
///
/// let bound = Builder::stream().bind("[::1]:0")?;
/// let MaxSegment(bytes) = bound.option()?;
/// println!("{bytes} bytes, before the connection knows better");
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 9293, section 3.7.1; RFC 6691; tcp(7), "TCP_MAXSEG".
#[doc(alias = "TCP_MAXSEG")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaxSegment(pub u32);

impl SocketOption<Stream> for MaxSegment {}
impl LiveOn<Listening> for MaxSegment {}
impl Setting for MaxSegment {
    const NAME: &'static str = "TCP_MAXSEG";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_u32(socket, option_numbers::TCP_MAXSEG, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_u32(socket, option_numbers::TCP_MAXSEG).map(Self)
    }
}

/// The algorithm that decides how fast a connection sends (`TCP_CONGESTION`).
///
/// It guesses from losses, marks and delays what the path carries.
///
/// # Values
///
/// The name of an algorithm that the system has: 1 to 15 bytes, such as `cubic`, `bbr`, `reno`.
///
/// # Platform notes
///
/// Default: chosen by the administrator (`net.ipv4.tcp_congestion_control` on Linux), mostly
/// `cubic`. Linux, Android and FreeBSD have it, and NetBSD as `TCP_CONGCTL`; the other systems do
/// not. Linux loads a missing algorithm for privileged programs, and lets others choose among
/// `net.ipv4.tcp_allowed_congestion_control`. On Linux and Android an accepted stream inherits the
/// value from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`NotFound`](std::io::ErrorKind::NotFound) for a name that the system does not know,
/// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) for one that is not for everyone,
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for what cannot be a name.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, option::Congestion};
/// use std::io::ErrorKind;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// match listener.option() {
///     Ok(Congestion(name)) => listener.set_option(Congestion(name))?,
///     Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported),
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 5681; tcp(7), "TCP_CONGESTION".
#[doc(alias = "TCP_CONGESTION")]
#[doc(alias = "TCP_CONGCTL")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Congestion(pub String);

impl SocketOption<Stream> for Congestion {}
impl LiveOn<Listening> for Congestion {}
impl LiveOn<Connected> for Congestion {}
impl Setting for Congestion {
    const NAME: &'static str = "TCP_CONGESTION";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_text(socket, option_numbers::TCP_CONGESTION, &self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_text(socket, option_numbers::TCP_CONGESTION).map(Self)
    }
}

/// How many bytes may wait unsent before the socket counts as full (`TCP_NOTSENT_LOWAT`).
///
/// Beyond that many bytes the socket is not writable: what a program writes late is then what it
/// wanted to send last. What is sent and unacknowledged does not count. Nothing changes on the
/// wire.
///
/// # Values
///
/// Bytes; 0 for the system's own limit.
///
/// # Platform notes
///
/// Default: 0 on Linux, where `net.ipv4.tcp_notsent_lowat` then counts: no limit. Linux, Android
/// and Apple's systems have it; the others do not. On Linux and Android an accepted stream inherits
/// the value from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, option::NotSentLowWater};
/// use std::io::ErrorKind;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// match listener.set_option(NotSentLowWater(16_384)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: tcp(7), "TCP_NOTSENT_LOWAT"; linux/Documentation/networking/ip-sysctl.rst.
#[doc(alias = "TCP_NOTSENT_LOWAT")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NotSentLowWater(pub u32);

impl SocketOption<Stream> for NotSentLowWater {}
impl LiveOn<Listening> for NotSentLowWater {}
impl LiveOn<Connected> for NotSentLowWater {}
impl Setting for NotSentLowWater {
    const NAME: &'static str = "TCP_NOTSENT_LOWAT";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_word(socket, option_numbers::TCP_NOTSENT_LOWAT, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_word(socket, option_numbers::TCP_NOTSENT_LOWAT).map(Self)
    }
}
