//! IPv6 stream and datagram sockets: the wrong call does not compile, and the same program is meant
//! to behave the same on every system.
//!
//! The crate is tested on Linux, and on Windows through Wine; macOS and the BSDs are compiled and
//! read, not run. See [Platforms](#platforms).
//!
//! ```
//! use inet6::{Builder, TcpStream, option::{NoDelay, ReuseAddress}};
//! use std::io::{Read, Write};
//!
//! let listener = Builder::stream()
//!     .with(ReuseAddress(true))
//!     .bind("[::1]:0")?       // cannot accept yet, can no longer change its mode
//!     .listen(128)?;
//! let mut client = TcpStream::connect(listener.local_addr()?)?;
//!
//! let (stream, peer) = listener.next_connection()?; // peer: SocketAddr, plain IPv4 for IPv4
//! assert_eq!(peer, client.local_addr()?);
//! stream.set_option(NoDelay(true))?;
//! (&stream).write_all(b"Hello, client!")?;
//! drop(stream);
//!
//! let mut text = String::new();
//! client.read_to_string(&mut text)?;
//! assert_eq!(text, "Hello, client!");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Concepts
//!
//! | concept | what it is |
//! | --- | --- |
//! | [`Builder`] | plain data that describes a socket: its kind, its mode, its options. The final verb opens it, and one builder opens as many as it is asked for |
//! | [`kind`] | [`Stream`](kind::Stream) or [`Datagram`](kind::Datagram): which options and verbs there are |
//! | [`mode`] | [`DualStack`] (the default), [`V6Only`], or [`AnyMode`] (chosen at run time): **it decides the type of addresses**. A dual-stack socket speaks [`SocketAddr`], and an IPv4 peer is a plain [`SocketAddr::V4`] and never `::ffff:192.0.2.1`. An IPv6-only one speaks [`SocketAddrV6`] |
//! | [`option`] | one type each. [`SocketOption`](option::SocketOption) says which kind has it, [`LiveOn`](option::LiveOn) where it may still change on an open socket |
//! | sockets | [`BoundStream`], [`TcpListener`], [`TcpStream`], [`UdpSocket`], [`ConnectedUdpSocket`], [`EchoSocket`]; and [`Connecting`], a connection under way. States that follow each other are types that consume each other |
//! | [`Membership`], [`SourceMembership`] | a multicast group that a socket has joined, for every source or for one: values that leave when they are dropped |
//! | [`Received`], [`Outgoing`] | one datagram with what comes and goes beside its bytes: destination, interface, hop limit, traffic class, flow label, time. [`Received::reply`] answers from the address that was asked |
//! | [`RecvBatch`], [`SendBatch`], [`CoalescingUdpSocket`] | many datagrams with one call, and datagrams that the kernel cuts and puts together |
//! | [`Guarded`] | a datagram socket that hears neighbours only (RFC 5082) |
//! | [`Endpoint`], [`Zone`], [`Interface`] | addresses as people write them, `[fe80::1%eth0]:8000`, and the interfaces of the host. [`ToAddress`] lists everything that `bind`, `connect` and `send_to` accept |
//! | [`HappyEyeballs`], [`HostConnection`] | a host by its name, with the rules of the race between its addresses (RFC 8305), and what came of it: [`connect_host`](Builder::connect_host) goes from one to the other |
//! | [`Error`], [`HostError`] | which step failed, with which address or option, why, and what to do; and the same of each address of a host |
//!
//! ```text
//!  Builder::stream() ─┬─ bind ────────▶ BoundStream ─┬─ listen ──▶ TcpListener
//!    .v6_only()       │                              │                 │ accept
//!    .with(option)    │                              │ connect         ▼
//!                     ├─ connect ────────────────────┴───────────▶ TcpStream
//!                     ├─ start_connect ─▶ Connecting ── finish ──────▲
//!                     └─ connect_host ──▶ HostConnection ── .socket ─┘
//!
//!  Builder::datagram() ┬─ bind ───────▶ UdpSocket ── connect ──▶ ConnectedUdpSocket
//!    .v6_only()        │                                                 ▲
//!    .with(option)     ├─ connect ───────────────────────────────────────┤
//!                      ├─ connect_host ──▶ HostConnection ── .socket ────┘
//!                      └─ bind_echo ──▶ EchoSocket
//! ```
//!
//! [`TcpListener::bind`], [`TcpStream::connect`] and [`UdpSocket::bind`] are short forms, like
//! those of std: they open dual-stack sockets and look up names. Opening fails with [`Error`],
//! using an open socket with a plain [`std::io::Error`], and the first converts into the second.
//!
//! # What it does
//!
//! * `IPV6_V6ONLY` never depends on the system: each socket sets it before it is bound, and reads
//!   it back.
//! * An IPv4 address that is given to an IPv6-only socket does not compile. Given as text it is an
//!   error before any system call.
//! * `fe80::1%eth0` is understood. A link-local destination without a zone is an error that says
//!   how to write it; an unknown interface is an error and never the interface 0.
//! * A host is connected to by its name as fast as the best of its addresses allows, a broken path
//!   costs a quarter of a second, and the error lists every address that was tried.
//! * A listener that cannot accept yet, a TCP option on a datagram socket, an option that comes too
//!   late: none of them compiles.
//! * A truncated datagram is told. A returned length never exceeds the buffer.
//! * A datagram is answered from the address that it was sent to ([`Received::reply`]). What its
//!   header says can be received, and chosen for each datagram that is sent (RFC 3542).
//! * Sending and receiving cost what the system call costs: no other call, no allocation, no
//!   logging. Only a destination that names its interface, or lacks its zone, costs more.
//!
//! # What it does not do
//!
//! * It looks up host names in the short forms and in [`connect_host`](Builder::connect_host) only;
//!   elsewhere addresses are literal. It is no client of name servers: it asks the system's
//!   resolver, or yours ([`Resolve`]). `localhost` is `::1`, then `127.0.0.1`, without a look-up.
//! * It has no async runtime and no event loop. Its sockets lend their descriptor (`AsFd`,
//!   `AsSocket`) to [yours](guide::readiness), and [`Connecting`] is the state that one waits for.
//! * It opens no IPv4 socket. A dual-stack socket serves IPv4 peers. If a system has no such
//!   sockets (see [the table](guide::systems)), a wildcard address is an error.
//! * It opens neither raw nor Unix domain sockets, and speaks no protocol but TCP, Multipath TCP
//!   and UDP, and of ICMPv6 the echo.
//! * It does not set what you did not ask for, but for the following.
//!
//! # What is set silently
//!
//! | what | where | why |
//! | --- | --- | --- |
//! | `IPV6_V6ONLY`, as the mode says | everywhere | its default differs from system to system |
//! | close-on-exec, in the call that makes the descriptor where the system can, and on adoption | everywhere | a child process does not inherit it |
//! | no `SIGPIPE` (`MSG_NOSIGNAL`, `SO_NOSIGPIPE`) | Unix | writing to a peer that is gone is an error and not the end of the process |
//! | `SIO_UDP_CONNRESET` and `SIO_UDP_NETRESET` off | Windows | an answer to an earlier datagram does not end a receive loop |
//! | [`ShareAddress`](option::ShareAddress) off, where Linux has it on | [`Builder::bind_echo`] | another program with the same identifier would take the replies |
//! | [`MulticastAll`](option::MulticastAll) off | [`UdpSocket::join`] and its kin, on Linux | a socket receives the groups that it joined, and not those of other programs |
//! | [`ReuseAddress`](option::ReuseAddress) and a backlog of 4096 | [`TcpListener::bind`] only | that is what a server wants; a [`Builder`] leaves both to you |
//!
//! # From task to item
//!
//! | task | item |
//! | --- | --- |
//! | listen | [`TcpListener::bind`]; with options: [`Builder::bind`] and [`BoundStream::listen`] |
//! | serve IPv6 and IPv4 on one socket | bind `[::]`: that is the default, [the chapter](guide::dual_stack) |
//! | serve IPv6 alone | [`Builder::v6_only`] |
//! | let a configuration file decide that | [`Builder::mode`] with [`AnyMode`] |
//! | accept connections, and survive what fails meanwhile | [`TcpListener::next_connection`], [`AcceptFailure`] |
//! | connect | [`TcpStream::connect`], [`TcpStream::connect_timeout`] |
//! | connect to a name, over the fastest of its addresses | [`Builder::connect_host`], [the chapter](guide::connecting) |
//! | … with a deadline, another order, another resolver | [`HappyEyeballs`], [`Resolve`] |
//! | … and give up from another thread | [`Cancel`] |
//! | … and see what happened | [`Report`], [`HostError`], [`HappyEyeballs::observer`] |
//! | look a name up without connecting | [`Resolve::look_up`], [`SystemResolver`] |
//! | connect from a chosen address | [`BoundStream::connect`], [`HappyEyeballs::source`] |
//! | connect and do other work meanwhile | [`Builder::start_connect`], [`Connecting`] |
//! | exchange datagrams | [`UdpSocket::bind`], [`UdpSocket::send_to`], [`UdpSocket::recv_from`] |
//! | learn that a datagram was truncated | [`UdpSocket::recv_message`] |
//! | learn how large a datagram may be | [`MessageTooLong`], [`ConnectedUdpSocket::mtu`], [the chapter](guide::path_mtu_and_errors) |
//! | learn what became of a datagram, and which router says so | [`UdpSocket::recv_error`], [`ErrorReport`], [`icmp`] |
//! | learn where it was sent to, its hop limit, traffic class, flow label, time of arrival | [`Received`], the `Recv` options of [`option`] |
//! | answer from the right address | [`Received::reply`], [the chapter](guide::answering) |
//! | send one datagram with its own source, interface, hop limit … | [`Outgoing`], [`UdpSocket::send_message`] |
//! | send or receive many datagrams with one call | [`SendBatch`], [`RecvBatch`] |
//! | … much cheaper than one by one | [`UdpSocket::send_segments`], [`UdpSocket::coalesce`], [the chapter](guide::going_fast) |
//! | send a datagram at a time, on a clock | [`Outgoing::send_at`], [`SendAt`], [`TransmitTime`](option::TransmitTime) |
//! | hear neighbours only | [`UdpSocket::guard`]; on streams [`MinHopCount`](option::MinHopCount); [the chapter](guide::securing_by_hop_limit) |
//! | keep the packets of a flow on one path | [`AutoFlowLabel`](option::AutoFlowLabel); with a label of one's own: [`UdpSocket::request_flow_label`], or [`FlowLease::request`](flow_label::FlowLease::request) for an `Arc` |
//! | send from a temporary address, or from a public one | [`AddressPreferences`](option::AddressPreferences) |
//! | talk to one peer only | [`UdpSocket::connect`], [`ConnectedUdpSocket`] |
//! | receive multicast | [`UdpSocket::join`], [`UdpSocket::join_everywhere`], or [`Membership::join`](multicast::Membership::join) for an `Arc`; [the chapter](guide::multicast) |
//! | … from one source, or from all but some | [`UdpSocket::join_source`], [`Membership::block`] |
//! | ask a host for an echo, as `ping` does | [`Builder::bind_echo`], [`EchoSocket`] |
//! | stay on one interface | [`BindDevice`](option::BindDevice), or a zoned address |
//! | limit hops, mark packets, size buffers, keep a connection alive … | [`option`] |
//! | set an option before opening | [`Builder::with`] |
//! | set or read one on an open socket | [`TcpStream::set_option`], [`TcpStream::option`], and so on each socket |
//! | read an address as people write it | [`Endpoint`] |
//! | find an interface, list all with their addresses | [`Interface::from_name`], [`Interface::list`] |
//! | open nonblocking sockets | [`Builder::nonblocking`], [`TcpListener::next_connection_nonblocking`] |
//! | wait until one can go on | [`TcpStream::wait_readable`], [`TcpStream::wait_writable`], and so on each socket |
//! | … with mio, with tokio | [the chapter](guide::readiness) |
//! | send a header and a body with one call | [`TcpStream::send_vectored`] |
//! | … or in parts that leave together | [`TcpStream::cork`], [`Corked`] |
//! | send a file | [`TcpStream::send_file`] |
//! | share one port out among threads | [`Builder::bind_sharded`], [`Builder::listen_sharded`], [`Builder::steer_by_cpu`] |
//! | take over a descriptor, or a socket of std | `TryFrom`; what is checked: [`Returned`](error::Returned) |
//! | give a socket to std or to another crate | `From` for std's types, `OwnedFd` and `OwnedSocket`; `AsFd`, `AsSocket` |
//! | speak Multipath TCP | [`Builder::multipath_tcp`] |
//! | read the state of a connection | [`TcpStream::tcp_info`] |
//! | know what this host can do | [`capabilities`] |
//! | see what an opening does | the `log` crate at level `trace`, [the chapter](guide::errors_and_logging) |
//! | move from std, socket2 or Python | [`guide`] |
//!
//! # Platforms
//!
//! The API is the same everywhere: what a system lacks is an error of kind
//! [`Unsupported`](std::io::ErrorKind::Unsupported) that names it, and never a missing method.
//!
//! | system | how it is checked |
//! | --- | --- |
//! | Linux | all tests, on every change |
//! | Windows | the tests, under Wine, on every change |
//! | macOS, FreeBSD, NetBSD, OpenBSD, DragonFly, illumos, Solaris, Haiku, Android | read, not run: the compiler checks library, tests and examples on every change, and what differs comes from the source of the kernel |
//!
//! What differs between them is [in tables](guide::systems). Haiku refuses `IPV6_V6ONLY`, so that
//! no socket opens there.
//!
//! The minimum supported Rust version is 1.85.
//!
//! [`AcceptFailure`]: tcp::AcceptFailure
//! [`BoundStream::connect`]: tcp::BoundStream::connect
//! [`BoundStream::listen`]: tcp::BoundStream::listen
//! [`BoundStream`]: tcp::BoundStream
//! [`Cancel`]: cancel::Cancel
//! [`CoalescingUdpSocket`]: udp::CoalescingUdpSocket
//! [`Connecting`]: tcp::Connecting
//! [`Corked`]: tcp::Corked
//! [`EchoSocket`]: icmp::EchoSocket
//! [`ErrorReport`]: error_queue::ErrorReport
//! [`FlowLease`]: flow_label::FlowLease
//! [`Guarded`]: udp::Guarded
//! [`HappyEyeballs::observer`]: connect::HappyEyeballs::observer
//! [`HappyEyeballs::source`]: connect::HappyEyeballs::source
//! [`HappyEyeballs`]: connect::HappyEyeballs
//! [`HostConnection`]: connect::HostConnection
//! [`HostError`]: connect::HostError
//! [`Interface::from_name`]: interface::Interface::from_name
//! [`Interface::list`]: interface::Interface::list
//! [`Interface`]: interface::Interface
//! [`Membership::block`]: multicast::Membership::block
//! [`Membership`]: multicast::Membership
//! [`MessageTooLong`]: udp::MessageTooLong
//! [`Outgoing::send_at`]: udp::Outgoing::send_at
//! [`Outgoing`]: udp::Outgoing
//! [`Received::reply`]: udp::Received::reply
//! [`Received`]: udp::Received
//! [`RecvBatch`]: udp::RecvBatch
//! [`Report`]: connect::Report
//! [`Resolve::look_up`]: connect::Resolve::look_up
//! [`Resolve`]: connect::Resolve
//! [`SendAt`]: udp::SendAt
//! [`SendBatch`]: udp::SendBatch
//! [`SocketAddr::V4`]: std::net::SocketAddr::V4
//! [`SocketAddrV6`]: std::net::SocketAddrV6
//! [`SocketAddr`]: std::net::SocketAddr
//! [`SourceMembership`]: multicast::SourceMembership
//! [`SystemResolver`]: connect::SystemResolver
//! [`ToAddress`]: addr::ToAddress
//! [`Zone`]: addr::Zone

pub mod addr;
pub mod cancel;
pub mod capabilities;
pub mod connect;
pub mod error;
pub mod error_queue;
pub mod flow_label;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod guide;
pub mod header;
pub mod icmp;
pub mod interface;
pub mod kind;
pub mod mode;
pub mod multicast;
pub mod option;
pub mod tcp;
pub mod udp;

mod builder;
mod socket;
mod sys;

pub use self::addr::endpoint::Endpoint;
pub use self::builder::Builder;
pub use self::error::opening::Error;
pub use self::mode::markers::{AnyMode, DualStack, V6Only};
pub use self::tcp::listener::TcpListener;
pub use self::tcp::stream::TcpStream;
pub use self::udp::connected::ConnectedUdpSocket;
pub use self::udp::socket::UdpSocket;

/// Keeps the traits of this crate from being implemented elsewhere.
mod sealed {
    pub trait Sealed {}
}
