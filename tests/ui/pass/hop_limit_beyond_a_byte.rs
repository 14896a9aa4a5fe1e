use inet6::{UdpSocket, option::UnicastHops};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hops: Option<u8> = Some(255);
    UdpSocket::bind("[::1]:0")?.set_option(UnicastHops(hops))?;
    Ok(())
}
