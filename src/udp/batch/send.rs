//! Sending many datagrams at once.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddrV6;
use std::ops::Range;

use crate::addr::ToAddress;
use crate::error::Refusal;
use crate::mode::Mode;
use crate::sys::batch::{self, Packet};
use crate::sys::{self, SocketRef};
use crate::udp::{ConnectedUdpSocket, UdpSocket, most_payload, total};
use crate::udp::{Outgoing, SocketClock, explain};

/// What one call needs that sends many datagrams (`sendmmsg`).
///
/// It allocates once, and holds nothing of the datagrams between calls. It remembers of the last
/// socket that it served whether segmentation works there: keep one for each socket.
///
/// # Platform notes
///
/// On Linux and Android it is one system call. The other systems make one for each datagram, and
/// the result is the same.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, udp::{Outgoing, SendBatch}};
///
/// let server = UdpSocket::bind("[::1]:0")?;
/// let client = UdpSocket::bind("[::1]:0")?;
/// let to = server.local_addr()?;
///
/// let mut batch = SendBatch::new(32)?;
/// let messages = ["one", "two", "three"].map(|text| Outgoing::to(to, text.as_bytes()));
/// let mut left = &messages[..];
/// while !left.is_empty() {
///     let sent = client.send_batch(&mut batch, left)?;
///     left = &left[sent..];
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: sendmmsg(2); udp(7), "UDP_SEGMENT".
#[doc(alias = "sendmmsg")]
pub struct SendBatch {
    room: batch::SendBuffers,
    /// The socket that was served last, and how many segments it takes at once.
    offload: Option<(u64, usize)>,
}

/// How many segments kernels take at once: Linux today, and before 6.9; one is none.
const LIMITS: [usize; 3] = [128, 64, 1];

/// How many slices one call takes at most.
const SLICES: usize = 64;

impl SendBatch {
    /// Room for so many datagrams in one call.
    ///
    /// It takes 348 bytes for each on a Linux system of 64 bits, and nothing later.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) unless there are 1 to 1024.
    ///
    /// # Examples
    ///
    /// See [`SendBatch`].
    pub fn new(datagrams: usize) -> io::Result<Self> {
        batch::check_count(datagrams)?;
        Ok(Self { room: batch::SendBuffers::new(datagrams), offload: None })
    }

