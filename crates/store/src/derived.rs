//! Which derived files are true.
//!
//! A file that was derived from a namespace has a name of its own, and the store says which name is the
//! right one. So a file can't be taken for another store's, nor for that of another history of this one: a
//! copy that was restored names the file that it named when it was copied, or one that is gone.

use crate::{Error, NamespaceId, ReadTx, WriteTx};

fn key(ns: NamespaceId) -> String {
    format!("derived/{}", ns.0)
}

impl ReadTx<'_> {
    /// The name of the file derived from a namespace; none if there is none.
    ///
    /// # Errors
    /// As every read.
    pub fn derived(&self, ns: NamespaceId) -> Result<Option<String>, Error> {
        let sql = "SELECT key, value FROM meta WHERE key = ?1";
        self.optional(sql, [key(ns)], "meta", |columns| Ok(columns.text(1)?.to_owned()))
    }
}

impl WriteTx<'_> {
    /// Names the file derived from a namespace. Derived files are no content: this changes no LSN.
    ///
    /// # Errors
    /// As every write.
    pub fn set_derived(&mut self, ns: NamespaceId, name: &str) -> Result<(), Error> {
        const SET: &str = "INSERT INTO meta(key, value) VALUES (?1, ?2) \
            ON CONFLICT(key) DO UPDATE SET value = excluded.value";
        let changed = self.changed;
        let done = self.step(|tx| tx.execute(SET, (key(ns), name)));
        self.changed = changed;
        done.map(drop)
    }
}
