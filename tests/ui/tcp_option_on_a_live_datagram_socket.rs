#[allow(unused_imports)]
use inet6::{TcpListener, UdpSocket, option::NoDelay};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    UdpSocket::bind("[::1]:0")?.set_option(NoDelay(true))?;
    Ok(())
}
