//! Folders that are missing, half-written, contradictory or hostile: each a typed error that names the value.

use std::fs;
use std::path::Path;

use hippocamp_encoder::{Encoder, Error, LoadOptions};
use hippocamp_simd::Level;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::model_files::{Dense, Spec, header_of, module, with_header, write_json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    NotFound,
    Invalid,
    Unsupported,
    Tokenizer,
    Option,
    Cpu,
}

pub(crate) fn load(folder: &Path) -> Result<Encoder, Error> {
    Encoder::load(folder, &LoadOptions::default())
}

/// Asserts the variant and that the message has all of `parts` in it.
pub(crate) fn assert_refused(result: Result<Encoder, Error>, kind: Kind, parts: &[&str]) {
    let error = result.expect_err("to be refused");
    let found = match &error {
        Error::NotFound { .. } => Kind::NotFound,
        Error::Invalid { .. } => Kind::Invalid,
        Error::Unsupported { .. } => Kind::Unsupported,
        Error::Tokenizer { .. } => Kind::Tokenizer,
        Error::InvalidOption { .. } => Kind::Option,
        Error::Cpu(_) => Kind::Cpu,
        other => panic!("unexpected: {other}"),
    };
    let message = error.to_string();
    assert_eq!(found, kind, "{message}");
    for part in parts {
        assert!(message.contains(part), "\"{message}\" does not mention \"{part}\"");
    }
}

/// A valid model after one change to `config.json`.
fn with_config(field: &str, value: Value) -> TempDir {
    let spec = Spec::default();
    let folder = spec.write();
    let mut config = spec.config();
    config[field] = value;
    write_json(folder.path(), "config.json", &config);
    folder
}

/// A valid model after a change to the header of its weights.
fn with_weights(change: impl FnOnce(&mut Value, &mut Vec<u8>)) -> TempDir {
    changed_weights(&Spec::default(), change)
}

fn changed_weights(spec: &Spec, change: impl FnOnce(&mut Value, &mut Vec<u8>)) -> TempDir {
    let folder = spec.write();
    let file = folder.path().join("model.safetensors");
    let (mut header, mut data) = header_of(&fs::read(&file).unwrap());
    change(&mut header, &mut data);
    fs::write(file, with_header(&header, &data)).unwrap();
    folder
}

fn with_json(name: &str, value: &Value) -> TempDir {
    let folder = Spec::default().write();
    write_json(folder.path(), name, value);
    folder
}

#[test]
fn the_unchanged_folder_is_valid() {
    load(with_config("hidden_size", json!(24)).path()).unwrap();
    load(with_weights(|_, _| {}).path()).unwrap();
}

#[test]
fn a_missing_folder_is_not_found() {
    let parent = tempfile::tempdir().unwrap();
    let missing = parent.path().join("no-such-model");
    assert_refused(load(&missing), Kind::NotFound, &["no-such-model", "check the path"]);
    assert_refused(load(Path::new("")), Kind::NotFound, &[]);
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    assert_refused(load(&file), Kind::Invalid, &["is a file, not a model folder"]);
    assert_refused(load(&file.join("below")), Kind::NotFound, &[]);
}

#[test]
fn a_half_written_folder_names_the_missing_file() {
    assert_refused(
        load(tempfile::tempdir().unwrap().path()),
        Kind::Invalid,
        &["config.json", "is missing"],
    );
    for file in ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"] {
        let folder = Spec::default().write();
        fs::remove_file(folder.path().join(file)).unwrap();
        assert_refused(
            load(folder.path()),
            Kind::Invalid,
            &[file, "is missing", "fetch the model again"],
        );
    }
    let folder = Spec::default().write();
    fs::remove_dir_all(folder.path().join("1_Pooling")).unwrap();
    assert_refused(load(folder.path()), Kind::Invalid, &["1_Pooling", "modules.json names it"]);
}

