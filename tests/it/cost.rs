//! No call of the data path allocates: an allocator that counts, thread by thread.

#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicI64, Ordering};

use inet6::mode::Mode;
use inet6::option::{MinHopCount, NoDelay, RecvHopLimit, RecvPacketInfo, UnicastHops};
use inet6::{
    Builder, DualStack, TcpStream, UdpSocket,
    udp::{CoalescedBatch, Outgoing, RecvBatch, SendBatch},
};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Constant and without a destructor, so that touching it allocates nothing itself.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

/// What the process has allocated and not freed: how often, and how many bytes.
static LIVE: [AtomicI64; 2] = [AtomicI64::new(0), AtomicI64::new(0)];

/// How many allocations of the process live, and their bytes; for a closure of
/// [`in_own_process`].
pub(crate) fn live() -> [i64; 2] {
    LIVE.each_ref().map(|count| count.load(Ordering::Relaxed))
}

fn lives(allocations: i64, bytes: i64) {
    LIVE[0].fetch_add(allocations, Ordering::Relaxed);
    LIVE[1].fetch_add(bytes, Ordering::Relaxed);
}

fn count(bytes: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    BYTES.set(BYTES.get() + bytes);
}

// SAFETY: everything is the system's allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        lives(1, layout.size() as i64);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        lives(1, layout.size() as i64);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        lives(0, size as i64 - layout.size() as i64);
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        lives(-1, -(layout.size() as i64));
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How many allocations this thread makes in a call.
fn allocations<T>(call: impl FnOnce() -> T) -> (T, u64) {
    let before = ALLOCATIONS.get();
    let result = call();
    (result, ALLOCATIONS.get() - before)
}

/// How many bytes this thread allocates in a call.
fn bytes<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let before = BYTES.get();
    let result = call();
    (result, BYTES.get() - before)
}

/// Does a call, which must not allocate.
#[track_caller]
fn free<T, E: std::fmt::Debug>(call: impl FnOnce() -> Result<T, E>) -> T {
    let (result, count) = allocations(call);
    assert_eq!(count, 0, "allocations");
    result.unwrap()
}

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| black_box(Box::new(1))).1, 1);
    assert_eq!(allocations(|| black_box(vec![0; 100])).1, 1);
    assert_eq!(allocations(|| black_box(1)).1, 0);
    let grown = allocations(|| {
        let mut grown = black_box(Vec::with_capacity(1));
        grown.extend([1, 2, 3]);
        grown
    });
    assert_eq!(grown.1, 2);
    assert_eq!(bytes(|| black_box(vec![0_u8; 100])).1, 100);
    assert_eq!(bytes(|| black_box(Vec::<u16>::with_capacity(100))).1, 200);
}

#[test]
fn streams_do_not_allocate() {
    in_every_mode!(mode => streams(mode));
}

fn streams<M: Mode>(mode: M) {
    let builder = Builder::stream().mode(mode);
    let listener = builder.bind((Ipv6Addr::LOCALHOST, 0)).unwrap().listen(16).unwrap();
    let to = listener.local_addr().unwrap();
    let clients = [(); 3].map(|()| builder.connect(to).unwrap());

    let (first, _) = free(|| listener.accept());
    let (second, _) = free(|| listener.accept_nonblocking());
    let third = free(|| listener.incoming().next().unwrap());
    exchange(&clients[0], &first);
    drop(third);

    let nothing = || match second.recv(&mut [0; 8]) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        other => Err(other),
    };
    free(nothing);

    free(|| first.local_addr());
    free(|| first.peer_addr());
    free(|| first.set_option(NoDelay(true)));
    free(|| first.option::<NoDelay>());
    free(|| first.take_error());
    free(|| first.wait_writable(None));
    free(|| first.wait_readable(Some(std::time::Duration::from_millis(1))));
    free(|| first.set_nonblocking(false));
    free(|| first.shutdown(std::net::Shutdown::Both));
}

fn exchange<M: Mode>(client: &TcpStream<M>, mut server: &TcpStream<M>) {
    let mut buffer = [0; 16];
    let mut halves = [0; 16];
    let (head, body) = halves.split_at_mut(4);

    assert_eq!(free(|| client.send(b"ping")), 4);
    assert_eq!(free(|| server.peek(&mut buffer)), 4);
    assert_eq!(free(|| server.recv(&mut buffer)), 4);
    free(|| client.send(b"ping"));
    assert_eq!(free(|| server.recv_uninit(&mut [MaybeUninit::uninit(); 16]).map(|it| it.len())), 4);
    free(|| client.send_vectored(&[IoSlice::new(b"head"), IoSlice::new(b"body")]));
    let slices = &mut [IoSliceMut::new(head), IoSliceMut::new(body)];
    assert_eq!(free(|| server.recv_vectored(slices)), 8);
    free(|| server.write_all(b"pong"));
    free(|| (&*client).read_exact(&mut buffer[..4]));
    free(|| client.send_out_of_band(b"!"));
    // The urgent byte and the mark travel with the data that follows.
    free(|| client.send(b"after"));
    free(|| server.recv(&mut buffer));
}

