//! What was said before and after a turn.

use hippocamp_store::RowId;

use crate::namespace::check_label;
use crate::partition::Needs;
use crate::read::record;
use crate::{Cancel, Collection, Error, Record};

impl Collection {
    /// The turn with an id between up to so many turns before and after it in its session, in their order. Only itself if it
    /// is of no session; nothing if there is no such record.
    ///
    /// # Errors
    /// A bad id, a collection whose records are not turns, or a store that cannot be read.
    pub fn around(
        &self,
        id: &str,
        (before, after): (usize, usize),
        cancel: &Cancel,
    ) -> Result<Vec<Record>, Error> {
        check_label("the id", id, self.limits())?;
        let needs = Needs { words: true, ..Needs::default() };
        let found = self.with_partition(needs, cancel, |tx, target, partition| {
            let Some(turns) = &partition.turns else {
                return Err(Error::InvalidArgument(format!(
                    "the records of collection \"{}\" are not turns: make a collection with the option turns",
                    self.name()
                )));
            };
            let Some(row) = tx.row_ids(partition.namespace(), &[id])?.pop().flatten() else {
                return Ok(Vec::new());
            };
            let rows: Vec<RowId> = turns.around(row, before, after);
            let rows = tx.rows(&rows, false)?.into_iter().flatten();
            Ok(rows.map(|row| record(row, target)).collect())
        })?;
        Ok(found.unwrap_or_default())
    }
}
