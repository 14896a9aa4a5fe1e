//! From a name to its addresses: the trait [`Resolve`] and the system's resolver.

use std::error::Error as StdError;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use super::answers::{Answers, Inbox, Query};
use crate::error::reason::ResolveErrorKind;
use crate::sys::{self, Wanted};

/// The family of an address, or of a question for addresses.
///
/// # Examples
///
/// ```
/// use inet6::connect::{Family, HappyEyeballs};
///
/// let host = HappyEyeballs::to("example.com:443").first_family(Family::Ipv4);
/// # _ = host;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third one")]
pub enum Family {
    /// IPv6: `AAAA` records, in the DNS.
    Ipv6,
    /// IPv4: `A` records, in the DNS.
    Ipv4,
}

impl Family {
    pub(super) const BOTH: [Self; 2] = [Self::Ipv6, Self::Ipv4];

    pub(super) fn of(address: SocketAddr) -> Self {
        if address.is_ipv6() { Self::Ipv6 } else { Self::Ipv4 }
    }
}

/// Looks names up, for [`HappyEyeballs::resolver`](crate::connect::HappyEyeballs::resolver).
///
/// # Examples
///
/// A table, which knows everything at once:
///
/// ```
/// use inet6::{
///     Builder, TcpListener,
///     connect::{Answers, HappyEyeballs, Query, Resolve, ResolveErrorKind},
/// };
/// use std::net::{IpAddr, SocketAddr};
///
/// struct Table(Vec<(&'static str, IpAddr)>);
///
/// impl Resolve for Table {
///     fn resolve(&self, query: Query, answers: Answers) {
///         let own = self.0.iter().filter(|(name, _)| *name == query.name());
///         let all: Vec<_> = own.map(|(_, ip)| SocketAddr::new(*ip, 0)).collect();
///         match all.is_empty() {
///             true => answers.push_all(Err(ResolveErrorKind::NoSuchName.into())),
///             false => answers.push_all(Ok(all)),
///         }
///     }
/// }
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let host = HappyEyeballs::to(("here", listener.local_addr()?.port()));
/// let host = host.resolver(Table(vec![("here", "::1".parse()?)]));
/// let connection = Builder::stream().connect_host(host)?;
/// assert_eq!(connection.peer, listener.local_addr()?.into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A resolver that asks for AAAA and A side by side gives each answer as it comes. Such an
/// answer starts the race, and IPv4 waits a little for IPv6 (RFC 8305, section 3):
///
/// ```
/// use inet6::connect::{Answers, Family, Query, Resolve, ResolveError};
/// use std::net::SocketAddr;
///
/// /// A client of a name server.
/// #[derive(Clone)]
/// struct Client;
///
/// impl Client {
///     fn ask(&self, name: &str, family: Family) -> Result<Vec<SocketAddr>, ResolveError> {
/// #       _ = (name, family);
///         // …
/// #       Ok(vec!["[2001:db8::1]:0".parse().unwrap(), "192.0.2.1:0".parse().unwrap()])
///     }
/// }
///
/// impl Resolve for Client {
///     fn resolve(&self, query: Query, answers: Answers) {
///         std::thread::scope(|scope| {
///             for family in [Family::Ipv6, Family::Ipv4] {
///                 let (query, answers) = (&query, &answers);
///                 scope.spawn(move || {
///                     if query.wants(family) {
///                         answers.push(family, self.ask(query.name(), family));
///                     }
///                 });
///             }
///         });
///     }
/// }
///
/// let found = Client.look_up(Query::new("host.example"))?;
/// assert_eq!(found.len(), 2);
/// # Ok::<(), ResolveError>(())
/// ```
pub trait Resolve: Send + Sync + 'static {
    /// Answers a question, at once or bit by bit.
    ///
    /// A race calls it in a thread of its own, so it may block. It may also hand `answers` to
    /// another thread or to a task and return: the question is open until the last clone of
    /// `answers` is dropped.
    ///
    /// An answer that comes when the race is over is thrown away. A panic counts as a failure of
    /// every family without an answer.
    fn resolve(&self, query: Query, answers: Answers);

    /// Looks a name up without connecting: asks, waits until every answer has come, and returns all
    /// addresses in the order of the answers. Their port is 0.
    ///
    /// # Errors
    ///
    /// If there is no address, why: an unreachable resolver counts for more than a missing name or
    /// address.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::connect::{Query, Resolve, SystemResolver};
    ///
    /// let found = SystemResolver.look_up(Query::new("localhost"))?;
    /// assert!(found.iter().all(|address| address.ip().is_loopback()));
    /// # Ok::<(), inet6::connect::ResolveError>(())
    /// ```
    fn look_up(&self, query: Query) -> Result<Vec<SocketAddr>, ResolveError> {
        let reader = thread::current();
        let (answers, inbox) = Inbox::open(&query, move || reader.unpark());
        self.resolve(query, answers);
        let (mut all, mut failure) = (Vec::new(), None::<ResolveError>);
        loop {
            let (found, closed) = inbox.take();
            for found in found {
                match found.result {
                    Ok(addresses) => all.extend(addresses),
                    Err(error) if error.kind == ResolveErrorKind::Unreachable => {
                        failure = Some(error);
                    }
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            if closed {
                break;
            }
            thread::park();
        }
        match failure {
            Some(error) if all.is_empty() => Err(error),
            _ => Ok(all),
        }
    }
}

/// Lets several hosts share a resolver, and so its cache.
impl<R: Resolve + ?Sized> Resolve for Arc<R> {
    fn resolve(&self, query: Query, answers: Answers) {
        (**self).resolve(query, answers);
    }
}

/// The resolver of the system (`getaddrinfo`): `/etc/hosts`, the DNS and whatever it is set up for.
///
/// It is asked one question, like std, Python and curl ask it: for both families at once
/// (`AF_UNSPEC`), or for IPv6 alone (`AF_INET6`, as `curl -6`) if the socket is
/// [`V6Only`](struct@crate::V6Only). So the first source that knows the name decides, in whichever
/// family: with `127.0.0.1 api.example` in `/etc/hosts`, an `AAAA` record of that name in the DNS
/// is not looked at. The order of its answer is kept, within a family and in which family is first;
/// it is that of RFC 6724, and of `gai.conf` on Linux with glibc.
///
/// `localhost` and names below `.localhost` are `::1`, then `127.0.0.1`, without asking it (RFC
/// 6761, section 6.3): an entry of `/etc/hosts` for them is ignored.
///
/// # One question, one answer
///
/// The answer comes when both families are known, so a name server that is slow to answer `AAAA`
/// delays IPv4. If that matters, use a [resolver](Resolve) that gives each answer as it comes.
///
/// # Platform notes
///
/// glibc has no zones in an answer for IPv6 alone. If such an answer has a link-local address, as
/// those of multicast DNS may have, the question for both families is asked as well, for its zone.
///
/// With musl, a question for IPv6 alone ends at `/etc/hosts` if the name is there in whichever
/// family, and at most 48 addresses are given.
///
/// Not every system tells a name that does not exist from one without an address of the family:
/// musl before 1.2.4, FreeBSD before 14, Apple's systems, and glibc for a name that is in
/// `/etc/hosts` alone report [`NoSuchName`](ResolveErrorKind::NoSuchName) for both, Android reports
/// [`NoAddress`](ResolveErrorKind::NoAddress).
///
/// # Examples
///
/// See [`Resolve::look_up`].
#[doc(alias = "getaddrinfo")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, query: Query, answers: Answers) {
        answers.push_all(localhost(query.name()).map_or_else(|| ask(&query), Ok));
    }
}

