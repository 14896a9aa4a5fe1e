use inet6::{Builder, V6Only};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Builder::stream().mode(V6Only).bind("[::]:0")?.listen(128)?;
    Ok(())
}
