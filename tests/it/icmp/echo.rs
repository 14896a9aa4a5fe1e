//! ICMPv6 echo without privileges, on loopback.

use std::io::ErrorKind;

use inet6::{Builder, capabilities::Capabilities, error::Op};

/// Whether it works depends on the system and on the groups of the user: either way it is told.
#[test]
fn echo_socket_opens_or_explains() {
    let opened = Builder::datagram().bind_echo("[::1]:0");
    assert_eq!(Capabilities::probe().unwrap().echo, opened.is_ok(), "{opened:?}");
    let Err(error) = opened else { return };
    let expected = if cfg!(any(target_os = "linux", target_os = "android")) {
        ErrorKind::PermissionDenied
    } else {
        ErrorKind::Unsupported
    };
    assert_eq!((error.op(), error.kind()), (Op::Open, expected), "{error}");
}

#[cfg(target_os = "linux")]
pub(crate) mod linux {
    use std::io;
    use std::net::{Ipv6Addr, SocketAddrV6};
    use std::os::fd::OwnedFd;
    use std::thread;
    use std::time::Duration;

    use inet6::kind::Protocol;
    use inet6::option::{
        RecvHopLimit, RecvPacketInfo, RecvTimestamp, RecvTrafficClass, ShareAddress, TrafficClass,
        UnicastHops,
    };
    use inet6::{
        UdpSocket, V6Only,
        icmp::EchoSocket,
        udp::{MessageTooLong, Received},
    };

    use super::*;
    use crate::lab::Host;
    use crate::support::*;

    const LOOPBACK: (Ipv6Addr, u16) = (Ipv6Addr::LOCALHOST, 0);

    pub(crate) fn patient_echo(socket: EchoSocket) -> EchoSocket {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    }

    /// A host where echo sockets can be opened.
    fn host() -> Result<Host, String> {
        let host = Host::new()?;
        host.ip("link set dev lo up");
        host.allow_echo();
        Ok(host)
    }

    fn echo_socket() -> EchoSocket {
        patient_echo(Builder::datagram().bind_echo("[::1]:0").unwrap())
    }

    /// What comes back of a request, in a buffer of this length.
    #[track_caller]
    fn echo(
        socket: &EchoSocket,
        sequence: u16,
        data: &[u8],
        room: usize,
    ) -> (Received<V6Only>, Vec<u8>) {
        socket.send_echo(LOOPBACK, sequence, data).unwrap();
        let mut buffer = vec![0xaa; room];
        let (number, reply) = socket.recv_echo(&mut buffer).unwrap();
        assert_eq!(number, sequence);
        assert_eq!(reply.source, SocketAddrV6::new(Ipv6Addr::LOCALHOST, 0, 0, 0));
        assert!(buffer[reply.len..].iter().all(|byte| *byte == 0xaa), "it wrote too far");
        buffer.truncate(reply.len);
        (reply, buffer)
    }

    #[test]
    fn request_returns_with_data() {
        let host = require!(host(), "the lab");
        host.run(|| {
            let socket = echo_socket();
            let data: Vec<u8> = (0..65_527).map(|at| at as u8).collect();
            for (sequence, len) in [(0, 0), (1, 1), (256, 56), (0xffff, 1453), (7, 65_527)] {
                let (reply, echoed) = echo(&socket, sequence, &data[..len], len + 1);
                assert!(!reply.truncated);
                assert_eq!(echoed, &data[..len]);
            }
        });
    }

    #[test]
    fn long_reply_is_truncated() {
        let host = require!(host(), "the lab");
        host.run(|| {
            let socket = echo_socket();
            for room in 0..10 {
                let (reply, echoed) = echo(&socket, 3, b"12345678", room);
                assert_eq!(reply.truncated, room < 8, "8 bytes into {room}");
                assert_eq!(echoed, &b"12345678"[..room.min(8)]);
            }
        });
    }

    #[test]
    fn long_request_is_refused() {
        let host = require!(host(), "the lab");
        host.run(|| {
            let socket = echo_socket();
            let error = socket.send_echo(LOOPBACK, 1, &[0; 65_528]).unwrap_err();
            let too_long = MessageTooLong::of(&error).unwrap();
            assert_eq!((too_long.len(), too_long.max_payload()), (65_528, Some(65_527)));
            assert_eq!(echo(&socket, 2, b"next", 8).1, b"next");
        });
    }

