//! Every option: what is set is what is read, on the builder and on open sockets, in every mode,
//! with its IPv4 twin; and where the kernel does something else, that.

use std::fmt::Debug;
use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use inet6::header::{Dscp, Ecn};
use inet6::kind::{Connected, Datagram, Datagrams, Listening, Stream};
use inet6::mode::Mode;
use inet6::option::*;
use inet6::{
    Builder, Error, TcpListener, TcpStream, UdpSocket, addr::Zone, error::Op, interface::Interface,
    udp::MessageTooLong,
};

use crate::support::*;

mod behaviour;

const LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// One option: its C name, the value that is set, and the one that is read back.
struct Case<O> {
    name: &'static str,
    set: O,
    read: O,
    on_linux: bool,
    needs_privilege: bool,
    twin: Option<(i32, i32)>,
}

/// Describes an option that reads as it was set, and that Linux has.
fn option_case<O: Clone>(name: &'static str, value: O) -> Case<O> {
    let read = value.clone();
    Case { name, set: value, read, on_linux: true, needs_privilege: false, twin: None }
}

impl<O> Case<O> {
    /// Another value is read back.
    fn reads(self, value: O) -> Self {
        Self { read: value, ..self }
    }

    /// Linux does not have it as well, under a condition.
    fn linux(self, on_linux: bool) -> Self {
        Self { on_linux, ..self }
    }

    /// Only privileged programs may set it.
    fn privileged(self) -> Self {
        Self { needs_privilege: true, ..self }
    }

    /// On a dual-stack socket this option of `IPPROTO_IP` is set too (Linux's numbers).
    fn twin(self, number: i32, value: i32) -> Self {
        Self { twin: Some((number, value)), ..self }
    }

    /// Returns what was opened or done, or `None` after a refusal that is in order.
    ///
    /// Which version of another system has what is not known here: there, what is missing must be
    /// said properly, and the rest must work.
    #[track_caller]
    fn supported<T>(&self, result: Result<T, Error>) -> Option<T> {
        let error = match result {
            Ok(_) if LINUX && !self.on_linux => panic!("{} works here", self.name),
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        assert_eq!(error.op(), Op::Set(self.name), "{error}");
        assert!(error.to_string().contains(self.name), "{error}");
        match error.kind() {
            ErrorKind::Unsupported if !LINUX || !self.on_linux => {
                // The crate knows a number for it, and the system does not.
                if error.raw_os_error().is_some() {
                    leave_out(&format!("{} is refused", self.name));
                }
                None
            }
            ErrorKind::PermissionDenied if self.needs_privilege && !privileged() => None,
            kind => panic!("{error} ({kind:?})"),
        }
    }
}

/// Whether this process has CAP_NET_ADMIN (12).
pub(crate) fn privileged() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    line.is_some_and(|bits| u64::from_str_radix(bits.trim(), 16).unwrap() & 1 << 12 != 0)
}

// The shapes.

/// An option of streams that is decided before the socket is bound.
#[track_caller]
fn stream<O: SocketOption<Stream> + PartialEq>(case: Case<O>) {
    in_every_mode!(mode => bound_stream(&case, Builder::stream().mode(mode)));
}

/// An option of datagram sockets that is decided before the socket is bound.
#[track_caller]
fn datagram<O: SocketOption<Datagram> + PartialEq>(case: Case<O>) {
    in_every_mode!(mode => bound_datagram(&case, Builder::datagram().mode(mode)));
}

#[track_caller]
fn both<O: SocketOption<Stream> + SocketOption<Datagram> + PartialEq>(case: Case<O>) {
    in_every_mode!(mode => bound_stream(&case, Builder::stream().mode(mode)));
    datagram(case);
}

/// An option that a listener can change.
#[track_caller]
fn listener<O: LiveOn<Listening> + PartialEq>(case: Case<O>) {
    in_every_mode!(mode => open_listener(&case, Builder::stream().mode(mode)));
    stream(case);
}

/// An option that a connection can change.
#[track_caller]
fn connection<O: LiveOn<Connected> + PartialEq>(case: Case<O>) {
    in_every_mode!(mode => open_stream(&case, Builder::stream().mode(mode)));
    stream(case);
}

