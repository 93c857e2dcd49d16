//! A snapshot that reads rows.

use std::cell::{Cell, RefCell};

use rusqlite::{Connection, Params};

use crate::{
    CollectionId, CollectionRow, Error, Lsn, NamespaceId, Row, RowId, column::Columns,
    connection::Site, statements::Statements,
};

/// The columns of a record, with or without its vector: without, no page of `vectors` is read.
macro_rules! record {
    ($index:literal, $tail:literal) => {
        [
            concat!(
                "SELECT r.id, r.key, r.text, r.meta, r.created, r.updated, r.lsn FROM records AS r ",
                $index,
                $tail
            ),
            concat!(
                "SELECT r.id, r.key, r.text, r.meta, r.created, r.updated, r.lsn, r.ns, v.v \
                 FROM records AS r ",
                $index,
                " LEFT JOIN vectors AS v ON v.id = r.id",
                $tail
            ),
        ]
    };
}

/// Each without and with the vector.
pub(crate) const GET: [&str; 2] =
    record!("INDEXED BY records_by_key", " WHERE r.ns = ?1 AND r.key = ?2");
pub(crate) const ROW: [&str; 2] = record!("", " WHERE r.id = ?1");
pub(crate) const LIST: [&str; 2] =
    record!("INDEXED BY records_by_ns", " WHERE r.ns = ?1 AND r.id > ?2 ORDER BY r.id LIMIT ?3");
pub(crate) const LIST_BACK: [&str; 2] = record!(
    "INDEXED BY records_by_ns",
    " WHERE r.ns = ?1 AND r.id < ?2 ORDER BY r.id DESC LIMIT ?3"
);

/// The ids of records alone, forwards and backwards.
pub(crate) const IDS: [&str; 2] = [
    "SELECT id FROM records INDEXED BY records_by_ns WHERE ns = ?1 AND id > ?2 \
    ORDER BY id LIMIT ?3",
    "SELECT id FROM records INDEXED BY records_by_ns WHERE ns = ?1 AND id < ?2 \
    ORDER BY id DESC LIMIT ?3",
];

/// The metadata of a namespace, in the order of the records' ids.
pub(crate) const METADATA: &str = "SELECT id, meta FROM records INDEXED BY records_by_ns \
    WHERE ns = ?1 AND meta IS NOT NULL ORDER BY id";

/// The ids and metadata of all records of a namespace, likewise.
pub(crate) const KEYS: &str = "SELECT id, key, meta FROM records INDEXED BY records_by_ns \
    WHERE ns = ?1 ORDER BY id";

/// Its texts, with their metadata, likewise.
pub(crate) const TEXTS: &str = "SELECT id, text, meta FROM records INDEXED BY records_by_ns \
    WHERE ns = ?1 AND text IS NOT NULL ORDER BY id";

/// One snapshot of the store: what others commit meanwhile is not seen.
pub struct ReadTx<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) site: &'a Site,
    pub(crate) statements: Statements<'a>,
    /// Dimensions of the namespaces that were asked for in this transaction.
    pub(crate) dimensions: RefCell<Vec<(NamespaceId, usize)>>,
    /// The namespace that has gained records which `namespaces.records` does not count yet, and
    /// how many.
    pub(crate) uncounted: Cell<Option<(NamespaceId, u64)>>,
}

/// The namespaces of a collection from a path on, in the order of their paths.
pub(crate) const PATHS: &str = "SELECT id, path, records FROM namespaces \
    INDEXED BY sqlite_autoindex_namespaces_1 WHERE collection = ?1 AND path >= ?2 ORDER BY path";

impl<'a> ReadTx<'a> {
    pub(crate) fn new(conn: &'a Connection, site: &'a Site) -> Self {
        Self {
            conn,
            site,
            statements: Statements::new(conn),
            dimensions: RefCell::default(),
            uncounted: Cell::default(),
        }
    }

    /// The last transaction of this snapshot that changed something.
    ///
    /// # Errors
    /// As every read: [`Error::Corrupt`], [`Error::Io`], [`Error::Busy`].
    pub fn lsn(&self) -> Result<Lsn, Error> {
        let sql = "SELECT key, value FROM meta WHERE key = 'lsn'";
        self.optional(sql, [], "meta", |columns| columns.size(1))?
            .map(|lsn| Lsn(lsn as i64))
            .ok_or_else(|| self.site.corrupt("table meta has no row \"lsn\"".to_owned()))
    }

