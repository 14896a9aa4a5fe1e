//! Waiting for one socket, or for several at once, and ending the wait from another thread.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Borrowed, Buffer, Owned, Take, borrow, pair, recv, send, wait_once, wait_one_once};
use crate::error::Refusal;

/// What to wait for on one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readiness {
    Readable,
    Writable,
    /// The connection is there, or has failed.
    Connected,
}

/// What a wait found; nothing at all when the time was over.
#[derive(Debug)]
pub(crate) struct Ready {
    /// The places of the sockets that are writable or have failed, rising.
    pub(crate) sockets: Vec<usize>,
    /// Whether the wake-up is readable.
    pub(crate) woken: bool,
}

impl Ready {
    /// Whether anything ended the wait but the time.
    pub(crate) fn any(&self) -> bool {
        self.woken || !self.sockets.is_empty()
    }
}

/// The places of the sockets.
impl IntoIterator for Ready {
    type Item = usize;
    type IntoIter = std::vec::IntoIter<usize>;

    fn into_iter(self) -> Self::IntoIter {
        self.sockets.into_iter()
    }
}

/// Waits until a socket is writable or has failed, the wake-up is readable, or the time is over.
///
/// Signals do not end or prolong it. `None` waits as long as it takes, and so does a time that the
/// clock does not reach; without anything to wait for it is `InvalidInput`.
pub(crate) fn wait_any(
    sockets: &[Borrowed<'_>],
    wakeup: Option<Borrowed<'_>>,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    if sockets.is_empty() && wakeup.is_none() && timeout.is_none() {
        return Err(Refusal::NothingToWaitFor.into());
    }
    wait_until(timeout, Ready::any, |left| wait_once(sockets, wakeup, left))
}

/// Waits for one socket, `Ok(false)` when the time is over; signals and times as `wait_any`.
pub(crate) fn wait_one(
    fd: Borrowed<'_>,
    readiness: Readiness,
    timeout: Option<Duration>,
) -> io::Result<bool> {
    wait_until(timeout, |ready| *ready, |left| wait_one_once(fd, readiness, left))
}

