//! What differs most between Windows and the other systems, and has to come out the same.

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use inet6::interface::InterfaceInfo;
use inet6::kind::Protocol;
use inet6::mode::Mode;
use inet6::option::{
    ExclusiveAddressUse, NoDelay, ReadTimeout, ReuseAddress, ShareAddress, UnicastHops,
};
use inet6::{
    AnyMode, Builder, DualStack, TcpListener, TcpStream, UdpSocket, V6Only, addr::ToAddress,
    error::Op, interface::Interface, udp::RecvBatch,
};

use crate::support::*;

mod lacks;
mod timeout;

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

#[test]
fn stream_passes_whole_lifetime() -> Result {
    let listener = Builder::stream().with(ReuseAddress(true)).bind("[::1]:0")?.listen(16)?;
    assert!(listener.v6_only()?);
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, peer) = listener.accept()?;
    assert_eq!(peer, client.local_addr()?);
    assert_eq!(client.peer_addr()?, listener.local_addr()?);

    (&client).write_all(b"Hello, server!")?;
    client.shutdown(Shutdown::Write)?;
    let mut text = String::new();
    (&server).read_to_string(&mut text)?;
    assert_eq!(text, "Hello, server!");

    let parts = [IoSlice::new(b"Hello, "), IoSlice::new(b"client!")];
    assert_eq!(server.send_vectored(&parts)?, 14);
    drop(server);
    let (mut start, mut rest) = ([0; 7], [0; 16]);
    let mut buffers = [IoSliceMut::new(&mut start), IoSliceMut::new(&mut rest)];
    assert_eq!(client.recv_vectored(&mut buffers)?, 14);
    assert_eq!((&start, &rest[..7]), (b"Hello, ", &b"client!"[..]));
    assert_eq!(client.recv(&mut start)?, 0);
    Ok(())
}

#[test]
fn read_after_shutdown_returns_end() -> Result {
    let listener = TcpListener::bind("[::1]:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (_server, _) = listener.accept()?;
    client.shutdown(Shutdown::Read)?;
    let mut buffer = [0; 4];
    assert_eq!(client.recv(&mut buffer)?, 0);
    assert_eq!(client.recv_vectored(&mut [IoSliceMut::new(&mut buffer)])?, 0);
    Ok(())
}

#[test]
fn dual_stack_listener_shows_plain_ipv4() -> Result {
    let listener = Builder::stream().bind("[::]:0")?.listen(16)?;
    assert!(!listener.v6_only()?);
    let port = listener.local_addr()?.port();

    let std_client = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let (stream, peer) = listener.accept()?;
    assert!(matches!(peer, SocketAddr::V4(_)), "{peer}");
    assert_eq!(peer, std_client.local_addr()?);
    assert_eq!(stream.peer_addr()?, peer);

    let client = Builder::stream().connect((Ipv4Addr::LOCALHOST, port))?;
    let (_, peer) = listener.accept()?;
    assert_eq!(peer, client.local_addr()?);
    let client = Builder::stream().connect((Ipv6Addr::LOCALHOST, port))?;
    let (_, peer) = listener.accept()?;
    assert_eq!(peer, client.local_addr()?);
    assert!(peer.is_ipv6());
    Ok(())
}

#[test]
fn ipv6_only_listener_refuses_ipv4() -> Result {
    let listener = Builder::stream().v6_only().bind("[::]:0")?.listen(16)?;
    let port = listener.local_addr()?.port();
    let error = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    Ok(())
}

#[test]
fn datagrams_go_there_and_back() -> Result {
    let server = Builder::datagram().bind("[::]:0")?;
    let port = server.local_addr()?.port();
    for host in [Ipv6Addr::LOCALHOST.into(), IpAddr::from(Ipv4Addr::LOCALHOST)] {
        let client = Builder::datagram().connect((host, port))?;
        client.send(b"ping")?;
        let mut buffer = [0; 16];
        let (len, peer) = server.recv_from(&mut buffer)?;
        assert_eq!((&buffer[..len], peer), (&b"ping"[..], client.local_addr()?));
        assert_eq!(peer.ip(), host);
        let parts = [IoSlice::new(b"po"), IoSlice::new(b"ng")];
        assert_eq!(server.send_to_vectored(&parts, peer)?, 4);
        assert_eq!(client.recv(&mut buffer)?, 4);
        assert_eq!(&buffer[..4], b"pong");
        assert_eq!(client.send_vectored(&parts)?, 4);
        let (len, peer) = server.recv_from_vectored(&mut [IoSliceMut::new(&mut buffer)])?;
        assert_eq!((&buffer[..len], peer), (&b"pong"[..], client.local_addr()?));
    }
    Ok(())
}

#[test]
fn empty_datagram_is_received() -> Result {
    let socket = UdpSocket::bind("[::1]:0")?;
    let local = socket.local_addr()?;
    socket.send_to(b"", local)?;
    assert_eq!(socket.recv_from(&mut [0; 4])?, (0, local));
    Ok(())
}

#[test]
fn long_datagram_is_truncated() -> Result {
    for ip in [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)] {
        cut(DualStack, (ip, 0))?;
    }
    cut(V6Only, (Ipv6Addr::LOCALHOST, 0))
}

