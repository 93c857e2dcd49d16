//! A transaction that changes rows, with savepoints.
//!
//! Every call leaves its rows whole or fails the transaction: when SQLite fails in the middle of a
//! call, the innermost savepoint (or the transaction) can no longer succeed, whatever its closure
//! returns. Refusals that were found before anything was changed (a key exists, a dimension is
//! wrong) leave it usable.

use std::ops::Deref;

use rusqlite::{Params, ffi};

use crate::{Error, Lsn, NamespaceId, NewRow, Put, PutMode, ReadTx, RowId, column::encode_vectors};

/// What clearing a namespace does, in this order: remember, then delete.
pub(crate) const REMEMBER_ALL: &str = "INSERT INTO deletions(ns, lsn, id) \
    SELECT ns, ?2, id FROM records INDEXED BY records_by_ns WHERE ns = ?1";
pub(crate) const CLEAR_VECTORS: &str = "DELETE FROM vectors WHERE id IN \
    (SELECT id FROM records INDEXED BY records_by_ns WHERE ns = ?1)";
pub(crate) const CLEAR_RECORDS: &str = "DELETE FROM records INDEXED BY records_by_ns WHERE ns = ?1";

/// A transaction in progress; reads through it see its own changes.
pub struct WriteTx<'a> {
    pub(crate) read: ReadTx<'a>,
    lsn: Lsn,
    pub(crate) changed: bool,
    /// How many savepoints are open.
    depth: usize,
    /// Why the innermost savepoint, or the transaction, cannot succeed any more.
    doom: Option<Error>,
    /// A vector's bytes, reused from row to row.
    bytes: Vec<u8>,
}

impl<'a> Deref for WriteTx<'a> {
    type Target = ReadTx<'a>;

    fn deref(&self) -> &ReadTx<'a> {
        &self.read
    }
}

impl<'a> WriteTx<'a> {
    /// Takes over a connection on which `BEGIN IMMEDIATE` has succeeded.
    pub(crate) fn new(read: ReadTx<'a>) -> Result<Self, Error> {
        let overflow = || read.site.corrupt("table meta, row \"lsn\": is at its end".to_owned());
        let lsn = Lsn(read.lsn()?.0.checked_add(1).ok_or_else(overflow)?);
        Ok(Self { read, lsn, changed: false, depth: 0, doom: None, bytes: Vec::new() })
    }

