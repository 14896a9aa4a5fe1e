//! Waiting for one socket: what ends a wait, and what does not.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use inet6::mode::Mode;
use inet6::option::{Linger, SendBufferSize};
use inet6::{Builder, TcpStream};

use crate::support::*;

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
/// So that what never comes fails a test and does not hang it.
const SOON: Option<Duration> = Some(PATIENCE);

#[test]
fn socket_is_readable_after_arrival() {
    in_every_mode!(mode => every_kind(mode));
}

fn every_kind<M: Mode>(mode: M) {
    let listener = Builder::stream().mode(mode).bind("[::1]:0").unwrap().listen(4).unwrap();
    assert!(!listener.wait_readable(AT_ONCE).unwrap());
    let client = Builder::stream().mode(mode).connect(listener.local_addr().unwrap()).unwrap();
    assert!(listener.wait_readable(SOON).unwrap());
    let (accepted, _) = listener.accept().unwrap();
    assert!(!listener.wait_readable(AT_ONCE).unwrap(), "it is accepted already");

    assert!(!accepted.wait_readable(AT_ONCE).unwrap());
    assert!(accepted.wait_writable(AT_ONCE).unwrap());
    client.send(b"ping").unwrap();
    assert!(accepted.wait_readable(SOON).unwrap());
    // It stays so until it is taken.
    assert!(accepted.wait_readable(None).unwrap());
    assert_eq!(accepted.recv(&mut [0; 8]).unwrap(), 4);
    assert!(!accepted.wait_readable(AT_ONCE).unwrap());

    let socket = Builder::datagram().mode(mode).bind("[::1]:0").unwrap();
    let peer = Builder::datagram().mode(mode).connect(socket.local_addr().unwrap()).unwrap();
    assert!(!socket.wait_readable(AT_ONCE).unwrap() && socket.wait_writable(SOON).unwrap());
    peer.send(b"").unwrap();
    assert!(socket.wait_readable(SOON).unwrap(), "an empty datagram is one");
    assert_eq!(socket.recv_from(&mut [0; 8]).unwrap().0, 0);
    assert!(!peer.wait_readable(AT_ONCE).unwrap() && peer.wait_writable(SOON).unwrap());
    socket.send_to(b"pong", peer.local_addr().unwrap()).unwrap();
    assert!(peer.wait_readable(SOON).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn echo_socket_waits() {
    use crate::lab::Host;

    let host = require!(Host::new(), "a host");
    host.ip("link set dev lo up");
    host.allow_echo();
    let socket = host.run(|| Builder::datagram().bind_echo("[::1]:0")).unwrap();
    assert!(!socket.wait_readable(AT_ONCE).unwrap() && socket.wait_writable(SOON).unwrap());
    socket.send_echo("[::1]:0", 1, b"").unwrap();
    assert!(socket.wait_readable(SOON).unwrap());
}

#[test]
fn wait_lasts_at_least_its_timeout() {
    let (socket, client) = datagrams();
    for micros in [1, 999, 1001, 20_000] {
        let (begin, timeout) = (Instant::now(), Duration::from_micros(micros));
        assert!(!socket.wait_readable(Some(timeout)).unwrap());
        assert!(begin.elapsed() >= timeout);
    }
    client.send(b"ping").unwrap();
    // Beyond what the clock reaches, and beyond what the call takes.
    assert!(socket.wait_readable(Some(Duration::MAX)).unwrap());
    assert!(socket.wait_readable(Some(Duration::from_secs(u64::from(u32::MAX)))).unwrap());
}

#[test]
fn end_of_stream_is_readable() {
    let (client, accepted) = streams();
    client.shutdown(Shutdown::Write).unwrap();
    assert!(accepted.wait_readable(SOON).unwrap());
    assert_eq!(accepted.recv(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn reset_is_readable_then_reported() {
    require!(!under_wine(), "a reset reads as the end");
    let (client, accepted) = streams();
    client.set_option(Linger(Some(Duration::ZERO))).unwrap();
    drop(client);
    assert!(accepted.wait_readable(SOON).unwrap());
    assert_eq!(accepted.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[cfg(target_os = "linux")]
#[test]
fn refusal_is_readable_then_reported() {
    let (socket, client) = datagrams();
    let _deaf = connected_to_itself(socket);
    client.send(b"is anybody there?").unwrap();
    assert!(client.wait_readable(SOON).unwrap());
    assert_eq!(client.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

/// A stream without room to send, and its peer.
fn full() -> (TcpStream, TcpStream) {
    let (client, accepted) = streams();
    client.set_option(SendBufferSize(4096)).unwrap();
    client.set_nonblocking(true).unwrap();
    let mut sent = 0;
    loop {
        match client.send(&[0; 65_536]) {
            Ok(len) => sent += len,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // What the peer's buffer takes in the meantime makes room again.
                if !client.wait_writable(Some(Duration::from_millis(200))).unwrap() {
                    assert!(sent > 0);
                    return (client, accepted);
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn full_stream_is_writable_after_reading() {
    let (client, accepted) = full();
    assert!(!client.wait_writable(AT_ONCE).unwrap());
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut buffer = vec![0; 1 << 20];
            while accepted.recv(&mut buffer).unwrap() > 0 {}
        });
        assert!(client.wait_writable(SOON).unwrap());
        assert!(client.send(b"again").unwrap() > 0);
        client.shutdown(Shutdown::Write).unwrap();
    });
}

/// On Windows an urgent byte is an exception, and no room to send.
#[test]
fn urgent_byte_frees_no_space() {
    let (client, accepted) = full();
    accepted.send_out_of_band(b"!").unwrap();
    assert!(!client.wait_writable(Some(Duration::from_millis(100))).unwrap());
}

#[test]
fn trying_and_waiting_loses_nothing() {
    let (socket, client) = datagrams();
    socket.set_nonblocking(true).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..100_u8 {
                client.send(&[number]).unwrap();
            }
        });
        let mut buffer = [0; 8];
        for number in 0..100 {
            loop {
                match socket.recv_from(&mut buffer) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        assert!(socket.wait_readable(SOON).unwrap(), "{number} never came");
                    }
                    result => break assert_eq!((result.unwrap().0, buffer[0]), (1, number)),
                }
            }
        }
    });
}

#[cfg(all(target_os = "linux", any(target_arch = "x86", target_arch = "x86_64")))]
#[test]
fn failed_wait_is_reported() {
    let (socket, client) = datagrams();
    client.send(b"ping").unwrap();
    let fault = Fault { call: libc::SYS_poll, arguments: &[(1, 1)], errno: libc::ENOMEM };
    let work = || (socket.wait_readable(None), socket.wait_writable(AT_ONCE));
    let (readable, writable) = require!(with_faults(&[fault], work), "faults");
    assert_eq!(readable.unwrap_err().raw_os_error(), Some(libc::ENOMEM));
    assert_eq!(writable.unwrap_err().raw_os_error(), Some(libc::ENOMEM));
    // What is there already needs no wait.
    let received = with_faults(&[fault], || socket.recv_from(&mut [0; 8]));
    assert_eq!(received.unwrap().unwrap().0, 4);
}

#[cfg(unix)]
#[test]
fn signals_leave_timed_wait_exact() {
    in_own_process(|| {
        let (socket, _client) = datagrams();
        let time = Duration::from_millis(200);
        let work = move || {
            let begin = Instant::now();
            (socket.wait_readable(Some(time)), begin.elapsed())
        };
        // Were the wait begun anew after each signal, it would not end while they come.
        let (ready, elapsed) = under_signals(work, |_| {});
        assert!(!ready.unwrap());
        assert!(elapsed >= time, "a signal ended the wait after {elapsed:?}");
    });
}

#[cfg(unix)]
#[test]
fn endless_wait_outlasts_signals() {
    in_own_process(|| {
        let (socket, client) = datagrams();
        let ready = under_signals(
            move || socket.wait_readable(None),
            |sent| {
                // It comes only after many signals.
                if sent == 50 {
                    client.send(b"ping").unwrap();
                }
            },
        );
        assert!(ready.unwrap());
    });
}
