//! An encoder of a few kilobytes: a BERT with made-up weights whose words are `w0` … `w99` and `spoilt`.
//!
//! Any other word is one that its tokenizer fails on, and what is said of `spoilt` is not a number.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

const WORDS: usize = 100;
const HIDDEN: usize = 16;
const INTERMEDIATE: usize = 24;
const POSITIONS: usize = 600;

/// Writes the model to a folder that lives as long as the result.
pub(crate) fn write() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let vocabulary: Map<_, _> = (0..WORDS)
        .map(|word| format!("w{word}"))
        .chain(["spoilt".to_owned()])
        .enumerate()
        .map(|(id, word)| (word, Value::from(id)))
        .collect();
    write_json(
        path,
        "config.json",
        &json!({
            "model_type": "bert", "hidden_size": HIDDEN, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": INTERMEDIATE, "max_position_embeddings": POSITIONS, "vocab_size": WORDS + 1,
            "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-5, "pad_token_id": 0
        }),
    );
    write_json(
        path,
        "tokenizer.json",
        &json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
            "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
            "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "none"}
        }),
    );
    fs::write(path.join("model.safetensors"), weights()).unwrap();
    folder
}

/// A text of so many words, different for any two numbers below 10,000 from two words on.
pub(crate) fn text(number: usize, words: usize) -> String {
    let word = |at: usize| match at {
        0 => number % WORDS,
        1 => number / WORDS % WORDS,
        at => (number * 7 + at * 13) % WORDS,
    };
    (0..words).map(|at| format!("w{}", word(at))).collect::<Vec<_>>().join(" ")
}

fn weights() -> Vec<u8> {
    let mut header = Map::new();
    let mut data = Vec::new();
    let mut add = |name: &str, shape: &[usize], centre: f32| {
        let values = super::values(data.len() as u64 + 1, shape.iter().product());
        let begin = data.len();
        data.extend(values.iter().flat_map(|value| (centre + 0.4 * value).to_le_bytes()));
        let entry = json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert(name.to_owned(), entry);
    };
    // First, so that its rows are where the file begins.
    add("embeddings.word_embeddings.weight", &[WORDS + 1, HIDDEN], 0.0);
    add("embeddings.position_embeddings.weight", &[POSITIONS, HIDDEN], 0.0);
    add("embeddings.token_type_embeddings.weight", &[2, HIDDEN], 0.0);
    add("embeddings.LayerNorm.weight", &[HIDDEN], 1.0);
    add("embeddings.LayerNorm.bias", &[HIDDEN], 0.0);
    for (part, outputs, inputs) in [
        ("attention.self.query", HIDDEN, HIDDEN),
        ("attention.self.key", HIDDEN, HIDDEN),
        ("attention.self.value", HIDDEN, HIDDEN),
        ("attention.output.dense", HIDDEN, HIDDEN),
        ("intermediate.dense", INTERMEDIATE, HIDDEN),
        ("output.dense", HIDDEN, INTERMEDIATE),
    ] {
        add(&format!("encoder.layer.0.{part}.weight"), &[outputs, inputs], 0.0);
        add(&format!("encoder.layer.0.{part}.bias"), &[outputs], 0.0);
    }
    for part in ["attention.output.LayerNorm", "output.LayerNorm"] {
        add(&format!("encoder.layer.0.{part}.weight"), &[HIDDEN], 1.0);
        add(&format!("encoder.layer.0.{part}.bias"), &[HIDDEN], 0.0);
    }
    let spoilt = WORDS * HIDDEN * 4;
    data[spoilt..spoilt + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let header = Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
}

fn write_json(folder: &Path, name: &str, value: &Value) {
    fs::write(folder.join(name), value.to_string()).unwrap();
}
