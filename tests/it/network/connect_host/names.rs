//! The system's resolver: a name leads where the files of a host and its name server say it leads.
//!
//! The left host has the server and the name server, the right one connects. Each test is alone in
//! its process, for which its files are those of the system.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use inet6::{
    ConnectedUdpSocket,
    cancel::Cancel,
    connect::{Event, Family, HostErrorKind, Query, Resolve, ResolveErrorKind, SystemResolver},
};

use super::*;
use crate::lab::{Files, NameServer, Record, python};

use ResolveErrorKind::{NoAddress, NoSuchName, Unreachable};

/// The name server is the left host.
const RESOLV: &str = "nameserver 192.0.2.1\n";

/// The address of nobody, in a file that is not to be believed.
const NOBODY: &str = "192.0.2.9";

/// A host as the system's resolver knows it. An address that a busy machine delays changes no
/// order.
fn named(name: &str, port: u16) -> HappyEyeballs {
    HappyEyeballs::to((name, port)).attempt_delay(LONG)
}

/// The addresses that the system's resolver gives on the right host.
fn look_up(lab: &Lab, query: Query) -> Result<Vec<SocketAddr>, ResolveErrorKind> {
    let found = lab.right.run(|| SystemResolver.look_up(query));
    found.map_err(|error| error.kind())
}

fn ips(addresses: &[SocketAddr]) -> Vec<IpAddr> {
    addresses.iter().map(SocketAddr::ip).collect()
}

/// The addresses of both families at once, like Python's in the same place.
#[track_caller]
fn like_python(lab: &Lab, name: &str, expected: &[&str]) {
    let expected: Vec<IpAddr> = expected.iter().map(|ip| ip.parse().unwrap()).collect();
    let found = look_up(lab, Query::new(name)).unwrap_or_default();
    assert_eq!(ips(&found), expected, "{name}");
    assert_eq!(found, python(&lab.right, name, "AF_UNSPEC").unwrap(), "{name}, by Python");
}

/// Runs `work` in a thread of the right host that can start no other thread.
fn without_threads<T: Send>(lab: &Lab, work: impl FnOnce() -> T + Send) -> Result<T, String> {
    let faults = [
        // musl has no other one, and glibc falls back to it.
        Fault { call: libc::SYS_clone, arguments: &[], errno: libc::EAGAIN },
        Fault { call: libc::SYS_clone3, arguments: &[], errno: libc::EAGAIN },
    ];
    lab.right.run(|| with_faults(&faults, work))
}

#[test]
fn hosts_file_hides_the_dns() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        let hosts = "192.0.2.1 api.example\n2001:db8::1 six.example\n";
        require!(Files { hosts, resolv: RESOLV, ..Files::default() }.install(), "files");
        let records = [("api.example", "2001:db8::ffff"), ("six.example", NOBODY)];
        let dns = NameServer::start(&lab.left, &records);
        let (listener, port) = server(&lab);

        check(&lab, &listener, &named("api.example", port), SERVER_V4, &["192.0.2.1 connected"]);
        check(&lab, &listener, &named("six.example", port), SERVER_V6, &["2001:db8::1 connected"]);
        like_python(&lab, "api.example", &["192.0.2.1"]);
        like_python(&lab, "six.example", &["2001:db8::1"]);
        assert_eq!(dns.asked(), []);

        // In datagrams, too.
        let connect = || Builder::datagram().connect_host(("api.example", port));
        assert_eq!(lab.right.run(connect).unwrap().peer, (SERVER_V4, port).into());
        assert_eq!(dns.asked(), []);
    });
}

#[test]
fn hosts_file_hides_search_domain() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        let resolv = format!("search wild.example\n{RESOLV}");
        let files = Files { hosts: "192.0.2.1 api\n", resolv: &resolv, ..Files::default() };
        require!(files.install(), "files");
        let dns = NameServer::start(&lab.left, &[("*.wild.example", "2001:db8::ffff")]);
        let (listener, port) = server(&lab);
        check(&lab, &listener, &named("api", port), SERVER_V4, &["192.0.2.1 connected"]);
        like_python(&lab, "api", &["192.0.2.1"]);
        assert_eq!(dns.asked(), []);
        // The wildcard is there.
        like_python(&lab, "other", &["2001:db8::ffff"]);
        assert_ne!(dns.asked(), []);
    });
}

