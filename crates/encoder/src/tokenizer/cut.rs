//! Tokenising no more of a long text than the model will look at.
//!
//! A text is cut before a single space that stands between ASCII letters or digits: two before it, one and any
//! ASCII character behind it. The part before the cut is tokenised alone. When that gives more tokens than there
//! is room for, they are the first ones of the whole text; else a part four times as long is tried, and so on, so
//! that the work is at most a third more than tokenising the whole.
//!
//! Why the tokens are the same. Let the text be X + " " + Y. Each step of the tokenizer, from the list in
//! [`Cut::new`], maps X + " " + Y to X' + " " + Y', where X' depends on X alone, still ends with an ASCII letter
//! or digit, and Y' begins with one:
//! - added tokens have no white space in them, before or after normalisation, so none of them reaches over the
//!   space; what an `rstrip` token before it or an `lstrip` token behind it swallows is the space, which no
//!   longer matters;
//! - `BertNormalizer`, `Lowercase`, `StripAccents` and `Nmt` look at one character at a time; Unicode
//!   normal forms never combine across a space that has no mark behind it; `Precompiled` looks at one grapheme
//!   cluster at a time, and the space and the letters next to it are clusters of their own, because their
//!   neighbours, all ASCII, neither extend nor prepend; `Strip` removes nothing next to a letter;
//!   `Replace` is accepted for runs of two or more spaces only, and this space stands alone;
//! - that letters, digits and the space themselves survive is not taken on trust: [`Cut::new`] tries them;
//! - pre-tokenisers split before or around the space: `BertPreTokenizer`, `Whitespace`, `WhitespaceSplit` and
//!   `Metaspace` at every space, `ByteLevel` because no alternative of its expression has a space behind its
//!   first character unless all of it is white space; later members of a sequence see the pieces one by one;
//! - models look up piece by piece, and those that roll dice are left out.
//!
//! For any other tokenizer there is no cut.

use serde_json::Value;
use tokenizers::{NormalizedString, Normalizer};

use crate::Error;

use super::outline::Outline;

/// A first try of this many bytes for each token that there is room for. English has 4 to 5 bytes a token.
const BYTES_PER_TOKEN: usize = 8;
/// How much longer the next try is.
const GROWTH: usize = 4;

/// That texts for a tokenizer may be cut, and how far it is worth looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Tokens that a text may have.
    room: usize,
}

impl Cut {
    /// Nothing when this tokenizer is not of the kinds for which the reasoning above holds.
    pub(super) fn new(
        outline: &Outline,
        tokenizer: &tokenizers::Tokenizer,
        room: usize,
    ) -> Option<Self> {
        let has_no_space = |text: &str| !text.contains(char::is_whitespace);
        let added_tokens_are_words = || {
            let mut contents = outline.added_tokens.iter().map(|token| token.content.as_str());
            contents.all(|content| {
                has_no_space(content)
                    && normalized(tokenizer, content).is_some_and(|text| has_no_space(&text))
            })
        };
        let allowed = !outline.is_random()
            && normalizer_is_local(&outline.normalizer)
            && pre_tokenizer_is_local(&outline.pre_tokenizer)
            && letters_survive(tokenizer)
            && added_tokens_are_words();
        allowed.then_some(Self { room })
    }

    /// The tokens of `text`, or, when they are more than there is room for, at least the first of them, one more
    /// than that.
    pub(super) fn tokens(
        self,
        text: &str,
        tokenize: impl Fn(&str) -> Result<Vec<u32>, Error>,
    ) -> Result<Vec<u32>, Error> {
        let mut length = self.room.saturating_add(1).saturating_mul(BYTES_PER_TOKEN);
        while let Some(part) = cut_at_or_behind(text, length) {
            let tokens = tokenize(part)?;
            if tokens.len() > self.room {
                return Ok(tokens);
            }
            length = part.len().saturating_mul(GROWTH);
        }
        tokenize(text)
    }
}

/// The part of the text before the first good cut at or behind `length` bytes. Nothing when there is none, or
/// too little would be left out to be worth it.
fn cut_at_or_behind(text: &str, length: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let rest = bytes.get(length.checked_sub(2)?..).filter(|rest| rest.len() > length / 2)?;
    let is_letter = u8::is_ascii_alphanumeric;
    let good = |window: &[u8]| match window {
        [a, b, b' ', c, d] => is_letter(a) && is_letter(b) && is_letter(c) && d.is_ascii(),
        _ => false,
    };
    let place = rest.windows(5).position(good)?;
    text.get(..length + place)
}

fn normalizer_is_local(normalizer: &Value) -> bool {
    match kind(normalizer) {
        None => normalizer.is_null(),
        Some(
            "BertNormalizer" | "Lowercase" | "StripAccents" | "Nmt" | "NFC" | "NFD" | "NFKC"
            | "NFKD" | "Precompiled" | "Strip",
        ) => true,
        Some("Replace") => {
            normalizer.pointer("/pattern/Regex").is_some_and(|pattern| pattern == " {2,}")
                && normalizer.get("content").is_some_and(|content| content == " ")
        }
        Some("Sequence") => members(normalizer, "normalizers")
            .is_some_and(|members| members.iter().all(normalizer_is_local)),
        Some(_) => false,
    }
}

