//! `NomicBERT` on candle's layers; this version of `candle-transformers` has none.
//!
//! ```text
//! x = norm(token + type 0)
//! for each layer:
//!     q, k, v = x Wqkv              q and k rotated by their place in the text
//!     y = norm(x + attention(q, k, v) Wo)
//!     x = norm(y + (y Wup · silu(y Wgate)) Wdown)
//! ```

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops::softmax_last_dim;
use candle_nn::rotary_emb::rope;
use candle_nn::{LayerNorm, Linear, Module, VarBuilder, layer_norm, linear_no_bias};

use super::Body;
use super::architecture::Shape;
use super::tensors::Tensors;
use crate::Error;

pub(super) struct Model {
    tokens: Tensor,
    /// `[1, hidden]`
    type_of_text: Tensor,
    embedding_norm: LayerNorm,
    layers: Vec<Layer>,
    /// `[max_tokens, head_dim / 2]`
    cos: Tensor,
    sin: Tensor,
    heads: usize,
}

struct Layer {
    query_key_value: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    gate: Linear,
    down: Linear,
    output_norm: LayerNorm,
}

pub(super) fn read(
    shape: &Shape,
    token_types: usize,
    tensors: &mut Tensors<'_>,
) -> std::result::Result<(), Error> {
    let (hidden, intermediate) = (shape.hidden, shape.intermediate);
    tensors.read_embeddings(shape, token_types)?;
    tensors.read_with_bias("emb_ln", &[hidden])?;
    for layer in 0..shape.layers {
        let name = |part: &str| format!("encoder.layers.{layer}.{part}");
        tensors.read(&name("attn.Wqkv.weight"), &[3 * hidden, hidden])?;
        tensors.read(&name("attn.out_proj.weight"), &[hidden, hidden])?;
        tensors.read_with_bias(&name("norm1"), &[hidden])?;
        tensors.read(&name("mlp.fc11.weight"), &[intermediate, hidden])?;
        tensors.read(&name("mlp.fc12.weight"), &[intermediate, hidden])?;
        tensors.read(&name("mlp.fc2.weight"), &[hidden, intermediate])?;
        tensors.read_with_bias(&name("norm2"), &[hidden])?;
    }
    Ok(())
}

impl Model {
    pub(super) fn new(
        shape: &Shape,
        theta: f64,
        max_tokens: usize,
        tensors: &VarBuilder<'_>,
    ) -> Result<Self> {
        let table = |name: &str, rows: usize| {
            tensors.get((rows, shape.hidden), &format!("embeddings.{name}.weight"))
        };
        let types = tensors.get_unchecked("embeddings.token_type_embeddings.weight")?;
        let layers = (0..shape.layers)
            .map(|layer| Layer::new(shape, &tensors.pp(format!("encoder.layers.{layer}"))));
        let head_dim = shape.hidden / shape.heads.max(1);
        let frequencies: Vec<f32> = (0..head_dim)
            .step_by(2)
            .map(|value| theta.powf(-(value as f64) / head_dim as f64) as f32)
            .collect();
        let frequencies = Tensor::from_vec(frequencies, (1, head_dim / 2), &Device::Cpu)?;
        let places = Tensor::arange(0, max_tokens as u32, &Device::Cpu)?
            .to_dtype(DType::F32)?
            .reshape((max_tokens, 1))?;
        let angles = places.matmul(&frequencies)?;
        Ok(Self {
            tokens: table("word_embeddings", shape.vocabulary)?,
            type_of_text: types.narrow(0, 0, 1)?,
            embedding_norm: layer_norm(shape.hidden, shape.epsilon, tensors.pp("emb_ln"))?,
            layers: layers.collect::<Result<_>>()?,
            cos: angles.cos()?,
            sin: angles.sin()?,
            heads: shape.heads,
        })
    }

    /// `x: [len, hidden]` to the same.
    fn attend(&self, layer: &Layer, x: &Tensor) -> Result<Tensor> {
        let (len, hidden) = x.dims2()?;
        let head_dim = hidden / self.heads.max(1);
        let parts = layer.query_key_value.forward(x)?.reshape((len, 3, self.heads, head_dim))?;
        // [1, heads, len, head_dim]
        let part = |which: usize| {
            parts.narrow(1, which, 1)?.squeeze(1)?.transpose(0, 1)?.unsqueeze(0)?.contiguous()
        };
        let query = rope(&part(0)?, &self.cos, &self.sin)?;
        let key = rope(&part(1)?, &self.cos, &self.sin)?;
        let scores = (query.matmul(&key.t()?)? / (head_dim as f64).sqrt())?;
        let context = softmax_last_dim(&scores)?.matmul(&part(2)?)?;
        let context = context.squeeze(0)?.transpose(0, 1)?.reshape((len, hidden))?;
        layer.attention_output.forward(&context)
    }
}

impl Layer {
    fn new(shape: &Shape, tensors: &VarBuilder<'_>) -> Result<Self> {
        let (hidden, intermediate) = (shape.hidden, shape.intermediate);
        let norm = |name: &str| layer_norm(hidden, shape.epsilon, tensors.pp(name));
        Ok(Self {
            query_key_value: linear_no_bias(hidden, 3 * hidden, tensors.pp("attn.Wqkv"))?,
            attention_output: linear_no_bias(hidden, hidden, tensors.pp("attn.out_proj"))?,
            attention_norm: norm("norm1")?,
            up: linear_no_bias(hidden, intermediate, tensors.pp("mlp.fc11"))?,
            gate: linear_no_bias(hidden, intermediate, tensors.pp("mlp.fc12"))?,
            down: linear_no_bias(intermediate, hidden, tensors.pp("mlp.fc2"))?,
            output_norm: norm("norm2")?,
        })
    }
}

impl Body for Model {
    fn token_vectors(&self, ids: &Tensor) -> Result<Tensor> {
        let tokens = self.tokens.index_select(&ids.flatten_all()?, 0)?;
        let mut x = self.embedding_norm.forward(&tokens.broadcast_add(&self.type_of_text)?)?;
        for layer in &self.layers {
            let y = layer.attention_norm.forward(&(&x + self.attend(layer, &x)?)?)?;
            let middle = (layer.up.forward(&y)? * layer.gate.forward(&y)?.silu()?)?;
            x = layer.output_norm.forward(&(&y + layer.down.forward(&middle)?)?)?;
        }
        x.unsqueeze(0)
    }
}
