//! `connect_host`, on builders of both kinds.

use std::io::ErrorKind;
use std::net::IpAddr;

use super::Builder;
use crate::addr::Endpoint;
use crate::addr::mapped::{canonical, is_wildcard};
use crate::connect::driver::{Pending, Start, Started, run};
use crate::connect::host::HappyEyeballs;
use crate::connect::policy::suits;
use crate::connect::report::{HostConnection, HostError};
use crate::error::{Error, Op, Reason};
use crate::kind::{Datagram, Stream};
use crate::mode::Mode;
use crate::sys::{self, Borrowed};
use crate::tcp::{Connecting, TcpStream};
use crate::udp::ConnectedUdpSocket;

impl<M: Mode> Builder<Stream, M> {
    /// Connects to a host by its name, over the fastest of its addresses (Happy Eyeballs).
    ///
    /// The name leads where it leads every other program on this host: the system's resolver is
    /// asked once, for both families, or for IPv6 alone in [`V6Only`](struct@crate::V6Only) mode
    /// ([`SystemResolver`](crate::connect::SystemResolver)). The addresses are tried one after the
    /// other, each with a short head start, IPv6 and IPv4 in turns, and the first connection is
    /// kept. Every attempt has all options of the builder. A literal address is connected to
    /// without a look-up. [`HappyEyeballs`] holds the rules.
    ///
    /// # Errors
    ///
    /// [`HostError`] tells what the resolver said and what became of every attempt.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Builder;
    ///
    /// let builder = Builder::stream();
    /// # let listener = builder.bind("[::]:0")?.listen(16)?;
    /// # let port = listener.local_addr()?.port();
    /// let connection = builder.connect_host(("localhost", port))?;
    /// println!("{}", connection.report);
    /// connection.socket.send(b"Hello, server!")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "RFC 8305")]
    #[doc(alias = "happy eyeballs")]
    pub fn connect_host(
        &self,
        host: impl Into<HappyEyeballs>,
    ) -> Result<HostConnection<TcpStream<M>>, HostError> {
        run(self.mode, &host.into(), |Start { source, peer, may_wait }| {
            Ok(match (source, may_wait) {
                (None, true) => Started::Done(self.connect(peer)?),
                (None, false) => Started::Running(self.start_connect(peer)?),
                (Some(source), true) => {
                    Started::Done(self.bind(Endpoint::from(source))?.connect(peer)?)
                }
                (Some(source), false) => {
                    Started::Running(self.bind(Endpoint::from(source))?.start_connect(peer)?)
                }
            })
        })
    }
}

impl<M: Mode> Builder<Datagram, M> {
    /// Connects a datagram socket to a host by its name.
    ///
    /// The peer is the first address that this host has a route to and a source address for, in the
    /// order in which [streams](Builder::connect_host) try them. No packet is sent, so it is not
    /// known whether the peer is there.
    ///
    /// The system's resolver has looked at the sources when it ordered the addresses. If another
    /// [resolver](HappyEyeballs::resolver) or a [first family](HappyEyeballs::first_family) decides
    /// the order, an address comes after all that fit if its source has another scope or another
    /// label (RFC 6724, section 6, rules 2 and 5, with the default policy table). An example is a
    /// global destination on a host whose only IPv6 address is unique local.
    ///
    /// # Errors
    ///
    /// [`HostError`] tells what the resolver said and what became of every attempt.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, UdpSocket};
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let port = server.local_addr()?.port();
    /// let connection = Builder::datagram().connect_host(("::1", port))?;
    /// connection.socket.send(b"ping")?;
    /// assert_eq!(server.recv_from(&mut [0; 8])?.0, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn connect_host(
        &self,
        host: impl Into<HappyEyeballs>,
    ) -> Result<HostConnection<ConnectedUdpSocket<M>>, HostError> {
        let host = host.into();
        let judges = host.judges_sources();
        run(self.mode, &host, |Start { source, peer, .. }| {
            let socket = match source {
                Some(source) => self.bind(Endpoint::from(source))?.connect(peer.clone())?,
                None => self.connect(peer.clone())?,
            };
            let destination = peer.ip();
            let local = local_ip(&socket, peer)?;
            // A source that the caller chose is the caller's decision.
            Ok(match judges && source.is_none() && !suits(local, destination) {
                true => Started::<Never<_>, _>::Unsuited(socket, local),
                false => Started::Done(socket),
            })
        })
    }
}

/// The address of this host that a socket was connected from. A connection without one, which some
/// system may make, is refused.
fn local_ip<M: Mode>(socket: &ConnectedUdpSocket<M>, peer: Endpoint) -> Result<IpAddr, Error> {
    match sys::local_address(socket.socket_ref().fd) {
        Ok(local) if !is_wildcard(local.ip()) => Ok(canonical(local).ip()),
        Ok(_) => {
            let kind = ErrorKind::AddrNotAvailable;
            Err(Error::refused(Op::Connect, Some(peer), Reason::NoSource, kind))
        }
        Err(error) => Err(Error::new(Op::Connect, Some(peer), None, error)),
    }
}

impl<M: Mode> Pending<TcpStream<M>> for Connecting<M> {
    fn fd(&self) -> Borrowed<'_> {
        self.descriptor()
    }

    fn try_finish(self) -> Result<Result<TcpStream<M>, Self>, Error> {
        self.try_finish()
    }
}

/// No connection of a datagram socket is ever under way.
struct Never<S>(std::convert::Infallible, std::marker::PhantomData<S>);

impl<S> Pending<S> for Never<S> {
    fn fd(&self) -> Borrowed<'_> {
        match self.0 {}
    }

    fn try_finish(self) -> Result<Result<S, Self>, Error> {
        match self.0 {}
    }
}
