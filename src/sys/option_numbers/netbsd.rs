pub(crate) use super::bsd::*;
use super::{Atomic, Name, at};
use libc::{IPPROTO_IPV6, IPPROTO_TCP};

pub(crate) const ATOMIC: Option<Atomic> = Some(Atomic {
    accept4: libc::accept4,
    close_on_exec: libc::SOCK_CLOEXEC,
    nonblocking: libc::SOCK_NONBLOCK,
});

// netinet6/in6.h: IPV6_BINDANY, since NetBSD 10.
pub(crate) const IPV6_FREEBIND: Name = at(IPPROTO_IPV6, 64);
// netinet6/in6.h.
pub(crate) const IPV6_PREFER_TEMPADDR: Name = at(IPPROTO_IPV6, 63);

pub(crate) const TCP_CONGESTION: Name = at(IPPROTO_TCP, libc::TCP_CONGCTL);
pub(crate) const TCP_KEEPCNT: Name = at(IPPROTO_TCP, libc::TCP_KEEPCNT);
pub(crate) const TCP_KEEPIDLE: Name = at(IPPROTO_TCP, libc::TCP_KEEPIDLE);
pub(crate) const TCP_KEEPINTVL: Name = at(IPPROTO_TCP, libc::TCP_KEEPINTVL);
