//! The questions to Windows.
#![allow(unsafe_code, reason = "the tests ask the system, and not the crate")]

use std::os::windows::io::AsRawSocket;

use inet6::option::{DontFragment, RecvHopLimit};
use inet6::{Builder, udp::Outgoing};
use windows_sys::Win32::Networking::WinSock::{
    self as ws, IPPROTO_IP, IPPROTO_IPV6, SOCKET, SOCKET_ERROR,
};

use super::*;
use crate::support::socket;

fn check(result: i32) -> Result<(), i32> {
    // SAFETY: the call takes nothing and reads a value of this thread.
    if result == SOCKET_ERROR { Err(unsafe { ws::WSAGetLastError() }) } else { Ok(()) }
}

fn set(socket: &Socket, level: i32, name: i32, value: i32) -> Result<(), i32> {
    let value = value.to_ne_bytes();
    let fd = socket.as_raw_socket() as SOCKET;
    // SAFETY: `value` is four bytes long.
    check(unsafe { ws::setsockopt(fd, level, name, value.as_ptr(), 4) })
}

fn get(socket: &Socket, level: i32, name: i32) -> Result<i32, i32> {
    let (mut value, mut len) = ([0; 4], 4);
    let fd = socket.as_raw_socket() as SOCKET;
    // SAFETY: `value` has room for `len` bytes.
    check(unsafe { ws::getsockopt(fd, level, name, value.as_mut_ptr(), &mut len) })?;
    Ok(i32::from_ne_bytes(value))
}

fn set_and_read(level: i32, name: i32, values: &[i32], question: &str) {
    let socket = datagram(false);
    for value in values {
        let set = set(&socket, level, name, *value);
        answer(
            &format!("{question} = {value}, and what is read"),
            (set, get(&socket, level, name)),
        );
    }
}

#[test]
fn disconnect_leaves_an_address() {
    let zeros = |socket: &Socket| socket.connect(&address("::", 0).into());
    let loopback = disconnect("::1", "::1", true, "all zeros", zeros);
    disconnect("::", "::1", true, "all zeros", zeros);
    disconnect("::", "::1", false, "all zeros", zeros);
    disconnect("::", "::ffff:127.0.0.1", false, "all zeros", zeros);
    // As Wine answers.
    if env::var_os("INET6_WINE").is_some() {
        assert!(loopback.result.is_ok() && !loopback.has_peer);
        assert_eq!(loopback.after, loopback.before);
    }
}

#[test]
fn hop_limit_takes_minus_one() {
    set_and_read(IPPROTO_IPV6, ws::IPV6_UNICAST_HOPS, &[-1, 256], "IPV6_UNICAST_HOPS");
    set_and_read(IPPROTO_IP, ws::IP_TTL, &[-1, 256], "IP_TTL");
    set_and_read(IPPROTO_IPV6, ws::IPV6_MULTICAST_HOPS, &[-1, 256], "IPV6_MULTICAST_HOPS");
    set_and_read(IPPROTO_IP, ws::IP_MULTICAST_TTL, &[-1, 256], "IP_MULTICAST_TTL");
}

#[test]
fn mtu_takes_no_bound() {
    set_and_read(IPPROTO_IPV6, ws::IPV6_USER_MTU, &[1280, 0, -1], "IPV6_USER_MTU");
    set_and_read(IPPROTO_IP, ws::IP_USER_MTU, &[1280, 0, -1], "IP_USER_MTU");
}

#[test]
fn interfaces_have_a_byte_order() {
    let one = 1_i32.to_be();
    set_and_read(IPPROTO_IP, ws::IP_MULTICAST_IF, &[one, 0], "IP_MULTICAST_IF");
    set_and_read(IPPROTO_IP, ws::IP_UNICAST_IF, &[one, 0], "IP_UNICAST_IF");
    set_and_read(IPPROTO_IPV6, ws::IPV6_UNICAST_IF, &[1, 0], "IPV6_UNICAST_IF");
}

#[test]
fn one_datagram_differs_from_its_socket() {
    let server = Builder::datagram().with(RecvHopLimit(true)).bind("[::1]:0").unwrap();
    server.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let (client, peer) = (socket(), server.local_addr().unwrap());
    let sent = client.send_message(&Outgoing::to(peer, b"x").hop_limit(7));
    answer("IPV6_HOPLIMIT of one datagram", sent.map_err(|error| error.raw_os_error()));
    let arrived = server.recv_message(&mut [0; 8]).map(|received| received.hop_limit);
    answer("which arrives with", arrived.map_err(|error| error.kind()));
    for long in [1, 1400] {
        let data = vec![0; long];
        let sent =
            client.send_message(&Outgoing::to(peer, &data).dont_fragment(DontFragment(true)));
        let sent = sent.map_err(|error| error.raw_os_error());
        answer(&format!("IPV6_DONTFRAG of one datagram of {long} bytes"), sent);
    }
}
