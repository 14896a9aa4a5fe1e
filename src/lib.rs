//! IPv6 stream and datagram sockets: the wrong call does not compile, and the same program behaves
//! the same on every system.

pub mod kind;
pub mod mode;
pub mod option;

mod addr;
mod builder;
mod capabilities;
mod error;
pub mod guide;
mod header;
mod interface;
mod message;
mod socket;
mod sys;
mod tcp_info;

pub use self::addr::{AddressError, Endpoint, ToAddress, Zone};
pub use self::builder::Builder;
pub use self::capabilities::{Capabilities, capabilities};
pub use self::error::{Error, Op};
pub use self::interface::Interface;
pub use self::message::Received;
pub use self::mode::{AnyMode, DualStack, V6Only};
pub use self::socket::{
    AcceptFailure, AdoptError, BoundStream, ConnectedUdpSocket, Connecting, Incoming, TcpListener,
    TcpStream, UdpConnectError, UdpSocket,
};
pub use self::tcp_info::{TcpInfo, TcpState};

/// Keeps the traits of this crate from being implemented elsewhere.
mod sealed {
    pub trait Sealed {}
}
