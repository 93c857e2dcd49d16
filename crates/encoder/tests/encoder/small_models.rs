//! What an encoder does, on models small enough to be computed by the plain forward pass.

use std::collections::BTreeMap;
use std::path::Path;

use hippocamp_encoder::{Encoder, Error, LoadOptions, Pooling, Scratch, Tokens};
use hippocamp_simd::{Level, Precision};
use serde_json::json;

use crate::model_files::{Dense, Dtype, Random, Spec, write_json};
use crate::plain_forward;

const TEXTS: [&str; 8] = [
    "hello world",
    "",
    "The cat sat on the mat.",
    "a",
    "中文 question: which match should I watch?",
    "unknown 🙂 ß Ж signs",
    "soccer match soccer match soccer match soccer match soccer match soccer match soccer match \
     soccer match soccer match soccer match soccer match soccer match soccer match soccer match \
     soccer match soccer match",
    "0123456789",
];

fn load(folder: &Path) -> Encoder {
    Encoder::load(folder, &exact()).expect("a valid folder")
}

/// Rounding would hide mistakes.
fn exact() -> LoadOptions {
    LoadOptions { precision: Some(Precision::F32), ..LoadOptions::default() }
}

fn at(level: Level) -> LoadOptions {
    LoadOptions { level: Some(level), ..exact() }
}

/// Largest difference to the plain forward pass over all texts, at every level of this CPU.
fn largest_difference(spec: &Spec, pooling: &str) -> f64 {
    let folder = spec.write();
    let mut largest = 0.0_f64;
    for level in Level::all_available() {
        let encoder = Encoder::load(folder.path(), &at(level)).expect("a valid folder");
        let vectors = encoder.encode(&TEXTS, "").expect("encoded");
        assert_eq!(vectors.len(), TEXTS.len() * encoder.dimension());
        for (text, vector) in TEXTS.iter().zip(vectors.chunks(encoder.dimension())) {
            let tokens = encoder.tokenize(text, "").expect("tokenised");
            let expected = plain_forward::encode(spec, tokens.ids(), pooling);
            assert_eq!(expected.len(), vector.len());
            for (found, expected) in vector.iter().zip(expected) {
                largest = largest.max((f64::from(*found) - expected).abs());
            }
        }
    }
    largest
}

fn assert_agrees(spec: &Spec, pooling: &str) {
    let difference = largest_difference(spec, pooling);
    assert!(difference <= 1e-5, "differs by {difference:e}: {spec:?}");
}

#[test]
fn bert_agrees_with_the_plain_forward_pass() {
    assert_agrees(&Spec::default(), "mean");
    assert_agrees(
        &Spec { hidden: 64, heads: 2, intermediate: 96, layers: 3, seed: 2, ..Spec::default() },
        "mean",
    );
}

#[test]
fn xlm_roberta_and_roberta_count_positions_from_behind_the_padding() {
    for model_type in ["xlm-roberta", "roberta", "camembert"] {
        assert_agrees(&Spec { model_type, seed: 3, ..Spec::default() }, "mean");
    }
}

#[test]
fn distilbert_and_mpnet_agree_with_the_plain_forward_pass() {
    for model_type in ["distilbert", "mpnet"] {
        assert_agrees(&Spec { model_type, seed: 13, ..Spec::default() }, "mean");
        let spec = Spec { model_type, activation: "relu", hidden: 40, heads: 5, ..Spec::default() };
        assert_agrees(&Spec { positions: 80, seed: 14, ..spec }, "mean");
    }
}

#[test]
fn a_position_table_counts_from_behind_the_padding_that_the_configuration_names() {
    let spec = Spec { model_type: "roberta", ..Spec::default() };
    let max_tokens = |padding: serde_json::Value| {
        let folder = spec.write();
        let mut config = spec.config();
        config["pad_token_id"] = padding;
        write_json(folder.path(), "config.json", &config);
        load(folder.path()).max_tokens()
    };
    assert_eq!(max_tokens(json!(0)), 31);
    assert_eq!(max_tokens(json!(4)), 27);
    assert_eq!(max_tokens(json!(null)), 30);
    let mpnet = Spec { model_type: "mpnet", ..Spec::default() };
    let folder = mpnet.write();
    let mut config = mpnet.config();
    config["pad_token_id"] = json!(0);
    write_json(folder.path(), "config.json", &config);
    assert_eq!(load(folder.path()).max_tokens(), 30);
}

