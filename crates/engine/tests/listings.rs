//! Listings, counts and clearings over several namespaces.
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

mod support;

use hippocamp_engine::{Cancel, Collection, ListOptions, Metric, Sort};
use support::{add, collection, record, tagged, temporary, wait};

/// A record: its namespace, its id and the value that it is sorted and filtered by.
type Known = (Vec<String>, String, Option<u64>);

const PATHS: [&[&str]; 6] = [&[], &["u"], &["u", "1"], &["u", "1", "notes"], &["u", "10"], &["us"]];

fn at(c: &Collection, path: &[String]) -> Collection {
    c.namespace(path).unwrap()
}

fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|&part| part.to_owned()).collect()
}

/// Records that were written here and there, in the order of their insertion.
fn filled(c: &Collection, count: usize) -> Vec<Known> {
    let known: Vec<Known> = (0..count)
        .map(|i| {
            let value = (i % 7 != 0).then(|| (i as u64 * 13) % 10);
            (path(PATHS[(i * 5 + i / 3) % PATHS.len()]), format!("r{i}"), value)
        })
        .collect();
    for (path, id, value) in &known {
        let record = match value {
            Some(value) => tagged(id, &[1.0], &format!("{{\"v\":{value}}}")),
            None => record(id, &[1.0]),
        };
        add(&at(c, path), vec![record]);
    }
    known
}

/// Everything, page by page: namespace and id.
fn pages(c: &Collection, options: &ListOptions) -> Vec<(Vec<String>, String)> {
    let (mut options, mut found) = (options.clone(), Vec::new());
    loop {
        let page = c.list(&options).unwrap();
        assert!(page.records.len() <= options.limit);
        assert_eq!(page.namespaces.len(), if options.recursive { page.records.len() } else { 0 });
        let ids = page.records.into_iter().map(|record| record.id);
        found.extend(page.namespaces.iter().map(|path| path.to_vec()).zip(ids));
        let Some(cursor) = page.cursor else { return found };
        options.cursor = Some(cursor);
    }
}

#[test]
fn a_recursive_listing_is_one_over_all_namespaces_below() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    let known = filled(&c, 60);
    for root in PATHS {
        let root = path(root);
        let below = |(path, ..): &&Known| path.starts_with(&root);
        for descending in [false, true] {
            for (field, filter) in [(false, false), (false, true), (true, false), (true, true)] {
                let passes = |(.., value): &&Known| !filter || value.is_some_and(|v| v >= 4);
                let mut wanted: Vec<&Known> = known.iter().filter(below).filter(passes).collect();
                if field {
                    wanted.sort_by_key(|(.., value)| {
                        let order = value.map(|v| if descending { 10 - v } else { v });
                        (value.is_none(), order)
                    });
                } else if descending {
                    wanted.reverse();
                }
                let wanted: Vec<_> =
                    wanted.into_iter().map(|(path, id, _)| (path.clone(), id.clone())).collect();
                for limit in [1, 4, 100] {
                    let options = ListOptions {
                        limit,
                        filter: filter.then(|| r#"{"v":{"$gte":4}}"#.to_owned()),
                        sort: Some(Sort { field: field.then(|| "v".to_owned()), descending }),
                        recursive: true,
                        ..ListOptions::default()
                    };
                    assert_eq!(pages(&at(&c, &root), &options), wanted, "{root:?} {options:?}");
                }
            }
        }
    }
}

#[test]
fn counting_and_clearing_take_the_namespaces_below_along() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    let known = filled(&c, 60);
    let number = |root: &[String], filter: bool, recursive: bool| {
        let inside =
            |path: &[String]| if recursive { path.starts_with(root) } else { path == root };
        let passes = |value: &Option<u64>| !filter || value.is_some_and(|v| v >= 4);
        known.iter().filter(|(path, _, value)| inside(path) && passes(value)).count() as u64
    };
    for root in PATHS {
        let root = path(root);
        for recursive in [false, true] {
            let there = at(&c, &root);
            assert_eq!(there.count(None, recursive).unwrap(), number(&root, false, recursive));
            let some = there.count(Some(r#"{"v":{"$gte":4}}"#), recursive).unwrap();
            assert_eq!(some, number(&root, true, recursive));
        }
    }
    let (all, root) = (known.len() as u64, path(&["u", "1"]));
    let cleared = wait(|done| at(&c, &root).clear(true, &Cancel::new(), done)).unwrap();
    assert_eq!(cleared, number(&root, false, true));
    assert_eq!(c.count(None, true).unwrap(), all - cleared);
    assert_eq!(at(&c, &root).count(None, true).unwrap(), 0);
    assert_eq!(wait(|done| at(&c, &root).clear(true, &Cancel::new(), done)).unwrap(), 0);
    assert_eq!(wait(|done| c.clear(true, &Cancel::new(), done)).unwrap(), all - cleared);
    let nowhere = collection(&engine, "never made", Metric::L2);
    assert_eq!(wait(|done| nowhere.clear(true, &Cancel::new(), done)).unwrap(), 0);
    assert_eq!(nowhere.count(Some(r#"{"v":1}"#), true).unwrap(), 0);
}
