//! Connecting to a host over a wire of our own: which address wins, and which were tried, in order.
//!
//! Nothing here looks at a clock: a test asserts who won, the attempts and how each ended. Names are
//! answered by a table, and what must wait for something else waits for it.

mod message;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use inet6::option::{BindDevice, FastOpen, FastOpenConnect};
use inet6::{
    Builder, DualStack, Event, Family, HappyEyeballs, HostConnection, HostError, HostErrorKind,
    Interface, Outcome, Report, Resolve, ResolveError, ResolveErrorKind, TcpListener, TcpStream,
};

use crate::lab::Lab;
use crate::support::*;

mod echo;
mod errors;
mod flow_label;
mod guard;
mod mtu;
mod multicast;
mod preferences;
mod shard;
mod wire;

/// The longest that RFC 8305 lets an attempt have the field for itself: longer than it takes to fail.
const LONG: Duration = Duration::from_secs(2);

/// The shortest, where many attempts must time out.
const SHORT: Duration = Duration::from_millis(10);

/// Something that others wait for.
#[derive(Debug, Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

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
struct Names {
    addresses: Vec<SocketAddr>,
    held: Option<(Family, Gate)>,
}

impl Names {
    fn of<I: Into<IpAddr>>(addresses: impl IntoIterator<Item = I>) -> Self {
        let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip.into(), 0)).collect();
        Self { addresses, held: None }
    }

    /// The server on the wire, in both families.
    fn both() -> Self {
        Self::of([IpAddr::V6(SERVER_V6), IpAddr::V4(SERVER_V4)])
    }

    fn holding(self, family: Family, gate: &Gate) -> Self {
        Self { held: Some((family, gate.clone())), ..self }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: &str, family: Family) -> Result<Vec<SocketAddr>, ResolveError> {
        match &self.held {
            Some((held, gate)) if *held == family => gate.wait(),
            _ => {}
        }
        if name != "host.test" {
            return Err(ResolveErrorKind::NoSuchName.into());
        }
        let mut found = self.addresses.clone();
        found.retain(|address| address.is_ipv6() == (family == Family::Ipv6));
        if found.is_empty() { Err(ResolveErrorKind::NoAddress.into()) } else { Ok(found) }
    }
}

const SERVER_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const SERVER_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// `host.test` as these names have it. An answer that a busy machine delays changes no order.
fn host(port: u16, names: Names) -> HappyEyeballs {
    HappyEyeballs::to(("host.test", port))
        .resolver(names)
        .resolution_delay(LONG)
        .attempt_delay(LONG)
        .deadline(PATIENCE)
}

fn connect(
    lab: &Lab,
    host: &HappyEyeballs,
) -> Result<HostConnection<TcpStream<DualStack>>, HostError> {
    lab.right.run(|| Builder::stream().dual_stack().connect_host(host))
}