#[test]
fn files_that_are_folders_are_refused() {
    for file in ["config.json", "tokenizer.json", "model.safetensors", "modules.json"] {
        let folder = Spec::default().write();
        fs::remove_file(folder.path().join(file)).unwrap();
        fs::create_dir(folder.path().join(file)).unwrap();
        assert_refused(load(folder.path()), Kind::Invalid, &[file, "is not a file"]);
    }
}

#[test]
fn files_cut_short_anywhere_are_refused() {
    for file in [
        "config.json",
        "tokenizer.json",
        "model.safetensors",
        "modules.json",
        "1_Pooling/config.json",
    ] {
        let folder = Spec::default().write();
        let path = folder.path().join(file);
        let whole = fs::read(&path).unwrap();
        for length in (0..whole.len()).step_by(1 + whole.len() / 23) {
            fs::write(&path, &whole[..length]).unwrap();
            let error = load(folder.path()).unwrap_err();
            assert!(error.to_string().contains(file), "{error}");
            assert!(matches!(error, Error::Invalid { .. } | Error::Tokenizer { .. }), "{error}");
        }
    }
}

#[test]
fn weights_in_another_form_are_refused_with_the_remedy() {
    let folder = Spec::default().write();
    fs::rename(folder.path().join("model.safetensors"), folder.path().join("pytorch_model.bin"))
        .unwrap();
    assert_refused(
        load(folder.path()),
        Kind::Unsupported,
        &["pytorch_model.bin", "convert the model to model.safetensors"],
    );
}

#[test]
fn other_architectures_are_refused_with_the_list_of_supported_ones() {
    for model_type in ["electra", "qwen3", "t5", ""] {
        let folder = with_config("model_type", json!(model_type));
        let named = format!("\"{model_type}\"");
        let parts = [named.as_str(), "supported are: bert, camembert, distilbert, mpnet"];
        assert_refused(load(folder.path()), Kind::Unsupported, &parts);
    }
    assert_refused(
        load(with_config("model_type", json!(null)).path()),
        Kind::Unsupported,
        &["no model_type"],
    );
    let relative = with_config("position_embedding_type", json!("relative_key"));
    assert_refused(load(relative.path()), Kind::Unsupported, &["relative_key", "absolute"]);
    assert_refused(
        load(with_config("hidden_act", json!("silu")).path()),
        Kind::Unsupported,
        &["silu", "gelu"],
    );
    assert_refused(
        load(with_config("is_decoder", json!(true)).path()),
        Kind::Unsupported,
        &["is_decoder"],
    );
}

#[test]
fn absurd_numbers_in_the_configuration_are_refused() {
    let counts = [
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "max_position_embeddings",
        "vocab_size",
        "type_vocab_size",
    ];
    for field in counts {
        for value in [json!(0), json!(1_000_000_000), json!(u64::MAX)] {
            assert_refused(
                load(with_config(field, value.clone()).path()),
                Kind::Invalid,
                &[field, &value.to_string()],
            );
        }
        for value in [json!(-1), json!(1.5), json!("24"), json!([24]), json!(true)] {
            assert_refused(load(with_config(field, value).path()), Kind::Invalid, &["config.json"]);
        }
    }
    assert_refused(
        load(with_config("num_attention_heads", json!(5)).path()),
        Kind::Invalid,
        &["24", "not a multiple", "5"],
    );
    assert_refused(
        load(with_config("num_hidden_layers", json!(1_000_000)).path()),
        Kind::Invalid,
        &["encoder.layer.2."],
    );
    for epsilon in [json!(0), json!(-1e-5), json!(1e300), json!(1e-300)] {
        assert_refused(
            load(with_config("layer_norm_eps", epsilon).path()),
            Kind::Invalid,
            &["layer_norm_eps"],
        );
    }
    let folder = Spec { model_type: "roberta", ..Spec::default() }.write();
    let mut config = Spec { model_type: "roberta", ..Spec::default() }.config();
    config["pad_token_id"] = json!(u32::MAX);
    write_json(folder.path(), "config.json", &config);
    assert_refused(load(folder.path()), Kind::Invalid, &["no position", "4294967296"]);
    for config in [json!([]), json!(null), json!("bert"), json!({"model_type": "bert"})] {
        assert_refused(
            load(with_json("config.json", &config).path()),
            Kind::Invalid,
            &["config.json"],
        );
    }
}

