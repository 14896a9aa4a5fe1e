//! The zone of an address: [`Zone`].

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::AddressError;
use crate::error::reason::AddressFault;

/// The part after the `%` of an address: which interface a link-local address is meant on
/// (RFC 4007).
///
/// A zone is the name of an interface or its index, as it was written; the name is looked up when a
/// socket uses the address. [`Interface`](crate::interface::Interface) is an interface that exists.
///
/// # Examples
///
/// ```
/// use inet6::addr::Zone;
///
/// assert_eq!("2".parse::<Zone>()?.index().unwrap().get(), 2);
/// assert_eq!("eth0".parse::<Zone>()?.name(), Some("eth0"));
/// assert!("".parse::<Zone>().is_err());
/// assert!("0".parse::<Zone>().is_err()); // 0 stands for no zone
/// # Ok::<(), inet6::addr::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(pub(super) ZoneForm);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ZoneForm {
    Index(NonZeroU32),
    Name(Box<str>),
}

impl Zone {
    /// The index, if the zone was written as a number.
    ///
    /// # Examples
    ///
    /// See [`Zone`].
    #[must_use]
    pub fn index(&self) -> Option<NonZeroU32> {
        match self.0 {
            ZoneForm::Index(index) => Some(index),
            ZoneForm::Name(_) => None,
        }
    }

    /// The name, if the zone was written as a name.
    ///
    /// # Examples
    ///
    /// See [`Zone`].
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            ZoneForm::Index(_) => None,
            ZoneForm::Name(name) => Some(name),
        }
    }
}

impl FromStr for Zone {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let bad = |c: char| c.is_control() || c.is_whitespace() || "%/[]".contains(c);
        if text.is_empty() || text.contains(bad) {
            return Err(AddressError::new(text, AddressFault::Zone));
        }
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self(ZoneForm::Name(text.into())));
        }
        match text.parse() {
            Ok(index) => Ok(Self(ZoneForm::Index(index))),
            Err(_) => Err(AddressError::new(text, AddressFault::ZoneIndex)),
        }
    }
}

impl From<NonZeroU32> for Zone {
    fn from(index: NonZeroU32) -> Self {
        Self(ZoneForm::Index(index))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ZoneForm::Index(index) => index.fmt(f),
            ZoneForm::Name(name) => f.pad(name),
        }
    }
}
