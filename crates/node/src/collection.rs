//! Collections.

use hippocamp_engine::{
    Cancel, CheckOptions, Collection, Error, Hit, IdHit, IndexStats, Limits, ListOptions,
    MetadataChange, NewRecord, Priority, Query, SearchOptions, Sort, Which, WriteMode,
};
use napi::Env;
use napi::bindgen_prelude::{Either, PromiseRaw};
use napi_derive::napi;

use crate::batch::{self, RecordBatch, StringBatch};
use crate::cancel::{self, CancelToken};
use crate::distinct::{NativeAdded, NativeDistinctOptions};
use crate::options::size;
use crate::rows::{IdColumn, IdHitColumns, RecordColumns};
use crate::search_options::{NativeSearchOptions, recall_of};
use crate::{error, operation};

/// A handle on one namespace of a collection.
#[napi]
pub struct NativeCollection {
    engine: Collection,
    limits: Limits,
}

/// How to list.
#[napi(object, object_to_js = false)]
pub struct NativeListOptions {
    /// How many records at most.
    pub limit: i64,
    /// A filter as JSON.
    pub filter: Option<String>,
    /// The cursor of the page before.
    pub cursor: Option<String>,
    /// The metadata path that they are sorted by.
    pub sort: Option<String>,
    /// Whether they are sorted the other way round.
    pub descending: bool,
    /// Whether records carry their vectors.
    pub vectors: bool,
    /// Whether the namespaces below are listed too.
    pub recursive: bool,
}

impl NativeListOptions {
    fn into_engine(self) -> Result<ListOptions, Error> {
        Ok(ListOptions {
            filter: self.filter,
            limit: size("limit", self.limit)?,
            cursor: self.cursor,
            sort: Some(Sort { field: self.sort, descending: self.descending }),
            with_vectors: self.vectors,
            recursive: self.recursive,
        })
    }
}

/// Part of a listing.
#[napi(object, object_from_js = false)]
pub struct NativePage {
    /// The records.
    pub records: RecordColumns,
    /// Where to go on.
    pub cursor: Option<String>,
}

/// A namespace in a listing.
#[napi(object, object_from_js = false)]
pub struct NativeNamespaceInfo {
    /// Its path.
    pub path: Vec<String>,
    /// Its live records.
    pub records: f64,
}

/// A namespace of a collection in numbers.
#[napi(object, object_from_js = false)]
pub struct NativeCollectionStats {
    /// Values in a vector; absent before the first record.
    pub dimension: Option<u32>,
    /// How vectors are compared; absent before the first record.
    pub metric: Option<String>,
    /// Fingerprint of the encoder.
    pub encoder: Option<String>,
    /// Live records in this namespace.
    pub records: f64,
    /// How many of them are in the index in memory.
    pub indexed: f64,
    /// Bytes of the indexes in memory.
    pub index_bytes: f64,
    /// Whether the vector index is being rebuilt.
    pub growing: bool,
    /// The vector index; absent before the first search.
    pub index: Option<NativeIndexStats>,
}

/// What a check found.
#[napi(object, object_from_js = false)]
pub struct NativeCheck {
    /// Live records in this namespace.
    pub records: f64,
    /// How many of them are in the index in memory.
    pub indexed: f64,
    /// The part of the true neighbours that was found.
    pub recall: f64,
}

/// A vector index in numbers.
#[napi(object, object_from_js = false)]
pub struct NativeIndexStats {
    /// Lists of codes: 0 while everything is compared.
    pub lists: u32,
    /// Bits per dimension.
    pub bits: u32,
    /// Vectors in the graph; 0 without a graph.
    pub graph: u32,
    /// Vectors in no list or graph yet.
    pub tail: u32,
    /// What was measured.
    pub calibration: Vec<NativeCalibrationPoint>,
}

/// What was measured for one depth and target.
#[napi(object, object_from_js = false)]
pub struct NativeCalibrationPoint {
    /// Neighbours asked for.
    pub k: u32,
    /// The recall asked for.
    pub target: f64,
    /// The recall on the sample.
    pub recall: f64,
    /// Lists scanned.
    pub probes: u32,
    /// Vectors compared exactly.
    pub candidates: u32,
}

