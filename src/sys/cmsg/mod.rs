//! Control messages: what comes and goes with a datagram beside its bytes (RFC 3542, section 20.1).
//!
//! The walk over them and the writing of them are the same everywhere, over two small traits: how a
//! system lays a message out ([`Layout`]), and how a value becomes bytes ([`Value`]). All of it is
//! arithmetic on slices: no pointer is made, so any bytes may be read, of a kernel or of a fuzzer.
//! What the messages mean stands in `received` and `sent`.

use std::ffi::c_int;
use std::io;
use std::marker::PhantomData;

use super::option_numbers::Number;

#[cfg(any(test, fuzzing))]
pub(crate) mod invariants;
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    allow(dead_code, reason = "only Linux has the queue")
)]
mod queued;
mod received;
mod sent;
#[cfg(test)]
mod tests;

pub(crate) use self::queued::Queued;
pub(crate) use self::received::Arrival;
pub(crate) use self::sent::{CHOOSES_IPV4_INTERFACE, Departure, SendControl};
#[cfg(windows)]
pub(crate) use self::sent::{SEGMENTATION, TRAFFIC_CLASS};
pub(crate) use self::sent::{TIME_OF_SENDING, cannot_choose};
use crate::error::Refusal;

/// How a system lays out a message: its length, its level and its type, then the value.
pub(crate) trait Layout {
    /// The bytes of the field that holds the length.
    const LEN: usize;
    /// The bytes before the value.
    const HEADER: usize;
    /// Each message begins at a multiple of this.
    const ALIGN: usize;
}

/// The layout here.
#[derive(Debug)]
pub(crate) struct Native;

#[cfg(unix)]
impl Layout for Native {
    // With musl the field looks like 32 bits and padding; to the kernel it is 64.
    const LEN: usize = std::mem::offset_of!(libc::cmsghdr, cmsg_level);
    // SAFETY: the function computes.
    const HEADER: usize = unsafe { libc::CMSG_LEN(0) } as usize;
    const ALIGN: usize = {
        let mut spaces = [0; SPACES];
        let mut value = 0;
        while value < SPACES {
            // SAFETY: the function computes.
            spaces[value] = unsafe { libc::CMSG_SPACE(value as libc::c_uint) } as usize;
            value += 1;
        }
        alignment(&spaces)
    };
}

/// More values than any system aligns to.
#[cfg(unix)]
const SPACES: usize = 18;

/// The alignment of messages, from the space that values of 0, 1, 2 … bytes take with their header.
///
/// The space of one byte alone does not show it: on SPARC a header takes 12 bytes, and the next one
/// begins at a multiple of 8.
#[cfg(unix)]
const fn alignment(spaces: &[usize; SPACES]) -> usize {
    let mut value = 1;
    while spaces[value] == spaces[value + 1] {
        value += 1;
    }
    spaces[value + 1] - spaces[value]
}

/// ws2def.h, `WSA_CMSGHDR_ALIGN` and `WSA_CMSGDATA_ALIGN`.
#[cfg(windows)]
impl Layout for Native {
    const LEN: usize = size_of::<usize>();
    const HEADER: usize = (Self::LEN + 8).next_multiple_of(Self::ALIGN);
    const ALIGN: usize = size_of::<usize>();
}

/// A value of C that a message carries.
pub(crate) trait Value {
    type Bytes: AsRef<[u8]>;

    fn bytes(self) -> Self::Bytes;
}

impl Value for c_int {
    type Bytes = [u8; 4];

    fn bytes(self) -> Self::Bytes {
        self.to_ne_bytes()
    }
}

impl Value for u16 {
    type Bytes = [u8; 2];

    fn bytes(self) -> Self::Bytes {
        self.to_ne_bytes()
    }
}

impl Value for u32 {
    type Bytes = [u8; 4];

    fn bytes(self) -> Self::Bytes {
        self.to_ne_bytes()
    }
}

impl Value for u64 {
    type Bytes = [u8; 8];

    fn bytes(self) -> Self::Bytes {
        self.to_ne_bytes()
    }
}

/// A struct without padding.
impl<const N: usize> Value for [u8; N] {
    type Bytes = Self;

    fn bytes(self) -> Self {
        self
    }
}

/// Room for messages on the stack, aligned for a kernel that looks.
#[repr(align(8))]
#[derive(Debug)]
pub(crate) struct ControlBuffer<const N: usize>(pub(crate) [u8; N]);

impl<const N: usize> ControlBuffer<N> {
    /// Zeros, because a kernel leaves the padding between messages as it was.
    pub(crate) const fn new() -> Self {
        Self([0; N])
    }
}

/// Enough for every message that an option of this crate asks for, with as much again to spare.
pub(crate) type RecvControl = ControlBuffer<768>;

/// Writes messages one behind the other.
#[derive(Debug)]
pub(crate) struct Encoder<'a, L> {
    room: &'a mut [u8],
    len: usize,
    layout: PhantomData<L>,
}

impl<'a, L: Layout> Encoder<'a, L> {
    pub(crate) fn new(room: &'a mut [u8]) -> Self {
        Self { room, len: 0, layout: PhantomData }
    }

    /// Adds a message; without room for it, nothing is written.
    pub(crate) fn push(&mut self, number: Number, value: impl Value) -> io::Result<()> {
        let value = value.bytes();
        let value = value.as_ref();
        let len = L::HEADER + value.len();
        let space = len.next_multiple_of(L::ALIGN);
        let Some(room) = self.room.get_mut(self.len..self.len + space) else {
            return Err(Refusal::ManyMessages.into());
        };
        room.fill(0);
        match L::LEN {
            8 => room[..8].copy_from_slice(&(len as u64).to_ne_bytes()),
            _ => room[..4].copy_from_slice(&(len as u32).to_ne_bytes()),
        }
        room[L::LEN..L::LEN + 4].copy_from_slice(&number.level.to_ne_bytes());
        room[L::LEN + 4..L::LEN + 8].copy_from_slice(&number.name.to_ne_bytes());
        room[L::HEADER..len].copy_from_slice(value);
        self.len += space;
        Ok(())
    }

    /// How many bytes the messages take.
    pub(crate) fn finish(self) -> usize {
        self.len
    }
}

/// Walks over messages, and ends at the first one that is cut or makes no sense.
#[derive(Debug)]
pub(crate) struct Messages<'a, L> {
    rest: &'a [u8],
    layout: PhantomData<L>,
}

impl<'a, L: Layout> Messages<'a, L> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, layout: PhantomData }
    }
}

impl<'a, L: Layout> Iterator for Messages<'a, L> {
    /// Level and type, and the value, which may have any length.
    type Item = (Number, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let header = self.rest.get(..L::HEADER)?;
        let len = match L::LEN {
            8 => usize::try_from(u64_at(header, 0)?).ok()?,
            _ => usize::try_from(u32_at(header, 0)?).ok()?,
        };
        // Linux hands out the part of a message that fits; half a value is none.
        let value = self.rest.get(L::HEADER..len)?;
        let number = Number { level: int_at(header, L::LEN)?, name: int_at(header, L::LEN + 4)? };
        // The last one need not be padded.
        self.rest = self.rest.get(len.next_multiple_of(L::ALIGN)..).unwrap_or_default();
        Some((number, value))
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn int_at(bytes: &[u8], at: usize) -> Option<c_int> {
    array(bytes, at).map(c_int::from_ne_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_ne_bytes)
}
