//! A kernel older than this one: options that it does not know, and what happens instead.

use std::io::ErrorKind;

use inet6::option::BindDevice;
use inet6::{CoalescedBatch, Outgoing, SendBatch, UdpSocket};
use libc::{SOL_SOCKET, SOL_UDP};

use crate::lab::Host;
use crate::support::*;

/// Runs `work` in a thread whose kernel answers this to an option, whoever sets or reads it.
fn without<T: Send>(
    (level, number): (libc::c_int, libc::c_int),
    errno: libc::c_int,
    work: impl FnOnce() -> T + Send,
) -> T {
    let arguments = [(1, level), (2, number)];
    let fault = |call| Fault { call, arguments: &arguments, errno };
    with_faults(&[libc::SYS_setsockopt, libc::SYS_getsockopt].map(fault), work).unwrap()
}

#[test]
fn without_segmentation_each_segment_is_a_datagram() {
    require!(faults(), "faults");
    // On such a socket arrives in one piece what left in one.
    let server = UdpSocket::bind("[::1]:0").unwrap().coalesce().unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let client = socket();
    let message = Outgoing::to(server.local_addr().unwrap(), b"one two").segment_size(4);
    let send = || client.send_segments(&mut SendBatch::new(8).unwrap(), &message).unwrap();
    let receive = || {
        let mut data = [0; 16];
        let len = std::io::Read::read(&mut &*socket2::SockRef::from(&server), &mut data).unwrap();
        String::from_utf8(data[..len].to_vec()).unwrap()
    };
    assert_eq!((send(), receive()), (7, "one two".to_owned()));
    let sent = without((SOL_UDP, libc::UDP_SEGMENT), libc::ENOPROTOOPT, send);
    assert_eq!((sent, receive()), (7, "one ".to_owned()));
    assert_eq!(receive(), "two");
}

#[test]
fn without_putting_together_each_datagram_comes_by_itself() {
    require!(faults(), "faults");
    // The second is that of Wine.
    for errno in [libc::ENOPROTOOPT, libc::EINVAL, libc::EOPNOTSUPP] {
        let server = patient(UdpSocket::bind("[::1]:0").unwrap());
        let server = without((SOL_UDP, libc::UDP_GRO), errno, || server.coalesce()).unwrap();
        let client = socket();
        let message = Outgoing::to(server.local_addr().unwrap(), b"one two").segment_size(4);
        client.send_segments(&mut SendBatch::new(8).unwrap(), &message).unwrap();
        let mut batch = CoalescedBatch::new(1).unwrap();
        for text in ["one ", "two"] {
            let mut datagrams = server.recv_batch(&mut batch).unwrap();
            assert_eq!(datagrams.next().unwrap().payload(), text.as_bytes());
        }
    }
}

/// Linux 5.0 has `SO_BINDTOIFINDEX`.
#[test]
fn without_indexes_a_device_is_bound_and_freed_by_its_name() {
    require!(faults(), "faults");
    let host = require!(Host::new(), "the lab");
    host.ip("link set dev lo up");
    host.run(|| {
        let socket = socket();
        let lo = BindDevice(Some("lo".parse().unwrap()));
        for (device, index) in [(lo, 1), (BindDevice(None), 0)] {
            let number = (SOL_SOCKET, libc::SO_BINDTOIFINDEX);
            without(number, libc::ENOPROTOOPT, || {
                socket.set_option(device).unwrap();
                let by_index = BindDevice(Some(std::num::NonZeroU32::MIN.into()));
                let error = socket.set_option(by_index).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            });
            let BindDevice(bound) = socket.option().unwrap();
            assert_eq!(bound.map_or(0, |zone| zone.index().unwrap().get()), index);
        }
    });
}
