//! What a live kernel writes where there is just enough room, and where there is less.

use std::net::Ipv6Addr;
use std::os::fd::AsRawFd;
use std::time::Duration;

use super::{Arrival, ControlBuffer, Layout, Messages, Native, Number};

/// A kernel that is given this much room: what it puts there, and the flags.
fn received_with(room: usize) -> (Vec<u8>, std::ffi::c_int) {
    let open = || {
        let socket = socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::DGRAM, None);
        let socket = socket.unwrap();
        let address: std::net::SocketAddr = "[::1]:0".parse().unwrap();
        socket.bind(&address.into()).unwrap();
        socket
    };
    let (server, client) = (open(), open());
    server.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    server.set_recv_hoplimit_v6(true).unwrap();
    server.set_recv_tclass_v6(true).unwrap();
    let on: std::ffi::c_int = 1;
    let name = libc::IPV6_RECVPKTINFO;
    let fd = server.as_raw_fd();
    // SAFETY: `on` is as long as the call is told.
    let set = unsafe { libc::setsockopt(fd, libc::IPPROTO_IPV6, name, (&raw const on).cast(), 4) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
    client.set_unicast_hops_v6(9).unwrap();
    client.set_tclass_v6(0xb8).unwrap();
    client.send_to(b"payload", &server.local_addr().unwrap()).unwrap();

    let mut data = [0_u8; 16];
    let mut control = ControlBuffer::<128>::new();
    let mut into = libc::iovec { iov_base: data.as_mut_ptr().cast(), iov_len: data.len() };
    // SAFETY: all-zero bytes are a valid `msghdr`.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut into;
    header.msg_iovlen = 1;
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = room as _;
    assert!(room <= control.0.len());
    // SAFETY: the header points to `data`, and to `room` bytes of `control`.
    let len = unsafe { libc::recvmsg(fd, &raw mut header, 0) };
    assert_eq!(len, 7, "{}", std::io::Error::last_os_error());
    assert_eq!(&data[..7], b"payload", "whatever became of the rest");
    #[allow(clippy::unnecessary_cast, reason = "it is 32 bits with musl")]
    let told = header.msg_controllen as usize;
    (control.0[..told].to_vec(), header.msg_flags)
}

/// RFC 3542, section 20.2: `CMSG_SPACE` of each, and not a byte more.
#[test]
fn exactly_enough_room_is_enough() {
    let space = |len: usize| (Native::HEADER + len).next_multiple_of(Native::ALIGN);
    let (bytes, flags) = received_with(space(20) + 2 * space(4));
    assert_eq!(flags & (libc::MSG_CTRUNC | libc::MSG_TRUNC), 0);
    let all = Arrival::read::<Native>(&bytes);
    assert_eq!((all.destination, all.interface != 0), (Some(Ipv6Addr::LOCALHOST), true));
    assert_eq!((all.hop_limit, all.traffic_class), (Some(9), Some(0xb8)));
}

/// Linux hands out the beginning of what it had no room for: 6 bytes of 20.
#[test]
fn truncated_message_is_dropped() {
    let space = |len: usize| (Native::HEADER + len).next_multiple_of(Native::ALIGN);
    let enough = space(20) + 2 * space(4);
    let padding = space(4) - (Native::HEADER + 4);
    let mut halves = 0;
    for room in 0..=enough {
        let (bytes, flags) = received_with(room);
        let seen = Arrival::read::<Native>(&bytes);
        // The value of the last one needs no padding behind it.
        assert_eq!(flags & libc::MSG_CTRUNC != 0, room < enough - padding, "room for {room}");
        assert_eq!(flags & libc::MSG_TRUNC, 0);
        let told: Vec<_> = Messages::<Native>::new(&bytes).collect();
        let whole = |name, len| {
            let number = Number { level: libc::IPPROTO_IPV6, name };
            told.iter().any(|(it, value)| (*it, value.len()) == (number, len))
        };
        let wholes = [
            whole(libc::IPV6_PKTINFO, 20),
            whole(libc::IPV6_HOPLIMIT, 4),
            whole(libc::IPV6_TCLASS, 4),
        ];
        let given =
            [seen.destination.is_some(), seen.hop_limit.is_some(), seen.traffic_class.is_some()];
        assert_eq!(given, wholes, "room for {room}");
        let right = Arrival {
            destination: seen.destination.and(Some(Ipv6Addr::LOCALHOST)),
            hop_limit: seen.hop_limit.and(Some(9)),
            traffic_class: seen.traffic_class.and(Some(0xb8)),
            interface: seen.interface,
            ..Arrival::default()
        };
        assert_eq!(seen, right, "room for {room}");
        assert_eq!(seen.destination.is_some(), seen.interface != 0, "half of one: {room}");
        halves += told.len() - wholes.iter().filter(|whole| **whole).count();
    }
    assert!(halves > 0, "the kernel cut none");
}
