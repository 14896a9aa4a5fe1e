//! The options: how values of Rust become those of `setsockopt`, the same everywhere.

use std::ffi::c_int;
use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use socket2::SockRef;

use super::errno::{is_exhausted, is_no_device, is_no_option, proven};
use super::option_numbers::{self, Name};
use super::{
    Borrowed, INTERFACE_NAME_LEN, SocketRef, System, get_bytes, interface_index, local_address,
    protocol, set_bytes,
};
use crate::addr::Zone;
use crate::error::Refusal;
use crate::kind::Protocol;

#[inline]
pub(crate) fn get_int(socket: SocketRef<'_>, name: Name) -> io::Result<c_int> {
    let mut bytes = [0; size_of::<c_int>()];
    // Windows, which is little-endian, writes one byte for a boolean; the rest stays zero.
    get_bytes(socket, name, &mut bytes)?;
    Ok(c_int::from_ne_bytes(bytes))
}

#[inline]
pub(crate) fn set_int(socket: SocketRef<'_>, name: Name, value: c_int) -> io::Result<()> {
    set_bytes(socket, name, &value.to_ne_bytes())
}

#[inline]
pub(crate) fn get_bool(socket: SocketRef<'_>, name: Name) -> io::Result<bool> {
    get_int(socket, name).map(|value| value != 0)
}

#[inline]
pub(crate) fn set_bool(socket: SocketRef<'_>, name: Name, value: bool) -> io::Result<()> {
    set_int(socket, name, c_int::from(value))
}

/// A length or a number that the kernel takes as a signed integer.
pub(crate) fn signed(value: u32) -> io::Result<c_int> {
    c_int::try_from(value).map_err(|_| Refusal::LargeNumber.into())
}

pub(crate) fn set_u32(socket: SocketRef<'_>, name: Name, value: u32) -> io::Result<()> {
    set_int(socket, name, signed(value)?)
}

pub(crate) fn get_u32(socket: SocketRef<'_>, name: Name) -> io::Result<u32> {
    Ok(u32::try_from(get_int(socket, name)?).unwrap_or(0))
}

/// Sets the IPv4 twin of an option, where the system has one and the socket has IPv4 peers.
pub(crate) fn set_twin(socket: SocketRef<'_>, name: Name, value: c_int) -> io::Result<()> {
    set_twin_bytes(socket, name, &value.to_ne_bytes())
}

fn set_twin_bytes(socket: SocketRef<'_>, name: Name, value: &[u8]) -> io::Result<()> {
    if !socket.dual_stack || name.is_none() {
        return Ok(());
    }
    match set_bytes(socket, name, value) {
        // Windows refuses it so on a socket that is bound to an IPv6 address, and there it is not
        // needed: no IPv4 peer can reach such a socket.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput && is_bound_to_v6(socket.fd) => {
            Ok(())
        }
        other => other,
    }
}

fn is_bound_to_v6(fd: Borrowed<'_>) -> bool {
    local_address(fd).is_ok_and(|local| {
        !local.ip().is_unspecified() && !crate::addr::mapped::is_mapped(local.ip())
    })
}

/// 32 bits that the kernel takes as they are.
pub(crate) fn set_word(socket: SocketRef<'_>, name: Name, value: u32) -> io::Result<()> {
    set_bytes(socket, name, &value.to_ne_bytes())
}

pub(crate) fn get_word(socket: SocketRef<'_>, name: Name) -> io::Result<u32> {
    Ok(u32::from_ne_bytes(get_int(socket, name)?.to_ne_bytes()))
}

/// What the system does not have.
#[cold]
pub(crate) fn unsupported() -> io::Error {
    io::ErrorKind::Unsupported.into()
}

// Text.

/// Room for the name of a congestion control algorithm (linux/tcp.h, netinet/tcp.h:
/// `TCP_CA_NAME_MAX`).
const TEXT_LEN: usize = 16;

pub(crate) fn set_text(socket: SocketRef<'_>, name: Name, text: &str) -> io::Result<()> {
    if text.is_empty() || text.len() >= TEXT_LEN || text.contains('\0') {
        return Err(Refusal::AlgorithmName.into());
    }
    set_bytes(socket, name, text.as_bytes())
}

pub(crate) fn get_text(socket: SocketRef<'_>, name: Name) -> io::Result<String> {
    let mut text = [0; TEXT_LEN];
    let len = get_bytes(socket, name, &mut text)?;
    let text = text[..len].split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(text).into_owned())
}

// Time.

/// What the kernel counts a time in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
}

