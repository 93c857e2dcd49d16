//! `config.json` of a reranker: that it gives one score, and what is done to it.

use serde_json::Value;

use super::Fields;
use crate::Error;

/// What is done to the number that the network gives a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScoreActivation {
    Identity,
    /// `1 / (1 + exp(-x))`: scores from 0 to 1.
    Sigmoid,
}

impl ScoreActivation {
    /// What sentence-transformers would take: what the file says, or else sigmoid.
    ///
    /// # Errors
    /// A model that does not give one score, or another activation.
    pub(crate) fn load(fields: &Fields<'_>) -> Result<Self, Error> {
        check_architecture(fields)?;
        check_labels(fields)?;
        let newer =
            fields.get("sentence_transformers").and_then(|section| section.get("activation_fn"));
        // As sentence-transformers wrote it before its version 4.
        let older = || fields.get("sbert_ce_default_activation_function");
        let Some(stated) = newer.filter(|stated| !stated.is_null()).or_else(older) else {
            return Ok(Self::Sigmoid);
        };
        let class = stated.as_str().and_then(|path| path.rsplit('.').next());
        match class {
            Some("Identity") => Ok(Self::Identity),
            Some("Sigmoid") => Ok(Self::Sigmoid),
            _ => Err(fields.unsupported(format!(
                "activation_fn {stated} is not supported; supported are: Identity, Sigmoid"
            ))),
        }
    }

    pub(crate) fn apply(self, score: f32) -> f32 {
        match self {
            Self::Identity => score,
            Self::Sigmoid => (1.0 / (1.0 + (-f64::from(score)).exp())) as f32,
        }
    }
}

fn check_architecture(fields: &Fields<'_>) -> Result<(), Error> {
    let Some(names) = fields.get("architectures").and_then(Value::as_array) else { return Ok(()) };
    let is_classifier = |name: &Value| {
        name.as_str().is_some_and(|name| name.ends_with("ForSequenceClassification"))
    };
    if names.is_empty() || names.iter().any(is_classifier) {
        return Ok(());
    }
    Err(fields.unsupported(format!(
        "architectures is {}, a reranker's ends with ForSequenceClassification: load it as an encoder",
        Value::from(names.clone())
    )))
}

fn check_labels(fields: &Fields<'_>) -> Result<(), Error> {
    let named = fields.get("id2label").and_then(Value::as_object).map(serde_json::Map::len);
    let labels = match named {
        Some(labels) => labels,
        // Without any word of them, transformers takes two.
        None => fields.count_or("num_labels", 2)?,
    };
    if labels == 1 {
        return Ok(());
    }
    Err(fields.unsupported(format!(
        "has {labels} labels, a reranker has 1: models that tell classes apart are not supported"
    )))
}
