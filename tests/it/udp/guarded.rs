//! Guarded datagram sockets over loopback, where the sender chooses how far he seems to be.

use std::io::{ErrorKind, IoSliceMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use inet6::mode::Mode;
use inet6::option::{MinHopCount, RecvBufferSize, RecvHopLimit, UnicastHops};
use inet6::{Builder, DualStack, UdpSocket, udp::Guarded};

use crate::support::*;

const NEIGHBOURS: MinHopCount = MinHopCount(255);

/// Whether the system tells the hop limit of IPv4 packets, too.
const TELLS_IPV4: bool = cfg!(any(target_os = "linux", target_os = "android", windows));

fn sender<M: Mode>(mode: M, hops: u8) -> UdpSocket<M> {
    Builder::datagram().mode(mode).with(UnicastHops(Some(hops))).bind("[::]:0").unwrap()
}

fn near() -> UdpSocket {
    sender(DualStack, 255)
}

fn far() -> UdpSocket {
    sender(DualStack, 254)
}

fn guarded() -> Result<(Guarded<UdpSocket>, std::net::SocketAddr), inet6::Error> {
    let socket = socket();
    let here = socket.local_addr().unwrap();
    Ok((socket.guard(NEIGHBOURS)?, here))
}

#[test]
fn guarded_socket_waits_for_any_datagram() {
    let (server, here) = require!(guarded(), "hop limits");
    assert!(!server.wait_readable(Some(Duration::ZERO)).unwrap());
    far().send_to(b"far", here).unwrap();
    assert!(server.wait_readable(Some(PATIENCE)).unwrap());
    let near = near().connect(here).unwrap().guard(NEIGHBOURS).unwrap();
    assert!(!near.wait_readable(Some(Duration::ZERO)).unwrap());
    let peer = near.get_ref().local_addr().unwrap();
    server.get_ref().send_to(b"answer", peer).unwrap();
    assert!(near.wait_readable(Some(PATIENCE)).unwrap());
}

#[test]
fn far_datagram_is_skipped_and_counted() {
    let (server, here) = require!(guarded(), "hop limits");
    assert_eq!((server.rejected(), server.minimum()), (0, NEIGHBOURS));
    let (near, far) = (near(), far());
    let mut buffer = [0; 16];
    for round in 1..=3 {
        far.send_to(b"far", here).unwrap();
        sender(DualStack, 1).send_to(b"farthest", here).unwrap();
        near.send_to(b"near", here).unwrap();
        let (len, source) = server.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], b"near");
        assert_eq!(source.port(), near.local_addr().unwrap().port());
        assert_eq!(server.rejected(), 2 * round);
    }
    far.send_to(b"far", here).unwrap();
    near.send_to(b"and near", here).unwrap();
    let received = server.recv_message(&mut buffer).unwrap();
    assert_eq!((received.len, received.hop_limit), (8, Some(255)));
    far.send_to(b"far", here).unwrap();
    near.send_to(b"headbody", here).unwrap();
    let (mut head, mut body) = ([0; 4], [0; 8]);
    let mut slices = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)];
    assert_eq!(server.recv_message_vectored(&mut slices).unwrap().len, 8);
    assert_eq!((&head, &body[..4]), (b"head", &b"body"[..]));
    assert_eq!(server.rejected(), 8);
    // Nothing at all is a datagram, too.
    near.send_to(b"", here).unwrap();
    assert_eq!(server.recv_from(&mut buffer).unwrap().0, 0);
    assert_eq!(server.rejected(), 8);
}

#[test]
fn minimum_hop_count_passes() {
    in_every_mode!(mode => least_that_passes(mode));
}

fn least_that_passes<M: Mode>(mode: M) {
    for (minimum, passes) in [(0, 1), (1, 1), (2, 2), (64, 64), (254, 254)] {
        let socket = Builder::datagram().mode(mode).bind(("::1", 0)).unwrap();
        let here = ("::1", port(&socket));
        let server = require!(socket.guard(MinHopCount(minimum)), "hop limits");
        if minimum > 1 {
            sender(mode, minimum - 1).send_to(b"too far", here).unwrap();
        }
        sender(mode, passes).send_to(b"just so", here).unwrap();
        let received = server.recv_message(&mut [0; 16]).unwrap();
        assert_eq!(received.hop_limit, Some(passes));
        assert_eq!(server.rejected(), u64::from(minimum > 1));
    }
}

