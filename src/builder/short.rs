//! The short forms of std: dual-stack, and for hosts as well as addresses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Builder;
use crate::addr::{AddressError, Endpoint, ToAddress};
use crate::connect::to_host::{Host, ToHost};
use crate::connect::{HappyEyeballs, HostError, Query, Resolve, SystemResolver};
use crate::error::Error;
use crate::error::reason::AddressFault;
use crate::mode::DualStack;
use crate::option::ReuseAddress;
use crate::tcp::{TcpListener, TcpStream};
use crate::udp::UdpSocket;

/// How many connections may wait on a listener that [`TcpListener::bind`] opened.
const BACKLOG: u32 = 4096;

impl TcpListener {
    /// Listens on a local address, like std's function of this name.
    ///
    /// On `[::]` it accepts IPv6 and IPv4 connections. A name is looked up, and the first of its
    /// addresses that works is used. [`ReuseAddress`] is set in its safe meaning. The backlog is
    /// 4096, which the system may cap. A [`Builder`] does anything else.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::bind`], for the last address, and a failed look-up
    /// ([`Op::LookUp`](crate::error::Op::LookUp)).
    ///
    /// # Examples
    ///
    /// ```
    /// let listener = inet6::TcpListener::bind("[::1]:0")?;
    /// # Ok::<(), inet6::Error>(())
    /// ```
    pub fn bind(address: impl ToHost) -> Result<Self, Error> {
        log::debug!("TcpListener::bind chooses ReuseAddress(true) and a backlog of {BACKLOG}");
        let builder = Builder::stream().with(ReuseAddress(true));
        first_that_works(&address, |address| builder.bind(address)?.listen(BACKLOG))
    }
}

impl TcpStream {
    /// Connects to a host, like std's function of this name.
    ///
    /// The addresses of a name, or of a list, are raced as [`Builder::connect_host`] does it: if
    /// the IPv6 path is broken, IPv4 takes over after a quarter of a second.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::connect`], and a failed look-up
    /// ([`Op::LookUp`](crate::error::Op::LookUp)). If several addresses were tried, the error lists
    /// them all.
    ///
    /// # Examples
    ///
    /// ```
    /// let listener = inet6::TcpListener::bind("localhost:0")?;
    /// let stream = inet6::TcpStream::connect(("localhost", listener.local_addr()?.port()))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn connect(host: impl ToHost) -> Result<Self, Error> {
        match host.read_host()? {
            Host::Literal(peer) => Builder::stream().connect(peer),
            host => {
                let connection =
                    Builder::stream().connect_host(HappyEyeballs::with_host(Ok(host)))?;
                Ok(connection.socket)
            }
        }
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
    pub fn connect_timeout(
        peer: impl ToAddress<DualStack>,
        timeout: Duration,
    ) -> Result<Self, Error> {
        Builder::stream().connect_timeout(peer, timeout)
    }
}

impl UdpSocket {
    /// Opens a socket on a local address, like std's function of this name.
    ///
    /// On `[::]` it exchanges datagrams with IPv6 and IPv4 peers. A name is looked up, and the
    /// first of its addresses that works is used.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::bind`], for the last address, and a failed look-up
    /// ([`Op::LookUp`](crate::error::Op::LookUp)).
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = inet6::UdpSocket::bind("[::1]:0")?;
    /// # Ok::<(), inet6::Error>(())
    /// ```
    pub fn bind(address: impl ToHost) -> Result<Self, Error> {
        first_that_works(&address, |address| Builder::datagram().bind(address))
    }
}

/// Runs a verb on one address of a host after the other, until it succeeds.
fn first_that_works<S>(
    host: &impl ToHost,
    verb: impl Fn(Endpoint) -> Result<S, Error>,
) -> Result<S, Error> {
    let addresses: Arc<[SocketAddr]> = match host.read_host()? {
        Host::Literal(address) => return verb(address),
        Host::Name { name, port } => look_up(name, port)?.into(),
        Host::List(addresses) => addresses,
    };
    let mut last = None;
    for address in &*addresses {
        match verb(Endpoint::from(*address)) {
            Ok(opened) => return Ok(opened),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| AddressError::new("[]", AddressFault::EmptyList).into()))
}

/// The addresses of a name, for both families.
fn look_up(name: Arc<str>, port: u16) -> Result<Vec<SocketAddr>, Error> {
    let began = Instant::now();
    match SystemResolver.look_up(Query::new(Arc::clone(&name))) {
        Ok(mut addresses) => {
            addresses.iter_mut().for_each(|address| address.set_port(port));
            Ok(addresses)
        }
        Err(error) => {
            let host = Host::Name { name, port };
            Err(HostError::unresolved(host, error, began.elapsed()).into())
        }
    }
}