fn cut<M: Mode>(mode: M, here: impl ToAddress<M>) -> Result {
    let socket = Builder::datagram().mode(mode).bind(here)?;
    let local = socket.local_addr()?;
    let mut buffer = [0; 4];
    let send = || socket.send_to(b"a long datagram", local);

    send()?;
    assert_eq!(socket.peek_from(&mut buffer)?, (4, local));
    assert_eq!((socket.recv_from(&mut buffer)?, &buffer), ((4, local), b"a lo"));

    send()?;
    let received = socket.recv_message(&mut buffer)?;
    assert_eq!((received.len, received.source, received.truncated), (4, local, true));
    assert_eq!(&buffer, b"a lo");

    send()?;
    let (mut one, mut two) = ([0; 2], [0; 3]);
    let slices = &mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    let received = socket.recv_message_vectored(slices)?;
    assert_eq!((received.len, received.source, received.truncated), (5, local, true));
    assert_eq!((&one, &two), (b"a ", b"lon"));

    send()?;
    let mut room = [MaybeUninit::uninit(); 3];
    let (data, source) = socket.recv_from_uninit(&mut room)?;
    assert_eq!((&*data, source), (&b"a l"[..], local));

    send()?;
    let (mut one, mut two) = ([0; 2], [0; 3]);
    let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    assert_eq!(socket.recv_from_vectored(&mut buffers)?, (5, local));
    assert_eq!((&one, &two), (b"a ", b"lon"));

    send()?;
    let received = socket.recv_message(&mut [0; 15])?;
    assert_eq!((received.len, received.truncated), (15, false));

    // No room at all takes the datagram, and is no end.
    send()?;
    assert_eq!(socket.recv_from(&mut [])?, (0, local));
    socket.send_to(b"b", local)?;
    assert_eq!((socket.recv_from(&mut buffer)?, buffer[0]), ((1, local), b'b'));

    send()?;
    socket.send_to(b"four", local)?;
    let mut batch = RecvBatch::new(2, 4)?;
    let mut parts = Vec::new();
    while parts.len() < 2 {
        socket.recv_batch(&mut batch)?;
        for datagram in batch.iter() {
            parts.push((datagram.payload().to_vec(), datagram.truncated(), datagram.source()?));
        }
    }
    assert_eq!(parts, [(b"a lo".to_vec(), true, local), (b"four".to_vec(), false, local)]);

    let connected = socket.connect(local)?;
    let send = || connected.send(b"a long datagram");
    send()?;
    assert_eq!(connected.peek(&mut buffer)?, 4);
    assert_eq!(connected.recv(&mut buffer)?, 4);
    send()?;
    assert_eq!(connected.recv_vectored(&mut [IoSliceMut::new(&mut buffer)])?, 4);
    send()?;
    assert_eq!(connected.recv_uninit(&mut room)?, b"a l");
    send()?;
    let received = connected.recv_message(&mut buffer)?;
    assert_eq!((received.len, received.source, received.truncated), (4, local, true));
    Ok(())
}

