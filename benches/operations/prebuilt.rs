//! Hand-written C for many datagrams: headers that are built once and used again and again.

use std::ffi::c_int;
use std::mem::MaybeUninit;

use super::raw::{ADDRESS_LEN, Address, Control, Socket, check, check_len};

fn header() -> libc::mmsghdr {
    // SAFETY: all-zero bytes are a valid `mmsghdr`.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

fn slice(bytes: &mut [u8]) -> libc::iovec {
    libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() }
}

/// Datagrams to one address. What the headers point to is on the heap and is not touched again.
pub(super) struct Sender {
    headers: Vec<libc::mmsghdr>,
    _slices: Vec<libc::iovec>,
    _data: Vec<u8>,
    _peer: Box<Address>,
    _control: Box<Control>,
}

impl Sender {
    /// So many datagrams of `size` bytes; with a segment size, each is cut into such segments.
    pub(super) fn new(count: usize, size: usize, peer: Address, segment: Option<u16>) -> Self {
        let mut data = vec![7; count * size];
        let mut slices: Vec<_> = data.chunks_mut(size).map(slice).collect();
        let (mut peer, mut control) = (Box::new(peer), Box::new(Control([0; 64])));
        let headers = slices
            .iter_mut()
            .map(|slice| {
                let mut header = header();
                header.msg_hdr.msg_name = (&raw mut *peer).cast();
                header.msg_hdr.msg_namelen = ADDRESS_LEN;
                header.msg_hdr.msg_iov = slice;
                header.msg_hdr.msg_iovlen = 1;
                if segment.is_some() {
                    header.msg_hdr.msg_control = control.0.as_mut_ptr().cast();
                    // SAFETY: the function computes.
                    header.msg_hdr.msg_controllen = unsafe { libc::CMSG_SPACE(2) } as usize;
                }
                header
            })
            .collect();
        if let Some(segment) = segment {
            // `struct cmsghdr`: the length, the level, the type; then the value.
            control.0[..8].copy_from_slice(&18_usize.to_ne_bytes());
            control.0[8..12].copy_from_slice(&libc::SOL_UDP.to_ne_bytes());
            control.0[12..16].copy_from_slice(&libc::UDP_SEGMENT.to_ne_bytes());
            control.0[16..18].copy_from_slice(&segment.to_ne_bytes());
        }
        Self { headers, _slices: slices, _data: data, _peer: peer, _control: control }
    }

    /// All datagrams with `sendmmsg`.
    #[inline]
    pub(super) fn send_all(&mut self, socket: &Socket) {
        let (start, len) = (self.headers.as_mut_ptr(), self.headers.len());
        // SAFETY: the headers point to what this value owns.
        let sent =
            check(unsafe { libc::sendmmsg(socket.fd(), start, len as u32, libc::MSG_NOSIGNAL) });
        assert_eq!(sent as usize, len);
    }

    /// The first datagram with `sendmsg`.
    #[inline]
    pub(super) fn send_first(&self, socket: &Socket) -> usize {
        // SAFETY: as above.
        check_len(unsafe {
            libc::sendmsg(socket.fd(), &self.headers[0].msg_hdr, libc::MSG_NOSIGNAL)
        })
    }
}

/// Room for datagrams.
pub(super) struct Receiver {
    headers: Vec<libc::mmsghdr>,
    _slices: Vec<libc::iovec>,
    _data: Vec<u8>,
    _names: Vec<Address>,
    _controls: Vec<Control>,
    filled: usize,
}

impl Receiver {
    pub(super) fn new(count: usize, size: usize) -> Self {
        let mut data = vec![0; count * size];
        let mut slices: Vec<_> = data.chunks_mut(size).map(slice).collect();
        let mut names = vec![super::raw::any(0); count];
        let mut controls: Vec<_> = (0..count).map(|_| Control([0; 64])).collect();
        let parts = slices.iter_mut().zip(&mut names).zip(&mut controls);
        let headers = parts
            .map(|((slice, name), control)| {
                let mut header = header();
                header.msg_hdr.msg_name = (&raw mut *name).cast();
                header.msg_hdr.msg_iov = slice;
                header.msg_hdr.msg_iovlen = 1;
                header.msg_hdr.msg_control = control.0.as_mut_ptr().cast();
                header
            })
            .collect();
        Self {
            headers,
            _slices: slices,
            _data: data,
            _names: names,
            _controls: controls,
            filled: count,
        }
    }

    /// What is there, with `recvmmsg`: how many datagrams, and their bytes.
    #[inline]
    pub(super) fn recv(&mut self, socket: &Socket) -> (usize, usize) {
        for header in &mut self.headers[..self.filled] {
            header.msg_hdr.msg_namelen = ADDRESS_LEN;
            header.msg_hdr.msg_controllen = size_of::<Control>();
        }
        const FLAGS: c_int = libc::MSG_WAITFORONE;
        let (start, len, never) =
            (self.headers.as_mut_ptr(), self.headers.len(), std::ptr::null_mut());
        // SAFETY: the headers point to what this value owns.
        let filled = check(unsafe { libc::recvmmsg(socket.fd(), start, len as u32, FLAGS, never) });
        self.filled = filled as usize;
        let bytes = self.headers[..self.filled].iter().map(|header| header.msg_len as usize).sum();
        (self.filled, bytes)
    }
}
