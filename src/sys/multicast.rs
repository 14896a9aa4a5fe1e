//! Multicast groups: joining and leaving, for every source or for one.

use std::ffi::c_int;
use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};

use socket2::SockRef;

use super::option_numbers::{self, LEN_IN_ADDRESS, Name};
use super::{Borrowed, SocketRef, get_bytes, set_bytes};

#[cfg(unix)]
type Storage = libc::sockaddr_storage;
#[cfg(windows)]
type Storage = windows_sys::Win32::Networking::WinSock::SOCKADDR_STORAGE;

const STORAGE_LEN: usize = size_of::<Storage>();

/// Where the first address stands in the structs of RFC 3678, behind the index of the interface.
const ADDRESS_AT: usize = if PACKED { size_of::<u32>() } else { align_of::<Storage>() };

/// Apple's systems pack these structs to 32 bits, and so do illumos and Solaris on x86
/// (netinet/in.h, `#pragma pack(4)`).
const PACKED: bool = cfg!(any(
    target_vendor = "apple",
    all(any(target_os = "illumos", target_os = "solaris"), target_arch = "x86_64"),
));

/// `struct group_source_req` (RFC 3678, section 5.1): an index and two addresses.
const SOURCE_REQUEST_LEN: usize = ADDRESS_AT + 2 * STORAGE_LEN;

/// `struct group_filter` without sources: an index, an address, the mode, a count.
const FILTER_LEN: usize = ADDRESS_AT + STORAGE_LEN + 2 * size_of::<u32>();

/// Joins a multicast group on an interface.
pub(crate) fn join(fd: Borrowed<'_>, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
    SockRef::from(&fd).join_multicast_v6(group, interface)
}

/// Leaves a multicast group on an interface.
pub(crate) fn leave(fd: Borrowed<'_>, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
    SockRef::from(&fd).leave_multicast_v6(group, interface)
}

/// Does to one source of a group what the option says; the scope id of the group is the interface.
pub(crate) fn set_source(
    socket: SocketRef<'_>,
    name: Name,
    group: SocketAddrV6,
    source: Ipv6Addr,
) -> io::Result<()> {
    set_bytes(socket, name, &source_request(group, source))
}

/// Which sources a membership lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    /// All but those that are blocked.
    Exclude,
    /// Those that were joined.
    Include,
}

/// How a socket is a member of a group on an interface: `None` if it is not, or where the system
/// does not tell.
pub(crate) fn filter(socket: SocketRef<'_>, group: SocketAddrV6) -> Option<Filter> {
    let mut request = [0; FILTER_LEN];
    write_group(&mut request, group);
    let len = get_bytes(socket, option_numbers::MCAST_MSFILTER, &mut request).ok()?;
    // linux/in.h: MCAST_EXCLUDE is 0, and MCAST_INCLUDE 1.
    match request.get(ADDRESS_AT + STORAGE_LEN..len)? {
        [0, 0, 0, 0, ..] => Some(Filter::Exclude),
        _ => Some(Filter::Include),
    }
}

fn source_request(group: SocketAddrV6, source: Ipv6Addr) -> [u8; SOURCE_REQUEST_LEN] {
    let mut request = [0; SOURCE_REQUEST_LEN];
    write_group(&mut request, group);
    let source = SocketAddrV6::new(source, 0, 0, group.scope_id());
    write_address(&mut request[ADDRESS_AT + STORAGE_LEN..], source);
    request
}

fn write_group(request: &mut [u8], group: SocketAddrV6) {
    request[..4].copy_from_slice(&group.scope_id().to_ne_bytes());
    write_address(&mut request[ADDRESS_AT..], group);
}

