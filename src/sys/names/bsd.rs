pub(crate) use super::posix::*;
use super::{Name, at};
use libc::{IPPROTO_IPV6, SOL_SOCKET};

pub(crate) const LEN_IN_ADDRESS: bool = true;

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
