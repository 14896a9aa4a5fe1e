//! Options about when a datagram arrives and leaves.

use std::ffi::c_int;
use std::io;

use super::{LiveOn, Setting, SocketOption};
use crate::error::Refusal;
use crate::kind::{Connected, Datagram, Datagrams, Stream};
use crate::sys::{self, SocketRef, option_numbers};

/// Receiving with each datagram when it arrived (`SO_TIMESTAMP`).
///
/// The kernel reads the clock when the packet comes in, so that the time which the program takes to
/// get to it does not count. Nothing changes on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off everywhere. Linux and Android count nanoseconds (`SO_TIMESTAMPNS`), the other Unix
/// systems microseconds. Windows does not have it.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::RecvTimestamp};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(RecvTimestamp(true)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => {
///         result?;
///         socket.send_to(b"ping", socket.local_addr()?)?;
///         assert!(socket.recv_message(&mut [0; 16])?.time.is_some());
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: socket(7), "SO_TIMESTAMP"; the kernel's timestamping.rst.
#[doc(alias = "SO_TIMESTAMP")]
#[doc(alias = "SO_TIMESTAMPNS")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecvTimestamp(pub bool);

impl SocketOption<Datagram> for RecvTimestamp {}
impl LiveOn<Datagrams> for RecvTimestamp {}
impl Setting for RecvTimestamp {
    const NAME: &'static str = "SO_TIMESTAMP";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::SO_TIMESTAMP, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::SO_TIMESTAMP).map(Self)
    }
}

/// Telling when datagrams arrive and leave, by the clock of the kernel and by that of the network
/// hardware (`SO_TIMESTAMPING`).
///
/// The times of arrival come with the datagrams, as [`Received::time`](crate::udp::Received::time)
/// and [`Received::hardware_time`](crate::udp::Received::hardware_time). The times of sending come
/// through the error queue ([`recv_error`](crate::UdpSocket::recv_error),
/// [`SendTime`](crate::error_queue::SendTime)), numbered from 0 in the order of the datagrams.
/// Nothing changes on the wire.
///
/// On a stream only times of sending are told. It must be connected: set the option on the open
/// [`TcpStream`](crate::TcpStream).
///
/// # Values
///
/// Which times are wanted. With `hardware` those of the hardware come too, where the interface has
/// a clock and it was switched on for the whole system (`SIOCSHWTSTAMP`, hwstamp_ctl(8)).
///
/// # Platform notes
///
/// Default: none. Linux and Android have it; the other systems do not. Where nobody else on the
/// system wanted times, the first datagrams after it was switched on come without.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option,
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) with `send` on a stream that is not
/// connected.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::Timestamping};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(Timestamping { receive: true, ..Timestamping::default() }) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => {
///         result?;
///         socket.send_to(b"ping", socket.local_addr()?)?;
///         println!("arrived at {:?}", socket.recv_message(&mut [0; 16])?.time);
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: the kernel's timestamping.rst, "SO_TIMESTAMPING".
#[doc(alias = "SO_TIMESTAMPING")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by users; the rest is `..default()`")]
pub struct Timestamping {
    /// The times of arrival.
    pub receive: bool,
    /// The times of sending.
    pub send: bool,
    /// Of both what is wanted of them, by the clock of the hardware too.
    pub hardware: bool,
}

impl SocketOption<Stream> for Timestamping {}
impl SocketOption<Datagram> for Timestamping {}
impl LiveOn<Connected> for Timestamping {}
impl LiveOn<Datagrams> for Timestamping {}
impl Setting for Timestamping {
    const NAME: &'static str = "SO_TIMESTAMPING";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        let wanted = [
            (self.receive, option_numbers::TIMESTAMPING_RX_SOFTWARE),
            (self.receive, option_numbers::TIMESTAMPING_SOFTWARE),
            (self.send, option_numbers::TIMESTAMPING_TX_SOFTWARE),
            (self.send, option_numbers::TIMESTAMPING_SOFTWARE),
            (self.send, option_numbers::TIMESTAMPING_TX_FORM),
            (self.hardware, option_numbers::TIMESTAMPING_RAW_HARDWARE),
            (self.hardware && self.receive, option_numbers::TIMESTAMPING_RX_HARDWARE),
            (self.hardware && self.send, option_numbers::TIMESTAMPING_TX_HARDWARE),
        ];
        let flags =
            wanted.iter().filter(|(wanted, _)| *wanted).fold(0, |all, (_, bits)| all | bits);
        // Linux numbers the bytes of a stream from where they are.
        let explain = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidInput if self.send => Refusal::NotYetConnected.into(),
            _ => error,
        };
        sys::set_word(socket, option_numbers::SO_TIMESTAMPING, flags).map_err(explain)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let flags = sys::get_word(socket, option_numbers::SO_TIMESTAMPING)?;
        Ok(Self {
            receive: flags & option_numbers::TIMESTAMPING_RX_SOFTWARE != 0,
            send: flags & option_numbers::TIMESTAMPING_TX_SOFTWARE != 0,
            hardware: flags & option_numbers::TIMESTAMPING_RAW_HARDWARE != 0,
        })
    }
}

