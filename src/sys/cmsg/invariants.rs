//! What holds for any bytes and for any messages: bodies of property tests, which a fuzzer drives
//! as well.

use super::{Arrival, Departure, Encoder, Layout, Messages, Native, Queued, SendControl, Value};
use crate::sys::option_numbers::{self, Number};

/// FreeBSD and others on 64 bits.
struct Bsd;

impl Layout for Bsd {
    const LEN: usize = 4;
    const HEADER: usize = 16;
    const ALIGN: usize = 8;
}

/// macOS, and Linux on 32 bits.
struct Short;

impl Layout for Short {
    const LEN: usize = 4;
    const HEADER: usize = 12;
    const ALIGN: usize = 4;
}

/// illumos and Solaris on SPARC.
struct Sparc;

impl Layout for Sparc {
    const LEN: usize = 4;
    const HEADER: usize = 12;
    const ALIGN: usize = 8;
}

pub(super) struct Any(pub(super) Vec<u8>);

impl Value for Any {
    type Bytes = Vec<u8>;

    fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Whatever the bytes are, nothing panics, the walk ends, and it hands out what is there.
pub(crate) fn any_bytes(bytes: &[u8]) {
    fn walk<L: Layout>(bytes: &[u8]) {
        let mut end = bytes.as_ptr();
        let mut count = 0;
        for (_, value) in Messages::<L>::new(bytes) {
            assert!(value.as_ptr() >= end, "a message begins before the end of the last one");
            end = value.as_ptr_range().end;
            assert!(end <= bytes.as_ptr_range().end);
            count += 1;
        }
        assert!(count <= bytes.len() / L::HEADER);
        // Nothing may panic, whatever it makes of them.
        let arrival = Arrival::read::<L>(bytes);
        drop(format!("{arrival:?}"));
        assert_eq!(Arrival::segment_size_in::<L>(bytes), arrival.segment_size);
        drop(format!("{:?}", Queued::read::<L>(bytes)));
    }
    walk::<Native>(bytes);
    walk::<Bsd>(bytes);
    walk::<Short>(bytes);
    walk::<Sparc>(bytes);
}

/// What is written is read again, in order; what there was no room for was not begun.
pub(crate) fn any_messages(messages: &[(i32, i32, Vec<u8>)], room: usize) {
    fn there_and_back<L: Layout>(messages: &[(i32, i32, Vec<u8>)], room: usize) {
        let mut room = vec![0xff; room];
        let mut encoder = Encoder::<L>::new(&mut room);
        let mut taken = Vec::new();
        for (level, name, value) in messages {
            let number = Number { level: *level, name: *name };
            if encoder.push(number, Any(value.clone())).is_ok() {
                taken.push((number, &value[..]));
            }
        }
        let len = encoder.finish();
        assert!(len <= room.len());
        assert!(room[len..].iter().all(|byte| *byte == 0xff), "written beyond the end");
        let read: Vec<_> = Messages::<L>::new(&room[..len]).collect();
        assert_eq!(read, taken);
        // Cut anywhere, the whole messages before the cut come out and nothing else.
        for cut in 0..len {
            let read: Vec<_> = Messages::<L>::new(&room[..cut]).collect();
            assert!(taken.starts_with(&read), "cut at {cut}");
        }
    }
    there_and_back::<Native>(messages, room);
    there_and_back::<Bsd>(messages, room);
    there_and_back::<Short>(messages, room);
    there_and_back::<Sparc>(messages, room);
}

/// What one socket sends another one receives.
pub(crate) fn any_departure(source: u128, interface: u32, hops: u8, class: u8, label: u32) {
    let has_label = option_numbers::CMSG_IPV6_FLOWINFO.is_some();
    let departure = Departure {
        source: Some(source.into()),
        interface,
        hop_limit: Some(hops),
        traffic_class: Some(class),
        flow_label: if has_label { label & 0xf_ffff } else { 0 },
        ..Departure::default()
    };
    let mut room = SendControl::new();
    let len = departure.write::<Native>(false, &mut room.0).unwrap();
    let expected = Arrival {
        destination: departure.source,
        interface,
        hop_limit: Some(hops),
        traffic_class: Some(class),
        flow_label: departure.flow_label,
        ..Arrival::default()
    };
    assert_eq!(Arrival::read::<Native>(&room.0[..len]), expected);
}

/// As the two above, for what a fuzzer makes up. Any bytes are messages, and those that are missing
/// are zeros.
pub(crate) fn any_bytes_to_write(bytes: &[u8]) {
    fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
        let (taken, rest) = bytes.split_at(N.min(bytes.len()));
        *bytes = rest;
        let mut array = [0; N];
        array[..taken.len()].copy_from_slice(taken);
        array
    }
    let mut rest = bytes;
    let source = u128::from_ne_bytes(take(&mut rest));
    let (interface, label) = (u32::from_ne_bytes(take(&mut rest)), take(&mut rest));
    let [hops, class] = take(&mut rest);
    any_departure(source, interface, hops, class, u32::from_ne_bytes(label));

    let mut rest = bytes;
    let room = usize::from(u16::from_ne_bytes(take(&mut rest))) % 512;
    let mut messages = Vec::new();
    while !rest.is_empty() && messages.len() < 8 {
        let (level, name) = (take(&mut rest), take(&mut rest));
        let [len] = take(&mut rest);
        let (value, after) = rest.split_at(usize::from(len % 40).min(rest.len()));
        rest = after;
        messages.push((i32::from_ne_bytes(level), i32::from_ne_bytes(name), value.to_vec()));
    }
    any_messages(&messages, room);
}
