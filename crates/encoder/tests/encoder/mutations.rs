//! Random damage to a valid folder: loading and encoding end in a value or a typed error, never in a panic.

use std::fs;
use std::path::Path;

use hippocamp_encoder::{Encoder, Error, LoadOptions};
use hippocamp_simd::Precision;
use proptest::prelude::*;

use crate::families::{self, CANDLE};
use crate::model_files::{Dense, Spec};

const FILES: [&str; 7] = [
    "config.json",
    "modules.json",
    "1_Pooling/config.json",
    "2_Dense/config.json",
    "2_Dense/model.safetensors",
    "sentence_bert_config.json",
    "model.safetensors",
];

#[derive(Clone, Debug)]
enum Damage {
    /// Another byte.
    Set(prop::sample::Index, u8),
    /// One bit.
    Flip(prop::sample::Index, u8),
    /// A piece taken out.
    Remove(prop::sample::Index, usize),
    /// A piece twice.
    Repeat(prop::sample::Index, usize),
    /// A digit, which keeps the JSON valid.
    Digit(prop::sample::Index, u8),
}

impl Damage {
    /// Damages the first `reach` bytes.
    fn apply(&self, bytes: &mut Vec<u8>, reach: usize) {
        let reach = reach.min(bytes.len());
        if reach == 0 {
            return;
        }
        match self {
            Self::Set(place, value) => bytes[place.index(reach)] = *value,
            Self::Flip(place, bit) => bytes[place.index(reach)] ^= 1 << (bit % 8),
            Self::Remove(place, length) => {
                let place = place.index(reach);
                bytes.drain(place..bytes.len().min(place + length));
            }
            Self::Repeat(place, length) => {
                let place = place.index(reach);
                let piece = bytes[place..bytes.len().min(place + length)].to_vec();
                bytes.splice(place..place, piece);
            }
            Self::Digit(place, digit) => {
                let digits: Vec<usize> =
                    (0..reach).filter(|i| bytes[*i].is_ascii_digit()).collect();
                if !digits.is_empty() {
                    bytes[digits[place.index(digits.len())]] = b'0' + digit % 10;
                }
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(place, value)| Damage::Set(place, value)),
        (place(), any::<u8>()).prop_map(|(place, bit)| Damage::Flip(place, bit)),
        (place(), 1_usize..40).prop_map(|(place, length)| Damage::Remove(place, length)),
        (place(), 1_usize..40).prop_map(|(place, length)| Damage::Repeat(place, length)),
        (place(), any::<u8>()).prop_map(|(place, digit)| Damage::Digit(place, digit)),
    ]
}

/// Ok or one of our errors.
fn try_everything(folder: &Path) -> Result<(), Error> {
    // In f32, which needs nothing to compare with: thousands of folders are tried.
    let options = LoadOptions { precision: Some(Precision::F32), ..LoadOptions::default() };
    let encoder = Encoder::load(folder, &options)?;
    encoder.count_tokens("hello world")?;
    let vectors = encoder.encode(&["hello world, 中文 🙂", "", &"cat ".repeat(100)], "")?;
    assert_eq!(vectors.len(), 3 * encoder.dimension());
    assert!(vectors.iter().all(|value| value.is_finite()));
    Ok(())
}

fn spec() -> Spec {
    Spec {
        hidden: 8,
        heads: 2,
        layers: 1,
        intermediate: 8,
        positions: 16,
        max_seq_length: Some(12),
        dense: Some(Dense { outputs: 6, bias: true, activation: "Tanh" }),
        ..Spec::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_folders_give_a_model_or_a_typed_error(
        model_type in prop::sample::select(&["bert", "distilbert", "mpnet"][..]),
        file in prop::sample::select(&FILES[..]),
        damages in prop::collection::vec(damage(), 1..4),
        everywhere in any::<bool>(),
    ) {
        let folder = Spec { model_type, ..spec() }.write();
        let path = folder.path().join(file);
        let mut bytes = fs::read(&path).unwrap();
        // Mostly in the header: the data behind it cannot be wrong in many ways.
        let header = if file.ends_with(".safetensors") && !everywhere { 3000 } else { usize::MAX };
        for damage in &damages {
            damage.apply(&mut bytes, header);
        }
        fs::write(&path, bytes).unwrap();
        let _ = try_everything(folder.path());
    }

    #[test]
    fn damaged_folders_for_candle_give_a_model_or_a_typed_error(
        family in prop::sample::select(&CANDLE[..]),
        file in prop::sample::select(&["config.json", "model.safetensors"][..]),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let folder = families::family(family);
        let path = folder.path().join(file);
        let mut bytes = fs::read(&path).unwrap();
        for damage in &damages {
            damage.apply(&mut bytes, usize::MAX);
        }
        fs::write(&path, bytes).unwrap();
        let _ = try_everything(folder.path());
    }

    #[test]
    fn damaged_tokenizers_give_a_model_or_a_typed_error(
        model_type in prop::sample::select(&["bert", "xlm-roberta"][..]),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let folder = Spec { model_type, ..spec() }.write();
        let path = folder.path().join("tokenizer.json");
        let mut bytes = fs::read(&path).unwrap();
        for damage in &damages {
            damage.apply(&mut bytes, usize::MAX);
        }
        fs::write(&path, bytes).unwrap();
        let _ = try_everything(folder.path());
    }
}
