//! Memberships of multicast groups. What arrives because of them is tested in `network/multicast`.
#![allow(unsafe_code, reason = "the tests ask the system, and not the crate, what it did")]

use std::io::ErrorKind;
use std::net::Ipv6Addr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use inet6::option::{MulticastAll, MulticastInterface};
use inet6::{
    Error, UdpSocket,
    capabilities::Capabilities,
    error::Op,
    interface::Interface,
    multicast::{Membership, SourceMembership},
};

use crate::support::*;

/// Of a link, so that no router is told of it.
const GROUP: Ipv6Addr = Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0, 0x1234);
const SOURCE: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const OTHER: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

fn open() -> UdpSocket {
    UdpSocket::bind("[::]:0").unwrap()
}

/// Whether a socket is a member of the group on loopback, and ends it.
fn was_member(socket: &UdpSocket) -> bool {
    socket.leave_multicast_v6(&GROUP, loopback().index().get()).is_ok()
}

/// Expects the step, the kind and the text of an error, in which `%lo` is the loopback interface.
#[track_caller]
fn assert_error(error: &Error, op: Op, kind: ErrorKind, text: &str) {
    let text = text.replace("%lo", &format!("%{}", loopback()));
    assert_eq!((error.op(), error.kind(), error.to_string()), (op, kind, text));
}

/// Wine has no sources, and neither have some of the BSDs.
fn sources() -> Result<(), &'static str> {
    let socket = open();
    match socket.join_source(GROUP, SOURCE, loopback()) {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            let text = "cannot join ff12::1234%lo: this system has no source-specific multicast \
                        for IPv6";
            assert_error(&error, Op::Join, ErrorKind::Unsupported, text);
            Err("this system has none")
        }
        result => {
            drop(result.unwrap());
            Ok(())
        }
    }
}

/// It fits into a struct beside its socket, and into another thread.
#[test]
fn guard_holds_its_socket() {
    struct Receiver {
        membership: Membership<Arc<UdpSocket>>,
        socket: Arc<UdpSocket>,
    }

    let socket = Arc::new(open());
    let membership = Membership::join(Arc::clone(&socket), GROUP, loopback()).unwrap();
    let receiver = Receiver { membership, socket };
    let thread = thread::spawn(move || {
        assert_eq!(receiver.membership.group(), GROUP);
        drop(receiver.membership);
        receiver.socket
    });
    let socket = thread.join().unwrap();
    assert!(!was_member(&socket));

    let single = Rc::new(open());
    for membership in Membership::join_everywhere(Rc::clone(&single), GROUP).unwrap() {
        membership.leave().unwrap();
    }
    assert!(!was_member(&single));
}

#[test]
fn ended_guard_releases_its_holder() {
    let socket = Arc::new(open());
    let join = || Membership::join(Arc::clone(&socket), GROUP, loopback());
    let holders = || Arc::strong_count(&socket);
    let membership = join().unwrap();
    assert_eq!(holders(), 2);
    drop(membership);
    assert_eq!((holders(), was_member(&socket)), (1, false));
    join().unwrap().leave().unwrap();
    assert_eq!((holders(), was_member(&socket)), (1, false));
    join().unwrap().keep();
    assert_eq!(holders(), 1);
    join().unwrap_err();
    assert_eq!((holders(), was_member(&socket)), (1, true));
}

#[test]
fn ended_source_guard_releases_its_holder() {
    require!(sources(), "sources of groups");
    let socket = Arc::new(open());
    let join = || SourceMembership::join(Arc::clone(&socket), GROUP, SOURCE, loopback()).unwrap();
    join().leave().unwrap();
    drop(join());
    assert_eq!((Arc::strong_count(&socket), was_member(&socket)), (1, false));
    join().keep();
    assert_eq!((Arc::strong_count(&socket), was_member(&socket)), (1, true));
}

