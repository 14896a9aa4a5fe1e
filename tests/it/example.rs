//! The examples, and clients and servers that were written elsewhere.

use std::env::{self, consts::EXE_SUFFIX};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread;

use inet6::{Builder, TcpListener, UdpSocket};

use crate::support::*;

mod each;

/// An example, which `cargo test` has built.
pub(crate) fn example(name: &str) -> Result<Command, String> {
    let test = env::current_exe().map_err(|error| error.to_string())?;
    // target/debug/deps/it-… and target/debug/examples/…
    let directory = test.parent().and_then(|deps| deps.parent()).ok_or("no target directory")?;
    let path: PathBuf = directory.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    if path.exists() { Ok(program(&path)) } else { Err(format!("{} is not built", path.display())) }
}

/// A program written elsewhere, or why it cannot be used here.
fn foreign(name: &str) -> Result<Command, String> {
    let version = if name == "socat" { "-V" } else { "--version" };
    let mut asked = Command::new(name);
    let found = asked.arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.map(|_| Command::new(name)).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("{name} is not there"),
        _ => format!("{name}: {error}"),
    })
}

/// Starts a program.
///
/// Wine was seen to refuse one of some hundred programs on a loaded machine, with
/// `ERROR_INTERNAL_ERROR`. A program that was refused has not run, so this tries again.
#[track_caller]
fn spawn(command: &mut Command) -> Child {
    const ERROR_INTERNAL_ERROR: i32 = 1359;
    for _ in 1..5 {
        match command.spawn() {
            Err(error) if cfg!(windows) && error.raw_os_error() == Some(ERROR_INTERNAL_ERROR) => {}
            child => return child.unwrap(),
        }
    }
    command.spawn().unwrap()
}

/// Runs a program to its end.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn(command).wait_with_output().unwrap()
}

/// A program that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        if self.0.kill().is_ok() {
            drop(self.0.wait());
        }
    }
}

/// A server that ends with the test.
pub(crate) struct Server {
    _child: Ended,
    lines: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a server and reads the line in which it says where it listens.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()));
        let lines = BufReader::new(child.stdout.take().unwrap());
        let address = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        let mut server = Self { _child: Ended(child), lines, address };
        let line = server.line();
        let address = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}"));
        // std reads zones as numbers only, and these are printed so.
        server.address = address.parse().unwrap_or_else(|error| panic!("{address}: {error}"));
        server
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn port(&self) -> String {
        self.address.port().to_string()
    }
}

#[track_caller]
pub(crate) fn output(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = run(command);
    let text = String::from_utf8_lossy(&stdout).into_owned();
    assert!(
        status.success(),
        "{command:?}: {status}\n{text}\n{}",
        String::from_utf8_lossy(&stderr)
    );
    text
}

/// Runs a program with this as its standard input, and gives what it prints.
#[track_caller]
fn talk(command: &mut Command, input: &str) -> String {
    let mut child = spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The walk of every tutorial, as a client: it prints what came back, and its own address.
const PYTHON_CLIENT: &str = "
import socket, sys
host, port, text = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
family = socket.AF_INET if '.' in host else socket.AF_INET6
address = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4]
s = socket.socket(family, socket.SOCK_STREAM)
s.connect(address)
print(s.getsockname()[1])
s.sendall(text)
data = b''
while len(data) < len(text):
    more = s.recv(1024)
    assert more, 'the answer ends early'
    data += more
print(data.decode())
s.close()
";

/// The same as a server, which answers one client.
const PYTHON_SERVER: &str = "
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
s.bind(('::1', 0))
s.listen(1)
print('listening on [::1]:%d' % s.getsockname()[1], flush=True)
conn, addr = s.accept()
print('accepted [%s]:%d' % addr[:2], flush=True)
data = conn.recv(1024)
conn.send(b'Hello, client! ' + data)
conn.close()
s.close()
";