fn ask(query: &Query) -> Result<Vec<SocketAddr>, ResolveError> {
    let wanted = match query.family() {
        None => Wanted::Both,
        Some(Family::Ipv6) => Wanted::Ipv6,
        Some(Family::Ipv4) => Wanted::Ipv4,
    };
    sys::resolve(query.name(), wanted)
        .map_err(|failure| ResolveError::new(failure.kind, failure.error))
}

/// Returns the addresses of `localhost` and of the names below it, which are not looked up (RFC
/// 6761, section 6.3).
pub(super) fn localhost(name: &str) -> Option<Vec<SocketAddr>> {
    const LOCALHOST: &[u8] = b"localhost";

    let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
    let (above, last) = name.split_at(name.len().checked_sub(LOCALHOST.len())?);
    let is_below = above.len() > 1 && above.ends_with(b".");
    (last.eq_ignore_ascii_case(LOCALHOST) && (above.is_empty() || is_below))
        .then(|| vec![(Ipv6Addr::LOCALHOST, 0).into(), (Ipv4Addr::LOCALHOST, 0).into()])
}

/// A look-up failed.
///
/// # Examples
///
/// ```
/// use inet6::connect::{ResolveError, ResolveErrorKind};
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

#[cfg(test)]
mod tests {
    use super::localhost;

    #[test]
    fn localhost_is_known_in_any_case() {
        for name in
            ["localhost", "LOCALHOST", "localhost.", "a.localhost", "b.a.LocalHost.", "é.localhost"]
        {
            assert!(localhost(name).is_some(), "{name}");
        }
        for name in [
            "",
            ".",
            "ocalhost",
            "local",
            "alocalhost",
            "élocalhost",
            ".localhost",
            "localhost..",
            "localhost.example",
            "localhost.a",
            "localhostlocalhos",
        ] {
            assert!(localhost(name).is_none(), "{name}");
        }
    }
}