#[test]
fn absurd_numbers_are_named_as_the_family_names_them() {
    let refused = |model_type: &'static str, field: &str, value: Value, kind: Kind, part: &str| {
        let spec = Spec { model_type, ..Spec::default() };
        let folder = spec.write();
        let mut config = spec.config();
        config[field] = value;
        write_json(folder.path(), "config.json", &config);
        assert_refused(load(folder.path()), kind, &[field, part]);
    };
    for field in ["dim", "n_layers", "n_heads", "hidden_dim", "vocab_size"] {
        for (value, part) in [(json!(0), "is 0"), (json!(1_u64 << 40), "1099511627776")] {
            refused("distilbert", field, value, Kind::Invalid, part);
        }
        refused("distilbert", field, json!(null), Kind::Invalid, "has no");
    }
    refused("distilbert", "n_heads", json!(5), Kind::Invalid, "not a multiple");
    refused("distilbert", "activation", json!("silu"), Kind::Unsupported, "silu");
    let buckets = "relative_attention_num_buckets";
    refused("mpnet", buckets, json!(16), Kind::Unsupported, "supported is: 32");
    refused("mpnet", buckets, json!(-1), Kind::Invalid, "is -1");
    refused("mpnet", "max_position_embeddings", json!(2), Kind::Invalid, "no position");
    refused("roberta", "pad_token_id", json!("one"), Kind::Invalid, "\"one\"");
}

#[test]
fn tensors_that_do_not_fit_the_configuration_are_named_with_both_shapes() {
    let cases = [
        ("hidden_size", json!(48), "embeddings.word_embeddings.weight", "24]"),
        ("intermediate_size", json!(41), "encoder.layer.0.intermediate.dense.weight", "[41, 24]"),
        ("max_position_embeddings", json!(33), "embeddings.position_embeddings.weight", "[33, 24]"),
        ("type_vocab_size", json!(1), "embeddings.token_type_embeddings.weight", "[1, 24]"),
        ("num_hidden_layers", json!(3), "encoder.layer.2.attention.self.query.weight", "[24, 24]"),
    ];
    for (field, value, tensor, shape) in cases {
        assert_refused(
            load(with_config(field, value).path()),
            Kind::Invalid,
            &[tensor, shape, "model.safetensors"],
        );
    }
}

#[test]
fn every_missing_tensor_is_named() {
    for (model_type, others) in [("bert", 5), ("distilbert", 4), ("mpnet", 5)] {
        let spec = Spec { model_type, ..Spec::default() };
        let names: Vec<String> = spec.tensors().into_keys().collect();
        assert_eq!(names.len(), others + 2 * 16);
        for name in names {
            let folder = changed_weights(&spec, |header, _| {
                let fields = header.as_object_mut().unwrap();
                let tensor = fields.remove(&name).unwrap();
                fields.insert("unused".to_owned(), tensor);
            });
            assert_refused(load(folder.path()), Kind::Invalid, &[&name]);
        }
    }
}

#[test]
fn unsupported_types_are_refused_by_name() {
    let name = "encoder.layer.1.output.dense.bias";
    let folder = with_weights(|header, _| {
        header[name]["dtype"] = json!("I32");
    });
    assert_refused(load(folder.path()), Kind::Unsupported, &[name, "I32", "F32, F16 and BF16"]);
    let folder = with_weights(|header, _| {
        header[name]["dtype"] = json!("Q4_K");
    });
    assert_refused(load(folder.path()), Kind::Invalid, &["header"]);
}

