//! What goes in, collected in slices, so that converting a large batch does not hold the event loop.
//!
//! The caller pushes a few records or strings per turn of the event loop and then hands the batch to one
//! operation, which takes what is in it. The limits are kept while collecting: what is refused in the end
//! is not first copied as a whole.

use std::mem;

use hippocamp_engine::{Error, Limits, NewRecord, Place};
use napi::Env;
use napi_derive::napi;

use crate::error;

/// In the lengths of vectors: this record has none.
const NO_VECTOR: u32 = u32::MAX;

/// Records to be written.
#[napi]
pub struct RecordBatch {
    records: Vec<NewRecord>,
    bytes: usize,
    what: &'static str,
    limits: Limits,
}

#[napi]
impl RecordBatch {
    pub(crate) fn new(what: &'static str, limits: Limits) -> Self {
        Self { records: Vec::new(), bytes: 0, what, limits }
    }

    pub(crate) fn take(&mut self) -> Vec<NewRecord> {
        self.bytes = 0;
        mem::take(&mut self.records)
    }

    /// Appends records, given as columns of equal length. `vectors` are the vectors of those that have one,
    /// one after the other; `lengths` says how long each is, with 2^32 - 1 for none.
    ///
    /// # Errors
    /// More records or bytes than a batch may have, or columns that do not fit together.
    #[napi(catch_unwind)]
    pub fn push(
        &mut self,
        env: Env,
        ids: Vec<Option<String>>,
        texts: Vec<Option<String>>,
        metadata: Vec<Option<String>>,
        vectors: &[f32],
        lengths: &[u32],
    ) -> napi::Result<()> {
        let columns = ids.into_iter().zip(texts).zip(metadata).zip(lengths);
        let mut vectors = vectors;
        for (((id, text), metadata), &length) in columns {
            let vector = if length == NO_VECTOR {
                None
            } else {
                let Some((vector, rest)) = vectors.split_at_checked(length as usize) else {
                    let problem = "the vectors of a batch are shorter than they say";
                    return Err(error::throw(&env, &Error::Internal(problem.to_owned())));
                };
                vectors = rest;
                Some(vector.to_vec())
            };
            let strings =
                [&id, &text, &metadata].into_iter().flatten().map(String::len).sum::<usize>();
            self.bytes += strings + vector.as_deref().map_or(0, size_of_val);
            self.records.push(NewRecord { id, text, metadata, vector });
        }
        check(env, self.what, self.records.len(), self.bytes, &self.limits)
    }
}

/// Texts or ids.
#[napi]
pub struct StringBatch {
    strings: Vec<String>,
    bytes: usize,
    what: &'static str,
    limits: Limits,
    /// For texts to be encoded: where they are to go.
    place: Option<Place>,
}

#[napi]
impl StringBatch {
    pub(crate) fn new(what: &'static str, limits: Limits) -> Self {
        Self { strings: Vec::new(), bytes: 0, what, limits, place: None }
    }

    /// For so many texts.
    ///
    /// # Errors
    /// More than a batch may have.
    pub(crate) fn for_texts(env: Env, count: u32) -> napi::Result<Self> {
        let limits = Limits::default();
        check_count(env, "texts", count as usize, &limits)?;
        Ok(Self::new("texts", limits))
    }

    /// Texts that have a place in an encoder's queue.
    pub(crate) fn with_place(place: Place) -> Self {
        Self { place: Some(place), ..Self::new("texts", Limits::default()) }
    }

    pub(crate) fn take(&mut self) -> Vec<String> {
        self.bytes = 0;
        mem::take(&mut self.strings)
    }

    pub(crate) fn take_place(&mut self) -> Option<Place> {
        self.place.take()
    }

    /// Appends strings.
    ///
    /// # Errors
    /// More strings or bytes than a batch may have.
    #[napi(catch_unwind)]
    pub fn push(&mut self, env: Env, strings: Vec<String>) -> napi::Result<()> {
        self.bytes += strings.iter().map(String::len).sum::<usize>();
        self.strings.extend(strings);
        check(env, self.what, self.strings.len(), self.bytes, &self.limits)
    }

    /// Lets go of what is in it, and of its place, when it is not going to be handed over.
    #[napi(catch_unwind)]
    pub fn discard(&mut self) {
        drop((self.take(), self.take_place()));
    }
}

/// Throws if a batch of so many things is too large to be taken on at all.
pub(crate) fn check_count(
    env: Env,
    unit: &'static str,
    count: usize,
    limits: &Limits,
) -> napi::Result<()> {
    check(env, unit, count, 0, limits)
}

fn check(
    env: Env,
    unit: &'static str,
    count: usize,
    bytes: usize,
    limits: &Limits,
) -> napi::Result<()> {
    let over = [
        (unit, count, limits.batch_records, "batchRecords"),
        ("bytes", bytes, limits.batch_bytes, "batchBytes"),
    ];
    match over.into_iter().find(|(_, found, limit, _)| found > limit) {
        None => Ok(()),
        Some((unit, found, limit, setting)) => {
            let what = "the batch".to_owned();
            Err(error::throw(&env, &Error::LimitExceeded { what, unit, found, limit, setting }))
        }
    }
}
