//! What is done to a ranking after it is made: records that are new or important come further up, and of many that say
//! the same only some are left.

use hippocamp_index::{FilterValue, values_at};
use hippocamp_store::Row;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::explain::FactorPart;
use crate::pool::{Candidate, best_first};
use crate::validate::stored_metadata;
use crate::{Error, SearchOptions};

/// Hits that can be kept apart from each other: every two are compared.
const MOST_DIVERSE: usize = 1_000;

/// New records come before old ones: a score is multiplied by `floor + (1 - floor) / 2^(age / half-life)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Recency {
    /// After so many milliseconds half of what can be lost is lost.
    pub half_life_ms: f64,
    /// What the oldest records keep, from 0 to 1.
    pub floor: f32,
    /// What ages are counted from, in milliseconds since 1970.
    pub now_ms: f64,
    /// The metadata path of a record's time: a date, or a number of milliseconds since 1970. Where there is none it is the
    /// time at which the record was first written.
    pub field: Option<String>,
}

/// Important records come first: a score is multiplied by `1 - weight (1 - value / max)`, with the value between 0 and
/// `max`, and 0 where there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Boost {
    /// The metadata path of the number.
    pub field: String,
    /// What records lose whose number is 0, from 0 to 1.
    pub weight: f32,
    /// The number from which on nothing is lost.
    pub max: f64,
}

/// Of the records with the same value only the best are hits.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupBy {
    /// The metadata path of the value; records without one are each by themselves.
    pub field: String,
    /// How many of each.
    pub size: usize,
}

impl SearchOptions {
    /// # Errors
    /// A number that is out of its range.
    pub(crate) fn check_controls(&self) -> Result<(), Error> {
        let refuse = |problem: String| Err(Error::InvalidArgument(problem));
        let hits = self.k.saturating_add(self.offset);
        if self.diversity.is_some() && hits > MOST_DIVERSE {
            return refuse(format!(
                "offset + k is {hits} with diversity: ask for at most {MOST_DIVERSE}, or leave diversity out"
            ));
        }
        if let Some(Recency { half_life_ms, now_ms, .. }) = &self.recency {
            if !(half_life_ms.is_finite() && *half_life_ms > 0.0) {
                return refuse(format!(
                    "recency.halfLife is {half_life_ms}: give a number of milliseconds above 0"
                ));
            }
            if !now_ms.is_finite() {
                return refuse("recency.now is no time: give a date".to_owned());
            }
        }
        if let Some(Boost { max, .. }) = &self.boost
            && !(max.is_finite() && *max > 0.0)
        {
            return refuse(format!("boost.max is {max}: give a number above 0"));
        }
        Ok(())
    }

    /// Whether records must be read before they can be ranked.
    pub(crate) fn reads_records(&self) -> bool {
        self.recency.is_some() || self.boost.is_some() || self.group_by.is_some()
    }

    /// Whether the ids of hits are found by way of their records.
    pub(crate) fn needs_records(&self) -> bool {
        self.recursive || self.reads_records()
    }

    /// Whether hits are chosen among more than are asked for.
    pub(crate) fn chooses(&self) -> bool {
        self.reads_records() || self.diversity.is_some()
    }

    /// Multiplies a candidate's score by what its record says, and notes its group.
    pub(crate) fn weigh(&self, candidate: &mut Candidate, row: &Row) -> Result<(), Error> {
        let metadata = stored_metadata(row.meta.as_deref())?;
        candidate.score = candidate.score.clamp(0.0, 1.0);
        let recency =
            self.recency.as_ref().map(|recency| ("recency", recency.factor(row, &metadata)));
        let boost = self.boost.as_ref().map(|boost| ("boost", boost.factor(&metadata)));
        for (name, value) in recency.into_iter().chain(boost) {
            candidate.score *= value;
            candidate.factors.push(FactorPart { name, value });
        }
        if let Some(GroupBy { field, .. }) = &self.group_by {
            candidate.group = values_at(&metadata, field).into_iter().next();
        }
        Ok(())
    }

    /// The hits among candidates that are in any order.
    pub(crate) fn choose(&self, candidates: &mut Vec<Candidate>) {
        candidates.sort_by(best_first);
        if let Some(min) = self.min_score {
            candidates.retain(|candidate| candidate.score >= min);
        }
        if let Some(GroupBy { size, .. }) = &self.group_by {
            let mut counts = std::collections::BTreeMap::<FilterValue, usize>::new();
            candidates.retain(|candidate| {
                candidate.group.as_ref().is_none_or(|group| {
                    let count = counts.entry(group.clone()).or_default();
                    *count += 1;
                    *count <= *size
                })
            });
        }
        if let Some(diversity) = self.diversity {
            diversify(candidates, diversity, self.k.saturating_add(self.offset));
        }
        candidates.drain(..self.offset.min(candidates.len()));
        candidates.truncate(self.k);
    }
}

