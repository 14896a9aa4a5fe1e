//! The error queue, on loopback: the peer's "port unreachable", and what else comes that way.
//!
//! What routers say is in `network/errors.rs`.

use std::io::ErrorKind;
use std::net::SocketAddr;

use inet6::icmp::{Icmp, Icmpv4Error, Icmpv6Error, Ipv4Unreachable, Unreachable};
use inet6::mode::Mode;
use inet6::option::{NoDelay, RecvError, Timestamping};
use inet6::{
    AnyMode, Builder, ConnectedUdpSocket, DualStack, UdpSocket, V6Only,
    error_queue::{ErrorReport, Origin},
};

use crate::support::*;

const LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// A socket at an address where nobody listens, as long as it lives; and the address.
fn closed(ipv4: bool) -> (ConnectedUdpSocket<DualStack>, SocketAddr) {
    let local = if ipv4 { "127.0.0.1:0" } else { "[::1]:0" };
    let deaf = connected_to_itself(Builder::datagram().bind(local).unwrap());
    let address = deaf.local_addr().unwrap();
    (deaf, address)
}

fn socket_with_errors<M: Mode>(mode: M) -> UdpSocket<M> {
    with_read_timeout(Builder::datagram().mode(mode).with(RecvError(true)).bind("[::]:0").unwrap())
}

#[track_caller]
fn check<M: Mode>(report: ErrorReport<M>, closed: SocketAddr) {
    let (origin, icmp) = match closed {
        SocketAddr::V6(_) => {
            let why = Icmpv6Error::DestinationUnreachable(Unreachable::Port);
            assert_eq!((why.kind(), why.code()), (1, 4));
            (Origin::Icmpv6, Icmp::V6(why))
        }
        SocketAddr::V4(_) => {
            let why = Icmpv4Error::DestinationUnreachable(Ipv4Unreachable::Port);
            assert_eq!((why.kind(), why.code()), (3, 3));
            (Origin::Icmp, Icmp::V4(why))
        }
    };
    assert_eq!((report.origin, report.icmp), (origin, Some(icmp)));
    assert_eq!(report.destination.map(Into::into), Some(closed));
    assert_eq!(report.offender.map(Into::into), Some(closed.ip()));
    assert_eq!((report.mtu, report.sent), (None, None));
    assert_eq!(report.error().unwrap().kind(), ErrorKind::ConnectionRefused);
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn closed_port_report_contains_payload() {
    for ipv4 in [false, true] {
        let (_deaf, peer) = closed(ipv4);
        let socket = socket_with_errors(DualStack);
        socket.send_to(b"anybody there?", peer).unwrap();
        let error = socket.recv_from(&mut [0; 16]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let mut buffer = [0; 64];
        let report = socket.recv_error(&mut buffer).unwrap().unwrap();
        check(report, peer);
        assert_eq!((&buffer[..report.len], report.truncated), (&b"anybody there?"[..], false));
        assert_eq!(socket.recv_error(&mut buffer).unwrap(), None);
        // It fails once.
        socket.set_nonblocking(true).unwrap();
        let error = socket.recv_from(&mut [0; 16]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn empty_queue_returns_none() {
    let blocking = UdpSocket::bind("[::1]:0").unwrap();
    assert_eq!(blocking.recv_error(&mut [0; 8]).unwrap(), None);
    let (client, accepted) = streams();
    assert_eq!(client.recv_error(&mut [0; 8]).unwrap(), None);
    assert_eq!(accepted.recv_error(&mut []).unwrap(), None);
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn emptied_queue_leaves_no_error() {
    let socket = socket_with_errors(V6Only);
    let (_deaf, peer) = closed(false);
    let SocketAddr::V6(closed) = peer else { unreachable!() };
    socket.send_to(b"anybody there?", closed).unwrap();
    check(socket.recv_error(&mut [0; 64]).unwrap().unwrap(), peer);
    socket.set_nonblocking(true).unwrap();
    assert_eq!(socket.recv_from(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn small_buffer_truncates_payload() {
    let socket = socket_with_errors(AnyMode::DualStack);
    for (room, len, truncated) in [(0, 0, true), (8, 8, true), (14, 14, false)] {
        let (_deaf, peer) = closed(true);
        socket.send_to(b"anybody there?", peer).unwrap();
        let mut buffer = vec![b'-'; room];
        let report = socket.recv_error(&mut buffer).unwrap().unwrap();
        assert_eq!((report.len, report.truncated), (len, truncated));
        assert_eq!(buffer, b"anybody there?"[..len]);
        check(report, peer);
    }
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn connected_socket_has_error_queue() {
    let (_deaf, peer) = closed(true);
    let socket = socket_with_errors(DualStack).connect(peer).unwrap();
    socket.send(b"anybody there?").unwrap();
    assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    check(socket.recv_error(&mut [0; 64]).unwrap().unwrap(), peer);
    assert!(socket.recv_error(&mut []).unwrap().is_none());
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn missing_option_queues_nothing() {
    let (_deaf, SocketAddr::V6(peer)) = closed(false) else { unreachable!() };
    let socket = UdpSocket::bind("[::1]:0").unwrap().connect(peer).unwrap();
    socket.send(b"anybody there?").unwrap();
    assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(socket.recv_error(&mut [0; 64]).unwrap(), None);
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn accepted_stream_inherits_error_option() {
    let listener = listener();
    listener.set_option(RecvError(true)).unwrap();
    let client = inet6::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    assert_eq!(accepted.option::<RecvError>().unwrap(), RecvError(true));
    accepted.set_option(NoDelay(true)).unwrap();
    accepted.set_option(Timestamping { send: true, ..Timestamping::default() }).unwrap();
    for (data, last) in [("12345", 4), ("678", 7)] {
        accepted.send(data.as_bytes()).unwrap();
        let report = accepted.recv_error(&mut [0; 64]).unwrap().unwrap();
        assert_eq!((report.origin, report.len), (Origin::Timestamp, 0));
        let sent = report.sent.unwrap();
        assert_eq!(sent.id, last);
        assert!(sent.time.is_some() && sent.hardware_time.is_none(), "{sent:?}");
        assert_eq!(client.recv(&mut [0; 8]).unwrap(), data.len());
    }
}

#[test]
fn missing_queue_is_unsupported() {
    let error = UdpSocket::bind("[::1]:0").unwrap().recv_error(&mut []).err();
    assert_eq!(error.map(|error| error.kind()), (!LINUX).then_some(ErrorKind::Unsupported));
}
