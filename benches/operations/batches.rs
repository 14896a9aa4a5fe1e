//! Many datagrams: batches, and packets that the kernel cuts and puts together.
//!
//! One operation sends a burst, and then receives all of it. The time is that of one datagram.

use std::hint::black_box;
use std::io::IoSliceMut;
use std::net::SocketAddrV6;

use inet6::udp::{CoalescedBatch, Outgoing, RecvBatch, SendBatch};
use inet6::{Builder, V6Only};
use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};

use super::prebuilt::{Receiver, Sender};
use super::{ANY_PORT, Case, Run, raw, repeat, v6};

/// Datagrams in a batch.
pub(crate) const BATCH: usize = 64;

/// Datagrams of such a size in one packet that is cut: 128, or what 64 KiB holds.
pub(crate) const fn segments(size: usize) -> usize {
    let most = 65_507 / size;
    if most < 128 { most } else { 128 }
}

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    Case { operation: "batch-64", way: "libc", prepare: || batch_libc(BATCH, 64) },
    Case { operation: "batch-64", way: "inet6", prepare: || batch_inet6(BATCH, 64) },
    Case { operation: "batch-64", way: "std", prepare: || one_by_one_std(BATCH, 64) },
    Case { operation: "batch-64", way: "quinn-udp", prepare: || batch_quinn(BATCH, 64) },
    Case { operation: "batch-1200", way: "libc", prepare: || batch_libc(BATCH, 1200) },
    Case { operation: "batch-1200", way: "inet6", prepare: || batch_inet6(BATCH, 1200) },
    Case { operation: "batch-1200", way: "std", prepare: || one_by_one_std(BATCH, 1200) },
    Case { operation: "batch-1200", way: "quinn-udp", prepare: || batch_quinn(BATCH, 1200) },
    Case { operation: "segments-64", way: "libc", prepare: || segments_libc(segments(64), 64) },
    Case { operation: "segments-64", way: "inet6", prepare: || segments_inet6(segments(64), 64) },
    Case { operation: "segments-64", way: "inet6-connected", prepare: || segments_connected(segments(64), 64) },
    Case { operation: "segments-64", way: "std", prepare: || one_by_one_std(segments(64), 64) },
    Case { operation: "segments-64", way: "quinn-udp", prepare: || segments_quinn(segments(64), 64) },
    Case { operation: "segments-512", way: "libc", prepare: || segments_libc(segments(512), 512) },
    Case { operation: "segments-512", way: "inet6", prepare: || segments_inet6(segments(512), 512) },
    Case { operation: "segments-512", way: "inet6-connected", prepare: || segments_connected(segments(512), 512) },
    Case { operation: "segments-512", way: "std", prepare: || one_by_one_std(segments(512), 512) },
    Case { operation: "segments-512", way: "quinn-udp", prepare: || segments_quinn(segments(512), 512) },
    Case { operation: "segments-1200", way: "libc", prepare: || segments_libc(segments(1200), 1200) },
    Case { operation: "segments-1200", way: "inet6", prepare: || segments_inet6(segments(1200), 1200) },
    Case { operation: "segments-1200", way: "inet6-connected", prepare: || segments_connected(segments(1200), 1200) },
    Case { operation: "segments-1200", way: "std", prepare: || one_by_one_std(segments(1200), 1200) },
    Case { operation: "segments-1200", way: "quinn-udp", prepare: || segments_quinn(segments(1200), 1200) },
];

/// What is sent, as often as it takes: nothing frees it, so that messages may be kept.
fn data(len: usize) -> &'static [u8] {
    vec![7; len].leak()
}

// What others are compared with: each datagram by itself.

pub(super) fn one_by_one_std(count: usize, size: usize) -> Run {
    let client = std::net::UdpSocket::bind(ANY_PORT).unwrap();
    let server = std::net::UdpSocket::bind(ANY_PORT).unwrap();
    let (to, data, mut buffer) = (server.local_addr().unwrap(), data(size), vec![0; size + 1]);
    repeat(move || {
        for _ in 0..count {
            client.send_to(data, to).unwrap();
        }
        for _ in 0..count {
            let (len, peer) = server.recv_from(&mut buffer).unwrap();
            assert_eq!(len, size);
            black_box(peer);
        }
    })
}

// A call that sends many, and one that receives many.

fn raw_pair() -> (raw::Socket, raw::Socket) {
    let socket = || {
        let socket = raw::Socket::new(libc::SOCK_DGRAM);
        socket.bind(&raw::loopback(0));
        socket
    };
    (socket(), socket())
}

fn batch_libc(count: usize, size: usize) -> Run {
    let (client, server) = raw_pair();
    let mut sender = Sender::new(count, size, server.local(), None);
    let mut receiver = Receiver::new(count, size);
    repeat(move || {
        sender.send_all(&client);
        let mut left = count;
        while left > 0 {
            left -= receiver.recv(&server).0;
        }
    })
}

fn pair() -> (inet6::UdpSocket<V6Only>, inet6::UdpSocket<V6Only>, SocketAddrV6) {
    let open = || Builder::datagram().v6_only().bind(ANY_PORT).unwrap();
    let (client, server) = (open(), open());
    let to = server.local_addr().unwrap();
    (client, server, to)
}

