//! Connections under way of which the system does not say how they end.

use std::io::ErrorKind;

use inet6::option::RecvError;
use inet6::{
    Builder,
    connect::{HappyEyeballs, HostErrorKind},
};
use libc::SOL_SOCKET;

use crate::support::*;

/// A pending error of 0, as a socket has it until the kernel sets the error, and after the last
/// report was taken.
const NO_ERROR: Fault<'_> = Fault {
    call: libc::SYS_getsockopt,
    arguments: &[(1, SOL_SOCKET), (2, libc::SO_ERROR)],
    errno: 0,
};

#[test]
fn refused_connection_fails_without_an_error() {
    require!(faults(), "seccomp");
    let closed_port = closed_port();
    let closed = closed_port.local_addr().unwrap();
    let work = || {
        for queue in [false, true] {
            let builder = Builder::stream().with(RecvError(queue)).nonblocking();
            for result in [
                builder.connect(closed),
                builder.connect_timeout(closed, PATIENCE),
                builder.start_connect(closed).unwrap().finish(),
                builder.bind("[::1]:0").unwrap().connect(closed),
            ] {
                let error = result.expect_err("a failed connection is handed out");
                assert_eq!(error.kind(), ErrorKind::ConnectionAborted, "{error}");
            }
            let error = builder.connect_host(HappyEyeballs::from(closed)).unwrap_err();
            assert_eq!(error.kind(), HostErrorKind::Exhausted, "{error}");
        }
    };
    with_faults(&[NO_ERROR], work).unwrap();
}
