//! Collections whose records have no vectors: searched by words, without an encoder.

mod support;

use hippocamp_engine::{
    Cancel, CheckOptions, Collection, CollectionOptions, DistinctOptions, Engine, Error,
    ListOptions, Metric, Mode, NewRecord, Query, Recall, SearchOptions, Turns,
};
use support::*;

fn without_vectors(engine: &Engine, name: &str) -> Collection {
    let options = CollectionOptions { vectors: Some(false), ..CollectionOptions::default() };
    engine.collection(name, options).unwrap()
}

fn said(id: &str, text: &str) -> NewRecord {
    NewRecord { id: Some(id.into()), text: Some(text.into()), ..NewRecord::default() }
}

fn found(c: &Collection, text: &str, options: &SearchOptions) -> Result<Vec<String>, Error> {
    let hits = c.search(Query::Text(text.into()), options, &Cancel::new())?;
    assert!(hits.iter().all(|hit| hit.distance.is_none() && hit.record.vector.is_none()));
    Ok(hits.into_iter().map(|hit| hit.record.id).collect())
}

#[test]
fn texts_are_kept_and_found_by_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let engine = open(&path);
    let c = without_vectors(&engine, "c");
    add(&c, vec![said("a", "red house"), said("b", "blue house"), said("c", "红色的房子")]);
    let some = SearchOptions { with_vectors: true, ..SearchOptions::default() };
    assert_eq!(found(&c, "red", &some).unwrap(), ["a"]);
    assert_eq!(found(&c, "房子", &some).unwrap(), ["c"]);
    drop(c);
    engine.close().unwrap();
    let engine = open(&path);
    // A handle that does not say takes it as it is stored.
    let c = engine.collection("c", CollectionOptions::default()).unwrap();
    assert_eq!(found(&c, "house", &some).unwrap(), ["a", "b"]);
    upsert(&c, vec![said("b", "red boat")]);
    assert_eq!(delete(&c, &["a"]), 1);
    assert_eq!(found(&c, "red", &some).unwrap(), ["b"]);
    let options = ListOptions { with_vectors: true, ..ListOptions::default() };
    let page = c.list(&options).unwrap();
    assert!(page.records.iter().all(|record| record.vector.is_none()));
    let one = c.get(&["b".to_owned()], true).unwrap().remove(0).unwrap();
    assert_eq!((one.vector, one.text.as_deref()), (None, Some("red boat")));
    let stats = c.stats().unwrap();
    assert_eq!((stats.records, stats.dimension, stats.metric), (2, None, None));
    assert_eq!(engine.collections().unwrap()[0].dimension, 0);
    drop(c);
    engine.close().unwrap();
}

#[test]
fn what_needs_vectors_is_refused() {
    let engine = temporary();
    let c = without_vectors(&engine, "c");
    assert_eq!(found(&c, "red", &SearchOptions::default()).unwrap(), Vec::<String>::new());
    let with_vector = || NewRecord { vector: Some(vec![1.0]), ..said("v", "x") };
    let refusals = |c: &Collection| {
        let cancel = Cancel::new();
        let search = |mode| {
            found(c, "red", &SearchOptions { mode: Some(mode), ..SearchOptions::default() })
                .unwrap_err()
        };
        let vector = Query::Vector(vec![1.0]);
        let distinct = |done| {
            c.add_distinct(vec![said("d", "red")], DistinctOptions::default(), &cancel, done);
        };
        [
            search(Mode::Hybrid),
            search(Mode::Vector),
            c.search(vector, &SearchOptions::default(), &cancel).unwrap_err(),
            wait(distinct).unwrap_err(),
            c.check(&CheckOptions { queries: 1, k: 1, recall: Recall::Default }, &cancel)
                .unwrap_err(),
        ]
    };
    add(&c, vec![said("a", "red house")]);
    for refused in refusals(&c) {
        assert_eq!(refused.code(), "ERR_INVALID_ARGUMENT");
        assert!(refused.to_string().contains("made without (vectors: false)"), "{refused}");
    }
    let refused = write(&c, vec![with_vector()], hippocamp_engine::WriteMode::Add).unwrap_err();
    assert!(refused.to_string().contains("the vector of record 0"), "{refused}");
    assert_eq!(c.count(None, false).unwrap(), 1);
}

#[test]
fn it_is_fixed_when_the_collection_is_made() {
    let engine = temporary();
    let c = without_vectors(&engine, "c");
    add(&c, vec![said("a", "red")]);
    let open = |name: &str, vectors, dimension| {
        let options = CollectionOptions { vectors, dimension, ..CollectionOptions::default() };
        engine.collection(name, options)
    };
    let refused = open("c", Some(true), None).unwrap().count(None, false).unwrap_err();
    assert_eq!(refused.code(), "ERR_COLLECTION_MISMATCH");
    assert!(refused.to_string().contains("no vectors"), "{refused}");
    let plain = collection(&engine, "plain", Metric::Cosine);
    add(&plain, vec![record("a", &[1.0, 0.0])]);
    assert!(open("plain", Some(false), None).unwrap().count(None, false).is_err());
    assert!(open("d", Some(false), Some(3)).unwrap_err().to_string().contains("no vectors"));
}

#[test]
fn turns_need_no_vectors() {
    let engine = temporary();
    let options = CollectionOptions {
        vectors: Some(false),
        turns: Some(Turns::default()),
        ..CollectionOptions::default()
    };
    let c = engine.collection("c", options).unwrap();
    let turn = |id: &str, text: &str| NewRecord {
        metadata: Some(r#"{"session":"s"}"#.into()),
        ..said(id, text)
    };
    add(&c, vec![turn("q", "Which sport?"), turn("a", "Curling.")]);
    assert_eq!(found(&c, "sport", &SearchOptions::default()).unwrap(), ["q", "a"]);
}
