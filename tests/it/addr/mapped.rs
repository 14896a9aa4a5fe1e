//! No mapped address leaves the crate, by whatever public type and in whatever mode.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::Path;
use std::sync::{Arc, Mutex};

use inet6::mode::Mode;
use inet6::option::{MinHopCount, RecvError, RecvPacketInfo};
use inet6::{
    AnyMode, Builder, ConnectedUdpSocket, DualStack, Endpoint, V6Only,
    addr::ToAddress,
    cancel::Cancel,
    connect::{Answers, Event, Family, HappyEyeballs, Query, Resolve},
    interface::Interface,
    udp::{CoalescedBatch, MessageTooLong, Outgoing, RecvBatch, SendBatch},
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::support::*;

/// Public types that [`walk`] does not meet, because no value of them has an address in it.
///
/// A new public type belongs either to the walk or to this list.
const WITHOUT_ADDRESS: &[&str] = &[
    // Numbers and flags of headers and messages.
    "Dscp",
    "Ecn",
    "FlowLabel",
    "Icmp",
    "Icmpv4Error",
    "Icmpv6Error",
    "Ipv4Unreachable",
    "ParameterProblem",
    "TimeExceeded",
    "Unreachable",
    // Kinds, roles and modes.
    "AnyMode",
    "Connected",
    "Datagram",
    "Datagrams",
    "DualStack",
    "Listening",
    "Protocol",
    "Stream",
    "V6Only",
    // Names of steps, reasons and states.
    "Absence",
    "AcceptFailure",
    "Family",
    "FlowShare",
    "HostErrorKind",
    "Op",
    "Origin",
    "ResolveErrorKind",
    "TcpState",
    // Numbers, texts and times.
    "Answers",
    "Capabilities",
    "FlowLease",
    "Query",
    "SendAt",
    "SendTime",
    "SystemResolver",
    "TcpInfo",
    "TransmitClock",
    "Unsent",
    "UnsentCause",
    "Zone",
    // Of ICMPv6, which has no IPv4 peers.
    "EchoSocket",
    // Options.
    "AddressPreferences",
    "AutoFlowLabel",
    "BindAddressNoPort",
    "BindDevice",
    "BusyPoll",
    "Congestion",
    "Cork",
    "DeferAccept",
    "DontFragment",
    "ExclusiveAddressUse",
    "FastOpen",
    "FastOpenConnect",
    "FlowInfoSend",
    "FreeBind",
    "IncomingCpu",
    "KeepAlive",
    "KeepAliveCount",
    "KeepAliveIdle",
    "KeepAliveInterval",
    "Linger",
    "Mark",
    "MaxSegment",
    "MinHopCount",
    "Mtu",
    "MtuDiscover",
    "MulticastAll",
    "MulticastHops",
    "MulticastInterface",
    "MulticastLoop",
    "NoDelay",
    "NotSentLowWater",
    "OutOfBandInline",
    "Priority",
    "QuickAck",
    "ReadTimeout",
    "RecvBufferSize",
    "RecvDropCount",
    "RecvError",
    "RecvFlowInfo",
    "RecvHopLimit",
    "RecvPacketInfo",
    "RecvPathMtu",
    "RecvTimestamp",
    "RecvTrafficClass",
    "ReuseAddress",
    "ReusePort",
    "SegmentSize",
    "SendBufferSize",
    "ShareAddress",
    "Timestamping",
    "TrafficClass",
    "TransmitTime",
    "Transparent",
    "UnicastHops",
    "UnicastInterface",
    "UserTimeout",
    "WriteTimeout",
];

/// The types of the values that were formatted.
#[derive(Default)]
struct Seen {
    looked_at: Mutex<BTreeSet<String>>,
    printed: Mutex<BTreeSet<String>>,
}

/// Formats values of a walk whose sockets have this address.
#[derive(Clone)]
struct Watch {
    ip: IpAddr,
    seen: Arc<Seen>,
}

impl Watch {
    fn new(ip: impl Into<IpAddr>, seen: &Arc<Seen>) -> Self {
        Self { ip: ip.into(), seen: Arc::clone(seen) }
    }

    #[track_caller]
    fn check(&self, text: String) -> String {
        assert_canonical(&text);
        text
    }

    /// Checks the debugging output of a value, and gives it.
    #[track_caller]
    fn look<T: Debug>(&self, value: &T) -> Vec<String> {
        self.seen.looked_at.lock().unwrap().insert(type_name::<T>());
        vec![self.check(format!("{value:?}")), self.check(format!("{value:#?}"))]
    }

    /// Like `look`, for what prints as well.
    #[track_caller]
    fn print<T: Debug + Display>(&self, value: &T) -> Vec<String> {
        self.seen.printed.lock().unwrap().insert(type_name::<T>());
        let mut texts = self.look(value);
        texts.push(self.check(value.to_string()));
        texts
    }

    /// Checks that each text shows the address, so that there was one to go wrong.
    #[track_caller]
    fn shows(&self, texts: Vec<String>) {
        for text in texts {
            assert!(text.contains(&self.ip.to_string()), "{} is not shown: {text}", self.ip);
        }
    }

    /// This system has no value of a type.
    #[track_caller]
    fn lacks(&self, name: &str, error: impl Into<io::Error>) {
        let error = error.into();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported, "{name}: {error}");
        self.seen.looked_at.lock().unwrap().insert(name.to_owned());
    }

    /// The one exception: the error of an IPv6-only socket says how the address was written.
    #[track_caller]
    fn refuses<T: Debug + Display>(&self, error: &T) {
        self.seen.looked_at.lock().unwrap().insert(type_name::<T>());
        self.seen.printed.lock().unwrap().insert(type_name::<T>());
        let ip = self.ip;
        for text in [format!("{error:?}"), format!("{error:#?}"), error.to_string()] {
            assert!(text.contains(&format!("`{ip}:")), "{text}");
            assert!(text.contains("IPv6 only"), "{text}");
            assert_canonical(&text.replace(&format!("was written as `::ffff:{ip}`"), ""));
        }
    }
}

