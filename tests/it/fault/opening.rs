//! Every verb that opens, binds, connects, adopts, joins or leases: which of its system calls fail
//! it, as which step, and that no other one does.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;

use inet6::header::FlowLabel;
use inet6::mode::Mode;
use inet6::option::{MinHopCount, NoDelay};
use inet6::{
    Builder, DualStack, Endpoint, Error, TcpListener, TcpStream, UdpSocket, V6Only,
    connect::Outcome, error::Op, flow_label::FlowShare, interface::Interface,
};
use libc::{IPPROTO_IPV6, SOL_SOCKET};

use crate::lab::Host;
use crate::support::*;

/// None of them means something of its own to a step, so that the kind is std's.
const ERRORS: [libc::c_int; 4] = [libc::ENOBUFS, libc::ENOMEM, libc::EPERM, libc::EACCES];

/// A system call that a verb makes, and what its failure is told as.
struct Step {
    call: libc::c_long,
    arguments: Vec<(u32, libc::c_int)>,
    op: Op,
    address: Option<Endpoint>,
    errors: &'static [libc::c_int],
}

fn step(call: libc::c_long, op: Op) -> Step {
    Step { call, arguments: Vec::new(), op, address: None, errors: &ERRORS }
}

impl Step {
    fn on(self, level: libc::c_int, number: libc::c_int) -> Self {
        Self { arguments: vec![(1, level), (2, number)], ..self }
    }

    fn command(self, command: libc::c_int) -> Self {
        Self { arguments: vec![(1, command)], ..self }
    }

    /// Port 0 is any port.
    fn at(self, address: impl Into<Endpoint>) -> Self {
        Self { address: Some(address.into()), ..self }
    }
}

/// What every socket begins with.
fn created(mut more: Vec<Step>) -> Vec<Step> {
    more.push(step(libc::SYS_socket, Op::Open));
    let number = libc::IPV6_V6ONLY;
    more.push(step(libc::SYS_setsockopt, Op::Mode).on(IPPROTO_IPV6, number));
    more.push(step(libc::SYS_getsockopt, Op::Mode).on(IPPROTO_IPV6, number));
    more
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
const POLL: libc::c_long = libc::SYS_poll;
#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
const POLL: libc::c_long = libc::SYS_ppoll;

/// The calls about sockets and descriptors. What a verb does not list, it must not depend on.
const CALLS: [libc::c_long; 12] = [
    libc::SYS_socket,
    libc::SYS_setsockopt,
    libc::SYS_getsockopt,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_connect,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_fcntl,
    libc::SYS_ioctl,
    POLL,
    libc::SYS_accept4,
];

/// Lets a verb fail at each of its steps with each error, and work everywhere else; for a closure
/// of [`in_own_process`].
#[track_caller]
fn fails_at(name: &str, steps: Vec<Step>, verb: impl Fn() -> Result<(), Error> + Send + Sync) {
    verb().unwrap_or_else(|error| panic!("{name} works: {error}"));
    let before = open_descriptors();
    for Step { call, arguments, op, address, errors } in &steps {
        for errno in *errors {
            let fault = Fault { call: *call, arguments, errno: *errno };
            let at = format!("{name}, {op:?}, {fault:?}");
            let result = with_faults(&[fault], &verb).unwrap_or_else(|why| panic!("{at}: {why}"));
            let error = result.expect_err(&at);
            assert_eq!((error.op(), error.raw_os_error()), (*op, Some(*errno)), "{at}: {error}");
            let kind = match op {
                // What it means for a socket is known, whatever the number.
                Op::Mode => ErrorKind::Unsupported,
                _ => io::Error::from_raw_os_error(*errno).kind(),
            };
            assert_eq!(error.kind(), kind, "{at}: {error}");
            match (error.address(), address) {
                (None, None) => {}
                (Some(told), Some(wanted)) => {
                    assert_eq!(told.ip(), wanted.ip(), "{at}: {error}");
                    assert!(wanted.port() == 0 || told == wanted, "{at}: {error}");
                    assert!(error.to_string().contains(&told.ip().to_string()), "{error}");
                }
                (told, wanted) => panic!("{at}: {told:?} and not {wanted:?}: {error}"),
            }
            let io = io::Error::from(error);
            assert_eq!(io.kind(), kind, "{at}");
            assert_eq!(open_descriptors(), before, "{at}: a descriptor is lost");
        }
        verb().unwrap_or_else(|error| panic!("{name} works after {op:?} failed: {error}"));
        assert_eq!(open_descriptors(), before, "{name}");
    }
    for call in CALLS.into_iter().filter(|call| steps.iter().all(|step| step.call != *call)) {
        let fault = Fault { call, arguments: &[], errno: libc::ENOMEM };
        let result = with_faults(&[fault], &verb).unwrap_or_else(|why| panic!("{why}"));
        result.unwrap_or_else(|error| panic!("{name} should not need {call}: {error}"));
    }
}

fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap()
}

