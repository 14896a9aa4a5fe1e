//! Connecting to a host by its name, on loopback; `network` has the broken networks.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::{PATIENCE, dual_listener, full_listener, ipv4, listener, socket};
use inet6::option::NoDelay;
use inet6::{
    Builder, DualStack, Endpoint, UdpSocket,
    cancel::Cancel,
    connect::{
        Answers, Event, Family, HappyEyeballs, HostErrorKind, Outcome, Query, Report, Resolve,
        ResolveError, ResolveErrorKind,
    },
    tcp::BoundStream,
};

/// What to answer for IPv6, and then for IPv4.
struct Table([Result<Vec<SocketAddr>, ResolveErrorKind>; 2]);

impl Resolve for Table {
    fn resolve(&self, query: Query, answers: Answers) {
        assert_eq!(query.name(), "host.example");
        for (family, answer) in [Family::Ipv6, Family::Ipv4].into_iter().zip(&self.0) {
            answers.push(family, answer.clone().map_err(ResolveError::from));
        }
    }
}

/// Knows no name.
struct Nobody;

impl Resolve for Nobody {
    fn resolve(&self, _: Query, answers: Answers) {
        answers.push_all(Err(ResolveErrorKind::NoSuchName.into()));
    }
}

fn v6() -> Vec<SocketAddr> {
    vec![(Ipv6Addr::LOCALHOST, 0).into()]
}

fn v4() -> Vec<SocketAddr> {
    vec![(Ipv4Addr::LOCALHOST, 0).into()]
}

/// A race in which nothing depends on how busy the machine is.
fn host(
    port: u16,
    v6: Result<Vec<SocketAddr>, ResolveErrorKind>,
    v4: Result<Vec<SocketAddr>, ResolveErrorKind>,
) -> HappyEyeballs {
    HappyEyeballs::to(("host.example", port))
        .resolver(Table([v6, v4]))
        .resolution_delay(PATIENCE)
        .attempt_delay(Duration::from_secs(2))
}

/// A port that refuses connections of both families for as long as its socket is open.
fn closed_on_all() -> (BoundStream<DualStack>, u16) {
    let bound = Builder::stream().bind("[::]:0").unwrap();
    let port = bound.local_addr().unwrap().port();
    (bound, port)
}

#[test]
fn literal_connects_without_query() {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    let connection = Builder::stream().connect_host(address.to_string()).unwrap();
    assert_eq!(connection.peer, address);
    assert!(connection.report.answers.is_empty());
    assert!(
        matches!(connection.report.attempts[..], [ref only] if matches!(only.outcome, Outcome::Won))
    );
    assert_eq!(listener.accept().unwrap().1, connection.socket.local_addr().unwrap());
}

#[test]
fn ipv6_goes_first_with_options() {
    let listener = dual_listener();
    let port = listener.local_addr().unwrap().port();
    let builder = Builder::stream().with(NoDelay(true));
    let connection = builder.connect_host(host(port, Ok(v6()), Ok(v4()))).unwrap();
    assert_eq!(connection.peer, SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    assert_eq!(connection.socket.option::<NoDelay>().unwrap(), NoDelay(true));
    assert_eq!(connection.report.host(), format!("host.example:{port}"));
    let report = connection.report.to_string();
    assert!(report.starts_with(&format!("host.example:{port}, ")), "{report}");
    assert!(report.contains("IPv6 answer: ::1"), "{report}");
    assert!(report.ends_with(&format!("[::1]:{port}: connected")), "{report}");
}

#[test]
fn refused_ipv6_falls_back_to_ipv4() {
    let listener = Builder::stream().bind("127.0.0.1:0").unwrap().listen(4).unwrap();
    let port = listener.local_addr().unwrap().port();
    let connection = Builder::stream().connect_host(host(port, Ok(v6()), Ok(v4()))).unwrap();
    assert_eq!(connection.peer, ipv4(port));
    assert_eq!(connection.socket.peer_addr().unwrap(), ipv4(port));
    let [first, second] = &connection.report.attempts[..] else { panic!("{}", connection.report) };
    assert!(first.address.is_ipv6() && second.address.is_ipv4());
    assert!(matches!(second.outcome, Outcome::Won), "{}", connection.report);
}

#[test]
fn ipv6_only_builder_ignores_ipv4() {
    let (_closed, port) = closed_on_all();
    let host = host(port, Err(ResolveErrorKind::NoAddress), Ok(v4()));
    let error = Builder::stream().v6_only().connect_host(host).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Unresolved);
    assert_eq!(error.report().answers.len(), 1);
    assert!(error.report().attempts.is_empty());
    assert!(error.to_string().contains("IPv6 answer: no address"), "{error}");
}

