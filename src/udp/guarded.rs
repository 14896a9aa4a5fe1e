//! Datagrams of neighbours only, on every system: [`Guarded`].

use std::io::{self, IoSliceMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::error::{Op, Returned};
use crate::mode::Mode;
use crate::option::{MinHopCount, RecvHopLimit, Setting};
use crate::socket::common::delegate_descriptor;
use crate::socket::held::AsSocketRef;
use crate::socket::skipping::Skipping;
use crate::sys::{self, Borrowed, Message, Readiness, Take};
use crate::udp::{ConnectedUdpSocket, Received, UdpSocket};

/// A datagram socket that passes over what came too far (GTSM).
///
/// A packet loses one hop at each router, and starts with 255 at most. What arrives with 255 was
/// sent by a neighbour, whatever its source address says. On streams the kernel looks at that
/// ([`MinHopCount`]); on datagram sockets Linux accepts the option and does not mind it, and so
/// this type does, in the same way everywhere: what arrives with less than the minimum, **or
/// without telling its hop limit**, is never returned, and counted.
///
/// The neighbours must send with [`UnicastHops(Some(255))`](crate::option::UnicastHops), and so
/// must this socket if they look as well: [`guard`](UdpSocket::guard) does not set that. To
/// multicast groups it is [`MulticastHops`](crate::option::MulticastHops).
///
/// Sending and options are those of the socket, which [`get_ref`](Self::get_ref) lends. **What is
/// received through that is not looked at**, nor what somebody receives on a copy of the
/// descriptor.
///
/// # Platform notes
///
/// It needs [`RecvHopLimit`]; where the system does not have that, `guard` fails. Where it does not
/// tell the time to live of the IPv4 peers of a dual-stack socket (Apple's systems, NetBSD), they
/// are all passed over.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::{MinHopCount, UnicastHops}};
///
/// let socket = Builder::datagram().with(UnicastHops(Some(255))).bind("[::1]:0")?;
/// let here = socket.local_addr()?;
/// let server = socket.guard(MinHopCount(255))?;
///
/// let stranger = Builder::datagram().with(UnicastHops(Some(254))).bind("[::1]:0")?;
/// stranger.send_to(b"from behind a router, as it were", here)?;
/// let neighbour = Builder::datagram().with(UnicastHops(Some(255))).bind("[::1]:0")?;
/// neighbour.send_to(b"ping", here)?;
///
/// let mut buffer = [0; 64];
/// let (len, peer) = server.recv_from(&mut buffer)?;
/// assert_eq!((&buffer[..len], peer), (&b"ping"[..], neighbour.local_addr()?));
/// assert_eq!(server.rejected(), 1);
/// server.get_ref().send_to(b"pong", peer)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It does not receive past the guard by mistake:
///
/// ```compile_fail,E0599
/// # use inet6::{UdpSocket, option::MinHopCount};
/// # let socket = UdpSocket::bind("[::1]:0")?;
/// let server = socket.guard(MinHopCount(255))?;
/// server.peek_from(&mut [0; 16])?; // not looked at
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```no_run
/// # // no_run: nobody sends.
/// # use inet6::{UdpSocket, option::MinHopCount};
/// # let socket = UdpSocket::bind("[::1]:0")?;
/// let server = socket.guard(MinHopCount(255))?;
/// server.get_ref().peek_from(&mut [0; 16])?; // not looked at
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: RFC 5082, sections 3 and 5.
#[doc(alias = "GTSM")]
#[doc(alias = "IPV6_MINHOPCOUNT")]
#[doc(alias = "IP_MINTTL")]
#[derive(Debug)]
pub struct Guarded<S> {
    socket: S,
    minimum: MinHopCount,
    // Some systems have no atomic integers of 64 bits.
    rejected: AtomicUsize,
}

delegate_descriptor!(Guarded, socket);

/// What to do with a notice that is no datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notices {
    Give,
    PassOver,
}

impl<S> Guarded<S> {
    fn new(socket: S, minimum: MinHopCount) -> Self {
        Self { socket, minimum, rejected: AtomicUsize::new(0) }
    }

    /// The minimum that was asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, option::MinHopCount};
    ///
    /// let server = UdpSocket::bind("[::1]:0")?.guard(MinHopCount(254))?;
    /// assert_eq!(server.minimum(), MinHopCount(254));
    /// # Ok::<(), inet6::Error>(())
    /// ```
    #[must_use]
    pub fn minimum(&self) -> MinHopCount {
        self.minimum
    }

    /// How many datagrams have been passed over; on systems of 32 bits modulo 2³².
    ///
    /// They are counted when a call meets them in the queue.
    ///
    /// # Examples
    ///
    /// See [`Guarded`].
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed) as u64
    }

    /// The socket, for sending and for its options. What it receives is not looked at.
    ///
    /// # Examples
    ///
    /// See [`Guarded`].
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.socket
    }

    /// The socket without its guard. [`RecvHopLimit`] stays on.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, option::MinHopCount};
    ///
    /// let server = UdpSocket::bind("[::1]:0")?.guard(MinHopCount(255))?;
    /// let socket: UdpSocket = server.into_inner();
    /// # Ok::<(), inet6::Error>(())
    /// ```
    #[must_use]
    pub fn into_inner(self) -> S {
        self.socket
    }

    fn is_near<M: Mode>(&self, received: &Received<M>) -> bool {
        let MinHopCount(minimum) = self.minimum;
        // 0 drops nothing, as in the kernel.
        minimum == 0 || received.hop_limit.is_some_and(|hops| hops >= minimum)
    }
}

