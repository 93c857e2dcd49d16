//! Sentence encoders.

use std::collections::HashMap;
use std::path::PathBuf;

use hippocamp_engine::{Embeddings, Error, Limits, Priority, Prompt, TextEncoder};
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use crate::batch::{self, StringBatch};
use crate::cancel::{self, CancelToken};
use crate::encoder_stats::NativeEncoderStats;
use crate::error;
use crate::operation::{self, Answer};
use crate::options::NativeLoadOptions;
use crate::typed_array::Floats;

/// A loaded encoder.
#[napi]
pub struct NativeEncoder(TextEncoder);

/// Loads a model folder.
#[napi(catch_unwind)]
pub fn load_encoder<'env>(
    env: &'env Env,
    folder: String,
    options: NativeLoadOptions,
    token: Option<&CancelToken>,
) -> napi::Result<PromiseRaw<'env, NativeEncoder>> {
    operation::read(env, Priority::Bulk, cancel::of(token), move |_| {
        let mut options = options;
        let (languages, queue) = (options.languages.take(), options.queue()?);
        let folder = PathBuf::from(folder);
        let encoder = TextEncoder::load_with(&folder, &options.into_engine()?, &queue)?;
        let encoder = match languages {
            Some(languages) => encoder.for_languages(&languages)?,
            None => encoder,
        };
        Ok(NativeEncoder(encoder))
    })
}

/// Vectors of texts.
#[napi(object, object_from_js = false)]
pub struct NativeEmbeddings {
    /// Row-major, `count * dimension` values.
    #[napi(ts_type = "Float32Array")]
    pub data: Floats,
    /// How many texts.
    pub count: u32,
    /// Values in each vector.
    pub dimension: u32,
    /// Tokens that went through the model.
    pub tokens: f64,
    /// How many texts were cut.
    pub truncated: u32,
}

impl From<Embeddings> for NativeEmbeddings {
    fn from(embeddings: Embeddings) -> Self {
        Self {
            data: Floats(embeddings.data),
            count: embeddings.count as u32,
            dimension: embeddings.dimension as u32,
            tokens: embeddings.tokens as f64,
            truncated: embeddings.truncated as u32,
        }
    }
}

#[napi]
impl NativeEncoder {
    pub(crate) fn engine(&self) -> TextEncoder {
        self.0.clone()
    }

    /// Values in a vector.
    #[napi(getter, catch_unwind)]
    pub fn dimension(&self) -> u32 {
        self.0.dimension() as u32
    }

    /// Tokens of a text that are looked at.
    #[napi(getter, catch_unwind)]
    pub fn max_tokens(&self) -> u32 {
        self.0.max_tokens() as u32
    }

    /// Equal for two encoders exactly when they give the same vectors.
    #[napi(getter, catch_unwind)]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint().to_owned()
    }

    /// `f32`, `bf16` or `int8`.
    #[napi(getter, catch_unwind)]
    pub fn precision(&self) -> String {
        self.0.precision().to_string()
    }

    /// The instruction set in use.
    #[napi(getter, catch_unwind)]
    pub fn cpu(&self) -> String {
        self.0.level().to_string()
    }

    /// The model's name.
    #[napi(getter, catch_unwind)]
    pub fn name(&self) -> String {
        self.0.name().to_owned()
    }

    /// The model's prompts by name.
    #[napi(getter, catch_unwind)]
    pub fn prompts(&self) -> HashMap<String, String> {
        self.0.prompts().clone().into_iter().collect()
    }

    /// What it has done since it was loaded, and what it is doing.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> NativeEncoderStats {
        self.0.stats().into()
    }

    /// A batch for so many texts whose tokens are to be counted.
    ///
    /// # Errors
    /// More than a batch may have.
    #[napi(catch_unwind)]
    pub fn batch(&self, env: Env, count: u32) -> napi::Result<StringBatch> {
        StringBatch::for_texts(env, count)
    }

    /// A batch for so many texts to be encoded, with a place in the queue; nothing if that has to be waited for.
    ///
    /// # Errors
    /// More than a batch may have; a queue that is full and where nobody waits.
    #[napi(catch_unwind)]
    pub fn batch_to_encode(&self, env: Env, count: u32) -> napi::Result<Option<StringBatch>> {
        batch::check_count(env, "texts", count as usize, &Limits::default())?;
        match self.0.place(count as usize) {
            Ok(place) => Ok(place.map(StringBatch::with_place)),
            Err(full) => Err(error::throw(&env, &full)),
        }
    }

    /// The same as soon as there is room.
    #[napi(catch_unwind)]
    pub fn batch_to_encode_later<'env>(
        &self,
        env: &'env Env,
        count: u32,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, StringBatch>> {
        let (answer, promise) = Answer::new(env)?;
        self.0.place_later(count as usize, &cancel::of(token), move |place| {
            answer.give(place.map(StringBatch::with_place));
        });
        Ok(promise)
    }

    /// Encodes the texts of the batch, with one of the model's prompts or a prefix before each.
    #[napi(catch_unwind)]
    pub fn encode<'env>(
        &self,
        env: &'env Env,
        texts: &mut StringBatch,
        prompt: Option<String>,
        prefix: Option<String>,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, NativeEmbeddings>> {
        let prompt = match (prompt, prefix) {
            (Some(name), _) => Prompt::Named(name),
            (None, Some(text)) => Prompt::Literal(text),
            (None, None) => Prompt::None,
        };
        let (answer, promise) = Answer::new(env)?;
        let cancel = cancel::of(token);
        let Some(place) = texts.take_place() else {
            answer
                .give(Err(Error::Internal("texts without a place were to be encoded".to_owned())));
            return Ok(promise);
        };
        let cancelled = cancel.clone();
        place.encode(texts.take(), &prompt, &cancel, move |embeddings| {
            answer.give(match embeddings {
                Ok(_) if cancelled.is_cancelled() => Err(Error::Aborted),
                embeddings => embeddings.map(NativeEmbeddings::from),
            });
        });
        Ok(promise)
    }

    /// Tokens of each text of the batch, uncut and without special tokens.
    #[napi(catch_unwind)]
    pub fn count_tokens<'env>(
        &self,
        env: &'env Env,
        texts: &mut StringBatch,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, Vec<u32>>> {
        let (encoder, texts) = (self.engine(), texts.take());
        let priority = Priority::of_count(texts.len());
        operation::read(env, priority, cancel::of(token), move |cancel| {
            let counts = encoder.count_tokens_of(texts, priority, cancel)?;
            Ok(counts.into_iter().map(|count| count as u32).collect())
        })
    }
}