/// Sets a time, which must be a whole number of units: rounding would give another time, or none.
pub(crate) fn set_time(
    socket: SocketRef<'_>,
    name: Name,
    unit: Unit,
    time: Duration,
) -> io::Result<()> {
    let (each, units) = match unit {
        Unit::Seconds => (1_000_000_000, "seconds"),
        Unit::Milliseconds => (1_000_000, "milliseconds"),
        Unit::Microseconds => (1_000, "microseconds"),
    };
    if time.as_nanos() % each != 0 {
        return Err(Refusal::NotWhole(units).into());
    }
    match c_int::try_from(time.as_nanos() / each) {
        Ok(count) => set_int(socket, name, count),
        Err(_) => Err(Refusal::LongTime.into()),
    }
}

pub(crate) fn get_time(socket: SocketRef<'_>, name: Name, unit: Unit) -> io::Result<Duration> {
    let count = get_u32(socket, name)?.into();
    Ok(match unit {
        Unit::Seconds => Duration::from_secs(count),
        Unit::Milliseconds => Duration::from_millis(count),
        Unit::Microseconds => Duration::from_micros(count),
    })
}

pub(crate) fn read_timeout(fd: Borrowed<'_>) -> io::Result<Option<Duration>> {
    SockRef::from(&fd).read_timeout()
}

pub(crate) fn write_timeout(fd: Borrowed<'_>) -> io::Result<Option<Duration>> {
    SockRef::from(&fd).write_timeout()
}

pub(crate) fn set_read_timeout(fd: Borrowed<'_>, timeout: Option<Duration>) -> io::Result<()> {
    SockRef::from(&fd).set_read_timeout(some_time(timeout)?)
}

pub(crate) fn set_write_timeout(fd: Borrowed<'_>, timeout: Option<Duration>) -> io::Result<()> {
    SockRef::from(&fd).set_write_timeout(some_time(timeout)?)
}

/// The kernel takes zero for "for ever": zero is refused, and what its clock rounds down to zero
/// is made the least it knows.
fn some_time(timeout: Option<Duration>) -> io::Result<Option<Duration>> {
    const LEAST: Duration =
        if cfg!(windows) { Duration::from_millis(1) } else { Duration::from_micros(1) };
    match timeout {
        Some(Duration::ZERO) => Err(Refusal::ZeroTimeout.into()),
        other => Ok(other.map(|timeout| timeout.max(LEAST))),
    }
}

/// The most datagrams that wait in the receive queue of a socket.
pub(crate) fn most_queued(fd: Borrowed<'_>) -> io::Result<usize> {
    // What the least one takes of the buffer: on Linux its `sk_buff` and `skb_shared_info`, which
    // are longer than this; on the BSDs the address that comes before it (sys/kern/uipc_sockbuf.c,
    // `sbappendaddr`).
    const LEAST: u32 = if cfg!(any(target_os = "linux", target_os = "android")) { 256 } else { 28 };
    let room = get_u32(SocketRef { fd, dual_stack: false }, option_numbers::SO_RCVBUF)?;
    // An empty queue takes one of any length.
    Ok((room / LEAST) as usize + 1)
}

pub(crate) fn set_linger(socket: SocketRef<'_>, time: Option<Duration>) -> io::Result<()> {
    // `struct linger` counts seconds, in 16 bits on Windows.
    const MOST: u64 = if cfg!(windows) { u16::MAX as u64 } else { c_int::MAX as u64 };
    match time {
        Some(time) if time.subsec_nanos() != 0 => Err(Refusal::NotWhole("seconds").into()),
        Some(time) if time.as_secs() > MOST => Err(Refusal::LongTime.into()),
        time => SockRef::from(&socket.fd).set_linger(time),
    }
}

pub(crate) fn linger(socket: SocketRef<'_>) -> io::Result<Option<Duration>> {
    SockRef::from(&socket.fd).linger()
}

// The mode.

/// Sets `IPV6_V6ONLY` of a socket that is not bound, and reads it back.
#[inline]
pub(crate) fn set_v6_only(fd: Borrowed<'_>, v6_only: bool) -> io::Result<()> {
    set_bool(SocketRef { fd, dual_stack: false }, option_numbers::IPV6_V6ONLY, v6_only)?;
    // Before bind: after it, Linux reads 1 on a socket bound to [::1] whatever was set.
    match read_v6_only(fd)? {
        Some(taken) if taken != v6_only => Err(not_taken()),
        _ => Ok(()),
    }
}

