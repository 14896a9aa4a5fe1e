//! What Linux puts beside a datagram, and takes.
#![allow(unsafe_code, reason = "an option that the crate does not have is set as C does it")]

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant, SystemTime};

use inet6::header::{Dscp, Ecn, FlowLabel};
use inet6::mode::Mode;
use inet6::option::{
    DontFragment, LiveOn, RecvBufferSize, RecvDropCount, RecvFlowInfo, RecvHopLimit,
    RecvPacketInfo, RecvTimestamp, RecvTrafficClass, Timestamping, TrafficClass, TransmitClock,
    TransmitTime, UnicastHops,
};
use inet6::{
    AnyMode, Builder, DualStack, UdpSocket,
    flow_label::FlowShare,
    udp::{Outgoing, SendAt, SendBatch},
};

use crate::support::*;

const CLASS: TrafficClass = TrafficClass { dscp: Dscp::EF, ecn: Ecn::Ect0 };

/// Opens a socket on all addresses that receives every ancillary message about a datagram's header.
fn socket_with_all_messages<M: Mode>(mode: M) -> UdpSocket<M> {
    let socket = socket_with_packet_info(mode);
    socket.set_option(RecvFlowInfo(true)).unwrap();
    socket.set_option(RecvTimestamp(true)).unwrap();
    socket
}

/// Leases a label: without that, it may not be sent while others have one of their own.
fn lease<M: Mode>(socket: &UdpSocket<M>, bits: u32) -> FlowLabel {
    let label = FlowLabel::new(bits);
    socket.request_flow_label(Ipv6Addr::LOCALHOST, label, FlowShare::Any).unwrap().keep()
}

/// Names the fields that a socket with one option fills in, from a packet that has everything.
#[track_caller]
fn fields_received_with<O: LiveOn<inet6::kind::Datagrams>>(option: O) -> String {
    let server = socket();
    server.set_option(option).unwrap();
    let client = UdpSocket::bind("[::]:0").unwrap();
    let label = lease(&client, 7);
    let to = server.local_addr().unwrap();
    client.send_message(&Outgoing::to(to, b"x").flow_label(label)).unwrap();
    let received = receive(&server);
    let fields = [
        ("destination", received.destination.is_some()),
        ("interface", received.interface.is_some()),
        ("hop limit", received.hop_limit.is_some()),
        ("traffic class", received.traffic_class.is_some()),
        ("flow label", received.flow_label.is_some()),
        ("time", received.time.is_some()),
        ("hardware time", received.hardware_time.is_some()),
        ("dropped", received.dropped.is_some()),
        ("segment size", received.segment_size.is_some()),
        ("path MTU", received.path_mtu.is_some()),
    ];
    let names = fields.iter().filter(|(_, there)| *there).map(|(name, _)| *name);
    names.collect::<Vec<_>>().join(", ")
}

#[test]
fn field_requires_its_option() {
    assert_eq!(fields_received_with(RecvPacketInfo(false)), "");
    assert_eq!(fields_received_with(RecvPacketInfo(true)), "destination, interface");
    assert_eq!(fields_received_with(RecvHopLimit(true)), "hop limit");
    assert_eq!(fields_received_with(RecvTrafficClass(true)), "traffic class");
    assert_eq!(fields_received_with(RecvFlowInfo(true)), "flow label");
    assert_eq!(fields_received_with(RecvTimestamp(true)), "time");
    // The kernel begins to read the clock a little after it was asked (net/core/dev.c,
    // `net_enable_timestamp`).
    let receive = Timestamping { receive: true, ..Timestamping::default() };
    let deadline = Instant::now() + PATIENCE;
    while fields_received_with(receive) != "time" {
        assert!(Instant::now() < deadline, "never a time");
    }
    // Of what there has been none, nothing is told.
    assert_eq!(fields_received_with(RecvDropCount(true)), "");
}