/// The guard is the last holder.
#[cfg(unix)]
#[test]
fn ended_guard_closes_its_socket() {
    in_own_process(|| {
        let before = open_descriptors();
        let ends: [fn(Membership<Arc<UdpSocket>>); 3] =
            [Membership::keep, |it| it.leave().unwrap(), drop];
        for end in ends {
            let membership = Membership::join(Arc::new(open()), GROUP, loopback()).unwrap();
            assert_eq!(open_descriptors(), before + 1);
            end(membership);
            assert_eq!(open_descriptors(), before);
        }
    });
}

#[test]
fn dropping_a_membership_leaves_the_group() {
    let socket = open();
    let membership = socket.join(GROUP, loopback()).unwrap();
    assert_eq!((membership.group(), membership.interface()), (GROUP, Some(loopback())));
    let shown = format!("{membership:?}");
    assert!(shown.starts_with("Membership") && shown.contains("ff12::1234"), "{shown}");

    let twice = socket.join(GROUP, loopback()).unwrap_err();
    let text = "cannot join ff12::1234%lo: the socket is a member already";
    assert_error(&twice, Op::Join, ErrorKind::AddrInUse, text);
    let address = twice.address().unwrap();
    assert_eq!((address.ip(), address.port()), (GROUP.into(), 0));
    assert!(twice.raw_os_error().is_some());
    drop(membership);
    assert!(!was_member(&socket));
}

#[test]
fn leave_reports_result() {
    let socket = open();
    socket.join(GROUP, loopback()).unwrap().leave().unwrap();
    assert!(!was_member(&socket));

    let membership = socket.join(GROUP, loopback()).unwrap();
    assert!(was_member(&socket));
    let gone = membership.leave().unwrap_err();
    assert_eq!(gone.op(), Op::Leave);
    if !wine_lacks("leaving twice is an invalid argument") {
        let text = "cannot leave ff12::1234%lo: the socket is not a member";
        assert_error(&gone, Op::Leave, ErrorKind::AddrNotAvailable, text);
    }
}

#[test]
fn kept_membership_stays_with_clone() {
    let socket = open();
    socket.join(GROUP, loopback()).unwrap().keep();
    let clone = socket.try_clone().unwrap();
    drop(socket);
    assert!(was_member(&clone));
    assert!(!was_member(&clone));
}

#[test]
fn membership_moves_to_another_thread() {
    let socket = open();
    let membership = socket.join(GROUP, loopback()).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || membership.leave().unwrap());
    });
    assert!(!was_member(&socket));
}

#[test]
fn joining_everywhere_joins_at_least_loopback() {
    let socket = open();
    let all = socket.join_everywhere(GROUP).unwrap();
    assert!(all.iter().any(|membership| membership.interface() == Some(loopback())), "{all:?}");
    assert!(all.iter().all(|membership| membership.group() == GROUP), "{all:?}");
    drop(all);
    assert!(!was_member(&socket));

    // Where it is a member already it is passed over; what then is left may be nothing.
    socket.join(GROUP, loopback()).unwrap().keep();
    match socket.join_everywhere(GROUP) {
        Ok(others) => assert!(others.iter().all(|other| other.interface() != Some(loopback()))),
        Err(error) => assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}"),
    }
    assert!(was_member(&socket));
}

