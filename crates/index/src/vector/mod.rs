//! The vector index of a partition: one structure that grows.
//!
//! Every vector is kept as a row ([`rows`]), by slot. Below about a thousand vectors, and until the first
//! rebuild is done, a search compares all of them. Beyond that each also has a code of one bit per dimension
//! ([`codes`]), and a search scans the codes, some thirty times faster, and compares only those with their rows
//! that may be among the best. Beyond some sixteen thousand the codes are kept in lists around centroids
//! ([`lists`]), and a search scans the lists nearest to the query. How far it has to look is measured
//! ([`calibration`]).
//!
//! New vectors are appended to a flat list, the tail, and are found at once. When the tail has grown long a
//! rebuild is due ([`growth`]): it works on a snapshot and is swapped in when it is done.
//!
//! ```text
//! rows    slot → vector                                  appended to, never moved
//! base    codes of slots 0 .. slots_end, in lists        constant, shared
//! tail    codes of slots slots_end ..                    appended to
//! dead    removed slots                                  a bit each
//! sum     the live rows, added up
//! ```
//!
//! By choice the base is a [`graph`] instead of codes, and the tail is compared vector by vector. Everything else
//! is the same.

mod batch;
mod calibration;
mod candidates;
mod codes;
mod column;
mod file;
mod graph;
mod growth;
mod kind;
mod kmeans;
mod lists;
mod mean;
mod parallel;
mod recall;
mod rotation;
mod rows;
mod search;
mod slots;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hippocamp_simd::Kernels;

pub use calibration::CalibrationPoint;
pub use file::Snapshot;
pub use growth::{Grown, Growth};
pub use kind::{IndexKind, UnknownIndexKind};
pub use recall::{RecallSample, SampleRequest};
pub use rows::{RowFormat, UnknownRowFormat};
pub use search::{Recall, Request};
pub use slots::SlotSet;

use crate::{Metric, Slot};
use calibration::Calibration;
use codes::{CodeList, EncodeScratch, Frame};
use graph::Graph;
use growth::MIN_INVERTED;
use lists::Lists;
use mean::Sum;
use rows::Rows;

/// From so many vectors on they are coded.
const MIN_CODED: u64 = 1_024;
/// The tail may grow to this part of the base (1 / this) before lists are rebuilt.
const TAIL_SHARE: usize = 8;
const MIN_TAIL: usize = 4_096;
/// Centroids serve until there are so many times the vectors that they were trained with.
const RETRAIN: u32 = 3;
/// Removed slots below which closing the gaps is not worth while.
const MIN_GAPS: u64 = 1_024;

/// What an index refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The vector's length is not the index's dimension.
    #[error("the vector has {found} dimensions, the index has {expected}")]
    Dimension {
        /// Of the vector.
        found: usize,
        /// Of the index.
        expected: usize,
    },
    /// All slots are used.
    #[error("a partition holds at most 4,294,967,294 vectors: use more namespaces")]
    Full,
}

/// How an index is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndexOptions {
    /// What finds candidates.
    pub kind: IndexKind,
    /// How the vectors are kept in memory.
    pub rows: RowFormat,
    /// The recall at ten neighbours that searches have unless they say otherwise, in (0, 1]; 1 compares
    /// everything.
    pub target_recall: f32,
}

impl IndexOptions {
    /// The native index, rows as [`RowFormat::default_of`] such vectors, a recall of 0.99.
    #[must_use]
    pub fn default_of(dimension: usize, metric: Metric) -> Self {
        Self {
            kind: IndexKind::default(),
            rows: RowFormat::default_of(dimension, metric),
            target_recall: 0.99,
        }
    }
}

/// An index in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexStats {
    /// Lists that the vectors are kept in: 0 while everything is compared, 1 for the flat index.
    pub lists: usize,
    /// Bits per dimension of the codes; 0 without codes.
    pub bits: u32,
    /// Vectors in the graph; 0 without a graph.
    pub graph: usize,
    /// Vectors that are in no list or graph yet but in the tail.
    pub tail: usize,
    /// Bytes of memory.
    pub bytes: usize,
    /// What was measured, by depth and target.
    pub calibration: Vec<CalibrationPoint>,
}

/// Vectors of one partition.
pub struct VectorIndex {
    kernels: &'static Kernels,
    options: IndexOptions,
    rows: Rows,
    dead: SlotSet,
    sum: Sum,
    structure: Structure,
    /// Names this numbering of slots among all that there ever were in the process.
    epoch: u64,
    scratch: EncodeScratch,
}

/// What finds candidates.
enum Structure {
    /// Nothing: every row is compared.
    Rows,
    Codes(Coded),
    Graph(Box<Graph>),
}

/// Codes of all slots.
struct Coded {
    base: Arc<Base>,
    /// Of the slots from `base.slots_end` on, in the base's frame.
    tail: CodeList,
}

