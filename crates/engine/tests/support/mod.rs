//! Short words for what the engine's tests do all the time.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod small_model;

use std::path::Path;
use std::sync::mpsc;

use hippocamp_engine::{
    Cancel, Collection, CollectionOptions, Engine, Error, Hit, Location, Metric, NewRecord, Query,
    SearchOptions, StoreOptions, WriteMode,
};

pub(crate) fn open(path: &Path) -> Engine {
    Engine::open(StoreOptions::new(Location::Path(path.to_owned()))).unwrap()
}

pub(crate) fn temporary() -> Engine {
    Engine::open(StoreOptions::new(Location::Temporary)).unwrap()
}

pub(crate) fn collection(engine: &Engine, name: &str, metric: Metric) -> Collection {
    let options = CollectionOptions { metric: Some(metric), ..CollectionOptions::default() };
    engine.collection(name, options).unwrap()
}

pub(crate) fn record(id: &str, vector: &[f32]) -> NewRecord {
    NewRecord { id: Some(id.into()), vector: Some(vector.to_vec()), ..NewRecord::default() }
}

pub(crate) fn tagged(id: &str, vector: &[f32], metadata: &str) -> NewRecord {
    NewRecord { metadata: Some(metadata.into()), ..record(id, vector) }
}

pub(crate) fn write(
    c: &Collection,
    records: Vec<NewRecord>,
    mode: WriteMode,
) -> Result<Vec<String>, Error> {
    write_with(c, records, mode, &Cancel::new())
}

pub(crate) fn write_with(
    c: &Collection,
    records: Vec<NewRecord>,
    mode: WriteMode,
    cancel: &Cancel,
) -> Result<Vec<String>, Error> {
    wait(|done| c.write(records, mode, cancel, done))
}

pub(crate) fn add(c: &Collection, records: Vec<NewRecord>) -> Vec<String> {
    write(c, records, WriteMode::Add).unwrap()
}

pub(crate) fn upsert(c: &Collection, records: Vec<NewRecord>) -> Vec<String> {
    write(c, records, WriteMode::Upsert).unwrap()
}

pub(crate) fn delete(c: &Collection, ids: &[&str]) -> u64 {
    let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
    wait(|done| c.delete(ids, &Cancel::new(), done)).unwrap()
}

pub(crate) fn clear(c: &Collection) -> u64 {
    wait(|done| c.clear(false, &Cancel::new(), done)).unwrap()
}

pub(crate) fn try_search(
    c: &Collection,
    vector: &[f32],
    options: &SearchOptions,
) -> Result<Vec<Hit>, Error> {
    c.search(Query::Vector(vector.to_vec()), options, &Cancel::new())
}

pub(crate) fn search(c: &Collection, vector: &[f32], k: usize) -> Vec<Hit> {
    try_search(c, vector, &SearchOptions { k, ..SearchOptions::default() }).unwrap()
}

pub(crate) fn ids(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.record.id.as_str()).collect()
}

pub(crate) fn filtered(filter: &str) -> SearchOptions {
    SearchOptions { filter: Some(filter.into()), ..SearchOptions::default() }
}

pub(crate) fn wait<T: Send + 'static>(
    start: impl FnOnce(Box<dyn FnOnce(Result<T, Error>) + Send>),
) -> Result<T, Error> {
    let (send, receive) = mpsc::channel();
    start(Box::new(move |result| send.send(result).unwrap()));
    receive.recv().unwrap()
}

/// Deterministic values in [-1, 1).
pub(crate) fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}
