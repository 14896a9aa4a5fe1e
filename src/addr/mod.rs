//! Addresses as people write them: [`Endpoint`], [`Zone`], and what [`ToAddress`] accepts.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::NonZeroU32;
use std::str::FromStr;

#[cfg(any(test, fuzzing))]
pub(crate) mod invariants;
pub(crate) mod mapped;
mod to_address;

use self::mapped::{Notation, Written};
pub use self::to_address::ToAddress;
pub(crate) use self::to_address::{ToEndpoint, is_zoned};

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
/// An IPv4 address in IPv6 notation (`::ffff:0:0/96`) becomes the IPv4 address that it is, whether the
/// endpoint is parsed or converted. [`ip`](Self::ip) returns that address, so a list of IPv4 addresses
/// matches. The notation has no influence on comparisons, hashes and printing. Two other notations stay
/// IPv6 addresses, as the kernel treats them: the IPv4-compatible form (`::192.0.2.1`) and NAT64
/// prefixes (`64:ff9b::192.0.2.1`).
///
/// Host names are not looked up here: [`HappyEyeballs`](crate::HappyEyeballs) is for them. Printing gives the
/// address as text that parses to an equal endpoint, except for flow information, which has no text form.
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
/// # Ok::<(), inet6::AddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    ip: IpAddr,
    port: u16,
    zone: Option<Zone>,
    flow_info: u32,
    notation: Notation,
}

impl Endpoint {
    /// An endpoint from a host and a port, as in `Endpoint::new("fe80::1%eth0", 8000)`.
    ///
    /// # Errors
    ///
    /// The host must be a literal IPv6 or IPv4 address without brackets. An IPv4 address must not have
    /// a zone, whatever its notation.
    ///
    /// # Examples
    ///
    /// ```
    /// let endpoint = inet6::Endpoint::new("fe80::1%eth0", 8000)?;
    /// assert_eq!(endpoint.to_string(), "[fe80::1%eth0]:8000");
    /// # Ok::<(), inet6::AddressError>(())
    /// ```
    pub fn new(host: &str, port: u16) -> Result<Self, AddressError> {
        if host.starts_with('[') {
            return Err(AddressError::new(host, Reason::Brackets));
        }
        let (ip, zone) = match host.split_once('%') {
            Some((ip, zone)) => (ip, Some(zone)),
            None => (host, None),
        };
        let Ok(ip) = ip.parse::<IpAddr>() else {
            return Err(AddressError::new(host, Reason::NotLiteral));
        };
        let (ip, notation) = Notation::read(ip);
        let zone = match zone {
            Some(_) if ip.is_ipv4() => return Err(AddressError::new(host, Reason::ZoneOnIpv4)),
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
                return fail(Reason::NotLiteral);
            };
            let Some(port) = port.strip_prefix(':') else {
                return fail(Reason::NoPort);
            };
            if host.parse::<Ipv4Addr>().is_ok() {
                return fail(Reason::Brackets);
            }
            (host, port)
        } else {
            let Some((host, port)) = text.rsplit_once(':') else {
                return fail(if text.parse::<Ipv4Addr>().is_ok() {
                    Reason::NoPort
                } else {
                    Reason::NotLiteral
                });
            };
            if host.contains(':') {
                // `::1:80` is an address as it stands, and `fe80::1%eth0` ends in no port.
                return fail(Reason::NoBrackets);
            }
            (host, port)
        };
        // `u16::from_str` takes a sign, a port does not.
        let Some(number) = port.parse().ok().filter(|_| !port.starts_with('+')) else {
            return fail(Reason::Port);
        };
        match Self::new(host, number) {
            Err(AddressError { reason: Reason::NotLiteral, .. }) => fail(Reason::NotLiteral),
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

/// The part after the `%` of an address: which interface a link-local address is meant on
/// (RFC 4007).
///
/// A zone is the name of an interface or its index, as it was written; the name is looked up when
/// a socket uses the address. [`Interface`](crate::Interface) is an interface that exists.
///
/// # Examples
///
/// ```
/// use inet6::Zone;
///
/// assert_eq!("2".parse::<Zone>()?.index().unwrap().get(), 2);
/// assert_eq!("eth0".parse::<Zone>()?.name(), Some("eth0"));
/// assert!("".parse::<Zone>().is_err());
/// assert!("0".parse::<Zone>().is_err()); // 0 stands for no zone
/// # Ok::<(), inet6::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(ZoneForm);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum ZoneForm {
    Index(NonZeroU32),
    Name(Box<str>),
}

impl Zone {
    /// The index, if the zone was written as a number.
    ///
    /// # Examples
    ///
    /// See [`Zone`].
    #[must_use]
    pub fn index(&self) -> Option<NonZeroU32> {
        match self.0 {
            ZoneForm::Index(index) => Some(index),
            ZoneForm::Name(_) => None,
        }
    }