/// A listener on the left host, in both families, and its port.
fn server(lab: &Lab) -> (TcpListener<DualStack>, u16) {
    let listener = lab.left.run(dual_listener);
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// One line an attempt, in the order of their starts: the address and how it ended.
#[track_caller]
fn story(report: &Report) -> Vec<String> {
    let attempts = &report.attempts;
    assert!(attempts.is_sorted_by_key(|attempt| attempt.started), "{report}");
    assert!(attempts.iter().all(|attempt| attempt.started <= attempt.ended), "{report}");
    let lines = attempts.iter().map(|attempt| match &attempt.outcome {
        Outcome::Won => format!("{} connected", attempt.address.ip()),
        Outcome::Cancelled => format!("{} cancelled", attempt.address.ip()),
        Outcome::Failed(error) => format!("{} {:?}", attempt.address.ip(), error.kind()),
        outcome => panic!("{outcome:?}"),
    });
    lines.collect()
}

/// Connects to the host; the winner is the address that the listener saw, and no other connection
/// arrived there.
#[track_caller]
fn check(
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
fn without_scope(address: SocketAddr) -> SocketAddr {
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
fn ipv6_in_a_black_hole_lets_ipv4_win() {
    let lab = require!(Lab::new(), "the lab");
    require!(lab.left.filter("meta nfproto ipv6 meta l4proto tcp drop"), "nftables");
    let (listener, port) = server(&lab);
    let host = host(port, Names::both()).attempt_delay(SHORT);
    let expected = ["2001:db8::1 cancelled", "192.0.2.1 connected"];
    check(&lab, &listener, &host, SERVER_V4, &expected);
}

#[test]
fn ipv6_refused_hands_over_to_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    let listener = lab.left.run(|| {
        let bound = Builder::stream().dual_stack().bind("192.0.2.1:0").unwrap();
        bound.listen(4).unwrap()
    });
    let port = listener.local_addr().unwrap().port();
    let expected = ["2001:db8::1 ConnectionRefused", "192.0.2.1 connected"];
    // The deadline passes before the delay does: it is the failure that starts the second attempt.
    let host_in_time = host(port, Names::both()).deadline(LONG);
    check(&lab, &listener, &host_in_time, SERVER_V4, &expected);

    // Somebody on the way refuses, where a listener is.
    let (listener, port) = server(&lab);
    let rule = "meta nfproto ipv6 meta l4proto tcp reject with tcp reset";
    require!(lab.left.filter(rule), "nftables");
    check(&lab, &listener, &host(port, Names::both()), SERVER_V4, &expected);
}

#[test]
fn an_icmpv6_error_hands_over_to_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    for (code, kind) in [
        ("addr-unreachable", "HostUnreachable"),
        ("no-route", "NetworkUnreachable"),
        ("admin-prohibited", "PermissionDenied"),
    ] {
        // The kernel drops the first message, which on this wire arrives while connect(2) is still
        // at work with the socket; the second comes with the second SYN, after a second.
        let rule = format!("meta nfproto ipv6 meta l4proto tcp reject with icmpv6 type {code}");
        require!(lab.left.filter(&rule), "nftables");
        let expected = [&*format!("2001:db8::1 {kind}"), "192.0.2.1 connected"];
        check(&lab, &listener, &host(port, Names::both()), SERVER_V4, &expected);
        lab.left.unfilter();
    }
}

/// A listener of both families on the left host, whose IPv6 half is full.
fn half_full(lab: &Lab) -> (TcpListener, TcpListener<DualStack>, Vec<inet6::Connecting>) {
    let (full, ipv4) = lab.left.run(|| {
        let full = Builder::stream().bind("[2001:db8::1]:0").unwrap().listen(0).unwrap();
        let ipv4 = ("192.0.2.1", full.local_addr().unwrap().port());
        (full, Builder::stream().dual_stack().bind(ipv4).unwrap().listen(4).unwrap())
    });
    let mut waiting = lab.right.run(|| fill(full.local_addr().unwrap()));
    // This one is not in the queue, and would take the next place.
    drop(waiting.pop());
    (full, ipv4, waiting)
}

#[test]
fn an_ipv6_server_that_is_busy_loses_to_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    let (_full, ipv4, _waiting) = half_full(&lab);
    let port = ipv4.local_addr().unwrap().port();
    let host = host(port, Names::both()).attempt_delay(SHORT);
    let expected = ["2001:db8::1 cancelled", "192.0.2.1 connected"];
    check(&lab, &ipv4, &host, SERVER_V4, &expected);
}

