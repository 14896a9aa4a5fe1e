//! What the error numbers of a system mean.

use std::io;
use std::net::{Ipv6Addr, SocketAddrV4, SocketAddrV6};

use super::cmsg::{TIME_OF_SENDING, cannot_choose};
use super::{Borrowed, System, codes, is_no_interface, local_address};
use crate::addr::mapped::{canonical, is_mapped};
use crate::error::{Absence, Error, Op, Reason};
use crate::kind::{Protocol, Shape};

/// Why opening a socket failed; `address` is the one that was bound or connected to.
#[cold]
pub(crate) fn opening(
    op: Op,
    address: Option<SocketAddrV6>,
    v6_only: bool,
    error: io::Error,
) -> Error {
    let reason = reason(op, address, v6_only, &error);
    let endpoint = address.map(|wire| canonical(wire).into());
    Error::new(op, endpoint, reason, error)
}

/// Why there is no socket.
#[cold]
pub(crate) fn creating(protocol: Protocol, v6_only: bool, error: io::Error) -> Error {
    if protocol == Protocol::MultipathTcp && is_no_multipath_tcp(&error) {
        return Error::new(Op::Open, None, Some(Reason::NoMultipathTcp), error);
    }
    if protocol == Protocol::Icmpv6 {
        let absent = error.kind() == io::ErrorKind::Unsupported || is(&error, codes::NO_PROTOCOL);
        if absent || is(&error, codes::NO_GROUP) {
            let reason = if absent { Reason::NoEcho } else { Reason::EchoGroup };
            return Error::new(Op::Open, None, Some(reason), error);
        }
    }
    opening(Op::Open, None, v6_only, error)
}

/// Whether the protocol is what a socket of Multipath TCP failed for.
///
/// A kernel whose protocols end below 262 answers `EINVAL` (Linux before 5.6, gVisor), as it does
/// to everything else that is wrong with the call. If the same call opens a TCP socket, nothing
/// else is.
fn is_no_multipath_tcp(error: &io::Error) -> bool {
    let opens_tcp = || super::open(Shape::Stream, Protocol::Tcp, false).is_ok();
    is(error, codes::NO_PROTOCOL) || error.kind() == io::ErrorKind::InvalidInput && opens_tcp()
}

/// Why setting or reading an option failed.
#[cold]
pub(crate) fn option(op: Op, error: io::Error) -> Error {
    let reason = option_reason(System::HERE, op, &error);
    Error::new(op, None, reason, error)
}

/// Why a flow label could not be had.
#[cold]
pub(crate) fn flow_label(error: io::Error) -> Error {
    let reason = match error.kind() {
        io::ErrorKind::PermissionDenied => Some(Reason::LabelTaken),
        _ if is(&error, codes::EXHAUSTED) => Some(Reason::LabelLimit),
        _ if is(&error, codes::OUT_OF_RANGE) => Some(Reason::LabelRange),
        _ => option_reason(System::HERE, Op::FlowLabel, &error),
    };
    Error::new(Op::FlowLabel, None, reason, error)
}

/// A peer was asked for that the socket cannot reach, whatever the routes.
#[cold]
pub(crate) fn bound_otherwise(
    op: Op,
    peer: SocketAddrV6,
    reason: Reason,
    error: io::Error,
) -> Error {
    Error::new(op, Some(canonical(peer).into()), Some(reason), error)
}

/// Sockets on one address would not share what arrives.
#[cold]
pub(crate) fn not_shared(address: SocketAddrV6, reason: Reason) -> Error {
    let kind = match reason {
        Reason::TooManyShards(_) => io::ErrorKind::InvalidInput,
        _ => io::ErrorKind::Unsupported,
    };
    Error::refused(Op::Bind, Some(canonical(address).into()), reason, kind)
}