#[test]
fn ipv4_peers_are_looked_at_too() {
    let socket = dual_socket();
    let port = socket.local_addr().unwrap().port();
    let server = require!(socket.guard(NEIGHBOURS), "hop limits");
    let mode = DualStack;
    for peer in [ipv4(port), (std::net::Ipv6Addr::LOCALHOST, port).into()] {
        if peer.is_ipv4() && !TELLS_IPV4 {
            continue;
        }
        let before = server.rejected();
        sender(mode, 254).send_to(b"far", peer).unwrap();
        let near = sender(mode, 255);
        near.send_to(b"near", peer).unwrap();
        let received = server.recv_message(&mut [0; 16]).unwrap();
        assert_eq!((received.len, received.hop_limit), (4, Some(255)));
        assert_eq!(received.source.is_ipv4(), peer.is_ipv4());
        assert_eq!(server.rejected(), before + 1);
    }
}

#[test]
fn connected_socket_is_guarded() {
    let peer = near();
    let at = peer.local_addr().unwrap().port();
    let socket = socket().connect(("::1", at)).unwrap();
    let here = socket.local_addr().unwrap();
    let server = require!(socket.guard(NEIGHBOURS), "hop limits");
    let send = |hops, text: &[u8]| {
        peer.set_option(UnicastHops(Some(hops))).unwrap();
        peer.send_to(text, here).unwrap();
    };
    send(254, b"far");
    send(255, b"near");
    let mut buffer = [0; 16];
    assert_eq!(server.recv(&mut buffer).unwrap(), 4);
    send(64, b"far");
    send(255, b"neighbour");
    let received = server.recv_message(&mut buffer).unwrap();
    assert_eq!((received.len, received.hop_limit), (9, Some(255)));
    send(255, b"ab");
    let mut halves = [[0; 1]; 2];
    let mut slices = halves.each_mut().map(|half| IoSliceMut::new(half));
    assert_eq!(server.recv_message_vectored(&mut slices).unwrap().len, 2);
    assert_eq!((server.rejected(), &halves), (2, &[[b'a'], [b'b']]));
    assert_eq!(server.into_inner().option::<RecvHopLimit>().unwrap(), RecvHopLimit(true));
}

#[test]
fn nonblocking_guard_skips_queued_far_datagrams() {
    let (server, here) = require!(guarded(), "hop limits");
    server.get_ref().set_nonblocking(true).unwrap();
    let (near, far) = (near(), far());
    let mut buffer = [0; 16];
    for timeout in [Some(PATIENCE), None] {
        server.get_ref().set_read_timeout(timeout).unwrap();
        let before = server.rejected();
        for _ in 0..3 {
            far.send_to(b"far", here).unwrap();
        }
        let error = server.recv_from(&mut buffer).unwrap_err();
        assert_eq!((error.kind(), server.rejected()), (ErrorKind::WouldBlock, before + 3));
        // The system says so at once, and nobody has waited for the timeout.
        assert!(error.raw_os_error().is_some());
        assert_eq!(server.recv_from(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
        far.send_to(b"far", here).unwrap();
        near.send_to(b"near", here).unwrap();
        assert_eq!(server.recv_from(&mut buffer).unwrap().0, 4);
        assert_eq!(server.rejected(), before + 4);
    }
}

#[test]
fn flood_keeps_guard_timeout() {
    let (server, here) = require!(guarded(), "hop limits");
    server.get_ref().set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let over = AtomicBool::new(false);
    let (started, starts) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        let flood = scope.spawn(|| {
            let (far, start) = (far(), Instant::now());
            far.send_to(b"far", here).unwrap();
            started.send(()).unwrap();
            while !over.load(Ordering::Relaxed) {
                if start.elapsed() > PATIENCE {
                    return false;
                }
                far.send_to(b"far", here).unwrap();
            }
            true
        });
        starts.recv().unwrap();
        let error = server.recv_from(&mut [0; 16]).unwrap_err();
        over.store(true, Ordering::Relaxed);
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert!(flood.join().unwrap(), "the call ended with the flood");
    });
    assert!(server.rejected() > 0);
}

#[test]
fn neighbour_is_heard_through_flood() {
    let (server, here) = require!(guarded(), "hop limits");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let (far, start) = (far(), Instant::now());
            while !over.load(Ordering::Relaxed) && start.elapsed() < PATIENCE {
                far.send_to(b"far", here).unwrap();
                // The queue is small, and what finds it full is lost.
                thread::yield_now();
            }
        });
        let heard = scope.spawn(|| server.recv_from(&mut [0; 16]).map(|(len, _)| len));
        let (near, start) = (near(), Instant::now());
        while !heard.is_finished() && start.elapsed() < PATIENCE {
            near.send_to(b"near", here).unwrap();
            thread::yield_now();
        }
        let heard = heard.join().unwrap();
        over.store(true, Ordering::Relaxed);
        assert_eq!(heard.unwrap(), 4);
    });
}

