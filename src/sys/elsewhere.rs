//! Systems without what `linux` has.

use std::io;
use std::num::NonZeroUsize;
use std::time::Instant;

use super::{Borrowed, Target, unsupported};
use crate::tcp_info::TcpInfo;

pub(crate) fn tcp_info(_: Target<'_>) -> io::Result<TcpInfo> {
    Err(unsupported())
}

pub(crate) fn send_queue_len(_: Borrowed<'_>) -> io::Result<usize> {
    Err(unsupported())
}

pub(crate) fn steer_by_cpu(_: Target<'_>, _: NonZeroUsize) -> io::Result<()> {
    Err(unsupported())
}

pub(crate) fn monotonic_nanos(_: Instant) -> io::Result<u64> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this system cannot choose the time of sending (SO_TXTIME) of one such packet",
    ))
}
