//! Several sockets on one port, among which the kernel shares the work out.

use std::net::SocketAddrV6;
use std::num::NonZeroUsize;

use super::Builder;
use crate::addr::ToAddress;
use crate::addr::mapped::is_wildcard;
use crate::error::{Error, Op, Reason};
use crate::kind::{Datagram, Kind, Stream};
use crate::mode::Mode;
use crate::option::{ReusePort, Setting};
use crate::sys::{self, Sharing, SocketRef, System, option_numbers};
use crate::tcp::TcpListener;
use crate::udp::UdpSocket;

impl<K: Kind, M: Mode> Builder<K, M> {
    /// Lets the kernel choose among the sockets of [`bind_sharded`](Builder::bind_sharded) and
    /// [`listen_sharded`](Builder::listen_sharded) by the processor on which a packet arrives
    /// (`SO_ATTACH_REUSEPORT_CBPF`). The other verbs ignore it.
    ///
    /// The socket at that place of the vector, counted from 0, receives the packet. If there are
    /// fewer sockets than processors, the remainder of the division decides.
    ///
    /// With a thread for each socket, kept on the processor of that number, a packet is served
    /// where it arrived, in the caches of that processor. The network card decides which one that
    /// is: it must spread what arrives over the processors (receive-side scaling). A connection
    /// goes by the packet that opens it, and the datagrams of one peer may come to several sockets.
    ///
    /// If a process may not run on all processors, the numbers of its own need not begin with 0:
    /// then [`IncomingCpu`](crate::option::IncomingCpu) on each socket says which is which, on
    /// Linux 6.2 and later. The system's choice is by hash for all other processors.
    ///
    /// # Platform notes
    ///
    /// Linux 4.6 and later and Android have it. Elsewhere opening is
    /// [`Unsupported`](std::io::ErrorKind::Unsupported).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, option::ReuseAddress};
    /// use std::io::ErrorKind;
    /// use std::thread::available_parallelism;
    ///
    /// let builder = Builder::stream().with(ReuseAddress(true)).steer_by_cpu();
    /// let count = available_parallelism()?;
    /// match builder.listen_sharded("[::1]:0", 1024, count) {
    ///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
    ///     listeners => assert_eq!(listeners?.len(), count.get()),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "SO_ATTACH_REUSEPORT_CBPF")]
    pub fn steer_by_cpu(mut self) -> Self {
        self.steers_by_cpu = true;
        self
    }

    /// The address to share, if the system shares it among so many sockets.
    fn shared_address(
        &self,
        address: &impl ToAddress<M>,
        count: NonZeroUsize,
    ) -> Result<SocketAddrV6, Error> {
        let wire = address.to_wire(self.mode, sys::interface_index)?;
        check(System::HERE, wire, !self.mode.v6_only(), count)?;
        Ok(wire)
    }

    fn steer(&self, socket: SocketRef<'_>, count: NonZeroUsize) -> Result<(), Error> {
        if !self.steers_by_cpu {
            return Ok(());
        }
        log::trace!("sharing out among {count} sockets by processor");
        sys::steer_by_cpu(socket, count)
            .map_err(|error| sys::errno::option(Op::Set("SO_ATTACH_REUSEPORT_CBPF"), error))
    }
}

/// Refuses sockets that the kernel would open and leave without their share.
fn check(
    system: System,
    address: SocketAddrV6,
    dual_stack: bool,
    count: NonZeroUsize,
) -> Result<(), Error> {
    match system.shares(count.get(), dual_stack, is_wildcard(address.ip())) {
        Sharing::Yes => Ok(()),
        Sharing::NotOnWildcards => Err(sys::errno::not_shared(address, Reason::NotShared)),
        Sharing::AtMost(most) => Err(sys::errno::not_shared(address, Reason::TooManyShards(most))),
    }
}