#[test]
fn widths_that_fill_no_vector_register_agree() {
    for (hidden, heads, intermediate) in
        [(1, 1, 1), (3, 3, 5), (10, 2, 17), (35, 5, 33), (36, 1, 31)]
    {
        let spec =
            Spec { hidden, heads, intermediate, normalize: hidden > 1, seed: 4, ..Spec::default() };
        assert_agrees(&spec, "mean");
    }
}

#[test]
fn every_activation_agrees() {
    for activation in ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu"] {
        assert_agrees(&Spec { activation, seed: 5, ..Spec::default() }, "mean");
    }
}

#[test]
fn pooling_is_read_from_flags_and_from_the_mode() {
    for mode in ["mean", "cls", "max"] {
        let flag = match mode {
            "cls" => "pooling_mode_cls_token",
            mode => &format!("pooling_mode_{mode}_tokens"),
        };
        let mut flags = json!({
            "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": false,
            "pooling_mode_max_tokens": false, "pooling_mode_mean_sqrt_len_tokens": false
        });
        flags[flag] = json!(true);
        for pooling in [flags, json!({"pooling_mode": mode}), json!({"pooling_mode": [mode]})] {
            assert_agrees(&Spec { pooling: Some(pooling), seed: 6, ..Spec::default() }, mode);
        }
    }
}

#[test]
fn dense_layers_agree() {
    for (activation, bias) in [("Tanh", true), ("Identity", false), ("ReLU", true), ("GELU", true)]
    {
        let dense = Some(Dense { outputs: 17, bias, activation });
        assert_agrees(
            &Spec { dense, normalize: activation == "Tanh", seed: 7, ..Spec::default() },
            "mean",
        );
    }
    let dense = Some(Dense { outputs: 48, bias: true, activation: "Identity" });
    let folder = Spec { dense, ..Spec::default() }.write();
    assert_eq!(load(folder.path()).dimension(), 48);
}

#[test]
fn half_precision_weights_are_widened_exactly() {
    for dtype in [Dtype::F16, Dtype::Bf16] {
        assert_agrees(&Spec { dtype, seed: 8, ..Spec::default() }, "mean");
    }
}

#[test]
fn shards_prefixes_and_old_names_hold_the_same_model() {
    let plain = Spec { seed: 9, ..Spec::default() };
    let expected = load(plain.write().path());
    let others = [
        Spec { shards: 3, ..plain.clone() },
        Spec { prefix: "bert.", ..plain.clone() },
        Spec { prefix: "model.", shards: 2, ..plain.clone() },
        Spec { old_norm_names: true, prefix: "roberta.", ..plain.clone() },
    ];
    for (model_type, prefix) in [("distilbert", "distilbert."), ("mpnet", "mpnet.")] {
        let plain = Spec { model_type, ..plain.clone() };
        let prefixed = load(Spec { prefix, ..plain.clone() }.write().path());
        assert_eq!(prefixed.fingerprint(), load(plain.write().path()).fingerprint());
    }
    for other in others {
        let found = load(other.write().path());
        assert_eq!(
            found.encode(&TEXTS, "").unwrap(),
            expected.encode(&TEXTS, "").unwrap(),
            "{other:?}"
        );
        if !other.old_norm_names {
            assert_eq!(found.fingerprint(), expected.fingerprint(), "{other:?}");
        }
    }
}

#[test]
fn a_plain_bert_folder_gets_mean_pooling_without_normalisation() {
    assert_agrees(&Spec { pooling: None, normalize: false, seed: 10, ..Spec::default() }, "mean");
}

#[test]
fn options_change_pooling_normalisation_and_length() {
    let spec = Spec { seed: 11, ..Spec::default() };
    let folder = spec.write();
    let options = LoadOptions { pooling: Some(Pooling::Cls), normalize: Some(false), ..exact() };
    let encoder = Encoder::load(folder.path(), &options).unwrap();
    let tokens = encoder.tokenize(TEXTS[2], "").unwrap();
    let expected =
        plain_forward::encode(&Spec { normalize: false, ..spec.clone() }, tokens.ids(), "cls");
    for (found, expected) in encoder.encode(&TEXTS[2..3], "").unwrap().iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-5);
    }

    let short = LoadOptions { max_tokens: Some(4), ..exact() };
    let short = Encoder::load(folder.path(), &short).unwrap();
    assert_eq!(short.max_tokens(), 4);
    let cut = short.tokenize("the cat sat on the mat", "").unwrap();
    assert_eq!((cut.len(), cut.is_truncated()), (4, true));
    let expected = plain_forward::encode(&spec, cut.ids(), "mean");
    for (found, expected) in
        short.encode(&["the cat sat on the mat"], "").unwrap().iter().zip(expected)
    {
        assert!((f64::from(*found) - expected).abs() < 1e-5);
    }
}

