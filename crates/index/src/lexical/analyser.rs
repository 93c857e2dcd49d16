//! From texts to terms.
//!
//! A word becomes its stem in lower case, of normal width and without accents, unless it is a stop word. A run of a script
//! without spaces becomes its characters and its pairs of neighbours, traditional characters as simplified ones.

use std::sync::LazyLock;

use hashbrown::{HashMap, HashSet};
use snowball_stemmers_rs::Stemmer;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::language::Language;
use super::stop;
use super::words::{Piece, pieces};

/// Bytes of a word that are looked at.
const WORD_BYTES: usize = 64;

/// A term where it occurs.
pub(super) struct Token<'a> {
    pub(super) term: &'a str,
    /// Whether it is written with a capital.
    pub(super) capitalised: bool,
    /// Where in the text the word or run begins that it is of.
    pub(super) at: usize,
    /// Room for the term's number, [`UNNUMBERED`] at first, that is kept with the form of the word.
    pub(super) number: Option<&'a mut u32>,
}

pub(super) struct Analyser {
    language: Language,
    stemmer: Option<Stemmer>,
    stop_words: HashSet<&'static str>,
}

impl Analyser {
    pub(super) fn new(language: Language) -> Self {
        let stop_words = if language.is_english() {
            stop::ENGLISH
        } else {
            stop_words::lookup(language.code()).unwrap_or_default()
        };
        Self {
            language,
            stemmer: language.stemmer().map(Stemmer::create),
            stop_words: stop_words.iter().copied().collect(),
        }
    }

    pub(super) fn language(&self) -> Language {
        self.language
    }

    /// Hands over the terms of a text, in their order.
    pub(super) fn terms(&self, text: &str, scratch: &mut Scratch, mut take: impl FnMut(Token<'_>)) {
        pieces(text, |at, piece| match piece {
            Piece::Run(run) => characters(run, at, scratch, &mut take),
            Piece::Word(word) => {
                let capitalised = word.chars().next().is_some_and(char::is_uppercase);
                self.parts_of(word, |part| {
                    if let Some((term, number)) = self.stem(part, scratch) {
                        take(Token { term, capitalised, at, number: Some(number) });
                    }
                });
            }
        });
    }

    /// What stands between its apostrophes: in English they are within words ("don't"), in other languages between them
    /// ("l'eau").
    fn parts_of<'a>(&self, word: &'a str, take: impl FnMut(&'a str)) {
        if self.language.is_english() {
            [word].into_iter().for_each(take);
        } else {
            word.split(['\'', '’']).for_each(take);
        }
    }

    fn stem<'s>(&self, word: &str, scratch: &'s mut Scratch) -> Option<(&'s str, &'s mut u32)> {
        let Scratch { word: plain, stems, .. } = scratch;
        plain.clear();
        lower(word, plain);
        if self.language.is_english() {
            join_apostrophes(plain);
        }
        let mut end = plain.len().min(WORD_BYTES);
        while !plain.is_char_boundary(end) {
            end -= 1;
        }
        plain.truncate(end);
        stems.of(plain, |word| {
            if self.stop_words.contains(word) {
                return None;
            }
            let stem = self.stemmer.as_ref().map_or(word.into(), |stemmer| stemmer.stem(word));
            let folded = if stem.is_ascii() { stem.into_owned() } else { without_accents(&stem) };
            (!folded.is_empty()).then(|| folded.into())
        })
    }
}

/// What is kept from word to word.
#[derive(Default)]
pub(super) struct Scratch {
    word: String,
    run: String,
    stems: Stems,
}

/// What is put where a term has no number yet.
pub(super) const UNNUMBERED: u32 = u32::MAX;

/// The stems of words that were met, each with its number: a language has few words that are many of a text's.
#[derive(Default)]
struct Stems(HashMap<String, Option<(Box<str>, u32)>>);

impl Stems {
    /// Words that are remembered before all are forgotten.
    const MOST: usize = 1 << 17;

    fn of(
        &mut self,
        word: &str,
        stem: impl FnOnce(&str) -> Option<Box<str>>,
    ) -> Option<(&str, &mut u32)> {
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        let new = || stem(word).map(|stem| (stem, UNNUMBERED));
        let known = self.0.entry_ref(word).or_insert_with(new).as_mut();
        known.map(|(stem, number)| (&**stem, number))
    }
}

/// In lower case and of normal width.
fn lower(word: &str, to: &mut String) {
    if word.is_ascii() {
        to.push_str(word);
        to.make_ascii_lowercase();
    } else {
        // Composed again at the end: lower case takes some letters apart.
        let plain = word.nfkc().flat_map(char::to_lowercase);
        to.extend(plain.nfc());
    }
}

fn join_apostrophes(word: &mut String) {
    if word.contains(['\'', '’']) {
        let possessive = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s"));
        if let Some(owner) = possessive.map(str::len) {
            word.truncate(owner);
        }
        word.retain(|c| c != '\'' && c != '’');
    }
}

/// Without the marks on Latin, Greek and Cyrillic letters; in other scripts they are letters by themselves.
fn without_accents(word: &str) -> String {
    let plain = word.chars().filter_map(|c| match c {
        '\u{c0}'..='\u{52f}' | '\u{1e00}'..='\u{1fff}' => {
            let mut base = None;
            decompose_canonical(c, |part| {
                base = base.or((!is_combining_mark(part)).then_some(part));
            });
            base
        }
        _ => Some(c),
    });
    plain.collect()
}

fn characters(run: &str, at: usize, scratch: &mut Scratch, take: &mut impl FnMut(Token<'_>)) {
    let plain = &mut scratch.run;
    plain.clear();
    plain.extend(run.nfkc().map(simplified));
    let mut take = |term| take(Token { term, capitalised: false, at, number: None });
    let mut before = None;
    for (start, c) in plain.char_indices() {
        let end = start + c.len_utf8();
        if let Some(term) = before.and_then(|before| plain.get(before..end)) {
            take(term);
        }
        if let Some(term) = plain.get(start..end) {
            take(term);
        }
        before = Some(start);
    }
}

const FIRST_HAN: char = '\u{3400}';
const LAST_HAN: char = '\u{9fff}';

/// The simplified form of a Chinese character.
fn simplified(c: char) -> char {
    static FORMS: LazyLock<Vec<char>> = LazyLock::new(|| {
        let form =
            |c: char| fast2s::convert(c.encode_utf8(&mut [0; 4])).chars().next().unwrap_or(c);
        (FIRST_HAN..=LAST_HAN).map(form).collect()
    });
    if !(FIRST_HAN..=LAST_HAN).contains(&c) {
        return c;
    }
    FORMS.get(c as usize - FIRST_HAN as usize).copied().unwrap_or(c)
}
