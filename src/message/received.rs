//! What arrives with a datagram: [`Received`].

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use super::Outgoing;
use crate::addr::mapped::is_wildcard;
use crate::header::FlowLabel;
use crate::interface::Interface;
use crate::mode::{FromWire, IpFromWire, Mode, V6Only};
use crate::option::TrafficClass;
use crate::socket::{ConnectedUdpSocket, UdpSocket};
use crate::sys::{self, Take};

/// A datagram that was received, but for its payload, which is in the buffer.
///
/// Length, source and truncation are always told. Each of the others is there if the option that
/// its field names is on, and costs a few per cent of the call:
///
/// # Examples
///
/// ```
/// use inet6::{Builder, UdpSocket, option::{RecvHopLimit, RecvPacketInfo}};
///
/// let server = Builder::datagram()
///     .with(RecvPacketInfo(true))
///     .with(RecvHopLimit(true))
///     .bind("[::]:0")?;
/// let client = UdpSocket::bind("[::1]:0")?;
/// client.send_to(b"a long datagram", ("::1", server.local_addr()?.port()))?;
///
/// let mut buffer = [0; 6];
/// let received = server.recv_message(&mut buffer)?;
/// assert_eq!(&buffer[..received.len], b"a long");
/// assert_eq!(received.source, client.local_addr()?);
/// assert!(received.truncated);
/// assert_eq!(received.destination, Some("::1".parse()?)); // the socket is bound to [::]
/// assert!(received.hop_limit.is_some());
/// assert_eq!(received.traffic_class, None); // nobody asked
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Platform notes
///
/// For the IPv4 peers of a dual-stack socket the same fields come from the IPv4 header (TTL, type
/// of service) on Linux, Android, Windows, FreeBSD and illumos. On Apple's systems all but the hop
/// limit do, and on NetBSD nothing but the time. A flow label IPv4 has not.
///
/// Windows may leave any of them out when memory is short.
///
/// Source: RFC 3542, section 6.
#[doc(alias = "recvmsg")]
#[doc(alias = "cmsg")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Received<M: Mode = V6Only> {
    /// How many bytes are in the buffer; never more than it holds.
    pub len: usize,
    /// Who sent it, in the mode's type.
    pub source: M::Address,
    /// Whether the datagram was longer than the buffer, and the rest of it is lost.
    pub truncated: bool,
    /// Where it was sent to: an address of this host, or a multicast group
    /// ([`RecvPacketInfo`](crate::option::RecvPacketInfo)).
    pub destination: Option<M::Ip>,
    /// The interface that it came in by ([`RecvPacketInfo`](crate::option::RecvPacketInfo)).
    pub interface: Option<Interface>,
    /// How many routers it could still have passed ([`RecvHopLimit`](crate::option::RecvHopLimit)).
    pub hop_limit: Option<u8>,
    /// How routers should have treated it, and whether one met congestion
    /// ([`RecvTrafficClass`](crate::option::RecvTrafficClass)).
    pub traffic_class: Option<TrafficClass>,
    /// The label of its flow, where it has one ([`RecvFlowInfo`](crate::option::RecvFlowInfo)).
    pub flow_label: Option<FlowLabel>,
    /// When it arrived, by the clock of the system
    /// ([`RecvTimestamp`](crate::option::RecvTimestamp),
    /// [`Timestamping`](crate::option::Timestamping)).
    pub time: Option<SystemTime>,
    /// When it arrived, by the clock of the network hardware, since whatever that counts from
    /// ([`Timestamping`](crate::option::Timestamping)).
    pub hardware_time: Option<Duration>,
    /// How many datagrams the receive queue has had no room for since the socket was opened, modulo
    /// 2³²; none where there were none ([`RecvDropCount`](crate::option::RecvDropCount)).
    pub dropped: Option<u32>,
    /// The length of each of the datagrams that the kernel put together in the buffer; the last one
    /// may be shorter. Present only where somebody switched `UDP_GRO` on.
    pub segment_size: Option<u16>,
    /// This is no datagram: packets to `source` were larger than the path takes, which is this many
    /// bytes ([`RecvPathMtu`](crate::option::RecvPathMtu)).
    pub path_mtu: Option<u32>,
}

impl<M: Mode> Received<M> {
    pub(crate) fn new(message: sys::Message) -> Self {
        let arrival = message.arrival;
        Self {
            len: message.len,
            source: M::Address::from_wire(message.source),
            truncated: message.truncated,
            destination: arrival.destination.map(M::Ip::ip_from_wire),
            interface: NonZeroU32::new(arrival.interface).map(Interface::from_index),
            hop_limit: arrival.hop_limit,
            traffic_class: arrival.traffic_class.map(TrafficClass::from_bits),
            flow_label: FlowLabel::new(arrival.flow_label),
            time: arrival.time,
            hardware_time: arrival.hardware_time,
            dropped: arrival.dropped,
            segment_size: arrival.segment_size,
            path_mtu: arrival.path_mtu.map(|(_, mtu)| mtu),
        }
    }

