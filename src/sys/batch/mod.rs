//! Many datagrams at once: the memory that a kernel fills and reads, allocated once.
//!
//! `unix::mmsg` does it in one system call, where there is one; `one_by_one` by one call for each
//! datagram, the same to those above. It is compiled for tests everywhere.

use std::io::{self, IoSlice};
use std::net::SocketAddrV6;

use super::cmsg::Departure;

#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
#[cfg_attr(any(target_os = "linux", target_os = "android"), allow(dead_code))]
pub(crate) mod one_by_one;
#[cfg(test)]
mod tests;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use self::mmsg::{RecvBuffers, SendBuffers};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use self::one_by_one::{RecvBuffers, SendBuffers};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use super::unix::mmsg;
use crate::error::Refusal;

/// A datagram to be put into a batch.
#[derive(Clone, Copy)]
pub(crate) struct Packet<'a> {
    pub(crate) data: &'a [IoSlice<'a>],
    pub(crate) peer: Option<SocketAddrV6>,
    /// None where nothing differs.
    pub(crate) departure: Option<Departure>,
    /// Whether it goes to an IPv4 peer.
    pub(crate) ipv4: bool,
}

/// The segment size of what is one datagram: where a socket that is set to cut understands that it
/// is not to (net/ipv6/udp.c, `udpv6_sendmsg`), 0.
pub(crate) const WHOLE: Option<u16> =
    if cfg!(any(target_os = "linux", target_os = "android")) { Some(0) } else { None };

/// No kernel takes more in one call (net/socket.c, `UIO_MAXIOV`).
pub(crate) const MOST: usize = 1024;

pub(crate) fn check_count(datagrams: usize) -> io::Result<()> {
    if (1..=MOST).contains(&datagrams) {
        return Ok(());
    }
    Err(Refusal::BatchCount.into())
}
