//! Receiving many datagrams at once.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::slice::Chunks;

use crate::error::Refusal;
use crate::mode::{DualStack, FromWire, Mode};
use crate::sys::{self, batch::RecvBuffers};
use crate::udp::Received;
use crate::udp::{ConnectedUdpSocket, UdpSocket};

/// Room for many datagrams, which one call fills (`recvmmsg`).
///
/// It owns buffers and all else that a call needs, and allocates it once. One batch may serve many
/// sockets of a mode, one after the other. It holds the datagrams of the last receive; a receive
/// that fails leaves it empty.
///
/// A call saves little: on Linux the kernel spends nine tenths of its time on each datagram and not
/// on the call. What saves much is a kernel that puts datagrams together,
/// [`CoalescingUdpSocket`](crate::udp::CoalescingUdpSocket).
///
/// # Platform notes
///
/// On Linux and Android it is one system call. The other systems make one for each datagram, and
/// the result is the same; on Windows one more, which asks whether there is another datagram, and
/// should another thread take that one in between, the call waits for the next.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, udp::RecvBatch};
///
/// let server = UdpSocket::bind("[::1]:0")?;
/// let client = UdpSocket::bind("[::1]:0")?;
/// for text in ["one", "two", "three"] {
///     client.send_to(text.as_bytes(), server.local_addr()?)?;
/// }
///
/// let mut batch = RecvBatch::new(32, 1500)?;
/// let count = server.recv_batch(&mut batch)?;
/// assert_eq!(batch.len(), count);
/// for datagram in batch.iter() {
///     println!("{} bytes from {}", datagram.payload().len(), datagram.source()?);
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: recvmmsg(2).
#[doc(alias = "recvmmsg")]
pub struct RecvBatch<M: Mode = DualStack> {
    room: RecvBuffers,
    received: usize,
    mode: PhantomData<M>,
}

impl<M: Mode> RecvBatch<M> {
    /// Room for so many datagrams of at most `size` bytes each.
    ///
    /// It takes `datagrams` × (`size` + 876) bytes on a Linux system of 64 bits, and nothing later.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) unless there are 1 to 1024 datagrams, of at
    /// most 65 535 bytes.
    ///
    /// # Examples
    ///
    /// See [`RecvBatch`].
    pub fn new(datagrams: usize, size: usize) -> io::Result<Self> {
        sys::batch::check_count(datagrams)?;
        if size > usize::from(u16::MAX) {
            return Err(Refusal::LongDatagram.into());
        }
        Ok(Self { room: RecvBuffers::new(datagrams, size), received: 0, mode: PhantomData })
    }

    /// How many datagrams there is room for.
    ///
    /// # Examples
    ///
    /// ```
    /// let batch: inet6::udp::RecvBatch = inet6::udp::RecvBatch::new(32, 1500)?;
    /// assert_eq!((batch.capacity(), batch.datagram_size()), (32, 1500));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.room.count()
    }

    /// How many bytes of each there is room for.
    ///
    /// # Examples
    ///
    /// See [`RecvBatch::capacity`].
    #[must_use]
    pub fn datagram_size(&self) -> usize {
        self.room.size()
    }

    /// Returns the number of datagrams of the last receive.
    #[must_use]
    pub fn len(&self) -> usize {
        self.received
    }

    /// Returns whether the last receive failed, or none was made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.received == 0
    }

    /// Returns the datagrams of the last receive, in the order of their arrival.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = BatchDatagram<'_, M>> + Clone {
        let room = &self.room;
        (0..self.received).map(move |index| BatchDatagram { room, index, mode: PhantomData })
    }

    pub(super) fn receive(&mut self, socket: sys::SocketRef<'_>) -> io::Result<usize> {
        self.received = 0;
        self.received = self.room.receive(socket.fd)?;
        Ok(self.received)
    }
}

/// The datagrams of the last receive.
impl<M: Mode> fmt::Debug for RecvBatch<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<M: Mode> UdpSocket<M> {
    /// Receives datagrams and returns their number: waits for the first one, and takes what else is
    /// there.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from), where there is not one datagram. A truncated datagram is
    /// no error: [`BatchDatagram::truncated`].
    ///
    /// # Examples
    ///
    /// See [`RecvBatch`].
    #[doc(alias = "recvmmsg")]
    pub fn recv_batch(&self, batch: &mut RecvBatch<M>) -> io::Result<usize> {
        batch.receive(self.socket_ref())
    }
}

impl<M: Mode> ConnectedUdpSocket<M> {
    /// Receives datagrams of the peer and returns their number: waits for the first one, and takes
    /// what else is there.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), where there is not one datagram.
    ///
    /// # Examples
    ///
    /// See [`RecvBatch`].
    #[doc(alias = "recvmmsg")]
    pub fn recv_batch(&self, batch: &mut RecvBatch<M>) -> io::Result<usize> {
        batch.receive(self.socket_ref())
    }
}

