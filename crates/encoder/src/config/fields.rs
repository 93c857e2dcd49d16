//! The fields of a `config.json`, taken one by one, each checked for its type and range.
//!
//! Families call the same number by different names, and leave out what their library has a default for; errors
//! name the field as the file does. `null` is as good as nothing.

use serde_json::{Map, Value};

use super::FILE;
use crate::Error;
use crate::folder::Folder;

/// Larger than any real number of layers, rows or positions; products of two cannot overflow.
pub(crate) const MAX_COUNT: usize = 1 << 24;

/// What the file says.
pub(crate) struct Fields<'a> {
    folder: &'a Folder,
    fields: Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(crate) fn load(folder: &'a Folder) -> Result<Self, Error> {
        Ok(Self { folder, fields: folder.required(FILE)? })
    }

    /// A number from 1 to `limit` that must be there.
    pub(crate) fn count(&self, name: &str, limit: usize) -> Result<usize, Error> {
        match self.get(name) {
            Some(value) => self.in_range(name, value, 1, limit),
            None => Err(self.invalid(format!("has no {name}: fetch the model again"))),
        }
    }

    /// A number from 1 to [`MAX_COUNT`], or `default`.
    pub(crate) fn count_or(&self, name: &str, default: usize) -> Result<usize, Error> {
        self.get(name).map_or(Ok(default), |value| self.in_range(name, value, 1, MAX_COUNT))
    }

    /// The number of a row of a table, or `default`.
    pub(crate) fn row_or(&self, name: &str, default: usize) -> Result<usize, Error> {
        self.get(name).map_or(Ok(default), |value| self.in_range(name, value, 0, u32::MAX as usize))
    }

    /// A number above 0 and at most `limit`, or `default`.
    pub(crate) fn positive_or(&self, name: &str, default: f64, limit: f64) -> Result<f64, Error> {
        let Some(value) = self.get(name) else { return Ok(default) };
        match value.as_f64() {
            // What f32 makes of it must be above 0, too.
            Some(number) if number as f32 > 0.0 && number <= limit => Ok(number),
            _ => Err(self.invalid(format!(
                "{name} is {value}, expected above 0 and at most {limit}: fetch the model again"
            ))),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self
                .invalid(format!("{name} is {other}, expected a string: fetch the model again"))),
        }
    }

    /// A boolean; false when it is not there.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.invalid(format!(
                "{name} is {other}, expected true or false: fetch the model again"
            ))),
        }
    }

    /// Whether a field is there and null.
    pub(crate) fn says_null(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(Value::is_null)
    }

    /// That a token's vector divides into heads; each number with its name.
    pub(crate) fn check_heads(
        &self,
        (hidden_name, hidden): (&str, usize),
        (heads_name, heads): (&str, usize),
    ) -> Result<(), Error> {
        if hidden.is_multiple_of(heads) {
            return Ok(());
        }
        Err(self.invalid(format!(
            "{hidden_name} {hidden} is not a multiple of {heads_name} {heads}: \
             the file is damaged, fetch the model again"
        )))
    }

    /// As it is written.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn invalid(&self, problem: impl std::fmt::Display) -> Error {
        Error::invalid(&self.folder.file(FILE), problem)
    }

    pub(crate) fn unsupported(&self, problem: impl std::fmt::Display) -> Error {
        Error::unsupported(&self.folder.file(FILE), problem)
    }

    fn in_range(
        &self,
        name: &str,
        value: &Value,
        least: usize,
        limit: usize,
    ) -> Result<usize, Error> {
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        number.filter(|number| (least..=limit).contains(number)).ok_or_else(|| {
            self.invalid(format!(
                "{name} is {value}, expected {least} to {limit}: the file is damaged, fetch the model again"
            ))
        })
    }
}
