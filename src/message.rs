//! What arrives with a datagram: [`Received`].

use std::io::{self, IoSliceMut};

use crate::mode::{FromWire, Mode};
use crate::socket::{ConnectedUdpSocket, UdpSocket};
use crate::sys::{self, Take};

/// A datagram that was received, but for its payload, which is in the buffer.
///
/// # Examples
///
/// ```
/// use inet6::UdpSocket;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.send_to(b"a long datagram", socket.local_addr()?)?;
/// let mut buffer = [0; 6];
/// let received = socket.recv_message(&mut buffer)?;
/// assert_eq!(&buffer[..received.len], b"a long");
/// assert_eq!(received.source, socket.local_addr()?);
/// assert!(received.truncated);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Received<A> {
    /// How many bytes are in the buffer; never more than it holds.
    pub len: usize,
    /// Who sent it, in the mode's type.
    pub source: A,
    /// Whether the datagram was longer than the buffer, and the rest of it is lost.
    pub truncated: bool,
}

impl<M: Mode> UdpSocket<M> {
    /// Receives a datagram, and tells its source and whether it was truncated.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from). A truncated datagram is no error, on Windows neither.
    ///
    /// # Examples
    ///
    /// See [`Received`].
    #[doc(alias = "recvmsg")]
    #[doc(alias = "MSG_TRUNC")]
    pub fn recv_message(&self, buffer: &mut [u8]) -> io::Result<Received<M::Address>> {
        self.recv_message_vectored(&mut [IoSliceMut::new(buffer)])
    }

    /// As [`recv_message`](Self::recv_message), into several slices.
    ///
    /// # Errors
    ///
    /// As [`recv_message`](Self::recv_message).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    /// use std::io::IoSliceMut;
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// socket.send_to(b"headbody", socket.local_addr()?)?;
    /// let (mut head, mut body) = ([0; 4], [0; 8]);
    /// let mut slices = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)];
    /// let received = socket.recv_message_vectored(&mut slices)?;
    /// assert_eq!((received.len, received.truncated), (8, false));
    /// assert_eq!(&body[..4], b"body");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn recv_message_vectored(
        &self,
        buffers: &mut [IoSliceMut<'_>],
    ) -> io::Result<Received<M::Address>> {
        sys::recv_message(self.target().fd, buffers, Take::Data).map(received::<M>)
    }
}

impl<M: Mode> ConnectedUdpSocket<M> {
    /// Receives a datagram of the peer, and tells whether it was truncated.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv). A truncated datagram is no error, on Windows neither.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// server.send_to(b"a long answer", client.local_addr()?)?;
    /// let received = client.recv_message(&mut [0; 6])?;
    /// assert_eq!((received.len, received.truncated), (6, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_message(&self, buffer: &mut [u8]) -> io::Result<Received<M::Address>> {
        let slices = &mut [IoSliceMut::new(buffer)];
        sys::recv_message(self.target().fd, slices, Take::Data).map(received::<M>)
    }
}

fn received<M: Mode>(message: sys::Message) -> Received<M::Address> {
    Received {
        len: message.len,
        source: M::Address::from_wire(message.source),
        truncated: message.truncated,
    }
}
