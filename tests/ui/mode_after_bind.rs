use inet6::{Builder, V6Only};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Builder::stream().bind("[::]:0")?.mode(V6Only).listen(128)?;
    Ok(())
}