/// An option that every open stream socket can change.
#[track_caller]
fn streams<O: LiveOn<Listening> + LiveOn<Connected> + PartialEq>(case: Case<O>) {
    in_every_mode!(mode => open_stream(&case, Builder::stream().mode(mode)));
    listener(case);
}

/// An option that an open datagram socket can change.
#[track_caller]
fn datagrams<O: LiveOn<Datagrams> + PartialEq>(case: Case<O>) {
    in_every_mode!(mode => open_datagram(&case, Builder::datagram().mode(mode)));
    datagram(case);
}

/// An option that every open socket can change.
#[track_caller]
fn all<O: LiveOn<Listening> + LiveOn<Connected> + LiveOn<Datagrams> + PartialEq>(case: Case<O>) {
    in_every_mode!(mode => open_stream(&case, Builder::stream().mode(mode)));
    in_every_mode!(mode => open_listener(&case, Builder::stream().mode(mode)));
    in_every_mode!(mode => open_datagram(&case, Builder::datagram().mode(mode)));
    both(case);
}

#[track_caller]
fn bound_stream<O, M: Mode>(case: &Case<O>, builder: Builder<Stream, M>)
where
    O: SocketOption<Stream> + PartialEq,
{
    let plain = builder.bind("[::]:0").unwrap();
    let builder = builder.with(case.set.clone());
    let Some(socket) = case.supported(builder.bind("[::]:0")) else { return };
    assert_eq!(socket.option::<O>().unwrap(), case.read, "{}", case.name);
    raw::check(case, &builder, &socket, &plain);
}

#[track_caller]
fn bound_datagram<O, M: Mode>(case: &Case<O>, builder: Builder<Datagram, M>)
where
    O: SocketOption<Datagram> + PartialEq,
{
    let plain = builder.bind("[::]:0").unwrap();
    let builder = builder.with(case.set.clone());
    let Some(socket) = case.supported(builder.bind("[::]:0")) else { return };
    assert_eq!(socket.option::<O>().unwrap(), case.read, "{}", case.name);
    raw::check(case, &builder, &socket, &plain);
}

#[track_caller]
fn open_listener<O: LiveOn<Listening> + PartialEq, M: Mode>(
    case: &Case<O>,
    builder: Builder<Stream, M>,
) {
    let socket = builder.bind("[::]:0").unwrap().listen(1).unwrap();
    let Some(()) = case.supported(socket.set_option(case.set.clone())) else { return };
    assert_eq!(socket.option::<O>().unwrap(), case.read, "{}", case.name);
    raw::check(case, &builder, &socket, &builder.bind("[::]:0").unwrap());
}

#[track_caller]
fn open_stream<O: LiveOn<Connected> + PartialEq, M: Mode>(
    case: &Case<O>,
    builder: Builder<Stream, M>,
) {
    let listener = builder.bind("[::]:0").unwrap().listen(1).unwrap();
    let socket = builder.connect(here(listener.local_addr().unwrap())).unwrap();
    let Some(()) = case.supported(socket.set_option(case.set.clone())) else { return };
    assert_eq!(socket.option::<O>().unwrap(), case.read, "{}", case.name);
    raw::check(case, &builder, &socket, &builder.bind("[::]:0").unwrap());
}

#[track_caller]
fn open_datagram<O: LiveOn<Datagrams> + PartialEq, M: Mode>(
    case: &Case<O>,
    builder: Builder<Datagram, M>,
) {
    let socket = builder.bind("[::]:0").unwrap();
    let Some(()) = case.supported(socket.set_option(case.set.clone())) else { return };
    assert_eq!(socket.option::<O>().unwrap(), case.read, "{}", case.name);
    raw::check(case, &builder, &socket, &builder.bind("[::]:0").unwrap());
}

/// The same port on the loopback address.
fn here(local: impl Into<SocketAddr>) -> (Ipv6Addr, u16) {
    (Ipv6Addr::LOCALHOST, local.into().port())
}

/// The IPv4 twin, read past the crate.
#[cfg(target_os = "linux")]
mod raw {
    use std::os::fd::{AsFd, AsRawFd};

