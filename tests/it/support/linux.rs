//! What only Linux has: system calls that fail on demand, threads without privileges.
#![allow(unsafe_code, reason = "the tests ask the system, and not the crate, what it did")]

use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

#[cfg(target_arch = "x86")]
mod socketcall;

#[cfg(target_arch = "x86")]
use self::socketcall::{ask, deny};

/// Makes one system call of a thread fail: the number of the call, and of its arguments those that
/// must have a certain value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault<'a> {
    pub(crate) call: libc::c_long,
    pub(crate) arguments: &'a [(u32, libc::c_int)],
    /// The error, or 0 for a call that claims success and does nothing.
    pub(crate) errno: libc::c_int,
}

/// Runs `work` in a thread where the system calls of `faults` fail (seccomp(2)).
pub(crate) fn with_faults<T: Send>(
    faults: &[Fault<'_>],
    work: impl FnOnce() -> T + Send,
) -> Result<T, String> {
    #[cfg(target_arch = "x86")]
    if socketcall::needs_notifier(faults) {
        return socketcall::with_faults(faults, work);
    }
    by_filter(faults, work)
}

fn by_filter<T: Send>(faults: &[Fault<'_>], work: impl FnOnce() -> T + Send) -> Result<T, String> {
    if !cfg!(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")) {
        return Err("the filter is written for little-endian systems".into());
    }
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            filter(deny(faults), 0).map_err(|error| format!("no seccomp filter: {error}"))?;
            Ok(work())
        });
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Whether `with_faults` can do anything here.
pub(crate) fn faults() -> Result<(), String> {
    with_faults(&[], || {})
}

/// A statement of a filter.
fn statement(code: u16, k: u32) -> libc::sock_filter {
    libc::sock_filter { code, jt: 0, jf: 0, k }
}

// linux/filter.h: BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K.
fn load(offset: u32) -> libc::sock_filter {
    statement(0x20, offset)
}

fn unless_equal(k: u32, skip: u8) -> libc::sock_filter {
    libc::sock_filter { jf: skip, ..statement(0x15, k) }
}

fn give(action: u32) -> libc::sock_filter {
    statement(0x06, action)
}

/// Answers a call of this number as a fault says.
fn denial(number: u32, fault: &Fault<'_>) -> Vec<libc::sock_filter> {
    // What is left of this block after each comparison.
    let mut left = 2 * fault.arguments.len() as u8 + 1;
    // struct seccomp_data: nr
    let mut program = vec![load(0), unless_equal(number, left)];
    for (argument, value) in fault.arguments {
        left -= 2;
        program.push(load(16 + 8 * argument)); // the low half of args[argument]
        program.push(unless_equal(*value as u32, left));
    }
    program.push(give(libc::SECCOMP_RET_ERRNO | fault.errno as u32));
    program
}

#[cfg(not(target_arch = "x86"))]
fn deny(faults: &[Fault<'_>]) -> Vec<libc::sock_filter> {
    faults.iter().flat_map(|fault| denial(fault.call as u32, fault)).collect()
}

/// Asks the notifier about a call.
#[cfg(not(target_arch = "x86"))]
fn ask(call: libc::c_long) -> Vec<libc::sock_filter> {
    vec![load(0), unless_equal(call as u32, 1), give(libc::SECCOMP_RET_USER_NOTIF)]
}

/// Filters the system calls of this thread from now on (seccomp(2)).
fn filter(mut program: Vec<libc::sock_filter>, flags: libc::c_ulong) -> io::Result<libc::c_long> {
    program.push(give(libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };

    // SAFETY: the call takes five integers.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } == -1 {
        return Err(io::Error::last_os_error());
    }
    let mode = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: `program` and what it points to live until the kernel has copied them.
    match unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program) } {
        -1 => Err(io::Error::last_os_error()),
        given => Ok(given),
    }
}

/// Stands between the kernel and a thread, with the programs that this starts: counts how often a
/// system call is made, and lets it fail for as long as it is told to.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// With which error, and how often yet.
    fails: Mutex<(libc::c_int, usize)>,
    calls: AtomicUsize,
}

impl Gate {
    /// A gate at which the next `times` calls fail, and those after them pass.
    pub(crate) fn failing(errno: libc::c_int, times: usize) -> Self {
        Self { fails: Mutex::new((errno, times)), calls: AtomicUsize::new(0) }
    }

    /// Lets the calls pass from now on.
    pub(crate) fn open(&self) {
        self.fails.lock().unwrap().1 = 0;
    }

