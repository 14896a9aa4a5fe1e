//! What routers and hosts report of datagrams and connections, over wires of our own.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use inet6::icmp::{Icmp, Icmpv4Error, Icmpv6Error, Ipv4Unreachable, TimeExceeded, Unreachable};
use inet6::mode::Mode;
use inet6::option::{DontFragment, RecvError, Timestamping, UnicastHops};
use inet6::{
    Builder, DualStack, TcpStream, UdpSocket, V6Only,
    error_queue::{ErrorReport, Origin},
    udp::MessageTooLong,
};

use super::mtu::{counter, narrow};
use crate::example::{example, output};
use crate::lab::{Chain, Reject};
use crate::support::*;

/// A socket on the left host whose errors are queued.
fn client<M: Mode>(chain: &Chain, mode: M) -> UdpSocket<M> {
    let builder = Builder::datagram().mode(mode).with(RecvError(true));
    with_read_timeout(chain.left().run(|| builder.bind("[::]:0").unwrap()))
}

/// Waits for a report: receiving fails with its error, and it is in the queue, alone.
#[track_caller]
fn wait<M: Mode>(socket: &UdpSocket<M>, buffer: &mut [u8]) -> (ErrorReport<M>, io::Error) {
    let error = socket.recv_from(&mut [0; 8]).unwrap_err();
    assert_ne!(error.kind(), ErrorKind::WouldBlock, "no report comes");
    let report = socket.recv_error(buffer).unwrap().expect("the reason of the error");
    assert_eq!(report.error().unwrap().raw_os_error(), error.raw_os_error());
    assert_eq!(socket.recv_error(buffer).unwrap(), None);
    (report, error)
}

#[track_caller]
fn check(socket: &UdpSocket<DualStack>, peer: SocketAddr, offender: &str, icmp: Icmp) {
    let mut buffer = [0; 64];
    let (report, _) = wait(socket, &mut buffer);
    assert_eq!(report.icmp, Some(icmp), "{report:?}");
    let origin = if peer.is_ipv4() { Origin::Icmp } else { Origin::Icmpv6 };
    assert_eq!(report.origin, origin);
    assert_eq!(report.offender, Some(offender.parse().unwrap()));
    assert_eq!(report.destination, Some(peer));
    assert_eq!((&buffer[..report.len], report.truncated), (&b"anybody there?"[..], false));
    assert_eq!((report.mtu, report.sent), (None, None));
}

fn v6(why: Unreachable) -> Icmp {
    Icmp::V6(Icmpv6Error::DestinationUnreachable(why))
}

fn v4(why: Ipv4Unreachable) -> Icmp {
    Icmp::V4(Icmpv4Error::DestinationUnreachable(why))
}

#[test]
fn report_names_each_router_and_host() {
    let chain = require!(Chain::through(2), "the lab");
    let (v6_late, v4_late) = (
        Icmp::V6(Icmpv6Error::TimeExceeded(TimeExceeded::HopLimit)),
        Icmp::V4(Icmpv4Error::TimeExceeded(TimeExceeded::HopLimit)),
    );
    let ways = [
        ["2001:db8:0:1::2", "2001:db8:0:2::2", "2001:db8:0:3::2"],
        ["192.0.2.2", "198.51.100.2", "203.0.113.2"],
    ];
    for ([first, second, last], late, closed) in
        [(ways[0], v6_late, v6(Unreachable::Port)), (ways[1], v4_late, v4(Ipv4Unreachable::Port))]
    {
        let peer = SocketAddr::new(last.parse().unwrap(), 33_434);
        let socket = client(&chain, DualStack);
        for (hops, offender, icmp) in [(1, first, late), (2, second, late), (3, last, closed)] {
            socket.set_option(UnicastHops(Some(hops))).unwrap();
            socket.send_to(b"anybody there?", peer).unwrap();
            check(&socket, peer, offender, icmp);
        }
    }
}

