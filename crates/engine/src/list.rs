//! How records are listed, page by page.
//!
//! A cursor says after which record a page begins, by what it is sorted by, so that pages go on where they ended whatever
//! is written between them.

use hippocamp_index::FilterValue;
use hippocamp_store::{ReadTx, Row, RowId};
use serde_json::{Map, Value};

use crate::limits::within;
use crate::partition::Needs;
use crate::read::record;
use crate::target::Target;
use crate::{Cancel, Collection, Error, ListOptions, Page, Sort};

/// After which record a page begins.
#[derive(Clone, Debug, PartialEq)]
struct Position {
    /// The value that it is sorted by; nothing for those without one, which are last.
    value: Option<FilterValue>,
    row: RowId,
}

impl Collection {
    /// Records in the order of their first insertion, or as they are to be sorted.
    ///
    /// # Errors
    /// [`Error::Closed`], a bad filter, cursor or limit, or a store that cannot be read.
    pub fn list(&self, options: &ListOptions) -> Result<Page, Error> {
        if options.limit == 0 {
            return Err(Error::InvalidArgument(
                "limit is 0: ask for at least one record".to_owned(),
            ));
        }
        let limit = options.limit;
        let most = self.limits().batch_records;
        within(|| "the page".into(), "records", limit, most, "batchRecords")?;
        let Sort { field, descending } = options.sort.clone().unwrap_or_default();
        let parse = |cursor| Position::parse(cursor, field.is_some());
        let after = options.cursor.as_deref().map(parse).transpose()?;
        let filter = self.filter(options.filter.as_deref())?;
        let (mut rows, target): (Vec<(Option<FilterValue>, Row)>, Option<Target>) = if filter
            .is_none()
            && field.is_none()
        {
            let page = self.engine.core()?.store.read(|tx| {
                let Some((target, namespace)) = self.locate(tx)? else {
                    return Ok((Vec::new(), None));
                };
                let (after, with) = (after.map(|after| after.row), options.with_vectors);
                let page = if descending {
                    tx.list_back(namespace, after, limit + 1, with)
                } else {
                    tx.list(namespace, after, limit + 1, with)
                };
                Ok::<_, Error>((page?, Some(target)))
            })?;
            (page.0.into_iter().map(|row| (None, row)).collect(), page.1)
        } else {
            let needs = Needs { filter: filter.as_ref(), sort: field.as_deref(), words: false };
            let page = self.with_partition(needs, &Cancel::new(), |tx, target, partition| {
                let selected = filter.as_ref().and_then(|filter| partition.select(filter));
                let all = match (&field, &selected) {
                    (Some(field), _) => partition.sorted(selected.as_deref(), field, descending),
                    (None, Some(selected)) => inserted(partition.records(selected), descending),
                    (None, None) => Vec::new(),
                };
                let first = after.as_ref().map_or(0, |after| {
                    all.partition_point(|place| {
                        !after.is_before(place, descending, field.is_some())
                    })
                });
                let page = all.get(first..).unwrap_or_default();
                let page = read_rows(tx, page, limit + 1, options.with_vectors)?;
                Ok((page, Some(target.clone())))
            })?;
            page.unwrap_or_default()
        };
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let cursor = last.map(|(value, row)| {
            Position { value: value.clone(), row: row.row }.to_cursor(field.is_some())
        });
        let records = target.map_or_else(Vec::new, |target| {
            rows.into_iter().map(|(_, row)| record(row, &target)).collect()
        });
        Ok(Page { records, cursor })
    }
}

/// Records in the order of their first insertion.
fn inserted(mut rows: Vec<RowId>, descending: bool) -> Vec<(Option<FilterValue>, RowId)> {
    if descending {
        rows.reverse();
    }
    rows.into_iter().map(|row| (None, row)).collect()
}

fn read_rows(
    tx: &ReadTx<'_>,
    places: &[(Option<FilterValue>, RowId)],
    limit: usize,
    with_vectors: bool,
) -> Result<Vec<(Option<FilterValue>, Row)>, Error> {
    let places = places.get(..limit.min(places.len())).unwrap_or_default();
    let ids: Vec<RowId> = places.iter().map(|(_, row)| *row).collect();
    let rows = tx.rows(&ids, with_vectors)?.into_iter().zip(places);
    Ok(rows.filter_map(|(row, (value, _))| Some((value.clone(), row?))).collect())
}

impl Position {
    /// Whether a place comes after it.
    fn is_before(
        &self,
        (value, row): &(Option<FilterValue>, RowId),
        descending: bool,
        sorted: bool,
    ) -> bool {
        if !sorted {
            return if descending { *row < self.row } else { *row > self.row };
        }
        let by_value = match (&self.value, value) {
            (Some(own), Some(other)) if descending => own.cmp(other),
            (Some(own), Some(other)) => other.cmp(own),
            (None, None) => std::cmp::Ordering::Equal,
            (Some(_), None) => std::cmp::Ordering::Greater,
            (None, Some(_)) => std::cmp::Ordering::Less,
        };
        by_value.then(row.cmp(&self.row)).is_gt()
    }

    fn to_cursor(&self, sorted: bool) -> String {
        if !sorted {
            return self.row.0.to_string();
        }
        let row = ("row".to_owned(), Value::from(self.row.0));
        let value = self.value.as_ref().map(|value| ("value".to_owned(), value.to_json()));
        Value::Object(std::iter::once(row).chain(value).collect()).to_string()
    }

    fn parse(cursor: &str, sorted: bool) -> Result<Self, Error> {
        let position = || {
            if !sorted {
                return Some(Self { value: None, row: RowId(cursor.parse().ok()?) });
            }
            let parts: Map<String, Value> = serde_json::from_str(cursor).ok()?;
            let value = match parts.get("value") {
                Some(value) => Some(FilterValue::of(value)?),
                None => None,
            };
            Some(Self { value, row: RowId(parts.get("row")?.as_i64()?) })
        };
        position().filter(|position| position.row.0 >= 0).ok_or_else(|| {
            Error::InvalidArgument(format!(
                "the cursor {cursor:?} is not one that list() gave, sorted the same: pass on the cursor of the page before"
            ))
        })
    }
}
