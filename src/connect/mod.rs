//! Connecting to a host by its name, over the fastest of its addresses (Happy Eyeballs, RFC 8305).
//!
//! [`Builder::connect_host`](crate::Builder::connect_host) resolves a name, races its addresses and
//! keeps the first connection. Inside, `race` decides what to do next and knows no clock, no socket
//! and no thread; `drive` and `lookup` have them.

mod answers;
mod cancel;
mod driver;
mod host;
mod lookup;
mod policy;
mod race;
mod report;
mod resolve;
mod verbs;

#[cfg(fuzzing)]
pub(crate) use self::race::invariants;

pub use self::answers::{Answers, Query};
pub use self::cancel::Cancel;
pub use self::host::HappyEyeballs;
pub use self::report::{
    Answer, Attempt, Event, HostConnection, HostError, HostErrorKind, Outcome, Report,
};
pub use self::resolve::{Family, Resolve, ResolveError, ResolveErrorKind, SystemResolver};
