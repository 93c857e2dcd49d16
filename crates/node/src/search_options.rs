//! How to search, as it comes from JavaScript, where names and types were checked.

use hippocamp_engine::{
    Bm25, Boost, Error, Fusion, GroupBy, Mode, Ranking, Recall, Recency, SearchOptions, TurnRanking,
};
use napi_derive::napi;

use crate::options::{named, size};

/// How to search.
#[napi(object, object_to_js = false)]
pub struct NativeSearchOptions {
    /// How many hits at most.
    pub k: i64,
    /// How many of the best are left out.
    pub offset: Option<i64>,
    /// `hybrid`, `vector` or `lexical`.
    pub mode: Option<String>,
    /// The constants of the ranking.
    pub ranking: Option<NativeRanking>,
    /// How many of the true nearest to find, on average; 1 for all of them.
    pub recall: Option<f64>,
    /// A filter as JSON.
    pub filter: Option<String>,
    /// Only hits with at least this score.
    pub min_score: Option<f64>,
    /// Whether hits carry their vectors.
    pub vectors: bool,
    /// Whether the namespaces below are searched too.
    pub recursive: bool,
    /// Whether hits say what has made their scores.
    pub explain: bool,
    /// How much hits are to differ.
    pub diversity: Option<f64>,
    /// Whether new records come before old ones.
    pub recency: Option<NativeRecency>,
    /// Whether important records come first.
    pub boost: Option<NativeBoost>,
    /// Whether only some of the records with the same value are hits.
    pub group_by: Option<NativeGroupBy>,
}

/// Whether new records come before old ones.
#[napi(object, object_to_js = false)]
pub struct NativeRecency {
    /// In milliseconds.
    pub half_life: f64,
    /// What the oldest keep.
    pub floor: f64,
    /// In milliseconds since 1970.
    pub now: f64,
    /// The metadata path of the time.
    pub field: Option<String>,
}

/// Whether important records come first.
#[napi(object, object_to_js = false)]
pub struct NativeBoost {
    /// The metadata path of the number.
    pub field: String,
    /// What records without it lose.
    pub weight: f64,
    /// The number from which on nothing is lost.
    pub max: f64,
}

/// Whether only some of the records with the same value are hits.
#[napi(object, object_to_js = false)]
pub struct NativeGroupBy {
    /// The metadata path of the value.
    pub field: String,
    /// How many of each.
    pub size: i64,
}

/// The constants of a ranking; what is absent has its default.
#[napi(object, object_to_js = false)]
pub struct NativeRanking {
    /// `noisyOr`, `rrf` or `weighted`.
    pub fusion: Option<String>,
    /// How much words alone can say.
    pub words: Option<f64>,
    /// How many of each arm's best are ranked.
    pub pool: Option<i64>,
    /// The constant of `rrf`.
    pub rank_constant: Option<f64>,
    /// BM25's.
    pub k1: Option<f64>,
    /// BM25's.
    pub b: Option<f64>,
    /// Whether what all records have in common is taken off.
    pub background: Option<bool>,
    /// Whether names are left out of what is encoded.
    pub strip_names: Option<bool>,
    /// The share of unknown tokens that is too many.
    pub unknown_tokens: Option<f64>,
    /// The part of the words of the turn before.
    pub previous: Option<f64>,
    /// The part of the words of the turn after.
    pub next: Option<f64>,
    /// What a turn of a named speaker gains.
    pub speaker: Option<f64>,
    /// What a turn loses that only asks.
    pub question: Option<f64>,
}

impl NativeSearchOptions {
    pub(crate) fn into_engine(self) -> Result<SearchOptions, Error> {
        Ok(SearchOptions {
            k: size("k", self.k)?,
            offset: self.offset.map_or(Ok(0), |offset| size("offset", offset))?,
            mode: named::<Mode>(self.mode.as_deref())?,
            ranking: self
                .ranking
                .map_or_else(|| Ok(Ranking::default()), NativeRanking::into_engine)?,
            recall: recall_of(self.recall),
            filter: self.filter,
            min_score: self.min_score.map(|score| score as f32),
            with_vectors: self.vectors,
            recursive: self.recursive,
            explain: self.explain,
            diversity: self.diversity.map(|diversity| diversity as f32),
            recency: self.recency.map(|recency| Recency {
                half_life_ms: recency.half_life,
                floor: recency.floor as f32,
                now_ms: recency.now,
                field: recency.field,
            }),
            boost: self.boost.map(|boost| Boost {
                field: boost.field,
                weight: boost.weight as f32,
                max: boost.max,
            }),
            group_by: self.group_by.map(NativeGroupBy::into_engine).transpose()?,
        })
    }
}

impl NativeGroupBy {
    fn into_engine(self) -> Result<GroupBy, Error> {
        Ok(GroupBy { field: self.field, size: size("groupBy.size", self.size)? })
    }
}

impl NativeRanking {
    fn into_engine(self) -> Result<Ranking, Error> {
        let default = Ranking::default();
        let or = |given: Option<f64>, default: f32| given.map_or(default, |value| value as f32);
        Ok(Ranking {
            fusion: named::<Fusion>(self.fusion.as_deref())?.unwrap_or(default.fusion),
            words: self.words.map(|words| words as f32),
            pool: self.pool.map_or(Ok(default.pool), |pool| size("ranking.pool", pool))?,
            rank_constant: or(self.rank_constant, default.rank_constant),
            bm25: Bm25 { k1: or(self.k1, default.bm25.k1), b: or(self.b, default.bm25.b) },
            background: self.background.unwrap_or(default.background),
            strip_names: self.strip_names.unwrap_or(default.strip_names),
            unknown_tokens: or(self.unknown_tokens, default.unknown_tokens),
            turns: TurnRanking {
                previous: or(self.previous, default.turns.previous),
                next: or(self.next, default.turns.next),
                speaker: or(self.speaker, default.turns.speaker),
                question: or(self.question, default.turns.question),
            },
        })
    }
}

/// A recall to aim at.
pub(crate) fn recall_of(recall: Option<f64>) -> Recall {
    match recall {
        None => Recall::Default,
        Some(recall) if recall < 1.0 => Recall::AtLeast(recall as f32),
        Some(_) => Recall::Exact,
    }
}
