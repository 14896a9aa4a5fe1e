//! Batches by `recvmmsg` and `sendmmsg`.
//!
//! The headers point to the names, slices and buffers beside them, for as long as the batch lives.
//! So all of it is held by raw pointers: moving a `Box` would end what points into it.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddrV6;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;

use super::data::{SEND_FLAGS, sendmsg};
use super::{ADDRESS_LEN, check, decode, encode};
use crate::sys::batch::Packet;
use crate::sys::cmsg::{Arrival, Native, RecvControl, SendControl};
use crate::sys::{Borrowed, Message};

/// An array on the heap that is only reached by its pointer.
struct Array<T>(NonNull<[T]>);

impl<T> Array<T> {
    fn new(values: impl IntoIterator<Item = T>) -> Self {
        let values: Box<[T]> = values.into_iter().collect();
        // A `Box` is never null.
        Self(NonNull::from(Box::leak(values)))
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    /// Where the element stands, which must be there.
    #[inline]
    fn at(&self, index: usize) -> *mut T {
        assert!(index < self.len());
        // SAFETY: the element is inside of the array.
        unsafe { self.0.as_ptr().cast::<T>().add(index) }
    }
}

impl<T> Drop for Array<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a `Box`, and nothing is reached by it any more.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

fn header() -> libc::mmsghdr {
    // SAFETY: all-zero bytes are a valid `mmsghdr`: no name, no slices, no control data.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Room for datagrams that come in.
pub(crate) struct RecvBuffers {
    headers: Array<libc::mmsghdr>,
    // What the headers point to.
    names: Array<libc::sockaddr_in6>,
    slices: Array<libc::iovec>,
    controls: Array<RecvControl>,
    bytes: Array<u8>,
    size: usize,
    /// How many of the headers the kernel wrote last time.
    filled: usize,
}

// SAFETY: nothing points out of the value, and what is shared is only read.
unsafe impl Send for RecvBuffers {}
// SAFETY: as above.
unsafe impl Sync for RecvBuffers {}

impl RecvBuffers {
    /// Room for `count` datagrams of `size` bytes; both are checked by the caller.
    pub(crate) fn new(count: usize, size: usize) -> Self {
        let nobody = encode(&SocketAddrV6::new(std::net::Ipv6Addr::UNSPECIFIED, 0, 0, 0));
        let nothing = libc::iovec { iov_base: std::ptr::null_mut(), iov_len: size };
        let batch = Self {
            headers: Array::new((0..count).map(|_| header())),
            names: Array::new((0..count).map(|_| nobody)),
            slices: Array::new((0..count).map(|_| nothing)),
            controls: Array::new((0..count).map(|_| RecvControl::new())),
            // At least one byte, so that there is a first one to point to.
            bytes: Array(NonNull::from(Box::leak(
                vec![0; (count * size).max(1)].into_boxed_slice(),
            ))),
            size,
            filled: 0,
        };
        for index in 0..count {
            // SAFETY: each array has `count` elements, which nobody else reaches.
            let header = unsafe { &mut (*batch.headers.at(index)).msg_hdr };
            // SAFETY: as above.
            let slice = unsafe { &mut *batch.slices.at(index) };
            slice.iov_base = batch.bytes(index).cast();
            header.msg_iov = slice;
            header.msg_iovlen = 1;
            header.msg_name = batch.names.at(index).cast();
            header.msg_control = batch.controls.at(index).cast();
            batch.reset(index);
        }
        batch
    }

    fn bytes(&self, index: usize) -> *mut u8 {
        assert!(index < self.headers.len());
        // SAFETY: there are `size` bytes for each header.
        unsafe { self.bytes.0.as_ptr().cast::<u8>().add(index * self.size) }
    }

    /// Makes a header as it was before the kernel wrote it.
    #[inline]
    fn reset(&self, index: usize) {
        // SAFETY: the header is there, and nobody else reaches it: the callers own the batch.
        let header = unsafe { &mut (*self.headers.at(index)).msg_hdr };
        header.msg_namelen = ADDRESS_LEN;
        header.msg_controllen = size_of::<RecvControl>() as _;
        header.msg_flags = 0;
    }

    pub(crate) fn count(&self) -> usize {
        self.headers.len()
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Waits for one datagram, where the socket waits, and takes what else is there.
    pub(crate) fn receive(&mut self, fd: Borrowed<'_>) -> io::Result<usize> {
        for index in 0..self.filled {
            self.reset(index);
        }
        self.filled = 0;
        // SAFETY: the headers, and what they point to, are this value's, which is borrowed for
        // writing.
        let result = check(unsafe {
            libc::recvmmsg(
                fd.as_raw_fd(),
                self.headers.at(0),
                self.headers.len() as _,
                libc::MSG_WAITFORONE as _,
                std::ptr::null_mut(),
            )
        })?;
        self.filled = result as usize;
        Ok(self.filled)
    }

    #[inline]
    fn header(&self, index: usize) -> &libc::mmsghdr {
        assert!(index < self.filled);
        // SAFETY: the header is there, and is written only where the batch is borrowed for it.
        unsafe { &*self.headers.at(index) }
    }

    /// The bytes of a datagram, which must have come.
    #[inline]
    pub(crate) fn payload(&self, index: usize) -> &[u8] {
        let len = (self.header(index).msg_len as usize).min(self.size);
        // SAFETY: the room of this header is `size` bytes long and initialised, and is written only
        // where the batch is borrowed for it.
        unsafe { std::slice::from_raw_parts(self.bytes(index), len) }
    }

    pub(crate) fn truncated(&self, index: usize) -> bool {
        self.header(index).msg_hdr.msg_flags & libc::MSG_TRUNC != 0
    }

    #[inline]
    pub(crate) fn source(&self, index: usize) -> io::Result<SocketAddrV6> {
        let len = self.header(index).msg_hdr.msg_namelen;
        // SAFETY: the name was initialised, and is written only where the batch is borrowed for it.
        decode(&MaybeUninit::new(unsafe { *self.names.at(index) }), len)
    }

    /// The control messages of a datagram.
    fn control(&self, index: usize) -> &[u8] {
        #[allow(clippy::unnecessary_cast, reason = "the field has 32 bits with musl")]
        let len = self.header(index).msg_hdr.msg_controllen as usize;
        // SAFETY: as for the name.
        let room = unsafe { &*self.controls.at(index) };
        room.0.get(..len).unwrap_or_default()
    }

    pub(crate) fn arrival(&self, index: usize) -> Arrival {
        Arrival::read::<Native>(self.control(index))
    }

    pub(crate) fn segment_size(&self, index: usize) -> Option<u16> {
        Arrival::segment_size_in::<Native>(self.control(index))
    }

    pub(crate) fn message(&self, index: usize) -> io::Result<Message> {
        let arrival = self.arrival(index);
        Ok(Message {
            len: self.payload(index).len(),
            source: match arrival.path_mtu {
                Some((destination, _)) => destination,
                None => self.source(index)?,
            },
            truncated: self.truncated(index),
            arrival,
        })
    }
}

/// Room for the headers of datagrams that go out.
pub(crate) struct SendBuffers {
    headers: Array<libc::mmsghdr>,
    names: Array<libc::sockaddr_in6>,
    controls: Array<SendControl>,
}

// SAFETY: the pointers to what callers lend are used within one call only.
unsafe impl Send for SendBuffers {}
// SAFETY: as above.
unsafe impl Sync for SendBuffers {}

impl SendBuffers {
    pub(crate) fn new(count: usize) -> Self {
        let nobody = encode(&SocketAddrV6::new(std::net::Ipv6Addr::UNSPECIFIED, 0, 0, 0));
        Self {
            headers: Array::new((0..count).map(|_| header())),
            names: Array::new((0..count).map(|_| nobody)),
            controls: Array::new((0..count).map(|_| SendControl::new())),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.headers.len()
    }

    /// Sends from the front of the packets as many as go: those that did not go are untouched.
    ///
    /// An error is that of the first one, and nothing was sent.
    #[inline]
    pub(crate) fn send<'a, I: Iterator<Item = io::Result<Packet<'a>>>>(
        &mut self,
        fd: Borrowed<'_>,
        packets: I,
    ) -> io::Result<usize> {
        let mut count = 0;
        for packet in packets.take(self.count()) {
            match packet.and_then(|packet| self.put(count, &packet)) {
                Ok(()) => count += 1,
                // The others go first, and the next call begins with this one.
                Err(_) if count > 0 => break,
                Err(error) => return Err(error),
            }
        }
        if count <= 1 {
            return if count == 0 { Ok(0) } else { self.send_first(fd).map(|()| 1) };
        }
        // SAFETY: `count` headers point to names and controls of this value, and to slices that the
        // packets borrow for longer than this call.
        let sent = check(unsafe { sendmmsg(fd, self.headers.at(0), count) })?;
        Ok(sent as usize)
    }

    /// Sends one packet.
    pub(crate) fn send_one(&mut self, fd: Borrowed<'_>, packet: &Packet<'_>) -> io::Result<()> {
        self.put(0, packet)?;
        self.send_first(fd)
    }

    /// Sends what was put first, which costs less than a batch of one.
    #[inline]
    fn send_first(&self, fd: Borrowed<'_>) -> io::Result<()> {
        // SAFETY: the header is there, and nobody writes it meanwhile.
        let header = unsafe { &(*self.headers.at(0)).msg_hdr };
        // SAFETY: it points to a name and controls of this value, and to slices that the packet
        // borrows for longer than this call.
        unsafe { sendmsg(fd, header) }.map(drop)
    }

    #[inline(always)]
    fn put(&mut self, index: usize, packet: &Packet<'_>) -> io::Result<()> {
        // SAFETY: the element is there, and the batch is borrowed for writing.
        let header = unsafe { &mut (*self.headers.at(index)).msg_hdr };
        // `IoSlice` is laid out as `iovec`, which std guarantees.
        header.msg_iov = packet.data.as_ptr().cast_mut().cast();
        header.msg_iovlen = packet.data.len() as _;
        match &packet.peer {
            Some(peer) => {
                // SAFETY: as above.
                unsafe { *self.names.at(index) = encode(peer) };
                header.msg_name = self.names.at(index).cast();
                header.msg_namelen = ADDRESS_LEN;
            }
            None => {
                header.msg_name = std::ptr::null_mut();
                header.msg_namelen = 0;
            }
        }
        let mut len = 0;
        if let Some(departure) = &packet.departure {
            // SAFETY: as above.
            let room = unsafe { &mut *self.controls.at(index) };
            len = departure.write::<Native>(packet.ipv4, &mut room.0)?;
        }
        header.msg_control =
            if len == 0 { std::ptr::null_mut() } else { self.controls.at(index).cast() };
        header.msg_controllen = len as _;
        Ok(())
    }
}

/// sendmmsg(2).
///
/// musl makes a call for each datagram of it (src/network/sendmmsg.c), as its headers have padding
/// where the kernel reads on. Here that is zero ([`header`]), so they go to the kernel as they are.
///
/// # Safety
///
/// There are `count` headers, and what they point to may be read.
#[inline(always)]
unsafe fn sendmmsg(fd: Borrowed<'_>, first: *mut libc::mmsghdr, count: usize) -> c_int {
    let fd = fd.as_raw_fd();
    #[cfg(not(target_env = "musl"))]
    // SAFETY: as the caller promises.
    return unsafe { libc::sendmmsg(fd, first, count as _, SEND_FLAGS as _) };
    #[cfg(target_env = "musl")]
    // SAFETY: as the caller promises; the call takes these four.
    return unsafe { libc::syscall(libc::SYS_sendmmsg, fd, first, count, SEND_FLAGS) } as c_int;
}
