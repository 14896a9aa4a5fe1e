//! The description of a socket to open: [`Builder`].

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddrV6;
use std::sync::Arc;

use crate::addr::ToAddress;
use crate::addr::mapped::{canonical, is_mapped, is_wildcard};
use crate::error::{Error, Op};
use crate::kind::{Datagram, Kind, Protocol, Shape, Stream};
use crate::mode::{DualStack, FromWire, Mode, V6Only};
use crate::option::{Options, Setting, ShareAddress, SocketOption};
use crate::socket::connect::trace_connecting;
use crate::socket::scope::with_zone;
use crate::sys::{self, Owned, SocketRef};

mod echo;
mod host;
mod retry;
mod sharded;
mod short;
mod tcp;
mod udp;

use self::retry::after_renumbering;

/// A description of a socket: its kind, its mode and its options.
///
/// A builder is plain data. Nothing touches the system before the final verb, which takes `&self`:
/// one description opens as many sockets as it is asked for.
///
/// There are two decisions, and both are types that are never written by hand:
///
/// 1. the kind: [`Builder::stream`] or [`Builder::datagram`]; it decides which options and verbs
///    there are;
/// 2. the [mode](crate::mode): dual-stack unless [`v6_only`](Self::v6_only) or
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
/// 4. the options are set: [`ReuseAddress`](crate::option::ReuseAddress) and its kin first, then
///    devices, then the rest in the order given, and [`Priority`](crate::option::Priority) last,
///    which another one may change;
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
/// # use inet6::{Builder, V6Only};
/// Builder::stream().bind("[::]:0")?.mode(V6Only).listen(128)?; // the mode is decided before
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// ```
/// # use inet6::{Builder, V6Only};
/// Builder::stream().mode(V6Only).bind("[::]:0")?.listen(128)?;
/// # Ok::<(), inet6::Error>(())
/// ```
#[must_use = "a builder opens nothing until `bind` or `connect` is called"]
pub struct Builder<K: Kind, M: Mode = DualStack> {
    mode: M,
    protocol: Protocol,
    nonblocking: bool,
    steers_by_cpu: bool,
    options: Options,
    kind: PhantomData<fn() -> K>,
}

impl Builder<Stream> {
    /// Describes a stream socket: TCP, dual-stack, blocking.
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
    /// Describes a datagram socket: UDP, dual-stack, blocking.
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
        Self {
            mode: DualStack,
            protocol,
            nonblocking: false,
            steers_by_cpu: false,
            options: Vec::new(),
            kind: PhantomData,
        }
    }
}

