//! The guide: the chapters of `docs/guide`, and the changelog, rendered here so that their
//! examples are tested.
//!
//! | chapter | for whom |
//! | --- | --- |
//! | [`from_std`] | you use `std::net`: each of its methods, kept, forwarded or replaced |
//! | [`from_socket2`] | you set sockets up with socket2: the same in types |
//! | [`from_python`] | you know the classic tutorial: both languages side by side |
//! | [`dual_stack`] | you serve IPv6 and IPv4: ten minutes |
//! | [`refused`] | a program does not compile: each mistake, its message, and what to write |
//! | [`answering`] | you write a UDP server: answer from the address that was asked |
//! | [`securing_by_hop_limit`] | you speak with neighbours only: drop what comes from afar, on TCP and UDP |
//! | [`multicast`] | you listen to groups, or send to them |
//! | [`connecting`] | you connect to hosts by name: the race between their addresses |
//! | [`path_mtu_and_errors`] | you want to know how big a datagram may be, and what became of it |
//! | [`going_fast`] | you have much to send: which call when, in the order of what it buys |
//! | [`readiness`] | your sockets do not block: waiting for one, and for many with mio or tokio |
//! | [`systems`] | you need to know what differs on your system |
//! | [`errors_and_logging`] | something fails: the messages, and what the crate logs |
//! | [`changelog`] | you update |

#[doc = include_str!("../docs/guide/from_std.md")]
pub mod from_std {}

#[doc = include_str!("../docs/guide/from_socket2.md")]
pub mod from_socket2 {}

#[doc = include_str!("../docs/guide/from_python.md")]
pub mod from_python {}

#[doc = include_str!("../docs/guide/dual_stack.md")]
pub mod dual_stack {}

#[doc = include_str!("../docs/guide/refused.md")]
pub mod refused {}

#[doc = include_str!("../docs/guide/answering.md")]
pub mod answering {}

#[doc = include_str!("../docs/guide/securing_by_hop_limit.md")]
pub mod securing_by_hop_limit {}

#[doc = include_str!("../docs/guide/connecting.md")]
pub mod connecting {}

#[doc = include_str!("../docs/guide/multicast.md")]
pub mod multicast {}

#[doc = include_str!("../docs/guide/path_mtu_and_errors.md")]
pub mod path_mtu_and_errors {}

#[doc = include_str!("../docs/guide/going_fast.md")]
pub mod going_fast {}

#[doc = include_str!("../docs/guide/readiness.md")]
pub mod readiness {}

#[doc = include_str!("../docs/guide/systems.md")]
pub mod systems {}

#[doc = include_str!("../docs/guide/errors_and_logging.md")]
pub mod errors_and_logging {}

#[doc = include_str!("../CHANGELOG.md")]
pub mod changelog {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
