//! What to do next, and nothing else: no clock, no socket, no thread (RFC 8305, sections 3 to 5).
//!
//! A [`Race`] is told what happens (answers, connections, failures) and when, and [`Race::next`]
//! says what to do. Times count from the start of the race. The same is said again until something
//! happens or its time comes, and the end of a race is final.
//!
//! The RFC's `AAAA` and `A` are the first and the second family here. It says nothing of an attempt
//! that fails before the next one is due; that one is then due at once. Nor does it bound how many
//! are under way; at the bound, the next one starts when one ends.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::resolve::Family;

#[cfg(any(test, fuzzing))]
mod input;
#[cfg(any(test, fuzzing))]
pub(crate) mod invariants;
#[cfg(any(test, fuzzing))]
#[cfg_attr(not(test), allow(dead_code, reason = "written by hand in tests only"))]
mod simulator;

/// The times of a race, and who goes first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// How long an answer of the second family waits for one of the first.
    pub(super) resolution_delay: Duration,
    /// How long after an attempt the next one starts, unless one fails.
    pub(super) attempt_delay: Duration,
    pub(super) deadline: Option<Duration>,
    /// `None`: the family of the first address of an answer for both, or IPv6 if there is no such
    /// answer before the first attempt.
    pub(super) first_family: Option<Family>,
    /// How many attempts the first family has before the families take turns. An answer that joins
    /// a race of the second family has them too. 0 counts as 1.
    pub(super) first_family_count: usize,
    /// How many attempts may be under way at once. 0 counts as 1.
    pub(super) max_in_flight: usize,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Start to connect. Attempts are numbered from 0 in the order of their start. If an attempt is
    /// `alone`, nothing is to be done before it ends, unless an address comes that is not awaited.
    Start { attempt: usize, address: SocketAddr, alone: bool },
    /// Wait for an event, until this time if there is one; it is not over yet.
    Wait { until: Option<Duration> },
    /// This attempt has won; the others are to be given up.
    Connected { attempt: usize },
    /// Every address has failed, or there is none.
    Exhausted,
    /// The deadline has passed.
    TimedOut,
}

/// A race between the addresses of a host.
#[derive(Debug, Clone)]
pub(super) struct Race {
    rules: Rules,
    first: Family,
    /// By family.
    lanes: [Lane; 2],
    /// Every address that came, tried or not.
    seen: Vec<SocketAddr>,
    /// How many attempts there were, how many of them in the first family, and whose turn was last.
    started: usize,
    first_started: usize,
    last_was_first: bool,
    last_start: Option<Duration>,
    /// An attempt has failed since the last one was started.
    failed_since: bool,
    /// How many attempts are under way.
    running: usize,
    /// The attempt that wins if no other one connects.
    spare: Option<usize>,
    over: Option<Next>,
}

/// One family: its question, and the addresses that wait for their turn.
#[derive(Debug, Clone, Default)]
struct Lane {
    asked: bool,
    answered: Option<Duration>,
    waiting: VecDeque<SocketAddr>,
}

impl Lane {
    fn is_open(&self) -> bool {
        self.asked && self.answered.is_none()
    }
}

impl Race {
    /// A race whose questions are asked in the families that `asked` is true of.
    pub(super) fn new(rules: Rules, asked: impl Fn(Family) -> bool) -> Self {
        let lane = |family| Lane { asked: asked(family), ..Lane::default() };
        Self {
            rules,
            first: rules.first_family.unwrap_or(Family::Ipv6),
            lanes: Family::BOTH.map(lane),
            seen: Vec::new(),
            started: 0,
            first_started: 0,
            last_was_first: false,
            last_start: None,
            failed_since: false,
            running: 0,
            spare: None,
            over: None,
        }
    }

    /// A family was answered, or with `None` both, with no address if there is none or the look-up
    /// failed.
    ///
    /// An address is tried once, however often and in whichever answer it comes. An IPv4 address is
    /// to come as one and not in its mapped form, or it is another address.
    pub(super) fn answered(
        &mut self,
        family: Option<Family>,
        addresses: &[SocketAddr],
        now: Duration,
    ) {
        if family.is_none() && self.rules.first_family.is_none() && self.started == 0 {
            self.first = addresses.first().copied().map_or(self.first, Family::of);
        }
        for answered in Family::BOTH {
            if family.is_none_or(|family| family == answered) {
                self.lane(answered).answered.get_or_insert(now);
            }
        }
        for address in addresses {
            if !self.seen.contains(address) {
                self.seen.push(*address);
                self.lane(Family::of(*address)).waiting.push_back(*address);
            }
        }
    }

