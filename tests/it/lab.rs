//! Networks of our own: two hosts and a wire, without touching the machine's.
#![allow(unsafe_code, reason = "namespaces are entered with system calls")]

use std::fs::{self, File};
use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::thread;

use inet6::option::{BindDevice, MulticastInterface, UnicastInterface};
use inet6::{AnyMode, Builder, Interface, TcpListener, TcpStream, UdpSocket};

use crate::support::*;

mod chain;

pub(crate) use self::chain::Chain;

/// A network namespace: interfaces, addresses and settings as on a host of its own.
///
/// It ends when this value and all sockets in it are gone.
#[derive(Debug)]
pub(crate) struct Host(File);

impl Host {
    /// A host with nothing but a loopback interface, which is down.
    pub(crate) fn new() -> Result<Self, String> {
        // A namespace belongs to a thread, and a socket to the namespace it was opened in.
        let made = thread::spawn(|| {
            // SAFETY: the call takes an integer, and concerns this thread only.
            if unsafe { libc::unshare(libc::CLONE_NEWNET) } == -1 {
                return Err(io::Error::last_os_error());
            }
            File::open("/proc/thread-self/ns/net")
        });
        let made = made.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        made.map(Self).map_err(|error| format!("no network namespace: {error}"))
    }

    /// Runs `work` on this host, and the programs that it starts.
    #[track_caller]
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let worker = scope.spawn(|| {
                // SAFETY: the descriptor is open, and the call concerns this thread only.
                let result = unsafe { libc::setns(self.0.as_raw_fd(), libc::CLONE_NEWNET) };
                assert_eq!(result, 0, "setns: {}", io::Error::last_os_error());
                work()
            });
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Runs `ip` with these words on this host. An address that it adds is in use afterwards.
    #[track_caller]
    pub(crate) fn ip(&self, words: &str) -> String {
        let output = self.try_ip(words, Stdio::null()).unwrap();
        if words.starts_with("address add") {
            self.settle();
        }
        output
    }

    /// Waits until this host takes packets for its IPv6 addresses: the kernel gives an address its
    /// route a little later, and loses meanwhile what is sent there (net/ipv6/addrconf.c,
    /// `addrconf_dad_work`).
    #[track_caller]
    pub(crate) fn settle(&self) {
        let show = |words| self.try_ip(words, Stdio::null()).unwrap();
        until("every address has its route", || {
            let all = show("-oneline -6 address show up -tentative");
            let mut addresses =
                all.split(" inet6 ").skip(1).filter_map(|rest| rest.split('/').next());
            let routes = show("-6 route show table local");
            addresses.all(|address| routes.contains(&format!("local {address} ")))
        });
    }

    /// Waits until an interface has a carrier: it comes up on both ends of a wire at once, and the
    /// kernel tells of it a little later.
    #[track_caller]
    pub(crate) fn await_carrier(&self, interface: &str) {
        let show = format!("-oneline link show dev {interface}");
        until(interface, || self.ip(&show).contains("state UP"));
    }

    fn try_ip(&self, words: &str, stdin: Stdio) -> Result<String, String> {
        let mut command = Command::new("ip");
        command.args(words.split(' ')).stdin(stdin);
        let output = self.run(|| command.output()).map_err(|error| format!("ip: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!("ip {words}: {}", String::from_utf8_lossy(&output.stderr).trim()))
        }
    }

    /// Adds a rule of nftables for what arrives at this host, such as `meta l4proto tcp drop`.
    pub(crate) fn filter(&self, rule: &str) -> Result<(), String> {
        self.filter_at("input", rule)
    }

    /// As `filter`, for what passes through this host.
    pub(crate) fn filter_forwarded(&self, rule: &str) -> Result<(), String> {
        self.filter_at("forward", rule)
    }

    fn filter_at(&self, hook: &str, rule: &str) -> Result<(), String> {
        let mut command = Command::new("nft");
        command.arg(format!(
            "add table inet lab; \
             add chain inet lab {hook} {{ type filter hook {hook} priority 0; }}; \
             add rule inet lab {hook} {rule}"
        ));
        let output = self.run(|| command.output()).map_err(|error| format!("nft: {error}"))?;
        if output.status.success() {
            Ok(())
        } else {
            Err(format!("nft {rule}: {}", String::from_utf8_lossy(&output.stderr).trim()))
        }
    }

    /// Takes all rules away.
    pub(crate) fn unfilter(&self) {
        let status = self.run(|| Command::new("nft").args(["flush", "ruleset"]).status()).unwrap();
        assert!(status.success(), "nft: {status}");
    }

    /// Writes a setting below `net.`, such as `ipv6/bindv6only`.
    #[track_caller]
    pub(crate) fn sysctl(&self, name: &str, value: &str) {
        self.run(|| fs::write(format!("/proc/sys/net/{name}"), value))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Two hosts and a wire between them.
///
/// | host | interface | addresses |
/// | --- | --- | --- |
/// | `left` | `wire` | `fe80::1`, `2001:db8::1`, `192.0.2.1` |
/// | `right` | `wire` | `fe80::2`, `2001:db8::2`, `192.0.2.2` |
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) left: Host,
    pub(crate) right: Host,
}

impl Lab {
    pub(crate) fn new() -> Result<Self, String> {
        let (left, right) = (Host::new()?, Host::new()?);
        for host in [&left, &right] {
            host.try_ip("link set dev lo up", Stdio::null())?;
        }
        let lab = Self { left, right };
        lab.wire()?;
        Ok(lab)
    }

