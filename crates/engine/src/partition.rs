//! The in-memory indexes of one namespace, true up to an LSN.
//!
//! There is one way in which a partition learns of anything: [`Partition::refresh`] applies the store's
//! changes since its own LSN. Loading is that from LSN 0; our own writes, another process's writes and a
//! rebuild are the same path, so they cannot disagree.

use std::collections::HashMap;
use std::sync::{Arc, RwLock, Weak};

use hippocamp_index::{
    AttributeIndex, Filter, Grown, Growth, IndexError, IndexStats, Language, LexicalIndex, Slot,
    SlotSet, VectorIndex,
};
use hippocamp_simd::Kernels;
use hippocamp_store::{Change, Lsn, NamespaceId, ReadTx, RowId};
use serde_json::Map;

use crate::Error;
use crate::core::SharedPartition;
use crate::keys::Keys;
use crate::loaded::LastUse;
use crate::masks::Masks;
use crate::sidecar::Sidecar;
use crate::target::Target;
use crate::turn_index::TurnIndex;
use crate::turns::Turns;
use crate::validate::stored_metadata;

/// What a read needs to know of a partition's records besides their vectors.
#[derive(Clone, Copy, Default)]
pub(crate) struct Needs<'a> {
    /// The paths of a filter.
    pub(crate) filter: Option<&'a Filter>,
    /// The words of their texts, and, if they are turns, of which sessions they are.
    pub(crate) words: bool,
    /// The path that they are sorted by.
    pub(crate) sort: Option<&'a str>,
}

impl<'a> Needs<'a> {
    pub(crate) fn of(filter: &'a Filter) -> Self {
        Self { filter: Some(filter), ..Self::default() }
    }
}

