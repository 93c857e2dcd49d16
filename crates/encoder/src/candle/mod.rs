//! Architectures that have no fast path, run by candle: `ModernBERT`, `NomicBERT`, `JinaBERT`.
//!
//! Candle gives the vectors of a text's tokens; tokenising, pooling, later stages and all else are the same code as
//! for the others. Texts go through it one at a time, so nothing is padded and a text has the same bits in any batch.
//!
//! Candle has no instruction set to be chosen, computes the scores of a text for all heads at once (memory that grows
//! with the square of its length, see [`DEFAULT_MAX_TOKENS`]), and spreads single products over threads by rayon,
//! where our workers already take a text each: see `one_thread.rs`. Its version is the last whose single operations
//! do not hand their work to a pool of spinning threads, which cannot be switched off.
//!
//! Invariants: candle sees no number that `architecture.rs` has not checked and no tensor but those that the
//! architecture has, with the shapes that it demands; all else (a panic, an error) becomes an [`Error`].

mod architecture;
mod jina_bert;
mod modern_bert;
mod nomic_bert;
mod one_thread;
mod tensors;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use crate::Error;
use crate::folder::Folder;
use crate::weights::Weights;

pub(crate) use architecture::Architecture;
use architecture::Kind;
use tensors::Tensors;

/// Tokens that are looked at unless the caller asks for more. These models take 8,192 and more, for which one text
/// needs gigabytes here; 2,048 tokens of 12 heads need 200 MB a step.
pub(crate) const DEFAULT_MAX_TOKENS: usize = 2048;

/// A network with its weights.
pub(crate) struct Network {
    body: Box<dyn Body>,
    /// For messages.
    path: PathBuf,
    architecture: Architecture,
    max_tokens: usize,
}

/// What is different from architecture to architecture.
trait Body: Send + Sync {
    /// `ids: [1, len]` to `[1, len, hidden]`; len is at least 1.
    fn token_vectors(&self, ids: &Tensor) -> candle_core::Result<Tensor>;
}

impl Network {
    /// Reads the weights; also returns the digest of all that was read.
    pub(crate) fn load(
        folder: &Folder,
        architecture: &Architecture,
        max_tokens: usize,
    ) -> Result<(Self, [u8; 32]), Error> {
        let mut weights = Weights::open(folder, architecture.token_table())?;
        let mut tensors = Tensors::new(&mut weights);
        let shape = &architecture.shape;
        match &architecture.kind {
            Kind::Modern(_) => modern_bert::read(shape, &mut tensors)?,
            Kind::Nomic { token_types, .. } => {
                nomic_bert::read(shape, *token_types, &mut tensors)?;
            }
            Kind::Jina { token_types } => jina_bert::read(shape, *token_types, &mut tensors)?,
        }
        let tensors = tensors.finish();
        let path = folder.file(crate::config::FILE);
        let body =
            fenced(&path, "building the model", || build(architecture, max_tokens, tensors))?;
        let network = Self { body, path, architecture: architecture.clone(), max_tokens };
        Ok((network, weights.into_digest()))
    }

    pub(crate) fn hidden(&self) -> usize {
        self.architecture.shape.hidden
    }

    /// Writes the vectors of a text's tokens to `out`, `[ids.len(), hidden]`. `text` is its place in the batch.
    pub(crate) fn token_vectors(
        &self,
        text: usize,
        ids: &[u32],
        out: &mut [f32],
    ) -> Result<(), Error> {
        let vocabulary = self.architecture.shape.vocabulary;
        if let Some(token) = ids.iter().find(|token| **token as usize >= vocabulary) {
            return Err(Error::foreign_token(text, *token, vocabulary));
        }
        if ids.len() > self.max_tokens {
            return Err(Error::too_many_tokens(text, ids.len(), self.max_tokens));
        }
        if ids.is_empty() {
            return Ok(());
        }
        let values = fenced(&self.path, "running the model", || {
            one_thread::here();
            let ids = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
            self.body.token_vectors(&ids)?.flatten_all()?.to_vec1::<f32>()
        })?;
        if values.len() != out.len() {
            let problem =
                format!("running the model gave {} values, expected {}", values.len(), out.len());
            return Err(Error::invalid(&self.path, problem));
        }
        out.copy_from_slice(&values);
        Ok(())
    }
}

fn build(
    architecture: &Architecture,
    max_tokens: usize,
    tensors: VarBuilder<'static>,
) -> candle_core::Result<Box<dyn Body>> {
    let shape = &architecture.shape;
    Ok(match &architecture.kind {
        Kind::Modern(spans) => {
            Box::new(modern_bert::Model::new(shape, spans, max_tokens, tensors)?)
        }
        Kind::Nomic { theta, .. } => {
            Box::new(nomic_bert::Model::new(shape, *theta, max_tokens, &tensors)?)
        }
        Kind::Jina { token_types } => Box::new(jina_bert::Model::new(shape, *token_types, tensors)),
    })
}

/// Runs candle's code; its errors and panics become [`Error::Invalid`].
fn fenced<T>(
    path: &Path,
    doing: &str,
    run: impl FnOnce() -> candle_core::Result<T>,
) -> Result<T, Error> {
    let failed = |problem: &str| {
        Error::invalid(path, format!("{doing} failed: {problem}; fetch the model again"))
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failed(&error.to_string())),
        Err(_) => Err(failed("its parts contradict each other")),
    }
}
