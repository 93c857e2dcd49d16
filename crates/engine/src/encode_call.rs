//! One call of the encoder: its vectors as they come, and its answer.
//!
//! Invariant: a call is answered once. Whoever ends it (its last vector, an error, whoever cancels) takes the
//! answer out and gives it when no lock is held; all others find that it is over.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::cancel::Watch;
use crate::text_encoder::Embeddings;
use crate::vector_cache::Encoded;
use crate::{Error, Priority};

/// Called with the vectors of a call, on any thread.
pub(crate) type Done = Box<dyn FnOnce(Result<Embeddings, Error>) + Send>;

/// A call under way.
pub(crate) struct Call {
    /// Its position in the order of all calls of its encoder.
    pub(crate) number: u64,
    /// Before each text.
    pub(crate) prefix: Arc<str>,
    pub(crate) priority: Priority,
    /// Whether its texts are looked up and remembered.
    pub(crate) remembers: bool,
    /// Nothing once it is over.
    progress: Mutex<Option<Progress>>,
}

struct Progress {
    embeddings: Embeddings,
    /// Texts without a vector.
    left: usize,
    done: Done,
    watch: Option<Watch>,
}

/// The answer of a call that is over, to be given when no lock is held.
#[must_use]
pub(crate) struct Answer {
    done: Done,
    result: Result<Embeddings, Error>,
}

impl Answer {
    pub(crate) fn give(self) {
        // A panic is the receiver's own, and not of the calls that are in the same micro-batch.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.done)(self.result)));
    }
}

impl Call {
    /// A call of `count` texts, at least one.
    pub(crate) fn new(
        number: u64,
        prefix: Arc<str>,
        priority: Priority,
        remembers: bool,
        (count, dimension): (usize, usize),
        done: Done,
    ) -> Self {
        let embeddings = Embeddings { data: Vec::new(), count, dimension, tokens: 0, truncated: 0 };
        let progress = Progress { embeddings, left: count, done, watch: None };
        Self { number, prefix, priority, remembers, progress: Mutex::new(Some(progress)) }
    }

    /// Keeps the watch until the call is over.
    pub(crate) fn keep(&self, watch: Watch) {
        let mut watch = Some(watch);
        if let Some(progress) = self.lock().as_mut() {
            progress.watch = watch.take();
        }
        // If it is over, the watch ends here, when the lock is free.
    }

    pub(crate) fn is_over(&self) -> bool {
        self.lock().is_none()
    }

    /// Stores the vector of a text. With the last one the call is over.
    pub(crate) fn store(&self, row: usize, vector: Encoded<'_>) -> Option<Answer> {
        let mut progress = self.lock();
        let Progress { embeddings, left, .. } = progress.as_mut()?;
        let dimension = embeddings.dimension;
        if embeddings.data.is_empty() {
            embeddings.data = vec![0.0; embeddings.count * dimension];
        }
        let out = embeddings.data.get_mut(row * dimension..(row + 1) * dimension);
        if let Some(out) = out.filter(|out| out.len() == vector.values.len()) {
            out.copy_from_slice(vector.values);
        }
        embeddings.tokens += vector.tokens;
        embeddings.truncated += usize::from(vector.truncated);
        *left -= 1;
        if *left > 0 {
            return None;
        }
        let Progress { embeddings, done, .. } = take(progress)?;
        Some(Answer { done, result: Ok(embeddings) })
    }

    /// Ends the call without vectors, unless it is over.
    pub(crate) fn fail(&self, error: Error) -> Option<Answer> {
        let Progress { done, .. } = take(self.lock())?;
        Some(Answer { done, result: Err(error) })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(mut progress: MutexGuard<'_, Option<Progress>>) -> Option<Progress> {
    progress.take()
}

/// Where a thread waits for the answer of its call.
#[derive(Default)]
pub(crate) struct Waiting {
    result: Mutex<Option<Result<Embeddings, Error>>>,
    given: Condvar,
}

impl Waiting {
    pub(crate) fn give(&self, result: Result<Embeddings, Error>) {
        *self.lock() = Some(result);
        self.given.notify_all();
    }

    pub(crate) fn answer(&self) -> Option<Result<Embeddings, Error>> {
        self.lock().take()
    }

    pub(crate) fn wait(&self) -> Result<Embeddings, Error> {
        let mut result = self.lock();
        loop {
            match result.take() {
                Some(result) => return result,
                None => result = self.given.wait(result).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Result<Embeddings, Error>>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A text on its way to its call. Should it get lost, its call ends with an error: no call waits for ever.
pub(crate) struct Piece {
    call: Arc<Call>,
    row: usize,
    /// The text, if it is to be remembered.
    text: Option<String>,
    arrived: bool,
}

impl Piece {
    pub(crate) fn new(call: Arc<Call>, row: usize, text: Option<String>) -> Self {
        Self { call, row, text, arrived: false }
    }

    pub(crate) fn call(&self) -> &Arc<Call> {
        &self.call
    }

    pub(crate) fn row(&self) -> usize {
        self.row
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(crate) fn store(mut self, vector: Encoded<'_>) -> Option<Answer> {
        self.arrived = true;
        self.call.store(self.row, vector)
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if !self.arrived
            && let Some(answer) =
                self.call.fail(Error::Internal("a text was lost in the queue".to_owned()))
        {
            answer.give();
        }
    }
}
