//! Streams: a socket that is bound, a listener, a connection, and a connection under way.

pub(crate) mod bound;
mod connecting;
mod cork;
pub(crate) mod info;
pub(crate) mod listener;
mod send_file;
pub(crate) mod stream;

pub use self::bound::BoundStream;
pub use self::connecting::Connecting;
pub use self::cork::Corked;
pub use self::info::{TcpInfo, TcpState};
pub(crate) use self::listener::TcpListener;
pub use self::listener::{AcceptFailure, Incoming};
pub(crate) use self::stream::TcpStream;
