//! Damaged files: whatever their bytes, calls end with a typed error or with rows that can be
//! right; never with a panic, and never with a vector of another length.
//!
//! SQLite's pages have no checksums, so a flipped bit inside a text or a number goes unnoticed by
//! it; bits of its structure do not, nor do missing pages, nor anything in the WAL.

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use hippocamp_store::{
    Durability, Error, Lsn, NamespaceId, OpenOptions,
    PutMode::{Insert, Upsert},
    Row, RowId, Store,
};
use rusqlite::Connection;
use support::{DIMENSION, Told, all, begin, changes, open, place, put, read, write};

const PAGE: usize = 8192;

/// A generator of the same "random" numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % end
    }
}

/// The bytes of a closed store with 400 records, changed and deleted ones among them, and its rows.
static SOUND: LazyLock<(Vec<u8>, NamespaceId, Vec<Row>)> = LazyLock::new(|| {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    for step in 0..4_u32 {
        write(&store, |tx| {
            for row in 0..120 {
                put(tx, ns, &format!("key {}", step * 110 + row), step, Upsert)?;
            }
            tx.delete(ns, &format!("key {}", step * 7))
        })
        .unwrap();
    }
    let rows = all(&store, ns);
    store.close().unwrap();
    (fs::read(&path).unwrap(), ns, rows)
});

/// What one call may answer to a damaged file.
fn assert_typed(error: &Error) {
    let typed = matches!(
        error,
        Error::Corrupt { .. }
            | Error::NotADatabase { .. }
            | Error::NotOurs { .. }
            | Error::Newer { .. }
            | Error::CannotOpen { .. }
            | Error::Io { .. }
            | Error::ReadOnlyAfterFailure { .. }
            // An id at its end reads to SQLite as a full table.
            | Error::DiskFull { .. }
            | Error::UnknownNamespace { .. }
            | Error::UnknownCollection { .. }
            | Error::Dimension { .. }
    );
    assert!(typed, "{error:?}");
}

/// What a call said, if it was not an error of the expected kinds.
fn answer<T>(result: Result<T, Error>) -> Option<T> {
    result.inspect_err(assert_typed).ok()
}

/// Makes every kind of call on the file; the rows that `list` gave, if it gave any.
fn exercise(path: &Path, ns: NamespaceId) -> Option<Vec<Row>> {
    // Nothing here has to survive a loss of power.
    let options = OpenOptions { durability: Durability::Memory, ..OpenOptions::default() };
    let store = answer(Store::open(path, &options))?;
    answer(store.changed_lsn());
    let listed = answer(read(&store, |tx| tx.list(ns, None, usize::MAX, true)));
    for row in listed.iter().flatten() {
        assert_eq!(row.vectors.as_ref().map(Vec::len), Some(DIMENSION));
        answer(read(&store, |tx| tx.get(ns, &row.key, false)));
    }
    answer(read(&store, |tx| tx.visit_metadata(ns, &mut |_, _| {})));
    answer(read(&store, |tx| tx.visit_texts(ns, &mut |_, _, _| {})));
    for since in [0, 2, 3] {
        answer(read(&store, |tx| {
            tx.changes_since(ns, Lsn(since), false, &mut |change| {
                if let hippocamp_store::Change::Put { vectors, .. } = change {
                    assert_eq!(vectors.len() % DIMENSION, 0);
                }
            })
        }));
    }
    let ids: Vec<RowId> = (0..450).map(RowId).collect();
    for row in answer(read(&store, |tx| tx.rows(&ids, true))).iter().flatten().flatten() {
        assert_eq!(row.vectors.as_ref().map(Vec::len), Some(DIMENSION));
    }
    answer(read(&store, |tx| tx.count(ns)));
    let collections = answer(read(&store, |tx| {
        let found = tx.collections()?;
        tx.collection("notes")?;
        found.iter().map(|found| tx.namespaces(found.id)).collect::<Result<Vec<_>, _>>()?;
        found
            .iter()
            .map(|found| tx.namespaces_below(found.id, b""))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(found)
    }));
    answer(write(&store, |tx| put(tx, ns, "key 5", 9, Upsert)));
    answer(write(&store, |tx| put(tx, ns, "new", 9, Upsert)));
    answer(write(&store, |tx| tx.delete(ns, "key 300")));
    answer(write(&store, |tx| tx.clear(ns)));
    for collection in collections.unwrap_or_default() {
        answer(write(&store, |tx| tx.drop_collection(collection.id)));
    }
    answer(store.close());
    listed
}

