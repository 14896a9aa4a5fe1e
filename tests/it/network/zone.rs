//! Link-local addresses over a wire: the zone that they need, who may give it, and where it comes
//! back.

use std::io::{self, ErrorKind::NotFound};
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};

use inet6::option::{BindDevice, MulticastInterface, UnicastInterface};
use inet6::{AnyMode, Builder, TcpListener, TcpStream, UdpSocket, error::Op, interface::Interface};

use crate::lab::{Host, Lab};
use crate::support::*;

fn link_local(last: u16, port: u16, scope: u32) -> SocketAddrV6 {
    SocketAddrV6::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last), port, 0, scope)
}

#[test]
fn link_local_connection_keeps_zone() {
    let lab = require!(Lab::new(), "the lab");
    let (left, right) = (Lab::index(&lab.left), Lab::index(&lab.right));
    let listener = lab.left.run(|| TcpListener::bind("[fe80::1%wire]:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    assert_eq!(listener.local_addr().unwrap(), link_local(1, port, left).into());

    let stream = lab.right.run(|| TcpStream::connect(("fe80::1%wire", port)).unwrap());
    let (accepted, peer) = listener.accept().unwrap();
    assert_eq!(stream.peer_addr().unwrap(), link_local(1, port, right).into());
    let zoned = v6(peer);
    assert_eq!((*zoned.ip(), zoned.scope_id()), (*link_local(2, 0, 0).ip(), left));
    assert_eq!(accepted.peer_addr().unwrap(), peer);
    assert_eq!(accepted.local_addr().unwrap(), link_local(1, port, left).into());
    assert_eq!(stream.local_addr().unwrap(), link_local(2, peer.port(), right).into());
}

#[test]
fn zone_may_be_index_or_field() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.run(|| {
        let index = Interface::from_name("wire").unwrap().index().get();
        let by_number = UdpSocket::bind(format!("[fe80::1%{index}]:0")).unwrap();
        let address = by_number.local_addr().unwrap();
        assert_eq!(v6(address).scope_id(), index);
        let by_field = UdpSocket::bind(link_local(1, 0, index)).unwrap();
        by_field.send_to(b"here", address).unwrap();
        let (len, source) = with_read_timeout(by_number).recv_from(&mut [0; 8]).unwrap();
        assert_eq!((len, source), (4, by_field.local_addr().unwrap()));
    });
}

#[test]
fn link_local_datagram_reports_zone() {
    let lab = require!(Lab::new(), "the lab");
    let left = Lab::index(&lab.left);
    for mode in [AnyMode::V6Only, AnyMode::DualStack] {
        let server = lab.left.run(|| Builder::datagram().mode(mode).bind("[::]:0").unwrap());
        let port = server.local_addr().unwrap().port();
        let client = lab.right.run(|| UdpSocket::bind("[::]:0").unwrap());
        lab.right.run(|| client.send_to(b"ping", ("fe80::1%wire", port)).unwrap());
        let received = with_read_timeout(server).recv_message(&mut [0; 8]).unwrap();
        let SocketAddr::V6(source) = received.source else { panic!("{received:?}") };
        assert_eq!((*source.ip(), source.scope_id()), (*link_local(2, 0, 0).ip(), left));
    }
}

#[test]
fn zoned_source_selects_datagram_interface() {
    let lab = require!(Lab::new(), "the lab");
    let server = lab.left.run(|| with_read_timeout(UdpSocket::bind("[fe80::1%wire]:0").unwrap()));
    let port = server.local_addr().unwrap().port();
    lab.right.run(|| {
        let bound = UdpSocket::bind("[fe80::2%wire]:0").unwrap();
        bound.send_to(b"unzoned", ("fe80::1", port)).unwrap();
        let connected = bound.connect(("fe80::1", port)).unwrap();
        connected.send(b"connected").unwrap();

        let free = UdpSocket::bind("[::]:0").unwrap();
        let refused = free.send_to(b"where?", ("fe80::1", port)).unwrap_err();
        assert!(refused.to_string().contains("fe80::1%eth0"), "{refused}");
        assert_eq!(refused.raw_os_error(), None);
    });
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap().0, 7);
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap().0, 9);
}

#[test]
fn zoned_source_selects_stream_interface() {
    let lab = require!(Lab::new(), "the lab");
    let listener = lab.left.run(|| TcpListener::bind("[fe80::1%wire]:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    lab.right.run(|| {
        let bound = Builder::stream().bind("[fe80::2%wire]:0").unwrap();
        let source = bound.local_addr().unwrap();
        let stream = bound.connect(("fe80::1", port)).unwrap();
        assert_eq!(stream.local_addr().unwrap(), source);
        assert_eq!(v6(stream.peer_addr().unwrap()).scope_id(), v6(source).scope_id());
    });
}

#[test]
fn multicast_needs_zone_or_bound_socket() {
    let lab = require!(Lab::new(), "the lab");
    let (left, right) = (Lab::index(&lab.left), Lab::index(&lab.right));
    let receiver = lab.left.run(|| with_read_timeout(UdpSocket::bind("[::]:0").unwrap()));
    receiver.join_multicast_v6(&"ff02::1234".parse().unwrap(), left).unwrap();
    let port = receiver.local_addr().unwrap().port();
    lab.right.run(|| {
        let free = UdpSocket::bind("[::]:0").unwrap();
        let refused = free.send_to(b"where?", ("ff02::1234", port)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(refused.raw_os_error(), None);
        free.send_to(b"zone", ("ff02::1234%wire", port)).unwrap();
        free.send_to(b"index", (format!("ff02::1234%{right}"), port)).unwrap();
        let bound = UdpSocket::bind("[fe80::2%wire]:0").unwrap();
        bound.send_to(b"by the socket", ("ff02::1234", port)).unwrap();
    });
    let mut buffer = [0; 16];
    for expected in [&b"zone"[..], b"index", b"by the socket"] {
        let (len, source) = receiver.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], expected);
        let source = v6(source);
        assert_eq!((*source.ip(), source.scope_id()), (*link_local(2, 0, 0).ip(), left));
    }
    receiver.leave_multicast_v6(&"ff02::1234".parse().unwrap(), left).unwrap();
}

