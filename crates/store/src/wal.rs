//! The write-ahead log: entering its mode, folding it into the file.
//!
//! SQLite folds the WAL (a checkpoint) by itself, but keeps the errors of that to itself. One of
//! them matters: after a failed sync the kernel may drop the bytes and report the next sync as
//! good, so a second attempt could declare lost pages safe. So its own checkpoints are off, and a
//! commit that finds the WAL long enough runs one whose result is seen.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::{Error, ReadTx, connection::Site};

/// Pages in the WAL from which on a commit folds it: 8 MiB of our page size.
const FOLDED_PAGES: i64 = 1024;

/// Bytes to which the WAL is cut when it starts again after a large transaction.
const KEPT_BYTES: i64 = 64 << 20;

/// Puts the file into WAL mode, in which it then stays, and leaves folding to [`fold_if_due`].
///
/// SQLite does not wait for other connections here, so this does.
pub(crate) fn enter(conn: &Connection, site: &Site) -> Result<(), Error> {
    let started = Instant::now();
    loop {
        let mode: Result<String, _> =
            conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match mode.map_err(|error| site.fail(&error)) {
            Ok(mode) if mode == "wal" => break,
            Ok(mode) => {
                return Err(Error::CannotOpen {
                    path: site.path.clone(),
                    reason: format!(
                        "its file system offers SQLite the journal mode {mode} only, not WAL; \
                         put it on a local disk"
                    ),
                });
            }
            Err(Error::Busy { .. }) if started.elapsed() < site.busy_timeout => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(error) => return Err(error),
        }
    }
    conn.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))
        .and_then(|()| {
            conn.query_row(&format!("PRAGMA journal_size_limit = {KEPT_BYTES}"), [], |_| Ok(()))
        })
        .map_err(|error| site.fail(&error))
}

/// Folds the WAL into the file if it has grown long, as far as readers allow.
pub(crate) fn fold_if_due(tx: &ReadTx<'_>) -> Result<(), Error> {
    let sql = "PRAGMA wal_checkpoint(NOOP)";
    let pages = tx.optional(sql, [], "wal", |columns| columns.integer(1))?;
    if pages.is_some_and(|pages| pages >= FOLDED_PAGES) {
        tx.optional("PRAGMA wal_checkpoint(PASSIVE)", [], "wal", |_| Ok(()))?;
    }
    Ok(())
}

/// The WAL of the store at `path`: beside the file that a link leads to.
pub(crate) fn path_of(path: &Path) -> PathBuf {
    let mut path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).into_os_string();
    path.push("-wal");
    path.into()
}
