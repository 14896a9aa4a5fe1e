//! Options of the IPv6 layer (`IPPROTO_IPV6`): what stands in the header.

use std::ffi::c_int;
use std::fmt;
use std::io;

use super::{LiveOn, Setting, SocketOption};
use crate::header::{Dscp, Ecn};
use crate::kind::{Connected, Datagram, Datagrams, Listening, Stream};
use crate::sys::{self, SocketRef, System, option_numbers};

/// The hop limit of unicast packets (`IPV6_UNICAST_HOPS`).
///
/// Each router takes one off, and the packet that reaches zero is dropped and reported to the
/// sender. `IP_TTL`, which `set_ttl` of std sets, does nothing on an IPv6 socket.
///
/// # Values
///
/// `Some(0..=255)` hops, or `None` for the default of the system. Reading gives the number in
/// force, or `None` on Apple's systems and the BSDs if none was set.
///
/// # Platform notes
///
/// Default: 64 on Linux, Android, the BSDs and Apple's systems, 128 on Windows. On a dual-stack
/// socket of Linux, Android and Windows the IPv4 twin (`IP_TTL`) is set too. On Apple's systems,
/// FreeBSD and NetBSD the option serves both families. There, Apple's systems and FreeBSD take the
/// system's "default" for 255 hops of IPv4, so that `None` sets 64 on a dual-stack socket, whatever
/// `net.inet6.ip6.hlim` says. On Linux and Android an accepted stream inherits the value from its
/// listener.
///
/// # Errors
///
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for `Some(0)` on a dual-stack socket of
/// Linux, Android and Windows, because IPv4 has no such limit, and on illumos.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::UnicastHops};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(UnicastHops(Some(1)))?;
/// assert_eq!(socket.option::<UnicastHops>()?, UnicastHops(Some(1)));
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 3493, section 5.1; ipv6(7).
#[doc(alias = "IPV6_UNICAST_HOPS")]
#[doc(alias = "IP_TTL")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnicastHops(pub Option<u8>);

impl SocketOption<Stream> for UnicastHops {}
impl SocketOption<Datagram> for UnicastHops {}
impl LiveOn<Listening> for UnicastHops {}
impl LiveOn<Connected> for UnicastHops {}
impl LiveOn<Datagrams> for UnicastHops {}
impl Setting for UnicastHops {
    const NAME: &'static str = "IPV6_UNICAST_HOPS";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        let hops = System::HERE.hops(socket.dual_stack, self.0);
        sys::set_int(socket, option_numbers::IPV6_UNICAST_HOPS, hops)?;
        sys::set_twin(socket, option_numbers::IP_TTL, hops)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let hops = sys::get_int(socket, option_numbers::IPV6_UNICAST_HOPS)?;
        Ok(Self(u8::try_from(hops).ok()))
    }
}

/// The traffic class of packets: how routers should treat them (`IPV6_TCLASS`).
///
/// It is a byte of the IPv6 header: the code point [`Dscp`] in the upper six bits, [`Ecn`] in the
/// lower two. **On a stream the ECN bits belong to TCP**, and what is given here for them is
/// ignored.
///
/// # Values
///
/// A [`Dscp`] and an [`Ecn`]; every one of the 256 values can be written. [`From`] makes one out of
/// a `Dscp` alone.
///
/// # Platform notes
///
/// Default: `DF` and `NotEct`, which is 0, everywhere. Windows has no option for it. On a
/// dual-stack socket the IPv4 twin (`IP_TOS`) is set too, where there is one; on Linux that also
/// changes [`Priority`](super::Priority). On Linux and Android an accepted stream inherits the
/// value from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, header::{Dscp, Ecn}, option::TrafficClass};
/// use std::io::ErrorKind;
///
/// let class = TrafficClass { dscp: Dscp::EF, ecn: Ecn::Ect0 };
/// assert_eq!(class.bits(), 0xba);
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(class) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => {
///         result?;
///         assert_eq!(socket.option::<TrafficClass>()?, class);
///     }
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 3542, section 6.5; RFC 2474; RFC 3168; ipv6(7).
#[doc(alias = "IPV6_TCLASS")]
#[doc(alias = "IP_TOS")]
#[doc(alias = "DSCP")]
#[doc(alias = "ECN")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TrafficClass {
    /// How routers should treat the packets.
    pub dscp: Dscp,
    /// Whether routers may mark them.
    pub ecn: Ecn,
}

