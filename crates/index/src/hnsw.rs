//! Approximate search in a graph: usearch's HNSW, by explicit choice.
//!
//! Vectors are f32 in the graph. Without its `numkong` kernels usearch widens each f16 by bit operations:
//! on 8,000 vectors of 384 dimensions an f16 graph took 4.9 times as long to build and 3.0 times as long
//! to search as one of f32, for half the memory of the vectors. Cosine is the inner product of normalised
//! vectors.
//!
//! # What usearch leaves to its caller
//! - **Writing is exclusive.** Its searches take no locks against growth or removal: `&mut self` writes,
//!   `&self` reads, and a lock of the caller around the whole keeps them apart.
//! - **Room is made before an insertion**, which fails without.
//! - **A search needs a context**: scratch memory of which usearch has as many as threads were reserved.
//!   Each search takes a free one under a mutex and gives it back with its result, so searches share
//!   nothing; where none is free the search fails. [`Permits`] are as many, and further searches wait for
//!   one. More would not be faster: a search computes all the time.
//! - **Its settings belong to no search.** `change_expansion_search` writes what other threads read. But
//!   a search expands by no less than the number of results wanted, so the graph's own expansion is 1, and a
//!   search wants as many results as it is to expand by.
//! - **Exceptions.** The bridge turns those of insertion, removal and search into errors. Those of other
//!   calls would end the process, on Windows also that of a reservation without memory; so nothing that
//!   usearch would refuse reaches it, and a wanted number of results is cut to what there is before memory
//!   is taken for it. Its files are not used at all, see [`UsearchFile`](crate::UsearchFile).
//! - **Panics** of a filter must not unwind through C++: they are caught and go on behind it.
//! - **Removal.** usearch lets the next insertion move the removed node, with the links that lead to its old
//!   place, and the vector may then be out of reach: with each of 3,000 vectors of 32 dimensions replaced,
//!   recall@10 fell from 0.999 to 0.942 under the inner product and from 1 to 0.996 under L2. Here a removed
//!   node stays where it is, under a key that is no slot, and recall stays what it was. It is left behind when
//!   the caller builds a new graph ([`HnswIndex::removed`] says when).

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::available_parallelism;

use hippocamp_simd::Kernels;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

use crate::Metric;

/// Keys from here on are of removed nodes.
const FIRST_REMOVED: u64 = 1 << 32;

/// Room for this many vectors at first; doubled whenever it is full.
const FIRST_CAPACITY: usize = 64;

const DIMENSIONS: RangeInclusive<usize> = 1..=1 << 20;
const CONNECTIVITIES: RangeInclusive<usize> = 2..=1024;
const EXPANSIONS: RangeInclusive<usize> = 1..=1 << 16;

/// What a graph refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HnswError {
    /// The vector's length is not the graph's dimension.
    #[error("the vector has {found} dimensions, the index has {expected}")]
    Dimension {
        /// Of the vector.
        found: usize,
        /// Of the graph.
        expected: usize,
    },
    /// A setting is out of its range.
    #[error("{name} is {value}: choose a number from {least} to {most}")]
    Option {
        /// Of the setting.
        name: &'static str,
        /// What it was.
        value: usize,
        /// The least it can be.
        least: usize,
        /// The most it can be.
        most: usize,
    },
    /// The slot has a vector.
    #[error("slot {0} has a vector already: remove it first")]
    Taken(u32),
    /// The library failed, which is for want of memory.
    #[error("usearch: {0}")]
    Library(String),
}

/// How a graph is built and searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HnswOptions {
    /// Links of a node at each level, twice as many at the lowest (M).
    pub connectivity: usize,
    /// Candidates from which an insertion chooses its links (efConstruction).
    pub expansion_add: usize,
    /// Candidates that a search keeps unless it names a number of its own (ef).
    pub expansion_search: usize,
}

impl Default for HnswOptions {
    fn default() -> Self {
        Self { connectivity: 16, expansion_add: 128, expansion_search: 64 }
    }
}

/// Vectors of one partition in a graph, by their slots.
pub struct HnswIndex {
    dimension: usize,
    metric: Metric,
    kernels: &'static Kernels,
    expansion_search: usize,
    /// Of live and removed nodes.
    index: Index,
    removed: u64,
    permits: Permits,
}

impl HnswIndex {
    /// An empty graph for vectors of `dimension` values.
    ///
    /// # Errors
    /// [`HnswError::Option`] or [`HnswError::Library`].
    pub fn new(
        dimension: usize,
        metric: Metric,
        options: HnswOptions,
        kernels: &'static Kernels,
    ) -> Result<Self, HnswError> {
        let HnswOptions { connectivity, expansion_add, expansion_search } = options;
        within("dimension", dimension, DIMENSIONS)?;
        within("connectivity", connectivity, CONNECTIVITIES)?;
        within("expansionAdd", expansion_add, EXPANSIONS)?;
        within("expansionSearch", expansion_search, EXPANSIONS)?;
        let index = Index::new(&IndexOptions {
            dimensions: dimension,
            metric: match metric {
                Metric::Cosine | Metric::Dot => MetricKind::IP,
                Metric::L2 => MetricKind::L2sq,
            },
            quantization: ScalarKind::F32,
            connectivity,
            expansion_add,
            expansion_search: 1,
            multi: false,
        })
        .map_err(library)?;
        let permits = Permits::new(available_parallelism().map_or(1, NonZero::get));
        Ok(Self { dimension, metric, kernels, expansion_search, index, removed: 0, permits })
    }