/// Fails on an IPv4 address in IPv6 notation, be it as text or as bytes.
#[track_caller]
fn assert_canonical(text: &str) {
    let dense: String = text.to_lowercase().split_whitespace().collect();
    let (as_text, as_bytes) = (dense.contains(":ffff:"), dense.contains("0,0,255,255,"));
    assert!(!as_text && !as_bytes, "an IPv4 address in IPv6 notation: {text}");
}

/// `Received`, of `inet6::message::received::Received<inet6::mode::DualStack>`.
fn type_name<T>() -> String {
    last_name(std::any::type_name::<T>()).to_owned()
}

fn last_name(path: &str) -> &str {
    let path = path.split(['<', '(', '{', ' ']).next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or_default()
}

/// Opens and uses sockets of a mode at an address, which is given in the kernel's form.
fn walk<M: Mode>(watch: &Watch, mode: M, at: fn(IpAddr, u16) -> SocketAddrV6) {
    let at = |port| at(watch.ip, port);
    streams(watch, mode, at);
    datagrams(watch, mode, at);
    batches(watch, mode, at);
    hosts(watch, mode, at);
}

fn port_of<A: Into<SocketAddr>>(address: A) -> u16 {
    address.into().port()
}

fn streams<M: Mode>(watch: &Watch, mode: M, at: impl Fn(u16) -> SocketAddrV6) {
    let builder = Builder::stream().mode(mode);
    watch.look(&builder);
    let bound = builder.bind(at(0)).unwrap();
    watch.shows(watch.look(&bound));
    let listener = bound.listen(8).unwrap();
    watch.shows(watch.look(&listener));
    let local = listener.local_addr().unwrap();
    watch.shows(watch.print(&local));
    let port = port_of(local);

    // To another address of 127.0.0.0/8 the system connects from 127.0.0.1.
    let bound = || builder.bind(at(0)).unwrap();
    let client = bound().connect(at(port)).unwrap();
    let (accepted, peer) = listener.accept().unwrap();
    watch.shows(watch.print(&peer));
    for stream in [&client, &accepted] {
        watch.shows(watch.look(stream));
        watch.shows(watch.print(&stream.local_addr().unwrap()));
        watch.shows(watch.print(&stream.peer_addr().unwrap()));
    }
    match client.cork() {
        Ok(corked) => watch.shows(watch.look(&corked)),
        Err(error) => watch.lacks("Corked", error),
    }
    let connecting = builder.start_connect(at(port)).unwrap();
    watch.shows(watch.look(&connecting));
    watch.shows(watch.print(&connecting.peer()));
    connecting.finish().unwrap();
    let mut incoming = listener.incoming();
    watch.shows(watch.look(&incoming));
    watch.shows(watch.look(&incoming.next().unwrap().unwrap()));
    let stream = builder.connect(at(port)).unwrap();
    watch.shows(watch.print(&stream.peer_addr().unwrap()));
    builder.connect_timeout(at(port), PATIENCE).unwrap();
    bound().connect_timeout(at(port), PATIENCE).unwrap();
    bound().start_connect(at(port)).unwrap().finish().unwrap();

    // Nothing listens on it.
    let closed = bound();
    let port = port_of(closed.local_addr().unwrap());
    let in_use = builder.bind(at(port)).unwrap_err();
    let refused = [
        builder.connect(at(port)).unwrap_err(),
        builder.connect_timeout(at(port), PATIENCE).unwrap_err(),
        builder.start_connect(at(port)).and_then(|it| it.finish()).unwrap_err(),
        bound().connect(at(port)).unwrap_err(),
    ];
    for error in refused.iter().chain([&in_use]) {
        watch.shows(watch.print(error));
        watch.shows(watch.print(error.address().unwrap()));
    }
}

