//! From a name to its addresses: the trait [`Resolve`] and the system's resolver.

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;

use crate::sys::{self, ResolveReason};

/// The family of an address, or of a question for addresses.
///
/// # Examples
///
/// ```
/// use inet6::{Family, Resolve, SystemResolver};
///
/// if let Ok(found) = SystemResolver.resolve("localhost", Family::Ipv6) {
///     assert!(found.iter().all(|address| address.is_ipv6()));
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third one")]
pub enum Family {
    /// IPv6: `AAAA` records, in the DNS.
    Ipv6,
    /// IPv4: `A` records, in the DNS.
    Ipv4,
}

/// Looks names up, for [`HappyEyeballs::resolver`](crate::HappyEyeballs::resolver).
///
/// Each question runs in a thread of its own, both families side by side, so it may block; an
/// answer that comes after the race is over is thrown away.
///
/// # Examples
///
/// A table:
///
/// ```
/// use inet6::{
///     Builder, Family, HappyEyeballs, Resolve, ResolveError, ResolveErrorKind, TcpListener,
/// };
/// use std::net::{Ipv6Addr, SocketAddr};
///
/// struct Table;
///
/// impl Resolve for Table {
///     fn resolve(&self, name: &str, family: Family) -> Result<Vec<SocketAddr>, ResolveError> {
///         match (name, family) {
///             ("here", Family::Ipv6) => Ok(vec![(Ipv6Addr::LOCALHOST, 0).into()]),
///             ("here", Family::Ipv4) => Err(ResolveErrorKind::NoAddress.into()),
///             _ => Err(ResolveErrorKind::NoSuchName.into()),
///         }
///     }
/// }
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let host = HappyEyeballs::to(("here", listener.local_addr()?.port())).resolver(Table);
/// let connection = Builder::stream().connect_host(host)?;
/// assert_eq!(connection.peer, listener.local_addr()?.into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of a name in one family, the best first. Ports are ignored, and addresses of
    /// the other family left out.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] tells a name that does not exist from one without such an address and from
    /// a resolver that cannot be reached.
    fn resolve(&self, name: &str, family: Family) -> Result<Vec<SocketAddr>, ResolveError>;
}

/// The resolver of the system (`getaddrinfo`): `/etc/hosts`, the DNS and whatever it is set up for.
///
/// Its order within a family is that of RFC 6724, and is kept. An IPv6 address that stands for an
/// IPv4 one (`::ffff:192.0.2.1`) is left out.
///
/// # Platform notes
///
/// Not every system tells a name that does not exist from one without an address of the family:
/// musl before 1.2.4, FreeBSD before 14, Apple's systems, and glibc for a name that stands in
/// `/etc/hosts` alone say [`NoSuchName`](ResolveErrorKind::NoSuchName) for both, Android says
/// [`NoAddress`](ResolveErrorKind::NoAddress).
///
/// # Examples
///
/// See [`Family`].
#[doc(alias = "getaddrinfo")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str, family: Family) -> Result<Vec<SocketAddr>, ResolveError> {
        sys::resolve(name, family == Family::Ipv6).map_err(|failure| {
            let kind = match failure.reason {
                ResolveReason::NoSuchName => ResolveErrorKind::NoSuchName,
                ResolveReason::NoAddress => ResolveErrorKind::NoAddress,
                ResolveReason::Unreachable => ResolveErrorKind::Unreachable,
                ResolveReason::Other => ResolveErrorKind::Other,
            };
            ResolveError::new(kind, failure.error)
        })
    }
}

/// What sort of failure a look-up met.
///
/// # Examples
///
/// See [`Resolve`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveErrorKind {
    /// The name does not exist.
    #[error("no such name")]
    NoSuchName,
    /// The name exists, and has no address of this family.
    #[error("no address of this family")]
    NoAddress,
    /// No resolver answered, or it asks to try again later.
    #[error("the resolver cannot be reached")]
    Unreachable,
    /// Anything else.
    #[error("the look-up failed")]
    Other,
}

/// A look-up failed.
///
/// # Examples
///
/// ```
/// use inet6::{ResolveError, ResolveErrorKind};
///
/// let error = ResolveError::new(ResolveErrorKind::Unreachable, "no answer from 192.0.2.53");
/// assert_eq!(error.kind(), ResolveErrorKind::Unreachable);
/// assert_eq!(error.to_string(), "the resolver cannot be reached: no answer from 192.0.2.53");
/// ```
#[derive(Debug)]
pub struct ResolveError {
    kind: ResolveErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl ResolveError {
    /// A failure of this kind, and what caused it.
    pub fn new(kind: ResolveErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, source: Some(source.into()) }
    }

    /// The other family has an answer: the name exists.
    pub(super) fn name_exists(&mut self) {
        if self.kind == ResolveErrorKind::NoSuchName {
            *self = ResolveErrorKind::NoAddress.into();
        }
    }

    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> ResolveErrorKind {
        self.kind
    }
}

impl From<ResolveErrorKind> for ResolveError {
    fn from(kind: ResolveErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl StdError for ResolveError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
