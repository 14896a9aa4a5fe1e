//! Over a line that delays, loses, doubles and swaps packets, each as a plan says it beforehand.
//!
//! A time is only ever asserted to be at least what the line takes.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use inet6::mode::Mode;
use inet6::option::RecvBufferSize;
use inet6::{
    Builder, DualStack, TcpListener, TcpStream, UdpSocket,
    connect::Family,
    error::Op,
    interface::Interface,
    udp::{CoalescedBatch, Outgoing, RecvBatch, SendBatch},
};

use super::connect_host::{self, LONG, Names, SERVER_V6, host, story};
use crate::lab::{Fate, Lab, Plan, Relay, Way};
use crate::support::*;

/// The left host as the right one knows it.
const ADDRESSES: [&str; 3] = ["2001:db8::1", "fe80::1%wire", "192.0.2.1"];

/// A receiver on the left host, and a socket on the right one that is connected to it.
fn datagrams(lab: &Lab, ip: &str) -> (UdpSocket<DualStack>, inet6::ConnectedUdpSocket<DualStack>) {
    let server = lab.left.run(dual_socket);
    let peer = (ip, port(&server));
    let client = lab.right.run(|| dual_socket().connect(peer).unwrap());
    // What waits until the neighbour is known may be overtaken by what comes later.
    client.send(b"hello").unwrap();
    assert_eq!(server.recv_from(&mut [0; 8]).unwrap().0, 5);
    (server, client)
}

/// The number in a datagram, behind which it is as long as it should be.
#[track_caller]
fn number(payload: &[u8]) -> u64 {
    let (number, rest) = payload.split_first_chunk().expect("a number");
    let number = u64::from_be_bytes(*number);
    assert_eq!(rest, filling(number), "{number}");
    number
}

fn filling(number: u64) -> Vec<u8> {
    vec![number as u8; (number % 97) as usize]
}

fn numbered(number: u64) -> Vec<u8> {
    [&number.to_be_bytes()[..], &filling(number)].concat()
}

/// The numbers of as many datagrams as are to come.
#[track_caller]
fn receive<M: Mode>(server: &UdpSocket<M>, count: usize) -> Vec<u64> {
    let mut buffer = [0; 200];
    let mut next = || {
        let (len, _) = server.recv_from(&mut buffer).unwrap();
        number(&buffer[..len])
    };
    (0..count).map(|_| next()).collect()
}

/// The next that arrives is this one: nothing is left of what was sent before.
#[track_caller]
fn nothing_more(
    server: &UdpSocket<DualStack>,
    client: &inet6::ConnectedUdpSocket<DualStack>,
    relay: &Relay,
) {
    relay.set(Way::ToLeft, Plan::good());
    client.send(b"the end").unwrap();
    let mut buffer = [0; 200];
    let (len, _) = server.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"the end");
}

#[test]
fn good_line_passes_every_packet() {
    let (lab, relay) = require!(Lab::relayed(), "the lab");
    let (listener, to) = connect_host::server(&lab);
    for ip in ADDRESSES {
        let (server, client) = datagrams(&lab, ip);
        client.send(&numbered(1)).unwrap();
        assert_eq!(receive(&server, 1), [1]);
        let stream = lab.right.run(|| Builder::stream().connect((ip, to)).unwrap());
        let (accepted, peer) = listener.accept().unwrap();
        assert_eq!(peer.ip(), stream.local_addr().unwrap().ip());
        (&accepted).write_all(b"here").unwrap();
        (&stream).read_exact(&mut [0; 4]).unwrap();
    }
    for way in [Way::ToLeft, Way::ToRight] {
        let counts = relay.counts(way);
        assert!(counts.seen > 0, "it goes past the relay");
        assert_eq!((counts.lost, counts.doubled, counts.overtaken), (0, 0, 0));
    }
}

#[test]
fn connection_waits_for_held_packets() {
    let (lab, relay) = require!(Lab::relayed(), "the lab");
    let (listener, to) = connect_host::server(&lab);
    for (ip, way) in ADDRESSES.iter().zip([Way::ToLeft, Way::ToRight, Way::ToLeft]) {
        relay.set(way, Plan::all(Fate::IsHeld));
        let builder = Builder::stream();
        let connecting = lab.right.run(|| builder.start_connect((*ip, to)).unwrap());
        wait_until("the packet is held", || relay.counts(way).seen > 0);
        assert!(!connecting.wait(Some(Duration::from_millis(1))).unwrap());
        relay.set(way, Plan::good());
        assert!(connecting.wait(Some(PATIENCE)).unwrap());
        let stream = connecting.finish().unwrap();
        assert_eq!(listener.accept().unwrap().1.port(), stream.local_addr().unwrap().port());
    }
}

