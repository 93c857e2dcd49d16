//! The network's weights as the forward pass wants them: packed, with query, key and value side by side.

use hippocamp_simd::{Kernels, PackedMatrix, Precision};

use crate::Error;
use crate::config::Architecture;
use crate::family::{Family, TensorNames};
use crate::folder::Folder;
use crate::packed_file::{PartReader, Parts};
use crate::relative::RelativeTable;
use crate::token_table::TokenTable;
use crate::weights::Weights;

const TOKEN_TABLE: &str = "embeddings.word_embeddings.weight";

/// All weights of a network.
pub(crate) struct Network {
    pub(crate) tokens: TokenTable,
    /// `[max_tokens, hidden]`: position embedding plus the embedding of token type 0, if there are types, by place
    /// in the text.
    pub(crate) positions: Vec<f32>,
    /// What a token of type 1 has instead of one of type 0, `[hidden]`: the difference of their embeddings. Empty in
    /// networks that read single texts.
    pub(crate) second_type: Vec<f32>,
    /// What attention adds to its scores by distance, in the family that does.
    pub(crate) relative: Option<RelativeTable>,
    pub(crate) embedding_norm: LayerNorm,
    pub(crate) layers: Vec<Layer>,
}

/// For which kernels, and in which form, weights are packed.
#[derive(Clone, Copy)]
pub(crate) struct Packing {
    pub(crate) kernels: &'static Kernels,
    pub(crate) precision: Precision,
}

/// One transformer block.
pub(crate) struct Layer {
    /// `hidden -> 3 * hidden`: query, key and value.
    pub(crate) query_key_value: Linear,
    pub(crate) attention_output: Linear,
    pub(crate) attention_norm: LayerNorm,
    pub(crate) intermediate: Linear,
    pub(crate) output: Linear,
    pub(crate) output_norm: LayerNorm,
}

/// A linear layer.
pub(crate) struct Linear {
    pub(crate) weight: PackedMatrix,
    pub(crate) bias: Vec<f32>,
}

/// The parameters of a layer normalisation.
pub(crate) struct LayerNorm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

impl Network {
    /// Reads the weights; also returns the digest of all that was read.
    pub(crate) fn load(
        folder: &Folder,
        architecture: &Architecture,
        packing: Packing,
    ) -> Result<(Self, [u8; 32]), Error> {
        let mut weights = Weights::open(folder, TOKEN_TABLE)?;
        let network = Self::load_from(&mut weights, architecture, packing)?;
        Ok((network, weights.into_digest()))
    }

    /// The same for a reranker, which reads pairs; also returns the weights, for its head.
    pub(crate) fn load_for_pairs(
        folder: &Folder,
        architecture: &Architecture,
        packing: Packing,
    ) -> Result<(Self, Weights), Error> {
        let mut weights = Weights::open(folder, TOKEN_TABLE)?;
        let mut network = Self::load_from(&mut weights, architecture, packing)?;
        if architecture.token_types > 1 {
            let mut types = load_types(&mut weights, architecture)?;
            let (first, others) = types.split_at_mut(architecture.hidden);
            network
                .second_type
                .extend(others.iter().zip(first).map(|(second, first)| second - *first));
            network.second_type.truncate(architecture.hidden);
        }
        Ok((network, weights))
    }

    fn load_from(
        weights: &mut Weights,
        architecture: &Architecture,
        packing: Packing,
    ) -> Result<Self, Error> {
        let tokens = TokenTable::load(weights, TOKEN_TABLE, architecture, packing)?;
        let positions = load_positions(weights, architecture, packing.kernels)?;
        let embedding_norm = load_norm(weights, "embeddings.LayerNorm", architecture.hidden)?;
        let relative = match architecture.family {
            Family::Mpnet => Some(RelativeTable::load(weights, architecture)?),
            _ => None,
        };
        let names = architecture.family.tensors();
        let mut layers = Vec::new();
        let mut matrix = Vec::new();
        for layer in 0..architecture.layers {
            layers.push(load_layer(weights, &names, layer, architecture, packing, &mut matrix)?);
        }
        let second_type = Vec::new();
        Ok(Self { tokens, positions, second_type, relative, embedding_norm, layers })
    }

    /// Forgets the positions from `max_tokens` on.
    pub(crate) fn limit(&mut self, architecture: &Architecture, max_tokens: usize) {
        self.positions.truncate(max_tokens * architecture.hidden);
        self.positions.shrink_to_fit();
    }

