//! How far a search has to look: measured, not guessed.
//!
//! Approximate search has two settings: how many lists are scanned (probes) and how many of the best
//! estimates are compared exactly (candidates). Which of them give a recall of 0.99 depends on the data. So
//! after every (re)build some queries are answered exactly, and for each of their true neighbours it is
//! noted in which list it was found and which place its estimate took. From that the recall of every
//! setting is known without another search. So much of what a target leaves open may be missed for want of lists,
//! and the rest for want of candidates: trading one against the other as far as the sample allows would save
//! little, and settings at either end fail first with queries that are not like the sample.
//!
//! Of a graph it is the candidates that are measured: the least number of them (ef) with which a neighbour is found
//! is its place.

use std::slice;

use hippocamp_simd::{Kernels, ScanTable};

use super::candidates::Candidates;
use super::codes::Frame;
use super::lists::Lists;
use super::rotation::SplitMix;
use super::rows::Rows;
use super::slots::SlotSet;
use crate::hnsw::HnswIndex;
use crate::top_k::TopK;
use crate::{Metric, Slot};

/// The recalls that settings are kept for.
pub(crate) const TARGETS: [f32; 7] = [0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
/// The numbers of neighbours that recall is measured for.
pub(crate) const DEPTHS: [usize; 2] = [10, 100];
/// Queries, as long as their exact answers do not take more comparisons than [`MAX_COMPARISONS`].
const QUERIES: usize = 512;
const MIN_QUERIES: usize = 96;
const MAX_COMPARISONS: usize = 64_000_000;
/// Queries that are answered together.
const TOGETHER: usize = 32;
/// A setting is chosen for a little more than its target: this part of what the target leaves open.
const MARGIN: f32 = 0.1;
/// The part of what is missed that may be missed for want of lists.
const LISTS_SHARE: f32 = 0.75;
/// Questions of an encoder with different prompts for questions and texts lie apart from the texts, where estimates err
/// more: of 30,000 passages and 1,000 questions in multilingual-e5-small, as many were found with twice the candidates as
/// the sample found. A candidate costs little.
const CANDIDATES_MARGIN: u32 = 2;
/// Numbers of candidates that a graph is searched with.
const EXPANSIONS: [u32; 8] = [10, 20, 40, 80, 160, 320, 640, 1_280];
const SEED: u64 = 0x7175_6572_6965_735F;

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Lists to scan; all if there are fewer.
    pub(crate) probes: u32,
    /// Estimates to compare exactly.
    pub(crate) candidates: u32,
}

/// What was measured for one depth and target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationPoint {
    /// Neighbours asked for.
    pub k: u32,
    /// The recall asked for.
    pub target: f32,
    /// The recall of the setting on the sample.
    pub recall: f32,
    /// Lists scanned.
    pub probes: u32,
    /// Vectors compared exactly: the best estimates, or what a graph proposes.
    pub candidates: u32,
}

/// The settings for each depth and target.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Calibration {
    /// By depth, then target; empty before the first measurement.
    pub(crate) points: Vec<CalibrationPoint>,
}

impl Calibration {
    /// Whether there was anything to measure with.
    pub(crate) fn is_measured(&self) -> bool {
        !self.points.is_empty()
    }

    /// The setting for `k` neighbours at a recall of at least `target`.
    pub(crate) fn setting(&self, k: f32, target: f32) -> Setting {
        let at = |depth: usize| {
            let mut points = self.points.iter().filter(|point| point.k as usize == depth);
            // Beyond the last target that is known, the last.
            points
                .find(|point| point.target >= target - 1e-6)
                .or_else(|| self.points.iter().rev().find(|point| point.k as usize == depth))
        };
        let [shallow, deep] = DEPTHS;
        let (Some(a), Some(b)) = (at(shallow), at(deep)) else {
            return Setting { probes: u32::MAX, candidates: (10.0 * k + 100.0) as u32 };
        };
        // Between the depths, and beyond them, as powers of k.
        let step =
            (k.max(shallow as f32) / shallow as f32).ln() / (deep as f32 / shallow as f32).ln();
        let power = |a: u32, b: u32| {
            let (a, b) = (a.max(1) as f32, b.max(1) as f32);
            (a * (b / a).max(1.0).powf(step)).ceil() as u32
        };
        Setting {
            probes: power(a.probes, b.probes),
            candidates: power(a.candidates, b.candidates).max(k as u32),
        }
    }
}

