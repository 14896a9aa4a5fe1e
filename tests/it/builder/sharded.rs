//! Several sockets on one port: who gets what, and that all are there or none.

use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Instant;

use inet6::kind::{Datagram, Stream};
use inet6::mode::Mode;
use inet6::option::{ReuseAddress, ReusePort};
use inet6::{Builder, Error, TcpListener, TcpStream, UdpSocket, error::Op};

use crate::support::*;

/// The systems that share out.
const SHARE_OUT: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "dragonfly",
));
const STEER: bool = cfg!(any(target_os = "linux", target_os = "android"));

fn number(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// Returns what was opened, or `None` after the refusal of a system that lacks this option.
#[track_caller]
fn supported<T>(has: bool, name: &'static str, result: Result<Vec<T>, Error>) -> Option<Vec<T>> {
    if has {
        return Some(result.unwrap());
    }
    let error = result.err().expect("nobody shares out here");
    assert_eq!((error.op(), error.kind()), (Op::Set(name), ErrorKind::Unsupported), "{error}");
    assert!(error.to_string().contains(name), "{error}");
    None
}

fn sockets<M: Mode>(builder: &Builder<Datagram, M>, count: usize) -> Option<Vec<UdpSocket<M>>> {
    let sockets =
        supported(SHARE_OUT, "SO_REUSEPORT", builder.bind_sharded("[::1]:0", number(count)))?;
    assert_eq!(sockets.len(), count);
    Some(sockets)
}

fn listeners<M: Mode>(builder: &Builder<Stream, M>, count: usize) -> Option<Vec<TcpListener<M>>> {
    let opened = builder.listen_sharded("[::1]:0", 128, number(count));
    let listeners = supported(SHARE_OUT, "SO_REUSEPORT", opened)?;
    assert_eq!(listeners.len(), count);
    Some(listeners)
}

#[test]
fn shards_share_one_port() {
    in_every_mode!(mode => one_port(mode));
}

fn one_port<M: Mode>(mode: M) {
    for count in [1, 2, 5] {
        let Some(sockets) = sockets(&Builder::datagram().mode(mode), count) else { return };
        let address = sockets[0].local_addr().unwrap();
        for socket in &sockets {
            assert_eq!(socket.local_addr().unwrap(), address);
            assert_eq!(socket.option::<ReusePort>().unwrap(), ReusePort(true));
        }
        // A port that is asked for by number, beside those that have it.
        let builder = Builder::datagram().mode(mode);
        let more = builder.bind_sharded(address, number(2)).unwrap();
        assert!(more.iter().all(|socket| socket.local_addr().unwrap() == address));
        // Whoever does not share it cannot have it.
        assert_eq!(builder.bind(address).unwrap_err().kind(), ErrorKind::AddrInUse);

        let listeners = listeners(&Builder::stream().mode(mode), count).unwrap();
        let address = listeners[0].local_addr().unwrap();
        for listener in &listeners {
            assert_eq!(listener.local_addr().unwrap(), address);
            assert_eq!(listener.option::<ReusePort>().unwrap(), ReusePort(true));
        }
        let more = Builder::stream().mode(mode).listen_sharded(address, 4, number(2)).unwrap();
        assert!(more.iter().all(|listener| listener.local_addr().unwrap() == address));
    }
}

#[test]
fn shards_share_builder_options() {
    // Sharing is what was asked for last.
    let builder = Builder::stream().with(ReuseAddress(true)).with(ReusePort(false)).nonblocking();
    let Some(listeners) = listeners(&builder, 3) else { return };
    for listener in listeners {
        assert_eq!(listener.option::<ReuseAddress>().unwrap(), ReuseAddress(true));
        assert_eq!(listener.option::<ReusePort>().unwrap(), ReusePort(true));
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}

#[test]
fn exclusive_address_is_in_use() {
    require!(SHARE_OUT, "this system does not share out");
    let (alone, listening) = (socket(), listener());
    let error = Builder::datagram().bind_sharded(alone.local_addr().unwrap(), number(2));
    let error = error.unwrap_err();
    assert_eq!((error.op(), error.kind()), (Op::Bind, ErrorKind::AddrInUse), "{error}");
    let error = Builder::stream().listen_sharded(listening.local_addr().unwrap(), 4, number(2));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::AddrInUse);
    let error = Builder::datagram().v6_only().bind_sharded("192.0.2.1:0", number(2)).unwrap_err();
    assert_eq!(error.op(), Op::Address);
}

#[test]
fn missing_steering_is_refused() {
    let name = if SHARE_OUT { "SO_ATTACH_REUSEPORT_CBPF" } else { "SO_REUSEPORT" };
    // One socket has nothing to choose from.
    for count in [number(2), number(1)] {
        let (datagram, stream) = (Builder::datagram(), Builder::stream());
        supported(STEER, name, datagram.steer_by_cpu().bind_sharded("[::1]:0", count));
        supported(STEER, name, stream.steer_by_cpu().listen_sharded("[::1]:0", 4, count));
    }
}

/// Tries all in turn until they have given `count` of what `next` takes from one of them; gives how
/// many came from each.
#[track_caller]
fn drain<S>(
    sockets: &[S],
    count: usize,
    mut next: impl FnMut(&S) -> std::io::Result<()>,
) -> Vec<usize> {
    let begin = Instant::now();
    let mut taken = vec![0; sockets.len()];
    while taken.iter().sum::<usize>() < count {
        for (socket, taken) in sockets.iter().zip(&mut taken) {
            match next(socket) {
                Ok(()) => *taken += 1,
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
        assert!(begin.elapsed() < PATIENCE, "only {taken:?} of {count} came");
    }
    taken
}

#[test]
fn clients_reach_several_sockets() {
    let Some(sockets) = sockets(&Builder::datagram().nonblocking(), 4) else { return };
    let server = sockets[0].local_addr().unwrap();
    // That a hash sends all of them to one socket happens once in 4 to the 99th.
    let clients: Vec<_> = (0..100_u8).map(|_| socket().connect(server).unwrap()).collect();
    for (client, number) in clients.iter().zip(0_u8..) {
        client.send(&[number]).unwrap();
    }
    let mut buffer = [0; 8];
    let taken = drain(&sockets, 100, |socket| {
        let (len, peer) = socket.recv_from(&mut buffer)?;
        socket.send_to(&buffer[..len], peer).map(drop)
    });
    assert!(taken.iter().filter(|count| **count > 0).count() > 1, "{taken:?}");
    for (client, number) in clients.iter().zip(0_u8..) {
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!((client.recv(&mut buffer).unwrap(), buffer[0]), (1, number));
    }
}

#[test]
fn connections_reach_several_listeners() {
    let Some(listeners) = listeners(&Builder::stream().nonblocking(), 4) else { return };
    let server = listeners[0].local_addr().unwrap();
    let clients: Vec<_> = (0..60).map(|_| TcpStream::connect(server).unwrap()).collect();
    let mut accepted = Vec::new();
    let taken = drain(&listeners, 60, |listener| listener.accept().map(|it| accepted.push(it.1)));
    assert!(taken.iter().filter(|count| **count > 0).count() > 1, "{taken:?}");
    for client in clients {
        assert!(accepted.contains(&client.local_addr().unwrap()));
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::AsRawFd;

    use inet6::option::IncomingCpu;

    use super::*;

    /// The processors that this process may use.
    #[allow(unsafe_code, reason = "std does not tell")]
    fn processors() -> Vec<usize> {
        let mut set = std::mem::MaybeUninit::<libc::cpu_set_t>::zeroed();
        // SAFETY: there is room for a set of this size.
        let result =
            unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), set.as_mut_ptr()) };
        assert_eq!(result, 0);
        // SAFETY: the call wrote it, on zeros.
        let set = unsafe { set.assume_init() };
        let all = 0..libc::CPU_SETSIZE as usize;
        // SAFETY: the numbers are within the set.
        all.filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) }).collect()
    }

    /// Runs `work` in a thread that stays on one processor.
    #[allow(unsafe_code, reason = "std cannot")]
    fn on_processor<T: Send>(cpu: usize, work: impl FnOnce() -> T + Send) -> T {
        let pinned = move || {
            // SAFETY: all-zero bytes are an empty set.
            let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
            // SAFETY: the number is within the set.
            unsafe { libc::CPU_SET(cpu, &mut set) };
            // SAFETY: the set has this size, and the call concerns this thread.
            let result = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) };
            assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
            work()
        };
        thread::scope(|scope| scope.spawn(pinned).join().unwrap())
    }

    /// Datagrams of a client on each processor come to the socket at the place `at(cpu)`, all of
    /// them.
    #[track_caller]
    fn steered(sockets: &[UdpSocket], processors: &[usize], at: impl Fn(usize) -> usize) {
        let server = sockets[0].local_addr().unwrap();
        for cpu in processors {
            on_processor(*cpu, || {
                // A hash would spread these.
                for _ in 0..50 {
                    socket().send_to(b"ping", server).unwrap();
                }
            });
            let taken = drain(sockets, 50, |socket| socket.recv_from(&mut [0; 8]).map(drop));
            let mut expected = vec![0; sockets.len()];
            expected[at(*cpu)] = 50;
            assert_eq!(taken, expected, "from processor {cpu}");
        }
    }

    /// Alone, because a program that another test starts has copies of all sockets until it runs,
    /// and a copy of one that was closed here would still have its share.
    #[test]
    fn datagrams_follow_their_processor() {
        in_own_process(|| {
            let processors = processors();
            require!(processors.len() > 1, "one processor is no choice");
            for count in [2, 3] {
                let builder = Builder::datagram().nonblocking().steer_by_cpu();
                let sockets = builder.bind_sharded("[::1]:0", number(count)).unwrap();
                steered(&sockets, &processors, |cpu| cpu % count);
                // And on a port that is asked for by number.
                let address = sockets[0].local_addr().unwrap();
                drop(sockets);
                let sockets = builder.bind_sharded(address, number(count));
                steered(&sockets.unwrap(), &processors, |cpu| cpu % count);
            }
        });
    }

    #[test]
    fn connections_follow_their_processor() {
        let processors = processors();
        require!(processors.len() > 1, "one processor is no choice");
        let builder = Builder::stream().nonblocking().steer_by_cpu();
        let listeners = builder.listen_sharded("[::1]:0", 128, number(2)).unwrap();
        let server = listeners[0].local_addr().unwrap();
        for cpu in &processors {
            let clients = on_processor(*cpu, || {
                (0..20).map(|_| TcpStream::connect(server).unwrap()).collect::<Vec<_>>()
            });
            let taken = drain(&listeners, 20, |listener| listener.accept().map(drop));
            let expected = if cpu % 2 == 0 { [20, 0] } else { [0, 20] };
            assert_eq!(taken, expected, "from processor {cpu}");
            drop(clients);
        }
    }

    #[test]
    fn shard_names_its_processor() {
        let processors = processors();
        require!(processors.len() > 1, "one processor is no choice");
        require!(release() >= (6, 2), "Linux before 6.2 does not look at IncomingCpu here");
        let sockets = Builder::datagram().nonblocking();
        let sockets = sockets.bind_sharded("[::1]:0", number(processors.len())).unwrap();
        // The other way round.
        for (socket, cpu) in sockets.iter().zip(processors.iter().rev()) {
            socket.set_option(IncomingCpu(Some(*cpu as u32))).unwrap();
        }
        steered(&sockets, &processors, |cpu| {
            processors.iter().rev().position(|it| *it == cpu).unwrap()
        });
    }

    fn release() -> (u32, u32) {
        let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        let mut parts = text.split(['.', '-']).map(|part| part.trim().parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }

    /// The descriptor that the next socket gets, in a closure of [`in_own_process`].
    fn next_descriptor() -> libc::c_int {
        socket().as_raw_fd()
    }

    #[test]
    fn failed_shard_closes_all() {
        in_own_process(|| {
            let before = open_descriptors();
            let first = next_descriptor();
            // The third of five.
            let third = [(0, first + 2)];
            let steering = [(1, libc::SOL_SOCKET), (2, libc::SO_ATTACH_REUSEPORT_CBPF)];
            let faults = [
                (libc::SYS_bind, &third[..], Op::Bind),
                (libc::SYS_listen, &third, Op::Listen),
                (libc::SYS_getsockname, &[(0, first)], Op::Bind),
                (libc::SYS_setsockopt, &steering, Op::Set("SO_ATTACH_REUSEPORT_CBPF")),
            ];
            let (stream, datagram) = (Builder::stream(), Builder::datagram());
            let (stream, datagram) = (stream.steer_by_cpu(), datagram.steer_by_cpu());
            for (call, arguments, op) in faults {
                let fault = Fault { call, arguments, errno: libc::ENOMEM };
                let open = || {
                    let listeners = stream.listen_sharded("[::1]:0", 4, number(5));
                    (listeners, datagram.bind_sharded("[::1]:0", number(5)))
                };
                let (listeners, sockets) = require!(with_faults(&[fault], open), "faults");
                let error = listeners.unwrap_err();
                assert_eq!((error.op(), error.raw_os_error()), (op, Some(libc::ENOMEM)), "{error}");
                if call == libc::SYS_listen {
                    drop(sockets.unwrap());
                } else {
                    let error = sockets.unwrap_err();
                    assert_eq!((error.op(), error.raw_os_error()), (op, Some(libc::ENOMEM)));
                }
                assert_eq!(open_descriptors(), before, "{op:?}");
            }
            // Too many open descriptors, in the middle.
            let limit = limit_descriptors(first as libc::rlim_t + 3);
            let error = Builder::datagram().bind_sharded("[::1]:0", number(10)).unwrap_err();
            assert_eq!((error.op(), error.raw_os_error()), (Op::Open, Some(libc::EMFILE)));
            limit_descriptors(limit);
            assert_eq!(open_descriptors(), before);
        });
    }

    #[test]
    fn late_sharing_failure_is_reported() {
        in_own_process(|| {
            let before = open_descriptors();
            let arguments = [(1, libc::SOL_SOCKET), (2, libc::SO_REUSEPORT), (4, 4)];
            let fault = Fault {
                call: libc::SYS_setsockopt,
                arguments: &arguments,
                errno: libc::ENOPROTOOPT,
            };
            let open = || Builder::datagram().bind_sharded("[::1]:0", number(2));
            let error = require!(with_faults(&[fault], open), "faults").unwrap_err();
            assert_eq!(
                (error.op(), error.kind()),
                (Op::Set("SO_REUSEPORT"), ErrorKind::Unsupported)
            );
            assert_eq!(open_descriptors(), before);
        });
    }
}
