//! Every sentence that an error can say.

use std::io;

use crate::addr::mapped::Written;

/// Why this host has no such IPv6 address, as [`Error::absence`](crate::Error::absence) tells it.
///
/// The system has one number for most of them, and what helps is different: one passes by itself,
/// the others want an administrator.
///
/// # Platform notes
///
/// Linux tells these apart, and Android where a program may read `/proc/net`; the other systems
/// tell `Family` only.
///
/// # Examples
///
/// See [`Error::absence`](crate::Error::absence).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Absence {
    /// The system has no IPv6 at all.
    Family,
    /// IPv6 is disabled, on every interface or on that of the zone or of loopback
    /// (`net.ipv6.conf.*.disable_ipv6`).
    Disabled,
    /// The address is of loopback, and that interface is down.
    LoopbackDown,
    /// The host has the address and does not use it yet: it asks whether another host has it
    /// (duplicate address detection, RFC 4862, section 5.4). That takes a second or two.
    Tentative,
    /// The host has the address and does not use it: another host on the link has it.
    Duplicate,
}

/// What the crate knows of a failure beyond the system's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    #[error("address in use; another socket has it")]
    InUse,
    #[error(
        "address in use; another socket has it, and a dual-stack socket needs the port on IPv4 too ({0})"
    )]
    InUseDual(std::net::SocketAddrV4),
    #[error("permission denied; ports below 1024 are for privileged programs")]
    PrivilegedPort,
    #[error(
        "permission denied; another socket has the address for itself, or the system keeps the port"
    )]
    Exclusive,
    #[error("permission denied")]
    Permission,
    #[error("no interface of this host has this address")]
    NotLocal,
    #[error(
        "no interface of this host has this address; IPv6 may be disabled, or the interface down"
    )]
    NoLoopback,
    #[error("{}", .0.text())]
    Absent(Absence),
    #[error("no local address can reach it; IPv6 may be disabled")]
    NoSource,
    #[error("the socket is bound to an IPv4 address, and from there no IPv6 peer can be reached")]
    BoundToIpv4,
    #[error("the socket is bound to an IPv6 address, and from there no IPv4 peer can be reached")]
    BoundToIpv6,
    #[error(
        "this system does not share out what arrives at a dual-stack socket on every address; restrict \
         the sockets with `.v6_only()`, or bind one address"
    )]
    NotShared,
    #[error("this system shares out among at most {0} sockets")]
    TooManyShards(usize),
    #[error("the process has too many open descriptors")]
    ProcessLimit,
    #[error("the system has too many open descriptors")]
    SystemLimit,
    #[error("this system has no Multipath TCP, or it is switched off")]
    NoMultipathTcp,
    #[error("this system has no ICMPv6 datagram sockets, which echo without privileges needs")]
    NoEcho,
    #[error(
        "permission denied; echo is for the groups in net.ipv4.ping_group_range, and this process is in none of them"
    )]
    EchoGroup,
    #[error("this system does not have it")]
    Unsupported,
    #[error("the value is out of range")]
    Range,
    #[error(
        "this system has no dual-stack sockets; restrict the socket with `.v6_only()`, or use a specific IPv6 address"
    )]
    NoDualStack,
    #[error("this system refuses to restrict a socket to IPv6")]
    NoV6Only,
    #[error("connection refused; nothing listens there")]
    Refused,
    #[error("timed out")]
    TimedOut,
    #[error("network unreachable; there is no route")]
    NoRoute,
    #[error("host unreachable")]
    NoHost,
    #[error("no such interface")]
    NoInterface,
    #[error("this system knows nothing of that name")]
    UnknownName,
    #[error("fast open is switched off; set net.inet.tcp.fastopen.server_enable to 1")]
    FastOpenOff,
    #[error(
        "another lease has the label and does not share it so; it stays taken for some seconds after its release"
    )]
    LabelTaken,
    #[error("the socket, or the system, has as many leases as it may")]
    LabelLimit,
    #[error("net.ipv6.flowlabel_state_ranges keeps labels from 0x80000 on for other uses")]
    LabelRange,
    #[error("not an IPv6 multicast address")]
    NotMulticast,
    #[error("the source {0} is not a unicast IPv6 address")]
    NotASource(std::net::IpAddr),
    #[error("the group is one of each link: name the interface")]
    GroupOfALink,
    #[error("the system finds no interface for it: name one")]
    NoInterfaceFound,
    #[error("the interface does not exist, or has no IPv6 multicast")]
    NoMulticast,
    #[error("the socket is a member already")]
    Member,
    #[error("the socket is a member already, for every source; leave that first")]
    MemberForAll,
    #[error("the socket is a member already, for the source {0}")]
    MemberFor(std::net::Ipv6Addr),
    #[error("the socket is not a member")]
    NotAMember,
    #[error("{0} is blocked already")]
    Blocked(std::net::Ipv6Addr),
    #[error("{0} is not blocked")]
    NotBlocked(std::net::Ipv6Addr),
    #[error(
        "too many groups or sources for one socket; on Linux net.core.optmem_max and net.ipv6.mld_max_msf are the limits"
    )]
    TooManyGroups,
    #[error("this system has no source-specific multicast for IPv6")]
    NoSources,
    #[error("it is not an IPv6 socket")]
    NotIpv6,
    #[error("it is not a stream socket")]
    NotStream,
    #[error("it is not a datagram socket")]
    NotDatagram,
    #[error("its protocol is neither TCP nor UDP")]
    ForeignProtocol,
    #[error("it does not listen")]
    NotListening,
    #[error("it listens")]
    Listening,
    #[error("it is not connected")]
    NotConnected,
    #[error("it is connected")]
    Connected,
    #[error(
        "it puts datagrams together (UDP_GRO), and short buffers would lose what they cannot hold"
    )]
    Coalescing,
    #[error("it may have IPv4 peers, and an IPv6-only socket is wanted")]
    NotV6Only,
    #[error("it is restricted to IPv6, and a dual-stack socket is wanted")]
    NotDualStack,
    #[error("this system does not report whether it is restricted to IPv6")]
    UnknownMode,
}

