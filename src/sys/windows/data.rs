//! The data path: one system call each, on 28 bytes of address.
//!
//! A datagram that does not fit its buffer is an error of Winsock, `WSAEMSGSIZE`, and here as on
//! the other systems a full buffer.

use std::ffi::c_int;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddrV6;
use std::ptr;

use windows_sys::Win32::Networking::WinSock::{
    self, MSG_OOB, MSG_PEEK, SOCKADDR_IN6, WSAEMSGSIZE, WSAESHUTDOWN,
};

use super::{ADDRESS_LEN, Borrowed, Encoded, check, decode, encode, no_address, raw};
use crate::sys::{Buffer, Take};

/// As on Unix; a stream takes more slices in several calls.
const MAX_SLICES: usize = 1024;

pub(super) fn flags(take: Take) -> c_int {
    match take {
        Take::Data | Take::Ready => 0,
        Take::Peek => MSG_PEEK,
        Take::OutOfBand => MSG_OOB,
    }
}

/// The length of a buffer as the calls take it; of a longer one only this much is used.
#[inline]
fn room(len: usize) -> c_int {
    c_int::try_from(len).unwrap_or(c_int::MAX)
}

#[inline]
fn check_len(result: c_int) -> io::Result<usize> {
    // Nothing but SOCKET_ERROR is negative.
    check(result).map(|len| len as usize)
}

#[inline]
pub(crate) fn send(fd: Borrowed<'_>, data: &[u8], out_of_band: bool) -> io::Result<usize> {
    let flags = if out_of_band { MSG_OOB } else { 0 };
    // SAFETY: `data` is at least as long as it says.
    check_len(unsafe { WinSock::send(raw(fd), data.as_ptr(), room(data.len()), flags) })
        .map_err(broken_pipe)
}

#[inline]
pub(crate) fn recv(fd: Borrowed<'_>, mut buffer: Buffer<'_>, take: Take) -> io::Result<usize> {
    let room = room(buffer.len());
    // SAFETY: `buffer` has the room it says, and nobody else uses it meanwhile.
    let result = unsafe { WinSock::recv(raw(fd), buffer.as_mut_ptr(), room, flags(take)) };
    match check_len(result) {
        Err(error) => match error.raw_os_error() {
            Some(WSAEMSGSIZE) => Ok(room as usize),
            // Shut down for reading, here: the end, as on the other systems and in std.
            Some(WSAESHUTDOWN) => Ok(0),
            _ => Err(error),
        },
        ok => ok,
    }
}

