//! Both ways to a batch do the same: a body, run over each.

use std::fmt::Debug;
use std::io::{self, ErrorKind, IoSlice};
use std::marker::PhantomData;
use std::net::{SocketAddr, SocketAddrV6, UdpSocket};

#[cfg(any(target_os = "linux", target_os = "android"))]
use super::mmsg;
use super::{Packet, one_by_one};
use crate::sys::{Owned, borrow};
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::sys::{SocketRef, cmsg::Departure, sockopt::set_coalescing};

/// The types above show a batch. Debug output of a room would show the kernel's form of addresses,
/// on those systems alone that use it.
#[test]
fn rooms_have_no_debug_output() {
    struct Probe<T>(PhantomData<T>);

    impl<T: Debug> Probe<T> {
        fn is_debug(&self) -> bool {
            true
        }
    }

    trait Otherwise {
        fn is_debug(&self) -> bool {
            false
        }
    }
    impl<T> Otherwise for Probe<T> {}

    assert!(Probe::<SocketAddrV6>(PhantomData).is_debug());
    assert!(!Probe::<one_by_one::RecvBuffers>(PhantomData).is_debug());
    assert!(!Probe::<super::RecvBuffers>(PhantomData).is_debug());
}

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
            let mut outgoing = $way::SendBuffers::new(4);
            assert_eq!(outgoing.count(), 4);
            let texts: [&[u8]; 6] = [b"one", b"", b"three", b"four is longer", b"five", b"six"];
            let slices = texts.map(|text| [IoSlice::new(text)]);
            let packet = |data| Packet { data, peer: Some(to), departure: None, ipv4: false };
            let packets = || slices.iter().map(|data| Ok(packet(data)));
            assert_eq!(outgoing.send(borrow(&client), packets()).unwrap(), 4);
            assert_eq!(outgoing.send(borrow(&client), packets().skip(4)).unwrap(), 2);

            let mut incoming = $way::RecvBuffers::new(5, 8);
            assert_eq!((incoming.count(), incoming.size()), (5, 8));
            let mut seen = Vec::new();
            for expected in [5, 1] {
                let count = incoming.receive(borrow(&server)).unwrap();
                assert_eq!(count, expected);
                for index in 0..count {
                    assert_eq!(incoming.source(index).unwrap(), from);
                    let message = incoming.message(index).unwrap();
                    assert_eq!(message.arrival, incoming.arrival(index));
                    assert_eq!(message.len, incoming.payload(index).len());
                    assert_eq!(message.truncated, incoming.truncated(index));
                    seen.push((incoming.payload(index).to_vec(), incoming.truncated(index)));
                }
            }
            let expected = texts.map(|text| (text[..text.len().min(8)].to_vec(), text.len() > 8));
            assert_eq!(seen, expected);

            // What cannot go ends the batch before it, and is told where it is the first.
            let mixed = |bad: usize| {
                slices.iter().enumerate().map(move |(at, data)| {
                    if at == bad { Err(io::Error::other("bad")) } else { Ok(packet(data)) }
                })
            };
            assert_eq!(outgoing.send(borrow(&client), mixed(2)).unwrap(), 2);
            let error = outgoing.send(borrow(&client), mixed(0)).unwrap_err();
            assert_eq!(error.to_string(), "bad");
            assert_eq!(incoming.receive(borrow(&server)).unwrap(), 2);

            let empty = UdpSocket::bind("[::1]:0").unwrap();
            empty.set_nonblocking(true).unwrap();
            let error = incoming.receive(borrow(&empty.into())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
    };
}

#[cfg(any(target_os = "linux", target_os = "android"))]
body!(by_one_call, mmsg);
body!(by_one_call_each, one_by_one);

#[cfg(any(target_os = "linux", target_os = "android"))]
macro_rules! body_of_linux {
    ($name:ident, $way:ident) => {
        #[test]
        fn $name() {
            let ((server, to), (client, _)) = (open(), open());
            let server_target = SocketRef { fd: borrow(&server), dual_stack: false };
            assert!(set_coalescing(server_target).unwrap());
            let data = [IoSlice::new(&[7; 50])];
            let departure = Departure { segment_size: Some(20), ..Departure::default() };
            let packet =
                Packet { data: &data, peer: Some(to), departure: Some(departure), ipv4: false };
            $way::SendBuffers::new(1).send_one(borrow(&client), &packet).unwrap();
            let mut incoming = $way::RecvBuffers::new(2, 64);
            assert_eq!(incoming.receive(borrow(&server)).unwrap(), 1);
            assert_eq!(incoming.segment_size(0), Some(20));
            assert_eq!(incoming.arrival(0).segment_size, Some(20));
        }
    };
}

#[cfg(any(target_os = "linux", target_os = "android"))]
body_of_linux!(segments_by_one_call, mmsg);
#[cfg(any(target_os = "linux", target_os = "android"))]
body_of_linux!(segments_by_one_call_each, one_by_one);
