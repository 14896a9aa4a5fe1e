//! Calls that make a socket: not inheritable, and free of the resets of UDP.

use std::ffi::c_int;
use std::io;
use std::net::SocketAddrV6;
use std::os::windows::io::{AsSocket, FromRawSocket, OwnedSocket, RawSocket};

use socket2::{Domain, Socket, Type};
use windows_sys::Win32::Foundation::{HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation};
use windows_sys::Win32::Networking::WinSock::{
    self, INVALID_SOCKET, SIO_UDP_CONNRESET, SIO_UDP_NETRESET,
};

use super::{
    ADDRESS_LEN, Borrowed, Owned, check, codes, decode, encode, io_control, last_error, no_address,
    raw,
};
use crate::kind::{Protocol, Shape};
use crate::sys::errno::is;
use crate::sys::{SocketRef, get_int, has, number, option_numbers, set_nonblocking, unsupported};

/// A socket that is neither bound nor connected.
pub(crate) fn open(shape: Shape, protocol: Protocol, nonblocking: bool) -> io::Result<Owned> {
    if !has(protocol, option_numbers::ICMPV6_DATAGRAMS) {
        return Err(unsupported());
    }
    let (kind, protocol) = (number(shape), socket2::Protocol::from(protocol as c_int));
    // Not inheritable: socket2 passes WSA_FLAG_NO_HANDLE_INHERIT.
    let socket = OwnedSocket::from(Socket::new(Domain::IPV6, kind, Some(protocol))?);
    if shape == Shape::Datagram {
        never_reset(socket.as_socket())?;
    }
    if nonblocking {
        set_nonblocking(socket.as_socket(), true)?;
    }
    Ok(socket)
}

/// Whether calls on a socket return instead of waiting: Windows does not tell.
pub(crate) fn is_nonblocking(_: Borrowed<'_>) -> io::Result<Option<bool>> {
    Ok(None)
}

/// Makes a socket that somebody else opened like our own.
pub(crate) fn prepare(fd: Borrowed<'_>) -> io::Result<()> {
    let kind = get_int(SocketRef { fd, dual_stack: false }, option_numbers::SO_TYPE)?;
    if kind == c_int::from(Type::DGRAM) {
        never_reset(fd)?;
    }
    never_inherit(fd)
}

/// Keeps programs that are started from inheriting a socket.
fn never_inherit(fd: Borrowed<'_>) -> io::Result<()> {
    // SAFETY: the socket is open while it is borrowed, and a socket is a handle.
    if unsafe { SetHandleInformation(raw(fd) as HANDLE, HANDLE_FLAG_INHERIT, 0) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Keeps what became of an earlier datagram out of the results of `recv`: without this, a peer
/// that is gone makes it fail with `WSAECONNRESET` or `WSAENETRESET`, over and over.
fn never_reset(fd: Borrowed<'_>) -> io::Result<()> {
    for control in [SIO_UDP_CONNRESET, SIO_UDP_NETRESET] {
        match switch_off(fd, control) {
            // A system without the control does not report it either.
            Err(error) if is(&error, codes::NO_OPTION) => {}
            other => other?,
        }
    }
    Ok(())
}

fn switch_off(fd: Borrowed<'_>, control: u32) -> io::Result<()> {
    let off: c_int = 0;
    // SAFETY: the control reads one integer.
    unsafe { io_control(fd, control, &off, &mut ()) }
}

pub(crate) fn bind(fd: Borrowed<'_>, address: &SocketAddrV6) -> io::Result<()> {
    let name = encode(address);
    // SAFETY: `name` is `ADDRESS_LEN` bytes long.
    check(unsafe { WinSock::bind(raw(fd), (&raw const name).cast(), ADDRESS_LEN) }).map(drop)
}

#[inline]
pub(crate) fn connect(fd: Borrowed<'_>, peer: &SocketAddrV6) -> io::Result<()> {
    let name = encode(peer);
    // SAFETY: `name` is `ADDRESS_LEN` bytes long.
    check(unsafe { WinSock::connect(raw(fd), (&raw const name).cast(), ADDRESS_LEN) }).map(drop)
}

#[inline]
pub(crate) fn accept(fd: Borrowed<'_>, nonblocking: bool) -> io::Result<(Owned, SocketAddrV6)> {
    let mut address = no_address();
    let mut len = ADDRESS_LEN;
    // SAFETY: `address` has room for `len` bytes.
    let accepted = unsafe { WinSock::accept(raw(fd), (&raw mut address).cast(), &mut len) };
    if accepted == INVALID_SOCKET {
        return Err(last_error());
    }
    // SAFETY: the call just made it, and nobody else knows it.
    let socket = unsafe { OwnedSocket::from_raw_socket(accepted as RawSocket) };
    never_inherit(socket.as_socket())?;
    // It has the mode of the listener, which nothing tells.
    set_nonblocking(socket.as_socket(), nonblocking)?;
    Ok((socket, decode(&address, len)?))
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Foundation::GetHandleInformation;

    use super::*;

    fn is_inherited(fd: Borrowed<'_>) -> bool {
        let mut flags = 0;
        // SAFETY: the socket is open while it is borrowed, and the call writes one integer.
        let result = unsafe { GetHandleInformation(raw(fd) as HANDLE, &mut flags) };
        assert_ne!(result, 0, "{}", io::Error::last_os_error());
        flags & HANDLE_FLAG_INHERIT != 0
    }

    #[test]
    fn prepared_socket_is_not_inherited() {
        let stream: Owned = std::net::TcpListener::bind("[::1]:0").unwrap().into();
        let datagram: Owned = std::net::UdpSocket::bind("[::1]:0").unwrap().into();
        for socket in [stream, datagram] {
            let fd = socket.as_socket();
            // SAFETY: as above, and the flag is one of those of a handle.
            let result = unsafe {
                SetHandleInformation(raw(fd) as HANDLE, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT)
            };
            assert!(result != 0 && is_inherited(fd));
            prepare(fd).unwrap();
            assert!(!is_inherited(fd));
        }
    }
}