    use inet6::Builder;
    use inet6::kind::Kind;
    use inet6::mode::Mode;

    use super::Case;

    /// A dual-stack socket has the value of the twin; another one is as a plain socket.
    #[track_caller]
    pub(super) fn check<O, K: Kind, M: Mode>(
        case: &Case<O>,
        builder: &Builder<K, M>,
        socket: &impl AsFd,
        plain: &impl AsFd,
    ) {
        let Some((number, value)) = case.twin else { return };
        let dual_stack = format!("{builder:?}").contains("DualStack");
        let expected = if dual_stack { value } else { read(plain, number) };
        assert_eq!(read(socket, number), expected, "the twin of {}", case.name);
    }

    /// An integer option of `IPPROTO_IP`.
    fn read(socket: &impl AsFd, number: i32) -> i32 {
        read_at(socket, libc::IPPROTO_IP, number)
    }

    /// An integer option of a level.
    #[allow(unsafe_code)]
    pub(super) fn read_at(socket: &impl AsFd, level: i32, number: i32) -> i32 {
        let (mut value, mut len) = (0_i32, size_of::<i32>() as libc::socklen_t);
        // SAFETY: `value` has room for `len` bytes.
        let result = unsafe {
            libc::getsockopt(
                socket.as_fd().as_raw_fd(),
                level,
                number,
                (&raw mut value).cast(),
                &mut len,
            )
        };
        assert_eq!(result, 0);
        value
    }
}

#[cfg(not(target_os = "linux"))]
mod raw {
    /// The numbers are those of Linux.
    pub(super) fn check<O, B, S, P>(case: &super::Case<O>, _: &B, _: &S, _: &P) {
        _ = case.twin;
    }
}

// linux/in.h
const IP_TOS: i32 = 1;
const IP_TTL: i32 = 2;
const IP_MTU_DISCOVER: i32 = 10;
const IP_RECVERR: i32 = 11;
const IP_RECVTTL: i32 = 12;
const IP_RECVTOS: i32 = 13;
const IP_MINTTL: i32 = 21;
const IP_MULTICAST_TTL: i32 = 33;
const IP_MULTICAST_LOOP: i32 = 34;
const IP_MULTICAST_ALL: i32 = 49;
const IP_UNICAST_IF: i32 = 50;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn who_may_bind() {
    stream(option_case("SO_REUSEADDR", ReuseAddress(true)));
    datagram(option_case("SO_REUSEADDR", ShareAddress(true)));
    both(option_case("SO_EXCLUSIVEADDRUSE", ExclusiveAddressUse(true)).linux(false));
    both(option_case("SO_REUSEPORT", ReusePort(true)));
    // One bit in the kernel for both families: no twin is set.
    both(option_case("IPV6_FREEBIND", FreeBind(true)));
    both(option_case("IPV6_TRANSPARENT", Transparent(true)).privileged());
    stream(option_case("IP_BIND_ADDRESS_NO_PORT", BindAddressNoPort(true)));
}

#[test]
fn buffer_options_report_kernel_size() {
    let doubled = 8_192 * differs(false).buffer_size;
    all(option_case("SO_SNDBUF", SendBufferSize(8_192)).reads(SendBufferSize(doubled)));
    all(option_case("SO_RCVBUF", RecvBufferSize(8_192)).reads(RecvBufferSize(doubled)));
    refused(UdpSocket::bind("[::1]:0").unwrap().set_option(SendBufferSize(u32::MAX)), "SO_SNDBUF");
    refused(UdpSocket::bind("[::1]:0").unwrap().set_option(RecvBufferSize(1 << 31)), "SO_RCVBUF");
}

