//! A TCP server that sends back what it receives, with a thread for each peer and a mode that is
//! chosen at run time.
//!
//! ```text
//! cargo run --example echo_server -- [--listen ADDR] [--v6-only]
//! ```
//!
//! `ADDR` is `[::1]:8000` unless given, and may be any address that people write:
//! `[fe80::1%eth0]:8000`, `[::]:0`, `192.0.2.1:80`. On `[::]` IPv4 peers are served too, unless
//! `--v6-only` is given. Talk to it with
//! `cargo run --example echo_client -- '[::1]:8000' 'some text'`, `nc ::1 8000`, or
//! `socat - TCP6:[::1]:8000`.

use std::error::Error;
use std::io::{self, Write};
use std::thread;

use inet6::option::ReuseAddress;
use inet6::{AnyMode, Builder, TcpStream};

const USAGE: &str = "usage: echo_server [--listen ADDR] [--v6-only]";

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

    let builder = Builder::stream().mode(mode).with(ReuseAddress(true));
    let listener = builder.bind(&listen)?.listen(1024)?;
    say(format_args!("listening on {}", listener.local_addr()?))?;
    loop {
        let (stream, peer) = listener.next_connection()?;
        say(format_args!("accepted {peer}"))?;
        let echoing = move || {
            if let Err(error) = echo(&stream) {
                eprintln!("{peer}: {error}");
            }
        };
        if let Err(error) = thread::Builder::new().spawn(echoing) {
            eprintln!("{peer}: no thread: {error}");
        }
    }
}

fn echo(mut stream: &TcpStream<AnyMode>) -> io::Result<()> {
    io::copy(&mut { stream }, &mut stream)?;
    Ok(())
}

/// Prints a line at once, also where the output is a pipe.
fn say(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
