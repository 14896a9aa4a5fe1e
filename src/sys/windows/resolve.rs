//! Names, by `GetAddrInfoW`.

use std::ffi::c_int;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::ptr::{self, NonNull};

use windows_sys::Win32::Networking::WinSock::{
    ADDRINFOW, AF_INET, AF_INET6, AF_UNSPEC, FreeAddrInfoW, GetAddrInfoW, SOCK_STREAM, SOCKADDR_IN,
    SOCKADDR_IN6, WSAHOST_NOT_FOUND, WSANO_DATA, WSATRY_AGAIN,
};

use super::open;
use crate::error::Refusal;
use crate::error::reason::ResolveErrorKind;
use crate::kind::{Protocol, Shape};
use crate::sys::{ResolveFailure, Wanted};

pub(crate) fn look_up(name: &str, wanted: Wanted) -> Result<Vec<SocketAddr>, ResolveFailure> {
    // The first socket of a process is what starts Winsock.
    drop(open(Shape::Datagram, Protocol::Udp, false)?);
    let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
    let family = match wanted {
        Wanted::Both => AF_UNSPEC,
        Wanted::Ipv6 => AF_INET6,
        Wanted::Ipv4 => AF_INET,
    };
    let list = List::read(&name, family.into())?;
    Ok(list.iter().filter_map(address).collect())
}

/// What `GetAddrInfoW` gave, until it is freed.
struct List(NonNull<ADDRINFOW>);

impl List {
    /// To be called with a name that ends in a zero.
    fn read(name: &[u16], family: c_int) -> Result<Self, ResolveFailure> {
        assert_eq!(name.last(), Some(&0));
        let hints = ADDRINFOW {
            // No AI_ADDRCONFIG: connecting tells better whether there is a way.
            ai_flags: 0,
            ai_family: family,
            // Without a type there is an entry for each of them.
            ai_socktype: SOCK_STREAM,
            ai_protocol: 0,
            ai_addrlen: 0,
            ai_canonname: ptr::null_mut(),
            ai_addr: ptr::null_mut(),
            ai_next: ptr::null_mut(),
        };
        let mut head = ptr::null_mut();
        // SAFETY: `name` ends in a zero, there is no service, and the call writes one pointer.
        let code = unsafe { GetAddrInfoW(name.as_ptr(), ptr::null(), &hints, &mut head) };
        if code != 0 {
            return Err(failure(code));
        }
        NonNull::new(head).map(Self).ok_or_else(|| io::Error::from(Refusal::NoAnswer).into())
    }

    fn iter(&self) -> impl Iterator<Item = &ADDRINFOW> {
        // SAFETY: the list is there until it is freed, which takes an exclusive borrow.
        let first = unsafe { self.0.as_ref() };
        std::iter::successors(Some(first), |entry| {
            // SAFETY: it is null or the next entry of the same list.
            unsafe { entry.ai_next.as_ref() }
        })
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: it came from `GetAddrInfoW` and nothing points into it any more.
        unsafe { FreeAddrInfoW(self.0.as_ptr()) };
    }
}

fn address(entry: &ADDRINFOW) -> Option<SocketAddr> {
    const V6: c_int = AF_INET6 as c_int;
    const V4: c_int = AF_INET as c_int;

    match entry.ai_family {
        _ if entry.ai_addr.is_null() => None,
        V6 if entry.ai_addrlen >= size_of::<SOCKADDR_IN6>() => {
            // SAFETY: an address of this family and length is a `SOCKADDR_IN6`.
            let raw = unsafe { entry.ai_addr.cast::<SOCKADDR_IN6>().read_unaligned() };
            // SAFETY: both fields of the union are the same 16 bytes.
            let ip = Ipv6Addr::from(unsafe { raw.sin6_addr.u.Byte });
            // SAFETY: both fields of the union are one 32-bit number.
            let scope_id = unsafe { raw.Anonymous.sin6_scope_id };
            Some(SocketAddrV6::new(ip, 0, 0, scope_id).into())
        }
        V4 if entry.ai_addrlen >= size_of::<SOCKADDR_IN>() => {
            // SAFETY: an address of this family and length is a `SOCKADDR_IN`.
            let raw = unsafe { entry.ai_addr.cast::<SOCKADDR_IN>().read_unaligned() };
            // SAFETY: all fields of the union are the same 4 bytes.
            let ip = Ipv4Addr::from(u32::from_be(unsafe { raw.sin_addr.S_un.S_addr }));
            Some((ip, 0).into())
        }
        _ => None,
    }
}

fn failure(code: c_int) -> ResolveFailure {
    let reason = match code {
        WSAHOST_NOT_FOUND => ResolveErrorKind::NoSuchName,
        WSANO_DATA => ResolveErrorKind::NoAddress,
        WSATRY_AGAIN => ResolveErrorKind::Unreachable,
        _ => ResolveErrorKind::Other,
    };
    ResolveFailure::new(reason, io::Error::from_raw_os_error(code))
}
