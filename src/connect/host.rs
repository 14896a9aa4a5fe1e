//! What to connect to and how: [`HappyEyeballs`].

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::report::Event;
use super::resolve::{Family, Resolve, SystemResolver};
use crate::addr::{AddressError, Endpoint, Reason};

/// A host to connect to, and the rules of the race between its addresses (RFC 8305).
///
/// Text, a pair of name and port, or an [`Endpoint`] becomes one with the defaults of the RFC; that
/// is what [`Builder::connect_host`](crate::Builder::connect_host) takes.
///
/// | rule | default | source |
/// | --- | --- | --- |
/// | [`resolution_delay`](Self::resolution_delay) | 50 ms | RFC 8305, section 3 |
/// | [`attempt_delay`](Self::attempt_delay) | 250 ms | section 5 |
/// | [`deadline`](Self::deadline) | none | |
/// | [`first_family`](Self::first_family) | IPv6 | section 4 |
/// | [`first_family_count`](Self::first_family_count) | 1 | section 4 |
/// | [`resolver`](Self::resolver) | the system's | |
///
/// # Examples
///
/// ```
/// use inet6::{Builder, HappyEyeballs, TcpListener};
/// use std::time::Duration;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let host = HappyEyeballs::to(("::1", listener.local_addr()?.port()))
///     .attempt_delay(Duration::from_millis(100))
///     .deadline(Duration::from_secs(5));
/// let connection = Builder::stream().connect_host(&host)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is connected until `connect_host` is called"]
pub struct HappyEyeballs {
    pub(super) target: Result<Target, AddressError>,
    pub(super) resolution_delay: Duration,
    pub(super) attempt_delay: Duration,
    pub(super) deadline: Option<Duration>,
    pub(super) first_family: Family,
    pub(super) first_family_count: NonZeroUsize,
    pub(super) source: Option<Arc<dyn Fn(SocketAddr) -> Option<SocketAddr> + Send + Sync>>,
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) observer: Option<Arc<dyn Fn(&Event<'_>) + Send + Sync>>,
}

/// A host as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Literal(Endpoint),
    Name { name: Box<str>, port: u16 },
}