impl<M: Mode> Builder<Stream, M> {
    /// Opens several listeners on one address and port, among which the kernel shares connections
    /// out.
    ///
    /// Port 0 lets the system choose one port for all of them. [`ReusePort`] is set on each,
    /// whatever the builder says. Either all are there, in the order in which
    /// [`steer_by_cpu`](Self::steer_by_cpu) counts them, or none is left open.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](std::io::ErrorKind::Unsupported) if the system does not share out: see the
    /// [table](#how-the-kernel-chooses). [`InvalidInput`](std::io::ErrorKind::InvalidInput) for
    /// more sockets than it shares out to. [`AddrInUse`](std::io::ErrorKind::AddrInUse) where a
    /// socket on the address does not share it, or is another user's. Those of
    /// [`bind`](Builder::bind) and of [`listen`](crate::tcp::BoundStream::listen).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, option::ReuseAddress};
    /// use std::io::ErrorKind;
    /// use std::thread::available_parallelism;
    ///
    /// let builder = Builder::stream().with(ReuseAddress(true));
    /// match builder.listen_sharded("[::1]:0", 1024, available_parallelism()?) {
    ///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
    ///     listeners => {
    ///         let listeners = listeners?;
    ///         let address = listeners[0].local_addr()?;
    ///         assert!(listeners.iter().all(|one| one.local_addr().ok() == Some(address)));
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "SO_REUSEPORT")]
    pub fn listen_sharded(
        &self,
        address: impl ToAddress<M>,
        backlog: u32,
        count: NonZeroUsize,
    ) -> Result<Vec<TcpListener<M>>, Error> {
        self.shared_address(&address, count)?;
        let builder = self.clone().with(ReusePort(true));
        let first = builder.bind(address)?;
        let address = first.local_addr().map_err(unnamed)?;
        // Before it listens: afterwards connections might come.
        self.steer(first.socket_ref(), count)?;
        let mut listeners = vec![first.listen(backlog)?];
        while listeners.len() < count.get() {
            listeners.push(builder.bind(address)?.listen(backlog)?);
        }
        Ok(listeners)
    }
}

