//! ICMPv6 echo without privileges: [`EchoSocket`].

use std::hash::{BuildHasher, RandomState};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddrV6;

use crate::addr::ToAddress;
use crate::error_queue::{ErrorReport, report_into};
use crate::kind::{Datagram, Datagrams};
use crate::mode::V6Only;
use crate::socket::common::{common_methods, timeouts};
use crate::socket::readiness::{readable, writable};
use crate::socket::scope::with_wire;
use crate::socket::skipping::Skipping;
use crate::sys::{self, Message, Owned, Take};
use crate::udp::{Received, UnsentDatagram};

/// The length of an echo message without its data (RFC 4443, section 4.1).
const HEADER: usize = 8;

// RFC 4443, sections 4.1 and 4.2.
const REQUEST: u8 = 128;
const REPLY: u8 = 129;

/// A socket that asks other hosts for an echo, as `ping` does (ICMPv6, RFC 4443).
///
/// [`Builder::bind_echo`](crate::Builder::bind_echo) opens one, and it needs no privilege where the
/// system gives ICMPv6 as datagrams. It sends echo requests and receives the replies to its
/// [`identifier`](Self::identifier), and nothing else of ICMPv6. The checksum is the kernel's work.
/// It takes the options of a datagram socket: [`UnicastHops`](crate::option::UnicastHops) limits
/// how far a request goes, [`RecvHopLimit`](crate::option::RecvHopLimit) tells the hop limit of a
/// reply.
///
/// **Anybody can send a reply.** The kernel looks at the identifier only: compare the source, the
/// sequence number and the data with what was sent.
///
/// # Platform notes
///
/// Linux and Android ask that a group of the process is in `net.ipv4.ping_group_range`, of root
/// too, and some distributions let nobody in. Apple's systems ask nothing. Windows and all others
/// have none; [`capabilities`](crate::capabilities) asks beforehand.
///
/// On Linux neither [`RecvDropCount`](crate::option::RecvDropCount) nor
/// [`RecvPathMtu`](crate::option::RecvPathMtu) tells anything of such a socket.
///
/// # Examples
///
/// ```
/// use inet6::Builder;
/// use std::io::ErrorKind;
///
/// let socket = match Builder::datagram().bind_echo("[::1]:0") {
///     Ok(socket) => socket,
///     // Absent here, or not for the groups of this process: the error says which.
///     Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(()),
///     Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(()),
///     Err(error) => return Err(error.into()),
/// };
/// socket.send_echo(("::1", 0), 1, b"anybody here?")?;
/// let mut buffer = [0; 64];
/// let (sequence, reply) = socket.recv_echo(&mut buffer)?;
/// assert_eq!(sequence, 1);
/// assert_eq!(reply.source.ip(), &std::net::Ipv6Addr::LOCALHOST);
/// assert_eq!(&buffer[..reply.len], b"anybody here?");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// It is no UDP socket:
///
/// ```compile_fail,E0599
/// # use inet6::Builder;
/// if let Ok(socket) = Builder::datagram().bind_echo("[::]:0") {
///     socket.send_to(b"not ICMPv6", "[::1]:7")?;
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// ```
/// # use inet6::Builder;
/// if let Ok(socket) = Builder::datagram().bind_echo("[::]:0") {
///     socket.send_echo(("::1", 0), 7, b"ICMPv6")?;
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "ping")]
#[doc(alias = "IPPROTO_ICMPV6")]
pub struct EchoSocket {
    fd: Owned,
    mode: V6Only,
    identifier: u16,
}

common_methods!(EchoSocket of SocketAddrV6, Datagram, role Datagrams);
timeouts!([] EchoSocket);
readable!([] EchoSocket);
writable!([] EchoSocket);

impl EchoSocket {
    /// The socket of this descriptor; `bound` is the identifier that the kernel has, and `asked`
    /// that of the caller.
    pub(crate) fn new(fd: Owned, bound: u16, asked: u16) -> Self {
        Self { fd, mode: V6Only, identifier: identifier(bound, asked) }
    }

    /// The number in each request by which the kernel knows the replies to this socket.
    ///
    /// # Platform notes
    ///
    /// On Linux it is the port of the local address, and the kernel writes it into each request. On
    /// Apple's systems the local address has no port, every socket is given all of ICMPv6, and the
    /// crate passes over what has another identifier.
    ///
    /// # Examples
    ///
    /// ```
    /// if let Ok(socket) = inet6::Builder::datagram().bind_echo("[::1]:0") {
    ///     assert_ne!(socket.identifier(), 0);
    /// }
    /// ```
    #[must_use]
    pub fn identifier(&self) -> u16 {
        self.identifier
    }