#[test]
fn ipv6_only_report_has_ipv6_addresses() {
    let chain = require!(Chain::through(1), "the lab");
    let peer = "[2001:db8:0:2::2]:33434".parse().unwrap();
    let socket = client(&chain, V6Only).connect(peer).unwrap();
    socket.set_option(UnicastHops(Some(1))).unwrap();
    socket.send(b"anybody there?").unwrap();
    let error = socket.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HostUnreachable);
    let mut buffer = [0; 8];
    let report: ErrorReport<V6Only> = socket.recv_error(&mut buffer).unwrap().unwrap();
    assert_eq!(report.destination, Some(peer));
    assert_eq!(report.offender, Some("2001:db8:0:1::2".parse().unwrap()));
    assert_eq!((&buffer, report.len, report.truncated), (b"anybody ", 8, true));
}

#[test]
fn report_distinguishes_no_route_from_firewall() {
    let chain = require!(Chain::through(1), "the lab");
    require!(chain.router(1).passing().reject("udp dport 9", Reject::Prohibited), "nftables");
    let cases = [
        ("2001:db8:ffff::1", "2001:db8:0:1::2", v6(Unreachable::NoRoute)),
        ("198.18.0.1", "192.0.2.2", v4(Ipv4Unreachable::Network)),
        ("2001:db8:0:2::2", "2001:db8:0:1::2", v6(Unreachable::Prohibited)),
        ("198.51.100.2", "192.0.2.2", v4(Ipv4Unreachable::Prohibited)),
    ];
    let socket = client(&chain, DualStack);
    for (ip, offender, icmp) in cases {
        let peer = SocketAddr::new(ip.parse().unwrap(), 9);
        socket.send_to(b"anybody there?", peer).unwrap();
        check(&socket, peer, offender, icmp);
    }
}

#[test]
fn report_carries_every_unreachable_reason() {
    let chain = require!(Chain::through(1), "the lab");
    let peer = SocketAddr::new("2001:db8:0:2::2".parse().unwrap(), 9);
    let socket = client(&chain, DualStack);
    for (how, why) in [
        (Reject::NoRoute, Unreachable::NoRoute),
        (Reject::Prohibited, Unreachable::Prohibited),
        (Reject::Address, Unreachable::Address),
        (Reject::Port, Unreachable::Port),
        (Reject::Policy, Unreachable::SourcePolicy),
        (Reject::Route, Unreachable::RejectRoute),
    ] {
        let rule = chain.router(1).passing().reject("meta nfproto ipv6 meta l4proto udp", how);
        require!(rule, "nftables");
        socket.send_to(b"anybody there?", peer).unwrap();
        check(&socket, peer, "2001:db8:0:1::2", v6(why));
        chain.router(1).let_all_through();
    }
    let peer = SocketAddr::new("198.51.100.2".parse().unwrap(), 9);
    for (how, why) in [
        (Reject::NoRoute, Ipv4Unreachable::Network),
        (Reject::Prohibited, Ipv4Unreachable::Prohibited),
        (Reject::Address, Ipv4Unreachable::Host),
        (Reject::Port, Ipv4Unreachable::Port),
    ] {
        chain.router(1).passing().reject("meta nfproto ipv4 meta l4proto udp", how).unwrap();
        socket.send_to(b"anybody there?", peer).unwrap();
        check(&socket, peer, "192.0.2.2", v4(why));
        chain.router(1).let_all_through();
    }
}

