use inet6::Builder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Builder::stream().dual_stack().bind("[::]:0")?.listen(128)?;
    Ok(())
}
