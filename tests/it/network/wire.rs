//! What stands in the packets on the wire, and in the kernel's tables, as `tcpdump` and `ss` tell
//! it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};

use inet6::header::{Dscp, Ecn, FlowLabel};
use inet6::option::{
    AutoFlowLabel, BindDevice, FlowInfoSend, RecvFlowInfo, RecvHopLimit, RecvTrafficClass,
    TrafficClass, UnicastHops,
};
use inet6::{Builder, DualStack, UdpSocket, flow_label::FlowShare, udp::Outgoing};

use crate::lab::{Host, Lab};
use crate::support::*;

/// `tcpdump` on an interface of a host, which ends after so many packets.
#[derive(Debug)]
pub(super) struct Capture(Child);

/// What `tcpdump` says of a packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// The traffic class, or the type of service.
    pub(super) class: u8,
    /// The flow label, or 0.
    pub(super) label: u32,
    /// The hop limit, or the time to live.
    pub(super) hops: u8,
    pub(super) source: IpAddr,
    pub(super) port: u16,
}

impl Capture {
    /// Captures what a filter lets pass, from now on.
    pub(super) fn start(
        host: &Host,
        interface: &str,
        count: usize,
        filter: &str,
    ) -> Result<Self, String> {
        let mut command = Command::new("timeout");
        let patience = PATIENCE.as_secs().to_string();
        let count = count.to_string();
        command.args([&patience, "tcpdump", "-i", interface, "-c", &count, filter]);
        command.args(["-n", "-n", "-v", "-l", "--immediate-mode", "-s", "256"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // It gives up being root, which fails where there is no other user (unshare -Urn).
        let stays = |call| Fault { call, arguments: &[], errno: 0 };
        let root = [libc::SYS_setgroups, libc::SYS_setgid, libc::SYS_setuid].map(stays);
        let mut child = host
            .run(|| with_faults(&root, || command.spawn()))?
            .map_err(|error| format!("tcpdump: {error}"))?;
        // It says that it listens when it does.
        let mut told = String::new();
        let mut errors = BufReader::new(child.stderr.take().ok_or("tcpdump is silent")?);
        loop {
            let mut line = String::new();
            match errors.read_line(&mut line) {
                Ok(0) => return Err(format!("tcpdump: {told}")),
                Ok(_) if line.contains("listening on") => break,
                Ok(_) => told += &line,
                Err(error) => return Err(format!("tcpdump: {error}")),
            }
        }
        child.stderr = Some(errors.into_inner());
        Ok(Self(child))
    }

    /// What was captured, in the order of the wire.
    #[track_caller]
    pub(super) fn packets(mut self) -> Vec<Packet> {
        let mut text = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        let status = self.0.wait().unwrap();
        assert!(status.success(), "tcpdump: {status}\n{text}");
        // The second line of an IPv4 packet is indented.
        text.replace("\n    ", " ").lines().map(Packet::parse).collect()
    }
}

impl Packet {
    /// Such as `… IP6 (class 0xb8, flowlabel 0x55940, hlim 7, …) ::1.60120 > ::1.9: …` and
    /// `… IP (tos 0xb8, ttl 64, …) 192.0.2.1.60120 > …`.
    fn parse(line: &str) -> Self {
        let after = |name: &str| {
            let (_, rest) = line.split_once(name)?;
            rest.split([',', ')', ' ']).next()
        };
        let hex = |name| after(name).map_or(0, |digits| u32::from_str_radix(digits, 16).unwrap());
        let (class, hops) =
            if line.contains("IP6 (") { ("(class 0x", "hlim ") } else { ("(tos 0x", "ttl ") };
        // `proto UDP (17), length 33) 192.0.2.1.60120 >`
        let (before, _) = line.split_once(" > ").unwrap_or_else(|| panic!("{line}"));
        let (_, source) = before.rsplit_once(' ').unwrap();
        let (source, port) = source.rsplit_once('.').unwrap();
        Self {
            class: hex(class).try_into().unwrap(),
            label: hex("flowlabel 0x"),
            hops: after(hops).unwrap_or_else(|| panic!("{line}")).parse().unwrap(),
            source: source.parse().unwrap(),
            port: port.parse().unwrap(),
        }
    }
}

#[test]
fn tcpdump_lines_parse() {
    let all = "12:34:56.789012 IP6 (class 0xb8, flowlabel 0x55940, hlim 7, next-header UDP (17) \
               payload length: 13) fe80::1.60120 > ::1.9: [udp sum ok] UDP, length 5";
    let source = "fe80::1".parse().unwrap();
    let packet = Packet { class: 0xb8, label: 0x55940, hops: 7, source, port: 60120 };
    assert_eq!(Packet::parse(all), packet);
    let none = "12:34:56.789012 IP6 (hlim 64, next-header UDP (17) payload length: 13) \
                fe80::1.60120 > ::1.9: UDP, length 5";
    assert_eq!(Packet::parse(none), Packet { class: 0, label: 0, hops: 64, ..packet });
    let ipv4 = "12:34:56.789012 IP (tos 0x2,ECT(0), ttl 63, id 64854, offset 0, flags [DF], proto UDP \
                (17), length 33) 192.0.2.1.1024 > 192.0.2.2.9: UDP, length 5";
    let source = "192.0.2.1".parse().unwrap();
    let packet = Packet { class: 2, label: 0, hops: 63, source, port: 1024 };
    assert_eq!(Packet::parse(ipv4), packet);
}

const CLASS: TrafficClass = TrafficClass { dscp: Dscp::EF, ecn: Ecn::Ect0 };

/// The wire's one right end, and a socket there that takes what comes.
fn receiver(lab: &Lab) -> (UdpSocket<DualStack>, u16) {
    let socket = lab.right.run(dual_socket);
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

#[test]
fn options_appear_in_ipv6_packets() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.ip("address add 2001:db8::11/64 dev wire nodad");
    let (_receiver, port) = receiver(&lab);
    let filter = format!("udp dst port {port}");
    let capture = require!(Capture::start(&lab.right, "wire", 6, &filter), "the wire");
    let peer = ("2001:db8::2", port);
    let label = lab.left.run(|| {
        let builder = Builder::datagram().with(AutoFlowLabel(false));
        let plain = builder.bind("[2001:db8::1]:0").unwrap();
        plain.send_to(b"plain", peer).unwrap();
        plain.set_option(CLASS).unwrap();
        plain.send_to(b"class", peer).unwrap();
        plain.set_option(UnicastHops(Some(7))).unwrap();
        plain.send_to(b"and hops", peer).unwrap();
        // Both on the builder, and from another address.
        let builder = builder.with(TrafficClass::from(Dscp::CS1)).with(UnicastHops(Some(255)));
        let socket = builder.with(FlowInfoSend(true)).bind("[2001:db8::11]:0").unwrap();
        let mut peer: std::net::SocketAddrV6 = format!("[{}]:{port}", peer.0).parse().unwrap();
        let lease = socket.request_flow_label(*peer.ip(), None, FlowShare::Any).unwrap();
        socket.send_to(b"no label", peer).unwrap();
        peer.set_flowinfo(lease.label().flowinfo());
        socket.send_to(b"label", peer).unwrap();
        let label = lease.keep();
        socket.connect(peer).unwrap().send(b"connected").unwrap();
        label.bits()
    });
    let packets = capture.packets();
    let all: Vec<_> = packets
        .iter()
        .map(|packet| (packet.class, packet.label, packet.hops, packet.source.to_string()))
        .collect();
    let (one, eleven) = ("2001:db8::1".to_owned(), "2001:db8::11".to_owned());
    assert_eq!(
        all,
        [
            (0, 0, 64, one.clone()),
            (0xba, 0, 64, one.clone()),
            (0xba, 0, 7, one),
            (0x20, 0, 255, eleven.clone()),
            (0x20, label, 255, eleven.clone()),
            (0x20, label, 255, eleven),
        ]
    );
}

#[test]
fn options_appear_in_ipv4_packets() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.ip("address add 192.0.2.11/24 dev wire");
    let (_receiver, port) = receiver(&lab);
    let filter = format!("udp dst port {port}");
    let capture = require!(Capture::start(&lab.right, "wire", 3, &filter), "the wire");
    lab.left.run(|| {
        let builder = Builder::datagram();
        let socket = builder.bind("[::]:0").unwrap();
        socket.send_to(b"plain", ("192.0.2.2", port)).unwrap();
        let builder = builder.with(CLASS).with(UnicastHops(Some(7)));
        builder.bind("[::]:0").unwrap().send_to(b"set", ("192.0.2.2", port)).unwrap();
        builder.bind("192.0.2.11:0").unwrap().send_to(b"bound", ("192.0.2.2", port)).unwrap();
    });
    let all: Vec<_> = capture
        .packets()
        .iter()
        .map(|packet| (packet.class, packet.hops, packet.source.to_string()))
        .collect();
    let expected = [
        (0, 64, "192.0.2.1".into()),
        (0xba, 7, "192.0.2.1".into()),
        (0xba, 7, "192.0.2.11".into()),
    ];
    assert_eq!(all, expected);
}

#[test]
fn message_fields_appear_in_ipv6_packet() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.ip("address add 2001:db8::11/64 dev wire nodad");
    let builder = Builder::datagram().with(RecvFlowInfo(true));
    let builder = builder.with(RecvHopLimit(true)).with(RecvTrafficClass(true));
    let receiver = with_read_timeout(lab.right.run(|| builder.bind("[::]:0").unwrap()));
    let port = receiver.local_addr().unwrap().port();
    let filter = format!("udp dst port {port}");
    let capture = require!(Capture::start(&lab.right, "wire", 9, &filter), "the wire");
    // The system itself takes the address that came last.
    let (one, label) = ("2001:db8::1".parse().unwrap(), FlowLabel::new(0x4711).unwrap());
    lab.left.run(|| {
        let builder = Builder::datagram().v6_only().with(AutoFlowLabel(false));
        let socket = builder.bind("[::]:0").unwrap();
        let peer = (std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2), port);
        let message = Outgoing::to(peer, b"one");
        let all = message.traffic_class(CLASS).hop_limit(7).flow_label(label).source(one);
        for message in [
            message,
            message.traffic_class(CLASS),
            message.hop_limit(7),
            message.flow_label(label),
            message.source(one),
            all,
            // The socket itself is as it was.
            message,
        ] {
            socket.send_message(&message).unwrap();
        }
        // It outranks the options.
        for option in [UnicastHops(Some(9)), UnicastHops(None)] {
            socket.set_option(option).unwrap();
            socket.set_option(TrafficClass::from(Dscp::CS1)).unwrap();
            socket.send_message(&all).unwrap();
        }
    });
    let one = IpAddr::V6(one);
    let eleven: IpAddr = "2001:db8::11".parse().unwrap();
    let expected = [
        (0, 0, 64, eleven),
        (0xba, 0, 64, eleven),
        (0, 0, 7, eleven),
        (0, 0x4711, 64, eleven),
        (0, 0, 64, one),
        (0xba, 0x4711, 7, one),
        (0, 0, 64, eleven),
        (0xba, 0x4711, 7, one),
        (0xba, 0x4711, 7, one),
    ];
    let packets = capture.packets();
    let seen =
        packets.iter().map(|packet| (packet.class, packet.label, packet.hops, packet.source));
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    // And so the receiver is told.
    let received = expected.map(|_| {
        let received = receiver.recv_message(&mut [0; 16]).unwrap();
        let class = received.traffic_class.unwrap().bits();
        let label = received.flow_label.map_or(0, FlowLabel::bits);
        (class, label, received.hop_limit.unwrap(), received.source.ip())
    });
    assert_eq!(received, expected);
}

