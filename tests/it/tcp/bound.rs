//! A bound stream: it has an address, and then becomes a listener or a stream.

use std::time::Duration;

use inet6::{AnyMode, Builder, TcpStream, error::Op};

use crate::support::*;

#[test]
fn bound_stream_has_port_before_listen() {
    let bound = Builder::stream().bind("[::1]:0").unwrap();
    let local = bound.local_addr().unwrap();
    assert_ne!(local.port(), 0);
    let shown = format!("{bound:?}");
    assert!(shown.starts_with("BoundStream") && shown.contains(&local.to_string()), "{shown}");
    TcpStream::connect(local).unwrap_err();
    let listener = bound.listen(1).unwrap();
    assert_eq!(listener.local_addr().unwrap(), local);
    TcpStream::connect(local).unwrap();
}

#[test]
fn connection_source_can_be_chosen() {
    let listener = listener();
    let peer = listener.local_addr().unwrap();
    let builder = Builder::stream();

    let bound = builder.bind("[::1]:0").unwrap();
    let source = bound.local_addr().unwrap();
    let stream = bound.connect(peer).unwrap();
    assert_eq!(stream.local_addr().unwrap(), source);
    assert_eq!(listener.accept().unwrap().1, source);

    let bound = builder.bind("[::1]:0").unwrap();
    let source = bound.local_addr().unwrap();
    let _stream = bound.connect_timeout(peer, PATIENCE).unwrap();
    assert_eq!(listener.accept().unwrap().1, source);

    let bound = builder.bind("[::1]:0").unwrap();
    let source = bound.local_addr().unwrap();
    let connecting = bound.start_connect(peer).unwrap();
    let _stream = connecting.finish().unwrap();
    assert_eq!(listener.accept().unwrap().1, source);
}

#[test]
fn source_may_be_ipv4_when_allowed() {
    let listener = dual_listener();
    let port = listener.local_addr().unwrap().port();
    let bound = Builder::stream().mode(AnyMode::DualStack).bind("127.0.0.1:0").unwrap();
    let source = bound.local_addr().unwrap();
    assert!(source.is_ipv4());
    let _stream = bound.connect(ipv4(port)).unwrap();
    assert_eq!(listener.accept().unwrap().1, source);
}

#[cfg(unix)]
#[test]
fn stream_keeps_builder_blocking_mode() {
    let listener = listener();
    let peer = listener.local_addr().unwrap();
    for nonblocking in [false, true] {
        let builder = Builder::stream();
        let builder = if nonblocking { builder.nonblocking() } else { builder };
        let bind = || builder.bind("[::1]:0").unwrap();
        assert_eq!(is_nonblocking(bind()), nonblocking);
        assert_eq!(is_nonblocking(bind().connect(peer).unwrap()), nonblocking);
        assert_eq!(is_nonblocking(bind().connect_timeout(peer, PATIENCE).unwrap()), nonblocking);
        let connecting = bind().start_connect(peer).unwrap();
        assert!(is_nonblocking(&connecting), "meanwhile it is nonblocking");
        assert_eq!(is_nonblocking(connecting.finish().unwrap()), nonblocking);
        assert_eq!(is_nonblocking(builder.connect(peer).unwrap()), nonblocking);
        let stream = builder.connect_timeout(peer, PATIENCE).unwrap();
        assert_eq!(is_nonblocking(stream), nonblocking);
        let connecting = builder.start_connect(peer).unwrap();
        assert_eq!(is_nonblocking(connecting.finish().unwrap()), nonblocking);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn one_of_two_bound_may_listen() {
    use inet6::option::ReuseAddress;

    let builder = Builder::stream().with(ReuseAddress(true));
    let first = builder.bind("[::1]:0").unwrap();
    let address = first.local_addr().unwrap();
    let second = builder.bind(address).unwrap();
    let _listener = first.listen(1).unwrap();
    let error = second.listen(1).unwrap_err();
    assert_eq!((error.op(), error.kind()), (Op::Listen, std::io::ErrorKind::AddrInUse));
    assert_eq!(error.address().unwrap().port(), address.port());
    let text = error.to_string();
    assert!(text.starts_with(&format!("cannot listen on {address}: address in use")), "{text}");
}

#[test]
fn bound_stream_shares_builder_timeout_limits() {
    let listener = listener();
    let bound = Builder::stream().bind("[::1]:0").unwrap();
    let error = bound.connect_timeout(listener.local_addr().unwrap(), Duration::ZERO).unwrap_err();
    assert_eq!((error.op(), error.kind()), (Op::Connect, std::io::ErrorKind::InvalidInput));
    let bound = Builder::stream().bind("[::1]:0").unwrap();
    bound.connect_timeout(listener.local_addr().unwrap(), Duration::MAX).unwrap();
}

#[test]
fn bound_stream_refuses_impossible_peer() {
    for peer in ["localhost:80", "[::1]", "[fe80::1]:80", "127.0.0.1:80"] {
        let bound = || Builder::stream().v6_only().bind("[::1]:0").unwrap();
        for error in [
            bound().connect(peer).unwrap_err(),
            bound().connect_timeout(peer, PATIENCE).unwrap_err(),
            bound().start_connect(peer).unwrap_err(),
        ] {
            assert_eq!((error.op(), error.raw_os_error()), (Op::Address, None), "{error}");
        }
    }
}

/// What the types keep out (`tests/ui/listen_before_bind.rs`).
#[cfg(target_os = "linux")]
#[test]
fn kernel_listens_on_unbound_stream() {
    let socket = socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::STREAM, None).unwrap();
    socket.listen(1).unwrap();
    let local = socket.local_addr().unwrap().as_socket_ipv6().unwrap();
    assert_eq!(*local.ip(), std::net::Ipv6Addr::UNSPECIFIED);
    assert_ne!(local.port(), 0);
}

/// What the types keep out (`tests/ui/bind_after_bind.rs`).
#[test]
fn kernel_binds_socket_once() {
    for kind in [socket2::Type::STREAM, socket2::Type::DGRAM] {
        let socket = socket2::Socket::new(socket2::Domain::IPV6, kind, None).unwrap();
        let address: std::net::SocketAddr = "[::1]:0".parse().unwrap();
        socket.bind(&address.into()).unwrap();
        let local = socket.local_addr().unwrap();
        let again = socket.bind(&address.into()).unwrap_err();
        assert_eq!(again.kind(), std::io::ErrorKind::InvalidInput, "{again}");
        assert_eq!(socket.local_addr().unwrap(), local);
    }
}
