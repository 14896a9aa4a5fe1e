pub(crate) use super::unsupported::*;
use super::{Atomic, Name, at};
use libc::{IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

pub(crate) const ATOMIC: Option<Atomic> = None;

pub(crate) const SO_ACCEPTCONN: Name = at(SOL_SOCKET, libc::SO_ACCEPTCONN);
pub(crate) const SO_ERROR: Name = at(SOL_SOCKET, libc::SO_ERROR);
pub(crate) const SO_KEEPALIVE: Name = at(SOL_SOCKET, libc::SO_KEEPALIVE);
pub(crate) const SO_OOBINLINE: Name = at(SOL_SOCKET, libc::SO_OOBINLINE);
pub(crate) const SO_RCVBUF: Name = at(SOL_SOCKET, libc::SO_RCVBUF);
pub(crate) const SO_REUSEADDR: Name = at(SOL_SOCKET, libc::SO_REUSEADDR);
pub(crate) const SO_SNDBUF: Name = at(SOL_SOCKET, libc::SO_SNDBUF);
pub(crate) const SO_TYPE: Name = at(SOL_SOCKET, libc::SO_TYPE);

pub(crate) const SHARE_ADDRESS: Name = at(SOL_SOCKET, libc::SO_REUSEADDR);

pub(crate) const IPV6_MULTICAST_HOPS: Name = at(IPPROTO_IPV6, libc::IPV6_MULTICAST_HOPS);
pub(crate) const IPV6_MULTICAST_IF: Name = at(IPPROTO_IPV6, libc::IPV6_MULTICAST_IF);
pub(crate) const IPV6_MULTICAST_LOOP: Name = at(IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP);
pub(crate) const IPV6_UNICAST_HOPS: Name = at(IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS);
pub(crate) const IPV6_V6ONLY: Name = at(IPPROTO_IPV6, libc::IPV6_V6ONLY);

pub(crate) const TCP_MAXSEG: Name = at(IPPROTO_TCP, libc::TCP_MAXSEG);
pub(crate) const TCP_NODELAY: Name = at(IPPROTO_TCP, libc::TCP_NODELAY);