impl<M: Mode> Builder<Datagram, M> {
    /// Opens several sockets on one address and port, among which the kernel shares datagrams out.
    ///
    /// Port 0 lets the system choose one port for all of them, which no other socket has.
    /// [`ReusePort`] is set on each, whatever the builder says. Either all are there, in the order
    /// in which [`steer_by_cpu`](Self::steer_by_cpu) counts them, or none is left open.
    ///
    /// What goes to a multicast group comes to each socket that joined it, and is not shared out.
    ///
    /// # How the kernel chooses
    ///
    /// | system | datagrams and connections |
    /// | --- | --- |
    /// | Linux, Android | by a hash of both addresses and ports: a peer stays with its socket as long as their number stays. Or by the processor, see [`steer_by_cpu`](Builder::steer_by_cpu) |
    /// | FreeBSD 12 and later | by such a hash; the option is `SO_REUSEPORT_LB`, for at most 256 sockets, but not for dual-stack sockets on `[::]` or `0.0.0.0`: the first one would get everything, and the others nothing. [`Unsupported`](std::io::ErrorKind::Unsupported) here; open IPv6-only sockets, or bind addresses of this host. It cannot be steered by processor here |
    /// | DragonFly | by such a hash, for at most 256 sockets |
    /// | Apple's systems, NetBSD, OpenBSD, illumos, Solaris, Haiku | not at all: several sockets may have the port, and one of them gets everything. [`Unsupported`](std::io::ErrorKind::Unsupported) here |
    /// | Windows | not at all: a second socket would take the port from the first. [`Unsupported`](std::io::ErrorKind::Unsupported) here |
    ///
    /// A hash is blind: with few peers a socket may have all of them and another none. And a
    /// connection belongs to its listener from the first packet on: it waits there while other
    /// threads are idle, and is reset when that listener closes.
    ///
    /// **One listener that all threads accept from is the simpler thing**, and balances by
    /// who is free. What sharding buys is that threads share
    /// no queue and no lock, which pays with many processors, and for datagrams more than for
    /// connections.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](std::io::ErrorKind::Unsupported) if the system does not share out: see the
    /// [table](#how-the-kernel-chooses). [`InvalidInput`](std::io::ErrorKind::InvalidInput) for
    /// more sockets than it shares out to. [`AddrInUse`](std::io::ErrorKind::AddrInUse) where a
    /// socket on the address does not share it, or is another user's. Those of
    /// [`bind`](Builder::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Builder;
    /// use std::io::ErrorKind;
    /// use std::thread::{self, available_parallelism};
    ///
    /// let count = available_parallelism()?;
    /// match Builder::datagram().bind_sharded("[::1]:0", count) {
    ///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
    ///     sockets => {
    ///         for socket in sockets? {
    ///             // One thread each.
    /// #           let serve = || {
    ///             thread::spawn(move || {
    ///                 let mut buffer = [0; 1500];
    ///                 while let Ok((len, peer)) = socket.recv_from(&mut buffer) {
    ///                     println!("{len} bytes from {peer}");
    ///                 }
    ///             });
    /// #           };
    /// #           _ = serve;
    ///         }
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "SO_REUSEPORT")]
    pub fn bind_sharded(
        &self,
        address: impl ToAddress<M>,
        count: NonZeroUsize,
    ) -> Result<Vec<UdpSocket<M>>, Error> {
        let wire = self.shared_address(&address, count)?;
        let builder = self.clone().with(ReusePort(true));
        let first = if wire.port() == 0 && option_numbers::CHOOSES_SHARED_PORTS {
            let first = builder.clone().with(ReusePort(false)).bind(address)?;
            ReusePort(true)
                .apply(first.socket_ref())
                .map_err(|error| sys::errno::option(Op::Set(ReusePort::NAME), error))?;
            first
        } else {
            builder.bind(address)?
        };
        let address = first.local_addr().map_err(unnamed)?;
        let mut sockets = vec![first];
        while sockets.len() < count.get() {
            sockets.push(builder.bind(address)?);
        }
        self.steer(sockets[0].socket_ref(), count)?;
        Ok(sockets)
    }
}

/// The address of a socket that was just bound.
fn unnamed(error: std::io::Error) -> Error {
    Error::new(Op::Bind, None, None, error)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn unshared_sockets_are_refused_with_advice() {
        let refused = |system, address: &str, dual_stack, count| {
            let count = NonZeroUsize::new(count).unwrap();
            let checked = check(system, address.parse().unwrap(), dual_stack, count);
            checked.err().map(|error| (error.kind(), error.to_string()))
        };
        for address in ["[::]:80", "[::ffff:0.0.0.0]:80"] {
            let (kind, text) = refused(System::FreeBsd, address, true, 2).unwrap();
            assert_eq!(kind, ErrorKind::Unsupported, "{text}");
            assert!(text.starts_with("cannot bind "), "{text}");
            assert!(text.contains(":80: ") && text.contains("`.v6_only()`"), "{text}");
            assert_eq!(refused(System::Linux, address, true, 2), None);
        }
        assert_eq!(refused(System::FreeBsd, "[::]:80", false, 2), None);
        assert_eq!(refused(System::FreeBsd, "[::1]:80", true, 2), None);
        assert_eq!(refused(System::FreeBsd, "[::ffff:127.0.0.1]:80", true, 2), None);
        for system in [System::FreeBsd, System::DragonFly] {
            let (kind, text) = refused(system, "[::1]:80", false, 257).unwrap();
            assert_eq!(kind, ErrorKind::InvalidInput, "{text}");
            assert!(text.contains("256 sockets"), "{text}");
            assert_eq!(refused(system, "[::1]:80", false, 256), None);
        }
        assert_eq!(refused(System::Linux, "[::1]:80", false, 257), None);
    }
}