/// Damages copies of a file by `damage` and exercises each; what `list` gave.
fn damaged(
    seed: u64,
    times: usize,
    mut damage: impl FnMut(&mut Random, &mut Vec<u8>),
) -> Vec<Option<Vec<Row>>> {
    let (sound, ns, _) = &*SOUND;
    let mut random = Random(seed);
    (0..times)
        .map(|_| {
            let mut bytes = sound.clone();
            damage(&mut random, &mut bytes);
            let (_folder, path) = place();
            fs::write(&path, bytes).unwrap();
            exercise(&path, *ns)
        })
        .collect()
}

#[test]
fn a_truncated_file_gives_an_error_or_every_row() {
    let (_, _, rows) = &*SOUND;
    let listed = damaged(1, 100, |random, bytes| {
        let length = random.below(bytes.len() - 2) + 2;
        bytes.truncate(length);
    });
    for listed in listed.into_iter().flatten() {
        assert_eq!(&listed, rows);
    }
}

#[test]
fn flipped_bits_give_an_error_or_plausible_rows() {
    let listed = damaged(2, 200, |random, bytes| {
        for _ in 0..=random.below(8) {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
    });
    assert!(listed.iter().any(Option::is_some), "most bits are payload or free space");
}

#[test]
fn flipped_bits_of_the_structure_give_an_error_or_plausible_rows() {
    damaged(3, 250, |random, bytes| {
        let page = random.below(bytes.len() / PAGE) * PAGE;
        let at = page + random.below(120);
        bytes[at] ^= 1 << random.below(8);
    });
}

#[test]
fn overwritten_pages_give_an_error_or_plausible_rows() {
    damaged(4, 120, |random, bytes| {
        let pages = bytes.len() / PAGE;
        let (to, from) = (random.below(pages) * PAGE, random.below(pages) * PAGE);
        match random.below(4) {
            0 => bytes[to..to + PAGE].fill(0),
            1 => bytes[to..to + PAGE].fill(0xff),
            2 => bytes.copy_within(from..from + PAGE, to),
            _ => bytes[to..to + PAGE].fill_with(|| random.below(256) as u8),
        }
    });
}

#[test]
fn a_damaged_wal_loses_whole_transactions_from_its_end() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let mut states = vec![Vec::new(), all(&store, ns)];
    for step in 0..6_u32 {
        write(&store, |tx| {
            for row in 0..10 {
                put(tx, ns, &format!("{}", step * 5 + row), step, Upsert)?;
            }
            Ok(())
        })
        .unwrap();
        states.push(all(&store, ns));
    }
    // Copied while it is open: the file as it was made, everything since in the WAL.
    let file = fs::read(&path).unwrap();
    let wal = fs::read(path.with_extension("db-wal")).unwrap();
    let mut random = Random(5);
    let mut seen = vec![false; states.len()];
    for round in 0..80 {
        let mut damaged = wal.clone();
        if round % 2 == 0 {
            damaged.truncate(random.below(wal.len()));
        } else {
            let at = random.below(wal.len());
            damaged[at] ^= 1 << random.below(8);
        }
        let (_copies, copy) = place();
        fs::write(&copy, &file).unwrap();
        fs::write(copy.with_extension("db-wal"), damaged).unwrap();
        let store = open(&copy);
        let lsn = usize::try_from(support::lsn(&store).0).unwrap();
        assert_eq!(all(&store, ns), states[lsn]);
        seen[lsn] = true;
        store.close().unwrap();
        support::assert_sound(&copy);
    }
    assert!(seen.iter().filter(|seen| **seen).count() > 3, "{seen:?}");
}