fn pre_tokenizer_is_local(pre_tokenizer: &Value) -> bool {
    let is_not_off =
        |field: &str| pre_tokenizer.get(field).is_none_or(|value| value.is_null() || value == true);
    match kind(pre_tokenizer) {
        Some("BertPreTokenizer" | "Whitespace" | "WhitespaceSplit") => true,
        Some("Metaspace") => is_not_off("split"),
        Some("ByteLevel") => is_not_off("use_regex"),
        Some("Sequence") => members(pre_tokenizer, "pretokenizers")
            .and_then(|members| members.first())
            .is_some_and(|first| {
                matches!(kind(first), Some("BertPreTokenizer" | "Whitespace" | "WhitespaceSplit"))
            }),
        _ => false,
    }
}

fn kind(part: &Value) -> Option<&str> {
    part.get("type")?.as_str()
}

fn members<'a>(sequence: &'a Value, name: &str) -> Option<&'a Vec<Value>> {
    sequence.get(name)?.as_array()
}

/// Whether each ASCII letter and digit, with a space and another behind it, is normalised to itself or its lower
/// case, the space staying one space.
fn letters_survive(tokenizer: &tokenizers::Tokenizer) -> bool {
    let mut alphanumeric = (0_u8..128).filter(u8::is_ascii_alphanumeric).map(char::from);
    alphanumeric.all(|c| {
        let text = format!("a{c} {c}a");
        normalized(tokenizer, &text)
            .is_some_and(|normalized| normalized.eq_ignore_ascii_case(&text))
    })
}

fn normalized(tokenizer: &tokenizers::Tokenizer, text: &str) -> Option<String> {
    let mut normalized = NormalizedString::from(text);
    if let Some(normalizer) = tokenizer.get_normalizer() {
        normalizer.normalize(&mut normalized).ok()?;
    }
    Some(normalized.get().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Cut, cut_at_or_behind, normalizer_is_local, pre_tokenizer_is_local};
    use serde_json::json;

    #[test]
    fn cuts_are_before_a_lone_space_between_letters() {
        assert_eq!(cut_at_or_behind("one two three four five", 5), Some("one two"));
        assert_eq!(cut_at_or_behind("one two three four five", 3), Some("one"));
        assert_eq!(cut_at_or_behind("one two three four five", 8), Some("one two three"));
    }

    #[test]
    fn there_is_no_cut_where_a_neighbour_of_the_space_could_matter() {
        for text in [
            "aa, bb",
            "aa  bb",
            "aa \u{308}bb",
            "aa b\u{308}",
            "a\u{e4} bb",
            "aa\tbb",
            "aa -b",
            "a bb",
            "aa",
        ] {
            let padded = format!("{text}{}", "-".repeat(40));
            assert_eq!(cut_at_or_behind(&padded, 2), None, "{text:?}");
        }
        assert_eq!(cut_at_or_behind(&format!("aa bb{}", "-".repeat(40)), 2), Some("aa"));
    }

    #[test]
    fn longer_parts_are_tried_until_there_are_enough_tokens() {
        let text = format!("{}{}", "aa bb-".repeat(100), "cc ".repeat(10_000));
        let tried = std::cell::RefCell::new(Vec::new());
        let tokens = Cut { room: 1 }.tokens(&text, |part| {
            tried.borrow_mut().push(part.len());
            Ok(vec![7; part.matches("cc ").count()])
        });
        assert!(tokens.unwrap().len() > 1);
        let tried = tried.into_inner();
        assert!(tried.len() > 2 && tried.last() < Some(&4000), "{tried:?}");
        assert!(tried.windows(2).all(|pair| pair[1] >= 4 * pair[0]), "{tried:?}");
    }

    #[test]
    fn a_text_that_is_hardly_too_long_is_not_cut() {
        assert_eq!(cut_at_or_behind("aaaa bbbb c", 9), None);
    }

    #[test]
    fn tokenizers_with_steps_that_look_further_are_not_cut() {
        assert!(normalizer_is_local(&json!(null)));
        assert!(normalizer_is_local(
            &json!({"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]})
        ));
        assert!(!normalizer_is_local(&json!({"type": "Prepend", "prepend": "_"})));
        assert!(!normalizer_is_local(
            &json!({"type": "Replace", "pattern": {"String": "a b"}, "content": "c"})
        ));
        assert!(!normalizer_is_local(
            &json!({"type": "Sequence", "normalizers": [{"type": "Unknown"}]})
        ));
        assert!(pre_tokenizer_is_local(&json!({"type": "Metaspace", "replacement": "_"})));
        assert!(!pre_tokenizer_is_local(
            &json!({"type": "Metaspace", "replacement": "_", "split": false})
        ));
        assert!(!pre_tokenizer_is_local(&json!({"type": "ByteLevel", "use_regex": false})));
        assert!(!pre_tokenizer_is_local(&json!(null)));
        assert!(!pre_tokenizer_is_local(
            &json!({"type": "Sequence", "pretokenizers": [{"type": "Digits"}]})
        ));
    }
}
