//! The integration tests: a file for each source file, and the rules of the design.

mod architecture;
