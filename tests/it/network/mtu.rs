//! The path MTU: across a router whose second wire takes 1280 bytes.
#![allow(unsafe_code, reason = "readiness is asked for with a system call")]

use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use inet6::option::{BindDevice, DontFragment, MtuDiscover, RecvPathMtu};
use inet6::{
    Builder, ConnectedUdpSocket, DualStack, UdpSocket,
    udp::{MessageTooLong, Outgoing, RecvBatch, SendBatch},
};

use crate::lab::{Chain, Host, Lab};
use crate::support::*;

/// The right host in both families, the headers in front of a payload, and what fits 1280 bytes.
const FAMILIES: [(&str, usize); 2] = [("2001:db8:0:2::2", 1232), ("198.51.100.2", 1252)];

pub(super) fn narrow() -> Result<Chain, String> {
    let chain = Chain::through(1)?;
    chain.set_mtu(2, 1280);
    Ok(chain)
}

/// A server on the right host, and its address in a family.
fn server(chain: &Chain, ip: &str) -> (UdpSocket<DualStack>, SocketAddr) {
    let server = chain.right().run(dual_socket);
    let port = server.local_addr().unwrap().port();
    (server, SocketAddr::new(ip.parse().unwrap(), port))
}

/// A socket on the left host.
fn client(chain: &Chain) -> UdpSocket<DualStack> {
    chain.left().run(dual_socket)
}

fn connected(chain: &Chain, peer: SocketAddr) -> ConnectedUdpSocket<DualStack> {
    let socket = client(chain);
    chain.left().run(|| socket.connect(peer).unwrap())
}

/// Sends what the wire of the router does not take, and waits until that is known.
#[track_caller]
fn learn(socket: &ConnectedUdpSocket<DualStack>) {
    assert_eq!(socket.mtu().unwrap(), 1500);
    socket.set_option(DontFragment(true)).unwrap();
    assert_eq!(socket.send(&[0; 1400]).unwrap(), 1400, "the first one goes");
    // The report of the router ends the wait.
    let error = socket.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE), "{error}");
    assert_eq!(socket.mtu().unwrap(), 1280);
}

/// A counter of the kernel on this host, such as `Ip6FragCreates`.
#[track_caller]
pub(super) fn counter(host: &Host, name: &str) -> u64 {
    let path = "/proc/thread-self/net/snmp6";
    let text = host.run(|| std::fs::read_to_string(path)).unwrap();
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(name));
    line.unwrap_or_else(|| panic!("{name}")).split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The length that the error tells.
#[track_caller]
fn refused(result: std::io::Result<usize>, most: usize) -> usize {
    let error = result.unwrap_err();
    let too_long = MessageTooLong::of(&error).unwrap_or_else(|| panic!("{error}"));
    assert_eq!((too_long.mtu(), too_long.max_payload()), (Some(1280), Some(most)));
    let len = too_long.len();
    let text = format!(
        "a datagram of {len} bytes does not fit the path MTU of 1280 bytes: send at most {most}"
    );
    assert_eq!(error.to_string(), text);
    let cause = std::error::Error::source(&error).unwrap();
    let cause: &std::io::Error = cause.downcast_ref().unwrap();
    assert_eq!(cause.raw_os_error(), Some(libc::EMSGSIZE));
    len
}

#[test]
fn connected_socket_learns_path_mtu() {
    let chain = require!(narrow(), "the lab");
    for (ip, most) in FAMILIES {
        let (server, peer) = server(&chain, ip);
        let socket = connected(&chain, peer);
        learn(&socket);
        for len in [1400, most + 1] {
            refused(socket.send(&vec![0; len]), most);
        }
        let (head, body) = (vec![0; 700], vec![0; most - 699]);
        refused(socket.send_vectored(&[IoSlice::new(&head), IoSlice::new(&body)]), most);
        assert_eq!(socket.send(&vec![1; most]).unwrap(), most);
        assert_eq!(server.recv_from(&mut [0; 2000]).unwrap().0, most);
    }
}

