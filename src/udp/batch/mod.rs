//! Many datagrams with one call: [`RecvBatch`], [`SendBatch`], and what puts several into one.

mod coalesce;
mod recv;
mod send;

pub use self::coalesce::{CoalescedBatch, CoalescingUdpSocket};
pub use self::recv::{BatchDatagram, RecvBatch};
pub use self::send::SendBatch;
