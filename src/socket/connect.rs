//! The log line and the error of a connection.

use std::net::SocketAddrV6;

use crate::addr::mapped::canonical;
use crate::error::{Error, Op};
use crate::mode::Mode;
use crate::sys;

/// Logs to whom a socket connects. The kernel's form of an address is for the kernel alone.
#[inline]
pub(crate) fn trace_connecting(peer: &SocketAddrV6) {
    log::trace!("connecting to {}", canonical(*peer));
}

/// Why a connection failed; on the way, the local address is asked for.
#[cold]
pub(crate) fn explain<M: Mode>(
    socket: sys::Borrowed<'_>,
    mode: M,
    peer: SocketAddrV6,
    error: std::io::Error,
) -> Error {
    match sys::errno::bound_apart(socket, &peer) {
        Some(reason) => sys::errno::bound_otherwise(Op::Connect, peer, reason, error),
        None => failed(mode, peer, error),
    }
}

#[cold]
pub(crate) fn failed<M: Mode>(mode: M, peer: SocketAddrV6, error: std::io::Error) -> Error {
    sys::errno::opening(Op::Connect, Some(peer), mode.v6_only(), error)
}
