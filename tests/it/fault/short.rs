//! Short sends and receives: every byte arrives, in order, where each call moves 1 to 7 bytes and
//! every fifth is interrupted, by a library (`short.c`) that stands before the system's.

use std::env::temp_dir;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::thread;

use inet6::TcpStream;
use inet6::mode::Mode;

use crate::example::{Server, example, output};
use crate::fault::preload::Library;
use crate::support::*;

// The order of `short.c`.
const SEND: u32 = 0;
const RECV: u32 = 1;
const SENDMSG: u32 = 2;
const RECVMSG: u32 = 3;
const SENDFILE: u32 = 4;

/// Does some work, during which each of these calls must have been cut short many times.
#[track_caller]
fn cutting<T>(calls: &[u32], work: impl FnOnce() -> T) -> T {
    let before: Vec<_> = calls.iter().map(|call| shortened(*call)).collect();
    let done = work();
    for (call, before) in calls.iter().zip(before) {
        let times = shortened(*call) - before;
        assert!(times > 100, "call {call} of the library was cut short {times} times");
    }
    done
}

const LEN: usize = 60_013;

#[test]
fn reading_and_writing_as_std_does() {
    let library = require!(Library::build("short"), "the library");
    in_own_process_with(&[("LD_PRELOAD", &library.path())], || {
        in_every_mode!(mode => as_std_does(mode));
    });
}

fn as_std_does<M: Mode>(mode: M) {
    let bytes = pattern(LEN);
    cutting(&[SEND, RECV], || {
        let (mut client, mut accepted) = streams_in(mode);
        thread::scope(|scope| {
            scope.spawn(|| {
                client.write_all(&bytes).unwrap();
                io::copy(&mut &bytes[..], &mut client).unwrap();
                let mut buffered = BufWriter::with_capacity(100, &client);
                for line in 0..2000 {
                    writeln!(buffered, "line {line}").unwrap();
                }
                buffered.flush().unwrap();
                drop(buffered);
                client.shutdown(Shutdown::Write).unwrap();
            });
            let mut exact = vec![0; LEN];
            accepted.read_exact(&mut exact).unwrap();
            assert!(exact == bytes, "write_all, read_exact");
            let mut taken = Vec::new();
            (&accepted).take(LEN as u64).read_to_end(&mut taken).unwrap();
            assert!(taken == bytes, "copy, read_to_end");
            let mut lines = BufReader::with_capacity(64, &accepted).lines();
            for line in 0..2000 {
                assert_eq!(lines.next().unwrap().unwrap(), format!("line {line}"));
            }
            assert!(lines.next().is_none());
        });
    });
}

/// A call again, where it was interrupted: what the page of `send` and `recv` leaves to the caller.
fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> T {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result.unwrap(),
        }
    }
}

#[test]
fn short_transfers_complete_in_loop() {
    let library = require!(Library::build("short"), "the library");
    in_own_process_with(&[("LD_PRELOAD", &library.path())], || {
        let bytes = pattern(LEN);
        cutting(&[SEND, RECV], || {
            let (client, accepted) = streams();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut left = &bytes[..];
                    while !left.is_empty() {
                        left = &left[again(|| client.send(left))..];
                    }
                    client.shutdown(Shutdown::Write).unwrap();
                });
                let (mut arrived, mut room) = (Vec::new(), [MaybeUninit::uninit(); 512]);
                loop {
                    // What is looked at is what comes.
                    let mut next = [0; 16];
                    let peeked = again(|| accepted.peek(&mut next));
                    let before = arrived.len();
                    let len = again(|| {
                        accepted.recv_uninit(&mut room).map(|part| {
                            arrived.extend_from_slice(part);
                            part.len()
                        })
                    });
                    let both = peeked.min(len);
                    assert_eq!(arrived[before..before + both], next[..both]);
                    if len == 0 {
                        break;
                    }
                }
                assert!(arrived == bytes);
            });
        });
    });
}

