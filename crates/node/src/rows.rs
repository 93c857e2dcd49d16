//! What comes out, handed over in slices of columns.
//!
//! A slice is a few arrays and one string, not an object for each record: crossing into JavaScript costs
//! about 0.1 µs for each value, and V8 makes objects faster than Node-API does. What does not fit into the
//! first slice stays here until JavaScript asks for more.

use std::sync::Arc;
use std::vec::IntoIter;

use hippocamp_engine::{Explanation, Hit, IdHit, Record};
use napi_derive::napi;

use crate::typed_array::{Doubles, Floats};

/// Rows in a slice: converting one and making a record of it takes about 3 µs.
const SLICE_ROWS: usize = 16;
/// Bytes of ids, texts and metadata and values of vectors after which a slice ends.
const SLICE_BYTES: usize = 16 << 10;

/// Records as columns, some of those asked for.
#[napi(object, object_from_js = false)]
pub struct RecordColumns {
    /// The ids; null where there is no record.
    pub ids: Vec<Option<String>>,
    /// The texts; null where there is none.
    pub texts: Vec<Option<String>>,
    /// A JSON array of the metadata objects; null where there is none.
    pub metadata: String,
    /// For each row: created and updated (milliseconds since 1970), score, distance (NaN if no vectors were
    /// compared).
    #[napi(ts_type = "Float64Array")]
    pub numbers: Doubles,
    /// The vectors of the rows that are records, one after the other, if they were asked for.
    #[napi(ts_type = "Float32Array")]
    pub vectors: Option<Floats>,
    /// The namespace of each row, if several were read.
    pub namespaces: Option<Vec<Vec<String>>>,
    /// What has made the score of each row, as JSON, if that was asked for.
    pub explanations: Option<Vec<String>>,
    /// How many rows there are for each query, if there were several; with the first slice only.
    pub counts: Option<Vec<u32>>,
    /// Those that did not fit.
    pub rest: Option<RecordRows>,
}

impl RecordColumns {
    pub(crate) fn of_records(records: Vec<Option<Record>>) -> Self {
        Self::first(records.into_iter().map(|record| Row::unscored(record, None)).collect())
    }

    /// Records and, if they are of several, the namespace of each.
    pub(crate) fn of_listed(records: Vec<Record>, namespaces: Vec<Arc<[String]>>) -> Self {
        let mut namespaces = namespaces.into_iter();
        let rows = records.into_iter().map(|record| Row::unscored(Some(record), namespaces.next()));
        Self::first(rows.collect())
    }

    pub(crate) fn of_hits(hits: Vec<Hit>) -> Self {
        Self::first(hits.into_iter().map(Row::from).collect())
    }

    pub(crate) fn of_searches(hits: Vec<Vec<Hit>>) -> Self {
        let counts = Some(counts(&hits));
        let rows = hits.into_iter().flatten().map(Row::from).collect();
        Self { counts, ..Self::first(rows) }
    }

    fn first(rows: Vec<Row>) -> Self {
        let mut rows = RecordRows(rows.into_iter());
        let mut columns = rows.slice();
        columns.rest = Some(rows).filter(|rows| rows.0.len() > 0);
        columns
    }
}

struct Row {
    record: Option<Record>,
    score: f64,
    distance: f64,
    namespace: Option<Arc<[String]>>,
    explanation: Option<Box<Explanation>>,
}

impl Row {
    fn unscored(record: Option<Record>, namespace: Option<Arc<[String]>>) -> Self {
        Self { record, score: f64::NAN, distance: f64::NAN, namespace, explanation: None }
    }
}

impl From<Hit> for Row {
    fn from(Hit { record, score, distance, namespace, explanation }: Hit) -> Self {
        let (score, distance) = (f64::from(score), distance.map_or(f64::NAN, f64::from));
        Self { record: Some(record), score, distance, namespace, explanation }
    }
}

fn counts<T>(hits: &[Vec<T>]) -> Vec<u32> {
    hits.iter().map(|hits| hits.len() as u32).collect()
}

/// Records that wait to be handed over.
#[napi]
pub struct RecordRows(IntoIter<Row>);

#[napi]
impl RecordRows {
    /// The next slice; without rows when nothing is left.
    #[napi(catch_unwind)]
    pub fn more(&mut self) -> RecordColumns {
        self.slice()
    }

