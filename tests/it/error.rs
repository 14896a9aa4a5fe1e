//! What errors say: each test reads the message and what stands beside it.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::time::Duration;

use inet6::option::ReadTimeout;
use inet6::{Builder, Endpoint, Error, TcpStream, UdpSocket, addr::AddressError, error::Op};

use crate::support::*;

/// Expects the step, the kind and the text of an error, in all its forms.
#[track_caller]
fn assert_error(error: Error, op: Op, kind: ErrorKind, text: &str) {
    assert_eq!((error.op(), error.kind()), (op, kind), "{error}");
    assert_eq!(error.to_string(), text);
    let source = error.source().expect("the cause is there");
    match source.downcast_ref::<io::Error>() {
        // The numbers for "no such option" have no kind of their own.
        Some(cause) => assert!(cause.kind() == kind || kind == ErrorKind::Unsupported),
        None => assert!(source.is::<AddressError>(), "{source:?}"),
    }
    let io = io::Error::from(error);
    assert_eq!((io.kind(), io.to_string()), (kind, text.to_owned()));
    let back = io.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    assert_eq!(back.expect("it is not lost").op(), op);
}

#[cfg(unix)]
#[test]
fn error_is_one_pointer_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Error>>(), size_of::<usize>());
}

#[test]
fn port_in_use_is_named() {
    let first = Builder::stream().bind("[::1]:0").unwrap();
    let address = first.local_addr().unwrap();
    let error = Builder::stream().bind(address).unwrap_err();
    assert_eq!(error.address(), Some(&Endpoint::from(address)));
    #[cfg(unix)]
    assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE));
    let text = format!("cannot bind {address}: address in use; another socket has it");
    assert_error(error, Op::Bind, ErrorKind::AddrInUse, &text);
}

#[test]
fn port_of_ipv4_socket_is_named() {
    let ipv4 = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = ipv4.local_addr().unwrap().port();
    let clash = Builder::datagram().bind(("::", port));
    require!(!cfg!(windows), "Windows lets both have the port");
    let error = clash.unwrap_err();
    assert_eq!(error.address().unwrap().port(), port);
    let text = format!(
        "cannot bind [::]:{port}: address in use; another socket has it, and a dual-stack socket \
         needs the port on IPv4 too (0.0.0.0:{port})"
    );
    assert_error(error, Op::Bind, ErrorKind::AddrInUse, &text);
    Builder::datagram().v6_only().bind(("::", port)).unwrap();

    let error = Builder::datagram().bind(ipv4_address(&ipv4)).unwrap_err();
    let text = format!("cannot bind 0.0.0.0:{port}: address in use; another socket has it");
    assert_error(error, Op::Bind, ErrorKind::AddrInUse, &text);
}

fn ipv4_address(socket: &std::net::UdpSocket) -> std::net::SocketAddr {
    socket.local_addr().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn privileged_port_is_named() {
    use crate::lab::Host;
    use inet6::TcpListener;

    let bind = || {
        let start = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
        let start: u16 = start.unwrap().trim().parse().unwrap();
        (start, without_privileges(|| TcpListener::bind("[::]:80").map(drop)))
    };
    // In a namespace of its own the limit is 1024; here, a container may have lowered it.
    let (start, result) = match Host::new() {
        Ok(host) => host.run(bind),
        Err(_) => bind(),
    };
    require!(start > 80, "a limit of privileged ports");
    let error = result.unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EACCES));
    let text =
        "cannot bind [::]:80: permission denied; ports below 1024 are for privileged programs";
    assert_error(error, Op::Bind, ErrorKind::PermissionDenied, text);
}

#[test]
fn foreign_address_is_named() {
    let error = Builder::datagram().v6_only().bind("[2001:db8::1]:0").unwrap_err();
    assert_eq!(error.address().unwrap().to_string(), "[2001:db8::1]:0");
    let text = "cannot bind [2001:db8::1]:0: no interface of this host has this address";
    assert_error(error, Op::Bind, ErrorKind::AddrNotAvailable, text);
    let error = Builder::stream().bind("192.0.2.1:0").unwrap_err();
    let text = "cannot bind 192.0.2.1:0: no interface of this host has this address";
    assert_error(error, Op::Bind, ErrorKind::AddrNotAvailable, text);
}