/// As `curl -6`: a hosts file that knows an IPv4 address alone does not answer such a question.
/// With musl it does.
#[cfg(target_env = "gnu")]
#[test]
fn ipv6_only_socket_asks_for_ipv6() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        let hosts = "192.0.2.1 api.example\n";
        require!(Files { hosts, resolv: RESOLV, ..Files::default() }.install(), "files");
        let dns = NameServer::start(&lab.left, &[("api.example", "2001:db8::1")]);
        let (_listener, port) = server(&lab);
        let connection = lab
            .right
            .run(|| Builder::stream().v6_only().connect_host(("api.example", port)))
            .unwrap();
        assert_eq!(story(&connection.report), ["2001:db8::1 connected"]);
        let [answer] = &connection.report.answers[..] else { panic!("{}", connection.report) };
        assert_eq!(answer.family, Some(Family::Ipv6));
        assert_eq!(dns.asked(), [("api.example".into(), Record::Aaaa)]);
        let found = look_up(&lab, Query::new("api.example").only(Family::Ipv6)).unwrap();
        assert_eq!(found, python(&lab.right, "api.example", "AF_INET6").unwrap());
        let found = look_up(&lab, Query::new("api.example").only(Family::Ipv4)).unwrap();
        assert_eq!(ips(&found), [SERVER_V4]);
    });
}

#[test]
fn families_of_the_dns_alternate() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        require!(Files { resolv: RESOLV, ..Files::default() }.install(), "files");
        let records = [
            ("host.example", "198.51.100.1"),
            ("host.example", "198.51.100.2"),
            ("host.example", "2001:db8::dead"),
            ("host.example", "2001:db8::1"),
        ];
        let _dns = NameServer::start(&lab.left, &records);
        let (listener, port) = server(&lab);
        let found = look_up(&lab, Query::new("host.example")).unwrap();
        assert_eq!(found, python(&lab.right, "host.example", "AF_UNSPEC").unwrap());
        assert!(found[0].is_ipv6() && found[1].is_ipv6(), "{found:?}");

        // The order within a family is the system's, and no IPv4 address can be reached.
        let connection = lab.right.run(|| {
            let host = named("host.example", port).attempt_delay(SHORT);
            Builder::stream().connect_host(host).unwrap()
        });
        let tried: Vec<_> = connection.report.attempts.iter().map(|it| it.address.ip()).collect();
        let own = |ipv6| found.iter().map(SocketAddr::ip).filter(move |ip| ip.is_ipv6() == ipv6);
        let turns: Vec<_> = own(true).zip(own(false)).flat_map(|(a, b)| [a, b]).collect();
        assert_eq!(tried, turns[..tried.len()], "{}", connection.report);
        assert_eq!(without_scope(connection.peer), (SERVER_V6, port).into());
        listener.accept().unwrap();
    });
}

#[test]
fn localhost_is_not_looked_up() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        // An entry for it is ignored, and the name server never answers.
        let hosts = format!("{NOBODY} localhost LOCALHOST app.localhost\n");
        require!(Files { hosts: &hosts, resolv: RESOLV, ..Files::default() }.install(), "files");
        let dns = NameServer::start(&lab.left, &[("*.localhost", NOBODY)]);
        dns.hold(&[Record::A, Record::Aaaa]);
        let (ipv6, ipv4) = lab.right.run(|| {
            let ipv6 = listener();
            let ipv4 = Builder::stream().bind("127.0.0.1:0").unwrap();
            (ipv6, ipv4.listen(4).unwrap())
        });
        let [to_ipv6, to_ipv4] =
            [ipv6.local_addr().unwrap().port(), ipv4.local_addr().unwrap().port()];
        for name in ["localhost", "LocalHost", "localhost.", "app.localhost", "a.b.LOCALHOST."] {
            let connect = || {
                let builder = Builder::stream();
                // With a deadline as well, which the look-up of another name needs a thread for.
                let host = named(name, to_ipv4).deadline(PATIENCE);
                [builder.connect_host(named(name, to_ipv6)), builder.connect_host(host)]
            };
            let connected = require!(without_threads(&lab, connect), "faults");
            let [first, second] =
                connected.map(|it| it.unwrap_or_else(|it| panic!("{name}: {it}")));
            assert_eq!(story(&first.report), ["::1 connected"], "{name}");
            assert_eq!(story(&second.report), ["::1 ConnectionRefused", "127.0.0.1 connected"]);
            let shown = second.report.to_string();
            assert!(shown.contains(" ms  answer: ::1, 127.0.0.1\n"), "{shown}");

            let only = Builder::stream().v6_only();
            let connect = || only.connect_host(named(name, to_ipv4)).unwrap_err();
            let error = require!(without_threads(&lab, connect), "faults");
            assert_eq!(story(error.report()), ["::1 ConnectionRefused"]);
            let found = look_up(&lab, Query::new(name)).unwrap();
            let loopback: [IpAddr; 2] = [Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
            assert_eq!(ips(&found), loopback);
        }
        // A resolver of one's own is not asked, either.
        let asked = Names::new([SERVER_V4]);
        let host = named("localhost", to_ipv6).resolver(asked);
        assert_eq!(connect(&lab, &host).unwrap().peer, (Ipv6Addr::LOCALHOST, to_ipv6).into());
        assert_eq!(dns.asked(), []);
    });
}

