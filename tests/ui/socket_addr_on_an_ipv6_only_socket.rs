use inet6::Builder;
use std::net::SocketAddr;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let peer: SocketAddr = "[::1]:9".parse()?;
    let socket = Builder::datagram().v6_only().bind("[::]:0")?;
    socket.send_to(b"x", peer)?;
    Ok(())
}
