//! Collections that are searched by a graph.

mod support;

use hippocamp_engine::{
    Collection, CollectionOptions, Engine, Error, IndexKind, Metric, Recall, SearchOptions,
};
use support::*;

const DIMENSION: usize = 16;

/// Points around a few centres, as texts lie around topics.
fn clustered(seed: u64, count: usize) -> Vec<Vec<f32>> {
    let centres = values(99, 30 * DIMENSION);
    let noise = values(seed, count * DIMENSION);
    let around = |(at, noise): (usize, &[f32])| {
        let centre = &centres[at * 7 % 30 * DIMENSION..][..DIMENSION];
        noise.iter().zip(centre).map(|(x, c)| c + 0.6 * x).collect()
    };
    noise.chunks(DIMENSION).enumerate().map(around).collect()
}

fn with(engine: &Engine, index: Option<IndexKind>) -> Collection {
    let options =
        CollectionOptions { metric: Some(Metric::L2), index, ..CollectionOptions::default() };
    engine.collection("c", options).unwrap()
}

/// Adds vectors with their numbers as ids, whether they are even, and their remainder by 50.
fn fill(c: &Collection, vectors: &[Vec<f32>], first: usize) {
    let records = vectors.iter().enumerate().map(|(at, vector)| {
        let at = first + at;
        tagged(
            &at.to_string(),
            vector,
            &format!(r#"{{"even":{},"of50":{}}}"#, at.is_multiple_of(2), at % 50),
        )
    });
    add(c, records.collect());
}

/// Searches, and waits until the graph has so many vectors.
fn grown(c: &Collection, graph: usize) {
    search(c, &[0.0; DIMENSION], 1);
    while c.stats().unwrap().index.unwrap().graph != graph {
        std::thread::yield_now();
    }
}

/// The part of the exact results that searches find.
fn recall(c: &Collection, filter: Option<&str>) -> f64 {
    let filter = filter.map(str::to_owned);
    let (mut found, mut all) = (0, 0);
    for query in clustered(5, 40) {
        let options = SearchOptions { k: 10, filter: filter.clone(), ..SearchOptions::default() };
        let exact = SearchOptions { recall: Recall::Exact, ..options.clone() };
        let truth = try_search(c, &query, &exact).unwrap();
        let hits = try_search(c, &query, &options).unwrap();
        assert_eq!(hits.len(), 10);
        found += truth.iter().filter(|hit| ids(&hits).contains(&&*hit.record.id)).count();
        all += truth.len();
    }
    found as f64 / f64::from(all as u32)
}

#[test]
fn a_graph_is_built_and_answers_with_and_without_filters() {
    let engine = temporary();
    let c = with(&engine, Some(IndexKind::Hnsw));
    let vectors = clustered(1, 6_000);
    fill(&c, &vectors[..4_000], 0);
    grown(&c, 4_000);
    fill(&c, &vectors[4_000..], 4_000);
    for filter in [None, Some(r#"{"even":true}"#), Some(r#"{"of50":7}"#)] {
        let recall = recall(&c, filter);
        assert!(recall >= 0.95, "{filter:?}: {recall}");
    }
    let index = c.stats().unwrap().index.unwrap();
    assert_eq!((index.graph, index.tail, index.lists, index.bits), (4_000, 2_000, 0, 0));
    assert_eq!(ids(&search(&c, &vectors[5_999], 1)), ["5999"]);
}

#[test]
fn what_is_deleted_or_replaced_is_not_found_in_the_graph() {
    let engine = temporary();
    let c = with(&engine, Some(IndexKind::Hnsw));
    let vectors = clustered(2, 3_000);
    fill(&c, &vectors, 0);
    grown(&c, 3_000);
    assert_eq!(ids(&search(&c, &vectors[7], 1)), ["7"]);
    assert_eq!(delete(&c, &["7"]), 1);
    assert!(!ids(&search(&c, &vectors[7], 20)).contains(&"7"));
    upsert(&c, vec![record("8", &[50.0; DIMENSION])]);
    assert!(!ids(&search(&c, &vectors[8], 20)).contains(&"8"));
    assert_eq!(ids(&search(&c, &[49.0; DIMENSION], 1)), ["8"]);
    assert_eq!(clear(&c), 2_999);
    assert!(search(&c, &vectors[9], 5).is_empty());
}

#[test]
fn an_opened_collection_has_the_index_that_it_was_made_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let vectors = clustered(3, 6_000);
    let engine = open(&path);
    let c = with(&engine, Some(IndexKind::Hnsw));
    fill(&c, &vectors, 0);
    grown(&c, 6_000);
    engine.close().unwrap();

    let engine = open(&path);
    let refused = with(&engine, Some(IndexKind::Native));
    for error in [
        refused.count(None, false).unwrap_err(),
        try_search(&refused, &vectors[0], &SearchOptions::default()).unwrap_err(),
        write(&refused, vec![record("x", &vectors[0])], hippocamp_engine::WriteMode::Add)
            .unwrap_err(),
    ] {
        assert!(matches!(error, Error::CollectionMismatch(_)));
        assert_eq!(
            error.to_string(),
            "collection \"c\" has index hnsw, not native: open it with hnsw, or use another collection"
        );
    }
    for index in [None, Some(IndexKind::Hnsw)] {
        let c = with(&engine, index);
        grown(&c, 6_000);
        assert_eq!(ids(&search(&c, &vectors[17], 1)), ["17"]);
        let recall = recall(&c, None);
        assert!(recall >= 0.95, "{recall}");
    }
}

#[test]
fn a_collection_is_native_unless_it_is_told_otherwise() {
    let engine = temporary();
    fill(&with(&engine, None), &clustered(4, 1_100), 0);
    let error = with(&engine, Some(IndexKind::Hnsw)).count(None, false).unwrap_err();
    assert_eq!(error.code(), "ERR_COLLECTION_MISMATCH");
    let c = with(&engine, Some(IndexKind::Native));
    search(&c, &[0.0; DIMENSION], 1);
    while c.stats().unwrap().growing {
        std::thread::yield_now();
    }
    let index = c.stats().unwrap().index.unwrap();
    assert_eq!((index.graph, index.bits), (0, 1));
}
