//! Accepting where it fails: the loop lives, does not spin, and goes on afterwards.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use inet6::option::{Linger, ReadTimeout};
use inet6::{Builder, TcpListener, TcpStream, tcp::AcceptFailure};

use crate::example::{Server, example};
use crate::support::*;

const EXHAUSTED: [libc::c_int; 4] = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
const PEERS: [libc::c_int; 3] = [libc::ECONNABORTED, libc::EPROTO, libc::EPERM];

/// More calls in a second than this are a loop that spins.
const MOST_A_SECOND: f64 = 300.0;

/// How long a loop is watched.
const A_WHILE: Duration = Duration::from_secs(1);

fn by_incoming(listener: &TcpListener) -> io::Result<SocketAddr> {
    listener.incoming().next().expect("it has no end")?.peer_addr()
}

fn by_next(listener: &TcpListener) -> io::Result<SocketAddr> {
    Ok(listener.next_connection()?.1)
}

fn by_next_nonblocking(listener: &TcpListener) -> io::Result<SocketAddr> {
    Ok(listener.next_connection_nonblocking()?.1)
}

/// The loops of this crate.
const OURS: [Loop; 3] = [by_next, by_next_nonblocking, by_incoming];

/// A loop of one's own, by `AcceptFailure`.
fn by_hand(listener: &TcpListener) -> io::Result<SocketAddr> {
    loop {
        match listener.accept() {
            Ok((_, peer)) => return Ok(peer),
            Err(error) => match AcceptFailure::of(&error) {
                AcceptFailure::Peer => continue,
                AcceptFailure::Exhausted => thread::sleep(Duration::from_millis(50)),
                _ => return Err(error),
            },
        }
    }
}

type Loop = fn(&TcpListener) -> io::Result<SocketAddr>;

/// Counts for a while the calls that come by a gate from a loop that was just started.
fn calls_a_second(gate: &Gate) -> f64 {
    let start = Instant::now();
    wait_until("the loop accepts", || gate.calls() > 0);
    // Nothing is waited for: this is the time that is looked at.
    thread::sleep(A_WHILE);
    // A slow machine makes fewer calls in a longer time.
    gate.calls() as f64 / start.elapsed().as_secs_f64()
}

/// A loop whose `accept` fails for a while lives, does not spin, and takes the connection that
/// waits when that is over.
#[track_caller]
fn starved(errno: libc::c_int, accepting: Loop) -> Result<(), String> {
    let listener = listener();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let gate = Gate::failing(errno, usize::MAX);
    thread::scope(|scope| {
        let server = scope.spawn(|| gate.run(libc::SYS_accept4, || accepting(&listener)));
        if server.is_finished() {
            return server.join().unwrap().map(drop);
        }
        let rate = calls_a_second(&gate);
        let lives = !server.is_finished();
        gate.open();
        let error = io::Error::from_raw_os_error(errno);
        assert!(lives, "{error} ended the loop");
        assert!(rate < MOST_A_SECOND, "{rate:.0} calls a second: {error}");
        assert_eq!(server.join().unwrap()?.unwrap(), client.local_addr().unwrap());
        Ok(())
    })
}

/// Whether the kernel lets a thread have its calls answered by another.
fn gates() -> Result<(), String> {
    Gate::default().run(libc::SYS_accept4, || {})
}

#[test]
fn starved_accept_loop_recovers() {
    require!(gates(), "a gate");
    thread::scope(|scope| {
        let ours = EXHAUSTED.into_iter().chain(PEERS).map(|errno| (errno, by_next as Loop));
        let by_hand = EXHAUSTED.map(|errno| (errno, by_hand as Loop));
        let all: Vec<_> = ours
            .chain(by_hand)
            .chain(OURS.map(|accepting| (libc::EMFILE, accepting)))
            .map(|(errno, accepting)| scope.spawn(move || starved(errno, accepting)))
            .collect();
        for one in all {
            one.join().unwrap().unwrap();
        }
    });
}

/// What comes a few times costs a call each, and no pause.
#[test]
fn lost_peer_costs_one_call() {
    require!(gates(), "a gate");
    for errno in PEERS.into_iter().chain([libc::EINTR]) {
        for accepting in OURS.into_iter().chain([by_hand as Loop]) {
            let listener = listener();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let gate = Gate::failing(errno, 100);
            let accepted = gate.run(libc::SYS_accept4, || accepting(&listener)).unwrap();
            assert_eq!(accepted.unwrap(), client.local_addr().unwrap());
            assert_eq!(gate.calls(), 101, "{}", io::Error::from_raw_os_error(errno));
        }
    }
}

/// Lets a thread fail instead of sleeping: a pause that fails so is a panic of std.
const AWAKE: [Fault<'_>; 2] = [
    Fault { call: libc::SYS_nanosleep, arguments: &[], errno: libc::EINVAL },
    Fault { call: libc::SYS_clock_nanosleep, arguments: &[], errno: libc::EINVAL },
];

