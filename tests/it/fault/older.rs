//! A kernel older than this one: options that it does not know, and what happens instead.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;

use inet6::kind::Protocol;
use inet6::mode::Mode;
use inet6::option::BindDevice;
use inet6::{
    AnyMode, Builder, DualStack, TcpListener, UdpSocket, V6Only,
    error::Op,
    udp::{CoalescedBatch, Outgoing, SendBatch},
};
use libc::{IPPROTO_IPV6, SOL_SOCKET, SOL_UDP};

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
fn missing_segmentation_sends_separate_datagrams() {
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
fn missing_coalescing_receives_each_datagram() {
    require!(faults(), "faults");
    // The second is that of Wine.
    for errno in [libc::ENOPROTOOPT, libc::EINVAL, libc::EOPNOTSUPP] {
        let server = with_read_timeout(UdpSocket::bind("[::1]:0").unwrap());
        let server = without((SOL_UDP, libc::UDP_GRO), errno, || server.coalesce()).unwrap();
        let client = socket();
        let message = Outgoing::to(server.local_addr().unwrap(), b"one two").segment_size(4);
        client.send_segments(&mut SendBatch::new(8).unwrap(), &message).unwrap();
        let mut batch = CoalescedBatch::new(1).unwrap();
        for text in ["one ", "two"] {
            server.recv_batch(&mut batch).unwrap();
            assert_eq!(batch.iter().next().unwrap().payload(), text.as_bytes());
        }
    }
}

/// Linux 5.0 has `SO_BINDTOIFINDEX`.
#[test]
fn device_binds_by_name_without_index() {
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

/// Runs `work` in a thread whose kernel sets `IPV6_V6ONLY` and does not read it, as Linux before
/// 6.15 did of Multipath TCP.
fn without_reading_the_mode<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let arguments = [(1, IPPROTO_IPV6), (2, libc::IPV6_V6ONLY)];
    let errno = libc::EOPNOTSUPP;
    with_faults(&[Fault { call: libc::SYS_getsockopt, arguments: &arguments, errno }], work)
        .unwrap()
}

fn multipath_listener<M: Mode>(mode: M, address: &str) -> Result<TcpListener<M>, inet6::Error> {
    Builder::stream().mode(mode).multipath_tcp().bind(address)?.listen(4)
}

#[test]
fn unread_mode_opens_multipath_sockets() {
    require!(faults(), "faults");
    require!(multipath_listener(V6Only, "[::1]:0"), "Multipath TCP");
    let (v6_only, dual) = without_reading_the_mode(|| {
        for error in [
            Builder::stream().v6_only().bind("[::1]:0").map(drop).unwrap_err(),
            Builder::datagram().v6_only().bind("[::1]:0").map(drop).unwrap_err(),
        ] {
            assert_eq!((error.op(), error.raw_os_error()), (Op::Mode, Some(libc::EOPNOTSUPP)));
        }
        (multipath_listener(V6Only, "[::]:0").unwrap(), multipath_listener(DualStack, "[::]:0"))
    });
    let dual = dual.unwrap();
    // The mode is what was asked for.
    assert!(v6_only.v6_only().unwrap() && !dual.v6_only().unwrap());
    let client = Builder::stream().multipath_tcp();
    let to = ipv4(dual.local_addr().unwrap().port());
    let client = without_reading_the_mode(|| client.connect(to)).unwrap();
    assert_eq!(dual.accept().unwrap().1, client.local_addr().unwrap());
    assert_eq!(client.protocol().unwrap(), Protocol::MultipathTcp);
}

#[test]
fn unread_mode_adopts_by_address() {
    fn adopt<M: Mode>(address: &str) -> Result<(), String> {
        let listener = OwnedFd::from(multipath_listener(DualStack, address).unwrap());
        let adopted = without_reading_the_mode(|| TcpListener::<M>::try_from(listener));
        adopted.map(drop).map_err(|error| error.to_string())
    }

    require!(faults(), "faults");
    require!(multipath_listener(V6Only, "[::1]:0"), "Multipath TCP");
    let unknown =
        "cannot adopt the descriptor: this system does not report whether it is restricted \
                   to IPv6"
            .to_owned();
    assert_eq!(adopt::<V6Only>("[::1]:0"), Ok(()));
    assert_eq!(adopt::<DualStack>("[::1]:0"), Ok(()));
    assert_eq!(adopt::<DualStack>("127.0.0.1:0"), Ok(()));
    for adopted in [
        adopt::<V6Only>("[::]:0"),
        adopt::<V6Only>("127.0.0.1:0"),
        adopt::<DualStack>("[::]:0"),
        adopt::<AnyMode>("[::]:0"),
    ] {
        assert_eq!(adopted, Err(unknown.clone()));
    }
}
