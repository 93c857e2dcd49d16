//! How good a collection's searches are at present.

use std::time::{SystemTime, UNIX_EPOCH};

use hippocamp_index::{Recall, RecallSample, SampleRequest};

use crate::limits::within;
use crate::partition::Needs;
use crate::{Cancel, Collection, Error};

/// How to check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckOptions {
    /// Searches that are compared with exact ones.
    pub queries: usize,
    /// Neighbours that each asks for, up to 100.
    pub k: usize,
    /// How exactly.
    pub recall: Recall,
}

/// What a check found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Check {
    /// Live records in the namespace.
    pub records: u64,
    /// Those in the index in memory: as many.
    pub indexed: u64,
    /// The part of the true neighbours that was found; 1 in an empty namespace.
    pub recall: f64,
}

/// Queries whose exact answers are found together; writes wait that long.
const TOGETHER: usize = 32;
/// The calibration knows no more neighbours of a query.
const MOST_NEIGHBORS: usize = 100;

impl Collection {
    /// Searches the namespace as asked and exactly for vectors like those in it, drawn anew each time, and compares.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Aborted`], options out of their range, or a store that cannot be read.
    pub fn check(&self, options: &CheckOptions, cancel: &Cancel) -> Result<Check, Error> {
        let CheckOptions { queries, k, recall } = *options;
        within(
            || "the check".into(),
            "queries",
            queries,
            self.limits().batch_records,
            "batchRecords",
        )?;
        if !(1..=MOST_NEIGHBORS).contains(&k) {
            return Err(Error::InvalidArgument(format!(
                "k is {k}: a check compares 1 to {MOST_NEIGHBORS} neighbours"
            )));
        }
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
        let mut check = Check { recall: 1.0, ..Check::default() };
        let mut all = RecallSample::default();
        for first in (0..queries.max(1)).step_by(TOGETHER) {
            let queries = queries.saturating_sub(first).min(TOGETHER);
            let seed = now.wrapping_add(first as u64);
            let request = SampleRequest { queries, k, recall, seed };
            let sampled =
                self.with_partition(Needs::default(), cancel, |tx, target, partition| {
                    target.needs_vectors("a check")?;
                    let records = tx.count(partition.namespace())?;
                    let sample = partition.sample_recall(&request, cancel)?;
                    Ok((records, partition.len(), sample))
                })?;
            let Some((records, indexed, sample)) = sampled else { return Ok(check) };
            (check.records, check.indexed) = (records, indexed);
            all.neighbors += sample.neighbors;
            all.found += sample.found;
        }
        if all.neighbors > 0 {
            check.recall = all.found as f64 / all.neighbors as f64;
        }
        Ok(check)
    }
}
