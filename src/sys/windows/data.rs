//! The data path: one system call each, on 28 bytes of address.
//!
//! A datagram that does not fit its buffer is an error of Winsock, `WSAEMSGSIZE`, and here as on
//! the other systems a full buffer.

use std::ffi::c_int;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddrV6;
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::Networking::WinSock::{
    self, MSG_OOB, MSG_PEEK, SOCKADDR_IN6, SOCKET_ERROR, WSAEMSGSIZE, WSAESHUTDOWN, WSAETIMEDOUT,
    WSAEWOULDBLOCK,
};

use super::{ADDRESS_LEN, Borrowed, Encoded, decode, encode, last_error, no_address, raw};
use crate::sys::{Buffer, MAX_SLICES, Take, read_timeout, write_timeout};

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

/// Turns the result of a call that receives into a `Result`.
#[inline]
pub(super) fn check_receive(fd: Borrowed<'_>, result: c_int) -> io::Result<usize> {
    // Nothing but SOCKET_ERROR is negative.
    if result == SOCKET_ERROR { Err(receive_error(fd, last_error())) } else { Ok(result as usize) }
}

/// Turns the result of a call that sends into a `Result`.
#[inline]
pub(super) fn check_send(fd: Borrowed<'_>, result: c_int) -> io::Result<usize> {
    // Nothing but SOCKET_ERROR is negative.
    if result == SOCKET_ERROR { Err(send_error(fd, last_error())) } else { Ok(result as usize) }
}

#[cold]
fn receive_error(fd: Borrowed<'_>, error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(WSAETIMEDOUT) => timed_out(error, read_timeout(fd)),
        _ => error,
    }
}

#[cold]
fn send_error(fd: Borrowed<'_>, error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(WSAETIMEDOUT) => timed_out(error, write_timeout(fd)),
        // Shut down for writing, here: a number without a kind in std, and of this kind elsewhere.
        Some(WSAESHUTDOWN) => io::Error::new(io::ErrorKind::BrokenPipe, error),
        _ => error,
    }
}

/// Winsock has one number for a call that has waited as long as it may and for a connection whose
/// peer no longer answers. The former is what it is on the other systems, whose kernels say
/// `EAGAIN`; the latter is all that it can be where the socket has no timeout.
fn timed_out(error: io::Error, timeout: io::Result<Option<Duration>>) -> io::Error {
    match timeout {
        Ok(Some(_)) => io::Error::from_raw_os_error(WSAEWOULDBLOCK),
        _ => error,
    }
}

#[inline]
pub(crate) fn send(fd: Borrowed<'_>, data: &[u8], out_of_band: bool) -> io::Result<usize> {
    let flags = if out_of_band { MSG_OOB } else { 0 };
    // SAFETY: `data` is at least as long as it says.
    check_send(fd, unsafe { WinSock::send(raw(fd), data.as_ptr(), room(data.len()), flags) })
}

#[inline]
pub(crate) fn recv(fd: Borrowed<'_>, mut buffer: Buffer<'_>, take: Take) -> io::Result<usize> {
    let room = room(buffer.len());
    // SAFETY: `buffer` has the room it says, and nobody else uses it meanwhile.
    let result = unsafe { WinSock::recv(raw(fd), buffer.as_mut_ptr(), room, flags(take)) };
    match check_receive(fd, result) {
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
    check_send(fd, unsafe {
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
    let len = match check_receive(fd, result) {
        Ok(len) => len,
        Err(error) if is_truncation(&error) => room as usize,
        Err(error) => return Err(error),
    };
    Ok((len, decode(&address, address_len)?))
}

/// Sends all slices, of which there may be too many: a datagram goes out whole or not at all.
pub(crate) fn send_to_vectored(
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
    check_send(fd, unsafe {
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
    })?;
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
    // SAFETY: `IoSliceMut` is laid out as `WSABUF`, which std guarantees; the address is null or
    // has the room that is said; nobody else uses all that meanwhile, and nothing is overlapped.
    check_receive(fd, unsafe {
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

#[cold]
pub(super) fn is_truncation(error: &io::Error) -> bool {
    error.raw_os_error() == Some(WSAEMSGSIZE)
}

#[cfg(test)]
mod tests {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, TimedOut, WouldBlock};

    use super::*;
    use crate::sys::{Owned, borrow, set_read_timeout, set_write_timeout};

    #[test]
    fn only_own_timeout_becomes_would_block() {
        let socket = Owned::from(std::net::UdpSocket::bind("[::1]:0").unwrap());
        let fd = borrow(&socket);
        let error = io::Error::from_raw_os_error;
        let kinds = || {
            let received = receive_error(fd, error(WSAETIMEDOUT));
            let sent = send_error(fd, error(WSAETIMEDOUT));
            assert!(received.raw_os_error().is_some() && sent.raw_os_error().is_some());
            (received.kind(), sent.kind())
        };
        let some = Some(Duration::from_secs(1));
        assert_eq!(kinds(), (TimedOut, TimedOut));
        set_read_timeout(fd, some).unwrap();
        assert_eq!(kinds(), (WouldBlock, TimedOut));
        set_write_timeout(fd, some).unwrap();
        assert_eq!(kinds(), (WouldBlock, WouldBlock));
        set_read_timeout(fd, None).unwrap();
        assert_eq!(kinds(), (TimedOut, WouldBlock));

        assert_eq!(receive_error(fd, error(WinSock::WSAECONNRESET)).kind(), ConnectionReset);
        assert_eq!(send_error(fd, error(WinSock::WSAECONNRESET)).kind(), ConnectionReset);
        assert_eq!(send_error(fd, error(WSAESHUTDOWN)).kind(), BrokenPipe);
    }
}
