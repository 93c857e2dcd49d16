//! Searches for words, alone and together with vectors.

mod support;

use hippocamp_engine::{
    Cancel, Collection, CollectionOptions, Engine, Error, Hit, Metric, Mode, NewRecord, Query,
    SearchOptions,
};
use proptest::prelude::*;
use support::*;

fn text(id: &str, text: &str, vector: &[f32]) -> NewRecord {
    NewRecord { text: Some(text.into()), ..record(id, vector) }
}

fn lexical(c: &Collection, words: &str) -> Vec<Hit> {
    lexical_with(c, words, SearchOptions::default())
}

fn lexical_with(c: &Collection, words: &str, options: SearchOptions) -> Vec<Hit> {
    let options = SearchOptions { mode: Some(Mode::Lexical), ..options };
    c.search(Query::Text(words.into()), &options, &Cancel::new()).unwrap()
}

fn plain(engine: &Engine) -> Collection {
    engine.collection("c", CollectionOptions::default()).unwrap()
}

#[test]
fn words_are_found_without_an_encoder() {
    let c = plain(&temporary());
    assert!(lexical(&c, "anything").is_empty());
    add(
        &c,
        vec![
            text("soccer", "Ann plays soccer on Sundays", &[1.0, 0.0]),
            text("chess", "Ben plays chess", &[0.0, 1.0]),
            text("茶", "安妮喜欢喝茶", &[0.0, 1.0]),
            record("mute", &[1.0, 1.0]),
        ],
    );
    let hits = lexical(&c, "Who played soccer?");
    assert_eq!(ids(&hits), ["soccer", "chess"]);
    assert!(hits[0].score > hits[1].score && hits[0].score <= 1.0 && hits[1].score > 0.0);
    assert!(hits.iter().all(|hit| hit.distance.is_none()));
    assert_eq!(ids(&lexical(&c, "喝茶")), ["茶"]);
    assert!(lexical(&c, "the").is_empty() && lexical(&c, "").is_empty());
    let hybrid = c.search(Query::Text("soccer".into()), &SearchOptions::default(), &Cancel::new());
    assert!(matches!(hybrid, Err(Error::EncoderRequired { .. })));
    let options = SearchOptions { mode: Some(Mode::Lexical), ..SearchOptions::default() };
    let vector = c.search(Query::Vector(vec![1.0, 0.0]), &options, &Cancel::new());
    assert!(vector.unwrap_err().to_string().contains("the query is a vector"));
}

#[test]
fn words_follow_every_change_and_survive_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let engine = open(&path);
    let c = plain(&engine);
    let records = |from: usize, to: usize| {
        let record = |i: usize| {
            text(&format!("r{i}"), &format!("word{i} every{} common", i % 10), &[i as f32, 1.0])
        };
        (from..to).map(record).collect::<Vec<_>>()
    };
    add(&c, records(0, 6_000));
    let found = |c: &Collection, word: &str| {
        let hits = lexical_with(c, word, SearchOptions { k: 10_000, ..SearchOptions::default() });
        hits.len()
    };
    assert_eq!((found(&c, "word5999"), found(&c, "every3"), found(&c, "common")), (1, 600, 6_000));
    add(&c, records(6_000, 6_100));
    upsert(&c, vec![text("r3", "another thing", &[3.0, 1.0])]);
    assert_eq!(delete(&c, &["r13", "r23"]), 2);
    assert_eq!((found(&c, "word3"), found(&c, "thing"), found(&c, "every3")), (0, 1, 607));
    let scores = |c: &Collection| {
        let hits = lexical(c, "another every3 word33");
        hits.into_iter().map(|hit| (hit.record.id, hit.score)).collect::<Vec<_>>()
    };
    let before = scores(&c);
    engine.close().unwrap();
    let saved = std::fs::read_dir(folder.path().join("memory.db-index")).unwrap().count();
    assert_eq!(saved, 1);

    let engine = open(&path);
    let c = plain(&engine);
    assert_eq!(scores(&c), before);
    add(&c, records(7_000, 7_001));
    assert_eq!((found(&c, "word7000"), found(&c, "common")), (1, 6_098));
    engine.close().unwrap();
    std::fs::remove_dir_all(folder.path().join("memory.db-index")).unwrap();
    delete(&plain(&open(&path)), &["r7000"]);
    assert_eq!(scores(&plain(&open(&path))), before);
}

