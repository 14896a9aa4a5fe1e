//! The resolver of the system.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::{index_of, look_up};
use crate::addr::{AddressError, is_zoned};
use crate::error::Refusal;
use crate::error::reason::ResolveErrorKind;

/// The families that a look-up is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Both,
    Ipv6,
    Ipv4,
}

/// A look-up failed.
#[derive(Debug)]
pub(crate) struct ResolveFailure {
    pub(crate) kind: ResolveErrorKind,
    pub(crate) error: io::Error,
}

impl ResolveFailure {
    pub(super) fn new(kind: ResolveErrorKind, error: io::Error) -> Self {
        Self { kind, error }
    }
}

impl From<io::Error> for ResolveFailure {
    fn from(error: io::Error) -> Self {
        Self::new(ResolveErrorKind::Other, error)
    }
}

/// The addresses of a name, in the order of the system (RFC 6724), by one question of
/// `getaddrinfo`. The port is 0, and the zone of a link-local address is kept.
///
/// The call waits as long as the system does.
pub(crate) fn resolve(name: &str, wanted: Wanted) -> Result<Vec<SocketAddr>, ResolveFailure> {
    if name.is_empty() {
        // Some systems take it for "this host".
        return Err(ResolveFailure::new(ResolveErrorKind::NoSuchName, Refusal::EmptyName.into()));
    }
    if name.contains('\0') {
        return Err(io::Error::from(Refusal::ZeroInName).into());
    }
    let other = match wanted {
        Wanted::Both => false,
        Wanted::Ipv6 => name.parse().is_ok_and(|ip: IpAddr| ip.is_ipv4()),
        Wanted::Ipv4 => name.parse().is_ok_and(|ip: IpAddr| ip.is_ipv6()),
    };
    if other {
        // Each system has another number for it, and Wine none of Windows'.
        return Err(no_address(Refusal::OtherFamily));
    }
    let mut found = match zoned(name)? {
        Some(_) if wanted == Wanted::Ipv4 => Vec::new(),
        Some(address) => vec![address],
        None => look_up(name, wanted)?,
    };
    if found.is_empty() {
        return Err(no_address(Refusal::EmptyAnswer));
    }
    if wanted == Wanted::Ipv6 && found.iter().any(lacks_zone) {
        // glibc has room for zones in an answer for both families alone. Without its zone the
        // address is of no use, so the question is put again.
        add_zones(&mut found, &look_up(name, Wanted::Both).unwrap_or_default());
    }
    Ok(found)
}

/// The address, if the name is a literal with a zone.
///
/// The resolver would say "no such name" if it cannot look the zone up, and that of musl takes a
/// zone that is too long for another interface.
fn zoned(name: &str) -> Result<Option<SocketAddr>, ResolveFailure> {
    let literal = |(ip, zone): (&str, _)| Some((ip.parse::<Ipv6Addr>().ok()?, zone));
    let Some((ip, zone)) = name.split_once('%').and_then(literal) else { return Ok(None) };
    let zone = zone.parse().map_err(|error: AddressError| io::Error::from(error))?;
    match index_of(&zone)? {
        Some(index) => Ok(Some(SocketAddrV6::new(ip, 0, 0, index.get()).into())),
        None => {
            let error = Refusal::NoInterface.into();
            Err(ResolveFailure::new(ResolveErrorKind::NoSuchName, error))
        }
    }
}

fn lacks_zone(address: &SocketAddr) -> bool {
    matches!(address, SocketAddr::V6(it) if it.scope_id() == 0 && is_zoned(it.ip()))
}

/// Gives addresses without a zone the one that the same address has in `zoned`.
fn add_zones(addresses: &mut [SocketAddr], zoned: &[SocketAddr]) {
    for address in addresses.iter_mut().filter(|address| lacks_zone(address)) {
        let same = zoned.iter().find(|it| it.ip() == address.ip());
        *address = *same.unwrap_or(address);
    }
}

fn no_address(why: Refusal) -> ResolveFailure {
    ResolveFailure::new(ResolveErrorKind::NoAddress, why.into())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ALL: [Wanted; 3] = [Wanted::Both, Wanted::Ipv6, Wanted::Ipv4];

    #[test]
    fn literal_is_itself() {
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
        let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        for wanted in ALL {
            let is = |name, address| match resolve(name, wanted) {
                Ok(found) => found == [address],
                Err(failure) => failure.kind == ResolveErrorKind::NoAddress,
            };
            assert!(is("::1", v6) && is("127.0.0.1", v4), "{wanted:?}");
            assert_eq!(resolve("::1", wanted).is_ok(), wanted != Wanted::Ipv4);
            assert_eq!(resolve("127.0.0.1", wanted).is_ok(), wanted != Wanted::Ipv6);
        }
    }

    #[test]
    fn zone_is_kept() {
        for row in crate::sys::interfaces().unwrap() {
            for zone in [row.name, row.index.to_string()] {
                for wanted in [Wanted::Both, Wanted::Ipv6] {
                    let found = resolve(&format!("fe80::1%{zone}"), wanted).unwrap();
                    let SocketAddr::V6(address) = found[0] else { panic!("{found:?}") };
                    assert_eq!(address.scope_id(), row.index.get(), "{zone}");
                }
            }
        }
    }

    #[test]
    fn unknown_zones_have_no_address() {
        let name = crate::sys::interfaces().unwrap().swap_remove(0).name;
        let long = format!("fe80::1%{name:x<300}");
        for name in ["fe80::1%nowhere", "2001:db8::1%nowhere", &long] {
            let failure = resolve(name, Wanted::Ipv6).unwrap_err();
            assert_eq!(failure.kind, ResolveErrorKind::NoSuchName, "{name}");
        }
        assert_eq!(resolve("fe80::1%", Wanted::Both).unwrap_err().kind, ResolveErrorKind::Other);
        assert_eq!(
            resolve("fe80::1%1", Wanted::Ipv4).unwrap_err().kind,
            ResolveErrorKind::NoAddress
        );
    }

    #[test]
    fn zone_is_taken_from_same_address() {
        let all = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let mut found = all(&["[fe80::1]:0", "[2001:db8::1]:0", "[fe80::2%7]:0", "[fe80::3]:0"]);
        add_zones(
            &mut found,
            &all(&["192.0.2.1:0", "[2001:db8::1%4]:0", "[fe80::1%5]:0", "[fe80::2%6]:0"]),
        );
        let expected = ["[fe80::1%5]:0", "[2001:db8::1]:0", "[fe80::2%7]:0", "[fe80::3]:0"];
        assert_eq!(found, all(&expected));
    }

    #[test]
    fn text_that_is_no_name_fails() {
        for wanted in ALL {
            assert_eq!(resolve("", wanted).unwrap_err().kind, ResolveErrorKind::NoSuchName);
            assert_eq!(resolve("::1\0", wanted).unwrap_err().kind, ResolveErrorKind::Other);
            for name in ["x".repeat(300), ["x"; 5000].join("."), "x".repeat(1 << 20)] {
                resolve(&name, wanted).unwrap_err();
            }
        }
    }
}
