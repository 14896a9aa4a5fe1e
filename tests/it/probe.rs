//! Questions that only a run settles: what kernels do that the crate could read about and not try.
//!
//! Each test asks past the crate, and prints the answers wherever it runs, as `ANSWER:` and a line.
//! An answer is compared only on systems where it is known: Linux itself, and Windows under Wine.
//! `docs/platforms.md` says what is expected of the other systems, and why; a run that says
//! otherwise is worth a report.

use std::env;
use std::fmt::Debug;
use std::io::{self, Write};
use std::net::SocketAddrV6;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

/// Whether this is Linux itself. An emulator answers some questions without the kernel.
fn linux() -> bool {
    cfg!(target_os = "linux") && env::var_os("INET6_EMULATOR").is_none()
}

/// Prints an answer. The test harness hides what a passing test prints with `println!`.
fn answer(question: &str, answer: impl Debug) {
    let system = env::consts::OS;
    let line = format!("ANSWER: {system}: {question}: {answer:?}\n");
    io::stdout().write_all(line.as_bytes()).expect("standard output is open");
}

fn stream(v6_only: bool) -> Socket {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_only_v6(v6_only).unwrap();
    socket
}

fn datagram(v6_only: bool) -> Socket {
    let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP)).unwrap();
    socket.set_only_v6(v6_only).unwrap();
    socket
}

/// A datagram socket on an address and a port that was named, not chosen by the kernel.
fn datagram_on(ip: &str, v6_only: bool) -> Socket {
    loop {
        let port = local(&bound(datagram(v6_only), ip, 0).unwrap()).port();
        // Another test may take the port in between.
        if let Ok(socket) = bound(datagram(v6_only), ip, port) {
            return socket;
        }
    }
}

fn bound(socket: Socket, ip: &str, port: u16) -> io::Result<Socket> {
    socket.bind(&address(ip, port).into()).map(|()| socket)
}

fn address(ip: &str, port: u16) -> SocketAddrV6 {
    SocketAddrV6::new(ip.parse().unwrap(), port, 0, 0)
}

fn local(socket: &Socket) -> SocketAddrV6 {
    socket.local_addr().unwrap().as_socket_ipv6().unwrap()
}

/// Whether `socket` receives what a stranger sends to its port on this address.
fn hears(socket: &Socket, ip: &str) -> bool {
    // What is there already is not from this stranger.
    socket.set_nonblocking(true).unwrap();
    while socket.recv(&mut [std::mem::MaybeUninit::uninit(); 8]).is_ok() {}
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let stranger = datagram(false);
    let sent = stranger.send_to(b"stranger", &address(ip, local(socket).port()).into());
    sent.is_ok() && socket.recv(&mut [std::mem::MaybeUninit::uninit(); 8]).is_ok()
}

/// What a datagram socket is after it gave up its peer, `disconnect` being how.
struct Disconnected {
    result: io::Result<()>,
    before: SocketAddrV6,
    after: SocketAddrV6,
    has_peer: bool,
    hears_ipv6: bool,
    hears_ipv4: bool,
}

fn disconnect(
    bound_to: &str,
    peer: &str,
    v6_only: bool,
    how: &str,
    disconnect: impl FnOnce(&Socket) -> io::Result<()>,
) -> Disconnected {
    let server = datagram_on(peer, v6_only);
    let socket = datagram_on(bound_to, v6_only);
    let before = local(&socket);
    socket.connect(&local(&server).into()).unwrap();
    let result = disconnect(&socket);
    let found = Disconnected {
        before,
        after: local(&socket),
        has_peer: socket.peer_addr().is_ok(),
        hears_ipv6: hears(&socket, "::1"),
        hears_ipv4: hears(&socket, "::ffff:127.0.0.1"),
        result,
    };
    let only = if v6_only { "IPv6-only" } else { "dual-stack" };
    answer(
        &format!("{only} on {bound_to}, peer {peer}, {how}"),
        format_args!(
            "{:?}, {} became {}, peer stays: {}, hears IPv6: {}, IPv4: {}",
            found.result.as_ref().map_err(io::Error::raw_os_error),
            found.before,
            found.after,
            found.has_peer,
            found.hears_ipv6,
            found.hears_ipv4,
        ),
    );
    found
}
