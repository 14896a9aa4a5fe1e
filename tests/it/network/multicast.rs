//! Multicast over a wire: what arrives, and what the kernel and `ip` say of the memberships.
//!
//! Nothing waits for silence: what must not arrive is sent before something that does.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering::Relaxed;

use inet6::mode::Mode;
use inet6::option::{
    BindDevice, MulticastAll, MulticastInterface, MulticastLoop, RecvPacketInfo, ShareAddress,
};
use inet6::{
    Builder, UdpSocket, addr::Zone, error::Op, interface::Interface, multicast::Membership,
};

use crate::lab::{Host, Lab};
use crate::support::*;

const GROUP: Ipv6Addr = Ipv6Addr::new(0xff3e, 0, 0, 0, 0, 0, 0x8000, 0x1234);
const OTHER_GROUP: Ipv6Addr = Ipv6Addr::new(0xff3e, 0, 0, 0, 0, 0, 0x8000, 0x5678);
const WANTED: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);
const UNWANTED: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 3);

/// The right host sends, from two addresses.
fn lab() -> Result<Lab, String> {
    let lab = Lab::new()?;
    lab.right.ip("address add 2001:db8::3/64 dev wire nodad");
    Ok(lab)
}

fn receiver(lab: &Lab) -> UdpSocket {
    lab.left.run(|| with_read_timeout(UdpSocket::bind("[::]:0").unwrap()))
}

fn wire(host: &Host) -> Interface {
    host.run(|| Interface::from_name("wire").unwrap())
}

/// Sends from an address of the right host to a group, over the wire.
#[track_caller]
fn send<M: Mode>(lab: &Lab, from: Ipv6Addr, group: Ipv6Addr, to: &UdpSocket<M>) {
    let to: SocketAddr = to.local_addr().unwrap().into();
    lab.right.run(|| {
        let sender = UdpSocket::bind((from, 0)).unwrap();
        let wire = Interface::from_name("wire").unwrap();
        sender.set_option(MulticastInterface(Some(wire))).unwrap();
        let text = format!("{from} to {group}");
        sender.send_to(text.as_bytes(), (group, to.port())).unwrap();
    });
}

/// The next datagram is this one.
#[track_caller]
fn hears<M: Mode>(socket: &UdpSocket<M>, from: Ipv6Addr, group: Ipv6Addr) {
    let mut buffer = [0; 100];
    let (len, source) = socket.recv_from(&mut buffer).unwrap();
    let text = std::str::from_utf8(&buffer[..len]).unwrap();
    assert_eq!(text, format!("{from} to {group}"));
    assert_eq!(source.into().ip(), from);
}

/// The sources that the kernel has for a group on the wire: the address, then how many sockets
/// include and exclude it.
fn sources(host: &Host, group: Ipv6Addr) -> Vec<String> {
    let table = host.run(|| fs::read_to_string("/proc/thread-self/net/mcfilter6").unwrap());
    let plain = |ip: Ipv6Addr| format!("{:032x}", u128::from(ip));
    let mut found = Vec::new();
    for line in table.lines().skip(1) {
        // `Idx Device Multicast-Address Source-Address INC EXC`
        let words: Vec<_> = line.split_whitespace().collect();
        if words[1] == "wire" && words[2] == plain(group) {
            let source = Ipv6Addr::from(u128::from_str_radix(words[3], 16).unwrap());
            found.push(format!("{source} {} {}", words[4], words[5]));
        }
    }
    found.sort();
    found
}

/// The interfaces on which `ip` shows a member of the group.
fn members(host: &Host, group: Ipv6Addr) -> Vec<String> {
    let listing = host.ip("-6 maddr show");
    // `2:	wire`, and below it `	inet6 ff02::1`, with more words behind.
    let (mut on, mut found) = ("", Vec::new());
    for line in listing.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match (line.starts_with(char::is_whitespace), words[1]) {
            (false, interface) => on = interface,
            (true, address) if address == group.to_string() => found.push(on.to_owned()),
            _ => {}
        }
    }
    found
}

