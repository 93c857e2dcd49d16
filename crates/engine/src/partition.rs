//! The in-memory indexes of one namespace, true up to an LSN.
//!
//! There is one way in which a partition learns of anything: [`Partition::refresh`] applies the store's
//! changes since its own LSN. Loading is that from LSN 0; our own writes, another process's writes and a
//! rebuild are the same path, so they cannot disagree.

use std::collections::HashMap;
use std::sync::{Arc, RwLock, Weak};

use hippocamp_index::{
    AttributeIndex, Filter, Grown, Growth, IndexError, IndexStats, Language, LexicalIndex,
    Neighbor, RecallSample, Request, SampleRequest, Slot, SlotSet, VectorIndex,
};
use hippocamp_simd::Kernels;
use hippocamp_store::{Change, Lsn, NamespaceId, ReadTx, RowId};
use serde_json::{Map, Value};

use crate::core::SharedPartition;
use crate::keys::Keys;
use crate::loaded::LastUse;
use crate::masks::Masks;
use crate::sidecar::Sidecar;
use crate::target::Target;
use crate::{Cancel, Error};

/// What a read needs to know of a partition's records besides their vectors.
#[derive(Clone, Copy, Default)]
pub(crate) struct Needs<'a> {
    /// The paths of a filter.
    pub(crate) filter: Option<&'a Filter>,
    /// The words of their texts.
    pub(crate) words: bool,
}

impl<'a> Needs<'a> {
    pub(crate) fn of(filter: &'a Filter) -> Self {
        Self { filter: Some(filter), words: false }
    }
}

pub(crate) struct Partition {
    pub(super) namespace: NamespaceId,
    itself: Weak<RwLock<Self>>,
    last_use: Arc<LastUse>,
    pub(super) lsn: Lsn,
    pub(super) index: VectorIndex,
    attributes: AttributeIndex,
    pub(super) language: Language,
    /// From the first search for words on.
    pub(super) lexical: Option<LexicalIndex>,
    masks: Masks,
    /// The record in each slot, removed ones included, and its id.
    pub(super) rows: Vec<RowId>,
    pub(super) keys: Keys,
    /// The live slot of each record.
    pub(super) slots: HashMap<RowId, Slot>,
    /// Whether a rebuild of the vector index is under way.
    growing: bool,
    /// Changes since it was last saved, or since it was read as it was saved.
    pub(super) unsaved: usize,
}

impl Partition {
    pub(crate) fn shared(
        namespace: NamespaceId,
        target: &Target,
        kernels: &'static Kernels,
        last_use: Arc<LastUse>,
    ) -> SharedPartition {
        let Target { dimension, metric, index, language, .. } = *target;
        let index = VectorIndex::new(dimension, metric, index, kernels);
        Arc::new_cyclic(|itself| {
            RwLock::new(Self::new(namespace, index, language, itself.clone(), last_use))
        })
    }

    fn new(
        namespace: NamespaceId,
        index: VectorIndex,
        language: Language,
        itself: Weak<RwLock<Self>>,
        last_use: Arc<LastUse>,
    ) -> Self {
        Self {
            namespace,
            itself,
            last_use,
            lsn: Lsn(0),
            index,
            attributes: AttributeIndex::default(),
            language,
            lexical: None,
            masks: Masks::default(),
            rows: Vec::new(),
            keys: Keys::default(),
            slots: HashMap::new(),
            growing: false,
            unsaved: 0,
        }
    }

    /// For those who are to find it again as long as it is loaded.
    pub(crate) fn weak(&self) -> Weak<RwLock<Self>> {
        self.itself.clone()
    }

    pub(crate) fn namespace(&self) -> NamespaceId {
        self.namespace
    }

    pub(crate) fn last_use(&self) -> &LastUse {
        &self.last_use
    }

    /// Up to which change the indexes are true.
    pub(crate) fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// Live records.
    pub(crate) fn len(&self) -> u64 {
        self.index.len()
    }

