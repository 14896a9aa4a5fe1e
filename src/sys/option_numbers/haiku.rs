// Of src/add-ons/kernel/network/protocols/ipv6/ipv6.cpp, ipv6_setsockopt. It refuses IPV6_V6ONLY
// too, so that no socket of this crate opens there.
pub(crate) use super::posix::*;
use super::{Name, at};
use libc::IPPROTO_IPV6;

// An address of the interface, and no index.
pub(crate) const IPV6_MULTICAST_IF: Name = None;
// EOPNOTSUPP.
pub(crate) const IPV6_MULTICAST_LOOP: Name = None;
pub(crate) const IPV6_RECVPKTINFO: Name = at(IPPROTO_IPV6, libc::IPV6_RECVPKTINFO);
// IPV6_RECVHOPLIMIT exists and is left out: ipv6_process_ancillary_data_no_container looks at the
// header of the packet if its version is *not* 6, and says 64 of every other one.

pub(crate) const CMSG_IPV6_PKTINFO: Name = at(IPPROTO_IPV6, libc::IPV6_PKTINFO);
