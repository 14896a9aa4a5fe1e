//! Ten thousand sockets that come and go, well or badly, and not a descriptor more; and none that
//! another program inherits.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::Command;
use std::time::Duration;

use inet6::option::{Linger, MinHopCount, ReadTimeout};
use inet6::{Builder, DualStack, TcpListener, TcpStream, UdpSocket, V6Only};

use crate::lab::Host;
use crate::support::*;

const MANY: usize = 10_000;

type Case<'a> = (&'a str, &'a (dyn Fn() + Sync));

/// Runs the cases in turn, `MANY` times in all.
#[track_caller]
fn many(cases: &[Case<'_>]) {
    let before = open_descriptors();
    for (name, case) in cases {
        case();
        assert_eq!(open_descriptors(), before, "{name}");
    }
    for round in 0..MANY {
        cases[round % cases.len()].1();
    }
    assert_eq!(open_descriptors(), before, "after {MANY}");
}

#[test]
fn ten_thousand_are_opened_and_closed() {
    in_own_process(|| {
        let listener = listener();
        let peer = listener.local_addr().unwrap();
        let server = socket();
        let to = server.local_addr().unwrap();
        let two = NonZeroUsize::new(2).unwrap();
        let (streams, datagrams) = (Builder::stream(), Builder::datagram());
        // It resets, so that no port is kept for a while.
        let resetting = Builder::stream().with(Linger(Some(Duration::ZERO)));
        many(&[
            ("bind", &|| drop(streams.bind("[::1]:0").unwrap())),
            ("listen", &|| drop(streams.bind("[::1]:0").unwrap().listen(1).unwrap())),
            ("accept", &|| {
                let client = resetting.connect(peer).unwrap();
                let (accepted, from) = listener.accept().unwrap();
                assert_eq!(from, client.local_addr().unwrap());
                drop((client.try_clone().unwrap(), accepted));
            }),
            ("accept_nonblocking", &|| {
                let client = resetting.connect_timeout(peer, PATIENCE).unwrap();
                drop((client, listener.accept_nonblocking().unwrap()));
            }),
            ("start_connect", &|| {
                drop(resetting.start_connect(peer).unwrap());
                drop(listener.accept().unwrap());
            }),
            ("datagram, bind", &|| drop(datagrams.bind("[::1]:0").unwrap())),
            ("datagram, connect", &|| {
                let client = datagrams.connect(to).unwrap();
                drop(client.guard(MinHopCount(255)).unwrap());
            }),
            ("coalesce", &|| drop(datagrams.bind("[::1]:0").unwrap().coalesce().unwrap())),
            ("sharded", &|| drop(datagrams.bind_sharded("[::1]:0", two).unwrap())),
            ("adopt", &|| {
                let fd = OwnedFd::from(datagrams.bind("[::1]:0").unwrap());
                drop(UdpSocket::<V6Only>::try_from(fd).unwrap());
            }),
        ]);
    });
}

#[test]
fn ten_thousand_fail() {
    in_own_process(|| {
        let listener = listener();
        let taken = listener.local_addr().unwrap();
        let (streams, datagrams) = (Builder::stream(), Builder::datagram());
        // Bound, and not listening.
        let silent = Builder::stream().bind("[::1]:0").unwrap();
        let refused = silent.local_addr().unwrap();
        let zero = Builder::stream().with(ReadTimeout(Some(Duration::ZERO)));
        many(&[
            ("bind, in use", &|| drop(streams.bind(taken).unwrap_err())),
            ("bind, not local", &|| drop(datagrams.bind("[2001:db8::1]:0").unwrap_err())),
            ("option", &|| drop(zero.bind("[::1]:0").unwrap_err())),
            ("connect", &|| drop(streams.connect(refused).unwrap_err())),
            ("connect_timeout", &|| drop(streams.connect_timeout(refused, PATIENCE).unwrap_err())),
            ("start_connect", &|| {
                let connecting = streams.start_connect(refused);
                drop(connecting.and_then(|connecting| connecting.finish()).unwrap_err());
            }),
            ("bound, connect", &|| {
                drop(streams.bind("[::1]:0").unwrap().connect("[fe80::1]:80").unwrap_err());
            }),
            ("datagram, connect", &|| drop(datagrams.connect("[fe80::1]:80").unwrap_err())),
            ("connect gives back", &|| {
                let failed = datagrams.bind("[::1]:0").unwrap().connect("fe80::1").unwrap_err();
                drop(failed.into_inner());
            }),
            ("adopt", &|| {
                let fd = OwnedFd::from(datagrams.bind("[::1]:0").unwrap());
                drop(TcpStream::<V6Only>::try_from(fd).unwrap_err());
            }),
            ("sharded", &|| {
                drop(streams.listen_sharded(taken, 1, NonZeroUsize::MIN).unwrap_err());
            }),
            ("connect_host", &|| {
                drop(streams.connect_host(refused).unwrap_err());
            }),
        ]);
    });
}

/// A call with its arguments, and what fails with it.
type Step<'a> = (libc::c_long, &'a [(u32, libc::c_int)], Case<'a>);

/// As many for each step that the kernel can refuse.
#[test]
fn ten_thousand_fail_at_each_step() {
    in_own_process(|| {
        let listener = listener();
        let peer = listener.local_addr().unwrap();
        // What is connected is reset, so that no port is kept for a while.
        let streams = Builder::stream().with(Linger(Some(Duration::ZERO)));
        let datagrams = Builder::datagram();
        let v6_only = [(1, libc::IPPROTO_IPV6), (2, libc::IPV6_V6ONLY)];
        let flags = [(1, libc::F_SETFL)];
        let bind = || drop(datagrams.bind("[::1]:0").unwrap_err());
        let listen = || drop(streams.bind("[::1]:0").unwrap().listen(1).unwrap_err());
        let connect = || drop(streams.connect(peer).unwrap_err());
        let finish = || {
            drop(streams.start_connect(peer).unwrap().finish().unwrap_err());
            drop(listener.accept().unwrap());
        };
        let steps: [Step<'_>; 8] = [
            (libc::SYS_socket, &[], ("socket", &bind)),
            (libc::SYS_setsockopt, &v6_only, ("mode", &bind)),
            (libc::SYS_getsockopt, &v6_only, ("mode, read back", &bind)),
            (libc::SYS_bind, &[], ("bind", &bind)),
            (libc::SYS_listen, &[], ("listen", &listen)),
            (libc::SYS_connect, &[], ("connect", &connect)),
            (libc::SYS_getpeername, &[], ("proof", &finish)),
            (libc::SYS_fcntl, &flags, ("blocking again", &finish)),
        ];
        for (call, arguments, case) in steps {
            let fault = Fault { call, arguments, errno: libc::ENOMEM };
            require!(with_faults(&[fault], || many(&[case])), "faults");
        }
    });
}

/// The sockets that this process has open, each as `socket:[17]`, and whether a program that it
/// starts closes them.
fn close_on_exec() -> BTreeMap<i32, (String, bool)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir("/proc/self/fd").unwrap() {
        let path = entry.unwrap().path();
        let Ok(target) = fs::read_link(&path) else { continue };
        let target = target.to_string_lossy().into_owned();
        if target.starts_with("socket:") {
            let number = path.file_name().unwrap().to_string_lossy().into_owned();
            let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
            let flags = i32::from_str_radix(flags.trim(), 8).unwrap();
            all.insert(number.parse().unwrap(), (target, flags & libc::O_CLOEXEC != 0));
        }
    }
    all
}

