//! The short forms of std: IPv6 only, for a type parameter that nobody writes.

use std::time::Duration;

use super::Builder;
use crate::addr::ToAddress;
use crate::error::Error;
use crate::mode::V6Only;
use crate::option::ReuseAddress;
use crate::tcp::{TcpListener, TcpStream};
use crate::udp::UdpSocket;

/// How many connections may wait on a listener that [`TcpListener::bind`] opened.
const BACKLOG: u32 = 4096;

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
