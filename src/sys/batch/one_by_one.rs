//! Batches by one system call for each datagram.

use std::io::{self, IoSliceMut};
use std::net::SocketAddrV6;

use super::Packet;
use crate::sys::cmsg::Arrival;
use crate::sys::{self, Borrowed, Message, Take};

/// Room for datagrams that come in.
pub(crate) struct RecvBuffers {
    bytes: Box<[u8]>,
    size: usize,
    messages: Vec<Message>,
    count: usize,
}

impl RecvBuffers {
    /// Room for `count` datagrams of `size` bytes; both are checked by the caller.
    pub(crate) fn new(count: usize, size: usize) -> Self {
        let bytes = vec![0; count * size].into_boxed_slice();
        Self { bytes, size, messages: Vec::with_capacity(count), count }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Waits for one datagram, where the socket waits, and takes what else is there.
    pub(crate) fn receive(&mut self, fd: Borrowed<'_>) -> io::Result<usize> {
        self.messages.clear();
        while self.messages.len() < self.count {
            let start = self.messages.len() * self.size;
            let room = &mut self.bytes[start..start + self.size];
            let take = if self.messages.is_empty() { Take::Data } else { Take::Ready };
            match sys::recv_message(fd, &mut [IoSliceMut::new(room)], take) {
                Ok(message) => self.messages.push(message),
                // What has come is handed out, and the next call meets the error again, if it
                // stays.
                Err(_) if !self.messages.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(self.messages.len())
    }

    /// The bytes of a datagram, which must have come.
    pub(crate) fn payload(&self, index: usize) -> &[u8] {
        &self.bytes[index * self.size..][..self.messages[index].len]
    }

    pub(crate) fn truncated(&self, index: usize) -> bool {
        self.messages[index].truncated
    }

    pub(crate) fn source(&self, index: usize) -> io::Result<SocketAddrV6> {
        Ok(self.messages[index].source)
    }

    pub(crate) fn arrival(&self, index: usize) -> Arrival {
        self.messages[index].arrival
    }

    pub(crate) fn segment_size(&self, index: usize) -> Option<u16> {
        self.arrival(index).segment_size
    }

    pub(crate) fn message(&self, index: usize) -> io::Result<Message> {
        Ok(self.messages[index])
    }
}

/// What a batch of datagrams that go out needs: nothing but its length.
pub(crate) struct SendBuffers {
    count: usize,
}

impl SendBuffers {
    pub(crate) fn new(count: usize) -> Self {
        Self { count }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Sends from the front of the packets as many as go: those that did not go are untouched.
    ///
    /// An error is that of the first one, and nothing was sent.
    pub(crate) fn send<'a, I: Iterator<Item = io::Result<Packet<'a>>>>(
        &mut self,
        fd: Borrowed<'_>,
        packets: I,
    ) -> io::Result<usize> {
        let mut sent = 0;
        for packet in packets.take(self.count) {
            match packet.and_then(|packet| self.send_one(fd, &packet)) {
                Ok(()) => sent += 1,
                Err(_) if sent > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }

    /// Sends one packet.
    pub(crate) fn send_one(&mut self, fd: Borrowed<'_>, packet: &Packet<'_>) -> io::Result<()> {
        let peer = packet.peer.as_ref();
        match &packet.departure {
            None => sys::send_to_vectored(fd, packet.data, peer)?,
            Some(departure) => sys::send_message(fd, packet.data, peer, departure, packet.ipv4)?,
        };
        Ok(())
    }
}
