//! A partition as a file: its records' ids, its vector index and, if it has one, its lexical index. docs/file-format.md describes it.
//!
//! Attributes are not in it: which paths matter shows at the first filter.

use std::io::{self, Write};
use std::mem;

use hippocamp_index::{
    LexicalIndex, LexicalSnapshot, SectionError, SectionWriter, SlotSet, Snapshot, VectorIndex,
};
use hippocamp_store::{Lsn, NamespaceId, RowId};

use crate::keys::Keys;
use crate::partition::Partition;
use crate::sidecar::Sidecar;

const VERSION: i64 = 2;
/// Below this a partition is made from the store in milliseconds.
const MIN_RECORDS: u64 = 5_000;
/// When this part of a partition (1 / this) has changed it is saved again.
const MUCH: u64 = 8;

/// A partition at a moment, to be written while it goes on being used.
pub(crate) struct PartitionSnapshot {
    namespace: NamespaceId,
    lsn: Lsn,
    /// How many changes it has that were not saved before.
    changes: usize,
    rows: Vec<i64>,
    keys: Keys,
    index: Snapshot,
    lexical: Option<LexicalSnapshot>,
}

impl Partition {
    /// It as it is now; nothing if it is too small to be worth a file.
    pub(crate) fn snapshot(&self) -> Option<PartitionSnapshot> {
        (self.len() >= MIN_RECORDS).then(|| PartitionSnapshot {
            namespace: self.namespace,
            lsn: self.lsn,
            changes: self.unsaved,
            rows: self.rows.iter().map(|row| row.0).collect(),
            keys: self.keys.clone(),
            index: self.index.snapshot(),
            lexical: self.lexical.as_ref().map(LexicalIndex::snapshot),
        })
    }

    /// Whether reading what is saved would leave much of it to be made again.
    pub(crate) fn has_changed(&self) -> bool {
        self.unsaved as u64 * MUCH >= self.len()
    }

    /// Notes that a snapshot of it is on disk.
    pub(crate) fn saved(&mut self, snapshot: &PartitionSnapshot) {
        self.unsaved -= snapshot.changes.min(self.unsaved);
    }

    /// Becomes what was saved, at an LSN up to `newest`. A file that is missing, damaged or of another kind changes
    /// nothing: everything is read from the store then.
    pub(crate) fn load(&mut self, sidecar: &Sidecar, name: &str, newest: Lsn) {
        // Whatever is wrong with the file, the remedy is the same.
        let _: Result<(), SectionError> = self.try_load(sidecar, name, newest);
    }

    fn try_load(&mut self, sidecar: &Sidecar, name: &str, newest: Lsn) -> Result<(), SectionError> {
        let damaged = SectionError::Damaged;
        let missing = || SectionError::Io(io::ErrorKind::NotFound.into());
        let mut from = sidecar.open(name).ok_or_else(missing)?;
        let head: Vec<i64> = from.read(*b"part", 6)?;
        let [version, namespace, lsn, slots, bytes, words] = head[..] else {
            return Err(damaged("its head is short"));
        };
        let true_here = (1..=newest.0).contains(&lsn);
        if version != VERSION || namespace != self.namespace.0 || !true_here {
            return Err(damaged("it is of another partition or time"));
        }
        let size = |size: i64| usize::try_from(size).map_err(|_| damaged("a size is impossible"));
        let rows: Vec<i64> = from.read(*b"recs", size(slots)?)?;
        let keys = Keys::read(&mut from, rows.len(), size(bytes)?)?;
        let (dimension, metric) = (self.index.dimension(), self.index.metric());
        let (options, kernels) = (self.index.options(), self.index.kernels());
        let index = VectorIndex::read(&mut from, dimension, metric, options, kernels)?;
        let lexical = match words {
            0 => None,
            _ => Some(LexicalIndex::read(&mut from, self.language)?),
        };
        from.end()?;
        if index.slots() as usize != rows.len() {
            return Err(damaged("its parts are of different sizes"));
        }
        if lexical.as_ref().is_some_and(|lexical| !lexical.is_within(index.slots(), index.dead())) {
            return Err(damaged("it has words of what it has not"));
        }
        let lsn = Lsn(lsn);
        let unread = (mem::take(&mut self.keys), mem::replace(&mut self.index, index));
        self.rows = rows.into_iter().map(RowId).collect();
        if self.find_slots().is_none() {
            (self.keys, self.index) = unread;
            self.rows.clear();
            self.slots.clear();
            self.further = SlotSet::default();
            return Err(damaged("a record is there twice"));
        }
        (self.keys, self.lexical, self.lsn) = (keys, lexical, lsn);
        Ok(())
    }
}

impl PartitionSnapshot {
    pub(crate) fn namespace(&self) -> NamespaceId {
        self.namespace
    }

    pub(crate) fn write(&self, to: &mut SectionWriter<impl Write>) -> io::Result<()> {
        let (slots, bytes) = (self.rows.len() as i64, self.keys.len() as i64);
        let words = i64::from(self.lexical.is_some());
        let head = [VERSION, self.namespace.0, self.lsn.0, slots, bytes, words];
        to.write(*b"part", [head.as_slice()].into_iter())?;
        to.write(*b"recs", [self.rows.as_slice()].into_iter())?;
        self.keys.write(to)?;
        self.index.write(to)?;
        self.lexical.as_ref().map_or(Ok(()), |lexical| lexical.write(to))
    }
}
