//! Which slots carry a metadata value.
//!
//! A path is indexed when a filter first asks for it and kept up from then on: nothing to declare, and
//! paths that nobody filters by cost nothing. Removed slots stay in the bitmaps (slots are never reused
//! and the vector index masks the dead ones), so a removal costs nothing here.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use roaring::{MultiOps, RoaringBitmap};
use serde_json::{Map, Value};

use crate::filter::{Found, Pattern, Test, visit};
use crate::{Filter, FilterValue, Slot};

/// Per indexed path: what stands there.
#[derive(Default)]
pub struct AttributeIndex {
    paths: HashMap<String, Column>,
}

/// What stands at one path.
#[derive(Default)]
struct Column {
    /// Scalars that stand there themselves.
    scalars: BTreeMap<FilterValue, Slots>,
    /// Elements of arrays that stand there.
    elements: BTreeMap<FilterValue, Slots>,
    /// Where there is anything at all.
    there: RoaringBitmap,
    /// Whether there is more than one thing anywhere.
    several: bool,
}

/// The slots of one value; most values of times and names have but one.
enum Slots {
    One(u32),
    Many(RoaringBitmap),
}

impl AttributeIndex {
    /// The paths of a filter that are not indexed yet.
    #[must_use]
    pub fn missing<'a>(&self, filter: &'a Filter) -> Vec<&'a str> {
        let mut missing = Vec::new();
        filter.paths(&mut |path| {
            if !self.paths.contains_key(path) && !missing.contains(&path) {
                missing.push(path);
            }
        });
        missing
    }

    /// Whether a path is indexed.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains_key(path)
    }

    /// The values at an indexed path in their order, and the slots that have them. A slot with several values has several
    /// places.
    #[must_use]
    pub fn ordered(&self, path: &str) -> Vec<(&FilterValue, Vec<Slot>)> {
        let Some(column) = self.paths.get(path) else { return Vec::new() };
        let all = column.scalars.iter().chain(&column.elements);
        let mut all: Vec<_> = all.map(|(value, slots)| (value, slots.to_vec())).collect();
        all.sort_by_key(|(value, _)| *value);
        all
    }

    /// An index of these paths, without a record.
    #[must_use]
    pub fn of(paths: &[&str]) -> Self {
        let paths = paths.iter().map(|path| ((*path).to_owned(), Column::default()));
        Self { paths: paths.collect() }
    }

    /// Takes over the paths of another index, which has every record.
    pub fn absorb(&mut self, other: Self) {
        self.paths.extend(other.paths);
    }

    /// Enters a new record's values under every indexed path.
    pub fn insert(&mut self, slot: Slot, metadata: &Map<String, Value>) {
        for (path, column) in &mut self.paths {
            column.enter(path, slot, metadata);
        }
    }

    /// Whether any path is indexed, so that new records' metadata matter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The slots below `end` that pass; every path of the filter must be indexed (at one that is not, nothing stands).
    /// Nothing for a filter without conditions: all slots pass.
    #[must_use]
    pub fn select(&self, filter: &Filter, end: u32) -> Option<RoaringBitmap> {
        (!filter.passes_all()).then(|| self.passing(filter, end))
    }

    fn passing(&self, filter: &Filter, end: u32) -> RoaringBitmap {
        let every = || {
            let mut every = RoaringBitmap::new();
            every.insert_range(..end);
            every
        };
        match filter {
            Filter::All(filters) => {
                let filters = self.with_ranges_joined(filters);
                let mut passing = filters.iter().map(|filter| self.passing(filter, end));
                let first = passing.next().unwrap_or_else(every);
                passing.fold(first, |all, passing| all & passing)
            }
            Filter::Any(filters) => filters.iter().map(|filter| self.passing(filter, end)).union(),
            Filter::Not(filter) => every() - self.passing(filter, end),
            Filter::Field { path, test } => {
                self.paths.get(path).map(|column| column.passing(test)).unwrap_or_default()
            }
        }
    }

    /// The same with one test for both bounds of a value, where there is one value: else each may be true of another.
    fn with_ranges_joined<'a>(&self, filters: &'a [Filter]) -> Vec<Cow<'a, Filter>> {
        let mut joined: Vec<Cow<'a, Filter>> = Vec::with_capacity(filters.len());
        for filter in filters {
            let same = joined.iter_mut().find_map(|other| {
                let both = other.joined(filter)?;
                let Filter::Field { path, .. } = filter else { return None };
                let has_one = self.paths.get(path).is_some_and(|column| !column.several);
                has_one.then_some((other, both))
            });
            match same {
                Some((other, both)) => *other = Cow::Owned(both),
                None => joined.push(Cow::Borrowed(filter)),
            }
        }
        joined
    }
}

