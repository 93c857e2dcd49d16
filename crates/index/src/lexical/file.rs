//! A lexical index in a file. docs/file-format.md describes it.

use std::io::{self, Read, Write};

use super::postings::{Count, Postings};
use super::terms::Terms;
use super::{Language, LexicalIndex, NONE};
use crate::sections::{SectionError, SectionReader, SectionWriter};

const VERSION: u64 = 1;

/// An index at a moment, to be written while it goes on being used.
pub struct LexicalSnapshot {
    language: Language,
    terms: String,
    ends: Vec<u32>,
    /// Postings of each term, and those of all terms in one.
    counts_of_terms: Vec<u32>,
    slots: Vec<u32>,
    counts: Vec<u16>,
    lengths: Vec<u32>,
}

impl LexicalIndex {
    /// It as it is now.
    #[must_use]
    pub fn snapshot(&self) -> LexicalSnapshot {
        let (terms, ends) = self.terms.parts();
        let postings = || self.postings.iter();
        let count = postings().map(|postings| postings.slots().len()).sum();
        let mut snapshot = LexicalSnapshot {
            language: self.language(),
            terms: terms.to_owned(),
            ends: ends.to_owned(),
            counts_of_terms: postings().map(|postings| postings.slots().len() as u32).collect(),
            slots: Vec::with_capacity(count),
            counts: Vec::with_capacity(count),
            lengths: self.lengths.clone(),
        };
        for postings in postings() {
            snapshot.slots.extend_from_slice(postings.slots());
            snapshot.counts.extend(postings.counts().iter().map(|count| count.0));
        }
        snapshot
    }

    /// What a snapshot has written.
    ///
    /// # Errors
    /// The file is damaged, or cannot be read.
    pub fn read<R: Read>(
        from: &mut SectionReader<R>,
        language: Language,
    ) -> Result<Self, SectionError> {
        let head: Vec<u64> = from.read(*b"lexi", 6)?;
        let [version, code, bytes, terms, postings, slots] = head[..] else {
            return Err(SectionError::Damaged("the head of its words is short"));
        };
        if version != VERSION || code != code_of(language) {
            return Err(SectionError::Damaged("its words are of another version or language"));
        }
        let size =
            |size| usize::try_from(size).map_err(|_| SectionError::Damaged("a size is impossible"));
        let snapshot = LexicalSnapshot {
            language,
            terms: String::from_utf8(from.read(*b"ltxt", size(bytes)?)?)
                .map_err(|_| SectionError::Damaged("its words are not UTF-8"))?,
            ends: from.read(*b"lend", size(terms)?)?,
            counts_of_terms: from.read(*b"lnum", size(terms)?)?,
            slots: from.read(*b"lslo", size(postings)?)?,
            counts: from.read(*b"lcnt", size(postings)?)?,
            lengths: from.read(*b"llen", size(slots)?)?,
        };
        snapshot.restored().ok_or(SectionError::Damaged("its words contradict each other"))
    }
}

impl LexicalSnapshot {
    /// Writes it.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, to: &mut SectionWriter<impl Write>) -> io::Result<()> {
        let sizes = [self.terms.len(), self.ends.len(), self.slots.len(), self.lengths.len()];
        let [bytes, terms, postings, slots] = sizes.map(|size| size as u64);
        let head = [VERSION, code_of(self.language), bytes, terms, postings, slots];
        to.write(*b"lexi", [head.as_slice()].into_iter())?;
        to.write(*b"ltxt", [self.terms.as_bytes()].into_iter())?;
        to.write(*b"lend", [self.ends.as_slice()].into_iter())?;
        to.write(*b"lnum", [self.counts_of_terms.as_slice()].into_iter())?;
        to.write(*b"lslo", [self.slots.as_slice()].into_iter())?;
        to.write(*b"lcnt", [self.counts.as_slice()].into_iter())?;
        to.write(*b"llen", [self.lengths.as_slice()].into_iter())
    }

    /// The index; nothing if no index is like that.
    fn restored(self) -> Option<LexicalIndex> {
        let mut index = LexicalIndex::new(self.language);
        index.terms = Terms::of(&self.terms, &self.ends)?;
        let (mut slots, mut counts) = (self.slots.as_slice(), self.counts.as_slice());
        for &count in &self.counts_of_terms {
            let (here, rest) = slots.split_at_checked(count as usize)?;
            let (counts_here, counts_after) = counts.split_at_checked(count as usize)?;
            (slots, counts) = (rest, counts_after);
            let is_in_order = here.is_sorted_by(|a, b| a < b);
            let is_inside = here.last().is_some_and(|last| (*last as usize) < self.lengths.len());
            if !is_in_order || !is_inside {
                return None;
            }
            let counts = counts_here.iter().map(|count| Count(*count)).collect();
            index.entries += here.len();
            index.postings.push(Postings::of(here.to_vec(), counts)?);
        }
        if !slots.is_empty() {
            return None;
        }
        // Which of those without a text have lost it is not known; only whether there may be some matters.
        for &length in &self.lengths {
            if length == NONE {
                index.removed += 1;
            } else {
                index.texts += 1;
                index.length += u64::from(length);
            }
        }
        index.lengths = self.lengths;
        Some(index)
    }
}

/// A language's code as a number.
fn code_of(language: Language) -> u64 {
    language.code().bytes().fold(0, |number, byte| number << 8 | u64::from(byte))
}
