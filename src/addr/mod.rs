//! Addresses as people write them: [`Endpoint`], [`Zone`], and everything that
//! [`ToAddress`] accepts.

pub(crate) mod endpoint;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod invariants;
pub(crate) mod mapped;
mod to_address;
mod zone;

pub(crate) use self::endpoint::Endpoint;
pub use self::error::AddressError;
pub use self::to_address::ToAddress;
pub(crate) use self::to_address::{ToEndpoint, is_zoned};
pub use self::zone::Zone;