    /// The number of vectors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.size() - self.removed as usize
    }

    /// Whether there is no vector.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of removed vectors that still take memory and time: where they are a quarter of all, a new
    /// graph is better.
    #[must_use]
    pub fn removed(&self) -> usize {
        self.removed as usize
    }

    /// Bytes held by vectors, links and look-up tables; without what searches work in.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let tapes = self.index.memory_stats();
        let used = (tapes.graph_allocated + tapes.vectors_allocated)
            .saturating_sub(tapes.graph_reserved + tapes.vectors_reserved);
        // Two pointers to each slot, and a hash table of keys and slots at most two thirds full.
        let capacity = self.index.capacity();
        used + capacity * 2 * size_of::<usize>() + (capacity * 3 / 2).next_power_of_two() * 16
    }

    /// Puts a vector into the graph. It must be of finite numbers.
    ///
    /// # Errors
    /// [`HnswError::Dimension`], [`HnswError::Taken`] or [`HnswError::Library`]; what is found is
    /// unchanged then.
    pub fn add(&mut self, slot: u32, vector: &[f32]) -> Result<(), HnswError> {
        let vector = self.comparable(vector)?;
        if self.index.contains(u64::from(slot)) {
            return Err(HnswError::Taken(slot));
        }
        let capacity = self.index.capacity();
        if self.index.size() >= capacity {
            let doubled = capacity.saturating_mul(2).max(FIRST_CAPACITY);
            self.index
                .reserve_capacity_and_threads(doubled, self.permits.count)
                .map_err(library)?;
        }
        self.index.add(u64::from(slot), &vector).map_err(library)
    }

    /// Takes a vector out; false if there was none.
    ///
    /// # Errors
    /// [`HnswError::Library`].
    pub fn remove(&mut self, slot: u32) -> Result<bool, HnswError> {
        let key = FIRST_REMOVED + self.removed;
        let removed = self.index.rename(u64::from(slot), key).map_err(library)? > 0;
        self.removed += u64::from(removed);
        Ok(removed)
    }

    /// The best `k` slots that the graph leads to, and their similarities, best first; only slots that
    /// `accept` agrees to, if it is there. `expansion` stands in for the one of [`HnswOptions`]; a search
    /// never keeps fewer than `k` candidates.
    ///
    /// A graph may not lead to each of its vectors. Under the inner product it does not lead to short ones
    /// among longer ones: of 12,000 of various lengths, a fifth to a half were out of reach. Hardly a query
    /// wants them, but a filter may: fewer than `k` can come back where `k` exist.
    ///
    /// The graph is walked until as many accepted candidates are found, so few accepted slots mean many
    /// compared vectors: where `accept` is that choosy, comparing its slots one by one costs less. It must
    /// not search this graph.
    ///
    /// # Errors
    /// [`HnswError::Dimension`] or [`HnswError::Library`].
    pub fn search(
        &self,
        query: &[f32],
        k: usize,
        expansion: Option<usize>,
        accept: Option<&dyn Fn(u32) -> bool>,
    ) -> Result<Vec<(u32, f32)>, HnswError> {
        let query = self.comparable(query)?;
        let wanted = expansion.unwrap_or(self.expansion_search).max(k).min(self.len());
        if k == 0 || wanted == 0 {
            return Ok(Vec::new());
        }
        let _permit = self.permits.wait();
        let matches = if accept.is_none() && self.removed == 0 {
            self.index.search(&query, wanted)
        } else {
            let panic: RefCell<Option<Box<dyn Any + Send>>> = RefCell::new(None);
            let matches = self.index.filtered_search(&query, wanted, |key| {
                let accepts = || accept.is_none_or(|accept| accept(key as u32));
                key < FIRST_REMOVED
                    && panic.borrow().is_none()
                    && catch_unwind(AssertUnwindSafe(accepts)).unwrap_or_else(|payload| {
                        panic.replace(Some(payload));
                        false
                    })
            });
            if let Some(payload) = panic.into_inner() {
                resume_unwind(payload);
            }
            matches
        }
        .map_err(library)?;
        let slots = matches.keys.into_iter().map(|key| key as u32);
        let mut found: Vec<(u32, f32)> = slots
            .zip(matches.distances.into_iter().map(|distance| self.similarity(distance)))
            .collect();
        found.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found.truncate(k);
        Ok(found)
    }

    /// A vector as the graph compares it.
    fn comparable<'v>(&self, vector: &'v [f32]) -> Result<Cow<'v, [f32]>, HnswError> {
        if vector.len() != self.dimension {
            return Err(HnswError::Dimension { found: vector.len(), expected: self.dimension });
        }
        if self.metric != Metric::Cosine {
            return Ok(Cow::Borrowed(vector));
        }
        let mut vector = vector.to_vec();
        self.kernels.normalize(&mut vector);
        Ok(Cow::Owned(vector))
    }

    fn similarity(&self, distance: f32) -> f32 {
        let similarity = match self.metric {
            Metric::Cosine | Metric::Dot => 1.0 - distance,
            Metric::L2 => -distance,
        };
        // Products of huge but finite values can overflow into NaN: the farthest there is.
        if similarity.is_nan() { f32::NEG_INFINITY } else { similarity }
    }
}

fn within(name: &'static str, value: usize, range: RangeInclusive<usize>) -> Result<(), HnswError> {
    let (least, most) = range.into_inner();
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(HnswError::Option { name, value, least, most })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn library(error: impl ToString) -> HnswError {
    HnswError::Library(error.to_string())
}

/// As many searches at once as there are contexts for them.
struct Permits {
    count: usize,
    free: Mutex<usize>,
    returned: Condvar,
}

struct Permit<'a>(&'a Permits);

impl Permits {
    fn new(count: usize) -> Self {
        Self { count, free: Mutex::new(count), returned: Condvar::new() }
    }

    fn wait(&self) -> Permit<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.returned.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.returned.notify_one();
    }
}

#[cfg(test)]
#[path = "hnsw_tests.rs"]
mod tests;
