//! A datagram to be sent otherwise than its socket does: [`Outgoing`].

use std::fmt;
use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};

use super::send_at::{SendAt, SocketClock};
use crate::addr::mapped::{canonical_ip, is_mapped, is_wildcard, wire_ip};
use crate::addr::{ToAddress, ToEndpoint, is_zoned};
use crate::error::Refusal;
use crate::header::FlowLabel;
use crate::interface::Interface;
use crate::mode::{DualStack, Mode};
use crate::option::{DontFragment, TrafficClass};
use crate::socket::scope::with_wire_on;
use crate::sys::batch::Packet;
use crate::sys::{self, cmsg::Departure};
use crate::udp::{ConnectedUdpSocket, UdpSocket, UnsentDatagram, total};

/// A datagram with what it is sent with: where it differs from what the socket is set to, for this
/// one only.
///
/// [`send_to`](UdpSocket::send_to) is the plain system call, and what is said here costs a little
/// more. Where nothing is said, the socket's options count.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, UdpSocket, option::RecvHopLimit, udp::Outgoing};
/// use std::net::Ipv6Addr;
///
/// let server = Builder::datagram().with(RecvHopLimit(true)).bind("[::1]:0")?;
/// let client = UdpSocket::bind("[::]:0")?;
/// let message = Outgoing::to(server.local_addr()?, b"ping").source(Ipv6Addr::LOCALHOST).hop_limit(7);
/// client.send_message(&message)?;
/// let received = server.recv_message(&mut [0; 16])?;
/// assert_eq!(received.source.ip(), Ipv6Addr::LOCALHOST);
/// # if cfg!(target_os = "linux") {
/// assert_eq!(received.hop_limit, Some(7));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A socket without a peer needs a destination:
///
/// ```compile_fail,E0277
/// # use inet6::{UdpSocket, udp::Outgoing};
/// # let socket = UdpSocket::bind("[::1]:0")?;
/// socket.send_message(&Outgoing::new(b"ping"))?; // to whom?
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// ```
/// # use inet6::{UdpSocket, udp::Outgoing};
/// # let socket = UdpSocket::bind("[::1]:0")?;
/// socket.send_message(&Outgoing::to(socket.local_addr()?, b"ping"))?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Platform notes
///
/// | what | Linux, Android | Windows | Apple | FreeBSD | illumos | NetBSD, OpenBSD, DragonFly |
/// | --- | --- | --- | --- | --- | --- | --- |
/// | source, interface, hop limit, no fragments | yes | yes | yes | yes | yes | yes |
/// | traffic class | yes | recent | yes | yes | yes | yes |
/// | flow label, time of sending | yes | no | no | no | no | no |
/// | segment size | yes | yes | no | no | no | no |
/// | to an IPv4 peer: source | yes | yes | yes | yes | yes | no |
/// | to an IPv4 peer: interface | yes | yes | yes | no | yes | no |
/// | to an IPv4 peer: hop limit | yes | yes | no | no | no | no |
/// | to an IPv4 peer: traffic class | yes | recent | yes | yes | no | no |
/// | to an IPv4 peer: no fragments | no | yes | no | no | no | no |
///
/// "Recent" is a Windows that lets the traffic class of a socket be set (`IPV6_TCLASS`). A source
/// address goes before an interface on FreeBSD, and for IPv4 peers on Apple's systems: where both
/// are given, the routes choose the interface, but that of a link-local address.
///
/// What a system does not have is an error of kind [`Unsupported`](io::ErrorKind::Unsupported), and
/// the datagram is not sent.
///
/// Source: RFC 3542, section 6; ipv6(7), ip(7), udp(7), socket(7).
#[doc(alias = "sendmsg")]
#[doc(alias = "cmsg")]
#[derive(Clone, Copy)]
#[must_use = "a message does nothing until it is sent"]
pub struct Outgoing<'a, P = (), M: Mode = DualStack> {
    peer: P,
    data: Data<'a>,
    source: Option<M::Ip>,
    send_at: Option<SendAt>,
    departure: Departure,
}

#[derive(Clone, Copy)]
enum Data<'a> {
    /// As a slice of one, which the kernel wants.
    One([IoSlice<'a>; 1]),
    Many(&'a [IoSlice<'a>]),
}

