use inet6::Builder;
use std::net::Shutdown;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Builder::stream().bind("[::1]:0")?.shutdown(Shutdown::Write)?;
    Ok(())
}
