//! Options that choose an interface, a queue or a processor of this host.

use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use super::{LiveOn, Rank, Setting, SocketOption};
use crate::addr::Zone;
use crate::interface::Interface;
use crate::kind::{Connected, Datagram, Datagrams, Listening, Stream};
use crate::sys::{self, SocketRef, Unit, option_numbers};

/// Sending and receiving through one interface only (`SO_BINDTODEVICE`).
///
/// Packets leave through that interface whatever the routing table says, and packets that come in
/// elsewhere are not for this socket. It also says which interface a link-local address without a
/// zone is meant on.
///
/// # Values
///
/// A [`Zone`]: the name of an interface or its index, or `None` for every interface. An
/// [`Interface`](crate::interface::Interface) converts into it. A name is looked up when the option
/// is set; reading always gives the index.
///
/// # Platform notes
///
/// Default: `None`. Linux and Android take a name, and since Linux 5.0 an index
/// (`SO_BINDTOIFINDEX`), **which need not exist**: sending then fails. Apple's systems, illumos and
/// Solaris take an index (`IPV6_BOUND_IF`), which a name is turned into. Windows, FreeBSD,
/// DragonFly, NetBSD and OpenBSD do not have it. One setting serves IPv6 and IPv4, on illumos IPv6
/// only. On Linux an unprivileged program may bind a socket that is not bound, since 5.7, and needs
/// `CAP_NET_RAW` to change it again; an accepted stream inherits the device from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`NotFound`](std::io::ErrorKind::NotFound), or the `ENODEV` of the system, for a name that no
/// interface has. [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) without privilege.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, interface::Interface, option::BindDevice};
/// use std::io::ErrorKind;
///
/// let first = Interface::list()?.iter().next().unwrap().interface();
/// match Builder::datagram().with(BindDevice(Some(first.into()))).bind("[::]:0") {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     Err(error) if error.kind() == ErrorKind::PermissionDenied => println!("{error}"),
///     socket => {
///         let BindDevice(device) = socket?.option()?;
///         assert_eq!(device, Some(first.into()));
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: socket(7), "SO_BINDTODEVICE"; ip6(4) of macOS.
#[doc(alias = "SO_BINDTODEVICE")]
#[doc(alias = "SO_BINDTOIFINDEX")]
#[doc(alias = "IPV6_BOUND_IF")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BindDevice(pub Option<Zone>);

impl SocketOption<Stream> for BindDevice {}
impl SocketOption<Datagram> for BindDevice {}
impl LiveOn<Listening> for BindDevice {}
impl LiveOn<Connected> for BindDevice {}
impl LiveOn<Datagrams> for BindDevice {}
impl Setting for BindDevice {
    const NAME: &'static str = "SO_BINDTODEVICE";
    const RANK: Rank = Rank::Device;

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::bind_device(socket, self.0.as_ref())
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let index = sys::get_u32(socket, option_numbers::SO_BINDTOIFINDEX)?;
        Ok(Self(NonZeroU32::new(index).map(Zone::from)))
    }
}

/// The interface that unicast packets leave through (`IPV6_UNICAST_IF`).
///
/// Unlike [`BindDevice`] it changes the way out only: packets are received from every interface. It
/// also says which interface a link-local address without a zone is meant on.
///
/// # Values
///
/// An [`Interface`], or `None` for the routing table's choice.
///
/// # Platform notes
///
/// Default: `None`. Linux, Android and Windows have it; the other systems do not. On a dual-stack
/// socket the IPv4 twin (`IP_UNICAST_IF`) is set too.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`AddrNotAvailable`](std::io::ErrorKind::AddrNotAvailable) for an interface that does not exist,
/// and [`InvalidInput`](std::io::ErrorKind::InvalidInput) for another one than the socket is bound
/// to.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, interface::Interface, option::UnicastInterface};
/// use std::io::ErrorKind;
///
/// let first = Interface::list()?.iter().next().unwrap().interface();
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(UnicastInterface(Some(first))) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: ip(7), "IP_UNICAST_IF"; Microsoft, "IPPROTO_IPV6 socket options".
#[doc(alias = "IPV6_UNICAST_IF")]
#[doc(alias = "IP_UNICAST_IF")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnicastInterface(pub Option<Interface>);

impl SocketOption<Datagram> for UnicastInterface {}
impl LiveOn<Datagrams> for UnicastInterface {}
impl Setting for UnicastInterface {
    const NAME: &'static str = "IPV6_UNICAST_IF";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        let index = self.0.map_or(0, |interface| interface.index().get());
        // In network byte order, unlike every other index.
        sys::set_unicast_interface(socket, index)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let index = sys::unicast_interface(socket)?;
        Ok(Self(NonZeroU32::new(index).map(Interface::from_index)))
    }
}

/// A number that the packets of the socket carry inside this host (`SO_MARK`).
///
/// Firewall and routing rules can match it (`ip rule add fwmark`), so that a socket uses another
/// routing table, or stays out of a tunnel. It never leaves the host.
///
/// # Values
///
/// Any number; 0 is no mark.
///
/// # Platform notes
///
/// Default: 0. Linux and Android have it; the other systems do not. One setting serves IPv6 and
/// IPv4. An accepted stream inherits it from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) without `CAP_NET_ADMIN` (since Linux
/// 5.17 `CAP_NET_RAW` is enough).
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::Mark};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(Mark(7)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     Err(error) if error.kind() == ErrorKind::PermissionDenied => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: socket(7), "SO_MARK".
#[doc(alias = "SO_MARK")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark(pub u32);

impl SocketOption<Stream> for Mark {}
impl SocketOption<Datagram> for Mark {}
impl LiveOn<Listening> for Mark {}
impl LiveOn<Connected> for Mark {}
impl LiveOn<Datagrams> for Mark {}
impl Setting for Mark {
    const NAME: &'static str = "SO_MARK";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_word(socket, option_numbers::SO_MARK, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_word(socket, option_numbers::SO_MARK).map(Self)
    }
}

