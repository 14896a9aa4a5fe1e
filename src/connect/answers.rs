//! A question for a resolver and the way back for its answers: [`Query`] and [`Answers`].
//!
//! Neither knows how the reader waits. A race is woken through a descriptor, `Resolve::look_up` by
//! unparking its thread.

use std::fmt;
use std::mem;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::ResolveErrorKind;
use super::resolve::{Family, ResolveError};
use crate::addr::mapped::canonical;
use crate::error::Refusal;

/// How many addresses of each family are read of the answers to one question.
const ADDRESSES: usize = 256;

/// A question for a [resolver](crate::connect::Resolve): the addresses of a name, in one family or
/// in both.
///
/// # Examples
///
/// ```
/// use inet6::connect::{Family, Query};
///
/// let query = Query::new("example.com");
/// assert!(query.wants(Family::Ipv6) && query.wants(Family::Ipv4));
/// let query = query.only(Family::Ipv6);
/// assert_eq!(query.name(), "example.com");
/// assert!(!query.wants(Family::Ipv4));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Query {
    name: Arc<str>,
    /// The only family that is wanted; `None` for both.
    family: Option<Family>,
}

impl Query {
    /// Asks for the addresses of a name in both families.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), family: None }
    }

    /// Asks for the addresses of one family alone.
    #[must_use]
    pub fn only(mut self, family: Family) -> Self {
        self.family = Some(family);
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether addresses of a family are asked for.
    #[must_use]
    pub fn wants(&self, family: Family) -> bool {
        self.family.is_none_or(|only| only == family)
    }

    /// The only family that is wanted, or `None` for both.
    pub(super) fn family(&self) -> Option<Family> {
        self.family
    }
}

/// Takes the answers of a [resolver](crate::connect::Resolve) to a [`Query`], as they come.
///
/// Clones belong to the same question. It ends when the last of them is dropped, in whichever
/// thread and also while a panic unwinds. Each wanted family without an answer then has failed,
/// with [`ResolveErrorKind::Other`](crate::connect::ResolveErrorKind::Other).
///
/// # What is read
///
/// Ports are ignored. A link-local address keeps its scope id. An address that stands for an IPv4
/// one (`::ffff:192.0.2.1`) is that IPv4 address. Addresses of another family than the answer's are
/// left out, and so is an address that the same answer holds already. If none is left, the answer
/// is [`ResolveErrorKind::NoAddress`](crate::connect::ResolveErrorKind::NoAddress). The first 256
/// addresses of each family are read.
///
/// # Examples
///
/// See [`Resolve`](crate::connect::Resolve).
#[derive(Clone)]
pub struct Answers(Arc<Handle>);

impl Answers {
    /// Answers for one family: the addresses, the best first, or why there are none.
    ///
    /// A family counts as answered from then on. What comes later joins a race that still runs. An
    /// answer for a family that is not wanted is ignored.
    pub fn push(&self, family: Family, result: Result<Vec<SocketAddr>, ResolveError>) {
        if self.0.family.is_none_or(|only| only == family) {
            self.0.answer(Some(family), result);
        }
    }

    /// Answers for every family that is wanted.
    ///
    /// The family of the first address leads the race, unless
    /// [`HappyEyeballs::first_family`](crate::connect::HappyEyeballs::first_family) names another
    /// one.
    pub fn push_all(&self, result: Result<Vec<SocketAddr>, ResolveError>) {
        self.0.answer(self.0.family, result);
    }

    /// Returns whether the answers are still read.
    ///
    /// `false` once the race is over: a resolver that is still at work may stop.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.0.mail().wake.is_some()
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").field("is_wanted", &self.is_wanted()).finish_non_exhaustive()
    }
}

/// An answer as it is read.
#[derive(Debug)]
pub(super) struct Found {
    /// The family that is answered; `None` for both.
    pub(super) family: Option<Family>,
    pub(super) result: Result<Vec<SocketAddr>, ResolveError>,
}

/// The question behind all clones of an [`Answers`].
struct Handle {
    family: Option<Family>,
    mailbox: Arc<Mutex<Mail>>,
}

/// The state that both ends share.
struct Mail {
    /// Wakes the reader. `None` when it has gone.
    wake: Option<Box<dyn Fn() + Send>>,
    found: Vec<Found>,
    /// Of each family: whether an answer is missing, and how many addresses were read.
    missing: [bool; 2],
    read: [usize; 2],
    /// Nothing can come any more.
    closed: bool,
}

