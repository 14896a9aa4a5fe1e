//! Why a datagram was not sent: too long, or a peer that the socket can never reach.

use std::net::SocketAddrV6;
use std::{fmt, io};

use super::datagram::UdpSocket;
use crate::addr::is_mapped;
use crate::error::Op;
use crate::kind::Protocol;
use crate::mode::Mode;
use crate::sys::{self, Target, names};

/// A datagram was too long to be sent, and how long it may be.
///
/// It is what the [`io::Error`] of a send holds where the system's own error would be "message too
/// long" (`EMSGSIZE`): with [`DontFragment`](crate::option::DontFragment) or
/// [`MtuDiscover`](crate::option::MtuDiscover) a datagram above the path MTU, and always one above
/// 65 527 bytes (65 507 to an IPv4 peer). [`of`](Self::of) finds it there; the system's error is its
/// [`source`](std::error::Error::source).
///
/// The path MTU is asked for when the error is made; sending a datagram that fits costs nothing
/// more. An unconnected socket does not know it: a second one is connected to the peer, asked, and
/// closed. The socket's error queue is left alone.
///
/// # Examples
///
/// ```
/// use inet6::{MessageTooLong, UdpSocket};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// let error = socket.send_to(&[0; 70_000], socket.local_addr()?).unwrap_err();
/// if let Some(too_long) = MessageTooLong::of(&error) {
///     assert_eq!(too_long.len(), 70_000);
///     assert_eq!(too_long.max_payload(), Some(65_527));
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: RFC 8200, section 5; RFC 8201; RFC 1191.
#[doc(alias = "EMSGSIZE")]
#[doc(alias = "WSAEMSGSIZE")]
#[derive(Debug)]
pub struct MessageTooLong {
    len: usize,
    mtu: Option<u32>,
    max_payload: Option<usize>,
    source: io::Error,
}

#[allow(clippy::len_without_is_empty, reason = "an empty datagram always fits")]
impl MessageTooLong {
    /// What a send failed for, if it was this.
    ///
    /// # Examples
    ///
    /// See [`MessageTooLong`].
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// The length of the datagram.
    ///
    /// # Examples
    ///
    /// See [`MessageTooLong`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The path MTU towards the peer, with all headers, where that is the limit.
    ///
    /// `None` above 65 527 bytes, which no path changes, and where it is another limit: that of the
    /// socket ([`Mtu`](crate::option::Mtu)) or of the system.
    ///
    /// # Platform notes
    ///
    /// With [`MtuDiscover::Probe`](crate::option::MtuDiscover::Probe) the MTU of the interface
    /// counts, which may be larger than this one.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{MessageTooLong, UdpSocket, option::DontFragment};
    ///
    /// let peer = UdpSocket::bind("[::1]:0")?;
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// socket.set_option(DontFragment(true))?;
    /// if let Err(error) = socket.send_to(&[0; 65_500], peer.local_addr()?) {
    ///     // That of the loopback interface: 65536 on Linux.
    ///     let mtu = MessageTooLong::of(&error).and_then(MessageTooLong::mtu);
    ///     assert!(mtu.is_none_or(|mtu| mtu >= 1280));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn mtu(&self) -> Option<u32> {
        self.mtu
    }

    /// The most bytes that a datagram to this peer may have, where it is known.
    ///
    /// # Examples
    ///
    /// See [`MessageTooLong`].
    #[must_use]
    pub fn max_payload(&self) -> Option<usize> {
        self.max_payload
    }

    /// `mtu` is asked where the length alone is no reason.
    fn new(
        len: usize,
        ipv4: bool,
        mtu: impl FnOnce() -> io::Result<u32>,
        source: io::Error,
    ) -> Self {
        // Of IP without options, and of UDP. The length field of IPv4 counts its own header too.
        let (headers, most) = if ipv4 { (28, 65_507) } else { (48, 65_527) };
        if len > most {
            return Self { len, mtu: None, max_payload: Some(most), source };
        }
        let mtu = mtu().ok().filter(|mtu| len > payload(*mtu, headers));
        Self { len, mtu, max_payload: mtu.map(|mtu| payload(mtu, headers)), source }
    }
}

fn payload(mtu: u32, headers: u32) -> usize {
    usize::try_from(mtu.saturating_sub(headers)).unwrap_or(usize::MAX)
}

impl fmt::Display for MessageTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { len, mtu, max_payload, .. } = self;
        write!(f, "a datagram of {len} bytes ")?;
        match (mtu, max_payload) {
            (Some(mtu), Some(most)) => {
                write!(f, "does not fit the path MTU of {mtu} bytes: send at most {most}")
            }
            (None, Some(most)) => write!(f, "is too long: UDP carries at most {most}"),
            (_, None) => write!(f, "is longer than this socket sends"),
        }
    }
}

impl std::error::Error for MessageTooLong {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl From<MessageTooLong> for io::Error {
    fn from(error: MessageTooLong) -> Self {
        Self::new(error.source.kind(), error)
    }
}

/// Explains why sending `len` bytes to `peer` failed.
#[cold]
pub(crate) fn sending<M: Mode>(
    socket: &UdpSocket<M>,
    peer: &SocketAddrV6,
    len: usize,
    error: io::Error,
) -> io::Error {
    let socket = socket.target();
    if sys::errors::is_too_long(&error) {
        let mtu = || mtu_towards(socket, peer);
        return MessageTooLong::new(len, is_mapped(peer.ip()), mtu, error).into();
    }
    let unreachable = sys::errors::is_unreachable(&error);
    let reason = unreachable.then(|| sys::errors::bound_apart(socket.fd, peer)).flatten();
    match reason {
        Some(reason) => sys::errors::bound_otherwise(Op::Send, *peer, reason, error).into(),
        None => error,
    }
}

/// Explains why sending `len` bytes to the peer failed.
#[cold]
pub(crate) fn sending_connected(socket: Target<'_>, len: usize, error: io::Error) -> io::Error {
    if !sys::errors::is_too_long(&error) {
        return error;
    }
    let ipv4 = sys::peer_address(socket.fd).is_ok_and(|peer| is_mapped(peer.ip()));
    MessageTooLong::new(len, ipv4, || sys::mtu(socket), error).into()
}

/// The path MTU, from a socket that is connected for the question: from the same address and
/// interface, so that the route is the same.
fn mtu_towards(socket: Target<'_>, peer: &SocketAddrV6) -> io::Result<u32> {
    let fresh = sys::open(Protocol::Udp, true)?;
    let fresh = Target { fd: sys::borrow(&fresh), dual_stack: socket.dual_stack };
    sys::set_v6_only(fresh.fd, !socket.dual_stack)?;
    let device = sys::get_u32(socket, names::SO_BINDTOIFINDEX).unwrap_or(0);
    if device != 0 {
        sys::set_u32(fresh, names::SO_BINDTOIFINDEX, device)?;
    }
    let mut local = sys::local_address(socket.fd)?;
    if !local.ip().to_canonical().is_unspecified() {
        local.set_port(0);
        sys::bind(fresh.fd, local)?;
    }
    sys::start_connect(fresh.fd, *peer)?;
    sys::mtu(fresh)
}