/// On Windows an earlier datagram to a closed port would make the next receive fail, of every
/// socket that nobody has cured of it: opened, adopted, or a copy. (Wine tells sockets without a
/// peer of nothing, so there the test shows no more than that the cure is accepted.)
#[test]
fn lost_peer_keeps_socket_usable() -> Result {
    let deaf = connected_to_itself(socket());
    let closed = deaf.local_addr()?;
    let dual = Builder::datagram().bind("[::1]:0")?;
    survives(UdpSocket::bind("[::1]:0")?, closed)?;
    survives(UdpSocket::bind("[::1]:0")?.try_clone()?, closed)?;
    survives(dual, closed)?;
    survives(UdpSocket::<V6Only>::try_from(std::net::UdpSocket::bind("[::1]:0")?)?, v6(closed))?;
    let adopted = UdpSocket::<AnyMode>::try_from(std::net::UdpSocket::bind("[::1]:0")?)?;
    survives(adopted, closed)?;
    // Elsewhere it is told to those that have a peer.
    if cfg!(windows) && !wine_lacks("a socket that has a peer is told of a closed port as on Linux")
    {
        let socket = UdpSocket::bind("[::1]:0")?.connect(closed)?;
        socket.set_read_timeout(Some(Duration::from_millis(5)))?;
        for _ in 0..3 {
            socket.send(b"nobody")?;
            assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        }
    }
    Ok(())
}

fn survives<M: Mode>(socket: UdpSocket<M>, closed: M::Address) -> Result {
    let local = socket.local_addr()?;
    for _ in 0..3 {
        socket.send_to(b"nobody", closed)?;
        socket.send_to(b"me", local)?;
        assert_eq!(socket.recv_from(&mut [0; 8])?, (2, local));
        socket.send_to(b"nobody", closed)?;
        socket.send_to(b"me", local)?;
        assert_eq!(socket.recv_message(&mut [0; 8])?.len, 2);
    }
    Ok(())
}

#[test]
fn two_listeners_cannot_share_port() -> Result {
    let builders = [Builder::stream(), Builder::stream().with(ReuseAddress(true))];
    for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let listener = builders[first].bind("[::1]:0")?.listen(16)?;
        let taken = listener.local_addr()?;
        let error = builders[second].bind(taken).and_then(|bound| bound.listen(16)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
        assert!(matches!(error.op(), Op::Bind | Op::Listen), "{error}");
        assert!(error.to_string().contains("address in use"), "{error}");
    }
    Ok(())
}

/// Where an address can be made exclusive, not even the sockets that would share it get it.
#[test]
fn exclusive_address_stays_exclusive() -> Result {
    exclusive(V6Only)?;
    exclusive(DualStack)
}

fn exclusive<M: Mode>(mode: M) -> Result {
    let alone = ExclusiveAddressUse(true);
    let owner = Builder::datagram().mode(mode).with(alone).bind("[::1]:0");
    let owner = match owner {
        Err(error) if error.kind() == ErrorKind::Unsupported && cfg!(not(windows)) => return Ok(()),
        owner => owner?,
    };
    assert_eq!(owner.option::<ExclusiveAddressUse>()?, alone);
    let plain = Builder::datagram().mode(mode);
    for thief in [plain.clone().with(ShareAddress(true)), plain.clone().with(alone), plain] {
        let error = thief.bind(owner.local_addr()?).unwrap_err();
        assert_eq!(error.op(), Op::Bind);
        match error.kind() {
            ErrorKind::PermissionDenied => {
                let text = "another socket has the address for itself";
                assert!(error.to_string().contains(text), "{error}");
            }
            kind => assert_eq!(kind, ErrorKind::AddrInUse, "{error}"),
        }
    }

    let builder = Builder::stream().mode(mode).with(alone);
    let owner = builder.bind("[::1]:0")?.listen(4)?;
    assert_eq!(owner.option::<ExclusiveAddressUse>()?, alone);
    let taken = owner.local_addr()?;
    for thief in [Builder::stream().mode(mode), builder.clone()] {
        let error = thief.bind(taken).and_then(|bound| bound.listen(4)).unwrap_err();
        let kind = error.kind();
        assert!([ErrorKind::AddrInUse, ErrorKind::PermissionDenied].contains(&kind), "{error}");
    }
    // It ends with its owner.
    drop(owner);
    builder.bind(taken)?.listen(4)?;
    Ok(())
}

