//! Records that are stored unless there is one like them.

mod support;

use std::sync::{Arc, Mutex};

use hippocamp_engine::{
    Added, Cancel, Collection, CollectionOptions, DistinctOptions, Error, MetadataChange, Metric,
    NewRecord, Turns,
};
use hippocamp_store::{NewRow, OpenOptions, PutMode, Store};
use support::*;

fn direction(degrees: f32) -> Vec<f32> {
    vec![degrees.to_radians().cos(), degrees.to_radians().sin()]
}

fn at(id: &str, degrees: f32) -> NewRecord {
    tagged(id, &direction(degrees), r#"{"valid":true}"#)
}

fn add_distinct(
    c: &Collection,
    records: Vec<NewRecord>,
    options: DistinctOptions,
) -> Result<Vec<Added>, Error> {
    wait(|done| c.add_distinct(records, options, &Cancel::new(), done))
}

/// Records are alike up to some five degrees.
fn alike() -> DistinctOptions {
    DistinctOptions { similarity: 5.0f32.to_radians().cos(), ..DistinctOptions::default() }
}

fn found(added: &[Added]) -> Vec<(&str, Option<&str>)> {
    added
        .iter()
        .map(|added| (added.id.as_str(), added.similar.as_ref().map(|of| of.id.as_str())))
        .collect()
}

fn stored(c: &Collection) -> Vec<String> {
    let page = c.list(&hippocamp_engine::ListOptions::default()).unwrap();
    page.records.into_iter().map(|record| record.id).collect()
}

fn metadata(c: &Collection, id: &str) -> String {
    c.get(&[id.to_owned()], false).unwrap().remove(0).unwrap().metadata.unwrap()
}

#[test]
fn what_is_like_another_is_not_stored() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::Cosine);
    let records = vec![at("a", 0.0), at("b", 4.0), at("c", 8.0), at("d", 50.0)];
    let added = add_distinct(&c, records, alike()).unwrap();
    // The second is like the first; the third is like the second only, which is not there.
    assert_eq!(found(&added), [("a", None), ("a", Some("a")), ("c", None), ("d", None)]);
    let cosine = 4.0f32.to_radians().cos();
    assert!((added[1].similar.as_ref().unwrap().similarity - cosine).abs() < 1e-5);
    let added = add_distinct(&c, vec![at("e", 52.0), at("f", 90.0)], alike()).unwrap();
    assert_eq!(found(&added), [("d", Some("d")), ("f", None)]);
    assert_eq!(stored(&c), ["a", "c", "d", "f"]);
    delete(&c, &["d"]);
    let added = add_distinct(&c, vec![at("e", 52.0)], alike()).unwrap();
    assert_eq!(found(&added), [("e", None)]);
    assert_eq!(add_distinct(&c, Vec::new(), alike()).unwrap(), []);
}

#[test]
fn what_has_other_words_is_not_the_same() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::Cosine);
    let says = |id: &str, text: &str| NewRecord { text: Some(text.into()), ..at(id, 0.0) };
    let options = || DistinctOptions { same_words: true, ..alike() };
    let batch = vec![
        says("a", "It leaves at 7:15."),
        says("b", "It leaves at 9:15."),
        says("c", "IT leaves, at  7:15!"),
        says("d", "He is allergic."),
        says("e", "He is not allergic."),
        says("n", "It has 1.5 kg."),
        says("o", "It has 15 kg."),
        says("f", "李雷喜欢咖啡。"),
        says("g", "李雷喜欢咖啡"),
    ];
    let added = add_distinct(&c, batch, options()).unwrap();
    let ids: Vec<&str> = added.iter().map(|added| added.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "a", "d", "e", "n", "o", "f", "f"]);
    let added = add_distinct(&c, vec![says("h", "it leaves at ９:15")], options()).unwrap();
    assert_eq!(found(&added), [("b", Some("b"))]);
}

