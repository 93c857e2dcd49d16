//! Searches whose questions are encoded together with those of others.
//!
//! A search that encodes its question itself keeps a worker while it does, and as many questions go through the model
//! together as there are workers. So where others wait for a worker, a search leaves its question in the
//! encoder's queue and its worker to them, and goes on when it has the vector. Where nobody waits it goes straight
//! through: to go on as another job takes some microseconds.

use crate::search::{Searches, Sought, ids_alone};
use crate::{
    Cancel, Collection, Embeddings, Error, Hit, IdHit, Priority, Query, Runtime, SearchOptions,
};

impl Collection {
    /// [`search_many`](Self::search_many) for a job: `done` is called once, on this thread or another.
    pub fn search_many_later(
        self,
        queries: Vec<Query>,
        options: SearchOptions,
        cancel: &Cancel,
        done: impl FnOnce(Result<Vec<Vec<Hit>>, Error>) + Send + 'static,
    ) {
        let count = queries.len();
        let find = move |this: &Self, searches: Option<Searches<'_>>, cancel: &Cancel| {
            this.hits_of(count, searches, cancel)
        };
        self.search_later(queries, options, cancel, find, done);
    }

    /// [`search_many_ids`](Self::search_many_ids) for a job: `done` is called once, on this thread or another.
    pub fn search_many_ids_later(
        self,
        queries: Vec<Query>,
        options: SearchOptions,
        cancel: &Cancel,
        done: impl FnOnce(Result<Vec<Vec<IdHit>>, Error>) + Send + 'static,
    ) {
        if options.needs_records() {
            let options = SearchOptions { with_vectors: false, explain: false, ..options };
            let done = move |hits: Result<_, _>| done(hits.map(ids_alone));
            return self.search_many_later(queries, options, cancel, done);
        }
        let count = queries.len();
        let find = move |this: &Self, searches: Option<Searches<'_>>, cancel: &Cancel| {
            this.ids_of(count, searches, cancel)
        };
        self.search_later(queries, options, cancel, find, done);
    }

    fn search_later<T: Send + 'static>(
        self,
        queries: Vec<Query>,
        options: SearchOptions,
        cancel: &Cancel,
        find: impl FnOnce(&Self, Option<Searches<'_>>, &Cancel) -> Result<T, Error> + Send + 'static,
        done: impl FnOnce(Result<T, Error>) + Send + 'static,
    ) {
        let sought = match self.sought(queries, &options, cancel) {
            Ok(sought) => sought,
            Err(error) => return done(Err(error)),
        };
        let unencoded = sought.as_ref().and_then(|sought| sought.asked.unencoded());
        let searching = cancel.clone();
        let answer = move |sought: Option<Sought>, vectors: Option<Embeddings>| {
            let searches = sought.map(|sought| sought.with_vectors(vectors.as_ref(), &options));
            find(&self, searches.transpose()?, &searching)
        };
        match unencoded {
            None => done(answer(sought, None)),
            Some((encoder, texts)) if Runtime::shared().is_waited_for() => {
                let priority = Priority::of_count(texts.len());
                encoder.encode_queries_later(texts, cancel, move |vectors| {
                    // The thread that has encoded it goes on encoding.
                    Runtime::shared().spawn(priority, move || {
                        done(vectors.and_then(|vectors| answer(sought, Some(vectors))));
                    });
                });
            }
            Some((encoder, texts)) => {
                let vectors = encoder.encode_queries(texts, cancel);
                done(vectors.and_then(|vectors| answer(sought, Some(vectors))));
            }
        }
    }
}