    /// How many calls have come, with those that failed.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Acquire)
    }

    /// Runs `work` in a thread whose `call`s come by this gate (seccomp_unotify(2)).
    pub(crate) fn run<T: Send>(
        &self,
        call: libc::c_long,
        work: impl FnOnce() -> T + Send,
    ) -> Result<T, String> {
        let (tell, told) = sync_channel(1);
        let worker = move || {
            let notifier = filter(ask(call), libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
            let installed = notifier.is_ok();
            tell.send(notifier).unwrap();
            installed.then(work)
        };
        thread::scope(|scope| {
            let worker = scope.spawn(worker);
            let notifier = told.recv().unwrap();
            let notifier = notifier.map_err(|error| format!("no seccomp notifier: {error}"))?;
            // SAFETY: the call just made it, and nobody else has it.
            self.attend(&unsafe { OwnedFd::from_raw_fd(notifier as libc::c_int) });
            let done = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok(done.expect("it has a notifier"))
        })
    }

    /// Answers until nobody is left who could ask.
    fn attend(&self, notifier: &OwnedFd) {
        let fd = notifier.as_raw_fd();
        loop {
            let mut entry = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
            // SAFETY: there is one entry.
            let ready = unsafe { libc::poll(&raw mut entry, 1, -1) };
            assert!(ready == 1, "{}", io::Error::last_os_error());
            if entry.revents & libc::POLLIN == 0 {
                return;
            }
            // SAFETY: it holds integers only, and the kernel wants it zeroed.
            let mut asked: libc::seccomp_notif = unsafe { std::mem::zeroed() };
            // SAFETY: there is room for one question.
            if unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut asked) } == -1 {
                // A signal or an end made the call go away again.
                continue;
            }
            let errno = {
                let mut fails = self.fails.lock().unwrap();
                let fails_now = fails.1 > 0;
                fails.1 = fails.1.saturating_sub(1);
                if fails_now { fails.0 } else { 0 }
            };
            self.calls.fetch_add(1, Ordering::AcqRel);
            let flags = if errno == 0 { libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32 } else { 0 };
            let answer = libc::seccomp_notif_resp { id: asked.id, val: 0, error: -errno, flags };
            // SAFETY: it is an answer. Whoever asked may be gone.
            unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_SEND, &raw const answer) };
        }
    }
}

/// Runs `work` in a thread without any capability, as an ordinary user's.
pub(crate) fn without_privileges<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    /// linux/capability.h, `__user_cap_header_struct` and twice `__user_cap_data_struct`.
    #[repr(C)]
    struct Header {
        version: u32,
        pid: libc::c_int,
    }
    const VERSION_3: u32 = 0x2008_0522;

    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let header = Header { version: VERSION_3, pid: 0 };
            let none = [0_u32; 6];
            // SAFETY: header and data have the layout of this version and live during the call.
            let result =
                unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
            assert_eq!(result, 0, "{}", io::Error::last_os_error());
            work()
        });
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Runs `work` in a thread of another user (setresuid(2), which by itself is about one thread).
pub(crate) fn as_another_user<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    const NOBODY: libc::uid_t = 65534;

    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            // SAFETY: the call takes integers, and concerns this thread only.
            match unsafe { libc::syscall(libc::SYS_setresuid, NOBODY, NOBODY, NOBODY) } {
                0 => Ok(work()),
                _ => Err(format!("no other user: {}", io::Error::last_os_error())),
            }
        });
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The kernel's number of this thread.
pub(crate) fn thread_id() -> libc::pid_t {
    // SAFETY: the call takes nothing and always succeeds.
    unsafe { libc::gettid() }
}

/// How many threads of this name the process has.
pub(crate) fn threads_named(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    // A thread may have ended meanwhile.
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|comm| comm.trim() == name).count()
}

/// Tells how often a thread has gone to sleep, without opening anything once it is made.
#[derive(Debug)]
pub(crate) struct SleepCounter(File);

impl SleepCounter {
    pub(crate) fn open(thread: libc::pid_t) -> Self {
        Self(File::open(format!("/proc/self/task/{thread}/status")).unwrap())
    }

    pub(crate) fn sleeps(&self) -> u64 {
        let mut text = [0; 8192];
        let len = self.0.read_at(&mut text, 0).unwrap();
        let text = std::str::from_utf8(&text[..len]).unwrap();
        let count = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        count.unwrap().trim().parse().unwrap()
    }
}

/// Compiles a file of this repository to a library that this program can load.
pub(crate) fn compile_library(source: &str, target: &Path) -> Result<(), String> {
    if !cfg!(target_env = "gnu") {
        return Err("this program is not linked dynamically".into());
    }
    // scripts/test-targets names the one for its target.
    let mut compiler = Command::new(env::var_os("INET6_CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-std=gnu11", "-Wall", "-Werror", "-O1", "-shared", "-fPIC", "-o"]);
    compiler.arg(target).arg(source).current_dir(env!("CARGO_MANIFEST_DIR"));
    let built = compiler.output().map_err(|error| format!("cc: {error}"))?;
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    // elf(5): the class of the file, and further on the machine that it is for.
    let machine = |path: &Path| -> io::Result<[u8; 3]> {
        let mut header = [0; 20];
        File::open(path)?.read_exact(&mut header)?;
        Ok([header[4], header[18], header[19]])
    };
    let this = env::current_exe().and_then(|path| machine(&path));
    match (this, machine(target)) {
        (Ok(this), Ok(that)) if this == that => Ok(()),
        (this, that) => Err(format!("cc is for another machine: {that:?} and not {this:?}")),
    }
}

/// The memory of the process, in KiB, as the kernel counts it.
pub(crate) fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// How often a call was cut short by `tests/it/fault/short.c`, which must be in this process.
pub(crate) fn shortened(call: u32) -> libc::c_ulong {
    // SAFETY: the name is a string of C.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"inet6_shortened".as_ptr()) };
    assert!(!found.is_null(), "the library is not in this process");
    // SAFETY: a function of this name and type is what the library has, and nobody else.
    let shortened: extern "C" fn(libc::c_uint) -> libc::c_ulong =
        unsafe { std::mem::transmute(found) };
    shortened(call)
}
