//! Datagrams with what comes and goes beside their bytes: [`Received`] and [`Outgoing`].

mod outgoing;
mod received;
mod send_at;

pub(crate) use self::outgoing::explain;
pub(crate) use self::send_at::SocketClock;

pub use self::outgoing::Outgoing;
pub use self::received::Received;
pub use self::send_at::SendAt;
