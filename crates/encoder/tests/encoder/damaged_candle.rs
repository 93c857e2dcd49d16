//! Damaged folders of the architectures that candle runs: nothing reaches candle that was not checked.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::damaged_folders::{Kind, assert_refused, load};
use crate::families::{self, CANDLE};
use crate::model_files::{header_of, with_header, write_json};

/// A family that candle runs, after one change to `config.json`.
fn candle_with(name: &str, field: &str, value: Value) -> TempDir {
    let folder = families::family(name);
    let mut config = families::config(name);
    config[field] = value;
    write_json(folder.path(), "config.json", &config);
    folder
}

#[test]
fn absurd_numbers_never_reach_candle() {
    let counts = [
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "max_position_embeddings",
        "vocab_size",
    ];
    for name in CANDLE {
        for field in counts {
            for value in
                [json!(0), json!(1_u64 << 40), json!(u64::MAX), json!(-1), json!("24"), json!(1.5)]
            {
                let folder = candle_with(name, field, value.clone());
                assert_refused(load(folder.path()), Kind::Invalid, &[field, &value.to_string()]);
            }
        }
        let heads = candle_with(name, "num_attention_heads", json!(5));
        assert_refused(load(heads.path()), Kind::Invalid, &["24", "not a multiple", "5"]);
        let layers = candle_with(name, "num_hidden_layers", json!(1_000_000));
        // Another count of layers than the file names kinds for is refused before.
        let kind = if name == "modernbert" { Kind::Unsupported } else { Kind::Invalid };
        assert_refused(load(layers.path()), kind, &["layer"]);
        for (field, value) in [("hidden_size", 48), ("intermediate_size", 21), ("vocab_size", 21)] {
            let folder = candle_with(name, field, json!(value));
            assert_refused(load(folder.path()), Kind::Invalid, &["shape", "demands"]);
        }
        for epsilon in [json!(0), json!(-1), json!(1e300)] {
            let field = if name == "modernbert" { "norm_eps" } else { "layer_norm_eps" };
            let folder = candle_with(name, field, epsilon);
            assert_refused(load(folder.path()), Kind::Invalid, &[field]);
        }
    }
    for name in ["modernbert", "nomic_bert"] {
        let odd = candle_with(name, "num_attention_heads", json!(8));
        assert_refused(load(odd.path()), Kind::Invalid, &["odd number"]);
        for theta in [json!(0), json!(-1), json!("big"), json!(1e300)] {
            let rotation = json!({"rope_theta": theta, "rope_type": "default"});
            let both = json!({"full_attention": rotation, "sliding_attention": rotation});
            let value = if name == "modernbert" { both } else { rotation };
            let folder = candle_with(name, "rope_parameters", value);
            assert_refused(load(folder.path()), Kind::Invalid, &["rope_theta"]);
        }
    }
}

#[test]
fn what_candle_would_leave_out_is_refused_by_name() {
    let cases = [
        ("modernbert", "attention_bias", json!(true)),
        ("modernbert", "mlp_bias", json!(true)),
        ("modernbert", "norm_bias", json!(true)),
        ("modernbert", "hidden_activation", json!("silu")),
        ("modernbert", "layer_types", json!(vec!["full_attention"; 4])),
        ("modernbert", "global_attn_every_n_layers", json!(2)),
        ("nomic_bert", "hidden_act", json!("gelu")),
        ("nomic_bert", "n_embd", json!(24)),
        ("jina_bert", "feed_forward_type", json!("original")),
        ("jina_bert", "feed_forward_type", json!(null)),
        ("jina_bert", "is_decoder", json!(true)),
    ];
    for (name, field, value) in cases {
        let named = match field {
            "global_attn_every_n_layers" => "layer_types",
            "n_embd" => "qkv_proj_bias",
            field => field,
        };
        let folder = candle_with(name, field, value);
        assert_refused(load(folder.path()), Kind::Unsupported, &[named]);
    }
    for name in ["modernbert", "nomic_bert"] {
        let folder = candle_with(name, "rope_parameters", json!({"rope_type": "yarn"}));
        assert_refused(load(folder.path()), Kind::Unsupported, &["yarn"]);
    }
    let mut config = families::config("jina_bert");
    config["model_type"] = json!("jina_bert");
    config["position_embedding_type"] = json!("absolute");
    let folder = families::family("jina_bert");
    write_json(folder.path(), "config.json", &config);
    assert_refused(load(folder.path()), Kind::Unsupported, &["alibi"]);
}

#[test]
fn every_tensor_that_candle_needs_is_asked_for_by_name() {
    for (name, count) in [("modernbert", 26), ("nomic_bert", 22), ("jina_bert", 34)] {
        let original = families::family(name);
        let (header, data) =
            header_of(&fs::read(original.path().join("model.safetensors")).unwrap());
        let names: Vec<String> = header.as_object().unwrap().keys().cloned().collect();
        let names: Vec<String> = names.into_iter().filter(|name| name != "__metadata__").collect();
        assert_eq!(names.len(), count);
        for tensor in names {
            let folder = families::family(name);
            let mut header = header.clone();
            let fields = header.as_object_mut().unwrap();
            let info = fields.remove(&tensor).unwrap();
            fields.insert("unused".to_owned(), info);
            fs::write(folder.path().join("model.safetensors"), with_header(&header, &data))
                .unwrap();
            assert_refused(load(folder.path()), Kind::Invalid, &[&tensor]);
        }
    }
}
