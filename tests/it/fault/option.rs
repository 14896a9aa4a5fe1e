//! Every option, on every kind and in every role that has it: when the kernel refuses it, the error
//! names it, and the builder or the socket is as good as before.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::time::Duration;

use inet6::kind::{Connected, Datagram, Datagrams, Listening, Stream};
use inet6::mode::Mode;
use inet6::option::*;
use inet6::{
    Builder, DualStack, Error, TcpListener, V6Only, addr::Zone, error::Op, interface::Interface,
};
use libc::{IPPROTO_IP, SOL_SOCKET};

use crate::option::privileged;
use crate::support::*;

/// What the kernel answers. `EINVAL` is apart: of the IPv4 twin of an option it may mean that the
/// socket needs none.
const ERRORS: [libc::c_int; 3] = [libc::ENOPROTOOPT, libc::ENOBUFS, libc::EPERM];

/// An option, and where the kernel has it.
struct Row<O> {
    option: O,
    name: &'static str,
    number: (libc::c_int, libc::c_int),
    /// The option of `IPPROTO_IP` that a dual-stack socket sets too.
    twin: Option<libc::c_int>,
    /// Whether it is read by the same number.
    read: bool,
}

fn row<O>(option: O, name: &'static str, level: libc::c_int, number: libc::c_int) -> Row<O> {
    Row { option, name, number: (level, number), twin: None, read: true }
}

impl<O> Row<O> {
    fn twin(self, number: libc::c_int) -> Self {
        Self { twin: Some(number), ..self }
    }

    fn unread(self) -> Self {
        Self { read: false, ..self }
    }

    /// Each way in which setting it fails: the call, and the error.
    fn faults(&self, dual_stack: bool) -> Vec<([(u32, libc::c_int); 2], libc::c_int)> {
        let arguments = |(level, number)| [(1, level), (2, number)];
        let own = [&ERRORS[..], &[libc::EINVAL]].concat().into_iter();
        let mut faults: Vec<_> = own.map(|errno| (arguments(self.number), errno)).collect();
        if let (Some(twin), true) = (self.twin, dual_stack) {
            faults.extend(ERRORS.map(|errno| (arguments((IPPROTO_IP, twin)), errno)));
        }
        faults
    }
}