#[test]
fn name_with_one_family_exists() {
    let (_closed, port) = closed_on_all();
    let host = host(port, Err(ResolveErrorKind::NoSuchName), Ok(v4()));
    let error = Builder::stream().connect_host(host).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Exhausted);
    let kinds = error.report().answers.iter().filter_map(|answer| answer.result.as_ref().err());
    let kinds: Vec<_> = kinds.map(ResolveError::kind).collect();
    assert_eq!(kinds, [ResolveErrorKind::NoAddress], "{error}");
}

#[test]
fn answer_of_other_family_is_ignored() {
    let mapped = SocketAddr::from((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 0));
    let (_closed, port) = closed_on_all();
    let host = host(port, Ok(vec![mapped, v4()[0]]), Ok(v6()));
    let error = Builder::stream().connect_host(host).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Unresolved, "{error}");
    assert!(error.report().attempts.is_empty());
    let kinds = error.report().answers.iter().map(|answer| answer.result.as_ref().unwrap_err());
    let kinds: Vec<_> = kinds.map(ResolveError::kind).collect();
    assert_eq!(kinds, [ResolveErrorKind::NoAddress; 2]);
}

#[test]
fn panicking_observer_ends_race() {
    let listener = listener();
    let cancel = Cancel::new();
    let host = HappyEyeballs::to(listener.local_addr().unwrap().to_string())
        .cancel(&cancel)
        .observer(|_| panic!("on purpose"));
    let race = thread::spawn(move || drop(Builder::stream().connect_host(&host)));
    let why = race.join().unwrap_err();
    assert_eq!(why.downcast_ref(), Some(&"on purpose"));
    // Nobody waits any more, and nothing is poisoned.
    cancel.cancel();
    assert!(cancel.is_cancelled());
}

#[test]
fn host_notations_are_equal() {
    let text = String::from("[::1]:80");
    let endpoint: Endpoint = text.parse().unwrap();
    let address: SocketAddr = text.parse().unwrap();
    let expected = format!("{:?}", HappyEyeballs::from(&text[..]));
    assert!(expected.contains("Literal([::1]:80)"), "{expected}");
    for host in [
        HappyEyeballs::from(&text),
        text.into(),
        ("::1", 80).into(),
        (String::from("::1"), 80).into(),
        endpoint.into(),
        address.into(),
        HappyEyeballs::from(&HappyEyeballs::to(address)),
    ] {
        assert_eq!(format!("{host:?}"), expected);
    }
    let host = HappyEyeballs::to("host.example:80")
        .first_family(Family::Ipv4)
        .first_family_count(2.try_into().unwrap());
    let shown = format!("{host:?}");
    for part in ["host.example", "first_family: Some(Ipv4)", "first_family_count: 2"] {
        assert!(shown.contains(part), "{shown} lacks {part}");
    }
}

/// Answers for IPv6 at once, and for IPv4 when it is told to.
struct InTurn(Mutex<Receiver<()>>);

impl Resolve for InTurn {
    fn resolve(&self, _: Query, answers: Answers) {
        answers.push(Family::Ipv6, Ok(v6()));
        self.0.lock().unwrap().recv().unwrap();
        let ipv4 = (2..5).map(|last| (Ipv4Addr::new(127, 0, 0, last), 0).into());
        answers.push(Family::Ipv4, Ok(ipv4.collect()));
    }
}

