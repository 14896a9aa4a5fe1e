//! What systems give where they differ: the one table that tests branch on.
//!
//! Linux has been seen to give its column, and Wine that of Windows but for what docs/platforms.md
//! lists. What stands of the other systems is from their manuals and headers, as in the guide.

use std::io::ErrorKind;

/// A column of the table. The numbers are those of `docs/acceptance.md`.
#[derive(Debug)]
pub(crate) struct Differs {
    /// 12: whether `::` as a peer is this host, or `AddrNotAvailable`.
    pub(crate) wildcard_is_this_host: bool,
    /// 13: a stream connects to port 0.
    pub(crate) stream_to_port_0: ErrorKind,
    /// 13: a datagram is sent to port 0.
    pub(crate) datagram_to_port_0: ErrorKind,
    /// 18: the hop limit that is read if none was set.
    pub(crate) hop_limit: Option<u8>,
    /// 51: what is read of a buffer size, in times of what was set.
    pub(crate) buffer_size: u32,
}

const LINUX: Differs = Differs {
    wildcard_is_this_host: true,
    stream_to_port_0: ErrorKind::ConnectionRefused,
    datagram_to_port_0: ErrorKind::InvalidInput,
    hop_limit: Some(64),
    // net/core/sock.c: it pays for the kernel's bookkeeping.
    buffer_size: 2,
};

/// The BSDs and Apple's systems.
const BSD: Differs = Differs {
    stream_to_port_0: ErrorKind::AddrNotAvailable,
    datagram_to_port_0: ErrorKind::AddrNotAvailable,
    hop_limit: None,
    buffer_size: 1,
    ..LINUX
};

const WINDOWS: Differs = Differs {
    wildcard_is_this_host: false,
    stream_to_port_0: ErrorKind::AddrNotAvailable,
    datagram_to_port_0: ErrorKind::AddrNotAvailable,
    hop_limit: Some(128),
    buffer_size: 1,
};

/// The column of this system, or that of Linux, where Wine does as its host and the test says so.
pub(crate) fn differs(as_linux: bool) -> &'static Differs {
    if as_linux || cfg!(any(target_os = "linux", target_os = "android")) {
        &LINUX
    } else if cfg!(windows) {
        &WINDOWS
    } else {
        &BSD
    }
}
