//! Small models of each family against what another runtime made of the same weights: `data/make_families.py`
//! says which.

use std::fs;
use std::path::{Path, PathBuf};

use hippocamp_encoder::{Encoder, LoadOptions};
use hippocamp_simd::{Level, Precision};
use serde::Deserialize;
use tempfile::TempDir;

/// Allowed difference of any value; they are of the size of 1.
const TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Expected {
    texts: Vec<String>,
    /// Ids of each text's tokens.
    tokens: Vec<Vec<u32>>,
    /// By family, then text.
    vectors: std::collections::BTreeMap<String, Vec<Vec<f64>>>,
}

fn expected() -> Expected {
    serde_json::from_slice(&fs::read(data().join("expected.json")).expect("of the repository"))
        .expect("as the script writes it")
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/families")
}

/// A copy of a family's folder, with the tokenizer in it.
pub(crate) fn family(name: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in ["config.json", "model.safetensors"] {
        fs::copy(data().join(name).join(file), folder.path().join(file)).expect("copied");
    }
    fs::copy(data().join("tokenizer.json"), folder.path().join("tokenizer.json")).expect("copied");
    folder
}

fn assert_agrees(name: &str) {
    let (expected, folder) = (expected(), family(name));
    for level in Level::all_available() {
        let options = LoadOptions {
            level: Some(level),
            precision: Some(Precision::F32),
            ..LoadOptions::default()
        };
        let encoder = Encoder::load(folder.path(), &options).expect("a valid folder");
        let mut largest = 0.0_f64;
        for ((text, ids), vector) in
            expected.texts.iter().zip(&expected.tokens).zip(&expected.vectors[name])
        {
            assert_eq!(encoder.tokenize(text, "").unwrap().ids(), ids);
            let found = encoder.encode(&[text], "").unwrap();
            assert_eq!(found.len(), vector.len());
            for (found, expected) in found.iter().zip(vector) {
                largest = largest.max((f64::from(*found) - expected).abs());
            }
        }
        assert!(largest <= TOLERANCE, "{name} at {level}: differs by {largest:e}");
    }
}

#[test]
fn bert_agrees_with_torch() {
    assert_agrees("bert");
}

#[test]
fn roberta_without_a_padding_token_in_its_configuration_agrees_with_torch() {
    let config = fs::read_to_string(data().join("roberta/config.json")).unwrap();
    assert!(config.contains("\"pad_token_id\": null"));
    assert_agrees("roberta");
}

#[test]
fn xlm_roberta_agrees_with_torch() {
    assert_agrees("xlm-roberta");
}

#[test]
fn distilbert_agrees_with_torch() {
    assert_agrees("distilbert");
}

#[test]
fn mpnet_agrees_with_torch_at_every_distance() {
    assert_agrees("mpnet");
}
