//! The data path: one system call each, on 28 bytes of address.

use std::ffi::c_int;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddrV6;
use std::os::fd::AsRawFd;

use super::{ADDRESS_LEN, Borrowed, Encoded, check_len, decode, encode, known, not_an_address};
use crate::sys::cmsg::{Arrival, Departure, Native, RecvControl, SendControl};
use crate::sys::{Buffer, MAX_SLICES, Message, Take};

/// A write to a peer that is gone gives EPIPE, and no signal.
#[cfg(not(target_vendor = "apple"))]
pub(crate) const SEND_FLAGS: c_int = libc::MSG_NOSIGNAL;
/// `SO_NOSIGPIPE` is set on every socket instead.
#[cfg(target_vendor = "apple")]
pub(crate) const SEND_FLAGS: c_int = 0;

#[inline]
fn flags(take: Take) -> c_int {
    match take {
        Take::Data => 0,
        Take::Peek => libc::MSG_PEEK,
        Take::OutOfBand => libc::MSG_OOB,
        Take::Ready => libc::MSG_DONTWAIT,
    }
}

#[inline]
pub(crate) fn send(fd: Borrowed<'_>, data: &[u8], out_of_band: bool) -> io::Result<usize> {
    let flags = if out_of_band { SEND_FLAGS | libc::MSG_OOB } else { SEND_FLAGS };
    // SAFETY: `data` is as long as it says.
    check_len(unsafe { libc::send(fd.as_raw_fd(), data.as_ptr().cast(), data.len(), flags) })
}

#[inline]
pub(crate) fn recv(fd: Borrowed<'_>, mut buffer: Buffer<'_>, take: Take) -> io::Result<usize> {
    let (room, flags) = (buffer.len(), flags(take));
    // SAFETY: `buffer` has the room it says, and nobody else uses it meanwhile.
    check_len(unsafe { libc::recv(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), room, flags) })
}

#[inline]
pub(crate) fn send_to(fd: Borrowed<'_>, data: &[u8], peer: &Encoded) -> io::Result<usize> {
    // SAFETY: `data` is as long as it says, and `peer` is `ADDRESS_LEN` bytes long.
    check_len(unsafe {
        libc::sendto(
            fd.as_raw_fd(),
            data.as_ptr().cast(),
            data.len(),
            SEND_FLAGS,
            (&raw const *peer).cast(),
            ADDRESS_LEN,
        )
    })
}

#[inline]
pub(crate) fn recv_from(
    fd: Borrowed<'_>,
    mut buffer: Buffer<'_>,
    take: Take,
) -> io::Result<(usize, SocketAddrV6)> {
    let (room, flags) = (buffer.len(), flags(take));
    let mut raw = MaybeUninit::<libc::sockaddr_in6>::uninit();
    let mut address_len = ADDRESS_LEN;
    // SAFETY: `buffer` and `raw` have the room that is said, and nobody else uses them meanwhile.
    let len = check_len(unsafe {
        libc::recvfrom(
            fd.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            room,
            flags,
            raw.as_mut_ptr().cast(),
            &mut address_len,
        )
    })?;
    match known(&raw, address_len) {
        Some(source) => Ok((len, source)),
        None => Err(not_an_address()),
    }
}

