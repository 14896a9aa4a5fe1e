//! Up to a million datagrams: each arrives once, or the kernel has counted it as dropped.

use std::io::{self, ErrorKind};
use std::thread;
use std::time::Duration;

use inet6::option::{RecvBufferSize, RecvDropCount};
use inet6::{
    Builder, ConnectedUdpSocket, UdpSocket,
    udp::{BatchDatagram, CoalescedBatch, CoalescingUdpSocket, Outgoing, RecvBatch, SendBatch},
};

use crate::support::*;

/// The length of a datagram: its number, and the number again.
const LEN: usize = 16;
const BATCH: usize = 64;

/// How many each test sends.
fn count() -> usize {
    super::share(1_000_000, 200_000)
}

fn datagram(number: usize) -> [u8; LEN] {
    let (mut bytes, number) = ([0; LEN], number as u64);
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes[8..].copy_from_slice(&(!number).to_be_bytes());
    bytes
}

/// A socket that tells what it has no room for, with a receive buffer of a size.
fn receiver(room: Option<u32>) -> UdpSocket {
    let mut builder = Builder::datagram().nonblocking().with(RecvDropCount(true));
    if let Some(room) = room {
        builder = builder.with(RecvBufferSize(room));
    }
    builder.bind("[::1]:0").unwrap()
}

fn sender(to: std::net::SocketAddr) -> ConnectedUdpSocket {
    UdpSocket::bind("[::1]:0").unwrap().connect(to).unwrap()
}

/// What has come of datagrams that are numbered from 0.
#[derive(Debug, Default)]
struct Tally {
    seen: Vec<bool>,
    received: usize,
    /// As the kernel told last.
    dropped: usize,
    /// How many datagrams are one to the kernel's counter.
    per_drop: usize,
}

impl Tally {
    fn new(per_drop: usize) -> Self {
        Self { per_drop, ..Self::default() }
    }

    fn take(&mut self, datagram: &BatchDatagram<'_>) {
        assert!(!datagram.truncated());
        for payload in datagram.segments() {
            let number = u64::from_be_bytes(payload[..8].try_into().unwrap()) as usize;
            assert_eq!(payload, self::datagram(number), "another than was sent");
            self.seen.resize(self.seen.len().max(number + 1), false);
            assert!(!std::mem::replace(&mut self.seen[number], true), "{number} twice");
            self.received += 1;
        }
        let dropped = datagram.received().unwrap().dropped.unwrap_or(0) as usize;
        assert!(dropped >= self.dropped, "{dropped} dropped, and {} before", self.dropped);
        self.dropped = dropped;
    }

    fn known(&self) -> usize {
        self.received + self.dropped * self.per_drop
    }
}

/// Both ways of receiving.
trait Receive: Sync {
    type Batch;

    fn room() -> Self::Batch;

    /// Takes a batch.
    fn receive(&self, room: &mut Self::Batch, tally: &mut Tally) -> io::Result<()>;

    /// Takes what is there now.
    fn drain(&self, room: &mut Self::Batch, tally: &mut Tally) {
        loop {
            match self.receive(room, tally) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn wait(&self) -> bool;
}

impl Receive for UdpSocket {
    type Batch = RecvBatch;

    fn room() -> RecvBatch {
        RecvBatch::new(BATCH, LEN).unwrap()
    }

    fn receive(&self, room: &mut RecvBatch, tally: &mut Tally) -> io::Result<()> {
        self.recv_batch(room)?;
        room.iter().for_each(|datagram| tally.take(&datagram));
        Ok(())
    }

    fn wait(&self) -> bool {
        self.wait_readable(Some(Duration::from_millis(1))).unwrap()
    }
}

impl Receive for CoalescingUdpSocket {
    type Batch = CoalescedBatch;

    fn room() -> CoalescedBatch {
        CoalescedBatch::new(8).unwrap()
    }

    fn receive(&self, room: &mut CoalescedBatch, tally: &mut Tally) -> io::Result<()> {
        self.recv_batch(room)?;
        room.iter().for_each(|datagram| tally.take(&datagram));
        Ok(())
    }

    fn wait(&self) -> bool {
        self.wait_readable(Some(Duration::from_millis(1))).unwrap()
    }
}

/// Sends numbered datagrams, by batches of several or as bytes that the kernel cuts.
struct Send<'a> {
    socket: &'a ConnectedUdpSocket,
    batch: SendBatch,
    cut: bool,
    sent: usize,
}

impl<'a> Send<'a> {
    fn new(socket: &'a ConnectedUdpSocket, cut: bool) -> Self {
        Self { socket, batch: SendBatch::new(BATCH).unwrap(), cut, sent: 0 }
    }

