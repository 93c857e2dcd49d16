//! Why a record is not among the hits of a search.

use hippocamp_index::{Filter, Recall};
use hippocamp_store::RowId;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::explain::Explanation;
use crate::masks::Selection;
use crate::namespace::check_label;
use crate::partition::Partition;
use crate::pool::best_first;
use crate::search::Searches;
use crate::{Cancel, Collection, Error, Hit, Query, SearchOptions};

/// What a search thinks of one record.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhyNot {
    /// Whether there is such a record.
    pub exists: bool,
    /// Its place among the hits, from 1; absent if it is none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hit: Option<usize>,
    /// The place, from 1, that it would have among all records that pass the filter, if it did and every one were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// The score that it would have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    /// The score of the last hit; absent without hits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_score: Option<f32>,
    /// What keeps it from being a hit; empty if it is one.
    pub reasons: Vec<Reason>,
    /// What makes the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Box<Explanation>>,
}

/// What keeps a record from being a hit.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Reason {
    /// There is no such record in the namespace.
    Missing,
    /// It does not pass these parts of the filter, each as JSON.
    Filter {
        /// The parts.
        conditions: Vec<String>,
    },
    /// Its score is too low.
    MinScore,
    /// So many hits were asked for, and others are better.
    K,
    /// It is on a page before.
    Offset,
    /// Neither arm has it among its best `ranking.pool`.
    Pool,
    /// It has no word of the question.
    Words,
    /// Better records with the same value have taken its place.
    GroupBy,
    /// Others that are less like the hits before have taken its place.
    Diversity,
    /// The search was not exact and did not come across it.
    Recall,
}

/// Deeper than any ranking.
const ALL: usize = u32::MAX as usize;