impl TrafficClass {
    /// The field of the header: `dscp << 2 | ecn`.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{header::Dscp, option::TrafficClass};
    ///
    /// assert_eq!(TrafficClass::from(Dscp::CS1).bits(), 0x20);
    /// ```
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.dscp.bits() << 2 | self.ecn.bits()
    }

    /// The two parts of a field of the header.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{header::Ecn, option::TrafficClass};
    ///
    /// assert_eq!(TrafficClass::from_bits(0x03).ecn, Ecn::Ce);
    /// ```
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        let dscp = match Dscp::new(bits >> 2) {
            Some(dscp) => dscp,
            // Six bits are left.
            None => Dscp::DF,
        };
        Self { dscp, ecn: Ecn::from_traffic_class(bits) }
    }
}

impl From<Dscp> for TrafficClass {
    fn from(dscp: Dscp) -> Self {
        Self { dscp, ecn: Ecn::NotEct }
    }
}

impl SocketOption<Stream> for TrafficClass {}
impl SocketOption<Datagram> for TrafficClass {}
impl LiveOn<Listening> for TrafficClass {}
impl LiveOn<Connected> for TrafficClass {}
impl LiveOn<Datagrams> for TrafficClass {}
impl Setting for TrafficClass {
    const NAME: &'static str = "IPV6_TCLASS";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        let class = self.bits().into();
        sys::set_int(socket, option_numbers::IPV6_TCLASS, class)?;
        sys::set_twin(socket, option_numbers::IP_TOS, class)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let class = sys::get_int(socket, option_numbers::IPV6_TCLASS)?;
        // Eight bits, and -1 on systems that say "the default" so.
        Ok(Self::from_bits(u8::try_from(class).unwrap_or(0)))
    }
}

/// Dropping packets that came too far (GTSM) (`IPV6_MINHOPCOUNT`).
///
/// A neighbour that sends with a hop limit of 255 arrives with 255; no host further away can
/// imitate that. Segments that arrive with less than the value are dropped unseen, also those that
/// open a connection.
///
/// # Values
///
/// 0 to 255 hops; 0 drops nothing.
///
/// # Platform notes
///
/// Default: 0. Linux, Android and OpenBSD have it; the other systems do not. Linux minds it on
/// streams only, so this option is one of streams; a datagram socket is
/// [guarded](crate::UdpSocket::guard) with it, on every system. On a dual-stack socket the IPv4
/// twin (`IP_MINTTL`) is set too, where there is one. On Linux and Android an accepted stream
/// inherits the value from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, option::MinHopCount};
/// use std::io::ErrorKind;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// match listener.set_option(MinHopCount(255)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 5082; ip(7), "IP_MINTTL"; ip6(4) of OpenBSD.
#[doc(alias = "IPV6_MINHOPCOUNT")]
#[doc(alias = "IP_MINTTL")]
#[doc(alias = "GTSM")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MinHopCount(pub u8);

impl SocketOption<Stream> for MinHopCount {}
impl LiveOn<Listening> for MinHopCount {}
impl LiveOn<Connected> for MinHopCount {}
impl Setting for MinHopCount {
    const NAME: &'static str = "IPV6_MINHOPCOUNT";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        let hops = self.0.into();
        sys::set_int(socket, option_numbers::IPV6_MINHOPCOUNT, hops)?;
        sys::set_twin(socket, option_numbers::IP_MINTTL, hops)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let hops = sys::get_int(socket, option_numbers::IPV6_MINHOPCOUNT)?;
        Ok(Self(u8::try_from(hops).unwrap_or(u8::MAX)))
    }
}

