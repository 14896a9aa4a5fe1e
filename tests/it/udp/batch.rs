//! Many datagrams with one call.

use std::io::{ErrorKind, IoSlice};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use inet6::option::{RecvHopLimit, RecvPacketInfo};
use inet6::{
    AnyMode, Builder, ConnectedUdpSocket, DualStack, UdpSocket,
    udp::{CoalescedBatch, MessageTooLong, Outgoing, RecvBatch, SendBatch},
};

use crate::support::*;

/// The payloads of what is in the queue now.
fn drain(socket: &UdpSocket, batch: &mut RecvBatch) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        match socket.recv_batch(batch) {
            Ok(_) => all.extend(batch.iter().map(|datagram| datagram.payload().to_vec())),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return all,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn batch_receives_queued_datagrams_in_order() {
    let (server, client) = datagrams();
    let source = client.local_addr().unwrap();
    let texts: Vec<Vec<u8>> = (0..20_u8).map(|number| vec![number; number.into()]).collect();
    for text in &texts {
        client.send(text).unwrap();
    }
    let mut batch = RecvBatch::new(8, 16).unwrap();
    let mut seen = Vec::new();
    for expected in [8, 8, 4] {
        assert_eq!(server.recv_batch(&mut batch).unwrap(), expected);
        let mut datagrams = batch.iter();
        for left in (0..expected).rev() {
            assert_eq!(datagrams.len(), left + 1);
            let datagram = datagrams.next().unwrap();
            assert_eq!(datagram.source().unwrap(), source);
            let received = datagram.received().unwrap();
            assert_eq!((received.len, received.source), (datagram.payload().len(), source));
            assert_eq!(received.truncated, datagram.truncated());
            assert_eq!(datagram.segments().collect::<Vec<_>>().concat(), datagram.payload());
            seen.push((datagram.payload().to_vec(), datagram.truncated()));
        }
        assert!(datagrams.len() == 0 && datagrams.next().is_none());
    }
    let expected = texts.iter().map(|text| (text[..text.len().min(16)].to_vec(), text.len() > 16));
    assert_eq!(seen, expected.collect::<Vec<_>>());
    server.set_nonblocking(true).unwrap();
    assert_eq!(server.recv_batch(&mut batch).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn coalescing_socket_sends_normally() {
    let client = socket();
    let to = client.local_addr().unwrap();
    let server = UdpSocket::bind("[::1]:0").unwrap().coalesce().unwrap();
    let mut batch = SendBatch::new(8).unwrap();
    assert_eq!(server.send_to(b"1", to).unwrap(), 1);
    assert_eq!(server.send_message(&Outgoing::to(to, b"22").hop_limit(9)).unwrap(), 2);
    assert_eq!(server.send_batch(&mut batch, &[Outgoing::to(to, b"333")]).unwrap(), 1);
    let cut = Outgoing::to(to, b"4444555").segment_size(4);
    assert_eq!(server.send_segments(&mut batch, &cut).unwrap(), 7);
    for text in ["1", "22", "333", "4444", "555"] {
        let mut buffer = [0; 16];
        let (len, from) = client.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..len], from), (text.as_bytes(), server.local_addr().unwrap()));
    }
}

/// The kernel writes into the headers; what one call left must not show in the next.
#[test]
fn batch_resets_before_each_receive() {
    let server = with_read_timeout(Builder::datagram().bind("[::]:0").unwrap());
    let mut batch = RecvBatch::new(4, 64).unwrap();
    for round in 0..50_usize {
        server.set_option(RecvPacketInfo(round % 3 == 0)).unwrap();
        server.set_option(RecvHopLimit(round % 2 == 0)).unwrap();
        let ipv4 = round % 5 == 0;
        let client =
            std::net::UdpSocket::bind(if ipv4 { "127.0.0.1:0" } else { "[::1]:0" }).unwrap();
        let to: SocketAddr = if ipv4 {
            (Ipv4Addr::LOCALHOST, port(&server)).into()
        } else {
            (Ipv6Addr::LOCALHOST, port(&server)).into()
        };
        let len = round % 64 + usize::from(round % 7 == 0) * 64;
        client.send_to(&vec![7; len], to).unwrap();
        let datagram = {
            server.recv_batch(&mut batch).unwrap();
            batch.iter().next().unwrap()
        };
        let received = datagram.received().unwrap();
        assert_eq!(received.source, client.local_addr().unwrap());
        assert_eq!(received.len, len.min(64));
        assert_eq!(received.truncated, len > 64);
        assert_eq!(received.destination, (round % 3 == 0).then(|| to.ip()));
        assert_eq!(received.hop_limit.is_some(), round % 2 == 0);
    }
}

