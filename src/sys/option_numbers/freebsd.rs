pub(crate) use super::bsd::*;
use super::{Atomic, Name, at};
use libc::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

pub(crate) const ATOMIC: Option<Atomic> = Some(Atomic {
    accept4: libc::accept4,
    close_on_exec: libc::SOCK_CLOEXEC,
    nonblocking: libc::SOCK_NONBLOCK,
});

pub(crate) const SO_PROTOCOL: Name = at(SOL_SOCKET, libc::SO_PROTOCOL);
// SO_REUSEPORT shares and does not balance.
pub(crate) const SO_REUSEPORT: Name = at(SOL_SOCKET, libc::SO_REUSEPORT_LB);

// netinet6/in6.h.
pub(crate) const IPV6_AUTOFLOWLABEL: Name = at(IPPROTO_IPV6, 59);
pub(crate) const IPV6_FREEBIND: Name = at(IPPROTO_IPV6, libc::IPV6_BINDANY);
// netinet6/in6.h.
pub(crate) const IPV6_PREFER_TEMPADDR: Name = at(IPPROTO_IPV6, 63);

pub(crate) const TCP_CONGESTION: Name = at(IPPROTO_TCP, libc::TCP_CONGESTION);
pub(crate) const TCP_CORK: Name = at(IPPROTO_TCP, libc::TCP_NOPUSH);
pub(crate) const TCP_FASTOPEN: Name = at(IPPROTO_TCP, libc::TCP_FASTOPEN);
pub(crate) const TCP_KEEPCNT: Name = at(IPPROTO_TCP, libc::TCP_KEEPCNT);
pub(crate) const TCP_KEEPIDLE: Name = at(IPPROTO_TCP, libc::TCP_KEEPIDLE);
pub(crate) const TCP_KEEPINTVL: Name = at(IPPROTO_TCP, libc::TCP_KEEPINTVL);

pub(crate) const MCAST_BLOCK_SOURCE: Name = at(IPPROTO_IPV6, libc::MCAST_BLOCK_SOURCE);
pub(crate) const MCAST_JOIN_SOURCE_GROUP: Name = at(IPPROTO_IPV6, libc::MCAST_JOIN_SOURCE_GROUP);
pub(crate) const MCAST_LEAVE_SOURCE_GROUP: Name = at(IPPROTO_IPV6, libc::MCAST_LEAVE_SOURCE_GROUP);
pub(crate) const MCAST_UNBLOCK_SOURCE: Name = at(IPPROTO_IPV6, libc::MCAST_UNBLOCK_SOURCE);

// For sending: netinet/udp_usrreq.c, udp_send. What arrives has the IPv6 numbers
// (netinet6/ip6_input.c, ip6_savecontrol_v4).
pub(crate) const CMSG_IP_SENDSRCADDR: Name = at(IPPROTO_IP, libc::IP_SENDSRCADDR);
pub(crate) const CMSG_IP_TOS: Name = at(IPPROTO_IP, libc::IP_TOS);
