//! Questions, answers and resolvers. What the files of a host make of a name is in
//! `network::connect_host::names`, because they belong to the host.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::panic::panic_any;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::{PATIENCE, in_own_process, listener};
use inet6::{
    Builder,
    cancel::Cancel,
    connect::{
        Answers, Family, HappyEyeballs, HostError, HostErrorKind, Query, Resolve, ResolveError,
        ResolveErrorKind, SystemResolver,
    },
};

use ResolveErrorKind::{NoAddress, NoSuchName, Other, Unreachable};

type Found = Result<Vec<SocketAddr>, ResolveError>;

const FAMILIES: [Family; 2] = [Family::Ipv6, Family::Ipv4];

/// A resolver that is a function.
struct By<F>(F);

impl<F: Fn(Query, Answers) + Send + Sync + 'static> Resolve for By<F> {
    fn resolve(&self, query: Query, answers: Answers) {
        (self.0)(query, answers);
    }
}

/// `::1` and `127.0.0.1`.
fn loopback_addresses() -> [SocketAddr; 2] {
    [(Ipv6Addr::LOCALHOST, 0).into(), (Ipv4Addr::LOCALHOST, 0).into()]
}

fn all(addresses: &[&str]) -> Vec<SocketAddr> {
    addresses.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect()
}

/// The addresses that a resolver gives, or the kind of its failure.
fn look_up(
    query: Query,
    resolve: impl Fn(Query, Answers) + Send + Sync + 'static,
) -> Result<Vec<SocketAddr>, ResolveErrorKind> {
    By(resolve).look_up(query).map_err(|error| error.kind())
}

fn both() -> Query {
    Query::new("host.example")
}

/// A race that a test ends before long.
fn race(resolve: impl Fn(Query, Answers) + Send + Sync + 'static) -> HappyEyeballs {
    HappyEyeballs::to("host.example:80").resolver(By(resolve)).deadline(PATIENCE)
}

/// The race is lost because of its look-up.
#[track_caller]
fn unresolved(host: &HappyEyeballs) -> HostError {
    let error = Builder::stream().connect_host(host).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Unresolved, "{error}");
    error
}

/// What the answers of a race were for, and the kinds of their failures.
fn failures(error: &HostError) -> Vec<(Option<Family>, ResolveErrorKind)> {
    let answers = error.report().answers.iter();
    answers.map(|answer| (answer.family, answer.result.as_ref().unwrap_err().kind())).collect()
}

#[test]
fn query_wants_named_family() {
    let wanted = |query: &Query| FAMILIES.map(|family| query.wants(family));
    assert_eq!(wanted(&both()), [true, true]);
    assert_eq!(wanted(&both().only(Family::Ipv6)), [true, false]);
    assert_eq!(wanted(&both().only(Family::Ipv4)), [false, true]);
    assert_eq!(both().name(), "host.example");
    assert_eq!(both(), Query::new(String::from("host.example")));
}

#[test]
fn race_wants_families_of_mode() {
    let host = |expected: [bool; 2]| {
        race(move |query, answers| {
            assert_eq!(FAMILIES.map(|family| query.wants(family)), expected);
            answers.push_all(Err(NoSuchName.into()));
        })
    };
    let error = unresolved(&host([true, true]));
    assert_eq!(failures(&error), [(None, NoSuchName)]);
    let error = Builder::stream().v6_only().connect_host(host([true, false])).unwrap_err();
    assert_eq!(failures(&error), [(Some(Family::Ipv6), NoSuchName)]);
}

#[test]
fn addresses_keep_their_order() {
    let order = ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"];
    let found = look_up(both(), move |_, answers| answers.push_all(Ok(all(&order))));
    assert_eq!(found, Ok(all(&order)));
    let found = look_up(both(), |_, answers| {
        answers.push(Family::Ipv4, Ok(all(&["192.0.2.2", "192.0.2.1"])));
        answers.push(Family::Ipv6, Ok(all(&["2001:db8::1"])));
    });
    assert_eq!(found, Ok(all(&["192.0.2.2", "192.0.2.1", "2001:db8::1"])));
}

