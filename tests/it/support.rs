//! What the tests share. Ten names to know:
//!
//! | helper | does |
//! | --- | --- |
//! | `require!` | skips the rest of a test, with a reason, if the machine lacks something |
//! | [`leave_out`] | reports that a part of a test was skipped |
//! | `in_every_mode!` | evaluates an expression in every mode |
//! | [`in_own_process`] | runs the rest of a test in a process of its own |
//! | [`wait_until`] | waits for a condition, up to [`PATIENCE`] |
//! | [`logged`] | collects the log lines of some work |
//! | [`socket`], [`datagrams`], [`listener`], [`streams`] | open one socket on `[::1]`, or a connected pair; `dual_…` on `[::]` |
//! | [`with_read_timeout`] | lets a socket fail instead of waiting for ever |
//! | [`connected_to_itself`], [`closed_port`] | keep a port taken on which nobody listens |
//! | [`differs`] | returns what a system does where systems differ |
//!
//! On Linux `with_faults` lets system calls fail, and `crate::lab` makes hosts and networks.

use std::env;
use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use inet6::interface::InterfaceInfo;
use inet6::mode::Mode;
use inet6::option::{RecvHopLimit, RecvPacketInfo, RecvTrafficClass};
use inet6::{
    Builder, ConnectedUdpSocket, DualStack, TcpListener, TcpStream, UdpSocket,
    interface::Interface, tcp::BoundStream, udp::Received,
};

#[path = "support/differs.rs"]
mod differs;
#[cfg(target_os = "linux")]
#[path = "support/linux.rs"]
mod linux;
#[cfg(unix)]
#[path = "support/unix.rs"]
mod unix;

pub(crate) use self::differs::differs;
#[cfg(target_os = "linux")]
pub(crate) use self::linux::*;
#[cfg(unix)]
pub(crate) use self::unix::*;

/// Longer than anything here takes, so that a lost packet fails a test and does not hang it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What a test needs and this machine may lack: `require!(condition, "why")` returns from the test
/// with `SKIPPED`, `require!(result, "what for")` gives the value of the result.
macro_rules! require {
    ($needed:expr, $($reason:tt)+) => {
        match $crate::support::Needed::met($needed) {
            Ok(value) => value,
            Err(why) => return $crate::support::skip(&format!("{}{why}", format_args!($($reason)+))),
        }
    };
}

/// Evaluates an expression in every mode: `in_every_mode!(mode => check(mode))`.
///
/// It is a macro because each mode is a type of its own.
macro_rules! in_every_mode {
    ($mode:ident => $body:expr) => {{
        {
            let $mode = inet6::V6Only;
            $body;
        }
        {
            let $mode = inet6::DualStack;
            $body;
        }
        {
            let $mode = inet6::AnyMode::V6Only;
            $body;
        }
        {
            let $mode = inet6::AnyMode::DualStack;
            $body;
        }
    }};
}

/// A condition or a result, for `require!`.
pub(crate) trait Needed {
    type Value;

    fn met(self) -> Result<Self::Value, String>;
}

impl Needed for bool {
    type Value = ();

    fn met(self) -> Result<(), String> {
        if self { Ok(()) } else { Err(String::new()) }
    }
}

impl<T, E: Display> Needed for Result<T, E> {
    type Value = T;

    fn met(self) -> Result<T, String> {
        self.map_err(|error| format!(": {error}"))
    }
}

/// Says that the rest of a test cannot run here; fails where nothing may be skipped.
#[track_caller]
pub(crate) fn skip(reason: &str) {
    assert!(env::var_os("INET6_REQUIRE").is_none_or(|value| value != "1"), "required: {reason}");
    leave_out(reason);
}

/// Says that a system, which need not have everything, has refused a part of a test.
pub(crate) fn leave_out(reason: &str) {
    let thread = thread::current();
    let line = format!("SKIPPED: {}: {reason}\n", thread.name().unwrap_or("?"));
    // The test harness hides what a passing test prints with `println!`.
    io::stdout().write_all(line.as_bytes()).expect("standard output is open");
}

