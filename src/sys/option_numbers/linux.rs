pub(crate) use super::posix::*;
use super::{Atomic, Name, at};
use libc::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};
use std::ffi::c_int;

pub(crate) const ATOMIC: Option<Atomic> = Some(Atomic {
    accept4: libc::accept4,
    close_on_exec: libc::SOCK_CLOEXEC,
    nonblocking: libc::SOCK_NONBLOCK,
});

#[cfg(not(target_os = "android"))]
pub(crate) const SO_ATTACH_REUSEPORT_CBPF: Name = at(SOL_SOCKET, libc::SO_ATTACH_REUSEPORT_CBPF);
// asm-generic/socket.h.
#[cfg(target_os = "android")]
pub(crate) const SO_ATTACH_REUSEPORT_CBPF: Name = at(SOL_SOCKET, 51);
pub(crate) const SO_BINDTODEVICE: Name = at(SOL_SOCKET, libc::SO_BINDTODEVICE);
pub(crate) const SO_BINDTOIFINDEX: Name = at(SOL_SOCKET, libc::SO_BINDTOIFINDEX);
pub(crate) const SO_BUSY_POLL: Name = at(SOL_SOCKET, libc::SO_BUSY_POLL);
#[cfg(not(target_os = "android"))]
pub(crate) const SO_INCOMING_CPU: Name = at(SOL_SOCKET, libc::SO_INCOMING_CPU);
// asm-generic/socket.h.
#[cfg(target_os = "android")]
pub(crate) const SO_INCOMING_CPU: Name = at(SOL_SOCKET, 49);
pub(crate) const SO_MARK: Name = at(SOL_SOCKET, libc::SO_MARK);
pub(crate) const SO_PRIORITY: Name = at(SOL_SOCKET, libc::SO_PRIORITY);
pub(crate) const SO_PROTOCOL: Name = at(SOL_SOCKET, libc::SO_PROTOCOL);
pub(crate) const SO_REUSEPORT: Name = at(SOL_SOCKET, libc::SO_REUSEPORT);
pub(crate) const SO_RXQ_OVFL: Name = at(SOL_SOCKET, libc::SO_RXQ_OVFL);
pub(crate) const SO_TIMESTAMP: Name = at(SOL_SOCKET, libc::SO_TIMESTAMPNS);
pub(crate) const SO_TIMESTAMPING: Name = at(SOL_SOCKET, libc::SO_TIMESTAMPING);
#[cfg(not(target_os = "android"))]
pub(crate) const SO_TXTIME: Name = at(SOL_SOCKET, libc::SO_TXTIME);
// asm-generic/socket.h.
#[cfg(target_os = "android")]
pub(crate) const SO_TXTIME: Name = at(SOL_SOCKET, 61);

pub(crate) const IPV6_ADDR_PREFERENCES: Name = at(IPPROTO_IPV6, libc::IPV6_ADDR_PREFERENCES);
pub(crate) const IPV6_AUTOFLOWLABEL: Name = at(IPPROTO_IPV6, libc::IPV6_AUTOFLOWLABEL);
pub(crate) const IPV6_DONTFRAG: Name = at(IPPROTO_IPV6, libc::IPV6_DONTFRAG);
pub(crate) const IPV6_FLOWINFO_SEND: Name = at(IPPROTO_IPV6, libc::IPV6_FLOWINFO_SEND);
pub(crate) const IPV6_FLOWLABEL_MGR: Name = at(IPPROTO_IPV6, libc::IPV6_FLOWLABEL_MGR);
pub(crate) const IPV6_FLOWINFO: Name = at(IPPROTO_IPV6, libc::IPV6_FLOWINFO);
pub(crate) const IPV6_FREEBIND: Name = at(IPPROTO_IPV6, libc::IPV6_FREEBIND);
pub(crate) const IPV6_MINHOPCOUNT: Name = at(IPPROTO_IPV6, libc::IPV6_MINHOPCOUNT);
pub(crate) const IPV6_MTU: Name = at(IPPROTO_IPV6, libc::IPV6_MTU);
pub(crate) const IPV6_MTU_DISCOVER: Name = at(IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER);
pub(crate) const IPV6_MULTICAST_ALL: Name = at(IPPROTO_IPV6, libc::IPV6_MULTICAST_ALL);
pub(crate) const IPV6_RECVERR: Name = at(IPPROTO_IPV6, libc::IPV6_RECVERR);
pub(crate) const IPV6_RECVHOPLIMIT: Name = at(IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT);
pub(crate) const IPV6_RECVPATHMTU: Name = at(IPPROTO_IPV6, libc::IPV6_RECVPATHMTU);
pub(crate) const IPV6_RECVPKTINFO: Name = at(IPPROTO_IPV6, libc::IPV6_RECVPKTINFO);
pub(crate) const IPV6_RECVTCLASS: Name = at(IPPROTO_IPV6, libc::IPV6_RECVTCLASS);
pub(crate) const IPV6_TCLASS: Name = at(IPPROTO_IPV6, libc::IPV6_TCLASS);
pub(crate) const IPV6_TRANSPARENT: Name = at(IPPROTO_IPV6, libc::IPV6_TRANSPARENT);
pub(crate) const IPV6_UNICAST_IF: Name = at(IPPROTO_IPV6, libc::IPV6_UNICAST_IF);
// One number: setting limits the packets of the socket, reading gives the path MTU.
pub(crate) const IPV6_USER_MTU: Name = at(IPPROTO_IPV6, libc::IPV6_MTU);