#[test]
fn only_the_named_source_arrives() {
    let lab = require!(lab(), "the lab");
    let socket = receiver(&lab);
    let wire = wire(&lab.left);
    let wanted = socket.join_source(GROUP, WANTED, wire).unwrap();
    assert_eq!(sources(&lab.left, GROUP), ["2001:db8::2 1 0"]);
    assert_eq!(members(&lab.left, GROUP), ["wire"]);
    send(&lab, UNWANTED, GROUP, &socket);
    send(&lab, WANTED, GROUP, &socket);
    hears(&socket, WANTED, GROUP);

    // A second source is a second membership.
    let second = socket.join_source(GROUP, UNWANTED, wire).unwrap();
    assert_eq!(sources(&lab.left, GROUP), ["2001:db8::2 1 0", "2001:db8::3 1 0"]);
    send(&lab, UNWANTED, GROUP, &socket);
    hears(&socket, UNWANTED, GROUP);

    wanted.leave().unwrap();
    assert_eq!(sources(&lab.left, GROUP), ["2001:db8::3 1 0"]);
    send(&lab, WANTED, GROUP, &socket);
    send(&lab, UNWANTED, GROUP, &socket);
    hears(&socket, UNWANTED, GROUP);

    drop(second);
    assert_eq!(sources(&lab.left, GROUP), [""; 0]);
    assert_eq!(members(&lab.left, GROUP), [""; 0]);
    send(&lab, UNWANTED, GROUP, &socket);
    socket.join(OTHER_GROUP, wire).unwrap().keep();
    send(&lab, WANTED, OTHER_GROUP, &socket);
    hears(&socket, WANTED, OTHER_GROUP);
}

#[test]
fn every_source_arrives_until_leave() {
    let lab = require!(lab(), "the lab");
    let socket = receiver(&lab);
    let wire = wire(&lab.left);
    socket.join(OTHER_GROUP, wire).unwrap().keep();
    let membership = socket.join(GROUP, wire).unwrap();
    assert_eq!(members(&lab.left, GROUP), ["wire"]);
    for from in [WANTED, UNWANTED] {
        send(&lab, from, GROUP, &socket);
        hears(&socket, from, GROUP);
    }
    membership.leave().unwrap();
    assert_eq!(members(&lab.left, GROUP), [""; 0]);
    send(&lab, WANTED, GROUP, &socket);
    send(&lab, WANTED, OTHER_GROUP, &socket);
    hears(&socket, WANTED, OTHER_GROUP);
    assert_eq!(members(&lab.left, OTHER_GROUP), ["wire"], "it was kept");
    drop(socket);
    // A program that another test starts has a copy of every descriptor until it runs.
    wait_until("the group is left", || members(&lab.left, OTHER_GROUP).is_empty());
}

#[test]
fn blocked_source_is_silent_until_unblocked() {
    let lab = require!(lab(), "the lab");
    let socket = receiver(&lab);
    let membership = socket.join(GROUP, wire(&lab.left)).unwrap();
    membership.block(UNWANTED).unwrap();
    assert_eq!(sources(&lab.left, GROUP), ["2001:db8::3 0 1"]);
    send(&lab, UNWANTED, GROUP, &socket);
    send(&lab, WANTED, GROUP, &socket);
    hears(&socket, WANTED, GROUP);
    membership.unblock(UNWANTED).unwrap();
    assert_eq!(sources(&lab.left, GROUP), [""; 0]);
    send(&lab, UNWANTED, GROUP, &socket);
    hears(&socket, UNWANTED, GROUP);
}