#[test]
fn names_near_localhost_are_looked_up() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        let names = ["mylocalhost", "localhost.example", "local", "xlocalhost", "localhosts"];
        let hosts: String = names.iter().map(|it| format!("192.0.2.1 {}\n", it)).collect();
        require!(Files { hosts: &hosts, resolv: RESOLV, ..Files::default() }.install(), "files");
        for name in names {
            assert_eq!(
                look_up(&lab, Query::new(name)).map(|it| ips(&it)),
                Ok(vec![SERVER_V4.into()]),
                "{name}"
            );
        }
    });
}

#[test]
fn system_resolver_needs_no_thread() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        let files = Files { hosts: "192.0.2.1 host.example\n", resolv: RESOLV, ..Files::default() };
        require!(files.install(), "files");
        let dns = NameServer::start(&lab.left, &[("six.example", "2001:db8::1")]);
        let (listener, port) = server(&lab);
        for (name, winner) in [("host.example", "192.0.2.1"), ("six.example", "2001:db8::1")] {
            // To name the default changes nothing.
            for host in [named(name, port), named(name, port).resolver(SystemResolver)] {
                let connect = || Builder::stream().connect_host(&host);
                let connection = require!(without_threads(&lab, connect), "faults").unwrap();
                assert_eq!(story(&connection.report), [format!("{winner} connected")]);
                listener.accept().unwrap();
            }
        }
        // A look-up that may have to end early needs one.
        let cancel = Cancel::new();
        for host in [
            named("host.example", port).deadline(PATIENCE),
            named("host.example", port).cancel(&cancel),
        ] {
            let connect = || Builder::stream().connect_host(&host);
            let error = require!(without_threads(&lab, connect), "faults").unwrap_err();
            assert_eq!(error.kind(), HostErrorKind::Unresolved);
            assert!(error.to_string().contains("answer: the look-up failed"), "{error}");
        }
        drop(dns);
    });
}

#[test]
fn look_up_has_one_thread() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        require!(Files { resolv: RESOLV, ..Files::default() }.install(), "files");
        let records = [("host.example", "2001:db8::1"), ("host.example", "192.0.2.1")];
        let dns = NameServer::start(&lab.left, &records);
        dns.hold(&[Record::A, Record::Aaaa]);
        let (_listener, port) = server(&lab);
        thread::scope(|scope| {
            let host = named("host.example", port).deadline(PATIENCE);
            let race = scope.spawn(|| connect(&lab, &{ host }));
            wait_until("both questions are there", || dns.asked().len() >= 2);
            assert_eq!(threads_named("resolve"), 1);
            dns.hold(&[]);
            let connection = race.join().unwrap().unwrap();
            assert_eq!(story(&connection.report), ["2001:db8::1 connected"]);
        });
    });
}

#[test]
fn slow_aaaa_answer_delays_a() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        require!(Files { resolv: RESOLV, ..Files::default() }.install(), "files");
        let dns = NameServer::start(&lab.left, &[("host.example", "192.0.2.1")]);
        dns.hold(&[Record::Aaaa]);
        let (_listener, port) = server(&lab);
        let started = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&started);
        let host = named("host.example", port).observer(move |event| {
            if matches!(event, Event::Started { .. }) {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        thread::scope(|scope| {
            let race = scope.spawn(|| connect(&lab, &host));
            wait_until("both questions are there", || dns.asked().len() >= 2);
            assert_eq!(started.load(Ordering::SeqCst), 0);
            dns.hold(&[]);
            assert_eq!(story(&race.join().unwrap().unwrap().report), ["192.0.2.1 connected"]);
        });
    });
}

