//! Unix: the contract of [`sys`](super) over libc.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddrV6;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::option_numbers::Name;
use super::{SocketRef, get_int, unsupported};

mod create;
pub(super) mod data;
#[cfg(any(test, not(target_os = "linux")))]
mod interface;
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
mod interface_name;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) mod linux;
/// Many datagrams in one call.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod mmsg;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) mod netdevice;
#[cfg(target_os = "linux")]
mod netlink;
mod resolve;
mod send_file;
mod wait;

pub(crate) use self::create::{accept, bind, connect, open};
pub(crate) use self::data::{
    recv, recv_from, recv_from_vectored, recv_message, recv_vectored, send, send_message, send_to,
    send_to_vectored,
};
#[cfg(not(target_os = "linux"))]
pub(super) use self::interface::list_interfaces;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) use self::interface_name::interface_index_of;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use self::interface_name::interface_name;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use self::netdevice::interface_index_of;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use self::netdevice::interface_name;
#[cfg(target_os = "linux")]
pub(super) use self::netlink::list_interfaces;
pub(super) use self::resolve::look_up;
pub(super) use self::send_file::send_part;
pub(super) use self::wait::{pair, wait_once, wait_one_once};
use crate::error::Refusal;

pub(crate) type Owned = OwnedFd;
pub(crate) type Borrowed<'a> = BorrowedFd<'a>;

/// The longest name of an interface, without the zero byte at its end.
pub(crate) const INTERFACE_NAME_LEN: usize = libc::IF_NAMESIZE - 1;

/// What tells one open socket from another.
pub(crate) fn id(fd: Borrowed<'_>) -> u64 {
    fd.as_raw_fd() as u64
}

#[inline]
pub(crate) fn borrow(socket: &Owned) -> Borrowed<'_> {
    socket.as_fd()
}

/// The error numbers that [`errors`](super::errno) tells apart.
pub(crate) mod codes {
    pub(crate) const NO_FAMILY: &[i32] = &[libc::EAFNOSUPPORT];
    /// The second one of a protocol that is switched off (net/mptcp/protocol.c, `mptcp_init_sock`).
    pub(crate) const NO_PROTOCOL: &[i32] = &[libc::EPROTONOSUPPORT, libc::ENOPROTOOPT];
    pub(crate) const PROCESS_LIMIT: &[i32] = &[libc::EMFILE];
    pub(crate) const SYSTEM_LIMIT: &[i32] = &[libc::ENFILE];
    pub(crate) const NO_DEVICE: &[i32] = &[libc::ENODEV, libc::ENXIO];
    /// Of joining and blocking: the limits of a socket.
    pub(crate) const NO_ROOM: &[i32] = &[
        libc::ENOBUFS,
        libc::ENOMEM,
        #[cfg(not(target_os = "haiku"))]
        libc::ETOOMANYREFS,
    ];
    /// Of joining: the interface has no IPv6 (net/ipv6/mcast.c, `__ipv6_dev_mc_inc`), or no
    /// multicast (in6_mcast.c, `in6p_join_group`).
    pub(crate) const NO_MULTICAST: &[i32] = &[libc::EINVAL, libc::EADDRNOTAVAIL];
    pub(crate) const NO_OPTION: &[i32] = &[libc::ENOPROTOOPT, libc::EOPNOTSUPP];
    /// Of an algorithm for congestion control that does not exist, on FreeBSD (tcp_usrreq.c,
    /// `tcp_set_cc_mod`).
    pub(crate) const NO_SUCH_NAME: &[i32] = &[libc::ESRCH];
    pub(crate) const CONNECTING: &[i32] = &[libc::EINPROGRESS];
    pub(crate) const EXHAUSTED: &[i32] = &[libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    /// accept(2), "Error handling", and EPERM of a firewall.
    pub(crate) const PEER_FAILED: &[i32] = &[
        libc::ECONNABORTED,
        libc::EPROTO,
        libc::ENOPROTOOPT,
        libc::EHOSTDOWN,
        libc::EHOSTUNREACH,
        libc::ENETDOWN,
        libc::ENETUNREACH,
        libc::ECONNRESET,
        libc::EOPNOTSUPP,
        libc::EPERM,
        #[cfg(any(target_os = "android", target_os = "linux"))]
        libc::ENONET,
    ];
    /// Echo is for some groups only (net/ipv4/ping.c, `ping_init_sock`).
    pub(crate) const NO_GROUP: &[i32] = &[
        #[cfg(any(target_os = "android", target_os = "linux"))]
        libc::EACCES,
    ];
    /// A peer of the other family than the address that the socket is bound to.
    pub(crate) const UNREACHABLE: &[i32] = &[libc::EAFNOSUPPORT];
    /// A network interface that announced segmentation and cannot do it.
    pub(crate) const NO_OFFLOAD: &[i32] = &[libc::EIO];
    pub(crate) const OUT_OF_RANGE: &[i32] = &[libc::ERANGE];
    pub(crate) const TOO_LONG: &[i32] = &[libc::EMSGSIZE];
    /// No option makes an address exclusive.
    pub(crate) const EXCLUSIVE: &[i32] = &[];
}

/// Out of line, so that what a call costs where it succeeds can be inlined.
#[cold]
#[inline(never)]
fn last_error() -> io::Error {
    io::Error::last_os_error()
}

/// Turns the result of a system call into a `Result`.
#[inline]
pub(crate) fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(last_error()) } else { Ok(result) }
}

