//! What this crate costs beside raw libc, std and socket2, in one run:
//!
//! ```text
//! cargo bench                        the table; some 15 seconds
//! cargo bench -- --quick             the same with a few rounds, to see that everything runs
//! cargo bench -- --count udp/inet6 1000      one case, so many times, for counting tools
//! cargo bench -- --list              the cases
//! ```
//!
//! # How to read the table
//!
//! `ratio` is the time of an operation against the same operation through raw libc: 1.00 is the
//! same, 1.10 a tenth more. It is the median over many rounds of the ratio inside one round, and
//! the two columns after it hold the middle half of the rounds. `ns` is the time of a quiet round
//! (the tenth percentile) and means little: another machine, or the same one a minute later, gives
//! another. Two rows whose middle halves overlap do not differ.
//!
//! The operations are in `operations/mod.rs`: `udp`, `udp-connected` and `tcp` send 64 bytes there
//! and 64 back, `accept` accepts a connection and closes it (the client is the same in all rows),
//! `open` opens a listener and closes it. There, std does less than the others: it cannot set
//! `IPV6_V6ONLY`, which costs two system calls. Both ends are on one thread, so that nothing waits
//! for a wake-up.
//!
//! # How it is measured
//!
//! A machine changes its speed from second to second, and other programs come and go. So the ways
//! take turns in chunks of a millisecond, each round starts with another one, and only figures of
//! the same round are compared. An eighth of a chunk runs unmeasured before each sample, because
//! the way before it has left the caches to itself. A sample during which the thread was preempted
//! is taken again. How many operations fill a chunk is found as the best of five trials: a
//! preempted trial would make chunks too small. The thread stays on one processor.
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