#[test]
fn message_fields_arrive() {
    let server = socket_with_all_messages(inet6::V6Only);
    let client = UdpSocket::bind("[::]:0").unwrap();
    let label = lease(&client, 0x7bcde);
    let before = SystemTime::now();
    let message = Outgoing::to((Ipv6Addr::LOCALHOST, port(&server)), b"ping")
        .source(Ipv6Addr::LOCALHOST)
        .interface(loopback())
        .hop_limit(7)
        .traffic_class(CLASS)
        .flow_label(label)
        .dont_fragment(DontFragment(true));
    assert_eq!(client.send_message(&message).unwrap(), 4);
    let received = receive(&server);
    assert_eq!((received.len, received.truncated), (4, false));
    assert_eq!(
        (*received.source.ip(), received.source.port()),
        (Ipv6Addr::LOCALHOST, port(&client))
    );
    assert_eq!(received.destination, Some(Ipv6Addr::LOCALHOST));
    assert_eq!(received.interface, Some(loopback()));
    assert_eq!(received.hop_limit, Some(7));
    assert_eq!(received.traffic_class, Some(CLASS));
    assert_eq!(received.flow_label, Some(label));
    assert!((before..=SystemTime::now()).contains(&received.time.unwrap()));
}

#[test]
fn ipv4_fields_arrive_on_dual_stack() {
    let server = socket_with_all_messages(DualStack);
    let client = Builder::datagram().bind("[::]:0").unwrap();
    let (from, to) = (Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3));
    let message = Outgoing::to((to, port(&server)), b"ping")
        .source(from)
        .interface(loopback())
        .hop_limit(7)
        .traffic_class(CLASS);
    client.send_message(&message).unwrap();
    let received = receive(&server);
    assert_eq!(received.source, SocketAddr::from((from, port(&client))));
    assert_eq!(received.destination, Some(IpAddr::V4(to)));
    assert_eq!(received.interface, Some(loopback()));
    assert_eq!(received.hop_limit, Some(7));
    assert_eq!(received.traffic_class, Some(CLASS));
    assert_eq!(received.flow_label, None);
    assert!(received.time.is_some());

    // And of an IPv6 peer the same socket tells what an IPv6 packet has.
    let label = lease(&client, 1);
    let message = Outgoing::to((Ipv6Addr::LOCALHOST, port(&server)), b"ping").flow_label(label);
    client.send_message(&message).unwrap();
    let received = receive(&server);
    assert_eq!(received.destination, Some(Ipv6Addr::LOCALHOST.into()));
    assert_eq!(received.flow_label, Some(label));
}

#[test]
fn ipv4_interface_needs_no_source() {
    let server = socket_with_all_messages(DualStack);
    let client = Builder::datagram().bind("[::]:0").unwrap();
    let to = (Ipv4Addr::LOCALHOST, port(&server));
    client.send_message(&Outgoing::to(to, b"x").interface(loopback())).unwrap();
    assert_eq!(receive(&server).source.ip(), Ipv4Addr::LOCALHOST);
}

#[test]
fn next_message_uses_socket_options() {
    let server = socket_with_all_messages(inet6::V6Only);
    let to = (Ipv6Addr::LOCALHOST, port(&server));
    let client = Builder::datagram()
        .with(UnicastHops(Some(9)))
        .with(TrafficClass::from(Dscp::CS1))
        .bind("[::]:0")
        .unwrap();
    let seen = || {
        let received = receive(&server);
        (received.hop_limit.unwrap(), received.traffic_class.unwrap().dscp)
    };
    let hops = Outgoing::to(to, b"x").hop_limit(0);
    let class = Outgoing::to(to, b"x").traffic_class(TrafficClass::default());
    client.send_message(&hops).unwrap();
    assert_eq!(seen(), (0, Dscp::CS1));
    client.send_message(&class).unwrap();
    assert_eq!(seen(), (9, Dscp::DF));
    client.send_message(&Outgoing::to(to, b"x")).unwrap();
    assert_eq!(seen(), (9, Dscp::CS1));
    client.send_to(b"x", to).unwrap();
    assert_eq!(seen(), (9, Dscp::CS1));
}

#[test]
fn connected_message_overrides_options() {
    for (peer, mode) in [
        (IpAddr::from(Ipv6Addr::LOCALHOST), AnyMode::V6Only),
        (Ipv6Addr::LOCALHOST.into(), AnyMode::DualStack),
        (Ipv4Addr::LOCALHOST.into(), AnyMode::DualStack),
    ] {
        let server = socket_with_all_messages(mode);
        let client = Builder::datagram().mode(mode).connect((peer, port(&server))).unwrap();
        let message = Outgoing::new(b"ping").hop_limit(3).traffic_class(CLASS);
        assert_eq!(client.send_message(&message).unwrap(), 4);
        let received = receive(&server);
        assert_eq!((received.hop_limit, received.traffic_class), (Some(3), Some(CLASS)));
        assert_eq!(received.destination, Some(peer));
        received.reply(&server, b"pong").unwrap();
        assert_eq!(client.recv(&mut [0; 16]).unwrap(), 4);
    }
}

