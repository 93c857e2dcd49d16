//! all-MiniLM-L6-v2 against vectors that an independent float64 implementation computed from the same weights.
//!
//! `minilm-texts.json` are 200 texts written for this test; `minilm-vectors.f32` are their vectors, rounded once
//! to f32, little-endian, `[200, 384]`.

use std::fs;
use std::path::Path;

use hippocamp_encoder::{Encoder, LoadOptions};
use hippocamp_simd::{Level, Precision};

use crate::places::{E5, MINILM, model};
use crate::small_models::assert_same_bits_in_any_batch;

/// Allowed difference of any value.
const TOLERANCE: f32 = 1e-5;

fn texts() -> Vec<String> {
    serde_json::from_slice(&data("minilm-texts.json")).expect("a list of texts")
}

fn vectors() -> Vec<f32> {
    data("minilm-vectors.f32")
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}

fn data(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name))
        .expect("a file of the repository")
}

/// Encodes on all cores.
pub(crate) fn encode_in_parallel(encoder: &Encoder, texts: &[String], prefix: &str) -> Vec<f32> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let dimension = encoder.dimension();
    let share = texts.len().div_ceil(threads * 8).max(1);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done = std::sync::Mutex::new(vec![0.0; texts.len() * dimension]);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let start = next.fetch_add(share, std::sync::atomic::Ordering::Relaxed);
                    let part: Vec<&str> =
                        texts.iter().skip(start).take(share).map(String::as_str).collect();
                    if part.is_empty() {
                        return;
                    }
                    let vectors = encoder.encode(&part, prefix).expect("encoded");
                    done.lock().expect("not poisoned")[start * dimension..][..vectors.len()]
                        .copy_from_slice(&vectors);
                }
            });
        }
    });
    done.into_inner().expect("not poisoned")
}

#[test]
fn minilm_agrees_with_float64_at_every_level() {
    let Some(folder) = model(MINILM) else { return };
    let (texts, expected) = (texts(), vectors());
    assert_eq!((texts.len(), expected.len()), (200, 200 * 384));
    for level in Level::all_available() {
        let options = LoadOptions {
            level: Some(level),
            precision: Some(Precision::F32),
            ..LoadOptions::default()
        };
        let encoder = Encoder::load(&folder, &options).unwrap();
        let found = encode_in_parallel(&encoder, &texts, "");
        let mut largest = 0.0_f32;
        for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let difference = (found - expected).abs();
            assert!(
                difference <= TOLERANCE,
                "{level}: text {} differs by {difference:e}",
                place / 384
            );
            largest = largest.max(difference);
        }
        println!("{level}: largest difference {largest:e}");
    }
}

#[test]
fn real_models_give_the_same_bits_in_any_batch() {
    let texts = texts();
    let texts: Vec<&str> = texts.iter().step_by(9).map(String::as_str).collect();
    for folder in [MINILM, E5].iter().filter_map(|name| model(name)) {
        for precision in Precision::ALL {
            let options = LoadOptions { precision: Some(precision), ..LoadOptions::default() };
            let encoder = Encoder::load(&folder, &options).unwrap();
            assert_same_bits_in_any_batch(&encoder, &texts, 12);
        }
    }
}

#[test]
fn minilm_is_what_its_folder_says() {
    let Some(folder) = model(MINILM) else { return };
    let encoder = Encoder::load(&folder, &LoadOptions::default()).unwrap();
    assert_eq!((encoder.dimension(), encoder.max_tokens()), (384, 256));
    assert_eq!(encoder.name(), MINILM);
    assert_eq!(encoder.tokenize("hello world", "").unwrap().ids(), [101, 7592, 2088, 102]);
    assert_eq!(encoder.count_tokens("hello world").unwrap(), 2);
}
