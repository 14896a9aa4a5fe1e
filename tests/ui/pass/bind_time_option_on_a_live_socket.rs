#[allow(unused_imports)]
use inet6::{Builder, TcpListener, option::ReuseAddress};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = Builder::stream().with(ReuseAddress(true));
    builder.bind("[::1]:0")?;
    Ok(())
}
