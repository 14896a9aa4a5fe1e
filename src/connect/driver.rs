//! The clock, the sockets and the resolver of a race.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::ResolveErrorKind;
use super::answers::{Found, Inbox, Query};
use super::host::HappyEyeballs;
use super::lookup::{Way, look_up};
use super::race::{Next, Race};
use super::report::{
    Answer, Attempt, Event, HostConnection, HostError, HostErrorKind, Outcome, Report,
};
use super::resolve::{Family, ResolveError};
use super::to_host::Host;
use crate::addr::{AddressError, Endpoint, ToAddress};
use crate::cancel::Cancel;
use crate::error::{Error, Op};
use crate::mode::{FromWire, Mode};
use crate::sys::{self, Borrowed, Woken};

/// An attempt that is due.
pub(crate) struct Start {
    /// The address of ours to come from.
    pub(crate) source: Option<SocketAddr>,
    pub(crate) peer: Endpoint,
    /// The call may wait for the connection, because there is nothing else to do.
    pub(crate) may_wait: bool,
}

/// An attempt that was started.
pub(crate) enum Started<P, S> {
    Running(P),
    Done(S),
    /// A connection from an address that does not suit its peer.
    Unsuited(S, IpAddr),
}

/// A connection under way.
pub(crate) trait Pending<S>: Sized {
    fn fd(&self) -> Borrowed<'_>;

    /// Returns the connection, itself while that is not decided, or why it failed.
    fn try_finish(self) -> Result<Result<S, Self>, Error>;
}

/// Runs a race to a host; `start` starts an attempt.
pub(crate) fn run<M: Mode, P: Pending<S>, S>(
    mode: M,
    plan: &HappyEyeballs,
    start: impl Fn(Start) -> Result<Started<P, S>, Error>,
) -> Result<HostConnection<S>, HostError> {
    let drive = Drive {
        plan,
        literal: match &plan.host {
            Ok(Host::Literal(endpoint)) => Some(endpoint),
            _ => None,
        },
        began: Instant::now(),
        report: Report::new(plan.host.as_ref().ok().cloned()),
        running: Vec::new(),
        done: None,
        spare: None,
    };
    let target = match &plan.host {
        Ok(target) => target,
        Err(error) => return Err(HostError::invalid(error.clone(), drive.report)),
    };
    let way = match target {
        Host::Literal(_) | Host::List(_) => Way::Known,
        Host::Name { name, .. } => Way::to(plan, name),
    };
    // Only a thread that looks the name up and a `Cancel` wake a race.
    let wakes = way == Way::Thread || plan.cancel.is_some();
    let (waker, woken) = match wakes.then(sys::waker).transpose() {
        Ok(pair) => pair.unzip(),
        Err(error) => return Err(drive.lost_before(error)),
    };
    let (race, lookup) = match target {
        Host::Literal(endpoint) => match literal(mode, endpoint) {
            Ok(address) => {
                let mut race = Race::new(plan.rules(), |_| false);
                race.answered(None, &[address], Duration::ZERO);
                (race, None)
            }
            Err(error) if error.is_about_the_address() => {
                return Err(HostError::invalid(error, drive.report));
            }
            Err(error) => return Err(drive.lost_before(error.into())),
        },
        Host::List(addresses) => {
            let mut race = Race::new(plan.rules(), |_| false);
            race.answered(None, addresses, Duration::ZERO);
            (race, None)
        }
        Host::Name { name, port } => {
            let query = match mode.v6_only() {
                true => Query::new(name.clone()).only(Family::Ipv6),
                false => Query::new(name.clone()),
            };
            let race = Race::new(plan.rules(), |family| query.wants(family));
            match look_up(way, plan, query, waker.as_ref()) {
                Ok(inbox) => (race, Some((inbox, *port))),
                Err(error) => return Err(drive.lost_before(error)),
            }
        }
    };
    // Registered first, asked afterwards: what comes in between wakes the first wait.
    let _registered = plan.cancel.as_ref().zip(waker).map(|(cancel, waker)| cancel.register(waker));
    drive.run(race, lookup.as_ref(), woken.as_ref(), start)
}

/// The address that a literal stands for, its zone looked up.
fn literal<M: Mode>(mode: M, endpoint: impl ToAddress<M>) -> Result<SocketAddr, AddressError> {
    let wire = endpoint.to_wire(mode, sys::interface_index)?;
    Ok(M::Address::from_wire(wire).into())
}

/// A race that runs.
struct Drive<'a, P, S> {
    plan: &'a HappyEyeballs,
    /// The address as it was written, unless the host is a name. Each attempt looks its zone up
    /// anew.
    literal: Option<&'a Endpoint>,
    began: Instant,
    report: Report,
    /// Attempts under way, by their number.
    running: Vec<(usize, P)>,
    done: Option<S>,
    /// The first connection that is better than none.
    spare: Option<Spare<S>>,
}

struct Spare<S> {
    attempt: usize,
    socket: S,
    source: IpAddr,
}

