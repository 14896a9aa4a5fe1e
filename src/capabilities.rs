//! What this host can do: [`capabilities`].

use std::sync::OnceLock;

use crate::sys;

/// What this host can do at run time, as [`capabilities`] found it.
///
/// # Examples
///
/// ```
/// let can = inet6::capabilities();
/// println!("dual-stack sockets: {}", can.dual_stack);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Capabilities {
    /// An IPv6 socket can be opened and bound to `[::1]`.
    pub ipv6: bool,
    /// One socket can serve IPv6 and IPv4.
    pub dual_stack: bool,
    /// [`Builder::multipath_tcp`](crate::Builder::multipath_tcp) works.
    pub multipath_tcp: bool,
}

/// Finds out what this host can do.
///
/// Each answer is probed with a socket of its own, which sends nothing. The first call costs some
/// system calls, and later ones none: the answers are kept for the life of the process.
///
/// # Examples
///
/// ```
/// if !inet6::capabilities().ipv6 {
///     eprintln!("this host has no IPv6");
/// }
/// ```
#[must_use]
pub fn capabilities() -> Capabilities {
    static FOUND: OnceLock<Capabilities> = OnceLock::new();
    *FOUND.get_or_init(probe)
}

fn probe() -> Capabilities {
    use crate::Builder;

    Capabilities {
        ipv6: Builder::datagram().bind("[::1]:0").is_ok(),
        dual_stack: Builder::datagram().dual_stack().bind("[::]:0").is_ok(),
        multipath_tcp: sys::open(crate::kind::Protocol::MultipathTcp, false).is_ok(),
    }
}
