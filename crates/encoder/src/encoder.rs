//! A loaded sentence encoder.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use hippocamp_simd::{Kernels, Level, Precision};

use crate::config::Design;
use crate::fingerprint::Identity;
use crate::folder::Folder;
use crate::forward::Scratch;
use crate::layers::Packing;
use crate::loading::both;
use crate::micro_batches::micro_batches;
use crate::model::{Loaded, Model, Network, Source};
use crate::modules::Modules;
use crate::settings::Settings;
use crate::stages::Stages;
use crate::tokenizer::Tokenizer;
use crate::{Error, LoadOptions, Tokens, precision};

/// A sentence encoder: text in, vector out. It is not changed by use and can be shared between threads.
pub struct Encoder {
    name: String,
    fingerprint: String,
    precision: Precision,
    settings: Settings,
    tokenizer: Tokenizer,
    model: Model,
}

impl Encoder {
    /// Loads a model folder as sentence-transformers writes it, or a plain BERT folder.
    ///
    /// BERT, `RoBERTa`, XLM-RoBERTa, `CamemBERT`, `DistilBERT` and `MPNet` take the fast path; candle runs `ModernBERT`,
    /// `NomicBERT` and `JinaBERT`, of whose texts 2,048 tokens are looked at unless the options say otherwise.
    ///
    /// Takes about as long as reading its files (with a second thread for the tokenizer), and little more memory
    /// than the weights and the tokenizer keep.
    ///
    /// # Errors
    /// A folder that is missing, incomplete, damaged or of an unsupported kind, a level that the CPU lacks, or an
    /// option that does not fit the model.
    pub fn load(folder: &Path, options: &LoadOptions) -> Result<Self, Error> {
        let kernels = Kernels::of(options.level)?;
        let folder = Folder::open(folder)?;
        let modules = Modules::load(&folder, options)?;
        let design = Design::load(&modules.transformer)?;
        let settings = Settings::load(&folder, &modules.transformer, &design, options)?;
        let mut stages = Stages::load(&modules.stages, design.hidden(), kernels)?;
        if let Some(dimensions) = options.dimensions {
            stages.truncate(dimensions, design.standardizes_before_truncation())?;
        }
        let weights_folder = &modules.transformer;
        let load_network = |precision| {
            let packing = Packing { kernels, precision };
            Network::load(weights_folder, &design, settings.max_tokens, packing)
        };
        let load_tokenizer = || Tokenizer::load(weights_folder, design.vocabulary(), &settings);
        let offered = offered(&design);
        let asked = options.precision.map(|asked| check_precision(asked, offered)).transpose()?;
        let first = asked.or(offered.first().copied()).unwrap_or(Precision::F32);
        let (tokenizer, network) = both(load_tokenizer, || {
            if asked.is_none()
                && let Some(settled) = Network::settled(weights_folder, &design, offered, kernels)
            {
                return Ok(settled);
            }
            load_network(first).map(|loaded| (loaded, first))
        });
        let (tokenizer, (Loaded { network, digest, source }, mut precision)) =
            (tokenizer?, network?);
        let mut model = Model {
            network,
            pooling: modules.pooling,
            stages: stages.list,
            dimension: stages.dimension,
            kernels,
        };
        let settles = asked.is_none() && source != Source::Packed { settled: true };
        if settles {
            let load = |precision| Ok(load_network(precision)?.network);
            precision = precision::settle(&mut model, &tokenizer, offered, load)?;
        }
        if settles || source == Source::Weights {
            model.network.keep(weights_folder, digest, settles);
        }
        model.network.limit(settings.max_tokens);
        let fingerprint = Identity {
            version: 1,
            precision: precision.as_str(),
            architecture: &design,
            pooling: modules.pooling,
            stages: &stages.summaries,
            max_tokens: settings.max_tokens,
            lowercase: settings.lowercase,
            tokenizer: tokenizer.digest(),
            weights: &digest,
        }
        .fingerprint()
        .map_err(|error| Error::invalid(folder.path(), error))?;
        Ok(Self { name: folder.model_name(), fingerprint, precision, settings, tokenizer, model })
    }

