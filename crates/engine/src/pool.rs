//! What both arms find for a question, namespace by namespace, and how it is ranked.

use std::cmp::Ordering;

use hippocamp_index::{FilterValue, LexicalFound, LexicalIndex, LexicalRequest, Neighbor, Slot};
use hippocamp_store::RowId;

use crate::Error;
use crate::explain::{
    Explanation, FactorPart, FilterPart, FusionPart, LexicalPart, TermPart, Timings, VectorPart,
};
use crate::masks::Selection;
use crate::partition::Partition;
use crate::question::{Question, Words};
use crate::ranking::{Arm, Mode, Ranking, TurnRanking, background, lexical_score, vector_score};
use crate::target::Target;

/// Of many namespaces so many times more candidates are held than can be ranked.
const MANY: usize = 8;

/// How far both arms look.
#[derive(Clone, Copy)]
pub(crate) struct Reach<'a> {
    /// How many of each arm's best are ranked.
    pub(crate) depth: usize,
    /// The records that pass the filter, if there is one.
    pub(crate) mask: Option<&'a Selection>,
    /// Whether the terms of each record are wanted.
    pub(crate) explain: bool,
    /// Whether the direction of each record is wanted.
    pub(crate) directions: bool,
    pub(crate) turns: TurnRanking,
}

/// The records among which a question's hits are.
#[derive(Default)]
pub(crate) struct Pool {
    candidates: Vec<Candidate>,
    scope: Scope,
}

/// What is known of all records that were searched.
#[derive(Clone, Copy, Default)]
struct Scope {
    records: u64,
    /// Those that pass the filter.
    passing: u64,
    /// Their similarities to the question, added up.
    similarities: f64,
    /// The best BM25 of all of them.
    best: f32,
}

/// A record that an arm has found.
pub(crate) struct Candidate {
    pub(crate) namespace: usize,
    pub(crate) slot: Slot,
    pub(crate) row: RowId,
    /// NaN if nothing was encoded.
    similarity: f32,
    bm25: f32,
    /// Which arms have found it.
    by_vector: bool,
    by_words: bool,
    vector: Arm,
    lexical: Arm,
    /// If it is to be explained.
    terms: Vec<TermPart>,
    /// If it is a turn of which it is known who says it.
    turn: Option<Said>,
    /// If it is to be compared with others.
    pub(crate) direction: Vec<f32>,
    /// As it is fused, which may be below 0, then as it is weighed.
    pub(crate) score: f32,
    pub(crate) factors: Vec<FactorPart>,
    /// The value that its record shares with others.
    pub(crate) group: Option<FilterValue>,
}

/// What a turn of a conversation is like.
#[derive(Clone, Copy)]
struct Said {
    /// Whether the question names who says it.
    by_named: bool,
    /// Which part of its sentences are questions.
    questions: f32,
}

/// Candidates with their scores, and what is needed to explain these.
pub(crate) struct Ranked<'a> {
    pub(crate) candidates: Vec<Candidate>,
    question: &'a Question,
    ranking: &'a Ranking,
    scope: Scope,
    background: f32,
}

impl Pool {
    /// Adds what a namespace has; `near` is what its vector index has found. True if that is anything.
    pub(crate) fn gather(
        &mut self,
        question: &Question,
        (namespace, partition): (usize, &Partition),
        near: Vec<Neighbor>,
        reach: Reach<'_>,
    ) -> Result<bool, Error> {
        let scope = &mut self.scope;
        scope.records += partition.len();
        scope.passing += reach.mask.map_or(partition.len(), |mask| mask.records);
        if let Some(vector) = &question.vector {
            scope.similarities += partition.mean_similarity(vector)? * partition.len() as f64;
        }
        let found = match question.words.as_ref().zip(partition.lexical.as_ref()) {
            None => near.into_iter().map(Found::by_vector).collect(),
            Some((words, lexical)) => {
                let vector = question.vector.as_deref();
                let (found, best) = by_both(partition, (vector, near), (words, lexical), reach)?;
                scope.best = scope.best.max(best);
                found
            }
        };
        let any = !found.is_empty();
        self.candidates.extend(found.into_iter().filter_map(|found| {
            let Found { slot, similarity, bm25, by_vector, by_words, terms } = found;
            let row = partition.row(slot)?;
            let said = partition.turns.as_ref().and_then(|turns| turns.said(row));
            let turn = said.zip(question.words.as_ref()).map(|(said, words)| Said {
                by_named: words.speakers.iter().any(|name| **name == *said.speaker),
                questions: said.questions,
            });
            Some(Candidate {
                namespace,
                slot,
                row,
                turn,
                similarity,
                bm25,
                by_vector,
                by_words,
                vector: Arm::default(),
                lexical: Arm::default(),
                terms,
                direction: if reach.directions { partition.direction(slot) } else { Vec::new() },
                score: 0.0,
                factors: Vec::new(),
                group: None,
            })
        }));
        if self.candidates.len() / MANY > reach.depth {
            self.prune(reach.depth);
        }
        Ok(any)
    }

