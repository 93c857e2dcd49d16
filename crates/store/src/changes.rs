//! What happened in a namespace since an LSN: how indexes are built and kept up.
//!
//! Two statements stream side by side, records and deletions, and are merged by LSN; nothing is
//! held but the current row. A record is told with its present content at the LSN of its last put;
//! a deleted one is told as deleted, whether or not the reader ever saw it; a key that was deleted
//! and added again has a new [`RowId`], so its deletion and its put cannot be confused.

use rusqlite::{Rows, Statement};

use crate::{
    Change, Error, Lsn, NamespaceId, ReadTx, RowId, column::Columns, connection::Site, read::choose,
};

/// A statement without and with the text: without, no page that only holds text is read.
macro_rules! put {
    ($tail:literal) => {
        [put!("NULL", $tail), put!("r.text", $tail)]
    };
    ($text:literal, $tail:literal) => {
        concat!(
            "SELECT r.id, r.lsn, r.key, r.meta, v.v, ",
            $text,
            " FROM records AS r INDEXED BY ",
            $tail
        )
    };
}

/// Everything live, in the order of the ids: also the order of the vectors on disk.
pub(crate) const LIVE: [&str; 2] =
    put!("records_by_ns LEFT JOIN vectors AS v ON v.id = r.id WHERE r.ns = ?1 ORDER BY r.id");

pub(crate) const PUT: [&str; 2] = put!(
    "records_by_change LEFT JOIN vectors AS v ON v.id = r.id \
     WHERE r.ns = ?1 AND r.lsn > ?2 ORDER BY r.lsn, r.id"
);

pub(crate) const DELETED: &str =
    "SELECT id, lsn FROM deletions WHERE ns = ?1 AND lsn > ?2 ORDER BY lsn, id";

impl ReadTx<'_> {
    /// Visits what changed in `ns` after `since`, in LSN order; deletions before puts of the same
    /// transaction. After `Lsn(0)` that is every live record, in the order of the ids, and no
    /// deletion. Texts are told if they are wanted.
    ///
    /// # Errors
    /// As every read; the visits made before an error were right.
    pub fn changes_since(
        &self,
        ns: NamespaceId,
        since: Lsn,
        with_text: bool,
        visit: &mut dyn FnMut(Change<'_>),
    ) -> Result<(), Error> {
        // A namespace that is not there has no records, only their deletions if any.
        let dimension = self.dimension(ns)?.unwrap_or(0);
        let fail = |error| self.site.fail(&error);
        let mut vectors = Vec::with_capacity(dimension.min(1 << 16));
        let mut visit_put = |columns: &Columns<'_>, visit: &mut dyn FnMut(Change<'_>)| {
            let row = RowId(columns.integer(0)?);
            let key = columns.text(2)?;
            let meta = columns.optional_text(3)?;
            columns.vectors(4, dimension, &mut vectors)?;
            let text = columns.optional_text(5)?;
            visit(Change::Put { row, key, vectors: &vectors, text, meta });
            Ok(())
        };
        if since <= Lsn(0) {
            return self.each(choose(LIVE, with_text), [ns.0], "records", |columns| {
                visit_put(columns, visit)
            });
        }
        let mut statement = self.conn.prepare_cached(DELETED).map_err(fail)?;
        let mut deletions = Deletions::start(self.site, &mut statement, ns, since)?;
        self.each(choose(PUT, with_text), (ns.0, since.0), "records", |columns| {
            deletions.visit_until(Lsn(columns.integer(1)?), visit)?;
            visit_put(columns, visit)
        })?;
        deletions.visit_until(Lsn(i64::MAX), visit)
    }
}

/// A running statement over deletions and the one that comes next.
struct Deletions<'a, 'stmt> {
    site: &'a Site,
    rows: Rows<'stmt>,
    next: Option<(Lsn, RowId)>,
}

impl<'a, 'stmt> Deletions<'a, 'stmt> {
    fn start(
        site: &'a Site,
        statement: &'stmt mut Statement<'_>,
        ns: NamespaceId,
        since: Lsn,
    ) -> Result<Self, Error> {
        let rows = statement.query((ns.0, since.0)).map_err(|error| site.fail(&error))?;
        let mut deletions = Self { site, rows, next: None };
        deletions.advance()?;
        Ok(deletions)
    }

    /// Visits the deletions up to `lsn`, that one included.
    fn visit_until(&mut self, lsn: Lsn, visit: &mut dyn FnMut(Change<'_>)) -> Result<(), Error> {
        while let Some((_, row)) = self.next.filter(|(at, _)| *at <= lsn) {
            visit(Change::Deleted { row });
            self.advance()?;
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<(), Error> {
        let row = self.rows.next().map_err(|error| self.site.fail(&error))?;
        self.next = match row {
            Some(row) => {
                let columns = Columns::new(row, &self.site.path, "deletions");
                Some((Lsn(columns.integer(1)?), RowId(columns.integer(0)?)))
            }
            None => None,
        };
        Ok(())
    }
}
