//! The short forms take what std's functions take.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use inet6::{
    Builder, Endpoint, TcpListener, TcpStream, UdpSocket, connect::HostErrorKind, error::Op,
};

use crate::support::*;

#[test]
fn name_is_bound_and_connected_to() {
    let listener = TcpListener::bind(("localhost", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let to_text = TcpStream::connect(format!("localhost:{port}")).unwrap();
    let mut to_pair = TcpStream::connect(("localhost", port)).unwrap();
    assert_eq!(listener.accept().unwrap().1, to_text.local_addr().unwrap());
    let (accepted, peer) = listener.accept().unwrap();
    assert_eq!(peer, to_pair.local_addr().unwrap());
    (&accepted).write_all(b"by name").unwrap();
    drop(accepted);
    let mut text = String::new();
    to_pair.read_to_string(&mut text).unwrap();
    assert_eq!(text, "by name");
    let socket = UdpSocket::bind("localhost:0").unwrap();
    assert!(socket.local_addr().unwrap().ip().is_loopback());
}

#[test]
fn address_of_any_type_is_taken() {
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let SocketAddr::V6(only_v6) = v6 else { unreachable!() };
    let sockets = [
        UdpSocket::bind(v6),
        UdpSocket::bind(v6),
        UdpSocket::bind(only_v6),
        UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)),
        UdpSocket::bind((IpAddr::V6(Ipv6Addr::LOCALHOST), 0)),
        UdpSocket::bind(("::1", 0)),
        UdpSocket::bind((String::from("::1"), 0)),
        UdpSocket::bind("[::1]:0"),
        UdpSocket::bind(String::from("[::1]:0")),
        UdpSocket::bind(Endpoint::from(v6)),
        UdpSocket::bind(&[v6][..]),
        UdpSocket::bind([v6, v4]),
        UdpSocket::bind(vec![v6]),
    ];
    for socket in sockets {
        assert_eq!(socket.unwrap().local_addr().unwrap().ip(), Ipv6Addr::LOCALHOST);
    }
    let sockets = [
        UdpSocket::bind(v4),
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)),
        UdpSocket::bind("127.0.0.1:0"),
    ];
    for socket in sockets {
        assert_eq!(socket.unwrap().local_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
    }
}

#[test]
fn first_address_that_works_is_bound() {
    let foreign: SocketAddr = "[2001:db8::7]:0".parse().unwrap();
    let own: SocketAddr = "[::1]:0".parse().unwrap();
    let listener = TcpListener::bind(&[foreign, own][..]).unwrap();
    assert_eq!(listener.local_addr().unwrap().ip(), own.ip());
    let error = TcpListener::bind(&[foreign][..]).unwrap_err();
    assert_eq!((error.op(), error.kind()), (Op::Bind, ErrorKind::AddrNotAvailable), "{error}");
    assert_eq!(error.address(), Some(&foreign.into()));
}

#[test]
fn addresses_of_a_list_are_raced() {
    let (closed, listener) = (closed_port(), listener());
    let all = [closed.local_addr().unwrap(), listener.local_addr().unwrap()];
    let stream = TcpStream::connect(&all[..]).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), all[1]);
    let error = TcpStream::connect([all[0], all[0]]).unwrap_err();
    assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::ConnectionRefused), "{error}");
    assert!(error.raw_os_error().is_some(), "{error}");
}

#[test]
fn empty_list_is_an_error() {
    let none: &[SocketAddr] = &[];
    let text = "cannot use the address: `[]` is an empty list of addresses";
    for error in [TcpListener::bind(none).unwrap_err(), TcpStream::connect(none).unwrap_err()] {
        assert_eq!((error.op(), error.kind()), (Op::Address, ErrorKind::InvalidInput));
        assert_eq!(error.to_string(), text);
    }
    let error = Builder::stream().connect_host(none).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Invalid);
    assert_eq!(error.to_string(), "cannot use the host: `[]` is an empty list of addresses");
}

#[test]
fn text_without_port_is_error() {
    for text in ["localhost", "::1", "127.0.0.1"] {
        for error in [UdpSocket::bind(text).unwrap_err(), TcpStream::connect(text).unwrap_err()] {
            let said = (error.op(), error.kind());
            assert_eq!(said, (Op::Address, ErrorKind::InvalidInput), "{error}");
        }
    }
    let error = UdpSocket::bind("localhost").unwrap_err();
    assert!(error.to_string().contains("has no port"), "{error}");
}

/// A resolver answers for no name below `.invalid` (RFC 6761, section 6.4).
#[test]
fn failed_look_up_is_an_error() {
    for error in [
        UdpSocket::bind("nobody.invalid:80").unwrap_err(),
        TcpListener::bind(("nobody.invalid", 80)).unwrap_err(),
        TcpStream::connect("nobody.invalid:80").unwrap_err(),
    ] {
        assert_eq!(error.op(), Op::LookUp, "{error}");
        assert!(error.to_string().starts_with("cannot look up nobody.invalid:80: "), "{error}");
        assert_eq!(std::io::Error::from(error).kind(), error_kind());
    }
}

/// Without a name server the resolver cannot be reached, and with one there is no such name.
fn error_kind() -> ErrorKind {
    let error = TcpStream::connect("nobody.invalid:80").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::HostUnreachable | ErrorKind::NotFound), "{error}");
    error.kind()
}
