//! An encoder on the worker threads, and its queue ([`encoder_queue`](crate::encoder_queue)).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use hippocamp_encoder::{Encoder, LoadOptions};
use hippocamp_simd::{Level, Precision};

use crate::admission::Place;
use crate::encoder_queue::{Queue, QueueOptions, Request};
use crate::encoder_stats::EncoderStats;
use crate::limits::within;
use crate::script::Script;
use crate::{Cancel, Error, Limits, Priority, Runtime};

/// Texts that are counted at a time: between two pieces searches have their turn.
const COUNTED_TEXTS: usize = 32;

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

/// A loaded sentence encoder that uses all worker threads. Clones share it, and its queue.
#[derive(Clone)]
pub struct TextEncoder {
    queue: Arc<Queue>,
    /// Of the languages that it was made for, if these are known.
    scripts: Option<Arc<[Script]>>,
}

impl TextEncoder {
    /// Loads a sentence-transformers folder. Takes as long as reading its files.
    ///
    /// # Errors
    /// A folder that is missing, incomplete, damaged or of an unsupported kind.
    pub fn load(folder: &Path, options: &LoadOptions) -> Result<Self, Error> {
        Self::load_with(folder, options, &QueueOptions::default())
    }

    /// The same with another queue.
    ///
    /// # Errors
    /// As [`load`](Self::load); a limit of 0.
    pub fn load_with(
        folder: &Path,
        options: &LoadOptions,
        queue: &QueueOptions,
    ) -> Result<Self, Error> {
        Runtime::configured_threads()?;
        if queue.limit == 0 {
            let problem = "queue.limit is 0, with which nothing could be encoded: give at least 1";
            return Err(Error::InvalidArgument(problem.to_owned()));
        }
        let queue = Arc::new(Queue::new(Encoder::load(folder, options)?, queue));
        Ok(Self { queue, scripts: None })
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
        self.encoder().dimension()
    }

