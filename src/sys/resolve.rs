//! The resolver of the system.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};

use super::look_up;
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
    let mut found = look_up(name, ipv6)?;
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

fn no_address(why: &str) -> ResolveFailure {
    let error = io::Error::new(io::ErrorKind::NotFound, why);
    ResolveFailure::new(ResolveReason::NoAddress, error)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

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
        for index in crate::sys::interfaces().unwrap() {
            let name = crate::sys::interface_name(index).unwrap();
            // A name on Windows may have what a zone of an address must not.
            let zones = if cfg!(windows) { vec![index.to_string()] } else { vec![name] };
            for zone in zones {
                let found = resolve(&format!("fe80::1%{zone}"), true).unwrap();
                let SocketAddr::V6(address) = found[0] else { panic!("{found:?}") };
                assert_eq!(address.scope_id(), index.get(), "{zone}");
            }
        }
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