#[test]
fn no_program_inherits_sockets() {
    in_own_process(|| {
        let host = require!(Host::new(), "the lab");
        host.ip("link set dev lo up");
        host.allow_echo();
        host.run(|| {
            // The test itself may have been started with some.
            let inherited = close_on_exec();
            let opened = one_of_each();
            let mut ours = close_on_exec();
            ours.retain(|number, _| !inherited.contains_key(number));
            for fd in &opened {
                assert!(ours.contains_key(&fd.as_raw_fd()), "{fd:?} of {ours:?}");
            }
            assert!(ours.values().all(|(_, closes)| *closes), "{ours:?}");

            let listed = Command::new("ls").args(["-l", "/proc/self/fd"]).output().unwrap();
            let listed = String::from_utf8(listed.stdout).unwrap();
            assert!(listed.contains(" -> pipe:["), "{listed}");
            for (target, _) in ours.values() {
                assert!(!listed.contains(target.as_str()), "{target}: {listed}");
            }
        });
    });
}

/// A socket of every kind, by every way that makes one.
fn one_of_each() -> Vec<OwnedFd> {
    let mut all: Vec<OwnedFd> = Vec::new();
    for builder in [Builder::stream(), Builder::stream().nonblocking()] {
        let listener = builder.bind("[::1]:0").unwrap().listen(64).unwrap();
        let peer = listener.local_addr().unwrap();
        all.push(builder.bind("[::1]:0").unwrap().into());
        all.push(builder.connect(peer).unwrap().into());
        all.push(builder.connect_timeout(peer, PATIENCE).unwrap().into());
        all.push(builder.start_connect(peer).unwrap().finish().unwrap().into());
        let connecting = builder.start_connect(peer).unwrap();
        all.push(connecting.as_fd().try_clone_to_owned().unwrap());
        assert!(is_close_on_exec(&connecting), "{connecting:?}");
        all.push(builder.bind("[::1]:0").unwrap().connect(peer).unwrap().into());
        let host = builder.connect_host(peer).unwrap();
        all.push(host.socket.try_clone().unwrap().into());
        all.push(host.socket.into());
        let mut accepted = 0;
        while accepted < 5 {
            // The last of them may still be on its way to a nonblocking listener.
            let next = match accepted % 2 {
                0 => listener.accept(),
                _ => listener.accept_nonblocking(),
            };
            if let Ok((stream, _)) = next {
                assert!(is_close_on_exec(&stream), "{stream:?}");
                all.push(stream.into());
                accepted += 1;
            }
        }
        all.push(listener.try_clone().unwrap().into());
        all.push(listener.into());
    }
    let dual = dual_listener();
    let client = Builder::stream().connect(ipv4(dual.local_addr().unwrap().port()));
    all.extend([client.unwrap().into(), dual.accept().unwrap().0.into(), dual.into()]);
    let two = NonZeroUsize::new(2).unwrap();
    all.extend(
        Builder::stream().listen_sharded("[::1]:0", 1, two).unwrap().into_iter().map(Into::into),
    );
    all.extend(
        Builder::datagram().bind_sharded("[::1]:0", two).unwrap().into_iter().map(Into::into),
    );
    all.push(
        Builder::stream()
            .multipath_tcp()
            .bind("[::1]:0")
            .map_or_else(|_| socket().into(), Into::into),
    );
    let (server, client) = datagrams();
    all.push(client.into());
    let connected = socket().connect(server.local_addr().unwrap()).unwrap();
    all.extend([connected.into(), server.into()]);
    all.push(socket().guard(MinHopCount(255)).unwrap().into_inner().into());
    all.push(socket().coalesce().unwrap().into());
    all.push(Builder::datagram().mode(DualStack).nonblocking().bind("[::]:0").unwrap().into());
    all.push(Builder::datagram().bind_echo("[::1]:0").unwrap().into());
    let others = [OwnedFd::from(listener()), socket().into()];
    others.iter().for_each(let_inherit);
    let [stream, datagram] = others;
    all.push(TcpListener::<V6Only>::try_from(stream).unwrap().into());
    all.push(UdpSocket::<V6Only>::try_from(datagram).unwrap().into());
    all
}