/// One datagram of a batch.
///
/// What is asked of it is decoded then, and costs nothing otherwise.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, udp::RecvBatch};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.send_to(b"a long datagram", socket.local_addr()?)?;
/// let mut batch = RecvBatch::new(8, 6)?;
/// assert_eq!(socket.recv_batch(&mut batch)?, 1);
/// let datagram = batch.iter().next().unwrap();
/// assert_eq!((datagram.payload(), datagram.truncated()), (&b"a long"[..], true));
/// assert_eq!(datagram.source()?, socket.local_addr()?);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct BatchDatagram<'b, M: Mode = DualStack> {
    room: &'b RecvBuffers,
    index: usize,
    mode: PhantomData<M>,
}

impl<'b, M: Mode> BatchDatagram<'b, M> {
    /// Its bytes.
    ///
    /// # Examples
    ///
    /// See [`BatchDatagram`].
    #[inline]
    #[must_use]
    pub fn payload(&self) -> &'b [u8] {
        self.room.payload(self.index)
    }

    /// Who sent it, in the mode's type; of a notice of
    /// [`RecvPathMtu`](crate::option::RecvPathMtu), which is empty, the peer that it is about.
    ///
    /// # Errors
    ///
    /// [`InvalidData`](io::ErrorKind::InvalidData) if the system gave no IPv6 address.
    ///
    /// # Examples
    ///
    /// See [`BatchDatagram`].
    #[inline]
    pub fn source(&self) -> io::Result<M::Address> {
        self.room.source(self.index).map(M::Address::from_wire)
    }

    /// Whether it was longer than its buffer, and the rest of it is lost.
    ///
    /// # Examples
    ///
    /// See [`BatchDatagram`].
    #[inline]
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.room.truncated(self.index)
    }

    /// All that came with it, as [`recv_message`](UdpSocket::recv_message) tells it.
    ///
    /// # Errors
    ///
    /// As [`source`](Self::source).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, UdpSocket, option::RecvPacketInfo, udp::RecvBatch};
    ///
    /// let server = Builder::datagram().with(RecvPacketInfo(true)).bind("[::]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?;
    /// client.send_to(b"ping", ("::1", server.local_addr()?.port()))?;
    /// let mut batch = RecvBatch::new(8, 1500)?;
    /// server.recv_batch(&mut batch)?;
    /// for datagram in batch.iter() {
    ///     datagram.received()?.reply(&server, datagram.payload())?;
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn received(&self) -> io::Result<Received<M>> {
        self.room.message(self.index).map(Received::new)
    }

    /// The datagrams that the kernel put together in this one; itself where there was one.
    ///
    /// Each is as long as the first, but for the last, which may be shorter.
    ///
    /// # Examples
    ///
    /// See [`CoalescingUdpSocket`](crate::udp::CoalescingUdpSocket).
    #[inline]
    pub fn segments(&self) -> Chunks<'b, u8> {
        let payload = self.payload();
        let size = self.room.segment_size(self.index).map_or(payload.len(), usize::from);
        payload.chunks(size.max(1))
    }
}

/// What came with it, in the mode's types.
impl<M: Mode> fmt::Debug for BatchDatagram<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_tuple("BatchDatagram");
        match self.received() {
            Ok(received) => debug.field(&received).finish(),
            Err(error) => debug.field(&error).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket};

    use super::*;
    use crate::builder::Builder;
    use crate::mode::DualStack;
    use crate::option::RecvPacketInfo;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    use crate::sys::batch::mmsg;
    use crate::sys::batch::one_by_one;

    /// Both ways to a batch are compiled here, and `BatchDatagram` shows what either gives.
    macro_rules! shows_ipv4 {
        ($name:ident, $way:ident) => {
            #[test]
            fn $name() {
                let mut room = $way::RecvBuffers::new(2, 8);
                let builder = Builder::datagram().with(RecvPacketInfo(true));
                let server = builder.bind("[::]:0").unwrap();
                let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
                let to = (Ipv4Addr::LOCALHOST, server.local_addr().unwrap().port());
                client.send_to(b"ping", to).unwrap();
                assert_eq!(room.receive(server.socket_ref().fd).unwrap(), 1);
                let received = Received::<DualStack>::new(room.message(0).unwrap());
                let text = format!("{received:?}");
                let source = client.local_addr().unwrap();
                assert_eq!((received.len, received.source), (4, source));
                assert!(received.destination.is_none_or(|ip| ip == Ipv4Addr::LOCALHOST), "{text}");
                assert!(text.contains(&format!("source: {source}")), "{text}");
                assert!(!text.contains("ffff:"), "{text}");
            }
        };
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    shows_ipv4!(batch_by_one_call_shows_ipv4, mmsg);
    shows_ipv4!(batch_by_many_calls_shows_ipv4, one_by_one);
}
