//! Networks of our own, without touching the machine's: hosts, wires, routers, firewalls, bad
//! lines.
//!
//! | to have | take |
//! | --- | --- |
//! | one host | [`Host::new`] |
//! | two hosts and a wire | [`Lab::new`] |
//! | two hosts and a line that delays, loses, doubles and swaps packets | [`Lab::relayed`] |
//! | two hosts with one router or two between, and a bottleneck | [`Chain::through`], [`Chain::set_mtu`] |
//! | to do something on a host | [`Host::run`]: a socket stays where it was opened |
//! | to drop, refuse, mark | [`Host::arriving`], [`Host::passing`], [`Host::leaving`] |
//! | to set something | [`Host::ip`], [`Host::sysctl`] |
//! | to have names | [`Files`], [`NameServer`], [`python`] |
//!
//! Each is a value: what it made goes with it, and with the last socket in it. The tests need root
//! or `unshare -Urn`, and the programs `ip` and `nft`.
#![allow(unsafe_code, reason = "namespaces are entered with system calls")]

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::process;
use std::thread;

use inet6::interface::Interface;

mod chain;
mod firewall;
mod names;
mod relay;
mod setup;

pub(crate) use self::chain::Chain;
pub(crate) use self::firewall::Reject;
pub(crate) use self::names::{Files, NameServer, Record, python};
pub(crate) use self::relay::{Fate, Plan, Relay, Way};

use self::setup::{an_index, ip};

/// A network namespace: interfaces, addresses and settings as on a host of its own.
///
/// It ends when this value and all sockets in it are gone.
#[derive(Debug)]
pub(crate) struct Host(File);

impl Host {
    /// A host with nothing but a loopback interface, which is down.
    pub(crate) fn new() -> Result<Self, String> {
        // A namespace belongs to a thread, and a socket to the namespace it was opened in.
        let made = thread::spawn(|| {
            // SAFETY: the call takes an integer, and concerns this thread only.
            if unsafe { libc::unshare(libc::CLONE_NEWNET) } == -1 {
                return Err(io::Error::last_os_error());
            }
            File::open("/proc/thread-self/ns/net")
        });
        let made = made.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        made.map(Self).map_err(|error| format!("no network namespace: {error}"))
    }

    /// Runs `work` on this host, and the programs that it starts.
    #[track_caller]
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let worker = scope.spawn(|| {
                self.enter();
                work()
            });
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Moves this thread to this host, for good.
    fn enter(&self) {
        // SAFETY: the descriptor is open, and the call concerns this thread only.
        let result = unsafe { libc::setns(self.0.as_raw_fd(), libc::CLONE_NEWNET) };
        assert_eq!(result, 0, "setns: {}", io::Error::last_os_error());
    }

    /// The path by which other programs find this host.
    fn path(&self) -> String {
        format!("/proc/{}/fd/{}", process::id(), self.0.as_raw_fd())
    }

    /// Runs `ip` with these words on this host. An address that it adds is in use afterwards.
    #[track_caller]
    pub(crate) fn ip(&self, words: &str) -> String {
        let output = ip(self, words.split(' '), "").unwrap();
        if words.starts_with("address add") {
            self.settle();
        }
        output
    }

    /// Runs `ip` once for all these lines.
    pub(crate) fn ip_lines(&self, lines: &[String]) -> Result<(), String> {
        ip(self, ["-batch", "-"], &(lines.join("\n") + "\n")).map(drop)
    }

    /// Lays a wire to another host, `second` on both, with the addresses `2001:db8:2::1` and
    /// `2001:db8:2::2`, `10.0.2.1` and `10.0.2.2`.
    #[track_caller]
    pub(crate) fn second_wire(&self, other: &Self) {
        let end = |number| {
            [
                "link set dev second up".into(),
                format!("address add 2001:db8:2::{number}/64 dev second nodad"),
                format!("address add 10.0.2.{number}/24 dev second"),
            ]
        };
        let mut lines = vec![link("second", "second", other)];
        lines.extend(end(1));
        self.ip_lines(&lines).unwrap();
        other.ip_lines(&end(2)).unwrap();
        for host in [self, other] {
            host.await_carrier("second");
            host.settle();
        }
    }

    /// Writes a setting below `net.`, such as `ipv6/bindv6only`.
    #[track_caller]
    pub(crate) fn sysctl(&self, name: &str, value: &str) {
        self.sysctls(&[(name, value)]);
    }

