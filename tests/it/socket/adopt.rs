//! Taking over descriptors, checked, and giving sockets away.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::net::{self, Ipv4Addr};

use inet6::mode::Mode;
use inet6::{
    AnyMode, Builder, ConnectedUdpSocket, DualStack, TcpListener, TcpStream, UdpSocket, V6Only,
    error::{Op, Returned},
};
use socket2::{Domain, SockRef, Socket, Type};

use crate::support::*;

#[cfg(unix)]
type Owned = std::os::fd::OwnedFd;
#[cfg(windows)]
type Owned = std::os::windows::io::OwnedSocket;

/// A socket made without the crate, of a family, a type and a mode; not bound.
fn raw(domain: Domain, kind: Type, v6_only: bool) -> Socket {
    let socket = Socket::new(domain, kind, None).unwrap();
    if domain == Domain::IPV6 {
        socket.set_only_v6(v6_only).unwrap();
    }
    socket
}

/// As `raw`, and bound to an address.
fn bound(kind: Type, v6_only: bool, address: &str) -> Socket {
    let address: net::SocketAddr = address.parse().unwrap();
    let socket = raw(Domain::for_address(address), kind, v6_only);
    socket.bind(&address.into()).unwrap();
    socket
}

fn listening(v6_only: bool, address: &str) -> Owned {
    let socket = bound(Type::STREAM, v6_only, address);
    socket.listen(4).unwrap();
    socket.into()
}

fn datagram(v6_only: bool, address: &str) -> Owned {
    bound(Type::DGRAM, v6_only, address).into()
}

#[track_caller]
fn passes<S: TryFrom<Owned, Error = Returned<Owned>>>(descriptor: Owned) -> S {
    match S::try_from(descriptor) {
        Ok(socket) => socket,
        Err(error) => panic!("{error}"),
    }
}

/// Refused with this reason; the descriptor comes back and still works.
#[track_caller]
fn refused<S: TryFrom<Owned, Error = Returned<Owned>>>(descriptor: Owned, reason: &str) -> Owned {
    let number = format!("{descriptor:?}");
    let Err(error) = S::try_from(descriptor) else { panic!("taken, though {reason}") };
    assert_eq!(error.to_string(), format!("cannot adopt the descriptor: {reason}"));
    let descriptor = error.into_inner();
    assert_eq!(format!("{descriptor:?}"), number);
    assert!(SockRef::from(&descriptor).take_error().unwrap().is_none());
    descriptor
}

#[test]
fn matching_socket_is_adopted() {
    passes::<TcpListener<V6Only>>(listening(true, "[::]:0"));
    passes::<TcpListener<DualStack>>(listening(false, "[::]:0"));
    passes::<UdpSocket<V6Only>>(datagram(true, "[::]:0"));
    passes::<UdpSocket<DualStack>>(datagram(false, "[::]:0"));
}

#[test]
fn specific_address_fits_either_mode() {
    for v6_only in [true, false] {
        passes::<TcpListener<V6Only>>(listening(v6_only, "[::1]:0"));
        passes::<UdpSocket<V6Only>>(datagram(v6_only, "[::1]:0"));
    }
    passes::<TcpListener<DualStack>>(listening(false, "[::1]:0"));
    passes::<UdpSocket<DualStack>>(datagram(true, "[::1]:0"));
    passes::<UdpSocket<DualStack>>(datagram(false, "[::ffff:127.0.0.1]:0"));
}

#[test]
fn wildcard_in_wrong_mode_is_refused() {
    let may = "it may have IPv4 peers, and an IPv6-only socket is wanted";
    let only = "it is restricted to IPv6, and a dual-stack socket is wanted";
    refused::<TcpListener<V6Only>>(listening(false, "[::]:0"), may);
    refused::<TcpListener<DualStack>>(listening(true, "[::]:0"), only);
    refused::<UdpSocket<V6Only>>(datagram(false, "[::]:0"), may);
    refused::<UdpSocket<DualStack>>(datagram(true, "[::]:0"), only);
    refused::<UdpSocket<V6Only>>(datagram(false, "[::ffff:127.0.0.1]:0"), may);
}

