//! A stream socket that has an address and no role yet.

use std::net::SocketAddrV6;
use std::time::Duration;

use super::{Connecting, TcpListener, TcpStream};
use crate::addr::ToAddress;
use crate::error::{Error, Op, Refusal};
use crate::kind::Stream;
use crate::mode::{DualStack, Mode};
use crate::option::Options;
use crate::socket::common::common_methods;
use crate::socket::connect::{explain, failed, trace_connecting};
use crate::socket::scope::to_wire;
use crate::sys::{self, Owned};

/// A stream socket that is bound, and neither listens nor is connected.
///
/// [`Builder::bind`](crate::Builder::bind) makes it. It learns its port here, becomes a
/// [`TcpListener`] with [`listen`](Self::listen) or a [`TcpStream`] with
/// [`connect`](Self::connect), and can no longer change its mode.
///
/// # Examples
///
/// Connecting from a chosen source address:
///
/// ```
/// use inet6::{Builder, TcpListener};
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let bound = Builder::stream().bind("[::1]:0")?;
/// let source = bound.local_addr()?;
/// let stream = bound.connect(listener.local_addr()?)?;
/// assert_eq!(listener.accept()?.1, source);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It cannot accept yet:
///
/// ```compile_fail,E0599
/// # use inet6::Builder;
/// let bound = Builder::stream().bind("[::1]:0")?;
/// bound.accept()?; // `listen` comes first
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```no_run
/// # // no_run: nobody connects.
/// # use inet6::Builder;
/// let bound = Builder::stream().bind("[::1]:0")?;
/// bound.listen(128)?.accept()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BoundStream<M: Mode = DualStack> {
    fd: Owned,
    mode: M,
    nonblocking: bool,
    /// Options of a listening socket.
    at_listen: Options,
}

common_methods!(BoundStream { nonblocking, at_listen }, Stream);

impl<M: Mode> BoundStream<M> {
    pub(crate) fn new(fd: Owned, mode: M, nonblocking: bool, at_listen: Options) -> Self {
        Self { fd, mode, nonblocking, at_listen }
    }

    /// Starts to listen; `backlog` connections may wait to be accepted.
    ///
    /// The system caps the backlog: Linux at `net.core.somaxconn`, 4096 unless changed.
    ///
    /// # Errors
    ///
    /// Another socket may have started to listen on the address in between. On Apple's systems and
    /// FreeBSD those of [`FastOpen`](crate::option::FastOpen), which is set here there.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Builder;
    ///
    /// let listener = Builder::stream().bind("[::1]:0")?.listen(128)?;
    /// # Ok::<(), inet6::Error>(())
    /// ```
    #[doc(alias = "backlog")]
    pub fn listen(self, backlog: u32) -> Result<TcpListener<M>, Error> {
        let fd = sys::borrow(&self.fd);
        log::trace!("listening with a backlog of {backlog}");
        sys::listen(fd, backlog).map_err(|error| {
            let local = sys::local_address(fd).ok();
            sys::errno::opening(Op::Listen, local, self.mode.v6_only(), error)
        })?;
        for option in &self.at_listen {
            option.apply(self.socket_ref())?;
        }
        Ok(TcpListener::new(self.fd, self.mode))
    }

    /// Connects to `peer`, from the address that the socket is bound to.
    ///
    /// The call returns when the connection is there, on a nonblocking socket as well.
    ///
    /// A stream that connects to its own address talks to itself, as TCP lets it (RFC 9293, section
    /// 3.5: both sides may open at once). Where that must not be, compare
    /// [`local_addr`](TcpStream::local_addr) and [`peer_addr`](TcpStream::peer_addr).
    ///
    /// # Errors
    ///
    /// As [`Builder::connect`](crate::Builder::connect).
    ///
    /// # Examples
    ///
    /// See [`BoundStream`].
    pub fn connect(self, peer: impl ToAddress<M>) -> Result<TcpStream<M>, Error> {
        let wire = to_wire(self.socket_ref(), self.mode, peer)?;
        trace_connecting(&wire);
        connect(self.fd, self.mode, &wire)
    }

    /// Connects to `peer` and gives up after `timeout`.
    ///
    /// # Errors
    ///
    /// As [`Builder::connect_timeout`](crate::Builder::connect_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, TcpListener};
    /// use std::time::Duration;
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let bound = Builder::stream().bind("[::1]:0")?;
    /// let stream = bound.connect_timeout(listener.local_addr()?, Duration::from_secs(5))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn connect_timeout(
        self,
        peer: impl ToAddress<M>,
        timeout: Duration,
    ) -> Result<TcpStream<M>, Error> {
        let wire = to_wire(self.socket_ref(), self.mode, peer)?;
        if !self.nonblocking {
            sys::set_nonblocking(sys::borrow(&self.fd), true)
                .map_err(|error| failed(self.mode, wire, error))?;
        }
        connect_timeout(self.fd, self.mode, wire, self.nonblocking, timeout)
    }

    /// Starts to connect to `peer` and returns at once.
    ///
    /// # Errors
    ///
    /// What can be told at once, such as [`NetworkUnreachable`](std::io::ErrorKind).
    ///
    /// # Examples
    ///
    /// See [`Connecting`].
    pub fn start_connect(self, peer: impl ToAddress<M>) -> Result<Connecting<M>, Error> {
        let wire = to_wire(self.socket_ref(), self.mode, peer)?;
        if !self.nonblocking {
            sys::set_nonblocking(sys::borrow(&self.fd), true)
                .map_err(|error| failed(self.mode, wire, error))?;
        }
        start_connect(self.fd, self.mode, wire, self.nonblocking)
    }
}

