//! What rounding costs, on real models: the gates that a precision has to pass to be offered.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use hippocamp_encoder::{Encoder, Error, LoadOptions};
use hippocamp_simd::Precision;
use serde_json::Value;

use crate::golden::encode_in_parallel;
use crate::model_files::{Spec, Tensors, write_json};
use crate::places::{E5, MINILM, evaluation, model};
use crate::semantic_similarity::{Pairs, cosine};
use crate::tokenizer_files::word_piece;

fn load(folder: &Path, precision: Option<Precision>) -> Encoder {
    Encoder::load(folder, &LoadOptions { precision, ..LoadOptions::default() }).unwrap()
}

#[test]
fn similarity_of_english_sentences_survives_rounding() {
    assert_similarity(MINILM, "stsb/stsb-en-test.csv", "");
}

#[test]
fn similarity_of_chinese_sentences_survives_rounding() {
    assert_similarity(E5, "stsb/stsb-zh-test.csv", "query: ");
}

fn assert_similarity(name: &str, file: &str, prefix: &str) {
    let (Some(folder), Some(file)) = (model(name), evaluation(file)) else { return };
    let pairs = Pairs::read(&file);
    let exact = load(&folder, Some(Precision::F32));
    let truth = encode_in_parallel(&exact, &pairs.left, prefix);
    let correlation = pairs.correlation(&exact, prefix);
    for (precision, least_cosine, most_drop) in
        [(Precision::Bf16, 0.9998, 0.0005), (Precision::Int8, 0.995, 0.003)]
    {
        let encoder = load(&folder, Some(precision));
        let found = encode_in_parallel(&encoder, &pairs.left, prefix);
        let dimension = encoder.dimension();
        let cosines: Vec<f64> = found
            .chunks(dimension)
            .zip(truth.chunks(dimension))
            .map(|(a, b)| cosine(a, b))
            .collect();
        let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
        let drop = correlation - pairs.correlation(&encoder, prefix);
        println!("{name} {precision}: mean cosine {mean:.6}, Spearman lower by {drop:.5}");
        assert!(mean >= least_cosine, "{precision}: mean cosine {mean}");
        assert!(drop <= most_drop, "{precision}: Spearman lower by {drop}");
    }
}

/// Over all that is relevant to a question, and every fifth of the other documents.
#[test]
fn retrieval_survives_bytes() {
    let (Some(folder), Some(set)) = (model(MINILM), SciFact::read()) else { return };
    let [exact, bytes] =
        [Precision::F32, Precision::Int8].map(|p| set.ndcg(&load(&folder, Some(p))));
    println!("nDCG@10 {exact:.4} in f32, {bytes:.4} in bytes");
    assert!(exact > 0.6, "{exact}");
    assert!(exact - bytes <= 0.004, "{exact} fell to {bytes}");
}

/// Claims, abstracts, and which of these say something of a claim.
struct SciFact {
    documents: Vec<(String, String)>,
    claims: Vec<(String, String)>,
    relevant: BTreeMap<String, BTreeSet<String>>,
}

impl SciFact {
    fn read() -> Option<Self> {
        let mut relevant: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in fs::read_to_string(evaluation("scifact/qrels.tsv")?).unwrap().lines().skip(1) {
            let fields: Vec<&str> = line.split('\t').collect();
            relevant.entry(fields[0].to_owned()).or_default().insert(fields[1].to_owned());
        }
        let wanted: BTreeSet<&String> = relevant.values().flatten().collect();
        let documents = read_texts(&evaluation("scifact/corpus.jsonl")?)
            .into_iter()
            .enumerate()
            .filter(|(place, (id, _))| place % 5 == 0 || wanted.contains(id))
            .map(|(_, document)| document)
            .collect();
        let mut claims = read_texts(&evaluation("scifact/queries.jsonl")?);
        claims.retain(|(id, _)| relevant.contains_key(id));
        assert_eq!(claims.len(), 300);
        Some(Self { documents, claims, relevant })
    }

    /// nDCG@10 (Järvelin and Kekäläinen, 2002), in the mean over the claims.
    fn ndcg(&self, encoder: &Encoder) -> f64 {
        let encode = |texts: &[(String, String)]| {
            let texts: Vec<String> = texts.iter().map(|(_, text)| text.clone()).collect();
            encode_in_parallel(encoder, &texts, "")
        };
        let (rows, questions) = (encode(&self.documents), encode(&self.claims));
        let gain = |place: usize| 1.0 / ((place + 2) as f64).log2();
        let of_claim = |question: &[f32], id: &String| -> f64 {
            let relevant = &self.relevant[id];
            let scores = rows.chunks(encoder.dimension()).map(|row| cosine(question, row));
            let mut ranking: Vec<_> = scores.zip(self.documents.iter().map(|(id, _)| id)).collect();
            ranking.sort_by(|a, b| b.0.total_cmp(&a.0));
            let found =
                ranking.iter().take(10).enumerate().filter(|(_, (_, id))| relevant.contains(*id));
            let ideal: f64 = (0..relevant.len().min(10)).map(gain).sum();
            found.map(|(place, _)| gain(place)).sum::<f64>() / ideal
        };
        let questions = questions.chunks(encoder.dimension()).zip(&self.claims);
        questions.map(|(question, (id, _))| of_claim(question, id)).sum::<f64>()
            / self.claims.len() as f64
    }
}

