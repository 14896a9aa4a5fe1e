//! What a host is set to: its interfaces and addresses, and the settings of its kernel.

use inet6::{AnyMode, Builder, Interface};

use crate::lab::{Host, Lab};
use crate::support::*;

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