    /// Lets those go that are not among the best `depth` of either arm.
    fn prune(&mut self, depth: usize) {
        place(&mut self.candidates, depth, |of| {
            of.by_vector.then_some((of.similarity, &mut of.vector))
        });
        place(&mut self.candidates, depth, |of| of.by_words.then_some((of.bm25, &mut of.lexical)));
        self.candidates.retain_mut(|of| {
            (of.by_vector, of.by_words) = (of.vector.rank.is_some(), of.lexical.rank.is_some());
            (of.vector, of.lexical) = Default::default();
            of.by_vector || of.by_words
        });
    }

    /// Its records with their scores, of which each arm has found `depth` at most.
    pub(crate) fn ranked<'a>(
        self,
        question: &'a Question,
        ranking: &'a Ranking,
        target: &Target,
        depth: usize,
    ) -> Ranked<'a> {
        let Self { mut candidates, scope } = self;
        let background = if ranking.background {
            background(scope.similarities / scope.records.max(1) as f64, scope.records)
        } else {
            0.0
        };
        let greatest = question.words.as_ref().map_or(0.0, |words| words.weights.greatest());
        for candidate in &mut candidates {
            if question.trusted && !candidate.similarity.is_nan() {
                let score = vector_score(target.metric, candidate.similarity, background);
                candidate.vector.score = score;
            }
            candidate.lexical.score = lexical_score(candidate.bm25, scope.best, greatest);
        }
        place(&mut candidates, depth, |of| of.by_vector.then_some((of.similarity, &mut of.vector)));
        place(&mut candidates, depth, |of| of.by_words.then_some((of.bm25, &mut of.lexical)));
        candidates.retain(|of| of.vector.rank.is_some() || of.lexical.rank.is_some());
        for candidate in &mut candidates {
            let trusted_rank = candidate.vector.rank.filter(|_| question.trusted);
            let vector = Arm { rank: trusted_rank, ..candidate.vector };
            candidate.score = ranking.fused(question.mode, vector, candidate.lexical);
            candidate.weigh_turn(ranking.turns);
        }
        Ranked { candidates, question, ranking, scope, background }
    }
}

/// What was found in a slot.
struct Found {
    slot: Slot,
    similarity: f32,
    bm25: f32,
    by_vector: bool,
    by_words: bool,
    terms: Vec<TermPart>,
}

impl Found {
    fn by_vector(Neighbor { slot, similarity }: Neighbor) -> Self {
        let (bm25, terms) = (0.0, Vec::new());
        Self { slot, similarity, bm25, by_vector: true, by_words: false, terms }
    }

    fn by_words(Neighbor { slot, similarity: bm25 }: Neighbor, similarity: f32) -> Self {
        let terms = Vec::new();
        Self { slot, similarity, bm25, by_vector: false, by_words: true, terms }
    }
}

/// What either arm finds, with what the other says of it too; and the best BM25 of all records.
fn by_both(
    partition: &Partition,
    (vector, near): (Option<&[f32]>, Vec<Neighbor>),
    (words, lexical): (&Words, &LexicalIndex),
    reach: Reach<'_>,
) -> Result<(Vec<Found>, f32), Error> {
    let slots: Vec<Slot> = near.iter().map(|found| found.slot).collect();
    let mask = reach.mask.map(|mask| &mask.slots);
    let request = LexicalRequest { k: reach.depth, mask, also: &slots };
    let LexicalFound { mut top, best, also } = match &partition.turns {
        Some(turns) => turns.search(lexical, (&words.query, &words.weights), reach.turns, &request),
        None => lexical.search(&words.query, &words.weights, &request),
    };

    let mut found: Vec<Found> = near.into_iter().map(Found::by_vector).collect();
    let in_top = sorted(top.iter().map(|found| found.slot).collect());
    for (found, bm25) in found.iter_mut().zip(also) {
        found.bm25 = bm25;
        found.by_words = in_top.binary_search(&found.slot).is_ok();
    }

    let near = sorted(slots);
    top.retain(|found| near.binary_search(&found.slot).is_err());
    let slots: Vec<Slot> = top.iter().map(|found| found.slot).collect();
    let similarities = match vector {
        Some(vector) => partition.similarities(vector, &slots)?,
        None => vec![f32::NAN; slots.len()],
    };
    let only_words = top.into_iter().zip(similarities);
    found.extend(only_words.map(|(top, similarity)| Found::by_words(top, similarity)));

    if reach.explain {
        for found in &mut found {
            let Words { query, statistics, weights, .. } = words;
            let parts = lexical.parts(query, weights, statistics, found.slot);
            found.terms = parts.into_iter().map(TermPart::from).collect();
        }
    }
    Ok((found, best))
}