#[test]
fn datagrams_do_not_allocate() {
    in_every_mode!(mode => datagrams(mode));
}

#[test]
fn skipping_far_datagrams_allocates_nothing() {
    let server = UdpSocket::bind("[::1]:0").unwrap();
    let to = server.local_addr().unwrap();
    let server = require!(server.guard(MinHopCount(255)), "hop limits");
    let client = UdpSocket::bind("[::1]:0").unwrap();
    for hops in [1, 64, 254, 255] {
        client.set_option(UnicastHops(Some(hops))).unwrap();
        client.send_to(b"ping", to).unwrap();
    }
    assert_eq!(free(|| server.recv_from(&mut [0; 16])).0, 4);
    assert_eq!(server.rejected(), 3);
}

fn datagrams<M: Mode>(mode: M) {
    let builder = Builder::datagram().mode(mode);
    let open = || builder.bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let (client, server) = (open(), open());
    let (from, to) = (client.local_addr().unwrap(), server.local_addr().unwrap());
    let mut buffer = [0; 16];

    assert_eq!(free(|| client.send_to(b"ping", to)), 4);
    assert_eq!(free(|| server.peek_from(&mut buffer)), (4, from));
    assert_eq!(free(|| server.recv_from(&mut buffer)), (4, from));
    let port = SocketAddr::port(&to.into());
    free(|| client.send_to(b"ping", (Ipv6Addr::LOCALHOST, port)));
    free(|| server.recv_from_uninit(&mut [MaybeUninit::uninit(); 16]).map(|(data, _)| data.len()));
    let endpoint = inet6::Endpoint::from(to.into());
    free(|| client.send_to(b"ping", &endpoint));
    assert!(free(|| server.recv_message(&mut buffer[..2])).truncated);
    free(|| client.send_to_vectored(&[IoSlice::new(b"head"), IoSlice::new(b"body")], to));
    let (head, body) = buffer.split_at_mut(4);
    free(|| server.recv_from_vectored(&mut [IoSliceMut::new(head), IoSliceMut::new(body)]));
    free(|| client.send_to(b"ping", to));
    let slices = &mut [IoSliceMut::new(&mut buffer)];
    assert_eq!(free(|| server.recv_message_vectored(slices)).source, from);
    free(|| server.set_option(RecvPacketInfo(true)));
    free(|| server.set_option(RecvHopLimit(true)));
    free(|| client.send_message(&Outgoing::to(to, b"ping").hop_limit(7)));
    let received = free(|| server.recv_message(&mut buffer));
    assert!(received.destination.is_some());
    free(|| received.reply(&server, b"pong"));
    free(|| client.recv_from(&mut buffer));

    free(|| server.set_nonblocking(true));
    let nothing = || match server.recv_from(&mut [0; 8]) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        other => Err(other),
    };
    free(nothing);
    free(|| server.set_option(UnicastHops(Some(3))));
    free(|| server.option::<UnicastHops>());

    connected(client, server);
}

fn connected<M: Mode>(client: UdpSocket<M>, server: UdpSocket<M>) {
    let (from, to) = (client.local_addr().unwrap(), server.local_addr().unwrap());
    let client = free(|| client.connect(to));
    let server = free(|| server.connect(from));
    let mut buffer = [0; 16];

    assert_eq!(free(|| client.send(b"ping")), 4);
    assert_eq!(free(|| server.peek(&mut buffer)), 4);
    assert_eq!(free(|| server.recv(&mut buffer)), 4);
    free(|| client.send(b"ping"));
    free(|| server.recv_uninit(&mut [MaybeUninit::uninit(); 16]).map(|it| it.len()));
    free(|| client.send_vectored(&[IoSlice::new(b"head"), IoSlice::new(b"body")]));
    let (head, body) = buffer.split_at_mut(4);
    free(|| server.recv_vectored(&mut [IoSliceMut::new(head), IoSliceMut::new(body)]));
    free(|| client.send(b"ping"));
    assert!(free(|| server.recv_message(&mut buffer[..2])).truncated);
    free(|| client.send_message(&Outgoing::new(b"ping").hop_limit(7)));
    free(|| server.recv_message(&mut buffer));
}

