//! The descriptor of a socket of ours.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::fd::OwnedFd;

use super::call;

/// An [`OwnedFd`] that is closed as the other calls of [`call`] are made.
pub(crate) struct Descriptor(ManuallyDrop<OwnedFd>);

impl Drop for Descriptor {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: nobody sees the field again.
        call::close(unsafe { ManuallyDrop::take(&mut self.0) });
    }
}

impl Deref for Descriptor {
    type Target = OwnedFd;

    #[inline]
    fn deref(&self) -> &OwnedFd {
        &self.0
    }
}

impl From<OwnedFd> for Descriptor {
    #[inline]
    fn from(fd: OwnedFd) -> Self {
        Self(ManuallyDrop::new(fd))
    }
}

impl From<Descriptor> for OwnedFd {
    fn from(descriptor: Descriptor) -> Self {
        let mut descriptor = ManuallyDrop::new(descriptor);
        // SAFETY: nobody sees the field again.
        unsafe { ManuallyDrop::take(&mut descriptor.0) }
    }
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
