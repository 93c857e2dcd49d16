//! The best k of a stream.
//!
//! A buffer of up to 2k entries that is cut back to k by quickselect when it is full: a push is a
//! comparison and a store, where a binary heap pays log k for each entry that passes.

use std::cmp::Ordering;
use std::mem;

use crate::Slot;

/// A found slot and its similarity (higher is better; see [`Metric`](crate::Metric)).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbor {
    /// Where it is.
    pub slot: Slot,
    /// How near it is.
    pub similarity: f32,
}

/// Best first; equal similarities in slot order, so that results never depend on the order of pushes.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that sorting asks for")]
fn best_first(a: &Neighbor, b: &Neighbor) -> Ordering {
    b.similarity.total_cmp(&a.similarity).then(a.slot.cmp(&b.slot))
}

#[derive(Default)]
pub(crate) struct TopK {
    k: usize,
    entries: Vec<Neighbor>,
    threshold: f32,
}

impl TopK {
    /// Room for the best `k` (at least one) of at most `available` pushes.
    pub(crate) fn new(k: usize, available: usize) -> Self {
        let capacity = available.min(k.saturating_mul(2).max(64));
        Self { k: k.max(1), entries: Vec::with_capacity(capacity), threshold: f32::NEG_INFINITY }
    }

    /// Whether a similarity can still be among the best. Slots must be offered in ascending order:
    /// an equal similarity at a higher slot has lost.
    #[inline]
    pub(crate) fn wants(&self, similarity: f32) -> bool {
        similarity > self.threshold || self.threshold == f32::NEG_INFINITY
    }

    #[inline]
    pub(crate) fn push(&mut self, slot: Slot, similarity: f32) {
        self.entries.push(Neighbor { slot, similarity });
        if self.entries.len() >= self.k.saturating_mul(2).max(64) {
            self.cut();
        }
    }

    /// What a similarity must exceed, as far as is known already.
    pub(crate) fn threshold(&self) -> f32 {
        self.threshold
    }

    /// The k-th best so far; less than every similarity while there are fewer.
    pub(crate) fn kth(&mut self) -> f32 {
        self.cut();
        if self.entries.len() < self.k {
            return f32::NEG_INFINITY;
        }
        self.entries.iter().fold(f32::INFINITY, |least, entry| least.min(entry.similarity))
    }

    /// How many are sought.
    pub(crate) fn k(&self) -> usize {
        self.k
    }

    pub(crate) fn into_sorted(mut self) -> Vec<Neighbor> {
        self.take_sorted()
    }

    /// What was found, and leaves it empty.
    pub(crate) fn take_sorted(&mut self) -> Vec<Neighbor> {
        self.cut();
        self.entries.sort_unstable_by(best_first);
        mem::take(&mut self.entries)
    }

    fn cut(&mut self) {
        if self.entries.len() > self.k {
            let (_, worst, _) = self.entries.select_nth_unstable_by(self.k - 1, best_first);
            self.threshold = worst.similarity;
            self.entries.truncate(self.k);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_keeps_what_a_full_sort_keeps(values in prop::collection::vec(-4i8..4, 0..400), k in 1usize..90) {
            let all: Vec<Neighbor> = values
                .iter()
                .enumerate()
                .map(|(i, &v)| Neighbor { slot: Slot(i as u32), similarity: f32::from(v) })
                .collect();
            let mut top = TopK::new(k, all.len());
            for n in &all {
                if top.wants(n.similarity) {
                    top.push(n.slot, n.similarity);
                }
            }
            let mut expected = all;
            expected.sort_by(best_first);
            expected.truncate(k);
            prop_assert_eq!(top.into_sorted(), expected);
        }
    }
}
