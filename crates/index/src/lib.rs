//! Derived indexes of one partition: everything in here can be rebuilt from the store's rows at any time.
//!
//! - [`VectorIndex`]: the nearest vectors, by codes of a few bits and an exact comparison of the best.
//! - [`LexicalIndex`]: words to the slots whose texts contain them, ranked by BM25.
//! - [`AttributeIndex`]: metadata values to the slots that carry them, for [`Filter`]s.
//!
//! All speak of records by their [`Slot`], a dense position that this crate hands out; which record
//! sits in a slot is the engine's business. Slots are handed out in order and never reused, so a bitmap
//! that still names a removed slot is harmless: the vector index masks it.

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

mod attribute;
mod filter;
mod hnsw;
mod lexical;
mod metric;
#[cfg(test)]
mod oracle;
mod sections;
mod top_k;
mod usearch_file;
mod vector;

pub use attribute::AttributeIndex;
pub use filter::{Filter, FilterError, FilterValue, Pattern, Test, values_at};
pub use lexical::{
    Bm25, Capitals, Language, LexicalFound, LexicalIndex, LexicalQuery, LexicalRequest,
    LexicalSnapshot, LexicalStatistics, TermPart, UnknownLanguage, Weights,
};
pub use metric::{Metric, UnknownMetric};
pub use sections::{SectionError, SectionReader, SectionWriter};
pub use top_k::Neighbor;
pub use usearch_file::{UsearchError, UsearchFile};
pub use vector::{
    CalibrationPoint, Grown, Growth, IndexError, IndexKind, IndexOptions, IndexStats, Recall,
    RecallSample, Request, RowFormat, SampleRequest, SlotSet, Snapshot, UnknownIndexKind,
    UnknownRowFormat, VectorIndex,
};

/// A record's dense position in a partition's indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);