/// Writing a flow label of the system's choice into packets (`IPV6_AUTOFLOWLABEL`).
///
/// Routers that share load among several paths keep the packets of one flow label on one path,
/// without looking into the packet. Without it the label is 0, unless one is given: with the
/// destination ([`FlowInfoSend`]), or with a packet
/// ([`Outgoing::flow_label`](crate::udp::Outgoing::flow_label)).
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: on under Linux and Android (`net.ipv6.auto_flowlabels`), FreeBSD, DragonFly, OpenBSD
/// and Apple's systems (`net.inet6.ip6.auto_flowlabel`). Windows, NetBSD, illumos and Solaris do
/// not have it. IPv4 has no flow label. On Linux and Android an accepted stream inherits the value
/// from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::AutoFlowLabel};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(AutoFlowLabel(false)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 6437; RFC 6438; linux/Documentation/networking/ip-sysctl.rst, "auto_flowlabels".
#[doc(alias = "IPV6_AUTOFLOWLABEL")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AutoFlowLabel(pub bool);

impl SocketOption<Stream> for AutoFlowLabel {}
impl SocketOption<Datagram> for AutoFlowLabel {}
impl LiveOn<Listening> for AutoFlowLabel {}
impl LiveOn<Connected> for AutoFlowLabel {}
impl LiveOn<Datagrams> for AutoFlowLabel {}
impl Setting for AutoFlowLabel {
    const NAME: &'static str = "IPV6_AUTOFLOWLABEL";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_AUTOFLOWLABEL, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_AUTOFLOWLABEL).map(Self)
    }
}

/// Taking the flow label of packets from the destination address (`IPV6_FLOWINFO_SEND`).
///
/// The address that `connect` or `send_to` is given carries the label in its
/// [`flowinfo`](std::net::SocketAddrV6::flowinfo), as [`FlowLabel::flowinfo`] writes it. Without
/// the option the kernel does not look there. A label that is given with a packet
/// ([`Outgoing::flow_label`](crate::udp::Outgoing::flow_label)) needs no option.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off. Linux and Android have it; the other systems do not. It must be on before a stream
/// is connected. Where somebody has asked for a label of his own, one without a lease fails with
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput): see
/// [`FlowLease`](crate::flow_label::FlowLease). While it is on, the peer's address is read with the
/// label in it.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, flow_label::FlowShare, option::FlowInfoSend};
/// use std::io::ErrorKind;
///
/// let socket = Builder::datagram().v6_only().bind("[::1]:0")?;
/// match socket.set_option(FlowInfoSend(true)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => {
///         result?;
///         let mut peer = socket.local_addr()?;
///         let lease = socket.request_flow_label(*peer.ip(), None, FlowShare::Any)?;
///         peer.set_flowinfo(lease.label().flowinfo());
///         socket.send_to(b"labelled", peer)?;
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: RFC 6437; linux/in6.h; net/ipv6/udp.c, `udpv6_sendmsg`.
///
/// [`FlowLabel::flowinfo`]: crate::header::FlowLabel::flowinfo
#[doc(alias = "IPV6_FLOWINFO_SEND")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowInfoSend(pub bool);

impl SocketOption<Stream> for FlowInfoSend {}
impl SocketOption<Datagram> for FlowInfoSend {}
impl LiveOn<Datagrams> for FlowInfoSend {}
impl Setting for FlowInfoSend {
    const NAME: &'static str = "IPV6_FLOWINFO_SEND";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_FLOWINFO_SEND, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_FLOWINFO_SEND).map(Self)
    }
}

/// Which of its own addresses the system should choose as source (`IPV6_ADDR_PREFERENCES`).
///
/// It applies where the socket is not bound to an address: to the source address that `connect` or
/// sending chooses. A preference, no demand: without such an address another one is taken.
///
/// # Values
///
/// A set of preferences: [`TEMPORARY`](Self::TEMPORARY) or [`PUBLIC`](Self::PUBLIC),
/// [`HOME`](Self::HOME) or [`CARE_OF`](Self::CARE_OF), [`CGA`](Self::CGA) or
/// [`NON_CGA`](Self::NON_CGA). They are put together by [`with`](Self::with), and a later one takes
/// the place of its opposite. [`DEFAULT`](Self::DEFAULT) leaves all to the system.
///
/// # Platform notes
///
/// Default: what the system prefers. Linux, Android, illumos and Solaris have it. Apple's systems,
/// FreeBSD, NetBSD and DragonFly have only temporary and public (`IPV6_PREFER_TEMPADDR`). Windows
/// and OpenBSD do not have it. **Linux accepts `CGA` and does not mind it**, which is reported as
/// unsupported. Reading names home addresses on Linux, which are its default; it minds `HOME` and
/// `CARE_OF` where the kernel was built with Mobile IPv6.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option or the
/// preference.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::AddressPreferences};
/// use std::io::ErrorKind;
///
/// let public = AddressPreferences::PUBLIC.with(AddressPreferences::HOME);
/// match Builder::stream().with(public).bind("[::]:0") {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     bound => {
///         let preferences: AddressPreferences = bound?.option()?;
///         assert!(preferences.contains(AddressPreferences::PUBLIC));
///     }
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 5014; RFC 6724, section 5; linux/in6.h.
#[doc(alias = "IPV6_ADDR_PREFERENCES")]
#[doc(alias = "IPV6_PREFER_TEMPADDR")]
#[doc(alias = "IPV6_SRC_PREFERENCES")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AddressPreferences(u8);