pub(crate) const IP_BIND_ADDRESS_NO_PORT: Name = at(IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT);
pub(crate) const IP_MINTTL: Name = at(IPPROTO_IP, libc::IP_MINTTL);
pub(crate) const IP_MTU_DISCOVER: Name = at(IPPROTO_IP, libc::IP_MTU_DISCOVER);
pub(crate) const IP_MULTICAST_ALL: Name = at(IPPROTO_IP, libc::IP_MULTICAST_ALL);
pub(crate) const IP_MULTICAST_IF: Name = at(IPPROTO_IP, libc::IP_MULTICAST_IF);
pub(crate) const IP_MULTICAST_LOOP: Name = at(IPPROTO_IP, libc::IP_MULTICAST_LOOP);
pub(crate) const IP_MULTICAST_TTL: Name = at(IPPROTO_IP, libc::IP_MULTICAST_TTL);
pub(crate) const IP_RECVERR: Name = at(IPPROTO_IP, libc::IP_RECVERR);
pub(crate) const IP_RECVTOS: Name = at(IPPROTO_IP, libc::IP_RECVTOS);
pub(crate) const IP_RECVTTL: Name = at(IPPROTO_IP, libc::IP_RECVTTL);
pub(crate) const IP_TOS: Name = at(IPPROTO_IP, libc::IP_TOS);
pub(crate) const IP_TTL: Name = at(IPPROTO_IP, libc::IP_TTL);
pub(crate) const IP_UNICAST_IF: Name = at(IPPROTO_IP, libc::IP_UNICAST_IF);

pub(crate) const TCP_CONGESTION: Name = at(IPPROTO_TCP, libc::TCP_CONGESTION);
pub(crate) const TCP_CORK: Name = at(IPPROTO_TCP, libc::TCP_CORK);
pub(crate) const TCP_DEFER_ACCEPT: Name = at(IPPROTO_TCP, libc::TCP_DEFER_ACCEPT);
pub(crate) const TCP_FASTOPEN: Name = at(IPPROTO_TCP, libc::TCP_FASTOPEN);
pub(crate) const TCP_FASTOPEN_CONNECT: Name = at(IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT);
pub(crate) const TCP_INFO: Name = at(IPPROTO_TCP, libc::TCP_INFO);
pub(crate) const TCP_KEEPCNT: Name = at(IPPROTO_TCP, libc::TCP_KEEPCNT);
pub(crate) const TCP_KEEPIDLE: Name = at(IPPROTO_TCP, libc::TCP_KEEPIDLE);
pub(crate) const TCP_KEEPINTVL: Name = at(IPPROTO_TCP, libc::TCP_KEEPINTVL);
pub(crate) const TCP_NOTSENT_LOWAT: Name = at(IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT);
pub(crate) const TCP_QUICKACK: Name = at(IPPROTO_TCP, libc::TCP_QUICKACK);
pub(crate) const TCP_USER_TIMEOUT: Name = at(IPPROTO_TCP, libc::TCP_USER_TIMEOUT);

// net/ipv4/udp.c, udp_lib_lport_inuse.
pub(crate) const CHOOSES_SHARED_PORTS: bool = true;
// net/ipv6/ping.c.
pub(crate) const ICMPV6_DATAGRAMS: bool = true;

pub(crate) const PMTUDISC_DONT: Option<c_int> = Some(libc::IPV6_PMTUDISC_DONT);
pub(crate) const PMTUDISC_WANT: Option<c_int> = Some(libc::IPV6_PMTUDISC_WANT);
pub(crate) const PMTUDISC_DO: Option<c_int> = Some(libc::IPV6_PMTUDISC_DO);
pub(crate) const PMTUDISC_PROBE: Option<c_int> = Some(libc::IPV6_PMTUDISC_PROBE);
pub(crate) const PMTUDISC_INTERFACE: Option<c_int> = Some(libc::IPV6_PMTUDISC_INTERFACE);
pub(crate) const PMTUDISC_OMIT: Option<c_int> = Some(libc::IPV6_PMTUDISC_OMIT);

// linux/in6.h, IPV6_PREFER_SRC_*.
pub(crate) const PREFER_SRC_TMP: c_int = 0x0001;
pub(crate) const PREFER_SRC_PUBLIC: c_int = 0x0002;
pub(crate) const PREFER_SRC_PUBTMP_DEFAULT: c_int = 0x0100;
pub(crate) const PREFER_SRC_COA: c_int = 0x0004;
pub(crate) const PREFER_SRC_HOME: c_int = 0x0400;
pub(crate) const PREFER_SRC_CGA: c_int = 0x0008;
pub(crate) const PREFER_SRC_NONCGA: c_int = 0x0800;