#[test]
fn what_is_there_can_be_changed_and_the_new_one_kept() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::Cosine);
    add(&c, vec![at("a", 0.0)]);
    let change = |by: &str| {
        let set = format!(r#"{{"valid":false,"by":"{by}"}}"#);
        Some(MetadataChange { set, unset: vec!["old".into()] })
    };
    let options = |by: &str| DistinctOptions {
        keep: true,
        filter: Some(r#"{"valid":true}"#.into()),
        change: change(by),
        ..alike()
    };
    let added = add_distinct(&c, vec![at("b", 1.0)], options("b")).unwrap();
    assert_eq!(found(&added), [("b", Some("a"))]);
    assert_eq!(metadata(&c, "a"), r#"{"by":"b","valid":false}"#);
    // Only what is valid counts; in a batch too.
    let added = add_distinct(&c, vec![at("c", 2.0), at("d", 2.0)], options("x")).unwrap();
    assert_eq!(found(&added), [("c", Some("b")), ("d", Some("b"))]);
    assert_eq!(stored(&c), ["a", "b", "c", "d"]);
    assert_eq!(metadata(&c, "b"), r#"{"by":"x","valid":false}"#);
    assert_eq!(metadata(&c, "d"), r#"{"valid":true}"#);
}

#[test]
fn nothing_is_stored_if_one_is_refused() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::Cosine);
    add(&c, vec![at("a", 0.0)]);
    let change = Some(MetadataChange { set: r#"{"x":1}"#.into(), unset: Vec::new() });
    let options = DistinctOptions { change, ..alike() };
    let records = vec![at("b", 1.0), at("c", 30.0), at("a", 90.0)];
    let refused = add_distinct(&c, records, options).unwrap_err();
    assert_eq!(refused.code(), "ERR_RECORD_EXISTS");
    assert_eq!(stored(&c), ["a"]);
    assert_eq!(metadata(&c, "a"), r#"{"valid":true}"#);
    let refused = |options: DistinctOptions| {
        add_distinct(&c, vec![at("n", 5.0)], options).unwrap_err().to_string()
    };
    for similarity in [0.0, 1.5, f32::NAN] {
        let options = DistinctOptions { similarity, ..alike() };
        assert!(refused(options).contains("similarity is"));
    }
    let filter = Some("{\"$x\":1}".to_owned());
    assert!(refused(DistinctOptions { filter, ..alike() }).contains("$x"));
    let many = (0..1_001).map(|i| at(&format!("n{i}"), i as f32)).collect();
    let many = add_distinct(&c, many, alike()).unwrap_err().to_string();
    assert!(many.contains("1001 records"), "{many}");
    let dot = collection(&engine, "dot", Metric::Dot);
    let refused = add_distinct(&dot, vec![at("a", 0.0)], alike()).unwrap_err().to_string();
    assert!(refused.contains("metric cosine"), "{refused}");
}

#[test]
fn of_many_at_the_same_time_one_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let engine = open(&path);
    let added = Arc::new(Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (engine, added) = (engine.clone(), Arc::clone(&added));
            scope.spawn(move || {
                let c = collection(&engine, "c", Metric::Cosine);
                for i in 0..20 {
                    let record = at(&format!("{thread}-{i}"), i as f32 * 10.0);
                    let one = add_distinct(&c, vec![record], alike()).unwrap();
                    added.lock().unwrap().extend(one);
                    add(&c, vec![at(&format!("plain-{thread}-{i}"), 300.0)]);
                }
            });
        }
    });
    let c = collection(&engine, "c", Metric::Cosine);
    assert_eq!(c.count(None, false).unwrap(), 20 + 8 * 20);
    let added = added.lock().unwrap();
    assert_eq!(added.iter().filter(|added| added.similar.is_none()).count(), 20);
    assert_eq!(added.len(), 160);
}

#[test]
fn what_another_process_has_just_stored_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let engine = open(&path);
    let c = collection(&engine, "c", Metric::Cosine);
    add(&c, vec![at("first", 300.0)]);
    // Past the engine, as another process does it.
    let other = Store::open(&path, &OpenOptions::default()).unwrap();
    let angles: Vec<usize> = (0..28).map(|i| i * 10).collect();
    let mut added = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for angle in &angles {
                let (key, vectors) = (format!("other-{angle}"), direction(*angle as f32));
                let row = NewRow { key: &key, text: None, meta: None, vectors: &vectors };
                let put = other.write(|tx| {
                    let collection = tx.collection("c")?.unwrap().id;
                    let namespace = tx.namespace(collection, &[], true)?.unwrap();
                    tx.put(namespace, &row, 0, PutMode::Insert)?;
                    Ok::<_, hippocamp_store::Error>(())
                });
                put.unwrap();
            }
        });
        for angle in &angles {
            let record = at(&format!("own-{angle}"), *angle as f32);
            added.extend(add_distinct(&c, vec![record], alike()).unwrap());
        }
    });
    let order = stored(&c);
    let place = |id: &str| order.iter().position(|stored| stored == id);
    for (angle, added) in angles.iter().zip(&added) {
        let (own, other) = (place(&format!("own-{angle}")), place(&format!("other-{angle}")));
        match &added.similar {
            Some(similar) => {
                assert_eq!((similar.id.clone(), own), (format!("other-{angle}"), None));
            }
            None => assert!(own.is_some() && own < other, "{angle}: {own:?} {other:?}"),
        }
    }
}

