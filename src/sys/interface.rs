//! The interfaces of the host: what every system has in common.

use std::ffi::CString;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroU32;

use super::{interface_index_of, list_interfaces};

/// An interface with its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InterfaceRow {
    pub(crate) index: NonZeroU32,
    pub(crate) name: String,
    pub(crate) addresses: Vec<AddressRow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AddressRow {
    pub(crate) ip: IpAddr,
    pub(crate) prefix_len: u8,
}

/// The answer of a system that was asked once for all interfaces, in the order of the system.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) links: Vec<Link>,
    /// Each with the index of its interface.
    pub(super) addresses: Vec<(NonZeroU32, AddressRow)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) index: NonZeroU32,
    pub(super) name: String,
    /// `IFF_UP`, `IFF_LOOPBACK` and the like.
    #[cfg_attr(not(any(target_os = "linux", target_os = "android")), allow(dead_code))]
    pub(super) flags: u32,
}

/// All interfaces, by rising index.
pub(crate) fn interfaces() -> io::Result<Vec<InterfaceRow>> {
    list_interfaces().map(rows)
}

/// Whether an interface of this host has the address.
pub(crate) fn is_own(ip: IpAddr) -> io::Result<bool> {
    Ok(list_interfaces()?.addresses.iter().any(|(_, address)| address.ip == ip))
}

fn rows(listing: Listing) -> Vec<InterfaceRow> {
    let row = |link: Link| InterfaceRow { index: link.index, name: link.name, addresses: vec![] };
    let mut rows: Vec<_> = listing.links.into_iter().map(row).collect();
    rows.sort_by_key(|row| row.index);
    rows.dedup_by_key(|row| row.index);
    for (index, address) in listing.addresses {
        // An interface that was added between the two halves of the answer is not in the first.
        if let Ok(at) = rows.binary_search_by_key(&index, |row| row.index) {
            rows[at].addresses.push(address);
        }
    }
    rows
}

/// The index of the interface of this name, `None` if there is no such interface.
///
/// An error proves nothing: a process without a free descriptor cannot ask, for example.
pub(crate) fn interface_index(name: &str) -> io::Result<Option<NonZeroU32>> {
    // Linux cuts a name at a colon, which no interface has: `eth0:1` is a label of an IPv4 address.
    let cut_at_colon = cfg!(any(target_os = "linux", target_os = "android"));
    match CString::new(name) {
        Ok(c_name) if is_whole(name, cut_at_colon) => interface_index_of(&c_name),
        _ => Ok(None),
    }
}

/// Whether a system looks up the whole name, instead of a part of it.
///
/// musl and FreeBSD copy a name into a field of fixed size, and cut off the rest.
fn is_whole(name: &str, cut_at_colon: bool) -> bool {
    name.len() <= super::INTERFACE_NAME_LEN && !(cut_at_colon && name.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, name: &str) -> Link {
        Link { index: NonZeroU32::new(index).unwrap(), name: name.to_owned(), flags: 0 }
    }

    fn address(index: u32, ip: &str) -> (NonZeroU32, AddressRow) {
        let address = AddressRow { ip: ip.parse().unwrap(), prefix_len: 64 };
        (NonZeroU32::new(index).unwrap(), address)
    }

    #[test]
    fn rows_rise_and_keep_their_addresses() {
        let listing = Listing {
            links: vec![link(7, "b"), link(2, "a"), link(7, "b"), link(9, "bare")],
            addresses: vec![
                address(7, "fe80::7"),
                address(2, "::1"),
                address(7, "192.0.2.7"),
                address(8, "fe80::8"),
            ],
        };
        let shown: Vec<_> = rows(listing)
            .into_iter()
            .map(|row| {
                let ips = row.addresses.iter().map(|address| address.ip.to_string());
                (row.index.get(), row.name, ips.collect::<Vec<_>>().join(" "))
            })
            .collect();
        let row = |index, name: &str, ips: &str| (index, name.to_owned(), ips.to_owned());
        assert_eq!(
            shown,
            [row(2, "a", "::1"), row(7, "b", "fe80::7 192.0.2.7"), row(9, "bare", "")]
        );
    }

    #[test]
    fn cut_names_are_not_looked_up() {
        let longest = "x".repeat(super::super::INTERFACE_NAME_LEN);
        assert!(is_whole(&longest, true));
        assert!(!is_whole(&(longest + "x"), false));
        assert!(is_whole("net0:1", false), "an interface of illumos");
        assert!(!is_whole("eth0:1", true));
    }
}