#[test]
fn a_header_that_lies_about_its_length_is_refused() {
    let folder = Spec::default().write();
    let file = folder.path().join("model.safetensors");
    let whole = fs::read(&file).unwrap();
    for length in [
        0,
        1,
        7,
        whole.len() as u64,
        25_000_001,
        u64::from(u32::MAX),
        i64::MAX as u64,
        u64::MAX - 7,
        u64::MAX,
    ] {
        let mut bytes = whole.clone();
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        fs::write(&file, bytes).unwrap();
        assert_refused(load(folder.path()), Kind::Invalid, &["model.safetensors", "header"]);
    }
}

#[test]
fn offsets_that_lie_are_refused() {
    let name = "embeddings.position_embeddings.weight";
    let offsets = |begin: u64, end: u64| {
        with_weights(|header, _| {
            header[name]["data_offsets"] = json!([begin, end]);
        })
    };
    let own = {
        let (header, _) =
            header_of(&fs::read(Spec::default().write().path().join("model.safetensors")).unwrap());
        header[name]["data_offsets"].clone()
    };
    let (begin, end) = (own[0].as_u64().unwrap(), own[1].as_u64().unwrap());
    let lies = [
        (begin + 4, end),
        (begin, end + 4),
        (begin, end - 4),
        (begin - 4, end),
        (end, begin),
        (0, end - begin),
        (begin + (1 << 40), end + (1 << 40)),
        (u64::MAX - 3, u64::MAX),
        (begin, u64::MAX),
    ];
    for (begin, end) in lies {
        assert_refused(
            load(offsets(begin, end).path()),
            Kind::Invalid,
            &["model.safetensors", "header"],
        );
    }
    for shape in [
        json!([u64::MAX, 24]),
        json!([1_u64 << 40, 1_u64 << 40]),
        json!([]),
        json!([33, 24]),
        json!([-1]),
        json!("32"),
    ] {
        let folder = with_weights(|header, _| {
            header[name]["shape"] = shape.clone();
        });
        assert_refused(load(folder.path()), Kind::Invalid, &["model.safetensors"]);
    }
}

#[test]
fn bytes_that_no_tensor_owns_are_refused() {
    let folder = with_weights(|_, data| data.extend([0; 4]));
    assert_refused(load(folder.path()), Kind::Invalid, &["bytes follow the header"]);
    let folder = with_weights(|_, data| data.truncate(data.len() - 4));
    assert_refused(load(folder.path()), Kind::Invalid, &["bytes follow the header", "incomplete"]);
}

#[test]
fn modules_that_are_unknown_or_out_of_order_are_refused_by_name() {
    let load_modules = |kinds: &[&str]| {
        let modules = kinds
            .iter()
            .map(|kind| module(if *kind == "Pooling" { "1_Pooling" } else { "" }, kind))
            .collect();
        load(with_json("modules.json", &modules).path())
    };
    assert_refused(
        load_modules(&["Transformer", "Pooling", "WeightedLayerPooling"]),
        Kind::Unsupported,
        &["\"WeightedLayerPooling\"", "Dense"],
    );
    assert_refused(
        load_modules(&["Pooling", "Transformer"]),
        Kind::Unsupported,
        &["module 0 is a Pooling"],
    );
    assert_refused(
        load_modules(&["Transformer", "Pooling", "Pooling"]),
        Kind::Unsupported,
        &["module 2 is a Pooling"],
    );
    assert_refused(load_modules(&["Transformer"]), Kind::Invalid, &["a Transformer and a Pooling"]);
    assert_refused(load_modules(&[]), Kind::Invalid, &["a Transformer and a Pooling"]);
    assert_refused(
        load(with_json("modules.json", &json!({})).path()),
        Kind::Invalid,
        &["modules.json"],
    );
}

