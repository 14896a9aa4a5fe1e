//! What a socket accepts as an address: [`ToAddress`].

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::NonZeroU32;

use super::mapped::{Notation, Written, is_mapped, map, may_be_mapped};
use super::zone::ZoneForm;
use super::{AddressError, Endpoint};
use crate::error::reason::AddressFault;
use crate::mode::{AnyMode, DualStack, Mode};

/// What `bind`, `connect` and `send_to` accept as an address, for a socket in mode `M`.
///
/// | type | example | [`V6Only`](struct@crate::V6Only) | [`DualStack`], [`AnyMode`] |
/// | --- | --- | --- | --- |
/// | [`SocketAddrV6`] | `SocketAddrV6::new(ip, 80, 0, 2)` | yes | yes |
/// | `(Ipv6Addr, u16)` | `(Ipv6Addr::LOCALHOST, 80)` | yes | yes |
/// | [`Endpoint`] | `"[::1]:80".parse::<Endpoint>()?` | yes | yes |
/// | `str`, [`String`] | `"[fe80::1%eth0]:80"` | yes | yes, and `"192.0.2.1:80"` |
/// | `(str, u16)`, `(String, u16)` | `("fe80::1%2", 80)` | yes | yes, and `("192.0.2.1", 80)` |
/// | [`SocketAddr`] | `listener.local_addr()?` | does not compile | yes |
/// | [`SocketAddrV4`] | `"192.0.2.1:80".parse()?` | does not compile | yes |
/// | `(IpAddr, u16)`, `(Ipv4Addr, u16)` | `(Ipv4Addr::LOCALHOST, 80)` | does not compile | yes |
///
/// References to these count as well. `Endpoint::from(socket_addr)` makes the check of a
/// [`SocketAddr`] one at run time.
///
/// An IPv4 address in IPv6 notation (`::ffff:192.0.2.1`) counts as the IPv4 address that it is, in
/// all of these types; its scope and flow information are ignored. An IPv4 address given to an
/// IPv6-only socket as text, as an [`Endpoint`] or in IPv6 notation is refused before any system
/// call. The trait is sealed.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, Endpoint, UdpSocket};
/// use std::net::SocketAddr;
///
/// let peer: SocketAddr = "[::1]:9".parse()?;
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.send_to(b"x", peer)?;
/// let socket = Builder::datagram().v6_only().bind(("::", 0))?;
/// socket.send_to(b"x", Endpoint::from(peer))?;      // checked at run time
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail,E0277
/// # use inet6::Builder;
/// # use std::net::SocketAddr;
/// # let peer: SocketAddr = "[::1]:9".parse()?;
/// let socket = Builder::datagram().v6_only().bind("[::]:0")?;
/// socket.send_to(b"x", peer)?; // `SocketAddr` may hold an IPv4 address
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```
/// # use inet6::Builder;
/// # use std::net::SocketAddr;
/// # let peer: SocketAddr = "[::1]:9".parse()?;
/// let socket = Builder::datagram().bind("[::]:0")?;
/// socket.send_to(b"x", peer)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an address of a socket in mode `{M}`",
    label = "not an address of a socket in mode `{M}`",
    note = "a `V6Only` socket takes `SocketAddrV6`, `(Ipv6Addr, u16)`, text such as \"[::1]:80\", and `Endpoint`",
    note = "for IPv4 as well, leave `.v6_only()` out: sockets are dual-stack by default",
    note = "or convert with `Endpoint::from(address)`, which is checked at run time"
)]
pub trait ToAddress<M: Mode>: ToWire<M> {}

/// How the name of an interface becomes its index; the caller brings the system call.
pub(crate) type Lookup = fn(&str) -> io::Result<Option<NonZeroU32>>;

/// Where an address goes that is made and not lent.
type WireSlot<'a> = &'a mut Option<SocketAddrV6>;

/// To the address that is meant, whatever its type and notation.
///
/// It depends on no mode, so that `Debug` can use it.
pub trait ToEndpoint {
    fn endpoint(&self) -> Result<Endpoint, AddressError>;
}

/// To the kernel's form of an address.
pub trait ToWire<M: Mode>: ToEndpoint {
    fn to_wire(&self, mode: M, lookup: Lookup) -> Result<SocketAddrV6, AddressError> {
        self.endpoint()?.to_wire(mode, lookup)
    }

    /// As `to_wire`, for the data path: `None` where anything about the address has to be asked
    /// or said. What has the kernel's form already is not copied, anything else goes to `slot`.
    #[inline]
    fn lend<'a>(&'a self, _: M, _: WireSlot<'a>) -> Option<&'a SocketAddrV6> {
        None
    }
}

impl<M: Mode, A: ToAddress<M> + ?Sized> ToAddress<M> for &A {}
impl<A: ToEndpoint + ?Sized> ToEndpoint for &A {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        (**self).endpoint()
    }
}
impl<M: Mode, A: ToWire<M> + ?Sized> ToWire<M> for &A {
    fn to_wire(&self, mode: M, lookup: Lookup) -> Result<SocketAddrV6, AddressError> {
        (**self).to_wire(mode, lookup)
    }

    #[inline]
    fn lend<'a>(&'a self, mode: M, slot: WireSlot<'a>) -> Option<&'a SocketAddrV6> {
        (**self).lend(mode, slot)
    }
}

impl<M: Mode> ToAddress<M> for Endpoint {}
impl ToEndpoint for Endpoint {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        Ok(self.clone())
    }
}
impl<M: Mode> ToWire<M> for Endpoint {
    fn to_wire(&self, mode: M, lookup: Lookup) -> Result<SocketAddrV6, AddressError> {
        let ip = match (self.ip, self.notation) {
            (IpAddr::V4(_), Notation::Own) if mode.v6_only() => {
                return Err(refused(self, AddressFault::Ipv4));
            }
            (IpAddr::V4(ip), Notation::Mapped) if mode.v6_only() => {
                return Err(refused(self, AddressFault::Mapped(Written(ip))));
            }
            (IpAddr::V4(ip), _) => return Ok(map(SocketAddrV4::new(ip, self.port))),
            (IpAddr::V6(ip), _) => ip,
        };
        let scope = match self.zone.as_ref().map(|zone| &zone.0) {
            None => 0,
            Some(ZoneForm::Index(index)) => index.get(),
            Some(ZoneForm::Name(name)) => match lookup(name) {
                Ok(Some(index)) => index.get(),
                Ok(None) if name.starts_with("25") => {
                    return Err(refused(self, AddressFault::UrlZone));
                }
                Ok(None) => return Err(refused(self, AddressFault::UnknownInterface)),
                Err(error) => return Err(refused(self, AddressFault::look_up(&error))),
            },
        };
        Ok(SocketAddrV6::new(ip, self.port, self.flow_info, scope))
    }

    #[inline]
    fn lend<'a>(&'a self, mode: M, slot: WireSlot<'a>) -> Option<&'a SocketAddrV6> {
        match (self.ip, &self.zone) {
            (IpAddr::V6(ip), None) => {
                let wire = slot.insert(SocketAddrV6::new(ip, self.port, self.flow_info, 0));
                is_plain(wire).then_some(wire)
            }
            (IpAddr::V4(ip), _) if !mode.v6_only() => {
                Some(slot.insert(map(SocketAddrV4::new(ip, self.port))))
            }
            _ => None,
        }
    }
}

impl<M: Mode> ToAddress<M> for SocketAddrV6 {}
impl ToEndpoint for SocketAddrV6 {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        Ok((*self).into())
    }
}
impl<M: Mode> ToWire<M> for SocketAddrV6 {
    fn to_wire(&self, mode: M, lookup: Lookup) -> Result<SocketAddrV6, AddressError> {
        match is_mapped(self.ip()) {
            true => Endpoint::from(*self).to_wire(mode, lookup),
            false => Ok(*self),
        }
    }

    #[inline]
    fn lend<'a>(&'a self, _: M, _: WireSlot<'a>) -> Option<&'a SocketAddrV6> {
        is_plain(self).then_some(self)
    }
}

impl<M: Mode> ToAddress<M> for (Ipv6Addr, u16) {}
impl ToEndpoint for (Ipv6Addr, u16) {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        Ok(SocketAddrV6::new(self.0, self.1, 0, 0).into())
    }
}
impl<M: Mode> ToWire<M> for (Ipv6Addr, u16) {
    #[inline]
    fn lend<'a>(&'a self, _: M, slot: WireSlot<'a>) -> Option<&'a SocketAddrV6> {
        let wire = slot.insert(SocketAddrV6::new(self.0, self.1, 0, 0));
        is_plain(wire).then_some(wire)
    }
}

impl<M: Mode> ToAddress<M> for str {}
impl ToEndpoint for str {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        self.parse()
    }
}
impl<M: Mode> ToWire<M> for str {}

impl<M: Mode> ToAddress<M> for String {}
impl ToEndpoint for String {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        self.parse()
    }
}
impl<M: Mode> ToWire<M> for String {}

impl<M: Mode> ToAddress<M> for (&str, u16) {}
impl ToEndpoint for (&str, u16) {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        Endpoint::new(self.0, self.1)
    }
}
impl<M: Mode> ToWire<M> for (&str, u16) {}

impl<M: Mode> ToAddress<M> for (String, u16) {}
impl ToEndpoint for (String, u16) {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        Endpoint::new(&self.0, self.1)
    }
}
impl<M: Mode> ToWire<M> for (String, u16) {}

// IPv4 values, one impl a mode: a blanket impl over the two modes would make rustc report the
// helper trait in place of the message above.

impl ToAddress<DualStack> for SocketAddr {}
impl ToAddress<AnyMode> for SocketAddr {}
impl ToEndpoint for SocketAddr {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        Ok((*self).into())
    }
}
impl<M: Mode> ToWire<M> for SocketAddr {
    fn to_wire(&self, mode: M, lookup: Lookup) -> Result<SocketAddrV6, AddressError> {
        match self {
            Self::V4(address) => address.to_wire(mode, lookup),
            Self::V6(address) => address.to_wire(mode, lookup),
        }
    }

    #[inline]
    fn lend<'a>(&'a self, mode: M, slot: WireSlot<'a>) -> Option<&'a SocketAddrV6> {
        match self {
            Self::V4(address) => address.lend(mode, slot),
            Self::V6(address) => address.lend(mode, slot),
        }
    }
}

impl ToAddress<DualStack> for SocketAddrV4 {}
impl ToAddress<AnyMode> for SocketAddrV4 {}
impl ToEndpoint for SocketAddrV4 {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        Ok((*self).into())
    }
}
impl<M: Mode> ToWire<M> for SocketAddrV4 {
    #[inline]
    fn lend<'a>(&'a self, mode: M, slot: WireSlot<'a>) -> Option<&'a SocketAddrV6> {
        if mode.v6_only() { None } else { Some(slot.insert(map(*self))) }
    }
}

impl ToAddress<DualStack> for (Ipv4Addr, u16) {}
impl ToAddress<AnyMode> for (Ipv4Addr, u16) {}
impl ToEndpoint for (Ipv4Addr, u16) {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        Ok(SocketAddrV4::new(self.0, self.1).into())
    }
}
impl<M: Mode> ToWire<M> for (Ipv4Addr, u16) {}

impl ToAddress<DualStack> for (IpAddr, u16) {}
impl ToAddress<AnyMode> for (IpAddr, u16) {}
impl ToEndpoint for (IpAddr, u16) {
    fn endpoint(&self) -> Result<Endpoint, AddressError> {
        Ok(SocketAddr::new(self.0, self.1).into())
    }
}
impl<M: Mode> ToWire<M> for (IpAddr, u16) {}

/// Whether nothing about an address has to be asked or said; at the cost of two comparisons.
#[inline]
fn is_plain(wire: &SocketAddrV6) -> bool {
    let may_be_zoned = wire.ip().octets()[0] >= 0xfe;
    !(may_be_zoned || may_be_mapped(wire.ip()))
}

/// Whether an address means nothing without a zone: link-local unicast `fe80::/10`, and multicast
/// of interface-local or link-local scope, `ff?1::/16` and `ff?2::/16` (RFC 4291, section 2.7).
pub(crate) fn is_zoned(ip: &Ipv6Addr) -> bool {
    let [first, second, ..] = ip.octets();
    match first {
        0xfe => second & 0xc0 == 0x80,
        0xff => matches!(second & 0x0f, 1 | 2),
        _ => false,
    }
}

#[cold]
fn refused(address: &Endpoint, reason: AddressFault) -> AddressError {
    AddressError::new(address.to_string(), reason)
}
