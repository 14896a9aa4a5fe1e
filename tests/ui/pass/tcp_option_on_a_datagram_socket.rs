use inet6::{Builder, option::NoDelay};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Builder::stream().with(NoDelay(true)).bind("[::1]:0")?;
    Ok(())
}
