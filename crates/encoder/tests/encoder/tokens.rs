//! Text to tokens: what the `tokenizers` crate gives for the whole text is what an encoder must see, whatever is
//! done to save time.

use std::path::Path;

use hippocamp_encoder::{Encoder, LoadOptions};
use serde_json::json;
use tokenizers::{Tokenizer, TruncationParams};

use crate::model_files::{Random, Spec, write_json};
use crate::places::{E5, MINILM, model};

const UNKNOWN: u32 = 1;
const CLS: u32 = 2;
const SEP: u32 = 3;

fn load(folder: &Path) -> Encoder {
    Encoder::load(folder, &LoadOptions::default()).expect("a valid folder")
}

fn small() -> Encoder {
    load(Spec::default().write().path())
}

#[test]
fn empty_texts_and_white_space_are_the_special_tokens_alone() {
    let encoder = small();
    for text in ["", " ", "\t\r\n", "\u{a0}\u{3000}\u{2028}", "\u{1c}\u{1f} "] {
        let tokens = encoder.tokenize(text, "").unwrap();
        assert_eq!((tokens.ids(), tokens.is_truncated()), (&[CLS, SEP][..], false), "{text:?}");
        assert_eq!(encoder.count_tokens(text).unwrap(), 0);
        assert_eq!(encoder.encode(&[text], "").unwrap(), encoder.encode(&[""], "").unwrap());
    }
}

#[test]
fn what_is_not_in_the_vocabulary_is_the_unknown_token() {
    let encoder = small();
    for text in ["Ж", "🙂", "👨‍👩‍👧‍👦", "שלום", "مرحبا", "한", "cat🙂"]
    {
        assert_eq!(encoder.tokenize(text, "").unwrap().ids(), [CLS, UNKNOWN, SEP], "{text}");
    }
}

#[test]
fn nul_and_other_control_characters_are_dropped_by_bert() {
    let encoder = small();
    assert_eq!(
        encoder.tokenize("c\0a\u{7}t\u{fffd}", "").unwrap(),
        encoder.tokenize("cat", "").unwrap()
    );
    assert_eq!(encoder.tokenize("\0", "").unwrap().len(), 2);
}

#[test]
fn cjk_characters_are_tokens_of_their_own() {
    let encoder = small();
    assert_eq!(encoder.tokenize("中文中", "").unwrap(), encoder.tokenize("中 文 中", "").unwrap());
    assert_eq!(encoder.count_tokens("中文中").unwrap(), 3);
}

#[test]
fn truncation_keeps_the_special_tokens_and_is_reported() {
    let encoder = small();
    let tokens = encoder.tokenize(&"cat ".repeat(30), "").unwrap();
    assert_eq!((tokens.len(), tokens.is_truncated()), (32, false));
    let longer = encoder.tokenize(&"cat ".repeat(31), "").unwrap();
    assert_eq!((longer.ids(), longer.is_truncated()), (tokens.ids(), true));
    assert_eq!((tokens.ids()[0], tokens.ids()[31]), (CLS, SEP));
    assert_eq!(encoder.count_tokens(&"cat ".repeat(31)).unwrap(), 31);
}

#[test]
fn truncation_and_padding_of_the_file_do_not_matter() {
    // The small tokenizer's file asks for 5 tokens, padded to 16.
    assert_eq!(small().tokenize("the cat sat on the mat", "").unwrap().len(), 9);
}

#[test]
fn a_prefix_is_part_of_the_text() {
    let encoder = small();
    for (prefix, text) in
        [("question ", "cat"), ("c", "at"), ("", "cat"), ("the cat", ""), (" ", " cat")]
    {
        let whole = format!("{prefix}{text}");
        assert_eq!(encoder.tokenize(text, prefix).unwrap(), encoder.tokenize(&whole, "").unwrap());
    }
}

#[test]
fn white_space_around_a_text_does_not_matter() {
    let encoder = load(Spec { model_type: "xlm-roberta", ..Spec::default() }.write().path());
    let expected = encoder.tokenize("hello world", "").unwrap();
    for text in [" hello world", "hello world \n", "\u{3000}hello world\u{a0}"] {
        assert_eq!(encoder.tokenize(text, "").unwrap(), expected, "{text:?}");
    }
    assert_eq!(encoder.tokenize("hello ", "").unwrap(), encoder.tokenize("", "hello ").unwrap());
}

