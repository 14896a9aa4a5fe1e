pub(crate) use super::posix::*;
use super::{Atomic, Name, at};
use libc::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};
use std::ffi::c_int;

pub(crate) const ATOMIC: Option<Atomic> = Some(Atomic {
    accept4: libc::accept4,
    close_on_exec: libc::SOCK_CLOEXEC,
    nonblocking: libc::SOCK_NONBLOCK,
});

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

pub(crate) const IPV6_ADDR_PREFERENCES: Name = at(IPPROTO_IPV6, libc::IPV6_ADDR_PREFERENCES);
pub(crate) const IPV6_AUTOFLOWLABEL: Name = at(IPPROTO_IPV6, libc::IPV6_AUTOFLOWLABEL);
pub(crate) const IPV6_DONTFRAG: Name = at(IPPROTO_IPV6, libc::IPV6_DONTFRAG);
pub(crate) const IPV6_FLOWINFO_SEND: Name = at(IPPROTO_IPV6, libc::IPV6_FLOWINFO_SEND);
pub(crate) const IPV6_FLOWLABEL_MGR: Name = at(IPPROTO_IPV6, libc::IPV6_FLOWLABEL_MGR);
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

pub(crate) const MCAST_JOIN_SOURCE_GROUP: Name = at(IPPROTO_IPV6, libc::MCAST_JOIN_SOURCE_GROUP);

pub(crate) const UDP_GRO: Name = at(libc::SOL_UDP, libc::UDP_GRO);
pub(crate) const UDP_SEGMENT: Name = at(libc::SOL_UDP, libc::UDP_SEGMENT);