pub(crate) struct Partition {
    pub(super) namespace: NamespaceId,
    itself: Weak<RwLock<Self>>,
    last_use: Arc<LastUse>,
    pub(super) lsn: Lsn,
    pub(super) index: VectorIndex,
    pub(super) attributes: AttributeIndex,
    pub(super) language: Language,
    /// From the first search for words on.
    pub(super) lexical: Option<LexicalIndex>,
    /// Where metadata say of which conversation a record is a turn, if records are.
    turns_at: Option<Turns>,
    /// Then, from the first search for words on.
    pub(super) turns: Option<TurnIndex>,
    pub(super) masks: Masks,
    /// The record in each slot, removed ones included, and its id.
    pub(super) rows: Vec<RowId>,
    pub(super) keys: Keys,
    /// The first live slot of each record, where its words and attributes are. A record with several vectors has that many
    /// slots, one behind the other.
    pub(super) slots: HashMap<RowId, Slot>,
    /// Live slots that are not the first of their records.
    pub(super) further: SlotSet,
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
        let turns_at = target.turns.clone();
        let index = VectorIndex::new(dimension, metric, index, kernels);
        Arc::new_cyclic(|itself| {
            RwLock::new(Self::new(namespace, index, (language, turns_at), itself.clone(), last_use))
        })
    }

    fn new(
        namespace: NamespaceId,
        index: VectorIndex,
        (language, turns_at): (Language, Option<Turns>),
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
            turns_at,
            turns: None,
            masks: Masks::default(),
            rows: Vec::new(),
            keys: Keys::default(),
            slots: HashMap::new(),
            further: SlotSet::default(),
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
        self.slots.len() as u64
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
            // What was there once still is, in the same order.
            let _: Option<()> = self.find_slots();
            self.attributes = AttributeIndex::default();
            self.lexical = self.lexical.take().map(|lexical| lexical.renumbered(&old));
            self.turns = None;
            self.masks.clear();
        }
    }

    /// Finds out which slots are the first of their records, and which are further ones; nothing if the live slots of a
    /// record don't lie one behind the other.
    pub(super) fn find_slots(&mut self) -> Option<()> {
        self.slots.clear();
        self.further = SlotSet::default();
        let mut before = None;
        for (&row, slot) in self.rows.iter().zip((0..).map(Slot)) {
            if self.index.dead().contains(slot) {
                before = None;
            } else if before == Some(row) {
                self.further.insert(slot);
            } else {
                before = Some(row);
                if self.slots.insert(row, slot).is_some() {
                    return None;
                }
            }
        }
        Some(())
    }

    /// The slots of a record, given the first of them.
    pub(super) fn slots_from(&self, first: Slot) -> impl Iterator<Item = Slot> + Clone + '_ {
        let further = (first.0 + 1..).map(Slot).take_while(|slot| self.further.contains(*slot));
        std::iter::once(first).chain(further)
    }

    /// The first slot of the record that a live slot is of.
    pub(super) fn first_of(&self, slot: Slot) -> Option<Slot> {
        if self.further.contains(slot) { self.slot(self.row(slot)?) } else { Some(slot) }
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
            let texts = (self.language, self.turns_at.take());
            *self = Self::new(self.namespace, index, texts, itself, last_use);
            return Err(failure);
        }
        self.lsn = to;
        Ok(())
    }

    /// Whether it knows what is needed.
    pub(crate) fn has(&self, needs: Needs<'_>) -> bool {
        needs.filter.is_none_or(|filter| self.attributes.missing(filter).is_empty())
            && needs.sort.is_none_or(|path| self.attributes.has(path))
            && (!needs.words || self.knows_words())
    }

    /// Learns what is needed. The partition must be at the transaction's snapshot.
    pub(crate) fn learn(&mut self, tx: &ReadTx<'_>, needs: Needs<'_>) -> Result<(), Error> {
        if needs.words && !self.knows_words() {
            self.learn_words(tx)?;
        }
        let mut paths =
            needs.filter.map(|filter| self.attributes.missing(filter)).unwrap_or_default();
        paths.extend(needs.sort.filter(|path| !self.attributes.has(path) && !paths.contains(path)));
        if paths.is_empty() {
            return Ok(());
        }
        let mut learnt = AttributeIndex::of(&paths);
        let mut failure = None;
        tx.visit_metadata(self.namespace, &mut |row, meta| {
            if failure.is_none()
                && let Some(&slot) = self.slots.get(&row)
            {
                match stored_metadata(Some(meta)) {
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

    fn knows_words(&self) -> bool {
        self.lexical.is_some() && (self.turns_at.is_none() || self.turns.is_some())
    }

    fn learn_words(&mut self, tx: &ReadTx<'_>) -> Result<(), Error> {
        let mut failure = None;
        let mut turn = |meta: Option<&str>| {
            let read = |at: &Turns| stored_metadata(meta).map(|metadata| at.read(&metadata));
            self.turns_at.as_ref().and_then(|at| match read(at) {
                Ok(turn) => Some(turn),
                Err(error) => {
                    failure = Some(error);
                    None
                }
            })
        };
        if self.lexical.is_none() {
            let lexical = LexicalIndex::of(self.language, |insert| {
                tx.visit_texts(self.namespace, &mut |row, text, meta| {
                    if let Some(&slot) = self.slots.get(&row) {
                        match turn(meta) {
                            Some(turn) => insert(slot, &turn.words(text)),
                            None => insert(slot, text),
                        }
                    }
                })
            })?;
            self.lexical = Some(lexical);
        }
        if self.turns_at.is_some()
            && let Some(lexical) = &self.lexical
        {
            let mut turns = TurnIndex::default();
            tx.visit_texts(self.namespace, &mut |row, text, meta| {
                if let Some((&slot, turn)) = self.slots.get(&row).zip(turn(meta)) {
                    turns.insert((row, slot), &turn, text, lexical);
                }
            })?;
            self.turns = Some(turns);
        }
        failure.map_or(Ok(()), Err)
    }

    /// The record in a slot.
    pub(crate) fn row(&self, slot: Slot) -> Option<RowId> {
        self.rows.get(slot.0 as usize).copied()
    }

    /// Every slot of a record, given the first of them.
    pub(crate) fn all_slots(&self, first: Slot) -> Vec<Slot> {
        self.slots_from(first).collect()
    }

    /// The first live slot of a record.
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
        let turns = self.turns.as_ref().map_or(0, TurnIndex::bytes);
        size_of::<Self>() + self.index.bytes() + self.keys.bytes() + words + turns + records
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
            Change::Put { row, key, vectors, text, meta } => {
                let metadata = match meta {
                    Some(_) if !self.attributes.is_empty() || self.turns_at.is_some() => {
                        stored_metadata(meta)?
                    }
                    _ => Map::new(),
                };
                if let Some(old) = self.slots.remove(&row) {
                    self.remove(old);
                }
                let mut first = None;
                for vector in vectors.chunks_exact(self.index.dimension()) {
                    let slot = self.index.push(vector).map_err(index_error)?;
                    self.rows.push(row);
                    if first.is_some() {
                        self.further.insert(slot);
                        self.keys.push("");
                    } else {
                        first = Some(slot);
                        self.keys.push(key);
                    }
                }
                let Some(slot) = first else { return Ok(()) };
                self.slots.insert(row, slot);
                self.attributes.insert(slot, &metadata);
                let Some(text) = text else { return Ok(()) };
                let turn = self.turns_at.as_ref().map(|at| at.read(&metadata));
                if let Some(lexical) = &mut self.lexical {
                    match &turn {
                        Some(turn) => lexical.push(slot, &turn.words(text)),
                        None => lexical.push(slot, text),
                    }
                    if let (Some(turns), Some(turn)) = (&mut self.turns, &turn) {
                        turns.insert((row, slot), turn, text, lexical);
                    }
                }
            }
        }
        Ok(())
    }

    /// Removes a record, given the first of its slots.
    fn remove(&mut self, slot: Slot) {
        for slot in self.all_slots(slot) {
            self.index.remove(slot);
            self.further.remove(slot);
        }
        if let Some(lexical) = &mut self.lexical {
            lexical.remove(slot);
        }
        if let Some((turns, row)) = self.turns.as_mut().zip(self.rows.get(slot.0 as usize)) {
            turns.remove(*row);
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
pub(super) fn index_error(error: IndexError) -> Error {
    match error {
        IndexError::Full => Error::InvalidArgument(error.to_string()),
        // Vectors are checked before they are stored and before they are searched with.
        _ => Error::Internal(error.to_string()),
    }
}
