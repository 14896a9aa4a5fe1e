//! A host's name service: the files that the C library reads, a name server, and what `getaddrinfo`
//! answers Python there.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Host;
use super::setup::run;

/// The files of a host. The C library keeps parts of them for a process, so a test that installs
/// them runs alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files<'a> {
    /// `/etc/hosts`
    pub(crate) hosts: &'a str,
    /// The sources of names in `/etc/nsswitch.conf`.
    pub(crate) sources: &'a str,
    /// `/etc/resolv.conf`
    pub(crate) resolv: &'a str,
    /// `/etc/gai.conf`
    pub(crate) gai: &'a str,
}

impl Default for Files<'_> {
    fn default() -> Self {
        Self { hosts: "", sources: "files dns", resolv: "", gai: "" }
    }
}

impl Files<'_> {
    /// Puts the files in place for this thread and for the threads and programs that it starts.
    pub(crate) fn install(&self) -> Result<(), String> {
        // SAFETY: the call takes an integer, and concerns this thread only.
        if unsafe { libc::unshare(libc::CLONE_NEWNS) } == -1 {
            return Err(format!("no mount namespace: {}", io::Error::last_os_error()));
        }
        mount("none", "/", libc::MS_REC | libc::MS_PRIVATE)?;
        let sources = format!("hosts: {}\n", self.sources);
        for (path, text) in [
            ("/etc/hosts", self.hosts),
            ("/etc/nsswitch.conf", &sources),
            ("/etc/resolv.conf", self.resolv),
            ("/etc/gai.conf", self.gai),
        ] {
            let name = format!("inet6-{}-{}", std::process::id(), path.replace('/', "-"));
            let file = std::env::temp_dir().join(name);
            fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
            let mounted = mount(file.to_str().expect("a path of text"), path, libc::MS_BIND);
            // The mount keeps it.
            fs::remove_file(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            mounted?;
        }
        Ok(())
    }
}

fn mount(source: &str, target: &str, flags: libc::c_ulong) -> Result<(), String> {
    let [source, path] = [source, target].map(|text| CString::new(text).expect("no zero byte"));
    // SAFETY: both strings end in a zero byte, and the other pointers may be null.
    let result = unsafe {
        libc::mount(source.as_ptr(), path.as_ptr(), std::ptr::null(), flags, std::ptr::null())
    };
    if result == 0 { Ok(()) } else { Err(format!("{target}: {}", io::Error::last_os_error())) }
}

/// What the records of a name are asked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Record {
    A = 1,
    Aaaa = 28,
}

type Records = BTreeMap<String, Vec<IpAddr>>;

/// A name server on a host, at port 53 of its IPv4 addresses, over UDP.
///
/// It knows the addresses of some names, `*.example` for every name below `example`, and says of
/// every other name that it does not exist.
pub(crate) struct NameServer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    records: Records,
    /// Questions that are not answered until it is empty.
    held: Mutex<Vec<Record>>,
    asked: Mutex<Vec<(String, Record)>>,
    is_over: AtomicBool,
}

impl NameServer {
    pub(crate) fn start(host: &Host, records: &[(&str, &str)]) -> Self {
        let mut all = Records::new();
        for (name, ip) in records {
            all.entry(name.to_string()).or_default().push(ip.parse().unwrap());
        }
        let shared = Arc::new(Shared {
            records: all,
            held: Mutex::default(),
            asked: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let socket = host.run(|| UdpSocket::bind("0.0.0.0:53").unwrap());
        let server = Arc::clone(&shared);
        let thread = thread::spawn(move || server.serve(&socket));
        Self { shared, thread: Some(thread) }
    }

    /// Leaves the questions of these types unanswered from now on, or with an empty list answers
    /// all that came meanwhile.
    pub(crate) fn hold(&self, records: &[Record]) {
        *self.shared.held.lock().unwrap() = records.to_vec();
    }

    /// The questions that have come, in lower case.
    pub(crate) fn asked(&self) -> Vec<(String, Record)> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            thread::panicking() || ended.is_none_or(|it| it.is_ok()),
            "the name server panicked"
        );
    }
}

