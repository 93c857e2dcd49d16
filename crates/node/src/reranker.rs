//! Rerankers.

use std::path::PathBuf;

use hippocamp_engine::{Priority, TextReranker};
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use crate::batch::StringBatch;
use crate::cancel::{self, CancelToken};
use crate::operation;
use crate::options::NativeRerankerOptions;
use crate::typed_array::Floats;

/// A loaded reranker.
#[napi]
pub struct NativeReranker(TextReranker);

/// The scores of texts.
#[napi(object, object_from_js = false)]
pub struct NativeScores {
    /// In the order of the texts.
    #[napi(ts_type = "Float32Array")]
    pub data: Floats,
}

/// Loads the folder of a cross-encoder.
#[napi(catch_unwind)]
pub fn load_reranker<'env>(
    env: &'env Env,
    folder: String,
    options: NativeRerankerOptions,
    token: Option<&CancelToken>,
) -> napi::Result<PromiseRaw<'env, NativeReranker>> {
    operation::read(env, Priority::Bulk, cancel::of(token), move |_| {
        let options = options.into_engine()?;
        Ok(NativeReranker(TextReranker::load(&PathBuf::from(folder), &options)?))
    })
}

#[napi]
impl NativeReranker {
    /// Tokens of a pair that are looked at.
    #[napi(getter, catch_unwind)]
    pub fn max_tokens(&self) -> u32 {
        self.0.max_tokens() as u32
    }

    /// The model's name.
    #[napi(getter, catch_unwind)]
    pub fn name(&self) -> String {
        self.0.name().to_owned()
    }

    /// A batch for so many texts.
    ///
    /// # Errors
    /// More than a batch may have.
    #[napi(catch_unwind)]
    pub fn batch(&self, env: Env, count: u32) -> napi::Result<StringBatch> {
        StringBatch::for_texts(env, count)
    }

    /// Scores the texts of the batch for a question.
    #[napi(catch_unwind)]
    pub fn score<'env>(
        &self,
        env: &'env Env,
        query: String,
        texts: &mut StringBatch,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, NativeScores>> {
        let (reranker, texts) = (self.0.clone(), texts.take());
        let priority = Priority::of_count(texts.len());
        operation::read(env, priority, cancel::of(token), move |cancel| {
            let data = reranker.score(&query, texts, priority, cancel)?;
            Ok(NativeScores { data: Floats(data) })
        })
    }
}