    /// Gives all of it to a packed file.
    pub(crate) fn write<'a>(&'a self, parts: &mut Parts<'a>) {
        self.tokens.write(parts);
        parts.add(&self.positions);
        if let Some(relative) = &self.relative {
            parts.add(relative.values());
        }
        self.embedding_norm.write(parts);
        for layer in &self.layers {
            layer.query_key_value.write(parts);
            layer.attention_output.write(parts);
            layer.attention_norm.write(parts);
            layer.intermediate.write(parts);
            layer.output.write(parts);
            layer.output_norm.write(parts);
        }
    }

    /// What [`write`](Self::write) gave to a packed file. None if it is not that of this architecture.
    pub(crate) fn read(
        parts: &mut PartReader,
        architecture: &Architecture,
        packing: Packing,
    ) -> Option<Self> {
        let (hidden, intermediate) = (architecture.hidden, architecture.intermediate);
        let tokens = TokenTable::read(parts, architecture)?;
        let positions = parts.values(architecture.max_tokens().checked_mul(hidden)?)?;
        let relative = match architecture.family {
            Family::Mpnet => Some(RelativeTable::read(parts, architecture)?),
            _ => None,
        };
        let embedding_norm = LayerNorm::read(parts, hidden)?;
        let mut layers = Vec::new();
        for _ in 0..architecture.layers {
            layers.push(Layer {
                query_key_value: Linear::read(parts, [3 * hidden, hidden], packing)?,
                attention_output: Linear::read(parts, [hidden, hidden], packing)?,
                attention_norm: LayerNorm::read(parts, hidden)?,
                intermediate: Linear::read(parts, [intermediate, hidden], packing)?,
                output: Linear::read(parts, [hidden, intermediate], packing)?,
                output_norm: LayerNorm::read(parts, hidden)?,
            });
        }
        let second_type = Vec::new();
        let whole = Self { tokens, positions, second_type, relative, embedding_norm, layers };
        parts.is_at_end().then_some(whole)
    }
}

impl Linear {
    /// Loads several linear layers over the same `inputs` as one; `matrix` is working memory. Without a bias in
    /// the file, `has_bias` false, it is zero.
    pub(crate) fn load(
        weights: &mut Weights,
        names: &[String],
        [outputs, inputs]: [usize; 2],
        has_bias: bool,
        packing: Packing,
        matrix: &mut Vec<f32>,
    ) -> Result<Self, Error> {
        matrix.clear();
        let mut bias = Vec::new();
        for name in names {
            weights.append(&format!("{name}.weight"), &[outputs, inputs], matrix)?;
            if has_bias {
                weights.append(&format!("{name}.bias"), &[outputs], &mut bias)?;
            }
        }
        let rows = outputs * names.len();
        bias.resize(rows, 0.0);
        let weight = packing.kernels.pack(matrix, rows, inputs, packing.precision);
        Ok(Self { weight, bias })
    }

    fn write<'a>(&'a self, parts: &mut Parts<'a>) {
        let weight = self.weight.parts();
        parts.add(weight.panels);
        parts.add(weight.scales);
        parts.add(weight.sums);
        parts.add(&self.bias);
    }

    fn read(parts: &mut PartReader, shape: [usize; 2], packing: Packing) -> Option<Self> {
        let Packing { kernels, precision } = packing;
        let (panels, scales, sums) = (parts.next()?, parts.all_values()?, parts.all_values()?);
        let weight = kernels.packed(precision, shape, panels, scales, sums)?;
        Some(Self { weight, bias: parts.values(shape[0])? })
    }
}

impl LayerNorm {
    fn write<'a>(&'a self, parts: &mut Parts<'a>) {
        parts.add(&self.weight);
        parts.add(&self.bias);
    }

    fn read(parts: &mut PartReader, width: usize) -> Option<Self> {
        Some(Self { weight: parts.values(width)?, bias: parts.values(width)? })
    }
}

fn load_positions(
    weights: &mut Weights,
    architecture: &Architecture,
    kernels: &Kernels,
) -> Result<Vec<f32>, Error> {
    let hidden = architecture.hidden;
    let mut positions = Vec::new();
    weights.append(
        "embeddings.position_embeddings.weight",
        &[architecture.positions, hidden],
        &mut positions,
    )?;
    positions.drain(..architecture.first_position * hidden);
    if architecture.token_types == 0 {
        return Ok(positions);
    }
    let types = load_types(weights, architecture)?;
    let type_of_text = types.get(..hidden).unwrap_or_default();
    for row in positions.chunks_exact_mut(hidden) {
        kernels.add(row, type_of_text);
    }
    Ok(positions)
}

/// `[token_types, hidden]`
fn load_types(weights: &mut Weights, architecture: &Architecture) -> Result<Vec<f32>, Error> {
    let mut types = Vec::new();
    let shape = [architecture.token_types, architecture.hidden];
    weights.append("embeddings.token_type_embeddings.weight", &shape, &mut types)?;
    Ok(types)
}

fn load_norm(weights: &mut Weights, name: &str, width: usize) -> Result<LayerNorm, Error> {
    Ok(LayerNorm {
        weight: weights.vector(&format!("{name}.weight"), width)?,
        bias: weights.vector(&format!("{name}.bias"), width)?,
    })
}

fn load_layer(
    weights: &mut Weights,
    names: &TensorNames,
    layer: usize,
    architecture: &Architecture,
    packing: Packing,
    matrix: &mut Vec<f32>,
) -> Result<Layer, Error> {
    let (hidden, intermediate) = (architecture.hidden, architecture.intermediate);
    let name = |part: &str| format!("{}.{layer}.{part}", names.layers);
    let mut linear = |weights: &mut Weights, parts: &[&str], shape| {
        let names: Vec<String> = parts.iter().map(|part| name(part)).collect();
        Linear::load(weights, &names, shape, true, packing, matrix)
    };
    Ok(Layer {
        query_key_value: linear(weights, &names.query_key_value, [hidden, hidden])?,
        attention_output: linear(weights, &[names.attention_output], [hidden, hidden])?,
        attention_norm: load_norm(weights, &name(names.attention_norm), hidden)?,
        intermediate: linear(weights, &[names.intermediate], [intermediate, hidden])?,
        output: linear(weights, &[names.output], [hidden, intermediate])?,
        output_norm: load_norm(weights, &name(names.output_norm), hidden)?,
    })
}
