//! What arrives with a datagram: [`Received`].

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use super::Outgoing;
use crate::addr::is_zoned;
use crate::addr::mapped::is_wildcard;
use crate::error::Refusal;
use crate::header::FlowLabel;
use crate::interface::Interface;
use crate::mode::{DualStack, FromWire, IpFromWire, Mode};
use crate::option::TrafficClass;
use crate::sys::cmsg::CHOOSES_IPV4_INTERFACE;
use crate::sys::{self, Take};
use crate::udp::{ConnectedUdpSocket, UdpSocket};

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
pub struct Received<M: Mode = DualStack> {
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

    /// Sends an answer from the address that the datagram was sent to.
    ///
    /// A socket on `[::]` that answers with [`send_to`](UdpSocket::send_to) does so from an address
    /// that the system chooses. On a host with several addresses that may be another one than the
    /// client asked, and the client, or a firewall before it, drops the answer. A group or a
    /// broadcast address sends nothing, so there the system chooses the source of the answer.
    ///
    /// The routes choose the interface, except for a client that is known to be on the link of the
    /// datagram: [`answer`](Self::answer) lists when, and pins the interface on request.
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
    /// assert_eq!(client.recv_from(&mut [0; 16])?.1.ip(), received.destination.unwrap());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reply(&self, socket: &UdpSocket<M>, data: &[u8]) -> io::Result<usize> {
        if self.destination.is_none() {
            let local = sys::local_address(socket.socket_ref().fd)?;
            if is_wildcard(local.ip()) {
                return Err(Refusal::UnknownDestination.into());
            }
        }
        let answer = self.answer(data);
        match (socket.send_message(&answer), self.destination.map(Into::into)) {
            (Err(error), Some(IpAddr::V4(ip)))
                if sys::errno::is_bad_source(&error) && !sys::is_own(ip.into())? =>
            {
                socket.send_message(&answer.without_source())
            }
            (result, _) => result,
        }
    }

    /// Returns the answer that [`reply`](Self::reply) sends, to change it before it is sent.
    ///
    /// Its destination is the client, and its source the address that the datagram was sent to, if
    /// [`RecvPacketInfo`](crate::option::RecvPacketInfo) was on and that is neither a group nor
    /// `255.255.255.255`.
    ///
    /// Its interface is left to the routes, because the way back need not be the way that the
    /// datagram took. It is the interface of the datagram if no router can be between it and the
    /// client:
    ///
    /// | the client, or the address that it asked, is | |
    /// | --- | --- |
    /// | `fe80::/10` | link-local (RFC 4291, section 2.5.6); the zone of the client comes first |
    /// | `ff01::/16`, `ff02::/16` and their kin with other flags | a group of interface-local or link-local scope (RFC 4291, section 2.7) |
    /// | `169.254.0.0/16` | link-local (RFC 3927, section 7) |
    /// | `224.0.0.0/24` | a group that routers do not forward (RFC 5771, section 4) |
    /// | `255.255.255.255` | the limited broadcast (RFC 919, section 7) |
    ///
    /// On FreeBSD and NetBSD no interface can be chosen for an IPv4 datagram, and the routes choose
    /// it.
    ///
    /// To send any answer out by the interface that the datagram came in by, add
    /// `.interface(received.interface)`. What that means differs between systems, and on Linux
    /// between families: see [`Outgoing::interface`].
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
    /// let answer = received.answer(b"pong").interface(received.interface).hop_limit(255);
    /// server.send_message(&answer)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn answer<'a>(&self, data: &'a [u8]) -> Outgoing<'a, M::Address, M> {
        let answer = Outgoing::to(self.source, data).interface(self.link());
        match self.destination {
            Some(destination) if !is_shared(destination.into()) => answer.source(destination),
            _ => answer,
        }
    }

    /// The interface whose link the client is on, if that follows from the addresses.
    fn link(&self) -> Option<Interface> {
        let client: SocketAddr = self.source.into();
        // The zone of a client names its link, also if the interface belongs to another one (VRF).
        let zone = match client {
            SocketAddr::V6(client) => NonZeroU32::new(client.scope_id()),
            SocketAddr::V4(_) if !CHOOSES_IPV4_INTERFACE => return None,
            SocketAddr::V4(_) => None,
        };
        let on_link = is_link_scoped(client.ip())
            || self.destination.is_some_and(|asked| is_link_scoped(asked.into()));
        zone.map(Interface::from_index).or(self.interface).filter(|_| on_link)
    }
}

/// Whether no router forwards packets from or to this address.
fn is_link_scoped(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_link_local() || ip.is_broadcast() || ip.octets().starts_with(&[224, 0, 0])
        }
        IpAddr::V6(ip) => is_zoned(&ip),
    }
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
        sys::recv_message(self.socket_ref().fd, buffers, Take::Data).map(Received::new)
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
        sys::recv_message(self.socket_ref().fd, buffers, Take::Data).map(Received::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_scope_follows_address_prefix() {
        let scoped = |ip: &str| is_link_scoped(ip.parse().unwrap());
        for ip in ["fe80::1", "febf::1", "ff01::1", "ff12::1", "ff02::fb"] {
            assert!(scoped(ip), "{ip}");
        }
        for ip in ["169.254.0.0", "169.254.255.255", "224.0.0.0", "224.0.0.255", "255.255.255.255"]
        {
            assert!(scoped(ip), "{ip}");
        }
        for ip in ["::1", "fec0::1", "fd00::1", "2001:db8::1", "ff03::1", "ff05::2", "ff0e::1"] {
            assert!(!scoped(ip), "{ip}");
        }
        for ip in ["127.0.0.1", "169.253.0.1", "169.255.0.1", "224.0.1.0", "239.255.255.250"] {
            assert!(!scoped(ip), "{ip}");
        }
    }
}
