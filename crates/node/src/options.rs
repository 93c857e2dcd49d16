//! Options as they come from JavaScript, where their names and types were checked.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use hippocamp_engine::{
    CollectionOptions, Durability, Error, IndexKind, Language, Level, Limits, LoadOptions,
    Location, Metric, Pooling, QueueOptions, RerankerOptions, RowFormat, StoreOptions, TextEncoder,
    Turns, UnknownPrecision, WhenFull,
};
use napi_derive::napi;

/// How to load an encoder.
#[napi(object, object_to_js = false)]
pub struct NativeLoadOptions {
    /// Tokens of a text that are looked at.
    pub max_tokens: Option<i64>,
    /// `mean`, `cls` or `max`.
    pub pooling: Option<String>,
    /// Whether vectors are scaled to length 1.
    pub normalize: Option<bool>,
    /// Only the first values of a vector.
    pub dimensions: Option<i64>,
    /// Added to the model's own prompts.
    pub prompts: Option<HashMap<String, String>>,
    /// The name of a level of instructions.
    pub cpu: Option<String>,
    /// `f32`, `bf16` or `int8`; the fastest that will do if absent.
    pub precision: Option<String>,
    /// Codes of the languages that it was made for.
    pub languages: Option<Vec<String>>,
    /// While so many texts wait no call is let in.
    pub queue_limit: Option<i64>,
    /// `wait` or `reject`.
    pub when_full: Option<String>,
    /// Bytes that remembered vectors may take.
    pub cache: Option<i64>,
}

