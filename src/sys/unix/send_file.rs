//! sendfile(2): three systems, three calls of one name.

#[cfg(any(target_os = "freebsd", target_os = "dragonfly", target_vendor = "apple"))]
pub(in crate::sys) use self::bsd::send_part;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(in crate::sys) use self::linux::send_part;
#[cfg(not(any(
    target_os = "android",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "linux",
    target_vendor = "apple",
)))]
pub(in crate::sys) use crate::sys::send_file::send_nothing as send_part;
#[cfg(any(target_os = "freebsd", target_os = "dragonfly", target_vendor = "apple", test))]
use std::{ffi::c_int, io};

#[cfg(any(target_os = "freebsd", target_os = "dragonfly", target_vendor = "apple"))]
mod bsd {
    use std::fs::File;
    use std::os::fd::AsRawFd;
    use std::{io, ptr};

    use super::partly_sent;
    use crate::sys::Borrowed;
    use crate::sys::unix::check;

    /// One sendfile(2); `len` is not 0.
    #[cfg(not(target_vendor = "apple"))]
    pub(in crate::sys) fn send_part(
        fd: Borrowed<'_>,
        file: &File,
        offset: i64,
        len: usize,
    ) -> io::Result<usize> {
        let (file, socket) = (file.as_raw_fd(), fd.as_raw_fd());
        let mut sent: libc::off_t = 0;
        // SAFETY: there are no headers, and the call writes one number.
        let result = check(unsafe {
            libc::sendfile(file, socket, offset, len, ptr::null_mut(), &raw mut sent, 0)
        });
        partly_sent(result, sent)
    }

    /// One sendfile(2); `len` is not 0.
    #[cfg(target_vendor = "apple")]
    pub(in crate::sys) fn send_part(
        fd: Borrowed<'_>,
        file: &File,
        offset: i64,
        len: usize,
    ) -> io::Result<usize> {
        let (file, socket) = (file.as_raw_fd(), fd.as_raw_fd());
        // How many to send, which is no more than 2 GB, then how many went out.
        let mut count = len as libc::off_t;
        // SAFETY: there are no headers, and the call reads and writes one number.
        let result = check(unsafe {
            libc::sendfile(file, socket, offset, &raw mut count, ptr::null_mut(), 0)
        });
        partly_sent(result, count)
    }
}

/// The calls fail with `EAGAIN` or `EINTR` after a part, too, and say beside it how much it was.
#[cfg(any(target_os = "freebsd", target_os = "dragonfly", target_vendor = "apple", test))]
fn partly_sent(result: io::Result<c_int>, sent: libc::off_t) -> io::Result<usize> {
    match (result, usize::try_from(sent)) {
        (Ok(_), Ok(sent)) => Ok(sent),
        (Ok(_), Err(_)) => Err(io::ErrorKind::InvalidData.into()),
        (Err(error), Ok(sent)) if sent > 0 && is_pause(&error) => Ok(sent),
        (Err(error), _) => Err(error),
    }
}

#[cfg(any(target_os = "freebsd", target_os = "dragonfly", target_vendor = "apple", test))]
fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::ffi::c_int;
    use std::fs::File;
    use std::mem::MaybeUninit;
    use std::os::fd::AsRawFd;
    use std::{io, ptr};

    use crate::sys::Borrowed;
    use crate::sys::unix::{check, check_len};

    /// One sendfile(2).
    pub(in crate::sys) fn send_part(
        fd: Borrowed<'_>,
        file: &File,
        offset: i64,
        len: usize,
    ) -> io::Result<usize> {
        let mut offset: libc::off64_t = offset;
        without_sigpipe(len, || {
            // SAFETY: the call reads and writes one number.
            check_len(unsafe {
                libc::sendfile64(fd.as_raw_fd(), file.as_raw_fd(), &raw mut offset, len)
            })
        })
    }

    /// Keeps the signal away that comes with `EPIPE`: unlike send(2), sendfile(2) takes no
    /// MSG_NOSIGNAL (fs/splice.c, `splice_to_socket`). It comes too where a part went out before
    /// the connection broke, and then the call tells of the part alone (`splice_direct_to_actor`).
    fn without_sigpipe(len: usize, call: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
        let pipe = sigpipe();
        let before = change_mask(libc::SIG_BLOCK, &pipe)?;
        // Where the program holds the signal back itself, an earlier one may be waiting for it.
        let theirs = contains_sigpipe(&before) && contains_sigpipe(&pending()?);
        let result = call();
        let broken = match &result {
            Ok(sent) => (1..len).contains(sent),
            Err(error) => error.kind() == io::ErrorKind::BrokenPipe,
        };
        if broken && !theirs {
            take(&pipe);
        }
        change_mask(libc::SIG_SETMASK, &before)?;
        result
    }

    /// The calls that write a set write as much of it as the kernel knows, which is less than a set
    /// has.
    fn no_signals() -> libc::sigset_t {
        // SAFETY: all-zero bytes are a valid set.
        unsafe { MaybeUninit::zeroed().assume_init() }
    }

    fn sigpipe() -> libc::sigset_t {
        let mut set = no_signals();
        // SAFETY: there is room for a set, and the call cannot fail.
        unsafe { libc::sigemptyset(&raw mut set) };
        // SAFETY: it is a set, and the signal exists.
        unsafe { libc::sigaddset(&raw mut set, libc::SIGPIPE) };
        set
    }

    fn contains_sigpipe(set: &libc::sigset_t) -> bool {
        // SAFETY: it is a set, and the signal exists.
        unsafe { libc::sigismember(set, libc::SIGPIPE) == 1 }
    }

    /// Changes the mask of this thread, and gives the one before.
    fn change_mask(how: c_int, set: &libc::sigset_t) -> io::Result<libc::sigset_t> {
        let mut before = no_signals();
        // SAFETY: `set` is a set, and there is room for another.
        match unsafe { libc::pthread_sigmask(how, set, &raw mut before) } {
            0 => Ok(before),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }

    fn pending() -> io::Result<libc::sigset_t> {
        let mut set = no_signals();
        // SAFETY: there is room for a set.
        check(unsafe { libc::sigpending(&raw mut set) })?;
        Ok(set)
    }

    /// Takes a signal of this set, if one waits.
    fn take(set: &libc::sigset_t) {
        let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `set` is a set, `at_once` a time, and nothing is to be told of the signal.
        let taken = check(unsafe { libc::sigtimedwait(set, ptr::null_mut(), &raw const at_once) });
        // Where the kernel sent none, there is none to take.
        if let Err(error) = taken {
            log::trace!("no SIGPIPE to take: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_send_before_pause_succeeds() {
        let failed = |code| Err(io::Error::from_raw_os_error(code));
        assert_eq!(partly_sent(Ok(0), 3).unwrap(), 3);
        assert_eq!(partly_sent(Ok(0), 0).unwrap(), 0);
        assert_eq!(partly_sent(Ok(0), -1).unwrap_err().kind(), io::ErrorKind::InvalidData);
        for pause in [libc::EAGAIN, libc::EINTR] {
            assert_eq!(partly_sent(failed(pause), 3).unwrap(), 3);
            for sent in [0, -1] {
                assert_eq!(
                    partly_sent(failed(pause), sent).unwrap_err().raw_os_error(),
                    Some(pause)
                );
            }
        }
        for sent in [0, 3] {
            assert_eq!(
                partly_sent(failed(libc::EPIPE), sent).unwrap_err().raw_os_error(),
                Some(libc::EPIPE)
            );
        }
    }
}
