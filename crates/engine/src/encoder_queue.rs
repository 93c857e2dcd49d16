//! The queue before an encoder.
//!
//! Texts of all calls wait here, those of few texts before those of many, each lane in the order in which calls came. A
//! worker that becomes free takes what is waiting, up to a micro-batch, tokenises it and runs the whole forward pass:
//! no thread waits for another in the middle, calls that come together go through the model together, and a lone
//! one goes at once. Nothing depends on how texts are put together: an encoder gives the same bits in any batch.
//!
//! ```text
//! call ─ cache ─┐                         ┌ worker: tokenise, forward ┐
//! call ─ cache ─┼─ lanes ── micro-batch ──┤                           ├── vectors to their calls, and to the cache
//! call ─ cache ─┘                         └ worker: tokenise, forward ┘
//! ```
//!
//! Workers come as jobs of the [`Runtime`], each of which runs one micro-batch and queues up again while anything
//! waits: so what is interactive, of this encoder or not, waits for one micro-batch of bulk work at most, and encoders
//! share the workers fairly. A thread that needs vectors to go on takes part until it has them: it runs
//! micro-batches like a worker, and waits only for what other threads are already running.
//!
//! Invariants: while a lane has texts, a job for it is queued or running, or a thread that takes part will look
//! again. What fails, fails the calls alone whose texts did. No lock is held while a model runs or an answer is given.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hippocamp_encoder::Encoder;

use crate::admission::Place;
use crate::encode_call::{Call, Done, Waiting};
use crate::encoder_stats::{EncoderStats, Meter};
use crate::encoder_worker::Desks;
use crate::queue_lanes::{Lanes, Rows};
use crate::queue_places::Admitted;
use crate::text_encoder::Embeddings;
use crate::vector_cache::VectorCache;
use crate::{Cancel, Error, Priority, Runtime};

/// What happens to a call for which there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// It waits until there is.
    #[default]
    Wait,
    /// It fails with [`Error::QueueFull`].
    Reject,
}

/// How an encoder's queue is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    /// Calls are let in while fewer texts wait; those of few texts and those of many are counted apart.
    pub limit: usize,
    /// What happens to the others.
    pub when_full: WhenFull,
    /// Bytes that remembered vectors may take; with 0 none is remembered.
    pub cache_bytes: usize,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self { limit: 100_000, when_full: WhenFull::Wait, cache_bytes: 4 << 20 }
    }
}

/// Texts to be encoded.
pub(crate) struct Request {
    pub(crate) texts: Vec<String>,
    /// Before each text.
    pub(crate) prefix: Arc<str>,
    /// Whether the texts may be asked for again: questions are, documents are not.
    pub(crate) remembers: bool,
}

/// An encoder and what waits for it.
pub(crate) struct Queue {
    pub(crate) encoder: Encoder,
    lanes: Mutex<Lanes>,
    calls: AtomicU64,
    pub(crate) cache: VectorCache,
    pub(crate) meter: Arc<Meter>,
    pub(crate) desks: Desks,
}

/// Jobs that were counted and are to be started when no lock is held.
#[must_use]
struct Jobs(usize);

impl Queue {
    pub(crate) fn new(encoder: Encoder, options: &QueueOptions) -> Self {
        Self {
            encoder,
            lanes: Mutex::new(Lanes::new(options)),
            calls: AtomicU64::new(0),
            cache: VectorCache::new(options.cache_bytes),
            meter: Arc::default(),
            desks: Desks::default(),
        }
    }

    pub(crate) fn stats(&self) -> EncoderStats {
        let lanes = self.lanes();
        let waiting = lanes.interactive.waiting() + lanes.bulk.waiting();
        drop(lanes);
        self.meter.stats(waiting, self.cache.stats())
    }

    /// Queues a call; `done` gets its vectors, at once or later, here or on another thread.
    pub(crate) fn submit(
        self: &Arc<Self>,
        request: Request,
        place: Place,
        cancel: &Cancel,
        done: Done,
    ) {
        let priority = place.priority();
        let jobs = self.enqueue(request, place, cancel, done, 0);
        self.start(priority, jobs);
    }

    /// Encodes on this thread and all idle workers.
    ///
    /// # Errors
    /// That of a text which could not be encoded, or [`Error::Aborted`].
    pub(crate) fn run(
        self: &Arc<Self>,
        request: Request,
        place: Place,
        cancel: &Cancel,
    ) -> Result<Embeddings, Error> {
        let waiting = Arc::new(Waiting::default());
        let answer = Arc::clone(&waiting);
        let done = Box::new(move |result| answer.give(result));
        let priority = place.priority();
        let jobs = self.enqueue(request, place, cancel, done, 1);
        self.start(priority, jobs);
        let result = loop {
            if let Some(result) = waiting.answer() {
                break result;
            }
            if priority == Priority::Bulk {
                Runtime::shared().serve_interactive();
            }
            if !self.run_micro_batch(priority) {
                // What is left of it is with other threads, and they are running it.
                break waiting.wait();
            }
        };
        // What this thread would have gone on with is left to the workers.
        let jobs = Self::jobs(&mut self.lanes(), priority, 0);
        self.start(priority, jobs);
        result
    }

