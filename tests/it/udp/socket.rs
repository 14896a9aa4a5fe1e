//! Datagram sockets, without a peer and with one.

use std::error::Error;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use inet6::{
    Builder, UdpSocket,
    error::{Op, Returned},
    udp::MessageTooLong,
};

use crate::support::*;

/// The most that a datagram over IPv6 carries, without jumbograms: 65 535 less the UDP header.
const MOST: usize = 65_527;

#[test]
fn datagram_arrives_with_source() {
    let (server, client) = (socket(), socket());
    let peer = client.local_addr().unwrap();
    assert_eq!(client.send_to(b"ping", server.local_addr().unwrap()).unwrap(), 4);
    let mut buffer = [0; 16];
    assert_eq!(server.peek_from(&mut buffer).unwrap(), (4, peer));
    assert_eq!(server.recv_from(&mut buffer).unwrap(), (4, peer));
    assert_eq!(&buffer[..4], b"ping");
}

#[test]
fn slices_are_one_datagram() {
    let (server, client) = (socket(), socket());
    let slices = [IoSlice::new(b"he"), IoSlice::new(b""), IoSlice::new(b"ad")];
    assert_eq!(client.send_to_vectored(&slices, server.local_addr().unwrap()).unwrap(), 4);
    let (mut a, mut b) = ([0; 3], [0; 8]);
    let into = &mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
    let source = client.local_addr().unwrap();
    assert_eq!(server.recv_from_vectored(into).unwrap(), (4, source));
    assert_eq!((&a, b[0]), (b"hea", b'd'));
}

#[test]
fn uninitialised_buffer_returns_filled_part() {
    let (server, client) = datagrams();
    client.send(b"ping").unwrap();
    let mut buffer = [MaybeUninit::uninit(); 16];
    let (data, source) = server.recv_from_uninit(&mut buffer).unwrap();
    assert_eq!((&*data, source), (&b"ping"[..], client.local_addr().unwrap()));
    server.send_to(b"pong", source).unwrap();
    assert_eq!(client.recv_uninit(&mut buffer).unwrap(), b"pong");
}

