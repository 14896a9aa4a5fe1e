//! Both ways to a batch do the same: a body, run over each.

use std::io::IoSlice;
use std::net::{SocketAddr, SocketAddrV6, UdpSocket};

use super::{Packet, each, mmsg};
use crate::sys::borrow;
use crate::sys::cmsg::Departure;

fn pair() -> (UdpSocket, UdpSocket, SocketAddrV6) {
    let open = || UdpSocket::bind("[::1]:0").unwrap();
    let (server, client) = (open(), open());
    let SocketAddr::V6(to) = server.local_addr().unwrap() else { panic!("bound to IPv4") };
    (server, client, to)
}

macro_rules! body {
    ($name:ident, $way:ident) => {
        #[test]
        fn $name() {
            let (server, client, to) = pair();
            let (server, client) = (server.into(), client.into());
            let SocketAddr::V6(from) =
                UdpSocket::from(std::os::fd::OwnedFd::try_clone(&client).unwrap())
                    .local_addr()
                    .unwrap()
            else {
                panic!()
            };
            let mut outgoing = $way::Outgoing::new(4);
            let texts: [&[u8]; 6] = [b"one", b"", b"three", b"four is longer", b"five", b"six"];
            let slices = texts.map(|text| [IoSlice::new(text)]);
            let packets = || {
                slices.iter().map(|data| {
                    Ok(Packet {
                        data,
                        peer: Some(to),
                        departure: Departure::default(),
                        ipv4: false,
                    })
                })
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

body!(by_one_call, mmsg);
body!(by_one_call_each, each);