#[test]
fn batch_sends_to_many_peers() {
    for mode in [AnyMode::V6Only, AnyMode::DualStack] {
        let servers = [(); 3].map(|()| {
            let builder = Builder::datagram().mode(mode).with(RecvHopLimit(true));
            with_read_timeout(builder.bind("[::]:0").unwrap())
        });
        let client = Builder::datagram().mode(mode).bind("[::]:0").unwrap();
        let to = |server| SocketAddr::from((Ipv6Addr::LOCALHOST, port(server)));
        let messages = [
            Outgoing::to(to(&servers[0]), b"first"),
            Outgoing::to(to(&servers[1]), b"second").hop_limit(9),
            Outgoing::to(to(&servers[2]), b""),
        ];
        let mut batch = SendBatch::new(8).unwrap();
        assert_eq!(client.send_batch(&mut batch, &messages).unwrap(), 3);
        for (server, len) in servers.iter().zip([5, 6, 0]) {
            assert_eq!(server.recv_message(&mut [0; 16]).unwrap().len, len);
        }
        // The headers of before do not show.
        let plain = [0, 1, 2].map(|at| Outgoing::to(to(&servers[at]), b"again"));
        assert_eq!(client.send_batch(&mut batch, &plain).unwrap(), 3);
        if cfg!(target_os = "linux") {
            let received = servers[1].recv_message(&mut [0; 16]).unwrap();
            assert_eq!((received.len, received.hop_limit), (5, Some(64)));
        }
    }
}