    /// Lays the wire, anew where there is one: its indexes change.
    pub(crate) fn wire(&self) -> Result<(), String> {
        let Self { left, right } = self;
        if left.run(|| Interface::from_name("wire").is_ok()) {
            left.ip("link delete wire");
        }
        // The program finds the other host by the descriptor that it has as standard input.
        let other = right.0.try_clone().map_err(|error| error.to_string())?;
        left.try_ip(
            "link add wire type veth peer name wire netns /proc/self/fd/0",
            Stdio::from(other),
        )?;
        for (host, number) in [(left, 1), (right, 2)] {
            host.ip("link set dev wire addrgenmode none");
            host.ip("link set dev wire up");
            // Without duplicate address detection they are usable at once.
            host.ip(&format!("address add fe80::{number}/64 dev wire nodad"));
            host.ip(&format!("address add 2001:db8::{number}/64 dev wire nodad"));
            host.ip(&format!("address add 192.0.2.{number}/24 dev wire"));
        }
        for host in [left, right] {
            host.await_carrier("wire");
        }
        Ok(())
    }

    /// Lays a second wire, `second`, with the addresses `2001:db8:2::1` and `2001:db8:2::2`.
    pub(crate) fn second_wire(&self) {
        let other = self.right.0.try_clone().unwrap();
        let link = "link add second type veth peer name second netns /proc/self/fd/0";
        self.left.try_ip(link, Stdio::from(other)).unwrap();
        for (host, number) in [(&self.left, 1), (&self.right, 2)] {
            host.ip("link set dev second up");
            host.ip(&format!("address add 2001:db8:2::{number}/64 dev second nodad"));
        }
        for host in [&self.left, &self.right] {
            host.await_carrier("second");
        }
    }

    /// The index of the wire on a host.
    pub(crate) fn index(host: &Host) -> u32 {
        host.run(|| Interface::from_name("wire").unwrap().index().get())
    }
}

fn link_local(last: u16, port: u16, scope: u32) -> SocketAddrV6 {
    SocketAddrV6::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last), port, 0, scope)
}

