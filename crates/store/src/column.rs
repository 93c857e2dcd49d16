//! Typed values out of untrusted rows.
//!
//! A damaged page can hold any type, any length and any bytes in any column, STRICT tables or not.
//! Whatever does not fit becomes [`Error::Corrupt`] with the table, the row and the column.

use std::path::Path;

use rusqlite::types::{FromSqlError, ValueRef};

use crate::Error;

/// One result row with the names that its errors are told by.
pub(crate) struct Columns<'a> {
    row: &'a rusqlite::Row<'a>,
    path: &'a Path,
    table: &'static str,
}

impl<'a> Columns<'a> {
    /// Reads `row` of `table`; column 0 must be the id or key by which errors name it.
    pub(crate) fn new(row: &'a rusqlite::Row<'a>, path: &'a Path, table: &'static str) -> Self {
        Self { row, path, table }
    }

    pub(crate) fn integer(&self, column: usize) -> Result<i64, Error> {
        self.typed(column, "an integer", |v| v.as_i64())
    }

    /// A count or length: not negative.
    pub(crate) fn size(&self, column: usize) -> Result<u64, Error> {
        let value = self.integer(column)?;
        u64::try_from(value).map_err(|_| self.corrupt(column, &format!("is negative: {value}")))
    }

    pub(crate) fn text(&self, column: usize) -> Result<&'a str, Error> {
        self.typed(column, "a text", |v| v.as_str())
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<&'a str>, Error> {
        self.typed(column, "a text or NULL", |v| v.as_str_or_null())
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<&'a [u8], Error> {
        self.typed(column, "a blob", |v| v.as_blob())
    }

    /// Replaces `into` by the little-endian f32 numbers that table `vectors` has for this row: one or
    /// several vectors of `dimension`.
    pub(crate) fn vectors(
        &self,
        column: usize,
        dimension: usize,
        into: &mut Vec<f32>,
    ) -> Result<(), Error> {
        let joined = Columns { table: "vectors", ..*self };
        let bytes = joined.bytes(column)?;
        let (numbers, rest) = bytes.as_chunks::<4>();
        let is_whole = numbers.len().checked_rem(dimension) == Some(0) && rest.is_empty();
        if numbers.is_empty() || !is_whole {
            let what = format!(
                "has {} bytes, a vector of {dimension} numbers has {}",
                bytes.len(),
                dimension.saturating_mul(4)
            );
            return Err(joined.corrupt(column, &what));
        }
        into.clear();
        into.extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        Ok(())
    }

    /// The error that this row's `column` deserves.
    pub(crate) fn corrupt(&self, column: usize, what: &str) -> Error {
        let row = match self.row.get_ref(0) {
            Ok(ValueRef::Integer(id)) => id.to_string(),
            Ok(ValueRef::Text(key)) => format!("{:?}", String::from_utf8_lossy(key)),
            _ => "?".to_owned(),
        };
        let column = self.row.as_ref().column_name(column).unwrap_or("?");
        Error::Corrupt {
            path: self.path.to_owned(),
            what: format!("table {}, row {row}: {column} {what}", self.table),
        }
    }

    fn typed<T>(
        &self,
        column: usize,
        expected: &str,
        convert: impl FnOnce(ValueRef<'a>) -> Result<T, FromSqlError>,
    ) -> Result<T, Error> {
        let value = self
            .row
            .get_ref(column)
            .map_err(|error| self.corrupt(column, &format!("cannot be read: {error}")))?;
        convert(value).map_err(|error| match error {
            FromSqlError::InvalidType => {
                self.corrupt(column, &format!("is {}, not {expected}", value.data_type()))
            }
            other => self.corrupt(column, &format!("is not {expected}: {other}")),
        })
    }
}

/// Replaces `into` by the little-endian bytes of vectors.
pub(crate) fn encode_vectors(vector: &[f32], into: &mut Vec<u8>) {
    into.clear();
    into.extend(vector.iter().flat_map(|number| number.to_le_bytes()));
}