/// Runs `statements` on the tables without the rules of their definition, then puts the
/// definition back: bytes such as only damage or another program can leave.
fn forge(path: &Path, table: &str, statements: &str) {
    let definition = |edit: &str| {
        let conn = Connection::open(path).unwrap();
        conn.execute_batch(&format!(
            "PRAGMA synchronous = OFF; PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = {edit} \
             WHERE name = '{table}'"
        ))
        .unwrap();
    };
    let original: String = Connection::open(path)
        .unwrap()
        .query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [table], |row| row.get(0))
        .unwrap();
    definition(
        "replace(replace(replace(replace(replace(sql, ' STRICT,', ' '), ' STRICT', ''), \
         ' NOT NULL', ''), ' ANY', ''), ' TEXT', '')",
    );
    let statements = format!("PRAGMA synchronous = OFF; {statements}");
    Connection::open(path).unwrap().execute_batch(&statements).unwrap();
    definition(&format!("'{original}'"));
}

/// The bytes of a closed store with two records and a deletion.
static SMALL: LazyLock<(Vec<u8>, NamespaceId)> = LazyLock::new(|| {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    write(&store, |tx| {
        put(tx, ns, "a", 1, Insert)?;
        put(tx, ns, "b", 2, Insert)?;
        put(tx, ns, "c", 3, Insert)?;
        tx.delete(ns, "c")
    })
    .unwrap();
    store.close().unwrap();
    (fs::read(&path).unwrap(), ns)
});

fn forged(table: &str, statements: &str) -> (tempfile::TempDir, PathBuf, NamespaceId) {
    let (folder, path) = place();
    fs::write(&path, &SMALL.0).unwrap();
    forge(&path, table, statements);
    (folder, path, SMALL.1)
}

#[test]
fn a_value_of_the_wrong_type_is_named_by_table_row_and_column() {
    let cases = [
        (
            "UPDATE vectors SET v = x'0102030405' WHERE id = 2",
            "table vectors, row 2: v has 5 bytes, a vector of 4 numbers has 16",
        ),
        (
            "UPDATE vectors SET v = zeroblob(12) WHERE id = 2",
            "table vectors, row 2: v has 12 bytes, a vector of 4 numbers has 16",
        ),
        ("UPDATE vectors SET v = NULL WHERE id = 2", "table vectors, row 2: v is Null, not a blob"),
        (
            "UPDATE vectors SET v = 'text' WHERE id = 2",
            "table vectors, row 2: v is Text, not a blob",
        ),
        ("DELETE FROM vectors WHERE id = 2", "table vectors, row 2: v is Null, not a blob"),
        (
            "UPDATE records SET key = 7 WHERE id = 2",
            "table records, row 2: key is Integer, not a text",
        ),
        (
            "UPDATE records SET key = x'6162' WHERE id = 2",
            "table records, row 2: key is Blob, not a text",
        ),
        (
            "UPDATE records SET key = NULL WHERE id = 2",
            "table records, row 2: key is Null, not a text",
        ),
        (
            "UPDATE records SET text = 1.5 WHERE id = 2",
            "table records, row 2: text is Real, not a text or NULL",
        ),
        (
            "UPDATE records SET text = CAST(x'61ff62' AS TEXT) WHERE id = 2",
            "table records, row 2: text is not a text or NULL: invalid utf-8 sequence of 1 bytes \
             from index 1",
        ),
        (
            "UPDATE records SET meta = x'00' WHERE id = 2",
            "table records, row 2: meta is Blob, not a text or NULL",
        ),
        (
            "UPDATE records SET created = 'now' WHERE id = 2",
            "table records, row 2: created is Text, not an integer",
        ),
        (
            "UPDATE records SET updated = NULL WHERE id = 2",
            "table records, row 2: updated is Null, not an integer",
        ),
        (
            "UPDATE records SET lsn = 2.5 WHERE id = 2",
            "table records, row 2: lsn is Real, not an integer",
        ),
    ];
    for (statement, what) in cases {
        let table = if statement.contains("vectors") { "vectors" } else { "records" };
        let (_folder, path, ns) = forged(table, statement);
        let store = open(&path);
        let expected = Error::Corrupt { path: path.clone(), what: what.to_owned() };
        let listed = read(&store, |tx| tx.list(ns, None, 9, true));
        assert_eq!(listed, Err(expected.clone()), "{statement}");
        let rows = read(&store, |tx| tx.rows(&[RowId(2)], true));
        assert_eq!(rows, Err(expected.clone()), "{statement}");
        assert!(read(&store, |tx| tx.get(ns, "a", true)).unwrap().is_some(), "others are read");
        let told = read(&store, |tx| changes(tx, ns, Lsn(0)));
        if ["vectors", "meta", "key", ": text"].iter().any(|part| what.contains(part)) {
            assert_eq!(told, Err(expected), "{statement}");
        } else {
            assert_eq!(told.unwrap().len(), 2, "{statement}");
        }
    }
}

