//! Flow labels in a namespace of their own: a lease that is not shared by all changes what every
//! socket there may send.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::process::Command;
use std::time::Duration;

use inet6::header::FlowLabel;
use inet6::option::{AutoFlowLabel, FlowInfoSend, RecvFlowInfo};
use inet6::{Builder, UdpSocket, error::Op, flow_label::FlowShare, udp::Outgoing};

use super::wire::Capture;
use crate::lab::{Host, Lab};
use crate::support::*;

const PEER: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

/// A host that is alone.
fn loopback_only() -> Result<Host, String> {
    let host = Host::new()?;
    host.ip("link set dev lo up");
    Ok(host)
}

/// A socket that sends what label an address carries.
fn socket() -> UdpSocket {
    Builder::datagram().with(FlowInfoSend(true)).bind("[::1]:0").unwrap()
}

/// Sends a datagram with a label from a socket to itself.
fn send(socket: &UdpSocket, label: FlowLabel) -> Result<usize, ErrorKind> {
    let port = socket.local_addr().unwrap().port();
    let peer = SocketAddrV6::new(Ipv6Addr::LOCALHOST, port, label.flowinfo(), 0);
    socket.send_to(b"labelled", peer).map_err(|error| error.kind())
}

/// What the kernel's table has for a label: sharing, users, and the seconds after its release.
fn table(label: FlowLabel) -> Option<(u8, u32, u32)> {
    let text = fs::read_to_string("/proc/thread-self/net/ip6_flowlabel").unwrap();
    text.lines().skip(1).find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let found = u32::from_str_radix(words[0], 16).unwrap() == label.bits();
        let number = |at: usize| words[at].parse::<u32>().unwrap();
        found.then(|| (number(1) as u8, number(3), number(4)))
    })
}

