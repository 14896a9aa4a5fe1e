//! A program that is ended when it takes too long.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};

/// How a program ended, and what it said.
pub(crate) struct Ended {
    pub(crate) end: End,
    pub(crate) took: Duration,
    pub(crate) output: String,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    Well,
    Badly,
    Late,
}

/// How a test program says that a test has failed.
const FAILED: &[u8] = b" ... FAILED";

/// What says more than this goes round in circles.
const MOST: usize = 16 << 20;

/// Runs a test program in a process group of its own, to its end, to the first test that fails, or until it has said
/// nothing for `patience`; and ends all that is left of the group. Its output goes by way of a file, which unlike a pipe
/// does not wait for the last of its writers.
pub(crate) fn run(command: &mut Command, log: &Path, patience: Duration) -> io::Result<Ended> {
    let file = File::create(log)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let mut pause = Duration::from_millis(1);
    let (mut said, mut last) = (0, begun);
    let end = loop {
        if let Some(status) = child.try_wait()? {
            break if status.success() { End::Well } else { End::Badly };
        }
        let output = fs::read(log)?;
        if output.len() > MOST {
            break End::Late;
        }
        if output.len() > said {
            if output[said.saturating_sub(FAILED.len())..]
                .windows(FAILED.len())
                .any(|part| part == FAILED)
            {
                break End::Badly;
            }
            (said, last) = (output.len(), Instant::now());
        } else if last.elapsed() > patience {
            break End::Late;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let took = begun.elapsed();
    match kill_process_group(Pid::from_child(&child), Signal::KILL) {
        Ok(()) | Err(Errno::SRCH) => {}
        Err(error) => return Err(error.into()),
    }
    child.wait()?;
    let output = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    Ok(Ended { end, took, output })
}
