//! The interfaces of the host.

use std::ffi::{CStr, CString};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::ptr;

use windows_sys::Win32::Foundation::{
    ERROR_ADDRESS_NOT_ASSOCIATED, ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA, NO_ERROR,
};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_DNS_SERVER, GAA_FLAG_SKIP_FRIENDLY_NAME,
    GAA_FLAG_SKIP_MULTICAST, GetAdaptersAddresses, IP_ADAPTER_ADDRESSES_LH,
    IP_ADAPTER_UNICAST_ADDRESS_LH, if_indextoname, if_nametoindex,
};
use windows_sys::Win32::NetworkManagement::Ndis::IF_MAX_STRING_SIZE;
use windows_sys::Win32::Networking::WinSock::{
    ADDRESS_FAMILY, AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR_IN, SOCKADDR_IN6, SOCKET_ADDRESS,
};

use crate::sys::InterfaceAddress;

pub(crate) fn interface_index(name: &str) -> Option<NonZeroU32> {
    let name = CString::new(name).ok()?;
    // SAFETY: `name` ends in a zero byte.
    NonZeroU32::new(unsafe { if_nametoindex(name.as_ptr().cast()) })
}

pub(crate) fn interface_name(index: NonZeroU32) -> io::Result<String> {
    let mut name = [0; IF_MAX_STRING_SIZE as usize + 1];
    // SAFETY: `name` has the room that the call needs, IF_MAX_STRING_SIZE and a zero byte.
    let found = unsafe { if_indextoname(index.get(), name.as_mut_ptr()) };
    if found.is_null() {
        // The call leaves no error number.
        return Err(io::Error::new(io::ErrorKind::NotFound, "no such interface"));
    }
    match CStr::from_bytes_until_nul(&name) {
        Ok(name) => Ok(name.to_string_lossy().into_owned()),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    }
}

/// All interfaces, by index.
pub(crate) fn interfaces() -> io::Result<Vec<NonZeroU32>> {
    let adapters = Adapters::read()?;
    let mut found: Vec<_> = adapters.iter().filter_map(index).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// All addresses of all interfaces.
pub(crate) fn interface_addresses() -> io::Result<Vec<InterfaceAddress>> {
    let adapters = Adapters::read()?;
    let mut found = Vec::new();
    for adapter in adapters.iter() {
        let Some(index) = index(adapter) else { continue };
        found.extend(addresses(adapter).filter_map(|entry| {
            let ip = address(&entry.Address)?;
            Some(InterfaceAddress { index: index.get(), ip, prefix_len: entry.OnLinkPrefixLength })
        }));
    }
    Ok(found)
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