#[test]
fn message_fields_appear_in_ipv4_packet() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.ip("address add 192.0.2.11/24 dev wire");
    let (_receiver, port) = receiver(&lab);
    let filter = format!("udp dst port {port}");
    let capture = require!(Capture::start(&lab.right, "wire", 6, &filter), "the wire");
    let eleven: IpAddr = "192.0.2.11".parse().unwrap();
    lab.left.run(|| {
        let socket = Builder::datagram().bind("[::]:0").unwrap();
        let peer = (std::net::Ipv4Addr::new(192, 0, 2, 2), port);
        let message = Outgoing::to(peer, b"one");
        for message in [
            message,
            message.traffic_class(CLASS),
            message.hop_limit(7),
            message.source(eleven),
            message.traffic_class(CLASS).hop_limit(7).source(eleven),
        ] {
            socket.send_message(&message).unwrap();
        }
        let connected = socket.connect(peer).unwrap();
        connected.send_message(&Outgoing::new(b"one").traffic_class(CLASS).hop_limit(8)).unwrap();
    });
    let one: IpAddr = "192.0.2.1".parse().unwrap();
    let expected = [
        (0, 64, one),
        (0xba, 64, one),
        (0, 7, one),
        (0, 64, eleven),
        (0xba, 7, eleven),
        (0xba, 8, one),
    ];
    let packets = capture.packets();
    let seen = packets.iter().map(|packet| (packet.class, packet.hops, packet.source));
    assert_eq!(seen.collect::<Vec<_>>(), expected);
}

