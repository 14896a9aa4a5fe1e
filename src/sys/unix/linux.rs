//! What only systems on the Linux kernel have.

use std::ffi::{CStr, c_int};
use std::fs;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::{Duration, Instant};

use super::data::{control, header_for, recv_slices};
use super::netdevice::index_on;
use super::{check, decode, ioctl, setsockopt};
use crate::error::{Absence, Refusal};
use crate::sys::cmsg::{Native, Queued, RecvControl};
use crate::sys::{
    Borrowed, INTERFACE_NAME_LEN, QueuedReport, SocketRef, get_bytes, interface_name,
    list_interfaces, option_numbers,
};

pub(crate) fn send_queue_len(fd: Borrowed<'_>) -> io::Result<usize> {
    let mut len: c_int = 0;
    // SAFETY: the request writes one integer. SIOCOUTQ is TIOCOUTQ (linux/sockios.h).
    unsafe { ioctl(fd, libc::TIOCOUTQ as _, &raw mut len) }?;
    Ok(usize::try_from(len).unwrap_or(0))
}

/// Lets the processor that a packet arrives on choose among the sockets of a port.
pub(crate) fn steer_by_cpu(socket: SocketRef<'_>, count: NonZeroUsize) -> io::Result<()> {
    let count = match u32::try_from(count.get()) {
        // There is no choice, and maybe no group to attach the program to.
        Ok(1) => return Ok(()),
        Ok(count) => count,
        Err(_) => return Err(Refusal::ManySockets.into()),
    };
    let statement = |code, k| libc::sock_filter { code, jt: 0, jf: 0, k };
    let mut program = [
        // linux/filter.h: BPF_LD | BPF_W | BPF_ABS, of SKF_AD_OFF + SKF_AD_CPU.
        statement(0x20, 0xffff_f024),
        // BPF_ALU | BPF_MOD | BPF_K
        statement(0x94, count),
        // BPF_RET | BPF_A
        statement(0x16, 0),
    ];
    let program =
        libc::sock_fprog { len: program.len() as libc::c_ushort, filter: program.as_mut_ptr() };
    let (name, value) = (option_numbers::SO_ATTACH_REUSEPORT_CBPF, (&raw const program).cast());
    // SAFETY: `program` has the length that is said, points to that many statements, and the kernel
    // copies both.
    unsafe { setsockopt(socket.fd, name, value, size_of_val(&program)) }
}

/// Takes part in a flow label, or makes it; for 0, the kernel chooses one. Gives the label.
pub(crate) fn lease_flow_label(
    fd: Borrowed<'_>,
    peer: &Ipv6Addr,
    label: u32,
    share: u8,
) -> io::Result<u32> {
    // linux/in6.h: IPV6_FL_A_GET, IPV6_FL_F_CREATE.
    let request = flow_label_request(peer, label, [0, share], 1, 0);
    manage_flow_label(fd, request)
}

/// Ends the part of a socket in a flow label.
pub(crate) fn release_flow_label(fd: Borrowed<'_>, label: u32) -> io::Result<()> {
    // linux/in6.h: IPV6_FL_A_PUT.
    let request = flow_label_request(&Ipv6Addr::UNSPECIFIED, label, [1, 0], 0, 0);
    manage_flow_label(fd, request).map(drop)
}

/// Says for how many seconds nobody gets a flow label after it was released.
pub(crate) fn linger_flow_label(fd: Borrowed<'_>, label: u32, seconds: u16) -> io::Result<()> {
    // linux/in6.h: IPV6_FL_A_RENEW.
    let request = flow_label_request(&Ipv6Addr::UNSPECIFIED, label, [2, 0], 0, seconds);
    manage_flow_label(fd, request).map(drop)
}

