//! `config.json`: which network the weights are for.
//!
//! Every number is checked here against what a network can be, and again, tensor by tensor, against the weights,
//! so that nothing is ever allocated because a configuration says so.

mod fields;
mod scoring;

use hippocamp_simd::{Activation, Precision};
use serde::Serialize;

use crate::Error;
use crate::candle;
use crate::family::Family;
use crate::folder::Folder;
use crate::relative::BUCKETS;

pub(crate) use fields::{Fields, MAX_COUNT};
pub(crate) use scoring::ScoreActivation;

pub(crate) const FILE: &str = "config.json";
/// Largest vector dimension anywhere in hippocamp.
pub(crate) const MAX_HIDDEN: usize = 16_384;

/// What is to be built from the weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
// The fingerprint of a network on the fast path has no name of the variant in it.
#[serde(untagged)]
pub(crate) enum Design {
    Fast(Architecture),
    Candle(candle::Architecture),
}

impl Design {
    /// Reads and checks `config.json`.
    pub(crate) fn load(folder: &Folder) -> Result<Self, Error> {
        Self::of(&Fields::load(folder)?)
    }

    fn of(fields: &Fields<'_>) -> Result<Self, Error> {
        let Some(model_type) = fields.text("model_type")? else {
            return Err(
                fields.unsupported(format!("has no model_type; supported are: {SUPPORTED}"))
            );
        };
        if let Some(architecture) = candle::Architecture::of(model_type, fields)? {
            return Ok(Self::Candle(architecture));
        }
        match Family::of(model_type) {
            Some(family) => Architecture::load(family, fields).map(Self::Fast),
            None => Err(fields.unsupported(format!(
                "model_type \"{model_type}\" is not supported; supported are: {SUPPORTED}"
            ))),
        }
    }

    /// Values in a token's vector.
    pub(crate) fn hidden(&self) -> usize {
        match self {
            Self::Fast(architecture) => architecture.hidden,
            Self::Candle(architecture) => architecture.shape.hidden,
        }
    }

    /// Rows of the token table.
    pub(crate) fn vocabulary(&self) -> usize {
        match self {
            Self::Fast(architecture) => architecture.vocabulary,
            Self::Candle(architecture) => architecture.shape.vocabulary,
        }
    }

    /// Tokens that there are positions for.
    pub(crate) fn max_tokens(&self) -> usize {
        match self {
            Self::Fast(architecture) => architecture.max_tokens(),
            Self::Candle(architecture) => architecture.shape.positions,
        }
    }

    /// Whether vectors of which only the first values are taken go through a layer normalisation before, as the card of
    /// nomic-embed-text-v1.5 has it.
    pub(crate) fn standardizes_before_truncation(&self) -> bool {
        matches!(self, Self::Candle(architecture) if architecture.is_nomic())
    }

    /// Tokens that are looked at when nobody says otherwise.
    pub(crate) fn default_max_tokens(&self) -> usize {
        match self {
            Self::Fast(architecture) => architecture.max_tokens(),
            Self::Candle(_) => candle::DEFAULT_MAX_TOKENS,
        }
    }
}

/// `model_type`s that are built here, for messages.
const SUPPORTED: &str = "bert, camembert, distilbert, mpnet, roberta, xlm-roberta; \
     modernbert, nomic_bert and JinaBERTs";

