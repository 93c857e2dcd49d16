//! Where words begin and end.
//!
//! A word is a run of letters, digits and the marks on them, with apostrophes between two of them; an underscore ends it.
//! Scripts that are written without spaces have no words that are seen from outside: their runs are handed over whole.

use unicode_normalization::char::is_combining_mark;

/// A part of a text that has terms in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Word(&'a str),
    /// A run of characters of scripts without spaces.
    Run(&'a str),
}

/// Hands over the words and runs of a text, in their order, and where each begins.
pub(super) fn pieces<'a>(text: &'a str, mut take: impl FnMut(usize, Piece<'a>)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (kind, width) = kind_at(text, at, byte);
        let end = match kind {
            Kind::Other => at + width,
            Kind::Word => word_end(text, at + width),
            Kind::Run => run_end(text, at + width),
        };
        match (kind, text.get(at..end)) {
            (Kind::Word, Some(word)) => take(at, Piece::Word(word)),
            (Kind::Run, Some(run)) => take(at, Piece::Run(run)),
            _ => {}
        }
        at = end;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Other,
    Word,
    Run,
}

/// What the character is that begins at a byte, and how many bytes it has.
#[inline]
fn kind_at(text: &str, at: usize, byte: u8) -> (Kind, usize) {
    if byte.is_ascii() {
        return (if byte.is_ascii_alphanumeric() { Kind::Word } else { Kind::Other }, 1);
    }
    let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else {
        return (Kind::Other, 1);
    };
    let kind = if has_no_spaces(c) {
        Kind::Run
    } else if c.is_alphanumeric() || is_combining_mark(c) {
        Kind::Word
    } else {
        Kind::Other
    };
    (kind, c.len_utf8())
}

fn word_end(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let apostrophe = match bytes.get(at..) {
            Some([b'\'', ..]) => 1,
            Some([0xe2, 0x80, 0x99, ..]) => '’'.len_utf8(),
            _ => 0,
        };
        let Some(&next) = bytes.get(at + apostrophe) else { break };
        let (kind, width) = kind_at(text, at + apostrophe, next);
        if kind != Kind::Word {
            break;
        }
        at += apostrophe + width;
    }
    at
}

fn run_end(text: &str, mut at: usize) -> usize {
    while let Some(&byte) = text.as_bytes().get(at) {
        let (kind, width) = kind_at(text, at, byte);
        if kind != Kind::Run {
            break;
        }
        at += width;
    }
    at
}

/// Chinese, Japanese, Korean (whose spaces stand between phrases), Thai, Lao, Khmer and Burmese.
#[inline]
fn has_no_spaces(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}'..='\u{30ff}' | '\u{3105}'..='\u{318e}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Vec<Piece<'_>> {
        let mut all = Vec::new();
        pieces(text, |at, piece| {
            let (Piece::Word(part) | Piece::Run(part)) = piece;
            assert!(text[at..].starts_with(part));
            all.push(piece);
        });
        all
    }

    #[test]
    fn words_and_runs_are_found() {
        use Piece::{Run, Word};
        assert_eq!(
            of("Ann’s cat isn't 'here': snake_case v2.5, cafe\u{301}—日本語テキスト、GPT的模型"),
            [
                Word("Ann’s"),
                Word("cat"),
                Word("isn't"),
                Word("here"),
                Word("snake"),
                Word("case"),
                Word("v2"),
                Word("5"),
                Word("cafe\u{301}"),
                Run("日本語テキスト"),
                Word("GPT"),
                Run("的模型"),
            ]
        );
        assert_eq!(of("ทดสอบ हिन्दी"), [Run("ทดสอบ"), Word("हिन्दी")]);
        assert_eq!(of(" '’_ 。"), []);
    }

    proptest! {
        #[test]
        fn every_letter_is_in_a_piece_and_no_space_is(text in any::<String>()) {
            let pieces = of(&text);
            let taken = |piece: &Piece<'_>| match *piece { Piece::Word(text) | Piece::Run(text) => text.to_owned() };
            let in_pieces: String = pieces.iter().map(taken).collect();
            let wanted = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(wanted(&in_pieces), wanted(&text));
            prop_assert!(!in_pieces.chars().any(char::is_whitespace));
        }
    }
}
