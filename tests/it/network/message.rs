//! Messages over a wire: where an answer comes from, and by which interface.

use std::net::{IpAddr, Ipv6Addr};

use inet6::mode::Mode;
use inet6::option::{DontFragment, MulticastInterface, RecvHopLimit, RecvPacketInfo};
use inet6::{AnyMode, Builder, Interface, Outgoing, UdpSocket};

use crate::lab::{Host, Lab};
use crate::support::*;

fn curious<M: Mode>(mode: M) -> UdpSocket<M> {
    let builder =
        Builder::datagram().mode(mode).with(RecvPacketInfo(true)).with(RecvHopLimit(true));
    patient(builder.bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap())
}

/// Where the answers to datagrams for each of these addresses come from, as the client sees it.
fn answers(
    lab: &Lab,
    asked: &[IpAddr],
    server_port: u16,
    mut answer: impl FnMut() + Send,
) -> Vec<IpAddr> {
    let client = lab.right.run(|| {
        let client = Builder::datagram().dual_stack().bind("[::]:0").unwrap();
        patient(client)
    });
    let mut seen = Vec::new();
    for ip in asked {
        lab.right.run(|| client.send_to(b"ping", (*ip, server_port)).unwrap());
        lab.left.run(&mut answer);
        seen.push(client.recv_from(&mut [0; 16]).unwrap().1.ip());
    }
    seen
}

fn add(host: &Host, addresses: &[&str]) {
    for address in addresses {
        let nodad = if address.contains(':') { " nodad" } else { "" };
        host.ip(&format!("address add {address} dev wire{nodad}"));
    }
}

#[test]
fn std_answers_from_the_wrong_address_and_reply_does_not() {
    let lab = require!(Lab::new(), "the lab");
    add(&lab.left, &["2001:db8::11/64", "2001:db8::12/64", "192.0.2.11/24", "192.0.2.12/24"]);
    let asked = ["2001:db8::1", "2001:db8::11", "2001:db8::12"];
    let asked = asked.map(|ip| ip.parse::<IpAddr>().unwrap());
    let asked_v4 = ["192.0.2.1", "192.0.2.11", "192.0.2.12"];
    let asked_v4 = asked_v4.map(|ip| ip.parse::<IpAddr>().unwrap());

    for (wildcard, asked) in [("[::]:0", &asked), ("0.0.0.0:0", &asked_v4)] {
        let naive = lab.left.run(|| std::net::UdpSocket::bind(wildcard).unwrap());
        let seen = answers(&lab, asked, naive.local_addr().unwrap().port(), || {
            let (_, peer) = naive.recv_from(&mut [0; 16]).unwrap();
            naive.send_to(b"pong", peer).unwrap();
        });
        assert!(seen.iter().all(|ip| *ip == seen[0]), "one address for all: {seen:?}");
    }
    for mode in [AnyMode::V6Only, AnyMode::DualStack] {
        let server = lab.left.run(|| curious(mode));
        let mut all = asked.to_vec();
        if mode == AnyMode::DualStack {
            all.extend(asked_v4);
        }
        let seen = answers(&lab, &all, port(&server), || {
            receive(&server).reply(&server, b"pong").unwrap();
        });
        assert_eq!(seen, all);
    }
}

#[test]
fn an_answer_over_link_local_addresses_keeps_zone_and_address() {
    let lab = require!(Lab::new(), "the lab");
    add(&lab.left, &["fe80::11/64"]);
    let server = lab.left.run(|| curious(inet6::V6Only));
    let client = lab.right.run(|| patient(UdpSocket::bind("[::]:0").unwrap()));
    for asked in ["fe80::1", "fe80::11"] {
        lab.right.run(|| {
            client.send_to(b"ping", (format!("{asked}%wire"), port(&server))).unwrap();
        });
        let received = receive(&server);
        let asked: Ipv6Addr = asked.parse().unwrap();
        assert_eq!(received.destination, Some(asked));
        assert_eq!(received.interface.unwrap().index().get(), Lab::index(&lab.left));
        assert_eq!(received.source.scope_id(), Lab::index(&lab.left));
        received.reply(&server, b"pong").unwrap();
        let (_, from) = client.recv_from(&mut [0; 16]).unwrap();
        assert_eq!((*from.ip(), from.scope_id()), (asked, Lab::index(&lab.right)));
    }
}

