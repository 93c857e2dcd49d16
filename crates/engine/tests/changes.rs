//! Changing and deleting records by filter, and listing them in an order.

mod support;

use hippocamp_engine::{
    Cancel, Collection, Engine, Error, ListOptions, MetadataChange, Metric, Mode, NewRecord, Query,
    SearchOptions, Sort, Which,
};
use support::*;

fn filled(engine: &Engine) -> Collection {
    let c = collection(engine, "c", Metric::L2);
    let records = (0..12).map(|i| NewRecord {
        text: Some(format!("text{i}")),
        ..tagged(
            &format!("r{i:02}"),
            &[i as f32],
            &format!("{{\"n\":{},\"even\":{}}}", i / 3, i % 2 == 0),
        )
    });
    add(&c, records.collect());
    c
}

fn delete_where(c: &Collection, filter: &str) -> Result<u64, Error> {
    wait(|done| c.delete(Which::Filter(filter.into()), &Cancel::new(), done))
}

fn update(c: &Collection, which: Which, set: &str, unset: &[&str]) -> Result<u64, Error> {
    let unset = unset.iter().map(|&key| key.to_owned()).collect();
    let change = MetadataChange { set: set.into(), unset };
    wait(|done| c.update(which, change, &Cancel::new(), done))
}

fn metadata(c: &Collection, id: &str) -> String {
    c.get(&[id.into()], false).unwrap()[0].clone().unwrap().metadata.unwrap()
}

#[test]
fn records_are_deleted_by_filter() {
    let c = filled(&temporary());
    assert_eq!(delete_where(&c, "{\"even\":true,\"n\":{\"$lt\":2}}").unwrap(), 3);
    assert_eq!(c.count(None, false).unwrap(), 9);
    assert_eq!(delete_where(&c, "{\"missing\":1}").unwrap(), 0);
    assert!(delete_where(&c, "{}").unwrap_err().to_string().contains("use clear()"));
    assert_eq!(delete_where(&c, "{\"n\":{\"$gg\":2}}").unwrap_err().code(), "ERR_INVALID_FILTER");
    let none = collection(&temporary(), "none", Metric::L2);
    assert_eq!(delete_where(&none, "{\"n\":1}").unwrap(), 0);
}

#[test]
fn metadata_are_changed_and_nothing_else() {
    let c = filled(&temporary());
    let search = |filter: &str| {
        let options =
            SearchOptions { filter: Some(filter.into()), k: 20, ..SearchOptions::default() };
        let hits = c.search(Query::Vector(vec![0.0]), &options, &Cancel::new()).unwrap();
        hits.into_iter().map(|hit| hit.record.id).collect::<Vec<_>>()
    };
    assert_eq!(search("{\"seen\":true}").len(), 0);
    let changed =
        update(&c, Which::Filter("{\"n\":1}".into()), "{\"seen\":true,\"n\":7}", &["even"]);
    assert_eq!(changed.unwrap(), 3);
    assert_eq!(metadata(&c, "r04"), "{\"n\":7,\"seen\":true}");
    assert_eq!(search("{\"seen\":true}"), ["r03", "r04", "r05"]);
    assert_eq!(search("{\"n\":1}").len(), 0);
    let two = Which::Ids(vec!["r00".into(), "none".into()]);
    assert_eq!(update(&c, two, "{\"n\":null}", &[]).unwrap(), 1);
    assert_eq!(metadata(&c, "r00"), "{\"even\":true,\"n\":null}");
    let record = c.get(&["r00".into()], true).unwrap()[0].clone().unwrap();
    assert_eq!((record.text.as_deref(), record.vector), (Some("text0"), Some(vec![0.0])));
    let lexical = SearchOptions { mode: Some(Mode::Lexical), ..SearchOptions::default() };
    let hits = c.search(Query::Text("text4".into()), &lexical, &Cancel::new()).unwrap();
    assert_eq!(ids(&hits), ["r04"]);
    // All or none.
    let long = format!("{{\"long\":\"{}\"}}", "x".repeat(65_520));
    let refused = update(&c, Which::Filter("{\"n\":2}".into()), &long, &[]).unwrap_err();
    assert_eq!(refused.code(), "ERR_LIMIT_EXCEEDED");
    assert!(refused.to_string().contains("r06"));
    assert_eq!(metadata(&c, "r06"), "{\"n\":2,\"even\":true}");
    let wrong = update(&c, Which::Ids(vec![]), "[]", &[]).unwrap_err();
    assert_eq!(wrong.code(), "ERR_INVALID_METADATA");
}

#[test]
fn listings_are_sorted_and_paged() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    let values = ["3", "\"b\"", "null", "1", "[9,2]", "true", "\"a\"", "3", "{}", "false", "-1"];
    let mut records: Vec<_> = values
        .iter()
        .enumerate()
        .map(|(i, value)| {
            tagged(&format!("r{i}"), &[i as f32], &format!("{{\"v\":{value},\"i\":{i}}}"))
        })
        .collect();
    records.push(record("bare", &[0.0]));
    add(&c, records);
    let all = |sort: Option<Sort>, filter: Option<&str>, limit: usize| {
        let (mut ids, mut cursor) = (Vec::new(), None);
        loop {
            let filter = filter.map(str::to_owned);
            let page = c
                .list(&ListOptions {
                    limit,
                    cursor,
                    sort: sort.clone(),
                    filter,
                    ..ListOptions::default()
                })
                .unwrap();
            assert!(page.records.len() <= limit);
            ids.extend(page.records.into_iter().map(|record| record.id));
            cursor = page.cursor;
            if cursor.is_none() {
                return ids.join(" ");
            }
        }
    };
    let sort = |field: Option<&str>, descending| {
        Some(Sort { field: field.map(str::to_owned), descending })
    };
    for limit in [1, 2, 5, 100] {
        assert_eq!(
            all(sort(Some("v"), false), None, limit),
            "r2 r9 r5 r10 r3 r4 r0 r7 r6 r1 r8 bare"
        );
        assert_eq!(
            all(sort(Some("v"), true), None, limit),
            "r1 r6 r4 r0 r7 r3 r10 r5 r9 r2 r8 bare"
        );
        assert_eq!(all(sort(None, true), None, limit), "bare r10 r9 r8 r7 r6 r5 r4 r3 r2 r1 r0");
        assert_eq!(all(sort(None, true), Some("{\"i\":{\"$gt\":7}}"), limit), "r10 r9 r8");
        assert_eq!(all(sort(Some("v"), false), Some("{\"i\":{\"$lt\":4}}"), limit), "r2 r3 r0 r1");
    }
    let bad = ListOptions { cursor: Some("{\"row\":\"x\"}".into()), ..ListOptions::default() };
    assert!(c.list(&bad).unwrap_err().to_string().contains("cursor"));
    // A cursor of a listing that was sorted otherwise.
    let sorted = ListOptions { limit: 1, sort: sort(Some("v"), false), ..ListOptions::default() };
    let plain = ListOptions { limit: 1, ..ListOptions::default() };
    for (first, other) in [(&sorted, &plain), (&plain, &sorted)] {
        let cursor = c.list(first).unwrap().cursor;
        assert!(cursor.is_some());
        assert!(c.list(&ListOptions { cursor, ..other.clone() }).is_err());
    }
}