impl Recency {
    fn factor(&self, row: &Row, metadata: &Map<String, Value>) -> f32 {
        let field = self.field.as_ref().and_then(|field| {
            values_at(metadata, field).into_iter().find_map(|value| match value {
                FilterValue::Number(ms) => Some(ms),
                FilterValue::String(date) => time_of(&date),
                _ => None,
            })
        });
        let age = (self.now_ms - field.unwrap_or(row.created_ms as f64)).max(0.0);
        let kept = (-age / self.half_life_ms).exp2() as f32;
        self.floor + (1.0 - self.floor) * kept
    }
}

impl Boost {
    fn factor(&self, metadata: &Map<String, Value>) -> f32 {
        let number = values_at(metadata, &self.field).into_iter().find_map(|value| match value {
            FilterValue::Number(number) => Some(number),
            _ => None,
        });
        let share = (number.unwrap_or(0.0) / self.max).clamp(0.0, 1.0) as f32;
        1.0 - self.weight * (1.0 - share)
    }
}

/// A date, with or without its time, in milliseconds since 1970; without an offset it is in UTC.
fn time_of(date: &str) -> Option<f64> {
    let timestamp = date.parse::<Timestamp>().ok().or_else(|| {
        let date: jiff::civil::DateTime = date.parse().ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    });
    timestamp.map(|timestamp| timestamp.as_millisecond() as f64)
}

/// Puts those in front, up to `count`, that are good and unlike those before them (maximal marginal relevance): by
/// `(1 - diversity) score - diversity similarity`, where the similarity is that to the most similar one before.
fn diversify(candidates: &mut Vec<Candidate>, diversity: f32, count: usize) {
    let mut rest: Vec<(Candidate, f32)> =
        std::mem::take(candidates).into_iter().map(|candidate| (candidate, 0.0)).collect();
    while candidates.len() < count && !rest.is_empty() {
        let value = |(candidate, similarity): &(Candidate, f32)| {
            (1.0 - diversity) * candidate.score - diversity * similarity
        };
        // The first of equal ones is the better one.
        let mut best = (0, f32::NEG_INFINITY);
        for (at, candidate) in rest.iter().enumerate() {
            let value = value(candidate);
            if value > best.1 {
                best = (at, value);
            }
        }
        let (chosen, _) = rest.remove(best.0);
        for (other, similarity) in &mut rest {
            *similarity = similarity.max(cosine(&chosen.direction, &other.direction));
        }
        candidates.push(chosen);
    }
}

/// Of two directions of length 1.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_with_and_without_time() {
        let noon = 1_793_534_400_000.0;
        assert_eq!(time_of("2026-11-01T12:00:00.000Z"), Some(noon));
        assert_eq!(time_of("2026-11-01T13:00:00+01:00"), Some(noon));
        assert_eq!(time_of("2026-11-01T12:00"), Some(noon));
        assert_eq!(time_of("2026-11-01"), Some(noon - 12.0 * 3_600_000.0));
        assert_eq!(time_of("yesterday"), None);
    }

    #[test]
    fn numbers_out_of_their_range_are_refused() {
        let recency = |half_life_ms, now_ms| SearchOptions {
            recency: Some(Recency { half_life_ms, floor: 0.5, now_ms, field: None }),
            ..SearchOptions::default()
        };
        let boost = |max| SearchOptions {
            boost: Some(Boost { field: "x".into(), weight: 0.5, max }),
            ..SearchOptions::default()
        };
        let diverse = |k| SearchOptions { k, diversity: Some(0.5), ..SearchOptions::default() };
        assert!(recency(1.0, 0.0).check_controls().is_ok());
        assert!(recency(0.0, 0.0).check_controls().is_err());
        assert!(recency(f64::INFINITY, 0.0).check_controls().is_err());
        assert!(recency(1.0, f64::NAN).check_controls().is_err());
        assert!(boost(1.0).check_controls().is_ok() && boost(0.0).check_controls().is_err());
        assert!(
            diverse(1_000).check_controls().is_ok() && diverse(1_001).check_controls().is_err()
        );
    }
}
