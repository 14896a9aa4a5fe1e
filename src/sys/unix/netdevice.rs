//! Names and indices of interfaces on Linux, by netdevice(7).
//!
//! if_nametoindex(3) makes the same call, but glibc says `ENOENT` when it gets no socket for it: an
//! interface would be absent because the process has no free descriptor.

use std::ffi::{CStr, c_int};
use std::io;
use std::mem::offset_of;
use std::num::NonZeroU32;
use std::os::fd::AsFd;

use socket2::{Domain, Socket, Type};

use super::{Borrowed, INTERFACE_NAME_LEN, codes, ioctl};
use crate::sys::errno;

/// The index of the interface of this name, `None` if there is no such interface.
pub(in crate::sys) fn interface_index_of(name: &CStr) -> io::Result<Option<NonZeroU32>> {
    index_on(any_socket()?.as_fd(), name)
}

/// As `interface_index_of`, in the network of a socket, which need not be that of the thread.
pub(in crate::sys) fn index_on(fd: Borrowed<'_>, name: &CStr) -> io::Result<Option<NonZeroU32>> {
    let mut request = Request::default();
    let name = name.to_bytes();
    if name.len() > INTERFACE_NAME_LEN {
        return Ok(None);
    }
    request.0[..name.len()].copy_from_slice(name);
    match request.ask(fd, Question::Index) {
        Ok(()) => Ok(NonZeroU32::new(u32::from_ne_bytes(request.index()))),
        Err(error) if errno::is(&error, codes::NO_DEVICE) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn interface_name(index: NonZeroU32) -> io::Result<String> {
    let mut request = Request::default();
    request.0[INDEX_AT..INDEX_END].copy_from_slice(&index.get().to_ne_bytes());
    request.ask(any_socket()?.as_fd(), Question::Name)?;
    let name = request.0[..INDEX_AT].split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(name).into_owned())
}

/// A host without IPv6 has interfaces too; a service that is confined may have only the sockets of
/// the Internet.
fn any_socket() -> io::Result<Socket> {
    match Socket::new(Domain::IPV6, Type::DGRAM, None) {
        Err(error) if !errno::is_exhausted(&error) => Socket::new(Domain::UNIX, Type::DGRAM, None),
        other => other,
    }
}

#[derive(Clone, Copy)]
enum Question {
    Index,
    Name,
}

/// `struct ifreq`: a name, then an index among other things.
struct Request([u8; size_of::<libc::ifreq>()]);

const INDEX_AT: usize = offset_of!(libc::ifreq, ifr_ifru);
const INDEX_END: usize = INDEX_AT + size_of::<c_int>();

impl Default for Request {
    fn default() -> Self {
        Self([0; size_of::<libc::ifreq>()])
    }
}

impl Request {
    fn ask(&mut self, fd: Borrowed<'_>, question: Question) -> io::Result<()> {
        let question = match question {
            Question::Index => libc::SIOCGIFINDEX,
            Question::Name => libc::SIOCGIFNAME,
        };
        // SAFETY: the kernel reads and writes a request, and its name ends in a zero byte.
        unsafe { ioctl(fd, question as _, &raw mut self.0) }
    }

    fn index(&self) -> [u8; size_of::<c_int>()] {
        let mut index = [0; size_of::<c_int>()];
        index.copy_from_slice(&self.0[INDEX_AT..INDEX_END]);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::unix::interface_name as portable;

    #[test]
    fn c_library_finds_the_same() {
        for name in [c"lo", c"", c"no such one", c"a name longer than any"] {
            let found = interface_index_of(name).unwrap();
            assert_eq!(found, portable::interface_index_of(name).unwrap(), "{name:?}");
            assert_eq!(found.is_some(), name == c"lo");
        }
        let index = interface_index_of(c"lo").unwrap().unwrap();
        assert_eq!(interface_name(index).unwrap(), "lo");
        assert_eq!(portable::interface_name(index).unwrap(), "lo");
        for error in [interface_name(NonZeroU32::MAX), portable::interface_name(NonZeroU32::MAX)] {
            assert!(errno::is(&error.unwrap_err(), codes::NO_DEVICE));
        }
    }
}
