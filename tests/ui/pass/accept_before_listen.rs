use inet6::Builder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bound = Builder::stream().nonblocking().bind("[::1]:0")?;
    bound.listen(128)?.accept_nonblocking().unwrap_err();
    Ok(())
}
