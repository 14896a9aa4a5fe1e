//! Addresses as people write them, where sockets take them.

use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use inet6::mode::Mode;
use inet6::{
    AnyMode, Builder, DualStack, Endpoint, Error, UdpSocket, V6Only, addr::ToAddress, error::Op,
};

use crate::support::*;

/// Binds, connects and sends to one form of an address; `at` writes it with a port.
#[track_caller]
fn works<M: Mode, A: ToAddress<M> + Debug>(mode: M, at: impl Fn(u16) -> A) {
    let streams = Builder::stream().mode(mode);
    let bound = streams.bind(at(0)).unwrap_or_else(|error| panic!("{:?}: {error}", at(0)));
    let listener = bound.listen(4).unwrap();
    let port = listener.local_addr().unwrap().into().port();
    let client =
        streams.connect(at(port)).unwrap_or_else(|error| panic!("{:?}: {error}", at(port)));
    let (_, peer) = listener.accept().unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
    streams.connect_timeout(at(port), PATIENCE).unwrap();
    streams.start_connect(at(port)).unwrap().finish().unwrap();

    let datagrams = Builder::datagram().mode(mode);
    let server = with_read_timeout(datagrams.bind(at(0)).unwrap());
    let port = server.local_addr().unwrap().into().port();
    let client = datagrams.bind(at(0)).unwrap();
    client.send_to(b"to", at(port)).unwrap();
    client.send_to_vectored(&[io::IoSlice::new(b"vectored")], at(port)).unwrap();
    let source = client.local_addr().unwrap();
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap(), (2, source));
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap(), (8, source));
    let client = client.connect(at(port)).unwrap();
    assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
    datagrams.connect(at(port)).unwrap();
}

#[track_caller]
fn every_ipv6_form<M: Mode>(mode: M) {
    let ip = Ipv6Addr::LOCALHOST;
    works(mode, |port| SocketAddrV6::new(ip, port, 0, 0));
    works(mode, |port| (ip, port));
    works(mode, |port| format!("[::1]:{port}"));
    works(mode, |port| ("::1", port));
    works(mode, |port| ("::1".to_owned(), port));
    works(mode, |port| format!("[::1]:{port}").parse::<Endpoint>().unwrap());
    works(mode, |port| Endpoint::new("0:0:0:0:0:0:0:1", port).unwrap());
    works(mode, |port| Endpoint::from(SocketAddr::from((ip, port))));
}

#[test]
fn every_ipv6_form_works_everywhere() {
    every_ipv6_form(V6Only);
    every_ipv6_form(DualStack);
    every_ipv6_form(AnyMode::V6Only);
    every_ipv6_form(AnyMode::DualStack);
}

