//! What tells two encoders apart: a SHA-256 over everything that decides a text's vector.
//!
//! Hashed are the network's shape and constants, pooling, later stages, the longest text, lower case, the whole
//! of `tokenizer.json`, and of each tensor in use its name, type, shape and the checksum of all its bytes (see
//! `checksum.rs`). So copies of a model in other containers (sharded, with prefixed names, with another
//! README) have the same fingerprint, and any change of a value that is used has another. Not hashed are
//! prompts, which are part of the text, and the instruction set, which changes vectors by rounding only.

use std::fmt::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Pooling;
use crate::config::Design;
use crate::stages::StageSummary;

/// All of it, in the order in which it is hashed.
#[derive(Debug, Serialize)]
pub(crate) struct Identity<'a> {
    /// Raised when the same folder would give other vectors than in the versions before.
    pub(crate) version: u32,
    /// The arithmetic of the weights and activations.
    pub(crate) precision: &'static str,
    pub(crate) architecture: &'a Design,
    pub(crate) pooling: Pooling,
    pub(crate) stages: &'a [StageSummary],
    pub(crate) max_tokens: usize,
    pub(crate) lowercase: bool,
    pub(crate) tokenizer: &'a [u8; 32],
    pub(crate) weights: &'a [u8; 32],
}

impl Identity<'_> {
    /// 64 hexadecimal digits.
    pub(crate) fn fingerprint(&self) -> Result<String, serde_json::Error> {
        let digest = Sha256::digest(serde_json::to_vec(self)?);
        Ok(digest.iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }
}
