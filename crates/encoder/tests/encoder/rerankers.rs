//! Rerankers: small models against what torch made of the same weights (`data/make_families.py`), and what is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hippocamp_encoder::{Encoder, Error, LoadOptions, Reranker, RerankerOptions, Scratch, Tokens};
use hippocamp_simd::Level;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::model_files::{Random, Spec, header_of, with_header, write_json};

const FAMILIES: [&str; 5] = ["bert", "roberta", "xlm-roberta", "distilbert", "mpnet"];
/// Allowed difference of a score; logits are up to 10.
const TOLERANCE: f64 = 5e-5;
/// As the script cuts them.
const MAX_TOKENS: usize = 64;

#[derive(Deserialize)]
struct Expected {
    pairs: Vec<(String, String)>,
    tokens: Vec<TypedTokens>,
    logits: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct TypedTokens {
    ids: Vec<u32>,
    types: Vec<u32>,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rerankers")
}

fn expected() -> Expected {
    serde_json::from_slice(&fs::read(data().join("expected.json")).unwrap()).unwrap()
}

fn config(name: &str) -> Value {
    serde_json::from_slice(&fs::read(data().join(name).join("config.json")).unwrap()).unwrap()
}

/// A copy of a family's folder, with the tokenizer in it.
fn family(name: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(data().join(name).join(file), folder.path().join(file)).unwrap();
    }
    fs::copy(data().join("tokenizer.json"), folder.path().join("tokenizer.json")).unwrap();
    folder
}

fn with(name: &str, change: impl FnOnce(&mut Value)) -> TempDir {
    let folder = family(name);
    let mut config = config(name);
    change(&mut config);
    write_json(folder.path(), "config.json", &config);
    folder
}

fn load(folder: &TempDir) -> Result<Reranker, Error> {
    let options = RerankerOptions { max_tokens: Some(MAX_TOKENS), ..RerankerOptions::default() };
    Reranker::load(folder.path(), &options)
}

fn tokens(reranker: &Reranker, query: &str, text: &str) -> Tokens {
    reranker.tokenize(&reranker.query(query).unwrap(), text).unwrap()
}

#[test]
fn every_family_agrees_with_torch() {
    let expected = expected();
    for name in FAMILIES {
        let folder = with(name, |config| {
            config["sentence_transformers"] = json!({"activation_fn": "torch.nn.Identity"});
        });
        for level in Level::all_available() {
            let options = RerankerOptions { max_tokens: Some(MAX_TOKENS), level: Some(level) };
            let reranker = Reranker::load(folder.path(), &options).unwrap();
            for ((query, text), logit) in expected.pairs.iter().zip(&expected.logits[name]) {
                let score = f64::from(reranker.score(query, &[text]).unwrap()[0]);
                let difference = (score - logit).abs();
                assert!(difference <= TOLERANCE, "{name} at {level}: differs by {difference:e}");
            }
        }
    }
}

#[test]
fn pairs_are_the_tokens_and_types_of_the_reference() {
    let expected = expected();
    for name in FAMILIES {
        let reranker = load(&family(name)).unwrap();
        assert_eq!(reranker.max_tokens(), MAX_TOKENS);
        for ((query, text), expected) in expected.pairs.iter().zip(&expected.tokens) {
            let pair = tokens(&reranker, query, text);
            assert_eq!(pair.ids(), expected.ids, "{name}");
            let words = query.split(' ').chain(text.split(' ')).filter(|word| !word.is_empty());
            assert_eq!(pair.is_truncated(), words.count() + 3 > MAX_TOKENS);
            let first_type = expected.types.iter().filter(|kind| **kind == 0).count();
            let typed = if name == "bert" { first_type } else { pair.len() };
            assert_eq!(pair.first_type(), typed, "{name}");
        }
    }
}

#[test]
fn the_activation_is_what_the_configuration_says_or_else_sigmoid() {
    let (pair, logits) = (&expected().pairs[3], expected().logits);
    let score =
        |folder: &TempDir| f64::from(load(folder).unwrap().score(&pair.0, &[&pair.1]).unwrap()[0]);
    let sigmoid = |name: &str| 1.0 / (1.0 + (-logits[name][3]).exp());
    // Stated as sentence-transformers does since version 4, and as it did before.
    for name in ["bert", "roberta"] {
        assert!((score(&family(name)) - logits[name][3]).abs() <= TOLERANCE);
    }
    // Nothing stated.
    for name in ["xlm-roberta", "distilbert", "mpnet"] {
        assert!((score(&family(name)) - sigmoid(name)).abs() <= TOLERANCE);
    }
    let stated = with("bert", |config| {
        config["sentence_transformers"]["activation_fn"] =
            json!("torch.nn.modules.activation.Sigmoid");
    });
    assert!((score(&stated) - sigmoid("bert")).abs() <= TOLERANCE);
    let refused = with("bert", |config| {
        config["sentence_transformers"]["activation_fn"] = json!("torch.nn.modules.Softmax");
    });
    let error = load(&refused).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("Softmax"), "{error}");
}

