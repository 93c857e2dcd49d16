//! Words to the slots whose texts contain them, ranked by BM25.
//!
//! Postings are lists in memory, in the order of slots, so that adding a text appends to them. Removed texts stay in them
//! until the index is [renumbered](LexicalIndex::renumbered), but count for nothing from the moment they are removed: a
//! score is the same whatever an index has been through.

use self::analyser::{Analyser, Scratch, UNNUMBERED};
use self::postings::Postings;
use self::terms::Terms;
use crate::{Slot, SlotSet};

mod analyser;
mod file;
mod language;
mod postings;
mod query;
mod search;
mod stop;
mod terms;
#[cfg(test)]
mod tests;
mod words;

pub use file::LexicalSnapshot;
pub use language::{Language, UnknownLanguage};
pub use query::{Bm25, LexicalQuery, LexicalStatistics, TermPart, Weights};
pub use search::{LexicalFound, LexicalRequest};

/// The length of a slot that has no text, or not any more.
const NONE: u32 = u32::MAX;

/// The texts of a partition by their terms.
pub struct LexicalIndex {
    analyser: &'static Analyser,
    scratch: Scratch,
    terms: Terms,
    postings: Vec<Postings>,
    /// How many postings there are in all.
    entries: usize,
    /// Terms in the text of each slot.
    lengths: Vec<u32>,
    /// Texts that are there, their terms, and texts that were removed.
    texts: u64,
    length: u64,
    removed: u64,
}

