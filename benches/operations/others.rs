//! The single operations by rustix, tokio and quinn-udp.

use std::hint::black_box;
use std::io::IoSliceMut;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::OwnedFd;

use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrAny, SocketFlags, SocketType, sockopt,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{ANY_PORT, Case, DATA, Run, client_for, raw, repeat, v6};

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    Case { operation: "udp", way: "rustix", prepare: udp_rustix },
    Case { operation: "udp", way: "quinn-udp", prepare: udp_quinn },
    Case { operation: "udp", way: "tokio", prepare: udp_tokio },
    Case { operation: "udp-connected", way: "rustix", prepare: udp_connected_rustix },
    Case { operation: "udp-connected", way: "tokio", prepare: udp_connected_tokio },
    Case { operation: "tcp", way: "rustix", prepare: tcp_rustix },
    Case { operation: "tcp", way: "tokio", prepare: tcp_tokio },
    Case { operation: "accept", way: "rustix", prepare: accept_rustix },
    Case { operation: "accept", way: "tokio", prepare: accept_tokio },
    Case { operation: "connect", way: "rustix", prepare: connect_rustix },
    Case { operation: "connect", way: "tokio", prepare: connect_tokio },
    Case { operation: "open", way: "rustix", prepare: open_rustix },
    Case { operation: "open", way: "tokio", prepare: open_tokio },
];

// rustix: the system call without the C library.

fn rustix_socket(kind: SocketType) -> OwnedFd {
    rustix::net::socket_with(AddressFamily::INET6, kind, SocketFlags::CLOEXEC, None).unwrap()
}

fn rustix_bound(kind: SocketType) -> OwnedFd {
    let socket = rustix_socket(kind);
    rustix::net::bind(&socket, &SocketAddrV6::new(Ipv6Addr::LOCALHOST, 0, 0, 0)).unwrap();
    socket
}

fn rustix_local(socket: &OwnedFd) -> SocketAddrV6 {
    v6(rustix::net::getsockname(socket).unwrap().try_into().unwrap())
}

fn rustix_peer(peer: Option<SocketAddrAny>) -> SocketAddrV6 {
    peer.unwrap().try_into().unwrap()
}

fn udp_rustix() -> Run {
    let (client, server) = (rustix_bound(SocketType::DGRAM), rustix_bound(SocketType::DGRAM));
    let (to, mut buffer) = (rustix_local(&server), [0; 128]);
    let (send, recv) = (SendFlags::NOSIGNAL, RecvFlags::empty());
    repeat(move || {
        rustix::net::sendto(&client, &DATA, send, &to).unwrap();
        let (_, _, peer) = rustix::net::recvfrom(&server, &mut buffer, recv).unwrap();
        rustix::net::sendto(&server, &DATA, send, &rustix_peer(peer)).unwrap();
        let (len, _, peer) = rustix::net::recvfrom(&client, &mut buffer, recv).unwrap();
        black_box((len, rustix_peer(peer)));
    })
}

fn udp_connected_rustix() -> Run {
    let (client, server) = (rustix_bound(SocketType::DGRAM), rustix_bound(SocketType::DGRAM));
    rustix::net::connect(&client, &rustix_local(&server)).unwrap();
    rustix::net::connect(&server, &rustix_local(&client)).unwrap();
    there_and_back_rustix(client, server)
}

fn there_and_back_rustix(client: OwnedFd, server: OwnedFd) -> Run {
    let mut buffer = [0; 128];
    let (send, recv) = (SendFlags::NOSIGNAL, RecvFlags::empty());
    repeat(move || {
        rustix::net::send(&client, &DATA, send).unwrap();
        black_box(rustix::net::recv(&server, &mut buffer, recv).unwrap());
        rustix::net::send(&server, &DATA, send).unwrap();
        black_box(rustix::net::recv(&client, &mut buffer, recv).unwrap());
    })
}

fn rustix_listener() -> OwnedFd {
    let listener = rustix_bound(SocketType::STREAM);
    rustix::net::listen(&listener, 128).unwrap();
    listener
}

fn tcp_rustix() -> Run {
    let (listener, client) = (rustix_listener(), rustix_socket(SocketType::STREAM));
    rustix::net::connect(&client, &rustix_local(&listener)).unwrap();
    let server = rustix::net::accept(&listener).unwrap();
    there_and_back_rustix(client, server)
}

fn accept_rustix() -> Run {
    let listener = rustix_listener();
    let mut client = client_for(raw::loopback(rustix_local(&listener).port()));
    repeat(move || {
        let _client = client();
        let (stream, peer) = rustix::net::acceptfrom_with(&listener, SocketFlags::CLOEXEC).unwrap();
        black_box((stream, rustix_peer(peer)));
    })
}

fn connect_rustix() -> Run {
    let listener = rustix_listener();
    let to = rustix_local(&listener);
    repeat(move || {
        let client = rustix_socket(SocketType::STREAM);
        sockopt::set_ipv6_v6only(&client, true).unwrap();
        assert!(sockopt::ipv6_v6only(&client).unwrap());
        rustix::net::connect(&client, &to).unwrap();
        sockopt::set_socket_linger(&client, Some(std::time::Duration::ZERO)).unwrap();
        let (stream, peer) = rustix::net::acceptfrom_with(&listener, SocketFlags::CLOEXEC).unwrap();
        black_box((stream, rustix_peer(peer)));
    })
}

