//! The questions to a resolver, side by side.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::host::HappyEyeballs;
use super::resolve::{Family, ResolveError, ResolveErrorKind};
use crate::sys::Waker;

/// What a thread that asked sends back.
pub(super) type Found = (Family, Result<Vec<SocketAddr>, ResolveError>);

/// The questions to the resolver, each in a thread of its own that nobody waits for, and that wakes
/// the race when it has an answer.
pub(super) struct Questions {
    pub(super) port: u16,
    pub(super) answers: Receiver<Found>,
}

impl Questions {
    pub(super) fn ask(
        host: &HappyEyeballs,
        name: &str,
        port: u16,
        families: &[Family],
        waker: &Waker,
    ) -> std::io::Result<Self> {
        let (sender, answers) = channel();
        for family in families {
            ask(host, name, *family, sender.clone(), waker.clone())?;
        }
        Ok(Self { port, answers })
    }
}

fn ask(
    host: &HappyEyeballs,
    name: &str,
    family: Family,
    sender: Sender<Found>,
    waker: Waker,
) -> std::io::Result<()> {
    let resolver = Arc::clone(&host.resolver);
    let name = name.to_owned();
    thread::Builder::new().name(format!("resolve {family}")).spawn(move || {
        // A resolver that panics has no answer; the race goes on.
        let result = catch_unwind(AssertUnwindSafe(|| resolver.resolve(&name, family)))
            .unwrap_or_else(|_| Err(ResolveError::new(ResolveErrorKind::Other, "it panicked")));
        // Nobody listens any more once the race is over.
        if sender.send((family, result)).is_ok() {
            waker.wake();
        }
    })?;
    Ok(())
}
