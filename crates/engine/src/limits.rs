//! How much of everything is accepted.

use crate::Error;

/// Upper bounds, each settable when a store is opened. The defaults keep one careless call from taking
/// the process's memory; none of them is a limit of the formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Values in a vector. Default 16,384.
    pub dimension: usize,
    /// Results of one search. Default 10,000.
    pub k: usize,
    /// Records or texts in one call. Default 100,000.
    pub batch_records: usize,
    /// Bytes of ids, texts, metadata and vectors in one call. Default 256 MiB.
    pub batch_bytes: usize,
    /// Bytes of UTF-8 in one text. Default 1 MiB.
    pub text_bytes: usize,
    /// Bytes of one record's metadata as JSON. Default 64 KiB.
    pub metadata_bytes: usize,
    /// Levels of objects and arrays in metadata. Default 32.
    pub metadata_depth: usize,
    /// Bytes of UTF-8 in an id, a collection's name or a part of a namespace. Default 512.
    pub id_bytes: usize,
    /// Conditions in a filter. Default 1,000.
    pub filter_nodes: usize,
    /// Bytes of a file that is imported. Default 4 GiB.
    pub import_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            dimension: 16_384,
            k: 10_000,
            batch_records: 100_000,
            batch_bytes: 256 << 20,
            text_bytes: 1 << 20,
            metadata_bytes: 64 << 10,
            metadata_depth: 32,
            id_bytes: 512,
            filter_nodes: 1_000,
            import_bytes: 4 << 30,
        }
    }
}

/// # Errors
/// [`Error::LimitExceeded`] when `found` is above `limit`; `what` is the subject of its sentence.
pub(crate) fn within(
    what: impl FnOnce() -> String,
    unit: &'static str,
    found: usize,
    limit: usize,
    setting: &'static str,
) -> Result<(), Error> {
    if found <= limit {
        return Ok(());
    }
    Err(Error::LimitExceeded { what: what(), unit, found, limit, setting })
}
