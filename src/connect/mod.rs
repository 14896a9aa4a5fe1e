//! Connecting to a host by its name, over the fastest of its addresses (Happy Eyeballs, RFC 8305).
//!
//! [`Builder::connect_host`](crate::Builder::connect_host) resolves a name, races its addresses and
//! keeps the first connection. Inside, `race` decides what to do next and knows no clock, no socket
//! and no thread; `driver` and `lookup` have them.

mod answers;
pub(crate) mod driver;
pub(crate) mod host;
mod lookup;
pub(crate) mod policy;
mod race;
pub(crate) mod report;
mod resolve;
pub(crate) mod to_host;

#[cfg(fuzzing)]
pub(crate) use self::race::invariants;

pub use self::answers::{Answers, Query};
pub use self::host::HappyEyeballs;
pub use self::report::{
    Answer, Attempt, Event, HostConnection, HostError, HostErrorKind, Outcome, Report,
};
pub use self::resolve::{Family, Resolve, ResolveError, SystemResolver};
pub use self::to_host::ToHost;
pub use crate::error::reason::ResolveErrorKind;
