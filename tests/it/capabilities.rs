//! What the host can do, against what the host says of itself.

use inet6::{Builder, capabilities::Capabilities};

#[test]
fn host_meets_test_requirements() {
    let can = Capabilities::probe().unwrap();
    assert!(can.ipv6 && can.dual_stack, "{can:?}");
    let again = std::thread::spawn(Capabilities::probe).join().unwrap();
    assert_eq!(can, again.unwrap());
}

#[test]
fn multipath_tcp_capability_matches_opening() {
    let opened = Builder::stream().multipath_tcp().bind("[::1]:0");
    assert_eq!(Capabilities::probe().unwrap().multipath_tcp, opened.is_ok(), "{opened:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn capabilities_match_kernel() {
    use std::fs;

    let setting = |name: &str| -> u32 {
        let text = fs::read_to_string(format!("/proc/sys/net/{name}")).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    };
    let can = Capabilities::probe().unwrap();
    assert_eq!(can.multipath_tcp, setting("mptcp/enabled") != 0);
    // Bit 0 is the client's (tcp(7), tcp_fastopen).
    assert_eq!(can.fast_open, setting("ipv4/tcp_fastopen") & 1 != 0);
    // Linux 4.18 and 5.0; the other two are older than any that Rust supports.
    assert!(can.segmentation_offload && can.receive_offload, "{can:?}");
    assert!(can.error_queue && can.source_specific_multicast, "{can:?}");
}

/// The answers are kept for the life of a process: each case has its own.
#[cfg(target_os = "linux")]
mod lacking {
    use super::*;
    use std::os::fd::AsRawFd;

    use crate::support::*;

    #[test]
    fn host_without_ipv6_has_nothing() {
        in_own_process(|| {
            let fault = Fault { call: libc::SYS_socket, arguments: &[], errno: libc::EAFNOSUPPORT };
            let can = require!(with_faults(&[fault], Capabilities::probe), "faults").unwrap();
            assert!(!can.ipv6 && !can.dual_stack && !can.multipath_tcp && !can.fast_open);
            assert!(!can.segmentation_offload && !can.receive_offload && !can.error_queue);
            assert!(!can.source_specific_multicast);
        });
    }

    /// `lo` may be without `::1` although all else works.
    #[test]
    fn options_need_no_address() {
        in_own_process(|| {
            let fault = Fault { call: libc::SYS_bind, arguments: &[], errno: libc::EADDRNOTAVAIL };
            let can = require!(with_faults(&[fault], Capabilities::probe), "faults").unwrap();
            assert!(!can.ipv6 && !can.dual_stack, "{can:?}");
            assert!(can.segmentation_offload && can.receive_offload && can.error_queue, "{can:?}");
            assert!(can.source_specific_multicast, "{can:?}");
        });
    }

    /// Each probe that fails for want of something, at each of its calls.
    #[test]
    fn starved_probes_are_not_answers() {
        in_own_process(|| {
            let on = |call, errno| Fault { call, arguments: &[], errno };
            let multipath = [(2, libc::IPPROTO_MPTCP)];
            let echo = [(2, libc::IPPROTO_ICMPV6)];
            let named = |arguments, call, errno| Fault { call, arguments, errno };
            let faults = [
                on(libc::SYS_socket, libc::EMFILE),
                on(libc::SYS_socket, libc::ENFILE),
                on(libc::SYS_socket, libc::ENOBUFS),
                on(libc::SYS_socket, libc::ENOMEM),
                named(&multipath, libc::SYS_socket, libc::EMFILE),
                named(&echo, libc::SYS_socket, libc::ENFILE),
                on(libc::SYS_bind, libc::EADDRINUSE),
                on(libc::SYS_setsockopt, libc::ENOMEM),
                on(libc::SYS_getsockopt, libc::ENOBUFS),
            ];
            let before = open_descriptors();
            for fault in faults {
                let error =
                    require!(with_faults(&[fault], Capabilities::probe), "faults").unwrap_err();
                assert_eq!(error.raw_os_error(), Some(fault.errno), "{error}");
                assert_eq!(open_descriptors(), before);
            }
            let can = Capabilities::probe().unwrap();
            assert!(can.ipv6 && can.dual_stack && can.segmentation_offload, "{can:?}");
        });
    }

    /// The limit of the process itself, at each number of descriptors that is too small.
    #[test]
    fn process_at_its_limit_probes_again() {
        in_own_process(|| {
            // The lowest free number is the next descriptor.
            let next: libc::rlim_t = socket().as_raw_fd().try_into().unwrap();
            for room in 0..3 {
                let before = limit_descriptors(next + room);
                let error = Capabilities::probe().unwrap_err();
                limit_descriptors(before);
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                assert!(error.to_string().contains("too many open descriptors"), "{error}");
            }
            assert!(Capabilities::probe().unwrap().ipv6);
        });
    }

    #[test]
    fn host_without_dual_stack_reports_it() {
        in_own_process(|| {
            let arguments: &[_] = &[(1, libc::IPPROTO_IPV6), (2, libc::IPV6_V6ONLY)];
            // It claims success and does nothing, as DragonFly did.
            let fault = Fault { call: libc::SYS_setsockopt, arguments, errno: 0 };
            let can = require!(with_faults(&[fault], Capabilities::probe), "faults").unwrap();
            assert!(can.dual_stack && !can.ipv6, "nobody restricts a socket: {can:?}");
        });
    }

    #[test]
    fn missing_option_is_not_claimed() {
        in_own_process(|| {
            let lacks = |call, name| Fault { call, arguments: name, errno: libc::ENOPROTOOPT };
            let source = [(1, libc::IPPROTO_IPV6), (2, libc::MCAST_JOIN_SOURCE_GROUP)];
            let segment = [(1, libc::SOL_UDP), (2, libc::UDP_SEGMENT)];
            let fast_open = [(1, libc::IPPROTO_TCP), (2, libc::TCP_FASTOPEN_CONNECT)];
            let faults = [
                lacks(libc::SYS_setsockopt, &source),
                lacks(libc::SYS_getsockopt, &segment),
                lacks(libc::SYS_setsockopt, &fast_open),
            ];
            let can = require!(with_faults(&faults, Capabilities::probe), "faults").unwrap();
            assert!(can.ipv6 && can.receive_offload && can.error_queue, "{can:?}");
            assert!(!can.source_specific_multicast, "{can:?}");
            assert!(!can.segmentation_offload && !can.fast_open, "{can:?}");
        });
    }
}