#[test]
fn join_disables_foreign_groups() {
    let socket = open();
    if let Err(error) = socket.option::<MulticastAll>() {
        // A system that lacks the option joins all the same.
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        return socket.join(GROUP, loopback()).unwrap().leave().unwrap();
    }
    socket.join_multicast_v6(&GROUP, loopback().index().get()).unwrap();
    assert_eq!(socket.option::<MulticastAll>().unwrap(), MulticastAll(true), "as in std");
    assert!(was_member(&socket));
    socket.join(GROUP, loopback()).unwrap().keep();
    assert_eq!(socket.option::<MulticastAll>().unwrap(), MulticastAll(false));

    for join in [
        (|socket| socket.join_everywhere(GROUP).map(drop)) as fn(&UdpSocket) -> Result<(), Error>,
        |socket| socket.join_source(GROUP, SOURCE, loopback()).map(drop),
    ] {
        let socket = open();
        join(&socket).unwrap();
        assert_eq!(socket.option::<MulticastAll>().unwrap(), MulticastAll(false));
    }
    let socket = dual_socket();
    socket.set_option(MulticastAll(true)).unwrap();
    socket.join(GROUP, loopback()).unwrap().keep();
    #[cfg(target_os = "linux")]
    {
        let twin = ipv4_option(&socket, libc::IP_MULTICAST_ALL);
        assert_eq!(twin, 0, "the IPv4 twin");
    }
}

#[test]
fn join_defaults_to_multicast_interface_option() {
    let socket = inet6::Builder::datagram().v6_only().bind("[::]:0").unwrap();
    let on = MulticastInterface(Some(loopback()));
    socket.set_option(on).unwrap();
    for group in [GROUP, "ff15::1234".parse().unwrap()] {
        let membership = socket.join(group, None).unwrap();
        assert_eq!(membership.interface(), Some(loopback()));
        membership.leave().unwrap();
    }
}