#[test]
fn normalisation_can_be_asked_for() {
    let folder = Spec { normalize: false, ..Spec::default() }.write();
    let options = LoadOptions { normalize: Some(true), ..exact() };
    let vector = Encoder::load(folder.path(), &options).unwrap().encode(&["hello"], "").unwrap();
    let norm: f64 = vector.iter().map(|x| f64::from(*x).powi(2)).sum();
    assert!((norm - 1.0).abs() < 1e-6);
}

#[test]
fn the_longest_text_is_the_smallest_of_all_limits() {
    let limit = |spec: Spec, asked: Option<usize>| {
        let options = LoadOptions { max_tokens: asked, ..exact() };
        Encoder::load(spec.write().path(), &options).unwrap().max_tokens()
    };
    assert_eq!(limit(Spec::default(), None), 32);
    assert_eq!(limit(Spec { model_type: "xlm-roberta", ..Spec::default() }, None), 30);
    assert_eq!(limit(Spec { max_seq_length: Some(20), ..Spec::default() }, None), 20);
    assert_eq!(limit(Spec { max_seq_length: Some(20), ..Spec::default() }, Some(9)), 9);
    assert_eq!(limit(Spec { max_seq_length: Some(99), ..Spec::default() }, Some(99)), 32);

    let folder = Spec::default().write();
    write_json(folder.path(), "tokenizer_config.json", &json!({"model_max_length": 16}));
    assert_eq!(load(folder.path()).max_tokens(), 16);
    write_json(folder.path(), "tokenizer_config.json", &json!({"model_max_length": 1e30}));
    assert_eq!(load(folder.path()).max_tokens(), 32);
}

#[test]
fn a_text_as_long_as_the_model_allows_reaches_the_last_position() {
    let spec = Spec { model_type: "xlm-roberta", seed: 12, ..Spec::default() };
    let encoder = load(spec.write().path());
    let text = "a ".repeat(100);
    let tokens = encoder.tokenize(&text, "").unwrap();
    assert_eq!((tokens.len(), tokens.is_truncated()), (30, true));
    let expected = plain_forward::encode(&spec, tokens.ids(), "mean");
    for (found, expected) in encoder.encode(&[&text], "").unwrap().iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-5);
    }
}

#[test]
fn the_same_text_has_the_same_bits_in_any_batch() {
    for model_type in ["bert", "mpnet"] {
        let spec = Spec { model_type, hidden: 48, heads: 4, intermediate: 80, ..Spec::default() };
        let folder = spec.write();
        for level in Level::all_available() {
            let encoder = Encoder::load(folder.path(), &at(level)).unwrap();
            assert_same_bits_in_any_batch(&encoder, &TEXTS, 40);
        }
    }
}

/// Encodes `texts` alone, then in `rounds` random batches, through one scratch.
pub(crate) fn assert_same_bits_in_any_batch(encoder: &Encoder, texts: &[&str], rounds: usize) {
    let tokens: Vec<Tokens> =
        texts.iter().map(|text| encoder.tokenize(text, "").unwrap()).collect();
    let dimension = encoder.dimension();
    let mut scratch = Scratch::default();
    let mut alone = vec![0.0; texts.len() * dimension];
    for (text, vector) in tokens.iter().zip(alone.chunks_mut(dimension)) {
        encoder.forward(&[text], &mut scratch, vector).unwrap();
    }
    let mut random = Random(texts.len() as u64);
    for _ in 0..rounds {
        let picks: Vec<usize> = (0..=random.below(12)).map(|_| random.below(texts.len())).collect();
        let batch: Vec<&Tokens> = picks.iter().map(|pick| &tokens[*pick]).collect();
        let mut vectors = vec![0.0; batch.len() * dimension];
        encoder.forward(&batch, &mut scratch, &mut vectors).unwrap();
        for (pick, vector) in picks.iter().zip(vectors.chunks(dimension)) {
            let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(
                bits(vector),
                bits(&alone[pick * dimension..][..dimension]),
                "text {pick} in {picks:?}"
            );
        }
    }
}

