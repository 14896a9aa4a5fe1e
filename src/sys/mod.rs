//! The system: the only place with `unsafe` and with platform `cfg`.
//!
//! Everything above works on a borrowed descriptor and on [`SocketAddrV6`], the kernel's form of
//! every address of this crate. Each system provides, under the same names and with the same
//! behaviour (`unix` and `windows`):
//!
//! * `Owned`, `Borrowed`, `borrow`: the descriptor types of std;
//! * `open`, `bind`, `connect`, `accept`, `local_address`, `peer_address`: the life of a socket;
//! * `wait_once`, `wait_one_once`, `pair`, `look_up`: what `wait` and `resolve` are made of;
//! * `send`, `recv`, `send_to`, `recv_from` and their vectored forms, `recv_message`,
//!   `send_message`: the data path, one system call each;
//! * `send_part`: a part of a file, sent by the system;
//! * `get_bytes`, `set_bytes`: the options, for every argument soundly;
//! * `list_interfaces`, `interface_index_of`, `interface_name`: the interfaces of the host;
//! * `queued`, `is_nonblocking`, and what only some systems have, as "unsupported" on the others.
//!
//! socket2 listens, sets what has a name of its own on each system, and creates where `socket` does
//! not take the flags along; what is the same everywhere stands here.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::SocketAddrV6;
use std::time::{Duration, Instant};

use socket2::SockRef;

pub(crate) mod batch;
pub(crate) mod cmsg;
pub(crate) mod errno;
mod interface;
pub(crate) mod option_numbers;
mod send_file;

/// What only some systems have, on the others; compiled for tests everywhere, so that it keeps
/// compiling.
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
mod fallback;
mod multicast;
mod resolve;
mod sockopt;
mod system;
#[cfg(unix)]
mod unix;
mod wait;
#[cfg(windows)]
mod windows;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use self::fallback::*;
pub(crate) use self::interface::{AddressRow, InterfaceRow, interface_index, interfaces, is_own};
pub(crate) use self::multicast::*;
pub(crate) use self::resolve::{ResolveFailure, Wanted, resolve};
pub(crate) use self::send_file::send_file;
pub(crate) use self::sockopt::*;
pub(crate) use self::system::{Sharing, System};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use self::unix::linux::*;
#[cfg(unix)]
pub(crate) use self::unix::*;
pub(crate) use self::wait::{Readiness, Ready, Waker, Woken, wait_any, wait_one, waker};
#[cfg(windows)]
pub(crate) use self::windows::*;

use self::cmsg::Arrival;
use crate::addr::mapped::is_wildcard;
use crate::error::Refusal;
use crate::kind::{Protocol, Shape};

/// A socket whose options are read or set.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)]
pub struct SocketRef<'a> {
    pub(crate) fd: Borrowed<'a>,
    /// Whether it may have IPv4 peers, so that the IPv4 twin of an option matters.
    pub(crate) dual_stack: bool,
}

impl<'a> SocketRef<'a> {
    /// The socket of a descriptor, in the mode that it was opened in.
    #[inline]
    pub(crate) fn new(fd: Borrowed<'a>, v6_only: bool) -> Self {
        Self { fd, dual_stack: System::HERE.has_dual_stack() && !v6_only }
    }
}

/// The bytes to look at, and whether they stay in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Take {
    Data,
    Peek,
    OutOfBand,
    /// Data, without waiting for it; only where batches are not one call.
    #[cfg_attr(any(target_os = "linux", target_os = "android"), allow(dead_code))]
    Ready,
}

/// What `recv_message` found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    pub(crate) len: usize,
    pub(crate) source: SocketAddrV6,
    pub(crate) truncated: bool,
    pub(crate) arrival: Arrival,
}

/// What `recv_error` found.
#[derive(Debug)]
pub(crate) struct QueuedReport {
    pub(crate) len: usize,
    pub(crate) truncated: bool,
    /// Where the datagram was sent to, which a time of sending does not tell.
    pub(crate) destination: Option<SocketAddrV6>,
    pub(crate) queued: cmsg::Queued,
}

