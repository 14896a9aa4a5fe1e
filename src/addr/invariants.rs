//! What holds for any text and any address: bodies of property tests, which a fuzzer drives as
//! well.

use std::fmt;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::num::NonZeroU32;

use super::mapped::{Notation, is_mapped};
use super::to_address::ToWire;
use super::{Endpoint, Zone};
use crate::mode::{AnyMode, DualStack, FromWire, Mode, V6Only};

/// Reads any text in all the ways there are; what can be read prints as something that reads the
/// same, and is the same address for a socket in whatever form it is given.
pub(crate) fn any_text(text: &str) {
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        printed_is_read(&endpoint);
        any_endpoint(&endpoint);
    }
    if let Ok(zone) = text.parse::<Zone>() {
        assert_eq!(zone.to_string().parse().as_ref(), Ok(&zone));
    }
    if let Ok(endpoint) = Endpoint::new(text, 80) {
        assert_eq!(endpoint.port(), 80);
        printed_is_read(&endpoint);
    }
    same(V6Only, text, &text.to_owned());
    same(DualStack, &(text, 80), &(text.to_owned(), 80));
    if let Err(error) = text.to_wire(DualStack, lookup) {
        let line = error.to_string();
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    if let Ok(address) = text.parse() {
        any_address(address);
    }
}

pub(crate) fn printed_is_read(endpoint: &Endpoint) {
    if let IpAddr::V6(ip) = endpoint.ip() {
        assert!(!is_mapped(&ip), "{endpoint:?} shows an IPv4 address in IPv6 notation");
    }
    let printed = endpoint.to_string();
    assert_eq!(printed.parse().as_ref(), Ok(endpoint), "printed as {printed}");
    assert_eq!(format!("{endpoint:?}"), printed);
    // The host alone, as in `("fe80::1%eth0", 80)`.
    let host = host(endpoint);
    assert_eq!(Endpoint::new(&host, endpoint.port()).as_ref(), Ok(endpoint), "{host}");
}

/// Text that std reads as an address is the same address here, and so it is for the kernel.
///
/// An IPv4 address in IPv6 notation is the IPv4 address, and has no zone.
pub(crate) fn any_address(address: SocketAddr) {
    let (ip, _) = Notation::read(address.ip());
    let scope = match address {
        SocketAddr::V6(address) => address.scope_id(),
        SocketAddr::V4(_) => 0,
    };
    let endpoint = match address.to_string().parse::<Endpoint>() {
        Err(error) => {
            assert!(ip != address.ip() && scope != 0, "{address}: {error}");
            Endpoint::from(address)
        }
        Ok(endpoint) => endpoint,
    };
    assert_eq!((endpoint.ip(), endpoint.port()), (ip, address.port()));
    let scope = if ip.is_ipv4() { 0 } else { scope };
    assert_eq!(endpoint.zone().and_then(Zone::index).map_or(0, NonZeroU32::get), scope);
    // Flow information has no text.
    let bare = match address {
        SocketAddr::V6(it) => SocketAddrV6::new(*it.ip(), it.port(), 0, it.scope_id()).into(),
        SocketAddr::V4(_) => address,
    };
    assert_eq!(endpoint, Endpoint::from(bare));

    same(DualStack, &address, &Endpoint::from(address));
    same(AnyMode::DualStack, &address, &Endpoint::from(address));
    same(AnyMode::V6Only, &address, &Endpoint::from(address));
    let wire = address.to_wire(DualStack, lookup).unwrap();
    // A mapped address comes back as the IPv4 address that it is.
    let back = SocketAddr::from_wire(wire);
    assert_eq!((back.ip(), back.port()), (ip, address.port()));
    assert_eq!(address.to_wire(AnyMode::V6Only, lookup).is_err(), ip.is_ipv4());
    match address {
        SocketAddr::V4(it) => same(DualStack, &it, &(IpAddr::from(*it.ip()), it.port())),
        SocketAddr::V6(it) => {
            same(V6Only, &it, &Endpoint::from(it));
            same(V6Only, &(*it.ip(), it.port()), &SocketAddrV6::new(*it.ip(), it.port(), 0, 0));
        }
    }
}

fn any_endpoint(endpoint: &Endpoint) {
    // Only an error differs by the notation, and printing forgets that.
    let endpoint = &Endpoint { notation: Notation::Own, ..endpoint.clone() };
    let host = host(endpoint);
    same(V6Only, endpoint, &endpoint.to_string());
    same(V6Only, endpoint, &(&host[..], endpoint.port()));
    same(DualStack, endpoint, &(host, endpoint.port()));
    if let Ok(wire) = endpoint.to_wire(V6Only, lookup) {
        assert_eq!(IpAddr::from(*wire.ip()), endpoint.ip());
        assert!(!is_mapped(wire.ip()), "{endpoint} is IPv4 to an IPv6-only socket");
    }
    // Where the one mode refuses, the other takes IPv4, and nothing else.
    let refused = endpoint.to_wire(V6Only, lookup).is_err();
    if let (true, Ok(wire)) = (refused, endpoint.to_wire(DualStack, lookup)) {
        assert!(is_mapped(wire.ip()), "{endpoint}");
    }
}

/// Two ways to write an address lead to one address or to one error; and what the data path takes
/// without asking is what it would have been told.
fn same<M: Mode + fmt::Debug>(mode: M, one: &(impl ToWire<M> + ?Sized), other: &impl ToWire<M>) {
    let wire = one.to_wire(mode, lookup);
    assert_eq!(wire, other.to_wire(mode, lookup), "{mode:?}");
    let (mut slot, mut other_slot) = (None, None);
    let lent = [one.lend(mode, &mut slot), other.lend(mode, &mut other_slot)];
    for lent in lent.into_iter().flatten() {
        assert_eq!(Ok(lent), wire.as_ref(), "{mode:?}");
    }
}

fn host(endpoint: &Endpoint) -> String {
    match endpoint.zone() {
        Some(zone) => format!("{}%{zone}", endpoint.ip()),
        None => endpoint.ip().to_string(),
    }
}

/// A host with one interface.
fn lookup(name: &str) -> std::io::Result<Option<NonZeroU32>> {
    Ok(NonZeroU32::new(if name == "eth0" { 7 } else { 0 }))
}