#[test]
fn answer_is_read_as_documented() {
    // The port is ignored, a zone is kept, and a mapped address is an IPv4 address.
    let zoned = SocketAddrV6::new("fe80::1".parse().unwrap(), 0, 0, 7);
    let found = look_up(both(), move |_, answers| {
        let mapped: SocketAddr = "[::ffff:192.0.2.1]:80".parse().unwrap();
        let mut with_port = zoned;
        with_port.set_port(443);
        let twice = ["192.0.2.1:1".parse().unwrap(), with_port.into(), zoned.into()];
        answers.push_all(Ok([mapped].into_iter().chain(twice).collect()));
    });
    assert_eq!(found, Ok(vec![all(&["192.0.2.1"])[0], zoned.into()]));

    // What is of another family, or not wanted, is left out.
    let mixed = || all(&["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.2"]);
    let found = look_up(both(), move |_, answers| answers.push(Family::Ipv6, Ok(mixed())));
    assert_eq!(found, Ok(all(&["2001:db8::1"])));
    for (family, expected) in
        [(Family::Ipv6, all(&["2001:db8::1"])), (Family::Ipv4, all(&["192.0.2.1", "192.0.2.2"]))]
    {
        let found = look_up(both().only(family), move |_, answers| answers.push_all(Ok(mixed())));
        assert_eq!(found, Ok(expected));
    }
    let unwanted = look_up(both().only(Family::Ipv6), move |_, answers| {
        answers.push(Family::Ipv4, Ok(mixed()));
        answers.push(Family::Ipv6, Ok(Vec::new()));
    });
    assert_eq!(unwanted, Err(NoAddress));
    let other = look_up(both(), |_, answers| answers.push(Family::Ipv6, Ok(all(&["192.0.2.1"]))));
    assert_eq!(other, Err(NoAddress));
    assert_eq!(look_up(both(), |_, answers| answers.push_all(Ok(Vec::new()))), Err(NoAddress));
}

#[test]
fn addresses_are_read_to_a_bound() {
    let many = |count: u32| -> Vec<SocketAddr> {
        let ipv6 = (0..count).map(|n| IpAddr::V6((0x2001_0db8_u128 << 96 | u128::from(n)).into()));
        let ipv4 = (0..count).map(|n| IpAddr::V4((0xc633_6400_u32 + n).into()));
        ipv6.chain(ipv4).map(|ip| SocketAddr::new(ip, 0)).collect()
    };
    for (count, expected) in [(255, 255), (256, 256), (257, 256), (100_000, 256)] {
        let found = look_up(both(), move |_, answers| answers.push_all(Ok(many(count)))).unwrap();
        let ipv6 = found.iter().filter(|address| address.is_ipv6()).count();
        assert_eq!((ipv6, found.len()), (expected, 2 * expected));
        let first = many(count);
        assert_eq!(found[..expected], first[..expected]);
    }
    // However many answers they come in; what is beyond is no failure.
    let parts = |wanted: u32| {
        look_up(both(), move |_, answers| {
            for part in many(wanted).chunks(100) {
                answers.push(Family::Ipv6, Ok(part.to_vec()));
            }
        })
    };
    assert_eq!(parts(400), Ok(many(400)[..256].to_vec()));
}

#[test]
fn question_ends_with_its_last_handle() {
    // The resolver returns at once; two threads answer later.
    let found = look_up(both(), |_, answers| {
        let other = answers.clone();
        thread::spawn(move || {
            thread::spawn(move || other.push(Family::Ipv4, Ok(all(&["192.0.2.1"]))));
            thread::sleep(Duration::from_millis(20));
            answers.push(Family::Ipv6, Ok(all(&["2001:db8::1"])));
        });
    });
    assert_eq!(found, Ok(all(&["192.0.2.1", "2001:db8::1"])));
}

#[test]
fn family_without_an_answer_has_failed() {
    let error = unresolved(&race(|_, _| {}));
    assert_eq!(failures(&error), [(None, Other)]);
    let text = "answer: the look-up failed: the resolver ended without an answer";
    assert!(error.to_string().contains(text), "{error}");
    for (answered, missing) in [(Family::Ipv6, Family::Ipv4), (Family::Ipv4, Family::Ipv6)] {
        let host = race(move |_, answers| answers.push(answered, Err(NoAddress.into())));
        let error = unresolved(&host);
        assert_eq!(failures(&error), [(Some(answered), NoAddress), (Some(missing), Other)]);
    }
    // One that is not wanted does not fail.
    let host = race(|_, answers| answers.push(Family::Ipv6, Err(NoAddress.into())));
    let error = Builder::stream().v6_only().connect_host(host).unwrap_err();
    assert_eq!(failures(&error), [(Some(Family::Ipv6), NoAddress)]);
    assert_eq!(look_up(both(), |_, _| {}), Err(Other));
}

#[test]
fn panic_ends_the_question() {
    let error = unresolved(&race(|_, _| panic!("on purpose")));
    assert_eq!(failures(&error), [(None, Other)]);
    assert!(error.to_string().contains("the resolver panicked"), "{error}");
    assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::Other);

    // In another thread, too, and after an answer.
    let error = unresolved(&race(|_, answers| {
        answers.push(Family::Ipv6, Err(NoSuchName.into()));
        drop(thread::spawn(move || {
            let _answers = answers;
            panic!("on purpose")
        }));
    }));
    assert_eq!(failures(&error), [(Some(Family::Ipv6), NoSuchName), (Some(Family::Ipv4), Other)]);
    assert!(error.to_string().contains("the resolver panicked"), "{error}");
}

