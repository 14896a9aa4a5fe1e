//! A race on a virtual clock: what happens is written down before, and what the race did is read
//! afterwards.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::{Family, Next, Race, Rules};

pub(super) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The address with this number; number 0 is written `6a` or `4a`, 1 is `6b` or `4b`, and so on.
pub(super) fn address(family: Family, number: u8) -> SocketAddr {
    match family {
        Family::Ipv6 => (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into()), 443).into(),
        Family::Ipv4 => (Ipv4Addr::new(192, 0, 2, number), 443).into(),
    }
}

/// The addresses in `6a 4b`.
pub(super) fn addresses(names: &str) -> Vec<SocketAddr> {
    let one = |name: &str| match name.as_bytes() {
        [b'6', letter @ b'a'..=b'z'] => address(Family::Ipv6, letter - b'a'),
        [b'4', letter @ b'a'..=b'z'] => address(Family::Ipv4, letter - b'a'),
        _ => panic!("`{name}` is no address of a script"),
    };
    names.split_whitespace().map(one).collect()
}

fn name(address: SocketAddr) -> String {
    let (family, number) = match address {
        SocketAddr::V6(it) => ('6', it.ip().octets()[15]),
        SocketAddr::V4(it) => ('4', it.ip().octets()[3]),
    };
    format!("{family}{}", char::from(b'a' + number))
}

/// What becomes of an attempt, and how long after its start. One that is not listed hangs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Connects(Duration),
    /// It has a connection that is taken if there is no other.
    Spares(Duration),
    Fails(Duration),
}

/// What will happen.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) rules: Rules,
    pub(super) asked: Vec<Family>,
    /// Without a family, an answer is for both.
    pub(super) answers: Vec<(Duration, Option<Family>, Vec<SocketAddr>)>,
    pub(super) fates: BTreeMap<SocketAddr, Fate>,
    /// How much later than its timer the driver wakes up.
    pub(super) oversleep: Duration,
}

/// What happened, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Answered(Option<Family>, Vec<SocketAddr>),
    Started(SocketAddr),
    Failed(SocketAddr),
    Spared(SocketAddr),
    Connected(SocketAddr),
    /// The end: what the race said, or that it waits and nothing will happen any more.
    Ended(Next),
}

#[derive(Debug)]
pub(super) struct Log(pub(super) Vec<(Duration, Entry)>);

/// What is still to happen to a race.
enum PlannedEvent {
    Answer(Option<Family>, Vec<SocketAddr>),
    Connects(usize),
    Spares(usize),
    Fails(usize),
}

/// The driver of a race, with a clock that only it moves.
struct Driver {
    race: Race,
    now: Duration,
    /// By time, and at the same time in the order in which they were planned.
    events: BTreeMap<(Duration, usize), PlannedEvent>,
    planned: usize,
    attempts: Vec<SocketAddr>,
    ended: usize,
    /// The families without an answer.
    open: Vec<Family>,
    log: Vec<(Duration, Entry)>,
}

impl Script {
    /// The rules are those of the RFC.
    pub(super) fn asking(asked: &[Family]) -> Self {
        Self {
            rules: Rules {
                resolution_delay: ms(50),
                attempt_delay: ms(250),
                deadline: None,
                first_family: None,
                first_family_count: 1,
                max_in_flight: 16,
            },
            asked: asked.to_vec(),
            answers: Vec::new(),
            fates: BTreeMap::new(),
            oversleep: Duration::ZERO,
        }
    }

    pub(super) fn rules(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(&mut self.rules);
        self
    }

    /// No names: a negative answer, or a look-up that failed.
    pub(super) fn answer(self, at: u64, family: Family, names: &str) -> Self {
        self.answers(at, Some(family), names)
    }

    /// An answer for both families at once.
    pub(super) fn answer_both(self, at: u64, names: &str) -> Self {
        self.answers(at, None, names)
    }

    fn answers(mut self, at: u64, family: Option<Family>, names: &str) -> Self {
        self.answers.push((ms(at), family, addresses(names)));
        self
    }

    pub(super) fn connects(self, after: u64, names: &str) -> Self {
        self.fate(Fate::Connects(ms(after)), names)
    }

    pub(super) fn spares(self, after: u64, names: &str) -> Self {
        self.fate(Fate::Spares(ms(after)), names)
    }

    pub(super) fn fails(self, after: u64, names: &str) -> Self {
        self.fate(Fate::Fails(ms(after)), names)
    }

    fn fate(mut self, fate: Fate, names: &str) -> Self {
        self.fates.extend(addresses(names).into_iter().map(|address| (address, fate)));
        self
    }

    /// The starts and the end are `expected`: `0 6a, 250 4a, 300 connected 4a`.
    #[track_caller]
    pub(super) fn gives(&self, expected: &str) {
        let log = self.run();
        assert_eq!(log.to_string(), expected, "{log:#?}");
    }

    /// Runs the race to its end, as a driver would.
    pub(super) fn run(&self) -> Log {
        let mut driver = Driver {
            race: Race::new(self.rules, |family| self.asked.contains(&family)),
            now: Duration::ZERO,
            events: BTreeMap::new(),
            planned: 0,
            attempts: Vec::new(),
            ended: 0,
            open: self.asked.clone(),
            log: Vec::new(),
        };
        for (at, family, addresses) in &self.answers {
            driver.plan(*at, PlannedEvent::Answer(*family, addresses.clone()));
        }
        driver.run(self);
        Log(driver.log)
    }
}

