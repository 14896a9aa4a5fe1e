//! Fetches the first page of a web server, over whichever of its addresses answers first.
//!
//! ```text
//! cargo run --example fetch -- HOST[:PORT] [--verbose]
//! ```
//!
//! `HOST` is a name or an address, `example.com`, `localhost:8000`, `[fe80::1%eth0]:8000`, and the
//! port is 80 unless given. The answer goes to standard output as the server sent it;
//! `--verbose` draws the race between the addresses to standard error. A server to try it with:
//! `python3 -m http.server 8000 --bind ::`.

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use inet6::{
    Builder,
    connect::{Attempt, HappyEyeballs, HostConnection, HostError, Outcome, Report},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let all = arguments.len();
    arguments.retain(|argument| argument != "--verbose");
    let verbose = arguments.len() < all;
    let [text] = &*arguments else { return Err("usage: fetch HOST[:PORT] [--verbose]".into()) };
    let (name, port) = name_and_port(text)?;

    let host = HappyEyeballs::to((name, port)).deadline(Duration::from_secs(30));
    let connected = Builder::stream().connect_host(host);
    if verbose {
        draw(connected.as_ref().map_or_else(HostError::report, |connection| &connection.report));
    }
    // The error prints what the report does.
    let HostConnection { socket: mut stream, report, .. } = connected?;
    if verbose {
        eprintln!("{report}");
    }
    // An address has brackets there (RFC 9110, section 7.2), and no zone (RFC 6874, section 4).
    let ip = name.split('%').next().unwrap_or(name);
    let name = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
    write!(stream, "GET / HTTP/1.0\r\nHost: {name}:{port}\r\n\r\n")?;
    io::copy(&mut stream, &mut io::stdout())?;
    Ok(())
}

/// The port is what follows the last colon, unless that is within an address.
fn name_and_port(text: &str) -> Result<(&str, u16), Box<dyn Error>> {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            (name, port.parse().map_err(|_| format!("`{port}` is not a port"))?)
        }
        _ => (text, 80),
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    Ok((bare.unwrap_or(name), port))
}

/// A line for each attempt, from its start to its end: `*` has the connection, `x` failed.
fn draw(report: &Report) {
    const WIDTH: f64 = 40.0;
    let column = |time: Duration| {
        (time.as_secs_f64() / report.elapsed.as_secs_f64().max(1e-6) * WIDTH) as usize
    };
    for Attempt { address, started, ended, outcome, .. } in &report.attempts {
        let (from, to) = (column(*started), column(*ended));
        let end = match outcome {
            Outcome::Won => "*",
            Outcome::Failed(_) => "x",
            _ => ".",
        };
        eprintln!("{:>30}  {:from$}|{}{end}", address.to_string(), "", "-".repeat(to - from));
    }
}
