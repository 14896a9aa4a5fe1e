use inet6::{UdpSocket, option::UnicastHops};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hops: Option<i32> = Some(256);
    UdpSocket::bind("[::1]:0")?.set_option(UnicastHops(hops))?;
    Ok(())
}
