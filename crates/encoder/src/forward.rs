//! The forward pass of the fast path.
//!
//! The tokens of all texts stand in one matrix `[T, hidden]` without padding; only attention, pooling and the
//! position embeddings look at where a text begins.
//!
//! ```text
//! x = norm(token + position + type)
//! for each layer:
//!     qkv = x Wqkv + b                     [T, 3 hidden]
//!     c   = attention(qkv) for each text   [T, hidden]
//!     y   = norm(c Wo + b + x)
//!     x   = norm(act(y Wi + b) Wm + b + y)
//! vectors of a text's tokens = its rows of x
//! ```
//!
//! Invariant: each kernel computes a row from that row's inputs alone, or, in attention, from the rows of its
//! own text. So a text's vector has the same bits in any batch.

use hippocamp_simd::{Activation, AttentionScratch, Epilogue, MatmulScratch};

use crate::config::Architecture;
use crate::layers::{Layer, LayerNorm, Network, Packing};
use crate::relative::RelativeTable;
use crate::{Error, Tokens};

/// Working memory of [`Encoder::forward`](crate::Encoder::forward): make one per thread and pass it to every call.
///
/// It grows to what the largest batch needed (about 13 KB a token for a hidden size of 384) and is then used
/// again without allocating.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) x: Vec<f32>,
    y: Vec<f32>,
    query_key_value: Vec<f32>,
    context: Vec<f32>,
    intermediate: Vec<f32>,
    attention: AttentionScratch,
    pub(crate) matmul: MatmulScratch,
    pub(crate) vectors: Vec<f32>,
    pub(crate) spare: Vec<f32>,
}

impl Scratch {
    /// How many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let buffers = [
            &self.x,
            &self.y,
            &self.query_key_value,
            &self.context,
            &self.intermediate,
            &self.vectors,
            &self.spare,
        ];
        let values: usize = buffers.into_iter().map(Vec::capacity).sum();
        values * size_of::<f32>() + self.attention.bytes() + self.matmul.bytes()
    }
}

/// A network on the fast path.
pub(crate) struct Packed {
    pub(crate) architecture: Architecture,
    pub(crate) network: Network,
    pub(crate) packing: Packing,
}

impl Packed {
    pub(crate) fn new(architecture: &Architecture, network: Network, packing: Packing) -> Self {
        Self { architecture: architecture.clone(), network, packing }
    }

    /// Leaves the vectors of the batch's tokens in `scratch.x`, `[tokens, hidden]`.
    pub(crate) fn token_vectors(
        &self,
        batch: &[&Tokens],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let hidden = self.architecture.hidden;
        let tokens: usize = batch.iter().map(|text| text.len()).sum();
        self.embed(batch, sized(&mut scratch.x, tokens * hidden))?;
        if tokens > 0 {
            for layer in &self.network.layers {
                self.layer(layer, batch, tokens, scratch);
            }
        }
        Ok(())
    }

    /// Token plus position embeddings, normalised, into `x`, `[tokens, hidden]`.
    fn embed(&self, batch: &[&Tokens], x: &mut [f32]) -> Result<(), Error> {
        let hidden = self.architecture.hidden;
        let mut rows = x.chunks_exact_mut(hidden);
        for (position, text) in batch.iter().enumerate() {
            let max_tokens = self.network.positions.len().checked_div(hidden).unwrap_or_default();
            if text.len() > max_tokens {
                return Err(Error::too_many_tokens(position, text.len(), max_tokens));
            }
            let second_type = self.second_type(position, text)?;
            let places = self.network.positions.chunks_exact(hidden).enumerate();
            for ((&token, (at, place)), row) in text.ids().iter().zip(places).zip(&mut rows) {
                if !self.network.tokens.embed(token, row, self.packing.kernels) {
                    return Err(Error::foreign_token(
                        position,
                        token,
                        self.architecture.vocabulary,
                    ));
                }
                self.packing.kernels.add(row, place);
                if at >= text.first_type() {
                    self.packing.kernels.add(row, second_type);
                }
            }
        }
        self.norm(x, &self.network.embedding_norm);
        Ok(())
    }

    /// What tokens of type 1 have more, if a text has such tokens.
    fn second_type(&self, position: usize, text: &Tokens) -> Result<&[f32], Error> {
        let second_type = self.network.second_type.as_slice();
        if second_type.is_empty() && text.first_type() < text.len() {
            let problem = format!(
                "text {position} is a pair, the model reads single texts: tokenise it with this encoder"
            );
            return Err(Error::InvalidInput { problem });
        }
        Ok(second_type)
    }

    /// One transformer block over `scratch.x`.
    fn layer(&self, layer: &Layer, batch: &[&Tokens], tokens: usize, scratch: &mut Scratch) {
        let (kernels, hidden) = (self.packing.kernels, self.architecture.hidden);
        let x = sized(&mut scratch.x, tokens * hidden);
        let y = sized(&mut scratch.y, tokens * hidden);
        let query_key_value = sized(&mut scratch.query_key_value, tokens * 3 * hidden);
        let context = sized(&mut scratch.context, tokens * hidden);
        let intermediate =
            sized(&mut scratch.intermediate, tokens * self.architecture.intermediate);

        let linear = &layer.query_key_value;
        kernels.matmul(
            x,
            &linear.weight,
            Epilogue::Bias(&linear.bias),
            &mut scratch.matmul,
            query_key_value,
        );
        self.attend(batch, query_key_value, &mut scratch.attention, context);

        let linear = &layer.attention_output;
        kernels.matmul(
            context,
            &linear.weight,
            Epilogue::BiasResidual(&linear.bias, x),
            &mut scratch.matmul,
            y,
        );
        self.norm(y, &layer.attention_norm);

        let linear = &layer.intermediate;
        let activation = Activation::from(self.architecture.activation);
        kernels.matmul(
            y,
            &linear.weight,
            Epilogue::BiasActivation(&linear.bias, activation),
            &mut scratch.matmul,
            intermediate,
        );

        let linear = &layer.output;
        kernels.matmul(
            intermediate,
            &linear.weight,
            Epilogue::BiasResidual(&linear.bias, y),
            &mut scratch.matmul,
            x,
        );
        self.norm(x, &layer.output_norm);
    }

    /// Attention, text by text.
    fn attend(
        &self,
        batch: &[&Tokens],
        mut query_key_value: &[f32],
        scratch: &mut AttentionScratch,
        mut context: &mut [f32],
    ) {
        let (hidden, heads) = (self.architecture.hidden, self.architecture.heads);
        let bias = self.network.relative.as_ref().map(RelativeTable::bias);
        for text in batch.iter().filter(|text| !text.is_empty()) {
            let rows = query_key_value.split_off(..text.len() * 3 * hidden);
            let out = context.split_off_mut(..text.len() * hidden);
            if let (Some(rows), Some(out)) = (rows, out) {
                self.packing.kernels.attention(
                    self.packing.precision,
                    rows,
                    heads,
                    self.architecture.head_dimension(),
                    bias,
                    scratch,
                    out,
                );
            }
        }
    }

    fn norm(&self, x: &mut [f32], norm: &LayerNorm) {
        self.packing.kernels.layer_norm(x, &norm.weight, &norm.bias, self.architecture.epsilon);
    }
}

/// The first `len` values of a buffer that only grows.
pub(crate) fn sized(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    buffer.get_mut(..len).unwrap_or_default()
}