/// Whether the kernel says that a socket is restricted to IPv6.
pub(crate) fn is_v6_only(fd: Borrowed<'_>) -> bool {
    matches!(read_v6_only(fd), Ok(Some(true)))
}

/// Reads `IPV6_V6ONLY`; `None` if the kernel does not report it for this socket.
#[inline]
pub(super) fn read_v6_only(fd: Borrowed<'_>) -> io::Result<Option<bool>> {
    match get_bool(SocketRef { fd, dual_stack: false }, option_numbers::IPV6_V6ONLY) {
        Ok(v6_only) => Ok(Some(v6_only)),
        Err(error) => unreadable(fd, error),
    }
}

/// Of a Multipath TCP socket older kernels set it but do not return it (net/mptcp/sockopt.c, before
/// "mptcp: sockopt: fix getting IPV6_V6ONLY").
#[cold]
#[inline(never)]
fn unreadable(fd: Borrowed<'_>, error: io::Error) -> io::Result<Option<bool>> {
    let multipath = || matches!(protocol(fd), Ok(Protocol::MultipathTcp));
    if is_no_option(&error) && multipath() { Ok(None) } else { Err(error) }
}

#[cold]
fn not_taken() -> io::Error {
    Refusal::NotTaken.into()
}

// Addresses and devices.

/// Rebinding over `TIME_WAIT`, which a system without the option always allows.
pub(crate) fn set_reuse_address(socket: SocketRef<'_>, reuse: bool) -> io::Result<()> {
    match (option_numbers::SO_REUSEADDR, reuse) {
        (None, true) => Ok(()),
        (name, _) => set_bool(socket, name, reuse),
    }
}

pub(crate) fn reuse_address(socket: SocketRef<'_>) -> io::Result<bool> {
    match option_numbers::SO_REUSEADDR {
        None => Ok(true),
        name => get_bool(socket, name),
    }
}

pub(crate) fn bind_device(socket: SocketRef<'_>, device: Option<&Zone>) -> io::Result<()> {
    match (
        device.map(Zone::name),
        option_numbers::SO_BINDTODEVICE,
        option_numbers::SO_BINDTOIFINDEX,
    ) {
        (_, None, None) => return Err(unsupported()),
        (None, name @ Some(_), _) => return set_bytes(socket, name, &[0]),
        // Linux cuts a longer name off and takes the interface of that name.
        (Some(Some(device)), name @ Some(_), _) if device.len() <= INTERFACE_NAME_LEN => {
            return set_bytes(socket, name, device.as_bytes());
        }
        _ => {}
    }
    let index = match device {
        None => 0,
        Some(zone) => match index_of(zone)? {
            Some(index) => index.get(),
            None => return Err(Refusal::NoInterface.into()),
        },
    };
    set_u32(socket, option_numbers::SO_BINDTOIFINDEX, index)
}

/// The index of the interface of a zone, `None` if there is no such interface.
pub(crate) fn index_of(zone: &Zone) -> io::Result<Option<NonZeroU32>> {
    match (zone.index(), zone.name()) {
        (None, Some(name)) => interface_index(name),
        (index, _) => Ok(index),
    }
}

/// The interface of `IPV6_UNICAST_IF`, 0 for none.
pub(crate) fn unicast_interface(socket: SocketRef<'_>) -> io::Result<u32> {
    get_word(socket, option_numbers::IPV6_UNICAST_IF).map(unicast_order)
}

pub(crate) fn set_unicast_interface(socket: SocketRef<'_>, index: u32) -> io::Result<()> {
    set_word(socket, option_numbers::IPV6_UNICAST_IF, unicast_order(index))?;
    // This one is in network byte order everywhere.
    set_twin_bytes(socket, option_numbers::IP_UNICAST_IF, &index.to_be_bytes())
}

/// Network byte order on Linux, host byte order on Windows, there and back.
fn unicast_order(index: u32) -> u32 {
    if cfg!(windows) { index } else { index.to_be() }
}

/// The interface of `IPV6_MULTICAST_IF`, 0 for the system's choice.
pub(crate) fn set_multicast_interface(
    system: System,
    socket: SocketRef<'_>,
    index: u32,
) -> io::Result<()> {
    if index == 0 && !system.unsets_multicast_interface() {
        return match get_u32(socket, option_numbers::IPV6_MULTICAST_IF)? {
            0 => Ok(()),
            _ => Err(Refusal::InterfaceStays.into()),
        };
    }
    set_u32(socket, option_numbers::IPV6_MULTICAST_IF, index)
        .map_err(|error| without_interface(error, index))?;
    set_multicast_interface_twin(socket, index)
}

