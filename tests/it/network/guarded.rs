//! Who is on the link and who is not (RFC 5082): a neighbour, and a host behind a router.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use inet6::option::{
    DontFragment, MinHopCount, MulticastHops, ReadTimeout, RecvPathMtu, UnicastHops,
};
use inet6::{
    Builder, DualStack, TcpListener, UdpSocket,
    udp::{Guarded, Outgoing},
};

use crate::lab::{Chain, Host};
use crate::support::*;

const NEIGHBOURS: MinHopCount = MinHopCount(255);
const FAR: UnicastHops = UnicastHops(Some(255));

/// The addresses of the left end.
const LEFT: [&str; 2] = ["2001:db8:0:1::1", "192.0.2.1"];

/// How many segments the kernel of a host has dropped because they came too far.
fn dropped(host: &Host) -> u64 {
    let text = host.run(|| fs::read_to_string("/proc/thread-self/net/netstat").unwrap());
    let mut lines = text.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let mut counters = names.split(' ').zip(values.split(' '));
    counters.find(|(name, _)| *name == "TCPMinTTLDrop").unwrap().1.parse().unwrap()
}

/// Waits until one more has been dropped.
#[track_caller]
fn one_more(host: &Host, before: u64) {
    wait_until("one more is dropped", || dropped(host) != before);
}

fn listener(chain: &Chain) -> (TcpListener<DualStack>, u16) {
    let listener = chain.left().run(dual_listener);
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Who connected.
#[track_caller]
fn accepted(listener: &TcpListener<DualStack>) -> IpAddr {
    listener.accept().unwrap().1.ip()
}

#[test]
fn listener_accepts_only_neighbours() {
    let chain = require!(Chain::through(1), "the lab");
    let (listener, port) = listener(&chain);
    let builder = Builder::stream().with(FAR);
    // Everybody, as long as nothing is said; one router less than the most.
    for least in [None, Some(MinHopCount(254))] {
        if let Some(least) = least {
            listener.set_option(least).unwrap();
        }
        for address in LEFT {
            let stream = chain.right().run(|| builder.connect((address, port)).unwrap());
            assert_eq!(accepted(&listener), stream.local_addr().unwrap().ip());
        }
    }
    assert_eq!(dropped(chain.left()), 0);

    listener.set_option(NEIGHBOURS).unwrap();
    for address in LEFT {
        let stream = chain.router(1).run(|| builder.connect((address, port)).unwrap());
        assert_eq!(accepted(&listener), stream.local_addr().unwrap().ip());
        // A host behind the router, and a neighbour that does not send with the most.
        let near = Builder::stream().with(UnicastHops(Some(254)));
        for (host, builder) in [(chain.right(), &builder), (chain.router(1), &near)] {
            let before = dropped(chain.left());
            let connecting = host.run(|| builder.start_connect((address, port)).unwrap());
            one_more(chain.left(), before);
            assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(!connecting.wait(Some(Duration::ZERO)).unwrap());
        }
    }
}

#[test]
fn connection_ignores_distant_segments() {
    let chain = require!(Chain::through(1), "the lab");
    let (listener, port) = listener(&chain);
    listener.set_option(NEIGHBOURS).unwrap();
    let builder = Builder::stream().with(FAR);
    for address in LEFT {
        let mut stream = chain.router(1).run(|| builder.connect((address, port)).unwrap());
        let (mut accepted, _) = listener.accept().unwrap();
        // Inherited from the listener.
        assert_eq!(accepted.option::<MinHopCount>().unwrap(), NEIGHBOURS);
        accepted.set_option(ReadTimeout(Some(PATIENCE))).unwrap();

        let before = dropped(chain.left());
        stream.set_option(UnicastHops(Some(254))).unwrap();
        stream.write_all(b"from afar").unwrap();
        one_more(chain.left(), before);
        accepted.set_nonblocking(true).unwrap();
        assert_eq!(accepted.read(&mut [0; 16]).unwrap_err().kind(), ErrorKind::WouldBlock);
        accepted.set_nonblocking(false).unwrap();

        // It is sent again, from next door.
        stream.set_option(FAR).unwrap();
        let mut data = [0; 9];
        accepted.read_exact(&mut data).unwrap();
        assert_eq!(&data, b"from afar");
    }
}

// Datagrams.

/// A guarded socket on the left, and its port.
fn guarded(chain: &Chain) -> (Guarded<UdpSocket<DualStack>>, u16) {
    let server = chain.left().run(dual_socket);
    let port = server.local_addr().unwrap().port();
    (server.guard(NEIGHBOURS).unwrap(), port)
}

#[test]
fn guarded_socket_accepts_only_neighbours() {
    let chain = require!(Chain::through(1), "the lab");
    let (server, port) = guarded(&chain);
    let mut buffer = [0; 16];
    for address in LEFT {
        let open = |host: &Host, hops| {
            let builder = Builder::datagram().with(UnicastHops(Some(hops)));
            host.run(|| builder.bind("[::]:0").unwrap())
        };
        let near = open(chain.router(1), 255);
        let strangers = [
            // It does what it can.
            open(chain.right(), 255),
            open(chain.right(), 64),
            open(chain.router(1), 254),
        ];
        for stranger in &strangers {
            let before = server.rejected();
            stranger.send_to(b"let me in", (address, port)).unwrap();
            // What is sent later by another host may arrive earlier.
            server.get_ref().set_nonblocking(true).unwrap();
            let start = Instant::now();
            while server.rejected() == before && start.elapsed() < PATIENCE {
                let error = server.recv_from(&mut buffer).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
            }
            assert_eq!(server.rejected(), before + 1, "{address}");
            server.get_ref().set_nonblocking(false).unwrap();
            near.send_to(b"hello", (address, port)).unwrap();
            let received = server.recv_message(&mut buffer).unwrap();
            assert_eq!((received.len, received.hop_limit), (5, Some(255)));
        }
        // One router is allowed: the same host is heard, but not the one that says 64.
        let open = chain.left().run(dual_socket);
        let port = open.local_addr().unwrap().port();
        let wider = open.guard(MinHopCount(254)).unwrap();
        strangers[1].send_to(b"from afar", (address, port)).unwrap();
        strangers[0].send_to(b"let me in", (address, port)).unwrap();
        let received = wider.recv_message(&mut buffer).unwrap();
        assert_eq!((received.len, received.hop_limit), (9, Some(254)));
        assert_eq!(wider.rejected(), 1);
    }
}

#[test]
fn guarded_socket_refuses_spoofed_source() {
    let chain = require!(Chain::through(1), "the lab");
    let (server, port) = guarded(&chain);
    // The far host pretends to be the router.
    let spoofed = "2001:db8:0:1::2";
    chain.right().ip(&format!("address add {spoofed}/128 dev lo nodad"));
    let liar = Builder::datagram().with(FAR);
    let liar = chain.right().run(|| liar.bind((spoofed, 0)).unwrap());
    liar.send_to(b"it is me", (LEFT[0], port)).unwrap();
    let plain = server.get_ref();
    assert_eq!(plain.peek_from(&mut [0; 16]).unwrap().1.ip().to_string(), spoofed);
    let honest = chain.router(1).run(|| Builder::datagram().with(FAR).bind("[::]:0").unwrap());
    honest.send_to(b"no, me", (LEFT[0], port)).unwrap();
    let (len, source) = server.recv_from(&mut [0; 16]).unwrap();
    assert_eq!((len, source.ip().to_string(), server.rejected()), (6, spoofed.to_owned(), 1));
}

#[test]
fn guarded_multicast_needs_maximum_hop_limit() {
    let chain = require!(Chain::through(1), "the lab");
    let server = chain.left().run(|| with_read_timeout(UdpSocket::bind("[::]:0").unwrap()));
    let index =
        chain.left().run(|| inet6::interface::Interface::from_name("right").unwrap().index());
    server.join_multicast_v6(&"ff02::1234".parse().unwrap(), index.get()).unwrap();
    let port = server.local_addr().unwrap().port();
    let server = server.guard(NEIGHBOURS).unwrap();
    chain.router(1).run(|| {
        let group = ("ff02::1234%left", port);
        let plain = UdpSocket::bind("[::]:0").unwrap();
        plain.send_to(b"with one hop", group).unwrap();
        // For one packet, and for the socket.
        plain.send_message(&Outgoing::to(group, b"once").hop_limit(255)).unwrap();
        plain.set_option(MulticastHops(Some(255))).unwrap();
        plain.send_to(b"always", group).unwrap();
    });
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap().0, 4);
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap().0, 6);
    assert_eq!(server.rejected(), 1);
}

