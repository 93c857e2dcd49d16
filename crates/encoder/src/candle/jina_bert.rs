//! `JinaBERT`, as `candle-transformers` has it.
//!
//! Candle's model holds a table of biases for every pair of places of the longest text, 3 GB for 8,192 tokens. So
//! the model is put together anew for each text, with a table of that text's length: as large as one layer's
//! scores. The tensors are shared.

use candle_core::{Result, Tensor};
use candle_nn::{Activation, Module, VarBuilder};
use candle_transformers::models::jina_bert::{BertModel, Config, PositionEmbeddingType};

use super::Body;
use super::architecture::Shape;
use super::tensors::Tensors;
use crate::Error;

pub(super) struct Model {
    tensors: VarBuilder<'static>,
    shape: Shape,
    token_types: usize,
}

pub(super) fn read(
    shape: &Shape,
    token_types: usize,
    tensors: &mut Tensors<'_>,
) -> std::result::Result<(), Error> {
    let (hidden, intermediate) = (shape.hidden, shape.intermediate);
    tensors.read_embeddings(shape, token_types)?;
    tensors.read_with_bias("embeddings.LayerNorm", &[hidden])?;
    for layer in 0..shape.layers {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        for part in ["self.query", "self.key", "self.value", "output.dense"] {
            tensors.read_with_bias(&name(&format!("attention.{part}")), &[hidden, hidden])?;
        }
        tensors.read_with_bias(&name("attention.output.LayerNorm"), &[hidden])?;
        tensors.read(&name("mlp.gated_layers.weight"), &[2 * intermediate, hidden])?;
        tensors.read_with_bias(&name("mlp.wo"), &[hidden, intermediate])?;
        tensors.read_with_bias(&name("mlp.layernorm"), &[hidden])?;
    }
    Ok(())
}

impl Model {
    pub(super) fn new(shape: &Shape, token_types: usize, tensors: VarBuilder<'static>) -> Self {
        Self { tensors, shape: shape.clone(), token_types }
    }
}

impl Body for Model {
    fn token_vectors(&self, ids: &Tensor) -> Result<Tensor> {
        let shape = &self.shape;
        let config = Config {
            vocab_size: shape.vocabulary,
            hidden_size: shape.hidden,
            num_hidden_layers: shape.layers,
            num_attention_heads: shape.heads,
            intermediate_size: shape.intermediate,
            hidden_act: Activation::Gelu,
            max_position_embeddings: ids.dim(1)?,
            type_vocab_size: self.token_types,
            initializer_range: 0.0,
            layer_norm_eps: shape.epsilon,
            pad_token_id: 0,
            position_embedding_type: PositionEmbeddingType::Alibi,
        };
        BertModel::new(self.tensors.clone(), &config)?.forward(ids)
    }
}
