//! Options about the size of packets.

use std::ffi::c_int;
use std::io;

use super::{LiveOn, Setting, SocketOption};
use crate::error::Refusal;
use crate::kind::{Connected, Datagram, Datagrams, Listening, Stream};
use crate::sys::{self, SocketRef, System, option_numbers};

/// Refusing datagrams that are larger than the path takes (`IPV6_DONTFRAG`).
///
/// In IPv6 only the sender splits a packet. With `true` it does not: a datagram that is larger than
/// the path MTU is not sent, and sending fails with a
/// [`MessageTooLong`](crate::udp::MessageTooLong). That is what a protocol wants which searches for
/// the path MTU itself (RFC 8899).
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off everywhere. Haiku does not have it. On a dual-stack socket the IPv4 twin is set
/// too, where there is one: `IP_DONTFRAGMENT` on Windows; `IP_MTU_DISCOVER` on Linux and Android,
/// to `IP_PMTUDISC_DO` and back to `IP_PMTUDISC_WANT`, as [`MtuDiscover`] does: the later one of
/// the two counts there.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::DontFragment};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(DontFragment(true))?;
/// assert_eq!(socket.option::<DontFragment>()?, DontFragment(true));
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 3542, section 11.2; ip(7), "IP_MTU_DISCOVER".
#[doc(alias = "IPV6_DONTFRAG")]
#[doc(alias = "IP_DONTFRAGMENT")]
#[doc(alias = "IP_DONTFRAG")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DontFragment(pub bool);

impl SocketOption<Datagram> for DontFragment {}
impl LiveOn<Datagrams> for DontFragment {}
impl Setting for DontFragment {
    const NAME: &'static str = "IPV6_DONTFRAG";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_DONTFRAG, self.0)?;
        let discover =
            if self.0 { option_numbers::PMTUDISC_DO } else { option_numbers::PMTUDISC_WANT };
        match (option_numbers::IP_DONTFRAGMENT, discover) {
            (None, Some(discover)) => {
                sys::set_twin(socket, option_numbers::IP_MTU_DISCOVER, discover)
            }
            (twin, _) => sys::set_twin(socket, twin, self.0.into()),
        }
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_DONTFRAG).map(Self)
    }
}

/// What the system does with packets that are larger than the path takes, and with reports about it
/// (`IPV6_MTU_DISCOVER`).
///
/// See the values. It decides whether the system splits packets, and whether it believes the
/// "packet too big" messages of routers.
///
/// # Values
///
/// One of the values below.
///
/// # Platform notes
///
/// Default: `Want` on Linux and Android. Windows has `Dont`, `Do` and `Probe`, and `Want` is what
/// it does by itself; the other systems do not have it. On a dual-stack socket the IPv4 twin
/// (`IP_MTU_DISCOVER`) is set too, where there is one. On Linux and Android an accepted stream
/// inherits the value from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option or the value.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::MtuDiscover};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(MtuDiscover::Probe) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => {
///         result?;
///         assert_eq!(socket.option::<MtuDiscover>()?, MtuDiscover::Probe);
///     }
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 8201; RFC 8899; ipv6(7), ip(7); Microsoft, "IPPROTO_IPV6 socket options".
#[doc(alias = "IPV6_MTU_DISCOVER")]
#[doc(alias = "IP_MTU_DISCOVER")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MtuDiscover {
    /// As `Want`, but routers may split IPv4 packets, which do not carry "don't fragment".
    Dont,
    /// Packets are split at the path MTU as routers report it.
    Want,
    /// Packets larger than the path MTU are refused; IPv4 packets carry "don't fragment".
    Do,
    /// As `Do`, but what routers report is not minded: only the MTU of the interface counts.
    Probe,
    /// As `Probe`, but routers may split IPv4 packets, which do not carry "don't fragment".
    Interface,
    /// As `Interface`, but packets above the MTU of the interface are split.
    Omit,
}

impl MtuDiscover {
    fn known() -> [(Self, Option<c_int>); 6] {
        [
            (Self::Dont, option_numbers::PMTUDISC_DONT),
            (Self::Want, option_numbers::PMTUDISC_WANT),
            (Self::Do, option_numbers::PMTUDISC_DO),
            (Self::Probe, option_numbers::PMTUDISC_PROBE),
            (Self::Interface, option_numbers::PMTUDISC_INTERFACE),
            (Self::Omit, option_numbers::PMTUDISC_OMIT),
        ]
    }
}

impl SocketOption<Stream> for MtuDiscover {}
impl SocketOption<Datagram> for MtuDiscover {}
impl LiveOn<Listening> for MtuDiscover {}
impl LiveOn<Connected> for MtuDiscover {}
impl LiveOn<Datagrams> for MtuDiscover {}
impl Setting for MtuDiscover {
    const NAME: &'static str = "IPV6_MTU_DISCOVER";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        let (_, value) = Self::known().into_iter().find(|(known, _)| known == self).unzip();
        let value = value.flatten().ok_or_else(sys::unsupported)?;
        sys::set_int(socket, option_numbers::IPV6_MTU_DISCOVER, value)?;
        sys::set_twin(socket, option_numbers::IP_MTU_DISCOVER, value)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let value = sys::get_int(socket, option_numbers::IPV6_MTU_DISCOVER)?;
        let found = Self::known().into_iter().find(|(_, known)| *known == Some(value));
        match found {
            Some((found, _)) => Ok(found),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// The largest packet that the socket sends in one piece (`IPV6_MTU`).
///
/// A larger datagram is split into packets of at most this size. Where the path takes less, less is
/// used.
///
/// # Values
///
/// Setting takes bytes, from 1280, the least that every IPv6 link carries; 0 takes the limit away.
/// **Reading gives something else**: the path MTU towards the peer of a connected socket, in bytes.
///
/// # Platform notes
///
/// Default: no limit. Linux, Android and Windows (`IPV6_USER_MTU`) have it for setting; reading
/// works on the other systems too (`IPV6_PATHMTU`). It limits IPv6 packets only: IPv4 has no such
/// option on Linux, and on Windows the twin (`IP_USER_MTU`) is set too on a dual-stack socket.
///
/// # Errors
///
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for 1 to 1279 and above 2 147 483 647.
/// [`Unsupported`](std::io::ErrorKind::Unsupported) for setting, where the system lacks that.
/// Reading fails with [`NotConnected`](std::io::ErrorKind::NotConnected) without a peer.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::Mtu};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(Mtu(1280)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// let peer = UdpSocket::bind("[::1]:0")?;
/// let socket = socket.connect(peer.local_addr()?)?;
/// if let Ok(Mtu(path)) = socket.option() {
///     assert!(path >= 1280);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: RFC 8200, section 5; RFC 3542, section 11.4; ipv6(7), "IPV6_MTU".
#[doc(alias = "IPV6_MTU")]
#[doc(alias = "IPV6_USER_MTU")]
#[doc(alias = "IPV6_PATHMTU")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mtu(pub u32);

impl SocketOption<Datagram> for Mtu {}
impl LiveOn<Datagrams> for Mtu {}
impl Setting for Mtu {
    const NAME: &'static str = "IPV6_MTU";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        if (1..1280).contains(&self.0) {
            return Err(Refusal::SmallMtu.into());
        }
        let mtu = match self.0 {
            0 => System::HERE.no_mtu(),
            mtu => sys::signed(mtu)?,
        };
        sys::set_int(socket, option_numbers::IPV6_USER_MTU, mtu)?;
        sys::set_twin(socket, option_numbers::IP_USER_MTU, mtu)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::mtu(socket).map(Self)
    }
}
