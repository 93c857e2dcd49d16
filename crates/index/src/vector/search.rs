//! Searching.

use std::cell::RefCell;

use hippocamp_simd::ScanTable;

use super::calibration::Setting;
use super::candidates::{Candidates, best_first};
use super::codes::{CodeView, RightEstimates};
use super::graph::Graph;
use super::lists::Probe;
use super::slots::SlotSet;
use super::{Coded, IndexError, Structure, VectorIndex};
use crate::top_k::TopK;
use crate::{Metric, Neighbor, Slot};

/// So many rows at most are compared one by one instead of searching under a mask …
const GATHER: u64 = 1_024;
/// … or this part of the rows (1 / this).
const GATHER_SHARE: u64 = 64;
/// When this part (1 / this) of what passes a mask may be among the best, all that passes is compared: in the order of
/// memory that takes no longer.
const UNDECIDED: u64 = 8;
/// What a candidate of a graph costs, in rows that are scanned: each of its links is compared, where it lies in memory.
const WALK_COST: u64 = 64;
/// Rows between two questions whether to stop.
pub(super) const STOP_ROWS: usize = 1_024;
/// Rows that are asked for ahead of the one that is compared.
const AHEAD: usize = 6;
/// Blocks that are scanned before it is looked how many bounds there are.
const PIECE_BLOCKS: usize = 8;
/// Rows that are compared before it is looked again which others may be better.
const TURN: usize = 16;

/// How much of the truth a search must find.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Recall {
    /// What the index was made for.
    #[default]
    Default,
    /// At least this part of the true neighbours, on average over queries like those of the calibration.
    AtLeast(f32),
    /// All of it: every row is compared.
    Exact,
}

/// What to search for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// How many neighbours at most; fewer are found only if there are fewer.
    pub k: usize,
    /// How exactly.
    pub recall: Recall,
    /// Only these slots.
    pub mask: Option<&'a SlotSet>,
}

/// About what a search among `passing` of the codes takes, in rows that are compared: as if it scanned until it has met
/// as many that pass as it scans without a mask, looked at all that are good enough whether they pass or not, and
/// compared the best that do.
fn masked_cost(coded: &Coded, k: usize, target: f32, passing: f32) -> f32 {
    /// Codes that are scanned, and codes that are looked at, in the time of a row.
    const SCANNED: f32 = 80.0;
    const LOOKED_AT: f32 = 8.0;
    let lists = &coded.base.lists;
    let (all, count) = (lists.len as f32, lists.count().max(1) as f32);
    let setting = coded.base.calibration.setting(k as f32, target);
    let compared = setting.candidates as f32;
    let wanted = (setting.probes as f32).min(count) * (all / count);
    let share = passing / all.max(1.0);
    let scanned = (wanted / share.max(f32::MIN_POSITIVE)).min(all);
    let looked_at = compared / share * (1.0 + (scanned * share / compared).max(1.0).ln());
    scanned / SCANNED + looked_at.min(scanned) / LOOKED_AT + compared
}

