//! Several searches at once: what they all look at is brought near once.
//!
//! Codes and rows of a large index are not in the processor's caches, and to fetch them takes longer than to
//! compare them. So the searches take turns at each piece: at each list that several of them scan, and at
//! each range of rows when everything is compared.

use std::cell::RefCell;

use super::lists::Probe;
use super::search::Scratch;
use super::{Coded, IndexError, Request, Structure, VectorIndex};
use crate::top_k::TopK;
use crate::{Neighbor, Slot};

/// Searches that take turns: enough to meet in the same lists, few enough that their tables stay near.
const GROUP: usize = 128;
/// Blocks of codes at which searches take turns.
const PIECE_BLOCKS: usize = 64;
/// The part of its lists (1 / this) that each search scans before the others: the nearest, after which
/// hardly an estimate in the others is good enough to be kept.
const NEAREST: usize = 8;

thread_local! {
    static SCRATCHES: RefCell<Vec<Scratch>> = RefCell::default();
}

impl VectorIndex {
    /// The best live slots for each of several queries, in their order.
    ///
    /// # Errors
    /// [`IndexError::Dimension`], before anything is searched.
    pub fn search_many<Q: AsRef<[f32]>>(
        &self,
        queries: &[Q],
        request: &Request<'_>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<Neighbor>>, IndexError> {
        if let [query] = queries {
            return Ok(vec![self.search(query.as_ref(), request, stop)?]);
        }
        queries.iter().try_for_each(|query| self.check(query.as_ref()))?;
        let mut found = Vec::with_capacity(queries.len());
        for group in queries.chunks(GROUP) {
            SCRATCHES.with_borrow_mut(|scratches| {
                scratches.resize_with(scratches.len().max(group.len()), Scratch::default);
                let Some(scratches) = scratches.get_mut(..group.len()) else { return };
                for (scratch, query) in scratches.iter_mut().zip(group) {
                    self.take_query(query.as_ref(), scratch);
                }
                found.extend(self.search_group(scratches, request, stop));
            });
        }
        Ok(found)
    }

    fn search_group(
        &self,
        scratches: &mut [Scratch],
        request: &Request<'_>,
        stop: &dyn Fn() -> bool,
    ) -> Vec<Vec<Neighbor>> {
        if request.mask.is_none() {
            match &self.structure {
                _ if self.target(request) >= 1.0 => {
                    return self.compare_group(scratches, request, stop);
                }
                Structure::Codes(coded) if coded.base.calibration.is_measured() => {
                    return self.scan_group(coded, scratches, request, stop);
                }
                _ => {}
            }
        }
        scratches.iter_mut().map(|scratch| self.search_prepared(scratch, request, stop)).collect()
    }

    fn compare_group(
        &self,
        scratches: &mut [Scratch],
        request: &Request<'_>,
        stop: &dyn Fn() -> bool,
    ) -> Vec<Vec<Neighbor>> {
        let k = request.k.min(self.len().max(1) as usize);
        let mut tops: Vec<TopK> =
            scratches.iter().map(|_| TopK::new(k, self.len() as usize)).collect();
        for rows in self.rows.turns() {
            if stop() {
                break;
            }
            for (top, scratch) in tops.iter_mut().zip(&*scratches) {
                let visit = |first: u32, similarities: &[f32]| {
                    for (slot, &similarity) in (first..).map(Slot).zip(similarities) {
                        if top.wants(similarity) && !self.dead.contains(slot) {
                            top.push(slot, similarity);
                        }
                    }
                    true
                };
                self.rows.scan_some(self.kernels, &scratch.query, rows.clone(), visit);
            }
        }
        tops.into_iter().map(TopK::into_sorted).collect()
    }

    fn scan_group(
        &self,
        coded: &Coded,
        scratches: &mut [Scratch],
        request: &Request<'_>,
        stop: &dyn Fn() -> bool,
    ) -> Vec<Vec<Neighbor>> {
        let setting = coded.base.calibration.setting(request.k as f32, self.target(request));
        let lists = &coded.base.lists;
        let accept = |slot| !self.dead.contains(slot);
        // By list, and by the nearest lists of each search before the others.
        let mut turns: Vec<(u32, u32, f32)> = Vec::new();
        for (search, scratch) in (0..).zip(scratches.iter_mut()) {
            scratch.top = TopK::new(request.k, self.len() as usize);
            coded.prepare_scan(scratch, setting);
            let count = scratch.probes.len();
            let nearest = if lists.count() > 1 { count.div_ceil(NEAREST) } else { 0 };
            for at in 0..nearest {
                let Some(&Probe { list, base, .. }) = scratch.probes.get(at) else { break };
                if let Some(list) = lists.view(list as usize) {
                    self.scan_list(list, base, scratch, &accept);
                }
            }
            let probes = &scratch.probes;
            turns.extend(probes.iter().skip(nearest).map(|probe| (probe.list, search, probe.base)));
        }
        turns.sort_unstable_by_key(|&(list, search, _)| (list, search));
        for turns in turns.chunk_by(|a, b| a.0 == b.0) {
            let list = turns.first().and_then(|turn| lists.view(turn.0 as usize));
            for piece in list.into_iter().flat_map(|list| list.pieces(PIECE_BLOCKS)) {
                for &(_, search, base) in turns {
                    if let Some(scratch) = scratches.get_mut(search as usize) {
                        self.scan_list(piece, base, scratch, &accept);
                    }
                }
            }
            if stop() {
                break;
            }
        }
        for piece in coded.tail.view().pieces(PIECE_BLOCKS) {
            for scratch in scratches.iter_mut() {
                self.scan_list(piece, 0.0, scratch, &accept);
            }
        }
        let enough = self.len().min(request.k as u64);
        let found = scratches.iter_mut().map(|scratch| {
            let found = self.compare_rest(scratch);
            // As a single search does.
            if found.len() as u64 >= enough {
                found
            } else {
                self.search_prepared(scratch, request, stop)
            }
        });
        found.collect()
    }
}
