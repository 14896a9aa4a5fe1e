//! What the kinds and numbers of errors become that no system call here can be made to give.

use std::io::ErrorKind::{self, *};
use std::net::Ipv4Addr;

use super::*;
use crate::addr::mapped::map_ip;

const GROUP: SocketAddrV6 = SocketAddrV6::new(Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0, 1), 0, 0, 0);

/// An IPv4 peer, so that no system is asked whether it has IPv6.
fn at(port: u16) -> Option<SocketAddrV6> {
    Some(SocketAddrV6::new(map_ip(Ipv4Addr::LOCALHOST), port, 0, 0))
}

const PRIVILEGED: &str = "permission denied; ports below 1024 are for privileged programs";

/// The system has words of its own for it.
fn system(kind: ErrorKind) -> io::Error {
    io::Error::new(kind, "what the system says")
}

/// Expects an error that ends with its reason, or with the text of the system.
#[track_caller]
fn assert_error(error: Error, kind: ErrorKind, why: Option<&str>) {
    assert_eq!(error.kind(), kind, "{error}");
    let source = std::error::Error::source(&error).expect("the system's error").to_string();
    let text = error.to_string();
    assert!(text.ends_with(&format!(": {}", why.unwrap_or(&source))), "{text}");
}

#[test]
fn opening_error_has_reason() {
    for (op, address, kind, why) in [
        (Op::Bind, at(1), PermissionDenied, Some(PRIVILEGED)),
        (Op::Listen, at(1023), PermissionDenied, Some(PRIVILEGED)),
        (Op::Bind, at(0), PermissionDenied, None),
        (Op::Bind, at(1024), PermissionDenied, None),
        (Op::Connect, at(1), PermissionDenied, None),
    ] {
        let why = why.unwrap_or("permission denied");
        assert_error(opening(op, address, true, system(kind)), kind, Some(why));
    }
    for (op, address, kind, why) in [
        (Op::Bind, at(1), AddrInUse, Some("address in use; another socket has it")),
        (Op::Bind, at(1), AddrNotAvailable, Some("no interface of this host has this address")),
        (Op::Listen, None, AddrNotAvailable, Some("no interface of this host has this address")),
        (
            Op::Connect,
            at(1),
            AddrNotAvailable,
            Some("no local address can reach it; IPv6 may be disabled"),
        ),
        (Op::Connect, at(1), ConnectionRefused, Some("connection refused; nothing listens there")),
        (Op::Connect, at(1), TimedOut, Some("timed out")),
        (Op::Connect, at(1), NetworkUnreachable, Some("network unreachable; there is no route")),
        (Op::Connect, at(1), HostUnreachable, Some("host unreachable")),
        (Op::Listen, at(1), Unsupported, Some("this system does not have it")),
        (Op::Bind, None, AddrInUse, None),
        (Op::Connect, at(1), ConnectionReset, None),
    ] {
        assert_error(opening(op, address, true, system(kind)), kind, why);
    }
}

#[test]
fn option_error_has_reason() {
    let op = Op::Set("IPV6_X");
    for (kind, why) in [
        (Unsupported, "this system does not have it"),
        (AddrNotAvailable, "no such interface"),
        (NotFound, "this system knows nothing of that name"),
        (InvalidInput, "the value is out of range"),
        (PermissionDenied, "permission denied"),
    ] {
        assert_error(option(op, kind.into()), kind, Some(why));
    }
    for kind in [NotFound, InvalidInput] {
        assert_error(option(op, io::Error::new(kind, "by itself")), kind, Some("by itself"));
    }
    assert_error(option(op, TimedOut.into()), TimedOut, None);
}

#[test]
fn unknown_algorithm_has_reason() {
    let reason = |system, name, error| option_reason(system, Op::Set(name), &error);
    let unknown = Some(Reason::UnknownName);
    let name = "TCP_CONGESTION";
    assert_eq!(reason(System::Linux, name, NotFound.into()), unknown);
    assert_eq!(reason(System::NetBsd, name, InvalidInput.into()), unknown);
    assert_eq!(reason(System::Linux, name, InvalidInput.into()), Some(Reason::Range));
    for code in codes::NO_SUCH_NAME {
        let error = || io::Error::from_raw_os_error(*code);
        assert_eq!(reason(System::FreeBsd, name, error()), unknown);
        assert_eq!(reason(System::FreeBsd, "TCP_NODELAY", error()), None);
        assert_eq!(reason(System::Linux, name, error()), None);
        // The kind is that of the cause, and the number stays.
        let error = Error::new(Op::Set(name), None, unknown, error());
        assert_eq!((error.kind(), error.raw_os_error()), (NotFound, Some(*code)));
    }
    let refused = io::Error::new(InvalidInput, "by itself");
    assert_eq!(reason(System::NetBsd, name, refused), None);
}