    /// How many datagrams go out with one call.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(inet6::udp::SendBatch::new(32)?.capacity(), 32);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.room.count()
    }

    pub(super) fn send_all<P: ToAddress<M>, M: Mode>(
        &mut self,
        socket: SocketRef<'_>,
        mode: M,
        messages: &[Outgoing<'_, P, M>],
    ) -> io::Result<usize> {
        let clock = SocketClock::default();
        let packets = messages.iter().map(|message| {
            let peer = message.with_peer(socket, mode, |wire| Ok(*wire))?;
            message.packet(socket, mode, Some(peer), &clock)
        });
        self.send_packets(socket, packets)
    }

    pub(super) fn send_cut<P: ToAddress<M>, M: Mode>(
        &mut self,
        socket: SocketRef<'_>,
        mode: M,
        message: &Outgoing<'_, P, M>,
    ) -> io::Result<usize> {
        message
            .with_peer(socket, mode, |wire| self.send_segments(socket, mode, message, Some(*wire)))
    }

    /// Sends as many as go, and says what is wrong with the first one where none does.
    fn send_packets<'a, I: Iterator<Item = io::Result<Packet<'a>>> + Clone>(
        &mut self,
        socket: SocketRef<'_>,
        mut packets: I,
    ) -> io::Result<usize> {
        self.room.send(socket.fd, packets.clone()).map_err(|error| match packets.next() {
            Some(Ok(packet)) => explain(socket, &packet, total(packet.data), error),
            _ => error,
        })
    }

    /// Sends bytes cut into segments, as many as go; `message` is what each packet is sent with.
    fn send_segments<P, M: Mode>(
        &mut self,
        socket: SocketRef<'_>,
        mode: M,
        message: &Outgoing<'_, P, M>,
        peer: Option<SocketAddrV6>,
    ) -> io::Result<usize> {
        let packet = message.packet(socket, mode, peer, &SocketClock::default())?;
        let size = packet.departure.and_then(|it| it.segment_size).filter(|size| *size != 0);
        let Some(size) = size.map(usize::from) else {
            return Err(Refusal::NoSegmentSize.into());
        };
        let all = total(packet.data);
        if isize::try_from(all).is_err() {
            return Err(Refusal::MoreThanMemory.into());
        }
        let packet = sized(packet, all, size);
        let id = sys::id(socket.fd);
        let known = match self.offload {
            Some((of, limit)) if of == id => limit,
            _ => {
                let limit = if sys::can_segment(socket)? { LIMITS[0] } else { 1 };
                self.offload = Some((id, limit));
                limit
            }
        };
        let (mut sent, mut limit, mut refused) = (0, known, false);
        loop {
            let chunk = size * (most_payload(packet.ipv4) / size).clamp(1, limit);
            // A chunk never grows, so that nothing has been sent before all of it.
            let result = if all <= chunk && packet.data.len() <= SLICES {
                self.room.send_one(socket.fd, &packet).map(|()| all)
            } else {
                let (cuts, slices) = match cut(packet.data, sent, size, chunk) {
                    Ok(cuts) => cuts,
                    Err(_) if sent > 0 => return Ok(sent),
                    Err(error) => return Err(error),
                };
                let cuts = cuts.iter().flatten().map(|range| &slices[range.clone()]);
                let packets = cuts
                    .clone()
                    .map(|data| Ok(sized(Packet { data, ..packet }, total(data), size)));
                self.room.send(socket.fd, packets).map(|count| cuts.take(count).map(total).sum())
            };
            match result {
                Ok(bytes) => {
                    // It was the number of segments, and not something that no number changes.
                    if refused {
                        log::debug!("the kernel takes at most {limit} segments at once here");
                        self.offload = Some((id, limit));
                        refused = false;
                    }
                    sent += bytes;
                    if sent == all || bytes == 0 {
                        return Ok(sent);
                    }
                }
                Err(error) if limit > 1 && all > size && sys::errno::is_no_offload(&error) => {
                    (limit, refused) =
                        (LIMITS.into_iter().find(|less| *less < limit).unwrap_or(1), true);
                }
                // What the kernel cuts, it does not split into fragments too (net/ipv6/udp.c,
                // `udp_v6_send_skb`). That is about these segments, and not about the socket.
                Err(error) if limit > 1 && all > size && sys::errno::is_too_long(&error) => {
                    (limit, refused) = (1, false);
                }
                Err(_) if sent > 0 => return Ok(sent),
                // Of one segment: how many there are was not what is wrong.
                Err(error) => return Err(explain(socket, &packet, all.min(size), error)),
            }
        }
    }
}