    /// The name, if the zone was written as a name.
    ///
    /// # Examples
    ///
    /// See [`Zone`].
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            ZoneForm::Index(_) => None,
            ZoneForm::Name(name) => Some(name),
        }
    }
}

impl FromStr for Zone {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let bad = |c: char| c.is_control() || c.is_whitespace() || "%/[]".contains(c);
        if text.is_empty() || text.contains(bad) {
            return Err(AddressError::new(text, Reason::Zone));
        }
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self(ZoneForm::Name(text.into())));
        }
        match text.parse() {
            Ok(index) => Ok(Self(ZoneForm::Index(index))),
            Err(_) => Err(AddressError::new(text, Reason::ZoneIndex)),
        }
    }
}

impl From<NonZeroU32> for Zone {
    fn from(index: NonZeroU32) -> Self {
        Self(ZoneForm::Index(index))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ZoneForm::Index(index) => index.fmt(f),
            ZoneForm::Name(name) => f.pad(name),
        }
    }
}

/// Why an address cannot be used. It converts into [`std::io::Error`], keeping the
/// [kind](Self::kind).
///
/// # Examples
///
/// ```
/// let error = "fe80::1:8000".parse::<inet6::Endpoint>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`fe80::1:8000` lacks brackets: write an IPv6 address and its port as [fe80::1]:8000",
/// );
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {reason}")]
pub struct AddressError {
    text: Box<str>,
    reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    #[error("is not a literal IPv6 or IPv4 address: `connect_host` looks host names up")]
    NotLiteral,
    #[error("has no port: write [::1]:8000 or 192.0.2.1:8000")]
    NoPort,
    #[error("lacks brackets: write an IPv6 address and its port as [fe80::1]:8000")]
    NoBrackets,
    #[error("has brackets where none belong: only an IPv6 address followed by a port has them")]
    Brackets,
    #[error("has no valid port: a port is a number from 0 to 65535")]
    Port,
    #[error("is an IPv4 address, and these have no zone")]
    ZoneOnIpv4,
    #[error("is not a valid zone: after % goes the name or the index of an interface")]
    Zone,
    #[error("is not a valid zone: an interface index is a number from 1 to 4294967295")]
    ZoneIndex,
    #[error("names no interface of this host")]
    UnknownInterface,
    #[error("names no interface of this host; %25 stands for % in URLs only")]
    UrlZone,
    /// The system did not say whether there is such an interface.
    #[error("names an interface that cannot be looked up: {}", system_error(*.0))]
    LookUp(Option<i32>),
    #[error(
        "is link-local and needs the zone it is meant on: write it as fe80::1%eth0, with the name or the index of an interface"
    )]
    NoZone,
    #[error("is an IPv4 address, and the socket is IPv6 only; a dual-stack socket speaks IPv4 too")]
    Ipv4,
    #[error(
        "was written as `{0}`, which is an IPv4 address, and the socket is IPv6 only; a dual-stack socket speaks IPv4 too"
    )]
    Mapped(Written),
}

impl Reason {
    #[cold]
    pub(crate) fn look_up(error: &io::Error) -> Self {
        Self::LookUp(error.raw_os_error())
    }
}

fn system_error(code: Option<i32>) -> io::Error {
    code.map_or_else(|| io::ErrorKind::Other.into(), io::Error::from_raw_os_error)
}

impl AddressError {
    /// Returns the kind of the failure.
    ///
    /// It is [`InvalidInput`](io::ErrorKind::InvalidInput), unless the system could not say whether
    /// an interface exists, for example because the process has no free descriptor. Then it is the
    /// kind of the system's error, and the address may be right.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = "localhost:80".parse::<inet6::Endpoint>().unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    /// assert_eq!(error.raw_os_error(), None);
    /// ```
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self.reason {
            Reason::LookUp(code) => system_error(code).kind(),
            _ => io::ErrorKind::InvalidInput,
        }
    }

    /// Returns the number of the system's error, if looking up an interface failed.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match self.reason {
            Reason::LookUp(code) => code,
            _ => None,
        }
    }

    /// Whether the address is wrong, as opposed to the state of the system.
    pub(crate) fn is_about_the_address(&self) -> bool {
        !matches!(self.reason, Reason::LookUp(_))
    }

    pub(crate) fn new(text: impl Into<Box<str>>, reason: Reason) -> Self {
        let mut text = text.into();
        // An error is one line, and text from outside must not steer the terminal that shows it.
        if text.contains(char::is_control) {
            text = text.escape_debug().to_string().into();
        }
        Self { text, reason }
    }

    /// For a destination that is link-local and says nowhere on which interface.
    #[cold]
    pub(crate) fn no_zone(wire: &SocketAddrV6) -> Self {
        Self::new(wire.to_string(), Reason::NoZone)
    }
}

/// The same line, for `unwrap` and for `main`.
impl fmt::Debug for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<AddressError> for io::Error {
    fn from(error: AddressError) -> Self {
        Self::new(error.kind(), error)
    }
}