/// Each near datagram comes in the middle of a flood, and only what comes anew wakes the event loop
/// (edge-triggered).
#[test]
#[cfg(target_os = "linux")]
fn event_loop_hears_neighbours_through_flood() {
    use std::os::fd::AsRawFd;
    use std::sync::atomic::AtomicUsize;

    const ALL: usize = 20;

    let (server, here) = require!(guarded(), "hop limits");
    server.get_ref().set_nonblocking(true).unwrap();
    server.get_ref().set_option(RecvBufferSize(16_384)).unwrap();
    let RecvBufferSize(room) = server.get_ref().option().unwrap();
    let most = u64::from(room) / 256 + 1;
    let mut poll = mio::Poll::new().unwrap();
    let source = &mut mio::unix::SourceFd(&server.as_raw_fd());
    poll.registry().register(source, mio::Token(0), mio::Interest::READABLE).unwrap();
    let heard = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let (near, far, start) = (near(), far(), Instant::now());
            while heard.load(Ordering::Relaxed) < ALL && start.elapsed() < PATIENCE {
                for _ in 0..2000 {
                    far.send_to(b"far", here).unwrap();
                }
                // The queue is small, and what finds it full is lost.
                near.send_to(b"near", here).unwrap();
            }
        });
        let (mut events, mut buffer) = (mio::Events::with_capacity(4), [0; 8]);
        while heard.load(Ordering::Relaxed) < ALL {
            poll.poll(&mut events, Some(PATIENCE)).unwrap();
            assert!(!events.is_empty(), "never woken again");
            loop {
                let before = server.rejected();
                let result = server.recv_from(&mut buffer);
                let rejected = server.rejected() - before;
                assert!(rejected <= most, "one call rejects {rejected}");
                match result {
                    Ok((len, _)) => assert_eq!(&buffer[..len], b"near"),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
                heard.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
}

#[test]
fn unknown_hop_count_is_skipped() {
    let (server, here) = require!(guarded(), "hop limits");
    server.get_ref().set_nonblocking(true).unwrap();
    server.get_ref().set_option(RecvHopLimit(false)).unwrap();
    near().send_to(b"near", here).unwrap();
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(server.rejected(), 1);
    // The socket itself looks at nothing.
    far().send_to(b"far", here).unwrap();
    assert_eq!(server.into_inner().recv_from(&mut [0; 16]).unwrap().0, 3);
}

#[test]
#[cfg(target_os = "linux")]
fn missing_hop_limits_return_socket() {
    let fault = Fault {
        call: libc::SYS_setsockopt,
        arguments: &[(1, libc::IPPROTO_IPV6), (2, libc::IPV6_RECVHOPLIMIT)],
        errno: libc::ENOPROTOOPT,
    };
    let result = with_faults(&[fault], || {
        let socket = UdpSocket::bind("[::1]:0").unwrap();
        let here = socket.local_addr().unwrap();
        let failed = socket.guard(NEIGHBOURS).unwrap_err();
        let message = "cannot set IPV6_RECVHOPLIMIT: this system does not have it";
        assert_eq!(failed.to_string(), message);
        assert_eq!(failed.error().kind(), ErrorKind::Unsupported);
        let socket = failed.into_inner();
        assert_eq!(socket.local_addr().unwrap(), here);

        let failed = socket.connect(here).unwrap().guard(NEIGHBOURS).unwrap_err();
        assert_eq!(failed.into_inner().peer_addr().unwrap(), here);
        let failed = UdpSocket::bind("[::1]:0").unwrap().guard(NEIGHBOURS).unwrap_err();
        assert_eq!(std::io::Error::from(failed).kind(), ErrorKind::Unsupported);
    });
    require!(result, "a system without hop limits");
}

#[test]
#[cfg(unix)]
fn it_lends_its_descriptor() {
    use std::os::fd::{AsFd, AsRawFd};

    let (server, _) = require!(guarded(), "hop limits");
    assert_eq!(server.as_raw_fd(), server.get_ref().as_raw_fd());
    assert_eq!(server.as_fd().as_raw_fd(), server.as_raw_fd());
    let text = format!("{server:?}");
    assert!(text.contains("MinHopCount(255)") && text.contains("rejected: 0"), "{text}");
}