#[test]
fn line_delay_bounds_connection_rtt() {
    const ONE_WAY: Duration = Duration::from_millis(30);

    let (lab, relay) = require!(Lab::relayed(), "the lab");
    let (listener, to) = connect_host::server(&lab);
    relay.set_both(&Plan::good().delayed(ONE_WAY));
    for ip in ADDRESSES {
        let builder = Builder::stream();
        let start = Instant::now();
        let one = lab.right.run(|| builder.connect((ip, to)).unwrap());
        assert!(start.elapsed() >= 2 * ONE_WAY);
        let two = lab.right.run(|| builder.connect_timeout((ip, to), PATIENCE).unwrap());
        for stream in [one, two] {
            let rtt = stream.tcp_info().unwrap().rtt;
            assert!(rtt >= 2 * ONE_WAY, "{rtt:?}");
            listener.accept().unwrap();
        }
    }
}

/// The attempts of a race between the two families over a line with these plans; the same line both
/// ways.
#[track_caller]
fn race(lab: &Lab, relay: &Relay, plan: &Plan, attempt_delay: Option<Duration>) -> Vec<String> {
    let (listener, to) = connect_host::server(lab);
    relay.set_both(plan);
    let host = host(to, Names::both());
    let host = match attempt_delay {
        Some(delay) => host.attempt_delay(delay),
        // RFC 8305, section 8: 250 ms
        None => inet6::connect::HappyEyeballs::to(("host.test", to))
            .resolver(Names::both())
            .resolution_delay(LONG)
            .deadline(PATIENCE),
    };
    let connection = connect_host::connect(lab, &host).unwrap();
    relay.set_both(&Plan::good());
    let (accepted, _) = listener.accept().unwrap();
    (&connection.socket).write_all(b"here").unwrap();
    drop(connection.socket);
    let mut text = String::new();
    accepted.set_read_timeout(Some(PATIENCE)).unwrap();
    (&accepted).read_to_string(&mut text).unwrap();
    assert_eq!(text, "here");
    story(&connection.report)
}

#[test]
fn slow_ipv6_path_loses_to_ipv4() {
    let (lab, relay) = require!(Lab::relayed(), "the lab");
    let slow = Plan::good().only(Family::Ipv6).delayed(Duration::from_secs(5));
    let expected = ["2001:db8::1 cancelled", "192.0.2.1 connected"];
    assert_eq!(race(&lab, &relay, &slow, None), expected);
    // The line is as slow for the reset that the loser sends: IPv6 comes too late for the next one
    // too.
    assert_eq!(race(&lab, &relay, &slow, Some(LONG)), expected);
}

#[test]
fn ipv6_path_within_attempt_delay_wins() {
    let (lab, relay) = require!(Lab::relayed(), "the lab");
    // Both lines are slow, so that a busy machine that starts the second attempt changes no winner.
    let slow = Plan::good().delayed(Duration::from_millis(50));
    assert_eq!(race(&lab, &relay, &slow, None)[0], "2001:db8::1 connected");
    // Slower than the usual delay, and IPv4 is not: whoever waits longer has IPv6.
    let slow = Plan::good().only(Family::Ipv6).delayed(Duration::from_millis(600));
    assert_eq!(race(&lab, &relay, &slow, Some(LONG)), ["2001:db8::1 connected"]);
    let expected = ["2001:db8::1 cancelled", "192.0.2.1 connected"];
    assert_eq!(race(&lab, &relay, &slow, None), expected);
}

#[test]
fn late_ipv6_wins_after_ipv4_fails() {
    let (lab, relay) = require!(Lab::relayed(), "the lab");
    let (listener, to) = {
        let bound = lab.left.run(|| TcpListener::bind((SERVER_V6, 0)).unwrap());
        let to = bound.local_addr().unwrap().port();
        (bound, to)
    };
    // Nobody listens on IPv4, and the line is too slow for the first attempt to be there before.
    relay.set_both(&Plan::good().only(Family::Ipv6).delayed(Duration::from_millis(200)));
    let host = host(to, Names::both()).attempt_delay(Duration::from_millis(10));
    let connection = connect_host::connect(&lab, &host).unwrap();
    let expected = ["2001:db8::1 connected", "192.0.2.1 ConnectionRefused"];
    assert_eq!(story(&connection.report), expected);
    assert_eq!(connection.peer, SocketAddr::from((SERVER_V6, to)));
    assert_ne!(listener.accept().unwrap().1.port(), 0);
}