/// linux/in6.h, `struct in6_flowlabel_req`.
fn flow_label_request(
    peer: &Ipv6Addr,
    label: u32,
    action_and_share: [u8; 2],
    flags: u16,
    seconds: u16,
) -> [u8; 32] {
    let mut request = [0; 32];
    request[..16].copy_from_slice(&peer.octets());
    request[16..20].copy_from_slice(&label.to_be_bytes());
    request[20..22].copy_from_slice(&action_and_share);
    request[22..24].copy_from_slice(&flags.to_ne_bytes());
    // flr_linger
    request[26..28].copy_from_slice(&seconds.to_ne_bytes());
    request
}

/// Hands a request to the kernel, which writes the label into it.
fn manage_flow_label(fd: Borrowed<'_>, mut request: [u8; 32]) -> io::Result<u32> {
    let (value, len) = (request.as_mut_ptr(), request.len());
    // SAFETY: `request` is `len` bytes long, and the kernel writes four of them.
    unsafe { setsockopt(fd, option_numbers::IPV6_FLOWLABEL_MGR, value.cast(), len) }?;
    Ok(u32::from_be_bytes([request[16], request[17], request[18], request[19]]))
}

/// What a clock shows.
pub(crate) fn clock_time(clock: c_int) -> io::Result<Duration> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one `timespec`.
    check(unsafe { libc::clock_gettime(clock, &raw mut now) })?;
    Ok(Duration::new(now.tv_sec as u64, now.tv_nsec as u32))
}

/// What `CLOCK_MONOTONIC` shows at a moment; `Instant` is of that clock.
pub(crate) fn monotonic_time(moment: Instant) -> io::Result<Duration> {
    // A moment that has passed is no later than now.
    let ahead = moment.saturating_duration_since(Instant::now());
    // The clock is read afterwards, so that what waits for the moment does not leave before it.
    Ok(clock_time(libc::CLOCK_MONOTONIC)?.saturating_add(ahead))
}

/// Takes a report from the error queue, if there is one.
pub(crate) fn recv_error(
    fd: Borrowed<'_>,
    buffers: &mut [IoSliceMut<'_>],
) -> io::Result<Option<QueuedReport>> {
    let mut raw = MaybeUninit::<libc::sockaddr_in6>::uninit();
    let mut room = RecvControl::new();
    let mut header = header_for(&mut raw, &mut room);
    let len = match recv_slices(fd, buffers, libc::MSG_ERRQUEUE, &mut header) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
        result => result?,
    };
    let queued =
        Queued::read::<Native>(control(&room, &header)).ok_or(Refusal::QueuedWithoutReason)?;
    Ok(Some(QueuedReport {
        len,
        truncated: header.msg_flags & libc::MSG_TRUNC != 0,
        // A time of sending comes without an address.
        destination: match header.msg_namelen {
            0 => None,
            given => Some(decode(&raw, given)?),
        },
        queued,
    }))
}

/// The device that a socket is bound to by name, as an index.
pub(crate) fn device_index(socket: SocketRef<'_>) -> io::Result<Option<NonZeroU32>> {
    let mut name = [0; INTERFACE_NAME_LEN + 1];
    // Of a device that has gone, the kernel says that there is none.
    let len = get_bytes(socket, option_numbers::SO_BINDTODEVICE, &mut name).unwrap_or(0);
    match CStr::from_bytes_until_nul(&name[..len]) {
        Ok(name) if !name.is_empty() => index_on(socket.fd, name),
        _ => Ok(None),
    }
}

/// Why this host does not have an IPv6 address, as far as the kernel tells.
#[cold]
pub(crate) fn why_absent(address: &SocketAddrV6) -> Option<Absence> {
    // A namespace belongs to a thread; `/proc/net` is that of the first one.
    let table = fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap_or_default();
    if let Some(flags) = table.lines().find_map(|line| flags(line, address)) {
        return why_unused(flags);
    }
    if address.ip().is_loopback() {
        let down = || is_loopback_down().then_some(Absence::LoopbackDown);
        return if is_disabled("lo") { Some(Absence::Disabled) } else { down() };
    }
    let disabled = match address.scope_id() {
        // What was set for all interfaces may have been undone for some.
        0 => is_disabled("all") && table.lines().all(|line| line.ends_with(" lo")),
        index => NonZeroU32::new(index)
            .and_then(|index| interface_name(index).ok())
            .is_some_and(|name| is_disabled(&name)),
    };
    disabled.then_some(Absence::Disabled)
}