/// Whether another program gets the label, sharing it in this way (linux/in6.h), or what it is
/// told.
fn elsewhere(label: FlowLabel, share: u8) -> String {
    // An address, the label, GET, the sharing, CREATE, and three numbers of no matter.
    let program = format!(
        "import socket, struct\n\
         s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n\
         r = socket.inet_pton(socket.AF_INET6, '{PEER}')\n\
         r += struct.pack('!I', {}) + struct.pack('=BBHHHI', 0, {share}, 1, 0, 0, 0)\n\
         try: s.setsockopt(socket.IPPROTO_IPV6, 32, r); print('leased')\n\
         except OSError as e: print(e.strerror)",
        label.bits()
    );
    let output = Command::new("python3").args(["-c", &program]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn exclusive_label_is_not_shared() {
    let host = require!(loopback_only(), "the lab");
    host.run(|| {
        let (owner, other) = (socket(), socket());
        let free = FlowLabel::new(0x4711).unwrap();
        // Nobody has a label of his own yet: what has no lease is sent.
        assert_eq!(send(&other, free), Ok(8));

        let lease = owner.request_flow_label(PEER, None, FlowShare::Exclusive).unwrap();
        let label = lease.label();
        assert_eq!(table(label), Some((1, 1, 6)));
        assert_eq!(
            format!("{lease:?}"),
            format!("FlowLease {{ label: {label}, share: Exclusive, .. }}")
        );
        for share in [FlowShare::Exclusive, FlowShare::Process, FlowShare::User, FlowShare::Any] {
            for socket in [&owner, &other] {
                let error = socket.request_flow_label(PEER, Some(label), share).unwrap_err();
                assert_eq!(
                    (error.op(), error.kind()),
                    (Op::FlowLabel, ErrorKind::PermissionDenied)
                );
                assert!(error.to_string().contains("another lease has the label"), "{error}");
            }
        }
        for share in [1, 2, 3, 255] {
            assert_eq!(elsewhere(label, share), "Operation not permitted");
        }
        assert_eq!(elsewhere(free, 1), "leased");

        // Only its owner sends it, and what is not leased is sent no more.
        assert_eq!(send(&owner, label), Ok(8));
        assert_eq!(send(&other, label), Err(ErrorKind::InvalidInput));
        assert_eq!(send(&other, free), Err(ErrorKind::InvalidInput));

        lease.release().unwrap();
        assert_eq!(table(label), Some((1, 0, 6)));
        assert_eq!(send(&owner, label), Err(ErrorKind::InvalidInput));
        let error = owner.request_flow_label(PEER, Some(label), FlowShare::Exclusive).unwrap_err();
        assert!(error.to_string().contains("some seconds after its release"), "{error}");
    });
}

#[test]
fn shared_label_needs_same_share_mode() {
    let host = require!(loopback_only(), "the lab");
    host.run(|| {
        let socket = socket();
        let lease = |share| socket.request_flow_label(PEER, None, share).unwrap();
        let join = |label, share| {
            socket.request_flow_label(PEER, Some(label), share).map(|lease| lease.keep())
        };
        let modes = [
            (FlowShare::Process, 2, "Operation not permitted"),
            (FlowShare::User, 3, "leased"),
            (FlowShare::Any, 255, "leased"),
        ];
        for (share, number, another_program) in modes {
            let lease = lease(share);
            assert_eq!(lease.share(), share);
            let label = lease.label();
            assert_eq!(table(label), Some((number, 1, 6)));
            assert_eq!(join(label, share).unwrap(), label);
            assert_eq!(table(label), Some((number, 2, 6)), "{share:?}");
            assert_eq!(elsewhere(label, number), another_program);
            // Only in the same way.
            for (other, other_number, _) in modes.iter().filter(|(other, ..)| *other != share) {
                let error = join(label, *other).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::PermissionDenied);
                assert_eq!(elsewhere(label, *other_number), "Operation not permitted");
            }
        }
        // To the kernel a process is a thread.
        let lease = lease(FlowShare::Process);
        let label = lease.label();
        assert_eq!(join(label, FlowShare::Process).unwrap(), label);
        let joined = host.run(|| join(label, FlowShare::Process).map_err(|error| error.kind()));
        assert_eq!(joined, Err(ErrorKind::PermissionDenied));
    });
}

#[test]
fn lease_ends_with_drop_or_socket() {
    let host = require!(loopback_only(), "the lab");
    host.run(|| {
        let (one, two) = (socket(), socket());
        let lease = one.request_flow_label(PEER, None, FlowShare::User).unwrap();
        let label = lease.label();
        let joined = two.request_flow_label(PEER, Some(label), FlowShare::User).unwrap();
        let twice = two.request_flow_label(PEER, Some(label), FlowShare::User).unwrap();
        assert_eq!(table(label), Some((3, 3, 6)));
        drop(twice);
        assert_eq!(table(label), Some((3, 2, 6)));
        assert_eq!(send(&two, label), Ok(8));
        drop(joined);
        assert_eq!(table(label), Some((3, 1, 6)));
        assert_eq!(send(&two, label), Err(ErrorKind::InvalidInput));
        assert_eq!(send(&one, label), Ok(8));
        assert_eq!(lease.keep(), label);
        assert_eq!(table(label), Some((3, 1, 6)));
        assert_eq!(send(&one, label), Ok(8));
        drop(one);
        // The kernel frees a socket a little later.
        wait_until("the lease ends", || table(label) != Some((3, 1, 6)));
        assert!(matches!(table(label), None | Some((3, 0, 6))));
        // A shared one may be had again at once.
        let again = two.request_flow_label(PEER, Some(label), FlowShare::User).unwrap();
        assert_eq!(table(again.label()), Some((3, 1, 6)));
    });
}

#[test]
fn flow_label_arrives_unchanged() {
    let host = require!(loopback_only(), "the lab");
    host.run(|| {
        let server = with_read_timeout(
            Builder::datagram().with(RecvFlowInfo(true)).bind("[::1]:0").unwrap(),
        );
        let mut peer = v6(server.local_addr().unwrap());
        let socket = Builder::datagram().with(AutoFlowLabel(false)).bind("[::1]:0").unwrap();
        let lease = socket.request_flow_label(*peer.ip(), None, FlowShare::Exclusive).unwrap();
        let label = lease.label();
        let received = || server.recv_message(&mut [0; 16]).unwrap().flow_label;

        let message = Outgoing::to(peer, b"label");
        socket.send_message(&message.flow_label(label)).unwrap();
        assert_eq!(received(), Some(label));
        socket.send_message(&message).unwrap();
        assert_eq!(received(), None);
        // The address counts once it is told to.
        peer.set_flowinfo(label.flowinfo());
        socket.send_to(b"label", peer).unwrap();
        assert_eq!(received(), None);
        socket.set_option(FlowInfoSend(true)).unwrap();
        socket.send_to(b"label", peer).unwrap();
        assert_eq!(received(), Some(label));
        // The whole of it is the label: what else stands there is no traffic class.
        peer.set_flowinfo(label.flowinfo() | 0x0ff0_0000_u32.to_be());
        socket.send_to(b"label", peer).unwrap();
        assert_eq!(received(), Some(label));

        let other = FlowLabel::new(label.bits() ^ 1).unwrap();
        let refused = socket.send_message(&message.flow_label(other)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);

        lease.keep();
        let connected = socket.connect(peer).unwrap();
        connected.send(b"label").unwrap();
        assert_eq!(received(), Some(label));
        connected.send_message(&Outgoing::new(b"label").flow_label(label)).unwrap();
        assert_eq!(received(), Some(label));
    });
}

#[test]
fn connection_keeps_flow_label_lease() {
    let host = require!(loopback_only(), "the lab");
    host.run(|| {
        let listener = listener();
        let mut peer = v6(listener.local_addr().unwrap());
        let bound = Builder::stream().with(FlowInfoSend(true)).bind("[::]:0").unwrap();
        let lease = bound.request_flow_label(*peer.ip(), None, FlowShare::Exclusive).unwrap();
        let label = lease.keep();
        peer.set_flowinfo(label.flowinfo());
        let stream = bound.connect(peer).unwrap();
        assert_eq!(
            FlowLabel::from_flowinfo(v6(stream.peer_addr().unwrap()).flowinfo()),
            Some(label)
        );
        assert_eq!(table(label), Some((1, 1, 6)));
        // Nobody else connects with it.
        let other = Builder::stream().with(FlowInfoSend(true)).connect(peer).unwrap_err();
        assert_eq!((other.op(), other.kind()), (Op::Connect, ErrorKind::InvalidInput));
        drop(stream);
    });
}

#[test]
fn lease_sets_label_linger_time() {
    let host = require!(loopback_only(), "the lab");
    host.run(|| {
        let socket = socket();
        let lease = socket.request_flow_label(PEER, None, FlowShare::Exclusive).unwrap();
        for seconds in [7, 120, 150] {
            lease.linger(Duration::from_secs(seconds)).unwrap();
            assert_eq!(table(lease.label()), Some((1, 1, seconds as u32)));
        }
        let error = without_privileges(|| lease.linger(Duration::from_secs(151)).unwrap_err());
        assert_eq!(error.to_string(), "cannot lease a flow label: permission denied");
        assert_eq!(table(lease.label()), Some((1, 1, 150)));
    });
}

#[test]
fn lease_error_explains_kernel_refusal() {
    let host = require!(loopback_only(), "the lab");
    host.run(|| {
        host.sysctl("ipv6/flowlabel_state_ranges", "1");
        let socket = socket();
        let request = |bits| socket.request_flow_label(PEER, FlowLabel::new(bits), FlowShare::Any);
        let error = request(0x8_0000).unwrap_err();
        assert!(error.to_string().contains("flowlabel_state_ranges"), "{error}");
        assert_eq!(request(0x7_ffff).unwrap().label().bits(), 0x7_ffff);

        without_privileges(|| {
            let error = (1..=64).find_map(|bits| match request(bits) {
                Ok(lease) => {
                    lease.keep();
                    None
                }
                Err(error) => Some((bits, error)),
            });
            // linux: FL_MAX_PER_SOCK
            let (bits, error) = error.expect("there is a limit");
            assert_eq!(bits, 33);
            assert!(error.to_string().contains("as many leases as it may"), "{error}");
        });
    });
}

#[test]
fn auto_flow_label_marks_each_flow() {
    let lab = require!(Lab::new(), "the lab");
    let receiver = lab.right.run(|| UdpSocket::bind("[::]:0").unwrap());
    let port = receiver.local_addr().unwrap().port();
    for on in [true, false] {
        // Twenty flows of two packets.
        let filter = format!("udp dst port {port}");
        let capture = require!(Capture::start(&lab.right, "wire", 40, &filter), "the wire");
        lab.left.run(|| {
            for _ in 0..20 {
                let builder = Builder::datagram().with(AutoFlowLabel(on));
                let socket = builder.bind("[2001:db8::1]:0").unwrap();
                socket.send_to(b"one", (PEER, port)).unwrap();
                socket.send_to(b"two", (PEER, port)).unwrap();
            }
        });
        let packets = capture.packets();
        let labels: Vec<_> = packets.iter().map(|packet| packet.label).collect();
        for flow in packets.chunks(2) {
            assert_eq!(flow[0].port, flow[1].port);
            assert_eq!(flow[0].label, flow[1].label, "{labels:x?}");
            assert_eq!(flow[0].label != 0, on, "{labels:x?}");
        }
        assert_eq!(labels.iter().any(|label| *label != labels[0]), on, "{labels:x?}");
    }
}
