//! Whether a source address suits a destination (RFC 6724).

use std::net::IpAddr;

/// The labels of the policy table (RFC 6724, section 2.1), the longest prefix first: prefix, its
/// length, label. Everything else has label 1.
const LABELS: [([u16; 8], u32, u8); 7] = [
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, 0),
    ([0; 8], 96, 3),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, 5),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, 2),
    ([0x3ffe, 0, 0, 0, 0, 0, 0, 0], 16, 12),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, 11),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, 13),
];
const IPV4_LABEL: u8 = 4;
const OTHER_LABEL: u8 = 1;

/// Scopes, as in multicast addresses (RFC 4291, section 2.7).
const LINK_LOCAL: u8 = 0x2;
const SITE_LOCAL: u8 = 0x5;
const GLOBAL: u8 = 0xe;

/// Whether rules 2 and 5 of destination address selection (RFC 6724, section 6) speak for a
/// destination: its source has the same scope and the same label.
///
/// A unique local source does not suit a global destination: the Internet has no route back to it.
pub(crate) fn suits(source: IpAddr, destination: IpAddr) -> bool {
    scope(source) == scope(destination) && label(source) == label(destination)
}

/// RFC 6724, section 3: private IPv4 addresses are global, because they are translated.
fn scope(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(ip) if ip.is_loopback() || ip.is_link_local() => LINK_LOCAL,
        IpAddr::V4(_) => GLOBAL,
        IpAddr::V6(ip) if ip.is_multicast() => ip.octets()[1] & 0xf,
        IpAddr::V6(ip) if ip.is_loopback() => LINK_LOCAL,
        IpAddr::V6(ip) => match ip.segments()[0] & 0xffc0 {
            0xfe80 => LINK_LOCAL,
            0xfec0 => SITE_LOCAL,
            _ => GLOBAL,
        },
    }
}

fn label(ip: IpAddr) -> u8 {
    let IpAddr::V6(ip) = ip else { return IPV4_LABEL };
    let in_prefix = |prefix: [u16; 8], len: u32| {
        let differs = u128::from(ip) ^ u128::from(std::net::Ipv6Addr::from(prefix));
        differs.leading_zeros() >= len
    };
    let row = LABELS.iter().find(|(prefix, len, _)| in_prefix(*prefix, *len));
    row.map_or(OTHER_LABEL, |(_, _, label)| *label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn scope_is_that_of_rfc_6724() {
        for (address, expected) in [
            ("::1", LINK_LOCAL),
            ("fe80::1", LINK_LOCAL),
            ("febf::1", LINK_LOCAL),
            ("fec0::1", SITE_LOCAL),
            ("fd00::1", GLOBAL),
            ("2001:db8::1", GLOBAL),
            ("ff02::1", 2),
            ("ff15::1", 5),
            ("ff0e::1", 14),
            ("127.0.0.1", LINK_LOCAL),
            ("169.254.1.1", LINK_LOCAL),
            ("192.168.0.1", GLOBAL),
            ("192.0.2.1", GLOBAL),
        ] {
            assert_eq!(scope(ip(address)), expected, "{address}");
        }
    }

    #[test]
    fn label_follows_policy_table() {
        for (address, expected) in [
            ("::1", 0),
            ("::2", 3),
            ("::192.0.2.1", 3),
            ("192.0.2.1", 4),
            ("2001::1", 5),
            ("2001:db8::1", 1),
            ("2002:c000:201::1", 2),
            ("3ffe::1", 12),
            ("fc00::1", 13),
            ("fdff::1", 13),
            ("fe80::1", 1),
            ("fec0::1", 11),
            ("feff::1", 11),
            ("ff02::1", 1),
            ("2a00::1", 1),
            ("64:ff9b::1", 1),
        ] {
            assert_eq!(label(ip(address)), expected, "{address}");
        }
    }

    #[test]
    fn matching_scope_and_label_suit() {
        for (source, destination) in [
            ("2001:db8::1", "2001:db8:ffff::1"),
            ("2001:db8::1", "2a00::1"),
            ("2001:db8::1", "64:ff9b::1"),
            ("fd00::1", "fd12::1"),
            ("fe80::1", "fe80::2"),
            ("fe80::1", "ff02::1"),
            ("::1", "::1"),
            ("192.168.0.1", "192.0.2.1"),
            ("127.0.0.1", "127.0.0.53"),
            ("169.254.0.1", "169.254.0.2"),
        ] {
            assert!(suits(ip(source), ip(destination)), "{source} to {destination}");
        }
    }

    #[test]
    fn source_needs_matching_scope_and_label() {
        for (source, destination) in [
            ("fd00::1", "2001:db8::1"),
            ("2001:db8::1", "fd00::1"),
            ("fe80::1", "2001:db8::1"),
            ("fec0::1", "2001:db8::1"),
            ("2002:c000:201::1", "2001:db8::1"),
            ("2001::1", "2001:db8::1"),
            ("::1", "2001:db8::1"),
            ("169.254.0.1", "192.0.2.1"),
            ("2001:db8::1", "ff02::1"),
        ] {
            assert!(!suits(ip(source), ip(destination)), "{source} to {destination}");
        }
    }
}
