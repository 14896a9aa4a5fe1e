//! Windows: the contract of [`sys`](super) over Winsock.

use std::ffi::c_int;
use std::io;
use std::mem::offset_of;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, OwnedSocket};
use std::ptr;

use windows_sys::Win32::Networking::WinSock::{
    self, AF_INET6, IN6_ADDR, IN6_ADDR_0, SOCKADDR_IN6, SOCKADDR_IN6_0, SOCKET, SOCKET_ERROR,
    WSAPROTOCOL_INFOW,
};

use super::option_numbers::{Name, Number};
use super::{SocketRef, unsupported};

mod create;
mod data;
mod interface;
mod message;
mod resolve;
mod wait;

pub(crate) use self::create::{accept, bind, connect, is_nonblocking, open, prepare};
pub(crate) use self::data::{
    recv, recv_from, recv_from_vectored, recv_vectored, send, send_to, send_to_vectored,
};
pub(crate) use self::interface::{INTERFACE_NAME_LEN, interface_name};
pub(super) use self::interface::{interface_index_of, list_interfaces};
pub(crate) use self::message::{recv_message, send_message};
pub(super) use self::resolve::look_up;
pub(super) use self::wait::{pair, wait_once, wait_one_once};
pub(super) use super::send_file::send_nothing as send_part;
use crate::error::Refusal;

pub(crate) type Owned = OwnedSocket;
pub(crate) type Borrowed<'a> = BorrowedSocket<'a>;

/// What tells one open socket from another.
pub(crate) fn id(fd: Borrowed<'_>) -> u64 {
    fd.as_raw_socket() as u64
}

#[inline]
pub(crate) fn borrow(socket: &Owned) -> Borrowed<'_> {
    socket.as_socket()
}

/// The error numbers that [`errors`](super::errno) tells apart.
pub(crate) mod codes {
    use windows_sys::Win32::Networking::WinSock::*;

    pub(crate) const NO_FAMILY: &[i32] = &[WSAEAFNOSUPPORT];
    pub(crate) const NO_PROTOCOL: &[i32] = &[WSAEPROTONOSUPPORT];
    pub(crate) const PROCESS_LIMIT: &[i32] = &[WSAEMFILE];
    /// The system sets no limit of its own.
    pub(crate) const SYSTEM_LIMIT: &[i32] = &[];
    /// Told as "invalid argument" or "address not available", as much else is.
    pub(crate) const NO_DEVICE: &[i32] = &[];
    /// Of joining and blocking: the limits of a socket.
    pub(crate) const NO_ROOM: &[i32] = &[WSAENOBUFS, WSAETOOMANYREFS];
    /// Of joining; an interface that does not exist is told so too.
    pub(crate) const NO_MULTICAST: &[i32] = &[WSAEINVAL, WSAEADDRNOTAVAIL];
    pub(crate) const NO_OPTION: &[i32] = &[WSAENOPROTOOPT, WSAEOPNOTSUPP];
    /// No option takes the name of anything.
    pub(crate) const NO_SUCH_NAME: &[i32] = &[];
    pub(crate) const CONNECTING: &[i32] = &[WSAEWOULDBLOCK, WSAEINPROGRESS];
    pub(crate) const EXHAUSTED: &[i32] = &[WSAEMFILE, WSAENOBUFS];
    /// Microsoft, "accept function": `WSAECONNRESET`. Under Wine, a peer that is gone already has
    /// no address (`WSAENOTCONN`).
    pub(crate) const PEER_FAILED: &[i32] = &[WSAECONNRESET, WSAECONNABORTED, WSAENOTCONN];
    /// It has no datagram sockets of ICMPv6 at all.
    pub(crate) const NO_GROUP: &[i32] = &[];
    /// A peer of the other family than the bound address; the documentation has none for it.
    pub(crate) const UNREACHABLE: &[i32] =
        &[WSAEAFNOSUPPORT, WSAEOPNOTSUPP, WSAEADDRNOTAVAIL, WSAEINVAL];
    /// An interface that cannot segment, or a system that is too old.
    pub(crate) const NO_OFFLOAD: &[i32] = &[WSAEOPNOTSUPP, WSAENOPROTOOPT];
    pub(crate) const OUT_OF_RANGE: &[i32] = &[];
    pub(crate) const TOO_LONG: &[i32] = &[WSAEMSGSIZE];
    /// The address belongs to a socket with `SO_EXCLUSIVEADDRUSE`, or the system keeps the port.
    pub(crate) const EXCLUSIVE: &[i32] = &[WSAEACCES];
}