#[test]
fn listener_steps_are_named() {
    in_own_process(|| {
        require!(faults(), "faults");
        in_every_mode!(mode => listeners(mode));
        let here = endpoint("[::1]:0");
        let reuse = step(libc::SYS_setsockopt, Op::Set("SO_REUSEADDR"));
        let steps = vec![
            step(libc::SYS_bind, Op::Bind).at(here.clone()),
            step(libc::SYS_listen, Op::Listen).at(here),
            reuse.on(SOL_SOCKET, libc::SO_REUSEADDR),
        ];
        fails_at("TcpListener::bind", created(steps), || TcpListener::bind("[::1]:0").map(drop));
    });
}

fn listeners<M: Mode>(mode: M) {
    let builder = Builder::stream().mode(mode);
    let here = endpoint("[::1]:0");
    let bind = || step(libc::SYS_bind, Op::Bind).at(here.clone());
    fails_at("bind", created(vec![bind()]), || builder.bind("[::1]:0").map(drop));
    let nodelay = step(libc::SYS_setsockopt, Op::Set("TCP_NODELAY"));
    let steps = vec![
        bind(),
        step(libc::SYS_listen, Op::Listen).at(here.clone()),
        nodelay.on(libc::IPPROTO_TCP, libc::TCP_NODELAY),
    ];
    let builder = builder.with(NoDelay(true)).nonblocking();
    fails_at("listen", created(steps), || builder.bind("[::1]:0")?.listen(4).map(drop));
}

#[test]
fn connect_steps_are_named() {
    in_own_process(|| {
        require!(faults(), "faults");
        in_every_mode!(mode => connections(mode));
    });
}

/// The steps of a connection that is waited for.
fn waited(peer: &Endpoint) -> Vec<Step> {
    vec![
        step(libc::SYS_connect, Op::Connect).at(peer.clone()),
        step(POLL, Op::Connect).at(peer.clone()),
        step(libc::SYS_getpeername, Op::Connect).at(peer.clone()),
        step(libc::SYS_fcntl, Op::Connect).command(libc::F_SETFL).at(peer.clone()),
    ]
}

fn connections<M: Mode>(mode: M) {
    // Nobody accepts: the queue has room for all.
    let listener = Builder::stream().bind("[::1]:0").unwrap().listen(4096).unwrap();
    let to = listener.local_addr().unwrap();
    let peer = Endpoint::from(to);
    let builder = Builder::stream().mode(mode);
    let connect = || step(libc::SYS_connect, Op::Connect).at(peer.clone());

    let verb = || builder.connect(&peer).map(drop);
    fails_at("connect", created(vec![connect()]), verb);
    let verb = || builder.connect_timeout(&peer, PATIENCE).map(drop);
    fails_at("connect_timeout", created(waited(&peer)), verb);
    let verb = || builder.start_connect(&peer)?.finish().map(drop);
    fails_at("start_connect", created(waited(&peer)), verb);
    let nonblocking = builder.clone().nonblocking();
    let mut steps = waited(&peer);
    steps.pop();
    let verb = || nonblocking.connect_timeout(&peer, PATIENCE).map(drop);
    fails_at("connect_timeout, nonblocking", created(steps), verb);

    let source = endpoint("[::1]:0");
    let bind = || step(libc::SYS_bind, Op::Bind).at(source.clone());
    let verb = || builder.bind(&source)?.connect(&peer).map(drop);
    fails_at("bound, connect", created(vec![bind(), connect()]), verb);
    let steps = || {
        let mut steps = waited(&peer);
        steps.push(bind());
        created(steps)
    };
    let verb = || builder.bind(&source)?.connect_timeout(&peer, PATIENCE).map(drop);
    fails_at("bound, connect_timeout", steps(), verb);
    let verb = || builder.bind(&source)?.start_connect(&peer)?.finish().map(drop);
    fails_at("bound, start_connect", steps(), verb);
}

