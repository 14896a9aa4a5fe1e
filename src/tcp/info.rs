//! The state of a connection: [`TcpInfo`], the path MTU and the lengths of the queues.

use std::io;
use std::time::Duration;

use super::TcpStream;
use crate::mode::Mode;
use crate::sys::{self, option_numbers};

/// The state of a TCP connection at one moment, as
/// [`TcpStream::tcp_info`](crate::TcpStream::tcp_info) reads it.
///
/// # Examples
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use inet6::{TcpListener, TcpStream, tcp::TcpState};
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let stream = TcpStream::connect(listener.local_addr()?)?;
/// stream.send(b"twelve bytes")?;
/// let info = stream.tcp_info()?;
/// assert_eq!(info.state, TcpState::Established);
/// println!("rtt {:?} ± {:?}, window {}", info.rtt, info.rtt_variance, info.congestion_window);
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpInfo {
    /// The state of the connection.
    pub state: TcpState,
    /// The smoothed round-trip time (RFC 6298, SRTT).
    pub rtt: Duration,
    /// The variation of the round-trip time (RFC 6298, RTTVAR).
    pub rtt_variance: Duration,
    /// How long an unacknowledged segment waits before it is sent again (RFC 6298, RTO).
    pub retransmission_timeout: Duration,
    /// The congestion window, in bytes.
    pub congestion_window: u64,
    /// The slow start threshold, in bytes, once there is one.
    pub slow_start_threshold: Option<u64>,
    /// The largest segment that is sent, in bytes.
    pub send_mss: u32,
    /// The largest segment that is received, in bytes.
    pub recv_mss: u32,
    /// Segments sent more than once since the connection began.
    pub retransmits: u64,
    /// Bytes sent, those sent again among them.
    pub bytes_sent: u64,
    /// Bytes that the peer has acknowledged.
    pub bytes_acked: u64,
    /// Bytes received.
    pub bytes_received: u64,
}

/// The state of a TCP connection (RFC 9293, section 3.3.2).
///
/// # Examples
///
/// See [`TcpInfo`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TcpState {
    /// Both directions are open.
    Established,
    /// A connection request went out.
    SynSent,
    /// A connection request came in.
    SynReceived,
    /// This side has ended its direction, and waits for the acknowledgement.
    FinWait1,
    /// This side has ended its direction.
    FinWait2,
    /// Both have ended, and late segments are waited for.
    TimeWait,
    /// There is no connection.
    Closed,
    /// The peer has ended its direction.
    CloseWait,
    /// Both have ended, this side last.
    LastAck,
    /// It waits for connections.
    Listen,
    /// Both have ended at the same time.
    Closing,
    /// A number that this crate does not know.
    Other(u8),
}

impl<M: Mode> TcpStream<M> {
    /// The state of the connection at this moment (`TCP_INFO`).
    ///
    /// # Errors
    ///
    /// Kind [`Unsupported`](io::ErrorKind::Unsupported) where the system does not tell.
    ///
    /// # Platform notes
    ///
    /// On Linux 4.19 and later, and Android. Elsewhere it is unsupported.
    ///
    /// # Examples
    ///
    /// See [`TcpInfo`].
    #[doc(alias = "TCP_INFO")]
    pub fn tcp_info(&self) -> io::Result<TcpInfo> {
        let mut raw = [0; LAST_OF_TCP_INFO];
        let len = sys::get_bytes(self.socket_ref(), option_numbers::TCP_INFO, &mut raw)?;
        parse(&raw[..len]).ok_or_else(sys::unsupported)
    }

    /// The path MTU to the peer as the kernel knows it, in bytes (`IPV6_MTU`).
    ///
    /// # Errors
    ///
    /// Kind [`Unsupported`](io::ErrorKind::Unsupported) where the system does not tell.
    ///
    /// # Platform notes
    ///
    /// Linux, Android and Windows have `IPV6_MTU`; Apple's systems and the BSDs tell through
    /// `IPV6_PATHMTU` (RFC 3542, section 11.4).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// assert!(stream.mtu().is_ok_and(|mtu| mtu >= 1280) || cfg!(not(target_os = "linux")));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "IPV6_MTU")]
    #[doc(alias = "IPV6_PATHMTU")]
    pub fn mtu(&self) -> io::Result<u32> {
        sys::mtu(self.socket_ref())
    }

