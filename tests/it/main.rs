//! The tests of the whole crate, a file per source file.

mod windows;