#[test]
fn options_appear_in_segments() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.ip("address add 2001:db8::11/64 dev wire nodad");
    let listener = lab.right.run(|| Builder::stream().bind("[2001:db8::2]:0").unwrap());
    let listener = listener.listen(4).unwrap();
    let mut peer = v6(listener.local_addr().unwrap());
    // SYN, ACK, and the data.
    let filter = format!("tcp dst port {}", peer.port());
    let capture = require!(Capture::start(&lab.right, "wire", 3, &filter), "the wire");
    let (stream, label) = lab.left.run(|| {
        let builder = Builder::stream().with(TrafficClass::from(Dscp::EF));
        let builder = builder.with(UnicastHops(Some(7))).with(FlowInfoSend(true));
        let bound = builder.bind("[2001:db8::11]:0").unwrap();
        let lease = bound.request_flow_label(*peer.ip(), None, FlowShare::Any).unwrap();
        let label = lease.keep();
        peer.set_flowinfo(label.flowinfo());
        let mut stream = bound.connect(peer).unwrap();
        stream.write_all(b"labelled").unwrap();
        (stream, label)
    });
    let source = stream.local_addr().unwrap();
    let packets = capture.packets();
    assert_eq!(packets.len(), 3);
    for packet in packets {
        let (source, port) = (source.ip(), source.port());
        let expected = Packet { class: 0xb8, label: label.bits(), hops: 7, source, port };
        assert_eq!(packet, expected);
        assert_eq!(packet.source.to_string(), "2001:db8::11");
    }
}