#[test]
fn first_family_gets_its_attempts() {
    let (answered, is_answered) = channel();
    let (_closed, port) = closed_on_all();
    let race = HappyEyeballs::to(("host.example", port))
        .resolver(InTurn(Mutex::new(is_answered)))
        .resolution_delay(PATIENCE)
        .first_family(Family::Ipv4)
        .first_family_count(2.try_into().unwrap())
        .observer(move |event| match event {
            Event::Answered(answer) if answer.family == Some(Family::Ipv6) => {
                answered.send(()).unwrap()
            }
            _ => {}
        });
    let error = Builder::stream().connect_host(race).unwrap_err();
    let families = error.report().attempts.iter().map(|attempt| attempt.address.is_ipv6());
    assert_eq!(families.collect::<Vec<_>>(), [false, false, true, false], "{error}");
}

#[test]
fn resolver_failures_have_kinds() {
    for (kind, text, io_kind) in [
        (ResolveErrorKind::NoSuchName, "no such name", ErrorKind::NotFound),
        (ResolveErrorKind::NoAddress, "no address", ErrorKind::NotFound),
        (
            ResolveErrorKind::Unreachable,
            "the resolver cannot be reached",
            ErrorKind::HostUnreachable,
        ),
    ] {
        let host = host(80, Err(kind), Err(kind));
        let error = Builder::stream().connect_host(host).unwrap_err();
        assert_eq!(error.kind(), HostErrorKind::Unresolved);
        let why = match kind {
            ResolveErrorKind::NoSuchName => "there is no such name",
            _ => "no address is known",
        };
        let first = format!("cannot look up host.example:80: {why}\n");
        assert!(error.to_string().starts_with(&first), "{error}");
        for family in ["IPv6", "IPv4"] {
            let line = format!(" ms  {family} answer: {text}");
            assert!(error.to_string().contains(&line), "{error}");
        }
        assert!(error.source().is_some_and(|source| source.is::<ResolveError>()));
        assert_eq!(io::Error::from(error).kind(), io_kind);
    }
}

#[test]
fn error_lists_every_attempt() {
    let (_closed, port) = closed_on_all();
    let error = Builder::stream().connect_host(host(port, Ok(v6()), Ok(v4()))).unwrap_err();
    assert_eq!((error.kind(), error.report().attempts.len()), (HostErrorKind::Exhausted, 2));
    // The last failure is the cause.
    let cause = error.source().and_then(|cause| cause.downcast_ref::<inet6::Error>());
    assert_eq!(cause.and_then(inet6::Error::address), Some(&Endpoint::from(ipv4(port))));
    let text = error.to_string();
    assert!(text.contains(&format!(":{port}: no address can be connected to\n")), "{text}");
    for address in [format!("[::1]:{port}"), format!("127.0.0.1:{port}")] {
        assert!(text.contains(&format!("{address}: cannot connect to {address}: ")), "{text}");
    }
    assert_eq!(io::Error::from(error).kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn malformed_host_is_invalid() {
    for text in [
        "",
        "host",
        "host:",
        "host:65536",
        ":80",
        "a b:80",
        "[host]:80",
        "1.2.3:80",
        "::1:80",
        "0x7f000001:80",
        "0X7f.1:80",
        "1.2.0x3:80",
    ] {
        let error = Builder::stream().connect_host(text).unwrap_err();
        assert_eq!(error.kind(), HostErrorKind::Invalid, "{text}: {error}");
        assert_eq!(io::Error::from(error).kind(), ErrorKind::InvalidInput);
    }
    let error = Builder::stream().v6_only().connect_host("127.0.0.1:80").unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Invalid, "IPv4 for an IPv6-only builder: {error}");
    // These look much like numbers.
    for name in ["0x7g.invalid", "1.2.3.invalid", "x.1"] {
        let host = HappyEyeballs::to((name, 80)).resolver(Nobody);
        let error = Builder::stream().connect_host(host).unwrap_err();
        assert_eq!(error.kind(), HostErrorKind::Unresolved, "{name}: {error}");
    }
    let error = Builder::stream().connect_host("[fe80::1%no-such-one]:80").unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Invalid, "no interface has this name: {error}");
    let long = "x".repeat(254);
    let error = Builder::stream().connect_host((long.as_str(), 80)).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Invalid);
}