#[test]
fn membership_accepts_link_local_source() {
    let lab = require!(lab(), "the lab");
    let socket = receiver(&lab);
    let (group, source) = ("ff32::8000:1".parse().unwrap(), "fe80::2".parse().unwrap());
    let membership = socket.join_source(group, source, wire(&lab.left)).unwrap();
    assert_eq!(sources(&lab.left, group), ["fe80::2 1 0"]);
    let port = socket.local_addr().unwrap().port();
    lab.right.run(|| {
        let far = UdpSocket::bind("[2001:db8::2]:0").unwrap();
        far.send_to(b"far", (format!("{group}%wire"), port)).unwrap();
        let near = UdpSocket::bind("[fe80::2%wire]:0").unwrap();
        near.send_to(b"near", (group, port)).unwrap();
    });
    assert_eq!(socket.recv_from(&mut [0; 8]).unwrap().1.ip(), source);
    membership.leave().unwrap();
}

#[test]
fn join_accepts_name_index_or_zone() {
    let lab = require!(lab(), "the lab");
    lab.left.run(|| {
        let by_name = Interface::from_name("wire").unwrap();
        let zone: Zone = "wire".parse().unwrap();
        let forms = [by_name, Interface::from_index(by_name.index()), (&zone).try_into().unwrap()];
        for interface in forms {
            let socket = with_read_timeout(UdpSocket::bind("[::]:0").unwrap());
            let membership = socket.join("ff12::1234".parse().unwrap(), interface).unwrap();
            assert_eq!(membership.interface().unwrap().name().unwrap(), "wire");
            assert_eq!(members(&lab.left, "ff12::1234".parse().unwrap()), ["wire"]);
        }
    });
}

#[test]
fn membership_reports_kernel_chosen_interface() {
    let lab = require!(lab(), "the lab");
    lab.second_wire();
    // Two wires: the preferred route decides.
    lab.left.ip("-6 route add ff3e::/16 dev second table local metric 1");
    let socket = receiver(&lab);
    let second = lab.left.run(|| Interface::from_name("second").unwrap());
    let wire = wire(&lab.left);

    let chosen = lab.left.run(|| socket.join(GROUP, None).unwrap());
    assert_eq!(chosen.interface(), Some(second));
    assert_eq!(members(&lab.left, GROUP), ["second"]);
    // The kernel, asked to leave without an interface, would take the one that was joined last.
    let named = socket.join(GROUP, wire).unwrap();
    chosen.leave().unwrap();
    assert_eq!(members(&lab.left, GROUP), ["wire"]);
    send(&lab, WANTED, GROUP, &socket);
    hears(&socket, WANTED, GROUP);
    drop(named);

    // A further source is joined where the first one was, whatever the routes say.
    let first = socket.join_source(GROUP, WANTED, wire).unwrap();
    let further = lab.left.run(|| socket.join_source(GROUP, UNWANTED, None).unwrap());
    assert_eq!(further.interface(), Some(wire));
    assert_eq!(sources(&lab.left, GROUP).len(), 2);
    drop((first, further));
    let alone = lab.left.run(|| socket.join_source(GROUP, WANTED, None).unwrap());
    assert_eq!(alone.interface(), Some(second));
    drop(alone);
    assert_eq!(members(&lab.left, GROUP), [""; 0]);
}

/// Without its interface, a membership could later end another one of the same group.
#[test]
fn membership_without_interface_is_undone() {
    let lab = require!(lab(), "the lab");
    let socket = receiver(&lab);
    lab.left.ip("route add ff00::/8 dev wire table local");
    let full = Fault { call: libc::SYS_socket, arguments: &[], errno: libc::EMFILE };
    let work = || {
        let joined = socket.join(GROUP, None).map(drop).unwrap_err();
        let of_source = socket.join_source(OTHER_GROUP, WANTED, None).map(drop).unwrap_err();
        [joined, of_source].map(|error| error.raw_os_error())
    };
    let errors = lab.left.run(|| with_faults(&[full], work));
    assert_eq!(require!(errors, "faults"), [Some(libc::EMFILE); 2]);
    assert_eq!(members(&lab.left, GROUP), [""; 0]);
    assert_eq!(members(&lab.left, OTHER_GROUP), [""; 0]);
    lab.left.run(|| socket.join(GROUP, None).unwrap().keep());
    assert_eq!(members(&lab.left, GROUP), ["wire"]);
}

