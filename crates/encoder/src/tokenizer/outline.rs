//! The parts of `tokenizer.json` that are looked at before the `tokenizers` crate gets it.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::Error;

/// Normaliser, pre-tokeniser and added tokens as written; the vocabulary is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Outline {
    #[serde(default)]
    pub(super) normalizer: Value,
    #[serde(default)]
    pub(super) pre_tokenizer: Value,
    #[serde(default)]
    pub(super) added_tokens: Vec<AddedToken>,
    model: ModelOutline,
}

/// A token that is found in the text before anything else is done to it.
#[derive(Debug, Deserialize)]
pub(super) struct AddedToken {
    pub(super) content: String,
}

#[derive(Debug, Deserialize)]
struct ModelOutline {
    dropout: Option<f64>,
}

impl Outline {
    /// # Errors
    /// [`Error::Tokenizer`] when it is not JSON of this shape, or has a character map whose own length is a lie.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let outline: Self = serde_json::from_slice(bytes).map_err(|error| {
            Error::tokenizer(path, format!("is not a tokenizer: {error}; fetch the model again"))
        })?;
        if !maps_are_honest(&outline.normalizer) {
            return Err(Error::tokenizer(
                path,
                "has a damaged precompiled_charsmap: fetch the model again",
            ));
        }
        Ok(outline)
    }

    /// Whether tokenising a word can give this today and that tomorrow.
    pub(super) fn is_random(&self) -> bool {
        self.model.dropout.is_some_and(|dropout| dropout > 0.0)
    }
}

/// A precompiled character map begins with the length of its trie, for which the `tokenizers` crate allocates
/// without looking. Here it is compared with the bytes that are there.
fn maps_are_honest(normalizer: &Value) -> bool {
    match normalizer {
        Value::Object(fields) => fields.iter().all(|(name, value)| match value {
            Value::String(map) if name == "precompiled_charsmap" => is_honest(map),
            other => maps_are_honest(other),
        }),
        Value::Array(values) => values.iter().all(maps_are_honest),
        _ => true,
    }
}

/// `map` is Base64 of `[length: u32 little-endian, trie of that many bytes, strings]`.
fn is_honest(map: &str) -> bool {
    let mut length = 0_u64;
    for (place, character) in map.bytes().take(6).enumerate() {
        let Some(bits) = base64_value(character) else { return false };
        length |= u64::from(bits) << (30 - 6 * place);
    }
    // Six characters hold the 36 bits whose first 32 are the four bytes of the length.
    let trie_bytes = ((length >> 4) as u32).swap_bytes() as usize;
    map.len() > 6 && trie_bytes <= map.len() / 4 * 3
}

fn base64_value(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_honest;

    #[test]
    fn a_character_map_must_hold_the_trie_that_it_announces() {
        // 4, 0, 0, 0, then four bytes of trie.
        assert!(is_honest("BAAAAAEAAAA="));
        // 12 announced, 4 there.
        assert!(!is_honest("DAAAAAEAAAA="));
        assert!(!is_honest("////////"));
        assert!(!is_honest(""));
        assert!(!is_honest("BAA"));
        assert!(!is_honest("BA\u{e9}AAAEAAAA="));
    }
}
