pub(crate) use super::absent::*;
use super::{Name, at};
use libc::{IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

pub(crate) const SO_ERROR: Name = at(SOL_SOCKET, libc::SO_ERROR);
pub(crate) const SO_REUSEADDR: Name = at(SOL_SOCKET, libc::SO_REUSEADDR);
pub(crate) const SO_TYPE: Name = at(SOL_SOCKET, libc::SO_TYPE);

pub(crate) const IPV6_MULTICAST_IF: Name = at(IPPROTO_IPV6, libc::IPV6_MULTICAST_IF);
pub(crate) const IPV6_MULTICAST_LOOP: Name = at(IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP);
pub(crate) const IPV6_UNICAST_HOPS: Name = at(IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS);
pub(crate) const IPV6_V6ONLY: Name = at(IPPROTO_IPV6, libc::IPV6_V6ONLY);

pub(crate) const TCP_NODELAY: Name = at(IPPROTO_TCP, libc::TCP_NODELAY);
