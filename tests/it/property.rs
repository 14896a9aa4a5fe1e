//! What holds for every text and every address: parsing does not panic, printing is its inverse,
//! no address changes on its way through a socket.
//!
//! The bodies are plain functions of their input, so that a fuzzer can drive them as well.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::NonZeroU32;

use inet6::header::{Dscp, Ecn};
use inet6::{AnyMode, Builder, Endpoint, Op, Zone};
use proptest::prelude::*;

/// Reads any text in all the ways there are; what can be read prints as something that reads the
/// same.
fn text(text: &str) {
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        printed_is_read(&endpoint);
    }
    if let Ok(zone) = text.parse::<Zone>() {
        assert_eq!(zone.to_string().parse().as_ref(), Ok(&zone));
    }
    if let Ok(endpoint) = Endpoint::new(text, 80) {
        assert_eq!(endpoint.port(), 80);
        printed_is_read(&endpoint);
    }
}

fn printed_is_read(endpoint: &Endpoint) {
    let printed = endpoint.to_string();
    assert_eq!(printed.parse().as_ref(), Ok(endpoint), "printed as {printed}");
    assert_eq!(format!("{endpoint:?}"), printed);
    // The host alone, as in `("fe80::1%eth0", 80)`.
    let host = match endpoint.zone() {
        Some(zone) => format!("{}%{zone}", endpoint.ip()),
        None => endpoint.ip().to_string(),
    };
    assert_eq!(Endpoint::new(&host, endpoint.port()).as_ref(), Ok(endpoint), "{host}");
}

/// Text that std reads as an address is the same address here.
fn as_std_reads_it(address: SocketAddr) {
    let endpoint: Endpoint = address.to_string().parse().unwrap();
    assert_eq!((endpoint.ip(), endpoint.port()), (address.ip(), address.port()));
    assert_eq!(endpoint, Endpoint::from(address));
    let scope = match address {
        SocketAddr::V6(address) => address.scope_id(),
        SocketAddr::V4(_) => 0,
    };
    assert_eq!(endpoint.zone().and_then(Zone::index).map_or(0, NonZeroU32::get), scope);
}

/// The two fields of a traffic class take it apart without a rest.
fn traffic_class(class: u8) {
    let (dscp, ecn) = (Dscp::new(class >> 2).expect("six bits"), Ecn::from_traffic_class(class));
    assert_eq!(dscp.bits() << 2 | ecn.bits(), class);
    assert_eq!(Dscp::new(class).map(Dscp::bits), (class < 64).then_some(class));
    assert!(!dscp.to_string().is_empty());
}

/// An IPv4 address goes through a dual-stack socket and comes back as it was.
fn through_a_socket(address: SocketAddrV4) {
    let address = SocketAddr::V4(address);
    let dual = Builder::datagram().dual_stack();
    assert_eq!(dual.connect(address).unwrap().peer_addr().unwrap(), address);
    let chosen = Builder::datagram().mode(AnyMode::DualStack);
    assert_eq!(chosen.connect(Endpoint::from(address)).unwrap().peer_addr().unwrap(), address);
    let mapped = mapped(address);
    assert_eq!(dual.connect(mapped).unwrap().peer_addr().unwrap(), address);
}

fn mapped(address: SocketAddr) -> SocketAddrV6 {
    match address {
        SocketAddr::V4(it) => SocketAddrV6::new(it.ip().to_ipv6_mapped(), it.port(), 0, 0),
        SocketAddr::V6(it) => it,
    }
}

