//! Everything that can go wrong with a model folder or a text, as values.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use hippocamp_simd::LevelError;

/// Why a model could not be loaded or a text not be encoded. The message names the value and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no folder at this path.
    #[error("there is no model folder at {}: check the path, or fetch the model first", path.display())]
    NotFound {
        /// The path that was given.
        path: PathBuf,
    },
    /// The folder is there, but it is incomplete, damaged, or contradicts itself.
    #[error("{}: {problem}", path.display())]
    Invalid {
        /// The file, or the folder when the fault is not in one file.
        path: PathBuf,
        /// What is wrong, what was expected, and the remedy.
        problem: String,
    },
    /// The folder is in order, but its model is of a kind that is not built here.
    #[error("{}: {problem}", path.display())]
    Unsupported {
        /// The file that asks for it.
        path: PathBuf,
        /// What is not supported, and what is.
        problem: String,
    },
    /// `tokenizer.json` is not a tokenizer, does not fit the model, or failed on a text.
    #[error("{}: {problem}", path.display())]
    Tokenizer {
        /// The tokenizer's file.
        path: PathBuf,
        /// What is wrong and the remedy.
        problem: String,
    },
    /// The operating system refused to read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// What was being read.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// `HIPPOCAMP_CPU` or [`LoadOptions::level`](crate::LoadOptions::level) names a level that this CPU lacks.
    #[error(transparent)]
    Cpu(#[from] LevelError),
    /// An option that does not fit the model.
    #[error("option {option}: {problem}")]
    InvalidOption {
        /// Its name in [`LoadOptions`](crate::LoadOptions).
        option: &'static str,
        /// What is wrong and what would do.
        problem: String,
    },
    /// The model has no prompt of this name.
    #[error("the model has no prompt \"{name}\"; {}", known_prompts(known))]
    UnknownPrompt {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The arguments of [`Encoder::forward`](crate::Encoder::forward) do not fit the encoder or each other.
    #[error("{problem}")]
    InvalidInput {
        /// Which argument, what was expected and found.
        problem: String,
    },
    /// A text's vector has a NaN or an infinity: the weights are damaged.
    #[error(
        "the model gives a vector with values that are not finite for text {text} of the batch: \
         its weights are damaged, fetch the model again"
    )]
    NotFinite {
        /// Position of the text in the batch.
        text: usize,
    },
}

impl Error {
    pub(crate) fn invalid(path: &Path, problem: impl Display) -> Self {
        Self::Invalid { path: path.to_owned(), problem: problem.to_string() }
    }

    pub(crate) fn unsupported(path: &Path, problem: impl Display) -> Self {
        Self::Unsupported { path: path.to_owned(), problem: problem.to_string() }
    }

    pub(crate) fn tokenizer(path: &Path, problem: impl Display) -> Self {
        Self::Tokenizer { path: path.to_owned(), problem: problem.to_string() }
    }

    /// A text with a token that the model has no row for.
    pub(crate) fn foreign_token(text: usize, token: u32, vocabulary: usize) -> Self {
        let problem = format!(
            "text {text} has token {token}, the encoder has {vocabulary}: tokenise it with this encoder"
        );
        Self::InvalidInput { problem }
    }

    /// A text that was not cut to what the model takes.
    pub(crate) fn too_many_tokens(text: usize, tokens: usize, max_tokens: usize) -> Self {
        let problem = format!(
            "text {text} has {tokens} tokens, the encoder takes {max_tokens}: tokenise it with this encoder"
        );
        Self::InvalidInput { problem }
    }

    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

fn known_prompts(known: &[String]) -> String {
    if known.is_empty() {
        "it has none: pass the text of the prompt as a prefix".to_owned()
    } else {
        format!("it has: {}", known.join(", "))
    }
}
