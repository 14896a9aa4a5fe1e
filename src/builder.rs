//! The description of a socket to open: [`Builder`].

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddrV6;
use std::sync::Arc;
use std::time::Duration;

use crate::addr::ToAddress;
use crate::addr::mapped::canonical;
use crate::error::{Error, Op};
use crate::kind::{Datagram, Kind, Protocol, Shape, Stream};
use crate::mode::{DualStack, FromWire, Mode, V6Only};
use crate::option::{Options, Setting, ShareAddress, SocketOption};
use crate::socket::{
    BoundStream, ConnectedUdpSocket, Connecting, TcpStream, UdpSocket, bound, handle,
};
use crate::sys::{self, Owned, Target};

mod retry;
mod short;

use self::retry::renewing;

/// A description of a socket: its kind, its mode and its options.
///
/// A builder is plain data. Nothing touches the system before the final verb, which takes `&self`:
/// one description opens as many sockets as it is asked for.
///
/// There are two decisions, and both are types that are never written by hand:
///
/// 1. the kind: [`Builder::stream`] or [`Builder::datagram`]; it decides which options and verbs
///    there are;
/// 2. the [mode](crate::mode): IPv6 only unless [`dual_stack`](Self::dual_stack) or
///    [`mode`](Self::mode) says otherwise; it decides the type of addresses.
///
/// Everything else is an option, recorded by [`with`](Self::with). The final verbs are
///
/// * for streams: [`bind`](Builder::bind), then `listen`; [`connect`](Builder::connect),
///   [`connect_timeout`](Builder::connect_timeout), [`start_connect`](Builder::start_connect);
/// * for datagrams: `bind` and `connect`, and [`bind_echo`](Builder::bind_echo) for ICMPv6.
///
/// # What a final verb does
///
/// In this order, and nothing else:
///
/// 1. the address is read, and the interface that it names is looked up;
/// 2. the socket is created, close-on-exec, and nonblocking if asked for;
/// 3. `IPV6_V6ONLY` is set and read back: a system that refuses or ignores it gives an error;
/// 4. the options are set: [`ReuseAddress`](crate::option::ReuseAddress) and its kin first, then devices, then the rest in the
///    order given, and [`Priority`](crate::option::Priority) last, which another one may change;
/// 5. the socket is bound or connected.
///
/// Each step is a line at level `trace` of the `log` crate; see the
/// [guide](crate::guide).
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::{NoDelay, ReuseAddress}};
/// use std::io::Write;
///
/// let listener = Builder::stream()
///     .with(ReuseAddress(true))
///     .bind("[::1]:0")?
///     .listen(128)?;
///
/// let client = Builder::stream().with(NoDelay(true));
/// let one = client.connect(listener.local_addr()?)?;
/// let two = client.connect(listener.local_addr()?)?;
/// (&one).write_all(b"from the same description")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The wrong order or the wrong kind does not compile, and the line below it does:
///
/// ```compile_fail,E0599
/// # use inet6::Builder;
/// Builder::stream().listen(128)?; // `bind` comes first
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// ```
/// # use inet6::Builder;
/// Builder::stream().bind("[::1]:0")?.listen(128)?;
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// ```compile_fail,E0599
/// # use inet6::Builder;
/// Builder::datagram().bind("[::1]:0")?.listen(128)?; // datagram sockets do not listen
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// ```
/// # use inet6::Builder;
/// Builder::stream().bind("[::1]:0")?.listen(128)?;
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// ```compile_fail,E0599
/// # use inet6::Builder;
/// Builder::stream().bind("[::]:0")?.dual_stack().listen(128)?; // the mode is decided before
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// ```
/// # use inet6::Builder;
/// Builder::stream().dual_stack().bind("[::]:0")?.listen(128)?;
/// # Ok::<(), inet6::Error>(())
/// ```
#[must_use = "a builder opens nothing until `bind` or `connect` is called"]
pub struct Builder<K: Kind, M: Mode = V6Only> {
    mode: M,
    protocol: Protocol,
    nonblocking: bool,
    options: Options,
    kind: PhantomData<fn() -> K>,
}

impl Builder<Stream> {
    /// Describes a stream socket: TCP, IPv6 only, blocking.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Builder;
    ///
    /// let listener = Builder::stream().bind("[::1]:0")?.listen(128)?;
    /// # Ok::<(), inet6::Error>(())
    /// ```
    pub fn stream() -> Self {
        Self::new(Protocol::Tcp)
    }
}