#[test]
fn every_ipv4_form_works_when_allowed() {
    let ip = Ipv4Addr::LOCALHOST;
    macro_rules! check {
        ($mode:expr) => {
            works($mode, |port| SocketAddr::from((ip, port)));
            works($mode, |port| SocketAddrV4::new(ip, port));
            works($mode, |port| (ip, port));
            works($mode, |port| (IpAddr::V4(ip), port));
            works($mode, |port| format!("127.0.0.1:{port}"));
            works($mode, |port| ("127.0.0.1", port));
            works($mode, |port| Endpoint::new("127.0.0.1", port).unwrap());
            works($mode, |port| SocketAddrV6::new(ip.to_ipv6_mapped(), port, 0, 0));
            works($mode, |port| ("::ffff:127.0.0.1", port));
            works($mode, |port| SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
            works($mode, |port| (IpAddr::V6(Ipv6Addr::LOCALHOST), port));
        };
    }
    check!(DualStack);
    check!(AnyMode::DualStack);
}

#[test]
fn references_count_as_addresses() {
    let address = "[::1]:0".to_owned();
    UdpSocket::bind(&address).unwrap();
    UdpSocket::bind(address.as_str()).unwrap();
    let endpoint: Endpoint = address.parse().unwrap();
    UdpSocket::bind(&endpoint).unwrap();
    let pair = &(Ipv6Addr::LOCALHOST, 0);
    UdpSocket::bind(pair).unwrap();
}

/// What every verb says to an address.
#[track_caller]
fn refusals<M: Mode, A: ToAddress<M> + Copy>(mode: M, address: A) -> Vec<Error> {
    let (streams, datagrams) = (Builder::stream().mode(mode), Builder::datagram().mode(mode));
    let sent = datagrams.bind("[::]:0").unwrap().send_to(b"x", address).unwrap_err();
    assert_eq!((sent.kind(), sent.raw_os_error()), (ErrorKind::InvalidInput, None), "{sent}");
    let socket = datagrams.bind("[::]:0").unwrap();
    let slices = &[io::IoSlice::new(b"x")];
    let also = socket.send_to_vectored(slices, address).unwrap_err();
    assert_eq!(also.to_string(), sent.to_string());
    let connect = socket.connect(address).unwrap_err();
    let errors = vec![
        streams.bind(address).unwrap_err(),
        datagrams.bind(address).unwrap_err(),
        streams.connect(address).unwrap_err(),
        streams.connect_timeout(address, PATIENCE).unwrap_err(),
        streams.start_connect(address).unwrap_err(),
        datagrams.connect(address).unwrap_err(),
        connect.into(),
    ];
    for error in &errors {
        assert_eq!((error.op(), error.kind()), (Op::Address, ErrorKind::InvalidInput), "{error}");
        assert_eq!(error.raw_os_error(), None, "{error}");
        assert_eq!(error.to_string(), format!("cannot use the address: {sent}"));
    }
    errors
}

#[track_caller]
fn refused<M: Mode, A: ToAddress<M> + Copy>(mode: M, address: A, texts: &[&str]) {
    for error in refusals(mode, address) {
        let message = error.to_string();
        for text in texts {
            assert!(message.contains(text), "`{message}` does not say `{text}`");
        }
    }
}

#[test]
fn host_name_is_refused() {
    refused(V6Only, "localhost:80", &["`localhost:80`", "`connect_host` looks host names up"]);
    refused(DualStack, ("localhost", 80), &["`localhost`", "`connect_host` looks host names up"]);
}

#[test]
fn missing_port_error_shows_form() {
    refused(V6Only, "[::1]", &["has no port", "[::1]:8000"]);
    refused(DualStack, "127.0.0.1", &["has no port", "192.0.2.1:8000"]);
    refused(V6Only, "::1", &["lacks brackets", "[fe80::1]:8000"]);
    refused(V6Only, "[::1]:http", &["port is a number from 0 to 65535"]);
}

#[test]
fn unknown_interface_is_refused() {
    refused(V6Only, "[fe80::1%nowhere]:80", &["fe80::1%nowhere", "no interface of this host"]);
    refused(AnyMode::DualStack, ("ff02::1%nowhere", 80), &["no interface of this host"]);
    refused(V6Only, "[fe80::1%0]:80", &["from 1 to 4294967295"]);
    refused(V6Only, "[fe80::1%25lo]:80", &["%25 stands for % in URLs only"]);
}

#[test]
fn missing_zone_is_refused() {
    for text in ["fe80::1", "febf::1", "ff01::1", "ff02::1", "ff32::1234"] {
        refused(V6Only, (text, 80), &[text, "fe80::1%eth0", "link-local"]);
        refused(DualStack, (text.parse::<Ipv6Addr>().unwrap(), 80), &[text, "fe80::1%eth0"]);
    }
    refused(AnyMode::V6Only, "[fe80::1]:80", &["fe80::1%eth0"]);
}

#[test]
fn ipv4_on_ipv6_only_is_refused() {
    let texts = ["127.0.0.1", "is an IPv4 address", "dual-stack"];
    refused(V6Only, "127.0.0.1:80", &texts);
    refused(V6Only, ("127.0.0.1", 80), &texts);
    refused(AnyMode::V6Only, "127.0.0.1:80", &texts);
    refused(AnyMode::V6Only, SocketAddr::from((Ipv4Addr::LOCALHOST, 80)), &texts);
    refused(AnyMode::V6Only, (Ipv4Addr::LOCALHOST, 80), &texts);
    refused(AnyMode::V6Only, (IpAddr::V4(Ipv4Addr::LOCALHOST), 80), &texts);
    refused(V6Only, &Endpoint::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 80))), &texts);
}