/// Ids, and titles with texts, of lines of JSON.
fn read_texts(file: &Path) -> Vec<(String, String)> {
    let content = fs::read_to_string(file).unwrap();
    let of_line = |line: &str| {
        let fields: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| fields[name].as_str().unwrap_or_default().to_owned();
        (field("_id"), format!("{} {}", field("title"), field("text")))
    };
    content.lines().map(of_line).collect()
}

#[test]
fn real_models_get_bytes_when_nothing_is_asked_for() {
    for folder in [MINILM, E5].iter().filter_map(|name| model(name)) {
        let (chosen, bytes) = (load(&folder, None), load(&folder, Some(Precision::Int8)));
        assert_eq!(chosen.precision(), Precision::Int8);
        assert_eq!(chosen.fingerprint(), bytes.fingerprint());
        let vector = |encoder: &Encoder| encoder.encode(&["soccer"], "").unwrap();
        assert_eq!(vector(&chosen), vector(&bytes));
    }
}

#[test]
fn precisions_have_fingerprints_of_their_own() {
    let folder = Spec::default().write();
    let fingerprints: BTreeSet<String> = Precision::ALL
        .into_iter()
        .map(|precision| load(folder.path(), Some(precision)).fingerprint().to_owned())
        .collect();
    assert_eq!(fingerprints.len(), 3);
}

/// One huge value takes all the steps that a byte has.
#[test]
fn a_model_that_bytes_would_spoil_gets_a_finer_precision() {
    let plain = Spec { hidden: 64, intermediate: 128, heads: 4, ..Spec::default() };
    assert_eq!(load(plain.write().path(), None).precision(), Precision::Int8);

    let folder = Spec { change: with_an_outlier, ..plain }.write();
    let spoilt = load(folder.path(), None);
    assert_ne!(spoilt.precision(), Precision::Int8);
    let exact = load(folder.path(), Some(Precision::F32)).encode(&["hello world"], "").unwrap();
    assert!(cosine(&spoilt.encode(&["hello world"], "").unwrap(), &exact) > 0.995);
}

/// What cannot be measured is not chosen.
#[test]
fn a_model_whose_tokenizer_refuses_the_probes_stays_exact() {
    let plain = Spec { hidden: 64, intermediate: 128, heads: 4, ..Spec::default() };
    let mut tokenizer = word_piece();
    let words = tokenizer["model"]["vocab"].as_object_mut().unwrap();
    words
        .retain(|word, _| ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "soccer"].contains(&word.as_str()));
    let specials = tokenizer["added_tokens"].as_array_mut().unwrap();
    specials.retain(|special| special["content"] != "[UNK]");
    let folder = plain.write();
    write_json(folder.path(), "tokenizer.json", &tokenizer);
    let encoder = load(folder.path(), None);
    assert!(encoder.encode(&["my favourite sport"], "").is_err());
    assert_eq!(encoder.precision(), Precision::F32);
    let exact = load(folder.path(), Some(Precision::F32));
    assert_eq!(encoder.encode(&["soccer"], "").unwrap(), exact.encode(&["soccer"], "").unwrap());
}

/// Makes one value in the middle of each feed-forward block huge, and leaves it out behind that.
fn with_an_outlier(tensors: &mut Tensors) {
    const PLACE: usize = 7;
    for (name, tensor) in tensors {
        if name.ends_with("intermediate.dense.bias") {
            tensor.values[PLACE] = 3e4;
        } else if name.ends_with("output.dense.weight") && !name.contains("attention") {
            for row in tensor.values.chunks_exact_mut(tensor.shape[1]) {
                row[PLACE] = 0.0;
            }
        }
    }
}

#[test]
fn bytes_are_refused_where_their_sums_could_overflow() {
    let folder = Spec { intermediate: 65_537, layers: 1, ..Spec::default() }.write();
    let options = LoadOptions { precision: Some(Precision::Int8), ..LoadOptions::default() };
    let error = Encoder::load(folder.path(), &options).unwrap_err();
    assert!(matches!(error, Error::InvalidOption { option: "precision", .. }), "{error}");
    assert!(
        error.to_string().contains("this model cannot be had in int8: take bf16 or f32"),
        "{error}"
    );
    assert_ne!(load(folder.path(), None).precision(), Precision::Int8);
}
