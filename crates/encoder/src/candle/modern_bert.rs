//! `ModernBERT`, as `candle-transformers` has it.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::modernbert::{Config, ModernBert};

use super::Body;
use super::architecture::{Shape, Spans};
use super::tensors::Tensors;
use crate::Error;

pub(super) struct Model(ModernBert);

/// All tensors, by the names that candle has for them. The first layer has no normalisation before its attention;
/// candle would take one.
pub(super) fn read(shape: &Shape, tensors: &mut Tensors<'_>) -> std::result::Result<(), Error> {
    let (hidden, intermediate) = (shape.hidden, shape.intermediate);
    let mut read =
        |name: &str, shape: &[usize]| tensors.read_as(name, &format!("model.{name}"), shape);
    read("embeddings.tok_embeddings.weight", &[shape.vocabulary, hidden])?;
    read("embeddings.norm.weight", &[hidden])?;
    for layer in 0..shape.layers {
        let name = |part: &str| format!("layers.{layer}.{part}.weight");
        if layer > 0 {
            read(&name("attn_norm"), &[hidden])?;
        }
        read(&name("attn.Wqkv"), &[3 * hidden, hidden])?;
        read(&name("attn.Wo"), &[hidden, hidden])?;
        read(&name("mlp_norm"), &[hidden])?;
        read(&name("mlp.Wi"), &[2 * intermediate, hidden])?;
        read(&name("mlp.Wo"), &[hidden, intermediate])?;
    }
    read("final_norm.weight", &[hidden])
}

impl Model {
    pub(super) fn new(
        shape: &Shape,
        spans: &Spans,
        max_tokens: usize,
        tensors: VarBuilder<'_>,
    ) -> Result<Self> {
        let config = Config {
            vocab_size: shape.vocabulary,
            hidden_size: shape.hidden,
            num_hidden_layers: shape.layers,
            num_attention_heads: shape.heads,
            intermediate_size: shape.intermediate,
            max_position_embeddings: max_tokens,
            layer_norm_eps: shape.epsilon,
            // Nothing is padded.
            pad_token_id: 0,
            global_attn_every_n_layers: spans.global_every,
            global_rope_theta: spans.global_theta,
            local_attention: spans.local_attention,
            local_rope_theta: spans.local_theta,
            classifier_config: None,
        };
        ModernBert::load(tensors, &config).map(Self)
    }
}

impl Body for Model {
    fn token_vectors(&self, ids: &Tensor) -> Result<Tensor> {
        self.0.forward(ids, &ids.ones_like()?)
    }
}