#[test]
fn stream_options_round_trip() {
    streams(option_case("SO_KEEPALIVE", KeepAlive(true)));
    streams(option_case("SO_LINGER", Linger(Some(Duration::from_secs(3)))));
    streams(option_case("SO_LINGER", Linger(Some(Duration::ZERO))));
    streams(option_case("SO_LINGER", Linger(None)));
    streams(option_case("SO_OOBINLINE", OutOfBandInline(true)));
    all(option_case("SO_RCVTIMEO", ReadTimeout(Some(3 * SECOND))));
    all(option_case("SO_RCVTIMEO", ReadTimeout(None)));
    all(option_case("SO_SNDTIMEO", WriteTimeout(Some(3 * SECOND))));
    all(option_case("SO_SNDTIMEO", WriteTimeout(None)));
    let listener = TcpListener::bind("[::1]:0").unwrap();
    refused(listener.set_option(ReadTimeout(Some(Duration::ZERO))), "SO_RCVTIMEO");
    refused(listener.set_option(WriteTimeout(Some(Duration::ZERO))), "SO_SNDTIMEO");
    // A fraction would round to zero, and zero resets the connection.
    refused(listener.set_option(Linger(Some(Duration::from_millis(999)))), "SO_LINGER");
    refused(listener.set_option(Linger(Some(Duration::MAX))), "SO_LINGER");
}

#[test]
fn this_host() {
    let lo = loopback();
    let index = BindDevice(Some(lo.into()));
    let name: Zone = lo.name().unwrap().parse().unwrap();
    both(option_case("SO_BINDTODEVICE", index.clone()).privileged());
    both(option_case("SO_BINDTODEVICE", BindDevice(Some(name))).reads(index.clone()).privileged());
    all(option_case("SO_BINDTODEVICE", BindDevice(None)).privileged());
    datagrams(option_case("SO_BINDTODEVICE", index).privileged());
    all(option_case("SO_MARK", Mark(u32::MAX)).privileged());
    all(option_case("SO_PRIORITY", Priority(6)));
    all(option_case("SO_PRIORITY", Priority(7)).privileged());
    all(option_case("SO_INCOMING_CPU", IncomingCpu(Some(0))));
    all(option_case("SO_INCOMING_CPU", IncomingCpu(None)));
    all(option_case("SO_BUSY_POLL", BusyPoll(Duration::from_micros(50))).privileged());
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    if LINUX {
        refused(socket.set_option(Priority(u32::MAX)), "SO_PRIORITY");
        refused(socket.set_option(IncomingCpu(Some(u32::MAX))), "SO_INCOMING_CPU");
        refused(socket.set_option(BusyPoll(Duration::from_nanos(1))), "SO_BUSY_POLL");
        refused(socket.set_option(BusyPoll(Duration::MAX)), "SO_BUSY_POLL");
    }
}

#[test]
fn unicast_interface_round_trips() {
    require!(!under_wine(), "IPV6_UNICAST_IF is an invalid argument");
    let lo = loopback();
    let big_endian = i32::from_ne_bytes(lo.index().get().to_be_bytes());
    datagrams(
        option_case("IPV6_UNICAST_IF", UnicastInterface(Some(lo))).twin(IP_UNICAST_IF, big_endian),
    );
    datagrams(option_case("IPV6_UNICAST_IF", UnicastInterface(None)).twin(IP_UNICAST_IF, 0));
}

#[test]
fn header_options_round_trip() {
    all(option_case("IPV6_UNICAST_HOPS", UnicastHops(Some(5))).twin(IP_TTL, 5));
    let default = differs(wine_lacks("the default hop limit is that of the host")).hop_limit;
    let case = option_case("IPV6_UNICAST_HOPS", UnicastHops(None)).reads(UnicastHops(default));
    match default {
        Some(_) => all(case.twin(IP_TTL, 64)),
        // A dual-stack socket may have the default of IPv4 for both families.
        None => open_datagram(&case, Builder::datagram()),
    }
    let class = TrafficClass::from(Dscp::AF41);
    all(option_case("IPV6_TCLASS", class).twin(IP_TOS, 0x88));
    let marked = TrafficClass { dscp: Dscp::LE, ecn: Ecn::Ect0 };
    datagrams(option_case("IPV6_TCLASS", marked).twin(IP_TOS, 0x06));
    streams(option_case("IPV6_MINHOPCOUNT", MinHopCount(255)).twin(IP_MINTTL, 255));
    all(option_case("IPV6_AUTOFLOWLABEL", AutoFlowLabel(false)));
    all(option_case("IPV6_AUTOFLOWLABEL", AutoFlowLabel(true)));
    datagrams(option_case("IPV6_FLOWINFO_SEND", FlowInfoSend(true)));
    both(option_case("IPV6_FLOWINFO_SEND", FlowInfoSend(false)));
}

