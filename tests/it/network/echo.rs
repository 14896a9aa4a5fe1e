//! ICMPv6 echo over a wire of our own, answered by the kernel of the other host.

use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddrV6};

use inet6::icmp::{Icmp, Icmpv6Error, TimeExceeded, Unreachable};
use inet6::option::{
    BindDevice, DontFragment, MulticastInterface, RecvError, RecvHopLimit, RecvPacketInfo,
    UnicastHops, UnicastInterface,
};
use inet6::{
    Builder, V6Only,
    error_queue::{ErrorReport, Origin},
    icmp::EchoSocket,
    interface::Interface,
    udp::{MessageTooLong, Received},
};

use crate::icmp::echo::linux::patient_echo;
use crate::lab::{Chain, Lab, Reject};

const LEFT: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const RIGHT: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

/// Two hosts, of which the right one asks for echoes.
fn lab() -> Result<Lab, String> {
    let lab = Lab::new()?;
    lab.right.allow_echo();
    Ok(lab)
}

fn echo_socket(lab: &Lab, address: &str) -> EchoSocket {
    lab.right.run(|| patient_echo(Builder::datagram().bind_echo(address).unwrap()))
}

/// The next reply and its data.
#[track_caller]
fn receive(socket: &EchoSocket) -> (u16, Received<V6Only>, Vec<u8>) {
    let mut buffer = vec![0; 2000];
    let (sequence, reply) = socket.recv_echo(&mut buffer).unwrap();
    buffer.truncate(reply.len);
    (sequence, reply, buffer)
}

