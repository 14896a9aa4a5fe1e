//! Connecting: at once, within a time, and step by step.

use std::io::ErrorKind;
use std::time::Duration;

use inet6::{AnyMode, Builder, DualStack, TcpStream, error::Op, tcp::Connecting};

use crate::support::*;

#[test]
fn closed_port_refuses_every_connect() {
    let closed_port = closed_port();
    let closed = closed_port.local_addr().unwrap();
    for builder in [Builder::stream(), Builder::stream().nonblocking()] {
        for error in [
            builder.connect(closed).unwrap_err(),
            builder.connect_timeout(closed, PATIENCE).unwrap_err(),
            builder.start_connect(closed).and_then(|started| started.finish()).unwrap_err(),
            builder.bind("[::1]:0").unwrap().connect(closed).unwrap_err(),
        ] {
            assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::ConnectionRefused));
            assert_eq!(error.address().unwrap().to_string(), closed.to_string());
        }
    }
    let error = TcpStream::connect_timeout(closed, PATIENCE).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn zero_timeout_is_refused() {
    let listener = listener();
    let peer = listener.local_addr().unwrap();
    let error = Builder::stream().connect_timeout(peer, Duration::ZERO).unwrap_err();
    assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::InvalidInput));
    assert!(error.to_string().contains("a timeout of zero leaves no time"), "{error}");
}

#[test]
fn timeout_beyond_clock_is_accepted() {
    let listener = listener();
    let peer = listener.local_addr().unwrap();
    Builder::stream().connect_timeout(peer, Duration::MAX).unwrap();
    let connecting = Builder::stream().start_connect(peer).unwrap();
    assert!(connecting.wait(Some(Duration::MAX)).unwrap());
}

#[test]
fn pending_connection_keeps_mode_value() {
    let listener = dual_listener();
    let port = listener.local_addr().unwrap().port();
    let mut connecting: Connecting<AnyMode> =
        Builder::stream().v6_only().start_connect(("::1", port)).unwrap().into();
    assert!(connecting.peer().is_ipv6());
    let stream: TcpStream<AnyMode> = connecting.finish().unwrap();
    assert!(format!("{stream:?}").contains("V6Only"), "{stream:?}");
    connecting = Builder::stream().start_connect(ipv4(port)).unwrap().into();
    assert_eq!(connecting.peer(), ipv4(port));
    let stream = connecting.finish().unwrap();
    assert_eq!(stream.peer_addr().unwrap(), ipv4(port));
    assert!(format!("{stream:?}").contains("DualStack"), "{stream:?}");
}

#[test]
fn connect_times_out() {
    let (listener, _queue) = full_listener();
    let peer = listener.local_addr().unwrap();
    for builder in [Builder::stream(), Builder::stream().nonblocking()] {
        let error = builder.connect_timeout(peer, Duration::from_millis(50)).unwrap_err();
        assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::TimedOut));
        assert_eq!(error.to_string(), format!("cannot connect to {peer}: timed out"));
    }
    // What a clock of milliseconds rounds to zero is a time all the same.
    let error = Builder::stream().connect_timeout(peer, Duration::from_nanos(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn connection_advances_step_by_step() {
    let listener = listener();
    let peer = listener.local_addr().unwrap();
    let connecting = Builder::stream().start_connect(peer).unwrap();
    assert_eq!(connecting.peer(), peer);
    let shown = format!("{connecting:?}");
    assert!(shown.contains(&peer.to_string()), "{shown}");
    assert!(connecting.wait(Some(PATIENCE)).unwrap());
    assert!(connecting.wait(None).unwrap());
    let stream = connecting.finish().unwrap();
    assert_eq!(listener.accept().unwrap().1, stream.local_addr().unwrap());
    assert_eq!(stream.peer_addr().unwrap(), peer);
}

#[test]
fn pending_connection_is_not_ready() {
    let (listener, _queue) = full_listener();
    let connecting = Builder::stream().start_connect(listener.local_addr().unwrap()).unwrap();
    assert!(!connecting.wait(Some(Duration::ZERO)).unwrap());
    assert!(!connecting.wait(Some(Duration::from_millis(20))).unwrap());
}

#[test]
fn finish_waits_for_pending_connection() {
    let (listener, queue) = full_listener();
    let connecting = Builder::stream().start_connect(listener.local_addr().unwrap()).unwrap();
    drop(queue);
    // Room in the queue lets the next try of the kernel through.
    let accepting = std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut byte = [0];
            if stream.recv(&mut byte).is_ok_and(|len| len == 1) {
                return byte;
            }
        }
        unreachable!("the connections have no end")
    });
    let stream = connecting.finish().unwrap();
    stream.send(b"!").unwrap();
    assert_eq!(&accepting.join().unwrap(), b"!");
}

