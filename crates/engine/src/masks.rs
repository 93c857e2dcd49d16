//! The slots that pass the filters which were used last: programs have few filters that pass many records, and use them
//! again and again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use hippocamp_index::{Filter, SlotSet};

/// The records that pass a filter.
#[derive(Debug)]
pub(crate) struct Selection {
    /// All their slots.
    pub(crate) slots: SlotSet,
    /// How many they are.
    pub(crate) records: u64,
}

/// Filters that are remembered.
const MOST: usize = 16;
/// With fewer slots a set is made in no time.
const MIN_SLOTS: u64 = 1_024;

/// Sets by their filters, those used last in front.
#[derive(Default)]
pub(crate) struct Masks(Mutex<VecDeque<(Filter, Arc<Selection>)>>);

impl Masks {
    /// The set of a filter, made if it is not known.
    pub(crate) fn get_or_make(
        &self,
        filter: &Filter,
        make: impl FnOnce() -> Option<Selection>,
    ) -> Option<Arc<Selection>> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut masks = lock();
            if let Some(at) = masks.iter().position(|(known, _)| known == filter) {
                masks.make_contiguous().get_mut(..=at)?.rotate_right(1);
                return masks.front().map(|(_, mask)| Arc::clone(mask));
            }
        }
        let mask = Arc::new(make()?);
        if mask.slots.len() >= MIN_SLOTS {
            let mut masks = lock();
            masks.push_front((filter.clone(), Arc::clone(&mask)));
            masks.truncate(MOST);
        }
        Some(mask)
    }

    /// Forgets all of them: records have changed.
    pub(crate) fn clear(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hippocamp_index::Slot;

    fn filter(value: usize) -> Filter {
        Filter::parse(&format!("{{\"user\":{value}}}"), 10).unwrap()
    }

    #[test]
    fn the_filters_used_last_are_remembered_if_they_pass_many() {
        let mut masks = Masks::default();
        let slots = |count: u64| {
            Some(Selection { slots: (0..count as u32).map(Slot).collect(), records: count })
        };
        let is_known = |masks: &Masks, value| {
            let mut made = false;
            masks.get_or_make(&filter(value), || {
                made = true;
                slots(1)
            });
            !made
        };
        for value in 0..MOST {
            let mask = masks.get_or_make(&filter(value), || slots(MIN_SLOTS + value as u64));
            assert_eq!(mask.unwrap().records, MIN_SLOTS + value as u64);
        }
        assert_eq!(masks.get_or_make(&filter(0), || None).unwrap().records, MIN_SLOTS);
        masks.get_or_make(&filter(100), || slots(MIN_SLOTS));
        assert!(is_known(&masks, 0) && !is_known(&masks, 1) && is_known(&masks, 2));
        masks.get_or_make(&filter(200), || slots(MIN_SLOTS - 1));
        assert!(!is_known(&masks, 200));
        assert!(masks.get_or_make(&filter(300), || None).is_none());
        masks.clear();
        assert!(!is_known(&masks, 0));
    }
}
