//! Errors: the step that failed, and errors that return what was consumed.
//!
//! Opening a socket fails with [`Error`], and using an open one with
//! [`std::io::Error`].

mod op;
pub(crate) mod opening;
pub(crate) mod reason;
mod returned;

pub use self::op::Op;
pub(crate) use self::opening::Error;
pub use self::reason::Absence;
pub(crate) use self::reason::{Reason, Refusal};
pub use self::returned::Returned;
