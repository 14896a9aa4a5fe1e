//! What the options do, and where the kernel surprises.

use super::*;

#[test]
fn missing_option_fails_when_read() {
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    if LINUX {
        let error = socket.option::<ExclusiveAddressUse>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.op(), Op::Get("SO_EXCLUSIVEADDRUSE"));
        assert_eq!(
            error.to_string(),
            "cannot read SO_EXCLUSIVEADDRUSE: this system does not have it"
        );
    } else {
        let error = socket.set_option(MulticastAll(true)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot set IPV6_MULTICAST_ALL: this system does not have it"
        );
    }
}

#[track_caller]
fn has<O: SocketOption<Stream> + PartialEq>(stream: &TcpStream, value: O) {
    assert_eq!(stream.option::<O>().unwrap(), value);
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn accepted_stream_inherits_options() {
    let listener = Builder::stream().bind("[::1]:0").unwrap().listen(1).unwrap();
    listener.set_option(NoDelay(true)).unwrap();
    listener.set_option(KeepAlive(true)).unwrap();
    listener.set_option(KeepAliveIdle(60 * SECOND)).unwrap();
    listener.set_option(KeepAliveInterval(7 * SECOND)).unwrap();
    listener.set_option(KeepAliveCount(4)).unwrap();
    listener.set_option(UnicastHops(Some(9))).unwrap();
    listener.set_option(TrafficClass::from(Dscp::EF)).unwrap();
    listener.set_option(AutoFlowLabel(false)).unwrap();
    listener.set_option(MtuDiscover::Do).unwrap();
    listener.set_option(MinHopCount(3)).unwrap();
    listener.set_option(UserTimeout(Some(SECOND))).unwrap();
    listener.set_option(Congestion("reno".into())).unwrap();
    listener.set_option(Linger(Some(SECOND))).unwrap();
    listener.set_option(ReadTimeout(Some(PATIENCE))).unwrap();
    listener.set_option(MaxSegment(900)).unwrap();
    listener.set_option(Priority(3)).unwrap();
    listener.set_option(FastOpen(5)).unwrap();
    listener.set_option(DeferAccept(None)).unwrap();

    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    has(&stream, NoDelay(true));
    has(&stream, KeepAlive(true));
    has(&stream, KeepAliveIdle(60 * SECOND));
    has(&stream, KeepAliveInterval(7 * SECOND));
    has(&stream, KeepAliveCount(4));
    has(&stream, UnicastHops(Some(9)));
    has(&stream, TrafficClass::from(Dscp::EF));
    has(&stream, AutoFlowLabel(false));
    has(&stream, MtuDiscover::Do);
    has(&stream, MinHopCount(3));
    has(&stream, UserTimeout(Some(SECOND)));
    has(&stream, Congestion("reno".into()));
    has(&stream, Linger(Some(SECOND)));
    has(&stream, ReadTimeout(Some(PATIENCE)));
    // Timestamps take 12 bytes of it.
    let MaxSegment(bytes) = stream.option().unwrap();
    assert!((888..=900).contains(&bytes), "{bytes}");
    // These stay behind.
    has(&stream, Priority(0));
    has(&stream, FastOpen(0));
}

#[test]
fn specific_address_restricts_mode() {
    let builder = Builder::stream();
    let wildcard = builder.bind("[::]:0").unwrap();
    assert!(!wildcard.v6_only().unwrap());
    if LINUX {
        // The bind is what restricts it, and the streams that it accepts.
        let listener = builder.bind("[::1]:0").unwrap().listen(1).unwrap();
        assert!(listener.v6_only().unwrap());
        let _client = builder.connect(listener.local_addr().unwrap()).unwrap();
        assert!(listener.accept().unwrap().0.v6_only().unwrap());
    }
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn tcp_keeps_the_congestion_bits() {
    let marked = TrafficClass { dscp: Dscp::EF, ecn: Ecn::Ce };
    let stream = Builder::stream().with(marked).bind("[::]:0").unwrap();
    assert_eq!(stream.option::<TrafficClass>().unwrap(), TrafficClass::from(Dscp::EF));
}

/// `IP_TOS`, the twin of the traffic class, changes the priority.
#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn builder_priority_outlives_traffic_class() {
    let class = TrafficClass::from(Dscp::CS1);
    let builder = Builder::datagram().with(Priority(5)).with(class);
    let socket = builder.bind("[::]:0").unwrap();
    assert_eq!(socket.option::<Priority>().unwrap(), Priority(5));
    socket.set_option(TrafficClass::default()).unwrap();
    assert_eq!(socket.option::<Priority>().unwrap(), Priority(0));
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn ipv4_refuses_hop_limit_zero() {
    let zero = UnicastHops(Some(0));
    Builder::datagram().v6_only().with(zero).bind("[::]:0").unwrap();
    let builder = Builder::datagram();
    refused(builder.clone().with(zero).bind("[::]:0"), "IPV6_UNICAST_HOPS");
    refused(builder.bind("[::]:0").unwrap().set_option(zero), "IPV6_UNICAST_HOPS");
    refused(builder.bind("127.0.0.1:0").unwrap().set_option(zero), "IPV6_UNICAST_HOPS");
    // No IPv4 peer reaches this one.
    builder.bind("[::1]:0").unwrap().set_option(zero).unwrap();
}

/// linux/net_tstamp.h. Without `SOF_TIMESTAMPING_SOFTWARE` no time by the clock of the kernel is
/// told.
#[test]
#[cfg(target_os = "linux")]
fn kernel_keeps_requested_timestamp_flags() {
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    for (bits, flags) in [0, 0x18, 0x4892, 0x489a, 0x40, 0x5c, 0x48d3, 0x48df].iter().enumerate() {
        let [receive, send, hardware] = [1, 2, 4].map(|bit| bits & bit != 0);
        socket.set_option(Timestamping { receive, send, hardware }).unwrap();
        let taken = raw::read_at(&socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPING);
        assert_eq!(taken, *flags, "{bits:03b}: {taken:#x} and not {flags:#x}");
    }
}

#[test]
fn uncountable_time_is_refused() {
    let centuries = Duration::from_secs(u64::MAX);
    let linger = Builder::stream().with(Linger(Some(centuries))).bind("[::]:0");
    refused(linger, "SO_LINGER");
    // `struct linger` has an `int`.
    let most = Duration::from_secs(i32::MAX as u64);
    refused(Builder::stream().with(Linger(Some(most + SECOND))).bind("[::]:0"), "SO_LINGER");
    if LINUX {
        Builder::stream().with(Linger(Some(most))).bind("[::]:0").unwrap();
    }
    let idle = Builder::stream().with(KeepAliveIdle(centuries)).bind("[::]:0");
    refused(idle, "TCP_KEEPIDLE");
}

#[test]
fn preferences_print_as_their_names() {
    let both = AddressPreferences::TEMPORARY.with(AddressPreferences::CARE_OF);
    assert_eq!(format!("{both:?}"), "AddressPreferences(TEMPORARY | CARE_OF)");
    assert_eq!(format!("{:?}", AddressPreferences::NON_CGA), "AddressPreferences(NON_CGA)");
    assert_eq!(format!("{:?}", AddressPreferences::DEFAULT), "AddressPreferences()");
}

#[test]
fn unknown_device_name_is_refused() {
    let named = |name: &str| BindDevice(Some(name.parse().unwrap()));
    for name in ["nosuch0", "nosuchinterface-0"] {
        let error = Builder::datagram().with(named(name)).bind("[::]:0").unwrap_err();
        assert_eq!(error.op(), Op::Set("SO_BINDTODEVICE"), "{error}");
        if LINUX {
            assert!(error.to_string().contains("interface"), "{error}");
        }
    }
    if LINUX && privileged() {
        // An index is not looked at.
        let none = BindDevice(Some(NonZeroU32::new(0x7fff_ffff).unwrap().into()));
        let socket = Builder::datagram().with(none.clone()).bind("[::]:0").unwrap();
        assert_eq!(socket.option::<BindDevice>().unwrap(), none);
    }
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn unknown_interface_index_is_refused() {
    let nobody = Some(Interface::from_index(NonZeroU32::new(0x7fff_ffff).unwrap()));
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    let unicast = socket.set_option(UnicastInterface(nobody)).unwrap_err();
    assert_eq!(unicast.kind(), ErrorKind::AddrNotAvailable);
    assert_eq!(unicast.to_string(), "cannot set IPV6_UNICAST_IF: no such interface");
    let multicast = socket.set_option(MulticastInterface(nobody)).unwrap_err();
    assert_eq!(multicast.to_string(), "cannot set IPV6_MULTICAST_IF: no such interface");
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn last_sharing_socket_receives() {
    let builder = Builder::datagram().with(ShareAddress(true)).with(ReadTimeout(Some(PATIENCE)));
    let first = builder.bind("[::1]:0").unwrap();
    let last = builder.bind(first.local_addr().unwrap()).unwrap();
    let sender = UdpSocket::bind("[::1]:0").unwrap();
    sender.send_to(b"whose?", last.local_addr().unwrap()).unwrap();
    assert_eq!(last.recv_from(&mut [0; 16]).unwrap().1, sender.local_addr().unwrap());
    first.set_nonblocking(true).unwrap();
    assert_eq!(first.recv_from(&mut [0; 16]).unwrap_err().kind(), ErrorKind::WouldBlock);
    let unwilling = Builder::datagram().bind(first.local_addr().unwrap()).unwrap_err();
    assert_eq!(unwilling.kind(), ErrorKind::AddrInUse);
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn kernel_balances_listeners() {
    let builder = Builder::stream().with(ReusePort(true)).nonblocking();
    let first = builder.bind("[::1]:0").unwrap().listen(64).unwrap();
    let address = first.local_addr().unwrap();
    let second = builder.bind(address).unwrap().listen(64).unwrap();
    let clients: Vec<TcpStream> = (0..64).map(|_| TcpStream::connect(address).unwrap()).collect();
    let count = |listener: &TcpListener| std::iter::from_fn(|| listener.accept().ok()).count();
    let (one, other) = (count(&first), count(&second));
    // All on one side has a chance of 2 in 2 to the 64.
    assert!(one > 0 && other > 0, "{one} and {other}");
    assert_eq!(one + other, clients.len());
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn free_bind_accepts_foreign_address() {
    let plain = Builder::datagram().v6_only().bind("[2001:db8::1]:0").unwrap_err();
    assert_eq!(plain.kind(), ErrorKind::AddrNotAvailable);
    for address in ["[2001:db8::1]:0", "203.0.113.1:0"] {
        // The option serves both families.
        Builder::datagram().with(FreeBind(true)).bind(address).unwrap();
    }
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn port_is_chosen_at_connect() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let bound = Builder::stream().with(BindAddressNoPort(true)).bind("[::1]:0").unwrap();
    assert_eq!(bound.local_addr().unwrap().port(), 0);
    let stream = bound.connect(listener.local_addr().unwrap()).unwrap();
    assert_ne!(stream.local_addr().unwrap().port(), 0);
}

#[test]
fn zero_linger_resets() {
    require!(!under_wine(), "a reset reads as the end");
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let builder = Builder::stream().with(Linger(Some(Duration::ZERO)));
    let client = builder.connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    server.set_option(ReadTimeout(Some(PATIENCE))).unwrap();
    drop(client);
    assert_eq!(server.recv(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn low_hop_count_is_dropped() {
    let builder = Builder::stream().with(MinHopCount(255));
    let listener = builder.bind("[::1]:0").unwrap().listen(8).unwrap();
    let near = Builder::stream().with(UnicastHops(Some(255)));
    near.connect_timeout(listener.local_addr().unwrap(), PATIENCE).unwrap();
    let far = Builder::stream().with(UnicastHops(Some(254)));
    let error =
        far.connect_timeout(listener.local_addr().unwrap(), Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn unconnected_socket_reports_refusal() {
    let gone = UdpSocket::bind("[::1]:0").unwrap().local_addr().unwrap();
    let builder = Builder::datagram().with(ReadTimeout(Some(PATIENCE)));
    let socket = builder.clone().with(RecvError(true)).bind("[::1]:0").unwrap();
    socket.send_to(b"anyone?", gone).unwrap();
    let error = socket.recv_from(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

/// `IP_MULTICAST_IF` cannot be read back as an index: a datagram shows that it is set.
#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn ipv4_multicast_uses_same_interface() {
    let lo = loopback();
    let group = std::net::Ipv4Addr::new(239, 255, 72, 1);
    let receiver = Builder::datagram().with(ReadTimeout(Some(PATIENCE))).bind("[::]:0").unwrap();
    let interface = socket2::InterfaceIndexOrAddress::Index(lo.index().get());
    socket2::SockRef::from(&receiver).join_multicast_v4_n(&group, &interface).unwrap();
    let sender = Builder::datagram().with(MulticastInterface(Some(lo))).bind("[::]:0").unwrap();
    let port = receiver.local_addr().unwrap().port();
    sender.send_to(b"to the group", (group, port)).unwrap();
    let mut data = [0; 32];
    let (len, source) = receiver.recv_from(&mut data).unwrap();
    assert_eq!(&data[..len], b"to the group");
    assert_eq!(source.port(), sender.local_addr().unwrap().port());
}

/// The types take a byte (`tests/ui/hop_limit_beyond_a_byte.rs`); -1 is `None`. RFC 3493, section
/// 5.1.
#[test]
fn hop_limit_is_byte_or_default() {
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    for hops in (0..=255).map(Some) {
        socket.set_option(UnicastHops(hops)).unwrap();
        assert_eq!(socket.option::<UnicastHops>().unwrap(), UnicastHops(hops));
        socket.set_option(MulticastHops(hops)).unwrap();
        assert_eq!(socket.option::<MulticastHops>().unwrap(), MulticastHops(hops));
    }
    socket.set_option(UnicastHops(None)).unwrap();
    socket.set_option(MulticastHops(None)).unwrap();
    let given = differs(wine_lacks("the default hop limit is that of the host"));
    let default = UnicastHops(given.hop_limit);
    assert_eq!(socket.option::<UnicastHops>().unwrap(), default);
    assert_eq!(socket.option::<MulticastHops>().unwrap(), MulticastHops(Some(1)));
    // What the types keep out.
    let raw = socket2::SockRef::from(&socket);
    for hops in [256, 1 << 16, -2_i32 as u32] {
        let unicast = raw.set_unicast_hops_v6(hops).unwrap_err();
        assert_eq!(unicast.kind(), ErrorKind::InvalidInput, "{hops}: {unicast}");
        let multicast = raw.set_multicast_hops_v6(hops).unwrap_err();
        assert_eq!(multicast.kind(), ErrorKind::InvalidInput, "{hops}: {multicast}");
    }
    assert_eq!(socket.option::<UnicastHops>().unwrap(), default);
}

/// The types take six bits and two; -1 is the default, 0. RFC 3542, section 6.5.
#[test]
#[cfg(target_os = "linux")]
fn traffic_class_is_one_byte() {
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    let raw = socket2::SockRef::from(&socket);
    for byte in 0..=255 {
        let class = TrafficClass {
            dscp: Dscp::new(byte >> 2).unwrap(),
            ecn: Ecn::from_traffic_class(byte),
        };
        socket.set_option(class).unwrap();
        assert_eq!(socket.option::<TrafficClass>().unwrap(), class);
        assert_eq!(raw.tclass_v6().unwrap(), u32::from(byte));
    }
    for class in [256, -2_i32 as u32] {
        let error = raw.set_tclass_v6(class).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    }
    assert_eq!(raw.tclass_v6().unwrap(), 255);
    raw.set_tclass_v6(-1_i32 as u32).unwrap();
    assert_eq!(socket.option::<TrafficClass>().unwrap(), TrafficClass::default());
    assert_eq!(Dscp::new(64), None);
}

#[test]
fn buffer_size_reads_effective_value() {
    let expected = 4096 * differs(false).buffer_size;
    let socket = Builder::datagram().with(RecvBufferSize(4096)).bind("[::1]:0").unwrap();
    assert_eq!(socket.option::<RecvBufferSize>().unwrap(), RecvBufferSize(expected));
    // Setting what was read makes it larger each time, where it is not what was set.
    socket.set_option(RecvBufferSize(expected)).unwrap();
    let again = RecvBufferSize(expected * differs(false).buffer_size);
    assert_eq!(socket.option::<RecvBufferSize>().unwrap(), again);
}