#[test]
fn freebsd_error_explains_disabled_fast_open() {
    let reason = |system, name| option_reason(system, Op::Set(name), &PermissionDenied.into());
    assert_eq!(reason(System::FreeBsd, "TCP_FASTOPEN"), Some(Reason::FastOpenOff));
    assert_eq!(reason(System::Linux, "TCP_FASTOPEN"), Some(Reason::Permission));
    assert_eq!(reason(System::FreeBsd, "SO_MARK"), Some(Reason::Permission));
}

#[test]
fn flow_label_error_has_reason() {
    for (kind, why) in [
        (
            PermissionDenied,
            Some(
                "another lease has the label and does not share it so; it stays taken for some \
                 seconds after its release",
            ),
        ),
        (InvalidInput, Some("the value is out of range")),
        (TimedOut, None),
    ] {
        assert_error(flow_label(kind.into()), kind, why);
    }
}

#[test]
fn membership_error_has_reason() {
    let source = Ipv6Addr::LOCALHOST;
    let on_some = |index| SocketAddrV6::new(*GROUP.ip(), 0, 0, index);
    let no_sources = Some("this system has no source-specific multicast for IPv6");
    for (op, index, source, kind, why) in [
        (Op::Block, 1, Some(source), Unsupported, no_sources),
        (Op::Join, 0, None, Unsupported, no_sources),
        (Op::Join, 1, None, AddrInUse, Some("the socket is a member already")),
        (Op::Block, 1, Some(source), AddrNotAvailable, Some("::1 is blocked already")),
        (Op::Unblock, 1, Some(source), AddrNotAvailable, Some("::1 is not blocked")),
        (Op::Leave, 1, Some(source), AddrNotAvailable, Some("the socket is not a member")),
        (Op::Leave, 0, None, AddrNotAvailable, Some("the socket is not a member")),
        (
            Op::Join,
            0,
            None,
            AddrNotAvailable,
            Some("the system finds no interface for it: name one"),
        ),
        (
            Op::Join,
            1,
            Some(source),
            AddrNotAvailable,
            Some("the socket is a member already, for the source ::1"),
        ),
        (Op::Join, 1, None, TimedOut, None),
    ] {
        assert_error(membership(op, on_some(index), source, kind.into()), kind, why);
    }
    // The number of a membership, for an interface that does not exist.
    let none = "no such interface";
    for (op, source) in [(Op::Join, Some(source)), (Op::Join, None), (Op::Block, Some(source))] {
        let nowhere = on_some(0x7fff_ffff);
        assert_error(
            membership(op, nowhere, source, AddrNotAvailable.into()),
            AddrNotAvailable,
            Some(none),
        );
    }
    for code in codes::NO_MULTICAST {
        let error = || io::Error::from_raw_os_error(*code);
        let why = "the interface does not exist, or has no IPv6 multicast";
        assert_error(membership(Op::Join, on_some(1), None, error()), error().kind(), Some(why));
    }
    // "Invalid argument" says nothing of multicast where there was no joining, or only of a source.
    let error = || io::Error::from_raw_os_error(codes::NO_MULTICAST[0]);
    assert_error(membership(Op::Leave, on_some(1), None, error()), error().kind(), None);
    assert_error(membership(Op::Join, on_some(1), Some(source), error()), error().kind(), None);
}

#[test]
fn send_error_kinds_are_classified() {
    let all = [
        NetworkUnreachable,
        HostUnreachable,
        AddrNotAvailable,
        InvalidInput,
        Unsupported,
        PermissionDenied,
    ];
    let those = |test: fn(&io::Error) -> bool| {
        all.into_iter().filter(|kind| test(&(*kind).into())).collect::<Vec<_>>()
    };
    assert_eq!(those(is_unreachable), [NetworkUnreachable, HostUnreachable]);
    assert_eq!(those(is_bad_source), [NetworkUnreachable, AddrNotAvailable, InvalidInput]);
    assert_eq!(those(is_no_offload), [InvalidInput, Unsupported]);
    let number = io::Error::from_raw_os_error;
    assert!(codes::UNREACHABLE.iter().all(|code| is_unreachable(&number(*code))));
    assert!(codes::NO_OFFLOAD.iter().all(|code| is_no_offload(&number(*code))));
}
