//! Options that ask for more than the bytes of a datagram.

use std::io;

use super::{LiveOn, Setting, SocketOption};
use crate::kind::{Connected, Datagram, Datagrams, Listening, Stream};
use crate::sys::{self, SocketRef, option_numbers};

/// Receiving the destination address and the interface with each datagram (`IPV6_RECVPKTINFO`).
///
/// A socket on `[::]` needs it to answer from the address that it was asked at. Nothing changes on
/// the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off everywhere. On Windows it is `IPV6_PKTINFO`. It covers the IPv4 peers of a
/// dual-stack socket, but not on NetBSD; on Windows the IPv4 twin (`IP_PKTINFO`) is set for them.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::RecvPacketInfo};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(RecvPacketInfo(true))?;
/// assert_eq!(socket.option::<RecvPacketInfo>()?, RecvPacketInfo(true));
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 3542, section 6.1; ipv6(7).
#[doc(alias = "IPV6_RECVPKTINFO")]
#[doc(alias = "IPV6_PKTINFO")]
#[doc(alias = "IP_PKTINFO")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecvPacketInfo(pub bool);

impl SocketOption<Datagram> for RecvPacketInfo {}
impl LiveOn<Datagrams> for RecvPacketInfo {}
impl Setting for RecvPacketInfo {
    const NAME: &'static str = "IPV6_RECVPKTINFO";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_RECVPKTINFO, self.0)?;
        sys::set_twin(socket, option_numbers::IP_PKTINFO, self.0.into())
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_RECVPKTINFO).map(Self)
    }
}

/// Receiving the hop limit of each datagram (`IPV6_RECVHOPLIMIT`).
///
/// It tells how far the sender is, and whether it is on the link at all: 255 cannot come from
/// further away (RFC 5082). Nothing changes on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off everywhere. It is missing on Haiku, which would report 64 for every packet. On
/// Windows it is `IPV6_HOPLIMIT`. On a dual-stack socket the IPv4 twin (`IP_RECVTTL`) is set too,
/// where there is one; FreeBSD and illumos need none, and of IPv4 peers Apple's systems and NetBSD
/// tell nothing.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::RecvHopLimit};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(RecvHopLimit(true))?;
/// assert_eq!(socket.option::<RecvHopLimit>()?, RecvHopLimit(true));
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 3542, section 6.3; ipv6(7).
#[doc(alias = "IPV6_RECVHOPLIMIT")]
#[doc(alias = "IPV6_HOPLIMIT")]
#[doc(alias = "IP_RECVTTL")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecvHopLimit(pub bool);

impl SocketOption<Datagram> for RecvHopLimit {}
impl LiveOn<Datagrams> for RecvHopLimit {}
impl Setting for RecvHopLimit {
    const NAME: &'static str = "IPV6_RECVHOPLIMIT";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_RECVHOPLIMIT, self.0)?;
        sys::set_twin(socket, option_numbers::IP_RECVTTL, self.0.into())
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_RECVHOPLIMIT).map(Self)
    }
}

/// Receiving the traffic class of each datagram (`IPV6_RECVTCLASS`).
///
/// It carries the mark of a router that met congestion ([`Ecn`](crate::header::Ecn)). Nothing
/// changes on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off everywhere. Haiku does not have it. On a dual-stack socket the IPv4 twin
/// (`IP_RECVTOS`) is set too, where there is one; Apple's systems, FreeBSD and illumos need none,
/// and of IPv4 peers NetBSD tells nothing.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::RecvTrafficClass};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(RecvTrafficClass(true)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 3542, section 6.5; ipv6(7).
#[doc(alias = "IPV6_RECVTCLASS")]
#[doc(alias = "IP_RECVTOS")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecvTrafficClass(pub bool);

impl SocketOption<Datagram> for RecvTrafficClass {}
impl LiveOn<Datagrams> for RecvTrafficClass {}
impl Setting for RecvTrafficClass {
    const NAME: &'static str = "IPV6_RECVTCLASS";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_RECVTCLASS, self.0)?;
        sys::set_twin(socket, option_numbers::IP_RECVTOS, self.0.into())
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_RECVTCLASS).map(Self)
    }
}

