//! What a race to a host tells: as it runs ([`Event`]), when it is won ([`Report`]), when it is
//! lost ([`HostError`]).

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::ResolveErrorKind;
use super::resolve::{Family, ResolveError};
use super::to_host::Host;
use crate::addr::AddressError;
use crate::error::opening::HostFailure;
use crate::error::reason::{AttemptFault, HostFault};
use crate::error::{Error, Op};

/// A connection to a host, and how it came about.
///
/// `S` is [`TcpStream`](crate::TcpStream) or [`ConnectedUdpSocket`](crate::ConnectedUdpSocket).
///
/// # Examples
///
/// ```
/// use inet6::{Builder, TcpListener};
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let port = listener.local_addr()?.port();
/// let connection = Builder::stream().connect_host(("::1", port))?;
/// assert_eq!(connection.socket.peer_addr()?, listener.local_addr()?);
/// assert_eq!(connection.report.attempts.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct HostConnection<S> {
    /// The socket that won.
    pub socket: S,
    /// The peer that it is connected to; an IPv4 one is a plain [`SocketAddr::V4`].
    pub peer: SocketAddr,
    /// What happened, the other addresses included.
    pub report: Report,
}

/// What happened in a race. Times count from its start.
///
/// It prints as a small timeline, one line an answer and one an attempt.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, TcpListener};
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let connection = Builder::stream().connect_host(("::1", listener.local_addr()?.port()))?;
/// println!("{}", connection.report);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// `None` if it could not be read.
    pub(super) host: Option<Host>,
    /// The answers of the resolver, in the order they came. None for a literal address.
    pub answers: Vec<Answer>,
    /// The attempts, in the order they started.
    pub attempts: Vec<Attempt>,
    /// How long it took.
    pub elapsed: Duration,
}

/// An answer of the resolver.
///
/// # Examples
///
/// See [`Report`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The family that it is for; `None` if it is for IPv6 and IPv4 at once.
    pub family: Option<Family>,
    /// When it came.
    pub at: Duration,
    /// The addresses, the best first. At most 256 of each family are read.
    pub result: Result<Vec<SocketAddr>, ResolveError>,
}

/// An attempt to connect to one address.
///
/// # Examples
///
/// See [`Report`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The address that was tried.
    pub address: SocketAddr,
    /// When it started.
    pub started: Duration,
    /// When it ended.
    pub ended: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an attempt ended.
///
/// # Examples
///
/// See [`Report`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It has the connection.
    Won,
    /// It failed, and why: the step and the system's error.
    Failed(Error),
    /// It was given up, because another one was faster or the time was over.
    Cancelled,
    /// A datagram socket was connected, but would send from this address, which does not suit the
    /// destination (RFC 6724). Another address was taken.
    Unsuited(IpAddr),
}

/// What happens in a race, for
/// [`HappyEyeballs::observer`](crate::connect::HappyEyeballs::observer).
///
/// # Examples
///
/// See [`HappyEyeballs::observer`](crate::connect::HappyEyeballs::observer).
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The resolver answered.
    Answered(&'a Answer),
    /// An attempt starts.
    Started {
        /// The address that is tried.
        address: SocketAddr,
        /// When, from the start of the race.
        at: Duration,
    },
    /// An attempt ended.
    Ended(&'a Attempt),
}

/// No address of a host could be connected to.
///
/// It prints what was asked, what the resolver said, and a line for each attempt.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, UdpSocket, connect::HostErrorKind};
///
/// let unused = UdpSocket::bind("[::1]:0")?.local_addr()?.port();
/// let error = Builder::stream().connect_host(("::1", unused)).unwrap_err();
/// assert_eq!(error.kind(), HostErrorKind::Exhausted);
/// println!("{error}");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct HostError {
    kind: HostErrorKind,
    /// Where the host could not be read.
    address: Option<AddressError>,
    report: Box<Report>,
}

/// Why no connection came about.
///
/// # Examples
///
/// See [`HostError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostErrorKind {
    /// What was given is neither a name nor an address that the mode speaks, with a port, or its
    /// zone is no interface of this host.
    Invalid,
    /// The resolver gave no address.
    Unresolved,
    /// Every address failed.
    Exhausted,
    /// The deadline passed.
    TimedOut,
    /// It was given up, by a [`Cancel`](crate::cancel::Cancel).
    Cancelled,
}

impl HostError {
    pub(super) fn new(kind: HostErrorKind, report: Report) -> Self {
        Self { kind, address: None, report: Box::new(report) }
    }

    /// The look-up of a name failed, and nothing was tried to connect.
    pub(crate) fn unresolved(host: Host, error: ResolveError, elapsed: Duration) -> Self {
        let mut report = Report::new(Some(host));
        report.elapsed = elapsed;
        report.answers.push(Answer { family: None, at: elapsed, result: Err(error) });
        Self::new(HostErrorKind::Unresolved, report)
    }

    pub(super) fn invalid(error: AddressError, report: Report) -> Self {
        Self { kind: HostErrorKind::Invalid, address: Some(error), report: Box::new(report) }
    }

    /// Why no connection came about.
    #[must_use]
    pub fn kind(&self) -> HostErrorKind {
        self.kind
    }

