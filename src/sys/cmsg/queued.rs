//! What the control messages of a report from the error queue say.

use std::net::Ipv6Addr;
use std::time::{Duration, SystemTime};

use super::{Arrival, Layout, Messages, array, int_at, u32_at};
use crate::addr::mapped::map_ip;
use crate::sys::option_numbers;

/// linux/socket.h. Reports exist there only.
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// A report of the error queue, as the kernel numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Queued {
    pub(crate) errno: i32,
    /// `SO_EE_ORIGIN_*`
    pub(crate) origin: u8,
    pub(crate) kind: u8,
    pub(crate) code: u8,
    /// The MTU of an error about a length; the low half of the time of a datagram that was dropped.
    pub(crate) info: u32,
    /// The number of a time of sending; the high half of the time of a datagram that was dropped.
    pub(crate) data: u32,
    /// An IPv4 address is mapped.
    pub(crate) offender: Option<Ipv6Addr>,
    pub(crate) time: Option<SystemTime>,
    pub(crate) hardware_time: Option<Duration>,
}

impl Queued {
    /// Returns the error number; a time of sending is not an error.
    pub(crate) fn error(&self) -> Option<i32> {
        (self.origin != Self::TIMESTAMP).then_some(self.errno)
    }

    /// `SO_EE_ORIGIN_TIMESTAMPING` (linux/errqueue.h)
    pub(crate) const TIMESTAMP: u8 = 4;
    /// `SO_EE_ORIGIN_TXTIME`
    pub(crate) const TRANSMIT_TIME: u8 = 6;

    /// Reads what a kernel, or anybody, wrote; `None` if no message is a report.
    pub(crate) fn read<L: Layout>(control: &[u8]) -> Option<Self> {
        let mut messages = Messages::<L>::new(control);
        let report = messages.find_map(|(number, value)| {
            let known = [option_numbers::CMSG_IPV6_RECVERR, option_numbers::CMSG_IP_RECVERR];
            if known.contains(&Some(number)) { Self::report(value) } else { None }
        })?;
        let Arrival { time, hardware_time, .. } = Arrival::read::<L>(control);
        Some(Self { time, hardware_time, ..report })
    }

    /// linux/errqueue.h, `struct sock_extended_err`, and an address behind it.
    fn report(value: &[u8]) -> Option<Self> {
        let [origin, kind, code, _] = array(value, 4)?;
        Some(Self {
            errno: int_at(value, 0)?,
            origin,
            kind,
            code,
            info: u32_at(value, 8)?,
            data: u32_at(value, 12)?,
            offender: value.get(16..).and_then(offender),
            time: None,
            hardware_time: None,
        })
    }
}

/// The address of a `sockaddr_in6` or a `sockaddr_in`.
fn offender(address: &[u8]) -> Option<Ipv6Addr> {
    match u16::from_ne_bytes(array(address, 0)?) {
        AF_INET6 => array::<16>(address, 8).map(Ipv6Addr::from),
        AF_INET => array::<4>(address, 4).map(|ip| map_ip(ip.into())),
        _ => None,
    }
}
