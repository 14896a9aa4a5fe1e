//! Why a datagram was not sent: too long, or a peer that the socket can never reach.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::{Ipv6Addr, SocketAddrV6};

use crate::addr::mapped::{is_mapped, is_wildcard};
use crate::error::Op;
use crate::error::reason::TooLong;
use crate::kind::{Protocol, Shape};
use crate::sys::{self, SocketRef, option_numbers};

/// A datagram was too long to be sent, and how long it may be.
///
/// It is what the [`io::Error`] of a send holds where the system's own error would be "message too
/// long" (`EMSGSIZE`): with [`DontFragment`](crate::option::DontFragment) or
/// [`MtuDiscover`](crate::option::MtuDiscover) a datagram above the path MTU, and always one above
/// 65 527 bytes (65 507 to an IPv4 peer). [`of`](Self::of) finds it there; the system's error is
/// its [`source`](std::error::Error::source).
///
/// The path MTU is asked for when the error is made; sending a datagram that fits costs nothing
/// more. An unconnected socket does not know it: a second one is connected to the peer, asked, and
/// closed. The socket's error queue is left alone.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, udp::MessageTooLong};
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
    /// use inet6::{UdpSocket, option::DontFragment, udp::MessageTooLong};
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
        // Of IP without options, and of UDP.
        let headers = if ipv4 { 28 } else { 48 };
        let most = most_payload(ipv4);
        if len > most {
            return Self { len, mtu: None, max_payload: Some(most), source };
        }
        let mtu = mtu().ok().filter(|mtu| len > payload(*mtu, headers));
        Self { len, mtu, max_payload: mtu.map(|mtu| payload(mtu, headers)), source }
    }
}

/// The most that a datagram holds: the length field of IPv4 counts its own header too (RFC 768,
/// RFC 791, RFC 8200).
pub(crate) fn most_payload(ipv4: bool) -> usize {
    if ipv4 { 65_507 } else { 65_527 }
}

fn payload(mtu: u32, headers: u32) -> usize {
    usize::try_from(mtu.saturating_sub(headers)).unwrap_or(usize::MAX)
}

impl fmt::Display for MessageTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { len, mtu, max_payload, .. } = *self;
        let reason = match (mtu, max_payload) {
            (Some(mtu), Some(most)) => TooLong::Path { len, mtu, most },
            (None, Some(most)) => TooLong::Udp { len, most },
            (_, None) => TooLong::Socket { len },
        };
        reason.fmt(f)
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

/// What was tried when a datagram could not be sent.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)]
pub(crate) struct UnsentDatagram<'a> {
    socket: SocketRef<'a>,
    /// `None`: that of the socket.
    peer: Option<&'a SocketAddrV6>,
    len: usize,
    source: Option<Ipv6Addr>,
    interface: u32,
}

impl<'a> UnsentDatagram<'a> {
    pub(crate) fn connected(socket: SocketRef<'a>, len: usize) -> Self {
        Self { socket, peer: None, len, source: None, interface: 0 }
    }

    pub(crate) fn to(socket: SocketRef<'a>, peer: &'a SocketAddrV6, len: usize) -> Self {
        Self { peer: Some(peer), ..Self::connected(socket, len) }
    }

    /// From another address, out by another interface, than the socket's own.
    pub(crate) fn from(self, source: Option<Ipv6Addr>, interface: u32) -> Self {
        Self { source, interface, ..self }
    }

    /// What of it the system's error means.
    #[cold]
    pub(crate) fn explain(self, error: io::Error) -> io::Error {
        if sys::errno::is_too_long(&error) {
            let peer = self.peer.copied().map_or_else(|| sys::peer_address(self.socket.fd), Ok);
            let ipv4 = peer.as_ref().is_ok_and(|peer| is_mapped(peer.ip()));
            return MessageTooLong::new(self.len, ipv4, || self.mtu(peer?), error).into();
        }
        let Some(peer) = self.peer.filter(|_| sys::errno::is_unreachable(&error)) else {
            return error;
        };
        match sys::errno::bound_apart(self.socket.fd, peer) {
            Some(reason) => sys::errno::bound_otherwise(Op::Send, *peer, reason, error).into(),
            None => error,
        }
    }

    /// The path MTU, where the socket does not know it from one that is connected for the question:
    /// from the same address and interface, so that the route is the same.
    fn mtu(self, peer: SocketAddrV6) -> io::Result<u32> {
        let Self { socket, source, interface, .. } = self;
        if self.peer.is_none() && source.is_none() && interface == 0 {
            return sys::mtu(socket);
        }
        let fresh = sys::open(Shape::Datagram, Protocol::Udp, true)?;
        let fresh = SocketRef { fd: sys::borrow(&fresh), ..socket };
        sys::set_v6_only(fresh.fd, !socket.dual_stack)?;
        let interface = match interface {
            0 => sys::get_u32(socket, option_numbers::SO_BINDTOIFINDEX).unwrap_or(0),
            given => given,
        };
        if interface != 0 {
            sys::set_u32(fresh, option_numbers::SO_BINDTOIFINDEX, interface)?;
        }
        let mut local = sys::local_address(socket.fd)?;
        local.set_port(0);
        if let Some(source) = source {
            local.set_ip(source);
        }
        if !is_wildcard(local.ip()) {
            sys::bind(fresh.fd, &local)?;
        }
        sys::start_connect(fresh.fd, &peer)?;
        sys::mtu(fresh)
    }
}

/// How many bytes there are in all slices, which may be the same ones many times over.
pub(crate) fn total(data: &[IoSlice<'_>]) -> usize {
    data.iter().fold(0, |sum, slice| sum.saturating_add(slice.len()))
}