#[cfg(test)]
mod tests {
    mod property;

    use std::cmp::Ordering;
    use std::hash::{DefaultHasher, Hash, Hasher};

    use super::to_address::ToWire;
    use super::*;
    use crate::mode::{AnyMode, DualStack, Mode, V6Only};

    fn eth0(name: &str) -> io::Result<Option<NonZeroU32>> {
        Ok(NonZeroU32::new(if name == "eth0" { 7 } else { 0 }))
    }

    fn error(text: &str) -> Reason {
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
    fn an_unknown_interface_is_an_error_and_never_zero() {
        let reason = |text: &str| text.to_wire(V6Only, eth0).expect_err(text).reason;
        assert_eq!(reason("[fe80::1%eth1]:80"), Reason::UnknownInterface);
        assert_eq!(reason("[fe80::1%25eth0]:80"), Reason::UrlZone);
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
    fn what_is_not_an_address_is_refused_with_its_reason() {
        assert_eq!(error("localhost:80"), Reason::NotLiteral);
        assert_eq!(error("[::1"), Reason::NotLiteral);
        assert_eq!(error(""), Reason::NotLiteral);
        assert_eq!(error("[::g]:80"), Reason::NotLiteral);
        assert_eq!(error("[::1]"), Reason::NoPort);
        assert_eq!(error("192.0.2.1"), Reason::NoPort);
        assert_eq!(error("::1:80"), Reason::NoBrackets);
        assert_eq!(error("fe80::1%eth0"), Reason::NoBrackets);
        assert_eq!(error("[192.0.2.1]:80"), Reason::Brackets);
        assert_eq!(error("[::1]:65536"), Reason::Port);
        assert_eq!(error("[::1]:+80"), Reason::Port);
        assert_eq!(error("[::1]:"), Reason::Port);
        assert_eq!(error("[fe80::1%]:80"), Reason::Zone);
        assert_eq!(error("[fe80::1%e%0]:80"), Reason::Zone);
        assert_eq!(error("[fe80::1%0]:80"), Reason::ZoneIndex);
        assert_eq!(error("[fe80::1%4294967296]:80"), Reason::ZoneIndex);
        assert_eq!(error("192.0.2.1%eth0:80"), Reason::ZoneOnIpv4);
        assert_eq!(error("[::ffff:192.0.2.1%eth0]:80"), Reason::ZoneOnIpv4);
        assert_eq!(error("[::ffff:c000:201%7]:80"), Reason::ZoneOnIpv4);
        assert_eq!(Endpoint::new("[::1]", 80).unwrap_err().reason, Reason::Brackets);
    }

    #[test]
    fn an_error_is_one_line_of_plain_text() {
        let error = "a\nb\x1b[31m:80".parse::<Endpoint>().unwrap_err();
        let text = "`a\\nb\\u{1b}[31m:80` is not a literal IPv6 or IPv4 address: `connect_host` \
                    looks host names up";
        assert_eq!(error.to_string(), text);
        assert!(Endpoint::new("fe80::1%é", 80).unwrap().to_string().contains('é'));
        assert!("é:80".parse::<Endpoint>().unwrap_err().to_string().starts_with("`é:80`"));
    }

    #[test]
    fn ipv4_needs_a_mode_that_speaks_it() {
        let text = "192.0.2.1:80";
        let ip = Ipv4Addr::new(192, 0, 2, 1);
        let mapped: SocketAddrV6 = "[::ffff:192.0.2.1]:80".parse().unwrap();
        assert_eq!(text.to_wire(V6Only, eth0).unwrap_err().reason, Reason::Ipv4);
        assert_eq!(text.to_wire(AnyMode::V6Only, eth0).unwrap_err().reason, Reason::Ipv4);
        assert_eq!(mapped.to_wire(V6Only, eth0).unwrap_err().reason, Reason::Mapped(Written(ip)));
        assert_eq!(
            mapped.to_wire(AnyMode::V6Only, eth0).unwrap_err().reason,
            Reason::Mapped(Written(ip))
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
    fn a_zone_is_a_name_or_an_index_and_no_other_text() {
        let zone = |text: &str| text.parse::<Zone>();
        assert_eq!(zone("eth0").unwrap().name(), Some("eth0"));
        assert_eq!(zone("7").unwrap().name(), None);
        for text in ["", "a b", "a\tb", "a\x1bb", "a\u{85}b", "a%b", "a/b", "a[b", "a]b"] {
            assert_eq!(zone(text).unwrap_err().reason, Reason::Zone, "{text:?}");
        }
    }

    #[test]
    fn an_error_prints_the_same_for_programmers() {
        let error = "::1".parse::<Endpoint>().unwrap_err();
        assert_eq!(format!("{error:?}"), error.to_string());
        assert!(!error.to_string().is_empty());
    }

    /// The data path stands on it: what is not lent is looked at once more.
    #[test]
    fn what_needs_no_question_is_lent() {
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