/// A packet of so many bytes. One datagram needs no segmentation, and a system without it sends it
/// too; but the socket may be set to cut it smaller.
#[inline]
fn sized(mut packet: Packet<'_>, len: usize, size: usize) -> Packet<'_> {
    if let (Some(departure), true) = (&mut packet.departure, len <= size) {
        departure.segment_size = batch::WHOLE;
    }
    packet
}

/// Packets as ranges of slices.
type Cuts = [Option<Range<usize>>; SLICES];

/// Cuts what begins at `start` into packets of `chunk` bytes, as many as there are slices for.
///
/// Only the end of the data makes a shorter packet.
fn cut<'a>(
    data: &'a [IoSlice<'_>],
    start: usize,
    size: usize,
    chunk: usize,
) -> io::Result<(Cuts, [IoSlice<'a>; SLICES])> {
    let (mut cuts, mut parts) = ([const { None }; SLICES], [&[][..]; SLICES]);
    // Slices used, packets made, and the first slice and the bytes of the packet in the making.
    let (mut used, mut packets, mut begin, mut len) = (0, 0, 0, 0);
    let (mut skip, mut whole) = (start, true);
    'all: for slice in data {
        let mut rest = slice.get(skip..).unwrap_or_default();
        skip = skip.saturating_sub(slice.len());
        while !rest.is_empty() {
            if used == SLICES {
                whole = false;
                break 'all;
            }
            let (taken, after) = rest.split_at(rest.len().min(chunk - len));
            parts[used] = taken;
            (used, len, rest) = (used + 1, len + taken.len(), after);
            if len == chunk {
                cuts[packets] = Some(begin..used);
                (packets, begin, len) = (packets + 1, used, 0);
            }
        }
    }
    if whole && (len > 0 || packets == 0) {
        cuts[packets] = Some(begin..used);
    } else if packets == 0 {
        // More slices make one packet than one call takes: the whole segments that are there.
        let mut surplus = len % size;
        while surplus > 0 {
            let last = parts[used - 1];
            let gone = surplus.min(last.len());
            parts[used - 1] = &last[..last.len() - gone];
            surplus -= gone;
            used -= usize::from(gone == last.len());
        }
        if used == 0 {
            return Err(Refusal::ManySlices.into());
        }
        cuts[0] = Some(0..used);
    }
    Ok((cuts, parts.map(IoSlice::new)))
}

impl fmt::Debug for SendBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendBatch").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

