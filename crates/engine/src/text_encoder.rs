//! An encoder on the worker threads.
//!
//! Texts are cut into pieces of a few dozen; a worker tokenises a piece and runs its whole forward pass in
//! micro-batches, so that no thread waits for another in the middle and memory stays at one micro-batch a
//! thread. The vectors do not depend on the cuts: an encoder gives the same bits in any batch.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use hippocamp_encoder::{Encoder, LoadOptions, Scratch, Tokens};

use crate::limits::within;
use crate::script::Script;
use crate::{Cancel, Error, Limits, Priority, Runtime};

/// Tokens in a micro-batch: enough that the weights are read once for many tokens, few enough that
/// the activations (about 13 KB a token for a hidden size of 384) stay in the second-level cache.
const MICRO_BATCH_TOKENS: usize = 256;
/// Texts in a piece of work.
const PIECE_TEXTS: usize = 32;

/// Names under which models keep the prompt for texts that are stored, by preference.
const DOCUMENT_PROMPTS: [&str; 3] = ["document", "passage", "corpus"];
/// Name under which models keep the prompt for texts that are searched with.
const QUERY_PROMPT: &str = "query";

/// What is put before each text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    /// Nothing.
    #[default]
    None,
    /// The model's prompt of this name.
    Named(String),
    /// This text.
    Literal(String),
}

/// Vectors of texts, row-major `[count, dimension]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// `count * dimension` values.
    pub data: Vec<f32>,
    /// How many texts.
    pub count: usize,
    /// Values in each vector.
    pub dimension: usize,
    /// Tokens that went through the model, special tokens included.
    pub tokens: usize,
    /// How many texts were longer than the model takes and were cut.
    pub truncated: usize,
}

/// A loaded sentence encoder that uses all worker threads. Clones share it.
#[derive(Clone)]
pub struct TextEncoder {
    shared: Arc<Shared>,
    /// Of the languages that it was made for, if these are known.
    scripts: Option<Arc<[Script]>>,
}

struct Shared {
    encoder: Encoder,
    scratches: Mutex<Vec<Scratch>>,
}

impl TextEncoder {
    /// Loads a sentence-transformers folder. Takes as long as reading its files.
    ///
    /// # Errors
    /// A folder that is missing, incomplete, damaged or of an unsupported kind.
    pub fn load(folder: &Path, options: &LoadOptions) -> Result<Self, Error> {
        Runtime::configured_threads()?;
        let encoder = Encoder::load(folder, options)?;
        let shared = Arc::new(Shared { encoder, scratches: Mutex::default() });
        Ok(Self { shared, scripts: None })
    }

    /// The same, made for texts in languages with these codes (`en`, `zh`): vectors of questions in other scripts say nothing in
    /// hybrid searches.
    ///
    /// # Errors
    /// Something that is no code.
    pub fn for_languages(self, codes: &[String]) -> Result<Self, Error> {
        let scripts = Script::of_languages(codes)?.into();
        Ok(Self { scripts: Some(scripts), ..self })
    }

    /// Whether a text may be in one of the languages that it was made for.
    pub(crate) fn may_know(&self, text: &str) -> bool {
        self.scripts.as_ref().is_none_or(|scripts| Script::are_of(scripts, text))
    }

