//! Files and corked writes: every byte arrives, in its place and in few segments.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, IoSlice, Read, Seek, SeekFrom, Write};
use std::process;
use std::thread;

use inet6::mode::Mode;
use inet6::option::{Cork, Linger, NoDelay, SendBufferSize};
use inet6::{TcpStream, error::Op};

use crate::support::*;

/// The systems that send a file by themselves.
const HAVE_SEND_FILE: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_vendor = "apple",
));

const LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// A file that ends with the test, by this name and with these bytes.
struct Temporary(std::path::PathBuf);

impl Temporary {
    fn file(name: &str, bytes: &[u8]) -> (Self, File) {
        let path = env::temp_dir().join(format!("inet6-test-{}-{name}", process::id()));
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        let temporary = Self(path);
        file.write_all(bytes).unwrap();
        (temporary, file)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

/// What arrives at a stream until its end.
fn all_of(mut stream: TcpStream<impl Mode>) -> Vec<u8> {
    let mut arrived = Vec::new();
    stream.read_to_end(&mut arrived).unwrap();
    arrived
}

#[test]
fn missing_sendfile_is_unsupported() {
    let (client, _accepted) = streams();
    let (_path, file) = Temporary::file("unsupported", b"text");
    let result = client.send_file(&file, 0, 4);
    if HAVE_SEND_FILE {
        assert_eq!(result.unwrap(), 4);
    } else {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("sendfile"), "{error}");
    }
}

#[test]
fn file_arrives_whole() {
    if HAVE_SEND_FILE {
        in_every_mode!(mode => whole(mode));
    }
}

fn whole<M: Mode>(mode: M) {
    let bytes = pattern(3_000_017);
    let (_path, file) = Temporary::file(&format!("whole-{mode:?}"), &bytes);
    let (client, accepted) = streams_in(mode);
    thread::scope(|scope| {
        let reader = scope.spawn(|| all_of(accepted));
        let mut offset = 0;
        loop {
            match client.send_file(&file, offset, usize::MAX).unwrap() {
                0 => break,
                sent => offset += sent as u64,
            }
        }
        assert_eq!(offset, bytes.len() as u64);
        drop(client);
        assert!(reader.join().unwrap() == bytes);
    });
}

#[test]
fn nonblocking_socket_sends_file_in_parts() {
    require!(HAVE_SEND_FILE, "this system has no sendfile");
    let bytes = pattern(5_000_003);
    let (_path, file) = Temporary::file("parts", &bytes);
    let (client, accepted) = streams();
    client.set_option(SendBufferSize(16_384)).unwrap();
    client.set_nonblocking(true).unwrap();

    let (mut offset, mut parts) = (0, 0);
    // Nobody reads: the buffers fill up.
    let error = loop {
        match client.send_file(&file, offset, usize::MAX) {
            Ok(sent) => {
                assert!(sent > 0);
                offset += sent as u64;
                parts += 1;
            }
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert!(parts > 0 && offset < bytes.len() as u64, "{offset} bytes in {parts} parts");

    thread::scope(|scope| {
        let reader = scope.spawn(|| all_of(accepted));
        while offset < bytes.len() as u64 {
            match client.send_file(&file, offset, usize::MAX) {
                Ok(sent) => offset += sent as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(client.wait_writable(Some(PATIENCE)).unwrap());
                }
                Err(error) => panic!("{error}"),
            }
        }
        drop(client);
        assert!(reader.join().unwrap() == bytes);
    });
}

#[test]
fn file_part_keeps_position() {
    require!(HAVE_SEND_FILE, "this system has no sendfile");
    let bytes = pattern(10_000);
    let (_path, mut file) = Temporary::file("part", &bytes);
    file.seek(SeekFrom::Start(77)).unwrap();
    let (client, accepted) = streams();
    assert_eq!(client.send_file(&file, 1000, 500).unwrap(), 500);
    assert_eq!(client.send_file(&file, 0, 1).unwrap(), 1);
    // Shorter than asked for, at its end, and behind that.
    assert_eq!(client.send_file(&file, 9_990, 500).unwrap(), 10);
    assert_eq!(client.send_file(&file, 10_000, 500).unwrap(), 0);
    assert_eq!(client.send_file(&file, 99_999, 500).unwrap(), 0);
    for before in [0, 1, 500] {
        match client.send_file(&file, i64::MAX as u64 - before, 500) {
            Ok(sent) => assert_eq!(sent, 0),
            // EOVERFLOW: no file of this file system reaches so far.
            Err(error) => assert_eq!((LINUX, error.raw_os_error()), (true, Some(75)), "{error}"),
        }
    }
    // Nothing at all, and not the whole file.
    assert_eq!(client.send_file(&file, 0, 0).unwrap(), 0);
    assert_eq!(file.stream_position().unwrap(), 77);
    drop(client);
    let expected = [&bytes[1000..1500], &bytes[..1], &bytes[9_990..]].concat();
    assert!(all_of(accepted) == expected);
}

#[test]
fn empty_file_sends_nothing() {
    require!(HAVE_SEND_FILE, "this system has no sendfile");
    let (_path, file) = Temporary::file("empty", b"");
    let (client, accepted) = streams();
    assert_eq!(client.send_file(&file, 0, usize::MAX).unwrap(), 0);
    drop(client);
    assert_eq!(all_of(accepted), b"");
}

#[test]
fn impossible_offset_is_refused() {
    let (_path, file) = Temporary::file("offset", b"text");
    let (client, accepted) = streams();
    let error = client.send_file(&file, u64::MAX, 4).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    drop(client);
    assert_eq!(all_of(accepted), b"");
}

#[cfg(target_os = "linux")]
#[test]
fn special_file_is_error() {
    let (client, accepted) = streams();
    for path in ["/proc/self/mem", "/"] {
        let error = client.send_file(&File::open(path).unwrap(), 0, 4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{path}: {error}");
    }
    // Not opened for reading.
    let (path, _file) = Temporary::file("write-only", b"text");
    let file = OpenOptions::new().write(true).open(&path.0).unwrap();
    let error = client.send_file(&file, 0, 4).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    drop(client);
    assert_eq!(all_of(accepted), b"");
}

/// A stream whose peer has reset the connection, after which each send is `EPIPE`.
#[cfg(unix)]
fn broken() -> TcpStream {
    let (client, accepted) = streams();
    accepted.set_option(Linger(Some(std::time::Duration::ZERO))).unwrap();
    drop(accepted);
    assert!(client.wait_readable(Some(PATIENCE)).unwrap());
    assert_eq!(client.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    client
}

#[cfg(unix)]
#[test]
fn lost_peer_is_error_without_signal() {
    if !HAVE_SEND_FILE {
        return;
    }
    in_own_process(|| {
        die_of_sigpipe();
        let (_path, file) = Temporary::file("sigpipe", b"text");
        let client = broken();
        for _ in 0..2 {
            let error = client.send_file(&file, 0, 4).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        }
        // A program that holds the signal back finds none afterwards, and keeps one that it had.
        block_sigpipe();
        assert_eq!(client.send_file(&file, 0, 4).unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert!(!sigpipe_is_pending());
        raise_sigpipe();
        assert_eq!(client.send_file(&file, 0, 4).unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert!(sigpipe_is_pending());
    });
}

/// The signal comes although the call tells of the part that went out, and of no error.
#[cfg(unix)]
#[test]
fn stream_ending_midway_raises_no_signal() {
    if !HAVE_SEND_FILE {
        return;
    }
    in_own_process(|| {
        die_of_sigpipe();
        let (_path, file) = Temporary::file("middle", b"");
        // More than all buffers take, and nobody reads.
        file.set_len(1 << 30).unwrap();
        let (client, accepted) = streams();
        thread::scope(|scope| {
            let sender = scope.spawn(|| client.send_file(&file, 0, usize::MAX));
            assert!(accepted.wait_readable(Some(PATIENCE)).unwrap());
            client.shutdown(std::net::Shutdown::Write).unwrap();
            let sent = sender.join().unwrap().unwrap();
            assert!((1..1 << 30).contains(&sent), "{sent}");
        });
    });
}

#[cfg(unix)]
#[test]
fn send_file_leaves_no_descriptor() {
    in_own_process(|| {
        let before = open_descriptors();
        {
            let (_path, file) = Temporary::file("descriptors", &pattern(100_000));
            let (client, accepted) = streams();
            for offset in [0, 50_000, 200_000, u64::MAX] {
                // With and without success.
                drop(client.send_file(&file, offset, 1000));
            }
            drop(client.cork().map(|corked| corked.uncork()));
            drop(client.cork());
            drop(accepted);
        }
        assert_eq!(open_descriptors(), before);
    });
}

#[test]
fn one_call_sends_header_and_body() {
    let (client, accepted) = streams();
    let body = pattern(10_000);
    let slices = [IoSlice::new(b"header"), IoSlice::new(&body)];
    assert_eq!(client.send_vectored(&slices).unwrap(), 10_006);
    drop(client);
    assert!(all_of(accepted) == [b"header", &body[..]].concat());
}

// Corked writes.

#[test]
fn cork_holds_until_dropped() {
    let (client, accepted) = streams();
    let mut corked = match client.cork() {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            assert_eq!(error.op(), Op::Set("TCP_CORK"));
            return;
        }
        corked => corked.unwrap(),
    };
    assert_eq!(client.option::<Cork>().unwrap(), Cork(true));
    write!(corked, "{} header, ", 1).unwrap();
    let slices = [IoSlice::new(b"2 "), IoSlice::new(b"slices, ")];
    assert_eq!(corked.write_vectored(&slices).unwrap(), 10);
    corked.flush().unwrap();
    assert!(format!("{corked:?}").starts_with("Corked { stream: TcpStream {"), "{corked:?}");
    // All else that a stream can do.
    assert_eq!(corked.peer_addr().unwrap(), accepted.local_addr().unwrap());
    corked.uncork().unwrap();
    assert_eq!(client.option::<Cork>().unwrap(), Cork(false));

    let corked = client.cork().unwrap();
    corked.send(b"end").unwrap();
    drop(corked);
    assert_eq!(client.option::<Cork>().unwrap(), Cork(false));
    drop(client);
    assert_eq!(all_of(accepted), b"1 header, 2 slices, end");
}

/// How many segments with data the kernel has sent, each counted once (linux/tcp.h,
/// `tcpi_data_segs_out`).
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the test asks the system, and not the crate, what it did")]
fn segments(stream: &TcpStream) -> u32 {
    use std::os::fd::AsRawFd;

    let mut info = [0_u32; 64];
    let mut len = size_of_val(&info) as libc::socklen_t;
    // SAFETY: there is room for `len` bytes.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &mut len,
        )
    };
    assert!(result == 0 && len >= 160, "{}", std::io::Error::last_os_error());
    info[156 / 4]
}

#[cfg(target_os = "linux")]
#[test]
fn corked_writes_are_one_segment() {
    let (client, mut accepted) = streams();
    // Otherwise each write would be a segment.
    client.set_option(NoDelay(true)).unwrap();
    let write_all = |mut stream: &TcpStream| {
        for part in [&b"header"[..], b", ", b"body"] {
            stream.write_all(part).unwrap();
        }
    };
    let mut text = [0; 12];
    let before = segments(&client);
    write_all(&client);
    accepted.read_exact(&mut text).unwrap();
    assert_eq!(segments(&client) - before, 3, "without the cork");

    for uncork in [true, false] {
        // The kernel holds a segment for 200 ms: a round that took so long proves nothing.
        let done = (0..20).any(|_| {
            let (before, begin) = (segments(&client), std::time::Instant::now());
            let corked = client.cork().unwrap();
            write_all(&corked);
            let held = segments(&client) - before;
            if uncork {
                corked.uncork().unwrap()
            } else {
                drop(corked)
            }
            let left = segments(&client) - before;
            let in_time = begin.elapsed().as_millis() < 150;
            accepted.read_exact(&mut text).unwrap();
            assert_eq!(&text, b"header, body");
            if in_time {
                assert_eq!((held, left), (0, 1), "held back, then one segment");
            }
            in_time
        });
        assert!(done, "this machine is too slow for the test");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn header_and_file_share_segment() {
    let (client, mut accepted) = streams();
    client.set_option(NoDelay(true)).unwrap();
    let (_path, file) = Temporary::file("segment", b"body");
    let done = (0..20).any(|_| {
        let (before, begin) = (segments(&client), std::time::Instant::now());
        let corked = client.cork().unwrap();
        corked.send(b"header, ").unwrap();
        assert_eq!(corked.send_file(&file, 0, 4).unwrap(), 4);
        corked.uncork().unwrap();
        let left = segments(&client) - before;
        let in_time = begin.elapsed().as_millis() < 150;
        let mut text = [0; 12];
        accepted.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"header, body");
        assert!(!in_time || left == 1, "{left} segments");
        in_time
    });
    assert!(done, "this machine is too slow for the test");
}

#[cfg(target_os = "linux")]
#[test]
fn failed_uncork_is_reported() {
    let (client, _accepted) = streams();
    let arguments = [(1, libc::IPPROTO_TCP), (2, libc::TCP_CORK)];
    let fault =
        Fault { call: libc::SYS_setsockopt, arguments: &arguments, errno: libc::ECONNRESET };
    let corked = client.cork().unwrap();
    let error = require!(with_faults(&[fault], || corked.uncork()), "faults").unwrap_err();
    assert_eq!(error.op(), Op::Set("TCP_CORK"));
    assert_eq!(error.raw_os_error(), Some(libc::ECONNRESET));
    // A guard that is dropped has nobody to tell.
    let corked = client.cork().unwrap();
    require!(with_faults(&[fault], || drop(corked)), "faults");
    assert_eq!(client.option::<Cork>().unwrap(), Cork(true));
    // A cork that was never put on.
    let result = require!(with_faults(&[fault], || client.cork().map(drop)), "faults");
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECONNRESET));
}