impl Driver {
    fn run(&mut self, script: &Script) {
        let mut timer = None;
        loop {
            let happened = self.events_until_now();
            assert_eq!(self.race.running, self.attempts.len() - self.ended);
            let next = self.race.next(self.now);
            match next {
                Next::Start { attempt, address, alone } => {
                    assert_eq!(attempt, self.attempts.len(), "attempts are numbered");
                    self.attempts.push(address);
                    self.note(Entry::Started(address));
                    let (after, event) = match script.fates.get(&address) {
                        Some(Fate::Connects(after)) => (*after, PlannedEvent::Connects(attempt)),
                        Some(Fate::Spares(after)) => (*after, PlannedEvent::Spares(attempt)),
                        Some(Fate::Fails(after)) => (*after, PlannedEvent::Fails(attempt)),
                        None => (Duration::MAX, PlannedEvent::Fails(attempt)),
                    };
                    if after < Duration::MAX {
                        self.plan(self.now + after, event);
                    }
                    timer = None;
                    self.is_alone_if_nothing_else_comes(alone);
                }
                Next::Wait { until } => {
                    assert_eq!(self.race.next(self.now), next, "asked twice");
                    assert!(until.is_none_or(|until| until > self.now), "waits for {until:?}");
                    let in_vain = timer.is_some_and(|timer| timer <= self.now) && !happened;
                    assert!(!in_vain, "woke up at {:?} for nothing", self.now);
                    timer = until;
                    let event = self.events.keys().next().map(|(at, _)| *at);
                    let wake_up = until.map(|until| until.saturating_add(script.oversleep));
                    match event.into_iter().chain(wake_up).min() {
                        Some(at) => self.now = at,
                        None => return self.note(Entry::Ended(next)),
                    }
                }
                end => {
                    self.note(Entry::Ended(end));
                    return self.what_comes_later_changes_nothing(end);
                }
            }
        }
    }

    /// An attempt that was just started is alone if the race waits for its end and for nothing
    /// else.
    fn is_alone_if_nothing_else_comes(&mut self, alone: bool) {
        // What the race would do now is asked of a copy, which nothing happens to.
        let next = self.race.clone().next(self.now);
        let only_one = self.attempts.len() - self.ended == 1;
        let waits = next == Next::Wait { until: None };
        assert_eq!(alone, only_one && waits && self.open.is_empty(), "alone, and {next:?}");
    }

    fn plan(&mut self, at: Duration, event: PlannedEvent) {
        self.events.insert((at, self.planned), event);
        self.planned += 1;
    }

    /// Tells the race what has happened; false if nothing has.
    fn events_until_now(&mut self) -> bool {
        let mut happened = false;
        while let Some(event) = self.events.first_entry().filter(|it| it.key().0 <= self.now) {
            let event = event.remove();
            self.tell(event);
            happened = true;
        }
        happened
    }

    fn tell(&mut self, event: PlannedEvent) {
        match event {
            PlannedEvent::Answer(family, addresses) => {
                self.race.answered(family, &addresses, self.now);
                self.open.retain(|open| family.is_some_and(|family| family != *open));
                self.note(Entry::Answered(family, addresses));
            }
            PlannedEvent::Connects(attempt) => {
                self.ended += 1;
                self.race.connected(attempt);
                self.note(Entry::Connected(self.attempts[attempt]));
            }
            PlannedEvent::Spares(attempt) => {
                self.ended += 1;
                self.race.spared(attempt);
                self.note(Entry::Spared(self.attempts[attempt]));
            }
            PlannedEvent::Fails(attempt) => {
                self.ended += 1;
                self.race.failed();
                self.note(Entry::Failed(self.attempts[attempt]));
            }
        }
    }

    fn what_comes_later_changes_nothing(&mut self, end: Next) {
        let length = self.log.len();
        while let Some(((at, _), event)) = self.events.pop_first() {
            self.now = self.now.max(at);
            self.tell(event);
            assert_eq!(self.race.next(self.now), end);
        }
        assert_eq!(self.race.next(Duration::MAX), end);
        self.log.truncate(length);
    }

    fn note(&mut self, entry: Entry) {
        self.log.push((self.now, entry));
    }
}

impl Log {
    pub(super) fn end(&self) -> (Duration, Next) {
        match self.0.last() {
            Some((at, Entry::Ended(next))) => (*at, *next),
            last => panic!("no end, but {last:?}"),
        }
    }

    pub(super) fn starts(&self) -> Vec<SocketAddr> {
        let starts = self.0.iter().filter_map(|(_, entry)| match entry {
            Entry::Started(address) => Some(*address),
            _ => None,
        });
        starts.collect()
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let starts = self.starts();
        for (at, entry) in &self.0 {
            let at = at.as_millis();
            match entry {
                Entry::Started(address) => write!(f, "{at} {}, ", name(*address))?,
                Entry::Ended(Next::Connected { attempt }) => {
                    write!(f, "{at} connected {}", name(starts[*attempt]))?;
                }
                Entry::Ended(Next::Exhausted) => write!(f, "{at} exhausted")?,
                Entry::Ended(Next::TimedOut) => write!(f, "{at} timed out")?,
                Entry::Ended(_) => f.write_str("waits")?,
                Entry::Answered(..) | Entry::Failed(_) | Entry::Spared(_) | Entry::Connected(_) => {
                }
            }
        }
        Ok(())
    }
}
