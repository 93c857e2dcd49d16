//! The filter language: conditions on metadata, in the style of `MongoDB`'s queries.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | the tree that a filter is parsed to, and its plain meaning |
//! | `parse.rs` | from JSON, with the place of whatever is wrong |
//! | `value.rs` | scalars as they are compared |
//! | `path.rs` | what stands at a dotted path |
//!
//! docs/filters.md says what each operator means. The plain meaning, [`Filter::matches`], is what the attribute
//! index must agree with.

mod parse;
mod path;
#[cfg(test)]
mod tests;
mod value;

use std::cmp::Ordering;
use std::ops::Bound;

use regex::Regex;
use serde_json::{Map, Value};

pub use parse::FilterError;
pub use path::values_at;
pub(crate) use path::visit;
pub use value::FilterValue;

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Filter {
    /// All of them pass; with none, every record does.
    All(Vec<Self>),
    /// At least one of them passes.
    Any(Vec<Self>),
    /// It does not pass.
    Not(Box<Self>),
    /// Something at the path passes the test.
    Field {
        /// Keys with dots between them.
        path: String,
        /// What must be true of one of the values there.
        test: Test,
    },
}

/// What must be true of a value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Test {
    /// It is equal to one of these.
    In(Vec<FilterValue>),
    /// It lies between these, which are both numbers or both strings.
    Within(Bound<FilterValue>, Bound<FilterValue>),
    /// It is there, whatever it is.
    Exists,
    /// It is an array with this element, or a text with this part.
    Contains(FilterValue),
    /// It is a text in which the pattern occurs.
    Matches(Pattern),
}

/// A regular expression, equal to another by its text.
#[derive(Debug, Clone)]
pub struct Pattern(pub(crate) Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// Something that stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A scalar that stands there itself, or in an array on the way.
    Scalar(&'a Value),
    /// A scalar in an array that stands there.
    Element(&'a Value),
    /// An object or an array.
    Structure,
}

impl Filter {
    /// Whether a record with this metadata passes.
    #[must_use]
    pub fn matches(&self, metadata: &Map<String, Value>) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.matches(metadata)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(metadata)),
            Self::Not(filter) => !filter.matches(metadata),
            Self::Field { path, test } => {
                let mut passes = false;
                visit(metadata, path, &mut |found| passes = passes || test.passes(found));
                passes
            }
        }
    }

    /// Whether it has no conditions.
    #[must_use]
    pub fn passes_all(&self) -> bool {
        matches!(self, Self::All(filters) if filters.is_empty())
    }

    /// One range for two of the same path and type, if they are that.
    pub(crate) fn joined(&self, other: &Self) -> Option<Self> {
        let (Self::Field { path, test: Test::Within(from, to) }, Self::Field { path: same, test }) =
            (self, other)
        else {
            return None;
        };
        let Test::Within(other_from, other_to) = test else { return None };
        let mut types = [from, to, other_from, other_to].into_iter().filter_map(value::of_bound);
        let first = types.next()?;
        (path == same && types.all(|value| value.is_like(first))).then(|| Self::Field {
            path: path.clone(),
            test: Test::Within(
                value::tighter(from, other_from, Ordering::Greater),
                value::tighter(to, other_to, Ordering::Less),
            ),
        })
    }

    /// Calls `visit` with every path in it.
    pub fn paths<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        match self {
            Self::All(filters) | Self::Any(filters) => {
                for filter in filters {
                    filter.paths(visit);
                }
            }
            Self::Not(filter) => filter.paths(visit),
            Self::Field { path, .. } => visit(path),
        }
    }
}

impl Test {
    fn passes(&self, found: Found<'_>) -> bool {
        let (value, is_element) = match found {
            Found::Structure => return *self == Self::Exists,
            Found::Scalar(value) => (value, false),
            Found::Element(value) => (value, true),
        };
        FilterValue::of(value).is_some_and(|value| self.passes_scalar(&value, is_element))
    }

    /// Whether a scalar passes, which may be an element of an array.
    pub(crate) fn passes_scalar(&self, value: &FilterValue, is_element: bool) -> bool {
        match self {
            Self::Exists => true,
            Self::In(wanted) => wanted.contains(value),
            Self::Within(from, to) => value.lies_within(from, to),
            Self::Contains(wanted) if is_element => value == wanted,
            Self::Contains(wanted) => match (value, wanted) {
                (FilterValue::String(text), FilterValue::String(part)) => text.contains(&**part),
                _ => false,
            },
            Self::Matches(Pattern(regex)) => match value {
                FilterValue::String(text) => regex.is_match(text),
                _ => false,
            },
        }
    }
}