#[track_caller]
fn nothing_more(socket: &EchoSocket) {
    socket.set_nonblocking(true).unwrap();
    let error = socket.recv_echo(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

#[test]
fn peer_echoes_sequence_and_data() {
    let lab = require!(lab(), "the lab");
    let socket = echo_socket(&lab, "[::]:0");
    let data: Vec<u8> = (0..1452).map(|at| at as u8).collect();
    for (sequence, len) in [(1, 0), (2, 56), (3, 1452)] {
        socket.send_echo((LEFT, 0), sequence, &data[..len]).unwrap();
        let (number, reply, echoed) = receive(&socket);
        assert_eq!((number, reply.truncated), (sequence, false));
        assert_eq!(reply.source, SocketAddrV6::new(LEFT, 0, 0, 0));
        assert_eq!(echoed, &data[..len]);
    }
    // Longer than the link carries: in fragments, there and back.
    socket.send_echo((LEFT, 0), 4, &[7; 1999]).unwrap();
    assert_eq!(receive(&socket).2, [7; 1999]);
    nothing_more(&socket);
}

#[test]
fn echo_reply_reports_peer_hop_limit() {
    let lab = require!(lab(), "the lab");
    let socket = echo_socket(&lab, "[::]:0");
    socket.send_echo((LEFT, 0), 1, b"").unwrap();
    assert_eq!(receive(&socket).1.hop_limit, None, "nobody asked");
    socket.set_option(RecvHopLimit(true)).unwrap();
    socket.set_option(RecvPacketInfo(true)).unwrap();
    let index = Lab::index(&lab.right);
    for (hops, sequence) in [(64, 2), (5, 3), (255, 4)] {
        lab.left.sysctl("ipv6/conf/wire/hop_limit", &hops.to_string());
        socket.send_echo((LEFT, 0), sequence, b"").unwrap();
        let (number, reply, _) = receive(&socket);
        assert_eq!((number, reply.hop_limit), (sequence, Some(hops)));
        assert_eq!(reply.destination, Some(RIGHT));
        assert_eq!(reply.interface.unwrap().index().get(), index);
    }
}

#[test]
fn echo_request_uses_socket_hop_limit() {
    let lab = require!(lab(), "the lab");
    let others = "icmpv6 type echo-request ip6 hoplimit != 7";
    require!(lab.left.arriving().drop(others), "nftables");
    let socket = echo_socket(&lab, "[::]:0");
    for (hops, sequence) in [(None, 1), (Some(7), 2), (Some(8), 3)] {
        socket.set_option(UnicastHops(hops)).unwrap();
        socket.send_echo((LEFT, 0), sequence, b"").unwrap();
    }
    assert_eq!(receive(&socket).0, 2);
    nothing_more(&socket);
}

#[test]
fn sequence_numbers_reveal_lost_requests() {
    let lab = require!(lab(), "the lab");
    let lost = "icmpv6 type echo-request icmpv6 sequence { 2, 5 }";
    require!(lab.left.arriving().drop(lost), "nftables");
    let socket = echo_socket(&lab, "[::]:0");
    for sequence in 1..=6 {
        socket.send_echo((LEFT, 0), sequence, &sequence.to_be_bytes()).unwrap();
    }
    for sequence in [1_u16, 3, 4, 6] {
        let (number, _, data) = receive(&socket);
        assert_eq!((number, &*data), (sequence, &sequence.to_be_bytes()[..]));
    }
    nothing_more(&socket);
}

#[test]
fn link_local_echo_needs_zone() {
    let lab = require!(lab(), "the lab");
    let index = Lab::index(&lab.right);
    let source = SocketAddrV6::new("fe80::1".parse().unwrap(), 0, 0, index);
    let free = echo_socket(&lab, "[::]:0");
    lab.right.run(|| {
        for peer in ["fe80::1", "ff02::1"] {
            let error = free.send_echo((peer, 0), 1, b"where?").unwrap_err();
            assert_eq!((error.kind(), error.raw_os_error()), (ErrorKind::InvalidInput, None));
            assert!(error.to_string().contains("fe80::1%eth0"), "{error}");
        }
        let peers = ["fe80::1%wire".to_owned(), format!("fe80::1%{index}")];
        for (peer, sequence) in peers.iter().zip(1..) {
            free.send_echo((&**peer, 0), sequence, b"zone").unwrap();
            let (number, reply, _) = receive(&free);
            assert_eq!((number, reply.source), (sequence, source));
        }
        // As it came.
        free.send_echo(receive_one(&free), 3, b"again").unwrap();
        assert_eq!(receive(&free).0, 3);

        let wire = Interface::from_name("wire").unwrap();
        let bound = Builder::datagram().bind_echo("[fe80::2%wire]:0").unwrap();
        assert_eq!(bound.local_addr().unwrap().scope_id(), index);
        let device = Builder::datagram().with(BindDevice(Some("wire".parse().unwrap())));
        let unicast = Builder::datagram().with(UnicastInterface(Some(wire)));
        for socket in [
            bound,
            device.bind_echo("[fe80::2]:0").unwrap(),
            device.bind_echo("[::]:0").unwrap(),
            unicast.bind_echo("[::]:0").unwrap(),
        ] {
            let socket = patient_echo(socket);
            socket.send_echo(("fe80::1", 0), 9, b"").unwrap();
            assert_eq!(receive(&socket).1.source, source);
        }
    });
}

/// Asks once more, and gives the source of the reply.
fn receive_one(socket: &EchoSocket) -> SocketAddrV6 {
    socket.send_echo(("fe80::1%wire", 0), 0, b"").unwrap();
    receive(socket).1.source
}

#[test]
fn all_link_hosts_answer_multicast_echo() {
    let lab = require!(lab(), "the lab");
    let socket = lab.right.run(|| {
        let wire = Interface::from_name("wire").unwrap();
        let builder = Builder::datagram().with(MulticastInterface(Some(wire)));
        patient_echo(builder.bind_echo("[::]:0").unwrap())
    });
    lab.right.run(|| socket.send_echo(("ff02::1", 0), 1, b"who?").unwrap());
    let mut sources = [receive(&socket), receive(&socket)].map(|(number, reply, data)| {
        assert_eq!((number, &*data), (1, &b"who?"[..]));
        *reply.source.ip()
    });
    sources.sort();
    let both: [Ipv6Addr; 2] = ["fe80::1".parse().unwrap(), "fe80::2".parse().unwrap()];
    assert_eq!(sources, both, "the other host, and this one, which hears itself");
    nothing_more(&socket);
}

#[test]
fn forged_reply_needs_matching_identifier() {
    let lab = require!(lab(), "the lab");
    let socket = echo_socket(&lab, "[::]:0");
    let identifier = socket.identifier();
    let forge = |message: &[u8], identifier: u16, sequence: u16| {
        let mut message = message.to_vec();
        let fields = [identifier.to_be_bytes(), sequence.to_be_bytes()].concat();
        let end = message.len().min(8);
        message[4..end].copy_from_slice(&fields[..end - 4]);
        lab.left.run(|| {
            let kind = (
                socket2::Domain::IPV6,
                socket2::Type::from(libc::SOCK_RAW),
                socket2::Protocol::ICMPV6,
            );
            let raw = socket2::Socket::new(kind.0, kind.1, Some(kind.2))?;
            raw.send_to(&message, &SocketAddrV6::new(RIGHT, 0, 0, 0).into())
        })
    };
    let reply = [129, 0, 0, 0, 0, 0, 0, 0, b'!'];
    require!(forge(&reply, identifier.wrapping_add(1), 1), "raw sockets");
    for (message, sequence) in [
        (&reply[..7], 2),                         // too short
        (&[128, 0, 0, 0, 0, 0, 0, 0][..], 3),     // a request
        (&[129, 9, 0, 0, 0, 0, 0, 0][..], 4),     // another code
        (&[1, 4, 0, 0, 0, 0, 0, 0, 0x60][..], 5), // an error without its packet
        (&[200, 0, 0, 0, 0, 0, 0, 0][..], 6),     // for experiments
        (&reply[..], 7),
    ] {
        forge(message, identifier, sequence).unwrap();
    }
    let (number, reply, data) = receive(&socket);
    assert_eq!((number, &*data), (7, &b"!"[..]));
    assert_eq!(*reply.source.ip(), LEFT);
    nothing_more(&socket);
}

/// Waits for a report: receiving fails with its error, and it is in the queue, alone.
#[track_caller]
fn report(socket: &EchoSocket, buffer: &mut [u8]) -> (Option<u16>, ErrorReport<V6Only>) {
    let error = socket.recv_echo(&mut []).unwrap_err();
    assert_ne!(error.kind(), ErrorKind::WouldBlock, "no report comes");
    let report = socket.recv_error(buffer).unwrap().expect("the reason of the error");
    assert_eq!(report.1.error().unwrap().raw_os_error(), error.raw_os_error());
    assert_eq!(socket.recv_error(buffer).unwrap(), None);
    report
}

#[test]
fn router_report_identifies_echo_request() {
    let chain = require!(Chain::through(2), "the lab");
    chain.left().allow_echo();
    let socket = chain.left().run(|| {
        let builder = Builder::datagram().with(RecvError(true));
        patient_echo(builder.bind_echo("[::]:0").unwrap())
    });
    assert_eq!(socket.recv_error(&mut []).unwrap(), None);
    let ways = ["2001:db8:0:1::2", "2001:db8:0:2::2"].map(|ip| ip.parse::<Ipv6Addr>().unwrap());
    let last = "2001:db8:0:3::2";
    for (hops, router) in (1..).zip(ways) {
        socket.set_option(UnicastHops(Some(hops))).unwrap();
        for room in [0, 3, 9] {
            let sequence = 256 * u16::from(hops) + room as u16;
            socket.send_echo((last, 0), sequence, b"which?").unwrap();
            let mut buffer = vec![0xaa; room];
            let (about, report) = report(&socket, &mut buffer);
            assert_eq!(about, Some(sequence));
            let late = Icmpv6Error::TimeExceeded(TimeExceeded::HopLimit);
            assert_eq!((report.origin, report.icmp), (Origin::Icmpv6, Some(Icmp::V6(late))));
            assert_eq!(report.offender, Some(router));
            assert_eq!(report.destination, Some(SocketAddrV6::new(last.parse().unwrap(), 0, 0, 0)));
            assert_eq!((report.len, report.truncated), (room.min(6), room < 6));
            assert_eq!(buffer[..report.len], b"which?"[..report.len]);
        }
    }
    socket.set_option(UnicastHops(Some(3))).unwrap();
    socket.send_echo((last, 0), 9, b"").unwrap();
    assert_eq!(receive(&socket).0, 9);
}

#[test]
fn prohibited_or_oversized_request_is_reported() {
    let lab = require!(lab(), "the lab");
    let requests = "icmpv6 type echo-request";
    require!(lab.left.arriving().reject(requests, Reject::Prohibited), "nftables");
    let socket = echo_socket(&lab, "[::]:0");
    socket.set_option(RecvError(true)).unwrap();
    socket.send_echo((LEFT, 0), 77, b"may I?").unwrap();
    let (sequence, said) = report(&socket, &mut [0; 64]);
    let forbidden = Icmpv6Error::DestinationUnreachable(Unreachable::Prohibited);
    assert_eq!((sequence, said.icmp), (Some(77), Some(Icmp::V6(forbidden))));
    assert_eq!((said.offender, said.len, said.mtu), (Some(LEFT), 6, None));

    // This host refuses, and quotes nothing.
    socket.set_option(DontFragment(true)).unwrap();
    // The question for the path MTU is asked on the host of the thread.
    let error = lab.right.run(|| socket.send_echo((LEFT, 0), 78, &[0; 1500]).unwrap_err());
    let too_long = MessageTooLong::of(&error).unwrap();
    assert_eq!((too_long.mtu(), too_long.max_payload()), (Some(1500), Some(1452)));
    let (sequence, said) =
        socket.recv_error(&mut [0; 64]).unwrap().expect("the reason of the error");
    assert_eq!((sequence, said.origin, said.len), (None, Origin::Local, 0));
    assert_eq!(said.mtu, Some(1500));
    socket.send_echo((LEFT, 0), 79, &[0; 1452]).unwrap();
    assert_eq!(report(&socket, &mut []).0, Some(79), "it fits");
}

#[test]
fn absent_host_causes_no_receive_error() {
    let lab = require!(lab(), "the lab");
    let socket = echo_socket(&lab, "[::]:0");
    lab.right.run(|| {
        let error = socket.send_echo(("2001:db8:ffff::1", 0), 1, b"").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NetworkUnreachable);
        socket.send_echo(("2001:db8::77", 0), 2, b"").unwrap();
        // What cannot be delivered is not told to a socket that does not ask for it.
        socket.send_echo((LEFT, 0), 3, b"").unwrap();
    });
    assert_eq!(receive(&socket).0, 3);
    nothing_more(&socket);
}
