//! The verb that opens a socket for ICMPv6 echo.

use super::Builder;
use crate::addr::ToAddress;
use crate::error::{Error, Op};
use crate::icmp::EchoSocket;
use crate::kind::{Datagram, Protocol};
use crate::mode::{Mode, V6Only};
use crate::sys;

impl<M: Mode> Builder<Datagram, M> {
    /// Opens a socket for ICMPv6 echo on a local address.
    ///
    /// The port of the address becomes the [identifier](EchoSocket::identifier), and 0 lets the
    /// system choose. The socket is IPv6-only whatever the mode of the builder: ICMPv6 has no IPv4
    /// in it.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) where no group of the process is
    /// in `net.ipv4.ping_group_range` (Linux), [`Unsupported`](std::io::ErrorKind::Unsupported) on
    /// Windows and the BSDs, [`AddrInUse`](std::io::ErrorKind::AddrInUse) for an identifier that
    /// another socket of the host has, and those of [`bind`](Builder::bind).
    ///
    /// # Platform notes
    ///
    /// Linux opens such sockets with `SO_REUSEADDR` on, and then the program that binds an
    /// identifier last takes the replies. It is switched off here;
    /// [`ShareAddress(true)`](crate::option::ShareAddress) leaves it on.
    ///
    /// # Examples
    ///
    /// See [`EchoSocket`].
    #[doc(alias = "ping")]
    pub fn bind_echo(&self, address: impl ToAddress<V6Only>) -> Result<EchoSocket, Error> {
        let asked = address.to_wire(V6Only, sys::interface_index)?.port();
        let builder = Builder { protocol: Protocol::Icmpv6, ..self.clone().v6_only() };
        let fd = builder.retrying(&address, |address| builder.open_bound(address))?;
        let bound = sys::local_address(sys::borrow(&fd))
            .map_err(|error| Error::new(Op::Bind, None, None, error))?;
        Ok(EchoSocket::new(fd, bound.port(), asked))
    }
}
