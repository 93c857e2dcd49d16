//! How many lists have to be scanned, and how far estimates fall short.
//!
//! An estimate errs by about `spread`: a number of its vector and of the query (the length of either, and a constant
//! of the code). So whatever the data, whether its vectors lie near each other or far apart, hardly a neighbour's
//! estimate falls short of the truth by more than three spreads. A search compares every vector exactly whose
//!
//! ```text
//! bound = estimate + margin · spread
//! ```
//!
//! is not below the k-th best that it has found. That is a few dozen of them where few lie near, and hundreds where
//! many do: a number of candidates fixed beforehand would have to be that of the hardest queries.

use hippocamp_simd::ScanTable;

use super::sample::{KINDS, MIN_QUERIES, QUERIES, Query, Vectors};
use super::{Calibration, CalibrationPoint, DEPTHS, SAMPLED, TARGETS, least_count, wanted};
use crate::vector::candidates::Candidates;
use crate::vector::codes::Frame;
use crate::vector::lists::Lists;
use crate::vector::parallel;
use crate::vector::slots::SlotSet;
use crate::{Neighbor, Slot};

/// The part of what is missed that may be missed for want of lists.
const LISTS_SHARE: f32 = 0.75;
/// The part that may be missed because centroids lie farther off than is looked.
const GAP_SHARE: f32 = 0.5;
/// Estimates of a query that are remembered.
const KEPT: usize = 2_048;
/// Farther off than this no estimate is; it is where there is nothing to be off by.
const LARGEST_MARGIN: f32 = 4.0;
/// Lists beyond these are not looked at.
const MOST_PROBES: usize = 1_024;
/// How many times the candidates of the query with most of them are compared at most.
const MOST_MARGIN: u32 = 2;

/// What is calibrated.
pub(crate) struct Subject<'a> {
    pub(crate) vectors: &'a Vectors<'a>,
    pub(crate) frame: &'a Frame,
    pub(crate) lists: &'a Lists,
}