/// Calls `once` with what is left of the time, until it found something or the time is over.
fn wait_until<T>(
    timeout: Option<Duration>,
    found: impl Fn(&T) -> bool,
    mut once: impl FnMut(Option<Duration>) -> io::Result<T>,
) -> io::Result<T> {
    let deadline = timeout.and_then(super::deadline);
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match once(left) {
            Ok(ready)
                if found(&ready) || deadline.is_some_and(|deadline| deadline <= Instant::now()) =>
            {
                return Ok(ready);
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A wake-up: one half for the threads that give it, one for the thread that waits.
pub(crate) fn waker() -> io::Result<(Waker, Woken)> {
    let (near, far) = pair()?;
    let near = Arc::new(near);
    Ok((Waker(near.clone()), Woken { far, _near: near }))
}

/// Ends a wait in another thread.
#[derive(Debug, Clone)]
pub(crate) struct Waker(Arc<Owned>);

impl Waker {
    /// Makes the other half readable, and never waits.
    pub(crate) fn wake(&self) {
        if let Err(error) = send(borrow(&self.0), &[1], false) {
            // It is full of wake-ups that nobody has drained yet, and so it is readable; or nobody
            // is there to be woken.
            log::trace!("no further wake-up: {error}");
        }
    }
}

/// Becomes readable when a [`Waker`] is used.
#[derive(Debug)]
pub(crate) struct Woken {
    far: Owned,
    /// While this is open, there is no end of data, which would look like a wake-up for ever.
    _near: Arc<Owned>,
}

impl Woken {
    /// What to wait for.
    pub(crate) fn fd(&self) -> Borrowed<'_> {
        borrow(&self.far)
    }

    /// Takes the wake-ups that are there. What a failure leaves ends the next wait, too.
    pub(crate) fn drain(&self) {
        let mut bytes = [0; 64];
        loop {
            if let Err(error) = recv(self.fd(), Buffer::from(&mut bytes[..]), Take::Data) {
                return log::trace!("no more wake-ups to take: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv6Addr, SocketAddrV6};
    use std::thread;

    use super::*;
    use crate::kind::{Protocol, Shape};
    use crate::sys::{Owned, bind, finish_connect, listen, local_address, open, start_connect};

    /// Longer than anything here takes, so that what is lost fails a test and does not hang it.
    const PATIENCE: Option<Duration> = Some(Duration::from_secs(20));
    const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

    fn on_loopback() -> (Owned, SocketAddrV6) {
        let socket = open(Shape::Stream, Protocol::Tcp, true).unwrap();
        bind(borrow(&socket), &SocketAddrV6::new(Ipv6Addr::LOCALHOST, 0, 0, 0)).unwrap();
        let address = local_address(borrow(&socket)).unwrap();
        (socket, address)
    }

    fn connecting(peer: SocketAddrV6) -> io::Result<Owned> {
        let socket = open(Shape::Stream, Protocol::Tcp, true).unwrap();
        start_connect(borrow(&socket), &peer).map(|_| socket)
    }

    /// A connection that stays under way, because the queue of its listener is full; the address
    /// of that, and what keeps it full.
    fn pending() -> (Owned, SocketAddrV6, Vec<Owned>) {
        let (listener, peer) = on_loopback();
        listen(borrow(&listener), 0).unwrap();
        let mut others = vec![listener];
        // The length of a queue of "0" differs between systems.
        for _ in 0..64 {
            let socket = connecting(peer).unwrap();
            let time = Some(Duration::from_millis(100));
            if !wait_one(borrow(&socket), Readiness::Connected, time).unwrap() {
                return (socket, peer, others);
            }
            others.push(socket);
        }
        panic!("the queue of a listener never fills");
    }

    #[test]
    fn empty_wait_is_error() {
        let error = wait_any(&[], None, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(!wait_any(&[], None, Some(Duration::from_millis(1))).unwrap().any());
    }

    #[test]
    fn wait_lasts_its_timeout() {
        let (_waker, woken) = waker().unwrap();
        for micros in [0, 1, 999, 1001, 20_000] {
            let (start, timeout) = (Instant::now(), Duration::from_micros(micros));
            assert!(!wait_any(&[], Some(woken.fd()), Some(timeout)).unwrap().any());
            assert!(start.elapsed() >= timeout);
        }
    }

    #[test]
    fn early_wake_up_continues_waiting() {
        for timeout in [None, PATIENCE] {
            let mut answers = [false, false, true].into_iter();
            let found = wait_until(timeout, |ready| *ready, |_| Ok(answers.next().unwrap()));
            assert!(found.unwrap());
            assert_eq!(answers.next(), None);
        }
    }

    #[test]
    fn timeout_beyond_clock_waits() {
        let (waker, woken) = waker().unwrap();
        waker.wake();
        assert!(wait_any(&[], Some(woken.fd()), Some(Duration::MAX)).unwrap().woken);
    }

    #[test]
    fn wait_distinguishes_refused_from_pending() {
        let (listener, live) = on_loopback();
        listen(borrow(&listener), 16).unwrap();
        let (_bound, dead) = on_loopback();
        let (pending, _, _full) = pending();
        let made = connecting(live).unwrap();
        // Some systems refuse at once.
        let refused = connecting(dead);

        let mut sockets = vec![borrow(&made), borrow(&pending)];
        sockets.extend(refused.as_ref().ok().map(|socket| borrow(socket)));
        let expected: &[_] = if sockets.len() == 3 { &[0, 2] } else { &[0] };
        loop {
            let ready = wait_any(&sockets, None, PATIENCE).unwrap();
            assert!(ready.any(), "no connection came to an end");
            assert!(!ready.woken);
            assert!(!ready.sockets.contains(&1), "there is no room for it");
            if ready.sockets == expected {
                break;
            }
        }
        finish_connect(borrow(&made), 0, None).unwrap();
        let error = match refused {
            Ok(socket) => finish_connect(borrow(&socket), 0, None).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn wait_accepts_101_sockets() {
        let (_pending, peer, _full) = pending();
        // The last one is ready, and the others are not.
        let mut sockets: Vec<_> = (0..100).map(|_| connecting(peer).unwrap()).collect();
        sockets.push(open(Shape::Datagram, Protocol::Udp, true).unwrap());
        let sockets: Vec<_> = sockets.iter().map(|socket| borrow(socket)).collect();
        let ready = wait_any(&sockets, None, PATIENCE).unwrap();
        assert_eq!(ready.into_iter().collect::<Vec<_>>(), [100]);
    }

    #[test]
    fn another_thread_ends_a_wait() {
        let (pending, _, _full) = pending();
        let (waker, woken) = waker().unwrap();
        thread::scope(|scope| {
            scope.spawn(move || waker.wake());
            let ready = wait_any(&[borrow(&pending)], Some(woken.fd()), PATIENCE).unwrap();
            assert!(ready.woken);
            assert!(ready.sockets.is_empty());
        });
    }

    #[test]
    fn wake_ups_drain_and_recur() {
        let (waker, woken) = waker().unwrap();
        let is_woken = |time| wait_any(&[], Some(woken.fd()), time).unwrap().woken;
        assert!(!is_woken(AT_ONCE));
        for _ in 0..2 {
            waker.wake();
            waker.clone().wake();
            // As long as they are not drained, they stay.
            assert!(is_woken(PATIENCE));
            assert!(is_woken(PATIENCE));
            // On Windows they arrive one by one.
            while is_woken(AT_ONCE) {
                woken.drain();
            }
        }
        woken.drain();
    }

    #[test]
    fn waking_neither_waits_nor_fails() {
        let (waker, woken) = waker().unwrap();
        // More than any buffer of one-byte messages holds.
        for _ in 0..100_000 {
            waker.wake();
        }
        assert!(wait_any(&[], Some(woken.fd()), PATIENCE).unwrap().woken);
        drop(woken);
        // Nobody is there any more, and no signal says so.
        waker.wake();
        waker.wake();
    }

    #[test]
    fn dropped_wakers_wake_nothing() {
        let (waker, woken) = waker().unwrap();
        waker.wake();
        drop(waker);
        assert!(wait_any(&[], Some(woken.fd()), PATIENCE).unwrap().woken);
        woken.drain();
        assert!(!wait_any(&[], Some(woken.fd()), AT_ONCE).unwrap().woken);
    }
}
