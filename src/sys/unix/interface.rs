//! The interfaces of the host.

use std::ffi::{CStr, CString, c_char, c_int};
use std::io;
use std::mem::offset_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::ptr;

use crate::sys::{InterfaceAddress, names};

pub(crate) fn interface_index(name: &str) -> Option<NonZeroU32> {
    let name = CString::new(name).ok()?;
    // SAFETY: `name` ends in a zero byte.
    NonZeroU32::new(unsafe { libc::if_nametoindex(name.as_ptr()) })
}

pub(crate) fn interface_name(index: NonZeroU32) -> io::Result<String> {
    let mut name = [0 as c_char; libc::IF_NAMESIZE];
    // SAFETY: `name` has the room that the call needs, IF_NAMESIZE.
    let found = unsafe { libc::if_indextoname(index.get(), name.as_mut_ptr()) };
    if found.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call wrote a name that ends in a zero byte.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    Ok(name.to_string_lossy().into_owned())
}

/// All interfaces, by index.
pub(crate) fn interfaces() -> io::Result<Vec<NonZeroU32>> {
    // Linux and the BSDs list an interface without an address too, by its link-layer address.
    let mut found = list(index)?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// All addresses of all interfaces.
pub(crate) fn interface_addresses() -> io::Result<Vec<InterfaceAddress>> {
    list(read)
}

/// Whether there is a loopback interface, and it is down.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(in crate::sys) fn is_loopback_down() -> bool {
    let flags = list(|entry| Some(entry.ifa_flags as c_int)).unwrap_or_default();
    let mut loopbacks = flags.into_iter().filter(|flags| flags & libc::IFF_LOOPBACK != 0);
    loopbacks.any(|flags| flags & libc::IFF_UP == 0)
}

/// What `read` makes of each entry of getifaddrs(3).
fn list<T>(read: impl Fn(&libc::ifaddrs) -> Option<T>) -> io::Result<Vec<T>> {
    let mut head = ptr::null_mut();
    // SAFETY: the call writes one pointer.
    if unsafe { libc::getifaddrs(&mut head) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut found = Vec::new();
    let mut entry = head;
    while !entry.is_null() {
        // SAFETY: the list is ours until it is freed, and `entry` points into it.
        let address = unsafe { &*entry };
        found.extend(read(address));
        entry = address.ifa_next;
    }
    // SAFETY: `head` came from `getifaddrs` and nothing points into it any more.
    unsafe { libc::freeifaddrs(head) };
    Ok(found)
}

fn index(entry: &libc::ifaddrs) -> Option<NonZeroU32> {
    // SAFETY: the name of an entry ends in a zero byte.
    let name = unsafe { CStr::from_ptr(entry.ifa_name) };
    // SAFETY: as above.
    NonZeroU32::new(unsafe { libc::if_nametoindex(name.as_ptr()) })
}

fn read(entry: &libc::ifaddrs) -> Option<InterfaceAddress> {
    let family = family(entry.ifa_addr)?;
    let ip = address(entry.ifa_addr, family)?;
    // The family of a netmask is unset on some systems.
    let prefix_len = match address(entry.ifa_netmask, family) {
        Some(IpAddr::V6(mask)) => mask.to_bits().leading_ones(),
        Some(IpAddr::V4(mask)) => mask.to_bits().leading_ones(),
        None => 0,
    };
    // The longest prefix is 128.
    Some(InterfaceAddress { index: index(entry)?.get(), ip, prefix_len: prefix_len as u8 })
}

fn family(raw: *const libc::sockaddr) -> Option<c_int> {
    // SAFETY: it is not null, and every address has its family.
    (!raw.is_null()).then(|| c_int::from(unsafe { (*raw).sa_family }))
}

fn address(raw: *const libc::sockaddr, family: c_int) -> Option<IpAddr> {
    match family {
        _ if raw.is_null() => None,
        libc::AF_INET6 => {
            let bytes: [u8; size_of::<libc::sockaddr_in6>()] = bytes(raw);
            let mut octets: [u8; 16] = part(&bytes, offset_of!(libc::sockaddr_in6, sin6_addr));
            if octets[0] == 0xfe && octets[1] & 0xc0 == 0x80 {
                // The BSDs keep the zone here (KAME), where the wire has zeros.
                octets[2..4].fill(0);
            }
            Some(Ipv6Addr::from(octets).into())
        }
        libc::AF_INET => {
            let bytes: [u8; size_of::<libc::sockaddr_in>()] = bytes(raw);
            let octets: [u8; 4] = part(&bytes, offset_of!(libc::sockaddr_in, sin_addr));
            Some(Ipv4Addr::from(octets).into())
        }
        _ => None,
    }
}

/// The bytes of an address of a family that has `N` of them; the BSDs leave zeros at the end of a
/// netmask out, and say so in its first byte.
fn bytes<const N: usize>(raw: *const libc::sockaddr) -> [u8; N] {
    let raw = raw.cast::<u8>();
    let len = match names::LEN_IN_ADDRESS {
        // SAFETY: the caller's address is not null, and has a first byte.
        true => N.min(unsafe { raw.read() }.into()),
        false => N,
    };
    let mut bytes = [0; N];
    // SAFETY: the address is `len` bytes long, and so much room there is.
    unsafe { ptr::copy_nonoverlapping(raw, bytes.as_mut_ptr(), len) };
    bytes
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}
