//! SQLite storage: records, vectors, change sequence, durability.
//!
//! A [`Store`] is one SQLite file and the one source of truth; every index is derived from it and
//! carries the [`Lsn`] up to which it is true. This crate knows bytes and rows: it neither
//! validates nor compares vectors, and metadata and settings are strings to it.
//!
//! | file | what |
//! |---|---|
//! | `store.rs` | [`Store`]: one writer, a few readers, closing |
//! | `write.rs` | [`WriteTx`]: a transaction that changes rows, with savepoints |
//! | `catalogue.rs` | making and dropping collections and namespaces |
//! | `read.rs` | [`ReadTx`]: a snapshot that reads rows |
//! | `changes.rs` | what happened in a namespace since an [`Lsn`] |
//! | `derived.rs` | which derived files are true |
//! | `connection.rs` | opening, identifying and configuring a SQLite connection |
//! | `wal.rs` | the write-ahead log: entering its mode, folding it into the file |
//! | `schema.rs` | the tables, their version, their creation |
//! | `statements.rs` | the statements that a transaction has at hand |
//! | `column.rs` | typed values out of untrusted rows |
//! | `model.rs`, `error.rs` | the types that cross the border |
//!
//! # Invariants
//! - A write that returned `Ok` is committed, at [`Durability::Durable`] also synced.
//! - A transaction is there as a whole or not at all, after any crash.
//! - A [`RowId`] names one key of one namespace for ever; it is never used again.
//! - Bytes on disk are untrusted: whatever they hold, calls return values or [`Error`]s.
//! - The file is never opened by other means than SQLite: closing any other descriptor of it
//!   would drop the locks which SQLite holds in this process (POSIX advisory locks).

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

mod catalogue;
mod changes;
mod column;
mod connection;
mod derived;
mod error;
mod model;
mod read;
mod schema;
mod statements;
mod store;
mod wal;
mod write;

#[cfg(test)]
mod white_box;

pub use error::Error;
pub use model::{
    Change, CollectionId, CollectionRow, Durability, Lsn, NamespaceId, NewCollection, NewRow,
    OpenOptions, Put, PutMode, Row, RowId,
};
pub use read::ReadTx;
pub use schema::{APPLICATION_ID, SCHEMA_VERSION};
pub use store::Store;
pub use write::WriteTx;
