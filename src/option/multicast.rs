//! Multicast options of the IPv6 layer (`IPPROTO_IPV6`).

use std::io;
use std::num::NonZeroU32;

use super::{LiveOn, Setting, SocketOption};
use crate::interface::Interface;
use crate::kind::{Datagram, Datagrams};
use crate::sys::{self, SocketRef, System, option_numbers};

/// The hop limit of multicast packets (`IPV6_MULTICAST_HOPS`).
///
/// With 1 they stay on the link, with 0 on this host. Routers take one off each.
///
/// # Values
///
/// `Some(0..=255)` hops, or `None` for the default of the system. Reading gives the number in
/// force.
///
/// # Platform notes
///
/// Default: 1 everywhere. On a dual-stack socket the IPv4 twin (`IP_MULTICAST_TTL`) is set too,
/// where there is one.
///
/// # Errors
///
/// None of its own.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::MulticastHops};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(MulticastHops(Some(4)))?;
/// assert_eq!(socket.option::<MulticastHops>()?, MulticastHops(Some(4)));
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 3493, section 5.2; ipv6(7).
#[doc(alias = "IPV6_MULTICAST_HOPS")]
#[doc(alias = "IP_MULTICAST_TTL")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MulticastHops(pub Option<u8>);

impl SocketOption<Datagram> for MulticastHops {}
impl LiveOn<Datagrams> for MulticastHops {}
impl Setting for MulticastHops {
    const NAME: &'static str = "IPV6_MULTICAST_HOPS";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        let hops = self.0.map_or(-1, i32::from);
        sys::set_int(socket, option_numbers::IPV6_MULTICAST_HOPS, hops)?;
        sys::set_twin(socket, option_numbers::IP_MULTICAST_TTL, hops)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let hops = sys::get_int(socket, option_numbers::IPV6_MULTICAST_HOPS)?;
        Ok(Self(u8::try_from(hops).ok()))
    }
}

/// Whether multicast that this host sends is also received on it (`IPV6_MULTICAST_LOOP`).
///
/// With `false` members of the group on this host do not get what the socket sends. Nothing changes
/// on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: on everywhere. Haiku does not have it. On Windows it is the receiving socket's option,
/// elsewhere the sending socket's. On a dual-stack socket the IPv4 twin (`IP_MULTICAST_LOOP`) is
/// set too, where there is one.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::MulticastLoop};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(MulticastLoop(false))?;
/// assert_eq!(socket.option::<MulticastLoop>()?, MulticastLoop(false));
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 3493, section 5.2; ipv6(7).
#[doc(alias = "IPV6_MULTICAST_LOOP")]
#[doc(alias = "IP_MULTICAST_LOOP")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MulticastLoop(pub bool);

impl SocketOption<Datagram> for MulticastLoop {}
impl LiveOn<Datagrams> for MulticastLoop {}
impl Setting for MulticastLoop {
    const NAME: &'static str = "IPV6_MULTICAST_LOOP";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_MULTICAST_LOOP, self.0)?;
        sys::set_twin(socket, option_numbers::IP_MULTICAST_LOOP, self.0.into())
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_MULTICAST_LOOP).map(Self)
    }
}

/// The interface that multicast packets leave through (`IPV6_MULTICAST_IF`).
///
/// A host with several interfaces otherwise takes the one of its default route. It also says which
/// interface a link-local group without a zone is meant on. Receiving is
/// another matter: [`join`](crate::UdpSocket::join) names its interface, and takes this one if it
/// names none.
///
/// # Values
///
/// An [`Interface`], or `None` for the system's choice.
///
/// # Platform notes
///
/// Default: `None` everywhere. On a dual-stack socket of Linux, Android and Windows the IPv4 twin
/// (`IP_MULTICAST_IF`) is set too. Apple's systems and DragonFly cannot go back to `None`. Haiku
/// takes an address where the others take an index, and the option is missing there.
///
/// # Errors
///
/// "No such interface", for one that does not exist; the kind is the system's own on Linux
/// (`ENODEV`), NetBSD and OpenBSD (`ENXIO`), and [`NotFound`](std::io::ErrorKind::NotFound) on
/// FreeBSD and Apple's systems. [`Unsupported`](std::io::ErrorKind::Unsupported) for `None` on
/// Apple's systems and DragonFly, if an interface was set before, and where the system lacks the
/// option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, interface::Interface, option::MulticastInterface};
///
/// let first = Interface::list()?.iter().next().unwrap().interface();
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(MulticastInterface(Some(first)))?;
/// assert_eq!(socket.option::<MulticastInterface>()?, MulticastInterface(Some(first)));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: RFC 3493, section 5.2; ipv6(7).
#[doc(alias = "IPV6_MULTICAST_IF")]
#[doc(alias = "IP_MULTICAST_IF")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MulticastInterface(pub Option<Interface>);

impl SocketOption<Datagram> for MulticastInterface {}
impl LiveOn<Datagrams> for MulticastInterface {}
impl Setting for MulticastInterface {
    const NAME: &'static str = "IPV6_MULTICAST_IF";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        let index = self.0.map_or(0, |interface| interface.index().get());
        sys::set_multicast_interface(System::HERE, socket, index)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let index = sys::get_u32(socket, option_numbers::IPV6_MULTICAST_IF)?;
        Ok(Self(NonZeroU32::new(index).map(Interface::from_index)))
    }
}

/// Receiving the groups that other sockets of this host joined (`IPV6_MULTICAST_ALL`).
///
/// With `true` a socket that is bound to `[::]` gets the packets of every group that any program on
/// this host joined, on its port. With `false` it gets those of its own groups. Nothing changes on
/// the wire. [`UdpSocket::join`](crate::UdpSocket::join) and its kin set `false`.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: on for IPv6, off for the IPv4 peers of a dual-stack socket. Linux and Android have it;
/// the other systems do not. Those behave as if it was off, Apple's systems and the BSDs for groups
/// that the host joined on that interface. On a dual-stack socket the IPv4 twin
/// (`IP_MULTICAST_ALL`) is set too, where there is one.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::MulticastAll};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(MulticastAll(false)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: ip(7), "IP_MULTICAST_ALL"; linux/in6.h.
#[doc(alias = "IPV6_MULTICAST_ALL")]
#[doc(alias = "IP_MULTICAST_ALL")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MulticastAll(pub bool);

impl SocketOption<Datagram> for MulticastAll {}
impl LiveOn<Datagrams> for MulticastAll {}
impl Setting for MulticastAll {
    const NAME: &'static str = "IPV6_MULTICAST_ALL";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_MULTICAST_ALL, self.0)?;
        sys::set_twin(socket, option_numbers::IP_MULTICAST_ALL, self.0.into())
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_MULTICAST_ALL).map(Self)
    }
}
