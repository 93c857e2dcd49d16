//! How collections are searched.
//!
//! A search of records reads them in the snapshot at which they were found. A search for ids alone needs no
//! snapshot: partitions know the ids.

use std::sync::Arc;
use std::time::Instant;

use hippocamp_index::{Filter, Recall, Request};
use hippocamp_store::{ReadTx, RowId};

use crate::explain::Timings;
use crate::limits::within;
use crate::masks::Selection;
use crate::partition::{Needs, Partition};
use crate::pool::{Candidate, Pool, Ranked, Reach};
use crate::question::{Asked, Question, Questions, query_name};
use crate::ranking::Mode;
use crate::read::{Namespaces, record};
use crate::target::Target;
use crate::{Cancel, Collection, Embeddings, Error, Hit, IdHit, Query, SearchOptions, validate};

/// Searches that were checked, and made ready.
pub(crate) struct Searches<'a> {
    questions: Vec<Question>,
    options: &'a SearchOptions,
    filter: Option<Filter>,
    encode_ms: f64,
    start: Instant,
    /// How many of each arm's best are ranked, at least.
    depth: usize,
    /// The same if two arms are.
    pool: usize,
}

/// Searches that were checked, with texts that are still to be encoded.
pub(crate) struct Sought {
    pub(crate) asked: Asked,
    filter: Option<Filter>,
    depth: usize,
    pool: usize,
}

/// Whether a search has found as many hits as there are.
enum Enough {
    Yes,
    No,
}

/// Of a pool's vectors so many are the true nearest, on average; the first ten of a hundred nearly always are.
const POOL_RECALL: f32 = 0.95;

/// How many times more records are looked at when there were not enough.
const DEEPER: usize = 8;

impl Collection {
    /// The nearest records, best first. Searching a collection that does not exist yet finds nothing.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Aborted`], a bad `k`, filter, text or vector, no encoder for a text, or
    /// a store that cannot be read.
    pub fn search(
        &self,
        query: Query,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Vec<Hit>, Error> {
        Ok(self.search_many(vec![query], options, cancel)?.pop().unwrap_or_default())
    }

    /// The same for each of several queries, in their order: in one snapshot, and with one pass over what they all have
    /// to look at.
    ///
    /// # Errors
    /// As [`search`](Self::search), before anything is searched; too many queries.
    pub fn search_many(
        &self,
        queries: Vec<Query>,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<Hit>>, Error> {
        let count = queries.len();
        let searches = self.searches(queries, options, cancel)?;
        self.hits_of(count, searches, cancel)
    }

    /// The hits of `count` searches; none if nothing could answer them.
    pub(crate) fn hits_of(
        &self,
        count: usize,
        searches: Option<Searches<'_>>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<Hit>>, Error> {
        let Some(mut searches) = searches else { return Ok(vec![Vec::new(); count]) };
        loop {
            let found = self.visit(
                searches.needs(),
                searches.options.recursive,
                cancel,
                |target| searches.start(&self.name, target),
                |pools, number, partition| searches.gather(pools, number, partition, cancel),
                |pools, tx, target, namespaces| searches.read(tx, target, pools, namespaces),
            )?;
            match found {
                None => return Ok(vec![Vec::new(); count]),
                Some((hits, Enough::Yes)) => return Ok(hits),
                Some((_, Enough::No)) => searches.depth = searches.depth.saturating_mul(DEEPER),
            }
        }
    }

    /// The ids of the nearest records, best first: [`search`](Self::search) without reading their rows. While
    /// nothing is written it does not touch the store at all but to ask for that.
    ///
    /// # Errors
    /// As [`search`](Self::search); `with_vectors` has no meaning here.
    pub fn search_ids(
        &self,
        query: Query,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Vec<IdHit>, Error> {
        Ok(self.search_many_ids(vec![query], options, cancel)?.pop().unwrap_or_default())
    }

    /// The same for each of several queries, in their order.
    ///
    /// # Errors
    /// As [`search_many`](Self::search_many).
    pub fn search_many_ids(
        &self,
        queries: Vec<Query>,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<IdHit>>, Error> {
        if options.needs_records() {
            let options = SearchOptions { with_vectors: false, explain: false, ..options.clone() };
            return Ok(ids_alone(self.search_many(queries, &options, cancel)?));
        }
        let count = queries.len();
        let searches = self.searches(queries, options, cancel)?;
        self.ids_of(count, searches, cancel)
    }

    /// The ids of the hits of `count` searches in one namespace; none if nothing could answer them.
    pub(crate) fn ids_of(
        &self,
        count: usize,
        searches: Option<Searches<'_>>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<IdHit>>, Error> {
        let Some(searches) = searches else { return Ok(vec![Vec::new(); count]) };
        let needs = searches.needs();
        let known = |target: &Target, partition: &Partition| {
            searches.ids(&self.name, target, partition, cancel)
        };
        if let Some(hits) = self.as_found(needs, known)? {
            return Ok(hits);
        }
        let hits = self.with_partition(needs, cancel, |tx, target, partition| {
            self.note_found(tx.lsn()?, target, partition);
            searches.ids(&self.name, target, partition, cancel)
        })?;
        Ok(hits.unwrap_or_else(|| vec![Vec::new(); count]))
    }

    /// What is asked for, checked and made ready; nothing when there is nothing that could answer it.
    pub(crate) fn searches<'a>(
        &self,
        queries: Vec<Query>,
        options: &'a SearchOptions,
        cancel: &Cancel,
    ) -> Result<Option<Searches<'a>>, Error> {
        let Some(sought) = self.sought(queries, options, cancel)? else { return Ok(None) };
        let vectors = match sought.asked.unencoded() {
            Some((encoder, texts)) => Some(encoder.encode_queries(texts, cancel)?),
            None => None,
        };
        sought.with_vectors(vectors.as_ref(), options).map(Some)
    }

    /// The same before anything is encoded.
    pub(crate) fn sought(
        &self,
        queries: Vec<Query>,
        options: &SearchOptions,
        cancel: &Cancel,
    ) -> Result<Option<Sought>, Error> {
        if options.k == 0 {
            return Err(Error::InvalidArgument("k is 0: ask for at least one hit".to_owned()));
        }
        let limits = self.limits();
        let hits = options.k.saturating_add(options.offset);
        within(|| "the search".into(), "hits (offset + k)", hits, limits.k, "k")?;
        let count = queries.len();
        within(|| "the batch".into(), "queries", count, limits.batch_records, "batchRecords")?;
        if options.min_score.is_some_and(f32::is_nan) {
            return Err(Error::InvalidArgument(
                "minScore is NaN: give a number, or leave it out".to_owned(),
            ));
        }
        let pool = options.ranking.pool.min(limits.k);
        options.check_controls()?;
        let filter = self.filter(options.filter.as_deref())?;
        let depth = if options.chooses() { hits.max(pool) } else { hits };
        let asked = self.ask(queries, options, cancel)?;
        Ok(asked.map(|asked| Sought { asked, filter, depth, pool }))
    }
}

pub(crate) fn ids_alone(hits: Vec<Vec<Hit>>) -> Vec<Vec<IdHit>> {
    let alone = |hits: Vec<Hit>| hits.into_iter().map(IdHit::from).collect();
    hits.into_iter().map(alone).collect()
}

impl Sought {
    /// What is searched for, with the vectors of what was to be encoded.
    ///
    /// # Errors
    /// A tokenizer that fails on a text.
    pub(crate) fn with_vectors<'a>(
        self,
        vectors: Option<&Embeddings>,
        options: &'a SearchOptions,
    ) -> Result<Searches<'a>, Error> {
        let Self { asked, filter, depth, pool } = self;
        let Questions { all, encode_ms } = asked.with_vectors(vectors, options)?;
        let start = Instant::now();
        Ok(Searches { questions: all, options, filter, encode_ms, start, depth, pool })
    }
}

