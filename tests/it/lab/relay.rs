//! A bad line: what stands in the middle of a wire and delays, loses, doubles and swaps packets.
//!
//! It is a host without addresses, with a socket of packet(7) on each of its two wires and a thread
//! that takes packets from one to the other. What becomes of a packet is decided by its number, and
//! by nothing else, so that a test knows it beforehand; only `Late` and `delayed` look at a clock.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::{self, Read, Write};
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use inet6::{connect::Family, interface::Interface};

use super::Host;

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    ToLeft,
    ToRight,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Passes,
    IsLost,
    /// It arrives twice.
    IsDoubled,
    /// It waits until so many others, which did not wait themselves, have gone by.
    IsOvertakenBy(u32),
    /// It comes so much later than others.
    IsLate(Duration),
    /// It waits until there is another plan.
    IsHeld,
}

/// What becomes of each packet of a direction, by its number from 0 on. Neighbour discovery, groups
/// and ARP have no number and pass.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// The packets of the other family have no number, and pass.
    family: Option<Family>,
    delay: Duration,
    fates: Fates,
}

#[derive(Debug, Clone, Default)]
enum Fates {
    #[default]
    Good,
    All(Fate),
    Listed(BTreeMap<u64, Fate>),
    /// By lot: of a hundred, how many are lost, doubled, overtaken.
    Drawn {
        seed: u64,
        lost: u64,
        doubled: u64,
        overtaken: u64,
    },
}

impl Plan {
    /// All pass.
    pub(crate) fn good() -> Self {
        Self::default()
    }

    /// All have this fate.
    pub(crate) fn all(fate: Fate) -> Self {
        Self { fates: Fates::All(fate), ..Self::good() }
    }

    /// Those that are listed have their fate, the others pass.
    pub(crate) fn listed(fates: impl IntoIterator<Item = (u64, Fate)>) -> Self {
        Self { fates: Fates::Listed(fates.into_iter().collect()), ..Self::good() }
    }

    /// Of a hundred packets, about so many are lost, doubled and overtaken; the same ones for the
    /// same seed.
    pub(crate) fn drawn(seed: u64, lost: u64, doubled: u64, overtaken: u64) -> Self {
        assert!(lost + doubled + overtaken <= 100);
        Self { fates: Fates::Drawn { seed, lost, doubled, overtaken }, ..Self::good() }
    }

    /// All that pass take so long.
    pub(crate) fn delayed(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The packets of this family only.
    pub(crate) fn only(self, family: Family) -> Self {
        Self { family: Some(family), ..self }
    }

    /// What becomes of the packet of this number.
    pub(crate) fn fate(&self, number: u64) -> Fate {
        match &self.fates {
            Fates::Good => Fate::Passes,
            Fates::All(fate) => *fate,
            Fates::Listed(fates) => fates.get(&number).copied().unwrap_or(Fate::Passes),
            Fates::Drawn { seed, lost, doubled, overtaken } => {
                let drawn = scramble(seed.wrapping_add(scramble(number)));
                match drawn % 100 {
                    lot if lot < *lost => Fate::IsLost,
                    lot if lot < lost + doubled => Fate::IsDoubled,
                    lot if lot < lost + doubled + overtaken => {
                        Fate::IsOvertakenBy(1 + (drawn >> 32) as u32 % 4)
                    }
                    _ => Fate::Passes,
                }
            }
        }
    }

    /// The numbers of the packets in the order in which they arrive, if so many are sent and none
    /// of them is late. Those that wait for others still are not among them.
    pub(crate) fn arrivals(&self, count: u64) -> Vec<u64> {
        let mut line = Line::new(self.clone());
        let mut arrived = Vec::new();
        for number in 0..count {
            arrived.extend(line.take(number).into_iter().map(|(number, _)| number));
        }
        arrived
    }
}

/// The finaliser of SplitMix64: each bit of the result depends on each bit of the number.
fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// What became of the packets of a direction since its plan was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Those with a number.
    pub(crate) seen: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) overtaken: u64,
}

