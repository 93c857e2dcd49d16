//! Encoders at work, in numbers.

use hippocamp_engine::{CacheStats, CallTimes, EncoderStats};
use napi_derive::napi;

/// An encoder at work, in numbers.
#[napi(object, object_from_js = false)]
pub struct NativeEncoderStats {
    /// Texts that went through the model.
    pub texts: f64,
    /// Their tokens.
    pub tokens: f64,
    /// Tokens a second of the time in which something was encoded.
    pub tokens_per_second: f64,
    /// Batches in which they went.
    pub micro_batches: f64,
    /// Tokens in a micro-batch, as a share of the most that are put together.
    pub batch_fill: f64,
    /// Texts that no worker has begun.
    pub waiting: f64,
    /// Texts that workers are encoding.
    pub running: f64,
    /// Vectors of texts that were encoded lately.
    pub cache: NativeCacheStats,
    /// Calls of few texts.
    pub interactive: NativeCallTimes,
    /// Calls of many.
    pub bulk: NativeCallTimes,
}

/// Remembered vectors, in numbers.
#[napi(object, object_from_js = false)]
pub struct NativeCacheStats {
    /// Texts that were found.
    pub hits: f64,
    /// Texts that were looked for in vain.
    pub misses: f64,
    /// Vectors that are remembered.
    pub vectors: f64,
    /// What they take.
    pub bytes: f64,
}

/// How long calls took.
#[napi(object, object_from_js = false)]
pub struct NativeCallTimes {
    /// How many there were.
    pub calls: f64,
    /// Half of them took no longer, in milliseconds.
    pub p50: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
}

impl From<EncoderStats> for NativeEncoderStats {
    fn from(stats: EncoderStats) -> Self {
        Self {
            texts: stats.texts as f64,
            tokens: stats.tokens as f64,
            tokens_per_second: stats.tokens_per_second,
            micro_batches: stats.micro_batches as f64,
            batch_fill: stats.batch_fill,
            waiting: stats.waiting as f64,
            running: stats.running as f64,
            cache: stats.cache.into(),
            interactive: stats.interactive.into(),
            bulk: stats.bulk.into(),
        }
    }
}

impl From<CacheStats> for NativeCacheStats {
    fn from(CacheStats { hits, misses, vectors, bytes }: CacheStats) -> Self {
        let (hits, misses) = (hits as f64, misses as f64);
        Self { hits, misses, vectors: vectors as f64, bytes: bytes as f64 }
    }
}

impl From<CallTimes> for NativeCallTimes {
    fn from(CallTimes { calls, p50, p99 }: CallTimes) -> Self {
        Self { calls: calls as f64, p50, p99 }
    }
}
