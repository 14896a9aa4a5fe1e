//! Real signals, one each millisecond, without `SA_RESTART`, while calls wait: what is to complete
//! completes, a deadline is kept, and what hands `Interrupted` on, as std does, loses nothing.
//!
//! Connecting to a listener whose queue is full, accepting and waiting without a timeout have
//! theirs in `connecting`, `listener`, `stream` and `readiness`.

use std::fs::File;
use std::io::{self, ErrorKind, IoSliceMut, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use inet6::option::{MinHopCount, ReadTimeout, SendBufferSize, UserTimeout};
use inet6::{
    Builder, TcpStream,
    connect::{HappyEyeballs, HostErrorKind},
    error::Op,
    udp::{CoalescedBatch, Outgoing, RecvBatch, SendBatch},
};

use crate::lab::Host;
use crate::support::*;

/// Many signals long.
const A_WHILE: Duration = Duration::from_millis(300);

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (work(), start.elapsed())
}

/// The two ends of a connection that holds little under way.
fn narrow_streams() -> (TcpStream, TcpStream) {
    let (client, accepted) = streams();
    client.set_option(SendBufferSize(16_384)).unwrap();
    (client, accepted)
}

/// A host whose port 9 is a black hole.
fn black_hole() -> Result<Host, String> {
    let host = Host::new()?;
    host.ip("link set dev lo up");
    // Two tries, and the kernel gives up.
    host.sysctl("ipv4/tcp_syn_retries", "1");
    host.arriving().drop("tcp dport 9")?;
    Ok(host)
}

#[test]
fn timed_connect_keeps_its_time() {
    in_own_process(|| {
        let host = require!(black_hole(), "the lab");
        host.run(|| {
            let connect = || Builder::stream().connect_timeout("[::1]:9", A_WHILE);
            let (result, elapsed) = under_signals(move || timed(connect), |_| {});
            let error = result.unwrap_err();
            assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::TimedOut));
            assert!(elapsed >= A_WHILE, "a signal ended it after {elapsed:?}");
        });
    });
}

/// Without a timeout of its own, the kernel's is what ends it.
#[test]
fn black_hole_connect_ends_by_kernel() {
    in_own_process(|| {
        let host = require!(black_hole(), "the lab");
        host.run(|| {
            let impatient = Builder::stream().with(UserTimeout(Some(A_WHILE)));
            let connect = move || impatient.connect("[::1]:9");
            let (result, elapsed) = under_signals(move || timed(connect), |_| {});
            let error = result.unwrap_err();
            assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::TimedOut), "{error}");
            assert_eq!(error.raw_os_error(), Some(libc::ETIMEDOUT), "the kernel says so");
            assert!(elapsed >= A_WHILE, "a signal ended it after {elapsed:?}");
        });
    });
}

#[test]
fn race_to_host_keeps_deadline() {
    in_own_process(|| {
        let (listener, _queue) = full_listener();
        let peer = listener.local_addr().unwrap();
        let host = HappyEyeballs::to(peer).deadline(A_WHILE);
        let connect = move || Builder::stream().connect_host(host);
        let (result, elapsed) = under_signals(move || timed(connect), |_| {});
        assert_eq!(result.unwrap_err().kind(), HostErrorKind::TimedOut);
        assert!(elapsed >= A_WHILE, "a signal ended it after {elapsed:?}");
    });
}

#[test]
fn timed_accept_keeps_its_time() {
    in_own_process(|| {
        for nonblocking in [false, true] {
            let listener = listener();
            listener.set_option(ReadTimeout(Some(A_WHILE))).unwrap();
            let accept = move || match nonblocking {
                false => listener.accept().map(drop),
                true => listener.accept_nonblocking().map(drop),
            };
            // Were the wait begun anew after each signal, it would not end while they come.
            let (result, elapsed) = under_signals(move || timed(accept), |_| {});
            assert_eq!(result.unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(elapsed >= A_WHILE, "a signal ended it after {elapsed:?}");
        }
    });
}

/// Reads to the end in a thread, and compares it.
fn reads(mut from: TcpStream, expected: &'static [u8]) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut arrived = Vec::new();
        from.read_to_end(&mut arrived).unwrap();
        assert!(arrived == expected, "{} bytes of {}", arrived.len(), expected.len());
    })
}

