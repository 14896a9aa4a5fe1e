//! Asks a host for echoes, as `ping` does, and needs no privilege for it.
//!
//! ```text
//! cargo run --example ping6 -- HOST [-c COUNT] [-i SECONDS] [-s SIZE]
//! ```
//!
//! `HOST` is a name or an address, `localhost`, `2001:db8::1`, `fe80::1%eth0`. Each of `COUNT`
//! requests has `SIZE` bytes, and after `SECONDS` comes the next. It is an error if no reply comes
//! to any. Linux lets in the groups of `net.ipv4.ping_group_range` only.

use std::error::Error;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use inet6::option::RecvHopLimit;
use inet6::{
    Builder, Endpoint,
    connect::{Family, Query, Resolve, SystemResolver},
};

const USAGE: &str = "usage: ping6 HOST [-c COUNT] [-i SECONDS] [-s SIZE]";

fn main() -> Result<(), Box<dyn Error>> {
    let (mut host, mut count, mut interval, mut size) = (None, 4_u16, 1.0, 56);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "-c" => count = value()?.parse()?,
            "-i" => interval = value()?.parse()?,
            "-s" => size = value()?.parse()?,
            _ if host.is_none() && !argument.starts_with('-') => host = Some(argument),
            _ => return Err(USAGE.into()),
        }
    }
    let peer = find(&host.ok_or(USAGE)?)?;
    let interval = Duration::try_from_secs_f64(interval)?;
    let (data, mut buffer) = (vec![b'x'; size], vec![0; size + 1]);
    let socket = Builder::datagram().with(RecvHopLimit(true)).bind_echo("[::]:0")?;
    let (mut open, mut times) = (Vec::new(), Vec::new());
    for sequence in 1..=count {
        let sent = Instant::now();
        socket.send_echo(&peer, sequence, &data)?;
        open.push((sequence, sent));
        // Until it is time for the next request, and after the last one no longer than needed.
        while sequence < count || !open.is_empty() {
            let left = interval.saturating_sub(sent.elapsed());
            if left.is_zero() {
                break;
            }
            socket.set_read_timeout(Some(left))?;
            let (sequence, message) = match socket.recv_echo(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                reply => reply?,
            };
            // Anybody can send a reply: it must be the first one to something that was sent.
            let (ip, index) = (*message.source.ip(), message.source.scope_id());
            let theirs = peer.ip() == ip || peer.ip().is_multicast();
            let at = open.iter().position(|(number, _)| *number == sequence);
            let (Some(at), true) = (at, theirs && buffer[..message.len] == data) else { continue };
            let time = open.swap_remove(at).1.elapsed().as_secs_f64() * 1000.0;
            let zone = if index == 0 { String::new() } else { format!("%{index}") };
            let hops = message.hop_limit.map(|hops| hops.to_string()).unwrap_or_default();
            println!("{ip}{zone}: sequence {sequence}, hop limit {hops}, {time:.3} ms");
            times.push(time);
        }
    }
    let (sent, received) = (usize::from(count), times.len());
    println!("{sent} sent, {received} received, {}% lost", (sent - received) * 100 / sent.max(1));
    let least = times.iter().copied().reduce(f64::min).ok_or("nothing came back")?;
    println!("the shortest round trip took {least:.3} ms");
    Ok(())
}

/// An address as it is written, or the first one of a name.
fn find(host: &str) -> Result<Endpoint, Box<dyn Error>> {
    if let Ok(literal) = Endpoint::new(host, 0) {
        return Ok(literal);
    }
    let found = SystemResolver.look_up(Query::new(host).only(Family::Ipv6))?;
    Ok(found.into_iter().map(Endpoint::from).next().ok_or("the name has no address")?)
}