impl Collection {
    /// What a search thinks of the record with an id in this namespace. Compares every record.
    ///
    /// # Errors
    /// As [`search`](Self::search), and a bad id.
    pub fn why_not(
        &self,
        query: Query,
        id: &str,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<WhyNot, Error> {
        check_label("the id", id, self.limits())?;
        let hits = self.search(query.clone(), options, cancel)?;
        let is_it = |hit: &Hit| {
            hit.record.id == id && hit.namespace.as_deref().is_none_or(|path| path == self.path())
        };
        let mut why = WhyNot {
            hit: hits.iter().position(is_it).map(|at| at + 1),
            last_score: hits.last().map(|hit| hit.score),
            ..WhyNot::default()
        };
        let exact = SearchOptions {
            recall: Recall::Exact,
            min_score: None,
            diversity: None,
            group_by: None,
            explain: true,
            ..options.clone()
        };
        let row = self.engine.core()?.store.read(|tx| {
            let Some((_, namespace)) = self.locate(tx)? else { return Ok(None) };
            Ok::<_, Error>(tx.get(namespace, id, false)?.map(|row| row.row))
        })?;
        let Some((row, searches)) = row.zip(self.searches(vec![query], &exact, cancel)?) else {
            why.reasons.push(Reason::Missing);
            return Ok(why);
        };
        why.exists = true;
        let Some(standing) = self.standing(row, &searches.with_depth(ALL), cancel)? else {
            return Ok(why);
        };
        if let Some(conditions) = standing.failed {
            why.reasons.push(Reason::Filter { conditions });
        }
        if let Some((rank, score, explanation)) = standing.place {
            (why.rank, why.score) = (Some(rank), Some(score));
            why.explanation = Some(explanation);
        }
        if why.hit.is_none() {
            why.find_reasons(options);
        }
        Ok(why)
    }

    /// How a record stands among all that pass the filter, as if it did.
    fn standing(
        &self,
        row: RowId,
        searches: &Searches<'_>,
        cancel: &Cancel,
    ) -> Result<Option<Standing>, Error> {
        let options = searches.options();
        let conditions = conditions(options.filter.as_deref(), self.limits().filter_nodes)?;
        let with_it =
            |partition: &Partition, mask: &Selection, failed: &mut Option<Vec<String>>| {
                let mut mask = Selection { slots: mask.slots.clone(), records: mask.records };
                let slot = partition.slot(row).filter(|slot| !mask.slots.contains(*slot));
                if let Some(slot) = slot {
                    for slot in partition.all_slots(slot) {
                        mask.slots.insert(slot);
                    }
                    let fails = |(_, filter): &&(String, Filter)| {
                        partition.select(filter).is_some_and(|mask| !mask.slots.contains(slot))
                    };
                    let failing = conditions.iter().filter(fails).map(|(json, _)| json.clone());
                    *failed = Some(failing.collect());
                }
                mask
            };
        self.visit(
            searches.needs(),
            options.recursive,
            cancel,
            |target| Ok((searches.start(&self.name, target)?, None)),
            |(pools, failed), number, partition| {
                let mask = searches.mask(partition).map(|mask| with_it(partition, &mask, failed));
                searches.gather_from(pools, number, partition, mask.as_ref(), cancel)
            },
            |(pools, failed), tx, target, _| {
                let ranked = searches.weighed(tx, target, pools)?.pop();
                let place = ranked.and_then(|mut ranked| {
                    ranked.candidates.sort_by(best_first);
                    let at = ranked.candidates.iter().position(|of| of.row == row)?;
                    let candidate = ranked.candidates.get(at)?;
                    let filtered = options.filter.is_some();
                    let explanation = ranked.explanation(candidate, filtered, searches.timings());
                    Some((at + 1, candidate.score.clamp(0.0, 1.0), Box::new(explanation)))
                });
                Ok(Standing { failed, place })
            },
        )
    }
}

/// How a record stands.
struct Standing {
    /// The parts of the filter that it does not pass, if it does not.
    failed: Option<Vec<String>>,
    /// Its place from 1, its score and what makes it; nothing if it has no word of the question and only words count.
    place: Option<(usize, f32, Box<Explanation>)>,
}

impl WhyNot {
    /// As a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Numbers that JSON has no words for become null; nothing else can go wrong.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What else keeps it from being a hit.
    fn find_reasons(&mut self, options: &SearchOptions) {
        let (Some(rank), Some(score)) = (self.rank, self.score) else {
            return self.reasons.push(Reason::Words);
        };
        if options.min_score.is_some_and(|min| score < min) {
            self.reasons.push(Reason::MinScore);
        }
        if rank <= options.offset {
            self.reasons.push(Reason::Offset);
        }
        let places = options.offset.saturating_add(options.k);
        if rank > places {
            self.reasons.push(Reason::K);
        }
        if self.is_beyond(places.max(options.ranking.pool)) {
            self.reasons.push(Reason::Pool);
        }
        if self.reasons.is_empty() {
            self.reasons.push(if options.group_by.is_some() {
                Reason::GroupBy
            } else if options.diversity.is_some() {
                Reason::Diversity
            } else {
                Reason::Recall
            });
        }
    }

    /// Whether both arms have more than `depth` better records.
    fn is_beyond(&self, depth: usize) -> bool {
        let Some(explanation) = &self.explanation else { return false };
        let ranks = [
            explanation.vector.as_ref().and_then(|part| part.rank),
            explanation.lexical.as_ref().and_then(|part| part.rank),
        ];
        ranks.iter().flatten().all(|rank| *rank as usize > depth)
    }
}

/// The parts of a filter that must all be passed, each as JSON and by itself.
fn conditions(filter: Option<&str>, nodes: usize) -> Result<Vec<(String, Filter)>, Error> {
    let Some(filter) = filter else { return Ok(Vec::new()) };
    let parts: Map<String, Value> = serde_json::from_str(filter).unwrap_or_default();
    let part = |(key, value): (String, Value)| {
        let part = Value::Object(Map::from_iter([(key, value)])).to_string();
        let filter = Filter::parse(&part, nodes)?;
        Ok((part, filter))
    };
    parts.into_iter().map(part).collect()
}
