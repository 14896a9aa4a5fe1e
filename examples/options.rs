//! Every option of a fresh stream and a fresh datagram socket, as the kernel reports it.
//!
//! ```text
//! cargo run --example options
//! ```
//!
//! The sockets are bound to a port of `[::]` that the system chooses, and talk to nobody.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::io::ErrorKind;

use inet6::Builder;
use inet6::option::*;

/// Prints a line for each option: `both SendBufferSize SO_SNDBUF`.
macro_rules! lines {
    ($stream:ident $datagram:ident $($on:ident $name:ident $c_name:ident,)*) => {$(
        line(stringify!($name), stringify!($c_name), lines!($on $name $stream $datagram));
    )*};
    (both $name:ident $stream:ident $datagram:ident) => {
        [value($stream.option::<$name>()), value($datagram.option::<$name>())]
    };
    (tcp $name:ident $stream:ident $datagram:ident) => {
        [value($stream.option::<$name>()), String::new()]
    };
    (udp $name:ident $stream:ident $datagram:ident) => {
        [String::new(), value($datagram.option::<$name>())]
    };
}

fn main() -> Result<(), Box<dyn Error>> {
    let stream = Builder::stream().bind("[::]:0")?;
    let datagram = Builder::datagram().bind("[::]:0")?;
    line("OPTION", "C NAME", ["STREAM", "DATAGRAM"]);
    line("v6_only()", "IPV6_V6ONLY", [stream.v6_only()?, datagram.v6_only()?]);
    lines! { stream datagram
        tcp ReuseAddress SO_REUSEADDR, udp ShareAddress SO_REUSEADDR, both ReusePort SO_REUSEPORT,
        both ExclusiveAddressUse SO_EXCLUSIVEADDRUSE, both BindDevice SO_BINDTODEVICE,
        both SendBufferSize SO_SNDBUF, both RecvBufferSize SO_RCVBUF, both ReadTimeout SO_RCVTIMEO,
        both WriteTimeout SO_SNDTIMEO, tcp KeepAlive SO_KEEPALIVE, tcp Linger SO_LINGER,
        tcp OutOfBandInline SO_OOBINLINE, both Mark SO_MARK, both Priority SO_PRIORITY,
        both IncomingCpu SO_INCOMING_CPU, both BusyPoll SO_BUSY_POLL,
        both UnicastHops IPV6_UNICAST_HOPS, both TrafficClass IPV6_TCLASS,
        tcp MinHopCount IPV6_MINHOPCOUNT, both AutoFlowLabel IPV6_AUTOFLOWLABEL,
        both AddressPreferences IPV6_ADDR_PREFERENCES, udp UnicastInterface IPV6_UNICAST_IF,
        both FreeBind IPV6_FREEBIND, both Transparent IPV6_TRANSPARENT,
        tcp BindAddressNoPort IP_BIND_ADDRESS_NO_PORT, udp DontFragment IPV6_DONTFRAG,
        both MtuDiscover IPV6_MTU_DISCOVER, udp Mtu IPV6_MTU, udp MulticastHops IPV6_MULTICAST_HOPS,
        udp MulticastLoop IPV6_MULTICAST_LOOP, udp MulticastInterface IPV6_MULTICAST_IF,
        udp MulticastAll IPV6_MULTICAST_ALL, udp RecvPacketInfo IPV6_RECVPKTINFO,
        udp RecvHopLimit IPV6_RECVHOPLIMIT, udp RecvTrafficClass IPV6_RECVTCLASS,
        udp RecvError IPV6_RECVERR, udp RecvPathMtu IPV6_RECVPATHMTU, tcp NoDelay TCP_NODELAY,
        tcp Cork TCP_CORK, tcp QuickAck TCP_QUICKACK, tcp KeepAliveIdle TCP_KEEPIDLE,
        tcp KeepAliveInterval TCP_KEEPINTVL, tcp KeepAliveCount TCP_KEEPCNT,
        tcp UserTimeout TCP_USER_TIMEOUT, tcp MaxSegment TCP_MAXSEG, tcp Congestion TCP_CONGESTION,
        tcp NotSentLowWater TCP_NOTSENT_LOWAT, tcp DeferAccept TCP_DEFER_ACCEPT,
        tcp FastOpen TCP_FASTOPEN, tcp FastOpenConnect TCP_FASTOPEN_CONNECT,
    }
    Ok(())
}

fn line(name: &str, c_name: &str, [stream, datagram]: [impl Display; 2]) {
    println!("{}", format!("{name:21}{c_name:25}{stream:32}{datagram}").trim_end());
}

/// What stands in the parentheses of `NoDelay(true)`, or why there is nothing.
fn value<O: Debug>(option: Result<O, inet6::Error>) -> String {
    let text = match option {
        Ok(option) => format!("{option:?}"),
        Err(error) if error.kind() == ErrorKind::Unsupported => return "not supported here".into(),
        Err(error) if error.kind() == ErrorKind::NotConnected => return "needs a peer".into(),
        Err(error) => return error.to_string(),
    };
    let inner = text.strip_suffix(')').and_then(|text| text.split_once('('));
    inner.map_or_else(|| text.trim_start_matches("TrafficClass "), |(_, value)| value).into()
}
