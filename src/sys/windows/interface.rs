//! The interfaces of the host.

use std::ffi::CStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::ptr;

use windows_sys::Win32::Foundation::{
    ERROR_ADDRESS_NOT_ASSOCIATED, ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA, NO_ERROR,
};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    ConvertInterfaceLuidToNameA, GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_DNS_SERVER,
    GAA_FLAG_SKIP_FRIENDLY_NAME, GAA_FLAG_SKIP_MULTICAST, GetAdaptersAddresses,
    IP_ADAPTER_ADDRESSES_LH, IP_ADAPTER_UNICAST_ADDRESS_LH, if_indextoname, if_nametoindex,
};
use windows_sys::Win32::NetworkManagement::Ndis::IF_MAX_STRING_SIZE;
use windows_sys::Win32::Networking::WinSock::{
    ADDRESS_FAMILY, AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR_IN, SOCKADDR_IN6, SOCKET_ADDRESS,
};

use crate::error::Refusal;
use crate::sys::interface::{AddressRow, Link, Listing};

/// The longest name, without the zero byte at its end.
pub(crate) const INTERFACE_NAME_LEN: usize = IF_MAX_STRING_SIZE as usize;

/// The index of the interface of this name, `None` if there is no such interface.
pub(in crate::sys) fn interface_index_of(name: &CStr) -> io::Result<Option<NonZeroU32>> {
    // SAFETY: `name` ends in a zero byte.
    Ok(NonZeroU32::new(unsafe { if_nametoindex(name.as_ptr().cast()) }))
}

pub(crate) fn interface_name(index: NonZeroU32) -> io::Result<String> {
    let mut name = [0; INTERFACE_NAME_LEN + 1];
    // SAFETY: `name` has the room that the call needs, IF_MAX_STRING_SIZE and a zero byte.
    let found = unsafe { if_indextoname(index.get(), name.as_mut_ptr()) };
    if found.is_null() {
        // The call leaves no error number.
        return Err(Refusal::NoInterface.into());
    }
    text(&name)
}

fn text(name: &[u8]) -> io::Result<String> {
    match CStr::from_bytes_until_nul(name) {
        Ok(name) => Ok(name.to_string_lossy().into_owned()),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    }
}

/// Lists all interfaces by one call of `GetAdaptersAddresses`.
pub(in crate::sys) fn list_interfaces() -> io::Result<Listing> {
    let adapters = Adapters::read()?;
    let mut listing = Listing::default();
    for adapter in adapters.iter() {
        let Some(index) = index(adapter) else { continue };
        listing.links.push(Link { index, name: name(adapter)?, flags: 0 });
        listing.addresses.extend(addresses(adapter).filter_map(|entry| {
            let ip = address(&entry.Address)?;
            Some((index, AddressRow { ip, prefix_len: entry.OnLinkPrefixLength }))
        }));
    }
    Ok(listing)
}

/// The name that `if_indextoname` has for the index of this adapter.
fn name(adapter: &IP_ADAPTER_ADDRESSES_LH) -> io::Result<String> {
    let mut name = [0; INTERFACE_NAME_LEN + 1];
    // SAFETY: the identifier is one, and `name` has room for as many bytes as are said.
    let result =
        unsafe { ConvertInterfaceLuidToNameA(&adapter.Luid, name.as_mut_ptr(), name.len()) };
    match result {
        NO_ERROR => text(&name),
        // Error numbers keep their bits.
        error => Err(io::Error::from_raw_os_error(error as i32)),
    }
}

/// What `GetAdaptersAddresses` wrote: a list whose entries point into the buffer.
struct Adapters(Vec<u64>);

const _: () = assert!(align_of::<IP_ADAPTER_ADDRESSES_LH>() <= align_of::<u64>());