/// An IPv4 address passes through the conversion in both directions.
#[test]
fn ipv4_peers_do_not_allocate() {
    let builder = Builder::datagram();
    let (client, server) = (builder.bind("[::]:0").unwrap(), builder.bind("[::]:0").unwrap());
    let port = server.local_addr().unwrap().port();
    let mut buffer = [0; 16];

    for to in [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), (Ipv6Addr::LOCALHOST, port).into()] {
        free(|| client.send_to(b"ping", to));
        let (_, peer) = free(|| server.recv_from(&mut buffer));
        assert_eq!(peer.is_ipv4(), to.is_ipv4());
        free(|| server.send_to(b"pong", peer));
        assert_eq!(free(|| client.recv_message(&mut buffer)).source, to);
    }
    free(|| client.send_to(b"ping", (Ipv4Addr::LOCALHOST, port)));

    let builder = Builder::stream();
    let listener = builder.bind("[::]:0").unwrap().listen(16).unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = builder.connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let (server, peer) = free(|| listener.accept());
    assert!(peer.is_ipv4());
    exchange(&client, &server);
}

#[test]
fn batches_do_not_allocate() {
    in_every_mode!(mode => batches(mode));
}

fn batches<M: Mode>(mode: M) {
    let builder = Builder::datagram().mode(mode).with(RecvPacketInfo(true));
    let open = || builder.bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let (client, server, data) = (open(), open(), vec![7; 100_000]);
    let to = server.local_addr().unwrap();
    let mut sending = SendBatch::new(16).unwrap();

    let mut room = RecvBatch::new(16, 64).unwrap();
    let messages = [Outgoing::to(to, &data[..100]), Outgoing::to(to, b"hop").hop_limit(7)];
    assert_eq!(free(|| client.send_batch(&mut sending, &messages)), 2);
    let mut left = 2;
    while left > 0 {
        free(|| server.recv_batch(&mut room));
        for datagram in room.iter() {
            free(|| datagram.source());
            free(|| datagram.received());
            let look =
                || (datagram.payload().len(), datagram.segments().len(), datagram.truncated());
            free(|| Ok::<_, ()>(black_box(look())));
            left -= 1;
        }
    }

    // One packet, and more than one call takes, also in slices.
    let server = server.coalesce().unwrap();
    let mut room = CoalescedBatch::new(4).unwrap();
    let slices: Vec<_> = data[..60_000].chunks(1000).map(IoSlice::new).collect();
    let message = Outgoing::to(to, &data[..]).segment_size(1200);
    for (message, len) in [(message, data.len()), (message.vectored(&slices), 60_000)] {
        assert_eq!(free(|| client.send_segments(&mut sending, &message)), len);
        let mut left = len;
        while left > 0 {
            free(|| server.recv_batch(&mut room));
            for datagram in room.iter() {
                let look = || datagram.segments().map(<[u8]>::len).sum::<usize>();
                left -= free(|| Ok::<_, ()>(look()));
            }
        }
    }

    let client = client.connect(to).unwrap();
    let messages = [Outgoing::new(b"ping"); 3];
    assert_eq!(free(|| client.send_batch(&mut sending, &messages)), 3);
    let message = Outgoing::new(&data[..3000]).segment_size(1200);
    assert_eq!(free(|| client.send_segments(&mut sending, &message)), 3000);
}

/// What the documentation says of them, and nothing later.
#[test]
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn batches_allocate_documented_amount() {
    for (datagrams, size) in [(1, 1), (32, 1500), (64, 1200), (1024, 64)] {
        let (batch, taken) = bytes(|| RecvBatch::<DualStack>::new(datagrams, size).unwrap());
        assert_eq!(taken, batch.capacity() * (batch.datagram_size() + 876));
        let (batch, taken) = bytes(|| SendBatch::new(datagrams).unwrap());
        assert_eq!(taken, batch.capacity() * 348);
    }
    let (_batch, taken) = bytes(|| CoalescedBatch::<DualStack>::new(8).unwrap());
    assert_eq!(taken, 8 * (65_535 + 876));
}

/// A socket is its descriptor, on the heap too.
#[test]
fn opening_a_socket_allocates_nothing() {
    let (datagrams, streams) = (Builder::datagram(), Builder::stream());
    let to = (Ipv6Addr::LOCALHOST, 0);
    let socket = free(|| datagrams.bind(to));
    assert_eq!(size_of_val(&socket), size_of_val(&std::net::UdpSocket::from(socket)));
    let listener = free(|| free(|| streams.bind(to)).listen(16));
    let peer = listener.local_addr().unwrap();
    free(|| streams.connect(peer));
    free(|| listener.accept());
}

/// The race and its report have three lists, and nothing is formatted before somebody reads it.
#[test]
fn literal_host_allocates_three_lists() {
    let listener = Builder::stream().bind((Ipv6Addr::LOCALHOST, 0)).unwrap().listen(16).unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = format!("[::1]:{port}");
    let builder = Builder::stream();
    let (connection, count) = allocations(|| builder.connect_host(text.as_str()).unwrap());
    assert_eq!(count, 3);
    assert_eq!(connection.report.host(), text);
    let (_connection, count) = allocations(|| builder.connect_host(("::1", port)).unwrap());
    assert_eq!(count, 3);
}
