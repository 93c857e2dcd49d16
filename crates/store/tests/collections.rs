//! What a store does with collections and namespaces.

mod support;

use hippocamp_store::{
    CollectionId, CollectionRow, Error, Lsn, NewCollection, PutMode::Insert, RowId,
};
use support::{all, begin, changes, collections, lsn, place, put, read, write};

fn chinese(name: &str) -> NewCollection<'_> {
    NewCollection {
        name,
        dimension: 384,
        metric: "l2",
        fingerprint: Some("5e\0c1"),
        settings: "{\"k\":\"值\"}",
    }
}

#[test]
fn a_collection_is_read_as_it_was_made() {
    let (_folder, path) = place();
    let (store, _) = begin(&path);
    let id = write(&store, |tx| tx.create_collection(&chinese("笔记"))).unwrap();
    let found = read(&store, |tx| tx.collection("笔记")).unwrap().unwrap();
    assert!(found.created_ms > 1_700_000_000_000, "{}", found.created_ms);
    let expected = CollectionRow {
        id,
        name: "笔记".to_owned(),
        dimension: 384,
        metric: "l2".to_owned(),
        fingerprint: Some("5e\0c1".to_owned()),
        settings: "{\"k\":\"值\"}".to_owned(),
        created_ms: found.created_ms,
    };
    assert_eq!(found, expected);
    let names: Vec<String> = collections(&store).into_iter().map(|c| c.name).collect();
    assert_eq!(names, ["notes", "笔记"]);
    assert_eq!(read(&store, |tx| tx.collection("Notes")).unwrap(), None);
}

#[test]
fn a_name_is_taken_once() {
    let (_folder, path) = place();
    let (store, _) = begin(&path);
    let error = write(&store, |tx| tx.create_collection(&chinese("notes"))).unwrap_err();
    assert_eq!(error, Error::CollectionExists { name: "notes".to_owned() });
    assert_eq!(collections(&store)[0].dimension, support::DIMENSION);
}

#[test]
fn a_dimension_that_no_row_can_hold_is_refused() {
    let (_folder, path) = place();
    let (store, _) = begin(&path);
    for dimension in [0, 250_000_000, usize::MAX] {
        let new = NewCollection { dimension, ..chinese("other") };
        let error = write(&store, |tx| tx.create_collection(&new)).unwrap_err();
        assert_eq!(error, Error::InvalidDimension { dimension, max: 249_999_999 });
    }
}

#[test]
fn dropping_a_collection_removes_everything_in_it_and_nothing_else() {
    let (_folder, path) = place();
    let (store, kept) = begin(&path);
    write(&store, |tx| put(tx, kept, "a", 1, Insert)).unwrap();
    let (dropped, ns) = write(&store, |tx| {
        let new = NewCollection { dimension: support::DIMENSION, ..chinese("dropped") };
        let id = tx.create_collection(&new)?;
        let ns = tx.namespace(id, b"x", true)?.unwrap();
        for key in ["a", "b", "c"] {
            put(tx, ns, key, 2, Insert)?;
        }
        tx.delete(ns, "b")?;
        Ok((id, ns))
    })
    .unwrap();
    assert!(write(&store, |tx| tx.drop_collection(dropped)).unwrap());
    assert_eq!(lsn(&store), Lsn(4));
    assert!(!write(&store, |tx| tx.drop_collection(dropped)).unwrap());
    assert_eq!(lsn(&store), Lsn(4), "nothing was changed");

    assert_eq!(read(&store, |tx| tx.collection("dropped")).unwrap(), None);
    assert_eq!(read(&store, |tx| tx.namespaces(dropped)).unwrap(), []);
    assert_eq!(read(&store, |tx| tx.namespace(dropped, b"x")).unwrap(), None);
    assert_eq!(read(&store, |tx| changes(tx, ns, Lsn(1))).unwrap(), []);
    let gone = [RowId(2), RowId(3), RowId(4)];
    assert_eq!(read(&store, |tx| tx.rows(&gone, true)).unwrap(), [None, None, None]);
    assert_eq!(all(&store, kept).len(), 1);

    let (again, new_ns) = write(&store, |tx| {
        let id = tx.create_collection(&chinese("dropped"))?;
        Ok((id, tx.namespace(id, b"x", true)?.unwrap()))
    })
    .unwrap();
    assert!(again > dropped && new_ns > ns, "ids are never used again");
    store.close().unwrap();
    support::assert_sound(&path);
}

#[test]
fn a_namespace_needs_its_collection() {
    let (_folder, path) = place();
    let (store, _) = begin(&path);
    let error = write(&store, |tx| tx.namespace(CollectionId(9), b"", true)).unwrap_err();
    assert_eq!(error, Error::UnknownCollection { id: 9 });
    assert_eq!(write(&store, |tx| tx.namespace(CollectionId(9), b"", false)).unwrap(), None);
}

#[test]
fn the_namespaces_below_a_prefix_are_those_whose_paths_begin_with_it() {
    let (_folder, path) = place();
    let (store, _) = begin(&path);
    // Bytes at the end of their range, one path a prefix of another, the empty one, NUL.
    let paths: [&[u8]; 9] =
        [b"", b"a", b"a\0", b"a\xff", b"a\xff\xff", b"a\xff\xffz", b"b", b"\xff", b"\xff\xff"];
    let (notes, ids) = write(&store, |tx| {
        let notes = tx.collection("notes")?.unwrap().id;
        let other = tx.create_collection(&chinese("other"))?;
        // Made in another order than that of their bytes, beside equal paths of a neighbour.
        let mut ids = Vec::new();
        for path in paths.iter().rev() {
            tx.namespace(other, path, true)?;
            ids.insert(0, tx.namespace(notes, path, true)?.unwrap());
        }
        Ok((notes, ids))
    })
    .unwrap();
    write(&store, |tx| put(tx, ids[3], "a", 1, Insert)).unwrap();
    let prefixes = paths.iter().copied().chain([&b"a\xff\xfez"[..], b"c", b"\0", b"\xff\xff\xff"]);
    for prefix in prefixes {
        let found = read(&store, |tx| tx.namespaces_below(notes, prefix)).unwrap();
        let expected: Vec<_> = ids
            .iter()
            .zip(paths)
            .enumerate()
            .filter(|(_, (_, path))| path.starts_with(prefix))
            .map(|(at, (id, path))| (*id, path.to_vec(), u64::from(at == 3)))
            .collect();
        assert_eq!(found, expected, "{prefix:?}");
    }
    let nowhere = read(&store, |tx| tx.namespaces_below(CollectionId(99), b"")).unwrap();
    assert_eq!(nowhere, []);
}

#[test]
fn a_step_that_was_undone_leaves_no_memory_of_its_dimension() {
    let (_folder, path) = place();
    let (store, _) = begin(&path);
    let made = write(&store, |tx| {
        let failed: Result<(), Error> = tx.savepoint(|tx| {
            let id = tx.create_collection(&NewCollection { dimension: 7, ..chinese("other") })?;
            let ns = tx.namespace(id, b"", true)?.unwrap();
            put(tx, ns, "a", 1, Insert)?;
            Ok(())
        });
        assert_eq!(failed, Err(Error::Dimension { expected: 7, found: support::DIMENSION }));
        let new = NewCollection { dimension: support::DIMENSION, ..chinese("other") };
        let id = tx.create_collection(&new)?;
        let ns = tx.namespace(id, b"", true)?.unwrap();
        put(tx, ns, "a", 1, Insert)?;
        Ok(ns)
    });
    assert_eq!(all(&store, made.unwrap()).len(), 1);
}