#[test]
fn any_mode_adopts_kernel_mode() {
    for (v6_only, mode) in [(true, "mode: V6Only"), (false, "mode: DualStack")] {
        let listener = passes::<TcpListener<AnyMode>>(listening(v6_only, "[::]:0"));
        assert!(format!("{listener:?}").contains(mode), "{listener:?}");
        let socket = passes::<UdpSocket<AnyMode>>(datagram(v6_only, "[::]:0"));
        assert!(format!("{socket:?}").contains(mode), "{socket:?}");
    }
}

/// A connection to a dual-stack listener made without the crate, from an address of a family.
fn accepted(local: &str) -> (Owned, net::TcpStream) {
    let socket = bound(Type::STREAM, false, "[::]:0");
    socket.listen(1).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    let client = net::TcpStream::connect((local, port)).unwrap();
    (socket.accept().unwrap().0.into(), client)
}

#[test]
fn peer_family_decides_stream_adoption() {
    let (stream, client) = accepted("::1");
    let stream = passes::<TcpStream<V6Only>>(stream);
    assert_eq!(net::SocketAddr::V6(stream.peer_addr().unwrap()), client.local_addr().unwrap());
    let (stream, _client) = accepted("::1");
    passes::<TcpStream<DualStack>>(stream);
    let (stream, _client) = accepted("::1");
    passes::<TcpStream<AnyMode>>(stream);

    let (stream, client) = accepted("127.0.0.1");
    let may = "it may have IPv4 peers, and an IPv6-only socket is wanted";
    let stream = refused::<TcpStream<V6Only>>(stream, may);
    let stream = passes::<TcpStream<DualStack>>(stream);
    assert_eq!(stream.peer_addr().unwrap(), client.local_addr().unwrap());
    let (stream, client) = accepted("127.0.0.1");
    let stream = passes::<TcpStream<AnyMode>>(stream);
    assert_eq!(stream.peer_addr().unwrap(), client.local_addr().unwrap());
}

#[test]
fn another_family_is_refused() {
    let family = "it is not an IPv6 socket";
    let ipv4: Owned = net::TcpListener::bind("127.0.0.1:0").unwrap().into();
    let ipv4 = refused::<TcpListener<DualStack>>(ipv4, family);
    net::TcpStream::connect(net::TcpListener::from(ipv4).local_addr().unwrap()).unwrap();
    let ipv4: Owned = net::UdpSocket::bind("127.0.0.1:0").unwrap().into();
    let ipv4 = refused::<UdpSocket<AnyMode>>(ipv4, family);
    refused::<ConnectedUdpSocket<V6Only>>(ipv4, family);
}

#[cfg(unix)]
#[test]
fn unix_socket_is_refused() {
    use std::os::unix::net::{UnixDatagram, UnixStream};

    let family = "it is not an IPv6 socket";
    let (one, other) = UnixStream::pair().unwrap();
    let one = refused::<TcpStream<AnyMode>>(one.into(), family);
    UnixStream::from(one).shutdown(net::Shutdown::Write).unwrap();
    drop(other);
    refused::<UdpSocket<V6Only>>(UnixDatagram::unbound().unwrap().into(), family);
}

#[cfg(unix)]
#[test]
fn file_is_refused_with_system_error() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let error = TcpListener::<V6Only>::try_from(Owned::from(file)).unwrap_err();
    let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(source.raw_os_error(), Some(libc::ENOTSOCK));
    assert_eq!(io::Error::from(error).raw_os_error(), Some(libc::ENOTSOCK));
    let file = std::fs::File::open("/dev/null").unwrap();
    let error = TcpListener::<V6Only>::try_from(Owned::from(file)).unwrap_err();
    assert_eq!(inet6::Error::from(error).raw_os_error(), Some(libc::ENOTSOCK));
}

#[test]
fn another_type_is_refused() {
    let (stream, datagram_) = ("it is not a stream socket", "it is not a datagram socket");
    refused::<TcpListener<V6Only>>(datagram(true, "[::1]:0"), stream);
    refused::<TcpStream<V6Only>>(datagram(true, "[::1]:0"), stream);
    refused::<UdpSocket<V6Only>>(listening(true, "[::1]:0"), datagram_);
    refused::<ConnectedUdpSocket<AnyMode>>(listening(true, "[::1]:0"), datagram_);
}

