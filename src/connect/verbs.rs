//! `connect_host`, on builders of both kinds.

use super::drive::{Pending, Started, run};
use super::host::HappyEyeballs;
use super::report::{HostConnection, HostError};
use crate::addr::Endpoint;
use crate::addr::mapped::is_wildcard;
use crate::builder::Builder;
use crate::error::{Error, Op, Reason};
use crate::kind::{Datagram, Stream};
use crate::mode::Mode;
use crate::socket::{ConnectedUdpSocket, Connecting, TcpStream};
use crate::sys::{self, Borrowed};

impl<M: Mode> Builder<Stream, M> {
    /// Connects to a host by its name, over the fastest of its addresses (Happy Eyeballs).
    ///
    /// The name is looked up in both families at once, in [`V6Only`](crate::V6Only) mode in IPv6
    /// alone; the addresses are tried one after the other, each with a short head start, IPv6 and
    /// IPv4 in turns; and the first connection is kept. Every attempt has all options of the
    /// builder. A literal address is connected to without a look-up. [`HappyEyeballs`] holds the
    /// rules.
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
    /// let builder = Builder::stream().dual_stack();
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
        run(self, &host.into(), |source, peer| {
            let connecting = match source {
                Some(source) => self.bind(Endpoint::from(source))?.start_connect(peer)?,
                None => self.start_connect(peer)?,
            };
            Ok(Started::Running(connecting))
        })
    }
}

impl<M: Mode> Builder<Datagram, M> {
    /// Connects a datagram socket to a host by its name.
    ///
    /// The peer is the first address that this host has a route to and a source address for, in the
    /// order in which [streams](Builder::connect_host) try them. No packet is sent, so nobody knows
    /// whether the peer is there.
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
        run(self, &host.into(), |source, peer| {
            let socket = match source {
                Some(source) => self.bind(Endpoint::from(source))?.connect(peer.clone())?,
                None => self.connect(peer.clone())?,
            };
            sourced(&socket, peer)?;
            Ok(Started::<Never<_>, _>::Done(socket))
        })
    }
}

/// Refuses a connection without an address of this host, which some system may make.
fn sourced<M: Mode>(socket: &ConnectedUdpSocket<M>, peer: Endpoint) -> Result<(), Error> {
    match sys::local_address(socket.target().fd) {
        Ok(local) if !is_wildcard(local.ip()) => Ok(()),
        Ok(_) => {
            let error = std::io::ErrorKind::AddrNotAvailable.into();
            Err(Error::new(Op::Connect, Some(peer), Some(Reason::NoSource), error))
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