#[test]
fn unconnected_socket_reports_mtu_per_peer() {
    let chain = require!(narrow(), "the lab");
    for (ip, most) in FAMILIES {
        let (server, peer) = server(&chain, ip);
        learn(&connected(&chain, peer));
        let socket = client(&chain);
        socket.set_option(DontFragment(true)).unwrap();
        chain.left().run(|| {
            refused(socket.send_to(&[0; 2000], peer), most);
            let (head, body) = (vec![0; 700], vec![0; most - 699]);
            let slices = [IoSlice::new(&head), IoSlice::new(&body)];
            refused(socket.send_to_vectored(&slices, peer), most);
            assert_eq!(socket.send_to(&vec![1; most], peer).unwrap(), most);
            // The way to the router is wide.
            let near = ["2001:db8:0:1::2", "192.0.2.2"].map(|ip| ip.parse().unwrap());
            let near = SocketAddr::new(near[usize::from(peer.is_ipv4())], 9);
            assert_eq!(socket.send_to(&[0; 1400], near).unwrap(), 1400);
        });
        assert_eq!(server.recv_from(&mut [0; 2000]).unwrap().0, most);
    }
}

#[test]
fn dont_fragment_message_reports_path_mtu() {
    let chain = require!(narrow(), "the lab");
    let (ip, most) = FAMILIES[0];
    let (server, peer) = server(&chain, ip);
    learn(&connected(&chain, peer));
    let data = vec![1; most + 1];
    let whole = DontFragment(true);
    let socket = client(&chain);
    let by_right = chain.left().run(|| inet6::interface::Interface::from_name("right").unwrap());
    let source: std::net::Ipv6Addr = "2001:db8:0:1::1".parse().unwrap();
    chain.left().run(|| {
        let probe = Outgoing::to(peer, &data).dont_fragment(whole);
        refused(socket.send_message(&probe), most);
        refused(socket.send_message(&probe.source(source).interface(by_right)), most);
        refused(
            connected(&chain, peer).send_message(&Outgoing::new(&data).dont_fragment(whole)),
            most,
        );
        // Cut into datagrams, each of them must fit, and all of them one system call.
        let segments = vec![2; 3 * data.len()];
        let size = u16::try_from(data.len()).unwrap();
        let cut = Outgoing::to(peer, &segments).segment_size(size).dont_fragment(whole);
        assert_eq!(refused(socket.send_message(&cut), most), most + 1);
        // Of any number of them too, one is too long.
        let many = vec![2; 100 * data.len()];
        let cut = Outgoing::to(peer, &many).segment_size(size).dont_fragment(whole);
        let sent = socket.send_segments(&mut SendBatch::new(8).unwrap(), &cut);
        assert_eq!(refused(sent, most), most + 1);
        let all = Outgoing::to(peer, &[0; 70_000]).segment_size(1000);
        let error = socket.send_message(&all).unwrap_err();
        let too_long = MessageTooLong::of(&error).unwrap();
        assert_eq!((too_long.len(), too_long.max_payload()), (70_000, Some(65_527)));
        let fits = Outgoing::to(peer, &data[1..]).dont_fragment(whole);
        assert_eq!(socket.send_message(&fits).unwrap(), most);
    });
    assert_eq!(server.recv_from(&mut [0; 2000]).unwrap().0, most);
}