impl<S: GuardedSocket> Guarded<S> {
    /// Receives a datagram that came near enough, with what else arrived. Notices of
    /// [`RecvPathMtu`](crate::option::RecvPathMtu), which come from the kernel, are given too.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Guarded::<UdpSocket>::recv_from).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, option::{MinHopCount, UnicastHops}};
    ///
    /// let socket = Builder::datagram().with(UnicastHops(Some(255))).bind("[::1]:0")?;
    /// let server = socket.guard(MinHopCount(255))?;
    /// server.get_ref().send_to(b"ping", server.get_ref().local_addr()?)?;
    /// assert_eq!(server.recv_message(&mut [0; 16])?.hop_limit, Some(255));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_message(&self, buffer: &mut [u8]) -> io::Result<Received<S::Mode>> {
        self.recv_message_vectored(&mut [IoSliceMut::new(buffer)])
    }

    /// As [`recv_message`](Self::recv_message), into several slices.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Guarded::<UdpSocket>::recv_from).
    ///
    /// # Examples
    ///
    /// See [`UdpSocket::recv_message_vectored`].
    pub fn recv_message_vectored(
        &self,
        buffers: &mut [IoSliceMut<'_>],
    ) -> io::Result<Received<S::Mode>> {
        self.receive(Notices::Give, |fd| sys::recv_message(fd, buffers, Take::Data))
    }

    /// As [`UdpSocket::wait_readable`]: it waits for any datagram, and one that came too far ends
    /// it too.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::wait_readable`].
    ///
    /// # Examples
    ///
    /// See [`UdpSocket::wait_readable`].
    #[doc(alias = "poll")]
    #[doc(alias = "select")]
    pub fn wait_readable(&self, timeout: Option<Duration>) -> io::Result<bool> {
        sys::wait_one(self.socket.as_socket_ref().fd, Readiness::Readable, timeout)
    }

    /// Receives until something may be given out.
    fn receive(
        &self,
        notices: Notices,
        mut receive: impl FnMut(Borrowed<'_>) -> io::Result<Message>,
    ) -> io::Result<Received<S::Mode>> {
        let fd = self.socket.as_socket_ref().fd;
        let mut skipping = Skipping::begin();
        loop {
            let received = Received::new(receive(fd)?);
            if received.path_mtu.is_some() {
                // The kernel says so itself, and nobody sent it.
                if notices == Notices::Give {
                    return Ok(received);
                }
            } else if self.is_near(&received) {
                return Ok(received);
            } else {
                self.rejected.fetch_add(1, Ordering::Relaxed);
            }
            skipping.skip(fd)?;
        }
    }

    /// Receives a datagram, and no notice.
    fn receive_datagram(&self, buffer: &mut [u8]) -> io::Result<Received<S::Mode>> {
        let mut slices = [IoSliceMut::new(buffer)];
        self.receive(Notices::PassOver, |fd| sys::recv_message(fd, &mut slices, Take::Data))
    }

    /// Guards a socket, which switches [`RecvHopLimit`] on.
    fn begin(socket: S, minimum: MinHopCount) -> Result<Self, Returned<S>> {
        match RecvHopLimit(true).apply(socket.as_socket_ref()) {
            Ok(()) => Ok(Self::new(socket, minimum)),
            Err(error) => {
                let error = sys::errno::option(Op::Set(RecvHopLimit::NAME), error);
                Err(Returned::new(socket, error))
            }
        }
    }
}

/// A datagram socket that can be guarded. The trait is sealed.
pub trait GuardedSocket: AsSocketRef {
    /// The mode of the socket.
    type Mode: Mode;
}

impl<M: Mode> GuardedSocket for UdpSocket<M> {
    type Mode = M;
}

impl<M: Mode> GuardedSocket for ConnectedUdpSocket<M> {
    type Mode = M;
}

impl<M: Mode> UdpSocket<M> {
    /// Passes over what arrives with less than `minimum` hops: 255 for neighbours only.
    ///
    /// It switches [`RecvHopLimit`] on.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) where the system does not tell hop limits. The
    /// error gives the socket back.
    ///
    /// # Examples
    ///
    /// See [`Guarded`].
    #[doc(alias = "IPV6_MINHOPCOUNT")]
    pub fn guard(self, minimum: MinHopCount) -> Result<Guarded<Self>, Returned<Self>> {
        Guarded::begin(self, minimum)
    }
}

impl<M: Mode> ConnectedUdpSocket<M> {
    /// Passes over what arrives with less than `minimum` hops, as [`UdpSocket::guard`].
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::guard`].
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, UdpSocket, option::{MinHopCount, UnicastHops}};
    ///
    /// let peer = Builder::datagram().with(UnicastHops(Some(255))).bind("[::1]:0")?;
    /// let socket = UdpSocket::bind("[::1]:0")?.connect(peer.local_addr()?)?;
    /// let socket = socket.guard(MinHopCount(255))?;
    /// peer.send_to(b"pong", socket.get_ref().local_addr()?)?;
    /// assert_eq!(socket.recv(&mut [0; 16])?, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "IPV6_MINHOPCOUNT")]
    pub fn guard(self, minimum: MinHopCount) -> Result<Guarded<Self>, Returned<Self>> {
        Guarded::begin(self, minimum)
    }
}

impl<M: Mode> Guarded<UdpSocket<M>> {
    /// Receives a datagram that came near enough, and the address of its sender.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_from`]. A read timeout counts for the whole call, however many
    /// datagrams are passed over.
    ///
    /// On a nonblocking socket [`WouldBlock`](io::ErrorKind::WouldBlock) also if the call has
    /// passed over as many datagrams as the receive buffer can hold. Everything that was queued
    /// when the call began has been looked at by then, and what arrived since makes the socket
    /// readable again, for an edge-triggered event loop too. So a flood does not keep a call from
    /// returning. On Linux and Android that is one datagram for every 256 bytes of
    /// [`RecvBufferSize`](crate::option::RecvBufferSize) and one more, 833 of the usual 212,992
    /// bytes; on other systems one for every 28 bytes.
    ///
    /// # Platform notes
    ///
    /// On Windows, and where an error waits for
    /// [`RecvError`](crate::option::RecvError), a call may last twice as long as the timeout.
    /// Windows does not report whether a socket is nonblocking. There a call on such a socket is
    /// bounded by a read timeout alone.
    ///
    /// # Examples
    ///
    /// See [`Guarded`].
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, M::Address)> {
        let received = self.receive_datagram(buffer)?;
        Ok((received.len, received.source))
    }
}

