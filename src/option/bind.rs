//! Options that decide who may bind which address.

use std::io;

use super::{Rank, Setting, SocketOption};
use crate::kind::{Datagram, Stream};
use crate::sys::{self, SocketRef, option_numbers};

/// Rebinds the address of a server that just ended, and never takes it from a live listener
/// (`SO_REUSEADDR`).
///
/// A listener that closes leaves connections in `TIME_WAIT` for a minute or more. With `true` the
/// next listener may bind the address all the same, if the earlier one had the option too; with
/// `false` binding fails with [`AddrInUse`](std::io::ErrorKind::AddrInUse) until they are gone.
/// Nothing changes on the wire.
///
/// # From bind to listen
///
/// **The address is kept from `listen` on, not from `bind` on.** Between the two, another program
/// that sets the option may bind the address as well, on Linux also as another user. The first one
/// that listens has it, and `listen` of the other one fails with `AddrInUse`. So listen right after
/// binding, as [`TcpListener::bind`](crate::TcpListener::bind) does. Without the option an address
/// is kept from `bind` on, and ports below 1024 are for privileged programs.
///
/// # Values
///
/// On or off. [`TcpListener::bind`](crate::TcpListener::bind) switches it on, and a
/// [`Builder`](crate::Builder) leaves it to you.
///
/// # Platform notes
///
/// Default: off everywhere but on Windows. There the C option of this name lets a program *take*
/// the port of another one, and rebinding needs no option: `true` sets nothing, `false` is
/// unsupported, and reading gives `true`. Datagram sockets have [`ShareAddress`] instead.
///
/// Read, not run: on FreeBSD no other user may bind the address between `bind` and `listen` either.
/// A program of the same user may bind a more specific address beside a listener on `[::]`, and
/// gets the connections to that address. On Windows see [`ExclusiveAddressUse`].
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) for `false` on Windows.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::ReuseAddress};
///
/// let listener = Builder::stream().with(ReuseAddress(true)).bind("[::1]:0")?.listen(16)?;
/// let ReuseAddress(on) = listener.option()?;
/// assert!(on);
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 9293, section 3.6.1; socket(7); FreeBSD, netinet6/in6_pcb.c, `in6_pcbbind`;
/// Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE".
#[doc(alias = "SO_REUSEADDR")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReuseAddress(pub bool);

impl SocketOption<Stream> for ReuseAddress {}
impl Setting for ReuseAddress {
    const NAME: &'static str = "SO_REUSEADDR";
    const RANK: Rank = Rank::Reuse;

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_reuse_address(socket, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::reuse_address(socket).map(Self)
    }
}

/// Several datagram sockets on one address and port (`SO_REUSEADDR`).
///
/// What it is good for is multicast: each socket gets its own copy of a packet to a group that it
/// joined. **A unicast packet goes to one of the sockets only, on most systems the one that was
/// bound last: a second program that shares the address takes the packets of the first.** All
/// sockets must set it, the first one too. Nothing changes on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off everywhere. On the BSDs and Apple's systems `SO_REUSEADDR` shares multicast
/// addresses only, and `SO_REUSEPORT` is set instead. Once a socket shares, any program may join
/// it, of another user too on Linux; on Windows the first socket need not have agreed, unless it
/// has [`ExclusiveAddressUse`]. Streams have [`ReuseAddress`] instead.
///
/// # Errors
///
/// Binding fails with [`AddrInUse`](std::io::ErrorKind::AddrInUse) if a socket on the address does
/// not share.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::ShareAddress};
///
/// let builder = Builder::datagram().with(ShareAddress(true));
/// let first = builder.bind("[::1]:0")?;
/// let second = builder.bind(first.local_addr()?)?;
/// assert_eq!(first.local_addr()?, second.local_addr()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: RFC 3678, section 5.1 (multicast); socket(7), udp(7).
#[doc(alias = "SO_REUSEADDR")]
#[doc(alias = "SO_REUSEPORT")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShareAddress(pub bool);

