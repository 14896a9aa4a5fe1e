//! When a datagram is to leave, and by which clock: [`SendAt`].

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant, SystemTime};

use crate::error::Refusal;
use crate::option::{Setting, TransmitClock, TransmitTime};
use crate::sys::{self, SocketRef, option_numbers};

/// When a datagram is to leave the host, on one of the clocks of [`TransmitClock`].
///
/// The kernel takes a number and compares it with the clock of the socket, whatever clock the
/// number was read from. Here each clock has a type of its own, and a time of another clock than
/// that of the socket is refused.
///
/// # Examples
///
/// ```
/// use inet6::udp::SendAt;
/// use inet6::option::TransmitClock;
/// use std::time::{Duration, Instant};
///
/// let soon = SendAt::from(Instant::now() + Duration::from_millis(1));
/// assert_eq!(soon.clock(), TransmitClock::Monotonic);
/// if let Ok(now) = SendAt::tai_now() {
///     let soon = SendAt::Tai(now + Duration::from_millis(1));
///     assert_eq!(soon.clock(), TransmitClock::Tai);
/// }
/// ```
///
/// Source: linux/net_tstamp.h, "struct sock_txtime"; clock_gettime(2).
#[doc(alias = "SCM_TXTIME")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendAt {
    /// A moment on the clock that never jumps, for pacing: [`TransmitClock::Monotonic`].
    Monotonic(Instant),
    /// A moment on the clock of the system: [`TransmitClock::Realtime`].
    Realtime(SystemTime),
    /// International atomic time since 1970, as the kernel counts it: [`TransmitClock::Tai`].
    Tai(Duration),
}

impl SendAt {
    /// Returns the clock.
    ///
    /// # Examples
    ///
    /// See [`SendAt`].
    #[must_use]
    pub fn clock(self) -> TransmitClock {
        match self {
            Self::Monotonic(_) => TransmitClock::Monotonic,
            Self::Realtime(_) => TransmitClock::Realtime,
            Self::Tai(_) => TransmitClock::Tai,
        }
    }

    /// Reads the clock of international atomic time (`CLOCK_TAI`), which std has no type for.
    ///
    /// It is ahead of the clock of the system by 37 s (in 2025), if a time daemon has set that
    /// offset in the kernel. Until then the two clocks are the same.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) except on Linux and Android.
    ///
    /// # Examples
    ///
    /// See [`SendAt`].
    #[doc(alias = "CLOCK_TAI")]
    #[doc(alias = "clock_gettime")]
    pub fn tai_now() -> io::Result<Duration> {
        sys::clock_time(option_numbers::CLOCK_TAI)
    }

    /// As the kernel takes it. What its clock does not reach is the last moment that it does.
    fn nanos(self) -> io::Result<u64> {
        let time = match self {
            Self::Monotonic(moment) => sys::monotonic_time(moment)?,
            // A moment before the clock began has passed, whenever it was.
            Self::Realtime(time) => time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
            Self::Tai(time) => time,
        };
        // `ktime_t` is signed.
        Ok(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX).unsigned_abs())
    }
}

impl From<Instant> for SendAt {
    fn from(moment: Instant) -> Self {
        Self::Monotonic(moment)
    }
}

impl From<SystemTime> for SendAt {
    fn from(time: SystemTime) -> Self {
        Self::Realtime(time)
    }
}

/// The clock of a socket, which is asked for it once a call, if a datagram of the call needs it.
#[derive(Debug, Default)]
pub(crate) struct SocketClock(Cell<Option<TransmitTime>>);

impl SocketClock {
    /// A time as the kernel takes it, if it is one of the socket's clock.
    pub(super) fn nanos(&self, socket: SocketRef<'_>, at: SendAt) -> io::Result<u64> {
        let TransmitTime(of_socket) = match self.0.get() {
            Some(known) => known,
            None => {
                let asked = TransmitTime::read(socket).map_err(sys::errno::no_time_of_sending)?;
                self.0.set(Some(asked));
                asked
            }
        };
        let clock = at.clock();
        match of_socket {
            Some(of_socket) if of_socket == clock => at.nanos(),
            Some(of_socket) => {
                let (wanted, of_socket) = (format!("{clock:?}"), format!("{of_socket:?}"));
                Err(Refusal::OtherClock { wanted, of_socket }.into())
            }
            None => Err(Refusal::NoClock(format!("{clock:?}")).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_fits_into_the_clock() {
        let nanos = |at: SendAt| at.nanos().unwrap();
        assert_eq!(nanos(SendAt::Tai(Duration::new(2, 3))), 2_000_000_003);
        let epoch = SystemTime::UNIX_EPOCH;
        // Windows counts in units of 100.
        assert_eq!(nanos((epoch + Duration::new(2, 300)).into()), 2_000_000_300);
        assert_eq!(nanos((epoch - Duration::from_secs(1)).into()), 0);
        let last = Duration::from_nanos(i64::MAX.unsigned_abs());
        for late in [last, last + Duration::from_nanos(1), Duration::MAX] {
            assert_eq!(nanos(SendAt::Tai(late)), i64::MAX.unsigned_abs());
        }
    }
}