#[test]
fn doubled_datagram_arrives_twice() {
    let (lab, relay) = require!(Lab::relayed(), "the lab");
    for ip in ADDRESSES {
        let (server, client) = datagrams(&lab, ip);
        relay.set(Way::ToLeft, Plan::listed([(1, Fate::IsDoubled), (3, Fate::IsDoubled)]));
        (0..5).for_each(|n| assert!(client.send(&numbered(n)).is_ok()));
        assert_eq!(receive(&server, 7), [0, 1, 1, 2, 3, 3, 4]);
        assert_eq!(relay.counts(Way::ToLeft).doubled, 2);
        nothing_more(&server, &client, &relay);
    }
    // An empty one is a datagram, too.
    let (server, client) = datagrams(&lab, ADDRESSES[0]);
    relay.set(Way::ToLeft, Plan::all(Fate::IsDoubled));
    client.send(b"").unwrap();
    for _ in 0..2 {
        assert_eq!(server.recv_from(&mut [0; 8]).unwrap(), (0, client.local_addr().unwrap()));
    }
    nothing_more(&server, &client, &relay);
}

#[test]
fn swapped_datagrams_arrive_out_of_order() {
    let (lab, relay) = require!(Lab::relayed(), "the lab");
    for ip in ADDRESSES {
        let (server, client) = datagrams(&lab, ip);
        let swapped = [(0, Fate::IsOvertakenBy(3)), (5, Fate::IsOvertakenBy(1))];
        relay.set(Way::ToLeft, Plan::listed(swapped));
        (0..8).for_each(|n| assert!(client.send(&numbered(n)).is_ok()));
        assert_eq!(receive(&server, 8), [1, 2, 3, 0, 4, 6, 5, 7]);
        // In which order these arrive depends on how busy the machine is.
        relay.set(Way::ToLeft, Plan::listed([(0, Fate::IsLate(Duration::from_millis(200)))]));
        (0..2).for_each(|n| assert!(client.send(&numbered(n)).is_ok()));
        let mut both = receive(&server, 2);
        both.sort_unstable();
        assert_eq!(both, [0, 1]);
        nothing_more(&server, &client, &relay);
    }
}

/// The numbers that a plan loses of so many.
fn lost(plan: &Plan, count: u64) -> Vec<u64> {
    (0..count).filter(|number| plan.fate(*number) == Fate::IsLost).collect()
}

#[test]
fn only_lost_datagrams_are_missing() {
    let (lab, relay) = require!(Lab::relayed(), "the lab");
    for ip in ADDRESSES {
        let (server, client) = datagrams(&lab, ip);
        let plan = Plan::drawn(6, 25, 0, 0);
        relay.set(Way::ToLeft, plan.clone());
        (0..100).for_each(|n| assert!(client.send(&numbered(n)).is_ok()));
        let lost = lost(&plan, 100);
        let arrived = receive(&server, 100 - lost.len());
        let missing: Vec<u64> = (0..100).filter(|n| !arrived.contains(n)).collect();
        assert_eq!(missing, lost);
        assert_eq!(relay.counts(Way::ToLeft).lost, lost.len() as u64);
        nothing_more(&server, &client, &relay);
    }
}

#[test]
fn received_batches_match_line_plan() {
    const COUNT: u64 = 64;

    let (lab, relay) = require!(Lab::relayed(), "the lab");
    for ip in ADDRESSES {
        let (server, client) = datagrams(&lab, ip);
        let plan = Plan::drawn(1, 15, 15, 15);
        relay.set(Way::ToLeft, plan.clone());
        let payloads: Vec<_> = (0..COUNT).map(numbered).collect();
        let messages: Vec<_> = payloads.iter().map(|data| Outgoing::new(data)).collect();
        let mut batch = SendBatch::new(16).unwrap();
        let mut sent = 0;
        while sent < messages.len() {
            sent += client.send_batch(&mut batch, &messages[sent..]).unwrap();
        }
        let expected = plan.arrivals(COUNT);
        let mut batch = RecvBatch::new(16, 200).unwrap();
        let mut arrived = Vec::new();
        while arrived.len() < expected.len() {
            server.recv_batch(&mut batch).unwrap();
            for datagram in batch.iter() {
                let source = datagram.source().unwrap();
                assert_eq!(source.port(), client.local_addr().unwrap().port());
                arrived.push(number(datagram.payload()));
            }
        }
        assert_eq!(arrived, expected);
        let counts = relay.counts(Way::ToLeft);
        assert_eq!(counts.seen, COUNT);
        assert!(counts.lost > 0 && counts.doubled > 0 && counts.overtaken > 0, "{counts:?}");
        nothing_more(&server, &client, &relay);
    }
}

