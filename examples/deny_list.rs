//! A server with a deny list, twice: only the import differs.
//!
//! ```text
//! cargo run --example deny_list
//! ```

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, TcpStream};

const BANNED: [IpAddr; 1] = [IpAddr::V4(Ipv4Addr::LOCALHOST)];

macro_rules! serve {
    ($import:item) => {{
        $import
        let listener = TcpListener::bind("[::]:0")?;
        let port = listener.local_addr()?.port();
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(_client) => {
                let (_stream, peer) = listener.accept()?;
                let verdict = if BANNED.contains(&peer.ip()) { "is banned" } else { "gets in" };
                println!("{:<28} {peer} {verdict}", stringify!($import));
            }
            // On Windows std's listener is IPv6-only.
            Err(error) => println!("{:<28} no IPv4 client: {error}", stringify!($import)),
        }
    }};
}

fn main() -> Result<(), Box<dyn Error>> {
    serve! { use inet6::TcpListener; }
    serve! { use std::net::TcpListener; }
    Ok(())
}
