//! What the control messages of a received datagram say.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::{Duration, SystemTime};

use super::{Layout, Messages, array, int_at, u32_at};
use crate::addr::mapped::map_ip;
use crate::sys::option_numbers::{self, Name, Number};

/// What arrived with a datagram; nothing is there that was not asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// An IPv4 address is mapped.
    pub(crate) destination: Option<Ipv6Addr>,
    /// An index, 0 for none.
    pub(crate) interface: u32,
    pub(crate) hop_limit: Option<u8>,
    pub(crate) traffic_class: Option<u8>,
    /// 20 bits.
    pub(crate) flow_label: u32,
    pub(crate) time: Option<SystemTime>,
    /// On the clock of the hardware.
    pub(crate) hardware_time: Option<Duration>,
    pub(crate) dropped: Option<u32>,
    pub(crate) segment_size: Option<u16>,
    /// To where, and how many bytes: a notice, and no datagram.
    pub(crate) path_mtu: Option<(SocketAddrV6, u32)>,
}

impl Arrival {
    /// Reads what a kernel, or anybody, wrote.
    pub(crate) fn read<L: Layout>(control: &[u8]) -> Self {
        let mut arrival = Self::default();
        for (number, value) in Messages::<L>::new(control) {
            // A value that is too short says nothing.
            arrival.take(number, value);
        }
        arrival
    }

    /// The segment size only, which every datagram is asked for that may have been put together.
    #[cfg_attr(
        not(any(target_os = "linux", target_os = "android")),
        allow(dead_code, reason = "the others read all of each datagram")
    )]
    pub(crate) fn segment_size_in<L: Layout>(control: &[u8]) -> Option<u16> {
        Messages::<L>::new(control)
            .filter(|(number, _)| option_numbers::CMSG_UDP_GRO == Some(*number))
            .filter_map(|(_, value)| gro_size(value))
            .last()
    }

    fn take(&mut self, number: Number, value: &[u8]) -> Option<()> {
        let is = |name: Name| name == Some(number);
        if is(option_numbers::CMSG_IPV6_PKTINFO) {
            // `struct in6_pktinfo`: the address, the index.
            self.interface = u32_at(value, 16)?;
            self.destination = Some(array::<16>(value, 0)?.into());
        } else if is(option_numbers::CMSG_IPV6_HOPLIMIT) {
            self.hop_limit = Some(u8::try_from(int_at(value, 0)?).ok()?);
        } else if is(option_numbers::CMSG_IP_TTL) || is(option_numbers::CMSG_IP_TTL_ALIAS) {
            self.hop_limit = Some(byte(value)?);
        } else if is(option_numbers::CMSG_IPV6_TCLASS) && cfg!(not(target_vendor = "apple")) {
            self.traffic_class = Some(u8::try_from(int_at(value, 0)?).ok()?);
        } else if is(option_numbers::CMSG_IPV6_TCLASS)
            || is(option_numbers::CMSG_IP_TOS)
            || is(option_numbers::CMSG_IP_TOS_ALIAS)
        {
            self.traffic_class = Some(byte(value)?);
        } else if is(option_numbers::CMSG_IPV6_FLOWINFO) {
            self.flow_label = u32::from_be_bytes(array(value, 0)?) & 0xf_ffff;
        } else if is(option_numbers::CMSG_SCM_TIMESTAMP) {
            self.time = stamp(value).and_then(system_time);
        } else if is(option_numbers::CMSG_SCM_TIMESTAMPING) {
            // linux/errqueue.h, `struct scm_timestamping`: by software, nothing, by hardware.
            let mut stamps = value.chunks_exact((value.len() / 3).max(1)).map(stamp);
            let mut next = || stamps.next().flatten().filter(|time| !time.is_zero());
            let (software, _, hardware) = (next(), next(), next());
            self.time = software.and_then(system_time).or(self.time);
            self.hardware_time = hardware;
        } else if is(option_numbers::CMSG_SO_RXQ_OVFL) {
            self.dropped = Some(u32_at(value, 0)?);
        } else if is(option_numbers::CMSG_UDP_GRO) {
            self.segment_size = Some(gro_size(value)?);
        } else if is(option_numbers::CMSG_IPV6_PATHMTU) {
            // `struct ip6_mtuinfo` (RFC 3542, section 11.3): the address, the MTU.
            self.path_mtu = Some((socket_address(value)?, u32_at(value, 28)?));
        } else if is(option_numbers::CMSG_IP_PKTINFO) {
            // `struct in_pktinfo`: the index, an address for sending, the address; for Windows the
            // address, the index.
            let (address, index) = if cfg!(windows) { (0, 4) } else { (8, 0) };
            self.interface = u32_at(value, index)?;
            let address: [u8; 4] = array(value, address)?;
            self.destination = Some(map_ip(address.into()));
        }
        Some(())
    }
}

fn gro_size(value: &[u8]) -> Option<u16> {
    u16::try_from(int_at(value, 0)?).ok()
}

/// An integer that holds a byte, or the byte. Linux gives `IP_TOS` in one byte, FreeBSD `IP_TTL`,
/// and macOS has given `IPV6_TCLASS` so. Two or three bytes are what a kernel had room for.
fn byte(value: &[u8]) -> Option<u8> {
    match value {
        [byte] => Some(*byte),
        _ => u8::try_from(int_at(value, 0)?).ok(),
    }
}

/// A `timespec` on Linux, a `timeval` elsewhere: seconds, then a fraction, which may be shorter.
fn stamp(value: &[u8]) -> Option<Duration> {
    const UNIT: u32 = if cfg!(any(target_os = "linux", target_os = "android")) { 1 } else { 1000 };
    // A fraction has 32 bits at most; on some systems padding follows.
    const PADDED: bool = cfg!(any(target_endian = "little", target_os = "netbsd"));
    let (seconds, at) = match value.len() {
        16 => (i64::from_ne_bytes(array(value, 0)?), if PADDED { 8 } else { 12 }),
        // NetBSD and OpenBSD on 32 bits.
        12 => (i64::from_ne_bytes(array(value, 0)?), 8),
        8 => (int_at(value, 0)?.into(), 4),
        _ => return None,
    };
    let (seconds, fraction) = (u64::try_from(seconds).ok()?, u32_at(value, at)?);
    Some(Duration::from_secs(seconds) + Duration::from_nanos(u64::from(fraction) * u64::from(UNIT)))
}

fn system_time(since_epoch: Duration) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(since_epoch)
}

/// A `sockaddr_in6`, but for its family, which every system puts elsewhere.
fn socket_address(value: &[u8]) -> Option<SocketAddrV6> {
    let port = u16::from_be_bytes(array(value, 2)?);
    let ip: Ipv6Addr = array::<16>(value, 8)?.into();
    Some(SocketAddrV6::new(ip, port, u32_at(value, 4)?, u32_at(value, 24)?))
}