#[test]
fn turns_are_shown_with_those_around_them() {
    let engine = temporary();
    let options = CollectionOptions { turns: Some(Turns::default()), ..Default::default() };
    let c = engine.collection("c", options).unwrap();
    let turn = |i: usize, session: &str| NewRecord {
        text: Some(format!("text {i}")),
        ..tagged(&format!("r{i}"), &[1.0], &format!(r#"{{"session":"{session}"}}"#))
    };
    assert_eq!(c.around("r0", (1, 1), None, &Cancel::new()).unwrap(), []);
    add(&c, (0..10).map(|i| turn(i, ["even", "odd"][i % 2])).collect());
    add(&c, vec![record("alone", &[1.0])]);
    let around = |id: &str, before: usize, after: usize| {
        let turns = c.around(id, (before, after), None, &Cancel::new()).unwrap();
        turns.into_iter().map(|record| record.id).collect::<Vec<_>>()
    };
    assert_eq!(around("r4", 1, 1), ["r2", "r4", "r6"]);
    assert_eq!(around("r4", 0, 9), ["r4", "r6", "r8"]);
    assert_eq!(around("r9", usize::MAX, usize::MAX), ["r1", "r3", "r5", "r7", "r9"]);
    assert_eq!(around("alone", 3, 3), ["alone"]);
    assert_eq!(around("none", 1, 1), Vec::<String>::new());
    delete(&c, &["r6"]);
    assert_eq!(around("r4", 1, 1), ["r2", "r4", "r8"]);
    add(&c, vec![turn(12, "even")]);
    let only = Some(r#"{"hidden":{"$exists":false}}"#);
    let hidden = MetadataChange { set: r#"{"hidden":1}"#.into(), unset: vec![] };
    wait(|done| c.update(vec!["r2".to_owned()], hidden, &Cancel::new(), done)).unwrap();
    let shown = c.around("r4", (1, 2), only, &Cancel::new()).unwrap();
    let shown: Vec<_> = shown.into_iter().map(|record| record.id).collect();
    assert_eq!(shown, ["r0", "r4", "r8", "r12"]);
    assert!(c.around("r4", (1, 1), Some("[]"), &Cancel::new()).is_err());
    let plain = collection(&engine, "plain", Metric::Cosine);
    add(&plain, vec![record("a", &[1.0])]);
    let refused = plain.around("a", (1, 1), None, &Cancel::new()).unwrap_err().to_string();
    assert!(refused.contains("option turns"), "{refused}");
}