#[test]
fn address_preferences() {
    use inet6::option::AddressPreferences as Prefer;
    // Linux reads the default pair as "home".
    let home = |value: Prefer| if LINUX { value.with(Prefer::HOME) } else { value };
    let name = "IPV6_ADDR_PREFERENCES";
    for value in [Prefer::DEFAULT, Prefer::TEMPORARY, Prefer::PUBLIC, Prefer::HOME] {
        datagrams(option_case(name, value).reads(home(value)));
        stream(option_case(name, value).reads(home(value)));
    }
    let care_of = Prefer::PUBLIC.with(Prefer::CARE_OF);
    datagrams(option_case(name, care_of));
    // Linux accepts it and does nothing.
    datagrams(option_case(name, Prefer::CGA).linux(false));
    datagrams(option_case(name, Prefer::NON_CGA).reads(home(Prefer::DEFAULT)));
}

#[test]
fn packet_sizes() {
    const WANT: i32 = 1;
    const DO: i32 = 2;
    datagrams(option_case("IPV6_DONTFRAG", DontFragment(true)).twin(IP_MTU_DISCOVER, DO));
    datagrams(option_case("IPV6_DONTFRAG", DontFragment(false)).twin(IP_MTU_DISCOVER, WANT));
    let values = [
        (MtuDiscover::Dont, 0),
        (MtuDiscover::Want, WANT),
        (MtuDiscover::Do, DO),
        (MtuDiscover::Probe, 3),
        (MtuDiscover::Interface, 4),
        (MtuDiscover::Omit, 5),
    ];
    for (value, number) in values {
        all(option_case("IPV6_MTU_DISCOVER", value).twin(IP_MTU_DISCOVER, number));
    }
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    refused(socket.set_option(Mtu(1279)), "IPV6_MTU");
    if LINUX {
        // Setting limits the packets, reading gives the path MTU, which needs a peer.
        socket.set_option(Mtu(1280)).unwrap();
        let error = socket.option::<Mtu>().unwrap_err();
        assert_eq!((error.op(), error.kind()), (Op::Get("IPV6_MTU"), ErrorKind::NotConnected));
        refused(socket.set_option(Mtu(u32::MAX)), "IPV6_MTU");
        socket.set_option(DontFragment(true)).unwrap();
        let peer = UdpSocket::bind("[::1]:0").unwrap();
        let socket = socket.connect(peer.local_addr().unwrap()).unwrap();
        assert!(socket.option::<Mtu>().unwrap().0 >= 1280);
        assert_eq!(socket.send(&[0; 1280 - 48]).unwrap(), 1280 - 48);
        let error = socket.send(&[0; 1280 - 47]).unwrap_err();
        // The limit is the socket's, which the path MTU does not tell.
        let too_long = MessageTooLong::of(&error).unwrap();
        assert_eq!((too_long.mtu(), too_long.max_payload()), (None, None));
        assert_eq!(error.to_string(), "a datagram of 1233 bytes is longer than this socket sends");
    }
}

#[test]
fn multicast_options_round_trip() {
    datagrams(option_case("IPV6_MULTICAST_HOPS", MulticastHops(Some(4))).twin(IP_MULTICAST_TTL, 4));
    let one = MulticastHops(Some(1));
    datagrams(
        option_case("IPV6_MULTICAST_HOPS", MulticastHops(None))
            .reads(one)
            .twin(IP_MULTICAST_TTL, 1),
    );
    datagrams(option_case("IPV6_MULTICAST_LOOP", MulticastLoop(false)).twin(IP_MULTICAST_LOOP, 0));
    datagrams(option_case("IPV6_MULTICAST_LOOP", MulticastLoop(true)).twin(IP_MULTICAST_LOOP, 1));
    datagrams(option_case("IPV6_MULTICAST_ALL", MulticastAll(false)).twin(IP_MULTICAST_ALL, 0));
    datagrams(option_case("IPV6_MULTICAST_ALL", MulticastAll(true)).twin(IP_MULTICAST_ALL, 1));
}

