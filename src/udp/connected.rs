//! A datagram socket that is connected to a peer.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;

use super::send_error::{UnsentDatagram, total};
use crate::kind::{Datagram, Datagrams};
use crate::mode::{DualStack, FromWire, Mode};
use crate::socket::adopt::adopt;
use crate::socket::common::{common_methods, timeouts};
use crate::socket::readiness::{readable, writable};
use crate::sys::{self, Owned, Take};

/// A datagram socket with one peer: it sends there and receives from there only.
///
/// Sending costs less than to an address, because the kernel keeps the route, and the peer's "port
/// unreachable" arrives as [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
///
/// # Examples
///
/// ```
/// use inet6::UdpSocket;
///
/// let server = UdpSocket::bind("[::1]:0")?;
/// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
/// client.send(b"ping")?;
/// let (len, peer) = server.recv_from(&mut [0; 16])?;
/// server.send_to(b"pong", peer)?;
/// let mut buffer = [0; 16];
/// let len = client.recv(&mut buffer)?;
/// assert_eq!(&buffer[..len], b"pong");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ConnectedUdpSocket<M: Mode = DualStack> {
    fd: Owned,
    mode: M,
}

common_methods!(ConnectedUdpSocket {}, Datagram, role Datagrams);
adopt!(ConnectedUdpSocket, ConnectedDatagram, std::net::UdpSocket);
timeouts!(ConnectedUdpSocket);
readable!(ConnectedUdpSocket);
writable!(ConnectedUdpSocket);

impl<M: Mode> ConnectedUdpSocket<M> {
    /// A socket that was connected elsewhere.
    pub(crate) fn new(fd: Owned, mode: M) -> Self {
        Self { fd, mode }
    }

    pub(crate) fn mode(&self) -> M {
        self.mode
    }

    /// The address of the peer, in the mode's type.
    ///
    /// # Errors
    ///
    /// Those of getpeername(2).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// assert_eq!(client.peer_addr()?, server.local_addr()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getpeername")]
    pub fn peer_addr(&self) -> io::Result<M::Address> {
        sys::peer_address(self.socket_ref().fd).map(M::Address::from_wire)
    }

    /// Sends a datagram to the peer; it goes out whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of send(2): [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) where an earlier
    /// datagram met a closed port. For one that is too long the error holds a
    /// [`MessageTooLong`](crate::udp::MessageTooLong), which tells the path MTU. Signals as for
    /// [`UdpSocket::send_to`](crate::UdpSocket::send_to).
    ///
    /// # Examples
    ///
    /// See [`ConnectedUdpSocket`].
    #[inline]
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        sys::send(sys::borrow(&self.fd), data, false)
            .map_err(|error| self.not_sent(data.len(), error))
    }

    #[cold]
    #[inline(never)]
    fn not_sent(&self, len: usize, error: io::Error) -> io::Error {
        UnsentDatagram::connected(self.socket_ref(), len).explain(error)
    }

    /// As [`send`](Self::send), from several slices.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send). More than 1024 slices are too many on most systems.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    /// use std::io::IoSlice;
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// client.send_vectored(&[IoSlice::new(b"head"), IoSlice::new(b"body")])?;
    /// assert_eq!(server.recv_from(&mut [0; 16])?.0, 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_vectored(&self, data: &[IoSlice<'_>]) -> io::Result<usize> {
        sys::send_to_vectored(sys::borrow(&self.fd), data, None)
            .map_err(|error| self.not_sent(total(data), error))
    }

    /// Receives a datagram of the peer.
    ///
    /// What does not fit into the buffer is lost, silently;
    /// [`recv_message`](Self::recv_message) tells.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_from`](crate::UdpSocket::recv_from), and
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) where a datagram met a closed port.
    ///
    /// # Examples
    ///
    /// See [`ConnectedUdpSocket`].
    #[inline]
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        sys::recv(sys::borrow(&self.fd), buffer.into(), Take::Data)
    }

    /// As [`recv`](Self::recv), into memory that need not be initialised.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    /// use std::mem::MaybeUninit;
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// server.send_to(b"pong", client.local_addr()?)?;
    /// let mut buffer = [MaybeUninit::uninit(); 16];
    /// assert_eq!(client.recv_uninit(&mut buffer)?, b"pong");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_uninit<'a>(&self, buffer: &'a mut [MaybeUninit<u8>]) -> io::Result<&'a mut [u8]> {
        sys::recv_uninit(sys::borrow(&self.fd), buffer)
    }

    /// As [`recv`](Self::recv), into several slices.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    /// use std::io::IoSliceMut;
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// server.send_to(b"headbody", client.local_addr()?)?;
    /// let (mut head, mut body) = ([0; 4], [0; 8]);
    /// let mut slices = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)];
    /// assert_eq!(client.recv_vectored(&mut slices)?, 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        Ok(sys::recv_from_vectored(sys::borrow(&self.fd), buffers)?.0)
    }

    /// Receives a datagram and leaves it in the queue.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// server.send_to(b"pong", client.local_addr()?)?;
    /// assert_eq!(client.peek(&mut [0; 16])?, client.recv(&mut [0; 16])?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "MSG_PEEK")]
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        sys::recv(sys::borrow(&self.fd), buffer.into(), Take::Peek)
    }
}
