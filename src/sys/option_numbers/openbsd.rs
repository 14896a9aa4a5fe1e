pub(crate) use super::bsd::*;
use super::{Atomic, Name, at};
use libc::{IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

pub(crate) const ATOMIC: Option<Atomic> = Some(Atomic {
    accept4: libc::accept4,
    close_on_exec: libc::SOCK_CLOEXEC,
    nonblocking: libc::SOCK_NONBLOCK,
});

pub(crate) const SO_PROTOCOL: Name = at(SOL_SOCKET, libc::SO_PROTOCOL);

// netinet6/in6.h.
pub(crate) const IPV6_AUTOFLOWLABEL: Name = at(IPPROTO_IPV6, 59);
pub(crate) const IPV6_FREEBIND: Name = at(SOL_SOCKET, libc::SO_BINDANY);
// netinet6/in6.h.
pub(crate) const IPV6_MINHOPCOUNT: Name = at(IPPROTO_IPV6, 65);

pub(crate) const TCP_CORK: Name = at(IPPROTO_TCP, libc::TCP_NOPUSH);
