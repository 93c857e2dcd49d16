//! What a store does with records, read as its specification.

mod support;

use hippocamp_store::{
    Change, Error, Lsn, NamespaceId, NewRow, Put,
    PutMode::{self, Insert, Upsert},
    RowId, Store,
};
use support::{
    DIMENSION, Told, all, begin, changes, lsn, place, put, read, told_put, vector, write,
};

fn put_one(store: &Store, ns: NamespaceId, key: &str, seed: u32, mode: PutMode) -> Put {
    write(store, |tx| put(tx, ns, key, seed, mode)).unwrap()
}

fn keys(store: &Store, ns: NamespaceId) -> Vec<String> {
    all(store, ns).into_iter().map(|row| row.key).collect()
}

#[test]
fn a_record_is_read_as_it_was_put() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let put = put_one(&store, ns, "a", 7, Insert);
    assert!(!put.replaced);
    let row = read(&store, |tx| tx.get(ns, "a", true)).unwrap().unwrap();
    assert_eq!(row.row, put.row);
    assert_eq!(row.key, "a");
    assert_eq!(row.text.as_deref(), Some("text of a"));
    assert_eq!(row.meta.as_deref(), Some("{\"seed\":7}"));
    assert_eq!((row.created_ms, row.updated_ms), (1007, 1007));
    assert_eq!(row.lsn, Lsn(2), "the first transaction made the collection");
    assert_eq!(row.vectors.unwrap(), vector(7));
    let row = read(&store, |tx| tx.get(ns, "a", false)).unwrap().unwrap();
    assert_eq!(row.vectors, None);
    assert_eq!(read(&store, |tx| tx.get(ns, "A", true)).unwrap(), None, "keys have case");
}

#[test]
fn an_insert_of_a_known_key_is_refused_and_changes_nothing() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    put_one(&store, ns, "a", 1, Insert);
    let before = all(&store, ns);
    let error = write(&store, |tx| put(tx, ns, "a", 2, Insert)).unwrap_err();
    assert_eq!(error, Error::Exists { key: "a".to_owned() });
    assert_eq!(error.to_string(), "record \"a\" exists already: upsert it, or delete it first");
    assert_eq!(all(&store, ns), before);
    assert_eq!(lsn(&store), Lsn(2));
}

#[test]
fn an_upsert_keeps_id_and_creation_time_and_replaces_the_rest() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let first = put_one(&store, ns, "a", 1, Upsert);
    assert!(!first.replaced);
    put_one(&store, ns, "b", 1, Upsert);
    let new = NewRow { key: "a", text: None, meta: None, vectors: &vector(9) };
    let second = write(&store, |tx| tx.put(ns, &new, 5000, Upsert)).unwrap();
    assert_eq!(second, Put { row: first.row, replaced: true });
    let row = read(&store, |tx| tx.get(ns, "a", true)).unwrap().unwrap();
    assert_eq!((row.text, row.meta), (None, None));
    assert_eq!((row.created_ms, row.updated_ms, row.lsn), (1001, 5000, Lsn(4)));
    assert_eq!(row.vectors.unwrap(), vector(9));
    assert_eq!(read(&store, |tx| tx.count(ns)).unwrap(), 2);
}

#[test]
fn a_deleted_record_never_comes_back() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let a = put_one(&store, ns, "a", 1, Insert).row;
    let b = put_one(&store, ns, "b", 2, Insert).row;
    assert_eq!(write(&store, |tx| tx.delete(ns, "b")).unwrap(), Some(b));
    assert_eq!(write(&store, |tx| tx.delete(ns, "b")).unwrap(), None, "it is gone already");
    assert_eq!(read(&store, |tx| tx.get(ns, "b", true)).unwrap(), None);
    assert_eq!(read(&store, |tx| tx.rows(&[b], true)).unwrap(), [None]);
    assert_eq!(keys(&store, ns), ["a"]);
    assert_eq!(read(&store, |tx| tx.count(ns)).unwrap(), 1);
    assert_eq!(read(&store, |tx| changes(tx, ns, Lsn(0))).unwrap(), [told_put(a, "a", 1)]);
    let again = put_one(&store, ns, "b", 3, Insert).row;
    assert!(again > b, "{again} has to be new, {b} was the last id before");
    assert_eq!(read(&store, |tx| tx.rows(&[b], true)).unwrap(), [None]);
}

