//! Interfaces: names, indexes and addresses.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use inet6::{Interface, Zone};

#[test]
fn names_and_indexes_lead_to_each_other() {
    let all = Interface::list().unwrap();
    assert!(!all.is_empty());
    for interface in all {
        let name = interface.name().unwrap();
        assert_eq!(Interface::from_name(&name).unwrap(), interface, "{name}");
        assert_eq!(Interface::from_index(interface.index()), interface);
        assert_eq!(interface.to_string(), interface.index().to_string());
    }
}

#[test]
fn the_list_has_no_interface_twice_and_rises() {
    let all = Interface::list().unwrap();
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{all:?}");
}

#[test]
fn some_interface_has_the_loopback_address() {
    let mut all = Interface::list().unwrap().into_iter();
    let expected = (IpAddr::V6(Ipv6Addr::LOCALHOST), 128);
    let found = all.any(|interface| interface.addresses().unwrap().contains(&expected));
    assert!(found);
}

#[cfg(target_os = "linux")]
#[test]
fn addresses_leave_mapped_ones_out() {
    let host = require!(crate::lab::Host::new(), "the lab");
    host.ip("link set lo up");
    host.ip("addr add ::ffff:192.0.2.9/128 dev lo");
    host.ip("addr add 2001:db8::9/128 dev lo");
    let found = host.run(|| Interface::list().unwrap()[0].addresses().unwrap());
    let found: Vec<String> = found.iter().map(|(ip, _)| ip.to_string()).collect();
    assert!(found.contains(&"2001:db8::9".to_owned()), "{found:?}");
    assert!(!found.iter().any(|ip| ip.contains("192.0.2.9")), "{found:?}");
}

#[test]
fn an_unknown_name_is_an_error_that_names_it() {
    for name in ["nowhere", "", "a name longer than any name of an interface", "no\0where"] {
        let error = Interface::from_name(name).unwrap_err();
        assert!(error.to_string().contains(&name.escape_debug().to_string()), "{error}");
        let error = std::io::Error::from(error);
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}

#[test]
fn an_index_without_an_interface_has_no_name_and_no_addresses() {
    let nowhere = Interface::from_index(NonZeroU32::MAX);
    nowhere.name().unwrap_err();
    assert_eq!(nowhere.addresses().unwrap(), []);
}

#[test]
fn a_zone_is_looked_up_by_name_and_taken_by_index() {
    let first = Interface::list().unwrap()[0];
    let by_name: Zone = first.name().unwrap().parse().unwrap();
    assert_eq!(Interface::try_from(&by_name).unwrap(), first);
    let by_index = Zone::from(first);
    assert_eq!(by_index.index(), Some(first.index()));
    assert_eq!(Interface::try_from(&by_index).unwrap(), first);
    let unknown: Zone = "nowhere".parse().unwrap();
    Interface::try_from(&unknown).unwrap_err();
}

#[cfg(target_os = "linux")]
#[test]
fn the_kernel_tells_the_same() {
    // proc_net: if_inet6 has address, index, prefix length, scope, flags and name, in hexadecimal.
    let table = std::fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap();
    let number = |text| u32::from_str_radix(text, 16).unwrap();
    for line in table.lines() {
        let fields: Vec<_> = line.split_whitespace().collect();
        let ip = Ipv6Addr::from(u128::from_str_radix(fields[0], 16).unwrap());
        let interface = Interface::from_name(fields[5]).unwrap();
        assert_eq!(interface.index().get(), number(fields[1]));
        let address = (IpAddr::V6(ip), number(fields[2]) as u8);
        assert!(interface.addresses().unwrap().contains(&address), "{line}");
    }
}
