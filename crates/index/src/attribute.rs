//! Which slots carry a metadata value.
//!
//! A path is indexed when a filter first asks for it and kept up from then on: nothing to declare, and
//! paths that nobody filters by cost nothing. Removed slots stay in the bitmaps (slots are never reused
//! and the vector index masks the dead ones), so a removal costs nothing here.

use std::collections::HashMap;

use roaring::RoaringBitmap;
use serde_json::{Map, Value};

use crate::filter::visit_scalars;
use crate::{Filter, FilterValue, Slot};

/// Per indexed path: value to slots.
#[derive(Default)]
pub struct AttributeIndex {
    paths: HashMap<String, HashMap<FilterValue, RoaringBitmap>>,
}

impl AttributeIndex {
    /// The paths of a filter that are not indexed yet.
    #[must_use]
    pub fn missing<'a>(&self, filter: &'a Filter) -> Vec<&'a str> {
        let paths = filter.conditions().iter().map(|(path, _)| path.as_str());
        paths.filter(|path| !self.paths.contains_key(*path)).collect()
    }

    /// Starts indexing paths: from here on [`insert`](Self::insert) covers them, and the caller must
    /// insert every record that is already there with [`insert_into`](Self::insert_into).
    pub fn start(&mut self, paths: &[&str]) {
        for path in paths {
            self.paths.entry((*path).to_owned()).or_default();
        }
    }

    /// Enters a new record's values under every indexed path.
    pub fn insert(&mut self, slot: Slot, metadata: &Map<String, Value>) {
        for (path, values) in &mut self.paths {
            enter(values, path, slot, metadata);
        }
    }

    /// Enters a record's values under the given indexed paths only.
    pub fn insert_into(&mut self, paths: &[&str], slot: Slot, metadata: &Map<String, Value>) {
        for path in paths {
            if let Some(values) = self.paths.get_mut(*path) {
                enter(values, path, slot, metadata);
            }
        }
    }

    /// Whether any path is indexed, so that new records' metadata matter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The slots that pass; every path of the filter must be indexed (a path that is not has no slots).
    /// Nothing for a filter without conditions: all slots pass.
    #[must_use]
    pub fn select(&self, filter: &Filter) -> Option<RoaringBitmap> {
        let mut selected: Option<RoaringBitmap> = None;
        for (path, value) in filter.conditions() {
            let slots = self.paths.get(path).and_then(|values| values.get(value));
            let narrowed = match (selected, slots) {
                (_, None) => RoaringBitmap::new(),
                (None, Some(slots)) => slots.clone(),
                (Some(selected), Some(slots)) => selected & slots,
            };
            selected = Some(narrowed);
        }
        selected
    }
}

fn enter(
    values: &mut HashMap<FilterValue, RoaringBitmap>,
    path: &str,
    slot: Slot,
    metadata: &Map<String, Value>,
) {
    visit_scalars(metadata, path, &mut |value| {
        values.entry(value).or_default().insert(slot.0);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(user: u8, tag: Option<u8>, nested: bool) -> Map<String, Value> {
        let mut metadata = Map::new();
        metadata.insert("user".into(), Value::from(user));
        if let Some(tag) = tag {
            metadata.insert("tags".into(), serde_json::json!([tag, "all"]));
        }
        metadata.insert("deep".into(), serde_json::json!({ "nested": nested }));
        metadata
    }

    proptest! {
        #[test]
        fn it_selects_what_the_filter_matches(
            records in prop::collection::vec((0u8..4, prop::option::of(0u8..3), any::<bool>()), 0..60),
            early in 0usize..60,
            user in prop::option::of(0u8..5),
            tag in prop::option::of(0u8..4),
            nested in prop::option::of(any::<bool>()),
        ) {
            let mut filter = Map::new();
            if let Some(user) = user { filter.insert("user".into(), Value::from(user)); }
            if let Some(tag) = tag { filter.insert("tags".into(), Value::from(tag)); }
            if let Some(nested) = nested { filter.insert("deep.nested".into(), Value::from(nested)); }
            let filter = Filter::parse(&Value::Object(filter).to_string(), 10).unwrap();
            let records: Vec<_> = records.into_iter().map(|(u, t, n)| record(u, t, n)).collect();

            let mut index = AttributeIndex::default();
            let early = early.min(records.len());
            let missing = index.missing(&filter);
            index.start(&missing);
            for (slot, metadata) in records[..early].iter().enumerate() {
                index.insert_into(&missing, Slot(slot as u32), metadata);
            }
            for (slot, metadata) in records.iter().enumerate().skip(early) {
                index.insert(Slot(slot as u32), metadata);
            }

            prop_assert!(index.missing(&filter).is_empty());
            let all: RoaringBitmap = (0..records.len() as u32).collect();
            let selected = index.select(&filter).unwrap_or(all);
            let expected: RoaringBitmap = (0..records.len() as u32)
                .filter(|&slot| filter.matches(&records[slot as usize]))
                .collect();
            prop_assert_eq!(selected, expected);
        }
    }
}
