//! The options of a socket: one type each.
//!
//! An option is a value. [`Builder::with`](crate::Builder::with) records it and the final verb
//! applies it; `set_option` changes it on an open socket, where the kernel allows that, and
//! `option` reads it:
//!
//! ```
//! use inet6::{Builder, TcpStream, option::{NoDelay, ReuseAddress}};
//!
//! let listener = Builder::stream().with(ReuseAddress(true)).bind("[::1]:0")?.listen(16)?;
//! let stream = TcpStream::connect(listener.local_addr()?)?;
//! stream.set_option(NoDelay(true))?;
//! let NoDelay(on) = stream.option()?;
//! assert!(on);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`SocketOption`] lists which options a kind of socket has, [`LiveOn`] which of them may still
//! change on an open socket. Asking for the wrong one does not compile:
//!
//! ```compile_fail,E0277
//! # use inet6::{Builder, option::NoDelay};
//! Builder::datagram().with(NoDelay(true)); // `NoDelay` is not an option of a `Datagram` socket
//! ```
//!
//! ```
//! # use inet6::{Builder, option::NoDelay};
//! let builder = Builder::stream().with(NoDelay(true));
//! ```
//!
//! An option that the system lacks gives an error of kind
//! [`Unsupported`](std::io::ErrorKind::Unsupported) that names it, on the same API everywhere.
//! What can be read but not set is a method of the socket, such as `local_addr`.
//!
//! # The IPv4 twin
//!
//! Linux and Windows keep some IPv6 options apart from their IPv4 twins, and use the twin for the
//! IPv4 peers of a dual-stack socket. Setting such an option on a socket in mode
//! [`DualStack`](struct@crate::DualStack) sets the twin too, at the price of one more system call;
//! its page says so. The BSDs and Apple's systems have no twin on an IPv6 socket; of the options
//! here, [`UnicastHops`] serves both families there.

use crate::kind::{Kind, Role};

mod bind;
mod device;
mod ipv6;
mod multicast;
mod path_mtu;
mod receive;
mod setting;
mod socket;
mod tcp;
mod tcp_open;
mod time;
mod udp;

pub(crate) use self::setting::{Options, Rank, Setting};

pub use self::bind::*;
pub use self::device::*;
pub use self::ipv6::*;
pub use self::multicast::*;
pub use self::path_mtu::*;
pub use self::receive::*;
pub use self::socket::*;
pub use self::tcp::*;
pub use self::tcp_open::*;
pub use self::time::*;
pub use self::udp::*;

/// An option that sockets of kind `K` have.
///
/// The trait is sealed; the list of implementors is the list of options.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::UnicastHops};
///
/// let stream = Builder::stream().with(UnicastHops(Some(5)));
/// let datagram = Builder::datagram().with(UnicastHops(Some(5)));
/// # _ = (stream, datagram);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an option of a `{K}` socket",
    label = "not an option of a `{K}` socket"
)]
pub trait SocketOption<K: Kind>: Setting {}

/// An option that may still change on an open socket that plays role `R`.
///
/// The trait is sealed. An option without it for a role is decided before: on the
/// [`Builder`](crate::Builder), or on the listener that accepted the stream.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, option::UnicastHops};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// socket.set_option(UnicastHops(Some(1)))?;
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// ```compile_fail,E0277
/// # use inet6::{TcpListener, option::ReuseAddress};
/// let listener = TcpListener::bind("[::1]:0")?;
/// listener.set_option(ReuseAddress(true))?; // too late: the socket is bound
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// ```
/// # use inet6::{TcpListener, option::NoDelay};
/// let listener = TcpListener::bind("[::1]:0")?;
/// listener.set_option(NoDelay(true))?;
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// ```compile_fail,E0277
/// # use inet6::{TcpListener, TcpStream, option::DeferAccept};
/// # let listener = TcpListener::bind("[::1]:0")?;
/// let stream = TcpStream::connect(listener.local_addr()?)?;
/// stream.set_option(DeferAccept(None))?; // an option of the listener
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// ```no_run
/// # // no_run: some systems lack the option.
/// # use inet6::{TcpListener, TcpStream, option::DeferAccept};
/// # let listener = TcpListener::bind("[::1]:0")?;
/// let stream = TcpStream::connect(listener.local_addr()?)?;
/// listener.set_option(DeferAccept(None))?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be set on an open socket in the role of `{R}`",
    label = "cannot change on a socket in the role of `{R}`",
    note = "an option is set on the `Builder`, before the socket is bound or connected, on the listener, or on an open socket of a kind that has it: the page of `{Self}` tells which"
)]
pub trait LiveOn<R: Role>: SocketOption<R::Kind> {}
