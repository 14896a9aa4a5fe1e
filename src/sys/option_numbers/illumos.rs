#[cfg(target_os = "illumos")]
use super::Atomic;
pub(crate) use super::posix::*;
use super::{Name, at};
use libc::{IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};
use std::ffi::c_int;

// Not Solaris.
#[cfg(target_os = "illumos")]
pub(crate) const ATOMIC: Option<Atomic> = Some(Atomic {
    accept4: libc::accept4,
    close_on_exec: libc::SOCK_CLOEXEC,
    nonblocking: libc::SOCK_NONBLOCK,
});

pub(crate) const SO_BINDTOIFINDEX: Name = at(IPPROTO_IPV6, libc::IPV6_BOUND_IF);
pub(crate) const SO_EXCLUSIVEADDRUSE: Name = at(SOL_SOCKET, libc::SO_EXCLBIND);
pub(crate) const SO_PROTOCOL: Name = at(SOL_SOCKET, libc::SO_PROTOTYPE);
pub(crate) const SO_TIMESTAMP: Name = at(SOL_SOCKET, libc::SO_TIMESTAMP);

// netinet/in.h, IPV6_SRC_PREFERENCES.
pub(crate) const IPV6_ADDR_PREFERENCES: Name = at(IPPROTO_IPV6, 0x23);
pub(crate) const IPV6_DONTFRAG: Name = at(IPPROTO_IPV6, libc::IPV6_DONTFRAG);
// netinet/in.h.
pub(crate) const IPV6_PATHMTU: Name = at(IPPROTO_IPV6, 0x25);
// netinet/in.h.
pub(crate) const IPV6_RECVHOPLIMIT: Name = at(IPPROTO_IPV6, 0x13);
// netinet/in.h.
pub(crate) const IPV6_RECVPATHMTU: Name = at(IPPROTO_IPV6, 0x24);
pub(crate) const IPV6_RECVPKTINFO: Name = at(IPPROTO_IPV6, libc::IPV6_RECVPKTINFO);
pub(crate) const IPV6_RECVTCLASS: Name = at(IPPROTO_IPV6, libc::IPV6_RECVTCLASS);
pub(crate) const IPV6_TCLASS: Name = at(IPPROTO_IPV6, libc::IPV6_TCLASS);

pub(crate) const CMSG_IPV6_DONTFRAG: Name = IPV6_DONTFRAG;
pub(crate) const CMSG_IPV6_HOPLIMIT: Name = at(IPPROTO_IPV6, libc::IPV6_HOPLIMIT);
pub(crate) const CMSG_IPV6_PATHMTU: Name = IPV6_PATHMTU;
pub(crate) const CMSG_IPV6_PKTINFO: Name = at(IPPROTO_IPV6, libc::IPV6_PKTINFO);
pub(crate) const CMSG_IPV6_TCLASS: Name = IPV6_TCLASS;
// inet/ip/conn_opt.c: for IPv4 the address is mapped, in both directions, and the hop limit and the
// traffic class of what arrives are those of the IPv4 header.
pub(crate) const CMSG_IP_MAPPED_PKTINFO: Name = CMSG_IPV6_PKTINFO;
pub(crate) const CMSG_SCM_TIMESTAMP: Name = at(SOL_SOCKET, libc::SCM_TIMESTAMP);

pub(crate) const TCP_CORK: Name = at(IPPROTO_TCP, libc::TCP_CORK);
pub(crate) const TCP_KEEPCNT: Name = at(IPPROTO_TCP, libc::TCP_KEEPCNT);
pub(crate) const TCP_KEEPIDLE: Name = at(IPPROTO_TCP, libc::TCP_KEEPIDLE);
pub(crate) const TCP_KEEPINTVL: Name = at(IPPROTO_TCP, libc::TCP_KEEPINTVL);

// netinet/in.h.
pub(crate) const MCAST_BLOCK_SOURCE: Name = at(IPPROTO_IPV6, 0x2b);
// netinet/in.h.
pub(crate) const MCAST_JOIN_SOURCE_GROUP: Name = at(IPPROTO_IPV6, 0x2d);
// netinet/in.h.
pub(crate) const MCAST_LEAVE_SOURCE_GROUP: Name = at(IPPROTO_IPV6, 0x2e);
// netinet/in.h.
pub(crate) const MCAST_UNBLOCK_SOURCE: Name = at(IPPROTO_IPV6, 0x2c);

// netinet/in.h, IPV6_PREFER_SRC_*. There is no bit for "the default", which is "public".
pub(crate) const PREFER_SRC_TMP: c_int = 0x08;
pub(crate) const PREFER_SRC_PUBLIC: c_int = 0x04;
pub(crate) const PREFER_SRC_PUBTMP_DEFAULT: c_int = 0x04;
pub(crate) const PREFER_SRC_COA: c_int = 0x02;
pub(crate) const PREFER_SRC_HOME: c_int = 0x01;
pub(crate) const PREFER_SRC_CGA: c_int = 0x20;
pub(crate) const PREFER_SRC_NONCGA: c_int = 0x10;