/// `struct sockaddr_in6`, without port and flow information.
fn write_address(at: &mut [u8], address: SocketAddrV6) {
    // Every system has a number that fits in a byte.
    let family = c_int::from(socket2::Domain::IPV6) as u8;
    let family = if LEN_IN_ADDRESS { [28, family] } else { u16::from(family).to_ne_bytes() };
    at[..2].copy_from_slice(&family);
    at[8..24].copy_from_slice(&address.ip().octets());
    // The zone of a global address is 0.
    let zone = if crate::addr::is_zoned(address.ip()) { address.scope_id() } else { 0 };
    at[24..28].copy_from_slice(&zone.to_ne_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "[ff12::1234%7]:0";

    fn request() -> [u8; SOURCE_REQUEST_LEN] {
        source_request(GROUP.parse().unwrap(), "2001:db8::1".parse().unwrap())
    }

    #[test]
    fn source_request_has_index_and_addresses() {
        let request = request();
        assert_eq!(request[..4], 7_u32.to_ne_bytes());
        let octets = |text: &str| text.parse::<Ipv6Addr>().unwrap().octets();
        let (group, source) = request[ADDRESS_AT..].split_at(STORAGE_LEN);
        assert_eq!((&group[8..24], &group[24..28]), (&octets("ff12::1234")[..], &request[..4]));
        assert_eq!(
            (&source[8..24], &source[24..]),
            (&octets("2001:db8::1")[..], &[0; STORAGE_LEN - 24][..])
        );
        assert_eq!(group[..8], source[..8], "family, port, flow information");
    }

    /// Against the struct, where the crates of the systems have it.
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_vendor = "apple",
        windows,
    ))]
    mod layout {
        #[cfg(unix)]
        use libc::{group_source_req as Request, sockaddr_in6 as Address};
        #[cfg(windows)]
        use windows_sys::Win32::Networking::WinSock::{
            GROUP_SOURCE_REQ as Request, SOCKADDR_IN6 as Address,
        };

        use super::*;

        // The compiler looks at these where no test runs.
        const _: () = {
            assert!(size_of::<Request>() == SOURCE_REQUEST_LEN);
            assert!(std::mem::offset_of!(Request, gsr_group) == ADDRESS_AT);
            assert!(std::mem::offset_of!(Request, gsr_source) == ADDRESS_AT + STORAGE_LEN);
        };

        /// linux/in.h, `GROUP_FILTER_SIZE`.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        #[test]
        fn empty_filter_has_kernel_length() {
            use crate::kind::{Protocol, Shape};
            use crate::sys::{borrow, open};

            let socket = open(Shape::Datagram, Protocol::Udp, false).unwrap();
            let (fd, group) =
                (borrow(&socket), "[ff12::1234%1]:0".parse::<SocketAddrV6>().unwrap());
            join(fd, group.ip(), group.scope_id()).unwrap();
            let mut request = [0; 2 * FILTER_LEN];
            write_group(&mut request, group);
            let target = SocketRef { fd, dual_stack: false };
            assert_eq!(
                get_bytes(target, option_numbers::MCAST_MSFILTER, &mut request).unwrap(),
                FILTER_LEN
            );
            assert_eq!(filter(target, group), Some(Filter::Exclude));
        }

        #[test]
        fn layout_matches_system() {
            let request = request();
            // SAFETY: the lengths are the same, and every bit pattern is valid.
            let read: Request = unsafe { request.as_ptr().cast::<Request>().read_unaligned() };
            assert_eq!({ read.gsr_interface }, 7);
            let address = |storage: Storage| {
                // SAFETY: it is longer than any address, and as strictly aligned.
                let address = unsafe { (&raw const storage).cast::<Address>().read() };
                // SAFETY: both fields of the union are one 32-bit number, where it is one.
                #[cfg(windows)]
                let zone = unsafe { address.Anonymous.sin6_scope_id };
                #[cfg(unix)]
                let zone = address.sin6_scope_id;
                // SAFETY: both fields of the union are the same 16 bytes.
                #[cfg(windows)]
                let octets = unsafe { address.sin6_addr.u.Byte };
                #[cfg(unix)]
                let octets = address.sin6_addr.s6_addr;
                assert_eq!(c_int::from(address.sin6_family), socket2::Domain::IPV6.into());
                assert_eq!((address.sin6_port, address.sin6_flowinfo), (0, 0));
                (Ipv6Addr::from(octets), zone)
            };
            assert_eq!(address(read.gsr_group), ("ff12::1234".parse().unwrap(), 7));
            assert_eq!(address(read.gsr_source), ("2001:db8::1".parse().unwrap(), 0));
        }
    }
}