fn datagrams<M: Mode>(watch: &Watch, mode: M, at: impl Fn(u16) -> SocketAddrV6) {
    let builder = Builder::datagram().mode(mode);
    let bind =
        || with_read_timeout(builder.clone().with(RecvPacketInfo(true)).bind(at(0)).unwrap());
    let (server, client) = (bind(), bind());
    watch.shows(watch.look(&server));
    let port = port(&server);

    client.send_to(b"x", at(port)).unwrap();
    watch.shows(watch.print(&server.recv_from(&mut [0; 8]).unwrap().1));
    let message = Outgoing::to(at(port), b"x");
    watch.shows(watch.look(&message));
    client.send_message(&message).unwrap();
    let received = receive(&server);
    watch.shows(watch.look(&received));
    watch.look(&received.destination);
    watch.shows(watch.look(&received.answer(b"x")));
    // An emulator gets the interface wrong.
    if received.reply(&server, b"x").is_ok() {
        watch.shows(watch.print(&client.recv_from(&mut [0; 8]).unwrap().1));
    }
    watch.look(&Outgoing::<_, M>::new(b"x"));

    let too_long = client.send_to(&[0; 70_000], at(port)).unwrap_err();
    watch.print(MessageTooLong::of(&too_long).unwrap());
    let error = bind().connect(at(0)).unwrap_err();
    watch.shows(watch.print(&error));
    let connected = builder.connect(at(port)).unwrap();
    watch.shows(watch.look(&connected));
    watch.shows(watch.print(&connected.peer_addr().unwrap()));
    match connected.guard(MinHopCount(1)) {
        Ok(guarded) => watch.shows(watch.look(&guarded)),
        Err(error) => watch.lacks("Guarded", error),
    }
    // Between the families there is no way.
    if watch.ip.is_ipv4() {
        watch.print(&bind().connect("[::1]:9").unwrap_err());
        watch.print(&client.send_to(b"x", "[::1]:9").unwrap_err());
        let elsewhere = || with_read_timeout(builder.bind("[::1]:0").unwrap());
        watch.shows(watch.print(&elsewhere().send_to(b"x", at(9)).unwrap_err()));
        watch.shows(watch.print(&elsewhere().connect(at(9)).unwrap_err()));
    }
    let socket = std::net::UdpSocket::from(bind());
    watch.print(&ConnectedUdpSocket::<M>::try_from(socket).unwrap_err());

    let closed = connected_to_itself(bind());
    let local = closed.local_addr().unwrap();
    let client = match builder.with(RecvError(true)).bind(at(0)) {
        Ok(client) => with_read_timeout(client),
        Err(error) => return watch.lacks("ErrorReport", error),
    };
    client.send_to(b"x", local).unwrap();
    client.recv_from(&mut [0; 8]).unwrap_err();
    let report = client.recv_error(&mut [0; 64]).unwrap().unwrap();
    watch.shows(watch.look(&report));
    watch.shows(watch.look(&report.destination));
    watch.shows(watch.look(&report.offender));
}