#[test]
fn path_mtu_notice_is_not_rejected() {
    let host = require!(Host::new(), "the lab");
    host.ip("link set dev lo mtu 1280 up");
    host.run(|| {
        let builder = Builder::datagram().with(FAR).with(RecvPathMtu(true));
        let builder = builder.with(DontFragment(true)).with(ReadTimeout(Some(PATIENCE)));
        let socket = builder.bind("[::1]:0").unwrap();
        let here = socket.local_addr().unwrap();
        let server = socket.guard(NEIGHBOURS).unwrap();
        let too_long = || server.get_ref().send_to(&[0; 1300], here).unwrap_err();

        too_long();
        let notice = server.recv_message(&mut [0; 16]).unwrap();
        assert_eq!((notice.len, notice.path_mtu), (0, Some(1280)));

        too_long();
        server.get_ref().send_to(b"short", here).unwrap();
        assert_eq!(server.recv_from(&mut [0; 16]).unwrap(), (5, here));

        let connected = server.into_inner().connect(here).unwrap();
        let server = connected.guard(NEIGHBOURS).unwrap();
        server.get_ref().send(&[0; 1300]).unwrap_err();
        server.get_ref().send(b"again").unwrap();
        assert_eq!(server.recv(&mut [0; 16]).unwrap(), 5);
        assert_eq!(server.rejected(), 0);
    });
}
