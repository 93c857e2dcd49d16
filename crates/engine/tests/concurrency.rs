//! Many callers, several handles, another process's writes, closing and cancelling.
#![expect(clippy::float_cmp, reason = "small whole numbers are exact")]

mod support;

use std::collections::BTreeMap;
use std::thread;

use hippocamp_engine::{Cancel, Metric, NewRecord, SearchOptions, WriteMode};
use hippocamp_store::{NewRow, OpenOptions, PutMode, Store};
use proptest::prelude::*;
use support::*;

#[test]
fn nothing_is_lost_or_doubled_by_concurrent_writers_and_every_hit_is_true() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    add(&c, vec![tagged("seed", &[-1.0], r#"{"value":-1}"#)]);
    thread::scope(|scope| {
        for writer in 0..4 {
            let c = &c;
            scope.spawn(move || {
                for i in 0..60 {
                    let value = writer * 1000 + i;
                    let metadata = format!(r#"{{"value":{value}}}"#);
                    add(c, vec![tagged(&format!("r{value}"), &[value as f32], &metadata)]);
                    if i % 3 == 0 {
                        assert_eq!(delete(c, &[&format!("r{value}")]), 1);
                    }
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                for i in 0..150 {
                    for hit in search(&c, &[(i * 20) as f32], 5) {
                        let metadata = hit.record.metadata.unwrap();
                        let value: f32 =
                            metadata["{\"value\":".len()..metadata.len() - 1].parse().unwrap();
                        assert!(
                            (hit.distance.unwrap() - (value - (i * 20) as f32).abs()).abs() < 1e-3
                        );
                    }
                }
            });
        }
    });
    assert_eq!(c.count(None, false).unwrap(), 1 + 4 * 40);
    assert_eq!(search(&c, &[0.0], 10_000).len(), 161);
}

#[test]
fn a_refused_request_takes_nothing_of_its_group_with_it() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    add(&c, vec![record("taken", &[0.0])]);
    let outcomes: Vec<bool> = thread::scope(|scope| {
        let threads: Vec<_> = (0..24)
            .map(|i| {
                let c = &c;
                let id = if i % 2 == 0 { "taken".to_owned() } else { format!("free{i}") };
                scope.spawn(move || {
                    write(
                        c,
                        vec![record(&format!("x{i}"), &[1.0]), record(&id, &[1.0])],
                        WriteMode::Add,
                    )
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap().is_ok()).collect()
    });
    assert_eq!(outcomes, (0..24).map(|i| i % 2 == 1).collect::<Vec<_>>());
    assert_eq!(c.count(None, false).unwrap(), 1 + 2 * 12);
}

#[test]
fn what_another_process_commits_is_found_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let engine = open(&path);
    let c = collection(&engine, "c", Metric::L2);
    add(&c, vec![tagged("a", &[1.0], r#"{"t":1}"#)]);
    assert_eq!(try_search(&c, &[1.0], &filtered(r#"{"t":1}"#)).unwrap().len(), 1);

    let other = Store::open(&path, &OpenOptions::default()).unwrap();
    other
        .write(|tx| {
            let collection = tx.collection("c")?.unwrap();
            let namespace = tx.namespace(collection.id, &[], false)?.unwrap();
            let row = NewRow { key: "b", text: None, meta: Some(r#"{"t":1}"#), vectors: &[2.0] };
            tx.put(namespace, &row, 0, PutMode::Insert)?;
            tx.delete(namespace, "a")?;
            Ok::<_, hippocamp_store::Error>(())
        })
        .unwrap();
    assert_eq!(ids(&search(&c, &[1.0], 9)), ["b"]);
    assert_eq!(ids(&try_search(&c, &[1.0], &filtered(r#"{"t":1}"#)).unwrap()), ["b"]);
}

#[test]
fn handles_on_one_file_share_it_and_close_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let (first, second) = (open(&path), open(&path));
    let (a, b) = (collection(&first, "c", Metric::L2), collection(&second, "c", Metric::L2));
    add(&a, vec![record("a", &[1.0])]);
    assert_eq!(search(&b, &[1.0], 1).len(), 1);
    first.close().unwrap();
    first.close().unwrap();
    assert_eq!(a.count(None, false).unwrap_err().code(), "ERR_CLOSED");
    assert_eq!(
        write(&a, vec![record("x", &[1.0])], WriteMode::Add).unwrap_err().code(),
        "ERR_CLOSED"
    );
    add(&b, vec![record("b", &[1.0])]);
    second.close().unwrap();
    assert_eq!(b.count(None, false).unwrap_err().code(), "ERR_CLOSED");
    let third = open(&path);
    assert_eq!(collection(&third, "c", Metric::L2).count(None, false).unwrap(), 2);
}

#[test]
fn an_aborted_write_has_written_nothing() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    let cancel = Cancel::new();
    cancel.cancel();
    let error = write_with(&c, vec![record("a", &[1.0])], WriteMode::Add, &cancel).unwrap_err();
    assert_eq!(error.code(), "ERR_ABORTED");
    assert_eq!(c.count(None, false).unwrap(), 0);

    // Cancelled at any moment, the answer and the store agree.
    for i in 0..200 {
        let cancel = Cancel::new();
        let id = format!("r{i}");
        let outcome = thread::scope(|scope| {
            let racing = cancel.clone();
            scope.spawn(move || {
                for _ in 0..i * 20 {
                    std::hint::spin_loop();
                }
                racing.cancel();
            });
            write_with(&c, vec![record(&id, &[1.0])], WriteMode::Add, &cancel)
        });
        let there = c.get(&[id], false).unwrap()[0].is_some();
        assert_eq!(outcome.is_ok(), there);
    }
}

#[test]
fn a_temporary_store_leaves_nothing_behind() {
    let engine = temporary();
    add(&collection(&engine, "c", Metric::L2), vec![record("a", &[1.0])]);
    let path = engine.stats().unwrap().path;
    assert!(path.exists());
    engine.close().unwrap();
    assert!(!path.parent().unwrap().exists());
}

#[derive(Clone, Debug)]
enum Step {
    Upsert(u8, i16, u8),
    Delete(u8),
    Clear,
    Search(i16, usize, Option<u8>),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u8..30, any::<i16>(), 0u8..3).prop_map(|(id, v, tag)| Step::Upsert(id, v, tag)),
        3 => (0u8..30).prop_map(Step::Delete),
        1 => Just(Step::Clear),
        6 => (any::<i16>(), 1usize..12, prop::option::of(0u8..3)).prop_map(|(v, k, tag)| Step::Search(v, k, tag)),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_history_reads_like_a_plain_map(steps in prop::collection::vec(step(), 1..80)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.db");
        let mut engine = open(&path);
        let mut c = collection(&engine, "c", Metric::L2);
        let mut map: BTreeMap<u8, (i16, u8)> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Upsert(id, value, tag) => {
                    let metadata = format!(r#"{{"tag":{tag}}}"#);
                    upsert(&c, vec![tagged(&id.to_string(), &[f32::from(value)], &metadata)]);
                    map.insert(id, (value, tag));
                }
                Step::Delete(id) => {
                    prop_assert_eq!(delete(&c, &[&id.to_string()]), u64::from(map.remove(&id).is_some()));
                }
                Step::Clear => {
                    prop_assert_eq!(clear(&c), map.len() as u64);
                    map.clear();
                }
                Step::Search(query, k, tag) => {
                    let filter = tag.map(|tag| format!(r#"{{"tag":{tag}}}"#));
                    let options = SearchOptions { k, filter, ..SearchOptions::default() };
                    let hits = try_search(&c, &[f32::from(query)], &options).unwrap();
                    let mut expected: Vec<f32> = map
                        .values()
                        .filter(|(_, t)| tag.is_none_or(|tag| tag == *t))
                        .map(|(v, _)| (f32::from(*v) - f32::from(query)).abs())
                        .collect();
                    expected.sort_by(f32::total_cmp);
                    expected.truncate(k);
                    prop_assert_eq!(hits.len(), expected.len());
                    for (hit, distance) in hits.iter().zip(expected) {
                        let (value, t) = map[&hit.record.id.parse::<u8>().unwrap()];
                        prop_assert_eq!((f32::from(value) - f32::from(query)).abs(), distance);
                        prop_assert!(tag.is_none_or(|tag| tag == t));
                        prop_assert!((hit.distance.unwrap() - distance).abs() <= distance * 1e-5);
                    }
                }
                Step::Reopen => {
                    engine.close().unwrap();
                    engine = open(&path);
                    c = collection(&engine, "c", Metric::L2);
                }
            }
            prop_assert_eq!(c.count(None, false).unwrap(), map.len() as u64);
        }
    }
}

#[test]
fn a_large_batch_is_all_there() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::Dot);
    let records: Vec<NewRecord> =
        (0..20_000).map(|i| record(&i.to_string(), &[i as f32, 1.0])).collect();
    add(&c, records);
    assert_eq!(ids(&search(&c, &[1.0, 0.0], 3)), ["19999", "19998", "19997"]);
    let too_many: Vec<NewRecord> =
        (0..100_001).map(|i| record(&format!("n{i}"), &[1.0, 1.0])).collect();
    assert_eq!(write(&c, too_many, WriteMode::Add).unwrap_err().code(), "ERR_LIMIT_EXCEEDED");
    assert_eq!(c.count(None, false).unwrap(), 20_000);
}