#[test]
fn a_connection_over_link_local_addresses_keeps_the_zone() {
    let lab = require!(Lab::new(), "the lab");
    let (left, right) = (Lab::index(&lab.left), Lab::index(&lab.right));
    let listener = lab.left.run(|| TcpListener::bind("[fe80::1%wire]:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    assert_eq!(listener.local_addr().unwrap(), link_local(1, port, left));

    let stream = lab.right.run(|| TcpStream::connect(("fe80::1%wire", port)).unwrap());
    let (accepted, peer) = listener.accept().unwrap();
    assert_eq!(stream.peer_addr().unwrap(), link_local(1, port, right));
    assert_eq!((*peer.ip(), peer.scope_id()), (*link_local(2, 0, 0).ip(), left));
    assert_eq!(accepted.peer_addr().unwrap(), peer);
    assert_eq!(accepted.local_addr().unwrap(), link_local(1, port, left));
    assert_eq!(stream.local_addr().unwrap(), link_local(2, peer.port(), right));
}

#[test]
fn the_zone_may_be_a_number_and_a_field() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.run(|| {
        let index = Interface::from_name("wire").unwrap().index().get();
        let by_number = UdpSocket::bind(format!("[fe80::1%{index}]:0")).unwrap();
        let address = by_number.local_addr().unwrap();
        assert_eq!(address.scope_id(), index);
        let by_field = UdpSocket::bind(link_local(1, 0, index)).unwrap();
        by_field.send_to(b"here", address).unwrap();
        let (len, source) = patient(by_number).recv_from(&mut [0; 8]).unwrap();
        assert_eq!((len, source), (4, by_field.local_addr().unwrap()));
    });
}

#[test]
fn a_link_local_datagram_tells_the_zone_in_every_mode() {
    let lab = require!(Lab::new(), "the lab");
    let left = Lab::index(&lab.left);
    for mode in [AnyMode::V6Only, AnyMode::DualStack] {
        let server = lab.left.run(|| Builder::datagram().mode(mode).bind("[::]:0").unwrap());
        let port = server.local_addr().unwrap().port();
        let client = lab.right.run(|| UdpSocket::bind("[::]:0").unwrap());
        lab.right.run(|| client.send_to(b"ping", ("fe80::1%wire", port)).unwrap());
        let received = patient(server).recv_message(&mut [0; 8]).unwrap();
        let SocketAddr::V6(source) = received.source else { panic!("{received:?}") };
        assert_eq!((*source.ip(), source.scope_id()), (*link_local(2, 0, 0).ip(), left));
    }
}

#[test]
fn a_zoned_local_address_says_where_a_link_local_destination_is() {
    let lab = require!(Lab::new(), "the lab");
    let server = lab.left.run(|| patient(UdpSocket::bind("[fe80::1%wire]:0").unwrap()));
    let port = server.local_addr().unwrap().port();
    lab.right.run(|| {
        let bound = UdpSocket::bind("[fe80::2%wire]:0").unwrap();
        bound.send_to(b"unzoned", ("fe80::1", port)).unwrap();
        let connected = bound.connect(("fe80::1", port)).unwrap();
        connected.send(b"connected").unwrap();

        let free = UdpSocket::bind("[::]:0").unwrap();
        let refused = free.send_to(b"where?", ("fe80::1", port)).unwrap_err();
        assert!(refused.to_string().contains("fe80::1%eth0"), "{refused}");
        assert_eq!(refused.raw_os_error(), None);
    });
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap().0, 7);
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap().0, 9);
}

#[test]
fn a_zoned_local_address_says_where_a_stream_connects() {
    let lab = require!(Lab::new(), "the lab");
    let listener = lab.left.run(|| TcpListener::bind("[fe80::1%wire]:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    lab.right.run(|| {
        let bound = Builder::stream().bind("[fe80::2%wire]:0").unwrap();
        let source = bound.local_addr().unwrap();
        let stream = bound.connect(("fe80::1", port)).unwrap();
        assert_eq!(stream.local_addr().unwrap(), source);
        assert_eq!(stream.peer_addr().unwrap().scope_id(), source.scope_id());
    });
}

#[test]
fn a_multicast_destination_needs_a_zone_or_a_socket_that_has_one() {
    let lab = require!(Lab::new(), "the lab");
    let (left, right) = (Lab::index(&lab.left), Lab::index(&lab.right));
    let receiver = lab.left.run(|| patient(UdpSocket::bind("[::]:0").unwrap()));
    receiver.join_multicast_v6(&"ff02::1234".parse().unwrap(), left).unwrap();
    let port = receiver.local_addr().unwrap().port();
    lab.right.run(|| {
        let free = UdpSocket::bind("[::]:0").unwrap();
        let refused = free.send_to(b"where?", ("ff02::1234", port)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(refused.raw_os_error(), None);
        free.send_to(b"zone", ("ff02::1234%wire", port)).unwrap();
        free.send_to(b"index", (format!("ff02::1234%{right}"), port)).unwrap();
        let bound = UdpSocket::bind("[fe80::2%wire]:0").unwrap();
        bound.send_to(b"by the socket", ("ff02::1234", port)).unwrap();
    });
    let mut buffer = [0; 16];
    for expected in [&b"zone"[..], b"index", b"by the socket"] {
        let (len, source) = receiver.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], expected);
        assert_eq!((*source.ip(), source.scope_id()), (*link_local(2, 0, 0).ip(), left));
    }
    receiver.leave_multicast_v6(&"ff02::1234".parse().unwrap(), left).unwrap();
}

