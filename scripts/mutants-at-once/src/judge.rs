//! Puts each mutant to work for the tests that reach it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::build::Built;
use crate::list::Mutant;
use crate::process::End;
use crate::results::Results;
use crate::trace::{Runner, Test, in_parallel, lock};

/// How many of the quickest tests run by themselves, and how many more run together before all the others.
const ALONE: usize = 4;
const TOGETHER: usize = 32;

enum Verdict {
    Caught(String),
    Timeout(String),
    Missed,
}

pub(crate) fn judge(
    runner: &Runner<'_>,
    tests: &[Test],
    mutants: &[Mutant],
    built: &Built,
    results: &mut Results,
) -> io::Result<()> {
    let mut reaching = vec![Vec::new(); mutants.len() + 1];
    for test in tests {
        for number in &test.reached {
            reaching[*number].push(test);
        }
    }
    // Of tests that take equally long, those that are about little else say most.
    for tests in &mut reaching {
        tests.sort_by_key(|test| (test.took.as_millis().max(1).ilog2(), test.reached.len()));
    }
    let numbers = 1..=mutants.len();
    let mut open: Vec<_> = numbers
        .filter(|number| {
            !built.out.contains_key(number) && !results.is_settled(&mutants[number - 1].name)
        })
        .collect();
    // What an earlier run has missed takes longest.
    open.sort_by_key(|number| results.last(&mutants[number - 1].name).is_some());

    let results = Mutex::new(results);
    let log = OpenOptions::new().append(true).create(true).open(runner.dir.join("log"))?;
    let log = Mutex::new(log);
    in_parallel(open.len(), |worker, index| {
        let number = open[index];
        let name = &mutants[number - 1].name;
        let begun = Instant::now();
        let candidate = Candidate { runner, worker, number, log: &log };
        let verdict = candidate.judge(&reaching[number])?;
        let (word, by) = match &verdict {
            Verdict::Caught(by) => ("caught", &**by),
            Verdict::Timeout(by) => ("timeout", &**by),
            // What the compiler has evaluated was not changed.
            Verdict::Missed if built.evaluated.contains(&number) => ("apart", ""),
            Verdict::Missed => ("missed", ""),
        };
        lock(&results).tell(name, word)?;
        writeln!(lock(&log), "{word}\t{name}\t{by}\t{:.1?}", begun.elapsed())
    })
}

/// A mutant that is to be judged.
struct Candidate<'a> {
    runner: &'a Runner<'a>,
    worker: usize,
    number: usize,
    log: &'a Mutex<std::fs::File>,
}

impl Candidate<'_> {
    fn judge(&self, tests: &[&Test]) -> io::Result<Verdict> {
        let (alone, others) = tests.split_at(tests.len().min(ALONE));
        let (together, rest) = others.split_at(others.len().min(TOGETHER));
        for batch in alone.chunks(1).chain([together, rest]) {
            for batch in by_program(batch) {
                let verdict = self.batch(&batch)?;
                if !matches!(verdict, Verdict::Missed) {
                    return Ok(verdict);
                }
            }
        }
        Ok(Verdict::Missed)
    }

    /// A test that fails must do so twice, lest it is another reason that makes it fail.
    fn batch(&self, batch: &[&Test]) -> io::Result<Verdict> {
        let first = self.run(batch)?;
        let by = match &first {
            Verdict::Missed => return Ok(first),
            Verdict::Caught(by) | Verdict::Timeout(by) => by,
        };
        if batch.len() > 1
            && let Some(test) = batch.iter().find(|test| test.name == *by)
        {
            let alone = self.run(&[test])?;
            if !matches!(alone, Verdict::Missed) {
                return Ok(alone);
            }
        }
        let second = self.run(batch)?;
        if matches!(second, Verdict::Missed) {
            writeln!(lock(self.log), "once\t{}\t{by}", self.number)?;
        }
        Ok(second)
    }

    fn run(&self, batch: &[&Test]) -> io::Result<Verdict> {
        let names: Vec<_> = batch.iter().map(|test| &*test.name).collect();
        let usual = batch.iter().map(|test| test.took).max().unwrap_or_default();
        let patience = Duration::from_secs(5) + usual * 10;
        let variable = ("INET6_MUTANT", &*self.number.to_string());
        let program: &Path = &batch[0].program;
        let ended = self.runner.run(self.worker, program, &names, variable, patience)?;
        let failed = ended.output.lines().find_map(|line| {
            line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED"))
        });
        let by = failed.map_or_else(|| names.join(" "), str::to_owned);
        Ok(match ended.end {
            End::Well => Verdict::Missed,
            End::Late if failed.is_none() => Verdict::Timeout(by),
            End::Badly | End::Late => Verdict::Caught(by),
        })
    }
}

/// The tests of each program.
fn by_program<'a>(batch: &[&'a Test]) -> Vec<Vec<&'a Test>> {
    let mut batches: Vec<Vec<&Test>> = Vec::new();
    for test in batch {
        match batches.iter_mut().find(|batch| batch[0].program == test.program) {
            Some(batch) => batch.push(test),
            None => batches.push(vec![test]),
        }
    }
    batches
}