impl From<IndexStats> for NativeIndexStats {
    fn from(stats: IndexStats) -> Self {
        let points = stats.calibration.into_iter().map(|point| NativeCalibrationPoint {
            k: point.k,
            target: rounded(point.target),
            recall: rounded(point.recall),
            probes: point.probes,
            candidates: point.candidates,
        });
        Self {
            lists: stats.lists as u32,
            bits: stats.bits,
            graph: stats.graph as u32,
            tail: stats.tail as u32,
            calibration: points.collect(),
        }
    }
}

/// The decimal that was meant by an f32.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1e6).round() / 1e6
}

#[napi]
impl NativeCollection {
    pub(crate) fn new(engine: Collection, limits: Limits) -> Self {
        Self { engine, limits }
    }

    /// A handle on another namespace of the same collection.
    ///
    /// # Errors
    /// A bad path.
    #[napi(catch_unwind)]
    pub fn namespace(&self, env: Env, path: Vec<String>) -> napi::Result<Self> {
        match self.engine.namespace(&path) {
            Ok(engine) => Ok(Self::new(engine, self.limits.clone())),
            Err(refused) => Err(error::throw(&env, &refused)),
        }
    }

    /// A batch for so many records.
    ///
    /// # Errors
    /// More than a batch may have.
    #[napi(catch_unwind)]
    pub fn record_batch(&self, env: Env, count: u32) -> napi::Result<RecordBatch> {
        batch::check_count(env, "records", count as usize, &self.limits)?;
        Ok(RecordBatch::new("records", self.limits.clone()))
    }

    /// A batch for so many queries: records of which only text and vector count.
    ///
    /// # Errors
    /// More than a batch may have.
    #[napi(catch_unwind)]
    pub fn query_batch(&self, env: Env, count: u32) -> napi::Result<RecordBatch> {
        batch::check_count(env, "queries", count as usize, &self.limits)?;
        Ok(RecordBatch::new("queries", self.limits.clone()))
    }

    /// A batch for so many ids.
    ///
    /// # Errors
    /// More than a batch may have.
    #[napi(catch_unwind)]
    pub fn id_batch(&self, env: Env, count: u32) -> napi::Result<StringBatch> {
        batch::check_count(env, "ids", count as usize, &self.limits)?;
        Ok(StringBatch::new("ids", self.limits.clone()))
    }

    /// Writes the records of the batch and resolves with their ids.
    #[napi(catch_unwind)]
    pub fn write<'env>(
        &self,
        env: &'env Env,
        records: &mut RecordBatch,
        upsert: bool,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, IdColumn>> {
        let (collection, records) = (self.engine.clone(), records.take());
        let mode = if upsert { WriteMode::Upsert } else { WriteMode::Add };
        let priority = Priority::of_count(records.len());
        operation::hand_over(env, priority, cancel::of(token), move |cancel, answer| {
            collection.write(records, mode, cancel, |ids| answer.give(ids.map(IdColumn::new)));
        })
    }

    /// Writes the records of the batch that are like none that is there.
    #[napi(catch_unwind)]
    pub fn write_distinct<'env>(
        &self,
        env: &'env Env,
        records: &mut RecordBatch,
        options: NativeDistinctOptions,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, Vec<NativeAdded>>> {
        let (collection, records) = (self.engine.clone(), records.take());
        let priority = Priority::of_count(records.len());
        operation::hand_over(env, priority, cancel::of(token), move |cancel, answer| {
            collection.add_distinct(records, options.into_engine(), cancel, |added| {
                answer.give(added.map(|all| all.into_iter().map(NativeAdded::from).collect()));
            });
        })
    }

    /// A turn between those before and after it in its session that pass a filter (JSON).
    #[napi(catch_unwind)]
    pub fn around<'env>(
        &self,
        env: &'env Env,
        id: String,
        before: u32,
        after: u32,
        filter: Option<String>,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, RecordColumns>> {
        let collection = self.engine.clone();
        operation::read(env, Priority::Interactive, cancel::of(token), move |cancel| {
            let reach = (before as usize, after as usize);
            let turns = collection.around(&id, reach, filter.as_deref(), cancel)?;
            Ok(RecordColumns::of_records(turns.into_iter().map(Some).collect()))
        })
    }

