//! What arrives with a datagram.

mod everywhere;
#[cfg(target_os = "linux")]
mod linux;

use std::io::IoSliceMut;

use inet6::{AnyMode, Builder, UdpSocket};

use crate::support::*;

#[test]
fn message_reports_length_source_truncation() {
    let (server, client) = datagrams();
    let source = client.local_addr().unwrap();
    for len in 0..=8 {
        client.send(&b"12345678"[..len]).unwrap();
        let mut buffer = [0; 4];
        let received = server.recv_message(&mut buffer).unwrap();
        assert_eq!(received.len, len.min(4));
        assert_eq!(received.source, source);
        assert_eq!(received.truncated, len > 4, "{len} bytes into 4");
        assert_eq!(&buffer[..received.len], &b"1234"[..received.len]);
    }
}

#[test]
fn connected_message_reports_truncation() {
    let (server, client) = datagrams();
    server.send_to(b"long", client.local_addr().unwrap()).unwrap();
    server.send_to(b"fit", client.local_addr().unwrap()).unwrap();
    let received = client.recv_message(&mut [0; 3]).unwrap();
    assert_eq!((received.len, received.truncated), (3, true));
    let received = client.recv_message(&mut [0; 3]).unwrap();
    assert_eq!((received.len, received.truncated), (3, false));
    assert_eq!(received.source, server.local_addr().unwrap());
}

#[test]
fn slices_fill_before_truncation() {
    let (server, client) = datagrams();
    for (data, truncated) in [(&b"123"[..], false), (b"12345", false), (b"123456", true)] {
        client.send(data).unwrap();
        let (mut a, mut b) = ([0; 2], [0; 3]);
        let slices = &mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
        let received = server.recv_message_vectored(slices).unwrap();
        assert_eq!((received.len, received.truncated), (data.len().min(5), truncated));
        assert_eq!(&a, b"12");
        assert_eq!(&b[..received.len - 2], &data[2..received.len]);
    }
}

#[test]
fn empty_buffer_is_truncation() {
    let (server, client) = datagrams();
    client.send(b"x").unwrap();
    let received = server.recv_message(&mut []).unwrap();
    assert_eq!((received.len, received.truncated), (0, true));
    client.send(b"x").unwrap();
    let received = server.recv_message_vectored(&mut []).unwrap();
    assert_eq!((received.len, received.truncated), (0, true));
}

#[test]
fn message_source_has_mode_type() {
    let server =
        with_read_timeout(Builder::datagram().mode(AnyMode::DualStack).bind("[::]:0").unwrap());
    let port = server.local_addr().unwrap().port();
    let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    client.send_to(b"x", ipv4(port)).unwrap();
    let received = server.recv_message(&mut [0; 8]).unwrap();
    assert_eq!(received.source, client.local_addr().unwrap());
    let client = std::net::UdpSocket::bind("[::1]:0").unwrap();
    client.send_to(b"x", ("::1", port)).unwrap();
    let received = server.recv_message(&mut [0; 8]).unwrap();
    assert_eq!(received.source, client.local_addr().unwrap());
}

#[test]
fn waiting_is_no_message() {
    let socket = Builder::datagram().nonblocking().bind("[::1]:0").unwrap();
    let nothing = socket.recv_message(&mut [0; 8]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn wildcard_reply_requires_destination() {
    let server = with_read_timeout(UdpSocket::bind("[::]:0").unwrap());
    let client = socket();
    let port = server.local_addr().unwrap().port();
    client.send_to(b"ping", ("::1", port)).unwrap();
    let received = server.recv_message(&mut [0; 8]).unwrap();
    let error = received.reply(&server, b"pong").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("RecvPacketInfo"), "{error}");

    // Bound to one address there is nothing to know.
    let server = socket();
    client.send_to(b"ping", server.local_addr().unwrap()).unwrap();
    let received = server.recv_message(&mut [0; 8]).unwrap();
    assert_eq!(received.reply(&server, b"pong").unwrap(), 4);
    assert_eq!(client.recv_from(&mut [0; 8]).unwrap().1, server.local_addr().unwrap());
}