fn batches<M: Mode>(watch: &Watch, mode: M, at: impl Fn(u16) -> SocketAddrV6) {
    let builder = Builder::datagram().mode(mode).with(RecvPacketInfo(true));
    let (server, client) =
        (with_read_timeout(builder.bind(at(0)).unwrap()), builder.bind(at(0)).unwrap());
    let to = at(port(&server));
    let mut sending = SendBatch::new(4).unwrap();
    let messages = [b"one", b"two"].map(|data| Outgoing::to(to, data));
    client.send_batch(&mut sending, &messages).unwrap();
    watch.look(&sending);

    let mut batch = RecvBatch::new(4, 64).unwrap();
    server.recv_batch(&mut batch).unwrap();
    watch.shows(watch.look(&batch));
    for datagram in batch.iter() {
        watch.shows(watch.look(&datagram));
        watch.shows(watch.print(&datagram.source().unwrap()));
        watch.shows(watch.look(&datagram.received().unwrap()));
    }

    let server = server.coalesce().unwrap();
    watch.shows(watch.look(&server));
    client.send_batch(&mut sending, &messages).unwrap();
    let mut batch = CoalescedBatch::new(4).unwrap();
    server.recv_batch(&mut batch).unwrap();
    watch.shows(watch.look(&batch));
}

/// A resolver that knows one address, and gives an IPv4 one in both notations.
struct Table(IpAddr);

impl Resolve for Table {
    fn resolve(&self, _: Query, answers: Answers) {
        let written = match self.0 {
            IpAddr::V4(ip) => IpAddr::V6(ip.to_ipv6_mapped()),
            ip => ip,
        };
        for family in [Family::Ipv6, Family::Ipv4] {
            let all = [written, self.0].map(|ip| SocketAddr::new(ip, 0));
            answers.push(family, Ok(all.to_vec()));
        }
    }
}

fn hosts<M: Mode>(watch: &Watch, mode: M, at: impl Fn(u16) -> SocketAddrV6) {
    let builder = Builder::stream().mode(mode);
    let bound = || builder.bind(at(0)).unwrap();
    let (listener, closed) = (bound().listen(8).unwrap(), bound());
    let open = port_of(listener.local_addr().unwrap());
    let closed = port_of(closed.local_addr().unwrap());
    let cancel = Cancel::new();
    watch.look(&cancel);
    let observed = |host: HappyEyeballs| {
        let inside = watch.clone();
        let observer = move |event: &Event<'_>| drop(inside.look(event));
        host.resolver(Table(watch.ip)).cancel(&cancel).observer(observer)
    };
    let literal = |port| HappyEyeballs::from(SocketAddr::from(at(port)));
    watch.shows(watch.look(&literal(open)));

    for host in [HappyEyeballs::to(("host.example", open)), literal(open)] {
        let connection = builder.connect_host(observed(host)).unwrap();
        watch.shows(watch.look(&connection));
        watch.shows(watch.print(&connection.peer));
        watch.shows(watch.print(&connection.report));
        for answer in &connection.report.answers {
            watch.print(answer);
        }
        for attempt in &connection.report.attempts {
            watch.shows(watch.print(attempt));
            watch.look(&attempt.outcome);
        }
    }
    let report = builder.connect_host(literal(open)).unwrap().report;
    assert_eq!(report.host(), SocketAddr::from((watch.ip, open)).to_string());
    for host in [HappyEyeballs::to(("host.example", closed)), literal(closed)] {
        let error = builder.connect_host(observed(host)).unwrap_err();
        watch.shows(watch.print(&error));
        watch.shows(watch.print(error.report()));
        let unresolved =
            error.report().answers.iter().filter_map(|answer| answer.result.as_ref().err());
        unresolved.for_each(|error| drop(watch.print(error)));
    }
    let connection = Builder::datagram().mode(mode).connect_host(observed(literal(open))).unwrap();
    watch.shows(watch.look(&connection));
}