impl<M: Mode> Guarded<ConnectedUdpSocket<M>> {
    /// Receives a datagram of the peer that came near enough.
    ///
    /// # Errors
    ///
    /// As [`ConnectedUdpSocket::recv`], and otherwise as
    /// [`recv_from`](Guarded::<UdpSocket>::recv_from).
    ///
    /// # Examples
    ///
    /// See [`ConnectedUdpSocket::guard`].
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let received = self.receive_datagram(buffer)?;
        Ok(received.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flood in which each datagram that is taken makes room for another one.
    #[test]
    fn flood_ends_a_nonblocking_call() {
        let [far, near] = [1, 255].map(|hops| {
            let hops = crate::option::UnicastHops(Some(hops));
            crate::Builder::datagram().with(hops).bind("[::1]:0").unwrap()
        });
        let socket = crate::Builder::datagram().nonblocking().bind("[::1]:0").unwrap();
        let here = socket.local_addr().unwrap();
        let server = socket.guard(MinHopCount(255)).unwrap();
        let fd = server.get_ref().socket_ref().fd;
        if sys::is_nonblocking(fd).unwrap().is_none() {
            return; // Windows does not report it.
        }
        let most = sys::most_queued(fd).unwrap();
        let mut taken = 0;
        let mut receive = || {
            server.receive(Notices::PassOver, |fd| {
                taken += 1;
                assert!(taken <= 10 * most, "the call does not end");
                let mut buffer = [0; 8];
                let slices = &mut [IoSliceMut::new(&mut buffer)];
                let message = sys::recv_message(fd, slices, Take::Data)?;
                far.send_to(b"far", here).unwrap();
                Ok(message)
            })
        };
        far.send_to(b"far", here).unwrap();
        let error = receive().unwrap_err();
        assert_eq!((error.kind(), server.rejected()), (io::ErrorKind::WouldBlock, most as u64));
        // What was there before the call is found, however late.
        for _ in 0..50 {
            far.send_to(b"far", here).unwrap();
        }
        near.send_to(b"near", here).unwrap();
        assert_eq!(receive().unwrap().len, 4);
        assert_eq!(server.rejected(), most as u64 + 51);
        assert_eq!(taken, most + 52);
    }
}