/// Panics when it is dropped, with another one of its kind.
struct Bomb(u8);

impl Drop for Bomb {
    fn drop(&mut self) {
        if let Some(left) = self.0.checked_sub(1) {
            panic_any(Self(left));
        }
    }
}

#[test]
fn panic_that_panics_ends_the_question() {
    // Otherwise it would end the process.
    in_own_process(|| {
        let error = unresolved(&race(|_, _| panic_any(Bomb(2))));
        assert_eq!(failures(&error), [(None, Other)]);
        unresolved(&race(|_, answers| {
            drop(answers);
            panic_any(Bomb(1))
        }));
        // The threads have come to their ends as well.
        #[cfg(target_os = "linux")]
        crate::support::wait_until("they end", || crate::support::threads_named("resolve") == 0);
    });
}

#[test]
fn ended_race_needs_no_answer() {
    let (open, gate) = channel::<()>();
    let (told, is_told) = channel();
    let gate = Mutex::new(gate);
    let cancel = Cancel::new();
    let host = HappyEyeballs::to("host.example:80").cancel(&cancel);
    let host = host.resolver(By(move |_, answers: Answers| {
        told.send(answers.is_wanted()).unwrap();
        gate.lock().unwrap().recv().unwrap_err();
        told.send(answers.is_wanted()).unwrap();
        // It is thrown away.
        answers.push_all(Ok(loopback_addresses().to_vec()));
    }));
    let race = thread::spawn(move || Builder::stream().connect_host(&host).unwrap_err());
    assert_eq!(is_told.recv_timeout(PATIENCE), Ok(true));
    cancel.cancel();
    assert_eq!(race.join().unwrap().kind(), HostErrorKind::Cancelled);
    drop(open);
    assert_eq!(is_told.recv_timeout(PATIENCE), Ok(false));
}

#[test]
fn first_address_of_both_leads() {
    let builder = Builder::stream();
    for [first, second] in [["127.0.0.1", "::1"], ["::1", "127.0.0.1"]] {
        // It listens at the second address only.
        let listener = builder.bind((second, 0)).unwrap().listen(4).unwrap();
        let port = listener.local_addr().unwrap().port();
        let resolver = By(move |_, answers: Answers| answers.push_all(Ok(all(&[first, second]))));
        let host = HappyEyeballs::to(("host.example", port)).resolver(resolver);
        let connection = builder.connect_host(&host).unwrap();
        let tried: Vec<_> =
            connection.report.attempts.iter().map(|it| it.address.ip().to_string()).collect();
        assert_eq!(tried, [first, second]);
        // The caller's word goes before.
        let family = if first == "::1" { Family::Ipv4 } else { Family::Ipv6 };
        let connection = builder.connect_host(host.first_family(family)).unwrap();
        assert_eq!(connection.report.attempts.len(), 1, "{}", connection.report);
        assert_eq!(connection.peer.ip().to_string(), second);
    }
}

#[test]
fn resolver_is_shared_by_hosts() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&asked);
    let shared = Arc::new(By(move |query: Query, answers: Answers| {
        sink.lock().unwrap().push(query.name().to_owned());
        answers.push_all(Err(NoSuchName.into()));
    }));
    for name in ["a.example", "b.example"] {
        unresolved(&HappyEyeballs::to((name, 80)).resolver(Arc::clone(&shared)));
    }
    assert_eq!(*asked.lock().unwrap(), ["a.example", "b.example"]);
}

#[test]
fn answers_come_apart() {
    // Each family is answered when the race has dealt with the one before.
    let (next, is_next): (Sender<()>, Receiver<()>) = channel();
    let is_next = Mutex::new(is_next);
    let listener = listener();
    let port = listener.local_addr().unwrap().port();
    let resolver = By(move |_, answers: Answers| {
        answers.push(Family::Ipv4, Err(NoAddress.into()));
        is_next.lock().unwrap().recv().unwrap();
        answers.push(Family::Ipv6, Ok(loopback_addresses().to_vec()));
    });
    let host = HappyEyeballs::to(("host.example", port)).resolver(resolver).observer(move |event| {
        if matches!(event, inet6::connect::Event::Answered(answer) if answer.family == Some(Family::Ipv4)) {
            next.send(()).unwrap();
        }
    });
    let connection = Builder::stream().connect_host(host).unwrap();
    assert_eq!(connection.peer, listener.local_addr().unwrap());
    let families = connection.report.answers.iter().map(|answer| answer.family);
    assert_eq!(families.collect::<Vec<_>>(), [Some(Family::Ipv4), Some(Family::Ipv6)]);
}