/// Nothing is lost and nothing is sent twice: what cannot go stops the batch before it.
#[test]
fn batch_error_is_of_first_datagram() {
    let server = socket();
    server.set_nonblocking(true).unwrap();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let good = server.local_addr().unwrap().to_string();
    let texts: Vec<String> = (0..6).map(|number| number.to_string()).collect();
    // Refused before the call, and by the kernel: port 0.
    for bad in ["fe80::1", "[::1]:0"] {
        let bad = if bad.contains(']') { bad.to_owned() } else { format!("[{bad}]:9") };
        let mut peers = vec![good.clone(); 6];
        peers[2] = bad.clone();
        peers[3] = bad;
        let messages: Vec<_> =
            peers.iter().zip(&texts).map(|(to, text)| Outgoing::to(to, text.as_bytes())).collect();
        let mut batch = SendBatch::new(8).unwrap();
        assert_eq!(client.send_batch(&mut batch, &messages).unwrap(), 2);
        let error = client.send_batch(&mut batch, &messages[2..]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        client.send_batch(&mut batch, &messages[3..]).unwrap_err();
        assert_eq!(client.send_batch(&mut batch, &messages[4..]).unwrap(), 2);
        let seen = drain(&server, &mut RecvBatch::new(8, 8).unwrap());
        assert_eq!(seen, [b"0", b"1", b"4", b"5"].map(|text| text.to_vec()));
    }
    // With what `send_to` tells of it.
    let [long, more] = [vec![0; 70_000], vec![0; 80_000]];
    let messages = [&long, &more].map(|data| Outgoing::to(&good, data));
    let error = client.send_batch(&mut SendBatch::new(8).unwrap(), &messages).unwrap_err();
    assert_eq!(MessageTooLong::of(&error).unwrap().len(), 70_000);
}

#[test]
fn oversized_batch_is_sent_in_parts() {
    let server = socket();
    server.set_nonblocking(true).unwrap();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let to = server.local_addr().unwrap();
    let messages = [Outgoing::to(to, b"x"); 10];
    let mut batch = SendBatch::new(4).unwrap();
    let (mut left, mut parts) = (&messages[..], Vec::new());
    while !left.is_empty() {
        let sent = client.send_batch(&mut batch, left).unwrap();
        parts.push(sent);
        left = &left[sent..];
    }
    assert_eq!(parts, [4, 4, 2]);
    assert_eq!(drain(&server, &mut RecvBatch::new(16, 8).unwrap()).len(), 10);
    assert_eq!(client.send_batch(&mut batch, &messages[..0]).unwrap(), 0);
}

#[test]
fn batch_waits_for_first_datagram_only() {
    let (server, client) = datagrams();
    let mut batch = RecvBatch::new(4, 16).unwrap();
    client.send(b"").unwrap();
    assert_eq!(server.recv_batch(&mut batch).unwrap(), 1);
    server.set_read_timeout(Some(std::time::Duration::from_millis(1))).unwrap();
    assert_eq!(server.recv_batch(&mut batch).unwrap_err().kind(), ErrorKind::WouldBlock);

    let server = server.coalesce().unwrap();
    let mut batch = CoalescedBatch::new(2).unwrap();
    let at_once = Some(std::time::Duration::ZERO);
    assert!(!server.wait_readable(at_once).unwrap() && server.wait_writable(at_once).unwrap());
    client.send(b"x").unwrap();
    assert!(server.wait_readable(Some(PATIENCE)).unwrap());
    assert_eq!(server.recv_batch(&mut batch).unwrap(), 1);
    server.recv_batch(&mut batch).unwrap_err();
}

/// Answers that nobody listens end a call, and none of the datagrams is passed over.
#[cfg(target_os = "linux")]
#[test]
fn closed_port_fails_batch() {
    let (server, client) = datagrams();
    let _deaf = connected_to_itself(server);
    client.send(b"x").unwrap();
    let mut room = RecvBatch::new(4, 16).unwrap();
    let error = client.recv_batch(&mut room).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);

    let mut batch = SendBatch::new(8).unwrap();
    let messages = [Outgoing::new(b"x"); 3];
    // The answer to the first comes before the second goes.
    for left in [&messages[..], &messages[1..], &messages[2..]] {
        assert_eq!(client.send_batch(&mut batch, left).unwrap(), 1);
    }
    let error = client.send_batch(&mut batch, &messages).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

/// What a call says goes before the option of the socket, for the last datagram too.
#[cfg(target_os = "linux")]
#[test]
fn message_segment_size_overrides_socket() {
    let (server, client) = datagrams();
    client.set_option(inet6::option::SegmentSize(Some(500))).unwrap();
    let mut batch = SendBatch::new(8).unwrap();
    for len in [700, 1200, 1900, 3000] {
        let data = vec![7; len];
        let message = Outgoing::new(&data).segment_size(1200);
        assert_eq!(client.send_segments(&mut batch, &message).unwrap(), len);
        let seen: Vec<_> = segments(&server, len).iter().map(Vec::len).collect();
        let expected: Vec<_> = data.chunks(1200).map(<[u8]>::len).collect();
        assert_eq!(seen, expected);
    }
}

/// The receive may run inside a closure, as an event loop wants it, and be viewed afterwards.
#[test]
fn batch_is_viewed_after_the_closure() {
    let (server, client) = datagrams();
    for number in 0..3 {
        client.send(&[number]).unwrap();
    }
    let mut batch = RecvBatch::new(8, 16).unwrap();
    assert!(batch.is_empty() && batch.iter().next().is_none());
    let run = |work: &mut dyn FnMut() -> std::io::Result<usize>| work();
    let count = run(&mut || server.recv_batch(&mut batch)).unwrap();
    assert_eq!((count, batch.len()), (3, 3));
    let numbers: Vec<u8> = batch.iter().map(|datagram| datagram.payload()[0]).collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert!(format!("{batch:?}").matches("BatchDatagram").count() == 3, "{batch:?}");

    // Fewer than before, and none.
    client.send(&[3]).unwrap();
    assert_eq!(server.recv_batch(&mut batch).unwrap(), 1);
    assert_eq!(batch.iter().len(), 1);
    server.set_nonblocking(true).unwrap();
    server.recv_batch(&mut batch).unwrap_err();
    assert!(batch.is_empty() && batch.iter().len() == 0);
}

#[test]
fn senseless_size_is_refused() {
    for count in [0, 1025, usize::MAX] {
        assert_eq!(
            RecvBatch::<DualStack>::new(count, 1500).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert_eq!(SendBatch::new(count).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(
            CoalescedBatch::<DualStack>::new(count).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
    assert_eq!(RecvBatch::<DualStack>::new(1, 65_536).unwrap_err().kind(), ErrorKind::InvalidInput);
    let mut none = RecvBatch::new(1, 0).unwrap();
    let (server, client) = datagrams();
    client.send(b"x").unwrap();
    let datagram = {
        server.recv_batch(&mut none).unwrap();
        none.iter().next().unwrap()
    };
    assert_eq!((datagram.payload(), datagram.truncated()), (&b""[..], true));
    assert_eq!(datagram.segments().count(), 0);
}

/// What arrives of bytes that are cut, until there are `total`.
fn segments(server: &UdpSocket, total: usize) -> Vec<Vec<u8>> {
    let mut batch = RecvBatch::new(32, 65_535).unwrap();
    let (mut all, mut len) = (Vec::new(), 0);
    while len < total {
        server.recv_batch(&mut batch).unwrap();
        for datagram in batch.iter() {
            assert!(!datagram.truncated());
            len += datagram.payload().len();
            all.push(datagram.payload().to_vec());
        }
    }
    assert_eq!(len, total);
    all
}

#[test]
fn bytes_are_cut_into_datagrams() {
    let (server, connected) = datagrams();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let to = server.local_addr().unwrap();
    let bytes: Vec<u8> = (0..100_000_u32).map(|number| (number % 251) as u8).collect();
    let mut batch = SendBatch::new(64).unwrap();
    for (size, len) in [
        (1200, 1),
        (1200, 1200),
        (1200, 1201),
        (1200, 64_800),
        (1200, 70_000),
        (64, 9_000),
        (20_000, 90_000),
        (1, 100),
    ] {
        let data = &bytes[..len];
        let message = Outgoing::to(to, data).segment_size(size);
        for way in 0..4 {
            let pieces: Vec<_> = data.chunks(len / 5 + 1).map(IoSlice::new).collect();
            let sent = match way {
                0 => client.send_segments(&mut batch, &message),
                1 => client.send_segments(&mut batch, &message.vectored(&pieces)),
                // With a call for each packet.
                2 => client.send_segments(&mut SendBatch::new(1).unwrap(), &message),
                _ => connected.send_segments(&mut batch, &Outgoing::new(data).segment_size(size)),
            };
            // The receive queue has room for all of any of them, so all go at once.
            assert_eq!(sent.unwrap(), len, "{len} by {size}, {way}");
            let seen = segments(&server, len);
            assert_eq!(seen, data.chunks(size.into()).map(<[u8]>::to_vec).collect::<Vec<_>>());
        }
    }
    assert_eq!(
        client.send_segments(&mut batch, &Outgoing::to(to, b"").segment_size(9)).unwrap(),
        0
    );
    assert_eq!(server.recv_from(&mut [0; 8]).unwrap().0, 0, "nothing is a datagram too");
    for message in [Outgoing::to(to, b"x"), Outgoing::to(to, b"x").segment_size(0)] {
        let error = client.send_segments(&mut batch, &message).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("segment_size"), "{error}");
    }
}

#[test]
fn scattered_segment_fails_after_earlier_ones() {
    let server = socket();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let mut batch = SendBatch::new(8).unwrap();
    let mut slices = vec![IoSlice::new(b"x"); 71];
    let message = Outgoing::to(server.local_addr().unwrap(), b"").segment_size(70);
    // One segment or two.
    for count in [65, 71] {
        let error = client.send_segments(&mut batch, &message.vectored(&slices[..count]));
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("more than 64 slices"), "{error}");
    }
    slices[0] = IoSlice::new(&[7; 140]);
    assert_eq!(client.send_segments(&mut batch, &message.vectored(&slices)).unwrap(), 140);
    assert_eq!(segments(&server, 140).concat(), [7; 140]);
}

#[test]
fn oversized_segment_reports_message_too_long() {
    let server = socket();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let mut batch = SendBatch::new(8).unwrap();
    let bytes = [0; 140_000];
    let message = Outgoing::to(server.local_addr().unwrap(), &bytes).segment_size(65_535);
    let error = client.send_segments(&mut batch, &message).unwrap_err();
    let too_long = MessageTooLong::of(&error).unwrap();
    assert_eq!((too_long.len(), too_long.max_payload()), (65_535, Some(65_527)));
}

#[test]
fn coalesced_packet_is_split() {
    let server = UdpSocket::bind("[::1]:0").unwrap().coalesce().unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let client: ConnectedUdpSocket =
        UdpSocket::bind("[::1]:0").unwrap().connect(server.local_addr().unwrap()).unwrap();
    // Where they are sent one by one, the queue has room for no more.
    let len = if cfg!(target_os = "linux") { 150_000_u32 } else { 9_000 };
    let bytes: Vec<u8> = (0..len).map(|number| (number % 251) as u8).collect();
    let mut sending = SendBatch::new(64).unwrap();
    let mut batch = CoalescedBatch::new(8).unwrap();
    for size in [64, 512, 1200] {
        let message = Outgoing::new(&bytes).segment_size(size);
        assert_eq!(client.send_segments(&mut sending, &message).unwrap(), bytes.len());
        let (mut seen, mut calls) = (Vec::new(), 0);
        while seen.len() < bytes.len().div_ceil(size.into()) {
            calls += 1;
            server.recv_batch(&mut batch).unwrap();
            for datagram in batch.iter() {
                assert!(!datagram.truncated());
                assert_eq!(datagram.source().unwrap(), client.local_addr().unwrap());
                seen.extend(datagram.segments().map(<[u8]>::to_vec));
            }
        }
        assert_eq!(seen, bytes.chunks(size.into()).map(<[u8]>::to_vec).collect::<Vec<_>>());
        if cfg!(target_os = "linux") {
            assert!(calls < 10, "{calls} calls: nothing was put together");
        }
    }
}

/// IPv6 carries 20 bytes more than IPv4, and all of them go with one packet.
#[cfg(target_os = "linux")]
#[test]
fn packet_respects_family_limit() {
    let server = dual_socket();
    let port = server.local_addr().unwrap().port();
    let client = dual_socket();
    let mut batch = SendBatch::new(8).unwrap();
    for (to, size, most) in [("::1", 9361, 65_527), ("127.0.0.1", 5039, 65_507)] {
        let to = SocketAddr::new(to.parse().unwrap(), port);
        let bytes = vec![7; most + 1];
        // One packet goes by `sendmsg`.
        let only_one = [Fault { call: libc::SYS_sendmmsg, arguments: &[], errno: libc::ENOBUFS }];
        let sent = with_faults(&only_one, || {
            [most, most + 1].map(|len| {
                let message = Outgoing::to(to, &bytes[..len]).segment_size(size);
                client.send_segments(&mut batch, &message)
            })
        });
        let [whole, more] = require!(sent, "faults");
        assert_eq!(whole.unwrap(), most, "{to}");
        assert_eq!(more.unwrap_err().raw_os_error(), Some(libc::ENOBUFS), "{to}");
        let mut left = most;
        while left > 0 {
            left -= server.recv_from(&mut [0; 10_000]).unwrap().0;
        }
    }
}

/// Where the kernel refuses to cut, the same bytes go in smaller parts; that is found out once.
#[cfg(target_os = "linux")]
#[test]
fn uncuttable_data_is_sent_in_parts() {
    in_own_process(|| {
        let eio = |call, arguments| Fault { call, arguments, errno: libc::EIO };
        // One packet goes by `sendmsg`, two by `sendmmsg` of two.
        let at_once = [eio(libc::SYS_sendmsg, &[])];
        let at_all = [eio(libc::SYS_sendmsg, &[]), eio(libc::SYS_sendmmsg, &[(2, 2)])];
        let bytes: Vec<u8> = (0..70_000_u32).map(|number| (number % 251) as u8).collect();
        // What goes where it is remembered that less must go at once.
        let two = [eio(libc::SYS_sendmmsg, &[(2, 2)])];
        let many = [eio(libc::SYS_sendmmsg, &[(2, 59)])];
        for (faults, parts, size, len, limit) in
            [(&at_once[..], &two, 64, 8_000, 64), (&at_all, &many, 1200, 70_000, 1)]
        {
            let server = socket();
            let client = UdpSocket::bind("[::1]:0").unwrap();
            let mut batch = SendBatch::new(64).unwrap();
            let message =
                Outgoing::to(server.local_addr().unwrap(), &bytes[..len]).segment_size(size);
            for round in 0..2 {
                let mut sent = Err("nothing ran".to_owned());
                let lines = logged(|| {
                    sent = with_faults(faults, || client.send_segments(&mut batch, &message));
                });
                assert_eq!(require!(sent, "faults").unwrap(), len);
                let seen = segments(&server, len);
                let expected = bytes[..len].chunks(size.into()).map(<[u8]>::to_vec);
                assert_eq!(seen, expected.collect::<Vec<_>>());
                let line = format!("DEBUG the kernel takes at most {limit} segments at once here");
                let expected = if round == 0 { vec![line] } else { vec![] };
                assert_eq!(lines, expected, "told once");
            }
            // Another socket may do what this one could not, with as few packets as before.
            let other = UdpSocket::bind("[::1]:0").unwrap();
            let mut sent = Err("nothing ran".to_owned());
            let lines = logged(|| {
                sent = with_faults(parts, || other.send_segments(&mut batch, &message));
            });
            assert_eq!(require!(sent, "faults").unwrap(), len);
            assert_eq!(lines, Vec::<String>::new());
            // One that cannot either says so for itself.
            let other = UdpSocket::bind("[::1]:0").unwrap();
            let lines = logged(|| {
                let sent = with_faults(faults, || other.send_segments(&mut batch, &message));
                assert_eq!(sent.unwrap().unwrap(), len);
            });
            assert_eq!(lines.len(), 1, "{lines:?}");
        }
        // What is wrong for another reason says nothing about cutting.
        let client = UdpSocket::bind("[::1]:0").unwrap();
        let mut batch = SendBatch::new(64).unwrap();
        let nowhere = Outgoing::to("[::1]:0", &bytes).segment_size(100);
        let lines = logged(|| {
            let error = client.send_segments(&mut batch, &nowhere).unwrap_err();
            assert!(!error.to_string().contains("segments"), "{error}");
        });
        assert_eq!(lines, Vec::<String>::new());
    });
}

#[cfg(target_os = "linux")]
#[test]
fn unrelated_error_is_not_retried() {
    let server = socket();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let mut batch = SendBatch::new(8).unwrap();
    // Of one segment and of three.
    for (len, errno) in [(100, libc::EIO), (100, libc::EMSGSIZE), (300, libc::ENOBUFS)] {
        let bytes = vec![7; len];
        let message = Outgoing::to(server.local_addr().unwrap(), &bytes).segment_size(100);
        let gate = Gate::failing(errno, 1);
        let sent = gate.run(libc::SYS_sendmsg, || client.send_segments(&mut batch, &message));
        let error = require!(sent, "a gate").unwrap_err();
        assert_eq!(gate.calls(), 1, "{error}");
        // And the next one is as if nothing had been.
        assert_eq!(client.send_segments(&mut batch, &message).unwrap(), len);
        assert_eq!(segments(&server, len).len(), len / 100);
    }
}

/// An error of what comes later is met when it is the first.
#[cfg(target_os = "linux")]
#[test]
fn segments_before_error_are_counted() {
    let server = socket();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    let mut batch = SendBatch::new(2).unwrap();
    let bytes = vec![7; 100_000];
    // Two packets go with the first call, one with the second.
    let message = Outgoing::to(server.local_addr().unwrap(), &bytes).segment_size(40_000);
    let full = [Fault { call: libc::SYS_sendmsg, arguments: &[], errno: libc::ENOBUFS }];
    let sent = with_faults(&full, || {
        let first = client.send_segments(&mut batch, &message);
        let rest = Outgoing::to(server.local_addr().unwrap(), &bytes[80_000..]);
        (first, client.send_segments(&mut batch, &rest.segment_size(40_000)))
    });
    let (first, rest) = require!(sent, "faults");
    assert_eq!(first.unwrap(), 80_000);
    assert_eq!(rest.unwrap_err().raw_os_error(), Some(libc::ENOBUFS));
    assert_eq!(segments(&server, 80_000).len(), 2);
}
