//! Systems without what `linux` has.

use std::io;

use super::{Borrowed, Target, unsupported};
use crate::tcp_info::TcpInfo;

pub(crate) fn tcp_info(_: Target<'_>) -> io::Result<TcpInfo> {
    Err(unsupported())
}

pub(crate) fn send_queue_len(_: Borrowed<'_>) -> io::Result<usize> {
    Err(unsupported())
}