impl Builder<Datagram> {
    /// Describes a datagram socket: UDP, IPv6 only, blocking.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Builder;
    ///
    /// let socket = Builder::datagram().bind("[::1]:0")?;
    /// # Ok::<(), inet6::Error>(())
    /// ```
    pub fn datagram() -> Self {
        Self::new(Protocol::Udp)
    }
}

impl<K: Kind> Builder<K> {
    fn new(protocol: Protocol) -> Self {
        Self { mode: V6Only, protocol, nonblocking: false, options: Vec::new(), kind: PhantomData }
    }
}

impl<K: Kind, M: Mode> Builder<K, M> {
    /// Serves IPv6 and IPv4 on one socket: addresses become [`SocketAddr`](std::net::SocketAddr).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Builder;
    /// use std::net::SocketAddr;
    ///
    /// let listener = Builder::stream().dual_stack().bind("[::]:0")?.listen(128)?;
    /// let local: SocketAddr = listener.local_addr()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dual_stack(self) -> Builder<K, DualStack> {
        self.mode(DualStack)
    }

    /// Sets the mode, which may be one chosen at run time, [`AnyMode`](crate::AnyMode).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{AnyMode, Builder};
    ///
    /// # let config = AnyMode::DualStack;
    /// let socket = Builder::datagram().mode(config).bind("[::]:0")?;
    /// # Ok::<(), inet6::Error>(())
    /// ```
    pub fn mode<N: Mode>(self, mode: N) -> Builder<K, N> {
        Builder {
            mode,
            protocol: self.protocol,
            nonblocking: self.nonblocking,
            options: self.options,
            kind: PhantomData,
        }
    }

    /// Records an option. It replaces an earlier value of the same type.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, option::UnicastHops};
    ///
    /// let socket = Builder::datagram().with(UnicastHops(Some(1))).bind("[::1]:0")?;
    /// # Ok::<(), inet6::Error>(())
    /// ```
    ///
    /// ```compile_fail,E0277
    /// # use inet6::{Builder, option::NoDelay};
    /// Builder::datagram().with(NoDelay(true)); // not an option of a datagram socket
    /// ```
    ///
    /// ```
    /// # use inet6::{Builder, option::NoDelay};
    /// let builder = Builder::stream().with(NoDelay(true));
    /// ```
    pub fn with<O: SocketOption<K>>(mut self, option: O) -> Self {
        self.options.retain(|recorded| recorded.option_type() != TypeId::of::<O>());
        let at = self.options.partition_point(|recorded| recorded.rank() <= O::RANK);
        self.options.insert(at, Arc::new(option));
        self
    }

    /// Opens nonblocking sockets: calls that would wait return
    /// [`WouldBlock`](std::io::ErrorKind::WouldBlock).
    ///
    /// Connecting is the exception: `connect` and `connect_timeout` wait all the same, and
    /// [`start_connect`](Builder::start_connect) is the form that does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Builder;
    /// use std::io::ErrorKind;
    ///
    /// let socket = Builder::datagram().nonblocking().bind("[::1]:0")?;
    /// assert_eq!(socket.recv_from(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// # Ok::<(), inet6::Error>(())
    /// ```
    pub fn nonblocking(mut self) -> Self {
        self.nonblocking = true;
        self
    }

    pub(crate) fn chosen_mode(&self) -> M {
        self.mode
    }

    /// A bound socket that speaks another protocol of the kind.
    pub(crate) fn open_as(
        &self,
        protocol: Protocol,
        address: impl ToAddress<M>,
    ) -> Result<Owned, Error> {
        let builder = Self { protocol, ..self.clone() };
        builder.renewing(&address, |address| builder.open_bound(address))
    }

    /// A socket that is set up; `peer` is what it is connected to right afterwards, for the log.
    #[inline(always)]
    fn open(&self, nonblocking: bool, peer: Option<&SocketAddrV6>) -> Result<Owned, Error> {
        let v6_only = self.mode.v6_only();
        let fd = sys::open(K::SHAPE, self.protocol, nonblocking || self.nonblocking)
            .map_err(|error| self.no_socket(error))?;
        let socket = self.target(&fd);
        sys::set_v6_only(socket.fd, v6_only).map_err(|error| self.no_mode(error))?;
        let echo = K::SHAPE == Shape::Datagram && self.protocol == Protocol::Icmpv6;
        // One question to the log for all that is usual.
        if echo || !self.options.is_empty() || log::log_enabled!(log::Level::Trace) {
            self.set_options(socket, peer.copied())?;
        }
        Ok(fd)
    }

    #[cold]
    #[inline(never)]
    fn no_socket(&self, error: std::io::Error) -> Error {
        sys::errno::creating(self.protocol, self.mode.v6_only(), error)
    }

    #[cold]
    #[inline(never)]
    fn no_mode(&self, error: std::io::Error) -> Error {
        log::trace!("opened an IPv6 socket for {:?}", self.protocol);
        sys::errno::opening(Op::Mode, None, self.mode.v6_only(), error)
    }

    /// What is left where there are options, or a log that wants each step.
    #[inline(never)]
    fn set_options(&self, socket: Target<'_>, peer: Option<SocketAddrV6>) -> Result<(), Error> {
        log::trace!("opened an IPv6 socket for {:?}", self.protocol);
        log::trace!("set IPV6_V6ONLY to {}", self.mode.v6_only());
        if self.protocol == Protocol::Icmpv6 {
            sys::keep_identifier(socket.fd)
                .map_err(|error| sys::errno::option(Op::Set(ShareAddress::NAME), error))?;
            log::debug!("bind_echo keeps other programs off its identifier");
        }
        for option in self.options.iter().filter(|option| !option.at_listen()) {
            option.apply(socket)?;
        }
        if let Some(peer) = peer {
            handle::trace_connecting(&peer);
        }
        Ok(())
    }

    fn open_bound(&self, address: &impl ToAddress<M>) -> Result<Owned, Error> {
        self.open_for(address, false, false, |fd, wire| {
            sys::bind(sys::borrow(&fd), wire).map_err(|error| {
                sys::errno::opening(Op::Bind, Some(*wire), self.mode.v6_only(), error)
            })?;
            log::trace!("bound to {}", canonical(*wire));
            Ok(fd)
        })
    }

    /// Hands on a socket and the kernel's form of the address that it is for; `nonblocking` is it
    /// also where the builder does not say so, and `connects` where a log line is to say to whom.
    #[inline(always)]
    fn open_for<T>(
        &self,
        address: &impl ToAddress<M>,
        nonblocking: bool,
        connects: bool,
        run: impl FnOnce(Owned, &SocketAddrV6) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut room = None;
        let (fd, asked);
        let wire = match address.lend(self.mode, &mut room) {
            Some(wire) => {
                fd = self.open(nonblocking, connects.then_some(wire))?;
                wire
            }
            None => {
                (fd, asked) = self.open_asked(address, nonblocking, connects)?;
                &asked
            }
        };
        run(fd, wire)
    }

    /// As `open_for`, for an address of which something has to be asked or said.
    #[cold]
    fn open_asked(
        &self,
        address: &impl ToAddress<M>,
        nonblocking: bool,
        connects: bool,
    ) -> Result<(Owned, SocketAddrV6), Error> {
        let wire = address.to_wire(self.mode, sys::interface_index)?;
        let fd = self.open(nonblocking, None)?;
        let wire = handle::with_zone(self.target(&fd), wire, 0)?;
        if connects {
            handle::trace_connecting(&wire);
        }
        Ok((fd, wire))
    }

    /// Runs a verb, and again where the interface of its address has another index by now.
    #[inline(always)]
    fn renewing<A: ToAddress<M>, T>(
        &self,
        address: &A,
        verb: impl Fn(&A) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match verb(address) {
            Ok(opened) => Ok(opened),
            Err(error) => self.renew(error, address, verb),
        }
    }

    #[cold]
    #[inline(never)]
    fn renew<A: ToAddress<M>, T>(
        &self,
        error: Error,
        address: &A,
        verb: impl Fn(&A) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let renewed = || {
            let wire = address.to_wire(self.mode, sys::interface_index).ok()?;
            let address: std::net::SocketAddr = M::Address::from_wire(wire).into();
            Some(address.into())
        };
        renewing(error, || verb(address), renewed)
    }

    #[inline]
    fn target<'a>(&self, fd: &'a Owned) -> Target<'a> {
        Target { fd: sys::borrow(fd), dual_stack: !self.mode.v6_only() }
    }
}

