//! Each example once, with nothing but loopback and this crate: so on systems too for which the
//! programs of the other tests are not there.

use std::fs;

use inet6::interface::Interface;

use super::*;

#[test]
fn runs_once() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let command = require!(example(name), "the examples");
        match name {
            "quickstart" | "interfaces" | "options" | "deny_list" => drop(output(&mut { command })),
            "echo_server" | "udp_echo_server" => echo(name),
            "sharded_udp_server" if cfg!(target_os = "linux") => echo(name),
            "fetch" => fetch(command),
            "echo_client" => echo_client(command),
            "multicast_listen" => multicast(command),
            // The other half of it.
            "multicast_send" => {}
            "sharded_udp_server" | "ping6" | "udp_traceroute" => what_only_some_can(name, command),
            _ => panic!("{name} is not run: add it above"),
        }
    }
}

/// In both modes, where a server has two.
fn echo(name: &str) {
    let ipv6 = ("[::1]:0", Some("--v6-only"), IpAddr::V6(Ipv6Addr::LOCALHOST));
    let ipv4 = ("[::]:0", None, IpAddr::V4(Ipv4Addr::LOCALHOST));
    for (listen, mode, host) in [ipv6, ipv4] {
        let server = Server::start(example(name).unwrap().args(["--listen", listen]).args(mode));
        let peer = (host, server.address.port());
        let mut buffer = [0; 16];
        if name == "echo_server" {
            let mut client = Builder::stream().connect(peer).unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client.write_all(b"some text").unwrap();
            client.read_exact(&mut buffer[..9]).unwrap();
        } else {
            let client = Builder::datagram().connect(peer).unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client.send(b"some text").unwrap();
            assert_eq!(client.recv(&mut buffer).unwrap(), 9);
        }
        assert_eq!(&buffer[..9], b"some text");
    }
}

fn echo_client(mut command: Command) {
    let listener = listener();
    command.args([&listener.local_addr().unwrap().to_string(), "some text"]);
    let client = thread::spawn(move || output(&mut command));
    let (mut stream, _) = listener.accept().unwrap();
    let mut buffer = [0; 9];
    stream.read_exact(&mut buffer).unwrap();
    stream.write_all(&buffer).unwrap();
    drop(stream);
    let text = client.join().unwrap();
    assert!(text.contains("some text"), "{text}");
}

fn fetch(mut command: Command) {
    let listener = dual_listener();
    let port = listener.local_addr().unwrap().port();
    let client = thread::spawn(move || output(command.arg(format!("127.0.0.1:{port}"))));
    let (mut stream, peer) = listener.accept().unwrap();
    assert!(peer.is_ipv4(), "{peer}");
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        request.push(byte[0]);
    }
    assert!(request.starts_with(b"GET / HTTP/1.0\r\nHost: 127.0.0.1:"));
    stream.write_all(b"HTTP/1.0 200 OK\r\n\r\na page").unwrap();
    drop(stream);
    assert_eq!(client.join().unwrap(), "HTTP/1.0 200 OK\r\n\r\na page");
}

/// A group of this host, over the first interface that takes it.
fn multicast(mut command: Command) {
    let mut server = Server::start(command.args(["--group", "ff11::1234", "--port", "0"]));
    let port = server.port();
    let sent = Interface::list().unwrap().iter().any(|info| {
        let mut command = example("multicast_send").unwrap();
        command.args(["--group", "ff11::1234", "--port", &port, "some text"]);
        command.args(["--interface", info.name()]);
        run(&mut command).status.success()
    });
    require!(sent, "an interface for groups of this host");
    let line = server.line();
    assert!(line.ends_with(": some text"), "{line}");
}

/// It works, or says what is missing.
fn what_only_some_can(name: &str, mut command: Command) {
    let (arguments, text, missing): (&[&str], _, &[_]) = match name {
        "ping6" => (&["::1", "-c", "1"], "1 sent, 1 received", &["groups in net", "no ICMPv6"]),
        "udp_traceroute" => (&["::1", "--hops", "1"], " 1  ::1 ", &["IPV6_RECVERR", "error queue"]),
        _ => (&["--listen", "[::1]:0"], "listening", &["SO_REUSEPORT"]),
    };
    let Output { status, stdout, stderr } = run(command.args(arguments));
    let [done, why] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    if status.success() {
        assert!(done.contains(text), "{name}: {done}");
    } else {
        assert!(missing.iter().any(|text| why.contains(text)), "{name}: {done}{why}");
    }
}
