//! Ten thousand connections at once.

use std::collections::{HashMap, HashSet};
use std::env;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use inet6::option::{Linger, ReadTimeout};
use inet6::{Builder, TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use crate::support::*;

const CONNECTIONS: usize = 10_000;
/// What each connection carries, there and back.
const LENGTHS: [usize; 3] = [1, 1000, 77];
/// What a process has open beside them.
const OTHERS: usize = 50;

/// Tells the process of the clients where the listener is.
const CLIENTS_OF: &str = "INET6_LOAD_CLIENTS_OF";

/// Bytes that no other connection sends, and no other round.
fn bytes(connection: usize, round: usize) -> Vec<u8> {
    let start = (connection * LENGTHS.len() + round) as u32;
    let words = (start..).step_by(CONNECTIONS * LENGTHS.len());
    let bytes = words.flat_map(|word| word.wrapping_mul(2_654_435_761).to_be_bytes());
    bytes.take(LENGTHS[round]).collect()
}

/// One end in a process each, because a process may often not open as many descriptors as both
/// need.
#[test]
fn ten_thousand_connections_through_one_listener() {
    in_own_process(|| {
        require!(
            allow_descriptors((CONNECTIONS + OTHERS) as libc::rlim_t),
            "ten thousand connections"
        );
        if let Ok(listener) = env::var(CLIENTS_OF) {
            return clients(&listener);
        }
        let before = open_descriptors();
        let listener = Builder::stream().nonblocking().bind("[::1]:0").unwrap().listen(4096);
        let listener = listener.unwrap();
        let name = std::thread::current().name().unwrap().to_owned();
        let clients = Command::new(env::current_exe().unwrap())
            .args(["--exact", &name, "--nocapture", "--test-threads=1"])
            .env(CLIENTS_OF, listener.local_addr().unwrap().to_string())
            .spawn()
            .unwrap();
        let mut server = Server::new(listener);
        let status = server.serve(clients);
        assert!(status.success(), "the clients: {status}, with {server:?}");
        assert_eq!((server.most, server.peers.len()), (CONNECTIONS, CONNECTIONS));
        assert_eq!(server.echoed, CONNECTIONS * LENGTHS.iter().sum::<usize>());
        drop(server);
        assert_eq!(open_descriptors(), before);
    });
}

fn clients(listener: &str) {
    let before = open_descriptors();
    // Closing resets the connection: ten thousand ports that rest for a minute would be too many.
    let builder =
        Builder::stream().with(Linger(Some(Duration::ZERO))).with(ReadTimeout(Some(PATIENCE)));
    let mut streams: Vec<TcpStream> =
        (0..CONNECTIONS).map(|_| builder.connect(listener).unwrap()).collect();
    for (round, len) in LENGTHS.into_iter().enumerate() {
        for (connection, stream) in streams.iter_mut().enumerate() {
            stream.write_all(&bytes(connection, round)).unwrap();
        }
        let mut echo = vec![0; len];
        for (connection, stream) in streams.iter_mut().enumerate() {
            stream.read_exact(&mut echo).unwrap();
            assert_eq!(echo, bytes(connection, round), "connection {connection}, round {round}");
        }
    }
    assert_eq!(open_descriptors(), before + CONNECTIONS);
    drop(streams);
    assert_eq!(open_descriptors(), before);
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    /// With what each is still owed.
    connections: HashMap<Token, (TcpStream, Vec<u8>)>,
    peers: HashSet<std::net::SocketAddr>,
    most: usize,
    echoed: usize,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let open = self.connections.len();
        write!(f, "{open} of {} connections and {} bytes", self.most, self.echoed)
    }
}

impl Server {
    const LISTENER: Token = Token(usize::MAX);

    fn new(listener: TcpListener) -> Self {
        let poll = Poll::new().unwrap();
        let fd = listener.as_raw_fd();
        poll.registry().register(&mut SourceFd(&fd), Self::LISTENER, Interest::READABLE).unwrap();
        Self {
            poll,
            listener,
            connections: HashMap::new(),
            peers: HashSet::new(),
            most: 0,
            echoed: 0,
        }
    }

    /// Echoes in this one thread until the clients have ended and all connections with them.
    fn serve(&mut self, mut clients: Child) -> ExitStatus {
        let mut events = Events::with_capacity(1024);
        let mut buffer = [0; 4096];
        loop {
            self.poll.poll(&mut events, Some(Duration::from_millis(100))).unwrap();
            for event in &events {
                if event.token() == Self::LISTENER {
                    self.accept();
                } else if let Some((stream, owed)) = self.connections.get_mut(&event.token()) {
                    match echo(stream, owed, &mut buffer) {
                        Some(bytes) => self.echoed += bytes,
                        None => drop(self.connections.remove(&event.token())),
                    }
                }
            }
            // What ended last is seen by the next round.
            if events.is_empty() {
                if let Some(status) = clients.try_wait().unwrap() {
                    return status;
                }
            }
        }
    }

    fn accept(&mut self) {
        loop {
            let (stream, peer) = match self.listener.accept_nonblocking() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error}"),
            };
            assert!(self.peers.insert(peer), "{peer} twice");
            let fd = stream.as_raw_fd();
            let token = Token(self.peers.len());
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut SourceFd(&fd), token, both).unwrap();
            self.connections.insert(token, (stream, Vec::new()));
            self.most = self.most.max(self.connections.len());
        }
    }
}

/// Sends back what is there; gives how much that was, and nothing once the peer has gone.
fn echo(stream: &TcpStream, owed: &mut Vec<u8>, buffer: &mut [u8]) -> Option<usize> {
    let mut echoed = 0;
    loop {
        while !owed.is_empty() {
            match stream.send(owed) {
                Ok(len) => {
                    owed.drain(..len);
                    echoed += len;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(echoed),
                Err(error) => panic!("{error}"),
            }
        }
        match stream.recv(buffer) {
            Ok(0) => return None,
            Ok(len) => owed.extend_from_slice(&buffer[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(echoed),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
            Err(error) => panic!("{error}"),
        }
    }
}
