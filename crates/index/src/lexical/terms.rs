//! Terms and their numbers.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Every term that was met, one after the other in one string, and numbered as they came.
#[derive(Clone, Default)]
pub(super) struct Terms {
    text: String,
    /// Where each term ends.
    ends: Vec<u32>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Terms {
    /// Terms that were numbered before; nothing if two are the same or the ends are none.
    pub(super) fn of(text: &str, ends: &[u32]) -> Option<Self> {
        let mut terms = Self::default();
        for number in 0..ends.len() as u32 {
            let before = terms.len();
            terms.number(term(text, ends, number)?)?;
            if terms.len() == before {
                return None;
            }
        }
        (terms.text.len() == text.len()).then_some(terms)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, number: u32) -> Option<&str> {
        term(&self.text, &self.ends, number)
    }

    pub(super) fn find(&self, term: &str) -> Option<u32> {
        let is_it = |number: &u32| self.get(*number) == Some(term);
        self.numbers.find(self.hasher.hash_one(term), is_it).copied()
    }

    /// The number of a term, which is given one if it has none; nothing when 4 GiB are full of terms.
    pub(super) fn number(&mut self, new: &str) -> Option<u32> {
        if let Some(number) = self.find(new) {
            return Some(number);
        }
        let end = u32::try_from(self.text.len() + new.len()).ok()?;
        let number = u32::try_from(self.ends.len()).ok()?;
        self.text.push_str(new);
        self.ends.push(end);
        let hash = self.hasher.hash_one(new);
        let Self { text, ends, numbers, hasher } = self;
        let rehash = |number: &u32| hasher.hash_one(term(text, ends, *number).unwrap_or_default());
        numbers.insert_unique(hash, number, rehash);
        Some(number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).filter_map(|number| self.get(number))
    }

    /// All of them in one, and where each ends.
    pub(super) fn parts(&self) -> (&str, &[u32]) {
        (&self.text, &self.ends)
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.capacity()
            + self.ends.capacity() * size_of::<u32>()
            + self.numbers.capacity() * (size_of::<u32>() + 1)
    }
}

fn term<'a>(text: &'a str, ends: &[u32], number: u32) -> Option<&'a str> {
    let at = number as usize;
    let start = at.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied())?;
    text.get(start as usize..*ends.get(at)? as usize)
}
