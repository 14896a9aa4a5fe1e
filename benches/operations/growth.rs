//! What an operation costs where something grows: sockets, batches, payloads, segments.

use std::hint::black_box;
use std::net::SocketAddrV6;
use std::os::unix::net::UnixDatagram;

use inet6::{Builder, V6Only};

use super::batches::{batch_inet6, one_by_one_std, segments_inet6};
use super::{ANY_PORT, DATA, Run, raw, repeat};

/// A way of an operation at a point of the curve, and how many datagrams it moves at once.
pub(crate) type Prepare = fn(usize) -> (Run, usize);

/// What an operation costs, in units of another one that does not grow.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What grows.
    pub(crate) axis: &'static str,
    pub(crate) points: &'static [usize],
    /// What 1 is.
    pub(crate) unit: &'static str,
    pub(crate) base: fn() -> Run,
    pub(crate) ways: &'static [(&'static str, Prepare)],
}

pub(crate) const CURVES: &[Curve] = &[
    Curve {
        name: "sockets",
        title: "A 64-byte datagram, each time to another socket",
        axis: "sockets open",
        points: &[1, 10, 100, 1000, 10_000],
        unit: "a datagram between two UNIX sockets",
        base: unix_pair,
        ways: &[("libc", sockets_libc), ("inet6", sockets_inet6)],
    },
    Curve {
        name: "batch",
        title: "A 64-byte datagram of a batch",
        axis: "datagrams in the batch",
        points: &[1, 2, 4, 8, 16, 32, 64, 128],
        unit: "send_to + recv_from of std",
        base: || one_by_one_std(1, 64),
        ways: &[("inet6", |count| (batch_inet6(count, 64), count))],
    },
    Curve {
        name: "payload",
        title: "One datagram, send_to + recv_from",
        axis: "bytes",
        points: &[1, 64, 256, 1024, 4096, 16_384, 65_507],
        unit: "64 bytes with std",
        base: || one_by_one_std(1, 64),
        ways: &[("std", |size| (one_by_one_std(1, size), 1)), ("inet6", payload_inet6)],
    },
    Curve {
        name: "segments",
        title: "A 1200-byte datagram of a packet that is cut",
        axis: "datagrams in the packet",
        points: &[1, 2, 4, 8, 16, 32, 54],
        unit: "send_to + recv_from of std",
        base: || one_by_one_std(1, 1200),
        ways: &[("inet6", |count| (segments_inet6(count, 1200), count))],
    },
];

/// Takes part in nothing that has to do with IPv6 sockets, and so shows when they grow slower.
fn unix_pair() -> Run {
    let (client, server) = UnixDatagram::pair().unwrap();
    let mut buffer = [0; 128];
    repeat(move || {
        client.send(&DATA).unwrap();
        black_box(server.recv(&mut buffer).unwrap());
    })
}

/// More files than one may open by default; the hard limit must allow them.
fn allow_files(count: usize) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` has room for what is written.
    raw::check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) });
    let wanted = count as libc::rlim_t + 100;
    if limit.rlim_cur < wanted {
        limit.rlim_cur = wanted;
        // SAFETY: `limit` is read only.
        raw::check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) });
    }
}

fn sockets_libc(count: usize) -> (Run, usize) {
    allow_files(count);
    let socket = || {
        let socket = raw::Socket::new(libc::SOCK_DGRAM);
        socket.bind(&raw::loopback(0));
        socket
    };
    let client = socket();
    let servers: Vec<_> = (0..count)
        .map(|_| {
            let server = socket();
            let to = server.local();
            (server, to)
        })
        .collect();
    let (mut next, mut buffer) = (0, [0; 128]);
    let run = repeat(move || {
        let (server, to) = &servers[next];
        next = (next + 1) % servers.len();
        client.send_to(&DATA, to);
        black_box(server.recv_from(&mut buffer));
    });
    (run, 1)
}

fn sockets_inet6(count: usize) -> (Run, usize) {
    allow_files(count);
    let open = || Builder::datagram().v6_only().bind(ANY_PORT).unwrap();
    let client = open();
    let servers: Vec<(inet6::UdpSocket<V6Only>, SocketAddrV6)> = (0..count)
        .map(|_| {
            let server = open();
            let to = server.local_addr().unwrap();
            (server, to)
        })
        .collect();
    let (mut next, mut buffer) = (0, [0; 128]);
    let run = repeat(move || {
        let (server, to) = &servers[next];
        next = (next + 1) % servers.len();
        client.send_to(&DATA, *to).unwrap();
        black_box(server.recv_from(&mut buffer).unwrap());
    });
    (run, 1)
}

fn payload_inet6(size: usize) -> (Run, usize) {
    let open = || Builder::datagram().v6_only().bind(ANY_PORT).unwrap();
    let (client, server) = (open(), open());
    let (to, data, mut buffer) = (server.local_addr().unwrap(), vec![7; size], vec![0; size + 1]);
    let run = repeat(move || {
        client.send_to(&data, to).unwrap();
        black_box(server.recv_from(&mut buffer).unwrap());
    });
    (run, 1)
}