#[test]
fn empty_datagram_is_received() {
    let (server, client) = datagrams();
    let source = client.local_addr().unwrap();
    assert_eq!(client.send(b"").unwrap(), 0);
    assert_eq!(client.send_vectored(&[]).unwrap(), 0);
    assert_eq!(server.recv_from(&mut [0; 8]).unwrap(), (0, source));
    let received = server.recv_message(&mut [0; 8]).unwrap();
    assert_eq!((received.len, received.source, received.truncated), (0, source, false));
    server.send_to(b"", source).unwrap();
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn datagram_above_maximum_is_refused() {
    let (server, client) = (socket(), socket());
    let peer = server.local_addr().unwrap();
    let data = vec![7; MOST + 1];
    assert_eq!(client.send_to(&data[..MOST], peer).unwrap(), MOST);
    let mut buffer = vec![0; MOST + 1];
    assert_eq!(server.recv_from(&mut buffer).unwrap().0, MOST);
    assert!(buffer[..MOST] == data[..MOST]);
    let halves = [IoSlice::new(&data[..9]), IoSlice::new(&data[9..])];
    refused(client.send_to(&data, peer).unwrap_err(), data.len());
    refused(client.send_to_vectored(&halves, peer).unwrap_err(), data.len());
    let connected = socket().connect(peer).unwrap();
    refused(connected.send(&data).unwrap_err(), data.len());
    refused(connected.send_vectored(&halves).unwrap_err(), data.len());
    // The socket is as good as before.
    client.send_to(b"x", peer).unwrap();
    assert_eq!(server.recv_from(&mut buffer).unwrap().0, 1);
}

#[track_caller]
fn refused(error: io::Error, len: usize) {
    let text = format!("a datagram of {len} bytes is too long: UDP carries at most {MOST}");
    assert_eq!(error.to_string(), text);
    let too_long = MessageTooLong::of(&error).unwrap();
    assert_eq!((too_long.len(), too_long.mtu(), too_long.max_payload()), (len, None, Some(MOST)));
    let cause = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(cause.kind(), error.kind());
    #[cfg(unix)]
    assert_eq!(cause.raw_os_error(), Some(libc::EMSGSIZE), "{cause}");
    assert!(cause.raw_os_error().is_some());
}

#[test]
fn datagram_above_ipv4_maximum_is_refused() {
    let (server, client) = (dual_socket(), dual_socket());
    let peer = ipv4(server.local_addr().unwrap().port());
    let data = vec![7; 65_508];
    assert_eq!(client.send_to(&data[1..], peer).unwrap(), 65_507);
    let error = client.send_to(&data, peer).unwrap_err();
    assert_eq!(MessageTooLong::of(&error).unwrap().max_payload(), Some(65_507));
    let error = client.connect(peer).unwrap().send(&data).unwrap_err();
    assert_eq!(MessageTooLong::of(&error).unwrap().max_payload(), Some(65_507));
    let other = server.send_to(b"", "[fe80::1]:9").unwrap_err();
    assert!(MessageTooLong::of(&other).is_none(), "{other}");
}

#[test]
#[cfg(target_os = "linux")]
fn path_mtu_query_leaves_no_descriptor() {
    in_own_process(|| {
        let (server, client) = (socket(), socket());
        client.set_option(inet6::option::DontFragment(true)).unwrap();
        let before = open_descriptors();
        for _ in 0..8 {
            let error = client.send_to(&[0; MOST], server.local_addr().unwrap()).unwrap_err();
            assert_eq!(MessageTooLong::of(&error).unwrap().mtu(), Some(65_536));
        }
        assert_eq!(open_descriptors(), before);
        // Without a descriptor for the question the answer is missing, and no more.
        let limit = limit_descriptors(0);
        let error = client.send_to(&[0; MOST], server.local_addr().unwrap()).unwrap_err();
        limit_descriptors(limit);
        assert_eq!(MessageTooLong::of(&error).unwrap().mtu(), None);
        assert_eq!(MessageTooLong::of(&error).unwrap().len(), MOST);
    });
}

#[test]
fn long_datagram_is_truncated() {
    let (server, client) = datagrams();
    let source = client.local_addr().unwrap();
    let mut buffer = [0; 4];
    for _ in 0..4 {
        client.send(b"longer than the buffer").unwrap();
    }
    assert_eq!(server.peek_from(&mut buffer).unwrap(), (4, source));
    assert_eq!(server.recv_from(&mut buffer).unwrap(), (4, source));
    assert_eq!(&buffer, b"long");
    let uninit = &mut [MaybeUninit::uninit(); 4];
    assert_eq!(server.recv_from_uninit(uninit).unwrap().0, b"long");
    let slices = &mut [IoSliceMut::new(&mut buffer)];
    assert_eq!(server.recv_from_vectored(slices).unwrap(), (4, source));
    assert_eq!(server.recv_from(&mut []).unwrap(), (0, source));

    for _ in 0..3 {
        server.send_to(b"longer than the buffer", source).unwrap();
    }
    assert_eq!(client.peek(&mut buffer).unwrap(), 4);
    assert_eq!(client.recv(&mut buffer).unwrap(), 4);
    assert_eq!(client.recv_uninit(uninit).unwrap(), b"long");
    assert_eq!(client.recv_vectored(&mut [IoSliceMut::new(&mut buffer)]).unwrap(), 4);
}

#[test]
fn connecting_keeps_the_local_address() {
    let server = socket();
    let client = with_read_timeout(socket());
    let local = client.local_addr().unwrap();
    let client = client.connect(server.local_addr().unwrap()).unwrap();
    assert_eq!(client.local_addr().unwrap(), local);
    assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
    client.send(b"hello").unwrap();
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap(), (5, local));
}