    /// Sends so many more.
    fn batch(&mut self, count: usize) {
        let bytes: Vec<u8> = (self.sent..self.sent + count).flat_map(datagram).collect();
        if self.cut {
            let message = Outgoing::new(&bytes).segment_size(LEN as u16);
            let len = self.socket.send_segments(&mut self.batch, &message).unwrap();
            assert_eq!(len, bytes.len());
        } else {
            let messages: Vec<_> = bytes.chunks(LEN).map(Outgoing::new).collect();
            let mut left = &messages[..];
            while !left.is_empty() {
                left = &left[self.socket.send_batch(&mut self.batch, left).unwrap()..];
            }
        }
        self.sent += count;
    }
}

/// The numbers add up. A drop is told with the next datagram that there is room for, so that some
/// more are sent; what was sent before the last of them may still be on its way.
fn settle<R: Receive>(send: &mut Send<'_>, receiver: &R, mut tally: Tally) -> Tally {
    let mut room = R::room();
    wait_until("every datagram is received or counted", || {
        receiver.drain(&mut room, &mut tally);
        send.batch(tally.per_drop);
        receiver.wait();
        receiver.drain(&mut room, &mut tally);
        tally.known() == send.sent
    });
    assert_eq!(tally.received + tally.dropped * tally.per_drop, send.sent, "{tally:?}");
    tally
}

/// A receiver that takes what there is after each so many batches.
fn by_turns<R: Receive>(
    receiver: &R,
    sender: &ConnectedUdpSocket,
    cut: bool,
    batches: usize,
) -> Tally {
    let mut send = Send::new(sender, cut);
    let mut tally = Tally::new(if cut { BATCH } else { 1 });
    let mut room = R::room();
    while send.sent < count() {
        for _ in 0..batches {
            send.batch(BATCH);
        }
        receiver.drain(&mut room, &mut tally);
    }
    settle(&mut send, receiver, tally)
}

/// A receiver beside the sender, which waits for nobody.
fn side_by_side<R: Receive>(receiver: &R, sender: &ConnectedUdpSocket, cut: bool) -> Tally {
    let mut tally = Tally::new(if cut { BATCH } else { 1 });
    let mut send = Send::new(sender, cut);
    thread::scope(|scope| {
        let sending = scope.spawn(|| {
            while send.sent < count() {
                send.batch(BATCH);
            }
        });
        let mut room = R::room();
        while !sending.is_finished() {
            receiver.wait();
            receiver.drain(&mut room, &mut tally);
        }
    });
    settle(&mut send, receiver, tally)
}

#[test]
fn datagrams_with_room_arrive() {
    let receiver = receiver(None);
    let sender = sender(receiver.local_addr().unwrap());
    let tally = by_turns(&receiver, &sender, false, 1);
    assert_eq!((tally.dropped, tally.received), (0, tally.seen.len()));
}

#[test]
fn datagrams_without_room_are_counted() {
    // The kernel keeps twice as much, and counts what it needs for itself.
    let receiver = receiver(Some(32 * 1024));
    let sender = sender(receiver.local_addr().unwrap());
    let tally = by_turns(&receiver, &sender, false, 4);
    assert!(tally.dropped > 0 && tally.received > tally.dropped / 100, "{}", tally.received);
}

#[test]
fn busy_receiver_accounts_for_datagrams() {
    let receiver = receiver(Some(64 * 1024));
    let sender = sender(receiver.local_addr().unwrap());
    side_by_side(&receiver, &sender, false);
}

#[test]
fn coalesced_datagrams_with_room_arrive() {
    let receiver = receiver(None).coalesce().unwrap();
    let sender = sender(receiver.local_addr().unwrap());
    let tally = by_turns(&receiver, &sender, true, 1);
    assert_eq!((tally.dropped, tally.received), (0, tally.seen.len()));
}

/// What the kernel has put together is one to its counter.
#[test]
fn coalesced_datagrams_without_room_are_counted() {
    let receiver = receiver(Some(8 * 1024)).coalesce().unwrap();
    let sender = sender(receiver.local_addr().unwrap());
    let tally = by_turns(&receiver, &sender, true, 64);
    assert!(tally.dropped > 0 && tally.received > tally.dropped / 100, "{}", tally.received);
}

#[test]
fn busy_coalescing_receiver_accounts_for_datagrams() {
    let receiver = receiver(Some(16 * 1024)).coalesce().unwrap();
    let sender = sender(receiver.local_addr().unwrap());
    side_by_side(&receiver, &sender, true);
}
