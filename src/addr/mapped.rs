//! IPv4 addresses in IPv6 notation, `::ffff:0:0/96` (RFC 4291, section 2.5.5.2).
//!
//! A dual-stack socket speaks this form with the kernel, and this file is the only one that knows
//! it. An address is mapped on its way into the kernel and becomes an IPv4 address on every way
//! out: return values, errors, `Debug` and log lines. The one exception is [`Written`], in the
//! error that explains a refusal. Text that cannot be parsed is quoted in its error as it was
//! written.
//!
//! Two other ways to write an IPv4 address in IPv6 notation are left alone. The kernel treats both
//! as IPv6 addresses: the deprecated IPv4-compatible form, `::192.0.2.1` (RFC 4291, section
//! 2.5.5.1), and addresses behind a NAT64 prefix, `64:ff9b::192.0.2.1` (RFC 6052).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Returns whether this is an IPv4 address in IPv6 notation.
#[inline]
pub(crate) fn is_mapped(ip: &Ipv6Addr) -> bool {
    may_be_mapped(ip) && begins_with_zeros(ip)
}

/// Returns whether an address may be one of `is_mapped`, at the cost of one comparison.
#[inline]
pub(super) fn may_be_mapped(ip: &Ipv6Addr) -> bool {
    let [.., a, b, c, d, _, _, _, _] = ip.octets();
    u32::from_ne_bytes([a, b, c, d]) == 0xffff_u32.to_be()
}

#[inline]
fn begins_with_zeros(ip: &Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h, ..] = ip.octets();
    u64::from_ne_bytes([a, b, c, d, e, f, g, h]) == 0
}

/// Returns whether this is the wildcard address of either family: `::`, or `0.0.0.0` mapped.
pub(crate) fn is_wildcard(ip: &Ipv6Addr) -> bool {
    canonical_ip(*ip).is_unspecified()
}

/// Returns the kernel's form of an IPv4 address on a dual-stack socket (RFC 3493, section 3.7).
#[inline]
pub(crate) fn map(address: SocketAddrV4) -> SocketAddrV6 {
    SocketAddrV6::new(map_ip(*address.ip()), address.port(), 0, 0)
}

/// Like `map`, without a port.
#[inline]
pub(crate) fn map_ip(ip: Ipv4Addr) -> Ipv6Addr {
    ip.to_ipv6_mapped()
}

/// Returns the kernel's form of an address of either family.
pub(crate) fn wire_ip(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => map_ip(ip),
        IpAddr::V6(ip) => ip,
    }
}

/// Returns the IPv4 address that is written in IPv6 notation, if `ip` is one.
#[inline]
pub(crate) fn unmap_ip(ip: &Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = ip.octets();
    is_mapped(ip).then(|| [a, b, c, d].into())
}

/// Returns the address that the kernel's form stands for.
///
/// Scope and flow information of a mapped address are dropped, because IPv4 has neither.
#[inline]
pub(crate) fn canonical(wire: SocketAddrV6) -> SocketAddr {
    let mut address = SocketAddr::V6(wire);
    if may_be_mapped(wire.ip()) {
        unmap(&mut address);
    }
    address
}

/// The part of `canonical` that stays out of line. It works in place, so that the address is moved
/// as a whole.
#[inline(never)]
fn unmap(address: &mut SocketAddr) {
    if let SocketAddr::V6(wire) = address {
        if let Some(ip) = unmap_ip(wire.ip()) {
            *address = SocketAddrV4::new(ip, wire.port()).into();
        }
    }
}

/// Like `canonical`, without a port.
#[inline]
pub(crate) fn canonical_ip(ip: impl Into<IpAddr>) -> IpAddr {
    match ip.into() {
        IpAddr::V6(ip) => unmap_ip(&ip).map_or_else(|| ip.into(), IpAddr::V4),
        ip => ip,
    }
}

/// The notation that an IPv4 address had when it was given to this crate.
///
/// It serves an error message only. All notations are equal, so that a type with this field
/// compares and hashes by the address alone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Notation {
    /// That of its own family.
    Own,
    /// IPv6 notation.
    Mapped,
}

