//! What is searched for, made ready: words looked up, names left out, the rest encoded.

use std::collections::BTreeMap;
use std::time::Instant;

use hippocamp_index::{Capitals, LexicalIndex, LexicalQuery, LexicalStatistics, Weights};

use crate::explain::QuestionPart;
use crate::partition::{Needs, Partition};
use crate::ranking::{Mode, Ranking};
use crate::script::has_han;
use crate::target::Target;
use crate::text_encoder::check_text;
use crate::turn_index::TurnIndex;
use crate::{Cancel, Collection, Embeddings, Error, Query, SearchOptions, TextEncoder};

/// In scopes of fewer records nothing is known of what is common.
const MIN_SCOPE: u64 = 50;
/// Words in more than this share of the records are not what a question is about.
const COMMON: f64 = 0.5;
/// Words in more than this share that are mostly written with a capital are names of those who take part.
const NAME: f64 = 0.1;
const MOSTLY: f64 = 0.8;

/// A question that is ready to be searched for.
pub(crate) struct Question {
    pub(crate) mode: Mode,
    /// What is compared with vectors.
    pub(crate) vector: Option<Vec<f32>>,
    /// Whether the encoder knows enough of its tokens.
    pub(crate) trusted: bool,
    /// What is looked for in texts.
    pub(crate) words: Option<Words>,
    /// What was encoded.
    pub(crate) part: Option<QuestionPart>,
}

/// The terms of a question and what they are worth.
pub(crate) struct Words {
    pub(crate) query: LexicalQuery,
    pub(crate) statistics: LexicalStatistics,
    pub(crate) weights: Weights,
    /// The speakers of turns that are named.
    pub(crate) speakers: Vec<Box<str>>,
}

/// Questions and how long it took to make them ready.
pub(crate) struct Questions {
    pub(crate) all: Vec<Question>,
    pub(crate) encode_ms: f64,
}

/// Questions of which texts are still to be encoded.
pub(crate) struct Asked {
    all: Vec<Question>,
    /// Nothing if no text is.
    encoder: Option<TextEncoder>,
    unencoded: Vec<Unencoded>,
    start: Instant,
}

/// A text to be encoded.
struct Unencoded {
    /// The question.
    at: usize,
    text: String,
    /// Names of those who take part, which were left out.
    left_out: Vec<String>,
}

/// What is known of a text's terms in all namespaces that are searched.
struct Known {
    query: LexicalQuery,
    statistics: LexicalStatistics,
    capitals: Vec<Capitals>,
    /// Which terms are of speakers' names.
    names: Vec<bool>,
    /// Speakers that are named, and by how many terms.
    speakers: BTreeMap<Box<str>, usize>,
}

/// What the questions of a collection are encoded by.
enum AtHand {
    Encoder(TextEncoder),
    /// Its records have no vectors.
    NoVectors,
    /// There is no such collection.
    Nothing,
}