impl Absence {
    fn text(self) -> &'static str {
        match self {
            Self::Family => "this system has no IPv6",
            Self::Disabled => {
                "IPv6 is disabled on this host or interface (net.ipv6.conf.*.disable_ipv6)"
            }
            Self::LoopbackDown => "the loopback interface is down",
            Self::Tentative => {
                "this host does not use the address yet: it asks whether another host has it \
                 (duplicate address detection), which takes a second or two; FreeBind binds it \
                 before"
            }
            Self::Duplicate => {
                "this host does not use the address: another host on the link has it \
                 (duplicate address detection)"
            }
        }
    }
}

/// Why an address that was written cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressFault {
    #[error("is not a literal IPv6 or IPv4 address: `connect_host` looks host names up")]
    NotLiteral,
    #[error("has no port: write [::1]:8000 or 192.0.2.1:8000")]
    NoPort,
    #[error("is an empty list of addresses")]
    EmptyList,
    #[error("lacks brackets: write an IPv6 address and its port as [fe80::1]:8000")]
    NoBrackets,
    #[error("has brackets where none belong: only an IPv6 address followed by a port has them")]
    Brackets,
    #[error("has no valid port: a port is a number from 0 to 65535")]
    Port,
    #[error("is an IPv4 address, and these have no zone")]
    ZoneOnIpv4,
    #[error("is not a valid zone: after % goes the name or the index of an interface")]
    Zone,
    #[error("is not a valid zone: an interface index is a number from 1 to 4294967295")]
    ZoneIndex,
    #[error("names no interface of this host")]
    UnknownInterface,
    #[error("names no interface of this host; %25 stands for % in URLs only")]
    UrlZone,
    /// The system did not say whether there is such an interface.
    #[error("names an interface that cannot be looked up: {}", system_error(*.0))]
    LookUp(Option<i32>),
    #[error(
        "is link-local and needs the zone it is meant on: write it as fe80::1%eth0, with the name or the index of an interface"
    )]
    NoZone,
    #[error("is an IPv4 address, and the socket is IPv6 only; a dual-stack socket speaks IPv4 too")]
    Ipv4,
    #[error(
        "was written as `{0}`, which is an IPv4 address, and the socket is IPv6 only; a dual-stack socket speaks IPv4 too"
    )]
    Mapped(Written),
}

impl AddressFault {
    #[cold]
    pub(crate) fn look_up(error: &io::Error) -> Self {
        Self::LookUp(error.raw_os_error())
    }
}

pub(crate) fn system_error(code: Option<i32>) -> io::Error {
    code.map_or_else(|| io::ErrorKind::Other.into(), io::Error::from_raw_os_error)
}

/// What sort of failure a look-up met.
///
/// # Examples
///
/// See [`Resolve`](crate::connect::Resolve).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveErrorKind {
    /// The name does not exist.
    #[error("no such name")]
    NoSuchName,
    /// The name exists, and has no address of the families asked for.
    #[error("no address")]
    NoAddress,
    /// No resolver answered, or it asks to try again later.
    #[error("the resolver cannot be reached")]
    Unreachable,
    /// Anything else.
    #[error("the look-up failed")]
    Other,
}