#[test]
fn write_all_sends_bytes_in_order() {
    in_own_process(|| {
        for timeout in [None, Some(PATIENCE)] {
            let bytes: &[u8] = pattern(5_000_003).leak();
            let (mut client, accepted) = narrow_streams();
            client.set_write_timeout(timeout).unwrap();
            let mut accepted = Some(accepted);
            let mut reader = None;
            under_signals(
                move || client.write_all(bytes).unwrap(),
                |sent| {
                    // It waits for room until then, and is interrupted many times.
                    if sent == 50 {
                        reader = accepted.take().map(|stream| reads(stream, bytes));
                    }
                },
            );
            reader.expect("it waited").join().unwrap();
        }
    });
}

/// With and without a timeout: the part that went out, then `Interrupted`, and neither is lost.
#[test]
fn interrupted_send_returns_partial_length() {
    in_own_process(|| {
        for timeout in [None, Some(PATIENCE)] {
            let bytes: &[u8] = pattern(5_000_003).leak();
            let (client, accepted) = narrow_streams();
            client.set_write_timeout(timeout).unwrap();
            let (client, part) = under_signals(
                move || {
                    let mut part = 0;
                    loop {
                        match client.send(&bytes[part..]) {
                            Ok(sent) => part += sent,
                            Err(error) => {
                                assert_eq!(error.kind(), ErrorKind::Interrupted);
                                return (client, part);
                            }
                        }
                    }
                },
                |_| {},
            );
            assert!(part > 0 && part < bytes.len());
            drop(client);
            reads(accepted, &bytes[..part]).join().unwrap();
        }
    });
}

#[test]
fn waiting_for_room_takes_its_time() {
    in_own_process(|| {
        let (client, _accepted) = narrow_streams();
        client.set_nonblocking(true).unwrap();
        // What is under way still moves on for a moment.
        while client.wait_writable(Some(Duration::from_millis(100))).unwrap() {
            while client.send(&[0; 4096]).is_ok() {}
        }
        let wait = move || client.wait_writable(Some(A_WHILE));
        let (ready, elapsed) = under_signals(move || timed(wait), |_| {});
        assert!(!ready.unwrap());
        assert!(elapsed >= A_WHILE, "a signal ended it after {elapsed:?}");
    });
}

/// Whether a call that waited was interrupted, as its page says, and not told anything else.
#[track_caller]
fn interrupted<T>(result: io::Result<T>) {
    match result {
        Ok(_) => panic!("there is nothing to receive"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}"),
    }
}

/// As std does: the caller decides whether to go on.
#[test]
fn interrupted_receive_is_reported() {
    in_own_process(|| {
        for timeout in [None, Some(PATIENCE)] {
            let (stream, accepted) = streams();
            stream.set_read_timeout(timeout).unwrap();
            let (server, client) = datagrams();
            server.set_read_timeout(timeout).unwrap();
            client.set_read_timeout(timeout).unwrap();
            let guarded = socket().guard(MinHopCount(255)).unwrap();
            guarded.get_ref().set_read_timeout(timeout).unwrap();
            let coalescing = socket().coalesce().unwrap();
            coalescing.set_read_timeout(timeout).unwrap();
            let receive = move || {
                let room = &mut [0; 8];
                interrupted(stream.recv(room));
                interrupted(stream.peek(room));
                interrupted(stream.recv_vectored(&mut [IoSliceMut::new(room)]));
                interrupted((&stream).read(room));
                interrupted(server.recv_from(room));
                interrupted(server.peek_from(room));
                interrupted(server.recv_from_vectored(&mut [IoSliceMut::new(room)]));
                interrupted(server.recv_message(room));
                interrupted(server.recv_batch(&mut RecvBatch::new(4, 8).unwrap()));
                interrupted(client.recv(room));
                interrupted(client.recv_message(room));
                interrupted(client.recv_batch(&mut RecvBatch::new(4, 8).unwrap()));
                interrupted(guarded.recv_from(room));
                interrupted(guarded.recv_message(room));
                interrupted(coalescing.recv_batch(&mut CoalescedBatch::new(4).unwrap()));
            };
            under_signals(receive, |_| {});
            drop(accepted);
        }
    });
}