/// Whether these are Windows programs on Linux, for `require!(!under_wine(), "why")`.
///
/// Each such test stands in docs/platforms.md: `windows/lacks.rs` compares that with these calls,
/// and scripts/test-windows with what a run says, and with what the tests do when they are not
/// asked.
pub(crate) fn under_wine() -> bool {
    env::var_os("INET6_WINE").is_some()
}

/// A program of this build to be started: through the emulator, where these tests run in one
/// (scripts/test-targets).
pub(crate) fn program(path: &Path) -> Command {
    let Some(emulator) = env::var_os("INET6_EMULATOR") else {
        return Command::new(path);
    };
    let mut command = Command::new(emulator);
    command.arg(path);
    command
}

/// Whether Wine lacks what a part of a test needs; says so, as `skip`.
pub(crate) fn wine_lacks(what: &str) -> bool {
    if under_wine() {
        leave_out(what);
    }
    under_wine()
}

/// Runs the rest of a test in a process of its own, because descriptors, limits and signals belong
/// to a process.
#[track_caller]
pub(crate) fn in_own_process<F: FnOnce()>(body: F) {
    in_own_process_with(&[], body);
}

/// Like [`in_own_process`], with more variables in the environment of the process.
#[track_caller]
pub(crate) fn in_own_process_with<F: FnOnce()>(environment: &[(&str, &OsStr)], body: F) {
    const MARK: &str = "INET6_OWN_PROCESS";

    let closure = std::any::type_name::<F>();
    let name = closure.split_once("::").and_then(|(_, path)| path.strip_suffix("::{{closure}}"));
    let name = name.expect("`in_own_process` is called with a closure of a test");
    if env::var_os(MARK).is_some_and(|value| value == name) {
        return body();
    }
    let output = program(&env::current_exe().expect("the test has a path"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(MARK, name)
        .envs(environment.iter().copied())
        .output()
        .expect("the test starts again");
    let text = String::from_utf8_lossy(&output.stdout);
    for (_, line) in text.lines().filter_map(|line| line.split_once("SKIPPED: ")) {
        // Before the reason stands the name of a thread.
        let reason = line.split_once(": ").map_or(line, |(_, reason)| reason);
        let line = format!("SKIPPED: {name}: {reason}\n");
        io::stdout().write_all(line.as_bytes()).expect("stdout is open");
    }
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{name}, in its own process: {}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What is logged at debug and above while `work` runs, as "LEVEL text"; for a closure of
/// [`in_own_process`].
pub(crate) fn logged(work: impl FnOnce()) -> Vec<String> {
    logged_at(log::LevelFilter::Debug, work)
}

/// Like [`logged`], from another level on.
pub(crate) fn logged_at(level: log::LevelFilter, work: impl FnOnce()) -> Vec<String> {
    static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

    struct Collect;

    impl log::Log for Collect {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &log::Record<'_>) {
            LINES.lock().unwrap().push(format!("{} {}", record.level(), record.args()));
        }

        fn flush(&self) {}
    }

    // The second time it stands already.
    drop(log::set_logger(&Collect));
    log::set_max_level(level);
    LINES.lock().unwrap().clear();
    work();
    std::mem::take(&mut LINES.lock().unwrap())
}

/// Bytes that tell where they stood.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8 ^ (at >> 12) as u8).collect()
}

/// A listener on `[::1]`.
pub(crate) fn listener() -> TcpListener {
    TcpListener::bind("[::1]:0").unwrap()
}

/// A port on `[::1]` that refuses connections. It stays taken, so that neither another test nor a
/// connection to itself opens it.
pub(crate) fn closed_port() -> BoundStream {
    Builder::stream().bind("[::1]:0").unwrap()
}

/// A listener on every address, IPv6 and IPv4.
pub(crate) fn dual_listener() -> TcpListener<DualStack> {
    Builder::stream().bind("[::]:0").unwrap().listen(16).unwrap()
}

/// A datagram socket on every address, IPv6 and IPv4.
pub(crate) fn dual_socket() -> UdpSocket<DualStack> {
    with_read_timeout(Builder::datagram().bind("[::]:0").unwrap())
}

/// Waits until a condition holds, for what the system does a little later.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}: it is not so after {PATIENCE:?}");
        thread::yield_now();
    }
}

/// A datagram socket on `[::1]`.
pub(crate) fn socket() -> UdpSocket {
    with_read_timeout(UdpSocket::bind("[::1]:0").unwrap())
}

