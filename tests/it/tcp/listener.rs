//! Listeners: accepting, and surviving what happens meanwhile.

use std::io::{self, ErrorKind};

use inet6::option::ReadTimeout;
use inet6::{Builder, TcpListener, TcpStream, tcp::AcceptFailure};
use socket2::SockRef;

use crate::support::*;

#[test]
fn accept_returns_peer() {
    let listener = listener();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, peer) = listener.accept().unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
    assert_eq!(stream.local_addr().unwrap(), listener.local_addr().unwrap());
    let shown = format!("{stream:?}");
    assert!(shown.contains(&peer.to_string()), "{shown}");
}

#[test]
fn incoming_gives_the_connections_in_order() {
    let listener = listener();
    let connect = |_| TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let clients: Vec<_> = (0..5).map(connect).collect();
    let mut incoming = listener.incoming();
    for (at, client) in clients.iter().enumerate() {
        let stream = match at {
            0 => listener.next_connection().unwrap().0,
            1 => listener.next_connection_nonblocking().unwrap().0,
            _ => incoming.next().unwrap().unwrap(),
        };
        assert_eq!(stream.peer_addr().unwrap(), client.local_addr().unwrap());
    }
}

#[test]
fn nonblocking_listener_would_block() {
    let listener = Builder::stream().nonblocking().bind("[::1]:0").unwrap().listen(4).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(listener.accept_nonblocking().unwrap_err().kind(), ErrorKind::WouldBlock);
    for ended in [
        listener.incoming().next().unwrap().map(drop),
        listener.next_connection().map(drop),
        listener.next_connection_nonblocking().map(drop),
    ] {
        let error = ended.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert_eq!(AcceptFailure::of(&error), AcceptFailure::Fatal);
    }
}

