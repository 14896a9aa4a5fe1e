//! Much at once, and for long: nothing is lost, and nothing is left behind.
//!
//! With `INET6_LOAD=all` (`scripts/test-load`) there is much more.

mod connections;
mod datagrams;
mod soak;

/// How much of `all` a test does: everything, or so much that a test suite has the time for it.
fn share(all: usize, quick: usize) -> usize {
    let long = std::env::var_os("INET6_LOAD").is_some_and(|value| value == "all");
    if long { all } else { quick }
}