/// One direction: which packets go on, in which order. It knows neither clock nor socket.
#[derive(Debug)]
struct Line<T> {
    plan: Plan,
    counts: Counts,
    /// Those that wait: for so many others, or for another plan.
    waiting: Vec<(Option<u32>, T)>,
}

impl<T: Clone> Line<T> {
    fn new(plan: Plan) -> Self {
        Self { plan, counts: Counts::default(), waiting: Vec::new() }
    }

    /// What goes on when this packet comes, and how much later.
    fn take(&mut self, packet: T) -> Vec<(T, Duration)> {
        let delay = self.plan.delay;
        let fate = self.plan.fate(self.counts.seen);
        self.counts.seen += 1;
        let mut going = match fate {
            Fate::Passes => vec![(packet, delay)],
            Fate::IsLost => {
                self.counts.lost += 1;
                return Vec::new();
            }
            Fate::IsDoubled => {
                self.counts.doubled += 1;
                vec![(packet.clone(), delay), (packet, delay)]
            }
            Fate::IsLate(late) => vec![(packet, delay + late)],
            Fate::IsOvertakenBy(others) => {
                self.counts.overtaken += 1;
                self.waiting.push((Some(others), packet));
                return Vec::new();
            }
            Fate::IsHeld => {
                self.waiting.push((None, packet));
                return Vec::new();
            }
        };
        // One that went by, however often.
        for (others, _) in &mut self.waiting {
            *others = others.map(|others| others.saturating_sub(1));
        }
        let waiting = mem::take(&mut self.waiting);
        let (overtaken, waiting): (Vec<_>, _) =
            waiting.into_iter().partition(|(others, _)| *others == Some(0));
        self.waiting = waiting;
        going.extend(overtaken.into_iter().map(|(_, packet)| (packet, delay)));
        going
    }

    /// Begins anew with this plan; gives those that waited.
    fn set(&mut self, plan: Plan) -> Vec<T> {
        let before = mem::replace(self, Self::new(plan));
        before.waiting.into_iter().map(|(_, packet)| packet).collect()
    }
}

/// A packet as packet(7) gives and takes it, after a header with what the kernel has left to do
/// (linux/virtio_net.h, `struct virtio_net_hdr`).
type Frame = Vec<u8>;

const VNET_HEADER: usize = 10;

/// How many bytes may wait for the relay.
const ROOM: i32 = 16 << 20;

/// The family of a packet that has a number.
fn family(frame: &[u8]) -> Option<Family> {
    let packet = frame.get(VNET_HEADER + 14..)?;
    match (frame.get(VNET_HEADER + 12..VNET_HEADER + 14)?, packet) {
        // ICMP, TCP, UDP
        ([0x08, 0x00], packet) => matches!(packet.get(9)?, 1 | 6 | 17).then_some(Family::Ipv4),
        // TCP, UDP, fragments; of ICMPv6 the errors and the echo
        ([0x86, 0xdd], packet) => match packet.get(6)? {
            6 | 17 | 44 => Some(Family::Ipv6),
            58 => (*packet.get(40)? <= 129).then_some(Family::Ipv6),
            _ => None,
        },
        _ => None,
    }
}

#[derive(Debug)]
struct RelayState {
    to_left: Line<Frame>,
    to_right: Line<Frame>,
    /// What is under way: when it is due, and in which order it came.
    under_way: BinaryHeap<Reverse<(Instant, u64, Way, Frame)>>,
    order: u64,
}

impl RelayState {
    fn line(&mut self, way: Way) -> &mut Line<Frame> {
        match way {
            Way::ToLeft => &mut self.to_left,
            Way::ToRight => &mut self.to_right,
        }
    }