#[test]
fn ipv6_only_mode_refuses_mapped_text() {
    let mapped = SocketAddrV6::new(Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 80, 0, 0);
    let texts = ["`127.0.0.1:80` was written as `::ffff:127.0.0.1`", "dual-stack"];
    refused(V6Only, mapped, &texts);
    refused(V6Only, "[::ffff:127.0.0.1]:80", &texts);
    refused(V6Only, (*mapped.ip(), 80), &texts);
    refused(AnyMode::V6Only, SocketAddr::V6(mapped), &texts);
}

#[test]
fn mapped_text_becomes_ipv4() {
    let socket = Builder::datagram().bind("[::ffff:127.0.0.1]:0").unwrap();
    assert_eq!(socket.local_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
    let peer = SocketAddrV6::new(Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 9, 0, 0);
    let socket = socket.connect(peer).unwrap();
    assert_eq!(socket.peer_addr().unwrap(), ipv4(9));
}

#[cfg(target_os = "linux")]
#[test]
fn refusal_precedes_system_call() {
    let calls = [libc::SYS_bind, libc::SYS_connect, libc::SYS_sendto, libc::SYS_sendmsg];
    let faults = calls.map(|call| Fault { call, arguments: &[], errno: libc::EXDEV });
    let (stream, socket) = (Builder::stream().v6_only(), Builder::datagram().v6_only());
    let socket = socket.bind("[::1]:0").unwrap();
    let here = socket.local_addr().unwrap();
    let faulty = with_faults(&faults, || {
        assert_eq!(socket.send_to(b"x", here).unwrap_err().raw_os_error(), Some(libc::EXDEV));
        let (bind, connect) = (stream.bind(here), stream.connect(here));
        assert_eq!(bind.unwrap_err().raw_os_error(), Some(libc::EXDEV));
        assert_eq!(connect.unwrap_err().raw_os_error(), Some(libc::EXDEV));
        for text in ["host:80", "[::1]", "[fe80::1%nowhere]:80", "[fe80::1]:80", "127.0.0.1:80"] {
            for error in [stream.bind(text).unwrap_err(), stream.connect(text).unwrap_err()] {
                assert_eq!((error.op(), error.raw_os_error()), (Op::Address, None), "{text}");
            }
            let error = socket.send_to(b"x", text).unwrap_err();
            assert_eq!((error.kind(), error.raw_os_error()), (ErrorKind::InvalidInput, None));
        }
    });
    require!(faulty, "faults");
}

#[cfg(target_os = "linux")]
#[test]
fn malformed_text_opens_no_socket() {
    let fault = Fault { call: libc::SYS_socket, arguments: &[], errno: libc::EXDEV };
    let builder = Builder::datagram().v6_only();
    let faulty = with_faults(&[fault], || {
        assert_eq!(builder.bind("[::1]:0").unwrap_err().raw_os_error(), Some(libc::EXDEV));
        for text in ["host:80", "[::1]", "127.0.0.1:80", "[::ffff:127.0.0.1]:80"] {
            assert_eq!(builder.bind(text).unwrap_err().op(), Op::Address, "{text}");
        }
    });
    require!(faulty, "faults");
}

#[test]
fn accepted_address_can_be_reused() {
    let (client, accepted) = streams();
    let peer = accepted.peer_addr().unwrap();
    assert_eq!(Endpoint::from(peer).to_string(), client.local_addr().unwrap().to_string());
    drop((client, accepted));
    // The port of a closed connection may be bound again.
    let text = Endpoint::from(peer).to_string();
    UdpSocket::bind(text.as_str()).unwrap();
}

/// The crate refuses these before the call. What Linux says explains little, and it sends to some
/// link (RFC 4007, section 6: a zone is needed).
#[cfg(target_os = "linux")]
#[test]
fn kernel_refuses_or_guesses_missing_zone() {
    let peer: SocketAddr = "[fe80::1]:9".parse().unwrap();
    for kind in [socket2::Type::STREAM, socket2::Type::DGRAM] {
        let socket = socket2::Socket::new(socket2::Domain::IPV6, kind, None).unwrap();
        assert_eq!(socket.bind(&peer.into()).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        assert_eq!(socket.connect(&peer.into()).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    }
    let lab = require!(crate::lab::Lab::new(), "the lab");
    lab.left.run(|| {
        let socket = UdpSocket::bind("[::]:0").unwrap();
        let ours = socket.send_to(b"x", ("fe80::2", 9)).unwrap_err();
        assert_eq!((ours.kind(), ours.raw_os_error()), (ErrorKind::InvalidInput, None));
        let peer: SocketAddr = "[fe80::2]:9".parse().unwrap();
        assert_eq!(socket2::SockRef::from(&socket).send_to(b"x", &peer.into()).unwrap(), 1);
    });
}

/// RFC 4007, section 11.2, and RFC 9844: after `%` stands the name or the index of an interface.
#[cfg(target_os = "linux")]
#[test]
fn zone_names_interface_only() {
    let lo = inet6::interface::Interface::from_name("lo").unwrap().index();
    // No interface has the address, and it is the interface that was asked.
    for zone in ["lo".to_owned(), lo.to_string()] {
        for text in [format!("[fe80::1234%{zone}]:0"), format!("[fe80::1234%0{lo}]:0")] {
            let error = UdpSocket::bind(&text).unwrap_err();
            assert_eq!((error.op(), error.raw_os_error()), (Op::Bind, Some(libc::EADDRNOTAVAIL)));
            assert_eq!(error.address().unwrap().to_string(), format!("[fe80::1234%{lo}]:0"));
        }
    }
    let error = UdpSocket::bind("[fe80::1%4294967295]:0").unwrap_err();
    assert_eq!((error.op(), error.raw_os_error()), (Op::Bind, Some(libc::ENODEV)));
    let (unknown, form, range) =
        ("names no interface", "the name or the index of an interface", "from 1 to 4294967295");
    for (zone, why) in [
        ("nowhere", unknown),
        ("", form),
        // IFNAMSIZ is 16, with the zero at the end.
        ("exactly-16-bytes", unknown),
        (&"x".repeat(1000), unknown),
        ("lo%lo", form),
        ("%lo", form),
        ("25lo", "%25 stands for % in URLs only"),
        ("0", range),
        ("4294967296", range),
        ("-1", unknown),
        ("lo ", form),
    ] {
        refused(V6Only, &*format!("[fe80::1%{zone}]:80"), &[why]);
        refused(V6Only, (&*format!("fe80::1%{zone}"), 80), &[why]);
    }
}

/// Such a zone means nothing (RFC 4007, section 6), and the kernel drops it. A name must still be
/// one.
#[cfg(target_os = "linux")]
#[test]
fn unneeded_zone_has_no_effect() {
    let odd = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 0, 0, 999);
    let sockets = [
        UdpSocket::bind("[::1%lo]:0").unwrap(),
        UdpSocket::bind("[::1%999]:0").unwrap(),
        UdpSocket::bind(odd).unwrap(),
    ];
    for socket in sockets {
        let here = v6(with_read_timeout(socket).local_addr().unwrap());
        assert_eq!((here.ip(), here.scope_id()), (&Ipv6Addr::LOCALHOST, 0));
    }
    let listener = listener();
    let port = listener.local_addr().unwrap().port();
    let peer = SocketAddrV6::new(Ipv6Addr::LOCALHOST, port, 0, 999);
    let client = Builder::stream().connect(peer).unwrap();
    assert_eq!(client.peer_addr().unwrap(), listener.local_addr().unwrap());
    refused(V6Only, "[::1%nowhere]:80", &["::1%nowhere", "names no interface"]);
}