#[test]
fn resolver_distinguishes_missing_name_and_address() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        require!(
            Files { hosts: "192.0.2.1 here\n", resolv: RESOLV, ..Files::default() }.install(),
            "files"
        );
        let records = [("four.example", "192.0.2.1"), ("six.example", "2001:db8::1")];
        let dns = NameServer::start(&lab.left, &records);
        assert_eq!(look_up(&lab, Query::new("nobody.example")), Err(NoSuchName));
        for (name, family) in [("four.example", Family::Ipv6), ("six.example", Family::Ipv4)] {
            assert_eq!(look_up(&lab, Query::new(name).only(family)), Err(NoAddress), "{name}");
        }
        let error = connect(&lab, &named("nobody.example", 80)).unwrap_err();
        assert_eq!(error.kind(), HostErrorKind::Unresolved);
        let text = error.to_string();
        assert!(
            text.starts_with("cannot look up nobody.example:80: there is no such name\n"),
            "{text}"
        );
        assert_eq!(text.matches("no such name").count(), 2, "{text}");

        drop(dns);
        assert_eq!(look_up(&lab, Query::new("nobody.example")), Err(Unreachable));
        assert_eq!(
            look_up(&lab, Query::new("here")).map(|it| ips(&it)),
            Ok(vec![SERVER_V4.into()])
        );
    });
}

#[test]
fn mapped_entry_is_an_ipv4_address() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        let hosts = "::ffff:192.0.2.1 mapped.example\n::ffff:192.0.2.1 twice.example\n192.0.2.1 twice.example\n";
        require!(Files { hosts, resolv: RESOLV, ..Files::default() }.install(), "files");
        let (listener, port) = server(&lab);
        for name in ["mapped.example", "twice.example"] {
            check(&lab, &listener, &named(name, port), SERVER_V4, &["192.0.2.1 connected"]);
            assert_eq!(
                look_up(&lab, Query::new(name)).map(|it| ips(&it)),
                Ok(vec![SERVER_V4.into()])
            );
            let only = Query::new(name).only(Family::Ipv6);
            // Whether the system asks the DNS as well depends on how it reads the file.
            let error = look_up(&lab, only).unwrap_err();
            assert!(matches!(error, NoAddress | NoSuchName | Unreachable), "{error:?}");
        }
    });
}

/// Deadline and cancel while the name server takes questions and never answers; afterwards the
/// process has no descriptor but that of `getaddrinfo`.
#[test]
fn race_ends_while_the_resolver_hangs() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        require!(Files { resolv: RESOLV, ..Files::default() }.install(), "files");
        let dns = NameServer::start(&lab.left, &[]);
        dns.hold(&[Record::A, Record::Aaaa]);
        let was_asked = |name: &str| {
            wait_until(name, || dns.asked().iter().any(|(asked, _)| asked == name));
        };
        lab.right.run(|| {
            let before = open_descriptors();
            let host = named("late.invalid", 80).deadline(Duration::from_millis(50));
            let error = Builder::stream().connect_host(host).unwrap_err();
            assert_eq!(error.kind(), HostErrorKind::TimedOut, "{error}");
            assert!(error.report().answers.is_empty(), "{error}");
            was_asked("late.invalid");
            assert!(open_descriptors() <= before + 1, "{} and {before}", open_descriptors());

            let cancel = Cancel::new();
            let host = named("unwanted.invalid", 80).cancel(&cancel);
            let (ended, has_ended) = channel();
            thread::scope(|scope| {
                scope.spawn(move || ended.send(Builder::stream().connect_host(host).unwrap_err()));
                was_asked("unwanted.invalid");
                cancel.cancel();
                let error = has_ended.recv_timeout(PATIENCE).expect("it ends");
                assert_eq!(error.kind(), HostErrorKind::Cancelled, "{error}");
                assert!(error.report().answers.is_empty(), "{error}");
            });
        });
    });
}

