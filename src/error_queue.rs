//! What became of datagrams that were sent: [`ErrorReport`], and the queue that holds them.

use std::io::{self, IoSliceMut};
use std::time::{Duration, SystemTime};

use crate::icmp::{Icmp, Icmpv4Error, Icmpv6Error};
use crate::mode::{DualStack, FromWire, IpFromWire, Mode};
use crate::sys::cmsg::Queued;
use crate::sys::{self, Borrowed};
use crate::tcp::{Connecting, TcpStream};
use crate::udp::{ConnectedUdpSocket, UdpSocket};

#[cfg(any(test, fuzzing))]
pub(crate) mod invariants;

/// What a router, the peer or this host says of a datagram that was sent.
///
/// With [`RecvError`](crate::option::RecvError) the system keeps these reports in a queue of their
/// own, and [`recv_error`](UdpSocket::recv_error) takes them from there. The payload of the
/// datagram is in the buffer, as far as the report quotes it.
///
/// # Examples
///
/// ```
/// use inet6::icmp::{Icmp, Icmpv6Error, Unreachable};
/// use inet6::{Builder, UdpSocket, error_queue::Origin, option::RecvError};
///
/// let nobody = UdpSocket::bind("[::1]:0")?;
/// let closed = nobody.local_addr()?;
/// let _nobody = nobody.connect(closed)?; // hears itself alone
/// # if cfg!(not(target_os = "linux")) { return Ok(()); }
/// let socket = Builder::datagram().with(RecvError(true)).bind("[::1]:0")?;
/// socket.send_to(b"anybody there?", closed)?;
/// socket.recv_from(&mut [0; 16]).unwrap_err(); // the report has come
///
/// let mut buffer = [0; 1280];
/// let report = socket.recv_error(&mut buffer)?.expect("the reason of the error");
/// let refused = Icmpv6Error::DestinationUnreachable(Unreachable::Port);
/// assert_eq!((report.origin, report.icmp), (Origin::Icmpv6, Some(Icmp::V6(refused))));
/// assert_eq!(report.destination, Some(closed));
/// assert_eq!(report.offender, Some(closed.ip()));
/// assert_eq!(&buffer[..report.len], b"anybody there?");
/// assert!(socket.recv_error(&mut buffer)?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: recv(2), "MSG_ERRQUEUE"; linux/errqueue.h.
#[doc(alias = "sock_extended_err")]
#[doc(alias = "MSG_ERRQUEUE")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ErrorReport<M: Mode = DualStack> {
    /// How many bytes of the datagram's payload are in the buffer; never more than it holds.
    ///
    /// A router quotes as much as 1280 bytes hold, in IPv4 often no more than 8 bytes. Of a segment
    /// of TCP it is the header. Of a datagram that was dropped for its time it is the whole packet,
    /// with the payload at its end and all headers before it, the first one that of the link.
    pub len: usize,
    /// Whether more was quoted than the buffer holds, and the rest of it is lost.
    pub truncated: bool,
    /// Where the datagram was sent to. A report about a time of sending does not contain it.
    pub destination: Option<M::Address>,
    /// Who says so.
    pub origin: Origin,
    /// The message of ICMPv6, or of ICMP about an IPv4 peer, where a router or the peer says so.
    pub icmp: Option<Icmp>,
    /// The router or host that the message came from.
    #[doc(alias = "SO_EE_OFFENDER")]
    pub offender: Option<M::Ip>,
    /// How many bytes the path takes, with all headers, where the datagram was too big.
    pub mtu: Option<u32>,
    /// When the datagram left, where that is what is reported
    /// ([`Timestamping`](crate::option::Timestamping)).
    pub sent: Option<SendTime>,
    /// Why the datagram was dropped before it left, if its time of sending is the reason
    /// ([`TransmitTime`](crate::option::TransmitTime)).
    pub unsent: Option<Unsent>,
    errno: i32,
}

