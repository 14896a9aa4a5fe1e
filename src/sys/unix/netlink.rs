//! The interfaces of Linux: two dumps of rtnetlink(7), however many there are.
//!
//! getifaddrs(3) makes the same two dumps, but reads their answers by 4 KiB (glibc) or 8 KiB
//! (musl) and leaves out the flags of an address. A call for each interface would be worse: with
//! 500 of them, the kernel would be asked a quarter of a million times.

use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::Refusal;
use crate::sys::filled;
use crate::sys::interface::{AddressRow, Link, Listing};

/// The kernel fills no more of a longer buffer (net/netlink/af_netlink.c, `netlink_recvmsg`).
const BUFFER_LEN: usize = 32 * 1024;

/// How often a dump is tried.
const ATTEMPTS: u32 = 16;

/// linux/rtnetlink.h: `struct ifinfomsg` and `struct ifaddrmsg`.
const LINK_LEN: usize = 16;
const ADDRESS_LEN: usize = 8;

/// linux/netlink.h: `struct nlmsghdr` and `struct nlattr`.
const HEADER_LEN: usize = 16;
const ATTRIBUTE_HEADER_LEN: usize = 4;

pub(crate) fn list_interfaces() -> io::Result<Listing> {
    let mut route = Route::open(BUFFER_LEN)?;
    // In this order: an address whose interface is not among the links is newer than they are.
    let links = route.dump(libc::RTM_GETLINK, LINK_LEN, libc::RTM_NEWLINK, link)?;
    let addresses = route.dump(libc::RTM_GETADDR, ADDRESS_LEN, libc::RTM_NEWADDR, address)?;
    Ok(Listing { links, addresses })
}

/// A socket to the kernel.
///
/// Only an administrator of the network could send messages to it that are not the kernel's.
struct Route {
    socket: Socket,
    buffer: Vec<MaybeUninit<u8>>,
    sequence: u32,
}

impl Route {
    fn open(buffer_len: usize) -> io::Result<Self> {
        let protocol = Protocol::from(libc::NETLINK_ROUTE);
        let socket = Socket::new(
            Domain::from(libc::AF_NETLINK),
            Type::from(libc::SOCK_RAW),
            Some(protocol),
        )?;
        Ok(Self { socket, buffer: vec![MaybeUninit::uninit(); buffer_len], sequence: 0 })
    }

    /// Asks for everything of a kind, and again if it changes meanwhile.
    fn dump<T>(
        &mut self,
        request: u16,
        body_len: usize,
        answer: u16,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> io::Result<Vec<T>> {
        for _ in 0..ATTEMPTS {
            self.ask(request, body_len)?;
            let mut found = Vec::new();
            let complete = self.receive(|message| {
                if message.kind == answer {
                    found.extend(read(message.body));
                }
            })?;
            if complete {
                return Ok(found);
            }
        }
        Err(Refusal::InterfacesChange.into())
    }

    fn ask(&mut self, request: u16, body_len: usize) -> io::Result<()> {
        self.sequence += 1;
        // All-zero bodies ask for every address family.
        let mut message = [0; HEADER_LEN + LINK_LEN];
        let len = HEADER_LEN + body_len;
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
        message[..4].copy_from_slice(&(len as u32).to_ne_bytes());
        message[4..6].copy_from_slice(&request.to_ne_bytes());
        message[6..8].copy_from_slice(&flags.to_ne_bytes());
        message[8..12].copy_from_slice(&self.sequence.to_ne_bytes());
        // Without an address, the kernel itself is the receiver.
        uninterrupted(|| self.socket.send(&message[..len])).map(drop)
    }

    /// Hands on the messages of an answer, up to its end; `false` if they are not the whole truth.
    fn receive(&mut self, mut take: impl FnMut(&NetlinkMessage<'_>)) -> io::Result<bool> {
        let mut complete = true;
        loop {
            // With this flag, the length is that of the whole datagram.
            let receive = || self.socket.recv_with_flags(&mut self.buffer, libc::MSG_TRUNC);
            let len = uninterrupted(receive)?;
            if len > self.buffer.len() {
                // The end of the answer may be in the part that was cut off.
                *self = Self::open(len)?;
                return Ok(false);
            }
            let progress = answer(filled(&mut self.buffer[..len]), self.sequence, &mut take)?;
            complete &= !progress.interrupted;
            if progress.done {
                return Ok(complete);
            }
        }
    }
}

fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Default)]
struct Progress {
    done: bool,
    /// Something was added or removed since the answer began.
    interrupted: bool,
}