impl<'a, M: Mode> Outgoing<'a, (), M> {
    /// A datagram to the peer of a connected socket.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, header::Ecn, option::TrafficClass, udp::Outgoing};
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// let class = TrafficClass { ecn: Ecn::Ect0, ..TrafficClass::default() };
    /// client.send_message(&Outgoing::new(b"ping").traffic_class(class))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(data: &'a [u8]) -> Self {
        Self::to((), data)
    }
}

impl<'a, P, M: Mode> Outgoing<'a, P, M> {
    /// A datagram to anyone.
    ///
    /// # Examples
    ///
    /// See [`Outgoing`].
    pub fn to(peer: P, data: &'a [u8]) -> Self {
        Self {
            peer,
            data: Data::One([IoSlice::new(data)]),
            source: None,
            send_at: None,
            departure: Departure::default(),
        }
    }

    /// Takes the bytes from several slices, instead of those given before.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, udp::Outgoing};
    /// use std::io::IoSlice;
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// let slices = [IoSlice::new(b"head"), IoSlice::new(b"body")];
    /// socket.send_message(&Outgoing::to(socket.local_addr()?, &[]).vectored(&slices))?;
    /// assert_eq!(socket.recv_from(&mut [0; 16])?.0, 8);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn vectored(mut self, data: &'a [IoSlice<'a>]) -> Self {
        self.data = Data::Many(data);
        self
    }

    /// Which address of this host it comes from (`IPV6_PKTINFO`).
    ///
    /// # Examples
    ///
    /// See [`Outgoing`].
    #[doc(alias = "IPV6_PKTINFO")]
    #[doc(alias = "IP_SENDSRCADDR")]
    pub fn source(mut self, ip: impl Into<M::Ip>) -> Self {
        self.source = Some(ip.into());
        self
    }

    /// Sends it out by an interface (`IPV6_PKTINFO`); `None` leaves the choice to the routes.
    ///
    /// The interface is also the zone of a link-local destination that has none.
    ///
    /// # Platform notes
    ///
    /// Linux and Android search the routes of that interface only. If none leads to the
    /// destination, an IPv4 datagram is sent as if the destination were on the link, and is lost if
    /// it is not; an IPv6 datagram fails with
    /// [`NetworkUnreachable`](io::ErrorKind::NetworkUnreachable). **Beside a
    /// [`source`](Self::source) the interface of an IPv6 datagram is a hint**: it decides between
    /// on-link routes of the same prefix and metric, and otherwise the routes do. It is binding for
    /// link-local and multicast destinations, and on a socket with
    /// [`BindDevice`](crate::option::BindDevice).
    ///
    /// Read, not run: on the BSDs and Apple's systems a datagram whose route leads out by another
    /// interface fails with [`HostUnreachable`](io::ErrorKind::HostUnreachable) (`EHOSTUNREACH`). A
    /// source may go before the interface: see [`Outgoing`](Outgoing#platform-notes).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, interface::Interface, udp::Outgoing};
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// let loopback = Interface::list()?.iter().next().unwrap().interface();
    /// socket.send_message(&Outgoing::to(socket.local_addr()?, b"x").interface(loopback))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// Source: RFC 3542, section 6.2; Linux, net/ipv6/route.c, `ip6_route_output_flags_noref`, and
    /// net/ipv4/route.c, `ip_route_output_key_hash_rcu`; FreeBSD, netinet6/in6_src.c,
    /// `selectroute`.
    #[doc(alias = "IPV6_PKTINFO")]
    #[doc(alias = "IP_PKTINFO")]
    pub fn interface(mut self, interface: impl Into<Option<Interface>>) -> Self {
        self.departure.interface = interface.into().map_or(0, |interface| interface.index().get());
        self
    }

    /// How many routers it may pass (`IPV6_HOPLIMIT`), to a multicast group too.
    ///
    /// # Examples
    ///
    /// See [`Outgoing`].
    #[doc(alias = "IPV6_HOPLIMIT")]
    #[doc(alias = "IP_TTL")]
    pub fn hop_limit(mut self, hops: u8) -> Self {
        self.departure.hop_limit = Some(hops);
        self
    }

    /// How routers should treat it, and whether they may mark it (`IPV6_TCLASS`).
    ///
    /// # Examples
    ///
    /// See [`Outgoing::new`].
    #[doc(alias = "IPV6_TCLASS")]
    #[doc(alias = "IP_TOS")]
    pub fn traffic_class(mut self, class: TrafficClass) -> Self {
        self.departure.traffic_class = Some(class.bits());
        self
    }

    /// Whether it is refused rather than split, where it is larger than the path takes
    /// (`IPV6_DONTFRAG`).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, option::DontFragment, udp::Outgoing};
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// let probe = Outgoing::to(socket.local_addr()?, &[0; 1200]).dont_fragment(DontFragment(true));
    /// socket.send_message(&probe)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "IPV6_DONTFRAG")]
    pub fn dont_fragment(mut self, refuse: DontFragment) -> Self {
        self.departure.dont_fragment = Some(refuse.0);
        self
    }

    /// The label of its flow (`IPV6_FLOWINFO`).
    ///
    /// A label that the socket has not [leased](crate::flow_label::FlowLease) is refused where
    /// anybody in the network namespace has asked for one of his own.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, flow_label::FlowShare, udp::Outgoing};
    /// use std::io::ErrorKind;
    ///
    /// let socket = Builder::datagram().v6_only().bind("[::1]:0")?;
    /// let peer = socket.local_addr()?;
    /// match socket.request_flow_label(*peer.ip(), None, FlowShare::Any) {
    ///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
    ///     lease => {
    ///         let label = lease?.keep();
    ///         socket.send_message(&Outgoing::to(peer, b"x").flow_label(label))?;
    ///     }
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "IPV6_FLOWINFO")]
    pub fn flow_label(mut self, label: FlowLabel) -> Self {
        self.departure.flow_label = label.bits();
        self
    }

    /// Cuts the bytes into datagrams of this many, the last one with what is left (`UDP_SEGMENT`).
    ///
    /// One system call sends them all. Linux takes 128 (64 before 6.9), and no more than the
    /// longest datagram has; [`send_segments`](UdpSocket::send_segments) sends any number. 0 cuts
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, udp::Outgoing};
    /// use std::io::ErrorKind;
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// match socket.send_message(&Outgoing::to(socket.local_addr()?, &[0; 30]).segment_size(20)) {
    ///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
    ///     result => {
    ///         assert_eq!(result?, 30);
    ///         # if cfg!(target_os = "linux") {
    ///         assert_eq!(socket.recv_from(&mut [0; 64])?.0, 20);
    ///         assert_eq!(socket.recv_from(&mut [0; 64])?.0, 10);
    ///         # }
    ///     }
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "UDP_SEGMENT")]
    #[doc(alias = "UDP_SEND_MSG_SIZE")]
    pub fn segment_size(mut self, bytes: u16) -> Self {
        self.departure.segment_size = Some(bytes);
        self
    }

    /// Sends it at a time (`SCM_TXTIME`): an [`Instant`](std::time::Instant), a
    /// [`SystemTime`](std::time::SystemTime) or a [`SendAt::Tai`].
    ///
    /// The socket needs [`TransmitTime`](crate::option::TransmitTime) with the clock of that time,
    /// and the interface a queueing discipline that keeps packets back. A time of another clock is
    /// refused when the datagram is sent: the socket is asked for its clock, with one more system
    /// call for each datagram or batch.
    ///
    /// # Examples
    ///
    /// See [`TransmitTime`](crate::option::TransmitTime).
    #[doc(alias = "SCM_TXTIME")]
    pub fn send_at(mut self, time: impl Into<SendAt>) -> Self {
        self.send_at = Some(time.into());
        self
    }

    /// Leaves the source address to the system.
    pub(super) fn without_source(mut self) -> Self {
        self.source = None;
        self
    }

    fn send(
        &self,
        socket: sys::SocketRef<'_>,
        mode: M,
        peer: Option<&SocketAddrV6>,
    ) -> io::Result<usize> {
        let packet = self.packet(socket, mode, peer.copied(), &SocketClock::default())?;
        let Packet { data, departure, ipv4, .. } = &packet;
        let result = match departure {
            None => sys::send_to_vectored(socket.fd, data, peer),
            Some(departure) => sys::send_message(socket.fd, data, peer, departure, *ipv4),
        };
        result.map_err(|error| explain(socket, &packet, total(data), error))
    }

    fn debug(&self, f: &mut fmt::Formatter<'_>, peer: Option<&dyn fmt::Debug>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("peer", &peer)
            .field("len", &total(self.slices()))
            .field("source", &self.source.map(canonical_ip))
            .field("send_at", &self.send_at)
            .field("departure", &self.departure)
            .finish()
    }

    /// As the system takes it.
    #[inline(always)]
    pub(crate) fn packet(
        &self,
        socket: sys::SocketRef<'_>,
        mode: M,
        peer: Option<SocketAddrV6>,
        clock: &SocketClock,
    ) -> io::Result<Packet<'_>> {
        if self.source.is_none() && self.send_at.is_none() && self.departure.is_plain() {
            return Ok(Packet { data: self.slices(), peer, departure: None, ipv4: false });
        }
        self.special_packet(socket, mode, peer, clock)
    }

    /// As the system takes it, with what it is sent with.
    fn special_packet(
        &self,
        socket: sys::SocketRef<'_>,
        mode: M,
        peer: Option<SocketAddrV6>,
        clock: &SocketClock,
    ) -> io::Result<Packet<'_>> {
        let mut departure = self.departure;
        if let Some(ip) = self.source {
            departure.source = source(mode, ip.into())?;
        }
        departure.send_at = self.send_at.map(|at| clock.nanos(socket, at)).transpose()?;
        let ipv4 = match peer {
            _ if mode.v6_only() => false,
            Some(peer) => is_mapped(peer.ip()),
            None if departure.is_plain() => false,
            None => is_mapped(sys::peer_address(socket.fd)?.ip()),
        };
        check(&departure, ipv4, peer.as_ref())?;
        let departure = (!departure.is_plain()).then_some(departure);
        Ok(Packet { data: self.slices(), peer, departure, ipv4 })
    }

    fn slices(&self) -> &[IoSlice<'a>] {
        match &self.data {
            Data::One(data) => data,
            Data::Many(data) => data,
        }
    }

    /// Lends the kernel's form of the destination.
    pub(crate) fn with_peer<R>(
        &self,
        socket: sys::SocketRef<'_>,
        mode: M,
        run: impl FnOnce(&SocketAddrV6) -> io::Result<R>,
    ) -> io::Result<R>
    where
        P: ToAddress<M>,
    {
        with_wire_on(socket, mode, &self.peer, self.departure.interface, run)
    }

    pub(crate) fn send_to_peer(&self, socket: sys::SocketRef<'_>, mode: M) -> io::Result<usize>
    where
        P: ToAddress<M>,
    {
        self.with_peer(socket, mode, |wire| self.send(socket, mode, Some(wire)))
    }
}

