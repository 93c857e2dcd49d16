//! Giving up on an operation.
//!
//! One atomic decides between "cancelled" and "committed", so that whoever cancels learns the truth: an
//! operation that ends as aborted has changed nothing. What waits rather than looks is told by a [`Watch`].

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Error;

const OPEN: u8 = 0;
const CANCELLED: u8 = 1;
const COMMITTED: u8 = 2;

/// A handle with which an operation can be cancelled from elsewhere. Clones share one state.
#[derive(Clone, Default)]
pub struct Cancel(Arc<State>);

#[derive(Default)]
struct State {
    decided: AtomicU8,
    watches: Mutex<Watches>,
}

#[derive(Default)]
struct Watches {
    next: u64,
    tell: Vec<(u64, Box<dyn FnOnce() + Send>)>,
}

impl Cancel {
    /// Not cancelled yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels, unless the operation has passed the point of no return.
    pub fn cancel(&self) {
        let decided = &self.0.decided;
        if decided.compare_exchange(OPEN, CANCELLED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            let told = std::mem::take(&mut self.watches().tell);
            for (_, tell) in told {
                tell();
            }
        }
    }

    /// Whether the operation is to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.decided.load(Ordering::Acquire) == CANCELLED
    }

    /// # Errors
    /// [`Error::Aborted`] when cancelled.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.is_cancelled() { Err(Error::Aborted) } else { Ok(()) }
    }

    /// The point of no return: from here on cancelling has no effect.
    ///
    /// # Errors
    /// [`Error::Aborted`] when it was cancelled before.
    pub(crate) fn commit(&self) -> Result<(), Error> {
        match self.0.decided.compare_exchange(OPEN, COMMITTED, Ordering::AcqRel, Ordering::Acquire)
        {
            Err(CANCELLED) => Err(Error::Aborted),
            _ => Ok(()),
        }
    }

    /// Has `tell` called by whoever cancels, at once if that has happened, unless the watch is dropped before.
    pub(crate) fn watch(&self, tell: impl FnOnce() + Send + 'static) -> Watch {
        let mut watches = self.watches();
        let number = watches.next;
        watches.next += 1;
        // Whoever cancels decides first and takes the list then: it is seen here, or it sees this watch.
        if self.is_cancelled() {
            drop(watches);
            tell();
        } else {
            watches.tell.push((number, Box::new(tell)));
        }
        Watch { cancel: self.clone(), number }
    }

    fn watches(&self) -> MutexGuard<'_, Watches> {
        self.0.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cancel").field(&self.0.decided).finish()
    }
}

/// Somebody who is told of cancelling, for as long as this lives.
pub(crate) struct Watch {
    cancel: Cancel,
    number: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watches = self.cancel.watches();
        let at = watches.tell.iter().position(|(number, _)| *number == self.number);
        let told = at.map(|at| watches.tell.swap_remove(at));
        drop(watches);
        drop(told);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn cancelling_before_the_commit_wins_and_after_it_loses() {
        let early = Cancel::new();
        early.clone().cancel();
        assert!(early.is_cancelled());
        assert!(matches!(early.commit(), Err(Error::Aborted)));

        let late = Cancel::new();
        late.commit().unwrap();
        late.cancel();
        assert!(!late.is_cancelled());
        assert!(late.check().is_ok());
    }

    #[test]
    fn who_watches_is_told_once_also_of_what_has_happened_and_not_after_turning_away() {
        let cancel = Cancel::new();
        let (send, receive) = mpsc::channel();
        let watch = |name: &'static str| {
            let send = send.clone();
            cancel.watch(move || send.send(name).unwrap())
        };
        let first = watch("first");
        drop(watch("turned away"));
        let second = watch("second");
        cancel.cancel();
        cancel.cancel();
        let late = watch("late");
        drop((first, second, late));
        drop(send);
        assert_eq!(receive.iter().collect::<Vec<_>>(), ["first", "second", "late"]);
    }

    #[test]
    fn nobody_is_told_of_cancelling_what_is_committed() {
        let cancel = Cancel::new();
        let (send, receive) = mpsc::channel::<()>();
        let watch = cancel.watch(move || send.send(()).unwrap());
        cancel.commit().unwrap();
        cancel.cancel();
        drop(watch);
        assert!(receive.recv().is_err());
    }
}
