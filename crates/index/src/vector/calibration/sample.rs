//! Queries that are like those to come, and their true neighbours.

use hippocamp_simd::Kernels;

use super::DEEPEST;
use crate::top_k::TopK;
use crate::vector::parallel;
use crate::vector::rotation::SplitMix;
use crate::vector::rows::Rows;
use crate::vector::slots::SlotSet;
use crate::{Metric, Neighbor, Slot};

/// Queries, as long as their exact answers do not take more comparisons than [`MAX_COMPARISONS`].
pub(super) const QUERIES: usize = 512;
pub(super) const MIN_QUERIES: usize = 96;
const MAX_COMPARISONS: usize = 64_000_000;
/// Queries that are answered together.
const TOGETHER: usize = 32;
const SEED: u64 = 0x7175_6572_6965_735F;

/// The vectors of an index at rest.
pub(crate) struct Vectors<'a> {
    pub(crate) kernels: &'static Kernels,
    pub(crate) rows: &'a Rows,
    pub(crate) dead: &'a SlotSet,
    /// The live slots.
    pub(crate) live: &'a [u32],
}

/// A query and the slot whose vector it is, if it is one: that is no neighbour then.
pub(crate) struct Query {
    pub(crate) vector: Vec<f32>,
    pub(crate) of: Option<u32>,
}

/// Kinds of queries, in turn: stored vectors, and the means of two and of three. Questions are not drawn from the
/// stored texts and lie farther from them than texts from one another: of 92,830 sentences, 400 questions were found
/// their neighbours more often than means of three were, and less often than means of two. A setting must do for each
/// kind.
pub(super) const KINDS: usize = 3;

impl Vectors<'_> {
    /// Vectors like those that will be searched for, as many as there is time for; what a stored one is mixed with is its
    /// mate.
    pub(super) fn sample_queries(
        &self,
        most: usize,
        mate: impl Fn(&Query, &mut SplitMix) -> Option<u32>,
    ) -> Vec<Query> {
        let count = (MAX_COMPARISONS / self.live.len().max(1)).clamp(MIN_QUERIES, most);
        self.queries(count, SEED, mate)
    }

    /// So many such vectors, mixed with any mates; others for every seed.
    pub(crate) fn any_queries(&self, count: usize, seed: u64) -> Vec<Query> {
        self.queries(count, seed, |_, random| self.any(random))
    }

    fn queries(
        &self,
        count: usize,
        seed: u64,
        mate: impl Fn(&Query, &mut SplitMix) -> Option<u32>,
    ) -> Vec<Query> {
        let mut random = SplitMix(seed);
        (0..count)
            .map(|number| {
                let of = self.any(&mut random);
                let stored = Query { vector: self.read(of), of };
                let mates = number % KINDS;
                let mut vector = stored.vector.clone();
                for _ in 0..mates {
                    self.kernels.add(&mut vector, &self.read(mate(&stored, &mut random)));
                }
                self.kernels.scale(&mut vector, 1.0 / (mates + 1) as f32);
                // The length of a stored vector is rounded as its values are.
                if self.rows.metric() == Metric::Cosine {
                    self.kernels.normalize(&mut vector);
                }
                Query { vector, of: of.filter(|_| mates == 0) }
            })
            .collect()
    }

    pub(super) fn any(&self, random: &mut SplitMix) -> Option<u32> {
        self.live.get(random.below(self.live.len().max(1))).copied()
    }

    fn read(&self, slot: Option<u32>) -> Vec<f32> {
        let mut vector = vec![0.0; self.rows.dimension()];
        self.rows.read(self.kernels, slot.unwrap_or(u32::MAX), &mut vector);
        vector
    }

    /// Whether a slot may be found by a query.
    pub(super) fn counts(&self, query: &Query, slot: u32) -> bool {
        Some(slot) != query.of && !self.dead.contains(Slot(slot))
    }

    /// The true neighbours of each query, best first. The queries take turns at each range of rows, so that it is
    /// fetched from memory once.
    pub(crate) fn truths(
        &self,
        queries: &[Query],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Vec<Vec<Neighbor>> {
        let live = self.live.len();
        let mut tops: Vec<TopK> =
            queries.iter().map(|_| TopK::new(DEEPEST.min(live), live)).collect();
        let end = self.live.last().map_or(0, |last| last + 1);
        for rows in self.rows.turns() {
            if stop() {
                break;
            }
            for (top, query) in tops.iter_mut().zip(queries) {
                let visit = |first: u32, similarities: &[f32]| {
                    for (slot, &similarity) in (first..).zip(similarities) {
                        if top.wants(similarity) && slot < end && self.counts(query, slot) {
                            top.push(Slot(slot), similarity);
                        }
                    }
                    true
                };
                self.rows.scan_some(self.kernels, &query.vector, rows.clone(), visit);
            }
        }
        tops.into_iter().map(TopK::into_sorted).collect()
    }

    /// What each query and its true neighbours show, on `threads` threads; nothing when `stop` says so.
    pub(super) fn each<T: Send>(
        &self,
        queries: &[Query],
        threads: usize,
        stop: &(dyn Fn() -> bool + Sync),
        show: impl Fn(&Query, &[Neighbor]) -> Option<T> + Sync,
    ) -> Option<Vec<T>> {
        parallel::map(threads, queries.len(), stop, |range| {
            let mut found = Vec::new();
            for queries in queries.get(range)?.chunks(TOGETHER) {
                for (query, truth) in queries.iter().zip(self.truths(queries, stop)) {
                    if stop() {
                        return None;
                    }
                    found.push(show(query, &truth)?);
                }
            }
            Some(found)
        })
    }
}