impl<M: Mode> fmt::Debug for Outgoing<'_, (), M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug(f, None)
    }
}

/// The peer is shown as the address that is meant, whatever its type and notation.
impl<P: ToEndpoint, M: Mode> fmt::Debug for Outgoing<'_, P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer.endpoint() {
            Ok(endpoint) => self.debug(f, Some(&endpoint)),
            Err(error) => self.debug(f, Some(&error)),
        }
    }
}

/// What the system's error means of a packet that it did not send, with so many bytes in one call.
#[cold]
pub(crate) fn explain(
    socket: sys::SocketRef<'_>,
    packet: &Packet<'_>,
    all: usize,
    error: io::Error,
) -> io::Error {
    let Packet { peer, departure, .. } = packet;
    let departure = &departure.unwrap_or_default();
    let len = length(all, departure);
    let unsent = match peer {
        Some(peer) => UnsentDatagram::to(socket, peer, len),
        None => UnsentDatagram::connected(socket, len),
    };
    let error = explain_departure(departure, all, error);
    unsent.from(departure.source, departure.interface).explain(error)
}

/// The length of what may be too long: of all that is given, or of one of the datagrams that it is
/// cut into.
fn length(all: usize, departure: &Departure) -> usize {
    match departure.segment_size {
        Some(size) if size != 0 && all <= usize::from(u16::MAX) => all.min(size.into()),
        _ => all,
    }
}