#[test]
fn an_ipv6_server_that_is_slow_wins_if_ipv4_is_worse() {
    let lab = require!(Lab::new(), "the lab");
    require!(lab.left.filter("meta nfproto ipv4 meta l4proto tcp drop"), "nftables");
    let (full, ipv4, _waiting) = half_full(&lab);
    let port = ipv4.local_addr().unwrap().port();
    // It accepts no sooner than the second attempt has started.
    let host = host(port, Names::both()).attempt_delay(SHORT).observer(move |event| {
        if matches!(event, Event::Started { address, .. } if address.is_ipv4()) {
            full.accept().unwrap();
        }
    });
    let connection = connect(&lab, &host).unwrap();
    let expected = ["2001:db8::1 connected", "192.0.2.1 cancelled"];
    assert_eq!(story(&connection.report), expected);
    assert_eq!(connection.peer, (SERVER_V6, port).into());
    assert_eq!(connection.socket.peer_addr().unwrap(), connection.peer);
}

#[test]
fn of_two_that_are_there_at_once_the_first_is_kept() {
    let lab = Arc::new(require!(Lab::new(), "the lab"));
    require!(lab.left.filter("meta l4proto tcp drop"), "nftables");
    let (listener, port) = server(&lab);
    let third: Ipv6Addr = "2001:db8::ffff".parse().unwrap();
    let names = Names::of([IpAddr::V6(SERVER_V6), SERVER_V4.into(), third.into()]);
    // While nobody looks, both get through.
    let left = Arc::clone(&lab);
    let (sender, accepted) = channel();
    let host = host(port, names).attempt_delay(SHORT).observer(move |event| {
        if matches!(event, Event::Started { address, .. } if address.ip() == third) {
            left.left.unfilter();
            for _ in 0..2 {
                sender.send(listener.accept().unwrap()).unwrap();
            }
        }
    });
    let connection = connect(&lab, &host).unwrap();
    let expected = ["2001:db8::1 connected", "192.0.2.1 cancelled", "2001:db8::ffff cancelled"];
    assert_eq!(story(&connection.report), expected);
    assert_eq!(connection.socket.peer_addr().unwrap(), (SERVER_V6, port).into());

    let mut accepted: Vec<_> = accepted.try_iter().collect();
    accepted.sort_unstable_by_key(|(_, peer)| peer.is_ipv4());
    let [(kept, ours), (closed, other)] = &accepted[..] else { panic!("{accepted:?}") };
    assert!(ours.is_ipv6() && other.is_ipv4(), "{accepted:?}");
    // The loser is closed, and the winner is not.
    closed.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!((&*closed).read(&mut [0; 4]).unwrap(), 0);
    (&connection.socket).write_all(b"here").unwrap();
    kept.set_read_timeout(Some(PATIENCE)).unwrap();
    (&*kept).read_exact(&mut [0; 4]).unwrap();
}

#[test]
fn a_name_with_ipv4_only() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let names = || Names::of([SERVER_V4]);
    check(&lab, &listener, &host(port, names()), SERVER_V4, &["192.0.2.1 connected"]);

    let error = lab.right.run(|| Builder::stream().connect_host(host(port, names()))).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Unresolved);
    assert!(error.report().attempts.is_empty());
    assert!(error.report().answers.iter().all(|answer| answer.family == Family::Ipv6));
    assert!(error.to_string().contains("no address of this family"), "{error}");
}

#[test]
fn a_host_without_ipv6() {
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
fn a_name_with_ipv6_only() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let names = Names::of([SERVER_V6]);
    check(&lab, &listener, &host(port, names), SERVER_V6, &["2001:db8::1 connected"]);
}

#[test]
fn a_host_without_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    lab.right.ip("address flush dev wire scope global");
    lab.right.ip("address add 2001:db8::2/64 dev wire nodad");
    let host = host(port, Names::both()).first_family(Family::Ipv4);
    let expected = ["192.0.2.1 NetworkUnreachable", "2001:db8::1 connected"];
    check(&lab, &listener, &host, SERVER_V6, &expected);
}

#[test]
fn a_link_local_address_with_its_zone() {
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
    let error = connect(&lab, &host(port, Names::of([ip]))).unwrap_err();
    assert_eq!(story(error.report()), ["fe80::1 InvalidInput"]);
    assert!(error.to_string().contains("fe80::1%eth0"), "{error}");
}

