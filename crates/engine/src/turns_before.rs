//! Turns that are to be encoded, each with the turn before it.

use std::collections::HashMap;

use hippocamp_store::RowId;

use crate::partition::{Needs, Partition};
use crate::parts;
use crate::turns::{Turn, Turns, after};
use crate::validate::stored_metadata;
use crate::{Cancel, Collection, Error, NewRecord};

/// A turn that is to be encoded.
pub(crate) struct TurnToEncode {
    turn: Turn,
    /// The line of the turn before.
    before: Option<String>,
}

impl TurnToEncode {
    /// What its vectors are made of; the turn before is in the first one.
    pub(crate) fn parts(&self, text: &str) -> Vec<String> {
        let lines = parts::parts(text).into_iter().map(|part| self.turn.line(part));
        let mut before = self.before.as_deref();
        lines.map(|line| after(before.take(), &line)).collect()
    }
}

/// A turn whose predecessor is stored: its number among those to be written, and the record that it replaces.
struct AfterStored<'a> {
    number: usize,
    session: &'a str,
    replaces: Option<RowId>,
}

impl Collection {
    /// The records as turns, each with the one before it in its session: among them, or stored. One that replaces a record
    /// has the place of that.
    pub(crate) fn turns(
        &self,
        records: &[NewRecord],
        at: &Turns,
        cancel: &Cancel,
    ) -> Result<Vec<TurnToEncode>, Error> {
        let read = |record: &NewRecord| Ok(at.read(&stored_metadata(record.metadata.as_deref())?));
        let turns = records.iter().map(read).collect::<Result<Vec<Turn>, Error>>()?;
        let replaced = self.replaced(records)?;
        let (mut lines, mut after_stored) = (HashMap::<&str, String>::new(), Vec::new());
        let mut before = vec![None; records.len()];
        let all = records.iter().zip(&turns).zip(replaced).enumerate();
        for (number, ((record, turn), replaces)) in all {
            let Some(session) = turn.session.as_deref() else { continue };
            let line = || turn.line(record.text.as_deref().unwrap_or_default());
            let last = if replaces.is_none() { lines.insert(session, line()) } else { None };
            if last.is_none() {
                after_stored.push(AfterStored { number, session, replaces });
            } else if let Some(before) = before.get_mut(number) {
                *before = last;
            }
        }
        for (number, line) in self.stored_before(&after_stored, at, cancel)? {
            if let Some(before) = before.get_mut(number) {
                *before = line;
            }
        }
        let to_encode = |(turn, before)| TurnToEncode { turn, before };
        Ok(turns.into_iter().zip(before).map(to_encode).collect())
    }

    /// The records that are there already with the ids of some, if these have any.
    fn replaced(&self, records: &[NewRecord]) -> Result<Vec<Option<RowId>>, Error> {
        let mut replaced = vec![None; records.len()];
        if records.iter().all(|record| record.id.is_none()) {
            return Ok(replaced);
        }
        self.engine.core()?.store.read(|tx| {
            let Some((_, namespace)) = self.locate(tx)? else { return Ok(()) };
            for (replaced, record) in replaced.iter_mut().zip(records) {
                if let Some(id) = &record.id {
                    *replaced = tx.row_ids(namespace, &[id])?.pop().flatten();
                }
            }
            Ok::<_, Error>(())
        })?;
        Ok(replaced)
    }

    /// The lines of the stored turns before some.
    fn stored_before(
        &self,
        turns: &[AfterStored<'_>],
        at: &Turns,
        cancel: &Cancel,
    ) -> Result<Vec<(usize, Option<String>)>, Error> {
        if turns.is_empty() {
            return Ok(Vec::new());
        }
        let needs = Needs { words: true, ..Needs::default() };
        let visit = |rows: &mut Vec<Option<RowId>>, _: usize, partition: &Partition| {
            let last =
                |of: &AfterStored<'_>| partition.turns.as_ref()?.last(of.session, of.replaces);
            *rows = turns.iter().map(last).collect();
            Ok(false)
        };
        let lines = self.visit(
            needs,
            false,
            cancel,
            |_| Ok(Vec::new()),
            visit,
            |rows, tx, _, _| {
                let stored: Vec<RowId> = rows.iter().copied().flatten().collect();
                let mut stored = tx.rows(&stored, false)?.into_iter();
                let mut line = |row: Option<RowId>| {
                    let row = row.and_then(|_| stored.next().flatten());
                    let Some(row) = row else { return Ok(None) };
                    let turn = at.read(&stored_metadata(row.meta.as_deref())?);
                    Ok(Some(turn.line(row.text.as_deref().unwrap_or_default())))
                };
                rows.into_iter().map(&mut line).collect::<Result<Vec<_>, Error>>()
            },
        )?;
        let numbers = turns.iter().map(|turn| turn.number);
        Ok(numbers.zip(lines.unwrap_or_default()).collect())
    }
}
