//! The whole walk of an IPv6 socket, in one process and with nothing to set up: open, bind,
//! listen, connect, accept, talk, close; IPv6 only, dual-stack, and with datagrams.
//!
//! ```text
//! cargo run --example quickstart
//! ```
//!
//! It talks to itself over the loopback interface and prints each step; nobody else is needed.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown};

use inet6::mode::Mode;
use inet6::{Builder, TcpStream, UdpSocket};

fn main() -> Result<(), Box<dyn Error>> {
    println!("A stream, IPv6 only");
    let builder = Builder::stream().v6_only();
    let bound = builder.bind("[::1]:0")?;
    println!("  open and bind  {}", bound.local_addr()?);
    let listener = bound.listen(16)?;
    println!("  listen         up to 16 connections may wait");
    let client = builder.connect(listener.local_addr()?)?;
    println!("  connect        from {}", client.local_addr()?);
    let (server, peer) = listener.next_connection()?;
    println!("  accept         {peer}");
    greet(&server, &client)?;
    drop((client, server, listener));
    println!("  close");

    println!("A stream, dual-stack, and an IPv4 client");
    if inet6::capabilities::Capabilities::probe()?.dual_stack {
        let listener = Builder::stream().bind("[::]:0")?.listen(16)?;
        let port = listener.local_addr()?.port();
        println!("  listen         {}", listener.local_addr()?);
        let client = Builder::stream().connect((Ipv4Addr::LOCALHOST, port))?;
        println!("  connect        to {}", client.peer_addr()?);
        let (server, peer) = listener.next_connection()?;
        println!("  accept         {peer}");
        greet(&server, &client)?;
        drop((client, server, listener));
        println!("  close");
    } else {
        println!("  this system has no socket for both");
    }

    println!("Datagrams");
    let server = UdpSocket::bind("[::1]:0")?;
    println!("  open and bind  {}", server.local_addr()?);
    let client = Builder::datagram().connect(server.local_addr()?)?;
    println!("  connect        from {}", client.local_addr()?);
    client.send(b"Hello, server!")?;
    let mut buffer = [0; 64];
    let received = server.recv_message(&mut buffer)?;
    let text = String::from_utf8_lossy(&buffer[..received.len]);
    println!("  receive        {text:?} from {}", received.source);
    server.send_to(b"Hello, client!", received.source)?;
    let len = client.recv(&mut buffer)?;
    println!("  answer         {:?}", String::from_utf8_lossy(&buffer[..len]));
    drop((client, server));
    println!("  close");
    Ok(())
}

/// Sends one greeting each way, to the end of the stream.
fn greet<M: Mode>(mut server: &TcpStream<M>, mut client: &TcpStream<M>) -> io::Result<()> {
    let mut text = String::new();
    server.write_all(b"Hello, client!")?;
    server.shutdown(Shutdown::Write)?;
    client.read_to_string(&mut text)?;
    println!("  receive        {text:?} at the client");
    text.clear();
    client.write_all(b"Hello, server!")?;
    client.shutdown(Shutdown::Write)?;
    server.read_to_string(&mut text)?;
    println!("  receive        {text:?} at the server");
    Ok(())
}
