//! How collections are read.
//!
//! Every read happens in one snapshot of the store. A read that uses the indexes brings them up to the
//! snapshot first; if a commit has meanwhile moved them past it, the read starts over on a newer snapshot,
//! so what the index finds and what the rows say is never of different times.

use std::sync::{Arc, PoisonError};

use hippocamp_index::{Filter, IndexStats, Metric};
use hippocamp_store::{CollectionId, Lsn, NamespaceId, ReadTx, Row};

use crate::attempt::{Attempt, until_done};
use crate::collection::Found;
use crate::limits::within;
use crate::namespace::{self, check_label};
use crate::partition::{Needs, Partition};
use crate::target::Target;
use crate::{Cancel, Collection, Error, Record};

/// A namespace in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceInfo {
    /// Its path.
    pub path: Vec<String>,
    /// Its live records.
    pub records: u64,
}

/// A namespace of a collection in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectionStats {
    /// The collection's name.
    pub name: String,
    /// The namespace.
    pub namespace: Vec<String>,
    /// Values in a vector; none before the first record.
    pub dimension: Option<usize>,
    /// How vectors are compared; none before the first record.
    pub metric: Option<Metric>,
    /// Fingerprint of the encoder.
    pub encoder: Option<String>,
    /// Live records in this namespace.
    pub records: u64,
    /// How many of them are in the index in memory: all, or none before the first search.
    pub indexed: u64,
    /// Bytes of the indexes in memory.
    pub index_bytes: usize,
    /// The vector index in numbers; none before the first search.
    pub index: Option<IndexStats>,
    /// Whether the vector index is being rebuilt in the background.
    pub growing: bool,
}

impl Collection {
    /// Records by id; none for those that are not there.
    ///
    /// # Errors
    /// [`Error::Closed`], bad ids, or a store that cannot be read.
    pub fn get(&self, ids: &[String], with_vectors: bool) -> Result<Vec<Option<Record>>, Error> {
        within(
            || "the batch".into(),
            "ids",
            ids.len(),
            self.limits().batch_records,
            "batchRecords",
        )?;
        ids.iter().try_for_each(|id| check_label("an id", id, self.limits()))?;
        self.engine.core()?.store.read(|tx| {
            let Some((target, namespace)) = self.locate(tx)? else {
                return Ok(vec![None; ids.len()]);
            };
            let found = |id: &String| {
                let row = tx.get(namespace, id, with_vectors)?;
                Ok(row.map(|row| record(row, &target)))
            };
            ids.iter().map(found).collect()
        })
    }

    /// How many records there are that pass the filter, in this namespace or also in those below it.
    ///
    /// # Errors
    /// [`Error::Closed`], a bad filter, or a store that cannot be read.
    pub fn count(&self, filter: Option<&str>, recursive: bool) -> Result<u64, Error> {
        let Some(filter) = self.filter(filter)? else {
            return self.engine.core()?.store.read(|tx| {
                let Some(row) = tx.collection(&self.name)? else { return Ok(0) };
                self.stored_target(&row)?;
                let namespaces = self.namespaces_in(tx, row.id, recursive)?;
                let mut count = 0;
                for id in namespaces.ids() {
                    count += tx.count(id)?;
                }
                Ok(count)
            });
        };
        let count = self.visit(
            Needs::of(&filter),
            recursive,
            &Cancel::new(),
            |_| Ok(0),
            |count, _, partition| {
                let selected = partition.select(&filter);
                *count += selected.map_or(partition.len(), |selected| selected.records);
                Ok(true)
            },
            |count, _, _, _| Ok(count),
        )?;
        Ok(count.unwrap_or(0))
    }

    /// Every namespace of the collection that holds records.
    ///
    /// # Errors
    /// [`Error::Closed`], or a store that cannot be read.
    pub fn namespaces(&self) -> Result<Vec<NamespaceInfo>, Error> {
        self.engine.core()?.store.read(|tx| {
            let Some(row) = tx.collection(&self.name)? else { return Ok(Vec::new()) };
            let namespaces =
                tx.namespaces(row.id)?.into_iter().filter(|(_, _, records)| *records > 0);
            namespaces
                .map(|(id, bytes, records)| {
                    let path = namespace::decoded(id, &bytes)?.to_vec();
                    Ok(NamespaceInfo { path, records })
                })
                .collect()
        })
    }