#[cfg(target_os = "linux")]
#[test]
fn missing_ipv6_is_named() {
    use inet6::TcpListener;

    let ipv6: &[_] = &[(0, libc::AF_INET6)];
    let fault = Fault { call: libc::SYS_socket, arguments: ipv6, errno: libc::EAFNOSUPPORT };
    let open = || [TcpListener::bind("[::1]:0").map(drop), UdpSocket::bind("[::]:0").map(drop)];
    for result in require!(with_faults(&[fault], open), "faults") {
        let error = result.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAFNOSUPPORT));
        assert_eq!(error.address(), None);
        let kind = io::Error::from_raw_os_error(libc::EAFNOSUPPORT).kind();
        assert_error(error, Op::Open, kind, "cannot open an IPv6 socket: this system has no IPv6");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn absent_multipath_tcp_is_unsupported() {
    let (call, errors) = (libc::SYS_socket, [libc::EPROTONOSUPPORT, libc::ENOPROTOOPT]);
    let open = |fault| {
        with_faults(&[fault], || Builder::stream().multipath_tcp().bind("[::1]:0").map(drop))
    };
    let protocol = [(0, libc::AF_INET6), (2, libc::IPPROTO_MPTCP)];
    // The last one is that of a kernel that has no protocols of such numbers.
    for errno in errors.into_iter().chain([libc::EINVAL]) {
        let fault = Fault { call, arguments: &protocol, errno };
        let error = require!(open(fault), "faults").unwrap_err();
        let text = "cannot open an IPv6 socket: this system has no Multipath TCP, or it is \
                    switched off";
        assert_eq!(error.raw_os_error(), Some(errno));
        assert_error(error, Op::Open, ErrorKind::Unsupported, text);
    }
    // If TCP fails too, the protocol is not what is wrong.
    let fault = Fault { call, arguments: &[(0, libc::AF_INET6)], errno: libc::EINVAL };
    let error = open(fault).unwrap().unwrap_err();
    let system = io::Error::from_raw_os_error(libc::EINVAL);
    let text = format!("cannot open an IPv6 socket: {system}");
    assert_error(error, Op::Open, ErrorKind::InvalidInput, &text);
}

#[cfg(target_os = "linux")]
#[test]
fn ipv6_disabled_or_loopback_down() {
    use crate::lab::Host;

    let check = |host: &Host, why: &str| {
        host.run(|| {
            let error = UdpSocket::bind("[::1]:0").unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EADDRNOTAVAIL));
            let text = format!("cannot bind [::1]:0: {why}");
            assert_error(error, Op::Bind, ErrorKind::AddrNotAvailable, &text);
            let error = TcpStream::connect("[::1]:80").unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EADDRNOTAVAIL));
            let text = format!("cannot connect to [::1]:80: {why}");
            assert_error(error, Op::Connect, ErrorKind::AddrNotAvailable, &text);
        });
    };
    let host = require!(Host::new(), "the lab");
    check(&host, "the loopback interface is down");
    host.ip("link set dev lo up");
    host.run(|| UdpSocket::bind("[::1]:0").unwrap());
    host.sysctl("ipv6/conf/all/disable_ipv6", "1");
    check(&host, "IPv6 is disabled on this host or interface (net.ipv6.conf.*.disable_ipv6)");
    // Whoever deletes the address is told what there is to see, and no more.
    host.sysctl("ipv6/conf/all/disable_ipv6", "0");
    host.ip("address delete ::1/128 dev lo");
    let error = host.run(|| UdpSocket::bind("[::1]:0").unwrap_err());
    let text = "cannot bind [::1]:0: no interface of this host has this address; IPv6 may be \
                disabled, or the interface down";
    assert_error(error, Op::Bind, ErrorKind::AddrNotAvailable, text);
}

#[cfg(target_os = "linux")]
#[test]
fn missing_route_is_named() {
    let host = require!(crate::lab::Host::new(), "the lab");
    host.ip("link set dev lo up");
    host.run(|| {
        let error = TcpStream::connect("[2001:db8::1]:80").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENETUNREACH));
        let text = "cannot connect to [2001:db8::1]:80: network unreachable; there is no route";
        assert_error(error, Op::Connect, ErrorKind::NetworkUnreachable, text);
    });
}