/// 127.0.0.0/8 is all ours, so one interface has many addresses.
#[test]
fn reply_uses_destination_address() {
    let server = socket_with_all_messages(DualStack);
    let naive = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let asked = Ipv4Addr::new(127, 0, 0, 3);
    let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();

    client.send_to(b"ping", (asked, naive.local_addr().unwrap().port())).unwrap();
    let (_, peer) = naive.recv_from(&mut [0; 16]).unwrap();
    naive.send_to(b"pong", peer).unwrap();
    let (_, from) = client.recv_from(&mut [0; 16]).unwrap();
    assert_eq!(from.ip(), Ipv4Addr::LOCALHOST, "std answers from another address");

    client.send_to(b"ping", (asked, port(&server))).unwrap();
    receive(&server).reply(&server, b"pong").unwrap();
    let (_, from) = client.recv_from(&mut [0; 16]).unwrap();
    assert_eq!(from, SocketAddr::from((asked, port(&server))));
}

/// From an address that this host does not have, another one answers; whatever else is wrong with
/// an answer is told.
#[test]
fn reply_from_local_address_tries_once() {
    let server = dual_socket();
    let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    client.send_to(b"ping", ipv4(port(&server))).unwrap();
    let mut received = receive(&server);
    received.destination = Some(Ipv4Addr::LOCALHOST.into());
    let mut foreign = received;
    foreign.destination = Some(Ipv4Addr::new(192, 0, 2, 7).into());
    for (received, errno, calls) in [
        (received, libc::EADDRNOTAVAIL, 1),
        (received, libc::EPERM, 1),
        (foreign, libc::EPERM, 1),
        (foreign, libc::EADDRNOTAVAIL, 2),
    ] {
        let gate = Gate::failing(errno, 1);
        let sent = gate.run(libc::SYS_sendmsg, || received.reply(&server, b"pong"));
        let sent = require!(sent, "a gate");
        assert_eq!((sent.is_err(), gate.calls()), (calls == 1, calls), "{errno}");
    }
}

/// Many hosts have such a destination, and nobody answers from it.
#[test]
fn group_reply_leaves_source_to_system() {
    let server = dual_socket();
    let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.send_to(b"ping", ipv4(port(&server))).unwrap();
    let mut received = receive(&server);
    for shared in [Ipv4Addr::new(224, 0, 0, 251), Ipv4Addr::BROADCAST] {
        received.destination = Some(shared.into());
        assert_eq!(server.send_message(&received.answer(b"pong")).unwrap(), 4, "{shared}");
        assert_eq!(client.recv_from(&mut [0; 8]).unwrap().1, ipv4(port(&server)));
    }
}

#[test]
fn dropped_datagrams_are_counted() {
    let server = socket();
    server.set_option(RecvBufferSize(0)).unwrap(); // as small as the kernel lets it
    server.set_option(RecvDropCount(true)).unwrap();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let to = server.local_addr().unwrap();
    const SENT: u32 = 100;
    for _ in 0..SENT {
        client.send_to(&[0; 1000], to).unwrap();
    }
    server.set_nonblocking(true).unwrap();
    let mut arrived = 0;
    while server.recv_message(&mut [0; 1]).is_ok() {
        arrived += 1;
    }
    assert!((1..SENT).contains(&arrived), "{arrived} arrived");
    client.send_to(b"x", to).unwrap();
    assert_eq!(receive(&server).dropped, Some(SENT - arrived));
}

#[test]
fn segments_are_cut_and_put_together() {
    let server = socket();
    let on: libc::c_int = 1;
    // SAFETY: `on` is as long as the call is told.
    let result = unsafe {
        let value = (&raw const on).cast();
        libc::setsockopt(server.as_fd().as_raw_fd(), libc::SOL_UDP, libc::UDP_GRO, value, 4)
    };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let message = Outgoing::to(server.local_addr().unwrap(), &[7; 50]).segment_size(20);
    assert_eq!(client.send_message(&message).unwrap(), 50);
    let received = receive(&server);
    assert_eq!((received.len, received.segment_size), (50, Some(20)));

    let to = server.local_addr().unwrap();
    let many = [0; 1000];
    let message = Outgoing::to(to, &many).segment_size(7);
    refused(client.send_message(&message), "1000 bytes are more than 128 segments of 7");
    assert_eq!(client.send_message(&Outgoing::to(to, &many).segment_size(0)).unwrap(), 1000);
    // As many as go are not too many, whatever else is wrong.
    let nowhere = Outgoing::to("[::1]:0", &many[..128 * 7]).segment_size(7);
    let error = client.send_message(&nowhere).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL), "{error}");
}