/// The kernel's form of a source address; of a wildcard, that none was given.
fn source<M: Mode>(mode: M, ip: IpAddr) -> io::Result<Option<Ipv6Addr>> {
    let ip = canonical_ip(ip);
    let wire = wire_ip(ip);
    if mode.v6_only() && ip.is_ipv4() {
        return Err(Refusal::Ipv4Source(ip).into());
    }
    if ip.is_multicast() {
        return Err(Refusal::GroupAsSource(ip).into());
    }
    Ok((!is_wildcard(&wire)).then_some(wire))
}

/// Refuses what a kernel would refuse without a word, or do half of.
fn check(departure: &Departure, ipv4: bool, peer: Option<&SocketAddrV6>) -> io::Result<()> {
    let zone = peer.map_or(0, SocketAddrV6::scope_id) | departure.interface;
    if let Some(source) = departure.source {
        if is_mapped(&source) != ipv4 {
            return Err(Refusal::TwoFamilies.into());
        }
        if is_zoned(&source) && peer.is_some() && zone == 0 {
            return Err(Refusal::SourceWithoutZone(source).into());
        }
    }
    if ipv4 && departure.hop_limit == Some(0) {
        return Err(Refusal::Ipv4HopLimit.into());
    }
    match peer {
        Some(peer)
            if departure.interface != 0
                && is_zoned(peer.ip())
                && peer.scope_id() != departure.interface =>
        {
            let (of_peer, given) = (peer.scope_id(), departure.interface);
            Err(Refusal::TwoInterfaces { of_peer, given }.into())
        }
        _ => Ok(()),
    }
}

