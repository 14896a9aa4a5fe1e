//! The modes: what they let in, and how peers look.

use std::fmt::Debug;
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use inet6::mode::Mode;
use inet6::{
    AnyMode, Builder, ConnectedUdpSocket, DualStack, TcpListener, TcpStream, UdpSocket, V6Only,
    tcp::{BoundStream, Connecting},
};

use crate::support::*;

/// Open, bind, listen, connect, accept, talk, close, and the same with datagrams.
#[track_caller]
fn walk<M: Mode>(mode: M, address: &str) {
    let builder = Builder::stream().mode(mode);
    let bound = builder.bind(address).unwrap();
    let local = bound.local_addr().unwrap();
    assert_ne!(local.into().port(), 0);
    let listener = bound.listen(1).unwrap();
    assert_eq!(listener.local_addr().unwrap(), local);
    let mut client = builder.connect(local).unwrap();
    let (mut accepted, peer) = listener.accept().unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
    assert_eq!(peer, accepted.peer_addr().unwrap());
    assert_eq!(local, client.peer_addr().unwrap());
    assert_eq!(local, accepted.local_addr().unwrap());

    accepted.write_all(b"Hello, client!").unwrap();
    drop(accepted);
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    assert_eq!(text, "Hello, client!");

    let builder = Builder::datagram().mode(mode);
    let server = with_read_timeout(builder.bind(address).unwrap());
    let client = builder.connect(server.local_addr().unwrap()).unwrap();
    client.send(b"ping").unwrap();
    let mut buffer = [0; 16];
    let (len, peer) = server.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..len], peer), (&b"ping"[..], client.local_addr().unwrap()));
    assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
    server.send_to(b"pong", peer).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let len = client.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"pong");
}

#[test]
fn every_mode_exchanges_data_over_ipv6() {
    in_every_mode!(mode => walk(mode, "[::1]:0"));
}

#[test]
fn dual_stack_exchanges_data_over_ipv4() {
    walk(DualStack, "127.0.0.1:0");
    walk(AnyMode::DualStack, "127.0.0.1:0");
}

#[test]
fn dual_stack_socket_reports_ipv4_address() {
    let bound = Builder::stream().bind("127.0.0.1:0").unwrap();
    let SocketAddr::V4(local) = bound.local_addr().unwrap() else { panic!("{bound:?}") };
    assert_eq!(*local.ip(), Ipv4Addr::LOCALHOST);
    let listener = bound.listen(1).unwrap();
    let client = std::net::TcpStream::connect(local).unwrap();
    assert_eq!(listener.accept().unwrap().1, client.local_addr().unwrap());

    let any = Builder::datagram().bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    assert_eq!(any.local_addr().unwrap().ip(), Ipv4Addr::UNSPECIFIED);
}

fn no_mapped(what: &impl Debug, ipv4: impl ToString) {
    let text = format!("{what:?}");
    assert!(!text.contains("ffff:"), "{text}");
    assert!(text.contains(&ipv4.to_string()), "{text}");
}

#[test]
fn stream_reports_ipv4_peer_unmapped() {
    let listener = dual_listener();
    let port = listener.local_addr().unwrap().port();
    let client = std::net::TcpStream::connect(ipv4(port)).unwrap();
    let (stream, peer) = listener.accept().unwrap();
    let expected = client.local_addr().unwrap();
    assert!(expected.is_ipv4());
    assert_eq!(peer, expected);
    assert_eq!(stream.peer_addr().unwrap(), expected);
    assert_eq!(stream.local_addr().unwrap(), ipv4(port));
    no_mapped(&stream, expected);

    let _client = std::net::TcpStream::connect(ipv4(port)).unwrap();
    let stream = listener.incoming().next().unwrap().unwrap();
    assert!(stream.peer_addr().unwrap().is_ipv4());
    let _client = std::net::TcpStream::connect(ipv4(port)).unwrap();
    assert!(listener.accept_nonblocking().unwrap().1.is_ipv4());

    let connecting = Builder::stream().start_connect(ipv4(port)).unwrap();
    assert_eq!(connecting.peer(), ipv4(port));
    no_mapped(&connecting, ipv4(port));
    let stream = connecting.finish().unwrap();
    assert_eq!(stream.peer_addr().unwrap(), ipv4(port));
    assert!(stream.local_addr().unwrap().is_ipv4());
}

