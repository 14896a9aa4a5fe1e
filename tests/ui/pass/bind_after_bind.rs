use inet6::Builder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = Builder::stream();
    let _bound = builder.bind("[::1]:0")?;
    builder.bind("[::1]:0")?;
    Ok(())
}
