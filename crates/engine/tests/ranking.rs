//! What is done to rankings, and why records are not in them.

mod support;

use hippocamp_engine::{
    Boost, Cancel, Collection, Error, GroupBy, Hit, Metric, Mode, NewRecord, Query, Ranking,
    Reason, Recency, SearchOptions, WhyNot,
};
use support::*;

const DAY: f64 = 86_400_000.0;

/// Records on a quarter circle, the first nearest to [1, 0].
fn circle(count: usize, metadata: impl Fn(usize) -> String) -> Collection {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::Cosine);
    let records = (0..count).map(|i| {
        let angle = i as f32 / count as f32;
        NewRecord {
            text: Some(format!("text {} number{i}", if i % 3 == 0 { "fizz" } else { "plain" })),
            ..tagged(&format!("r{i}"), &[angle.cos(), angle.sin()], &metadata(i))
        }
    });
    add(&c, records.collect());
    c
}

fn nearest(c: &Collection, options: &SearchOptions) -> Vec<Hit> {
    c.search(Query::Vector(vec![1.0, 0.0]), options, &Cancel::new()).unwrap()
}

fn plain() -> SearchOptions {
    let ranking = Ranking { background: false, ..Ranking::default() };
    SearchOptions { k: 3, ranking, explain: true, ..SearchOptions::default() }
}

#[test]
fn new_records_come_before_old_ones() {
    let c = circle(20, |i| format!("{{\"at\":\"2026-11-{:02}\"}}", 20 - i));
    let recency = |half_life_ms, floor| {
        // Two days after 2026-11-20.
        let now_ms = 1_795_132_800_000.0 + 2.0 * DAY;
        Some(Recency { half_life_ms, floor, now_ms, field: Some("at".into()) })
    };
    assert_eq!(ids(&nearest(&c, &plain())), ["r0", "r1", "r2"]);
    let options = SearchOptions { recency: recency(10.0 * DAY, 0.5), ..plain() };
    let hits = nearest(&c, &options);
    for hit in &hits {
        let i: f64 = hit.record.id[1..].parse().unwrap();
        let explanation = hit.explanation.as_ref().unwrap();
        let factor = 0.5 + 0.5 * (-(i + 2.0) / 10.0).exp2();
        let part = &explanation.factors[0];
        assert_eq!(part.name, "recency");
        assert!((f64::from(part.value) - factor).abs() < 1e-5, "{} {factor}", part.value);
        let score = explanation.vector.as_ref().unwrap().score * part.value;
        assert!((hit.score - score).abs() < 1e-6);
    }
    // The newest is the first of all, though others are nearer.
    let c = circle(20, |i| format!("{{\"at\":{}}}", i as f64 * DAY));
    let recency = Some(Recency {
        half_life_ms: DAY,
        floor: 0.0,
        now_ms: 19.0 * DAY,
        field: Some("at".into()),
    });
    let hits = nearest(&c, &SearchOptions { recency, ..plain() });
    assert_eq!(ids(&hits), ["r19", "r18", "r17"]);
    // Without a field it is when they were written, which is the same for all.
    let recency = Some(Recency { half_life_ms: 1e6 * DAY, floor: 0.0, now_ms: 0.0, field: None });
    assert_eq!(ids(&nearest(&c, &SearchOptions { recency, ..plain() })), ["r0", "r1", "r2"]);
}

#[test]
fn important_records_come_first() {
    let c =
        circle(20, |i| if i == 4 { "{}".into() } else { format!("{{\"importance\":{}}}", i % 5) });
    let boost = Some(Boost { field: "importance".into(), weight: 1.0, max: 4.0 });
    let hits = nearest(&c, &SearchOptions { boost, ..plain() });
    assert_eq!(ids(&hits), ["r9", "r14", "r3"]);
    let boost = Some(Boost { field: "importance".into(), weight: 0.0, max: 4.0 });
    assert_eq!(ids(&nearest(&c, &SearchOptions { boost, ..plain() })), ["r0", "r1", "r2"]);
}

#[test]
fn of_each_group_only_the_best_are_hits_and_as_many_groups_as_there_are() {
    let c = circle(3_000, |i| match i {
        0..2_000 => "{\"of\":\"many\"}".into(),
        2_000..2_990 => format!("{{\"of\":{}}}", i % 3),
        _ => "{}".into(),
    });
    let group_by = |size| Some(GroupBy { field: "of".into(), size });
    let hits = nearest(&c, &SearchOptions { group_by: group_by(1), ..plain() });
    assert_eq!(ids(&hits), ["r0", "r2000", "r2001"]);
    let hits = nearest(&c, &SearchOptions { group_by: group_by(2), k: 50, ..plain() });
    assert_eq!(hits.len(), 2 * 4 + 10);
    let by_id = SearchOptions { group_by: group_by(1), ..plain() };
    let found = c.search_ids(Query::Vector(vec![1.0, 0.0]), &by_id, &Cancel::new()).unwrap();
    assert_eq!(
        found.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(),
        ["r0", "r2000", "r2001"]
    );
}