/// An IPv6-only socket refuses an IPv4 address, in whatever form, before it asks the system; and
/// nothing else is taken for one.
fn refused_by_v6_only(address: SocketAddr) {
    let builder = Builder::datagram();
    let is_ipv4 = address.ip().to_canonical().is_ipv4();
    let results = [
        builder.connect(Endpoint::from(address)).err(),
        builder.connect(address.to_string()).err(),
        builder.connect(mapped(address)).err(),
        Builder::datagram().mode(AnyMode::V6Only).connect(address).err(),
    ];
    for error in results {
        let refused = error.is_some_and(|error| {
            let of_address = error.op() == Op::Address && error.kind() == ErrorKind::InvalidInput;
            of_address && error.to_string().contains("is an IPv4 address")
        });
        assert_eq!(refused, is_ipv4, "{address}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        // What looks like an address, and mostly is none.
        "[0-9a-f:.%\\[\\]+ eth]{0,40}",
        "\\[[0-9a-f:]{2,20}(%[a-z0-9%:]{0,9})?\\]:[0-9]{1,6}",
        "[0-9]{1,3}(\\.[0-9]{1,3}){3}(%[a-z0-9]{0,9})?:[0-9]{0,6}",
        "fe80::[0-9a-f]{1,4}%\\PC{0,9}",
        // What is one, but for a character.
        (any_endpoint_text(), any::<prop::sample::Index>(), any::<char>()).prop_map(
            |(text, at, c)| {
                let mut characters: Vec<char> = text.chars().collect();
                let at = at.index(characters.len());
                characters[at] = c;
                characters.into_iter().collect()
            }
        ),
    ]
}

/// An endpoint as its text; every endpoint that has one is reached.
fn any_endpoint_text() -> impl Strategy<Value = String> {
    let zone = prop_oneof![
        Just(String::new()),
        any::<NonZeroU32>().prop_map(|index| format!("%{index}")),
        "%[a-z]{1,8}[0-9.:@_-]{0,6}",
        "%[^%/\\[\\]\\s\\p{Cc}]{1,15}".prop_filter("0 and what is beyond a u32", |zone| {
            !zone[1..].bytes().all(|byte| byte.is_ascii_digit())
        }),
    ];
    prop_oneof![
        (any::<Ipv4Addr>(), any::<u16>()).prop_map(|(ip, port)| format!("{ip}:{port}")),
        (any_ipv6(), zone, any::<u16>())
            .prop_map(|(ip, zone, port)| format!("[{ip}{zone}]:{port}")),
    ]
}

/// The special ones as often as all the others together.
fn any_ipv6() -> impl Strategy<Value = Ipv6Addr> {
    prop_oneof![
        any::<Ipv6Addr>(),
        any::<Ipv4Addr>().prop_map(|ip| ip.to_ipv6_mapped()),
        any::<[u16; 4]>().prop_map(|[a, b, c, d]| Ipv6Addr::new(0xfe80, 0, 0, 0, a, b, c, d)),
        any::<u16>().prop_map(|last| Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, last)),
    ]
}

fn any_address() -> impl Strategy<Value = SocketAddr> {
    prop_oneof![
        (any::<Ipv4Addr>(), any::<u16>()).prop_map(|(ip, port)| (IpAddr::V4(ip), port).into()),
        (any_ipv6(), any::<u16>(), prop_oneof![Just(0), any::<u32>()])
            .prop_map(|(ip, port, scope)| SocketAddrV6::new(ip, port, 0, scope).into()),
    ]
}

fn config(cases: u32) -> ProptestConfig {
    // A failing case is printed; nothing is written beside the sources.
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn no_text_makes_parsing_panic(input in any_text()) {
        text(&input);
    }

    #[test]
    fn an_endpoint_prints_as_what_it_was_read_from(input in any_endpoint_text()) {
        let endpoint: Endpoint = input.parse().expect(&input);
        printed_is_read(&endpoint);
        prop_assert_eq!(endpoint.to_string(), input);
    }

    #[test]
    fn an_address_of_std_is_read_as_std_reads_it(address in any_address()) {
        as_std_reads_it(address);
    }

    #[test]
    fn a_traffic_class_is_its_two_fields(class in any::<u8>()) {
        traffic_class(class);
    }

    #[test]
    fn only_ipv4_is_taken_for_ipv4(address in any_address()) {
        refused_by_v6_only(address);
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn an_ipv4_address_survives_a_dual_stack_socket(low in any::<[u8; 3]>(), port in 1_u16..) {
        let ip = if cfg!(target_os = "linux") {
            Ipv4Addr::new(127, low[0], low[1], low[2].max(1))
        } else {
            // Elsewhere one address is the loopback.
            Ipv4Addr::LOCALHOST
        };
        through_a_socket(SocketAddrV4::new(ip, port));
    }
}