#[test]
fn multicast_interface_round_trips() {
    require!(!under_wine(), "an index for IP_MULTICAST_IF is an invalid argument");
    datagrams(option_case("IPV6_MULTICAST_IF", MulticastInterface(Some(loopback()))));
    datagrams(option_case("IPV6_MULTICAST_IF", MulticastInterface(None)));
}

#[test]
fn receive_options_round_trip() {
    datagrams(option_case("IPV6_RECVPKTINFO", RecvPacketInfo(true)));
    datagrams(option_case("IPV6_RECVHOPLIMIT", RecvHopLimit(true)).twin(IP_RECVTTL, 1));
    datagrams(option_case("IPV6_RECVTCLASS", RecvTrafficClass(true)).twin(IP_RECVTOS, 1));
    all(option_case("IPV6_RECVERR", RecvError(true)).twin(IP_RECVERR, 1));
    datagrams(option_case("IPV6_RECVPATHMTU", RecvPathMtu(true)));
    datagrams(option_case("IPV6_FLOWINFO", RecvFlowInfo(true)));
    datagrams(option_case("SO_RXQ_OVFL", RecvDropCount(true)));
}

#[test]
fn time_options_round_trip() {
    datagrams(option_case("SO_TIMESTAMP", RecvTimestamp(true)));
    for bits in 0..8_u8 {
        let [receive, send, hardware] = [1, 2, 4].map(|bit| bits & bit != 0);
        datagrams(option_case("SO_TIMESTAMPING", Timestamping { receive, send, hardware }));
        let case = option_case("SO_TIMESTAMPING", Timestamping { receive, send, hardware });
        in_every_mode!(mode => open_stream(&case, Builder::stream().mode(mode)));
    }
    datagrams(option_case("SO_TXTIME", TransmitTime(None)));
    datagrams(option_case("SO_TXTIME", TransmitTime(Some(TransmitClock::Monotonic))));
    for clock in [TransmitClock::Realtime, TransmitClock::Tai] {
        datagrams(option_case("SO_TXTIME", TransmitTime(Some(clock))).privileged());
    }
    if LINUX {
        let socket = UdpSocket::bind("[::1]:0").unwrap();
        socket.set_option(TransmitTime(Some(TransmitClock::Monotonic))).unwrap();
        refused(socket.set_option(TransmitTime(None)), "SO_TXTIME");
        let sending = Timestamping { send: true, ..Timestamping::default() };
        let early = Builder::stream().with(sending).bind("[::1]:0");
        let why = "a stream tells times of sending once it is connected";
        assert_eq!(
            early.as_ref().unwrap_err().to_string(),
            format!("cannot set SO_TIMESTAMPING: {why}")
        );
        refused(early, "SO_TIMESTAMPING");
    }
}

#[test]
fn udp_options_round_trip() {
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    refused(socket.set_option(SegmentSize(Some(0))), "UDP_SEGMENT");
    require!(!under_wine(), "UDP_SEND_MSG_SIZE is an invalid argument");
    datagrams(option_case("UDP_SEGMENT", SegmentSize(Some(1200))));
    datagrams(option_case("UDP_SEGMENT", SegmentSize(None)));
}

#[test]
fn tcp_options_round_trip() {
    streams(option_case("TCP_NODELAY", NoDelay(true)));
    connection(option_case("TCP_CORK", Cork(true)));
    connection(option_case("TCP_QUICKACK", QuickAck(false)));
    streams(option_case("TCP_KEEPIDLE", KeepAliveIdle(60 * SECOND)));
    streams(option_case("TCP_KEEPINTVL", KeepAliveInterval(7 * SECOND)));
    streams(option_case("TCP_KEEPCNT", KeepAliveCount(4)));
    streams(option_case("TCP_USER_TIMEOUT", UserTimeout(Some(Duration::from_millis(12_345)))));
    streams(option_case("TCP_USER_TIMEOUT", UserTimeout(None)));
    streams(option_case("TCP_CONGESTION", Congestion("reno".into())));
    streams(option_case("TCP_NOTSENT_LOWAT", NotSentLowWater(16_384)));
    streams(option_case("TCP_NOTSENT_LOWAT", NotSentLowWater(u32::MAX)));
    if LINUX {
        listener(option_case("TCP_MAXSEG", MaxSegment(1000)));
    }
}

