//! Which collection and namespace an operation is about, and what the collection must be like.

use std::sync::Arc;

use hippocamp_index::{IndexKind, Metric};
use hippocamp_store::CollectionRow;
use serde_json::{Map, Value, json};

use crate::Error;

/// A collection as the caller expects it, and a namespace in it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: Arc<str>,
    pub(crate) namespace: Arc<[u8]>,
    pub(crate) dimension: usize,
    pub(crate) metric: Metric,
    pub(crate) index: IndexKind,
    pub(crate) fingerprint: Option<Arc<str>>,
}

impl Target {
    /// # Errors
    /// [`Error::CollectionMismatch`] when the stored collection is another one than this expects.
    pub(crate) fn check(&self, row: &CollectionRow) -> Result<(), Error> {
        let stored = Self::of(row, &self.namespace)?;
        let differs = |what: &str, stored: &str, asked: &str| {
            Err(Error::CollectionMismatch(format!(
                "collection \"{}\" has {what} {stored}, not {asked}: open it with {stored}, or use another collection",
                self.name
            )))
        };
        if stored.dimension != self.dimension {
            return differs(
                "dimension",
                &stored.dimension.to_string(),
                &self.dimension.to_string(),
            );
        }
        if stored.metric != self.metric {
            return differs("metric", stored.metric.as_str(), self.metric.as_str());
        }
        if stored.index != self.index {
            return differs("index", stored.index.as_str(), self.index.as_str());
        }
        if stored.fingerprint != self.fingerprint {
            let (stored, asked) = (stored.fingerprint.as_deref(), self.fingerprint.as_deref());
            return differs("vectors of", &describe(stored), &describe(asked));
        }
        Ok(())
    }

    /// The settings of a collection that is made.
    pub(crate) fn settings(&self) -> String {
        match self.index {
            IndexKind::Native => "{}".to_owned(),
            IndexKind::Hnsw => json!({ "index": self.index.as_str() }).to_string(),
        }
    }

    /// The stored collection's own properties.
    pub(crate) fn of(row: &CollectionRow, namespace: &Arc<[u8]>) -> Result<Self, Error> {
        let metric = row.metric.parse().map_err(|_| {
            Error::CollectionMismatch(format!(
                "collection \"{}\" has metric \"{}\", which this version does not know: use a newer version",
                row.name, row.metric
            ))
        })?;
        Ok(Self {
            name: row.name.as_str().into(),
            namespace: Arc::clone(namespace),
            dimension: row.dimension,
            metric,
            index: index_of(row)?,
            fingerprint: row.fingerprint.as_deref().map(Into::into),
        })
    }
}

/// What is not as usual is in the settings.
fn index_of(row: &CollectionRow) -> Result<IndexKind, Error> {
    let settings = serde_json::from_str::<Map<String, Value>>(&row.settings).ok();
    let index = settings.map(|mut settings| settings.remove("index"));
    let index = match index {
        Some(None) => Some(IndexKind::default()),
        Some(Some(Value::String(name))) => name.parse().ok(),
        _ => None,
    };
    index.ok_or_else(|| {
        Error::CollectionMismatch(format!(
            "collection \"{}\" has settings {}, which this version does not know: use a newer version",
            row.name, row.settings
        ))
    })
}

/// A document fingerprint in a message: the beginning of the encoder's, and the prompt if there is one.
pub(crate) fn describe(fingerprint: Option<&str>) -> String {
    match fingerprint.map(|f| f.split_once(' ').unwrap_or((f, ""))) {
        None => "no encoder".to_owned(),
        Some((encoder, "")) => format!("encoder {}", encoder.get(..12).unwrap_or(encoder)),
        Some((encoder, prompt)) => {
            format!(
                "encoder {} with document prompt {prompt}",
                encoder.get(..12).unwrap_or(encoder)
            )
        }
    }
}
