//! Streams: what std's have, and what it has not.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::time::Duration;

use inet6::mode::Mode;
use inet6::option::NoDelay;
use socket2::SockRef;

use crate::support::*;

#[test]
fn bytes_flow_both_ways() {
    #[track_caller]
    fn check<M: Mode>(mode: M) {
        let (client, accepted) = streams_in(mode);
        let mut buffer = [0; 8];
        assert_eq!(client.send(b"ping").unwrap(), 4);
        assert_eq!(accepted.recv(&mut buffer).unwrap(), 4);
        assert_eq!(&buffer[..4], b"ping");
        assert_eq!(accepted.send(b"pong").unwrap(), 4);
        assert_eq!(client.recv(&mut buffer).unwrap(), 4);
        assert_eq!(&buffer[..4], b"pong");
    }
    in_every_mode!(mode => check(mode));
}

#[test]
fn slices_travel_in_one_call() {
    let (client, accepted) = streams();
    let sent = client.send_vectored(&[IoSlice::new(b"he"), IoSlice::new(b""), IoSlice::new(b"ad")]);
    assert_eq!(sent.unwrap(), 4);
    let (mut a, mut b) = ([0; 3], [0; 8]);
    let slices = &mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
    assert_eq!(accepted.recv_vectored(slices).unwrap(), 4);
    assert_eq!((&a, &b[..1]), (b"hea", &b"d"[..]));
}

#[test]
fn excess_slices_are_sent_in_part() {
    let (client, accepted) = streams();
    let sent = client.send_vectored(&[IoSlice::new(b"x"); 3000]).unwrap();
    assert!((1..=3000).contains(&sent), "{sent}");
    let mut bytes = [[0]; 3000];
    let mut slices: Vec<_> = bytes.iter_mut().map(|byte| IoSliceMut::new(byte)).collect();
    let received = accepted.recv_vectored(&mut slices).unwrap();
    assert!((1..=sent).contains(&received), "{received} of {sent}");
}

#[test]
fn peek_leaves_the_bytes() {
    let (client, accepted) = streams();
    client.send(b"ping").unwrap();
    let mut buffer = [0; 8];
    assert_eq!(accepted.peek(&mut buffer[..2]).unwrap(), 2);
    assert_eq!(accepted.peek(&mut buffer).unwrap(), 4);
    assert_eq!(accepted.recv(&mut buffer).unwrap(), 4);
    assert_eq!(&buffer[..4], b"ping");
}

#[test]
fn uninitialised_buffer_returns_filled_part() {
    let (client, accepted) = streams();
    client.send(b"ping").unwrap();
    let mut buffer = [MaybeUninit::uninit(); 16];
    let filled = accepted.recv_uninit(&mut buffer).unwrap();
    assert_eq!(filled, b"ping");
    filled[0] = b'P';
    drop(client);
    assert_eq!(accepted.recv_uninit(&mut buffer).unwrap(), b"");
}

#[test]
fn empty_buffer_receives_nothing() {
    let (client, accepted) = streams();
    client.send(b"ping").unwrap();
    assert_eq!(accepted.recv(&mut []).unwrap(), 0);
    assert_eq!(accepted.recv_vectored(&mut []).unwrap(), 0);
    assert_eq!(accepted.recv(&mut [0; 8]).unwrap(), 4);
}

#[test]
fn urgent_byte_travels_apart() {
    let (client, accepted) = streams();
    assert_eq!(client.send(b"before").unwrap(), 6);
    assert_eq!(client.send_out_of_band(b"ab!").unwrap(), 3);
    assert_eq!(client.send(b"after").unwrap(), 5);
    let mut bytes = Vec::<u8>::new();
    let mut buffer = [0; 16];
    while bytes.len() < 8 {
        let len = accepted.recv(&mut buffer).unwrap();
        bytes.extend(&buffer[..len]);
    }
    assert_eq!(bytes, b"beforeab", "receiving stops before the urgent byte");
    assert_eq!(accepted.recv_out_of_band(&mut buffer).unwrap(), 1);
    assert_eq!(buffer[0], b'!');
    assert_eq!(accepted.recv(&mut buffer).unwrap(), 5);
    assert_eq!(&buffer[..5], b"after");
}

