//! Which mutant is at work, and which are reached; scripts/mutants-at-once puts this file beside the library's own.
//!
//! The environment is read before `main`, so that afterwards nothing here allocates or calls the system, which tests count.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering::Relaxed};

static AT_WORK: AtomicUsize = AtomicUsize::new(0);
/// A byte for each mutant, shared with the program that asks; null where nobody does.
static REACHED: AtomicPtr<u8> = AtomicPtr::new(null_mut());

/// Whether the mutant is at work. None is while the compiler evaluates.
#[inline(always)]
pub const fn active(number: usize) -> bool {
    core::intrinsics::const_eval_select((number,), never, is_at_work)
}

const fn never(_: usize) -> bool {
    false
}

#[inline]
fn is_at_work(number: usize) -> bool {
    let reached = REACHED.load(Relaxed);
    if !reached.is_null() {
        // SAFETY: the file has a byte for every number that is compiled in.
        unsafe { AtomicU8::from_ptr(reached.add(number)) }.store(1, Relaxed);
    }
    AT_WORK.load(Relaxed) == number
}

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn(c_int, *const *const c_char) = before_main;

extern "C" fn before_main(_: c_int, _: *const *const c_char) {
    // SAFETY: there is no other thread yet.
    let variable = |name: &CStr| unsafe { libc::getenv(name.as_ptr()) };
    let number = variable(c"INET6_MUTANT");
    if !number.is_null() {
        // SAFETY: a string of the environment.
        let number = unsafe { libc::strtoul(number, null_mut(), 10) };
        AT_WORK.store(number as usize, Relaxed);
    }
    let path = variable(c"INET6_MUTANT_TRACE");
    if !path.is_null() {
        // SAFETY: the file is there, as long as it must be, and stays mapped until the end.
        unsafe {
            let file = libc::open(path, libc::O_RDWR | libc::O_CLOEXEC);
            let len = libc::lseek(file, 0, libc::SEEK_END);
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let bytes =
                libc::mmap(null_mut(), len as usize, access, libc::MAP_SHARED, file, 0);
            if file < 0 || bytes == libc::MAP_FAILED {
                libc::abort();
            }
            libc::close(file);
            REACHED.store(bytes.cast(), Relaxed);
        }
    }
}
