//! What a host is set to: its interfaces and addresses, and the settings of its kernel.

use std::io::ErrorKind;

use inet6::interface::Interfaces;
use inet6::option::{FreeBind, UnicastHops};
use inet6::{
    AnyMode, Builder, TcpListener, TcpStream, UdpSocket,
    error::{Absence, Op},
    interface::Interface,
};

use crate::lab::{Host, Lab};
use crate::support::*;

#[test]
fn mode_ignores_system_default() {
    let host = require!(Host::new(), "the lab");
    host.ip("link set dev lo up");
    for default in ["1", "0"] {
        host.sysctl("ipv6/bindv6only", default);
        host.run(|| {
            let plain = std::net::UdpSocket::bind("[::]:0").unwrap();
            let only = socket2::SockRef::from(&plain).only_v6().unwrap();
            assert_eq!(only, default == "1", "the setting does nothing here");

            let listener = dual_listener();
            assert!(!listener.v6_only().unwrap());
            let port = listener.local_addr().unwrap().port();
            let client = std::net::TcpStream::connect(ipv4(port)).unwrap();
            assert_eq!(listener.accept().unwrap().1, client.local_addr().unwrap());
            drop((client, listener));

            let bound = Builder::stream().v6_only().bind("[::]:0").unwrap();
            let listener = bound.listen(1).unwrap();
            assert!(listener.v6_only().unwrap());
            let port = listener.local_addr().unwrap().port();
            std::net::TcpStream::connect(ipv4(port)).unwrap_err();
            for (mode, only) in [(AnyMode::V6Only, true), (AnyMode::DualStack, false)] {
                let socket = Builder::datagram().mode(mode).bind("[::]:0").unwrap();
                assert_eq!(socket.v6_only().unwrap(), only);
            }
        });
    }
}

#[test]
fn look_up_follows_interface_changes() {
    let host = require!(Host::new(), "the lab");
    host.run(|| {
        assert_eq!(Interface::list().unwrap().iter().count(), 1, "loopback alone");
        Interface::from_name("late").unwrap_err();
        host.ip("link add late type veth peer name other");
        let late = Interface::from_name("late").unwrap();
        assert_eq!(late.name().unwrap(), "late");
        let down = Interface::list().unwrap();
        assert_eq!(down.get(late).unwrap().name(), "late");
        assert_eq!(down.get(late).unwrap().addresses(), []);
        host.ip("address add 2001:db8::7/48 dev late nodad");
        assert_eq!(addresses(&Interface::list().unwrap(), late), ["2001:db8::7/48"]);
        assert_eq!(addresses(&down, late), [""; 0], "a list is of its moment");
        host.ip("link set late name later");
        assert_eq!(Interface::list().unwrap().get(late).unwrap().name(), "later");
        host.ip("link delete later");
        late.name().unwrap_err();
        Interface::from_name("later").unwrap_err();
        assert_eq!(Interface::list().unwrap().get(late), None);
    });
}

#[test]
fn interface_addresses_have_prefix_without_zone() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.run(|| {
        let wire = Interface::from_name("wire").unwrap();
        let addresses = addresses(&Interface::list().unwrap(), wire);
        assert_eq!(addresses, ["192.0.2.1/24", "2001:db8::1/64", "fe80::1/64"]);
    });
}

/// What the addresses of an interface print as, sorted.
fn addresses(all: &Interfaces, interface: Interface) -> Vec<String> {
    let addresses = all.get(interface).unwrap().addresses();
    let mut shown: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    shown.sort();
    shown
}

#[test]
fn listener_reports_ipv4_peer_unmapped() {
    let lab = require!(Lab::new(), "the lab");
    let listener = lab.left.run(dual_listener);
    let port = listener.local_addr().unwrap().port();
    let client = lab.right.run(|| Builder::stream().connect(("192.0.2.1", port)).unwrap());
    let (stream, peer) = listener.accept().unwrap();
    assert_eq!(peer.ip().to_string(), "192.0.2.2");
    assert_eq!(peer, client.local_addr().unwrap());
    assert_eq!(stream.local_addr().unwrap().to_string(), format!("192.0.2.1:{port}"));
}

/// Lets duplicate address detection on the wire send so many questions, each so many milliseconds
/// after the one before.
fn detection(host: &Host, questions: &str, interval: &str) {
    host.sysctl("ipv6/conf/wire/accept_dad", "1");
    host.sysctl("ipv6/conf/wire/dad_transmits", questions);
    host.sysctl("ipv6/neigh/wire/retrans_time_ms", interval);
    // The first question, too, comes after a time by lot.
    host.sysctl("ipv6/conf/wire/router_solicitation_delay", "0");
}

