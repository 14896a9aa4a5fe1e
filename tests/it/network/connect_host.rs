//! Connecting to a host over a wire of our own: which address wins, and which were tried, in order.
//!
//! Nothing here looks at a clock: a test asserts who won, the attempts and how each ended. Names
//! are answered by a table, and what must wait for something else waits for it.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use inet6::option::BindDevice;
use inet6::{
    Builder, DualStack, TcpListener, TcpStream,
    connect::{
        Answers, Family, HappyEyeballs, HostConnection, HostError, HostErrorKind, Outcome, Query,
        Report, Resolve, ResolveErrorKind,
    },
    interface::Interface,
};

use crate::lab::{Lab, Reject};
use crate::support::*;

mod answers;
mod names;

mod race;

/// The longest that RFC 8305 lets an attempt have the field for itself: longer than it takes to
/// fail.
pub(crate) const LONG: Duration = Duration::from_secs(2);

/// The shortest, where many attempts must time out.
pub(crate) const SHORT: Duration = Duration::from_millis(10);

/// The connections of one family, for the firewall.
const IPV6_TCP: &str = "meta nfproto ipv6 meta l4proto tcp";
const IPV4_TCP: &str = "meta nfproto ipv4 meta l4proto tcp";

/// Something that others wait for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn open(&self) {
        let (open, opened) = &*self.0;
        *open.lock().unwrap() = true;
        opened.notify_all();
    }

    fn wait(&self) {
        let (open, opened) = &*self.0;
        drop(opened.wait_while(open.lock().unwrap(), |open| !*open).unwrap());
    }
}

/// The addresses of `host.test`; the answers of one family may be held back.
#[derive(Debug, Default)]
pub(crate) struct Names {
    addresses: Vec<SocketAddr>,
    held: Option<(Family, Gate)>,
}

impl Names {
    pub(crate) fn new<I: Into<IpAddr>>(addresses: impl IntoIterator<Item = I>) -> Self {
        let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip.into(), 0)).collect();
        Self { addresses, held: None }
    }

    /// The server on the wire, in both families.
    pub(crate) fn both() -> Self {
        Self::new([IpAddr::V6(SERVER_V6), IpAddr::V4(SERVER_V4)])
    }

    fn holding(self, family: Family, gate: &Gate) -> Self {
        Self { held: Some((family, gate.clone())), ..self }
    }
}

/// Answers for IPv6, then for IPv4, unless one of them is held back until the other is known.
impl Resolve for Names {
    fn resolve(&self, query: Query, answers: Answers) {
        if query.name() != "host.test" {
            return answers.push_all(Err(ResolveErrorKind::NoSuchName.into()));
        }
        let answer = |family| {
            let own = |address: &&SocketAddr| address.is_ipv6() == (family == Family::Ipv6);
            answers.push(family, Ok(self.addresses.iter().filter(own).copied().collect()));
        };
        match &self.held {
            None => [Family::Ipv6, Family::Ipv4].into_iter().for_each(answer),
            Some((held, gate)) => {
                answer(if *held == Family::Ipv6 { Family::Ipv4 } else { Family::Ipv6 });
                gate.wait();
                answer(*held);
            }
        }
    }
}

pub(crate) const SERVER_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

pub(crate) const SERVER_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// `host.test` as these names have it. An answer that a busy machine delays changes no order.
pub(crate) fn host(port: u16, names: Names) -> HappyEyeballs {
    HappyEyeballs::to(("host.test", port))
        .resolver(names)
        .resolution_delay(LONG)
        .attempt_delay(LONG)
        .deadline(PATIENCE)
}

pub(crate) fn connect(
    lab: &Lab,
    host: &HappyEyeballs,
) -> Result<HostConnection<TcpStream<DualStack>>, HostError> {
    lab.right.run(|| Builder::stream().connect_host(host))
}

