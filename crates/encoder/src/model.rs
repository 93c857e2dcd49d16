//! From tokens to a text's vector: the network, then pooling, then what follows it.

use hippocamp_simd::{Kernels, Precision};

use crate::candle;
use crate::config::{Architecture, Design};
use crate::folder::Folder;
use crate::forward::{Packed, Scratch, sized};
use crate::layers::{self, Packing};
use crate::packed_file::{self, Cached};
use crate::stages::{self, Stage};
use crate::{Error, Pooling, Tokens};

/// What gives tokens their vectors.
pub(crate) enum Network {
    Packed(Packed),
    Candle(candle::Network),
}

/// A network as it comes from its folder.
pub(crate) struct Loaded {
    pub(crate) network: Network,
    /// Of all weights that were read.
    pub(crate) digest: [u8; 32],
    pub(crate) source: Source,
}

/// Where a network comes from.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Source {
    /// The model's own files.
    Weights,
    /// Its packed file, which knows whether this precision is the one to take when none is asked for.
    Packed { settled: bool },
}

impl Network {
    /// Takes the packed file, if there is one, or else reads the weights. It will be given texts of at most `max_tokens`.
    pub(crate) fn load(
        folder: &Folder,
        design: &Design,
        max_tokens: usize,
        packing: Packing,
    ) -> Result<Loaded, Error> {
        match design {
            Design::Fast(architecture) => {
                if let Some(loaded) = Self::cached(folder, architecture, packing) {
                    return Ok(loaded);
                }
                let (network, digest) = layers::Network::load(folder, architecture, packing)?;
                let network = Self::Packed(Packed::new(architecture, network, packing));
                Ok(Loaded { network, digest, source: Source::Weights })
            }
            Design::Candle(architecture) => {
                let (network, digest) = candle::Network::load(folder, architecture, max_tokens)?;
                Ok(Loaded { network: Self::Candle(network), digest, source: Source::Weights })
            }
        }
    }

    /// Takes the packed file of the precision that was found to be the one for this model, if there is one.
    pub(crate) fn settled(
        folder: &Folder,
        design: &Design,
        offered: &[Precision],
        kernels: &'static Kernels,
    ) -> Option<(Loaded, Precision)> {
        let Design::Fast(architecture) = design else { return None };
        offered.iter().find_map(|&precision| {
            let loaded = Self::cached(folder, architecture, Packing { kernels, precision })?;
            (loaded.source == Source::Packed { settled: true }).then_some((loaded, precision))
        })
    }

    fn cached(folder: &Folder, architecture: &Architecture, packing: Packing) -> Option<Loaded> {
        let Cached { network, digest, settled } = packed_file::read(folder, architecture, packing)?;
        let network = Self::Packed(Packed::new(architecture, network, packing));
        Some(Loaded { network, digest, source: Source::Packed { settled } })
    }

    /// Writes the packed file.
    pub(crate) fn keep(&self, folder: &Folder, digest: [u8; 32], settled: bool) {
        if let Self::Packed(packed) = self {
            let Packed { architecture, network, packing } = packed;
            packed_file::write(folder, architecture, *packing, network, digest, settled);
        }
    }

    /// Forgets what is for longer texts only.
    pub(crate) fn limit(&mut self, max_tokens: usize) {
        if let Self::Packed(packed) = self {
            packed.network.limit(&packed.architecture, max_tokens);
        }
    }

    /// Values in a token's vector.
    pub(crate) fn hidden(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.architecture.hidden,
            Self::Candle(network) => network.hidden(),
        }
    }

    /// Leaves the vectors of the batch's tokens in `scratch.x`, `[tokens, hidden]`.
    pub(crate) fn token_vectors(
        &self,
        batch: &[&Tokens],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let network = match self {
            Self::Packed(packed) => return packed.token_vectors(batch, scratch),
            Self::Candle(network) => network,
        };
        let tokens: usize = batch.iter().map(|text| text.len()).sum();
        let mut rest = sized(&mut scratch.x, tokens * network.hidden());
        for (place, text) in batch.iter().enumerate() {
            let rows = rest.split_off_mut(..text.len() * network.hidden()).unwrap_or_default();
            network.token_vectors(place, text.ids(), rows)?;
        }
        Ok(())
    }
}

/// What an encoder computes with.
pub(crate) struct Model {
    pub(crate) network: Network,
    pub(crate) pooling: Pooling,
    pub(crate) stages: Vec<Stage>,
    /// Values in a text's vector.
    pub(crate) dimension: usize,
    pub(crate) kernels: &'static Kernels,
}

impl Model {
    /// Encodes `batch` into `out`, `[batch.len(), dimension]`.
    pub(crate) fn forward(
        &self,
        batch: &[&Tokens],
        scratch: &mut Scratch,
        out: &mut [f32],
    ) -> Result<(), Error> {
        if out.len() != batch.len() * self.dimension {
            let problem = format!(
                "{} values were given for {} vectors of {} dimensions: give as many as they have",
                out.len(),
                batch.len(),
                self.dimension
            );
            return Err(Error::InvalidInput { problem });
        }
        self.network.token_vectors(batch, scratch)?;
        self.finish(batch, scratch, out)
    }

    /// Pooling and what follows it.
    fn finish(
        &self,
        batch: &[&Tokens],
        scratch: &mut Scratch,
        out: &mut [f32],
    ) -> Result<(), Error> {
        let hidden = self.network.hidden();
        scratch.vectors.resize(batch.len() * hidden, 0.0);
        let mut rows = scratch.x.as_slice();
        for (text, vector) in batch.iter().zip(scratch.vectors.chunks_exact_mut(hidden)) {
            let rows = rows.split_off(..text.len() * hidden).unwrap_or_default();
            stages::pool(self.pooling, rows, vector, self.kernels);
        }
        stages::apply(
            &self.stages,
            batch.len(),
            &mut scratch.vectors,
            &mut scratch.spare,
            &mut scratch.matmul,
            self.kernels,
        );
        for (text, vector) in scratch.vectors.chunks_exact(self.dimension).enumerate() {
            if !vector.iter().all(|value| value.is_finite()) {
                return Err(Error::NotFinite { text });
            }
        }
        out.copy_from_slice(&scratch.vectors);
        Ok(())
    }
}
