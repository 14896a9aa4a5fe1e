//! Receiving datagrams that the kernel has put together.

use std::io;

use super::{BatchDatagram, RecvBatch, SendBatch};
use crate::addr::ToAddress;
use crate::error::Op;
use crate::error::Returned;
use crate::kind::{Datagram, Datagrams};
use crate::mode::{DualStack, Mode};
use crate::socket::common::{common_methods, timeouts};
use crate::socket::readiness::{readable, writable};
use crate::sys::{self, Owned};
use crate::udp::Outgoing;
use crate::udp::{self, UdpSocket};

/// A datagram socket whose kernel puts datagrams of one sender together (`UDP_GRO`), and which can
/// only be received from with room for the longest of them.
///
/// Many datagrams then cost little more than one. What the kernel puts together is up to 64 KiB
/// long, and a shorter buffer would lose the rest of a burst, silently. So this type has no
/// `recv_from`, and [`CoalescedBatch`] has buffers of 64 KiB and no others.
///
/// # Platform notes
///
/// Linux 5.0 and later, Android and Windows put datagrams together. On the other systems each
/// datagram comes by itself, and the calls are the same.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, udp::{CoalescedBatch, Outgoing, SendBatch}};
///
/// let server = UdpSocket::bind("[::1]:0")?.coalesce()?;
/// let client = UdpSocket::bind("[::1]:0")?;
/// let message = Outgoing::to(server.local_addr()?, &[7; 3000]).segment_size(1200);
/// client.send_segments(&mut SendBatch::new(8)?, &message)?;
///
/// let mut batch = CoalescedBatch::new(8)?;
/// let mut lengths = Vec::new();
/// while lengths.len() < 3 {
///     server.recv_batch(&mut batch)?;
///     for datagram in batch.iter() {
///         lengths.extend(datagram.segments().map(|segment| segment.len()));
///     }
/// }
/// assert_eq!(lengths, [1200, 1200, 600]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A short buffer cannot be used:
///
/// ```compile_fail,E0599
/// # use inet6::UdpSocket;
/// let server = UdpSocket::bind("[::1]:0")?.coalesce()?;
/// server.recv_from(&mut [0; 1500])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```no_run
/// # // no_run: nobody sends.
/// # use inet6::UdpSocket;
/// let server = UdpSocket::bind("[::1]:0")?;
/// server.recv_from(&mut [0; 1500])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail,E0308
/// # use inet6::{UdpSocket, udp::RecvBatch};
/// let server = UdpSocket::bind("[::1]:0")?.coalesce()?;
/// server.recv_batch(&mut RecvBatch::new(8, 1500)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```no_run
/// # // no_run: nobody sends.
/// # use inet6::{UdpSocket, udp::CoalescedBatch};
/// let server = UdpSocket::bind("[::1]:0")?.coalesce()?;
/// server.recv_batch(&mut CoalescedBatch::new(8)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// There is no way back to a [`UdpSocket`], because what is in the queue has been put together
/// already. A clone that was made of the socket before shares the setting, and none of this
/// protection.
///
/// Source: udp(7), "UDP_GRO"; Microsoft, "UDP_RECV_MAX_COALESCED_SIZE".
#[doc(alias = "UDP_GRO")]
#[doc(alias = "UDP_RECV_MAX_COALESCED_SIZE")]
pub struct CoalescingUdpSocket<M: Mode = DualStack> {
    fd: Owned,
    mode: M,
}

common_methods!(CoalescingUdpSocket {}, Datagram, role Datagrams);
timeouts!(CoalescingUdpSocket);
readable!(CoalescingUdpSocket);
writable!(CoalescingUdpSocket);

impl<M: Mode> UdpSocket<M> {
    /// Lets the kernel put datagrams together, from now on.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2); a system that cannot do it is none. The error gives the socket back.
    ///
    /// # Examples
    ///
    /// See [`CoalescingUdpSocket`].
    #[doc(alias = "UDP_GRO")]
    pub fn coalesce(self) -> Result<CoalescingUdpSocket<M>, Returned<Self>> {
        let mode = self.mode();
        match sys::set_coalescing(self.socket_ref()) {
            Ok(true) => {}
            Ok(false) => log::debug!("this system puts no datagrams together"),
            Err(error) => {
                return Err(Returned::new(self, sys::errno::option(Op::Set("UDP_GRO"), error)));
            }
        }
        Ok(CoalescingUdpSocket { fd: self.into(), mode })
    }
}

