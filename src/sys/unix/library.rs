//! The calls that make and close a socket and set its options, by the C library.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::{Borrowed, Encoded, check};
use crate::sys::names::{Atomic, Number};

#[inline]
pub(super) fn socket(kind: c_int, protocol: c_int) -> io::Result<c_int> {
    // SAFETY: no memory is passed.
    check(unsafe { libc::socket(libc::AF_INET6, kind, protocol) })
}

/// # Safety
///
/// `raw` has room for `len` bytes.
#[inline]
pub(super) unsafe fn accept4(
    fd: Borrowed<'_>,
    raw: *mut Encoded,
    len: &mut libc::socklen_t,
    flags: c_int,
    atomic: Atomic,
) -> io::Result<c_int> {
    let accept4 = atomic.accept4;
    // SAFETY: it is accept4(2), and the caller answers for `raw`.
    check(unsafe { accept4(fd.as_raw_fd(), raw.cast(), len, flags) })
}

/// # Safety
///
/// `value` has room for `len` bytes.
#[inline]
pub(super) unsafe fn getsockopt(
    fd: Borrowed<'_>,
    Number { level, name }: Number,
    value: *mut c_void,
    len: &mut libc::socklen_t,
) -> io::Result<c_int> {
    // SAFETY: the caller answers for `value`.
    check(unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, value, len) })
}

/// # Safety
///
/// `value` is `len` bytes long.
#[inline]
pub(super) unsafe fn setsockopt(
    fd: Borrowed<'_>,
    Number { level, name }: Number,
    value: *const c_void,
    len: libc::socklen_t,
) -> io::Result<c_int> {
    // SAFETY: the caller answers for `value`.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, value, len) })
}

#[inline]
pub(super) fn close(fd: OwnedFd) {
    drop(fd);
}