    /// Queues a call. `helping` threads are at hand for it beside the jobs that are returned.
    fn enqueue(
        self: &Arc<Self>,
        request: Request,
        place: Place,
        cancel: &Cancel,
        done: Done,
        helping: usize,
    ) -> Jobs {
        let Request { mut texts, prefix, remembers } = request;
        let (meter, since, priority) = (Arc::clone(&self.meter), place.since(), place.priority());
        let done: Done = Box::new(move |result| {
            if result.is_ok() {
                meter.answered(priority, since.elapsed());
            }
            done(result);
        });
        let (count, dimension) = (texts.len(), self.encoder.dimension());
        if count == 0 {
            let data = Vec::new();
            done(Ok(Embeddings { data, count, dimension, tokens: 0, truncated: 0 }));
            return Jobs(0);
        }
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let call = Call::new(number, prefix, priority, remembers, (count, dimension), done);
        let call = Arc::new(call);
        let rows = if remembers { self.look_up(&call, &mut texts) } else { Rows::From(0) };
        if rows.left(&texts) == 0 {
            return Jobs(0);
        }
        let (queue, aborted) = (Arc::downgrade(self), Arc::downgrade(&call));
        call.keep(cancel.watch(move || {
            if let (Some(queue), Some(call)) = (queue.upgrade(), aborted.upgrade()) {
                queue.fail(&call, Error::Aborted);
            }
        }));
        let mut lanes = self.lanes();
        // Who cancels first ends the call and then takes it out: the end is seen here, or the call is found here.
        if call.is_over() {
            drop(lanes);
            return Jobs(0);
        }
        let admitted = lanes.of(priority).push(call, texts, rows, place.fill());
        let jobs = Self::jobs(&mut lanes, priority, helping);
        drop(lanes);
        tell(admitted);
        jobs
    }

    /// Gives a call the vectors that are remembered, and tells which rows are left.
    fn look_up(&self, call: &Call, texts: &mut [String]) -> Rows {
        let mut left = Vec::new();
        for (row, text) in texts.iter_mut().enumerate() {
            let Some(vector) = self.cache.find(&call.prefix, text) else {
                left.push(row);
                continue;
            };
            *text = String::new();
            if let Some(answer) = call.store(row, vector.encoded()) {
                answer.give();
            }
        }
        Rows::Of(left.into_iter())
    }

    /// Ends a call, takes what waits of it out of the queue, and then gives the answer.
    pub(crate) fn fail(&self, call: &Call, error: Error) {
        let Some(answer) = call.fail(error) else { return };
        let (left, admitted) = self.lanes().of(call.priority).remove(call);
        drop(left);
        tell(admitted);
        answer.give();
    }

    /// The jobs that are missing for all workers to be at a lane, or as many as can have a text.
    fn jobs(lanes: &mut Lanes, priority: Priority, helping: usize) -> Jobs {
        let lane = lanes.of(priority);
        let wanted = Runtime::shared().threads().min(lane.waiting());
        let missing = wanted.saturating_sub(lane.jobs + helping);
        lane.jobs += missing;
        lane.coming += missing;
        Jobs(missing)
    }

    fn start(self: &Arc<Self>, priority: Priority, Jobs(count): Jobs) {
        for _ in 0..count {
            let queue = Arc::clone(self);
            Runtime::shared().spawn(priority, move || queue.work(priority));
        }
    }

    /// A job: runs a micro-batch, and goes to the end of the line while more is waiting.
    fn work(self: &Arc<Self>, priority: Priority) {
        loop {
            self.lanes().of(priority).coming -= 1;
            self.run_micro_batch(priority);
            let mut lanes = self.lanes();
            let lane = lanes.of(priority);
            if lane.waiting() == 0 {
                lane.jobs -= 1;
                return;
            }
            lane.coming += 1;
            drop(lanes);
            // Without a worker jobs run where they are started: this one goes on here.
            if Runtime::has_workers() {
                return self.start(priority, Jobs(1));
            }
        }
    }

    pub(crate) fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells those that were let in. No lock is held.
pub(crate) fn tell(admitted: Vec<Admitted>) {
    for admitted in admitted {
        admitted(Ok(()));
    }
}
