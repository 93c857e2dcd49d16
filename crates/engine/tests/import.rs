//! Importing the indexes that usearch has saved. `crates/index/tests/data/usearch` says what they hold.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use hippocamp_engine::{
    Cancel, Collection, CollectionOptions, Engine, Error, Limits, Location, Metric, StoreOptions,
    WriteMode,
};
use support::*;

fn file(name: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../index/tests/data/usearch");
    data.join(format!("{name}.usearch"))
}

fn import(c: &Collection, path: &Path, mode: WriteMode) -> Result<u64, Error> {
    import_with(c, path, mode, &Cancel::new())
}

fn import_with(
    c: &Collection,
    path: &Path,
    mode: WriteMode,
    cancel: &Cancel,
) -> Result<u64, Error> {
    wait(|done| c.import_usearch(path.to_owned(), mode, cancel, done))
}

/// Id and vector of the entry, see the README beside the files.
fn entry(entry: u64, dimension: u64) -> (String, Vec<f32>) {
    let value = |place: u64| ((entry * 7 + place * 3) % 17) as f32 / 8.0 - 1.0;
    (((entry << 40) + 7).to_string(), (0..dimension).map(value).collect())
}

fn unmade(engine: &Engine, name: &str) -> Collection {
    engine.collection(name, CollectionOptions::default()).unwrap()
}

/// A usearch file of f32 vectors under L2 whose keys count up from 0, without links.
fn saved(dimension: u32, vectors: impl ExactSizeIterator<Item = Vec<f32>>) -> Vec<u8> {
    let count = vectors.len();
    let mut bytes = Vec::new();
    bytes.extend((count as u32).to_le_bytes());
    bytes.extend((dimension * 4).to_le_bytes());
    vectors.for_each(|vector| bytes.extend(vector.iter().flat_map(|value| value.to_le_bytes())));
    bytes.extend(b"usearch");
    bytes.extend([2u16, 25, 3].into_iter().flat_map(u16::to_le_bytes));
    bytes.extend([b'e', 11, 14, 15]);
    let sizes = [count as u64, 0, u64::from(dimension)];
    bytes.extend(sizes.into_iter().flat_map(u64::to_le_bytes));
    bytes.resize(bytes.len() + 64 - 41, 0);
    bytes.extend([count as u64, 2, 2, 0, 0].into_iter().flat_map(u64::to_le_bytes));
    bytes.resize(bytes.len() + 2 * count, 0);
    for key in 0..count as u64 {
        bytes.extend(key.to_le_bytes());
        bytes.extend([0; 2 + 4 + 2 * 4]);
    }
    bytes
}

#[test]
fn a_new_collection_takes_dimension_metric_and_entries_from_the_file() {
    let engine = temporary();
    for (name, metric, dimension, removed, count) in [
        ("f32-cos", Metric::Cosine, 8, &[0, 3, 11, 39][..], 40),
        ("f16-ip", Metric::Dot, 5, &[0, 3, 11], 12),
        ("bf16-l2sq", Metric::L2, 5, &[0, 3, 11], 12),
        ("f64-l2sq", Metric::L2, 3, &[0, 3, 11], 12),
        ("u40-64bit", Metric::Cosine, 5, &[0, 3, 11], 12),
        ("v2.9-f16-cos", Metric::Cosine, 5, &[0, 3, 11], 12),
    ] {
        let c = unmade(&engine, name).namespace(&["in".into()]).unwrap();
        let kept = (0..count).filter(|entry| !removed.contains(entry));
        let entries: Vec<_> = kept.map(|i| entry(i, dimension)).collect();
        assert_eq!(import(&c, &file(name), WriteMode::Upsert).unwrap(), entries.len() as u64);
        let stats = c.stats().unwrap();
        assert_eq!(stats.dimension, Some(dimension as usize));
        assert_eq!((stats.metric, stats.records), (Some(metric), entries.len() as u64));
        for (id, vector) in entries {
            let record = c.get(&[id], true).unwrap().remove(0).unwrap();
            assert_eq!((record.vector, record.text, record.metadata), (Some(vector), None, None));
        }
        let (id, vector) = entry(5, dimension);
        assert_eq!(search(&c, &vector, 1)[0].record.id, id);
    }
}

