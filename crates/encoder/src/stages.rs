//! From token vectors to the text's vector: pooling, then dense layers and normalisation.

use hippocamp_simd::{Activation, Epilogue, Kernels, MatmulScratch, Precision};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::folder::Folder;
use crate::layers::{Linear, Packing};
use crate::modules::StageSource;
use crate::weights::Weights;
use crate::{Error, Pooling};

const CONFIG: &str = "config.json";
const MAX_DIMENSION: usize = 16_384;
/// Torch's default.
const STANDARD_EPSILON: f32 = 1e-5;

/// A step after pooling.
pub(crate) enum Stage {
    Dense {
        linear: Linear,
        activation: DenseActivation,
    },
    /// Layer normalisation without parameters: a weight of ones and a bias of zeros, each as long as the vector.
    Standardize {
        ones: Vec<f32>,
        zeros: Vec<f32>,
    },
    /// Only so many values, the first ones.
    Truncate(usize),
    Normalize,
}

/// What the fingerprint has to know of a stage.
#[derive(Debug, Serialize)]
pub(crate) enum StageSummary {
    Dense { activation: DenseActivation, weights: [u8; 32] },
    Standardize,
    Truncate(usize),
    Normalize,
}

/// The activation behind a dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum DenseActivation {
    Identity,
    Tanh,
    Relu,
    Gelu,
}

/// Loaded stages and what they make of a vector's length.
pub(crate) struct Stages {
    pub(crate) list: Vec<Stage>,
    pub(crate) summaries: Vec<StageSummary>,
    /// Values in the final vector.
    pub(crate) dimension: usize,
}

impl Stages {
    /// Loads all stages after a pooling that gives `dimension` values.
    pub(crate) fn load(
        sources: &[StageSource],
        mut dimension: usize,
        kernels: &'static Kernels,
    ) -> Result<Self, Error> {
        let mut stages = Vec::new();
        let mut summaries = Vec::new();
        for source in sources {
            let (stage, summary) = match source {
                StageSource::Normalize => (Stage::Normalize, StageSummary::Normalize),
                StageSource::Dense(folder) => load_dense(folder, &mut dimension, kernels)?,
            };
            stages.push(stage);
            summaries.push(summary);
        }
        Ok(Self { list: stages, summaries, dimension })
    }

    /// Cuts vectors to their first values, before a normalisation at the end, so that the shorter ones are
    /// normalised. `standardize`: after a layer normalisation of the whole. As many values as there are change
    /// nothing.
    pub(crate) fn truncate(&mut self, dimensions: usize, standardize: bool) -> Result<(), Error> {
        if !(1..=self.dimension).contains(&dimensions) {
            let problem = format!(
                "{dimensions} values were asked for, the model's vectors have {0}: give 1 to {0}",
                self.dimension
            );
            return Err(Error::InvalidOption { option: "dimensions", problem });
        }
        if dimensions == self.dimension {
            return Ok(());
        }
        let normalize = match self.list.last() {
            Some(Stage::Normalize) => self.list.pop().zip(self.summaries.pop()),
            _ => None,
        };
        if standardize {
            let (ones, zeros) = (vec![1.0; self.dimension], vec![0.0; self.dimension]);
            self.list.push(Stage::Standardize { ones, zeros });
            self.summaries.push(StageSummary::Standardize);
        }
        self.list.push(Stage::Truncate(dimensions));
        self.summaries.push(StageSummary::Truncate(dimensions));
        if let Some((stage, summary)) = normalize {
            self.list.push(stage);
            self.summaries.push(summary);
        }
        self.dimension = dimensions;
        Ok(())
    }
}

/// Pools the token vectors `rows`, `[tokens, out.len()]`, into `out`. No tokens give zeros.
pub(crate) fn pool(pooling: Pooling, rows: &[f32], out: &mut [f32], kernels: &Kernels) {
    out.fill(0.0);
    let count = rows.len().checked_div(out.len()).unwrap_or_default();
    let mut rows = rows.chunks_exact(out.len().max(1));
    let Some(first) = rows.next() else { return };
    out.copy_from_slice(first);
    match pooling {
        Pooling::Cls => {}
        Pooling::Max => rows.for_each(|row| kernels.max(out, row)),
        Pooling::Mean => {
            rows.for_each(|row| kernels.add(out, row));
            kernels.scale(out, 1.0 / count as f32);
        }
    }
}

