#[allow(unused_imports)]
use inet6::{Builder, TcpListener, option::ReuseAddress};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("[::1]:0")?;
    listener.set_option(ReuseAddress(true))?;
    Ok(())
}