#[test]
fn short_vectored_transfers_complete() {
    let library = require!(Library::build("short"), "the library");
    in_own_process_with(&[("LD_PRELOAD", &library.path())], || {
        let bytes = pattern(LEN);
        cutting(&[SENDMSG, RECVMSG], || {
            let (client, accepted) = streams();
            thread::scope(|scope| {
                scope.spawn(|| {
                    // Slices of 0 to 12 bytes, more than one call takes.
                    let mut slices = Vec::new();
                    let mut left = &bytes[..];
                    while !left.is_empty() {
                        let (slice, after) = left.split_at((slices.len() % 13).min(left.len()));
                        slices.push(IoSlice::new(slice));
                        left = after;
                    }
                    assert!(slices.len() > 1024);
                    let mut slices = &mut slices[..];
                    IoSlice::advance_slices(&mut slices, 0);
                    for turn in 0.. {
                        if slices.is_empty() {
                            break;
                        }
                        let sent = match turn % 2 {
                            0 => again(|| client.send_vectored(slices)),
                            _ => again(|| (&client).write_vectored(slices)),
                        };
                        assert!(sent > 0);
                        IoSlice::advance_slices(&mut slices, sent);
                    }
                    client.shutdown(Shutdown::Write).unwrap();
                });
                let mut arrived = Vec::new();
                for turn in 0.. {
                    let (mut one, mut two) = ([0; 3], [0; 100]);
                    let room = &mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
                    let len = match turn % 2 {
                        0 => again(|| accepted.recv_vectored(room)),
                        _ => again(|| (&accepted).read_vectored(room)),
                    };
                    if len == 0 {
                        break;
                    }
                    let both = [&one[..], &two].concat();
                    arrived.extend_from_slice(&both[..len]);
                }
                assert!(arrived == bytes);
            });
        });
    });
}

/// The loop that the page of `send_file` shows.
fn send_all(stream: &TcpStream, file: &File) -> io::Result<u64> {
    let mut offset = 0;
    loop {
        match stream.send_file(file, offset, usize::MAX) {
            Ok(0) => return Ok(offset),
            Ok(sent) => offset += sent as u64,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[test]
fn short_sends_complete_corked_file() {
    let library = require!(Library::build("short"), "the library");
    in_own_process_with(&[("LD_PRELOAD", &library.path())], || {
        let bytes = pattern(LEN);
        let path = temp_dir().join(format!("inet6-short-{}.file", std::process::id()));
        fs::write(&path, &bytes).unwrap();
        let file = File::open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        cutting(&[SEND, SENDFILE, RECV], || {
            let (client, mut accepted) = streams();
            thread::scope(|scope| {
                scope.spawn(|| {
                    assert_eq!(send_all(&client, &file).unwrap(), LEN as u64);
                    let mut corked = client.cork().unwrap();
                    corked.write_all(&bytes).unwrap();
                    assert_eq!(send_all(&corked, &file).unwrap(), LEN as u64);
                    writeln!(corked, "the end").unwrap();
                    corked.uncork().unwrap();
                    client.shutdown(Shutdown::Write).unwrap();
                });
                let mut arrived = Vec::new();
                accepted.read_to_end(&mut arrived).unwrap();
                assert!(arrived == [&bytes[..], &bytes, &bytes, b"the end\n"].concat());
            });
        });
    });
}

/// The examples, as they are.
#[test]
fn echo_examples_pass_every_byte() {
    let library = require!(Library::build("short"), "the library");
    let mut server = require!(example("echo_server"), "the example");
    let mut client = require!(example("echo_client"), "the example");
    let preloaded = library.path();
    server.args(["--listen", "[::1]:0"]).env("LD_PRELOAD", &preloaded);
    let server = Server::start(&mut server);
    let text = "a text of more than seven bytes, ".repeat(100);
    let client = client.args([&server.address.to_string(), &text]).env("LD_PRELOAD", &preloaded);
    let echoed = output(client);
    assert!(echoed.contains(&text), "{echoed}");
}

/// A datagram is not cut: the library leaves alone what has no stream.
#[test]
fn datagrams_stay_whole() {
    let library = require!(Library::build("short"), "the library");
    in_own_process_with(&[("LD_PRELOAD", &library.path())], || {
        let (server, client) = datagrams();
        assert_eq!(client.send(&[7; 1000]).unwrap(), 1000);
        assert_eq!(server.recv_from(&mut [0; 2000]).unwrap().0, 1000);
        assert_eq!([SEND, RECV, SENDMSG, RECVMSG, SENDFILE].map(shortened), [0; 5]);
    });
}
