//! A loaded cross-encoder: a question and a text in, how well the text answers it out.
//!
//! The pair goes through the network as one sequence (Nogueira and Cho, 2019), so that every token of the one sees
//! every token of the other; the vector of the first token goes through two linear layers to one number.
//!
//! ```text
//! score = activation(act(x₀ W + b) w + b)
//! ```

use std::fmt;
use std::path::Path;

use hippocamp_simd::{Epilogue, Kernels, Level, MatmulScratch, Precision};

use crate::config::{Architecture, ScoreActivation};
use crate::folder::Folder;
use crate::forward::{Packed, Scratch};
use crate::layers::{Linear, Network, Packing};
use crate::loading::both;
use crate::micro_batches::micro_batches;
use crate::settings::tokenizer_limit;
use crate::stages;
use crate::tokenizer::PairTokenizer;
use crate::weights::Weights;
use crate::{Error, Pooling, QueryTokens, Tokens};

/// Changes to what a reranker's folder says. The default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RerankerOptions {
    /// Longest pair in tokens, special tokens included; longer ones are cut. The model's own limits stay in force.
    pub max_tokens: Option<usize>,
    /// The instruction set, instead of the process-wide choice.
    pub level: Option<Level>,
}

/// A cross-encoder. It is not changed by use and can be shared between threads.
pub struct Reranker {
    name: String,
    max_tokens: usize,
    tokenizer: PairTokenizer,
    packed: Packed,
    head: Head,
}

/// What makes a score of a token's vector.
struct Head {
    dense: Linear,
    dense_activation: hippocamp_simd::Activation,
    /// `hidden -> 1`
    score: Linear,
    activation: ScoreActivation,
}

impl Reranker {
    /// Loads a folder of a `…ForSequenceClassification` with one label, of the families with a fast path.
    ///
    /// # Errors
    /// As [`Encoder::load`](crate::Encoder::load); a model that does not give one score is unsupported.
    pub fn load(folder: &Path, options: &RerankerOptions) -> Result<Self, Error> {
        let kernels = Kernels::of(options.level)?;
        let folder = Folder::open(folder)?;
        let (architecture, activation) = Architecture::load_for_pairs(&folder)?;
        let limit = tokenizer_limit(&folder)?.min(options.max_tokens.unwrap_or(usize::MAX));
        let max_tokens = architecture.max_tokens().min(limit);
        let is_typed = architecture.token_types > 1 && architecture.family.types_pairs();
        // In f32: how far scores may move is not known, as no ranking says how close its scores are.
        let packing = Packing { kernels, precision: Precision::F32 };
        let load_network = || {
            let (network, mut weights) = Network::load_for_pairs(&folder, &architecture, packing)?;
            let head = Head::load(&mut weights, &architecture, activation, packing)?;
            Ok::<_, Error>((network, head))
        };
        let load_tokenizer =
            || PairTokenizer::load(&folder, architecture.vocabulary, max_tokens, is_typed);
        let (tokenizer, loaded) = both(load_tokenizer, load_network);
        let (tokenizer, (mut network, head)) = (tokenizer?, loaded?);
        network.limit(&architecture, max_tokens);
        let name = folder.model_name();
        let packed = Packed { architecture, network, packing };
        Ok(Self { name, max_tokens, tokenizer, packed, head })
    }

    /// Tokens of a pair that are looked at, special tokens included; longer ones are cut.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// The folder's name; for a folder in the hub's cache the name of the model there.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instruction set in use.
    #[must_use]
    pub fn level(&self) -> Level {
        self.packed.packing.kernels.level()
    }

    /// Splits a question into tokens, once for all texts.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when the tokenizer cannot do it.
    pub fn query(&self, text: &str) -> Result<QueryTokens, Error> {
        self.tokenizer.query(text)
    }

    /// A question and a text as one sequence, at most [`max_tokens`](Self::max_tokens) long: of a longer pair, the
    /// longer one is cut first.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when the tokenizer cannot do it.
    pub fn tokenize(&self, query: &QueryTokens, text: &str) -> Result<Tokens, Error> {
        self.tokenizer.pair(query, text)
    }

