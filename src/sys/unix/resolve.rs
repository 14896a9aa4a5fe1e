//! Names, by getaddrinfo(3).

use std::ffi::{CStr, CString, c_int};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV6};
use std::ptr::{self, NonNull};

use crate::error::Refusal;
use crate::error::reason::ResolveErrorKind;
use crate::sys::{ResolveFailure, Wanted};

/// `EAI_NODATA` and `EAI_ADDRFAMILY` of netdb.h, which the standard no longer has, nor libc for
/// every system: there are two sets of numbers, that of RFC 2553 and its negative twin of glibc,
/// musl and OpenBSD. A system that gives neither says `EAI_NONAME` instead (musl before 1.2.4,
/// FreeBSD before 14, Apple's, and glibc of a name that stands in /etc/hosts alone); Android says
/// `EAI_NODATA` for a name that does not exist, too.
const NO_ADDRESS: [c_int; 2] = if libc::EAI_NONAME < 0 { [-5, -9] } else { [7, 1] };

pub(crate) fn look_up(name: &str, wanted: Wanted) -> Result<Vec<SocketAddr>, ResolveFailure> {
    let name = CString::new(name).map_err(io::Error::from)?;
    let family = match wanted {
        Wanted::Both => libc::AF_UNSPEC,
        Wanted::Ipv6 => libc::AF_INET6,
        Wanted::Ipv4 => libc::AF_INET,
    };
    let list = List::read(&name, family)?;
    Ok(list.iter().filter_map(address).collect())
}

/// What `getaddrinfo` gave, until it is freed.
struct List(NonNull<libc::addrinfo>);

impl List {
    fn read(name: &CStr, family: c_int) -> Result<Self, ResolveFailure> {
        // SAFETY: all-zero bytes are a valid `addrinfo`, which asks for everything. It is not built
        // of its fields, because SPARC has one more.
        let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
        // No AI_ADDRCONFIG: connecting tells better whether there is a way.
        hints.ai_family = family;
        // Without a type there is an entry for each of them.
        hints.ai_socktype = libc::SOCK_STREAM;
        let mut head = ptr::null_mut();
        // SAFETY: `name` ends in a zero byte, there is no service, and the call writes one pointer.
        let code = unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &hints, &mut head) };
        if code != 0 {
            return Err(failure(code));
        }
        NonNull::new(head).map(Self).ok_or_else(|| io::Error::from(Refusal::NoAnswer).into())
    }

    fn iter(&self) -> impl Iterator<Item = &libc::addrinfo> {
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
        // SAFETY: it came from `getaddrinfo` and nothing points into it any more.
        unsafe { libc::freeaddrinfo(self.0.as_ptr()) };
    }
}

fn address(entry: &libc::addrinfo) -> Option<SocketAddr> {
    let len = usize::try_from(entry.ai_addrlen).ok()?;
    match entry.ai_family {
        _ if entry.ai_addr.is_null() => None,
        libc::AF_INET6 if len >= size_of::<libc::sockaddr_in6>() => {
            // SAFETY: an address of this family and length is a `sockaddr_in6`.
            let raw = unsafe { entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            let ip = raw.sin6_addr.s6_addr.into();
            Some(SocketAddrV6::new(ip, 0, 0, raw.sin6_scope_id).into())
        }
        libc::AF_INET if len >= size_of::<libc::sockaddr_in>() => {
            // SAFETY: an address of this family and length is a `sockaddr_in`.
            let raw = unsafe { entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            Some((Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr)), 0).into())
        }
        _ => None,
    }
}

/// What a number other than zero means; to be called before `errno` is another one.
fn failure(code: c_int) -> ResolveFailure {
    if code == libc::EAI_SYSTEM {
        return io::Error::last_os_error().into();
    }
    let reason = match code {
        libc::EAI_NONAME => ResolveErrorKind::NoSuchName,
        libc::EAI_AGAIN => ResolveErrorKind::Unreachable,
        code if NO_ADDRESS.contains(&code) => ResolveErrorKind::NoAddress,
        _ => ResolveErrorKind::Other,
    };
    // SAFETY: the call takes any number.
    let text = unsafe { libc::gai_strerror(code) };
    if text.is_null() {
        return ResolveFailure::new(reason, Refusal::UnnamedResolverError(code).into());
    }
    // SAFETY: the text ends in a zero byte, and nobody changes it.
    let text = unsafe { CStr::from_ptr(text) };
    ResolveFailure::new(reason, io::Error::other(text.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolver_error_number_has_kind() {
        assert_eq!(failure(libc::EAI_NONAME).kind, ResolveErrorKind::NoSuchName);
        assert_eq!(failure(libc::EAI_AGAIN).kind, ResolveErrorKind::Unreachable);
        assert_eq!(failure(libc::EAI_FAIL).kind, ResolveErrorKind::Other);
        for code in NO_ADDRESS {
            assert_eq!(failure(code).kind, ResolveErrorKind::NoAddress);
        }
        // netdb.h of glibc and of musl.
        #[cfg(target_os = "linux")]
        assert_eq!(NO_ADDRESS[0], libc::EAI_NODATA);
        // glibc gives the second one for an address of the other family.
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        assert_eq!(
            look_up("127.0.0.1", Wanted::Ipv6).unwrap_err().kind,
            ResolveErrorKind::NoAddress
        );
        assert_ne!(failure(libc::EAI_NONAME).error.to_string(), "");
        // There is no such number.
        assert_eq!(failure(12345).kind, ResolveErrorKind::Other);
    }

    #[test]
    fn answer_without_whole_address_is_empty() {
        let ipv6 = crate::sys::unix::encode(&SocketAddrV6::new([1; 16].into(), 0, 0, 0));
        // SAFETY: all-zero bytes are a valid `addrinfo`.
        let mut entry: libc::addrinfo = unsafe { std::mem::zeroed() };
        entry.ai_addr = (&raw const ipv6).cast_mut().cast();
        // Both are read out of the room of the longer one.
        let lens = [
            (libc::AF_INET6, size_of::<libc::sockaddr_in6>()),
            (libc::AF_INET, size_of::<libc::sockaddr_in>()),
        ];
        for (family, len) in lens {
            entry.ai_family = family;
            for (len, is_whole) in [(len, true), (len - 1, false), (0, false)] {
                entry.ai_addrlen = len as libc::socklen_t;
                assert_eq!(address(&entry).is_some(), is_whole, "{family}: {len}");
            }
            entry.ai_addrlen = len as libc::socklen_t;
            let mut nowhere = entry;
            nowhere.ai_addr = ptr::null_mut();
            assert_eq!(address(&nowhere), None);
        }
        entry.ai_family = libc::AF_UNIX;
        assert_eq!(address(&entry), None);
    }
}
