//! The network's weights as the forward pass wants them: packed, with query, key and value side by side.

use half::slice::HalfFloatSliceExt;
use hippocamp_simd::{Kernels, PackedMatrix};

use crate::Error;
use crate::config::Architecture;
use crate::family::{Family, TensorNames};
use crate::folder::Folder;
use crate::relative::RelativeTable;
use crate::weights::{Values, Weights};

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

/// The embeddings of all tokens, `[vocabulary, hidden]`, in the type in which they are stored: for multilingual
/// models this is four fifths of the weights, of which a text needs a few rows.
pub(crate) struct TokenTable {
    values: Values,
    hidden: usize,
}

impl Network {
    /// Reads the weights; also returns the digest of all that was read. `max_tokens` is at most the
    /// architecture's.
    pub(crate) fn load(
        folder: &Folder,
        architecture: &Architecture,
        max_tokens: usize,
        kernels: &Kernels,
    ) -> Result<(Self, [u8; 32]), Error> {
        let mut weights = Weights::open(folder, TOKEN_TABLE)?;
        let network = Self::read(&mut weights, architecture, max_tokens, kernels)?;
        Ok((network, weights.into_digest()))
    }

    /// The same for a reranker, which reads pairs; also returns the weights, for its head.
    pub(crate) fn load_for_pairs(
        folder: &Folder,
        architecture: &Architecture,
        max_tokens: usize,
        kernels: &Kernels,
    ) -> Result<(Self, Weights), Error> {
        let mut weights = Weights::open(folder, TOKEN_TABLE)?;
        let mut network = Self::read(&mut weights, architecture, max_tokens, kernels)?;
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

    fn read(
        weights: &mut Weights,
        architecture: &Architecture,
        max_tokens: usize,
        kernels: &Kernels,
    ) -> Result<Self, Error> {
        let hidden = architecture.hidden;
        let tokens = TokenTable {
            values: weights.stored(TOKEN_TABLE, &[architecture.vocabulary, hidden])?,
            hidden,
        };
        let positions = load_positions(weights, architecture, max_tokens, kernels)?;
        let embedding_norm = load_norm(weights, "embeddings.LayerNorm", hidden)?;
        let relative = match architecture.family {
            Family::Mpnet => Some(RelativeTable::load(weights, architecture, max_tokens)?),
            _ => None,
        };
        let names = architecture.family.tensors();
        let mut layers = Vec::new();
        let mut matrix = Vec::new();
        for layer in 0..architecture.layers {
            layers.push(load_layer(weights, &names, layer, architecture, kernels, &mut matrix)?);
        }
        let second_type = Vec::new();
        Ok(Self { tokens, positions, second_type, relative, embedding_norm, layers })
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
        kernels: &Kernels,
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
        Ok(Self { weight: kernels.pack(matrix, rows, inputs), bias })
    }
}

impl TokenTable {
    /// Writes the embedding of a token to `out`; false when there is no such token.
    pub(crate) fn read(&self, token: u32, out: &mut [f32]) -> bool {
        let start = token as usize * self.hidden;
        let range = start..start + self.hidden;
        let found = match &self.values {
            Values::F32(values) => values.get(range).map(|row| out.copy_from_slice(row)),
            Values::F16(values) => values.get(range).map(|row| row.convert_to_f32_slice(out)),
            Values::Bf16(values) => values.get(range).map(|row| row.convert_to_f32_slice(out)),
        };
        found.is_some()
    }
}

fn load_positions(
    weights: &mut Weights,
    architecture: &Architecture,
    max_tokens: usize,
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
    positions.truncate(max_tokens * hidden);
    positions.shrink_to_fit();
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
    kernels: &Kernels,
    matrix: &mut Vec<f32>,
) -> Result<Layer, Error> {
    let (hidden, intermediate) = (architecture.hidden, architecture.intermediate);
    let name = |part: &str| format!("{}.{layer}.{part}", names.layers);
    let mut linear = |weights: &mut Weights, parts: &[&str], shape| {
        let names: Vec<String> = parts.iter().map(|part| name(part)).collect();
        Linear::load(weights, &names, shape, true, kernels, matrix)
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
