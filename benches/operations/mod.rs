//! The operations that are measured, each in several ways.
//!
//! Here are inet6, libc, std and socket2. `others` has those of more crates, `names` connects to
//! hosts, `batches` has many datagrams at once, and `growth` what grows with a number.

use std::ffi::c_int;
use std::hint::black_box;
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;

use inet6::mode::Mode;
use inet6::option::{MinHopCount, NoDelay, RecvPacketInfo, ReuseAddress, UnicastHops};
use inet6::{AnyMode, Builder, DualStack, V6Only};
use socket2::{Domain, SockAddr, Type};

mod batches;
mod growth;
mod names;
mod others;
mod prebuilt;
mod raw;

pub(crate) use self::growth::{CURVES, Curve, Prepare};

/// Does an operation so many times.
pub(crate) type Run = Box<dyn FnMut(u64)>;

/// An operation, done in one way.
pub(crate) struct Case {
    pub(crate) operation: &'static str,
    pub(crate) way: &'static str,
    /// Opens the sockets that the operation needs.
    pub(crate) prepare: fn() -> Run,
}

/// An operation of the table.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// How many datagrams it moves; the time is that of one. None where it is one operation.
    pub(crate) datagrams: Option<usize>,
}

const fn single(name: &'static str, title: &'static str) -> Operation {
    Operation { name, title, datagrams: None }
}

const fn many(name: &'static str, title: &'static str, datagrams: usize) -> Operation {
    Operation { name, title, datagrams: Some(datagrams) }
}

/// The operations of the table.
pub(crate) const TIMED: &[Operation] = &[
    single("udp", "64 B there and back, send_to + recv_from"),
    single("udp-reply", "the same, answered from where it was sent to"),
    single("udp-connected", "the same, connected, send + recv"),
    single("tcp", "64 B there and back, TCP"),
    single("accept", "accept + close"),
    single("connect", "connect + accept + close"),
    single("host-literal", "connect to an address as text + accept + close"),
    single("host-localhost", "connect to localhost + accept + close"),
    single("host-name", "connect to a name of the hosts file + accept + close"),
    single("open", "open a listener + close"),
    single("interfaces", "list the interfaces of this host and their addresses"),
    many("batch-64", "64 datagrams of 64 B at once", batches::BATCH),
    many("batch-1200", "64 datagrams of 1200 B at once", batches::BATCH),
    many("segments-64", "128 datagrams of 64 B, cut by the kernel", batches::segments(64)),
    many("segments-512", "127 datagrams of 512 B, cut by the kernel", batches::segments(512)),
    many("segments-1200", "54 datagrams of 1200 B, cut by the kernel", batches::segments(1200)),
];

