//! How a host is set up: one process for all of it, and waiting until the kernel has done it.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::net::Ipv6Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::Host;
use crate::support::*;

/// An index that no interface has here.
pub(super) fn an_index() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(10);

    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Runs `ip` on a host, with this standard input.
pub(super) fn ip(
    host: &Host,
    words: impl IntoIterator<Item: AsRef<OsStr>>,
    input: &str,
) -> Result<String, String> {
    run(host, Command::new("ip").args(words), input)
}

/// Runs a program on a host, with this standard input, and gives its output.
pub(super) fn run(host: &Host, command: &mut Command, input: &str) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error| format!("{name}: {error}");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = host.run(|| command.spawn()).map_err(failed)?;
    // It may have ended by itself; what it printed says why.
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(failed(io::Error::other(String::from_utf8_lossy(&output.stderr).trim())));
    }
    written.unwrap_or(Ok(())).map_err(failed)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Host {
    /// Waits until this host takes packets for its IPv6 addresses: the kernel gives an address its
    /// route a little later, and loses meanwhile what is sent there (net/ipv6/addrconf.c,
    /// `addrconf_dad_work`).
    #[track_caller]
    pub(crate) fn settle(&self) {
        self.run(|| {
            wait_until("every address has its route", || {
                let routes = local_routes();
                let up = |name: &str| link(name).unwrap().is_some_and(|link| link.is_up);
                addresses().iter().all(|(address, flags, name)| {
                    flags & libc::IFA_F_TENTATIVE != 0 || routes.contains(address) || !up(name)
                })
            });
        });
    }

    /// Waits until an interface has a carrier: it comes up on both ends of a wire at once, and the
    /// kernel sends nothing before it has told of that.
    #[track_caller]
    pub(crate) fn await_carrier(&self, interface: &str) {
        // linux/if.h: IF_OPER_UP
        self.run(|| {
            wait_until(interface, || link(interface).unwrap().is_some_and(|link| link.state == 6));
        });
    }
}

/// The IPv6 addresses of this thread's host as the kernel writes them, their flags, and the
/// interface.
fn addresses() -> Vec<(String, u32, String)> {
    let table = fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap();
    let read = |line: &str| {
        // `20010db8000000000000000000000001 0c 40 00 80     wire`
        let words: Vec<_> = line.split_whitespace().collect();
        (words[0].to_owned(), u32::from_str_radix(words[4], 16).unwrap(), words[5].to_owned())
    };
    table.lines().map(read).collect()
}

/// The addresses for which this thread's host takes packets.
fn local_routes() -> Vec<String> {
    // linux/ipv6_route.h
    const RTF_LOCAL: u32 = 0x8000_0000;

    let table = fs::read_to_string("/proc/thread-self/net/ipv6_route").unwrap();
    let read = |line: &str| {
        // Destination, its length, source, its length, gateway, metric, two counters, flags,
        // interface.
        let words: Vec<_> = line.split_whitespace().collect();
        let flags = u32::from_str_radix(words[8], 16).unwrap();
        (words[1] == "80" && flags & RTF_LOCAL != 0).then(|| words[0].to_owned())
    };
    table.lines().filter_map(read).collect()
}

/// What the kernel says of an interface.
struct Link {
    is_up: bool,
    state: u8,
}

/// Asks for an interface of this thread's host (rtnetlink(7)); the kernel brings its carrier up to
/// date first (net/core/rtnetlink.c, `rtnl_getlink`).
fn link(name: &str) -> io::Result<Option<Link>> {
    const HEADERS: usize = 16 + 16; // struct nlmsghdr, struct ifinfomsg
    // linux/if_link.h
    const IFLA_OPERSTATE: u16 = 16;

    let mut request = Vec::new();
    let attribute_len = 4 + name.len() + 1;
    request.extend(((HEADERS + attribute_len) as u32).to_ne_bytes());
    request.extend(libc::RTM_GETLINK.to_ne_bytes());
    request.extend((libc::NLM_F_REQUEST as u16).to_ne_bytes());
    request.extend([0; 8 + 16]);
    request.extend((attribute_len as u16).to_ne_bytes());
    request.extend(libc::IFLA_IFNAME.to_ne_bytes());
    request.extend(name.as_bytes());
    request.push(0);

    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: the call takes integers.
    let fd = check(unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) })?;
    // SAFETY: it was just opened, and nobody else has it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: the buffer is as long as it says.
    let sent = unsafe { libc::send(fd.as_raw_fd(), request.as_ptr().cast(), request.len(), 0) };
    check(sent as i32)?;
    let mut answer = [0_u8; 8192];
    // SAFETY: the buffer is as long as it says.
    let len = unsafe { libc::recv(fd.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0) };
    let answer = &answer[..check(len as i32)? as usize];
    let u16_at = |at: usize| u16::from_ne_bytes([answer[at], answer[at + 1]]);
    let u32_at = |at: usize| u32::from(u16_at(at)) | u32::from(u16_at(at + 2)) << 16;
    if u16_at(4) == libc::NLMSG_ERROR as u16 {
        let error = io::Error::from_raw_os_error(-(u32_at(16) as i32));
        let gone = error.raw_os_error() == Some(libc::ENODEV);
        return if gone { Ok(None) } else { Err(error) };
    }
    let is_up = u32_at(16 + 8) & libc::IFF_UP as u32 != 0;
    let mut at = HEADERS;
    while at + 4 <= answer.len() {
        if u16_at(at + 2) == IFLA_OPERSTATE {
            return Ok(Some(Link { is_up, state: answer[at + 4] }));
        }
        at += usize::from(u16_at(at)).next_multiple_of(4);
    }
    Err(io::Error::other("the kernel says nothing of its state"))
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

#[test]
fn host_settles_with_interfaces_down() {
    let host = require!(Host::new(), "the lab");
    host.settle();
    host.run(|| {
        assert!(!link("lo").unwrap().unwrap().is_up);
        assert!(link("nobody").unwrap().is_none());
        assert!(addresses().is_empty());
    });
    host.ip("link set dev lo up");
    host.settle();
    host.run(|| {
        assert!(link("lo").unwrap().unwrap().is_up);
        let loopback = format!("{:032x}", u128::from(Ipv6Addr::LOCALHOST));
        assert_eq!(local_routes(), [loopback.as_str()]);
        assert_eq!(addresses()[0].0, loopback);
    });
}
