//! The rules of RFC 8305 one by one, on a virtual clock.
//!
//! `6a 6b` are IPv6 addresses and `4a 4b` IPv4 ones, times are in milliseconds, the rules are the
//! defaults of the RFC where a test does not say otherwise, and an attempt without a fate hangs.

mod property;

use std::time::Duration;

use super::Family::{Ipv4, Ipv6};
use super::simulator::{Script, addresses, ms};
use super::{Next, Race};

fn both() -> Script {
    Script::asking(&[Ipv6, Ipv4])
}

/// Both answers are there at once.
fn known(first: &str, second: &str) -> Script {
    both().answer(0, Ipv6, first).answer(0, Ipv4, second)
}

// Section 3: hostname resolution query handling.

#[test]
fn first_aaaa_answer_starts_at_once() {
    both().answer(10, Ipv6, "6a").gives("10 6a, waits");
    both().answer(10, Ipv6, "6a").answer(11, Ipv4, "4a").gives("10 6a, 260 4a, waits");
}

#[test]
fn first_a_answer_waits_resolution_delay() {
    both().answer(0, Ipv4, "4a 4b").gives("50 4a, 300 4b, waits");
    // From the answer, not from the start; and from the first one.
    both().answer(200, Ipv4, "4a").gives("250 4a, waits");
    both().answer(0, Ipv4, "4a").answer(40, Ipv4, "4b").gives("50 4a, 300 4b, waits");
    both().rules(|it| it.resolution_delay = ms(0)).answer(9, Ipv4, "4a").gives("9 4a, waits");
}

#[test]
fn aaaa_within_delay_goes_first() {
    for at in [10, 11, 59, 60] {
        let script = both().answer(10, Ipv4, "4a").answer(at, Ipv6, "6a");
        script.gives(&format!("{at} 6a, {} 4a, waits", at + 250));
    }
}

#[test]
fn negative_aaaa_ends_resolution_delay() {
    both().answer(10, Ipv4, "4a").answer(30, Ipv6, "").gives("30 4a, waits");
    both().answer(10, Ipv6, "").answer(30, Ipv4, "4a").gives("30 4a, waits");
}

#[test]
fn negative_a_answer_starts_nothing() {
    both().answer(10, Ipv4, "").gives("waits");
    both().answer(10, Ipv4, "").answer(5000, Ipv6, "6a").gives("5000 6a, waits");
}

#[test]
fn late_aaaa_answer_joins_race() {
    let late = |at| both().answer(0, Ipv4, "4a 4b 4c").answer(at, Ipv6, "6a 6b");
    late(51).gives("50 4a, 300 6a, 550 4b, 800 6b, 1050 4c, waits");
    late(301).gives("50 4a, 300 4b, 550 6a, 800 4c, 1050 6b, waits");
    // Nothing of its own waited, so it need not wait either.
    late(1500).gives("50 4a, 300 4b, 550 4c, 1500 6a, 1750 6b, waits");
}

#[test]
fn endless_delay_waits_for_aaaa() {
    let script = || both().rules(|it| it.resolution_delay = Duration::MAX).answer(9, Ipv4, "4a");
    script().answer(60_000, Ipv6, "").gives("60000 4a, waits");
    script().rules(|it| it.deadline = Some(ms(5000))).gives("5000 timed out");
}

// Section 4: sorting addresses.

#[test]
fn families_take_turns() {
    known("6a 6b 6c", "4a 4b 4c").gives("0 6a, 250 4a, 500 6b, 750 4b, 1000 6c, 1250 4c, waits");
}

#[test]
fn first_family_count_gives_head_start() {
    let count = |count| known("6a 6b 6c", "4a 4b").rules(|it| it.first_family_count = count);
    count(2).gives("0 6a, 250 6b, 500 4a, 750 6c, 1000 4b, waits");
    count(3).gives("0 6a, 250 6b, 500 6c, 750 4a, 1000 4b, waits");
    count(9).gives("0 6a, 250 6b, 500 6c, 750 4a, 1000 4b, waits");
    count(0).gives("0 6a, 250 4a, 500 6b, 750 4b, 1000 6c, waits");
}