    /// The vector index in numbers.
    pub(crate) fn stats(&self) -> IndexStats {
        self.index.stats()
    }

    /// Whether a rebuild of the vector index is to be started: true once, until it has [ended](Self::end_growth).
    pub(crate) fn start_growth(&mut self) -> bool {
        let start = !self.growing && self.index.is_growth_due();
        self.growing |= start;
        start
    }

    /// Whether a rebuild is under way.
    pub(crate) fn is_growing(&self) -> bool {
        self.growing
    }

    /// The rebuild that was started, from the index as it is now.
    pub(crate) fn growth(&self) -> Option<Growth> {
        self.index.growth()
    }

    /// Takes the rebuilt vector index over, if there is one. If that has renumbered the slots, attribute paths are
    /// learnt again when they are asked for.
    pub(crate) fn end_growth(&mut self, grown: Option<Grown>) {
        self.growing = false;
        if let Some(old) = grown.and_then(|grown| self.index.adopt(grown)) {
            self.rows = old.iter().filter_map(|slot| self.row(*slot)).collect();
            self.keys = self.keys.select(&old);
            let rows = self.rows.iter().enumerate().map(|(slot, row)| (*row, Slot(slot as u32)));
            self.slots = rows.filter(|(_, slot)| !self.index.dead().contains(*slot)).collect();
            self.attributes = AttributeIndex::default();
            self.lexical = self.lexical.take().map(|lexical| lexical.renumbered(&old));
            self.masks.clear();
        }
    }

    /// Brings the indexes up to the transaction's snapshot.
    pub(crate) fn refresh(
        &mut self,
        tx: &ReadTx<'_>,
        sidecar: Option<&Sidecar>,
    ) -> Result<(), Error> {
        let to = tx.lsn()?;
        if self.lsn >= to {
            return Ok(());
        }
        if self.lsn == Lsn(0)
            && let Some(sidecar) = sidecar
            && let Some(name) = tx.derived(self.namespace)?
        {
            self.load(sidecar, &name, to);
        }
        let mut failure = None;
        tx.changes_since(self.namespace, self.lsn, self.lexical.is_some(), &mut |change| {
            if failure.is_none() {
                failure = self.apply(change).err();
            }
        })?;
        if let Some(failure) = failure {
            // Half-applied changes would be applied again: start over next time.
            let index = &self.index;
            let (options, kernels) = (index.options(), index.kernels());
            let index = VectorIndex::new(index.dimension(), index.metric(), options, kernels);
            let (itself, last_use) = (self.itself.clone(), Arc::clone(&self.last_use));
            *self = Self::new(self.namespace, index, self.language, itself, last_use);
            return Err(failure);
        }
        self.lsn = to;
        Ok(())
    }

    /// Whether it knows what is needed.
    pub(crate) fn has(&self, needs: Needs<'_>) -> bool {
        needs.filter.is_none_or(|filter| self.attributes.missing(filter).is_empty())
            && (!needs.words || self.lexical.is_some())
    }

    /// Learns what is needed. The partition must be at the transaction's snapshot.
    pub(crate) fn learn(&mut self, tx: &ReadTx<'_>, needs: Needs<'_>) -> Result<(), Error> {
        if needs.words && self.lexical.is_none() {
            let lexical = LexicalIndex::of(self.language, |insert| {
                tx.visit_texts(self.namespace, &mut |row, text| {
                    if let Some(&slot) = self.slots.get(&row) {
                        insert(slot, text);
                    }
                })
            })?;
            self.lexical = Some(lexical);
        }
        let paths = needs.filter.map(|filter| self.attributes.missing(filter)).unwrap_or_default();
        if paths.is_empty() {
            return Ok(());
        }
        let mut learnt = AttributeIndex::of(&paths);
        let mut failure = None;
        tx.visit_metadata(self.namespace, &mut |row, meta| {
            if failure.is_none()
                && let Some(&slot) = self.slots.get(&row)
            {
                match parse(meta) {
                    Ok(metadata) => learnt.insert(slot, &metadata),
                    Err(error) => failure = Some(error),
                }
            }
        })?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        self.attributes.absorb(learnt);
        Ok(())
    }

