//! A UDP server that sends each datagram back to where it came from, from the address that it was
//! sent to: on `[::]` that is one of many, and the client expects the one that it asked.
//!
//! ```text
//! cargo run --example udp_echo_server -- [--listen ADDR] [--v6-only]
//! ```
//!
//! `ADDR` is `[::1]:8000` unless given, and may be any address that people write:
//! `[fe80::1%eth0]:8000`, `[::]:0`, `192.0.2.1:80`. On `[::]` IPv4 peers are served too, unless
//! `--v6-only` is given. Talk to it with
//! `nc -u ::1 8000` or `socat - UDP6:[::1]:8000`.

use std::error::Error;
use std::io::{self, Write};

use inet6::option::RecvPacketInfo;
use inet6::{AnyMode, Builder};

const USAGE: &str = "usage: udp_echo_server [--listen ADDR] [--v6-only]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut listen = String::from("[::1]:8000");
    let mut mode = AnyMode::DualStack;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--listen" => listen = arguments.next().ok_or(USAGE)?,
            "--v6-only" => mode = AnyMode::V6Only,
            _ => return Err(USAGE.into()),
        }
    }

    let socket = Builder::datagram().mode(mode).with(RecvPacketInfo(true)).bind(&listen)?;
    say(format_args!("listening on {}", socket.local_addr()?))?;
    let mut buffer = vec![0; 65_535];
    loop {
        let received = socket.recv_message(&mut buffer)?;
        let cut = if received.truncated { ", truncated" } else { "" };
        say(format_args!("{} bytes from {}{cut}", received.len, received.source))?;
        // A peer that cannot be answered is no reason to stop.
        if let Err(error) = received.reply(&socket, &buffer[..received.len]) {
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
