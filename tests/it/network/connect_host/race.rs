//! The race between addresses that do not answer, refuse, or answer late.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use inet6::option::{FastOpen, FastOpenConnect};
use inet6::{
    Builder, DualStack, TcpListener,
    connect::{Event, Family, HostErrorKind},
};

use super::*;

/// As many attempts as a test has addresses.
const MANY: NonZeroUsize = NonZeroUsize::new(64).unwrap();

#[test]
fn ipv6_black_hole_loses_to_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    require!(lab.left.arriving().drop(IPV6_TCP), "nftables");
    let (listener, port) = server(&lab);
    let host = host(port, Names::both()).attempt_delay(SHORT);
    let expected = ["2001:db8::1 cancelled", "192.0.2.1 connected"];
    check(&lab, &listener, &host, SERVER_V4, &expected);
}

#[test]
fn ipv6_refused_hands_over_to_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    let listener = lab.left.run(|| {
        let bound = Builder::stream().bind("192.0.2.1:0").unwrap();
        bound.listen(4).unwrap()
    });
    let port = listener.local_addr().unwrap().port();
    let expected = ["2001:db8::1 ConnectionRefused", "192.0.2.1 connected"];
    // The deadline passes before the delay does: it is the failure that starts the second attempt.
    let host_in_time = host(port, Names::both()).deadline(LONG);
    check(&lab, &listener, &host_in_time, SERVER_V4, &expected);

    // Somebody on the way refuses, where a listener is.
    let (listener, port) = server(&lab);
    require!(lab.left.arriving().reject(IPV6_TCP, Reject::Reset), "nftables");
    check(&lab, &listener, &host(port, Names::both()), SERVER_V4, &expected);
}

#[test]
fn icmpv6_error_hands_over_to_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    for (how, kind) in [
        (Reject::Address, "HostUnreachable"),
        (Reject::NoRoute, "NetworkUnreachable"),
        (Reject::Prohibited, "PermissionDenied"),
    ] {
        // The kernel drops the first message, which on this wire arrives while connect(2) is still
        // at work with the socket; the second comes with the second SYN, after a second.
        require!(lab.left.arriving().reject(IPV6_TCP, how), "nftables");
        let expected = [&*format!("2001:db8::1 {kind}"), "192.0.2.1 connected"];
        check(&lab, &listener, &host(port, Names::both()), SERVER_V4, &expected);
        lab.left.let_all_through();
    }
}

/// A listener of both families on the left host, whose IPv6 half is full.
fn half_full(lab: &Lab) -> (TcpListener, TcpListener<DualStack>, Vec<inet6::tcp::Connecting>) {
    let (full, ipv4) = lab.left.run(|| {
        let full = Builder::stream().bind("[2001:db8::1]:0").unwrap().listen(0).unwrap();
        let ipv4 = ("192.0.2.1", full.local_addr().unwrap().port());
        (full, Builder::stream().bind(ipv4).unwrap().listen(4).unwrap())
    });
    let mut waiting = lab.right.run(|| fill(full.local_addr().unwrap()));
    // This one is not in the queue, and would take the next place.
    drop(waiting.pop());
    (full, ipv4, waiting)
}

#[test]
fn busy_ipv6_server_loses_to_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    let (_full, ipv4, _waiting) = half_full(&lab);
    let port = ipv4.local_addr().unwrap().port();
    let host = host(port, Names::both()).attempt_delay(SHORT);
    let expected = ["2001:db8::1 cancelled", "192.0.2.1 connected"];
    check(&lab, &ipv4, &host, SERVER_V4, &expected);
}