/// Reads a datagram of an answer.
fn answer(
    datagram: &[u8],
    sequence: u32,
    mut take: impl FnMut(&NetlinkMessage<'_>),
) -> io::Result<Progress> {
    let mut progress = Progress::default();
    for message in messages(datagram).filter(|message| message.sequence == sequence) {
        progress.interrupted |= message.flags & libc::NLM_F_DUMP_INTR as u16 != 0;
        let kind = message.kind.into();
        if !matches!(kind, libc::NLMSG_ERROR | libc::NLMSG_DONE) {
            take(&message);
            continue;
        }
        // Both begin with a negated error number.
        match field(message.body, 0).map(i32::from_ne_bytes) {
            Some(error) if error < 0 => {
                return Err(io::Error::from_raw_os_error(error.saturating_neg()));
            }
            _ if kind == libc::NLMSG_DONE => progress.done = true,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    Ok(progress)
}

#[derive(Debug)]
struct NetlinkMessage<'a> {
    kind: u16,
    flags: u16,
    sequence: u32,
    body: &'a [u8],
}

/// The messages of a datagram, up to one whose length makes no sense.
fn messages(datagram: &[u8]) -> impl Iterator<Item = NetlinkMessage<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let len = u32::from_ne_bytes(field(rest, 0)?) as usize;
        let message = NetlinkMessage {
            kind: u16::from_ne_bytes(field(rest, 4)?),
            flags: u16::from_ne_bytes(field(rest, 6)?),
            sequence: u32::from_ne_bytes(field(rest, 8)?),
            body: rest.get(HEADER_LEN..len)?,
        };
        rest = after(rest, len);
        Some(message)
    })
}

/// The attributes of a message, each with its kind, up to one whose length makes no sense.
fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let len = u16::from_ne_bytes(field(rest, 0)?).into();
        let kind = u16::from_ne_bytes(field(rest, 2)?) & libc::NLA_TYPE_MASK as u16;
        let value = rest.get(ATTRIBUTE_HEADER_LEN..len)?;
        rest = after(rest, len);
        Some((kind, value))
    })
}

/// What follows on `len` bytes and the padding after them.
fn after(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(len.next_multiple_of(libc::NLA_ALIGNTO as usize)..).unwrap_or_default()
}

/// A field of a structure, if the structure is as long as that.
fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn link(body: &[u8]) -> Option<Link> {
    let index = NonZeroU32::new(u32::from_ne_bytes(field(body, 4)?))?;
    let flags = u32::from_ne_bytes(field(body, 8)?);
    let mut attributes = attributes(body.get(LINK_LEN..)?);
    let (_, name) = attributes.find(|(kind, _)| *kind == libc::IFLA_IFNAME)?;
    let name = name.split(|byte| *byte == 0).next()?;
    Some(Link { index, name: String::from_utf8_lossy(name).into_owned(), flags })
}