#[test]
fn datagram_steps_are_named() {
    in_own_process(|| {
        require!(faults(), "faults");
        in_every_mode!(mode => datagram_sockets(mode));
    });
}

fn datagram_sockets<M: Mode>(mode: M) {
    let peer = Endpoint::from(socket().local_addr().unwrap());
    let here = endpoint("[::1]:0");
    let builder = Builder::datagram().mode(mode);
    let bind = || step(libc::SYS_bind, Op::Bind).at(here.clone());
    let connect = || step(libc::SYS_connect, Op::Connect).at(peer.clone());
    fails_at("bind", created(vec![bind()]), || builder.bind(&here).map(drop));
    fails_at("connect", created(vec![connect()]), || builder.connect(&peer).map(drop));
    let verb = || Ok(builder.bind(&here)?.connect(&peer).map(drop)?);
    fails_at("bind, connect", created(vec![bind(), connect()]), verb);

    let gro = || step(libc::SYS_setsockopt, Op::Set("UDP_GRO")).on(libc::SOL_UDP, libc::UDP_GRO);
    let verb = || Ok(builder.bind(&here)?.coalesce().map(drop)?);
    fails_at("coalesce", created(vec![bind(), gro()]), verb);
    let hops = step(libc::SYS_setsockopt, Op::Set("IPV6_RECVHOPLIMIT"));
    let steps = vec![bind(), hops.on(IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT)];
    let verb = || Ok(builder.bind(&here)?.guard(MinHopCount(255)).map(drop)?);
    fails_at("guard", created(steps), verb);
}

/// A system may connect a datagram socket that it has no address for; that is no connection.
#[test]
fn datagram_to_host_has_own_source() {
    in_own_process(|| {
        require!(faults(), "faults");
        let server = socket();
        let peer = Endpoint::from(server.local_addr().unwrap());
        let before = open_descriptors();
        let no_source = "no local address can reach it; IPv6 may be disabled".to_owned();
        let denied = io::Error::from_raw_os_error(libc::EPERM);
        for (call, errno, kind, why) in [
            (libc::SYS_connect, 0, ErrorKind::AddrNotAvailable, no_source),
            (libc::SYS_getsockname, libc::EPERM, denied.kind(), denied.to_string()),
        ] {
            let fault = Fault { call, arguments: &[], errno };
            let connect = || Builder::datagram().connect_host(peer.clone());
            let error = with_faults(&[fault], connect).unwrap().unwrap_err();
            let [attempt] = &error.report().attempts[..] else { panic!("{error}") };
            let Outcome::Failed(error) = &attempt.outcome else { panic!("{error}") };
            assert_eq!((error.op(), error.kind()), (Op::Connect, kind), "{error}");
            assert_eq!(error.address(), Some(&peer));
            assert_eq!(error.to_string(), format!("cannot connect to {peer}: {why}"));
            assert_eq!(open_descriptors(), before);
        }
    });
}

/// Runs `verb` on a socket where a call fails: the error, and the socket that it gave back.
#[track_caller]
fn given_back<S: Send, T, F: FnOnce(S) -> Result<T, inet6::error::Returned<R>> + Send, R: Send>(
    fault: Fault<'_>,
    op: Op,
    socket: S,
    verb: F,
) -> R {
    let failed = with_faults(&[fault], || verb(socket).err()).unwrap().expect("it fails");
    let error = failed.error();
    assert_eq!((error.op(), error.raw_os_error()), (op, Some(fault.errno)), "{error}");
    failed.into_inner()
}