impl AddressPreferences {
    /// What the system prefers.
    pub const DEFAULT: Self = Self(0);
    /// Temporary addresses, which hide the host among its neighbours (RFC 8981).
    pub const TEMPORARY: Self = Self(1);
    /// Public addresses, which stay.
    pub const PUBLIC: Self = Self(1 << 1);
    /// Home addresses, which a mobile host keeps (RFC 6275).
    pub const HOME: Self = Self(1 << 2);
    /// Care-of addresses, where a mobile host is now (RFC 6275).
    pub const CARE_OF: Self = Self(1 << 3);
    /// Cryptographically generated addresses (RFC 3972).
    pub const CGA: Self = Self(1 << 4);
    /// Other addresses than cryptographically generated ones.
    pub const NON_CGA: Self = Self(1 << 5);

    const OPPOSITES: [(Self, Self); 3] =
        [(Self::TEMPORARY, Self::PUBLIC), (Self::HOME, Self::CARE_OF), (Self::CGA, Self::NON_CGA)];

    /// Both preferences; `other` takes the place of its opposite.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::option::AddressPreferences as Prefer;
    ///
    /// let both = Prefer::TEMPORARY.with(Prefer::HOME);
    /// assert!(both.contains(Prefer::TEMPORARY) && both.contains(Prefer::HOME));
    /// assert_eq!(Prefer::TEMPORARY.with(Prefer::PUBLIC), Prefer::PUBLIC);
    /// ```
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let displaced =
            Self::OPPOSITES.iter().filter(|(a, b)| other.contains(*a) || other.contains(*b));
        let kept = displaced.fold(self.0, |bits, (a, b)| bits & !(a.0 | b.0));
        Self(kept | other.0)
    }

    /// Whether every preference of `other` is among these.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::option::AddressPreferences as Prefer;
    ///
    /// assert!(!Prefer::DEFAULT.contains(Prefer::PUBLIC));
    /// ```
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// One flag for each pair (RFC 5014, section 5): the default ones are named, not left out.
    fn flags(self) -> c_int {
        let choose = |preference, yes, no| if self.contains(preference) { yes } else { no };
        let lifetime = choose(
            Self::PUBLIC,
            option_numbers::PREFER_SRC_PUBLIC,
            option_numbers::PREFER_SRC_PUBTMP_DEFAULT,
        );
        choose(Self::TEMPORARY, option_numbers::PREFER_SRC_TMP, lifetime)
            | choose(Self::CARE_OF, option_numbers::PREFER_SRC_COA, option_numbers::PREFER_SRC_HOME)
            | choose(Self::CGA, option_numbers::PREFER_SRC_CGA, option_numbers::PREFER_SRC_NONCGA)
    }

    fn from_flags(flags: c_int) -> Self {
        let known = [
            (option_numbers::PREFER_SRC_TMP, Self::TEMPORARY),
            (option_numbers::PREFER_SRC_PUBLIC, Self::PUBLIC),
            (option_numbers::PREFER_SRC_HOME, Self::HOME),
            (option_numbers::PREFER_SRC_COA, Self::CARE_OF),
            (option_numbers::PREFER_SRC_CGA, Self::CGA),
            (option_numbers::PREFER_SRC_NONCGA, Self::NON_CGA),
        ];
        let found = known.iter().filter(|(flag, _)| flags & flag != 0);
        found.fold(Self::DEFAULT, |all, (_, preference)| all.with(*preference))
    }

    /// On the systems that know nothing but temporary addresses (`IPV6_PREFER_TEMPADDR`).
    fn temporary(self) -> io::Result<c_int> {
        if self.contains(Self::CARE_OF) || self.contains(Self::CGA) {
            return Err(sys::unsupported());
        }
        Ok(match (self.contains(Self::TEMPORARY), self.contains(Self::PUBLIC)) {
            (true, _) => 1,
            (_, true) => 0,
            _ => -1,
        })
    }

    fn from_temporary(value: c_int) -> Self {
        match value {
            0 => Self::PUBLIC,
            1 => Self::TEMPORARY,
            _ => Self::DEFAULT,
        }
    }
}

