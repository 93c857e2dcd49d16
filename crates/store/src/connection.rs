//! Opening, identifying and configuring a SQLite connection.
//!
//! A writer first looks and only then touches: until the file is known to be a store of ours, the
//! connection is told not to fold the WAL into it when it is closed, so that a file which is
//! refused keeps every byte.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{
    Durability, Error, OpenOptions,
    schema::{self, Found},
    wal,
};

/// Statements kept prepared by each connection; more than this crate has.
const STATEMENTS: usize = 64;

/// Pages of cache of each connection, in KiB as SQLite counts (negative).
const CACHE_KIB: i64 = -8192;

/// Where a store is and how long to wait for it: what every error needs to know.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) path: PathBuf,
    pub(crate) busy_timeout: Duration,
}

impl Site {
    /// `path` made absolute, so that neither a change of folder nor SQLite's special names
    /// (`:memory:`, `file:`) make it another file.
    pub(crate) fn new(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        let cannot = |error: io::Error| Error::CannotOpen {
            path: path.to_owned(),
            reason: format!("{error}; give the path of a file"),
        };
        let path = std::path::absolute(path).map_err(cannot)?;
        // SQLite counts in milliseconds of an i32.
        let busy_timeout = busy_timeout.min(Duration::from_millis(i32::MAX as u64));
        Ok(Self { path, busy_timeout })
    }

    pub(crate) fn fail(&self, error: &rusqlite::Error) -> Error {
        Error::from_sqlite(error, &self.path, self.busy_timeout)
    }

    pub(crate) fn corrupt(&self, what: String) -> Error {
        Error::Corrupt { path: self.path.clone(), what }
    }
}

/// Opens the one connection that writes; makes the store if it is missing and `create` says so.
pub(crate) fn open_writer(site: &Site, options: &OpenOptions) -> Result<Connection, Error> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    if options.create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    check_path(site, options.create)?;
    let conn = connect(site, flags)?;
    let fail = |error| site.fail(&error);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(fail)?;
    let found = match identify(&conn, site) {
        Ok(found) if found == Found::Store || options.create => found,
        refused => {
            // With nothing in the WAL, closing normally removes it without a write.
            if fs::metadata(wal::path_of(&site.path)).map_or(0, |wal| wal.len()) == 0 {
                conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
                    .map_err(fail)?;
            }
            return Err(refused.err().unwrap_or_else(|| empty(site)));
        }
    };
    if conn.is_readonly(rusqlite::MAIN_DB).map_err(fail)? {
        return Err(Error::ReadOnly { path: site.path.clone() });
    }
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(fail)?;
    set_durability(&conn, options.durability).map_err(fail)?;
    if found == Found::Empty {
        schema::create(&conn, site)?;
        identify(&conn, site)?;
    }
    wal::enter(&conn, site)?;
    Ok(conn)
}

/// Opens a connection that reads a file which must be a store already.
pub(crate) fn open_reader(site: &Site) -> Result<Connection, Error> {
    check_path(site, false)?;
    let conn = connect(site, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match identify(&conn, site)? {
        Found::Store => Ok(conn),
        Found::Empty => Err(empty(site)),
    }
}

/// Says plainly what SQLite would call "unable to open database file".
fn check_path(site: &Site, create: bool) -> Result<(), Error> {
    let cannot = |reason: String| Error::CannotOpen { path: site.path.clone(), reason };
    match fs::metadata(&site.path) {
        Ok(found) if found.is_dir() => {
            Err(cannot("it is a folder; give the path of a file".to_owned()))
        }
        // SQLite takes a single byte for nothing and would overwrite it.
        Ok(found) if found.len() == 1 => Err(Error::NotADatabase { path: site.path.clone() }),
        Ok(_) => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(cannot(format!("{error}; check its permissions")))
        }
        Err(_) if !create => Err(Error::NotFound { path: site.path.clone() }),
        Err(_) => match site.path.parent() {
            Some(folder) if !folder.is_dir() => {
                Err(cannot(format!("there is no folder {}; make it first", folder.display())))
            }
            _ => Ok(()),
        },
    }
}

fn connect(site: &Site, flags: OpenFlags) -> Result<Connection, Error> {
    let conn = Connection::open_with_flags(&site.path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| site.fail(&error))?;
    configure(&conn, site).map_err(|error| lacks_companions(site.fail(&error)))?;
    Ok(conn)
}

fn configure(conn: &Connection, site: &Site) -> rusqlite::Result<()> {
    conn.busy_timeout(site.busy_timeout)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        // Without it, SQLite plans a statement again whenever another id is bound to it: 30 µs
        // instead of 8 for a row with its vector.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        conn.set_db_config(setting, value)?;
    }
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.query_row("PRAGMA mmap_size = 0", [], |_| Ok(())).or_else(no_rows)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", CACHE_KIB)
}

fn identify(conn: &Connection, site: &Site) -> Result<Found, Error> {
    schema::identify(conn, site).map_err(lacks_companions)
}

/// A file that was opened and now "cannot be opened" means its -wal or -shm.
fn lacks_companions(error: Error) -> Error {
    match error {
        Error::CannotOpen { path, .. } => Error::FolderNotWritable { path },
        other => other,
    }
}

fn set_durability(conn: &Connection, durability: Durability) -> rusqlite::Result<()> {
    let synchronous = match durability {
        Durability::Durable => "FULL",
        Durability::Relaxed => "NORMAL",
        Durability::Memory => "OFF",
    };
    conn.pragma_update(None, "synchronous", synchronous)?;
    // Only there, fsync leaves the data in the drive's cache.
    let full = cfg!(target_vendor = "apple") && durability == Durability::Durable;
    conn.pragma_update(None, "fullfsync", full)?;
    conn.pragma_update(None, "checkpoint_fullfsync", full)
}

fn empty(site: &Site) -> Error {
    Error::NotOurs { path: site.path.clone(), reason: "it has no tables".to_owned() }
}

fn no_rows(error: rusqlite::Error) -> rusqlite::Result<()> {
    if error == rusqlite::Error::QueryReturnedNoRows { Ok(()) } else { Err(error) }
}