impl Searches<'_> {
    pub(crate) fn needs(&self) -> Needs<'_> {
        let words = self.questions.iter().any(|question| question.words.is_some());
        Needs { filter: self.filter.as_ref(), words, sort: None }
    }

    /// # Errors
    /// A vector that can't be compared with those of the collection.
    pub(crate) fn start(&self, name: &str, target: &Target) -> Result<Vec<Pool>, Error> {
        let count = self.questions.len();
        for (at, question) in self.questions.iter().enumerate() {
            if let Some(vector) = &question.vector {
                let what = || query_name(at, count);
                target.needs_vectors(&what())?;
                validate::vector(what, vector, name, target.dimension, target.metric)?;
            }
        }
        Ok(self.questions.iter().map(|_| Pool::default()).collect())
    }

    /// How many of each arm's best are ranked.
    fn depth(&self, question: &Question) -> usize {
        match question.mode {
            Mode::Hybrid => self.depth.max(self.pool),
            Mode::Vector | Mode::Lexical => self.depth,
        }
    }

    pub(crate) fn options(&self) -> &SearchOptions {
        self.options
    }

    /// Looks deeper.
    pub(crate) fn with_depth(self, depth: usize) -> Self {
        Self { depth, ..self }
    }

    /// The records of a partition that pass the filter; nothing without a filter.
    pub(crate) fn mask(&self, partition: &Partition) -> Option<Arc<Selection>> {
        self.filter.as_ref().and_then(|filter| partition.select(filter))
    }

    /// How exactly vectors are compared. Of a pool of a hundred the last ones hardly matter, so where nothing else is asked for
    /// less is looked at for it.
    fn recall(&self) -> Recall {
        let is_hybrid = |question: &Question| question.mode == Mode::Hybrid;
        match self.options.recall {
            Recall::Default if self.questions.iter().any(is_hybrid) => Recall::AtLeast(POOL_RECALL),
            recall => recall,
        }
    }

    /// What there is in a partition; true if there is anything.
    fn gather(
        &self,
        pools: &mut [Pool],
        number: usize,
        partition: &Partition,
        cancel: &Cancel,
    ) -> Result<bool, Error> {
        let mask = self.mask(partition);
        self.gather_from(pools, number, partition, mask.as_deref(), cancel)
    }

    /// The same of some slots.
    pub(crate) fn gather_from(
        &self,
        pools: &mut [Pool],
        number: usize,
        partition: &Partition,
        mask: Option<&Selection>,
        cancel: &Cancel,
    ) -> Result<bool, Error> {
        let vectors = || self.questions.iter().filter_map(|q| Some((q, q.vector.as_deref()?)));
        let depth = vectors().map(|(question, _)| self.depth(question)).max().unwrap_or(1);
        let slots = mask.map(|mask| &mask.slots);
        let request = Request { k: depth, recall: self.recall(), mask: slots };
        let vectors: Vec<&[f32]> = vectors().map(|(_, vector)| vector).collect();
        let mut near = partition.search(&vectors, &request, cancel)?.into_iter();
        let mut any = false;
        for (pool, question) in pools.iter_mut().zip(&self.questions) {
            let near = question.vector.as_ref().and_then(|_| near.next()).unwrap_or_default();
            let reach = Reach {
                depth: self.depth(question),
                mask,
                explain: self.options.explain,
                directions: self.options.diversity.is_some(),
                turns: self.options.ranking.turns,
            };
            any |= pool.gather(question, (number, partition), near, reach)?;
        }
        Ok(any)
    }

    /// What was found for each question, not in its order yet.
    pub(crate) fn weighed<'a>(
        &'a self,
        tx: &ReadTx<'_>,
        target: &Target,
        pools: Vec<Pool>,
    ) -> Result<Vec<Ranked<'a>>, Error> {
        let mut all = Vec::with_capacity(pools.len());
        for (question, pool) in self.questions.iter().zip(pools) {
            let mut ranked = self.ranked(question, pool, target);
            if self.options.reads_records() {
                let rows: Vec<RowId> = ranked.candidates.iter().map(|of| of.row).collect();
                for (candidate, row) in ranked.candidates.iter_mut().zip(tx.rows(&rows, false)?) {
                    row.map_or(Ok(()), |row| self.options.weigh(candidate, &row))?;
                }
            }
            all.push(ranked);
        }
        Ok(all)
    }

    fn ranked<'a>(&'a self, question: &'a Question, pool: Pool, target: &Target) -> Ranked<'a> {
        pool.ranked(question, &self.options.ranking, target, self.depth(question))
    }

    /// How long it has taken so far.
    pub(crate) fn timings(&self) -> Timings {
        Timings { encode: self.encode_ms, search: self.start.elapsed().as_secs_f64() * 1e3 }
    }

    /// The hits of one partition as ids.
    fn ids(
        &self,
        name: &str,
        target: &Target,
        partition: &Partition,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<IdHit>>, Error> {
        let mut pools = self.start(name, target)?;
        self.gather(&mut pools, 0, partition, cancel)?;
        let of_question = |(question, pool): (&Question, Pool)| {
            let hit = |candidate: &Candidate| {
                let id = partition.key(candidate.slot);
                Ok(IdHit {
                    id: id.ok_or_else(|| Error::Internal("a slot has no id".to_owned()))?,
                    score: candidate.score.clamp(0.0, 1.0),
                    distance: candidate.distance(target),
                    namespace: None,
                })
            };
            let mut ranked = self.ranked(question, pool, target);
            self.options.choose(&mut ranked.candidates);
            ranked.candidates.iter().map(hit).collect()
        };
        self.questions.iter().zip(pools).map(of_question).collect()
    }

    /// The records that were found, and whether there are as many as could be.
    fn read(
        &self,
        tx: &ReadTx<'_>,
        target: &Target,
        pools: Vec<Pool>,
        namespaces: &Namespaces,
    ) -> Result<(Vec<Vec<Hit>>, Enough), Error> {
        let mut ranked = self.weighed(tx, target, pools)?;
        for (question, ranked) in self.questions.iter().zip(&mut ranked) {
            self.options.choose(&mut ranked.candidates);
            // Records of the same group may have taken the places of others.
            let depth = self.depth(question);
            let some_left = self.options.group_by.is_some() && ranked.passing() > depth as u64;
            if ranked.candidates.len() < self.options.k && some_left {
                return Ok((Vec::new(), Enough::No));
            }
        }
        let timings = self.timings();
        let found = ranked.iter().flat_map(|ranked| &ranked.candidates);
        let ids: Vec<RowId> = found.map(|candidate| candidate.row).collect();
        let mut rows = tx.rows(&ids, self.options.with_vectors)?.into_iter();
        let mut hits = Vec::with_capacity(ranked.len());
        for ranked in &ranked {
            let mut of_question = Vec::with_capacity(ranked.candidates.len());
            for candidate in &ranked.candidates {
                let Some(row) = rows.next().flatten() else { continue };
                let explanation = self.options.explain.then(|| {
                    Box::new(ranked.explanation(candidate, self.filter.is_some(), timings))
                });
                of_question.push(Hit {
                    record: record(row, target),
                    score: candidate.score.clamp(0.0, 1.0),
                    distance: candidate.distance(target),
                    namespace: namespaces.path(candidate.namespace)?,
                    explanation,
                });
            }
            hits.push(of_question);
        }
        Ok((hits, Enough::Yes))
    }
}
