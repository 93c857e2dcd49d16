//! `config.json` of the architectures that candle runs.
//!
//! What it can ask for and candle does not do (biases, other activations, scaled rotations) is refused by name:
//! leaving it out would give other vectors than the model's.

use serde::Serialize;
use serde_json::Value;

use crate::Error;
use crate::config::{Fields, MAX_COUNT, MAX_HIDDEN};

/// Without a table of positions, no tensor justifies this number; tables of rotations grow with it.
const MAX_POSITIONS: usize = 1 << 17;

/// A network's shape and constants: with the weights, all that decides its outputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Architecture {
    pub(crate) shape: Shape,
    pub(super) kind: Kind,
}

/// What all of them have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Shape {
    /// Values in a token's vector.
    pub(crate) hidden: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    /// Values in the middle of a feed-forward block, behind its gate.
    pub(super) intermediate: usize,
    /// Added to the variance in layer normalisation.
    pub(super) epsilon: f64,
    /// Rows of the token table.
    pub(crate) vocabulary: usize,
    /// Tokens of the longest text.
    pub(crate) positions: usize,
}

/// What sets them apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) enum Kind {
    /// `ModernBERT` (Warner et al., 2024): layers that see the whole text, others that see the tokens nearby.
    Modern(Spans),
    /// `NomicBERT` (Nussbaum et al., 2024): rotated positions, gated feed-forward blocks.
    Nomic { theta: f64, token_types: usize },
    /// `JinaBERT` (Günther et al., 2023): attention biased by distance, gated feed-forward blocks.
    Jina { token_types: usize },
}

/// How far the layers of a `ModernBERT` see, and the bases of their rotations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Spans {
    /// Every so many layers, beginning with the first, one sees the whole text.
    pub(super) global_every: usize,
    pub(super) global_theta: f64,
    /// Tokens that the others see, half of them before.
    pub(super) local_attention: usize,
    pub(super) local_theta: f64,
}

impl Architecture {
    /// Reads the rest of `config.json`, when it is for one of these.
    pub(crate) fn of(model_type: &str, fields: &Fields<'_>) -> Result<Option<Self>, Error> {
        match model_type {
            "modernbert" => modern_bert(fields).map(Some),
            "nomic_bert" => nomic_bert(fields).map(Some),
            // Its own files call it a BERT.
            "bert" if fields.text("position_embedding_type")? == Some("alibi") => {
                jina_bert(fields).map(Some)
            }
            "jina_bert" => jina_bert(fields).map(Some),
            _ => Ok(None),
        }
    }

    pub(crate) fn is_nomic(&self) -> bool {
        matches!(self.kind, Kind::Nomic { .. })
    }

    /// A tensor that the weights must have.
    pub(super) fn token_table(&self) -> &'static str {
        match self.kind {
            Kind::Modern(_) => "embeddings.tok_embeddings.weight",
            Kind::Nomic { .. } | Kind::Jina { .. } => "embeddings.word_embeddings.weight",
        }
    }
}

/// Names of the numbers that all have.
struct Keys {
    hidden: &'static str,
    layers: &'static str,
    heads: &'static str,
    intermediate: &'static str,
    epsilon: &'static str,
    positions: &'static str,
}

const KEYS: Keys = Keys {
    hidden: "hidden_size",
    layers: "num_hidden_layers",
    heads: "num_attention_heads",
    intermediate: "intermediate_size",
    epsilon: "layer_norm_eps",
    positions: "max_position_embeddings",
};

