//! Small tokenizers of the two kinds that BERT and XLM-RoBERTa have.

use serde_json::{Value, json};

const WORDS: [&str; 12] = [
    "the", "cat", "sat", "mat", "hello", "world", "question", "answer", "soccer", "match", "中",
    "文",
];

/// BERT's: lower case, single CJK characters, `WordPiece`.
pub(crate) fn word_piece() -> Value {
    let mut tokens: Vec<String> =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(str::to_owned).to_vec();
    tokens.extend(letters().map(String::from));
    tokens.extend(letters().map(|letter| format!("##{letter}")));
    tokens.extend(".,!?-'".chars().map(String::from));
    tokens.extend(WORDS.map(str::to_owned));
    let vocabulary: serde_json::Map<_, _> =
        tokens.iter().enumerate().map(|(id, token)| (token.clone(), Value::from(id))).collect();
    json!({
        "version": "1.0",
        // What the file asks for here must not matter.
        "truncation": {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0},
        "padding": {
            "strategy": {"Fixed": 16}, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"
        },
        "added_tokens": special(&[(0, "[PAD]"), (1, "[UNK]"), (2, "[CLS]"), (3, "[SEP]"), (4, "[MASK]")]),
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": around(("[CLS]", 2), ("[SEP]", 3)),
        "decoder": null,
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary
        }
    })
}

/// XLM-RoBERTa's: a unigram model as `SentencePiece` writes it.
pub(crate) fn unigram() -> Value {
    let mut vocabulary: Vec<Value> =
        ["<s>", "<pad>", "</s>", "<unk>"].map(|token| json!([token, 0.0])).to_vec();
    vocabulary.push(json!(["▁", -3.0]));
    vocabulary.extend(letters().map(|letter| json!([letter.to_string(), -6.0])));
    vocabulary.extend(".,!?-'".chars().map(|mark| json!([mark.to_string(), -6.0])));
    vocabulary.extend(WORDS.iter().map(|word| json!([format!("▁{word}"), -7.0])));
    vocabulary.extend([json!(["中", -8.0]), json!(["文", -8.0])]);
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": special(&[(0, "<s>"), (1, "<pad>"), (2, "</s>"), (3, "<unk>")]),
        "normalizer": {
            "type": "Sequence",
            "normalizers": [{"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]
        },
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
        "post_processor": around(("<s>", 0), ("</s>", 2)),
        "decoder": null,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": vocabulary, "byte_fallback": false}
    })
}

/// How many tokens the vocabulary has.
pub(crate) fn size(tokenizer: &Value) -> usize {
    let vocabulary = &tokenizer["model"]["vocab"];
    vocabulary
        .as_object()
        .map_or_else(|| vocabulary.as_array().expect("a list").len(), serde_json::Map::len)
}

fn letters() -> impl Iterator<Item = char> {
    ('a'..='z').chain('0'..='9')
}

fn special(tokens: &[(u32, &str)]) -> Value {
    let entry = |(id, content): &(u32, &str)| {
        json!({
            "id": id, "content": content, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true
        })
    };
    tokens.iter().map(entry).collect()
}

fn around(before: (&str, u32), behind: (&str, u32)) -> Value {
    let piece = |(token, _): (&str, u32)| json!({"SpecialToken": {"id": token, "type_id": 0}});
    let text = |name: &str, kind: u32| json!({"Sequence": {"id": name, "type_id": kind}});
    let entry = |(token, id): (&str, u32)| json!({"id": token, "ids": [id], "tokens": [token]});
    json!({
        "type": "TemplateProcessing",
        "single": [piece(before), text("A", 0), piece(behind)],
        "pair": [piece(before), text("A", 0), text("B", 1), piece(behind)],
        "special_tokens": {before.0: entry(before), behind.0: entry(behind)}
    })
}
