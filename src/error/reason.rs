//! Every sentence that an error can say.

use std::net::{IpAddr, Ipv6Addr};
use std::{fmt, io};

use super::Op;
use crate::addr::AddressError;
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
    NotASource(IpAddr),
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
    MemberFor(Ipv6Addr),
    #[error("the socket is not a member")]
    NotAMember,
    #[error("{0} is blocked already")]
    Blocked(Ipv6Addr),
    #[error("{0} is not blocked")]
    NotBlocked(Ipv6Addr),
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

/// The step that failed, as the beginning of a sentence.
pub(crate) struct Step(pub(crate) Op);

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Op::Address => "cannot use the address",
            Op::LookUp => "cannot look up",
            Op::Open => "cannot open an IPv6 socket",
            Op::Mode => "cannot set IPV6_V6ONLY",
            Op::Set(name) => return write!(f, "cannot set {name}"),
            Op::Get(name) => return write!(f, "cannot read {name}"),
            Op::Bind => "cannot bind",
            Op::Listen => "cannot listen on",
            Op::Connect => "cannot connect to",
            Op::Send => "cannot send to",
            Op::Adopt => "cannot adopt the descriptor",
            Op::FlowLabel => "cannot lease a flow label",
            Op::Join => "cannot join",
            Op::Leave => "cannot leave",
            Op::Block => "cannot block a source of",
            Op::Unblock => "cannot unblock a source of",
        })
    }
}

/// Why a host was not connected to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostFault<'a> {
    #[error("cannot use the host: {0}")]
    Invalid(&'a AddressError),
    #[error("cannot look up {0}: there is no such name")]
    NoSuchName(String),
    #[error("cannot look up {0}: no address is known")]
    NoAddress(String),
    #[error("cannot connect to {0}: the time is over")]
    TimedOut(String),
    #[error("cannot connect to {0}: it was given up")]
    Cancelled(String),
    #[error("cannot connect to {0}: no address can be connected to")]
    Exhausted(String),
}

/// Why an attempt to connect did not win.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttemptFault {
    #[error("given up")]
    Cancelled,
    #[error("its source {0} does not suit it")]
    UnsuitableSource(IpAddr),
}

/// Why a datagram of `len` bytes was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TooLong {
    #[error(
        "a datagram of {len} bytes does not fit the path MTU of {mtu} bytes: send at most {most}"
    )]
    Path { len: usize, mtu: u32, most: usize },
    #[error("a datagram of {len} bytes is too long: UDP carries at most {most}")]
    Udp { len: usize, most: usize },
    #[error("a datagram of {len} bytes is longer than this socket sends")]
    Socket { len: usize },
}