impl LexicalIndex {
    /// One without texts.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self {
            analyser: language.analyser(),
            scratch: Scratch::default(),
            terms: Terms::default(),
            postings: Vec::new(),
            entries: 0,
            lengths: Vec::new(),
            texts: 0,
            length: 0,
            removed: 0,
        }
    }

    /// The language of its words.
    #[must_use]
    pub fn language(&self) -> Language {
        self.analyser.language()
    }

    /// Texts in it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.texts
    }

    /// Whether no text is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts == 0
    }

    /// Whether all its texts are in slots below `end` that are not `dead`.
    #[must_use]
    pub fn is_within(&self, end: u32, dead: &SlotSet) -> bool {
        let mut texts = (0u32..).zip(&self.lengths).filter(|(_, length)| **length != NONE);
        texts.all(|(slot, _)| slot < end && !dead.contains(Slot(slot)))
    }

    /// Bytes of memory, about: lists have room for a few more postings than they have.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.terms.bytes()
            + self.entries * postings::BYTES
            + self.postings.capacity() * size_of::<Postings>()
            + self.lengths.capacity() * size_of::<u32>()
    }

    /// A text in every slot that is given one, in any order.
    ///
    /// # Errors
    /// What `each` says, which is to call its argument with each slot and its text.
    pub fn of<E>(
        language: Language,
        each: impl FnOnce(&mut dyn FnMut(Slot, &str)) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut index = Self::new(language);
        each(&mut |slot, text| index.insert(slot, text))?;
        index.postings.iter_mut().for_each(Postings::sort);
        // What helps with many texts is more than is worth keeping for few.
        index.scratch = Scratch::default();
        Ok(index)
    }

    /// The text of a slot that is above all others so far.
    pub fn push(&mut self, slot: Slot, text: &str) {
        debug_assert!(self.lengths.len() <= slot.0 as usize, "slots come in order");
        self.insert(slot, text);
    }

    fn insert(&mut self, slot: Slot, text: &str) {
        let Self { analyser, scratch, terms, postings, entries, lengths, .. } = self;
        let Slot(slot) = slot;
        let mut length = 0u32;
        analyser.terms(text, scratch, |token| {
            let known = token.number.as_deref().copied().filter(|number| *number != UNNUMBERED);
            let Some(number) = known.or_else(|| terms.number(token.term)) else { return };
            if let Some(kept) = token.number {
                *kept = number;
            }
            let is_new = if let Some(postings) = postings.get_mut(number as usize) {
                postings.push(slot, token.capitalised)
            } else {
                postings.push(Postings::new(slot, token.capitalised));
                true
            };
            *entries += usize::from(is_new);
            length += 1;
        });
        lengths.resize(lengths.len().max(slot as usize + 1), NONE);
        if let Some(place) = lengths.get_mut(slot as usize) {
            *place = length;
        }
        self.texts += 1;
        self.length += u64::from(length);
    }

    /// Forgets the text of a slot, if it has one.
    pub fn remove(&mut self, slot: Slot) {
        if let Some(length) =
            self.lengths.get_mut(slot.0 as usize).filter(|length| **length != NONE)
        {
            self.texts -= 1;
            self.length -= u64::from(*length);
            self.removed += 1;
            *length = NONE;
        }
    }

    /// The same texts in other slots: `old` has the present slot of each new one, in ascending order.
    #[must_use]
    pub fn renumbered(&self, old: &[Slot]) -> Self {
        let mut new_slots = vec![NONE; self.lengths.len()];
        let mut renumbered = Self::new(self.language());
        for (new, Slot(old)) in old.iter().enumerate() {
            let length = self.lengths.get(*old as usize).copied().unwrap_or(NONE);
            renumbered.lengths.push(length);
            if length != NONE {
                renumbered.texts += 1;
                renumbered.length += u64::from(length);
                if let Some(to) = new_slots.get_mut(*old as usize) {
                    *to = new as u32;
                }
            }
        }
        for (term, postings) in self.terms.iter().zip(&self.postings) {
            let new_slot =
                |slot| new_slots.get(slot as usize).copied().filter(|slot| *slot != NONE);
            let kept = postings.iter().filter_map(|(slot, count)| Some((new_slot(slot)?, count)));
            let (slots, counts) = kept.unzip();
            if let Some(postings) = Postings::of(slots, counts)
                && renumbered.terms.number(term).is_some()
            {
                renumbered.entries += postings.slots().len();
                renumbered.postings.push(postings);
            }
        }
        renumbered
    }

    /// What a text asks for.
    #[must_use]
    pub fn query(&self, text: &str) -> LexicalQuery {
        LexicalQuery::new(self.analyser, text)
    }

    /// What is known here of a query's terms.
    #[must_use]
    pub fn statistics(&self, query: &LexicalQuery) -> LexicalStatistics {
        let with_term = query
            .terms
            .iter()
            .map(|term| self.find(&term.term).map_or(0, |postings| self.texts_among(postings)));
        LexicalStatistics { texts: self.texts, length: self.length, with_term: with_term.collect() }
    }

    /// What each term that occurs in a slot's text adds to its score.
    #[must_use]
    pub fn parts(
        &self,
        query: &LexicalQuery,
        weights: &Weights,
        statistics: &LexicalStatistics,
        slot: Slot,
    ) -> Vec<TermPart> {
        let Some(length) = self.length_of(slot) else { return Vec::new() };
        let of_terms = query.terms.iter().zip(&weights.of_terms).zip(&statistics.with_term);
        let part = |((term, &weight), &texts): ((&query::QueryTerm, &f32), &u64)| {
            let occurrences = self.find(&term.term)?.get(slot.0)?.occurrences();
            Some(TermPart {
                term: term.term.to_string(),
                texts,
                occurrences: occurrences.into(),
                weight,
                score: weights.part(weight, occurrences, length),
            })
        };
        of_terms.filter_map(part).collect()
    }

    /// How often the terms of a query occur, and how often with a capital, that more than a share of the texts have; of
    /// others nothing is said.
    #[must_use]
    pub fn capitals(
        &self,
        query: &LexicalQuery,
        statistics: &LexicalStatistics,
        share: f64,
    ) -> Vec<Capitals> {
        let least = share * statistics.texts as f64;
        let of = |(term, &texts): (&query::QueryTerm, &u64)| {
            let mut capitals = Capitals::default();
            let postings = self.find(&term.term).filter(|_| texts as f64 > least);
            for (slot, count) in postings.iter().flat_map(|postings| postings.iter()) {
                if self.length_of(Slot(slot)).is_some() {
                    capitals.occurrences += u64::from(count.occurrences());
                    capitals.capitalised += u64::from(count.capitalised());
                }
            }
            capitals
        };
        query.terms.iter().zip(&statistics.with_term).map(of).collect()
    }

    fn find(&self, term: &str) -> Option<&Postings> {
        self.postings.get(self.terms.find(term)? as usize)
    }

    fn length_of(&self, slot: Slot) -> Option<u32> {
        self.lengths.get(slot.0 as usize).copied().filter(|length| *length != NONE)
    }

    fn texts_among(&self, postings: &Postings) -> u64 {
        let slots = postings.slots();
        if self.removed == 0 {
            return slots.len() as u64;
        }
        slots.iter().filter(|slot| self.length_of(Slot(**slot)).is_some()).count() as u64
    }
}

/// How often a term occurs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capitals {
    /// In all texts.
    pub occurrences: u64,
    /// With a capital at its beginning.
    pub capitalised: u64,
}