#[test]
fn stream_in_wrong_state_is_refused() {
    let bound = || Owned::from(bound(Type::STREAM, true, "[::1]:0"));
    refused::<TcpListener<V6Only>>(bound(), "it does not listen");
    refused::<TcpStream<V6Only>>(bound(), "it is not connected");
    refused::<TcpStream<AnyMode>>(listening(true, "[::1]:0"), "it listens");
    let (stream, _client) = accepted("::1");
    let stream = refused::<TcpListener<AnyMode>>(stream, "it does not listen");
    passes::<TcpStream<AnyMode>>(stream);
}

#[test]
fn datagram_in_wrong_state_is_refused() {
    let connected = || {
        let peer = socket();
        let socket = bound(Type::DGRAM, true, "[::1]:0");
        let address = peer.local_addr().unwrap();
        socket.connect(&address.into()).unwrap();
        Owned::from(socket)
    };
    refused::<UdpSocket<V6Only>>(connected(), "it is connected");
    refused::<ConnectedUdpSocket<V6Only>>(datagram(true, "[::1]:0"), "it is not connected");
    let socket = passes::<ConnectedUdpSocket<V6Only>>(connected());
    assert_ne!(socket.peer_addr().unwrap().port(), 0);
    passes::<ConnectedUdpSocket<DualStack>>(connected());
    passes::<ConnectedUdpSocket<AnyMode>>(connected());
}

#[cfg(target_os = "linux")]
#[test]
fn another_protocol_is_refused() {
    let host = require!(crate::lab::Host::new(), "the lab");
    // The protocols that are datagrams or streams to the kernel, and neither UDP nor TCP.
    host.sysctl("ipv4/ping_group_range", "0 0");
    let ping = host.run(|| Socket::new(Domain::IPV6, Type::DGRAM, Some(socket2::Protocol::ICMPV6)));
    refused::<UdpSocket<AnyMode>>(ping.unwrap().into(), "its protocol is neither TCP nor UDP");
}

#[cfg(target_os = "linux")]
#[test]
fn multipath_tcp_is_a_stream() {
    let opened = Builder::stream().multipath_tcp().bind("[::1]:0");
    let listener = require!(opened, "Multipath TCP").listen(1).unwrap();
    passes::<TcpListener<V6Only>>(listener.into());
}

#[test]
fn adopted_socket_works() {
    let listener: TcpListener = listening(true, "[::1]:0").try_into().unwrap();
    let client = Builder::stream().connect(listener.local_addr().unwrap()).unwrap();
    assert_eq!(listener.accept().unwrap().1, client.local_addr().unwrap());
    let server: UdpSocket<DualStack> = datagram(false, "[::]:0").try_into().unwrap();
    let client = net::UdpSocket::bind("127.0.0.1:0").unwrap();
    client.send_to(b"ping", ipv4(server.local_addr().unwrap().port())).unwrap();
    assert_eq!(
        with_read_timeout(server).recv_from(&mut [0; 8]).unwrap().1,
        client.local_addr().unwrap()
    );
}

#[test]
fn std_socket_converts_both_ways() {
    let std = net::TcpListener::bind("[::1]:0").unwrap();
    let address = std.local_addr().unwrap();
    let listener = TcpListener::<V6Only>::try_from(std).unwrap();
    assert_eq!(net::SocketAddr::V6(listener.local_addr().unwrap()), address);
    let std = net::TcpListener::from(listener);
    assert_eq!(std.local_addr().unwrap(), address);

    let std = net::TcpStream::connect(address).unwrap();
    let local = std.local_addr().unwrap();
    let stream = TcpStream::<AnyMode>::try_from(std).unwrap();
    assert_eq!(stream.local_addr().unwrap(), local);
    assert_eq!(net::TcpStream::from(stream).local_addr().unwrap(), local);

    let std = net::UdpSocket::bind("[::1]:0").unwrap();
    let local = std.local_addr().unwrap();
    let socket = UdpSocket::<DualStack>::try_from(std).unwrap();
    assert_eq!(socket.local_addr().unwrap(), local);
    assert_eq!(net::UdpSocket::from(socket).local_addr().unwrap(), local);

    let error = TcpListener::<DualStack>::try_from(net::TcpListener::bind("127.0.0.1:0").unwrap());
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "cannot adopt the descriptor: it is not an IPv6 socket");
}

#[test]
fn std_shows_mapped_peer() {
    let listener = dual_listener();
    let port = listener.local_addr().unwrap().port();
    let _client = net::TcpStream::connect(ipv4(port)).unwrap();
    let (stream, peer) = listener.accept().unwrap();
    assert!(peer.is_ipv4());
    let std = net::TcpStream::from(stream);
    let net::SocketAddr::V6(seen) = std.peer_addr().unwrap() else { panic!("{std:?}") };
    assert_eq!(seen.ip().to_ipv4_mapped(), Some(Ipv4Addr::LOCALHOST));
}

