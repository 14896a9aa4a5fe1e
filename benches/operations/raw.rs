//! Hand-written C, in Rust: the calls of libc, on the address as the kernel has it.

use std::ffi::c_int;
use std::hint::black_box;
use std::io;
use std::mem::MaybeUninit;
use std::net::Ipv6Addr;
use std::ptr;

pub(super) type Address = libc::sockaddr_in6;
pub(super) const ADDRESS_LEN: libc::socklen_t = size_of::<Address>() as libc::socklen_t;

/// Room for control messages.
#[repr(align(8))]
pub(super) struct Control(pub(super) [u8; 64]);

/// A descriptor; dropping it closes it.
pub(super) struct Socket(c_int);

#[inline]
pub(super) fn check(result: c_int) -> c_int {
    if result == -1 {
        failed();
    }
    result
}

#[cold]
fn failed() -> ! {
    panic!("{}", io::Error::last_os_error())
}

#[inline]
pub(super) fn check_len(result: isize) -> usize {
    usize::try_from(result).unwrap_or_else(|_| panic!("{}", io::Error::last_os_error()))
}

pub(super) fn any(port: u16) -> Address {
    let mut address = loopback(port);
    address.sin6_addr.s6_addr = [0; 16];
    address
}

pub(super) fn loopback(port: u16) -> Address {
    // SAFETY: all-zero bytes are a valid `sockaddr_in6`.
    let mut address: Address = unsafe { MaybeUninit::zeroed().assume_init() };
    address.sin6_family = libc::AF_INET6 as libc::sa_family_t;
    address.sin6_port = port.to_be();
    address.sin6_addr.s6_addr = Ipv6Addr::LOCALHOST.octets();
    address
}

/// Closing resets the connection, so that no closed one stays in TIME_WAIT: `SO_LINGER` of zero.
pub(super) fn reset_on_close(fd: c_int) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let (data, len) = ((&raw const linger).cast(), size_of::<libc::linger>() as u32);
    // SAFETY: `data` is `len` bytes long.
    check(unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_LINGER, data, len) });
}

impl Socket {
    #[inline]
    pub(super) fn new(kind: c_int) -> Self {
        Self::of_family(libc::AF_INET6, kind)
    }