/// A socket that could not change its state keeps its port and works as before.
#[test]
fn failed_transition_returns_socket() {
    in_own_process(|| {
        require!(faults(), "faults");
        let server = socket();
        let peer = server.local_addr().unwrap();
        for errno in ERRORS {
            let client = socket();
            let here = client.local_addr().unwrap();
            let before = open_descriptors();
            let alive = |client: &UdpSocket| {
                assert_eq!(client.local_addr().unwrap(), here);
                assert_eq!(client.send_to(b"alive", peer).unwrap(), 5);
                assert_eq!(server.recv_from(&mut [0; 8]).unwrap(), (5, here));
                assert_eq!(open_descriptors(), before);
            };
            let fault = |call, arguments| Fault { call, arguments, errno };
            let connect = fault(libc::SYS_connect, &[]);
            let client = given_back(connect, Op::Connect, client, |it| it.connect(peer));
            alive(&client);
            let arguments = [(1, libc::SOL_UDP), (2, libc::UDP_GRO)];
            let gro = fault(libc::SYS_setsockopt, &arguments);
            let client = given_back(gro, Op::Set("UDP_GRO"), client, UdpSocket::coalesce);
            alive(&client);
            let arguments = [(1, IPPROTO_IPV6), (2, libc::IPV6_RECVHOPLIMIT)];
            let hops = fault(libc::SYS_setsockopt, &arguments);
            let op = Op::Set("IPV6_RECVHOPLIMIT");
            let client = given_back(hops, op, client, |it| it.guard(MinHopCount(255)));
            alive(&client);
            let connected = client.connect(peer).unwrap();
            let connected = given_back(hops, op, connected, |it| it.guard(MinHopCount(255)));
            assert_eq!(connected.peer_addr().unwrap(), peer);
            assert_eq!(open_descriptors(), before);
        }
    });
}

#[test]
fn unreadable_descriptor_is_returned() {
    in_own_process(|| {
        require!(faults(), "faults");
        let listener = listener();
        let here = listener.local_addr().unwrap();
        let mut fd = OwnedFd::from(listener);
        let before = open_descriptors();
        let option = |level, number| vec![(1, level), (2, number)];
        for errno in ERRORS {
            for (call, arguments) in [
                (libc::SYS_getsockname, vec![]),
                (libc::SYS_getpeername, vec![]),
                (libc::SYS_getsockopt, option(SOL_SOCKET, libc::SO_TYPE)),
                (libc::SYS_getsockopt, option(SOL_SOCKET, libc::SO_ACCEPTCONN)),
                (libc::SYS_getsockopt, option(IPPROTO_IPV6, libc::IPV6_V6ONLY)),
                (libc::SYS_fcntl, vec![(1, libc::F_GETFD)]),
                (libc::SYS_fcntl, vec![(1, libc::F_SETFD)]),
            ] {
                let fault = Fault { call, arguments: &arguments, errno };
                let adopted = with_faults(&[fault], || TcpListener::<V6Only>::try_from(fd));
                let failed = adopted.unwrap().expect_err("it cannot be examined");
                let cause = std::error::Error::source(&failed).expect("the system said why");
                let cause = cause.downcast_ref::<io::Error>().unwrap();
                assert_eq!(cause.raw_os_error(), Some(errno), "{fault:?}");
                fd = failed.into_inner();
                assert_eq!(open_descriptors(), before);
            }
        }
        let arguments = option(SOL_SOCKET, libc::SO_PROTOCOL);
        let fault = |errno| Fault { call: libc::SYS_getsockopt, arguments: &arguments, errno };
        // The number of no transport protocol.
        let adopted = with_faults(&[fault(0)], || TcpListener::<V6Only>::try_from(fd));
        let failed = adopted.unwrap().expect_err("it is told to be foreign");
        assert!(failed.to_string().contains("neither TCP nor UDP"), "{failed}");
        fd = failed.into_inner();
        assert_eq!(open_descriptors(), before);
        // A system that does not tell the protocol lets it pass.
        let fault = fault(libc::ENOPROTOOPT);
        let adopted = with_faults(&[fault], || TcpListener::<V6Only>::try_from(fd));
        let adopted = adopted.unwrap().unwrap();
        let client = TcpStream::connect(here).unwrap();
        assert_eq!(SocketAddr::V6(adopted.accept().unwrap().1), client.local_addr().unwrap());
    });
}