#[test]
fn a_damaged_catalogue_is_named_too() {
    let cases = [
        ("meta", "DELETE FROM meta", "table meta has no row \"lsn\""),
        (
            "meta",
            "UPDATE meta SET value = 'many'",
            "table meta, row \"lsn\": value is Text, not an integer",
        ),
        ("meta", "UPDATE meta SET value = -5", "table meta, row \"lsn\": value is negative: -5"),
        (
            "collections",
            "UPDATE collections SET dimension = -1",
            "table collections, row 1: dimension is negative: -1",
        ),
        (
            "collections",
            "UPDATE collections SET dimension = 'x'",
            "table collections, row 1: dimension is Text, not an integer",
        ),
        (
            "collections",
            "UPDATE collections SET metric = NULL",
            "table collections, row 1: metric is Null, not a text",
        ),
        (
            "collections",
            "UPDATE collections SET settings = x''",
            "table collections, row 1: settings is Blob, not a text",
        ),
        (
            "namespaces",
            "UPDATE namespaces SET path = 'text'",
            "table namespaces, row 1: path is Text, not a blob",
        ),
        (
            "namespaces",
            "UPDATE namespaces SET records = -3",
            "table namespaces, row 1: records is negative: -3",
        ),
    ];
    for (table, statement, what) in cases {
        let (_folder, path, ns) = forged(table, statement);
        let asked = Store::open(&path, &OpenOptions::default()).and_then(|store| {
            read(&store, |tx| {
                tx.lsn()?;
                let found = tx.collections()?;
                tx.namespaces(found[0].id)?;
                tx.count(ns)
            })
        });
        let expected = Error::Corrupt { path: path.clone(), what: what.to_owned() };
        assert_eq!(asked, Err(expected), "{statement}");
        exercise(&path, ns);
    }
}

#[test]
fn extreme_numbers_are_values_or_errors() {
    for number in [i64::MAX, i64::MIN, -1] {
        for (table, column) in [
            ("records", "id"),
            ("records", "ns"),
            ("records", "lsn"),
            ("records", "created"),
            ("vectors", "id"),
            ("deletions", "id"),
            ("deletions", "lsn"),
            ("deletions", "ns"),
            ("namespaces", "id"),
            ("namespaces", "collection"),
            ("namespaces", "records"),
            ("collections", "id"),
            ("collections", "dimension"),
            ("meta", "value"),
            ("sqlite_sequence", "seq"),
        ] {
            let one = if table == "records" || table == "vectors" { " WHERE id = 1" } else { "" };
            let statement = format!("UPDATE OR IGNORE {table} SET {column} = {number}{one}");
            let (_folder, path, ns) = forged("meta", &statement);
            exercise(&path, ns);
        }
    }
}

#[test]
fn missing_or_altered_tables_are_noticed_when_the_store_is_opened() {
    for (statement, name) in [
        ("DROP TABLE deletions", "deletions"),
        ("DROP INDEX records_by_change", "records_by_change"),
        ("ALTER TABLE records ADD COLUMN more TEXT", "records"),
        ("DROP TABLE vectors; CREATE VIEW vectors AS SELECT 1 AS id, x'' AS v", "vectors"),
    ] {
        let (_folder, path) = place();
        drop(begin(&path));
        Connection::open(&path).unwrap().execute_batch(statement).unwrap();
        let error = Store::open(&path, &OpenOptions::default()).err().unwrap();
        let what = format!("table or index {name} is missing or altered");
        assert_eq!(error, Error::Corrupt { path: path.clone(), what });
    }
}

#[test]
fn triggers_of_others_do_not_run() {
    let (_folder, path) = place();
    let (_, ns) = begin(&path);
    let trigger = "CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM records; END";
    Connection::open(&path).unwrap().execute_batch(trigger).unwrap();
    let store = open(&path);
    let row = write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap().row;
    let told = read(&store, |tx| changes(tx, ns, Lsn(0))).unwrap();
    assert!(matches!(&told[..], [Told::Put(told, ..)] if *told == row), "{told:?}");
}
