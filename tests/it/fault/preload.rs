//! Libraries that stand before the system's (ld.so(8), `LD_PRELOAD`).

use std::env::{self, temp_dir};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::example::{Server, example, output};

/// A library to be preloaded, until the test ends; none where this process has it already.
pub(super) struct Library(Option<PathBuf>);

impl Library {
    /// Compiles a file of this folder.
    pub(super) fn build(name: &str) -> Result<Self, String> {
        if env::var_os("INET6_ALONE").is_some() {
            return Ok(Self(None));
        }
        if !cfg!(target_env = "gnu") {
            return Err("this program is not linked dynamically".into());
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = temp_dir().join(format!("inet6-{name}-{}-{number}.so", std::process::id()));
        let source = format!("{}/tests/it/fault/{name}.c", env!("CARGO_MANIFEST_DIR"));
        // scripts/test-targets names the one for its target.
        let mut compiler = Command::new(env::var_os("INET6_CC").unwrap_or_else(|| "cc".into()));
        compiler.args(["-std=gnu11", "-Wall", "-Werror", "-O1", "-shared", "-fPIC", "-o"]);
        let built = compiler.arg(&path).arg(source).output();
        let built = built.map_err(|error| format!("cc: {error}"))?;
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let library = Self(Some(path.clone()));
        // elf(5): the class of the file, and further on the machine that it is for.
        let machine = |path: &PathBuf| -> io::Result<[u8; 3]> {
            let mut header = [0; 20];
            File::open(path)?.read_exact(&mut header)?;
            Ok([header[4], header[18], header[19]])
        };
        let this = env::current_exe().and_then(|path| machine(&path));
        match (this, machine(&path)) {
            (Ok(this), Ok(that)) if this == that => Ok(library),
            (this, that) => Err(format!("cc is for another machine: {that:?} and not {this:?}")),
        }
    }

    /// What `LD_PRELOAD` of a process with it holds.
    pub(super) fn path(&self) -> OsString {
        self.0.as_ref().map(OsString::from).unwrap_or_default()
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            fs::remove_file(path).unwrap();
        }
    }
}

/// The libraries of proxies and of Tor are of this kind.
#[test]
fn an_example_connects_where_a_preloaded_library_leads_it() {
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