/// Whether there is a loopback interface, and it is down.
fn is_loopback_down() -> bool {
    let listing = list_interfaces().unwrap_or_default();
    listing.links.iter().any(|link| is_down_loopback(link.flags as c_int))
}

fn is_down_loopback(flags: c_int) -> bool {
    flags & libc::IFF_LOOPBACK != 0 && flags & libc::IFF_UP == 0
}

/// Why the host does not use an address that it was given, with these flags.
fn why_unused(flags: u32) -> Option<Absence> {
    match flags {
        _ if flags & libc::IFA_F_DADFAILED != 0 => Some(Absence::Duplicate),
        _ if flags & libc::IFA_F_TENTATIVE != 0 => Some(Absence::Tentative),
        _ => None,
    }
}

fn is_disabled(interface: &str) -> bool {
    let setting = format!("/proc/sys/net/ipv6/conf/{interface}/disable_ipv6");
    fs::read_to_string(setting).is_ok_and(|value| value.trim() == "1")
}

/// The flags of an address, if this line of `/proc/net/if_inet6` is about it: the address, the
/// index of the interface, the length of the prefix, the scope, the flags, all hexadecimal, and a
/// name.
fn flags(line: &str, address: &SocketAddrV6) -> Option<u32> {
    let mut words = line.split_whitespace();
    let ip = u128::from_str_radix(words.next()?, 16).ok()?;
    let index = u32::from_str_radix(words.next()?, 16).ok()?;
    let flags = u32::from_str_radix(words.nth(2)?, 16).ok()?;
    let is_it =
        ip == address.ip().to_bits() && (address.scope_id() == 0 || address.scope_id() == index);
    is_it.then_some(flags)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    /// As the kernel counts the times of sending.
    #[test]
    fn monotonic_time_matches_kernel_clock() {
        let clock = || {
            let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            // SAFETY: the call writes one `timespec`.
            check(unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) }).unwrap();
            Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
        };
        for ahead in [Duration::ZERO, Duration::from_secs(3600)] {
            let before = clock();
            let told = monotonic_time(Instant::now() + ahead).unwrap();
            assert!(before + ahead <= told && told <= clock() + ahead, "{before:?}: {told:?}");
        }
    }

    #[test]
    fn tentative_or_duplicate_address_is_unusable() {
        let (tentative, failed) = (libc::IFA_F_TENTATIVE, libc::IFA_F_DADFAILED);
        assert_eq!(why_unused(tentative), Some(Absence::Tentative));
        assert_eq!(why_unused(failed), Some(Absence::Duplicate));
        assert_eq!(why_unused(tentative | failed), Some(Absence::Duplicate));
        assert_eq!(why_unused(libc::IFA_F_PERMANENT | libc::IFA_F_DEPRECATED), None);
        assert_eq!(why_unused(0), None);
    }

    #[test]
    fn error_queue_needs_socket() {
        let file = fs::File::open("/proc/self/status").unwrap();
        let mut data = [0; 8];
        let room = &mut [IoSliceMut::new(&mut data)];
        let error = recv_error(file.as_fd(), room).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOTSOCK));
    }

    #[test]
    fn loopback_without_up_is_down() {
        let (loopback, up) = (libc::IFF_LOOPBACK, libc::IFF_UP);
        assert!(is_down_loopback(loopback));
        for flags in [0, up, up | loopback] {
            assert!(!is_down_loopback(flags), "{flags}");
        }
    }
}
