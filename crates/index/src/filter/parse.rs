//! From JSON to the tree, with the place of whatever is wrong.

use std::fmt::Write;
use std::ops::Bound;

use regex::RegexBuilder;
use serde_json::{Map, Value};

use super::{Filter, FilterValue, Pattern, Test};

/// Levels of `$and`, `$or` and `$not` at most.
const MAX_DEPTH: usize = 32;
/// Bytes of a compiled pattern at most. Patterns take a time that grows with the text and no faster.
const PATTERN_BYTES: usize = 1 << 20;
const OPERATORS: &str = "$eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $contains, $regex";

/// Why a filter was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// Not JSON.
    #[error("the filter is not JSON: {0}")]
    Syntax(String),
    /// JSON that is no filter.
    #[error("the filter{at} {problem}: {remedy}")]
    Invalid {
        /// Where in the filter, such as ` at $or[1].price.$gt`; empty for the whole.
        at: String,
        /// What stands there.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
    /// More conditions than allowed.
    #[error("the filter has more than {limit} conditions: split it or raise limits.filterNodes")]
    TooLarge {
        /// Conditions allowed; each value of `$in` is one.
        limit: usize,
    },
    /// More levels than allowed.
    #[error("the filter has more than {MAX_DEPTH} levels: make it flatter")]
    TooDeep,
}

impl Filter {
    /// Parses the JSON form of a filter.
    ///
    /// # Errors
    /// [`FilterError`] says what is wrong and where.
    pub fn parse(json: &str, max_conditions: usize) -> Result<Self, FilterError> {
        let value: Value =
            serde_json::from_str(json).map_err(|e| FilterError::Syntax(e.to_string()))?;
        Parser { place: Vec::new(), left: max_conditions, limit: max_conditions, depth: 0 }
            .filter(&value)
    }
}

struct Parser {
    /// The keys and numbers that lead to the value that is looked at.
    place: Vec<String>,
    /// Conditions that it may still have.
    left: usize,
    limit: usize,
    depth: usize,
}

impl Parser {
    fn filter(&mut self, value: &Value) -> Result<Filter, FilterError> {
        let Value::Object(object) = value else {
            return Err(self.refuse(
                format!("is {}", kind(value)),
                r#"give an object such as {"user": "ann"}"#,
            ));
        };
        self.nested(|parser| {
            let mut filters = Vec::with_capacity(object.len());
            for (key, value) in object {
                filters.push(parser.at(key, |parser| parser.member(key, value))?);
            }
            Ok(one_or(filters, Filter::All))
        })
    }