impl<M: Mode> CoalescingUdpSocket<M> {
    /// Receives datagrams and returns their number: waits for the first one, and takes what else is
    /// there.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_batch`].
    ///
    /// # Examples
    ///
    /// See [`CoalescingUdpSocket`].
    pub fn recv_batch(&self, batch: &mut CoalescedBatch<M>) -> io::Result<usize> {
        batch.0.receive(self.socket_ref())
    }

    /// As [`UdpSocket::send_to`].
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_to`].
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, udp::{Outgoing, SendBatch}};
    ///
    /// let client = UdpSocket::bind("[::1]:0")?;
    /// let (to, mut batch) = (client.local_addr()?, SendBatch::new(8)?);
    /// let server = UdpSocket::bind("[::1]:0")?.coalesce()?;
    /// server.send_to(b"one", to)?;
    /// server.send_message(&Outgoing::to(to, b"two").hop_limit(9))?;
    /// server.send_batch(&mut batch, &[Outgoing::to(to, b"three")])?;
    /// server.send_segments(&mut batch, &Outgoing::to(to, b"fourfive").segment_size(4))?;
    /// for text in ["one", "two", "three", "four", "five"] {
    ///     assert_eq!(client.recv_from(&mut [0; 16])?.0, text.len());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_to(&self, data: &[u8], peer: impl ToAddress<M>) -> io::Result<usize> {
        udp::send_to(self.socket_ref(), self.mode, data, &peer)
    }

    /// As [`UdpSocket::send_message`].
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_message`].
    ///
    /// # Examples
    ///
    /// See [`send_to`](Self::send_to).
    pub fn send_message<P: ToAddress<M>>(&self, message: &Outgoing<'_, P, M>) -> io::Result<usize> {
        message.send_to_peer(self.socket_ref(), self.mode)
    }

    /// As [`UdpSocket::send_batch`].
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_batch`].
    ///
    /// # Examples
    ///
    /// See [`send_to`](Self::send_to).
    pub fn send_batch<P: ToAddress<M>>(
        &self,
        batch: &mut SendBatch,
        messages: &[Outgoing<'_, P, M>],
    ) -> io::Result<usize> {
        batch.send_all(self.socket_ref(), self.mode, messages)
    }

    /// As [`UdpSocket::send_segments`].
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_segments`].
    ///
    /// # Examples
    ///
    /// See [`send_to`](Self::send_to).
    pub fn send_segments<P: ToAddress<M>>(
        &self,
        batch: &mut SendBatch,
        message: &Outgoing<'_, P, M>,
    ) -> io::Result<usize> {
        batch.send_cut(self.socket_ref(), self.mode, message)
    }
}

/// Room for datagrams that a kernel has put together: 64 KiB each.
///
/// # Examples
///
/// See [`CoalescingUdpSocket`].
#[derive(Debug)]
pub struct CoalescedBatch<M: Mode = DualStack>(RecvBatch<M>);

impl<M: Mode> CoalescedBatch<M> {
    /// Room for so many, each put together of up to 128 datagrams; eight are enough for most.
    ///
    /// It takes the memory of a [`RecvBatch`] of 65 535 bytes each.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) unless there are 1 to 1024.
    ///
    /// # Examples
    ///
    /// See [`CoalescingUdpSocket`].
    pub fn new(datagrams: usize) -> io::Result<Self> {
        RecvBatch::new(datagrams, usize::from(u16::MAX)).map(Self)
    }

    /// Like [`RecvBatch::len`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Like [`RecvBatch::is_empty`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Like [`RecvBatch::iter`].
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = BatchDatagram<'_, M>> + Clone {
        self.0.iter()
    }
}
