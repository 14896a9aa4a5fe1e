pub(crate) use super::posix::*;
use super::{Name, at};
use libc::{IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

// SO_REUSEADDR shares a multicast address only.
pub(crate) const SHARE_ADDRESS: Name = at(SOL_SOCKET, libc::SO_REUSEPORT);
pub(crate) const SO_PROTOCOL: Name = at(SOL_SOCKET, libc::SO_PROTOCOL);

// netinet6/in6.h.
pub(crate) const IPV6_AUTOFLOWLABEL: Name = at(IPPROTO_IPV6, 59);
pub(crate) const IPV6_DONTFRAG: Name = at(IPPROTO_IPV6, libc::IPV6_DONTFRAG);
pub(crate) const IPV6_FREEBIND: Name = at(SOL_SOCKET, libc::SO_BINDANY);
// netinet6/in6.h.
pub(crate) const IPV6_MINHOPCOUNT: Name = at(IPPROTO_IPV6, 65);
// netinet6/in6.h.
pub(crate) const IPV6_PATHMTU: Name = at(IPPROTO_IPV6, 44);
// netinet6/in6.h.
pub(crate) const IPV6_RECVHOPLIMIT: Name = at(IPPROTO_IPV6, 37);
// netinet6/in6.h.
pub(crate) const IPV6_RECVPATHMTU: Name = at(IPPROTO_IPV6, 43);
pub(crate) const IPV6_RECVPKTINFO: Name = at(IPPROTO_IPV6, libc::IPV6_RECVPKTINFO);
pub(crate) const IPV6_RECVTCLASS: Name = at(IPPROTO_IPV6, libc::IPV6_RECVTCLASS);
pub(crate) const IPV6_TCLASS: Name = at(IPPROTO_IPV6, libc::IPV6_TCLASS);

pub(crate) const TCP_CORK: Name = at(IPPROTO_TCP, libc::TCP_NOPUSH);