/// Turns the result of a system call that returns a length into a `Result`.
#[inline]
pub(crate) fn check_len(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| last_error())
}

// Addresses.

pub(crate) const ADDRESS_LEN: libc::socklen_t = size_of::<libc::sockaddr_in6>() as libc::socklen_t;

/// The kernel's own form of an address.
pub(crate) type Encoded = libc::sockaddr_in6;

#[inline]
pub(crate) fn encode(address: &SocketAddrV6) -> Encoded {
    // SAFETY: all-zero bytes are a valid `sockaddr_in6`, which holds integers only.
    let mut raw: libc::sockaddr_in6 = unsafe { MaybeUninit::zeroed().assume_init() };
    raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
    raw.sin6_port = address.port().to_be();
    raw.sin6_addr.s6_addr = address.ip().octets();
    raw.sin6_flowinfo = address.flowinfo();
    raw.sin6_scope_id = address.scope_id();
    raw
}

/// Reads the address that the kernel wrote, `len` bytes of it.
///
/// Another family is an error: `IPV6_ADDRFORM` turns a socket into an IPv4 one under our feet. The
/// length tells, as the addresses of IPv4 are shorter, and no socket is of any other family.
#[inline]
pub(crate) fn decode(raw: &MaybeUninit<Encoded>, len: libc::socklen_t) -> io::Result<SocketAddrV6> {
    known(raw, len).ok_or_else(not_an_address)
}

/// As `decode`, for the data path.
#[inline]
fn known(raw: &MaybeUninit<Encoded>, len: libc::socklen_t) -> Option<SocketAddrV6> {
    if len != ADDRESS_LEN {
        return None;
    }
    // SAFETY: the kernel wrote `len` bytes, which is all of it, and every bit pattern is valid.
    Some(decoded(unsafe { raw.assume_init_ref() }))
}

#[inline]
pub(crate) fn decoded(raw: &Encoded) -> SocketAddrV6 {
    SocketAddrV6::new(
        raw.sin6_addr.s6_addr.into(),
        u16::from_be(raw.sin6_port),
        raw.sin6_flowinfo,
        raw.sin6_scope_id,
    )
}

#[cold]
fn not_an_address() -> io::Error {
    Refusal::NoIpv6Address.into()
}

pub(crate) fn local_address(fd: Borrowed<'_>) -> io::Result<SocketAddrV6> {
    let mut raw = MaybeUninit::<libc::sockaddr_in6>::uninit();
    let len = getsockname(fd, &mut raw)?;
    decode(&raw, len)
}

fn getsockname<T>(fd: Borrowed<'_>, address: &mut MaybeUninit<T>) -> io::Result<libc::socklen_t> {
    let mut len = size_of::<T>() as libc::socklen_t;
    // SAFETY: there is room for `len` bytes, and the descriptor is open while it is borrowed.
    check(unsafe { libc::getsockname(fd.as_raw_fd(), address.as_mut_ptr().cast(), &mut len) })?;
    Ok(len)
}