#[test]
fn every_socket_is_adopted_again() {
    #[track_caller]
    fn check<M: Mode>(mode: M) {
        let (client, accepted) = streams_in(mode);
        passes::<TcpStream<M>>(client.into());
        passes::<TcpStream<M>>(accepted.into());
        let builder = Builder::stream().mode(mode);
        let owned = Owned::from(builder.bind("[::]:0").unwrap());
        SockRef::from(&owned).listen(1).unwrap();
        let listener = passes::<TcpListener<M>>(owned);
        passes::<TcpListener<M>>(listener.into());
        let builder = Builder::datagram().mode(mode);
        let server = builder.bind("[::1]:0").unwrap();
        let client = builder.connect(server.local_addr().unwrap()).unwrap();
        passes::<UdpSocket<M>>(server.into());
        passes::<ConnectedUdpSocket<M>>(client.into());
    }
    in_every_mode!(mode => check(mode));
}

#[test]
fn socket2_works_on_every_socket() {
    let bound = Builder::stream().bind("[::1]:0").unwrap();
    SockRef::from(&bound).set_keepalive(true).unwrap();
    assert!(SockRef::from(&bound).keepalive().unwrap());
    let listener = bound.listen(1).unwrap();
    assert_eq!(SockRef::from(&listener).r#type().unwrap(), Type::STREAM);
    let connecting = Builder::stream().start_connect(listener.local_addr().unwrap()).unwrap();
    SockRef::from(&connecting).set_tcp_nodelay(true).unwrap();
    assert!(connecting.finish().unwrap().nodelay().unwrap());
    let (server, client) = datagrams();
    assert_eq!(SockRef::from(&server).r#type().unwrap(), Type::DGRAM);
    SockRef::from(&client).set_unicast_hops_v6(5).unwrap();
    assert_eq!(SockRef::from(&client).unicast_hops_v6().unwrap(), 5);
}

#[test]
fn refusal_converts_to_either_error() {
    let refusal = || TcpListener::<V6Only>::try_from(datagram(true, "[::1]:0")).unwrap_err();
    let error = inet6::Error::from(refusal());
    assert_eq!((error.op(), error.kind()), (Op::Adopt, ErrorKind::InvalidInput));
    assert_eq!(error.to_string(), "cannot adopt the descriptor: it is not a stream socket");
    assert_eq!((error.raw_os_error(), error.address()), (None, None));
    let error = io::Error::from(refusal());
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("it is not a stream socket"), "{error}");
    assert!(refusal().source().is_none());
    assert_eq!(refusal().error().op(), Op::Adopt);
    assert_eq!(format!("{:?}", refusal()), refusal().to_string());
}

#[cfg(unix)]
#[test]
fn raw_descriptors_are_lent_and_given() {
    use std::os::fd::{AsFd, AsRawFd};

    let socket = socket();
    let number = socket.as_raw_fd();
    assert_eq!(socket.as_fd().as_raw_fd(), number);
    assert_ne!(socket.try_clone().unwrap().as_raw_fd(), number);
    assert_eq!(Owned::from(socket).as_raw_fd(), number);
}

#[cfg(unix)]
#[test]
fn adopted_descriptor_is_close_on_exec() {
    #[track_caller]
    fn check<S>(descriptor: impl Into<Owned>)
    where
        S: TryFrom<Owned, Error = Returned<Owned>> + Into<Owned>,
    {
        let descriptor = descriptor.into();
        let_inherit(&descriptor);
        let adopted = passes::<S>(descriptor).into();
        assert!(is_close_on_exec(&adopted));
        assert!(is_close_on_exec(passes::<S>(adopted).into()), "as it was");
    }

    check::<TcpListener>(listening(true, "[::1]:0"));
    let (stream, _client) = accepted("::1");
    check::<TcpStream>(stream);
    check::<UdpSocket>(datagram(true, "[::1]:0"));
    let (_server, client) = datagrams();
    check::<ConnectedUdpSocket>(client);
    // One that is refused is as it was.
    let descriptor = datagram(true, "[::1]:0");
    let_inherit(&descriptor);
    let descriptor = refused::<TcpListener>(descriptor, "it is not a stream socket");
    assert!(!is_close_on_exec(&descriptor));
}

/// What `CoalescingUdpSocket` is there for would be lost on the way over the descriptor.
#[cfg(target_os = "linux")]
#[test]
fn coalescing_socket_is_refused() {
    let coalescing = UdpSocket::bind("[::1]:0").unwrap().coalesce().unwrap();
    let failed = UdpSocket::<V6Only>::try_from(Owned::from(coalescing)).unwrap_err();
    assert!(failed.to_string().contains("UDP_GRO"), "{failed}");
    assert_eq!(io::Error::from(failed).kind(), ErrorKind::InvalidInput);
}

#[cfg(unix)]
#[test]
fn descriptor_keeps_number_and_options() {
    use std::os::fd::{AsRawFd, RawFd};

    use inet6::option::{NoDelay, SocketOption, UnicastHops};

    fn number(fd: &impl AsRawFd) -> RawFd {
        fd.as_raw_fd()
    }
    #[track_caller]
    fn has<O: SocketOption<inet6::kind::Stream> + PartialEq>(stream: &TcpStream, value: O) {
        assert_eq!(stream.option::<O>().unwrap(), value);
    }

    let (stream, _accepted) = streams();
    stream.set_option(NoDelay(true)).unwrap();
    stream.set_option(UnicastHops(Some(9))).unwrap();
    stream.set_nonblocking(true).unwrap();
    let (first, peer) = (number(&stream), stream.peer_addr().unwrap());

    let std = net::TcpStream::from(stream);
    assert_eq!((number(&std), std.nodelay().unwrap()), (first, true));
    let owned = Owned::from(std);
    assert_eq!(number(&owned), first);
    let socket = Socket::from(owned);
    assert_eq!((number(&socket), socket.unicast_hops_v6().unwrap()), (first, 9));
    let stream = passes::<TcpStream>(socket.into());
    assert_eq!((number(&stream), stream.peer_addr().unwrap()), (first, peer));
    has(&stream, NoDelay(true));
    has(&stream, UnicastHops(Some(9)));
    assert!(is_nonblocking(&stream));

    let socket = crate::support::socket();
    socket.set_option(UnicastHops(Some(7))).unwrap();
    let first = number(&socket);
    let socket = passes::<UdpSocket>(net::UdpSocket::from(socket).into());
    assert_eq!(number(&socket), first);
    assert_eq!(socket.option::<UnicastHops>().unwrap(), UnicastHops(Some(7)));
}

/// The frameworks borrow the descriptor; the socket stays what it is, and so does its address type.
#[cfg(target_os = "linux")]
#[test]
fn mio_and_tokio_await_descriptor() {
    use std::os::fd::AsRawFd;

    use inet6::option::UnicastHops;

    let (server, client) = datagrams();
    server.set_nonblocking(true).unwrap();
    server.set_option(UnicastHops(Some(9))).unwrap();
    let number = server.as_raw_fd();
    let mut poll = mio::Poll::new().unwrap();
    let source = &mut mio::unix::SourceFd(&number);
    poll.registry().register(source, mio::Token(1), mio::Interest::READABLE).unwrap();
    client.send(b"mio").unwrap();
    let mut events = mio::Events::with_capacity(4);
    poll.poll(&mut events, Some(PATIENCE)).unwrap();
    assert!(events.iter().any(|event| event.token() == mio::Token(1) && event.is_readable()));
    assert_eq!(server.recv_from(&mut [0; 8]).unwrap(), (3, client.local_addr().unwrap()));
    poll.registry().deregister(source).unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let server = runtime.block_on(async {
        #[allow(unsafe_code, reason = "tokio cannot know who owns the descriptor")]
        // SAFETY: the socket owns its descriptor, and has the same one until it is dropped.
        let server = unsafe { tokio::io::unix::AsyncFd::register(server) }.unwrap();
        client.send(b"tokio").unwrap();
        let received = server
            .async_io(tokio::io::Interest::READABLE, |socket| socket.recv_from(&mut [0; 8]))
            .await;
        assert_eq!(received.unwrap(), (5, client.local_addr().unwrap()));
        server.into_inner()
    });
    assert_eq!(server.as_raw_fd(), number);
    assert_eq!(server.option::<UnicastHops>().unwrap(), UnicastHops(Some(9)));
}
