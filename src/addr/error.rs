//! Why an address cannot be used: [`AddressError`].

use std::fmt;
use std::io;
use std::net::SocketAddrV6;

use crate::error::reason::{AddressFault, system_error};

/// Why an address cannot be used. It converts into [`std::io::Error`], keeping the
/// [kind](Self::kind).
///
/// # Examples
///
/// ```
/// let error = "fe80::1:8000".parse::<inet6::Endpoint>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`fe80::1:8000` lacks brackets: write an IPv6 address and its port as [fe80::1]:8000",
/// );
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {reason}")]
pub struct AddressError {
    text: Box<str>,
    pub(super) reason: AddressFault,
}

impl AddressError {
    /// Returns the kind of the failure.
    ///
    /// It is [`InvalidInput`](io::ErrorKind::InvalidInput), unless the system could not say whether
    /// an interface exists, for example because the process has no free descriptor. Then it is the
    /// kind of the system's error, and the address may be right.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = "localhost:80".parse::<inet6::Endpoint>().unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    /// assert_eq!(error.raw_os_error(), None);
    /// ```
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self.reason {
            AddressFault::LookUp(code) => system_error(code).kind(),
            _ => io::ErrorKind::InvalidInput,
        }
    }

    /// Returns the number of the system's error, if looking up an interface failed.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match self.reason {
            AddressFault::LookUp(code) => code,
            _ => None,
        }
    }

    /// Whether the address is wrong, as opposed to the state of the system.
    pub(crate) fn is_about_the_address(&self) -> bool {
        !matches!(self.reason, AddressFault::LookUp(_))
    }

    pub(crate) fn new(text: impl Into<Box<str>>, reason: AddressFault) -> Self {
        let mut text = text.into();
        // An error is one line, and text from outside must not steer the terminal that shows it.
        if text.contains(char::is_control) {
            text = text.escape_debug().to_string().into();
        }
        Self { text, reason }
    }

    /// For a destination that is link-local and says nowhere on which interface.
    #[cold]
    pub(crate) fn no_zone(wire: &SocketAddrV6) -> Self {
        Self::new(wire.to_string(), AddressFault::NoZone)
    }
}

/// The same line, for `unwrap` and for `main`.
impl fmt::Debug for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<AddressError> for io::Error {
    fn from(error: AddressError) -> Self {
        Self::new(error.kind(), error)
    }
}