#[test]
fn connected_socket_receives_from_peer_only() {
    let server = socket();
    let client = with_read_timeout(socket()).connect(server.local_addr().unwrap()).unwrap();
    let stranger = socket();
    let local = client.local_addr().unwrap();
    stranger.send_to(b"stranger", local).unwrap();
    server.send_to(b"peer", local).unwrap();
    let mut buffer = [0; 16];
    let len = client.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"peer");
    client.set_nonblocking(true).unwrap();
    assert_eq!(client.recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn closed_port_fails_connected_socket() {
    require!(!cfg!(windows), "Windows reports a closed port only if asked to");
    let (server, client) = datagrams();
    let _deaf = connected_to_itself(server);
    client.send(b"anyone?").unwrap();
    let refused = client.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    // Once it is told, the socket goes on.
    client.send(b"anyone?").unwrap();
}

#[test]
fn closed_port_leaves_unconnected_socket_alone() {
    let deaf = connected_to_itself(socket());
    let closed = deaf.local_addr().unwrap();
    let (server, other) = (socket(), socket());
    for _ in 0..3 {
        server.send_to(b"anyone?", closed).unwrap();
    }
    other.send_to(b"ping", server.local_addr().unwrap()).unwrap();
    assert_eq!(server.recv_from(&mut [0; 8]).unwrap().0, 4);
    assert!(server.take_error().unwrap().is_none());
}

#[test]
fn failed_connect_returns_socket() {
    let client = socket();
    let local = client.local_addr().unwrap();
    let failed: Returned<UdpSocket> = client.connect("fe80::1").unwrap_err();
    assert_eq!(failed.error().op(), Op::Address);
    assert_eq!(failed.to_string(), failed.error().to_string());
    assert_eq!(format!("{failed:?}"), format!("{:?}", failed.error()));
    assert!(failed.source().is_some());
    let client = failed.into_inner();
    assert_eq!(client.local_addr().unwrap(), local);
    client.send_to(b"x", local).unwrap();
    assert_eq!(client.recv_from(&mut [0; 8]).unwrap(), (1, local));

    let failed = client.connect("[fe80::1]:80").unwrap_err();
    let text = failed.to_string();
    assert_eq!(inet6::Error::from(failed).to_string(), text);
    let failed = socket().connect("[fe80::1]:80").unwrap_err();
    let error = io::Error::from(failed);
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::InvalidInput, text));
}

#[test]
fn ipv4_socket_explains_ipv6_peer() {
    let explanation = "bound to an IPv4 address, and from there no IPv6 peer can be reached";
    let peer = socket().local_addr().unwrap();
    let bind = || Builder::datagram().bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = bind();
    let error = client.send_to(b"x", peer).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot send to {peer}: the socket is {explanation}"));
    let failed = client.connect(peer).unwrap_err();
    let text = failed.to_string();
    assert!(text.contains(explanation) && text.contains(&peer.to_string()), "{text}");
    assert_eq!(failed.error().op(), Op::Connect);
    assert_eq!(failed.error().address().unwrap().to_string(), peer.to_string());
    // It still reaches IPv4.
    let client = failed.into_inner();
    let other = bind();
    client.send_to(b"x", other.local_addr().unwrap()).unwrap();
    assert_eq!(other.recv_from(&mut [0; 8]).unwrap(), (1, client.local_addr().unwrap()));
}

#[cfg(target_os = "linux")]
#[test]
fn ipv6_socket_explains_ipv4_peer() {
    let explanation =
        "the socket is bound to an IPv6 address, and from there no IPv4 peer can be reached";
    let client = Builder::datagram().bind("[::1]:0").unwrap();
    let error = client.send_to(b"x", (Ipv4Addr::LOCALHOST, 9)).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot send to 127.0.0.1:9: {explanation}"));
    let failed = client.connect((Ipv4Addr::LOCALHOST, 9)).unwrap_err();
    assert_eq!(failed.to_string(), format!("cannot connect to 127.0.0.1:9: {explanation}"));
    let bound = Builder::stream().bind("[::1]:0").unwrap();
    let error = bound.connect("127.0.0.1:9").unwrap_err();
    assert_eq!(error.to_string(), format!("cannot connect to 127.0.0.1:9: {explanation}"));
}

#[test]
fn cloned_socket_is_same_socket() {
    let (server, client) = datagrams();
    let clone = server.try_clone().unwrap();
    client.send(b"ping").unwrap();
    assert_eq!(clone.recv_from(&mut [0; 8]).unwrap().0, 4);
    let clone = client.try_clone().unwrap();
    assert_eq!(clone.peer_addr().unwrap(), client.peer_addr().unwrap());
    drop(client);
    clone.send(b"pong").unwrap();
    assert_eq!(server.recv_from(&mut [0; 8]).unwrap().0, 4);
}

