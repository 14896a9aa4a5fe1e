//! Libraries that stand before the system's (ld.so(8), `LD_PRELOAD`).

use std::collections::HashSet;
use std::env::{self, temp_dir};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::example::{Server, example, output};
use crate::support::compile_library;

/// A library to be preloaded, until the test ends; none where this process has it already.
pub(super) struct Library(Option<PathBuf>);

impl Library {
    /// Compiles a file of this folder.
    pub(super) fn build(name: &str) -> Result<Self, String> {
        if env::var_os("INET6_ALONE").is_some() {
            return Ok(Self(None));
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = temp_dir().join(format!("inet6-{name}-{}-{number}.so", std::process::id()));
        let library = Self(Some(path.clone()));
        compile_library(&format!("tests/it/fault/{name}.c"), &path)?;
        Ok(library)
    }

    /// What `LD_PRELOAD` of a process with it holds.
    pub(super) fn path(&self) -> OsString {
        self.0.as_ref().map(OsString::from).unwrap_or_default()
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // There is none if there is no compiler.
        if let Some(path) = self.0.as_ref().filter(|path| path.exists()) {
            fs::remove_file(path).unwrap();
        }
    }
}

/// The libraries of proxies and of Tor are of this kind.
#[test]
fn preloaded_library_redirects_example() {
    let library = require!(Library::build("proxy"), "the library");
    let mut server = require!(example("echo_server"), "the example");
    let mut client = require!(example("echo_client"), "the example");
    let server = Server::start(server.args(["--listen", "[::1]:0"]));
    // The discard service, which is not there.
    let client = client.args(["[::1]:9", "led elsewhere"]);
    let client = client.env("LD_PRELOAD", library.path());
    let echoed = output(client.env("INET6_PROXY", server.address.port().to_string()));
    assert!(echoed.contains("led elsewhere"), "{echoed}");
}

/// Returns the calls on sockets among `lines`, each "NAME DESCRIPTOR": those that make one, and
/// those on a descriptor that one of them made.
fn calls_on_sockets(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut sockets = HashSet::new();
    lines
        .filter(|line| {
            let (name, fd) = line.split_once(' ').unwrap();
            match name {
                "socket" | "accept4" => sockets.insert(fd.to_owned()),
                "close" => sockets.remove(fd),
                _ => sockets.contains(fd),
            }
        })
        .collect()
}

/// Reads a line of strace(1), "NAME(DESCRIPTOR, ...) = RESULT", as "NAME DESCRIPTOR".
fn traced_call(line: &str) -> String {
    let (name, rest) = line.split_once('(').unwrap();
    let fd = match name {
        // After the number of a failure comes its name.
        "socket" | "accept4" => rest.rsplit_once("= ").unwrap().1.split(' ').next().unwrap(),
        _ => rest.split([',', ')']).next().unwrap(),
    };
    format!("{name} {fd}")
}

/// What is hidden from such a library is hidden from proxies, from mptcpize and from sanitisers.
#[test]
fn example_calls_stay_visible() {
    let library = require!(Library::build("calls"), "the library");
    let quickstart = require!(example("quickstart"), "the example");
    let calls = "socket,accept4,connect,getsockopt,setsockopt,close";
    let files = ["seen", "traced"]
        .map(|name| temp_dir().join(format!("inet6-calls-{}-{name}", std::process::id())));
    let [seen, traced] = &files;
    fs::write(seen, "").unwrap();
    let mut strace = Command::new("strace");
    strace.args(["-e", &format!("trace={calls}"), "-qq", "-o"]).arg(traced);
    for (name, value) in [("LD_PRELOAD", library.path()), ("INET6_CALLS", seen.into())] {
        let mut setting = OsString::from(format!("{name}="));
        setting.push(value);
        strace.arg("-E").arg(setting);
    }
    let ran = require!(strace.arg(quickstart.get_program()).output(), "strace");
    let [seen, traced] = files.map(|file| {
        let text = fs::read_to_string(&file).unwrap();
        fs::remove_file(file).unwrap();
        text
    });
    assert!(ran.status.success(), "{ran:?}");

    let seen = calls_on_sockets(seen.lines().map(str::to_owned));
    let traced = calls_on_sockets(traced.lines().map(traced_call));
    for name in calls.split(',') {
        assert!(seen.iter().any(|call| call.starts_with(name)), "no {name}: {seen:?}");
    }
    assert_eq!(seen, traced);
}
