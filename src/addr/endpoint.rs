//! An address and a port, as people write them: [`Endpoint`].

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::NonZeroU32;
use std::str::FromStr;

use super::mapped::Notation;
use super::{AddressError, Zone};
use crate::error::reason::AddressFault;

/// An address and a port, with a zone where the address needs one: `[fe80::1%eth0]:8000`.
///
/// An endpoint is what a person wrote: it may name an interface that does not exist, or hold an
/// IPv4 address. Whether a socket can use it is checked when it is used.
///
/// | text | is |
/// | --- | --- |
/// | `[2001:db8::1]:80` | an IPv6 address |
/// | `[fe80::1%eth0]:80` | with a zone, by the name of the interface (RFC 4007, section 11) |
/// | `[fe80::1%2]:80` | with a zone, by the index of the interface |
/// | `192.0.2.1:80` | an IPv4 address, for sockets in [`DualStack`](crate::DualStack) or [`AnyMode`](crate::AnyMode) |
/// | `[::ffff:192.0.2.1]:80` | the same IPv4 address |
///
/// An IPv4 address in IPv6 notation (`::ffff:0:0/96`) becomes the IPv4 address that it is, whether
/// the endpoint is parsed or converted. [`ip`](Self::ip) returns that address, so a list of IPv4
/// addresses matches. The notation has no influence on comparisons, hashes and printing. Two other
/// notations stay IPv6 addresses, as the kernel treats them: the IPv4-compatible form
/// (`::192.0.2.1`) and NAT64 prefixes (`64:ff9b::192.0.2.1`).
///
/// Host names are not looked up here: [`HappyEyeballs`](crate::connect::HappyEyeballs) is for them.
/// Printing gives the address as text that parses to an equal endpoint, except for flow
/// information, which has no text form.
///
/// # Examples
///
/// ```
/// use inet6::Endpoint;
///
/// let endpoint: Endpoint = "[fe80::1%eth0]:8000".parse()?;
/// assert_eq!(endpoint.ip().to_string(), "fe80::1");
/// assert_eq!(endpoint.port(), 8000);
/// assert_eq!(endpoint.zone().unwrap().to_string(), "eth0");
/// assert_eq!(endpoint.to_string(), "[fe80::1%eth0]:8000");
/// assert!("example.com:80".parse::<Endpoint>().is_err());
///
/// let endpoint: Endpoint = "[::ffff:192.0.2.1]:80".parse()?;
/// assert_eq!(endpoint, "192.0.2.1:80".parse()?);
/// assert_eq!(endpoint.to_string(), "192.0.2.1:80");
/// # Ok::<(), inet6::addr::AddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    pub(super) zone: Option<Zone>,
    pub(super) flow_info: u32,
    pub(super) notation: Notation,
}

impl Endpoint {
    /// An endpoint from a host and a port, as in `Endpoint::new("fe80::1%eth0", 8000)`.
    ///
    /// # Errors
    ///
    /// The host must be a literal IPv6 or IPv4 address without brackets. An IPv4 address must not
    /// have a zone, whatever its notation.
    ///
    /// # Examples
    ///
    /// ```
    /// let endpoint = inet6::Endpoint::new("fe80::1%eth0", 8000)?;
    /// assert_eq!(endpoint.to_string(), "[fe80::1%eth0]:8000");
    /// # Ok::<(), inet6::addr::AddressError>(())
    /// ```
    pub fn new(host: &str, port: u16) -> Result<Self, AddressError> {
        if host.starts_with('[') {
            return Err(AddressError::new(host, AddressFault::Brackets));
        }
        let (ip, zone) = match host.split_once('%') {
            Some((ip, zone)) => (ip, Some(zone)),
            None => (host, None),
        };
        let Ok(ip) = ip.parse::<IpAddr>() else {
            return Err(AddressError::new(host, AddressFault::NotLiteral));
        };
        let (ip, notation) = Notation::read(ip);
        let zone = match zone {
            Some(_) if ip.is_ipv4() => {
                return Err(AddressError::new(host, AddressFault::ZoneOnIpv4));
            }
            Some(zone) => Some(zone.parse()?),
            None => None,
        };
        Ok(Self { ip, port, zone, flow_info: 0, notation })
    }

    /// Returns the address, without its zone.
    ///
    /// It is never an IPv4 address in IPv6 notation.
    ///
    /// # Examples
    ///
    /// See [`Endpoint`].
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// The port.
    ///
    /// # Examples
    ///
    /// See [`Endpoint`].
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The zone, if one is given.
    ///
    /// # Examples
    ///
    /// See [`Endpoint`].
    #[must_use]
    pub fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }
}

