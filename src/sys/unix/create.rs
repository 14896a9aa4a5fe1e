//! Calls that make a descriptor: close-on-exec from the first moment, where the system can.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddrV6;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use socket2::{Domain, Socket};

use super::{
    ADDRESS_LEN, Borrowed, Encoded, FlagRequest, Owned, check, encode, fcntl, known, not_an_address,
};
use crate::kind::{Protocol, Shape};
use crate::sys::option_numbers::{self, Atomic};
use crate::sys::{
    Readiness, SocketRef, System, has, number, read_timeout, set_bool, set_nonblocking,
    unsupported, wait_one,
};

/// Apple's systems have no flag of `send` against the signal.
pub(crate) fn never_sigpipe(fd: Borrowed<'_>) -> io::Result<()> {
    match option_numbers::SO_NOSIGPIPE {
        None => Ok(()),
        name => set_bool(SocketRef { fd, dual_stack: false }, name, true),
    }
}

/// Keeps programs that are started from inheriting a descriptor.
pub(crate) fn close_on_exec(fd: Borrowed<'_>) -> io::Result<()> {
    let flags = fcntl(fd, FlagRequest::GetDescriptor)?;
    // Some systems have other flags too (FD_CLOFORK), which stay.
    fcntl(fd, FlagRequest::SetDescriptor(flags | libc::FD_CLOEXEC)).map(drop)
}

/// A socket that is neither bound nor connected.
#[inline]
pub(crate) fn open(shape: Shape, protocol: Protocol, nonblocking: bool) -> io::Result<Owned> {
    if !has(protocol, option_numbers::ICMPV6_DATAGRAMS) {
        return Err(unsupported());
    }
    match option_numbers::ATOMIC {
        Some(atomic) => open_at_once(shape, protocol, nonblocking, atomic),
        None => open_and_set(shape, protocol, nonblocking),
    }
}

#[inline]
fn open_at_once(
    shape: Shape,
    protocol: Protocol,
    nonblocking: bool,
    atomic: Atomic,
) -> io::Result<Owned> {
    let flags = atomic.close_on_exec | if nonblocking { atomic.nonblocking } else { 0 };
    let (kind, protocol) = (c_int::from(number(shape)) | flags, protocol as c_int);
    // SAFETY: no memory is passed.
    let opened = check(unsafe { libc::socket(libc::AF_INET6, kind, protocol) })?;
    // SAFETY: the call just made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(opened) })
}

/// On systems that need a call for each flag; socket2 knows which.
fn open_and_set(shape: Shape, protocol: Protocol, nonblocking: bool) -> io::Result<Owned> {
    let (kind, protocol) = (number(shape), socket2::Protocol::from(protocol as c_int));
    let socket = OwnedFd::from(Socket::new(Domain::IPV6, kind, Some(protocol))?);
    if nonblocking {
        set_nonblocking(socket.as_fd(), true)?;
    }
    Ok(socket)
}

pub(crate) fn bind(fd: Borrowed<'_>, address: &SocketAddrV6) -> io::Result<()> {
    let name = encode(address);
    // SAFETY: `name` is `ADDRESS_LEN` bytes long.
    check(unsafe { libc::bind(fd.as_raw_fd(), (&raw const name).cast(), ADDRESS_LEN) }).map(drop)
}

#[inline]
pub(crate) fn connect(fd: Borrowed<'_>, peer: &SocketAddrV6) -> io::Result<()> {
    let name = encode(peer);
    // SAFETY: `name` is `ADDRESS_LEN` bytes long.
    check(unsafe { libc::connect(fd.as_raw_fd(), (&raw const name).cast(), ADDRESS_LEN) })?;
    Ok(())
}

#[inline]
pub(crate) fn accept(fd: Borrowed<'_>, nonblocking: bool) -> io::Result<(Owned, SocketAddrV6)> {
    let mut raw = MaybeUninit::<Encoded>::uninit();
    let mut len = ADDRESS_LEN;
    let accepted = loop {
        let accepted = match option_numbers::ATOMIC {
            Some(atomic) => accept_at_once(fd, atomic, nonblocking, &mut raw, &mut len),
            None => accept_and_set(fd, nonblocking, &mut raw, &mut len),
        };
        match accepted {
            Ok(accepted) => break accepted,
            Err(error) => unless_interrupted(fd, error)?,
        }
    };
    match known(&raw, len) {
        Some(peer) => Ok((accepted, peer)),
        None => Err(no_peer(&len)),
    }
}

/// Says that a call that a signal interrupted is to be made again, when there is something to
/// accept: each call by itself would begin the read timeout anew, so it counts from the first
/// signal on.
#[cold]
#[inline(never)]
fn unless_interrupted(fd: Borrowed<'_>, error: io::Error) -> io::Result<()> {
    if error.kind() != io::ErrorKind::Interrupted {
        return Err(error);
    }
    match read_timeout(fd) {
        Ok(Some(timeout)) if !wait_one(fd, Readiness::Readable, Some(timeout))? => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        _ => Ok(()),
    }
}

