//! What goes into a collection and what comes out.

use std::fmt;
use std::sync::Arc;

use hippocamp_index::Recall;

use crate::controls::{Boost, GroupBy, Recency};
use crate::explain::Explanation;
use crate::ranking::{Mode, Ranking};

/// A record to be written. It needs a text or a vector; with both, the vector is taken as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewRecord {
    /// Unique in its namespace; a ULID is made if absent.
    pub id: Option<String>,
    /// Encoded by the collection's encoder unless a vector is given.
    pub text: Option<String>,
    /// A JSON object.
    pub metadata: Option<String>,
    /// `dimension` finite values.
    pub vector: Option<Vec<f32>>,
}

/// A stored record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Unique in its namespace.
    pub id: String,
    /// As it was given.
    pub text: Option<String>,
    /// A JSON object.
    pub metadata: Option<String>,
    /// As it was given or encoded, when asked for.
    pub vector: Option<Vec<f32>>,
    /// Milliseconds since 1970 (UTC) of the first write of this id.
    pub created_ms: i64,
    /// Milliseconds since 1970 (UTC) of the last write.
    pub updated_ms: i64,
}

/// A found record.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// What was found.
    pub record: Record,
    /// In \[0, 1\], higher is better: 0 if it has nothing in common with the question, 1 if everything.
    pub score: f32,
    /// Lower is better; see [`Metric::distance`](hippocamp_index::Metric::distance). None if no vectors were compared.
    pub distance: Option<f32>,
    /// The namespace it is in, if several were searched.
    pub namespace: Option<Arc<[String]>>,
    /// What has made the score, if that was asked for.
    pub explanation: Option<Box<Explanation>>,
}

/// What to do with an id that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// Refuse the whole batch.
    Add,
    /// Replace text, metadata and vector; of two records with the same id in one batch the last wins.
    Upsert,
}

/// Which records something is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those with these ids.
    Ids(Vec<String>),
    /// Those whose metadata pass this filter (JSON) when it is done.
    Filter(String),
}

impl From<Vec<String>> for Which {
    fn from(ids: Vec<String>) -> Self {
        Self::Ids(ids)
    }
}

/// What becomes of metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataChange {
    /// A JSON object whose values take the places of those under the same keys.
    pub set: String,
    /// Keys that are removed.
    pub unset: Vec<String>,
}

/// What to search with.
#[derive(Clone, PartialEq)]
pub enum Query {
    /// Encoded by the collection's encoder.
    Text(String),
    /// `dimension` finite values.
    Vector(Vec<f32>),
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.debug_tuple("Text").field(text).finish(),
            Self::Vector(vector) => write!(f, "Vector([f32; {}])", vector.len()),
        }
    }
}

/// A found record by its id.
#[derive(Clone, Debug, PartialEq)]
pub struct IdHit {
    /// Unique in its namespace.
    pub id: String,
    /// In \[0, 1\], higher is better: 0 if it has nothing in common with the question, 1 if everything.
    pub score: f32,
    /// Lower is better; see [`Metric::distance`](hippocamp_index::Metric::distance). None if no vectors were compared.
    pub distance: Option<f32>,
    /// The namespace it is in, if several were searched.
    pub namespace: Option<Arc<[String]>>,
}

impl From<Hit> for IdHit {
    fn from(Hit { record, score, distance, namespace, .. }: Hit) -> Self {
        Self { id: record.id, score, distance, namespace }
    }
}

/// How to search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchOptions {
    /// How many hits at most.
    pub k: usize,
    /// How many of the best are left out: those of the pages before.
    pub offset: usize,
    /// Which arms search; for a text both, for a vector only vectors.
    pub mode: Option<Mode>,
    /// The constants of the ranking.
    pub ranking: Ranking,
    /// Whether hits say what has made their scores.
    pub explain: bool,
    /// How many of the true nearest to find.
    pub recall: Recall,
    /// Only records whose metadata passes this filter (JSON).
    pub filter: Option<String>,
    /// Only hits with at least this score.
    pub min_score: Option<f32>,
    /// How much hits are to differ from each other, from 0 to 1; the more, the less their scores matter.
    pub diversity: Option<f32>,
    /// Whether new records come before old ones.
    pub recency: Option<Recency>,
    /// Whether important records come first.
    pub boost: Option<Boost>,
    /// Whether only some of the records with the same value are hits.
    pub group_by: Option<GroupBy>,
    /// Whether hits carry their vectors.
    pub with_vectors: bool,
    /// Whether the namespaces below this one are searched too.
    pub recursive: bool,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            k: 10,
            offset: 0,
            mode: None,
            ranking: Ranking::default(),
            explain: false,
            recall: Recall::Default,
            filter: None,
            min_score: None,
            diversity: None,
            recency: None,
            boost: None,
            group_by: None,
            with_vectors: false,
            recursive: false,
        }
    }
}

/// How to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListOptions {
    /// Only records whose metadata passes this filter (JSON).
    pub filter: Option<String>,
    /// How many records at most.
    pub limit: usize,
    /// The `cursor` of the page before.
    pub cursor: Option<String>,
    /// What they are sorted by, if not by their first insertion.
    pub sort: Option<Sort>,
    /// Whether records carry their vectors.
    pub with_vectors: bool,
    /// Whether the records of the namespaces below this one are listed too, as if all were one.
    pub recursive: bool,
}

/// What a listing is sorted by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    /// A metadata path; nothing for the order of first insertion. Values of different types are sorted by type: null, true
    /// and false, numbers, strings; records without a value come last.
    pub field: Option<String>,
    /// The other way round.
    pub descending: bool,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self {
            filter: None,
            limit: 100,
            cursor: None,
            sort: None,
            with_vectors: false,
            recursive: false,
        }
    }
}

/// Part of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The records.
    pub records: Vec<Record>,
    /// The namespace of each, in a recursive listing.
    pub namespaces: Vec<Arc<[String]>>,
    /// Where to go on; none when there is nothing more.
    pub cursor: Option<String>,
}

/// A record that is ready to be stored.
pub(crate) struct PreparedRecord {
    pub(crate) id: String,
    pub(crate) text: Option<String>,
    pub(crate) metadata: Option<String>,
    /// One vector, or those of the text's parts, one behind the other.
    pub(crate) vectors: Vec<f32>,
}

/// When a record is like another one, and what becomes of both.
#[derive(Clone, Debug, PartialEq)]
pub struct DistinctOptions {
    /// From which cosine of their vectors on records are alike. Records in parts are alike when all their parts are.
    pub similarity: f32,
    /// Whether they must also have the same words in the same order, whatever stands between them. A cosine tells neither 7
    /// from 9 nor yes from no.
    pub same_words: bool,
    /// Only records whose metadata pass this filter (JSON) are compared with.
    pub filter: Option<String>,
    /// Whether a record that is like another is stored all the same.
    pub keep: bool,
    /// What becomes of the metadata of the record that was there.
    pub change: Option<MetadataChange>,
}

impl Default for DistinctOptions {
    fn default() -> Self {
        Self { similarity: 0.95, same_words: false, filter: None, keep: false, change: None }
    }
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Added {
    /// Its id; that of the other one if it was not stored.
    pub id: String,
    /// The record that it is like, if there is one.
    pub similar: Option<Similar>,
}

/// A record that is like another.
#[derive(Clone, Debug, PartialEq)]
pub struct Similar {
    /// Its id.
    pub id: String,
    /// The cosine of their vectors.
    pub similarity: f32,
}