#[test]
fn joining_answer_keeps_head_start() {
    let count = |script: Script| script.rules(|it| it.first_family_count = 2);
    count(both().answer(0, Ipv4, "4a 4b 4c").answer(60, Ipv6, "6a 6b 6c"))
        .gives("50 4a, 300 6a, 550 6b, 800 4b, 1050 6c, 1300 4c, waits");
    count(both().answer(0, Ipv6, "6a 6b 6c").answer(60, Ipv4, "4a 4b"))
        .gives("0 6a, 250 6b, 500 4a, 750 6c, 1000 4b, waits");
    // What it has had is not had again.
    count(both().answer(0, Ipv6, "6a 6b 6c 6d").answer(510, Ipv4, "4a"))
        .gives("0 6a, 250 6b, 500 6c, 750 4a, 1000 6d, waits");
}

#[test]
fn remaining_family_continues_alone() {
    known("6a", "4a 4b 4c").gives("0 6a, 250 4a, 500 4b, 750 4c, waits");
    known("6a 6b 6c", "4a").gives("0 6a, 250 4a, 500 6b, 750 6c, waits");
    known("6a 6b", "").gives("0 6a, 250 6b, waits");
    known("", "4a 4b").gives("0 4a, 250 4b, waits");
}

#[test]
fn family_keeps_answer_order() {
    known("6c 6a 6b", "4z 4b").gives("0 6c, 250 4z, 500 6a, 750 4b, 1000 6b, waits");
}

#[test]
fn ipv4_may_go_first() {
    let script = |script: Script| script.rules(|it| it.first_family = Some(Ipv4));
    script(known("6a 6b", "4a 4b")).gives("0 4a, 250 6a, 500 4b, 750 6b, waits");
    script(both().answer(0, Ipv4, "4a")).gives("0 4a, waits");
    script(both().answer(0, Ipv6, "6a")).gives("50 6a, waits");
    script(both().answer(0, Ipv6, "6a").answer(9, Ipv4, "4a")).gives("9 4a, 259 6a, waits");
}

#[test]
fn first_address_of_both_leads() {
    both().answer_both(5, "4a 6a 4b 6b").gives("5 4a, 255 6a, 505 4b, 755 6b, waits");
    both().answer_both(5, "6a 4a 6b 4b").gives("5 6a, 255 4a, 505 6b, 755 4b, waits");
    // The families alternate, however many of one stand in a row.
    both().answer_both(0, "4a 4b 4c 6a").gives("0 4a, 250 6a, 500 4b, 750 4c, waits");
    both().answer_both(0, "4a").gives("0 4a, waits");
    both().answer_both(9, "").gives("9 exhausted");
    let first = |family| both().answer_both(0, "4a 6a 4b").rules(|it| it.first_family = family);
    first(Some(Ipv6)).gives("0 6a, 250 4a, 500 4b, waits");
    first(Some(Ipv4)).gives("0 4a, 250 6a, 500 4b, waits");
    let count = both().answer_both(0, "4a 4b 4c 6a").rules(|it| it.first_family_count = 2);
    count.gives("0 4a, 250 4b, 500 6a, 750 4c, waits");
}

#[test]
fn late_combined_answer_keeps_lead() {
    // Before the first attempt it decides, afterwards it joins.
    let late = |at| both().answer(0, Ipv4, "4a 4b").answer_both(at, "4c 6a");
    late(40).gives("40 4a, 290 6a, 540 4b, 790 4c, waits");
    late(60).gives("50 4a, 300 6a, 550 4b, 800 4c, waits");
    both()
        .answer(0, Ipv6, "6a 6b")
        .answer_both(10, "4a 6c")
        .gives("0 6a, 250 4a, 500 6b, 750 6c, waits");
}