/// On a nonblocking listener, once a client has connected.
#[track_caller]
fn accept_ready<T>(mut accept: impl FnMut() -> io::Result<T>) -> T {
    loop {
        match accept() {
            Ok(accepted) => return accepted,
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn accepted_streams_ignore_listener_blocking() {
    for nonblocking in [false, true] {
        let listener = listener();
        listener.set_nonblocking(nonblocking).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = accept_ready(|| listener.accept_nonblocking());
        assert_eq!(stream.recv(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = accept_ready(|| listener.next_connection_nonblocking());
        assert_eq!(stream.recv(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);

        for accept in [TcpListener::accept, TcpListener::next_connection] {
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (stream, _) = accept_ready(|| accept(&listener));
            #[cfg(unix)]
            assert!(!is_nonblocking(&stream));
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let reader = std::thread::spawn(move || stream.recv(&mut [0; 8]).unwrap());
            std::thread::yield_now();
            client.send(b"late").unwrap();
            assert_eq!(reader.join().unwrap(), 4);
        }
    }
}

#[test]
fn clones_share_the_queue() {
    let listener = listener();
    let clone = listener.try_clone().unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    assert_eq!(clone.accept().unwrap().1, client.local_addr().unwrap());
    clone.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn listener_has_no_pending_error() {
    assert!(listener().take_error().unwrap().is_none());
}

#[test]
fn early_reset_keeps_loop_running() {
    let listener = listener();
    let peer = listener.local_addr().unwrap();
    let gone = TcpStream::connect(peer).unwrap();
    let address = gone.local_addr().unwrap();
    SockRef::from(&gone).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(gone); // sends RST
    let client = TcpStream::connect(peer).unwrap();
    client.send(b"alive").unwrap();

    let mut served = None;
    for _ in 0..2 {
        let (stream, from) = listener.next_connection().unwrap();
        match stream.recv(&mut [0; 8]) {
            Ok(len) => {
                assert_eq!(from, client.local_addr().unwrap());
                served = Some(len);
                break;
            }
            // Linux hands the dead connection out, and who it was; asking for it later fails.
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                assert_eq!(from, address);
                assert_eq!(stream.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
            }
        }
    }
    assert_eq!(served, Some(5));
}

#[test]
fn accept_returns_reset_peer_address() {
    let listener = listener();
    let gone = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let address = gone.local_addr().unwrap();
    SockRef::from(&gone).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(gone);
    match listener.accept() {
        Ok((_, peer)) => assert_eq!(peer, address),
        // The BSDs do not hand it out.
        Err(error) => assert_eq!(AcceptFailure::of(&error), AcceptFailure::Peer, "{error}"),
    }
}

#[cfg(unix)]
#[test]
fn accept_errors_have_three_origins() {
    let class = |code| AcceptFailure::of(&io::Error::from_raw_os_error(code));
    for code in [
        libc::ECONNABORTED,
        libc::ECONNRESET,
        libc::EPROTO,
        libc::EPERM,
        libc::ENETDOWN,
        libc::ENETUNREACH,
        libc::EHOSTDOWN,
        libc::EHOSTUNREACH,
        libc::ENOPROTOOPT,
    ] {
        let error = io::Error::from_raw_os_error(code);
        assert_eq!(class(code), AcceptFailure::Peer, "{error}");
    }
    for code in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
        let error = io::Error::from_raw_os_error(code);
        assert_eq!(class(code), AcceptFailure::Exhausted, "{error}");
    }
    for code in [libc::EBADF, libc::EINVAL, libc::ENOTSOCK, libc::EAGAIN, libc::EFAULT] {
        let error = io::Error::from_raw_os_error(code);
        assert_eq!(class(code), AcceptFailure::Fatal, "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn pending_network_error_is_peer_failure() {
    // accept(2), "Error handling": to be treated like EAGAIN.
    for code in [
        libc::ENETDOWN,
        libc::EPROTO,
        libc::ENOPROTOOPT,
        libc::EHOSTDOWN,
        libc::ENONET,
        libc::EHOSTUNREACH,
        libc::EOPNOTSUPP,
        libc::ENETUNREACH,
    ] {
        let error = io::Error::from_raw_os_error(code);
        assert_eq!(AcceptFailure::of(&error), AcceptFailure::Peer, "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn next_connection_waits_for_a_descriptor() {
    use std::os::fd::AsRawFd;
    use std::sync::mpsc::channel;

    in_own_process(|| {
        let listener = listener();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (tell, thread) = channel();
        let (start, begin) = channel();
        std::thread::scope(|scope| {
            let listener = &listener;
            let server = scope.spawn(move || {
                tell.send(thread_id()).unwrap();
                begin.recv().unwrap();
                listener.next_connection().unwrap().1
            });
            let status = SleepCounter::open(thread.recv().unwrap());
            // The lowest free number is the next descriptor: none is left below it.
            let next = client.try_clone().unwrap().as_raw_fd();
            let before = limit_descriptors(next.try_into().unwrap());
            let exhausted = listener.accept().unwrap_err();
            assert_eq!(exhausted.raw_os_error(), Some(libc::EMFILE));
            assert_eq!(AcceptFailure::of(&exhausted), AcceptFailure::Exhausted);

            let slept = status.sleeps();
            start.send(()).unwrap();
            // A connection waits, so that `accept` itself never sleeps: what sleeps is the pause.
            let end = std::time::Instant::now() + PATIENCE;
            while status.sleeps() < slept + 4 && std::time::Instant::now() < end {
                std::thread::yield_now();
            }
            let (sleeps, went_on) = (status.sleeps() - slept, server.is_finished());
            // First, or a thread that fails the test waits for one that cannot go on.
            limit_descriptors(before);
            assert!(sleeps >= 4, "it tries again without a pause");
            assert!(!went_on, "it went on without a descriptor");
            assert_eq!(server.join().unwrap(), client.local_addr().unwrap());
        });
    });
}

#[cfg(unix)]
#[test]
fn signals_do_not_interrupt_accept() {
    in_own_process(|| {
        for timeout in [None, Some(PATIENCE)] {
            let listener = listener();
            listener.set_option(ReadTimeout(timeout)).unwrap();
            let peer = listener.local_addr().unwrap();
            let mut client = None;
            let accepted = under_signals(
                move || listener.accept().map(|(_, peer)| peer),
                |sent| {
                    if sent == 50 {
                        client = Some(TcpStream::connect(peer).unwrap());
                    }
                },
            );
            assert_eq!(accepted.unwrap(), client.unwrap().local_addr().unwrap());
        }
    });
}

#[test]
fn threads_accept_each_connection_once() {
    require!(!under_wine(), "threads that accept at once disturb each other");
    let listener = listener();
    let peer = listener.local_addr().unwrap();
    let peers = std::thread::scope(|scope| {
        let accept = || (0..8).map(|_| listener.accept().unwrap().1).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(accept)).collect();
        let clients: Vec<_> = (0..32).map(|_| TcpStream::connect(peer).unwrap()).collect();
        let joined = threads.into_iter().flat_map(|thread| thread.join().unwrap());
        let mut peers: Vec<_> = joined.collect();
        peers.sort();
        let mut expected: Vec<_> =
            clients.iter().map(|client| client.local_addr().unwrap()).collect();
        expected.sort();
        assert_eq!(peers, expected);
        peers
    });
    assert_eq!(peers.len(), 32);
}

#[test]
fn short_form_listens_at_once() {
    let listener = TcpListener::bind(("::1", 0)).unwrap();
    let clients: Vec<_> =
        (0..100).map(|_| TcpStream::connect(listener.local_addr().unwrap()).unwrap()).collect();
    assert_eq!(clients.len(), 100, "the backlog is not that of listen(1)");
}

/// listen(2): `backlog` is how many connections may wait to be accepted. Linux lets one more.
#[cfg(target_os = "linux")]
#[test]
fn full_queue_delays_next_connection() {
    let listener = Builder::stream().bind("[::1]:0").unwrap().listen(1).unwrap();
    let peer = listener.local_addr().unwrap();
    let connect = || Builder::stream().start_connect(peer).unwrap();
    let clients = [connect(), connect(), connect()];
    assert!(clients[0].wait(Some(PATIENCE)).unwrap());
    assert!(clients[1].wait(Some(PATIENCE)).unwrap());
    assert!(!clients[2].wait(Some(std::time::Duration::from_millis(100))).unwrap());
    std::thread::scope(|scope| {
        let accept = scope.spawn(|| [(); 3].map(|()| listener.accept().unwrap().1));
        let streams = clients.map(|client| client.finish().unwrap());
        let expected = streams.each_ref().map(|stream| stream.local_addr().unwrap());
        assert_eq!(accept.join().unwrap(), expected, "in the order in which they came");
    });
}
