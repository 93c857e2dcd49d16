//! Exact search: the query against every row.
//!
//! Rows are kept as f32 in chunks that are filled in order, so that growing never copies what is there
//! (one doubling vector would hold three times its size for a moment). A search walks the chunks in
//! blocks small enough that their similarities stay in the first-level cache.
//!
//! Invariant: `rows` holds exactly `slots * dimension` values; a slot is live unless `dead` names it.

use hippocamp_simd::Kernels;
use roaring::RoaringBitmap;

use crate::top_k::TopK;
use crate::{Metric, Neighbor, Slot};

/// Rows in a full chunk.
const CHUNK_ROWS: usize = 1024;
/// Rows whose similarities are computed at once.
const BLOCK_ROWS: usize = 128;
/// Below this share of the rows (1 / this) a mask is gathered row by row instead of scanned.
const GATHER_SHARE: u64 = 8;
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
    /// All 2³² slots are used.
    #[error("a partition holds at most 4,294,967,295 vectors: use more namespaces")]
    Full,
}

/// Vectors of one partition, searched exactly.
pub struct FlatIndex {
    dimension: usize,
    metric: Metric,
    kernels: &'static Kernels,
    chunks: Vec<Vec<f32>>,
    slots: u32,
    dead: RoaringBitmap,
}

impl FlatIndex {
    /// An empty index for vectors of `dimension` values.
    #[must_use]
    pub fn new(dimension: usize, metric: Metric, kernels: &'static Kernels) -> Self {
        let dimension = dimension.max(1);
        Self {
            dimension,
            metric,
            kernels,
            chunks: Vec::new(),
            slots: 0,
            dead: RoaringBitmap::new(),
        }
    }

