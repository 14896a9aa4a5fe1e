use inet6::Builder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Builder::stream().bind("[::1]:0")?.listen(128)?;
    Ok(())
}