/// Every case. The way that the others are compared to, libc, comes first in each operation.
/// Without a name of this host in the hosts file, `host-name` has none.
pub(crate) fn cases() -> impl Iterator<Item = &'static Case> {
    let all = CASES.iter().chain(names::CASES).chain(others::CASES).chain(batches::CASES);
    all.filter(|case| case.operation != "host-name" || names::name_of_this_host().is_some())
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { operation: "udp", way: "libc", prepare: udp_libc },
    Case { operation: "udp", way: "inet6", prepare: udp_inet6 },
    Case { operation: "udp", way: "inet6-dual", prepare: || udp_inet6_dual(Ipv6Addr::LOCALHOST.into()) },
    Case { operation: "udp", way: "inet6-ipv4", prepare: || udp_inet6_dual(Ipv4Addr::LOCALHOST.into()) },
    Case { operation: "udp", way: "std", prepare: udp_std },
    Case { operation: "udp", way: "socket2", prepare: udp_socket2 },
    Case { operation: "udp-reply", way: "libc", prepare: udp_reply_libc },
    Case { operation: "udp-reply", way: "inet6", prepare: || udp_reply_inet6(AnyMode::V6Only) },
    Case { operation: "udp-reply", way: "inet6-dual", prepare: || udp_reply_inet6(AnyMode::DualStack) },
    Case { operation: "udp-guarded", way: "inet6", prepare: udp_guarded_inet6 },
    Case { operation: "udp-connected", way: "libc", prepare: udp_connected_libc },
    Case { operation: "udp-connected", way: "inet6", prepare: || udp_connected_inet6(V6Only) },
    Case { operation: "udp-connected", way: "inet6-dual", prepare: || udp_connected_inet6(DualStack) },
    Case { operation: "udp-connected", way: "std", prepare: udp_connected_std },
    Case { operation: "udp-connected", way: "socket2", prepare: udp_connected_socket2 },
    Case { operation: "tcp", way: "libc", prepare: tcp_libc },
    Case { operation: "tcp", way: "inet6", prepare: || tcp_inet6(V6Only) },
    Case { operation: "tcp", way: "inet6-dual", prepare: || tcp_inet6(DualStack) },
    Case { operation: "tcp", way: "std", prepare: tcp_std },
    Case { operation: "tcp", way: "socket2", prepare: tcp_socket2 },
    Case { operation: "accept", way: "libc", prepare: accept_libc },
    Case { operation: "accept", way: "inet6", prepare: || accept_inet6(false) },
    Case { operation: "accept", way: "std", prepare: accept_std },
    Case { operation: "accept", way: "socket2", prepare: accept_socket2 },
    Case { operation: "accept-nonblocking", way: "inet6", prepare: || accept_inet6(true) },
    Case { operation: "connect", way: "libc", prepare: || connect_libc(Some(true)) },
    Case { operation: "connect", way: "libc-unset", prepare: || connect_libc(None) },
    Case { operation: "connect", way: "inet6", prepare: || connect_inet6(V6Only) },
    Case { operation: "connect", way: "inet6-dual", prepare: || connect_inet6(DualStack) },
    Case { operation: "connect", way: "std", prepare: connect_std },
    Case { operation: "connect", way: "socket2", prepare: connect_socket2 },
    Case { operation: "open", way: "libc", prepare: open_libc },
    Case { operation: "open", way: "inet6", prepare: open_inet6 },
    Case { operation: "open", way: "std", prepare: open_std },
    Case { operation: "open", way: "socket2", prepare: open_socket2 },
    Case { operation: "open-nonblocking", way: "inet6", prepare: open_nonblocking_inet6 },
    Case { operation: "open-options", way: "libc", prepare: || open_options_libc(false) },
    Case { operation: "open-options", way: "inet6", prepare: || open_options_inet6(AnyMode::V6Only) },
    Case { operation: "open-options-dual", way: "libc", prepare: || open_options_libc(true) },
    Case { operation: "open-options-dual", way: "inet6", prepare: || open_options_inet6(AnyMode::DualStack) },
    Case { operation: "interfaces", way: "libc", prepare: || repeat(raw::count_interfaces) },
    Case { operation: "interfaces", way: "inet6", prepare: interfaces_inet6 },
];

const DATA: [u8; 64] = [7; 64];
const ANY_PORT: (Ipv6Addr, u16) = (Ipv6Addr::LOCALHOST, 0);

fn repeat(mut operation: impl FnMut() + 'static) -> Run {
    Box::new(move |times| {
        for _ in 0..times {
            operation();
        }
    })
}

fn v6(address: SocketAddr) -> SocketAddrV6 {
    match address {
        SocketAddr::V6(address) => address,
        SocketAddr::V4(address) => panic!("{address} is not IPv6"),
    }
}

// A datagram there, and one back to the address that it came from.

fn udp_libc() -> Run {
    let socket = || {
        let socket = raw::Socket::new(libc::SOCK_DGRAM);
        socket.bind(&raw::loopback(0));
        socket
    };
    let (client, server) = (socket(), socket());
    let (to, mut buffer) = (server.local(), [0; 128]);
    repeat(move || {
        client.send_to(&DATA, &to);
        let (_, peer) = server.recv_from(&mut buffer);
        server.send_to(&DATA, &peer);
        black_box(client.recv_from(&mut buffer));
    })
}

