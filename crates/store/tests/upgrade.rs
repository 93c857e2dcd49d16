//! Files of other versions: every released schema version is kept as a file in `tests/data` and
//! has to open; newer ones are refused and stay as they are.

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
};

use hippocamp_store::{
    Error, Lsn, OpenOptions,
    PutMode::{Insert, Upsert},
    RowId, SCHEMA_VERSION, Store,
};
use support::{Told, all, changes, collections, open, place, put, read, told_put, write};

/// The file that schema version 1 has written; made by [`write_the_file_of_this_version`].
const VERSION_1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/v1.db");

fn copy_of(fixture: &str) -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = place();
    fs::copy(fixture, &path).unwrap();
    (folder, path)
}

#[test]
fn a_file_of_version_1_opens_with_everything() {
    let (_folder, path) = copy_of(VERSION_1);
    let store = open(&path);
    let listed = collections(&store);
    assert_eq!(listed.len(), 1);
    let ns = read(&store, |tx| tx.namespace(listed[0].id, b"")).unwrap().unwrap();
    assert_eq!(support::lsn(&store), Lsn(5));
    let rows = all(&store, ns);
    let seen: Vec<_> = rows.iter().map(|row| (row.row.0, row.key.as_str(), row.lsn.0)).collect();
    assert_eq!(seen, [(1, "a", 3), (3, "记忆", 2)]);
    assert_eq!((rows[0].created_ms, rows[0].updated_ms), (1001, 1007));
    assert_eq!(rows[1].text.as_deref(), Some("text of 记忆"));
    let told = read(&store, |tx| changes(tx, ns, Lsn(2))).unwrap();
    assert_eq!(
        told,
        [told_put(RowId(1), "a", 7), Told::Deleted(RowId(2)), Told::Deleted(RowId(4))]
    );
    let row = write(&store, |tx| put(tx, ns, "new", 9, Insert)).unwrap().row;
    assert_eq!(row, RowId(5), "ids are never used again");
    store.close().unwrap();
    support::assert_sound(&path);
}

#[test]
fn a_newer_file_is_refused_and_keeps_every_byte() {
    let (folder, path) = copy_of(VERSION_1);
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
    conn.execute_batch("DROP TABLE deletions; CREATE TABLE later(x)").unwrap();
    drop(conn);
    let before = fs::read(&path).unwrap();
    for read_only in [false, true] {
        let options = OpenOptions { read_only, ..OpenOptions::default() };
        let error = Store::open(&path, &options).err().unwrap();
        let (found, known) = (SCHEMA_VERSION + 1, SCHEMA_VERSION);
        assert_eq!(error, Error::Newer { path: path.clone(), found, known });
        let expected = format!(
            "{} has schema version 2, this version of hippocamp knows up to 1: upgrade hippocamp",
            path.display()
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(fs::read(&path).unwrap(), before);
        if !read_only {
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
        }
    }
}

#[test]
fn a_version_that_never_was_is_damage() {
    for version in [0, -1, i32::MIN] {
        let (_folder, path) = copy_of(VERSION_1);
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.pragma_update(None, "user_version", version).unwrap();
        drop(conn);
        let error = Store::open(&path, &OpenOptions::default()).err().unwrap();
        let what = format!("its schema version is {version}");
        assert_eq!(error, Error::Corrupt { path: path.clone(), what });
    }
}

#[test]
fn the_schema_of_this_version_is_the_one_of_its_file() {
    let (_folder, path) = place();
    drop(open(&path));
    assert_eq!(schema(&path), schema(Path::new(VERSION_1)), "a change needs a new version");
}

#[test]
fn the_format_document_has_the_tables_and_the_header_of_a_new_file() {
    let document = include_str!("../../../docs/file-format.md");
    let (_folder, path) = place();
    drop(open(&path));
    for definition in &schema(&path)[2..] {
        if !definition.contains("sqlite_sequence") {
            assert!(document.contains(&format!("{definition}\n")), "{definition}");
        }
    }
    let header = fs::read(&path).unwrap();
    for (at, bytes, row) in [
        (0, &b"SQLite format 3\0"[..], "| 0 | 16 | `SQLite format 3\\0` |"),
        (16, &[0x20, 0x00], "| 16 | 2 | `20 00` |"),
        (18, &[2, 2], "| 18 | 2 | `02 02` |"),
        (60, &[0, 0, 0, 1], "| 60 | 4 | `00 00 00 01` |"),
        (68, b"hipp", "| 68 | 4 | `68 69 70 70` |"),
    ] {
        assert_eq!(&header[at..at + bytes.len()], bytes, "{row}");
        assert!(document.contains(row), "{row}");
    }
}

/// Everything by which a version is known.
fn schema(path: &Path) -> Vec<String> {
    let (_folder, copy) = copy_of(path.to_str().unwrap());
    let conn = rusqlite::Connection::open(&copy).unwrap();
    let mut statement = conn
        .prepare(
            "SELECT 'application_id ' || application_id FROM pragma_application_id UNION ALL \
             SELECT 'user_version ' || user_version FROM pragma_user_version UNION ALL \
             SELECT sql FROM (SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name)",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Run once for each version, when it is released:
/// `cargo test -p hippocamp-store --test upgrade -- --ignored` with `HIPPOCAMP_WRITE_FIXTURE=1`.
#[test]
#[ignore = "writes the fixture of a version when it is released"]
fn write_the_file_of_this_version() {
    if std::env::var_os("HIPPOCAMP_WRITE_FIXTURE").is_none() {
        return;
    }
    let (_folder, path) = place();
    let (store, ns) = support::begin(&path);
    write(&store, |tx| {
        for key in ["a", "b", "记忆"] {
            put(tx, ns, key, 1, Insert)?;
        }
        Ok(())
    })
    .unwrap();
    write(&store, |tx| put(tx, ns, "a", 7, Upsert)).unwrap();
    write(&store, |tx| {
        put(tx, ns, "c", 2, Insert)?;
        tx.delete(ns, "b")
    })
    .unwrap();
    write(&store, |tx| tx.delete(ns, "c")).unwrap();
    store.close().unwrap();
    let fixture = format!("{}/tests/data/v{SCHEMA_VERSION}.db", env!("CARGO_MANIFEST_DIR"));
    fs::copy(&path, fixture).unwrap();
}
