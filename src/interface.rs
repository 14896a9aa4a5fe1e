//! The network interfaces of this host: [`Interface`].

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroU32;

use crate::addr::mapped::canonical_ip;
use crate::addr::{AddressError, Reason, Zone};
use crate::sys;

/// A network interface of this host, by its index.
///
/// The index is what the kernel knows; the name is asked for when it is wanted. A
/// [`Zone`] is what a person wrote, which may name no interface; `Interface::from_name` finds out.
///
/// # Examples
///
/// ```
/// use inet6::Interface;
///
/// for interface in Interface::list()? {
///     println!("{interface}: {} {:?}", interface.name()?, interface.addresses()?);
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interface {
    index: NonZeroU32,
}

impl Interface {
    /// The interface of this index, which need not exist.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroU32;
    ///
    /// let interface = inet6::Interface::from_index(NonZeroU32::MIN);
    /// assert_eq!(interface.index().get(), 1);
    /// ```
    #[must_use]
    pub const fn from_index(index: NonZeroU32) -> Self {
        Self { index }
    }

    /// The interface of this name.
    ///
    /// # Errors
    ///
    /// No interface of this host has the name. Never the interface 0.
    ///
    /// # Platform notes
    ///
    /// On Windows, names have the form `ethernet_32769`, as `if_nametoindex` there knows them.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Interface;
    ///
    /// let first = Interface::list()?[0];
    /// assert_eq!(Interface::from_name(&first.name()?)?, first);
    /// assert!(Interface::from_name("no such interface").is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "if_nametoindex")]
    pub fn from_name(name: &str) -> Result<Self, AddressError> {
        match sys::interface_index(name) {
            Some(index) => Ok(Self { index }),
            None => Err(AddressError::new(name, Reason::UnknownInterface)),
        }
    }

    /// The interfaces of this host, by rising index.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// let all = inet6::Interface::list()?;
    /// assert!(!all.is_empty()); // the loopback interface at least
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "if_nameindex")]
    pub fn list() -> io::Result<Vec<Self>> {
        Ok(sys::interfaces()?.into_iter().map(|index| Self { index }).collect())
    }

    /// The index, which is the scope id of addresses on this interface.
    ///
    /// # Examples
    ///
    /// See [`Interface::from_index`].
    #[must_use]
    pub const fn index(self) -> NonZeroU32 {
        self.index
    }

    /// The name.
    ///
    /// # Errors
    ///
    /// The interface does not exist, or no longer does.
    ///
    /// # Examples
    ///
    /// ```
    /// let first = inet6::Interface::list()?[0];
    /// assert!(!first.name()?.is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "if_indextoname")]
    pub fn name(self) -> io::Result<String> {
        sys::interface_name(self.index)
    }

    /// The addresses, IPv6 and IPv4, each with the length of its prefix.
    ///
    /// # Errors
    ///
    /// Those of the system. An interface that does not exist has no addresses.
    ///
    /// # Platform notes
    ///
    /// Linux lets an administrator give an interface an address in `::ffff:0:0/96`. No socket can use
    /// it, and it is left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Interface;
    ///
    /// for interface in Interface::list()? {
    ///     for (address, prefix) in interface.addresses()? {
    ///         println!("{address}/{prefix}");
    ///     }
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "getifaddrs")]
    pub fn addresses(self) -> io::Result<Vec<(IpAddr, u8)>> {
        let mut all = sys::interface_addresses()?;
        all.retain(|address| {
            address.index == self.index.get() && canonical_ip(address.ip) == address.ip
        });
        Ok(all.into_iter().map(|address| (address.ip, address.prefix_len)).collect())
    }
}

impl From<Interface> for Zone {
    fn from(interface: Interface) -> Self {
        interface.index.into()
    }
}

/// Looks the name up, where the zone is one.
impl TryFrom<&Zone> for Interface {
    type Error = AddressError;

    fn try_from(zone: &Zone) -> Result<Self, AddressError> {
        match (zone.index(), zone.name()) {
            (Some(index), _) => Ok(Self { index }),
            (None, name) => Self::from_name(name.unwrap_or_default()),
        }
    }
}

/// The index.
impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.index.fmt(f)
    }
}
