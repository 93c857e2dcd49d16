//! A set of slots as one bit each: what a search asks about every candidate.
//!
//! Dense on purpose. Compressed bitmaps are smaller, but a look-up in one costs as much as comparing a
//! code, and the sets that a search holds in hand (the removed slots, the slots that pass a filter) are of
//! one partition and take an eighth of a byte per record.

use roaring::RoaringBitmap;

use crate::Slot;

/// Slots of one partition, a bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotSet {
    words: Vec<u64>,
    len: u64,
}

impl SlotSet {
    /// Whether it holds the slot.
    #[inline]
    #[must_use]
    pub fn contains(&self, slot: Slot) -> bool {
        self.words.get(slot.0 as usize / 64).is_some_and(|word| word >> (slot.0 % 64) & 1 == 1)
    }

    /// Adds a slot; false if it was there.
    pub fn insert(&mut self, slot: Slot) -> bool {
        let at = slot.0 as usize / 64;
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        let Some(word) = self.words.get_mut(at) else { return false };
        let bit = 1 << (slot.0 % 64);
        let new = *word & bit == 0;
        *word |= bit;
        self.len += u64::from(new);
        new
    }

    /// Takes a slot out; false if it was not there.
    pub fn remove(&mut self, slot: Slot) -> bool {
        let bit = 1 << (slot.0 % 64);
        match self.words.get_mut(slot.0 as usize / 64) {
            Some(word) if *word & bit != 0 => {
                *word &= !bit;
                self.len -= 1;
                true
            }
            _ => false,
        }
    }

    /// How many slots there are in it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The slots, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Slot> + Clone + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                rest &= rest.wrapping_sub(1);
                (bit < 64).then(|| Slot(at as u32 * 64 + bit))
            })
        })
    }

    /// These slots but for `others`.
    #[must_use]
    pub fn without(mut self, others: &Self) -> Self {
        for (word, other) in self.words.iter_mut().zip(&others.words) {
            *word &= !other;
        }
        Self::from_words(self.words)
    }

    /// How many of the slots are below `end`.
    pub(crate) fn count_below(&self, end: u32) -> u64 {
        let whole = end as usize / 64;
        let full: u32 = self.words.iter().take(whole).map(|word| word.count_ones()).sum();
        let part = self.words.get(whole).map_or(0, |word| word & ((1 << (end % 64)) - 1));
        u64::from(full + part.count_ones())
    }

    fn put(&mut self, at: usize, word: u64) {
        if let Some(to) = self.words.get_mut(at) {
            *to = word;
        }
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) fn from_words(words: Vec<u64>) -> Self {
        let len = words.iter().map(|word| u64::from(word.count_ones())).sum();
        Self { words, len }
    }
}

impl From<&RoaringBitmap> for SlotSet {
    fn from(bitmap: &RoaringBitmap) -> Self {
        let words = bitmap.max().map_or(0, |max| max as usize / 64 + 1);
        let mut set = Self { words: vec![0; words], len: bitmap.len() };
        // Word by word: the slots come in order.
        let (mut at, mut word) = (0, 0u64);
        for slot in bitmap {
            if slot as usize / 64 != at {
                set.put(at, word);
                (at, word) = (slot as usize / 64, 0);
            }
            word |= 1 << (slot % 64);
        }
        set.put(at, word);
        set
    }
}

impl FromIterator<Slot> for SlotSet {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> Self {
        let mut set = Self::default();
        for slot in slots {
            set.insert(slot);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_tree_holds(slots in prop::collection::vec(0u32..700, 0..200), end in 0u32..800) {
            let tree: BTreeSet<u32> = slots.iter().copied().collect();
            let set: SlotSet = slots.iter().copied().map(Slot).collect();
            let bitmap: RoaringBitmap = slots.iter().copied().collect();
            prop_assert_eq!(set.iter().map(|slot| slot.0).collect::<Vec<_>>(), tree.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(set.len(), tree.len() as u64);
            prop_assert_eq!(set.count_below(end), tree.range(..end).count() as u64);
            prop_assert!((0..800).all(|slot| set.contains(Slot(slot)) == tree.contains(&slot)));
            prop_assert_eq!(&SlotSet::from(&bitmap), &set);
            let even: SlotSet = (0..700).step_by(2).map(Slot).collect();
            let odd = tree.iter().copied().filter(|slot| slot % 2 == 1).map(Slot).collect::<SlotSet>();
            prop_assert!(set.clone().without(&even).iter().eq(odd.iter()));
            prop_assert_eq!(SlotSet::from_words(set.words().to_vec()), set);
        }
    }
}
