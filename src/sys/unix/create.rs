//! Calls that make a descriptor: close-on-exec from the first moment, where the system can.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddrV6;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use socket2::{Domain, Socket, Type};

use super::{ADDRESS_LEN, Borrowed, Owned, check, decode};
use crate::kind::Protocol;
use crate::sys::{numbers, set_nonblocking};

/// Systems whose `socket` and `accept4` set the flags in the call itself.
#[cfg(any(
    target_os = "android",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "fuchsia",
    target_os = "illumos",
    target_os = "linux",
    target_os = "netbsd",
    target_os = "openbsd",
))]
mod system {
    use super::*;

    pub(super) const NONBLOCK: Option<c_int> = Some(libc::SOCK_NONBLOCK);

    #[inline]
    pub(super) fn accept(
        fd: Borrowed<'_>,
        nonblocking: bool,
        raw: &mut MaybeUninit<libc::sockaddr_in6>,
        len: &mut libc::socklen_t,
    ) -> io::Result<OwnedFd> {
        let flags = libc::SOCK_CLOEXEC | if nonblocking { libc::SOCK_NONBLOCK } else { 0 };
        // SAFETY: `raw` has room for `len` bytes.
        let accepted =
            check(unsafe { libc::accept4(fd.as_raw_fd(), raw.as_mut_ptr().cast(), len, flags) })?;
        // SAFETY: the call just made it, and nobody else knows it.
        Ok(unsafe { OwnedFd::from_raw_fd(accepted) })
    }
}

/// Systems that need a second call.
#[cfg(not(any(
    target_os = "android",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "fuchsia",
    target_os = "illumos",
    target_os = "linux",
    target_os = "netbsd",
    target_os = "openbsd",
)))]
mod system {
    use super::*;

    pub(super) const NONBLOCK: Option<c_int> = None;

    pub(super) fn accept(
        fd: Borrowed<'_>,
        nonblocking: bool,
        raw: &mut MaybeUninit<libc::sockaddr_in6>,
        len: &mut libc::socklen_t,
    ) -> io::Result<OwnedFd> {
        // SAFETY: `raw` has room for `len` bytes.
        let accepted =
            check(unsafe { libc::accept(fd.as_raw_fd(), raw.as_mut_ptr().cast(), len) })?;
        // SAFETY: the call just made it, and nobody else knows it.
        let accepted = unsafe { OwnedFd::from_raw_fd(accepted) };
        // SAFETY: the descriptor is open.
        check(unsafe { libc::fcntl(accepted.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })?;
        super::never_sigpipe(accepted.as_fd())?;
        // The BSDs hand the flag of the listener on.
        set_nonblocking(accepted.as_fd(), nonblocking)?;
        Ok(accepted)
    }
}

/// Apple's systems have no flag of `send` against the signal.
pub(crate) fn never_sigpipe(fd: Borrowed<'_>) -> io::Result<()> {
    #[cfg(target_vendor = "apple")]
    socket2::SockRef::from(&fd).set_nosigpipe(true)?;
    _ = fd;
    Ok(())
}

/// A socket that is neither bound nor connected.
pub(crate) fn open(protocol: Protocol, nonblocking: bool) -> io::Result<Owned> {
    let (kind, protocol) = numbers(protocol);
    let flag = system::NONBLOCK.filter(|_| nonblocking);
    let kind = Type::from(c_int::from(kind) | flag.unwrap_or(0));
    let socket = OwnedFd::from(Socket::new(Domain::IPV6, kind, Some(protocol))?);
    if nonblocking && flag.is_none() {
        set_nonblocking(socket.as_fd(), true)?;
    }
    Ok(socket)
}

#[inline]
pub(crate) fn accept(fd: Borrowed<'_>, nonblocking: bool) -> io::Result<(Owned, SocketAddrV6)> {
    loop {
        let mut raw = MaybeUninit::<libc::sockaddr_in6>::uninit();
        let mut len = ADDRESS_LEN;
        match system::accept(fd, nonblocking, &mut raw, &mut len) {
            // The BSDs tell so that the peer is gone already.
            Ok(_) if len == 0 => return Err(io::ErrorKind::ConnectionAborted.into()),
            Ok(accepted) => return Ok((accepted, decode(&raw, len)?)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
