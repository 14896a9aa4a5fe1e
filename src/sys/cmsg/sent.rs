//! What one datagram is sent with, as control messages.

use std::ffi::c_int;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{ControlBuffer, Encoder, Layout, Value};
use crate::addr::is_zoned;
use crate::addr::mapped::{map_ip, unmap_ip};
use crate::error::Refusal;
use crate::sys::option_numbers::{self, Name};

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
    /// In nanoseconds of the socket's clock.
    pub(crate) send_at: Option<u64>,
}

/// Whether the system takes the interface of an IPv4 datagram; elsewhere it is `Unsupported`.
pub(crate) const CHOOSES_IPV4_INTERFACE: bool =
    option_numbers::CMSG_IP_MAPPED_PKTINFO.is_some() || option_numbers::CMSG_IP_PKTINFO.is_some();

/// As an error calls it.
pub(crate) const TRAFFIC_CLASS: &str = "the traffic class (IPV6_TCLASS)";
pub(crate) const SEGMENTATION: &str = "segmentation (UDP_SEGMENT)";
pub(crate) const TIME_OF_SENDING: &str = "the time of sending (SO_TXTIME)";

/// Enough for all of a [`Departure`].
pub(crate) type SendControl = ControlBuffer<256>;

impl Departure {
    /// Whether nothing differs.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        let Self {
            source,
            interface,
            hop_limit,
            traffic_class,
            dont_fragment,
            flow_label,
            segment_size,
            send_at,
        } = self;
        // Without branches: every datagram of a batch comes by.
        source.is_none()
            & (interface | flow_label == 0)
            & hop_limit.is_none()
            & traffic_class.is_none()
            & dont_fragment.is_none()
            & segment_size.is_none()
            & send_at.is_none()
    }

    /// Writes the messages for a packet of IPv4 or of IPv6, and gives their length.
    pub(crate) fn write<L: Layout>(&self, ipv4: bool, room: &mut [u8]) -> io::Result<usize> {
        let mut messages = Encoder::<L>::new(room);
        if self.source.is_some() || self.interface != 0 {
            self.write_packet_info(ipv4, &mut messages)?;
        }
        if let Some(hops) = self.hop_limit {
            let name =
                if ipv4 { option_numbers::CMSG_IP_TTL } else { option_numbers::CMSG_IPV6_HOPLIMIT };
            put(&mut messages, name, c_int::from(hops), "the hop limit (IPV6_HOPLIMIT)")?;
        }
        if let Some(class) = self.traffic_class {
            if ipv4 && cfg!(target_os = "freebsd") {
                put(&mut messages, option_numbers::CMSG_IP_TOS, [class], TRAFFIC_CLASS)?;
            } else {
                let name = if ipv4 {
                    option_numbers::CMSG_IP_TOS
                } else {
                    option_numbers::CMSG_IPV6_TCLASS
                };
                put(&mut messages, name, c_int::from(class), TRAFFIC_CLASS)?;
            }
        }
        if let Some(refuse) = self.dont_fragment {
            let name = if ipv4 {
                option_numbers::CMSG_IP_DONTFRAG
            } else {
                option_numbers::CMSG_IPV6_DONTFRAG
            };
            put(&mut messages, name, c_int::from(refuse), "fragmentation (IPV6_DONTFRAG)")?;
        }
        if self.flow_label != 0 {
            let name = if ipv4 { None } else { option_numbers::CMSG_IPV6_FLOWINFO };
            put(&mut messages, name, self.flow_label.to_be(), "the flow label (IPV6_FLOWINFO)")?;
        }
        if let Some(size) = self.segment_size {
            if cfg!(windows) {
                put(
                    &mut messages,
                    option_numbers::CMSG_UDP_SEGMENT,
                    u32::from(size),
                    SEGMENTATION,
                )?;
            } else {
                put(&mut messages, option_numbers::CMSG_UDP_SEGMENT, size, SEGMENTATION)?;
            }
        }
        if let Some(time) = self.send_at {
            put(&mut messages, option_numbers::CMSG_SCM_TXTIME, time, TIME_OF_SENDING)?;
        }
        Ok(messages.finish())
    }

    fn write_packet_info<L: Layout>(
        &self,
        ipv4: bool,
        messages: &mut Encoder<'_, L>,
    ) -> io::Result<()> {
        const WHAT: &str = "the source address or the interface (IPV6_PKTINFO)";
        if ipv4 && option_numbers::CMSG_IP_MAPPED_PKTINFO.is_none() {
            return self.write_ipv4_packet_info(messages, WHAT);
        }
        // Linux wants a mapped address (net/ipv4/ip_sockglue.c, ip_cmsg_send); elsewhere `::` alone
        // is none.
        let any = if ipv4 && cfg!(any(target_os = "linux", target_os = "android")) {
            map_ip(Ipv4Addr::UNSPECIFIED)
        } else {
            Ipv6Addr::UNSPECIFIED
        };
        // FreeBSD refuses an address beside another interface than its own (netinet6/ip6_output.c,
        // ip6_setpktopt), and what is answered may have come in by any; the address counts.
        let known = self.source.is_some_and(|source| !is_zoned(&source));
        let index = if cfg!(target_os = "freebsd") && known { 0 } else { self.interface };
        // `struct in6_pktinfo`: the address, the index.
        let mut info = [0; 20];
        info[..16].copy_from_slice(&self.source.unwrap_or(any).octets());
        info[16..].copy_from_slice(&index.to_ne_bytes());
        let name = if ipv4 {
            option_numbers::CMSG_IP_MAPPED_PKTINFO
        } else {
            option_numbers::CMSG_IPV6_PKTINFO
        };
        put(messages, name, info, WHAT)
    }

    fn write_ipv4_packet_info<L: Layout>(
        &self,
        messages: &mut Encoder<'_, L>,
        what: &'static str,
    ) -> io::Result<()> {
        let source = self.source.and_then(|source| unmap_ip(&source));
        if let (name @ Some(_), Some(source)) = (option_numbers::CMSG_IP_SENDSRCADDR, source) {
            return put(messages, name, source.octets(), what);
        }
        // Apple's systems forget the address where they are given an index (netinet/udp_usrreq.c,
        // udp_check_pktinfo).
        let index =
            if cfg!(target_vendor = "apple") && source.is_some() { 0 } else { self.interface };
        let (source, index) =
            (source.unwrap_or(Ipv4Addr::UNSPECIFIED).octets(), index.to_ne_bytes());
        // `struct in_pktinfo`: the index, the address, another one that counts for what arrives;
        // but for Windows the index comes last.
        if cfg!(windows) {
            let mut info = [0; 8];
            info[..4].copy_from_slice(&source);
            info[4..].copy_from_slice(&index);
            return put(messages, option_numbers::CMSG_IP_PKTINFO, info, what);
        }
        let mut info = [0; 12];
        info[..4].copy_from_slice(&index);
        info[4..8].copy_from_slice(&source);
        put(messages, option_numbers::CMSG_IP_PKTINFO, info, what)
    }
}

fn put<L: Layout>(
    messages: &mut Encoder<'_, L>,
    name: Name,
    value: impl Value,
    what: &'static str,
) -> io::Result<()> {
    match name {
        Some(number) => messages.push(number, value),
        None => Err(cannot_choose(what)),
    }
}

/// What the system does not do for one packet.
#[cold]
pub(crate) fn cannot_choose(what: &'static str) -> io::Error {
    Refusal::CannotChoose(what).into()
}
