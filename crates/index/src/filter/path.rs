//! What stands at a dotted path.

use serde_json::{Map, Value};

use super::{FilterValue, Found};

/// The scalars that stand at a path, or in an array there.
#[must_use]
pub fn values_at(metadata: &Map<String, Value>, path: &str) -> Vec<FilterValue> {
    let mut values = Vec::new();
    visit(metadata, path, &mut |found| match found {
        Found::Scalar(value) | Found::Element(value) => values.extend(FilterValue::of(value)),
        Found::Structure => {}
    });
    values
}

/// Calls `visit` with everything that stands at a path. A path that meets an array on its way looks at each element; of
/// an array at its end, both the array and its elements are there.
pub(crate) fn visit(metadata: &Map<String, Value>, path: &str, visit: &mut dyn FnMut(Found<'_>)) {
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    if let Some(value) = metadata.get(head) {
        match rest {
            Some(rest) => visit_inside(value, rest, visit),
            None => visit_end(value, visit),
        }
    }
}

fn visit_inside(value: &Value, path: &str, visit_found: &mut dyn FnMut(Found<'_>)) {
    match value {
        Value::Object(object) => visit(object, path, visit_found),
        Value::Array(items) => items.iter().for_each(|item| visit_inside(item, path, visit_found)),
        _ => {}
    }
}

fn visit_end(value: &Value, visit: &mut dyn FnMut(Found<'_>)) {
    match value {
        Value::Object(_) => visit(Found::Structure),
        Value::Array(items) => {
            visit(Found::Structure);
            for item in items {
                visit_element(item, visit);
            }
        }
        scalar => visit(Found::Scalar(scalar)),
    }
}

/// Arrays in arrays are looked through.
fn visit_element(item: &Value, visit: &mut dyn FnMut(Found<'_>)) {
    match item {
        Value::Object(_) => {}
        Value::Array(items) => items.iter().for_each(|item| visit_element(item, visit)),
        scalar => visit(Found::Element(scalar)),
    }
}
