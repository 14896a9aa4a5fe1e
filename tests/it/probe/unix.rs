//! The questions to Unix systems.
#![allow(unsafe_code, reason = "the tests ask the system, and not the crate")]

use std::ffi::c_int;
#[cfg(not(target_os = "haiku"))]
use std::mem::MaybeUninit;
#[cfg(not(target_os = "haiku"))]
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;

#[cfg(not(target_os = "haiku"))]
use socket2::{MaybeUninitSlice, MsgHdrMut};

use super::*;
use crate::support::PATIENCE;

fn check(result: c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn set(socket: &Socket, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
    let (data, len) = ((&raw const value).cast(), size_of::<c_int>() as libc::socklen_t);
    // SAFETY: `value` is `len` bytes long.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, data, len) })
}

fn get(socket: &Socket, level: c_int, name: c_int) -> io::Result<c_int> {
    let (mut value, mut len) = (0, size_of::<c_int>() as libc::socklen_t);
    let data = (&raw mut value).cast();
    // SAFETY: `value` has room for `len` bytes.
    check(unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, data, &mut len) })?;
    Ok(value)
}

/// The number of an error, or what came of it.
fn code<T>(result: io::Result<T>) -> Result<T, Option<i32>> {
    result.map_err(|error| error.raw_os_error())
}

fn by_family(socket: &Socket) -> io::Result<()> {
    // SAFETY: all-zero bytes are a valid `sockaddr_in6`.
    let mut nobody: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
    nobody.sin6_family = libc::AF_UNSPEC as libc::sa_family_t;
    let len = size_of_val(&nobody) as libc::socklen_t;
    // SAFETY: the address is as long as the call is told.
    check(unsafe { libc::connect(socket.as_raw_fd(), (&raw const nobody).cast(), len) })
}

fn by_null(socket: &Socket) -> io::Result<()> {
    // SAFETY: there is no address.
    check(unsafe { libc::connect(socket.as_raw_fd(), std::ptr::null(), 0) })
}

#[test]
fn disconnect_leaves_an_address() {
    let loopback = disconnect("::1", "::1", true, "AF_UNSPEC", by_family);
    let wildcard = disconnect("::", "::1", true, "AF_UNSPEC", by_family);
    let dual_stack = disconnect("::", "::1", false, "AF_UNSPEC", by_family);
    let ipv4 = disconnect("::", "::ffff:127.0.0.1", false, "AF_UNSPEC", by_family);
    if linux() {
        for found in [&loopback, &wildcard, &dual_stack, &ipv4] {
            assert!(found.result.is_ok() && !found.has_peer);
            assert_eq!(found.after, found.before);
        }
        assert!(!loopback.hears_ipv4 && !wildcard.hears_ipv4);
        assert!(dual_stack.hears_ipv4 && ipv4.hears_ipv4);
        // The stranger has the address of the former peer, and no other one would be heard.
        assert!(loopback.hears_ipv6 && wildcard.hears_ipv6 && dual_stack.hears_ipv6);
        assert!(!ipv4.hears_ipv6);
    }
}

#[test]
fn disconnect_takes_no_address() {
    let found = disconnect("::1", "::1", true, "no address", by_null);
    if linux() {
        assert_eq!(code(found.result), Err(Some(libc::EINVAL)));
        assert!(found.has_peer);
    }
}

#[test]
fn accepted_stream_inherits_a_flag() {
    let listener = bound(stream(true), "::1", 0).unwrap();
    listener.listen(4).unwrap();
    let client = stream(true);
    client.connect(&local(&listener).into()).unwrap();
    listener.set_nonblocking(true).unwrap();
    let accepted = loop {
        match accept(&listener) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
            accepted => break accepted.unwrap(),
        }
    };
    // SAFETY: the call takes no pointer.
    let flags = unsafe { libc::fcntl(accepted.as_raw_fd(), libc::F_GETFL) };
    let inherits = flags & libc::O_NONBLOCK != 0;
    answer("a stream from a nonblocking listener is nonblocking", inherits);
    if linux() {
        assert!(!inherits);
    }
}

