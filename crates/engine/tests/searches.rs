//! Searches over several queries and several namespaces, and the memory that namespaces take.

mod support;

use hippocamp_engine::{
    Cancel, Collection, Engine, Location, Metric, Query, SearchOptions, StoreOptions,
};
use support::{add, collection, delete, filtered, record, search, tagged, temporary, try_search};

fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|&part| part.to_owned()).collect()
}

fn recursive() -> SearchOptions {
    SearchOptions { recursive: true, ..SearchOptions::default() }
}

/// The ids and namespaces of what is found below.
fn below(c: &Collection, vector: &[f32], options: &SearchOptions) -> Vec<(String, String)> {
    let hits = try_search(c, vector, options).unwrap();
    let place = |path: Option<std::sync::Arc<[String]>>| path.expect("a namespace").join("/");
    hits.into_iter().map(|hit| (hit.record.id, place(hit.namespace))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|&(id, place)| (id.to_owned(), place.to_owned())).collect()
}

#[test]
fn several_queries_find_what_each_of_them_finds() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    let vectors: Vec<Vec<f32>> =
        (0..3_000).map(|i| vec![(i % 71) as f32, (i / 71) as f32 * 1.01]).collect();
    add(&c, vectors.iter().zip(0..).map(|(v, i): (_, i32)| record(&i.to_string(), v)).collect());
    let options = SearchOptions { k: 7, min_score: Some(0.3), ..SearchOptions::default() };
    let queries = || vectors.iter().step_by(97).map(|v| Query::Vector(v.clone()));
    let all = c.search_many(queries().collect(), &options, &Cancel::new()).unwrap();
    let ids = c.search_many_ids(queries().collect(), &options, &Cancel::new()).unwrap();
    assert_eq!(all.len(), 31);
    for ((query, hits), id_hits) in queries().zip(&all).zip(&ids) {
        assert_eq!(hits, &c.search(query, &options, &Cancel::new()).unwrap());
        let of_hits: Vec<_> = hits.iter().map(|hit| (&hit.record.id, hit.score)).collect();
        assert_eq!(of_hits, id_hits.iter().map(|hit| (&hit.id, hit.score)).collect::<Vec<_>>());
        assert!(hits[0].distance.unwrap() < 1e-6);
    }
    assert_eq!(c.search_many(Vec::new(), &options, &Cancel::new()).unwrap(), Vec::<Vec<_>>::new());
}

#[test]
fn one_bad_query_among_several_is_named() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    add(&c, vec![record("a", &[1.0, 2.0])]);
    for (bad, code) in [
        (Query::Vector(vec![1.0]), "ERR_DIMENSION_MISMATCH"),
        (Query::Vector(vec![1.0, f32::NAN]), "ERR_INVALID_VECTOR"),
        (Query::Text("words".into()), "ERR_ENCODER_REQUIRED"),
    ] {
        let queries = vec![Query::Vector(vec![0.0, 0.0]), bad];
        for recursive in [false, true] {
            let options = SearchOptions { recursive, ..SearchOptions::default() };
            let refused = c.search_many(queries.clone(), &options, &Cancel::new()).unwrap_err();
            assert_eq!(refused.code(), code);
            if code != "ERR_ENCODER_REQUIRED" {
                assert!(refused.to_string().contains("query 1"), "{refused}");
            }
            assert!(c.search_many_ids(queries.clone(), &options, &Cancel::new()).is_err());
        }
    }
}