/// Sends all slices, of which there may be too many: a datagram goes out whole or not at all.
pub(crate) fn send_to_vectored(
    fd: Borrowed<'_>,
    data: &[IoSlice<'_>],
    peer: Option<&SocketAddrV6>,
) -> io::Result<usize> {
    send_with(fd, data, peer, &mut [])
}

/// Sends a datagram with control messages.
pub(crate) fn send_message(
    fd: Borrowed<'_>,
    data: &[IoSlice<'_>],
    peer: Option<&SocketAddrV6>,
    departure: &Departure,
    ipv4: bool,
) -> io::Result<usize> {
    let mut room = SendControl::new();
    let len = departure.write::<Native>(ipv4, &mut room.0)?;
    send_with(fd, data, peer, &mut room.0[..len])
}

fn send_with(
    fd: Borrowed<'_>,
    data: &[IoSlice<'_>],
    peer: Option<&SocketAddrV6>,
    control: &mut [u8],
) -> io::Result<usize> {
    let mut name = peer.map(encode);
    let mut header = message_header();
    // `IoSlice` is laid out as `iovec`, which std guarantees.
    header.msg_iov = data.as_ptr().cast_mut().cast();
    header.msg_iovlen = data.len() as _;
    if let Some(name) = &mut name {
        header.msg_name = (&raw mut *name).cast();
        header.msg_namelen = ADDRESS_LEN;
    }
    if !control.is_empty() {
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = control.len() as _;
    }
    // SAFETY: the header points to `data`, `name` and `control`, which live until the call returns.
    unsafe { sendmsg(fd, &header) }
}

/// # Safety
///
/// What the header points to may be read.
#[inline]
pub(super) unsafe fn sendmsg(fd: Borrowed<'_>, header: &libc::msghdr) -> io::Result<usize> {
    // SAFETY: as the caller promises.
    check_len(unsafe { libc::sendmsg(fd.as_raw_fd(), header, SEND_FLAGS) })
}

pub(crate) fn recv_vectored(
    fd: Borrowed<'_>,
    buffers: &mut [IoSliceMut<'_>],
    take: Take,
) -> io::Result<usize> {
    let kept = buffers.len().min(MAX_SLICES);
    let mut header = message_header();
    recv_slices(fd, &mut buffers[..kept], flags(take), &mut header)
}

/// As `recv_from`, into several slices.
pub(crate) fn recv_from_vectored(
    fd: Borrowed<'_>,
    buffers: &mut [IoSliceMut<'_>],
) -> io::Result<(usize, SocketAddrV6)> {
    let mut raw = MaybeUninit::<libc::sockaddr_in6>::uninit();
    let mut header = message_header();
    header.msg_name = raw.as_mut_ptr().cast();
    header.msg_namelen = ADDRESS_LEN;
    let len = recv_slices(fd, buffers, 0, &mut header)?;
    Ok((len, decode(&raw, header.msg_namelen)?))
}

pub(crate) fn recv_message(
    fd: Borrowed<'_>,
    buffers: &mut [IoSliceMut<'_>],
    take: Take,
) -> io::Result<Message> {
    let mut raw = MaybeUninit::<libc::sockaddr_in6>::uninit();
    let mut room = RecvControl::new();
    let mut header = header_for(&mut raw, &mut room);
    let len = recv_slices(fd, buffers, flags(take), &mut header)?;
    let arrival = Arrival::read::<Native>(control(&room, &header));
    let source = match arrival.path_mtu {
        Some((destination, _)) => destination,
        None => decode(&raw, header.msg_namelen)?,
    };
    Ok(Message { len, source, truncated: header.msg_flags & libc::MSG_TRUNC != 0, arrival })
}

/// A header with room for an address and for control messages.
pub(in crate::sys) fn header_for(
    raw: &mut MaybeUninit<libc::sockaddr_in6>,
    room: &mut RecvControl,
) -> libc::msghdr {
    let mut header = message_header();
    header.msg_name = raw.as_mut_ptr().cast();
    header.msg_namelen = ADDRESS_LEN;
    header.msg_control = room.0.as_mut_ptr().cast();
    header.msg_controllen = room.0.len() as _;
    header
}

/// Receives into `buffers`; the name and control fields of `header` are the caller's.
pub(in crate::sys) fn recv_slices(
    fd: Borrowed<'_>,
    buffers: &mut [IoSliceMut<'_>],
    flags: c_int,
    header: &mut libc::msghdr,
) -> io::Result<usize> {
    // `IoSliceMut` is laid out as `iovec`, which std guarantees.
    header.msg_iov = buffers.as_mut_ptr().cast();
    header.msg_iovlen = buffers.len() as _;
    // SAFETY: the header points to `buffers` and to what the caller put in, which live until the
    // call returns.
    check_len(unsafe { libc::recvmsg(fd.as_raw_fd(), header, flags) })
}

/// The control messages that came.
pub(in crate::sys) fn control<'a>(room: &'a RecvControl, header: &libc::msghdr) -> &'a [u8] {
    // No kernel says more than there was room for; if one did, this would not believe it.
    #[allow(clippy::unnecessary_cast, reason = "the field has 32 bits on some systems")]
    room.0.get(..header.msg_controllen as usize).unwrap_or_default()
}

fn message_header() -> libc::msghdr {
    // SAFETY: all-zero bytes are a valid `msghdr` with no name, no slices and no control data.
    unsafe { MaybeUninit::zeroed().assume_init() }
}
