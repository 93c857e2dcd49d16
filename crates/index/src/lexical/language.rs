//! The languages whose words are brought to their stems.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use snowball_stemmers_rs::Algorithm;

use super::analyser::Analyser;

/// The language of words that are written with spaces between them. Scripts without spaces are told by their characters,
/// whatever the language.
#[derive(Clone, Copy)]
pub struct Language(&'static Entry);

struct Entry {
    code: &'static str,
    name: &'static str,
    stemmer: Option<Algorithm>,
    /// One for all indexes, made when it is first asked for.
    analyser: OnceLock<Analyser>,
}

const fn entry(code: &'static str, name: &'static str, stemmer: Algorithm) -> Entry {
    Entry { code, name, stemmer: Some(stemmer), analyser: OnceLock::new() }
}

/// By their ISO 639-1 codes: English first, and in the end what is for no language.
static LANGUAGES: [Entry; 30] = [
    entry("en", "english", Algorithm::English),
    entry("ar", "arabic", Algorithm::Arabic),
    entry("ca", "catalan", Algorithm::Catalan),
    entry("cs", "czech", Algorithm::Czech),
    entry("da", "danish", Algorithm::Danish),
    entry("de", "german", Algorithm::German),
    entry("el", "greek", Algorithm::Greek),
    entry("es", "spanish", Algorithm::Spanish),
    entry("et", "estonian", Algorithm::Estonian),
    entry("eu", "basque", Algorithm::Basque),
    entry("fa", "persian", Algorithm::Persian),
    entry("fi", "finnish", Algorithm::Finnish),
    entry("fr", "french", Algorithm::French),
    entry("ga", "irish", Algorithm::Irish),
    entry("hi", "hindi", Algorithm::Hindi),
    entry("hu", "hungarian", Algorithm::Hungarian),
    entry("hy", "armenian", Algorithm::Armenian),
    entry("id", "indonesian", Algorithm::Indonesian),
    entry("it", "italian", Algorithm::Italian),
    entry("lt", "lithuanian", Algorithm::Lithuanian),
    entry("nl", "dutch", Algorithm::Dutch),
    entry("no", "norwegian", Algorithm::Norwegian),
    entry("pl", "polish", Algorithm::Polish),
    entry("pt", "portuguese", Algorithm::Portuguese),
    entry("ro", "romanian", Algorithm::Romanian),
    entry("ru", "russian", Algorithm::Russian),
    entry("sv", "swedish", Algorithm::Swedish),
    entry("tr", "turkish", Algorithm::Turkish),
    entry("uk", "ukrainian", Algorithm::Ukrainian),
    Entry { code: "none", name: "none", stemmer: None, analyser: OnceLock::new() },
];

/// Languages without spaces, or whose words have no stems: the words of others among theirs are taken as English.
const AS_ENGLISH: [&str; 5] = ["zh", "ja", "ko", "th", "vi"];

impl Language {
    /// Words as they are, and all of them.
    #[must_use]
    pub fn none() -> Self {
        let [.., none] = &LANGUAGES;
        Self(none)
    }

    /// Its ISO 639-1 code; `none` for no language.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code
    }

    pub(super) fn stemmer(self) -> Option<Algorithm> {
        self.0.stemmer
    }

    pub(super) fn is_english(self) -> bool {
        self == Self::default()
    }

    pub(super) fn analyser(self) -> &'static Analyser {
        self.0.analyser.get_or_init(|| Analyser::new(self))
    }
}

impl Default for Language {
    fn default() -> Self {
        let [english, ..] = &LANGUAGES;
        Self(english)
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Eq for Language {}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Language").field(&self.code()).finish()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code)
    }
}

/// A language that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown language {0:?}: use one of {list}, or \"none\"", list = known())]
pub struct UnknownLanguage(pub String);

fn known() -> String {
    let codes = LANGUAGES.iter().filter(|entry| entry.stemmer.is_some()).map(|entry| entry.code);
    let all: Vec<String> = codes.chain(AS_ENGLISH).map(|code| format!("\"{code}\"")).collect();
    all.join(", ")
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// From a code, or the English name in lower case.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if AS_ENGLISH.contains(&name) {
            return Ok(Self::default());
        }
        let found = LANGUAGES.iter().find(|entry| entry.code == name || entry.name == name);
        found.map(Self).ok_or_else(|| UnknownLanguage(name.to_owned()))
    }
}
