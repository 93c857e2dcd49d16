//! The tables, their version, their creation. `docs/file-format.md` describes them byte by byte.
//!
//! Vectors have a table of their own so that reading texts and metadata touches no vector page,
//! and the scan over vectors no text. Every access path has its index, named in the statement that
//! needs it (`INDEXED BY`): plans do not depend on statistics. There are no foreign keys: a row is
//! added only after its namespace was found in the same transaction, and a collection's rows are
//! deleted with it.
//!
//! To change a table: raise [`SCHEMA_VERSION`], keep a file of the old version in `tests/data`,
//! and migrate from it in [`identify`]'s caller; a version that was released is never edited.

use rusqlite::Connection;

use crate::{Error, connection::Site, wal};

/// SQLite's application id of our files, at byte 68 of the header: `hipp`.
pub const APPLICATION_ID: i32 = 0x6869_7070;

/// The schema version of files that this version writes, SQLite's `user_version`.
pub const SCHEMA_VERSION: i64 = 1;

/// Bytes per page of new files; docs/file-format.md has the figures behind it.
const PAGE_SIZE: u32 = 8192;

/// Name and definition of every table and index, as SQLite keeps them in `sqlite_schema`.
const OBJECTS: [(&str, &str); 9] = [
    ("meta", "CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID"),
    (
        "collections",
        "CREATE TABLE collections(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, \
         dimension INTEGER NOT NULL, metric TEXT NOT NULL, fingerprint TEXT, \
         settings TEXT NOT NULL, created INTEGER NOT NULL) STRICT",
    ),
    (
        "namespaces",
        "CREATE TABLE namespaces(id INTEGER PRIMARY KEY AUTOINCREMENT, \
         collection INTEGER NOT NULL, path BLOB NOT NULL, records INTEGER NOT NULL, \
         UNIQUE(collection, path)) STRICT",
    ),
    (
        "records",
        "CREATE TABLE records(id INTEGER PRIMARY KEY AUTOINCREMENT, ns INTEGER NOT NULL, \
         key TEXT NOT NULL, text TEXT, meta TEXT, created INTEGER NOT NULL, \
         updated INTEGER NOT NULL, lsn INTEGER NOT NULL) STRICT",
    ),
    ("records_by_key", "CREATE UNIQUE INDEX records_by_key ON records(ns, key)"),
    ("records_by_ns", "CREATE INDEX records_by_ns ON records(ns)"),
    ("records_by_change", "CREATE INDEX records_by_change ON records(ns, lsn)"),
    ("vectors", "CREATE TABLE vectors(id INTEGER PRIMARY KEY, v BLOB NOT NULL) STRICT"),
    (
        "deletions",
        "CREATE TABLE deletions(ns INTEGER NOT NULL, lsn INTEGER NOT NULL, id INTEGER NOT NULL, \
         PRIMARY KEY(ns, lsn, id)) STRICT, WITHOUT ROWID",
    ),
];

/// What a file that is SQLite's turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing in it yet.
    Empty,
    /// A store of the current version.
    Store,
}

/// Tells in one snapshot what the file is; refuses what is not ours, newer, or not as we made it.
pub(crate) fn identify(conn: &Connection, site: &Site) -> Result<Found, Error> {
    let fail = |error| site.fail(&error);
    let snapshot = conn.unchecked_transaction().map_err(fail)?;
    let application: i64 =
        conn.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(fail)?;
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(fail)?;
    let objects: i64 =
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(fail)?;
    if application == 0 && version == 0 && objects == 0 {
        return Ok(Found::Empty);
    }
    if application != i64::from(APPLICATION_ID) {
        let reason = format!("its application id is {application}, ours is {APPLICATION_ID}");
        return Err(Error::NotOurs { path: site.path.clone(), reason });
    }
    if version > SCHEMA_VERSION {
        let known = SCHEMA_VERSION;
        return Err(Error::Newer { path: site.path.clone(), found: version, known });
    }
    if version != SCHEMA_VERSION {
        return Err(site.corrupt(format!("its schema version is {version}")));
    }
    for (name, definition) in OBJECTS {
        let same: bool = conn
            .query_row(
                "SELECT count(*) = 1 FROM sqlite_schema WHERE name = ?1 AND sql = ?2",
                [name, definition],
                |row| row.get(0),
            )
            .map_err(fail)?;
        if !same {
            return Err(site.corrupt(format!("table or index {name} is missing or altered")));
        }
    }
    drop(snapshot);
    Ok(Found::Store)
}

/// Makes the tables in one transaction, unless another process has just done so.
pub(crate) fn create(conn: &Connection, site: &Site) -> Result<(), Error> {
    let fail = |error| site.fail(&error);
    conn.pragma_update(None, "page_size", PAGE_SIZE).map_err(fail)?;
    wal::enter(conn, site)?;
    conn.execute_batch("BEGIN IMMEDIATE").map_err(fail)?;
    let made = create_tables(conn, site).and_then(|()| conn.execute_batch("COMMIT").map_err(fail));
    if !conn.is_autocommit() {
        conn.execute_batch("ROLLBACK").map_err(fail)?;
    }
    made
}

fn create_tables(conn: &Connection, site: &Site) -> Result<(), Error> {
    let fail = |error| site.fail(&error);
    let objects: i64 =
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(fail)?;
    if objects != 0 {
        return Ok(());
    }
    for (_, definition) in OBJECTS {
        conn.execute_batch(definition).map_err(fail)?;
    }
    conn.execute("INSERT INTO meta(key, value) VALUES ('lsn', 0)", []).map_err(fail)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID).map_err(fail)?;
    conn.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(fail)
}