#[test]
fn an_interface_that_comes_back_under_another_index_is_found() {
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
}

/// Addresses that are the left host's, and whose connections it drops.
fn dead(lab: &Lab, count: u16) -> Result<(Vec<IpAddr>, Vec<IpAddr>), String> {
    for words in
        ["route add local 2001:db8:dead::/64 dev lo", "route add local 198.51.100.0/24 dev lo"]
    {
        lab.left.ip(words);
    }
    lab.right.ip("route add 2001:db8:dead::/64 via 2001:db8::1");
    lab.right.ip("route add 198.51.100.0/24 via 192.0.2.1");
    lab.left.filter("ip6 daddr 2001:db8:dead::/64 drop")?;
    lab.left.filter("ip daddr 198.51.100.0/24 drop")?;
    let ipv6 = (1..=count).map(|n| Ipv6Addr::new(0x2001, 0xdb8, 0xdead, 0, 0, 0, 0, n).into());
    let ipv4 = (1..=count).map(|n| Ipv4Addr::new(198, 51, 100, n as u8).into());
    Ok((ipv6.collect(), ipv4.collect()))
}

#[test]
fn twenty_dead_addresses_come_before_the_live_one() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let (dead, _) = require!(dead(&lab, 20), "nftables");
    let names = Names::of(dead.iter().copied().chain([SERVER_V6.into()]));
    let mut expected: Vec<_> = dead.iter().map(|ip| format!("{ip} cancelled")).collect();
    expected.push("2001:db8::1 connected".into());
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    let host = host(port, names).attempt_delay(SHORT);
    check(&lab, &listener, &host, SERVER_V6, &expected);
}

#[test]
fn the_families_take_turns_through_twenty_dead_addresses() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let (ipv6, ipv4) = require!(dead(&lab, 10), "nftables");
    // Both answers are there when the race begins: this one waits until the other is known.
    let gate = Gate::default();
    let all = ipv6.iter().chain(&ipv4).copied().chain([SERVER_V6.into()]);
    let names = Names::of(all).holding(Family::Ipv6, &gate);
    let host = host(port, names).attempt_delay(SHORT).observer(move |event| {
        if matches!(event, Event::Answered(answer) if answer.family == Family::Ipv4) {
            gate.open();
        }
    });
    let turns = ipv6.iter().zip(&ipv4);
    let mut expected: Vec<_> =
        turns.flat_map(|(a, b)| [a, b].map(|ip| format!("{ip} cancelled"))).collect();
    expected.push("2001:db8::1 connected".into());
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    check(&lab, &listener, &host, SERVER_V6, &expected);
}

#[test]
fn an_ipv6_only_socket_tries_ipv6_only() {
    let lab = require!(Lab::new(), "the lab");
    let (ipv4, port) = server(&lab);
    let rule = "meta nfproto ipv6 meta l4proto tcp reject with tcp reset";
    require!(lab.left.filter(rule), "nftables");
    let host = host(port, Names::both());
    let error = lab.right.run(|| Builder::stream().connect_host(&host)).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Exhausted);
    assert_eq!(story(error.report()), ["2001:db8::1 ConnectionRefused"]);
    ipv4.set_nonblocking(true).unwrap();
    ipv4.accept().unwrap_err();

    lab.left.unfilter();
    let connection = lab.right.run(|| Builder::stream().connect_host(&host)).unwrap();
    assert_eq!(story(&connection.report), ["2001:db8::1 connected"]);
    assert_eq!(connection.socket.peer_addr().unwrap().ip(), &SERVER_V6);
}