/// Who reports an error.
///
/// # Examples
///
/// See [`ErrorReport`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// This host: the datagram was not sent.
    Local,
    /// A router or the peer, by ICMP: an IPv4 peer of a dual-stack socket.
    Icmp,
    /// A router or the peer, by ICMPv6.
    Icmpv6,
    /// This host, and it is no error: the datagram was sent, and [`sent`](ErrorReport::sent) tells
    /// when.
    Timestamp,
    /// The queueing discipline of this host: it dropped the datagram for its time of sending, and
    /// [`unsent`](ErrorReport::unsent) contains the cause.
    TransmitTime,
    /// A number without a name here (linux/errqueue.h, `SO_EE_ORIGIN_*`).
    Other(u8),
}

/// When a datagram left this host.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, UdpSocket, option::Timestamping};
///
/// # if cfg!(not(target_os = "linux")) { return Ok(()); }
/// let timestamping = Timestamping { send: true, ..Timestamping::default() };
/// let socket = Builder::datagram().with(timestamping).bind("[::1]:0")?;
/// let server = UdpSocket::bind("[::1]:0")?;
/// socket.send_to(b"first", server.local_addr()?)?;
/// socket.send_to(b"second", server.local_addr()?)?;
/// for id in [0, 1] {
///     let sent = socket.recv_error(&mut [])?.and_then(|report| report.sent).expect("a time");
///     assert_eq!(sent.id, id);
///     println!("{id} left at {:?}", sent.time);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Linux, Documentation/networking/timestamping.rst.
#[doc(alias = "SCM_TIMESTAMPING")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SendTime {
    /// Which datagram: they are counted from 0, from when the option was set. On a stream it is the
    /// number of the last byte of what was sent.
    pub id: u32,
    /// When the driver took it, by the clock of the system.
    pub time: Option<SystemTime>,
    /// When the hardware sent it, by its own clock, since whatever that counts from.
    pub hardware_time: Option<Duration>,
}

/// Why a datagram was dropped for its time of sending.
///
/// # Examples
///
/// See [`TransmitTime`](crate::option::TransmitTime).
///
/// Source: tc-etf(8); linux/errqueue.h, `SO_EE_CODE_TXTIME_*`; Linux, net/sched/sch_etf.c.
#[doc(alias = "SO_EE_ORIGIN_TXTIME")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Unsent {
    /// The time of sending that the datagram had, on the clock of its socket, since the zero of
    /// that clock. Of a [`SendAt::Tai`](crate::udp::SendAt::Tai) it is the value that was given.
    pub time: Duration,
    /// What was wrong with it.
    pub cause: UnsentCause,
}

/// What was wrong with a time of sending.
///
/// # Examples
///
/// See [`TransmitTime`](crate::option::TransmitTime).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnsentCause {
    /// The queueing discipline does not take the datagram: its time had passed when it was sent, or
    /// the socket has another clock.
    Invalid,
    /// The time passed while the datagram waited.
    Missed,
    /// A number without a name here (linux/errqueue.h, `SO_EE_CODE_TXTIME_*`).
    Other(u8),
}

impl Unsent {
    fn new(queued: &Queued) -> Self {
        let nanos = u64::from(queued.data) << 32 | u64::from(queued.info);
        let cause = match queued.code {
            1 => UnsentCause::Invalid,
            2 => UnsentCause::Missed,
            other => UnsentCause::Other(other),
        };
        Self { time: Duration::from_nanos(nanos), cause }
    }
}