#[test]
fn diverse_hits_are_unlike_each_other() {
    let engine = temporary();
    let c = collection(&engine, "c", Metric::Cosine);
    add(
        &c,
        vec![
            record("a1", &[0.90, 0.43, 0.0]),
            record("a2", &[0.90, 0.44, 0.0]),
            record("a3", &[0.90, 0.45, 0.0]),
            record("b", &[0.80, -0.60, 0.0]),
            record("c", &[0.70, 0.0, 0.71]),
        ],
    );
    let find = |diversity| {
        let options = SearchOptions { diversity, ..plain() };
        c.search(Query::Vector(vec![1.0, 0.0, 0.0]), &options, &Cancel::new()).unwrap()
    };
    assert_eq!(ids(&find(None)), ["a1", "a2", "a3"]);
    assert_eq!(ids(&find(Some(0.0))), ["a1", "a2", "a3"]);
    assert_eq!(ids(&find(Some(0.5))), ["a1", "b", "c"]);
}

#[test]
fn pages_are_parts_of_one_ranking() {
    let c = circle(40, |i| format!("{{\"importance\":{}}}", i % 7));
    for boost in [None, Some(Boost { field: "importance".into(), weight: 0.5, max: 6.0 })] {
        let options = |k, offset| SearchOptions { k, offset, boost: boost.clone(), ..plain() };
        let whole = nearest(&c, &options(40, 0));
        let pages: Vec<_> =
            (0..50).step_by(7).flat_map(|offset| nearest(&c, &options(7, offset))).collect();
        assert_eq!(ids(&pages), ids(&whole));
    }
    let far = SearchOptions { offset: 9_999, k: 2, ..plain() };
    let refused = c.search(Query::Vector(vec![1.0, 0.0]), &far, &Cancel::new());
    assert!(matches!(refused, Err(Error::LimitExceeded { .. })));
}

#[test]
fn it_is_said_why_a_record_is_no_hit() {
    let c = circle(300, |i| format!("{{\"even\":{},\"small\":{}}}", i % 2 == 0, i < 100));
    let ask = |id: &str, options: &SearchOptions| {
        c.why_not(Query::Vector(vec![1.0, 0.0]), id, options, &Cancel::new()).unwrap()
    };
    let WhyNot { exists, reasons, rank, .. } = ask("none", &plain());
    assert_eq!((exists, reasons, rank), (false, vec![Reason::Missing], None));
    let hit = ask("r1", &plain());
    assert_eq!((hit.hit, hit.rank, hit.reasons), (Some(2), Some(2), vec![]));
    let near = ask("r7", &plain());
    assert_eq!((near.hit, near.rank, near.reasons), (None, Some(8), vec![Reason::K]));
    assert!(near.score.unwrap() < near.last_score.unwrap());
    assert_eq!(near.explanation.unwrap().vector.unwrap().rank, Some(8));
    let far = ask("r250", &SearchOptions { min_score: Some(0.9), ..plain() });
    assert_eq!(far.reasons, [Reason::MinScore, Reason::K, Reason::Pool]);
    let paged = ask("r2", &SearchOptions { offset: 3, ..plain() });
    assert_eq!(paged.reasons, [Reason::Offset]);
    let filter = Some("{\"small\":true,\"even\":true}".to_owned());
    let odd = ask("r5", &SearchOptions { filter: filter.clone(), ..plain() });
    let even = Reason::Filter { conditions: vec!["{\"even\":true}".into()] };
    assert_eq!((odd.rank, odd.reasons), (Some(4), vec![even.clone(), Reason::K]));
    let odd = ask("r1", &SearchOptions { filter, ..plain() });
    assert_eq!((odd.rank, odd.reasons), (Some(2), vec![even]));
    let grouped = ask(
        "r2",
        &SearchOptions { group_by: Some(GroupBy { field: "even".into(), size: 1 }), ..plain() },
    );
    assert_eq!((grouped.rank, grouped.reasons), (Some(3), vec![Reason::GroupBy]));
    let lexical = SearchOptions { mode: Some(Mode::Lexical), ..plain() };
    let why = c.why_not(Query::Text("fizz".into()), "r1", &lexical, &Cancel::new()).unwrap();
    assert_eq!((why.exists, why.rank, why.reasons), (true, None, vec![Reason::Words]));
    let why = c.why_not(Query::Text("fizz".into()), "r3", &lexical, &Cancel::new()).unwrap();
    assert_eq!((why.hit, why.rank), (Some(2), Some(2)));
    assert!(c.why_not(Query::Vector(vec![1.0, 0.0]), "", &plain(), &Cancel::new()).is_err());
}
