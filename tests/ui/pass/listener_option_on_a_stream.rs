use inet6::{TcpListener, TcpStream, option::DeferAccept};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("[::1]:0")?;
    let _stream = TcpStream::connect(listener.local_addr()?)?;
    listener.set_option(DeferAccept(None))?;
    Ok(())
}