/// A kernel says no more than "invalid argument" of a source that is not its own and of too many
/// segments.
#[cold]
fn explain_departure(departure: &Departure, len: usize, error: io::Error) -> io::Error {
    let source = departure.source.filter(|_| sys::errno::is_bad_source(&error));
    if let Some(shown) = source.map(canonical_ip) {
        if sys::is_own(shown).is_ok_and(|own| !own) {
            return Refusal::ForeignSource(shown, error.kind()).into();
        }
    }
    if error.kind() != io::ErrorKind::InvalidInput {
        return error;
    }
    let size = departure.segment_size.map_or(0, usize::from);
    if size != 0 && len.div_ceil(size) > MOST_SEGMENTS {
        return Refusal::ManySegments { len, most: MOST_SEGMENTS, size }.into();
    }
    error
}

/// Of one call (linux/udp.h, `UDP_MAX_SEGMENTS`; half as many before Linux 6.9).
const MOST_SEGMENTS: usize = 128;

impl<M: Mode> UdpSocket<M> {
    /// Sends a datagram as its [`Outgoing`] says; it goes out whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to); [`Unsupported`](io::ErrorKind::Unsupported), naming it, for
    /// what the system cannot choose for one packet; [`InvalidInput`](io::ErrorKind::InvalidInput)
    /// for a source address of another family than the destination, or that this host does not
    /// have, and for another interface than the zone of the destination, for a time of sending of
    /// another clock than that of [`TransmitTime`](crate::option::TransmitTime), and for more
    /// segments than the system cuts. For a datagram that is too long the error holds a
    /// [`MessageTooLong`](crate::udp::MessageTooLong).
    ///
    /// # Examples
    ///
    /// See [`Outgoing`].
    #[doc(alias = "sendmsg")]
    pub fn send_message<P: ToAddress<M>>(&self, message: &Outgoing<'_, P, M>) -> io::Result<usize> {
        message.send_to_peer(self.socket_ref(), self.mode())
    }
}

impl<M: Mode> ConnectedUdpSocket<M> {
    /// Sends a datagram to the peer as its [`Outgoing`] says; it goes out whole or not at all.
    ///
    /// On a dual-stack socket it costs one more system call, which asks for the family of the peer.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send) and [`UdpSocket::send_message`].
    ///
    /// # Examples
    ///
    /// See [`Outgoing::new`].
    #[doc(alias = "sendmsg")]
    pub fn send_message(&self, message: &Outgoing<'_, (), M>) -> io::Result<usize> {
        message.send(self.socket_ref(), self.mode(), None)
    }
}
