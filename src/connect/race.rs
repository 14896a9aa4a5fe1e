//! What to do next, and nothing else: no clock, no socket, no thread (RFC 8305, sections 3 to 5).
//!
//! A [`Race`] is told what happens (answers, connections, failures) and when, and [`Race::next`]
//! says what to do. Times count from the start of the race.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::resolve::Family;

/// The times of a race, and who goes first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) resolution_delay: Duration,
    pub(super) attempt_delay: Duration,
    pub(super) deadline: Option<Duration>,
    pub(super) first_family: Family,
    /// How many attempts the first family has before the families take turns; at least 1.
    pub(super) first_family_count: usize,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Start to connect. Attempts are numbered from 0 in the order of their start.
    Start { attempt: usize, address: SocketAddr },
    /// Wait for an event, until this time if there is one.
    Wait { until: Option<Duration> },
    /// This attempt has won; the others are to be given up.
    Connected { attempt: usize },
    /// Every address has failed, or there is none.
    Exhausted,
    /// The deadline has passed.
    TimedOut,
}

/// A race between the addresses of a host.
#[derive(Debug)]
pub(super) struct Race {
    rules: Rules,
    first: Lane,
    second: Lane,
    /// How many attempts are under way.
    running: usize,
    last_start: Option<Duration>,
    /// An attempt has failed since the last one was started.
    failed_since: bool,
    /// Attempts of the first family before the second had one, and whose turn was last.
    head_start: usize,
    last_was_first: bool,
    started: usize,
    winner: Option<usize>,
}

/// One family: its question, and the addresses that wait for their turn.
#[derive(Debug, Default)]
struct Lane {
    asked: bool,
    answered: Option<Duration>,
    waiting: VecDeque<SocketAddr>,
    seen: Vec<SocketAddr>,
}

impl Lane {
    fn is_open(&self) -> bool {
        self.asked && self.answered.is_none()
    }
}

impl Race {
    /// A race whose questions are asked in these families.
    pub(super) fn new(rules: Rules, asked: &[Family]) -> Self {
        let lane = |family| Lane { asked: asked.contains(&family), ..Lane::default() };
        Self {
            rules,
            first: lane(rules.first_family),
            second: lane(other(rules.first_family)),
            running: 0,
            last_start: None,
            failed_since: false,
            head_start: 0,
            last_was_first: false,
            started: 0,
            winner: None,
        }
    }

    /// A question was answered, with no address where there is none or the look-up failed.
    ///
    /// An address is tried once however often it comes (section 4: the list has no duplicates).
    pub(super) fn answered(&mut self, family: Family, addresses: &[SocketAddr], now: Duration) {
        let lane = match family == self.rules.first_family {
            true => &mut self.first,
            false => &mut self.second,
        };
        lane.answered.get_or_insert(now);
        for address in addresses {
            if !lane.seen.contains(address) {
                lane.seen.push(*address);
                lane.waiting.push_back(*address);
            }
        }
    }

    /// An attempt has the connection.
    pub(super) fn connected(&mut self, attempt: usize) {
        self.running -= 1;
        self.winner.get_or_insert(attempt);
    }

    /// An attempt failed.
    pub(super) fn failed(&mut self) {
        self.running -= 1;
        self.failed_since = true;
    }

    /// What to do now.
    pub(super) fn next(&mut self, now: Duration) -> Next {
        if let Some(attempt) = self.winner {
            return Next::Connected { attempt };
        }
        if self.rules.deadline.is_some_and(|deadline| deadline <= now) {
            return Next::TimedOut;
        }
        match self.next_start() {
            Some(at) if at <= now => self.start(now),
            at if at.is_none() && self.is_over() => Next::Exhausted,
            at => Next::Wait { until: earlier(at, self.rules.deadline) },
        }
    }

    /// When the next attempt is due, if there is an address to try.
    fn next_start(&self) -> Option<Duration> {
        if self.first.waiting.is_empty() && self.second.waiting.is_empty() {
            return None;
        }
        match self.last_start {
            // Section 5: the connection attempt delay, which a failure ends.
            Some(last) if self.running > 0 && !self.failed_since => {
                Some(last + self.rules.attempt_delay)
            }
            Some(_) => Some(Duration::ZERO),
            // Section 3: an answer of the second family waits for the first one, for a while.
            None if self.first.waiting.is_empty() && self.first.is_open() => {
                self.second.answered.map(|at| at + self.rules.resolution_delay)
            }
            None => Some(Duration::ZERO),
        }
    }

    fn start(&mut self, now: Duration) -> Next {
        let first = self.is_turn_of_first();
        let lane = if first { &mut self.first } else { &mut self.second };
        let Some(address) = lane.waiting.pop_front() else {
            return Next::Wait { until: self.rules.deadline };
        };
        if first && self.head_start == self.started {
            self.head_start += 1;
        }
        let attempt = self.started;
        self.started += 1;
        self.running += 1;
        self.last_start = Some(now);
        self.last_was_first = first;
        self.failed_since = false;
        Next::Start { attempt, address }
    }

    /// Section 4: some of the first family, then the families take turns while both have addresses.
    fn is_turn_of_first(&self) -> bool {
        let (first, second) = (!self.first.waiting.is_empty(), !self.second.waiting.is_empty());
        let ahead =
            self.head_start == self.started && self.head_start < self.rules.first_family_count;
        first && (!second || ahead || !self.last_was_first)
    }

    fn is_over(&self) -> bool {
        self.running == 0 && !self.first.is_open() && !self.second.is_open()
    }
}

fn other(family: Family) -> Family {
    match family {
        Family::Ipv6 => Family::Ipv4,
        Family::Ipv4 => Family::Ipv6,
    }
}

fn earlier(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