#[test]
fn lower_case_is_applied_when_the_model_asks_for_it() {
    let spec = Spec { model_type: "xlm-roberta", ..Spec::default() };
    let folder = spec.write();
    let cased = load(folder.path());
    assert_ne!(
        cased.tokenize("HELLO World", "").unwrap(),
        cased.tokenize("hello world", "").unwrap()
    );
    write_json(
        folder.path(),
        "sentence_bert_config.json",
        &json!({"max_seq_length": 20, "do_lower_case": true}),
    );
    let lower = load(folder.path());
    assert_eq!(
        lower.tokenize("HELLO World", "").unwrap(),
        cased.tokenize("hello world", "").unwrap()
    );
    assert_eq!(
        lower.tokenize("World", "HELLO ").unwrap(),
        cased.tokenize("hello world", "").unwrap()
    );
    assert_eq!(
        lower.count_tokens("HELLO World").unwrap(),
        cased.count_tokens("hello world").unwrap()
    );
}

#[test]
fn one_mebibyte_of_anything_is_cut_to_the_longest_text() {
    let units = [
        "a",
        "word ",
        "中",
        "🙂",
        "👨‍👩‍👧‍👦",
        " ",
        "\0",
        "\u{301}",
        "سلام ",
        "!",
        "[SEP]",
        "กำ",
        "🇩🇪",
        "\r\n",
        "한국어",
        "a\u{308} ",
    ];
    for folder in [MINILM, E5].iter().filter_map(|name| model(name)) {
        let encoder = load(&folder);
        for unit in units {
            let text = unit.repeat((1 << 20) / unit.len());
            let tokens = encoder.tokenize(&text, "").unwrap();
            assert!((2..=encoder.max_tokens()).contains(&tokens.len()), "{unit:?}");
            assert_eq!(tokens.is_truncated(), tokens.len() == encoder.max_tokens(), "{unit:?}");
        }
    }
}

#[test]
fn small_tokenizers_give_what_they_give_for_the_whole_text() {
    for model_type in ["bert", "xlm-roberta"] {
        assert_like_the_whole_text(Spec { model_type, ..Spec::default() }.write().path(), 2000);
    }
}

#[test]
fn added_tokens_that_swallow_white_space_give_what_they_give_for_the_whole_text() {
    for (lstrip, rstrip, single_word, normalized) in [
        (true, false, false, false),
        (false, true, true, false),
        (true, true, false, true),
        (false, false, true, true),
    ] {
        let spec = Spec::default();
        let folder = spec.write();
        let mut tokenizer = spec.tokenizer();
        let added = |content: &str| {
            json!({
                "id": 0, "content": content, "special": false, "single_word": single_word,
                "lstrip": lstrip, "rstrip": rstrip, "normalized": normalized
            })
        };
        tokenizer["added_tokens"].as_array_mut().unwrap().extend([
            added("cat"),
            added("w0"),
            added("[SEP]"),
        ]);
        write_json(folder.path(), "tokenizer.json", &tokenizer);
        assert_like_the_whole_text(folder.path(), 700);
    }
}