// linux/in6.h, IPV6_FL_S_*.
pub(crate) const FLOW_SHARE_EXCLUSIVE: u8 = 1;
pub(crate) const FLOW_SHARE_PROCESS: u8 = 2;
pub(crate) const FLOW_SHARE_USER: u8 = 3;
pub(crate) const FLOW_SHARE_ANY: u8 = 255;

pub(crate) const MCAST_BLOCK_SOURCE: Name = at(IPPROTO_IPV6, libc::MCAST_BLOCK_SOURCE);
pub(crate) const MCAST_JOIN_SOURCE_GROUP: Name = at(IPPROTO_IPV6, libc::MCAST_JOIN_SOURCE_GROUP);
pub(crate) const MCAST_LEAVE_SOURCE_GROUP: Name = at(IPPROTO_IPV6, libc::MCAST_LEAVE_SOURCE_GROUP);
pub(crate) const MCAST_MSFILTER: Name = at(IPPROTO_IPV6, libc::MCAST_MSFILTER);
pub(crate) const MCAST_UNBLOCK_SOURCE: Name = at(IPPROTO_IPV6, libc::MCAST_UNBLOCK_SOURCE);

pub(crate) const UDP_GRO: Name = at(libc::SOL_UDP, libc::UDP_GRO);
pub(crate) const UDP_SEGMENT: Name = at(libc::SOL_UDP, libc::UDP_SEGMENT);

// A control message has the number of the option that asks for it, or that does the same for the
// whole socket, but for the two that the switch is named after (IPV6_RECV*).
pub(crate) const CMSG_IPV6_DONTFRAG: Name = IPV6_DONTFRAG;
pub(crate) const CMSG_IPV6_FLOWINFO: Name = IPV6_FLOWINFO;
pub(crate) const CMSG_IPV6_HOPLIMIT: Name = at(IPPROTO_IPV6, libc::IPV6_HOPLIMIT);
// linux/in6.h.
pub(crate) const CMSG_IPV6_PATHMTU: Name = at(IPPROTO_IPV6, 61);
pub(crate) const CMSG_IPV6_PKTINFO: Name = at(IPPROTO_IPV6, libc::IPV6_PKTINFO);
pub(crate) const CMSG_IPV6_RECVERR: Name = IPV6_RECVERR;
pub(crate) const CMSG_IPV6_TCLASS: Name = IPV6_TCLASS;
pub(crate) const CMSG_IP_MAPPED_PKTINFO: Name = CMSG_IPV6_PKTINFO;
pub(crate) const CMSG_IP_RECVERR: Name = IP_RECVERR;
pub(crate) const CMSG_IP_TOS: Name = IP_TOS;
pub(crate) const CMSG_IP_TTL: Name = IP_TTL;
pub(crate) const CMSG_SO_RXQ_OVFL: Name = SO_RXQ_OVFL;
pub(crate) const CMSG_SCM_TIMESTAMP: Name = SO_TIMESTAMP;
pub(crate) const CMSG_SCM_TIMESTAMPING: Name = SO_TIMESTAMPING;
pub(crate) const CMSG_SCM_TXTIME: Name = SO_TXTIME;
pub(crate) const CMSG_UDP_GRO: Name = UDP_GRO;
pub(crate) const CMSG_UDP_SEGMENT: Name = UDP_SEGMENT;

// linux/net_tstamp.h, SOF_TIMESTAMPING_*.
pub(crate) const TIMESTAMPING_TX_HARDWARE: u32 = 1 << 0;
pub(crate) const TIMESTAMPING_TX_SOFTWARE: u32 = 1 << 1;
pub(crate) const TIMESTAMPING_RX_HARDWARE: u32 = 1 << 2;
pub(crate) const TIMESTAMPING_RX_SOFTWARE: u32 = 1 << 3;
pub(crate) const TIMESTAMPING_SOFTWARE: u32 = 1 << 4;
pub(crate) const TIMESTAMPING_RAW_HARDWARE: u32 = 1 << 6;
// OPT_ID, OPT_TSONLY, OPT_TX_SWHW.
pub(crate) const TIMESTAMPING_TX_FORM: u32 = 1 << 7 | 1 << 11 | 1 << 14;

pub(crate) const CLOCK_MONOTONIC: c_int = libc::CLOCK_MONOTONIC;
pub(crate) const CLOCK_REALTIME: c_int = libc::CLOCK_REALTIME;
pub(crate) const CLOCK_TAI: c_int = libc::CLOCK_TAI;
// linux/net_tstamp.h, SOF_TXTIME_REPORT_ERRORS.
pub(crate) const TXTIME_REPORT_ERRORS: u32 = 1 << 1;
