use std::collections::BTreeMap;
use std::panic;

use proptest::prelude::*;

use super::analyser::Scratch;
use super::language::Language;
use super::*;
use crate::{SectionReader, SectionWriter};

fn terms(language: &str, text: &str) -> Vec<String> {
    let analyser = language.parse::<Language>().unwrap().analyser();
    let mut all = Vec::new();
    analyser.terms(text, &mut Scratch::default(), |token| all.push(token.term.to_owned()));
    all
}

#[test]
fn english_words_become_stems() {
    assert_eq!(
        terms(
            "en",
            "What did Ann's neighbours say? They don't like O'Neil's café, NAÏVE RUNNERS running"
        ),
        ["ann", "neighbour", "say", "like", "oneil", "cafe", "naiv", "runner", "run"]
    );
    assert_eq!(
        terms("en", "snake_case 3.14 ＦＵＬＬ　ｗｉｄｔｈ cafe\u{301}"),
        ["snake", "case", "3", "14", "full", "width", "cafe"]
    );
    assert_eq!(terms("none", "The Runners' running"), ["the", "runners", "running"]);
}

#[test]
fn other_languages_have_their_own_stems_and_stop_words() {
    assert_eq!(terms("fr", "L’eau des rivières n'est pas chaude"), ["eau", "rivi", "chaud"]);
    assert_eq!(terms("de", "Die Häuser und das Haus"), ["haus", "haus"]);
    assert_eq!(terms("ru", "Собаки и собака"), ["собак", "собак"]);
    assert_eq!(terms("spanish", "los niños corriendo"), ["nin", "corr"]);
}

#[test]
fn scripts_without_spaces_become_characters_and_pairs() {
    assert_eq!(terms("zh", "向量库"), ["向", "向量", "量", "量库", "库"]);
    assert_eq!(terms("en", "漢語"), terms("en", "汉语"));
    assert_eq!(terms("en", "用Python写"), ["用", "python", "写"]);
    assert_eq!(terms("ja", "ｶﾞﾗｽ"), terms("ja", "ガラス"));
    assert_eq!(terms("ko", "한국어 좋아"), ["한", "한국", "국", "국어", "어", "좋", "좋아", "아"]);
}

#[test]
fn languages_are_known_by_code_and_name() {
    assert_eq!("german".parse::<Language>().unwrap().code(), "de");
    assert_eq!("zh".parse::<Language>().unwrap(), Language::default());
    assert_eq!("none".parse::<Language>().unwrap(), Language::none());
    let unknown = "klingon".parse::<Language>().unwrap_err().to_string();
    assert!(
        unknown.contains("klingon") && unknown.contains("\"de\"") && unknown.contains("\"zh\"")
    );
}

fn index_of(texts: &[&str]) -> LexicalIndex {
    let mut index = LexicalIndex::new(Language::default());
    for (slot, text) in (0..).zip(texts) {
        index.push(Slot(slot), text);
    }
    index
}

/// Slots and scores of what is found, best first.
fn found(
    index: &LexicalIndex,
    question: &str,
    k: usize,
    mask: Option<&SlotSet>,
) -> Vec<(u32, f32)> {
    let query = index.query(question);
    let weights = Weights::new(&query, &index.statistics(&query), Bm25::default());
    let found = index.search(&query, &weights, &LexicalRequest { k, mask, also: &[] });
    let all = index.scores(&query, &weights);
    for of in &found.top {
        assert!((all[of.slot.0 as usize] - of.similarity).abs() < 1e-5);
    }
    if mask.is_none() {
        let answering = all.iter().filter(|score| **score > 0.0).count();
        assert_eq!(found.top.len(), answering.min(k));
    }
    found.top.into_iter().map(|found| (found.slot.0, found.similarity)).collect()
}

#[test]
fn the_best_text_has_the_rarest_words_most_often() {
    let index = index_of(&[
        "the red fox",
        "a red red dog",
        "a blue dog",
        "",
        "a blue bird sings in the red tree",
    ]);
    let slots = |question| {
        found(&index, question, 9, None).into_iter().map(|(slot, _)| slot).collect::<Vec<_>>()
    };
    assert_eq!(slots("red"), [1, 0, 4]);
    assert_eq!(slots("fox or dog?"), [0, 2, 1]);
    assert!(slots("the of and").is_empty());
    assert!(slots("unheard").is_empty());
    let some: SlotSet = [Slot(0), Slot(4), Slot(77)].into_iter().collect();
    assert_eq!(found(&index, "red", 9, Some(&some)).len(), 2);
    assert_eq!(found(&index, "red", 1, None).len(), 1);
}