#[test]
fn clearing_empties_one_namespace_and_only_it() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let other = write(&store, |tx| {
        let notes = tx.collection("notes")?.unwrap().id;
        tx.namespace(notes, b"other", true)
    });
    let other = other.unwrap().unwrap();
    let old: Vec<RowId> =
        ["a", "b", "c"].map(|key| put_one(&store, ns, key, 1, Insert).row).to_vec();
    put_one(&store, other, "a", 2, Insert);
    assert_eq!(write(&store, |tx| tx.clear(ns)).unwrap(), 3);
    assert_eq!(write(&store, |tx| tx.clear(ns)).unwrap(), 0);
    assert_eq!(keys(&store, ns), [""; 0]);
    assert_eq!(keys(&store, other), ["a"]);
    assert_eq!(read(&store, |tx| Ok((tx.count(ns)?, tx.count(other)?))).unwrap(), (0, 1));
    let told = read(&store, |tx| changes(tx, ns, Lsn(2))).unwrap();
    assert_eq!(told, old.iter().map(|row| Told::Deleted(*row)).collect::<Vec<_>>());
    assert!(put_one(&store, ns, "a", 1, Insert).row > old[2]);
}

#[test]
fn metadata_and_texts_are_visited_of_those_that_have_some() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let (other, first) = write(&store, |tx| {
        let collection = tx.collection("notes")?.unwrap().id;
        let other = tx.namespace(collection, b"other", true)?.unwrap();
        put(tx, other, "x", 9, Insert)?;
        Ok((other, put(tx, ns, "z", 1, Insert)?.row))
    })
    .unwrap();
    let bare = NewRow { key: "m", text: Some("no metadata"), meta: None, vectors: &vector(2) };
    let bare = write(&store, |tx| tx.put(ns, &bare, 0, Insert)).unwrap().row;
    let mute = NewRow { key: "n", text: None, meta: None, vectors: &vector(2) };
    write(&store, |tx| tx.put(ns, &mute, 0, Insert)).unwrap();
    let last = put_one(&store, ns, "a", 3, Insert).row;
    put_one(&store, ns, "z", 4, Upsert);
    let visited = |ns| {
        let (mut visited, mut texts) = (Vec::new(), Vec::new());
        read(&store, |tx| {
            tx.visit_metadata(ns, &mut |row, meta| visited.push((row, meta.to_owned())))?;
            tx.visit_texts(ns, &mut |row, text, _| texts.push((row, text.to_owned())))
        })
        .unwrap();
        (visited, texts)
    };
    let expected = [(first, "{\"seed\":4}".to_owned()), (last, "{\"seed\":3}".to_owned())];
    let texts = [(first, "text of z"), (bare, "no metadata"), (last, "text of a")];
    assert_eq!(
        visited(ns),
        (expected.to_vec(), texts.map(|(row, text)| (row, text.to_owned())).to_vec())
    );
    assert_eq!(visited(other).0.len(), 1);
    let told = read(&store, |tx| {
        let mut texts = 0;
        for since in [0, 1] {
            tx.changes_since(ns, Lsn(since), false, &mut |change| {
                texts += usize::from(matches!(change, Change::Put { text: Some(_), .. }));
            })?;
        }
        Ok(texts)
    });
    assert_eq!(told.unwrap(), 0);
}

#[test]
fn lists_are_pages_in_the_order_of_first_insertion() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    for key in ["z", "b", "m", "a"] {
        put_one(&store, ns, key, 1, Insert);
    }
    put_one(&store, ns, "z", 2, Upsert);
    let page = read(&store, |tx| tx.list(ns, None, 3, false)).unwrap();
    assert_eq!(page.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["z", "b", "m"]);
    let page = read(&store, |tx| tx.list(ns, Some(page[2].row), 3, true)).unwrap();
    assert_eq!(page.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["a"]);
    let none = read(&store, |tx| tx.list(ns, Some(page[0].row), 3, true)).unwrap();
    assert_eq!(none, []);
    assert_eq!(read(&store, |tx| tx.list(ns, None, 0, true)).unwrap(), []);
    let from_below = read(&store, |tx| tx.list(ns, Some(RowId(i64::MIN)), 9, true)).unwrap();
    assert_eq!(from_below.len(), 4);
}