/// Why a membership was not changed; the scope id of the group is the interface.
#[cold]
pub(crate) fn membership(
    op: Op,
    group: SocketAddrV6,
    source: Option<Ipv6Addr>,
    error: io::Error,
) -> Error {
    let on_some = group.scope_id() != 0;
    let reason = match (error.kind(), source) {
        (io::ErrorKind::Unsupported, _) => Some(Reason::NoSources),
        _ if is(&error, codes::NO_OPTION) => Some(Reason::NoSources),
        _ if is(&error, codes::NO_ROOM) => Some(Reason::TooManyGroups),
        _ if is(&error, codes::NO_DEVICE) && on_some => Some(Reason::NoInterface),
        _ if is(&error, codes::NO_DEVICE) => Some(Reason::NoInterfaceFound),
        // FreeBSD and Apple's systems have this number for a membership and for an interface.
        (io::ErrorKind::AddrNotAvailable, _) if is_no_interface(group.scope_id()) => {
            Some(Reason::NoInterface)
        }
        (io::ErrorKind::AddrInUse, _) => Some(Reason::Member),
        (io::ErrorKind::AddrNotAvailable, Some(source)) if op == Op::Block => {
            Some(Reason::Blocked(source))
        }
        (io::ErrorKind::AddrNotAvailable, Some(source)) if op == Op::Unblock => {
            Some(Reason::NotBlocked(source))
        }
        (io::ErrorKind::AddrNotAvailable, _) if op == Op::Leave => Some(Reason::NotAMember),
        // Apple's systems do not choose one.
        (io::ErrorKind::AddrNotAvailable, _) if !on_some => Some(Reason::NoInterfaceFound),
        (io::ErrorKind::AddrNotAvailable, Some(source)) => Some(Reason::MemberFor(source)),
        (_, None) if op == Op::Join && is(&error, codes::NO_MULTICAST) => Some(Reason::NoMulticast),
        _ => None,
    };
    group_error(op, group, reason, error)
}

/// What this crate refuses before the system is asked.
#[cold]
pub(crate) fn group_refused(
    op: Op,
    group: SocketAddrV6,
    reason: Reason,
    kind: io::ErrorKind,
) -> Error {
    Error::refused(op, Some(canonical(group).into()), reason, kind)
}

fn group_error(op: Op, group: SocketAddrV6, reason: Option<Reason>, error: io::Error) -> Error {
    Error::new(op, Some(canonical(group).into()), reason, error)
}

fn option_reason(system: System, op: Op, error: &io::Error) -> Option<Reason> {
    // If this crate refused the value, the error itself says why.
    if error.get_ref().is_some() {
        return None;
    }
    let is_set = |name| op == Op::Set(name);
    match error.kind() {
        io::ErrorKind::Unsupported => Some(Reason::Unsupported),
        _ if is(error, codes::NO_OPTION) => Some(Reason::Unsupported),
        _ if is(error, codes::NO_DEVICE) => Some(Reason::NoInterface),
        // Of options that take an interface; the number is theirs alone.
        io::ErrorKind::AddrNotAvailable => Some(Reason::NoInterface),
        io::ErrorKind::NotFound => Some(Reason::UnknownName),
        _ if is_set("TCP_CONGESTION") && is_no_algorithm(system, error) => {
            Some(Reason::UnknownName)
        }
        io::ErrorKind::InvalidInput => Some(Reason::Range),
        io::ErrorKind::PermissionDenied
            if is_set("TCP_FASTOPEN") && system.switches_fast_open_off() =>
        {
            Some(Reason::FastOpenOff)
        }
        io::ErrorKind::PermissionDenied => Some(Reason::Permission),
        _ => None,
    }
}

/// Whether the system knows no algorithm for congestion control of this name; other systems say
/// that it is not found.
fn is_no_algorithm(system: System, error: &io::Error) -> bool {
    match system {
        System::FreeBsd => is(error, codes::NO_SUCH_NAME),
        System::NetBsd => error.kind() == io::ErrorKind::InvalidInput,
        _ => false,
    }
}

fn reason(
    op: Op,
    address: Option<SocketAddrV6>,
    v6_only: bool,
    error: &io::Error,
) -> Option<Reason> {
    let connecting = op == Op::Connect;
    match (op, error.kind(), address) {
        (Op::Open, ..) if is(error, codes::NO_FAMILY) => Some(Reason::Absent(Absence::Family)),
        _ if is(error, codes::PROCESS_LIMIT) => Some(Reason::ProcessLimit),
        _ if is(error, codes::SYSTEM_LIMIT) => Some(Reason::SystemLimit),
        _ if is(error, codes::NO_DEVICE) => Some(Reason::NoInterface),
        (Op::Mode, ..) if v6_only => Some(Reason::NoV6Only),
        (Op::Mode, ..) => Some(Reason::NoDualStack),
        (Op::Bind, ..) if is(error, codes::EXCLUSIVE) => Some(Reason::Exclusive),
        (_, io::ErrorKind::AddrInUse, Some(address)) => {
            Some(match dual_wildcard(address, v6_only) {
                Some(twin) => Reason::InUseDual(twin),
                None => Reason::InUse,
            })
        }
        (_, io::ErrorKind::PermissionDenied, Some(address))
            if !connecting && (1..1024).contains(&address.port()) =>
        {
            Some(Reason::PrivilegedPort)
        }
        (_, io::ErrorKind::PermissionDenied, _) => Some(Reason::Permission),
        (_, io::ErrorKind::AddrNotAvailable, Some(address)) => Some(absent(connecting, address)),
        (_, io::ErrorKind::AddrNotAvailable, None) => Some(Reason::NotLocal),
        (_, io::ErrorKind::ConnectionRefused, _) => Some(Reason::Refused),
        (_, io::ErrorKind::TimedOut, _) => Some(Reason::TimedOut),
        (_, io::ErrorKind::NetworkUnreachable, _) => Some(Reason::NoRoute),
        (_, io::ErrorKind::HostUnreachable, _) => Some(Reason::NoHost),
        (_, io::ErrorKind::Unsupported, _) => Some(Reason::Unsupported),
        _ => None,
    }
}

