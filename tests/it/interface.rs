//! Interfaces: names, indices and addresses.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use inet6::{addr::Zone, interface::Interface};

#[cfg(target_os = "linux")]
use crate::support::*;

#[test]
fn name_and_index_identify_same_interface() {
    let all = Interface::list().unwrap();
    assert_ne!(all.iter().count(), 0);
    for info in &all {
        let interface = info.interface();
        assert_eq!(interface.name().unwrap(), info.name());
        assert_eq!(Interface::from_name(info.name()).unwrap(), interface);
        assert_eq!(Interface::from_index(interface.index()), interface);
        assert_eq!(interface.to_string(), interface.index().to_string());
        assert_eq!(all.get(interface), Some(info));
    }
}

#[test]
fn list_has_each_interface_once() {
    let indices: Vec<_> = Interface::list().unwrap().into_iter().map(|i| i.interface()).collect();
    assert!(indices.windows(2).all(|pair| pair[0] < pair[1]), "{indices:?}");
}

#[test]
fn one_interface_has_the_loopback_address() {
    let all = Interface::list().unwrap();
    let addresses = || all.iter().flat_map(|info| info.addresses());
    let found = addresses().find(|address| address.ip() == IpAddr::V6(Ipv6Addr::LOCALHOST));
    assert_eq!(found.unwrap().prefix_len(), 128);
    assert_eq!(format!("[{:>9}]", found.unwrap()), "[  ::1/128]");
}

#[cfg(target_os = "linux")]
#[test]
fn addresses_leave_mapped_ones_out() {
    let host = require!(crate::lab::Host::new(), "the lab");
    host.ip("link set lo up");
    host.ip("addr add ::ffff:192.0.2.9/128 dev lo");
    host.ip("addr add 2001:db8::9/128 dev lo");
    let all = host.run(|| Interface::list().unwrap());
    let found: Vec<String> =
        all.iter().flat_map(|info| info.addresses()).map(ToString::to_string).collect();
    assert!(found.contains(&"2001:db8::9/128".to_owned()), "{found:?}");
    assert!(!found.iter().any(|ip| ip.contains("192.0.2.9")), "{found:?}");
}

