//! Faults: every step of opening fails in turn, descriptors run out, signals come, calls do a part
//! of what they were asked for, and nothing leaks.
//!
//! A fault is the kernel's own answer: a filter of system calls (seccomp), a limit, a real signal;
//! only what is sent and received in parts needs a library between (`preload`, `short`).

mod accept;
mod connecting;
mod many;
mod older;
mod opening;
mod option;
mod preload;
mod short;
mod signal;