    /// This transaction's number: the store's if it changes something and commits.
    #[must_use]
    pub fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// Runs `f` as one step of this transaction: its error undoes what it did and nothing else.
    ///
    /// # Errors
    /// What `f` returns, or what made SQLite undo the step.
    pub fn savepoint<T, E: From<Error>>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        const BEGIN: &str = "SAVEPOINT step";
        const RELEASE: &str = "RELEASE step";
        const UNDO: &str = "ROLLBACK TO step";
        let (depth, changed) = (self.depth, self.changed);
        self.step(|tx| tx.execute(BEGIN, ()))?;
        self.depth = depth.saturating_add(1);
        let result = f(self);
        if self.depth != depth.saturating_add(1) {
            // A panic inside a nested step was caught outside of it: which rows are whole is
            // unknown, and so is how many savepoints to undo.
            let error = self.interrupted();
            self.doom = Some(error.clone());
            return Err(result.err().unwrap_or_else(|| error.into()));
        }
        if result.is_ok() {
            // Counted by the step that gained them: a failure dooms it and no other.
            let _ = self.call(Self::count_gained);
        }
        let doom = self.doom.clone();
        if result.is_ok() && doom.is_none() {
            self.step(|tx| tx.execute(RELEASE, ()))?;
            self.depth = depth;
            return result;
        }
        self.depth = depth;
        if !self.read.conn.is_autocommit() {
            self.doom = None;
            self.changed = changed;
            self.read.dimensions.borrow_mut().clear();
            self.read.uncounted.set(None);
            self.step(|tx| {
                tx.execute(UNDO, ())?;
                tx.execute(RELEASE, ())
            })?;
        }
        Err(result.err().or(doom.map(E::from)).unwrap_or_else(|| self.interrupted().into()))
    }

    /// Stores a record under its key.
    ///
    /// # Errors
    /// [`Error::Exists`] in [`PutMode::Insert`], [`Error::Dimension`], [`Error::UnknownNamespace`],
    /// [`Error::TooLarge`]; as every write.
    pub fn put(
        &mut self,
        ns: NamespaceId,
        new: &NewRow<'_>,
        now_ms: i64,
        mode: PutMode,
    ) -> Result<Put, Error> {
        let expected = self.dimension(ns)?.ok_or(Error::UnknownNamespace { id: ns.0 })?;
        let found = new.vectors.len();
        if found == 0 || found.checked_rem(expected) != Some(0) {
            return Err(Error::Dimension { expected, found });
        }
        let known = match mode {
            // Found out by the insertion itself, which saves a search: 10 % of a put.
            PutMode::Insert => None,
            PutMode::Upsert => self.row_id(ns, new.key)?,
        };
        match known {
            Some(row) => self.call(|tx| tx.replace(row, new, now_ms)),
            None => self
                .call(|tx| tx.insert_record(ns, new, now_ms, mode))?
                .ok_or_else(|| Error::Exists { key: new.key.to_owned() }),
        }
    }

    /// Gives a record other metadata; false if it is not there.
    ///
    /// # Errors
    /// As every write.
    pub fn set_metadata(
        &mut self,
        ns: NamespaceId,
        key: &str,
        meta: Option<&str>,
        now_ms: i64,
    ) -> Result<bool, Error> {
        let Some(row) = self.row_id(ns, key)? else {
            return Ok(false);
        };
        self.step(|tx| {
            let sql = "UPDATE records SET meta = ?2, updated = ?3, lsn = ?4 WHERE id = ?1";
            tx.execute(sql, (row.0, meta, now_ms, tx.lsn.0))?;
            Ok(true)
        })
    }

    /// Deletes a record; the id it had, if it was there.
    ///
    /// # Errors
    /// As every write.
    pub fn delete(&mut self, ns: NamespaceId, key: &str) -> Result<Option<RowId>, Error> {
        let Some(row) = self.row_id(ns, key)? else {
            return Ok(None);
        };
        self.step(|tx| {
            tx.execute("DELETE FROM vectors WHERE id = ?1", [row.0])?;
            tx.execute("DELETE FROM records WHERE id = ?1", [row.0])?;
            let sql = "INSERT INTO deletions(ns, lsn, id) VALUES (?1, ?2, ?3)";
            tx.execute(sql, (ns.0, tx.lsn.0, row.0))?;
            tx.execute("UPDATE namespaces SET records = records - 1 WHERE id = ?1", [ns.0])?;
            Ok(Some(row))
        })
    }

    /// Deletes every record of a namespace; how many there were.
    ///
    /// # Errors
    /// As every write.
    pub fn clear(&mut self, ns: NamespaceId) -> Result<u64, Error> {
        self.step(|tx| {
            tx.execute(REMEMBER_ALL, (ns.0, tx.lsn.0))?;
            tx.execute(CLEAR_VECTORS, [ns.0])?;
            let deleted = tx.execute(CLEAR_RECORDS, [ns.0])?;
            if deleted != 0 {
                tx.execute("UPDATE namespaces SET records = 0 WHERE id = ?1", [ns.0])?;
            }
            Ok(deleted)
        })
    }

    /// Counts the transaction if it changed something, or says why it must be undone. The store's
    /// LSN, once it has committed.
    pub(crate) fn finish(mut self) -> Result<Lsn, Error> {
        if let Some(error) = self.doom {
            return Err(error);
        }
        if self.depth != 0 || self.read.conn.is_autocommit() {
            return Err(self.interrupted());
        }
        let lsn = self.lsn.0;
        if !self.changed {
            return Ok(Lsn(lsn.saturating_sub(1)));
        }
        self.step(|tx| tx.execute("UPDATE meta SET value = ?1 WHERE key = 'lsn'", [lsn]))?;
        Ok(Lsn(lsn))
    }

    /// `None` if the key is there already and `mode` refuses that; nothing is changed then.
    fn insert_record(
        &mut self,
        ns: NamespaceId,
        new: &NewRow<'_>,
        now_ms: i64,
        mode: PutMode,
    ) -> Result<Option<Put>, Error> {
        let sql = "INSERT INTO records(ns, key, text, meta, created, updated, lsn) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)";
        match self.run(sql, (ns.0, new.key, new.text, new.meta, now_ms, self.lsn.0)) {
            Err(error) if mode == PutMode::Insert && breaks_uniqueness(&error) => return Ok(None),
            inserted => inserted.map_err(|error| self.read.site.fail(&error))?,
        };
        let row = self.read.conn.last_insert_rowid();
        self.write_vectors("INSERT INTO vectors(id, v) VALUES (?1, ?2)", row, new.vectors)?;
        let gained = match self.read.uncounted.get() {
            Some((gaining, records)) if gaining == ns => records,
            _ => {
                self.count_gained()?;
                0
            }
        };
        self.read.uncounted.set(Some((ns, gained.saturating_add(1))));
        Ok(Some(Put { row: RowId(row), replaced: false }))
    }

    fn replace(&mut self, row: RowId, new: &NewRow<'_>, now_ms: i64) -> Result<Put, Error> {
        let sql = "UPDATE records SET text = ?2, meta = ?3, updated = ?4, lsn = ?5 WHERE id = ?1";
        self.execute(sql, (row.0, new.text, new.meta, now_ms, self.lsn.0))?;
        self.write_vectors("UPDATE vectors SET v = ?2 WHERE id = ?1", row.0, new.vectors)?;
        Ok(Put { row, replaced: true })
    }

    fn write_vectors(&mut self, sql: &'static str, id: i64, vectors: &[f32]) -> Result<(), Error> {
        let mut bytes = std::mem::take(&mut self.bytes);
        encode_vectors(vectors, &mut bytes);
        let written = self.execute(sql, (id, bytes.as_slice()));
        self.bytes = bytes;
        if written? == 1 {
            return Ok(());
        }
        Err(self.site.corrupt(format!("table vectors, row {id}: is missing")))
    }

    /// Adds to `namespaces.records` what [`WriteTx::put`] has left to be counted: once for many
    /// puts, which saves 10 % of each.
    fn count_gained(&mut self) -> Result<(), Error> {
        if let Some((ns, records)) = self.read.uncounted.take() {
            let sql = "UPDATE namespaces SET records = records + ?2 WHERE id = ?1";
            self.execute(sql, (ns.0, records as i64))?;
        }
        Ok(())
    }

    /// Runs one call's statements, with every record counted before: an error among them fails the
    /// innermost savepoint.
    pub(crate) fn step<T>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.call(|tx| {
            tx.count_gained()?;
            f(tx)
        })
    }

    /// The same, without the counting.
    fn call<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if let Some(error) = &self.doom {
            return Err(error.clone());
        }
        // After some failures, also of reads, SQLite undoes the whole transaction by itself;
        // another statement would then be committed on its own.
        let result = if self.read.conn.is_autocommit() { Err(self.interrupted()) } else { f(self) };
        if let Err(error) = &result {
            self.doom = Some(error.clone());
        }
        result
    }

    /// Runs a constant statement; how many rows it changed.
    pub(crate) fn execute(&mut self, sql: &'static str, params: impl Params) -> Result<u64, Error> {
        self.run(sql, params).map_err(|error| self.read.site.fail(&error))
    }

    /// The same, with SQLite's own error.
    fn run(&mut self, sql: &'static str, params: impl Params) -> rusqlite::Result<u64> {
        let before = self.read.conn.total_changes();
        let mut statement = self.read.statements.take(sql)?;
        statement.execute(params)?;
        self.read.statements.put_back(sql, statement);
        let rows = self.read.conn.total_changes().saturating_sub(before);
        self.changed |= rows != 0;
        Ok(rows)
    }

    /// Runs a constant insertion; the id of the new row.
    pub(crate) fn insert(&mut self, sql: &'static str, params: impl Params) -> Result<i64, Error> {
        self.execute(sql, params)?;
        Ok(self.read.conn.last_insert_rowid())
    }

    fn interrupted(&self) -> Error {
        Error::Unexpected {
            path: self.site.path.clone(),
            code: 0,
            message: "the transaction ended before its last step".to_owned(),
        }
    }
}

/// For a record: that its key exists. `records_by_key` is the only such index of the table, and an
/// id that is taken has another code.
fn breaks_uniqueness(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
}