#[test]
fn joining_everywhere_hears_both_wires() {
    let lab = require!(lab(), "the lab");
    lab.second_wire();
    let group: Ipv6Addr = "ff12::1234".parse().unwrap();
    let socket = receiver(&lab);
    let joined = lab.left.run(|| socket.join_everywhere(group).unwrap());
    assert_eq!(joined.len(), 3, "{joined:?}");
    let mut on = members(&lab.left, group);
    on.sort();
    assert_eq!(on, ["lo", "second", "wire"]);
    let port = socket.local_addr().unwrap().port();
    for (wire, from) in [("wire", "2001:db8::2"), ("second", "2001:db8:2::2")] {
        lab.right.run(|| {
            let sender = UdpSocket::bind((from, 0)).unwrap();
            sender.send_to(wire.as_bytes(), (format!("{group}%{wire}"), port)).unwrap();
        });
        let mut buffer = [0; 16];
        let (len, source) = socket.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], wire.as_bytes());
        assert_eq!(source.ip().to_string(), from);
    }
    drop(joined);
    assert_eq!(members(&lab.left, group), [""; 0]);
    lab.left.run(|| socket.join_everywhere(group).unwrap()).into_iter().for_each(Membership::keep);
    assert_eq!(members(&lab.left, group).len(), 3);
}

#[test]
fn join_everywhere_skips_interface_without_ipv6() {
    let lab = require!(lab(), "the lab");
    lab.second_wire();
    // Below the least MTU of IPv6 the kernel takes IPv6 off an interface.
    lab.left.ip("link set dev second mtu 1000");
    let socket = receiver(&lab);
    let group: Ipv6Addr = "ff12::1234".parse().unwrap();
    let second = lab.left.run(|| Interface::from_name("second").unwrap());
    let error = socket.join(group, second).unwrap_err();
    let why = "the interface does not exist, or has no IPv6 multicast";
    assert_eq!(error.to_string(), format!("cannot join {group}%{second}: {why}"));
    let joined = lab.left.run(|| socket.join_everywhere(group).unwrap());
    assert_eq!(joined.len(), 2, "{joined:?}");
    assert_eq!(members(&lab.left, group), ["lo", "wire"]);
}

#[test]
fn join_ignores_groups_of_other_sockets() {
    let lab = require!(lab(), "the lab");
    let wire = wire(&lab.left);
    let other = receiver(&lab);
    other.join(OTHER_GROUP, wire).unwrap().keep();

    let as_in_std = receiver(&lab);
    as_in_std.join_multicast_v6(&GROUP, wire.index().get()).unwrap();
    send(&lab, WANTED, OTHER_GROUP, &as_in_std);
    hears(&as_in_std, WANTED, OTHER_GROUP);

    let ours = receiver(&lab);
    let membership = ours.join(GROUP, wire).unwrap();
    send(&lab, WANTED, OTHER_GROUP, &ours);
    send(&lab, WANTED, GROUP, &ours);
    hears(&ours, WANTED, GROUP);
    // Whoever wants them after all says so.
    ours.set_option(MulticastAll(true)).unwrap();
    send(&lab, WANTED, OTHER_GROUP, &ours);
    hears(&ours, WANTED, OTHER_GROUP);
    drop(membership);
}

