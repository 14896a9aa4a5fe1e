//! What holds for every race, whatever is answered, fails or hangs, and whenever: the body of a
//! property test, which a fuzzer drives as well.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use super::input::Input;
use super::simulator::{Entry, Fate, Log, Script};
use super::{Family, Next, Rules};

/// As `holds`, for what a fuzzer makes up.
pub(crate) fn any_bytes(bytes: &[u8]) {
    holds(&Input::from_bytes(bytes));
}

/// Runs the race, and looks at what it did. What the simulator itself asserts comes on top: no wait
/// for the past, no wake-up for nothing, the same answer when asked twice, and a final end.
pub(super) fn holds(input: &Input) {
    let script = input.script();
    let log = script.run();
    ends_as_it_must(&script, &log);
    starts_are_apart(&script, &log);
    starts_are_prompt(&script, &log);
    starts_are_in_order(&script, &log);
    starts_are_bounded(&script, &log);
    let again = script.run();
    assert_eq!(again.0, log.0, "the same script gives another race");
}

/// The family that goes first: the one that the rules name, or that of the first address of an
/// answer for both that comes before the first attempt.
fn first_family(script: &Script, log: &Log) -> Family {
    let before = log.0.iter().take_while(|(_, entry)| !matches!(entry, Entry::Started(_)));
    let leads = before.filter_map(|(_, entry)| match entry {
        Entry::Answered(None, addresses) => addresses.first(),
        _ => None,
    });
    let named = script.rules.first_family;
    named.or_else(|| leads.last().map(|it| Family::of(*it))).unwrap_or(Family::Ipv6)
}

fn answers(family: Option<Family>, asked: Family) -> bool {
    family.is_none_or(|family| family == asked)
}

fn ends_as_it_must(script: &Script, log: &Log) {
    let (at, end) = log.end();
    let mut known: Vec<SocketAddr> = Vec::new();
    let (mut failed, mut open) = (Vec::new(), script.asked.clone());
    let (mut first_connection, mut first_spare) = (None, None);
    for (_, entry) in &log.0 {
        match entry {
            Entry::Answered(family, addresses) => {
                known.extend(addresses);
                open.retain(|asked| !answers(*family, *asked));
            }
            Entry::Failed(address) => failed.push(*address),
            Entry::Spared(address) => {
                failed.push(*address);
                first_spare.get_or_insert(*address);
            }
            Entry::Connected(address) => {
                first_connection.get_or_insert(*address);
            }
            Entry::Started(_) | Entry::Ended(_) => {}
        }
    }
    let starts = log.starts();
    let all_tried = known.iter().all(|address| starts.contains(address));
    let can_connect = |it: &SocketAddr| matches!(script.fates.get(it), Some(Fate::Connects(_)));
    let all_failed = all_tried && open.is_empty() && failed.len() == starts.len();
    let timed_out = script.rules.deadline.is_some_and(|deadline| deadline <= at);
    match end {
        Next::Connected { attempt } => {
            let winner = Some(starts[attempt]);
            assert_eq!(winner, first_connection.or(first_spare), "not the first connection");
            let in_vain = all_failed || timed_out;
            assert!(first_connection.is_some() || in_vain, "took a spare while there was hope");
        }
        Next::Exhausted => {
            assert!(all_tried && open.is_empty(), "given up while there was hope");
            assert_eq!(failed.len(), starts.len(), "given up with attempts under way");
        }
        Next::TimedOut => assert!(timed_out, "too early"),
        // It ends, unless nothing happens any more and there is nothing to try.
        Next::Wait { .. } => {
            assert_eq!(script.rules.deadline, None);
            let under_way = starts.len() - failed.len();
            let is_full = under_way >= script.rules.max_in_flight;
            assert!(all_tried || is_full, "forgot an address");
            assert!(!open.is_empty() || under_way > 0, "should be exhausted");
        }
        Next::Start { .. } => panic!("{end:?} is no end"),
    }
    if !matches!(end, Next::Connected { .. }) {
        assert_eq!(first_connection, None, "threw a connection away");
        if !matches!(end, Next::Wait { .. }) {
            assert_eq!(first_spare, None, "threw a spare connection away");
        }
        if script.rules.deadline.is_none() && all_tried {
            assert!(!known.iter().any(can_connect), "did not connect, and could have");
        }
    }
    if let Some(deadline) = script.rules.deadline {
        assert!(at <= deadline + script.oversleep, "past the deadline");
    }
}

