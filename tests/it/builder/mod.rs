//! The builder: plain data, and what its final verbs do.

mod sharded;
mod short;

use std::fmt::Debug;

use inet6::kind::{Datagram, Stream};
use inet6::option::{NoDelay, ReadTimeout, UnicastHops};
use inet6::{AnyMode, Builder, DualStack, TcpListener, UdpSocket};

use crate::support::*;

#[test]
fn builder_is_plain_data() {
    fn check<T: Clone + Debug + Send + Sync + 'static>() {}
    check::<Builder<Stream>>();
    check::<Builder<Datagram, DualStack>>();
    check::<Builder<Stream, AnyMode>>();

    let builder = Builder::stream().with(NoDelay(true)).nonblocking();
    let shown = format!("{builder:?}");
    for part in ["Tcp", "DualStack", "NoDelay(true)", "nonblocking: true"] {
        assert!(shown.contains(part), "{shown} lacks {part}");
    }
    assert_eq!(format!("{:?}", builder.clone()), shown);
}

#[test]
fn builder_opens_sockets_in_threads() {
    let builder = Builder::stream().with(NoDelay(true));
    let ports = std::thread::scope(|scope| {
        let open = || builder.bind("[::1]:0").unwrap().listen(1).unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        let open: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let mut ports = Vec::new();
        for listener in &open {
            assert_eq!(listener.option::<NoDelay>().unwrap(), NoDelay(true));
            ports.push(listener.local_addr().unwrap().port());
        }
        ports
    });
    let mut different = ports.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), ports.len());
}

#[test]
fn cloned_builder_is_independent() {
    let first = Builder::datagram().with(UnicastHops(Some(3)));
    let second = first.clone().with(UnicastHops(Some(7)));
    let hops = |builder: &Builder<Datagram>| {
        builder.bind("[::1]:0").unwrap().option::<UnicastHops>().unwrap()
    };
    assert_eq!(hops(&first), UnicastHops(Some(3)));
    assert_eq!(hops(&second), UnicastHops(Some(7)));
}

#[test]
fn later_option_replaces_earlier() {
    let builder = Builder::stream().with(NoDelay(true)).with(NoDelay(false));
    assert_eq!(format!("{builder:?}").matches("NoDelay").count(), 1);
    let bound = builder.bind("[::1]:0").unwrap();
    assert_eq!(bound.option::<NoDelay>().unwrap(), NoDelay(false));
}

#[test]
fn options_survive_a_change_of_mode() {
    let builder = Builder::datagram().with(UnicastHops(Some(9))).nonblocking();
    let socket = builder.bind("[::]:0").unwrap();
    assert_eq!(socket.option::<UnicastHops>().unwrap(), UnicastHops(Some(9)));
    let waits = socket.recv_from(&mut [0; 1]).unwrap_err();
    assert_eq!(waits.kind(), std::io::ErrorKind::WouldBlock);
}

#[cfg(unix)]
#[test]
fn only_short_form_sets_reuse_address() {
    use inet6::option::ReuseAddress;

    assert_eq!(listener().option::<ReuseAddress>().unwrap(), ReuseAddress(true));
    let bound = Builder::stream().bind("[::1]:0").unwrap();
    assert_eq!(bound.option::<ReuseAddress>().unwrap(), ReuseAddress(false));
}

#[test]
fn listener_rebinds_recent_address() {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    let client = inet6::TcpStream::connect(address).unwrap();
    // The side that closes first is left in TIME_WAIT.
    drop(listener.accept().unwrap());
    assert_eq!(client.recv(&mut [0; 1]).unwrap(), 0);
    drop((client, listener));
    // TIME_WAIT lasts longer; a copy of the listener, in a program that another test starts, does
    // not.
    wait_until("the address is free", || TcpListener::bind(address).is_ok());
}

#[test]
fn live_listener_keeps_port() {
    let first = listener();
    let second = TcpListener::bind(first.local_addr().unwrap()).unwrap_err();
    // On Windows the first has it for itself.
    let denied = cfg!(windows) && second.kind() == std::io::ErrorKind::PermissionDenied;
    assert!(denied || second.kind() == std::io::ErrorKind::AddrInUse, "{second}");
}

