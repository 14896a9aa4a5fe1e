//! Who is on the link and who is not (RFC 5082): a neighbour, and a host behind a router.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

use inet6::option::{MinHopCount, ReadTimeout, UnicastHops};
use inet6::{Builder, DualStack, TcpListener};

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
    let start = Instant::now();
    while dropped(host) == before {
        assert!(start.elapsed() < PATIENCE, "nothing is dropped");
        thread::yield_now();
    }
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
fn a_listener_accepts_neighbours_only() {
    let chain = require!(Chain::through(1), "the lab");
    let (listener, port) = listener(&chain);
    let builder = Builder::stream().dual_stack().with(FAR);
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
        let near = Builder::stream().dual_stack().with(UnicastHops(Some(254)));
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
fn a_connection_ignores_segments_from_afar() {
    let chain = require!(Chain::through(1), "the lab");
    let (listener, port) = listener(&chain);
    listener.set_option(NEIGHBOURS).unwrap();
    let builder = Builder::stream().dual_stack().with(FAR);
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
