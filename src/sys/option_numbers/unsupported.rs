use std::ffi::c_int;

use super::Name;

/// Whether an address begins with its length.
pub(crate) const LEN_IN_ADDRESS: bool = false;

pub(crate) const SO_ACCEPTCONN: Name = None;
/// A program that chooses among the sockets of a port.
pub(crate) const SO_ATTACH_REUSEPORT_CBPF: Name = None;
pub(crate) const SO_BINDTODEVICE: Name = None;
/// The index of an interface, in the byte order of the host.
pub(crate) const SO_BINDTOIFINDEX: Name = None;
pub(crate) const SO_BUSY_POLL: Name = None;
pub(crate) const SO_ERROR: Name = None;
pub(crate) const SO_EXCLUSIVEADDRUSE: Name = None;
pub(crate) const SO_INCOMING_CPU: Name = None;
pub(crate) const SO_KEEPALIVE: Name = None;
pub(crate) const SO_MARK: Name = None;
/// No `SIGPIPE`, where a flag of `send` cannot say so.
pub(crate) const SO_NOSIGPIPE: Name = None;
pub(crate) const SO_OOBINLINE: Name = None;
pub(crate) const SO_PRIORITY: Name = None;
pub(crate) const SO_PROTOCOL: Name = None;
pub(crate) const SO_RCVBUF: Name = None;
/// Rebinding over `TIME_WAIT` and nothing more; `None` where the system always lets a program do
/// that.
pub(crate) const SO_REUSEADDR: Name = None;
/// Several sockets on one port, among which the kernel balances.
pub(crate) const SO_REUSEPORT: Name = None;
/// Several datagram sockets on one address and port, whatever each system calls it.
pub(crate) const SHARE_ADDRESS: Name = None;
/// How many datagrams the receive queue had no room for, with each datagram.
pub(crate) const SO_RXQ_OVFL: Name = None;
pub(crate) const SO_SNDBUF: Name = None;
/// When a datagram arrived; Linux counts in nanoseconds and calls it `SO_TIMESTAMPNS`.
pub(crate) const SO_TIMESTAMP: Name = None;
pub(crate) const SO_TIMESTAMPING: Name = None;
pub(crate) const SO_TXTIME: Name = None;
pub(crate) const SO_TYPE: Name = None;

// Multicast groups and their sources (RFC 3678, section 5.1).
pub(crate) const MCAST_BLOCK_SOURCE: Name = None;
pub(crate) const MCAST_JOIN_SOURCE_GROUP: Name = None;
pub(crate) const MCAST_LEAVE_SOURCE_GROUP: Name = None;
/// How a socket is a member of a group, for reading; other systems have a call for it.
pub(crate) const MCAST_MSFILTER: Name = None;
pub(crate) const MCAST_UNBLOCK_SOURCE: Name = None;

pub(crate) const IPV6_ADDR_PREFERENCES: Name = None;
pub(crate) const IPV6_AUTOFLOWLABEL: Name = None;
pub(crate) const IPV6_DONTFRAG: Name = None;
pub(crate) const IPV6_FLOWINFO_SEND: Name = None;
pub(crate) const IPV6_FLOWLABEL_MGR: Name = None;
/// The flow label of each datagram; as a control message, of one that is sent.
pub(crate) const IPV6_FLOWINFO: Name = None;
pub(crate) const IPV6_FREEBIND: Name = None;
pub(crate) const IPV6_MINHOPCOUNT: Name = None;
/// The path MTU of a connected socket, for reading.
pub(crate) const IPV6_MTU: Name = None;
pub(crate) const IPV6_MTU_DISCOVER: Name = None;
pub(crate) const IPV6_MULTICAST_ALL: Name = None;
pub(crate) const IPV6_MULTICAST_HOPS: Name = None;
pub(crate) const IPV6_MULTICAST_IF: Name = None;
pub(crate) const IPV6_MULTICAST_LOOP: Name = None;
/// The path MTU of a connected socket, in a struct (RFC 3542, section 11.4).
pub(crate) const IPV6_PATHMTU: Name = None;
/// What the BSDs have of `IPV6_ADDR_PREFERENCES`: 1 temporary, 0 public, -1 the system's choice.
pub(crate) const IPV6_PREFER_TEMPADDR: Name = None;
pub(crate) const IPV6_RECVERR: Name = None;
pub(crate) const IPV6_RECVHOPLIMIT: Name = None;
pub(crate) const IPV6_RECVPATHMTU: Name = None;
pub(crate) const IPV6_RECVPKTINFO: Name = None;
pub(crate) const IPV6_RECVTCLASS: Name = None;
pub(crate) const IPV6_TCLASS: Name = None;
pub(crate) const IPV6_TRANSPARENT: Name = None;
pub(crate) const IPV6_UNICAST_HOPS: Name = None;
/// The index of an interface, in network byte order.
pub(crate) const IPV6_UNICAST_IF: Name = None;
/// The largest packet that the socket sends, for setting.
pub(crate) const IPV6_USER_MTU: Name = None;
pub(crate) const IPV6_V6ONLY: Name = None;