/// No two attempts closer than the delay, unless one failed in between.
fn starts_are_apart(script: &Script, log: &Log) {
    let mut last = None;
    for (at, entry) in &log.0 {
        match entry {
            Entry::Started(_) => {
                let gap = last.map(|last| *at - last);
                assert!(gap.is_none_or(|gap| gap >= script.rules.attempt_delay), "{gap:?} apart");
                last = Some(*at);
            }
            Entry::Failed(_) | Entry::Spared(_) => last = None,
            Entry::Answered(..) | Entry::Connected(_) | Entry::Ended(_) => {}
        }
    }
}

/// Never more attempts under way than are allowed.
fn starts_are_bounded(script: &Script, log: &Log) {
    let mut running = 0;
    for (_, entry) in &log.0 {
        match entry {
            Entry::Started(address) => {
                running += 1;
                assert!(running <= script.rules.max_in_flight, "{address} is one too many");
            }
            Entry::Failed(_) | Entry::Spared(_) | Entry::Connected(_) => running -= 1,
            Entry::Answered(..) | Entry::Ended(_) => {}
        }
    }
}

/// An attempt starts as soon as there is an address, room, and the delays allow it.
fn starts_are_prompt(script: &Script, log: &Log) {
    let Rules { resolution_delay, attempt_delay, max_in_flight, .. } = script.rules;
    // An answer for both may name another family, and then everything is answered.
    let first_family = script.rules.first_family.unwrap_or(Family::Ipv6);
    let is_open = script.asked.contains(&first_family);
    let mut allowed = if is_open { Duration::MAX } else { Duration::ZERO };
    let (mut seen, mut started) = (BTreeSet::<SocketAddr>::new(), 0);
    let mut there_since = Duration::ZERO;
    let (mut running, mut room_since) = (0, Duration::ZERO);
    for (at, entry) in &log.0 {
        match entry {
            Entry::Answered(family, addresses) => {
                if seen.len() == started {
                    there_since = *at;
                }
                seen.extend(addresses);
                if started == 0 {
                    let is_first = answers(*family, first_family);
                    let delay = if is_first { Duration::ZERO } else { resolution_delay };
                    allowed = allowed.min(*at + delay);
                }
            }
            Entry::Failed(_) | Entry::Spared(_) => {
                if running == max_in_flight {
                    room_since = *at;
                }
                running -= 1;
                allowed = allowed.min(*at);
            }
            Entry::Started(address) => {
                let due = allowed.max(there_since).max(room_since);
                assert!(*at <= due + script.oversleep, "{address} at {at:?}, and due at {due:?}");
                started += 1;
                running += 1;
                allowed = *at + attempt_delay;
                there_since = *at;
            }
            Entry::Connected(_) | Entry::Ended(_) => {}
        }
    }
}

/// Each address once and in the order of the answer; the other family is not kept waiting for more
/// than the head start; and nothing of the second family first, unless the first had its time.
fn starts_are_in_order(script: &Script, log: &Log) {
    let Rules { first_family_count, resolution_delay, .. } = script.rules;
    let first_family = first_family(script, log);
    let is_first = |address: &SocketAddr| Family::of(*address) == first_family;
    let (mut seen, mut waiting) = (Vec::new(), Vec::new());
    let (mut first_starts, mut last_was_first) = (0, None);
    let mut open = script.asked.contains(&first_family);
    let mut second_answered = None;
    for (at, entry) in &log.0 {
        match entry {
            Entry::Answered(family, addresses) => {
                for address in addresses {
                    if !seen.contains(address) {
                        seen.push(*address);
                        waiting.push(*address);
                    }
                }
                if answers(*family, first_family) {
                    open = false;
                } else {
                    second_answered.get_or_insert(*at);
                }
            }
            Entry::Started(address) => {
                let own = is_first(address);
                let best = waiting.iter().position(|it| is_first(it) == own);
                let place = waiting.iter().position(|it| it == address);
                assert!(place.is_some() && place == best, "{address} out of order or twice");
                waiting.retain(|it| it != address);
                if last_was_first.is_none() && open {
                    let answered = second_answered.expect("an answer");
                    assert!(*at >= answered + resolution_delay, "{address} too early");
                }
                let other_waits = waiting.iter().any(|it| is_first(it) != own);
                let head_start = first_starts < first_family_count.max(1);
                if other_waits {
                    let turn = head_start || last_was_first != Some(true);
                    assert_eq!(own, turn, "{address} is not the one whose turn it is");
                }
                first_starts += usize::from(own);
                last_was_first = Some(own);
            }
            Entry::Failed(_) | Entry::Spared(_) | Entry::Connected(_) | Entry::Ended(_) => {}
        }
    }
}