#[test]
fn accepted_streams_ignore_listener_blocking() -> Result {
    let listener = Builder::stream().nonblocking().bind("[::1]:0")?.listen(16)?;
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    for listener_blocks in [false, true] {
        listener.set_nonblocking(!listener_blocks)?;
        for blocks in [false, true] {
            let client = TcpStream::connect(listener.local_addr()?)?;
            let (stream, _) = loop {
                let accepted =
                    if blocks { listener.accept() } else { listener.accept_nonblocking() };
                match accepted {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    other => break other?,
                }
            };
            // One that blocks waits for its timeout; the other one returns without any.
            let timeout = blocks.then_some(Duration::from_millis(50));
            stream.set_read_timeout(timeout)?;
            let start = Instant::now();
            assert_eq!(stream.recv(&mut [0; 4]).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(!blocks || start.elapsed() >= Duration::from_millis(25));
            drop(client);
        }
    }
    Ok(())
}

#[test]
fn pending_connection_finishes_or_fails() -> Result {
    let listener = TcpListener::bind("[::1]:0")?;
    let address = listener.local_addr()?;
    let connecting = Builder::stream().start_connect(address)?;
    assert!(connecting.wait(None)?);
    let stream = connecting.finish()?;
    assert_eq!(stream.peer_addr()?, address);
    let minute = Duration::from_secs(60);
    let stream = Builder::stream().connect_timeout(address, minute)?;
    assert_eq!(stream.peer_addr()?, address);

    let closed_port = closed_port();
    let closed = closed_port.local_addr()?;
    for builder in [Builder::stream(), Builder::stream().nonblocking()] {
        for error in [
            builder.connect(closed).unwrap_err(),
            builder.connect_timeout(closed, minute).unwrap_err(),
            builder.start_connect(closed).and_then(|connecting| connecting.finish()).unwrap_err(),
        ] {
            assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::ConnectionRefused));
            assert!(error.raw_os_error().is_some(), "{error:?}");
        }
    }
    Ok(())
}

/// Linux and the BSDs take it for the loopback; on Windows a datagram socket would stay unconnected
/// and not say so.
#[test]
fn wildcard_connect_is_never_partial() -> Result {
    let server = UdpSocket::bind("[::]:0")?;
    let port = server.local_addr()?.port();
    let address = Ipv6Addr::UNSPECIFIED;
    match Builder::datagram().v6_only().connect((address, port)) {
        Ok(client) => {
            assert_eq!(SocketAddr::V6(client.peer_addr()?), (Ipv6Addr::LOCALHOST, port).into())
        }
        Err(error) => {
            assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::AddrNotAvailable));
        }
    }
    let result = Builder::datagram().connect((Ipv4Addr::UNSPECIFIED, port));
    match result {
        Ok(client) => assert_eq!(client.peer_addr()?, (Ipv4Addr::LOCALHOST, port).into()),
        Err(error) => {
            assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::AddrNotAvailable));
        }
    }
    Ok(())
}

#[test]
fn std_socket_converts_both_ways() -> Result {
    let listener = std::net::TcpListener::bind("[::1]:0")?;
    let local = listener.local_addr()?;
    let listener = TcpListener::<V6Only>::try_from(listener)?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (stream, _) = listener.accept()?;
    assert_eq!(std::net::TcpListener::from(listener).local_addr()?, local);
    let stream = TcpStream::<AnyMode>::try_from(std::net::TcpStream::from(stream))?;
    assert_eq!(stream.peer_addr()?, client.local_addr()?);

    let socket = UdpSocket::<V6Only>::try_from(std::net::UdpSocket::bind("[::1]:0")?)?;
    let local = socket.local_addr()?;
    socket.send_to(b"four", local)?;
    assert_eq!(socket.recv_from(&mut [0; 2])?, (2, local));

    let v4 = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let refused = TcpListener::<DualStack>::try_from(v4).unwrap_err();
    assert!(refused.to_string().ends_with("it is not an IPv6 socket"), "{refused}");
    Ok(())
}

