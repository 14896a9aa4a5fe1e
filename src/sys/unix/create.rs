//! Calls that make a descriptor: close-on-exec from the first moment, where the system can.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddrV6;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use socket2::{Domain, Socket, Type};

use super::{ADDRESS_LEN, Borrowed, Owned, check, decode, not_an_address};
use crate::kind::Protocol;
use crate::sys::names::{self, Atomic};
use crate::sys::{Target, numbers, set_bool, set_nonblocking};

/// Apple's systems have no flag of `send` against the signal.
pub(crate) fn never_sigpipe(fd: Borrowed<'_>) -> io::Result<()> {
    match names::SO_NOSIGPIPE {
        None => Ok(()),
        name => set_bool(Target { fd, dual_stack: false }, name, true),
    }
}

/// A socket that is neither bound nor connected.
pub(crate) fn open(protocol: Protocol, nonblocking: bool) -> io::Result<Owned> {
    let (kind, protocol) = numbers(protocol);
    let flag = names::ATOMIC.filter(|_| nonblocking).map(|atomic| atomic.nonblocking);
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
        let accepted = match names::ATOMIC {
            Some(atomic) => accept_at_once(fd, atomic, nonblocking, &mut raw, &mut len),
            None => accept_and_set(fd, nonblocking, &mut raw, &mut len),
        };
        match accepted {
            // The BSDs tell so that the peer is gone already.
            Ok(_) if len == 0 => return Err(io::ErrorKind::ConnectionAborted.into()),
            Ok(accepted) => return Ok((accepted, decode(&raw, len).ok_or_else(not_an_address)?)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[inline]
fn accept_at_once(
    fd: Borrowed<'_>,
    atomic: Atomic,
    nonblocking: bool,
    raw: &mut MaybeUninit<libc::sockaddr_in6>,
    len: &mut libc::socklen_t,
) -> io::Result<OwnedFd> {
    let flags = atomic.close_on_exec | if nonblocking { atomic.nonblocking } else { 0 };
    let accept4 = atomic.accept4;
    // SAFETY: it is accept4(2), and `raw` has room for `len` bytes.
    let accepted = check(unsafe { accept4(fd.as_raw_fd(), raw.as_mut_ptr().cast(), len, flags) })?;
    // SAFETY: the call just made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(accepted) })
}

/// On systems that need a call for each flag.
#[cold]
fn accept_and_set(
    fd: Borrowed<'_>,
    nonblocking: bool,
    raw: &mut MaybeUninit<libc::sockaddr_in6>,
    len: &mut libc::socklen_t,
) -> io::Result<OwnedFd> {
    // SAFETY: `raw` has room for `len` bytes.
    let accepted = check(unsafe { libc::accept(fd.as_raw_fd(), raw.as_mut_ptr().cast(), len) })?;
    // SAFETY: the call just made it, and nobody else knows it.
    let accepted = unsafe { OwnedFd::from_raw_fd(accepted) };
    // SAFETY: the descriptor is open.
    check(unsafe { libc::fcntl(accepted.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })?;
    match never_sigpipe(accepted.as_fd()) {
        // Apple takes no option of a connection that has ended already (xnu, sosetopt).
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        other => other?,
    }
    // The BSDs hand the flag of the listener on.
    set_nonblocking(accepted.as_fd(), nonblocking)?;
    Ok(accepted)
}