const PYTHON_DATAGRAMS: &str = "
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
family = socket.AF_INET if '.' in host else socket.AF_INET6
address = socket.getaddrinfo(host, port, family, socket.SOCK_DGRAM)[0][4]
s = socket.socket(family, socket.SOCK_DGRAM)
s.settimeout(20)
for text in (b'one', b'', b'three'):
    s.sendto(text, address)
    data, peer = s.recvfrom(1024)
    assert data == text, (data, text)
    assert peer[:2] == address[:2], (peer, address)
print('answered')
";

fn python(script: &str, arguments: &[&str]) -> Result<Command, String> {
    let mut command = foreign("python3")?;
    command.args(["-c", script]).args(arguments);
    Ok(command)
}

/// One line of import: the client that is banned as 127.0.0.1 gets in with std, and not here.
#[test]
fn import_decides_whether_deny_list_holds() {
    let text = output(&mut require!(example("deny_list"), "the example"));
    let [ours, std] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
    assert!(ours.starts_with("use inet6::TcpListener; ") && ours.ends_with(" is banned"), "{text}");
    assert!(ours.contains(" 127.0.0.1:"), "{text}");
    assert!(std.starts_with("use std::net::TcpListener; "), "{text}");
    if cfg!(target_os = "linux") {
        assert!(std.contains(" [::ffff:127.0.0.1]:") && std.ends_with(" gets in"), "{text}");
    }
}

#[test]
fn quickstart_walks_through() {
    let text = output(&mut require!(example("quickstart"), "the examples"));
    assert!(text.contains("Hello, client!"), "{text}");
    assert!(text.contains("127.0.0.1:"), "both modes are shown: {text}");
    assert!(!text.contains("::ffff:"), "{text}");
}

#[test]
fn interfaces_prints_the_loopback_address() {
    let text = output(&mut require!(example("interfaces"), "the examples"));
    assert!(text.contains("::1"), "{text}");
}

#[test]
fn options_prints_a_table() {
    let text = output(&mut require!(example("options"), "the examples"));
    for name in ["ReuseAddress", "NoDelay", "UnicastHops", "MulticastLoop"] {
        assert!(text.contains(name), "{name} is missing: {text}");
    }
}

#[test]
fn echo_examples_talk_to_each_other() {
    for (listen, dual_stack) in [("[::1]:0", false), ("[::1]:0", true), ("127.0.0.1:0", true)] {
        let mut command = require!(example("echo_server"), "the examples");
        command.args(["--listen", listen]).args((!dual_stack).then_some("--v6-only"));
        let mut server = Server::start(&mut command);
        assert_ne!(server.address.port(), 0);
        let client = |server: &Server| {
            let mut command = example("echo_client").unwrap();
            command.arg(server.address.to_string());
            command
        };
        let text = output(client(&server).arg("some text"));
        assert!(text.contains("some text"), "{text}");
        let accepted = server.line();
        let peer: SocketAddr = accepted.strip_prefix("accepted ").unwrap().parse().unwrap();
        assert_eq!(peer.ip(), server.address.ip());
        assert!(!output(&mut client(&server)).trim().is_empty(), "there is a text of its own");
    }
}

#[test]
fn examples_explain_bad_address() {
    let cases = [
        ("[fe80::1]:0", "fe80::1%eth0"),
        ("127.0.0.1:0", "is an IPv4 address"),
        ("localhost:0", "`connect_host` looks host names up"),
        ("[::1]", "has no port"),
    ];
    for (address, text) in cases {
        for name in ["echo_server", "udp_echo_server"] {
            let mut command = require!(example(name), "the examples");
            let output = run(command.args(["--listen", address, "--v6-only"]));
            assert!(!output.status.success(), "{name} listens on {address}");
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(message.contains(text), "{name} {address}: {message}");
        }
    }
}

#[test]
fn python_walks_with_the_echo_server() {
    let mut command = require!(example("echo_server"), "the examples");
    let mut server = Server::start(command.args(["--listen", "[::1]:0"]));
    let port = server.port();
    let client = python(PYTHON_CLIENT, &["::1", &port, "Hello, server!"]);
    let text = output(&mut require!(client, "Python"));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[1], "Hello, server!");
    assert_eq!(server.line(), format!("accepted [::1]:{}", lines[0]));
}

