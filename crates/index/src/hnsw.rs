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
//! - **Exceptions.** The bridge turns those of insertion and search into errors. Those of other calls would end
//!   the process, on Windows also that of a reservation without memory; so nothing that usearch would refuse
//!   reaches it, and a wanted number of results is cut to what there is before memory is taken for it. Its files
//!   are not used at all, see [`UsearchFile`](crate::UsearchFile).
//! - **Panics** of a filter must not unwind through C++: they are caught and go on behind it.
//! - **Removal.** usearch lets the next insertion move the removed node, with the links that lead to its old
//!   place, and the vector may then be out of reach: with each of 3,000 vectors of 32 dimensions replaced,
//!   recall@10 fell from 0.999 to 0.942 under the inner product and from 1 to 0.996 under L2. So nothing is
//!   removed here: searches mask what is gone until a new graph is built.

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::available_parallelism;

use hippocamp_simd::Kernels;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

use crate::Metric;

/// Room for this many vectors at first; doubled whenever it is full.
const FIRST_CAPACITY: usize = 64;
/// Links of a node at each level, twice as many at the lowest (M).
const CONNECTIVITY: usize = 16;
/// Candidates from which an insertion chooses its links (efConstruction).
const EXPANSION_ADD: usize = 128;

/// What a graph refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HnswError {
    /// The vector's length is not the graph's dimension.
    #[error("the vector has {found} dimensions, the index has {expected}")]
    Dimension {
        /// Of the vector.
        found: usize,
        /// Of the graph.
        expected: usize,
    },
    /// The library failed, which is for want of memory.
    #[error("usearch: {0}")]
    Library(String),
}

/// Vectors of one partition in a graph, by their slots.
pub(crate) struct HnswIndex {
    dimension: usize,
    metric: Metric,
    kernels: &'static Kernels,
    index: Index,
    permits: Permits,
}

impl HnswIndex {
    /// An empty graph for vectors of `dimension` values, at least one.
    ///
    /// # Errors
    /// [`HnswError::Library`].
    pub(crate) fn new(
        dimension: usize,
        metric: Metric,
        kernels: &'static Kernels,
    ) -> Result<Self, HnswError> {
        let index = Index::new(&IndexOptions {
            dimensions: dimension.max(1),
            metric: match metric {
                Metric::Cosine | Metric::Dot => MetricKind::IP,
                Metric::L2 => MetricKind::L2sq,
            },
            quantization: ScalarKind::F32,
            connectivity: CONNECTIVITY,
            expansion_add: EXPANSION_ADD,
            expansion_search: 1,
            multi: false,
        })
        .map_err(library)?;
        let permits = Permits::new(available_parallelism().map_or(1, NonZero::get));
        Ok(Self { dimension: dimension.max(1), metric, kernels, index, permits })
    }

    /// The number of vectors.
    pub(crate) fn len(&self) -> usize {
        self.index.size()
    }

    /// Bytes held by vectors, links and look-up tables; without what searches work in.
    pub(crate) fn bytes(&self) -> usize {
        let tapes = self.index.memory_stats();
        let used = (tapes.graph_allocated + tapes.vectors_allocated)
            .saturating_sub(tapes.graph_reserved + tapes.vectors_reserved);
        // Two pointers to each slot, and a hash table of keys and slots at most two thirds full.
        let capacity = self.index.capacity();
        used + capacity * 2 * size_of::<usize>() + (capacity * 3 / 2).next_power_of_two() * 16
    }

    /// Puts a vector into the graph, under a slot that has none. It must be of finite numbers.
    ///
    /// # Errors
    /// [`HnswError`]; what is found is unchanged then.
    pub(crate) fn add(&mut self, slot: u32, vector: &[f32]) -> Result<(), HnswError> {
        let vector = self.comparable(vector)?;
        let capacity = self.index.capacity();
        if self.index.size() >= capacity {
            let doubled = capacity.saturating_mul(2).max(FIRST_CAPACITY);
            self.index
                .reserve_capacity_and_threads(doubled, self.permits.count)
                .map_err(library)?;
        }
        self.index.add(u64::from(slot), &vector).map_err(library)
    }

    /// The best `count` slots that the graph leads to (ef), in ascending order; only slots that `accept` agrees to,
    /// if it is there.
    ///
    /// A graph may not lead to each of its vectors. Under the inner product it does not lead to short ones
    /// among longer ones: of 12,000 of various lengths, a fifth to a half were out of reach. Hardly a query
    /// wants them, but a filter may: fewer than `count` can come back where `count` exist.
    ///
    /// The graph is walked until as many accepted candidates are found, so few accepted slots mean many
    /// compared vectors: where `accept` is that choosy, comparing its slots one by one costs less. It must
    /// not search this graph.
    ///
    /// # Errors
    /// [`HnswError`].
    pub(crate) fn search(
        &self,
        query: &[f32],
        count: usize,
        accept: Option<&dyn Fn(u32) -> bool>,
    ) -> Result<Vec<u32>, HnswError> {
        let query = self.comparable(query)?;
        let count = count.min(self.len());
        if count == 0 {
            return Ok(Vec::new());
        }
        let _permit = self.permits.wait();
        let matches = match accept {
            None => self.index.search(&query, count),
            Some(accept) => {
                let panic: RefCell<Option<Box<dyn Any + Send>>> = RefCell::new(None);
                let matches = self.index.filtered_search(&query, count, |key| {
                    panic.borrow().is_none()
                        && catch_unwind(AssertUnwindSafe(|| accept(key as u32))).unwrap_or_else(
                            |payload| {
                                panic.replace(Some(payload));
                                false
                            },
                        )
                });
                if let Some(payload) = panic.into_inner() {
                    resume_unwind(payload);
                }
                matches
            }
        };
        let mut slots: Vec<u32> =
            matches.map_err(library)?.keys.into_iter().map(|key| key as u32).collect();
        slots.sort_unstable();
        Ok(slots)
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