// It serves IPv6 too.
pub(crate) const IP_BIND_ADDRESS_NO_PORT: Name = None;

// The IPv4 twins, for the IPv4 peers of a dual-stack socket; `None` too where the IPv6 option
// serves both.
pub(crate) const IP_DONTFRAGMENT: Name = None;
pub(crate) const IP_MINTTL: Name = None;
pub(crate) const IP_MTU_DISCOVER: Name = None;
pub(crate) const IP_MULTICAST_ALL: Name = None;
pub(crate) const IP_MULTICAST_IF: Name = None;
pub(crate) const IP_MULTICAST_LOOP: Name = None;
pub(crate) const IP_MULTICAST_TTL: Name = None;
pub(crate) const IP_PKTINFO: Name = None;
pub(crate) const IP_RECVERR: Name = None;
pub(crate) const IP_RECVTOS: Name = None;
pub(crate) const IP_RECVTTL: Name = None;
pub(crate) const IP_TOS: Name = None;
pub(crate) const IP_TTL: Name = None;
/// The index of an interface, in network byte order.
pub(crate) const IP_UNICAST_IF: Name = None;
pub(crate) const IP_USER_MTU: Name = None;

pub(crate) const TCP_CONGESTION: Name = None;
/// Holding back segments that are not full; the BSDs call it `TCP_NOPUSH`.
pub(crate) const TCP_CORK: Name = None;
pub(crate) const TCP_DEFER_ACCEPT: Name = None;
pub(crate) const TCP_FASTOPEN: Name = None;
pub(crate) const TCP_FASTOPEN_CONNECT: Name = None;
pub(crate) const TCP_INFO: Name = None;
pub(crate) const TCP_KEEPCNT: Name = None;
/// In seconds; Apple calls it `TCP_KEEPALIVE`.
pub(crate) const TCP_KEEPIDLE: Name = None;
/// In seconds.
pub(crate) const TCP_KEEPINTVL: Name = None;
pub(crate) const TCP_MAXSEG: Name = None;
pub(crate) const TCP_NODELAY: Name = None;
pub(crate) const TCP_NOTSENT_LOWAT: Name = None;
pub(crate) const TCP_QUICKACK: Name = None;
/// In milliseconds.
pub(crate) const TCP_USER_TIMEOUT: Name = None;

/// Several datagrams in one receive; Windows calls it `UDP_RECV_MAX_COALESCED_SIZE`.
pub(crate) const UDP_GRO: Name = None;
/// Several datagrams in one send; Windows calls it `UDP_SEND_MSG_SIZE`.
pub(crate) const UDP_SEGMENT: Name = None;

// Control messages: what comes and goes with a datagram beside its bytes. Some have the number of
// an option, and not on every system.
pub(crate) const CMSG_IPV6_DONTFRAG: Name = None;
pub(crate) const CMSG_IPV6_FLOWINFO: Name = None;
pub(crate) const CMSG_IPV6_HOPLIMIT: Name = None;
pub(crate) const CMSG_IPV6_PATHMTU: Name = None;
pub(crate) const CMSG_IPV6_PKTINFO: Name = None;
pub(crate) const CMSG_IPV6_RECVERR: Name = None;
pub(crate) const CMSG_IPV6_TCLASS: Name = None;
pub(crate) const CMSG_SO_RXQ_OVFL: Name = None;
/// A `timespec` on Linux, a `timeval` elsewhere.
pub(crate) const CMSG_SCM_TIMESTAMP: Name = None;
pub(crate) const CMSG_SCM_TIMESTAMPING: Name = None;
pub(crate) const CMSG_SCM_TXTIME: Name = None;
pub(crate) const CMSG_UDP_GRO: Name = None;
pub(crate) const CMSG_UDP_SEGMENT: Name = None;

