//! What a collection with an encoder promises. Needs all-MiniLM-L6-v2; says so and passes without it.

mod support;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use hippocamp_engine::{
    Cancel, CollectionOptions, Engine, LoadOptions, Location, Metric, NewRecord, Priority, Prompt,
    Query, Runtime, SearchOptions, StoreOptions, TextEncoder, WriteMode,
};
use support::*;

fn folder() -> Option<PathBuf> {
    let models = std::env::var_os("HIPPOCAMP_MODELS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.hippocamp/models"),
        PathBuf::from,
    );
    let folder = models.join("all-MiniLM-L6-v2");
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("skipped: no model at {} (set HIPPOCAMP_MODELS)", folder.display());
    None
}

/// The encoder, loaded once for all tests.
fn encoder() -> Option<TextEncoder> {
    static LOADED: Mutex<Option<TextEncoder>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap();
    if loaded.is_none() {
        *loaded = Some(TextEncoder::load(&folder()?, &LoadOptions::default()).unwrap());
    }
    loaded.clone()
}

fn open_with(location: Location, encoder: Option<TextEncoder>) -> Engine {
    Engine::open(StoreOptions { encoder, ..StoreOptions::new(location) }).unwrap()
}

fn text(id: &str, text: &str) -> NewRecord {
    NewRecord { id: Some(id.into()), text: Some(text.into()), ..NewRecord::default() }
}

#[test]
fn text_in_memories_out() {
    let Some(encoder) = encoder() else { return };
    let engine = open_with(Location::Temporary, Some(encoder));
    let c = engine.collection("notes", CollectionOptions::default()).unwrap();
    add(
        &c,
        vec![
            text("sport", "My favourite sport is soccer."),
            text("food", "I had ramen for lunch today."),
            text("work", "The quarterly report is due on Friday."),
        ],
    );
    let ask = |question: &str| {
        let query = Query::Text(question.into());
        c.search(query, &SearchOptions { k: 1, ..SearchOptions::default() }, &Cancel::new())
            .unwrap()
    };
    assert_eq!(ids(&ask("Which match should I watch tonight?")), ["sport"]);
    assert_eq!(ids(&ask("What did I eat?")), ["food"]);
    assert_eq!(ids(&ask("Which deadlines do I have?")), ["work"]);
    assert_eq!(engine.collections().unwrap()[0].dimension, 384);
}

#[test]
fn a_text_has_the_same_bits_alone_and_among_many() {
    let Some(encoder) = encoder() else { return };
    let texts: Vec<String> =
        (0..150).map(|i| format!("{i} {}", "number of words 数字 ".repeat(i % 37))).collect();
    let encode = |texts: Vec<String>| {
        encoder.encode(texts, &Prompt::None, Priority::Bulk, &Cancel::new()).unwrap()
    };
    let together = encode(texts.clone());
    assert_eq!((together.count, together.dimension), (150, 384));
    for i in [0, 1, 36, 75, 149] {
        let alone = encode(vec![texts[i].clone()]);
        let row = &together.data[i * 384..(i + 1) * 384];
        assert!(alone.data.iter().zip(row).all(|(a, b)| a.to_bits() == b.to_bits()), "text {i}");
    }
}

#[test]
fn an_aborted_encode_stops() {
    let Some(encoder) = encoder() else { return };
    let cancel = Cancel::new();
    let (send, receive) = mpsc::channel();
    let (running, stop) = (encoder.clone(), cancel.clone());
    Runtime::shared().spawn(Priority::Bulk, move || {
        let texts = vec!["a fairly long sentence that takes a while ".repeat(20); 5_000];
        send.send(running.encode(texts, &Prompt::None, Priority::Bulk, &stop)).unwrap();
    });
    std::thread::sleep(Duration::from_millis(50));
    cancel.cancel();
    assert_eq!(receive.recv().unwrap().unwrap_err().code(), "ERR_ABORTED");
}