#[test]
fn opening_options_round_trip() {
    // Linux counts retransmissions, and rounds up.
    let rounded = DeferAccept(Some(7 * SECOND));
    listener(option_case("TCP_DEFER_ACCEPT", DeferAccept(Some(5 * SECOND))).reads(rounded));
    listener(option_case("TCP_DEFER_ACCEPT", DeferAccept(None)));
    let switch = FastOpen(if LINUX { 16 } else { 1 });
    listener(option_case("TCP_FASTOPEN", FastOpen(16)).reads(switch));
    let clients = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_fastopen").unwrap_or_default();
    let allowed = clients.trim().parse::<u32>().unwrap_or(1) & 1 != 0;
    stream(option_case("TCP_FASTOPEN_CONNECT", FastOpenConnect(true)).linux(allowed));
}

/// A value that does not fit is refused with the name of the option, and never wraps.
#[track_caller]
fn refused<T: Debug>(result: Result<T, Error>, name: &'static str) {
    let error = result.unwrap_err();
    assert_eq!((error.op(), error.kind()), (Op::Set(name), ErrorKind::InvalidInput), "{error}");
    assert!(error.to_string().starts_with(&format!("cannot set {name}: ")), "{error}");
}

#[test]
fn tcp_option_refuses_wrong_value() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let half = Duration::from_millis(1500);
    refused(listener.set_option(KeepAliveIdle(half)), "TCP_KEEPIDLE");
    refused(listener.set_option(KeepAliveInterval(Duration::from_millis(1))), "TCP_KEEPINTVL");
    refused(listener.set_option(KeepAliveIdle(Duration::MAX)), "TCP_KEEPIDLE");
    refused(listener.set_option(KeepAliveCount(u32::MAX)), "TCP_KEEPCNT");
    refused(listener.set_option(UserTimeout(Some(Duration::ZERO))), "TCP_USER_TIMEOUT");
    refused(listener.set_option(UserTimeout(Some(Duration::from_nanos(1)))), "TCP_USER_TIMEOUT");
    refused(listener.set_option(DeferAccept(Some(Duration::ZERO))), "TCP_DEFER_ACCEPT");
    refused(listener.set_option(DeferAccept(Some(half))), "TCP_DEFER_ACCEPT");
    refused(listener.set_option(FastOpen(u32::MAX)), "TCP_FASTOPEN");
    refused(listener.set_option(MaxSegment(u32::MAX)), "TCP_MAXSEG");
    for name in ["", "sixteen bytes ok", "a\0b"] {
        refused(listener.set_option(Congestion(name.into())), "TCP_CONGESTION");
    }
    let error = listener.set_option(KeepAliveIdle(half)).unwrap_err();
    assert_eq!(error.to_string(), "cannot set TCP_KEEPIDLE: a whole number of seconds is wanted");
    for zero in [
        listener.set_option(KeepAliveIdle(Duration::ZERO)),
        listener.set_option(KeepAliveInterval(Duration::ZERO)),
        listener.set_option(KeepAliveCount(0)),
    ] {
        let error = zero.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        // Not from the system, which may take it for something else.
        assert!(error.to_string().ends_with(": must not be zero"), "{error}");
    }
    if LINUX {
        refused(listener.set_option(KeepAliveIdle(32_768 * SECOND)), "TCP_KEEPIDLE");
        refused(listener.set_option(KeepAliveCount(128)), "TCP_KEEPCNT");
        refused(listener.set_option(MaxSegment(87)), "TCP_MAXSEG");
        let error = listener.set_option(Congestion("no such".into())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        let text = "cannot set TCP_CONGESTION: this system knows nothing of that name";
        assert_eq!(error.to_string(), text);
    }
}