/// Measures, roughly if it is to be `quick`; nothing when `stop` says so or there are too few vectors to tell anything.
pub(crate) fn calibrate(
    subject: &Subject<'_>,
    quick: bool,
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Calibration> {
    if subject.lists.count() == 0 {
        return None;
    }
    let vectors = subject.vectors;
    let most_queries = if quick { MIN_QUERIES } else { QUERIES };
    let queries = vectors.sample_queries(most_queries, |_, random| vectors.any(random));
    let seen =
        vectors.each(&queries, threads, stop, |query, truth| observe(subject, query, truth))?;
    let settings: Vec<(usize, f32)> =
        DEPTHS.iter().flat_map(|&depth| TARGETS.map(|target| (depth, target))).collect();
    let points = parallel::map(threads, settings.len(), stop, |range| {
        let settings = settings.get(range)?.iter();
        Some(settings.map(|&(depth, target)| point(&seen, depth, target)).collect())
    })?;
    Some(Calibration { points })
}

/// An estimate, how much it errs, and the number of the probe that met its list.
#[derive(Clone, Copy)]
struct Estimate {
    value: f32,
    spread: f32,
    probe: u32,
    /// The right estimate for the centroid of the list.
    level: f32,
}

/// What one query met.
struct Observation {
    /// Of the query, as the codes see it.
    length: f32,
    /// The true neighbours, best first: the estimates that would be right, and those that were made.
    neighbors: Vec<(f32, Option<Estimate>)>,
    /// The best estimates, best first.
    estimates: Vec<Estimate>,
    /// The largest spread among them.
    spread: f32,
}

fn observe(subject: &Subject<'_>, query: &Query, truth: &[Neighbor]) -> Option<Observation> {
    let Subject { vectors, frame, lists } = subject;
    let mut y = vec![0.0; frame.dimension()];
    frame.centre(&query.vector, &mut y);
    let length = frame.kernels.dot(&y, &y).sqrt();
    let mut table = ScanTable::default();
    let (mut scanned, mut order) = (Candidates::default(), Vec::new());
    lists.nearest(frame, &y, &mut table, lists.count().min(MOST_PROBES), &mut scanned, &mut order);
    let mut raised = table.clone();
    raised.raise(length);
    let accept = |slot: Slot| vectors.counts(query, slot.0);
    let mut bounds = Candidates::default();
    let mut estimates: Vec<Estimate> = Vec::new();
    let mut least = f32::NEG_INFINITY;
    let right = frame.right_estimates(&y);
    let mut neighbors: Vec<(f32, Option<Estimate>)> =
        truth.iter().map(|neighbor| (right.of(neighbor.similarity), None)).collect();
    let wanted: SlotSet = truth.iter().map(|neighbor| neighbor.slot).collect();
    for (probe, list) in (0..).zip(&order) {
        let view = lists.view(list.list as usize)?;
        // All of the list in both, in its order.
        for (table, found) in [(&table, &mut scanned), (&raised, &mut bounds)] {
            found.reset(usize::MAX);
            view.scan(frame.kernels, table, list.base, found, &accept);
        }
        for (&(value, slot), &(bound, same)) in scanned.best().iter().zip(bounds.best().iter()) {
            // Bounds beyond all numbers are left out, and nothing is known of the spread then.
            let spread = if slot == same { bound - value } else { f32::NAN };
            let estimate = Estimate { value, spread, probe, level: list.level };
            if value > least {
                estimates.push(estimate);
                if estimates.len() >= 2 * KEPT {
                    least = keep_best(&mut estimates);
                }
            }
            if wanted.contains(Slot(slot))
                && let Some(at) = truth.iter().position(|neighbor| neighbor.slot.0 == slot)
                && let Some((_, sighting)) = neighbors.get_mut(at)
            {
                *sighting = Some(estimate);
            }
        }
    }
    keep_best(&mut estimates);
    estimates.sort_unstable_by(|a, b| b.value.total_cmp(&a.value));
    let spread = estimates.iter().fold(0.0, |spread: f32, estimate| spread.max(estimate.spread));
    Some(Observation { length, neighbors, estimates, spread })
}

/// Leaves the best [`KEPT`], and tells what must be exceeded to be one of them.
fn keep_best(estimates: &mut Vec<Estimate>) -> f32 {
    if estimates.len() <= KEPT {
        return f32::NEG_INFINITY;
    }
    let (_, last, _) =
        estimates.select_nth_unstable_by(KEPT - 1, |a, b| b.value.total_cmp(&a.value));
    let least = last.value;
    estimates.truncate(KEPT);
    least
}

/// A neighbour of a query: the number of the probe that met it, and the margin with which it is kept.
#[derive(Clone, Copy)]
struct Need {
    probe: u32,
    margin: f32,
    /// How far its list's centroid is below the last neighbour.
    gap: f32,
}

impl Observation {
    /// What the neighbours of `depth` need.
    fn needs(&self, depth: usize) -> impl Iterator<Item = Need> {
        let sampled = self.neighbors.get(..depth.max(SAMPLED)).unwrap_or(&self.neighbors);
        let last = self.last(depth);
        sampled.iter().map(move |&(right, sighting)| {
            let never = Need { probe: u32::MAX, margin: f32::INFINITY, gap: f32::INFINITY };
            sighting.map_or(never, |Estimate { value, spread, probe, level }| {
                // Each of those sampled stands for the nearest.
                let last = if depth == 1 { right } else { last };
                let short = last - value;
                let margin = if short > 0.0 { short / spread } else { 0.0 };
                let margin = if margin.is_nan() { f32::INFINITY } else { margin };
                Need { probe, margin, gap: ((last - level) / self.length).max(0.0) }
            })
        })
    }

    /// The right estimate of the last of so many neighbours.
    fn last(&self, depth: usize) -> f32 {
        let last = self.neighbors.get(depth - 1).or(self.neighbors.last());
        last.map_or(f32::NEG_INFINITY, |&(right, _)| right)
    }

    /// Vectors that are compared exactly.
    fn compared(&self, depth: usize, probes: u32, margin: f32) -> usize {
        let last = self.last(depth);
        let reach = last - margin * self.spread;
        let near = self.estimates.iter().take_while(|estimate| estimate.value >= reach);
        let near = near.filter(|estimate| estimate.probe < probes);
        near.filter(|near| near.value + margin * near.spread >= last).count().max(depth)
    }
}

/// The fewest lists, then the least margin, for a target.
fn point(seen: &[Observation], depth: usize, target: f32) -> CalibrationPoint {
    let mut kinds = [const { Vec::new() }; KINDS];
    for (number, seen) in seen.iter().enumerate() {
        if let Some(kind) = kinds.get_mut(number % KINDS) {
            kind.extend(seen.needs(depth));
        }
    }
    let wanted = wanted(target);
    let reached = 1.0 - (1.0 - wanted) * LISTS_SHARE;
    let probes = kinds.iter_mut().map(|needs| {
        needs.sort_unstable_by_key(|need| need.probe);
        let last = least_count(reached, needs.len()).checked_sub(1);
        last.and_then(|last| needs.get(last)).map_or(0, |need| need.probe)
    });
    let probes = probes.max().unwrap_or(0).saturating_add(1);
    let gaps = kinds.iter_mut().map(|needs| {
        needs.sort_unstable_by(|a, b| a.gap.total_cmp(&b.gap));
        let last = least_count(1.0 - (1.0 - wanted) * GAP_SHARE, needs.len()).checked_sub(1);
        last.and_then(|last| needs.get(last)).map_or(f32::INFINITY, |need| need.gap)
    });
    let gap = gaps.fold(0.0, f32::max);
    let margins: Vec<Vec<f32>> = kinds
        .iter()
        .map(|needs| {
            let met = needs.iter().filter(|need| need.probe < probes);
            let mut margins: Vec<f32> = met.map(|need| need.margin).collect();
            margins.sort_unstable_by(f32::total_cmp);
            margins
        })
        .collect();
    let margin = margins.iter().zip(&kinds).map(|(margins, needs)| {
        let last = least_count(wanted, needs.len()).min(margins.len()).checked_sub(1);
        last.and_then(|last| margins.get(last)).copied().unwrap_or(0.0)
    });
    let margin = margin.fold(0.0, f32::max).min(LARGEST_MARGIN);
    let recall = margins.iter().zip(&kinds).map(|(margins, needs)| {
        let found = margins.partition_point(|&needed| needed <= margin);
        found as f32 / needs.len().max(1) as f32
    });
    let recall = recall.fold(1.0, f32::min);
    let compared = seen.iter().map(|seen| seen.compared(depth, probes, margin));
    let most = compared.clone().max().unwrap_or(0) as u32 * MOST_MARGIN;
    let candidates = compared.sum::<usize>().div_ceil(seen.len().max(1)) as u32;
    let k = depth as u32;
    CalibrationPoint { k, target, recall, probes, candidates, margin, gap, most }
}
