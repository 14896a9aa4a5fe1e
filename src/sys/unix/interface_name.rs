//! Names and indices of interfaces on systems other than Linux.

use std::ffi::{CStr, c_char};
use std::io;
use std::num::NonZeroU32;

use crate::sys::errno;

/// The index of the interface of this name, `None` if there is no such interface.
pub(in crate::sys) fn interface_index_of(name: &CStr) -> io::Result<Option<NonZeroU32>> {
    // SAFETY: `name` ends in a zero byte.
    if let Some(index) = NonZeroU32::new(unsafe { libc::if_nametoindex(name.as_ptr()) }) {
        return Ok(Some(index));
    }
    // Not every system leaves a number for an interface that does not exist.
    let error = io::Error::last_os_error();
    if errno::is_exhausted(&error) { Err(error) } else { Ok(None) }
}

pub(crate) fn interface_name(index: NonZeroU32) -> io::Result<String> {
    let mut name = [0 as c_char; libc::IF_NAMESIZE];
    // SAFETY: `name` has the room that the call needs, IF_NAMESIZE.
    let found = unsafe { libc::if_indextoname(index.get(), name.as_mut_ptr()) };
    if found.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call wrote a name that ends in a zero byte.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    Ok(name.to_string_lossy().into_owned())
}
