//! An encoder at work, in numbers.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hippocamp_encoder::MICRO_BATCH_TOKENS;

use crate::Priority;
use crate::latency::{CallTimes, Latencies};
use crate::micro_batch::MicroBatch;
use crate::vector_cache::CacheStats;

/// What an encoder has done since it was loaded, and what it is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EncoderStats {
    /// Texts that went through the model.
    pub texts: u64,
    /// Their tokens, special tokens included.
    pub tokens: u64,
    /// Batches in which they went.
    pub micro_batches: u64,
    /// Tokens in a micro-batch, as a share of the most that are put together; above 1 only where single texts are longer.
    /// 0 before the first.
    pub batch_fill: f64,
    /// Tokens a second of the time in which something was encoded; 0 before.
    pub tokens_per_second: f64,
    /// Texts that no worker has begun.
    pub waiting: usize,
    /// Texts that workers are encoding.
    pub running: usize,
    /// Vectors of texts that were encoded lately.
    pub cache: CacheStats,
    /// Successful calls of few texts, questions of searches among them.
    pub interactive: CallTimes,
    /// Successful calls of many.
    pub bulk: CallTimes,
}

/// Counts what an encoder does.
#[derive(Default)]
pub(crate) struct Meter {
    texts: AtomicU64,
    tokens: AtomicU64,
    micro_batches: AtomicU64,
    running: AtomicUsize,
    busy: Mutex<Busy>,
    interactive: Latencies,
    bulk: Latencies,
}

/// How long anything was encoded: what several threads do at a time counts once.
#[derive(Default)]
struct Busy {
    before: Duration,
    threads: usize,
    since: Option<Instant>,
}

/// A micro-batch under way.
pub(crate) struct Running<'a> {
    meter: &'a Meter,
    texts: usize,
}

impl Meter {
    /// Counts a micro-batch until the result is dropped.
    pub(crate) fn run(&self, batch: &MicroBatch) -> Running<'_> {
        let texts = batch.texts().len();
        self.texts.fetch_add(texts as u64, Ordering::Relaxed);
        self.tokens.fetch_add(batch.tokens() as u64, Ordering::Relaxed);
        self.micro_batches.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(texts, Ordering::Relaxed);
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.threads += 1;
        busy.since.get_or_insert_with(Instant::now);
        Running { meter: self, texts }
    }

    pub(crate) fn answered(&self, priority: Priority, took: Duration) {
        match priority {
            Priority::Interactive => self.interactive.record(took),
            Priority::Bulk => self.bulk.record(took),
        }
    }

    pub(crate) fn stats(&self, waiting: usize, cache: CacheStats) -> EncoderStats {
        let tokens = self.tokens.load(Ordering::Relaxed);
        let micro_batches = self.micro_batches.load(Ordering::Relaxed);
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner).total().as_secs_f64();
        let share = |of: f64| if of > 0.0 { tokens as f64 / of } else { 0.0 };
        EncoderStats {
            texts: self.texts.load(Ordering::Relaxed),
            tokens,
            micro_batches,
            batch_fill: share(micro_batches as f64 * MICRO_BATCH_TOKENS as f64),
            tokens_per_second: share(busy),
            waiting,
            running: self.running.load(Ordering::Relaxed),
            cache,
            interactive: self.interactive.times(),
            bulk: self.bulk.times(),
        }
    }
}

impl Busy {
    fn total(&self) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.meter.running.fetch_sub(self.texts, Ordering::Relaxed);
        let mut busy = self.meter.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.threads -= 1;
        if busy.threads == 0 {
            busy.before = busy.total();
            busy.since = None;
        }
    }
}
