//! How collections are read.
//!
//! Every read happens in one snapshot of the store. A read that uses the indexes brings them up to the
//! snapshot first; if a commit has meanwhile moved them past it, the read starts over on a newer snapshot,
//! so what the index finds and what the rows say is never of different times.

use std::sync::{Arc, PoisonError};

use hippocamp_index::{Filter, IndexStats, Metric, Request};
use hippocamp_store::{NamespaceId, ReadTx, Row, RowId};

use crate::collection::Found;
use crate::limits::within;
use crate::namespace::{self, check_label};
use crate::partition::Partition;
use crate::target::Target;
use crate::text_encoder::check_text;
use crate::{
    Cancel, Collection, Error, Hit, IdHit, ListOptions, Page, Query, Record, SearchOptions,
    validate,
};

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
            let Some((_, namespace)) = self.locate(tx)? else { return Ok(vec![None; ids.len()]) };
            ids.iter().map(|id| Ok(tx.get(namespace, id, with_vectors)?.map(record))).collect()
        })
    }

    /// Records in the order of their first insertion.
    ///
    /// # Errors
    /// [`Error::Closed`], a bad filter, cursor or limit, or a store that cannot be read.
    pub fn list(&self, options: &ListOptions) -> Result<Page, Error> {
        if options.limit == 0 {
            return Err(Error::InvalidArgument(
                "limit is 0: ask for at least one record".to_owned(),
            ));
        }
        let limit = options.limit;
        within(
            || "the page".into(),
            "records",
            limit,
            self.limits().batch_records,
            "batchRecords",
        )?;
        let after = options.cursor.as_deref().map(parse_cursor).transpose()?;
        let rows = match self.filter(options.filter.as_deref())? {
            None => self.engine.core()?.store.read(|tx| {
                let Some((_, namespace)) = self.locate(tx)? else { return Ok(Vec::new()) };
                Ok::<_, Error>(tx.list(namespace, after, limit + 1, options.with_vectors)?)
            })?,
            Some(filter) => self
                .with_partition(Some(&filter), &Cancel::new(), |tx, _, partition| {
                    let selected = partition.select(&filter).unwrap_or_default();
                    let rows = partition.records(&selected);
                    let start = after.map_or(0, |after| rows.partition_point(|&row| row <= after));
                    let wanted: Vec<RowId> = rows.into_iter().skip(start).take(limit + 1).collect();
                    Ok(tx.rows(&wanted, options.with_vectors)?.into_iter().flatten().collect())
                })?
                .unwrap_or_default(),
        };
        let more = rows.len() > limit;
        let mut rows: Vec<Row> = rows;
        rows.truncate(limit);
        let cursor = rows.last().filter(|_| more).map(|row| row.row.0.to_string());
        Ok(Page { records: rows.into_iter().map(record).collect(), cursor })
    }

    /// How many records there are that pass the filter.
    ///
    /// # Errors
    /// [`Error::Closed`], a bad filter, or a store that cannot be read.
    pub fn count(&self, filter: Option<&str>) -> Result<u64, Error> {
        match self.filter(filter)? {
            None => self.engine.core()?.store.read(|tx| {
                let Some((_, namespace)) = self.locate(tx)? else { return Ok(0) };
                Ok(tx.count(namespace)?)
            }),
            Some(filter) => {
                let count =
                    self.with_partition(Some(&filter), &Cancel::new(), |_, _, partition| {
                        Ok(partition
                            .select(&filter)
                            .map_or(partition.len(), |selected| selected.len()))
                    })?;
                Ok(count.unwrap_or(0))
            }
        }
    }

    /// The nearest records, best first. Searching a collection that does not exist yet finds nothing.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Aborted`], a bad `k`, filter, text or vector, no encoder for a text, or
    /// a store that cannot be read.
    pub fn search(
        &self,
        query: Query,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Vec<Hit>, Error> {
        self.check_search(options)?;
        let filter = self.filter(options.filter.as_deref())?;
        let Some(vector) = self.query_vector(query, cancel)? else { return Ok(Vec::new()) };
        let hits = self.with_partition(filter.as_ref(), cancel, |tx, target, partition| {
            validate::vector(
                || "the query".into(),
                &vector,
                &self.name,
                target.dimension,
                target.metric,
            )?;
            let mask = filter.as_ref().and_then(|filter| partition.select(filter));
            let request = Request { k: options.k, recall: options.recall, mask: mask.as_ref() };
            let found = partition.search(&vector, &request, cancel)?;
            let scored = found.into_iter().map(|(row, neighbor)| {
                let similarity = neighbor.similarity;
                (row, target.metric.score(similarity), target.metric.distance(similarity))
            });
            let wanted: Vec<_> = scored
                .filter(|(_, score, _)| options.min_score.is_none_or(|min| *score >= min))
                .collect();
            let ids: Vec<RowId> = wanted.iter().map(|(row, ..)| *row).collect();
            let rows = tx.rows(&ids, options.with_vectors)?;
            let hits = wanted.into_iter().zip(rows).filter_map(|((_, score, distance), row)| {
                Some(Hit { record: record(row?), score, distance })
            });
            Ok(hits.collect())
        })?;
        Ok(hits.unwrap_or_default())
    }

    /// The ids of the nearest records, best first: [`search`](Self::search) without reading their rows. While
    /// nothing is written it does not touch the store at all but to ask for that.
    ///
    /// # Errors
    /// As [`search`](Self::search); `with_vectors` has no meaning here.
    pub fn search_ids(
        &self,
        query: Query,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Vec<IdHit>, Error> {
        self.check_search(options)?;
        let filter = self.filter(options.filter.as_deref())?;
        let Some(vector) = self.query_vector(query, cancel)? else { return Ok(Vec::new()) };
        let search = |target: &Target, partition: &Partition| {
            validate::vector(
                || "the query".into(),
                &vector,
                &self.name,
                target.dimension,
                target.metric,
            )?;
            let mask = filter.as_ref().and_then(|filter| partition.select(filter));
            let request = Request { k: options.k, recall: options.recall, mask: mask.as_ref() };
            let found = partition.search_ids(&vector, &request, cancel)?;
            let hits = found.into_iter().map(|(id, n)| IdHit {
                id,
                score: target.metric.score(n.similarity),
                distance: target.metric.distance(n.similarity),
            });
            Ok(hits
                .filter(|hit| options.min_score.is_none_or(|min| hit.score >= min))
                .collect::<Vec<_>>())
        };
        let lsn = self.engine.core()?.store.changed_lsn()?;
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(found) = found.filter(|found| found.lsn == lsn)
            && let Some(partition) = found.partition.upgrade()
        {
            let partition = partition.read().unwrap_or_else(PoisonError::into_inner);
            if partition.lsn() >= lsn && filter.as_ref().is_none_or(|f| partition.knows(f)) {
                return search(&found.target, &partition);
            }
        }
        let hits = self.with_partition(filter.as_ref(), cancel, |tx, target, partition| {
            let found = Found {
                lsn: tx.lsn()?,
                target: Arc::new(target.clone()),
                partition: partition.weak(),
            };
            *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
            search(target, partition)
        })?;
        Ok(hits.unwrap_or_default())
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
                    let path = namespace::decode(&bytes).ok_or_else(|| {
                        Error::Internal(format!("the path of namespace {} cannot be read", id.0))
                    })?;
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
            (stats.dimension, stats.metric) = (Some(target.dimension), Some(target.metric));
            stats.encoder = row.fingerprint;
            let Some(namespace) = tx.namespace(row.id, &self.namespace)? else { return Ok(()) };
            stats.records = tx.count(namespace)?;
            if let Some(partition) = core.loaded_partition(namespace) {
                let partition = partition.read().unwrap_or_else(PoisonError::into_inner);
                (stats.indexed, stats.index_bytes) = (partition.len(), partition.bytes());
                stats.index = Some(partition.stats());
                stats.growing = partition.is_growing();
            }
            Ok::<_, Error>(())
        })?;
        Ok(stats)
    }

    fn check_search(&self, options: &SearchOptions) -> Result<(), Error> {
        if options.k == 0 {
            return Err(Error::InvalidArgument("k is 0: ask for at least one hit".to_owned()));
        }
        within(|| "the search".into(), "hits (k)", options.k, self.limits().k, "k")?;
        match options.min_score {
            Some(score) if score.is_nan() => Err(Error::InvalidArgument(
                "minScore is NaN: give a number, or leave it out".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// The vector to search with; nothing when the collection does not exist yet.
    fn query_vector(&self, query: Query, cancel: &Cancel) -> Result<Option<Vec<f32>>, Error> {
        cancel.check()?;
        let core = self.engine.core()?;
        let text = match query {
            Query::Vector(vector) => return Ok(Some(vector)),
            Query::Text(text) => text,
        };
        check_text(|| "the query".into(), &text, self.limits())?;
        let stored = core.store.read(|tx| Ok::<_, Error>(tx.collection(&self.name)?))?;
        let Some(row) = stored else { return Ok(None) };
        let encoder = self.encoder_for(&self.stored_target(&row)?)?;
        let encoder = encoder.ok_or_else(|| self.encoder_required("searching with text"))?;
        encoder.encode_query(text, cancel).map(Some)
    }

    fn filter(&self, json: Option<&str>) -> Result<Option<Filter>, Error> {
        let Some(json) = json else { return Ok(None) };
        let filter = Filter::parse(json, self.limits().filter_nodes)?;
        Ok(if filter.conditions().is_empty() { None } else { Some(filter) })
    }

    /// The stored collection and namespace; nothing when one of them does not exist.
    fn locate(&self, tx: &ReadTx<'_>) -> Result<Option<(Target, NamespaceId)>, Error> {
        let Some(row) = tx.collection(&self.name)? else { return Ok(None) };
        let target = self.stored_target(&row)?;
        Ok(tx.namespace(row.id, &self.namespace)?.map(|namespace| (target, namespace)))
    }

    /// Calls `read` with a snapshot and the partition at exactly that snapshot; nothing when the
    /// namespace does not exist.
    fn with_partition<T>(
        &self,
        filter: Option<&Filter>,
        cancel: &Cancel,
        read: impl Fn(&ReadTx<'_>, &Target, &Partition) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        enum Attempt<T> {
            Done(Option<T>),
            Overtaken,
        }
        loop {
            cancel.check()?;
            let core = self.engine.core()?;
            let attempt = core.store.read(|tx| {
                let Some((target, namespace)) = self.locate(tx)? else {
                    return Ok(Attempt::Done(None));
                };
                let snapshot = tx.lsn()?;
                let partition = core.partition(namespace, &target);
                let ready = |partition: &Partition| {
                    partition.lsn() == snapshot
                        && filter.is_none_or(|filter| partition.knows(filter))
                };
                let mut guard = partition.read().unwrap_or_else(PoisonError::into_inner);
                if !ready(&guard) {
                    drop(guard);
                    core.bring_up(&partition, tx)?;
                    let mut writing = partition.write().unwrap_or_else(PoisonError::into_inner);
                    if let Some(filter) = filter
                        && writing.lsn() == snapshot
                    {
                        writing.learn(tx, filter)?;
                    }
                    drop(writing);
                    guard = partition.read().unwrap_or_else(PoisonError::into_inner);
                    if !ready(&guard) {
                        return Ok(Attempt::Overtaken);
                    }
                }
                read(tx, &target, &guard).map(|value| Attempt::Done(Some(value)))
            })?;
            if let Attempt::Done(value) = attempt {
                return Ok(value);
            }
        }
    }
}

fn record(row: Row) -> Record {
    Record {
        id: row.key,
        text: row.text,
        metadata: row.meta,
        vector: row.vector,
        created_ms: row.created_ms,
        updated_ms: row.updated_ms,
    }
}

fn parse_cursor(cursor: &str) -> Result<RowId, Error> {
    match cursor.parse() {
        Ok(row) if row >= 0 => Ok(RowId(row)),
        _ => Err(Error::InvalidArgument(format!(
            "the cursor {cursor:?} is not one that list() gave: pass on the cursor of the page before"
        ))),
    }
}
