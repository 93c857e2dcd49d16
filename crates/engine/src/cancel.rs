//! Giving up on an operation.
//!
//! One atomic decides between "cancelled" and "committed", so that whoever cancels learns the truth: an
//! operation that ends as aborted has changed nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::Error;

const OPEN: u8 = 0;
const CANCELLED: u8 = 1;
const COMMITTED: u8 = 2;

/// A handle with which an operation can be cancelled from elsewhere. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicU8>);

impl Cancel {
    /// Not cancelled yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels, unless the operation has passed the point of no return.
    pub fn cancel(&self) {
        let _ = self.0.compare_exchange(OPEN, CANCELLED, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Whether the operation is to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire) == CANCELLED
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
        match self.0.compare_exchange(OPEN, COMMITTED, Ordering::AcqRel, Ordering::Acquire) {
            Err(CANCELLED) => Err(Error::Aborted),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
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
}
