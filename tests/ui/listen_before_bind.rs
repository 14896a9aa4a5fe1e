use inet6::Builder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Builder::stream().listen(128)?;
    Ok(())
}