/// By `accept4` without flags, if the system has it.
fn accept(listener: &Socket) -> io::Result<Socket> {
    let (address, len) = (std::ptr::null_mut(), std::ptr::null_mut());
    #[cfg(any(
        target_os = "android",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "illumos",
        target_os = "linux",
        target_os = "netbsd",
        target_os = "openbsd",
    ))]
    // SAFETY: no address is wanted.
    let accepted = unsafe { libc::accept4(listener.as_raw_fd(), address, len, 0) };
    #[cfg(not(any(
        target_os = "android",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "illumos",
        target_os = "linux",
        target_os = "netbsd",
        target_os = "openbsd",
    )))]
    // SAFETY: no address is wanted.
    let accepted = unsafe { libc::accept(listener.as_raw_fd(), address, len) };
    check(accepted)?;
    // SAFETY: the call just made it, and nothing else knows it.
    Ok(unsafe { std::os::fd::FromRawFd::from_raw_fd(accepted) })
}

/// The option that shares out, if the system has one.
#[cfg(target_os = "freebsd")]
const SHARES: Option<c_int> = Some(libc::SO_REUSEPORT_LB);
#[cfg(any(target_os = "android", target_os = "dragonfly", target_os = "linux"))]
const SHARES: Option<c_int> = Some(libc::SO_REUSEPORT);
#[cfg(not(any(
    target_os = "android",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "linux",
)))]
const SHARES: Option<c_int> = None;

#[test]
fn listeners_share_a_port() {
    let Some(shares) = SHARES else { return };
    for v6_only in [true, false] {
        let mut port = 0;
        let listeners = [(), ()].map(|()| {
            let socket = stream(v6_only);
            set(&socket, libc::SOL_SOCKET, shares, 1).unwrap();
            let socket = bound(socket, "::", port).unwrap();
            socket.listen(128).unwrap();
            socket.set_nonblocking(true).unwrap();
            port = local(&socket).port();
            socket
        });
        let clients: Vec<Socket> = (0..100)
            .map(|_| {
                let client = stream(true);
                client.connect(&address("::1", port).into()).unwrap();
                client
            })
            .collect();
        let mut accepted = [0, 0];
        let start = std::time::Instant::now();
        while accepted.iter().sum::<usize>() < clients.len() && start.elapsed() < PATIENCE {
            for (listener, count) in listeners.iter().zip(&mut accepted) {
                *count += std::iter::from_fn(|| accept(listener).ok()).count();
            }
        }
        answer(&format!("two listeners on ::, IPv6-only {v6_only}, have"), accepted);
        if linux() {
            // All on one side has a chance of 2 in 2 to the 100.
            assert!(accepted[0] > 0 && accepted[1] > 0, "{accepted:?}");
            assert_eq!(accepted.iter().sum::<usize>(), clients.len());
        }
    }
}

// netinet/in.h.
#[cfg(target_os = "netbsd")]
const RECVTTL: c_int = 23;
#[cfg(target_os = "openbsd")]
const RECVTTL: c_int = 31;
#[cfg(any(target_os = "illumos", target_os = "solaris"))]
const RECVTTL: c_int = 11;
#[cfg(not(any(
    target_os = "haiku",
    target_os = "illumos",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "solaris",
)))]
const RECVTTL: c_int = libc::IP_RECVTTL;

