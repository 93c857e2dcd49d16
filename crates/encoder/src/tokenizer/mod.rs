//! Text to token ids.
//!
//! The `tokenizers` crate splits and looks up; special tokens are put around the result here, because the cut to
//! the longest text has to happen between the two. They are learnt once, by letting the tokenizer's
//! post-processor wrap a marker. Truncation and padding that `tokenizer.json` may ask for are switched off:
//! what counts is the model's own limit, and nothing here is padded.
//!
//! As in sentence-transformers, the prompt is put before the text first, then white space at both ends is
//! removed, then the whole is put in lower case if the model wants that.
//!
//! The crate panics on some damaged tokenizer files (its trie of a precompiled character map trusts every
//! offset), so each call into it is fenced: a panic there is an [`Error::Tokenizer`] here.

mod cut;
mod outline;
mod pair;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokenizers::{Encoding, Model, ModelWrapper, Token};

use crate::Error;
use crate::folder::{Folder, missing, read};
use crate::settings::Settings;

use cut::Cut;
use outline::Outline;

pub(crate) use pair::PairTokenizer;
pub use pair::QueryTokens;

const FILE: &str = "tokenizer.json";
/// Vocabularies of a quarter million tokens take 17 MB.
const MAX_BYTES: u64 = 256 << 20;
/// What models call the token for what is not in their vocabulary.
const UNKNOWN: [&str; 2] = ["[UNK]", "<unk>"];
/// Stands for a text's own tokens when the special tokens around them are learnt.
const MARKER: u32 = u32::MAX;

/// The tokens of one text, cut to what the encoder takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    ids: Vec<u32>,
    truncated: bool,
    /// How many of the tokens, the first ones, are of type 0; the others are of type 1.
    first_type: usize,
}

impl Tokens {
    #[cfg(test)]
    pub(crate) fn of_length(len: usize) -> Self {
        Self { ids: vec![0; len], truncated: false, first_type: len }
    }

    /// How many tokens, special tokens included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none: an empty text of a model without special tokens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Their numbers in the vocabulary.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Whether the text had more tokens.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// How many of the tokens, the first ones, are of type 0: in a pair for a BERT those up to the second text, else
    /// all. The others are of type 1.
    #[must_use]
    pub fn first_type(&self) -> usize {
        self.first_type
    }
}

/// A model's tokenizer.
pub(crate) struct Tokenizer {
    path: PathBuf,
    inner: tokenizers::Tokenizer,
    /// Special tokens before a text's own.
    before: Vec<u32>,
    /// Special tokens behind them.
    behind: Vec<u32>,
    lowercase: bool,
    /// What stands for what is not in the vocabulary.
    unknown: Option<u32>,
    /// A text's own tokens, at most.
    room: usize,
    cut: Option<Cut>,
    /// SHA-256 of the file.
    digest: [u8; 32],
}

impl Tokenizer {
    /// Loads `tokenizer.json` for a model with `vocabulary` tokens.
    pub(crate) fn load(
        folder: &Folder,
        vocabulary: usize,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let path = folder.file(FILE);
        let bytes = read(&path, MAX_BYTES)?.ok_or_else(|| missing(&path))?;
        let outline = Outline::parse(&path, &bytes)?;
        let mut inner = fenced(&path, "loading it", || tokenizers::Tokenizer::from_bytes(&bytes))?;
        inner.with_padding(None);
        fenced(&path, "switching truncation off", || inner.with_truncation(None).map(|_| ()))?;
        let (before, behind) = special_tokens(&path, &inner)?;
        check_vocabulary(&path, &inner, &[before.as_slice(), &behind].concat(), vocabulary)?;
        let specials = before.len() + behind.len();
        let Some(room) = settings.max_tokens.checked_sub(specials).filter(|room| *room > 0) else {
            let problem = format!(
                "{} tokens leave no room for a text: the model adds {specials} special tokens, take at least {}",
                settings.max_tokens,
                specials + 1
            );
            return Err(Error::InvalidOption { option: "max_tokens", problem });
        };
        let unknown = UNKNOWN.iter().find_map(|token| inner.token_to_id(token));
        let digest = Sha256::digest(&bytes).into();
        let cut = fenced(&path, "trying it", || Ok(Cut::new(&outline, &inner, room)))?;
        let lowercase = settings.lowercase;
        Ok(Self { path, inner, before, behind, lowercase, unknown, room, cut, digest })
    }

