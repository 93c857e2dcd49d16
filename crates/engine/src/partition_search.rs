//! What is found in a partition: by filter, by order, by vector. Words are looked for in its lexical index.

use std::collections::HashSet;
use std::sync::Arc;

use hippocamp_index::{
    Filter, FilterValue, Neighbor, RecallSample, Request, SampleRequest, Slot, SlotSet,
};
use hippocamp_store::RowId;

use crate::masks::Selection;
use crate::partition::{Partition, index_error};
use crate::{Cancel, Error};

impl Partition {
    /// The records that pass; nothing when all do.
    pub(crate) fn select(&self, filter: &Filter) -> Option<Arc<Selection>> {
        self.masks.get_or_make(filter, || {
            let selected = self.attributes.select(filter, self.index.slots())?;
            let first = SlotSet::from(&selected).without(self.index.dead()).without(&self.further);
            let records = first.len();
            let mut slots = first;
            if !self.further.is_empty() {
                for slot in self.further.iter() {
                    if self.first_of(slot).is_some_and(|first| slots.contains(first)) {
                        slots.insert(slot);
                    }
                }
            }
            Some(Selection { slots, records })
        })
    }

    /// The records in a selection, in the order of their first insertion.
    pub(crate) fn records(&self, selected: &Selection) -> Vec<RowId> {
        let slots = selected.slots.iter();
        let mut rows: Vec<RowId> = slots.filter_map(|slot| self.row(slot)).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// All records, or those selected, in the order of the values at a path, which is indexed, or the other way round; those
    /// of equal values by their first insertion, and in the end those without one.
    pub(crate) fn sorted(
        &self,
        selected: Option<&Selection>,
        path: &str,
        descending: bool,
    ) -> Vec<(Option<FilterValue>, RowId)> {
        let passes = |slot: Slot| {
            let first = self.row(slot).is_some_and(|row| self.slot(row) == Some(slot));
            first && selected.is_none_or(|selected| selected.slots.contains(slot))
        };
        let mut values = self.attributes.ordered(path);
        if descending {
            values.reverse();
        }
        let (mut all, mut seen) = (Vec::new(), SlotSet::default());
        for (value, slots) in values {
            let of_value = slots.into_iter().filter(|slot| passes(*slot) && seen.insert(*slot));
            let mut rows: Vec<RowId> = of_value.filter_map(|slot| self.row(slot)).collect();
            rows.sort_unstable();
            all.extend(rows.into_iter().map(|row| (Some(value.clone()), row)));
        }
        let rest = self.slots.iter().filter(|(_, slot)| passes(**slot) && !seen.contains(**slot));
        let mut rest: Vec<RowId> = rest.map(|(row, _)| *row).collect();
        rest.sort_unstable();
        all.extend(rest.into_iter().map(|row| (None, row)));
        all
    }

    /// The records nearest to each query by the best of their vectors, each in the first of its slots.
    pub(crate) fn search(
        &self,
        queries: &[impl AsRef<[f32]>],
        request: &Request<'_>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<Neighbor>>, Error> {
        // As many vectors as so many records have on average.
        let vectors = self.index.len().div_ceil(self.len().max(1)).max(1) as usize;
        let mut some = Request { k: request.k.saturating_mul(vectors), ..*request };
        let found = self.search_vectors(queries, &some, cancel)?;
        if self.further.is_empty() {
            return Ok(found);
        }
        let available = request.mask.map_or(self.index.len(), SlotSet::len);
        let mut all = Vec::with_capacity(found.len());
        for (query, found) in queries.iter().zip(found) {
            let mut records = self.records_of(found);
            while records.len() < request.k && (some.k as u64) < available {
                some.k = some.k.saturating_mul(4);
                let found = self.search_vectors(&[query], &some, cancel)?;
                records = found
                    .into_iter()
                    .next()
                    .map(|found| self.records_of(found))
                    .unwrap_or_default();
            }
            records.truncate(request.k);
            all.push(records);
        }
        Ok(all)
    }

    fn search_vectors(
        &self,
        queries: &[impl AsRef<[f32]>],
        request: &Request<'_>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<Neighbor>>, Error> {
        let stop = || cancel.is_cancelled();
        let found = self.index.search_many(queries, request, &stop).map_err(index_error)?;
        cancel.check()?;
        Ok(found)
    }

    /// The records of vectors that were found, each once, by the best of them.
    fn records_of(&self, found: Vec<Neighbor>) -> Vec<Neighbor> {
        let mut seen = HashSet::with_capacity(found.len());
        let first = |Neighbor { slot, similarity }| {
            let slot = self.first_of(slot)?;
            seen.insert(slot).then_some(Neighbor { slot, similarity })
        };
        found.into_iter().filter_map(first).collect()
    }

    /// How similar a vector is to the most similar vector of each record, which is in the first of its slots.
    pub(crate) fn similarities(&self, vector: &[f32], slots: &[Slot]) -> Result<Vec<f32>, Error> {
        if self.further.is_empty() {
            return self.index.similarities(vector, slots).map_err(index_error);
        }
        let best = |first: &Slot| {
            let all: Vec<Slot> = self.slots_from(*first).collect();
            let all = self.index.similarities(vector, &all).map_err(index_error)?;
            Ok(all.into_iter().fold(f32::NEG_INFINITY, f32::max))
        };
        slots.iter().map(best).collect()
    }

    /// How similar two vectors are, one of them in a slot.
    pub(crate) fn part_similarity(&self, vector: &[f32], slot: Slot) -> Result<f32, Error> {
        let similarities = self.index.similarities(vector, &[slot]).map_err(index_error)?;
        Ok(similarities.first().copied().unwrap_or(f32::NEG_INFINITY))
    }

    /// How similar a vector is to all records on average.
    pub(crate) fn mean_similarity(&self, vector: &[f32]) -> Result<f64, Error> {
        self.index.mean_similarity(vector).map_err(index_error)
    }

    /// The vector in a slot, at length 1.
    pub(crate) fn direction(&self, slot: Slot) -> Vec<f32> {
        self.index.direction(slot)
    }

    /// How many true neighbours a sample of searches finds.
    pub(crate) fn sample_recall(
        &self,
        request: &SampleRequest,
        cancel: &Cancel,
    ) -> Result<RecallSample, Error> {
        let stop = || cancel.is_cancelled();
        let sample = self.index.sample_recall(request, &stop).map_err(index_error)?;
        cancel.check()?;
        Ok(sample)
    }
}
