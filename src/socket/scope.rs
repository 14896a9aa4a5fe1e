//! The zone of a link-local destination, and the kernel's form of an address.

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};

use crate::addr::{AddressError, ToAddress, is_zoned};
use crate::error::reason::AddressFault;
use crate::mode::Mode;
use crate::sys::{self, SocketRef, option_numbers};

/// The kernel's form of an address that a socket connects to.
pub(crate) fn to_wire<M: Mode>(
    socket: SocketRef<'_>,
    mode: M,
    address: impl ToAddress<M>,
) -> Result<SocketAddrV6, AddressError> {
    with_zone(socket, address.to_wire(mode, sys::interface_index)?, 0)
}

/// As `to_wire`, for the data path: hands the address on without copying it.
#[inline]
pub(crate) fn with_wire<M: Mode, R>(
    socket: SocketRef<'_>,
    mode: M,
    address: &impl ToAddress<M>,
    run: impl FnOnce(&SocketAddrV6) -> io::Result<R>,
) -> io::Result<R> {
    with_wire_on(socket, mode, address, 0, run)
}

/// As `with_wire`; an interface other than 0 is the zone of an address that has none.
#[inline]
pub(crate) fn with_wire_on<M: Mode, R>(
    socket: SocketRef<'_>,
    mode: M,
    address: &impl ToAddress<M>,
    interface: u32,
    run: impl FnOnce(&SocketAddrV6) -> io::Result<R>,
) -> io::Result<R> {
    let mut slot = None;
    match address.lend(mode, &mut slot) {
        Some(wire) => run(wire),
        None => run(&lookup(socket, mode, address, interface)?),
    }
}

/// As `to_wire`, for the data path: the part that stays out of line, for addresses of which
/// something has to be asked or said.
#[cold]
#[inline(never)]
pub(crate) fn lookup<M: Mode>(
    socket: SocketRef<'_>,
    mode: M,
    address: &impl ToAddress<M>,
    interface: u32,
) -> io::Result<SocketAddrV6> {
    Ok(with_zone(socket, address.to_wire(mode, sys::interface_index)?, interface)?)
}

/// Gives a link-local address without a zone the one of `interface`, or, where that is 0, the one
/// of the socket; refuses it if the socket has none either.
pub(crate) fn with_zone(
    socket: SocketRef<'_>,
    wire: SocketAddrV6,
    interface: u32,
) -> Result<SocketAddrV6, AddressError> {
    match interface {
        _ if wire.scope_id() != 0 || !is_zoned(wire.ip()) => Ok(wire),
        0 => match zone_of(socket, wire.ip()) {
            Ok(0) => Err(AddressError::no_zone(&wire)),
            Ok(zone) => Ok(on_interface(wire, zone)),
            Err(error) => Err(AddressError::new(wire.to_string(), AddressFault::look_up(&error))),
        },
        zone => Ok(on_interface(wire, zone)),
    }
}

/// The same address in another zone.
fn on_interface(wire: SocketAddrV6, zone: u32) -> SocketAddrV6 {
    SocketAddrV6::new(*wire.ip(), wire.port(), wire.flowinfo(), zone)
}

/// The zone that a link-local address has on this socket because the socket itself is meant for an
/// interface, 0 if it is not.
///
/// The kernel would fail with "invalid argument", or send through the first interface it finds.
#[cold]
pub(crate) fn zone_of(socket: SocketRef<'_>, ip: &Ipv6Addr) -> io::Result<u32> {
    // An option that the system lacks restricts nothing.
    let read = |name| Ok(sys::get_u32(socket, name).unwrap_or(0));
    let candidates: [&dyn Fn() -> io::Result<u32>; 5] = [
        &|| Ok(sys::local_address(socket.fd).map_or(0, |local| local.scope_id())),
        &|| read(option_numbers::SO_BINDTOIFINDEX),
        &|| Ok(sys::device_index(socket)?.map_or(0, |index| index.get())),
        &|| if ip.is_multicast() { read(option_numbers::IPV6_MULTICAST_IF) } else { Ok(0) },
        &|| Ok(sys::unicast_interface(socket).unwrap_or(0)),
    ];
    for ask in candidates {
        let index = ask()?;
        if index != 0 {
            return Ok(index);
        }
    }
    Ok(0)
}
