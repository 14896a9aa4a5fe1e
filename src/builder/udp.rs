//! The verbs of datagram builders.

use super::Builder;
use crate::addr::ToAddress;
use crate::error::Error;
use crate::kind::Datagram;
use crate::mode::Mode;
use crate::udp::{ConnectedUdpSocket, UdpSocket};

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
        let fd = self.retrying(&address, |address| self.open_bound(address))?;
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
        self.retrying(&peer, |peer| {
            self.open_for(peer, false, false, |fd, wire| {
                Ok(UdpSocket::new(fd, self.mode).connect_wire(*wire)?)
            })
        })
    }
}