#[test]
fn a_namespace_is_searched_with_those_below_it_and_no_others() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    assert_eq!(below(&c, &[0.0], &recursive()), []);
    let at = |parts: &[&str]| c.namespace(&path(parts)).unwrap();
    add(&at(&[]), vec![record("root", &[9.0])]);
    add(&at(&["u"]), vec![record("u", &[1.0]), record("gone", &[0.0])]);
    add(&at(&["u", "1"]), vec![tagged("u1", &[2.0], r#"{"kind":"b"}"#)]);
    add(&at(&["u", "2"]), vec![tagged("u2", &[0.5], r#"{"kind":"a"}"#)]);
    add(&at(&["u", "2", "深"]), vec![tagged("u2", &[3.0], r#"{"kind":"b"}"#)]);
    add(&at(&["u2"]), vec![record("other", &[0.0])]);
    add(&at(&["u", "empty"]), vec![record("x", &[0.0])]);
    delete(&at(&["u", "empty"]), &["x"]);
    delete(&at(&["u"]), &["gone"]);

    let all = [("u2", "u/2"), ("u", "u"), ("u1", "u/1"), ("u2", "u/2/深")];
    assert_eq!(below(&at(&["u"]), &[0.0], &recursive()), pairs(&all));
    let two = SearchOptions { k: 2, ..recursive() };
    assert_eq!(below(&at(&["u"]), &[0.0], &two), pairs(&all[..2]));
    assert_eq!(below(&at(&["u", "2"]), &[9.0], &recursive()), pairs(&[all[3], all[0]]));
    assert_eq!(below(&c, &[9.0], &recursive()).len(), 6);
    assert_eq!(below(&at(&["nobody"]), &[0.0], &recursive()), []);
    let kind = SearchOptions { recursive: true, ..filtered(r#"{"kind":"b"}"#) };
    assert_eq!(below(&at(&["u"]), &[0.0], &kind), pairs(&[all[2], all[3]]));

    let query = Query::Vector(vec![0.0]);
    let ids = at(&["u"]).search_ids(query, &two, &Cancel::new()).unwrap();
    assert_eq!(ids[0].id, "u2");
    assert_eq!(ids[0].namespace.as_deref(), Some(path(&["u", "2"]).as_slice()));
    assert_eq!(search(&at(&["u"]), &[0.0], 9).len(), 1, "the namespace alone");
}

#[test]
fn namespaces_stay_in_memory_within_the_budget_and_are_loaded_again() {
    const COUNT: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let budget = 64 << 10;
    let options = StoreOptions {
        index_memory: budget,
        ..StoreOptions::new(Location::Path(folder.path().join("memory.db")))
    };
    let engine = Engine::open(options).unwrap();
    let c = collection(&engine, "c", Metric::L2);
    let at = |i: usize| c.namespace(&path(&["tenant", &i.to_string()])).unwrap();
    let vectors = |i: usize| vec![vec![i as f32; 64], vec![-(i as f32) - 1.0; 64]];
    for i in 0..COUNT {
        let records = vectors(i).iter().zip(["a", "b"]).map(|(v, id)| record(id, v)).collect();
        add(&at(i), records);
    }
    let handles: Vec<Collection> = (0..COUNT).map(at).collect();
    let mut most = 0;
    for round in 0..3 {
        for i in 0..COUNT {
            let c = &handles[(i * 7 + round) % COUNT];
            let i = (i * 7 + round) % COUNT;
            let query = || Query::Vector(vectors(i)[1].clone());
            assert!(search(c, &vectors(i)[0], 1)[0].distance.unwrap() < 1e-6);
            let ids = c.search_ids(query(), &SearchOptions::default(), &Cancel::new()).unwrap();
            assert_eq!((ids[0].id.as_str(), ids.len()), ("b", 2));
            let stats = engine.stats().unwrap();
            assert!(stats.index_bytes <= budget, "{stats:?}");
            most = most.max(stats.partitions);
        }
    }
    assert!((20..COUNT).contains(&most), "{most} partitions at most");
    let hits = try_search(&c, &vectors(17)[0], &recursive()).unwrap();
    assert_eq!(hits[0].namespace.as_deref(), Some(path(&["tenant", "17"]).as_slice()));
    assert!(engine.stats().unwrap().index_bytes <= budget);
}

#[test]
fn several_namespaces_are_searched_at_one_moment_while_they_are_written() {
    const MOVES: usize = 150;
    let engine = temporary();
    let c = collection(&engine, "c", Metric::L2);
    let at = |i: usize| c.namespace(&path(&[&i.to_string()])).unwrap();
    for i in 0..4 {
        add(&at(i), vec![record("home", &[10.0 + i as f32])]);
    }
    let (home, away) = (at(1), at(3));
    add(&home, vec![record("mover", &[0.0])]);
    let mover = std::thread::spawn(move || {
        for _ in 0..MOVES {
            add(&away, vec![record("mover", &[0.0])]);
            delete(&home, &["mover"]);
            add(&home, vec![record("mover", &[0.0])]);
            delete(&away, &["mover"]);
        }
    });
    let mut searches = 0;
    while !mover.is_finished() {
        let found = below(&c, &[0.0], &recursive());
        let movers = found.iter().filter(|(id, _)| id == "mover").count();
        assert!((1..=2).contains(&movers), "it is always somewhere: {found:?}");
        searches += 1;
    }
    mover.join().unwrap();
    assert!(searches > 0);
}