/// The lengths and first bytes of the segments that arrive, a list for each datagram that the
/// kernel gave.
fn coalesced(
    server: &inet6::udp::CoalescingUdpSocket<DualStack>,
    batch: &mut CoalescedBatch,
    segments: usize,
) -> Vec<Vec<(usize, u8)>> {
    let mut all = Vec::new();
    while all.iter().map(Vec::len).sum::<usize>() < segments {
        server.recv_batch(batch).unwrap();
        for datagram in batch.iter() {
            assert!(!datagram.truncated());
            all.push(datagram.segments().map(|segment| (segment.len(), segment[0])).collect());
        }
    }
    all
}

#[test]
fn split_segments_are_lost_separately() {
    let (lab, relay) = require!(Lab::relayed(), "the lab");
    for ip in ADDRESSES {
        let (server, client) = datagrams(&lab, ip);
        let server = server.coalesce().unwrap();
        let plan = Plan::listed([(2, Fate::IsLost), (4, Fate::IsOvertakenBy(1))]);
        relay.set(Way::ToLeft, plan);
        let data: Vec<u8> = (0..7).flat_map(|n| vec![n; 1000]).collect();
        let message = Outgoing::new(&data[..6500]).segment_size(1000);
        let mut batch = SendBatch::new(8).unwrap();
        assert_eq!(client.send_segments(&mut batch, &message).unwrap(), 6500);
        let arrived = coalesced(&server, &mut CoalescedBatch::new(4).unwrap(), 6).concat();
        assert_eq!(arrived, [(1000, 0), (1000, 1), (1000, 3), (1000, 5), (1000, 4), (500, 6)]);
        assert_eq!(relay.counts(Way::ToLeft).seen, 7);
    }
}

#[test]
fn unsplit_segments_arrive_coalesced() {
    let (lab, relay) = require!(Lab::relayed(), "the lab");
    lab.right.ip("link set dev wire gso_max_segs 64");
    for ip in ADDRESSES {
        let (server, client) = datagrams(&lab, ip);
        let server = server.coalesce().unwrap();
        let mut batch = SendBatch::new(8).unwrap();
        let plan = Plan::listed([(0, Fate::IsLost), (1, Fate::IsDoubled)]);
        relay.set(Way::ToLeft, plan);
        for first in [0, 100] {
            let data: Vec<u8> = (first..first + 7).flat_map(|n| vec![n; 1000]).collect();
            let message = Outgoing::new(&data[..6500]).segment_size(1000);
            assert_eq!(client.send_segments(&mut batch, &message).unwrap(), 6500);
        }
        let mut whole: Vec<_> = (100..106).map(|n| (1000, n)).collect();
        whole.push((500, 106));
        let arrived = coalesced(&server, &mut CoalescedBatch::new(4).unwrap(), 14);
        assert_eq!(arrived, [&whole[..], &whole[..]]);
        assert_eq!(relay.counts(Way::ToLeft).seen, 2, "the kernel cuts nothing");
    }
}

/// What is sent: no part of it is like another.
fn bytes(len: usize) -> Vec<u8> {
    (0..len as u32).flat_map(|at| at.wrapping_mul(0x9e37_79b9).to_be_bytes()).take(len).collect()
}

