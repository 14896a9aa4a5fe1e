//! The harness: ways of one operation that take turns. The why is in `docs/performance.md`.

use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use crate::operations::Run;

/// Below a slice of the scheduler.
const CHUNK: Duration = Duration::from_millis(1);

/// A sample that is preempted so often is taken as it is: the machine has no quiet moment.
const RETAKES: usize = 20;

/// What was measured of several ways in the same rounds.
pub(crate) struct Samples {
    /// Nanoseconds an operation, by way and round.
    times: Vec<Vec<f64>>,
    /// Preempted samples that were taken again.
    pub(crate) retaken: usize,
    /// Preempted samples that were kept.
    pub(crate) kept: usize,
}

/// The middle of some figures, and the ends of their middle half.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) p25: f64,
    pub(crate) median: f64,
    pub(crate) p75: f64,
}

impl Samples {
    /// Nanoseconds an operation in a quiet round: the tenth percentile.
    pub(crate) fn quiet(&self, way: usize) -> f64 {
        percentile(&sorted(self.times[way].clone()), 10)
    }

    /// The ratios of two ways, each within a round.
    pub(crate) fn ratio(&self, way: usize, base: usize) -> Spread {
        let pairs = self.times[way].iter().zip(&self.times[base]);
        let ratios = sorted(pairs.map(|(time, base)| time / base).collect());
        let [p25, median, p75] = [25, 50, 75].map(|percent| percentile(&ratios, percent));
        Spread { p25, median, p75 }
    }
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

/// Lets the ways take turns in as many rounds. Each way comes in one or more copies, which take
/// turns too.
pub(crate) fn measure(ways: Vec<Vec<Run>>, rounds: usize) -> Samples {
    let mut ways: Vec<Vec<(Run, u64)>> =
        ways.into_iter().map(|copies| copies.into_iter().map(calibrated).collect()).collect();
    let times = vec![Vec::with_capacity(rounds); ways.len()];
    let mut samples = Samples { times, retaken: 0, kept: 0 };
    for round in 0..rounds {
        for turn in 0..ways.len() {
            let way = (round + turn) % ways.len();
            let copy = round / ways.len() % ways[way].len();
            let (run, times) = &mut ways[way][copy];
            let (time, again) = sample(run, *times);
            samples.retaken += again;
            samples.kept += usize::from(again == RETAKES);
            samples.times[way].push(time.as_nanos() as f64 / *times as f64);
        }
    }
    samples
}

/// With how many times fill a chunk: by the best of five trials, each a tenth of a chunk or longer.
fn calibrated(mut run: Run) -> (Run, u64) {
    let mut trial = 1;
    while time(&mut run, trial) < CHUNK / 10 {
        trial *= 2;
    }
    let best = (0..5).map(|_| time(&mut run, trial)).min().unwrap_or(CHUNK);
    let times = CHUNK.as_nanos() as u64 * trial / best.as_nanos().max(1) as u64;
    (run, times.max(1))
}

/// One chunk during which the thread had the processor all the while, and how many did not.
fn sample(run: &mut Run, times: u64) -> (Duration, usize) {
    let mut again = 0;
    loop {
        run(times.div_ceil(8));
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
pub(crate) fn stay_on_one_processor() {
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