#[test]
fn an_error_lists_every_attempt() {
    let lab = require!(Lab::new(), "the lab");
    let port = lab.left.run(|| dual_socket().local_addr().unwrap().port());
    let error = connect(&lab, &host(port, Names::both())).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Exhausted);
    let expected = ["2001:db8::1 ConnectionRefused", "192.0.2.1 ConnectionRefused"];
    assert_eq!(story(error.report()), expected);
    let text = error.to_string();
    for part in ["host.test", "2001:db8::1", "192.0.2.1", "connection refused"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn the_deadline_ends_attempts_that_nothing_else_ends() {
    let lab = require!(Lab::new(), "the lab");
    require!(lab.left.filter("meta l4proto tcp drop"), "nftables");
    let (_listener, port) = server(&lab);
    let host = host(port, Names::both()).attempt_delay(SHORT).deadline(Duration::from_secs(1));
    let error = connect(&lab, &host).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::TimedOut);
    assert_eq!(story(error.report()), ["2001:db8::1 cancelled", "192.0.2.1 cancelled"]);
}

#[test]
fn the_deadline_holds_while_the_resolver_hangs() {
    struct Hanging(Gate);

    impl Resolve for Hanging {
        fn resolve(&self, _: &str, _: Family) -> Result<Vec<SocketAddr>, ResolveError> {
            self.0.wait();
            Ok(vec![(SERVER_V6, 0).into()])
        }
    }

    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let gate = Gate::default();
    let host = HappyEyeballs::to(("host.test", port)).resolver(Hanging(gate.clone()));
    let error = connect(&lab, &host.deadline(Duration::from_millis(50))).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::TimedOut);
    assert!(error.report().answers.is_empty() && error.report().attempts.is_empty());
    // Its answer comes too late and starts nothing.
    gate.open();
    listener.set_nonblocking(true).unwrap();
    listener.accept().unwrap_err();
}

#[test]
fn one_family_that_is_never_answered_does_not_hold_up_the_other() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let never = Gate::default();
    let slow = host(port, Names::both().holding(Family::Ipv4, &never));
    check(&lab, &listener, &slow, SERVER_V6, &["2001:db8::1 connected"]);
    let slow = host(port, Names::both().holding(Family::Ipv6, &never)).resolution_delay(SHORT);
    check(&lab, &listener, &slow, SERVER_V4, &["192.0.2.1 connected"]);
    never.open();
}

#[test]
fn an_answer_that_comes_late_joins_the_race() {
    let lab = require!(Lab::new(), "the lab");
    require!(lab.left.filter("meta nfproto ipv4 meta l4proto tcp drop"), "nftables");
    let (listener, port) = server(&lab);
    let gate = Gate::default();
    let names = Names::both().holding(Family::Ipv6, &gate);
    let host = host(port, names).resolution_delay(SHORT).attempt_delay(SHORT);
    let host = host.observer(move |event| {
        if matches!(event, Event::Started { .. }) {
            gate.open();
        }
    });
    let expected = ["192.0.2.1 cancelled", "2001:db8::1 connected"];
    check(&lab, &listener, &host, SERVER_V6, &expected);
}

#[test]
fn attempts_come_from_the_source_that_is_given() {
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
fn a_datagram_socket_takes_the_first_address_with_a_route_and_a_source() {
    let lab = require!(Lab::new(), "the lab");
    let server = lab.left.run(dual_socket);
    let port = server.local_addr().unwrap().port();
    let nowhere: Ipv6Addr = "2001:db8:ffff::1".parse().unwrap();
    let connect = |names| {
        let builder = Builder::datagram().dual_stack();
        lab.right.run(|| builder.connect_host(host(port, names))).unwrap()
    };
    let without_route = connect(Names::of([IpAddr::V6(nowhere), SERVER_V6.into()]));
    let expected = ["2001:db8:ffff::1 NetworkUnreachable", "2001:db8::1 connected"];
    assert_eq!(story(&without_route.report), expected);
    assert_eq!(without_route.peer, (SERVER_V6, port).into());

    let to_ipv4 = connect(Names::of([IpAddr::V6(nowhere), SERVER_V4.into()]));
    let expected = ["2001:db8:ffff::1 NetworkUnreachable", "192.0.2.1 connected"];
    assert_eq!(story(&to_ipv4.report), expected);
    assert_eq!(to_ipv4.peer, (SERVER_V4, port).into());

    for connection in [without_route, to_ipv4] {
        connection.socket.send(b"here").unwrap();
        let (len, source) = server.recv_from(&mut [0; 16]).unwrap();
        assert_eq!((len, source), (4, connection.socket.local_addr().unwrap()));
    }

    let only = lab.right.run(|| Builder::datagram().connect_host(host(port, Names::both())));
    assert_eq!(only.unwrap().socket.peer_addr().unwrap().ip(), &SERVER_V6);
    let names = Names::of([nowhere]);
    let error = lab.right.run(|| Builder::datagram().connect_host(host(port, names))).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Exhausted);
    assert_eq!(story(error.report()), expected[..1]);
}

