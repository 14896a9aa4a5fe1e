//! Datagrams: the sockets, and datagrams with the data that accompanies their bytes.

pub(crate) mod batch;
pub(crate) mod connected;
mod guarded;
mod outgoing;
mod queue;
mod received;
mod send_at;
mod send_error;
pub(crate) mod socket;

pub(crate) use self::outgoing::explain;
pub(crate) use self::send_at::SocketClock;
pub(crate) use self::send_error::{UnsentDatagram, most_payload, total};
pub(crate) use self::socket::send_to;

pub use self::batch::{BatchDatagram, CoalescedBatch, CoalescingUdpSocket, RecvBatch, SendBatch};
pub(crate) use self::connected::ConnectedUdpSocket;
pub use self::guarded::{Guarded, GuardedSocket};
pub use self::outgoing::Outgoing;
pub use self::received::Received;
pub use self::send_at::SendAt;
pub use self::send_error::MessageTooLong;
pub(crate) use self::socket::UdpSocket;
