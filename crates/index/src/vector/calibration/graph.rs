//! How many candidates a graph has to propose.

use std::slice;

use super::sample::{KINDS, QUERIES, Query, Vectors};
use super::{Calibration, CalibrationPoint, DEPTHS, SAMPLED, TARGETS, least_count, wanted};
use crate::Slot;
use crate::hnsw::HnswIndex;
use crate::vector::slots::SlotSet;

/// Numbers of candidates that a graph is searched with.
const EXPANSIONS: [u32; 8] = [10, 20, 40, 80, 160, 320, 640, 1_280];
/// Questions of an encoder with different prompts for questions and texts lie apart from the texts: twice the
/// candidates that the sample needs.
const CANDIDATES_MARGIN: u32 = 2;

/// Measures a graph of the live vectors; nothing when `stop` says so.
pub(crate) fn calibrate(
    vectors: &Vectors<'_>,
    graph: &HnswIndex,
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Calibration> {
    // Halfway between any two there is nothing, and a graph has to be walked for longer than a scan takes.
    let farthest =
        |query: &Query| Some(vectors.truths(slice::from_ref(query), stop).pop()?.pop()?.slot.0);
    let queries = vectors.sample_queries(QUERIES, |query, _| farthest(query));
    let expansions = vectors.each(&queries, threads, stop, |query, truth| {
        let mut needed = vec![u32::MAX; truth.len()];
        for expansion in EXPANSIONS {
            // A search that fails finds nothing; the index scans where it fails.
            let found = graph.search(&query.vector, expansion as usize, None).unwrap_or_default();
            let found: SlotSet = found.into_iter().map(Slot).collect();
            for (needed, neighbor) in needed.iter_mut().zip(truth) {
                if *needed == u32::MAX && found.contains(neighbor.slot) {
                    *needed = expansion;
                }
            }
        }
        Some(needed)
    })?;
    let mut points = Vec::new();
    for depth in DEPTHS {
        let mut kinds = [const { Vec::new() }; KINDS];
        for (number, needed) in expansions.iter().enumerate() {
            if let Some(kind) = kinds.get_mut(number % KINDS) {
                kind.extend(needed.iter().take(depth.max(SAMPLED)));
            }
        }
        for needed in &mut kinds {
            needed.sort_unstable();
        }
        points.extend(TARGETS.map(|target| point(&kinds, depth as u32, target)));
    }
    Some(Calibration { points })
}

/// The fewest candidates for a target, with the kind of queries that needs most.
fn point(kinds: &[Vec<u32>], k: u32, target: f32) -> CalibrationPoint {
    let least = |needed: &Vec<u32>| {
        let found = needed.partition_point(|&needed| needed < u32::MAX);
        let last = least_count(wanted(target), needed.len()).min(found).checked_sub(1);
        last.and_then(|last| needed.get(last)).copied().unwrap_or(1)
    };
    let candidates = kinds.iter().map(least).max().unwrap_or(1);
    let candidates = candidates.saturating_mul(CANDIDATES_MARGIN).max(k);
    let recall = |needed: &Vec<u32>| {
        let found = needed.partition_point(|&needed| needed <= candidates);
        found as f32 / needed.len().max(1) as f32
    };
    let recall = kinds.iter().map(recall).fold(1.0, f32::min);
    CalibrationPoint {
        k,
        target,
        recall,
        probes: 1,
        candidates,
        margin: 0.0,
        gap: 0.0,
        most: candidates,
    }
}
