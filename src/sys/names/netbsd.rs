pub(crate) use super::bsd::*;
use super::{Atomic, Name, at};
use libc::IPPROTO_TCP;

pub(crate) const ATOMIC: Option<Atomic> = Some(Atomic {
    accept4: libc::accept4,
    close_on_exec: libc::SOCK_CLOEXEC,
    nonblocking: libc::SOCK_NONBLOCK,
});

pub(crate) const TCP_CONGESTION: Name = at(IPPROTO_TCP, libc::TCP_CONGCTL);
pub(crate) const TCP_KEEPCNT: Name = at(IPPROTO_TCP, libc::TCP_KEEPCNT);
pub(crate) const TCP_KEEPIDLE: Name = at(IPPROTO_TCP, libc::TCP_KEEPIDLE);
pub(crate) const TCP_KEEPINTVL: Name = at(IPPROTO_TCP, libc::TCP_KEEPINTVL);