#[test]
fn interrupted_echo_is_reported() {
    in_own_process(|| {
        let host = require!(Host::new(), "the lab");
        host.ip("link set dev lo up");
        host.allow_echo();
        host.run(|| {
            let echo = Builder::datagram().bind_echo("[::1]:0").unwrap();
            under_signals(move || interrupted(echo.recv_echo(&mut [0; 8])), |_| {});
        });
    });
}

/// Datagrams neither wait nor get lost: one after the other, in batches, and cut by the kernel.
#[test]
fn datagrams_leave_and_arrive_under_signals() {
    const ROUNDS: u32 = 20_000;

    in_own_process(|| {
        let (server, client) = datagrams();
        let mut expected = 0_u32;
        let work = move || {
            let mut send = SendBatch::new(4).unwrap();
            let mut receive = RecvBatch::new(8, 8).unwrap();
            for round in 0..ROUNDS {
                let numbers = [0, 1, 2, 3].map(|at| (round * 4 + at).to_be_bytes());
                client.send(&numbers[0]).unwrap();
                client.send_message(&Outgoing::new(&numbers[1])).unwrap();
                let two = [Outgoing::new(&numbers[2]), Outgoing::new(&numbers[3])];
                assert_eq!(client.send_batch(&mut send, &two).unwrap(), 2);
                let end = expected + 4;
                while expected < end {
                    match server.recv_batch(&mut receive) {
                        Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                        count => assert_eq!(count.unwrap(), receive.len()),
                    }
                    for datagram in receive.iter() {
                        assert_eq!(datagram.payload(), expected.to_be_bytes());
                        expected += 1;
                    }
                }
            }
            expected
        };
        assert_eq!(under_signals(work, |_| {}), ROUNDS * 4);
    });
}

/// By the loop that its page shows.
#[test]
fn interrupted_file_arrives_whole() {
    in_own_process(|| {
        let bytes: &[u8] = pattern(5_000_003).leak();
        let path = std::env::temp_dir().join(format!("inet6-signal-{}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let (client, accepted) = narrow_streams();
        let mut accepted = Some(accepted);
        let mut reader = None;
        let interruptions = under_signals(
            move || {
                let (mut offset, mut interruptions) = (0, 0);
                loop {
                    match client.send_file(&file, offset, usize::MAX) {
                        Ok(0) => return interruptions,
                        Ok(sent) => offset += sent as u64,
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::Interrupted);
                            interruptions += 1;
                        }
                    }
                }
            },
            |sent| {
                if sent == 50 {
                    reader = accepted.take().map(|stream| reads(stream, bytes));
                }
            },
        );
        assert!(interruptions > 0, "nothing was interrupted");
        reader.expect("it waited").join().unwrap();
    });
}

#[test]
fn read_exact_waits_for_the_rest() {
    in_own_process(|| {
        let (mut client, accepted) = streams();
        accepted.send(b"first ").unwrap();
        let mut text = [0; 12];
        let text = under_signals(
            move || client.read_exact(&mut text).map(|()| text),
            |sent| {
                if sent == 50 {
                    accepted.send(b"second").unwrap();
                }
            },
        );
        assert_eq!(&text.unwrap(), b"first second");
    });
}
