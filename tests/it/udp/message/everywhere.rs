//! What every system that runs these tests puts beside a datagram, and takes: Linux, and Windows as
//! Wine has it.

use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use inet6::header::{Dscp, Ecn};
use inet6::option::{RecvPacketInfo, TrafficClass, UnicastHops};
use inet6::{Builder, DualStack, UdpSocket, V6Only, udp::Outgoing};

use crate::support::*;

const CLASS: TrafficClass = TrafficClass { dscp: Dscp::EF, ecn: Ecn::Ect0 };

#[test]
fn ipv6_datagram_reports_header() {
    let server = socket_with_packet_info(V6Only);
    let client = socket();
    client.set_option(UnicastHops(Some(9))).unwrap();
    client.send_to(b"ping", (Ipv6Addr::LOCALHOST, port(&server))).unwrap();
    let received = receive(&server);
    assert_eq!((received.len, received.truncated), (4, false));
    assert_eq!(received.source, v6(client.local_addr().unwrap()));
    assert_eq!(received.destination, Some(Ipv6Addr::LOCALHOST));
    assert_eq!(received.interface, Some(loopback()));
    assert_eq!(received.hop_limit, Some(9));
    assert_eq!(received.traffic_class, Some(TrafficClass::default()));
    assert_eq!((received.flow_label, received.time, received.dropped), (None, None, None));
}

