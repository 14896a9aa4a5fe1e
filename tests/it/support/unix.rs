//! What only Unix has: descriptor flags, signals, limits.
#![allow(unsafe_code, reason = "the tests ask the system, and not the crate, what it did")]

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::thread::JoinHandleExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

fn check(result: libc::c_int) -> libc::c_int {
    assert_ne!(result, -1, "{}", io::Error::last_os_error());
    result
}

/// Whether `O_NONBLOCK` is set.
pub(crate) fn is_nonblocking(fd: impl AsFd) -> bool {
    // SAFETY: the descriptor is open while it is borrowed.
    let flags = check(unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_GETFL) });
    flags & libc::O_NONBLOCK != 0
}

/// Whether `FD_CLOEXEC` is set.
pub(crate) fn is_close_on_exec(fd: impl AsFd) -> bool {
    // SAFETY: the descriptor is open while it is borrowed.
    let flags = check(unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_GETFD) });
    flags & libc::FD_CLOEXEC != 0
}

/// Clears `FD_CLOEXEC`.
pub(crate) fn let_inherit(fd: impl AsFd) {
    // SAFETY: the descriptor is open while it is borrowed.
    check(unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_SETFD, 0) });
}

/// How many descriptors the process has open; for a closure of [`in_own_process`].
pub(crate) fn open_descriptors() -> usize {
    let directory = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    // The listing itself has one open.
    fs::read_dir(directory).unwrap().count() - 1
}

/// Lets the process open no more than `limit` descriptors, and gives the limit before.
pub(crate) fn limit_descriptors(limit: libc::rlim_t) -> libc::rlim_t {
    let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: there is room for the limits.
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limits) });
    let before = limits.rlim_cur;
    limits.rlim_cur = limit;
    // SAFETY: the limits are read only.
    check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limits) });
    before
}

/// Lets the process open at least `count` descriptors, as far as it may ask for that.
pub(crate) fn allow_descriptors(count: libc::rlim_t) -> Result<(), String> {
    let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: there is room for the limits.
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limits) });
    if limits.rlim_max < count {
        return Err(format!("{count} descriptors, and the limit is {}", limits.rlim_max));
    }
    limit_descriptors(limits.rlim_cur.max(count));
    Ok(())
}

/// Sets the action of `SIGPIPE` to ending the process, which std had set to nothing.
pub(crate) fn die_of_sigpipe() {
    // SAFETY: no handler is installed, the default action needs none.
    assert_ne!(unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) }, libc::SIG_ERR);
}

static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// Runs `work` in a thread that gets a signal again and again, and its calls `EINTR`, until it is
/// done; `during(n)` runs after the n-th signal. Panics if the work goes on for ever. It is for a
/// closure of [`in_own_process`]: the handler belongs to the whole process.
pub(crate) fn under_signals<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    mut during: impl FnMut(usize),
) -> T {
    // SAFETY: all-zero bytes are a valid `sigaction`: no flags, so no SA_RESTART.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // SAFETY: the handler does what a signal handler may do.
    check(unsafe { libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()) });

    let handled = HANDLED.load(Ordering::Relaxed);
    let done = Arc::new(AtomicBool::new(false));
    let worker = thread::spawn({
        let done = Arc::clone(&done);
        move || {
            let result = work();
            done.store(true, Ordering::Release);
            result
        }
    });
    let mut sent = 0;
    while !done.load(Ordering::Acquire) && !worker.is_finished() {
        assert!(sent < 30_000, "the call went on under signals for ever");
        // musl has a pointer there, and std an integer.
        // SAFETY: the thread is not joined yet, so its id is valid.
        let result =
            unsafe { libc::pthread_kill(worker.as_pthread_t() as libc::pthread_t, libc::SIGUSR1) };
        assert_eq!(result, 0);
        sent += 1;
        during(sent);
        // The pace of the signals, which nothing waits for.
        thread::sleep(Duration::from_millis(1));
    }
    assert!(HANDLED.load(Ordering::Relaxed) > handled, "no signal arrived");
    worker.join().unwrap()
}

/// A set of signals with nothing but `SIGPIPE` in it.
fn only_sigpipe() -> libc::sigset_t {
    let mut set = std::mem::MaybeUninit::uninit();
    // SAFETY: there is room for a set.
    check(unsafe { libc::sigemptyset(set.as_mut_ptr()) });
    // SAFETY: the call before wrote it.
    let mut set = unsafe { set.assume_init() };
    // SAFETY: it is a set, and the signal exists.
    check(unsafe { libc::sigaddset(&mut set, libc::SIGPIPE) });
    set
}

/// Holds `SIGPIPE` back in this thread.
pub(crate) fn block_sigpipe() {
    // SAFETY: it is a set, and the mask before is not wanted.
    let result =
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &only_sigpipe(), std::ptr::null_mut()) };
    assert_eq!(result, 0);
}

/// Whether a `SIGPIPE` waits for this thread.
pub(crate) fn sigpipe_is_pending() -> bool {
    let mut set = only_sigpipe();
    // SAFETY: there is room for a set.
    check(unsafe { libc::sigpending(&mut set) });
    // SAFETY: it is a set, and the signal exists.
    check(unsafe { libc::sigismember(&set, libc::SIGPIPE) }) == 1
}

/// Sends this thread a `SIGPIPE`.
pub(crate) fn raise_sigpipe() {
    // SAFETY: the call takes an integer.
    assert_eq!(unsafe { libc::raise(libc::SIGPIPE) }, 0);
}
