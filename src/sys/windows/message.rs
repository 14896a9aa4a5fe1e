//! Datagrams with control messages.
//!
//! `WSASendMsg` is a function of Winsock; `WSARecvMsg` belongs to the provider of a socket, which
//! has to be asked for it. Where programs have put themselves between Winsock and the system
//! (layered providers), the function of one socket may be wrong for the next one, so it is asked
//! for each time: there is no room in a socket of this crate to keep it, and the providers of
//! Windows answer out of their own memory, without the kernel.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddrV6;
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

use windows_sys::Win32::Networking::WinSock::{
    self, LPFN_WSARECVMSG, MSG_CTRUNC, MSG_TRUNC, SIO_GET_EXTENSION_FUNCTION_POINTER, WSABUF,
    WSAID_WSARECVMSG, WSAMSG,
};

use super::data::{all, check_receive, check_send, count, flags, is_truncation};
use super::{ADDRESS_LEN, Borrowed, borrow, decode, encode, io_control, no_address, open, raw};
use crate::kind::{Protocol, Shape};
use crate::sys::cmsg::{
    Arrival, Departure, Native, RecvControl, SEGMENTATION, SendControl, TRAFFIC_CLASS,
    cannot_choose,
};
use crate::sys::errno::proven;
use crate::sys::{
    Message, Readiness, SocketRef, Take, can_segment, option_numbers, set_int, unsupported,
    wait_one,
};

