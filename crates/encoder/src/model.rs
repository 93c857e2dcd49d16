//! From tokens to a text's vector: the network, then pooling, then what follows it.

use hippocamp_simd::Kernels;

use crate::candle;
use crate::config::Design;
use crate::folder::Folder;
use crate::forward::{Packed, Scratch, sized};
use crate::layers;
use crate::stages::{self, Stage};
use crate::{Error, Pooling, Tokens};

/// What gives tokens their vectors.
pub(crate) enum Network {
    Packed(Packed),
    Candle(candle::Network),
}

impl Network {
    /// Reads the weights; also returns the digest of all that was read.
    pub(crate) fn load(
        folder: &Folder,
        design: &Design,
        max_tokens: usize,
        kernels: &'static Kernels,
    ) -> Result<(Self, [u8; 32]), Error> {
        match design {
            Design::Fast(architecture) => {
                let (network, digest) =
                    layers::Network::load(folder, architecture, max_tokens, kernels)?;
                let architecture = architecture.clone();
                Ok((Self::Packed(Packed { architecture, network, kernels }), digest))
            }
            Design::Candle(architecture) => {
                let (network, digest) = candle::Network::load(folder, architecture, max_tokens)?;
                Ok((Self::Candle(network), digest))
            }
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