    /// The collection of that name.
    ///
    /// # Errors
    /// As every read.
    pub fn collection(&self, name: &str) -> Result<Option<CollectionRow>, Error> {
        let sql = "SELECT id, name, dimension, metric, fingerprint, settings, created \
                   FROM collections WHERE name = ?1";
        self.optional(sql, [name], "collections", collection_row)
    }

    /// All collections, in the order of their making.
    ///
    /// # Errors
    /// As every read.
    pub fn collections(&self) -> Result<Vec<CollectionRow>, Error> {
        let sql = "SELECT id, name, dimension, metric, fingerprint, settings, created \
                   FROM collections ORDER BY id";
        let mut found = Vec::new();
        self.each(sql, [], "collections", |columns| {
            found.push(collection_row(columns)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The namespace of that path, whose encoding is the caller's.
    ///
    /// # Errors
    /// As every read.
    pub fn namespace(
        &self,
        collection: CollectionId,
        path: &[u8],
    ) -> Result<Option<NamespaceId>, Error> {
        let sql = "SELECT id FROM namespaces WHERE collection = ?1 AND path = ?2";
        self.optional(sql, (collection.0, path), "namespaces", |columns| {
            Ok(NamespaceId(columns.integer(0)?))
        })
    }

    /// All namespaces of a collection with their paths and numbers of records, in the order of
    /// their making.
    ///
    /// # Errors
    /// As every read.
    pub fn namespaces(
        &self,
        collection: CollectionId,
    ) -> Result<Vec<(NamespaceId, Vec<u8>, u64)>, Error> {
        let sql = "SELECT id, path, records FROM namespaces WHERE collection = ?1 ORDER BY id";
        let mut found = Vec::new();
        self.each(sql, [collection.0], "namespaces", |columns| {
            let id = NamespaceId(columns.integer(0)?);
            found.push((id, columns.bytes(1)?.to_vec(), self.counted(id, columns.size(2)?)));
            Ok(())
        })?;
        Ok(found)
    }

    /// The namespaces of a collection whose paths begin with the bytes of `prefix`, with their paths
    /// and numbers of records, in the order of their paths byte by byte. Reads no other namespace
    /// than these and the one behind them.
    ///
    /// # Errors
    /// As every read.
    pub fn namespaces_below(
        &self,
        collection: CollectionId,
        prefix: &[u8],
    ) -> Result<Vec<(NamespaceId, Vec<u8>, u64)>, Error> {
        let fail = |error| self.site.fail(&error);
        let mut statement = self.conn.prepare_cached(PATHS).map_err(fail)?;
        let mut rows = statement.query((collection.0, prefix)).map_err(fail)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(fail)? {
            let columns = Columns::new(row, &self.site.path, "namespaces");
            let path = columns.bytes(1)?;
            if !path.starts_with(prefix) {
                break;
            }
            let id = NamespaceId(columns.integer(0)?);
            found.push((id, path.to_vec(), self.counted(id, columns.size(2)?)));
        }
        Ok(found)
    }

    /// How many records the namespace has; none if it is not there.
    ///
    /// # Errors
    /// As every read.
    pub fn count(&self, ns: NamespaceId) -> Result<u64, Error> {
        let sql = "SELECT id, records FROM namespaces WHERE id = ?1";
        let count = self.optional(sql, [ns.0], "namespaces", |columns| columns.size(1))?;
        Ok(count.map_or(0, |count| self.counted(ns, count)))
    }

    /// The record of that key.
    ///
    /// # Errors
    /// As every read.
    pub fn get(&self, ns: NamespaceId, key: &str, with_vector: bool) -> Result<Option<Row>, Error> {
        let sql = choose(GET, with_vector);
        self.optional(sql, (ns.0, key), "records", |columns| self.row(columns, with_vector))
    }

    /// The records of those ids in that order; `None` where one was deleted.
    ///
    /// # Errors
    /// As every read.
    pub fn rows(&self, ids: &[RowId], with_vector: bool) -> Result<Vec<Option<Row>>, Error> {
        let sql = choose(ROW, with_vector);
        ids.iter()
            .map(|id| {
                self.optional(sql, [id.0], "records", |columns| self.row(columns, with_vector))
            })
            .collect()
    }

    /// The ids of those keys in that order; `None` where there is no such record.
    ///
    /// # Errors
    /// As every read.
    pub fn row_ids<K: AsRef<str>>(
        &self,
        ns: NamespaceId,
        keys: &[K],
    ) -> Result<Vec<Option<RowId>>, Error> {
        keys.iter().map(|key| self.row_id(ns, key.as_ref())).collect()
    }

    /// Up to `limit` records with ids above `after`, in the order of their ids: of first insertion.
    ///
    /// # Errors
    /// As every read.
    pub fn list(
        &self,
        ns: NamespaceId,
        after: Option<RowId>,
        limit: usize,
        with_vector: bool,
    ) -> Result<Vec<Row>, Error> {
        let after = after.map_or(i64::MIN, |row| row.0);
        self.page(choose(LIST, with_vector), ns, after, limit, with_vector)
    }

    /// The same backwards: those with ids below `before`, the newest first.
    ///
    /// # Errors
    /// As every read.
    pub fn list_back(
        &self,
        ns: NamespaceId,
        before: Option<RowId>,
        limit: usize,
        with_vector: bool,
    ) -> Result<Vec<Row>, Error> {
        let before = before.map_or(i64::MAX, |row| row.0);
        self.page(choose(LIST_BACK, with_vector), ns, before, limit, with_vector)
    }

    /// The ids of the records that [`Self::list`] gives, or with `back` those of [`Self::list_back`].
    ///
    /// # Errors
    /// As every read.
    pub fn list_ids(
        &self,
        ns: NamespaceId,
        border: Option<RowId>,
        limit: usize,
        back: bool,
    ) -> Result<Vec<RowId>, Error> {
        let [forwards, backwards] = IDS;
        let (sql, start) = if back { (backwards, i64::MAX) } else { (forwards, i64::MIN) };
        let border = border.map_or(start, |row| row.0);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut found = Vec::new();
        self.each(sql, (ns.0, border, limit), "records", |columns| {
            found.push(RowId(columns.integer(0)?));
            Ok(())
        })?;
        Ok(found)
    }

    fn page(
        &self,
        sql: &'static str,
        ns: NamespaceId,
        border: i64,
        limit: usize,
        with_vector: bool,
    ) -> Result<Vec<Row>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut found = Vec::new();
        self.each(sql, (ns.0, border, limit), "records", |columns| {
            found.push(self.row(columns, with_vector)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Calls `visit` with every record that has metadata, in the order of their ids.
    ///
    /// # Errors
    /// As every read.
    pub fn visit_metadata(
        &self,
        ns: NamespaceId,
        visit: &mut dyn FnMut(RowId, &str),
    ) -> Result<(), Error> {
        self.each(METADATA, [ns.0], "records", |columns| {
            if let Some(metadata) = columns.optional_text(1)? {
                visit(RowId(columns.integer(0)?), metadata);
            }
            Ok(())
        })
    }

    /// Calls `visit` with the key and the metadata of every record, in the order of their ids.
    ///
    /// # Errors
    /// As every read.
    pub fn visit_records(
        &self,
        ns: NamespaceId,
        visit: &mut dyn FnMut(&str, Option<&str>),
    ) -> Result<(), Error> {
        self.each(KEYS, [ns.0], "records", |columns| {
            visit(columns.text(1)?, columns.optional_text(2)?);
            Ok(())
        })
    }

    /// Calls `visit` with every record that has a text, its text and its metadata, in the order of their ids.
    ///
    /// # Errors
    /// As every read.
    pub fn visit_texts(
        &self,
        ns: NamespaceId,
        visit: &mut dyn FnMut(RowId, &str, Option<&str>),
    ) -> Result<(), Error> {
        self.each(TEXTS, [ns.0], "records", |columns| {
            if let Some(text) = columns.optional_text(1)? {
                visit(RowId(columns.integer(0)?), text, columns.optional_text(2)?);
            }
            Ok(())
        })
    }

    pub(crate) fn row_id(&self, ns: NamespaceId, key: &str) -> Result<Option<RowId>, Error> {
        let sql = "SELECT id FROM records INDEXED BY records_by_key WHERE ns = ?1 AND key = ?2";
        self.optional(sql, (ns.0, key), "records", |columns| Ok(RowId(columns.integer(0)?)))
    }

    /// The length of every vector of a namespace; `None` if the namespace is not there.
    pub(crate) fn dimension(&self, ns: NamespaceId) -> Result<Option<usize>, Error> {
        if let Some((_, known)) = self.dimensions.borrow().iter().find(|(id, _)| *id == ns) {
            return Ok(Some(*known));
        }
        let sql = "SELECT c.id, c.dimension FROM namespaces AS n \
                   JOIN collections AS c ON c.id = n.collection WHERE n.id = ?1";
        let found = self.optional(sql, [ns.0], "collections", |columns| columns.size(1))?;
        let found = found.map(|dimension| usize::try_from(dimension).unwrap_or(usize::MAX));
        if let Some(dimension) = found {
            self.dimensions.borrow_mut().push((ns, dimension));
        }
        Ok(found)
    }

    /// `stored` records of `ns`, and those that this transaction has yet to count.
    fn counted(&self, ns: NamespaceId, stored: u64) -> u64 {
        match self.uncounted.get() {
            Some((gained, records)) if gained == ns => stored.saturating_add(records),
            _ => stored,
        }
    }

    fn row(&self, columns: &Columns<'_>, with_vector: bool) -> Result<Row, Error> {
        let vectors = if with_vector {
            let ns = NamespaceId(columns.integer(7)?);
            let dimension = self.dimension(ns)?;
            let dimension = dimension
                .ok_or_else(|| columns.corrupt(7, "names a namespace that is not there"))?;
            let mut vectors = Vec::new();
            columns.vectors(8, dimension, &mut vectors)?;
            Some(vectors)
        } else {
            None
        };
        Ok(Row {
            row: RowId(columns.integer(0)?),
            key: columns.text(1)?.to_owned(),
            text: columns.optional_text(2)?.map(str::to_owned),
            meta: columns.optional_text(3)?.map(str::to_owned),
            created_ms: columns.integer(4)?,
            updated_ms: columns.integer(5)?,
            lsn: Lsn(columns.integer(6)?),
            vectors,
        })
    }

    /// Runs a constant statement and converts its first row, if any.
    pub(crate) fn optional<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        table: &'static str,
        convert: impl FnOnce(&Columns<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let fail = |error| self.site.fail(&error);
        let mut statement = self.statements.take(sql).map_err(fail)?;
        let mut rows = statement.query(params).map_err(fail)?;
        let found = match rows.next().map_err(fail)? {
            Some(row) => convert(&Columns::new(row, &self.site.path, table)).map(Some),
            None => Ok(None),
        };
        drop(rows);
        self.statements.put_back(sql, statement);
        found
    }

    /// Runs a constant statement and visits its rows one after the other.
    pub(crate) fn each(
        &self,
        sql: &'static str,
        params: impl Params,
        table: &'static str,
        mut visit: impl FnMut(&Columns<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let fail = |error| self.site.fail(&error);
        let mut statement = self.conn.prepare_cached(sql).map_err(fail)?;
        let mut rows = statement.query(params).map_err(fail)?;
        while let Some(row) = rows.next().map_err(fail)? {
            visit(&Columns::new(row, &self.site.path, table))?;
        }
        Ok(())
    }
}

pub(crate) fn choose([without, with]: [&'static str; 2], is_with: bool) -> &'static str {
    if is_with { with } else { without }
}

fn collection_row(columns: &Columns<'_>) -> Result<CollectionRow, Error> {
    Ok(CollectionRow {
        id: CollectionId(columns.integer(0)?),
        name: columns.text(1)?.to_owned(),
        dimension: usize::try_from(columns.size(2)?)
            .map_err(|_| columns.corrupt(2, "is beyond this machine's address space"))?,
        metric: columns.text(3)?.to_owned(),
        fingerprint: columns.optional_text(4)?.map(str::to_owned),
        settings: columns.text(5)?.to_owned(),
        created_ms: columns.integer(6)?,
    })
}