    /// An attempt has the connection.
    pub(super) fn connected(&mut self, attempt: usize) {
        self.running -= 1;
        self.over.get_or_insert(Next::Connected { attempt });
    }

    /// An attempt failed.
    pub(super) fn failed(&mut self) {
        self.running -= 1;
        self.failed_since = true;
    }

    /// An attempt has a connection that wins only if no other attempt connects. The race goes on as
    /// if it had failed. Of several such attempts the first one counts.
    pub(super) fn spared(&mut self, attempt: usize) {
        self.failed();
        self.spare.get_or_insert(attempt);
    }

    /// What to do now.
    ///
    /// What was told before counts, though the deadline has passed since: a connection is not
    /// thrown away, and if every address has failed more time would not have helped.
    pub(super) fn next(&mut self, now: Duration) -> Next {
        if let Some(end) = self.over {
            return end;
        }
        let start = self.next_start();
        if self.is_exhausted() {
            return self.end(Next::Exhausted);
        }
        if self.rules.deadline.is_some_and(|deadline| deadline <= now) {
            return self.end(Next::TimedOut);
        }
        let address = match start {
            Some(at) if at <= now => self.take_address(),
            _ => None,
        };
        match address {
            Some(address) => self.start(address, now),
            None => Next::Wait { until: earlier(start, self.rules.deadline) },
        }
    }

    fn end(&mut self, lost: Next) -> Next {
        let end = self.spare.map_or(lost, |attempt| Next::Connected { attempt });
        *self.over.insert(end)
    }

    /// When the next attempt is due, if there is an address to try and room for an attempt.
    fn next_start(&self) -> Option<Duration> {
        if !self.is_waiting() || self.running >= self.rules.max_in_flight.max(1) {
            return None;
        }
        let [first, second] = [self.first, other(self.first)].map(|it| &self.lanes[it as usize]);
        match self.last_start {
            // Section 5: the connection attempt delay, which a failure ends.
            Some(_) if self.failed_since => Some(Duration::ZERO),
            Some(last) => Some(last.saturating_add(self.rules.attempt_delay)),
            // Section 3: an answer of the second family waits for the first one, for a while.
            None if first.is_open() => {
                let answered = second.answered;
                answered.map(|at| at.saturating_add(self.rules.resolution_delay))
            }
            None => Some(Duration::ZERO),
        }
    }

    /// Section 4: some of the first family, then the families take turns while both have addresses.
    fn take_address(&mut self) -> Option<SocketAddr> {
        let head_start = self.first_started < self.rules.first_family_count;
        let (first, second) = (self.first, other(self.first));
        self.last_was_first = match head_start || !self.last_was_first {
            true => !self.lane(first).waiting.is_empty(),
            false => self.lane(second).waiting.is_empty(),
        };
        self.first_started += usize::from(self.last_was_first);
        self.lane(if self.last_was_first { first } else { second }).waiting.pop_front()
    }

    fn start(&mut self, address: SocketAddr, now: Duration) -> Next {
        let attempt = self.started;
        self.started += 1;
        self.running += 1;
        self.last_start = Some(now);
        self.failed_since = false;
        let nothing_comes = !self.is_open() && self.next_start().is_none();
        let alone = self.running == 1 && nothing_comes && self.rules.deadline.is_none();
        Next::Start { attempt, address, alone }
    }

    fn lane(&mut self, family: Family) -> &mut Lane {
        &mut self.lanes[family as usize]
    }

    /// Whether an answer is to come.
    fn is_open(&self) -> bool {
        self.lanes.iter().any(Lane::is_open)
    }

    /// Whether an address waits for its turn.
    fn is_waiting(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.waiting.is_empty())
    }

    /// No attempt is under way, no address waits and no answer is to come.
    fn is_exhausted(&self) -> bool {
        self.running == 0 && !self.is_waiting() && !self.is_open()
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

#[cfg(test)]
mod tests;
