//! How what both arms have found becomes one ranking.
//!
//! The vector arm says how near a record is, above what all records have in common:
//! `v = (cosine - background) / (1 - background)`. The lexical arm says how much of the question a record answers,
//! by the best of all records and by what could be had at most: `b = bm25 / sqrt(best * max(greatest, best))`.
//! Either alone is a reason to think of a record: `score = 1 - (1 - v) (1 - words * b)`.

use std::str::FromStr;

use hippocamp_index::{Bm25, Metric};
use serde::Serialize;

/// Which arms search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Both.
    Hybrid,
    /// Vectors only.
    Vector,
    /// Words only; nothing is encoded.
    Lexical,
}

/// How two arms become one score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fusion {
    /// Either is a reason: `1 - (1 - v) (1 - words * b)`.
    NoisyOr,
    /// By ranks alone: the sum of `1 / (rankConstant + rank)` over the arms, by what it is for the first of both.
    Rrf,
    /// `words * b + (1 - words) * v`.
    Weighted,
}

/// A name that is none of those known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} \"{found}\": use {known}")]
pub struct UnknownName {
    what: &'static str,
    found: String,
    known: &'static str,
}

impl FromStr for Mode {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "hybrid" => Ok(Self::Hybrid),
            "vector" => Ok(Self::Vector),
            "lexical" => Ok(Self::Lexical),
            _ => Err(UnknownName {
                what: "mode",
                found: name.to_owned(),
                known: r#""hybrid", "vector" or "lexical""#,
            }),
        }
    }
}

impl FromStr for Fusion {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "noisyOr" => Ok(Self::NoisyOr),
            "rrf" => Ok(Self::Rrf),
            "weighted" => Ok(Self::Weighted),
            _ => Err(UnknownName {
                what: "fusion",
                found: name.to_owned(),
                known: r#""noisyOr", "rrf" or "weighted""#,
            }),
        }
    }
}

/// The constants of a ranking. The defaults were found on conversations, abstracts, encyclopedia passages and customers'
/// questions; docs/ranking.md has the figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// How two arms become one score.
    pub fusion: Fusion,
    /// How much words alone can say, from 0 to 1; the default is that of the fusion.
    pub words: Option<f32>,
    /// How many of each arm's best are ranked.
    pub pool: usize,
    /// The constant of [`Fusion::Rrf`].
    pub rank_constant: f32,
    /// The constants of BM25.
    pub bm25: Bm25,
    /// Whether what all records have in common is taken off their similarity.
    pub background: bool,
    /// Whether names and words that are everywhere are left out of what is encoded.
    pub strip_names: bool,
    /// The share of a question's tokens that may be unknown to the encoder; with more, vectors say nothing.
    pub unknown_tokens: f32,
    /// The constants for turns of conversations.
    pub turns: TurnRanking,
}

impl Default for Ranking {
    fn default() -> Self {
        Self {
            fusion: Fusion::NoisyOr,
            words: None,
            pool: 100,
            rank_constant: 60.0,
            bm25: Bm25::default(),
            background: true,
            strip_names: true,
            unknown_tokens: 0.2,
            turns: TurnRanking::default(),
        }
    }
}

impl Ranking {
    /// How much words alone can say.
    #[must_use]
    pub fn words(&self) -> f32 {
        self.words.unwrap_or(match self.fusion {
            Fusion::NoisyOr => 0.75,
            Fusion::Rrf | Fusion::Weighted => 0.5,
        })
    }

    /// The score of a record by what its arms say; before it is brought into [0, 1].
    pub(crate) fn fused(&self, mode: Mode, vector: Arm, lexical: Arm) -> f32 {
        let (v, b) = (vector.score, lexical.score);
        match (mode, self.fusion) {
            (Mode::Vector, _) => v,
            (Mode::Lexical, _) => b,
            (Mode::Hybrid, Fusion::NoisyOr) => 1.0 - (1.0 - v) * (1.0 - self.words() * b),
            (Mode::Hybrid, Fusion::Weighted) => self.words() * b + (1.0 - self.words()) * v,
            (Mode::Hybrid, Fusion::Rrf) => {
                let of = |arm: Arm| {
                    arm.rank.map_or(0.0, |rank| 1.0 / (self.rank_constant + rank as f32))
                };
                let words = self.words();
                (words * of(lexical) + (1.0 - words) * of(vector)) * (self.rank_constant + 1.0)
            }
        }
    }
}

/// How turns of conversations are ranked besides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TurnRanking {
    /// The part of the BM25 of the turn before that a turn has too.
    pub previous: f32,
    /// The same of the turn after.
    pub next: f32,
    /// Which part of what it lacks a turn gains, times its score, whose speaker the question names.
    pub speaker: f32,
    /// What a turn loses that only asks.
    pub question: f32,
}

impl Default for TurnRanking {
    fn default() -> Self {
        Self { previous: 0.4, next: 0.2, speaker: 0.4, question: 0.2 }
    }
}

/// What one arm says of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Arm {
    /// 0 if it has nothing in common with the question, 1 if everything; less than 0 if less than most.
    pub(crate) score: f32,
    /// Its place among those that the arm has found, from 1.
    pub(crate) rank: Option<u32>,
}

/// So many records are worth of doubt about what all have in common: with few, each is a large part of it.
const DOUBT: f64 = 8.0;

/// What all of some records have in common with a question, given the mean of their similarities.
pub(crate) fn background(mean: f64, records: u64) -> f32 {
    let records = records as f64;
    (mean * records / (records + DOUBT)).clamp(0.0, 0.99) as f32
}

/// How near a record is: above the background, if vectors are compared by their angle.
pub(crate) fn vector_score(metric: Metric, similarity: f32, background: f32) -> f32 {
    match metric {
        Metric::Cosine => (similarity.min(1.0) - background) / (1.0 - background),
        Metric::L2 | Metric::Dot => metric.score(similarity),
    }
}

/// How much of a question a record answers.
pub(crate) fn lexical_score(bm25: f32, best: f32, greatest: f32) -> f32 {
    let whole = (best * greatest.max(best)).sqrt();
    if whole > 0.0 { (bm25 / whole).min(1.0) } else { 0.0 }
}