/// Keeping the errors that routers and peers report, in a queue of their own (`IPV6_RECVERR`).
///
/// Without it a report (ICMPv6) reaches connected sockets only, as an error of the next call. With
/// it every report is queued with its type, its code and the datagram that it is about, and
/// [`recv_error`](crate::UdpSocket::recv_error) takes it from there. **The next call on the socket
/// fails once** with that error, on an unconnected socket too, a send as well as a receive: empty
/// the queue first. The queue counts against [`RecvBufferSize`](super::RecvBufferSize), and what
/// does not fit is lost.
///
/// On a stream what a router says while connecting is queued
/// ([`Connecting::recv_error`](crate::tcp::Connecting::recv_error)). On a connection nothing is:
/// such an error ends it at once, where without the option the system goes on trying until its own
/// time limit. Nothing changes on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off. Linux, Android and Windows have it; the other systems do not, and only Linux and
/// Android have the queue. On a dual-stack socket the IPv4 twin (`IP_RECVERR`) is set too, where
/// there is one. On Linux and Android an accepted stream inherits the value from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::RecvError};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(RecvError(true)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: ipv6(7), "IPV6_RECVERR"; recv(2), "MSG_ERRQUEUE".
#[doc(alias = "IPV6_RECVERR")]
#[doc(alias = "IP_RECVERR")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecvError(pub bool);

impl SocketOption<Stream> for RecvError {}
impl SocketOption<Datagram> for RecvError {}
impl LiveOn<Listening> for RecvError {}
impl LiveOn<Connected> for RecvError {}
impl LiveOn<Datagrams> for RecvError {}
impl Setting for RecvError {
    const NAME: &'static str = "IPV6_RECVERR";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_RECVERR, self.0)?;
        sys::set_twin(socket, option_numbers::IP_RECVERR, self.0.into())
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_RECVERR).map(Self)
    }
}

/// Receiving a notice when the path MTU is smaller than what was sent (`IPV6_RECVPATHMTU`).
///
/// A notice is a message without data that says which address and how many bytes, as
/// [`Received::path_mtu`](crate::udp::Received::path_mtu). To `recv_from` it is an empty datagram.
/// Nothing changes on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off everywhere. Windows does not have it. IPv4 has no such notice.
///
/// On Linux and Android the notice is there after a send has failed for its length
/// ([`DontFragment`](super::DontFragment)), and not when the router reports. There is one at most,
/// the latest; the next receive gives it before any datagram, but **nobody is woken for it**: the
/// socket does not become readable, and a receive that waits goes on waiting. The error of the send
/// tells as much ([`MessageTooLong`](crate::udp::MessageTooLong)).
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::RecvPathMtu};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(RecvPathMtu(true)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 3542, section 11.3; ipv6(7).
#[doc(alias = "IPV6_RECVPATHMTU")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecvPathMtu(pub bool);

impl SocketOption<Datagram> for RecvPathMtu {}
impl LiveOn<Datagrams> for RecvPathMtu {}
impl Setting for RecvPathMtu {
    const NAME: &'static str = "IPV6_RECVPATHMTU";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_RECVPATHMTU, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_RECVPATHMTU).map(Self)
    }
}

/// Receiving the flow label of each datagram (`IPV6_FLOWINFO`).
///
/// Nothing changes on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off. Linux and Android have it; the other systems do not. IPv4 has no flow label.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::RecvFlowInfo};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(RecvFlowInfo(true)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: ipv6(7), "IPV6_FLOWINFO".
#[doc(alias = "IPV6_FLOWINFO")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecvFlowInfo(pub bool);

impl SocketOption<Datagram> for RecvFlowInfo {}
impl LiveOn<Datagrams> for RecvFlowInfo {}
impl Setting for RecvFlowInfo {
    const NAME: &'static str = "IPV6_FLOWINFO";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_FLOWINFO, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_FLOWINFO).map(Self)
    }
}

/// Receiving with each datagram how many were dropped, because the queue was full
/// (`SO_RXQ_OVFL`).
///
/// The count is of the socket and grows for ever, modulo 2³²; while it is zero nothing is told.
/// A datagram brings the count of when it was queued. What the kernel
/// [put together](crate::udp::CoalescingUdpSocket) counts as one. Nothing changes on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off. Linux and Android have it; the other systems do not.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::RecvDropCount};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(RecvDropCount(true)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: socket(7), "SO_RXQ_OVFL".
#[doc(alias = "SO_RXQ_OVFL")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecvDropCount(pub bool);

impl SocketOption<Datagram> for RecvDropCount {}
impl LiveOn<Datagrams> for RecvDropCount {}
impl Setting for RecvDropCount {
    const NAME: &'static str = "SO_RXQ_OVFL";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::SO_RXQ_OVFL, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::SO_RXQ_OVFL).map(Self)
    }
}