    /// Values in a vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.model.dimension
    }

    /// Tokens of a text that are looked at, special tokens included; longer texts are cut.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.settings.max_tokens
    }

    /// 64 hexadecimal digits that are equal for two encoders exactly when they give the same vectors, up to the
    /// rounding of another instruction set.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The folder's name; for a folder in the hub's cache the name of the model there.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instruction set in use.
    #[must_use]
    pub fn level(&self) -> Level {
        self.model.kernels.level()
    }

    /// The form of weights and activations in matrix products.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The model's prompts by name, with those of [`LoadOptions::prompts`].
    #[must_use]
    pub fn prompts(&self) -> &BTreeMap<String, String> {
        &self.settings.prompts
    }

    /// Name of the prompt that the model means when none is named.
    #[must_use]
    pub fn default_prompt(&self) -> Option<&str> {
        self.settings.default_prompt.as_deref()
    }

    /// The text of a prompt, to be passed as a prefix.
    ///
    /// # Errors
    /// [`Error::UnknownPrompt`] with the names that there are.
    pub fn prompt(&self, name: &str) -> Result<&str, Error> {
        let prompts = &self.settings.prompts;
        prompts.get(name).map(String::as_str).ok_or_else(|| Error::UnknownPrompt {
            name: name.to_owned(),
            known: prompts.keys().cloned().collect(),
        })
    }

    /// Splits `prefix` and `text`, taken together, into tokens, at most [`max_tokens`](Self::max_tokens).
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when the tokenizer cannot do it (one without a token for unknown characters).
    pub fn tokenize(&self, text: &str, prefix: &str) -> Result<Tokens, Error> {
        self.tokenizer.tokenize(text, prefix)
    }

    /// How many tokens a text has of its own: without special tokens, without a limit.
    ///
    /// # Errors
    /// As [`tokenize`](Self::tokenize).
    pub fn count_tokens(&self, text: &str) -> Result<usize, Error> {
        self.tokenizer.count(text)
    }

    /// How many tokens a text has of its own, and how many of them stand for what is not in the model's vocabulary.
    ///
    /// # Errors
    /// As [`tokenize`](Self::tokenize).
    pub fn count_unknown(&self, text: &str) -> Result<(usize, usize), Error> {
        self.tokenizer.count_unknown(text)
    }

    /// Encodes a batch into `out`, `[batch.len(), dimension]` row-major.
    ///
    /// A text's vector has the same bits in any batch. The batch's tokens go through the network together:
    /// some hundred are a good number, and memory grows with them. A text without tokens gets zeros.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when `out` has another length or the tokens are another encoder's,
    /// [`Error::NotFinite`] when the weights are damaged.
    pub fn forward(
        &self,
        batch: &[&Tokens],
        scratch: &mut Scratch,
        out: &mut [f32],
    ) -> Result<(), Error> {
        self.model.forward(batch, scratch, out)
    }

    /// Encodes texts on the calling thread: `[texts.len(), dimension]` row-major. `prefix` is put before each.
    ///
    /// # Errors
    /// As [`tokenize`](Self::tokenize) and [`forward`](Self::forward).
    pub fn encode(&self, texts: &[&str], prefix: &str) -> Result<Vec<f32>, Error> {
        let tokens = texts.iter().map(|text| self.tokenize(text, prefix));
        let tokens = tokens.collect::<Result<Vec<Tokens>, Error>>()?;
        let mut vectors = vec![0.0; texts.len() * self.dimension()];
        let mut scratch = Scratch::default();
        let mut rest = vectors.as_mut_slice();
        for batch in micro_batches(&tokens) {
            let out = rest.split_off_mut(..batch.len() * self.dimension()).unwrap_or_default();
            let references: Vec<&Tokens> = batch.iter().collect();
            self.forward(&references, &mut scratch, out)?;
        }
        Ok(vectors)
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("name", &self.name)
            .field("fingerprint", &self.fingerprint)
            .field("dimension", &self.dimension())
            .field("max_tokens", &self.max_tokens())
            .field("level", &self.level())
            .field("precision", &self.precision)
            .finish_non_exhaustive()
    }
}

/// The precisions that a network can have, the fastest first.
fn offered(design: &Design) -> &'static [Precision] {
    match design {
        Design::Candle(_) => &[Precision::F32],
        Design::Fast(architecture) if architecture.fits_bytes() => &precision::BY_SPEED,
        Design::Fast(_) => precision::BY_SPEED.get(1..).unwrap_or_default(),
    }
}

fn check_precision(asked: Precision, offered: &[Precision]) -> Result<Precision, Error> {
    if offered.contains(&asked) {
        return Ok(asked);
    }
    let names: Vec<&str> = offered.iter().map(|precision| precision.as_str()).collect();
    let problem = format!("this model cannot be had in {asked}: take {}", names.join(" or "));
    Err(Error::InvalidOption { option: "precision", problem })
}