#[test]
fn a_score_is_bm25() {
    let index = index_of(&["apple apple pear", "apple", "plum plum plum plum"]);
    let [(0, first), (1, second)] = found(&index, "apple apple", 5, None)[..] else { panic!() };
    let idf = (1.0f64 + (3.0 - 2.0 + 0.5) / (2.0 + 0.5)).ln();
    let part = |tf: f64, length: f64| {
        2.0 * idf * tf * 1.9 / (tf + 0.9 * (0.6 + 0.4 * length / (8.0 / 3.0)))
    };
    assert!((f64::from(first) - part(2.0, 3.0)).abs() < 1e-6);
    assert!((f64::from(second) - part(1.0, 1.0)).abs() < 1e-6);
}

#[test]
fn names_are_told_by_their_capitals() {
    let index = index_of(&["Ann said", "then Ann and ann", "Said ann"]);
    let query = index.query("said Ann");
    let [said, ann] = index.capitals(&query, &index.statistics(&query), 0.6)[..] else { panic!() };
    assert_eq!((said.occurrences, said.capitalised), (2, 1));
    assert_eq!((ann.occurrences, ann.capitalised), (4, 2));
}

/// Words of a small vocabulary, so that they meet.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let word = prop::sample::select(vec!["fox", "Dog", "dogs", "blue", "the", "狐狸", "狐", "x"]);
    prop::collection::vec(
        prop::collection::vec(word, 0..9).prop_map(|words| words.join(" ")),
        0..40,
    )
}

/// BM25 by its definition.
fn naive(texts: &BTreeMap<u32, &String>, question: &str) -> Vec<(u32, f64)> {
    let of = |text: &str| terms("en", text);
    let all: BTreeMap<u32, Vec<String>> =
        texts.iter().map(|(slot, text)| (*slot, of(text))).collect();
    let n = all.len() as f64;
    let average = (all.values().map(Vec::len).sum::<usize>() as f64 / n.max(1.0)).max(1.0);
    let score = |text: &Vec<String>| -> f64 {
        let part = |term: &String| {
            let tf = text.iter().filter(|other| *other == term).count() as f64;
            let df = all.values().filter(|text| text.contains(term)).count() as f64;
            let idf = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
            idf * tf * 1.9 / (tf + 0.9 * (0.6 + 0.4 * text.len() as f64 / average))
        };
        of(question).iter().map(part).sum()
    };
    all.iter().map(|(slot, text)| (*slot, score(text))).filter(|(_, score)| *score > 0.0).collect()
}

#[expect(clippy::float_cmp, reason = "the same sums in the same order")]
fn check(index: &LexicalIndex, live: &BTreeMap<u32, &String>, question: &str) {
    let expected: BTreeMap<u32, f64> = naive(live, question).into_iter().collect();
    let found = found(index, question, 100, None);
    assert!(found.is_sorted_by(|a, b| a.1 >= b.1));
    assert_eq!(found.len(), expected.len());
    let query = index.query(question);
    let statistics = index.statistics(&query);
    let weights = Weights::new(&query, &statistics, Bm25::default());
    let slots: Vec<Slot> =
        (0..9_000).rev().step_by(3).map(Slot).chain([Slot(0), Slot(0)]).collect();
    let mask: SlotSet = slots.iter().copied().collect();
    let request = LexicalRequest { k: 7, mask: Some(&mask), also: &slots };
    let some = index.search(&query, &weights, &request);
    let of =
        |slot: &Slot| found.iter().find(|found| found.0 == slot.0).map_or(0.0, |found| found.1);
    assert_eq!(some.also, slots.iter().map(of).collect::<Vec<_>>());
    assert_eq!(some.best, found.first().map_or(0.0, |best| best.1));
    let masked = found.iter().filter(|(slot, _)| mask.contains(Slot(*slot))).take(7);
    let top: Vec<_> = some.top.iter().map(|found| (found.slot.0, found.similarity)).collect();
    assert_eq!(top, masked.copied().collect::<Vec<_>>());
    for (slot, score) in found {
        assert!(
            (f64::from(score) / expected[&slot] - 1.0).abs() < 1e-5,
            "{slot}: {score} {}",
            expected[&slot]
        );
        let parts = index.parts(&query, &weights, &statistics, Slot(slot));
        let sum: f32 = parts.iter().map(|part| part.score).sum();
        assert!((sum / score - 1.0).abs() < 1e-5 && score <= weights.greatest());
    }
}

