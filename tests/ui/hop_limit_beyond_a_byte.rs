use inet6::{UdpSocket, option::UnicastHops};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hops: i32 = 256;
    UdpSocket::bind("[::1]:0")?.set_option(UnicastHops(Some(hops)))?;
    Ok(())
}
