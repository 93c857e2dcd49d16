//! How collections are searched.
//!
//! A search of records reads them in the snapshot at which they were found. A search for ids alone needs no
//! snapshot: partitions know the ids.

use std::sync::{Arc, PoisonError};

use hippocamp_index::{Filter, Neighbor, Recall, Request, Slot};
use hippocamp_store::{ReadTx, RowId};

use crate::collection::Found;
use crate::limits::within;
use crate::namespace;
use crate::partition::Partition;
use crate::read::{Attempt, record, until_done};
use crate::target::Target;
use crate::text_encoder::check_text;
use crate::{Cancel, Collection, Error, Hit, IdHit, Query, SearchOptions, validate};

/// Searches that were checked: the same for every vector.
struct Searches {
    vectors: Vec<Vec<f32>>,
    k: usize,
    recall: Recall,
    filter: Option<Filter>,
    min_score: Option<f32>,
    with_vectors: bool,
}

/// A record that was found, in a namespace that has a number if several are searched.
struct Place {
    namespace: usize,
    row: RowId,
    similarity: f32,
}

impl Collection {
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
        Ok(self.search_many(vec![query], options, cancel)?.pop().unwrap_or_default())
    }

    /// The same for each of several queries, in their order: in one snapshot, and with one pass over what they all have
    /// to look at.
    ///
    /// # Errors
    /// As [`search`](Self::search), before anything is searched; too many queries.
    pub fn search_many(
        &self,
        queries: Vec<Query>,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<Hit>>, Error> {
        let count = queries.len();
        let Some(searches) = self.searches(queries, options, cancel)? else {
            return Ok(vec![Vec::new(); count]);
        };
        let hits = if options.recursive {
            self.search_below(&searches, cancel)?
        } else {
            self.with_partition(searches.filter.as_ref(), cancel, |tx, target, partition| {
                searches.check(&self.name, target)?;
                let found = searches.run(partition, cancel)?.into_iter().map(|found| {
                    let place = |Neighbor { slot, similarity }| {
                        Some(Place { namespace: 0, row: partition.row(slot)?, similarity })
                    };
                    found.into_iter().filter_map(place).collect()
                });
                searches.read(tx, target, found.collect(), |_| Ok(None))
            })?
        };
        Ok(hits.unwrap_or_else(|| vec![Vec::new(); count]))
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
        Ok(self.search_many_ids(vec![query], options, cancel)?.pop().unwrap_or_default())
    }

    /// The same for each of several queries, in their order.
    ///
    /// # Errors
    /// As [`search_many`](Self::search_many).
    pub fn search_many_ids(
        &self,
        queries: Vec<Query>,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<IdHit>>, Error> {
        if options.recursive {
            let options = SearchOptions { with_vectors: false, ..options.clone() };
            let hits = self.search_many(queries, &options, cancel)?.into_iter();
            return Ok(hits.map(|hits| hits.into_iter().map(IdHit::from).collect()).collect());
        }
        let count = queries.len();
        let Some(searches) = self.searches(queries, options, cancel)? else {
            return Ok(vec![Vec::new(); count]);
        };
        let filter = searches.filter.as_ref();
        let core = self.engine.core()?;
        let lsn = core.store.changed_lsn()?;
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(found) = found.filter(|found| found.lsn == lsn)
            && let Some(partition) = found.partition.upgrade()
        {
            let partition = partition.read().unwrap_or_else(PoisonError::into_inner);
            if partition.lsn() >= lsn && filter.is_none_or(|filter| partition.knows(filter)) {
                core.loaded.touch(partition.last_use());
                searches.check(&self.name, &found.target)?;
                return searches.ids(&found.target, &partition, cancel);
            }
        }
        let hits = self.with_partition(filter, cancel, |tx, target, partition| {
            searches.check(&self.name, target)?;
            let found = Found {
                lsn: tx.lsn()?,
                target: Arc::new(target.clone()),
                partition: partition.weak(),
            };
            *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
            searches.ids(target, partition, cancel)
        })?;
        Ok(hits.unwrap_or_else(|| vec![Vec::new(); count]))
    }

    /// This namespace and those below it, as if they were one; nothing when the collection does not exist. Every hit
    /// is read in the snapshot at which it was found.
    fn search_below(
        &self,
        searches: &Searches,
        cancel: &Cancel,
    ) -> Result<Option<Vec<Vec<Hit>>>, Error> {
        let filter = searches.filter.as_ref();
        until_done(cancel, || {
            let core = self.engine.core()?;
            core.store.read(|tx| {
                let Some(row) = tx.collection(&self.name)? else { return Ok(Attempt::Done(None)) };
                let target = self.stored_target(&row)?;
                searches.check(&self.name, &target)?;
                let snapshot = tx.lsn()?;
                let namespaces = tx.namespaces_below(row.id, &self.namespace)?;
                let mut best: Vec<Vec<Place>> =
                    searches.vectors.iter().map(|_| Vec::new()).collect();
                // Namespaces that a commit has moved past the snapshot; it matters if something was found there.
                let mut overtaken = vec![false; namespaces.len()];
                for (namespace, (id, _, records)) in namespaces.iter().enumerate() {
                    cancel.check()?;
                    if *records == 0 {
                        continue;
                    }
                    let partition = core.partition(*id, &target);
                    let guard = core.ready(&partition, tx, snapshot, filter)?;
                    if let Some(is_overtaken) = overtaken.get_mut(namespace) {
                        *is_overtaken = guard.lsn() != snapshot;
                    }
                    if filter.is_some_and(|filter| !guard.knows(filter)) {
                        return Ok(Attempt::Overtaken);
                    }
                    for (best, found) in best.iter_mut().zip(searches.run(&guard, cancel)?) {
                        let place = |Neighbor { slot, similarity }| {
                            Some(Place { namespace, row: guard.row(slot)?, similarity })
                        };
                        best.extend(found.into_iter().filter_map(place));
                        best.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
                        best.truncate(searches.k);
                    }
                }
                let mut found = best.iter().flatten();
                if found.any(|place| overtaken.get(place.namespace) == Some(&true)) {
                    return Ok(Attempt::Overtaken);
                }
                let path = |namespace: usize| {
                    let found = namespaces.get(namespace);
                    found.map(|(id, path, _)| namespace::decoded(*id, path)).transpose()
                };
                Ok(Attempt::Done(Some(searches.read(tx, &target, best, path)?)))
            })
        })
    }

    /// What is asked for, checked as far as that needs no snapshot; nothing when the collection does not exist yet.
    fn searches(
        &self,
        queries: Vec<Query>,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Option<Searches>, Error> {
        if options.k == 0 {
            return Err(Error::InvalidArgument("k is 0: ask for at least one hit".to_owned()));
        }
        let limits = self.limits();
        within(|| "the search".into(), "hits (k)", options.k, limits.k, "k")?;
        let count = queries.len();
        within(|| "the batch".into(), "queries", count, limits.batch_records, "batchRecords")?;
        if options.min_score.is_some_and(f32::is_nan) {
            return Err(Error::InvalidArgument(
                "minScore is NaN: give a number, or leave it out".to_owned(),
            ));
        }
        let filter = self.filter(options.filter.as_deref())?;
        let Some(vectors) = self.query_vectors(queries, cancel)? else { return Ok(None) };
        Ok(Some(Searches {
            vectors,
            k: options.k,
            recall: options.recall,
            filter,
            min_score: options.min_score,
            with_vectors: options.with_vectors,
        }))
    }

    /// The vectors to search with; nothing when texts are to be encoded and the collection does not exist yet.
    fn query_vectors(
        &self,
        queries: Vec<Query>,
        cancel: &Cancel,
    ) -> Result<Option<Vec<Vec<f32>>>, Error> {
        cancel.check()?;
        let core = self.engine.core()?;
        let (count, mut texts) = (queries.len(), Vec::new());
        let mut vectors = Vec::with_capacity(count);
        for (at, query) in queries.into_iter().enumerate() {
            vectors.push(match query {
                Query::Vector(vector) => vector,
                Query::Text(text) => {
                    check_text(|| query_name(at, count), &text, self.limits())?;
                    texts.push((at, text));
                    Vec::new()
                }
            });
        }
        if texts.is_empty() {
            return Ok(Some(vectors));
        }
        let stored = core.store.read(|tx| Ok::<_, Error>(tx.collection(&self.name)?))?;
        let Some(row) = stored else { return Ok(None) };
        let encoder = self.encoder_for(&self.stored_target(&row)?)?;
        let encoder = encoder.ok_or_else(|| self.encoder_required("searching with text"))?;
        let (places, texts): (Vec<usize>, Vec<String>) = texts.into_iter().unzip();
        let encoded = encoder.encode_queries(texts, cancel)?;
        for (at, vector) in places.into_iter().zip(encoded.data.chunks_exact(encoded.dimension)) {
            if let Some(empty) = vectors.get_mut(at) {
                empty.extend_from_slice(vector);
            }
        }
        Ok(Some(vectors))
    }
}

impl Searches {
    /// # Errors
    /// A vector that can't be compared with those of the collection.
    fn check(&self, name: &str, target: &Target) -> Result<(), Error> {
        self.vectors.iter().enumerate().try_for_each(|(at, vector)| {
            let what = || query_name(at, self.vectors.len());
            validate::vector(what, vector, name, target.dimension, target.metric)
        })
    }

    /// What is nearest in a partition, for each vector.
    fn run(&self, partition: &Partition, cancel: &Cancel) -> Result<Vec<Vec<Neighbor>>, Error> {
        let mask = self.filter.as_ref().and_then(|filter| partition.select(filter));
        let request = Request { k: self.k, recall: self.recall, mask: mask.as_deref() };
        partition.search(&self.vectors, &request, cancel)
    }

    /// The same as ids.
    fn ids(
        &self,
        target: &Target,
        partition: &Partition,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<IdHit>>, Error> {
        let hit = |Neighbor { slot, similarity }: Neighbor| {
            let score = target.metric.score(similarity);
            self.is_wanted(score).then(|| {
                let id = id_of(partition, slot)?;
                Ok(IdHit {
                    id,
                    score,
                    distance: target.metric.distance(similarity),
                    namespace: None,
                })
            })
        };
        let found = self.run(partition, cancel)?.into_iter();
        found.map(|found| found.into_iter().filter_map(hit).collect()).collect()
    }

    /// The records that were found; `path` is that of the namespace with a number.
    fn read(
        &self,
        tx: &ReadTx<'_>,
        target: &Target,
        mut found: Vec<Vec<Place>>,
        path: impl Fn(usize) -> Result<Option<Arc<[String]>>, Error>,
    ) -> Result<Vec<Vec<Hit>>, Error> {
        for places in &mut found {
            places.retain(|place| self.is_wanted(target.metric.score(place.similarity)));
        }
        let ids: Vec<RowId> = found.iter().flatten().map(|place| place.row).collect();
        let mut rows = tx.rows(&ids, self.with_vectors)?.into_iter();
        let mut hit = |place: Place| {
            let record = record(rows.next()??);
            Some(path(place.namespace).map(|namespace| Hit {
                record,
                score: target.metric.score(place.similarity),
                distance: target.metric.distance(place.similarity),
                namespace,
            }))
        };
        found.into_iter().map(|places| places.into_iter().filter_map(&mut hit).collect()).collect()
    }

    fn is_wanted(&self, score: f32) -> bool {
        self.min_score.is_none_or(|min| score >= min)
    }
}

/// A query in a message.
fn query_name(at: usize, count: usize) -> String {
    if count == 1 { "the query".to_owned() } else { format!("query {at}") }
}

fn id_of(partition: &Partition, slot: Slot) -> Result<String, Error> {
    partition.key(slot).ok_or_else(|| Error::Internal("a slot has no id".to_owned()))
}
