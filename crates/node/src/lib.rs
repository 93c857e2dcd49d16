//! The Node.js addon: N-API classes over the engine, conversions and error codes; no logic.
//!
//! Nothing here computes or waits on the event loop. An operation (`operation.rs`) makes a promise, runs in
//! a job of the engine's runtime and comes back through the environment's one completion channel
//! (`channel.rs`). What is large crosses in slices: in through `batch.rs`, out through `rows.rs`.
//!
//! Invariants: every exported function catches panics; whatever a job does, its promise is settled, or
//! its environment has ended.

#![allow(
    clippy::missing_errors_doc,
    reason = "where nothing else is said, an exported function fails only if Node.js refuses to make a value"
)]
#![allow(
    clippy::must_use_candidate,
    clippy::needless_pass_by_value,
    reason = "exported functions are called by JavaScript alone, with values that are made for them"
)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

pub mod batch;
pub mod cancel;
pub mod channel;
pub mod collection;
mod distinct;
pub mod encoder;
pub mod encoder_stats;
mod error;
mod operation;
pub mod options;
pub mod reranker;
pub mod rows;
pub mod runtime;
mod search_options;
pub mod store;
pub mod typed_array;
