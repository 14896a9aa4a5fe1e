//! The bodies of the property tests stand in `proof`.

use std::net::Ipv6Addr;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

#[cfg(any(target_os = "linux", target_os = "android", windows))]
use super::Arrival;
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::Queued;
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::invariants::Any;
use super::invariants::{any_bytes, any_bytes_to_write, any_departure, any_messages};
use super::{ControlBuffer, Departure, Encoder, Layout, Messages, Native, SendControl};
use crate::sys::option_numbers::{self, Name, Number};

// socket2 sets these options on Linux, and not on Android.
#[cfg(target_os = "linux")]
mod kernel;

fn messages() -> impl Strategy<Value = Vec<(i32, i32, Vec<u8>)>> {
    prop::collection::vec(
        (any::<i32>(), any::<i32>(), prop::collection::vec(any::<u8>(), 0..40)),
        0..8,
    )
}

/// The field that holds the length of a message, in which the high half may have no room.
fn length(len: u64) -> Vec<u8> {
    match Native::LEN {
        8 => len.to_ne_bytes().to_vec(),
        _ => (len as u32).to_ne_bytes().to_vec(),
    }
}

/// Messages of the numbers that mean something, with values of any length.
fn known() -> impl Strategy<Value = Vec<u8>> {
    let names: Vec<Name> = vec![
        option_numbers::CMSG_IPV6_PKTINFO,
        option_numbers::CMSG_IPV6_HOPLIMIT,
        option_numbers::CMSG_IPV6_TCLASS,
        option_numbers::CMSG_IPV6_FLOWINFO,
        option_numbers::CMSG_IPV6_PATHMTU,
        option_numbers::CMSG_SCM_TIMESTAMP,
        option_numbers::CMSG_SCM_TIMESTAMPING,
        option_numbers::CMSG_SO_RXQ_OVFL,
        option_numbers::CMSG_UDP_GRO,
        option_numbers::CMSG_IP_TTL,
        option_numbers::CMSG_IP_TOS,
        option_numbers::CMSG_IPV6_RECVERR,
        option_numbers::CMSG_IP_RECVERR,
    ];
    let numbers: Vec<Number> = names.into_iter().flatten().collect();
    let message = (prop::sample::select(numbers), prop::collection::vec(any::<u8>(), 0..52));
    prop::collection::vec(message, 0..6).prop_map(|messages| {
        let mut bytes = Vec::new();
        for (number, value) in messages {
            let len = Native::HEADER + value.len();
            bytes.extend(length(len as u64));
            bytes.extend(number.level.to_ne_bytes());
            bytes.extend(number.name.to_ne_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(Native::ALIGN), 0xaa);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_may_be_read(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        any_bytes(&bytes);
    }

    #[test]
    fn known_message_with_any_value_parses(bytes in known()) {
        any_bytes(&bytes);
    }

    #[test]
    fn written_messages_parse_back(messages in messages(), room in 0..512_usize) {
        any_messages(&messages, room);
    }

    #[test]
    fn sent_messages_arrive(
        source: u128, interface in 1..=u32::MAX, hops: u8, class: u8, label: u32,
    ) {
        any_departure(source, interface, hops, class, label);
    }

    #[test]
    fn any_bytes_may_be_written(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        any_bytes_to_write(&bytes);
    }
}

/// Where what is sent to an IPv4 peer has the form in which it arrives.
#[cfg(any(target_os = "linux", target_os = "android", windows))]
#[test]
fn ipv4_departure_parses_as_arrival() {
    let source = crate::addr::mapped::map_ip(std::net::Ipv4Addr::new(192, 0, 2, 7));
    let departure = Departure {
        source: Some(source),
        interface: 5,
        hop_limit: Some(6),
        traffic_class: Some(7),
        ..Departure::default()
    };
    let mut room = SendControl::new();
    let len = departure.write::<Native>(true, &mut room.0).unwrap();
    let arrival = Arrival::read::<Native>(&room.0[..len]);
    assert_eq!(arrival.destination, Some(source));
    assert_eq!(
        (arrival.interface, arrival.hop_limit, arrival.traffic_class),
        (5, Some(6), Some(7))
    );

    let only = Departure { interface: 5, ..Departure::default() };
    let len = only.write::<Native>(true, &mut room.0).unwrap();
    assert_eq!(Arrival::read::<Native>(&room.0[..len]).interface, 5);
}

/// Both numbers that Microsoft's headers have for each.
#[cfg(windows)]
#[test]
fn windows_ipv4_message_has_two_numbers() {
    for (name, is_class) in [
        (option_numbers::CMSG_IP_TTL, false),
        (option_numbers::CMSG_IP_TTL_ALIAS, false),
        (option_numbers::CMSG_IP_TOS, true),
        (option_numbers::CMSG_IP_TOS_ALIAS, true),
    ] {
        let mut room = ControlBuffer::<64>::new();
        let mut encoder = Encoder::<Native>::new(&mut room.0);
        encoder.push(name.unwrap(), 9).unwrap();
        let len = encoder.finish();
        let arrival = Arrival::read::<Native>(&room.0[..len]);
        let (class, hops) = if is_class { (Some(9), None) } else { (None, Some(9)) };
        assert_eq!((arrival.traffic_class, arrival.hop_limit), (class, hops));
    }
}

#[test]
fn departure_with_content_is_not_plain() {
    let plain = Departure::default();
    assert!(plain.is_plain());
    for departure in [
        Departure { source: Some(Ipv6Addr::LOCALHOST), ..plain },
        Departure { interface: 1, ..plain },
        Departure { hop_limit: Some(0), ..plain },
        Departure { traffic_class: Some(0), ..plain },
        Departure { dont_fragment: Some(false), ..plain },
        Departure { flow_label: 1, ..plain },
        Departure { segment_size: Some(0), ..plain },
        Departure { send_at: Some(0), ..plain },
        Departure { interface: 1, flow_label: 1, ..plain },
    ] {
        assert!(!departure.is_plain(), "{departure:?}");
    }
}

#[test]
fn all_of_a_departure_has_room() {
    let all = Departure {
        source: Some(Ipv6Addr::LOCALHOST),
        interface: 1,
        hop_limit: Some(255),
        traffic_class: Some(255),
        dont_fragment: option_numbers::CMSG_IPV6_DONTFRAG.map(|_| true),
        flow_label: if option_numbers::CMSG_IPV6_FLOWINFO.is_some() { 1 } else { 0 },
        segment_size: option_numbers::CMSG_UDP_SEGMENT.map(|_| 1),
        send_at: option_numbers::CMSG_SCM_TXTIME.map(|_| 1),
    };
    let mut room = SendControl::new();
    assert!(all.write::<Native>(false, &mut room.0).unwrap() > 0);
    assert!(!all.is_plain() && Departure::default().is_plain());
    assert_eq!(Departure::default().write::<Native>(false, &mut room.0).unwrap(), 0);
}

/// Each as the kernel lays it out (net/ipv6/datagram.c, net/core/sock.c, net/ipv4/udp.c).
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn kernel_message_decodes_to_field() {
    fn read(name: Name, value: &[u8]) -> Arrival {
        let mut room = ControlBuffer::<128>::new();
        let mut encoder = Encoder::<Native>::new(&mut room.0);
        encoder.push(name.unwrap(), Any(value.to_vec())).unwrap();
        let len = encoder.finish();
        let arrival = Arrival::read::<Native>(&room.0[..len]);
        assert_eq!(Arrival::segment_size_in::<Native>(&room.0[..len]), arrival.segment_size);
        arrival
    }
    let int = 1400_i32.to_ne_bytes();
    assert_eq!(read(option_numbers::CMSG_UDP_GRO, &int).segment_size, Some(1400));
    assert_eq!(read(option_numbers::CMSG_UDP_GRO, &0x1_0000_i32.to_ne_bytes()).segment_size, None);
    assert_eq!(read(option_numbers::CMSG_SO_RXQ_OVFL, &int).dropped, Some(1400));
    assert_eq!(read(option_numbers::CMSG_IPV6_HOPLIMIT, &64_i32.to_ne_bytes()).hop_limit, Some(64));
    assert_eq!(read(option_numbers::CMSG_IP_TTL, &63_i32.to_ne_bytes()).hop_limit, Some(63));
    assert_eq!(
        read(option_numbers::CMSG_IPV6_TCLASS, &0xb9_i32.to_ne_bytes()).traffic_class,
        Some(0xb9)
    );
    // In one byte.
    assert_eq!(read(option_numbers::CMSG_IP_TOS, &[0x2e]).traffic_class, Some(0x2e));
    assert_eq!(read(option_numbers::CMSG_IPV6_HOPLIMIT, &256_i32.to_ne_bytes()).hop_limit, None);
    let label = 0x6b91_2345_u32.to_be_bytes();
    assert_eq!(read(option_numbers::CMSG_IPV6_FLOWINFO, &label).flow_label, 0x1_2345);
    let ip: Ipv6Addr = "fe80::1".parse().unwrap();
    let info = [&ip.octets()[..], &7_u32.to_ne_bytes()].concat();
    let arrival = read(option_numbers::CMSG_IPV6_PKTINFO, &info);
    assert_eq!((arrival.destination, arrival.interface), (Some(ip), 7));
    let to = [&[10, 0, 0, 80, 0, 0, 0, 0][..], &ip.octets(), &7_u32.to_ne_bytes(), &int].concat();
    let peer = std::net::SocketAddrV6::new(ip, 80, 0, 7);
    assert_eq!(read(option_numbers::CMSG_IPV6_PATHMTU, &to).path_mtu, Some((peer, 1400)));
}

/// A report of the error queue may come with a time.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn report_keeps_timestamps() {
    let time = [1_700_000_000_i64, 5, 0, 0, 9, 7].map(i64::to_ne_bytes).concat();
    let mut room = ControlBuffer::<256>::new();
    let mut encoder = Encoder::<Native>::new(&mut room.0);
    encoder.push(option_numbers::CMSG_SCM_TIMESTAMPING.unwrap(), Any(time)).unwrap();
    encoder.push(option_numbers::CMSG_IPV6_RECVERR.unwrap(), Any(vec![0; 16])).unwrap();
    let len = encoder.finish();
    let queued = Queued::read::<Native>(&room.0[..len]).unwrap();
    assert_eq!(queued.time, Some(SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 5)));
    assert_eq!(queued.hardware_time, Some(Duration::new(9, 7)));
}

/// linux/udp.h has 16 bits for the one, linux/net_tstamp.h 64 for the other; what the kernel reads
/// as an `int` is one, of an IPv4 packet too.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn sent_message_has_exact_width() {
    let departure =
        Departure { segment_size: Some(1000), send_at: Some(1 << 40), ..Departure::default() };
    let mut room = SendControl::new();
    let len = departure.write::<Native>(false, &mut room.0).unwrap();
    let expected = [
        (option_numbers::CMSG_UDP_SEGMENT.unwrap(), &1000_u16.to_ne_bytes()[..]),
        (option_numbers::CMSG_SCM_TXTIME.unwrap(), &(1_u64 << 40).to_ne_bytes()[..]),
    ];
    assert_eq!(Messages::<Native>::new(&room.0[..len]).collect::<Vec<_>>(), expected);

    let departure =
        Departure { hop_limit: Some(9), traffic_class: Some(0xb9), ..Departure::default() };
    for (ipv4, names) in [
        (false, [option_numbers::CMSG_IPV6_HOPLIMIT, option_numbers::CMSG_IPV6_TCLASS]),
        (true, [option_numbers::CMSG_IP_TTL, option_numbers::CMSG_IP_TOS]),
    ] {
        let len = departure.write::<Native>(ipv4, &mut room.0).unwrap();
        let [hops, class] = names.map(Option::unwrap);
        let expected = [(hops, &9_i32.to_ne_bytes()[..]), (class, &0xb9_i32.to_ne_bytes()[..])];
        assert_eq!(Messages::<Native>::new(&room.0[..len]).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn bad_length_ends_iteration() {
    // Its lower half alone would be a length.
    let wide = if Native::LEN == 8 { 1 << 32 | Native::HEADER as u64 } else { 0 };
    for len in [0, 1, Native::HEADER as u64 - 1, u64::from(u32::MAX), u64::MAX, wide] {
        let mut bytes = [0_u8; 64];
        bytes[..Native::LEN].copy_from_slice(&length(len));
        assert_eq!(Messages::<Native>::new(&bytes).count(), 0, "length {len}");
    }
}

/// `CMSG_SPACE` of each system: how it rounds the header up, and the whole message.
#[cfg(unix)]
#[test]
fn alignment_follows_the_space_of_values() {
    let spaces = |header: usize, data: usize, all: usize| {
        std::array::from_fn(|value| header.next_multiple_of(data) + value.next_multiple_of(all))
    };
    // Linux on 64 bits; FreeBSD; Apple's systems.
    assert_eq!(super::alignment(&spaces(16, 8, 8)), 8);
    assert_eq!(super::alignment(&spaces(12, 8, 8)), 8);
    assert_eq!(super::alignment(&spaces(12, 4, 4)), 4);
    // illumos rounds header and value as one; SPARC to 8.
    let illumos = |align| std::array::from_fn(|value| (12 + value).next_multiple_of(align));
    assert_eq!(super::alignment(&illumos(4)), 4);
    assert_eq!(super::alignment(&illumos(8)), 8);
}

/// Against the macros of C, which are another's work.
#[cfg(unix)]
#[test]
fn c_macros_iterate_alike() {
    let mut room = ControlBuffer::<256>::new();
    let mut encoder = Encoder::<Native>::new(&mut room.0);
    let number = |name| Number { level: libc::IPPROTO_IPV6, name };
    encoder.push(number(1), 7).unwrap();
    encoder.push(number(2), [3_u8; 20]).unwrap();
    encoder.push(number(3), 5_u16).unwrap();
    let len = encoder.finish();

    // SAFETY: all-zero bytes are a valid `msghdr`.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_control = room.0.as_mut_ptr().cast();
    header.msg_controllen = len as _;
    let mut seen = Vec::new();
    // SAFETY: the header points to `len` bytes of `room`.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(&header) };
    while !next.is_null() {
        // SAFETY: the macro gave a message inside of `room`, which is aligned for it.
        let message = unsafe { &*next };
        // SAFETY: as above.
        let data = unsafe { libc::CMSG_DATA(next) };
        let before = data as usize - next as usize;
        // SAFETY: the message says how long its value is, and it was written so.
        let value = unsafe { std::slice::from_raw_parts(data, message.cmsg_len as usize - before) };
        seen.push((number(message.cmsg_type), value));
        // SAFETY: as for the first one.
        next = unsafe { libc::CMSG_NXTHDR(&header, next) };
    }
    assert_eq!(Messages::<Native>::new(&room.0[..len]).collect::<Vec<_>>(), seen);
    assert_eq!(seen.len(), 3);
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn timestamp_parses_in_both_widths() {
    fn read(name: Name, value: &[u8]) -> Arrival {
        let mut room = ControlBuffer::<128>::new();
        let mut encoder = Encoder::<Native>::new(&mut room.0);
        encoder.push(name.unwrap(), Any(value.to_vec())).unwrap();
        let len = encoder.finish();
        Arrival::read::<Native>(&room.0[..len])
    }
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
    let wide = [1_700_000_000_i64.to_ne_bytes(), 123_456_789_i64.to_ne_bytes()].concat();
    let narrow = [1_700_000_000_i32.to_ne_bytes(), 123_456_789_i32.to_ne_bytes()].concat();
    assert_eq!(read(option_numbers::CMSG_SCM_TIMESTAMP, &wide).time, Some(time));
    assert_eq!(read(option_numbers::CMSG_SCM_TIMESTAMP, &narrow).time, Some(time));
    // 64 bits of seconds and 32 of the rest, as NetBSD and OpenBSD have it.
    let mixed = [&wide[..8], &narrow[4..]].concat();
    assert_eq!(read(option_numbers::CMSG_SCM_TIMESTAMP, &mixed).time, Some(time));
    assert_eq!(read(option_numbers::CMSG_SCM_TIMESTAMP, &wide[..10]).time, None);

    // By software, nothing, by hardware.
    let hardware = [5_i64.to_ne_bytes(), 7_i64.to_ne_bytes()].concat();
    let both =
        read(option_numbers::CMSG_SCM_TIMESTAMPING, &[&wide[..], &[0; 16], &hardware].concat());
    assert_eq!(both.time, Some(time));
    assert_eq!(both.hardware_time, Some(Duration::new(5, 7)));
    let none = read(option_numbers::CMSG_SCM_TIMESTAMPING, &[0; 48]);
    assert_eq!((none.time, none.hardware_time), (None, None));
}
