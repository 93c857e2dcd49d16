//! Everything that can go wrong, each with the stable code that users see.

use std::any::Any;
use std::path::PathBuf;

use hippocamp_index::{FilterError, UsearchError};
use hippocamp_simd::LevelError;

/// An operation that could not be done. The message names the value and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument that no state of the store could make right.
    #[error("{0}")]
    InvalidArgument(String),
    /// Larger than a limit of [`Limits`](crate::Limits).
    #[error(
        "{what} has {found} {unit}, at most {limit} are allowed: make it smaller or raise limits.{setting}"
    )]
    LimitExceeded {
        /// Subject of the sentence.
        what: String,
        /// What is counted.
        unit: &'static str,
        /// How many there are.
        found: usize,
        /// How many may be.
        limit: usize,
        /// Name of the limit.
        setting: &'static str,
    },
    /// A vector whose length is not the collection's dimension.
    #[error(
        "{what} has {found} dimensions, collection \"{collection}\" has {expected}: encode with the collection's encoder or make another collection"
    )]
    DimensionMismatch {
        /// Which vector.
        what: String,
        /// Its length.
        found: usize,
        /// Of the collection.
        collection: String,
        /// The collection's dimension.
        expected: usize,
    },
    /// A vector with a value that is not finite, or without a direction under cosine.
    #[error("{what} {problem}")]
    InvalidVector {
        /// Which vector.
        what: String,
        /// What is wrong with it, and the remedy.
        problem: String,
    },
    /// A filter that cannot be understood.
    #[error(transparent)]
    InvalidFilter(#[from] FilterError),
    /// Metadata that is not a JSON object within the limits.
    #[error("the metadata of {what} {problem}")]
    InvalidMetadata {
        /// Which record.
        what: String,
        /// What is wrong with it, and the remedy.
        problem: String,
    },
    /// The collection exists with another dimension, metric or encoder.
    #[error("{0}")]
    CollectionMismatch(String),
    /// Text where there is no encoder.
    #[error(
        "{what} needs an encoder, and collection \"{collection}\" has none: give one when you open the store, or {otherwise}"
    )]
    EncoderRequired {
        /// What was asked for.
        what: String,
        /// Where.
        collection: String,
        /// What can be done without one.
        otherwise: &'static str,
    },
    /// A file of an index that cannot be imported.
    #[error("{}: {source}", path.display())]
    IndexFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and the remedy.
        source: UsearchError,
    },
    /// More texts wait for an encoder than its queue takes.
    #[error(
        "the encoder's queue is full: {waiting} texts wait, the limit is {limit}: try again when less is under way, or \
         load the encoder with a higher queue.limit or with queue.whenFull \"wait\""
    )]
    QueueFull {
        /// How many wait.
        waiting: usize,
        /// While so many wait, no call is let in.
        limit: usize,
    },
    /// The store was closed.
    #[error("the store is closed: open it again")]
    Closed,
    /// Cancelled by the caller; nothing was changed.
    #[error("the operation was aborted; nothing was changed")]
    Aborted,
    /// Cancelled by the caller after the first of several batches.
    #[error(
        "the import was aborted after {written} records, which stay: import the file again in mode \"upsert\", or \
         delete them"
    )]
    ImportAborted {
        /// Records that were written.
        written: u64,
    },
    /// Loading or running a model.
    #[error(transparent)]
    Encoder(#[from] hippocamp_encoder::Error),
    /// Reading or writing the store.
    #[error(transparent)]
    Store(#[from] hippocamp_store::Error),
    /// `HIPPOCAMP_CPU` names a level that does not exist or that this CPU lacks.
    #[error(transparent)]
    Cpu(#[from] LevelError),
    /// The operating system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Its answer.
        source: std::io::Error,
    },
    /// A fault of ours.
    #[error("internal error: {0}; please report it")]
    Internal(String),
}

impl Error {
    /// A caught panic, with what it said.
    #[must_use]
    pub fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        Self::Internal(said.unwrap_or_else(|| "panic".to_owned()))
    }

    /// The stable code at the edge: `ERR_…`, listed in docs/errors.md.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidArgument(_) => "ERR_INVALID_ARGUMENT",
            Self::LimitExceeded { .. }
            | Self::InvalidFilter(FilterError::TooLarge { .. } | FilterError::TooDeep) => {
                "ERR_LIMIT_EXCEEDED"
            }
            Self::DimensionMismatch { .. } => "ERR_DIMENSION_MISMATCH",
            Self::InvalidVector { .. } => "ERR_INVALID_VECTOR",
            Self::InvalidFilter(_) => "ERR_INVALID_FILTER",
            Self::InvalidMetadata { .. } => "ERR_INVALID_METADATA",
            Self::CollectionMismatch(_) => "ERR_COLLECTION_MISMATCH",
            Self::EncoderRequired { .. } => "ERR_ENCODER_REQUIRED",
            Self::QueueFull { .. } => "ERR_QUEUE_FULL",
            Self::Closed => "ERR_CLOSED",
            Self::IndexFile { .. } => "ERR_INDEX_FILE_INVALID",
            Self::Aborted | Self::ImportAborted { .. } => "ERR_ABORTED",
            Self::Encoder(error) => encoder_code(error),
            Self::Store(error) => store_code(error),
            Self::Cpu(_) => "ERR_UNSUPPORTED_CPU",
            Self::Io { .. } => "ERR_IO",
            Self::Internal(_) => "ERR_INTERNAL",
        }
    }
}

fn store_code(error: &hippocamp_store::Error) -> &'static str {
    use hippocamp_store::Error as E;
    match error {
        E::Exists { .. } => "ERR_RECORD_EXISTS",
        E::CollectionExists { .. } | E::UnknownCollection { .. } | E::UnknownNamespace { .. } => {
            "ERR_COLLECTION_MISMATCH"
        }
        E::Dimension { .. } => "ERR_DIMENSION_MISMATCH",
        E::InvalidDimension { .. } | E::TooLarge => "ERR_LIMIT_EXCEEDED",
        E::NotFound { .. } => "ERR_STORE_NOT_FOUND",
        E::NotADatabase { .. } | E::NotOurs { .. } | E::Corrupt { .. } => "ERR_STORE_INVALID",
        E::Newer { .. } => "ERR_STORE_NEWER",
        E::ReadOnly { .. } | E::ReadOnlyAfterFailure { .. } => "ERR_READ_ONLY",
        E::DiskFull { .. } => "ERR_DISK_FULL",
        E::Busy { .. } => "ERR_STORE_BUSY",
        E::Closed { .. } => "ERR_CLOSED",
        E::CannotOpen { .. } | E::FolderNotWritable { .. } | E::Io { .. } => "ERR_IO",
        _ => "ERR_INTERNAL",
    }
}

fn encoder_code(error: &hippocamp_encoder::Error) -> &'static str {
    use hippocamp_encoder::Error as E;
    match error {
        E::NotFound { .. } => "ERR_MODEL_NOT_FOUND",
        E::Invalid { .. } | E::NotFinite { .. } => "ERR_MODEL_INVALID",
        E::Unsupported { .. } => "ERR_UNSUPPORTED_MODEL",
        E::Tokenizer { .. } => "ERR_TOKENIZER",
        E::Io { .. } => "ERR_IO",
        E::Cpu(_) => "ERR_UNSUPPORTED_CPU",
        E::InvalidOption { .. } | E::UnknownPrompt { .. } | E::InvalidInput { .. } => {
            "ERR_INVALID_ARGUMENT"
        }
        _ => "ERR_INTERNAL",
    }
}