#[test]
fn disconnecting_keeps_the_interface() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.run(|| {
        let index = Interface::from_name("wire").unwrap().index();
        let wire = BindDevice(Some(index.into()));
        // Zoned by its own address; the port named by the system or by us.
        let free = UdpSocket::bind("[fe80::1%wire]:0").unwrap().local_addr().unwrap().port();
        for port in [0, free] {
            let socket = UdpSocket::bind(("fe80::1%wire", port)).unwrap();
            let local = socket.local_addr().unwrap();
            let socket = socket.connect("[fe80::2%wire]:9").unwrap().disconnect().unwrap();
            assert_eq!(socket.local_addr().unwrap(), local);
            assert_eq!(socket.option::<BindDevice>().unwrap(), wire);
        }
        // Bound to a device; a peer of port 0 is none to the kernel.
        let builder = Builder::datagram().with(wire.clone());
        for (local, port) in [("[2001:db8::1]:0", 9), ("[::]:0", 9), ("[::]:0", 0)] {
            let socket = builder.bind(local).unwrap().connect(("2001:db8::2", port)).unwrap();
            let socket = socket.disconnect().unwrap();
            assert_eq!(socket.option::<BindDevice>().unwrap(), wire, "{local}");
        }
        // The interface came with the peer.
        let socket = UdpSocket::bind("[::]:0").unwrap();
        let socket = socket.connect("[fe80::2%wire]:9").unwrap();
        assert_eq!(socket.option::<BindDevice>().unwrap(), wire);
        let socket = socket.disconnect().unwrap();
        assert_eq!(socket.option::<BindDevice>().unwrap(), BindDevice(None));
    });
}

#[test]
fn a_socket_bound_to_a_device_needs_no_zone() {
    let lab = require!(Lab::new(), "the lab");
    let left = Lab::index(&lab.left);
    let (listener, server) = lab.left.run(|| {
        let wire = BindDevice(Some("wire".parse().unwrap()));
        let bound = Builder::stream().with(wire.clone()).bind("[fe80::1]:0").unwrap();
        let socket = Builder::datagram().with(wire).bind(("fe80::1", 0)).unwrap();
        assert_eq!(socket.local_addr().unwrap().scope_id(), left);
        (bound.listen(4).unwrap(), patient(socket))
    });
    let listening = listener.local_addr().unwrap();
    assert_eq!(listening.scope_id(), left);
    let port = server.local_addr().unwrap().port();
    lab.right.run(|| {
        let index = Interface::from_name("wire").unwrap();
        for wire in [BindDevice(Some("wire".parse().unwrap())), BindDevice(Some(index.into()))] {
            let stream = Builder::stream().with(wire.clone());
            stream.connect(("fe80::1", listening.port())).unwrap();
            stream.connect_timeout(("fe80::1", listening.port()), PATIENCE).unwrap();
            let datagram = Builder::datagram().with(wire).bind("[::]:0").unwrap();
            datagram.send_to(b"unzoned", ("fe80::1", port)).unwrap();
            datagram.connect(("fe80::1", port)).unwrap().send(b"connected").unwrap();
        }
    });
    for len in [7, 9, 7, 9] {
        assert_eq!(server.recv_from(&mut [0; 16]).unwrap().0, len);
    }
}

#[test]
fn a_socket_with_an_interface_for_multicast_needs_no_zone_there() {
    let lab = require!(Lab::new(), "the lab");
    let left = Lab::index(&lab.left);
    let receiver = lab.left.run(|| patient(UdpSocket::bind("[::]:0").unwrap()));
    receiver.join_multicast_v6(&"ff02::1234".parse().unwrap(), left).unwrap();
    let port = receiver.local_addr().unwrap().port();
    lab.right.run(|| {
        let wire = Interface::from_name("wire").unwrap();
        let sender = UdpSocket::bind("[::]:0").unwrap();
        sender.send_to(b"where?", ("ff02::1234", port)).unwrap_err();
        sender.set_option(MulticastInterface(Some(wire))).unwrap();
        sender.send_to(b"there", ("ff02::1234", port)).unwrap();
        // It says nothing about unicast.
        sender.send_to(b"where?", ("fe80::1", port)).unwrap_err();
    });
    assert_eq!(receiver.recv_from(&mut [0; 16]).unwrap().0, 5);
}