impl<M: Mode> Builder<Stream, M> {
    /// Speaks Multipath TCP (RFC 8684), which falls back to TCP where the peer does not.
    ///
    /// # Platform notes
    ///
    /// Linux 5.6 and later have it, unless it is switched off (`net.mptcp.enabled`). Elsewhere the
    /// final verb fails with kind [`Unsupported`](std::io::ErrorKind::Unsupported). To prefer it,
    /// ask first, as below.
    ///
    /// On Linux before 6.15, without the stable updates of April 2025, such a socket can set
    /// `IPV6_V6ONLY` but cannot read it. There the mode is set without being read back.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, capabilities};
    ///
    /// let builder = Builder::stream();
    /// let builder = if capabilities()?.multipath_tcp { builder.multipath_tcp() } else { builder };
    /// let listener = builder.bind("[::1]:0")?.listen(128)?;
    /// # Ok::<(), inet6::Error>(())
    /// ```
    #[doc(alias = "IPPROTO_MPTCP")]
    #[doc(alias = "MPTCP")]
    pub fn multipath_tcp(mut self) -> Self {
        self.protocol = Protocol::MultipathTcp;
        self
    }

    /// Opens a socket and binds it to a local address; port 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// [`AddrInUse`](std::io::ErrorKind::AddrInUse),
    /// [`AddrNotAvailable`](std::io::ErrorKind::AddrNotAvailable) for an address that no interface
    /// has, [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) for a port below 1024,
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for what is not an address of this mode,
    /// and [`Unsupported`](std::io::ErrorKind::Unsupported) for an option that the system lacks.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Builder;
    ///
    /// let bound = Builder::stream().bind("[::1]:0")?;
    /// println!("the port is {}", bound.local_addr()?.port());
    /// let listener = bound.listen(128)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bind(&self, address: impl ToAddress<M>) -> Result<BoundStream<M>, Error> {
        let fd = self.renewing(&address, |address| self.open_bound(address))?;
        let at_listen = self.options.iter().filter(|option| option.at_listen()).cloned().collect();
        Ok(BoundStream::new(fd, self.mode, self.nonblocking, at_listen))
    }

    /// Opens a socket and connects it to `peer`.
    ///
    /// The call returns when the connection is there, with
    /// [`nonblocking`](Builder::nonblocking) as well. To choose the source address,
    /// [`bind`](Self::bind) first and connect the [`BoundStream`].
    ///
    /// # Errors
    ///
    /// [`ConnectionRefused`](std::io::ErrorKind::ConnectionRefused) where nothing listens,
    /// [`NetworkUnreachable`](std::io::ErrorKind::NetworkUnreachable) without a route,
    /// [`TimedOut`](std::io::ErrorKind::TimedOut) when the system gave up, and those of
    /// [`bind`](Self::bind).
    ///
    /// # Platform notes
    ///
    /// The wildcard address as a peer is this host, but for Windows: there it fails with
    /// [`AddrNotAvailable`](std::io::ErrorKind::AddrNotAvailable).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, TcpListener};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = Builder::stream().connect(listener.local_addr()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn connect(&self, peer: impl ToAddress<M>) -> Result<TcpStream<M>, Error> {
        match self.connect_once(&peer) {
            Ok(stream) => Ok(stream),
            Err(error) => {
                let again = self.renew(error, &peer, |peer| self.connect_once(peer));
                Ok(again?)
            }
        }
    }

    #[inline(always)]
    fn connect_once(&self, peer: &impl ToAddress<M>) -> Result<TcpStream<M>, Error> {
        self.open_for(peer, false, true, |fd, wire| bound::connect(fd, self.mode, wire))
    }

    /// Opens a socket, connects it to `peer`, and gives up after `timeout`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](std::io::ErrorKind::TimedOut) when the time is over,
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for a timeout of zero, and those of
    /// [`connect`](Self::connect). Signals do not prolong the wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, TcpListener};
    /// use std::time::Duration;
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let builder = Builder::stream();
    /// let stream = builder.connect_timeout(listener.local_addr()?, Duration::from_secs(5))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn connect_timeout(
        &self,
        peer: impl ToAddress<M>,
        timeout: Duration,
    ) -> Result<TcpStream<M>, Error> {
        self.renewing(&peer, |peer| {
            self.open_for(peer, true, false, |fd, wire| {
                bound::connect_timeout(fd, self.mode, *wire, self.nonblocking, timeout)
            })
        })
    }

    /// Opens a socket, starts to connect it to `peer`, and returns at once.
    ///
    /// # Errors
    ///
    /// What can be told at once, such as
    /// [`NetworkUnreachable`](std::io::ErrorKind::NetworkUnreachable).
    ///
    /// # Examples
    ///
    /// See [`Connecting`].
    pub fn start_connect(&self, peer: impl ToAddress<M>) -> Result<Connecting<M>, Error> {
        self.renewing(&peer, |peer| {
            self.open_for(peer, true, false, |fd, wire| {
                bound::start_connect(fd, self.mode, *wire, self.nonblocking)
            })
        })
    }
}