/// A resolver that answers when it is told to, and never if nobody does.
struct Hangs(Mutex<Receiver<()>>, Mutex<Option<Sender<()>>>);

impl Resolve for Hangs {
    fn resolve(&self, _: Query, answers: Answers) {
        drop(self.1.lock().unwrap().take());
        answers.push_all(match self.0.lock().unwrap().recv() {
            Ok(()) => Ok(v6()),
            Err(error) => Err(ResolveError::new(ResolveErrorKind::Other, error)),
        });
    }
}

#[test]
fn deadline_holds_against_hanging_resolver() {
    let (open, gate) = channel();
    let (asked, was_asked) = channel();
    let host = HappyEyeballs::to("host.example:80")
        .resolver(Hangs(Mutex::new(gate), Mutex::new(Some(asked))))
        .deadline(Duration::from_millis(50));
    let error = Builder::stream().connect_host(&host).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::TimedOut);
    assert!(error.report().answers.is_empty());
    assert!(error.to_string().contains("host.example:80: the time is over"), "{error}");
    assert!(error.source().is_none());
    // It was asked, and hangs until now.
    assert!(was_asked.recv().is_err());
    drop(open);
    assert_eq!(io::Error::from(error).kind(), ErrorKind::TimedOut);
}

#[test]
fn cancel_ends_races_with_hanging_resolver() {
    let cancel = Cancel::new();
    let (over, is_over) = channel();
    let hanging = [(); 3].map(|()| {
        let (open, gate) = channel();
        let (asked, was_asked) = channel();
        let host = HappyEyeballs::to("host.example:80")
            .resolver(Hangs(Mutex::new(gate), Mutex::new(Some(asked))))
            .cancel(&cancel);
        let over = over.clone();
        thread::spawn(move || over.send(Builder::stream().connect_host(&host).unwrap_err()));
        // The sender is dropped when the question is asked.
        assert!(was_asked.recv().is_err());
        open
    });
    cancel.cancel();
    for _ in &hanging {
        let error = is_over.recv_timeout(PATIENCE).expect("each of them ends");
        assert_eq!(error.kind(), HostErrorKind::Cancelled);
        assert_eq!(io::Error::from(error).kind(), ErrorKind::ConnectionAborted);
    }
}

/// A race that is over cannot be given up any more, and a `Cancel` that lives longer has nothing of
/// it.
#[cfg(target_os = "linux")]
#[test]
fn ended_race_leaves_no_descriptor() {
    use crate::support::{in_own_process, open_descriptors};

    in_own_process(|| {
        let listener = listener();
        let cancel = Cancel::new();
        let host = HappyEyeballs::to(listener.local_addr().unwrap().to_string()).cancel(&cancel);
        let before = open_descriptors();
        for _ in 0..3 {
            drop(Builder::stream().connect_host(&host).unwrap());
            assert_eq!(open_descriptors(), before);
        }
    });
}