#[test]
fn repeated_address_is_tried_once() {
    known("6a 6a 6b 6a", "4a 4a").gives("0 6a, 250 4a, 500 6b, waits");
    // In a further answer: while it waits, and after it was tried.
    known("6a 6b", "").answer(10, Ipv6, "6b 6c 6a").gives("0 6a, 250 6b, 500 6c, waits");
    // In the answer to the other question.
    known("6a", "6a 4a").gives("0 6a, 250 4a, waits");
    known("6a", "").fails(5, "6a").answer(0, Ipv6, "6a").gives("0 6a, 5 exhausted");
}

// Section 5: connection attempts.

#[test]
fn next_attempt_waits_attempt_delay() {
    known("6a 6b 6c", "").gives("0 6a, 250 6b, 500 6c, waits");
    known("6a 6b", "").rules(|it| it.attempt_delay = ms(100)).gives("0 6a, 100 6b, waits");
    // It counts from when the attempt did start, however late that was.
    let script = Script { oversleep: ms(7), ..known("6a 6b 6c", "") };
    script.gives("0 6a, 257 6b, 514 6c, waits");
}

#[test]
fn endless_attempt_delay_waits_for_failure() {
    let script = |names| known(names, "").rules(|it| it.attempt_delay = Duration::MAX);
    script("6a 6b").answer(5, Ipv6, "").fails(700, "6a").gives("0 6a, 700 6b, waits");
    // The delay ends never, even if the clock does.
    let late = both().rules(|it| it.attempt_delay = Duration::MAX).answer(5, Ipv6, "6a 6b");
    late.fails(700, "6a").gives("5 6a, 705 6b, waits");
}

#[test]
fn failed_attempt_starts_next() {
    known("6a 6b", "4a").fails(30, "6a").gives("0 6a, 30 4a, 280 6b, waits");
    // An earlier one that fails does so too.
    known("6a 6b", "4a").fails(260, "6a").gives("0 6a, 250 4a, 260 6b, waits");
    // At the very moment when the next is due, it starts one and not two.
    known("6a 6b", "4a").fails(250, "6a").gives("0 6a, 250 4a, 500 6b, waits");
}

#[test]
fn simultaneous_failures_start_one_attempt() {
    let dead = "6a 6b 6c 6d";
    known(dead, "").fails(10, dead).gives("0 6a, 10 6b, 20 6c, 30 6d, 40 exhausted");
    known(dead, "").fails(0, dead).gives("0 6a, 0 6b, 0 6c, 0 6d, 0 exhausted");
    // Two that fail together start one, and the delay runs from there.
    known(dead, "").fails(300, "6a").fails(50, "6b").gives("0 6a, 250 6b, 300 6c, 550 6d, waits");
    // A failure starts one attempt, not all those that follow.
    known(dead, "").fails(10, "6a").gives("0 6a, 10 6b, 260 6c, 510 6d, waits");
}

#[test]
fn late_answer_joins_running_race() {
    let late = |at| both().answer(0, Ipv6, "6a 6b 6c").answer(at, Ipv4, "4a");
    late(100).gives("0 6a, 250 4a, 500 6b, 750 6c, waits");
    late(300).gives("0 6a, 250 6b, 500 4a, 750 6c, waits");
    late(750).gives("0 6a, 250 6b, 500 6c, 750 4a, waits");
    late(900).gives("0 6a, 250 6b, 500 6c, 900 4a, waits");
    // A failure that could start nothing starts what comes next.
    late(510).fails(501, "6a").gives("0 6a, 250 6b, 500 6c, 510 4a, waits");
    late(510).fails(9, "6a 6b 6c").gives("0 6a, 9 6b, 18 6c, 510 4a, waits");
}

#[test]
fn first_connection_ends_race() {
    known("6a 6b", "4a").connects(20, "6a").gives("0 6a, 20 connected 6a");
    known("6a 6b", "4a").connects(20, "4a").gives("0 6a, 250 4a, 270 connected 4a");
    known("6a 6b", "4a").connects(300, "6a").gives("0 6a, 250 4a, 300 connected 6a");
    known("6a", "").connects(0, "6a").gives("0 6a, 0 connected 6a");
    // At the very moment when the next is due.
    known("6a", "4a").connects(250, "6a").gives("0 6a, 250 connected 6a");
    // While another fails.
    known("6a 6b", "4a")
        .fails(260, "6a")
        .connects(10, "4a")
        .gives("0 6a, 250 4a, 260 connected 4a");
}