    /// Writes the entries of a file that usearch has saved and resolves with how many there were.
    #[napi(catch_unwind)]
    pub fn import_usearch<'env>(
        &self,
        env: &'env Env,
        path: String,
        upsert: bool,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, f64>> {
        let collection = self.engine.clone();
        let mode = if upsert { WriteMode::Upsert } else { WriteMode::Add };
        operation::hand_over(env, Priority::Bulk, cancel::of(token), move |cancel, answer| {
            collection.import_usearch(path.into(), mode, cancel, |count| {
                answer.give(count.map(|count| count as f64));
            });
        })
    }

    /// Deletes the records with the ids of the batch, or those that pass a filter (JSON), and resolves with how many there were.
    #[napi(catch_unwind)]
    pub fn delete<'env>(
        &self,
        env: &'env Env,
        which: Either<&mut StringBatch, String>,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, f64>> {
        let (collection, which) = (self.engine.clone(), which_of(which));
        operation::hand_over(
            env,
            Priority::Interactive,
            cancel::of(token),
            move |cancel, answer| {
                collection
                    .delete(which, cancel, |count| answer.give(count.map(|count| count as f64)));
            },
        )
    }

    /// Changes the metadata of the records with the ids of the batch, or of those that pass a filter (JSON), and resolves with
    /// how many there were.
    #[napi(catch_unwind)]
    pub fn update<'env>(
        &self,
        env: &'env Env,
        which: Either<&mut StringBatch, String>,
        set: String,
        unset: Vec<String>,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, f64>> {
        let (collection, which) = (self.engine.clone(), which_of(which));
        operation::hand_over(
            env,
            Priority::Interactive,
            cancel::of(token),
            move |cancel, answer| {
                let change = MetadataChange { set, unset };
                collection.update(which, change, cancel, |count| {
                    answer.give(count.map(|count| count as f64));
                });
            },
        )
    }

    /// Deletes every record of this namespace, or also of those below it, and resolves with how many there were.
    #[napi(catch_unwind)]
    pub fn clear<'env>(
        &self,
        env: &'env Env,
        recursive: bool,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, f64>> {
        let collection = self.engine.clone();
        operation::hand_over(
            env,
            Priority::Interactive,
            cancel::of(token),
            move |cancel, answer| {
                collection.clear(recursive, cancel, |count| {
                    answer.give(count.map(|count| count as f64));
                });
            },
        )
    }

    /// The records with the ids of the batch, in its order.
    #[napi(catch_unwind)]
    pub fn get<'env>(
        &self,
        env: &'env Env,
        ids: &mut StringBatch,
        vectors: bool,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, RecordColumns>> {
        let (collection, ids) = (self.engine.clone(), ids.take());
        operation::read(env, Priority::Interactive, cancel::of(token), move |_| {
            collection.get(&ids, vectors).map(RecordColumns::of_records)
        })
    }

    /// Records in the order of their insertion.
    #[napi(catch_unwind)]
    pub fn list<'env>(
        &self,
        env: &'env Env,
        options: NativeListOptions,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, NativePage>> {
        let collection = self.engine.clone();
        operation::read(env, Priority::Interactive, cancel::of(token), move |_| {
            let page = collection.list(&options.into_engine()?)?;
            let records = RecordColumns::of_listed(page.records, page.namespaces);
            Ok(NativePage { records, cursor: page.cursor })
        })
    }

    /// How many records pass the filter, in this namespace or also in those below it.
    #[napi(catch_unwind)]
    pub fn count<'env>(
        &self,
        env: &'env Env,
        filter: Option<String>,
        recursive: bool,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, f64>> {
        let collection = self.engine.clone();
        operation::read(env, Priority::Interactive, cancel::of(token), move |_| {
            collection.count(filter.as_deref(), recursive).map(|count| count as f64)
        })
    }

    /// The records nearest to a text.
    #[napi(catch_unwind)]
    pub fn search<'env>(
        &self,
        env: &'env Env,
        text: String,
        options: NativeSearchOptions,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, RecordColumns>> {
        self.search_with(env, vec![Query::Text(text)], options, token, of_one)
    }