/// The messages of a burst are made anew for each, as they are where the bytes change.
pub(super) fn batch_inet6(count: usize, size: usize) -> Run {
    let (client, server, to) = pair();
    let (mut sending, mut room) =
        (SendBatch::new(count).unwrap(), RecvBatch::new(count, size).unwrap());
    let (data, mut messages) = (data(count * size), Vec::with_capacity(count));
    repeat(move || {
        messages.clear();
        messages.extend(data.chunks_exact(size).map(|data| Outgoing::to(to, data)));
        assert_eq!(client.send_batch(&mut sending, &messages).unwrap(), count);
        let mut left = count;
        while left > 0 {
            server.recv_batch(&mut room).unwrap();
            for datagram in room.iter() {
                black_box((datagram.payload(), datagram.source().unwrap()));
                left -= 1;
            }
        }
    })
}

struct Quinn(UdpSocketState, std::net::UdpSocket);

impl Quinn {
    fn new() -> Self {
        let socket = std::net::UdpSocket::bind(ANY_PORT).unwrap();
        Self(UdpSocketState::new(UdpSockRef::from(&socket)).unwrap(), socket)
    }

    fn send(&self, to: SocketAddrV6, contents: &[u8], segment_size: Option<usize>) {
        let (destination, ecn, src_ip) = (to.into(), None, None);
        let transmit = Transmit { destination, ecn, contents, segment_size, src_ip };
        self.0.try_send(UdpSockRef::from(&self.1), &transmit).unwrap();
    }

    /// Receives so many datagrams into buffers of such a size.
    fn recv(&self, mut left: usize, buffers: &mut [u8], size: usize) {
        let mut meta = [RecvMeta::default(); quinn_udp::BATCH_SIZE];
        while left > 0 {
            let mut rooms: Vec<_> = buffers.chunks_mut(size).map(IoSliceMut::new).collect();
            let count = self.0.recv(UdpSockRef::from(&self.1), &mut rooms, &mut meta).unwrap();
            for (meta, room) in meta[..count].iter().zip(&rooms) {
                for segment in room[..meta.len].chunks(meta.stride) {
                    black_box(segment);
                    left -= 1;
                }
                black_box(meta.addr);
            }
        }
    }
}

fn batch_quinn(count: usize, size: usize) -> Run {
    let (client, server) = (Quinn::new(), Quinn::new());
    let to = v6(server.1.local_addr().unwrap());
    // What it put together may be longer than one datagram, though nobody sends so here.
    let (data, mut buffers) = (data(size), vec![0; quinn_udp::BATCH_SIZE * size]);
    repeat(move || {
        for _ in 0..count {
            client.send(to, data, None);
        }
        server.recv(count, &mut buffers, size);
    })
}

// Packets that the kernel cuts, and puts together.

/// Packets that there is room for.
const ROOM: usize = 8;

fn segments_libc(count: usize, size: usize) -> Run {
    let (client, server) = raw_pair();
    server.set(libc::SOL_UDP, libc::UDP_GRO, 1);
    let sender = Sender::new(1, count * size, server.local(), Some(size as u16));
    let mut receiver = Receiver::new(ROOM, 65_535);
    repeat(move || {
        assert_eq!(sender.send_first(&client), count * size);
        let mut left = count * size;
        while left > 0 {
            left -= receiver.recv(&server).1;
        }
    })
}

pub(super) fn segments_inet6(count: usize, size: usize) -> Run {
    let (client, server, to) = pair();
    let server = server.coalesce().unwrap();
    let mut sending = SendBatch::new(ROOM).unwrap();
    let (data, mut room) = (data(count * size), CoalescedBatch::new(ROOM).unwrap());
    repeat(move || {
        let message = Outgoing::to(to, data).segment_size(size as u16);
        assert_eq!(client.send_segments(&mut sending, &message).unwrap(), count * size);
        take(&server, &mut room, count);
    })
}

/// Receives so many datagrams, and looks at each.
fn take(
    server: &inet6::udp::CoalescingUdpSocket<V6Only>,
    room: &mut CoalescedBatch<V6Only>,
    mut left: usize,
) {
    while left > 0 {
        server.recv_batch(room).unwrap();
        for datagram in room.iter() {
            for segment in datagram.segments() {
                black_box(segment);
                left -= 1;
            }
            black_box(datagram.source().unwrap());
        }
    }
}

fn segments_connected(count: usize, size: usize) -> Run {
    let (client, server, to) = pair();
    let client = client.connect(to).unwrap();
    let server = server.coalesce().unwrap();
    let mut sending = SendBatch::new(ROOM).unwrap();
    let (data, mut room) = (data(count * size), CoalescedBatch::new(ROOM).unwrap());
    repeat(move || {
        let message = Outgoing::new(data).segment_size(size as u16);
        assert_eq!(client.send_segments(&mut sending, &message).unwrap(), count * size);
        take(&server, &mut room, count);
    })
}

fn segments_quinn(count: usize, size: usize) -> Run {
    let (client, server) = (Quinn::new(), Quinn::new());
    let to = v6(server.1.local_addr().unwrap());
    let most = client.0.max_gso_segments() * size;
    let (data, mut buffers) = (data(count * size), vec![0; ROOM * 65_535]);
    repeat(move || {
        for packet in data.chunks(most) {
            client.send(to, packet, Some(size));
        }
        server.recv(count, &mut buffers, 65_535);
    })
}
