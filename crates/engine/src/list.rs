//! How records are listed, page by page.
//!
//! A cursor says after which record a page begins, by what it is sorted by, so that pages go on where they ended whatever
//! is written between them.

use std::cmp::Ordering;
use std::sync::Arc;

use hippocamp_index::{Filter, FilterValue};
use hippocamp_store::{ReadTx, Row, RowId};
use serde_json::{Map, Value};

use crate::limits::within;
use crate::partition::{Needs, Partition};
use crate::read::{Namespaces, record};
use crate::target::Target;
use crate::{Cancel, Collection, Error, ListOptions, Page, Record, Sort};

/// After which record a page begins.
#[derive(Clone, Debug, PartialEq)]
struct Position {
    /// The value that it is sorted by; nothing for those without one, which are last.
    value: Option<FilterValue>,
    row: RowId,
}

/// Where a record stands among all, and the number of its namespace.
struct Place {
    position: Position,
    namespace: usize,
}

/// By what places are ordered.
#[derive(Clone, Copy)]
struct Order {
    /// By a value, and not only by insertion.
    sorted: bool,
    descending: bool,
}

/// What a page is asked for, checked.
struct Request<'a> {
    filter: Option<Filter>,
    field: Option<String>,
    order: Order,
    after: Option<Position>,
    options: &'a ListOptions,
}

/// One record more than a page has, if there is one; and the path of each, in a recursive listing.
type Found = Vec<(Position, Record, Option<Arc<[String]>>)>;

impl Collection {
    /// Records in the order of their first insertion, or as they are to be sorted.
    ///
    /// # Errors
    /// [`Error::Closed`], a bad filter, cursor or limit, or a store that cannot be read.
    pub fn list(&self, options: &ListOptions) -> Result<Page, Error> {
        let request = self.request(options)?;
        let mut found = if request.filter.is_none() && request.field.is_none() {
            self.in_order(&request)?
        } else {
            self.passing(&request)?
        };
        let more = found.len() > options.limit;
        found.truncate(options.limit);
        let last = found.last().filter(|_| more);
        let cursor = last.map(|(position, ..)| position.to_cursor(request.order.sorted));
        let (mut records, mut namespaces) = (Vec::with_capacity(found.len()), Vec::new());
        for (_, record, namespace) in found {
            records.push(record);
            namespaces.extend(namespace);
        }
        Ok(Page { records, namespaces, cursor })
    }

    fn request<'a>(&self, options: &'a ListOptions) -> Result<Request<'a>, Error> {
        if options.limit == 0 {
            return Err(Error::InvalidArgument(
                "limit is 0: ask for at least one record".to_owned(),
            ));
        }
        let most = self.limits().batch_records;
        within(|| "the page".into(), "records", options.limit, most, "batchRecords")?;
        let Sort { field, descending } = options.sort.clone().unwrap_or_default();
        let order = Order { sorted: field.is_some(), descending };
        let parse = |cursor| Position::parse(cursor, order.sorted);
        let after = options.cursor.as_deref().map(parse).transpose()?;
        let filter = self.filter(options.filter.as_deref())?;
        Ok(Request { filter, field, order, after, options })
    }

    /// A page of all records by their insertion, which needs no index.
    fn in_order(&self, request: &Request<'_>) -> Result<Found, Error> {
        let Request { order, after, options, .. } = request;
        let (after, wanted) = (after.as_ref().map(|after| after.row), options.limit + 1);
        self.engine.core()?.store.read(|tx| {
            let Some(stored) = tx.collection(&self.name)? else { return Ok(Vec::new()) };
            let target = self.stored_target(&stored)?;
            let namespaces = self.namespaces_in(tx, stored.id, options.recursive)?;
            let rows = if options.recursive {
                merged(tx, &namespaces, request)?
            } else {
                let page = if order.descending { ReadTx::list_back } else { ReadTx::list };
                let rows = namespaces
                    .ids()
                    .next()
                    .map(|id| page(tx, id, after, wanted, options.with_vectors))
                    .transpose()?;
                rows.into_iter().flatten().map(|row| (0, row)).collect()
            };
            let found = rows.into_iter().map(|(number, row)| {
                let position = Position { value: None, row: row.row };
                Ok((position, record(row, &target), namespaces.path(number)?))
            });
            found.collect()
        })
    }

    /// A page of the records that pass a filter, or of all as they are sorted.
    fn passing(&self, request: &Request<'_>) -> Result<Found, Error> {
        let Request { filter, field, options, .. } = request;
        let needs = Needs { filter: filter.as_ref(), sort: field.as_deref(), words: false };
        let found = self.visit(
            needs,
            options.recursive,
            &Cancel::new(),
            |_| Ok(Vec::new()),
            |all: &mut Vec<Place>, number, partition| {
                let positions = request.positions(partition).into_iter();
                all.extend(positions.map(|position| Place { position, namespace: number }));
                Ok(true)
            },
            |places, tx, target, namespaces| request.page(places, tx, target, namespaces),
        )?;
        Ok(found.unwrap_or_default())
    }
}

