//! What systems do differently: decisions, as functions of the system and of facts.
//!
//! Nothing here asks the kernel. Every decision is compiled and tested on every system, and the
//! callers pass [`System::HERE`]. Values that merely differ (numbers, sizes) are in the tables of
//! [`option_numbers`](super::option_numbers). `docs/platforms.md` names the file and the function
//! of each kernel that a decision was read from.

use std::ffi::c_int;

use self::System::*;

/// The systems that decisions differ for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// Android too.
    Linux,
    Windows,
    /// macOS, iOS and their kin.
    Apple,
    FreeBsd,
    NetBsd,
    OpenBsd,
    DragonFly,
    /// Solaris too.
    Illumos,
    Haiku,
    /// Any other system. Its source has not been read.
    Other,
}

/// Whether several sockets on one port share what arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    Yes,
    /// They do not, on a dual-stack socket that is bound to every address.
    NotOnWildcards,
    /// The sockets above this number receive nothing.
    AtMost(usize),
}

#[cfg_attr(windows, allow(dead_code, reason = "some decisions are about Unix systems"))]
impl System {
    /// The system that this is compiled for.
    pub(crate) const HERE: Self = if cfg!(any(target_os = "linux", target_os = "android")) {
        Linux
    } else if cfg!(windows) {
        Windows
    } else if cfg!(target_vendor = "apple") {
        Apple
    } else if cfg!(target_os = "freebsd") {
        FreeBsd
    } else if cfg!(target_os = "netbsd") {
        NetBsd
    } else if cfg!(target_os = "openbsd") {
        OpenBsd
    } else if cfg!(target_os = "dragonfly") {
        DragonFly
    } else if cfg!(any(target_os = "illumos", target_os = "solaris")) {
        Illumos
    } else if cfg!(target_os = "haiku") {
        Haiku
    } else {
        Other
    };

    /// Whether a socket can serve IPv6 and IPv4.
    pub(crate) const fn has_dual_stack(self) -> bool {
        !matches!(self, OpenBsd | DragonFly)
    }

    // Accepting.

    /// Whether what `accept4` gives is nonblocking although the flag was not given, because the
    /// listener is.
    pub(crate) const fn accept4_inherits_nonblocking(self) -> bool {
        matches!(self, Illumos)
    }

    /// Whether fast open is an option of a socket that listens already.
    pub(crate) const fn opens_fast_after_listen(self) -> bool {
        matches!(self, Apple | FreeBsd)
    }

    /// The value that switches fast open on for a queue of so many.
    pub(crate) const fn fast_open(self, queue: u32) -> u32 {
        match self {
            Apple | FreeBsd if queue > 1 => 1,
            _ => queue,
        }
    }

    /// The queue that a value of fast open means; FreeBSD reads a bit of its own flags.
    pub(crate) const fn fast_open_queue(self, value: u32) -> u32 {
        match self {
            Apple | FreeBsd if value > 1 => 1,
            _ => value,
        }
    }

    /// Whether `EPERM` of fast open says that the administrator has switched it off.
    pub(crate) const fn switches_fast_open_off(self) -> bool {
        matches!(self, FreeBsd)
    }

    /// Whether `count` sockets on one address share what arrives; `wildcard` is whether the address
    /// is `::` or `0.0.0.0`.
    pub(crate) const fn shares(self, count: usize, dual_stack: bool, wildcard: bool) -> Sharing {
        // INPCBLBGROUP_SIZMAX of FreeBSD, INP_LOCALGROUP_SIZMAX of DragonFly.
        const MOST: usize = 256;
        match self {
            FreeBsd if dual_stack && wildcard => Sharing::NotOnWildcards,
            FreeBsd | DragonFly if count > MOST => Sharing::AtMost(MOST),
            _ => Sharing::Yes,
        }
    }

    // Options.

    /// Whether 0 as the protocol of a socket may be what the program gave to `socket`: "the usual
    /// one".
    pub(crate) const fn may_not_name_protocol(self) -> bool {
        matches!(self, Illumos)
    }

    /// The value of a hop limit. -1 is the default, which for IPv4 peers two systems take for 255.
    pub(crate) const fn hops(self, dual_stack: bool, hops: Option<u8>) -> c_int {
        /// IPDEFTTL and IPV6_DEFHLIM.
        const DEFAULT: c_int = 64;
        match (self, hops) {
            (_, Some(hops)) => hops as c_int,
            (Apple | FreeBsd, None) if dual_stack => DEFAULT,
            (_, None) => -1,
        }
    }

    /// Whether interface 0 leaves the interface of multicast to the system again.
    pub(crate) const fn unsets_multicast_interface(self) -> bool {
        !matches!(self, Apple | DragonFly)
    }

