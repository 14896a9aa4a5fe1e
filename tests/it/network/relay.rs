//! Over a bad line.