/// Addresses of the left host that do not answer, and its IPv4 address.
fn many(lab: &Lab) -> Result<Vec<IpAddr>, String> {
    lab.left.arriving().drop(IPV6_TCP)?;
    lab.left.ip("route add local 2001:db8:dead::/64 dev lo");
    lab.right.ip("route add 2001:db8:dead::/64 via 2001:db8::1");
    let ipv6 = (1..=2299).map(|n| Ipv6Addr::new(0x2001, 0xdb8, 0xdead, 0, 0, 0, 0, n).into());
    Ok(ipv6.chain([SERVER_V4.into()]).collect())
}

/// musl reads no more than 48 addresses itself.
#[cfg(target_env = "gnu")]
#[test]
fn resolver_truncates_thousands_of_addresses() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        let many = require!(many(&lab), "nftables");
        let hosts: String = many.iter().map(|ip| format!("{ip} many.example\n")).collect();
        require!(Files { hosts: &hosts, ..Files::default() }.install(), "files");
        let found = look_up(&lab, Query::new("many.example")).unwrap();
        let ipv6 = found.iter().filter(|address| address.is_ipv6()).count();
        // IPv4 is not lost behind them.
        assert_eq!((ipv6, found.len()), (256, 257));
    });
}

#[test]
fn thousands_of_addresses_hold_few_descriptors() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        let all = require!(many(&lab), "nftables");
        // Nothing answers over IPv6, and the port is closed for IPv4.
        let port = lab.left.run(|| dual_socket().local_addr().unwrap().port());
        for bound in [16, 3] {
            let [attempts, most] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
            let (started, held, cancel) = (Arc::clone(&attempts), Arc::clone(&most), Cancel::new());
            let host = HappyEyeballs::to(("host.test", port)).resolver(Names::new(all.clone()));
            let mut host = host.attempt_delay(SHORT).cancel(&cancel);
            if bound != 16 {
                host = host.max_in_flight(NonZeroUsize::new(bound).unwrap());
            }
            let host = host.observer(move |event| {
                held.fetch_max(open_descriptors(), Ordering::SeqCst);
                if matches!(event, Event::Started { .. }) {
                    started.fetch_add(1, Ordering::SeqCst);
                }
            });
            let before = open_descriptors();
            let error = thread::scope(|scope| {
                let race = scope.spawn(|| connect(&lab, &host).unwrap_err());
                // IPv4 is refused, and its place is taken by another one.
                wait_until("all start", || attempts.load(Ordering::SeqCst) > bound);
                thread::sleep(20 * SHORT);
                cancel.cancel();
                race.join().unwrap()
            });
            let story = story(error.report());
            assert_eq!(story.len(), bound + 1, "{error}");
            assert_eq!(story.iter().filter(|it| it.ends_with(" cancelled")).count(), bound);
            // Two more wake the race, and one is of the listing.
            let most = most.load(Ordering::SeqCst) - before;
            assert!(most <= bound + 3, "{most} descriptors");
        }
    });
}

/// A host whose IPv6 addresses are unique local, with a default route, and an IPv4 address.
fn with_unique_local_address(lab: &Lab) {
    lab.right.ip("address flush dev wire scope global");
    lab.right.ip("address add fd00:6::2/64 dev wire nodad");
    lab.right.ip("address add 192.0.2.2/24 dev wire");
    lab.right.ip("-6 route add default via fe80::1 dev wire");
}

fn connect_datagrams(
    lab: &Lab,
    host: &HappyEyeballs,
) -> HostConnection<ConnectedUdpSocket<DualStack>> {
    lab.right.run(|| Builder::datagram().connect_host(host)).unwrap()
}

