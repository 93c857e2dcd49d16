//! Sentence encoders and rerankers: loading, tokenising, forward pass, pooling.
//!
//! ```text
//! folder ─ modules ─ config ─ settings ─ tokenizer ─ weights ─┐        what a model folder says, checked
//!                                                             ▼
//! text ── Encoder::tokenize ──► Tokens ── Encoder::forward ──► vector
//! ```
//!
//! Invariants: a folder is untrusted input, and whatever is in it, loading ends in an encoder or an [`Error`],
//! never in a panic or in an allocation that its files do not justify. A loaded encoder does not change. The
//! same text has the same bits in any batch.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

mod candle;
mod checksum;
mod config;
mod encoder;
mod error;
mod family;
mod fingerprint;
mod folder;
mod forward;
mod known_prompts;
mod layers;
mod loading;
mod micro_batches;
mod model;
mod modules;
mod options;
mod packed_file;
mod precision;
mod relative;
mod reranker;
mod settings;
mod stages;
mod tensor_file;
mod token_table;
mod tokenizer;
mod weights;

pub use encoder::Encoder;
pub use error::Error;
pub use forward::Scratch;
pub use micro_batches::{MICRO_BATCH_TOKENS, micro_batches};
pub use options::{LoadOptions, Pooling};
pub use reranker::{Reranker, RerankerOptions};
pub use tokenizer::{QueryTokens, Tokens};