#[inline]
fn raw(fd: Borrowed<'_>) -> SOCKET {
    fd.as_raw_socket() as SOCKET
}

#[cold]
fn last_error() -> io::Error {
    // SAFETY: the call takes nothing and reads a value of this thread.
    io::Error::from_raw_os_error(unsafe { WinSock::WSAGetLastError() })
}

/// Turns the result of a system call into a `Result`.
#[inline]
fn check(result: c_int) -> io::Result<c_int> {
    if result == SOCKET_ERROR { Err(last_error()) } else { Ok(result) }
}

// Addresses.

const ADDRESS_LEN: c_int = size_of::<SOCKADDR_IN6>() as c_int;

/// The system's own form of an address.
pub(crate) type Encoded = SOCKADDR_IN6;

#[inline]
pub(crate) fn encode(address: &SocketAddrV6) -> Encoded {
    SOCKADDR_IN6 {
        sin6_family: AF_INET6,
        sin6_port: address.port().to_be(),
        sin6_flowinfo: address.flowinfo(),
        sin6_addr: IN6_ADDR { u: IN6_ADDR_0 { Byte: address.ip().octets() } },
        Anonymous: SOCKADDR_IN6_0 { sin6_scope_id: address.scope_id() },
    }
}

/// Room for an address. All zeros, so that what the system leaves out can be read too.
#[inline]
fn no_address() -> SOCKADDR_IN6 {
    SOCKADDR_IN6 { sin6_family: 0, ..encode(&SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0)) }
}

/// Reads the address that the system wrote, `len` bytes of it.
#[inline]
fn decode(raw: &SOCKADDR_IN6, len: c_int) -> io::Result<SocketAddrV6> {
    if len < ADDRESS_LEN || raw.sin6_family != AF_INET6 {
        return Err(not_an_address());
    }
    Ok(decoded(raw))
}

#[inline]
pub(crate) fn decoded(raw: &Encoded) -> SocketAddrV6 {
    // SAFETY: both fields of the union are the same 16 bytes, and every bit pattern is valid.
    let octets = unsafe { raw.sin6_addr.u.Byte };
    // SAFETY: both fields of the union are one 32-bit number, and every bit pattern is valid.
    let scope_id = unsafe { raw.Anonymous.sin6_scope_id };
    SocketAddrV6::new(octets.into(), u16::from_be(raw.sin6_port), raw.sin6_flowinfo, scope_id)
}

#[cold]
fn not_an_address() -> io::Error {
    Refusal::NoIpv6Address.into()
}

pub(crate) fn local_address(fd: Borrowed<'_>) -> io::Result<SocketAddrV6> {
    let mut address = no_address();
    let mut len = ADDRESS_LEN;
    // SAFETY: `address` has room for `len` bytes, and the socket is open while it is borrowed.
    match check(unsafe { WinSock::getsockname(raw(fd), (&raw mut address).cast(), &mut len) }) {
        Ok(_) => decode(&address, len),
        // Not bound yet, which other systems tell by this address.
        Err(error) if error.raw_os_error() == Some(WinSock::WSAEINVAL) => {
            Ok(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0))
        }
        Err(error) => Err(error),
    }
}

pub(crate) fn peer_address(fd: Borrowed<'_>) -> io::Result<SocketAddrV6> {
    let mut address = no_address();
    let mut len = ADDRESS_LEN;
    // SAFETY: `address` has room for `len` bytes, and the socket is open while it is borrowed.
    check(unsafe { WinSock::getpeername(raw(fd), (&raw mut address).cast(), &mut len) })?;
    decode(&address, len)
}

