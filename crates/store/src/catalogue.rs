//! Collections and namespaces: making and dropping them.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{CollectionId, Error, NamespaceId, NewCollection, WriteTx};

/// The largest vector that fits SQLite's limit of 1,000,000,000 bytes for one value.
const MAX_DIMENSION: usize = 249_999_999;

/// What goes with a collection.
pub(crate) const DROP: [&str; 4] = [
    "DELETE FROM vectors WHERE id IN (SELECT r.id FROM namespaces AS n JOIN records AS r \
     INDEXED BY records_by_ns ON r.ns = n.id WHERE n.collection = ?1)",
    "DELETE FROM records WHERE ns IN (SELECT id FROM namespaces WHERE collection = ?1)",
    "DELETE FROM deletions WHERE ns IN (SELECT id FROM namespaces WHERE collection = ?1)",
    "DELETE FROM namespaces WHERE collection = ?1",
];

impl WriteTx<'_> {
    /// Makes a collection; its creation time is now.
    ///
    /// # Errors
    /// [`Error::CollectionExists`], [`Error::InvalidDimension`]; as every write: [`Error::Corrupt`],
    /// [`Error::DiskFull`], [`Error::Io`].
    pub fn create_collection(&mut self, new: &NewCollection<'_>) -> Result<CollectionId, Error> {
        let dimension = new.dimension;
        if dimension == 0 || dimension > MAX_DIMENSION {
            return Err(Error::InvalidDimension { dimension, max: MAX_DIMENSION });
        }
        if self.collection(new.name)?.is_some() {
            return Err(Error::CollectionExists { name: new.name.to_owned() });
        }
        self.step(|tx| {
            let sql = "INSERT INTO collections(name, dimension, metric, fingerprint, settings, \
                       created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let new = *new;
            let values =
                (new.name, dimension as i64, new.metric, new.fingerprint, new.settings, now_ms());
            Ok(CollectionId(tx.insert(sql, values)?))
        })
    }

    /// Deletes a collection and everything in it; whether it was there.
    ///
    /// # Errors
    /// As every write.
    pub fn drop_collection(&mut self, id: CollectionId) -> Result<bool, Error> {
        self.step(|tx| {
            for sql in DROP {
                tx.execute(sql, [id.0])?;
            }
            tx.read.dimensions.borrow_mut().clear();
            Ok(tx.execute("DELETE FROM collections WHERE id = ?1", [id.0])? != 0)
        })
    }

    /// The namespace of that path, made if it is missing and `create` says so.
    ///
    /// # Errors
    /// [`Error::UnknownCollection`] if it had to be made in a collection that is not there; as
    /// every write.
    pub fn namespace(
        &mut self,
        collection: CollectionId,
        path: &[u8],
        create: bool,
    ) -> Result<Option<NamespaceId>, Error> {
        let found = self.read.namespace(collection, path)?;
        if found.is_some() || !create {
            return Ok(found);
        }
        let sql = "SELECT id FROM collections WHERE id = ?1";
        if self.optional(sql, [collection.0], "collections", |_| Ok(()))?.is_none() {
            return Err(Error::UnknownCollection { id: collection.0 });
        }
        self.step(|tx| {
            let sql = "INSERT INTO namespaces(collection, path, records) VALUES (?1, ?2, 0)";
            Ok(Some(NamespaceId(tx.insert(sql, (collection.0, path))?)))
        })
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