/// The vectors of an index at rest.
pub(crate) struct Vectors<'a> {
    pub(crate) kernels: &'static Kernels,
    pub(crate) rows: &'a Rows,
    pub(crate) dead: &'a SlotSet,
    /// The live slots.
    pub(crate) live: &'a [u32],
}

/// What is calibrated.
pub(crate) struct Subject<'a> {
    pub(crate) vectors: &'a Vectors<'a>,
    pub(crate) frame: &'a Frame,
    pub(crate) lists: &'a Lists,
}

/// The place of one true neighbour: the number of the probe that met its list and its estimate, or none.
type Sighting = Option<(u32, f32)>;

/// What one query met.
struct Observation {
    /// The estimates above that of the last neighbour with the numbers of their probes, best first.
    estimates: Vec<(f32, u32)>,
    neighbors: Vec<Sighting>,
}

/// Measures, roughly if it is to be `quick`; nothing when `stop` says so or there are too few vectors to tell anything.
pub(crate) fn calibrate(
    subject: &Subject<'_>,
    quick: bool,
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Calibration> {
    let grid = probe_grid(subject.lists.count());
    let most = *grid.last()?;
    let most_queries = if quick { MIN_QUERIES } else { QUERIES };
    let queries =
        subject.vectors.sample_queries(most_queries, |_, random| subject.vectors.any(random));
    measure(subject.vectors, &queries, &grid, threads, stop, |query, truth| {
        Some(ranks(&observe(subject, query, truth, most)?, &grid))
    })
}

/// Measures a graph of the live vectors; nothing when `stop` says so.
pub(crate) fn calibrate_graph(
    vectors: &Vectors<'_>,
    graph: &HnswIndex,
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Calibration> {
    // Halfway between any two there is nothing, and a graph has to be walked for longer than a scan takes.
    let farthest = |query: &Query| vectors.truths(slice::from_ref(query), stop).pop()?.pop();
    let queries = vectors.sample_queries(QUERIES, |query, _| farthest(query));
    measure(vectors, &queries, &[1], threads, stop, |query, truth| {
        let mut neighbors = vec![u32::MAX; truth.len()];
        for expansion in EXPANSIONS {
            // A search that fails finds nothing; the index scans where it fails.
            let found = graph.search(&query.vector, expansion as usize, None).unwrap_or_default();
            let found: SlotSet = found.into_iter().map(Slot).collect();
            for (place, &slot) in neighbors.iter_mut().zip(truth) {
                if *place == u32::MAX && found.contains(Slot(slot)) {
                    *place = expansion - 1;
                }
            }
        }
        Some(vec![neighbors])
    })
}

/// The best settings, by where each query meets its neighbours at each number of probes of the grid.
fn measure(
    vectors: &Vectors<'_>,
    queries: &[Query],
    grid: &[u32],
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
    ranks: impl Fn(&Query, &[u32]) -> Option<Vec<Places>> + Sync,
) -> Option<Calibration> {
    let n = vectors.live.len();
    let ranks = super::parallel::map(threads, queries.len(), stop, |range| {
        let mut found = Vec::new();
        for queries in queries.get(range)?.chunks(TOGETHER) {
            for (query, truth) in queries.iter().zip(vectors.truths(queries, stop)) {
                if stop() {
                    return None;
                }
                found.push(ranks(query, &truth)?);
            }
        }
        Some(found)
    })?;
    let mut points = Vec::new();
    for depth in DEPTHS {
        let measured: Vec<Measured> = grid
            .iter()
            .enumerate()
            .map(|(at, &probes)| {
                Measured::of(probes, depth.min(n), ranks.iter().filter_map(|r| r.get(at)))
            })
            .collect();
        for target in TARGETS {
            points.extend(setting_for(&measured, depth, target));
        }
    }
    Some(Calibration { points })
}

/// All queries at one number of probes.
struct Measured {
    probes: u32,
    /// For each kind of query: the places of all neighbours, ascending.
    places: [Vec<u32>; KINDS],
}

impl Measured {
    fn of<'a>(probes: u32, k: usize, queries: impl Iterator<Item = &'a Places>) -> Self {
        let mut measured = Self { probes, places: [const { Vec::new() }; KINDS] };
        for (query, kind) in queries.zip((0..KINDS).cycle()) {
            if let Some(places) = measured.places.get_mut(kind) {
                places.extend(query.iter().take(k));
            }
        }
        measured.places.iter_mut().for_each(|places| places.sort_unstable());
        measured
    }

    /// The recall of so many candidates with the kind of queries for which it is least.
    fn recall(&self, candidates: u32) -> f32 {
        let of = |places: &Vec<u32>| {
            let found = places.partition_point(|&place| place < candidates);
            found as f32 / places.len().max(1) as f32
        };
        self.places.iter().map(of).fold(1.0, f32::min)
    }

    /// The least number of candidates for a recall; what lists were not scanned for is not found by any number.
    fn candidates(&self, recall: f32) -> u32 {
        let of = |places: &Vec<u32>| {
            let found = places.partition_point(|&place| place < u32::MAX);
            let needed = (recall * places.len() as f32).ceil() as usize;
            let last = needed.min(found).checked_sub(1).and_then(|last| places.get(last));
            last.map_or(1, |last| last + 1)
        };
        self.places.iter().map(of).max().unwrap_or(1)
    }
}

/// The fewest lists, then the fewest candidates, for a target; all lists if they do not suffice.
fn setting_for(measured: &[Measured], k: usize, target: f32) -> Option<CalibrationPoint> {
    let wanted = target + (1.0 - target) * MARGIN;
    let reached = 1.0 - (1.0 - wanted) * LISTS_SHARE;
    let at = measured.iter().find(|at| at.recall(u32::MAX) >= reached).or(measured.last())?;
    let candidates = at.candidates(wanted).saturating_mul(CANDIDATES_MARGIN).max(k as u32);
    let (recall, probes) = (at.recall(candidates), at.probes);
    Some(CalibrationPoint { k: k as u32, target, recall, probes, candidates })
}

/// Numbers of probes to choose from: each about a fifth more than the one before.
fn probe_grid(lists: usize) -> Vec<u32> {
    let mut grid = vec![1u32];
    let end = if lists <= 1_024 { lists } else { 1_024 };
    while let Some(&last) = grid.last()
        && (last as usize) < end
    {
        grid.push((last + (last / 5).max(1)).min(end as u32));
    }
    grid
}

/// A query and the slot whose vector it is, if it is one: that is no neighbour then.
pub(super) struct Query {
    pub(super) vector: Vec<f32>,
    pub(super) of: Option<u32>,
}

/// Kinds of queries, in turn: stored vectors, and the means of two and of three. Questions are not drawn from the
/// stored texts and lie farther from them than texts from one another: of 92,830 sentences, 400 questions were found
/// their neighbours more often than means of three were, and less often than means of two. A setting must do for each
/// kind.
const KINDS: usize = 3;

impl Vectors<'_> {
    /// Vectors like those that will be searched for, as many as there is time for; what a stored one is mixed with is its
    /// mate.
    fn sample_queries(
        &self,
        most: usize,
        mate: impl Fn(&Query, &mut SplitMix) -> Option<u32>,
    ) -> Vec<Query> {
        let count = (MAX_COMPARISONS / self.live.len().max(1)).clamp(MIN_QUERIES, most);
        self.queries(count, SEED, mate)
    }

    /// So many such vectors, mixed with any mates; others for every seed.
    pub(super) fn any_queries(&self, count: usize, seed: u64) -> Vec<Query> {
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

    fn any(&self, random: &mut SplitMix) -> Option<u32> {
        self.live.get(random.below(self.live.len().max(1))).copied()
    }

    fn read(&self, slot: Option<u32>) -> Vec<f32> {
        let mut vector = vec![0.0; self.rows.dimension()];
        self.rows.read(self.kernels, slot.unwrap_or(u32::MAX), &mut vector);
        vector
    }

    /// Whether a slot may be found by a query.
    fn counts(&self, query: &Query, slot: u32) -> bool {
        Some(slot) != query.of && !self.dead.contains(Slot(slot))
    }

    /// The true neighbours of each query, best first. The queries take turns at each range of rows, so that it is
    /// fetched from memory once.
    pub(super) fn truths(
        &self,
        queries: &[Query],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Vec<Vec<u32>> {
        let [_, deepest] = DEPTHS;
        let live = self.live.len();
        let mut tops: Vec<TopK> =
            queries.iter().map(|_| TopK::new(deepest.min(live), live)).collect();
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
        let slots = |top: TopK| top.into_sorted().iter().map(|neighbor| neighbor.slot.0).collect();
        tops.into_iter().map(slots).collect()
    }
}

fn observe(
    subject: &Subject<'_>,
    query: &Query,
    truth: &[u32],
    probes: u32,
) -> Option<Observation> {
    let Subject { vectors, frame, lists } = subject;
    let mut y = vec![0.0; frame.dimension()];
    frame.centre(&query.vector, &mut y);
    let mut table = ScanTable::default();
    let (mut scanned, mut order) = (Candidates::default(), Vec::new());
    lists.nearest(frame, &y, &mut table, probes as usize, &mut scanned, &mut order);
    let mut estimates = Vec::new();
    let mut neighbors = vec![None; truth.len()];
    let wanted: SlotSet = truth.iter().copied().map(Slot).collect();
    for (number, probe) in order.iter().enumerate() {
        scanned.reset(usize::MAX);
        let accept = |slot: Slot| vectors.counts(query, slot.0);
        lists.view(probe.list as usize)?.scan(
            frame.kernels,
            &table,
            probe.base,
            &mut scanned,
            &accept,
        );
        for &(estimate, slot) in scanned.best() {
            estimates.push((estimate, number as u32));
            if wanted.contains(Slot(slot))
                && let Some(at) = truth.iter().position(|&wanted| wanted == slot)
                && let Some(neighbor) = neighbors.get_mut(at)
            {
                *neighbor = Some((number as u32, estimate));
            }
        }
    }
    let last =
        neighbors.iter().flatten().fold(f32::INFINITY, |last, sighting| last.min(sighting.1));
    estimates.retain(|(estimate, _)| *estimate > last);
    estimates.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    Some(Observation { estimates, neighbors })
}

/// The places of a query's neighbours among the estimates of the first so many probes; [`u32::MAX`] for those that
/// are not there.
type Places = Vec<u32>;

fn ranks(observation: &Observation, grid: &[u32]) -> Vec<Places> {
    let Observation { estimates, neighbors } = observation;
    // Neighbours by estimate, so that one walk over the estimates meets them in order.
    let mut order: Vec<(f32, u32, usize)> = neighbors
        .iter()
        .enumerate()
        .filter_map(|(at, sighting)| sighting.map(|(probe, estimate)| (estimate, probe, at)))
        .collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    grid.iter()
        .map(|&probes| {
            let mut places = vec![u32::MAX; neighbors.len()];
            let (mut better, mut walk) = (0, estimates.iter().peekable());
            for &(estimate, probe, at) in &order {
                while let Some((_, of)) = walk.next_if(|(other, _)| *other > estimate) {
                    better += u32::from(*of < probes);
                }
                if probe < probes
                    && let Some(place) = places.get_mut(at)
                {
                    *place = better;
                }
            }
            places
        })
        .collect()
}
