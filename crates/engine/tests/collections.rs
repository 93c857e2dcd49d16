//! What a collection promises, with vectors given by the caller.

mod support;

use hippocamp_engine::{
    CollectionOptions, ListOptions, Metric, NewRecord, SearchOptions, WriteMode,
};
use support::*;

#[test]
fn the_nearest_come_first_under_every_metric() {
    let engine = temporary();
    // What three records have in common, of which doubt leaves three elevenths.
    let background = 0.6 * 3.0 / 11.0;
    let cases = [
        (
            Metric::Cosine,
            ["same", "near", "far"],
            [1.0, (0.8 - background) / (1.0 - background), 0.0],
        ),
        (
            Metric::L2,
            ["same", "near", "far"],
            [1.0, 1.0 / (1.0 + 0.4f32.sqrt()), 1.0 / (1.0 + 2f32.sqrt())],
        ),
        (Metric::Dot, ["same", "near", "far"], [0.5, 0.8 / 1.8, 0.0]),
    ];
    for (metric, order, scores) in cases {
        let c = collection(&engine, metric.as_str(), metric);
        add(
            &c,
            vec![
                record("far", &[0.0, 1.0]),
                record("same", &[1.0, 0.0]),
                record("near", &[0.8, 0.6]),
            ],
        );
        let hits = search(&c, &[1.0, 0.0], 10);
        assert_eq!(ids(&hits), order, "{metric}");
        for (hit, score) in hits.iter().zip(scores) {
            assert!((hit.score - score).abs() < 1e-6, "{metric} {hit:?}");
        }
        assert_eq!(ids(&search(&c, &[1.0, 0.0], 2)), &order[..2]);
    }
}

#[test]
fn a_deleted_record_never_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let engine = open(&path);
    let c = collection(&engine, "c", Metric::L2);
    add(&c, vec![record("a", &[1.0]), record("b", &[2.0])]);
    assert_eq!(search(&c, &[1.0], 5).len(), 2);
    assert_eq!(delete(&c, &["a", "missing"]), 1);
    assert_eq!(ids(&search(&c, &[1.0], 5)), ["b"]);
    assert_eq!(c.get(&["a".into()], false).unwrap(), [None]);
    assert_eq!(delete(&c, &["a"]), 0);
    engine.close().unwrap();

    let engine = open(&path);
    let c = collection(&engine, "c", Metric::L2);
    assert_eq!(ids(&search(&c, &[1.0], 5)), ["b"]);
    assert_eq!(c.count(None, false).unwrap(), 1);
}

#[test]
fn reopening_finds_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("记忆.db");
    let engine = open(&path);
    let c = collection(&engine, "笔记", Metric::Cosine)
        .namespace(&["用户".into(), "42".into()])
        .unwrap();
    let written = NewRecord {
        text: Some("我最喜欢足球".into()),
        ..tagged("甲", &[3.0, 4.0], r#"{"n":1}"#)
    };
    add(&c, vec![written]);
    let before = c.get(&["甲".into()], true).unwrap();
    engine.close().unwrap();

    let engine = open(&path);
    let c = engine.collection("笔记", CollectionOptions::default()).unwrap();
    assert_eq!(c.count(None, false).unwrap(), 0);
    let c = c.namespace(&["用户".into(), "42".into()]).unwrap();
    let after = c.get(&["甲".into()], true).unwrap();
    assert_eq!(after, before);
    let found = after[0].clone().unwrap();
    assert_eq!(found.text.as_deref(), Some("我最喜欢足球"));
    assert_eq!(found.vector, Some(vec![3.0, 4.0]));
    assert_eq!(c.namespaces().unwrap()[0].path, ["用户", "42"]);
    assert_eq!(ids(&search(&c, &[3.0, 4.0], 1)), ["甲"]);
    let stats = c.stats().unwrap();
    assert_eq!((stats.dimension, stats.metric, stats.records), (Some(2), Some(Metric::Cosine), 1));
}

#[test]
fn adding_an_id_twice_refuses_the_whole_batch() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    add(&c, vec![record("a", &[1.0])]);
    let error =
        write(&c, vec![record("b", &[2.0]), record("a", &[3.0])], WriteMode::Add).unwrap_err();
    assert_eq!(error.code(), "ERR_RECORD_EXISTS");
    assert!(error.to_string().contains("\"a\""), "{error}");
    let error =
        write(&c, vec![record("c", &[2.0]), record("c", &[3.0])], WriteMode::Add).unwrap_err();
    assert_eq!(error.code(), "ERR_RECORD_EXISTS");
    assert_eq!(c.count(None, false).unwrap(), 1);
    assert_eq!(search(&c, &[1.0], 9)[0].distance, Some(0.0));
}