impl FromStr for Endpoint {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let fail = |reason| Err(AddressError::new(text, reason));
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let Some((host, port)) = rest.split_once(']') else {
                return fail(AddressFault::NotLiteral);
            };
            let Some(port) = port.strip_prefix(':') else {
                return fail(AddressFault::NoPort);
            };
            if host.parse::<Ipv4Addr>().is_ok() {
                return fail(AddressFault::Brackets);
            }
            (host, port)
        } else {
            let Some((host, port)) = text.rsplit_once(':') else {
                return fail(if text.parse::<Ipv4Addr>().is_ok() {
                    AddressFault::NoPort
                } else {
                    AddressFault::NotLiteral
                });
            };
            if host.contains(':') {
                // `::1:80` is an address as it stands, and `fe80::1%eth0` ends in no port.
                return fail(AddressFault::NoBrackets);
            }
            (host, port)
        };
        // `u16::from_str` takes a sign, a port does not.
        let Some(number) = port.parse().ok().filter(|_| !port.starts_with('+')) else {
            return fail(AddressFault::Port);
        };
        match Self::new(host, number) {
            Err(AddressError { reason: AddressFault::NotLiteral, .. }) => {
                fail(AddressFault::NotLiteral)
            }
            other => other,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ip, &self.zone) {
            (IpAddr::V4(ip), _) => SocketAddrV4::new(ip, self.port).fmt(f),
            (IpAddr::V6(ip), None) => SocketAddrV6::new(ip, self.port, 0, 0).fmt(f),
            (IpAddr::V6(ip), Some(zone)) => f.pad(&format!("[{ip}%{zone}]:{}", self.port)),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An IPv4 address in IPv6 notation loses its scope and its flow information: IPv4 has neither.
impl From<SocketAddrV6> for Endpoint {
    fn from(address: SocketAddrV6) -> Self {
        let (ip, notation) = Notation::read((*address.ip()).into());
        let (scope, flow_info) = match ip {
            IpAddr::V4(_) => (0, 0),
            IpAddr::V6(_) => (address.scope_id(), address.flowinfo()),
        };
        let zone = NonZeroU32::new(scope).map(Zone::from);
        Self { ip, port: address.port(), zone, flow_info, notation }
    }
}

impl From<SocketAddrV4> for Endpoint {
    fn from(address: SocketAddrV4) -> Self {
        Self {
            ip: IpAddr::V4(*address.ip()),
            port: address.port(),
            zone: None,
            flow_info: 0,
            notation: Notation::Own,
        }
    }
}

/// Like the conversions from [`SocketAddrV6`] and [`SocketAddrV4`].
impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(address) => address.into(),
            SocketAddr::V6(address) => address.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    mod property;

    use std::cmp::Ordering;
    use std::hash::{DefaultHasher, Hash, Hasher};

    use std::io;

    use super::*;
    use crate::addr::is_zoned;
    use crate::addr::mapped::Written;
    use crate::addr::to_address::ToWire;
    use crate::mode::{AnyMode, DualStack, Mode, V6Only};

    fn eth0(name: &str) -> io::Result<Option<NonZeroU32>> {
        Ok(NonZeroU32::new(if name == "eth0" { 7 } else { 0 }))
    }

    fn error(text: &str) -> AddressFault {
        text.parse::<Endpoint>().expect_err(text).reason
    }

    #[test]
    fn names_and_indexes_become_scope_ids() {
        for text in ["[fe80::1%eth0]:80", "[fe80::1%7]:80", "[fe80::1%007]:80"] {
            let wire = text.to_wire(V6Only, eth0).expect(text);
            assert_eq!((wire.scope_id(), wire.port()), (7, 80), "{text}");
        }
        assert_eq!(("fe80::1%eth0", 80).to_wire(V6Only, eth0).unwrap().scope_id(), 7);
    }

    #[test]
    fn unknown_interface_is_refused() {
        let reason = |text: &str| text.to_wire(V6Only, eth0).expect_err(text).reason;
        assert_eq!(reason("[fe80::1%eth1]:80"), AddressFault::UnknownInterface);
        assert_eq!(reason("[fe80::1%25eth0]:80"), AddressFault::UrlZone);
    }

    #[test]
    fn failed_look_up_is_not_absence() {
        let failing = |_: &str| Err(io::Error::from_raw_os_error(13));
        let error = "[fe80::1%eth0]:80".to_wire(V6Only, failing).unwrap_err();
        let cause = io::Error::from_raw_os_error(13);
        assert_eq!((error.kind(), error.raw_os_error()), (cause.kind(), Some(13)));
        let text = "`[fe80::1%eth0]:80` names an interface that cannot be looked up: ";
        assert_eq!(error.to_string(), format!("{text}{cause}"));
        assert_eq!(io::Error::from(error).kind(), cause.kind());
    }

    #[test]
    fn malformed_address_reports_reason() {
        assert_eq!(error("localhost:80"), AddressFault::NotLiteral);
        assert_eq!(error("[::1"), AddressFault::NotLiteral);
        assert_eq!(error(""), AddressFault::NotLiteral);
        assert_eq!(error("[::g]:80"), AddressFault::NotLiteral);
        assert_eq!(error("[::1]"), AddressFault::NoPort);
        assert_eq!(error("192.0.2.1"), AddressFault::NoPort);
        assert_eq!(error("::1:80"), AddressFault::NoBrackets);
        assert_eq!(error("fe80::1%eth0"), AddressFault::NoBrackets);
        assert_eq!(error("[192.0.2.1]:80"), AddressFault::Brackets);
        assert_eq!(error("[::1]:65536"), AddressFault::Port);
        assert_eq!(error("[::1]:+80"), AddressFault::Port);
        assert_eq!(error("[::1]:"), AddressFault::Port);
        assert_eq!(error("[fe80::1%]:80"), AddressFault::Zone);
        assert_eq!(error("[fe80::1%e%0]:80"), AddressFault::Zone);
        assert_eq!(error("[fe80::1%0]:80"), AddressFault::ZoneIndex);
        assert_eq!(error("[fe80::1%4294967296]:80"), AddressFault::ZoneIndex);
        assert_eq!(error("192.0.2.1%eth0:80"), AddressFault::ZoneOnIpv4);
        assert_eq!(error("[::ffff:192.0.2.1%eth0]:80"), AddressFault::ZoneOnIpv4);
        assert_eq!(error("[::ffff:c000:201%7]:80"), AddressFault::ZoneOnIpv4);
        assert_eq!(Endpoint::new("[::1]", 80).unwrap_err().reason, AddressFault::Brackets);
    }

    #[test]
    fn error_prints_one_plain_line() {
        let error = "a\nb\x1b[31m:80".parse::<Endpoint>().unwrap_err();
        let text = "`a\\nb\\u{1b}[31m:80` is not a literal IPv6 or IPv4 address: `connect_host` \
                    looks host names up";
        assert_eq!(error.to_string(), text);
        assert!(Endpoint::new("fe80::1%é", 80).unwrap().to_string().contains('é'));
        assert!("é:80".parse::<Endpoint>().unwrap_err().to_string().starts_with("`é:80`"));
    }

    #[test]
    fn ipv4_requires_suitable_mode() {
        let text = "192.0.2.1:80";
        let ip = Ipv4Addr::new(192, 0, 2, 1);
        let mapped: SocketAddrV6 = "[::ffff:192.0.2.1]:80".parse().unwrap();
        assert_eq!(text.to_wire(V6Only, eth0).unwrap_err().reason, AddressFault::Ipv4);
        assert_eq!(text.to_wire(AnyMode::V6Only, eth0).unwrap_err().reason, AddressFault::Ipv4);
        assert_eq!(
            mapped.to_wire(V6Only, eth0).unwrap_err().reason,
            AddressFault::Mapped(Written(ip))
        );
        assert_eq!(
            mapped.to_wire(AnyMode::V6Only, eth0).unwrap_err().reason,
            AddressFault::Mapped(Written(ip))
        );
        assert_eq!(text.to_wire(DualStack, eth0).unwrap(), mapped);
        assert_eq!(text.to_wire(AnyMode::DualStack, eth0).unwrap(), mapped);
        assert_eq!(mapped.to_wire(DualStack, eth0).unwrap(), mapped);
    }

    #[test]
    fn link_local_addresses_need_a_zone() {
        for ip in ["fe80::1", "febf::1", "ff01::1", "ff02::1", "ff12::1", "ff32::1"] {
            assert!(is_zoned(&ip.parse().unwrap()), "{ip}");
        }
        for ip in ["::1", "fec0::1", "2001:db8::1", "ff05::1", "ff0e::1", "fd00::1"] {
            assert!(!is_zoned(&ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn flow_information_and_scope_survive() {
        let address = SocketAddrV6::new("fe80::1".parse().unwrap(), 80, 5, 7);
        assert_eq!(Endpoint::from(address).to_wire(V6Only, eth0).unwrap(), address);
    }

    #[test]
    fn zone_is_name_or_index() {
        let zone = |text: &str| text.parse::<Zone>();
        assert_eq!(zone("eth0").unwrap().name(), Some("eth0"));
        assert_eq!(zone("7").unwrap().name(), None);
        for text in ["", "a b", "a\tb", "a\x1bb", "a\u{85}b", "a%b", "a/b", "a[b", "a]b"] {
            assert_eq!(zone(text).unwrap_err().reason, AddressFault::Zone, "{text:?}");
        }
    }

    #[test]
    fn error_debug_equals_display() {
        let error = "::1".parse::<Endpoint>().unwrap_err();
        assert_eq!(format!("{error:?}"), error.to_string());
        assert!(!error.to_string().is_empty());
    }

    /// The data path stands on it: what is not lent is looked at once more.
    #[test]
    fn unambiguous_address_is_borrowed() {
        fn lent<M: Mode>(mode: M, address: &(impl ToWire<M> + ?Sized)) -> Option<SocketAddrV6> {
            address.lend(mode, &mut None).copied()
        }
        let v6: SocketAddrV6 = "[2001:db8::1]:80".parse().unwrap();
        let v4: SocketAddrV4 = "192.0.2.1:80".parse().unwrap();
        let mapped = "[::ffff:192.0.2.1]:80".parse().unwrap();
        assert_eq!(lent(V6Only, &v6), Some(v6));
        assert_eq!(lent(V6Only, &&v6), Some(v6));
        assert_eq!(lent(V6Only, &(*v6.ip(), 80)), Some(v6));
        assert_eq!(lent(DualStack, &SocketAddr::V6(v6)), Some(v6));
        assert_eq!(lent(DualStack, &SocketAddr::V4(v4)), Some(mapped));
        assert_eq!(lent(DualStack, &v4), Some(mapped));
        assert_eq!(lent(AnyMode::V6Only, &v4), None);
        // Its scope and flow information are to be dropped.
        assert_eq!(lent(DualStack, &mapped), None);
        assert_eq!(lent(V6Only, &mapped), None);
        for zoned in ["[fe80::1%7]:80", "[ff02::1]:80"] {
            assert_eq!(lent(DualStack, &zoned.parse::<SocketAddrV6>().unwrap()), None, "{zoned}");
        }
        assert_eq!(lent(DualStack, "[2001:db8::1]:80"), None);
    }

    #[test]
    fn mapped_endpoint_is_canonical() {
        let plain: Endpoint = "192.0.2.1:80".parse().unwrap();
        let wire = SocketAddrV6::new("::ffff:192.0.2.1".parse().unwrap(), 80, 5, 7);
        let mapped = [
            "[::ffff:192.0.2.1]:80".parse().unwrap(),
            "[::ffff:c000:201]:80".parse().unwrap(),
            Endpoint::new("::ffff:192.0.2.1", 80).unwrap(),
            Endpoint::from(wire),
            Endpoint::from(SocketAddr::V6(wire)),
        ];
        let hash = |endpoint: &Endpoint| {
            let mut hasher = DefaultHasher::new();
            endpoint.hash(&mut hasher);
            hasher.finish()
        };
        for endpoint in mapped {
            assert_eq!(endpoint.ip(), Ipv4Addr::new(192, 0, 2, 1));
            assert_eq!((endpoint.zone(), endpoint.to_string()), (None, "192.0.2.1:80".to_owned()));
            assert_eq!((&endpoint, endpoint.cmp(&plain)), (&plain, Ordering::Equal));
            assert_eq!(hash(&endpoint), hash(&plain));
            let wire = SocketAddrV6::new(*wire.ip(), 80, 0, 0);
            assert_eq!(endpoint.to_wire(DualStack, eth0), Ok(wire));
            let error = endpoint.to_wire(V6Only, eth0).unwrap_err().to_string();
            assert!(
                error.starts_with("`192.0.2.1:80` was written as `::ffff:192.0.2.1`"),
                "{error}"
            );
        }
    }

    #[test]
    fn other_ipv4_notations_stay_ipv6() {
        for host in ["::192.0.2.1", "64:ff9b::192.0.2.1", "::ffff:0:c000:201"] {
            let endpoint = Endpoint::new(host, 80).unwrap();
            assert!(endpoint.ip().is_ipv6(), "{host}");
            assert!(endpoint.to_wire(V6Only, eth0).is_ok(), "{host}");
        }
    }
}