impl SocketOption<Datagram> for ShareAddress {}
impl Setting for ShareAddress {
    const NAME: &'static str = "SO_REUSEADDR";
    const RANK: Rank = Rank::Reuse;

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::SHARE_ADDRESS, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::SHARE_ADDRESS).map(Self)
    }
}

/// No other socket may take or share the address (`SO_EXCLUSIVEADDRUSE`).
///
/// On Windows any program of the same user may otherwise bind a port that is in use, by setting
/// `SO_REUSEADDR` itself, and take its connections. Nothing changes on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off. Windows has it, and illumos and Solaris under the name `SO_EXCLBIND`; the other
/// systems do not, and do not need it: two sockets share an address only if both ask for it. On
/// Windows, binding again after a crash may fail while old connections linger.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::ExclusiveAddressUse};
/// use std::io::ErrorKind;
///
/// match Builder::stream().with(ExclusiveAddressUse(true)).bind("[::1]:0") {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => println!("{:?}", result?),
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE"; socket(3SOCKET) of illumos.
#[doc(alias = "SO_EXCLUSIVEADDRUSE")]
#[doc(alias = "SO_EXCLBIND")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExclusiveAddressUse(pub bool);

impl SocketOption<Stream> for ExclusiveAddressUse {}
impl SocketOption<Datagram> for ExclusiveAddressUse {}
impl Setting for ExclusiveAddressUse {
    const NAME: &'static str = "SO_EXCLUSIVEADDRUSE";
    const RANK: Rank = Rank::Reuse;

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::SO_EXCLUSIVEADDRUSE, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::SO_EXCLUSIVEADDRUSE).map(Self)
    }
}

/// Several sockets on one address and port, among which the kernel balances (`SO_REUSEPORT`).
///
/// Each connection, or each datagram by its source, goes to one of the sockets, chosen by a hash:
/// one listener per thread, without a lock between them. All sockets must set it before they are
/// bound, and on Linux all must belong to one user. A connection that waits on a listener when that
/// listener closes is reset.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off everywhere. Linux, Android and DragonFly have it; on FreeBSD the option that
/// balances is `SO_REUSEPORT_LB`, and that one is set. Elsewhere the C option of this name shares
/// and does not balance, which is another thing: there it is unsupported. On Linux it also lets a
/// dual-stack socket and an IPv4 socket share a port, if both set it; and a datagram socket with it
/// that is bound to port 0 may get a port which another one of the same user has.
/// [`bind_sharded`](crate::Builder::bind_sharded) gets one of its own.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::ReusePort};
/// use std::io::ErrorKind;
///
/// let builder = Builder::stream().with(ReusePort(true));
/// match builder.bind("[::1]:0") {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     first => {
///         let first = first?.listen(16)?;
///         let second = builder.bind(first.local_addr()?)?.listen(16)?;
///         assert_eq!(first.local_addr()?, second.local_addr()?);
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: socket(7); setsockopt(2) of FreeBSD.
#[doc(alias = "SO_REUSEPORT")]
#[doc(alias = "SO_REUSEPORT_LB")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReusePort(pub bool);

impl SocketOption<Stream> for ReusePort {}
impl SocketOption<Datagram> for ReusePort {}
impl Setting for ReusePort {
    const NAME: &'static str = "SO_REUSEPORT";
    const RANK: Rank = Rank::Reuse;

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::SO_REUSEPORT, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::SO_REUSEPORT).map(Self)
    }
}