#[test]
fn a_pair_has_the_same_bits_in_any_batch() {
    let pairs = expected().pairs;
    for name in FAMILIES {
        let folder = family(name);
        for level in Level::all_available() {
            let options = RerankerOptions { level: Some(level), ..RerankerOptions::default() };
            let reranker = Reranker::load(folder.path(), &options).unwrap();
            let all: Vec<Tokens> =
                pairs.iter().map(|(query, text)| tokens(&reranker, query, text)).collect();
            let mut scratch = Scratch::default();
            let mut alone = vec![0.0; all.len()];
            for (pair, score) in all.iter().zip(alone.chunks_mut(1)) {
                reranker.forward(&[pair], &mut scratch, score).unwrap();
            }
            let mut random = Random(9);
            for _ in 0..20 {
                let picks: Vec<usize> =
                    (0..=random.below(9)).map(|_| random.below(all.len())).collect();
                let batch: Vec<&Tokens> = picks.iter().map(|pick| &all[*pick]).collect();
                let mut scores = vec![0.0; batch.len()];
                reranker.forward(&batch, &mut scratch, &mut scores).unwrap();
                for (pick, score) in picks.iter().zip(scores) {
                    assert_eq!(score.to_bits(), alone[*pick].to_bits(), "{name} at {level}");
                }
            }
        }
    }
}

#[test]
fn many_texts_keep_their_order() {
    let reranker = load(&family("xlm-roberta")).unwrap();
    let texts: Vec<String> =
        (0..200).map(|i| format!("cat {}", "learn dog ".repeat(i % 23))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let scores = reranker.score("what is the best way", &texts).unwrap();
    for (text, score) in texts.iter().zip(&scores) {
        assert_eq!(reranker.score("what is the best way", &[text]).unwrap(), [*score]);
    }
    assert_eq!(reranker.score("cat", &[]).unwrap(), Vec::<f32>::new());
}

#[test]
fn roberta_puts_two_special_tokens_between_the_texts() {
    let folder = family("roberta");
    let mut tokenizer: Value =
        serde_json::from_slice(&fs::read(data().join("tokenizer.json")).unwrap()).unwrap();
    tokenizer["post_processor"] = json!({
        "type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0],
        "trim_offsets": true, "add_prefix_space": true
    });
    write_json(folder.path(), "tokenizer.json", &tokenizer);
    let reranker = load(&folder).unwrap();
    let pair = tokens(&reranker, "the cat", "sat");
    assert_eq!(pair.ids(), [0, 4, 5, 2, 2, 6, 2]);
    assert_eq!((pair.first_type(), pair.is_truncated()), (7, false));
}

#[test]
fn models_that_give_no_single_score_are_refused() {
    let refused = |folder: TempDir, parts: &[&str]| {
        let error = load(&folder).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{error}");
        }
    };
    let labels = json!({"0": "no", "1": "maybe", "2": "yes"});
    refused(with("bert", |config| config["id2label"] = labels), &["3 labels", "has 1"]);
    refused(with("bert", |config| config["id2label"] = json!(null)), &["2 labels"]);
    refused(
        with("bert", |config| config["architectures"] = json!(["BertModel"])),
        &["BertModel", "load it as an encoder"],
    );
    let other = with("bert", |config| config["model_type"] = json!("modernbert"));
    refused(other, &["modernbert"].map(|_| "architecture"));
    let mut tokenizer: Value =
        serde_json::from_slice(&fs::read(data().join("tokenizer.json")).unwrap()).unwrap();
    tokenizer["post_processor"]["pair"][1]["Sequence"]["type_id"] = json!(1);
    let folder = family("bert");
    write_json(folder.path(), "tokenizer.json", &tokenizer);
    refused(folder, &["token types"]);
}

