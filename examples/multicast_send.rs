//! Sends a text to a multicast group.
//!
//! ```text
//! cargo run --example multicast_send -- [--group ADDR] [--port PORT] [--interface NAME] [--source ADDR] [TEXT]
//! ```
//!
//! The group is `ff12::1234`, the port 8000 and the text `Hello, group!` unless given. A group of
//! one link, as this is, needs the interface that leads there. The source is the address to send
//! from, for listeners that hear one alone. Listen with `cargo run --example multicast_listen`.

use std::error::Error;
use std::net::Ipv6Addr;

use inet6::option::{MulticastHops, MulticastInterface};
use inet6::{Builder, addr::Zone, interface::Interface};

const USAGE: &str = "usage: multicast_send [--group ADDR] [--port PORT] [--interface NAME] \
                     [--source ADDR] [TEXT]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut group: Ipv6Addr = "ff12::1234".parse()?;
    let mut port: u16 = 8000;
    let mut interface: Option<Interface> = None;
    let mut source = Ipv6Addr::UNSPECIFIED;
    let mut text = String::from("Hello, group!");
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--group" => group = value()?.parse()?,
            "--port" => port = value()?.parse()?,
            // A name or an index.
            "--interface" => interface = Some(Interface::try_from(&value()?.parse::<Zone>()?)?),
            "--source" => source = value()?.parse()?,
            option if option.starts_with("--") => return Err(USAGE.into()),
            _ => text = argument,
        }
    }

    let socket = Builder::datagram()
        // The group is IPv6, and a dual-stack socket would look for its interface in IPv4 as well.
        .v6_only()
        .with(MulticastInterface(interface))
        // Routers that forward multicast take one off each; with 1, the default, none forwards.
        .with(MulticastHops(Some(8)))
        .bind((source, 0))?;
    socket.send_to(text.as_bytes(), (group, port))?;
    println!("sent {} bytes from {} to {group}", text.len(), socket.local_addr()?);
    Ok(())
}