/// Binding fails in this one step, for this reason, with what the kernel says of all of them.
#[track_caller]
fn refused(address: &str, absence: Absence, why: &str) {
    let errors = [
        Builder::datagram().v6_only().bind(address).unwrap_err(),
        Builder::stream().v6_only().bind(address).unwrap_err(),
        TcpListener::bind(address).unwrap_err(),
        Builder::datagram().bind(address).unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.op(), error.kind()), (Op::Bind, ErrorKind::AddrNotAvailable), "{error}");
        assert_eq!(
            (error.raw_os_error(), error.absence()),
            (Some(libc::EADDRNOTAVAIL), Some(absence))
        );
        assert_eq!(error.to_string(), format!("cannot bind {address}: {why}"));
    }
}

const TENTATIVE: &str = "this host does not use the address yet: it asks whether another host has it \
     (duplicate address detection), which takes a second or two; FreeBind binds it before";

#[test]
fn bind_succeeds_after_duplicate_detection() {
    let lab = require!(Lab::new(), "the lab");
    detection(&lab.left, "1000", "1000");
    lab.left.ip("address add 2001:db8::7/64 dev wire");
    lab.left.run(|| {
        refused("[2001:db8::7]:0", Absence::Tentative, TENTATIVE);
        // Who cannot wait binds all the same, and is there when it is over.
        let free = Builder::datagram().with(FreeBind(true)).bind("[2001:db8::7]:0").unwrap();
        assert_eq!(free.local_addr().unwrap().ip().to_string(), "2001:db8::7");
        // The other addresses are not affected.
        UdpSocket::bind("[2001:db8::1]:0").unwrap();
        UdpSocket::bind("[::]:0").unwrap();
    });
    lab.left.ip("address delete 2001:db8::7/64 dev wire");
    detection(&lab.left, "1", "1");
    lab.left.ip("address add 2001:db8::7/64 dev wire");
    let listener = lab.left.run(|| {
        let mut bound = TcpListener::bind("[2001:db8::7]:0");
        wait_until("it is over", || {
            if bound.is_err() {
                bound = TcpListener::bind("[2001:db8::7]:0");
            }
            bound.is_ok()
        });
        bound.unwrap()
    });
    lab.left.settle();
    let peer = listener.local_addr().unwrap();
    lab.right.run(|| TcpStream::connect(peer).unwrap());
    listener.accept().unwrap();
}

#[test]
fn zone_identifies_tentative_link_local_address() {
    let lab = require!(Lab::new(), "the lab");
    lab.second_wire();
    detection(&lab.left, "1000", "1000");
    lab.left.ip("address add fe80::7/64 dev wire");
    lab.left.ip("address add fe80::7/64 dev second nodad");
    lab.left.run(|| {
        let wire = Lab::index(&lab.left);
        refused(&format!("[fe80::7%{wire}]:0"), Absence::Tentative, TENTATIVE);
        UdpSocket::bind("[fe80::7%second]:0").unwrap();
    });
}

#[test]
fn bind_error_reports_duplicate_address() {
    let lab = require!(Lab::new(), "the lab");
    lab.right.ip("address add 2001:db8::7/64 dev wire nodad");
    detection(&lab.left, "1", "1000");
    lab.left.ip("address add 2001:db8::7/64 dev wire");
    let show = "-6 address show dev wire dadfailed";
    wait_until("the other host answers", || lab.left.ip(show).contains("2001:db8::7"));
    let why = "this host does not use the address: another host on the link has it (duplicate \
               address detection)";
    lab.left.run(|| refused("[2001:db8::7]:0", Absence::Duplicate, why));
}