#[test]
fn stream_keeps_bytes_over_bad_line() {
    const LEN: usize = 400_000;

    let (lab, relay) = require!(Lab::relayed(), "the lab");
    // No more is under way than what a relay without privileges has room for.
    let builder = Builder::stream().with(RecvBufferSize(64 << 10));
    let listener = lab.left.run(|| builder.bind("[::]:0").unwrap().listen(4).unwrap());
    let to = listener.local_addr().unwrap().port();
    let data = bytes(LEN);
    for ip in ADDRESSES {
        let client = lab.right.run(|| builder.connect((ip, to)).unwrap());
        let (server, _) = listener.accept().unwrap();
        for stream in [&client, &server] {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.set_write_timeout(Some(PATIENCE)).unwrap();
        }
        let plan = |seed| Plan::drawn(seed, 3, 3, 6).delayed(Duration::from_millis(1));
        relay.set(Way::ToLeft, plan(1));
        relay.set(Way::ToRight, plan(2));
        let received = thread::scope(|scope| {
            // All that comes goes back.
            let echo = scope.spawn(|| {
                let mut all = Vec::new();
                (&server).read_to_end(&mut all).unwrap();
                (&server).write_all(&all).unwrap();
                server.shutdown(std::net::Shutdown::Write).unwrap();
                all
            });
            (&client).write_all(&data).unwrap();
            client.shutdown(std::net::Shutdown::Write).unwrap();
            let mut back = Vec::new();
            (&client).read_to_end(&mut back).unwrap();
            [echo.join().unwrap(), back]
        });
        assert!(received.iter().all(|received| *received == data), "{ip}");
        for (way, stream) in [(Way::ToLeft, &client), (Way::ToRight, &server)] {
            let counts = relay.counts(way);
            assert!(counts.lost > 0 && counts.doubled > 0 && counts.overtaken > 0, "{counts:?}");
            let info = stream.tcp_info().unwrap();
            assert!(info.retransmits > 0, "{info:?}");
        }
    }
}

#[test]
fn timed_out_connect_frees_source_port() {
    const TIMEOUT: Duration = Duration::from_millis(100);

    let (lab, relay) = require!(Lab::relayed(), "the lab");
    let (listener, to) = connect_host::server(&lab);
    let hole = Plan::all(Fate::IsLost);
    for ip in ADDRESSES {
        let peer = (ip, to);
        let builder = Builder::stream();
        let local = if ip.contains('.') { "192.0.2.2:0" } else { "[::]:0" };
        lab.right.run(|| {
            relay.set(Way::ToLeft, hole.clone());
            let timed_out = |error: inet6::Error, start: Instant| {
                assert!(start.elapsed() >= TIMEOUT);
                assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::TimedOut));
                assert!(error.to_string().ends_with(": timed out"), "{error}");
            };
            let start = Instant::now();
            timed_out(builder.connect_timeout(peer, TIMEOUT).unwrap_err(), start);
            // A bound socket is closed: its port is free.
            let bound = builder.bind(local).unwrap();
            let source = bound.local_addr().unwrap();
            let start = Instant::now();
            timed_out(bound.connect_timeout(peer, TIMEOUT).unwrap_err(), start);
            // A program that another test starts has a copy of every descriptor until it runs.
            let mut again = builder.bind(source);
            wait_until("the port is free", || {
                if again.is_err() {
                    again = builder.bind(source);
                }
                again.is_ok()
            });
            let again = again.unwrap();
            // One that is under way is not: it goes on.
            let connecting = again.start_connect(peer).unwrap();
            assert!(!connecting.wait(Some(TIMEOUT)).unwrap());
            relay.set(Way::ToLeft, Plan::good());
            // With the packet that the kernel sends again after a second.
            let stream = connecting.finish().unwrap();
            assert_eq!(stream.local_addr().unwrap().port(), source.port());
            // It is the first that arrives: nothing is left of those before it.
            assert_eq!(listener.accept().unwrap().1.port(), source.port());
            // The description opens the next one.
            let next = builder.connect_timeout(peer, PATIENCE).unwrap();
            assert_eq!(listener.accept().unwrap().1.port(), next.local_addr().unwrap().port());
        });
    }
}

#[test]
fn stream_resumes_after_cut_line() {
    let (lab, relay) = require!(Lab::relayed(), "the lab");
    let (listener, to) = connect_host::server(&lab);
    let client = lab.right.run(|| TcpStream::connect((ADDRESSES[0], to)).unwrap());
    let (server, _) = listener.accept().unwrap();
    relay.set(Way::ToLeft, Plan::all(Fate::IsLost));
    client.send(b"lost at first").unwrap();
    server.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let error = server.recv(&mut [0; 16]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    wait_until("the first is lost", || relay.counts(Way::ToLeft).lost > 0);
    relay.set(Way::ToLeft, Plan::good());
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut buffer = [0; 16];
    let len = server.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"lost at first");
}

#[test]
fn source_has_local_zone_past_relay() {
    let (lab, _relay) = require!(Lab::relayed(), "the lab");
    let (server, client) = datagrams(&lab, ADDRESSES[1]);
    client.send(b"here").unwrap();
    let SocketAddr::V6(source) = server.recv_from(&mut [0; 8]).unwrap().1 else { panic!() };
    let wire = lab.left.run(|| Interface::from_name("wire").unwrap());
    assert_eq!(source.scope_id(), wire.index().get());
}
