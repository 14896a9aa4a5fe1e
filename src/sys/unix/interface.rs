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
    flags.into_iter().any(is_down_loopback)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_down_loopback(flags: c_int) -> bool {
    flags & libc::IFF_LOOPBACK != 0 && flags & libc::IFF_UP == 0
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The address that is made of one of the system, whose octets these are.
    fn read_back(ip: &str) -> String {
        let mut raw = [0_u8; size_of::<libc::sockaddr_in6>()];
        if names::LEN_IN_ADDRESS {
            raw[0] = raw.len() as u8;
        }
        let at = offset_of!(libc::sockaddr_in6, sin6_addr);
        raw[at..at + 16].copy_from_slice(&ip.parse::<Ipv6Addr>().unwrap().octets());
        address(raw.as_ptr().cast(), libc::AF_INET6).unwrap().to_string()
    }

    #[test]
    fn the_zone_that_the_bsds_write_into_an_address_is_taken_out() {
        for (raw, expected) in [("fe80:5::1", "fe80::1"), ("febf:5::1", "febf::1")] {
            assert_eq!(read_back(raw), expected);
        }
        for other in ["fe80::1", "fec0:5::1", "fe40:5::1", "fe00:5::1", "2080:5::1", "ff82:5::1"] {
            assert_eq!(read_back(other), other);
        }
    }

    #[test]
    fn an_interface_without_an_address_has_none() {
        for family in [libc::AF_INET6, libc::AF_INET, libc::AF_UNSPEC] {
            assert_eq!(address(ptr::null(), family), None);
        }
        let other = [0_u8; size_of::<libc::sockaddr_in6>()];
        assert_eq!(address(other.as_ptr().cast(), libc::AF_UNSPEC), None);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn loopback_is_down_when_it_is_both() {
        let (loopback, up) = (libc::IFF_LOOPBACK, libc::IFF_UP);
        assert!(is_down_loopback(loopback));
        for flags in [0, up, up | loopback] {
            assert!(!is_down_loopback(flags), "{flags}");
        }
    }
}