/// Why no interface has an address, or none that reaches it; the system is asked once more.
fn absent(connecting: bool, address: SocketAddrV6) -> Reason {
    let known = if is_mapped(address.ip()) { None } else { super::why_absent(&address) };
    match known {
        Some(absence) => Reason::Absent(absence),
        None if connecting => Reason::NoSource,
        None if address.ip().is_loopback() => Reason::NoLoopback,
        None => Reason::NotLocal,
    }
}

/// The IPv4 address that a dual-stack wildcard takes along.
fn dual_wildcard(address: SocketAddrV6, v6_only: bool) -> Option<SocketAddrV4> {
    (!v6_only && address.ip().is_unspecified())
        .then(|| SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, address.port()))
}

/// Why a socket can never reach `peer`: it is bound to IPv4 and the peer is IPv6, or the other way
/// round.
pub(crate) fn bound_apart(fd: Borrowed<'_>, peer: &SocketAddrV6) -> Option<Reason> {
    let local = local_address(fd).ok()?;
    match (is_mapped(local.ip()), is_mapped(peer.ip())) {
        (true, false) => Some(Reason::BoundToIpv4),
        (false, true) if !local.ip().is_unspecified() => Some(Reason::BoundToIpv6),
        _ => None,
    }
}

/// Whether the system's number of an error is one of these.
pub(super) fn is(error: &io::Error, codes: &[i32]) -> bool {
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// What an error means of asking a socket for the clock of a time of sending.
#[cold]
pub(crate) fn no_time_of_sending(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::Unsupported || is_no_option(&error) {
        return cannot_choose(TIME_OF_SENDING);
    }
    error
}

/// Whether the system knows no such interface.
pub(super) fn is_no_device(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || is(error, codes::NO_DEVICE)
}

/// Whether the system has no such option.
pub(super) fn is_no_option(error: &io::Error) -> bool {
    is(error, codes::NO_OPTION)
}

/// Whether `connect` went on in the background: nonblocking, or a signal came.
pub(crate) fn is_connecting(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted || is(error, codes::CONNECTING)
}

/// Whether `accept` failed because of the one connection it would have given.
pub(crate) fn is_peer_failure(error: &io::Error) -> bool {
    is(error, codes::PEER_FAILED) || error.kind() == io::ErrorKind::ConnectionAborted
}

/// Whether `accept` failed for want of descriptors or memory.
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    is(error, codes::EXHAUSTED)
}

/// The result of trying whether the system can do something; `None` if it cannot.
///
/// A failure for want of descriptors, memory or ports proves nothing, and is returned.
pub(crate) fn proven<T>(tried: io::Result<T>) -> io::Result<Option<T>> {
    match tried {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_exhausted(&error) || error.kind() == io::ErrorKind::AddrInUse => {
            Err(error)
        }
        Err(_) => Ok(None),
    }
}

/// Whether the interface of an address does not exist, or no longer does.
pub(crate) fn is_gone(error: &Error) -> bool {
    error.raw_os_error().is_some_and(|code| codes::NO_DEVICE.contains(&code))
}

/// Whether there is no way to a destination.
pub(crate) fn is_unreachable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable)
        || is(error, codes::UNREACHABLE)
}

/// Whether segmentation by the kernel may be what failed.
pub(crate) fn is_no_offload(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
        || is(error, codes::NO_OFFLOAD)
}

/// Whether a datagram was too long to be sent.
pub(crate) fn is_too_long(error: &io::Error) -> bool {
    is(error, codes::TOO_LONG)
}

/// Whether sending from a chosen address may have failed because it is no address of this host.
pub(crate) fn is_bad_source(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, InvalidInput, NetworkUnreachable};
    matches!(error.kind(), AddrNotAvailable | InvalidInput | NetworkUnreachable)
}

#[cfg(test)]
mod tests;
