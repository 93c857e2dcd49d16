//! Records with several vectors: one hit each, by the best of them.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use hippocamp_engine::{
    Cancel, Collection, CollectionOptions, LoadOptions, Location, Metric, Mode, NewRecord, Query,
    Recall, SearchOptions, StoreOptions, TextEncoder,
};
use hippocamp_store::{NewRow, OpenOptions, PutMode, Store};
use support::*;

const DIMENSION: usize = 8;

/// Writes records with so many vectors each, past the engine.
fn put(path: &Path, ids: std::ops::Range<usize>, vectors: impl Fn(usize) -> Vec<f32>) {
    let store = Store::open(path, &OpenOptions::default()).unwrap();
    let written = store.write(|tx| {
        let collection = tx.collection("c")?.unwrap().id;
        let namespace = tx.namespace(collection, &[], true)?.unwrap();
        for i in ids {
            let (key, text) = (format!("r{i}"), format!("every{} number{i}", i % 5));
            let meta = format!("{{\"third\":{}}}", i % 3);
            let vectors = vectors(i);
            let row = NewRow { key: &key, text: Some(&text), meta: Some(&meta), vectors: &vectors };
            tx.put(namespace, &row, 0, PutMode::Upsert)?;
        }
        Ok::<_, hippocamp_store::Error>(())
    });
    written.unwrap();
}

fn found(c: &Collection, query: &[f32], options: SearchOptions) -> Vec<(String, f32)> {
    let options = SearchOptions { recall: Recall::Exact, ..options };
    let hits = c.search(Query::Vector(query.to_vec()), &options, &Cancel::new()).unwrap();
    hits.into_iter().map(|hit| (hit.record.id, hit.distance.unwrap())).collect()
}

/// The records' distances by definition, nearest first.
fn naive(all: &BTreeMap<usize, Vec<f32>>, query: &[f32], k: usize) -> Vec<(String, f32)> {
    let distance = |vector: &[f32]| {
        vector.iter().zip(query).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
    };
    let best =
        |vectors: &Vec<f32>| vectors.chunks(DIMENSION).map(distance).fold(f32::INFINITY, f32::min);
    let mut all: Vec<_> = all.iter().map(|(i, vectors)| (format!("r{i}"), best(vectors))).collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    all.truncate(k);
    all
}

fn check(c: &Collection, all: &BTreeMap<usize, Vec<f32>>) {
    assert_eq!(c.count(None, false).unwrap(), all.len() as u64);
    let filter = || Some("{\"third\":{\"$ne\":1}}".to_owned());
    let some: BTreeMap<_, _> =
        all.iter().filter(|(i, _)| *i % 3 != 1).map(|(i, v)| (*i, v.clone())).collect();
    assert_eq!(c.count(filter().as_deref(), false).unwrap(), some.len() as u64);
    for seed in 0..6 {
        let query = values(1_000 + seed, DIMENSION);
        for k in [1, 10, 10_000] {
            let options = SearchOptions { k, ..SearchOptions::default() };
            compare(&found(c, &query, options.clone()), &naive(all, &query, k));
            let filtered = SearchOptions { filter: filter(), ..options };
            compare(&found(c, &query, filtered), &naive(&some, &query, k));
        }
    }
    let lexical =
        SearchOptions { mode: Some(Mode::Lexical), k: 10_000, ..SearchOptions::default() };
    let hits = c.search(Query::Text("every2".into()), &lexical, &Cancel::new()).unwrap();
    assert_eq!(hits.len(), all.keys().filter(|i| *i % 5 == 2).count());
    let ids = c.search_ids(
        Query::Vector(values(7, DIMENSION)),
        &SearchOptions { k: 10_000, ..SearchOptions::default() },
        &Cancel::new(),
    );
    let mut ids: Vec<_> = ids.unwrap().into_iter().map(|hit| hit.id).collect();
    ids.sort();
    let mut expected: Vec<_> = all.keys().map(|i| format!("r{i}")).collect();
    expected.sort();
    assert!(ids == expected, "{} of {}", ids.len(), expected.len());
}