/// Two wires lead to the peer, and the one that a message takes by its interface or its source is
/// the narrower one.
#[test]
fn path_mtu_follows_message_route() {
    let lab = require!(Lab::new(), "the lab");
    lab.second_wire();
    lab.right.ip("address add 2001:db8:3::1/128 dev lo");
    for line in [
        "route add 2001:db8:3::1/128 via 2001:db8::2 dev wire metric 1",
        "route add 2001:db8:3::1/128 via 2001:db8:2::2 dev second metric 2",
        "route add 2001:db8:3::1/128 via 2001:db8:2::2 dev second table 77",
        "rule add from 2001:db8:2::1 lookup 77",
    ] {
        lab.left.ip(&format!("-6 {line}"));
    }
    lab.left.ip("link set dev second mtu 1280");
    let (peer, most) = (SocketAddr::new("2001:db8:3::1".parse().unwrap(), 9), 1232);
    let source: std::net::Ipv6Addr = "2001:db8:2::1".parse().unwrap();
    lab.left.run(|| {
        let second = inet6::interface::Interface::from_name("second").unwrap();
        let socket = dual_socket();
        let data = [0; 1400];
        let message = Outgoing::to(peer, &data).dont_fragment(DontFragment(true));
        assert_eq!(socket.send_message(&message).unwrap(), 1400, "the usual way is wide");
        refused(socket.send_message(&message.interface(second)), most);
        refused(socket.send_message(&message.source(source)), most);
        // So it is where the socket itself has that interface, or that address.
        let option = BindDevice(Some(second.into()));
        let bound = Builder::datagram().with(option).bind("[::]:0").unwrap();
        refused(bound.send_message(&message), most);
        let bound = Builder::datagram().bind((source, 0)).unwrap();
        refused(bound.send_message(&message), most);
    });
}

#[test]
fn socket_learns_each_narrower_mtu() {
    let chain = require!(Chain::through(2), "the lab");
    chain.set_mtu(2, 1400);
    chain.set_mtu(3, 1320);
    for (ip, headers) in [("2001:db8:0:3::2", 48), ("203.0.113.2", 28)] {
        let (server, peer) = server(&chain, ip);
        let socket = connected(&chain, peer);
        socket.set_option(DontFragment(true)).unwrap();
        let mut fits = 1500 - headers;
        for mtu in [1400, 1320] {
            assert_eq!(socket.send(&vec![0; fits]).unwrap(), fits, "what is not known yet");
            let error = socket.recv(&mut [0; 8]).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
            assert_eq!(socket.mtu().unwrap(), mtu);
            assert!(MessageTooLong::of(&socket.send(&vec![0; fits]).unwrap_err()).is_some());
            fits = mtu as usize - headers;
        }
        let data: Vec<u8> = (0..fits).map(|at| at as u8).collect();
        assert_eq!(socket.send(&data).unwrap(), fits);
        let mut buffer = [0; 1500];
        assert_eq!(server.recv_from(&mut buffer).unwrap().0, fits);
        assert_eq!(buffer[..fits], data);
    }
}

#[test]
fn kernel_fragments_datagram_to_path_mtu() {
    let chain = require!(narrow(), "the lab");
    let (ip, _) = FAMILIES[0];
    let (server, peer) = server(&chain, ip);
    learn(&connected(&chain, peer));
    let socket = client(&chain);
    // 4000 bytes and the UDP header in pieces of 1232, and 1280 less 40 and 8 of the fragment
    // header.
    let cases =
        [(MtuDiscover::Want, 1400, 2), (MtuDiscover::Want, 4000, 4), (MtuDiscover::Dont, 1400, 2)];
    for (discover, len, pieces) in cases {
        socket.set_option(discover).unwrap();
        let before = counter(chain.left(), "Ip6FragCreates");
        let data: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        assert_eq!(chain.left().run(|| socket.send_to(&data, peer).unwrap()), len);
        let mut buffer = [0; 5000];
        assert_eq!(server.recv_from(&mut buffer).unwrap().0, len);
        assert_eq!(buffer[..len], data, "whole at the far end");
        let created = counter(chain.left(), "Ip6FragCreates") - before;
        assert_eq!(created, pieces, "{discover:?} {len}");
    }
}