impl Column {
    fn enter(&mut self, path: &str, slot: Slot, metadata: &Map<String, Value>) {
        visit(metadata, path, &mut |found| {
            self.several |= !self.there.insert(slot.0);
            let (values, value) = match found {
                Found::Structure => return,
                Found::Scalar(value) => (&mut self.scalars, value),
                Found::Element(value) => (&mut self.elements, value),
            };
            if let Some(value) = FilterValue::of(value) {
                values
                    .entry(value)
                    .and_modify(|slots| slots.insert(slot.0))
                    .or_insert(Slots::One(slot.0));
            }
        });
    }

    fn passing(&self, test: &Test) -> RoaringBitmap {
        let both = || [&self.scalars, &self.elements];
        match test {
            Test::Exists => self.there.clone(),
            Test::In(values) => {
                let of = |value| both().into_iter().filter_map(move |slots| slots.get(value));
                union(values.iter().flat_map(of))
            }
            Test::Within(from, to) => {
                union(both().into_iter().flat_map(|values| within(values, from, to)))
            }
            Test::Contains(wanted) => {
                let texts = strings(&self.scalars).filter(|(text, _)| match wanted {
                    FilterValue::String(part) => text.contains(&**part),
                    _ => false,
                });
                union(texts.map(|(_, slots)| slots).chain(self.elements.get(wanted)))
            }
            Test::Matches(Pattern(regex)) => {
                let texts = both().into_iter().flat_map(strings);
                union(texts.filter(|(text, _)| regex.is_match(text)).map(|(_, slots)| slots))
            }
        }
    }
}

impl Slots {
    fn to_vec(&self) -> Vec<Slot> {
        match self {
            Self::One(slot) => vec![Slot(*slot)],
            Self::Many(slots) => slots.iter().map(Slot).collect(),
        }
    }

    fn insert(&mut self, slot: u32) {
        match self {
            Self::One(only) if *only == slot => {}
            Self::One(only) => *self = Self::Many([*only, slot].into_iter().collect()),
            Self::Many(slots) => {
                slots.insert(slot);
            }
        }
    }
}

fn strings(values: &BTreeMap<FilterValue, Slots>) -> impl Iterator<Item = (&str, &Slots)> {
    values.iter().rev().map_while(|(value, slots)| match value {
        FilterValue::String(text) => Some((&**text, slots)),
        _ => None,
    })
}

/// The values between two bounds and of their type.
fn within<'a>(
    values: &'a BTreeMap<FilterValue, Slots>,
    from: &'a Bound<FilterValue>,
    to: &'a Bound<FilterValue>,
) -> impl Iterator<Item = &'a Slots> {
    // From the lower bound, or else from the least value of the upper one's type.
    let start = match (from, to) {
        (Bound::Unbounded, Bound::Included(to) | Bound::Excluded(to)) => {
            Bound::Included(to.least_of_its_type())
        }
        _ => from.clone(),
    };
    let after = values.range((start, Bound::Unbounded));
    after.take_while(|(value, _)| value.lies_within(from, to)).map(|(_, slots)| slots)
}

fn union<'a>(all: impl Iterator<Item = &'a Slots>) -> RoaringBitmap {
    let (mut ones, mut many) = (Vec::new(), Vec::new());
    for slots in all {
        match slots {
            Slots::One(slot) => ones.push(*slot),
            Slots::Many(slots) => many.push(slots),
        }
    }
    let ones = set_of(ones);
    many.into_iter().chain([&ones]).union()
}

/// A set of slots in any order.
fn set_of(mut slots: Vec<u32>) -> RoaringBitmap {
    /// One of so many slots, and to set its bit takes less than to sort.
    const DENSE: usize = 64;
    let end = slots.iter().max().map_or(0, |last| *last as usize + 1);
    if slots.len() < end / DENSE {
        slots.sort_unstable();
        return slots.into_iter().collect();
    }
    let mut bytes = vec![0; end.div_ceil(8)];
    for slot in slots {
        if let Some(byte) = bytes.get_mut(slot as usize / 8) {
            *byte |= 1u8 << (slot % 8);
        }
    }
    RoaringBitmap::from_lsb0_bytes(0, &bytes)
}
