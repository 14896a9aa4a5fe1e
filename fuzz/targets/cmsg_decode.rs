//! See `inet6::fuzzing::cmsg_decode`, which is there with `--cfg fuzzing` only.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inet6::fuzzing::cmsg_decode(bytes));