#[test]
fn urgent_byte_exists_only_if_sent() {
    require!(!under_wine(), "receiving out of band waits for an urgent byte");
    let (client, accepted) = streams();
    client.send(b"plain").unwrap();
    accepted.peek(&mut [0; 1]).unwrap();
    let none = accepted.recv_out_of_band(&mut [0; 1]).unwrap_err();
    // EINVAL by POSIX; Windows says that it would wait.
    let expected = if cfg!(windows) { ErrorKind::WouldBlock } else { ErrorKind::InvalidInput };
    assert_eq!(none.kind(), expected, "{none}");
}

#[test]
fn half_closed_stream_still_receives() {
    let (client, accepted) = streams();
    client.send(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    (&accepted).read_to_string(&mut text).unwrap();
    assert_eq!(text, "question");
    accepted.send(b"answer").unwrap();
    accepted.shutdown(Shutdown::Both).unwrap();
    text.clear();
    (&client).read_to_string(&mut text).unwrap();
    assert_eq!(text, "answer");
    assert_eq!(client.send(b"more").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn read_shutdown_ends_stream() {
    let (client, _accepted) = streams();
    client.shutdown(Shutdown::Read).unwrap();
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn stream_reads_and_writes_by_reference() {
    let (mut client, mut accepted) = streams();
    client.write_all(b"by value, ").unwrap();
    (&client).write_all(b"by it, ").unwrap();
    write!(&client, "by {}", format_args!("format")).unwrap();
    client.flush().unwrap();
    let sent = client.write_vectored(&[IoSlice::new(b", in"), IoSlice::new(b" slices")]);
    assert_eq!(sent.unwrap(), 11);
    client.shutdown(Shutdown::Write).unwrap();
    let mut first = [0; 8];
    accepted.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"by value");
    let (mut a, mut b) = ([0; 2], [0; 2]);
    let slices = &mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
    assert_eq!(accepted.read_vectored(slices).unwrap(), 4);
    assert_eq!((&*slices[0], &*slices[1]), (&b", "[..], &b"by"[..]));
    assert_eq!((&accepted).read_vectored(slices).unwrap(), 4);
    assert_eq!((&*slices[0], &*slices[1]), (&b" i"[..], &b"t,"[..]));
    let mut rest = String::new();
    (&accepted).read_to_string(&mut rest).unwrap();
    assert_eq!(rest, " by format, in slices");
    assert_eq!(accepted.read_vectored(slices).unwrap(), 0);
    assert_eq!((&accepted).read_vectored(slices).unwrap(), 0);
    (&client).flush().unwrap();
}

#[test]
fn copied_megabytes_arrive_whole() {
    let (mut client, mut accepted) = streams();
    let data: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let expected = data.clone();
    let writer = std::thread::spawn(move || {
        client.write_all(&data).unwrap();
    });
    let mut received = Vec::new();
    io::copy(&mut accepted, &mut received).unwrap();
    writer.join().unwrap();
    assert!(received == expected);
}

#[test]
fn nonblocking_stream_sends_partially() {
    let (client, accepted) = streams();
    client.set_nonblocking(true).unwrap();
    let data = vec![7; 1 << 20];
    let mut sent = 0;
    let error = loop {
        match client.send(&data) {
            Ok(len) => sent += len,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    client.set_nonblocking(false).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(io::copy(&mut &accepted, &mut io::sink()).unwrap(), sent as u64);
}

#[test]
fn cloned_stream_is_same_stream() {
    let (client, accepted) = streams();
    let clone = client.try_clone().unwrap();
    assert_eq!(clone.local_addr().unwrap(), client.local_addr().unwrap());
    clone.set_nodelay(true).unwrap();
    assert!(client.nodelay().unwrap());
    drop(client);
    clone.send(b"still here").unwrap();
    assert_eq!(accepted.recv(&mut [0; 16]).unwrap(), 10);
}

#[test]
fn timeouts_are_kept_and_read_back() {
    let (client, _accepted) = streams();
    let time = Duration::from_millis(20);
    client.set_read_timeout(Some(time)).unwrap();
    client.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    assert_eq!(client.read_timeout().unwrap(), Some(time));
    assert_eq!(client.write_timeout().unwrap(), Some(Duration::from_secs(2)));
    let late = client.recv(&mut [0; 1]).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::WouldBlock);
    client.set_read_timeout(None).unwrap();
    assert_eq!(client.read_timeout().unwrap(), None);
    for zero in [
        client.set_read_timeout(Some(Duration::ZERO)),
        client.set_write_timeout(Some(Duration::ZERO)),
    ] {
        assert_eq!(zero.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    client.set_read_timeout(Some(Duration::from_nanos(1))).unwrap();
    assert_ne!(client.read_timeout().unwrap(), None, "the least time is not for ever");
}

#[test]
fn std_names_forward_to_options() {
    let (client, _accepted) = streams();
    for on in [true, false] {
        client.set_nodelay(on).unwrap();
        assert_eq!(client.nodelay().unwrap(), on);
        assert_eq!(client.option::<NoDelay>().unwrap(), NoDelay(on));
        assert_eq!(SockRef::from(&client).tcp_nodelay().unwrap(), on);
    }
}

#[test]
fn reset_is_reported_once() {
    let (client, accepted) = streams();
    SockRef::from(&accepted).set_linger(Some(Duration::ZERO)).unwrap();
    drop(accepted);
    require!(!under_wine(), "a reset reads as the end");
    let reset = client.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
    assert!(client.take_error().unwrap().is_none(), "it was taken by the call");
}

#[cfg(target_os = "linux")]
#[test]
fn pending_error_is_taken_once() {
    let closed_port = closed_port();
    let closed = closed_port.local_addr().unwrap();
    let stream = inet6::Builder::stream().start_connect(closed).unwrap();
    stream.wait(Some(PATIENCE)).unwrap();
    let error = SockRef::from(&stream).take_error().unwrap();
    assert_eq!(error.unwrap().kind(), ErrorKind::ConnectionRefused);

    let (client, accepted) = streams();
    SockRef::from(&accepted).set_linger(Some(Duration::ZERO)).unwrap();
    client.set_nonblocking(true).unwrap();
    assert_eq!(client.recv(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(accepted);
    let error = client.take_error().unwrap().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(client.take_error().unwrap().is_none());
}

#[cfg(unix)]
#[test]
fn write_after_loss_raises_no_signal() {
    in_own_process(|| {
        // std ignores the signal in every program; here it would end the process.
        die_of_sigpipe();
        let (client, accepted) = streams();
        client.shutdown(Shutdown::Write).unwrap();
        let two = [IoSlice::new(b"x"), IoSlice::new(b"y")];
        for result in [
            client.send(b"x"),
            client.send_vectored(&two),
            client.send_out_of_band(b"x"),
            (&client).write(b"x"),
            (&client).write_vectored(&two),
        ] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::BrokenPipe);
        }
        drop(client);
        assert_eq!(accepted.recv(&mut [0; 1]).unwrap(), 0);

        // The first write reaches a closed socket, which resets; a later one fails.
        let error = loop {
            if let Err(error) = accepted.send(b"x") {
                break error;
            }
        };
        assert!([ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&error.kind()));
        let error = accepted.send(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[cfg(unix)]
#[test]
fn signals_interrupt_receiving_as_in_std() {
    in_own_process(|| {
        let (client, _accepted) = streams();
        let error = under_signals(move || client.recv(&mut [0; 1]), |_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    });
}

#[cfg(unix)]
#[test]
fn signals_leave_reading_undisturbed() {
    in_own_process(|| {
        let (client, accepted) = streams();
        let mut accepted = Some(accepted);
        let bytes = under_signals(
            move || {
                let mut bytes = [0; 4];
                (&client).read_exact(&mut bytes).map(|()| bytes)
            },
            |sent| {
                if sent == 50 {
                    accepted.take().unwrap().send(b"late").unwrap();
                }
            },
        );
        assert_eq!(&bytes.unwrap(), b"late");
    });
}

#[test]
fn debug_print_names_both_ends() {
    let (client, accepted) = streams();
    let shown = format!("{client:?}");
    for part in [
        "TcpStream",
        "DualStack",
        &client.local_addr().unwrap().to_string(),
        &accepted.local_addr().unwrap().to_string(),
    ] {
        assert!(shown.contains(part), "{shown} lacks {part}");
    }
    #[cfg(unix)]
    {
        use std::os::fd::{AsFd, AsRawFd};

        let fd = client.as_fd();
        assert!(shown.ends_with(&format!("fd: {} }} }}", fd.as_raw_fd())), "{shown} lacks {fd:?}");
    }
}

/// What the types keep out (`tests/ui/shutdown_before_connect.rs`).
#[test]
fn kernel_refuses_unconnected_shutdown() {
    let socket = socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::STREAM, None).unwrap();
    for how in [Shutdown::Read, Shutdown::Write, Shutdown::Both] {
        assert_eq!(socket.shutdown(how).unwrap_err().kind(), ErrorKind::NotConnected);
    }
}