/// Binding an address that no interface of this host has, or not yet (`IPV6_FREEBIND`).
///
/// A server can start before its address does, or bind one that moves between hosts. Nothing
/// changes on the wire.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off everywhere. Linux and Android have it, for every user. FreeBSD and NetBSD 10
/// (`IPV6_BINDANY`) and OpenBSD (`SO_BINDANY`) have it for privileged programs. The other systems
/// do not. One setting serves IPv6 and IPv4.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) on FreeBSD, NetBSD and OpenBSD,
/// without privilege.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::FreeBind};
/// use std::io::ErrorKind;
///
/// match Builder::datagram().with(FreeBind(true)).bind("[2001:db8::1]:0") {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     Err(error) if error.kind() == ErrorKind::PermissionDenied => println!("{error}"),
///     socket => assert_eq!(socket?.local_addr()?.ip().to_string(), "2001:db8::1"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: ip(7), "IP_FREEBIND"; ip6(4) of FreeBSD.
#[doc(alias = "IPV6_FREEBIND")]
#[doc(alias = "IP_FREEBIND")]
#[doc(alias = "IPV6_BINDANY")]
#[doc(alias = "SO_BINDANY")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FreeBind(pub bool);

impl SocketOption<Stream> for FreeBind {}
impl SocketOption<Datagram> for FreeBind {}
impl Setting for FreeBind {
    const NAME: &'static str = "IPV6_FREEBIND";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_FREEBIND, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_FREEBIND).map(Self)
    }
}

/// Serving addresses that are not those of this host, for transparent proxies (`IPV6_TRANSPARENT`).
///
/// With a firewall rule (`TPROXY`) that diverts packets to it, the socket gets connections and
/// datagrams meant for other hosts, and answers in their name: packets leave with a source address
/// that no interface has.
///
/// # Values
///
/// On or off.
///
/// # Platform notes
///
/// Default: off. Linux and Android have it; the other systems do not. One setting serves IPv6 and
/// IPv4.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) without `CAP_NET_ADMIN` or
/// `CAP_NET_RAW`.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::Transparent};
/// use std::io::ErrorKind;
///
/// match Builder::stream().with(Transparent(true)).bind("[::1]:0") {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     Err(error) if error.kind() == ErrorKind::PermissionDenied => println!("{error}"),
///     result => println!("{:?}", result?),
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: ip(7), "IP_TRANSPARENT"; linux/Documentation/networking/tproxy.rst.
#[doc(alias = "IPV6_TRANSPARENT")]
#[doc(alias = "IP_TRANSPARENT")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Transparent(pub bool);

impl SocketOption<Stream> for Transparent {}
impl SocketOption<Datagram> for Transparent {}
impl Setting for Transparent {
    const NAME: &'static str = "IPV6_TRANSPARENT";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IPV6_TRANSPARENT, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IPV6_TRANSPARENT).map(Self)
    }
}

/// Choosing the port of a bound socket when it connects, not when it is bound
/// (`IP_BIND_ADDRESS_NO_PORT`).
///
/// A client that binds a source address with port 0 gets a port that is then its own; with this
/// option the port is chosen at `connect`, and needs to be free towards that one peer only. So a
/// host can have more than 64 000 connections from one address.
///
/// # Values
///
/// On or off. While it is on, `local_addr` of a bound socket says port 0 until it connects.
///
/// # Platform notes
///
/// Default: off. Linux and Android have it; the other systems do not. One setting serves IPv6 and
/// IPv4.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, TcpListener, option::BindAddressNoPort};
/// use std::io::ErrorKind;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// match Builder::stream().with(BindAddressNoPort(true)).bind("[::1]:0") {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     bound => {
///         let bound = bound?;
///         assert_eq!(bound.local_addr()?.port(), 0);
///         let stream = bound.connect(listener.local_addr()?)?;
///         assert_ne!(stream.local_addr()?.port(), 0);
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: ip(7), "IP_BIND_ADDRESS_NO_PORT".
#[doc(alias = "IP_BIND_ADDRESS_NO_PORT")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BindAddressNoPort(pub bool);

impl SocketOption<Stream> for BindAddressNoPort {}
impl Setting for BindAddressNoPort {
    const NAME: &'static str = "IP_BIND_ADDRESS_NO_PORT";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_bool(socket, option_numbers::IP_BIND_ADDRESS_NO_PORT, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_bool(socket, option_numbers::IP_BIND_ADDRESS_NO_PORT).map(Self)
    }
}