/// The sentence of an [`io::Error`] that carries no number of the system, because this crate
/// refuses a value or replaces the system's error by a clearer one.
#[derive(PartialEq, Eq, thiserror::Error)]
#[allow(dead_code, reason = "some are of one system")]
pub(crate) enum Refusal {
    // Values of options.
    #[error("the system takes numbers up to 2147483647")]
    LargeNumber,
    #[error("must not be zero")]
    Zero,
    #[error("zero means waiting for ever: give `None`")]
    ZeroTimeout,
    #[error("zero means not cutting: give `None`")]
    ZeroSegment,
    #[error("zero means the system's own rule: give `None`")]
    ZeroUserTimeout,
    #[error("zero means accepting at once: give `None`")]
    ZeroDefer,
    #[error("a whole number of {0} is wanted")]
    NotWhole(&'static str),
    #[error("the time is longer than the system can count")]
    LongTime,
    #[error("a name has 1 to 15 bytes, and none is zero")]
    AlgorithmName,
    #[error("every link carries 1280 bytes, and less is no limit")]
    SmallMtu,
    #[error("a stream tells times of sending once it is connected")]
    NotYetConnected,
    #[error("the system does not switch it off again")]
    NotSwitchedOff,
    #[error("clock {0} is none of `TransmitClock`")]
    UnknownClock(std::ffi::c_int),
    #[error("the system accepted the value and did not take it")]
    NotTaken,
    #[error(
        "this system does not go back to its own choice of an interface; name one, or open a new socket"
    )]
    InterfaceStays,
    #[error("{}", Reason::NoInterface)]
    NoInterface,
    #[error("a port has at most 65535 sockets")]
    ManySockets,
    // Connections.
    #[error("a timeout of zero leaves no time to connect")]
    NoTimeToConnect,
    #[error("nothing to wait for")]
    NothingToWaitFor,
    #[error("protocol {0} is neither TCP nor UDP nor ICMPv6")]
    UnknownProtocol(std::ffi::c_int),
    #[error("the socket has no IPv6 address")]
    NoIpv6Address,
    #[error("a file has at most 9223372036854775807 bytes")]
    LongFile,
    #[error("this system cannot send a part of a file by itself (sendfile); read it and send that")]
    NoSendFile,
    // Datagrams.
    #[error("port 0 is no destination")]
    PortZero,
    #[error("the socket is IPv6 only, and {0} is an IPv4 address")]
    Ipv4Source(IpAddr),
    #[error("{0} is a multicast group, and nothing is sent from one")]
    GroupAsSource(IpAddr),
    #[error("source and destination are of two families")]
    TwoFamilies,
    #[error("{0} is link-local: say on which interface")]
    SourceWithoutZone(Ipv6Addr),
    #[error("cannot send from {0}: {why}", why = Reason::NotLocal)]
    ForeignSource(IpAddr, io::ErrorKind),
    #[error("an IPv4 packet cannot have a hop limit of 0")]
    Ipv4HopLimit,
    #[error("the destination is on interface {of_peer}, and interface {given} was given")]
    TwoInterfaces { of_peer: u32, given: u32 },
    #[error("{len} bytes are more than {most} segments of {size}: `send_segments` sends them")]
    ManySegments { len: usize, most: usize, size: usize },
    #[error("a segment has 1 to 65535 bytes: `segment_size` says how many")]
    NoSegmentSize,
    #[error("the slices have more bytes than memory has")]
    MoreThanMemory,
    #[error("a segment lies in more than 64 slices")]
    ManySlices,
    #[error("a batch holds 1 to 1024 datagrams")]
    BatchCount,
    #[error("no datagram is longer than 65535 bytes")]
    LongDatagram,
    #[error("too many control messages")]
    ManyMessages,
    #[error("this system cannot choose {0} of one such packet")]
    CannotChoose(&'static str),
    #[error(
        "the time of sending is of `TransmitClock::{wanted}`, and the socket has `TransmitClock::{of_socket}`; give a `SendAt::{of_socket}`"
    )]
    OtherClock { wanted: String, of_socket: String },
    #[error("a time of sending needs `TransmitTime(Some(TransmitClock::{0}))` on the socket")]
    NoClock(String),
    #[error(
        "where the datagram was sent to is not known: set `RecvPacketInfo(true)` on the socket"
    )]
    UnknownDestination,
    // The error queue.
    #[error("this system has no queue of errors (MSG_ERRQUEUE)")]
    NoErrorQueue,
    #[error("a report of the error queue without its reason")]
    QueuedWithoutReason,
    // Flow labels.
    #[error("IPv4 has no flow labels")]
    Ipv4Label,
    #[error("it needs the address of a peer, and the unspecified address is none")]
    LabelForNobody,
    #[error("the system chose no label")]
    NoLabel,
    #[error("6 to 65535 seconds are wanted, a whole number")]
    LingerTime,
    // Names and interfaces.
    #[error("the name is empty")]
    EmptyName,
    #[error("a zero byte in the name")]
    ZeroInName,
    #[error("it is an address of the other family")]
    OtherFamily,
    #[error("the answer has no address")]
    EmptyAnswer,
    #[error("no answer")]
    NoAnswer,
    #[error("getaddrinfo: {0}")]
    UnnamedResolverError(std::ffi::c_int),
    #[error("the resolver panicked")]
    ResolverPanicked,
    #[error("the resolver ended without an answer")]
    ResolverEnded,
    #[error("cannot list the interfaces: they change all the time; try again")]
    InterfacesChange,
}

impl Refusal {
    fn kind(&self) -> io::ErrorKind {
        match self {
            Self::NotTaken
            | Self::InterfaceStays
            | Self::NoSendFile
            | Self::CannotChoose(_)
            | Self::NoErrorQueue => io::ErrorKind::Unsupported,
            Self::UnknownClock(_)
            | Self::UnknownProtocol(_)
            | Self::NoIpv6Address
            | Self::QueuedWithoutReason => io::ErrorKind::InvalidData,
            Self::NoInterface | Self::OtherFamily | Self::EmptyAnswer => io::ErrorKind::NotFound,
            Self::NoAnswer
            | Self::UnnamedResolverError(_)
            | Self::ResolverPanicked
            | Self::ResolverEnded => io::ErrorKind::Other,
            Self::InterfacesChange => io::ErrorKind::ResourceBusy,
            // That of the system.
            Self::ForeignSource(_, kind) => *kind,
            _ => io::ErrorKind::InvalidInput,
        }
    }
}

/// The sentence in quotes, as [`io::Error`] prints a text.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl From<Refusal> for io::Error {
    #[cold]
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.kind(), refusal)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_has_kind_and_sentence() {
        use io::ErrorKind::*;

        let gone = Refusal::ForeignSource(IpAddr::V6(Ipv6Addr::LOCALHOST), AddrNotAvailable);
        for (refusal, kind) in [
            (Refusal::Zero, InvalidInput),
            (Refusal::NotTaken, Unsupported),
            (Refusal::UnknownClock(9), InvalidData),
            (Refusal::NoInterface, NotFound),
            (Refusal::NoAnswer, Other),
            (Refusal::InterfacesChange, ResourceBusy),
            (gone, AddrNotAvailable),
        ] {
            let text = refusal.to_string();
            let error = io::Error::from(refusal);
            assert_eq!((error.kind(), error.to_string()), (kind, text));
        }
        let text = format!("{:?}", io::Error::from(Refusal::Zero));
        assert_eq!(text, r#"Custom { kind: InvalidInput, error: "must not be zero" }"#);
    }
}
