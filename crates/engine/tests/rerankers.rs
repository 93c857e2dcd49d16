//! Rerankers on the worker threads, with the small models of the encoder's tests.

use std::fs;
use std::path::{Path, PathBuf};

use hippocamp_engine::{Cancel, Error, Priority, RerankerOptions, TextReranker};
use tempfile::TempDir;

fn folder() -> TempDir {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../encoder/tests/data/rerankers");
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: PathBuf, name: &str| fs::copy(from, folder.path().join(name)).unwrap();
    copy(data.join("bert/config.json"), "config.json");
    copy(data.join("bert/model.safetensors"), "model.safetensors");
    copy(data.join("tokenizer.json"), "tokenizer.json");
    folder
}

fn texts(count: usize) -> Vec<String> {
    let words = ["the cat sat", "on the mat", "a dog ran away", "the best way to learn"];
    (0..count).map(|i| words[i % 4].repeat(1 + i % 7)).collect()
}

#[test]
fn a_text_has_the_same_score_in_any_batch_and_with_any_priority() {
    let reranker = TextReranker::load(folder().path(), &RerankerOptions::default()).unwrap();
    assert_eq!(reranker.max_tokens(), 180);
    let score = |texts: Vec<String>, priority| {
        reranker.score("what is the best way", texts, priority, &Cancel::default()).unwrap()
    };
    let all = texts(300);
    let scores = score(all.clone(), Priority::Bulk);
    assert_eq!(scores.len(), 300);
    for place in [0, 1, 7, 150, 299] {
        assert_eq!(score(vec![all[place].clone()], Priority::Interactive), [scores[place]]);
    }
    let backwards = score(all.into_iter().rev().collect(), Priority::Bulk);
    assert!(backwards.iter().rev().eq(&scores));
    assert_eq!(score(Vec::new(), Priority::Bulk), Vec::<f32>::new());
}

#[test]
fn texts_above_the_limits_and_cancelled_calls_are_refused() {
    let reranker = TextReranker::load(folder().path(), &RerankerOptions::default()).unwrap();
    let long = "x".repeat((1 << 20) + 1);
    let score = |query: &str, text: &str, cancel: &Cancel| {
        reranker.score(query, vec![text.to_owned()], Priority::Bulk, cancel).unwrap_err()
    };
    let error = score(&long, "cat", &Cancel::default());
    assert_eq!(error.code(), "ERR_LIMIT_EXCEEDED");
    assert!(error.to_string().contains("the query"), "{error}");
    let error = score("cat", &long, &Cancel::default());
    assert!(error.to_string().contains("text 0"), "{error}");
    let cancel = Cancel::default();
    cancel.cancel();
    assert!(matches!(score("cat", "mat", &cancel), Error::Aborted));
}

#[test]
fn an_encoder_is_no_reranker() {
    let folder = folder();
    let config = folder.path().join("config.json");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("BertForSequenceClassification", "BertModel")).unwrap();
    let error = TextReranker::load(folder.path(), &RerankerOptions::default()).err().unwrap();
    assert_eq!(error.code(), "ERR_UNSUPPORTED_MODEL");
}
