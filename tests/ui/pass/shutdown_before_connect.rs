use inet6::{Builder, TcpListener};
use std::net::Shutdown;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let peer = TcpListener::bind("[::1]:0")?;
    Builder::stream().bind("[::1]:0")?.connect(peer.local_addr()?)?.shutdown(Shutdown::Write)?;
    Ok(())
}