fn address(body: &[u8]) -> Option<(NonZeroU32, AddressRow)> {
    let [family, prefix_len] = field(body, 0)?;
    let index = NonZeroU32::new(u32::from_ne_bytes(field(body, 4)?))?;
    let mut ip = None;
    for (kind, value) in attributes(body.get(ADDRESS_LEN..)?) {
        match kind {
            // The end of a point-to-point link that is here; the other one is IFA_ADDRESS.
            libc::IFA_LOCAL => ip = Some(value),
            libc::IFA_ADDRESS => ip = ip.or(Some(value)),
            _ => {}
        }
    }
    let ip = match family.into() {
        libc::AF_INET6 => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(ip?).ok()?)),
        libc::AF_INET => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(ip?).ok()?)),
        _ => return None,
    };
    Some((index, AddressRow { ip, prefix_len }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A message of rtnetlink, with its padding.
    fn message(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = ((HEADER_LEN + body.len()) as u32).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(body);
        padded(bytes)
    }

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = ((ATTRIBUTE_HEADER_LEN + value.len()) as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        padded(bytes)
    }

    fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn address_body(family: libc::c_int, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![family as u8, 64, 0, 0];
        body.extend(7_u32.to_ne_bytes());
        body.extend(attributes.concat());
        body
    }

    const END: u16 = libc::NLMSG_DONE as u16;
    const FAILED: u16 = libc::NLMSG_ERROR as u16;

    #[test]
    fn link_has_index_flags_and_name() {
        let mut body = [0; LINK_LEN].to_vec();
        body[4..8].copy_from_slice(&7_u32.to_ne_bytes());
        body[8..12].copy_from_slice(&9_u32.to_ne_bytes());
        assert_eq!(link(&body), None, "an event of a wireless link has no name");
        body.extend(attribute(libc::IFLA_ADDRESS, &[1; 6]));
        body.extend(attribute(libc::IFLA_IFNAME, b"wlan0\0"));
        let index = NonZeroU32::new(7).unwrap();
        assert_eq!(link(&body), Some(Link { index, name: "wlan0".into(), flags: 9 }));
    }

    #[test]
    fn local_end_is_the_address() {
        let (here, there) = ([1; 16], [2; 16]);
        let attributes = [attribute(libc::IFA_ADDRESS, &there), attribute(libc::IFA_LOCAL, &here)];
        let read = |attributes: &[_]| {
            let (index, read) = address(&address_body(libc::AF_INET6, attributes)).unwrap();
            assert_eq!((index.get(), read.prefix_len), (7, 64));
            read.ip
        };
        assert_eq!(read(&attributes), IpAddr::from(here));
        assert_eq!(read(&[attributes[1].clone(), attributes[0].clone()]), IpAddr::from(here));
        assert_eq!(read(&attributes[..1]), IpAddr::from(there), "there is but one");
    }

    #[test]
    fn foreign_families_are_ignored() {
        let four = [attribute(libc::IFA_LOCAL, &[192, 0, 2, 1])];
        let ip = address(&address_body(libc::AF_INET, &four)).unwrap().1.ip;
        assert_eq!(ip.to_string(), "192.0.2.1");
        for (family, attributes) in [(libc::AF_INET6, &four[..]), (35, &four), (libc::AF_INET, &[])]
        {
            assert_eq!(address(&address_body(family, attributes)), None, "{family}");
        }
    }

    #[test]
    fn answer_reports_end_and_interruption() {
        let link = |flags, sequence| message(libc::RTM_NEWLINK, flags, sequence, &[0; LINK_LEN]);
        let done = |flags| message(END, flags, 5, &[0; 4]);
        let changed = libc::NLM_F_DUMP_INTR as u16;
        for (datagram, done, interrupted, seen) in [
            ([link(0, 5), link(0, 5)].concat(), false, false, 2),
            ([link(0, 5), link(0, 4), done(0)].concat(), true, false, 1),
            ([link(changed, 5), done(0)].concat(), true, true, 1),
            (done(changed), true, true, 0),
            (vec![], false, false, 0),
        ] {
            let mut count = 0;
            let progress = answer(&datagram, 5, |_| count += 1).unwrap();
            assert_eq!((progress, count), (Progress { done, interrupted }, seen));
        }
    }

    #[test]
    fn kernel_errors_are_returned() {
        for kind in [FAILED, END] {
            let datagram = message(kind, 0, 5, &(-libc::EPERM).to_ne_bytes());
            let error = answer(&datagram, 5, |_| {}).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EPERM));
            // Another request's.
            assert_eq!(answer(&datagram, 6, |_| {}).unwrap(), Progress::default());
        }
        let acknowledged = message(FAILED, 0, 5, &[0; 4]);
        assert_eq!(
            answer(&acknowledged, 5, |_| {}).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }

    #[test]
    fn long_datagrams_get_a_longer_buffer() {
        let mut short = Route::open(64).unwrap();
        let links = short.dump(libc::RTM_GETLINK, LINK_LEN, libc::RTM_NEWLINK, link).unwrap();
        assert_eq!(links, list_interfaces().unwrap().links);
        assert!(short.buffer.len() > 64);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>, cut in 0_usize..64) {
            drop((link(&bytes), address(&bytes)));
            drop(answer(&bytes, 0, |_| {}));
            let whole = message(0x55, 0, 5, &attribute(libc::IFLA_IFNAME, &bytes));
            let short = &whole[..whole.len().saturating_sub(cut)];
            let read: usize = messages(short)
                .flat_map(|message| attributes(message.body).map(|(_, value)| value.len()))
                .sum();
            prop_assert!(read <= bytes.len());
        }
    }
}