#[test]
fn time_of_sending_requires_option() {
    let server = socket();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let message = Outgoing::to(server.local_addr().unwrap(), b"x").send_at(Instant::now());
    let words = "needs `TransmitTime(Some(TransmitClock::Monotonic))`";
    refused(client.send_message(&message), words);
    client.set_option(TransmitTime(Some(TransmitClock::Monotonic))).unwrap();
    client.send_message(&message).unwrap();
    let late = Instant::now() + Duration::from_secs(u64::from(u32::MAX));
    client.send_message(&Outgoing::to(server.local_addr().unwrap(), b"x").send_at(late)).unwrap();
    assert_eq!(receive(&server).len, 1);
}

/// A time on each clock.
fn times() -> [(TransmitClock, SendAt); 3] {
    [
        (TransmitClock::Monotonic, Instant::now().into()),
        (TransmitClock::Realtime, SystemTime::now().into()),
        (TransmitClock::Tai, SendAt::Tai(SendAt::tai_now().unwrap())),
    ]
}

#[test]
fn time_of_another_clock_is_refused() {
    require!(crate::option::privileged(), "clocks that need a privilege");
    let server = socket();
    let to = server.local_addr().unwrap();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let connected = UdpSocket::bind("[::1]:0").unwrap().connect(to).unwrap();
    let mut batch = SendBatch::new(4).unwrap();
    for (clock, _) in times() {
        client.set_option(TransmitTime(Some(clock))).unwrap();
        connected.set_option(TransmitTime(Some(clock))).unwrap();
        for (other, time) in times() {
            let message = Outgoing::to(to, b"x").send_at(time);
            let of_peer = Outgoing::new(b"x").send_at(time);
            let sent = [
                client.send_message(&message),
                connected.send_message(&of_peer),
                client.send_batch(&mut batch, &[message]),
                connected.send_batch(&mut batch, &[of_peer]),
                client.send_segments(&mut batch, &message.segment_size(1)),
            ];
            for sent in sent {
                if other == clock {
                    assert_eq!((sent.unwrap(), receive(&server).len), (1, 1));
                } else {
                    let words = format!("is of `TransmitClock::{other:?}`, and the socket has");
                    refused(sent, &words);
                }
            }
        }
    }
    server.set_nonblocking(true).unwrap();
    assert_eq!(server.recv_message(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn tai_time_needs_a_privilege() {
    require!(crate::option::privileged(), "a privilege to give up");
    without_privileges(|| {
        let socket = socket();
        for (clock, _) in times() {
            let set = socket.set_option(TransmitTime(Some(clock)));
            let kind = set.err().map(|error| error.kind());
            let denied = (clock != TransmitClock::Monotonic).then_some(ErrorKind::PermissionDenied);
            assert_eq!(kind, denied, "{clock:?}");
        }
    });
}

/// One more call for all datagrams of a batch, and none without a time.
#[test]
fn socket_clock_is_read_once() {
    let server = socket();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    client.set_option(TransmitTime(Some(TransmitClock::Monotonic))).unwrap();
    let plain = Outgoing::to(server.local_addr().unwrap(), b"x").hop_limit(9);
    let timed = plain.send_at(Instant::now());
    for (message, calls) in [(plain, 0), (timed, 1)] {
        let gate = Gate::default();
        let sent = gate.run(libc::SYS_getsockopt, || client.send_message(&message));
        assert_eq!(require!(sent, "a gate").unwrap(), 1);
        assert_eq!(gate.calls(), calls);
        let gate = Gate::default();
        let mut batch = SendBatch::new(8).unwrap();
        let sent = gate.run(libc::SYS_getsockopt, || client.send_batch(&mut batch, &[message; 5]));
        assert_eq!(sent.unwrap().unwrap(), 5);
        assert_eq!(gate.calls(), calls);
    }
}

#[test]
fn tai_now_reads_the_kernels_clock() {
    let clock = || {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the call writes one `timespec`.
        let result = unsafe { libc::clock_gettime(libc::CLOCK_TAI, &raw mut now) };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    };
    let before = clock();
    let now = SendAt::tai_now().unwrap();
    assert!((before..=clock()).contains(&now), "{before:?}: {now:?}");
}

/// As C has it: linux/net_tstamp.h, `struct sock_txtime`, and the errors are reported.
#[test]
fn clock_has_kernel_number() {
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let clocks = [
        (TransmitClock::Monotonic, libc::CLOCK_MONOTONIC),
        (TransmitClock::Realtime, libc::CLOCK_REALTIME),
        (TransmitClock::Tai, libc::CLOCK_TAI),
    ];
    let read = |value: &mut [libc::c_int; 2]| {
        let mut len = size_of_val(value) as libc::socklen_t;
        let (fd, data) = (client.as_raw_fd(), value.as_mut_ptr().cast());
        // SAFETY: there is room for `len` bytes.
        let result =
            unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_TXTIME, data, &raw mut len) };
        assert_eq!((result, len), (0, 8), "{}", io::Error::last_os_error());
    };
    for (clock, number) in clocks {
        if clock != TransmitClock::Monotonic {
            require!(crate::option::privileged(), "clocks that need a privilege");
        }
        client.set_option(TransmitTime(Some(clock))).unwrap();
        let mut value = [-1; 2];
        read(&mut value);
        // SOF_TXTIME_REPORT_ERRORS
        assert_eq!(value, [number, 2], "{clock:?}");
    }
}

/// What was refused before the call, with the words.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: io::Result<T>, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn impossible_source_is_refused() {
    let server = socket_with_all_messages(DualStack);
    let (v6, v4) = ((Ipv6Addr::LOCALHOST, port(&server)), (Ipv4Addr::LOCALHOST, port(&server)));
    let group: Ipv6Addr = "ff02::1".parse().unwrap();
    let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
    let foreign: Ipv6Addr = "2001:db8::7".parse().unwrap();

    let only = Builder::datagram().v6_only().bind("[::]:0").unwrap();
    refused(only.send_message(&Outgoing::to(v6, b"x").source(group)), "multicast group");
    let words = "the socket is IPv6 only, and 127.0.0.1 is an IPv4 address";
    refused(only.send_message(&Outgoing::to(v6, b"x").source(mapped)), words);
    let words = "cannot send from 2001:db8::7: no interface of this host has this address";
    refused(only.send_message(&Outgoing::to(v6, b"x").source(foreign)), words);
    // The wildcard is no choice.
    only.send_message(&Outgoing::to(v6, b"x").source(Ipv6Addr::UNSPECIFIED)).unwrap();

    let dual = Builder::datagram().bind("[::]:0").unwrap();
    let families = "of two families";
    refused(dual.send_message(&Outgoing::to(v4, b"x").source(Ipv6Addr::LOCALHOST)), families);
    refused(dual.send_message(&Outgoing::to(v6, b"x").source(Ipv4Addr::LOCALHOST)), families);
    refused(dual.send_message(&Outgoing::to(v6, b"x").source(mapped)), families);
    dual.send_message(&Outgoing::to(v4, b"x").source(mapped)).unwrap();
    let any: IpAddr = Ipv4Addr::UNSPECIFIED.into();
    dual.send_message(&Outgoing::to(v4, b"x").source(any)).unwrap();
    dual.send_message(&Outgoing::to(v6, b"x").source(any)).unwrap();
    for _ in 0..4 {
        receive(&server);
    }

    let link: Ipv6Addr = "fe80::1".parse().unwrap();
    refused(only.send_message(&Outgoing::to(v6, b"x").source(link)), "say on which interface");
    refused(dual.send_message(&Outgoing::to(v4, b"x").hop_limit(0)), "a hop limit of 0");
    // The interface may be the zone of the source, and so may that of the destination.
    let link: Ipv6Addr = "fe80::db8:7".parse().unwrap();
    let words = "cannot send from fe80::db8:7: no interface of this host has this address";
    let message = Outgoing::to(v6, b"x").source(link).interface(loopback());
    refused(only.send_message(&message), words);
    let message = Outgoing::to(format!("[fe80::db8:8%lo]:{}", port(&server)), b"x").source(link);
    refused(only.send_message(&message), words);
}

