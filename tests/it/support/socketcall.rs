//! Faults on 32-bit x86. There glibc makes the calls of sockets through one, socketcall(2), whose
//! arguments stand in memory, where no filter sees them: a second thread looks at them instead.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::mpsc::sync_channel;
use std::thread::{self, ScopedJoinHandle};

use super::{Fault, denial, give, load, unless_equal};

/// asm/unistd_32.h, `__NR_socketcall`.
const SOCKETCALL: u32 = 102;
/// linux/audit.h
const AUDIT_ARCH_I386: u32 = 0x4000_0003;

/// linux/net.h, `SYS_SOCKET` and on; asm/unistd_32.h for what has another number of its own.
const NUMBERS: [(libc::c_long, u32); 14] = [
    (libc::SYS_socket, 1),
    (libc::SYS_bind, 2),
    (libc::SYS_connect, 3),
    (libc::SYS_listen, 4),
    (libc::SYS_getsockname, 6),
    (libc::SYS_getpeername, 7),
    (libc::SYS_sendto, 11),
    (libc::SYS_recvfrom, 12),
    (libc::SYS_shutdown, 13),
    (libc::SYS_setsockopt, 14),
    (libc::SYS_getsockopt, 15),
    (libc::SYS_sendmsg, 16),
    (libc::SYS_recvmsg, 17),
    (libc::SYS_accept4, 18),
];

/// The calls that have another number in a program of 64 bits which the tests start
/// (asm/unistd_64.h).
const OF_64_BITS: [(libc::c_long, u32); 3] =
    [(libc::SYS_setuid, 105), (libc::SYS_setgid, 106), (libc::SYS_setgroups, 116)];

/// The numbers under which glibc makes a call.
fn numbers(call: libc::c_long) -> Vec<u32> {
    let wide = match call {
        libc::SYS_fcntl => Some(libc::SYS_fcntl64),
        libc::SYS_sendfile => Some(libc::SYS_sendfile64),
        libc::SYS_recvmmsg => Some(417), // asm/unistd_32.h, __NR_recvmmsg_time64
        libc::SYS_ppoll => Some(414),    // __NR_ppoll_time64
        libc::SYS_clock_nanosleep => Some(407), // __NR_clock_nanosleep_time64
        _ => None,
    };
    [Some(call), wide].into_iter().flatten().map(|number| number as u32).collect()
}