    /// The namespace in numbers.
    ///
    /// # Errors
    /// [`Error::Closed`], or a store that cannot be read.
    pub fn stats(&self) -> Result<CollectionStats, Error> {
        let core = self.engine.core()?;
        let mut stats = CollectionStats {
            name: self.name.to_string(),
            namespace: self.path.to_vec(),
            dimension: None,
            metric: None,
            encoder: None,
            records: 0,
            indexed: 0,
            index_bytes: 0,
            index: None,
            growing: false,
        };
        core.store.read(|tx| {
            let Some(row) = tx.collection(&self.name)? else { return Ok(()) };
            let target = self.stored_target(&row)?;
            if target.vectors {
                (stats.dimension, stats.metric) = (Some(target.dimension), Some(target.metric));
            }
            stats.encoder = row.fingerprint;
            let Some(namespace) = tx.namespace(row.id, &self.namespace)? else { return Ok(()) };
            stats.records = tx.count(namespace)?;
            if let Some(partition) = core.loaded.get(namespace) {
                let partition = partition.read().unwrap_or_else(PoisonError::into_inner);
                (stats.indexed, stats.index_bytes) = (partition.len(), partition.bytes());
                stats.index = Some(partition.stats());
                stats.growing = partition.is_growing();
            }
            Ok::<_, Error>(())
        })?;
        Ok(stats)
    }

    pub(crate) fn filter(&self, json: Option<&str>) -> Result<Option<Filter>, Error> {
        let Some(json) = json else { return Ok(None) };
        let filter = Filter::parse(json, self.limits().filter_nodes)?;
        Ok(if filter.passes_all() { None } else { Some(filter) })
    }

    /// The stored collection and namespace; nothing when one of them does not exist.
    pub(crate) fn locate(&self, tx: &ReadTx<'_>) -> Result<Option<(Target, NamespaceId)>, Error> {
        let Some(row) = tx.collection(&self.name)? else { return Ok(None) };
        let target = self.stored_target(&row)?;
        Ok(tx.namespace(row.id, &self.namespace)?.map(|namespace| (target, namespace)))
    }

    /// Calls `read` with the partition as it was found last, if nothing has been written since and it knows what is needed.
    /// Asks the store for that, but reads nothing from it.
    pub(crate) fn as_found<T>(
        &self,
        needs: Needs<'_>,
        read: impl FnOnce(&Target, &Partition) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let core = self.engine.core()?;
        let lsn = core.store.changed_lsn()?;
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(found) = found.filter(|found| found.lsn == lsn) else { return Ok(None) };
        let Some(partition) = found.partition.upgrade() else { return Ok(None) };
        let partition = partition.read().unwrap_or_else(PoisonError::into_inner);
        if partition.lsn() < lsn || !partition.has(needs) {
            return Ok(None);
        }
        core.loaded.touch(partition.last_use());
        read(&found.target, &partition).map(Some)
    }