/// The page of `TcpListener::next_connection`: it pauses if more than 128 are lost in a row.
#[test]
fn lost_peers_are_skipped_without_pause() {
    require!(gates(), "a gate");
    for accepting in OURS {
        let listener = listener();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let gate = Gate::failing(libc::ECONNABORTED, 128);
        let accepted =
            gate.run(libc::SYS_accept4, || with_faults(&AWAKE, || accepting(&listener)).unwrap());
        assert_eq!(accepted.unwrap().unwrap(), client.local_addr().unwrap());
        assert_eq!(gate.calls(), 129);
    }
    // The faults do keep a thread awake.
    with_faults(&AWAKE, || {
        std::panic::catch_unwind(|| thread::sleep(Duration::from_millis(1))).unwrap_err();
    })
    .unwrap();
}

/// Whatever is missing, the event loop goes on: only it can close what would make room.
#[test]
fn nonblocking_listener_never_pauses() {
    in_own_process(|| {
        require!(gates(), "a gate");
        for errno in EXHAUSTED.into_iter().chain(PEERS) {
            let (class, calls) = match PEERS.contains(&errno) {
                true => (AcceptFailure::Peer, 129),
                false => (AcceptFailure::Exhausted, 1),
            };
            for accepting in OURS {
                let listener = listener();
                listener.set_nonblocking(true).unwrap();
                let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let before = open_descriptors();
                let gate = Gate::failing(errno, usize::MAX);
                let awake = || with_faults(&AWAKE, || accepting(&listener)).unwrap();
                let error = gate.run(libc::SYS_accept4, awake).unwrap().unwrap_err();
                assert_eq!(error.raw_os_error(), Some(errno));
                assert_eq!(AcceptFailure::of(&error), class);
                assert_eq!(gate.calls(), calls, "{error}");
                assert_eq!(open_descriptors(), before);
                // The connection is not lost.
                assert_eq!(accepting(&listener).unwrap(), client.local_addr().unwrap());
            }
        }
    });
}

/// A timeout bounds all pauses of a call together.
#[test]
fn pauses_end_with_the_read_timeout() {
    require!(gates(), "a gate");
    for (errno, class) in
        [(libc::EMFILE, AcceptFailure::Exhausted), (libc::EPROTO, AcceptFailure::Peer)]
    {
        for timeout in [1, 40, 300].map(Duration::from_millis) {
            let listener = listener();
            listener.set_option(ReadTimeout(Some(timeout))).unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let gate = Gate::failing(errno, usize::MAX);
            let begin = Instant::now();
            let error = gate.run(libc::SYS_accept4, || by_next(&listener)).unwrap().unwrap_err();
            assert!(begin.elapsed() >= timeout, "it ended after {:?}", begin.elapsed());
            assert_eq!(error.raw_os_error(), Some(errno));
            assert_eq!(AcceptFailure::of(&error), class);
            assert_eq!(by_next(&listener).unwrap(), client.local_addr().unwrap());
        }
    }
}

/// Who waits for a descriptor says so once.
#[test]
fn wait_for_descriptor_logs_once() {
    in_own_process(|| {
        require!(gates(), "a gate");
        let listener = listener();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let gate = Gate::failing(libc::EMFILE, 3);
        let lines = logged(|| {
            let accepted = gate.run(libc::SYS_accept4, || by_next(&listener)).unwrap();
            assert_eq!(accepted.unwrap(), client.local_addr().unwrap());
        });
        assert_eq!(gate.calls(), 4);
        let error = io::Error::from_raw_os_error(libc::EMFILE);
        assert_eq!(lines, [format!("DEBUG accept: {error}; waiting until there is room")]);
    });
}

/// `accept` itself hands every error on, but for that of a signal; nothing is lost with it.
#[test]
fn accept_returns_its_failure() {
    in_own_process(|| {
        require!(faults(), "faults");
        let listener = listener();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let before = open_descriptors();
        let classes = [
            (&EXHAUSTED[..], AcceptFailure::Exhausted),
            (&PEERS, AcceptFailure::Peer),
            (&[libc::EINVAL, libc::EBADF, libc::EAGAIN], AcceptFailure::Fatal),
        ];
        for (errors, class) in classes {
            for errno in errors {
                if cfg!(target_env = "musl") && *errno == libc::EINVAL {
                    // musl then calls accept(2).
                    continue;
                }
                for nonblocking in [false, true] {
                    let fault = Fault { call: libc::SYS_accept4, arguments: &[], errno: *errno };
                    let accept = || match nonblocking {
                        false => listener.accept(),
                        true => listener.accept_nonblocking(),
                    };
                    let error = with_faults(&[fault], accept).unwrap().unwrap_err();
                    assert_eq!(error.raw_os_error(), Some(*errno));
                    assert_eq!(AcceptFailure::of(&error), class, "{error}");
                    assert_eq!(open_descriptors(), before);
                }
            }
        }
        // What is the listener's ends the loop.
        let fault = Fault { call: libc::SYS_accept4, arguments: &[], errno: libc::EBADF };
        for accepting in OURS {
            let ended = with_faults(&[fault], || accepting(&listener)).unwrap();
            assert_eq!(ended.unwrap_err().raw_os_error(), Some(libc::EBADF));
        }
        assert_eq!(listener.accept().unwrap().1, client.local_addr().unwrap());
    });
}