fn shape(fields: &Fields<'_>, keys: &Keys, epsilon: f64) -> Result<Shape, Error> {
    let hidden = fields.count(keys.hidden, MAX_HIDDEN)?;
    let heads = fields.count(keys.heads, MAX_HIDDEN)?;
    fields.check_heads((keys.hidden, hidden), (keys.heads, heads))?;
    Ok(Shape {
        hidden,
        layers: fields.count(keys.layers, MAX_COUNT)?,
        heads,
        intermediate: fields.count(keys.intermediate, MAX_COUNT)?,
        epsilon: fields.positive_or(keys.epsilon, epsilon, 1.0)?,
        vocabulary: fields.count("vocab_size", MAX_COUNT)?,
        positions: fields.count(keys.positions, MAX_POSITIONS)?,
    })
}

fn modern_bert(fields: &Fields<'_>) -> Result<Architecture, Error> {
    for name in ["attention_bias", "mlp_bias", "norm_bias"] {
        must_be(fields, name, false)?;
    }
    must_say(fields, "hidden_activation", "gelu")?;
    let keys = Keys { epsilon: "norm_eps", ..KEYS };
    let shape = shape(fields, &keys, 1e-5)?;
    check_rotation(fields, &shape)?;
    let global_every = fields.count_or("global_attn_every_n_layers", 3)?;
    check_layer_types(fields, &shape, global_every)?;
    let global_theta = match rotation(fields, Some("full_attention"))? {
        Some(theta) => theta,
        None => theta_or(fields, "global_rope_theta", 160_000.0)?,
    };
    let local_theta = match rotation(fields, Some("sliding_attention"))? {
        Some(theta) => theta,
        // Written as null, it is the other one.
        None if fields.says_null("local_rope_theta") => global_theta,
        None => theta_or(fields, "local_rope_theta", 10_000.0)?,
    };
    let local_attention = fields.count_or("local_attention", 128)?;
    let spans = Spans { global_every, global_theta, local_attention, local_theta };
    Ok(Architecture { shape, kind: Kind::Modern(spans) })
}

fn nomic_bert(fields: &Fields<'_>) -> Result<Architecture, Error> {
    let (keys, theta) = if fields.get("n_embd").is_some() {
        // As the model's own code writes it. Where it says nothing of a bias, there is one.
        for name in ["qkv_proj_bias", "mlp_fc1_bias", "mlp_fc2_bias"] {
            if fields.get(name) != Some(&Value::Bool(false)) {
                return Err(fields.unsupported(format!("{name} is not false: {ONLY}")));
            }
        }
        for name in
            ["prenorm", "parallel_block", "use_rms_norm", "rotary_emb_interleaved", "causal"]
        {
            must_be(fields, name, false)?;
        }
        for name in ["rotary_emb_scale_base", "rotary_scaling_factor", "num_experts"] {
            if let Some(value) = fields.get(name).filter(|value| **value != 0) {
                return Err(fields.unsupported(format!("{name} is {value}: {ONLY}")));
            }
        }
        if fields.get("rotary_emb_fraction").and_then(Value::as_f64) != Some(1.0) {
            return Err(fields.unsupported(format!("rotary_emb_fraction is not 1: {ONLY}")));
        }
        if fields.text("activation_function")? != Some("swiglu") {
            return Err(fields.unsupported(format!("activation_function is not swiglu: {ONLY}")));
        }
        let keys = Keys {
            hidden: "n_embd",
            layers: "n_layer",
            heads: "n_head",
            intermediate: "n_inner",
            epsilon: "layer_norm_epsilon",
            positions: "n_positions",
        };
        (keys, theta_or(fields, "rotary_emb_base", 10_000.0)?)
    } else {
        must_say(fields, "hidden_act", "silu")?;
        (KEYS, rotation(fields, None)?.unwrap_or(1_000.0))
    };
    let shape = shape(fields, &keys, 1e-12)?;
    check_rotation(fields, &shape)?;
    let token_types = fields.count_or("type_vocab_size", 2)?;
    Ok(Architecture { shape, kind: Kind::Nomic { theta, token_types } })
}

/// What is said of `NomicBERT`s of another make.
const ONLY: &str = "supported are NomicBERTs like nomic-embed-text-v1.5";