    /// The records nearest to a vector.
    #[napi(catch_unwind)]
    pub fn search_by_vector<'env>(
        &self,
        env: &'env Env,
        vector: &[f32],
        options: NativeSearchOptions,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, RecordColumns>> {
        self.search_with(env, vec![Query::Vector(vector.to_vec())], options, token, of_one)
    }

    /// The ids of the records nearest to a text.
    #[napi(catch_unwind)]
    pub fn search_ids<'env>(
        &self,
        env: &'env Env,
        text: String,
        options: NativeSearchOptions,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, IdHitColumns>> {
        self.search_ids_with(env, vec![Query::Text(text)], options, token, ids_of_one)
    }

    /// The ids of the records nearest to a vector.
    #[napi(catch_unwind)]
    pub fn search_ids_by_vector<'env>(
        &self,
        env: &'env Env,
        vector: &[f32],
        options: NativeSearchOptions,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, IdHitColumns>> {
        self.search_ids_with(env, vec![Query::Vector(vector.to_vec())], options, token, ids_of_one)
    }

    /// The records nearest to a vector, on the calling thread.
    ///
    /// # Errors
    /// As the engine's search.
    #[napi(catch_unwind)]
    pub fn search_by_vector_sync(
        &self,
        env: Env,
        vector: &[f32],
        options: NativeSearchOptions,
    ) -> napi::Result<RecordColumns> {
        let search = |options: &SearchOptions| {
            self.engine.search(Query::Vector(vector.to_vec()), options, &Cancel::new())
        };
        let found = options.into_engine().and_then(|options| search(&options));
        found.map(RecordColumns::of_hits).map_err(|refused| error::throw(&env, &refused))
    }

    /// The ids of the records nearest to a vector, on the calling thread.
    ///
    /// # Errors
    /// As the engine's search.
    #[napi(catch_unwind)]
    pub fn search_ids_by_vector_sync(
        &self,
        env: Env,
        vector: &[f32],
        options: NativeSearchOptions,
    ) -> napi::Result<IdHitColumns> {
        let search = |options: &SearchOptions| {
            self.engine.search_ids(Query::Vector(vector.to_vec()), options, &Cancel::new())
        };
        let found = options.into_engine().and_then(|options| search(&options));
        found.map(IdHitColumns::new).map_err(|refused| error::throw(&env, &refused))
    }

    /// The records nearest to each query of the batch.
    #[napi(catch_unwind)]
    pub fn search_many<'env>(
        &self,
        env: &'env Env,
        queries: &mut RecordBatch,
        options: NativeSearchOptions,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, RecordColumns>> {
        self.search_with(env, queries_of(queries), options, token, RecordColumns::of_searches)
    }

    /// The ids of the records nearest to each query of the batch.
    #[napi(catch_unwind)]
    pub fn search_many_ids<'env>(
        &self,
        env: &'env Env,
        queries: &mut RecordBatch,
        options: NativeSearchOptions,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, IdHitColumns>> {
        self.search_ids_with(env, queries_of(queries), options, token, IdHitColumns::of_searches)
    }

