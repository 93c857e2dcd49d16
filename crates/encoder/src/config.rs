//! `config.json`: which network the weights are for.
//!
//! BERT, `RoBERTa` and XLM-RoBERTa have the same forward pass; they differ in the position that a text's first
//! token has. Every number is checked here against what a network can be, and again, tensor by tensor, against
//! the weights, so that nothing is ever allocated because a configuration says so.

use hippocamp_simd::Activation;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::folder::Folder;

const FILE: &str = "config.json";
/// `model_type`s that are built here.
const SUPPORTED: &str = "bert, roberta, xlm-roberta";
/// Largest vector dimension anywhere in hippocamp.
const MAX_HIDDEN: u64 = 16_384;
/// Larger than any real number of layers, rows or positions; products of two cannot overflow.
const MAX_COUNT: u64 = 1 << 24;

/// The network's shape and constants: with the weights, all that decides its outputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Architecture {
    /// Values in a token's vector.
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    /// Values in the middle of a feed-forward block.
    pub(crate) intermediate: usize,
    pub(crate) activation: HiddenActivation,
    /// Added to the variance in layer normalisation.
    pub(crate) epsilon: f32,
    /// Rows of the token table.
    pub(crate) vocabulary: usize,
    /// Rows of the position table.
    pub(crate) positions: usize,
    /// Row of the position table that a text's first token takes.
    pub(crate) first_position: usize,
    /// Rows of the token type table.
    pub(crate) token_types: usize,
}

/// The activation of the feed-forward blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum HiddenActivation {
    Gelu,
    GeluTanh,
    Relu,
}

impl Architecture {
    /// Reads and checks `config.json`.
    pub(crate) fn load(folder: &Folder) -> Result<Self, Error> {
        let raw: RawConfig = folder.required(FILE)?;
        raw.check_kind(folder)?;
        let hidden = count(folder, "hidden_size", raw.hidden_size, MAX_HIDDEN)?;
        let heads = count(folder, "num_attention_heads", raw.num_attention_heads, MAX_HIDDEN)?;
        if !hidden.is_multiple_of(heads) {
            let problem = format!(
                "hidden_size {hidden} is not a multiple of num_attention_heads {heads}: \
                 the file is damaged, fetch the model again"
            );
            return Err(Error::invalid(&folder.file(FILE), problem));
        }
        let positions =
            count(folder, "max_position_embeddings", raw.max_position_embeddings, MAX_COUNT)?;
        let first_position = raw.first_position();
        if first_position >= positions {
            let problem = format!(
                "max_position_embeddings {positions} leaves no position for a token: \
                 positions start at {first_position}; fetch the model again"
            );
            return Err(Error::invalid(&folder.file(FILE), problem));
        }
        Ok(Self {
            hidden,
            layers: count(folder, "num_hidden_layers", raw.num_hidden_layers, MAX_COUNT)?,
            heads,
            intermediate: count(folder, "intermediate_size", raw.intermediate_size, MAX_COUNT)?,
            activation: raw.activation(folder)?,
            epsilon: raw.epsilon(folder)?,
            vocabulary: count(folder, "vocab_size", raw.vocab_size, MAX_COUNT)?,
            positions,
            first_position,
            token_types: count(folder, "type_vocab_size", raw.type_vocab_size, MAX_COUNT)?,
        })
    }

    /// Values in the vector of one attention head.
    pub(crate) fn head_dimension(&self) -> usize {
        self.hidden.checked_div(self.heads).unwrap_or_default()
    }

    /// Tokens that the position table has room for.
    pub(crate) fn max_tokens(&self) -> usize {
        self.positions.saturating_sub(self.first_position)
    }
}

impl From<HiddenActivation> for Activation {
    fn from(activation: HiddenActivation) -> Self {
        match activation {
            HiddenActivation::Gelu => Self::Gelu,
            HiddenActivation::GeluTanh => Self::GeluTanh,
            HiddenActivation::Relu => Self::Relu,
        }
    }
}

/// The file as it is written. Defaults are those of the `transformers` library, which leaves them out.
#[derive(Deserialize)]
struct RawConfig {
    model_type: Option<String>,
    hidden_size: u64,
    num_hidden_layers: u64,
    num_attention_heads: u64,
    intermediate_size: u64,
    max_position_embeddings: u64,
    vocab_size: u64,
    #[serde(default = "default_token_types")]
    type_vocab_size: u64,
    #[serde(default = "default_activation")]
    hidden_act: String,
    #[serde(default = "default_epsilon")]
    layer_norm_eps: f64,
    pad_token_id: Option<u32>,
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
}

fn default_token_types() -> u64 {
    2
}

fn default_activation() -> String {
    "gelu".to_owned()
}

fn default_epsilon() -> f64 {
    1e-12
}

impl RawConfig {
    fn check_kind(&self, folder: &Folder) -> Result<(), Error> {
        let unsupported = |problem: String| Err(Error::unsupported(&folder.file(FILE), problem));
        match self.model_type.as_deref() {
            Some("bert" | "roberta" | "xlm-roberta") => {}
            Some(other) => {
                return unsupported(format!(
                    "model_type \"{other}\" is not supported; supported are: {SUPPORTED}"
                ));
            }
            None => return unsupported(format!("has no model_type; supported are: {SUPPORTED}")),
        }
        match self.position_embedding_type.as_deref() {
            None | Some("absolute") => {}
            Some(other) => {
                return unsupported(format!(
                    "position_embedding_type \"{other}\" is not supported; supported is: absolute"
                ));
            }
        }
        if self.is_decoder {
            return unsupported(
                "is_decoder is true, only encoders are supported: take an encoder model".to_owned(),
            );
        }
        Ok(())
    }

    /// `RoBERTa`'s positions start behind the padding token's, BERT's at 0.
    fn first_position(&self) -> usize {
        match self.model_type.as_deref() {
            Some("bert") => 0,
            _ => self.pad_token_id.unwrap_or(1) as usize + 1,
        }
    }

    fn activation(&self, folder: &Folder) -> Result<HiddenActivation, Error> {
        match self.hidden_act.as_str() {
            "gelu" => Ok(HiddenActivation::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" => Ok(HiddenActivation::GeluTanh),
            "relu" => Ok(HiddenActivation::Relu),
            other => Err(Error::unsupported(
                &folder.file(FILE),
                format!(
                    "hidden_act \"{other}\" is not supported; supported are: gelu, gelu_new, gelu_pytorch_tanh, relu"
                ),
            )),
        }
    }

    fn epsilon(&self, folder: &Folder) -> Result<f32, Error> {
        let epsilon = self.layer_norm_eps as f32;
        if epsilon > 0.0 && epsilon <= 1.0 {
            return Ok(epsilon);
        }
        let problem = format!(
            "layer_norm_eps is {}, expected above 0 and at most 1: fetch the model again",
            self.layer_norm_eps
        );
        Err(Error::invalid(&folder.file(FILE), problem))
    }
}

fn count(folder: &Folder, name: &str, value: u64, limit: u64) -> Result<usize, Error> {
    if (1..=limit).contains(&value) {
        return Ok(value as usize);
    }
    let problem = format!(
        "{name} is {value}, expected 1 to {limit}: the file is damaged, fetch the model again"
    );
    Err(Error::invalid(&folder.file(FILE), problem))
}