/// The limit of the process itself, and every call counted.
#[test]
fn process_without_descriptors_waits() {
    in_own_process(|| {
        require!(gates(), "a gate");
        for accepting in [by_next as Loop, by_hand] {
            let listener = listener();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let gate = Gate::default();
            let (start, begin) = channel();
            thread::scope(|scope| {
                let (gate, listener) = (&gate, &listener);
                let work = move || {
                    begin.recv().unwrap();
                    accepting(listener)
                };
                let server = scope.spawn(move || gate.run(libc::SYS_accept4, work));
                // The notifier of the gate is a descriptor, too.
                wait_until("the gate stands", a_gate_stands);
                // The lowest free number is the next descriptor: none is left below it.
                let next = client.try_clone().unwrap().as_raw_fd();
                let before = limit_descriptors(next.try_into().unwrap());
                start.send(()).unwrap();
                let rate = calls_a_second(gate);
                let lives = !server.is_finished();
                // First, or a thread that fails the test waits for one that cannot go on.
                limit_descriptors(before);
                assert!(lives, "it accepted without a descriptor, or gave up");
                assert!(rate < MOST_A_SECOND, "{rate:.0} calls a second");
                let peer = server.join().unwrap().unwrap().unwrap();
                assert_eq!(peer, client.local_addr().unwrap());
            });
        }
    });
}

/// The limit of the process itself, on a nonblocking listener.
#[test]
fn nonblocking_listener_reports_the_limit() {
    in_own_process(|| {
        for accepting in OURS {
            let listener = listener();
            listener.set_nonblocking(true).unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            // The lowest free number is the next descriptor: none is left below it.
            let next = client.try_clone().unwrap().as_raw_fd();
            let before = limit_descriptors(next.try_into().unwrap());
            let accepted = with_faults(&AWAKE, || accepting(&listener));
            limit_descriptors(before);
            let error = require!(accepted, "faults").unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
            assert_eq!(AcceptFailure::of(&error), AcceptFailure::Exhausted);
            assert_eq!(accepting(&listener).unwrap(), client.local_addr().unwrap());
        }
    });
}

/// Whether a notifier of seccomp is among the descriptors of this process.
fn a_gate_stands() -> bool {
    let links = std::fs::read_dir("/proc/self/fd").unwrap();
    links
        .filter_map(|link| std::fs::read_link(link.unwrap().path()).ok())
        .any(|target| target.to_string_lossy().contains("seccomp"))
}

/// The example, as it is: another program, whose calls come by the gate.
#[test]
fn example_server_survives() {
    require!(gates(), "a gate");
    let text = b"once it recovers";
    for errno in [libc::EMFILE, libc::ENOBUFS] {
        let mut command = require!(example("echo_server"), "the example");
        let gate = Gate::failing(errno, usize::MAX);
        let served = gate.run(libc::SYS_accept4, || {
            let server = Server::start(command.args(["--listen", "[::1]:0"]));
            let mut client = Builder::stream().connect(server.address).unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client.write_all(text).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let rate = calls_a_second(&gate);
            gate.open();
            assert!(rate < MOST_A_SECOND, "{rate:.0} calls a second");
            let mut echoed = Vec::new();
            client.read_to_end(&mut echoed).unwrap();
            echoed
        });
        assert_eq!(served.unwrap(), text);
    }
}

/// Connections that ended before they were accepted, a thousand in a row, and then one that lives.
#[test]
fn thousand_resets_keep_loop_running() {
    let listener = Builder::stream().bind("[::1]:0").unwrap().listen(2048).unwrap();
    let to = listener.local_addr().unwrap();
    let reset = Builder::stream().with(Linger(Some(Duration::ZERO)));
    let gone = (0..1000).map(|_| reset.connect(to).unwrap().local_addr().unwrap());
    let gone: Vec<_> = gone.collect();
    let client = TcpStream::connect(to).unwrap();
    client.send(b"alive").unwrap();
    for lost in gone {
        let (stream, peer) = listener.next_connection().unwrap();
        assert_eq!(peer, lost);
        assert_eq!(stream.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
        let failed = stream.recv(&mut [0; 8]).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::ConnectionReset);
    }
    let (stream, peer) = listener.next_connection().unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
    assert_eq!(stream.recv(&mut [0; 8]).unwrap(), 5);
}
