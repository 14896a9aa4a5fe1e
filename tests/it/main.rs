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
mod addr;
mod architecture;
mod builder;
mod capabilities;
mod connect;
mod cost;
mod error;
mod error_queue;
mod example;
#[cfg(target_os = "linux")]
mod fault;
mod flow_label;
mod icmp;
mod interface;
#[cfg(target_os = "linux")]
mod lab;
#[cfg(target_os = "linux")]
mod load;
mod mode;
mod multicast;
#[cfg(target_os = "linux")]
mod network;
mod option;
mod port;
mod probe;
mod socket;
mod sys;
mod tcp;
mod udp;
#[cfg(target_os = "linux")]
mod ui;
mod windows;