    fn take(&mut self, way: Way, frame: Frame) {
        let line = self.line(way);
        let numbered = match (family(&frame), line.plan.family) {
            (Some(family), Some(only)) => family == only,
            (family, _) => family.is_some(),
        };
        let going = if numbered { line.take(frame) } else { vec![(frame, Duration::ZERO)] };
        for (frame, delay) in going {
            self.send(way, frame, delay);
        }
    }

    fn send(&mut self, way: Way, frame: Frame, delay: Duration) {
        self.order += 1;
        self.under_way.push(Reverse((Instant::now() + delay, self.order, way, frame)));
    }

    /// What is due next, if that is now; or how long it takes until then.
    fn due(&mut self) -> Result<(Way, Frame), Option<Duration>> {
        let Some(Reverse((due, ..))) = self.under_way.peek() else { return Err(None) };
        let left = due.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            return Err(Some(left));
        }
        let Reverse((_, _, way, frame)) = self.under_way.pop().ok_or(None)?;
        Ok((way, frame))
    }
}

/// The bad line between two hosts; at first all packets pass.
#[derive(Debug)]
pub(crate) struct Relay {
    state: Arc<Mutex<RelayState>>,
    /// The thread wakes when something comes here, and ends when this is closed.
    waker: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// The host where a relay is to run; its interfaces are `left` and `right`.
    pub(super) fn host() -> Result<Host, String> {
        let host = Host::new()?;
        host.sysctl("ipv6/conf/default/disable_ipv6", "1");
        Ok(host)
    }

    pub(super) fn start(host: Host) -> Result<Self, String> {
        let up = ["left", "right"].map(|name| format!("link set dev {name} up"));
        host.ip_lines(&up)?;
        let state = RelayState {
            to_left: Line::new(Plan::good()),
            to_right: Line::new(Plan::good()),
            under_way: BinaryHeap::new(),
            order: 0,
        };
        let state = Arc::new(Mutex::new(state));
        let why = |error: io::Error| format!("no relay: {error}");
        let (waker, woken) = UnixStream::pair().map_err(why)?;
        woken.set_nonblocking(true).map_err(why)?;
        let wires = host.run(|| Ok([Wire::open("left")?, Wire::open("right")?])).map_err(why)?;
        for name in ["left", "right"] {
            host.await_carrier(name);
        }
        let thread = thread::spawn({
            let state = Arc::clone(&state);
            move || relay(&state, &wires, woken)
        });
        Ok(Self { state, waker: Some(waker), thread: Some(thread) })
    }

    /// Makes a plan for one direction, where the numbers begin anew; what waits there goes on.
    #[track_caller]
    pub(crate) fn set(&self, way: Way, plan: Plan) {
        let mut state = self.state();
        for frame in state.line(way).set(plan) {
            state.send(way, frame, Duration::ZERO);
        }
        drop(state);
        self.waker.as_ref().unwrap().write_all(&[0]).unwrap();
    }

    /// Makes a plan for both directions.
    #[track_caller]
    pub(crate) fn set_both(&self, plan: &Plan) {
        self.set(Way::ToLeft, plan.clone());
        self.set(Way::ToRight, plan.clone());
    }

    /// What became of the packets of a direction since its plan was made.
    pub(crate) fn counts(&self, way: Way) -> Counts {
        self.state().line(way).counts
    }

    fn state(&self) -> MutexGuard<'_, RelayState> {
        self.state.lock().expect("the relay runs")
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.waker.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if let Some(Err(panic)) = ended {
            if !thread::panicking() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// The thread of a relay.
fn relay(state: &Mutex<RelayState>, wires: &[Wire; 2], mut woken: UnixStream) {
    let [left, right] = wires;
    loop {
        let wait = loop {
            let due = state.lock().unwrap().due();
            match due {
                Ok((Way::ToLeft, frame)) => left.send(&frame),
                Ok((Way::ToRight, frame)) => right.send(&frame),
                Err(wait) => break wait,
            }
        };
        poll([left.0.as_raw_fd(), right.0.as_raw_fd(), woken.as_raw_fd()], wait);
        for (wire, way) in [(left, Way::ToRight), (right, Way::ToLeft)] {
            while let Some(frame) = wire.receive() {
                state.lock().unwrap().take(way, frame);
            }
        }
        match woken.read(&mut [0; 64]) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}"),
        }
    }
    for wire in wires {
        assert_eq!(wire.dropped(), 0, "the relay was too slow");
    }
}

