//! What can go wrong, with the value that was wrong and the remedy.
//!
//! SQLite's codes are translated here, once: callers see what happened to the store, not which
//! call of the library noticed it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{ErrorCode, ffi};

/// Every failure of this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An insert met its key.
    #[error("record {key:?} exists already: upsert it, or delete it first")]
    Exists {
        /// The key.
        key: String,
    },
    /// A collection of that name is there.
    #[error("collection {name:?} exists already: use it, or drop it first")]
    CollectionExists {
        /// The name.
        name: String,
    },
    /// The collection was dropped, or never was.
    #[error("there is no collection with id {id}: it was dropped; look it up by name again")]
    UnknownCollection {
        /// The id asked for.
        id: i64,
    },
    /// The namespace went with its collection, or never was.
    #[error(
        "there is no namespace with id {id}: its collection was dropped; look it up by path again"
    )]
    UnknownNamespace {
        /// The id asked for.
        id: i64,
    },
    /// A vector of the wrong length.
    #[error(
        "the vector has {found} numbers, the collection's vectors have {expected}: \
         encode with the collection's encoder or make another collection"
    )]
    Dimension {
        /// The collection's dimension.
        expected: usize,
        /// The vector's length.
        found: usize,
    },
    /// A collection's dimension that cannot be.
    #[error("a collection's dimension cannot be {dimension}: give one between 1 and {max}")]
    InvalidDimension {
        /// The dimension asked for.
        dimension: usize,
        /// The largest that a row can hold.
        max: usize,
    },
    /// A text, metadata or vector beyond SQLite's limit for one value.
    #[error("a value is larger than the 1,000,000,000 bytes that a row can hold: split it")]
    TooLarge,
    /// The file is missing and was not to be made.
    #[error("there is no store at {}: check the path, or open it with `create`", path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened or made.
    #[error("cannot open {}: {reason}", path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What is in the way and what to do.
        reason: String,
    },
    /// The folder does not let SQLite make the files it needs beside the store.
    #[error(
        "cannot open {}: its folder does not let SQLite make the -wal and -shm files beside it, \
         without which it cannot know whether another process writes: make the folder writable, \
         or copy the closed store into one that is", path.display()
    )]
    FolderNotWritable {
        /// The file.
        path: PathBuf,
    },
    /// The file is not SQLite's.
    #[error("{} is not a SQLite file: check the path, or restore a copy", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is another application's.
    #[error("{} is a SQLite file but not a store of hippocamp ({reason}): choose another path",
        path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// How that was seen.
        reason: String,
    },
    /// The file was written by a newer version.
    #[error(
        "{} has schema version {found}, this version of hippocamp knows up to {known}: \
         upgrade hippocamp", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's schema version.
        found: i64,
        /// The newest that this version knows.
        known: i64,
    },
    /// The file's content contradicts itself.
    #[error("{} is damaged ({what}): restore a copy", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Which table and row, and what is wrong there.
        what: String,
    },
    /// A write to a store that was opened for reading, or whose file cannot be written.
    #[error(
        "{} cannot be written: open it without `readOnly`, and check the file's permissions",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// A write after a commit failed in a way that leaves its fate unknown.
    #[error(
        "{} takes no more writes since one could not be brought to disk ({cause}): \
         check the disk, then close and open the store", path.display()
    )]
    ReadOnlyAfterFailure {
        /// The file.
        path: PathBuf,
        /// The first failure.
        cause: String,
    },
    /// No space is left; nothing was changed.
    #[error("no space is left for {}: free some and try again; nothing was changed",
        path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Another connection kept its lock for too long; nothing was changed.
    #[error(
        "{} is being written by another process, waited {} ms: try again, or raise `busyTimeout`",
        path.display(), waited.as_millis()
    )]
    Busy {
        /// The file.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// A call after [`Store::close`](crate::Store::close).
    #[error("{} was closed: open it again", path.display())]
    Closed {
        /// The file.
        path: PathBuf,
    },
    /// The operating system failed.
    #[error("disk I/O failed on {} ({message}, SQLite code {code}): check the disk and the file \
        system's log", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// SQLite's extended code.
        code: i32,
        /// SQLite's message.
        message: String,
    },
    /// SQLite refused for a reason that should not occur.
    #[error("SQLite failed on {} ({message}, code {code}): please report it", path.display())]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// SQLite's extended code, 0 if it gave none.
        code: i32,
        /// SQLite's message.
        message: String,
    },
}

impl Error {
    /// Translates what SQLite reported about the store at `path`.
    pub(crate) fn from_sqlite(error: &rusqlite::Error, path: &Path, waited: Duration) -> Self {
        let path = path.to_owned();
        let rusqlite::Error::SqliteFailure(failure, message) = error else {
            return Self::Corrupt { path, what: error.to_string() };
        };
        let code = failure.extended_code;
        let message = message.clone().unwrap_or_else(|| ffi::code_to_str(code).to_owned());
        match failure.code {
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed => Self::Busy { path, waited },
            ErrorCode::DiskFull => Self::DiskFull { path },
            // The -shm file could not grow: on every system that is how a full disk shows there.
            ErrorCode::SystemIoFailure if code == ffi::SQLITE_IOERR_SHMSIZE => {
                Self::DiskFull { path }
            }
            ErrorCode::SystemIoFailure | ErrorCode::NoLargeFileSupport => {
                Self::Io { path, code, message }
            }
            ErrorCode::ReadOnly
                if code == ffi::SQLITE_READONLY_CANTINIT
                    || code == ffi::SQLITE_READONLY_RECOVERY
                    || code == ffi::SQLITE_READONLY_DIRECTORY =>
            {
                Self::FolderNotWritable { path }
            }
            ErrorCode::ReadOnly => Self::ReadOnly { path },
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                Self::CannotOpen { path, reason: format!("{message}; check its permissions") }
            }
            ErrorCode::NotADatabase => Self::NotADatabase { path },
            // Our statements are constant: where one cannot be prepared or breaks a constraint,
            // the tables are not what they were made as.
            ErrorCode::DatabaseCorrupt
            | ErrorCode::Unknown
            | ErrorCode::ConstraintViolation
            | ErrorCode::TypeMismatch => Self::Corrupt { path, what: message },
            ErrorCode::TooBig => Self::TooLarge,
            _ => Self::Unexpected { path, code, message },
        }
    }

    /// Whether the failed call may have left bytes in the file whose fate is unknown: after a
    /// failed sync the kernel may have dropped them, so that a second sync would succeed falsely.
    pub(crate) fn is_failed_sync(&self) -> bool {
        matches!(self, Self::Io { code, .. }
            if *code == ffi::SQLITE_IOERR_FSYNC || *code == ffi::SQLITE_IOERR_DIR_FSYNC)
    }
}
