//! The resolver of the system.

use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::thread;

use inet6::{Family, Resolve, ResolveError, ResolveErrorKind, SystemResolver};

const FAMILIES: [Family; 2] = [Family::Ipv6, Family::Ipv4];

fn find(name: &str, family: Family) -> Result<Vec<IpAddr>, ResolveErrorKind> {
    let found = SystemResolver.resolve(name, family).map_err(|error| {
        assert!(error.to_string().starts_with(&error.kind().to_string()), "{error}");
        error.kind()
    })?;
    assert!(!found.is_empty(), "{name}: neither an address nor an error");
    assert!(found.iter().all(|address| address.port() == 0), "{name}: {found:?}");
    Ok(found.iter().map(SocketAddr::ip).collect())
}

/// On Linux, the files of this machine do not matter: see below.
#[cfg(not(target_os = "linux"))]
#[test]
fn localhost_is_a_loopback_address_of_each_family() {
    for (family, address) in [
        (Family::Ipv4, IpAddr::V4(Ipv4Addr::LOCALHOST)),
        (Family::Ipv6, IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ] {
        let found = require!(find("localhost", family), "localhost in {family}");
        assert!(found.contains(&address), "{found:?}");
    }
}

#[test]
fn a_literal_is_itself() {
    assert_eq!(find("::1", Family::Ipv6), Ok(vec![Ipv6Addr::LOCALHOST.into()]));
    assert_eq!(find("127.0.0.1", Family::Ipv4), Ok(vec![Ipv4Addr::LOCALHOST.into()]));
}

/// What the C library allocates, no allocator of Rust counts.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_is_freed() {
    use crate::support::{alone, resident};

    alone(|| {
        // The first time, more of the program comes into memory.
        let [_, before, after] = [100, 100, 30_000].map(|times| {
            for _ in 0..times {
                find("::1", Family::Ipv6).unwrap();
            }
            resident()
        });
        // An answer has some hundred bytes.
        assert!(after < before + 1024, "{before} KiB, and then {after}");
    });
}

#[test]
fn an_address_of_the_other_family_is_never_given() {
    let wrong = [
        ("127.0.0.1", Family::Ipv6),
        // No IPv6 address leaves the crate that stands for an IPv4 one.
        ("::ffff:127.0.0.1", Family::Ipv6),
        ("::1", Family::Ipv4),
    ];
    for (name, family) in wrong {
        assert_eq!(find(name, family), Err(ResolveErrorKind::NoAddress), "{name}, {family:?}");
    }
}

#[test]
fn what_is_no_name_is_an_error() {
    let long = ["x".repeat(300), ["x"; 300].join(".")];
    for name in ["", "\0", "local\0host", "::1\0", &long[0], &long[1]] {
        for family in FAMILIES {
            find(name, family).unwrap_err();
        }
    }
}

/// On Linux without a network: see below.
#[cfg(not(target_os = "linux"))]
#[test]
fn an_invalid_name_does_not_exist() {
    use ResolveErrorKind::{NoSuchName, Unreachable};

    for family in FAMILIES {
        // RFC 6761, section 6.4: it never exists, and not every resolver knows. Android's says
        // "no address" of any name.
        let error = find("name.invalid", family).unwrap_err();
        let known = matches!(error, NoSuchName | Unreachable) || cfg!(target_os = "android");
        assert!(known, "{family:?}: {error}");
    }
}

#[test]
fn a_failure_tells_its_cause() {
    let error = ResolveError::new(ResolveErrorKind::Unreachable, "no answer from 192.0.2.53");
    assert_eq!(error.source().unwrap().to_string(), "no answer from 192.0.2.53");
    assert!(ResolveError::from(ResolveErrorKind::NoSuchName).source().is_none());
}

#[test]
fn both_families_are_asked_side_by_side() {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| find("::1", Family::Ipv6).unwrap());
            scope.spawn(|| find("127.0.0.1", Family::Ipv4).unwrap());
        }
    });
}

