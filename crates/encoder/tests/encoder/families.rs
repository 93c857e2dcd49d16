//! Small models of each family against what another runtime made of the same weights: `data/make_families.py`
//! says which.

use std::fs;
use std::path::{Path, PathBuf};

use hippocamp_encoder::{Encoder, LoadOptions, Pooling};
use hippocamp_simd::{Level, Precision};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::small_models::assert_same_bits_in_any_batch;

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

/// The families that candle runs.
pub(crate) const CANDLE: [&str; 3] = ["modernbert", "nomic_bert", "jina_bert"];

/// The configuration of a family.
pub(crate) fn config(name: &str) -> Value {
    serde_json::from_slice(&fs::read(data().join(name).join("config.json")).expect("a file"))
        .expect("JSON")
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

#[test]
fn modernbert_agrees_with_torch_near_and_far() {
    assert_agrees("modernbert");
}

#[test]
fn nomic_bert_agrees_with_torch() {
    assert_agrees("nomic_bert");
}

#[test]
fn jina_bert_agrees_with_torch_at_every_distance() {
    assert_agrees("jina_bert");
}

#[test]
fn what_candle_runs_has_the_same_bits_in_any_batch() {
    let texts = expected().texts;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for name in CANDLE {
        let folder = family(name);
        let encoder = Encoder::load(folder.path(), &LoadOptions::default()).unwrap();
        assert_same_bits_in_any_batch(&encoder, &texts, 8);
    }
}

#[test]
fn what_candle_runs_obeys_the_same_options() {
    for name in CANDLE {
        let folder = family(name);
        let plain = Encoder::load(folder.path(), &LoadOptions::default()).unwrap();
        assert_eq!((plain.dimension(), plain.max_tokens()), (24, 180));
        let options = LoadOptions {
            pooling: Some(Pooling::Cls),
            normalize: Some(true),
            max_tokens: Some(5),
            ..LoadOptions::default()
        };
        let changed = Encoder::load(folder.path(), &options).unwrap();
        assert_ne!(plain.fingerprint(), changed.fingerprint());
        let text = "the cat sat on the mat";
        let tokens = changed.tokenize(text, "").unwrap();
        assert_eq!((tokens.len(), tokens.is_truncated()), (5, true));
        let found = changed.encode(&[text], "").unwrap();
        let norm: f64 = found.iter().map(|x| f64::from(*x).powi(2)).sum();
        assert!((norm - 1.0).abs() < 1e-6);
        // No later token reaches the first one.
        assert_eq!(found, changed.encode(&["the cat sat away"], "").unwrap());
    }
}

#[test]
fn a_long_context_is_cut_to_what_memory_takes_unless_asked_for() {
    for name in CANDLE {
        let folder = family(name);
        let mut config = config(name);
        config["max_position_embeddings"] = 8192.into();
        fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        let max_tokens = |asked| {
            let options = LoadOptions { max_tokens: asked, ..LoadOptions::default() };
            Encoder::load(folder.path(), &options).unwrap().max_tokens()
        };
        assert_eq!(max_tokens(None), 2048);
        assert_eq!(max_tokens(Some(4096)), 4096);
        assert_eq!(max_tokens(Some(10_000)), 8192);
    }
}

/// As nomic-ai/nomic-embed-text-v1.5 writes its `config.json`.
#[test]
fn nomic_bert_reads_the_names_of_its_own_code() {
    let folder = family("nomic_bert");
    let load = || Encoder::load(folder.path(), &LoadOptions::default()).unwrap();
    let native = load();
    let own = serde_json::json!({
        "activation_function": "swiglu", "causal": false, "layer_norm_epsilon": 1e-12,
        "max_trained_positions": 2048, "mlp_fc1_bias": false, "mlp_fc2_bias": false,
        "model_type": "nomic_bert", "n_embd": 24, "n_head": 3, "n_inner": 20, "n_layer": 2,
        "n_positions": 180, "parallel_block": false, "prenorm": false, "qkv_proj_bias": false,
        "rotary_emb_base": 1000, "rotary_emb_fraction": 1.0, "rotary_emb_interleaved": false,
        "rotary_emb_scale_base": null, "rotary_scaling_factor": null, "type_vocab_size": 2,
        "use_rms_norm": false, "vocab_size": 20
    });
    fs::write(folder.path().join("config.json"), own.to_string()).unwrap();
    assert_eq!(load().fingerprint(), native.fingerprint());
}

/// As answerdotai/ModernBERT-base writes its `config.json`.
#[test]
fn modernbert_reads_older_configurations() {
    let folder = family("modernbert");
    let load = || Encoder::load(folder.path(), &LoadOptions::default()).unwrap();
    let newer = load();
    let mut older = config("modernbert");
    let fields = older.as_object_mut().unwrap();
    fields.remove("rope_parameters");
    fields.remove("layer_types");
    fields.insert("global_rope_theta".to_owned(), 160_000.0.into());
    fields.insert("local_rope_theta".to_owned(), 10_000.0.into());
    fs::write(folder.path().join("config.json"), older.to_string()).unwrap();
    assert_eq!(load().fingerprint(), newer.fingerprint());
}