/// What an IPv6-only socket says to an IPv4 address, in whatever type and notation.
fn refusals<M: Mode>(watch: &Watch, mode: M) {
    let IpAddr::V4(ip) = watch.ip else { panic!("no IPv4 address") };
    let mapped = SocketAddrV6::new(ip.to_ipv6_mapped(), 9, 0, 0);
    refuse(watch, mode, mapped);
    refuse(watch, mode, (*mapped.ip(), 9));
    refuse(watch, mode, mapped.to_string());
    refuse(watch, mode, (mapped.ip().to_string(), 9));
    refuse(watch, mode, Endpoint::from(mapped));
    refuse(watch, mode, SocketAddrV4::new(ip, 9).to_string());
    refuse(watch, mode, Endpoint::from(SocketAddrV4::new(ip, 9)));
    for host in [HappyEyeballs::from(SocketAddr::from(mapped)), mapped.to_string().into()] {
        watch.look(&host);
        let error = Builder::stream().mode(mode).connect_host(host).unwrap_err();
        watch.refuses(&error);
        assert_eq!(error.report().host(), format!("{ip}:9"));
    }
}

fn refuse<M: Mode, A: ToAddress<M> + Clone>(watch: &Watch, mode: M, address: A) {
    let (streams, datagrams) = (Builder::stream().mode(mode), Builder::datagram().mode(mode));
    let bind = || datagrams.bind("[::1]:0").unwrap();
    let message = Outgoing::to(address.clone(), b"x");
    watch.shows(watch.look(&message));
    for error in [
        streams.bind(address.clone()).unwrap_err(),
        streams.connect(address.clone()).unwrap_err(),
        streams.start_connect(address.clone()).unwrap_err(),
        streams.bind("[::1]:0").unwrap().connect(address.clone()).unwrap_err(),
        datagrams.bind(address.clone()).unwrap_err(),
        datagrams.connect(address.clone()).unwrap_err(),
    ] {
        watch.refuses(&error);
    }
    watch.refuses(&bind().connect(address.clone()).unwrap_err());
    watch.refuses(&bind().send_to(b"x", address).unwrap_err());
    watch.refuses(&bind().send_message(&message).unwrap_err());
    let mut batch = SendBatch::new(1).unwrap();
    watch.refuses(&bind().send_batch(&mut batch, &[message]).unwrap_err());
}

/// What is no socket, or has one mode.
fn others(watch: &Watch) {
    let IpAddr::V4(ip) = watch.ip else { panic!("no IPv4 address") };
    let mapped = SocketAddrV6::new(ip.to_ipv6_mapped(), 80, 5, 7);
    let endpoints = [
        format!("[{}]:80", mapped.ip()).parse().unwrap(),
        Endpoint::new(&mapped.ip().to_string(), 80).unwrap(),
        Endpoint::from(mapped),
        Endpoint::from(SocketAddr::from(mapped)),
    ];
    for endpoint in endpoints {
        watch.shows(watch.print(&endpoint));
        assert_eq!(endpoint.ip(), ip);
    }
    // The text that is no address is quoted as it was written.
    watch.print(&format!("{ip}%eth0:80").parse::<Endpoint>().unwrap_err());

    let interfaces = Interface::list().unwrap();
    watch.look(&interfaces);
    for info in &interfaces {
        watch.print(&info.interface());
        watch.look(info);
        for address in info.addresses() {
            watch.print(address);
        }
    }
    let source = mapped.ip().to_owned();
    let to = SocketAddrV4::new(ip, 9);
    watch.shows(watch.look(&Outgoing::<_, DualStack>::to(to, b"x").source(source)));
    let socket = Builder::datagram().v6_only().bind("[::]:0").unwrap();
    let message = Outgoing::to((Ipv6Addr::LOCALHOST, 9), b"x").source(source);
    watch.shows(watch.look(&message));
    watch.shows(watch.print(&socket.send_message(&message).unwrap_err()));

    let group: Ipv6Addr = "ff12::1234".parse().unwrap();
    let interface = loopback();
    watch.shows(watch.print(&socket.join_source(group, source, interface).unwrap_err()));
    let no_group = Ipv4Addr::new(224, 0, 0, 251).to_ipv6_mapped();
    watch.print(&socket.join(no_group, interface).unwrap_err());
    watch.look(&socket.join(group, interface).unwrap());
    let other: Ipv6Addr = "ff12::4321".parse().unwrap();
    match socket.join_source(other, "2001:db8::1".parse().unwrap(), interface) {
        Ok(membership) => drop(watch.look(&membership)),
        Err(error) => watch.lacks("SourceMembership", error),
    }
}

