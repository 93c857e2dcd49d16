//! Which collection and namespace an operation is about, and what the collection must be like.

use std::sync::Arc;

use hippocamp_index::{IndexOptions, Language, Metric};
use hippocamp_store::CollectionRow;
use serde_json::{Map, Value};

use crate::Error;
use crate::turns::Turns;

/// A collection as the caller expects it, and a namespace in it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: Arc<str>,
    pub(crate) namespace: Arc<[u8]>,
    pub(crate) dimension: usize,
    /// Whether records have vectors. Where they have none, each has the same one in a dimension of 1.
    pub(crate) vectors: bool,
    pub(crate) metric: Metric,
    pub(crate) index: IndexOptions,
    pub(crate) language: Language,
    /// Where metadata say of which conversation a record is a turn, if records are.
    pub(crate) turns: Option<Turns>,
    pub(crate) fingerprint: Option<Arc<str>>,
}

impl Target {
    /// Enough of one for operations that take a collection as it is.
    pub(crate) fn bare(name: Arc<str>, namespace: Arc<[u8]>) -> Self {
        Self {
            name,
            namespace,
            dimension: 0,
            vectors: true,
            metric: Metric::default(),
            index: IndexOptions::default_of(0, Metric::default()),
            language: Language::default(),
            turns: None,
            fingerprint: None,
        }
    }

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
        if stored.vectors != self.vectors {
            let shown = |vectors| if vectors { "vectors" } else { "no vectors" };
            return differs("records with", shown(stored.vectors), shown(self.vectors));
        }
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
        for ((what, stored), (_, asked)) in stored.choices().into_iter().zip(self.choices()) {
            if stored != asked {
                return differs(what, &shown(&stored), &shown(&asked));
            }
        }
        if stored.fingerprint != self.fingerprint {
            let (stored, asked) = (stored.fingerprint.as_deref(), self.fingerprint.as_deref());
            return differs("vectors of", &describe(stored), &describe(asked));
        }
        Ok(())
    }

    /// # Errors
    /// [`Error::InvalidArgument`] when its records have no vectors, which this needs.
    pub(crate) fn needs_vectors(&self, what: &str) -> Result<(), Error> {
        if self.vectors {
            return Ok(());
        }
        Err(Error::InvalidArgument(format!(
            "{what} needs vectors, and collection \"{}\" was made without (vectors: false): search it with a text, in mode \"lexical\", or make another collection",
            self.name
        )))
    }

    /// The settings of a collection that is made.
    pub(crate) fn settings(&self) -> String {
        let index = IndexOptions::default_of(self.dimension, self.metric);
        let usual = Self {
            index,
            vectors: true,
            language: Language::default(),
            turns: None,
            ..self.clone()
        };
        let usual = usual.choices();
        let chosen = self.choices().into_iter().zip(usual);
        let chosen = chosen.filter(|(chosen, usual)| chosen != usual);
        let settings: Map<String, Value> =
            chosen.map(|((name, value), _)| (name.to_owned(), value)).collect();
        Value::Object(settings).to_string()
    }

    /// What else was chosen, by the names in settings and options.
    fn choices(&self) -> [(&'static str, Value); 6] {
        [
            ("vectors", self.vectors.into()),
            ("index", self.index.kind.as_str().into()),
            ("precision", self.index.rows.as_str().into()),
            ("targetRecall", decimal(self.index.target_recall).into()),
            ("language", self.language.code().into()),
            ("turns", self.turns.as_ref().map_or(Value::Null, Turns::to_json)),
        ]
    }

    /// The stored collection's own properties.
    pub(crate) fn of(row: &CollectionRow, namespace: &Arc<[u8]>) -> Result<Self, Error> {
        let metric = row.metric.parse().map_err(|_| {
            Error::CollectionMismatch(format!(
                "collection \"{}\" has metric \"{}\", which this version does not know: use a newer version",
                row.name, row.metric
            ))
        })?;
        let Settings { vectors, index, language, turns } = settings_of(row, metric)?;
        Ok(Self {
            name: row.name.as_str().into(),
            namespace: Arc::clone(namespace),
            dimension: row.dimension,
            vectors,
            metric,
            index,
            language,
            turns,
            fingerprint: row.fingerprint.as_deref().map(Into::into),
        })
    }
}

/// The decimal that was meant by an f32.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "false".to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

struct Settings {
    vectors: bool,
    index: IndexOptions,
    language: Language,
    turns: Option<Turns>,
}

/// What is not as usual is in the settings.
fn settings_of(row: &CollectionRow, metric: Metric) -> Result<Settings, Error> {
    let read = || {
        let settings: Map<String, Value> = serde_json::from_str(&row.settings).ok()?;
        let mut index = IndexOptions::default_of(row.dimension, metric);
        let (mut vectors, mut language, mut turns) = (true, Language::default(), None);
        for (name, value) in settings {
            match (name.as_str(), &value) {
                ("vectors", Value::Bool(has)) => vectors = *has,
                ("index", Value::String(kind)) => index.kind = kind.parse().ok()?,
                ("precision", Value::String(format)) => index.rows = format.parse().ok()?,
                ("targetRecall", Value::Number(recall)) => {
                    index.target_recall = recall.as_f64()? as f32;
                }
                ("language", Value::String(code)) => language = code.parse().ok()?,
                ("turns", paths) => turns = Some(Turns::from_json(paths)?),
                _ => return None,
            }
        }
        let possible = index.target_recall > 0.0 && index.target_recall <= 1.0;
        possible.then_some(Settings { vectors, index, language, turns })
    };
    read().ok_or_else(|| {
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