/// Lets each datagram have a time of sending, on a clock (`SO_TXTIME`).
///
/// [`Outgoing::send_at`](crate::udp::Outgoing::send_at) gives it. A sender that paces its packets
/// leaves the waiting to the kernel, or to the hardware. The queueing discipline of the interface
/// does the waiting, and the clock must be its own:
///
/// | queueing discipline | clock | drops |
/// | --- | --- | --- |
/// | `fq` (tc-fq(8)) | [`Monotonic`](TransmitClock::Monotonic) | what is due after its `horizon` (10 s ahead), without a report |
/// | `etf` (tc-etf(8)), without `deadline_mode` | [`Tai`](TransmitClock::Tai) | what is late, and what has another clock; with a report |
/// | others | | nothing: they send at once |
///
/// Both were run on Linux 6.1 and 7.3. `fq` sends at the time or later, `etf` up to its `delta`
/// before. To the `fq` of 6.1 a time of another clock is due after its horizon; that of 7.3
/// converts it.
///
/// **A datagram that `etf` drops is reported** through the error queue:
/// [`recv_error`](crate::UdpSocket::recv_error) returns it with
/// [`ErrorReport::unsent`](crate::error_queue::ErrorReport::unsent), also without
/// [`RecvError`](crate::option::RecvError). Take the reports: they fill the receive buffer, and
/// until they are taken the socket is ready with an error.
///
/// # Values
///
/// The clock, or `None`. The clock may change later, but the option is not switched off again.
///
/// # Platform notes
///
/// Default: `None`. Linux and Android have it; the other systems do not. A clock other than the
/// monotonic one needs `CAP_NET_ADMIN`. An adopted socket whose program has set the clock of the
/// system without reports reads `None`, because Linux shows the two alike.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option,
/// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) for a clock that needs a privilege,
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for switching it off again.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, udp::Outgoing};
/// use inet6::option::{TransmitClock, TransmitTime};
/// use std::io::ErrorKind;
/// use std::time::{Duration, Instant};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(TransmitTime(Some(TransmitClock::Monotonic))) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => {
///         result?;
///         let soon = Instant::now() + Duration::from_millis(1);
///         socket.send_message(&Outgoing::to(socket.local_addr()?, b"x").send_at(soon))?;
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// On an interface with `etf`, with a privilege:
///
/// ```no_run
/// # // no_run: it needs a privilege.
/// use inet6::{Builder, udp::{Outgoing, SendAt}};
/// use inet6::option::{TransmitClock, TransmitTime};
/// use std::time::Duration;
///
/// let clock = TransmitTime(Some(TransmitClock::Tai));
/// let socket = Builder::datagram().with(clock).bind("[::]:0")?;
/// let soon = SendAt::Tai(SendAt::tai_now()? + Duration::from_millis(1));
/// socket.send_message(&Outgoing::to("[2001:db8::1]:9000", b"x").send_at(soon))?;
/// while let Some(report) = socket.recv_error(&mut [])? {
///     if let Some(unsent) = report.unsent {
///         println!("the datagram of {:?} was dropped: {:?}", unsent.time, unsent.cause);
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: socket(7); linux/net_tstamp.h, "struct sock_txtime"; Linux, net/sched/sch_etf.c and
/// sch_fq.c.
#[doc(alias = "SO_TXTIME")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransmitTime(pub Option<TransmitClock>);

/// A clock for [`TransmitTime`].
///
/// # Examples
///
/// See [`TransmitTime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransmitClock {
    /// The clock of [`Instant`](std::time::Instant), which cannot be set (`CLOCK_MONOTONIC`).
    #[doc(alias = "CLOCK_MONOTONIC")]
    Monotonic,
    /// The clock of [`SystemTime`](std::time::SystemTime), which may be set (`CLOCK_REALTIME`).
    #[doc(alias = "CLOCK_REALTIME")]
    Realtime,
    /// International atomic time, which has no leap seconds (`CLOCK_TAI`); that of network
    /// hardware.
    #[doc(alias = "CLOCK_TAI")]
    Tai,
}

impl TransmitClock {
    const ALL: [Self; 3] = [Self::Monotonic, Self::Realtime, Self::Tai];

    fn number(self) -> c_int {
        match self {
            Self::Monotonic => option_numbers::CLOCK_MONOTONIC,
            Self::Realtime => option_numbers::CLOCK_REALTIME,
            Self::Tai => option_numbers::CLOCK_TAI,
        }
    }
}

impl SocketOption<Datagram> for TransmitTime {}
impl LiveOn<Datagrams> for TransmitTime {}
impl Setting for TransmitTime {
    const NAME: &'static str = "SO_TXTIME";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        if let Some(clock) = self.0 {
            return sys::set_bytes(socket, option_numbers::SO_TXTIME, &sock_txtime(clock));
        }
        match Self::read(socket)? {
            Self(None) => Ok(()),
            Self(Some(_)) => Err(Refusal::NotSwitchedOff.into()),
        }
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let mut value = [0; 8];
        sys::get_bytes(socket, option_numbers::SO_TXTIME, &mut value)?;
        // Zeros are the clock of the system without flags, and also no clock at all.
        if value == [0; 8] {
            return Ok(Self(None));
        }
        let [a, b, c, d, ..] = value;
        let number = c_int::from_ne_bytes([a, b, c, d]);
        match TransmitClock::ALL.into_iter().find(|clock| clock.number() == number) {
            Some(clock) => Ok(Self(Some(clock))),
            None => Err(Refusal::UnknownClock(number).into()),
        }
    }
}

/// `struct sock_txtime`: the clock, and the flags.
fn sock_txtime(clock: TransmitClock) -> [u8; 8] {
    let mut value = [0; 8];
    value[..4].copy_from_slice(&clock.number().to_ne_bytes());
    value[4..].copy_from_slice(&option_numbers::TXTIME_REPORT_ERRORS.to_ne_bytes());
    value
}