#[test]
fn missing_zone_is_named() {
    for error in [
        UdpSocket::bind("[fe80::1]:80").map(drop).unwrap_err(),
        TcpStream::connect("[fe80::1]:80").map(drop).unwrap_err(),
    ] {
        assert_eq!((error.raw_os_error(), error.address()), (None, None));
        let text = "cannot use the address: `[fe80::1]:80` is link-local and needs the zone it is \
                    meant on: write it as fe80::1%eth0, with the name or the index of an interface";
        assert_error(error, Op::Address, ErrorKind::InvalidInput, text);
    }
}

#[test]
fn unknown_interface_is_named() {
    let error = UdpSocket::bind("[fe80::1%nowhere]:80").unwrap_err();
    let text = "cannot use the address: `[fe80::1%nowhere]:80` names no interface of this host";
    assert_error(error, Op::Address, ErrorKind::InvalidInput, text);
}

#[cfg(target_os = "linux")]
#[test]
fn unknown_interface_index_is_named() {
    let error = UdpSocket::bind("[fe80::1%2147483647]:0").unwrap_err();
    assert_eq!(error.op(), Op::Bind);
    assert_eq!(error.raw_os_error(), Some(libc::ENODEV));
    assert_eq!(error.to_string(), "cannot bind [fe80::1%2147483647]:0: no such interface");
}

#[test]
fn text_that_is_no_address() {
    let error = Builder::stream().connect("example.com:80").unwrap_err();
    let text = "cannot use the address: `example.com:80` is not a literal IPv6 or IPv4 address: \
                `connect_host` looks host names up";
    assert_error(error, Op::Address, ErrorKind::InvalidInput, text);
}

