//! What went wrong while a socket was opened: [`Error`] and the step, [`Op`].

use std::{fmt, io};

use crate::addr::{AddressError, Endpoint};

/// Opening or setting up a socket failed: which step, with which address or option, and why.
///
/// It prints in one line what was tried, on what, and where it is known, why and what to do. The
/// system's own error is the [`source`](std::error::Error::source). Using an open socket gives a
/// plain [`io::Error`], and this type converts into one, keeping the kind.
///
/// `{:?}` prints the same line, so that `fn main() -> Result<(), inet6::Error>` and `unwrap` show
/// what a person can read; `{:#?}` prints the fields.
///
/// # Examples
///
/// ```
/// use inet6::{Op, TcpListener};
/// use std::io::ErrorKind;
///
/// let first = TcpListener::bind("[::1]:0")?;
/// let error = TcpListener::bind(first.local_addr()?).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::AddrInUse);
/// assert!(matches!(error.op(), Op::Bind | Op::Listen));
/// assert!(error.to_string().contains("address in use"));
/// assert_eq!(error.address(), Some(&first.local_addr()?.into()));
/// assert!(error.raw_os_error().is_some()); // EADDRINUSE, WSAEADDRINUSE
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    op: Op,
    address: Option<Endpoint>,
    reason: Option<Reason>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Address(AddressError),
    System(io::Error),
}

/// The step that failed, as [`Error::op`] tells it.
///
/// # Examples
///
/// ```
/// let error = inet6::UdpSocket::bind("localhost:80").unwrap_err();
/// assert_eq!(error.op(), inet6::Op::Address);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// Reading an address that was given as text, or finding the interface it names.
    Address,
    /// Creating the socket.
    Open,
    /// Setting the [mode](crate::mode) of the socket (`IPV6_V6ONLY`), or reading it back.
    Mode,
    /// Setting the option of this C name.
    Set(&'static str),
    /// Reading the option of this C name.
    Get(&'static str),
    /// Binding the socket to a local address.
    Bind,
    /// Starting to listen.
    Listen,
    /// Connecting to a peer.
    Connect,
    /// Sending a datagram to a peer that the socket cannot reach.
    Send,
    /// Taking over a descriptor.
    Adopt,
    /// Taking part in a flow label, or ending that.
    FlowLabel,
    /// Joining a multicast group.
    Join,
    /// Leaving a multicast group.
    Leave,
    /// Blocking a source of a multicast group.
    Block,
    /// Unblocking a source of a multicast group.
    Unblock,
}

/// Why this host has no such IPv6 address, as [`Error::absence`] tells it.
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
/// See [`Error::absence`].
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
        "this system does not share out what arrives at a dual-stack socket on every address; open \
         IPv6-only sockets, or bind one address"
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
    #[error("this system does not let one socket serve IPv6 and IPv4; open one for each")]
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

impl Error {
    pub(crate) fn new(
        op: Op,
        address: Option<Endpoint>,
        reason: Option<Reason>,
        source: io::Error,
    ) -> Self {
        Self(Box::new(Inner { op, address, reason, source: Source::System(source) }))
    }

    /// The step that failed.
    ///
    /// # Examples
    ///
    /// See [`Error`].
    #[must_use]
    pub fn op(&self) -> Op {
        self.0.op
    }

    /// The kind of the failure, for handling it.
    ///
    /// # Examples
    ///
    /// See [`Error`].
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match &self.0.source {
            Source::Address(error) => error.kind(),
            // The numbers for this have no kind of their own in std.
            Source::System(error) => match self.0.reason {
                Some(
                    Reason::Unsupported
                    | Reason::NoMultipathTcp
                    | Reason::NoEcho
                    | Reason::NoDualStack
                    | Reason::NoV6Only
                    | Reason::NoSources,
                ) => io::ErrorKind::Unsupported,
                Some(Reason::UnknownName) => io::ErrorKind::NotFound,
                _ => error.kind(),
            },
        }
    }

    /// The address that was bound or connected to, where there is one; or the group, with the
    /// interface as its zone and port 0.
    ///
    /// # Examples
    ///
    /// See [`Error`].
    #[must_use]
    pub fn address(&self) -> Option<&Endpoint> {
        self.0.address.as_ref()
    }

    /// Why this host does not have the address, where that is the failure and the system tells.
    ///
    /// # Examples
    ///
    /// A server that starts with its host, before its address may be used:
    ///
    /// ```
    /// use inet6::{Absence, UdpSocket};
    /// use std::{thread, time::Duration};
    ///
    /// fn bind(address: &str) -> Result<UdpSocket, inet6::Error> {
    ///     loop {
    ///         match UdpSocket::bind(address) {
    ///             Err(error) if error.absence() == Some(Absence::Tentative) => {
    ///                 thread::sleep(Duration::from_millis(100));
    ///             }
    ///             result => return result,
    ///         }
    ///     }
    /// }
    ///
    /// bind("[::1]:0")?;
    /// let error = bind("[2001:db8::1]:0").unwrap_err();
    /// assert_eq!(error.absence(), None); // another host's
    /// # Ok::<(), inet6::Error>(())
    /// ```
    #[must_use]
    pub fn absence(&self) -> Option<Absence> {
        match self.0.reason? {
            Reason::Absent(absence) => Some(absence),
            _ => None,
        }
    }

    /// The number of the system's error, where it came from a system call.
    ///
    /// # Examples
    ///
    /// See [`Error`].
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match &self.0.source {
            Source::Address(error) => error.raw_os_error(),
            Source::System(error) => error.raw_os_error(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.op {
            Op::Address => write!(f, "cannot use the address")?,
            Op::Open => write!(f, "cannot open an IPv6 socket")?,
            Op::Mode => write!(f, "cannot set IPV6_V6ONLY")?,
            Op::Set(name) => write!(f, "cannot set {name}")?,
            Op::Get(name) => write!(f, "cannot read {name}")?,
            Op::Bind => write!(f, "cannot bind")?,
            Op::Listen => write!(f, "cannot listen on")?,
            Op::Connect => write!(f, "cannot connect to")?,
            Op::Send => write!(f, "cannot send to")?,
            Op::Adopt => write!(f, "cannot adopt the descriptor")?,
            Op::FlowLabel => write!(f, "cannot lease a flow label")?,
            Op::Join => write!(f, "cannot join")?,
            Op::Leave => write!(f, "cannot leave")?,
            Op::Block => write!(f, "cannot block a source of")?,
            Op::Unblock => write!(f, "cannot unblock a source of")?,
        }
        match (&self.0.address, self.0.op) {
            // A group has no port.
            (Some(group), Op::Join | Op::Leave | Op::Block | Op::Unblock) => {
                write!(f, " {}", group.ip())?;
                if let Some(zone) = group.zone() {
                    write!(f, "%{zone}")?;
                }
            }
            (Some(address), _) => write!(f, " {address}")?,
            (None, _) => {}
        }
        match (&self.0.reason, &self.0.source) {
            (Some(reason), _) => write!(f, ": {reason}"),
            (None, Source::Address(error)) => write!(f, ": {error}"),
            (None, Source::System(error)) => write!(f, ": {error}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f.debug_tuple("Error").field(&self.0).finish();
        }
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Source::Address(error) => Some(error),
            Source::System(error) => Some(error),
        }
    }
}

impl From<AddressError> for Error {
    fn from(error: AddressError) -> Self {
        Self(Box::new(Inner {
            op: Op::Address,
            address: None,
            reason: None,
            source: Source::Address(error),
        }))
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}