    /// Sends an echo request with this number and this data.
    ///
    /// The port of `peer` means nothing, and text needs one all the same: `("fe80::1%eth0", 0)`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for an address that is IPv4, or link-local
    /// without a zone where the socket has none either, before any system call, as
    /// [`UdpSocket::send_to`](crate::UdpSocket::send_to); a
    /// [`MessageTooLong`](crate::udp::MessageTooLong) for data beyond 65527 bytes, beyond the path
    /// MTU with [`DontFragment`](crate::option::DontFragment), and on Apple's systems beyond
    /// `net.inet.raw.maxdgram`; the rest are those of sendmsg(2):
    /// [`NetworkUnreachable`](io::ErrorKind::NetworkUnreachable) without a route.
    ///
    /// # Examples
    ///
    /// See [`EchoSocket`].
    pub fn send_echo(
        &self,
        peer: impl ToAddress<V6Only>,
        sequence: u16,
        data: &[u8],
    ) -> io::Result<()> {
        let socket = self.socket_ref();
        let header = request(self.identifier, sequence);
        let slices = [IoSlice::new(&header), IoSlice::new(data)];
        with_wire(socket, self.mode, &peer, |wire| {
            // The head is as long as that of UDP: what fits is the same.
            sys::send_to_vectored(socket.fd, &slices, Some(wire))
                .map(drop)
                .map_err(|error| UnsentDatagram::to(socket, wire, data.len()).explain(error))
        })
    }

    /// Receives a reply: its data into `buffer`. Returns the sequence number of the request and the
    /// message.
    ///
    /// Length and truncation of the message are those of the data, and its source has no port.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) on a nonblocking socket and when a read timeout
    /// has passed, [`Interrupted`](io::ErrorKind::Interrupted) by a signal, as
    /// [`UdpSocket::recv_from`](crate::UdpSocket::recv_from). With
    /// [`RecvError`](crate::option::RecvError) also what a router or the other host says of an
    /// earlier request, such as [`HostUnreachable`](io::ErrorKind::HostUnreachable).
    ///
    /// # Platform notes
    ///
    /// On Apple's systems other ICMPv6 messages arrive too and are skipped. On a nonblocking socket
    /// a call skips no more of them than the receive buffer can hold, as
    /// [`Guarded::recv_from`](crate::udp::Guarded::recv_from).
    ///
    /// # Examples
    ///
    /// See [`EchoSocket`].
    pub fn recv_echo(&self, buffer: &mut [u8]) -> io::Result<(u16, Received<V6Only>)> {
        let mut skipping = Skipping::begin();
        loop {
            let mut header = [0; HEADER];
            let slices = &mut [IoSliceMut::new(&mut header), IoSliceMut::new(buffer)];
            let message = sys::recv_message(self.socket_ref().fd, slices, Take::Data)?;
            if let Some(sequence) = number(REPLY, &header, message.len, self.identifier) {
                let len = message.len - HEADER;
                return Ok((sequence, Received::new(Message { len, ..message })));
            }
            skipping.skip(self.socket_ref().fd)?;
        }
    }

    /// Takes the oldest report from the error queue; `None` if it is empty.
    ///
    /// Returns the sequence number of the request, if the report quotes it, and the report, whose
    /// length and truncation are those of the data.
    ///
    /// It never waits. With [`RecvError`](crate::option::RecvError), whoever waits for a reply is
    /// woken by a report: [`recv_echo`](Self::recv_echo) fails, once, with the error that it tells.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_error`](crate::UdpSocket::recv_error).
    ///
    /// # Platform notes
    ///
    /// Linux and Android have it; the other systems do not.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, option::RecvError};
    ///
    /// let Ok(socket) = Builder::datagram().with(RecvError(true)).bind_echo("[::1]:0") else {
    ///     return Ok(()); // not here, or not for this user
    /// };
    /// socket.send_echo(("::1", 0), 1, b"")?;
    /// let mut data = [0; 64];
    /// match socket.recv_echo(&mut data) {
    ///     Ok((_, reply)) => println!("{} answers", reply.source.ip()),
    ///     Err(error) => match socket.recv_error(&mut data)? {
    ///         Some((sequence, report)) => println!("{:?}: {sequence:?}", report.offender),
    ///         None => return Err(error),
    ///     },
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "MSG_ERRQUEUE")]
    pub fn recv_error(
        &self,
        buffer: &mut [u8],
    ) -> io::Result<Option<(Option<u16>, ErrorReport<V6Only>)>> {
        let mut header = [0; HEADER];
        let slices = &mut [IoSliceMut::new(&mut header), IoSliceMut::new(buffer)];
        let Some(mut report) = report_into::<V6Only>(self.socket_ref().fd, slices)? else {
            return Ok(None);
        };
        let sequence = number(REQUEST, &header, report.len, self.identifier);
        report.len = report.len.saturating_sub(HEADER);
        Ok(Some((sequence, report)))
    }
}