#[test]
fn datagram_socket_avoids_unsuited_source() {
    let lab = require!(Lab::new(), "the lab");
    with_unique_local_address(&lab);
    let far: Ipv6Addr = "2001:db8:1::1".parse().unwrap();
    let near: Ipv6Addr = "fd00:6::1".parse().unwrap();
    lab.left.ip("address add fd00:6::1/64 dev wire nodad");
    let both = || Names::new([IpAddr::V6(far), SERVER_V4.into()]);
    let connection = connect_datagrams(&lab, &host(9, both()));
    assert_eq!(
        story(&connection.report),
        ["2001:db8:1::1 unsuited fd00:6::2", "192.0.2.1 connected"]
    );
    assert_eq!(connection.peer, (SERVER_V4, 9).into());
    let shown = connection.report.to_string();
    assert!(shown.contains("[2001:db8:1::1]:9: its source fd00:6::2 does not suit it"), "{shown}");

    // An address that its source suits comes before one of the other family.
    let all = Names::new([IpAddr::V6(far), near.into(), SERVER_V4.into()]);
    let connection =
        connect_datagrams(&lab, &host(9, all).first_family_count(NonZeroUsize::new(2).unwrap()));
    assert_eq!(connection.peer, (near, 9).into());
    // Without a better one, it is taken.
    let connection = connect_datagrams(&lab, &host(9, Names::new([far])));
    assert_eq!(story(&connection.report), ["2001:db8:1::1 connected"]);
    assert_eq!(connection.socket.local_addr().unwrap().ip().to_string(), "fd00:6::2");
    let only = Names::new([IpAddr::V6(far), SERVER_V4.into()]);
    let only = lab.right.run(|| Builder::datagram().v6_only().connect_host(host(9, only))).unwrap();
    assert_eq!(only.peer, (far, 9).into());
    // A source that the caller names is the caller's decision.
    let source: SocketAddr = "[fd00:6::2]:0".parse().unwrap();
    let chosen = host(9, both()).source(move |peer| peer.is_ipv6().then_some(source));
    assert_eq!(connect_datagrams(&lab, &chosen).peer, (far, 9).into());
    // A stream has a second try, and keeps the order.
    let (_listener, port) = server(&lab);
    let stream = connect(&lab, &host(port, both()).attempt_delay(SHORT)).unwrap();
    assert_eq!(story(&stream.report)[0], "2001:db8:1::1 cancelled");
}

#[test]
fn spare_connection_ends_with_its_race() {
    let lab = require!(Lab::new(), "the lab");
    with_unique_local_address(&lab);
    let far: Ipv6Addr = "2001:db8:1::1".parse().unwrap();
    for (cancels, expected) in [(false, "connected"), (true, "cancelled")] {
        let gate = Gate::default();
        let names = Names::new([IpAddr::V6(far), SERVER_V4.into()]).holding(Family::Ipv4, &gate);
        let cancel = Cancel::new();
        let (late, (ended, has_ended)) = (cancel.clone(), channel());
        let host = host(9, names).deadline(Duration::from_millis(300)).cancel(&cancel);
        let host = host.observer(move |event| match event {
            Event::Started { .. } if cancels => late.cancel(),
            Event::Ended(attempt) => ended.send(attempt.ended).unwrap(),
            _ => {}
        });
        let builder = Builder::datagram();
        let result = lab.right.run(|| builder.connect_host(&host));
        gate.open();
        let report = result.as_ref().map_or_else(HostError::report, |connected| &connected.report);
        assert_eq!(story(report), [format!("2001:db8:1::1 {expected}")]);
        assert_eq!(result.is_ok(), !cancels);
        // Its end is reported once, and it is that of the race.
        drop(host);
        assert_eq!(has_ended.iter().collect::<Vec<_>>(), [report.attempts[0].ended]);
    }
}

#[test]
fn system_order_decides_for_datagrams() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        with_unique_local_address(&lab);
        require!(Files { resolv: RESOLV, ..Files::default() }.install(), "files");
        let records = [("host.example", "2001:db8:1::1"), ("host.example", "192.0.2.1")];
        let _dns = NameServer::start(&lab.left, &records);
        like_python(&lab, "host.example", &["192.0.2.1", "2001:db8:1::1"]);
        let connection = connect_datagrams(&lab, &named("host.example", 9));
        assert_eq!(story(&connection.report), ["192.0.2.1 connected"]);
        // Who insists on IPv6 gets it only if the source suits.
        let connection =
            connect_datagrams(&lab, &named("host.example", 9).first_family(Family::Ipv6));
        assert_eq!(
            story(&connection.report),
            ["2001:db8:1::1 unsuited fd00:6::2", "192.0.2.1 connected"]
        );
    });
}

