//! Runs each test by itself, to see which mutants it reaches and how long it takes.

use std::collections::HashSet;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::list::Mutant;
use crate::process::{self, End, Ended};

/// Tests of the text of the sources, which is another here.
const LEFT_OUT: [&str; 2] =
    ["architecture::sources_keep_rules", "ui::wrong_call_has_expected_message"];

pub(crate) struct Test {
    pub(crate) program: PathBuf,
    pub(crate) name: String,
    pub(crate) took: Duration,
    /// The numbers of the mutants that it reaches.
    pub(crate) reached: Vec<usize>,
}

/// Runs tests in the copy of the crate.
pub(crate) struct Runner<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) copy: &'a Path,
}

impl Runner<'_> {
    /// Runs tests of one program, with a variable that says what the mutants do.
    pub(crate) fn run(
        &self,
        worker: usize,
        program: &Path,
        names: &[&str],
        (variable, value): (&str, &str),
        patience: Duration,
    ) -> io::Result<Ended> {
        let mut command = Command::new(program);
        command.arg("--exact").args(names).arg("--test-threads=4").current_dir(self.copy);
        command.env("INET6_REQUIRE", "1").env(variable, value);
        process::run(&mut command, &self.dir.join(format!("output{worker}")), patience)
    }
}

/// Calls a function for each number below `count`, as many at once as is good: the tests wait more than they compute.
pub(crate) fn in_parallel<E: Send>(
    count: usize,
    each: impl Fn(usize, usize) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let work = |worker| {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return Ok(());
            }
            each(worker, index)?;
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from) + 1;
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// All tests, none of which may fail.
pub(crate) fn trace(
    runner: &Runner<'_>,
    programs: &[PathBuf],
    mutants: usize,
) -> Result<Vec<Test>, Box<dyn Error>> {
    let (mut names, mut found) = (Vec::new(), HashSet::<&str>::new());
    for program in programs {
        let output = Command::new(program).args(["--list", "--format", "terse"]).output()?;
        let list = String::from_utf8(output.stdout)?;
        let listed = list.lines().filter_map(|line| line.strip_suffix(": test"));
        let listed = listed.filter(|name| {
            found.extend(LEFT_OUT.iter().filter(|left_out| *left_out == name));
            !LEFT_OUT.contains(name)
        });
        names.extend(listed.map(|name| (program, name.to_owned())));
    }
    if let Some(name) = LEFT_OUT.iter().find(|name| !found.contains(*name)) {
        return Err(format!("there is no test {name}").into());
    }
    let tests = Mutex::new(Vec::new());
    let failed = Mutex::new(String::new());
    in_parallel(names.len(), |worker, index| {
        let (program, name) = &names[index];
        let bytes = runner.dir.join(format!("trace{worker}"));
        // A new file: what a test has left behind may still write into the old one.
        if bytes.exists() {
            fs::remove_file(&bytes)?;
        }
        fs::write(&bytes, vec![0; mutants + 1])?;
        let variable = ("INET6_MUTANT_TRACE", &*bytes.to_string_lossy());
        let limit = Duration::from_secs(120);
        let ended = runner.run(worker, program, &[name], variable, limit)?;
        if ended.end == End::Well {
            let reached = fs::read(&bytes)?.into_iter().enumerate();
            let reached = reached.filter(|(_, byte)| *byte != 0).map(|(number, _)| number);
            let test = Test {
                program: (*program).clone(),
                name: name.clone(),
                took: ended.took,
                reached: reached.collect(),
            };
            lock(&tests).push(test);
        } else {
            *lock(&failed) += &format!("{name} fails without a mutant:\n{}\n", ended.output);
        }
        Ok::<(), io::Error>(())
    })?;
    let failed = failed.into_inner()?;
    if failed.is_empty() { Ok(tests.into_inner()?) } else { Err(failed.into()) }
}

/// Writes a line for each mutant: its name and the tests that reach it.
pub(crate) fn write(path: &Path, tests: &[Test], mutants: &[Mutant]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for (index, mutant) in mutants.iter().enumerate() {
        write!(file, "{}\t", mutant.name)?;
        for test in tests.iter().filter(|test| test.reached.contains(&(index + 1))) {
            write!(file, " {}", test.name)?;
        }
        writeln!(file)?;
    }
    file.flush()
}

/// What another thread left in panic is not used: that panic ends the program.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