#[test]
fn winner_ignores_later_events() {
    // Another connection at the same moment and a later one; answers; failures; the deadline.
    let script = known("6a 6b", "4a").connects(600, "6a").connects(350, "4a").connects(200, "6b");
    script.gives("0 6a, 250 4a, 500 6b, 600 connected 6a");
    let script = both().answer(0, Ipv6, "6a 6b").answer(270, Ipv4, "4a").connects(260, "6a");
    script
        .fails(90, "6b")
        .rules(|it| it.deadline = Some(ms(300)))
        .gives("0 6a, 250 6b, 260 connected 6a");
}

// What the RFC leaves to the program.

#[test]
fn deadline_ends_race() {
    let script = |script: Script| script.rules(|it| it.deadline = Some(ms(500)));
    script(both()).gives("500 timed out");
    script(both().answer(470, Ipv4, "4a")).gives("500 timed out");
    script(known("6a 6b 6c", "")).gives("0 6a, 250 6b, 500 timed out");
    script(known("6a", "")).connects(501, "6a").gives("0 6a, 500 timed out");
    known("6a", "").rules(|it| it.deadline = Some(ms(0))).gives("0 timed out");
}

#[test]
fn event_before_seen_deadline_counts() {
    let script = |script: Script| script.rules(|it| it.deadline = Some(ms(500)));
    script(known("6a", "")).connects(500, "6a").gives("0 6a, 500 connected 6a");
    script(known("6a", "")).fails(500, "6a").gives("0 6a, 500 exhausted");
    // But nothing starts any more.
    script(known("6a", "4a"))
        .rules(|it| it.attempt_delay = ms(600))
        .fails(500, "6a")
        .gives("0 6a, 500 timed out");
}

#[test]
fn race_exhausts_only_without_pending_events() {
    // A question is open.
    both().answer(0, Ipv6, "6a").fails(10, "6a").gives("0 6a, waits");
    both().answer(0, Ipv6, "6a").fails(10, "6a").answer(90, Ipv4, "").gives("0 6a, 90 exhausted");
    both().answer(0, Ipv4, "4a").fails(10, "4a").gives("50 4a, waits");
    // An attempt is under way.
    known("6a", "4a").fails(10, "4a").gives("0 6a, 250 4a, waits");
    known("6a", "4a").fails(900, "6a").fails(10, "4a").gives("0 6a, 250 4a, 900 exhausted");
    // An address waits.
    known("6a", "4a").fails(10, "6a 4a").gives("0 6a, 10 4a, 20 exhausted");
}

#[test]
fn attempts_under_way_are_bounded() {
    let bound = |bound, script: Script| script.rules(|it| it.max_in_flight = bound);
    bound(2, known("6a 6b 6c", "4a")).gives("0 6a, 250 4a, waits");
    // The next starts when one ends, and again waits for its delay.
    let script = || bound(2, known("6a 6b 6c", "4a"));
    script().fails(900, "6a").gives("0 6a, 250 4a, 900 6b, waits");
    script().fails(100, "6a").gives("0 6a, 100 4a, 350 6b, waits");
    script().fails(900, "6a 4a").gives("0 6a, 250 4a, 900 6b, 1150 6c, waits");
    script().fails(700, "6a").fails(450, "4a").gives("0 6a, 250 4a, 700 6b, 950 6c, waits");
    script().connects(900, "6a").gives("0 6a, 250 4a, 900 connected 6a");
    script().rules(|it| it.deadline = Some(ms(800))).gives("0 6a, 250 4a, 800 timed out");
    let all = "6a 6b 6c 4a";
    bound(1, known("6a 6b 6c", "4a"))
        .fails(400, all)
        .gives("0 6a, 400 4a, 800 6b, 1200 6c, 1600 exhausted");
    bound(0, known("6a 6b", "")).fails(400, "6a").gives("0 6a, 400 6b, waits");
}

