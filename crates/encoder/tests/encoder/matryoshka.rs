//! Vectors of which only the first values are taken, and prompts of models that are known by their name.

use std::collections::BTreeMap;
use std::fs;

use hippocamp_encoder::{Encoder, Error, LoadOptions};
use serde_json::json;
use tempfile::TempDir;

use crate::families;
use crate::model_files::{Dense, Spec, write_json};

fn load(folder: &TempDir, dimensions: Option<usize>) -> Encoder {
    let options = LoadOptions { dimensions, ..LoadOptions::default() };
    Encoder::load(folder.path(), &options).expect("a valid folder")
}

fn norm(vector: &[f32]) -> f32 {
    vector.iter().map(|value| value * value).sum::<f32>().sqrt()
}

fn assert_close(found: &[f32], expected: impl Iterator<Item = f32>) {
    let mut count = 0;
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{found} and {expected}");
        count += 1;
    }
    assert_eq!(count, found.len());
}

#[test]
fn the_first_values_are_those_of_the_whole_vector_before_normalisation() {
    let texts = ["the cat", "soccer match", ""];
    let dense = Some(Dense { outputs: 17, bias: true, activation: "Tanh" });
    for dense in [None, dense] {
        let raw = Spec { normalize: false, dense: dense.clone(), ..Spec::default() }.write();
        let normalized = Spec { normalize: true, dense, ..Spec::default() }.write();
        let whole = load(&raw, None);
        let all = whole.encode(&texts, "").unwrap();
        for dimensions in [1, 7, 16] {
            let cut = load(&raw, Some(dimensions));
            assert_eq!(cut.dimension(), dimensions);
            let expected =
                all.chunks(whole.dimension()).flat_map(|vector| vector[..dimensions].to_vec());
            assert_close(&cut.encode(&texts, "").unwrap(), expected);

            let vectors = load(&normalized, Some(dimensions)).encode(&texts, "").unwrap();
            for (vector, whole) in vectors.chunks(dimensions).zip(all.chunks(whole.dimension())) {
                let length = norm(&whole[..dimensions]);
                assert_close(vector, whole[..dimensions].iter().map(|value| value / length));
                assert!((norm(vector) - 1.0).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn nomic_bert_is_standardised_before_it_is_cut_as_its_card_says() {
    let folder = families::family("nomic_bert");
    let whole = load(&folder, None).encode(&["the cat sat"], "").unwrap();
    let mean = whole.iter().sum::<f32>() / whole.len() as f32;
    let variance = whole.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / whole.len() as f32;
    let expected = whole.iter().take(5).map(|x| (x - mean) / (variance + 1e-5).sqrt());
    assert_close(&load(&folder, Some(5)).encode(&["the cat sat"], "").unwrap(), expected);
    assert_eq!(load(&folder, Some(24)).encode(&["the cat sat"], "").unwrap(), whole);
}

#[test]
fn the_dimensions_are_part_of_the_fingerprint_unless_they_are_all() {
    let folder = Spec::default().write();
    let fingerprint = |dimensions| load(&folder, dimensions).fingerprint().to_owned();
    assert_eq!(fingerprint(Some(24)), fingerprint(None));
    assert_ne!(fingerprint(Some(23)), fingerprint(None));
    assert_ne!(fingerprint(Some(23)), fingerprint(Some(22)));
}

#[test]
fn dimensions_that_the_model_does_not_have_are_refused() {
    let folder = Spec::default().write();
    for dimensions in [0, 25, usize::MAX] {
        let options = LoadOptions { dimensions: Some(dimensions), ..LoadOptions::default() };
        let error = Encoder::load(folder.path(), &options).unwrap_err();
        assert!(matches!(error, Error::InvalidOption { option: "dimensions", .. }), "{error}");
        assert!(error.to_string().contains("give 1 to 24"), "{error}");
    }
}

/// A small model under a name of its own.
fn named(parent: &TempDir, name: &str) -> std::path::PathBuf {
    let folder = parent.path().join(name);
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    fs::rename(Spec::default().write().keep(), &folder).unwrap();
    folder
}

#[test]
fn known_models_have_the_prompts_of_their_cards_unless_somebody_states_others() {
    let parent = tempfile::tempdir().unwrap();
    let folder = named(&parent, "multilingual-e5-small");
    let load = |prompts: &[(&str, &str)]| {
        let own = |&(name, prompt): &(&str, &str)| (name.to_owned(), prompt.to_owned());
        let prompts: BTreeMap<String, String> = prompts.iter().map(own).collect();
        Encoder::load(&folder, &LoadOptions { prompts, ..LoadOptions::default() }).unwrap()
    };
    let known = load(&[]);
    assert_eq!(known.prompt("query").unwrap(), "query: ");
    assert_eq!(known.prompt("passage").unwrap(), "passage: ");
    assert_eq!(known.default_prompt(), None);
    let own = load(&[("passage", ""), ("own", "x ")]);
    assert_eq!(own.prompt("query").unwrap(), "query: ");
    assert_eq!(own.prompt("passage").unwrap(), "");
    assert_eq!(own.prompt("own").unwrap(), "x ");
    assert_eq!(own.fingerprint(), known.fingerprint());

    // As the folder states nothing, or states its own.
    let config = "config_sentence_transformers.json";
    for nothing in [json!({}), json!({"prompts": {}}), json!({"prompts": {"query": null}})] {
        write_json(&folder, config, &nothing);
        assert_eq!(load(&[]).prompts(), known.prompts());
    }
    write_json(&folder, config, &json!({"prompts": {"query": "Q: "}}));
    let stated = load(&[]);
    assert_eq!(stated.prompt("query").unwrap(), "Q: ");
    assert!(stated.prompt("passage").is_err());
    write_json(&folder, config, &json!({"prompts": {"query": "", "document": ""}}));
    assert_eq!(load(&[]).prompt("query").unwrap(), "");
}

#[test]
fn known_models_are_known_in_the_hub_cache_too() {
    let parent = tempfile::tempdir().unwrap();
    let prompts = |path: &str| {
        let folder = named(&parent, path);
        Encoder::load(&folder, &LoadOptions::default()).unwrap().prompts().clone()
    };
    let chinese = prompts(
        "models--BAAI--bge-small-zh-v1.5/snapshots/7999e1d3359715c523056ef9478215996d62a620",
    );
    assert_eq!(chinese["query"], "为这个句子生成表示以用于检索相关文章：");
    assert_eq!(chinese["passage"], "");
    assert_eq!(prompts("my-model"), BTreeMap::new());
}
