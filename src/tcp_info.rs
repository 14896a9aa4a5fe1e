//! The state of a TCP connection: [`TcpInfo`].

use std::time::Duration;

/// The state of a TCP connection at one moment, as [`TcpStream::tcp_info`](crate::TcpStream::tcp_info) reads it.
///
/// # Examples
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use inet6::{TcpListener, TcpState, TcpStream};
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
