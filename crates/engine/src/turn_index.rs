//! The turns of a namespace: which follows which, and who says it.
//!
//! What answers a question is often said beside the words that it is asked with, in the turn after them. So turns answer by
//! their own words and by a part of what their neighbours in the session answer by.

use std::collections::HashMap;

use hippocamp_index::{
    LexicalFound, LexicalIndex, LexicalQuery, LexicalRequest, Neighbor, Slot, Weights,
};
use hippocamp_store::RowId;

use crate::ranking::TurnRanking;
use crate::turns::{Turn, questions};

#[derive(Default)]
pub(crate) struct TurnIndex {
    sessions: HashMap<Box<str>, u32>,
    /// The turns of each session, in the order of their first insertion.
    turns: Vec<Vec<(RowId, Slot)>>,
    numbers: HashMap<Box<str>, u32>,
    speakers: Vec<Speaker>,
    of_rows: HashMap<RowId, Entry>,
}

/// Who speaks, and the words of the name.
pub(crate) struct Speaker {
    pub(crate) name: Box<str>,
    /// What this one has said and is still there.
    turns: usize,
    pub(crate) words: LexicalQuery,
}

struct Entry {
    session: Option<u32>,
    speaker: Option<u32>,
    questions: f32,
}

/// What is known of a turn that someone says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    pub(crate) speaker: &'a str,
    /// Which part of its sentences are questions.
    pub(crate) questions: f32,
}

impl TurnIndex {
    pub(crate) fn insert(
        &mut self,
        (row, slot): (RowId, Slot),
        turn: &Turn,
        text: &str,
        lexical: &LexicalIndex,
    ) {
        self.remove(row);
        let session = turn.session.as_deref().map(|session| {
            let next = self.turns.len() as u32;
            *self.sessions.entry(session.into()).or_insert_with(|| {
                self.turns.push(Vec::new());
                next
            })
        });
        if let Some(turns) = session.and_then(|session| self.turns.get_mut(session as usize)) {
            let at = turns.partition_point(|(other, _)| *other < row);
            turns.insert(at, (row, slot));
        }
        let speaker = turn.speaker.as_deref().map(|name| {
            let next = self.speakers.len() as u32;
            *self.numbers.entry(name.into()).or_insert_with(|| {
                let words = lexical.query(name);
                self.speakers.push(Speaker { name: name.into(), turns: 0, words });
                next
            })
        });
        if let Some(speaker) = speaker.and_then(|at| self.speakers.get_mut(at as usize)) {
            speaker.turns += 1;
        }
        self.of_rows.insert(row, Entry { session, speaker, questions: questions(text) });
    }

    pub(crate) fn remove(&mut self, row: RowId) {
        let entry = self.of_rows.remove(&row);
        let speaker = entry.as_ref().and_then(|entry| entry.speaker);
        if let Some(speaker) = speaker.and_then(|at| self.speakers.get_mut(at as usize)) {
            speaker.turns -= 1;
        }
        let session = entry.and_then(|entry| entry.session);
        if let Some(turns) = session.and_then(|session| self.turns.get_mut(session as usize))
            && let Ok(at) = turns.binary_search_by_key(&row, |(row, _)| *row)
        {
            turns.remove(at);
        }
    }

    /// Everyone who has said something that is still there.
    pub(crate) fn speakers(&self) -> impl Iterator<Item = &Speaker> {
        self.speakers.iter().filter(|speaker| speaker.turns > 0)
    }

    pub(crate) fn said(&self, row: RowId) -> Option<Said<'_>> {
        let entry = self.of_rows.get(&row)?;
        let speaker = self.speakers.get(entry.speaker? as usize)?;
        Some(Said { speaker: &speaker.name, questions: entry.questions })
    }

    /// The last turn of a session, or the last one before that of a record.
    pub(crate) fn last(&self, session: &str, before: Option<RowId>) -> Option<RowId> {
        let turns = self.turns.get(*self.sessions.get(session)? as usize)?;
        let end =
            before.map_or(turns.len(), |row| turns.partition_point(|(other, _)| *other < row));
        turns.get(..end)?.last().map(|(row, _)| *row)
    }

    /// A turn between those before and after it in its session that pass; only itself if it is of none.
    pub(crate) fn around(
        &self,
        row: RowId,
        (before, after): (usize, usize),
        passes: impl Fn(Slot) -> bool,
    ) -> Vec<RowId> {
        let session = self.of_rows.get(&row).and_then(|entry| entry.session);
        let turns = session.and_then(|session| self.turns.get(session as usize));
        let Some(turns) = turns else { return vec![row] };
        let (earlier, later) = turns.split_at(turns.partition_point(|(other, _)| *other < row));
        let passing = |(row, slot): &(RowId, Slot)| passes(*slot).then_some(*row);
        let mut around: Vec<RowId> =
            earlier.iter().rev().filter_map(passing).take(before).collect();
        around.reverse();
        around.push(row);
        around.extend(later.iter().skip(1).filter_map(passing).take(after));
        around
    }

    /// The texts that answer a question best, by their own words and by those of their neighbours.
    pub(crate) fn search(
        &self,
        lexical: &LexicalIndex,
        (query, weights): (&LexicalQuery, &Weights),
        ranking: TurnRanking,
        request: &LexicalRequest<'_>,
    ) -> LexicalFound {
        let own = lexical.scores(query, weights);
        let of = |slot: Slot| own.get(slot.0 as usize).copied().unwrap_or(0.0);
        let mut scores = own.clone();
        let mut add = |slot: Slot, part: f32| {
            if let Some(score) = scores.get_mut(slot.0 as usize) {
                *score += part;
            }
        };
        for pair in self.turns.iter().flat_map(|turns| turns.windows(2)) {
            if let [(_, first), (_, second)] = *pair {
                add(second, ranking.previous * of(first));
                add(first, ranking.next * of(second));
            }
        }
        let mut top: Vec<Neighbor> = (0..)
            .map(Slot)
            .zip(&scores)
            .filter(|(slot, score)| {
                **score > 0.0 && request.mask.is_none_or(|mask| mask.contains(*slot))
            })
            .map(|(slot, &similarity)| Neighbor { slot, similarity })
            .collect();
        let best_first = |a: &Neighbor, b: &Neighbor| {
            b.similarity.total_cmp(&a.similarity).then(a.slot.cmp(&b.slot))
        };
        if top.len() > request.k {
            top.select_nth_unstable_by(request.k, best_first);
            top.truncate(request.k);
        }
        top.sort_unstable_by(best_first);
        let score = |slot: &Slot| scores.get(slot.0 as usize).copied().unwrap_or(0.0);
        LexicalFound {
            top,
            best: scores.iter().copied().fold(0.0, f32::max),
            also: request.also.iter().map(score).collect(),
        }
    }

    /// Bytes of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        let turns: usize = self.turns.iter().map(Vec::capacity).sum();
        turns * size_of::<(RowId, Slot)>()
            + self.of_rows.capacity() * (size_of::<(RowId, Entry)>() + 1)
            + self.sessions.capacity() * size_of::<(Box<str>, u32)>()
            + self.speakers.capacity() * (size_of::<Speaker>() + size_of::<(Box<str>, u32)>())
    }
}
