pub(crate) use super::bsd::*;
use super::{Atomic, Name, at};
use libc::{IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

pub(crate) const ATOMIC: Option<Atomic> = Some(Atomic {
    accept4: libc::accept4,
    close_on_exec: libc::SOCK_CLOEXEC,
    nonblocking: libc::SOCK_NONBLOCK,
});

pub(crate) const SO_REUSEPORT: Name = at(SOL_SOCKET, libc::SO_REUSEPORT);

// netinet6/in6.h.
pub(crate) const IPV6_AUTOFLOWLABEL: Name = at(IPPROTO_IPV6, 59);
// netinet6/in6.h.
pub(crate) const IPV6_PREFER_TEMPADDR: Name = at(IPPROTO_IPV6, 63);

pub(crate) const TCP_CORK: Name = at(IPPROTO_TCP, libc::TCP_NOPUSH);
pub(crate) const TCP_KEEPCNT: Name = at(IPPROTO_TCP, libc::TCP_KEEPCNT);
pub(crate) const TCP_KEEPIDLE: Name = at(IPPROTO_TCP, libc::TCP_KEEPIDLE);
pub(crate) const TCP_KEEPINTVL: Name = at(IPPROTO_TCP, libc::TCP_KEEPINTVL);
