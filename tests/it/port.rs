//! Who may have a port that another socket has.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use inet6::option::{ReuseAddress, ReusePort};
use inet6::{Builder, TcpListener, TcpStream, error::Op};
use socket2::{Domain, Socket, Type};

use crate::support::*;

/// An IPv4 socket, which the crate does not make; it listens if it is a stream.
fn ipv4_socket(kind: Type, share: bool, address: SocketAddr) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, kind, None)?;
    #[cfg(target_os = "linux")]
    socket.set_reuse_port(share)?;
    #[cfg(not(target_os = "linux"))]
    assert!(!share);
    socket.bind(&address.into())?;
    if kind == Type::STREAM {
        socket.listen(16)?;
    }
    Ok(socket)
}

#[cfg(target_os = "linux")]
mod overlap {
    use std::any::Any;

    use super::*;

    /// Who a socket hears: those who send to `::1`, to other IPv6 addresses of the host, to
    /// `127.0.0.1`, and to its other IPv4 addresses.
    struct Place {
        opened_as: As,
        address: &'static str,
        hears: u8,
    }

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum As {
        V6Only,
        DualStack,
        Ipv4,
    }

    const PLACES: [Place; 9] = [
        Place { opened_as: As::V6Only, address: "[::]", hears: 0b0011 },
        Place { opened_as: As::V6Only, address: "[::1]", hears: 0b0001 },
        Place { opened_as: As::DualStack, address: "[::]", hears: 0b1111 },
        Place { opened_as: As::DualStack, address: "[::1]", hears: 0b0001 },
        Place { opened_as: As::DualStack, address: "0.0.0.0", hears: 0b1100 },
        Place { opened_as: As::DualStack, address: "[::ffff:0.0.0.0]", hears: 0b1100 },
        Place { opened_as: As::DualStack, address: "127.0.0.1", hears: 0b0100 },
        Place { opened_as: As::Ipv4, address: "0.0.0.0", hears: 0b1100 },
        Place { opened_as: As::Ipv4, address: "127.0.0.1", hears: 0b0100 },
    ];

    /// Binds there, and tells the port; a stream listens.
    fn open(place: &Place, kind: Type, port: u16) -> Result<(u16, Box<dyn Any>), ErrorKind> {
        let address = format!("{}:{port}", place.address);
        let address = address.as_str();
        macro_rules! opened {
            ($socket:expr) => {{
                let socket = $socket.map_err(|error| error.kind())?;
                (SocketAddr::from(socket.local_addr().unwrap()).port(), Box::new(socket))
            }};
        }
        let (stream, datagram) = (Builder::stream(), Builder::datagram());
        Ok(match (kind == Type::STREAM, place.opened_as) {
            (true, As::V6Only) => {
                opened!(stream.v6_only().bind(address).and_then(|it| it.listen(16)))
            }
            (true, As::DualStack) => {
                opened!(stream.bind(address).and_then(|it| it.listen(16)))
            }
            (false, As::V6Only) => opened!(datagram.v6_only().bind(address)),
            (false, As::DualStack) => opened!(datagram.bind(address)),
            (_, As::Ipv4) => {
                let socket = ipv4_socket(kind, false, address.parse().unwrap());
                let socket = socket.map_err(|error| error.kind())?;
                (socket.local_addr().unwrap().as_socket().unwrap().port(), Box::new(socket))
            }
        })
    }

    #[test]
    fn port_sharing_needs_disjoint_peers() {
        for kind in [Type::STREAM, Type::DGRAM] {
            for first in &PLACES {
                for second in &PLACES {
                    let names = || format!("{} {}", first.address, second.address);
                    if first.hears & second.hears != 0 {
                        let (port, _first) = open(first, kind, 0).unwrap();
                        let refused = open(second, kind, port).map(drop);
                        assert_eq!(refused, Err(ErrorKind::AddrInUse), "{}", names());
                    } else {
                        // Another test may have this port at the second place.
                        wait_until(&names(), || {
                            let (port, _first) = open(first, kind, 0).unwrap();
                            open(second, kind, port).is_ok()
                        });
                    }
                }
            }
        }
    }
}

#[test]
fn listeners_of_each_family_share_port() {
    let mut pair = None;
    // Another test may have the port on IPv4.
    wait_until("the port is free on IPv4", || {
        let ipv6 = Builder::stream().v6_only().bind("[::]:0").unwrap().listen(4).unwrap();
        let port = ipv6.local_addr().unwrap().port();
        let ipv4 = std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, port));
        pair = ipv4.ok().map(|ipv4| (port, ipv6, ipv4));
        pair.is_some()
    });
    let (port, ipv6, ipv4) = pair.unwrap();
    let one = TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
    assert_eq!(SocketAddr::V6(ipv6.accept().unwrap().1), one.local_addr().unwrap());
    let other = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    assert_eq!(ipv4.accept().unwrap().1, other.local_addr().unwrap());
}