#[test]
fn a_collection_refuses_another_encoder_than_its_own() {
    let (Some(encoder), Some(folder)) = (encoder(), folder()) else { return };
    let temporary = tempfile::tempdir().unwrap();
    let path = Location::Path(temporary.path().join("m.db"));
    let engine = open_with(path.clone(), Some(encoder));
    let c = engine.collection("c", CollectionOptions::default()).unwrap();
    add(&c, vec![text("a", "hello")]);
    engine.close().unwrap();

    let shorter = LoadOptions { max_tokens: Some(16), ..LoadOptions::default() };
    let other = TextEncoder::load(&folder, &shorter).unwrap();
    let engine = open_with(path.clone(), Some(other));
    let c = engine.collection("c", CollectionOptions::default()).unwrap();
    let search = |c: &hippocamp_engine::Collection| {
        c.search(Query::Text("hello".into()), &SearchOptions::default(), &Cancel::new())
    };
    assert_eq!(search(&c).unwrap_err().code(), "ERR_COLLECTION_MISMATCH");
    assert_eq!(
        write(&c, vec![text("b", "hi")], WriteMode::Add).unwrap_err().code(),
        "ERR_COLLECTION_MISMATCH"
    );
    assert_eq!(c.get(&["a".into()], false).unwrap()[0].as_ref().unwrap().id, "a");
    engine.close().unwrap();

    let engine = open_with(path, None);
    let c = engine.collection("c", CollectionOptions::default()).unwrap();
    assert_eq!(search(&c).unwrap_err().code(), "ERR_ENCODER_REQUIRED");
    let vector = c.get(&["a".into()], true).unwrap()[0].clone().unwrap().vector.unwrap();
    assert_eq!(ids(&support::search(&c, &vector, 1)), ["a"]);
}

#[test]
fn a_collection_remembers_the_prompt_before_its_texts() {
    let Some(folder) = folder() else { return };
    let with = |prompts: &[(&str, &str)]| {
        let prompts =
            prompts.iter().map(|&(name, prompt)| (name.to_owned(), prompt.to_owned())).collect();
        TextEncoder::load(&folder, &LoadOptions { prompts, ..LoadOptions::default() }).unwrap()
    };
    let temporary = tempfile::tempdir().unwrap();
    let path = Location::Path(temporary.path().join("m.db"));
    let add_one = |encoder: TextEncoder, id: &str| {
        let engine = open_with(path.clone(), Some(encoder));
        let c = engine.collection("c", CollectionOptions::default()).unwrap();
        let result = write(&c, vec![text(id, "hello")], WriteMode::Add);
        engine.close().unwrap();
        result
    };
    add_one(with(&[("passage", "passage: "), ("query", "query: ")]), "a").unwrap();
    let error = add_one(with(&[]), "b").unwrap_err();
    assert_eq!(error.code(), "ERR_COLLECTION_MISMATCH");
    assert!(error.to_string().contains("with document prompt \"passage: \""), "{error}");
    add_one(with(&[("document", "passage: ")]), "c").unwrap();
}

#[test]
fn given_vectors_and_texts_mix_in_one_batch() {
    let Some(encoder) = encoder() else { return };
    let cold = encoder
        .encode(vec!["It is cold.".into()], &Prompt::None, Priority::Bulk, &Cancel::new())
        .unwrap();
    let engine = open_with(Location::Temporary, Some(encoder));
    let options = CollectionOptions { metric: Some(Metric::L2), ..CollectionOptions::default() };
    let c = engine.collection("c", options).unwrap();
    let given =
        NewRecord { vector: Some(cold.data), ..text("given", "the text is about something else") };
    add(&c, vec![text("first", "It is hot."), given, text("last", "Cats sleep a lot.")]);
    let query = Query::Text("It is cold.".into());
    let hits = c.search(query, &SearchOptions::default(), &Cancel::new()).unwrap();
    assert_eq!(ids(&hits), ["given", "first", "last"]);
    assert!(hits[0].distance.unwrap() < 1e-3);
}

#[test]
fn limits_and_prompts_are_checked_before_any_work() {
    let Some(encoder) = encoder() else { return };
    let encode =
        |texts, prompt: Prompt| encoder.encode(texts, &prompt, Priority::Bulk, &Cancel::new());
    let long = "x".repeat((1 << 20) + 1);
    assert_eq!(encode(vec![long], Prompt::None).unwrap_err().code(), "ERR_LIMIT_EXCEEDED");
    let many = vec![String::new(); 100_001];
    assert_eq!(encode(many, Prompt::None).unwrap_err().code(), "ERR_LIMIT_EXCEEDED");
    let named = encode(vec!["a".into()], Prompt::Named("nothing".into()));
    assert_eq!(named.unwrap_err().code(), "ERR_INVALID_ARGUMENT");
    assert_eq!(encode(Vec::new(), Prompt::None).unwrap().count, 0);
}
