//! The description of a socket to open: [`Builder`].

use std::any::{Any, TypeId};
use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddrV6;
use std::sync::Arc;
use std::time::Duration;

use crate::addr::{Endpoint, ToAddress};
use crate::error::{Error, Op};
use crate::kind::{Datagram, Kind, Protocol, Stream};
use crate::mode::{DualStack, FromWire, Mode, V6Only};
use crate::option::{Rank, ReuseAddress, Setting, ShareAddress, SocketOption};
use crate::socket::{
    BoundStream, ConnectedUdpSocket, Connecting, TcpListener, TcpStream, UdpSocket, bound, handle,
};
use crate::sys::{self, Owned, Target};

/// How many connections may wait on a listener that [`TcpListener::bind`] opened.
const BACKLOG: u32 = 4096;

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
/// 4. the options are set: [`ReuseAddress`] and its kin first, then devices, then the rest in the
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
    options: Vec<Arc<dyn Recorded>>,
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
        builder.renewing(&address, || builder.open_bound(&address))
    }

    fn open(&self, nonblocking: bool) -> Result<Owned, Error> {
        let v6_only = self.mode.v6_only();
        let failed = |op, error| sys::errors::opening(op, None, v6_only, error);
        let fd = sys::open(self.protocol, nonblocking)
            .map_err(|error| sys::errors::creating(self.protocol, v6_only, error))?;
        log::trace!("opened an IPv6 socket for {:?}", self.protocol);
        let socket = self.target(&fd);
        sys::set_v6_only(socket.fd, v6_only).map_err(|error| failed(Op::Mode, error))?;
        log::trace!("set IPV6_V6ONLY to {v6_only}, and read it back");
        if self.protocol == Protocol::Icmpv6 {
            sys::keep_identifier(socket.fd)
                .map_err(|error| sys::errors::option(Op::Set(ShareAddress::NAME), error))?;
            log::debug!("bind_echo keeps other programs off its identifier");
        }
        for option in &self.options {
            option
                .apply(socket)
                .map_err(|error| sys::errors::option(Op::Set(option.name()), error))?;
            log::trace!("set {} as {option:?}", option.name());
        }
        Ok(fd)
    }

    fn open_bound(&self, address: impl ToAddress<M>) -> Result<Owned, Error> {
        let (fd, wire) = self.open_for(address, self.nonblocking)?;
        sys::bind(sys::borrow(&fd), wire).map_err(|error| {
            sys::errors::opening(Op::Bind, Some(wire), self.mode.v6_only(), error)
        })?;
        log::trace!("bound to {wire}");
        Ok(fd)
    }

    /// A socket and the kernel's form of the address that it is for.
    fn open_for(
        &self,
        address: impl ToAddress<M>,
        nonblocking: bool,
    ) -> Result<(Owned, SocketAddrV6), Error> {
        let wire = address.to_wire(self.mode, sys::interface_index)?;
        let fd = self.open(nonblocking)?;
        let wire = handle::with_zone(self.target(&fd), wire)?;
        Ok((fd, wire))
    }

    /// Runs a verb, and again where the interface of its address has another index by now.
    fn renewing<T>(
        &self,
        address: &impl ToAddress<M>,
        verb: impl FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let renewed = || {
            let wire = address.to_wire(self.mode, sys::interface_index).ok()?;
            let address: std::net::SocketAddr = M::Address::from_wire(wire).into();
            Some(address.into())
        };
        renewing(verb, renewed)
    }

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
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, capabilities};
    ///
    /// let builder = Builder::stream();
    /// let builder = if capabilities().multipath_tcp { builder.multipath_tcp() } else { builder };
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
        let fd = self.renewing(&address, || self.open_bound(&address))?;
        Ok(BoundStream::new(fd, self.mode, self.nonblocking))
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
    pub fn connect(&self, peer: impl ToAddress<M>) -> Result<TcpStream<M>, Error> {
        self.renewing(&peer, || {
            let (fd, wire) = self.open_for(&peer, self.nonblocking)?;
            bound::connect(fd, self.mode, wire)
        })
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
        self.renewing(&peer, || {
            let (fd, wire) = self.open_for(&peer, true)?;
            bound::connect_timeout(fd, self.mode, wire, self.nonblocking, timeout)
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
        self.renewing(&peer, || {
            let (fd, wire) = self.open_for(&peer, true)?;
            bound::start_connect(fd, self.mode, wire, self.nonblocking)
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
        let fd = self.renewing(&address, || self.open_bound(&address))?;
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
        self.renewing(&peer, || {
            let (fd, wire) = self.open_for(&peer, self.nonblocking)?;
            Ok(UdpSocket::new(fd, self.mode).connect_wire(wire)?)
        })
    }
}

// The short forms of std: IPv6 only, for a type parameter that nobody writes.

impl TcpListener {
    /// Listens on a local address, as std's function of this name.
    ///
    /// IPv6 only, with [`ReuseAddress`] in its safe meaning and a backlog of 4096, which the
    /// system may cap. A [`Builder`] does anything else.
    ///
    /// # Errors
    ///
    /// As [`Builder::bind`].
    ///
    /// # Examples
    ///
    /// ```
    /// let listener = inet6::TcpListener::bind("[::1]:0")?;
    /// # Ok::<(), inet6::Error>(())
    /// ```
    pub fn bind(address: impl ToAddress<V6Only>) -> Result<Self, Error> {
        log::debug!("TcpListener::bind chooses ReuseAddress(true) and a backlog of {BACKLOG}");
        Builder::stream().with(ReuseAddress(true)).bind(address)?.listen(BACKLOG)
    }
}

impl TcpStream {
    /// Connects to a peer, as std's function of this name.
    ///
    /// # Errors
    ///
    /// As [`Builder::connect`].
    ///
    /// # Examples
    ///
    /// ```
    /// let listener = inet6::TcpListener::bind("[::1]:0")?;
    /// let stream = inet6::TcpStream::connect(listener.local_addr()?)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn connect(peer: impl ToAddress<V6Only>) -> Result<Self, Error> {
        Builder::stream().connect(peer)
    }

    /// Connects to a peer within `timeout`, as std's function of this name.
    ///
    /// # Errors
    ///
    /// As [`Builder::connect_timeout`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let listener = inet6::TcpListener::bind("[::1]:0")?;
    /// let peer = listener.local_addr()?;
    /// let stream = inet6::TcpStream::connect_timeout(&peer, Duration::from_secs(5))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn connect_timeout(peer: impl ToAddress<V6Only>, timeout: Duration) -> Result<Self, Error> {
        Builder::stream().connect_timeout(peer, timeout)
    }
}

impl UdpSocket {
    /// Opens a socket on a local address, as std's function of this name.
    ///
    /// # Errors
    ///
    /// As [`Builder::bind`].
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = inet6::UdpSocket::bind("[::1]:0")?;
    /// # Ok::<(), inet6::Error>(())
    /// ```
    pub fn bind(address: impl ToAddress<V6Only>) -> Result<Self, Error> {
        Builder::datagram().bind(address)
    }
}

/// Runs a verb, and once more if the interface of its address is gone and `renewed` knows another
/// address: the name of an interface stays when its index changes.
fn renewing<T>(
    mut verb: impl FnMut() -> Result<T, Error>,
    renewed: impl FnOnce() -> Option<Endpoint>,
) -> Result<T, Error> {
    match verb() {
        Err(error) if sys::errors::is_gone(&error) => match renewed() {
            Some(address) if error.address().is_some_and(|before| *before != address) => verb(),
            _ => Err(error),
        },
        result => result,
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

/// An option of any type, as the builder keeps it.
trait Recorded: fmt::Debug + Send + Sync {
    fn option_type(&self) -> TypeId;
    fn name(&self) -> &'static str;
    fn rank(&self) -> Rank;
    fn apply(&self, socket: Target<'_>) -> std::io::Result<()>;
}

impl<O: Setting> Recorded for O {
    fn option_type(&self) -> TypeId {
        self.type_id()
    }

    fn name(&self) -> &'static str {
        O::NAME
    }

    fn rank(&self) -> Rank {
        O::RANK
    }

    fn apply(&self, socket: Target<'_>) -> std::io::Result<()> {
        Setting::apply(self, socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::codes;

    /// A verb that fails on the interface of index 2, and what `renewing` makes of it when the look-up
    /// then says `index`: the result, and how often the verb ran.
    fn on_index_two(code: i32, index: Option<u32>) -> (Result<(), i32>, usize) {
        let address = |index: u32| format!("[fe80::1%{index}]:80").parse::<Endpoint>().unwrap();
        let mut times = 0;
        let verb = || {
            times += 1;
            if times > 1 {
                return Ok(());
            }
            let error = std::io::Error::from_raw_os_error(code);
            Err(Error::new(Op::Bind, Some(address(2)), None, error))
        };
        let result = renewing(verb, || index.map(address));
        (result.map_err(|error| error.raw_os_error().unwrap()), times)
    }

    #[test]
    fn an_interface_with_a_new_index_is_tried_again() {
        // Windows has no number of its own for it.
        for code in codes::NO_DEVICE {
            assert_eq!(on_index_two(*code, Some(3)), (Ok(()), 2));
        }
    }

    #[test]
    fn nothing_else_is_tried_again() {
        for code in codes::NO_DEVICE {
            assert_eq!(on_index_two(*code, Some(2)), (Err(*code), 1));
            assert_eq!(on_index_two(*code, None), (Err(*code), 1));
        }
        let other = codes::PROCESS_LIMIT[0];
        assert_eq!(on_index_two(other, Some(3)), (Err(other), 1));
    }
}