    /// Allows the first group to open echo sockets. A user namespace of an ordinary user maps no
    /// other.
    #[track_caller]
    pub(crate) fn allow_echo(&self) {
        self.sysctl("ipv4/ping_group_range", "0 0");
    }

    #[track_caller]
    fn sysctls(&self, settings: &[(&str, &str)]) {
        self.run(|| {
            for (name, value) in settings {
                fs::write(format!("/proc/sys/net/{name}"), value)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        });
    }
}

/// Two hosts and a wire between them.
///
/// | host | interface | addresses |
/// | --- | --- | --- |
/// | `left` | `wire` | `fe80::1`, `2001:db8::1`, `192.0.2.1` |
/// | `right` | `wire` | `fe80::2`, `2001:db8::2`, `192.0.2.2` |
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) left: Host,
    pub(crate) right: Host,
}

impl Lab {
    pub(crate) fn new() -> Result<Self, String> {
        let lab = Self { left: Host::new()?, right: Host::new()? };
        lab.wire()?;
        Ok(lab)
    }

    /// The same, with a relay in the middle of the wire.
    pub(crate) fn relayed() -> Result<(Self, Relay), String> {
        let lab = Self { left: Host::new()?, right: Host::new()? };
        let middle = Relay::host()?;
        for (host, number, end) in [(&lab.left, 1, "left"), (&lab.right, 2, "right")] {
            let mut lines = vec![link("wire", end, &middle)];
            lines.extend(end_of_wire(number));
            // So that packets pass one by one: what is longer is cut before it is on the wire.
            lines.push("link set dev wire gso_max_segs 1".into());
            host.ip_lines(&lines)?;
        }
        let relay = Relay::start(middle)?;
        for host in [&lab.left, &lab.right] {
            host.await_carrier("wire");
            host.settle();
        }
        Ok((lab, relay))
    }

    /// Lays the wire, anew where there is one: its indexes change.
    pub(crate) fn wire(&self) -> Result<(), String> {
        let Self { left, right } = self;
        let mut lines = vec![link("wire", "wire", right)];
        if left.run(|| Interface::from_name("wire").is_ok()) {
            lines.insert(0, "link delete wire".into());
        }
        lines.extend(end_of_wire(1));
        left.ip_lines(&lines)?;
        right.ip_lines(&end_of_wire(2))?;
        for host in [left, right] {
            host.await_carrier("wire");
            host.settle();
        }
        Ok(())
    }

    /// Lays a second wire, as [`Host::second_wire`].
    pub(crate) fn second_wire(&self) {
        self.left.second_wire(&self.right);
    }

    /// The number that this host has for the wire.
    pub(crate) fn index(host: &Host) -> u32 {
        host.run(|| Interface::from_name("wire").unwrap().index().get())
    }
}

/// The line that lays a wire from a host to another one.
fn link(here: &str, there: &str, other: &Host) -> String {
    // The carrier is told of at once where the two ends have different indexes
    // (net/core/link_watch.c, `linkwatch_urgent_event`).
    let (near, far, path) = (an_index(), an_index(), other.path());
    format!("link add {here} index {near} type veth peer name {there} index {far} netns {path}")
}

/// The lines that set an end of the wire up, and loopback. Without duplicate address detection its
/// addresses are usable at once.
fn end_of_wire(number: u8) -> [String; 6] {
    [
        "link set dev lo up".into(),
        "link set dev wire addrgenmode none".into(),
        "link set dev wire up".into(),
        format!("address add fe80::{number}/64 dev wire nodad"),
        format!("address add 2001:db8::{number}/64 dev wire nodad"),
        format!("address add 192.0.2.{number}/24 dev wire"),
    ]
}

/// Prints how long each of them takes to set up, twenty times: `cargo test -- lab:: --nocapture`.
#[test]
fn each_lab_sets_up_repeatedly() {
    use std::time::Instant;

    fn measure<T>(what: &str, lab: impl Fn() -> Result<T, String>) {
        let mut times = Vec::new();
        for _ in 0..20 {
            let start = Instant::now();
            let made = lab().unwrap();
            times.push(start.elapsed());
            drop(made);
        }
        times.sort_unstable();
        let (half, most) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{what}: {half:.1?}, at most {most:.1?}");
    }

    require!(Host::new(), "the lab");
    measure("two hosts and a wire", Lab::new);
    measure("two hosts and a relay", Lab::relayed);
    measure("two hosts and a router", || Chain::through(1));
    measure("two hosts and two routers", || Chain::through(2));
}