impl<M: Mode> UdpSocket<M> {
    /// Sends datagrams from the front of `messages`, and tells how many went: the others are to be
    /// sent again.
    ///
    /// # Errors
    ///
    /// As [`send_message`](Self::send_message): the error of the first datagram, and none was sent.
    /// The error of a later one is met when that one is the first. So none is lost, and none is
    /// sent twice. On a connected socket the answer that nobody listens, which is an error of
    /// whichever datagram comes next, may end a call in the middle and not be told again.
    ///
    /// # Examples
    ///
    /// See [`SendBatch`].
    #[doc(alias = "sendmmsg")]
    pub fn send_batch<P: ToAddress<M>>(
        &self,
        batch: &mut SendBatch,
        messages: &[Outgoing<'_, P, M>],
    ) -> io::Result<usize> {
        batch.send_all(self.socket_ref(), self.mode(), messages)
    }

    /// Sends bytes of any length as datagrams of [`segment_size`](Outgoing::segment_size) bytes,
    /// the last one with what is left, and tells how many bytes went.
    ///
    /// The kernel cuts them, up to 128 at once (`UDP_SEGMENT`), which makes a datagram many times
    /// cheaper. Where it cannot, or the interface cannot, they are sent one by one; the batch
    /// remembers that, and it is logged once.
    ///
    /// # Errors
    ///
    /// As [`send_message`](Self::send_message), where nothing was sent;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) without a segment size, and for a segment that
    /// lies in more than 64 slices. Fewer bytes than all are a multiple of the segment size: the
    /// others are to be sent again.
    ///
    /// # Platform notes
    ///
    /// Linux and Android, and Windows, cut in the kernel; the other systems send one by one.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, udp::{Outgoing, SendBatch}};
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?;
    /// let mut batch = SendBatch::new(8)?;
    /// let data = [7; 3000];
    /// let message = Outgoing::to(server.local_addr()?, &data).segment_size(1200);
    /// assert_eq!(client.send_segments(&mut batch, &message)?, 3000);
    /// let mut lengths = [0; 3];
    /// for len in &mut lengths {
    ///     *len = server.recv_from(&mut [0; 1500])?.0;
    /// }
    /// assert_eq!(lengths, [1200, 1200, 600]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "UDP_SEGMENT")]
    #[doc(alias = "GSO")]
    pub fn send_segments<P: ToAddress<M>>(
        &self,
        batch: &mut SendBatch,
        message: &Outgoing<'_, P, M>,
    ) -> io::Result<usize> {
        batch.send_cut(self.socket_ref(), self.mode(), message)
    }
}

impl<M: Mode> ConnectedUdpSocket<M> {
    /// Sends datagrams to the peer from the front of `messages`, and tells how many went: the
    /// others are to be sent again.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_batch`].
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, udp::{Outgoing, SendBatch}};
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// let messages = ["one", "two"].map(|text| Outgoing::new(text.as_bytes()));
    /// assert_eq!(client.send_batch(&mut SendBatch::new(8)?, &messages)?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendmmsg")]
    pub fn send_batch(
        &self,
        batch: &mut SendBatch,
        messages: &[Outgoing<'_, (), M>],
    ) -> io::Result<usize> {
        let (socket, mode) = (self.socket_ref(), self.mode());
        let clock = SocketClock::default();
        let packets = messages.iter().map(|message| message.packet(socket, mode, None, &clock));
        batch.send_packets(socket, packets)
    }

    /// Sends bytes of any length to the peer as datagrams of
    /// [`segment_size`](Outgoing::segment_size) bytes, and tells how many bytes went.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_segments`].
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, udp::{Outgoing, SendBatch}};
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// let data = [7; 3000];
    /// let message = Outgoing::new(&data).segment_size(1200);
    /// assert_eq!(client.send_segments(&mut SendBatch::new(8)?, &message)?, 3000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "UDP_SEGMENT")]
    #[doc(alias = "GSO")]
    pub fn send_segments(
        &self,
        batch: &mut SendBatch,
        message: &Outgoing<'_, (), M>,
    ) -> io::Result<usize> {
        batch.send_segments(self.socket_ref(), self.mode(), message, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is cut is all there, in order, in packets that begin where segments do.
    #[track_caller]
    fn check(lengths: &[usize], size: usize, chunk: usize) {
        let total = lengths.iter().sum();
        let bytes: Vec<u8> = (0..total).map(|at| at as u8).collect();
        let mut rest = &bytes[..];
        let mut data = Vec::new();
        for len in lengths {
            let (slice, after) = rest.split_at(*len);
            data.push(IoSlice::new(slice));
            rest = after;
        }
        let mut seen = Vec::new();
        while seen.len() < total {
            let (cuts, slices) = cut(&data, seen.len(), size, chunk).unwrap();
            let before = seen.len();
            for range in cuts.into_iter().flatten() {
                let packet: Vec<u8> =
                    slices[range].iter().flat_map(|slice| slice.to_vec()).collect();
                assert!(packet.len() <= chunk && !packet.is_empty());
                seen.extend(packet);
                assert!(seen.len() % size == 0 || seen.len() == total, "a segment is cut");
            }
            assert!(seen.len() > before, "nothing is cut off");
        }
        assert_eq!(seen, bytes);
    }

    #[test]
    fn data_is_cut_between_segments() {
        check(&[1], 1, 1);
        check(&[1000], 100, 300);
        check(&[1050], 100, 300);
        check(&[10, 0, 990, 50], 100, 300);
        check(&[1; 1000], 7, 14);
        check(&[3; 1000], 7, 700);
        check(&[5; 1000], 11, 1100);
        check(&[0, 0, 5], 2, 4);
        check(&[200_000], 1200, 64_800);
    }

    #[test]
    fn segment_in_many_slices_is_refused() {
        let data = [IoSlice::new(b"x"); 65];
        cut(&data, 0, 65, 65).unwrap_err();
        cut(&data, 0, 64, 64).unwrap();
        // The last segment may be shorter, and no more than 64 slices are left.
        cut(&data, 64, 64, 64).unwrap();
    }

    #[test]
    fn empty_data_makes_one_packet() {
        let (cuts, _) = cut(&[], 0, 1200, 1200).unwrap();
        let mut packets = cuts.into_iter().flatten();
        assert_eq!((packets.next(), packets.next()), (Some(0..0), None));
    }
}