#[test]
fn other_socket_membership_adds_its_interface() {
    let lab = require!(lab(), "the lab");
    lab.second_wire();
    let group: Ipv6Addr = "ff12::1234".parse().unwrap();
    let wire = wire(&lab.left);
    let socket = receiver(&lab);
    let to = AtomicU16::new(port(&socket));
    let membership = socket.join(group, wire).unwrap();
    assert!(!socket.option::<MulticastAll>().unwrap().0);
    let send = |on: &str| {
        let sender = UdpSocket::bind("[::]:0").unwrap();
        let on = MulticastInterface(Some(Interface::from_name(on).unwrap()));
        sender.set_option(on).unwrap();
        sender.send_to(on_the(&on).as_bytes(), (group, to.load(Relaxed))).unwrap();
    };
    lab.right.run(|| ["second", "wire"].into_iter().for_each(send));
    let mut buffer = [0; 32];
    let (len, source) = socket.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"on the wire");
    assert_eq!(v6(source).scope_id(), wire.index().get());
    let second = lab.left.run(|| Interface::from_name("second").unwrap());
    let other = receiver(&lab);
    other.join(group, second).unwrap().keep();
    // Linux looks at the group and not at the interface, once the host hears it there
    // (net/ipv6/mcast.c, `inet6_mc_check`); a device is a device.
    let device = BindDevice(Some(wire.into()));
    let bound = lab.left.run(|| Builder::datagram().with(device).bind("[::]:0").unwrap());
    let bound = with_read_timeout(bound);
    bound.join(group, wire).unwrap().keep();
    for (socket, heard) in
        [(&socket, &["on the second", "on the wire"][..]), (&bound, &["on the wire"])]
    {
        to.store(port(socket), Relaxed);
        socket.set_option(RecvPacketInfo(true)).unwrap();
        lab.right.run(|| ["second", "wire"].into_iter().for_each(send));
        for expected in heard {
            let received = socket.recv_message(&mut buffer).unwrap();
            assert_eq!(std::str::from_utf8(&buffer[..received.len]).unwrap(), *expected);
            let through = if *expected == "on the wire" { wire } else { second };
            assert_eq!(received.interface, Some(through));
        }
    }
    drop(membership);
}

/// What is sent on an interface.
fn on_the(interface: &MulticastInterface) -> String {
    format!("on the {}", interface.0.unwrap().name().unwrap())
}

#[test]
fn multicast_loop_decides_local_delivery() {
    let lab = require!(lab(), "the lab");
    let group: Ipv6Addr = "ff12::1234".parse().unwrap();
    let here = receiver(&lab);
    let port = here.local_addr().unwrap().port();
    let there = lab.right.run(|| with_read_timeout(UdpSocket::bind(("::", port)).unwrap()));
    here.join(group, wire(&lab.left)).unwrap().keep();
    there.join(group, wire(&lab.right)).unwrap().keep();
    let send = |loops: bool, text: &[u8]| {
        lab.left.run(|| {
            let sender = Builder::datagram().with(MulticastLoop(loops)).bind("[::]:0").unwrap();
            sender.send_to(text, (format!("{group}%wire"), port)).unwrap();
        });
    };
    send(false, b"to others");
    send(true, b"to all");
    let mut buffer = [0; 16];
    for (socket, texts) in [(&here, &[&b"to all"[..]][..]), (&there, &[b"to others", b"to all"])] {
        for text in texts {
            let (len, _) = socket.recv_from(&mut buffer).unwrap();
            assert_eq!(&buffer[..len], *text);
        }
    }
}

#[test]
fn group_limit_keeps_joined_groups() {
    let lab = require!(lab(), "the lab");
    let wire = wire(&lab.left);
    let socket = receiver(&lab);
    let group = |n: u32| Ipv6Addr::from(u128::from(GROUP) + u128::from(n));
    let mut joined = Vec::new();
    let error = loop {
        assert!(joined.len() < 100_000, "a hundred thousand groups are too many");
        match socket.join(group(joined.len() as u32), wire) {
            Ok(membership) => joined.push(membership),
            Err(error) => break error,
        }
    };
    assert_eq!((error.op(), error.kind()), (Op::Join, ErrorKind::OutOfMemory), "{error}");
    assert_eq!(error.raw_os_error(), Some(libc::ENOMEM));
    let too_many = group(joined.len() as u32);
    assert_eq!(error.address().unwrap().ip(), too_many);
    // The first and the last are heard, and the one too many is not.
    for group in [too_many, GROUP, group(joined.len() as u32 - 1)] {
        send(&lab, WANTED, group, &socket);
    }
    hears(&socket, WANTED, GROUP);
    hears(&socket, WANTED, group(joined.len() as u32 - 1));
    // Room for one is room for one.
    joined.pop().unwrap().leave().unwrap();
    joined.push(socket.join(too_many, wire).unwrap());
    send(&lab, WANTED, too_many, &socket);
    hears(&socket, WANTED, too_many);
}

