//! The sockets. They know nothing of the builder: `accept` makes a stream without one.

mod adopt;
pub(crate) mod bound;
mod connecting;
mod datagram;
pub(crate) mod handle;
mod info;
mod listener;
mod stream;
pub(crate) mod too_long;

pub use self::adopt::AdoptError;
pub use self::bound::BoundStream;
pub use self::connecting::Connecting;
pub use self::datagram::{ConnectedUdpSocket, UdpConnectError, UdpSocket};
pub use self::listener::{AcceptFailure, Incoming, TcpListener};
pub use self::stream::TcpStream;
pub use self::too_long::MessageTooLong;
