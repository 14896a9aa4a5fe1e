//! The resolver of the system.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::thread;

use inet6::{Family, Resolve, ResolveErrorKind, SystemResolver};

use crate::support::*;

const FAMILIES: [Family; 2] = [Family::Ipv6, Family::Ipv4];

fn find(name: &str, family: Family) -> Result<Vec<IpAddr>, ResolveErrorKind> {
    let found = SystemResolver.resolve(name, family).map_err(|error| {
        assert!(error.to_string().starts_with(&error.kind().to_string()), "{error}");
        error.kind()
    })?;
    assert!(!found.is_empty(), "{name}: neither an address nor an error");
    assert!(found.iter().all(|address| address.port() == 0), "{name}: {found:?}");
    Ok(found.iter().map(SocketAddr::ip).collect())
}

#[track_caller]
fn localhost_is(family: Family, address: impl Into<IpAddr>) {
    let found = find("localhost", family).map_err(|kind| format!("{kind}"));
    let found = require!(found, "localhost in {family:?}");
    assert!(found.contains(&address.into()), "{found:?}");
}

#[test]
fn localhost_is_the_loopback_address_of_ipv6() {
    localhost_is(Family::Ipv6, Ipv6Addr::LOCALHOST);
}

#[test]
fn localhost_is_the_loopback_address_of_ipv4() {
    localhost_is(Family::Ipv4, Ipv4Addr::LOCALHOST);
}

#[test]
fn a_literal_is_itself() {
    assert_eq!(find("::1", Family::Ipv6), Ok(vec![Ipv6Addr::LOCALHOST.into()]));
    assert_eq!(find("127.0.0.1", Family::Ipv4), Ok(vec![Ipv4Addr::LOCALHOST.into()]));
}

#[test]
fn an_address_of_the_other_family_is_never_given() {
    use ResolveErrorKind::{NoAddress, NoSuchName};

    let wrong = [
        ("127.0.0.1", Family::Ipv6),
        // No IPv6 address leaves the crate that stands for an IPv4 one.
        ("::ffff:127.0.0.1", Family::Ipv6),
        ("::1", Family::Ipv4),
    ];
    for (name, family) in wrong {
        let error = find(name, family).unwrap_err();
        assert!(matches!(error, NoAddress | NoSuchName), "{name}, {family:?}: {error}");
    }
}

#[test]
fn what_is_no_name_is_an_error() {
    let long = ["x".repeat(300), ["x"; 300].join(".")];
    for name in ["", "\0", "local\0host", "::1\0", &long[0], &long[1]] {
        for family in FAMILIES {
            find(name, family).unwrap_err();
        }
    }
}

#[test]
fn an_invalid_name_does_not_exist() {
    use ResolveErrorKind::{NoSuchName, Unreachable};

    for family in FAMILIES {
        // RFC 6761, section 6.4: it never exists, and not every resolver knows. Android's says
        // "no address" of any name.
        let error = find("name.invalid", family).unwrap_err();
        let known = matches!(error, NoSuchName | Unreachable) || cfg!(target_os = "android");
        assert!(known, "{family:?}: {error}");
    }
}

#[test]
fn both_families_are_asked_side_by_side() {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| find("::1", Family::Ipv6).unwrap());
            scope.spawn(|| find("127.0.0.1", Family::Ipv4).unwrap());
        }
    });
}
