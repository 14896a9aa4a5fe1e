//! Options of the IPv6 layer (`IPPROTO_IPV6`).

use std::io;

use super::{LiveOn, Setting, SocketOption};
use crate::kind::{Connected, Datagram, Datagrams, Listening, Stream};
use crate::sys::{self, Target, names};

/// The hop limit of unicast packets (`IPV6_UNICAST_HOPS`).
///
/// Each router takes one off, and the packet that reaches zero is dropped and reported to the
/// sender. `IP_TTL`, which `set_ttl` of std sets, does nothing on an IPv6 socket.
///
/// # Values
///
/// `Some(0..=255)` hops, or `None` for the default of the system.
///
/// # Platform notes
///
/// The default is 64 on Linux, Android, the BSDs and Apple's systems, and 128 on Windows. On a
/// dual-stack socket the IPv4 twin (`IP_TTL`) is set too, where there is one.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::UnicastHops};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(UnicastHops(Some(1)))?;
/// assert_eq!(socket.option::<UnicastHops>()?, UnicastHops(Some(1)));
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 3493, section 5.1; ipv6(7).
#[doc(alias = "IPV6_UNICAST_HOPS")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnicastHops(pub Option<u8>);

impl SocketOption<Stream> for UnicastHops {}
impl SocketOption<Datagram> for UnicastHops {}
impl LiveOn<Listening> for UnicastHops {}
impl LiveOn<Connected> for UnicastHops {}
impl LiveOn<Datagrams> for UnicastHops {}
impl Setting for UnicastHops {
    const NAME: &'static str = "IPV6_UNICAST_HOPS";

    fn apply(&self, socket: Target<'_>) -> io::Result<()> {
        let hops = self.0.map_or(-1, i32::from);
        sys::set_int(socket, names::IPV6_UNICAST_HOPS, hops)?;
        sys::set_twin(socket, names::IP_TTL, hops)
    }

    fn read(socket: Target<'_>) -> io::Result<Self> {
        let hops = sys::get_int(socket, names::IPV6_UNICAST_HOPS)?;
        Ok(Self(u8::try_from(hops).ok()))
    }
}
