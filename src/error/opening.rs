//! Why a socket was not opened or set up: [`Error`].

use std::{fmt, io};

use super::reason::{Reason, Step};
use super::{Absence, Op};
use crate::addr::{AddressError, Endpoint};

/// Opening or setting up a socket failed: which step, with which address or option, and why.
///
/// It prints in one line what was tried, on what, and where it is known, why and what to do. The
/// system's own error is the [`source`](std::error::Error::source). Using an open socket gives a
/// plain [`io::Error`], and this type converts into one, keeping the kind.
///
/// `{:?}` prints the same line, so that `fn main() -> Result<(), inet6::Error>` and `unwrap` show
/// what a person can read; `{:#?}` prints the fields.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, error::Op};
/// use std::io::ErrorKind;
///
/// let first = TcpListener::bind("[::1]:0")?;
/// let error = TcpListener::bind(first.local_addr()?).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::AddrInUse);
/// assert!(matches!(error.op(), Op::Bind | Op::Listen));
/// assert!(error.to_string().contains("address in use"));
/// assert_eq!(error.address(), Some(&first.local_addr()?.into()));
/// assert!(error.raw_os_error().is_some()); // EADDRINUSE, WSAEADDRINUSE
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    op: Op,
    address: Option<Endpoint>,
    reason: Option<Reason>,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Address(AddressError),
    System(io::Error),
    /// This crate refuses it, for a reason that is given, and the system was not asked.
    Refused(io::ErrorKind),
    Host(HostFailure),
}

/// The failure of a host, which prints itself: many addresses may have failed.
#[derive(Debug)]
pub(crate) struct HostFailure {
    pub(crate) kind: io::ErrorKind,
    /// The number of the last address that failed.
    pub(crate) raw_os_error: Option<i32>,
    pub(crate) error: Box<dyn std::error::Error + Send + Sync>,
}

impl Error {
    pub(crate) fn new(
        op: Op,
        address: Option<Endpoint>,
        reason: Option<Reason>,
        source: io::Error,
    ) -> Self {
        Self(Box::new(Inner { op, address, reason, cause: Cause::System(source) }))
    }

    /// A refusal by this crate.
    pub(crate) fn refused(
        op: Op,
        address: Option<Endpoint>,
        reason: Reason,
        kind: io::ErrorKind,
    ) -> Self {
        let (reason, cause) = (Some(reason), Cause::Refused(kind));
        Self(Box::new(Inner { op, address, reason, cause }))
    }

    /// Converts into the system's own error if nothing more is known, so that its number is kept.
    pub(super) fn into_system(self) -> io::Error {
        match *self.0 {
            Inner { reason: None, cause: Cause::System(error), .. } => error,
            inner => Self(Box::new(inner)).into(),
        }
    }

    pub(crate) fn host(op: Op, failure: HostFailure) -> Self {
        Self(Box::new(Inner { op, address: None, reason: None, cause: Cause::Host(failure) }))
    }

    /// The step that failed.
    ///
    /// # Examples
    ///
    /// See [`Error`].
    #[must_use]
    pub fn op(&self) -> Op {
        self.0.op
    }

    /// The kind of the failure, for handling it.
    ///
    /// # Examples
    ///
    /// See [`Error`].
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match &self.0.cause {
            Cause::Address(error) => error.kind(),
            Cause::Host(failure) => failure.kind,
            Cause::Refused(kind) => *kind,
            // The numbers for this have no kind of their own in std.
            Cause::System(error) => match self.0.reason {
                Some(
                    Reason::Unsupported
                    | Reason::NoMultipathTcp
                    | Reason::NoEcho
                    | Reason::NoDualStack
                    | Reason::NoV6Only
                    | Reason::NoSources,
                ) => io::ErrorKind::Unsupported,
                Some(Reason::UnknownName) => io::ErrorKind::NotFound,
                _ => error.kind(),
            },
        }
    }

    /// The address that was bound or connected to, where there is one; or the group, with the
    /// interface as its zone and port 0.
    ///
    /// # Examples
    ///
    /// See [`Error`].
    #[must_use]
    pub fn address(&self) -> Option<&Endpoint> {
        self.0.address.as_ref()
    }

    /// Why this host does not have the address, where that is the failure and the system tells.
    ///
    /// # Examples
    ///
    /// A server that starts with its host, before its address may be used:
    ///
    /// ```
    /// use inet6::{UdpSocket, error::Absence};
    /// use std::{thread, time::Duration};
    ///
    /// fn bind(address: &str) -> Result<UdpSocket, inet6::Error> {
    ///     loop {
    ///         match UdpSocket::bind(address) {
    ///             Err(error) if error.absence() == Some(Absence::Tentative) => {
    ///                 thread::sleep(Duration::from_millis(100));
    ///             }
    ///             result => return result,
    ///         }
    ///     }
    /// }
    ///
    /// bind("[::1]:0")?;
    /// let error = bind("[2001:db8::1]:0").unwrap_err();
    /// assert_eq!(error.absence(), None); // another host's
    /// # Ok::<(), inet6::Error>(())
    /// ```
    #[must_use]
    pub fn absence(&self) -> Option<Absence> {
        match self.0.reason? {
            Reason::Absent(absence) => Some(absence),
            _ => None,
        }
    }

    /// The number of the system's error, where it came from a system call.
    ///
    /// # Examples
    ///
    /// See [`Error`].
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match &self.0.cause {
            Cause::Address(error) => error.raw_os_error(),
            Cause::System(error) => error.raw_os_error(),
            Cause::Host(failure) => failure.raw_os_error,
            Cause::Refused(_) => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause: &dyn fmt::Display = match (&self.0.reason, &self.0.cause) {
            (_, Cause::Host(failure)) => return failure.error.fmt(f),
            (Some(reason), _) => reason,
            (None, Cause::Address(error)) => error,
            (None, Cause::System(error)) => error,
            (None, Cause::Refused(kind)) => kind,
        };
        write!(f, "{}", Step(self.0.op))?;
        match (&self.0.address, self.0.op) {
            // A group has no port.
            (Some(group), Op::Join | Op::Leave | Op::Block | Op::Unblock) => {
                write!(f, " {}", group.ip())?;
                if let Some(zone) = group.zone() {
                    write!(f, "%{zone}")?;
                }
            }
            (Some(address), _) => write!(f, " {address}")?,
            (None, _) => {}
        }
        write!(f, ": {cause}")
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f.debug_tuple("Error").field(&self.0).finish();
        }
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Cause::Address(error) => Some(error),
            Cause::System(error) => Some(error),
            Cause::Refused(_) => None,
            Cause::Host(failure) => failure.error.source(),
        }
    }
}

impl From<AddressError> for Error {
    fn from(error: AddressError) -> Self {
        Self(Box::new(Inner {
            op: Op::Address,
            address: None,
            reason: None,
            cause: Cause::Address(error),
        }))
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}