/// Applies `stages` to `vectors`, `[count, _]`; `spare` and `scratch` are working memory. What was pooled is in `vectors`, and
/// so is the result.
pub(crate) fn apply(
    stages: &[Stage],
    count: usize,
    vectors: &mut Vec<f32>,
    spare: &mut Vec<f32>,
    scratch: &mut MatmulScratch,
    kernels: &Kernels,
) {
    for stage in stages {
        let dimension = vectors.len().checked_div(count).unwrap_or_default().max(1);
        match stage {
            Stage::Standardize { ones, zeros } => {
                kernels.layer_norm(vectors, ones, zeros, STANDARD_EPSILON);
            }
            Stage::Truncate(dimensions) => {
                for vector in 0..count {
                    let start = vector * dimension;
                    vectors.copy_within(start..start + dimensions, vector * dimensions);
                }
                vectors.truncate(count * dimensions);
            }
            Stage::Normalize => {
                for vector in vectors.chunks_exact_mut(dimension) {
                    kernels.normalize(vector);
                }
            }
            Stage::Dense { linear, activation } => {
                let outputs = count * linear.bias.len();
                // They change places: both get room for either side of this stage.
                vectors.reserve(outputs.saturating_sub(vectors.len()));
                spare.reserve(vectors.len().saturating_sub(spare.len()));
                spare.resize(outputs, 0.0);
                let epilogue = match activation {
                    DenseActivation::Identity => Epilogue::Bias(&linear.bias),
                    DenseActivation::Tanh => {
                        Epilogue::BiasActivation(&linear.bias, Activation::Tanh)
                    }
                    DenseActivation::Relu => {
                        Epilogue::BiasActivation(&linear.bias, Activation::Relu)
                    }
                    DenseActivation::Gelu => {
                        Epilogue::BiasActivation(&linear.bias, Activation::Gelu)
                    }
                };
                kernels.matmul(vectors, &linear.weight, epilogue, scratch, spare);
                std::mem::swap(vectors, spare);
            }
        }
    }
}

/// The file as it is written, with the defaults of sentence-transformers.
#[derive(Deserialize)]
struct DenseConfig {
    in_features: usize,
    out_features: usize,
    bias: Option<bool>,
    activation_function: Option<String>,
    module_input_name: Option<Value>,
    module_output_name: Option<Value>,
}

/// Loads a dense layer that takes `dimension` values, and sets `dimension` to what it gives.
fn load_dense(
    folder: &Folder,
    dimension: &mut usize,
    kernels: &'static Kernels,
) -> Result<(Stage, StageSummary), Error> {
    let config: DenseConfig = folder.required(CONFIG)?;
    let path = folder.file(CONFIG);
    if config.in_features != *dimension {
        let problem = format!(
            "in_features is {}, but the step before gives {dimension} values: fetch the model again",
            config.in_features
        );
        return Err(Error::invalid(&path, problem));
    }
    if !(1..=MAX_DIMENSION).contains(&config.out_features) {
        let problem = format!(
            "out_features is {}, expected 1 to {MAX_DIMENSION}: fetch the model again",
            config.out_features
        );
        return Err(Error::invalid(&path, problem));
    }
    for name in [&config.module_input_name, &config.module_output_name].into_iter().flatten() {
        if !name.is_null() && name != "sentence_embedding" {
            let problem = format!(
                "a dense layer on {name} is not supported; supported is: \"sentence_embedding\""
            );
            return Err(Error::unsupported(&path, problem));
        }
    }
    let activation = config.activation(folder)?;
    let mut weights = Weights::open(folder, "linear.weight")?;
    let shape = [config.out_features, config.in_features];
    let has_bias = config.bias.unwrap_or(true);
    let linear = Linear::load(
        &mut weights,
        &["linear".to_owned()],
        shape,
        has_bias,
        // A few rows a text: nothing to be gained by rounding them.
        Packing { kernels, precision: Precision::F32 },
        &mut Vec::new(),
    )?;
    *dimension = config.out_features;
    let summary = StageSummary::Dense { activation, weights: weights.into_digest() };
    Ok((Stage::Dense { linear, activation }, summary))
}

impl DenseConfig {
    fn activation(&self, folder: &Folder) -> Result<DenseActivation, Error> {
        let class =
            self.activation_function.as_deref().unwrap_or("torch.nn.modules.activation.Tanh");
        match class.rsplit('.').next().unwrap_or_default() {
            "Identity" => Ok(DenseActivation::Identity),
            "Tanh" => Ok(DenseActivation::Tanh),
            "ReLU" => Ok(DenseActivation::Relu),
            "GELU" => Ok(DenseActivation::Gelu),
            _ => Err(Error::unsupported(
                &folder.file(CONFIG),
                format!(
                    "activation_function \"{class}\" is not supported; supported are: Identity, Tanh, ReLU, GELU"
                ),
            )),
        }
    }
}