/// The public types, and those that print, by the list that `scripts/check-api` writes.
fn public_types() -> io::Result<(BTreeSet<String>, BTreeSet<String>)> {
    let list =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/public-api.txt"))?;
    let (mut types, mut printing) = (BTreeSet::new(), BTreeSet::new());
    for line in list.lines() {
        let line = line.trim_start_matches("#[non_exhaustive] ");
        let item = ["pub struct ", "pub enum ", "pub union "];
        if let Some(path) = item.iter().find_map(|start| line.strip_prefix(start)) {
            let name = last_name(path);
            assert!(types.insert(name.to_owned()), "{name} is exported twice");
        }
        if let Some((_, path)) = line.split_once("std::fmt::Display for ") {
            printing.insert(last_name(path).to_owned());
        }
    }
    Ok((types, printing))
}

#[test]
fn public_types_show_no_mapped_address() {
    in_own_process(|| {
        let (types, printing) = require!(public_types(), "docs/public-api.txt");
        assert!(types.len() > 100 && printing.len() > 20, "the list is not whole: {types:?}");
        let seen = Arc::default();
        let mapped: fn(IpAddr, u16) -> SocketAddrV6 = |ip, port| match ip {
            IpAddr::V4(ip) => SocketAddrV6::new(ip.to_ipv6_mapped(), port, 0, 0),
            IpAddr::V6(ip) => SocketAddrV6::new(ip, port, 0, 0),
        };
        let lines = logged_at(log::LevelFilter::Trace, || {
            let watch = Watch::new(Ipv6Addr::LOCALHOST, &seen);
            walk(&watch, V6Only, mapped);
            walk(&watch, AnyMode::V6Only, mapped);
            walk(&watch, DualStack, mapped);
        });
        assert!(lines.iter().any(|line| line.contains("bound to [::1]:")), "{lines:#?}");

        // All of 127.0.0.0/8 is this host on Linux and Windows.
        let far = if cfg!(any(target_os = "linux", windows)) { 0..=255_u8 } else { 0..=0 };
        let near = if cfg!(any(target_os = "linux", windows)) { 1..=254_u8 } else { 1..=1 };
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) };
        let property = TestRunner::new(config).run(&(far.clone(), far, near), |(b, c, d)| {
            let ip = Ipv4Addr::new(127, b, c, d);
            let lines = logged_at(log::LevelFilter::Trace, || {
                let watch = Watch::new(ip, &seen);
                walk(&watch, DualStack, mapped);
                walk(&watch, AnyMode::DualStack, mapped);
                refusals(&watch, V6Only);
                refusals(&watch, AnyMode::V6Only);
                others(&watch);
            });
            for start in ["TRACE bound to", "TRACE connecting to"] {
                let line = format!("{start} {ip}:");
                prop_assert!(lines.iter().any(|it| it.starts_with(&line)), "{:#?}", lines);
            }
            lines.iter().for_each(|line| assert_canonical(line));
            Ok(())
        });
        property.unwrap();

        let (looked_at, printed) = (seen.looked_at.lock().unwrap(), seen.printed.lock().unwrap());
        let is_known = |name: &&String| {
            let name = name.as_str();
            looked_at.contains(name) || WITHOUT_ADDRESS.contains(&name)
        };
        let missing: Vec<_> = types.iter().filter(|name| !is_known(name)).collect();
        assert!(missing.is_empty(), "neither met nor in WITHOUT_ADDRESS: {missing:?}");
        let mut listed = WITHOUT_ADDRESS.iter();
        let stale = listed.find(|name| !types.contains(**name) || looked_at.contains(**name));
        assert_eq!(stale, None, "in WITHOUT_ADDRESS, and met or no public type");
        let unprinted: Vec<_> =
            printing.intersection(&looked_at).filter(|name| !printed.contains(*name)).collect();
        assert!(unprinted.is_empty(), "looked at, and not printed: {unprinted:?}");
    });
}
