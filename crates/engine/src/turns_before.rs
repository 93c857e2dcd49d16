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

/// The first turn of a session among those to be written: its number, and the record that it replaces.
struct First<'a> {
    number: usize,
    session: &'a str,
    replaces: Option<RowId>,
}

impl Collection {
    /// The records as turns, each with the one before it in its session: among them, or stored.
    pub(crate) fn turns(
        &self,
        records: &[NewRecord],
        at: &Turns,
        cancel: &Cancel,
    ) -> Result<Vec<TurnToEncode>, Error> {
        let read = |record: &NewRecord| Ok(at.read(&stored_metadata(record.metadata.as_deref())?));
        let turns = records.iter().map(read).collect::<Result<Vec<Turn>, Error>>()?;
        let (mut lines, mut first) = (HashMap::<&str, String>::new(), Vec::new());
        let mut before = Vec::with_capacity(records.len());
        for (number, (record, turn)) in records.iter().zip(&turns).enumerate() {
            let Some(session) = turn.session.as_deref() else {
                before.push(None);
                continue;
            };
            let line = turn.line(record.text.as_deref().unwrap_or_default());
            let last = lines.insert(session, line);
            if last.is_none() {
                first.push(First { number, session, replaces: None });
            }
            before.push(last);
        }
        for (number, line) in self.stored_before(records, first, at, cancel)? {
            if let Some(before) = before.get_mut(number) {
                *before = line;
            }
        }
        let to_encode = |(turn, before)| TurnToEncode { turn, before };
        Ok(turns.into_iter().zip(before).map(to_encode).collect())
    }

    /// The lines of the turns before those that are the first of their sessions here.
    fn stored_before(
        &self,
        records: &[NewRecord],
        mut first: Vec<First<'_>>,
        at: &Turns,
        cancel: &Cancel,
    ) -> Result<Vec<(usize, Option<String>)>, Error> {
        if first.is_empty() {
            return Ok(Vec::new());
        }
        let with_id = |first: &First<'_>| records.get(first.number).and_then(|r| r.id.as_ref());
        if first.iter().any(|first| with_id(first).is_some()) {
            self.engine.core()?.store.read(|tx| {
                let Some((_, namespace)) = self.locate(tx)? else { return Ok(()) };
                for first in &mut first {
                    if let Some(id) = with_id(first) {
                        first.replaces = tx.row_ids(namespace, &[id])?.pop().flatten();
                    }
                }
                Ok::<_, Error>(())
            })?;
        }
        let needs = Needs { words: true, ..Needs::default() };
        let visit = |rows: &mut Vec<Option<RowId>>, _: usize, partition: &Partition| {
            let last = |of: &First<'_>| partition.turns.as_ref()?.last(of.session, of.replaces);
            *rows = first.iter().map(last).collect();
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
        let numbers = first.iter().map(|first| first.number);
        Ok(numbers.zip(lines.unwrap_or_default()).collect())
    }
}