    /// Notes where this namespace was found.
    pub(crate) fn note_found(&self, lsn: Lsn, target: &Target, partition: &Partition) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |found: &Found| found.lsn == lsn && found.partition.strong_count() > 0;
        if !found.as_ref().is_some_and(is_known) {
            let (target, partition) = (Arc::new(target.clone()), partition.weak());
            *found = Some(Found { lsn, target, partition });
        }
    }

    /// Visits this namespace, or also those below it, one after the other and in one snapshot, and then ends in the same;
    /// nothing when the collection or the namespace does not exist. A visit says whether it has found something there.
    pub(crate) fn visit<A, T>(
        &self,
        needs: Needs<'_>,
        recursive: bool,
        cancel: &Cancel,
        start: impl Fn(&Target) -> Result<A, Error>,
        visit: impl Fn(&mut A, usize, &Partition) -> Result<bool, Error>,
        end: impl Fn(A, &ReadTx<'_>, &Target, &Namespaces) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        until_done(cancel, || {
            let core = self.engine.core()?;
            core.store.read(|tx| {
                let Some(row) = tx.collection(&self.name)? else { return Ok(Attempt::Done(None)) };
                let target = self.stored_target(&row)?;
                let mut all = start(&target)?;
                let namespaces = self.namespaces_in(tx, row.id, recursive)?;
                if namespaces.0.is_empty() {
                    return Ok(Attempt::Done(None));
                }
                let snapshot = tx.lsn()?;
                for (number, id) in namespaces.ids().enumerate() {
                    cancel.check()?;
                    let partition = core.partition(id, &target);
                    let guard = core.ready(&partition, tx, snapshot, needs)?;
                    if !guard.has(needs) {
                        return Ok(Attempt::Overtaken);
                    }
                    if !recursive && guard.lsn() == snapshot {
                        self.note_found(snapshot, &target, &guard);
                    }
                    let found = visit(&mut all, number, &guard)?;
                    // What a commit has changed since matters only if something was found there.
                    if found && guard.lsn() != snapshot {
                        return Ok(Attempt::Overtaken);
                    }
                }
                end(all, tx, &target, &namespaces).map(|value| Attempt::Done(Some(value)))
            })
        })
    }

    /// This namespace, if it exists, or it and those below it that have records.
    pub(crate) fn namespaces_in(
        &self,
        tx: &ReadTx<'_>,
        collection: CollectionId,
        recursive: bool,
    ) -> Result<Namespaces, Error> {
        if recursive {
            let below = tx.namespaces_below(collection, &self.namespace)?.into_iter();
            let filled = below.filter(|(_, _, records)| *records > 0);
            return Ok(Namespaces(filled.map(|(id, path, _)| (id, Some(path))).collect()));
        }
        let one = tx.namespace(collection, &self.namespace)?;
        Ok(Namespaces(one.map(|id| (id, None)).into_iter().collect()))
    }

    /// Calls `read` with a snapshot and the partition at exactly that snapshot; nothing when the
    /// namespace does not exist.
    pub(crate) fn with_partition<T>(
        &self,
        needs: Needs<'_>,
        cancel: &Cancel,
        read: impl Fn(&ReadTx<'_>, &Target, &Partition) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        until_done(cancel, || {
            let core = self.engine.core()?;
            core.store.read(|tx| {
                let Some((target, namespace)) = self.locate(tx)? else {
                    return Ok(Attempt::Done(None));
                };
                let snapshot = tx.lsn()?;
                let partition = core.partition(namespace, &target);
                let guard = core.ready(&partition, tx, snapshot, needs)?;
                if guard.lsn() != snapshot || !guard.has(needs) {
                    return Ok(Attempt::Overtaken);
                }
                read(tx, &target, &guard).map(|value| Attempt::Done(Some(value)))
            })
        })
    }
}

/// Namespaces of a collection that are read: their paths, unless only one is.
pub(crate) struct Namespaces(Vec<(NamespaceId, Option<Vec<u8>>)>);

impl Namespaces {
    pub(crate) fn ids(&self) -> impl Iterator<Item = NamespaceId> + '_ {
        self.0.iter().map(|(id, _)| *id)
    }

    /// The path of the namespace with a number; nothing if only one is read.
    pub(crate) fn path(&self, number: usize) -> Result<Option<Arc<[String]>>, Error> {
        let Some((id, Some(path))) = self.0.get(number) else { return Ok(None) };
        namespace::decoded(*id, path).map(Some)
    }
}

/// A record as it is handed out. Of several vectors it has the first.
pub(crate) fn record(row: Row, target: &Target) -> Record {
    let vector = row.vectors.filter(|_| target.vectors).map(|mut vectors| {
        vectors.truncate(target.dimension);
        vectors
    });
    Record {
        id: row.key,
        text: row.text,
        metadata: row.meta,
        vector,
        created_ms: row.created_ms,
        updated_ms: row.updated_ms,
    }
}
