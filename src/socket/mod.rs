//! The sockets. They know nothing of the builder: `accept` makes a stream without one.

mod adopt;
pub(crate) mod bound;
mod bulk;
mod connecting;
mod datagram;
pub(crate) mod handle;
mod info;
mod listener;
pub(crate) mod readiness;
pub(crate) mod skipping;
mod state_error;
mod stream;
mod too_long;

pub(crate) use self::datagram::send_to;
pub(crate) use self::handle::with_wire_on;
pub(crate) use self::too_long::{Attempt, most_payload, total};

pub use self::adopt::AdoptError;
pub use self::bound::BoundStream;
pub use self::bulk::Corked;
pub use self::connecting::Connecting;
pub use self::datagram::{ConnectedUdpSocket, UdpSocket};
pub use self::listener::{AcceptFailure, Incoming, TcpListener};
pub use self::state_error::StateError;
pub use self::stream::TcpStream;
pub use self::too_long::MessageTooLong;