#[test]
fn socket_ignores_source_of_other_socket() {
    let lab = require!(lab(), "the lab");
    let wire = wire(&lab.left);
    // Both on one port and in one group: the host hears both sources, each socket its own.
    let share = Builder::datagram().with(ShareAddress(true));
    let one = lab.left.run(|| with_read_timeout(share.bind("[::]:0").unwrap()));
    let port = one.local_addr().unwrap().port();
    let two = lab.left.run(|| with_read_timeout(share.bind(("::", port)).unwrap()));
    one.join_source(GROUP, WANTED, wire).unwrap().keep();
    two.join_source(GROUP, UNWANTED, wire).unwrap().keep();
    send(&lab, UNWANTED, GROUP, &one);
    send(&lab, WANTED, GROUP, &one);
    hears(&one, WANTED, GROUP);
    hears(&two, UNWANTED, GROUP);
    send(&lab, WANTED, GROUP, &one);
    send(&lab, UNWANTED, GROUP, &one);
    hears(&one, WANTED, GROUP);
    hears(&two, UNWANTED, GROUP);
}

#[test]
fn dual_stack_socket_receives_joined_source() {
    let lab = require!(lab(), "the lab");
    let socket = lab.left.run(dual_socket);
    let membership = socket.join_source(GROUP, WANTED, wire(&lab.left)).unwrap();
    send(&lab, UNWANTED, GROUP, &socket);
    send(&lab, WANTED, GROUP, &socket);
    hears(&socket, WANTED, GROUP);
    membership.leave().unwrap();
}

#[test]
fn join_error_names_kernel_limits() {
    let host = require!(Host::new(), "the lab");
    host.ip("link set dev lo up");
    host.run(|| {
        let socket = UdpSocket::bind("[::]:0").unwrap();
        let lo = Interface::from_name("lo").unwrap();
        let limit = "too many groups or sources for one socket; \
                     on Linux net.core.optmem_max and net.ipv6.mld_max_msf are the limits";
        let mut sources = (1..=1000).map(|n| Ipv6Addr::from(u128::from(WANTED) + n));
        let error = sources.find_map(|source| {
            socket.join_source(GROUP, source, lo).map(|joined| joined.keep()).err()
        });
        let error = error.expect("a thousand sources are too many");
        assert_eq!(error.to_string(), format!("cannot join {GROUP}%{lo}: {limit}"));
        assert_eq!(error.op(), Op::Join);

        let mut groups = (1..=100_000).map(|n| Ipv6Addr::from(u128::from(GROUP) + n));
        let error = groups.find_map(|group| socket.join(group, lo).map(Membership::keep).err());
        let error = error.expect("a hundred thousand groups are too many");
        assert!(error.to_string().ends_with(limit), "{error}");
    });
}

#[test]
fn membership_outlives_interface() {
    let lab = require!(lab(), "the lab");
    lab.second_wire();
    let socket = receiver(&lab);
    let second = lab.left.run(|| Interface::from_name("second").unwrap());
    let any = socket.join(GROUP, second).unwrap();
    let one = socket.join_source(OTHER_GROUP, WANTED, second).unwrap();
    lab.left.ip("link delete second");
    any.leave().unwrap();
    let error = one.leave().unwrap_err();
    assert_eq!(error.op(), Op::Leave);
    assert!(error.to_string().ends_with("no such interface"), "{error}");
    let error = socket.join(GROUP, second).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot join {GROUP}%{second}: no such interface"));
    assert_ne!(error.kind(), ErrorKind::InvalidInput);
}
