//! The routers on the way to a host, from what they report of datagrams that go too far.
//!
//! ```text
//! cargo run --example udp_traceroute -- HOST [--hops N]
//! ```
//!
//! `HOST` is a name or an address, and `N` is 30 unless given. Each probe may pass one router more
//! than the one before. The router that drops it says so by ICMP, and the report comes through the
//! error queue of the socket, without any privilege. Linux and Android have that queue.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use inet6::icmp::{Icmp, Icmpv4Error as V4, Icmpv6Error as V6};
use inet6::option::{ReadTimeout, RecvError};
use inet6::{Builder, ConnectedUdpSocket, DualStack, error_queue::ErrorReport, udp::Outgoing};

const USAGE: &str = "usage: udp_traceroute HOST [--hops N]";
/// Where traceroute begins, and nobody listens.
const PORT: u16 = 33_434;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (host, most) = match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [host] => (*host, 30),
        [host, "--hops", most] => (*host, most.parse()?),
        _ => return Err(USAGE.into()),
    };
    let second = ReadTimeout(Some(Duration::from_secs(1)));
    let builder = Builder::datagram().with(RecvError(true)).with(second);
    let connection = builder.connect_host((host, PORT))?;
    println!("to {}", connection.peer.ip());
    for hops in 1..=most {
        let sent = Instant::now();
        let Some(report) = probe(&connection.socket, hops)? else {
            println!("{hops:2}  *");
            continue;
        };
        let milliseconds = sent.elapsed().as_secs_f64() * 1000.0;
        let end = match report.icmp {
            Some(Icmp::V6(V6::TimeExceeded(_)) | Icmp::V4(V4::TimeExceeded(_))) => None,
            // The host itself, whose port is closed, or a router that knows no way.
            Some(why) => Some(why.to_string()),
            None => Some(format!("{:?}", report.origin)),
        };
        let from = report.offender.map(|ip| ip.to_string()).unwrap_or_default();
        println!("{hops:2}  {from}  {milliseconds:.2} ms  {}", end.as_deref().unwrap_or_default());
        if end.is_some() {
            break;
        }
    }
    Ok(())
}

/// Sends a datagram that passes this many routers at most, and waits for what is said of it.
fn probe(
    socket: &ConnectedUdpSocket<DualStack>,
    hops: u8,
) -> io::Result<Option<ErrorReport<DualStack>>> {
    let mut payload = [0];
    while let Err(error) = socket.send_message(&Outgoing::new(&[hops]).hop_limit(hops)) {
        // What was reported late fails the next call, once.
        socket.recv_error(&mut payload)?.ok_or(error)?;
    }
    loop {
        // A report wakes who waits for a datagram.
        let woken = socket.recv(&mut [0; 16]);
        while let Some(report) = socket.recv_error(&mut payload)? {
            if report.len == 0 || payload == [hops] {
                return Ok(Some(report));
            }
        }
        if woken.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            return Ok(None);
        }
    }
}