#[test]
fn timeouts_are_kept_and_read_back() {
    let (server, client) = datagrams();
    let time = Duration::from_millis(20);
    macro_rules! check {
        ($socket:expr, $receive:ident) => {
            $socket.set_read_timeout(Some(time)).unwrap();
            $socket.set_write_timeout(Some(time)).unwrap();
            assert_eq!($socket.read_timeout().unwrap(), Some(time));
            assert_eq!($socket.write_timeout().unwrap(), Some(time));
            assert_eq!($socket.$receive(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
            let zero = $socket.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
            assert_eq!(zero.kind(), ErrorKind::InvalidInput);
            let zero = $socket.set_write_timeout(Some(Duration::ZERO)).unwrap_err();
            assert_eq!(zero.kind(), ErrorKind::InvalidInput);
            $socket.set_write_timeout(None).unwrap();
            assert_eq!($socket.write_timeout().unwrap(), None);
        };
    }
    check!(server, recv_from);
    check!(client, recv);
}

#[test]
fn group_is_joined_and_left_once() {
    let socket = UdpSocket::bind("[::]:0").unwrap();
    let group: Ipv6Addr = "ff02::1234".parse().unwrap();
    let index = loopback().index().get();
    socket.join_multicast_v6(&group, index).unwrap();
    let twice = socket.join_multicast_v6(&group, index).unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::AddrInUse);
    socket.leave_multicast_v6(&group, index).unwrap();
    let gone = socket.leave_multicast_v6(&group, index).unwrap_err();
    if !wine_lacks("leaving twice is an invalid argument") {
        assert_eq!(gone.kind(), ErrorKind::AddrNotAvailable);
    }
    let unicast = socket.join_multicast_v6(&Ipv6Addr::LOCALHOST, index).unwrap_err();
    assert_eq!(unicast.kind(), ErrorKind::InvalidInput);
    let nowhere = socket.join_multicast_v6(&group, 0x7fff_ffff).unwrap_err();
    #[cfg(target_os = "linux")]
    assert_eq!(nowhere.raw_os_error(), Some(libc::ENODEV));
    assert!(nowhere.raw_os_error().is_some(), "{nowhere}");
}

#[test]
fn multicast_loop_has_std_name() {
    let socket = UdpSocket::bind("[::]:0").unwrap();
    assert!(socket.multicast_loop_v6().unwrap());
    socket.set_multicast_loop_v6(false).unwrap();
    assert!(!socket.multicast_loop_v6().unwrap());
}

#[test]
fn port_0_is_no_destination() {
    let error = socket().send_to(b"x", (Ipv6Addr::LOCALHOST, 0)).unwrap_err();
    let given = differs(wine_lacks("port 0 is refused as the host does"));
    assert_eq!(error.kind(), given.datagram_to_port_0);
    assert!(error.raw_os_error().is_some(), "{error}");

    // Linux would connect, to a peer that it does not have afterwards.
    #[cfg(target_os = "linux")]
    {
        let std = std::net::UdpSocket::bind("[::1]:0").unwrap();
        std.connect("[::1]:0").unwrap();
        assert_eq!(std.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    }
    let text = "cannot connect to [::1]:0: port 0 is no destination";
    for error in [
        Builder::datagram().v6_only().connect("[::1]:0").unwrap_err(),
        Builder::datagram().connect("[::1]:0").unwrap_err(),
        socket().connect("[::1]:0").unwrap_err().into(),
    ] {
        assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::InvalidInput));
        assert_eq!((error.to_string().as_str(), error.raw_os_error()), (text, None));
    }
    let error = Builder::datagram().connect("127.0.0.1:0").unwrap_err();
    assert_eq!(error.to_string(), "cannot connect to 127.0.0.1:0: port 0 is no destination");
}

#[cfg(unix)]
#[test]
fn signals_interrupt_receiving_as_in_std() {
    in_own_process(|| {
        let socket = socket();
        let error = under_signals(move || socket.recv_from(&mut [0; 1]), |_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    });
}

#[test]
fn debug_print_names_addresses() {
    let (server, client) = datagrams();
    let shown = format!("{client:?}");
    for address in [server.local_addr().unwrap(), client.local_addr().unwrap()] {
        assert!(shown.contains(&address.to_string()), "{shown} lacks {address}");
    }
    assert!(format!("{server:?}").starts_with("UdpSocket"), "{server:?}");
}
