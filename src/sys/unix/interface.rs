//! The interfaces of systems other than Linux, by getifaddrs(3).
//!
//! Compiled for tests on Linux too, and compared with `netlink`.

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_int, c_uint};
use std::io;
use std::mem::offset_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::ptr;

use super::{interface_index_of, interface_name};
use crate::sys::interface::{AddressRow, Link, Listing};
use crate::sys::{System, option_numbers};

/// An entry of getifaddrs(3), which is a link or an address.
#[derive(Debug)]
struct IfAddrsEntry {
    name: CString,
    flags: c_uint,
    /// Of a link.
    index: Option<NonZeroU32>,
    address: Option<AddressRow>,
}

impl IfAddrsEntry {
    fn name(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    fn link(&self) -> Option<Link> {
        self.index.map(|index| Link { index, name: self.name(), flags: self.flags })
    }
}

/// Lists all interfaces by one call of getifaddrs(3), and of if_nameindex(3) if the first one lists
/// addresses only (illumos, Solaris, and Android for most programs).
pub(in crate::sys) fn list_interfaces() -> io::Result<Listing> {
    let entries = entries()?;
    let mut links: Vec<_> = entries.iter().filter_map(IfAddrsEntry::link).collect();
    if links.is_empty() {
        links = name_index();
    }
    listing(links, entries, interface_index_of, interface_name)
}

fn entries() -> io::Result<Vec<IfAddrsEntry>> {
    let mut head = ptr::null_mut();
    // SAFETY: the call writes one pointer.
    if unsafe { libc::getifaddrs(&mut head) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut entries = Vec::new();
    let mut next = head;
    while !next.is_null() {
        // SAFETY: the list is ours until it is freed, and `next` points into it.
        let entry = unsafe { &*next };
        entries.push(read(entry));
        next = entry.ifa_next;
    }
    // SAFETY: `head` came from `getifaddrs` and nothing points into it any more.
    unsafe { libc::freeifaddrs(head) };
    Ok(entries)
}

fn read(entry: &libc::ifaddrs) -> IfAddrsEntry {
    // SAFETY: the name of an entry ends in a zero byte.
    let name = unsafe { CStr::from_ptr(entry.ifa_name) };
    IfAddrsEntry {
        name: name.to_owned(),
        flags: entry.ifa_flags as c_uint,
        index: link_index(entry.ifa_addr),
        address: interface_address(entry),
    }
}

/// The links by if_nameindex(3), none if the system does not say.
#[cfg(not(target_os = "haiku"))]
fn name_index() -> Vec<Link> {
    // SAFETY: the call takes nothing.
    let head = unsafe { libc::if_nameindex() };
    let (mut links, mut next) = (Vec::new(), head);
    // SAFETY: it is null, or points into the list, which ends with an entry without an index.
    while let Some(entry) = unsafe { next.as_ref() } {
        let Some(index) = NonZeroU32::new(entry.if_index) else { break };
        // SAFETY: the name of an entry ends in a zero byte.
        let name = unsafe { CStr::from_ptr(entry.if_name) };
        links.push(Link { index, name: name.to_string_lossy().into_owned(), flags: 0 });
        // SAFETY: this was not the last entry.
        next = unsafe { next.add(1) };
    }
    if !head.is_null() {
        // SAFETY: it came from `if_nameindex` and nothing points into it any more.
        unsafe { libc::if_freenameindex(head) };
    }
    links
}

#[cfg(target_os = "haiku")]
fn name_index() -> Vec<Link> {
    Vec::new()
}

/// Gives each address the index of its interface.
///
/// An entry has the name only, and the link of that name has the index. The system is asked, once a
/// name, for a name that no link has: a label of an IPv4 address, such as `eth0:1`.
fn listing(
    links: Vec<Link>,
    entries: Vec<IfAddrsEntry>,
    index_of: impl Fn(&CStr) -> io::Result<Option<NonZeroU32>>,
    name_of: impl Fn(NonZeroU32) -> io::Result<String>,
) -> io::Result<Listing> {
    let mut known: HashMap<_, _> =
        links.iter().map(|link| (link.name.clone(), Some(link.index))).collect();
    let mut listing = Listing { links, addresses: Vec::new() };
    for entry in entries {
        let index = match known.get(&entry.name()) {
            Some(index) => *index,
            None => {
                // An interface that has gone meanwhile has neither.
                let index = index_of(&entry.name)?;
                let link = index.and_then(|index| Some((index, name_of(index).ok()?)));
                let flags = entry.flags;
                listing.links.extend(link.map(|(index, name)| Link { index, name, flags }));
                known.insert(entry.name(), index);
                index
            }
        };
        listing.addresses.extend(index.zip(entry.address));
    }
    Ok(listing)
}

/// The index of a link, if this is the address of one.
fn link_index(raw: *const libc::sockaddr) -> Option<NonZeroU32> {
    if family(raw)? != link::FAMILY {
        return None;
    }
    // The address need not be as long as its type.
    let bytes: [u8; link::INDEX_AT + size_of::<link::Index>()] = bytes(raw);
    NonZeroU32::new(link::Index::from_ne_bytes(part(&bytes, link::INDEX_AT)) as u32)
}

/// The address of a link: packet(7), and `struct sockaddr_dl` of net/if_dl.h.
mod link {
    use std::ffi::c_int;
    use std::mem::offset_of;

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) const FAMILY: c_int = libc::AF_PACKET;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) const INDEX_AT: usize = offset_of!(libc::sockaddr_ll, sll_ifindex);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) type Index = c_int;

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) const FAMILY: c_int = libc::AF_LINK;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) const INDEX_AT: usize = offset_of!(libc::sockaddr_dl, sdl_index);
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "haiku")))]
    pub(super) type Index = libc::c_ushort;
    #[cfg(target_os = "haiku")]
    pub(super) type Index = u32;
}