    /// Bytes that were sent and that the peer has not acknowledged (`SIOCOUTQ`).
    ///
    /// # Errors
    ///
    /// Kind [`Unsupported`](io::ErrorKind::Unsupported) where the system does not tell.
    ///
    /// # Platform notes
    ///
    /// On Linux and Android. Elsewhere it is unsupported.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use inet6::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// assert_eq!(stream.send_queue_len()?, 0);
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "SIOCOUTQ")]
    pub fn send_queue_len(&self) -> io::Result<usize> {
        sys::send_queue_len(self.socket_ref().fd)
    }

    /// Bytes that can be received at once (`FIONREAD`).
    ///
    /// # Errors
    ///
    /// Those of ioctl(2).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// listener.accept()?.0.send(b"pong")?;
    /// stream.peek(&mut [0])?;
    /// assert_eq!(stream.recv_queue_len()?, 4);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "FIONREAD")]
    #[doc(alias = "SIOCINQ")]
    pub fn recv_queue_len(&self) -> io::Result<usize> {
        sys::recv_queue_len(self.socket_ref().fd)
    }
}

/// Where the last field ends that is read here; it came with Linux 4.19.
const LAST_OF_TCP_INFO: usize = 208;

/// linux/tcp.h, `struct tcp_info`, which only ever grows at its end.
fn parse(raw: &[u8]) -> Option<TcpInfo> {
    let raw: &[u8; LAST_OF_TCP_INFO] = raw.try_into().ok()?;
    let u32_at = |at: usize| u32::from_ne_bytes([raw[at], raw[at + 1], raw[at + 2], raw[at + 3]]);
    let u64_at = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&raw[at..at + 8]);
        u64::from_ne_bytes(bytes)
    };
    let micros = |at| Duration::from_micros(u32_at(at).into());
    let send_mss = u32_at(16);
    let segments = |at| u64::from(u32_at(at)) * u64::from(send_mss);
    Some(TcpInfo {
        state: state(raw[0]),
        rtt: micros(68),
        rtt_variance: micros(72),
        retransmission_timeout: micros(8),
        congestion_window: segments(80),
        // net/tcp.h, TCP_INFINITE_SSTHRESH
        slow_start_threshold: (u32_at(76) != 0x7fff_ffff).then(|| segments(76)),
        send_mss,
        recv_mss: u32_at(20),
        retransmits: u32_at(100).into(),
        bytes_sent: u64_at(200),
        bytes_acked: u64_at(120),
        bytes_received: u64_at(128),
    })
}

/// net/tcp_states.h
fn state(number: u8) -> TcpState {
    match number {
        1 => TcpState::Established,
        2 => TcpState::SynSent,
        // 12 is a request that is no connection yet.
        3 | 12 => TcpState::SynReceived,
        4 => TcpState::FinWait1,
        5 => TcpState::FinWait2,
        6 => TcpState::TimeWait,
        7 => TcpState::Closed,
        8 => TcpState::CloseWait,
        9 => TcpState::LastAck,
        10 => TcpState::Listen,
        11 => TcpState::Closing,
        other => TcpState::Other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// net/tcp_states.h
    #[test]
    fn tcp_state_matches_kernel_number() {
        let names = [
            TcpState::Other(0),
            TcpState::Established,
            TcpState::SynSent,
            TcpState::SynReceived,
            TcpState::FinWait1,
            TcpState::FinWait2,
            TcpState::TimeWait,
            TcpState::Closed,
            TcpState::CloseWait,
            TcpState::LastAck,
            TcpState::Listen,
            TcpState::Closing,
            TcpState::SynReceived,
            TcpState::Other(13),
        ];
        for (number, name) in (0..).zip(names) {
            assert_eq!(state(number), name, "{number}");
        }
    }

    #[test]
    fn tcp_info_reads_windows_in_bytes() {
        let mut raw = [0; LAST_OF_TCP_INFO];
        for (at, value) in [(8, 201), (16, 1000), (20, 9), (68, 202), (72, 203), (76, 7), (80, 5)] {
            raw[at..at + 4].copy_from_slice(&u32::to_ne_bytes(value));
        }
        raw[100..104].copy_from_slice(&u32::to_ne_bytes(4));
        for (at, value) in [(120, 1 << 33), (128, 1 << 34), (200, 1 << 35)] {
            raw[at..at + 8].copy_from_slice(&u64::to_ne_bytes(value));
        }
        let expected = TcpInfo {
            state: TcpState::Other(0),
            rtt: Duration::from_micros(202),
            rtt_variance: Duration::from_micros(203),
            retransmission_timeout: Duration::from_micros(201),
            congestion_window: 5000,
            slow_start_threshold: Some(7000),
            send_mss: 1000,
            recv_mss: 9,
            retransmits: 4,
            bytes_sent: 1 << 35,
            bytes_acked: 1 << 33,
            bytes_received: 1 << 34,
        };
        assert_eq!(parse(&raw), Some(expected));
        raw[76..80].copy_from_slice(&u32::to_ne_bytes(0x7fff_ffff));
        assert_eq!(parse(&raw).unwrap().slow_start_threshold, None);
    }

    #[test]
    fn short_tcp_info_is_too_old() {
        assert_eq!(parse(&[0; LAST_OF_TCP_INFO - 1]), None);
    }
}