    /// The live slots that pass; nothing when all do.
    pub(crate) fn select(&self, filter: &Filter) -> Option<Arc<SlotSet>> {
        self.masks.get_or_make(filter, || {
            let selected = self.attributes.select(filter, self.index.slots())?;
            Some(SlotSet::from(&selected).without(self.index.dead()))
        })
    }

    /// The records in a selection, in the order of their first insertion.
    pub(crate) fn records(&self, selected: &SlotSet) -> Vec<RowId> {
        let mut rows: Vec<RowId> = selected.iter().filter_map(|slot| self.row(slot)).collect();
        rows.sort_unstable();
        rows
    }

    /// The nearest live slots for each query.
    pub(crate) fn search(
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

    /// How similar a vector is to all records on average.
    pub(crate) fn mean_similarity(&self, vector: &[f32]) -> Result<f64, Error> {
        self.index.mean_similarity(vector).map_err(index_error)
    }

    /// The vector in a slot, at length 1.
    pub(crate) fn direction(&self, slot: Slot) -> Vec<f32> {
        self.index.direction(slot)
    }

    /// How similar a vector is to those in some slots.
    pub(crate) fn similarities(&self, vector: &[f32], slots: &[Slot]) -> Result<Vec<f32>, Error> {
        self.index.similarities(vector, slots).map_err(index_error)
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

    /// The record in a slot.
    pub(crate) fn row(&self, slot: Slot) -> Option<RowId> {
        self.rows.get(slot.0 as usize).copied()
    }

    /// The live slot of a record.
    pub(crate) fn slot(&self, row: RowId) -> Option<Slot> {
        self.slots.get(&row).copied()
    }

    /// The id of the record in a slot.
    pub(crate) fn key(&self, slot: Slot) -> Option<String> {
        self.keys.get(slot)
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        let entry = size_of::<(RowId, Slot)>() + 1;
        let records = self.rows.capacity() * size_of::<RowId>() + self.slots.capacity() * entry;
        let words = self.lexical.as_ref().map_or(0, LexicalIndex::bytes);
        size_of::<Self>() + self.index.bytes() + self.keys.bytes() + words + records
    }

    fn apply(&mut self, change: Change<'_>) -> Result<(), Error> {
        self.unsaved += 1;
        self.masks.clear();
        match change {
            Change::Deleted { row } => {
                if let Some(slot) = self.slots.remove(&row) {
                    self.remove(slot);
                }
            }
            Change::Put { row, key, vector, text, meta } => {
                let metadata = match meta {
                    Some(meta) if !self.attributes.is_empty() => Some(parse(meta)?),
                    _ => None,
                };
                let slot = self.index.push(vector).map_err(index_error)?;
                self.keys.push(key);
                self.rows.push(row);
                if let Some(old) = self.slots.insert(row, slot) {
                    self.remove(old);
                }
                if let (Some(lexical), Some(text)) = (&mut self.lexical, text) {
                    lexical.push(slot, text);
                }
                if let Some(metadata) = &metadata {
                    self.attributes.insert(slot, metadata);
                }
            }
        }
        Ok(())
    }

    fn remove(&mut self, slot: Slot) {
        self.index.remove(slot);
        if let Some(lexical) = &mut self.lexical {
            lexical.remove(slot);
        }
    }
}

fn parse(meta: &str) -> Result<Map<String, Value>, Error> {
    serde_json::from_str(meta)
        .map_err(|error| Error::Internal(format!("stored metadata is not JSON: {error}")))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn index_error(error: IndexError) -> Error {
    match error {
        IndexError::Full => Error::InvalidArgument(error.to_string()),
        // Vectors are checked before they are stored and before they are searched with.
        _ => Error::Internal(error.to_string()),
    }
}
