//! The resolver is slow, or never answers.

use std::time::Duration;

use inet6::connect::{Answers, Event, Family, HappyEyeballs, HostErrorKind, Query, Resolve};

use super::*;

#[test]
fn deadline_ends_race_with_hanging_resolver() {
    struct Hanging(Gate);

    impl Resolve for Hanging {
        fn resolve(&self, _: Query, answers: Answers) {
            self.0.wait();
            answers.push_all(Ok(vec![(SERVER_V6, 0).into()]));
        }
    }

    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let gate = Gate::default();
    let host = HappyEyeballs::to(("host.test", port)).resolver(Hanging(gate.clone()));
    let error = connect(&lab, &host.deadline(Duration::from_millis(50))).unwrap_err();
    assert_eq!(error.kind(), HostErrorKind::TimedOut);
    assert!(error.report().answers.is_empty() && error.report().attempts.is_empty());
    // Its answer comes too late and starts nothing.
    gate.open();
    listener.set_nonblocking(true).unwrap();
    listener.accept().unwrap_err();
}

#[test]
fn unanswered_family_does_not_block_other() {
    let lab = require!(Lab::new(), "the lab");
    let (listener, port) = server(&lab);
    let never = Gate::default();
    let slow = host(port, Names::both().holding(Family::Ipv4, &never));
    check(&lab, &listener, &slow, SERVER_V6, &["2001:db8::1 connected"]);
    let slow = host(port, Names::both().holding(Family::Ipv6, &never)).resolution_delay(SHORT);
    check(&lab, &listener, &slow, SERVER_V4, &["192.0.2.1 connected"]);
    never.open();
}

#[test]
fn late_answer_joins_race() {
    let lab = require!(Lab::new(), "the lab");
    require!(lab.left.arriving().drop(IPV4_TCP), "nftables");
    let (listener, port) = server(&lab);
    let gate = Gate::default();
    let names = Names::both().holding(Family::Ipv6, &gate);
    let host = host(port, names).resolution_delay(SHORT).attempt_delay(SHORT);
    let host = host.observer(move |event| {
        if matches!(event, Event::Started { .. }) {
            gate.open();
        }
    });
    let expected = ["192.0.2.1 cancelled", "2001:db8::1 connected"];
    check(&lab, &listener, &host, SERVER_V6, &expected);
}

/// The first address is alone in the race, and yet must not be waited for.
#[test]
fn further_answer_joins_the_race() {
    struct Twice(Gate);

    impl Resolve for Twice {
        fn resolve(&self, _: Query, answers: Answers) {
            answers.push_all(Ok(vec![(SERVER_V6, 0).into()]));
            self.0.wait();
            answers.push_all(Ok(vec![(SERVER_V4, 0).into()]));
        }
    }

    let lab = require!(Lab::new(), "the lab");
    require!(lab.left.arriving().drop(IPV6_TCP), "nftables");
    let (listener, port) = server(&lab);
    let gate = Gate::default();
    let host = HappyEyeballs::to(("host.test", port)).resolver(Twice(gate.clone()));
    // Without a deadline, which would have to be waited for.
    let host = host.attempt_delay(SHORT).observer(move |event| {
        if matches!(event, Event::Started { .. }) {
            gate.open();
        }
    });
    let expected = ["2001:db8::1 cancelled", "192.0.2.1 connected"];
    check(&lab, &listener, &host, SERVER_V4, &expected);
}
