use inet6::Builder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bound = Builder::stream().bind("[::1]:0")?;
    bound.bind("[::1]:0")?;
    Ok(())
}