#[inline]
pub(crate) fn send_to(fd: Borrowed<'_>, data: &[u8], peer: &Encoded) -> io::Result<usize> {
    // SAFETY: `data` is at least as long as it says, and `peer` is `ADDRESS_LEN` bytes long.
    check_len(unsafe {
        WinSock::sendto(
            raw(fd),
            data.as_ptr(),
            room(data.len()),
            0,
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
    let room = room(buffer.len());
    let mut address = no_address();
    let mut address_len = ADDRESS_LEN;
    // SAFETY: `buffer` and `address` have the room that is said, and nobody else uses them
    // meanwhile.
    let result = unsafe {
        WinSock::recvfrom(
            raw(fd),
            buffer.as_mut_ptr(),
            room,
            flags(take),
            (&raw mut address).cast(),
            &mut address_len,
        )
    };
    let len = match check_len(result) {
        Ok(len) => len,
        Err(error) if is_truncation(&error) => room as usize,
        Err(error) => return Err(error),
    };
    Ok((len, decode(&address, address_len)?))
}

pub(crate) fn send_vectored(fd: Borrowed<'_>, data: &[IoSlice<'_>]) -> io::Result<usize> {
    send_slices(fd, &data[..data.len().min(MAX_SLICES)], None)
}

/// A datagram goes out whole or not at all, so no slice is left out here.
pub(crate) fn send_to_vectored(
    fd: Borrowed<'_>,
    data: &[IoSlice<'_>],
    peer: Option<&SocketAddrV6>,
) -> io::Result<usize> {
    send_slices(fd, data, peer)
}

fn send_slices(
    fd: Borrowed<'_>,
    data: &[IoSlice<'_>],
    peer: Option<&SocketAddrV6>,
) -> io::Result<usize> {
    let count = count(data.len())?;
    let peer = peer.map(encode);
    let (address, address_len) = match &peer {
        Some(peer) => (ptr::from_ref(peer), ADDRESS_LEN),
        None => (ptr::null(), 0),
    };
    let mut sent = 0;
    // SAFETY: `IoSlice` is laid out as `WSABUF`, which std guarantees; `data` and `peer` live until
    // the call returns, which only reads them, and nothing is overlapped.
    check(unsafe {
        WinSock::WSASendTo(
            raw(fd),
            data.as_ptr().cast(),
            count,
            &mut sent,
            0,
            address.cast(),
            address_len,
            ptr::null_mut(),
            None,
        )
    })
    .map_err(broken_pipe)?;
    Ok(sent as usize)
}

pub(crate) fn recv_vectored(
    fd: Borrowed<'_>,
    buffers: &mut [IoSliceMut<'_>],
    take: Take,
) -> io::Result<usize> {
    let kept = buffers.len().min(MAX_SLICES);
    match recv_slices(fd, &mut buffers[..kept], take, None) {
        Err(error) if error.raw_os_error() == Some(WSAESHUTDOWN) => Ok(0),
        other => other,
    }
}

/// As `recv_from`, into several slices.
pub(crate) fn recv_from_vectored(
    fd: Borrowed<'_>,
    buffers: &mut [IoSliceMut<'_>],
) -> io::Result<(usize, SocketAddrV6)> {
    let mut address = no_address();
    let mut address_len = ADDRESS_LEN;
    let result = recv_slices(fd, buffers, Take::Data, Some((&mut address, &mut address_len)));
    let len = match result {
        Ok(len) => len,
        Err(error) if is_truncation(&error) => all(buffers),
        Err(error) => return Err(error),
    };
    Ok((len, decode(&address, address_len)?))
}

fn recv_slices(
    fd: Borrowed<'_>,
    buffers: &mut [IoSliceMut<'_>],
    take: Take,
    source: Option<(&mut SOCKADDR_IN6, &mut c_int)>,
) -> io::Result<usize> {
    let count = count(buffers.len())?;
    let (address, address_len) = match source {
        Some((address, len)) => (ptr::from_mut(address), ptr::from_mut(len)),
        None => (ptr::null_mut(), ptr::null_mut()),
    };
    let mut len = 0;
    let mut flags = flags(take) as u32;
    // SAFETY: `IoSliceMut` is laid out as `WSABUF`, which std guarantees; the address is null or has
    // the room that is said; nobody else uses all that meanwhile, and nothing is overlapped.
    check(unsafe {
        WinSock::WSARecvFrom(
            raw(fd),
            buffers.as_mut_ptr().cast(),
            count,
            &mut len,
            &mut flags,
            address.cast(),
            address_len,
            ptr::null_mut(),
            None,
        )
    })?;
    Ok(len as usize)
}

pub(super) fn count(slices: usize) -> io::Result<u32> {
    u32::try_from(slices).map_err(|_| io::ErrorKind::InvalidInput.into())
}

/// The room in all slices, which is what a truncated datagram fills.
pub(super) fn all(buffers: &[IoSliceMut<'_>]) -> usize {
    buffers.iter().map(|buffer| buffer.len()).sum()
}

/// Shut down for writing, here: a number without a kind in std, and of this kind elsewhere.
#[cold]
pub(super) fn broken_pipe(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(WSAESHUTDOWN) => io::Error::new(io::ErrorKind::BrokenPipe, error),
        _ => error,
    }
}

#[cold]
pub(super) fn is_truncation(error: &io::Error) -> bool {
    error.raw_os_error() == Some(WSAEMSGSIZE)
}
