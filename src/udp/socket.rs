//! A datagram socket without a fixed peer.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv6Addr, SocketAddrV6};

use super::ConnectedUdpSocket;
use super::send_error::{UnsentDatagram, total};
use crate::addr::ToAddress;
use crate::error::{Refusal, Returned};
use crate::kind::{Datagram, Datagrams};
use crate::mode::{DualStack, FromWire, Mode};
use crate::option::MulticastLoop;
use crate::socket::adopt::adopt;
use crate::socket::common::{common_methods, timeouts};
use crate::socket::connect::explain;
use crate::socket::connect::trace_connecting;
use crate::socket::readiness::{readable, writable};
use crate::socket::scope::{lookup, to_wire, with_wire};
use crate::sys::{self, Owned, SocketRef, Take};

/// A datagram socket that sends to anyone and receives from anyone.
///
/// [`UdpSocket::bind`] opens one as std does; a [`Builder`](crate::Builder) opens one in another
/// mode or with options. [`connect`](Self::connect) turns it into a [`ConnectedUdpSocket`].
///
/// # Examples
///
/// ```
/// use inet6::UdpSocket;
///
/// let server = UdpSocket::bind("[::1]:0")?;
/// let client = UdpSocket::bind("[::1]:0")?;
/// client.send_to(b"ping", server.local_addr()?)?;
/// let mut buffer = [0; 16];
/// let (len, peer) = server.recv_from(&mut buffer)?;
/// assert_eq!((&buffer[..len], peer), (&b"ping"[..], client.local_addr()?));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// It cannot send without a destination:
///
/// ```compile_fail,E0599
/// # let server = inet6::UdpSocket::bind("[::1]:0")?;
/// # let socket = inet6::UdpSocket::bind("[::1]:0")?;
/// socket.send(b"ping")?; // `connect` comes first
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```
/// # let server = inet6::UdpSocket::bind("[::1]:0")?;
/// # let socket = inet6::UdpSocket::bind("[::1]:0")?;
/// socket.connect(server.local_addr()?)?.send(b"ping")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UdpSocket<M: Mode = DualStack> {
    pub(super) fd: Owned,
    pub(super) mode: M,
}

common_methods!(UdpSocket {}, Datagram, role Datagrams);
adopt!(UdpSocket, Datagram, std::net::UdpSocket);
timeouts!(UdpSocket);
readable!(UdpSocket);
writable!(UdpSocket);

impl<M: Mode> UdpSocket<M> {
    pub(crate) fn new(fd: Owned, mode: M) -> Self {
        Self { fd, mode }
    }

    pub(crate) fn mode(&self) -> M {
        self.mode
    }

    /// Sends a datagram; it goes out whole or not at all.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for an address that the mode does not speak or
    /// that is link-local without a zone, before any system call. For a datagram that is too long
    /// the error holds a [`MessageTooLong`](crate::udp::MessageTooLong), which tells the path MTU.
    /// The rest are those of sendto(2): where the socket waits for room,
    /// [`Interrupted`](io::ErrorKind::Interrupted) by a signal, as in std, and nothing was sent.
    ///
    /// A link-local address without a zone is sent where the socket itself is meant for one
    /// interface ([`BindDevice`](crate::option::BindDevice), a zoned local address,
    /// [`MulticastInterface`](crate::option::MulticastInterface),
    /// [`UnicastInterface`](crate::option::UnicastInterface)). Only then the socket is asked
    /// first, which costs system calls; write the zone to save them. Text is read at each call, and
    /// the name of an interface looked up: give a [`SocketAddrV6`] or an index to save that.
    ///
    /// # Examples
    ///
    /// See [`UdpSocket`].
    #[inline(always)]
    pub fn send_to(&self, data: &[u8], peer: impl ToAddress<M>) -> io::Result<usize> {
        send_to(self.socket_ref(), self.mode, data, &peer)
    }

    /// As [`send_to`](Self::send_to), from several slices.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to). More than 1024 slices are too many on most systems.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    /// use std::io::IoSlice;
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// let slices = [IoSlice::new(b"head"), IoSlice::new(b"body")];
    /// socket.send_to_vectored(&slices, socket.local_addr()?)?;
    /// assert_eq!(socket.recv_from(&mut [0; 16])?.0, 8);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn send_to_vectored(
        &self,
        data: &[IoSlice<'_>],
        peer: impl ToAddress<M>,
    ) -> io::Result<usize> {
        let socket = self.socket_ref();
        with_wire(socket, self.mode, &peer, |wire| {
            sys::send_to_vectored(socket.fd, data, Some(wire))
                .map_err(|error| UnsentDatagram::to(socket, wire, total(data)).explain(error))
        })
    }

    /// Receives a datagram, and the address of its sender.
    ///
    /// What does not fit into the buffer is lost, silently;
    /// [`recv_message`](Self::recv_message) tells.
    ///
    /// # Errors
    ///
    /// Those of recvfrom(2): [`WouldBlock`](io::ErrorKind::WouldBlock) on a nonblocking socket and
    /// when a read timeout has passed, [`Interrupted`](io::ErrorKind::Interrupted) by a signal, as
    /// in std.
    ///
    /// # Platform notes
    ///
    /// On Windows a truncated datagram is no error, and the answer "port unreachable" to an
    /// earlier one does not end the loop: both differ from std there.
    ///
    /// # Examples
    ///
    /// See [`UdpSocket`].
    #[inline]
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, M::Address)> {
        let (len, source) = sys::recv_from(sys::borrow(&self.fd), buffer.into(), Take::Data)?;
        Ok((len, M::Address::from_wire(source)))
    }

    /// As [`recv_from`](Self::recv_from), into memory that need not be initialised.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    /// use std::mem::MaybeUninit;
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// socket.send_to(b"ping", socket.local_addr()?)?;
    /// let mut buffer = [MaybeUninit::uninit(); 16];
    /// let (data, _) = socket.recv_from_uninit(&mut buffer)?;
    /// assert_eq!(data, b"ping");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn recv_from_uninit<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
    ) -> io::Result<(&'a mut [u8], M::Address)> {
        let (data, source) = sys::recv_from_uninit(sys::borrow(&self.fd), buffer)?;
        Ok((data, M::Address::from_wire(source)))
    }

    /// As [`recv_from`](Self::recv_from), into several slices.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from).
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
    /// assert_eq!(socket.recv_from_vectored(&mut slices)?.0, 8);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn recv_from_vectored(
        &self,
        buffers: &mut [IoSliceMut<'_>],
    ) -> io::Result<(usize, M::Address)> {
        let (len, source) = sys::recv_from_vectored(sys::borrow(&self.fd), buffers)?;
        Ok((len, M::Address::from_wire(source)))
    }

    /// Receives a datagram and leaves it in the queue.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// socket.send_to(b"ping", socket.local_addr()?)?;
    /// assert_eq!(socket.peek_from(&mut [0; 16])?, socket.recv_from(&mut [0; 16])?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "MSG_PEEK")]
    pub fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, M::Address)> {
        let (len, source) = sys::recv_from(sys::borrow(&self.fd), buffer.into(), Take::Peek)?;
        Ok((len, M::Address::from_wire(source)))
    }

    /// Fixes the peer, which the socket keeps for as long as it is open.
    ///
    /// No packet is sent. A wildcard local address becomes the one that the route to the peer
    /// gives.
    ///
    /// # Errors
    ///
    /// Those of an address, [`InvalidInput`](io::ErrorKind::InvalidInput) for port 0, which nobody
    /// has, and [`NetworkUnreachable`](io::ErrorKind::NetworkUnreachable) without a route. The
    /// error gives the socket back.
    ///
    /// # Platform notes
    ///
    /// Linux would take port 0, and have no peer afterwards; it is refused before the call.
    ///
    /// The wildcard address as a peer is this host, but for Windows: there it fails with
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable).
    ///
    /// # Examples
    ///
    /// See [`ConnectedUdpSocket`].
    pub fn connect(self, peer: impl ToAddress<M>) -> Result<ConnectedUdpSocket<M>, Returned<Self>> {
        match to_wire(self.socket_ref(), self.mode, peer) {
            Ok(wire) => self.connect_wire(wire),
            Err(error) => Err(Returned::new(self, error.into())),
        }
    }

    pub(crate) fn connect_wire(
        self,
        peer: SocketAddrV6,
    ) -> Result<ConnectedUdpSocket<M>, Returned<Self>> {
        let socket = self.socket_ref().fd;
        trace_connecting(&peer);
        let connected = match peer.port() {
            0 => Err(Refusal::PortZero.into()),
            _ => sys::start_connect(socket, &peer),
        };
        match connected {
            Ok(_) => Ok(ConnectedUdpSocket::new(self.fd, self.mode)),
            Err(error) => {
                let error = explain(socket, self.mode, peer, error);
                Err(Returned::new(self, error))
            }
        }
    }

    /// Joins a multicast group on the interface of this index; 0 lets the system choose.
    ///
    /// This is std's method. [`join`](Self::join) gives a value that leaves the group, keeps out
    /// what other programs joined, and says what went wrong.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2): [`AddrInUse`](io::ErrorKind::AddrInUse) where the socket is a
    /// member already, [`InvalidInput`](io::ErrorKind::InvalidInput) for an address that is not
    /// multicast, "no such device" for an unknown index.
    ///
    /// # Platform notes
    ///
    /// On Apple's systems the interface must be given.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, interface::Interface};
    ///
    /// let socket = UdpSocket::bind("[::]:0")?;
    /// let interface = Interface::list()?.iter().next().unwrap().interface().index().get();
    /// socket.join_multicast_v6(&"ff02::1234".parse()?, interface)?;
    /// socket.leave_multicast_v6(&"ff02::1234".parse()?, interface)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "IPV6_JOIN_GROUP")]
    #[doc(alias = "IPV6_ADD_MEMBERSHIP")]
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        sys::join(self.socket_ref().fd, group, interface)
    }

    /// Leaves a multicast group.
    ///
    /// # Errors
    ///
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable) where the socket is no member.
    ///
    /// # Examples
    ///
    /// See [`join_multicast_v6`](Self::join_multicast_v6).
    #[doc(alias = "IPV6_LEAVE_GROUP")]
    #[doc(alias = "IPV6_DROP_MEMBERSHIP")]
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        sys::leave(self.socket_ref().fd, group, interface)
    }

    /// Sets [`MulticastLoop`].
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = inet6::UdpSocket::bind("[::]:0")?;
    /// socket.set_multicast_loop_v6(false)?;
    /// assert!(!socket.multicast_loop_v6()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        Ok(self.set_option(MulticastLoop(on))?)
    }

    /// Reads [`MulticastLoop`].
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// # Examples
    ///
    /// See [`set_multicast_loop_v6`](Self::set_multicast_loop_v6).
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        let MulticastLoop(on) = self.option()?;
        Ok(on)
    }
}

#[inline(always)]
pub(crate) fn send_to<M: Mode>(
    socket: SocketRef<'_>,
    mode: M,
    data: &[u8],
    peer: &impl ToAddress<M>,
) -> io::Result<usize> {
    // Not `with_wire`: the address is encoded in each arm, straight from where it is.
    let mut slot = None;
    let name = match peer.lend(mode, &mut slot) {
        Some(wire) => sys::encode(wire),
        None => sys::encode(&lookup(socket, mode, peer, 0)?),
    };
    match sys::send_to(socket.fd, data, &name) {
        Ok(len) => Ok(len),
        Err(error) => Err(not_sent(socket, &name, data.len(), error)),
    }
}

#[cold]
#[inline(never)]
fn not_sent(socket: SocketRef<'_>, peer: &sys::Encoded, len: usize, error: io::Error) -> io::Error {
    UnsentDatagram::to(socket, &sys::decoded(peer), len).explain(error)
}
