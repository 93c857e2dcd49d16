//! Collections: store, indexes, encoder and worker threads as one engine, usable from Rust alone.
//!
//! - [`Engine`] opens a store; [`Collection`] writes and reads one namespace of a collection.
//! - [`TextEncoder`] turns texts into vectors on the worker threads of the [`Runtime`], [`TextReranker`] scores texts
//!   for a question there.
//!
//! A write is validated, encoded, committed by the writer thread and applied to the loaded partition, in
//! this order; a read takes one snapshot of the store and the indexes at exactly that snapshot.

#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test fails by panicking"
    )
)]

mod add_distinct;
mod admission;
mod around;
mod attempt;
mod cancel;
mod check;
mod collection;
mod controls;
mod core;
mod cores;
mod distinct;
mod encode_call;
mod encoder_queue;
mod encoder_stats;
mod encoder_worker;
mod engine;
mod error;
mod explain;
mod grower;
mod keys;
mod latency;
mod limits;
mod list;
mod loaded;
mod masks;
mod micro_batch;
mod namespace;
mod partition;
mod partition_file;
mod partition_search;
mod parts;
mod pool;
mod question;
mod queue_lanes;
mod queue_places;
mod ranking;
mod read;
mod record;
mod runtime;
mod script;
mod search;
mod search_later;
mod sidecar;
mod target;
mod temporary;
mod text_encoder;
mod text_reranker;
mod thread_priority;
mod turn_index;
mod turns;
mod turns_before;
mod usearch_import;
mod validate;
mod vector_cache;
mod why_not;
mod writer;

pub use hippocamp_encoder::{LoadOptions, Pooling, RerankerOptions};
pub use hippocamp_index::{
    Bm25, CalibrationPoint, IndexKind, IndexStats, Language, Metric, Recall, RowFormat,
};
pub use hippocamp_simd::{Level, Precision, UnknownPrecision};
pub use hippocamp_store::Durability;

pub use admission::Place;
pub use cancel::Cancel;
pub use check::{Check, CheckOptions};
pub use collection::{Collection, CollectionOptions};
pub use controls::{Boost, GroupBy, Recency};
pub use encoder_queue::{QueueOptions, WhenFull};
pub use encoder_stats::EncoderStats;
pub use engine::{CollectionInfo, Engine, Location, StoreOptions, StoreStats};
pub use error::Error;
pub use explain::{
    Explanation, FactorPart, FilterPart, FusionPart, LexicalPart, QuestionPart, TermPart, Timings,
    VectorPart,
};
pub use latency::CallTimes;
pub use limits::Limits;
pub use ranking::{Fusion, Mode, Ranking, TurnRanking, UnknownName};
pub use read::{CollectionStats, NamespaceInfo};
pub use record::{
    Added, DistinctOptions, Hit, IdHit, ListOptions, MetadataChange, NewRecord, Page, Query,
    Record, SearchOptions, Similar, Sort, Which, WriteMode,
};
pub use runtime::{Priority, Runtime};
pub use text_encoder::{Embeddings, Prompt, TextEncoder};
pub use text_reranker::TextReranker;
pub use turns::Turns;
pub use vector_cache::CacheStats;
pub use why_not::{Reason, WhyNot};