#[test]
fn the_answer_to_a_group_comes_from_an_address_of_the_interface() {
    let lab = require!(Lab::new(), "the lab");
    let server = lab.left.run(|| curious(inet6::V6Only));
    let group: Ipv6Addr = "ff02::1234".parse().unwrap();
    server.join_multicast_v6(&group, Lab::index(&lab.left)).unwrap();
    let client = lab.right.run(|| patient(UdpSocket::bind("[fe80::2%wire]:0").unwrap()));
    lab.right.run(|| client.send_to(b"ping", ("ff02::1234%wire", port(&server))).unwrap());
    let received = receive(&server);
    assert_eq!(received.destination, Some(group));
    received.reply(&server, b"pong").unwrap();
    let (_, from) = client.recv_from(&mut [0; 16]).unwrap();
    assert_eq!((*from.ip(), from.port()), ("fe80::1".parse().unwrap(), port(&server)));
}

/// Two wires between the hosts: the interface decides.
#[test]
fn the_interface_of_one_datagram_is_where_it_goes() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.ip("link add other type veth peer name end");
    for name in ["other", "end"] {
        lab.left.ip(&format!("link set dev {name} addrgenmode none up"));
    }
    for name in ["other", "end"] {
        lab.left.await_carrier(name);
    }
    lab.left.ip("address add fe80::7/64 dev other nodad");
    let server = lab.left.run(|| curious(inet6::V6Only));
    let group: Ipv6Addr = "ff02::77".parse().unwrap();
    lab.left.run(|| {
        let [other, end, wire] =
            ["other", "end", "wire"].map(|name| Interface::from_name(name).unwrap());
        server.join_multicast_v6(&group, end.index().get()).unwrap();
        // The socket's own choice is the wire, where nobody has joined.
        let client = UdpSocket::bind("[::]:0").unwrap();
        client.set_option(MulticastInterface(Some(wire))).unwrap();
        let to = Outgoing::to((group, port(&server)), b"x");
        assert_eq!(client.send_message(&to.interface(other)).unwrap(), 1);
        let received = receive(&server);
        assert_eq!(received.interface, Some(end));
        assert_eq!(received.source.ip(), &"fe80::7".parse::<Ipv6Addr>().unwrap());
        assert_eq!(received.hop_limit, Some(1), "as multicast is by default");
        client.send_message(&to.interface(other).hop_limit(9)).unwrap();
        assert_eq!(receive(&server).hop_limit, Some(9));
    });
}

#[test]
fn one_datagram_may_refuse_to_be_split() {
    let lab = require!(Lab::new(), "the lab");
    let server = lab.left.run(|| curious(inet6::V6Only));
    let client = lab.right.run(|| UdpSocket::bind("[::]:0").unwrap());
    let large = [0; 2000];
    let message = Outgoing::to(("2001:db8::1", port(&server)), &large);
    lab.right.run(|| {
        let whole = message.dont_fragment(DontFragment(true));
        client.send_message(&whole).unwrap_err();
        client.send_message(&message).unwrap();
        // What the socket refuses, one datagram may allow.
        client.set_option(DontFragment(true)).unwrap();
        client.send_message(&message).unwrap_err();
        client.send_message(&message.dont_fragment(DontFragment(false))).unwrap();
    });
    for _ in 0..2 {
        let received = server.recv_message(&mut [0; 3000]).unwrap();
        assert_eq!((received.len, received.truncated), (2000, false));
    }
}

#[test]
fn the_answer_to_a_broadcast_comes_from_an_address_of_the_interface() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.ip("address add 192.0.2.9/24 broadcast 192.0.2.255 dev wire");
    lab.right.ip("address add 192.0.2.8/24 broadcast 192.0.2.255 dev wire");
    let server = lab.left.run(|| curious(inet6::DualStack));
    let client = lab.right.run(|| {
        let client = std::net::UdpSocket::bind("192.0.2.2:0").unwrap();
        client.set_broadcast(true).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.send_to(b"ping", ("192.0.2.255", port(&server))).unwrap();
        client
    });
    let received = receive(&server);
    assert_eq!(received.destination, Some("192.0.2.255".parse().unwrap()));
    received.reply(&server, b"pong").unwrap();
    let (_, from) = client.recv_from(&mut [0; 16]).unwrap();
    assert!(
        ["192.0.2.1", "192.0.2.9"].map(|ip| ip.parse().unwrap()).contains(&from.ip()),
        "{from}"
    );
}