/// The types that were tried, by kind.
#[derive(Default)]
struct Tried(BTreeSet<(String, &'static str)>);

impl Tried {
    fn note<O>(&mut self, kind: &'static str) {
        let path = std::any::type_name::<O>();
        let name = path.rsplit("::").next().unwrap_or(path);
        self.0.insert((name.to_owned(), kind));
    }
}

/// Checks what a refused option gives.
#[track_caller]
fn names_it<T: std::fmt::Debug>(result: Result<T, Error>, op: Op, errno: libc::c_int) {
    let error = result.unwrap_err();
    let kind = match errno {
        libc::ENOPROTOOPT => ErrorKind::Unsupported,
        other => io::Error::from_raw_os_error(other).kind(),
    };
    let said = (error.op(), error.kind(), error.raw_os_error());
    assert_eq!(said, (op, kind, Some(errno)), "{error}");
    assert_eq!(error.address(), None);
    let (Op::Set(name) | Op::Get(name)) = op else { panic!("{op:?}") };
    assert!(error.to_string().contains(name), "{error}");
}

/// Lets `set` fail in each way that it can, and then succeed.
#[track_caller]
fn fails_and_works<O>(
    row: &Row<O>,
    dual_stack: bool,
    set: impl Fn() -> Result<(), Error> + Send + Sync,
) {
    let before = open_descriptors();
    for (arguments, errno) in row.faults(dual_stack) {
        let fault = Fault { call: libc::SYS_setsockopt, arguments: &arguments, errno };
        let result = with_faults(&[fault], &set).unwrap();
        names_it(result, Op::Set(row.name), errno);
        assert_eq!(open_descriptors(), before, "{}", row.name);
    }
    match set() {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::PermissionDenied && !privileged() => {}
        Err(error) => panic!("{error}"),
    }
    assert_eq!(open_descriptors(), before, "{}", row.name);
}

/// Lets reading fail, and then succeed.
#[track_caller]
fn read_fails_and_works<O: std::fmt::Debug + Send>(
    row: &Row<O>,
    read: impl Fn() -> Result<O, Error> + Send + Sync,
) {
    if !row.read {
        return;
    }
    let arguments = [(1, row.number.0), (2, row.number.1)];
    for errno in ERRORS {
        let fault = Fault { call: libc::SYS_getsockopt, arguments: &arguments, errno };
        names_it(with_faults(&[fault], &read).unwrap(), Op::Get(row.name), errno);
    }
    read().unwrap();
}

fn on_streams<O: SocketOption<Stream> + PartialEq>(tried: &mut Tried, row: &Row<O>) {
    fn open<M: Mode>(mode: M, option: impl SocketOption<Stream>) -> impl Fn() -> Result<(), Error> {
        let builder = Builder::stream().mode(mode).with(option);
        move || builder.bind("[::]:0").map(drop)
    }
    tried.note::<O>("Stream");
    fails_and_works(row, false, open(V6Only, row.option.clone()));
    fails_and_works(row, true, open(DualStack, row.option.clone()));
    let bound = Builder::stream().bind("[::1]:0").unwrap();
    read_fails_and_works(row, || bound.option::<O>());
}

fn on_datagrams<O: SocketOption<Datagram> + PartialEq>(tried: &mut Tried, row: &Row<O>) {
    fn open<M: Mode>(
        mode: M,
        option: impl SocketOption<Datagram>,
    ) -> impl Fn() -> Result<(), Error> {
        let builder = Builder::datagram().mode(mode).with(option);
        move || builder.bind("[::]:0").map(drop)
    }
    tried.note::<O>("Datagram");
    fails_and_works(row, false, open(V6Only, row.option.clone()));
    fails_and_works(row, true, open(DualStack, row.option.clone()));
    // Reading the path MTU needs a peer.
    let peer = socket();
    let socket = Builder::datagram().connect(peer.local_addr().unwrap()).unwrap();
    read_fails_and_works(row, || socket.option::<O>());
}

fn on_listeners<O: LiveOn<Listening>>(row: &Row<O>) {
    let listener = Builder::stream().v6_only().bind("[::1]:0").unwrap().listen(16).unwrap();
    fails_and_works(row, false, || listener.set_option(row.option.clone()));
    works(&listener);
    let listener = dual_listener();
    fails_and_works(row, true, || listener.set_option(row.option.clone()));
}

/// A listener still listens. Nothing waits for the option that was set: it may hold data back.
fn works(listener: &TcpListener<V6Only>) {
    let client = Builder::stream().v6_only().connect(listener.local_addr().unwrap()).unwrap();
    client.send(b"x").unwrap();
    assert_eq!(listener.accept().unwrap().1, client.local_addr().unwrap());
}

fn on_connections<O: LiveOn<Connected>>(row: &Row<O>) {
    let (client, accepted) = streams_in(V6Only);
    fails_and_works(row, false, || client.set_option(row.option.clone()));
    client.send(b"x").unwrap();
    assert_eq!(accepted.recv(&mut [0; 8]).unwrap(), 1);
    let (client, _accepted) = streams();
    fails_and_works(row, true, || client.set_option(row.option.clone()));
}

fn on_open_datagrams<O: LiveOn<Datagrams>>(row: &Row<O>) {
    let socket = Builder::datagram().v6_only().bind("[::1]:0").unwrap();
    fails_and_works(row, false, || socket.set_option(row.option.clone()));
    let dual = dual_socket();
    fails_and_works(row, true, || dual.set_option(row.option.clone()));
}

// The shapes, as in the round trip of every option.

fn stream<O: SocketOption<Stream> + PartialEq>(tried: &mut Tried, row: Row<O>) {
    on_streams(tried, &row);
}

fn datagram<O: SocketOption<Datagram> + PartialEq>(tried: &mut Tried, row: Row<O>) {
    on_datagrams(tried, &row);
}

fn both<O>(tried: &mut Tried, row: Row<O>)
where
    O: SocketOption<Stream> + SocketOption<Datagram> + PartialEq,
{
    on_streams(tried, &row);
    on_datagrams(tried, &row);
}

fn listening<O: LiveOn<Listening> + PartialEq>(tried: &mut Tried, row: Row<O>) {
    on_streams(tried, &row);
    on_listeners(&row);
}

fn connected<O: LiveOn<Connected> + PartialEq>(tried: &mut Tried, row: Row<O>) {
    on_streams(tried, &row);
    on_connections(&row);
}

fn every_stream<O: LiveOn<Listening> + LiveOn<Connected> + PartialEq>(
    tried: &mut Tried,
    row: Row<O>,
) {
    on_streams(tried, &row);
    on_listeners(&row);
    on_connections(&row);
}

fn datagrams<O: LiveOn<Datagrams> + PartialEq>(tried: &mut Tried, row: Row<O>) {
    on_datagrams(tried, &row);
    on_open_datagrams(&row);
}

fn all<O>(tried: &mut Tried, row: Row<O>)
where
    O: LiveOn<Listening> + LiveOn<Connected> + LiveOn<Datagrams> + PartialEq,
{
    on_streams(tried, &row);
    on_datagrams(tried, &row);
    on_listeners(&row);
    on_connections(&row);
    on_open_datagrams(&row);
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn refused_option_is_named() {
    in_own_process(|| {
        require!(faults(), "faults");
        let mut tried = Tried::default();
        of_the_socket(&mut tried);
        of_ipv6(&mut tried);
        of_datagrams(&mut tried);
        of_tcp(&mut tried);
        assert_eq!(tried.0, declared(), "every option is in the table, and nothing else");
    });
}

fn of_the_socket(t: &mut Tried) {
    let lo = Interface::from_name("lo").unwrap();
    let named: Zone = "lo".parse().unwrap();
    stream(t, row(ReuseAddress(true), "SO_REUSEADDR", SOL_SOCKET, libc::SO_REUSEADDR));
    datagram(t, row(ShareAddress(true), "SO_REUSEADDR", SOL_SOCKET, libc::SO_REUSEADDR));
    both(t, row(ReusePort(true), "SO_REUSEPORT", SOL_SOCKET, libc::SO_REUSEPORT));
    t.note::<ExclusiveAddressUse>("Stream");
    t.note::<ExclusiveAddressUse>("Datagram");
    windows_only(Builder::stream().with(ExclusiveAddressUse(true)).bind("[::1]:0"));
    windows_only(Builder::datagram().with(ExclusiveAddressUse(true)).bind("[::1]:0"));
    all(t, row(SendBufferSize(8192), "SO_SNDBUF", SOL_SOCKET, libc::SO_SNDBUF));
    all(t, row(RecvBufferSize(8192), "SO_RCVBUF", SOL_SOCKET, libc::SO_RCVBUF));
    every_stream(t, row(KeepAlive(true), "SO_KEEPALIVE", SOL_SOCKET, libc::SO_KEEPALIVE));
    every_stream(t, row(Linger(Some(SECOND)), "SO_LINGER", SOL_SOCKET, libc::SO_LINGER));
    every_stream(t, row(OutOfBandInline(true), "SO_OOBINLINE", SOL_SOCKET, libc::SO_OOBINLINE));
    let time = Some(PATIENCE);
    all(t, row(ReadTimeout(time), "SO_RCVTIMEO", SOL_SOCKET, libc::SO_RCVTIMEO));
    all(t, row(WriteTimeout(time), "SO_SNDTIMEO", SOL_SOCKET, libc::SO_SNDTIMEO));
    let device = BindDevice(Some(named));
    both(t, row(device, "SO_BINDTODEVICE", SOL_SOCKET, libc::SO_BINDTODEVICE).unread());
    let device = BindDevice(Some(lo.into()));
    all(t, row(device, "SO_BINDTODEVICE", SOL_SOCKET, libc::SO_BINDTOIFINDEX));
    all(t, row(Mark(7), "SO_MARK", SOL_SOCKET, libc::SO_MARK));
    all(t, row(Priority(6), "SO_PRIORITY", SOL_SOCKET, libc::SO_PRIORITY));
    all(t, row(IncomingCpu(Some(0)), "SO_INCOMING_CPU", SOL_SOCKET, libc::SO_INCOMING_CPU));
    let poll = BusyPoll(Duration::from_micros(50));
    all(t, row(poll, "SO_BUSY_POLL", SOL_SOCKET, libc::SO_BUSY_POLL));
}

#[track_caller]
fn windows_only<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert_eq!(error.op(), Op::Set("SO_EXCLUSIVEADDRUSE"));
    assert_eq!((error.kind(), error.raw_os_error()), (ErrorKind::Unsupported, None));
}

fn of_ipv6(t: &mut Tried) {
    use inet6::header::Dscp;
    use libc::*;

    let v6 = IPPROTO_IPV6;
    both(t, row(FreeBind(true), "IPV6_FREEBIND", v6, IPV6_FREEBIND));
    both(t, row(Transparent(true), "IPV6_TRANSPARENT", v6, IPV6_TRANSPARENT));
    let number = IP_BIND_ADDRESS_NO_PORT;
    stream(t, row(BindAddressNoPort(true), "IP_BIND_ADDRESS_NO_PORT", IPPROTO_IP, number));
    all(t, row(UnicastHops(Some(5)), "IPV6_UNICAST_HOPS", v6, IPV6_UNICAST_HOPS).twin(IP_TTL));
    all(t, row(TrafficClass::from(Dscp::AF41), "IPV6_TCLASS", v6, IPV6_TCLASS).twin(IP_TOS));
    let hops = row(MinHopCount(1), "IPV6_MINHOPCOUNT", v6, IPV6_MINHOPCOUNT);
    every_stream(t, hops.twin(IP_MINTTL));
    all(t, row(AutoFlowLabel(false), "IPV6_AUTOFLOWLABEL", v6, IPV6_AUTOFLOWLABEL));
    let flow = || row(FlowInfoSend(true), "IPV6_FLOWINFO_SEND", v6, IPV6_FLOWINFO_SEND);
    stream(t, flow());
    datagrams(t, flow());
    let prefer = AddressPreferences::TEMPORARY;
    let prefer = || row(prefer, "IPV6_ADDR_PREFERENCES", v6, IPV6_ADDR_PREFERENCES);
    stream(t, prefer());
    datagrams(t, prefer());
    let discover = row(MtuDiscover::Do, "IPV6_MTU_DISCOVER", v6, IPV6_MTU_DISCOVER);
    all(t, discover.twin(IP_MTU_DISCOVER));
    all(t, row(RecvError(true), "IPV6_RECVERR", v6, IPV6_RECVERR).twin(IP_RECVERR));
}

fn of_datagrams(t: &mut Tried) {
    use libc::*;

    let v6 = IPPROTO_IPV6;
    let lo = Interface::from_name("lo").unwrap();
    let number = IPV6_UNICAST_IF;
    datagrams(
        t,
        row(UnicastInterface(Some(lo)), "IPV6_UNICAST_IF", v6, number).twin(IP_UNICAST_IF),
    );
    let number = IPV6_DONTFRAG;
    datagrams(t, row(DontFragment(true), "IPV6_DONTFRAG", v6, number).twin(IP_MTU_DISCOVER));
    datagrams(t, row(Mtu(1280), "IPV6_MTU", v6, IPV6_MTU));
    let number = IPV6_MULTICAST_HOPS;
    datagrams(
        t,
        row(MulticastHops(Some(4)), "IPV6_MULTICAST_HOPS", v6, number).twin(IP_MULTICAST_TTL),
    );
    let number = IPV6_MULTICAST_LOOP;
    datagrams(
        t,
        row(MulticastLoop(false), "IPV6_MULTICAST_LOOP", v6, number).twin(IP_MULTICAST_LOOP),
    );
    let number = IPV6_MULTICAST_IF;
    datagrams(
        t,
        row(MulticastInterface(Some(lo)), "IPV6_MULTICAST_IF", v6, number).twin(IP_MULTICAST_IF),
    );
    let number = IPV6_MULTICAST_ALL;
    datagrams(t, row(MulticastAll(false), "IPV6_MULTICAST_ALL", v6, number).twin(IP_MULTICAST_ALL));
    datagrams(t, row(RecvPacketInfo(true), "IPV6_RECVPKTINFO", v6, IPV6_RECVPKTINFO));
    let number = IPV6_RECVHOPLIMIT;
    datagrams(t, row(RecvHopLimit(true), "IPV6_RECVHOPLIMIT", v6, number).twin(IP_RECVTTL));
    let number = IPV6_RECVTCLASS;
    datagrams(t, row(RecvTrafficClass(true), "IPV6_RECVTCLASS", v6, number).twin(IP_RECVTOS));
    datagrams(t, row(RecvPathMtu(true), "IPV6_RECVPATHMTU", v6, IPV6_RECVPATHMTU));
    datagrams(t, row(RecvFlowInfo(true), "IPV6_FLOWINFO", v6, IPV6_FLOWINFO));
    datagrams(t, row(RecvDropCount(true), "SO_RXQ_OVFL", SOL_SOCKET, SO_RXQ_OVFL));
    datagrams(t, row(RecvTimestamp(true), "SO_TIMESTAMP", SOL_SOCKET, SO_TIMESTAMPNS));
    let times = || {
        let receive = Timestamping { receive: true, ..Timestamping::default() };
        row(receive, "SO_TIMESTAMPING", SOL_SOCKET, SO_TIMESTAMPING)
    };
    connected(t, times());
    datagrams(t, times());
    let clock = TransmitTime(Some(TransmitClock::Monotonic));
    datagrams(t, row(clock, "SO_TXTIME", SOL_SOCKET, SO_TXTIME));
    datagrams(t, row(SegmentSize(Some(1200)), "UDP_SEGMENT", SOL_UDP, UDP_SEGMENT));
}

fn of_tcp(t: &mut Tried) {
    use libc::*;

    let tcp = IPPROTO_TCP;
    every_stream(t, row(NoDelay(true), "TCP_NODELAY", tcp, TCP_NODELAY));
    connected(t, row(Cork(false), "TCP_CORK", tcp, TCP_CORK));
    connected(t, row(QuickAck(false), "TCP_QUICKACK", tcp, TCP_QUICKACK));
    every_stream(t, row(KeepAliveIdle(SECOND), "TCP_KEEPIDLE", tcp, TCP_KEEPIDLE));
    every_stream(t, row(KeepAliveInterval(SECOND), "TCP_KEEPINTVL", tcp, TCP_KEEPINTVL));
    every_stream(t, row(KeepAliveCount(4), "TCP_KEEPCNT", tcp, TCP_KEEPCNT));
    every_stream(t, row(UserTimeout(Some(PATIENCE)), "TCP_USER_TIMEOUT", tcp, TCP_USER_TIMEOUT));
    every_stream(t, row(Congestion("reno".into()), "TCP_CONGESTION", tcp, TCP_CONGESTION));
    every_stream(t, row(NotSentLowWater(16_384), "TCP_NOTSENT_LOWAT", tcp, TCP_NOTSENT_LOWAT));
    listening(t, row(MaxSegment(1000), "TCP_MAXSEG", tcp, TCP_MAXSEG));
    listening(t, row(DeferAccept(Some(SECOND)), "TCP_DEFER_ACCEPT", tcp, TCP_DEFER_ACCEPT));
    listening(t, row(FastOpen(16), "TCP_FASTOPEN", tcp, TCP_FASTOPEN));
    let number = TCP_FASTOPEN_CONNECT;
    stream(t, row(FastOpenConnect(false), "TCP_FASTOPEN_CONNECT", tcp, number));
}

/// The options of each kind, as the library declares them.
fn declared() -> BTreeSet<(String, &'static str)> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/option")).unwrap() {
        for line in fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
            for kind in ["Stream", "Datagram"] {
                let start = format!("impl SocketOption<{kind}> for ");
                if let Some(name) = line.strip_prefix(&start) {
                    all.insert((name.trim_end_matches(" {}").to_owned(), kind));
                }
            }
        }
    }
    assert!(all.len() > 70, "{} options", all.len());
    all
}