// The same for IPv4 packets on a dual-stack socket. What arrives may also have the IPv6 number,
// with the value of the IPv4 header; what is sent goes by these alone.
pub(crate) const CMSG_IP_DONTFRAG: Name = None;
/// The source and the interface, by `IPV6_PKTINFO` with a mapped address.
pub(crate) const CMSG_IP_MAPPED_PKTINFO: Name = None;
/// The source and the interface, or one of them, by `struct in_pktinfo`.
pub(crate) const CMSG_IP_PKTINFO: Name = None;
pub(crate) const CMSG_IP_RECVERR: Name = None;
/// The source alone.
pub(crate) const CMSG_IP_SENDSRCADDR: Name = None;
pub(crate) const CMSG_IP_TOS: Name = None;
/// Another number that what arrives may have.
pub(crate) const CMSG_IP_TOS_ALIAS: Name = None;
pub(crate) const CMSG_IP_TTL: Name = None;
/// Another number that what arrives may have.
pub(crate) const CMSG_IP_TTL_ALIAS: Name = None;

// Values that differ per system; `None` where it has no such value.

/// Whether the system, asked for a free port, gives a datagram socket with `SO_REUSEPORT` one that
/// others with it have.
pub(crate) const CHOOSES_SHARED_PORTS: bool = false;

/// Whether switching `TCP_CORK` off sends what it held.
pub(crate) const UNCORKING_SENDS: bool = true;

/// Whether `socket` gives datagram sockets of ICMPv6, which need no privilege.
pub(crate) const ICMPV6_DATAGRAMS: bool = false;

// Of IPV6_MTU_DISCOVER and IP_MTU_DISCOVER.
pub(crate) const PMTUDISC_DONT: Option<c_int> = None;
pub(crate) const PMTUDISC_WANT: Option<c_int> = None;
pub(crate) const PMTUDISC_DO: Option<c_int> = None;
pub(crate) const PMTUDISC_PROBE: Option<c_int> = None;
pub(crate) const PMTUDISC_INTERFACE: Option<c_int> = None;
pub(crate) const PMTUDISC_OMIT: Option<c_int> = None;

// Of IPV6_ADDR_PREFERENCES (RFC 5014, section 5).
pub(crate) const PREFER_SRC_TMP: c_int = 0;
pub(crate) const PREFER_SRC_PUBLIC: c_int = 0;
pub(crate) const PREFER_SRC_PUBTMP_DEFAULT: c_int = 0;
pub(crate) const PREFER_SRC_COA: c_int = 0;
pub(crate) const PREFER_SRC_HOME: c_int = 0;
pub(crate) const PREFER_SRC_CGA: c_int = 0;
pub(crate) const PREFER_SRC_NONCGA: c_int = 0;

// Of IPV6_FLOWLABEL_MGR: with whom a label is shared.
pub(crate) const FLOW_SHARE_EXCLUSIVE: u8 = 0;
pub(crate) const FLOW_SHARE_PROCESS: u8 = 0;
pub(crate) const FLOW_SHARE_USER: u8 = 0;
pub(crate) const FLOW_SHARE_ANY: u8 = 0;
// Of SO_TIMESTAMPING.
pub(crate) const TIMESTAMPING_RX_SOFTWARE: u32 = 0;
pub(crate) const TIMESTAMPING_RX_HARDWARE: u32 = 0;
pub(crate) const TIMESTAMPING_TX_SOFTWARE: u32 = 0;
pub(crate) const TIMESTAMPING_TX_HARDWARE: u32 = 0;
/// What was measured by software is told.
pub(crate) const TIMESTAMPING_SOFTWARE: u32 = 0;
/// What was measured by hardware is told.
pub(crate) const TIMESTAMPING_RAW_HARDWARE: u32 = 0;
/// The time of sending comes with a number, without the packet, by software and hardware both.
pub(crate) const TIMESTAMPING_TX_FORM: u32 = 0;

// Of SO_TXTIME.
pub(crate) const CLOCK_MONOTONIC: c_int = 0;
pub(crate) const CLOCK_REALTIME: c_int = 0;
pub(crate) const CLOCK_TAI: c_int = 0;
/// What is dropped for its time is reported through the error queue.
pub(crate) const TXTIME_REPORT_ERRORS: u32 = 0;