fn interface_address(entry: &libc::ifaddrs) -> Option<AddressRow> {
    let family = family(entry.ifa_addr)?;
    let ip = address(entry.ifa_addr, family)?;
    // The family of a netmask is unset on some systems.
    let prefix_len = match address(entry.ifa_netmask, family) {
        Some(IpAddr::V6(mask)) => mask.to_bits().leading_ones(),
        Some(IpAddr::V4(mask)) => mask.to_bits().leading_ones(),
        None => 0,
    };
    // The longest prefix is 128.
    Some(AddressRow { ip, prefix_len: prefix_len as u8 })
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
            let octets = part(&bytes, offset_of!(libc::sockaddr_in6, sin6_addr));
            Some(Ipv6Addr::from(System::HERE.without_zone(octets)).into())
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
    let len = match option_numbers::LEN_IN_ADDRESS {
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

    /// Sorted, because the order of a dump is not promised.
    #[cfg(target_os = "linux")]
    fn sorted(listing: Listing) -> Listing {
        let Listing { mut links, mut addresses } = listing;
        links.sort_by_key(|link| link.index);
        links.dedup_by_key(|link| link.index);
        addresses.sort_by_key(|(index, address)| (*index, address.ip));
        Listing { links, addresses }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn getifaddrs_and_netlink_agree() {
        let by_netlink = sorted(crate::sys::list_interfaces().unwrap());
        assert_eq!(sorted(list_interfaces().unwrap()), by_netlink);
        // As on systems that list no links.
        let mut named = name_index();
        for (link, listed) in named.iter_mut().zip(&by_netlink.links) {
            link.flags = listed.flags;
        }
        let asked = listing(named, entries().unwrap(), interface_index_of, interface_name);
        assert_eq!(sorted(asked.unwrap()), by_netlink);
        // As on systems that do not name them either.
        let asked = listing(vec![], entries().unwrap(), interface_index_of, interface_name);
        assert_eq!(sorted(asked.unwrap()), by_netlink);
    }

    fn entry(name: &str, index: u32) -> IfAddrsEntry {
        let ip = IpAddr::from([192, 0, 2, 1]);
        IfAddrsEntry {
            name: CString::new(name).unwrap(),
            flags: 0,
            index: NonZeroU32::new(index),
            address: (index == 0).then_some(AddressRow { ip, prefix_len: 24 }),
        }
    }

    #[test]
    fn index_is_asked_once_a_name() {
        let asked = std::cell::RefCell::new(Vec::new());
        let index_of = |name: &CStr| {
            asked.borrow_mut().push(name.to_str().unwrap().to_owned());
            Ok(NonZeroU32::new(if name == c"gone" { 0 } else { 7 }))
        };
        let name_of = |_| Ok("eth7".to_owned());
        let names = ["eth0", "gone", "eth7:1", "eth7:1", "gone", "eth0"];
        let links = vec![entry("eth0", 5).link().unwrap()];
        let listed = listing(links, names.map(|name| entry(name, 0)).into(), index_of, name_of);
        let listed = listed.unwrap();
        assert_eq!(asked.into_inner(), ["gone", "eth7:1"]);
        let links = listed.links.iter().map(|link| (link.index.get(), &*link.name));
        assert_eq!(links.collect::<Vec<_>>(), [(5, "eth0"), (7, "eth7")]);
        let indices = listed.addresses.iter().map(|(index, _)| index.get());
        assert_eq!(indices.collect::<Vec<_>>(), [5, 7, 7, 5]);

        let failing = |_: &CStr| Err(io::Error::from_raw_os_error(libc::EMFILE));
        let error = listing(vec![], vec![entry("eth0", 0)], failing, name_of).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
    }

    #[test]
    fn interface_without_address_has_none() {
        for family in [libc::AF_INET6, libc::AF_INET, libc::AF_UNSPEC] {
            assert_eq!(address(ptr::null(), family), None);
        }
        let other = [0_u8; size_of::<libc::sockaddr_in6>()];
        assert_eq!(address(other.as_ptr().cast(), libc::AF_UNSPEC), None);
    }
}