#[test]
fn an_address_with_a_fast_open_cookie_wins_though_it_is_dead() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.sysctl("ipv4/tcp_fastopen", "3");
    lab.right.sysctl("ipv4/tcp_fastopen", "1");
    let (listener, port) = server(&lab);
    listener.set_option(FastOpen(16)).unwrap();
    let builder = Builder::stream().dual_stack().with(FastOpenConnect(true));
    let connect = || {
        let host = host(port, Names::both()).attempt_delay(SHORT);
        lab.right.run(|| builder.connect_host(host)).unwrap()
    };
    // The SYN of the first connection asks for the cookie.
    let first = connect();
    listener.accept().unwrap();
    drop(first);
    require!(lab.left.filter("meta nfproto ipv6 meta l4proto tcp drop"), "nftables");
    assert_eq!(story(&connect().report), ["2001:db8::1 connected"]);
}

/// Python's own server of files, in both families.
struct FileServer {
    child: Child,
    port: u16,
}

impl FileServer {
    fn start(lab: &Lab) -> Result<Self, String> {
        let mut command = Command::new("python3");
        command.args(["-u", "-m", "http.server", "0", "--bind", "::", "--directory"]);
        command.arg(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).stderr(Stdio::null());
        let spawned = lab.left.run(|| command.stdout(Stdio::piped()).spawn());
        let mut child = spawned.map_err(|error| format!("python3: {error}"))?;
        // `Serving HTTP on :: port 41027 (http://[::]:41027/) ...`
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next());
        let port = port.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
        Ok(Self { child, port })
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

#[test]
fn pythons_file_server_answers_over_whichever_family_is_left() {
    let lab = require!(Lab::new(), "the lab");
    require!(lab.left.filter("meta nfproto ipv6 meta l4proto tcp drop"), "nftables");
    let server = require!(FileServer::start(&lab), "Python");
    let fetch = |attempt_delay, expected: &[&str]| {
        let host = host(server.port, Names::both()).attempt_delay(attempt_delay);
        let connection = connect(&lab, &host).unwrap();
        assert_eq!(story(&connection.report), expected);
        let mut stream = connection.socket;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET /README.md HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with(include_str!("../../README.md")), "{answer}");
    };
    fetch(SHORT, &["2001:db8::1 cancelled", "192.0.2.1 connected"]);
    lab.left.unfilter();
    lab.left.filter("meta nfproto ipv6 meta l4proto tcp reject with tcp reset").unwrap();
    fetch(LONG, &["2001:db8::1 ConnectionRefused", "192.0.2.1 connected"]);
    lab.left.unfilter();
    lab.left.filter("meta nfproto ipv4 meta l4proto tcp drop").unwrap();
    fetch(LONG, &["2001:db8::1 connected"]);
}

#[test]
fn every_attempt_has_the_options_of_the_builder() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let on = |name: &str, host: HappyEyeballs| {
        let device = BindDevice(Some(Interface::from_name(name).unwrap().into()));
        Builder::stream().dual_stack().with(device).connect_host(host)
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
