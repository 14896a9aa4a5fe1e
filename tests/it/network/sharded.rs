//! A host with one free port: whose it is.

use std::io::ErrorKind;
use std::num::NonZeroUsize;

use inet6::Builder;
use inet6::option::ReusePort;

use crate::lab::Host;
use crate::support::*;

/// Alone, because a program that another test starts has copies of all sockets until it runs, and a
/// copy of one that was closed here would still have the port.
#[test]
fn chosen_port_is_exclusive() {
    in_own_process(|| {
        let host = require!(Host::new(), "a host");
        host.ip("link set lo up");
        host.sysctl("ipv4/ip_local_port_range", "40000 40000");
        host.run(one_port);
    });
}

fn one_port() {
    let three = NonZeroUsize::new(3).unwrap();
    let datagrams = Builder::datagram();
    let first = datagrams.bind_sharded("[::1]:0", three).unwrap();
    assert_eq!(first[2].local_addr().unwrap().port(), 40_000);
    // The kernel itself gives the port away again to whoever shares.
    let other = datagrams.clone().with(ReusePort(true)).bind("[::1]:0").unwrap();
    assert_eq!(other.local_addr().unwrap().port(), 40_000);
    let error = datagrams.bind_sharded("[::1]:0", three).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
    drop((first, other));
    assert_eq!(datagrams.bind_sharded("[::1]:0", three).unwrap().len(), 3);

    let streams = Builder::stream();
    let first = streams.listen_sharded("[::1]:0", 4, three).unwrap();
    assert_eq!(first[2].local_addr().unwrap().port(), 40_000);
    let error = streams.listen_sharded("[::1]:0", 4, three).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
}
