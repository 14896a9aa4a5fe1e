//! Races in small numbers; what holds for them stands in `proof`.

use proptest::prelude::*;

use crate::connect::race::input::{Input, InputAnswer, InputFate};
use crate::connect::race::invariants::{any_bytes, holds};
use crate::connect::resolve::Family;

fn any_family() -> impl Strategy<Value = Option<Family>> {
    prop::sample::select(vec![None, Some(Family::Ipv6), Some(Family::Ipv4)])
}

fn any_fates() -> impl Strategy<Value = Vec<InputFate>> {
    let outcome = prop_oneof![
        1 => (0..60_u8).prop_map(InputFate::Connects),
        1 => (0..60_u8).prop_map(InputFate::Spares),
        4 => (0..60_u8).prop_map(InputFate::Fails),
        2 => Just(InputFate::Hangs),
    ];
    prop::collection::vec(outcome, 0..8)
}

fn any_answer() -> impl Strategy<Value = InputAnswer> {
    let addresses = prop::collection::vec(0..8_u8, 0..8);
    (0..60_u8, any_family(), addresses).prop_map(|(at, family, addresses)| InputAnswer {
        at,
        family,
        addresses,
    })
}

fn any_input() -> impl Strategy<Value = Input> {
    let rules = (0..10_u8, 0..30_u8, prop::option::of(0..200_u8), any_family(), 0..5_u8);
    let max_in_flight = prop_oneof![1 => 1..4_u8, 1 => 4..17_u8];
    let asked = (prop::bool::weighted(0.9), prop::bool::weighted(0.9));
    let answers = prop::collection::vec(any_answer(), 0..4);
    let oversleep = prop_oneof![3 => Just(0), 1 => 0..40_u8];
    (rules, max_in_flight, asked, answers, any_fates(), any_fates(), oversleep).prop_map(
        |(rules, max_in_flight, asked, answers, ipv6_fates, ipv4_fates, oversleep)| Input {
            resolution_delay: rules.0,
            attempt_delay: rules.1,
            deadline: rules.2,
            first_family: rules.3,
            first_family_count: rules.4,
            max_in_flight,
            asks_ipv6: asked.0,
            asks_ipv4: asked.1,
            answers,
            ipv6_fates,
            ipv4_fates,
            oversleep,
        },
    )
}

proptest! {
    // A failing case is printed; nothing is written beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(5000) })]

    #[test]
    fn race_always_keeps_rules(input in any_input()) {
        holds(&input);
    }

    #[test]
    fn arbitrary_bytes_keep_race_rules(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        any_bytes(&bytes);
    }
}