/// Where a dual-stack socket and an IPv4 one share a port, an IPv4 packet goes to the latter.
#[cfg(target_os = "linux")]
#[test]
fn ipv4_socket_receives_ipv4_peers() {
    let builder = Builder::datagram().with(ReusePort(true)).nonblocking();
    let both: Vec<_> = (0..4).fold(Vec::new(), |mut sockets, _| {
        let port = sockets.first().map_or(0, port);
        sockets.push(builder.bind(("::", port)).unwrap());
        sockets
    });
    let port = port(&both[0]);
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let only = ipv4_socket(Type::DGRAM, true, any).unwrap();
    only.set_read_timeout(Some(PATIENCE)).unwrap();
    for _ in 0..32 {
        // A source port each, so that the hash differs.
        let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        client.send_to(b"x", ipv4(port)).unwrap();
        let client = client.local_addr().unwrap();
        let (_, from) = only.recv_from(&mut [std::mem::MaybeUninit::uninit(); 8]).unwrap();
        assert_eq!(from.as_socket(), Some(client));
    }
    for _ in 0..32 {
        socket().send_to(b"x", (Ipv6Addr::LOCALHOST, port)).unwrap();
    }
    let mut arrived = 0;
    for socket in both {
        while let Ok((_, from)) = socket.recv_from(&mut [0; 8]) {
            assert!(from.is_ipv6(), "{from}");
            arrived += 1;
        }
    }
    assert_eq!(arrived, 32, "IPv6 goes to the others");

    let builder = Builder::stream().with(ReusePort(true)).nonblocking();
    let both = builder.bind("[::]:0").unwrap().listen(64).unwrap();
    let port = both.local_addr().unwrap().port();
    let only = ipv4_socket(Type::STREAM, true, (Ipv4Addr::UNSPECIFIED, port).into()).unwrap();
    for _ in 0..16 {
        let client = std::net::TcpStream::connect(ipv4(port)).unwrap();
        let (_, from) = only.accept().unwrap();
        assert_eq!(from.as_socket(), client.local_addr().ok());
        assert_eq!(both.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    let client = TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
    let mut peer = None;
    wait_until("the connection arrives", || {
        peer = both.accept().ok().map(|(_, peer)| peer);
        peer.is_some()
    });
    assert_eq!(peer, client.local_addr().ok());
}

#[test]
fn reuse_address_keeps_live_listener_exclusive() {
    let builder = Builder::stream().with(ReuseAddress(true));
    let first = builder.bind("[::1]:0").unwrap().listen(4).unwrap();
    let address = first.local_addr().unwrap();
    let second = builder.bind(address).and_then(|bound| bound.listen(4)).unwrap_err();
    assert_eq!(second.kind(), ErrorKind::AddrInUse, "{second}");
    let step = if cfg!(target_os = "linux") { Op::Bind } else { second.op() };
    assert_eq!(second.op(), step, "{second}");
    // The first one goes on.
    let client = TcpStream::connect(address).unwrap();
    assert_eq!(first.accept().unwrap().1, client.local_addr().unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn reused_address_is_ours_once_listening() {
    require!(as_another_user(|| {}), "a second user");
    let reuse = Builder::stream().with(ReuseAddress(true));
    for (ours, theirs) in [("::1", "::1"), ("::", "::"), ("::", "::1"), ("::1", "::")] {
        let bound = reuse.bind((ours, 0)).unwrap();
        let port = bound.local_addr().unwrap().port();
        let take = || as_another_user(|| reuse.bind((theirs, port))?.listen(4)).unwrap();
        let taken = take().unwrap();
        let error = bound.listen(4).unwrap_err();
        assert_eq!((error.op(), error.kind()), (Op::Listen, ErrorKind::AddrInUse), "{error}");
        drop(taken);

        let _listener = reuse.bind((ours, port)).unwrap().listen(4).unwrap();
        let error = take().unwrap_err();
        assert_eq!((error.op(), error.kind()), (Op::Bind, ErrorKind::AddrInUse), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn plain_address_is_ours_once_bound() {
    require!(as_another_user(|| {}), "a second user");
    let reuse = Builder::stream().with(ReuseAddress(true));
    for (ours, theirs) in [("::1", "::1"), ("::", "::"), ("::", "::1"), ("::1", "::")] {
        let bound = Builder::stream().bind((ours, 0)).unwrap();
        let port = bound.local_addr().unwrap().port();
        let error = as_another_user(|| reuse.bind((theirs, port))).unwrap().unwrap_err();
        assert_eq!((error.op(), error.kind()), (Op::Bind, ErrorKind::AddrInUse), "{error}");
        bound.listen(4).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn reuse_port_shares_with_live_listener() {
    let builder = Builder::stream().with(ReusePort(true));
    let first = builder.bind("[::1]:0").unwrap().listen(4).unwrap();
    let second: TcpListener = builder.bind(first.local_addr().unwrap()).unwrap().listen(4).unwrap();
    assert_eq!(second.local_addr().unwrap(), first.local_addr().unwrap());
    // Whoever does not ask for it does not get it.
    let third = Builder::stream().bind(first.local_addr().unwrap()).unwrap_err();
    assert_eq!((third.op(), third.kind()), (Op::Bind, ErrorKind::AddrInUse));
}
