//! A reranker on the worker threads.
//!
//! As with encoders (`text_encoder.rs`), texts are cut into pieces, and a worker tokenises the pairs of a piece and
//! runs them through the network in micro-batches. The scores do not depend on the cuts.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use hippocamp_encoder::{QueryTokens, Reranker, RerankerOptions, Scratch, Tokens, micro_batches};

use crate::text_encoder::{check_text, check_texts};
use crate::{Cancel, Error, Limits, Priority, Runtime};

/// Texts in a piece of work: a pair is long.
const PIECE_TEXTS: usize = 8;

/// A loaded reranker that uses all worker threads. Clones share it.
#[derive(Clone)]
pub struct TextReranker {
    shared: Arc<Shared>,
}

struct Shared {
    reranker: Reranker,
    scratches: Mutex<Vec<Scratch>>,
}

impl TextReranker {
    /// Loads the folder of a cross-encoder. Takes as long as reading its files.
    ///
    /// # Errors
    /// A folder that is missing, incomplete, damaged or of an unsupported kind.
    pub fn load(folder: &Path, options: &RerankerOptions) -> Result<Self, Error> {
        Runtime::configured_threads()?;
        let reranker = Reranker::load(folder, options)?;
        Ok(Self { shared: Arc::new(Shared { reranker, scratches: Mutex::default() }) })
    }

    /// Tokens of a pair that are looked at, special tokens included.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.shared.reranker.max_tokens()
    }

    /// The model's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shared.reranker.name()
    }

    /// How well each text answers the question, on the calling thread and every idle worker.
    ///
    /// # Errors
    /// Texts above the limits, or [`Error::Aborted`].
    pub fn score(
        &self,
        query: &str,
        texts: Vec<String>,
        priority: Priority,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, Error> {
        check_text(|| "the query".to_owned(), query, &Limits::default())?;
        check_texts(&texts)?;
        cancel.check()?;
        let query = self.shared.reranker.query(query)?;
        let count = texts.len();
        let runtime = Runtime::shared();
        let piece_texts = count.div_ceil(runtime.threads()).clamp(1, PIECE_TEXTS);
        let pieces = count.div_ceil(piece_texts);
        let scores = Arc::new(Mutex::new(vec![0.0; count]));

        let (this, cancel, shared_scores) = (self.clone(), cancel.clone(), Arc::clone(&scores));
        runtime.for_each(priority, pieces, move |piece| {
            let start = piece * piece_texts;
            let end = count.min(start + piece_texts);
            let found =
                this.score_piece(&query, texts.get(start..end).unwrap_or_default(), &cancel)?;
            let mut scores = shared_scores.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(out) = scores.get_mut(start..end) {
                out.copy_from_slice(&found);
            }
            Ok(())
        })?;
        let mut scores = scores.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *scores))
    }

    /// One worker's share.
    fn score_piece(
        &self,
        query: &QueryTokens,
        texts: &[String],
        cancel: &Cancel,
    ) -> Result<Vec<f32>, Error> {
        let reranker = &self.shared.reranker;
        let mut pairs = Vec::with_capacity(texts.len());
        for text in texts {
            cancel.check()?;
            pairs.push(reranker.tokenize(query, text)?);
        }
        let mut scratch = self.take_scratch();
        let mut scores = vec![0.0; texts.len()];
        let mut rest = scores.as_mut_slice();
        for batch in micro_batches(&pairs) {
            cancel.check()?;
            let references: Vec<&Tokens> = batch.iter().collect();
            let out = rest.split_off_mut(..batch.len()).unwrap_or_default();
            reranker.forward(&references, &mut scratch, out)?;
        }
        self.shared.scratches.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        Ok(scores)
    }

    fn take_scratch(&self) -> Scratch {
        let kept = self.shared.scratches.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_default()
    }
}
