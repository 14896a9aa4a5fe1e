//! Systems without what `linux` has.

use std::ffi::c_int;
use std::io::{self, IoSliceMut};
use std::net::{Ipv6Addr, SocketAddrV6};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::{Duration, Instant};

use super::{Borrowed, QueuedReport, SocketRef, unsupported};
use crate::error::{Absence, Refusal};

/// The others do not tell.
pub(crate) fn why_absent(_: &SocketAddrV6) -> Option<Absence> {
    None
}

/// No option binds a socket to a device by name.
pub(crate) fn device_index(_: SocketRef<'_>) -> io::Result<Option<NonZeroU32>> {
    Ok(None)
}

pub(crate) fn send_queue_len(_: Borrowed<'_>) -> io::Result<usize> {
    Err(unsupported())
}

pub(crate) fn steer_by_cpu(_: SocketRef<'_>, _: NonZeroUsize) -> io::Result<()> {
    Err(unsupported())
}

pub(crate) fn lease_flow_label(_: Borrowed<'_>, _: &Ipv6Addr, _: u32, _: u8) -> io::Result<u32> {
    Err(unsupported())
}

pub(crate) fn release_flow_label(_: Borrowed<'_>, _: u32) -> io::Result<()> {
    Err(unsupported())
}

pub(crate) fn linger_flow_label(_: Borrowed<'_>, _: u32, _: u16) -> io::Result<()> {
    Err(unsupported())
}

pub(crate) fn clock_time(_: c_int) -> io::Result<Duration> {
    Err(unsupported())
}

pub(crate) fn monotonic_time(_: Instant) -> io::Result<Duration> {
    Err(unsupported())
}

pub(crate) fn recv_error(
    _: Borrowed<'_>,
    _: &mut [IoSliceMut<'_>],
) -> io::Result<Option<QueuedReport>> {
    Err(Refusal::NoErrorQueue.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_feature_is_unsupported() {
        let socket = std::net::UdpSocket::bind("[::1]:0").unwrap().into();
        let fd = crate::sys::borrow(&socket);
        let target = SocketRef { fd, dual_stack: false };
        let errors = [
            send_queue_len(fd).unwrap_err(),
            steer_by_cpu(target, NonZeroUsize::MIN).unwrap_err(),
            lease_flow_label(fd, &Ipv6Addr::LOCALHOST, 0, 0).unwrap_err(),
            release_flow_label(fd, 1).unwrap_err(),
            linger_flow_label(fd, 1, 1).unwrap_err(),
            clock_time(0).unwrap_err(),
            monotonic_time(Instant::now()).unwrap_err(),
            recv_error(fd, &mut []).map(drop).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), io::ErrorKind::Unsupported, "{error}");
        }
        assert_eq!(device_index(target).unwrap(), None);
        let nobody = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0);
        assert_eq!(why_absent(&nobody), None);
    }
}