/// Waits until one of them has something, at most so long.
fn poll(fds: [i32; 3], wait: Option<Duration>) {
    let mut entries = fds.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    let wait = wait.map_or(-1, |wait| wait.as_micros().div_ceil(1000) as i32);
    // SAFETY: there are three entries, and nobody else uses them meanwhile.
    let ready = unsafe { libc::poll(entries.as_mut_ptr(), 3, wait) };
    assert!(ready >= 0, "poll: {}", io::Error::last_os_error());
}

/// A socket of packet(7) on one interface.
#[derive(Debug)]
struct Wire(OwnedFd);

impl Wire {
    fn open(name: &str) -> io::Result<Self> {
        let index = Interface::from_name(name).map_err(io::Error::from)?.index();
        let protocol = (libc::ETH_P_ALL as u16).to_be();
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // It hears nothing before it is bound.
        // SAFETY: the call takes integers.
        let fd = check(unsafe { libc::socket(libc::AF_PACKET, kind, 0) } as isize)?;
        // SAFETY: it was just opened, and nobody else has it.
        let wire = Self(unsafe { OwnedFd::from_raw_fd(fd as i32) });
        wire.set(libc::SOL_PACKET, libc::PACKET_VNET_HDR, 1)?;
        wire.set(libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, 1)?;
        // An ordinary user has what the system lets everybody have.
        if wire.set(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, ROOM).is_err() {
            wire.set(libc::SOL_SOCKET, libc::SO_RCVBUF, ROOM)?;
        }
        let address = libc::sockaddr_ll {
            sll_family: libc::AF_PACKET as u16,
            sll_protocol: protocol,
            sll_ifindex: index.get() as i32,
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        let len = size_of_val(&address) as libc::socklen_t;
        let address = (&raw const address).cast();
        // SAFETY: the address is as long as it says.
        check(unsafe { libc::bind(wire.0.as_raw_fd(), address, len) } as isize)?;
        Ok(wire)
    }

    fn set(&self, level: i32, name: i32, value: i32) -> io::Result<()> {
        let len = size_of_val(&value) as libc::socklen_t;
        let value = (&raw const value).cast();
        // SAFETY: the value is as long as it says.
        let set = unsafe { libc::setsockopt(self.0.as_raw_fd(), level, name, value, len) };
        check(set as isize).map(drop)
    }

    /// The next packet, if there is one.
    #[track_caller]
    fn receive(&self) -> Option<Frame> {
        let mut frame = vec![0; VNET_HEADER + 14 + (1 << 16)];
        // SAFETY: the buffer is as long as it says.
        let len =
            unsafe { libc::recv(self.0.as_raw_fd(), frame.as_mut_ptr().cast(), frame.len(), 0) };
        match check(len) {
            Ok(len) => frame.truncate(len),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            // The hosts are gone.
            Err(error) if error.raw_os_error() == Some(libc::ENETDOWN) => return None,
            Err(error) => panic!("the relay cannot receive: {error}"),
        }
        Some(frame)
    }

    #[track_caller]
    fn send(&self, frame: &[u8]) {
        // SAFETY: the buffer is as long as it says.
        let sent = unsafe { libc::send(self.0.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0) };
        match check(sent) {
            Ok(sent) => assert_eq!(sent, frame.len()),
            // The hosts are gone.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENETDOWN | libc::ENXIO)) => {}
            Err(error) => panic!("the relay cannot send {} bytes: {error}", frame.len()),
        }
    }

    /// How many packets had no room.
    fn dropped(&self) -> u32 {
        // linux/if_packet.h, `struct tpacket_stats`: packets, drops
        let mut counts = [0_u32; 2];
        let mut len = size_of_val(&counts) as libc::socklen_t;
        let (fd, room) = (self.0.as_raw_fd(), counts.as_mut_ptr().cast());
        // SAFETY: there is as much room as it says.
        let got = unsafe {
            libc::getsockopt(fd, libc::SOL_PACKET, libc::PACKET_STATISTICS, room, &raw mut len)
        };
        check(got as isize).unwrap();
        counts[1]
    }
}

fn check(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

#[test]
fn plan_determines_arrival_order() {
    let arrivals = |plan: Plan| plan.arrivals(6);
    assert_eq!(arrivals(Plan::good()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(arrivals(Plan::all(Fate::IsLost)), [0; 0]);
    assert_eq!(Plan::all(Fate::IsDoubled).arrivals(2), [0, 0, 1, 1]);
    let swapped = [(0, Fate::IsOvertakenBy(3)), (1, Fate::IsOvertakenBy(1)), (4, Fate::IsLost)];
    assert_eq!(arrivals(Plan::listed(swapped)), [2, 1, 3, 5, 0]);
    assert_eq!(arrivals(Plan::listed([(5, Fate::IsOvertakenBy(1))])), [0, 1, 2, 3, 4]);
    assert_eq!(arrivals(Plan::listed([(2, Fate::IsHeld)])), [0, 1, 3, 4, 5]);
}

#[test]
fn drawn_plan_follows_seed_and_rates() {
    let arrivals = |seed| Plan::drawn(seed, 20, 10, 5).arrivals(10_000);
    assert_eq!(arrivals(7), arrivals(7));
    assert_ne!(arrivals(7), arrivals(8));
    let plan = Plan::drawn(7, 20, 10, 5);
    let count = |wanted: fn(Fate) -> bool| (0..10_000).filter(|n| wanted(plan.fate(*n))).count();
    assert!((1800..2200).contains(&count(|fate| fate == Fate::IsLost)));
    assert!((850..1150).contains(&count(|fate| fate == Fate::IsDoubled)));
    assert!((400..600).contains(&count(|fate| matches!(fate, Fate::IsOvertakenBy(_)))));
    assert_eq!(
        arrivals(7).len(),
        10_000 - count(|fate| fate == Fate::IsLost) + count(|fate| fate == Fate::IsDoubled)
    );
}

#[test]
fn discovery_membership_and_arp_lack_number() {
    let frame = |kind: [u8; 2], at: usize, protocol: u8, icmp: u8| {
        let mut frame = vec![0; VNET_HEADER + 14 + 60];
        frame[VNET_HEADER + 12..VNET_HEADER + 14].copy_from_slice(&kind);
        frame[VNET_HEADER + 14 + at] = protocol;
        frame[VNET_HEADER + 14 + 40] = icmp;
        family(&frame)
    };
    let (ipv4, ipv6, arp) = ([8, 0], [0x86, 0xdd], [8, 6]);
    for protocol in [6, 17] {
        assert_eq!(frame(ipv6, 6, protocol, 0), Some(Family::Ipv6));
        assert_eq!(frame(ipv4, 9, protocol, 0), Some(Family::Ipv4));
    }
    assert_eq!(frame(ipv6, 6, 58, 1), Some(Family::Ipv6));
    assert_eq!(frame(ipv6, 6, 58, 135), None, "a neighbour solicitation");
    assert_eq!(frame(ipv6, 6, 0, 0), None, "a report of a group");
    assert_eq!(frame(ipv4, 9, 2, 0), None, "IGMP");
    assert_eq!(frame(arp, 9, 6, 0), None);
    assert_eq!(family(&[]), None);
}
