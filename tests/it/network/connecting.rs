//! Connections that fail while they are under way, over wires of our own.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Duration;

use inet6::kind::Stream;
use inet6::option::{Linger, RecvError};
use inet6::{Builder, DualStack, Error, TcpListener, connect::HappyEyeballs, tcp::Connecting};

use crate::lab::{Lab, Plan, Reject, Relay, Way};
use crate::support::*;

/// The right host, which the lab's left one connects to.
const PEERS: [&str; 2] = ["[2001:db8::2]:9", "192.0.2.2:9"];

fn builder(queue: bool) -> Builder<Stream, DualStack> {
    Builder::stream().with(RecvError(queue))
}

/// Two hosts, of which the right one rejects what is sent to port 9; its answers take a while, so
/// that none arrives inside `connect`.
fn rejecting(how: Reject) -> Result<(Lab, Relay), String> {
    let (lab, relay) = Lab::relayed()?;
    // The first packet would wait for the neighbour to be found, and its answer with it.
    lab.left.run(|| {
        for peer in ["[2001:db8::2]:10", "192.0.2.2:10"] {
            builder(false).connect(peer).unwrap_err();
        }
    });
    lab.right.arriving().reject("tcp dport 9", how)?;
    relay.set(Way::ToLeft, Plan::good().delayed(Duration::from_millis(20)));
    Ok((lab, relay))
}

/// Waits until the connection is ready, and takes the reports that are queued then.
fn take_reports(connecting: &Connecting<DualStack>) -> usize {
    assert!(connecting.wait(Some(PATIENCE)).unwrap());
    let mut reports = 0;
    while connecting.recv_error(&mut []).unwrap().is_some() {
        reports += 1;
    }
    reports
}

#[track_caller]
fn assert_failed<T>(result: Result<T, Error>, kind: ErrorKind, how: &str) {
    match result {
        Ok(_) => panic!("{how}: a failed connection is handed out"),
        Err(error) => assert_eq!(error.kind(), kind, "{how}: {error}"),
    }
}

#[test]
fn delayed_icmp_fails_the_connection() {
    for (how, kind) in [
        (Reject::NoRoute, ErrorKind::NetworkUnreachable),
        (Reject::Prohibited, ErrorKind::PermissionDenied),
    ] {
        let (lab, _relay) = require!(rejecting(how), "the lab");
        for peer in PEERS {
            // For IPv4, "prohibited" is an unreachable host (icmp_err_convert in net/ipv4/icmp.c).
            let kind = match (how, peer == PEERS[1]) {
                (Reject::Prohibited, true) => ErrorKind::HostUnreachable,
                _ => kind,
            };
            lab.left.run(|| {
                for queue in [false, true] {
                    let builder = builder(queue);
                    let start = || builder.start_connect(peer).unwrap();
                    let how = &format!("{peer}, queue {queue}");
                    assert_failed(start().finish(), kind, how);
                    assert_failed(builder.connect_timeout(peer, PATIENCE), kind, how);
                    let bound = builder.bind("[::]:0").unwrap();
                    assert_failed(bound.connect_timeout(peer, PATIENCE), kind, how);
                    let host = HappyEyeballs::from(peer.parse::<SocketAddr>().unwrap());
                    builder.connect_host(host).unwrap_err();
                }
                // The reports are taken first, and the pending error is gone with them.
                let connecting = builder(true).start_connect(peer).unwrap();
                assert_ne!(take_reports(&connecting), 0, "{peer}");
                assert_failed(connecting.finish(), kind, peer);
            });
        }
    }
}

/// The kernel wakes for a report a moment before it sets the error.
#[test]
fn queued_report_gives_the_error() {
    let (lab, _relay) = require!(rejecting(Reject::NoRoute), "the lab");
    require!(faults(), "seccomp");
    lab.left.run(|| {
        let arguments = [(1, libc::SOL_SOCKET), (2, libc::SO_ERROR)];
        let unset = Fault { call: libc::SYS_getsockopt, arguments: &arguments, errno: 0 };
        let finish = |peer| builder(true).start_connect(peer).unwrap().finish();
        for peer in PEERS {
            let result = with_faults(&[unset], || finish(peer)).unwrap();
            assert_failed(result, ErrorKind::NetworkUnreachable, peer);
        }
    });
}

#[test]
fn refused_connection_fails_with_either_queue() {
    let lab = require!(Lab::new(), "the lab");
    for peer in PEERS {
        lab.left.run(|| {
            for queue in [false, true] {
                let connecting = builder(queue).start_connect(peer).unwrap();
                if queue {
                    // A reset leaves no report.
                    assert_eq!(take_reports(&connecting), 0);
                }
                assert_failed(connecting.finish(), ErrorKind::ConnectionRefused, peer);
            }
        });
    }
}

#[test]
fn reset_before_finish_fails_the_connection() {
    let lab = require!(Lab::new(), "the lab");
    let listener: TcpListener<DualStack> = lab.right.run(dual_listener);
    let port = listener.local_addr().unwrap().port();
    for ip in ["2001:db8::2", "192.0.2.2"] {
        for queue in [false, true] {
            let connecting = lab.left.run(|| builder(queue).start_connect((ip, port)).unwrap());
            assert!(connecting.wait(Some(PATIENCE)).unwrap());
            let (accepted, _) = listener.accept().unwrap();
            accepted.set_option(Linger(Some(Duration::ZERO))).unwrap();
            drop(accepted);
            let same = connecting.as_fd().try_clone_to_owned().unwrap();
            let same = std::net::TcpStream::from(same);
            wait_until("the reset arrives", || same.peer_addr().is_err());
            if queue {
                assert_eq!(take_reports(&connecting), 0);
            }
            assert_failed(connecting.finish(), ErrorKind::ConnectionReset, ip);
        }
    }
}