#[test]
fn python_over_ipv4_is_plain_peer() {
    let mut command = require!(example("echo_server"), "the examples");
    let mut server = Server::start(command.args(["--listen", "[::]:0"]));
    let port = server.port();
    for (host, shown) in [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")] {
        let client = python(PYTHON_CLIENT, &[host, &port, "text"]);
        let text = output(&mut require!(client, "Python"));
        let mut lines = text.lines();
        assert_eq!(server.line(), format!("accepted {shown}:{}", lines.next().unwrap()));
        assert_eq!(lines.next(), Some("text"));
    }
}

#[test]
fn echo_client_talks_to_python() {
    let mut client = require!(example("echo_client"), "the examples");
    let mut server = Server::start(&mut require!(python(PYTHON_SERVER, &[]), "Python"));
    let text = output(client.args([&server.address.to_string(), "Hello, server!"]));
    assert!(text.contains("Hello, client! Hello, server!"), "{text}");
    assert!(server.line().starts_with("accepted [::1]:"));
}

#[test]
fn python_exchanges_datagrams_with_server() {
    for (listen, host) in
        [("[::1]:0", "::1"), ("[::]:0", "127.0.0.1"), ("127.0.0.1:0", "127.0.0.1")]
    {
        let mut command = require!(example("udp_echo_server"), "the examples");
        command.args(["--listen", listen]).args((host == "::1").then_some("--v6-only"));
        let mut server = Server::start(&mut command);
        let client = python(PYTHON_DATAGRAMS, &[host, &server.port()]);
        assert_eq!(output(&mut require!(client, "Python")).trim(), "answered");
        let line = server.line();
        assert!(line.contains(host) && !line.contains("::ffff:"), "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn server_shards_answer_alike() {
    for arguments in [&["--shards", "3"][..], &["--shards", "2", "--by-cpu"], &[]] {
        let mut command = require!(example("sharded_udp_server"), "the examples");
        command.args(["--listen", "[::1]:0"]).args(arguments);
        let mut server = Server::start(&mut command);
        let mut shards = Vec::new();
        for _ in 0..50 {
            let client = socket().connect(server.address.to_string()).unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client.send(b"ping").unwrap();
            let mut buffer = [0; 8];
            assert_eq!(client.recv(&mut buffer).unwrap(), 4);
            let line = server.line();
            let (shard, rest) = line.split_once(": ").unwrap();
            assert_eq!(rest, format!("4 bytes from {}", client.local_addr().unwrap()));
            shards.push(shard.to_owned());
        }
        shards.sort();
        shards.dedup();
        if arguments == ["--shards", "3"] {
            // That a hash sends all of them to one happens once in 3 to the 49th.
            assert!(shards.len() > 1 && shards.len() <= 3, "{shards:?}");
        }
    }
    for (arguments, what) in [("--shards 0", "zero"), ("--shards", "usage"), ("--other", "usage")] {
        let mut command = require!(example("sharded_udp_server"), "the examples");
        let output = run(command.args(arguments.split(' ')));
        let text = String::from_utf8_lossy(&output.stderr).to_lowercase();
        assert!(!output.status.success() && text.contains(what), "{text}");
    }
}

#[test]
fn socat_is_echoed_by_both_servers() {
    let mut socat = require!(foreign("socat"), "socat");
    let mut command = require!(example("echo_server"), "the examples");
    let server = Server::start(command.args(["--listen", "[::1]:0"]));
    let to = format!("TCP6:[::1]:{}", server.port());
    assert_eq!(talk(socat.args(["-t20", "-", &to]), "over socat"), "over socat");

    let mut command = example("udp_echo_server").unwrap();
    let server = Server::start(command.args(["--listen", "[::1]:0"]));
    let to = format!("UDP6:[::1]:{},shut-none", server.port());
    let mut socat = foreign("socat").unwrap();
    // A datagram has no end: socat is told how much to wait for.
    assert_eq!(talk(socat.args(["-t1", "-", &to]), "datagram"), "datagram");
}

#[test]
fn socat_echoes_echo_client() {
    let mut client = require!(example("echo_client"), "the examples");
    let mut socat = require!(foreign("socat"), "socat");
    socat.args(["-dd", "TCP6-LISTEN:0,bind=[::1]", "EXEC:cat"]);
    let mut child = socat.stderr(Stdio::piped()).spawn().unwrap();
    // `… N listening on AF=10 [0000:…:0001]:39187`
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let port = loop {
        let line = lines.next().expect("socat says where it listens").unwrap();
        if line.contains("listening on") {
            break line.rsplit(':').next().unwrap().trim().to_owned();
        }
    };
    let reading = thread::spawn(move || lines.map_while(Result::ok).count());
    let text = output(client.args([&format!("[::1]:{port}"), "over socat"]));
    assert!(text.contains("over socat"), "{text}");
    assert!(child.wait().unwrap().success());
    reading.join().unwrap();
}

#[test]
fn curl_reads_an_answer() {
    let mut curl = require!(foreign("curl"), "curl");
    let listener = dual_listener();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let mut peers = Vec::new();
        for _ in 0..2 {
            let (mut stream, peer) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            assert!(request.starts_with(b"GET /path HTTP/1.1\r\n"));
            let body = format!("Hello, {}!\n", peer.ip());
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            write!(stream, "{head}{body}").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            peers.push(peer);
        }
        peers
    });
    let options = ["--silent", "--show-error", "--fail", "--noproxy", "*", "--max-time", "20"];
    let text = output(curl.args(options).arg(format!("http://[::1]:{port}/path")));
    assert_eq!(text, "Hello, ::1!\n");
    let mut curl = foreign("curl").unwrap();
    let text = output(curl.args(options).arg(format!("http://127.0.0.1:{port}/path")));
    assert_eq!(text, "Hello, 127.0.0.1!\n");
    let peers = server.join().unwrap();
    assert!(peers[0].is_ipv6() && peers[1].is_ipv4(), "{peers:?}");
}