impl<M: Mode> Builder<Datagram, M> {
    /// Opens a socket and binds it to a local address; port 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// As for [streams](Builder::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Builder;
    ///
    /// let socket = Builder::datagram().bind("[::1]:0")?;
    /// # Ok::<(), inet6::Error>(())
    /// ```
    pub fn bind(&self, address: impl ToAddress<M>) -> Result<UdpSocket<M>, Error> {
        let fd = self.renewing(&address, |address| self.open_bound(address))?;
        Ok(UdpSocket::new(fd, self.mode))
    }

    /// Opens a socket and fixes its peer; the system chooses the local address.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::connect`].
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, UdpSocket};
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = Builder::datagram().connect(server.local_addr()?)?;
    /// client.send(b"ping")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn connect(&self, peer: impl ToAddress<M>) -> Result<ConnectedUdpSocket<M>, Error> {
        self.renewing(&peer, |peer| {
            self.open_for(peer, false, false, |fd, wire| {
                Ok(UdpSocket::new(fd, self.mode).connect_wire(*wire)?)
            })
        })
    }
}

impl<K: Kind, M: Mode> Clone for Builder<K, M> {
    fn clone(&self) -> Self {
        Self {
            mode: self.mode,
            protocol: self.protocol,
            nonblocking: self.nonblocking,
            options: self.options.clone(),
            kind: PhantomData,
        }
    }
}

