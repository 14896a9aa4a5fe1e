//! The kinds of socket a [`Builder`](crate::Builder) can open, and the roles an open socket plays.
//!
//! Both exist only as type parameters: the kind decides which options and verbs a builder has, the
//! role decides which options an open socket still takes.

use crate::sealed::Sealed;

/// A kind of socket: [`Stream`] or [`Datagram`].
///
/// The trait is sealed.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, kind::Kind, option::UnicastHops};
///
/// // One function that serves streams and datagrams alike.
/// fn near<K: Kind>(builder: Builder<K>) -> Builder<K>
/// where
///     UnicastHops: inet6::option::SocketOption<K>,
/// {
///     builder.with(UnicastHops(Some(1)))
/// }
///
/// let (stream, datagram) = (near(Builder::stream()), near(Builder::datagram()));
/// # _ = (stream, datagram);
/// ```
pub trait Kind: Shaped + 'static {}

/// Connection-oriented byte streams: TCP, or Multipath TCP (`SOCK_STREAM`).
///
/// # Examples
///
/// See [`Kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a marker has no values and never gets any")]
pub enum Stream {}

/// Single messages without a connection: UDP, or ICMPv6 echo (`SOCK_DGRAM`).
///
/// # Examples
///
/// See [`Kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a marker has no values and never gets any")]
pub enum Datagram {}

/// What only this crate may ask: public, so that a public bound may name it, and out of reach.
mod sealed {
    /// The type of a socket, `SOCK_…`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Shape {
        Stream,
        Datagram,
    }

    pub trait Shaped {
        const SHAPE: Shape;
    }
}
pub(crate) use self::sealed::{Shape, Shaped};

impl Shaped for Stream {
    const SHAPE: Shape = Shape::Stream;
}
impl Shaped for Datagram {
    const SHAPE: Shape = Shape::Datagram;
}
impl Kind for Stream {}
impl Kind for Datagram {}

/// What an open socket does: [`Listening`], [`Connected`] or [`Datagrams`].
///
/// The trait is sealed. [`LiveOn`](crate::option::LiveOn) uses it to say which options may still
/// change on which open socket.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, TcpStream, kind::{Connected, Listening}, option::{LiveOn, NoDelay}};
///
/// // One value for both ends of a connection.
/// fn set<O>(option: O, listener: &TcpListener, stream: &TcpStream) -> Result<(), inet6::Error>
/// where
///     O: LiveOn<Listening> + LiveOn<Connected>,
/// {
///     listener.set_option(option.clone())?;
///     stream.set_option(option)
/// }
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let stream = TcpStream::connect(listener.local_addr()?)?;
/// set(NoDelay(true), &listener, &stream)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Role: Sealed + 'static {
    /// The kind of socket that plays this role.
    type Kind: Kind;
}

/// The role of a [`TcpListener`](crate::TcpListener).
///
/// # Examples
///
/// See [`Role`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a marker has no values and never gets any")]
pub enum Listening {}

/// The role of a [`TcpStream`](crate::TcpStream).
///
/// # Examples
///
/// See [`Role`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a marker has no values and never gets any")]
pub enum Connected {}

/// The role of a [`UdpSocket`](crate::UdpSocket), a
/// [`ConnectedUdpSocket`](crate::ConnectedUdpSocket) and an
/// [`EchoSocket`](crate::icmp::EchoSocket).
///
/// # Examples
///
/// See [`Role`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a marker has no values and never gets any")]
pub enum Datagrams {}

impl Sealed for Listening {}
impl Sealed for Connected {}
impl Sealed for Datagrams {}
impl Role for Listening {
    type Kind = Stream;
}
impl Role for Connected {
    type Kind = Stream;
}
impl Role for Datagrams {
    type Kind = Datagram;
}

/// The transport protocol of a socket.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, kind::Protocol};
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// # if cfg!(target_os = "linux") {
/// assert_eq!(socket.protocol()?, Protocol::Udp);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// TCP (RFC 9293).
    Tcp = 6,
    /// Multipath TCP (RFC 8684).
    MultipathTcp = 262,
    /// UDP (RFC 768).
    Udp = 17,
    /// ICMPv6 (RFC 4443).
    Icmpv6 = 58,
}
