//! One writer, a few readers, closing.
//!
//! SQLite allows one writer at a time anyway, so one connection behind a mutex serves all writes
//! of this process. Readers do not wait for it (WAL): each takes a connection of its own out of a
//! pool and has the snapshot of its first statement.

use std::{
    fs,
    path::Path,
    sync::{
        Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use rusqlite::{Connection, config::DbConfig};

use crate::{
    Error, Lsn, OpenOptions, ReadTx, WriteTx,
    connection::{self, Site},
    wal,
};

/// Reader connections kept for the next read; more are opened when more reads run at once.
const KEPT_READERS: usize = 4;

/// An open store. Calls may come from any thread.
pub struct Store {
    site: Site,
    gate: Gate,
    /// The first failure after which the fate of written bytes is unknown.
    failure: OnceLock<String>,
    readers: Mutex<Vec<Connection>>,
    watch: Mutex<Option<Watch>>,
    /// The LSN of the last commit, where nobody else writes.
    own: Option<AtomicI64>,
    /// `None` if read-only or closed. Last, so that it is dropped last: the last connection folds
    /// the WAL into the file.
    pub(crate) writer: Mutex<Option<Connection>>,
}

/// The connection that tells whether anybody has written, and what it said last.
struct Watch {
    conn: Connection,
    seen: Option<(i64, Lsn)>,
}

impl Store {
    /// Opens the store at `path`, or makes it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::CannotOpen`], [`Error::FolderNotWritable`],
    /// [`Error::NotADatabase`], [`Error::NotOurs`], [`Error::Newer`], [`Error::Corrupt`],
    /// [`Error::ReadOnly`], [`Error::DiskFull`], [`Error::Busy`], [`Error::Io`].
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        let site = Site::new(path, options.busy_timeout)?;
        let writer =
            if options.read_only { None } else { Some(connection::open_writer(&site, options)?) };
        let watch = Watch { conn: connection::open_reader(&site)?, seen: None };
        let mut store = Self {
            site,
            gate: Gate::default(),
            failure: OnceLock::new(),
            readers: Mutex::default(),
            watch: Mutex::new(Some(watch)),
            own: None,
            writer: Mutex::new(writer),
        };
        let Lsn(lsn) = store.changed_lsn()?;
        store.own = options.private.then(|| AtomicI64::new(lsn));
        Ok(store)
    }

    /// The file, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.site.path
    }

    /// Bytes on disk: the file and its WAL.
    pub fn bytes(&self) -> u64 {
        let size = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
        size(&self.site.path).saturating_add(size(&wal::path_of(&self.site.path)))
    }

    /// Runs `f` as one transaction, all or nothing: commits if it returns `Ok`, else (and when it
    /// panics) undoes everything. Returns once the commit is as durable as the store was opened.
    ///
    /// # Errors
    /// What `f` returns; [`Error::ReadOnly`], [`Error::Closed`], [`Error::Busy`],
    /// [`Error::DiskFull`], [`Error::Io`]; [`Error::ReadOnlyAfterFailure`] for every write after
    /// one whose fate is unknown.
    pub fn write<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _pass = self.gate.enter(&self.site)?;
        let writer = lock(&self.writer);
        let conn =
            writer.as_ref().ok_or_else(|| Error::ReadOnly { path: self.site.path.clone() })?;
        if let Some(cause) = self.failure.get() {
            let (path, cause) = (self.site.path.clone(), cause.clone());
            return Err(Error::ReadOnlyAfterFailure { path, cause }.into());
        }
        let open = Open::begin(conn, &self.site, "BEGIN IMMEDIATE")?;
        let mut tx = WriteTx::new(ReadTx::new(conn, &self.site))?;
        let result = f(&mut tx);
        let finished = tx.finish();
        if let Err(error) = &finished
            && error.is_failed_sync()
        {
            self.take_no_more_writes(conn, error);
        }
        let (value, Lsn(lsn)) = match (result, finished) {
            (Ok(value), Ok(lsn)) => (value, lsn),
            (Err(error), _) => return Err(error),
            (_, Err(error)) => return Err(error.into()),
        };
        // After a failed commit bytes of unknown fate are in the WAL.
        open.commit().inspect_err(|error| {
            if matches!(error, Error::Io { .. }) {
                self.take_no_more_writes(conn, error);
            }
        })?;
        if let Some(own) = &self.own {
            own.store(lsn, Ordering::Release);
        }
        // This transaction is committed, whatever happens to the pages of older ones now.
        if let Err(error @ Error::Io { .. }) = wal::fold_if_due(&ReadTx::new(conn, &self.site)) {
            self.take_no_more_writes(conn, &error);
        }
        Ok(value)
    }

    /// Runs `f` on one snapshot of the store.
    ///
    /// # Errors
    /// What `f` returns; [`Error::Closed`], [`Error::Io`], [`Error::Corrupt`].
    pub fn read<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _pass = self.gate.enter(&self.site)?;
        let pooled = lock(&self.readers).pop();
        let conn = match pooled {
            Some(conn) => conn,
            None => connection::open_reader(&self.site)?,
        };
        let open = Open::begin(&conn, &self.site, "BEGIN")?;
        let result = f(&ReadTx::new(&conn, &self.site));
        drop(open);
        let mut readers = lock(&self.readers);
        if conn.is_autocommit() && readers.len() < KEPT_READERS {
            readers.push(conn);
        }
        result
    }

    /// The store's LSN now, with the commits of other processes. Costs microseconds when nobody
    /// has written since the last call, next to nothing in a [private](OpenOptions::private) store.
    ///
    /// # Errors
    /// As every read.
    pub fn changed_lsn(&self) -> Result<Lsn, Error> {
        let _pass = self.gate.enter(&self.site)?;
        if let Some(own) = &self.own {
            return Ok(Lsn(own.load(Ordering::Acquire)));
        }
        let mut watch = lock(&self.watch);
        let Some(Watch { conn, seen }) = watch.as_mut() else {
            return Err(Error::Closed { path: self.site.path.clone() });
        };
        let tx = ReadTx::new(conn, &self.site);
        let sql = "PRAGMA data_version";
        let version = tx.optional(sql, [], "data_version", |columns| columns.integer(0))?;
        match (version, *seen) {
            (Some(version), Some((known, lsn))) if version == known => Ok(lsn),
            // Version first, LSN after: a commit between the two is noticed at the next call.
            (version, _) => {
                let lsn = tx.lsn()?;
                *seen = version.map(|version| (version, lsn));
                Ok(lsn)
            }
        }
    }

    /// Waits for the calls in progress, folds the WAL into the file and closes it. Further calls
    /// do nothing. Not to be called from inside a read or write of this store: it would wait for
    /// itself.
    ///
    /// # Errors
    /// None at present: every commit was durable before.
    pub fn close(&self) -> Result<(), Error> {
        self.gate.close();
        lock(&self.readers).clear();
        *lock(&self.watch) = None;
        // The last connection that closes checkpoints the WAL and removes it.
        *lock(&self.writer) = None;
        Ok(())
    }

    /// Remembers the first failure; closing then leaves the WAL as it is, for the next opening to
    /// check it.
    fn take_no_more_writes(&self, conn: &Connection, error: &Error) {
        let _ = self.failure.set(error.to_string());
        let _ = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }
}

