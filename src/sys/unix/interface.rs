//! The interfaces of the host.

use std::ffi::{CStr, CString, c_char, c_int};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::ptr;

use crate::sys::InterfaceAddress;

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
    // SAFETY: the call takes nothing, and `List` frees what it gives.
    let head = unsafe { libc::if_nameindex() };
    if head.is_null() {
        return Err(io::Error::last_os_error());
    }
    let mut found = Vec::new();
    let mut entry = head;
    loop {
        // SAFETY: the array ends with an entry of index 0, and `entry` has not passed it.
        let index = unsafe { (*entry).if_index };
        let Some(index) = NonZeroU32::new(index) else { break };
        found.push(index);
        // SAFETY: an entry follows every one but the last.
        entry = unsafe { entry.add(1) };
    }
    // SAFETY: `head` came from `if_nameindex` and is not used again.
    unsafe { libc::if_freenameindex(head) };
    found.sort_unstable();
    Ok(found)
}

/// All addresses of all interfaces.
pub(crate) fn interface_addresses() -> io::Result<Vec<InterfaceAddress>> {
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

fn read(entry: &libc::ifaddrs) -> Option<InterfaceAddress> {
    // SAFETY: the name of an entry ends in a zero byte.
    let name = unsafe { CStr::from_ptr(entry.ifa_name) };
    // SAFETY: as above.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    let family = family(entry.ifa_addr)?;
    let ip = address(entry.ifa_addr, family)?;
    // The family of a netmask is unset on some systems.
    let prefix_len = match address(entry.ifa_netmask, family) {
        Some(IpAddr::V6(mask)) => mask.to_bits().leading_ones(),
        Some(IpAddr::V4(mask)) => mask.to_bits().leading_ones(),
        None => 0,
    };
    // The longest prefix is 128.
    Some(InterfaceAddress { index, ip, prefix_len: prefix_len as u8 })
}

fn family(raw: *const libc::sockaddr) -> Option<c_int> {
    // SAFETY: it is not null, and every address has its family.
    (!raw.is_null()).then(|| c_int::from(unsafe { (*raw).sa_family }))
}

fn address(raw: *const libc::sockaddr, family: c_int) -> Option<IpAddr> {
    match family {
        _ if raw.is_null() => None,
        libc::AF_INET6 => {
            // SAFETY: an address of this family is a `sockaddr_in6`; it may be unaligned.
            let raw = unsafe { raw.cast::<libc::sockaddr_in6>().read_unaligned() };
            let mut octets = raw.sin6_addr.s6_addr;
            if octets[0] == 0xfe && octets[1] & 0xc0 == 0x80 {
                // The BSDs keep the zone here (KAME), where the wire has zeros.
                octets[2..4].fill(0);
            }
            Some(Ipv6Addr::from(octets).into())
        }
        libc::AF_INET => {
            // SAFETY: an address of this family is a `sockaddr_in`; it may be unaligned.
            let raw = unsafe { raw.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr)).into())
        }
        _ => None,
    }
}