#[test]
fn paths_that_leave_the_folder_are_refused() {
    for path in ["../1_Pooling", "1_Pooling/../../x", "/etc", "..", "..\\x", "C:\\x"] {
        let modules = json!([module("", "Transformer"), module(path, "Pooling")]);
        assert_refused(
            load(with_json("modules.json", &modules).path()),
            Kind::Invalid,
            &[path, "leads out of the model folder"],
        );
        let modules = json!([module(path, "Transformer"), module("1_Pooling", "Pooling")]);
        assert_refused(load(with_json("modules.json", &modules).path()), Kind::Invalid, &[path]);
    }
    let folder = Spec { shards: 2, ..Spec::default() }.write();
    let index =
        json!({"weight_map": {"embeddings.word_embeddings.weight": "../model.safetensors"}});
    write_json(folder.path(), "model.safetensors.index.json", &index);
    assert_refused(load(folder.path()), Kind::Invalid, &["../model.safetensors", "leads out"]);
}

#[test]
fn a_missing_shard_is_named() {
    let folder = Spec { shards: 3, ..Spec::default() }.write();
    fs::remove_file(folder.path().join("model-00002-of-00003.safetensors")).unwrap();
    assert_refused(
        load(folder.path()),
        Kind::Invalid,
        &["model-00002-of-00003.safetensors", "is missing"],
    );
}

#[test]
fn pooling_modes_that_are_not_built_are_refused_by_name() {
    let with_pooling =
        |pooling: Value| load(Spec { pooling: Some(pooling), ..Spec::default() }.write().path());
    let flags = json!({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true});
    assert_refused(
        with_pooling(flags),
        Kind::Unsupported,
        &["mean+cls", "supported are: mean, cls, max"],
    );
    let flags = json!({"pooling_mode_mean_tokens": false, "pooling_mode_lasttoken": true});
    assert_refused(with_pooling(flags), Kind::Unsupported, &["lasttoken"]);
    assert_refused(
        with_pooling(json!({"pooling_mode": "weightedmean"})),
        Kind::Unsupported,
        &["weightedmean"],
    );
    assert_refused(with_pooling(json!({"pooling_mode": 3})), Kind::Unsupported, &["\"3\""]);
    assert_refused(
        with_pooling(json!({"pooling_mode_mean_tokens": false})),
        Kind::Invalid,
        &["no pooling mode"],
    );
    let config = json!({"pooling_mode": "mean", "include_prompt": false});
    assert_refused(with_pooling(config), Kind::Unsupported, &["include_prompt"]);
}

#[test]
fn dense_layers_that_do_not_fit_are_refused() {
    let dense = |field: &str, value: Value| {
        let folder = Spec {
            dense: Some(Dense { outputs: 8, bias: true, activation: "Tanh" }),
            ..Spec::default()
        }
        .write();
        let mut config =
            json!({"in_features": 24, "out_features": 8, "activation_function": "torch.nn.Tanh"});
        config[field] = value;
        write_json(folder.path(), "2_Dense/config.json", &config);
        load(folder.path())
    };
    dense("bias", json!(true)).unwrap();
    assert_refused(dense("in_features", json!(25)), Kind::Invalid, &["in_features is 25", "24"]);
    assert_refused(dense("out_features", json!(0)), Kind::Invalid, &["out_features is 0"]);
    assert_refused(
        dense("out_features", json!(1_000_000_000)),
        Kind::Invalid,
        &["out_features is 1000000000"],
    );
    assert_refused(
        dense("out_features", json!(9)),
        Kind::Invalid,
        &["linear.weight", "[8, 24]", "[9, 24]"],
    );
    assert_refused(
        dense("activation_function", json!("torch.nn.SELU")),
        Kind::Unsupported,
        &["torch.nn.SELU"],
    );
    assert_refused(
        dense("module_input_name", json!("token_embeddings")),
        Kind::Unsupported,
        &["token_embeddings"],
    );

    let folder = Spec {
        dense: Some(Dense { outputs: 8, bias: false, activation: "Tanh" }),
        ..Spec::default()
    }
    .write();
    let config = json!({"in_features": 24, "out_features": 8, "bias": true});
    write_json(folder.path(), "2_Dense/config.json", &config);
    assert_refused(load(folder.path()), Kind::Invalid, &["linear.bias"]);
}