/// Connects a socket, and waits for it where the call did not.
#[inline(always)]
pub(crate) fn connect<M: Mode>(
    fd: Owned,
    mode: M,
    peer: &SocketAddrV6,
) -> Result<TcpStream<M>, Error> {
    let socket = sys::borrow(&fd);
    let started = sys::start_connect(socket, peer);
    match started {
        Ok(true) => Ok(TcpStream::new(fd, mode)),
        other => Ok(wait(fd, mode, *peer, other)?),
    }
}

/// The part of `connect` where the call did not do everything.
#[cold]
#[inline(never)]
fn wait<M: Mode>(
    fd: Owned,
    mode: M,
    peer: SocketAddrV6,
    started: std::io::Result<bool>,
) -> Result<TcpStream<M>, Error> {
    let socket = sys::borrow(&fd);
    match started.and_then(|_| sys::finish_connect(socket, 0, None)) {
        Ok(()) => Ok(TcpStream::new(fd, mode)),
        Err(error) => Err(explain(socket, mode, peer, error)),
    }
}

/// Connects a nonblocking socket, within `timeout`.
pub(crate) fn connect_timeout<M: Mode>(
    fd: Owned,
    mode: M,
    peer: SocketAddrV6,
    nonblocking: bool,
    timeout: Duration,
) -> Result<TcpStream<M>, Error> {
    if timeout.is_zero() {
        return Err(failed(mode, peer, Refusal::NoTimeToConnect.into()));
    }
    let deadline = sys::deadline(timeout);
    start_connect(fd, mode, peer, nonblocking)?.finish_by(deadline)
}

/// Starts to connect a nonblocking socket.
pub(crate) fn start_connect<M: Mode>(
    fd: Owned,
    mode: M,
    peer: SocketAddrV6,
    nonblocking: bool,
) -> Result<Connecting<M>, Error> {
    let socket = sys::borrow(&fd);
    trace_connecting(&peer);
    match sys::start_connect(socket, &peer) {
        Ok(made) => Ok(Connecting::new(fd, mode, peer, nonblocking, made)),
        Err(error) => Err(explain(socket, mode, peer, error)),
    }
}