#[test]
fn stream_blocks_after_timed_connect() {
    let listener = listener();
    let stream = TcpStream::connect_timeout(listener.local_addr().unwrap(), PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (peer, _) = listener.accept().unwrap();
    let reader = std::thread::spawn(move || stream.recv(&mut [0; 8]).unwrap());
    // Were it nonblocking, reading before the writing would fail.
    std::thread::yield_now();
    peer.send(b"late").unwrap();
    assert_eq!(reader.join().unwrap(), 4);
}

#[test]
fn nonblocking_streams_connect_all_the_same() {
    let listener = listener();
    let peer = listener.local_addr().unwrap();
    let builder = Builder::stream().nonblocking();
    for stream in [
        builder.connect(peer).unwrap(),
        builder.connect_timeout(peer, PATIENCE).unwrap(),
        builder.start_connect(peer).unwrap().finish().unwrap(),
        builder.bind("[::1]:0").unwrap().connect(peer).unwrap(),
    ] {
        let (_accepted, peer) = listener.accept().unwrap();
        assert_eq!(peer, stream.local_addr().unwrap());
        assert_eq!(stream.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}

#[test]
fn pending_peer_is_plain_ipv4() {
    let listener = dual_listener();
    let peer = ipv4(listener.local_addr().unwrap().port());
    let connecting = Builder::stream().mode(DualStack).start_connect(peer).unwrap();
    assert_eq!(connecting.peer(), peer);
    assert_eq!(connecting.finish().unwrap().peer_addr().unwrap(), peer);
}

#[cfg(unix)]
#[test]
fn giving_up_leaves_no_descriptor() {
    in_own_process(|| {
        let (listener, queue) = full_listener();
        let peer = listener.local_addr().unwrap();
        let before = open_descriptors();
        for _ in 0..200 {
            drop(Builder::stream().start_connect(peer).unwrap());
        }
        for _ in 0..20 {
            let time = Duration::from_millis(1);
            Builder::stream().connect_timeout(peer, time).unwrap_err();
        }
        assert_eq!(open_descriptors(), before);
        drop(queue);
    });
}

#[cfg(unix)]
#[test]
fn signals_leave_timed_connect_exact() {
    in_own_process(|| {
        let (listener, _queue) = full_listener();
        let peer = listener.local_addr().unwrap();
        let time = Duration::from_millis(300);
        let work = move || {
            let begin = std::time::Instant::now();
            (Builder::stream().connect_timeout(peer, time), begin.elapsed())
        };
        // Were the wait begun anew after each signal, it would not end while they come.
        let (result, elapsed) = under_signals(work, |_| {});
        assert_eq!(result.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(elapsed >= time, "a signal ended the wait after {elapsed:?}");
    });
}

#[cfg(unix)]
#[test]
fn signals_do_not_end_a_connect() {
    in_own_process(|| {
        let (listener, queue) = full_listener();
        let peer = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let mut streams = Vec::new();
        let stream = under_signals(
            move || Builder::stream().connect(peer),
            |sent| {
                // Room in the queue comes only after many signals.
                if sent >= 50 {
                    while let Ok((stream, _)) = listener.accept() {
                        streams.push(stream);
                    }
                }
            },
        );
        assert_eq!(stream.unwrap().peer_addr().unwrap(), peer);
        assert!(!streams.is_empty());
        drop(queue);
    });
}

#[cfg(unix)]
#[test]
fn signals_do_not_end_a_wait() {
    in_own_process(|| {
        let (listener, _queue) = full_listener();
        let connecting = Builder::stream().start_connect(listener.local_addr().unwrap()).unwrap();
        let time = Duration::from_millis(200);
        let work = move || {
            let begin = std::time::Instant::now();
            (connecting.wait(Some(time)), begin.elapsed())
        };
        let (ready, elapsed) = under_signals(work, |_| {});
        assert!(!ready.unwrap());
        assert!(elapsed >= time, "a signal ended the wait after {elapsed:?}");
    });
}

#[test]
fn wildcard_peer_is_this_host() {
    let listener = listener();
    let port = listener.local_addr().unwrap().port();
    let bound = Builder::stream().bind("[::1]:0").unwrap();
    for result in [TcpStream::connect(("::", port)), bound.connect(("::", port))] {
        match result {
            Ok(stream) => {
                assert!(differs(false).wildcard_is_this_host);
                assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
                assert_eq!(listener.accept().unwrap().1, stream.local_addr().unwrap());
            }
            Err(error) => {
                assert!(!differs(false).wildcard_is_this_host, "{error}");
                let failed = (error.op(), error.kind());
                assert_eq!(failed, (Op::Connect, ErrorKind::AddrNotAvailable));
            }
        }
    }
}

#[test]
fn stream_refuses_port_0() {
    let given = differs(wine_lacks("port 0 is refused as the host does"));
    for builder in [Builder::stream(), Builder::stream().nonblocking()] {
        for error in [
            builder.connect("[::1]:0").unwrap_err(),
            builder.connect_timeout("[::1]:0", PATIENCE).unwrap_err(),
            builder.start_connect("[::1]:0").and_then(|started| started.finish()).unwrap_err(),
        ] {
            let failed = (error.op(), error.kind());
            assert_eq!(failed, (Op::Connect, given.stream_to_port_0), "{error}");
        }
    }
}

/// RFC 9293, section 3.5: both sides may open at once, and here both are this one.
#[cfg(target_os = "linux")]
#[test]
fn stream_connects_to_itself() {
    let bound = Builder::stream().bind("[::1]:0").unwrap();
    let here = bound.local_addr().unwrap();
    let stream = bound.connect(here).unwrap();
    assert_eq!((stream.local_addr().unwrap(), stream.peer_addr().unwrap()), (here, here));
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.send(b"echo?").unwrap();
    let mut buffer = [0; 8];
    assert_eq!((stream.recv(&mut buffer).unwrap(), &buffer[..5]), (5, &b"echo?"[..]));

    // Nobody else's connection looks like that.
    let (client, accepted) = streams();
    assert_ne!(client.local_addr().unwrap(), client.peer_addr().unwrap());
    assert_ne!(accepted.local_addr().unwrap(), accepted.peer_addr().unwrap());
}
