//! STS-B: Spearman's rank correlation between the cosines of sentence pairs and human judgement.

use std::fs;
use std::path::Path;

use hippocamp_encoder::{Encoder, LoadOptions};
use hippocamp_simd::Precision;

use crate::golden::encode_in_parallel;
use crate::places::{E5, MINILM, evaluation, model};

#[test]
fn minilm_reaches_its_correlation_on_english_pairs() {
    assert_correlation(MINILM, "stsb/stsb-en-test.csv", "", 0.8203, 0.0003);
}

#[test]
fn multilingual_e5_reaches_its_correlation_on_chinese_pairs() {
    assert_correlation(E5, "stsb/stsb-zh-test.csv", "query: ", 0.7825, 0.002);
}

fn assert_correlation(name: &str, file: &str, prefix: &str, expected: f64, tolerance: f64) {
    let (Some(folder), Some(file)) = (model(name), evaluation(file)) else { return };
    let options = LoadOptions { precision: Some(Precision::F32), ..LoadOptions::default() };
    let encoder = Encoder::load(&folder, &options).unwrap();
    let correlation = Pairs::read(&file).correlation(&encoder, prefix);
    println!("{name}: Spearman {correlation:.6}");
    assert!(
        (correlation - expected).abs() <= tolerance,
        "{correlation}, expected {expected} within {tolerance}"
    );
}

/// Pairs of sentences and how similar people found them.
pub(crate) struct Pairs {
    pub(crate) left: Vec<String>,
    pub(crate) right: Vec<String>,
    judgement: Vec<f64>,
}

impl Pairs {
    pub(crate) fn read(file: &Path) -> Self {
        let rows = parse_csv(&fs::read_to_string(file).unwrap());
        assert_eq!(rows.len(), 1379);
        let column = |column: usize| rows.iter().map(|row| row[column].clone()).collect();
        let judgement = rows.iter().map(|row| row[2].parse().unwrap()).collect();
        Self { left: column(0), right: column(1), judgement }
    }

    /// Of the cosines with the judgement.
    pub(crate) fn correlation(&self, encoder: &Encoder, prefix: &str) -> f64 {
        let left = encode_in_parallel(encoder, &self.left, prefix);
        let right = encode_in_parallel(encoder, &self.right, prefix);
        let dimension = encoder.dimension();
        let pairs = left.chunks(dimension).zip(right.chunks(dimension));
        let cosines: Vec<f64> = pairs.map(|(a, b)| cosine(a, b)).collect();
        correlation(&ranks(&cosines), &ranks(&self.judgement))
    }
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Ranks, equal values sharing the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for group in order.chunk_by(|a, b| values[*a].total_cmp(&values[*b]).is_eq()) {
        for place in group {
            ranks[*place] = start as f64 + (group.len() - 1) as f64 / 2.0;
        }
        start += group.len();
    }
    ranks
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let covariance = |a: &[f64], ma: f64, b: &[f64], mb: f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum()
    };
    covariance(a, mean_a, b, mean_b)
        / (covariance(a, mean_a, a, mean_a) * covariance(b, mean_b, b, mean_b)).sqrt()
}

/// Comma-separated values with quoted fields (RFC 4180).
fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let (mut row, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => field.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            other => field.push(other),
        }
    }
    if !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

#[test]
fn correlation_of_ranks_follows_the_textbook() {
    assert_eq!(ranks(&[10.0, 30.0, 20.0, 20.0]), [0.0, 3.0, 1.5, 1.5]);
    // Four pairs with one swap: 1 - 6 · 2 / (4 · 15).
    assert!(
        (correlation(&ranks(&[1.0, 2.0, 3.0, 4.0]), &ranks(&[1.0, 3.0, 2.0, 4.0])) - 0.8).abs()
            < 1e-12
    );
    assert_eq!(
        parse_csv("a,\"b, \"\"c\"\"\",1\nd,e,2\n"),
        [["a", "b, \"c\"", "1"], ["d", "e", "2"]]
    );
}
