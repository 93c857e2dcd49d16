//! What is asked for, and what its terms are worth.

use std::ops::AddAssign;

use super::analyser::{Analyser, Scratch};

/// The terms of a question, each once, in the order in which they were met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LexicalQuery {
    pub(super) terms: Vec<QueryTerm>,
    /// Each occurrence: the number of the term, and where the word begins that it is of.
    places: Vec<(usize, usize)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QueryTerm {
    pub(super) term: Box<str>,
    /// How often it is there.
    pub(super) count: u32,
}

impl LexicalQuery {
    /// Terms that are looked at; a question has a dozen.
    const MOST: usize = 1_024;

    pub(super) fn new(analyser: &Analyser, text: &str) -> Self {
        let (mut terms, mut places) = (Vec::<QueryTerm>::new(), Vec::new());
        let mut at = hashbrown::HashMap::<String, usize>::new();
        analyser.terms(text, &mut Scratch::default(), |token| {
            let known = *at.entry_ref(token.term).or_insert_with(|| terms.len());
            places.push((known, token.at));
            if let Some(term) = terms.get_mut(known) {
                term.count += 1;
            } else if terms.len() < Self::MOST {
                terms.push(QueryTerm { term: token.term.into(), count: 1 });
            }
        });
        Self { terms, places }
    }

    /// The numbers of the terms of each part of the text it was made of that stands between white space, and the part.
    pub fn words<'a>(&self, text: &'a str) -> impl Iterator<Item = (&'a str, Vec<usize>)> {
        let mut places = self.places.iter().peekable();
        text.split_whitespace().map(move |word| {
            let end = word.as_ptr() as usize - text.as_ptr() as usize + word.len();
            let of_word = std::iter::from_fn(|| places.next_if(|(_, at)| *at < end));
            (word, of_word.map(|(term, _)| *term).collect())
        })
    }

    /// The numbers of those of its terms that are among another's too.
    #[must_use]
    pub fn in_common(&self, other: &Self) -> Vec<usize> {
        let is_there = |term: &QueryTerm| other.terms.iter().any(|of| of.term == term.term);
        (0..).zip(&self.terms).filter(|(_, term)| is_there(term)).map(|(at, _)| at).collect()
    }

    /// Whether nothing in the text can be looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

/// What is known of a query's terms in one or several indexes, which are added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LexicalStatistics {
    /// Texts.
    pub texts: u64,
    /// Their terms, counted as often as they occur.
    pub length: u64,
    /// The texts that have each of the query's terms.
    pub with_term: Vec<u64>,
}

impl AddAssign<&Self> for LexicalStatistics {
    fn add_assign(&mut self, other: &Self) {
        self.texts += other.texts;
        self.length += other.length;
        self.with_term.resize(self.with_term.len().max(other.with_term.len()), 0);
        for (sum, count) in self.with_term.iter_mut().zip(&other.with_term) {
            *sum += count;
        }
    }
}

/// The constants of BM25.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bm25 {
    /// How soon a term that occurs again adds little.
    pub k1: f32,
    /// How much a long text is held against it, from 0 to 1.
    pub b: f32,
}

impl Default for Bm25 {
    /// As they were best on conversations and abstracts.
    fn default() -> Self {
        Self { k1: 0.9, b: 0.4 }
    }
}

/// What the terms of a query are worth, given how often they occur.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    pub(super) of_terms: Vec<f32>,
    /// A term that occurs `f` times in a text of length `l` counts for its weight times `f / (f + base + slope l)`.
    pub(super) base: f32,
    pub(super) slope: f32,
}

impl Weights {
    /// From what is known of a query's terms everywhere where it is searched for.
    #[must_use]
    pub fn new(query: &LexicalQuery, statistics: &LexicalStatistics, bm25: Bm25) -> Self {
        let texts = statistics.texts as f64;
        let average = (statistics.length as f64 / texts.max(1.0)).max(1.0);
        let counts = statistics.with_term.iter().copied().chain(std::iter::repeat(0));
        let weight = |(term, with_term): (&QueryTerm, u64)| {
            let with_term = with_term as f64;
            let idf = (1.0 + (texts - with_term + 0.5) / (with_term + 0.5)).ln();
            (f64::from(term.count) * idf * (f64::from(bm25.k1) + 1.0)) as f32
        };
        Self {
            of_terms: query.terms.iter().zip(counts).map(weight).collect(),
            base: bm25.k1 * (1.0 - bm25.b),
            slope: bm25.k1 * bm25.b / average as f32,
        }
    }

    /// What no text exceeds: the score of one that had every term without end.
    #[must_use]
    pub fn greatest(&self) -> f32 {
        self.of_terms.iter().sum()
    }

    /// What a term adds to a text's score.
    #[inline]
    pub(super) fn part(&self, weight: f32, occurrences: u16, length: u32) -> f32 {
        let occurrences = f32::from(occurrences);
        weight * occurrences / (occurrences + self.base + self.slope * length as f32)
    }
}

/// What one term of a query adds to the score of one text.
#[derive(Clone, Debug, PartialEq)]
pub struct TermPart {
    /// The term, as it is in the index.
    pub term: String,
    /// The texts that have it.
    pub texts: u64,
    /// How often it occurs in this one.
    pub occurrences: u32,
    /// What it could add at most: how rare it is, times how often it is asked for.
    pub weight: f32,
    /// What it adds.
    pub score: f32,
}