/// musl has no such file.
#[cfg(target_env = "gnu")]
#[test]
fn gai_conf_decides_which_family_leads() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        let gai = "precedence ::ffff:0:0/96 100\n";
        require!(Files { resolv: RESOLV, gai, ..Files::default() }.install(), "files");
        let records = [("host.example", "2001:db8::1"), ("host.example", "192.0.2.1")];
        let _dns = NameServer::start(&lab.left, &records);
        let (listener, port) = server(&lab);
        like_python(&lab, "host.example", &["192.0.2.1", "2001:db8::1"]);
        let host = named("host.example", port);
        check(&lab, &listener, &host, SERVER_V4, &["192.0.2.1 connected"]);
        assert_eq!(connect_datagrams(&lab, &host).peer, (SERVER_V4, port).into());
        let host = host.first_family(Family::Ipv6);
        check(&lab, &listener, &host, SERVER_V6, &["2001:db8::1 connected"]);
    });
}

/// A host whose unique local addresses are translated, and whose administrator says so.
#[cfg(target_env = "gnu")]
#[test]
fn datagram_socket_follows_gai_conf_labels() {
    in_own_process(|| {
        let lab = require!(Lab::new(), "the lab");
        with_unique_local_address(&lab);
        let gai = "label ::1/128 0\nlabel ::/0 1\nlabel ::ffff:0:0/96 4\n";
        require!(Files { resolv: RESOLV, gai, ..Files::default() }.install(), "files");
        let records = [("host.example", "192.0.2.1"), ("host.example", "2001:db8:1::1")];
        let _dns = NameServer::start(&lab.left, &records);
        like_python(&lab, "host.example", &["2001:db8:1::1", "192.0.2.1"]);
        let connection = connect_datagrams(&lab, &named("host.example", 9));
        assert_eq!(story(&connection.report), ["2001:db8:1::1 connected"]);
    });
}

/// A module of nsswitch.conf that knows a link-local address (`tests/it/lab/names.c`).
#[cfg(target_env = "gnu")]
struct Module(Option<std::path::PathBuf>);

#[cfg(target_env = "gnu")]
impl Module {
    fn build() -> Result<Self, String> {
        if std::env::var_os("INET6_ALONE").is_some() {
            // The process before this one has built it.
            return Ok(Self(None));
        }
        let folder = std::env::temp_dir().join(format!("inet6-nss-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let file = folder.join("libnss_inet6lab.so.2");
        let module = Self(Some(folder));
        compile_library("tests/it/lab/names.c", &file)?;
        Ok(module)
    }

    /// What `LD_LIBRARY_PATH` of a process with it holds.
    fn path(&self) -> std::ffi::OsString {
        self.0.as_ref().map(Into::into).unwrap_or_default()
    }
}

#[cfg(target_env = "gnu")]
impl Drop for Module {
    fn drop(&mut self) {
        self.0.iter().for_each(|folder| std::fs::remove_dir_all(folder).unwrap());
    }
}

#[cfg(target_env = "gnu")]
#[test]
fn link_local_answer_keeps_its_zone() {
    let module = require!(Module::build(), "the module");
    in_own_process_with(&[("LD_LIBRARY_PATH", &module.path())], || {
        let lab = require!(Lab::new(), "the lab");
        require!(Files { sources: "inet6lab", ..Files::default() }.install(), "files");
        let (listener, port) = server(&lab);
        let ip: Ipv6Addr = "fe80::1".parse().unwrap();
        let address = std::net::SocketAddrV6::new(ip, 0, 0, Lab::index(&lab.right));
        let found = look_up(&lab, Query::new("neighbour.lab")).unwrap();
        assert_eq!(found, [address.into()]);
        // Python is of the host's word size, and so is the module, unless another one is tested.
        if cfg!(target_pointer_width = "64") {
            assert_eq!(python(&lab.right, "neighbour.lab", "AF_UNSPEC").unwrap(), found);
        }
        let host = named("neighbour.lab", port);
        check(&lab, &listener, &host, ip, &["fe80::1 connected"]);
        assert_eq!(connect_datagrams(&lab, &host).peer.ip(), ip);

        // glibc has no zone in an answer for one family.
        let only = Query::new("neighbour.lab").only(Family::Ipv6);
        assert_eq!(look_up(&lab, only).unwrap(), [address.into()]);
        let connection = lab.right.run(|| Builder::stream().connect_host(&host)).unwrap();
        assert_eq!(story(&connection.report), ["fe80::1 connected"]);
    });
}
