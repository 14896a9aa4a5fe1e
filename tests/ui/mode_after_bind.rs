use inet6::Builder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Builder::stream().bind("[::]:0")?.dual_stack().listen(128)?;
    Ok(())
}
