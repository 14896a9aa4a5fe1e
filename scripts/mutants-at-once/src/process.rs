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

/// Runs a program in a process group of its own, and ends all that is left of that; its output goes by way of a file,
/// which unlike a pipe does not wait for the last of its writers.
pub(crate) fn run(command: &mut Command, log: &Path, limit: Duration) -> io::Result<Ended> {
    let file = File::create(log)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let mut pause = Duration::from_millis(1);
    let end = loop {
        if let Some(status) = child.try_wait()? {
            break if status.success() { End::Well } else { End::Badly };
        }
        if begun.elapsed() > limit {
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
