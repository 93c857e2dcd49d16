//! What a scan found.

use std::cmp::Ordering;

/// The best values of a scan with their slots, and what must be exceeded to be of interest.
#[derive(Default)]
pub(crate) struct Candidates {
    limit: usize,
    /// More than `limit` between two cuts.
    entries: Vec<(f32, u32)>,
    threshold: f32,
    /// For the estimates of a scan, before it is known which of them are of interest.
    pub(crate) room: Vec<f32>,
}

/// Best first; equal ones by slot, so that what is kept does not depend on the order of pushes.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that sorting asks for")]
pub(crate) fn best_first(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

impl Candidates {
    /// Starts over, for the best `limit`.
    pub(crate) fn reset(&mut self, limit: usize) {
        self.limit = limit.max(1);
        self.entries.clear();
        self.threshold = f32::NEG_INFINITY;
    }

    #[inline]
    pub(crate) fn threshold(&self) -> f32 {
        self.threshold
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, value: f32, slot: u32) {
        self.entries.push((value, slot));
        if self.entries.len() >= self.limit.saturating_mul(4).max(128) {
            self.cut();
        }
    }

    /// The best, in no order.
    pub(crate) fn best(&mut self) -> &[(f32, u32)] {
        self.cut();
        &self.entries
    }

    /// Takes out the best `count`, in no order.
    pub(crate) fn take_best(&mut self, count: usize) -> impl ExactSizeIterator<Item = (f32, u32)> {
        let rest = self.entries.len().saturating_sub(count);
        if rest > 0 {
            self.entries.select_nth_unstable_by(rest, |a, b| best_first(b, a));
        }
        self.entries.drain(rest..)
    }

    /// From now on only what reaches `needed` is of interest.
    pub(crate) fn need(&mut self, needed: f32) {
        if needed > self.threshold {
            self.threshold = needed;
            self.entries.retain(|&(value, _)| value >= needed);
        }
    }

    fn cut(&mut self) {
        if self.entries.len() > self.limit {
            let (_, worst, _) = self.entries.select_nth_unstable_by(self.limit - 1, best_first);
            self.threshold = self.threshold.max(worst.0);
            self.entries.truncate(self.limit);
        }
    }
}