#[test]
fn packet_too_big_reports_mtu() {
    let chain = require!(narrow(), "the lab");
    let too_big = Icmp::V6(Icmpv6Error::new(2, 0));
    for (ip, offender, icmp, most) in [
        ("2001:db8:0:2::2", "2001:db8:0:1::2", too_big, 1232),
        ("198.51.100.2", "192.0.2.2", v4(Ipv4Unreachable::PacketTooBig), 1252),
    ] {
        let peer = SocketAddr::new(ip.parse().unwrap(), 9);
        let socket = client(&chain, DualStack);
        socket.set_option(DontFragment(true)).unwrap();
        let data: Vec<u8> = (0..1400).map(|at| at as u8).collect();
        socket.send_to(&data, peer).unwrap();
        let mut buffer = [0; 1500];
        let (report, error) = wait(&socket, &mut buffer);
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
        assert_eq!((report.icmp, report.mtu), (Some(icmp), Some(1280)));
        assert_eq!(report.offender, Some(offender.parse().unwrap()));
        assert_eq!(report.destination, Some(peer));
        // As much of it as the router quotes.
        assert!(report.len >= 500 && !report.truncated, "{report:?}");
        assert_eq!(buffer[..report.len], data[..report.len]);

        // Now this host knows, and says so itself; making the error leaves the queue alone.
        let error = chain.left().run(|| socket.send_to(&data, peer)).unwrap_err();
        assert_eq!(MessageTooLong::of(&error).unwrap().max_payload(), Some(most));
        let report = socket.recv_error(&mut buffer).unwrap().unwrap();
        assert_eq!((report.origin, report.icmp, report.mtu), (Origin::Local, None, Some(1280)));
        assert_eq!((report.offender, report.destination.unwrap().ip()), (None, peer.ip()));
        assert_eq!(socket.recv_error(&mut buffer).unwrap(), None);
    }
}

#[test]
fn error_queue_returns_every_report() {
    let chain = require!(Chain::through(1), "the lab");
    let socket = client(&chain, DualStack);
    let peers = ["2001:db8:ffff::1", "198.18.0.1", "2001:db8:ffff::2"]
        .map(|ip| SocketAddr::new(ip.parse::<IpAddr>().unwrap(), 9));
    // Sending fails with the error of the datagram before; it is not sent then.
    for peer in peers {
        while socket.send_to(b"x", peer).is_err() {}
    }
    let mut waiting = peers.to_vec();
    while !waiting.is_empty() {
        socket.recv_from(&mut [0; 8]).unwrap_err();
        while let Some(report) = socket.recv_error(&mut []).unwrap() {
            assert_eq!((report.len, report.truncated), (0, true));
            waiting.retain(|peer| Some(*peer) != report.destination);
        }
    }
}

/// Waits for a report that fails no call.
#[track_caller]
fn next(socket: &UdpSocket<DualStack>) -> ErrorReport<DualStack> {
    let mut report = None;
    wait_until("a report comes", || {
        report = socket.recv_error(&mut []).unwrap();
        report.is_some()
    });
    report.unwrap()
}

#[test]
fn error_queue_returns_send_timestamps() {
    let chain = require!(Chain::through(1), "the lab");
    for ip in ["2001:db8:0:2::2", "198.51.100.2"] {
        let server = chain.right().run(dual_socket);
        let peer = (ip.parse::<IpAddr>().unwrap(), server.local_addr().unwrap().port());
        let socket = client(&chain, DualStack);
        socket.set_option(Timestamping { send: true, ..Timestamping::default() }).unwrap();
        let before = SystemTime::now();
        for id in [0, 1] {
            socket.send_to(b"now", peer).unwrap();
            let report = next(&socket);
            assert_eq!((report.origin, report.icmp), (Origin::Timestamp, None));
            assert_eq!((report.offender, report.destination, report.mtu), (None, None, None));
            assert!(report.error().is_none());
            let sent = report.sent.unwrap();
            assert_eq!((sent.id, sent.hardware_time), (id, None));
            assert!(sent.time.unwrap() >= before, "{sent:?}");
            assert_eq!(socket.recv_error(&mut []).unwrap(), None);
        }
    }
}

/// A connection from the left host to the right one.
fn streams(chain: &Chain) -> (TcpStream, TcpStream) {
    let listener = chain.right().run(listener_on_all);
    let peer = ("2001:db8:0:2::2", listener.local_addr().unwrap().port());
    let stream = chain.left().run(|| TcpStream::connect(peer).unwrap());
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    (stream, listener.accept().unwrap().0)
}

fn listener_on_all() -> inet6::TcpListener {
    inet6::TcpListener::bind("[::]:0").unwrap()
}