    /// What a search for a text thinks of a record, as JSON.
    #[napi(catch_unwind)]
    pub fn why_not<'env>(
        &self,
        env: &'env Env,
        text: String,
        id: String,
        options: NativeSearchOptions,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        self.why_not_with(env, Query::Text(text), id, options, token)
    }

    /// What a search with a vector thinks of a record, as JSON.
    #[napi(catch_unwind)]
    pub fn why_not_by_vector<'env>(
        &self,
        env: &'env Env,
        vector: &[f32],
        id: String,
        options: NativeSearchOptions,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        self.why_not_with(env, Query::Vector(vector.to_vec()), id, options, token)
    }

    fn why_not_with<'env>(
        &self,
        env: &'env Env,
        query: Query,
        id: String,
        options: NativeSearchOptions,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let collection = self.engine.clone();
        operation::read(env, Priority::Bulk, cancel::of(token), move |cancel| {
            Ok(collection.why_not(query, &id, &options.into_engine()?, cancel)?.to_json())
        })
    }

    fn search_ids_with<'env>(
        &self,
        env: &'env Env,
        queries: Vec<Query>,
        options: NativeSearchOptions,
        token: Option<&CancelToken>,
        columns: fn(Vec<Vec<IdHit>>) -> IdHitColumns,
    ) -> napi::Result<PromiseRaw<'env, IdHitColumns>> {
        let (collection, priority) = (self.engine.clone(), Priority::of_count(queries.len()));
        operation::read_later(env, priority, cancel::of(token), move |cancel, answer| {
            let answer = move |hits: Result<_, _>| answer(hits.map(columns));
            match options.into_engine() {
                Ok(options) => collection.search_many_ids_later(queries, options, cancel, answer),
                Err(refused) => answer(Err(refused)),
            }
        })
    }

    fn search_with<'env>(
        &self,
        env: &'env Env,
        queries: Vec<Query>,
        options: NativeSearchOptions,
        token: Option<&CancelToken>,
        columns: fn(Vec<Vec<Hit>>) -> RecordColumns,
    ) -> napi::Result<PromiseRaw<'env, RecordColumns>> {
        let (collection, priority) = (self.engine.clone(), Priority::of_count(queries.len()));
        operation::read_later(env, priority, cancel::of(token), move |cancel, answer| {
            let answer = move |hits: Result<_, _>| answer(hits.map(columns));
            match options.into_engine() {
                Ok(options) => collection.search_many_later(queries, options, cancel, answer),
                Err(refused) => answer(Err(refused)),
            }
        })
    }

    /// Every namespace of the collection that holds records.
    #[napi(catch_unwind)]
    pub fn namespaces<'env>(
        &self,
        env: &'env Env,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, Vec<NativeNamespaceInfo>>> {
        let collection = self.engine.clone();
        operation::read(env, Priority::Interactive, cancel::of(token), move |_| {
            let infos = collection.namespaces()?.into_iter();
            let infos = infos
                .map(|info| NativeNamespaceInfo { path: info.path, records: info.records as f64 });
            Ok(infos.collect())
        })
    }

    /// Compares a sample of searches with exact ones.
    #[napi(catch_unwind)]
    pub fn check<'env>(
        &self,
        env: &'env Env,
        queries: i64,
        k: i64,
        recall: Option<f64>,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, NativeCheck>> {
        let collection = self.engine.clone();
        operation::read(env, Priority::Bulk, cancel::of(token), move |cancel| {
            let options = CheckOptions {
                queries: size("queries", queries)?,
                k: size("k", k)?,
                recall: recall_of(recall),
            };
            let check = collection.check(&options, cancel)?;
            Ok(NativeCheck {
                records: check.records as f64,
                indexed: check.indexed as f64,
                recall: check.recall,
            })
        })
    }

    /// The namespace in numbers.
    #[napi(catch_unwind)]
    pub fn stats<'env>(
        &self,
        env: &'env Env,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, NativeCollectionStats>> {
        let collection = self.engine.clone();
        operation::read(env, Priority::Interactive, cancel::of(token), move |_| {
            let stats = collection.stats()?;
            Ok(NativeCollectionStats {
                dimension: stats.dimension.map(|dimension| dimension as u32),
                metric: stats.metric.map(|metric| metric.as_str().to_owned()),
                encoder: stats.encoder,
                records: stats.records as f64,
                indexed: stats.indexed as f64,
                index_bytes: stats.index_bytes as f64,
                growing: stats.growing,
                index: stats.index.map(NativeIndexStats::from),
            })
        })
    }
}

/// The hits of the one search that was made.
fn of_one(mut hits: Vec<Vec<Hit>>) -> RecordColumns {
    RecordColumns::of_hits(hits.pop().unwrap_or_default())
}

fn ids_of_one(mut hits: Vec<Vec<IdHit>>) -> IdHitColumns {
    IdHitColumns::new(hits.pop().unwrap_or_default())
}

fn which_of(which: Either<&mut StringBatch, String>) -> Which {
    match which {
        Either::A(ids) => Which::Ids(ids.take()),
        Either::B(filter) => Which::Filter(filter),
    }
}

fn queries_of(batch: &mut RecordBatch) -> Vec<Query> {
    let query = |record: NewRecord| match record.vector {
        Some(vector) => Query::Vector(vector),
        None => Query::Text(record.text.unwrap_or_default()),
    };
    batch.take().into_iter().map(query).collect()
}
