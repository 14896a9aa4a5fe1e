//! Until when a receive may go on that skips datagrams: [`Skipping`].

use std::io;
use std::time::Instant;

use crate::sys::{self, Borrowed, Readiness};

/// A call that receives until a datagram is the one that its caller wants. A flood of others must
/// not make it last for ever.
#[derive(Debug)]
pub(crate) struct Skipping {
    begun: Instant,
    /// Asked for with the first datagram that is skipped: most calls skip none.
    limit: Option<Limit>,
}

#[derive(Debug, Clone, Copy)]
enum Limit {
    /// A blocking socket without a timeout waits for ever. Windows does not report whether it is
    /// one.
    None,
    /// The read timeout counts from the beginning of the call.
    Until(Instant, Waits),
    /// So many more on a nonblocking socket. What was in the queue when the call began has been
    /// seen by then. So the call ends where it would have ended without the flood, and what is left
    /// has woken an event loop anew, also an edge-triggered one.
    Datagrams(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    Yes,
    Unknown,
}

impl Skipping {
    pub(crate) fn begin() -> Self {
        Self { begun: Instant::now(), limit: None }
    }

    /// Waits for what comes after a datagram that is skipped, up to the limit.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the call is to end.
    pub(crate) fn skip(&mut self, fd: Borrowed<'_>) -> io::Result<()> {
        let limit = match &mut self.limit {
            Some(limit) => limit,
            None => self.limit.insert(Limit::of(fd, self.begun)?),
        };
        limit.wait(fd)
    }
}

impl Limit {
    fn of(fd: Borrowed<'_>, begun: Instant) -> io::Result<Self> {
        let nonblocking = sys::is_nonblocking(fd)?;
        if nonblocking == Some(true) {
            return sys::most_queued(fd).map(Self::Datagrams);
        }
        let deadline = sys::read_timeout(fd)?.and_then(|timeout| begun.checked_add(timeout));
        let waits = if nonblocking.is_some() { Waits::Yes } else { Waits::Unknown };
        Ok(deadline.map_or(Self::None, |deadline| Self::Until(deadline, waits)))
    }

    fn wait(&mut self, fd: Borrowed<'_>) -> io::Result<()> {
        let more = match self {
            Self::None => true,
            Self::Datagrams(left) => {
                *left = left.saturating_sub(1);
                *left != 0
            }
            Self::Until(deadline, waits) => {
                let left = deadline.saturating_duration_since(Instant::now());
                match waits {
                    _ if left.is_zero() => false,
                    Waits::Yes => sys::wait_one(fd, Readiness::Readable, Some(left))?,
                    // The next call waits if it should, with a timeout of its own.
                    Waits::Unknown => true,
                }
            }
        };
        if more { Ok(()) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::udp::UdpSocket;

    /// However much waits: a flood would make a call that looks at it last for ever.
    #[test]
    fn expired_deadline_stops_skipping() {
        let socket = UdpSocket::bind("[::1]:0").unwrap();
        socket.send_to(b"more", socket.local_addr().unwrap()).unwrap();
        assert!(socket.wait_readable(None).unwrap());
        let fd = socket.socket_ref().fd;
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        for waits in [Waits::Yes, Waits::Unknown] {
            let over = Limit::Until(now, waits).wait(fd).unwrap_err();
            assert_eq!(over.kind(), io::ErrorKind::WouldBlock);
            Limit::Until(later, waits).wait(fd).unwrap();
        }
    }
}
