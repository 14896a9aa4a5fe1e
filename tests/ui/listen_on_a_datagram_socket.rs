use inet6::Builder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Builder::datagram().bind("[::1]:0")?.listen(128)?;
    Ok(())
}