#[test]
fn invalid_membership_is_refused_before_syscall() {
    let socket = open();
    for (group, shown) in [("2001:db8::1", "2001:db8::1"), ("::ffff:224.0.0.1", "224.0.0.1")] {
        let group = group.parse().unwrap();
        let text = format!("cannot join {shown}: not an IPv6 multicast address");
        for error in [
            socket.join(group, None).unwrap_err(),
            socket.join_everywhere(group).unwrap_err(),
            socket.join_source(group, SOURCE, None).unwrap_err(),
        ] {
            assert_error(&error, Op::Join, ErrorKind::InvalidInput, &text);
            assert_eq!(error.raw_os_error(), None);
        }
    }
    for group in ["ff02::1234", "ff12::1234", "ff01::1234", "ff32::1234"] {
        let error = socket.join(group.parse().unwrap(), None).unwrap_err();
        let text =
            format!("cannot join {group}: the group is one of each link: name the interface");
        assert_error(&error, Op::Join, ErrorKind::InvalidInput, &text);
    }
    let membership = socket.join(GROUP, loopback()).unwrap();
    for (source, shown) in [("::", "::"), ("ff02::1", "ff02::1"), ("::ffff:192.0.2.1", "192.0.2.1")]
    {
        let source: Ipv6Addr = source.parse().unwrap();
        let text = format!("the source {shown} is not a unicast IPv6 address");
        let error = socket.join_source(GROUP, source, loopback()).unwrap_err();
        let join = format!("cannot join ff12::1234%lo: {text}");
        assert_error(&error, Op::Join, ErrorKind::InvalidInput, &join);
        let error = membership.block(source).unwrap_err();
        let block = format!("cannot block a source of ff12::1234%lo: {text}");
        assert_error(&error, Op::Block, ErrorKind::InvalidInput, &block);
        assert_eq!(membership.unblock(source).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn join_error_names_missing_interface() {
    let socket = open();
    let nowhere = Interface::from_index(0x7fff_ffff.try_into().unwrap());
    let error = socket.join(GROUP, nowhere).unwrap_err();
    assert_eq!(error.op(), Op::Join);
    let text = error.to_string();
    assert!(text.starts_with("cannot join ff12::1234%2147483647: "), "{text}");
    assert!(text.contains("no such interface") || text.contains("does not exist"), "{text}");
}

#[test]
fn membership_blocks_and_unblocks_source_once() {
    require!(sources(), "sources of groups");
    let socket = open();
    let membership = socket.join(GROUP, loopback()).unwrap();
    let error = membership.unblock(SOURCE).unwrap_err();
    let text = "cannot unblock a source of ff12::1234%lo: 2001:db8::1 is not blocked";
    assert_error(&error, Op::Unblock, ErrorKind::AddrNotAvailable, text);
    membership.block(SOURCE).unwrap();
    membership.block(OTHER).unwrap();
    let error = membership.block(SOURCE).unwrap_err();
    let text = "cannot block a source of ff12::1234%lo: 2001:db8::1 is blocked already";
    assert_error(&error, Op::Block, ErrorKind::AddrNotAvailable, text);
    membership.unblock(SOURCE).unwrap();
    membership.unblock(OTHER).unwrap();
    membership.leave().unwrap();
}

#[test]
fn each_source_has_own_membership() {
    require!(sources(), "sources of groups");
    let socket = open();
    let first: SourceMembership<&UdpSocket> =
        socket.join_source(GROUP, SOURCE, loopback()).unwrap();
    assert_eq!((first.group(), first.source()), (GROUP, SOURCE));
    assert_eq!(first.interface(), Some(loopback()));
    let shown = format!("{first:?}");
    assert!(shown.starts_with("SourceMembership") && shown.contains("2001:db8::1"), "{shown}");
    let error = socket.join_source(GROUP, SOURCE, loopback()).unwrap_err();
    let text =
        "cannot join ff12::1234%lo: the socket is a member already, for the source 2001:db8::1";
    assert_error(&error, Op::Join, ErrorKind::AddrNotAvailable, text);
    let error = socket.join(GROUP, loopback()).unwrap_err();
    let text = "cannot join ff12::1234%lo: the socket is a member already";
    assert_error(&error, Op::Join, ErrorKind::AddrInUse, text);

    let second = socket.join_source(GROUP, OTHER, loopback()).unwrap();
    drop(first);
    second.leave().unwrap();
    assert!(!was_member(&socket), "the group goes with the last source");
    socket.join_source(GROUP, SOURCE, loopback()).unwrap().keep();
    assert!(was_member(&socket));
}

#[test]
fn any_source_membership_refuses_source_join() {
    require!(sources(), "sources of groups");
    let socket = open();
    let every: Membership<&UdpSocket> = socket.join(GROUP, loopback()).unwrap();
    let error = socket.join_source(GROUP, SOURCE, loopback()).unwrap_err();
    assert_eq!(error.op(), Op::Join);
    if cfg!(target_os = "linux") {
        let text = "cannot join ff12::1234%lo: the socket is a member already, for every source; \
                    leave that first";
        assert_error(&error, Op::Join, ErrorKind::AddrInUse, text);
    }
    every.block(SOURCE).unwrap();
    every.leave().unwrap();
}

#[cfg(unix)]
#[test]
fn memberships_open_nothing() {
    in_own_process(|| {
        let socket = open();
        let before = open_descriptors();
        for _ in 0..50 {
            drop(socket.join(GROUP, loopback()).unwrap());
            drop(socket.join_everywhere(GROUP).unwrap());
            socket.join(GROUP, None).unwrap_err();
            if sources().is_ok() {
                drop(socket.join_source(GROUP, SOURCE, loopback()).unwrap());
            }
        }
        let kept = socket.join_everywhere(GROUP).unwrap();
        kept.into_iter().for_each(Membership::keep);
        assert_eq!(open_descriptors(), before);
    });
}

#[test]
fn drop_logs_failed_leave() {
    in_own_process(|| {
        let socket = open();
        let membership = socket.join(GROUP, loopback()).unwrap();
        assert!(was_member(&socket));
        let lines = logged(|| drop(membership));
        let start = format!("DEBUG dropping a membership: cannot leave ff12::1234%{}", loopback());
        assert!(lines.len() == 1 && lines[0].starts_with(&start), "{lines:?}");
    });
}

#[cfg(target_os = "linux")]
fn ipv4_option(socket: &UdpSocket<inet6::DualStack>, name: libc::c_int) -> libc::c_int {
    use std::os::fd::AsRawFd;

    let (mut value, mut len): (libc::c_int, _) = (-1, size_of::<libc::c_int>() as libc::socklen_t);
    // SAFETY: there is room for one integer.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            name,
            (&raw mut value).cast(),
            &mut len,
        )
    };
    assert_eq!(result, 0);
    value
}

/// What the kernel may refuse, and this one does not.
#[cfg(target_os = "linux")]
mod lacking {
    use super::*;

    /// Runs `work` where setting these options of IPv6 fails.
    fn without<T: Send>(
        names: &[libc::c_int],
        errno: libc::c_int,
        work: impl FnOnce() -> T + Send,
    ) -> Result<T, String> {
        let arguments: Vec<_> =
            names.iter().map(|name| [(1, libc::IPPROTO_IPV6), (2, *name)]).collect();
        let fault = |arguments| Fault { call: libc::SYS_setsockopt, arguments, errno };
        let faults: Vec<_> = arguments.iter().map(|arguments| fault(arguments)).collect();
        with_faults(&faults, work)
    }

    #[test]
    fn join_needs_no_multicast_all() {
        let socket = open();
        let join = || socket.join(GROUP, loopback()).unwrap().keep();
        require!(without(&[libc::IPV6_MULTICAST_ALL], libc::ENOPROTOOPT, join), "faults");
        assert!(was_member(&socket));
    }

    #[test]
    fn failed_join_keeps_no_membership() {
        let socket = open();
        let join = || {
            let results = [
                socket.join(GROUP, loopback()).map(drop),
                socket.join_source(GROUP, SOURCE, loopback()).map(drop),
                socket.join_everywhere(GROUP).map(drop),
            ];
            results.map(Result::unwrap_err)
        };
        let errors = without(&[libc::IPV6_MULTICAST_ALL], libc::EPERM, join);
        for error in require!(errors, "faults") {
            assert_eq!(error.op(), Op::Set("IPV6_MULTICAST_ALL"), "{error}");
            assert!(!was_member(&socket));
        }
    }

    #[test]
    fn kernel_without_sources_reports_unsupported() {
        let names =
            [libc::MCAST_JOIN_SOURCE_GROUP, libc::MCAST_BLOCK_SOURCE, libc::MCAST_UNBLOCK_SOURCE];
        let socket = open();
        let errors = || {
            let error = socket.join_source(GROUP, SOURCE, loopback()).unwrap_err();
            let membership = socket.join(GROUP, loopback()).unwrap();
            [error, membership.block(SOURCE).unwrap_err(), membership.unblock(SOURCE).unwrap_err()]
        };
        let text = "this system has no source-specific multicast for IPv6";
        let errors = require!(without(&names, libc::ENOPROTOOPT, errors), "faults");
        for (error, op) in errors.iter().zip([Op::Join, Op::Block, Op::Unblock]) {
            assert_eq!((error.op(), error.kind()), (op, ErrorKind::Unsupported));
            assert!(error.to_string().ends_with(text), "{error}");
        }
        assert!(Capabilities::probe().unwrap().source_specific_multicast);
    }

    #[test]
    fn join_without_kernel_choice_needs_interface() {
        // Apple's systems, and Linux without a route.
        for errno in [libc::EADDRNOTAVAIL, libc::ENODEV] {
            let names = [libc::IPV6_ADD_MEMBERSHIP, libc::MCAST_JOIN_SOURCE_GROUP];
            let (socket, group) = (open(), "ff3e::1234".parse().unwrap());
            let errors = || {
                [
                    socket.join(group, None).unwrap_err(),
                    socket.join_source(group, SOURCE, None).unwrap_err(),
                ]
            };
            for error in require!(without(&names, errno, errors), "faults") {
                let text = "cannot join ff3e::1234: the system finds no interface for it: name one";
                assert_eq!(error.to_string(), text);
            }
        }
    }
}
