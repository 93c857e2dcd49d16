//! What a score is made of.

use serde::Serialize;

use crate::ranking::{Fusion, Mode};

/// Everything that has made the score of a hit. With noisy-or fusion
/// `score = 1 - (1 - vector.score) (1 - words * lexical.score)`, brought into \[0, 1\], times every factor.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Which arms searched.
    pub mode: Mode,
    /// How they became one score, if both did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fusion: Option<FusionPart>,
    /// What the vector says; absent if nothing was encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<VectorPart>,
    /// What the words say; absent if they were not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lexical: Option<LexicalPart>,
    /// What the score was multiplied by.
    pub factors: Vec<FactorPart>,
    /// What the filter let through; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterPart>,
    /// What was encoded; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<QuestionPart>,
    /// How long the search took.
    pub timings: Timings,
}

impl Explanation {
    /// As a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Numbers that JSON has no words for become null; nothing else can go wrong.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// How two arms become one score.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FusionPart {
    /// The way.
    pub method: Fusion,
    /// How much words alone can say.
    pub words: f32,
}

/// What the vector says of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VectorPart {
    /// By the collection's metric: cosine, inner product, or the negative squared euclidean distance.
    pub similarity: f32,
    /// What all records have in common with the question.
    pub background: f32,
    /// What it says: `(similarity - background) / (1 - background)` for cosines; 0 if it is not trusted.
    pub score: f32,
    /// Its place among the records that the vector arm has found, from 1; absent if it has not found this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<u32>,
    /// Whether the encoder knows enough of the question's tokens.
    pub trusted: bool,
}

/// What the words say of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LexicalPart {
    /// The sum of its terms and of what its neighbours add.
    pub bm25: f32,
    /// What the turns before and after it add; absent if it is no turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<f32>,
    /// The best of all records.
    pub best: f32,
    /// What no record can exceed.
    pub greatest: f32,
    /// What they say: `bm25 / sqrt(best * max(greatest, best))`.
    pub score: f32,
    /// Its place among the records that the lexical arm has found, from 1; absent if it has not found this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<u32>,
    /// The question's terms that occur in its text.
    pub terms: Vec<TermPart>,
}

/// What one term adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TermPart {
    /// The term as it is indexed: a stem, a character, or a pair of them.
    pub term: String,
    /// The records that have it.
    pub records: u64,
    /// How often it is in this one.
    pub occurrences: u32,
    /// What it could add at most.
    pub weight: f32,
    /// What it adds.
    pub score: f32,
}

impl From<hippocamp_index::TermPart> for TermPart {
    fn from(part: hippocamp_index::TermPart) -> Self {
        let hippocamp_index::TermPart { term, texts, occurrences, weight, score } = part;
        Self { term, records: texts, occurrences, weight, score }
    }
}

/// What a score was multiplied by.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FactorPart {
    /// What for: `speaker`, `question`, `recency` or `boost`.
    pub name: &'static str,
    /// By how much.
    pub value: f32,
}

/// What a filter let through.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FilterPart {
    /// Records that pass.
    pub passing: u64,
    /// All records.
    pub records: u64,
}

/// What was encoded.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuestionPart {
    /// The text.
    pub encoded: String,
    /// The words that were left out of it: names, and words that are everywhere.
    pub left_out: Vec<String>,
    /// The share of its tokens that the encoder does not know.
    pub unknown_tokens: f32,
}

/// How long a search took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// Looking words up and encoding the question.
    pub encode: f64,
    /// Finding and ranking.
    pub search: f64,
}