/// The kernel's where it has one. Apple's has none and sends what it is given (netinet6/raw_ip6.c,
/// rip6_bind): there it is the one asked for, or any.
fn identifier(bound: u16, asked: u16) -> u16 {
    let known = [bound, asked].into_iter().find(|identifier| *identifier != 0);
    known.unwrap_or_else(|| (RandomState::new().hash_one(()) as u16).max(1))
}

/// The head of a request; the checksum is the kernel's.
fn request(identifier: u16, sequence: u16) -> [u8; HEADER] {
    let ([a, b], [c, d]) = (identifier.to_be_bytes(), sequence.to_be_bytes());
    [REQUEST, 0, 0, 0, a, b, c, d]
}

/// The sequence number in a message of this length, if it is of this type and of this socket.
fn number(wanted: u8, header: &[u8; HEADER], len: usize, identifier: u16) -> Option<u16> {
    let [kind, code, _, _, a, b, c, d] = *header;
    let ours = kind == wanted && code == 0 && u16::from_be_bytes([a, b]) == identifier;
    (len >= HEADER && ours).then(|| u16::from_be_bytes([c, d]))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::udp::UdpSocket;

    /// An echo socket that is given anything, as on Apple's systems, and somebody who sends it: the
    /// messages are datagrams of UDP.
    fn any_message() -> (EchoSocket, UdpSocket) {
        let (receiver, sender) = (UdpSocket::bind("[::1]:0"), UdpSocket::bind("[::1]:0"));
        let receiver = receiver.unwrap();
        receiver.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        (EchoSocket { fd: receiver.into(), mode: V6Only, identifier: 0x1234 }, sender.unwrap())
    }

    /// What is no reply to the identifier 0x1234.
    const OTHERS: [&[u8]; 9] = [
        &[],
        &[129],
        &[129, 0, 0, 0, 0x12, 0x34, 0],
        &[128, 0, 0, 0, 0x12, 0x34, 0, 1],
        &[129, 1, 0, 0, 0x12, 0x34, 0, 1],
        &[129, 0, 0, 0, 0x12, 0x35, 0, 1],
        &[129, 0, 0, 0, 0x34, 0x12, 0, 1],
        &[1, 4, 0, 0, 0x12, 0x34, 0, 1, 0x60],
        &[136, 0, 0, 0, 0x12, 0x34, 0, 1, 0xfe, 0x80],
    ];

    #[test]
    fn unrelated_message_is_skipped() {
        let (socket, sender) = any_message();
        let peer = socket.local_addr().unwrap();
        for other in OTHERS {
            sender.send_to(other, peer).unwrap();
        }
        sender.send_to(&[129, 0, 9, 9, 0x12, 0x34, 0xab, 0xcd, 1, 2, 3], peer).unwrap();
        let mut buffer = [0xff; 4];
        let (sequence, reply) = socket.recv_echo(&mut buffer).unwrap();
        assert_eq!(sequence, 0xabcd);
        assert_eq!((reply.len, reply.truncated), (3, false));
        assert_eq!(SocketAddr::from(reply.source), sender.local_addr().unwrap());
        assert_eq!(buffer, [1, 2, 3, 0xff]);
    }

    #[test]
    fn nonblocking_socket_skips_without_waiting() {
        let (socket, sender) = any_message();
        socket.set_nonblocking(true).unwrap();
        for other in OTHERS {
            sender.send_to(other, socket.local_addr().unwrap()).unwrap();
        }
        let error = socket.recv_echo(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let left = sys::recv_queue_len(socket.socket_ref().fd).unwrap();
        assert_eq!(left, 0, "all were looked at");
    }

    #[test]
    fn skipping_keeps_deadline() {
        let (socket, sender) = any_message();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let peer = socket.local_addr().unwrap();
        let done = AtomicBool::new(false);
        // There is always a next one.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    sender.send_to(OTHERS[3], peer).unwrap();
                }
            });
            let result = socket.recv_echo(&mut [0; 8]);
            done.store(true, Ordering::Relaxed);
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        });
    }

    #[test]
    fn echo_identifier_is_assigned_or_requested() {
        assert_eq!(identifier(5, 0), 5);
        assert_eq!(identifier(5, 6), 5);
        assert_eq!(identifier(0, 6), 6);
        assert!((0..1000).all(|_| identifier(0, 0) != 0));
        let first = identifier(0, 0);
        assert!((0..100).any(|_| identifier(0, 0) != first));
    }

    #[test]
    fn echo_request_matches_standard() {
        assert_eq!(request(0x1234, 0xabcd), [128, 0, 0, 0, 0x12, 0x34, 0xab, 0xcd]);
    }
}