impl Notation {
    /// Returns the address that is meant, and the notation in which it is written.
    pub(super) fn read(ip: IpAddr) -> (IpAddr, Self) {
        let canonical = canonical_ip(ip);
        (canonical, if canonical == ip { Self::Own } else { Self::Mapped })
    }
}

impl PartialEq for Notation {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Notation {}

impl PartialOrd for Notation {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Notation {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl Hash for Notation {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// An IPv4 address that prints in IPv6 notation, for the one error that explains why a socket
/// refuses what looks like IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written(pub(super) Ipv4Addr);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        map_ip(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{DefaultHasher, Hash, Hasher};

    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> Ipv6Addr {
        text.parse().unwrap()
    }

    /// Any address, with one out of two in `::ffff:0:0/96` or a bit away from it.
    fn any_ip() -> impl Strategy<Value = Ipv6Addr> {
        let near = (any::<u32>(), prop::option::of(0..128_u32)).prop_map(|(ip, flipped)| {
            let mapped = Ipv4Addr::from(ip).to_ipv6_mapped().to_bits();
            Ipv6Addr::from(mapped ^ flipped.map_or(0, |bit| 1 << bit))
        });
        prop_oneof![any::<Ipv6Addr>(), near]
    }

    proptest! {
        // A failing case is printed; nothing is written beside the sources.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        /// The functions of std are the reference.
        #[test]
        fn mapped_address_matches_std(ip in any_ip(), port: u16, flow: u32, scope: u32) {
            prop_assert_eq!(is_mapped(&ip), ip.to_ipv4_mapped().is_some());
            prop_assert!(may_be_mapped(&ip) || !is_mapped(&ip));
            prop_assert_eq!(unmap_ip(&ip), ip.to_ipv4_mapped());
            prop_assert_eq!(canonical_ip(ip), ip.to_canonical());
            prop_assert_eq!(is_wildcard(&ip), ip.to_canonical().is_unspecified());
            let wire = SocketAddrV6::new(ip, port, flow, scope);
            let address = canonical(wire);
            prop_assert_eq!((address.ip(), address.port()), (ip.to_canonical(), port));
            prop_assert!(address.is_ipv4() || address == SocketAddr::V6(wire));
        }

        #[test]
        fn ipv4_address_survives_the_round_trip(ip: Ipv4Addr, port: u16) {
            let address = SocketAddrV4::new(ip, port);
            prop_assert_eq!(canonical(map(address)), SocketAddr::V4(address));
            prop_assert_eq!(canonical_ip(map_ip(ip)), IpAddr::V4(ip));
            prop_assert_eq!(wire_ip(ip.into()), map_ip(ip));
        }
    }

    #[test]
    fn other_ipv4_notations_stay_ipv6() {
        for text in ["::192.0.2.1", "64:ff9b::192.0.2.1", "::1:ffff:c000:201", "::ffff:0:c000:201"]
        {
            assert_eq!(canonical_ip(ip(text)), IpAddr::V6(ip(text)), "{text}");
        }
    }

    #[test]
    fn wildcard_is_one_of_either_family() {
        assert!(is_wildcard(&ip("::")) && is_wildcard(&ip("::ffff:0.0.0.0")));
        assert!(!is_wildcard(&ip("::1")) && !is_wildcard(&ip("::ffff:192.0.2.1")));
    }

    #[test]
    fn notation_takes_no_part_in_comparisons() {
        let hash = |notation: Notation| {
            let mut hasher = DefaultHasher::new();
            notation.hash(&mut hasher);
            hasher.finish()
        };
        let (own, mapped) = (Notation::Own, Notation::Mapped);
        assert_eq!(own, mapped);
        assert_eq!((own.cmp(&mapped), mapped.cmp(&own)), (Ordering::Equal, Ordering::Equal));
        assert_eq!(own.partial_cmp(&mapped), Some(Ordering::Equal));
        assert_eq!(hash(own), hash(mapped));
    }
}