/// The first records of several namespaces, each with the number of its own. Ids are merged before anything else is read.
fn merged(
    tx: &ReadTx<'_>,
    namespaces: &Namespaces,
    Request { order, after, options, .. }: &Request<'_>,
) -> Result<Vec<(usize, Row)>, Error> {
    let (after, wanted) = (after.as_ref().map(|after| after.row), options.limit + 1);
    let mut ids: Vec<(usize, RowId)> = Vec::new();
    for (number, namespace) in namespaces.ids().enumerate() {
        let page = tx.list_ids(namespace, after, wanted, order.descending)?;
        ids.extend(page.into_iter().map(|id| (number, id)));
        if ids.len() > 4 * wanted {
            ids.sort_by(|(_, a), (_, b)| order.of_rows(*a, *b));
            ids.truncate(wanted);
        }
    }
    ids.sort_by(|(_, a), (_, b)| order.of_rows(*a, *b));
    ids.truncate(wanted);
    let rows: Vec<RowId> = ids.iter().map(|(_, id)| *id).collect();
    let rows = tx.rows(&rows, options.with_vectors)?.into_iter().zip(ids);
    Ok(rows.filter_map(|(row, (number, _))| Some((number, row?))).collect())
}

impl Request<'_> {
    /// The records of a namespace that are meant, in their order.
    fn positions(&self, partition: &Partition) -> Vec<Position> {
        let selected = self.filter.as_ref().and_then(|filter| partition.select(filter));
        let Order { descending, .. } = self.order;
        match (&self.field, &selected) {
            (Some(field), _) => partition
                .sorted(selected.as_deref(), field, descending)
                .into_iter()
                .map(|(value, row)| Position { value, row })
                .collect(),
            (None, Some(selected)) => {
                let mut rows = partition.records(selected);
                if descending {
                    rows.reverse();
                }
                rows.into_iter().map(|row| Position { value: None, row }).collect()
            }
            (None, None) => Vec::new(),
        }
    }

    /// The records of the page, and one more, among the places of all namespaces.
    fn page(
        &self,
        mut places: Vec<Place>,
        tx: &ReadTx<'_>,
        target: &Target,
        namespaces: &Namespaces,
    ) -> Result<Found, Error> {
        if self.options.recursive {
            places.sort_by(|a, b| self.order.of(&a.position, &b.position));
        }
        let first = self.after.as_ref().map_or(0, |after| {
            places.partition_point(|place| self.order.of(&place.position, after).is_le())
        });
        let page = places.get(first..).unwrap_or_default();
        let page = page.get(..page.len().min(self.options.limit + 1)).unwrap_or_default();
        let ids: Vec<RowId> = page.iter().map(|place| place.position.row).collect();
        let rows = tx.rows(&ids, self.options.with_vectors)?.into_iter().zip(page);
        rows.filter_map(|(row, place)| Some((row?, place)))
            .map(|(row, Place { position, namespace })| {
                Ok((position.clone(), record(row, target), namespaces.path(*namespace)?))
            })
            .collect()
    }
}

impl Order {
    /// By value, those without one last, and then by insertion; insertion is turned round with the values only if there are
    /// none.
    fn of(self, a: &Position, b: &Position) -> Ordering {
        if !self.sorted {
            return self.of_rows(a.row, b.row);
        }
        let by_value = match (&a.value, &b.value) {
            (Some(a), Some(b)) if self.descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (None, None) => Ordering::Equal,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
        };
        by_value.then(a.row.cmp(&b.row))
    }

    fn of_rows(self, a: RowId, b: RowId) -> Ordering {
        if self.descending { b.cmp(&a) } else { a.cmp(&b) }
    }
}

impl Position {
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