    /// The number of values in a vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// How vectors are compared.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The kernels that compare them.
    #[must_use]
    pub fn kernels(&self) -> &'static Kernels {
        self.kernels
    }

    /// The number of live vectors.
    #[must_use]
    pub fn len(&self) -> u64 {
        u64::from(self.slots) - self.dead.len()
    }

    /// Whether no vector is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of slots handed out, removed ones included.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// The removed slots.
    #[must_use]
    pub fn dead(&self) -> &RoaringBitmap {
        &self.dead
    }

    /// Bytes held by the rows.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.capacity() * size_of::<f32>()).sum()
    }

    /// Appends a vector.
    ///
    /// # Errors
    /// [`IndexError::Dimension`] or [`IndexError::Full`]; the index is unchanged then.
    pub fn push(&mut self, vector: &[f32]) -> Result<Slot, IndexError> {
        self.check(vector)?;
        let next = self.slots.checked_add(1).ok_or(IndexError::Full)?;
        let (metric, kernels) = (self.metric, self.kernels);
        let chunk = self.open_chunk()?;
        let start = chunk.len();
        chunk.extend_from_slice(vector);
        if let (Metric::Cosine, Some(row)) = (metric, chunk.get_mut(start..)) {
            kernels.normalize(row);
        }
        let slot = Slot(self.slots);
        self.slots = next;
        Ok(slot)
    }

    /// Marks a slot as removed; false if it was already, or was never handed out.
    pub fn remove(&mut self, slot: Slot) -> bool {
        slot.0 < self.slots && self.dead.insert(slot.0)
    }

    /// The best `k` live slots, best first, only those in `mask` if there is one. `stop` is asked now
    /// and then; when it says true the search ends early with what it has.
    ///
    /// # Errors
    /// [`IndexError::Dimension`].
    pub fn search(
        &self,
        query: &[f32],
        k: usize,
        mask: Option<&RoaringBitmap>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Neighbor>, IndexError> {
        self.check(query)?;
        let mut query = query.to_vec();
        if self.metric == Metric::Cosine {
            self.kernels.normalize(&mut query);
        }
        let available = mask.map_or(self.len(), RoaringBitmap::len) as usize;
        let mut top = TopK::new(k.min(available.max(1)), available);
        match mask {
            Some(mask) if mask.len() < u64::from(self.slots) / GATHER_SHARE => {
                self.gather(&query, mask, &mut top, stop);
            }
            _ => self.scan(&query, mask, &mut top, stop),
        }
        Ok(top.into_sorted())
    }

    /// Closes the gaps: live rows move to the front in their order, and nothing is dead any more.
    /// Returns the old slot of each new one.
    pub fn compact(&mut self) -> Vec<Slot> {
        let mut kept = Self::new(self.dimension, self.metric, self.kernels);
        let live: Vec<Slot> =
            (0..self.slots).filter(|slot| !self.dead.contains(*slot)).map(Slot).collect();
        for slot in &live {
            if let Some(row) = self.row(slot.0)
                && let Ok(chunk) = kept.open_chunk()
            {
                chunk.extend_from_slice(row);
                kept.slots += 1;
            }
        }
        *self = kept;
        live
    }

    /// The chunk with room for one more row.
    fn open_chunk(&mut self) -> Result<&mut Vec<f32>, IndexError> {
        let full = CHUNK_ROWS * self.dimension;
        if self.chunks.last().is_none_or(|last| last.len() >= full) {
            // The first chunk grows as it is filled: most partitions are small.
            let capacity = if self.chunks.is_empty() { 0 } else { full };
            self.chunks.push(Vec::with_capacity(capacity));
        }
        self.chunks.last_mut().ok_or(IndexError::Full)
    }

    fn check(&self, vector: &[f32]) -> Result<(), IndexError> {
        if vector.len() == self.dimension {
            Ok(())
        } else {
            Err(IndexError::Dimension { found: vector.len(), expected: self.dimension })
        }
    }

    fn scan(
        &self,
        query: &[f32],
        mask: Option<&RoaringBitmap>,
        top: &mut TopK,
        stop: &dyn Fn() -> bool,
    ) {
        let mut similarities = [0.0f32; BLOCK_ROWS];
        let mut slot = 0u32;
        for chunk in &self.chunks {
            if stop() {
                return;
            }
            for block in chunk.chunks(BLOCK_ROWS * self.dimension) {
                let rows = block.len() / self.dimension;
                let Some(out) = similarities.get_mut(..rows) else { return };
                self.compare_rows(query, block, out);
                for &similarity in &*out {
                    if top.wants(similarity)
                        && !self.dead.contains(slot)
                        && mask.is_none_or(|mask| mask.contains(slot))
                    {
                        top.push(Slot(slot), similarity);
                    }
                    slot += 1;
                }
            }
        }
    }

    fn gather(&self, query: &[f32], mask: &RoaringBitmap, top: &mut TopK, stop: &dyn Fn() -> bool) {
        for (visited, slot) in mask.iter().enumerate() {
            if visited % CHUNK_ROWS == 0 && stop() {
                return;
            }
            if self.dead.contains(slot) {
                continue;
            }
            let Some(row) = self.row(slot) else { return };
            let mut similarity = [0.0];
            self.compare_rows(query, row, &mut similarity);
            let [similarity] = similarity;
            if top.wants(similarity) {
                top.push(Slot(slot), similarity);
            }
        }
    }

    fn compare_rows(&self, query: &[f32], rows: &[f32], out: &mut [f32]) {
        match self.metric {
            Metric::Cosine | Metric::Dot => self.kernels.dot_rows(query, rows, out),
            Metric::L2 => {
                self.kernels.l2_squared_rows(query, rows, out);
                for value in &mut *out {
                    *value = -*value;
                }
            }
        }
        // Products of huge but finite values can overflow into NaN: the farthest there is.
        for value in out {
            if value.is_nan() {
                *value = f32::NEG_INFINITY;
            }
        }
    }

    fn row(&self, slot: u32) -> Option<&[f32]> {
        let (chunk, row) = (slot as usize / CHUNK_ROWS, slot as usize % CHUNK_ROWS);
        self.chunks.get(chunk)?.get(row * self.dimension..(row + 1) * self.dimension)
    }
}

#[cfg(test)]
#[path = "flat_tests.rs"]
mod tests;
