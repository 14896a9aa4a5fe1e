//! The integration tests: a file for each source file, and the rules of the design.

mod architecture;
mod cost;
mod property;
#[macro_use]
mod support;
#[cfg(target_os = "linux")]
mod ui;
