//! Joins a multicast group and prints what is sent to it.
//!
//! ```text
//! cargo run --example multicast_listen -- [--group ADDR] [--port PORT] [--interface NAME] [--source ADDR]
//! ```
//!
//! The group is `ff12::1234` and the port 8000 unless given. Without an interface it joins on every
//! one that can; with a source it hears that address alone. Talk to it with
//! `cargo run --example multicast_send -- --interface eth0`, or
//! `socat - UDP6-DATAGRAM:[ff12::1234%eth0]:8000`.

use std::error::Error;
use std::io::{self, Write};
use std::net::Ipv6Addr;

use inet6::{Builder, addr::Zone, interface::Interface, option::ShareAddress};

const USAGE: &str =
    "usage: multicast_listen [--group ADDR] [--port PORT] [--interface NAME] [--source ADDR]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut group: Ipv6Addr = "ff12::1234".parse()?;
    let mut port: u16 = 8000;
    let mut interface: Option<Interface> = None;
    let mut source: Option<Ipv6Addr> = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match argument.as_str() {
            "--group" => group = value.parse()?,
            "--port" => port = value.parse()?,
            // A name or an index.
            "--interface" => interface = Some(Interface::try_from(&value.parse::<Zone>()?)?),
            "--source" => source = Some(value.parse()?),
            _ => return Err(USAGE.into()),
        }
    }

    // Several listeners of one host may share the port: each hears the groups that it joined.
    let socket =
        Builder::datagram().with(ShareAddress(true)).bind((Ipv6Addr::UNSPECIFIED, port))?;
    match (source, interface) {
        (Some(source), _) => socket.join_source(group, source, interface)?.keep(),
        (None, Some(interface)) => socket.join(group, interface)?.keep(),
        (None, None) => {
            for membership in socket.join_everywhere(group)? {
                membership.keep();
            }
        }
    }

    say(format_args!("listening on {}", socket.local_addr()?))?;
    let mut buffer = vec![0; 65_535];
    loop {
        let (len, peer) = socket.recv_from(&mut buffer)?;
        say(format_args!("{peer}: {}", String::from_utf8_lossy(&buffer[..len])))?;
    }
}

/// Prints a line at once, also where the output is a pipe.
fn say(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