#[test]
fn cancel_ends_running_attempt() {
    let (listener, _waiting) = full_listener();
    let cancel = Cancel::new();
    let (started, has_started) = channel();
    let (ended, has_ended) = channel();
    let host = HappyEyeballs::to(listener.local_addr().unwrap().to_string())
        .cancel(&cancel)
        .observer(move |event| match event {
            Event::Started { .. } => started.send(()).unwrap(),
            Event::Ended(attempt) => {
                assert!(matches!(attempt.outcome, Outcome::Cancelled));
                ended.send(attempt.ended).unwrap();
            }
            _ => panic!("{event:?}"),
        });
    let race = thread::spawn(move || Builder::stream().connect_host(&host).unwrap_err());
    has_started.recv().unwrap();
    cancel.clone().cancel();
    assert!(cancel.is_cancelled());
    let error = race.join().unwrap();
    assert_eq!(error.kind(), HostErrorKind::Cancelled);
    let Report { attempts, elapsed, .. } = error.report();
    // It ends with the race, and that is told once.
    assert_eq!((attempts.len(), attempts[0].ended), (1, *elapsed));
    assert_eq!(has_ended.iter().collect::<Vec<_>>(), [*elapsed]);
    // The attempt has no failure that would be the reason.
    assert!(error.source().is_none());
    let text = error.to_string();
    assert!(text.contains("it was given up") && text.ends_with("given up"), "{text}");
    assert_eq!(format!("{error:?}"), text);
    let fields = format!("{error:#?}");
    assert!(fields.starts_with("HostError {") && fields.contains("kind: Cancelled"), "{fields}");
}

#[test]
fn cancelled_race_never_starts() {
    let cancel = Cancel::new();
    cancel.cancel();
    let host = host(80, Ok(v6()), Ok(v4())).cancel(&cancel);
    let error = Builder::stream().connect_host(host).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::Cancelled);
    assert!(error.report().attempts.is_empty());
}

#[test]
fn won_race_ignores_cancel() {
    let listener = listener();
    let cancel = Cancel::new();
    let late = cancel.clone();
    let host = HappyEyeballs::to(listener.local_addr().unwrap().to_string())
        .cancel(&cancel)
        .observer(move |event| {
            if matches!(event, Event::Ended(_)) {
                late.cancel();
            }
        });
    let connection = Builder::stream().connect_host(&host).unwrap();
    assert!(cancel.is_cancelled());
    assert!(matches!(connection.report.attempts[0].outcome, Outcome::Won));
}

/// A literal needs a descriptor for its socket and none beside it.
#[cfg(target_os = "linux")]
#[test]
fn literal_reports_descriptor_limit() {
    use crate::support::{in_own_process, limit_descriptors};

    in_own_process(|| {
        limit_descriptors(0);
        let error = Builder::stream().connect_host("[::1]:80").unwrap_err();
        assert_eq!(error.kind(), HostErrorKind::Exhausted);
        assert!(error.report().answers.is_empty());
        assert!(error.to_string().contains("too many open descriptors"), "{error}");
    });
}

#[test]
fn observer_sees_events_in_order() {
    let listener = listener();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let host = host(port, Ok(v6()), Ok(v4())).observer(move |event| {
        sink.lock().unwrap().push(match event {
            Event::Answered(answer) => format!("answer {:?}", answer.family),
            Event::Started { address, .. } => format!("start {address}"),
            Event::Ended(attempt) => format!("end {}", attempt.address),
            _ => unreachable!(),
        });
    });
    Builder::stream().v6_only().connect_host(host).unwrap();
    let address = format!("[::1]:{port}");
    let expected =
        ["answer Some(Ipv6)".into(), format!("start {address}"), format!("end {address}")];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn datagram_socket_connects_first_address() {
    let server = socket();
    let port = server.local_addr().unwrap().port();
    let connection = Builder::datagram().connect_host(host(port, Ok(v6()), Ok(v4()))).unwrap();
    assert_eq!(connection.peer, SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    connection.socket.send(b"ping").unwrap();
    let (len, from) = server.recv_from(&mut [0; 8]).unwrap();
    assert_eq!((len, from), (4, connection.socket.local_addr().unwrap()));
}

#[test]
fn datagram_socket_binds_requested_source() {
    let server = socket();
    let address = server.local_addr().unwrap();
    let mine = UdpSocket::bind("[::1]:0").unwrap().local_addr().unwrap();
    let host = HappyEyeballs::to(address.to_string()).source(move |peer| {
        assert_eq!(peer, address);
        Some(mine)
    });
    let connection = Builder::datagram().connect_host(host).unwrap();
    assert_eq!(connection.socket.local_addr().unwrap(), mine);
    assert_eq!(connection.socket.peer_addr().unwrap(), address);
}
