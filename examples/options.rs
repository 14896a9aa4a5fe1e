//! Every option of a fresh stream and a fresh datagram socket, as the kernel reports it.
//!
//! ```text
//! cargo run --example options
//! ```
//!
//! The sockets are bound to a port of `[::]` that the system chooses, and talk to nobody.

use std::any::type_name;
use std::error::Error;
use std::io::ErrorKind;

use inet6::kind::{Datagram, Stream};
use inet6::option::*;
use inet6::{BoundStream, Builder, UdpSocket};

fn main() -> Result<(), Box<dyn Error>> {
    let stream = &Builder::stream().bind("[::]:0")?;
    let datagram = &Builder::datagram().bind("[::]:0")?;
    line("OPTION", "STREAM", "DATAGRAM");

    on_streams::<ReuseAddress>(stream);
    on_both::<ReadTimeout>(stream, datagram);
    on_both::<WriteTimeout>(stream, datagram);

    on_both::<UnicastHops>(stream, datagram);
    on_datagrams::<MulticastLoop>(datagram);

    on_streams::<NoDelay>(stream);
    Ok(())
}

fn on_both<O: SocketOption<Stream> + SocketOption<Datagram>>(
    stream: &BoundStream,
    datagram: &UdpSocket,
) {
    line(name::<O>(), &value(stream.option::<O>()), &value(datagram.option::<O>()));
}

fn on_streams<O: SocketOption<Stream>>(stream: &BoundStream) {
    line(name::<O>(), &value(stream.option::<O>()), "");
}

fn on_datagrams<O: SocketOption<Datagram>>(datagram: &UdpSocket) {
    line(name::<O>(), "", &value(datagram.option::<O>()));
}

fn line(name: &str, stream: &str, datagram: &str) {
    println!("{}", format!("{name:24}{stream:24}{datagram}").trim_end());
}

/// `NoDelay`, without its path.
fn name<O>() -> &'static str {
    type_name::<O>().rsplit("::").next().unwrap_or_default()
}

/// What stands in the parentheses of `NoDelay(true)`.
fn value<O: std::fmt::Debug>(option: Result<O, inet6::Error>) -> String {
    match option {
        Ok(option) => {
            let text = format!("{option:?}");
            let inner = text.strip_prefix(name::<O>()).unwrap_or(&text);
            inner.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(inner).into()
        }
        Err(error) if error.kind() == ErrorKind::Unsupported => "not supported here".into(),
        Err(error) => error.to_string(),
    }
}