impl<K: Kind, M: Mode> fmt::Debug for Builder<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("protocol", &self.protocol)
            .field("mode", &self.mode)
            .field("nonblocking", &self.nonblocking)
            .field("options", &self.options)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::mode::AnyMode;
    use crate::sys::option_numbers;

    /// An option that the kernel takes of a listening socket only, up to 1.
    #[derive(Debug, Clone)]
    struct Listening(u32);

    impl SocketOption<Stream> for Listening {}
    impl Setting for Listening {
        const NAME: &'static str = "LISTENING";
        const AT_LISTEN: bool = true;

        fn apply(&self, socket: Target<'_>) -> io::Result<()> {
            match sys::get_bool(socket, option_numbers::SO_ACCEPTCONN)? && self.0 <= 1 {
                true => sys::set_bool(socket, option_numbers::SO_KEEPALIVE, true),
                false => Err(io::ErrorKind::InvalidInput.into()),
            }
        }

        fn read(_: Target<'_>) -> io::Result<Self> {
            Err(sys::unsupported())
        }
    }

    #[test]
    fn listen_sets_options_of_listeners() {
        let keeps_alive =
            |socket: Target<'_>| sys::get_bool(socket, option_numbers::SO_KEEPALIVE).unwrap();
        let builder = Builder::stream().with(Listening(1));
        let bound = builder.bind("[::1]:0").unwrap();
        assert!(!keeps_alive(bound.target()));
        // It outlives a change of the type.
        let listener = BoundStream::<AnyMode>::from(bound).listen(1).unwrap();
        assert!(keeps_alive(listener.target()));
        let peer = ("::1", listener.local_addr().unwrap().port());
        let stream = builder.connect(peer).unwrap();
        assert!(!keeps_alive(stream.target()));

        let error = Builder::stream().with(Listening(2)).bind("[::1]:0").unwrap().listen(1);
        assert_eq!(error.unwrap_err().op(), Op::Set("LISTENING"));
    }
}