/// What a rebuild makes.
pub(crate) struct Base {
    pub(crate) frame: Frame,
    pub(crate) lists: Lists,
    pub(crate) calibration: Calibration,
    /// It covers the slots below this one.
    pub(crate) slots_end: u32,
    /// How many vectors the centroids were trained for; 0 without centroids.
    pub(crate) trained: u32,
}

impl VectorIndex {
    /// An empty index for vectors of `dimension` values.
    #[must_use]
    pub fn new(
        dimension: usize,
        metric: Metric,
        options: IndexOptions,
        kernels: &'static Kernels,
    ) -> Self {
        Self {
            kernels,
            options,
            rows: Rows::new(dimension.max(1), metric, options.rows),
            dead: SlotSet::default(),
            sum: Sum::default(),
            structure: Structure::Rows,
            epoch: new_epoch(),
            scratch: EncodeScratch::default(),
        }
    }

    /// The number of values in a vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.rows.dimension()
    }

    /// How vectors are compared.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.rows.metric()
    }

    /// How it was made.
    #[must_use]
    pub fn options(&self) -> IndexOptions {
        self.options
    }

    /// The kernels that compare them.
    #[must_use]
    pub fn kernels(&self) -> &'static Kernels {
        self.kernels
    }

    /// The number of live vectors.
    #[must_use]
    pub fn len(&self) -> u64 {
        u64::from(self.slots()) - self.dead.len()
    }

    /// Whether no vector is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of slots handed out, removed ones included.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.rows.len()
    }

    /// The removed slots.
    #[must_use]
    pub fn dead(&self) -> &SlotSet {
        &self.dead
    }

    /// It in numbers.
    #[must_use]
    pub fn stats(&self) -> IndexStats {
        let mut stats = IndexStats {
            lists: 0,
            bits: 0,
            graph: 0,
            tail: 0,
            bytes: self.bytes(),
            calibration: Vec::new(),
        };
        match &self.structure {
            Structure::Rows => {}
            Structure::Codes(Coded { base, tail }) => {
                stats.lists = base.lists.count().max(1);
                stats.bits = base.frame.planes;
                stats.tail = tail.len();
                stats.calibration.clone_from(&base.calibration.points);
            }
            Structure::Graph(graph) => {
                stats.graph = graph.index.len();
                stats.tail = (self.slots() - graph.slots_end) as usize;
                stats.calibration.clone_from(&graph.calibration.points);
            }
        }
        stats
    }

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let structure = match &self.structure {
            Structure::Rows => 0,
            Structure::Codes(Coded { base, tail }) => base.lists.bytes() + tail.bytes(),
            Structure::Graph(graph) => graph.index.bytes(),
        };
        self.rows.bytes() + self.dead.words().len() * 8 + self.sum.bytes() + structure
    }

    /// How similar a vector is to all live ones on average; 0 unless they are compared by their angle.
    ///
    /// # Errors
    /// [`IndexError::Dimension`].
    pub fn mean_similarity(&self, vector: &[f32]) -> Result<f64, IndexError> {
        let normalized = self.prepared(vector)?;
        Ok(self.sum.dot(&normalized) / self.len().max(1) as f64)
    }

    /// The vector in a slot, at length 1.
    #[must_use]
    pub fn direction(&self, slot: Slot) -> Vec<f32> {
        let mut row = vec![0.0; self.dimension()];
        self.rows.read(self.kernels, slot.0, &mut row);
        self.kernels.normalize(&mut row);
        row
    }

    /// How similar a vector is to those in some slots; the least there is for a slot that was never handed out.
    ///
    /// # Errors
    /// [`IndexError::Dimension`].
    pub fn similarities(&self, vector: &[f32], slots: &[Slot]) -> Result<Vec<f32>, IndexError> {
        let query = self.prepared(vector)?;
        for slot in slots {
            self.rows.prefetch(self.kernels, slot.0);
        }
        let of = |slot: &Slot| self.rows.similarity(self.kernels, &query, slot.0);
        Ok(slots.iter().map(of).collect())
    }

    /// Appends a vector.
    ///
    /// # Errors
    /// [`IndexError::Dimension`] or [`IndexError::Full`]; the index is unchanged then.
    pub fn push(&mut self, vector: &[f32]) -> Result<Slot, IndexError> {
        let row = self.prepared(vector)?;
        let slot = self.slots();
        if slot >= codes::NO_SLOT - 1 {
            return Err(IndexError::Full);
        }
        self.rows.push(self.kernels, &row);
        self.sum.add(&self.rows, self.kernels, slot);
        if let Structure::Codes(coded) = &mut self.structure {
            coded.append(slot, &row, &mut self.scratch);
        }
        Ok(Slot(slot))
    }

    /// Marks a slot as removed; false if it was already, or was never handed out.
    pub fn remove(&mut self, slot: Slot) -> bool {
        let removed = slot.0 < self.slots() && self.dead.insert(slot);
        if removed {
            self.sum.remove(&self.rows, self.kernels, slot.0);
        }
        removed
    }

    /// Whether a rebuild would make searches faster or more exact, or the index smaller.
    #[must_use]
    pub fn is_growth_due(&self) -> bool {
        let long = |tail: usize, base: usize| tail >= (base / TAIL_SHARE).max(MIN_TAIL);
        let (end, covered, worn) = match &self.structure {
            Structure::Rows => return self.has_gaps() || self.len() >= MIN_CODED,
            Structure::Codes(Coded { base, tail }) => {
                let len = base.lists.len;
                // A flat list is scanned as fast in two parts as in one: only the calibration grows old.
                let flat = base.lists.centroids.is_none();
                let worn = if flat { tail.len() >= len } else { long(tail.len(), len) };
                (base.slots_end, len, worn || (flat && self.len() >= MIN_INVERTED as u64))
            }
            Structure::Graph(graph) => {
                let (end, len) = (graph.slots_end, graph.index.len());
                (end, len, long((self.slots() - end) as usize, len))
            }
        };
        // Slots that were dead when the base was made are not in it.
        let live = u64::from(end) - self.dead.count_below(end);
        let dead = (covered as u64).saturating_sub(live);
        let many_dead = dead >= MIN_GAPS && dead * 4 >= covered as u64;
        self.has_gaps() || worn || many_dead
    }

    /// The rebuild that is due, if one is. Only one may be under way at a time.
    #[must_use]
    pub fn growth(&self) -> Option<Growth> {
        if !self.is_growth_due() {
            return None;
        }
        let known = self.codes().map(|coded| &coded.base).filter(|base| {
            let worn = self.len() > u64::from(base.trained) * u64::from(RETRAIN);
            base.lists.centroids.is_some() && !worn
        });
        // The first time the vectors are only coded, so that searches are fast while lists are made.
        let first = matches!(self.structure, Structure::Rows);
        Some(Growth {
            kernels: self.kernels,
            rows: self.rows.clone(),
            dead: self.dead.clone(),
            epoch: self.epoch,
            kind: self.options.kind,
            flat: first,
            compact: self.has_gaps(),
            known: known.map(Arc::clone),
            target: self.options.target_recall,
        })
    }

    /// At least every second slot is of a removed vector.
    fn has_gaps(&self) -> bool {
        self.dead.len() >= MIN_GAPS && self.dead.len() >= self.len()
    }

    /// Takes a rebuilt index over. When slots were renumbered it returns the old slot of each new one, those
    /// appended or removed during the rebuild included. A rebuild from before another renumbering is of no
    /// use and changes nothing.
    pub fn adopt(&mut self, grown: Grown) -> Option<Vec<Slot>> {
        if grown.epoch != self.epoch {
            return None;
        }
        let mut renumbered = None;
        if let Some((mut rows, mut old)) = grown.compacted {
            let mut dead = SlotSet::default();
            for (new, old) in old.iter().enumerate() {
                if self.dead.contains(*old) {
                    dead.insert(Slot(new as u32));
                }
            }
            for slot in grown.snapshot_end..self.slots() {
                if !self.dead.contains(Slot(slot)) {
                    rows.push_row_of(&self.rows, slot);
                    old.push(Slot(slot));
                }
            }
            (self.rows, self.dead) = (rows, dead);
            self.epoch = new_epoch();
            renumbered = Some(old);
        }
        self.structure = grown.structure;
        if let Structure::Codes(coded) = &mut self.structure {
            coded.append_rest(&self.rows, self.kernels, &mut self.scratch);
        }
        renumbered
    }

    fn codes(&self) -> Option<&Coded> {
        match &self.structure {
            Structure::Codes(coded) => Some(coded),
            Structure::Rows | Structure::Graph(_) => None,
        }
    }

    /// A vector as it is compared with others.
    fn prepared<'a>(&self, vector: &'a [f32]) -> Result<Cow<'a, [f32]>, IndexError> {
        self.check(vector)?;
        let mut vector = Cow::Borrowed(vector);
        if self.metric() == Metric::Cosine {
            self.kernels.normalize(vector.to_mut());
        }
        Ok(vector)
    }

    fn check(&self, vector: &[f32]) -> Result<(), IndexError> {
        if vector.len() == self.dimension() {
            Ok(())
        } else {
            Err(IndexError::Dimension { found: vector.len(), expected: self.dimension() })
        }
    }
}

impl Coded {
    fn of(base: Base) -> Self {
        Self { base: Arc::new(base), tail: CodeList::default() }
    }

    fn append(&mut self, slot: u32, row: &[f32], scratch: &mut EncodeScratch) {
        let mut centred = vec![0.0; self.base.frame.dimension()];
        self.base.frame.centre(row, &mut centred);
        self.tail.push(&self.base.frame, slot, &centred, None, scratch);
    }

    /// Codes the rows that are in neither base nor tail.
    fn append_rest(&mut self, rows: &Rows, kernels: &Kernels, scratch: &mut EncodeScratch) {
        let mut row = vec![0.0; rows.dimension()];
        for slot in self.base.slots_end + self.tail.len() as u32..rows.len() {
            rows.read(kernels, slot, &mut row);
            self.append(slot, &row, scratch);
        }
    }
}

fn new_epoch() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