#[cold]
#[inline(never)]
fn no_peer(len: &libc::socklen_t) -> io::Error {
    match *len {
        // The BSDs tell so that the peer is gone already.
        0 => io::ErrorKind::ConnectionAborted.into(),
        _ => not_an_address(),
    }
}

#[inline]
fn accept_at_once(
    fd: Borrowed<'_>,
    atomic: Atomic,
    nonblocking: bool,
    raw: &mut MaybeUninit<Encoded>,
    len: &mut libc::socklen_t,
) -> io::Result<Owned> {
    let flags = atomic.close_on_exec | if nonblocking { atomic.nonblocking } else { 0 };
    let (accept4, raw) = (atomic.accept4, raw.as_mut_ptr().cast());
    // SAFETY: it is accept4(2), and `raw` has room for `len` bytes.
    let accepted = check(unsafe { accept4(fd.as_raw_fd(), raw, len, flags) })?;
    // SAFETY: the call just made it, and nobody else knows it.
    let accepted = unsafe { OwnedFd::from_raw_fd(accepted) };
    let made_blocking = accepted_blocking(System::HERE, accepted.as_fd(), nonblocking);
    made_blocking.map(|()| accepted)
}

/// Makes what `accept4` gave blocking, if it is to be and the system took the flag of the listener.
#[inline(always)]
fn accepted_blocking(system: System, fd: Borrowed<'_>, nonblocking: bool) -> io::Result<()> {
    match system.accept4_inherits_nonblocking() && !nonblocking {
        true => set_nonblocking(fd, false),
        false => Ok(()),
    }
}

/// On systems that need a call for each flag.
#[cold]
fn accept_and_set(
    fd: Borrowed<'_>,
    nonblocking: bool,
    raw: &mut MaybeUninit<Encoded>,
    len: &mut libc::socklen_t,
) -> io::Result<Owned> {
    // SAFETY: `raw` has room for `len` bytes.
    let accepted = check(unsafe { libc::accept(fd.as_raw_fd(), raw.as_mut_ptr().cast(), len) })?;
    // SAFETY: the call just made it, and nobody else knows it.
    let accepted = unsafe { OwnedFd::from_raw_fd(accepted) };
    close_on_exec(accepted.as_fd())?;
    never_sigpipe(accepted.as_fd()).map_err(unless_ended)?;
    // The BSDs hand the flag of the listener on.
    set_nonblocking(accepted.as_fd(), nonblocking)?;
    Ok(accepted)
}

/// Apple takes no option of a connection that has ended already (xnu, sosetopt).
fn unless_ended(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(libc::EINVAL) => io::ErrorKind::ConnectionAborted.into(),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{is_nonblocking, listen, local_address};

    fn is_closed_on_exec(fd: &OwnedFd) -> bool {
        // SAFETY: the descriptor is open.
        let flags = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) }).unwrap();
        flags & libc::FD_CLOEXEC != 0
    }

    /// What is one call here, and several elsewhere.
    #[test]
    fn separate_flag_calls_set_same_flags() {
        for nonblocking in [false, true] {
            let listener = open_and_set(Shape::Stream, Protocol::Tcp, nonblocking).unwrap();
            assert!(is_closed_on_exec(&listener));
            assert_eq!(is_nonblocking(listener.as_fd()).unwrap(), Some(nonblocking));
            bind(listener.as_fd(), &"[::1]:0".parse().unwrap()).unwrap();
            listen(listener.as_fd(), 4).unwrap();
            let address = local_address(listener.as_fd()).unwrap();
            for accepted_nonblocking in [false, true] {
                let client = std::net::TcpStream::connect(address).unwrap();
                let (mut raw, mut len) = (MaybeUninit::uninit(), ADDRESS_LEN);
                let accepted = loop {
                    let fd = listener.as_fd();
                    match accept_and_set(fd, accepted_nonblocking, &mut raw, &mut len) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        accepted => break accepted.unwrap(),
                    }
                };
                assert_eq!(known(&raw, len).map(Into::into), client.local_addr().ok());
                assert!(is_closed_on_exec(&accepted));
                assert_eq!(is_nonblocking(accepted.as_fd()).unwrap(), Some(accepted_nonblocking));
            }
        }
    }

    #[test]
    fn inherited_nonblocking_flag_is_cleared() {
        for system in [System::Illumos, System::Linux] {
            for nonblocking in [false, true] {
                let inherited = open_and_set(Shape::Stream, Protocol::Tcp, true).unwrap();
                accepted_blocking(system, inherited.as_fd(), nonblocking).unwrap();
                let cleared = system == System::Illumos && !nonblocking;
                assert_eq!(is_nonblocking(inherited.as_fd()).unwrap(), Some(!cleared));
            }
        }
    }

    #[test]
    fn peer_without_address_has_gone() {
        assert_eq!(no_peer(&0).kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(no_peer(&2).kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn unsettable_accepted_connection_has_ended() {
        let told = |code| unless_ended(io::Error::from_raw_os_error(code));
        assert_eq!(told(libc::EINVAL).kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(told(libc::ENOBUFS).raw_os_error(), Some(libc::ENOBUFS));
    }
}
