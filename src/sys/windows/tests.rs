//! What the numbers of Winsock become. Wine gives few of them.

use std::io;
use std::io::ErrorKind::{
    self, AddrInUse, AddrNotAvailable, BrokenPipe, ConnectionAborted, ConnectionRefused,
    ConnectionReset, HostUnreachable, InvalidInput, NetworkUnreachable, NotConnected,
    PermissionDenied, TimedOut, Unsupported, WouldBlock,
};
use std::net::{Ipv6Addr, SocketAddrV6};

use windows_sys::Win32::Networking::WinSock::*;

use crate::error::{Error, Op};
use crate::kind::Protocol;
use crate::sys::errno;

const PEER: SocketAddrV6 = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 8000, 0, 0);
const GROUP: SocketAddrV6 = SocketAddrV6::new(Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0, 1), 0, 0, 0);
const SOURCE: Option<Ipv6Addr> = Some(Ipv6Addr::LOCALHOST);

fn number(code: i32) -> io::Error {
    io::Error::from_raw_os_error(code)
}

/// Expects the number, the kind and a part of the text of an error.
#[track_caller]
fn assert_error(error: Error, code: i32, kind: Option<ErrorKind>, text: &str) {
    assert_eq!(error.raw_os_error(), Some(code), "{error}");
    assert!(error.to_string().contains(text), "{error}");
    // Some numbers have no kind in std.
    if let Some(kind) = kind {
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[test]
fn opening_decisions_follow_system() {
    let opened = |op, code| errno::opening(op, Some(PEER), true, number(code));
    for (op, code, kind, text) in [
        (Op::Open, WSAEAFNOSUPPORT, None, "this system has no IPv6"),
        (Op::Open, WSAEMFILE, None, "too many open descriptors"),
        (Op::Bind, WSAEADDRINUSE, Some(AddrInUse), "another socket has it"),
        (Op::Bind, WSAEACCES, Some(PermissionDenied), "has the address for itself"),
        (Op::Bind, WSAEADDRNOTAVAIL, Some(AddrNotAvailable), "no interface of this host"),
        (Op::Connect, WSAECONNREFUSED, Some(ConnectionRefused), "nothing listens there"),
        (Op::Connect, WSAETIMEDOUT, Some(TimedOut), "timed out"),
        (Op::Connect, WSAENETUNREACH, Some(NetworkUnreachable), "no route"),
        (Op::Connect, WSAEHOSTUNREACH, Some(HostUnreachable), "host unreachable"),
        (Op::Connect, WSAEADDRNOTAVAIL, Some(AddrNotAvailable), "no local address"),
    ] {
        assert_error(opened(op, code), code, kind, text);
    }
    let wildcard = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 8000, 0, 0);
    let dual = errno::opening(Op::Bind, Some(wildcard), false, number(WSAEADDRINUSE));
    assert_error(dual, WSAEADDRINUSE, Some(AddrInUse), "0.0.0.0:8000");

    let code = WSAEPROTONOSUPPORT;
    let error = errno::creating(Protocol::MultipathTcp, true, number(code));
    assert_error(error, code, Some(Unsupported), "no Multipath TCP");
    let error = errno::creating(Protocol::Icmpv6, true, number(code));
    assert_error(error, code, Some(Unsupported), "no ICMPv6 datagram sockets");
    for code in [WSAEWOULDBLOCK, WSAEINPROGRESS] {
        assert!(errno::is_connecting(&number(code)), "{code}");
    }
    assert!(!errno::is_connecting(&number(WSAECONNREFUSED)));
}

#[test]
fn option_and_group_decisions_follow_system() {
    let op = Op::Set("IPV6_X");
    for (code, kind, text) in [
        (WSAENOPROTOOPT, Unsupported, "this system does not have it"),
        (WSAEOPNOTSUPP, Unsupported, "this system does not have it"),
        (WSAEINVAL, InvalidInput, "out of range"),
        (WSAEACCES, PermissionDenied, "permission denied"),
    ] {
        assert_error(errno::option(op, number(code)), code, Some(kind), text);
    }
    for (op, source, code, kind, text) in [
        (Op::Join, SOURCE, WSAENOPROTOOPT, Some(Unsupported), "no source-specific multicast"),
        (Op::Join, None, WSAENOBUFS, None, "too many groups"),
        (Op::Join, None, WSAEADDRINUSE, Some(AddrInUse), "a member already"),
        (Op::Leave, None, WSAEADDRNOTAVAIL, Some(AddrNotAvailable), "not a member"),
    ] {
        assert_error(errno::membership(op, GROUP, source, number(code)), code, kind, text);
    }
}

#[test]
fn accept_decisions_follow_system() {
    for (peer, exhausted, codes) in [
        (true, false, &[WSAECONNRESET, WSAECONNABORTED, WSAENOTCONN][..]),
        (false, true, &[WSAEMFILE, WSAENOBUFS]),
        (false, false, &[WSAENOTSOCK, WSAEINVAL, WSAENETDOWN, WSAEWOULDBLOCK]),
    ] {
        for code in codes {
            let error = number(*code);
            let found = (errno::is_peer_failure(&error), errno::is_exhausted(&error));
            assert_eq!(found, (peer, exhausted), "{error}");
        }
    }
}

/// Which of them are of the kind that other systems give is std's part; a change there would change
/// what this crate documents.
#[test]
fn windows_codes_determine_error_kinds() {
    for (code, kind) in [
        (WSAECONNABORTED, ConnectionAborted),
        (WSAECONNRESET, ConnectionReset),
        (WSAENOTCONN, NotConnected),
        (WSAEWOULDBLOCK, WouldBlock),
        (WSAETIMEDOUT, TimedOut),
        (WSAENETUNREACH, NetworkUnreachable),
        (WSAEHOSTUNREACH, HostUnreachable),
        (WSAEACCES, PermissionDenied),
        (WSAEINVAL, InvalidInput),
    ] {
        assert_eq!(number(code).kind(), kind, "{code}");
    }
    assert_ne!(number(WSAESHUTDOWN).kind(), BrokenPipe, "no longer needs to be translated");
    assert!(errno::is_too_long(&number(WSAEMSGSIZE)));
    for code in [WSAEAFNOSUPPORT, WSAENETUNREACH, WSAEHOSTUNREACH] {
        assert!(errno::is_unreachable(&number(code)), "{code}");
    }
}