/// The network's shape and constants: with the weights, all that decides its outputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Architecture {
    /// Not part of the fingerprint: there, the names of the tensors tell families apart.
    #[serde(skip)]
    pub(crate) family: Family,
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
    /// Rows of the token type table; 0 when there is none.
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
    /// Reads and checks the `config.json` of a reranker.
    pub(crate) fn load_for_pairs(folder: &Folder) -> Result<(Self, ScoreActivation), Error> {
        let fields = Fields::load(folder)?;
        let activation = ScoreActivation::load(&fields)?;
        match Design::of(&fields)? {
            Design::Fast(architecture) => Ok((architecture, activation)),
            Design::Candle(_) => Err(fields.unsupported(
                "is of an architecture whose rerankers are not supported; \
                 supported are those of: bert, camembert, distilbert, mpnet, roberta, xlm-roberta",
            )),
        }
    }

    /// Reads and checks the rest of `config.json`.
    fn load(family: Family, fields: &Fields<'_>) -> Result<Self, Error> {
        check_kind(family, fields)?;
        let keys = family.keys();
        let hidden = fields.count(keys.hidden, MAX_HIDDEN)?;
        let heads = fields.count(keys.heads, MAX_HIDDEN)?;
        fields.check_heads((keys.hidden, hidden), (keys.heads, heads))?;
        let positions = fields.count("max_position_embeddings", MAX_COUNT)?;
        let first_position = first_position(family, fields)?;
        if first_position >= positions {
            return Err(fields.invalid(format!(
                "max_position_embeddings {positions} leaves no position for a token: \
                 positions start at {first_position}; fetch the model again"
            )));
        }
        Ok(Self {
            family,
            hidden,
            layers: fields.count(keys.layers, MAX_COUNT)?,
            heads,
            intermediate: fields.count(keys.intermediate, MAX_COUNT)?,
            activation: HiddenActivation::load(fields, keys.activation)?,
            epsilon: epsilon(family, fields)?,
            vocabulary: fields.count("vocab_size", MAX_COUNT)?,
            positions,
            first_position,
            token_types: if family.has_token_types() {
                fields.count_or("type_vocab_size", 2)?
            } else {
                0
            },
        })
    }

    /// Values in the vector of one attention head.
    pub(crate) fn head_dimension(&self) -> usize {
        self.hidden.checked_div(self.heads).unwrap_or_default()
    }

    /// Whether all its products can be those of bytes.
    pub(crate) fn fits_bytes(&self) -> bool {
        self.hidden.max(self.intermediate) <= Precision::MOST_INPUTS_OF_INT8
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

impl HiddenActivation {
    fn load(fields: &Fields<'_>, name: &str) -> Result<Self, Error> {
        match fields.text(name)?.unwrap_or("gelu") {
            "gelu" => Ok(Self::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" => Ok(Self::GeluTanh),
            "relu" => Ok(Self::Relu),
            other => Err(fields.unsupported(format!(
                "{name} \"{other}\" is not supported; supported are: gelu, gelu_new, gelu_pytorch_tanh, relu"
            ))),
        }
    }
}

/// That all that `config.json` asks of the family is built here.
fn check_kind(family: Family, fields: &Fields<'_>) -> Result<(), Error> {
    if let Some(other) = fields.text("position_embedding_type")?.filter(|kind| *kind != "absolute")
    {
        return Err(fields.unsupported(format!(
            "position_embedding_type \"{other}\" is not supported; supported is: absolute"
        )));
    }
    if fields.flag("is_decoder")? {
        return Err(fields.unsupported(
            "is_decoder is true, only encoders are supported: take an encoder model",
        ));
    }
    let buckets = fields.count_or("relative_attention_num_buckets", BUCKETS)?;
    if family == Family::Mpnet && buckets != BUCKETS {
        return Err(fields.unsupported(format!(
            "relative_attention_num_buckets {buckets} is not supported; supported is: {BUCKETS}"
        )));
    }
    Ok(())
}

/// BERT's and `DistilBERT`'s positions start at 0. `RoBERTa`'s start behind the padding token's, which is 1 where
/// none is named, and `MPNet`'s behind 1 whatever is named.
fn first_position(family: Family, fields: &Fields<'_>) -> Result<usize, Error> {
    Ok(match family {
        Family::Bert | Family::DistilBert => 0,
        Family::Roberta => fields.row_or("pad_token_id", 1)? + 1,
        Family::Mpnet => 2,
    })
}

fn epsilon(family: Family, fields: &Fields<'_>) -> Result<f32, Error> {
    const DEFAULT: f64 = 1e-12;
    match family {
        // Its configuration has no such field.
        Family::DistilBert => Ok(DEFAULT as f32),
        _ => Ok(fields.positive_or("layer_norm_eps", DEFAULT, 1.0)? as f32),
    }
}
