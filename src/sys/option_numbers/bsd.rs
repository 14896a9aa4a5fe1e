pub(crate) use super::posix::*;
use super::{Name, at};
use libc::{IPPROTO_IPV6, SOL_SOCKET};

pub(crate) const LEN_IN_ADDRESS: bool = true;

pub(crate) const SO_TIMESTAMP: Name = at(SOL_SOCKET, libc::SO_TIMESTAMP);

// SO_REUSEADDR shares a multicast address only.
pub(crate) const SHARE_ADDRESS: Name = at(SOL_SOCKET, libc::SO_REUSEPORT);

pub(crate) const IPV6_DONTFRAG: Name = at(IPPROTO_IPV6, libc::IPV6_DONTFRAG);
// netinet6/in6.h.
pub(crate) const IPV6_PATHMTU: Name = at(IPPROTO_IPV6, 44);
// netinet6/in6.h.
pub(crate) const IPV6_RECVHOPLIMIT: Name = at(IPPROTO_IPV6, 37);
// netinet6/in6.h.
pub(crate) const IPV6_RECVPATHMTU: Name = at(IPPROTO_IPV6, 43);
pub(crate) const IPV6_RECVPKTINFO: Name = at(IPPROTO_IPV6, libc::IPV6_RECVPKTINFO);
pub(crate) const IPV6_RECVTCLASS: Name = at(IPPROTO_IPV6, libc::IPV6_RECVTCLASS);
pub(crate) const IPV6_TCLASS: Name = at(IPPROTO_IPV6, libc::IPV6_TCLASS);

// RFC 3542: what is set for the socket can be set for one packet, by the same number.
pub(crate) const CMSG_IPV6_DONTFRAG: Name = IPV6_DONTFRAG;
// netinet6/in6.h.
pub(crate) const CMSG_IPV6_HOPLIMIT: Name = at(IPPROTO_IPV6, 47);
pub(crate) const CMSG_IPV6_PATHMTU: Name = IPV6_PATHMTU;
pub(crate) const CMSG_IPV6_PKTINFO: Name = at(IPPROTO_IPV6, libc::IPV6_PKTINFO);
pub(crate) const CMSG_IPV6_TCLASS: Name = IPV6_TCLASS;
pub(crate) const CMSG_SCM_TIMESTAMP: Name = at(SOL_SOCKET, libc::SCM_TIMESTAMP);