fn udp_inet6() -> Run {
    let client = Builder::datagram().v6_only().bind(ANY_PORT).unwrap();
    let server = Builder::datagram().v6_only().bind(ANY_PORT).unwrap();
    let (to, mut buffer) = (server.local_addr().unwrap(), [0; 128]);
    repeat(move || {
        client.send_to(&DATA, to).unwrap();
        let (_, peer) = server.recv_from(&mut buffer).unwrap();
        server.send_to(&DATA, peer).unwrap();
        black_box(client.recv_from(&mut buffer).unwrap());
    })
}

fn udp_inet6_dual(ip: IpAddr) -> Run {
    let builder = Builder::datagram();
    let (client, server) = (builder.bind((ip, 0)).unwrap(), builder.bind((ip, 0)).unwrap());
    let (to, mut buffer) = (server.local_addr().unwrap(), [0; 128]);
    repeat(move || {
        client.send_to(&DATA, to).unwrap();
        let (_, peer) = server.recv_from(&mut buffer).unwrap();
        server.send_to(&DATA, peer).unwrap();
        black_box(client.recv_from(&mut buffer).unwrap());
    })
}

fn udp_guarded_inet6() -> Run {
    let client = Builder::datagram().v6_only().bind(ANY_PORT).unwrap();
    client.set_option(UnicastHops(Some(255))).unwrap();
    let server = Builder::datagram().v6_only().bind(ANY_PORT).unwrap();
    let (to, mut buffer) = (server.local_addr().unwrap(), [0; 128]);
    let server = server.guard(MinHopCount(255)).unwrap();
    repeat(move || {
        client.send_to(&DATA, to).unwrap();
        black_box(server.recv_from(&mut buffer).unwrap());
    })
}

fn udp_std() -> Run {
    let client = std::net::UdpSocket::bind(ANY_PORT).unwrap();
    let server = std::net::UdpSocket::bind(ANY_PORT).unwrap();
    let (to, mut buffer) = (server.local_addr().unwrap(), [0; 128]);
    repeat(move || {
        client.send_to(&DATA, to).unwrap();
        let (_, peer) = server.recv_from(&mut buffer).unwrap();
        server.send_to(&DATA, peer).unwrap();
        black_box(client.recv_from(&mut buffer).unwrap());
    })
}

fn udp_socket2() -> Run {
    let (client, server) = (socket2_bound(Type::DGRAM), socket2_bound(Type::DGRAM));
    let to = server.local_addr().unwrap().as_socket_ipv6().unwrap();
    let mut buffer = [MaybeUninit::uninit(); 128];
    repeat(move || {
        client.send_to(&DATA, &SockAddr::from(to)).unwrap();
        let (_, peer) = server.recv_from(&mut buffer).unwrap();
        let peer = peer.as_socket_ipv6().unwrap();
        server.send_to(&DATA, &SockAddr::from(peer)).unwrap();
        let (len, peer) = client.recv_from(&mut buffer).unwrap();
        black_box((len, peer.as_socket_ipv6()));
    })
}

fn socket2_bound(kind: Type) -> socket2::Socket {
    let socket = socket2::Socket::new(Domain::IPV6, kind, None).unwrap();
    socket.bind(&SockAddr::from(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 0, 0, 0))).unwrap();
    socket
}

// A datagram there, and one back from the address that it was sent to.

fn udp_reply_libc() -> Run {
    let (client, server) = (raw::Socket::new(libc::SOCK_DGRAM), raw::Socket::new(libc::SOCK_DGRAM));
    client.bind(&raw::loopback(0));
    server.bind(&raw::any(0));
    server.set(libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1);
    client.connect(&raw::loopback(u16::from_be(server.local().sin6_port)));
    let mut buffer = [0; 128];
    repeat(move || {
        client.send(&DATA);
        server.echo(&mut buffer);
        black_box(client.recv(&mut buffer));
    })
}

