//! Looks a name up in the calling thread or in one of its own, if at all.

use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::answers::{Inbox, Query};
use super::host::HappyEyeballs;
use super::resolve::{Resolve, SystemResolver, localhost};
use crate::sys::Waker;

/// How a name is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Not at all, because it is known.
    Known,
    /// By the system's resolver, in the calling thread: there is nothing else to do meanwhile.
    Here,
    /// In a thread that wakes the race.
    Thread,
}

impl Way {
    pub(super) fn to(host: &HappyEyeballs, name: &str) -> Self {
        // A call of the system's resolver cannot be interrupted.
        let may_end_early = host.deadline.is_some() || host.cancel.is_some();
        match localhost(name) {
            Some(_) => Self::Known,
            None if host.resolver.is_none() && !may_end_early => Self::Here,
            None => Self::Thread,
        }
    }
}

/// Looks a name up; `waker` is for the way that needs one.
pub(super) fn look_up(
    way: Way,
    host: &HappyEyeballs,
    query: Query,
    waker: Option<&Waker>,
) -> io::Result<Inbox> {
    let waker = waker.cloned();
    let (answers, inbox) = Inbox::open(&query, move || waker.iter().for_each(Waker::wake));
    if way != Way::Thread {
        // It answers the known names by itself.
        SystemResolver.resolve(query, answers);
        return Ok(inbox);
    }
    let resolver = host.resolver.clone().unwrap_or_else(|| Arc::new(SystemResolver));
    let ask = move || resolver.resolve(query, answers);
    thread::Builder::new().name("resolve".into()).spawn(|| {
        // A panic has answered by dropping `answers`. What it carries may panic when it is dropped,
        // which would end the process in a thread that is not joined.
        let payload = catch_unwind(AssertUnwindSafe(ask)).err();
        mem::forget(catch_unwind(AssertUnwindSafe(|| drop(payload))));
    })?;
    Ok(inbox)
}
