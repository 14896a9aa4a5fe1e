//! The parts that all sockets share.

pub(crate) mod adopt;
pub(crate) mod common;
pub(crate) mod connect;
pub(crate) mod held;
pub(crate) mod readiness;
pub(crate) mod scope;
pub(crate) mod skipping;