proptest! {
    #[test]
    fn an_index_is_the_same_whatever_it_has_been_through(
        texts in texts(), removed in prop::collection::vec(any::<prop::sample::Index>(), 0..20), question in texts(),
    ) {
        let question = question.join(" ");
        let mut index = LexicalIndex::new(Language::default());
        let mut live = BTreeMap::new();
        // So far apart that they are in several blocks.
        for (slot, text) in (0..).step_by(200).zip(&texts) {
            index.push(Slot(slot), text);
            live.insert(slot, text);
        }
        check(&index, &live, &question);
        let backwards = LexicalIndex::of(Language::default(), |insert| {
            live.iter().rev().for_each(|(slot, text)| insert(Slot(*slot), text));
            Ok::<_, ()>(())
        });
        check(&backwards.unwrap(), &live, &question);
        for at in removed.iter().filter(|_| !texts.is_empty()) {
            let slot = 200 * at.index(texts.len()) as u32;
            index.remove(Slot(slot));
            index.remove(Slot(slot + 1));
            live.remove(&slot);
        }
        check(&index, &live, &question);
        let read = {
            let mut to = SectionWriter::new(Vec::new());
            index.snapshot().write(&mut to).unwrap();
            let bytes = to.into_inner();
            let mut from = SectionReader::new(bytes.as_slice(), bytes.len() as u64);
            let read = LexicalIndex::read(&mut from, index.language()).unwrap();
            from.end().unwrap();
            let mut from = SectionReader::new(bytes.as_slice(), bytes.len() as u64);
            prop_assert!(LexicalIndex::read(&mut from, Language::none()).is_err());
            read
        };
        check(&read, &live, &question);
        let old: Vec<Slot> = live.keys().map(|slot| Slot(*slot)).collect();
        let mut renumbered = read.renumbered(&old);
        let mut live: BTreeMap<u32, &String> = (0..).zip(live.into_values()).collect();
        check(&renumbered, &live, &question);
        renumbered.push(Slot(live.len() as u32), &question);
        live.insert(live.len() as u32, &question);
        check(&renumbered, &live, &question);
    }

    #[test]
    fn no_text_in_any_language_harms(text in "\\PC*|[a-zäöüßéèñçıİα-ω'’а-яa-z\u{300}-\u{30f}]{0,90}|\\PC{0,9}[一-龥ぁ-んア-ンㄅ-ㄩ\u{e00}-\u{e7f}ﾞ]{0,40}") {
        for code in ["ar", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "ga", "hi", "hu",
            "hy", "id", "it", "lt", "nl", "no", "pl", "pt", "ro", "ru", "sv", "tr", "uk", "none"] {
            let found = panic::catch_unwind(|| terms(code, &text)).unwrap_or_else(|_| panic!("{code} {text:?}"));
            prop_assert!(found.iter().all(|term| !term.is_empty() && term.len() <= 4 * 64));
        }
    }

    #[test]
    fn damaged_files_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..200), texts in texts(), at in any::<prop::sample::Index>()) {
        let read = |bytes: &[u8]| {
            LexicalIndex::read(&mut SectionReader::new(bytes, bytes.len() as u64), Language::default())
        };
        prop_assert!(read(&bytes).is_err());
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut to = SectionWriter::new(Vec::new());
        index_of(&texts).snapshot().write(&mut to).unwrap();
        let mut damaged = to.into_inner();
        let at = at.index(damaged.len());
        damaged[at] ^= 1;
        prop_assert!(read(&damaged).is_err());
        prop_assert!(read(&damaged[..at]).is_err());
    }
}

#[test]
fn a_query_knows_the_terms_of_each_word() {
    let index = index_of(&["x"]);
    let text = "  What-ever did Ann’s 猫 eat,eat? ";
    let query = index.query(text);
    let words: Vec<_> = query.words(text).collect();
    let expected = [("What-ever", 1), ("did", 0), ("Ann’s", 1), ("猫", 1), ("eat,eat?", 2)];
    assert_eq!(
        words.iter().map(|(word, terms)| (*word, terms.len())).collect::<Vec<_>>(),
        expected
    );
    let eat = &words[4].1;
    assert!(eat[0] == eat[1] && eat[0] != words[3].1[0]);
}
