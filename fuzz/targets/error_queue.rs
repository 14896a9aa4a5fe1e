//! See `inet6::fuzzing::error_queue`, which is there with `--cfg fuzzing` only.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inet6::fuzzing::error_queue(bytes));