/// Room for received bytes, initialised or not: nothing but the kernel writes through it.
pub(crate) struct Buffer<'a>(&'a mut [MaybeUninit<u8>]);

impl Buffer<'_> {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'a> From<&'a mut [u8]> for Buffer<'a> {
    #[inline]
    fn from(buffer: &'a mut [u8]) -> Self {
        let (data, len) = (buffer.as_mut_ptr().cast(), buffer.len());
        // SAFETY: it is the same memory under a weaker promise, and a `Buffer` lets nobody write
        // uninitialised bytes into it.
        Self(unsafe { std::slice::from_raw_parts_mut(data, len) })
    }
}

/// The most slices that a call takes on any system; a stream takes more in several calls.
const MAX_SLICES: usize = 1024;

/// Sends bytes of a stream from several slices.
#[inline]
pub(crate) fn send_vectored(fd: Borrowed<'_>, data: &[IoSlice<'_>]) -> io::Result<usize> {
    send_to_vectored(fd, &data[..data.len().min(MAX_SLICES)], None)
}

/// As `recv`, and gives the part that was filled.
pub(crate) fn recv_uninit<'a>(
    fd: Borrowed<'_>,
    buffer: &'a mut [MaybeUninit<u8>],
) -> io::Result<&'a mut [u8]> {
    let len = recv(fd, Buffer(buffer), Take::Data)?;
    Ok(filled(&mut buffer[..len]))
}

/// As `recv_from`, and gives the part that was filled.
pub(crate) fn recv_from_uninit<'a>(
    fd: Borrowed<'_>,
    buffer: &'a mut [MaybeUninit<u8>],
) -> io::Result<(&'a mut [u8], SocketAddrV6)> {
    let (len, source) = recv_from(fd, Buffer(buffer), Take::Data)?;
    Ok((filled(&mut buffer[..len]), source))
}

/// To be called with what the kernel has just filled.
fn filled(buffer: &mut [MaybeUninit<u8>]) -> &mut [u8] {
    let (data, len) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: the kernel wrote `len` bytes, and the borrow goes on.
    unsafe { std::slice::from_raw_parts_mut(data, len) }
}

// Opening.

/// The type of a socket, as `socket` takes it.
#[inline]
fn number(shape: Shape) -> socket2::Type {
    match shape {
        Shape::Stream => socket2::Type::STREAM,
        Shape::Datagram => socket2::Type::DGRAM,
    }
}

/// Whether a system that has ICMPv6 datagrams or not has sockets of a protocol, where `socket` does
/// not tell.
#[inline]
fn has(protocol: Protocol, icmpv6: bool) -> bool {
    protocol != Protocol::Icmpv6 || icmpv6
}

/// Keeps other programs off the identifier of an echo socket, unless it is to be shared.
///
/// Linux opens such sockets with `SO_REUSEADDR` on (inet6_create, `INET_PROTOSW_REUSE`), so that
/// the program that binds an identifier last takes the replies of the others.
pub(crate) fn keep_identifier(fd: Borrowed<'_>) -> io::Result<()> {
    set_bool(SocketRef { fd, dual_stack: false }, option_numbers::SHARE_ADDRESS, false)
}

pub(crate) fn listen(fd: Borrowed<'_>, backlog: u32) -> io::Result<()> {
    SockRef::from(&fd).listen(c_int::try_from(backlog).unwrap_or(c_int::MAX))
}

/// Starts to connect; `Ok(false)` if the connection is still under way.
#[inline]
pub(crate) fn start_connect(fd: Borrowed<'_>, peer: &SocketAddrV6) -> io::Result<bool> {
    if cfg!(windows) && is_wildcard(peer.ip()) {
        // On a datagram socket it would give up the peer; on a stream this is what comes of it.
        return Err(io::ErrorKind::AddrNotAvailable.into());
    }
    match connect(fd, peer) {
        Ok(()) => Ok(true),
        Err(error) => connecting(error),
    }
}

#[cold]
#[inline(never)]
fn connecting(error: io::Error) -> io::Result<bool> {
    if errno::is_connecting(&error) { Ok(false) } else { Err(error) }
}