/// A number that the system has of the protocol that a socket was opened with: the one at this
/// offset of `WSAPROTOCOL_INFOW`.
fn protocol_info(fd: Borrowed<'_>, offset: usize) -> io::Result<c_int> {
    const INFO: Name =
        Some(Number { level: WinSock::SOL_SOCKET, name: WinSock::SO_PROTOCOL_INFOW });
    /// Aligned as the struct is.
    #[repr(C, align(4))]
    struct Bytes([u8; size_of::<WSAPROTOCOL_INFOW>()]);
    const _: () = assert!(align_of::<Bytes>() == align_of::<WSAPROTOCOL_INFOW>());

    let mut info = Bytes([0; size_of::<WSAPROTOCOL_INFOW>()]);
    get_bytes(SocketRef { fd, dual_stack: false }, INFO, &mut info.0)?;
    let mut number = [0; size_of::<c_int>()];
    number.copy_from_slice(&info.0[offset..offset + size_of::<c_int>()]);
    Ok(c_int::from_ne_bytes(number))
}

/// The address family of a socket, which need not be AF_INET6.
pub(crate) fn family(fd: Borrowed<'_>) -> io::Result<c_int> {
    protocol_info(fd, offset_of!(WSAPROTOCOL_INFOW, iAddressFamily))
}

/// The number of the transport protocol.
pub(crate) fn protocol_number(fd: Borrowed<'_>) -> io::Result<c_int> {
    protocol_info(fd, offset_of!(WSAPROTOCOL_INFOW, iProtocol))
}

// Options.

pub(crate) fn get_bytes(socket: SocketRef<'_>, name: Name, value: &mut [u8]) -> io::Result<usize> {
    let number = name.ok_or_else(unsupported)?;
    let mut len = c_int::try_from(value.len()).unwrap_or(c_int::MAX);
    // SAFETY: `value` has room for `len` bytes, and the system writes no more than that.
    check(unsafe {
        WinSock::getsockopt(raw(socket.fd), number.level, number.name, value.as_mut_ptr(), &mut len)
    })?;
    Ok(value.len().min(usize::try_from(len).unwrap_or(0)))
}

/// # Safety
///
/// The control reads no more than `input` and writes no more than `output`, in which any bytes that
/// it writes are valid.
unsafe fn io_control<I, O>(
    fd: Borrowed<'_>,
    control: u32,
    input: &I,
    output: &mut O,
) -> io::Result<()> {
    let mut written = 0;
    let to = if size_of::<O>() == 0 { ptr::null_mut() } else { (&raw mut *output).cast() };
    // SAFETY: as the caller promises; nothing is overlapped.
    check(unsafe {
        WinSock::WSAIoctl(
            raw(fd),
            control,
            (&raw const *input).cast(),
            size_of::<I>() as u32,
            to,
            size_of::<O>() as u32,
            &mut written,
            ptr::null_mut(),
            None,
        )
    })
    .map(drop)
}

pub(crate) fn set_bytes(socket: SocketRef<'_>, name: Name, value: &[u8]) -> io::Result<()> {
    let number = name.ok_or_else(unsupported)?;
    let len = c_int::try_from(value.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: `value` is `len` bytes long, and the system copies them.
    check(unsafe {
        WinSock::setsockopt(raw(socket.fd), number.level, number.name, value.as_ptr(), len)
    })
    .map(drop)
}

/// Bytes that can be received at once.
pub(crate) fn recv_queue_len(fd: Borrowed<'_>) -> io::Result<usize> {
    let mut len = 0;
    // SAFETY: the call writes one integer.
    check(unsafe { WinSock::ioctlsocket(raw(fd), WinSock::FIONREAD, &mut len) })?;
    Ok(len as usize)
}

#[cfg(test)]
mod tests;