fn udp_reply_inet6(mode: AnyMode) -> Run {
    let builder = Builder::datagram().mode(mode).with(RecvPacketInfo(true));
    let server = builder.bind("[::]:0").unwrap();
    let client = Builder::datagram()
        .v6_only()
        .connect(("::1", server.local_addr().unwrap().port()))
        .unwrap();
    let mut buffer = [0; 128];
    repeat(move || {
        client.send(&DATA).unwrap();
        let received = server.recv_message(&mut buffer).unwrap();
        received.reply(&server, &buffer[..received.len]).unwrap();
        black_box(client.recv(&mut buffer).unwrap());
    })
}

// A datagram there and one back, between connected sockets.

fn udp_connected_libc() -> Run {
    let (client, server) = (raw::Socket::new(libc::SOCK_DGRAM), raw::Socket::new(libc::SOCK_DGRAM));
    client.bind(&raw::loopback(0));
    server.bind(&raw::loopback(0));
    client.connect(&server.local());
    server.connect(&client.local());
    there_and_back_libc(client, server)
}

fn there_and_back_libc(client: raw::Socket, server: raw::Socket) -> Run {
    let mut buffer = [0; 128];
    repeat(move || {
        client.send(&DATA);
        black_box(server.recv(&mut buffer));
        server.send(&DATA);
        black_box(client.recv(&mut buffer));
    })
}

fn udp_connected_inet6<M: Mode>(mode: M) -> Run {
    let builder = Builder::datagram().mode(mode);
    let (client, server) = (builder.bind(ANY_PORT).unwrap(), builder.bind(ANY_PORT).unwrap());
    let (from, to) = (client.local_addr().unwrap(), server.local_addr().unwrap());
    let (client, server) = (client.connect(to).unwrap(), server.connect(from).unwrap());
    let mut buffer = [0; 128];
    repeat(move || {
        client.send(&DATA).unwrap();
        black_box(server.recv(&mut buffer).unwrap());
        server.send(&DATA).unwrap();
        black_box(client.recv(&mut buffer).unwrap());
    })
}

fn udp_connected_std() -> Run {
    let client = std::net::UdpSocket::bind(ANY_PORT).unwrap();
    let server = std::net::UdpSocket::bind(ANY_PORT).unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    server.connect(client.local_addr().unwrap()).unwrap();
    let mut buffer = [0; 128];
    repeat(move || {
        client.send(&DATA).unwrap();
        black_box(server.recv(&mut buffer).unwrap());
        server.send(&DATA).unwrap();
        black_box(client.recv(&mut buffer).unwrap());
    })
}

fn udp_connected_socket2() -> Run {
    let (client, server) = (socket2_bound(Type::DGRAM), socket2_bound(Type::DGRAM));
    client.connect(&server.local_addr().unwrap()).unwrap();
    server.connect(&client.local_addr().unwrap()).unwrap();
    there_and_back_socket2(client, server)
}

fn there_and_back_socket2(client: socket2::Socket, server: socket2::Socket) -> Run {
    let mut buffer = [0; 128];
    repeat(move || {
        client.send(&DATA).unwrap();
        black_box((&server).read(&mut buffer).unwrap());
        server.send(&DATA).unwrap();
        black_box((&client).read(&mut buffer).unwrap());
    })
}

// A message there and one back, over a connection.

fn tcp_libc() -> Run {
    let listener = listener_libc();
    let client = raw::Socket::new(libc::SOCK_STREAM);
    client.connect(&listener.local());
    let (server, _) = listener.accept(0);
    there_and_back_libc(client, server)
}

fn listener_libc() -> raw::Socket {
    let listener = raw::Socket::new(libc::SOCK_STREAM);
    listener.bind(&raw::loopback(0));
    listener.listen(128);
    listener
}

fn tcp_inet6<M: Mode>(mode: M) -> Run {
    let builder = Builder::stream().mode(mode);
    let listener = builder.bind(ANY_PORT).unwrap().listen(128).unwrap();
    let client = builder.connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let mut buffer = [0; 128];
    repeat(move || {
        client.send(&DATA).unwrap();
        black_box(server.recv(&mut buffer).unwrap());
        server.send(&DATA).unwrap();
        black_box(client.recv(&mut buffer).unwrap());
    })
}

