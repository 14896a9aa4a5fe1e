//! Runs all mutants of the crate in the current directory out of one build:
//!
//!     mutants-at-once LIST DIRECTORY RESULTS
//!
//! LIST is what `cargo mutants --list --json` writes. In DIRECTORY a copy of the crate is made in which every mutant
//! stands behind a switch, which an environment variable turns; those with which the copy does not compile are left
//! out. Each test runs once by itself, to see which mutants it reaches; then each mutant is at work for the tests that
//! reach it, the quickest first, until one fails. A line for each mutant is added to RESULTS:
//!
//! * `caught`, `timeout`, `missed`: a test fails; one does not end; all of them pass;
//! * `unviable`: it does not compile;
//! * `apart`: it must be compiled by itself to know more.

mod build;
mod insert;
mod judge;
mod list;
mod place;
mod process;
mod results;
mod trace;

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use self::build::Tree;
use self::list::Mutant;
use self::results::Results;
use self::trace::Runner;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [list, dir, results] = &*arguments else {
        eprintln!("usage: mutants-at-once LIST DIRECTORY RESULTS");
        return ExitCode::FAILURE;
    };
    match run(list, Path::new(dir), Path::new(results)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mutants-at-once: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(list: &str, dir: &Path, results: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(dir)?;
    let dir = dir.canonicalize()?;
    let mutants: Vec<Mutant> = serde_json::from_str(&fs::read_to_string(list)?)?;
    let mut results = Results::open(results)?;

    let begun = Instant::now();
    let tree = Tree::new(&mutants, &dir)?;
    let built = tree.build()?;
    for (number, out) in &built.out {
        results.tell(&mutants[number - 1].name, out.word())?;
    }
    eprintln!("built with {} mutants: {:.0?}", mutants.len() - built.out.len(), begun.elapsed());

    let begun = Instant::now();
    let runner = Runner { dir: &dir, copy: &tree.copy };
    let tests = trace::trace(&runner, &built.programs, mutants.len())?;
    trace::write(&dir.join("reached"), &tests, &mutants)?;
    eprintln!("{} tests traced: {:.0?}", tests.len(), begun.elapsed());

    let begun = Instant::now();
    judge::judge(&runner, &tests, &mutants, &built, &mut results)?;
    eprintln!("mutants tried: {:.0?}", begun.elapsed());
    Ok(())
}