impl<K: Kind, M: Mode> Builder<K, M> {
    /// Restricts the socket to IPv6: addresses become [`SocketAddrV6`], and passing an IPv4 address
    /// does not compile.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Builder;
    /// use std::net::SocketAddrV6;
    ///
    /// let listener = Builder::stream().v6_only().bind("[::]:0")?.listen(128)?;
    /// let local: SocketAddrV6 = listener.local_addr()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "IPV6_V6ONLY")]
    #[doc(alias = "only_v6")]
    pub fn v6_only(self) -> Builder<K, V6Only> {
        self.mode(V6Only)
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
            steers_by_cpu: self.steers_by_cpu,
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

    /// Opens a socket for an address and sets it up; `connects` logs the address as its peer.
    #[inline(always)]
    fn open(
        &self,
        nonblocking: bool,
        address: &SocketAddrV6,
        connects: bool,
    ) -> Result<Owned, Error> {
        let v6_only = self.mode.v6_only();
        let fd = sys::open(K::SHAPE, self.protocol, nonblocking || self.nonblocking)
            .map_err(|error| self.no_socket(error))?;
        let socket = self.socket_ref(&fd);
        if let Err(error) = sys::set_v6_only(socket.fd, v6_only) {
            self.without_mode(error, socket, address, connects)?;
            return Ok(fd);
        }
        let echo = K::SHAPE == Shape::Datagram && self.protocol == Protocol::Icmpv6;
        // One question to the log for all that is usual.
        if echo || !self.options.is_empty() || log::log_enabled!(log::Level::Trace) {
            self.set_options(socket, true, connects.then_some(*address))?;
        }
        Ok(fd)
    }

    #[cold]
    #[inline(never)]
    fn no_socket(&self, error: std::io::Error) -> Error {
        sys::errno::creating(self.protocol, self.mode.v6_only(), error)
    }

    /// Leaves the mode as it is and sets the options, if the system has no dual-stack sockets and
    /// the address is a specific IPv6 one, which no IPv4 peer can reach anyway.
    ///
    /// The proof is that the socket is restricted although it was to be dual-stack.
    #[cold]
    #[inline(never)]
    fn without_mode(
        &self,
        error: std::io::Error,
        socket: SocketRef<'_>,
        address: &SocketAddrV6,
        connects: bool,
    ) -> Result<(), Error> {
        let v6_only = self.mode.v6_only();
        let is_specific = !is_wildcard(address.ip()) && !is_mapped(address.ip());
        if !v6_only && is_specific && sys::is_v6_only(socket.fd) {
            log::debug!("this system has no dual-stack sockets: IPV6_V6ONLY is left as it is");
            return self.set_options(socket, false, connects.then_some(*address));
        }
        log::trace!("opened an IPv6 socket for {:?}", self.protocol);
        Err(sys::errno::opening(Op::Mode, None, v6_only, error))
    }

    /// What is left where there are options, or a log that wants each step.
    #[inline(never)]
    fn set_options(
        &self,
        socket: SocketRef<'_>,
        has_mode: bool,
        peer: Option<SocketAddrV6>,
    ) -> Result<(), Error> {
        log::trace!("opened an IPv6 socket for {:?}", self.protocol);
        if has_mode {
            log::trace!("set IPV6_V6ONLY to {}", self.mode.v6_only());
        }
        if self.protocol == Protocol::Icmpv6 {
            sys::keep_identifier(socket.fd)
                .map_err(|error| sys::errno::option(Op::Set(ShareAddress::NAME), error))?;
            log::debug!("bind_echo keeps other programs off its identifier");
        }
        for option in self.options.iter().filter(|option| !option.at_listen()) {
            option.apply(socket)?;
        }
        if let Some(peer) = peer {
            trace_connecting(&peer);
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
        let mut slot = None;
        let (fd, asked);
        let wire = match address.lend(self.mode, &mut slot) {
            Some(wire) => {
                fd = self.open(nonblocking, wire, connects)?;
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
        let fd = self.open(nonblocking, &wire, false)?;
        let wire = with_zone(self.socket_ref(&fd), wire, 0)?;
        if connects {
            trace_connecting(&wire);
        }
        Ok((fd, wire))
    }

    /// Runs a verb, and again where the interface of its address has another index by now.
    #[inline(always)]
    fn retrying<A: ToAddress<M>, T>(
        &self,
        address: &A,
        verb: impl Fn(&A) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match verb(address) {
            Ok(opened) => Ok(opened),
            Err(error) => self.retry(error, address, verb),
        }
    }

    #[cold]
    #[inline(never)]
    fn retry<A: ToAddress<M>, T>(
        &self,
        error: Error,
        address: &A,
        verb: impl Fn(&A) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let renumbered = || {
            let wire = address.to_wire(self.mode, sys::interface_index).ok()?;
            let address: std::net::SocketAddr = M::Address::from_wire(wire).into();
            Some(address.into())
        };
        after_renumbering(error, || verb(address), renumbered)
    }

    #[inline]
    fn socket_ref<'a>(&self, fd: &'a Owned) -> SocketRef<'a> {
        SocketRef::new(sys::borrow(fd), self.mode.v6_only())
    }
}

impl<K: Kind, M: Mode> Clone for Builder<K, M> {
    fn clone(&self) -> Self {
        Self {
            mode: self.mode,
            protocol: self.protocol,
            nonblocking: self.nonblocking,
            steers_by_cpu: self.steers_by_cpu,
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
            .field("steers_by_cpu", &self.steers_by_cpu)
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
    use crate::tcp::BoundStream;

    /// An option that the kernel takes of a listening socket only, up to 1.
    #[derive(Debug, Clone)]
    struct OnlyListening(u32);

    impl SocketOption<Stream> for OnlyListening {}
    impl Setting for OnlyListening {
        const NAME: &'static str = "LISTENING";
        const AT_LISTEN: bool = true;

        fn apply(&self, socket: SocketRef<'_>) -> io::Result<()> {
            match sys::get_bool(socket, option_numbers::SO_ACCEPTCONN)? && self.0 <= 1 {
                true => sys::set_bool(socket, option_numbers::SO_KEEPALIVE, true),
                false => Err(io::ErrorKind::InvalidInput.into()),
            }
        }

        fn read(_: SocketRef<'_>) -> io::Result<Self> {
            Err(sys::unsupported())
        }
    }

    #[test]
    fn listen_sets_options_of_listeners() {
        let keeps_alive =
            |socket: SocketRef<'_>| sys::get_bool(socket, option_numbers::SO_KEEPALIVE).unwrap();
        let builder = Builder::stream().with(OnlyListening(1));
        let bound = builder.bind("[::1]:0").unwrap();
        assert!(!keeps_alive(bound.socket_ref()));
        // It outlives a change of the type.
        let listener = BoundStream::<AnyMode>::from(bound).listen(1).unwrap();
        assert!(keeps_alive(listener.socket_ref()));
        let peer = ("::1", listener.local_addr().unwrap().port());
        let stream = builder.connect(peer).unwrap();
        assert!(!keeps_alive(stream.socket_ref()));

        let error = Builder::stream().with(OnlyListening(2)).bind("[::1]:0").unwrap().listen(1);
        assert_eq!(error.unwrap_err().op(), Op::Set("LISTENING"));
    }
}