/// A begun transaction that is undone unless it is committed.
struct Open<'a> {
    conn: &'a Connection,
    site: &'a Site,
}

impl<'a> Open<'a> {
    fn begin(conn: &'a Connection, site: &'a Site, sql: &'static str) -> Result<Self, Error> {
        run(conn, site, sql)?;
        Ok(Self { conn, site })
    }

    fn commit(self) -> Result<(), Error> {
        run(self.conn, self.site, "COMMIT")
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.conn.is_autocommit() {
            // Nothing to be done if it fails: the next BEGIN will, and say so.
            let _ = run(self.conn, self.site, "ROLLBACK");
        }
    }
}

fn run(conn: &Connection, site: &Site, sql: &'static str) -> Result<(), Error> {
    let fail = |error| site.fail(&error);
    conn.prepare_cached(sql).map_err(fail)?.execute(()).map_err(fail)?;
    Ok(())
}

/// Counts the calls in progress, so that closing can wait for them.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    left: Condvar,
}

#[derive(Default)]
struct GateState {
    closed: bool,
    inside: usize,
}

/// One call in progress.
struct Pass<'a>(&'a Gate);

impl Gate {
    fn enter(&self, site: &Site) -> Result<Pass<'_>, Error> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(Error::Closed { path: site.path.clone() });
        }
        state.inside = state.inside.saturating_add(1);
        Ok(Pass(self))
    }

    fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        while state.inside != 0 {
            state = self.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.inside = state.inside.saturating_sub(1);
        // Waking costs a system call, even where nobody waits.
        if state.closed {
            self.0.left.notify_all();
        }
    }
}

/// A panic of a caller's closure leaves nothing half done here, so the lock's poison is no news.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
