//! Options of UDP.

use std::io;

use super::{LiveOn, Setting, SocketOption};
use crate::error::Refusal;
use crate::kind::{Datagram, Datagrams};
use crate::sys::{self, SocketRef, option_numbers};

/// Cutting all that is sent into datagrams of one length (`UDP_SEGMENT`).
///
/// One call then sends up to 128 datagrams, for little more than the price of one. On a connected
/// socket it is the cheapest way to send much. [`Outgoing::segment_size`](crate::udp::Outgoing)
/// says the same for one call, and [`send_segments`](crate::UdpSocket::send_segments) sends any
/// length, also where the system cannot cut.
///
/// # Values
///
/// The bytes of each datagram, but for the last one, which may be shorter; `None` for not cutting.
/// What is sent at once may have 128 times that (64 times before Linux 6.9), and not more than one
/// datagram may have.
///
/// # Platform notes
///
/// Default: `None`. Linux and Android have it, and Windows (`UDP_SEND_MSG_SIZE`); the other systems
/// do not.
///
/// # Errors
///
/// [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the option;
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for zero.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::SegmentSize};
/// use std::io::ErrorKind;
///
/// let server = UdpSocket::bind("[::1]:0")?;
/// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
/// match client.set_option(SegmentSize(Some(1200))) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     result => {
///         result?;
///         client.send(&[7; 3000])?; // three datagrams
///         assert_eq!(server.recv_from(&mut [0; 1500])?.0, 1200);
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: udp(7), "UDP_SEGMENT"; Microsoft, "IPPROTO_UDP socket options".
#[doc(alias = "UDP_SEGMENT")]
#[doc(alias = "UDP_SEND_MSG_SIZE")]
#[doc(alias = "GSO")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentSize(pub Option<u16>);

impl SocketOption<Datagram> for SegmentSize {}
impl LiveOn<Datagrams> for SegmentSize {}
impl Setting for SegmentSize {
    const NAME: &'static str = "UDP_SEGMENT";

    fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
        if self.0 == Some(0) {
            return Err(Refusal::ZeroSegment.into());
        }
        sys::set_int(socket, option_numbers::UDP_SEGMENT, self.0.unwrap_or(0).into())
    }

    fn read(socket: SocketRef<'_>) -> io::Result<Self> {
        let size = sys::get_int(socket, option_numbers::UDP_SEGMENT)?;
        Ok(Self(u16::try_from(size).ok().filter(|size| *size != 0)))
    }
}