/// Waits until a connection under way is made; after `deadline` it is `TimedOut`.
///
/// `reported` as for [`is_connected`].
pub(crate) fn finish_connect(
    fd: Borrowed<'_>,
    reported: c_int,
    deadline: Option<Instant>,
) -> io::Result<()> {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if wait_one(fd, Readiness::Connected, left)? && is_connected(fd, reported)? {
            return Ok(());
        }
        if left.is_some_and(|left| left.is_zero()) {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}

/// Returns whether a connection under way is made, `false` while it is not decided, or the error
/// that it failed with. After an error the socket is of no further use.
///
/// Only a peer proves a connection. A pending error of 0 does not: taking the last report from the
/// error queue clears it. `reported` is the error of such a report, or 0.
pub(crate) fn is_connected(fd: Borrowed<'_>, reported: c_int) -> io::Result<bool> {
    if let Some(connected) = is_decided(fd)? {
        return Ok(connected);
    }
    if !wait_one(fd, Readiness::Connected, Some(Duration::ZERO))? {
        return Ok(false);
    }
    // It may have been decided just before it was ready. The kernel wakes for a report before it
    // sets the error, so the queue may be the only place that has it.
    match is_decided(fd)? {
        Some(connected) => Ok(connected),
        None => Err(match last_report(fd).unwrap_or(reported) {
            0 => io::ErrorKind::ConnectionAborted.into(),
            errno => io::Error::from_raw_os_error(errno),
        }),
    }
}

/// Returns `Some(true)` if the socket has a peer, and the error if it has one pending.
fn is_decided(fd: Borrowed<'_>) -> io::Result<Option<bool>> {
    match peer_address(fd) {
        Ok(_) => return Ok(Some(true)),
        Err(error) => match error.kind() {
            // Apple's systems say EINVAL after a reset.
            io::ErrorKind::NotConnected | io::ErrorKind::InvalidInput => {}
            // It has a peer whose address is not an IPv6 one.
            io::ErrorKind::InvalidData => return Ok(Some(true)),
            _ => return Err(error),
        },
    }
    match take_error(fd)? {
        Some(error) => Err(error),
        None => Ok(None),
    }
}

/// Takes all reports from the error queue and returns the error of the last one.
fn last_report(fd: Borrowed<'_>) -> Option<c_int> {
    let mut last = None;
    // A system without a queue, or one that cannot be read, has no report.
    while let Ok(Some(report)) = recv_error(fd, &mut []) {
        last = report.queued.error().or(last);
    }
    last
}

/// When `timeout` has passed, or never where the clock does not reach that far.
pub(crate) fn deadline(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

pub(crate) fn take_error(fd: Borrowed<'_>) -> io::Result<Option<io::Error>> {
    let code = get_int(SocketRef { fd, dual_stack: false }, option_numbers::SO_ERROR)?;
    Ok((code != 0).then(|| io::Error::from_raw_os_error(code)))
}

pub(crate) fn set_nonblocking(fd: Borrowed<'_>, nonblocking: bool) -> io::Result<()> {
    SockRef::from(&fd).set_nonblocking(nonblocking)
}

pub(crate) fn shutdown(fd: Borrowed<'_>, how: std::net::Shutdown) -> io::Result<()> {
    SockRef::from(&fd).shutdown(how)
}

/// The transport protocol, where the system tells.
pub(crate) fn protocol(fd: Borrowed<'_>) -> io::Result<Protocol> {
    let number = match protocol_number(fd)? {
        0 if System::HERE.may_not_name_protocol() => {
            usual_protocol(get_int(SocketRef { fd, dual_stack: false }, option_numbers::SO_TYPE)?)
        }
        number => number,
    };
    let all = [Protocol::Tcp, Protocol::MultipathTcp, Protocol::Udp, Protocol::Icmpv6];
    match all.into_iter().find(|protocol| *protocol as c_int == number) {
        Some(protocol) => Ok(protocol),
        None => Err(Refusal::UnknownProtocol(number).into()),
    }
}

/// The protocol of a socket of this type that was opened without naming one.
fn usual_protocol(kind: c_int) -> c_int {
    let stream = socket2::Type::from(kind) == socket2::Type::STREAM;
    (if stream { Protocol::Tcp } else { Protocol::Udp }) as c_int
}

/// What a socket is, for taking it over.
#[derive(Debug)]
pub(crate) struct SocketState {
    pub(crate) stream: bool,
    pub(crate) datagram: bool,
    /// Something else than TCP and UDP, such as an echo socket, where the system tells.
    pub(crate) foreign_protocol: bool,
    pub(crate) listening: bool,
    /// Whether the kernel puts datagrams together for it.
    pub(crate) coalescing: bool,
    /// `None` if the system does not report it: older kernels, for Multipath TCP.
    pub(crate) v6_only: Option<bool>,
    pub(crate) local: SocketAddrV6,
    pub(crate) peer: Option<SocketAddrV6>,
}

/// What a socket is, or `None` if its family is another than `AF_INET6`.
pub(crate) fn state(fd: Borrowed<'_>) -> io::Result<Option<SocketState>> {
    if family(fd)? != c_int::from(socket2::Domain::IPV6) {
        return Ok(None);
    }
    let socket = SocketRef { fd, dual_stack: false };
    let kind = socket2::Type::from(get_int(socket, option_numbers::SO_TYPE)?);
    let stream = kind == socket2::Type::STREAM;
    Ok(Some(SocketState {
        stream,
        datagram: kind == socket2::Type::DGRAM,
        foreign_protocol: match protocol(fd) {
            Ok(protocol) => protocol == Protocol::Icmpv6,
            Err(error) => error.kind() == io::ErrorKind::InvalidData,
        },
        // A system that cannot does not.
        coalescing: !stream && get_bool(socket, option_numbers::UDP_GRO).unwrap_or(false),
        listening: stream && get_bool(socket, option_numbers::SO_ACCEPTCONN)?,
        v6_only: read_v6_only(fd)?,
        local: local_address(fd)?,
        peer: match peer_address(fd) {
            Ok(peer) => Some(peer),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => None,
            Err(error) => return Err(error),
        },
    }))
}

/// The path MTU of a connected socket.
pub(crate) fn mtu(socket: SocketRef<'_>) -> io::Result<u32> {
    if option_numbers::IPV6_PATHMTU.is_none() {
        return get_u32(socket, option_numbers::IPV6_MTU);
    }
    let mut info = [0; 32];
    let len = get_bytes(socket, option_numbers::IPV6_PATHMTU, &mut info)?;
    mtu_of(&info[..len])
}

/// The number of `struct ip6_mtuinfo`, after an address (RFC 3542, section 11.4).
fn mtu_of(info: &[u8]) -> io::Result<u32> {
    match info.split_last_chunk() {
        Some((address, mtu)) if address.len() == 28 => Ok(u32::from_ne_bytes(*mtu)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{has, mtu_of, usual_protocol};
    use crate::kind::Protocol;

    #[test]
    fn unnamed_protocol_follows_the_type() {
        for (kind, protocol) in
            [(socket2::Type::STREAM, Protocol::Tcp), (socket2::Type::DGRAM, Protocol::Udp)]
        {
            assert_eq!(usual_protocol(kind.into()), protocol as i32);
        }
    }

    #[test]
    fn missing_icmpv6_sockets_leave_others() {
        for protocol in [Protocol::Tcp, Protocol::MultipathTcp, Protocol::Udp] {
            assert!(has(protocol, true) && has(protocol, false), "{protocol:?}");
        }
        assert!(has(Protocol::Icmpv6, true));
        assert!(!has(Protocol::Icmpv6, false));
    }

    #[test]
    fn path_mtu_is_last_field() {
        let mut info = [0xff; 32];
        info[28..].copy_from_slice(&1400_u32.to_ne_bytes());
        assert_eq!(mtu_of(&info).unwrap(), 1400);
        for cut in [&info[..31], &info[..4], &[]] {
            assert_eq!(mtu_of(cut).unwrap_err().kind(), std::io::ErrorKind::InvalidData);
        }
    }
}