#[test]
fn echo_steps_are_named() {
    in_own_process(|| {
        require!(faults(), "faults");
        let host = require!(Host::new(), "the lab");
        host.ip("link set dev lo up");
        host.allow_echo();
        host.run(|| {
            let share = step(libc::SYS_setsockopt, Op::Set("SO_REUSEADDR"));
            let mut steps = created(vec![
                step(libc::SYS_bind, Op::Bind).at(endpoint("[::1]:0")),
                step(libc::SYS_getsockname, Op::Bind),
                share.on(SOL_SOCKET, libc::SO_REUSEADDR),
            ]);
            for step in steps.iter_mut().filter(|step| step.call == libc::SYS_socket) {
                // EACCES has a meaning of its own here, which tests/it/icmp/echo.rs has.
                step.errors = &[libc::ENOBUFS, libc::EMFILE, libc::EPERM];
            }
            fails_at("bind_echo", steps, || Builder::datagram().bind_echo("[::1]:0").map(drop));
        });
    });
}

const GROUP: Ipv6Addr = Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0, 0x1234);
const SOURCE: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

#[test]
fn membership_steps_are_named() {
    in_own_process(|| {
        require!(faults(), "faults");
        let socket = Builder::datagram().bind("[::]:0").unwrap();
        let lo = Interface::from_name("lo").unwrap();
        let group = || endpoint(&format!("[ff12::1234%{}]:0", lo.index()));
        let set = |number, op| step(libc::SYS_setsockopt, op).on(IPPROTO_IPV6, number).at(group());
        let all = || {
            let step = step(libc::SYS_setsockopt, Op::Set("IPV6_MULTICAST_ALL"));
            step.on(IPPROTO_IPV6, libc::IPV6_MULTICAST_ALL)
        };
        let join = || set(libc::IPV6_ADD_MEMBERSHIP, Op::Join);
        fails_at("join", vec![join(), all()], || socket.join(GROUP, lo).map(drop));
        let verb = || {
            let membership = socket.join(GROUP, lo)?;
            membership.block(SOURCE)?;
            membership.unblock(SOURCE)
        };
        let steps = vec![
            join(),
            set(libc::MCAST_BLOCK_SOURCE, Op::Block),
            set(libc::MCAST_UNBLOCK_SOURCE, Op::Unblock),
            all(),
        ];
        fails_at("block, unblock", steps, verb);
        let steps = vec![set(libc::MCAST_JOIN_SOURCE_GROUP, Op::Join), all()];
        let verb = || socket.join_source(GROUP, SOURCE, lo).map(drop);
        fails_at("join_source", steps, verb);

        // Who cannot leave is a member still.
        for errno in ERRORS {
            let arguments = [(1, IPPROTO_IPV6), (2, libc::IPV6_DROP_MEMBERSHIP)];
            let fault = Fault { call: libc::SYS_setsockopt, arguments: &arguments, errno };
            let membership = socket.join(GROUP, lo).unwrap();
            let error = with_faults(&[fault], || membership.leave()).unwrap().unwrap_err();
            assert_eq!((error.op(), error.raw_os_error()), (Op::Leave, Some(errno)), "{error}");
            assert_eq!(error.address(), Some(&group()));
            assert_eq!(socket.join(GROUP, lo).unwrap_err().kind(), ErrorKind::AddrInUse);
            socket.leave_multicast_v6(&GROUP, lo.index().get()).unwrap();
            let membership = socket.join_source(GROUP, SOURCE, lo).unwrap();
            let arguments = [(1, IPPROTO_IPV6), (2, libc::MCAST_LEAVE_SOURCE_GROUP)];
            let fault = Fault { call: libc::SYS_setsockopt, arguments: &arguments, errno };
            let error = with_faults(&[fault], || membership.leave()).unwrap().unwrap_err();
            assert_eq!((error.op(), error.raw_os_error()), (Op::Leave, Some(errno)), "{error}");
            socket.leave_multicast_v6(&GROUP, lo.index().get()).unwrap();
        }
    });
}

