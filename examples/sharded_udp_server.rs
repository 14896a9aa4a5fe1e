//! A UDP server with a socket and a thread for each shard, all on one port: the kernel shares the
//! datagrams out, and the threads share nothing. Each datagram is sent back to where it came from.
//!
//! ```text
//! cargo run --example sharded_udp_server -- [--listen ADDR] [--shards N] [--by-cpu] [--v6-only]
//! ```
//!
//! `ADDR` is `[::1]:8000` unless given; `N` is the number of processors. On `[::]` IPv4 peers are
//! served too, unless `--v6-only` is given. With `--by-cpu` the shard
//! is that of the processor on which a datagram arrives, where the system can do that. Talk to it
//! with `nc -u ::1 8000` from several terminals, and see which shard answers which.

use std::error::Error;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::thread;

use inet6::option::RecvPacketInfo;
use inet6::{AnyMode, Builder, UdpSocket};

const USAGE: &str = "usage: sharded_udp_server [--listen ADDR] [--shards N] [--by-cpu] [--v6-only]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut listen = String::from("[::1]:8000");
    let mut count = thread::available_parallelism()?;
    let (mut by_cpu, mut mode) = (false, AnyMode::DualStack);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--listen" => listen = arguments.next().ok_or(USAGE)?,
            "--shards" => count = arguments.next().ok_or(USAGE)?.parse::<NonZeroUsize>()?,
            "--by-cpu" => by_cpu = true,
            "--v6-only" => mode = AnyMode::V6Only,
            _ => return Err(USAGE.into()),
        }
    }

    let builder = Builder::datagram().mode(mode).with(RecvPacketInfo(true));
    let builder = if by_cpu { builder.steer_by_cpu() } else { builder };
    let sockets = builder.bind_sharded(&listen, count)?;
    say(format_args!("listening on {}", sockets[0].local_addr()?))?;
    thread::scope(|scope| {
        let start = |(shard, socket)| scope.spawn(move || serve(shard, &socket));
        let threads: Vec<_> = sockets.into_iter().enumerate().map(start).collect();
        for thread in threads {
            thread.join().map_err(|_| "a shard panicked")??;
        }
        Ok(())
    })
}

fn serve(shard: usize, socket: &UdpSocket<AnyMode>) -> io::Result<()> {
    let mut buffer = vec![0; 65_535];
    loop {
        let received = socket.recv_message(&mut buffer)?;
        say(format_args!("shard {shard}: {} bytes from {}", received.len, received.source))?;
        // A peer that cannot be answered is no reason to stop.
        if let Err(error) = received.reply(socket, &buffer[..received.len]) {
            eprintln!("{}: {error}", received.source);
        }
    }
}

/// Prints a line at once, also where the output is a pipe.
fn say(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