#[test]
fn only_recv_error_fails_stream_immediately() {
    let chain = require!(Chain::through(1), "the lab");
    let (stream, _peer) = streams(&chain);
    stream.set_option(UnicastHops(Some(1))).unwrap();
    let before = counter(chain.left(), "Icmp6InTimeExcds");
    stream.send(b"to the first router").unwrap();
    wait_until("the router says so", || counter(chain.left(), "Icmp6InTimeExcds") != before);
    // The kernel goes on trying, and says so only to who asks.
    stream.set_nonblocking(true).unwrap();
    assert_eq!(stream.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    let pending = stream.take_error().unwrap().map(|error| error.kind());
    assert_eq!(pending, Some(ErrorKind::HostUnreachable));

    stream.set_option(RecvError(true)).unwrap();
    let error = stream.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HostUnreachable);
    // It is an error of the connection, and no report.
    assert_eq!(stream.recv_error(&mut [0; 64]).unwrap(), None);
}

#[test]
fn failed_connect_keeps_router_report() {
    let chain = require!(Chain::through(1), "the lab");
    for (ip, router) in [("2001:db8:0:2::2", "2001:db8:0:1::2"), ("198.51.100.2", "192.0.2.2")] {
        let builder = Builder::stream().with(RecvError(true));
        let builder = builder.with(UnicastHops(Some(1)));
        let peer = SocketAddr::new(ip.parse().unwrap(), 80);
        let connecting = chain.left().run(|| builder.start_connect(peer).unwrap());
        assert!(connecting.wait(Some(PATIENCE)).unwrap());
        let report = connecting.recv_error(&mut [0; 64]).unwrap().unwrap();
        assert_eq!(report.offender, Some(router.parse().unwrap()));
        assert_eq!(report.destination, Some(peer));
        assert!(matches!(
            report.icmp,
            Some(
                Icmp::V6(Icmpv6Error::TimeExceeded(TimeExceeded::HopLimit))
                    | Icmp::V4(Icmpv4Error::TimeExceeded(TimeExceeded::HopLimit))
            )
        ));
        assert_eq!(connecting.finish().unwrap_err().kind(), ErrorKind::HostUnreachable);
    }
}

/// What `udp_traceroute` says of a host, without the times: number, address and reason.
#[track_caller]
fn trace(chain: &Chain, arguments: &[&str]) -> Vec<String> {
    let mut command = example("udp_traceroute").unwrap();
    let text = chain.left().run(|| output(command.args(arguments)));
    let mut lines = text.lines();
    assert_eq!(lines.next().unwrap(), format!("to {}", arguments[0]));
    let without_time = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        match &words[..] {
            [hop, from, time, "ms", why @ ..] => {
                assert!(time.parse::<f64>().is_ok(), "{line}");
                [&[*hop, *from], why].concat().join(" ")
            }
            _ => words.join(" "),
        }
    };
    lines.map(without_time).collect()
}

#[test]
fn udp_traceroute_lists_routers_in_order() {
    let chain = require!(Chain::through(2), "the lab");
    require!(example("udp_traceroute"), "the examples");
    assert_eq!(
        trace(&chain, &["2001:db8:0:3::2"]),
        [
            "1 2001:db8:0:1::2",
            "2 2001:db8:0:2::2",
            "3 2001:db8:0:3::2 nothing listens on the port (ICMPv6 type 1, code 4)",
        ]
    );
    assert_eq!(
        trace(&chain, &["203.0.113.2"]),
        [
            "1 192.0.2.2",
            "2 198.51.100.2",
            "3 203.0.113.2 nothing listens on the port (ICMP type 3, code 3)",
        ]
    );
    assert_eq!(trace(&chain, &["203.0.113.2", "--hops", "1"]), ["1 192.0.2.2"]);
    let nowhere = trace(&chain, &["2001:db8:ffff::1"]);
    let no_route = "2001:db8:0:1::2 no route to the destination (ICMPv6 type 1, code 0)";
    assert!(nowhere.last().unwrap().ends_with(no_route), "{nowhere:?}");

    // A router that says nothing is a star.
    require!(chain.left().arriving().drop("icmpv6 type time-exceeded"), "nftables");
    let silent = trace(&chain, &["2001:db8:0:3::2"]);
    assert_eq!(silent[..2], ["1 *", "2 *"]);
    assert!(silent[2].starts_with("3 2001:db8:0:3::2 nothing listens"), "{silent:?}");
}
