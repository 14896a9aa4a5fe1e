//! The network interfaces of this host: index, name and addresses of each.
//!
//! ```text
//! cargo run --example interfaces
//! ```
//!
//! A link-local address is printed with its zone, as a server or a client takes it:
//! `cargo run --example echo_server -- --listen '[fe80::1%eth0]:8000'`.

use std::error::Error;
use std::net::IpAddr;

use inet6::interface::Interface;

fn main() -> Result<(), Box<dyn Error>> {
    for info in &Interface::list()? {
        let name = info.name();
        println!("{:>3}  {name}", info.interface());
        for address in info.addresses() {
            match address.ip() {
                IpAddr::V6(ip) if ip.is_unicast_link_local() => {
                    println!("     {ip}%{name}/{}", address.prefix_len())
                }
                _ => println!("     {address}"),
            }
        }
    }
    Ok(())
}