#[test]
fn live_datagram_socket_keeps_port() {
    let first = socket();
    let second = UdpSocket::bind(first.local_addr().unwrap()).unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::AddrInUse);
}

#[cfg(unix)]
#[test]
fn socket_blocks_and_is_not_inherited() {
    let builder = Builder::stream();
    let bound = builder.bind("[::1]:0").unwrap();
    assert!(is_close_on_exec(&bound) && !is_nonblocking(&bound));
    let listener = bound.listen(4).unwrap();
    assert!(is_close_on_exec(&listener) && !is_nonblocking(&listener));
    let client = builder.connect(listener.local_addr().unwrap()).unwrap();
    assert!(is_close_on_exec(&client) && !is_nonblocking(&client));
    let (accepted, _) = listener.accept().unwrap();
    assert!(is_close_on_exec(&accepted) && !is_nonblocking(&accepted));
    let (server, client) = datagrams();
    assert!(is_close_on_exec(&server) && !is_nonblocking(&server));
    assert!(is_close_on_exec(&client) && !is_nonblocking(&client));
    let clone = client.try_clone().unwrap();
    assert!(is_close_on_exec(&clone));
}

#[cfg(unix)]
#[test]
fn nonblocking_builder_opens_nonblocking_sockets() {
    let builder = Builder::stream().nonblocking();
    let bound = builder.bind("[::1]:0").unwrap();
    assert!(is_close_on_exec(&bound) && is_nonblocking(&bound));
    let listener = bound.listen(4).unwrap();
    assert!(is_nonblocking(&listener));
    let client = builder.connect(listener.local_addr().unwrap()).unwrap();
    assert!(is_close_on_exec(&client) && is_nonblocking(&client));
    let builder = Builder::datagram().nonblocking();
    let socket = builder.bind("[::1]:0").unwrap();
    assert!(is_close_on_exec(&socket) && is_nonblocking(&socket));
    let client = builder.connect(socket.local_addr().unwrap()).unwrap();
    assert!(is_close_on_exec(&client) && is_nonblocking(&client));
}

#[cfg(target_os = "linux")]
#[test]
fn flags_are_set_at_creation() {
    // A second call, fcntl or ioctl, would leave a moment without them: here it fails.
    let later = [libc::SYS_fcntl, libc::SYS_ioctl].map(later);
    let opened = with_faults(&later, || {
        let builder = Builder::stream().nonblocking();
        let listener = builder.bind("[::1]:0").unwrap().listen(4).unwrap();
        let client = builder.connect(listener.local_addr().unwrap()).unwrap();
        let (nonblocking, _) = listener.accept_nonblocking().unwrap();
        let other = Builder::stream().connect(listener.local_addr().unwrap()).unwrap();
        let blocking = loop {
            if let Ok((blocking, _)) = listener.accept() {
                break blocking;
            }
        };
        (listener, client, nonblocking, other, blocking)
    });
    let (listener, client, nonblocking, other, blocking) = require!(opened, "faults");
    for fd in [&client, &nonblocking, &other, &blocking] {
        assert!(is_close_on_exec(fd));
    }
    assert!(is_close_on_exec(&listener) && is_nonblocking(&listener));
    assert!(is_nonblocking(&client) && is_nonblocking(&nonblocking));
    assert!(!is_nonblocking(&other) && !is_nonblocking(&blocking));
}

#[cfg(target_os = "linux")]
fn later(call: libc::c_long) -> Fault<'static> {
    Fault { call, arguments: &[], errno: libc::EXDEV }
}

#[test]
fn multipath_tcp_opens_or_explains() {
    let opened = Builder::stream().multipath_tcp().bind("[::1]:0");
    match opened {
        Ok(bound) => {
            assert!(inet6::capabilities::Capabilities::probe().unwrap().multipath_tcp);
            assert_eq!(bound.protocol().unwrap(), inet6::kind::Protocol::MultipathTcp);
            let listener = bound.listen(4).unwrap();
            let builder = Builder::stream().multipath_tcp();
            let client = builder.connect(listener.local_addr().unwrap()).unwrap();
            let (accepted, peer) = listener.accept().unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
            client.send(b"x").unwrap();
            assert_eq!(accepted.recv(&mut [0; 8]).unwrap(), 1);
        }
        Err(error) => {
            assert!(!inet6::capabilities::Capabilities::probe().unwrap().multipath_tcp);
            assert_eq!(error.kind(), std::io::ErrorKind::Unsupported, "{error}");
        }
    }
}

