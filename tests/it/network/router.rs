//! What passes through a router, and what the router does to it.

use std::io::ErrorKind;
use std::net::SocketAddr;

use inet6::header::{Dscp, Ecn};
use inet6::option::{Mark, RecvError, RecvHopLimit, RecvTrafficClass, TrafficClass};
use inet6::{ConnectedUdpSocket, DualStack, UdpSocket, udp::Outgoing};

use super::mtu::counter;
use crate::lab::{Chain, Host, Reject};
use crate::support::*;

const FAMILIES: [&str; 2] = ["2001:db8:0:2::2", "198.51.100.2"];

/// A receiver on the right host that tells hop limit and traffic class, and its address.
fn receiver(chain: &Chain, ip: &str) -> (UdpSocket<DualStack>, SocketAddr) {
    let socket = chain.right().run(dual_socket);
    socket.set_option(RecvHopLimit(true)).unwrap();
    socket.set_option(RecvTrafficClass(true)).unwrap();
    let port = port(&socket);
    (socket, SocketAddr::new(ip.parse().unwrap(), port))
}

fn sender(chain: &Chain, peer: SocketAddr) -> ConnectedUdpSocket<DualStack> {
    let socket = chain.left().run(|| dual_socket().connect(peer).unwrap());
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

#[test]
fn router_decrements_hop_limit_only() {
    for routers in [1, 2] {
        let chain = require!(Chain::through(routers), "the lab");
        let last = [["2001:db8:0:2::2", "198.51.100.2"], ["2001:db8:0:3::2", "203.0.113.2"]];
        for ip in last[routers - 1] {
            let (server, peer) = receiver(&chain, ip);
            let class = TrafficClass { dscp: Dscp::EF, ecn: Ecn::Ect1 };
            let message = Outgoing::new(b"here").hop_limit(9).traffic_class(class);
            sender(&chain, peer).send_message(&message).unwrap();
            let received = receive(&server);
            assert_eq!(received.hop_limit, Some(9 - routers as u8), "{ip}");
            assert_eq!(received.traffic_class, Some(class));
        }
    }
}

#[test]
fn router_marks_congestion_if_capable() {
    let chain = require!(Chain::through(1), "the lab");
    require!(chain.router(1).passing().mark_congestion("meta l4proto udp"), "nftables");
    let (server, peer) = receiver(&chain, FAMILIES[0]);
    let client = sender(&chain, peer);
    let ecns = [Ecn::NotEct, Ecn::Ect0, Ecn::Ect1, Ecn::Ce];
    for (sent, arrives) in ecns.into_iter().zip([Ecn::NotEct, Ecn::Ce, Ecn::Ce, Ecn::Ce]) {
        let class = TrafficClass { dscp: Dscp::EF, ecn: sent };
        client.send_message(&Outgoing::new(b"here").traffic_class(class)).unwrap();
        let expected = TrafficClass { ecn: arrives, ..class };
        assert_eq!(receive(&server).traffic_class, Some(expected), "{sent:?}");
    }
}

/// A datagram with this byte.
#[track_caller]
fn arrives(server: &UdpSocket<DualStack>, byte: u8) {
    let mut buffer = [0; 8];
    assert_eq!(server.recv_from(&mut buffer).unwrap().0, 1);
    assert_eq!(buffer[0], byte);
}

#[test]
fn dropped_packet_is_lost_silently() {
    let chain = require!(Chain::through(1), "the lab");
    let every_third = chain.router(1).passing().drop_each(3, "meta l4proto udp");
    require!(every_third, "nftables");
    for ip in FAMILIES {
        let (server, peer) = receiver(&chain, ip);
        let client = sender(&chain, peer);
        for byte in 0..9 {
            client.send(&[byte]).unwrap();
        }
        for byte in [1, 2, 4, 5, 7, 8] {
            arrives(&server, byte);
        }
        assert!(client.take_error().unwrap().is_none());
    }
    chain.router(1).let_all_through();
    chain.right().arriving().drop("meta l4proto udp @th,64,8 7").unwrap();
    for ip in FAMILIES {
        let (server, peer) = receiver(&chain, ip);
        let client = sender(&chain, peer);
        (6..9).for_each(|byte| assert!(client.send(&[byte]).is_ok()));
        arrives(&server, 6);
        arrives(&server, 8);
    }
}

#[test]
fn own_firewall_drop_is_error() {
    let chain = require!(Chain::through(1), "the lab");
    let left = chain.left();
    // A mark is not on the wire, and the rules after it see it.
    require!(left.leaving().mark("udp length 9", 7), "nftables");
    left.leaving().drop("meta mark 7").unwrap();
    for ip in FAMILIES {
        let (server, peer) = receiver(&chain, ip);
        let client = sender(&chain, peer);
        let error = client.send(&[1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        client.send(&[2, 2]).unwrap();
        assert_eq!(server.recv_from(&mut [0; 8]).unwrap().0, 2);
        // A socket may have the mark from the start.
        client.set_option(Mark(7)).unwrap();
        let error = client.send(&[3, 3]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        client.set_option(Mark(0)).unwrap();
        client.send(&[4, 4]).unwrap();
        assert_eq!(server.recv_from(&mut [0; 8]).unwrap().0, 2);
    }
}

#[test]
fn rejection_code_determines_error() {
    let chain = require!(Chain::through(1), "the lab");
    let router = chain.router(1);
    // The kernel takes these for final, and tells every connected socket (net/ipv6/icmp.c,
    // `tab_unreach`; net/ipv4/icmp.c, `icmp_err_convert`); the others only who asked for errors.
    let (all, who_asks) = (true, false);
    let both = [
        (Reject::NoRoute, [ErrorKind::NetworkUnreachable; 2], who_asks),
        (Reject::Prohibited, [ErrorKind::PermissionDenied, ErrorKind::HostUnreachable], all),
        (Reject::Address, [ErrorKind::HostUnreachable; 2], who_asks),
        (Reject::Port, [ErrorKind::ConnectionRefused; 2], all),
    ];
    let ipv6 =
        [Reject::Policy, Reject::Route].map(|how| (how, [ErrorKind::PermissionDenied; 2], all));
    for (how, kinds, told) in both.into_iter().chain(ipv6) {
        let ipv6_only = matches!(how, Reject::Policy | Reject::Route);
        let families = if ipv6_only { &FAMILIES[..1] } else { &FAMILIES };
        let packets =
            if ipv6_only { "meta nfproto ipv6 meta l4proto udp" } else { "meta l4proto udp" };
        require!(router.passing().reject(packets, how), "nftables");
        for (ip, kind) in families.iter().zip(kinds) {
            for asked in [true, false] {
                let client = sender(&chain, SocketAddr::new(ip.parse().unwrap(), 9));
                client.set_option(RecvError(asked)).unwrap();
                let reports = || {
                    counter(chain.left(), "Icmp6InDestUnreachs")
                        + ipv4_counter(chain.left(), "InDestUnreachs")
                };
                let before = reports();
                client.send(b"anybody there?").unwrap();
                wait_until("the router answers", || reports() != before);
                if asked || told {
                    let error = client.recv(&mut [0; 8]).unwrap_err();
                    assert_eq!(error.kind(), kind, "{how:?} {ip} {asked}");
                }
                client.set_nonblocking(true).unwrap();
                // Once or never; the socket goes on.
                let again = client.recv(&mut [0; 8]).unwrap_err().kind();
                assert_eq!(again, ErrorKind::WouldBlock);
            }
        }
        router.let_all_through();
    }
}

/// A counter of ICMP for IPv4 on a host.
#[track_caller]
fn ipv4_counter(host: &Host, name: &str) -> u64 {
    let table = host.run(|| std::fs::read_to_string("/proc/thread-self/net/snmp")).unwrap();
    // A line of names, then one of numbers.
    let mut lines = table.lines().filter(|line| line.starts_with("Icmp: "));
    let (names, numbers) = (lines.next().unwrap(), lines.next().unwrap());
    let at = names.split(' ').position(|word| word == name).unwrap();
    numbers.split(' ').nth(at).unwrap().parse().unwrap()
}