#[test]
fn bound_device_replaces_zone() {
    let lab = require!(Lab::new(), "the lab");
    let left = Lab::index(&lab.left);
    let (listener, server) = lab.left.run(|| {
        let wire = BindDevice(Some("wire".parse().unwrap()));
        let bound = Builder::stream().with(wire.clone()).bind("[fe80::1]:0").unwrap();
        let socket = Builder::datagram().with(wire).bind(("fe80::1", 0)).unwrap();
        assert_eq!(v6(socket.local_addr().unwrap()).scope_id(), left);
        (bound.listen(4).unwrap(), with_read_timeout(socket))
    });
    let listening = listener.local_addr().unwrap();
    assert_eq!(v6(listening).scope_id(), left);
    let port = server.local_addr().unwrap().port();
    lab.right.run(|| {
        let index = Interface::from_name("wire").unwrap();
        for wire in [BindDevice(Some("wire".parse().unwrap())), BindDevice(Some(index.into()))] {
            let stream = Builder::stream().with(wire.clone());
            stream.connect(("fe80::1", listening.port())).unwrap();
            stream.connect_timeout(("fe80::1", listening.port()), PATIENCE).unwrap();
            let datagram = Builder::datagram().with(wire.clone()).bind("[::]:0").unwrap();
            datagram.send_to(b"unzoned", ("fe80::1", port)).unwrap();
            datagram.connect(("fe80::1", port)).unwrap().send(b"connected").unwrap();
            // Linux before 5.1 tells the name of the device, and no index.
            let index = [(1, libc::SOL_SOCKET), (2, libc::SO_BINDTOIFINDEX)];
            let call = libc::SYS_getsockopt;
            let fault = Fault { call, arguments: &index, errno: libc::ENOPROTOOPT };
            let datagram = Builder::datagram().with(wire).bind("[::]:0").unwrap();
            let sent = with_faults(&[fault], || datagram.send_to(b"by name", ("fe80::1", port)));
            assert_eq!(require!(sent, "faults").unwrap(), 7);
        }
    });
    for len in [7, 9, 7, 7, 9, 7] {
        assert_eq!(server.recv_from(&mut [0; 16]).unwrap().0, len);
    }
}

/// The kernel cuts a name off after 15 bytes (`SO_BINDTODEVICE`).
#[test]
fn long_device_name_is_not_truncated() {
    let host = require!(Host::new(), "the lab");
    host.ip("link add fifteen-letters type veth peer name other");
    host.run(|| {
        let bind = |name: &str| {
            let device = BindDevice(Some(name.parse().unwrap()));
            Builder::datagram().with(device).bind("[::]:0")
        };
        let BindDevice(device) = bind("fifteen-letters").unwrap().option().unwrap();
        let index = Interface::from_name("fifteen-letters").unwrap().index();
        assert_eq!(device.unwrap().index(), Some(index));
        for name in ["fifteen-letters1", "fifteen-letters-and-more"] {
            let error = bind(name).unwrap_err();
            assert_eq!((error.op(), error.kind()), (Op::Set("SO_BINDTODEVICE"), NotFound));
        }
    });
}

#[test]
fn multicast_interface_replaces_zone() {
    let lab = require!(Lab::new(), "the lab");
    let left = Lab::index(&lab.left);
    let receiver = lab.left.run(|| with_read_timeout(UdpSocket::bind("[::]:0").unwrap()));
    receiver.join_multicast_v6(&"ff02::1234".parse().unwrap(), left).unwrap();
    let port = receiver.local_addr().unwrap().port();
    lab.right.run(|| {
        let wire = Interface::from_name("wire").unwrap();
        let sender = UdpSocket::bind("[::]:0").unwrap();
        sender.send_to(b"where?", ("ff02::1234", port)).unwrap_err();
        sender.set_option(MulticastInterface(Some(wire))).unwrap();
        sender.send_to(b"there", ("ff02::1234", port)).unwrap();
        // It says nothing about unicast.
        sender.send_to(b"where?", ("fe80::1", port)).unwrap_err();
    });
    assert_eq!(receiver.recv_from(&mut [0; 16]).unwrap().0, 5);
}

#[test]
fn unicast_interface_replaces_zone() {
    let lab = require!(Lab::new(), "the lab");
    let server = lab.left.run(|| with_read_timeout(UdpSocket::bind("[fe80::1%wire]:0").unwrap()));
    let port = server.local_addr().unwrap().port();
    lab.right.run(|| {
        let wire = Interface::from_name("wire").unwrap();
        let sender = UdpSocket::bind("[::]:0").unwrap();
        sender.send_to(b"where?", ("fe80::1", port)).unwrap_err();
        sender.set_option(UnicastInterface(Some(wire))).unwrap();
        sender.send_to(b"there", ("fe80::1", port)).unwrap();
        let connected = sender.connect(("fe80::1", port)).unwrap();
        assert_eq!(v6(connected.peer_addr().unwrap()).scope_id(), wire.index().get());
    });
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap().0, 5);
}