#[test]
fn pythons_own_server_is_connected_to() {
    let mut server = Server::start(&mut require!(python(PYTHON_SERVER, &[]), "Python"));
    let mut stream = Builder::stream().connect(server.address).unwrap();
    let accepted = server.line();
    assert_eq!(accepted, format!("accepted {}", stream.local_addr().unwrap()));
    stream.write_all(b"from Rust").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "Hello, client! from Rust");
}

#[cfg(target_os = "linux")]
#[test]
fn foreign_clients_reach_link_local_servers() {
    use crate::lab::Lab;

    let lab = require!(Lab::new(), "the lab");
    let zone = Lab::index(&lab.left);
    let mut command = require!(example("echo_server"), "the examples");
    let mut server = lab.left.run(|| Server::start(command.args(["--listen", "[fe80::1%wire]:0"])));
    let SocketAddr::V6(address) = server.address else { panic!("{}", server.address) };
    assert_eq!(address.scope_id(), zone);
    let port = server.port();

    let mut client = require!(python(PYTHON_CLIENT, &["fe80::1%wire", &port, "text"]), "Python");
    let text = lab.right.run(|| output(&mut client));
    let mut lines = text.lines();
    let source = lines.next().unwrap();
    assert_eq!(lines.next(), Some("text"));
    assert_eq!(server.line(), format!("accepted [fe80::2%{zone}]:{source}"));

    let mut socat = require!(foreign("socat"), "socat");
    let to = format!("TCP6:[fe80::1%wire]:{port}");
    let echoed = lab.right.run(|| talk(socat.args(["-t20", "-", &to]), "over socat"));
    assert_eq!(echoed, "over socat");
    assert!(server.line().starts_with(&format!("accepted [fe80::2%{zone}]:")));

    let mut client = example("echo_client").unwrap();
    client.args([&format!("[fe80::1%wire]:{port}"), "own client"]);
    assert!(lab.right.run(|| output(&mut client)).contains("own client"));

    let mut command = example("udp_echo_server").unwrap();
    let mut server = lab.left.run(|| Server::start(command.args(["--listen", "[fe80::1%wire]:0"])));
    let arguments = ["fe80::1%wire", &server.port()];
    let mut client = python(PYTHON_DATAGRAMS, &arguments).unwrap();
    assert_eq!(lab.right.run(|| output(&mut client)).trim(), "answered");
    assert!(server.line().contains(&format!("[fe80::2%{zone}]:")));
}

