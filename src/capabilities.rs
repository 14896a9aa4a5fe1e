//! What this host can do: [`capabilities`].

use std::sync::OnceLock;

use crate::builder::Builder;
use crate::kind::{Protocol, Shape};
use crate::option::{FastOpenConnect, RecvError};
use crate::socket::UdpSocket;
use crate::sys::{self, names};

/// What this host can do at run time, as [`capabilities`] found it.
///
/// # Examples
///
/// ```
/// let can = inet6::capabilities();
/// println!("dual-stack sockets: {}", can.dual_stack);
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
    /// [`FastOpenConnect`](crate::option::FastOpenConnect) can be switched on, which on Linux
    /// `net.ipv4.tcp_fastopen` may forbid.
    pub fast_open: bool,
    /// One send can carry several datagrams (`UDP_SEGMENT`, on Windows `UDP_SEND_MSG_SIZE`).
    pub segmentation_offload: bool,
    /// One receive can carry several datagrams (`UDP_GRO`, on Windows
    /// `UDP_RECV_MAX_COALESCED_SIZE`).
    pub receive_offload: bool,
    /// ICMPv6 errors can be received with the datagram that they are about
    /// ([`RecvError`](crate::option::RecvError)).
    pub error_queue: bool,
    /// A multicast group can be joined for one source (`MCAST_JOIN_SOURCE_GROUP`).
    pub source_specific_multicast: bool,
}

/// Finds out what this host can do.
///
/// Each answer is probed with a socket of its own, which sends nothing. The first call costs some
/// system calls, and later ones none: the answers are kept for the life of the process.
///
/// # Examples
///
/// ```
/// if !inet6::capabilities().ipv6 {
///     eprintln!("this host has no IPv6");
/// }
/// ```
#[must_use]
pub fn capabilities() -> Capabilities {
    static FOUND: OnceLock<Capabilities> = OnceLock::new();
    *FOUND.get_or_init(probe)
}

fn probe() -> Capabilities {
    let datagram = Builder::datagram().bind("[::1]:0");
    let asks = |question: &dyn Fn(&UdpSocket) -> bool| datagram.as_ref().is_ok_and(question);
    let reads = |name| asks(&|socket| sys::get_int(socket.target(), name).is_ok());
    Capabilities {
        ipv6: datagram.is_ok(),
        dual_stack: Builder::datagram().dual_stack().bind("[::]:0").is_ok(),
        multipath_tcp: sys::open(Shape::Stream, Protocol::MultipathTcp, false).is_ok(),
        echo: sys::open(Shape::Datagram, Protocol::Icmpv6, false).is_ok(),
        fast_open: Builder::stream().with(FastOpenConnect(true)).bind("[::1]:0").is_ok(),
        segmentation_offload: reads(names::UDP_SEGMENT),
        receive_offload: reads(names::UDP_GRO),
        error_queue: asks(&|socket| socket.option::<RecvError>().is_ok()),
        source_specific_multicast: asks(&|socket| {
            sys::knows(socket.target(), names::MCAST_JOIN_SOURCE_GROUP)
        }),
    }
}
