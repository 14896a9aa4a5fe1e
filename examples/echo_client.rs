//! A TCP client that sends a text, says that nothing more follows, and prints the answer.
//!
//! ```text
//! cargo run --example echo_client -- ADDR [TEXT]
//! ```
//!
//! `ADDR` is an address as people write it: `[::1]:8000`, `[fe80::1%eth0]:8000`, `192.0.2.1:80`;
//! `TEXT` is `Hello, server!` unless given. Start a peer first, with
//! `cargo run --example echo_server` or `socat TCP6-LISTEN:8000,bind=[::1] EXEC:cat`.

use std::error::Error;
use std::io::{self, Write};
use std::net::Shutdown;

use inet6::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("usage: echo_client ADDR [TEXT]")?;
    let text = arguments.next().unwrap_or_else(|| "Hello, server!".into());

    // Dual-stack, so that an IPv4 server can be named too.
    let mut stream = Builder::stream().connect(&address)?;
    stream.write_all(text.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    io::copy(&mut stream, &mut io::stdout())?;
    println!();
    Ok(())
}
