//! The verbs of stream builders.

use std::time::Duration;

use super::Builder;
use crate::addr::ToAddress;
use crate::error::Error;
use crate::kind::{Protocol, Stream};
use crate::mode::Mode;
use crate::tcp::{BoundStream, Connecting, TcpStream, bound};

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
    /// use inet6::{Builder, capabilities::Capabilities};
    ///
    /// let builder = Builder::stream();
    /// let builder = if Capabilities::probe()?.multipath_tcp { builder.multipath_tcp() } else { builder };
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
        let fd = self.retrying(&address, |address| self.open_bound(address))?;
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
                let again = self.retry(error, &peer, |peer| self.connect_once(peer));
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
        self.retrying(&peer, |peer| {
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
        self.retrying(&peer, |peer| {
            self.open_for(peer, true, false, |fd, wire| {
                bound::start_connect(fd, self.mode, *wire, self.nonblocking)
            })
        })
    }
}
