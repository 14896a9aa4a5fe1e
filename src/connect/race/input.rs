//! A script that is made up: by proptest, or from the bytes of a fuzzer.

use std::time::Duration;

use super::simulator::{Fate, Script, address, ms};
use super::{Family, Rules};

/// A script in small numbers, so that much happens at the same moment. Times are in steps of 10 ms.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) resolution_delay: u8,
    pub(super) attempt_delay: u8,
    pub(super) deadline: Option<u8>,
    pub(super) first_family: Option<Family>,
    pub(super) first_family_count: u8,
    pub(super) max_in_flight: u8,
    pub(super) asks_ipv6: bool,
    pub(super) asks_ipv4: bool,
    pub(super) answers: Vec<InputAnswer>,
    /// What becomes of the address with this number, in either family; those beyond hang.
    pub(super) ipv6_fates: Vec<InputFate>,
    pub(super) ipv4_fates: Vec<InputFate>,
    pub(super) oversleep: u8,
}

#[derive(Debug, Clone)]
pub(super) struct InputAnswer {
    pub(super) at: u8,
    /// `None`: for both, with IPv6 addresses for even numbers and IPv4 ones for odd numbers.
    pub(super) family: Option<Family>,
    pub(super) addresses: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum InputFate {
    Connects(u8),
    Spares(u8),
    Fails(u8),
    Hangs,
}

fn steps(steps: u8) -> Duration {
    ms(10 * u64::from(steps))
}

impl Input {
    /// Any bytes are an input, and those that are missing are zeros.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let mut bytes = bytes.iter();
        let mut below = |limit: u8| bytes.next().map_or(0, |byte| byte % limit);
        let switches = below(u8::MAX);
        let is_on = |bit: u8| switches & 1 << bit != 0;
        let (resolution_delay, attempt_delay) = (below(10), below(30));
        let (deadline, first_family_count, oversleep) = (below(200), below(5), below(40));
        let answers = (0..below(4)).map(|_| {
            let (at, family, len) = (below(60), below(3), below(8));
            let family = [Some(Family::Ipv4), Some(Family::Ipv6), None][usize::from(family)];
            InputAnswer { at, family, addresses: (0..len).map(|_| below(8)).collect() }
        });
        let answers = answers.collect();
        let mut fates = || {
            let len = below(8);
            let fate = |_| match below(8) {
                0 => InputFate::Connects(below(60)),
                1 | 2 => InputFate::Hangs,
                7 => InputFate::Spares(below(60)),
                _ => InputFate::Fails(below(60)),
            };
            (0..len).map(fate).collect()
        };
        let (ipv6_fates, ipv4_fates) = (fates(), fates());
        // So that inputs without it are races without a bound.
        let max_in_flight = 16 - below(16);
        Self {
            resolution_delay,
            attempt_delay,
            deadline: is_on(0).then_some(deadline),
            first_family: match (is_on(1), is_on(5)) {
                (false, false) => None,
                (false, true) => Some(Family::Ipv6),
                (true, _) => Some(Family::Ipv4),
            },
            first_family_count,
            max_in_flight,
            asks_ipv6: !is_on(2),
            asks_ipv4: !is_on(3),
            answers,
            ipv6_fates,
            ipv4_fates,
            oversleep: if is_on(4) { oversleep } else { 0 },
        }
    }

    pub(super) fn script(&self) -> Script {
        let asked = [(Family::Ipv6, self.asks_ipv6), (Family::Ipv4, self.asks_ipv4)];
        let asked: Vec<_> = asked.iter().filter(|(_, asked)| *asked).map(|it| it.0).collect();
        let mut script = Script::asking(&asked);
        script.rules = Rules {
            resolution_delay: steps(self.resolution_delay),
            attempt_delay: steps(self.attempt_delay),
            deadline: self.deadline.map(steps),
            first_family: self.first_family,
            first_family_count: self.first_family_count.into(),
            max_in_flight: self.max_in_flight.into(),
        };
        for InputAnswer { at, family, addresses } in &self.answers {
            let addresses = addresses.iter().map(|number| match family {
                Some(family) => address(*family, *number),
                None => address(Family::BOTH[usize::from(number % 2)], number / 2),
            });
            script.answers.push((steps(*at), *family, addresses.collect()));
        }
        let fates = [(Family::Ipv6, &self.ipv6_fates), (Family::Ipv4, &self.ipv4_fates)];
        for (family, fates) in fates {
            for (number, outcome) in (0..).zip(fates) {
                let fate = match outcome {
                    InputFate::Connects(after) => Fate::Connects(steps(*after)),
                    InputFate::Spares(after) => Fate::Spares(steps(*after)),
                    InputFate::Fails(after) => Fate::Fails(steps(*after)),
                    InputFate::Hangs => continue,
                };
                script.fates.insert(address(family, number), fate);
            }
        }
        script.oversleep = steps(self.oversleep);
        script
    }
}