    /// Values in a vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.shared.encoder.dimension()
    }

    /// Tokens of a text that are looked at, special tokens included.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.shared.encoder.max_tokens()
    }

    /// Equal for two encoders exactly when they give the same vectors.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        self.shared.encoder.fingerprint()
    }

    /// The model's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shared.encoder.name()
    }

    /// The model's prompts by name.
    #[must_use]
    pub fn prompts(&self) -> &BTreeMap<String, String> {
        self.shared.encoder.prompts()
    }

    /// Tokens of a text, uncut and without special tokens.
    ///
    /// # Errors
    /// A text above the limit.
    pub fn count_tokens(&self, text: &str) -> Result<usize, Error> {
        check_text(|| "the text".to_owned(), text, &Limits::default())?;
        Ok(self.shared.encoder.count_tokens(text)?)
    }

    /// The same of several texts.
    ///
    /// # Errors
    /// Texts above the limits, or [`Error::Aborted`].
    pub fn count_tokens_of(&self, texts: &[String], cancel: &Cancel) -> Result<Vec<usize>, Error> {
        check_texts(texts)?;
        let count = |text: &String| {
            cancel.check()?;
            Ok(self.shared.encoder.count_tokens(text)?)
        };
        texts.iter().map(count).collect()
    }

    /// The share of a text's tokens that are not in the model's vocabulary.
    pub(crate) fn unknown_tokens(&self, text: &str) -> Result<f32, Error> {
        let (tokens, unknown) = self.shared.encoder.count_unknown(text)?;
        Ok(unknown as f32 / tokens.max(1) as f32)
    }

    /// Encodes texts on the calling thread and every idle worker.
    ///
    /// # Errors
    /// Texts above the limits, an unknown prompt, or [`Error::Aborted`].
    pub fn encode(
        &self,
        texts: Vec<String>,
        prompt: &Prompt,
        priority: Priority,
        cancel: &Cancel,
    ) -> Result<Embeddings, Error> {
        check_texts(&texts)?;
        let prefix = self.prefix(prompt)?.to_owned();
        self.encode_checked(texts, prefix, priority, cancel)
    }

    /// What decides the vectors of stored texts: the encoder and the prompt before them.
    pub(crate) fn document_fingerprint(&self) -> String {
        match self.document_prompt() {
            "" => self.fingerprint().to_owned(),
            prompt => format!("{} {prompt:?}", self.fingerprint()),
        }
    }

    /// Texts to be stored, with the model's prompt for them.
    pub(crate) fn encode_documents(
        &self,
        texts: Vec<String>,
        priority: Priority,
        cancel: &Cancel,
    ) -> Result<Embeddings, Error> {
        self.encode_checked(texts, self.document_prompt().to_owned(), priority, cancel)
    }

    /// Texts to search with, with the model's prompt for them.
    pub(crate) fn encode_queries(
        &self,
        texts: Vec<String>,
        cancel: &Cancel,
    ) -> Result<Embeddings, Error> {
        let prefix = self.prompts().get(QUERY_PROMPT).cloned().unwrap_or_default();
        let priority = Priority::of_count(texts.len());
        self.encode_checked(texts, prefix, priority, cancel)
    }

    fn document_prompt(&self) -> &str {
        DOCUMENT_PROMPTS
            .iter()
            .find_map(|&name| self.prompts().get(name))
            .map_or("", String::as_str)
    }

    fn prefix<'a>(&'a self, prompt: &'a Prompt) -> Result<&'a str, Error> {
        Ok(match prompt {
            Prompt::None => "",
            Prompt::Literal(text) => text,
            Prompt::Named(name) => self.shared.encoder.prompt(name)?,
        })
    }

    fn encode_checked(
        &self,
        texts: Vec<String>,
        prefix: String,
        priority: Priority,
        cancel: &Cancel,
    ) -> Result<Embeddings, Error> {
        cancel.check()?;
        let (count, dimension) = (texts.len(), self.dimension());
        let runtime = Runtime::shared();
        let piece_texts = count.div_ceil(runtime.threads()).clamp(1, PIECE_TEXTS);
        let pieces = count.div_ceil(piece_texts);
        let result = Arc::new(Mutex::new(Embeddings {
            data: vec![0.0; count * dimension],
            count,
            dimension,
            tokens: 0,
            truncated: 0,
        }));

        let (this, cancel, shared_result) = (self.clone(), cancel.clone(), Arc::clone(&result));
        runtime.for_each(priority, pieces, move |piece| {
            let start = piece * piece_texts;
            let texts = texts.get(start..count.min(start + piece_texts)).unwrap_or_default();
            this.encode_piece(texts, &prefix, &cancel, |offset, rows, tokens, truncated| {
                let mut result = shared_result.lock().unwrap_or_else(PoisonError::into_inner);
                let at = (start + offset) * dimension;
                if let Some(out) = result.data.get_mut(at..at + rows.len()) {
                    out.copy_from_slice(rows);
                }
                result.tokens += tokens;
                result.truncated += truncated;
            })
        })?;
        let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
        let data = std::mem::take(&mut result.data);
        Ok(Embeddings { data, ..*result })
    }

    /// One worker's share: `store(offset, rows, tokens, truncated)` is called for each micro-batch.
    fn encode_piece(
        &self,
        texts: &[String],
        prefix: &str,
        cancel: &Cancel,
        store: impl Fn(usize, &[f32], usize, usize),
    ) -> Result<(), Error> {
        let encoder = &self.shared.encoder;
        let mut tokenized = Vec::with_capacity(texts.len());
        for text in texts {
            cancel.check()?;
            tokenized.push(encoder.tokenize(text, prefix)?);
        }
        let mut scratch = self.take_scratch();
        let mut rows = Vec::new();
        let mut offset = 0;
        while let Some(batch) = tokenized.get(offset..).filter(|rest| !rest.is_empty()) {
            cancel.check()?;
            let batch = micro_batch(batch);
            let references: Vec<&Tokens> = batch.iter().collect();
            rows.resize(batch.len() * self.dimension(), 0.0);
            encoder.forward(&references, &mut scratch, &mut rows)?;
            let tokens = batch.iter().map(Tokens::len).sum();
            let truncated = batch.iter().filter(|tokens| tokens.is_truncated()).count();
            store(offset, &rows, tokens, truncated);
            offset += batch.len();
        }
        self.shared.scratches.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        Ok(())
    }

    fn take_scratch(&self) -> Scratch {
        let kept = self.shared.scratches.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_default()
    }
}

/// # Errors
/// [`Error::LimitExceeded`] when there are too many texts, or one is too long.
pub(crate) fn check_texts(texts: &[String]) -> Result<(), Error> {
    let limits = Limits::default();
    within(|| "the batch".into(), "texts", texts.len(), limits.batch_records, "batchRecords")?;
    let bytes = texts.iter().map(String::len).sum();
    within(|| "the batch".into(), "bytes", bytes, limits.batch_bytes, "batchBytes")?;
    texts
        .iter()
        .enumerate()
        .try_for_each(|(i, text)| check_text(|| format!("text {i}"), text, &limits))
}

/// # Errors
/// [`Error::LimitExceeded`] when the text is too long.
pub(crate) fn check_text(
    what: impl FnOnce() -> String,
    text: &str,
    limits: &Limits,
) -> Result<(), Error> {
    within(what, "bytes of text", text.len(), limits.text_bytes, "textBytes")
}

/// The first texts, at least one, that make up a micro-batch.
fn micro_batch(texts: &[Tokens]) -> &[Tokens] {
    let mut tokens = 0;
    let fitting = texts.iter().take_while(|text| {
        tokens += text.len();
        tokens <= MICRO_BATCH_TOKENS
    });
    let count = fitting.count().clamp(1, texts.len().max(1));
    texts.get(..count).unwrap_or(texts)
}
