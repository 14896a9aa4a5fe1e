pub(crate) use super::posix::*;
use super::{Name, at};
use libc::{IPPROTO_IP, IPPROTO_IPV6, SOL_SOCKET};

pub(crate) const SO_ACCEPTCONN: Name = at(SOL_SOCKET, libc::SO_ACCEPTCONN);
pub(crate) const SO_BINDTODEVICE: Name = at(SOL_SOCKET, libc::SO_BINDTODEVICE);
pub(crate) const SO_BINDTOIFINDEX: Name = at(SOL_SOCKET, libc::SO_BINDTOIFINDEX);
pub(crate) const SO_PROTOCOL: Name = at(SOL_SOCKET, libc::SO_PROTOCOL);

pub(crate) const IPV6_UNICAST_IF: Name = at(IPPROTO_IPV6, libc::IPV6_UNICAST_IF);
pub(crate) const IPV6_TCLASS: Name = at(IPPROTO_IPV6, libc::IPV6_TCLASS);

pub(crate) const IP_MULTICAST_LOOP: Name = at(IPPROTO_IP, libc::IP_MULTICAST_LOOP);
pub(crate) const IP_TOS: Name = at(IPPROTO_IP, libc::IP_TOS);
pub(crate) const IP_TTL: Name = at(IPPROTO_IP, libc::IP_TTL);

// Read only.
pub(crate) const IPV6_MTU: Name = at(IPPROTO_IPV6, libc::IPV6_MTU);
pub(crate) const TCP_INFO: Name = at(libc::IPPROTO_TCP, libc::TCP_INFO);
