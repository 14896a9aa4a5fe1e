//! What this crate costs beside raw libc, std and other crates, in one run:
//!
//! ```text
//! cargo bench                        the table; about a minute and a half
//! cargo bench -- --quick             the same with a few rounds, to see that everything runs
//! cargo bench -- --only segments     the operations and curves whose names begin so
//! cargo bench -- --rounds 401        more rounds, and so less spread
//! cargo bench -- --publish           also writes what docs/performance.md shows
//! cargo bench -- --count udp/inet6 1000      one case, so many times, for counting tools
//! cargo bench -- --list              the cases
//! ```
//!
//! The table, as CSV, and as charts are in `target/tmp` afterwards. How to read them, how they are
//! measured, and what not to conclude stands in `docs/performance.md`; `operations` has what is
//! measured, `paired` the harness, `report` what is made of the figures.
//!
//! Counts are exact where times are not: `scripts/count-syscalls` and
//! `scripts/count-instructions` count the same operations, and fail where this crate does more
//! than it may.

// The raw calls that this crate is compared to.
#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
mod operations;

#[cfg(target_os = "linux")]
mod paired;

#[cfg(target_os = "linux")]
mod report;

#[cfg(target_os = "linux")]
fn main() {
    const USAGE: &str =
        "usage: cargo bench -- [--quick] [--rounds N] [--only OPERATION] [--publish]
       cargo bench -- --list
       cargo bench -- --count OPERATION/WAY TIMES";

    let mut plan = report::Plan { rounds: 201, quick: false, only: String::new(), publish: false };
    let mut arguments = std::env::args().skip(1);
    let number = |text: &str| text.parse::<usize>().expect("a number");
    while let Some(argument) = arguments.next() {
        let mut next = || {
            arguments.next().unwrap_or_else(|| {
                eprintln!("{USAGE}");
                std::process::exit(2);
            })
        };
        match argument.as_str() {
            // Cargo adds it.
            "--bench" => {}
            "--quick" => (plan.rounds, plan.quick) = (3, true),
            "--rounds" => plan.rounds = number(&next()),
            "--only" => plan.only = next(),
            "--publish" => plan.publish = true,
            "--list" => {
                return operations::cases()
                    .for_each(|case| println!("{}/{}", case.operation, case.way));
            }
            "--count" => {
                let name = next();
                return count(&name, number(&next()) as u64);
            }
            _ => {
                eprintln!("{USAGE}");
                std::process::exit(2);
            }
        }
    }
    report::run(&plan);
}

#[cfg(target_os = "linux")]
fn count(name: &str, times: u64) {
    let case = operations::cases()
        .find(|case| name.split_once('/') == Some((case.operation, case.way)))
        .unwrap_or_else(|| panic!("no case `{name}`: see --list"));
    (case.prepare)()(times);
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("The costs are measured on Linux: only there is preemption of a thread seen.");
}
