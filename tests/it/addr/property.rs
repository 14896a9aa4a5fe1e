//! What holds for every text and every address: parsing does not panic, printing is its inverse,
//! no address changes on its way through a socket.
//!
//! The bodies are plain functions of their input, so that a fuzzer can drive them as well.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use inet6::header::{Dscp, Ecn};
use inet6::{AnyMode, Builder, Endpoint, error::Op};
use proptest::prelude::*;

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
    let dual = Builder::datagram();
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
    let builder = Builder::datagram().v6_only();
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
    fn traffic_class_is_its_fields(class in any::<u8>()) {
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
    fn ipv4_address_survives_dual_stack(low in any::<[u8; 3]>(), port in 1_u16..) {
        let ip = if cfg!(target_os = "linux") {
            Ipv4Addr::new(127, low[0], low[1], low[2].max(1))
        } else {
            // Elsewhere one address is the loopback.
            Ipv4Addr::LOCALHOST
        };
        through_a_socket(SocketAddrV4::new(ip, port));
    }
}
