//! How many texts may wait.
//!
//! A call is let in while fewer texts wait than the limit, whatever it brings: so a call that is larger than the limit
//! is let in too, and workers never run dry while the next large one is being read in. At most the limit and one
//! call wait. Who comes when it is full is turned away or waits outside, in order.

use std::collections::BTreeMap;

use crate::cancel::Watch;
use crate::{Error, WhenFull};

/// Called once there is room, or with what came in between.
pub(crate) type Admitted = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// The places for texts of one priority.
pub(crate) struct Places {
    limit: usize,
    when_full: WhenFull,
    taken: usize,
    outside: BTreeMap<u64, Outside>,
    next: u64,
}

struct Outside {
    texts: usize,
    admitted: Admitted,
    watch: Option<Watch>,
}

impl Places {
    pub(crate) fn new(limit: usize, when_full: WhenFull) -> Self {
        Self { limit, when_full, taken: 0, outside: BTreeMap::new(), next: 0 }
    }

    /// Lets a call in; false if it has to wait.
    ///
    /// # Errors
    /// [`Error::QueueFull`] where nobody waits.
    pub(crate) fn enter(&mut self, texts: usize) -> Result<bool, Error> {
        if self.outside.is_empty() && self.taken < self.limit {
            self.taken += texts;
            return Ok(true);
        }
        match self.when_full {
            WhenFull::Wait => Ok(false),
            WhenFull::Reject => Err(Error::QueueFull { waiting: self.taken, limit: self.limit }),
        }
    }

    /// Lets a call in that cannot wait.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    pub(crate) fn enter_now(&mut self, texts: usize) -> Result<(), Error> {
        if !self.enter(texts)? {
            self.taken += texts;
        }
        Ok(())
    }

    /// Lets a call wait outside, under the number that is returned.
    pub(crate) fn wait(&mut self, texts: usize, admitted: Admitted) -> u64 {
        let number = self.next;
        self.next += 1;
        self.outside.insert(number, Outside { texts, admitted, watch: None });
        number
    }

    /// Keeps the watch of a call for as long as it waits; gives it back if it does not.
    pub(crate) fn keep(&mut self, number: u64, watch: Watch) -> Option<Watch> {
        let Some(outside) = self.outside.get_mut(&number) else { return Some(watch) };
        outside.watch = Some(watch);
        None
    }

    /// A call that waits outside gives up.
    pub(crate) fn give_up(&mut self, number: u64) -> Option<Admitted> {
        self.outside.remove(&number).map(|outside| outside.admitted)
    }

    /// Texts come for which so many places were kept.
    pub(crate) fn exchange(&mut self, kept: usize, texts: usize) {
        self.taken = self.taken.saturating_sub(kept) + texts;
    }

    /// Texts leave.
    pub(crate) fn leave(&mut self, texts: usize) {
        self.taken = self.taken.saturating_sub(texts);
    }

    /// Lets in who can be; they are to be told when no lock is held.
    #[must_use]
    pub(crate) fn admit(&mut self) -> Vec<Admitted> {
        let mut admitted = Vec::new();
        while self.taken < self.limit
            && let Some((_, outside)) = self.outside.pop_first()
        {
            self.taken += outside.texts;
            admitted.push(outside.admitted);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_call_is_let_in_while_fewer_wait_than_the_limit() {
        let mut places = Places::new(10, WhenFull::Reject);
        assert!(places.enter(9).unwrap());
        assert!(places.enter(500).unwrap());
        let full = places.enter(1).unwrap_err();
        assert_eq!(full.code(), "ERR_QUEUE_FULL");
        let said = full.to_string();
        assert!(said.contains("509 texts wait") && said.contains("limit is 10"), "{said}");
        assert!(places.enter_now(1).is_err());
        places.leave(499);
        assert!(places.enter(1).is_err());
        places.leave(1);
        assert!(places.enter(1).unwrap());
    }

    #[test]
    fn who_waits_is_let_in_in_order_and_nobody_overtakes() {
        let mut places = Places::new(2, WhenFull::Wait);
        let (send, receive) = mpsc::channel();
        let told = |name: &'static str| -> Admitted {
            let send = send.clone();
            Box::new(move |result| send.send((name, result.is_ok())).unwrap())
        };
        assert!(places.enter(3).unwrap());
        let names = ["a", "b", "c", "d"];
        let numbers = names.map(|name| {
            assert!(!places.enter(1).unwrap());
            places.wait(1, told(name))
        });
        assert!(places.admit().is_empty());
        places.enter_now(1).unwrap();
        places.give_up(numbers[1]).unwrap()(Err(Error::Aborted));
        assert!(places.give_up(numbers[1]).is_none());
        places.leave(2);
        assert!(places.admit().is_empty());
        places.leave(1);
        places.admit().into_iter().for_each(|admitted| admitted(Ok(())));
        // One left and one let in: full, and one still waits.
        assert!(!places.enter(1).unwrap());
        places.leave(2);
        places.admit().into_iter().for_each(|admitted| admitted(Ok(())));
        drop(send);
        let order: Vec<_> = receive.iter().collect();
        assert_eq!(order, [("b", false), ("a", true), ("c", true), ("d", true)]);
    }
}