#[test]
fn upsert_replaces_what_is_there_and_add_refuses_the_whole_file() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    let (id, vector) = entry(10, 3);
    add(&c, vec![record(&id, &[9.0, 9.0, 9.0]), record("mine", &[0.0; 3])]);
    let error = import(&c, &file("f64-l2sq"), WriteMode::Add).unwrap_err();
    assert_eq!(error.code(), "ERR_RECORD_EXISTS");
    assert!(error.to_string().contains(&id), "{error}");
    assert_eq!(c.count(None, false).unwrap(), 2);
    assert_eq!(import(&c, &file("f64-l2sq"), WriteMode::Upsert).unwrap(), 9);
    assert_eq!(c.count(None, false).unwrap(), 10);
    assert_eq!(c.get(&[id], true).unwrap()[0].as_ref().unwrap().vector, Some(vector));
    let other = c.namespace(&["other".into()]).unwrap();
    assert_eq!(import(&other, &file("f64-l2sq"), WriteMode::Add).unwrap(), 9);
}

#[test]
fn a_file_of_several_batches_is_imported_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    let vectors = (0..2_500u16).map(|i| vec![f32::from(i), 1.0]);
    fs::write(&path, saved(2, vectors.collect::<Vec<_>>().into_iter())).unwrap();
    let engine = temporary();
    let c = unmade(&engine, "c");
    assert_eq!(import(&c, &path, WriteMode::Add).unwrap(), 2_500);
    assert_eq!(c.count(None, false).unwrap(), 2_500);
    assert_eq!(ids(&search(&c, &[2_499.0, 1.0], 2)), ["2499", "2498"]);
}

#[test]
fn what_cannot_be_imported_is_refused_by_name_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let good = fs::read(file("f64-l2sq")).unwrap();
    let nan = vec![vec![1.0, 2.0, 3.0], vec![1.0, f32::NAN, 3.0]];
    let mut twice = saved(3, vec![vec![1.0, 2.0, 3.0]; 2].into_iter());
    let last_key = twice.len() - 22;
    twice[last_key] = 0;
    let cases = [
        (made("nothing", b""), "ERR_INDEX_FILE_INVALID", "not a usearch index"),
        (made("text", b"id,vector\n1,0.5\n2,0.25\n"), "ERR_INDEX_FILE_INVALID", "not a usearch"),
        (made("sizes", &[0xFF; 64]), "ERR_INDEX_FILE_INVALID", "not a usearch index"),
        (made("cut", &good[..good.len() - 1]), "ERR_INDEX_FILE_INVALID", "cut off in its nodes"),
        (made("twice", &twice), "ERR_INDEX_FILE_INVALID", "several vectors under key 0"),
        (file("multi"), "ERR_INDEX_FILE_INVALID", "several vectors under key 7"),
        (file("without-vectors"), "ERR_INDEX_FILE_INVALID", "exclude_vectors"),
        (file("b1"), "ERR_INDEX_FILE_INVALID", "b1x8"),
        (file("pearson"), "ERR_INDEX_FILE_INVALID", "pearson"),
        (made("nan", &saved(3, nan.into_iter())), "ERR_INVALID_VECTOR", "key 1 in"),
        (file("reused"), "ERR_COLLECTION_MISMATCH", "by metric cosine, collection \"c\" by l2"),
        (file("bf16-l2sq"), "ERR_DIMENSION_MISMATCH", "has 5 dimensions"),
        (file("missing"), "ERR_IO", "cannot read"),
        (folder.path().to_owned(), "ERR_INVALID_ARGUMENT", "is not a file"),
    ];
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    add(&c, vec![record("mine", &[0.0; 3])]);
    let before = engine.stats().unwrap();
    for (path, code, says) in cases {
        let fresh = unmade(&engine, "fresh");
        for c in [&c, &fresh].into_iter().take(if code.contains("MISMATCH") { 1 } else { 2 }) {
            let error = import(c, &path, WriteMode::Upsert).unwrap_err();
            assert_eq!(error.code(), code, "{}: {error}", path.display());
            let message = error.to_string();
            assert!(
                message.contains(says) && message.contains(&*path.to_string_lossy()),
                "{message}"
            );
        }
    }
    assert_eq!(engine.stats().unwrap().lsn, before.lsn);
    assert_eq!(engine.collections().unwrap().len(), 1);
}