    /// Tokens of `prefix` and `text` together, special tokens included, cut to the model's limit.
    pub(crate) fn tokenize(&self, text: &str, prefix: &str) -> Result<Tokens, Error> {
        let text = self.prepare(text, prefix);
        let mut own = match self.cut {
            Some(cut) => cut.tokens(&text, |part| self.own_tokens(part))?,
            None => self.own_tokens(&text)?,
        };
        let truncated = own.len() > self.room;
        own.truncate(self.room);
        let mut ids = Vec::with_capacity(self.before.len() + own.len() + self.behind.len());
        ids.extend_from_slice(&self.before);
        ids.append(&mut own);
        ids.extend_from_slice(&self.behind);
        Ok(Tokens { first_type: ids.len(), ids, truncated })
    }

    /// How many tokens a text has of its own, however many they are.
    pub(crate) fn count(&self, text: &str) -> Result<usize, Error> {
        Ok(self.own_tokens(&self.prepare(text, ""))?.len())
    }

    /// How many tokens a text has of its own, and how many of them stand for what is not in the vocabulary.
    pub(crate) fn count_unknown(&self, text: &str) -> Result<(usize, usize), Error> {
        let tokens = self.own_tokens(&self.prepare(text, ""))?;
        let unknown = tokens.iter().filter(|token| Some(**token) == self.unknown).count();
        Ok((tokens.len(), unknown))
    }

    /// SHA-256 of the file.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    fn prepare<'a>(&self, text: &'a str, prefix: &str) -> Cow<'a, str> {
        if prefix.is_empty() && !self.lowercase {
            return Cow::Borrowed(text.trim_matches(is_stripped));
        }
        let whole = [prefix, text].concat();
        let stripped = whole.trim_matches(is_stripped);
        Cow::Owned(if self.lowercase { stripped.to_lowercase() } else { stripped.to_owned() })
    }

    fn own_tokens(&self, text: &str) -> Result<Vec<u32>, Error> {
        let encoding =
            fenced(&self.path, "tokenising a text", || self.inner.encode_fast(text, false))?;
        Ok(encoding.get_ids().to_vec())
    }
}

/// What Python's `str.strip` removes: Unicode white space and the four ASCII separators.
fn is_stripped(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Runs code of the `tokenizers` crate; its errors and panics become [`Error::Tokenizer`].
fn fenced<T>(
    path: &Path,
    doing: &str,
    run: impl FnOnce() -> tokenizers::Result<T>,
) -> Result<T, Error> {
    let failed = |problem: String| {
        Error::tokenizer(path, format!("{doing} failed: {problem}; fetch the model again"))
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed("its contents contradict each other".to_owned())),
    }
}

/// Every id that the tokenizer can give must have a row in the token table.
fn check_vocabulary(
    path: &Path,
    inner: &tokenizers::Tokenizer,
    specials: &[u32],
    vocabulary: usize,
) -> Result<(), Error> {
    let largest_own = match inner.get_model() {
        // Its ids are positions in a list; the map of a quarter million strings need not be built.
        ModelWrapper::Unigram(model) => {
            model.get_vocab_size().checked_sub(1).map(|last| last as u32)
        }
        model => model.get_vocab().into_values().max(),
    };
    let largest_added = inner.get_added_vocabulary().get_vocab().values().copied().max();
    let Some(largest) = largest_own.max(largest_added).max(specials.iter().copied().max()) else {
        return Err(Error::tokenizer(path, "has no tokens: fetch the model again"));
    };
    if largest as usize >= vocabulary {
        let problem = format!(
            "has tokens up to {largest}, config.json has a vocab_size of {vocabulary}: \
             the files do not belong together, fetch the model again"
        );
        return Err(Error::tokenizer(path, problem));
    }
    Ok(())
}

/// The special tokens before and behind a text's own.
fn special_tokens(
    path: &Path,
    inner: &tokenizers::Tokenizer,
) -> Result<(Vec<u32>, Vec<u32>), Error> {
    let marker = Encoding::from_tokens(vec![Token::new(MARKER, String::new(), (0, 0))], 0);
    let wrapped = fenced(path, "adding special tokens", || inner.post_process(marker, None, true))?;
    let mut parts = wrapped.get_ids().split(|id| *id == MARKER);
    let (Some(before), Some(behind), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Error::tokenizer(
            path,
            "has a post-processor that does not keep a text once: it is not an encoder's",
        ));
    };
    if wrapped.get_type_ids().iter().any(|id| *id != 0) {
        let problem = "gives texts another token type than 0: such models are not supported";
        return Err(Error::unsupported(path, problem));
    }
    Ok((before.to_vec(), behind.to_vec()))
}
