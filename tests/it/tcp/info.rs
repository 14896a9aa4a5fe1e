//! What can be read of a socket: path MTU, queues, the state of a connection.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;

use crate::support::{datagrams, dual_listener, ipv4, listener, socket, streams};
use inet6::option::{Cork, MaxSegment};
use inet6::{Builder, TcpStream, tcp::TcpState};

/// What `value` is on Linux; elsewhere the system may not tell, and then says so.
#[track_caller]
fn on_linux<T>(value: std::io::Result<T>) -> Option<T> {
    match value {
        Ok(value) => Some(value),
        Err(error) if cfg!(target_os = "linux") => panic!("{error}"),
        Err(error) => {
            // Winsock has no kind for an option that it does not know.
            assert!(error.kind() == ErrorKind::Unsupported || cfg!(windows), "{error}");
            None
        }
    }
}

#[test]
fn connected_socket_reports_path_mtu() {
    let (client, accepted) = streams();
    let (_, connected) = datagrams();
    for mtu in [client.mtu(), accepted.mtu(), connected.mtu()] {
        assert!(on_linux(mtu).is_none_or(|mtu| mtu >= 1280));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn loopback_mtu_equals_interface_mtu() {
    let interface = std::fs::read_to_string("/sys/class/net/lo/mtu").unwrap();
    let (client, _accepted) = streams();
    // The kernel counts 16 bits of it.
    let expected = interface.trim().parse::<u32>().unwrap();
    assert_eq!(client.mtu().unwrap(), expected);
}

#[test]
fn ipv4_peer_has_path_mtu() {
    let listener = dual_listener();
    let port = listener.local_addr().unwrap().port();
    let client = Builder::stream().connect(ipv4(port)).unwrap();
    assert!(on_linux(client.mtu()).is_none_or(|mtu| mtu >= 576));
}

#[test]
fn stream_receive_queue_counts_bytes() {
    let (client, accepted) = streams();
    assert_eq!(client.recv_queue_len().unwrap(), 0);
    accepted.send(b"five!").unwrap();
    client.peek(&mut [0; 1]).unwrap();
    assert_eq!(client.recv_queue_len().unwrap(), 5);
    assert_eq!(client.recv(&mut [0; 2]).unwrap(), 2);
    assert_eq!(client.recv_queue_len().unwrap(), 3);
}

#[test]
fn datagram_receive_queue_holds_payload() {
    let (server, client) = datagrams();
    server.send_to(b"one", client.local_addr().unwrap()).unwrap();
    client.peek(&mut [0; 8]).unwrap();
    // Elsewhere it may count addresses and later datagrams too.
    assert!(client.recv_queue_len().unwrap() >= 3);
    client.recv(&mut [0; 8]).unwrap();
    assert_eq!(client.recv_queue_len().unwrap(), 0);
    assert_eq!(server.recv_queue_len().unwrap(), 0);
    client.send(b"four").unwrap();
    server.peek_from(&mut [0; 8]).unwrap();
    assert!(server.recv_queue_len().unwrap() >= 4);
    server.recv_from(&mut [0; 8]).unwrap();
    assert_eq!(server.recv_queue_len().unwrap(), 0);
}

#[test]
fn stream_send_queue_counts_held_bytes() {
    let listener = listener();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    assert!(on_linux(client.send_queue_len()).is_none_or(|len| len == 0));
    if cfg!(target_os = "linux") {
        client.set_option(Cork(true)).unwrap();
        client.send(b"held back").unwrap();
        assert_eq!(client.send_queue_len().unwrap(), 9);
    }
}

#[test]
fn loopback_send_queue_is_empty() {
    let (server, client) = datagrams();
    assert!(on_linux(server.send_queue_len()).is_none_or(|len| len == 0));
    assert!(on_linux(client.send_queue_len()).is_none_or(|len| len == 0));
    assert!(on_linux(socket().send_queue_len()).is_none_or(|len| len == 0));
}

/// udp(7): `MSG_MORE` holds back what is to become one datagram.
#[cfg(target_os = "linux")]
#[test]
fn datagram_send_queue_counts_held_bytes() {
    let (server, client) = datagrams();
    let peer = server.local_addr().unwrap();
    let unconnected = socket();
    let more = |len: usize| {
        let (data, flags) = (vec![7; len], libc::MSG_MORE);
        socket2::SockRef::from(&client).send_with_flags(&data, flags).unwrap();
        socket2::SockRef::from(&unconnected)
            .send_to_with_flags(&data, &peer.into(), flags)
            .unwrap();
    };
    more(1000);
    let before = [client.send_queue_len().unwrap(), unconnected.send_queue_len().unwrap()];
    assert!(before.iter().all(|len| *len >= 1000), "{before:?}");
    client.send(b"!").unwrap();
    assert_eq!(server.recv_from(&mut [0; 2000]).unwrap().0, 1001);
    assert_eq!(client.send_queue_len().unwrap(), 0);
}

#[test]
fn connection_state_follows_lifetime() {
    let (mut client, mut accepted) = streams();
    let Some(info) = on_linux(client.tcp_info()) else { return };
    assert_eq!(info.state, TcpState::Established);
    assert_eq!((info.bytes_received, info.retransmits), (0, 0));
    assert!(info.congestion_window >= info.send_mss.into() && info.rtt_variance > info.rtt / 100);
    assert!(info.retransmission_timeout > info.rtt && info.slow_start_threshold.is_none());
    let MaxSegment(mss) = client.option().unwrap();
    assert_eq!(info.send_mss, mss);

    client.write_all(&[7; 1000]).unwrap();
    accepted.read_exact(&mut [0; 1000]).unwrap();
    accepted.write_all(&[7; 10]).unwrap();
    // The answer brought the acknowledgement with it.
    client.read_exact(&mut [0; 10]).unwrap();
    let info = client.tcp_info().unwrap();
    assert_eq!((info.bytes_sent, info.bytes_acked, info.bytes_received), (1000, 1001, 10));

    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(accepted.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(accepted.tcp_info().unwrap().state, TcpState::CloseWait);
    // The acknowledgement may be delayed.
    let state = client.tcp_info().unwrap().state;
    assert!(matches!(state, TcpState::FinWait1 | TcpState::FinWait2), "{state:?}");
    accepted.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(accepted.tcp_info().unwrap().state, TcpState::Closed);
}