/// Opens a datagram socket on all addresses that receives the destination, the hop limit and the
/// traffic class of each datagram.
pub(crate) fn socket_with_packet_info<M: Mode>(mode: M) -> UdpSocket<M> {
    let socket = Builder::datagram()
        .mode(mode)
        .with(RecvPacketInfo(true))
        .with(RecvHopLimit(true))
        .with(RecvTrafficClass(true))
        .bind((Ipv6Addr::UNSPECIFIED, 0));
    with_read_timeout(socket.unwrap())
}

/// A datagram socket on `[::1]`, and one that is connected to it.
pub(crate) fn datagrams() -> (UdpSocket, ConnectedUdpSocket) {
    let server = socket();
    let client = socket().connect(server.local_addr().unwrap()).unwrap();
    (server, client)
}

/// Connects a socket to itself. Its port refuses all others as a closed one does, and stays taken,
/// so that no other test opens it.
pub(crate) fn connected_to_itself<M: Mode>(socket: UdpSocket<M>) -> ConnectedUdpSocket<M> {
    let here = socket.local_addr().unwrap();
    socket.connect(here).unwrap()
}

/// The two ends of a connection over `[::1]`: connected and accepted.
pub(crate) fn streams() -> (TcpStream, TcpStream) {
    streams_in(DualStack)
}

/// The two ends of a connection over `[::1]`, in a mode: connected and accepted.
pub(crate) fn streams_in<M: Mode>(mode: M) -> (TcpStream<M>, TcpStream<M>) {
    let builder = Builder::stream().mode(mode);
    let listener = builder.bind("[::1]:0").unwrap().listen(16).unwrap();
    let client = builder.connect(listener.local_addr().unwrap()).unwrap();
    let (accepted, peer) = listener.accept().unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    accepted.set_read_timeout(Some(PATIENCE)).unwrap();
    (client, accepted)
}

/// Sets a read timeout, so that a lost packet fails a test instead of hanging it.
pub(crate) fn with_read_timeout<M: Mode>(socket: UdpSocket<M>) -> UdpSocket<M> {
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// The port of a socket.
pub(crate) fn port<M: Mode>(socket: &UdpSocket<M>) -> u16 {
    SocketAddr::port(&socket.local_addr().unwrap().into())
}

/// What comes with the next datagram, of which 64 bytes are taken.
#[track_caller]
pub(crate) fn receive<M: Mode>(socket: &UdpSocket<M>) -> Received<M> {
    socket.recv_message(&mut [0; 64]).unwrap()
}

/// The interface that has `[::1]`.
pub(crate) fn loopback() -> Interface {
    let has = |info: &&InterfaceInfo| {
        info.addresses().iter().any(|address| address.ip() == Ipv6Addr::LOCALHOST)
    };
    let all = Interface::list().unwrap();
    all.iter().find(has).expect("an interface has [::1]").interface()
}

/// The IPv6 address of a socket that may also speak IPv4.
#[track_caller]
pub(crate) fn v6(address: SocketAddr) -> SocketAddrV6 {
    match address {
        SocketAddr::V6(address) => address,
        SocketAddr::V4(address) => panic!("{address} is no IPv6 address"),
    }
}

/// `127.0.0.1` and a port.
pub(crate) fn ipv4(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A listener on `[::1]` whose queue is full: connecting to it takes until somebody accepts. The
/// streams keep the queue full.
pub(crate) fn full_listener() -> (TcpListener, Vec<inet6::tcp::Connecting>) {
    let listener = Builder::stream().bind("[::1]:0").unwrap().listen(0).unwrap();
    let waiting = fill(listener.local_addr().unwrap());
    (listener, waiting)
}

/// Fills the queue of a listener; the streams keep it full.
pub(crate) fn fill(peer: SocketAddr) -> Vec<inet6::tcp::Connecting> {
    let mut waiting = Vec::new();
    // The length of a queue of "0" differs between systems.
    for _ in 0..64 {
        let connecting = Builder::stream().start_connect(peer).unwrap();
        let there = connecting.wait(Some(Duration::from_millis(100))).unwrap();
        waiting.push(connecting);
        if !there {
            return waiting;
        }
    }
    panic!("the queue of a listener never fills");
}
