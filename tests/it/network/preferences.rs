//! Which of its own addresses the system takes, as a socket prefers (RFC 5014).

use std::net::Ipv6Addr;
use std::thread;
use std::time::Instant;

use inet6::option::AddressPreferences as Prefer;
use inet6::{Builder, UdpSocket};

use crate::lab::{Host, Lab};
use crate::support::*;

const PUBLIC: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1);

/// Gives a host an address that the kernel makes temporary ones of (RFC 8981), and tells the first
/// of these. Its neighbour gets the address `::2` there.
fn temporary(lab: &Lab) -> Ipv6Addr {
    let host = &lab.left;
    // Without duplicate address detection it is usable at once.
    host.sysctl("ipv6/conf/wire/accept_dad", "0");
    host.sysctl("ipv6/conf/wire/use_tempaddr", "1");
    host.ip(&format!("address add {PUBLIC}/64 dev wire nodad mngtmpaddr"));
    lab.right.ip("address add 2001:db8:1::2/64 dev wire nodad");
    // The kernel works on it a little later.
    let start = Instant::now();
    loop {
        match show(host)[..] {
            [only] => {
                host.settle();
                return only;
            }
            [] => assert!(start.elapsed() < PATIENCE, "no temporary address"),
            [..] => panic!("several temporary addresses"),
        }
        thread::yield_now();
    }
}

/// The temporary addresses of the wire.
fn show(host: &Host) -> Vec<Ipv6Addr> {
    let text = host.ip("-oneline -6 address show dev wire temporary -tentative");
    let addresses = text.split_whitespace().filter_map(|word| word.split_once('/')?.0.parse().ok());
    addresses.collect()
}

#[test]
fn source_address_follows_socket_preference() {
    let lab = require!(Lab::new(), "the lab");
    let temporary = temporary(&lab);
    assert_ne!(temporary, PUBLIC);
    let (server, listener) = lab.right.run(|| {
        let listener = Builder::stream().bind("[2001:db8:1::2]:0").unwrap().listen(8).unwrap();
        (with_read_timeout(UdpSocket::bind("[2001:db8:1::2]:0").unwrap()), listener)
    });
    let (peer, listening) = (server.local_addr().unwrap(), listener.local_addr().unwrap());

    // The default of the interface (use_tempaddr) prefers the public one.
    let cases = [
        (Prefer::DEFAULT, PUBLIC),
        (Prefer::TEMPORARY, temporary),
        (Prefer::PUBLIC, PUBLIC),
        (Prefer::TEMPORARY.with(Prefer::HOME), temporary),
        (Prefer::PUBLIC.with(Prefer::TEMPORARY), temporary),
    ];
    for (prefer, expected) in cases {
        let builder = Builder::datagram().with(prefer);
        let free = lab.left.run(|| builder.bind("[::]:0").unwrap());
        free.send_to(b"who?", peer).unwrap();
        let (_, source) = server.recv_from(&mut [0; 8]).unwrap();
        assert_eq!(source.ip(), expected, "send_to, {prefer:?}");

        let connected = free.connect(peer).unwrap();
        assert_eq!(connected.local_addr().unwrap().ip(), expected, "connect, {prefer:?}");
        connected.send(b"who?").unwrap();
        assert_eq!(server.recv_from(&mut [0; 8]).unwrap().1, connected.local_addr().unwrap());

        let stream = lab.left.run(|| Builder::stream().with(prefer).connect(listening).unwrap());
        let (_, source) = listener.accept().unwrap();
        assert_eq!(source.ip(), expected, "TCP, {prefer:?}");
        assert_eq!(stream.local_addr().unwrap(), source);
    }
}

#[test]
fn open_socket_changes_address_preference() {
    let lab = require!(Lab::new(), "the lab");
    let temporary = temporary(&lab);
    let server = lab.right.run(|| with_read_timeout(UdpSocket::bind("[2001:db8:1::2]:0").unwrap()));
    let peer = server.local_addr().unwrap();
    let socket = lab.left.run(|| UdpSocket::bind("[::]:0").unwrap());
    for (prefer, expected) in
        [(Prefer::TEMPORARY, temporary), (Prefer::PUBLIC, PUBLIC), (Prefer::TEMPORARY, temporary)]
    {
        socket.set_option(prefer).unwrap();
        socket.send_to(b"who?", peer).unwrap();
        assert_eq!(server.recv_from(&mut [0; 8]).unwrap().1.ip(), expected);
    }
}

#[test]
fn preference_excludes_no_address() {
    let lab = require!(Lab::new(), "the lab");
    let peer = "[2001:db8::2]:9";
    // There is no temporary address yet.
    let prefer = Builder::datagram().with(Prefer::TEMPORARY);
    let connect = |local| lab.left.run(|| prefer.bind(local).unwrap().connect(peer).unwrap());
    let source = |local| connect(local).local_addr().unwrap().ip();
    let only: Ipv6Addr = "2001:db8::1".parse().unwrap();
    assert_eq!(source("[::]:0"), only);
    temporary(&lab);
    assert_eq!(source("[2001:db8:1::1]:0"), PUBLIC);
}

#[test]
fn use_tempaddr_sets_default_preference() {
    let lab = require!(Lab::new(), "the lab");
    let temporary = temporary(&lab);
    lab.left.sysctl("ipv6/conf/wire/use_tempaddr", "2");
    let source = |prefer: Prefer| {
        let builder = Builder::datagram().with(prefer);
        let connect = || builder.connect("[2001:db8:1::2]:9").unwrap();
        lab.left.run(connect).local_addr().unwrap().ip()
    };
    assert_eq!(source(Prefer::DEFAULT), temporary);
    assert_eq!(source(Prefer::PUBLIC), PUBLIC);
}