#[test]
fn byte_level_tokenizers_give_what_they_give_for_the_whole_text() {
    let spec = Spec { model_type: "roberta", ..Spec::default() };
    let folder = spec.write();
    // Every byte as RoBERTa writes it: printable ones as they are, the others shifted up.
    let printable = |byte: &u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let shifted =
        (0..256).filter(|byte| !printable(byte)).zip(256..).map(|(_, character)| character);
    let bytes = (0..256).filter(printable).chain(shifted).filter_map(char::from_u32);
    let mut vocabulary = serde_json::Map::new();
    for token in ["<s>", "<pad>", "</s>", "<unk>"]
        .map(str::to_owned)
        .into_iter()
        .chain(bytes.map(String::from))
    {
        let id = vocabulary.len();
        vocabulary.insert(token, json!(id));
    }
    let mut tokenizer = spec.tokenizer();
    tokenizer["normalizer"] = json!(null);
    tokenizer["pre_tokenizer"] =
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true});
    tokenizer["post_processor"] = json!({
        "type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0],
        "trim_offsets": true, "add_prefix_space": false
    });
    tokenizer["model"] = json!({
        "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": vocabulary, "merges": []
    });
    write_json(folder.path(), "tokenizer.json", &tokenizer);
    let mut config = spec.config();
    config["vocab_size"] = json!(300);
    write_json(folder.path(), "config.json", &config);
    let path = folder.path().join("model.safetensors");
    let mut tensors = spec.tensors();
    let table = tensors.get_mut("embeddings.word_embeddings.weight").unwrap();
    table.shape[0] = 300;
    table.values.resize(300 * spec.hidden, 0.5);
    std::fs::write(path, crate::model_files::safetensors(&tensors, spec.dtype)).unwrap();
    assert_like_the_whole_text(folder.path(), 700);
}

#[test]
fn real_tokenizers_give_what_they_give_for_the_whole_text() {
    for folder in [MINILM, E5].iter().filter_map(|name| model(name)) {
        assert_like_the_whole_text(&folder, 2500);
    }
}

/// Compares ids and truncation with the crate's own on random texts, at a length that makes most of them long.
fn assert_like_the_whole_text(folder: &Path, rounds: u64) {
    const MAX_TOKENS: usize = 9;
    let options = LoadOptions { max_tokens: Some(MAX_TOKENS), ..LoadOptions::default() };
    let encoder = Encoder::load(folder, &options).expect("a valid folder");
    let mut reference = Tokenizer::from_file(folder.join("tokenizer.json")).expect("a tokenizer");
    reference.with_padding(None);
    let texts: Vec<String> = (0..rounds).map(|seed| random_text(&mut Random(seed))).collect();

    let truncation = TruncationParams { max_length: MAX_TOKENS, ..TruncationParams::default() };
    reference.with_truncation(Some(truncation)).expect("a truncation");
    for text in &texts {
        let expected = reference.encode(stripped(text), true).unwrap();
        assert_eq!(encoder.tokenize(text, "").unwrap().ids(), expected.get_ids(), "{text:?}");
    }
    reference.with_truncation(None).expect("no truncation");
    let mut truncated = 0;
    for text in &texts {
        let own = reference.encode(stripped(text), false).unwrap().len();
        assert_eq!(
            encoder.tokenize(text, "").unwrap().is_truncated(),
            own > MAX_TOKENS - 2,
            "{text:?}"
        );
        assert_eq!(encoder.count_tokens(text).unwrap(), own, "{text:?}");
        truncated += u64::from(own > MAX_TOKENS - 2);
    }
    assert!(truncated > rounds / 2, "only {truncated} of {rounds} texts were long");
}

fn stripped(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

/// Words, marks, spaces of all kinds and special tokens, in any order.
fn random_text(random: &mut Random) -> String {
    const PIECES: [&str; 56] = [
        "the",
        "cat",
        "a",
        "b",
        "zz",
        "Hello",
        "WORLD",
        "w0",
        "x1y2",
        "question",
        "soccer",
        "don't",
        "we'll",
        "3.14",
        "can",
        "match",
        " ",
        " ",
        " ",
        " ",
        " ",
        " ",
        " ",
        " ",
        " ",
        "  ",
        "   ",
        "\t",
        "\n",
        "\r\n",
        "\u{a0}",
        "\u{3000}",
        "\u{308}",
        "\u{301}",
        "\u{200d}",
        "\u{600}",
        "\u{0d4e}",
        "\u{feff}",
        "中",
        "文",
        "日本",
        "한국",
        "🙂",
        "👨‍👩‍👧",
        "🇩🇪",
        ".",
        ",",
        "!?",
        "-",
        "▁",
        "[SEP]",
        "[MASK]",
        "</s>",
        "<mask>",
        "é",
        "ﬁ",
    ];
    let count = 20 + random.below(120);
    let plain = random.below(3) == 0;
    (0..count).map(|_| PIECES[random.below(if plain { 25 } else { PIECES.len() })]).collect()
}