#[test]
fn a_search_below_ranks_as_if_all_were_one() {
    let engine = temporary();
    let (whole, split) = (
        collection(&engine, "whole", Metric::default()),
        collection(&engine, "split", Metric::default()),
    );
    let words = ["apple", "pear", "plum", "fig", "the fig and the pear", "apple apple fig"];
    for (i, word) in words.into_iter().cycle().take(120).enumerate() {
        let record =
            || text(&format!("r{i:03}"), &format!("{word} number{}", i % 7), &[1.0, i as f32]);
        add(&whole, vec![record()]);
        add(&split.namespace(&[format!("n{}", i % 4)]).unwrap(), vec![record()]);
    }
    for question in ["fig", "apple number3", "pear plum fig number6"] {
        let options =
            SearchOptions { k: 40, recursive: true, explain: true, ..SearchOptions::default() };
        let scores = |c: &Collection| {
            let hits = lexical_with(c, question, options.clone());
            let mut scores: Vec<_> =
                hits.iter().map(|hit| (hit.score, hit.record.id.clone())).collect();
            scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let terms = hits.iter().map(|hit| {
                hit.explanation.as_ref().unwrap().lexical.as_ref().unwrap().terms.clone()
            });
            (
                scores,
                terms.map(|terms| terms.iter().map(|term| term.records).sum::<u64>()).sum::<u64>(),
            )
        };
        let ((one, one_terms), (many, many_terms)) = (scores(&whole), scores(&split));
        // Of equal scores some are beyond the last hit.
        let last = one.last().unwrap().0;
        let above = |all: &[(f32, String)]| {
            all.iter().filter(|hit| hit.0 > last).cloned().collect::<Vec<_>>()
        };
        assert_eq!(above(&one), above(&many), "{question}");
        assert_eq!(one_terms, many_terms);
    }
}

#[test]
fn languages_are_the_collections_and_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let german = || CollectionOptions {
        language: Some("de".parse().unwrap()),
        ..CollectionOptions::default()
    };
    {
        let engine = open(&path);
        let c = engine.collection("c", german()).unwrap();
        add(&c, vec![text("a", "Die Häuser am See", &[1.0])]);
        assert_eq!(ids(&lexical(&c, "ein Haus")), ["a"]);
    }
    let engine = open(&path);
    assert_eq!(ids(&lexical(&plain(&engine), "ein Haus")), ["a"]);
    let french =
        CollectionOptions { language: Some("fr".parse().unwrap()), ..CollectionOptions::default() };
    let c = engine.collection("c", french).unwrap();
    let refused = c.search(
        Query::Text("x".into()),
        &SearchOptions { mode: Some(Mode::Lexical), ..Default::default() },
        &Cancel::new(),
    );
    assert!(refused.unwrap_err().to_string().contains("language de, not fr"));
    assert!(engine.collection("c", german()).unwrap().count(None, false).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn parts_make_the_score(
        texts in prop::collection::vec(prop::collection::vec(0u8..12, 0..9), 1..60),
        question in prop::collection::vec(0u8..14, 1..7), filtered in any::<bool>(), offset in 0usize..4,
    ) {
        let c = plain(&temporary());
        let words = |of: &[u8]| of.iter().map(|w| format!("w{w}")).collect::<Vec<_>>().join(" ");
        let records = texts.iter().enumerate().map(|(i, of)| NewRecord {
            metadata: Some(format!("{{\"even\":{}}}", i % 2 == 0)),
            ..text(&format!("r{i}"), &words(of), &[1.0, i as f32])
        });
        add(&c, records.collect());
        let filter = filtered.then(|| "{\"even\":true}".to_owned());
        let options = SearchOptions { k: 100, filter, explain: true, ..SearchOptions::default() };
        let hits = lexical_with(&c, &words(&question), options.clone());
        prop_assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
        for (rank, hit) in (1u32..).zip(&hits) {
            let explanation = hit.explanation.as_ref().unwrap();
            let part = explanation.lexical.as_ref().unwrap();
            let sum: f32 = part.terms.iter().map(|term| term.score).sum();
            prop_assert!((sum - part.bm25).abs() <= 1e-6 * part.bm25.max(1.0));
            prop_assert!((part.bm25 / (part.best * part.greatest.max(part.best)).sqrt() - part.score).abs() < 1e-6);
            prop_assert!((part.score - hit.score).abs() < 1e-6 && (0.0..=1.0).contains(&hit.score));
            prop_assert_eq!(part.rank, Some(rank));
            prop_assert_eq!(explanation.filter.is_some(), filtered);
        }
        let page = lexical_with(&c, &words(&question), SearchOptions { k: 3, offset, ..options });
        let expected: Vec<_> = hits.iter().skip(offset).take(3).map(|hit| &hit.record.id).collect();
        prop_assert_eq!(page.iter().map(|hit| &hit.record.id).collect::<Vec<_>>(), expected);
    }
}
