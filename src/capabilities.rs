//! The abilities of this host: [`Capabilities`].

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::OnceLock;

use crate::error::{Error, Op};
use crate::kind::{Protocol, Shape};
use crate::option::{FastOpenConnect, RecvError, Setting};
use crate::sys::{self, Owned, SocketRef, option_numbers};

/// The abilities of this host, as [`probe`](Self::probe) finds them at run time.
///
/// # Examples
///
/// ```
/// let can = inet6::capabilities::Capabilities::probe()?;
/// println!("dual-stack sockets: {}", can.dual_stack);
/// # Ok::<(), inet6::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Capabilities {
    /// An IPv6 socket can be opened and bound to `[::1]`.
    pub ipv6: bool,
    /// One socket can serve IPv6 and IPv4.
    pub dual_stack: bool,
    /// [`Builder::multipath_tcp`](crate::Builder::multipath_tcp) works.
    pub multipath_tcp: bool,
    /// [`Builder::bind_echo`](crate::Builder::bind_echo) works, which on Linux
    /// `net.ipv4.ping_group_range` may forbid.
    pub echo: bool,
    /// [`FastOpenConnect`] can be switched on, which on Linux
    /// `net.ipv4.tcp_fastopen` may forbid.
    pub fast_open: bool,
    /// One send can carry several datagrams (`UDP_SEGMENT`, on Windows `UDP_SEND_MSG_SIZE`).
    pub segmentation_offload: bool,
    /// One receive can carry several datagrams (`UDP_GRO`, on Windows
    /// `UDP_RECV_MAX_COALESCED_SIZE`).
    pub receive_offload: bool,
    /// ICMPv6 errors can be received with the datagram that they are about
    /// ([`RecvError`]).
    pub error_queue: bool,
    /// A multicast group can be joined for one source (`MCAST_JOIN_SOURCE_GROUP`).
    pub source_specific_multicast: bool,
}

impl Capabilities {
    /// Probes what this host can do.
    ///
    /// Each answer is probed with a socket that sends nothing. The first call costs some system
    /// calls, and later ones none: the answers are kept for the life of the process.
    ///
    /// # Errors
    ///
    /// A probe could not be made for want of descriptors, memory or free ports, which says nothing
    /// about the host. Nothing is kept then, and the next call probes again.
    ///
    /// # Examples
    ///
    /// ```
    /// if !inet6::capabilities::Capabilities::probe()?.ipv6 {
    ///     eprintln!("this host has no IPv6");
    /// }
    /// # Ok::<(), inet6::Error>(())
    /// ```
    pub fn probe() -> Result<Self, Error> {
        static FOUND: OnceLock<Capabilities> = OnceLock::new();
        if let Some(found) = FOUND.get() {
            return Ok(*found);
        }
        let found =
            probe_once().map_err(|error| sys::errno::opening(Op::Open, None, false, error))?;
        Ok(*FOUND.get_or_init(|| found))
    }
}

fn probe_once() -> io::Result<Capabilities> {
    let datagram = open(Shape::Datagram, Protocol::Udp)?;
    let stream = open(Shape::Stream, Protocol::Tcp)?;
    let restricted = open(Shape::Datagram, Protocol::Udp)?;
    let wildcard = open(Shape::Datagram, Protocol::Udp)?;
    let reads = |name| asks(&datagram, |socket| sys::get_int(socket, name));
    Ok(Capabilities {
        ipv6: asks(&restricted, |socket| bind(socket, true, Ipv6Addr::LOCALHOST))?,
        dual_stack: asks(&wildcard, |socket| bind(socket, false, Ipv6Addr::UNSPECIFIED))?,
        multipath_tcp: open(Shape::Stream, Protocol::MultipathTcp)?.is_some(),
        echo: open(Shape::Datagram, Protocol::Icmpv6)?.is_some(),
        fast_open: asks(&stream, |socket| FastOpenConnect(true).apply(socket))?,
        segmentation_offload: reads(option_numbers::UDP_SEGMENT)?,
        receive_offload: reads(option_numbers::UDP_GRO)?,
        error_queue: asks(&datagram, RecvError::read)?,
        source_specific_multicast: asks(&datagram, |socket| {
            sys::knows(socket, option_numbers::MCAST_JOIN_SOURCE_GROUP)
        })?,
    })
}

/// A socket of this protocol, if the host has any.
fn open(shape: Shape, protocol: Protocol) -> io::Result<Option<Owned>> {
    sys::errno::proven(sys::open(shape, protocol, false))
}

/// Whether a socket can do what is asked.
fn asks<T>(
    socket: &Option<Owned>,
    question: impl FnOnce(SocketRef<'_>) -> io::Result<T>,
) -> io::Result<bool> {
    let Some(fd) = socket else { return Ok(false) };
    let answer = question(SocketRef { fd: sys::borrow(fd), dual_stack: false });
    Ok(sys::errno::proven(answer)?.is_some())
}

fn bind(socket: SocketRef<'_>, v6_only: bool, ip: Ipv6Addr) -> io::Result<()> {
    sys::set_v6_only(socket.fd, v6_only)?;
    sys::bind(socket.fd, &SocketAddrV6::new(ip, 0, 0, 0))
}
