//! What a caller may change about a model when loading it.

use std::collections::BTreeMap;

use hippocamp_simd::{Level, Precision};
use serde::Serialize;

/// Changes to what the model folder says. The default changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Longest text in tokens, special tokens included; longer ones are cut. The model's own limits stay in force.
    pub max_tokens: Option<usize>,
    /// Another pooling than the folder's.
    pub pooling: Option<Pooling>,
    /// Whether vectors are scaled to length 1 at the end.
    pub normalize: Option<bool>,
    /// Only so many of a vector's values, the first ones: for models that were trained so that these are a vector
    /// of their own (Kusupati et al., 2022, Matryoshka representations).
    pub dimensions: Option<usize>,
    /// Prompts that are added to the folder's, or replace those of the same name. Known models whose folders state
    /// no prompts have those of their model cards.
    pub prompts: BTreeMap<String, String>,
    /// The instruction set, instead of the process-wide choice.
    pub level: Option<Level>,
    /// The form of weights and activations in matrix products. None: the fastest one with which the model's vectors stay
    /// those of f32, as far as searches can tell (see `precision.rs`).
    pub precision: Option<Precision>,
}

/// How the vectors of a text's tokens become the vector of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean, special tokens included.
    Mean,
    /// The vector of the first token.
    Cls,
    /// The largest value in each dimension.
    Max,
}
