use inet6::Builder;
use std::net::Ipv4Addr;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Builder::stream().v6_only().bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(())
}