/// An error that may mean that an interface does not exist says so if it does not.
///
/// FreeBSD and Apple's systems have "invalid argument" and "address not available" for it, which
/// mean other things as well.
fn without_interface(error: io::Error, index: u32) -> io::Error {
    use io::ErrorKind::{AddrNotAvailable, InvalidInput};

    match error.kind() {
        InvalidInput | AddrNotAvailable if is_no_interface(index) => Refusal::NoInterface.into(),
        _ => error,
    }
}

/// Whether the system knows no interface of this index. An answer that it does not give is no
/// proof.
pub(crate) fn is_no_interface(index: u32) -> bool {
    match NonZeroU32::new(index) {
        Some(index) => super::interface_name(index).is_err_and(|error| is_no_device(&error)),
        None => false,
    }
}

/// The IPv4 twin of `IPV6_MULTICAST_IF`, which is no plain index.
fn set_multicast_interface_twin(socket: SocketRef<'_>, index: u32) -> io::Result<()> {
    if cfg!(windows) {
        // An IPv4 address 0.x.x.x is an index.
        return set_twin_bytes(socket, option_numbers::IP_MULTICAST_IF, &index.to_be_bytes());
    }
    // `struct ip_mreqn`: two IPv4 addresses, then the index.
    let mut request = [0; 12];
    request[8..].copy_from_slice(&index.to_ne_bytes());
    set_twin_bytes(socket, option_numbers::IP_MULTICAST_IF, &request)
}

/// Fails if the system does not know an option: it refuses a value of no length, but not the name.
pub(crate) fn knows(socket: SocketRef<'_>, name: Name) -> io::Result<()> {
    match set_bytes(socket, name, &[]) {
        Err(error) if name.is_none() || is_no_option(&error) || is_exhausted(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Whether the kernel cuts what is sent. One that has never heard of it need not refuse the control
/// message: it may send one long datagram.
pub(crate) fn can_segment(socket: SocketRef<'_>) -> io::Result<bool> {
    Ok(proven(get_int(socket, option_numbers::UDP_SEGMENT))?.is_some())
}

/// Lets the kernel put datagrams together; `Ok(false)` if it cannot.
pub(crate) fn set_coalescing(socket: SocketRef<'_>) -> io::Result<bool> {
    // Windows takes the length of the longest.
    let value = if cfg!(windows) { c_int::from(u16::MAX) } else { 1 };
    match set_int(socket, option_numbers::UDP_GRO, value) {
        Ok(()) => Ok(true),
        // Of this value, "invalid argument" is that of a system without the option (Wine).
        Err(error)
            if is_no_option(&error)
                || matches!(
                    error.kind(),
                    io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
                ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Protocol, Shape};
    use crate::sys::{borrow, open};

    #[test]
    fn multicast_interface_stays_on_two_systems() {
        let socket = open(Shape::Datagram, Protocol::Udp, false).unwrap();
        let target = SocketRef { fd: borrow(&socket), dual_stack: false };
        let current = || get_u32(target, option_numbers::IPV6_MULTICAST_IF).unwrap();
        let interfaces = crate::sys::list_interfaces().unwrap().addresses;
        let (loopback, _) = interfaces.iter().find(|(_, it)| it.ip.is_loopback()).unwrap();
        let loopback = loopback.get();
        for system in [System::Apple, System::DragonFly] {
            set_multicast_interface(system, target, 0).unwrap();
            set_multicast_interface(System::HERE, target, loopback).unwrap();
            let error = set_multicast_interface(system, target, 0).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            let why = crate::sys::errno::option(crate::error::Op::Set("IPV6_MULTICAST_IF"), error);
            assert!(why.to_string().contains("open a new socket"), "{why}");
            assert_eq!(current(), loopback);
            if System::HERE.unsets_multicast_interface() {
                set_multicast_interface(System::HERE, target, 0).unwrap();
                assert_eq!(current(), 0);
            }
        }
    }

    #[test]
    fn missing_interface_is_the_cause() {
        use io::ErrorKind::{AddrNotAvailable, InvalidInput, NotFound, PermissionDenied};

        let nowhere = 0x7fff_ffff;
        let kind = |kind: io::ErrorKind, index| without_interface(kind.into(), index).kind();
        for other in [AddrNotAvailable, InvalidInput] {
            assert_eq!(kind(other, nowhere), NotFound);
            // No interface was named, so that it cannot be missing.
            assert_eq!(kind(other, 0), other);
        }
        assert_eq!(kind(PermissionDenied, nowhere), PermissionDenied);
    }
}
