//! A question and a text as one sequence of tokens, for rerankers.
//!
//! As with single texts, the special tokens are learnt once, by letting the tokenizer's post-processor wrap two
//! markers, and are put around the tokens here. A pair that is too long is cut as `transformers` does it
//! (`longest_first`): the longer one down to the length of the other, then both alike.

use tokenizers::{Encoding, Token};

use super::{MARKER, Tokenizer, Tokens, fenced};
use crate::Error;
use crate::folder::Folder;
use crate::settings::Settings;

/// Stands for the tokens of the second text when the special tokens are learnt.
const SECOND_MARKER: u32 = MARKER - 1;

/// The tokens of a question without special tokens, to be paired with texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryTokens {
    ids: Vec<u32>,
}

/// A reranker's tokenizer.
pub(crate) struct PairTokenizer {
    tokenizer: Tokenizer,
    template: Template,
    /// Whether the network has token types for what the template says of them.
    is_typed: bool,
    /// Tokens of both texts together.
    room: usize,
}

/// The special tokens of a pair.
struct Template {
    before: Vec<u32>,
    between: Vec<u32>,
    behind: Vec<u32>,
    /// How many are of type 0, both texts counted as one token each.
    first_type: usize,
}

impl PairTokenizer {
    /// Loads `tokenizer.json` for a reranker with `vocabulary` tokens.
    pub(crate) fn load(
        folder: &Folder,
        vocabulary: usize,
        max_tokens: usize,
        is_typed: bool,
    ) -> Result<Self, Error> {
        let settings = Settings::of_pairs(max_tokens);
        let tokenizer = Tokenizer::load(folder, vocabulary, &settings)?;
        let template = Template::learn(&tokenizer, vocabulary)?;
        let specials = template.before.len() + template.between.len() + template.behind.len();
        let Some(room) = max_tokens.checked_sub(specials).filter(|room| *room > 1) else {
            let problem = format!(
                "{max_tokens} tokens leave no room for two texts: the model adds {specials} special tokens, take at least {}",
                specials + 2
            );
            return Err(Error::InvalidOption { option: "max_tokens", problem });
        };
        Ok(Self { tokenizer, template, is_typed, room })
    }

    pub(crate) fn query(&self, text: &str) -> Result<QueryTokens, Error> {
        let ids = self.tokenizer.own_tokens(&self.tokenizer.prepare(text, ""))?;
        Ok(QueryTokens { ids })
    }

    /// The pair, special tokens included, cut to the model's limit.
    pub(crate) fn pair(&self, query: &QueryTokens, text: &str) -> Result<Tokens, Error> {
        let text = self.tokenizer.prepare(text, "");
        let own = match self.tokenizer.cut {
            // How long the text is beyond what a pair takes matters only beside a question that is as long.
            Some(cut) if query.ids.len() <= self.room => {
                cut.tokens(&text, |part| self.tokenizer.own_tokens(part))?
            }
            _ => self.tokenizer.own_tokens(&text)?,
        };
        let (first, second) = shares(query.ids.len(), own.len(), self.room);
        let Template { before, between, behind, .. } = &self.template;
        let parts = [
            before.as_slice(),
            query.ids.get(..first).unwrap_or_default(),
            between,
            own.get(..second).unwrap_or_default(),
            behind,
        ];
        let ids = parts.concat();
        let first_type =
            if self.is_typed { self.template.first_type(first, second) } else { ids.len() };
        let truncated = first < query.ids.len() || second < own.len();
        Ok(Tokens { ids, truncated, first_type })
    }
}

impl Template {
    fn learn(tokenizer: &Tokenizer, vocabulary: usize) -> Result<Self, Error> {
        let path = &tokenizer.path;
        let marker = |id| Encoding::from_tokens(vec![Token::new(id, String::new(), (0, 0))], 0);
        let wrapped = fenced(path, "adding special tokens to a pair", || {
            tokenizer.inner.post_process(marker(MARKER), Some(marker(SECOND_MARKER)), true)
        })?;
        let ids = wrapped.get_ids();
        let mut parts = ids.split(|id| *id == MARKER || *id == SECOND_MARKER);
        let order = ids.iter().filter(|id| **id >= SECOND_MARKER);
        let (Some(before), Some(between), Some(behind), true) =
            (parts.next(), parts.next(), parts.next(), order.eq([&MARKER, &SECOND_MARKER]))
        else {
            return Err(Error::tokenizer(
                path,
                "has a post-processor that does not keep both texts of a pair once and in order: \
                 it is not a reranker's",
            ));
        };
        let specials = [before, between, behind].concat();
        if let Some(token) = specials.iter().find(|token| **token as usize >= vocabulary) {
            let problem = format!(
                "puts token {token} around pairs, config.json has a vocab_size of {vocabulary}: \
                 the files do not belong together, fetch the model again"
            );
            return Err(Error::tokenizer(path, problem));
        }
        let types = wrapped.get_type_ids();
        let first_type = types.iter().take_while(|kind| **kind == 0).count();
        if types.iter().skip(first_type).any(|kind| *kind != 1) {
            let problem = "has token types for pairs that are not 0 and then 1: such models are not supported";
            return Err(Error::unsupported(path, problem));
        }
        let [before, between, behind] = [before, between, behind].map(<[u32]>::to_vec);
        Ok(Self { before, between, behind, first_type })
    }

    /// How many tokens are of type 0 in a pair of so many.
    fn first_type(&self, first: usize, second: usize) -> usize {
        let mut count = self.first_type;
        if self.first_type > self.before.len() {
            count += first;
            count -= 1;
        }
        if self.first_type > self.before.len() + 1 + self.between.len() {
            count += second;
            count -= 1;
        }
        count
    }
}

/// How many tokens of each of two texts there is room for.
fn shares(first: usize, second: usize, room: usize) -> (usize, usize) {
    if first + second <= room {
        return (first, second);
    }
    let (shorter, longer) = (first.min(second), first.max(second));
    let half = room / 2;
    let (short, long) =
        if 2 * shorter <= room { (shorter, room - shorter) } else { (half, room - half) };
    debug_assert!(short <= shorter && long <= longer);
    if first > second { (long, short) } else { (short, long) }
}

#[cfg(test)]
mod tests {
    use super::shares;

    /// `truncate_encodings` of the `tokenizers` crate.
    fn longest_first(first: usize, second: usize, room: usize) -> (usize, usize) {
        if first + second <= room {
            return (first, second);
        }
        let (mut n1, mut n2) = (first.min(second), first.max(second));
        n2 = if n1 > room { n1 } else { n2.min(n1.max(room - n1)) };
        if n1 + n2 > room {
            n1 = room / 2;
            n2 = n1 + room % 2;
        }
        if first > second { (n2, n1) } else { (n1, n2) }
    }

    #[test]
    fn pairs_are_cut_as_the_tokenizers_crate_cuts_them() {
        for room in 2..20 {
            for first in 0..40 {
                for second in 0..40 {
                    let (a, b) = shares(first, second, room);
                    assert_eq!((a, b), longest_first(first, second, room));
                    assert!(a <= first && b <= second && a + b == room.min(first + second));
                }
            }
        }
    }
}
