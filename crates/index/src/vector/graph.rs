//! A graph that proposes candidates, where an index of codes has its lists.
//!
//! It covers the live slots below its end and never changes: a rebuild makes another, removed slots are masked by
//! the index. Inserting into a graph that is being searched would make its searches wait, and a graph that has
//! lost nodes leads to fewer of the others.
//!
//! It holds a vector in f32 beside each row, so that the memory is that of rows and graph together.

use super::calibration::sample::Vectors;
use super::calibration::{self, Calibration};
use crate::hnsw::{HnswError, HnswIndex};

/// Vectors between two questions whether to stop.
const BATCH: usize = 16;

pub(crate) struct Graph {
    pub(crate) index: HnswIndex,
    pub(crate) calibration: Calibration,
    /// It covers the slots below this one.
    pub(crate) slots_end: u32,
}

impl Graph {
    /// The graph of the live vectors; nothing when `stop` says so.
    ///
    /// # Errors
    /// [`HnswError::Library`]: there is not enough memory.
    pub(crate) fn build(
        vectors: &Vectors<'_>,
        threads: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Self>, HnswError> {
        let Vectors { kernels, rows, live, .. } = vectors;
        let mut index = HnswIndex::new(rows.dimension(), rows.metric(), kernels)?;
        let mut row = vec![0.0; rows.dimension()];
        for slots in live.chunks(BATCH) {
            if stop() {
                return Ok(None);
            }
            for &slot in slots {
                rows.read(kernels, slot, &mut row);
                index.add(slot, &row)?;
            }
        }
        let calibration = calibration::graph::calibrate(vectors, &index, threads, stop);
        let slots_end = rows.len();
        Ok(calibration.map(|calibration| Self { index, calibration, slots_end }))
    }
}