#[cfg(target_os = "linux")]
#[test]
fn missing_option_is_named() {
    use inet6::option::NoDelay;

    let nodelay: &[_] = &[(1, libc::IPPROTO_TCP), (2, libc::TCP_NODELAY)];
    for call in [libc::SYS_setsockopt, libc::SYS_getsockopt] {
        for errno in [libc::ENOPROTOOPT, libc::EOPNOTSUPP] {
            let fault = Fault { call, arguments: nodelay, errno };
            let open = || {
                let bound = Builder::stream().with(NoDelay(true)).bind("[::1]:0")?;
                bound.option::<NoDelay>()
            };
            let error = require!(with_faults(&[fault], open), "faults").unwrap_err();
            assert_eq!(error.raw_os_error(), Some(errno), "the number is lost: {error:?}");
            let (op, verb) = if call == libc::SYS_setsockopt {
                (Op::Set("TCP_NODELAY"), "set")
            } else {
                (Op::Get("TCP_NODELAY"), "read")
            };
            let text = format!("cannot {verb} TCP_NODELAY: this system does not have it");
            assert_error(error, op, ErrorKind::Unsupported, &text);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn refused_option_leaves_socket_usable() {
    let (client, accepted) = streams();
    let nodelay: &[_] = &[(1, libc::IPPROTO_TCP), (2, libc::TCP_NODELAY)];
    let fault = Fault { call: libc::SYS_setsockopt, arguments: nodelay, errno: libc::ENOPROTOOPT };
    let refused = with_faults(&[fault], || client.set_nodelay(true));
    assert_eq!(require!(refused, "faults").unwrap_err().kind(), ErrorKind::Unsupported);
    client.send(b"x").unwrap();
    assert_eq!(accepted.recv(&mut [0; 8]).unwrap(), 1);
}

#[test]
fn out_of_range_value_is_named() {
    let zero = ReadTimeout(Some(Duration::ZERO));
    let error = Builder::stream().with(zero).bind("[::1]:0").unwrap_err();
    let text = "cannot set SO_RCVTIMEO: zero means waiting for ever: give `None`";
    assert_error(error, Op::Set("SO_RCVTIMEO"), ErrorKind::InvalidInput, text);
    let error = socket().set_option(zero).unwrap_err();
    assert_error(error, Op::Set("SO_RCVTIMEO"), ErrorKind::InvalidInput, text);
}

#[cfg(target_os = "linux")]
#[test]
fn refused_mode_is_named() {
    let v6_only: &[_] = &[(1, libc::IPPROTO_IPV6), (2, libc::IPV6_V6ONLY)];
    let call = libc::SYS_setsockopt;
    let refuse = Fault { call, arguments: v6_only, errno: libc::EINVAL };
    let ignore = Fault { call, arguments: v6_only, errno: 0 };

    let both = with_faults(&[refuse], || Builder::stream().bind("[::]:0"));
    let error = require!(both, "faults").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    let text = "cannot set IPV6_V6ONLY: this system has no dual-stack sockets; restrict the \
                socket with `.v6_only()`, or use a specific IPv6 address";
    assert_error(error, Op::Mode, ErrorKind::Unsupported, text);

    // As OpenBSD would, if it were the other way round; DragonFly accepted and ignored.
    let text = "cannot set IPV6_V6ONLY: this system refuses to restrict a socket to IPv6";
    let only = with_faults(&[refuse], || Builder::datagram().v6_only().bind("[::]:0"));
    assert_error(require!(only, "faults").unwrap_err(), Op::Mode, ErrorKind::Unsupported, text);
    let host = crate::lab::Host::new();
    let open = || with_faults(&[ignore], || Builder::datagram().v6_only().bind("[::]:0"));
    let only = match &host {
        // The default is surely the other value there.
        Ok(host) => host.run(open),
        Err(_) => open(),
    };
    assert_error(require!(only, "faults").unwrap_err(), Op::Mode, ErrorKind::Unsupported, text);
}

#[cfg(target_os = "linux")]
#[test]
fn descriptor_limit_is_named() {
    let open = |errno| {
        let fault = Fault { call: libc::SYS_socket, arguments: &[], errno };
        with_faults(&[fault], || UdpSocket::bind("[::1]:0"))
    };
    let error = require!(open(libc::ENFILE), "faults").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENFILE));
    assert_eq!(error.op(), Op::Open);
    let text = "cannot open an IPv6 socket: the system has too many open descriptors";
    assert_eq!(error.to_string(), text);
}

#[cfg(unix)]
#[test]
fn process_descriptor_limit_is_named() {
    in_own_process(|| {
        let before = limit_descriptors(0);
        let error = UdpSocket::bind("[::1]:0").unwrap_err();
        limit_descriptors(before);
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        assert_eq!(error.op(), Op::Open);
        let text = "cannot open an IPv6 socket: the process has too many open descriptors";
        assert_eq!(error.to_string(), text);
    });
}

#[test]
fn ipv6_peer_of_ipv4_socket_fails() {
    let listener = listener();
    let peer = listener.local_addr().unwrap();
    let bind = || Builder::stream().bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for error in [
        bind().connect(peer).unwrap_err(),
        bind().connect_timeout(peer, PATIENCE).unwrap_err(),
        bind().start_connect(peer).and_then(|started| started.finish()).unwrap_err(),
    ] {
        assert_eq!(error.op(), Op::Connect);
        assert_eq!(error.address(), Some(&Endpoint::from(peer)));
        assert!(error.raw_os_error().is_some());
        let text = format!(
            "cannot connect to {peer}: the socket is bound to an IPv4 address, and from there no \
             IPv6 peer can be reached"
        );
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn refused_connection_is_named() {
    let closed_port = closed_port();
    let closed = closed_port.local_addr().unwrap();
    let error = TcpStream::connect(closed).unwrap_err();
    assert_eq!(error.address(), Some(&Endpoint::from(closed)));
    let text = format!("cannot connect to {closed}: connection refused; nothing listens there");
    assert_error(error, Op::Connect, ErrorKind::ConnectionRefused, &text);
}

#[test]
fn closed_ipv4_port_shows_ipv4() {
    let streams = Builder::stream();
    let bound = streams.bind("127.0.0.1:0").unwrap();
    let closed = bound.local_addr().unwrap();
    let error = streams.connect(closed).unwrap_err();
    let text = format!("cannot connect to {closed}: connection refused; nothing listens there");
    assert_error(error, Op::Connect, ErrorKind::ConnectionRefused, &text);
}

#[test]
fn unknown_error_keeps_system_text() {
    let error = Builder::stream().bind("[ff0e::1]:80").unwrap_err();
    assert_eq!(error.op(), Op::Bind);
    let cause = error.source().unwrap().to_string();
    assert!(error.to_string().starts_with("cannot bind [ff0e::1]:80: "), "{error}");
    assert!(error.to_string().ends_with(&cause) || error.kind() == ErrorKind::AddrNotAvailable);
}

#[test]
fn error_debug_is_readable() {
    let error = UdpSocket::bind("[fe80::1]:80").unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
    assert!(format!("{error:#?}").contains("op: Address"), "{error:#?}");
}
