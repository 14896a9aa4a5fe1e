//! The platform matrix: which option is which number on which system.
//!
//! [`unsupported`] lists every option and has none of them. The table of a system starts from
//! another table, `pub(crate) use super::posix::*`, and writes its own rows over it; what no table
//! writes stays `None`, and setting it is "unsupported". So a system nobody knows is supported with
//! the options that all Unix systems share, and a new one costs the rows that it adds.
//!
//! A row that the `libc` crate lacks cites the header it was taken from.

use std::ffi::c_int;

/// What all Unix systems have.
#[allow(dead_code, unused_imports, reason = "the table of a system writes over its rows")]
#[cfg(unix)]
mod posix;
/// Every option, and none of them here.
#[allow(dead_code, reason = "the table of a system writes over its rows")]
mod unsupported;

#[cfg(target_vendor = "apple")]
mod apple;
/// What the systems have in common whose IPv6 began with KAME.
#[cfg(any(
    target_vendor = "apple",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
))]
#[allow(dead_code, reason = "as above")]
mod bsd;
#[cfg(target_os = "dragonfly")]
mod dragonfly;
#[cfg(target_os = "freebsd")]
mod freebsd;
#[cfg(target_os = "haiku")]
mod haiku;
/// Solaris too.
#[cfg(any(target_os = "illumos", target_os = "solaris"))]
mod illumos;
/// The systems built on the Linux kernel.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(target_os = "netbsd")]
mod netbsd;
#[cfg(target_os = "openbsd")]
mod openbsd;
#[cfg(windows)]
mod windows;

#[cfg(target_vendor = "apple")]
pub(crate) use self::apple::*;
#[cfg(target_os = "dragonfly")]
pub(crate) use self::dragonfly::*;
#[cfg(target_os = "freebsd")]
pub(crate) use self::freebsd::*;
#[cfg(target_os = "haiku")]
pub(crate) use self::haiku::*;
#[cfg(any(target_os = "illumos", target_os = "solaris"))]
pub(crate) use self::illumos::*;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use self::linux::*;
#[cfg(target_os = "netbsd")]
pub(crate) use self::netbsd::*;
#[cfg(target_os = "openbsd")]
pub(crate) use self::openbsd::*;
#[cfg(not(any(unix, windows)))]
pub(crate) use self::unsupported::*;
// A system that nobody wrote a table for.
#[cfg(all(
    unix,
    not(any(
        target_vendor = "apple",
        target_os = "android",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "haiku",
        target_os = "illumos",
        target_os = "linux",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "solaris",
    ))
))]
pub(crate) use self::posix::*;
#[cfg(windows)]
pub(crate) use self::windows::*;

/// Where an option is found, or `None` on a system without it.
pub(crate) type Name = Option<Number>;

/// The numbers that `getsockopt` and `setsockopt` take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) level: c_int,
    pub(crate) name: c_int,
}

const fn at(level: c_int, name: c_int) -> Name {
    Some(Number { level, name })
}

/// The calls of a Unix system that make a descriptor and set its flags at once.
#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Atomic {
    pub(crate) accept4:
        unsafe extern "C" fn(c_int, *mut libc::sockaddr, *mut libc::socklen_t, c_int) -> c_int,
    pub(crate) close_on_exec: c_int,
    pub(crate) nonblocking: c_int,
}