impl<M: Mode> ErrorReport<M> {
    fn new(report: sys::QueuedReport) -> Self {
        let sys::QueuedReport { len, truncated, destination, queued } = report;
        let (kind, code) = (queued.kind, queued.code);
        let (origin, icmp) = match queued.origin {
            1 => (Origin::Local, None),
            2 => (Origin::Icmp, Some(Icmp::V4(Icmpv4Error::new(kind, code)))),
            3 => (Origin::Icmpv6, Some(Icmp::V6(Icmpv6Error::new(kind, code)))),
            Queued::TIMESTAMP => (Origin::Timestamp, None),
            Queued::TRANSMIT_TIME => (Origin::TransmitTime, None),
            other => (Origin::Other(other), None),
        };
        let too_big = match origin {
            Origin::Local | Origin::Icmp | Origin::Icmpv6 => {
                sys::errno::is_too_long(&io::Error::from_raw_os_error(queued.errno))
            }
            _ => false,
        };
        Self {
            len,
            truncated,
            // What the kernel reads an address from is not set for a packet that it drops.
            destination: destination
                .filter(|_| origin != Origin::TransmitTime)
                .map(M::Address::from_wire),
            origin,
            icmp,
            // For the others, it is no router that the kernel writes there.
            offender: icmp.and(queued.offender).map(M::Ip::ip_from_wire),
            mtu: (too_big && queued.info != 0).then_some(queued.info),
            sent: (origin == Origin::Timestamp).then_some(SendTime {
                id: queued.data,
                time: queued.time,
                hardware_time: queued.hardware_time,
            }),
            unsent: (origin == Origin::TransmitTime).then(|| Unsent::new(&queued)),
            errno: queued.errno,
        }
    }

    /// The error that the system makes of it; none of a time of sending.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, UdpSocket, option::RecvError};
    /// use std::io::ErrorKind;
    ///
    /// # if cfg!(not(target_os = "linux")) { return Ok(()); }
    /// let nobody = UdpSocket::bind("[::1]:0")?;
    /// let closed = nobody.local_addr()?;
    /// let _nobody = nobody.connect(closed)?; // hears itself alone
    /// let socket = Builder::datagram().with(RecvError(true)).bind("[::1]:0")?;
    /// socket.send_to(b"anybody there?", closed)?;
    /// while let Some(report) = socket.recv_error(&mut [])? {
    ///     let kind = report.error().map(|error| error.kind());
    ///     assert_eq!(kind, Some(ErrorKind::ConnectionRefused));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn error(&self) -> Option<io::Error> {
        let error = || io::Error::from_raw_os_error(self.errno);
        (self.origin != Origin::Timestamp).then(error)
    }
}

fn report<M: Mode>(fd: Borrowed<'_>, buffer: &mut [u8]) -> io::Result<Option<ErrorReport<M>>> {
    report_into(fd, &mut [IoSliceMut::new(buffer)])
}