/// One more call where the family of the peer is not known and matters, and none elsewhere.
#[test]
fn connected_socket_reads_peer_when_needed() {
    let [only, dual] = [AnyMode::V6Only, AnyMode::DualStack].map(|mode| {
        let server = with_read_timeout(Builder::datagram().mode(mode).bind("[::1]:0").unwrap());
        let client = Builder::datagram().mode(mode).bind("[::1]:0").unwrap();
        (client.connect(server.local_addr().unwrap()).unwrap(), server)
    });
    let [plain, special] = [
        Outgoing::new(b"x").source(IpAddr::from(Ipv6Addr::UNSPECIFIED)),
        Outgoing::new(b"x").hop_limit(9),
    ];
    for ((client, server), message, calls) in
        [(&only, plain, 0), (&only, special, 0), (&dual, plain, 0), (&dual, special, 1)]
    {
        let gate = Gate::default();
        let sent = gate.run(libc::SYS_getpeername, || client.send_message(&message));
        assert_eq!(require!(sent, "a gate").unwrap(), 1);
        assert_eq!(gate.calls(), calls, "{message:?}");
        assert_eq!(receive(server).len, 1);
    }
}

/// The number that is behind those words: RFC 3542, section 6.2.
#[test]
fn kernel_refuses_foreign_source() {
    let server = socket();
    let client = UdpSocket::bind("[::]:0").unwrap();
    let to = server.local_addr().unwrap().into();
    for (source, errno) in [("2001:db8::7", Some(libc::EINVAL)), ("::1", None)] {
        let source: Ipv6Addr = source.parse().unwrap();
        // `struct cmsghdr` and `struct in6_pktinfo`, without an interface.
        let len = size_of::<libc::cmsghdr>() + 20;
        let mut control = len.to_ne_bytes().to_vec();
        control.extend(libc::IPPROTO_IPV6.to_ne_bytes());
        control.extend(libc::IPV6_PKTINFO.to_ne_bytes());
        control.extend(source.octets());
        control.resize(len.next_multiple_of(size_of::<usize>()), 0);
        let data = [io::IoSlice::new(b"x")];
        let message = socket2::MsgHdr::new().with_addr(&to).with_buffers(&data);
        let message = message.with_control(&control);
        let sent = socket2::SockRef::from(&client).sendmsg(&message, 0);
        assert_eq!(sent.err().and_then(|error| error.raw_os_error()), errno, "{source}");
    }
    assert_eq!(receive(&server).source.ip(), Ipv6Addr::LOCALHOST);
}