/// The queue of this host that packets wait in (`SO_PRIORITY`).
///
/// Queueing disciplines send a packet of higher priority first, and some interfaces write it into
/// the VLAN tag.
///
/// # Values
///
/// A number; 0 to 6 for everyone, above that for privileged programs.
///
/// # Platform notes
///
/// Default: 0. Linux and Android have it; the other systems do not. One setting serves IPv6 and
/// IPv4. **Setting `IP_TOS` changes it**, and [`TrafficClass`](super::TrafficClass) sets `IP_TOS`
/// on a dual-stack socket: a builder therefore applies this option last; on an open socket set it
/// after the traffic class. An accepted stream does not inherit it.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) above 6 without `CAP_NET_ADMIN`.
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) above 2 147 483 647.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::Priority};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(Priority(4)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: socket(7), "SO_PRIORITY"; tc-prio(8).
#[doc(alias = "SO_PRIORITY")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Priority(pub u32);

impl SocketOption<Stream> for Priority {}
impl SocketOption<Datagram> for Priority {}
impl LiveOn<Listening> for Priority {}
impl LiveOn<Connected> for Priority {}
impl LiveOn<Datagrams> for Priority {}
impl Setting for Priority {
    const NAME: &'static str = "SO_PRIORITY";
    const RANK: Rank = Rank::Late;

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_u32(socket, option_numbers::SO_PRIORITY, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_u32(socket, option_numbers::SO_PRIORITY).map(Self)
    }
}

/// The processor that handled the last packet of the socket, or should handle all
/// (`SO_INCOMING_CPU`).
///
/// Reading tells on which processor the work of a connection arrives, so that its thread can run
/// there. Setting it on one of several [`ReusePort`](super::ReusePort) sockets makes the kernel
/// prefer that socket for packets that the processor handles.
///
/// # Values
///
/// The number of a processor, or `None` if there is none.
///
/// # Platform notes
///
/// Default: `None`. Linux and Android have it; the other systems do not. Since Linux 3.19 it can be
/// read, since 4.4 set. One setting serves IPv6 and IPv4.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) above 2 147 483 647.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::IncomingCpu};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(IncomingCpu(Some(0))) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: socket(7), "SO_INCOMING_CPU".
#[doc(alias = "SO_INCOMING_CPU")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IncomingCpu(pub Option<u32>);

impl SocketOption<Stream> for IncomingCpu {}
impl SocketOption<Datagram> for IncomingCpu {}
impl LiveOn<Listening> for IncomingCpu {}
impl LiveOn<Connected> for IncomingCpu {}
impl LiveOn<Datagrams> for IncomingCpu {}
impl Setting for IncomingCpu {
    const NAME: &'static str = "SO_INCOMING_CPU";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        match self.0 {
            Some(cpu) => sys::set_u32(socket, option_numbers::SO_INCOMING_CPU, cpu),
            None => sys::set_int(socket, option_numbers::SO_INCOMING_CPU, -1),
        }
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let cpu = sys::get_int(socket, option_numbers::SO_INCOMING_CPU)?;
        Ok(Self(u32::try_from(cpu).ok()))
    }
}

/// How long a blocking receive looks at the device itself before it sleeps (`SO_BUSY_POLL`).
///
/// It buys a few microseconds of delay with processor time, on interfaces whose driver can do it.
/// Nothing changes on the wire.
///
/// # Values
///
/// Whole microseconds; [`Duration::ZERO`] switches it off.
///
/// # Platform notes
///
/// Default: `net.core.busy_read`, which is zero. Linux and Android have it; the other systems do
/// not. An accepted stream inherits the value from its listener.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option.
/// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) for a longer time than before without
/// `CAP_NET_ADMIN`. [`InvalidInput`](std::io::ErrorKind::InvalidInput) for a fraction of a
/// microsecond, and above 2 147 483 647.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::BusyPoll};
/// use std::io::ErrorKind;
/// use std::time::Duration;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// match socket.set_option(BusyPoll(Duration::ZERO)) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => result?,
/// }
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: socket(7), "SO_BUSY_POLL".
#[doc(alias = "SO_BUSY_POLL")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BusyPoll(pub Duration);

impl SocketOption<Stream> for BusyPoll {}
impl SocketOption<Datagram> for BusyPoll {}
impl LiveOn<Listening> for BusyPoll {}
impl LiveOn<Connected> for BusyPoll {}
impl LiveOn<Datagrams> for BusyPoll {}
impl Setting for BusyPoll {
    const NAME: &'static str = "SO_BUSY_POLL";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        sys::set_time(socket, option_numbers::SO_BUSY_POLL, Unit::Microseconds, self.0)
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        sys::get_time(socket, option_numbers::SO_BUSY_POLL, Unit::Microseconds).map(Self)
    }
}