/// What `ss` says of a socket of this process on a port: one line.
#[track_caller]
fn ss(host: &Host, words: &str, socket: &impl AsRawFd, port: u16) -> Result<String, String> {
    let mut command = Command::new("ss");
    command.args(["-H", "-6", "-a", "-n", "-e", "-p", "-O", "--tos"]).args(words.split(' '));
    let output = host.run(|| command.output()).map_err(|error| format!("ss: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "ss: {}", String::from_utf8_lossy(&output.stderr));
    let owner = format!("pid={},fd={})", std::process::id(), socket.as_raw_fd());
    let ours = |line: &&str| line.contains(&owner) && line.contains(&format!(":{port} "));
    let found = text.lines().find(ours).unwrap_or_else(|| panic!("no {owner} :{port} in\n{text}"));
    Ok(found.to_owned())
}

/// Expects each of these words in a line.
#[track_caller]
fn assert_has_words(line: &str, words: &[&str]) {
    for word in words {
        assert!(line.split_whitespace().any(|found| found == *word), "{word} is not in\n{line}");
    }
}

#[test]
fn kernel_tables_list_socket_options() {
    let lab = require!(Lab::new(), "the lab");
    let host = &lab.left;
    let port = |address: SocketAddr| address.port();

    let only = host.run(|| Builder::datagram().v6_only().with(CLASS).bind("[::]:0").unwrap());
    let at = port(only.local_addr().unwrap().into());
    let line = require!(ss(host, "-u", &only, at), "the tables");
    assert_has_words(&line, &["UNCONN", &format!("[::]:{at}"), "v6only:1", "tclass:0xba"]);

    let dual = host.run(|| Builder::datagram().with(CLASS).bind("[::]:0").unwrap());
    let at = port(dual.local_addr().unwrap());
    let line = ss(host, "-u", &dual, at).unwrap();
    assert_has_words(&line, &["UNCONN", &format!("*:{at}"), "v6only:0", "tclass:0xba", "tos:0xba"]);

    let device = BindDevice(Some("wire".parse().unwrap()));
    let bound = host.run(|| Builder::datagram().with(device).bind("[2001:db8::1]:0").unwrap());
    let at = port(bound.local_addr().unwrap());
    let line = ss(host, "-u", &bound, at).unwrap();
    assert_has_words(&line, &["UNCONN", &format!("[2001:db8::1]%wire:{at}")]);

    let connected =
        host.run(|| UdpSocket::bind("[::]:0").unwrap().connect("[2001:db8::2]:9").unwrap());
    let at = port(connected.local_addr().unwrap());
    let line = ss(host, "-u", &connected, at).unwrap();
    assert_has_words(&line, &["ESTAB", &format!("[2001:db8::1]:{at}"), "[2001:db8::2]:9"]);

    let listener = host.run(|| Builder::stream().bind("[fe80::1%wire]:0").unwrap());
    let listener = listener.listen(7).unwrap();
    let at = port(listener.local_addr().unwrap());
    let line = ss(host, "-t", &listener, at).unwrap();
    assert_has_words(&line, &["LISTEN", "7", &format!("[fe80::1]%wire:{at}")]);
}
