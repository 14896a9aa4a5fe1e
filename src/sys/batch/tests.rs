//! Both ways to a batch do the same: a body, run over each.

use std::io::IoSlice;
use std::net::{SocketAddr, SocketAddrV6, UdpSocket};

#[cfg(any(target_os = "linux", target_os = "android"))]
use super::mmsg;
use super::{Packet, each};
use crate::sys::{Owned, borrow};

fn open() -> (Owned, SocketAddrV6) {
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    let SocketAddr::V6(address) = socket.local_addr().unwrap() else { panic!("bound to IPv4") };
    (socket.into(), address)
}

macro_rules! body {
    ($name:ident, $way:ident) => {
        #[test]
        fn $name() {
            let ((server, to), (client, from)) = (open(), open());
            let mut outgoing = $way::Outgoing::new(4);
            let texts: [&[u8]; 6] = [b"one", b"", b"three", b"four is longer", b"five", b"six"];
            let slices = texts.map(|text| [IoSlice::new(text)]);
            let packets = || {
                slices
                    .iter()
                    .map(|data| Ok(Packet { data, peer: Some(to), departure: None, ipv4: false }))
            };
            assert_eq!(outgoing.send(borrow(&client), packets()).unwrap(), 4);
            assert_eq!(outgoing.send(borrow(&client), packets().skip(4)).unwrap(), 2);

            let mut incoming = $way::Incoming::new(5, 8);
            let mut seen = Vec::new();
            for expected in [5, 1] {
                let count = incoming.receive(borrow(&server)).unwrap();
                assert_eq!(count, expected);
                for index in 0..count {
                    assert_eq!(incoming.source(index).unwrap(), from);
                    let message = incoming.message(index).unwrap();
                    assert_eq!(message.len, incoming.payload(index).len());
                    assert_eq!(message.truncated, incoming.truncated(index));
                    seen.push((incoming.payload(index).to_vec(), incoming.truncated(index)));
                }
            }
            let expected = texts.map(|text| (text[..text.len().min(8)].to_vec(), text.len() > 8));
            assert_eq!(seen, expected);
        }
    };
}

#[cfg(any(target_os = "linux", target_os = "android"))]
body!(by_one_call, mmsg);
body!(by_one_call_each, each);
