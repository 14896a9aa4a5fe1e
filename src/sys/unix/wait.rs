//! Waiting, by poll(2).

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::{Borrowed, Owned, check, prepare};
use crate::sys::{Readiness, Ready};

/// One poll(2), which a signal interrupts.
pub(crate) fn wait_once(
    sockets: &[Borrowed<'_>],
    wakeup: Option<Borrowed<'_>>,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    let entry = |fd: Borrowed<'_>, events| libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // The wake-up comes last.
    let mut entries: Vec<_> = sockets.iter().map(|fd| entry(*fd, libc::POLLOUT)).collect();
    entries.extend(wakeup.map(|fd| entry(fd, libc::POLLIN)));
    poll(&mut entries, timeout)?;
    let (sockets, wakeup) = entries.split_at(sockets.len());
    let is_ready = |entry: &libc::pollfd| entry.revents != 0;
    Ok(Ready {
        sockets: (0..sockets.len()).filter(|at| is_ready(&sockets[*at])).collect(),
        woken: wakeup.iter().any(is_ready),
    })
}

/// One poll(2) of one socket, which a signal interrupts.
pub(crate) fn wait_one_once(
    fd: Borrowed<'_>,
    readiness: Readiness,
    timeout: Option<Duration>,
) -> io::Result<bool> {
    let events = match readiness {
        Readiness::Readable => libc::POLLIN,
        Readiness::Writable | Readiness::Connected => libc::POLLOUT,
    };
    let entry = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    poll(&mut [entry], timeout).map(|ready| ready != 0)
}

fn poll(entries: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<c_int> {
    let count = libc::nfds_t::try_from(entries.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: there are `count` entries, and they are borrowed for writing.
    check(unsafe { libc::poll(entries.as_mut_ptr(), count, millis(timeout)) })
}

/// Below zero for as long as it takes. Rounded up, so that a wait of less than a millisecond does
/// not spin.
fn millis(timeout: Option<Duration>) -> c_int {
    timeout.map_or(-1, |time| {
        c_int::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
    })
}

/// Two sockets, nonblocking: what is sent on one arrives at the other.
pub(crate) fn pair() -> io::Result<(Owned, Owned)> {
    let (near, far) = UnixStream::pair()?;
    for socket in [&near, &far] {
        socket.set_nonblocking(true)?;
        prepare(socket.as_fd())?;
    }
    Ok((near.into(), far.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeout_rounds_up_to_milliseconds() {
        for (nanos, expected) in [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2)] {
            assert_eq!(millis(Some(Duration::from_nanos(nanos))), expected);
        }
        assert_eq!(millis(Some(Duration::MAX)), c_int::MAX);
        // poll(2): a negative number has no end.
        assert!(millis(None) < 0);
    }
}