#[test]
fn mtu_discover_decides_path_mtu_use() {
    let chain = require!(narrow(), "the lab");
    for (ip, most) in FAMILIES {
        let (server, peer) = server(&chain, ip);
        learn(&connected(&chain, peer));
        let socket = client(&chain);
        chain.left().run(|| {
            socket.set_option(MtuDiscover::Do).unwrap();
            refused(socket.send_to(&[0; 1400], peer), most);
            // They leave whole. What the router cannot split it drops: all of IPv6, and of IPv4
            // what carries "don't fragment", which `Interface` leaves out.
            for (discover, len) in [(MtuDiscover::Probe, 1401), (MtuDiscover::Interface, 1402)] {
                socket.set_option(discover).unwrap();
                assert_eq!(socket.send_to(&vec![0; len], peer).unwrap(), len, "{discover:?}");
                let error = socket.send_to(&[0; 1500], peer).unwrap_err();
                assert!(MessageTooLong::of(&error).is_some(), "{discover:?}");
            }
            socket.set_option(MtuDiscover::Want).unwrap();
            assert_eq!(socket.send_to(&[1; 1403], peer).unwrap(), 1403);
        });
        let arrive: &[usize] = if peer.is_ipv4() { &[1402, 1403] } else { &[1403] };
        for len in arrive {
            assert_eq!(server.recv_from(&mut [0; 2000]).unwrap().0, *len);
        }
    }
}

#[test]
fn path_mtu_notice_wakes_no_reader() {
    let chain = require!(narrow(), "the lab");
    let (ip, most) = FAMILIES[0];
    let (_server, peer) = server(&chain, ip);
    learn(&connected(&chain, peer));
    let socket = client(&chain);
    socket.set_option(DontFragment(true)).unwrap();
    socket.set_option(RecvPathMtu(true)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let nothing = |socket: &UdpSocket<DualStack>| {
        let error = socket.recv_message(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    };
    nothing(&socket);
    chain.left().run(|| refused(socket.send_to(&[0; 1400], peer), most));
    assert!(!is_readable(&socket));
    let notice = socket.recv_message(&mut [0; 8]).unwrap();
    assert_eq!((notice.len, notice.path_mtu), (0, Some(1280)));
    assert_eq!((notice.source.ip(), notice.source.port()), (peer.ip(), 0));
    nothing(&socket);

    chain.left().run(|| refused(socket.send_to(&[0; 1400], peer), most));
    assert_eq!(socket.recv_from(&mut [0; 8]).unwrap().0, 0);
    nothing(&socket);

    chain.left().run(|| refused(socket.send_to(&[0; 1400], peer), most));
    let mut batch = RecvBatch::new(4, 64).unwrap();
    let datagram = {
        socket.recv_batch(&mut batch).unwrap();
        batch.iter().next().unwrap()
    };
    assert_eq!((datagram.payload(), datagram.truncated()), (&[][..], false));
    assert_eq!(datagram.source().unwrap(), notice.source);
    assert_eq!(datagram.received().unwrap(), notice);
    nothing(&socket);
}

fn is_readable(socket: &UdpSocket<DualStack>) -> bool {
    let mut entry = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: there is one entry, and nobody else uses it meanwhile.
    let ready = unsafe { libc::poll(&raw mut entry, 1, 0) };
    assert!(ready >= 0, "{}", std::io::Error::last_os_error());
    ready > 0
}

/// What the kernel would have to cut and to split too, it refuses; one by one they go.
#[test]
fn oversized_segments_are_sent_separately() {
    let chain = require!(Chain::through(1), "the lab");
    for (ip, _) in FAMILIES {
        let (server, peer) = server(&chain, ip);
        let socket = client(&chain);
        let data: Vec<u8> = (0..5000_u32).map(|number| (number % 251) as u8).collect();
        let message = Outgoing::to(peer, &data).segment_size(2000);
        let mut batch = SendBatch::new(8).unwrap();
        let sent = chain.left().run(|| socket.send_segments(&mut batch, &message)).unwrap();
        assert_eq!(sent, 5000);
        let mut buffer = [0; 3000];
        for segment in data.chunks(2000) {
            let (len, _) = server.recv_from(&mut buffer).unwrap();
            assert!(&buffer[..len] == segment);
        }
    }
}