/// As `report`, into several slices.
pub(crate) fn report_into<M: Mode>(
    fd: Borrowed<'_>,
    buffers: &mut [IoSliceMut<'_>],
) -> io::Result<Option<ErrorReport<M>>> {
    Ok(sys::recv_error(fd, buffers)?.map(ErrorReport::new))
}

impl<M: Mode> UdpSocket<M> {
    /// Takes the oldest report from the error queue; `None` if it is empty.
    ///
    /// It never waits, on a blocking socket neither. Whoever waits for a datagram is woken by a
    /// report: the receive fails, once, with the error that it tells. Taking the last report takes
    /// that error back, so that a program that empties the queue first receives without it.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) where the system has no such queue; the rest are
    /// those of recvmsg(2), which are rare.
    ///
    /// # Platform notes
    ///
    /// Linux and Android have it; the other systems do not.
    ///
    /// # Examples
    ///
    /// See [`ErrorReport`].
    #[doc(alias = "MSG_ERRQUEUE")]
    pub fn recv_error(&self, buffer: &mut [u8]) -> io::Result<Option<ErrorReport<M>>> {
        report(self.socket_ref().fd, buffer)
    }
}

impl<M: Mode> ConnectedUdpSocket<M> {
    /// Takes the oldest report from the error queue; `None` if it is empty.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_error`].
    ///
    /// # Platform notes
    ///
    /// Linux and Android have it; the other systems do not.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, UdpSocket, option::RecvError};
    ///
    /// let nobody = UdpSocket::bind("[::1]:0")?;
    /// let closed = nobody.local_addr()?;
    /// let _nobody = nobody.connect(closed)?; // hears itself alone
    /// # if cfg!(not(target_os = "linux")) { return Ok(()); }
    /// let socket = Builder::datagram().with(RecvError(true)).connect(closed)?;
    /// socket.send(b"anybody there?")?;
    /// socket.recv(&mut [0; 16]).unwrap_err();
    /// let report = socket.recv_error(&mut [])?.expect("the reason of the error");
    /// assert_eq!((report.len, report.truncated), (0, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "MSG_ERRQUEUE")]
    pub fn recv_error(&self, buffer: &mut [u8]) -> io::Result<Option<ErrorReport<M>>> {
        report(self.socket_ref().fd, buffer)
    }
}

impl<M: Mode> Connecting<M> {
    /// Takes the oldest report from the error queue; `None` if it is empty.
    ///
    /// With [`RecvError`](crate::option::RecvError) a connection that fails because of what a
    /// router or the peer says by ICMP leaves a report. [`finish`](Self::finish) returns the same
    /// error, whether the report was taken or not. A peer that refuses by a reset leaves none.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_error`].
    ///
    /// # Platform notes
    ///
    /// Linux and Android have it; the other systems do not.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, TcpListener, option::RecvError};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// # if cfg!(not(target_os = "linux")) { return Ok(()); }
    /// let stream = Builder::stream().with(RecvError(true));
    /// let connecting = stream.start_connect(listener.local_addr()?)?;
    /// assert!(connecting.recv_error(&mut [])?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "MSG_ERRQUEUE")]
    pub fn recv_error(&self, buffer: &mut [u8]) -> io::Result<Option<ErrorReport<M>>> {
        let report: Option<ErrorReport<M>> = report(self.descriptor(), buffer)?;
        if let Some(error) = report.as_ref().and_then(ErrorReport::error) {
            self.remember(&error);
        }
        Ok(report)
    }
}

impl<M: Mode> TcpStream<M> {
    /// Takes the oldest report from the error queue; `None` if it is empty.
    ///
    /// On a connection these are times of sending
    /// ([`Timestamping`](crate::option::Timestamping)). What routers say of it is not queued: it is
    /// an error of the next call, with [`RecvError`](crate::option::RecvError) at once.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_error`].
    ///
    /// # Platform notes
    ///
    /// Linux and Android have it; the other systems do not.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream, option::Timestamping};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// # if cfg!(not(target_os = "linux")) { return Ok(()); }
    /// stream.set_option(Timestamping { send: true, ..Timestamping::default() })?;
    /// stream.send(b"12345")?;
    /// let sent = stream.recv_error(&mut [])?.and_then(|report| report.sent).expect("a time");
    /// assert_eq!(sent.id, 4); // the last byte is the fifth
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "MSG_ERRQUEUE")]
    pub fn recv_error(&self, buffer: &mut [u8]) -> io::Result<Option<ErrorReport<M>>> {
        report(self.socket_ref().fd, buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv6Addr, SocketAddrV6};

    use proptest::prelude::*;

    use super::invariants::any_bytes;
    use super::*;
    use crate::mode::V6Only;
    use crate::sys::cmsg::{Layout, Native};
    use crate::sys::option_numbers::{self, Number};

    /// `struct sock_extended_err`, and the address of who says so.
    fn value(origin: u8, kind: u8, code: u8, offender: &[u8]) -> Vec<u8> {
        let mut value = 90_i32.to_ne_bytes().to_vec();
        value.extend([origin, kind, code, 0]);
        value.extend(1280_u32.to_ne_bytes());
        value.extend(7_u32.to_ne_bytes());
        value.extend(offender);
        value
    }

    fn message(value: &[u8]) -> Option<Vec<u8>> {
        let Number { level, name } = option_numbers::CMSG_IPV6_RECVERR?;
        let mut bytes = (Native::HEADER + value.len()).to_ne_bytes().to_vec();
        bytes.resize(Native::LEN, 0);
        bytes.extend(level.to_ne_bytes());
        bytes.extend(name.to_ne_bytes());
        bytes.extend(value);
        Some(bytes)
    }

    proptest! {
        // A failing case is printed; nothing is written beside the sources.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn arbitrary_bytes_make_consistent_report(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            (origin, family) in (0..8_u8, prop::sample::select(vec![0_u16, 2, 10])),
        ) {
            any_bytes(&bytes);
            // What the bytes lead to where these two make sense.
            let mut bytes = bytes;
            if let Some(known) = bytes.get_mut(..18) {
                known[4] = origin;
                known[16..].copy_from_slice(&family.to_ne_bytes());
            }
            if let Some(message) = message(&bytes) {
                any_bytes(&message);
            }
        }
    }

    /// As net/sched/sch_etf.c writes them (`report_sock_error`), beside an address that it did not
    /// set.
    #[test]
    fn dropped_datagram_has_time_and_cause() {
        for (errno, code, cause) in [
            (22, 1, UnsentCause::Invalid),
            (125, 2, UnsentCause::Missed),
            (0, 9, UnsentCause::Other(9)),
        ] {
            let mut value = i32::to_ne_bytes(errno).to_vec();
            value.extend([6, 0, code, 0]);
            // The low and the high half of the time.
            value.extend(0x8000_0001_u32.to_ne_bytes());
            value.extend(0x17ff_0000_u32.to_ne_bytes());
            let Some(queued) = message(&value).map(|bytes| Queued::read::<Native>(&bytes)) else {
                return;
            };
            let wire = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 9, 0, 0);
            let (queued, destination) = (queued.unwrap(), Some(wire));
            let report = sys::QueuedReport { len: 4, truncated: false, destination, queued };
            let report = ErrorReport::<V6Only>::new(report);
            let time = Duration::from_nanos(0x17ff_0000_8000_0001);
            assert_eq!(report.unsent, Some(Unsent { time, cause }));
            assert_eq!((report.origin, report.len), (Origin::TransmitTime, 4));
            let others = (report.icmp, report.offender, report.mtu, report.sent);
            assert_eq!(others, (None, None, None, None));
            assert_eq!(report.destination, None);
            assert_eq!(report.error().and_then(|error| error.raw_os_error()), Some(errno));
        }
    }

    #[test]
    fn report_parses_to_its_end() {
        let ip: Ipv6Addr = "2001:db8::1".parse().unwrap();
        let mut address = 10_u16.to_ne_bytes().to_vec();
        address.extend([0; 6]);
        address.extend(ip.octets());
        address.extend([0; 4]);
        let value = value(3, 2, 0, &address);
        let Some(whole) = message(&value) else { return };
        let queued = Queued::read::<Native>(&whole).unwrap();
        assert_eq!((queued.errno, queued.origin, queued.kind, queued.code), (90, 3, 2, 0));
        assert_eq!((queued.info, queued.data, queued.offender), (1280, 7, Some(ip)));
        for len in 0..value.len() {
            let read = Queued::read::<Native>(&message(&value[..len]).unwrap());
            // Without its last bytes the address has lost its scope only.
            let offender = (len >= 16 + 24).then_some(ip);
            let expected = (len >= 16).then_some(Queued { offender, ..queued });
            assert_eq!(read, expected, "{len}");
        }
        let ipv4 = [&2_u16.to_ne_bytes()[..], &[0, 0, 192, 0, 2, 1], &[0; 8]].concat();
        let read = Queued::read::<Native>(&message(&self::value(2, 3, 4, &ipv4)).unwrap()).unwrap();
        assert_eq!(read.offender, Some("::ffff:192.0.2.1".parse().unwrap()));
    }
}