/// Whether a filter alone cannot tell the calls. A thread has one notifier, so that it should do
/// without where it can.
pub(super) fn needs_notifier(faults: &[Fault<'_>]) -> bool {
    let known = |call| {
        NUMBERS.iter().any(|(outer, _)| *outer == call)
            || OF_64_BITS.iter().any(|(outer, _)| *outer == call)
    };
    faults.is_empty() || faults.iter().any(|fault| known(fault.call))
}

/// Answers the calls of programs of 32 bits as the faults say.
pub(super) fn deny(faults: &[Fault<'_>]) -> Vec<libc::sock_filter> {
    let denials = faults.iter().map(|fault| (numbers(fault.call), fault));
    let denials = denials.flat_map(|(numbers, fault)| {
        numbers.into_iter().flat_map(move |number| denial(number, fault))
    });
    of_32_bits(denials.collect())
}

/// The end of a filter for programs of 32 bits; what stands behind it is for those of 64.
fn of_32_bits(mut program: Vec<libc::sock_filter>) -> Vec<libc::sock_filter> {
    program.push(give(libc::SECCOMP_RET_ALLOW));
    let skip = program.len() as u8;
    program.splice(0..0, [load(4), unless_equal(AUDIT_ARCH_I386, skip)]); // arch
    program
}

/// As the function of this name beside it.
pub(super) fn with_faults<T: Send>(
    faults: &[Fault<'_>],
    work: impl FnOnce() -> T + Send,
) -> Result<T, String> {
    let (tell, told) = sync_channel(1);
    let (start, started) = sync_channel(1);
    thread::scope(move |scope| {
        let worker = scope.spawn(move || {
            let notifier = super::filter(program(faults), libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
            let installed = notifier.is_ok();
            tell.send(notifier).unwrap();
            // It ends where there is no notifier.
            started.recv().ok().filter(|()| installed).map(|()| work())
        });
        let notifier = told.recv().unwrap();
        let notifier = notifier.map_err(|error| format!("no seccomp notifier: {error}"))?;
        // SAFETY: the call just made it, and nobody else has it.
        let notifier = unsafe { OwnedFd::from_raw_fd(notifier as libc::c_int) };
        let notifier = out_of_the_way(notifier).map_err(|error| error.to_string())?;
        start.send(()).unwrap();
        attend(&notifier, faults, &worker);
        let done = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok(done.expect("it has a notifier"))
    })
}

/// Moves a descriptor to where no test expects one of its own.
fn out_of_the_way(fd: OwnedFd) -> io::Result<OwnedFd> {
    // SAFETY: the call takes integers.
    let moved = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 500) };
    if moved == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call just made it, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}

/// Asks the notifier about a call.
pub(super) fn ask(call: libc::c_long) -> Vec<libc::sock_filter> {
    let mut program = Vec::new();
    for number in numbers(call) {
        // struct seccomp_data: nr
        program.extend([load(0), unless_equal(number, 1), give(libc::SECCOMP_RET_USER_NOTIF)]);
    }
    for (_, inner) in NUMBERS.iter().filter(|(outer, _)| *outer == call) {
        program.extend([load(0), unless_equal(SOCKETCALL, 3)]);
        // the low half of args[0]
        program.extend([load(16), unless_equal(*inner, 1), give(libc::SECCOMP_RET_USER_NOTIF)]);
    }
    program
}

/// Asks about every call that may be one of the faults.
fn program(faults: &[Fault<'_>]) -> Vec<libc::sock_filter> {
    let mut all = of_32_bits(faults.iter().flat_map(|fault| ask(fault.call)).collect());
    all.push(load(0));
    for fault in faults {
        for (_, number) in OF_64_BITS.iter().filter(|(call, _)| *call == fault.call) {
            all.push(unless_equal(*number, 1));
            all.push(give(libc::SECCOMP_RET_ERRNO | fault.errno as u32));
        }
    }
    all
}

/// Answers until the worker is done. A program that it started may live on.
fn attend<T>(notifier: &OwnedFd, faults: &[Fault<'_>], worker: &ScopedJoinHandle<'_, T>) {
    let fd = notifier.as_raw_fd();
    while !worker.is_finished() {
        let mut entry = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // SAFETY: there is one entry.
        match unsafe { libc::poll(&raw mut entry, 1, 5) } {
            1 if entry.revents & libc::POLLIN != 0 => {}
            1 => return,
            _ => continue,
        }
        // SAFETY: it holds integers only, and the kernel wants it zeroed.
        let mut asked: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        // SAFETY: there is room for one question.
        if unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_RECV as _, &raw mut asked) } == -1 {
            // A signal or an end made the call go away again.
            continue;
        }
        let fault = faults.iter().find(|fault| concerns(fault, &asked));
        let mut answer = libc::seccomp_notif_resp { id: asked.id, val: 0, error: 0, flags: 0 };
        match fault {
            Some(fault) => answer.error = -fault.errno,
            None => answer.flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32,
        }
        // SAFETY: it is an answer.
        let sent =
            unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_SEND as _, &raw const answer) };
        let error = io::Error::last_os_error();
        // A signal took the call away.
        assert!(sent == 0 || error.raw_os_error() == Some(libc::ENOENT), "{error}");
    }
}

/// Whether a call is the one that a fault speaks of.
fn concerns(fault: &Fault<'_>, asked: &libc::seccomp_notif) -> bool {
    let number = asked.data.nr as u32;
    if number != SOCKETCALL {
        let argument = |at: u32| asked.data.args[at as usize] as libc::c_int;
        return numbers(fault.call).contains(&number)
            && fault.arguments.iter().all(|(at, value)| argument(*at) == *value);
    }
    let [inner, arguments, ..] = asked.data.args;
    // The memory of a program that the worker has started is another one.
    NUMBERS.contains(&(fault.call, inner as u32))
        && std::path::Path::new(&format!("/proc/self/task/{}", asked.pid)).exists()
        && fault.arguments.iter().all(|(at, value)| {
            let argument = (arguments as usize as *const libc::c_int).wrapping_add(*at as usize);
            // SAFETY: the kernel is about to read it for this call, whose thread waits meanwhile.
            unsafe { argument.read() == *value }
        })
}