#[test]
fn builder_timeout_applies_from_start() {
    let time = std::time::Duration::from_secs(3);
    let builder = Builder::datagram().with(ReadTimeout(Some(time)));
    assert_eq!(builder.bind("[::1]:0").unwrap().read_timeout().unwrap(), Some(time));
}

/// Every step of opening, and what ends in an error after it.
#[cfg(target_os = "linux")]
#[test]
fn failed_step_leaks_no_descriptor() {
    use std::net::Ipv4Addr;
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use inet6::TcpStream;
    use inet6::option::ReuseAddress;

    in_own_process(|| {
        let live = listener();
        let taken = v6(live.local_addr().unwrap());
        let closed_port = closed_port();
        let closed = v6(closed_port.local_addr().unwrap());
        let peer = v6(socket().local_addr().unwrap());
        let streams = Builder::stream().v6_only();
        let dual = Builder::datagram();
        let steps: [(&str, &dyn Fn() -> bool); 15] = [
            ("address", &|| streams.bind("nowhere:80").is_err()),
            ("interface", &|| streams.bind("[fe80::1%nowhere]:80").is_err()),
            ("zone", &|| streams.bind("[fe80::1]:80").is_err()),
            ("option", &|| {
                let zero = ReadTimeout(Some(Duration::ZERO));
                streams.clone().with(zero).bind("[::1]:0").is_err()
            }),
            ("bind, in use", &|| streams.bind(taken).is_err()),
            ("bind, not local", &|| streams.bind("[2001:db8::1]:0").is_err()),
            ("listen", &|| {
                let reuse = streams.clone().with(ReuseAddress(true));
                let bound = reuse.bind("[::1]:0").unwrap();
                let again = reuse.bind(bound.local_addr().unwrap()).unwrap();
                let _first = bound.listen(1).unwrap();
                again.listen(1).is_err()
            }),
            ("connect", &|| streams.connect(closed).is_err()),
            ("connect_timeout", &|| streams.connect_timeout(closed, PATIENCE).is_err()),
            ("timeout of zero", &|| streams.connect_timeout(taken, Duration::ZERO).is_err()),
            ("start_connect", &|| match streams.start_connect(closed) {
                Ok(connecting) => connecting.finish().is_err(),
                Err(_) => true,
            }),
            ("bound, connect", &|| {
                streams.bind("[::1]:0").unwrap().connect("[fe80::1]:80").is_err()
            }),
            ("datagram, connect", &|| dual.connect("[ff02::1]:80").is_err()),
            ("bound to IPv4", &|| {
                dual.bind((Ipv4Addr::LOCALHOST, 0)).unwrap().connect(peer).is_err()
            }),
            ("adopt", &|| TcpStream::<DualStack>::try_from(OwnedFd::from(socket())).is_err()),
        ];
        let before = open_descriptors();
        for (name, step) in steps {
            for _ in 0..500 {
                assert!(step(), "{name} does not fail");
            }
            assert_eq!(open_descriptors(), before, "{name}");
        }

        let v6_only: &[_] = &[(1, libc::IPPROTO_IPV6), (2, libc::IPV6_V6ONLY)];
        for fault in [
            Fault { call: libc::SYS_setsockopt, arguments: v6_only, errno: libc::EINVAL },
            Fault { call: libc::SYS_setsockopt, arguments: v6_only, errno: 0 },
            Fault { call: libc::SYS_getsockopt, arguments: v6_only, errno: libc::EINVAL },
            Fault { call: libc::SYS_fcntl, arguments: &[(1, libc::F_SETFL)], errno: libc::EINVAL },
            Fault { call: libc::SYS_connect, arguments: &[], errno: libc::EADDRNOTAVAIL },
        ] {
            let failed = require!(
                with_faults(&[fault], || {
                    let opened = (0..500).map(|_| streams.connect_timeout(taken, PATIENCE));
                    opened.filter(Result::is_err).count()
                }),
                "faults"
            );
            assert_eq!(failed, 500, "{fault:?}");
            assert_eq!(open_descriptors(), before, "{fault:?}");
        }
    });
}
