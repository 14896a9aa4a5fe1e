use inet6::UdpSocket;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    UdpSocket::bind(("::1", 0))?;
    Ok(())
}
