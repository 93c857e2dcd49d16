//! How calls come into an encoder's queue: with a place for their texts, which may have to be waited for.
//!
//! A caller gets a place before it hands its texts over, so that those who wait outside hold no copy of them.

use std::sync::Arc;
use std::time::Instant;

use crate::encoder_queue::{Queue, tell};
use crate::queue_places::Admitted;
use crate::{Cancel, Error, Priority};

/// A call's right to put so many texts into the queue of an encoder. It ends when it is dropped.
pub struct Place {
    queue: Arc<Queue>,
    priority: Priority,
    texts: usize,
    /// When it was asked for.
    since: Instant,
}

impl Queue {
    /// A place for a call, if there is room at once.
    ///
    /// # Errors
    /// [`Error::QueueFull`] where nobody waits.
    pub(crate) fn place(
        self: &Arc<Self>,
        texts: usize,
        priority: Priority,
    ) -> Result<Option<Place>, Error> {
        let entered = self.lanes().of(priority).places.enter(texts)?;
        Ok(entered.then(|| Place::new(self, texts, priority, Instant::now())))
    }

    /// A place for a call whose thread takes part: it is let in where others would wait, as its texts are in
    /// memory already, and a worker that waited for room would be missing where room is made.
    ///
    /// # Errors
    /// As [`place`](Self::place).
    pub(crate) fn place_now(
        self: &Arc<Self>,
        texts: usize,
        priority: Priority,
    ) -> Result<Place, Error> {
        self.lanes().of(priority).places.enter_now(texts)?;
        Ok(Place::new(self, texts, priority, Instant::now()))
    }

    /// A place for a call as soon as there is room, or [`Error::Aborted`].
    pub(crate) fn place_later(
        self: &Arc<Self>,
        texts: usize,
        priority: Priority,
        cancel: &Cancel,
        done: impl FnOnce(Result<Place, Error>) + Send + 'static,
    ) {
        let (queue, since) = (Arc::clone(self), Instant::now());
        let told: Admitted = Box::new(move |result| {
            done(result.map(|()| Place::new(&queue, texts, priority, since)));
        });
        let mut lanes = self.lanes();
        let places = &mut lanes.of(priority).places;
        let number = places.wait(texts, told);
        let admitted = places.admit();
        drop(lanes);
        tell(admitted);

        let queue = Arc::downgrade(self);
        let watch = cancel.watch(move || {
            let Some(queue) = queue.upgrade() else { return };
            let outside = queue.lanes().of(priority).places.give_up(number);
            if let Some(told) = outside {
                told(Err(Error::Aborted));
            }
        });
        let not_needed = self.lanes().of(priority).places.keep(number, watch);
        drop(not_needed);
    }
}

impl Place {
    fn new(queue: &Arc<Queue>, texts: usize, priority: Priority, since: Instant) -> Self {
        Self { queue: Arc::clone(queue), priority, texts, since }
    }

    pub(crate) fn priority(&self) -> Priority {
        self.priority
    }

    pub(crate) fn since(&self) -> Instant {
        self.since
    }

    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Gives the places over to texts that are in the queue from now on: so many were kept for them.
    pub(crate) fn fill(mut self) -> usize {
        std::mem::take(&mut self.texts)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.texts == 0 {
            return;
        }
        let mut lanes = self.queue.lanes();
        let places = &mut lanes.of(self.priority).places;
        places.leave(self.texts);
        let admitted = places.admit();
        drop(lanes);
        tell(admitted);
    }
}