#[test]
fn unbound_socket_is_adopted() -> Result {
    let socket = socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::DGRAM, None)?;
    socket.set_only_v6(true)?;
    let socket = UdpSocket::<V6Only>::try_from(std::net::UdpSocket::from(socket))?;
    assert_eq!(socket.local_addr()?, "[::]:0".parse()?);
    Ok(())
}

#[test]
fn interfaces_are_found_by_name() -> Result {
    let all = Interface::list()?;
    assert!(all.iter().map(InterfaceInfo::interface).is_sorted());
    let mut addresses = Vec::new();
    for info in &all {
        assert_eq!(Interface::from_name(info.name())?, info.interface());
        assert_eq!(info.interface().name()?, info.name());
        addresses.extend(info.addresses().iter().map(ToString::to_string));
    }
    for expected in ["::1/128", "127.0.0.1/8"] {
        assert!(addresses.iter().any(|address| address == expected), "{addresses:?}");
    }
    assert!(Interface::from_name("no such interface").is_err());
    assert!(Interface::from_index(std::num::NonZeroU32::MAX).name().is_err());
    Ok(())
}

#[test]
fn options_keep_their_values() -> Result {
    let listener = Builder::stream()
        .with(NoDelay(true))
        .with(UnicastHops(Some(7)))
        .bind("[::]:0")?
        .listen(16)?;
    assert_eq!(listener.option::<NoDelay>()?, NoDelay(true));
    assert_eq!(listener.option::<UnicastHops>()?, UnicastHops(Some(7)));
    listener.set_option(UnicastHops(None))?;
    assert_ne!(listener.option::<UnicastHops>()?, UnicastHops(Some(7)));
    Ok(())
}

#[test]
fn missing_multipath_tcp_is_unsupported() -> Result {
    match Builder::stream().multipath_tcp().bind("[::1]:0") {
        Ok(bound) => assert_eq!(bound.protocol()?, Protocol::MultipathTcp),
        Err(error) => {
            assert_eq!((error.op(), error.kind()), (Op::Open, ErrorKind::Unsupported), "{error}");
            assert!(error.raw_os_error().is_some());
            assert_eq!(std::io::Error::from(error).kind(), ErrorKind::Unsupported);
        }
    }
    Ok(())
}

#[test]
fn protocol_is_reported() -> Result {
    use inet6::kind::Protocol;

    let listener = TcpListener::bind("[::1]:0")?;
    let socket = UdpSocket::bind("[::1]:0")?;
    if cfg!(any(windows, target_os = "linux")) {
        assert_eq!(listener.protocol()?, Protocol::Tcp);
        assert_eq!(socket.protocol()?, Protocol::Udp);
    }
    Ok(())
}

#[test]
fn out_of_band_data_arrives() -> Result {
    let listener = TcpListener::bind("[::1]:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    client.send(b"in band")?;
    assert_eq!(client.send_out_of_band(b"!")?, 1);
    let mut buffer = [0; 8];
    // The loopback delivers in order, so what was sent before tells when to look.
    (&server).read_exact(&mut buffer[..7])?;
    assert_eq!(&buffer[..7], b"in band");
    assert_eq!(server.recv_out_of_band(&mut buffer)?, 1);
    assert_eq!(buffer[0], b'!');
    Ok(())
}

#[cfg(windows)]
mod only {
    use std::os::windows::io::{AsSocket, OwnedSocket};

    use super::*;

    #[test]
    fn descriptor_is_adopted() -> Result {
        let descriptor = OwnedSocket::from(TcpListener::bind("[::1]:0")?);
        let listener: TcpListener = descriptor.try_into()?;
        let refused = UdpSocket::<V6Only>::try_from(OwnedSocket::from(listener)).unwrap_err();
        let listener: TcpListener = refused.into_inner().try_into()?;
        assert!(socket2::SockRef::from(&listener.as_socket()).only_v6()?);
        Ok(())
    }
}