#[test]
fn rows_and_ids_come_in_the_order_they_were_asked_for() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let [a, b] = ["a", "b"].map(|key| put_one(&store, ns, key, 1, Insert).row);
    let asked = [b, RowId(-1), a, b, RowId(i64::MAX)];
    let rows = read(&store, |tx| tx.rows(&asked, true)).unwrap();
    let keys: Vec<_> = rows.iter().map(|row| row.as_ref().map(|row| row.key.as_str())).collect();
    assert_eq!(keys, [Some("b"), None, Some("a"), Some("b"), None]);
    let ids = read(&store, |tx| tx.row_ids(ns, &["b", "?", "a", "b"])).unwrap();
    assert_eq!(ids, [Some(b), None, Some(a), Some(b)]);
}

#[test]
fn a_key_belongs_to_its_namespace() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    // Paths are bytes: empty, with NUL, not UTF-8, one a prefix of another.
    let paths: [&[u8]; 4] = [b"user", b"user\0", b"user\0\xff", b"\xff\xfe"];
    let others = paths.map(|path| {
        let made = write(&store, |tx| {
            let notes = tx.collection("notes")?.unwrap().id;
            assert_eq!(tx.namespace(notes, path, false)?, None);
            tx.namespace(notes, path, true)
        });
        made.unwrap().unwrap()
    });
    put_one(&store, ns, "a", 0, Insert);
    for (seed, other) in (1..).zip(others) {
        put_one(&store, other, "a", seed, Insert);
        assert_eq!(all(&store, other)[0].vectors.as_deref(), Some(&vector(seed)[..]));
    }
    write(&store, |tx| tx.delete(others[1], "a")).unwrap();
    let listed = read(&store, |tx| tx.namespaces(tx.collection("notes")?.unwrap().id)).unwrap();
    let mut expected = vec![(ns, Vec::new(), 1)];
    expected.extend(others.iter().zip(paths).map(|(id, path)| (*id, path.to_vec(), 1)));
    expected[2].2 = 0;
    assert_eq!(listed, expected);
}

#[test]
fn any_text_comes_back_as_it_was() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let long = "长期记忆 ".repeat(100_000);
    let texts = ["", "\0", "a\0b", "我最喜欢的运动是足球", "🧠\u{200d}🌊", "\u{202e}שלום", &long];
    write(&store, |tx| {
        for text in texts {
            let key = text.get(..text.len().min(60)).unwrap_or("long");
            let new = NewRow { key, text: Some(text), meta: Some(text), vectors: &vector(1) };
            tx.put(ns, &new, 0, Insert)?;
        }
        Ok(())
    })
    .unwrap();
    for (row, text) in all(&store, ns).iter().zip(texts) {
        assert_eq!(row.text.as_deref(), Some(text));
        assert_eq!(row.meta.as_deref(), Some(text));
        let found = read(&store, |tx| tx.get(ns, &row.key, false)).unwrap();
        assert_eq!(found.map(|found| found.row), Some(row.row));
    }
}

#[test]
fn vectors_come_back_bit_by_bit() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let bits = [0x8000_0000, 0x0000_0001, 0x7fc0_1234, 0xff80_0000_u32];
    let vector = bits.map(f32::from_bits);
    let new = NewRow { key: "a", text: None, meta: None, vectors: &vector };
    write(&store, |tx| tx.put(ns, &new, 0, Insert)).unwrap();
    let row = read(&store, |tx| tx.get(ns, "a", true)).unwrap().unwrap();
    assert_eq!(row.vectors.unwrap().iter().map(|v| v.to_bits()).collect::<Vec<_>>(), bits);
}

#[test]
fn a_vector_of_another_dimension_is_refused() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    for found in [0, DIMENSION - 1, DIMENSION + 1] {
        let new = NewRow { key: "a", text: None, meta: None, vectors: &vec![1.0; found] };
        let error = write(&store, |tx| tx.put(ns, &new, 0, Upsert)).unwrap_err();
        assert_eq!(error, Error::Dimension { expected: DIMENSION, found });
    }
    assert_eq!(read(&store, |tx| tx.count(ns)).unwrap(), 0);
    let several: Vec<f32> = (0..3 * DIMENSION).map(|value| value as f32).collect();
    let new = NewRow { key: "a", text: None, meta: None, vectors: &several };
    write(&store, |tx| tx.put(ns, &new, 0, Insert)).unwrap();
    let row = read(&store, |tx| tx.get(ns, "a", true)).unwrap().unwrap();
    assert_eq!(row.vectors, Some(several));
}

