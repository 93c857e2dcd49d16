//! What was said before and after a turn.

use hippocamp_store::RowId;

use crate::namespace::check_label;
use crate::partition::Needs;
use crate::read::record;
use crate::{Cancel, Collection, Error, Record};

impl Collection {
    /// The turn with an id between up to so many turns before and after it in its session that pass the filter, in their order.
    /// Only itself if it is of no session; nothing if there is no such record.
    ///
    /// # Errors
    /// A bad id or filter, a collection whose records are not turns, or a store that cannot be read.
    pub fn around(
        &self,
        id: &str,
        reach: (usize, usize),
        filter: Option<&str>,
        cancel: &Cancel,
    ) -> Result<Vec<Record>, Error> {
        check_label("the id", id, self.limits())?;
        let filter = self.filter(filter)?;
        let needs = Needs { filter: filter.as_ref(), words: true, ..Needs::default() };
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
            let mask = filter.as_ref().and_then(|filter| partition.select(filter));
            let passes =
                |slot| mask.as_ref().is_none_or(|mask| mask.slots.contains(slot));
            let rows: Vec<RowId> = turns.around(row, reach, passes);
            let rows = tx.rows(&rows, false)?.into_iter().flatten();
            Ok(rows.map(|row| record(row, target)).collect())
        })?;
        Ok(found.unwrap_or_default())
    }
}
