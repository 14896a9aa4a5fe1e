//! The mode of a socket: IPv6 only, or IPv4 as well. It decides the address type.
//!
//! | mode | `IPV6_V6ONLY` | speaks | an IPv4 peer |
//! | --- | --- | --- | --- |
//! | [`V6Only`] | 1 | [`SocketAddrV6`] | cannot reach the socket |
//! | [`DualStack`] (the default) | 0 | [`SocketAddr`] | is a plain [`SocketAddr::V4`] |
//! | [`AnyMode`] | chosen at run time | [`SocketAddr`] | as the chosen mode says |
//!
//! The kernel shows an IPv4 peer of a dual-stack socket as `::ffff:192.0.2.1`. That form never
//! leaves this crate: a list of denied IPv4 addresses works as it stands.

pub(crate) mod markers;

use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

pub(crate) use self::markers::{AnyMode, DualStack, V6Only};
use crate::addr::ToAddress;
use crate::addr::mapped::{canonical, canonical_ip, is_mapped};

/// Which peers a socket talks to, and so which type its addresses have.
///
/// The trait is sealed; its implementors are [`V6Only`], [`DualStack`] and [`AnyMode`].
///
/// # Examples
///
/// ```
/// use inet6::{Builder, mode::Mode};
///
/// // Generic over the mode: `M::Address` is `SocketAddrV6` or `SocketAddr`.
/// fn open<M: Mode>(mode: M) -> std::io::Result<M::Address> {
///     let socket = Builder::datagram().mode(mode).bind("[::1]:0")?;
///     socket.local_addr()
/// }
///
/// let address: std::net::SocketAddrV6 = open(inet6::V6Only)?;
/// let address: std::net::SocketAddr = open(inet6::DualStack)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a mode of an IPv6 socket",
    note = "the modes are `V6Only`, `DualStack` and `AnyMode`"
)]
pub trait Mode: Policy + Copy + fmt::Debug + Eq + Hash + Send + Sync + 'static {
    /// The type of local and peer addresses.
    type Address: ToAddress<Self>
        + FromWire
        + Copy
        + fmt::Debug
        + fmt::Display
        + Eq
        + Ord
        + Hash
        + Send
        + Sync
        + Into<SocketAddr>
        + 'static;

    /// The type of an address without a port: [`Ipv6Addr`], or [`IpAddr`] where there is IPv4.
    type Ip: IpFromWire
        + Copy
        + fmt::Debug
        + fmt::Display
        + Eq
        + Ord
        + Hash
        + Send
        + Sync
        + Into<IpAddr>
        + Into<Self::Ip>
        + 'static;
}

impl Mode for V6Only {
    type Address = SocketAddrV6;
    type Ip = Ipv6Addr;
}
impl Mode for DualStack {
    type Address = SocketAddr;
    type Ip = IpAddr;
}
impl Mode for AnyMode {
    type Address = SocketAddr;
    type Ip = IpAddr;
}

/// What only this crate may ask: public, so that public bounds may name it, and out of reach.
#[allow(unreachable_pub, reason = "the oldest compiler does not see the public bounds")]
mod sealed {
    use std::net::{Ipv6Addr, SocketAddrV6};

    /// What the rest of the crate asks a mode.
    pub trait Policy: Sized {
        /// The value of `IPV6_V6ONLY`.
        fn v6_only(self) -> bool;

        /// The mode of a socket that somebody else opened, if it can be this one.
        fn of(v6_only: bool, local: &SocketAddrV6, peer: Option<&SocketAddrV6>) -> Option<Self>;
    }

    /// From the kernel's form of an address to the mode's.
    pub trait FromWire {
        fn from_wire(wire: SocketAddrV6) -> Self;
    }

    /// As `FromWire`, for an address without a port.
    pub trait IpFromWire {
        fn ip_from_wire(wire: Ipv6Addr) -> Self;
    }
}
pub(crate) use self::sealed::{FromWire, IpFromWire, Policy};

/// Whether this is one IPv6 address, neither a wildcard nor IPv4.
fn is_specific_v6(address: &SocketAddrV6) -> bool {
    !address.ip().is_unspecified() && !is_mapped(address.ip())
}

impl Policy for V6Only {
    fn v6_only(self) -> bool {
        true
    }

    fn of(v6_only: bool, local: &SocketAddrV6, peer: Option<&SocketAddrV6>) -> Option<Self> {
        (v6_only || is_specific_v6(local) && peer.is_none_or(is_specific_v6)).then_some(Self)
    }
}
impl Policy for DualStack {
    fn v6_only(self) -> bool {
        false
    }

    fn of(v6_only: bool, local: &SocketAddrV6, _: Option<&SocketAddrV6>) -> Option<Self> {
        // Linux reads 1 on a socket that is bound to a specific address, whatever was set.
        (!v6_only || !local.ip().is_unspecified()).then_some(Self)
    }
}
impl Policy for AnyMode {
    fn v6_only(self) -> bool {
        self == Self::V6Only
    }

    fn of(v6_only: bool, _: &SocketAddrV6, _: Option<&SocketAddrV6>) -> Option<Self> {
        Some(if v6_only { Self::V6Only } else { Self::DualStack })
    }
}

impl FromWire for SocketAddrV6 {
    #[inline]
    fn from_wire(wire: SocketAddrV6) -> Self {
        wire
    }
}

impl FromWire for SocketAddr {
    #[inline]
    fn from_wire(wire: SocketAddrV6) -> Self {
        canonical(wire)
    }
}

impl IpFromWire for Ipv6Addr {
    #[inline]
    fn ip_from_wire(wire: Ipv6Addr) -> Self {
        wire
    }
}

impl IpFromWire for IpAddr {
    #[inline]
    fn ip_from_wire(wire: Ipv6Addr) -> Self {
        canonical_ip(wire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_and_flow_information_survive() {
        let wire = SocketAddrV6::new("fe80::1".parse().unwrap(), 1, 2, 3);
        assert_eq!(SocketAddr::from_wire(wire), SocketAddr::V6(wire));
        assert_eq!(SocketAddrV6::from_wire(wire), wire);
    }
}