fn tcp_std() -> Run {
    let listener = std::net::TcpListener::bind(ANY_PORT).unwrap();
    let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut buffer = [0; 128];
    repeat(move || {
        assert_eq!(client.write(&DATA).unwrap(), DATA.len());
        black_box(server.read(&mut buffer).unwrap());
        assert_eq!(server.write(&DATA).unwrap(), DATA.len());
        black_box(client.read(&mut buffer).unwrap());
    })
}

fn tcp_socket2() -> Run {
    let listener = socket2_bound(Type::STREAM);
    listener.listen(128).unwrap();
    let client = socket2::Socket::new(Domain::IPV6, Type::STREAM, None).unwrap();
    client.connect(&listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    there_and_back_socket2(client, server)
}

// Accepting a connection and closing it. The client is the same in all four ways.

fn client_for(peer: raw::Address) -> impl FnMut() -> raw::Socket {
    move || {
        let client = raw::Socket::new(libc::SOCK_STREAM);
        client.connect(&peer);
        raw::reset_on_close(client.fd());
        client
    }
}

fn accept_libc() -> Run {
    let listener = listener_libc();
    let mut client = client_for(listener.local());
    repeat(move || {
        let _client = client();
        black_box(listener.accept(0));
    })
}

fn accept_inet6(nonblocking: bool) -> Run {
    let listener = Builder::stream().v6_only().bind(ANY_PORT).unwrap().listen(4096).unwrap();
    let mut client = client_for(raw::loopback(listener.local_addr().unwrap().port()));
    if nonblocking {
        repeat(move || {
            let _client = client();
            black_box(listener.accept_nonblocking().unwrap());
        })
    } else {
        repeat(move || {
            let _client = client();
            black_box(listener.accept().unwrap());
        })
    }
}

fn accept_std() -> Run {
    let listener = std::net::TcpListener::bind(ANY_PORT).unwrap();
    let mut client = client_for(raw::loopback(listener.local_addr().unwrap().port()));
    repeat(move || {
        let _client = client();
        black_box(listener.accept().unwrap());
    })
}

fn accept_socket2() -> Run {
    let listener = socket2_bound(Type::STREAM);
    listener.listen(128).unwrap();
    let port = listener.local_addr().unwrap().as_socket_ipv6().unwrap().port();
    let mut client = client_for(raw::loopback(port));
    repeat(move || {
        let _client = client();
        let (stream, peer) = listener.accept().unwrap();
        black_box((stream, peer.as_socket_ipv6()));
    })
}

// Connecting, accepting and closing, and nothing else: the accepted stream is closed first and
// resets the connection, so that none stays in TIME_WAIT, and it has that option from its listener.
// All ways but std set `IPV6_V6ONLY` and read it back, as this crate promises to; `libc-unset` does
// not, and tells what that costs.

fn connect_libc(v6_only: Option<bool>) -> Run {
    let listener = listener_libc();
    raw::reset_on_close(listener.fd());
    let peer = listener.local();
    repeat(move || {
        let client = raw::Socket::new(libc::SOCK_STREAM);
        if let Some(v6_only) = v6_only {
            set_v6_only(&client, v6_only);
        }
        client.connect(&peer);
        black_box(listener.accept(0));
    })
}

fn connect_inet6<M: Mode>(mode: M) -> Run {
    let builder = Builder::stream().mode(mode);
    let listener = builder.bind(ANY_PORT).unwrap().listen(128).unwrap();
    raw::reset_on_close(listener.as_raw_fd());
    let peer = listener.local_addr().unwrap();
    repeat(move || {
        let _client = builder.connect(peer).unwrap();
        black_box(listener.accept().unwrap());
    })
}

fn connect_std() -> Run {
    let listener = std::net::TcpListener::bind(ANY_PORT).unwrap();
    raw::reset_on_close(listener.as_raw_fd());
    let peer = v6(listener.local_addr().unwrap());
    repeat(move || {
        let _client = std::net::TcpStream::connect(peer).unwrap();
        black_box(listener.accept().unwrap());
    })
}

fn connect_socket2() -> Run {
    let listener = socket2_bound(Type::STREAM);
    listener.listen(128).unwrap();
    raw::reset_on_close(listener.as_raw_fd());
    let peer = listener.local_addr().unwrap().as_socket_ipv6().unwrap();
    repeat(move || {
        let client = socket2::Socket::new(Domain::IPV6, Type::STREAM, None).unwrap();
        client.set_only_v6(true).unwrap();
        assert!(client.only_v6().unwrap());
        client.connect(&SockAddr::from(peer)).unwrap();
        let (stream, peer) = listener.accept().unwrap();
        black_box((stream, peer.as_socket_ipv6()));
    })
}

// Opening a listener, with `SO_REUSEADDR`, and closing it. std cannot set `IPV6_V6ONLY`.

fn open_libc() -> Run {
    repeat(|| {
        let listener = raw::Socket::new(libc::SOCK_STREAM);
        set_v6_only(&listener, true);
        listener.set(libc::SOL_SOCKET, libc::SO_REUSEADDR, 1);
        listener.bind(&raw::loopback(0));
        listener.listen(128);
    })
}

/// Sets `IPV6_V6ONLY` and reads it back.
#[inline]
fn set_v6_only(socket: &raw::Socket, v6_only: bool) {
    let value = c_int::from(v6_only);
    socket.set(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, value);
    assert!(socket.get(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY) == value);
}

fn open_inet6() -> Run {
    let builder = Builder::stream().v6_only().with(ReuseAddress(true));
    repeat(move || drop(builder.bind(ANY_PORT).unwrap().listen(128).unwrap()))
}

/// The flag is set in the call that makes the socket, not by a call of its own.
fn open_nonblocking_inet6() -> Run {
    let builder = Builder::datagram().v6_only().nonblocking();
    repeat(move || drop(builder.bind(ANY_PORT).unwrap()))
}

fn open_std() -> Run {
    repeat(|| drop(std::net::TcpListener::bind(ANY_PORT).unwrap()))
}

fn open_socket2() -> Run {
    repeat(|| {
        let listener = socket2::Socket::new(Domain::IPV6, Type::STREAM, None).unwrap();
        listener.set_only_v6(true).unwrap();
        assert!(listener.only_v6().unwrap());
        listener.set_reuse_address(true).unwrap();
        let address = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 0, 0, 0);
        listener.bind(&SockAddr::from(address)).unwrap();
        listener.listen(128).unwrap();
    })
}

// The same with more options; on a dual-stack socket the IPv4 twin of the hop limit is one more.

fn open_options_libc(dual_stack: bool) -> Run {
    repeat(move || {
        let listener = raw::Socket::new(libc::SOCK_STREAM);
        set_v6_only(&listener, !dual_stack);
        listener.set(libc::SOL_SOCKET, libc::SO_REUSEADDR, 1);
        listener.set(libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
        listener.set(libc::IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS, 5);
        if dual_stack {
            listener.set(libc::IPPROTO_IP, libc::IP_TTL, 5);
        }
        listener.bind(&raw::loopback(0));
        listener.listen(128);
    })
}

fn open_options_inet6(mode: AnyMode) -> Run {
    let options =
        Builder::stream().with(ReuseAddress(true)).with(NoDelay(true)).with(UnicastHops(Some(5)));
    let builder = options.mode(mode);
    repeat(move || drop(builder.bind(ANY_PORT).unwrap().listen(128).unwrap()))
}

// The interfaces of the network namespace that this program runs in.

fn interfaces_inet6() -> Run {
    repeat(|| {
        let all = inet6::interface::Interface::list().unwrap();
        black_box(all.iter().map(|info| info.addresses().len()).sum::<usize>());
    })
}