#[test]
fn error_distinguishes_ipv6_absence_reasons() {
    let host = require!(Host::new(), "the lab");
    let loopback = "[::1]:0";
    host.run(|| {
        // No such family.
        let family: &[_] = &[(0, libc::AF_INET6)];
        let fault = Fault { call: libc::SYS_socket, arguments: family, errno: libc::EAFNOSUPPORT };
        let open = || UdpSocket::bind(loopback).unwrap_err();
        let error = require!(with_faults(&[fault], open), "faults");
        assert_eq!((error.op(), error.raw_os_error()), (Op::Open, Some(libc::EAFNOSUPPORT)));
        assert_eq!(error.absence(), Some(Absence::Family));
        assert_eq!(error.to_string(), "cannot open an IPv6 socket: this system has no IPv6");
    });
    // Loopback is down.
    host.run(|| refused(loopback, Absence::LoopbackDown, "the loopback interface is down"));
    // An address in duplicate address detection.
    host.ip("link add wire type veth peer name other");
    detection(&host, "1000", "1000");
    host.ip("link set dev other up");
    host.ip("link set dev wire up");
    host.await_carrier("wire");
    host.ip("address add 2001:db8::7/64 dev wire");
    host.run(|| refused("[2001:db8::7]:0", Absence::Tentative, TENTATIVE));
    // Disabled, on every interface or on loopback.
    host.ip("link set dev lo up");
    let why = "IPv6 is disabled on this host or interface (net.ipv6.conf.*.disable_ipv6)";
    for interface in ["lo", "all"] {
        host.run(|| UdpSocket::bind(loopback).unwrap());
        host.sysctl(&format!("ipv6/conf/{interface}/disable_ipv6"), "1");
        host.run(|| refused(loopback, Absence::Disabled, why));
        if interface == "lo" {
            host.sysctl("ipv6/conf/lo/disable_ipv6", "0");
        }
    }
    host.run(|| {
        refused("[2001:db8::7]:0", Absence::Disabled, why);
        // The wildcard can be bound, and IPv4 is still there.
        UdpSocket::bind("[::]:0").unwrap();
        let listener = dual_listener();
        let port = listener.local_addr().unwrap().port();
        std::net::TcpStream::connect(ipv4(port)).unwrap();
        assert!(listener.accept().unwrap().1.is_ipv4());
    });
    // Where one interface has it again, another address is one of another host.
    host.sysctl("ipv6/conf/wire/disable_ipv6", "0");
    host.ip("address add 2001:db8::8/64 dev wire nodad");
    host.run(|| {
        UdpSocket::bind("[2001:db8::8]:0").unwrap();
        let error = UdpSocket::bind("[2001:db8::7]:0").unwrap_err();
        assert_eq!((error.kind(), error.absence()), (ErrorKind::AddrNotAvailable, None));
    });
    // Of a zone, its own interface tells.
    host.sysctl("ipv6/conf/all/disable_ipv6", "0");
    host.sysctl("ipv6/conf/wire/disable_ipv6", "1");
    let address = format!("[fe80::7%{}]:0", Lab::index(&host));
    host.run(|| refused(&address, Absence::Disabled, why));
}

/// `IPV6_V6ONLY` cannot be set, as on OpenBSD, and the default of the kernel is on or off.
fn refusing_the_mode<T: Send>(
    default: &str,
    errno: libc::c_int,
    work: impl FnOnce() -> T + Send,
) -> Result<T, String> {
    let arguments: &[_] = &[(1, libc::IPPROTO_IPV6), (2, libc::IPV6_V6ONLY)];
    let fault = Fault { call: libc::SYS_setsockopt, arguments, errno };
    let host = Host::new()?;
    host.ip("link set dev lo up");
    host.sysctl("ipv6/bindv6only", default);
    host.run(|| with_faults(&[fault], work))
}

#[test]
fn specific_address_needs_no_dual_stack() {
    // The second kernel accepts the value and ignores it, as DragonFly did.
    for errno in [libc::EINVAL, 0] {
        let opened = refusing_the_mode("1", errno, || {
            let listener = TcpListener::bind("[::1]:0").unwrap();
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            assert_eq!(listener.accept().unwrap().1, stream.local_addr().unwrap());
            let socket = UdpSocket::bind("[::1]:0").unwrap();
            assert!(socket.v6_only().unwrap());
            let builder = Builder::datagram().with(UnicastHops(Some(7)));
            let socket = builder.bind("[::1]:0").unwrap();
            assert_eq!(socket.option::<UnicastHops>().unwrap(), UnicastHops(Some(7)));
            for error in [
                UdpSocket::bind("[::]:0").unwrap_err(),
                TcpListener::bind("0.0.0.0:0").unwrap_err(),
                TcpStream::connect("127.0.0.1:9").unwrap_err(),
            ] {
                let said = (error.op(), error.kind());
                assert_eq!(said, (Op::Mode, ErrorKind::Unsupported), "{error}");
                assert!(error.to_string().contains("`.v6_only()`"), "{error}");
            }
        });
        require!(opened, "the lab and faults");
    }
}

/// A socket that is not restricted could serve both: the refusal has another cause.
#[test]
fn refused_mode_alone_proves_nothing() {
    let error = refusing_the_mode("0", libc::EINVAL, || UdpSocket::bind("[::1]:0").unwrap_err());
    let error = require!(error, "the lab and faults");
    assert_eq!((error.op(), error.raw_os_error()), (Op::Mode, Some(libc::EINVAL)));
}

#[test]
fn mode_left_alone_is_logged() {
    in_own_process(|| {
        let lines = logged_at(log::LevelFilter::Trace, || {
            let bind = || drop(UdpSocket::bind("[::1]:0").unwrap());
            require!(refusing_the_mode("1", libc::EINVAL, bind), "the lab and faults");
        });
        let about_mode: Vec<_> = lines.iter().filter(|line| line.contains("IPV6_V6ONLY")).collect();
        let text = "DEBUG this system has no dual-stack sockets: IPV6_V6ONLY is left as it is";
        assert_eq!(about_mode, [text], "{lines:#?}");
        let bind = || drop(UdpSocket::bind("[::]:0").unwrap());
        let lines = logged_at(log::LevelFilter::Trace, bind);
        assert!(lines.iter().any(|line| line == "TRACE set IPV6_V6ONLY to false"), "{lines:#?}");
    });
}