/// Sends a datagram with control messages.
pub(crate) fn send_message(
    fd: Borrowed<'_>,
    data: &[IoSlice<'_>],
    peer: Option<&SocketAddrV6>,
    departure: &Departure,
    ipv4: bool,
) -> io::Result<usize> {
    // What a system does not know it may pass over without a word.
    if departure.traffic_class.is_some() && !has_traffic_class()? {
        return Err(cannot_choose(TRAFFIC_CLASS));
    }
    if departure.segment_size.is_some() && !has_segmentation()? {
        return Err(cannot_choose(SEGMENTATION));
    }
    let mut room = SendControl::new();
    let len = departure.write::<Native>(ipv4, &mut room.0)?;
    let mut name = peer.map(encode);
    let (name, namelen) = match &mut name {
        Some(name) => (ptr::from_mut(name), ADDRESS_LEN),
        None => (ptr::null_mut(), 0),
    };
    let message = WSAMSG {
        name: name.cast(),
        namelen,
        // `IoSlice` is laid out as `WSABUF`, which std guarantees.
        lpBuffers: data.as_ptr().cast_mut().cast(),
        dwBufferCount: count(data.len())?,
        Control: control(&mut room.0[..len]),
        dwFlags: 0,
    };
    let mut sent = 0;
    // SAFETY: the message points to `data`, `name` and `room`, which live until the call returns
    // and are only read; nothing is overlapped.
    check_send(fd, unsafe {
        WinSock::WSASendMsg(raw(fd), &message, 0, &mut sent, ptr::null_mut(), None)
    })?;
    Ok(sent as usize)
}

pub(crate) fn recv_message(
    fd: Borrowed<'_>,
    buffers: &mut [IoSliceMut<'_>],
    take: Take,
) -> io::Result<Message> {
    recv_with(fd, buffers, take, &mut RecvControl::new().0)
}

fn recv_with(
    fd: Borrowed<'_>,
    buffers: &mut [IoSliceMut<'_>],
    take: Take,
    room: &mut [u8],
) -> io::Result<Message> {
    // No flag says "without waiting".
    if take == Take::Ready && !wait_one(fd, Readiness::Readable, Some(Duration::ZERO))? {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let receive = receiver(fd)?.ok_or_else(unsupported)?;
    let mut name = no_address();
    let mut message = WSAMSG {
        name: (&raw mut name).cast(),
        namelen: ADDRESS_LEN,
        // `IoSliceMut` is laid out as `WSABUF`, which std guarantees.
        lpBuffers: buffers.as_mut_ptr().cast(),
        dwBufferCount: count(buffers.len())?,
        Control: control(room),
        dwFlags: flags(take) as u32,
    };
    let mut len = 0;
    // SAFETY: the provider of this socket gave the function; the message points to `name`,
    // `buffers` and `room`, which have the room that is said and which nobody else uses meanwhile;
    // nothing is overlapped.
    let result = unsafe { receive(raw(fd), &mut message, &mut len, ptr::null_mut(), None) };
    let cut = match check_receive(fd, result) {
        Ok(_) => false,
        Err(error) if is_truncation(&error) => true,
        Err(error) => return Err(error),
    };
    // One number for both: what was cut may have been the control messages alone.
    let messages_alone = message.dwFlags & (MSG_CTRUNC | MSG_TRUNC) == MSG_CTRUNC;
    let control = room.get(..message.Control.len as usize).unwrap_or_default();
    Ok(Message {
        len: if cut && !messages_alone { all(buffers) } else { len as usize },
        // Wine does not say in that case how many bytes came, and they count as cut off.
        truncated: message.dwFlags & MSG_TRUNC != 0 || cut && (!messages_alone || len == 0),
        source: decode(&name, message.namelen)?,
        arrival: Arrival::read::<Native>(control),
    })
}

/// Whether the system can give a packet a traffic class. Those that cannot need not say so, at
/// least not for IPv4; those that can take the option for a whole socket too, and the others refuse
/// it (microsoft/msquic, src/platform/datapath_winuser.c, CxPlatDataPathQuerySockoptSupport). Asked
/// once.
fn has_traffic_class() -> io::Result<bool> {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    asked_once(&KNOWN, |probe| {
        Ok(proven(set_int(probe, option_numbers::CMSG_IPV6_TCLASS, 1))?.is_some())
    })
}

/// Whether the system cuts datagrams. Asked once.
fn has_segmentation() -> io::Result<bool> {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    asked_once(&KNOWN, can_segment)
}

fn asked_once(
    known: &OnceLock<bool>,
    ask: impl FnOnce(SocketRef<'_>) -> io::Result<bool>,
) -> io::Result<bool> {
    if let Some(known) = known.get() {
        return Ok(*known);
    }
    let socket = open(Shape::Datagram, Protocol::Udp, false)?;
    let answer = ask(SocketRef { fd: borrow(&socket), dual_stack: false })?;
    Ok(*known.get_or_init(|| answer))
}

fn control(room: &mut [u8]) -> WSABUF {
    match room {
        [] => WSABUF { len: 0, buf: ptr::null_mut() },
        // The rooms are a few hundred bytes.
        room => WSABUF { len: room.len() as u32, buf: room.as_mut_ptr() },
    }
}

/// The `WSARecvMsg` of the provider of this socket.
fn receiver(fd: Borrowed<'_>) -> io::Result<LPFN_WSARECVMSG> {
    let id = WSAID_WSARECVMSG;
    let mut receiver: LPFN_WSARECVMSG = None;
    // SAFETY: the control reads the id and writes a pointer to a function of this type, or nothing.
    unsafe { io_control(fd, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, &mut receiver) }?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::cmsg::ControlBuffer;
    use crate::sys::{send_to, set_bool};

    #[test]
    fn small_control_buffer_adds_no_bytes() {
        let socket = std::net::UdpSocket::bind("[::1]:0").unwrap();
        let local = match socket.local_addr().unwrap() {
            std::net::SocketAddr::V6(local) => local,
            other => panic!("{other}"),
        };
        let socket = crate::sys::Owned::from(socket);
        let fd = borrow(&socket);
        let target = SocketRef { fd, dual_stack: false };
        set_bool(target, option_numbers::IPV6_RECVPKTINFO, true).unwrap();
        send_to(fd, b"four", &encode(&local)).unwrap();
        let mut buffer = [0; 8];
        let buffers = &mut [IoSliceMut::new(&mut buffer)];
        let message =
            recv_with(fd, buffers, Take::Data, &mut ControlBuffer::<16>::new().0).unwrap();
        assert!(matches!((message.len, message.truncated), (4, false) | (0, true)), "{message:?}");
        assert_eq!((message.source, message.arrival), (local, Arrival::default()));
        assert_eq!(&buffer[..4], b"four");

        // And the other way round.
        send_to(fd, b"four", &encode(&local)).unwrap();
        let buffers = &mut [IoSliceMut::new(&mut buffer[..3])];
        let message = recv_message(fd, buffers, Take::Peek).unwrap();
        assert_eq!((message.len, message.truncated), (3, true));
        assert_eq!(message.arrival.destination, Some(*local.ip()));
        let buffers = &mut [IoSliceMut::new(&mut buffer)];
        let message = recv_message(fd, buffers, Take::Data).unwrap();
        assert_eq!((message.len, message.truncated), (4, false));
    }
}
