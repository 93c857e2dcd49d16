//! The types that cross the border of this crate.

use std::{fmt, time::Duration};

/// A change sequence number: the store's counter of transactions that changed something.
///
/// `Lsn(0)` is before the first change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lsn(pub i64);

/// Names a collection; never used again after the collection was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionId(pub i64);

/// Names a namespace of a collection; never used again after its collection was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceId(pub i64);

/// Names a record across all namespaces; grows with insertion, survives upserts of its key and is
/// never used again after the record was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub i64);

macro_rules! display_number {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}
display_number!(Lsn CollectionId NamespaceId RowId);

/// What an acknowledged write has survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Synced before it is acknowledged: survives power loss (`synchronous=FULL`).
    #[default]
    Durable,
    /// Written before it is acknowledged: survives a crash of the process; power loss may undo the
    /// last transactions, never damage the file (`synchronous=NORMAL`).
    Relaxed,
    /// As `Relaxed`, but power loss may damage the file: for data that can be made again
    /// (`synchronous=OFF`).
    Memory,
}

/// How [`Store::open`](crate::Store::open) opens a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// What an acknowledged write has survived. Default: durable.
    pub durability: Durability,
    /// Refuse writes; a missing file is an error then, whatever `create` says. Default: false.
    pub read_only: bool,
    /// Make the file if it is missing. Default: true.
    pub create: bool,
    /// How long a call waits for another process's write to end before [`Error::Busy`].
    /// Default: 5 s.
    ///
    /// [`Error::Busy`]: crate::Error::Busy
    pub busy_timeout: Duration,
    /// No other [`Store`](crate::Store), in whatever process, writes this file while it is open, so
    /// that nobody has to be asked whether it has changed. Default: false.
    pub private: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Durable,
            read_only: false,
            create: true,
            busy_timeout: Duration::from_secs(5),
            private: false,
        }
    }
}

/// A collection to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewCollection<'a> {
    /// Unique in the store.
    pub name: &'a str,
    /// How many numbers each vector has; at least 1.
    pub dimension: usize,
    /// The metric's name, as the engine spells it.
    pub metric: &'a str,
    /// The encoder's fingerprint, if the collection is bound to one.
    pub fingerprint: Option<&'a str>,
    /// Further settings as JSON.
    pub settings: &'a str,
}

/// A collection as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionRow {
    /// Its id.
    pub id: CollectionId,
    /// Unique in the store.
    pub name: String,
    /// How many numbers each vector has.
    pub dimension: usize,
    /// The metric's name, as the engine spells it.
    pub metric: String,
    /// The encoder's fingerprint, if the collection is bound to one.
    pub fingerprint: Option<String>,
    /// Further settings as JSON.
    pub settings: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
}

/// A record to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewRow<'a> {
    /// Unique in its namespace.
    pub key: &'a str,
    /// The text which its vectors stand for.
    pub text: Option<&'a str>,
    /// Metadata as JSON.
    pub meta: Option<&'a str>,
    /// One vector, or several one behind the other, each as long as the collection's dimension.
    pub vectors: &'a [f32],
}

/// A record as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its id, stable over upserts.
    pub row: RowId,
    /// Unique in its namespace.
    pub key: String,
    /// The text which its vectors stand for.
    pub text: Option<String>,
    /// Metadata as JSON.
    pub meta: Option<String>,
    /// When the key was first stored, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it was last stored, in milliseconds since 1970.
    pub updated_ms: i64,
    /// The transaction that last stored it.
    pub lsn: Lsn,
    /// Its vectors one behind the other, if they were asked for.
    pub vectors: Option<Vec<f32>>,
}

/// What [`WriteTx::put`](crate::WriteTx::put) does with a key that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutMode {
    /// Refuse it with [`Error::Exists`](crate::Error::Exists).
    Insert,
    /// Replace text, metadata and vectors; the row's id and creation time stay.
    Upsert,
}

/// What [`WriteTx::put`](crate::WriteTx::put) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Put {
    /// The record's id.
    pub row: RowId,
    /// Whether the key was there already.
    pub replaced: bool,
}

/// One step of a namespace's history, borrowed for the time of a visit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change<'a> {
    /// A record was stored; of several puts of one row only the last is told.
    Put {
        /// The record's id.
        row: RowId,
        /// Unique in its namespace; a row keeps its key for ever.
        key: &'a str,
        /// Its vectors now, one behind the other, each as long as the collection's dimension.
        vectors: &'a [f32],
        /// Its text now, if it has one and texts are wanted.
        text: Option<&'a str>,
        /// Its metadata now, as JSON.
        meta: Option<&'a str>,
    },
    /// A record was deleted; it may never have been told as put before.
    Deleted {
        /// The id it had.
        row: RowId,
    },
}