impl Handle {
    fn mail(&self) -> MutexGuard<'_, Mail> {
        lock(&self.mailbox)
    }

    fn answer(&self, family: Option<Family>, result: Result<Vec<SocketAddr>, ResolveError>) {
        let mut mail = self.mail();
        if mail.wake.is_none() {
            // An error of a resolver may do anything when it is dropped, so the lock is free by
            // then.
            drop(mail);
            return;
        }
        let result = match result {
            Ok(addresses) => mail.read(family, addresses),
            Err(error) => Some(Err(error)),
        };
        mail.deliver(family, result);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let why = match thread::panicking() {
            true => Refusal::ResolverPanicked,
            false => Refusal::ResolverEnded,
        };
        let mut mail = self.mail();
        mail.closed = true;
        let family = match mail.missing {
            [true, true] => None,
            [true, false] => Some(Family::Ipv6),
            [false, true] => Some(Family::Ipv4),
            // The reader may wait for the end.
            [false, false] => return mail.wake(),
        };
        mail.deliver(family, Some(Err(ResolveError::new(ResolveErrorKind::Other, why))));
    }
}

impl Mail {
    /// Notes that a family, or both, are answered; `None` if the answer holds nothing to be read.
    fn deliver(
        &mut self,
        family: Option<Family>,
        result: Option<Result<Vec<SocketAddr>, ResolveError>>,
    ) {
        for answered in Family::BOTH {
            if family.is_none_or(|family| family == answered) {
                self.missing[answered as usize] = false;
            }
        }
        if self.wake.is_some() {
            self.found.extend(result.map(|result| Found { family, result }));
        }
        self.wake();
    }

    fn wake(&self) {
        if let Some(wake) = &self.wake {
            wake();
        }
    }

    /// The addresses of an answer that count; `None` if so many were read before that none does.
    fn read(
        &mut self,
        family: Option<Family>,
        addresses: Vec<SocketAddr>,
    ) -> Option<Result<Vec<SocketAddr>, ResolveError>> {
        let mut read = Vec::new();
        let mut left_out = 0_usize;
        for address in addresses {
            let address = readable(address);
            let own = Family::of(address);
            if family.is_some_and(|family| family != own) {
                continue;
            }
            let count = &mut self.read[own as usize];
            if *count == ADDRESSES {
                left_out += 1;
            } else if !read.contains(&address) {
                *count += 1;
                read.push(address);
            }
        }
        if left_out > 0 {
            log::debug!("{ADDRESSES} addresses of a family are read, {left_out} more are ignored");
        }
        match (read.is_empty(), left_out) {
            (false, _) => Some(Ok(read)),
            (true, 0) => Some(Err(ResolveErrorKind::NoAddress.into())),
            (true, _) => None,
        }
    }
}

/// Without the port, and an IPv4 address as one.
fn readable(address: SocketAddr) -> SocketAddr {
    let mut address = match address {
        SocketAddr::V6(wire) => canonical(wire),
        SocketAddr::V4(_) => address,
    };
    address.set_port(0);
    address
}

/// The reading end of a question.
pub(super) struct Inbox(Arc<Mutex<Mail>>);

impl Inbox {
    /// Opens a question; `wake` is called after each answer and at the end.
    pub(super) fn open(query: &Query, wake: impl Fn() + Send + 'static) -> (Answers, Self) {
        let mailbox = Arc::new(Mutex::new(Mail {
            wake: Some(Box::new(wake)),
            found: Vec::new(),
            missing: Family::BOTH.map(|family| query.wants(family)),
            read: [0; 2],
            closed: false,
        }));
        let handle = Handle { family: query.family, mailbox: Arc::clone(&mailbox) };
        (Answers(Arc::new(handle)), Self(mailbox))
    }

    /// Takes the answers that have come, and returns whether they were the last.
    pub(super) fn take(&self) -> (Vec<Found>, bool) {
        let mut mail = lock(&self.0);
        (mem::take(&mut mail.found), mail.closed)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let mut mail = lock(&self.0);
        let gone = (mail.wake.take(), mem::take(&mut mail.found));
        drop(mail);
        // As in `Handle::answer`.
        drop(gone);
    }
}

fn lock(mailbox: &Mutex<Mail>) -> MutexGuard<'_, Mail> {
    // Each change of it is whole.
    mailbox.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    /// The source of an error that answers when it is dropped.
    #[derive(Debug)]
    struct Answering(Answers);

    impl fmt::Display for Answering {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("it answers")
        }
    }

    impl std::error::Error for Answering {}

    impl Drop for Answering {
        fn drop(&mut self) {
            self.0.push_all(Err(ResolveErrorKind::NoSuchName.into()));
        }
    }

    fn push(answers: &Answers) {
        let source = Answering(answers.clone());
        answers.push_all(Err(ResolveError::new(ResolveErrorKind::Other, source)));
    }

    #[test]
    fn error_may_answer_when_dropped() {
        let (done, is_done) = channel();
        thread::spawn(move || {
            let (answers, inbox) = Inbox::open(&Query::new("host.example"), || {});
            push(&answers);
            // It is read, and dropped by the reader.
            drop(inbox.take());
            push(&answers);
            // It is not read.
            drop(inbox);
            // It comes too late.
            push(&answers);
            done.send(answers.is_wanted()).unwrap();
        });
        assert_eq!(is_done.recv_timeout(Duration::from_secs(20)), Ok(false), "it hangs");
    }
}
