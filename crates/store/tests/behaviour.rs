//! What a store does, read as its specification.

mod support;

use hippocamp_store::{
    Error, Lsn, NewCollection, NewRow,
    PutMode::{Insert, Upsert},
    RowId,
};
use support::{Told, begin, changes, place, put, read, told_put, vector, write};

#[test]
fn a_record_is_read_as_it_was_put() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let put = write(&store, |tx| put(tx, ns, "a", 7, Insert)).unwrap();
    assert!(!put.replaced);
    let row = read(&store, |tx| tx.get(ns, "a", true)).unwrap().unwrap();
    assert_eq!(row.row, put.row);
    assert_eq!(row.key, "a");
    assert_eq!(row.text.as_deref(), Some("text of a"));
    assert_eq!(row.meta.as_deref(), Some("{\"seed\":7}"));
    assert_eq!((row.created_ms, row.updated_ms), (1007, 1007));
    assert_eq!(row.lsn, Lsn(2), "the first transaction made the collection");
    assert_eq!(row.vector.unwrap(), vector(7));
    let row = read(&store, |tx| tx.get(ns, "a", false)).unwrap().unwrap();
    assert_eq!(row.vector, None);
}

#[test]
fn changes_since_zero_are_what_is_alive() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let [a, b, c] =
        ["a", "b", "c"].map(|key| write(&store, |tx| put(tx, ns, key, 1, Insert)).unwrap().row);
    write(&store, |tx| tx.delete(ns, "b")).unwrap().unwrap();
    write(&store, |tx| put(tx, ns, "a", 2, Upsert)).unwrap();
    let told = read(&store, |tx| changes(tx, ns, Lsn(0))).unwrap();
    assert_eq!(told, [told_put(a, 2), told_put(c, 1)]);
    let told = read(&store, |tx| changes(tx, ns, Lsn(3))).unwrap();
    assert_eq!(told, [told_put(c, 1), Told::Deleted(b), told_put(a, 2)]);
}