    /// Writes the score of each pair to `out`, `[batch.len()]`. A pair's score has the same bits in any batch.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when `out` has another length or the tokens are another model's,
    /// [`Error::NotFinite`] when the weights are damaged.
    pub fn forward(
        &self,
        batch: &[&Tokens],
        scratch: &mut Scratch,
        out: &mut [f32],
    ) -> Result<(), Error> {
        if out.len() != batch.len() {
            let problem = format!(
                "{} values were given for the scores of {} pairs: give as many",
                out.len(),
                batch.len()
            );
            return Err(Error::InvalidInput { problem });
        }
        self.packed.token_vectors(batch, scratch)?;
        let hidden = self.packed.architecture.hidden;
        let kernels = self.packed.packing.kernels;
        let Scratch { x, vectors, spare, matmul, .. } = scratch;
        vectors.resize(batch.len() * hidden, 0.0);
        let mut rows = x.as_slice();
        for (pair, first) in batch.iter().zip(vectors.chunks_exact_mut(hidden)) {
            let rows = rows.split_off(..pair.len() * hidden).unwrap_or_default();
            stages::pool(Pooling::Cls, rows, first, kernels);
        }
        spare.resize(batch.len() * hidden, 0.0);
        self.head.forward(vectors, spare, out, matmul, kernels);
        match out.iter().position(|score| !score.is_finite()) {
            None => Ok(()),
            Some(text) => Err(Error::NotFinite { text }),
        }
    }

    /// Scores texts for a question on the calling thread.
    ///
    /// # Errors
    /// As [`tokenize`](Self::tokenize) and [`forward`](Self::forward).
    pub fn score(&self, query: &str, texts: &[&str]) -> Result<Vec<f32>, Error> {
        let query = self.query(query)?;
        let pairs = texts.iter().map(|text| self.tokenize(&query, text));
        let pairs = pairs.collect::<Result<Vec<Tokens>, Error>>()?;
        let mut scores = vec![0.0; texts.len()];
        let mut scratch = Scratch::default();
        let mut rest = scores.as_mut_slice();
        for batch in micro_batches(&pairs) {
            let out = rest.split_off_mut(..batch.len()).unwrap_or_default();
            let references: Vec<&Tokens> = batch.iter().collect();
            self.forward(&references, &mut scratch, out)?;
        }
        Ok(scores)
    }
}

impl Head {
    fn load(
        weights: &mut Weights,
        architecture: &Architecture,
        activation: ScoreActivation,
        packing: Packing,
    ) -> Result<Self, Error> {
        let (hidden, names) = (architecture.hidden, architecture.family.head());
        let mut matrix = Vec::new();
        let mut linear = |weights: &mut Weights, name: &str, outputs: usize| {
            let names = [name.to_owned()];
            Linear::load(weights, &names, [outputs, hidden], true, packing, &mut matrix)
        };
        if !names.dense_has_prefix {
            weights.drop_prefix();
        }
        let dense = linear(weights, names.dense, hidden)?;
        weights.drop_prefix();
        let score = linear(weights, names.score, 1)?;
        Ok(Self { dense, dense_activation: names.activation, score, activation })
    }

    /// The scores of `vectors`, `[out.len(), hidden]`; `middle` is working memory of the same length, `scratch` more of it.
    fn forward(
        &self,
        vectors: &[f32],
        middle: &mut [f32],
        out: &mut [f32],
        scratch: &mut MatmulScratch,
        kernels: &Kernels,
    ) {
        let dense = Epilogue::BiasActivation(&self.dense.bias, self.dense_activation);
        kernels.matmul(vectors, &self.dense.weight, dense, scratch, middle);
        kernels.matmul(middle, &self.score.weight, Epilogue::Bias(&self.score.bias), scratch, out);
        for score in out {
            *score = self.activation.apply(*score);
        }
    }
}

impl fmt::Debug for Reranker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reranker")
            .field("name", &self.name)
            .field("max_tokens", &self.max_tokens)
            .field("level", &self.level())
            .finish_non_exhaustive()
    }
}
