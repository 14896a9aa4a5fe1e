//! Messages over a wire: where an answer comes from, and by which interface.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use inet6::option::{BindDevice, DontFragment, MulticastInterface, RecvPacketInfo};
use inet6::{
    AnyMode, Builder, DualStack, UdpSocket,
    interface::Interface,
    udp::{Outgoing, Received},
};

use crate::lab::{Chain, Host, Lab};
use crate::support::*;

/// Where the answers to datagrams for each of these addresses come from, as the client sees it.
fn answers(
    lab: &Lab,
    asked: &[IpAddr],
    server_port: u16,
    mut answer: impl FnMut() + Send,
) -> Vec<IpAddr> {
    let client = lab.right.run(|| {
        let client = Builder::datagram().bind("[::]:0").unwrap();
        with_read_timeout(client)
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
fn reply_uses_destination_address() {
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
        let server = lab.left.run(|| socket_with_packet_info(mode));
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
fn link_local_reply_keeps_zone() {
    let lab = require!(Lab::new(), "the lab");
    add(&lab.left, &["fe80::11/64"]);
    let server = lab.left.run(|| socket_with_packet_info(inet6::V6Only));
    let client = lab.right.run(|| with_read_timeout(UdpSocket::bind("[::]:0").unwrap()));
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
        let from = v6(client.recv_from(&mut [0; 16]).unwrap().1);
        assert_eq!((*from.ip(), from.scope_id()), (asked, Lab::index(&lab.right)));
    }
}

#[test]
fn reply_to_group_uses_interface_address() {
    let lab = require!(Lab::new(), "the lab");
    let server = lab.left.run(|| socket_with_packet_info(inet6::V6Only));
    let group: Ipv6Addr = "ff02::1234".parse().unwrap();
    server.join_multicast_v6(&group, Lab::index(&lab.left)).unwrap();
    let client = lab.right.run(|| with_read_timeout(UdpSocket::bind("[fe80::2%wire]:0").unwrap()));
    lab.right.run(|| client.send_to(b"ping", ("ff02::1234%wire", port(&server))).unwrap());
    let received = receive(&server);
    assert_eq!(received.destination, Some(group));
    received.reply(&server, b"pong").unwrap();
    let (_, from) = client.recv_from(&mut [0; 16]).unwrap();
    assert_eq!((from.ip(), from.port()), ("fe80::1".parse().unwrap(), port(&server)));
}

/// Two wires between the hosts: the interface decides.
#[test]
fn message_interface_overrides_socket_interface() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.ip("link add other type veth peer name end");
    for name in ["other", "end"] {
        lab.left.ip(&format!("link set dev {name} addrgenmode none up"));
    }
    for name in ["other", "end"] {
        lab.left.await_carrier(name);
    }
    lab.left.ip("address add fe80::7/64 dev other nodad");
    let server = lab.left.run(|| socket_with_packet_info(inet6::V6Only));
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
fn message_overrides_socket_dont_fragment() {
    let lab = require!(Lab::new(), "the lab");
    let server = lab.left.run(|| socket_with_packet_info(inet6::V6Only));
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
fn reply_to_broadcast_uses_interface_address() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.ip("address add 192.0.2.9/24 broadcast 192.0.2.255 dev wire");
    lab.right.ip("address add 192.0.2.8/24 broadcast 192.0.2.255 dev wire");
    let server = lab.left.run(|| socket_with_packet_info(DualStack));
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

/// A server with two wires to a router, and a client behind that. The client's datagrams come by
/// the first wire (`right`), and the server's routes to the client lead out by the second one
/// alone.
struct TwoPaths {
    chain: Chain,
    server: UdpSocket<DualStack>,
    client: UdpSocket<DualStack>,
}

/// The addresses of the server on the first wire.
const SERVER: [&str; 2] = ["2001:db8:0:1::1", "192.0.2.1"];

impl TwoPaths {
    /// The hop limit of what the router got by the second wire.
    const SECOND: Option<u8> = Some(9);

    fn new() -> Result<Self, String> {
        let chain = Chain::through(1)?;
        let (host, router) = (chain.left(), chain.router(1));
        host.second_wire(router);
        for setting in ["all", "right", "second"] {
            host.sysctl(&format!("ipv4/conf/{setting}/rp_filter"), "0");
        }
        for line in [
            "-6 route delete default",
            "-4 route delete default",
            "-6 route add 2001:db8:0:2::/64 via 2001:db8:2::2 dev second metric 1024",
            "-4 route add 198.51.100.0/24 via 10.0.2.2 dev second",
        ] {
            host.ip(line);
        }
        // The router is known on the second wire before it is asked for there from another address.
        for (own, routers) in [("2001:db8:2::1", "2001:db8:2::2"), ("10.0.2.1", "10.0.2.2")] {
            host.run(|| {
                let socket = Builder::datagram().bind((own, 0)).unwrap();
                let socket = socket.connect((routers, 9)).unwrap();
                socket.set_read_timeout(Some(PATIENCE)).unwrap();
                socket.send(b"closed").unwrap();
                let error = socket.recv(&mut [0; 8]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            });
        }
        router.passing().set_hops("iifname second", Self::SECOND.unwrap())?;
        let server = host.run(|| socket_with_packet_info(DualStack));
        let client = chain.right().run(|| socket_with_packet_info(DualStack));
        Ok(Self { chain, server, client })
    }

    /// What the client asks by an address of the server.
    #[track_caller]
    fn ask(&self, asked: &str) -> Received<DualStack> {
        let to = (asked.parse::<IpAddr>().unwrap(), port(&self.server));
        self.client.send_to(b"ping", to).unwrap();
        let received = receive(&self.server);
        let first = self.chain.left().run(|| Interface::from_name("right").unwrap());
        assert_eq!(received.interface, Some(first));
        received
    }

    /// From which address an answer comes, and whether by the second wire.
    #[track_caller]
    fn answered(&self) -> (SocketAddr, bool) {
        let received = receive(&self.client);
        (received.source, received.hop_limit == Self::SECOND)
    }
}

#[test]
fn reply_takes_route_to_client() {
    let paths = require!(TwoPaths::new(), "the lab");
    for asked in SERVER {
        paths.ask(asked).reply(&paths.server, b"pong").unwrap();
        let expected = SocketAddr::new(asked.parse().unwrap(), port(&paths.server));
        assert_eq!(paths.answered(), (expected, true));
    }
}

#[test]
fn answer_takes_the_named_interface() {
    let paths = require!(TwoPaths::new(), "the lab");
    let host = paths.chain.left();
    let [v6, v4] = SERVER.map(|asked| paths.ask(asked));
    let send = |message: &Outgoing<'_, _, DualStack>| paths.server.send_message(message);
    let plain = |received: &Received<DualStack>| {
        Outgoing::to(received.source, b"pong").interface(received.interface)
    };
    // No route leads out by the first wire.
    assert_eq!(send(&plain(&v6)).unwrap_err().kind(), ErrorKind::NetworkUnreachable);
    assert_eq!(send(&v6.answer(b"pong").interface(v6.interface)).unwrap(), 4);
    assert!(paths.answered().1, "for IPv6 it is a hint");
    let device = BindDevice(v6.interface.map(Into::into));
    let bound = host.run(|| Builder::datagram().with(device).bind("[::]:0").unwrap());
    let error = bound.send_message(&v6.answer(b"pong").interface(v6.interface)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NetworkUnreachable);

    // A worse one does.
    host.ip("-6 route add 2001:db8:0:2::/64 via 2001:db8:0:1::2 dev right metric 2048");
    host.ip("-4 route add 198.51.100.0/24 via 192.0.2.2 dev right metric 2048");
    for (received, second) in [(v6, true), (v4, false)] {
        send(&received.answer(b"pong")).unwrap();
        assert!(paths.answered().1);
        send(&received.answer(b"pong").interface(received.interface)).unwrap();
        assert_eq!(paths.answered().1, second, "{received:?}");
        send(&plain(&received)).unwrap();
        assert!(!paths.answered().1, "{received:?}");
    }
}

#[test]
fn interface_decides_between_equal_routes() {
    let lab = require!(Lab::new(), "the lab");
    lab.second_wire();
    for (host, number) in [(&lab.left, 1), (&lab.right, 2)] {
        for wire in ["wire", "second"] {
            host.ip(&format!("address add 2001:db8:9::{number}/64 dev {wire} nodad"));
        }
    }
    let server = lab.right.run(|| socket_with_packet_info(DualStack));
    let peer = ("2001:db8:9::2".parse::<IpAddr>().unwrap(), port(&server));
    let client = lab.left.run(dual_socket);
    for name in ["second", "wire", "second"] {
        let [out, arrives] =
            [&lab.left, &lab.right].map(|host| host.run(|| Interface::from_name(name).unwrap()));
        let message =
            Outgoing::to(peer, b"ping").source("2001:db8:9::1".parse::<Ipv6Addr>().unwrap());
        client.send_message(&message.interface(out)).unwrap();
        assert_eq!(receive(&server).interface, Some(arrives));
    }
}

/// Both hosts have the same routes on both wires, and the first wire is preferred.
#[test]
fn link_scope_reply_stays_on_link() {
    let lab = require!(Lab::new(), "the lab");
    lab.second_wire();
    // A host answers for an address on the wire that has it, and on no other one.
    lab.right.sysctl("ipv4/conf/all/arp_ignore", "1");
    lab.left.ip("address add 169.254.1.1/16 dev wire");
    lab.left.ip("address add 169.254.1.3/16 dev second");
    lab.left.ip("address add fe80::3/64 dev second nodad");
    lab.left.ip("-6 route add 2001:db8:2::2/128 via 2001:db8::2 dev wire");
    lab.right.ip("address add 169.254.1.2/16 dev second");
    lab.right.ip("address add fe80::4/64 dev second nodad");
    let server = lab.left.run(|| socket_with_packet_info(DualStack));
    let second = lab.left.run(|| Interface::from_name("second").unwrap());
    for group in ["ff02::1234", "ff05::1234"] {
        server.join_multicast_v6(&group.parse().unwrap(), second.index().get()).unwrap();
    }
    let [by_wire, by_second] =
        ["wire", "second"].map(|name| lab.right.run(|| Interface::from_name(name).unwrap()));
    for (client, asked, back) in [
        ("169.254.1.2", "169.254.1.3", by_second),
        ("fe80::4%second", "fe80::3%second", by_second),
        ("2001:db8:2::2", "ff02::1234%second", by_second),
        ("2001:db8:2::2", "ff05::1234", by_wire),
    ] {
        let client = lab.right.run(|| {
            let builder = Builder::datagram().with(RecvPacketInfo(true));
            let builder = builder.with(MulticastInterface(Some(by_second)));
            let client = with_read_timeout(builder.bind((client, 0)).unwrap());
            client.send_to(b"ping", (asked, port(&server))).unwrap();
            client
        });
        let received = receive(&server);
        assert_eq!(received.interface, Some(second), "{asked}");
        received.reply(&server, b"pong").unwrap();
        assert_eq!(receive(&client).interface, Some(back), "{asked}");
    }
    // A link-local address answers a client that has none.
    let client = lab.right.run(|| with_read_timeout(UdpSocket::bind("[2001:db8::2]:0").unwrap()));
    lab.right.run(|| client.send_to(b"ping", ("fe80::1%wire", port(&server))).unwrap());
    receive(&server).reply(&server, b"pong").unwrap();
    assert_eq!(client.recv_from(&mut [0; 8]).unwrap().1.ip().to_string(), "fe80::1");
}