#[test]
fn spare_connection_wins_as_last_resort() {
    known("6a", "4a").spares(0, "6a").connects(5, "4a").gives("0 6a, 0 4a, 5 connected 4a");
    known("6a", "4a").spares(0, "6a").fails(5, "4a").gives("0 6a, 0 4a, 5 connected 6a");
    known("6a 6b", "4a").spares(0, "6a 6b 4a").gives("0 6a, 0 4a, 0 6b, 0 connected 6a");
    known("6a", "").spares(7, "6a").gives("0 6a, 7 connected 6a");
    // It waits for an answer, and no longer than the deadline.
    let script = || both().answer(0, Ipv6, "6a").spares(0, "6a");
    script().gives("0 6a, waits");
    script().rules(|it| it.deadline = Some(ms(80))).gives("0 6a, 80 connected 6a");
    script().answer(90, Ipv4, "").gives("0 6a, 90 connected 6a");
    script().answer(90, Ipv4, "4a").connects(0, "4a").gives("0 6a, 90 4a, 90 connected 4a");
}

#[test]
fn ended_race_ignores_answers() {
    known("6a", "").fails(5, "6a").answer(9, Ipv6, "6b").gives("0 6a, 5 exhausted");
    let script = both().rules(|it| it.deadline = Some(ms(5)));
    script.answer(9, Ipv6, "").answer(9, Ipv4, "4a").gives("5 timed out");
}

#[test]
fn empty_name_exhausts_with_last_answer() {
    both().answer(10, Ipv6, "").answer(20, Ipv4, "").gives("20 exhausted");
    both().answer(10, Ipv4, "").answer(20, Ipv6, "").gives("20 exhausted");
    both().gives("waits");
    Script::asking(&[]).gives("0 exhausted");
}

#[test]
fn unqueried_family_is_not_awaited() {
    Script::asking(&[Ipv4]).answer(10, Ipv4, "4a").gives("10 4a, waits");
    Script::asking(&[Ipv6]).answer(10, Ipv6, "6a").fails(5, "6a").gives("10 6a, 15 exhausted");
    Script::asking(&[Ipv4]).answer(10, Ipv4, "").gives("10 exhausted");
    let ipv4_first = Script::asking(&[Ipv4]).rules(|it| it.first_family = Some(Ipv4));
    ipv4_first.answer(10, Ipv4, "4a").gives("10 4a, waits");
}

#[test]
fn literal_answers_no_query() {
    Script::asking(&[]).answer(0, Ipv6, "6a").connects(5, "6a").gives("0 6a, 5 connected 6a");
    Script::asking(&[]).answer(0, Ipv4, "4a").connects(5, "4a").gives("0 4a, 5 connected 4a");
    Script::asking(&[]).answer(0, Ipv4, "4a").fails(5, "4a").gives("0 4a, 5 exhausted");
}

#[test]
fn wait_ends_at_start_or_deadline() {
    let rules = known("", "").rules(|it| it.deadline = Some(ms(400))).rules;
    let mut race = Race::new(rules, |_| true);
    assert_eq!(race.next(ms(0)), Next::Wait { until: Some(ms(400)) });
    race.answered(Some(Ipv4), &addresses("4a 4b 4c"), ms(100));
    for now in [100, 100, 149] {
        assert_eq!(race.next(ms(now)), Next::Wait { until: Some(ms(150)) });
    }
    let start = |attempt, name| Next::Start { attempt, address: addresses(name)[0], alone: false };
    assert_eq!(race.next(ms(150)), start(0, "4a"));
    assert_eq!(race.next(ms(150)), Next::Wait { until: Some(ms(400)) });
    race.failed();
    assert_eq!(race.next(ms(160)), start(1, "4b"));
    // 410 would be the time of the next.
    assert_eq!(race.next(ms(160)), Next::Wait { until: Some(ms(400)) });
    race.failed();
    assert_eq!(race.next(ms(170)), start(2, "4c"));
    race.connected(2);
    assert_eq!(race.next(ms(180)), Next::Connected { attempt: 2 });
}