impl Shared {
    fn serve(&self, socket: &UdpSocket) {
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let mut waiting = Vec::new();
        let mut question = [0; 512];
        while !self.is_over.load(Ordering::Relaxed) {
            if let Ok((len, from)) = socket.recv_from(&mut question) {
                if let Some(query) = Question::read(&question[..len]) {
                    self.asked.lock().unwrap().push((query.name.clone(), query.record));
                    waiting.push((query, from));
                }
            }
            let held = self.held.lock().unwrap().clone();
            waiting.retain(|(query, from)| {
                let answers = !held.contains(&query.record);
                if answers {
                    // Whoever asked may have gone.
                    drop(socket.send_to(&query.answer(&self.records), from));
                }
                !answers
            });
        }
    }
}

/// A question (RFC 1035, section 4.1).
struct Question {
    id: [u8; 2],
    /// Name, type and class, as they came.
    bytes: Vec<u8>,
    name: String,
    record: Record,
}

impl Question {
    const HEADER: usize = 12;

    fn read(message: &[u8]) -> Option<Self> {
        let mut labels = Vec::new();
        let mut at = Self::HEADER;
        loop {
            let len = usize::from(*message.get(at)?);
            at += 1;
            if len == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(message.get(at..at + len)?).to_lowercase());
            at += len;
        }
        let record = match u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]) {
            1 => Record::A,
            28 => Record::Aaaa,
            _ => return None,
        };
        let bytes = message.get(Self::HEADER..at + 4)?.to_vec();
        Some(Self { id: [message[0], message[1]], bytes, name: labels.join("."), record })
    }

    fn answer(&self, records: &Records) -> Vec<u8> {
        let wildcard = self.name.split_once('.').map(|(_, zone)| format!("*.{zone}"));
        let known = records.get(&self.name).or_else(|| records.get(&wildcard?));
        let own = |ip: &&IpAddr| ip.is_ipv6() == (self.record == Record::Aaaa);
        let found: Vec<_> = known.into_iter().flatten().filter(own).collect();
        let mut answer = self.id.to_vec();
        // A response with recursion, and whether the name exists.
        answer.extend([0x81, if known.is_some() { 0x80 } else { 0x83 }]);
        answer.extend([0, 1, 0, u8::try_from(found.len()).unwrap(), 0, 0, 0, 0]);
        answer.extend(&self.bytes);
        for ip in found {
            // The name of the question, type, class, a minute to live, length.
            answer.extend([0xc0, Self::HEADER as u8, 0, self.record as u8, 0, 1, 0, 0, 0, 60, 0]);
            match ip {
                IpAddr::V4(ip) => answer.extend([4].iter().chain(&ip.octets())),
                IpAddr::V6(ip) => answer.extend([16].iter().chain(&ip.octets())),
            }
        }
        answer
    }
}

/// The addresses that `getaddrinfo` gives Python on a host, in their order; none if it fails.
pub(crate) fn python(host: &Host, name: &str, family: &str) -> Result<Vec<SocketAddr>, String> {
    const PROGRAM: &str = "
import socket, sys
try:
    found = socket.getaddrinfo(sys.argv[1], None, getattr(socket, sys.argv[2]), socket.SOCK_STREAM)
except socket.gaierror:
    found = []
for *_, address in found:
    print(address[0].split('%')[0], address[3] if len(address) > 2 else 0)
";

    let text = run(host, Command::new("python3").args(["-c", PROGRAM, name, family]), "")?;
    let lines = text.lines().map(|line| {
        let (ip, zone) = line.split_once(' ').expect("an address and a zone");
        match (ip.parse::<Ipv6Addr>(), zone.parse()) {
            (Ok(ip), Ok(zone)) => SocketAddrV6::new(ip, 0, 0, zone).into(),
            _ => SocketAddr::new(ip.parse().unwrap(), 0),
        }
    });
    Ok(lines.collect())
}