    /// Tokens of a text that are looked at, special tokens included.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.encoder().max_tokens()
    }

    /// Equal for two encoders exactly when they give the same vectors.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        self.encoder().fingerprint()
    }

    /// The form of weights and activations in matrix products.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.encoder().precision()
    }

    /// The instruction set in use.
    #[must_use]
    pub fn level(&self) -> Level {
        self.encoder().level()
    }

    /// The model's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.encoder().name()
    }

    /// The model's prompts by name.
    #[must_use]
    pub fn prompts(&self) -> &BTreeMap<String, String> {
        self.encoder().prompts()
    }

    /// What the encoder has done since it was loaded, and what it is doing.
    #[must_use]
    pub fn stats(&self) -> EncoderStats {
        self.queue.stats()
    }

    /// Tokens of a text, uncut and without special tokens.
    ///
    /// # Errors
    /// A text above the limit.
    pub fn count_tokens(&self, text: &str) -> Result<usize, Error> {
        check_text(|| "the text".to_owned(), text, &Limits::default())?;
        Ok(self.encoder().count_tokens(text)?)
    }

    /// The same of several texts, on the calling thread and every idle worker.
    ///
    /// # Errors
    /// Texts above the limits, or [`Error::Aborted`].
    pub fn count_tokens_of(
        &self,
        texts: Vec<String>,
        priority: Priority,
        cancel: &Cancel,
    ) -> Result<Vec<usize>, Error> {
        check_texts(&texts)?;
        let counts = Arc::new(Mutex::new(vec![0; texts.len()]));
        let (this, cancel, shared) = (self.clone(), cancel.clone(), Arc::clone(&counts));
        let pieces = texts.len().div_ceil(COUNTED_TEXTS);
        Runtime::shared().for_each(priority, pieces, move |piece| {
            let start = piece * COUNTED_TEXTS;
            let texts = texts.iter().skip(start).take(COUNTED_TEXTS);
            let count = |text: &String| {
                cancel.check()?;
                Ok(this.encoder().count_tokens(text)?)
            };
            let counted = texts.map(count).collect::<Result<Vec<usize>, Error>>()?;
            let mut all = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(all) = all.get_mut(start..start + counted.len()) {
                all.copy_from_slice(&counted);
            }
            Ok(())
        })?;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *counts))
    }

    /// The share of a text's tokens that are not in the model's vocabulary.
    pub(crate) fn unknown_tokens(&self, text: &str) -> Result<f32, Error> {
        let (tokens, unknown) = self.encoder().count_unknown(text)?;
        Ok(unknown as f32 / tokens.max(1) as f32)
    }

    /// Encodes texts on the calling thread and every idle worker. Where few are asked for, vectors of texts that were
    /// encoded lately are remembered.
    ///
    /// # Errors
    /// Texts above the limits, an unknown prompt, [`Error::QueueFull`] or [`Error::Aborted`].
    pub fn encode(
        &self,
        texts: Vec<String>,
        prompt: &Prompt,
        priority: Priority,
        cancel: &Cancel,
    ) -> Result<Embeddings, Error> {
        check_texts(&texts)?;
        let remembers = priority == Priority::Interactive;
        let prefix = prefix(self.encoder(), prompt)?.into();
        self.run(Request { texts, prefix, remembers }, priority, cancel)
    }

    /// A place in the queue for a call of [`Place::encode`] with so many texts; nothing if it has to wait.
    ///
    /// # Errors
    /// [`Error::QueueFull`] where nobody waits.
    pub fn place(&self, texts: usize) -> Result<Option<Place>, Error> {
        self.queue.place(texts, Priority::of_count(texts))
    }

    /// The same as soon as there is room. `done` is called once: with the place, or with [`Error::Aborted`].
    pub fn place_later(
        &self,
        texts: usize,
        cancel: &Cancel,
        done: impl FnOnce(Result<Place, Error>) + Send + 'static,
    ) {
        self.queue.place_later(texts, Priority::of_count(texts), cancel, done);
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
        let prefix = self.document_prompt().into();
        self.run(Request { texts, prefix, remembers: false }, priority, cancel)
    }

    /// Texts to search with, with the model's prompt for them.
    pub(crate) fn encode_queries(
        &self,
        texts: Vec<String>,
        cancel: &Cancel,
    ) -> Result<Embeddings, Error> {
        let (request, priority) = self.queries(texts);
        self.run(request, priority, cancel)
    }

    /// The same on the workers; `done` is called once, at once or later, on any thread.
    pub(crate) fn encode_queries_later(
        &self,
        texts: Vec<String>,
        cancel: &Cancel,
        done: impl FnOnce(Result<Embeddings, Error>) + Send + 'static,
    ) {
        let (request, priority) = self.queries(texts);
        match self.queue.place_now(request.texts.len(), priority) {
            Ok(place) => self.queue.submit(request, place, cancel, Box::new(done)),
            Err(error) => done(Err(error)),
        }
    }

    fn queries(&self, texts: Vec<String>) -> (Request, Priority) {
        let priority = Priority::of_count(texts.len());
        let prefix = self.prompts().get(QUERY_PROMPT).map_or("", String::as_str).into();
        let remembers = priority == Priority::Interactive;
        (Request { texts, prefix, remembers }, priority)
    }

    fn run(
        &self,
        request: Request,
        priority: Priority,
        cancel: &Cancel,
    ) -> Result<Embeddings, Error> {
        cancel.check()?;
        let place = self.queue.place_now(request.texts.len(), priority)?;
        self.queue.run(request, place, cancel)
    }

    fn document_prompt(&self) -> &str {
        DOCUMENT_PROMPTS
            .iter()
            .find_map(|&name| self.prompts().get(name))
            .map_or("", String::as_str)
    }

    fn encoder(&self) -> &Encoder {
        &self.queue.encoder
    }
}

impl Place {
    /// Encodes texts on the workers; `done` is called once, at once or later, on any thread, and keeps that one from encoding
    /// while it runs. Cancelling ends the call at once and takes what waits of it out of the queue.
    ///
    /// # Errors
    /// Those of `done`: as [`TextEncoder::encode`].
    pub fn encode(
        self,
        texts: Vec<String>,
        prompt: &Prompt,
        cancel: &Cancel,
        done: impl FnOnce(Result<Embeddings, Error>) + Send + 'static,
    ) {
        let queue = Arc::clone(self.queue());
        let request = || {
            cancel.check()?;
            check_texts(&texts)?;
            let prefix = prefix(&queue.encoder, prompt)?.into();
            Ok(Request { texts, prefix, remembers: self.priority() == Priority::Interactive })
        };
        match request() {
            Ok(request) => queue.submit(request, self, cancel, Box::new(done)),
            Err(error) => done(Err(error)),
        }
    }
}

fn prefix<'a>(encoder: &'a Encoder, prompt: &'a Prompt) -> Result<&'a str, Error> {
    Ok(match prompt {
        Prompt::None => "",
        Prompt::Literal(text) => text,
        Prompt::Named(name) => encoder.prompt(name)?,
    })
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