fn open_rustix() -> Run {
    repeat(|| {
        let listener = rustix_socket(SocketType::STREAM);
        sockopt::set_ipv6_v6only(&listener, true).unwrap();
        assert!(sockopt::ipv6_v6only(&listener).unwrap());
        sockopt::set_socket_reuseaddr(&listener, true).unwrap();
        let address = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 0, 0, 0);
        rustix::net::bind(&listener, &address).unwrap();
        rustix::net::listen(&listener, 128).unwrap();
    })
}

// quinn-udp, which always asks for all that comes with a datagram.

fn udp_quinn() -> Run {
    let open = || {
        let socket = std::net::UdpSocket::bind(ANY_PORT).unwrap();
        (UdpSocketState::new(UdpSockRef::from(&socket)).unwrap(), socket)
    };
    let ((client_state, client), (server_state, server)) = (open(), open());
    let (to, mut buffer) = (server.local_addr().unwrap(), [0; 128]);
    let transmit = |to| Transmit {
        destination: to,
        ecn: None,
        contents: &DATA,
        segment_size: None,
        src_ip: None,
    };
    let mut recv = move |state: &UdpSocketState, socket: &std::net::UdpSocket| -> SocketAddr {
        let (buffers, meta) = (&mut [IoSliceMut::new(&mut buffer)], &mut [RecvMeta::default()]);
        assert_eq!(state.recv(UdpSockRef::from(socket), buffers, meta).unwrap(), 1);
        meta[0].addr
    };
    repeat(move || {
        client_state.try_send(UdpSockRef::from(&client), &transmit(to)).unwrap();
        let peer = recv(&server_state, &server);
        server_state.try_send(UdpSockRef::from(&server), &transmit(peer)).unwrap();
        black_box(recv(&client_state, &client));
    })
}

// tokio, on a runtime of this thread; it tries before it waits, and never has to wait here.

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap()
}

fn repeat_in(runtime: tokio::runtime::Runtime, mut operation: impl AsyncFnMut() + 'static) -> Run {
    Box::new(move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                operation().await;
            }
        });
    })
}

async fn udp_bound() -> tokio::net::UdpSocket {
    tokio::net::UdpSocket::bind(SocketAddr::from(ANY_PORT)).await.unwrap()
}

fn udp_tokio() -> Run {
    let runtime = runtime();
    let (client, server) = runtime.block_on(async { (udp_bound().await, udp_bound().await) });
    let (to, mut buffer) = (server.local_addr().unwrap(), [0; 128]);
    repeat_in(runtime, async move || {
        client.send_to(&DATA, to).await.unwrap();
        let (_, peer) = server.recv_from(&mut buffer).await.unwrap();
        server.send_to(&DATA, peer).await.unwrap();
        black_box(client.recv_from(&mut buffer).await.unwrap());
    })
}

fn udp_connected_tokio() -> Run {
    let runtime = runtime();
    let (client, server) = runtime.block_on(async {
        let (client, server) = (udp_bound().await, udp_bound().await);
        client.connect(server.local_addr().unwrap()).await.unwrap();
        server.connect(client.local_addr().unwrap()).await.unwrap();
        (client, server)
    });
    let mut buffer = [0; 128];
    repeat_in(runtime, async move || {
        client.send(&DATA).await.unwrap();
        black_box(server.recv(&mut buffer).await.unwrap());
        server.send(&DATA).await.unwrap();
        black_box(client.recv(&mut buffer).await.unwrap());
    })
}

async fn tokio_listener() -> tokio::net::TcpListener {
    tokio::net::TcpListener::bind(SocketAddr::from(ANY_PORT)).await.unwrap()
}

fn tcp_tokio() -> Run {
    let runtime = runtime();
    let (mut client, mut server) = runtime.block_on(async {
        let listener = tokio_listener().await;
        let to = listener.local_addr().unwrap();
        let client = tokio::net::TcpStream::connect(to).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    });
    let mut buffer = [0; 128];
    repeat_in(runtime, async move || {
        client.write_all(&DATA).await.unwrap();
        black_box(server.read(&mut buffer).await.unwrap());
        server.write_all(&DATA).await.unwrap();
        black_box(client.read(&mut buffer).await.unwrap());
    })
}

fn accept_tokio() -> Run {
    let runtime = runtime();
    let listener = runtime.block_on(tokio_listener());
    let mut client = client_for(raw::loopback(listener.local_addr().unwrap().port()));
    repeat_in(runtime, async move || {
        let _client = client();
        black_box(listener.accept().await.unwrap());
    })
}

fn connect_tokio() -> Run {
    let runtime = runtime();
    let listener = runtime.block_on(tokio_listener());
    let to = listener.local_addr().unwrap();
    repeat_in(runtime, async move || {
        let client = tokio::net::TcpStream::connect(to).await.unwrap();
        raw::reset_on_close(std::os::fd::AsRawFd::as_raw_fd(&client));
        black_box(listener.accept().await.unwrap());
    })
}

fn open_tokio() -> Run {
    repeat_in(runtime(), async || drop(tokio_listener().await))
}