#[cfg(not(target_os = "haiku"))]
#[test]
fn default_hops_reach_ipv4() {
    let receiver = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
    receiver.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    receiver.set_read_timeout(Some(PATIENCE)).unwrap();
    set(&receiver, libc::IPPROTO_IP, RECVTTL, 1).unwrap();
    let port = receiver.local_addr().unwrap().as_socket_ipv4().unwrap().port();
    let sender = bound(datagram(false), "::", 0).unwrap();
    let (level, name) = (libc::IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS);
    answer("hop limit of a new socket", code(get(&sender, level, name)));
    answer("hop limit -1 is", code(set(&sender, level, name, -1)));
    sender.send_to(b"x", &address("::ffff:127.0.0.1", port).into()).unwrap();

    let (mut data, mut control) = ([MaybeUninit::uninit(); 8], [MaybeUninit::uninit(); 64]);
    let mut slices = [MaybeUninitSlice::new(&mut data)];
    let mut message = MsgHdrMut::new().with_buffers(&mut slices).with_control(&mut control);
    receiver.recvmsg(&mut message, 0).unwrap();
    let len = message.control_len();
    // SAFETY: the kernel wrote `len` bytes.
    let control = unsafe { std::slice::from_raw_parts(control.as_ptr().cast::<u8>(), len) };
    // SAFETY: the function computes.
    let header = unsafe { libc::CMSG_LEN(0) } as usize;
    let value = control.get(header..).unwrap_or_default();
    // Linux has four bytes, and others one.
    let ttl = match value.first_chunk() {
        Some(four) if cfg!(any(target_os = "linux", target_os = "android")) => {
            i32::from_ne_bytes(*four)
        }
        _ => value.first().map_or(-1, |ttl| i32::from(*ttl)),
    };
    answer("IPv4 packets then have a TTL of", ttl);
    if linux() {
        let default = get(&receiver, libc::IPPROTO_IP, libc::IP_TTL).unwrap();
        assert_eq!(ttl, default);
    }
}

#[test]
fn multicast_interface_takes_zero() {
    let socket = datagram(true);
    let set = |index| code(set(&socket, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_IF, index));
    let [none, unknown] = [0, 9999].map(set);
    answer("IPV6_MULTICAST_IF 0", none);
    answer("IPV6_MULTICAST_IF 9999, which does not exist", unknown);
    if linux() {
        assert_eq!((none, unknown), (Ok(()), Err(Some(libc::ENODEV))));
    }
}

#[cfg(any(target_os = "freebsd", target_os = "linux", target_vendor = "apple"))]
#[test]
fn fast_open_precedes_listen() {
    let socket = bound(stream(true), "::1", 0).unwrap();
    let set = |value| code(set(&socket, libc::IPPROTO_TCP, libc::TCP_FASTOPEN, value));
    let before = set(1);
    answer("TCP_FASTOPEN 1 before listen", before);
    socket.listen(4).unwrap();
    let [sixteen, one] = [16, 1].map(set);
    let read = code(get(&socket, libc::IPPROTO_TCP, libc::TCP_FASTOPEN));
    answer("TCP_FASTOPEN 16 and 1 after listen, and what is read", (sixteen, one, read));
    if linux() {
        assert_eq!((before, sixteen, one, read), (Ok(()), Ok(()), Ok(()), Ok(1)));
    }
}

#[cfg(target_vendor = "apple")]
const KEEP_ALIVE: [c_int; 3] = [libc::TCP_KEEPALIVE, libc::TCP_KEEPINTVL, libc::TCP_KEEPCNT];
#[cfg(not(any(target_vendor = "apple", target_os = "haiku", target_os = "openbsd")))]
const KEEP_ALIVE: [c_int; 3] = [libc::TCP_KEEPIDLE, libc::TCP_KEEPINTVL, libc::TCP_KEEPCNT];
#[cfg(any(target_os = "haiku", target_os = "openbsd"))]
const KEEP_ALIVE: [c_int; 0] = [];

#[test]
fn keep_alive_takes_zero() {
    for name in KEEP_ALIVE {
        let socket = stream(true);
        let zero = code(set(&socket, libc::IPPROTO_TCP, name, 0));
        let read = code(get(&socket, libc::IPPROTO_TCP, name));
        answer(&format!("keep-alive option {name} of 0, and what is read"), (zero, read));
        if linux() {
            assert_eq!(zero, Err(Some(libc::EINVAL)));
        }
    }
}