#[test]
fn damaged_rerankers_are_refused_with_the_place_of_the_damage() {
    let invalid = |folder: &TempDir, parts: &[&str]| {
        let error = load(folder).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. } | Error::Tokenizer { .. }), "{error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{error}");
        }
    };
    for (name, tensors) in [
        ("bert", ["bert.pooler.dense.weight", "classifier.bias"]),
        ("roberta", ["classifier.dense.bias", "classifier.out_proj.weight"]),
        ("distilbert", ["pre_classifier.weight", "classifier.weight"]),
        ("mpnet", ["classifier.dense.weight", "classifier.out_proj.bias"]),
    ] {
        for tensor in tensors {
            let folder = family(name);
            let file = folder.path().join("model.safetensors");
            let (mut header, data) = header_of(&fs::read(&file).unwrap());
            let fields = header.as_object_mut().unwrap();
            let info = fields.remove(tensor).unwrap();
            fields.insert("unused".to_owned(), info);
            fs::write(file, with_header(&header, &data)).unwrap();
            invalid(&folder, &[tensor]);
        }
    }
    let mut tokenizer: Value =
        serde_json::from_slice(&fs::read(data().join("tokenizer.json")).unwrap()).unwrap();
    let sequence = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
    for pair in [
        json!([sequence("B"), sequence("A")]),
        json!([sequence("A"), sequence("B"), sequence("A")]),
    ] {
        tokenizer["post_processor"]["pair"] = pair;
        let folder = family("bert");
        write_json(folder.path(), "tokenizer.json", &tokenizer);
        invalid(&folder, &["post-processor"]);
    }
    for asked in [0, 3, 4] {
        let options = RerankerOptions { max_tokens: Some(asked), ..RerankerOptions::default() };
        let error = Reranker::load(family("bert").path(), &options).unwrap_err();
        assert!(matches!(error, Error::InvalidOption { option: "max_tokens", .. }), "{error}");
    }
    let options = RerankerOptions { max_tokens: Some(5), ..RerankerOptions::default() };
    let shortest = Reranker::load(family("bert").path(), &options).unwrap();
    assert_eq!(tokens(&shortest, "the cat", "sat on").ids(), [0, 4, 2, 6, 2]);
}

#[test]
fn a_pair_is_no_text_for_an_encoder() {
    let reranker = load(&family("bert")).unwrap();
    let pair = tokens(&reranker, "the cat", "sat");
    let encoder = Encoder::load(family("bert").path(), &LoadOptions::default()).unwrap();
    let mut out = vec![0.0; encoder.dimension()];
    let error = encoder.forward(&[&pair], &mut Scratch::default(), &mut out).unwrap_err();
    assert!(error.to_string().contains("is a pair"), "{error}");
    let error = reranker.forward(&[&pair], &mut Scratch::default(), &mut []).unwrap_err();
    assert!(error.to_string().contains("scores of 1 pairs"), "{error}");
}

#[test]
fn weights_that_are_not_finite_give_an_error_not_a_score() {
    let folder = family("bert");
    let file = folder.path().join("model.safetensors");
    let (header, mut data) = header_of(&fs::read(&file).unwrap());
    let begin = header["classifier.bias"]["data_offsets"][0].as_u64().unwrap() as usize;
    data[begin..begin + 2].copy_from_slice(&half::f16::NAN.to_le_bytes());
    fs::write(&file, with_header(&header, &data)).unwrap();
    let error = load(&folder).unwrap().score("cat", &["mat"]).unwrap_err();
    assert!(matches!(error, Error::NotFinite { text: 0 }), "{error}");
}

#[test]
fn long_texts_are_cut_before_they_are_tokenised_to_the_same_tokens() {
    let spec = Spec::default();
    let folder = family("bert");
    let mut tokenizer = spec.tokenizer();
    tokenizer["post_processor"]["pair"][3]["SpecialToken"]["type_id"] = json!(1);
    write_json(folder.path(), "tokenizer.json", &tokenizer);
    let mut config = config("bert");
    config["vocab_size"] = json!(spec.vocabulary());
    write_json(folder.path(), "config.json", &config);
    let file = folder.path().join("model.safetensors");
    let (mut header, data) = header_of(&fs::read(&file).unwrap());
    let unused = header["bert.embeddings.word_embeddings.weight"].clone();
    // A larger table, behind all others.
    let table = &mut header["bert.embeddings.word_embeddings.weight"];
    let values = spec.vocabulary() * 24;
    let end = data.len() + 2 * values;
    *table = json!({"dtype": "F16", "shape": [spec.vocabulary(), 24], "data_offsets": [data.len(), end]});
    let mut longer = data.clone();
    longer.resize(end, 0);
    // What the smaller one was has to be somebody's.
    header["unused"] = unused;
    fs::write(&file, with_header(&header, &longer)).unwrap();

    let reranker = load(&folder).unwrap();
    let long = "hello world match soccer ".repeat(3000);
    let shorter = "hello world match soccer ".repeat(40);
    for query in ["cat", "the cat sat", &"question ".repeat(30), &"question ".repeat(300)] {
        let (cut, whole) = (tokens(&reranker, query, &long), tokens(&reranker, query, &shorter));
        assert_eq!(cut.ids(), whole.ids());
        assert!(cut.is_truncated() && cut.len() == MAX_TOKENS);
    }
}