    /// A key of a filter with its value.
    fn member(&mut self, key: &str, value: &Value) -> Result<Filter, FilterError> {
        match key {
            "$and" => Ok(one_or(self.filters(value)?, Filter::All)),
            "$or" => Ok(one_or(self.filters(value)?, Filter::Any)),
            "$not" => Ok(not(self.filter(value)?)),
            _ if OPERATORS.split(", ").any(|operator| operator == key) => Err(self.refuse(
                "has no path before it".to_owned(),
                &format!(r#"give {{"path": {{"{key}": …}}}}"#),
            )),
            _ if key.starts_with('$') => Err(self.unknown("$and, $or, $not")),
            _ if key.split('.').any(str::is_empty) => {
                Err(self
                    .refuse("has an empty part in its path".to_owned(), "remove the dot too many"))
            }
            _ => self.field(key, value),
        }
    }

    fn filters(&mut self, value: &Value) -> Result<Vec<Filter>, FilterError> {
        let Value::Array(items) = value else {
            return Err(self.refuse(format!("is {}", kind(value)), "give an array of filters"));
        };
        if items.is_empty() {
            return Err(self.refuse("is empty".to_owned(), "give at least one filter"));
        }
        let mut filters = Vec::with_capacity(items.len());
        for (number, item) in items.iter().enumerate() {
            filters.push(self.at(&format!("[{number}]"), |parser| parser.filter(item))?);
        }
        Ok(filters)
    }

    /// What is asked of a path.
    fn field(&mut self, path: &str, value: &Value) -> Result<Filter, FilterError> {
        let Value::Object(object) = value else {
            let value = self.scalar(value)?;
            return self.test(path, Test::In(vec![value]));
        };
        if let Some(key) = object.keys().find(|key| !key.starts_with('$')) {
            let remedy = format!(r#"for a nested value use a dotted path: {{"{path}.{key}": …}}"#);
            return Err(self.refuse("is an object".to_owned(), &remedy));
        }
        if object.is_empty() {
            return Err(self.refuse("is an empty object".to_owned(), "give a value or an operator"));
        }
        self.nested(|parser| {
            let mut filters = Vec::with_capacity(object.len());
            for (operator, operand) in object {
                if operator == "$options" && object.contains_key("$regex") {
                    continue;
                }
                let tested =
                    parser.at(operator, |parser| parser.operator(path, operator, operand, object));
                filters.push(tested?);
            }
            Ok(one_or(filters, Filter::All))
        })
    }

    fn operator(
        &mut self,
        path: &str,
        operator: &str,
        operand: &Value,
        siblings: &Map<String, Value>,
    ) -> Result<Filter, FilterError> {
        let test = match operator {
            "$eq" => Test::In(vec![self.scalar(operand)?]),
            "$ne" => {
                let value = self.scalar(operand)?;
                return Ok(not(self.test(path, Test::In(vec![value]))?));
            }
            "$in" => Test::In(self.scalars(operand)?),
            "$nin" => {
                let values = self.scalars(operand)?;
                return Ok(not(self.test(path, Test::In(values))?));
            }
            "$gt" => Test::Within(Bound::Excluded(self.ordered(operand)?), Bound::Unbounded),
            "$gte" => Test::Within(Bound::Included(self.ordered(operand)?), Bound::Unbounded),
            "$lt" => Test::Within(Bound::Unbounded, Bound::Excluded(self.ordered(operand)?)),
            "$lte" => Test::Within(Bound::Unbounded, Bound::Included(self.ordered(operand)?)),
            "$exists" => match operand {
                Value::Bool(true) => Test::Exists,
                Value::Bool(false) => return Ok(not(self.test(path, Test::Exists)?)),
                _ => return Err(self.refuse(format!("is {}", kind(operand)), "give true or false")),
            },
            "$contains" => Test::Contains(self.scalar(operand)?),
            "$regex" => Test::Matches(self.pattern(operand, siblings.get("$options"))?),
            "$not" if operand.is_object() => return Ok(not(self.field(path, operand)?)),
            "$not" => {
                let remedy = r#"give operators such as {"$gt": 1}, or use $ne"#;
                return Err(self.refuse(format!("is {}", kind(operand)), remedy));
            }
            "$options" => {
                return Err(self.refuse("has no $regex beside it".to_owned(), "remove it"));
            }
            _ => return Err(self.unknown(&format!("{OPERATORS}, $not"))),
        };
        self.test(path, test)
    }

    fn test(&mut self, path: &str, test: Test) -> Result<Filter, FilterError> {
        let conditions = if let Test::In(values) = &test { values.len().max(1) } else { 1 };
        self.count(conditions)?;
        Ok(Filter::Field { path: path.to_owned(), test })
    }

    fn scalar(&self, value: &Value) -> Result<FilterValue, FilterError> {
        FilterValue::of(value).ok_or_else(|| {
            let remedy = match value {
                Value::Array(_) => r#"give {"$in": […]} for one of several values"#,
                _ => "give a string, number, boolean or null",
            };
            self.refuse(format!("is {}", kind(value)), remedy)
        })
    }

    fn scalars(&mut self, value: &Value) -> Result<Vec<FilterValue>, FilterError> {
        let Value::Array(items) = value else {
            return Err(self.refuse(format!("is {}", kind(value)), "give an array of values"));
        };
        if items.len() > self.left {
            return Err(FilterError::TooLarge { limit: self.limit });
        }
        let mut values = Vec::with_capacity(items.len());
        for (number, item) in items.iter().enumerate() {
            values.push(self.at(&format!("[{number}]"), |parser| parser.scalar(item))?);
        }
        Ok(values)
    }

    fn ordered(&self, value: &Value) -> Result<FilterValue, FilterError> {
        match FilterValue::of(value) {
            Some(value @ (FilterValue::Number(_) | FilterValue::String(_))) => Ok(value),
            _ => Err(self.refuse(
                format!("is {}", kind(value)),
                "give a number or a string, such as a date in ISO 8601",
            )),
        }
    }

    fn pattern(&self, value: &Value, options: Option<&Value>) -> Result<Pattern, FilterError> {
        let Value::String(pattern) = value else {
            return Err(self.refuse(format!("is {}", kind(value)), "give a pattern as a string"));
        };
        let flags = match options {
            None => "",
            Some(Value::String(flags)) => flags,
            Some(other) => {
                let problem = format!("has $options that are {}", kind(other));
                return Err(self.refuse(problem, r#"give a string such as "i""#));
            }
        };
        if let Some(flag) = flags.chars().find(|flag| !"ims".contains(*flag)) {
            let problem = format!("has the unknown option {:?}", flag.to_string());
            return Err(self.refuse(
                problem,
                "known are i (either case), m (lines) and s (. is any character)",
            ));
        }
        RegexBuilder::new(pattern)
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .dot_matches_new_line(flags.contains('s'))
            .size_limit(PATTERN_BYTES)
            .dfa_size_limit(PATTERN_BYTES)
            .nest_limit(100)
            .build()
            .map(Pattern)
            .map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default();
                let problem = format!("is no pattern that can be used ({reason})");
                self.refuse(problem, "patterns are those of the regex crate, without look-around and back references")
            })
    }

    fn count(&mut self, conditions: usize) -> Result<(), FilterError> {
        let too_large = FilterError::TooLarge { limit: self.limit };
        self.left = self.left.checked_sub(conditions).ok_or(too_large)?;
        Ok(())
    }

    fn at<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        self.place.push(key.to_owned());
        let parsed = parse(self);
        self.place.pop();
        parsed
    }

    fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        if self.depth >= MAX_DEPTH {
            return Err(FilterError::TooDeep);
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn unknown(&self, known: &str) -> FilterError {
        self.refuse("is an unknown operator".to_owned(), &format!("known are {known}"))
    }

    fn refuse(&self, problem: String, remedy: &str) -> FilterError {
        const SHOWN: usize = 200;
        let mut at = String::new();
        for key in &self.place {
            let dot = if at.is_empty() || key.starts_with('[') { "" } else { "." };
            let _ = write!(at, "{dot}{key}");
        }
        if at.chars().count() > SHOWN {
            at = at.chars().take(SHOWN).chain("…".chars()).collect();
        }
        let at = if at.is_empty() { at } else { format!(" at {at}") };
        FilterError::Invalid { at, problem, remedy: remedy.to_owned() }
    }
}

/// The only one of several filters, or all of them as one.
fn one_or(mut filters: Vec<Filter>, join: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match filters.pop() {
        Some(only) if filters.is_empty() => only,
        Some(last) => {
            filters.push(last);
            join(filters)
        }
        None => join(filters),
    }
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
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