fn jina_bert(fields: &Fields<'_>) -> Result<Architecture, Error> {
    if fields.text("position_embedding_type")? != Some("alibi") {
        return Err(fields.unsupported("position_embedding_type is not alibi: it is no JinaBERT"));
    }
    let feed_forward = fields.text("feed_forward_type")?.unwrap_or("original");
    if feed_forward != "geglu" {
        return Err(fields.unsupported(format!(
            "feed_forward_type \"{feed_forward}\" is not supported; supported is: geglu"
        )));
    }
    must_be(fields, "is_decoder", false)?;
    let shape = shape(fields, &KEYS, 1e-12)?;
    let token_types = fields.count_or("type_vocab_size", 2)?;
    Ok(Architecture { shape, kind: Kind::Jina { token_types } })
}

fn must_be(fields: &Fields<'_>, name: &str, expected: bool) -> Result<(), Error> {
    if fields.flag(name)? == expected {
        return Ok(());
    }
    Err(fields.unsupported(format!("{name} is {}, supported is: {expected}", !expected)))
}

fn must_say(fields: &Fields<'_>, name: &str, expected: &str) -> Result<(), Error> {
    match fields.text(name)?.filter(|found| *found != expected) {
        None => Ok(()),
        Some(found) => Err(fields
            .unsupported(format!("{name} \"{found}\" is not supported; supported is: {expected}"))),
    }
}

/// Rotations turn pairs of values.
fn check_rotation(fields: &Fields<'_>, shape: &Shape) -> Result<(), Error> {
    if (shape.hidden / shape.heads.max(1)).is_multiple_of(2) {
        return Ok(());
    }
    Err(fields.invalid(format!(
        "{} values for {} heads leave an odd number for a head: the file is damaged, fetch the model again",
        shape.hidden, shape.heads
    )))
}

/// The base of the rotations that newer files state, for layers of a kind or for all.
fn rotation(fields: &Fields<'_>, layers: Option<&str>) -> Result<Option<f64>, Error> {
    let Some(mut stated) = fields.get("rope_parameters") else { return Ok(None) };
    if let Some(of_layers) = layers.and_then(|layers| stated.get(layers)) {
        stated = of_layers;
    }
    match stated.get("rope_type").and_then(Value::as_str) {
        None | Some("default") => {}
        Some(other) => {
            return Err(fields.unsupported(format!(
                "rope_type \"{other}\" is not supported; supported is: default"
            )));
        }
    }
    let Some(theta) = stated.get("rope_theta") else { return Ok(None) };
    check_theta(fields, "rope_theta", theta).map(Some)
}

fn theta_or(fields: &Fields<'_>, name: &str, default: f64) -> Result<f64, Error> {
    fields.get(name).map_or(Ok(default), |theta| check_theta(fields, name, theta))
}

fn check_theta(fields: &Fields<'_>, name: &str, theta: &Value) -> Result<f64, Error> {
    theta.as_f64().filter(|theta| (1.0..=1e12).contains(theta)).ok_or_else(|| {
        fields.invalid(format!("{name} is {theta}, expected 1 to 1e12: fetch the model again"))
    })
}

/// Newer files name the kind of each layer; candle counts them.
fn check_layer_types(fields: &Fields<'_>, shape: &Shape, global_every: usize) -> Result<(), Error> {
    let Some(types) = fields.get("layer_types") else { return Ok(()) };
    let expected = (0..shape.layers).map(|layer| {
        if layer.is_multiple_of(global_every) { "full_attention" } else { "sliding_attention" }
    });
    let agree = types.as_array().is_some_and(|types| {
        types.len() == shape.layers && types.iter().zip(expected).all(|(found, one)| found == one)
    });
    if agree {
        return Ok(());
    }
    Err(fields.unsupported(format!(
        "layer_types is not full_attention every {global_every} layers and sliding_attention \
         between: no other order is supported"
    )))
}