fn compare(found: &[(String, f32)], expected: &[(String, f32)]) {
    assert_eq!(found.len(), expected.len());
    for ((id, distance), (other, right)) in found.iter().zip(expected) {
        assert!(id == other || (distance - right).abs() < 1e-5, "{id} {distance} {other} {right}");
    }
}

#[test]
fn a_record_is_found_by_the_best_of_its_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let open = || {
        let engine = open(&path);
        let options = CollectionOptions {
            dimension: Some(DIMENSION),
            metric: Some(Metric::L2),
            ..CollectionOptions::default()
        };
        let c = engine.collection("c", options).unwrap();
        (engine, c)
    };
    let (engine, c) = open();
    add(&c, vec![record("r0", &values(0, DIMENSION))]);
    let mut all = BTreeMap::from([(0, values(0, DIMENSION))]);
    let vectors = |i: usize| values(i as u64, DIMENSION * [1, 3, 1, 7, 2][i % 5]);
    let put_some =
        |all: &mut BTreeMap<usize, Vec<f32>>, ids: std::ops::Range<usize>, seed: usize| {
            put(&path, ids.clone(), |i| vectors(i + seed));
            all.extend(ids.map(|i| (i, vectors(i + seed))));
        };
    put_some(&mut all, 0..300, 0);
    check(&c, &all);
    put_some(&mut all, 50..400, 3);
    check(&c, &all);
    assert_eq!(delete(&c, &["r60", "r61", "r399"]), 3);
    for i in [60, 61, 399] {
        all.remove(&i);
    }
    check(&c, &all);
    // Large enough to be rebuilt in the background and kept in a file.
    put_some(&mut all, 400..6_400, 0);
    check(&c, &all);
    while c.stats().unwrap().growing {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    check(&c, &all);
    put_some(&mut all, 1_000..5_500, 1);
    check(&c, &all);
    while c.stats().unwrap().growing {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    check(&c, &all);
    drop(c);
    engine.close().unwrap();
    let (engine, c) = open();
    check(&c, &all);
    assert_eq!(c.stats().unwrap().indexed, all.len() as u64);
    let one = c.get(&["r3".into()], true).unwrap()[0].clone().unwrap();
    assert_eq!(one.vector.unwrap(), all[&3][..DIMENSION]);
    drop(c);
    engine.close().unwrap();
}

#[test]
fn what_a_long_text_says_in_its_end_is_found() {
    let models = std::env::var_os("HIPPOCAMP_MODELS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.hippocamp/models"),
        Into::into,
    );
    let folder = models.join("all-MiniLM-L6-v2");
    if !folder.exists() {
        eprintln!("skipped: no model at {} (set HIPPOCAMP_MODELS)", folder.display());
        return;
    }
    let encoder = TextEncoder::load(&folder, &LoadOptions::default()).unwrap();
    let options = StoreOptions { encoder: Some(encoder), ..StoreOptions::new(Location::Temporary) };
    let engine = hippocamp_engine::Engine::open(options).unwrap();
    let c = engine.collection("c", CollectionOptions::default()).unwrap();
    let text = |id: &str, text: String| NewRecord {
        id: Some(id.into()),
        text: Some(text),
        ..NewRecord::default()
    };
    let filler =
        "The committee discussed the budget of the coming year at great length. ".repeat(40);
    add(
        &c,
        vec![
            text(
                "long",
                format!(
                    "{filler} {}",
                    "The cat of the neighbours likes to sleep on our roof. ".repeat(9)
                ),
            ),
            text("short", "Dogs need a walk every morning.".to_owned()),
        ],
    );
    let vector = SearchOptions { mode: Some(Mode::Vector), ..SearchOptions::default() };
    let hits =
        c.search(Query::Text("Where does the cat sleep?".into()), &vector, &Cancel::new()).unwrap();
    assert_eq!(ids(&hits), ["long", "short"]);
    assert!(hits[0].score > 0.3, "{}", hits[0].score);
    let both =
        c.search(Query::Text("budget".into()), &SearchOptions::default(), &Cancel::new()).unwrap();
    assert_eq!(ids(&both)[0], "long");
}
