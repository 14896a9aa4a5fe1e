pub(crate) use super::posix::*;
use super::{Name, at};
use libc::{IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

// SO_REUSEADDR shares a multicast address only.
pub(crate) const SHARE_ADDRESS: Name = at(SOL_SOCKET, libc::SO_REUSEPORT);
pub(crate) const SO_PROTOCOL: Name = at(SOL_SOCKET, libc::SO_PROTOCOL);
// SO_REUSEPORT shares and does not balance.
pub(crate) const SO_REUSEPORT: Name = at(SOL_SOCKET, libc::SO_REUSEPORT_LB);

// netinet6/in6.h.
pub(crate) const IPV6_AUTOFLOWLABEL: Name = at(IPPROTO_IPV6, 59);
pub(crate) const IPV6_DONTFRAG: Name = at(IPPROTO_IPV6, libc::IPV6_DONTFRAG);
pub(crate) const IPV6_FREEBIND: Name = at(IPPROTO_IPV6, libc::IPV6_BINDANY);
// netinet6/in6.h.
pub(crate) const IPV6_PATHMTU: Name = at(IPPROTO_IPV6, 44);
// netinet6/in6.h.
pub(crate) const IPV6_PREFER_TEMPADDR: Name = at(IPPROTO_IPV6, 63);
pub(crate) const IPV6_RECVHOPLIMIT: Name = at(IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT);
// netinet6/in6.h.
pub(crate) const IPV6_RECVPATHMTU: Name = at(IPPROTO_IPV6, 43);
pub(crate) const IPV6_RECVPKTINFO: Name = at(IPPROTO_IPV6, libc::IPV6_RECVPKTINFO);
pub(crate) const IPV6_RECVTCLASS: Name = at(IPPROTO_IPV6, libc::IPV6_RECVTCLASS);
pub(crate) const IPV6_TCLASS: Name = at(IPPROTO_IPV6, libc::IPV6_TCLASS);

pub(crate) const TCP_CONGESTION: Name = at(IPPROTO_TCP, libc::TCP_CONGESTION);
pub(crate) const TCP_CORK: Name = at(IPPROTO_TCP, libc::TCP_NOPUSH);
pub(crate) const TCP_FASTOPEN: Name = at(IPPROTO_TCP, libc::TCP_FASTOPEN);
pub(crate) const TCP_KEEPCNT: Name = at(IPPROTO_TCP, libc::TCP_KEEPCNT);
pub(crate) const TCP_KEEPIDLE: Name = at(IPPROTO_TCP, libc::TCP_KEEPIDLE);
pub(crate) const TCP_KEEPINTVL: Name = at(IPPROTO_TCP, libc::TCP_KEEPINTVL);

pub(crate) const MCAST_JOIN_SOURCE_GROUP: Name = at(IPPROTO_IPV6, libc::MCAST_JOIN_SOURCE_GROUP);