#[cfg(target_os = "linux")]
#[test]
fn ping6_reports_replies_and_losses() {
    use crate::lab::Lab;

    let lab = require!(Lab::new(), "the lab");
    lab.right.allow_echo();
    let zone = Lab::index(&lab.right);
    let ping = |arguments: &[&str]| {
        let mut command = example("ping6")?;
        let output = lab.right.run(|| command.args(arguments).output());
        let Output { status, stdout, stderr } = output.map_err(|error| error.to_string())?;
        let [text, why] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Ok::<_, String>((status.success(), text, why))
    };
    let (success, text, why) =
        require!(ping(&["-c", "3", "-i", "0.5", "fe80::1%wire"]), "examples");
    assert!(success, "{text}{why}");
    let lines: Vec<&str> = text.lines().collect();
    for (line, sequence) in lines.iter().zip(1..=3) {
        let start = format!("fe80::1%{zone}: sequence {sequence}, hop limit 64, ");
        assert!(line.starts_with(&start) && line.ends_with(" ms"), "{text}");
    }
    assert_eq!(lines[3], "3 sent, 3 received, 0% lost", "{text}");

    lab.left.sysctl("ipv6/conf/wire/hop_limit", "9");
    let all_but_one = "icmpv6 type echo-request icmpv6 sequence != 2";
    require!(lab.left.arriving().drop(all_but_one), "nftables");
    let ask = |host: &str| ping(&["-i", "0.3", "-s", "1000", host]).unwrap();
    let (success, text, _) = ask("2001:db8::1");
    assert!(success && text.starts_with("2001:db8::1: sequence 2, hop limit 9, "), "{text}");
    assert!(text.contains("\n4 sent, 1 received, 75% lost\n"), "{text}");

    lab.left.let_all_through();
    require!(lab.left.arriving().drop("icmpv6 type echo-request"), "nftables");
    let (success, text, why) = ask("2001:db8::1");
    assert!(!success && why.contains("nothing came back"), "{text}{why}");
    assert_eq!(text, "4 sent, 0 received, 100% lost\n");

    for (host, expected) in [("fe80::1", "fe80::1%eth0"), ("192.0.2.1", "is an IPv4 address")] {
        let (success, text, why) = ask(host);
        assert!(!success && text.is_empty() && why.contains(expected), "{host}: {text}{why}");
    }
    // Nobody was let in on the other host.
    let mut command = example("ping6").unwrap();
    let output = lab.left.run(|| command.arg("::1").output()).unwrap();
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && why.contains("net.ipv4.ping_group_range"), "{why}");
}

#[test]
fn fetch_reads_python_file_server() {
    let mut command = require!(foreign("python3"), "Python");
    command.args(["-u", "-m", "http.server", "0", "--bind", "::", "--directory"]);
    command.arg(env!("CARGO_MANIFEST_DIR")).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Ended(spawn(&mut command));
    // `Serving HTTP on :: port 41027 (http://[::]:41027/) ...`
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next());
    let port = port.unwrap_or_else(|| panic!("{line}"));
    for (host, verbose) in
        [("[::1]", false), ("[::1]", true), ("127.0.0.1", true), ("localhost", true)]
    {
        let host = format!("{host}:{port}");
        let mut fetch = require!(example("fetch"), "the examples");
        fetch.arg(&host).args(verbose.then_some("--verbose"));
        let Output { status, stdout, stderr } = run(&mut fetch);
        let (page, race) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{race}");
        assert!(page.starts_with("HTTP/1.0 200 OK\r\n"), "{page}");
        assert!(page.contains("Cargo.toml"), "{page}");
        assert_eq!(race.is_empty(), !verbose, "{race}");
        if verbose {
            assert!(race.contains(&host) && race.contains("connected"), "{race}");
        }
    }
}