impl Adapters {
    fn read() -> io::Result<Self> {
        const FLAGS: u32 = GAA_FLAG_SKIP_ANYCAST
            | GAA_FLAG_SKIP_MULTICAST
            | GAA_FLAG_SKIP_DNS_SERVER
            | GAA_FLAG_SKIP_FRIENDLY_NAME;
        // What Microsoft recommends to start with.
        let mut bytes: u32 = 15 * 1024;
        loop {
            let mut buffer = vec![0_u64; (bytes as usize).div_ceil(size_of::<u64>())];
            // SAFETY: `buffer` has room for `bytes` bytes, and is aligned for the list.
            let result = unsafe {
                GetAdaptersAddresses(
                    AF_UNSPEC.into(),
                    FLAGS,
                    ptr::null(),
                    buffer.as_mut_ptr().cast(),
                    &mut bytes,
                )
            };
            match result {
                NO_ERROR => return Ok(Self(buffer)),
                // `bytes` tells how much it would take; meanwhile it may have become more.
                ERROR_BUFFER_OVERFLOW => {}
                ERROR_NO_DATA | ERROR_ADDRESS_NOT_ASSOCIATED => return Ok(Self(Vec::new())),
                // Error numbers keep their bits.
                error => return Err(io::Error::from_raw_os_error(error as i32)),
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = &IP_ADAPTER_ADDRESSES_LH> {
        let list: *const IP_ADAPTER_ADDRESSES_LH =
            if self.0.is_empty() { ptr::null() } else { self.0.as_ptr().cast() };
        // SAFETY: it is null or the first entry of the list, which lives as long as the buffer.
        let first = unsafe { list.as_ref() };
        std::iter::successors(first, |adapter| {
            // SAFETY: it is null or the next entry of the list, which lives as long as the buffer.
            unsafe { adapter.Next.as_ref() }
        })
    }
}

fn addresses(
    adapter: &IP_ADAPTER_ADDRESSES_LH,
) -> impl Iterator<Item = &IP_ADAPTER_UNICAST_ADDRESS_LH> {
    // SAFETY: it is null or the first address of the adapter, in the same buffer.
    let first = unsafe { adapter.FirstUnicastAddress.as_ref() };
    std::iter::successors(first, |entry| {
        // SAFETY: it is null or the next address of the adapter, in the same buffer.
        unsafe { entry.Next.as_ref() }
    })
}

/// The index of an interface; Wine leaves the IPv6 one at zero.
fn index(adapter: &IP_ADAPTER_ADDRESSES_LH) -> Option<NonZeroU32> {
    // SAFETY: both fields of the union are integers.
    let v4 = unsafe { adapter.Anonymous1.Anonymous };
    NonZeroU32::new(if adapter.Ipv6IfIndex == 0 { v4.IfIndex } else { adapter.Ipv6IfIndex })
}

fn address(entry: &SOCKET_ADDRESS) -> Option<IpAddr> {
    if entry.lpSockaddr.is_null() {
        return None;
    }
    // SAFETY: it is not null, and every address begins with its family; it may be unaligned.
    let family = unsafe { entry.lpSockaddr.cast::<ADDRESS_FAMILY>().read_unaligned() };
    let len = usize::try_from(entry.iSockaddrLength).ok()?;
    match family {
        AF_INET6 if len >= size_of::<SOCKADDR_IN6>() => {
            // SAFETY: an address of this family and length is a `SOCKADDR_IN6`.
            let raw = unsafe { entry.lpSockaddr.cast::<SOCKADDR_IN6>().read_unaligned() };
            // SAFETY: both fields of the union are the same 16 bytes.
            Some(Ipv6Addr::from(unsafe { raw.sin6_addr.u.Byte }).into())
        }
        AF_INET if len >= size_of::<SOCKADDR_IN>() => {
            // SAFETY: an address of this family and length is a `SOCKADDR_IN`.
            let raw = unsafe { entry.lpSockaddr.cast::<SOCKADDR_IN>().read_unaligned() };
            // SAFETY: all fields of the union are the same 4 bytes.
            Some(Ipv4Addr::from(u32::from_be(unsafe { raw.sin_addr.S_un.S_addr })).into())
        }
        _ => None,
    }
}