    /// Answers from the address and the interface that the datagram was sent to.
    ///
    /// A socket on `[::]` that answers with [`send_to`](UdpSocket::send_to) does so from an address
    /// that the system chooses, and a host with several addresses then answers from the wrong one,
    /// which the peer, or a firewall before it, throws away. The answer to a multicast datagram, or
    /// to a broadcast one of IPv4, comes from an address of the interface that it arrived on.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the socket is bound to a wildcard address
    /// and [`RecvPacketInfo`](crate::option::RecvPacketInfo) was not on: nobody knows then where to
    /// answer from. Otherwise as [`send_message`](UdpSocket::send_message).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, UdpSocket, option::RecvPacketInfo};
    ///
    /// let server = Builder::datagram().with(RecvPacketInfo(true)).bind("[::]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?;
    /// client.send_to(b"ping", ("::1", server.local_addr()?.port()))?;
    ///
    /// let received = server.recv_message(&mut [0; 16])?;
    /// received.reply(&server, b"pong")?;
    /// assert_eq!(client.recv_from(&mut [0; 16])?.1.ip(), &received.destination.unwrap());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reply(&self, socket: &UdpSocket<M>, data: &[u8]) -> io::Result<usize> {
        if self.destination.is_none() {
            let local = sys::local_address(socket.target().fd)?;
            if is_wildcard(local.ip()) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "where the datagram was sent to is not known: set `RecvPacketInfo(true)` on \
                     the socket",
                ));
            }
        }
        let answer = self.answer(data);
        match (socket.send_message(&answer), self.destination.map(Into::into)) {
            (Err(error), Some(IpAddr::V4(ip)))
                if sys::errors::is_bad_source(&error) && !is_own(ip)? =>
            {
                socket.send_message(&answer.without_source())
            }
            (result, _) => result,
        }
    }

    /// The answer as a message, to be given more than [`reply`](Self::reply) gives it.
    ///
    /// Its destination is the source, and it goes out from the address and the interface that the
    /// datagram was sent to, where these are known.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, UdpSocket, option::{RecvPacketInfo, RecvTrafficClass}};
    ///
    /// let server = Builder::datagram().with(RecvPacketInfo(true)).bind("[::]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?;
    /// client.send_to(b"ping", ("::1", server.local_addr()?.port()))?;
    ///
    /// let received = server.recv_message(&mut [0; 16])?;
    /// server.send_message(&received.answer(b"pong").hop_limit(255))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn answer<'a>(&self, data: &'a [u8]) -> Outgoing<'a, M::Address, M> {
        let mut answer = Outgoing::to(self.source, data);
        // The zone of a sender names his link, also where the interface belongs to another one (VRF).
        let zone = match self.source.into() {
            SocketAddr::V6(source) => NonZeroU32::new(source.scope_id()),
            SocketAddr::V4(_) => None,
        };
        if let Some(interface) = zone.map(Interface::from_index).or(self.interface) {
            answer = answer.interface(interface);
        }
        match self.destination {
            Some(destination) if !is_shared(destination.into()) => answer.source(destination),
            _ => answer,
        }
    }
}

/// Whether this host has the address. It may have none of its own and still be asked by it: that of
/// a broadcast to the network.
#[cold]
fn is_own(ip: Ipv4Addr) -> io::Result<bool> {
    Ok(sys::interface_addresses()?.iter().any(|address| address.ip == ip))
}

/// Whether many hosts have the address, so that nobody sends from it.
fn is_shared(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_multicast(),
    }
}

impl<M: Mode> UdpSocket<M> {
    /// Receives a datagram with what else arrived: its source, whether it was truncated, and what
    /// the receive options ask for.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from). A truncated datagram is no error, on Windows neither.
    ///
    /// # Platform notes
    ///
    /// One system call. On Windows the function for it belongs to the provider of the socket, which
    /// is asked for it each time: one call more, which need not reach the kernel.
    ///
    /// # Examples
    ///
    /// See [`Received`].
    #[doc(alias = "recvmsg")]
    #[doc(alias = "MSG_TRUNC")]
    pub fn recv_message(&self, buffer: &mut [u8]) -> io::Result<Received<M>> {
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
    pub fn recv_message_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<Received<M>> {
        sys::recv_message(self.target().fd, buffers, Take::Data).map(Received::new)
    }
}

impl<M: Mode> ConnectedUdpSocket<M> {
    /// Receives a datagram of the peer with what else arrived.
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
    pub fn recv_message(&self, buffer: &mut [u8]) -> io::Result<Received<M>> {
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
    /// See [`UdpSocket::recv_message_vectored`].
    pub fn recv_message_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<Received<M>> {
        sys::recv_message(self.target().fd, buffers, Take::Data).map(Received::new)
    }
}
