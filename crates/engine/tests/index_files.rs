//! Files of large partitions: they save time, and nothing else depends on them.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hippocamp_engine::{Collection, Engine, Metric, NewRecord};
use hippocamp_store::{OpenOptions, Store};
use support::{add, collection, delete, ids, open, record, search, upsert};

const DIMENSION: usize = 16;
const COUNT: usize = 6_000;

fn vector(at: usize) -> Vec<f32> {
    let mut state = at as u64;
    (0..DIMENSION)
        .map(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            ((mixed ^ (mixed >> 27)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

fn records(range: std::ops::Range<usize>) -> Vec<NewRecord> {
    range.map(|at| record(&at.to_string(), &vector(at))).collect()
}

fn files(store: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder_of(store)).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn folder_of(store: &Path) -> PathBuf {
    let mut folder = store.as_os_str().to_owned();
    folder.push("-index");
    folder.into()
}

/// The file that the store names as the right one for the only partition of "c", once it does.
fn saved(store: &Path) -> PathBuf {
    let start = Instant::now();
    let opened = Store::open(store, &OpenOptions::default()).unwrap();
    loop {
        let name = opened.read(|tx| {
            let collection = tx.collection("c")?.expect("a collection");
            let (namespace, ..) = tx.namespaces(collection.id)?[0];
            tx.derived(namespace)
        });
        if let Some(name) = name.map_err(|error: hippocamp_store::Error| error).unwrap() {
            return folder_of(store).join(name).with_extension("index");
        }
        assert!(start.elapsed() < Duration::from_secs(60), "no file was saved");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A store with a saved partition, closed.
fn store_with_file(folder: &Path) -> (PathBuf, PathBuf) {
    let path = folder.join("memory.db");
    let engine = open(&path);
    let c = collection(&engine, "c", Metric::Cosine);
    add(&c, records(0..COUNT));
    search(&c, &vector(0), 1);
    let file = saved(&path);
    engine.close().unwrap();
    (path, file)
}

fn reopen(path: &Path) -> (Engine, Collection) {
    let engine = open(path);
    let c = collection(&engine, "c", Metric::Cosine);
    (engine, c)
}

fn found(c: &Collection, at: usize) -> String {
    ids(&search(c, &vector(at), 1))[0].to_owned()
}

#[test]
fn a_large_partition_is_saved_and_read_again_with_what_changed_since() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = store_with_file(folder.path());
    let (engine, c) = reopen(&path);
    assert_eq!(found(&c, 17), "17");
    assert!(!c.stats().unwrap().growing, "it need not be made again");
    assert!(!c.stats().unwrap().index.unwrap().calibration.is_empty());
    add(&c, records(COUNT..COUNT + 50));
    delete(&c, &["17"]);
    upsert(&c, vec![record("18", &vector(1_000_000))]);
    engine.close().unwrap();

    let (engine, c) = reopen(&path);
    for at in [0, 16, 19, COUNT - 1, COUNT, COUNT + 49] {
        assert_eq!(found(&c, at), at.to_string());
    }
    assert_eq!(found(&c, 1_000_000), "18");
    assert_ne!(found(&c, 17), "17");
    assert_eq!(search(&c, &vector(3), COUNT + 100).len(), COUNT + 49);
    assert_eq!(files(&path), [file]);
    engine.close().unwrap();
}

#[test]
fn closing_saves_what_has_grown_and_not_what_has_hardly_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let engine = open(&path);
    let c = collection(&engine, "c", Metric::Cosine);
    add(&c, records(0..COUNT));
    search(&c, &vector(0), 1);
    engine.close().unwrap();
    let first = files(&path);
    assert_eq!(first.len(), 1, "whether its index was being made at the time or not");
    assert_eq!(first, [saved(&path)]);

    let (engine, c) = reopen(&path);
    assert_eq!(c.stats().unwrap().indexed, 0);
    assert_eq!(found(&c, 17), "17");
    add(&c, records(COUNT..COUNT + 100));
    while c.stats().unwrap().growing {
        std::thread::sleep(Duration::from_millis(10));
    }
    engine.close().unwrap();
    assert_eq!(files(&path), [saved(&path)], "a save that was under way is waited for");

    let (engine, c) = reopen(&path);
    let grown = files(&path);
    add(&c, records(COUNT + 100..COUNT + 200));
    search(&c, &vector(0), 1);
    engine.close().unwrap();
    assert_eq!(files(&path), grown, "a hundred more are read from the store");

    let (engine, c) = reopen(&path);
    search(&c, &vector(0), 1);
    add(&c, records(COUNT + 200..COUNT + 1_200));
    engine.close().unwrap();
    assert_ne!(files(&path), grown);
    assert_eq!(files(&path), [saved(&path)]);
    let (engine, c) = reopen(&path);
    assert_eq!(found(&c, COUNT + 1_199), (COUNT + 1_199).to_string());
    engine.close().unwrap();
}

#[test]
fn a_file_that_is_missing_or_damaged_changes_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = store_with_file(folder.path());
    let whole = fs::read(&file).unwrap();
    let mut damaged: Vec<Vec<u8>> =
        vec![Vec::new(), whole[..whole.len() / 2].to_vec(), whole[1..].to_vec()];
    for at in [0, 9, 40, whole.len() / 3, whole.len() - 9, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        damaged.push(bytes);
    }
    for bytes in damaged.into_iter().map(Some).chain([None]) {
        match bytes {
            Some(bytes) => fs::write(&file, bytes).unwrap(),
            None => fs::remove_file(&file).unwrap_or_default(),
        }
        let (engine, c) = reopen(&path);
        for at in [0, 17, COUNT - 1] {
            assert_eq!(found(&c, at), at.to_string());
        }
        engine.close().unwrap();
    }
}

#[test]
fn a_file_of_another_history_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = store_with_file(folder.path());
    // A copy of the store goes its own way, and its file is put where the first one's is.
    let other = folder.path().join("copy.db");
    fs::copy(&path, &other).unwrap();
    let (engine, c) = reopen(&other);
    delete(&c, &["0"]);
    add(&c, vec![record("impostor", &vector(0))]);
    for from in (COUNT..3 * COUNT).step_by(COUNT) {
        add(&c, records(from..from + COUNT));
    }
    search(&c, &vector(0), 1);
    // A newer one may take its place at any moment.
    while fs::copy(saved(&other), &file).is_err() {}
    engine.close().unwrap();
    let (engine, c) = reopen(&path);
    for at in [0, 17, COUNT - 1] {
        assert_eq!(found(&c, at), at.to_string());
    }
    engine.close().unwrap();
}

#[test]
fn a_dropped_collection_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = store_with_file(folder.path());
    let engine = open(&path);
    assert!(engine.drop_collection("c").unwrap());
    assert!(files(&path).is_empty());
    engine.close().unwrap();
}
