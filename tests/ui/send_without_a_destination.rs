use inet6::UdpSocket;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = UdpSocket::bind("[::1]:0")?;
    let client = UdpSocket::bind("[::1]:0")?;
    client.send(b"ping")?;
    server.recv_from(&mut [0; 8])?;
    Ok(())
}
