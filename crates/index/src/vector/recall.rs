//! The recall that searches have at present, by a sample.

use super::calibration::sample::Vectors;
use super::{IndexError, Recall, Request, VectorIndex};
use crate::Slot;

/// What to sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleRequest {
    /// How many queries.
    pub queries: usize,
    /// Neighbours that each asks for, 100 at most.
    pub k: usize,
    /// How exactly.
    pub recall: Recall,
    /// Other queries for every seed.
    pub seed: u64,
}

/// What became of the sample's searches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecallSample {
    /// True neighbours of all queries.
    pub neighbors: u64,
    /// How many of them were found.
    pub found: u64,
}

impl VectorIndex {
    /// Searches for the neighbours of vectors like those of the calibration, once as asked and once exactly. It takes about
    /// as long as the exact searches. When `stop` says true it ends early.
    ///
    /// # Errors
    /// None but of an index that contradicts itself.
    pub fn sample_recall(
        &self,
        request: &SampleRequest,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<RecallSample, IndexError> {
        let SampleRequest { queries, k, recall, seed } = *request;
        let live: Vec<u32> =
            (0..self.slots()).filter(|&slot| !self.dead.contains(Slot(slot))).collect();
        let vectors =
            Vectors { kernels: self.kernels, rows: &self.rows, dead: &self.dead, live: &live };
        let queries = vectors.any_queries(queries, seed);
        let truths = vectors.truths(&queries, stop);
        let mut sample = RecallSample::default();
        for (query, truth) in queries.iter().zip(truths) {
            // A stored vector finds itself besides.
            let request = Request { k: k + 1, recall, mask: None };
            let hits = self.search(&query.vector, &request, stop)?;
            let truth = truth.get(..k).unwrap_or(&truth);
            let Some(&last) = truth.last() else { continue };
            // Vectors that are as near as the last neighbour, but for rounding, are as good as it.
            let last = last.similarity - last.similarity.abs() * 1e-5;
            let others = hits.iter().filter(|hit| Some(hit.slot.0) != query.of);
            let right = others.take(k).filter(|hit| hit.similarity >= last).count();
            sample.neighbors += truth.len() as u64;
            sample.found += right as u64;
        }
        Ok(sample)
    }
}
