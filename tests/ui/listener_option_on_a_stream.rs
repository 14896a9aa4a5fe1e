use inet6::{TcpListener, TcpStream, option::DeferAccept};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("[::1]:0")?;
    let stream = TcpStream::connect(listener.local_addr()?)?;
    stream.set_option(DeferAccept(None))?;
    Ok(())
}
