//! The best estimates of a scan.

/// What a scan found, and the estimate that it must beat to be of interest.
#[derive(Default)]
pub(crate) struct Candidates {
    limit: usize,
    /// Estimate and slot; more than `limit` between two cuts.
    entries: Vec<(f32, u32)>,
    threshold: f32,
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

    #[inline]
    pub(crate) fn push(&mut self, estimate: f32, slot: u32) {
        self.entries.push((estimate, slot));
        if self.entries.len() >= self.limit.saturating_mul(4).max(128) {
            self.cut();
        }
    }

    /// The best, in no order.
    pub(crate) fn best(&mut self) -> &[(f32, u32)] {
        self.cut();
        &self.entries
    }

    fn cut(&mut self) {
        if self.entries.len() > self.limit {
            let best_first =
                |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            let (_, worst, _) = self.entries.select_nth_unstable_by(self.limit - 1, best_first);
            self.threshold = worst.0;
            self.entries.truncate(self.limit);
        }
    }
}
