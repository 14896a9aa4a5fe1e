//! Multicast options of the IPv6 layer (`IPPROTO_IPV6`).

use std::io;

use super::{LiveOn, Setting, SocketOption};
use crate::kind::{Datagram, Datagrams};
use crate::sys::{self, Target, names};

/// Whether multicast that this host sends is also received on it (`IPV6_MULTICAST_LOOP`).
///
/// # Values
///
/// On or off; the default is on everywhere.
///
/// # Platform notes
///
/// On Windows it is the receiving socket's option, elsewhere the sending socket's. On a dual-stack
/// socket the IPv4 twin (`IP_MULTICAST_LOOP`) is set too, where there is one.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::MulticastLoop};
///
/// let socket = UdpSocket::bind("[::]:0")?;
/// socket.set_option(MulticastLoop(false))?;
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// Source: RFC 3493, section 5.2; ipv6(7).
#[doc(alias = "IPV6_MULTICAST_LOOP")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MulticastLoop(pub bool);

impl SocketOption<Datagram> for MulticastLoop {}
impl LiveOn<Datagrams> for MulticastLoop {}
impl Setting for MulticastLoop {
    const NAME: &'static str = "IPV6_MULTICAST_LOOP";

    fn apply(&self, socket: Target<'_>) -> io::Result<()> {
        sys::set_bool(socket, names::IPV6_MULTICAST_LOOP, self.0)?;
        sys::set_twin(socket, names::IP_MULTICAST_LOOP, self.0.into())
    }

    fn read(socket: Target<'_>) -> io::Result<Self> {
        sys::get_bool(socket, names::IPV6_MULTICAST_LOOP).map(Self)
    }
}