#[test]
fn datagram_socket_reports_ipv4_peer_unmapped() {
    let server = dual_socket();
    let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(ipv4(server.local_addr().unwrap().port())).unwrap();
    let expected = client.local_addr().unwrap();
    for _ in 0..5 {
        client.send(b"ping").unwrap();
    }
    let buffer = &mut [0; 8];
    assert_eq!(server.peek_from(buffer).unwrap(), (4, expected));
    assert_eq!(server.recv_from(buffer).unwrap(), (4, expected));
    assert_eq!(server.recv_message(buffer).unwrap().source, expected);
    let uninit = &mut [MaybeUninit::uninit(); 8];
    assert_eq!(server.recv_from_uninit(uninit).unwrap().1, expected);
    let slices = || std::io::IoSliceMut::new(&mut []);
    assert_eq!(server.recv_from_vectored(&mut [slices()]).unwrap().1, expected);
    assert_eq!(server.recv_message_vectored(&mut [slices()]).unwrap().source, expected);

    let connected = server.connect(expected).unwrap();
    assert_eq!(connected.peer_addr().unwrap(), expected);
    assert!(connected.local_addr().unwrap().is_ipv4());
    no_mapped(&connected, expected);
    client.send(b"ping").unwrap();
    assert_eq!(connected.recv_message(buffer).unwrap().source, expected);
}

#[test]
fn socket_replies_to_reported_ipv4_peer() {
    let server = dual_socket();
    let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.send_to(b"ping", ipv4(server.local_addr().unwrap().port())).unwrap();
    let (_, peer) = server.recv_from(&mut [0; 8]).unwrap();
    server.send_to(b"pong", peer).unwrap();
    assert_eq!(client.recv_from(&mut [0; 8]).unwrap().0, 4);
}

#[test]
fn ipv6_only_wildcard_spares_ipv4_port() {
    // Another test may have the port on IPv4 at the moment; on a dual-stack one it is never free.
    wait_until("the port is free on IPv4", || {
        let listener = Builder::stream().v6_only().bind("[::]:0").unwrap().listen(4).unwrap();
        let port = listener.local_addr().unwrap().port();
        let refused = std::net::TcpStream::connect(ipv4(port));
        refused.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
            && std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
    });
}

#[test]
fn kernel_reports_requested_mode() {
    #[track_caller]
    fn check<M: Mode>(mode: M, expected: bool) {
        let listener = Builder::stream().mode(mode).bind("[::]:0").unwrap();
        let socket = Builder::datagram().mode(mode).bind("[::]:0").unwrap();
        assert_eq!(listener.v6_only().unwrap(), expected);
        assert_eq!(socket.v6_only().unwrap(), expected);
        assert_eq!(socket2::SockRef::from(&listener).only_v6().unwrap(), expected);
        assert_eq!(socket2::SockRef::from(&socket).only_v6().unwrap(), expected);
        assert_eq!(listener.listen(1).unwrap().v6_only().unwrap(), expected);
    }
    check(V6Only, true);
    check(DualStack, false);
    check(AnyMode::V6Only, true);
    check(AnyMode::DualStack, false);
}

#[cfg(target_os = "linux")]
#[test]
fn specific_ipv6_address_reports_ipv6_only() {
    let (client, accepted) = streams_in(DualStack);
    assert!(accepted.v6_only().unwrap());
    assert!(!client.v6_only().unwrap(), "it is bound to no address but the one it got");
    let bound = Builder::datagram().bind("[::1]:0").unwrap();
    assert!(bound.v6_only().unwrap());
    let bound = Builder::datagram().bind("127.0.0.1:0").unwrap();
    assert!(!bound.v6_only().unwrap());
}

#[test]
fn static_mode_socket_becomes_any_mode() {
    #[track_caller]
    fn check<M: Mode>(mode: M, expected: AnyMode)
    where
        AnyMode: From<M>,
        BoundStream<AnyMode>: From<BoundStream<M>>,
        TcpListener<AnyMode>: From<TcpListener<M>>,
        TcpStream<AnyMode>: From<TcpStream<M>>,
        UdpSocket<AnyMode>: From<UdpSocket<M>>,
        ConnectedUdpSocket<AnyMode>: From<ConnectedUdpSocket<M>>,
    {
        assert_eq!(AnyMode::from(mode), expected);
        let shown = format!("mode: {expected:?}");
        let (streams, datagrams) = (Builder::stream().mode(mode), Builder::datagram().mode(mode));
        let bound = BoundStream::<AnyMode>::from(streams.bind("[::1]:0").unwrap());
        assert!(format!("{bound:?}").contains(&shown), "{bound:?}");
        let listener = streams.bind("[::1]:0").unwrap().listen(1).unwrap();
        let stream = streams.connect(listener.local_addr().unwrap()).unwrap();
        let listener = TcpListener::<AnyMode>::from(listener);
        assert!(format!("{listener:?}").contains(&shown), "{listener:?}");
        let stream = TcpStream::<AnyMode>::from(stream);
        assert_eq!(listener.accept().unwrap().1, stream.local_addr().unwrap());
        let socket = UdpSocket::<AnyMode>::from(datagrams.bind("[::1]:0").unwrap());
        let here = socket.local_addr().unwrap();
        let other = datagrams.bind("[::1]:0").unwrap();
        let connected = other.connect(inet6::Endpoint::from(here)).unwrap();
        let connected = ConnectedUdpSocket::<AnyMode>::from(connected);
        assert_eq!(connected.peer_addr().unwrap(), here);
    }
    check(V6Only, AnyMode::V6Only);
    check(DualStack, AnyMode::DualStack);
}