    fn slice(&mut self) -> RecordColumns {
        let (mut ids, mut texts, mut metadata) = (Vec::new(), Vec::new(), String::from("["));
        let (mut numbers, mut vectors, mut namespaces) = (Vec::new(), Vec::new(), Vec::new());
        let mut explanations = Vec::new();
        let mut bytes = 0;
        while ids.len() < SLICE_ROWS
            && bytes < SLICE_BYTES
            && let Some(Row { record, score, distance, namespace, explanation }) = self.0.next()
        {
            if !ids.is_empty() {
                metadata.push(',');
            }
            let Some(record) = record else {
                ids.push(None);
                texts.push(None);
                metadata.push_str("null");
                numbers.extend([f64::NAN; 4]);
                continue;
            };
            let json = record.metadata.as_deref().unwrap_or("null");
            bytes += record.id.len() + record.text.as_ref().map_or(0, String::len) + json.len();
            // Copying a value of a vector takes about as long as converting a byte of text.
            bytes += record.vector.as_ref().map_or(0, Vec::len);
            metadata.push_str(json);
            numbers.extend([record.created_ms as f64, record.updated_ms as f64, score, distance]);
            ids.push(Some(record.id));
            texts.push(record.text);
            vectors.extend(record.vector.into_iter().flatten());
            namespaces.extend(namespace.map(|path| path.to_vec()));
            explanations.extend(explanation.map(|explanation| explanation.to_json()));
        }
        metadata.push(']');
        RecordColumns {
            ids,
            texts,
            metadata,
            numbers: Doubles(numbers),
            vectors: Some(vectors).filter(|vectors| !vectors.is_empty()).map(Floats),
            namespaces: Some(namespaces).filter(|namespaces| !namespaces.is_empty()),
            explanations: Some(explanations).filter(|explanations| !explanations.is_empty()),
            counts: None,
            rest: None,
        }
    }
}

/// Ids, some of those asked for.
#[napi(object, object_from_js = false)]
pub struct IdColumn {
    /// The ids.
    pub ids: Vec<String>,
    /// Those that did not fit.
    pub rest: Option<IdRows>,
}

impl IdColumn {
    pub(crate) fn new(ids: Vec<String>) -> Self {
        let mut rows = IdRows(ids.into_iter());
        let ids = rows.0.by_ref().take(SLICE_IDS).collect();
        Self { ids, rest: Some(rows).filter(|rows| rows.0.len() > 0) }
    }
}

/// Ids in a slice.
const SLICE_IDS: usize = 256;

/// Ids that wait to be handed over.
#[napi]
pub struct IdRows(IntoIter<String>);

#[napi]
impl IdRows {
    /// The next slice; empty when nothing is left.
    #[napi(catch_unwind)]
    pub fn more(&mut self) -> Vec<String> {
        self.0.by_ref().take(SLICE_IDS).collect()
    }
}

/// Found ids.
#[napi(object, object_from_js = false)]
pub struct IdHitColumns {
    /// The ids, best first, one behind the other: one string is made in the time of two.
    pub ids: String,
    /// For each id: where it ends in UTF-16 units, score, distance.
    #[napi(ts_type = "Float64Array")]
    pub numbers: Doubles,
    /// The namespace of each id, if several were searched.
    pub namespaces: Option<Vec<Vec<String>>>,
    /// How many ids there are for each query, if there were several; with the first slice only.
    pub counts: Option<Vec<u32>>,
    /// Those that did not fit.
    pub rest: Option<IdHitRows>,
}

impl IdHitColumns {
    pub(crate) fn new(hits: Vec<IdHit>) -> Self {
        let mut rows = IdHitRows(hits.into_iter());
        let mut columns = rows.more();
        columns.rest = Some(rows).filter(|rows| rows.0.len() > 0);
        columns
    }

    pub(crate) fn of_searches(hits: Vec<Vec<IdHit>>) -> Self {
        let counts = Some(counts(&hits));
        Self { counts, ..Self::new(hits.into_iter().flatten().collect()) }
    }
}

/// Found ids that wait to be handed over.
#[napi]
pub struct IdHitRows(IntoIter<IdHit>);

#[napi]
impl IdHitRows {
    /// The next slice; empty when nothing is left.
    #[napi(catch_unwind)]
    pub fn more(&mut self) -> IdHitColumns {
        let (mut ids, mut numbers, mut namespaces) = (String::new(), Vec::new(), Vec::new());
        let mut end = 0;
        for hit in self.0.by_ref().take(SLICE_IDS) {
            ids.push_str(&hit.id);
            end += hit.id.encode_utf16().count();
            let distance = hit.distance.map_or(f64::NAN, f64::from);
            numbers.extend([end as f64, f64::from(hit.score), distance]);
            namespaces.extend(hit.namespace.map(|path| path.to_vec()));
        }
        let namespaces = Some(namespaces).filter(|namespaces| !namespaces.is_empty());
        IdHitColumns { ids, numbers: Doubles(numbers), namespaces, counts: None, rest: None }
    }
}