    /// What was asked, what the resolver said, and what became of each attempt.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The kind of an [`io::Error`] that stands for all that happened.
    fn io_kind(&self) -> io::ErrorKind {
        let mut failures =
            self.report.attempts.iter().rev().filter_map(|attempt| match &attempt.outcome {
                Outcome::Failed(error) => Some(error.kind()),
                _ => None,
            });
        match self.kind {
            HostErrorKind::Invalid => io::ErrorKind::InvalidInput,
            HostErrorKind::TimedOut => io::ErrorKind::TimedOut,
            HostErrorKind::Cancelled => io::ErrorKind::ConnectionAborted,
            // It may answer later; a name without an address stays without one.
            HostErrorKind::Unresolved if self.report.met(ResolveErrorKind::Unreachable) => {
                io::ErrorKind::HostUnreachable
            }
            HostErrorKind::Unresolved if self.report.met(ResolveErrorKind::Other) => {
                io::ErrorKind::Other
            }
            HostErrorKind::Unresolved => io::ErrorKind::NotFound,
            HostErrorKind::Exhausted => failures.next().unwrap_or(io::ErrorKind::Other),
        }
    }
}

/// The same lines, for `unwrap` and for `main`; `{:#?}` prints the fields.
impl fmt::Debug for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f
                .debug_struct("HostError")
                .field("kind", &self.kind)
                .field("address", &self.address)
                .field("report", &self.report)
                .finish();
        }
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.address {
            return HostFault::Invalid(error).fmt(f);
        }
        let host = self.report.host();
        let fault = match self.kind {
            HostErrorKind::Unresolved if self.report.no_such_name() => HostFault::NoSuchName(host),
            HostErrorKind::Unresolved => HostFault::NoAddress(host),
            HostErrorKind::TimedOut => HostFault::TimedOut(host),
            HostErrorKind::Cancelled => HostFault::Cancelled(host),
            HostErrorKind::Invalid | HostErrorKind::Exhausted => HostFault::Exhausted(host),
        };
        fault.fmt(f)?;
        self.report.lines(f)
    }
}

impl std::error::Error for HostError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let failure =
            self.report.attempts.iter().rev().find_map(|attempt| match &attempt.outcome {
                Outcome::Failed(error) => Some(error as _),
                _ => None,
            });
        let unanswered = || {
            self.report.answers.iter().find_map(|answer| match &answer.result {
                Err(error) => Some(error as _),
                Ok(_) => None,
            })
        };
        self.address.as_ref().map(|error| error as _).or(failure).or_else(unanswered)
    }
}

impl From<HostError> for Error {
    fn from(host: HostError) -> Self {
        let op = match host.kind {
            HostErrorKind::Invalid => Op::Address,
            HostErrorKind::Unresolved => Op::LookUp,
            _ => Op::Connect,
        };
        let mut failures = host.report.attempts.iter().rev();
        let raw_os_error = failures.find_map(|attempt| match &attempt.outcome {
            Outcome::Failed(error) => error.raw_os_error(),
            _ => None,
        });
        Self::host(op, HostFailure { kind: host.io_kind(), raw_os_error, error: host.into() })
    }
}

impl From<HostError> for io::Error {
    fn from(error: HostError) -> Self {
        Self::new(error.io_kind(), error)
    }
}

impl Report {
    pub(super) fn new(host: Option<Host>) -> Self {
        Self { host, answers: Vec::new(), attempts: Vec::new(), elapsed: Duration::ZERO }
    }

    /// Returns the host as it was asked for, such as `example.com:443`; empty if it could not be
    /// read.
    #[must_use]
    pub fn host(&self) -> String {
        self.host.as_ref().map_or_else(String::new, Host::to_string)
    }

    fn no_such_name(&self) -> bool {
        let missing = |answer: &Answer| match &answer.result {
            Err(error) => error.kind() == ResolveErrorKind::NoSuchName,
            Ok(_) => false,
        };
        !self.answers.is_empty() && self.answers.iter().all(missing)
    }

    /// Whether a look-up failed so.
    fn met(&self, kind: ResolveErrorKind) -> bool {
        let met = |answer: &Answer| answer.result.as_ref().is_err_and(|e| e.kind() == kind);
        self.answers.iter().any(met)
    }

    fn lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for answer in &self.answers {
            write!(f, "\n{:>6} ms  {answer}", answer.at.as_millis())?;
        }
        for attempt in &self.attempts {
            write!(f, "\n{attempt}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} ms", self.host(), self.elapsed.as_millis())?;
        self.lines(f)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(family) = self.family {
            write!(f, "{family} ")?;
        }
        f.write_str("answer: ")?;
        match &self.result {
            Ok(addresses) => {
                let addresses: Vec<_> = addresses.iter().map(|a| a.ip().to_string()).collect();
                f.write_str(&addresses.join(", "))
            }
            Err(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (started, ended) = (self.started.as_millis(), self.ended.as_millis());
        write!(f, "{started:>6} ms to {ended:>6} ms  {}: ", self.address)?;
        match &self.outcome {
            Outcome::Won => f.write_str("connected"),
            Outcome::Failed(error) => error.fmt(f),
            Outcome::Cancelled => AttemptFault::Cancelled.fmt(f),
            Outcome::Unsuited(source) => AttemptFault::UnsuitableSource(*source).fmt(f),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv6 => "IPv6",
            Self::Ipv4 => "IPv4",
        })
    }
}