impl fmt::Debug for AddressPreferences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ["TEMPORARY", "PUBLIC", "HOME", "CARE_OF", "CGA", "NON_CGA"];
        let named = names.iter().enumerate().filter(|(bit, _)| self.0 & 1 << bit != 0);
        let names: Vec<_> = named.map(|(_, name)| *name).collect();
        write!(f, "AddressPreferences({})", names.join(" | "))
    }
}

impl SocketOption<Stream> for AddressPreferences {}
impl SocketOption<Datagram> for AddressPreferences {}
impl LiveOn<Datagrams> for AddressPreferences {}
impl Setting for AddressPreferences {
    const NAME: &'static str = "IPV6_ADDR_PREFERENCES";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        match option_numbers::IPV6_ADDR_PREFERENCES {
            None => sys::set_int(socket, option_numbers::IPV6_PREFER_TEMPADDR, self.temporary()?)?,
            name => sys::set_int(socket, name, self.flags())?,
        }
        if self.contains(Self::CGA) && !Self::read(socket)?.contains(Self::CGA) {
            return Err(sys::unsupported());
        }
        Ok(())
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        match option_numbers::IPV6_ADDR_PREFERENCES {
            None => {
                sys::get_int(socket, option_numbers::IPV6_PREFER_TEMPADDR).map(Self::from_temporary)
            }
            name => sys::get_int(socket, name).map(Self::from_flags),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AddressPreferences as Prefer;

    #[test]
    fn preference_replaces_only_its_opposite() {
        let all = [
            (Prefer::TEMPORARY, Prefer::PUBLIC),
            (Prefer::PUBLIC, Prefer::TEMPORARY),
            (Prefer::HOME, Prefer::CARE_OF),
            (Prefer::CARE_OF, Prefer::HOME),
            (Prefer::CGA, Prefer::NON_CGA),
            (Prefer::NON_CGA, Prefer::CGA),
        ];
        for (one, opposite) in all {
            assert_eq!(one.with(opposite), opposite);
            assert_eq!(one.with(one), one);
            for (other, _) in all.into_iter().filter(|(other, _)| ![one, opposite].contains(other))
            {
                let both = one.with(other);
                assert!(both.contains(one) && both.contains(other) && !both.contains(opposite));
                let changed = both.with(opposite);
                assert!(changed.contains(opposite) && changed.contains(other));
                assert!(!changed.contains(one));
            }
        }
    }

    #[test]
    fn temporary_preference_refuses_other_bits() {
        let kind = |prefer: Prefer| prefer.temporary().map_err(|error| error.kind());
        let (temporary, public) = (Prefer::TEMPORARY, Prefer::PUBLIC);
        for (prefer, value) in [(temporary, 1), (public, 0), (Prefer::DEFAULT, -1)] {
            assert_eq!(kind(prefer), Ok(value));
            assert_eq!(Prefer::from_temporary(value), prefer);
            // These are what a system does that knows nothing of them.
            assert_eq!(kind(prefer.with(Prefer::HOME)), Ok(value));
            assert_eq!(kind(prefer.with(Prefer::NON_CGA)), Ok(value));
            for refused in [Prefer::CARE_OF, Prefer::CGA] {
                assert_eq!(kind(prefer.with(refused)), Err(std::io::ErrorKind::Unsupported));
            }
        }
    }
}
