//! What a race to a host tells: as it runs ([`Event`]), when it is won ([`Report`]), when it is lost
//! ([`HostError`]).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::resolve::{Family, ResolveError, ResolveErrorKind};
use crate::addr::AddressError;
use crate::error::Error;

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
    /// What was asked for, such as `example.com:443`.
    pub host: String,
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
    /// What was asked for.
    pub family: Family,
    /// When it came.
    pub at: Duration,
    /// The addresses, the best first.
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
    Connected,
    /// It failed, and why: the step and the system's error.
    Failed(Error),
    /// It was given up, because another one was faster or the time was over.
    Cancelled,
}

/// What happens in a race, for [`HappyEyeballs::observer`](crate::HappyEyeballs::observer).
///
/// # Examples
///
/// See [`HappyEyeballs::observer`](crate::HappyEyeballs::observer).
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
/// use inet6::{Builder, HostErrorKind, UdpSocket};
///
/// let unused = UdpSocket::bind("[::1]:0")?.local_addr()?.port();
/// let error = Builder::stream().connect_host(("::1", unused)).unwrap_err();
/// assert_eq!(error.kind(), HostErrorKind::Exhausted);
/// println!("{error}");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct HostError {
    kind: HostErrorKind,
    /// Where the host could not be read.
    address: Option<AddressError>,
    report: Report,
}

/// Why no connection came about.
///
/// # Examples
///
/// See [`HostError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostErrorKind {
    /// What was given is neither a name nor an address that the mode speaks, with a port.
    Invalid,
    /// The resolver gave no address.
    Unresolved,
    /// Every address failed.
    Exhausted,
    /// The deadline passed.
    TimedOut,
}