#[test]
fn changes_are_told_in_the_order_of_their_transactions() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let [a, b, c] = ["a", "b", "c"].map(|key| put_one(&store, ns, key, 1, Insert).row);
    write(&store, |tx| tx.delete(ns, "b")).unwrap().unwrap();
    put_one(&store, ns, "a", 2, Upsert);
    let (d, deleted) = write(&store, |tx| {
        let d = put(tx, ns, "d", 4, Insert)?.row;
        Ok((d, tx.delete(ns, "a")?.unwrap()))
    })
    .unwrap();
    assert_eq!(deleted, a);
    let again = put_one(&store, ns, "a", 5, Insert).row;

    let since = |lsn| read(&store, |tx| changes(tx, ns, Lsn(lsn))).unwrap();
    assert_eq!(since(0), [told_put(c, "c", 1), told_put(d, "d", 4), told_put(again, "a", 5)]);
    let late = [Told::Deleted(a), told_put(d, "d", 4), told_put(again, "a", 5)];
    assert_eq!(since(3), [&[told_put(c, "c", 1), Told::Deleted(b)], &late[..]].concat());
    assert_eq!(since(6), late);
    assert_eq!(since(7), late[2..]);
    assert_eq!(since(8), []);
    assert_eq!(since(i64::MAX), []);
    assert_eq!(since(-1), since(0));
}

#[test]
fn a_record_put_and_deleted_in_one_transaction_was_never_there() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let row = write(&store, |tx| {
        let row = put(tx, ns, "a", 1, Insert)?.row;
        assert_eq!(tx.get(ns, "a", true)?.unwrap().row, row, "a transaction sees its own rows");
        tx.delete(ns, "a")?;
        Ok(row)
    })
    .unwrap();
    assert_eq!(all(&store, ns), []);
    assert_eq!(read(&store, |tx| changes(tx, ns, Lsn(0))).unwrap(), []);
    assert_eq!(read(&store, |tx| changes(tx, ns, Lsn(1))).unwrap(), [Told::Deleted(row)]);
}

#[test]
fn a_namespace_that_is_not_there_reads_as_empty_and_takes_nothing() {
    let (_folder, path) = place();
    let (store, _) = begin(&path);
    for ns in [NamespaceId(99), NamespaceId(-1), NamespaceId(i64::MAX)] {
        assert_eq!(read(&store, |tx| tx.get(ns, "a", true)).unwrap(), None);
        assert_eq!(read(&store, |tx| tx.count(ns)).unwrap(), 0);
        assert_eq!(all(&store, ns), []);
        assert_eq!(read(&store, |tx| changes(tx, ns, Lsn(1))).unwrap(), []);
        assert_eq!(write(&store, |tx| tx.delete(ns, "a")).unwrap(), None);
        assert_eq!(write(&store, |tx| tx.clear(ns)).unwrap(), 0);
        let error = write(&store, |tx| put(tx, ns, "a", 1, Upsert)).unwrap_err();
        assert_eq!(error, Error::UnknownNamespace { id: ns.0 });
    }
}

#[test]
fn the_name_of_a_derived_file_is_kept_and_is_no_change() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let before = lsn(&store);
    assert_eq!(read(&store, |tx| tx.derived(ns)).unwrap(), None);
    for name in ["a", "索引-2"] {
        write(&store, |tx| tx.set_derived(ns, name)).unwrap();
        assert_eq!(read(&store, |tx| tx.derived(ns)).unwrap().as_deref(), Some(name));
    }
    assert_eq!(lsn(&store), before);
    assert_eq!(read(&store, |tx| tx.derived(NamespaceId(ns.0 + 1))).unwrap(), None);
    let one_more = |tx: &mut hippocamp_store::WriteTx<'_>| {
        tx.set_derived(ns, "b")?;
        put(tx, ns, "a", 1, Insert)
    };
    write(&store, one_more).unwrap();
    assert_eq!(lsn(&store), Lsn(before.0 + 1));
}