impl Collection {
    /// The questions that queries are, but for what is to be encoded; nothing if there is nothing that could answer them.
    pub(crate) fn ask(
        &self,
        queries: Vec<Query>,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Option<Asked>, Error> {
        cancel.check()?;
        let start = Instant::now();
        let count = queries.len();
        let mut all = Vec::with_capacity(count);
        let mut texts = Vec::new();
        for (at, query) in queries.into_iter().enumerate() {
            let (mode, vector) = match query {
                Query::Vector(vector) => match options.mode {
                    None | Some(Mode::Vector) => (Mode::Vector, Some(vector)),
                    Some(_) => {
                        return Err(Error::InvalidArgument(format!(
                            "{} is a vector: search with a text to search for words, or leave mode out",
                            query_name(at, count)
                        )));
                    }
                },
                Query::Text(text) => {
                    check_text(|| query_name(at, count), &text, self.limits())?;
                    texts.push((at, text));
                    (options.mode.unwrap_or(Mode::Hybrid), None)
                }
            };
            all.push(Question { mode, vector, trusted: true, words: None, part: None });
        }
        let asked = Asked { all, encoder: None, unencoded: Vec::new(), start };
        if texts.is_empty() {
            return Ok(Some(asked));
        }
        self.make_ready(asked, texts, options, cancel)
    }

    /// Makes the questions ready that are texts, at their positions, up to what is to be encoded; nothing if nothing could
    /// answer them.
    fn make_ready(
        &self,
        mut asked: Asked,
        mut texts: Vec<(usize, String)>,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Option<Asked>, Error> {
        let encoder = if options.mode == Some(Mode::Lexical) {
            None
        } else {
            match self.encoder_at_hand(options.mode)? {
                AtHand::Encoder(encoder) => Some(encoder),
                AtHand::NoVectors => None,
                AtHand::Nothing => return Ok(None),
            }
        };
        let mode = match encoder {
            Some(_) => options.mode.unwrap_or(Mode::Hybrid),
            None => Mode::Lexical,
        };
        let ranking = &options.ranking;
        let mut left_out = vec![Vec::new(); texts.len()];
        if mode != Mode::Vector {
            let Some(known) = self.look_up(&texts, options, cancel)? else { return Ok(None) };
            for (((at, text), left_out), known) in texts.iter_mut().zip(&mut left_out).zip(known) {
                if ranking.strip_names && encoder.is_some() {
                    let kept;
                    (kept, *left_out) = known.without_names(text);
                    *text = kept;
                }
                if let Some(question) = asked.all.get_mut(*at) {
                    question.mode = mode;
                    question.words = Some(known.into_words(ranking));
                }
            }
        }
        if encoder.is_some() {
            let unencoded = |((at, text), left_out)| Unencoded { at, text, left_out };
            asked.unencoded = texts.into_iter().zip(left_out).map(unencoded).collect();
            asked.encoder = encoder;
        }
        Ok(Some(asked))
    }

    /// What questions of this collection are encoded by.
    fn encoder_at_hand(&self, mode: Option<Mode>) -> Result<AtHand, Error> {
        let of = |target: &Target| {
            if mode.is_some() {
                target.needs_vectors("a search by meaning")?;
            }
            if !target.vectors {
                return Ok(AtHand::NoVectors);
            }
            let otherwise = "pass a vector, or search for words with mode \"lexical\"";
            let encoder = self.encoder_for(target)?;
            encoder
                .map(AtHand::Encoder)
                .ok_or_else(|| self.encoder_required("searching with text", otherwise))
        };
        let known = self.as_found(Needs::default(), |target, _| of(target))?;
        if let Some(known) = known {
            return Ok(known);
        }
        self.engine.core()?.store.read(|tx| {
            let Some(row) = tx.collection(&self.name)? else { return Ok(AtHand::Nothing) };
            of(&self.stored_target(&row)?)
        })
    }

    /// What is known of the terms of each text; nothing if there are no records.
    fn look_up(
        &self,
        texts: &[(usize, String)],
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Option<Vec<Known>>, Error> {
        let needs = Needs { words: true, ..Needs::default() };
        let visit = |known: &mut Vec<Known>, _: usize, partition: &Partition| {
            let Some(lexical) = &partition.lexical else { return Ok(false) };
            if known.is_empty() {
                known.extend(texts.iter().map(|(_, text)| Known::new(lexical, text)));
            }
            for known in known.iter_mut() {
                known.learn(lexical, partition.turns.as_ref());
            }
            Ok(false)
        };
        if !options.recursive {
            let known = self.as_found(needs, |_, partition| {
                let mut known = Vec::new();
                visit(&mut known, 0, partition)?;
                Ok(known)
            })?;
            if let Some(known) = known {
                return Ok(Some(known));
            }
        }
        let start = |_: &_| Ok(Vec::new());
        let known =
            self.visit(needs, options.recursive, cancel, start, visit, |known, _, _, _| Ok(known))?;
        Ok(known.filter(|known| known.len() == texts.len()))
    }
}

impl Asked {
    /// What is to be encoded, and by what; nothing if nothing is.
    pub(crate) fn unencoded(&self) -> Option<(TextEncoder, Vec<String>)> {
        let texts = self.unencoded.iter().map(|unencoded| unencoded.text.clone());
        self.encoder.clone().map(|encoder| (encoder, texts.collect()))
    }

    /// The questions with the vectors of what was to be encoded.
    ///
    /// # Errors
    /// A tokenizer that fails on a text.
    pub(crate) fn with_vectors(
        self,
        vectors: Option<&Embeddings>,
        options: &SearchOptions,
    ) -> Result<Questions, Error> {
        let Self { mut all, encoder, unencoded, start } = self;
        if let (Some(encoder), Some(vectors)) = (encoder, vectors) {
            let rows = vectors.data.chunks_exact(vectors.dimension);
            for (Unencoded { at, text, left_out }, vector) in unencoded.into_iter().zip(rows) {
                let Some(question) = all.get_mut(at) else { continue };
                let unknown_tokens = encoder.unknown_tokens(&text)?;
                let known = unknown_tokens <= options.ranking.unknown_tokens;
                question.vector = Some(vector.to_vec());
                question.trusted = known && encoder.may_know(&text);
                question.part = Some(QuestionPart { encoded: text, left_out, unknown_tokens });
            }
        }
        Ok(Questions { all, encode_ms: start.elapsed().as_secs_f64() * 1e3 })
    }
}

impl Known {
    fn new(lexical: &LexicalIndex, text: &str) -> Self {
        Self {
            query: lexical.query(text),
            statistics: LexicalStatistics::default(),
            capitals: Vec::new(),
            names: Vec::new(),
            speakers: BTreeMap::new(),
        }
    }

    fn learn(&mut self, lexical: &LexicalIndex, turns: Option<&TurnIndex>) {
        let statistics = lexical.statistics(&self.query);
        let capitals = lexical.capitals(&self.query, &statistics, NAME);
        self.statistics += &statistics;
        self.capitals.resize(capitals.len(), Capitals::default());
        for (sum, capitals) in self.capitals.iter_mut().zip(capitals) {
            sum.occurrences += capitals.occurrences;
            sum.capitalised += capitals.capitalised;
        }
        self.names.resize(self.statistics.with_term.len(), false);
        for speaker in turns.into_iter().flat_map(TurnIndex::speakers) {
            let named = self.query.in_common(&speaker.words);
            for &term in &named {
                if let Some(name) = self.names.get_mut(term) {
                    *name = true;
                }
            }
            if !named.is_empty() {
                self.speakers.insert(speaker.name.clone(), named.len());
            }
        }
    }

    /// A text without the words that are common to all records, and those words; the whole text if nothing with a
    /// meaning would be left.
    fn without_names(&self, text: &str) -> (String, Vec<String>) {
        let all = || (text.to_owned(), Vec::new());
        let common: Vec<bool> =
            (0..self.statistics.with_term.len()).map(|at| self.is_common(at)).collect();
        if !common.contains(&true) {
            return all();
        }
        let is_common = |term: &usize| common.get(*term) == Some(&true);
        let (mut kept, mut left_out, mut has_meaning) = (Vec::new(), Vec::new(), false);
        for (word, terms) in self.query.words(text) {
            if !terms.is_empty() && terms.iter().all(is_common) {
                left_out.push(word.to_owned());
            } else {
                has_meaning |= !terms.is_empty();
                kept.push(word);
            }
        }
        if !has_meaning {
            return all();
        }
        let mut kept = kept.join(" ");
        // Nothing stands between Chinese names and the words beside them.
        for name in self.speakers.keys().map(|name| &**name).filter(|name| has_han(name)) {
            let rest = kept.replace(name, "");
            if rest.len() < kept.len() && rest.contains(char::is_alphanumeric) {
                kept = rest;
                left_out.push(name.to_owned());
            }
        }
        if left_out.is_empty() { all() } else { (kept, left_out) }
    }

    /// Whether the term with a number is a name of those who take part, or everywhere.
    fn is_common(&self, at: usize) -> bool {
        if self.names.get(at) == Some(&true) {
            return true;
        }
        let known = self.statistics.with_term.get(at).zip(self.capitals.get(at));
        let Some((&texts, capitals)) = known.filter(|_| self.statistics.texts >= MIN_SCOPE) else {
            return false;
        };
        let share = texts as f64 / self.statistics.texts as f64;
        let capitalised = capitals.capitalised as f64 / capitals.occurrences.max(1) as f64;
        share > COMMON || (share > NAME && capitalised >= MOSTLY)
    }

    fn into_words(self, ranking: &Ranking) -> Words {
        let weights = Weights::new(&self.query, &self.statistics, ranking.bm25);
        // Of "user A" and "user B" the one is meant of which more is said.
        let most = self.speakers.values().copied().max();
        let speakers = self.speakers.into_iter().filter(|(_, terms)| Some(*terms) == most);
        let speakers = speakers.map(|(name, _)| name).collect();
        Words { query: self.query, statistics: self.statistics, weights, speakers }
    }
}

/// A query in a message.
pub(crate) fn query_name(at: usize, count: usize) -> String {
    if count == 1 { "the query".to_owned() } else { format!("query {at}") }
}
