//! What the tests of the store share: folders, stores and rows to begin with.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use hippocamp_store::{
    Change, CollectionRow, Error, Lsn, NamespaceId, NewCollection, NewRow, OpenOptions, Put,
    PutMode, ReadTx, Row, RowId, Store, WriteTx,
};
use tempfile::TempDir;

/// The dimension of the collection that [`begin`] makes.
pub(crate) const DIMENSION: usize = 4;

/// A folder that is removed at the end, and the path of a store in it.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("memory.db");
    (folder, path)
}

pub(crate) fn open(path: &Path) -> Store {
    Store::open(path, &OpenOptions::default()).unwrap()
}

/// A new store with a collection of [`DIMENSION`] and one namespace.
pub(crate) fn begin(path: &Path) -> (Store, NamespaceId) {
    let store = open(path);
    let ns = write(&store, default_namespace).unwrap();
    (store, ns)
}

/// The namespace that [`begin`] makes.
pub(crate) fn default_namespace(tx: &mut WriteTx<'_>) -> Result<NamespaceId, Error> {
    let collection = match tx.collection("notes")? {
        Some(found) => found.id,
        None => tx.create_collection(&NewCollection {
            name: "notes",
            dimension: DIMENSION,
            metric: "cosine",
            fingerprint: None,
            settings: "{}",
        })?,
    };
    Ok(tx.namespace(collection, b"", true)?.unwrap())
}

pub(crate) fn write<T>(
    store: &Store,
    f: impl FnOnce(&mut WriteTx<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    store.write(f)
}

pub(crate) fn read<T>(
    store: &Store,
    f: impl FnOnce(&ReadTx<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    store.read(f)
}

/// A vector that can be told from others: `seed` and three numbers made of it.
pub(crate) fn vector(seed: u32) -> [f32; DIMENSION] {
    let seed = seed as f32;
    [seed, -seed, seed / 3.0, 1.0]
}

/// Puts `key` with the text `text of KEY`, metadata with `seed` and [`vector`] of `seed`, at the
/// time `1000 + seed`.
pub(crate) fn put(
    tx: &mut WriteTx<'_>,
    ns: NamespaceId,
    key: &str,
    seed: u32,
    mode: PutMode,
) -> Result<Put, Error> {
    let (text, meta) = (format!("text of {key}"), format!("{{\"seed\":{seed}}}"));
    let new = NewRow { key, text: Some(&text), meta: Some(&meta), vectors: &vector(seed) };
    tx.put(ns, &new, 1000 + i64::from(seed), mode)
}

/// A [`Change`] that can be kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Put(RowId, String, Vec<f32>, Option<String>, Option<String>),
    Deleted(RowId),
}

pub(crate) fn changes(tx: &ReadTx<'_>, ns: NamespaceId, since: Lsn) -> Result<Vec<Told>, Error> {
    let mut told = Vec::new();
    tx.changes_since(ns, since, true, &mut |change| {
        told.push(match change {
            Change::Put { row, key, vectors, text, meta } => Told::Put(
                row,
                key.to_owned(),
                vectors.to_vec(),
                text.map(str::to_owned),
                meta.map(str::to_owned),
            ),
            Change::Deleted { row } => Told::Deleted(row),
        });
    })?;
    Ok(told)
}

/// What [`changes`] tells of a row that [`put`] has put under `key`.
pub(crate) fn told_put(row: RowId, key: &str, seed: u32) -> Told {
    let (text, meta) = (format!("text of {key}"), format!("{{\"seed\":{seed}}}"));
    Told::Put(row, key.to_owned(), vector(seed).to_vec(), Some(text), Some(meta))
}

/// All records of a namespace with their vectors.
pub(crate) fn all(store: &Store, ns: NamespaceId) -> Vec<Row> {
    read(store, |tx| tx.list(ns, None, usize::MAX, true)).unwrap()
}

/// What is left of a file after everything was folded into it: whether SQLite finds it sound.
pub(crate) fn assert_sound(path: &Path) {
    let conn = rusqlite::Connection::open(path).unwrap();
    let verdict: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let (miscounted, orphans): (i64, i64) = conn
        .query_row(
            "SELECT (SELECT count(*) FROM namespaces AS n WHERE n.records != \
             (SELECT count(*) FROM records AS r WHERE r.ns = n.id)), \
             (SELECT count(*) FROM records FULL JOIN vectors USING (id) \
             WHERE key IS NULL OR v IS NULL)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!((miscounted, orphans), (0, 0));
}

/// The store that this process, started by [`child`], is to work on.
pub(crate) fn child_path() -> Option<PathBuf> {
    env::var_os("HIPPOCAMP_STORE_CHILD").map(PathBuf::from)
}

/// This test binary again, to run the ignored test `name` on the store at `path`.
pub(crate) fn child(name: &str, path: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([name, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env("HIPPOCAMP_STORE_CHILD", path);
    command
}

#[expect(clippy::redundant_closure_for_method_calls, reason = "the path lacks the lifetimes")]
pub(crate) fn lsn(store: &Store) -> Lsn {
    read(store, |tx| tx.lsn()).unwrap()
}

#[expect(clippy::redundant_closure_for_method_calls, reason = "the path lacks the lifetimes")]
pub(crate) fn collections(store: &Store) -> Vec<CollectionRow> {
    read(store, |tx| tx.collections()).unwrap()
}
