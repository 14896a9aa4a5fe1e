//! Leases of flow labels, as far as they concern nobody else: what is not shared by all is tested
//! in a namespace.

use std::io::ErrorKind;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use inet6::header::FlowLabel;
use inet6::{
    Builder, UdpSocket,
    error::Op,
    flow_label::{FlowLease, FlowShare},
};

use crate::support::*;

const LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));

#[test]
fn leases_exist_on_linux_only() {
    let (server, client) = datagrams();
    let bound = Builder::stream().bind("[::1]:0").unwrap();
    let results = [
        server
            .request_flow_label(Ipv6Addr::LOCALHOST, None, FlowShare::Any)
            .map(|lease| lease.label()),
        client.request_flow_label(None, FlowShare::Any).map(|lease| lease.label()),
        bound
            .request_flow_label(Ipv6Addr::LOCALHOST, None, FlowShare::Any)
            .map(|lease| lease.label()),
    ];
    for result in results {
        match result {
            Ok(label) if LINUX => assert_ne!(label.bits(), 0),
            Err(error) if !LINUX => {
                assert_eq!((error.op(), error.kind()), (Op::FlowLabel, ErrorKind::Unsupported));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Beside its socket, in another thread, and without a leak of the holder.
#[test]
fn lease_holds_its_socket() {
    require!(LINUX, "leases of flow labels");
    let socket = Arc::new(UdpSocket::bind("[::1]:0").unwrap());
    let holders = || Arc::strong_count(&socket);
    let request = |label| {
        let holder = Arc::clone(&socket);
        FlowLease::request(holder, Ipv6Addr::LOCALHOST, label, FlowShare::Any)
    };
    let lease = request(None).unwrap();
    assert_eq!(holders(), 2);
    let label = thread::spawn(move || lease.label()).join().unwrap();
    assert_eq!(holders(), 1);
    request(Some(label)).unwrap().release().unwrap();
    assert_eq!(holders(), 1);
    assert_eq!(request(Some(label)).unwrap().keep(), label);
    assert_eq!(holders(), 1);
    let unspecified = Ipv6Addr::UNSPECIFIED;
    FlowLease::request(Arc::clone(&socket), unspecified, None, FlowShare::Any).unwrap_err();
    assert_eq!(holders(), 1);
}

#[test]
fn kernel_chooses_joinable_label() {
    require!(LINUX, "leases of flow labels");
    let (server, client) = datagrams();
    let lease = server.request_flow_label(Ipv6Addr::LOCALHOST, None, FlowShare::Any).unwrap();
    let another = server.request_flow_label(Ipv6Addr::LOCALHOST, None, FlowShare::Any).unwrap();
    assert_ne!(lease.label(), another.label());
    let joined = client.request_flow_label(Some(lease.label()), FlowShare::Any).unwrap();
    assert_eq!((joined.label(), joined.share()), (lease.label(), FlowShare::Any));
    joined.release().unwrap();
    // One that nobody had is made, too.
    let label = FlowLabel::new(another.label().bits() ^ 1);
    assert_eq!(Some(client.request_flow_label(label, FlowShare::Any).unwrap().label()), label);
}

#[test]
fn impossible_label_is_refused_early() {
    let socket = socket();
    for peer in ["::", "::ffff:192.0.2.1"] {
        let refused = socket.request_flow_label(peer.parse().unwrap(), None, FlowShare::Any);
        let error = refused.unwrap_err();
        assert_eq!((error.op(), error.kind()), (Op::FlowLabel, ErrorKind::InvalidInput));
        assert_eq!(error.raw_os_error(), None);
    }
    let dual = dual_socket();
    let connected = dual.connect((std::net::Ipv4Addr::LOCALHOST, 9)).unwrap();
    let error = connected.request_flow_label(None, FlowShare::Any).unwrap_err();
    assert_eq!(error.to_string(), "cannot lease a flow label: IPv4 has no flow labels");
}

#[test]
fn linger_time_is_whole_seconds() {
    require!(LINUX, "leases of flow labels");
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    let lease = socket.request_flow_label(Ipv6Addr::LOCALHOST, None, FlowShare::Any).unwrap();
    for millis in [0, 5_999, 6_001, 65_536_000, u64::MAX] {
        let error = lease.linger(Duration::from_millis(millis)).unwrap_err();
        assert_eq!((error.op(), error.kind()), (Op::FlowLabel, ErrorKind::InvalidInput));
        assert_eq!(error.raw_os_error(), None, "{millis}");
    }
    lease.linger(Duration::from_secs(6)).unwrap();
}