#[test]
fn slow_ipv6_server_beats_silent_ipv4() {
    let lab = require!(Lab::new(), "the lab");
    require!(lab.left.arriving().drop(IPV4_TCP), "nftables");
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
fn race_keeps_first_simultaneous_connection() {
    let lab = Arc::new(require!(Lab::new(), "the lab"));
    require!(lab.left.arriving().drop("meta l4proto tcp"), "nftables");
    let (listener, port) = server(&lab);
    let third: Ipv6Addr = "2001:db8::ffff".parse().unwrap();
    let names = Names::new([IpAddr::V6(SERVER_V6), SERVER_V4.into(), third.into()]);
    // While nobody looks, both get through.
    let left = Arc::clone(&lab);
    let (sender, accepted) = channel();
    let host = host(port, names).attempt_delay(SHORT).observer(move |event| {
        if matches!(event, Event::Started { address, .. } if address.ip() == third) {
            left.left.let_all_through();
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

/// Addresses that are the left host's, and whose connections it drops.
fn dead(lab: &Lab, count: u16) -> Result<(Vec<IpAddr>, Vec<IpAddr>), String> {
    for words in
        ["route add local 2001:db8:dead::/64 dev lo", "route add local 198.51.100.0/24 dev lo"]
    {
        lab.left.ip(words);
    }
    lab.right.ip("route add 2001:db8:dead::/64 via 2001:db8::1");
    lab.right.ip("route add 198.51.100.0/24 via 192.0.2.1");
    lab.left.arriving().drop("ip6 daddr 2001:db8:dead::/64")?;
    lab.left.arriving().drop("ip daddr 198.51.100.0/24")?;
    let ipv6 = (1..=count).map(|n| Ipv6Addr::new(0x2001, 0xdb8, 0xdead, 0, 0, 0, 0, n).into());
    let ipv4 = (1..=count).map(|n| Ipv4Addr::new(198, 51, 100, n as u8).into());
    Ok((ipv6.collect(), ipv4.collect()))
}

#[test]
fn live_address_wins_after_twenty_dead() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let (dead, _) = require!(dead(&lab, 20), "nftables");
    let names = Names::new(dead.iter().copied().chain([SERVER_V6.into()]));
    let mut expected: Vec<_> = dead.iter().map(|ip| format!("{ip} cancelled")).collect();
    expected.push("2001:db8::1 connected".into());
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    let host = host(port, names).attempt_delay(SHORT).max_in_flight(MANY);
    check(&lab, &listener, &host, SERVER_V6, &expected);
}

#[test]
fn families_alternate_through_dead_addresses() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let (ipv6, ipv4) = require!(dead(&lab, 10), "nftables");
    // Both answers are there when the race begins: this one comes when the other is known.
    let gate = Gate::default();
    let all = ipv6.iter().chain(&ipv4).copied().chain([SERVER_V6.into()]);
    let names = Names::new(all).holding(Family::Ipv6, &gate);
    let host = host(port, names).attempt_delay(SHORT).max_in_flight(MANY);
    let host = host.observer(move |event| {
        if matches!(event, Event::Answered(answer) if answer.family == Some(Family::Ipv4)) {
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
fn error_lists_every_attempt() {
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
fn deadline_cancels_silent_attempts() {
    let lab = require!(Lab::new(), "the lab");
    require!(lab.left.arriving().drop("meta l4proto tcp"), "nftables");
    let (_listener, port) = server(&lab);
    let host = host(port, Names::both()).attempt_delay(SHORT).deadline(Duration::from_secs(1));
    let error = connect(&lab, &host).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::TimedOut);
    assert_eq!(story(error.report()), ["2001:db8::1 cancelled", "192.0.2.1 cancelled"]);
}

#[test]
fn dead_address_wins_with_fast_open() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.sysctl("ipv4/tcp_fastopen", "3");
    lab.right.sysctl("ipv4/tcp_fastopen", "1");
    let (listener, port) = server(&lab);
    listener.set_option(FastOpen(16)).unwrap();
    let builder = Builder::stream().with(FastOpenConnect(true));
    let connect = || {
        let host = host(port, Names::both()).attempt_delay(SHORT);
        lab.right.run(|| builder.connect_host(host)).unwrap()
    };
    // The SYN of the first connection asks for the cookie.
    let first = connect();
    listener.accept().unwrap();
    drop(first);
    require!(lab.left.arriving().drop(IPV6_TCP), "nftables");
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
fn python_server_answers_over_remaining_family() {
    let lab = require!(Lab::new(), "the lab");
    require!(lab.left.arriving().drop(IPV6_TCP), "nftables");
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
        assert!(answer.ends_with(include_str!("../../../../README.md")), "{answer}");
    };
    fetch(SHORT, &["2001:db8::1 cancelled", "192.0.2.1 connected"]);
    lab.left.let_all_through();
    lab.left.arriving().reject(IPV6_TCP, Reject::Reset).unwrap();
    fetch(LONG, &["2001:db8::1 ConnectionRefused", "192.0.2.1 connected"]);
    lab.left.let_all_through();
    lab.left.arriving().drop(IPV4_TCP).unwrap();
    fetch(LONG, &["2001:db8::1 connected"]);
}
