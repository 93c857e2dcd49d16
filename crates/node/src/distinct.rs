//! Records that are stored unless there is one like them, as they come from JavaScript and go back.

use hippocamp_engine::{Added, DistinctOptions, MetadataChange};
use napi_derive::napi;

/// When records are alike, and what becomes of them.
#[napi(object, object_to_js = false)]
pub struct NativeDistinctOptions {
    /// From which cosine on.
    pub similarity: f64,
    /// Whether they must have the same words too.
    pub same_words: bool,
    /// A filter as JSON.
    pub filter: Option<String>,
    /// Whether they are stored all the same.
    pub keep: bool,
    /// Metadata of the record that is there: values, as JSON.
    pub set: Option<String>,
    /// And keys that are removed.
    pub unset: Option<Vec<String>>,
}

impl NativeDistinctOptions {
    pub(crate) fn into_engine(self) -> DistinctOptions {
        let unset = self.unset.unwrap_or_default();
        DistinctOptions {
            similarity: self.similarity as f32,
            same_words: self.same_words,
            filter: self.filter,
            keep: self.keep,
            change: self.set.map(|set| MetadataChange { set, unset }),
        }
    }
}

/// What became of a record.
#[napi(object, object_from_js = false)]
pub struct NativeAdded {
    /// Its id, or that of the record that it is like.
    pub id: String,
    /// The record that it is like.
    pub similar: Option<NativeSimilar>,
}

/// A record that is like another.
#[napi(object, object_from_js = false)]
pub struct NativeSimilar {
    /// Its id.
    pub id: String,
    /// The cosine of their vectors.
    pub similarity: f64,
}

impl From<Added> for NativeAdded {
    fn from(Added { id, similar }: Added) -> Self {
        let similar = similar.map(|similar| NativeSimilar {
            id: similar.id,
            similarity: f64::from(similar.similarity),
        });
        Self { id, similar }
    }
}
