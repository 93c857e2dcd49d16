//! The texts that answer a query best: every posting of its terms is added up, block of slots by block of slots, so that
//! the sums stay in the nearest cache however many texts there are.

use super::LexicalIndex;
use super::postings::Count;
use super::query::{LexicalQuery, Weights};
use crate::top_k::TopK;
use crate::{Neighbor, Slot, SlotSet};

/// Slots whose scores are added up together.
const BLOCK: usize = 4_096;
/// Scores that are looked at together.
const RUN: usize = 32;

/// What to look for.
#[derive(Clone, Copy)]
pub struct LexicalRequest<'a> {
    /// How many of the best.
    pub k: usize,
    /// Only these slots, if there is a set.
    pub mask: Option<&'a SlotSet>,
    /// Slots whose scores are wanted anyway.
    pub also: &'a [Slot],
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LexicalFound {
    /// The best texts that answer at all, best first.
    pub top: Vec<Neighbor>,
    /// The best score of all texts, in the mask or not; 0 if none answers.
    pub best: f32,
    /// The scores of the slots that were wanted anyway; 0 for those that don't answer.
    pub also: Vec<f32>,
}

/// The postings of a term from a slot on.
struct Cursor<'a> {
    weight: f32,
    slots: &'a [u32],
    counts: &'a [Count],
}

impl LexicalIndex {
    /// The texts that answer a query best.
    #[must_use]
    pub fn search(
        &self,
        query: &LexicalQuery,
        weights: &Weights,
        request: &LexicalRequest<'_>,
    ) -> LexicalFound {
        let of_terms = query.terms.iter().zip(&weights.of_terms);
        let mut cursors: Vec<Cursor<'_>> = of_terms
            .filter_map(|(term, &weight)| {
                let postings = self.find(&term.term)?;
                Some(Cursor { weight, slots: postings.slots(), counts: postings.counts() })
            })
            .collect();
        let mut wanted: Vec<(u32, usize)> =
            request.also.iter().enumerate().map(|(at, slot)| (slot.0, at)).collect();
        wanted.sort_unstable();
        let mut wanted = wanted.into_iter().peekable();
        let mut also = vec![0.0; request.also.len()];
        let mut top = TopK::new(request.k, self.lengths.len());
        let (mut best, mut least) = (0.0f32, 0.0f32);
        let mut scores = [0.0f32; BLOCK];
        // The next block in which a term occurs.
        while let Some(next) = cursors.iter().filter_map(|cursor| cursor.slots.first()).min() {
            let start = *next as usize / BLOCK * BLOCK;
            for cursor in &mut cursors {
                self.add(cursor, weights, start, &mut scores);
            }
            while let Some((slot, at)) =
                wanted.next_if(|(slot, _)| (*slot as usize) < start + BLOCK)
            {
                let score = (slot as usize).checked_sub(start).and_then(|at| scores.get(at));
                if let (Some(also), Some(score)) = (also.get_mut(at), score)
                    && self.length_of(Slot(slot)).is_some()
                {
                    *also = *score;
                }
            }
            for (first, scores) in (start..).step_by(RUN).zip(scores.chunks_mut(RUN)) {
                let most = scores.iter().fold(0.0f32, |most, &score| most.max(score));
                if most > least {
                    for (slot, &score) in (first as u32..).map(Slot).zip(&*scores) {
                        if score <= least || self.length_of(slot).is_none() {
                            continue;
                        }
                        best = best.max(score);
                        if request.mask.is_none_or(|mask| mask.contains(slot)) && top.wants(score) {
                            top.push(slot, score);
                            least = top.threshold().max(0.0);
                        }
                    }
                }
                scores.fill(0.0);
            }
        }
        LexicalFound { top: top.into_sorted(), best, also }
    }

    /// The score of every slot; 0 for those that don't answer.
    #[must_use]
    pub fn scores(&self, query: &LexicalQuery, weights: &Weights) -> Vec<f32> {
        let mut scores = vec![0.0; self.lengths.len()];
        for (term, &weight) in query.terms.iter().zip(&weights.of_terms) {
            let Some(postings) = self.find(&term.term) else { continue };
            for (slot, count) in postings.iter() {
                if let Some(score) = scores.get_mut(slot as usize)
                    && let Some(length) = self.length_of(Slot(slot))
                {
                    *score += weights.part(weight, count.occurrences(), length);
                }
            }
        }
        scores
    }

    /// Adds what a term adds in the block that begins at `start`, and moves past it.
    fn add(
        &self,
        cursor: &mut Cursor<'_>,
        weights: &Weights,
        start: usize,
        scores: &mut [f32; BLOCK],
    ) {
        let Some(lengths) = self.lengths.get(start..) else { return };
        let mut added = 0;
        for (&slot, count) in cursor.slots.iter().zip(cursor.counts) {
            let Some(at) = (slot as usize).checked_sub(start).filter(|at| *at < BLOCK) else {
                break;
            };
            if let (Some(score), Some(&length)) = (scores.get_mut(at), lengths.get(at)) {
                *score += weights.part(cursor.weight, count.occurrences(), length);
            }
            added += 1;
        }
        cursor.slots = cursor.slots.get(added..).unwrap_or_default();
        cursor.counts = cursor.counts.get(added..).unwrap_or_default();
    }
}