fn sorted(mut slots: Vec<Slot>) -> Vec<Slot> {
    slots.sort_unstable();
    slots
}

/// Numbers those that an arm has found, from the best on.
fn place(
    candidates: &mut [Candidate],
    depth: usize,
    arm: impl Fn(&mut Candidate) -> Option<(f32, &mut Arm)>,
) {
    let mut found: Vec<(f32, (usize, Slot), &mut Arm)> = candidates
        .iter_mut()
        .filter_map(|candidate| {
            let at = (candidate.namespace, candidate.slot);
            arm(candidate).map(|(value, arm)| (value, at, arm))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (rank, (_, _, arm)) in (1u32..).zip(found).take(depth) {
        arm.rank = Some(rank);
    }
}

/// Of equal ones the nearer, then the older.
pub(crate) fn best_first(a: &Candidate, b: &Candidate) -> Ordering {
    let by_score = b.score.total_cmp(&a.score);
    let by_similarity = || b.similarity.total_cmp(&a.similarity);
    by_score.then_with(by_similarity).then_with(|| (a.namespace, a.row).cmp(&(b.namespace, b.row)))
}

impl Candidate {
    /// Weighs what a turn is like, if it answers at all.
    fn weigh_turn(&mut self, ranking: TurnRanking) {
        let Some(Said { by_named, questions }) = self.turn.filter(|_| self.score > 0.0) else {
            return;
        };
        // Never above 1: what is certain gains nothing.
        let gain = 1.0 + ranking.speaker * (1.0 - self.score).max(0.0);
        let speaker = by_named.then_some(("speaker", gain));
        let asks = (questions > 0.0).then_some(("question", 1.0 - ranking.question * questions));
        for (name, value) in speaker.into_iter().chain(asks) {
            self.score *= value;
            self.factors.push(FactorPart { name, value });
        }
    }

    /// How far it is; nothing if nothing was encoded.
    pub(crate) fn distance(&self, target: &Target) -> Option<f32> {
        (!self.similarity.is_nan()).then(|| target.metric.distance(self.similarity))
    }
}

impl Ranked<'_> {
    /// Records that pass the filter.
    pub(crate) fn passing(&self) -> u64 {
        self.scope.passing
    }

    /// What has made a candidate's score.
    pub(crate) fn explanation(
        &self,
        of: &Candidate,
        filtered: bool,
        timings: Timings,
    ) -> Explanation {
        let Self { question, ranking, scope, .. } = self;
        let vector = question.vector.as_ref().map(|_| VectorPart {
            similarity: of.similarity,
            background: self.background,
            score: of.vector.score,
            rank: of.vector.rank,
            trusted: question.trusted,
        });
        let lexical = question.words.as_ref().map(|words| LexicalPart {
            bm25: of.bm25,
            neighbours: of
                .turn
                .map(|_| of.bm25 - of.terms.iter().map(|term| term.score).sum::<f32>()),
            best: scope.best,
            greatest: words.weights.greatest(),
            score: of.lexical.score,
            rank: of.lexical.rank,
            terms: of.terms.clone(),
        });
        let fusion = FusionPart { method: ranking.fusion, words: ranking.words() };
        Explanation {
            mode: question.mode,
            fusion: (question.mode == Mode::Hybrid).then_some(fusion),
            vector,
            lexical,
            factors: of.factors.clone(),
            filter: filtered
                .then_some(FilterPart { passing: scope.passing, records: scope.records }),
            question: question.part.clone(),
            timings,
        }
    }
}