#[test]
fn working_memory_stops_growing_after_the_largest_batch() {
    let folder = Spec {
        dense: Some(Dense { outputs: 60, bias: true, activation: "Tanh" }),
        ..Spec::default()
    }
    .write();
    let encoder = load(folder.path());
    let tokens: Vec<Tokens> =
        TEXTS.iter().map(|text| encoder.tokenize(text, "").unwrap()).collect();
    let batch: Vec<&Tokens> = tokens.iter().collect();
    let mut scratch = Scratch::default();
    let mut out = vec![0.0; batch.len() * encoder.dimension()];
    for _ in 0..2 {
        encoder.forward(&batch, &mut scratch, &mut out).unwrap();
    }
    let bytes = scratch.bytes();
    assert!(bytes > 0);
    for count in (0..=batch.len()).rev().chain(0..=batch.len()) {
        encoder
            .forward(&batch[..count], &mut scratch, &mut out[..count * encoder.dimension()])
            .unwrap();
        assert_eq!(scratch.bytes(), bytes);
    }
}

#[test]
fn more_texts_than_a_micro_batch_holds_keep_their_order() {
    let folder = Spec::default().write();
    let encoder = load(folder.path());
    let texts: Vec<String> =
        (0..300).map(|i| format!("question {i} {}", "the ".repeat(i % 30))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = encoder.encode(&texts, "").unwrap();
    for (text, vector) in texts.iter().zip(vectors.chunks(encoder.dimension())) {
        assert_eq!(encoder.encode(&[text], "").unwrap(), vector);
    }
    assert_eq!(encoder.encode(&[], "").unwrap(), Vec::<f32>::new());
}

#[test]
fn prompts_come_from_the_folder_and_from_the_options() {
    let folder = Spec::default().write();
    let config = json!({
        "prompts": {"query": "question ", "document": "", "old": null, "passage": "p"},
        "default_prompt_name": "query"
    });
    write_json(folder.path(), "config_sentence_transformers.json", &config);
    let prompts = BTreeMap::from([
        ("passage".to_owned(), "answer ".to_owned()),
        ("own".to_owned(), "the ".to_owned()),
    ]);
    let encoder = Encoder::load(folder.path(), &LoadOptions { prompts, ..exact() }).unwrap();
    assert_eq!(encoder.prompt("query").unwrap(), "question ");
    assert_eq!(encoder.prompt("passage").unwrap(), "answer ");
    assert_eq!(
        encoder.prompts().keys().collect::<Vec<_>>(),
        ["document", "own", "passage", "query"]
    );
    assert_eq!(encoder.default_prompt(), Some("query"));
    let error = encoder.prompt("qeury").unwrap_err();
    assert!(matches!(&error, Error::UnknownPrompt { name, .. } if name == "qeury"));
    assert_eq!(
        error.to_string(),
        "the model has no prompt \"qeury\"; it has: document, own, passage, query"
    );

    assert_eq!(
        encoder.encode(&["cat"], encoder.prompt("own").unwrap()).unwrap(),
        encoder.encode(&["the cat"], "").unwrap()
    );
    assert!(load(Spec::default().write().path()).prompt("query").is_err());
}

#[test]
fn the_fingerprint_follows_everything_that_decides_a_vector_and_nothing_else() {
    let spec = Spec::default();
    let folder = spec.write();
    let fingerprint = |options: &LoadOptions| {
        Encoder::load(folder.path(), options).unwrap().fingerprint().to_owned()
    };
    let original = fingerprint(&exact());
    assert_eq!(original.len(), 64);
    assert!(original.bytes().all(|byte| byte.is_ascii_hexdigit()));

    std::fs::write(folder.path().join("README.md"), "# another").unwrap();
    write_json(
        folder.path(),
        "config_sentence_transformers.json",
        &json!({"prompts": {"query": "q"}}),
    );
    assert_eq!(fingerprint(&exact()), original);
    for level in Level::all_available() {
        assert_eq!(fingerprint(&at(level)), original);
    }

    let mut others = vec![
        fingerprint(&LoadOptions { max_tokens: Some(8), ..exact() }),
        fingerprint(&LoadOptions { pooling: Some(Pooling::Max), ..exact() }),
        fingerprint(&LoadOptions { normalize: Some(false), ..exact() }),
        load(Spec { seed: 2, ..spec.clone() }.write().path()).fingerprint().to_owned(),
        load(Spec { activation: "gelu_new", ..spec.clone() }.write().path())
            .fingerprint()
            .to_owned(),
        load(Spec { dtype: Dtype::F16, ..spec.clone() }.write().path()).fingerprint().to_owned(),
        original,
    ];
    write_json(folder.path(), "sentence_bert_config.json", &json!({"do_lower_case": true}));
    others.push(fingerprint(&exact()));
    let count = others.len();
    others.sort();
    others.dedup();
    assert_eq!(others.len(), count);
}

#[test]
fn the_fingerprint_follows_every_weight() {
    let folder = Spec::default().write();
    let file = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&file).unwrap();
    let mut seen = vec![load(folder.path()).fingerprint().to_owned()];
    // The lowest bit of the mantissa of values all over the file.
    for place in (0..8).map(|i| bytes.len() - 4 - 4 * (i * i * 137)) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        std::fs::write(&file, changed).unwrap();
        seen.push(load(folder.path()).fingerprint().to_owned());
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 9);
}

