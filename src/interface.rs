//! The network interfaces of this host: [`Interface`], and [`Interfaces`] with their addresses.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::slice;
use std::vec;

use crate::addr::mapped::canonical_ip;
use crate::addr::{AddressError, Zone};
use crate::error::reason::AddressFault;
use crate::sys;

/// A network interface of this host, by its index.
///
/// The index is how the kernel identifies an interface. [`Interface::list`] reads names and
/// addresses of all interfaces at once. A [`Zone`] is what a person wrote, which may name no
/// interface.
///
/// An index is valid in one network namespace only, and may be used again when the interface is
/// gone.
///
/// # Examples
///
/// ```
/// use inet6::interface::Interface;
///
/// for info in &Interface::list()? {
///     println!("{} {}", info.interface(), info.name());
///     for address in info.addresses() {
///         println!("  {address}");
///     }
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
    /// let interface = inet6::interface::Interface::from_index(NonZeroU32::MIN);
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
    /// Of kind [`InvalidInput`](io::ErrorKind::InvalidInput) if no interface of this host has the
    /// name. Otherwise the system could not look it up, for example because the process has no free
    /// descriptor; [`AddressError::raw_os_error`] returns why.
    ///
    /// # Platform notes
    ///
    /// Names are at most 15 bytes long, and 31 on illumos, Solaris and Haiku. Some systems would
    /// cut off the rest of a longer name and return another interface; here, no interface has such
    /// a name. That includes the alternative names of Linux (`ip link property add altname`), which
    /// are found if they are short enough.
    ///
    /// On Windows, names have the form `ethernet_32769`, as `if_nametoindex` there takes them, and
    /// up to 256 bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::interface::Interface;
    ///
    /// for info in &Interface::list()? {
    ///     assert_eq!(Interface::from_name(info.name())?, info.interface());
    /// }
    /// assert!(Interface::from_name("no such interface").is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "if_nametoindex")]
    pub fn from_name(name: &str) -> Result<Self, AddressError> {
        match sys::interface_index(name) {
            Ok(Some(index)) => Ok(Self { index }),
            Ok(None) => Err(AddressError::new(name, AddressFault::UnknownInterface)),
            Err(error) => Err(AddressError::new(name, AddressFault::look_up(&error))),
        }
    }

    /// Reads all interfaces of this host, with their names and addresses.
    ///
    /// # Errors
    ///
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) if interfaces or addresses were added or
    /// removed during each of 16 attempts to read them (Linux). Otherwise those of the system.
    ///
    /// # Platform notes
    ///
    /// On Linux, this is the answer to two questions of rtnetlink(7), `RTM_GETLINK` and
    /// `RTM_GETADDR`, which the kernel gives by up to 32 KiB a call. On Windows it is one call of
    /// `GetAdaptersAddresses`, and on the other systems one of getifaddrs(3). illumos and Solaris
    /// list the addresses of interfaces that are up.
    ///
    /// Linux lets an administrator give an interface an address in `::ffff:0:0/96`. No socket can
    /// use it, and it is left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::interface::Interface;
    /// use std::net::Ipv6Addr;
    ///
    /// let interfaces = Interface::list()?;
    /// let loopback = interfaces.iter().find(|info| {
    ///     info.addresses().iter().any(|address| address.ip() == Ipv6Addr::LOCALHOST)
    /// });
    /// println!("{:?}", loopback.map(|info| info.name()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "getifaddrs")]
    #[doc(alias = "if_nameindex")]
    pub fn list() -> io::Result<Interfaces> {
        let info = |row: sys::InterfaceRow| InterfaceInfo {
            interface: Self { index: row.index },
            name: row.name,
            addresses: row.addresses.into_iter().filter(is_usable).map(InterfaceAddress).collect(),
        };
        Ok(Interfaces(sys::interfaces()?.into_iter().map(info).collect()))
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

    /// Returns the name, which the system is asked for.
    ///
    /// The names of all interfaces come with [`Interface::list`].
    ///
    /// # Errors
    ///
    /// The interface does not exist, or no longer does, or the system could not be asked.
    ///
    /// # Examples
    ///
    /// ```
    /// for info in &inet6::interface::Interface::list()? {
    ///     assert_eq!(info.interface().name()?, info.name());
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "if_indextoname")]
    pub fn name(self) -> io::Result<String> {
        sys::interface_name(self.index)
    }
}

fn is_usable(address: &sys::AddressRow) -> bool {
    canonical_ip(address.ip) == address.ip
}

/// The interfaces of a host and their addresses at one moment, as [`Interface::list`] read them.
///
/// They rise by index, and interfaces without an address are among them. What changes later is not
/// seen: interfaces come and go, are renamed, and get other addresses.
///
/// The list is that of the network namespace of the thread that read it.
///
/// # Examples
///
/// See [`Interface::list`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interfaces(Vec<InterfaceInfo>);

impl Interfaces {
    /// Returns an iterator over the interfaces, by rising index.
    ///
    /// # Examples
    ///
    /// See [`Interface::list`].
    pub fn iter(&self) -> slice::Iter<'_, InterfaceInfo> {
        self.0.iter()
    }

    /// Returns the interface of this index, unless it was not there.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::interface::Interface;
    ///
    /// let interfaces = Interface::list()?;
    /// let first = interfaces.iter().next().unwrap();
    /// assert_eq!(interfaces.get(first.interface()), Some(first));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn get(&self, interface: Interface) -> Option<&InterfaceInfo> {
        let at = self.0.binary_search_by_key(&interface, InterfaceInfo::interface).ok()?;
        Some(&self.0[at])
    }
}

impl<'a> IntoIterator for &'a Interfaces {
    type Item = &'a InterfaceInfo;
    type IntoIter = slice::Iter<'a, InterfaceInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Interfaces {
    type Item = InterfaceInfo;
    type IntoIter = vec::IntoIter<InterfaceInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// An interface, its name and its addresses, as [`Interface::list`] read them.
///
/// # Examples
///
/// See [`Interface::list`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceInfo {
    interface: Interface,
    name: String,
    addresses: Vec<InterfaceAddress>,
}

impl InterfaceInfo {
    /// Returns the interface, to be used with a socket.
    #[must_use]
    pub fn interface(&self) -> Interface {
        self.interface
    }

    /// Returns the name that the interface had.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the addresses that the interface had, IPv6 and IPv4, in the order of the system.
    #[must_use]
    pub fn addresses(&self) -> &[InterfaceAddress] {
        &self.addresses
    }
}

/// An address of an interface, with the length of its prefix.
///
/// It prints as `2001:db8::1/64`. On a point-to-point link it is the address of this end.
///
/// # Examples
///
/// ```
/// use inet6::interface::Interface;
/// use std::net::IpAddr;
///
/// for info in &Interface::list()? {
///     for address in info.addresses() {
///         match address.ip() {
///             IpAddr::V6(ip) => assert!(!ip.is_multicast() && address.prefix_len() <= 128),
///             IpAddr::V4(_) => assert!(address.prefix_len() <= 32),
///         }
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InterfaceAddress(sys::AddressRow);

impl InterfaceAddress {
    /// Returns the address, without a zone: that of a link-local one is the interface.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.0.ip
    }

    /// Returns the length of the prefix, 0 to 128 bits, and at most 32 for IPv4.
    #[must_use]
    pub fn prefix_len(&self) -> u8 {
        self.0.prefix_len
    }
}

impl fmt::Display for InterfaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.ip(), self.prefix_len()))
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