    /// The value of `IPV6_USER_MTU` and `IP_USER_MTU` that sets no bound; Windows calls it
    /// MAXULONG.
    pub(crate) const fn no_mtu(self) -> c_int {
        match self {
            Windows => -1,
            _ => 0,
        }
    }

    /// An address of an interface as it is on the wire: in a link-local one, the systems whose IPv6
    /// began with KAME keep the index of the zone in bytes 2 and 3.
    #[cfg_attr(target_os = "linux", allow(dead_code, reason = "netlink lists the addresses"))]
    pub(crate) fn without_zone(self, mut octets: [u8; 16]) -> [u8; 16] {
        let embeds = matches!(self, Apple | FreeBsd | NetBsd | OpenBsd | DragonFly);
        if embeds && octets[0] == 0xfe && octets[1] & 0xc0 == 0x80 {
            octets[2..4].fill(0);
        }
        octets
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    const ALL: [System; 10] =
        [Linux, Windows, Apple, FreeBsd, NetBsd, OpenBsd, DragonFly, Illumos, Haiku, Other];

    /// The systems for which a decision is "yes".
    fn those(decision: impl Fn(System) -> bool) -> Vec<System> {
        ALL.into_iter().filter(|system| decision(*system)).collect()
    }

    #[test]
    fn only_illumos_inherits_through_accept4() {
        assert_eq!(those(System::accept4_inherits_nonblocking), [Illumos]);
    }

    #[test]
    fn two_systems_switch_fast_open() {
        let switches = those(|system| system.fast_open(16) == 1);
        assert_eq!(switches, [Apple, FreeBsd]);
        assert_eq!(those(System::opens_fast_after_listen), switches);
        // TF_FASTOPEN of FreeBSD.
        assert_eq!(those(|system| system.fast_open_queue(0x1000_0000) == 1), switches);
        for system in ALL {
            for value in [0, 1] {
                assert_eq!(system.fast_open(value), value);
                assert_eq!(system.fast_open_queue(value), value);
            }
            assert_eq!(system.fast_open_queue(system.fast_open(16)), system.fast_open(16));
        }
        assert_eq!(those(System::switches_fast_open_off), [FreeBsd]);
    }

    #[test]
    fn two_systems_lack_dual_stack() {
        assert_eq!(those(|system| !system.has_dual_stack()), [OpenBsd, DragonFly]);
    }

    #[test]
    fn unshared_sockets_are_refused() {
        for system in ALL {
            for (dual_stack, wildcard) in [(false, false), (false, true), (true, false)] {
                assert_eq!(system.shares(256, dual_stack, wildcard), Sharing::Yes);
            }
        }
        let refused = those(|system| system.shares(1, true, true) == Sharing::NotOnWildcards);
        assert_eq!(refused, [FreeBsd]);
        let refused = those(|system| system.shares(257, false, true) == Sharing::AtMost(256));
        assert_eq!(refused, [FreeBsd, DragonFly]);
    }

    #[test]
    fn default_hop_limit_is_never_255() {
        for system in ALL {
            for dual_stack in [false, true] {
                assert_eq!(system.hops(dual_stack, Some(0)), 0);
                assert_eq!(system.hops(dual_stack, Some(255)), 255);
            }
            assert_eq!(system.hops(false, None), -1);
        }
        assert_eq!(those(|system| system.hops(true, None) == 64), [Apple, FreeBsd]);
    }

    #[test]
    fn other_values_differ_by_system() {
        assert_eq!(those(System::may_not_name_protocol), [Illumos]);
        assert_eq!(those(|system| !system.unsets_multicast_interface()), [Apple, DragonFly]);
        assert_eq!(those(|system| system.no_mtu() != 0), [Windows]);
        assert_eq!(Windows.no_mtu() as u32, u32::MAX);
    }

    #[test]
    fn kame_systems_lose_embedded_zone() {
        let stripped = |system: System, ip: &str| {
            let octets = ip.parse::<Ipv6Addr>().unwrap().octets();
            Ipv6Addr::from(system.without_zone(octets)).to_string()
        };
        let kame = [Apple, FreeBsd, NetBsd, OpenBsd, DragonFly];
        for (ip, wire) in [("fe80:5::1", "fe80::1"), ("febf:5::1", "febf::1")] {
            assert_eq!(those(|system| stripped(system, ip) == wire), kame);
            assert_eq!(those(|system| stripped(system, ip) == ip), those(|it| !kame.contains(&it)));
        }
        for other in ["fe80::1", "fec0:5::1", "fe40:5::1", "fe00:5::1", "2080:5::1", "ff82:5::1"] {
            assert!(those(|system| stripped(system, other) != other).is_empty(), "{other}");
        }
    }
}