/// A listener on the left host, in both families, and its port.
pub(crate) fn server(lab: &Lab) -> (TcpListener<DualStack>, u16) {
    let listener = lab.left.run(dual_listener);
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// One line an attempt, in the order of their starts: the address and how it ended.
#[track_caller]
pub(crate) fn story(report: &Report) -> Vec<String> {
    let attempts = &report.attempts;
    assert!(attempts.is_sorted_by_key(|attempt| attempt.started), "{report}");
    assert!(attempts.iter().all(|attempt| attempt.started <= attempt.ended), "{report}");
    let lines = attempts.iter().map(|attempt| match &attempt.outcome {
        Outcome::Won => format!("{} connected", attempt.address.ip()),
        Outcome::Cancelled => format!("{} cancelled", attempt.address.ip()),
        Outcome::Failed(error) => format!("{} {:?}", attempt.address.ip(), error.kind()),
        Outcome::Unsuited(source) => format!("{} unsuited {source}", attempt.address.ip()),
        outcome => panic!("{outcome:?}"),
    });
    lines.collect()
}

/// Connects to the host; the winner is the address that the listener saw, and no other connection
/// arrived there.
#[track_caller]
pub(crate) fn check(
    lab: &Lab,
    listener: &TcpListener<DualStack>,
    host: &HappyEyeballs,
    winner: impl Into<IpAddr>,
    expected: &[&str],
) {
    let connection = connect(lab, host).unwrap();
    assert_eq!(story(&connection.report), expected);
    let winner = SocketAddr::new(winner.into(), listener.local_addr().unwrap().port());
    assert_eq!(without_scope(connection.peer), winner);
    assert_eq!(connection.socket.peer_addr().unwrap(), connection.peer);
    let (accepted, peer) = listener.accept().unwrap();
    assert_eq!(without_scope(peer), without_scope(connection.socket.local_addr().unwrap()));
    assert_eq!(without_scope(accepted.local_addr().unwrap()), winner);
    (&accepted).write_all(b"here").unwrap();
    (&connection.socket).read_exact(&mut [0; 4]).unwrap();
    listener.set_nonblocking(true).unwrap();
    listener.accept().unwrap_err();
    listener.set_nonblocking(false).unwrap();
}

/// Both ends call the same link by an index of their own.
pub(crate) fn without_scope(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}

#[test]
fn both_families_answer_and_ipv6_wins() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    check(&lab, &listener, &host(port, Names::both()), SERVER_V6, &["2001:db8::1 connected"]);
    let host = host(port, Names::both()).first_family(Family::Ipv4);
    check(&lab, &listener, &host, SERVER_V4, &["192.0.2.1 connected"]);
}

#[test]
fn ipv4_only_name_connects_over_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let names = || Names::new([SERVER_V4]);
    check(&lab, &listener, &host(port, names()), SERVER_V4, &["192.0.2.1 connected"]);

    let error = lab
        .right
        .run(|| Builder::stream().v6_only().connect_host(host(port, names())))
        .unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Unresolved);
    assert!(error.report().attempts.is_empty());
    assert!(error.report().answers.iter().all(|answer| answer.family == Some(Family::Ipv6)));
    assert!(error.to_string().contains("IPv6 answer: no address"), "{error}");
}

#[test]
fn host_without_ipv6_connects_over_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    lab.right.sysctl("ipv6/conf/all/disable_ipv6", "1");
    let connection = connect(&lab, &host(port, Names::both())).unwrap();
    let [first, second] = &*story(&connection.report) else { panic!("{}", connection.report) };
    // Which of two errors it is differs between kernels.
    assert!(first.starts_with("2001:db8::1 ") && !first.ends_with("ed"), "{first}");
    assert_eq!(second, "192.0.2.1 connected");
    assert_eq!(listener.accept().unwrap().1, connection.socket.local_addr().unwrap());
}

#[test]
fn ipv6_only_name_connects_over_ipv6() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let names = Names::new([SERVER_V6]);
    check(&lab, &listener, &host(port, names), SERVER_V6, &["2001:db8::1 connected"]);
}

#[test]
fn host_without_ipv4_connects_over_ipv6() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    lab.right.ip("address flush dev wire scope global");
    lab.right.ip("address add 2001:db8::2/64 dev wire nodad");
    let host = host(port, Names::both()).first_family(Family::Ipv4);
    let expected = ["192.0.2.1 NetworkUnreachable", "2001:db8::1 connected"];
    check(&lab, &listener, &host, SERVER_V6, &expected);
}

#[test]
fn link_local_address_needs_zone() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let ip: Ipv6Addr = "fe80::1".parse().unwrap();
    let zone = Lab::index(&lab.right);
    for literal in [format!("[fe80::1%wire]:{port}"), format!("[fe80::1%{zone}]:{port}")] {
        let host = HappyEyeballs::to(literal).deadline(PATIENCE);
        check(&lab, &listener, &host, ip, &["fe80::1 connected"]);
    }
    // A resolver, such as one of multicast DNS, tells it with the address.
    let answer = std::net::SocketAddrV6::new(ip, 0, 0, zone);
    let names = Names { addresses: vec![answer.into()], held: None };
    check(&lab, &listener, &host(port, names), ip, &["fe80::1 connected"]);

    // One that does not leaves an address that nothing can be done with.
    let error = connect(&lab, &host(port, Names::new([ip]))).unwrap_err();
    assert_eq!(story(error.report()), ["fe80::1 InvalidInput"]);
    assert!(error.to_string().contains("fe80::1%eth0"), "{error}");
}

