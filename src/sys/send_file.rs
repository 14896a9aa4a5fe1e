//! Sending a file without copying it through the program.

use std::fs::File;
use std::io;

use super::{Borrowed, send_part};
use crate::error::Refusal;

/// What Linux sends at most in one call (linux/fs.h, MAX_RW_COUNT); it refuses a length that is
/// negative as a signed number, and one that reaches beyond the largest offset.
const MOST: usize = 0x7fff_f000;

/// Sends up to `len` bytes of a file, from `offset` on, and gives how many went out. The position
/// of the file stays.
pub(crate) fn send_file(
    fd: Borrowed<'_>,
    file: &File,
    offset: u64,
    len: usize,
) -> io::Result<usize> {
    let Ok(offset) = i64::try_from(offset) else {
        return Err(Refusal::LongFile.into());
    };
    let len = len.min(MOST).min(usize::try_from(i64::MAX - offset).unwrap_or(MOST));
    // To some systems a length of 0 means the whole file.
    if len == 0 { Ok(0) } else { send_part(fd, file, offset, len) }
}

/// `send_part` of a system without it.
#[allow(dead_code, reason = "compiled everywhere, so that it keeps compiling")]
pub(super) fn send_nothing(_: Borrowed<'_>, _: &File, _: i64, _: usize) -> io::Result<usize> {
    Err(Refusal::NoSendFile.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_sendfile_error_advises() {
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        let socket = std::net::UdpSocket::bind("[::1]:0").unwrap().into();
        let error = send_nothing(crate::sys::borrow(&socket), &file, 0, 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        assert!(error.to_string().contains("read it and send that"), "{error}");
    }
}
