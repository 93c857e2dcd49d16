//! Adding records unless there is one like them already.

use std::sync::{Arc, Mutex};

use hippocamp_index::Metric;
use serde_json::{Map, Value};

use crate::distinct::Distinct;
use crate::record::{Added, DistinctOptions, Similar};
use crate::validate;
use crate::writer::Work;
use crate::{Cancel, Collection, Error, MetadataChange, NewRecord};

/// Records in one call: each is compared with all before it.
const MOST: usize = 1_000;

impl Collection {
    /// As [`write`](Self::write) in mode add, but for records that are like one that is there, or like one before them. At
    /// most 1,000 in a call; vectors must be compared by cosine.
    pub fn add_distinct(
        &self,
        records: Vec<NewRecord>,
        options: DistinctOptions,
        cancel: &Cancel,
        done: impl FnOnce(Result<Vec<Added>, Error>) + Send + 'static,
    ) {
        let count = records.len();
        let checked = check_count(count)
            .and_then(|()| self.distinct(options))
            .and_then(|distinct| Ok((distinct, self.prepare(records, cancel)?)));
        let (distinct, target, records) = match checked {
            Ok((distinct, Some((target, records)))) => (distinct, target, records),
            Ok((_, None)) => return done(Ok(Vec::new())),
            Err(error) => return done(Err(error)),
        };
        if let Err(error) = target.needs_vectors("telling records that are alike") {
            return done(Err(error));
        }
        if target.metric != Metric::Cosine {
            return done(Err(Error::InvalidArgument(format!(
                "collection \"{}\" compares vectors by {}: records that are alike can be told in collections with metric cosine",
                self.name(),
                target.metric.as_str()
            ))));
        }
        let distinct = Arc::new(distinct);
        let ids: Vec<String> = records.iter().map(|record| record.id.clone()).collect();
        let work = Work::PutDistinct { records, distinct: Arc::clone(&distinct) };
        self.submit(target, work, cancel, move |result| {
            let added = |(id, similar): (String, Option<Similar>)| match similar {
                Some(similar) if !distinct.keep => {
                    Added { id: similar.id.clone(), similar: Some(similar) }
                }
                similar => Added { id, similar },
            };
            done(result.map(|_| ids.into_iter().zip(distinct.take()).map(added).collect()));
        });
    }

    fn distinct(&self, options: DistinctOptions) -> Result<Distinct, Error> {
        let DistinctOptions { similarity, same_words, filter, keep, change } = options;
        if !(similarity > 0.0 && similarity <= 1.0) {
            return Err(Error::InvalidArgument(format!(
                "similarity is {similarity}: give a cosine above 0 and up to 1"
            )));
        }
        let change = change.unwrap_or_else(MetadataChange::none);
        Ok(Distinct {
            similarity,
            same_words,
            filter: self.filter(filter.as_deref())?,
            keep,
            set: self.metadata_to_set(&change)?,
            unset: change.unset,
            limits: self.limits().clone(),
            found: Mutex::default(),
        })
    }
}

fn check_count(count: usize) -> Result<(), Error> {
    if count <= MOST {
        return Ok(());
    }
    Err(Error::InvalidArgument(format!(
        "the batch has {count} records: add at most {MOST} in a call that compares them with each other"
    )))
}

impl MetadataChange {
    fn none() -> Self {
        Self { set: "{}".to_owned(), unset: Vec::new() }
    }
}

impl Collection {
    /// The values of a change, checked.
    pub(crate) fn metadata_to_set(
        &self,
        change: &MetadataChange,
    ) -> Result<Map<String, Value>, Error> {
        validate::metadata(&|| "the change".to_owned(), &change.set, self.limits())?;
        serde_json::from_str(&change.set)
            .map_err(|error| Error::Internal(format!("checked metadata are not JSON: {error}")))
    }
}