#[test]
fn an_upsert_replaces_and_of_two_the_last_wins() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    add(&c, vec![tagged("a", &[1.0], r#"{"v":1}"#), record("b", &[5.0])]);
    let created = c.get(&["a".into()], false).unwrap()[0].clone().unwrap().created_ms;
    assert_eq!(ids(&search(&c, &[1.0], 1)), ["a"]);
    upsert(
        &c,
        vec![
            tagged("a", &[8.0], r#"{"v":2}"#),
            tagged("a", &[9.0], r#"{"v":3}"#),
            record("n", &[7.0]),
        ],
    );
    let hits = search(&c, &[9.0], 9);
    assert_eq!(ids(&hits), ["a", "n", "b"]);
    assert_eq!(hits[0].record.metadata.as_deref(), Some(r#"{"v":3}"#));
    assert_eq!(hits[0].record.created_ms, created);
    assert_eq!(try_search(&c, &[1.0], &filtered(r#"{"v":1}"#)).unwrap(), []);
    assert_eq!(c.count(Some(r#"{"v":3}"#), false).unwrap(), 1);
}

#[test]
fn ids_made_for_records_sort_in_the_order_of_writing() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    let anonymous = || NewRecord { vector: Some(vec![1.0]), ..NewRecord::default() };
    let mut made = add(&c, vec![anonymous(); 100]);
    made.extend(add(&c, vec![anonymous(); 100]));
    assert!(made.is_sorted_by(|a, b| a < b) && made.iter().all(|id| id.len() == 26));
}

#[test]
fn namespaces_never_see_each_other() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    let paths: [&[&str]; 5] = [&[], &["a"], &["a", "b"], &["ab"], &["a/b"]];
    let handles: Vec<_> = paths
        .iter()
        .map(|path| c.namespace(&path.iter().map(|&p| p.to_owned()).collect::<Vec<_>>()).unwrap())
        .collect();
    for (i, handle) in handles.iter().enumerate() {
        add(handle, vec![tagged("id", &[i as f32], &format!("{{\"i\":{i}}}"))]);
    }
    for (i, handle) in handles.iter().enumerate() {
        let hits = search(handle, &[0.0], 10);
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].record.metadata.as_deref(), Some(&*format!("{{\"i\":{i}}}")));
    }
    assert_eq!(clear(&handles[1]), 1);
    assert_eq!(search(&handles[1], &[0.0], 10), []);
    assert_eq!(handles[2].count(None, false).unwrap(), 1);
    assert_eq!(c.namespaces().unwrap().len(), 4);
}

#[test]
fn filters_select_by_equality_and_still_return_k() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    let records = (0..500).map(|i| {
        let metadata =
            format!(r#"{{"even":{},"rare":{},"tags":["t{}"]}}"#, i % 2 == 0, i % 100, i % 5);
        tagged(&i.to_string(), &[i as f32], &metadata)
    });
    add(&c, records.collect());
    let found = |filter: &str, k| {
        let options = SearchOptions { k, ..filtered(filter) };
        ids(&try_search(&c, &[0.0], &options).unwrap())
            .iter()
            .map(|id| id.parse().unwrap())
            .collect::<Vec<i32>>()
    };
    assert_eq!(found(r#"{"even":false}"#, 3), [1, 3, 5]);
    assert_eq!(found(r#"{"rare":7}"#, 10), [7, 107, 207, 307, 407]);
    assert_eq!(found(r#"{"tags":"t4","even":true}"#, 2), [4, 14]);
    assert_eq!(found(r#"{"nothing":1}"#, 2), [0; 0]);
    assert_eq!(c.count(Some(r#"{"rare":7}"#), false).unwrap(), 5);
    delete(&c, &["7"]);
    add(&c, vec![tagged("new", &[1000.0], r#"{"rare":7}"#)]);
    assert_eq!(c.count(Some(r#"{"rare":7}"#), false).unwrap(), 5);
    assert_eq!(c.count(Some("{}"), false).unwrap(), 500);
    assert_eq!(try_search(&c, &[0.0], &filtered("{")).unwrap_err().code(), "ERR_INVALID_FILTER");
}

#[test]
fn a_listing_pages_through_everything_once() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    let all: Vec<String> = (0..25).map(|i| format!("r{i:02}")).collect();
    for chunk in all.chunks(7) {
        add(&c, chunk.iter().map(|id| tagged(id, &[1.0], r#"{"x":true}"#)).collect());
    }
    upsert(&c, vec![tagged("r03", &[2.0], r#"{"x":true}"#)]);
    for filter in [None, Some(r#"{"x":true}"#.to_owned())] {
        let mut options = ListOptions { limit: 10, filter, ..ListOptions::default() };
        let mut listed = Vec::new();
        loop {
            let page = c.list(&options).unwrap();
            listed.extend(page.records.into_iter().map(|record| record.id));
            match page.cursor {
                Some(cursor) => options.cursor = Some(cursor),
                None => break,
            }
        }
        assert_eq!(listed, all);
    }
    let bad = ListOptions { cursor: Some("x".into()), ..ListOptions::default() };
    assert_eq!(c.list(&bad).unwrap_err().code(), "ERR_INVALID_ARGUMENT");
}

#[test]
fn min_score_cuts_and_vectors_come_when_asked_for() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::Cosine);
    add(&c, vec![record("a", &[2.0, 0.0]), record("b", &[0.0, 1.0])]);
    let options =
        SearchOptions { min_score: Some(0.5), with_vectors: true, ..SearchOptions::default() };
    let hits = try_search(&c, &[1.0, 0.0], &options).unwrap();
    assert_eq!(ids(&hits), ["a"]);
    assert_eq!(hits[0].record.vector, Some(vec![2.0, 0.0]));
}

#[test]
fn bad_vectors_are_refused_by_row_and_change_nothing() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::Cosine);
    add(&c, vec![record("a", &[1.0, 0.0])]);
    for (vector, code) in [
        (vec![1.0], "ERR_DIMENSION_MISMATCH"),
        (vec![f32::NAN, 1.0], "ERR_INVALID_VECTOR"),
        (vec![f32::INFINITY, 1.0], "ERR_INVALID_VECTOR"),
        (vec![0.0, 0.0], "ERR_INVALID_VECTOR"),
    ] {
        let records = vec![record("fine", &[1.0, 1.0]), record("bad", &vector)];
        let error = write(&c, records, WriteMode::Upsert).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains("record 1 (\"bad\")"), "{error}");
        assert_eq!(try_search(&c, &vector, &SearchOptions::default()).unwrap_err().code(), code);
    }
    assert_eq!(c.count(None, false).unwrap(), 1);
}

#[test]
fn text_without_an_encoder_says_what_is_missing() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::Cosine);
    let text = NewRecord { text: Some("hello".into()), ..NewRecord::default() };
    let error = write(&c, vec![text], WriteMode::Add).unwrap_err();
    assert_eq!(error.code(), "ERR_ENCODER_REQUIRED");
    assert!(engine.collections().unwrap().is_empty());
}

#[test]
fn a_collection_keeps_its_dimension_and_metric() {
    let engine = temporary();
    add(&collection(&engine, "c", Metric::Dot), vec![record("a", &[1.0, 2.0])]);
    let reopened = |dimension, metric| {
        let options = CollectionOptions { dimension, metric, ..CollectionOptions::default() };
        engine.collection("c", options).unwrap().get(&["a".into()], false).map(|found| found.len())
    };
    assert_eq!(reopened(Some(2), Some(Metric::Dot)).unwrap(), 1);
    assert_eq!(reopened(None, None).unwrap(), 1);
    assert_eq!(reopened(Some(3), None).unwrap_err().code(), "ERR_COLLECTION_MISMATCH");
    assert_eq!(reopened(None, Some(Metric::L2)).unwrap_err().code(), "ERR_COLLECTION_MISMATCH");
    let too_many = CollectionOptions { dimension: Some(16_385), ..CollectionOptions::default() };
    assert_eq!(engine.collection("d", too_many).unwrap_err().code(), "ERR_LIMIT_EXCEEDED");
    let none = CollectionOptions { dimension: Some(0), ..CollectionOptions::default() };
    assert_eq!(engine.collection("d", none).unwrap_err().code(), "ERR_INVALID_ARGUMENT");
}

#[test]
fn a_dropped_collection_is_gone_and_can_be_made_anew() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    add(&c, vec![record("a", &[1.0, 2.0])]);
    assert_eq!(search(&c, &[1.0, 2.0], 1).len(), 1);
    assert!(engine.drop_collection("c").unwrap());
    assert!(!engine.drop_collection("c").unwrap());
    assert_eq!(search(&c, &[1.0, 2.0], 1), []);
    add(&c, vec![record("b", &[1.0])]);
    assert_eq!(ids(&search(&c, &[1.0], 9)), ["b"]);
}

#[test]
fn searching_what_does_not_exist_finds_nothing_and_makes_nothing() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    assert_eq!(search(&c, &[1.0], 1), []);
    assert_eq!(c.count(Some(r#"{"a":1}"#), false).unwrap(), 0);
    assert_eq!(clear(&c), 0);
    assert_eq!(delete(&c, &["a"]), 0);
    assert!(engine.collections().unwrap().is_empty());
}

#[test]
fn k_is_from_one_to_the_limit() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    add(&c, vec![record("a", &[1.0])]);
    let with = |k| try_search(&c, &[1.0], &SearchOptions { k, ..SearchOptions::default() });
    assert_eq!(with(0).unwrap_err().code(), "ERR_INVALID_ARGUMENT");
    assert_eq!(with(10_001).unwrap_err().code(), "ERR_LIMIT_EXCEEDED");
    assert_eq!(with(10_000).unwrap().len(), 1);
}
