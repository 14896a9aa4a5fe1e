//! What `library.rs` does, without the C library: Linux on x86-64 and AArch64.
//!
//! The kernel answers with a number, or with an error number below zero (syscall(2)).

use std::arch::asm;
use std::ffi::{c_int, c_long, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};

use super::{Borrowed, Encoded};
use crate::sys::names::{Atomic, Number};

#[inline]
pub(super) fn socket(kind: c_int, protocol: c_int) -> io::Result<c_int> {
    // SAFETY: no memory is passed.
    unsafe { call(libc::SYS_socket, [word(libc::AF_INET6), word(kind), word(protocol)]) }
}

/// # Safety
///
/// `raw` has room for `len` bytes.
#[inline]
pub(super) unsafe fn accept4(
    fd: Borrowed<'_>,
    raw: *mut Encoded,
    len: &mut libc::socklen_t,
    flags: c_int,
    _: Atomic,
) -> io::Result<c_int> {
    let len = &raw mut *len as usize;
    let arguments = [word(fd.as_raw_fd()), raw as usize, len, word(flags)];
    // SAFETY: the caller answers for `raw`.
    unsafe { call(libc::SYS_accept4, arguments) }
}

/// # Safety
///
/// `value` has room for `len` bytes.
#[inline]
pub(super) unsafe fn getsockopt(
    fd: Borrowed<'_>,
    Number { level, name }: Number,
    value: *mut c_void,
    len: &mut libc::socklen_t,
) -> io::Result<c_int> {
    let len = &raw mut *len as usize;
    let arguments = [word(fd.as_raw_fd()), word(level), word(name), value as usize, len];
    // SAFETY: the caller answers for `value`.
    unsafe { call(libc::SYS_getsockopt, arguments) }
}

/// # Safety
///
/// `value` is `len` bytes long.
#[inline]
pub(super) unsafe fn setsockopt(
    fd: Borrowed<'_>,
    Number { level, name }: Number,
    value: *const c_void,
    len: libc::socklen_t,
) -> io::Result<c_int> {
    let arguments = [word(fd.as_raw_fd()), word(level), word(name), value as usize, len as usize];
    // SAFETY: the caller answers for `value`.
    unsafe { call(libc::SYS_setsockopt, arguments) }
}

/// Closes a descriptor, which is gone whatever close(2) answers.
#[inline]
pub(super) fn close(fd: OwnedFd) {
    // SAFETY: nobody else has the descriptor.
    unsafe { enter(libc::SYS_close, registers([word(fd.into_raw_fd())])) };
}

/// A C integer as an argument: the kernel looks at its 32 bits only.
#[inline]
fn word(value: c_int) -> usize {
    value as u32 as usize
}

/// # Safety
///
/// That of the system call with these arguments. Its answer has 32 bits.
#[inline]
unsafe fn call<const N: usize>(number: c_long, arguments: [usize; N]) -> io::Result<c_int> {
    // SAFETY: the caller answers for it.
    match unsafe { enter(number, registers(arguments)) } {
        answer @ 0.. => Ok(answer),
        code => Err(error(-code)),
    }
}

/// The arguments; nobody reads what the other registers hold.
#[inline]
fn registers<const N: usize>(arguments: [usize; N]) -> [MaybeUninit<usize>; 5] {
    let mut registers = [MaybeUninit::uninit(); 5];
    for (register, argument) in registers.iter_mut().zip(arguments) {
        register.write(argument);
    }
    registers
}

#[cold]
#[inline(never)]
fn error(code: c_int) -> io::Error {
    io::Error::from_raw_os_error(code)
}

/// # Safety
///
/// That of the system call with these arguments.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn enter(number: c_long, arguments: [MaybeUninit<usize>; 5]) -> c_int {
    let [first, second, third, fourth, fifth] = arguments;
    let answer;
    // SAFETY: the kernel keeps the stack and all registers but these; the caller answers for the
    // call.
    unsafe {
        asm!(
            "syscall",
            in("rax") number,
            lateout("eax") answer,
            in("rdi") first,
            in("rsi") second,
            in("rdx") third,
            in("r10") fourth,
            in("r8") fifth,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack, preserves_flags),
        );
    }
    answer
}

/// # Safety
///
/// That of the system call with these arguments.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
unsafe fn enter(number: c_long, arguments: [MaybeUninit<usize>; 5]) -> c_int {
    let [first, second, third, fourth, fifth] = arguments;
    let answer;
    // SAFETY: the kernel keeps the stack and all registers but this one; the caller answers for the
    // call.
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            in("x0") first,
            lateout("x0") answer,
            in("x1") second,
            in("x2") third,
            in("x3") fourth,
            in("x4") fifth,
            options(nostack, preserves_flags),
        );
    }
    answer
}