/// Room for one search, kept by each thread.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) query: Vec<f32>,
    y: Vec<f32>,
    pub(super) table: ScanTable,
    pub(super) candidates: Candidates,
    pub(super) probes: Vec<Probe>,
    right: RightEstimates,
    /// The best of what was compared.
    pub(super) top: TopK,
    compared: Vec<(f32, u32)>,
    /// Bounds that are many: then the best are compared.
    many: usize,
    /// How far a list's centroid may be below the k-th best: less, and its vectors are too.
    gap: f32,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl VectorIndex {
    /// The best live slots, best first. `stop` is asked now and then; when it says true the search ends
    /// early with what it has.
    ///
    /// # Errors
    /// [`IndexError::Dimension`].
    pub fn search(
        &self,
        query: &[f32],
        request: &Request<'_>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Neighbor>, IndexError> {
        self.check(query)?;
        SCRATCH.with_borrow_mut(|scratch| {
            self.take_query(query, scratch);
            Ok(self.search_prepared(scratch, request, stop))
        })
    }

    pub(super) fn take_query(&self, query: &[f32], scratch: &mut Scratch) {
        scratch.query.clear();
        scratch.query.extend_from_slice(query);
        if self.metric() == Metric::Cosine {
            self.kernels.normalize(&mut scratch.query);
        }
    }

    /// The recall that is asked for.
    pub(super) fn target(&self, request: &Request<'_>) -> f32 {
        match request.recall {
            Recall::Default => self.options.target_recall,
            Recall::AtLeast(recall) => recall,
            Recall::Exact => 1.0,
        }
    }

    pub(super) fn search_prepared(
        &self,
        scratch: &mut Scratch,
        request: &Request<'_>,
        stop: &dyn Fn() -> bool,
    ) -> Vec<Neighbor> {
        let available = request.mask.map_or(self.len(), SlotSet::len);
        // The vectors behind a graph are compared one by one anyway.
        let searched = match (&self.structure, request.mask) {
            (Structure::Graph(graph), Some(mask)) => mask.count_below(graph.slots_end),
            _ => available,
        };
        let target = self.target(request);
        let few = searched <= GATHER.max(u64::from(self.slots()) / GATHER_SHARE)
            || self.codes().is_some_and(|coded| {
                searched as f32 <= masked_cost(coded, request.k, target, searched as f32)
            });
        let found = match (&self.structure, request.mask) {
            (_, Some(mask)) if few => {
                return self.gather(&scratch.query, mask.iter(), mask.len(), request.k, stop);
            }
            (Structure::Codes(coded), _)
                if target < 1.0 && coded.base.calibration.is_measured() =>
            {
                Some(self.search_codes(coded, scratch, request, target, stop))
            }
            (Structure::Graph(graph), _) if target < 1.0 => {
                self.search_graph(graph, &scratch.query, request, target, stop)
            }
            _ => None,
        };
        // Lists without a match, vectors beyond the range of estimates or out of a graph's reach: never fewer than
        // there are.
        let enough = available.min(request.k as u64);
        found
            .filter(|found| found.len() as u64 >= enough)
            .unwrap_or_else(|| self.compare_all(&scratch.query, request, available, stop))
    }

    /// Every row.
    fn compare_all(
        &self,
        query: &[f32],
        request: &Request<'_>,
        available: u64,
        stop: &dyn Fn() -> bool,
    ) -> Vec<Neighbor> {
        let mut top = TopK::new(request.k.min(available.max(1) as usize), available as usize);
        self.rows.scan(self.kernels, query, |first, similarities| {
            if (first as usize).is_multiple_of(STOP_ROWS) && stop() {
                return false;
            }
            for (slot, &similarity) in (first..).map(Slot).zip(similarities) {
                if top.wants(similarity)
                    && !self.dead.contains(slot)
                    && request.mask.is_none_or(|mask| mask.contains(slot))
                {
                    top.push(slot, similarity);
                }
            }
            true
        });
        top.into_sorted()
    }

    /// Each live row among `available` slots that are few.
    fn gather(
        &self,
        query: &[f32],
        slots: impl Iterator<Item = Slot> + Clone,
        available: u64,
        k: usize,
        stop: &dyn Fn() -> bool,
    ) -> Vec<Neighbor> {
        let live = slots.filter(|slot| slot.0 < self.slots() && !self.dead.contains(*slot));
        let mut top = TopK::new(k.min(available.max(1) as usize), available as usize);
        let mut ahead = live.clone().skip(AHEAD);
        for (visited, slot) in live.enumerate() {
            if visited % STOP_ROWS == STOP_ROWS - 1 && stop() {
                break;
            }
            if let Some(next) = ahead.next() {
                self.rows.prefetch(self.kernels, next.0);
            }
            let similarity = self.rows.similarity(self.kernels, query, slot.0);
            if top.wants(similarity) {
                top.push(slot, similarity);
            }
        }
        top.into_sorted()
    }

    /// The rows that the graph proposes, and those behind it; nothing when a scan is better.
    pub(super) fn search_graph(
        &self,
        graph: &Graph,
        query: &[f32],
        request: &Request<'_>,
        target: f32,
        stop: &dyn Fn() -> bool,
    ) -> Option<Vec<Neighbor>> {
        let passes = |slot: Slot| {
            !self.dead.contains(slot) && request.mask.is_none_or(|mask| mask.contains(slot))
        };
        let accept = |slot| passes(Slot(slot));
        let all = self.dead.is_empty() && request.mask.is_none();
        let accept: Option<&dyn Fn(u32) -> bool> = if all { None } else { Some(&accept) };
        let count = graph.calibration.setting(request.k as f32, target).candidates as usize;
        let end = graph.slots_end;
        let there = match request.mask {
            Some(mask) => mask.count_below(end),
            None => u64::from(end) - self.dead.count_below(end),
        };
        // To walk so far takes longer than to compare everything.
        if there > 0 && count as u64 * WALK_COST >= there {
            return None;
        }
        let proposed = graph.index.search(query, count, accept).ok()?;
        if (proposed.len() as u64) < there.min(request.k as u64) {
            return None;
        }
        let tail = (end..self.slots()).map(Slot).filter(|slot| passes(*slot));
        let available = proposed.len() as u64 + u64::from(self.slots() - end);
        let slots = proposed.iter().copied().map(Slot).chain(tail);
        Some(self.gather(query, slots, available, request.k, stop))
    }

    /// The codes, then the rows of the best candidates.
    fn search_codes(
        &self,
        coded: &Coded,
        scratch: &mut Scratch,
        request: &Request<'_>,
        target: f32,
        stop: &dyn Fn() -> bool,
    ) -> Vec<Neighbor> {
        let setting = coded.base.calibration.setting(request.k as f32, target);
        scratch.top = TopK::new(request.k, self.len() as usize);
        let pruned = self.dead.is_empty();
        let all = usize::MAX;
        match request.mask {
            None if pruned => {
                self.scan_codes(coded, scratch, setting, all, |_| true);
            }
            None => {
                self.scan_codes(coded, scratch, setting, all, |slot| !self.dead.contains(slot));
            }
            Some(mask) => {
                let most = (mask.len() / UNDECIDED) as usize;
                let setting = setting.masked(request.k);
                let decided = self.scan_codes(coded, scratch, setting, most, |slot| {
                    mask.contains(slot) & !self.dead.contains(slot)
                });
                if !decided {
                    return self.gather(&scratch.query, mask.iter(), mask.len(), request.k, stop);
                }
            }
        }
        self.compare_rest(scratch)
    }

    /// Finds what may be among the best, if that is not more than `most`.
    fn scan_codes(
        &self,
        coded: &Coded,
        scratch: &mut Scratch,
        setting: Setting,
        most: usize,
        accept: impl Fn(Slot) -> bool,
    ) -> bool {
        coded.prepare_scan(scratch, setting);
        let lists = &coded.base.lists;
        let view = |probe: &Probe| lists.view(probe.list as usize);
        for at in 0..scratch.probes.len() {
            // In an index that is larger than the caches its memory takes longer to come than its codes to be scanned.
            if let Some(next) = scratch.probes.get(at + 1).and_then(view) {
                next.prefetch(self.kernels);
            }
            let Some(&probe) = scratch.probes.get(at) else { break };
            if probe.level + scratch.gap < scratch.candidates.threshold() {
                continue;
            }
            if let Some(list) = view(&probe) {
                self.scan_list(list, probe.base, scratch, &accept);
            }
            if scratch.candidates.len() > most {
                return false;
            }
        }
        self.scan_list(coded.tail.view(), 0.0, scratch, &accept);
        scratch.candidates.len() <= most
    }

    /// Scans, and compares the best whenever there are many: the sooner it is known what the k-th best is, the fewer are
    /// of interest.
    pub(super) fn scan_list(
        &self,
        list: CodeView<'_>,
        base: f32,
        scratch: &mut Scratch,
        accept: &impl Fn(Slot) -> bool,
    ) {
        for piece in list.pieces(PIECE_BLOCKS) {
            piece.scan(self.kernels, &scratch.table, base, &mut scratch.candidates, accept);
            if scratch.candidates.len() >= scratch.many {
                self.compare_best(scratch);
                scratch.many = scratch.many.max(2 * scratch.candidates.len());
            }
        }
    }

    /// Compares the vectors of the best bounds, as many as neighbours are sought. What they do not reach, however far its
    /// estimate fell short, is of no interest from then on.
    pub(super) fn compare_best(&self, scratch: &mut Scratch) {
        let Scratch { query, right, candidates, top, compared, .. } = scratch;
        compared.clear();
        compared.extend(candidates.take_best(top.k()));
        self.compare(query, compared, top);
        candidates.need(right.of(top.kth()));
    }

    /// Compares the others that may be better than the k-th best, the best bounds first.
    pub(super) fn compare_rest(&self, scratch: &mut Scratch) -> Vec<Neighbor> {
        self.compare_best(scratch);
        let Scratch { query, right, candidates, top, compared, .. } = scratch;
        compared.clear();
        compared.extend_from_slice(candidates.best());
        compared.sort_unstable_by(best_first);
        let mut needed = candidates.threshold();
        for turn in compared.chunks(TURN) {
            let there = turn.partition_point(|&(bound, _)| bound >= needed);
            self.compare(query, turn.get(..there).unwrap_or_default(), top);
            if there < turn.len() {
                break;
            }
            needed = right.of(top.kth());
        }
        top.take_sorted()
    }

    fn compare(&self, query: &[f32], bounds: &[(f32, u32)], top: &mut TopK) {
        for &(_, slot) in bounds.iter().take(AHEAD) {
            self.rows.prefetch(self.kernels, slot);
        }
        for (at, &(_, slot)) in bounds.iter().enumerate() {
            if let Some(&(_, next)) = bounds.get(at + AHEAD) {
                self.rows.prefetch(self.kernels, next);
            }
            top.push(Slot(slot), self.rows.similarity(self.kernels, query, slot));
        }
    }
}

impl Coded {
    /// Finds the lists to be scanned, nearest first, and makes the query's table.
    pub(super) fn prepare_scan(&self, scratch: &mut Scratch, setting: Setting) {
        let Scratch { query, y, table, candidates, probes, right, many, gap, .. } = scratch;
        let (frame, lists) = (&self.base.frame, &self.base.lists);
        y.resize(frame.dimension(), 0.0);
        frame.centre(query, y);
        let count = lists.count().min(setting.probes as usize);
        lists.nearest(frame, y, table, count, candidates, probes);
        let length = self.base.frame.kernels.dot(y, y).sqrt();
        table.raise(setting.margin * length);
        candidates.reset(setting.most as usize);
        *right = frame.right_estimates(y);
        *many = setting.many as usize;
        *gap = setting.gap * length;
    }
}