#[test]
fn flow_label_steps_are_named() {
    in_own_process(|| {
        require!(faults(), "faults");
        let (_server, client) = datagrams();
        let manage =
            || step(libc::SYS_setsockopt, Op::FlowLabel).on(IPPROTO_IPV6, libc::IPV6_FLOWLABEL_MGR);
        let label = FlowLabel::new(0x12345).unwrap();
        let verb = || client.request_flow_label(Some(label), FlowShare::Any).map(drop);
        let steps = vec![manage(), step(libc::SYS_getpeername, Op::FlowLabel)];
        fails_at("request_flow_label, connected", steps, verb);
        let socket = socket();
        let peer = Ipv6Addr::LOCALHOST;
        let verb = || socket.request_flow_label(peer, Some(label), FlowShare::Any).map(drop);
        fails_at("request_flow_label", vec![manage()], verb);
        let bound = Builder::stream().bind("[::1]:0").unwrap();
        let verb = || bound.request_flow_label(peer, Some(label), FlowShare::Any).map(drop);
        fails_at("request_flow_label, stream", vec![manage()], verb);
        let lease = client.request_flow_label(Some(label), FlowShare::Any).unwrap();
        let verb = || lease.linger(std::time::Duration::from_secs(6));
        fails_at("linger", vec![manage()], verb);

        let arguments = [(1, IPPROTO_IPV6), (2, libc::IPV6_FLOWLABEL_MGR)];
        for errno in ERRORS {
            let lease = client.request_flow_label(Some(label), FlowShare::Any).unwrap();
            let fault = Fault { call: libc::SYS_setsockopt, arguments: &arguments, errno };
            let error = with_faults(&[fault], || lease.release()).unwrap().unwrap_err();
            assert_eq!((error.op(), error.raw_os_error()), (Op::FlowLabel, Some(errno)), "{error}");
        }
    });
}

/// A kernel that claims to have set `IPV6_V6ONLY` and has not, or to have read it.
#[test]
fn untaken_mode_is_reported() {
    in_own_process(|| {
        require!(faults(), "faults");
        let host = require!(Host::new(), "the lab");
        host.ip("link set dev lo up");
        // The default of the kernel is the other value each time.
        for (default, dual_stack) in [("0", false), ("1", true)] {
            host.sysctl("ipv6/bindv6only", default);
            host.run(|| match dual_stack {
                false => claimed(V6Only, Ipv6Addr::LOCALHOST.into(), "restrict a socket to IPv6"),
                true => claimed(DualStack, Ipv4Addr::LOCALHOST.into(), "no dual-stack sockets"),
            });
        }
    });
}

type Verb<'a> = dyn Fn() -> Result<(), Error> + Sync + 'a;

fn claimed<M: Mode>(mode: M, peer: IpAddr, text: &str) {
    let listener = dual_listener();
    let peer = Endpoint::from(SocketAddr::new(peer, listener.local_addr().unwrap().port()));
    let (streams, datagrams) = (Builder::stream().mode(mode), Builder::datagram().mode(mode));
    let before = open_descriptors();
    let arguments = [(1, IPPROTO_IPV6), (2, libc::IPV6_V6ONLY)];
    let verbs: [(&str, &Verb<'_>); 7] = [
        ("bind", &|| streams.bind("[::]:0").map(drop)),
        ("connect", &|| streams.connect(&peer).map(drop)),
        ("connect_timeout", &|| streams.connect_timeout(&peer, PATIENCE).map(drop)),
        ("start_connect", &|| streams.start_connect(&peer).map(drop)),
        ("datagram, bind", &|| datagrams.bind("[::]:0").map(drop)),
        ("datagram, connect", &|| datagrams.connect(&peer).map(drop)),
        ("sharded", &|| datagrams.bind_sharded("[::]:0", NonZeroUsize::MIN).map(drop)),
    ];
    for (name, verb) in verbs {
        let fault = Fault { call: libc::SYS_setsockopt, arguments: &arguments, errno: 0 };
        let error = with_faults(&[fault], verb).unwrap().expect_err(name);
        let said = (error.op(), error.kind(), error.raw_os_error());
        assert_eq!(said, (Op::Mode, ErrorKind::Unsupported, None), "{name}: {error}");
        assert!(error.to_string().contains(text), "{name}: {error}");
        assert_eq!(open_descriptors(), before, "{name}");
        verb().unwrap();
        assert_eq!(open_descriptors(), before, "{name}");
    }
}