#[test]
fn zone_name_follows_changed_interface_index() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let ip: Ipv6Addr = "fe80::1".parse().unwrap();
    let host = HappyEyeballs::to(format!("[fe80::1%wire]:{port}")).deadline(PATIENCE);
    check(&lab, &listener, &host, ip, &["fe80::1 connected"]);
    let before = Lab::index(&lab.right);
    lab.wire().unwrap();
    assert_ne!(Lab::index(&lab.right), before);
    check(&lab, &listener, &host, ip, &["fe80::1 connected"]);

    let by_index = HappyEyeballs::to(format!("[fe80::1%{before}]:{port}")).deadline(PATIENCE);
    connect(&lab, &by_index).unwrap_err();

    // Even one that does so between the look-up of its name and the attempt.
    let lab = Arc::new(lab);
    let changes = Arc::clone(&lab);
    let host = host.observer(move |event| {
        if matches!(event, inet6::connect::Event::Started { .. }) {
            changes.wire().unwrap();
        }
    });
    let connection = connect(&lab, &host).unwrap();
    assert_eq!(story(&connection.report), ["fe80::1 connected"]);
}

#[test]
fn ipv6_only_socket_attempts_no_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    let (ipv4, port) = server(&lab);
    require!(lab.left.arriving().reject(IPV6_TCP, Reject::Reset), "nftables");
    let host = host(port, Names::both());
    let error = lab.right.run(|| Builder::stream().v6_only().connect_host(&host)).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Exhausted);
    assert_eq!(story(error.report()), ["2001:db8::1 ConnectionRefused"]);
    ipv4.set_nonblocking(true).unwrap();
    ipv4.accept().unwrap_err();

    lab.left.let_all_through();
    let connection = lab.right.run(|| Builder::stream().v6_only().connect_host(&host)).unwrap();
    assert_eq!(story(&connection.report), ["2001:db8::1 connected"]);
    assert_eq!(connection.socket.peer_addr().unwrap().ip(), &SERVER_V6);
}

#[test]
fn attempts_use_given_source_address() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    lab.right.ip("address add 2001:db8::3/64 dev wire nodad");
    lab.right.ip("address add 192.0.2.3/24 dev wire");
    for (family, source) in [(Family::Ipv6, "[2001:db8::3]:0"), (Family::Ipv4, "192.0.2.3:0")] {
        let source: SocketAddr = source.parse().unwrap();
        let host = host(port, Names::both())
            .first_family(family)
            .source(move |peer| (peer.is_ipv6() == source.is_ipv6()).then_some(source));
        let connection = connect(&lab, &host).unwrap();
        assert_eq!(connection.socket.local_addr().unwrap().ip(), source.ip());
        assert_eq!(listener.accept().unwrap().1.ip(), source.ip());
    }
}

#[test]
fn datagram_socket_takes_first_routable_address() {
    let lab = require!(Lab::new(), "the lab");
    let server = lab.left.run(dual_socket);
    let port = server.local_addr().unwrap().port();
    let nowhere: Ipv6Addr = "2001:db8:ffff::1".parse().unwrap();
    let connect = |names| {
        let builder = Builder::datagram();
        lab.right.run(|| builder.connect_host(host(port, names))).unwrap()
    };
    let without_route = connect(Names::new([IpAddr::V6(nowhere), SERVER_V6.into()]));
    let expected = ["2001:db8:ffff::1 NetworkUnreachable", "2001:db8::1 connected"];
    assert_eq!(story(&without_route.report), expected);
    assert_eq!(without_route.peer, (SERVER_V6, port).into());

    let to_ipv4 = connect(Names::new([IpAddr::V6(nowhere), SERVER_V4.into()]));
    let expected = ["2001:db8:ffff::1 NetworkUnreachable", "192.0.2.1 connected"];
    assert_eq!(story(&to_ipv4.report), expected);
    assert_eq!(to_ipv4.peer, (SERVER_V4, port).into());

    for connection in [without_route, to_ipv4] {
        connection.socket.send(b"here").unwrap();
        let (len, source) = server.recv_from(&mut [0; 16]).unwrap();
        assert_eq!((len, source), (4, connection.socket.local_addr().unwrap()));
    }

    let only =
        lab.right.run(|| Builder::datagram().v6_only().connect_host(host(port, Names::both())));
    assert_eq!(only.unwrap().socket.peer_addr().unwrap().ip(), &SERVER_V6);
    let names = Names::new([nowhere]);
    let error = lab
        .right
        .run(|| Builder::datagram().v6_only().connect_host(host(port, names)))
        .unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Exhausted);
    assert_eq!(story(error.report()), expected[..1]);
}

#[test]
fn attempts_inherit_builder_options() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let on = |name: &str, host: HappyEyeballs| {
        let device = BindDevice(Some(Interface::from_name(name).unwrap().into()));
        Builder::stream().with(device).connect_host(host)
    };
    lab.right.run(|| {
        let connection = on("wire", host(port, Names::both())).unwrap();
        assert_eq!(story(&connection.report), ["2001:db8::1 connected"]);
        let host = host(port, Names::both()).attempt_delay(SHORT);
        on("lo", host.deadline(Duration::from_secs(1))).unwrap_err();
    });
    listener.accept().unwrap();
    listener.set_nonblocking(true).unwrap();
    listener.accept().unwrap_err();
}
