//! Connecting to a host as it is written: an address as text, a name of the hosts file,
//! `localhost`.
//!
//! libc takes the first address of an answer, std tries one after the other.

use std::ffi::CString;
use std::hint::black_box;
use std::net::{IpAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

use inet6::Builder;
use inet6::mode::Mode;

use super::{Case, Run, raw, repeat};

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    Case { operation: "host-literal", way: "libc", prepare: || libc("::1") },
    Case { operation: "host-literal", way: "inet6", prepare: || inet6(inet6::V6Only, "::1") },
    Case { operation: "host-literal", way: "inet6-dual", prepare: || inet6(inet6::DualStack, "::1") },
    Case { operation: "host-literal", way: "std", prepare: || std("::1") },
    Case { operation: "host-localhost", way: "libc", prepare: || libc("localhost") },
    Case { operation: "host-localhost", way: "inet6", prepare: || inet6(inet6::V6Only, "localhost") },
    Case { operation: "host-localhost", way: "inet6-dual", prepare: || inet6(inet6::DualStack, "localhost") },
    Case { operation: "host-localhost", way: "std", prepare: || std("localhost") },
    Case { operation: "host-name", way: "libc", prepare: || libc(own_name()) },
    Case { operation: "host-name", way: "inet6", prepare: || inet6(inet6::DualStack, own_name()) },
    Case { operation: "host-name", way: "inet6-deadline", prepare: || inet6_deadline(own_name()) },
    Case { operation: "host-name", way: "std", prepare: || std(own_name()) },
];

/// A name that the hosts file has for this host, if there is one.
pub(super) fn name_of_this_host() -> Option<&'static str> {
    static NAME: OnceLock<Option<String>> = OnceLock::new();

    let find = || {
        let hosts = std::fs::read_to_string("/etc/hosts").ok()?;
        hosts.lines().find_map(|line| {
            let mut words = line.split('#').next()?.split_whitespace();
            let ip: IpAddr = words.next()?.parse().ok()?;
            let is_own = UdpSocket::bind((ip, 0)).is_ok();
            let name = words.find(|name| !name.to_lowercase().ends_with("localhost"))?;
            is_own.then(|| name.to_owned())
        })
    };
    NAME.get_or_init(find).as_deref()
}

fn own_name() -> &'static str {
    name_of_this_host().expect("the case is there only if there is a name")
}

/// A listener for both families, and its port.
fn listener() -> (inet6::TcpListener<inet6::DualStack>, u16) {
    let listener = Builder::stream().bind("[::]:0").unwrap().listen(128).unwrap();
    raw::reset_on_close(listener.as_raw_fd());
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn libc(name: &str) -> Run {
    let (listener, port) = listener();
    let (name, port) = (CString::new(name).unwrap(), CString::new(port.to_string()).unwrap());
    repeat(move || {
        // SAFETY: all-zero bytes are hints that ask for nothing.
        let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
        hints.ai_socktype = libc::SOCK_STREAM;
        let mut found = ptr::null_mut();
        // SAFETY: both strings end in a zero byte, and the call writes one pointer.
        let code = unsafe { libc::getaddrinfo(name.as_ptr(), port.as_ptr(), &hints, &mut found) };
        assert_eq!(code, 0);
        // SAFETY: the call has succeeded, so there is a first entry.
        let first = unsafe { &*found };
        let client = raw::Socket::of_family(first.ai_family, libc::SOCK_STREAM);
        // SAFETY: the entry has an address of this length.
        let result = unsafe { libc::connect(client.fd(), first.ai_addr, first.ai_addrlen) };
        assert_eq!(result, 0, "connect: {}", std::io::Error::last_os_error());
        // SAFETY: it came from `getaddrinfo`, and nothing points into it any more.
        unsafe { libc::freeaddrinfo(found) };
        black_box(listener.accept().unwrap());
    })
}

fn inet6<M: Mode>(mode: M, name: &'static str) -> Run {
    let (listener, port) = listener();
    let builder = Builder::stream().mode(mode);
    repeat(move || {
        let _client = builder.connect_host((name, port)).unwrap();
        black_box(listener.accept().unwrap());
    })
}

/// The look-up has a thread, which the deadline does not wait for.
fn inet6_deadline(name: &'static str) -> Run {
    let (listener, port) = listener();
    let builder = Builder::stream();
    repeat(move || {
        let host =
            inet6::connect::HappyEyeballs::to((name, port)).deadline(Duration::from_secs(10));
        let _client = builder.connect_host(&host).unwrap();
        black_box(listener.accept().unwrap());
    })
}

fn std(name: &'static str) -> Run {
    let (listener, port) = listener();
    repeat(move || {
        let _client = std::net::TcpStream::connect((name, port)).unwrap();
        black_box(listener.accept().unwrap());
    })
}
