//! Text and addresses; what holds for them stands in `proof`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::num::NonZeroU32;

use proptest::prelude::*;

use crate::addr::Endpoint;
use crate::addr::invariants::{any_address, any_text, printed_is_read};
use crate::addr::mapped::{is_mapped, map_ip};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        // What looks like an address, and mostly is none.
        "[0-9a-f:.%\\[\\]+ eth]{0,40}",
        "\\[[0-9a-f:]{2,20}(%[a-z0-9%:]{0,9})?\\]:[0-9]{1,6}",
        "[0-9]{1,3}(\\.[0-9]{1,3}){3}(%[a-z0-9]{0,9})?:[0-9]{0,6}",
        "fe80::[0-9a-f]{1,4}%\\PC{0,9}",
        // What is one, but for a character.
        (endpoint_text(), any::<prop::sample::Index>(), any::<char>()).prop_map(|(text, at, c)| {
            let mut characters: Vec<char> = text.chars().collect();
            let at = at.index(characters.len());
            characters[at] = c;
            characters.into_iter().collect()
        }),
    ]
}

/// An endpoint as its text; every endpoint that has one is reached.
fn endpoint_text() -> impl Strategy<Value = String> {
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
        (ipv6().prop_filter("prints as IPv4", |ip| !is_mapped(ip)), zone, any::<u16>())
            .prop_map(|(ip, zone, port)| format!("[{ip}{zone}]:{port}")),
    ]
}

/// The special ones as often as all the others together.
fn ipv6() -> impl Strategy<Value = Ipv6Addr> {
    prop_oneof![
        any::<Ipv6Addr>(),
        any::<Ipv4Addr>().prop_map(map_ip),
        any::<[u16; 4]>().prop_map(|[a, b, c, d]| Ipv6Addr::new(0xfe80, 0, 0, 0, a, b, c, d)),
        any::<u16>().prop_map(|last| Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, last)),
    ]
}

fn address() -> impl Strategy<Value = SocketAddr> {
    let scope = prop_oneof![Just(0), any::<u32>()];
    prop_oneof![
        (any::<Ipv4Addr>(), any::<u16>()).prop_map(|(ip, port)| (IpAddr::V4(ip), port).into()),
        (ipv6(), any::<u16>(), any::<u32>(), scope)
            .prop_map(|(ip, port, flow, scope)| SocketAddrV6::new(ip, port, flow, scope).into()),
    ]
}

proptest! {
    // A failing case is printed; nothing is written beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn parsing_never_panics(input in text()) {
        any_text(&input);
    }

    #[test]
    fn printed_endpoint_parses_back(input in endpoint_text()) {
        let endpoint: Endpoint = input.parse().expect(&input);
        printed_is_read(&endpoint);
        prop_assert_eq!(endpoint.to_string(), input);
    }

    #[test]
    fn mapped_text_is_an_ipv4_address(ip: Ipv4Addr, port: u16, zone in "(%[a-z0-9]{1,9})?") {
        let [a, b, c, d] = ip.octets();
        let hexadecimal = format!("{a:x}{b:02X}:{c:x}{d:02X}");
        for host in [
            format!("::ffff:{ip}"),
            format!("::FFFF:{hexadecimal}"),
            format!("0:0:0:0:0:ffff:{hexadecimal}"),
        ] {
            let endpoint = format!("[{host}{zone}]:{port}").parse::<Endpoint>();
            if zone.is_empty() {
                prop_assert_eq!(endpoint.unwrap().to_string(), format!("{ip}:{port}"));
            } else {
                prop_assert!(endpoint.is_err(), "{:?} has a zone", endpoint);
            }
        }
    }

    #[test]
    fn std_address_parses_alike(address in address()) {
        any_address(address);
    }
}