#[test]
fn a_tokenizer_that_is_not_one_is_refused() {
    for content in [
        "",
        "not json",
        "[]",
        "{}",
        "null",
        "\u{0}",
        "{\"version\": \"1.0\"}",
        "{\"version\": \"9\", \"model\": {}}",
    ] {
        let folder = Spec::default().write();
        fs::write(folder.path().join("tokenizer.json"), content).unwrap();
        assert_refused(
            load(folder.path()),
            Kind::Tokenizer,
            &["tokenizer.json", "fetch the model again"],
        );
    }
    let folder = Spec::default().write();
    fs::write(folder.path().join("tokenizer.json"), [0xff, 0xfe, 0x00]).unwrap();
    assert_refused(load(folder.path()), Kind::Tokenizer, &["tokenizer.json"]);
    let folder = Spec::default().write();
    fs::write(folder.path().join("tokenizer.json"), "[".repeat(100_000)).unwrap();
    assert_refused(load(folder.path()), Kind::Tokenizer, &["tokenizer.json"]);
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let spec = Spec::default();
    let mut tokenizer = spec.tokenizer();
    let vocabulary = spec.vocabulary();
    tokenizer["model"]["vocab"]["far"] = json!(vocabulary);
    let found = load(with_json("tokenizer.json", &tokenizer).path());
    assert_refused(
        found,
        Kind::Tokenizer,
        &[&vocabulary.to_string(), "vocab_size", "do not belong together"],
    );
    tokenizer["model"]["vocab"]["far"] = json!(vocabulary - 1);
    load(with_json("tokenizer.json", &tokenizer).path()).unwrap();
    tokenizer["model"]["vocab"]["far"] = json!(u32::MAX);
    assert_refused(
        load(with_json("tokenizer.json", &tokenizer).path()),
        Kind::Tokenizer,
        &["4294967295"],
    );

    let mut tokenizer = spec.tokenizer();
    let added = tokenizer["added_tokens"].as_array_mut().unwrap();
    for extra in 0..9 {
        let mut token = added[0].clone();
        token["content"] = json!(format!("<extra{extra}>"));
        added.push(token);
    }
    assert_refused(
        load(with_json("tokenizer.json", &tokenizer).path()),
        Kind::Tokenizer,
        &["do not belong together"],
    );
}

#[test]
fn a_tokenizer_whose_parts_contradict_each_other_never_panics_out() {
    let spec = Spec { model_type: "xlm-roberta", ..Spec::default() };
    let folder = spec.write();
    let mut tokenizer = spec.tokenizer();
    // A trie of one unit that points outside itself.
    tokenizer["normalizer"] =
        json!({"type": "Precompiled", "precompiled_charsmap": "BAAAAP////8="});
    write_json(folder.path(), "tokenizer.json", &tokenizer);
    assert_refused(
        load(folder.path()),
        Kind::Tokenizer,
        &["tokenizer.json", "fetch the model again"],
    );
    // A trie of 4 GB in eight bytes.
    let map = json!({"type": "Precompiled", "precompiled_charsmap": "/P///wAAAAA="});
    tokenizer["normalizer"] = json!({"type": "Sequence", "normalizers": [map]});
    write_json(folder.path(), "tokenizer.json", &tokenizer);
    assert_refused(load(folder.path()), Kind::Tokenizer, &["precompiled_charsmap"]);

    // No token for unknown characters: refused when it is needed.
    let mut tokenizer = Spec::default().tokenizer();
    tokenizer["model"]["unk_token"] = json!("[NONE]");
    let folder = with_json("tokenizer.json", &tokenizer);
    let encoder = load(folder.path()).unwrap();
    encoder.tokenize("hello", "").unwrap();
    let error = encoder.tokenize("Ж", "").unwrap_err();
    assert!(matches!(error, Error::Tokenizer { .. }), "{error}");
    encoder.tokenize("hello", "").unwrap();
}

