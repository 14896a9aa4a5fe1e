//! A call that has waited as long as `ReadTimeout` or `WriteTimeout` lets it fails in the same way
//! on every system and in every mode; a call with a time of its own says that the time is over.

use std::fmt::Debug;
use std::io;

use inet6::option::{MinHopCount, WriteTimeout};
use inet6::udp::{CoalescedBatch, Outgoing};

use super::*;

/// Short, so that the test is; Windows has been said to wait for half a second at least.
const SHORT: Option<Duration> = Some(Duration::from_millis(5));

#[track_caller]
fn late<T: Debug>(result: io::Result<T>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
}

/// The same, and the error is the system's own.
#[track_caller]
fn late_by_number<T: Debug>(result: io::Result<T>) {
    let error = result.unwrap_err();
    assert!(error.raw_os_error().is_some(), "{error}");
    late::<T>(Err(error));
}

#[test]
fn timed_stream_read_would_block() -> Result {
    in_every_mode!(mode => reading(mode)?);
    Ok(())
}

fn reading<M: Mode>(mode: M) -> Result {
    let (stream, peer) = streams_in(mode);
    let mut buffer = [0; 4];
    stream.set_read_timeout(SHORT)?;
    late_by_number(stream.recv(&mut buffer));
    late_by_number(stream.peek(&mut buffer));
    late_by_number(stream.recv_vectored(&mut [IoSliceMut::new(&mut buffer)]));
    late_by_number(stream.recv_uninit(&mut [MaybeUninit::uninit(); 4]));
    late_by_number((&stream).read(&mut buffer));
    late_by_number((&stream).read_vectored(&mut [IoSliceMut::new(&mut buffer)]));
    late_by_number((&stream).read_exact(&mut buffer));

    // The timeout of sending is not that of receiving.
    stream.set_read_timeout(None)?;
    stream.set_write_timeout(SHORT)?;
    peer.send(b"data")?;
    assert_eq!(stream.recv(&mut buffer)?, 4);
    stream.set_nonblocking(true)?;
    late_by_number(stream.recv(&mut buffer));
    Ok(())
}

#[test]
fn timed_stream_write_would_block() -> Result {
    in_every_mode!(mode => writing(mode)?);
    Ok(())
}

fn writing<M: Mode>(mode: M) -> Result {
    let (stream, _peer) = streams_in(mode);
    stream.set_option(WriteTimeout(SHORT))?;
    let data = [7; 1 << 16];
    let full = loop {
        if let Err(error) = stream.send(&data) {
            break error;
        }
    };
    late_by_number::<()>(Err(full));
    let until_full = |send: &dyn Fn() -> io::Result<usize>| {
        // What an earlier call left behind may have left room.
        late_by_number((0..1000).try_for_each(|_| send().map(drop)));
    };
    until_full(&|| stream.send(&data));
    until_full(&|| stream.send_vectored(&[IoSlice::new(&data), IoSlice::new(&data)]));
    until_full(&|| (&stream).write(&data));
    until_full(&|| (&stream).write_vectored(&[IoSlice::new(&data)]));
    Ok(())
}

#[test]
fn timed_datagram_receive_would_block() -> Result {
    in_every_mode!(mode => receiving(mode)?);
    Ok(())
}

fn receiving<M: Mode>(mode: M) -> Result {
    let builder = Builder::datagram().mode(mode).with(ReadTimeout(SHORT));
    let socket = builder.bind("[::1]:0")?;
    let mut buffer = [0; 4];
    let mut batch = RecvBatch::new(2, 4)?;
    late_by_number(socket.recv_from(&mut buffer));
    late_by_number(socket.peek_from(&mut buffer));
    late_by_number(socket.recv_from_vectored(&mut [IoSliceMut::new(&mut buffer)]));
    late_by_number(socket.recv_from_uninit(&mut [MaybeUninit::uninit(); 4]));
    late_by_number(socket.recv_message(&mut buffer));
    late_by_number(socket.recv_message_vectored(&mut [IoSliceMut::new(&mut buffer)]));
    late_by_number(socket.recv_batch(&mut batch));

    // The socket is as good as before.
    let peer = Builder::datagram().mode(mode).bind("[::1]:0")?;
    peer.send_to(b"data", socket.local_addr()?)?;
    assert_eq!(socket.recv_from(&mut buffer)?, (4, peer.local_addr()?));

    let socket = socket.connect(peer.local_addr()?)?;
    late_by_number(socket.recv(&mut buffer));
    late_by_number(socket.peek(&mut buffer));
    late_by_number(socket.recv_vectored(&mut [IoSliceMut::new(&mut buffer)]));
    late_by_number(socket.recv_uninit(&mut [MaybeUninit::uninit(); 4]));
    late_by_number(socket.recv_message(&mut buffer));
    late_by_number(socket.recv_batch(&mut batch));
    peer.send_message(&Outgoing::to(socket.local_addr()?, b"data"))?;
    assert_eq!(socket.recv(&mut buffer)?, 4);

    late(builder.bind("[::1]:0")?.guard(MinHopCount(255))?.recv_from(&mut buffer));
    late(socket.guard(MinHopCount(255))?.recv(&mut buffer));
    late(builder.bind("[::1]:0")?.coalesce()?.recv_batch(&mut CoalescedBatch::new(2)?));
    Ok(())
}

/// That of Windows knows of no timeout, and waits for the client.
#[test]
fn timed_accept_would_block() -> Result {
    let listener = Builder::stream().with(ReadTimeout(SHORT)).bind("[::1]:0")?.listen(4)?;
    let address = listener.local_addr()?;
    if cfg!(not(windows)) {
        late_by_number(listener.accept());
        late_by_number(listener.accept_nonblocking());
    }
    let client = TcpStream::connect(address)?;
    assert_eq!(listener.accept()?.1, client.local_addr()?);
    Ok(())
}

#[test]
fn explicitly_timed_call_reports_timeout() -> Result {
    let (listener, _waiting) = full_listener();
    let address = listener.local_addr()?;
    for builder in [Builder::stream(), Builder::stream().nonblocking()] {
        let builder = builder.with(ReadTimeout(SHORT)).with(WriteTimeout(SHORT));
        let error = builder.connect_timeout(address, Duration::from_millis(20)).unwrap_err();
        assert_eq!((error.op(), error.kind()), (Op::Connect, ErrorKind::TimedOut), "{error}");
        let connecting = builder.start_connect(address)?;
        assert!(!connecting.wait(Some(Duration::from_millis(20)))?);
    }
    Ok(())
}
