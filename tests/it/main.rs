//! The tests of behaviour: one file for each file of the library.

mod option;