impl<P: Pending<S>, S> Drive<'_, P, S> {
    fn run(
        mut self,
        mut race: Race,
        lookup: Option<&(Inbox, u16)>,
        woken: Option<&Woken>,
        start: impl Fn(Start) -> Result<Started<P, S>, Error>,
    ) -> Result<HostConnection<S>, HostError> {
        loop {
            let mut may_wait = self.plan.cancel.is_none();
            // A connection that is there is not thrown away, and what comes later changes nothing.
            if self.done.is_none() {
                if self.plan.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
                    return Err(self.lost(HostErrorKind::Cancelled));
                }
                if let Some((inbox, port)) = lookup {
                    let (all, were_last) = inbox.take();
                    all.into_iter().for_each(|found| self.answered(&mut race, *port, found));
                    may_wait &= were_last;
                }
            }
            match race.next(self.began.elapsed()) {
                Next::Start { attempt, address, alone } => {
                    self.start(&mut race, attempt, address, may_wait && alone, &start);
                }
                Next::Wait { until } => {
                    if let Err(error) = self.wait(&mut race, woken, until) {
                        return Err(self.lost_to(&mut race, error));
                    }
                }
                Next::Connected { attempt } => return self.won(attempt),
                Next::Exhausted => return Err(self.exhausted()),
                Next::TimedOut => return Err(self.lost(HostErrorKind::TimedOut)),
            }
        }
    }

    fn start(
        &mut self,
        race: &mut Race,
        attempt: usize,
        address: SocketAddr,
        may_wait: bool,
        start: &impl Fn(Start) -> Result<Started<P, S>, Error>,
    ) {
        let at = self.began.elapsed();
        self.plan.tell(&Event::Started { address, at });
        // Given up, unless something else becomes of it.
        self.report.attempts.push(Attempt {
            address,
            started: at,
            ended: at,
            outcome: Outcome::Cancelled,
        });
        let source = self.plan.source.as_ref().and_then(|source| source(address));
        let peer = self.literal.cloned().unwrap_or_else(|| Endpoint::from(address));
        match start(Start { source, peer, may_wait }) {
            Ok(Started::Running(pending)) => self.running.push((attempt, pending)),
            Ok(Started::Done(socket)) => self.ended(race, attempt, Ok(socket)),
            Ok(Started::Unsuited(socket, source)) => {
                race.spared(attempt);
                match self.spare {
                    // It ends with the race, which decides what becomes of it.
                    None => self.spare = Some(Spare { attempt, socket, source }),
                    Some(_) => self.ends(attempt, Outcome::Unsuited(source)),
                }
            }
            Err(error) => self.ended(race, attempt, Err(error)),
        }
    }

    fn ended(&mut self, race: &mut Race, attempt: usize, result: Result<S, Error>) {
        let outcome = match result {
            Ok(socket) => {
                race.connected(attempt);
                self.done.get_or_insert(socket);
                Outcome::Won
            }
            Err(error) => {
                race.failed();
                Outcome::Failed(error)
            }
        };
        self.ends(attempt, outcome);
    }

    fn ends(&mut self, attempt: usize, outcome: Outcome) {
        let ended = self.began.elapsed();
        let attempt = &mut self.report.attempts[attempt];
        attempt.ended = ended;
        attempt.outcome = outcome;
        self.plan.tell(&Event::Ended(attempt));
    }

    /// Waits for an answer, for the end of an attempt, or until a moment.
    fn wait(
        &mut self,
        race: &mut Race,
        woken: Option<&Woken>,
        until: Option<Duration>,
    ) -> std::io::Result<()> {
        let left = until.map(|until| until.saturating_sub(self.began.elapsed()));
        let fds: Vec<_> = self.running.iter().map(|(_, pending)| pending.fd()).collect();
        let ready = sys::wait_any(&fds, woken.map(Woken::fd), left)?;
        let ready = ready.into_iter().rev();
        let mut ready: Vec<_> = ready.map(|at| self.running.swap_remove(at)).collect();
        // Of two that are there at once, the one that started first wins.
        ready.sort_unstable_by_key(|(attempt, _)| *attempt);
        for (attempt, pending) in ready {
            if self.done.is_some() {
                self.running.push((attempt, pending));
                continue;
            }
            match pending.try_finish() {
                Ok(Ok(socket)) => self.ended(race, attempt, Ok(socket)),
                Ok(Err(pending)) => self.running.push((attempt, pending)),
                Err(error) => self.ended(race, attempt, Err(error)),
            }
        }
        if let Some(woken) = woken {
            woken.drain();
        }
        Ok(())
    }

    fn answered(&mut self, race: &mut Race, port: u16, found: Found) {
        let Found { family, mut result } = found;
        if let Ok(addresses) = &mut result {
            addresses.iter_mut().for_each(|address| address.set_port(port));
        }
        let at = self.began.elapsed();
        race.answered(family, result.as_deref().unwrap_or_default(), at);
        let answer = Answer { family, at, result };
        self.plan.tell(&Event::Answered(&answer));
        self.report.answers.push(answer);
        // Some resolvers say "no such name" of a name without an address of the family.
        if self.report.answers.iter().any(|answer| answer.result.is_ok()) {
            for answer in &mut self.report.answers {
                if let Err(error) = &mut answer.result {
                    error.name_exists();
                }
            }
        }
    }

    /// Ends what still runs, and closes its sockets.
    fn give_up(&mut self) {
        self.report.elapsed = self.began.elapsed();
        let mut given_up: Vec<_> = self.running.drain(..).map(|(attempt, _)| attempt).collect();
        given_up.extend(self.spare.take().map(|spare| spare.attempt));
        for attempt in given_up {
            let attempt = &mut self.report.attempts[attempt];
            attempt.ended = self.report.elapsed;
            self.plan.tell(&Event::Ended(attempt));
        }
    }

    fn won(mut self, attempt: usize) -> Result<HostConnection<S>, HostError> {
        match self.spare.take() {
            Some(spare) if spare.attempt == attempt => {
                self.ends(attempt, Outcome::Won);
                self.done = Some(spare.socket);
            }
            Some(Spare { attempt, source, .. }) => self.ends(attempt, Outcome::Unsuited(source)),
            None => {}
        }
        self.give_up();
        let peer = self.report.attempts[attempt].address;
        match self.done {
            Some(socket) => Ok(HostConnection { socket, peer, report: self.report }),
            None => Err(HostError::new(HostErrorKind::Exhausted, self.report)),
        }
    }

    fn lost(mut self, kind: HostErrorKind) -> HostError {
        self.give_up();
        HostError::new(kind, self.report)
    }

    fn exhausted(self) -> HostError {
        match self.report.attempts.is_empty() {
            true => self.lost(HostErrorKind::Unresolved),
            false => self.lost(HostErrorKind::Exhausted),
        }
    }

    /// The system has no thread or no descriptor to ask with.
    fn lost_before(mut self, error: std::io::Error) -> HostError {
        self.report.answers.push(Answer {
            family: None,
            at: self.began.elapsed(),
            result: Err(ResolveError::new(ResolveErrorKind::Other, error)),
        });
        self.exhausted()
    }

    /// The system cannot wait: the last attempt under way ends with its error, and if there is
    /// none, the look-up does.
    fn lost_to(mut self, race: &mut Race, error: std::io::Error) -> HostError {
        let Some((attempt, pending)) = self.running.pop() else {
            return self.lost_before(error);
        };
        drop(pending);
        let peer = Endpoint::from(self.report.attempts[attempt].address);
        self.ended(race, attempt, Err(Error::new(Op::Connect, Some(peer), None, error)));
        self.exhausted()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::Ipv6Addr;

    use super::*;
    use crate::connect::race::Rules;

    /// An attempt that nobody gets to wait for.
    struct Hangs;

    impl Pending<()> for Hangs {
        fn fd(&self) -> Borrowed<'_> {
            unreachable!()
        }

        fn try_finish(self) -> Result<Result<(), Self>, Error> {
            unreachable!()
        }
    }

    /// A race whose first attempt was refused and whose others hang, after which waiting fails.
    fn cannot_wait(addresses: u16) -> HostError {
        let plan = HappyEyeballs::to("host.example:80");
        let rules = Rules { attempt_delay: Duration::ZERO, ..plan.rules() };
        let mut race = Race::new(rules, |family| family == Family::Ipv6);
        let addresses: Vec<_> = (0..addresses)
            .map(|n| (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, n), 80).into())
            .collect();
        race.answered(Some(Family::Ipv6), &addresses, Duration::ZERO);
        let mut drive = Drive {
            plan: &plan,
            literal: None,
            began: Instant::now(),
            report: Report::new(None),
            running: Vec::new(),
            done: None,
            spare: None,
        };
        while let Next::Start { attempt, address, .. } = race.next(Duration::ZERO) {
            drive.start(&mut race, attempt, address, false, &|it| match attempt {
                0 => {
                    let refused = io::ErrorKind::ConnectionRefused.into();
                    Err(Error::new(Op::Connect, Some(it.peer), None, refused))
                }
                _ => Ok(Started::Running(Hangs)),
            });
        }
        drive.lost_to(&mut race, io::ErrorKind::OutOfMemory.into())
    }

    fn ends(error: &HostError) -> Vec<Option<io::ErrorKind>> {
        let attempts = error.report().attempts.iter();
        attempts
            .map(|attempt| match &attempt.outcome {
                Outcome::Failed(error) => Some(error.kind()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn failed_wait_ends_pending_attempt() {
        use io::ErrorKind::{ConnectionRefused, OutOfMemory};

        let error = cannot_wait(3);
        assert_eq!(error.kind(), HostErrorKind::Exhausted);
        assert_eq!(ends(&error), [Some(ConnectionRefused), None, Some(OutOfMemory)]);
        assert!(error.report().answers.is_empty());
    }

    #[test]
    fn failed_wait_ends_look_up() {
        let text = io::Error::from(io::ErrorKind::OutOfMemory).to_string();
        for (addresses, kind) in [(0, HostErrorKind::Unresolved), (1, HostErrorKind::Exhausted)] {
            let error = cannot_wait(addresses);
            assert_eq!(error.kind(), kind);
            assert_eq!(error.report().answers.len(), 1);
            assert!(error.to_string().contains(&text), "{error}");
        }
    }
}