#[test]
fn a_socket_with_an_interface_for_unicast_needs_no_zone_there() {
    let lab = require!(Lab::new(), "the lab");
    let server = lab.left.run(|| patient(UdpSocket::bind("[fe80::1%wire]:0").unwrap()));
    let port = server.local_addr().unwrap().port();
    lab.right.run(|| {
        let wire = Interface::from_name("wire").unwrap();
        let sender = UdpSocket::bind("[::]:0").unwrap();
        sender.send_to(b"where?", ("fe80::1", port)).unwrap_err();
        sender.set_option(UnicastInterface(Some(wire))).unwrap();
        sender.send_to(b"there", ("fe80::1", port)).unwrap();
        let connected = sender.connect(("fe80::1", port)).unwrap();
        assert_eq!(connected.peer_addr().unwrap().scope_id(), wire.index().get());
    });
    assert_eq!(server.recv_from(&mut [0; 16]).unwrap().0, 5);
}

#[test]
fn the_mode_does_not_depend_on_the_default_of_the_system() {
    let host = require!(Host::new(), "the lab");
    host.ip("link set dev lo up");
    for default in ["1", "0"] {
        host.sysctl("ipv6/bindv6only", default);
        host.run(|| {
            let plain = std::net::UdpSocket::bind("[::]:0").unwrap();
            let only = socket2::SockRef::from(&plain).only_v6().unwrap();
            assert_eq!(only, default == "1", "the setting does nothing here");

            let listener = dual_listener();
            assert!(!listener.v6_only().unwrap());
            let port = listener.local_addr().unwrap().port();
            let client = std::net::TcpStream::connect(ipv4(port)).unwrap();
            assert_eq!(listener.accept().unwrap().1, client.local_addr().unwrap());
            drop((client, listener));

            let listener = Builder::stream().bind("[::]:0").unwrap().listen(1).unwrap();
            assert!(listener.v6_only().unwrap());
            let port = listener.local_addr().unwrap().port();
            std::net::TcpStream::connect(ipv4(port)).unwrap_err();
            for (mode, only) in [(AnyMode::V6Only, true), (AnyMode::DualStack, false)] {
                let socket = Builder::datagram().mode(mode).bind("[::]:0").unwrap();
                assert_eq!(socket.v6_only().unwrap(), only);
            }
        });
    }
}

#[test]
fn an_interface_that_comes_and_goes_is_found_and_lost() {
    let host = require!(Host::new(), "the lab");
    host.run(|| {
        assert_eq!(Interface::list().unwrap().len(), 1, "loopback alone");
        Interface::from_name("late").unwrap_err();
        host.ip("link add late type veth peer name other");
        let late = Interface::from_name("late").unwrap();
        assert_eq!(late.name().unwrap(), "late");
        assert!(Interface::list().unwrap().contains(&late));
        assert_eq!(late.addresses().unwrap(), [], "it is down");
        host.ip("address add 2001:db8::7/48 dev late nodad");
        let address = "2001:db8::7".parse().unwrap();
        assert_eq!(late.addresses().unwrap(), [(address, 48)]);
        host.ip("link delete late");
        late.name().unwrap_err();
        Interface::from_name("late").unwrap_err();
        assert_eq!(late.addresses().unwrap(), []);
    });
}

#[test]
fn addresses_of_an_interface_have_their_prefix_and_no_zone_in_them() {
    let lab = require!(Lab::new(), "the lab");
    lab.left.run(|| {
        let wire = Interface::from_name("wire").unwrap();
        let mut addresses = wire.addresses().unwrap();
        addresses.sort();
        let expected = [("192.0.2.1", 24), ("2001:db8::1", 64), ("fe80::1", 64)];
        let expected = expected.map(|(ip, prefix)| (ip.parse().unwrap(), prefix));
        assert_eq!(addresses, expected);
    });
}

#[test]
fn an_ipv4_host_on_the_wire_is_a_plain_ipv4_peer() {
    let lab = require!(Lab::new(), "the lab");
    let listener = lab.left.run(dual_listener);
    let port = listener.local_addr().unwrap().port();
    let client =
        lab.right.run(|| Builder::stream().dual_stack().connect(("192.0.2.1", port)).unwrap());
    let (stream, peer) = listener.accept().unwrap();
    assert_eq!(peer.ip().to_string(), "192.0.2.2");
    assert_eq!(peer, client.local_addr().unwrap());
    assert_eq!(stream.local_addr().unwrap().to_string(), format!("192.0.2.1:{port}"));
}
