//! Datagrams with what comes and goes beside their bytes: [`Received`] and [`Outgoing`].

mod outgoing;
mod received;

pub(crate) use self::outgoing::explain;

pub use self::outgoing::Outgoing;
pub use self::received::Received;
