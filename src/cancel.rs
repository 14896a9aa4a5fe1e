//! Giving a race up from another thread: [`Cancel`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sys::Waker;

/// Gives up a [`connect_host`](crate::Builder::connect_host) that runs in another thread, even
/// while the resolver hangs.
///
/// Clones are the same one. It stays given up: every race that has it ends at once.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, cancel::Cancel, connect::{HappyEyeballs, HostErrorKind}};
///
/// let cancel = Cancel::new();
/// let host = HappyEyeballs::to("example.com:443").cancel(&cancel);
/// cancel.cancel(); // when the user closes the window, say
/// let error = Builder::stream().connect_host(&host).unwrap_err();
/// assert_eq!(error.kind(), HostErrorKind::Cancelled);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<CancelState>);

#[derive(Debug, Default)]
struct CancelState {
    cancelled: AtomicBool,
    /// Those who wait, by a number of their own.
    waiting: Mutex<BTreeMap<usize, Waker>>,
}

impl Cancel {
    /// Nothing is given up yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives up the races that have it.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        self.waiting().values().for_each(Waker::wake);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    ///
    /// # Examples
    ///
    /// ```
    /// let cancel = inet6::cancel::Cancel::new();
    /// assert!(!cancel.is_cancelled());
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Has `waker` woken on [`cancel`](Self::cancel), for as long as the result lives. Whoever
    /// registers asks [`is_cancelled`](Self::is_cancelled) afterwards.
    pub(super) fn register(&self, waker: Waker) -> Registered<'_> {
        let mut waiting = self.waiting();
        let number = waiting.last_key_value().map_or(0, |(last, _)| last + 1);
        waiting.insert(number, waker);
        Registered { cancel: self, number }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<usize, Waker>> {
        // Nothing that holds it panics.
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits; dropping it takes them off the list.
pub(super) struct Registered<'a> {
    cancel: &'a Cancel,
    number: usize,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.cancel.waiting().remove(&self.number);
    }
}