impl NativeLoadOptions {
    pub(crate) fn queue(&self) -> Result<QueueOptions, Error> {
        let default = QueueOptions::default();
        let or = |name, given: Option<i64>, default| {
            given.map_or(Ok(default), |value| size(name, value))
        };
        Ok(QueueOptions {
            limit: or("queue.limit", self.queue_limit, default.limit)?,
            when_full: match self.when_full.as_deref() {
                None => default.when_full,
                Some("wait") => WhenFull::Wait,
                Some("reject") => WhenFull::Reject,
                Some(name) => return Err(unknown("queue.whenFull", name, r#""wait" or "reject""#)),
            },
            cache_bytes: or("cache", self.cache, default.cache_bytes)?,
        })
    }

    pub(crate) fn into_engine(self) -> Result<LoadOptions, Error> {
        let pooling = self.pooling.map(|name| match name.as_str() {
            "mean" => Ok(Pooling::Mean),
            "cls" => Ok(Pooling::Cls),
            "max" => Ok(Pooling::Max),
            _ => Err(unknown("pooling", &name, r#""mean", "cls" or "max""#)),
        });
        Ok(LoadOptions {
            max_tokens: self.max_tokens.map(|tokens| size("maxTokens", tokens)).transpose()?,
            pooling: pooling.transpose()?,
            normalize: self.normalize,
            dimensions: self.dimensions.map(|count| size("dimensions", count)).transpose()?,
            prompts: self.prompts.into_iter().flatten().collect(),
            level: level(self.cpu)?,
            precision: self
                .precision
                .map(|name| {
                    name.parse()
                        .map_err(|e: UnknownPrecision| Error::InvalidArgument(e.to_string()))
                })
                .transpose()?,
        })
    }
}

/// How to load a reranker.
#[napi(object, object_to_js = false)]
pub struct NativeRerankerOptions {
    /// Tokens of a pair that are looked at.
    pub max_tokens: Option<i64>,
    /// `scalar`, `neon`, `avx2` or `avx512`.
    pub cpu: Option<String>,
}

impl NativeRerankerOptions {
    pub(crate) fn into_engine(self) -> Result<RerankerOptions, Error> {
        Ok(RerankerOptions {
            max_tokens: self.max_tokens.map(|tokens| size("maxTokens", tokens)).transpose()?,
            level: level(self.cpu)?,
        })
    }
}

fn level(name: Option<String>) -> Result<Option<Level>, Error> {
    name.map(|name| name.parse().map_err(Error::Cpu)).transpose()
}

/// How to open a store.
#[napi(object, object_to_js = false)]
pub struct NativeStoreOptions {
    /// The file; a temporary one if absent.
    pub path: Option<String>,
    /// `durable`, `relaxed` or `memory`.
    pub durability: Option<String>,
    /// Whether every write is refused.
    pub read_only: Option<bool>,
    /// Whether the file is made if there is none.
    pub create: Option<bool>,
    /// How long to wait for another process's write, in milliseconds.
    pub busy_timeout: Option<i64>,
    /// Bytes that all indexes in memory may take.
    pub index_memory: Option<f64>,
    /// Upper bounds.
    pub limits: Option<NativeLimits>,
}

impl NativeStoreOptions {
    pub(crate) fn into_engine(self, encoder: Option<TextEncoder>) -> Result<StoreOptions, Error> {
        let location =
            self.path.map_or(Location::Temporary, |path| Location::Path(PathBuf::from(path)));
        let mut options = StoreOptions::new(location);
        if let Some(name) = self.durability {
            options.durability = match name.as_str() {
                "durable" => Durability::Durable,
                "relaxed" => Durability::Relaxed,
                "memory" => Durability::Memory,
                _ => {
                    return Err(unknown(
                        "durability",
                        &name,
                        r#""durable", "relaxed" or "memory""#,
                    ));
                }
            };
        }
        options.read_only = self.read_only.unwrap_or(options.read_only);
        options.create = self.create.unwrap_or(options.create);
        if let Some(timeout) = self.busy_timeout {
            options.busy_timeout = Duration::from_millis(size("busyTimeout", timeout)? as u64);
        }
        if let Some(bytes) = self.index_memory {
            options.index_memory = bytes as usize;
        }
        if let Some(limits) = self.limits {
            options.limits = limits.into_engine()?;
        }
        options.encoder = encoder;
        Ok(options)
    }
}

/// Upper bounds; what is absent has its default.
#[napi(object, object_to_js = false)]
pub struct NativeLimits {
    /// Values in a vector.
    pub dimension: Option<i64>,
    /// Results of one search.
    pub k: Option<i64>,
    /// Records or texts in one call.
    pub batch_records: Option<i64>,
    /// Bytes in one call.
    pub batch_bytes: Option<i64>,
    /// Bytes of one text.
    pub text_bytes: Option<i64>,
    /// Bytes of one record's metadata.
    pub metadata_bytes: Option<i64>,
    /// Levels of one record's metadata.
    pub metadata_depth: Option<i64>,
    /// Bytes of an id.
    pub id_bytes: Option<i64>,
    /// Conditions in a filter.
    pub filter_nodes: Option<i64>,
    /// Bytes of a file that is imported.
    pub import_bytes: Option<i64>,
}

impl NativeLimits {
    fn into_engine(self) -> Result<Limits, Error> {
        let default = Limits::default();
        let or = |name, given: Option<i64>, default| {
            given.map_or(Ok(default), |value| size(name, value))
        };
        Ok(Limits {
            dimension: or("limits.dimension", self.dimension, default.dimension)?,
            k: or("limits.k", self.k, default.k)?,
            batch_records: or("limits.batchRecords", self.batch_records, default.batch_records)?,
            batch_bytes: or("limits.batchBytes", self.batch_bytes, default.batch_bytes)?,
            text_bytes: or("limits.textBytes", self.text_bytes, default.text_bytes)?,
            metadata_bytes: or(
                "limits.metadataBytes",
                self.metadata_bytes,
                default.metadata_bytes,
            )?,
            metadata_depth: or(
                "limits.metadataDepth",
                self.metadata_depth,
                default.metadata_depth,
            )?,
            id_bytes: or("limits.idBytes", self.id_bytes, default.id_bytes)?,
            filter_nodes: or("limits.filterNodes", self.filter_nodes, default.filter_nodes)?,
            import_bytes: or("limits.importBytes", self.import_bytes, default.import_bytes)?,
        })
    }
}

/// What a collection is to be like.
#[napi(object, object_to_js = false)]
pub struct NativeCollectionOptions {
    /// Values in a vector.
    pub dimension: Option<i64>,
    /// Whether records have vectors.
    pub vectors: Option<bool>,
    /// `cosine`, `l2` or `dot`.
    pub metric: Option<String>,
    /// `native` or `hnsw`.
    pub index: Option<String>,
    /// `f32`, `f16` or `int8`.
    pub precision: Option<String>,
    /// In (0, 1].
    pub target_recall: Option<f64>,
    /// A code of ISO 639-1, or `none`.
    pub language: Option<String>,
    /// Where metadata say of which conversation a record is a turn.
    pub turns: Option<NativeTurns>,
}

/// Metadata paths of turns.
#[napi(object, object_to_js = false)]
pub struct NativeTurns {
    /// Of the session.
    pub session: String,
    /// Of who speaks.
    pub speaker: String,
    /// Of the time.
    pub time: String,
}

impl NativeCollectionOptions {
    pub(crate) fn into_engine(
        self,
        encoder: Option<TextEncoder>,
    ) -> Result<CollectionOptions, Error> {
        Ok(CollectionOptions {
            dimension: self.dimension.map(|dimension| size("dimension", dimension)).transpose()?,
            vectors: self.vectors,
            metric: named::<Metric>(self.metric.as_deref())?,
            index: named::<IndexKind>(self.index.as_deref())?,
            precision: named::<RowFormat>(self.precision.as_deref())?,
            target_recall: self.target_recall.map(|recall| recall as f32),
            language: named::<Language>(self.language.as_deref())?,
            turns: self.turns.map(|NativeTurns { session, speaker, time }| Turns {
                session,
                speaker,
                time,
            }),
            encoder,
        })
    }
}

/// One of the things that have names.
pub(crate) fn named<T: FromStr<Err: Display>>(name: Option<&str>) -> Result<Option<T>, Error> {
    let found = name.map(str::parse).transpose();
    found.map_err(|unknown: T::Err| Error::InvalidArgument(unknown.to_string()))
}

/// A number of things.
///
/// # Errors
/// It is negative.
pub(crate) fn size(name: &str, value: i64) -> Result<usize, Error> {
    usize::try_from(value).map_err(|_| {
        Error::InvalidArgument(format!(
            "{name} is {value}: give a whole number that is not negative"
        ))
    })
}

fn unknown(option: &str, given: &str, known: &str) -> Error {
    Error::InvalidArgument(format!("unknown {option} \"{given}\": use {known}"))
}
