//! Long texts in parts, each with a vector of its own: of a long text one vector says little, and encoders read no more
//! than its beginning.

use unicode_segmentation::UnicodeSegmentation;

/// Bytes of a part, about: some 120 tokens of English or of Chinese. Shorter parts say less, in longer ones more is lost
/// in one vector.
const PART: usize = 500;

/// Bytes of a text that is left whole.
const WHOLE: usize = 600;

/// The text itself, or, if it is long, its sentences together until they are long enough, each part beginning with the last
/// sentence of the one before, so that what is said across their border is in one of them.
pub(crate) fn parts(text: &str) -> Vec<&str> {
    let parts = if text.len() > WHOLE { split(text) } else { Vec::new() };
    if parts.is_empty() { vec![text] } else { parts }
}

fn split(text: &str) -> Vec<&str> {
    let sentences = sentences(text);
    let mut parts = Vec::new();
    let mut first = 0;
    while let Some(&(start, _)) = sentences.get(first) {
        let rest = sentences.get(first..).unwrap_or_default();
        let enough = rest.iter().position(|(_, end)| end - start >= PART);
        let last = enough.map_or(sentences.len() - 1, |at| first + at);
        let end = sentences.get(last).map_or(text.len(), |(_, end)| *end);
        parts.extend(text.get(start..end).map(str::trim).filter(|part| !part.is_empty()));
        if last + 1 >= sentences.len() {
            break;
        }
        first = last.max(first + 1);
    }
    parts
}

/// Where sentences begin and end; those that are longer than a part are cut between words, or anywhere if there are none.
fn sentences(text: &str) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    for (mut start, sentence) in text.split_sentence_bound_indices() {
        let end = start + sentence.len();
        while end - start > PART {
            let mut cut = start + PART;
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            let piece = text.get(start..cut).unwrap_or_default();
            let space = piece.rfind(char::is_whitespace).filter(|space| *space > PART / 2);
            cut = space.map_or(cut, |space| start + space);
            all.push((start, cut));
            start = cut;
        }
        all.push((start, end));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_are_sentences_and_overlap_by_one() {
        let sentence =
            |i: usize| format!("Sentence number {i} has so many words that it takes some room. ");
        let text: String = (0..20).map(sentence).collect();
        let parts = split(&text);
        assert_eq!(parts.len(), 3);
        for pair in parts.windows(2) {
            let last = pair[0].rfind("Sentence").map(|at| &pair[0][at..]).unwrap();
            assert!(pair[1].starts_with(last));
        }
        let chinese = "这是第一句话，说的是向量数据库。这是第二句话！".repeat(30);
        let parts = super::parts(&chinese);
        assert!(parts.len() > 4 && parts.iter().all(|part| part.len() < 2 * PART));
        assert!(parts.iter().all(|part| part.starts_with('这')));
        assert_eq!(super::parts("one. two."), ["one. two."]);
        let blank = " ".repeat(2 * WHOLE);
        assert_eq!(super::parts(&blank), [&blank]);
    }

    proptest! {
        #[test]
        fn every_letter_is_in_a_part_and_no_part_is_long(text in "[a-z .。一二\u{301}\n]{0,3000}") {
            let parts = split(&text);
            prop_assert!(parts.iter().all(|part| part.len() <= 2 * PART));
            let mut at = 0;
            for part in &parts {
                let start = part.as_ptr() as usize - text.as_ptr() as usize;
                prop_assert!(text.get(at..start).is_none_or(|gap| gap.trim().is_empty()));
                at = start + part.len();
            }
            prop_assert!(text[at..].trim().is_empty());
        }
    }
}