    #[inline]
    pub(super) fn of_family(family: c_int, kind: c_int) -> Self {
        // SAFETY: no memory is passed.
        Self(check(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) }))
    }

    pub(super) fn fd(&self) -> c_int {
        self.0
    }

    #[inline]
    pub(super) fn set(&self, level: c_int, name: c_int, value: c_int) {
        let (data, len) = ((&raw const value).cast(), size_of::<c_int>() as u32);
        // SAFETY: `data` is `len` bytes long.
        check(unsafe { libc::setsockopt(self.0, level, name, data, len) });
    }

    #[inline]
    pub(super) fn get(&self, level: c_int, name: c_int) -> c_int {
        let (mut value, mut len) = (0, size_of::<c_int>() as u32);
        let data = (&raw mut value).cast();
        // SAFETY: `data` has room for `len` bytes.
        check(unsafe { libc::getsockopt(self.0, level, name, data, &mut len) });
        value
    }

    pub(super) fn bind(&self, address: &Address) {
        // SAFETY: `address` is `ADDRESS_LEN` bytes long.
        check(unsafe { libc::bind(self.0, (&raw const *address).cast(), ADDRESS_LEN) });
    }

    pub(super) fn listen(&self, backlog: c_int) {
        // SAFETY: no memory is passed.
        check(unsafe { libc::listen(self.0, backlog) });
    }

    #[inline]
    pub(super) fn connect(&self, peer: &Address) {
        // SAFETY: `peer` is `ADDRESS_LEN` bytes long.
        check(unsafe { libc::connect(self.0, (&raw const *peer).cast(), ADDRESS_LEN) });
    }

    pub(super) fn local(&self) -> Address {
        let (mut address, mut len) = (loopback(0), ADDRESS_LEN);
        // SAFETY: `address` has room for `len` bytes.
        check(unsafe { libc::getsockname(self.0, (&raw mut address).cast(), &mut len) });
        address
    }

    #[inline]
    pub(super) fn accept(&self, flags: c_int) -> (Self, Address) {
        let (mut peer, mut len) = (MaybeUninit::<Address>::uninit(), ADDRESS_LEN);
        let flags = flags | libc::SOCK_CLOEXEC;
        // SAFETY: `peer` has room for `len` bytes.
        let fd = check(unsafe { libc::accept4(self.0, peer.as_mut_ptr().cast(), &mut len, flags) });
        assert_eq!(len, ADDRESS_LEN);
        // SAFETY: the kernel wrote all of it.
        (Self(fd), unsafe { peer.assume_init() })
    }

    #[inline]
    pub(super) fn send(&self, data: &[u8]) -> usize {
        let (start, len) = (data.as_ptr().cast(), data.len());
        // SAFETY: `start` is `len` bytes long.
        check_len(unsafe { libc::send(self.0, start, len, libc::MSG_NOSIGNAL) })
    }

    #[inline]
    pub(super) fn recv(&self, buffer: &mut [u8]) -> usize {
        let (start, len) = (buffer.as_mut_ptr().cast(), buffer.len());
        // SAFETY: `start` has room for `len` bytes.
        check_len(unsafe { libc::recv(self.0, start, len, 0) })
    }

    /// Answers a datagram with its own bytes, from the address that it was sent to.
    #[inline]
    pub(super) fn echo(&self, buffer: &mut [u8]) {
        let mut control = Control([0; 64]);
        let mut peer = MaybeUninit::<Address>::uninit();
        let mut slice = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        // SAFETY: all-zero bytes are a valid `msghdr`.
        let mut header: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
        header.msg_name = peer.as_mut_ptr().cast();
        header.msg_namelen = ADDRESS_LEN;
        header.msg_iov = &raw mut slice;
        header.msg_iovlen = 1;
        header.msg_control = control.0.as_mut_ptr().cast();
        header.msg_controllen = control.0.len();
        // SAFETY: the header points to what lives here.
        slice.iov_len = check_len(unsafe { libc::recvmsg(self.0, &raw mut header, 0) });
        // The one control message is IPV6_PKTINFO, and the same for sending.
        header.msg_iov = &raw mut slice;
        // SAFETY: as above.
        check_len(unsafe { libc::sendmsg(self.0, &raw const header, libc::MSG_NOSIGNAL) });
    }

    #[inline]
    pub(super) fn send_to(&self, data: &[u8], peer: &Address) -> usize {
        let (start, len) = (data.as_ptr().cast(), data.len());
        let (peer, flags) = ((&raw const *peer).cast(), libc::MSG_NOSIGNAL);
        // SAFETY: `start` is `len` bytes long, and `peer` is `ADDRESS_LEN`.
        check_len(unsafe { libc::sendto(self.0, start, len, flags, peer, ADDRESS_LEN) })
    }

    #[inline]
    pub(super) fn recv_from(&self, buffer: &mut [u8]) -> (usize, Address) {
        let (mut source, mut source_len) = (MaybeUninit::<Address>::uninit(), ADDRESS_LEN);
        let (start, len) = (buffer.as_mut_ptr().cast(), buffer.len());
        let name = source.as_mut_ptr().cast();
        // SAFETY: `start` has room for `len` bytes, and `name` for `source_len`.
        let len =
            check_len(unsafe { libc::recvfrom(self.0, start, len, 0, name, &mut source_len) });
        assert_eq!(source_len, ADDRESS_LEN);
        // SAFETY: the kernel wrote all of it.
        (len, unsafe { source.assume_init() })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours, and nobody uses it any more.
        check(unsafe { libc::close(self.0) });
    }
}

/// Looks at the index of each interface and at each address, as a program in C does.
pub(super) fn count_interfaces() {
    let mut head = ptr::null_mut();
    // SAFETY: the call writes one pointer.
    check(unsafe { libc::getifaddrs(&mut head) });
    let (mut next, mut seen) = (head, 0_u32);
    // SAFETY: it is null or an entry of the list, which is freed below.
    while let Some(entry) = unsafe { next.as_ref() } {
        next = entry.ifa_next;
        // SAFETY: it is null or an address, which has a family.
        let Some(address) = (unsafe { entry.ifa_addr.as_ref() }) else { continue };
        seen += match c_int::from(address.sa_family) {
            // SAFETY: this is what the family says that the address is.
            libc::AF_PACKET => unsafe { link_index(entry.ifa_addr.cast()) },
            libc::AF_INET6 | libc::AF_INET => 1,
            _ => 0,
        };
    }
    // SAFETY: the list came from `getifaddrs`, and nothing points into it any more.
    unsafe { libc::freeifaddrs(head) };
    black_box(seen);
}

/// # Safety
///
/// It is the address of a link.
unsafe fn link_index(address: *const libc::sockaddr_ll) -> u32 {
    // SAFETY: the caller says so.
    unsafe { (*address).sll_ifindex as u32 }
}
