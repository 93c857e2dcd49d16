//! Whether records may be written, decided before anything is changed.

use hippocamp_index::Metric;
use serde_json::{Map, Value};

use crate::limits::within;
use crate::namespace::{check_label, shorten};
use crate::text_encoder::check_text;
use crate::{Error, Limits, NewRecord};

/// # Errors
/// What is wrong with the first record that may not be written, naming its row and id.
pub(crate) fn records(records: &[NewRecord], limits: &Limits) -> Result<(), Error> {
    within(|| "the batch".into(), "records", records.len(), limits.batch_records, "batchRecords")?;
    let bytes = records.iter().map(record_bytes).sum();
    within(|| "the batch".into(), "bytes", bytes, limits.batch_bytes, "batchBytes")?;
    for (row, record) in records.iter().enumerate() {
        if let Some(id) = &record.id {
            check_label(&format!("the id of record {row}"), id, limits)?;
        }
        if record.text.is_none() && record.vector.is_none() {
            return Err(Error::InvalidArgument(format!(
                "{} has neither text nor vector: give it one of them",
                name(row, record)
            )));
        }
        if let Some(text) = &record.text {
            check_text(|| format!("the text of {}", name(row, record)), text, limits)?;
        }
        if let Some(json) = &record.metadata {
            metadata(&|| name(row, record), json, limits)?;
        }
    }
    Ok(())
}

/// `record 3 ("id")`, for messages.
pub(crate) fn name(row: usize, record: &NewRecord) -> String {
    match &record.id {
        Some(id) => format!("record {row} (\"{}\")", shorten(id)),
        None => format!("record {row}"),
    }
}

/// # Errors
/// A wrong dimension, a value that is not finite, or no direction where the metric needs one.
pub(crate) fn vector(
    what: impl Fn() -> String,
    vector: &[f32],
    collection: &str,
    dimension: usize,
    metric: Metric,
) -> Result<(), Error> {
    if vector.len() != dimension {
        return Err(Error::DimensionMismatch {
            what: format!("the vector of {}", what()),
            found: vector.len(),
            collection: collection.to_owned(),
            expected: dimension,
        });
    }
    if let Some((at, value)) = vector.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        return Err(Error::InvalidVector {
            what: format!("the vector of {}", what()),
            problem: format!("has {value} at position {at}: give finite numbers"),
        });
    }
    if metric == Metric::Cosine && vector.iter().all(|&value| value == 0.0) {
        return Err(Error::InvalidVector {
            what: format!("the vector of {}", what()),
            problem:
                "is all zeros, which has no direction under the cosine metric: leave it out, or \
                      use metric \"l2\" or \"dot\""
                    .to_owned(),
        });
    }
    Ok(())
}

fn record_bytes(record: &NewRecord) -> usize {
    let strings = [&record.id, &record.text, &record.metadata];
    let strings: usize = strings.into_iter().flatten().map(String::len).sum();
    strings + record.vector.as_ref().map_or(0, |vector| size_of_val(vector.as_slice()))
}

pub(crate) fn metadata(
    what: &dyn Fn() -> String,
    json: &str,
    limits: &Limits,
) -> Result<(), Error> {
    let metadata_of = || format!("the metadata of {}", what());
    within(metadata_of, "bytes", json.len(), limits.metadata_bytes, "metadataBytes")?;
    within(metadata_of, "levels", json_depth(json), limits.metadata_depth, "metadataDepth")?;
    let problem = match serde_json::from_str(json) {
        Ok(Value::Object(_)) => return Ok(()),
        Ok(_) => "is not an object: put the value under a key".to_owned(),
        Err(error) => format!("is not JSON: {error}"),
    };
    Err(Error::InvalidMetadata { what: what(), problem })
}

/// The metadata of a stored record.
pub(crate) fn stored_metadata(json: Option<&str>) -> Result<Map<String, Value>, Error> {
    let Some(json) = json else { return Ok(Map::new()) };
    serde_json::from_str(json)
        .map_err(|error| Error::Internal(format!("stored metadata is not JSON: {error}")))
}

/// Levels of nesting, without recursion: counted before anything recursive may look at the text.
fn json_depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> NewRecord {
        NewRecord { id: Some("a".into()), text: Some(text.into()), ..NewRecord::default() }
    }

    fn refuse(record: NewRecord) -> Error {
        let first = NewRecord { text: Some("fine".into()), ..NewRecord::default() };
        records(&[first, record], &Limits::default()).unwrap_err()
    }

    #[test]
    fn each_refusal_names_the_row_and_the_remedy() {
        let error = refuse(NewRecord::default());
        assert_eq!(error.to_string(), "record 1 has neither text nor vector: give it one of them");
        let error = refuse(record(&"x".repeat((1 << 20) + 1)));
        assert_eq!(error.code(), "ERR_LIMIT_EXCEEDED");
        assert!(error.to_string().contains("the text of record 1 (\"a\") has 1048577 bytes"));
        let error = refuse(NewRecord { id: Some("a\0".into()), ..record("t") });
        assert!(error.to_string().contains("NUL"));
    }

    #[test]
    fn metadata_is_an_object_within_the_limits() {
        let with = |json: &str| NewRecord { metadata: Some(json.into()), ..record("t") };
        let nested =
            |levels: usize| format!("{}{}", "{\"a\":".repeat(levels), "1") + &"}".repeat(levels);
        assert!(records(&[with("{}"), with(&nested(32))], &Limits::default()).is_ok());
        assert!(
            records(&[with(r#"{"a":"[[[[{{\"{[","__proto__":{"x":1}}"#)], &Limits::default())
                .is_ok()
        );
        assert_eq!(refuse(with(&nested(33))).code(), "ERR_LIMIT_EXCEEDED");
        assert_eq!(refuse(with(&"[".repeat(60_000))).code(), "ERR_LIMIT_EXCEEDED");
        assert_eq!(refuse(with("[1]")).code(), "ERR_INVALID_METADATA");
        assert_eq!(refuse(with("{\"a\":")).code(), "ERR_INVALID_METADATA");
        assert_eq!(
            refuse(with(&format!("{{\"a\":\"{}\"}}", "x".repeat(65_536)))).code(),
            "ERR_LIMIT_EXCEEDED"
        );
    }

    #[test]
    fn vectors_are_finite_and_have_a_direction_where_it_matters() {
        let check = |v: &[f32], metric| vector(|| "record 7".into(), v, "c", 2, metric);
        assert!(check(&[0.0, 1e-45], Metric::Cosine).is_ok());
        assert!(check(&[0.0, 0.0], Metric::L2).is_ok());
        assert_eq!(check(&[0.0, -0.0], Metric::Cosine).unwrap_err().code(), "ERR_INVALID_VECTOR");
        assert_eq!(check(&[1.0], Metric::Dot).unwrap_err().code(), "ERR_DIMENSION_MISMATCH");
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = check(&[1.0, bad], Metric::Dot).unwrap_err();
            assert_eq!(error.code(), "ERR_INVALID_VECTOR");
            assert!(
                error.to_string().contains("record 7") && error.to_string().contains("position 1")
            );
        }
    }
}
