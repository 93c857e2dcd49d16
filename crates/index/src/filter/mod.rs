//! The filter language, parsed once into values that can be looked up.
//!
//! Equality, for now: `{"user": "ann", "address.city": "Bern"}` is true of a record whose metadata has
//! each value at its path. Dots in a path go into objects; a path that meets an array looks at each of
//! its elements. `null` matches an explicit null, not a missing path. Numbers are compared as numbers
//! (1 equals 1.0), and no type equals another.

use serde_json::{Map, Value};

/// Why a filter was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// Not JSON.
    #[error("the filter is not JSON: {0}")]
    Syntax(String),
    /// Not an object.
    #[error("a filter is an object such as {{\"user\": \"ann\"}}, not {found}")]
    NotAnObject {
        /// What was given.
        found: &'static str,
    },
    /// A key that starts with `$`.
    #[error("unknown operator \"{0}\" in the filter: give the value that the path must equal")]
    UnknownOperator(String),
    /// A value that is an object or an array.
    #[error(
        "the filter's value at \"{path}\" is {found}: give a string, number, boolean or null (for a nested value use a dotted path such as \"{path}.key\")"
    )]
    Value {
        /// Where.
        path: String,
        /// What was given.
        found: &'static str,
    },
    /// An empty key, or an empty part between dots.
    #[error("the filter's path \"{0}\" has an empty part: remove the dot too many")]
    Path(String),
    /// More conditions than allowed.
    #[error(
        "the filter has {found} conditions, at most {limit} are allowed: split it or raise limits.filterNodes"
    )]
    TooLarge {
        /// Conditions given.
        found: usize,
        /// Conditions allowed.
        limit: usize,
    },
}

/// A scalar of metadata in the form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FilterValue {
    /// An explicit null.
    Null,
    /// true or false.
    Bool(bool),
    /// The bits of an f64, with one zero.
    Number(u64),
    /// A string, compared by its code points.
    String(Box<str>),
}

impl FilterValue {
    /// A scalar as it is compared; nothing for arrays and objects.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            // Adding zero turns -0 into 0.
            Value::Number(n) => Self::Number((n.as_f64()? + 0.0).to_bits()),
            Value::String(s) => Self::String(s.as_str().into()),
            Value::Array(_) | Value::Object(_) => return None,
        })
    }
}

/// A parsed filter: all conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    conditions: Vec<(String, FilterValue)>,
}

impl Filter {
    /// Parses the JSON form of a filter.
    ///
    /// # Errors
    /// [`FilterError`] says what is wrong and where.
    pub fn parse(json: &str, max_conditions: usize) -> Result<Self, FilterError> {
        let value: Value =
            serde_json::from_str(json).map_err(|e| FilterError::Syntax(e.to_string()))?;
        let Value::Object(object) = value else {
            return Err(FilterError::NotAnObject { found: kind(&value) });
        };
        if object.len() > max_conditions {
            return Err(FilterError::TooLarge { found: object.len(), limit: max_conditions });
        }
        let conditions = object
            .into_iter()
            .map(|(path, value)| condition(path, &value))
            .collect::<Result<_, _>>()?;
        Ok(Self { conditions })
    }

    /// Path and value of each condition.
    #[must_use]
    pub fn conditions(&self) -> &[(String, FilterValue)] {
        &self.conditions
    }

    /// Whether a record with this metadata passes: the plain meaning, which the index must agree with.
    #[must_use]
    pub fn matches(&self, metadata: &Map<String, Value>) -> bool {
        self.conditions.iter().all(|(path, wanted)| {
            let mut found = false;
            visit_scalars(metadata, path, &mut |value| found |= value == *wanted);
            found
        })
    }
}

/// Calls `visit` with each scalar that stands at a dotted path.
pub(crate) fn visit_scalars(
    metadata: &Map<String, Value>,
    path: &str,
    visit: &mut dyn FnMut(FilterValue),
) {
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    if let Some(value) = metadata.get(head) {
        visit_value(value, rest, visit);
    }
}

fn visit_value(value: &Value, rest: Option<&str>, visit: &mut dyn FnMut(FilterValue)) {
    match (value, rest) {
        (Value::Array(items), _) => items.iter().for_each(|item| visit_value(item, rest, visit)),
        (Value::Object(object), Some(path)) => visit_scalars(object, path, visit),
        (_, None) => {
            if let Some(scalar) = FilterValue::of(value) {
                visit(scalar);
            }
        }
        (_, Some(_)) => {}
    }
}

fn condition(path: String, value: &Value) -> Result<(String, FilterValue), FilterError> {
    if path.starts_with('$') {
        return Err(FilterError::UnknownOperator(path));
    }
    if path.split('.').any(str::is_empty) {
        return Err(FilterError::Path(path));
    }
    if let Value::Object(object) = value
        && let Some(operator) = object.keys().find(|key| key.starts_with('$'))
    {
        return Err(FilterError::UnknownOperator(operator.clone()));
    }
    match FilterValue::of(value) {
        Some(scalar) => Ok((path, scalar)),
        None => Err(FilterError::Value { path, found: kind(value) }),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(filter: &str, metadata: &str) -> bool {
        let Value::Object(metadata) = serde_json::from_str(metadata).unwrap() else { panic!() };
        Filter::parse(filter, 10).unwrap().matches(&metadata)
    }

    #[test]
    fn every_condition_must_hold() {
        let metadata = r#"{"user": "ann", "year": 2026, "done": false, "名": "张"}"#;
        assert!(matches("{}", metadata));
        assert!(matches(r#"{"user": "ann", "year": 2026.0}"#, metadata));
        assert!(matches(r#"{"名": "张"}"#, metadata));
        assert!(!matches(r#"{"user": "ann", "year": 2025}"#, metadata));
        assert!(!matches(r#"{"year": "2026"}"#, metadata));
        assert!(!matches(r#"{"done": 0}"#, metadata));
    }

    #[test]
    fn dots_go_into_objects_and_arrays_are_looked_through() {
        let metadata = r#"{"a": {"b": {"c": 1}}, "tags": ["x", "y"], "items": [{"n": 1}, {"n": 2}], "none": null}"#;
        assert!(matches(r#"{"a.b.c": 1}"#, metadata));
        assert!(matches(r#"{"tags": "y"}"#, metadata));
        assert!(matches(r#"{"items.n": 2}"#, metadata));
        assert!(matches(r#"{"none": null}"#, metadata));
        assert!(!matches(r#"{"missing": null}"#, metadata));
        assert!(!matches(r#"{"a.b": 1}"#, metadata));
        assert!(!matches(r#"{"a.b.c.d": 1}"#, metadata));
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_the_place() {
        let refuse = |json: &str| Filter::parse(json, 2).unwrap_err().to_string();
        assert!(refuse("{").starts_with("the filter is not JSON"));
        assert!(refuse("[1]").contains("not an array"));
        assert!(refuse(r#"{"$or": 1}"#).contains("\"$or\""));
        assert!(refuse(r#"{"year": {"$gt": 1}}"#).contains("\"$gt\""));
        assert!(refuse(r#"{"a": {"b": 1}}"#).contains("\"a.key\""));
        assert!(refuse(r#"{"a": [1]}"#).contains("an array"));
        assert!(refuse(r#"{"a..b": 1}"#).contains("empty part"));
        assert!(refuse(r#"{"": 1}"#).contains("empty part"));
        assert!(refuse(r#"{"a": 1, "b": 1, "c": 1}"#).contains("3 conditions"));
        assert!(Filter::parse(&("[".repeat(100_000)), 2).is_err());
    }
}
