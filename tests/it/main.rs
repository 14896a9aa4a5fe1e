//! The tests of behaviour: one file for each file of the library, and the examples and the lab.
//!
//! They need nothing but loopback. What needs more (a network namespace, a foreign program) says
//! `SKIPPED` and why where that is missing; with `INET6_REQUIRE=1` it fails instead.

#![cfg_attr(
    not(target_os = "linux"),
    allow(unused_imports, dead_code, reason = "some tests run on Linux only")
)]

#[macro_use]
mod support;

mod acceptance;
mod address;
mod adopt;
mod architecture;
mod batch;
mod bound;
mod builder;
mod bulk;
mod capabilities;
mod connect;
mod connecting;
mod cost;
mod datagram;
mod echo;
mod error;
mod error_queue;
mod example;
#[cfg(target_os = "linux")]
mod fault;
mod flow_label;
mod guard;
mod info;
mod interface;
#[cfg(target_os = "linux")]
mod lab;
mod listener;
#[cfg(target_os = "linux")]
mod load;
mod mapped;
mod membership;
mod message;
mod mode;
#[cfg(target_os = "linux")]
mod network;
mod option;
mod option_numbers;
mod port;
mod probe;
mod property;
mod readiness;
mod resolve;
mod shard;
mod stream;
#[cfg(target_os = "linux")]
mod ui;
mod windows;