    #[test]
    fn impossible_address_is_refused_early() {
        let host = require!(host(), "the lab");
        host.run(|| {
            let socket = echo_socket();
            for (peer, text) in [
                ("fe80::1", "fe80::1%eth0"),
                ("ff02::1", "fe80::1%eth0"),
                ("192.0.2.1", "is an IPv4 address"),
                ("::ffff:192.0.2.1", "`192.0.2.1:0` was written as `::ffff:192.0.2.1`"),
                ("fe80::1%nowhere", "names no interface"),
                ("localhost", "is not a literal"),
            ] {
                // The loopback address of the socket has no zone to lend.
                let error = socket.send_echo((peer, 0), 1, b"").unwrap_err();
                assert_eq!((error.kind(), error.raw_os_error()), (ErrorKind::InvalidInput, None));
                assert!(error.to_string().contains(text), "{peer}: {error}");
            }
            for address in ["[fe80::1]:0", "127.0.0.1:0", "[::1]"] {
                let error = Builder::datagram().bind_echo(address).unwrap_err();
                assert_eq!((error.op(), error.raw_os_error()), (Op::Address, None), "{error}");
            }
            let error = Builder::datagram().bind_echo("[2001:db8::1]:0").unwrap_err();
            assert_eq!((error.op(), error.kind()), (Op::Bind, ErrorKind::AddrNotAvailable));
            let error = socket.send_echo(("2001:db8::1", 0), 1, b"").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NetworkUnreachable);
        });
    }

    #[test]
    fn identifier_is_exclusive_port() {
        let host = require!(host(), "the lab");
        host.run(|| {
            let socket = echo_socket();
            assert_ne!(socket.identifier(), 0);
            assert_eq!(socket.local_addr().unwrap().port(), socket.identifier());
            assert_eq!(socket.option::<ShareAddress>().unwrap(), ShareAddress(false));

            let named = Builder::datagram().bind_echo("[::]:77").unwrap();
            assert_eq!(named.identifier(), 77);
            // Whoever binds it last would get the replies.
            for builder in [Builder::datagram(), Builder::datagram().with(ShareAddress(true))] {
                let error = builder.bind_echo("[::1]:77").unwrap_err();
                assert_eq!((error.op(), error.kind()), (Op::Bind, ErrorKind::AddrInUse), "{error}");
            }
            // A program that leaves the kernel's default as it is.
            let other = socket2::Socket::new(
                socket2::Domain::IPV6,
                socket2::Type::DGRAM,
                Some(socket2::Protocol::ICMPV6),
            )
            .unwrap();
            let address = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 77, 0, 0);
            assert!(other.reuse_address().unwrap(), "the kernel's default is another");
            let error = other.bind(&address.into()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse);

            let shared = Builder::datagram().with(ShareAddress(true));
            let (first, second) = (shared.bind_echo("[::]:78"), shared.bind_echo("[::]:78"));
            assert_eq!(first.unwrap().identifier(), second.unwrap().identifier());
        });
    }

    #[test]
    fn socket_receives_own_replies() {
        let host = require!(host(), "the lab");
        host.run(|| {
            let sockets: Vec<EchoSocket> = (0..4).map(|_| echo_socket()).collect();
            for sequence in 0..8 {
                for (number, socket) in sockets.iter().enumerate() {
                    socket.send_echo(LOOPBACK, sequence, &[number as u8]).unwrap();
                }
            }
            for (number, socket) in sockets.iter().enumerate() {
                for sequence in 0..8 {
                    let mut data = [0xff];
                    assert_eq!(socket.recv_echo(&mut data).unwrap().0, sequence);
                    assert_eq!(data, [number as u8]);
                }
                socket.set_nonblocking(true).unwrap();
                let error = socket.recv_echo(&mut [0; 8]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
            }
        });
    }

    #[test]
    fn echo_socket_has_common_methods() {
        let host = require!(host(), "the lab");
        host.run(|| {
            let builder = Builder::datagram().with(UnicastHops(Some(9))).nonblocking();
            let socket = builder.bind_echo("[::1]:0").unwrap();
            assert!(is_close_on_exec(&socket) && is_nonblocking(&socket));
            let error = socket.recv_echo(&mut [0; 8]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            assert_eq!(socket.option::<UnicastHops>().unwrap(), UnicastHops(Some(9)));
            socket.set_option(RecvHopLimit(true)).unwrap();
            assert_eq!(socket.option::<RecvHopLimit>().unwrap(), RecvHopLimit(true));
            assert_eq!(socket.protocol().unwrap(), Protocol::Icmpv6);
            assert!(socket.v6_only().unwrap() && socket.take_error().unwrap().is_none());
            let shown = format!("{socket:?}");
            assert!(shown.starts_with("EchoSocket { mode: V6Only, local: [::1]:"), "{shown}");

            socket.set_nonblocking(false).unwrap();
            socket.set_write_timeout(Some(PATIENCE)).unwrap();
            assert_eq!(socket.write_timeout().unwrap(), Some(PATIENCE));
            socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            assert!(socket.read_timeout().unwrap().is_some());
            let error = socket.recv_echo(&mut [0; 8]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);

            let clone = patient_echo(socket.try_clone().unwrap());
            assert_eq!(clone.identifier(), socket.identifier());
            socket.send_echo(LOOPBACK, 5, b"").unwrap();
            assert_eq!(clone.recv_echo(&mut []).unwrap().0, 5);
            thread::scope(|scope| {
                let receiving = scope.spawn(|| clone.recv_echo(&mut []).unwrap().0);
                socket.send_echo(LOOPBACK, 6, b"").unwrap();
                assert_eq!(receiving.join().unwrap(), 6);
            });
        });
    }

    #[test]
    fn reply_returns_requested_metadata() {
        let host = require!(host(), "the lab");
        host.run(|| {
            let (reply, _) = echo(&echo_socket(), 1, b"x", 8);
            let message = reply;
            assert_eq!((message.destination, message.interface), (None, None));
            assert_eq!((message.hop_limit, message.traffic_class), (None, None));
            assert_eq!((message.flow_label, message.time), (None, None));

            let builder = Builder::datagram()
                .with(RecvPacketInfo(true))
                .with(RecvHopLimit(true))
                .with(RecvTrafficClass(true))
                .with(RecvTimestamp(true));
            let (reply, _) = echo(&patient_echo(builder.bind_echo("[::]:0").unwrap()), 2, b"x", 8);
            let message = reply;
            assert_eq!(message.destination, Some(Ipv6Addr::LOCALHOST));
            let loopback = inet6::interface::Interface::from_name("lo").unwrap();
            assert_eq!(message.interface, Some(loopback));
            assert_eq!(message.hop_limit, Some(64));
            assert_eq!(message.traffic_class, Some(TrafficClass::default()));
            assert!(message.time.is_some());
        });
    }

    #[test]
    fn echo_socket_is_no_udp_socket() {
        let host = require!(host(), "the lab");
        host.run(|| {
            let descriptor = OwnedFd::from(echo_socket());
            let refused = UdpSocket::<V6Only>::try_from(descriptor).unwrap_err();
            let text = "cannot adopt the descriptor: its protocol is neither TCP nor UDP";
            assert_eq!(refused.to_string(), text);
        });
    }

    #[test]
    fn forbidden_group_is_explained() {
        let host = require!(Host::new(), "the lab");
        host.ip("link set dev lo up");
        host.run(|| {
            // The default of the kernel lets nobody in.
            let error = Builder::datagram().bind_echo("[::1]:0").unwrap_err();
            assert_eq!(
                error.to_string(),
                "cannot open an IPv6 socket: permission denied; echo is for the groups in \
                 net.ipv4.ping_group_range, and this process is in none of them"
            );
            assert_eq!((error.op(), error.kind()), (Op::Open, ErrorKind::PermissionDenied));
            assert_eq!(error.raw_os_error(), Some(libc::EACCES));
            assert_eq!(io::Error::from(error).kind(), ErrorKind::PermissionDenied);
            // It is about echo only.
            UdpSocket::bind("[::1]:0").unwrap();
        });
        host.allow_echo();
        host.run(|| Builder::datagram().bind_echo("[::1]:0").unwrap());
    }

    #[test]
    fn missing_echo_is_explained() {
        for errno in [libc::EPROTONOSUPPORT, libc::ENOPROTOOPT] {
            let fault = Fault { call: libc::SYS_socket, arguments: &[], errno };
            let open = || Builder::datagram().bind_echo("[::1]:0").map(drop);
            let error = require!(with_faults(&[fault], open), "faults").unwrap_err();
            assert_eq!(
                error.to_string(),
                "cannot open an IPv6 socket: this system has no ICMPv6 datagram sockets, which \
                 echo without privileges needs"
            );
            assert_eq!((error.op(), error.kind()), (Op::Open, ErrorKind::Unsupported));
        }
        // What has nothing to do with echo is called by its own name.
        let fault = Fault { call: libc::SYS_socket, arguments: &[], errno: libc::EMFILE };
        let open = || Builder::datagram().bind_echo("[::1]:0").map(drop);
        let error = require!(with_faults(&[fault], open), "faults").unwrap_err();
        assert!(error.to_string().ends_with("too many open descriptors"), "{error}");
    }

    #[test]
    fn echo_leaves_no_descriptor() {
        in_own_process(|| {
            let host = require!(host(), "the lab");
            let closed = require!(Host::new(), "the lab");
            let before = open_descriptors();
            host.run(|| {
                let builder = Builder::datagram();
                for _ in 0..20 {
                    let socket = echo_socket();
                    drop((echo(&socket, 1, b"x", 1), socket.try_clone().unwrap()));
                    builder.bind_echo("[2001:db8::1]:0").unwrap_err();
                    builder.bind_echo(("::", socket.identifier())).unwrap_err();
                    UdpSocket::<V6Only>::try_from(OwnedFd::from(socket)).unwrap_err();
                }
            });
            closed.run(|| Builder::datagram().bind_echo("[::1]:0").unwrap_err());
            assert_eq!(open_descriptors(), before);
        });
    }
}