#[test]
fn error_contains_unknown_interface_name() {
    for name in ["nowhere", "", "a name longer than any name of an interface", "no\0where"] {
        let error = Interface::from_name(name).unwrap_err();
        assert!(error.to_string().contains(&name.escape_debug().to_string()), "{error}");
        assert_eq!((error.kind(), error.raw_os_error()), (ErrorKind::InvalidInput, None));
        assert_eq!(io::Error::from(error).kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn unused_index_has_no_name() {
    let nowhere = Interface::from_index(NonZeroU32::MAX);
    nowhere.name().unwrap_err();
    assert_eq!(Interface::list().unwrap().get(nowhere), None);
}

#[test]
fn zone_names_an_interface() {
    let all = Interface::list().unwrap();
    let first = all.iter().next().unwrap();
    let by_name: Zone = first.name().parse().unwrap();
    assert_eq!(Interface::try_from(&by_name).unwrap(), first.interface());
    let by_index = Zone::from(first.interface());
    assert_eq!(by_index.index(), Some(first.interface().index()));
    assert_eq!(Interface::try_from(&by_index).unwrap(), first.interface());
    let unknown: Zone = "nowhere".parse().unwrap();
    Interface::try_from(&unknown).unwrap_err();
}

#[cfg(target_os = "linux")]
#[test]
fn list_agrees_with_proc() {
    // proc_net: if_inet6 has address, index, prefix length, scope, flags and name, in hexadecimal.
    let table = std::fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap();
    let all = Interface::list().unwrap();
    let number = |text| u32::from_str_radix(text, 16).unwrap();
    for line in table.lines() {
        let fields: Vec<_> = line.split_whitespace().collect();
        let ip = Ipv6Addr::from(u128::from_str_radix(fields[0], 16).unwrap());
        let interface = Interface::from_name(fields[5]).unwrap();
        assert_eq!(interface.index().get(), number(fields[1]));
        let prefix_len = number(fields[2]) as u8;
        let mut addresses = all.get(interface).unwrap().addresses().iter();
        assert!(addresses.any(|it| it.ip() == ip && it.prefix_len() == prefix_len), "{line}");
    }
}

/// Names that a C library or the kernel would cut, and then take for another interface.
#[cfg(target_os = "linux")]
mod cut {
    use inet6::option::BindDevice;
    use inet6::{
        Builder, Endpoint, UdpSocket,
        connect::{Query, Resolve, SystemResolver},
        error::Op,
    };

    use super::*;
    use crate::lab::Host;

    /// The longest name that an interface can have.
    const NAME: &str = "fifteen-letters";

    const CUT: [&str; 3] = ["fifteen-letters0", "fifteen-letters-and-more", "lo:anything"];

    #[test]
    fn name_is_never_cut() {
        let host = require!(Host::new(), "a host");
        host.run(|| {
            host.ip(&format!("link add {NAME} type veth peer name other"));
            let longest = Interface::from_name(NAME).unwrap();
            assert_eq!(longest.name().unwrap(), NAME);
            assert_eq!(Interface::list().unwrap().get(longest).unwrap().name(), NAME);
            for name in CUT {
                let zone: Zone = name.parse().unwrap();
                Interface::from_name(name).unwrap_err();
                Interface::try_from(&zone).unwrap_err();

                let text = format!("[fe80::1%{name}]:9");
                let error = UdpSocket::bind(&*text).unwrap_err();
                assert_eq!((error.op(), error.kind()), (Op::Address, ErrorKind::InvalidInput));
                let socket = UdpSocket::bind("[::]:0").unwrap();
                let endpoint: Endpoint = text.parse().unwrap();
                let error = socket.send_to(b"", endpoint).unwrap_err();
                assert!(error.to_string().contains("names no interface"), "{error}");

                Builder::datagram().with(BindDevice(Some(zone))).bind("[::]:0").unwrap_err();
                let literal = format!("fe80::1%{name}");
                SystemResolver.look_up(Query::new(&*literal)).unwrap_err();
                Builder::stream().connect_host((&*literal, 9)).unwrap_err();
            }
        });
    }
}

/// A process that cannot ask does not know that an interface is absent.
#[cfg(target_os = "linux")]
mod unknown {
    use std::os::fd::AsRawFd;

    use inet6::option::BindDevice;
    use inet6::{
        Builder,
        connect::{HostErrorKind, Query, Resolve, ResolveErrorKind, SystemResolver},
        error::Op,
    };

    use super::*;

    /// Runs `work` while the process may not open another descriptor.
    fn without_descriptors<T>(work: impl FnOnce() -> T) -> T {
        // The lowest free number is the next descriptor: none is left below it.
        let next = socket().as_raw_fd();
        let before = limit_descriptors(next.try_into().unwrap());
        let done = work();
        limit_descriptors(before);
        done
    }

    #[track_caller]
    fn assert_starved(error: impl Into<io::Error>) {
        let error: io::Error = error.into();
        assert_ne!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert_ne!(error.kind(), ErrorKind::NotFound, "{error}");
        let starved = io::Error::from_raw_os_error(libc::EMFILE).to_string();
        let shown = error.to_string();
        assert!(shown.contains(&starved) || shown.contains("too many open"), "{shown}");
    }

    #[test]
    fn starved_look_up_reports_the_limit() {
        in_own_process(|| {
            let all = Interface::list().unwrap();
            let name = all.iter().next().unwrap().name();
            let zone: Zone = name.parse().unwrap();
            let sender = socket();
            without_descriptors(|| {
                for name in [name, "nowhere"] {
                    let error = Interface::from_name(name).unwrap_err();
                    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                    assert_starved(error);
                }
                assert_starved(Interface::try_from(&zone).unwrap_err());
                assert_starved(Interface::list().unwrap_err());
                assert_starved(sender.send_to(b"", &*format!("[fe80::1%{name}]:9")).unwrap_err());

                let error = Builder::stream().bind(&*format!("[fe80::1%{name}]:0")).unwrap_err();
                assert_eq!((error.op(), error.raw_os_error()), (Op::Address, Some(libc::EMFILE)));
                assert_starved(error);

                let literal = format!("fe80::1%{name}");
                let error = SystemResolver.look_up(Query::new(&*literal)).unwrap_err();
                assert_eq!(error.kind(), ResolveErrorKind::Other, "{error}");
                let error = Builder::stream().connect_host((&*literal, 9)).unwrap_err();
                assert_ne!(error.kind(), HostErrorKind::Invalid, "{error}");
                assert_starved(error);
            });
            // Nothing of that is kept.
            assert_eq!(Interface::from_name(name).unwrap(), all.iter().next().unwrap().interface());
        });
    }

    /// Linux before 5.1 has no `SO_BINDTOIFINDEX`, and the name of the device is looked up.
    #[test]
    fn device_zone_needs_no_descriptor() {
        let device = BindDevice(Some(loopback().into()));
        let bound = require!(Builder::datagram().with(device).bind("[::]:0"), "BindDevice");
        let old = [(1, libc::SOL_SOCKET), (2, libc::SO_BINDTOIFINDEX)];
        let old = Fault { call: libc::SYS_getsockopt, arguments: &old, errno: libc::ENOPROTOOPT };
        let full = Fault { call: libc::SYS_socket, arguments: &[], errno: libc::EMFILE };
        let work = || (bound.send_to(b"", "[fe80::1]:9"), socket().send_to(b"", "[fe80::1]:9"));
        // The kernel was asked to send, and has no route for it over loopback.
        let reached_kernel = |sent: io::Result<usize>| match sent {
            Err(error) => error.raw_os_error() == Some(libc::ENETUNREACH),
            Ok(_) => true,
        };
        let (sent, refused) = require!(with_faults(&[old], work), "faults");
        assert!(reached_kernel(sent));
        assert!(refused.unwrap_err().to_string().contains("needs the zone"));
        let starved = || (bound.send_to(b"", "[fe80::1]:9"), Interface::from_name("lo"));
        let (sent, named) = with_faults(&[old, full], starved).unwrap();
        assert!(reached_kernel(sent));
        assert_eq!(named.unwrap_err().raw_os_error(), Some(libc::EMFILE));
    }
}
