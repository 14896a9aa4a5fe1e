//! The harness: ways of one operation that take turns. The why is in `../cost.rs`.

use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use crate::operations::{CASES, Case, Run, TIMED};

/// Below a slice of the scheduler.
const CHUNK: Duration = Duration::from_millis(1);

/// A sample that is preempted so often is taken as it is: the machine has no quiet moment.
const RETAKES: usize = 20;

/// Measures every operation in as many rounds, and prints the table.
pub(crate) fn table(rounds: usize) {
    stay_on_one_processor();
    println!(
        "{:<14} {:<11} {:>9} {:>7} {:>7} {:>7}",
        "operation", "way", "ns", "ratio", "p25", "p75"
    );
    let (mut retaken, mut preempted) = (0, 0);
    for operation in TIMED {
        let cases: Vec<&Case> = CASES.iter().filter(|case| case.operation == operation).collect();
        let (samples, again, kept) = measure(&cases, rounds);
        retaken += again;
        preempted += kept;
        for (case, times) in cases.iter().zip(&samples) {
            let ratios = times.iter().zip(&samples[0]).map(|(time, base)| time / base).collect();
            let [p25, median, p75] = percentiles(ratios, [25, 50, 75]);
            let [quiet] = percentiles(times.clone(), [10]);
            println!(
                "{:<14} {:<11} {quiet:>9.0} {median:>7.3} {p25:>7.3} {p75:>7.3}",
                case.operation, case.way
            );
        }
    }
    println!("{rounds} rounds; preempted samples: {retaken} taken again, {preempted} kept");
}

/// Nanoseconds an operation, by way and round; how many samples were taken again, and how many
/// stayed preempted.
fn measure(cases: &[&Case], rounds: usize) -> (Vec<Vec<f64>>, usize, usize) {
    let mut ways: Vec<(Run, u64)> = cases
        .iter()
        .map(|case| {
            let mut run = (case.prepare)();
            let times = calibrate(&mut run);
            (run, times)
        })
        .collect();
    let mut samples = vec![Vec::with_capacity(rounds); ways.len()];
    let (mut retaken, mut kept) = (0, 0);
    for round in 0..rounds {
        for turn in 0..ways.len() {
            let way = (round + turn) % ways.len();
            let (run, times) = &mut ways[way];
            let (time, again) = sample(run, *times);
            retaken += again;
            kept += usize::from(again == RETAKES);
            samples[way].push(time.as_nanos() as f64 / *times as f64);
        }
    }
    (samples, retaken, kept)
}

/// How many times fill a chunk: by the best of five trials.
fn calibrate(run: &mut Run) -> u64 {
    const TRIAL: u64 = 50;
    run(TRIAL);
    let best = (0..5).map(|_| time(run, TRIAL)).min().unwrap_or(CHUNK);
    (CHUNK.as_nanos() as u64 * TRIAL / best.as_nanos().max(1) as u64).max(8)
}

/// One chunk during which the thread had the processor all the while, and how many did not.
fn sample(run: &mut Run, times: u64) -> (Duration, usize) {
    let mut again = 0;
    loop {
        run(times / 8);
        let before = preemptions();
        let taken = time(run, times);
        if preemptions() == before || again == RETAKES {
            return (taken, again);
        }
        again += 1;
    }
}

fn time(run: &mut Run, times: u64) -> Duration {
    let start = Instant::now();
    run(times);
    start.elapsed()
}

fn percentiles<const N: usize>(mut values: Vec<f64>, wanted: [usize; N]) -> [f64; N] {
    values.sort_by(f64::total_cmp);
    wanted.map(|percent| values[(values.len() - 1) * percent / 100])
}

/// How often the thread lost the processor against its will.
fn preemptions() -> i64 {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` has room for what is written.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    assert_eq!(result, 0, "getrusage: {}", std::io::Error::last_os_error());
    // SAFETY: it was zeroed, and holds numbers only.
    unsafe { usage.assume_init() }.ru_nivcsw
}

/// Moving to another processor in the middle would change the speed.
fn stay_on_one_processor() {
    let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
    // SAFETY: no memory is passed.
    let here = unsafe { libc::sched_getcpu() };
    let here = usize::try_from(here).expect("the number of the processor");
    // SAFETY: all-zero bytes are an empty set.
    let set = unsafe { set.assume_init_mut() };
    // SAFETY: the number comes from the kernel and fits.
    unsafe { libc::CPU_SET(here, set) };
    // SAFETY: the size is that of the set.
    if unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), set) } != 0 {
        println!("not pinned to one processor: {}", std::io::Error::last_os_error());
    }
}
