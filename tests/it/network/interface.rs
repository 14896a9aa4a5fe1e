//! Many interfaces, and interfaces that change while they are listed.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use inet6::interface::Interface;

use crate::lab::Host;
use crate::support::*;

/// A host with so many interfaces beside loopback, every other of which has an address.
fn host_with(count: usize) -> Result<Host, String> {
    let host = Host::new()?;
    let pairs = (1..=count / 2).flat_map(|number| {
        [
            format!("link add a{number} type veth peer name b{number}"),
            format!("address add 2001:db8:{number:x}::1/64 dev a{number} nodad"),
        ]
    });
    host.ip_lines(&pairs.collect::<Vec<_>>())?;
    Ok(host)
}

#[test]
fn list_asks_for_no_single_interface() {
    for count in [2, 100, 500] {
        let host = require!(host_with(count), "the lab");
        let one = |call| Fault { call, arguments: &[], errno: libc::EPERM };
        let list = || host.run(|| with_faults(&[one(libc::SYS_ioctl)], Interface::list));
        let all = require!(list(), "faults").unwrap();
        assert_eq!(all.iter().count(), 1 + count);
        for number in 1..=count / 2 {
            let (name, bare) = (format!("a{number}"), format!("b{number}"));
            let addresses = |name: &str| {
                let info = all.iter().find(|info| info.name() == name).unwrap();
                info.addresses().iter().map(ToString::to_string).collect::<Vec<_>>()
            };
            assert_eq!(addresses(&name), [format!("2001:db8:{number:x}::1/64")]);
            assert_eq!(addresses(&bare), [""; 0]);
        }

        // As scripts/count-syscalls counts them, with the bytes: here an interface has 1,500.
        let gate = Gate::default();
        let calls = host.run(|| gate.run(libc::SYS_recvfrom, Interface::list).map(drop));
        require!(calls, "a gate");
        assert!(gate.calls() <= 6 + count * 2048 / 16_384, "{} for {count}", gate.calls());
    }
}

#[test]
fn addresses_are_those_of_this_end() {
    let host = require!(host_with(2), "the lab");
    host.ip("address add 192.0.2.1 peer 192.0.2.2/30 dev b1");
    host.ip("address add 2001:db8:1::1 peer 2001:db8:1::2/126 dev b1 nodad");
    host.ip("address add 192.0.2.9/24 dev b1 label b1:9");
    let all = host.run(Interface::list).unwrap();
    let info = all.iter().find(|info| info.name() == "b1").unwrap();
    let addresses: BTreeSet<_> = info.addresses().iter().map(ToString::to_string).collect();
    let expected = ["192.0.2.1/30", "192.0.2.9/24", "2001:db8:1::1/126"];
    assert_eq!(addresses, expected.map(ToString::to_string).into());
}

/// What stays is listed with its addresses, whatever comes and goes meanwhile.
#[test]
fn changes_during_a_list_lose_nothing() {
    let host = require!(host_with(60), "the lab");
    let before = host.run(Interface::list).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let changing = scope.spawn(|| {
            let change = ["link add x type veth peer name y", "link delete x"];
            let changes = change.repeat(20).into_iter().map(String::from).collect::<Vec<_>>();
            while !done.load(Ordering::Acquire) {
                host.ip_lines(&changes).unwrap();
            }
        });
        let mut seen = BTreeSet::new();
        host.run(|| {
            wait_until("a change is seen", || {
                let all = match Interface::list() {
                    Ok(all) => all,
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}");
                        return false;
                    }
                };
                for info in &before {
                    assert_eq!(all.get(info.interface()), Some(info));
                }
                seen.insert(all.iter().count());
                seen.len() > 1
            });
        });
        done.store(true, Ordering::Release);
        changing.join().unwrap();
    });
}
