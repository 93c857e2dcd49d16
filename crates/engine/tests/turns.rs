//! Collections of turns: ranked by their neighbours, their speakers and what they ask, encoded after the turn before.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use hippocamp_engine::{
    Cancel, Collection, CollectionOptions, Engine, Explanation, Hit, LoadOptions, Location, Metric,
    Mode, NewRecord, Priority, Prompt, Query, Ranking, SearchOptions, StoreOptions, TextEncoder,
    TurnRanking, Turns,
};
use support::*;

fn turns(engine: &Engine, name: &str) -> Collection {
    let options = CollectionOptions {
        metric: Some(Metric::Cosine),
        turns: Some(Turns::default()),
        ..CollectionOptions::default()
    };
    engine.collection(name, options).unwrap()
}

fn turn(id: usize, session: usize, speaker: &str, text: &str) -> NewRecord {
    NewRecord {
        text: Some(text.to_owned()),
        ..tagged(
            &format!("r{id}"),
            &[1.0, id as f32],
            &format!(r#"{{"session": "s{session}", "speaker": "{speaker}"}}"#),
        )
    }
}

fn by_words(c: &Collection, question: &str) -> Vec<Hit> {
    let options = SearchOptions {
        mode: Some(Mode::Lexical),
        k: 1_000,
        explain: true,
        ..SearchOptions::default()
    };
    c.search(Query::Text(question.to_owned()), &options, &Cancel::new()).unwrap()
}

fn explanation(hit: &Hit) -> &Explanation {
    hit.explanation.as_ref().unwrap()
}

fn bm25(hits: &[Hit]) -> BTreeMap<String, f32> {
    let of = |hit: &Hit| (hit.record.id.clone(), explanation(hit).lexical.as_ref().unwrap().bm25);
    hits.iter().map(of).collect()
}

/// What the sessions say, in their order.
type Said = Vec<Vec<(usize, String)>>;

/// Compares with the definition, taken from a collection whose records are not turns.
fn check(c: &Collection, said: &Said) {
    let plain = temporary();
    let plain = collection(&plain, "plain", Metric::Cosine);
    let text = |(id, text): &(usize, String)| NewRecord {
        text: Some(format!("Ann: {text}")),
        ..record(&format!("r{id}"), &[1.0, *id as f32])
    };
    add(&plain, said.iter().flatten().map(text).collect());
    for question in ["red", "blue green", "Ann red yellow", "nothing"] {
        let own = bm25(&by_words(&plain, question));
        let of = |of: Option<&(usize, String)>| {
            of.and_then(|(id, _)| own.get(&format!("r{id}"))).copied().unwrap_or(0.0)
        };
        let mut expected = BTreeMap::new();
        for session in said {
            for (at, (id, _)) in session.iter().enumerate() {
                let before = at.checked_sub(1).and_then(|at| session.get(at));
                let score = of(session.get(at)) + 0.4 * of(before) + 0.2 * of(session.get(at + 1));
                if score > 0.0 {
                    expected.insert(format!("r{id}"), score);
                }
            }
        }
        let hits = by_words(c, question);
        let found = bm25(&hits);
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (id, score) in &expected {
            assert!((found[id] - score).abs() < 1e-4, "{question}: {id} {} {score}", found[id]);
        }
        for hit in &hits {
            let part = explanation(hit).lexical.as_ref().unwrap();
            let around = found[&hit.record.id] - own.get(&hit.record.id).copied().unwrap_or(0.0);
            assert!((part.neighbours.unwrap() - around).abs() < 1e-4);
        }
        for few in [1, 3] {
            let options =
                SearchOptions { mode: Some(Mode::Lexical), k: few, ..SearchOptions::default() };
            let some = c.search(Query::Text(question.into()), &options, &Cancel::new()).unwrap();
            assert_eq!(ids(&some), ids(&hits)[..few.min(hits.len())]);
        }
    }
}

#[test]
fn turns_answer_by_their_neighbours_too_whatever_happens_to_them() {
    const COLOURS: [&str; 5] = ["red", "blue", "green", "yellow", "grey"];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let engine = open(&path);
    let c = turns(&engine, "c");
    let text = |id: usize| format!("{} and {}", COLOURS[id % 5], COLOURS[(id * id + id / 7) % 5]);
    let mut said: Said = vec![Vec::new(); 4];
    let put = |c: &Collection, said: &mut Said, ids: std::ops::Range<usize>| {
        add(c, ids.clone().map(|id| turn(id, id % 4, "Ann", &text(id))).collect());
        ids.for_each(|id| said[id % 4].push((id, text(id))));
    };
    put(&c, &mut said, 0..1);
    check(&c, &said);
    put(&c, &mut said, 1..40);
    check(&c, &said);
    assert_eq!(delete(&c, &["r5", "r6", "r0"]), 3);
    for session in &mut said {
        session.retain(|(id, _)| ![5, 6, 0].contains(id));
    }
    check(&c, &said);
    // A turn that is written again keeps its place.
    upsert(&c, vec![turn(13, 1, "Ann", "red red red")]);
    let at = said[1].iter().position(|(id, _)| *id == 13).unwrap();
    said[1][at].1 = "red red red".to_owned();
    check(&c, &said);
    put(&c, &mut said, 40..60);
    check(&c, &said);
    drop(c);
    engine.close().unwrap();
    let engine = open(&path);
    let c = turns(&engine, "c");
    check(&c, &said);
    put(&c, &mut said, 60..70);
    check(&c, &said);
    drop(c);
    engine.close().unwrap();
}

#[test]
fn who_is_named_gains_and_who_asks_loses() {
    let engine = temporary();
    let c = turns(&engine, "c");
    add(
        &c,
        vec![
            turn(1, 1, "Ann", "I like soccer."),
            turn(2, 2, "Bob", "I like soccer."),
            turn(3, 3, "Bob", "Is it soccer?"),
            turn(4, 4, "Bob", "soccer it is? No."),
            turn(5, 5, "user A", "yes"),
            turn(6, 6, "user B", "yes"),
        ],
    );
    let factors = |question: &str| {
        let of = |hit: &Hit| {
            let factors = explanation(hit).factors.iter();
            (hit.record.id.clone(), factors.map(|of| (of.name, of.value)).collect::<Vec<_>>())
        };
        by_words(&c, question).iter().map(of).collect::<BTreeMap<_, _>>()
    };
    let found = factors("What does Ann say of soccer?");
    assert_eq!(found["r1"][0].0, "speaker");
    assert!(found["r1"].len() == 1 && found["r1"][0].1 > 1.0);
    assert_eq!(found["r2"], []);
    assert_eq!(found["r3"], [("question", 0.8)]);
    assert_eq!(found["r4"], [("question", 0.9)]);
    let hits = by_words(&c, "bob's soccer");
    let best = &hits[0];
    assert_eq!(best.record.id, "r2");
    let part = explanation(best).lexical.as_ref().unwrap();
    assert!((best.score - part.score * (1.0 + 0.4 * (1.0 - part.score))).abs() < 1e-6);
    assert_eq!(factors("what user B says")["r6"][0].0, "speaker");
    assert_eq!(factors("what user B says")["r5"], []);
    let neutral = TurnRanking { previous: 0.0, next: 0.0, speaker: 0.0, question: 0.0 };
    let options = SearchOptions {
        mode: Some(Mode::Lexical),
        ranking: Ranking { turns: neutral, ..Ranking::default() },
        ..SearchOptions::default()
    };
    let hits = c.search(Query::Text("soccer".into()), &options, &Cancel::new()).unwrap();
    assert_eq!(hits.len(), 4);
}

#[test]
fn a_day_finds_what_was_said_on_it() {
    let engine = temporary();
    let c = turns(&engine, "c");
    let on = |id: &str, time: &str, text: &str| NewRecord {
        text: Some(text.to_owned()),
        ..tagged(id, &[1.0, 0.0], &format!(r#"{{"session": "{id}", "time": {time}}}"#))
    };
    add(
        &c,
        vec![
            on("a", r#""2023-05-08T13:56:00Z""#, "It rains."),
            on("b", r#""2023-06-09""#, "It rains."),
            on("c", "1683553560000", "下雨了。"),
        ],
    );
    assert_eq!(ids(&by_words(&c, "What about Monday?")), ["a"]);
    assert_eq!(ids(&by_words(&c, "on Friday"))[0], "b");
    assert_eq!(ids(&by_words(&c, "5月8日"))[0], "c");
}

#[test]
fn a_collection_keeps_its_turns() {
    let engine = temporary();
    let c = turns(&engine, "c");
    add(&c, vec![turn(1, 1, "Ann", "hello")]);
    let with = |turns: Option<Turns>| {
        let c = engine.collection("c", CollectionOptions { turns, ..Default::default() }).unwrap();
        c.count(None, false).map_err(|error| error.to_string())
    };
    assert_eq!(with(None), Ok(1));
    assert_eq!(with(Some(Turns::default())), Ok(1));
    let other = Turns { speaker: "role".into(), ..Turns::default() };
    assert!(with(Some(other)).unwrap_err().contains("has turns"));
    let empty = Turns { time: String::new(), ..Turns::default() };
    let options = CollectionOptions { turns: Some(empty), ..CollectionOptions::default() };
    let refused = engine.collection("d", options).unwrap_err();
    assert!(refused.to_string().contains("turns.time"));
}

#[test]
fn a_vector_is_made_of_the_turn_before_and_the_speaker() {
    let models = std::env::var_os("HIPPOCAMP_MODELS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.hippocamp/models"),
        Into::into,
    );
    let folder = models.join("all-MiniLM-L6-v2");
    if !folder.exists() {
        eprintln!("skipped: no model at {} (set HIPPOCAMP_MODELS)", folder.display());
        return;
    }
    let encoder = TextEncoder::load(&folder, &LoadOptions::default()).unwrap();
    let options =
        StoreOptions { encoder: Some(encoder.clone()), ..StoreOptions::new(Location::Temporary) };
    let engine = Engine::open(options).unwrap();
    let c = turns(&engine, "c");
    let to_encode = |record: NewRecord| NewRecord { vector: None, ..record };
    let record = |id, session, speaker, text| to_encode(turn(id, session, speaker, text));
    let long = "It was a long day, and I am tired of all of it. ".repeat(20);
    add(&c, vec![record(1, 1, "Ann", "Do you like soccer?"), record(2, 1, "Bob", "Very much.")]);
    add(&c, vec![record(3, 2, "Ann", "Hello!")]);
    add(&c, vec![record(4, 1, "Ann", &long), record(5, 1, "Bob", "Sleep!")]);
    add(&c, vec![record(6, 2, "Bob", "Hi.")]);
    // Written again, it is still the second, and what is new comes after the last one.
    upsert(&c, vec![record(2, 1, "Bob", "Not at all."), record(8, 1, "Bob", "Awake?")]);
    let expected = [
        ("r1", "Ann: Do you like soccer?".to_owned()),
        ("r2", "Ann: Do you like soccer?\nBob: Not at all.".to_owned()),
        ("r3", "Ann: Hello!".to_owned()),
        ("r5", {
            let end = &long[long.len() - 300..];
            format!("{}\nBob: Sleep!", end.split_once(' ').unwrap().1)
        }),
        ("r6", "Ann: Hello!\nBob: Hi.".to_owned()),
        ("r8", "Bob: Sleep!\nBob: Awake?".to_owned()),
    ];
    let left_out = |question: &str| {
        let options = SearchOptions { explain: true, ..SearchOptions::default() };
        let hits = c.search(Query::Text(question.into()), &options, &Cancel::new()).unwrap();
        let part = hits[0].explanation.as_ref().unwrap().question.clone().unwrap();
        (part.encoded, part.left_out)
    };
    add(&c, vec![record(7, 3, "小安", "我喜欢足球。")]);
    assert_eq!(left_out("What does Bob like?"), ("What does like?".into(), vec!["Bob".into()]));
    assert_eq!(left_out("小安喜欢什么？"), ("喜欢什么？".into(), vec!["小安".into()]));
    assert_eq!(left_out("小安"), ("小安".into(), vec![]));
    for (id, text) in expected {
        let stored = c.get(&[id.to_owned()], true).unwrap().pop().flatten().unwrap();
        let encoded = encoder
            .encode(vec![text.clone()], &Prompt::None, Priority::Interactive, &Cancel::new())
            .unwrap();
        assert_eq!(stored.vector.unwrap(), encoded.data, "{id}: {text}");
    }
}