#[test]
fn a_post_processor_that_loses_or_doubles_the_text_is_refused() {
    for single in [
        json!([{"SpecialToken": {"id": "[CLS]", "type_id": 0}}]),
        json!([{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]),
    ] {
        let mut tokenizer = Spec::default().tokenizer();
        tokenizer["post_processor"]["single"] = single;
        assert_refused(
            load(with_json("tokenizer.json", &tokenizer).path()),
            Kind::Tokenizer,
            &["post-processor"],
        );
    }
    let mut tokenizer = Spec::default().tokenizer();
    tokenizer["post_processor"]["single"][1]["Sequence"]["type_id"] = json!(1);
    assert_refused(
        load(with_json("tokenizer.json", &tokenizer).path()),
        Kind::Unsupported,
        &["token type"],
    );
}

#[test]
fn special_tokens_outside_the_token_table_are_refused() {
    let mut tokenizer = Spec::default().tokenizer();
    tokenizer["post_processor"]["special_tokens"]["[CLS]"]["ids"] = json!([100_000]);
    assert_refused(
        load(with_json("tokenizer.json", &tokenizer).path()),
        Kind::Tokenizer,
        &["100000"],
    );
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let settings = json!({"max_seq_length": 0, "do_lower_case": false});
    assert_refused(
        load(with_json("sentence_bert_config.json", &settings).path()),
        Kind::Invalid,
        &["max_seq_length is 0"],
    );
    let settings = json!({"max_seq_length": "long"});
    assert_refused(
        load(with_json("sentence_bert_config.json", &settings).path()),
        Kind::Invalid,
        &["sentence_bert_config.json"],
    );
    let prompts = json!({"prompts": {"query": "q"}, "default_prompt_name": "document"});
    assert_refused(
        load(with_json("config_sentence_transformers.json", &prompts).path()),
        Kind::Invalid,
        &["\"document\""],
    );
    let prompts = json!({"prompts": ["query"]});
    assert_refused(
        load(with_json("config_sentence_transformers.json", &prompts).path()),
        Kind::Invalid,
        &["config_sentence_transformers.json"],
    );
}

#[test]
fn a_length_that_leaves_no_room_for_a_text_is_refused() {
    let folder = Spec::default().write();
    for asked in [0, 1, 2] {
        let options = LoadOptions { max_tokens: Some(asked), ..LoadOptions::default() };
        let parts = ["max_tokens", "2 special tokens", "at least 3"];
        assert_refused(Encoder::load(folder.path(), &options), Kind::Option, &parts);
    }
    let options = LoadOptions { max_tokens: Some(3), ..LoadOptions::default() };
    assert_eq!(
        Encoder::load(folder.path(), &options).unwrap().tokenize("hello world", "").unwrap().len(),
        3
    );
}

#[test]
fn a_level_that_this_cpu_lacks_is_refused() {
    let folder = Spec::default().write();
    let all = [Level::Scalar, Level::Neon, Level::Avx2, Level::Avx512];
    let absent = all.into_iter().find(|level| !level.is_available()).expect("no CPU has them all");
    let options = LoadOptions { level: Some(absent), ..LoadOptions::default() };
    assert_refused(Encoder::load(folder.path(), &options), Kind::Cpu, &[&absent.to_string()]);
}

#[test]
fn weights_that_are_not_finite_give_an_error_not_a_vector() {
    for value in [f32::NAN, f32::INFINITY] {
        let folder = with_weights(|header, data| {
            let begin = header["encoder.layer.0.output.dense.bias"]["data_offsets"][0]
                .as_u64()
                .unwrap() as usize;
            data[begin..begin + 4].copy_from_slice(&value.to_le_bytes());
        });
        let error = load(folder.path()).unwrap().encode(&["hello"], "").unwrap_err();
        assert!(matches!(error, Error::NotFinite { text: 0 }), "{error}");
    }
}
