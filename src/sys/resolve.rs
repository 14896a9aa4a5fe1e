//! The resolver of the system.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::{index_of, look_up};
use crate::addr::AddressError;
use crate::addr::mapped::is_mapped;

/// A look-up failed.
#[derive(Debug)]
pub(crate) struct ResolveFailure {
    pub(crate) reason: ResolveReason,
    pub(crate) error: io::Error,
}

/// What sort of failure it is, as far as the system tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResolveReason {
    /// The name does not exist.
    NoSuchName,
    /// The name exists, and has no address of the family.
    NoAddress,
    /// Nobody answered, or somebody asks to try again later.
    Unreachable,
    /// Anything else.
    Other,
}

impl ResolveFailure {
    pub(super) fn new(reason: ResolveReason, error: io::Error) -> Self {
        Self { reason, error }
    }
}

impl From<io::Error> for ResolveFailure {
    fn from(error: io::Error) -> Self {
        Self::new(ResolveReason::Other, error)
    }
}

/// The addresses of a name in one family, in the order of the system (RFC 6724); the port is 0.
///
/// The zone of a link-local address is kept. A mapped address is no IPv6 address, and left out. No
/// address comes twice. The call waits as long as the system does.
pub(crate) fn resolve(name: &str, ipv6: bool) -> Result<Vec<SocketAddr>, ResolveFailure> {
    if name.is_empty() {
        // Some systems take it for "this host".
        let error = io::Error::new(io::ErrorKind::InvalidInput, "the name is empty");
        return Err(ResolveFailure::new(ResolveReason::NoSuchName, error));
    }
    if name.contains('\0') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a zero byte in the name").into());
    }
    if name.parse().is_ok_and(|ip: IpAddr| ip.is_ipv6() != ipv6) {
        // Each system has another number for it, and Wine none of Windows'.
        return Err(no_address("it is an address of the other family"));
    }
    let mut found = match zoned(name)? {
        Some(address) => vec![address],
        None => look_up(name, ipv6)?,
    };
    let mut seen = HashSet::new();
    found.retain(|address| {
        let wanted = match address {
            SocketAddr::V6(address) => ipv6 && !is_mapped(address.ip()),
            SocketAddr::V4(_) => !ipv6,
        };
        // glibc gives 127.0.0.1 for `::1` in /etc/hosts, too.
        wanted && seen.insert(*address)
    });
    if found.is_empty() {
        return Err(no_address("the answer has no address"));
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
            let error = io::Error::new(io::ErrorKind::NotFound, "no such interface");
            Err(ResolveFailure::new(ResolveReason::NoSuchName, error))
        }
    }
}

fn no_address(why: &str) -> ResolveFailure {
    let error = io::Error::new(io::ErrorKind::NotFound, why);
    ResolveFailure::new(ResolveReason::NoAddress, error)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn literals_are_themselves() {
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
        let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        assert_eq!(resolve("::1", true).unwrap(), [v6]);
        assert_eq!(resolve("127.0.0.1", false).unwrap(), [v4]);
    }

    #[test]
    fn a_zone_is_kept() {
        for row in crate::sys::interfaces().unwrap() {
            for zone in [row.name, row.index.to_string()] {
                let found = resolve(&format!("fe80::1%{zone}"), true).unwrap();
                let SocketAddr::V6(address) = found[0] else { panic!("{found:?}") };
                assert_eq!(address.scope_id(), row.index.get(), "{zone}");
            }
        }
    }

    #[test]
    fn unknown_zones_have_no_address() {
        let name = crate::sys::interfaces().unwrap().swap_remove(0).name;
        let long = format!("fe80::1%{name:x<300}");
        for name in ["fe80::1%nowhere", "2001:db8::1%nowhere", &long] {
            let failure = resolve(name, true).unwrap_err();
            assert_eq!(failure.reason, ResolveReason::NoSuchName, "{name}");
        }
        assert_eq!(resolve("fe80::1%", true).unwrap_err().reason, ResolveReason::Other);
        assert_eq!(resolve("fe80::1%1", false).unwrap_err().reason, ResolveReason::NoAddress);
    }

    #[test]
    fn an_address_of_the_other_family_is_no_address() {
        for (name, ipv6) in [("127.0.0.1", true), ("::1", false), ("::ffff:127.0.0.1", true)] {
            let failure = resolve(name, ipv6).unwrap_err();
            assert_eq!(failure.reason, ResolveReason::NoAddress, "{name}: {failure:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_an_error() {
        assert_eq!(resolve("", true).unwrap_err().reason, ResolveReason::NoSuchName);
        assert_eq!(resolve("::1\0", true).unwrap_err().reason, ResolveReason::Other);
        for name in ["x".repeat(300), ["x"; 5000].join("."), "x".repeat(1 << 20)] {
            resolve(&name, true).unwrap_err();
            resolve(&name, false).unwrap_err();
        }
    }
}