// The system's resolver.

fn find(name: &str, query: impl Fn(Query) -> Query) -> Result<Vec<IpAddr>, ResolveErrorKind> {
    let found = SystemResolver.look_up(query(Query::new(name))).map_err(|error| {
        assert!(error.to_string().starts_with(&error.kind().to_string()), "{error}");
        error.kind()
    })?;
    assert!(!found.is_empty(), "{name}: neither an address nor an error");
    assert!(found.iter().all(|address| address.port() == 0), "{name}: {found:?}");
    Ok(found.iter().map(SocketAddr::ip).collect())
}

fn in_family(name: &str, family: Family) -> Result<Vec<IpAddr>, ResolveErrorKind> {
    find(name, |query| query.only(family))
}

#[test]
fn localhost_is_a_loopback_address() {
    let [ipv6, ipv4] = loopback_addresses().map(|address| address.ip());
    for name in ["localhost", "LOCALHOST.", "app.localhost"] {
        assert_eq!(find(name, |query| query), Ok(vec![ipv6, ipv4]), "{name}");
        assert_eq!(in_family(name, Family::Ipv6), Ok(vec![ipv6]), "{name}");
        assert_eq!(in_family(name, Family::Ipv4), Ok(vec![ipv4]), "{name}");
    }
}

#[test]
fn literal_is_itself() {
    let [ipv6, ipv4] = loopback_addresses().map(|address| address.ip());
    for (name, ip, own, other) in
        [("::1", ipv6, Family::Ipv6, Family::Ipv4), ("127.0.0.1", ipv4, Family::Ipv4, Family::Ipv6)]
    {
        assert_eq!(find(name, |query| query), Ok(vec![ip]));
        assert_eq!(in_family(name, own), Ok(vec![ip]));
        assert_eq!(in_family(name, other), Err(NoAddress));
    }
    // It is an IPv4 address.
    assert_eq!(in_family("::ffff:127.0.0.1", Family::Ipv6), Err(NoAddress));
}

/// What the C library allocates, no allocator of Rust counts.
#[cfg(target_os = "linux")]
#[test]
fn answer_is_freed() {
    use crate::support::resident;

    in_own_process(|| {
        // The first time, more of the program comes into memory.
        let [_, before, after] = [100, 100, 30_000].map(|times| {
            for _ in 0..times {
                find("::1", |query| query).unwrap();
            }
            resident()
        });
        // An answer has some hundred bytes.
        assert!(after < before + 1024, "{before} KiB, and then {after}");
    });
}

#[test]
fn text_that_is_no_name_fails() {
    let long = ["x".repeat(300), ["x"; 300].join(".")];
    for name in ["", "\0", "local\0host", "::1\0", &long[0], &long[1]] {
        find(name, |query| query).unwrap_err();
        for family in FAMILIES {
            in_family(name, family).unwrap_err();
        }
    }
}

/// On Linux without a network: see `network::connect_host::names`.
#[cfg(not(target_os = "linux"))]
#[test]
fn invalid_name_does_not_exist() {
    // RFC 6761, section 6.4: it never exists, and not every resolver knows. Android's says
    // "no address" of any name.
    let error = find("name.invalid", |query| query).unwrap_err();
    let known = matches!(error, NoSuchName | Unreachable) || cfg!(target_os = "android");
    assert!(known, "{error}");
}

#[test]
fn failure_has_its_cause() {
    let error = ResolveError::new(Unreachable, "no answer from 192.0.2.53");
    assert_eq!(error.source().unwrap().to_string(), "no answer from 192.0.2.53");
    assert!(ResolveError::from(NoSuchName).source().is_none());
}

#[test]
fn unreachable_resolver_counts_most() {
    let failing = |kinds: [ResolveErrorKind; 2]| {
        look_up(both(), move |_, answers| {
            for (family, kind) in FAMILIES.into_iter().zip(kinds) {
                answers.push(family, Err(kind.into()));
            }
        })
    };
    assert_eq!(failing([NoAddress, Unreachable]), Err(Unreachable));
    assert_eq!(failing([Unreachable, NoSuchName]), Err(Unreachable));
    assert_eq!(failing([NoSuchName, NoAddress]), Err(NoSuchName));
    let found: Found = By(|_, answers: Answers| {
        answers.push(Family::Ipv6, Err(Unreachable.into()));
        answers.push(Family::Ipv4, Ok(all(&["192.0.2.1"])));
    })
    .look_up(both());
    assert_eq!(found.unwrap(), all(&["192.0.2.1"]));
}

#[test]
fn system_resolver_serves_threads_at_once() {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| find("::1", |query| query).unwrap());
            scope.spawn(|| in_family("127.0.0.1", Family::Ipv4).unwrap());
        }
    });
}