#[test]
fn ipv6_only_any_mode_refuses_ipv4() {
    let socket = Builder::datagram().mode(AnyMode::V6Only).bind("[::]:0").unwrap();
    let peer = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9));
    let refused = socket.send_to(b"x", peer).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    assert!(refused.to_string().contains("127.0.0.1:9"), "{refused}");
}

#[cfg(unix)]
#[test]
fn socket_has_size_of_descriptor() {
    use std::os::fd::OwnedFd;

    macro_rules! check {
        ($($socket:ident),*) => {$(
            assert_eq!(size_of::<$socket<V6Only>>(), size_of::<OwnedFd>());
            assert_eq!(size_of::<$socket<DualStack>>(), size_of::<OwnedFd>());
            assert_eq!(size_of::<Option<$socket>>(), size_of::<OwnedFd>());
        )*};
    }
    check!(TcpListener, TcpStream, UdpSocket, ConnectedUdpSocket);
    assert_eq!(size_of::<V6Only>() + size_of::<DualStack>(), 0);
}

#[test]
fn sockets_go_to_other_threads() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<BoundStream<AnyMode>>();
    check::<TcpListener<DualStack>>();
    check::<TcpStream>();
    check::<UdpSocket>();
    check::<ConnectedUdpSocket>();
    check::<Connecting>();
    check::<inet6::Error>();
}

#[test]
fn mode_determines_address_type() {
    let only: SocketAddrV6 =
        Builder::stream().v6_only().bind("[::1]:0").unwrap().local_addr().unwrap();
    let both: SocketAddr = dual_listener().local_addr().unwrap();
    assert!(only.port() != 0 && both.is_ipv6());
}

/// The mode cannot be changed once there is an address, so the crate has no method for it
/// (`tests/ui/mode_after_bind.rs`). RFC 3493, section 5.3.
#[test]
fn kernel_refuses_mode_after_bind() {
    for kind in [socket2::Type::STREAM, socket2::Type::DGRAM] {
        let socket = socket2::Socket::new(socket2::Domain::IPV6, kind, None).unwrap();
        socket.set_only_v6(false).unwrap();
        socket.set_only_v6(true).unwrap();
        let address: SocketAddr = "[::]:0".parse().unwrap();
        socket.bind(&address.into()).unwrap();
        for v6_only in [false, true] {
            let late = socket.set_only_v6(v6_only).unwrap_err();
            assert_eq!(late.kind(), std::io::ErrorKind::InvalidInput, "{late}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn socket_verifies_mode_before_bind() {
    let v6_only: &[_] = &[(1, libc::IPPROTO_IPV6), (2, libc::IPV6_V6ONLY)];
    let bind = Fault { call: libc::SYS_bind, arguments: &[], errno: libc::EXDEV };
    for call in [libc::SYS_setsockopt, libc::SYS_getsockopt] {
        let mode = Fault { call, arguments: v6_only, errno: libc::EINVAL };
        let open = || {
            let stream = Builder::stream().v6_only().bind("[::]:0").unwrap_err();
            [stream, Builder::datagram().bind("[::]:0").unwrap_err()]
        };
        // Both fail, and the first one ends the opening.
        for error in require!(with_faults(&[mode, bind], open), "faults") {
            assert_eq!(
                (error.op(), error.raw_os_error()),
                (inet6::error::Op::Mode, Some(libc::EINVAL))
            );
        }
    }
}

/// The crate refuses these before the call, because the kernel's answers explain little.
#[cfg(target_os = "linux")]
#[test]
fn kernel_refuses_mapped_on_ipv6_only() {
    let mapped: SocketAddr = "[::ffff:127.0.0.1]:9".parse().unwrap();
    for kind in [socket2::Type::STREAM, socket2::Type::DGRAM] {
        let socket = socket2::Socket::new(socket2::Domain::IPV6, kind, None).unwrap();
        socket.set_only_v6(true).unwrap();
        let bind = socket.bind(&mapped.into()).unwrap_err();
        assert_eq!(bind.raw_os_error(), Some(libc::EINVAL));
        let connect = socket.connect(&mapped.into()).unwrap_err();
        assert_eq!(connect.raw_os_error(), Some(libc::ENETUNREACH));
        if kind == socket2::Type::DGRAM {
            let send = socket.send_to(b"x", &mapped.into()).unwrap_err();
            assert_eq!(send.raw_os_error(), Some(libc::ENETUNREACH));
        }
    }
    // Of the crate's socket the kernel says the same, once the address has passed another way.
    let socket = Builder::datagram().v6_only().bind("[::]:0").unwrap();
    let send = socket2::SockRef::from(&socket).send_to(b"x", &mapped.into()).unwrap_err();
    assert_eq!(send.raw_os_error(), Some(libc::ENETUNREACH));
}
