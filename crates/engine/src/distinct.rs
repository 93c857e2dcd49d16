//! Records that are stored unless there is one like them already.
//!
//! Whether there is one is decided by the writer, when nobody else can write: of two that come at the same time and say the
//! same, one is stored.

use std::sync::{Arc, Mutex, PoisonError};

use hippocamp_index::{Filter, Recall, Request};
use hippocamp_store::{Lsn, NamespaceId, ReadTx, RowId};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use crate::attempt::{Attempt, until_done};
use crate::core::Core;
use crate::partition::{Needs, Partition};
use crate::record::{PreparedRecord, Similar};
use crate::target::Target;
use crate::validate::stored_metadata;
use crate::{Cancel, Error, Limits};

/// Of the records near a new one so many are looked at.
const NEAR: usize = 32;

/// The same, checked, and what was found.
pub(crate) struct Distinct {
    pub(crate) similarity: f32,
    pub(crate) same_words: bool,
    pub(crate) filter: Option<Filter>,
    pub(crate) keep: bool,
    pub(crate) set: Map<String, Value>,
    pub(crate) unset: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) found: Mutex<Vec<Option<Similar>>>,
}

impl Distinct {
    /// What was found for each record, in their order.
    pub(crate) fn take(&self) -> Vec<Option<Similar>> {
        std::mem::take(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn note(&self, found: Vec<Option<Similar>>) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    /// The record that each is like, as of an LSN: one that is stored, or one before it.
    pub(crate) fn find(
        &self,
        core: &Arc<Core>,
        target: &Target,
        records: &[PreparedRecord],
    ) -> Result<(Lsn, Vec<Option<Similar>>), Error> {
        until_done(&Cancel::new(), || {
            core.store.read(|tx| {
                let snapshot = tx.lsn()?;
                let mut found: Vec<Option<Similar>> = records.iter().map(|_| None).collect();
                if let Some(namespace) = existing(tx, target)? {
                    let needs = Needs { filter: self.filter.as_ref(), ..Needs::default() };
                    let partition = core.partition(namespace, target);
                    let guard = core.ready(&partition, tx, snapshot, needs)?;
                    if guard.lsn() != snapshot || !guard.has(needs) {
                        return Ok(Attempt::Overtaken);
                    }
                    for (found, record) in found.iter_mut().zip(records) {
                        *found = self.stored(tx, &guard, record, target.dimension)?;
                    }
                }
                self.among(records, target.dimension, &mut found)?;
                Ok(Attempt::Done((snapshot, found)))
            })
        })
    }

    /// The stored record that one is like.
    fn stored(
        &self,
        tx: &ReadTx<'_>,
        partition: &Partition,
        record: &PreparedRecord,
        dimension: usize,
    ) -> Result<Option<Similar>, Error> {
        let vectors: Vec<&[f32]> = record.vectors.chunks_exact(dimension).collect();
        let Some(first) = vectors.first() else { return Ok(None) };
        let mask = self.filter.as_ref().and_then(|filter| partition.select(filter));
        let slots = mask.as_deref().map(|mask| &mask.slots);
        let request = Request { k: NEAR, recall: Recall::Default, mask: slots };
        let near = partition.search(&[first], &request, &Cancel::new())?;
        for neighbor in near.into_iter().flatten() {
            if neighbor.similarity < self.similarity {
                break;
            }
            let theirs = partition.all_slots(neighbor.slot);
            if theirs.len() != vectors.len() {
                continue;
            }
            let mut least = f32::INFINITY;
            for (vector, slot) in vectors.iter().zip(theirs) {
                least = partition.part_similarity(vector, slot)?.min(least);
            }
            if least < self.similarity {
                continue;
            }
            if self.same_words {
                let rows: Vec<RowId> = partition.row(neighbor.slot).into_iter().collect();
                let theirs = tx.rows(&rows, false)?.pop().flatten().and_then(|row| row.text);
                if !have_same_words(record.text.as_deref(), theirs.as_deref()) {
                    continue;
                }
            }
            if let Some(id) = partition.key(neighbor.slot) {
                return Ok(Some(Similar { id, similarity: least }));
            }
        }
        Ok(None)
    }

    /// Finds for those that are like none that is stored the first before them that they are like, if that is kept.
    fn among(
        &self,
        records: &[PreparedRecord],
        dimension: usize,
        found: &mut [Option<Similar>],
    ) -> Result<(), Error> {
        let mut kept: Vec<&PreparedRecord> = Vec::new();
        for (record, found) in records.iter().zip(found) {
            if found.is_none() {
                *found = kept.iter().find_map(|other| {
                    let similarity = least_cosine(&record.vectors, &other.vectors, dimension)?;
                    let alike = similarity >= self.similarity
                        && (!self.same_words
                            || have_same_words(record.text.as_deref(), other.text.as_deref()));
                    alike.then(|| Similar { id: other.id.clone(), similarity })
                });
            }
            let passes = match &self.filter {
                Some(filter) => filter.matches(&stored_metadata(record.metadata.as_deref())?),
                None => true,
            };
            if passes && (found.is_none() || self.keep) {
                kept.push(record);
            }
        }
        Ok(())
    }
}

/// Whether two texts have the same words in the same order, in whatever case and width, and with whatever spaces and stops
/// between them.
fn have_same_words(a: Option<&str>, b: Option<&str>) -> bool {
    letters(a.unwrap_or_default()) == letters(b.unwrap_or_default())
}

/// A text without spaces and stops, but for those inside of numbers.
fn letters(text: &str) -> Vec<char> {
    const STOPS: &str = ".,;:!?…'\"()[]{}。、，；：！？‘’“”「」『』（）《》";
    let all: Vec<char> = text.nfkc().flat_map(char::to_lowercase).collect();
    let is_digit =
        |at: Option<usize>| at.and_then(|at| all.get(at)).is_some_and(|c: &char| c.is_numeric());
    let says = |(at, c): &(usize, &char)| {
        let in_number = is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1));
        !c.is_whitespace() && (in_number || !STOPS.contains(**c))
    };
    all.iter().enumerate().filter(says).map(|(_, c)| *c).collect()
}

/// Of the parts that are least alike; nothing if these are not as many in both.
fn least_cosine(a: &[f32], b: &[f32], dimension: usize) -> Option<f32> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let cosine = |(a, b): (&[f32], &[f32])| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    let parts = a.chunks_exact(dimension).zip(b.chunks_exact(dimension));
    (a.len() == b.len()).then(|| parts.map(cosine).fold(f32::INFINITY, f32::min))
}

/// The namespace, if it is there.
fn existing(tx: &ReadTx<'_>, target: &Target) -> Result<Option<NamespaceId>, Error> {
    let Some(row) = tx.collection(&target.name)? else { return Ok(None) };
    target.check(&row)?;
    Ok(tx.namespace(row.id, &target.namespace)?)
}
