//! Hosts and addresses as std's functions take them: [`ToHost`].

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::sync::Arc;

use crate::addr::{AddressError, Endpoint};
use crate::error::reason::AddressFault;

/// A host or an address, for the short forms and for [`HappyEyeballs`](super::HappyEyeballs).
///
/// | type | example |
/// | --- | --- |
/// | `str`, [`String`] | `"example.com:443"`, `"[fe80::1%eth0]:8000"`, `"192.0.2.1:80"` |
/// | `(str, u16)`, `(String, u16)` | `("example.com", 443)`, `("::1", 80)` |
/// | [`SocketAddr`], [`SocketAddrV6`], [`SocketAddrV4`], [`Endpoint`] | `listener.local_addr()?` |
/// | `(IpAddr, u16)`, `(Ipv6Addr, u16)`, `(Ipv4Addr, u16)` | `(Ipv4Addr::LOCALHOST, 80)` |
/// | `[SocketAddr]`, arrays and [`Vec`]s of it | `&addresses[..]` |
///
/// References to these count as well. [`TcpListener::bind`](crate::TcpListener::bind),
/// [`TcpStream::connect`](crate::TcpStream::connect) and
/// [`UdpSocket::bind`](crate::UdpSocket::bind) take them, like the functions of std. A
/// [`Builder`](crate::Builder) takes literal addresses ([`ToAddress`](crate::addr::ToAddress)), and
/// its `connect_host` takes hosts. The trait is sealed.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("localhost:0")?;
/// let port = listener.local_addr()?.port();
/// let stream = TcpStream::connect(("localhost", port))?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a host or an address",
    label = "not a host or an address",
    note = "write text such as \"example.com:443\" or \"[::1]:80\", a pair of a host and a port, a `SocketAddr`, or a slice of them"
)]
pub trait ToHost: ReadHost {}

/// To the host that is meant.
pub trait ReadHost {
    fn read_host(&self) -> Result<Host, AddressError>;
}

/// A host as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    Literal(Endpoint),
    Name {
        name: Arc<str>,
        port: u16,
    },
    /// Never empty.
    List(Arc<[SocketAddr]>),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(endpoint) => endpoint.fmt(f),
            Self::Name { name, port } => write!(f, "{name}:{port}"),
            Self::List(list) => {
                let all: Vec<_> = list.iter().map(SocketAddr::to_string).collect();
                f.write_str(&all.join(", "))
            }
        }
    }
}

impl<H: ToHost + ?Sized> ToHost for &H {}
impl<H: ReadHost + ?Sized> ReadHost for &H {
    fn read_host(&self) -> Result<Host, AddressError> {
        (**self).read_host()
    }
}

impl ToHost for str {}
impl ReadHost for str {
    fn read_host(&self) -> Result<Host, AddressError> {
        match self.parse() {
            Ok(literal) => Ok(Host::Literal(literal)),
            Err(error) => name_and_port(self).ok_or_else(|| match name(self, 0) {
                Some(_) => AddressError::new(self, AddressFault::NoPort),
                None => error,
            }),
        }
    }
}

impl ToHost for String {}
impl ReadHost for String {
    fn read_host(&self) -> Result<Host, AddressError> {
        self.as_str().read_host()
    }
}

impl ToHost for (&str, u16) {}
impl ReadHost for (&str, u16) {
    fn read_host(&self) -> Result<Host, AddressError> {
        let (host, port) = *self;
        match Endpoint::new(host, port) {
            Ok(literal) => Ok(Host::Literal(literal)),
            Err(error) => name(host, port).ok_or(error),
        }
    }
}

impl ToHost for (String, u16) {}
impl ReadHost for (String, u16) {
    fn read_host(&self) -> Result<Host, AddressError> {
        (self.0.as_str(), self.1).read_host()
    }
}

impl ToHost for [SocketAddr] {}
impl ReadHost for [SocketAddr] {
    fn read_host(&self) -> Result<Host, AddressError> {
        match self.is_empty() {
            true => Err(AddressError::new("[]", AddressFault::EmptyList)),
            false => Ok(Host::List(self.into())),
        }
    }
}

impl<const N: usize> ToHost for [SocketAddr; N] {}
impl<const N: usize> ReadHost for [SocketAddr; N] {
    fn read_host(&self) -> Result<Host, AddressError> {
        self.as_slice().read_host()
    }
}

impl ToHost for Vec<SocketAddr> {}
impl ReadHost for Vec<SocketAddr> {
    fn read_host(&self) -> Result<Host, AddressError> {
        self.as_slice().read_host()
    }
}

impl ToHost for Endpoint {}
impl ReadHost for Endpoint {
    fn read_host(&self) -> Result<Host, AddressError> {
        Ok(Host::Literal(self.clone()))
    }
}

/// Values of std that are one address each.
macro_rules! address {
    ($($address:ty: $self:ident => $value:expr),* $(,)?) => {
        $(
            impl ToHost for $address {}
            impl ReadHost for $address {
                fn read_host(&$self) -> Result<Host, AddressError> {
                    Ok(Host::Literal($value.into()))
                }
            }
        )*
    };
}

address! {
    SocketAddr: self => *self,
    SocketAddrV6: self => *self,
    SocketAddrV4: self => *self,
    (IpAddr, u16): self => SocketAddr::from(*self),
    (Ipv6Addr, u16): self => SocketAddr::from(*self),
    (Ipv4Addr, u16): self => SocketAddr::from(*self),
}

fn name_and_port(text: &str) -> Option<Host> {
    let (host, port) = text.rsplit_once(':')?;
    name(host, port.parse().ok().filter(|_| !port.starts_with('+'))?)
}

/// A name that a resolver may know: at most 253 bytes (RFC 1035, section 2.3.4), and nothing that
/// belongs to an address. Numbers and dots alone are an address that went wrong, which getaddrinfo
/// may take for one all the same (`0x7f.1`, as inet_aton(3) has it).
fn name(host: &str, port: u16) -> Option<Host> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || "%/[]:@".contains(c);
    let is_number = |part: &str| match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => digits.chars().all(|c| c.is_ascii_hexdigit()),
        None => part.chars().all(|c| c.is_ascii_digit()),
    };
    (!host.split('.').all(is_number) && host.len() <= 253 && !host.contains(odd))
        .then(|| Host::Name { name: host.into(), port })
}
