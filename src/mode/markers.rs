//! The three modes.

/// IPv6 only: addresses are [`SocketAddrV6`](std::net::SocketAddrV6), and passing an IPv4 address
/// does not compile.
///
/// # Examples
///
/// ```
/// let listener = inet6::Builder::stream().v6_only().bind("[::]:0")?.listen(16)?;
/// let address: std::net::SocketAddrV6 = listener.local_addr()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct V6Only;

/// IPv6 and IPv4 on one socket: addresses are [`SocketAddr`](std::net::SocketAddr), and an IPv4
/// peer is a plain [`SocketAddr::V4`](std::net::SocketAddr::V4).
///
/// # Platform notes
///
/// On OpenBSD and DragonFly no socket serves both. There a socket on a specific IPv6 address, or
/// with such a peer, works and is restricted to IPv6, as [`v6_only`](crate::UdpSocket::v6_only)
/// says; a wildcard and an IPv4 address are [`Unsupported`](std::io::ErrorKind::Unsupported).
///
/// # Examples
///
/// ```
/// use inet6::Builder;
/// use std::net::{Ipv4Addr, SocketAddr};
///
/// let listener = Builder::stream().bind("[::]:0")?.listen(16)?;
/// let port = listener.local_addr()?.port();
/// let client = Builder::stream().connect((Ipv4Addr::LOCALHOST, port))?;
/// let (_, peer) = listener.accept()?;
/// assert_eq!(peer, client.local_addr()?); // 127.0.0.1:…, not ::ffff:127.0.0.1
/// assert!(matches!(peer, SocketAddr::V4(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DualStack;

/// A mode chosen at run time, as by a flag of a configuration file.
///
/// Addresses are [`SocketAddr`](std::net::SocketAddr) whatever the value. An IPv4 address given to
/// a socket in mode [`AnyMode::V6Only`] is an error at run time.
///
/// # Examples
///
/// ```
/// use inet6::{AnyMode, Builder};
///
/// let v6_only = std::env::var_os("V6_ONLY").is_some();
/// let mode = if v6_only { AnyMode::V6Only } else { AnyMode::DualStack };
/// let listener = Builder::stream().mode(mode).bind("[::]:0")?.listen(16)?;
/// # Ok::<(), inet6::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "IPV6_V6ONLY is a boolean")]
pub enum AnyMode {
    /// As [`V6Only`](struct@V6Only).
    V6Only,
    /// As [`DualStack`](struct@DualStack).
    DualStack,
}

impl From<V6Only> for AnyMode {
    fn from(_: V6Only) -> Self {
        Self::V6Only
    }
}

impl From<DualStack> for AnyMode {
    fn from(_: DualStack) -> Self {
        Self::DualStack
    }
}