/// Runs the rest of a test in a process without a network, for which these are `/etc/hosts` and
/// the sources of names in `/etc/nsswitch.conf`.
#[cfg(target_os = "linux")]
#[track_caller]
fn with_hosts<F: FnOnce()>(hosts: &str, sources: &str, body: F) {
    use std::path::Path;
    use std::process::Command;
    use std::{env, fs};

    const MARK: &str = "INET6_HOSTS";
    const MOUNT: &str = "mount --bind \"$1\" /etc/hosts \
        && mount --bind \"$2\" /etc/nsswitch.conf || exit 1; shift 2; exec \"$@\"";

    let closure = std::any::type_name::<F>();
    let name = closure.split_once("::").and_then(|(_, path)| path.strip_suffix("::{{closure}}"));
    let name = name.expect("it is called with a closure of a test");
    if env::var_os(MARK).is_some_and(|value| value == name) {
        return body();
    }
    let file = |what: &str, text: &str| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name.replace("::", "-") + what);
        fs::write(&path, text).unwrap();
        path
    };
    let output = Command::new("unshare")
        .args(["--mount", "--net", "sh", "-c", MOUNT, "sh"])
        .arg(file(".hosts", hosts))
        .arg(file(".nsswitch", &format!("hosts: {sources}\n")))
        .args(env::var_os("INET6_EMULATOR"))
        .arg(env::current_exe().expect("the test has a path"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(MARK, name)
        .output();
    let output = require!(output, "unshare");
    let (text, why) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // A test that fails ends with 101.
    require!(output.status.code() != Some(1), "files of its own for a process: {}", why.trim());
    let passed = output.status.success() && text.contains("1 passed");
    assert!(passed, "{name}, with its own files: {}\n{text}\n{why}", output.status);
}

#[cfg(target_os = "linux")]
#[test]
fn each_family_has_its_own_addresses() {
    use ResolveErrorKind::{NoAddress, NoSuchName, Unreachable};

    const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost\n192.0.2.4 four\n\
        2001:db8::6 six\n2001:db8::66 six\n2001:db8::6 six\n::ffff:192.0.2.7 mapped\n";
    with_hosts(HOSTS, "files", || {
        let sorted = |name, family| {
            let mut found = find(name, family).unwrap();
            found.sort_unstable();
            found.iter().map(IpAddr::to_string).collect::<Vec<_>>()
        };
        assert_eq!(sorted("localhost", Family::Ipv6), ["::1"]);
        // Once, though glibc makes it of `::1` too.
        assert_eq!(sorted("localhost", Family::Ipv4), ["127.0.0.1"]);
        assert_eq!(sorted("four", Family::Ipv4), ["192.0.2.4"]);
        assert_eq!(sorted("six", Family::Ipv6), ["2001:db8::6", "2001:db8::66"]);

        // For a name of this file glibc does not tell the two apart.
        for (name, family) in
            [("six", Family::Ipv4), ("four", Family::Ipv6), ("mapped", Family::Ipv6)]
        {
            let error = find(name, family).unwrap_err();
            assert!(matches!(error, NoAddress | NoSuchName), "{name}, {family:?}: {error}");
        }
        // musl does not read nsswitch.conf, and asks a name server, which is out of reach.
        let nobody = if cfg!(target_env = "musl") { Unreachable } else { NoSuchName };
        for family in FAMILIES {
            assert_eq!(find("nobody", family), Err(nobody));
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_resolver_out_of_reach_is_not_a_name_that_does_not_exist() {
    with_hosts("127.0.0.1 here\n", "files dns", || {
        assert_eq!(find("here", Family::Ipv4), Ok(vec![Ipv4Addr::LOCALHOST.into()]));
        for family in FAMILIES {
            assert_eq!(find("name.invalid", family), Err(ResolveErrorKind::Unreachable));
        }
    });
}

/// A name server that takes questions and never answers, in a process with a network of its own.
#[cfg(target_os = "linux")]
#[test]
fn deadline_and_cancel_hold_while_the_resolver_of_the_system_hangs() {
    use std::net::UdpSocket;
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    use crate::support::PATIENCE;
    use inet6::{Builder, Cancel, HappyEyeballs, HostError, HostErrorKind};

    const SET_UP: &str = "ip link set lo up && mount --bind \"$1\" /etc/resolv.conf";

    fn lost(host: &HappyEyeballs) -> HostError {
        Builder::stream().connect_host(host).unwrap_err()
    }

    with_hosts("127.0.0.1 here\n", "files dns", || {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hanging.resolv");
        std::fs::write(&path, "nameserver 127.0.0.1\n").unwrap();
        let set_up = Command::new("sh").args(["-c", SET_UP, "sh"]).arg(path).status().unwrap();
        assert!(set_up.success(), "{set_up}");
        // Nobody else is in this network.
        let server = UdpSocket::bind("127.0.0.1:53").unwrap();
        server.set_read_timeout(Some(PATIENCE)).unwrap();
        let was_asked_for = |label: &[u8]| loop {
            let mut question = [0; 512];
            let len = server.recv(&mut question).unwrap();
            if question[..len].windows(label.len()).any(|part| part == label) {
                break;
            }
        };

        let host = HappyEyeballs::to("late.invalid:80").deadline(Duration::from_millis(50));
        let error = lost(&host);
        assert_eq!(error.kind(), HostErrorKind::TimedOut, "{error}");
        assert!(error.report().answers.is_empty(), "{error}");
        was_asked_for(b"late");

        let cancel = Cancel::new();
        let host = HappyEyeballs::to("unwanted.invalid:80").cancel(&cancel);
        let race = thread::spawn(move || lost(&host));
        was_asked_for(b"unwanted");
        cancel.cancel();
        let error = race.join().unwrap();
        assert_eq!(error.kind(), HostErrorKind::Cancelled, "{error}");
        assert!(error.report().answers.is_empty(), "{error}");
    });
}