#[test]
fn a_model_is_named_after_its_folder_or_its_place_in_the_hub_cache() {
    let parent = tempfile::tempdir().unwrap();
    let place = |path: &str| {
        let to = parent.path().join(path);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::rename(Spec::default().write().keep(), &to).unwrap();
        load(&to).name().to_owned()
    };
    assert_eq!(place("my-model"), "my-model");
    let hash = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf";
    assert_eq!(place(&format!("models--org--name-of--it/snapshots/{hash}")), "org/name-of--it");
}

#[test]
fn tokens_of_another_encoder_and_wrong_lengths_are_refused() {
    let small = load(Spec { positions: 8, ..Spec::default() }.write().path());
    let large = load(Spec { positions: 64, ..Spec::default() }.write().path());
    let other = load(Spec { model_type: "xlm-roberta", ..Spec::default() }.write().path());
    let mut scratch = Scratch::default();
    let mut out = vec![0.0; small.dimension()];

    let long = large.tokenize(TEXTS[6], "").unwrap();
    let error = small.forward(&[&long], &mut scratch, &mut out).unwrap_err().to_string();
    assert!(error.contains("the encoder takes 8"), "{error}");

    // BERT's vocabulary here is the larger one.
    let foreign = large.tokenize("文", "").unwrap();
    let error = other.forward(&[&foreign], &mut scratch, &mut out).unwrap_err().to_string();
    assert!(error.contains("tokenise it with this encoder"), "{error}");

    let text = small.tokenize("hello", "").unwrap();
    let error = small.forward(&[&text, &text], &mut scratch, &mut out).unwrap_err().to_string();
    assert!(error.contains("24 values were given for 2 vectors of 24 dimensions"), "{error}");
    small.forward(&[&text], &mut scratch, &mut out).unwrap();
    assert_eq!(out, small.encode(&["hello"], "").unwrap());
}

#[test]
fn an_encoder_can_be_shared_between_threads() {
    let folder = Spec::default().write();
    let encoder = load(folder.path());
    let expected = encoder.encode(&TEXTS, "").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(encoder.encode(&TEXTS, "").unwrap(), expected));
        }
    });
}

#[test]
fn a_text_without_tokens_gets_zeros() {
    let spec = Spec { normalize: true, ..Spec::default() };
    let folder = spec.write();
    let mut tokenizer = spec.tokenizer();
    tokenizer["post_processor"] = json!(null);
    write_json(folder.path(), "tokenizer.json", &tokenizer);
    for pooling in [Pooling::Mean, Pooling::Cls, Pooling::Max] {
        let options = LoadOptions { pooling: Some(pooling), ..exact() };
        let encoder = Encoder::load(folder.path(), &options).unwrap();
        let vectors = encoder.encode(&["", "cat", " "], "").unwrap();
        let rows: Vec<&[f32]> = vectors.chunks(encoder.dimension()).collect();
        assert!(rows[0].iter().chain(rows[2]).all(|value| *value == 0.0));
        assert_eq!(rows[1], encoder.encode(&["cat"], "").unwrap());
        assert!(rows[1].iter().any(|value| *value != 0.0));
    }
}

#[test]

fn fingerprints_of_earlier_versions_stay() {
    let dense = Some(Dense { outputs: 17, bias: true, activation: "Tanh" });
    for (spec, expected) in [
        (Spec::default(), "10cf03c7bc1e506ccae1a7c201e763a2c9fab63e7987217055b29bfa9f2bc599"),
        (
            Spec { model_type: "xlm-roberta", ..Spec::default() },
            "07995481a12ef72e3766ae4159464557b39e55f1a4d54c7082f043851774828f",
        ),
        (
            Spec { model_type: "roberta", dense, ..Spec::default() },
            "83cf4fd867df459ce8b0f909762d646ec20866577d78068e1b057ef2ad824aec",
        ),
    ] {
        assert_eq!(load(spec.write().path()).fingerprint(), expected, "{spec:?}");
    }
}
