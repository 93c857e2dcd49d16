//! How long calls take: a histogram of fixed size.
//!
//! Eight buckets for each doubling, from microseconds on, so that a quantile is known to a sixteenth. Recording is one
//! atomic addition: no lock and no memory.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Binary digits of a bucket's width within its doubling.
const DIGITS: u32 = 3;
const PER_DOUBLING: usize = 1 << DIGITS;
/// Up to 2^40 microseconds, which are twelve days.
const BUCKETS: usize = (40 - DIGITS as usize + 1) * PER_DOUBLING;

/// Durations, counted.
pub(crate) struct Latencies([AtomicU64; BUCKETS]);

/// How long calls took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CallTimes {
    /// How many there were.
    pub calls: u64,
    /// Half of them took no longer, in milliseconds; 0 without calls. True to a sixteenth.
    pub p50: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self(array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Latencies {
    pub(crate) fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.0.get(bucket(micros).min(BUCKETS - 1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn times(&self) -> CallTimes {
        let counts: Vec<u64> = self.0.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let calls = counts.iter().sum();
        let quantile = |share: f64| {
            let rank = (share * calls as f64).ceil() as u64;
            let reached = counts.iter().scan(0, |sum, count| {
                *sum += count;
                Some(*sum)
            });
            let at = reached.take_while(|reached| *reached < rank).count();
            if calls == 0 { 0.0 } else { middle(at) / 1e3 }
        };
        CallTimes { calls, p50: quantile(0.5), p99: quantile(0.99) }
    }
}

fn bucket(micros: u64) -> usize {
    let Some(doubling) = micros.checked_ilog2().filter(|doubling| *doubling >= DIGITS) else {
        return micros as usize;
    };
    let shift = doubling - DIGITS;
    let within = (micros >> shift) as usize - PER_DOUBLING;
    (shift as usize + 1) * PER_DOUBLING + within
}

/// Microseconds in the middle of a bucket.
fn middle(bucket: usize) -> f64 {
    let (row, within) = (bucket / PER_DOUBLING, bucket % PER_DOUBLING);
    match row.checked_sub(1) {
        None => within as f64,
        Some(shift) => {
            let width = (1_u64 << shift) as f64;
            (PER_DOUBLING + within) as f64 * width + (width - 1.0) / 2.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_known_to_a_sixteenth() {
        let durations =
            (0..1000).chain((1_000..60_000_000).step_by(9_973)).chain([(1 << 40) - 1, 1 << 39]);
        for micros in durations {
            let known = middle(bucket(micros));
            let error = (known - micros as f64).abs();
            assert!(error <= micros as f64 / 16.0, "{micros} µs are known as {known}");
        }
        assert_eq!(bucket((1 << 40) - 1), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_durations() {
        let latencies = Latencies::default();
        assert_eq!(latencies.times(), CallTimes::default());
        (1..=1000).for_each(|milli| latencies.record(Duration::from_millis(milli)));
        let CallTimes { calls, p50, p99 } = latencies.times();
        assert_eq!(calls, 1000);
        assert!((p50 - 500.0).abs() <= 500.0 / 16.0, "{p50}");
        assert!((p99 - 990.0).abs() <= 990.0 / 16.0, "{p99}");
    }

    #[test]
    fn what_takes_longer_than_can_be_told_is_in_the_last_bucket() {
        let latencies = Latencies::default();
        latencies.record(Duration::MAX);
        let CallTimes { calls, p50, .. } = latencies.times();
        assert_eq!(calls, 1);
        assert!(p50 > 1e9, "{p50}");
    }
}
