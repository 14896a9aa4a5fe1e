//! Everything over and over: afterwards the process has what it had before.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::time::Duration;

use inet6::option::{Linger, NoDelay, RecvError, RecvHopLimit, RecvPacketInfo, ShareAddress};
use inet6::{
    Builder, DualStack, TcpListener, TcpStream, UdpSocket,
    connect::{Answers, HappyEyeballs, HostErrorKind, Query, Resolve, ResolveErrorKind},
    interface::Interface,
    udp::{Outgoing, RecvBatch, SendBatch},
};

use crate::cost::live;
use crate::support::*;

/// Of a link, so that no router is told of it.
const GROUP: Ipv6Addr = Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0, 0x6006);

/// Knows one name.
struct Names;

impl Resolve for Names {
    fn resolve(&self, query: Query, answers: Answers) {
        answers.push_all(match query.name() {
            "host.example" => Ok(vec![(Ipv6Addr::LOCALHOST, 0).into()]),
            _ => Err(ResolveErrorKind::NoSuchName.into()),
        });
    }
}

/// What a round uses that stays from one to the next, as in a server.
struct Soak {
    listener: TcpListener,
    dual: TcpListener<DualStack>,
    server: UdpSocket,
    loopback: Interface,
}

/// Closing resets the connection: ports that rest for a minute would soon be too many.
fn client() -> Builder<inet6::kind::Stream> {
    Builder::stream().with(Linger(Some(Duration::ZERO)))
}

impl Soak {
    fn new() -> Self {
        let server = Builder::datagram().with(RecvPacketInfo(true)).with(RecvHopLimit(true));
        Self {
            listener: listener(),
            dual: dual_listener(),
            server: with_read_timeout(server.bind("[::1]:0").unwrap()),
            loopback: loopback(),
        }
    }

    fn round(&self) {
        self.streams();
        self.other_modes();
        self.failures();
        self.datagrams();
        self.batches();
        self.groups();
        self.reports();
        self.hosts();
    }

    fn streams(&self) {
        let mut near = client().connect(self.listener.local_addr().unwrap()).unwrap();
        let (mut far, peer) = self.listener.accept().unwrap();
        assert_eq!(peer, near.local_addr().unwrap());
        near.set_option(NoDelay(true)).unwrap();
        near.write_all(b"there").unwrap();
        let mut bytes = [0; 5];
        far.read_exact(&mut bytes).unwrap();
        far.cork().unwrap().write_all(&bytes).unwrap();
        let copy = near.try_clone().unwrap();
        near.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"there");
        // Out of the crate and in again.
        let near: TcpStream = OwnedFd::from(near).try_into().unwrap();
        drop((near, copy));
        assert_eq!(far.recv(&mut bytes).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }

    fn other_modes(&self) {
        let SocketAddr::V6(at) = self.dual.local_addr().unwrap() else { unreachable!() };
        let connecting = client().start_connect(ipv4(at.port())).unwrap();
        assert!(connecting.wait(Some(PATIENCE)).unwrap());
        let near = connecting.finish().unwrap();
        let (far, peer) = self.dual.accept_nonblocking().unwrap();
        assert_eq!(peer, near.local_addr().unwrap());
        assert_eq!(far.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let two = NonZeroUsize::new(2).unwrap();
        assert_eq!(client().listen_sharded("[::1]:0", 8, two).unwrap().len(), 2);
    }

    fn failures(&self) {
        let taken = self.listener.local_addr().unwrap();
        let error = Builder::stream().bind(taken).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let error = client().connect("[fe80::1]:80").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        // Nobody listens: a bound stream keeps its port.
        let bound = Builder::stream().bind("[::1]:0").unwrap();
        let error = client().connect(bound.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        <TcpStream>::try_from(OwnedFd::from(bound)).unwrap_err();
    }

    fn datagrams(&self) {
        let to = self.server.local_addr().unwrap();
        let near = with_read_timeout(UdpSocket::bind("[::1]:0").unwrap()).connect(to).unwrap();
        near.send_message(&Outgoing::new(b"asked").hop_limit(3)).unwrap();
        let mut bytes = [0; 8];
        let received = self.server.recv_message(&mut bytes).unwrap();
        assert_eq!((received.len, received.hop_limit), (5, Some(3)));
        received.reply(&self.server, b"answered").unwrap();
        assert_eq!(near.recv(&mut bytes).unwrap(), 8);
        near.send(b"").unwrap();
        assert_eq!(self.server.recv_from(&mut bytes).unwrap().0, 0);
    }

    fn batches(&self) {
        let to = self.server.local_addr().unwrap();
        let near = UdpSocket::bind("[::1]:0").unwrap();
        let messages = [Outgoing::to(to, b"x"); 8];
        assert_eq!(near.send_batch(&mut SendBatch::new(8).unwrap(), &messages).unwrap(), 8);
        let mut batch = RecvBatch::new(16, 8).unwrap();
        let mut left = 8;
        while left > 0 {
            left -= self.server.recv_batch(&mut batch).unwrap();
        }
        let far = UdpSocket::bind("[::1]:0").unwrap().coalesce().unwrap();
        near.send_to(b"x", far.local_addr().unwrap()).unwrap();
    }

    fn groups(&self) {
        let socket = Builder::datagram().with(ShareAddress(true)).bind("[::]:0").unwrap();
        let member = socket.join(GROUP, self.loopback).unwrap();
        socket.join(GROUP, self.loopback).unwrap_err();
        member.leave().unwrap();
        let source = socket.join_source(GROUP, Ipv6Addr::LOCALHOST, self.loopback).unwrap();
        drop(source);
        socket.join_everywhere(GROUP).unwrap();
    }

    fn reports(&self) {
        let deaf = connected_to_itself(UdpSocket::bind("[::1]:0").unwrap());
        let near = Builder::datagram().with(RecvError(true)).bind("[::1]:0").unwrap();
        near.send_to(b"anybody?", deaf.local_addr().unwrap()).unwrap();
        let report = near.recv_error(&mut [0; 16]).unwrap().unwrap();
        assert_eq!(report.error().unwrap().kind(), ErrorKind::ConnectionRefused);
        assert!(near.recv_error(&mut [0; 16]).unwrap().is_none());
    }

    fn hosts(&self) {
        let port = self.listener.local_addr().unwrap().port();
        let host = HappyEyeballs::to(("host.example", port)).resolver(Names);
        let near = client().connect_host(&host).unwrap();
        let (far, _) = self.listener.accept().unwrap();
        drop((near, far));
        let unknown = HappyEyeballs::to(("nobody.example", port)).resolver(Names);
        let error = client().connect_host(unknown).unwrap_err();
        assert_eq!(error.kind(), HostErrorKind::Unresolved);
    }
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// Each round opens some thirty sockets: all of it opens as many as a server with a few hundred
/// clients a second does in hours.
#[test]
fn soak_leaks_no_resources() {
    in_own_process(|| {
        let rounds = super::share(100_000, 1_000);
        let soak = Soak::new();
        let state = || (live(), open_descriptors(), threads());
        for _ in 0..rounds / 10 {
            soak.round();
        }
        // A thread that asked a resolver ends a little after the answer.
        wait_until("one thread", || threads() == 2);
        let (before, resident_before) = (state(), resident());
        for _ in 0..rounds {
            soak.round();
        }
        wait_until("as before", || state() == before);
        let grown = resident().saturating_sub(resident_before);
        // The allocator keeps pages of its own.
        assert!(grown < 1024, "{grown} KiB more than {resident_before} after {rounds} rounds");
    });
}