#[test]
fn the_metric_and_dimension_of_a_handle_must_be_those_of_the_file() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::Dot);
    let error = import(&c, &file("f32-cos"), WriteMode::Upsert).unwrap_err();
    assert_eq!(error.code(), "ERR_COLLECTION_MISMATCH");
    let options = CollectionOptions { dimension: Some(7), ..CollectionOptions::default() };
    let c = engine.collection("c", options).unwrap();
    let error = import(&c, &file("f32-cos"), WriteMode::Upsert).unwrap_err();
    assert_eq!(error.code(), "ERR_DIMENSION_MISMATCH");
    assert!(engine.collections().unwrap().is_empty());
}

#[test]
fn an_index_without_entries_makes_no_collection() {
    let engine = temporary();
    assert_eq!(import(&unmade(&engine, "c"), &file("empty"), WriteMode::Add).unwrap(), 0);
    assert!(engine.collections().unwrap().is_empty());
}

#[test]
fn a_zero_vector_is_refused_under_cosine_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zeros");
    let mut bytes = saved(2, vec![vec![0.0, 0.0]].into_iter());
    fs::write(&path, &bytes).unwrap();
    let engine = temporary();
    assert_eq!(import(&unmade(&engine, "l2"), &path, WriteMode::Add).unwrap(), 1);
    let metric = 8 + 8 + 7 + 6;
    bytes[metric] = b'c';
    fs::write(&path, &bytes).unwrap();
    let error = import(&unmade(&engine, "cosine"), &path, WriteMode::Add).unwrap_err();
    assert_eq!(error.code(), "ERR_INVALID_VECTOR");
    assert_eq!(engine.collections().unwrap().len(), 1);
}

#[test]
fn a_file_above_the_limit_is_not_read() {
    let limits = Limits { import_bytes: 100, ..Limits::default() };
    let engine =
        Engine::open(StoreOptions { limits, ..StoreOptions::new(Location::Temporary) }).unwrap();
    let error = import(&unmade(&engine, "c"), &file("f32-cos"), WriteMode::Add).unwrap_err();
    assert_eq!(error.code(), "ERR_LIMIT_EXCEEDED");
    assert!(error.to_string().contains("limits.importBytes"), "{error}");
}

#[test]
fn an_aborted_import_says_what_it_has_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    let vectors: Vec<_> = (0..20_000u16).map(|i| vec![f32::from(i)]).collect();
    fs::write(&path, saved(1, vectors.into_iter())).unwrap();
    let engine = temporary();
    let c = unmade(&engine, "c");
    let cancel = Cancel::new();
    cancel.cancel();
    let error = import_with(&c, &path, WriteMode::Add, &cancel).unwrap_err();
    assert!(matches!(error, Error::Aborted));
    assert_eq!(c.count(None, false).unwrap(), 0);

    let cancel = Cancel::new();
    let result = wait(|done| {
        c.import_usearch(path.clone(), WriteMode::Upsert, &cancel, done);
        while c.count(None, false).unwrap() == 0 {
            std::thread::yield_now();
        }
        cancel.cancel();
    });
    let left = c.count(None, false).unwrap();
    match result {
        Err(Error::ImportAborted { written }) => assert_eq!(written, left),
        // It may have been done before it heard of it.
        result => assert_eq!((result.unwrap(), left), (20_000, 20_000)),
    }
    assert_eq!(import(&c, &path, WriteMode::Upsert).unwrap(), 20_000);
    assert_eq!(c.count(None, false).unwrap(), 20_000);
}
