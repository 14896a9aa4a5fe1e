//! Waiting, by `select`.
//!
//! For `WSAPoll` does not tell of a connection that failed before Windows 10, version 2004
//! (Microsoft, "WSAPoll function").

use std::ffi::c_int;
use std::io;
use std::mem::offset_of;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::ptr;
use std::thread;
use std::time::Duration;

use windows_sys::Win32::Networking::WinSock::{self, FD_SET, SOCKET, TIMEVAL};

use super::{Borrowed, Owned, borrow, check, local_address, open, raw};
use crate::kind::{Protocol, Shape};
use crate::sys::{Readiness, Ready, bind, start_connect};

/// One `select`.
pub(crate) fn wait_once(
    sockets: &[Borrowed<'_>],
    wakeup: Option<Borrowed<'_>>,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    if sockets.is_empty() && wakeup.is_none() {
        // Three empty sets are an error.
        thread::sleep(timeout.unwrap_or(Duration::MAX));
        return Ok(Ready { sockets: Vec::new(), woken: false });
    }
    let mut readable = Set::new(wakeup.as_slice());
    let mut writable = Set::new(sockets);
    // A connection that failed is told as an exception.
    let mut failed = Set::new(sockets);
    select([&mut readable.0, &mut writable.0, &mut failed.0], timeout)?;
    let (writable, failed) = (writable.members(), failed.members());
    let is_ready = |fd| writable.contains(&fd) || failed.contains(&fd);
    Ok(Ready {
        sockets: (0..sockets.len()).filter(|at| is_ready(raw(sockets[*at]))).collect(),
        woken: !readable.members().is_empty(),
    })
}

/// One `select` of one socket.
pub(crate) fn wait_one_once(
    fd: Borrowed<'_>,
    readiness: Readiness,
    timeout: Option<Duration>,
) -> io::Result<bool> {
    let set = |wanted: bool| [SOCKET::from(wanted), raw(fd)];
    // A connection that failed is told as an exception; later, an urgent byte is.
    let mut sets = [
        set(readiness == Readiness::Readable),
        set(readiness != Readiness::Readable),
        set(readiness == Readiness::Connected),
    ];
    let [readable, writable, failed] = &mut sets;
    select([readable, writable, failed], timeout).map(|ready| ready != 0)
}

/// Each set, for what can be read, what can be written, and what failed, is the number of its
/// sockets and then the sockets.
fn select(sets: [&mut [SOCKET]; 3], timeout: Option<Duration>) -> io::Result<c_int> {
    let [readable, writable, failed] = sets.map(|set| {
        assert!(set[0] < set.len());
        // A set that is not null must not be empty (Microsoft, "select function").
        if set[0] == 0 { ptr::null_mut() } else { set.as_mut_ptr().cast::<FD_SET>() }
    });
    let timeout = timeout.map(time);
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the sets are null or as long as they say, and the time is null or a time; all of them
    // live until the call returns. The first argument is ignored.
    check(unsafe { WinSock::select(0, readable, writable, failed, timeout) })
}

/// An `FD_SET` of any length: the number of sockets in the first element, then the sockets.
///
/// The length of 64 is that of the header file, which a program may define otherwise (Microsoft,
/// "Maximum Number of Sockets Supported").
struct Set(Vec<SOCKET>);

const _: () = assert!(
    offset_of!(FD_SET, fd_count) == 0
        && offset_of!(FD_SET, fd_array) == size_of::<SOCKET>()
        && align_of::<FD_SET>() == align_of::<SOCKET>()
        // So that the low half of the first element is the number.
        && cfg!(target_endian = "little")
);

impl Set {
    fn new(sockets: &[Borrowed<'_>]) -> Self {
        Self([sockets.len()].into_iter().chain(sockets.iter().map(|fd| raw(*fd))).collect())
    }

    /// Those that the call left.
    fn members(&self) -> &[SOCKET] {
        &self.0[1..=self.0[0]]
    }
}

/// Rounded up, so that a wait of less than a microsecond does not spin.
fn time(duration: Duration) -> TIMEVAL {
    let micros = duration.as_nanos().div_ceil(1000);
    TIMEVAL {
        tv_sec: i32::try_from(micros / 1_000_000).unwrap_or(i32::MAX),
        // Less than a million.
        tv_usec: (micros % 1_000_000) as i32,
    }
}

/// Two sockets, nonblocking: what is sent on one arrives at the other.
pub(crate) fn pair() -> io::Result<(Owned, Owned)> {
    let (near, near_address) = on_loopback()?;
    let (far, far_address) = on_loopback()?;
    // Connected to each other, they take nothing from anybody else.
    for (socket, peer) in [(&near, far_address), (&far, near_address)] {
        start_connect(borrow(socket), &peer)?;
    }
    Ok((near, far))
}

fn on_loopback() -> io::Result<(Owned, SocketAddrV6)> {
    let socket = open(Shape::Datagram, Protocol::Udp, true)?;
    bind(borrow(&socket), &SocketAddrV6::new(Ipv6Addr::LOCALHOST, 0, 0, 0))?;
    let address = local_address(borrow(&socket))?;
    Ok((socket, address))
}
