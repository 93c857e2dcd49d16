//! What only the inside can show: the plans of statements, and a file at a limit of SQLite's own.

use tempfile::TempDir;

use crate::{
    Error, Lsn, NamespaceId, NewCollection, NewRow, OpenOptions, PutMode, Store, catalogue,
    changes, read, write,
};

fn begin() -> (TempDir, Store, NamespaceId) {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("memory.db"), &OpenOptions::default()).unwrap();
    let made: Result<_, Error> = store.write(|tx| {
        let id = tx.create_collection(&NewCollection {
            name: "notes",
            dimension: 2,
            metric: "dot",
            fingerprint: None,
            settings: "{}",
        })?;
        tx.namespace(id, b"", true)
    });
    (folder, store, made.unwrap().unwrap())
}

fn put(store: &Store, ns: NamespaceId, key: &str, text: &str) -> Result<(), Error> {
    let new = NewRow { key, text: Some(text), meta: None, vectors: &[1.0, 2.0] };
    store.write(|tx| tx.put(ns, &new, 0, PutMode::Insert)).map(|_| ())
}

fn count(store: &Store, ns: NamespaceId) -> usize {
    let listed: Result<_, Error> = store.read(|tx| tx.list(ns, None, usize::MAX, true));
    listed.unwrap().len()
}

#[test]
fn no_statement_reads_or_sorts_a_whole_table() {
    let (_folder, store, _) = begin();
    let writer = store.writer.lock().unwrap();
    let conn = writer.as_ref().unwrap();
    let statements = [read::GET, read::ROW, read::LIST, read::LIST_BACK].concat();
    let statements = [&statements[..], &catalogue::DROP, &read::IDS].concat();
    let clear = [write::REMEMBER_ALL, write::CLEAR_VECTORS, write::CLEAR_RECORDS];
    let whole = [changes::DELETED, read::PATHS, read::METADATA, read::KEYS, read::TEXTS];
    let changes = [changes::LIVE.as_slice(), &changes::PUT, &whole].concat();
    for statement in [&statements[..], &clear, &changes].concat() {
        let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
        let steps: Vec<String> =
            plan.raw_query().mapped(|row| row.get(3)).map(Result::unwrap).collect();
        assert!(!steps.is_empty(), "{statement}");
        for step in &steps {
            assert!(!step.contains("SCAN") && !step.contains("TEMP"), "{statement}: {steps:?}");
        }
    }
}

/// The same as a full disk, where none can be made.
#[test]
fn a_file_that_may_not_grow_keeps_its_state_and_grows_later() {
    let (_folder, store, ns) = begin();
    let limit = |pages: u32| {
        let writer = store.writer.lock().unwrap();
        let sql = format!("PRAGMA max_page_count = {pages}");
        writer.as_ref().unwrap().query_row(&sql, [], |_| Ok(())).unwrap();
    };
    limit(60);
    let text = "x".repeat(20_000);
    let error = (0..).find_map(|step| put(&store, ns, &step.to_string(), &text).err()).unwrap();
    assert_eq!(error, Error::DiskFull { path: store.path().to_owned() });
    let filled = count(&store, ns);
    assert!(filled > 3, "{filled}");
    assert_eq!(store.changed_lsn().unwrap(), Lsn(filled as i64 + 1));

    // A step that does not fit takes the whole transaction with it or leaves the others whole.
    let result: Result<_, Error> = store.write(|tx| {
        let new = NewRow { key: "big", text: Some(&text), meta: None, vectors: &[1.0, 2.0] };
        let big = tx.savepoint(|tx| tx.put(ns, &new, 0, PutMode::Insert));
        assert!(matches!(big, Err(Error::DiskFull { .. })), "{big:?}");
        let new = NewRow { key: "small", text: None, ..new };
        tx.savepoint(|tx| tx.put(ns, &new, 0, PutMode::Insert))
    });
    assert_eq!(count(&store, ns), filled + usize::from(result.is_ok()));

    limit(1000);
    put(&store, ns, "after", &text).unwrap();
    assert_eq!(count(&store, ns), filled + usize::from(result.is_ok()) + 1);
}
