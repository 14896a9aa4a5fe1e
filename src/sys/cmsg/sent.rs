//! What one datagram is sent with, as control messages.

use std::ffi::c_int;
use std::io;
use std::net::Ipv6Addr;

use super::{Encoder, Layout, Room, Value};
use crate::sys::names::{self, Name};

/// What one datagram is sent with, where it differs from what the socket does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Departure {
    /// An IPv4 address is mapped.
    pub(crate) source: Option<Ipv6Addr>,
    /// An index, 0 for none.
    pub(crate) interface: u32,
    pub(crate) hop_limit: Option<u8>,
    pub(crate) traffic_class: Option<u8>,
    pub(crate) dont_fragment: Option<bool>,
    /// 20 bits, 0 for none.
    pub(crate) flow_label: u32,
    pub(crate) segment_size: Option<u16>,
    /// In nanoseconds of the monotonic clock.
    pub(crate) send_at: Option<u64>,
}

/// Enough for all of a [`Departure`].
pub(crate) type RoomToSend = Room<256>;

impl Departure {
    /// Whether nothing differs.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Writes the messages for a packet of IPv4 or of IPv6, and gives their length.
    pub(crate) fn write<L: Layout>(&self, ipv4: bool, room: &mut [u8]) -> io::Result<usize> {
        let mut messages = Encoder::<L>::new(room);
        if self.source.is_some() || self.interface != 0 {
            self.write_packet_info(ipv4, &mut messages)?;
        }
        if let Some(hops) = self.hop_limit {
            let name = if ipv4 { names::CMSG_IP_TTL } else { names::CMSG_IPV6_HOPLIMIT };
            put(&mut messages, name, c_int::from(hops), "the hop limit (IPV6_HOPLIMIT)")?;
        }
        if let Some(class) = self.traffic_class {
            let name = if ipv4 { names::CMSG_IP_TOS } else { names::CMSG_IPV6_TCLASS };
            put(&mut messages, name, c_int::from(class), "the traffic class (IPV6_TCLASS)")?;
        }
        if let Some(refuse) = self.dont_fragment {
            let name = if ipv4 { names::CMSG_IP_DONTFRAG } else { names::CMSG_IPV6_DONTFRAG };
            put(&mut messages, name, c_int::from(refuse), "fragmentation (IPV6_DONTFRAG)")?;
        }
        if self.flow_label != 0 {
            let name = if ipv4 { None } else { names::CMSG_IPV6_FLOWINFO };
            put(&mut messages, name, self.flow_label.to_be(), "the flow label (IPV6_FLOWINFO)")?;
        }
        if let Some(size) = self.segment_size {
            const WHAT: &str = "segmentation (UDP_SEGMENT)";
            if cfg!(windows) {
                put(&mut messages, names::CMSG_UDP_SEGMENT, u32::from(size), WHAT)?;
            } else {
                put(&mut messages, names::CMSG_UDP_SEGMENT, size, WHAT)?;
            }
        }
        if let Some(time) = self.send_at {
            put(&mut messages, names::CMSG_SCM_TXTIME, time, "the time of sending (SO_TXTIME)")?;
        }
        Ok(messages.finish())
    }

    fn write_packet_info<L: Layout>(
        &self,
        ipv4: bool,
        messages: &mut Encoder<'_, L>,
    ) -> io::Result<()> {
        const WHAT: &str = "the source address or the interface (IPV6_PKTINFO)";
        let any = if ipv4 {
            std::net::Ipv4Addr::UNSPECIFIED.to_ipv6_mapped()
        } else {
            Ipv6Addr::UNSPECIFIED
        };
        let source = self.source.unwrap_or(any).octets();
        if ipv4 && names::CMSG_IP_PKTINFO.is_some() {
            let (name, source, index) =
                (names::CMSG_IP_PKTINFO, &source[12..], self.interface.to_ne_bytes());
            // `struct in_pktinfo`.
            if cfg!(windows) {
                let mut info = [0; 8];
                info[..4].copy_from_slice(source);
                info[4..].copy_from_slice(&index);
                return put(messages, name, info, WHAT);
            }
            let mut info = [0; 12];
            info[..4].copy_from_slice(&index);
            info[4..8].copy_from_slice(source);
            return put(messages, name, info, WHAT);
        }
        // `struct in6_pktinfo`: the address, the index.
        let mut info = [0; 20];
        info[..16].copy_from_slice(&source);
        info[16..].copy_from_slice(&self.interface.to_ne_bytes());
        put(messages, names::CMSG_IPV6_PKTINFO, info, WHAT)
    }
}

fn put<L: Layout>(
    messages: &mut Encoder<'_, L>,
    name: Name,
    value: impl Value,
    what: &str,
) -> io::Result<()> {
    match name {
        Some(number) => messages.push(number, value),
        None => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("this system cannot choose {what} of one such packet"),
        )),
    }
}