#[test]
fn ipv4_datagram_reports_plain_header() {
    let server = socket_with_packet_info(DualStack);
    let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_ttl(9).unwrap();
    client.send_to(b"ping", (Ipv4Addr::LOCALHOST, port(&server))).unwrap();
    let received = receive(&server);
    assert_eq!(received.source, client.local_addr().unwrap());
    assert_eq!(received.destination, Some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    assert_eq!(received.interface, Some(loopback()));
    assert_eq!(received.hop_limit, Some(9));
    assert_eq!(received.traffic_class, Some(TrafficClass::default()));

    let client = socket();
    client.send_to(b"ping", (Ipv6Addr::LOCALHOST, port(&server))).unwrap();
    let received = receive(&server);
    assert_eq!(received.destination, Some(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    assert_eq!(received.interface, Some(loopback()));
}

#[test]
fn unrequested_fields_are_absent() {
    let server = with_read_timeout(UdpSocket::bind("[::]:0").unwrap());
    socket().send_to(b"ping", (Ipv6Addr::LOCALHOST, port(&server))).unwrap();
    let received = receive(&server);
    assert_eq!((received.destination, received.interface), (None, None));
    assert_eq!((received.hop_limit, received.traffic_class), (None, None));
}

#[test]
fn truncated_datagram_reports_header() {
    let server = socket_with_packet_info(V6Only);
    socket().send_to(b"a long one", (Ipv6Addr::LOCALHOST, port(&server))).unwrap();
    let (mut a, mut b) = ([0; 2], [0; 4]);
    let slices = &mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
    let received = server.recv_message_vectored(slices).unwrap();
    assert_eq!((received.len, received.truncated), (6, true));
    assert_eq!((&a, &b), (b"a ", b"long"));
    assert_eq!(received.destination, Some(Ipv6Addr::LOCALHOST));
    assert!(received.hop_limit.is_some() && received.traffic_class.is_some());

    socket().send_to(b"", (Ipv6Addr::LOCALHOST, port(&server))).unwrap();
    let received = receive(&server);
    assert_eq!((received.len, received.truncated), (0, false));
    assert_eq!(received.destination, Some(Ipv6Addr::LOCALHOST));
}

#[test]
fn connected_socket_exchanges_header_fields() {
    let server = socket_with_packet_info(V6Only);
    let client = Builder::datagram()
        .with(RecvPacketInfo(true))
        .connect((Ipv6Addr::LOCALHOST, port(&server)))
        .unwrap();
    let slices = [IoSlice::new(b"pi"), IoSlice::new(b"ng")];
    let message = Outgoing::new(&[]).vectored(&slices).interface(loopback());
    assert_eq!(client.send_message(&message).unwrap(), 4);
    let received = receive(&server);
    assert_eq!((received.len, received.source), (4, v6(client.local_addr().unwrap())));

    received.reply(&server, b"pong!").unwrap();
    let received = client.recv_message(&mut [0; 64]).unwrap();
    assert_eq!((received.len, received.source), (5, client.peer_addr().unwrap()));
    assert_eq!(received.destination, Some(client.local_addr().unwrap().ip()));
}

#[test]
fn message_names_source_and_interface() {
    let server = socket_with_packet_info(DualStack);
    let client = Builder::datagram().bind("[::]:0").unwrap();
    for ip in [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)] {
        let to = (ip, port(&server));
        for message in [
            Outgoing::to(to, b"x").source(ip),
            Outgoing::to(to, b"x").interface(loopback()),
            Outgoing::to(to, b"x").source(ip).interface(loopback()),
        ] {
            assert_eq!(client.send_message(&message).unwrap(), 1);
            let received = receive(&server);
            assert_eq!(received.source, SocketAddr::new(ip, port(&client)));
            assert_eq!(received.interface, Some(loopback()));
        }
    }
}

#[test]
fn reply_uses_destination_address() {
    let server = socket_with_packet_info(DualStack);
    let peer = with_read_timeout(socket());
    peer.send_to(b"ping", (Ipv6Addr::LOCALHOST, port(&server))).unwrap();
    assert_eq!(receive(&server).reply(&server, b"pong").unwrap(), 4);
    let (_, from) = peer.recv_from(&mut [0; 8]).unwrap();
    assert_eq!(from, (Ipv6Addr::LOCALHOST, port(&server)).into());

    // 127.0.0.0/8 is all ours, so one interface has many addresses.
    let asked = Ipv4Addr::new(127, 0, 0, 3);
    let peer = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer.send_to(b"ping", (asked, port(&server))).unwrap();
    let received = receive(&server);
    assert_eq!(received.destination, Some(asked.into()));
    assert_eq!(received.reply(&server, b"pong").unwrap(), 4);
    let (_, from) = peer.recv_from(&mut [0; 8]).unwrap();
    require!(!under_wine(), "an IPv4 datagram goes out from another address than the one named");
    assert_eq!(from, SocketAddr::from((asked, port(&server))));
}

#[test]
fn message_hop_limit_is_used() {
    let server = socket_with_packet_info(DualStack);
    let client = Builder::datagram().bind("[::]:0").unwrap();
    for ip in [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)] {
        client.send_message(&Outgoing::to((ip, port(&server)), b"x").hop_limit(7)).unwrap();
        let received = receive(&server);
        require!(!under_wine(), "a hop limit for one datagram is taken and not used");
        assert_eq!(received.hop_limit, Some(7));
    }
}

#[test]
fn traffic_class_arrives_or_is_refused() {
    let server = socket_with_packet_info(DualStack);
    let client = Builder::datagram().bind("[::]:0").unwrap();
    for ip in [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)] {
        let to = (ip, port(&server));
        match client.send_message(&Outgoing::to(to, b"marked").traffic_class(CLASS)) {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                leave_out("a traffic class for one datagram is refused");
                assert!(error.to_string().contains("IPV6_TCLASS"), "{error}");
                client.send_to(b"plain", to).unwrap();
                let received = receive(&server);
                assert_eq!(received.len, 5);
                assert_eq!(received.traffic_class, Some(TrafficClass::default()));
            }
            Ok(len) => {
                assert_eq!(len, 6);
                assert_eq!(receive(&server).traffic_class, Some(CLASS));
            }
        }
    }
}

/// The second one asks the system about its traffic class with a socket of its own.
#[test]
fn message_leaves_no_socket() {
    in_own_process(|| {
        let server = socket_with_packet_info(V6Only);
        let client = socket();
        let to = (Ipv6Addr::LOCALHOST, port(&server));
        let talk = || {
            client.send_message(&Outgoing::to(to, b"x").source(Ipv6Addr::LOCALHOST)).unwrap();
            receive(&server).reply(&server, b"x").unwrap();
            receive(&client);
            match client.send_message(&Outgoing::to(to, b"x").traffic_class(CLASS)) {
                Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported),
                Ok(_) => drop(receive(&server)),
            }
        };
        talk();
        let before = handle();
        for _ in 0..100 {
            talk();
        }
        // A handle is reused as soon as it is closed.
        assert_eq!(handle(), before);
    });
}

/// The number of a socket that is opened now.
fn handle() -> u64 {
    #[cfg(unix)]
    use std::os::fd::AsRawFd;
    #[cfg(windows)]
    use std::os::windows::io::AsRawSocket;

    let socket = socket();
    #[cfg(unix)]
    return u64::try_from(socket.as_raw_fd()).unwrap();
    #[cfg(windows)]
    return socket.as_raw_socket();
}