pub(crate) fn peer_address(fd: Borrowed<'_>) -> io::Result<SocketAddrV6> {
    let mut raw = MaybeUninit::<libc::sockaddr_in6>::uninit();
    let mut len = ADDRESS_LEN;
    // SAFETY: `raw` has room for `len` bytes, and the descriptor is open while it is borrowed.
    check(unsafe { libc::getpeername(fd.as_raw_fd(), raw.as_mut_ptr().cast(), &mut len) })?;
    decode(&raw, len)
}

/// The address family of a socket, which need not be AF_INET6.
pub(crate) fn family(fd: Borrowed<'_>) -> io::Result<c_int> {
    let mut raw = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    getsockname(fd, &mut raw)?;
    // SAFETY: it was zeroed, and every bit pattern is valid.
    Ok(c_int::from(unsafe { raw.assume_init_ref() }.ss_family))
}

/// The number of the transport protocol, where the system tells.
pub(crate) fn protocol_number(fd: Borrowed<'_>) -> io::Result<c_int> {
    get_int(SocketRef { fd, dual_stack: false }, super::option_numbers::SO_PROTOCOL)
}

// Options.

#[inline]
pub(crate) fn get_bytes(socket: SocketRef<'_>, name: Name, value: &mut [u8]) -> io::Result<usize> {
    let number = name.ok_or_else(unsupported)?;
    let mut len = libc::socklen_t::try_from(value.len()).unwrap_or(libc::socklen_t::MAX);
    let (fd, data) = (socket.fd.as_raw_fd(), value.as_mut_ptr().cast());
    // SAFETY: `value` has room for `len` bytes, and the kernel writes no more than that.
    check(unsafe { libc::getsockopt(fd, number.level, number.name, data, &mut len) })?;
    Ok(value.len().min(len as usize))
}

#[inline]
pub(crate) fn set_bytes(socket: SocketRef<'_>, name: Name, value: &[u8]) -> io::Result<()> {
    // SAFETY: `value` is that long, and the kernel copies it.
    unsafe { setsockopt(socket.fd, name, value.as_ptr().cast(), value.len()) }
}

/// # Safety
///
/// `value` points to `len` bytes that the kernel may read and, if the option is one that it writes
/// to, write.
#[inline]
pub(super) unsafe fn setsockopt(
    fd: Borrowed<'_>,
    name: Name,
    value: *const c_void,
    len: usize,
) -> io::Result<()> {
    let number = name.ok_or_else(unsupported)?;
    let len = libc::socklen_t::try_from(len).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: as the caller promises.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), number.level, number.name, value, len) })?;
    Ok(())
}

/// # Safety
///
/// The request reads and writes no more than the value that `argument` points to.
#[inline]
pub(super) unsafe fn ioctl<T>(
    fd: Borrowed<'_>,
    request: libc::c_ulong,
    argument: *mut T,
) -> io::Result<()> {
    // SAFETY: as the caller promises.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), request as _, argument) })?;
    Ok(())
}

/// Bytes that can be received at once.
pub(crate) fn recv_queue_len(fd: Borrowed<'_>) -> io::Result<usize> {
    let mut len: c_int = 0;
    // SAFETY: the request writes one integer.
    unsafe { ioctl(fd, libc::FIONREAD as _, &raw mut len) }?;
    Ok(usize::try_from(len).unwrap_or(0))
}

/// Whether calls on a socket return instead of waiting, or `None` where the system does not tell.
pub(crate) fn is_nonblocking(fd: Borrowed<'_>) -> io::Result<Option<bool>> {
    let flags = fcntl(fd, FlagRequest::GetStatus)?;
    Ok(Some(flags & libc::O_NONBLOCK != 0))
}

/// A request of fcntl(2) for flags: of the descriptor, or of the socket behind it.
enum FlagRequest {
    GetDescriptor,
    SetDescriptor(c_int),
    GetStatus,
}

fn fcntl(fd: Borrowed<'_>, request: FlagRequest) -> io::Result<c_int> {
    let (command, argument) = match request {
        FlagRequest::GetDescriptor => (libc::F_GETFD, 0),
        FlagRequest::SetDescriptor(flags) => (libc::F_SETFD, flags),
        FlagRequest::GetStatus => (libc::F_GETFL, 0),
    };
    // SAFETY: these commands take an integer, or ignore it.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), command, argument) })
}

/// Makes a socket that somebody else opened like our own.
pub(crate) fn prepare(fd: Borrowed<'_>) -> io::Result<()> {
    create::never_sigpipe(fd)?;
    create::close_on_exec(fd)
}