#[test]
fn zone_and_other_interface_conflict() {
    let socket = UdpSocket::bind("[::]:0").unwrap();
    let message = Outgoing::to("[fe80::1%7]:9", b"x").interface(loopback());
    refused(socket.send_message(&message), "on interface 7, and interface 1 was given");
}

#[test]
fn ipv6_field_on_ipv4_is_unsupported() {
    let server = socket_with_all_messages(DualStack);
    let client = Builder::datagram().bind("[::]:0").unwrap();
    let to = Outgoing::to((Ipv4Addr::LOCALHOST, port(&server)), b"x");
    for (message, name) in [
        (to.flow_label(FlowLabel::new(1).unwrap()), "IPV6_FLOWINFO"),
        (to.dont_fragment(DontFragment(true)), "IPV6_DONTFRAG"),
    ] {
        let error = client.send_message(&message).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(name), "{error}");
    }
    server.set_nonblocking(true).unwrap();
    assert_eq!(server.recv_message(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn adopted_socket_with_many_fields_receives() {
    let server = socket_with_all_messages(inet6::V6Only);
    // Everything else that Linux has for an IPv6 datagram socket (linux/in6.h).
    for name in [2, 3, 6, 49, 51, 53, 54, 56, 58, 66, 74, 77] {
        let on: libc::c_int = 1;
        // SAFETY: `on` is as long as the call is told. What it refuses is not switched on.
        unsafe {
            let value = (&raw const on).cast();
            libc::setsockopt(server.as_fd().as_raw_fd(), libc::IPPROTO_IPV6, name, value, 4);
        }
    }
    server.set_option(Timestamping { receive: true, send: true, hardware: true }).unwrap();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    client.send_to(b"ping", (Ipv6Addr::LOCALHOST, port(&server))).unwrap();
    let received = receive(&server);
    assert_eq!((received.len, received.truncated), (4, false));
    assert_eq!(received.destination, Some(Ipv6Addr::LOCALHOST));
    assert!(received.hop_limit.is_some() && received.time.is_some());
}

/// RFC 3542, section 6: what is sent with a datagram goes before what its socket says.
#[test]
fn message_overrides_socket_option() {
    let server = socket_with_all_messages(inet6::V6Only);
    let to = Outgoing::to((Ipv6Addr::LOCALHOST, port(&server)), b"x");
    let other = TrafficClass::from(Dscp::CS1);
    // By the socket, by the datagram, by both and the same, by both and another.
    for (of_socket, of_one) in [(true, None), (false, Some(true)), (true, Some(true))]
        .into_iter()
        .chain([(true, Some(false)), (false, None)])
    {
        let client = UdpSocket::bind("[::]:0").unwrap();
        if of_socket {
            client.set_option(UnicastHops(Some(9))).unwrap();
            client.set_option(CLASS).unwrap();
        }
        let message = match of_one {
            None => to,
            Some(true) => to.hop_limit(9).traffic_class(CLASS),
            Some(false) => to.hop_limit(7).traffic_class(other),
        };
        client.send_message(&message).unwrap();
        let expected = match (of_socket, of_one) {
            (_, Some(false)) => (Some(7), Some(other)),
            (false, None) => (Some(64), Some(TrafficClass::default())),
            _ => (Some(9), Some(CLASS)),
        };
        let received = receive(&server);
        assert_eq!((received.hop_limit, received.traffic_class), expected);
    }
}

/// The interface takes 65 536 bytes, and a datagram may have a few more (RFC 3542, section 11.2).
#[test]
fn message_fragmentation_overrides_socket() {
    let server = socket_with_all_messages(inet6::V6Only);
    let data = vec![0; 65_527];
    let to = Outgoing::to((Ipv6Addr::LOCALHOST, port(&server)), &data);
    for (of_socket, of_one, goes) in [
        (false, None, true),
        (true, None, false),
        (false, Some(true), false),
        (true, Some(true), false),
        (true, Some(false), true),
        (false, Some(false), true),
    ] {
        let client = UdpSocket::bind("[::]:0").unwrap();
        client.set_option(DontFragment(of_socket)).unwrap();
        let message = of_one.map_or(to, |whole| to.dont_fragment(DontFragment(whole)));
        match client.send_message(&message) {
            Ok(len) => {
                assert!(goes, "{of_socket} {of_one:?}");
                let received = server.recv_message(&mut vec![0; len]).unwrap();
                assert_eq!((received.len, received.truncated), (65_527, false));
            }
            Err(error) => {
                assert!(!goes, "{of_socket} {of_one:?}: {error}");
                assert_eq!(inet6::udp::MessageTooLong::of(&error).unwrap().mtu(), Some(65_536));
            }
        }
    }
}

/// Why the crate sets the IPv4 twin of these options: with those of IPv6 alone, an IPv4 packet
/// tells the address only.
#[test]
fn ipv4_header_needs_ipv4_options() {
    let server = dual_socket();
    server.set_option(RecvPacketInfo(true)).unwrap();
    let raw = socket2::SockRef::from(&server);
    raw.set_recv_hoplimit_v6(true).unwrap();
    raw.set_recv_tclass_v6(true).unwrap();
    let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let seen = || {
        client.send_to(b"x", ipv4(port(&server))).unwrap();
        let received = receive(&server);
        assert_eq!(received.destination, Some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        (received.hop_limit.is_some(), received.traffic_class.is_some())
    };
    assert_eq!(seen(), (false, false));
    server.set_option(RecvHopLimit(true)).unwrap();
    assert_eq!(seen(), (true, false));
    server.set_option(RecvTrafficClass(true)).unwrap();
    assert_eq!(seen(), (true, true));
}

/// As above, for what is sent.
#[test]
fn ipv4_packet_has_ipv4_traffic_class() {
    let server = socket_with_all_messages(DualStack);
    let client = Builder::datagram().bind("[::]:0").unwrap();
    let seen = || {
        [IpAddr::V4(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()].map(|ip| {
            client.send_to(b"x", (ip, port(&server))).unwrap();
            receive(&server).traffic_class.unwrap()
        })
    };
    let byte = u32::from(CLASS.dscp.bits() << 2 | CLASS.ecn.bits());
    socket2::SockRef::from(&client).set_tclass_v6(byte).unwrap();
    assert_eq!(seen(), [TrafficClass::default(), CLASS]);
    client.set_option(CLASS).unwrap();
    assert_eq!(seen(), [CLASS, CLASS]);
}