#[test]
fn fetch_explains_failure() {
    let unused = socket().local_addr().unwrap();
    for (host, text) in [
        (unused.to_string(), "connection refused"),
        ("[fe80::1]:80".into(), "fe80::1%eth0"),
        ("[::1]:none".into(), "`none` is not a port"),
        ("no such name".into(), "cannot use the host"),
    ] {
        let mut fetch = require!(example("fetch"), "the examples");
        let output = run(fetch.arg(&host));
        assert!(!output.status.success(), "{host}");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(message.contains(text), "{host}: {message}");
    }
}

#[test]
fn socket_receives_python_datagrams() {
    let server = socket();
    let port = server.local_addr().unwrap().port();
    let client = python(PYTHON_DATAGRAMS, &["::1", &port.to_string()]);
    let mut client = require!(client, "Python");
    let client = thread::spawn(move || output(&mut client));
    let mut buffer = [0; 1024];
    for expected in [&b"one"[..], b"", b"three"] {
        let (len, peer) = server.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], expected);
        server.send_to(&buffer[..len], peer).unwrap();
    }
    assert_eq!(client.join().unwrap().trim(), "answered");
}

#[test]
fn listener_accepts_python_client() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut client = require!(python(PYTHON_CLIENT, &["::1", &port, "echo me"]), "Python");
    let client = thread::spawn(move || output(&mut client));
    let (stream, peer) = listener.accept().unwrap();
    std::io::copy(&mut &stream, &mut &stream).unwrap();
    let text = client.join().unwrap();
    assert_eq!(text, format!("{}\necho me\n", peer.port()));
    // The port of a closed client may be taken.
    drop(UdpSocket::bind(peer).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn multicast_examples_hear_each_other() {
    use crate::lab::Lab;

    let lab = require!(Lab::new(), "the lab");
    lab.right.ip("address add 2001:db8::3/64 dev wire nodad");
    let listen = |arguments: &[&str]| -> Result<Server, String> {
        let mut command = example("multicast_listen")?;
        command.args(["--port", "0"]).args(arguments);
        Ok(lab.left.run(|| Server::start(&mut command)))
    };
    let send = |server: &Server, arguments: &[&str]| {
        let mut command = example("multicast_send").unwrap();
        command.args(["--port", &server.port(), "--interface", "wire"]).args(arguments);
        lab.right.run(|| output(&mut command))
    };

    // Everywhere, and on one interface.
    for arguments in [&[][..], &["--interface", "wire"]] {
        let mut server = require!(listen(arguments), "the examples");
        let text = send(&server, &["--source", "2001:db8::2", "some text"]);
        assert!(text.starts_with("sent 9 bytes from [2001:db8::2]:"), "{text}");
        let line = server.line();
        assert!(line.starts_with("[2001:db8::2]:") && line.ends_with(": some text"), "{line}");
    }
    // One source alone.
    let group = ["--group", "ff3e::8000:1234"];
    let named = [&group[..], &["--interface", "wire", "--source", "2001:db8::2"]].concat();
    let mut server = listen(&named).unwrap();
    for (source, text) in [("2001:db8::3", "unwanted"), ("2001:db8::2", "wanted")] {
        send(&server, &[&group[..], &["--source", source, text]].concat());
    }
    let line = server.line();
    assert!(line.ends_with(": wanted"), "{line}");
}

#[test]
fn multicast_examples_explain_errors() {
    let link = ["--group", "ff12::1234", "--source", "2001:db8::1"];
    for (name, arguments, text) in [
        ("multicast_listen", &link[..], "the group is one of each link: name the interface"),
        ("multicast_listen", &["--group", "2001:db8::1"], "not an IPv6 multicast address"),
        ("multicast_listen", &["--interface", "nope"], "names no interface"),
        ("multicast_send", &[], "needs the zone it is meant on"),
        ("multicast_send", &["--nonsense"], "usage: multicast_send"),
    ] {
        let mut command = require!(example(name), "the examples");
        let output = run(command.args(["--port", "0"]).args(arguments));
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && message.contains(text), "{arguments:?}: {message}");
    }
}
